"""Others' records through the program: in row by row, known to the pack, out again in the same words."""

import asyncio
import csv
import io
import json
from uuid import uuid4

import httpx
from typer.testing import CliRunner

from app.cli import cli
from app.ports import Ports
from domain.identity.model import PartyKind, Tenant
from domain.shared.actor import SYSTEM, Role
from domain.shared.identifiers import TenantId
from tests.fakes.records import csv_of, row, xlsx_of
from tests.http.conftest import by_cookie, confirm
from tests.http.test_api import PACK, problem, register
from tests.http.test_pages import checked

KNOWN = {"kr_battery_no": str(PACK["kr_battery_no"])}


async def send(client: httpx.AsyncClient, content: bytes, **query: object) -> httpx.Response:
    return await client.post("/api/v1/records/imports", params={"name": "다른기관.csv", **query}, content=content)


async def add_body(ports: Ports, number: int) -> None:
    async with ports.unit(SYSTEM) as work:
        await work.parties.add(
            Tenant(
                tenant_id=TenantId(number),
                ref=uuid4(),
                complex_id=1,
                kind=PartyKind.INSPECTION_BODY,
                name_ko=f"다른 기관 {number}",
                name_en="Another",
                business_no="0",
                address_ko="-",
                address_en="-",
                bank_account="",
                accreditation="",
            )
        )
        await work.commit()


def outcomes(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 201, answer.text
    return [(one["place"], one["outcome"]) for one in answer.json()["rows"]]


async def test_a_file_is_taken_in_row_by_row_and_a_second_time_adds_nothing(signed_in, ports: Ports) -> None:
    operator, quality = await signed_in("operator"), await signed_in("quality")
    pack_id = await register(operator)
    file = csv_of(
        row(number="A-1", **KNOWN),
        row(number="A-2", kr_battery_no="KR-ELSEWHERE"),
        row(number="A-1", grade="C", **KNOWN),
        row(number="A-3", issued_on="gestern"),
        row(number="A-2", kr_battery_no="KR-ELSEWHERE"),
    )

    tried = await send(quality, file, dry_run=True)
    first = await send(quality, file)
    again = await send(quality, file)

    assert (tried.json()["import_id"], outcomes(tried)) == (None, outcomes(first))
    assert outcomes(first) == [
        ("row 2", "accepted"),
        ("row 3", "accepted"),
        ("row 4", "conflict"),
        ("row 5", "rejected"),
        ("row 6", "duplicate"),
    ]
    conflict, wrong = first.json()["rows"][2:4]
    assert conflict["code"] == "certification.record-changed"
    assert conflict["reason_en"].endswith("differs in grade.")
    assert conflict["reason_ko"].endswith("다릅니다: 등급(grade).")
    assert wrong["reason_ko"] == "발급일(issued_on): YYYY-MM-DD 형식의 날짜여야 합니다."
    assert [one for _, one in outcomes(again)] == ["duplicate", "duplicate", "conflict", "rejected", "duplicate"]
    assert [one["number"] for one in (await quality.get("/api/v1/records")).json()] == ["A-2", "A-1"]
    assert first.json()["rows"][0]["pack_id"] == str(pack_id)
    assert first.json()["rows"][1]["pack_id"] is None

    history = (await operator.get(f"/api/v1/packs/{pack_id}")).json()["history"]
    (known,) = [one for one in history if one["kind"] == "external_record_known" and "A-1" in json.dumps(one)]
    assert json.loads(known["payload"])["issuer"] == "대한시험원"
    assert json.loads(known["payload"])["proof"] == "none"
    async with ports.unit(SYSTEM) as work:
        assert (await work.certificates.of_pack(pack_id), (await work.files.read(first.json()["source_sha256"]))) == (
            (),
            file,
        )


async def test_a_hostile_file_leaves_nothing(signed_in) -> None:
    quality = await signed_in("quality")

    problem(await send(quality, csv_of(row(number="=1+1"))), 422, "certification.record-file-wrong")

    assert (await quality.get("/api/v1/records")).json() == []
    assert (await quality.get("/api/v1/records/imports")).json() == []


async def test_only_the_quality_manager_and_the_approver_take_records_in(signed_in) -> None:
    for name in ("tester", "reviewer", "operator"):
        problem(await send(await signed_in(name), csv_of(row())), 403, "shared.role-not-enough")

    assert outcomes(await send(await signed_in("approver"), csv_of(row()))) == [("row 2", "accepted")]


async def test_issuers_keys_take_a_fresh_proof_and_our_own_records_are_no_others(story, signed_in, ports) -> None:
    approver = await signed_in("approver")
    document = json.dumps(await ports.credentials.did_document())
    problem(
        await approver.post("/api/v1/records/issuers", json={"name": "KTR", "document": document}),
        403,
        "identity.confirmation-needed",
    )
    await confirm(approver)
    problem(
        await approver.post("/api/v1/records/issuers", json={"name": "KTR", "document": "{}"}),
        422,
        "certification.issuer-keys-wrong",
    )
    kept = await approver.post("/api/v1/records/issuers", json={"name": "다른시험원", "document": document})
    assert kept.status_code == 201, kept.text
    assert [one["did"] for one in (await approver.get("/api/v1/records/issuers")).json()] == [ports.credentials.issuer]

    period = {"from": "2026-01-01", "until": "2026-12-31"}
    exported = await approver.get("/api/v1/records/export", params={**period, "form": "ndjson"})
    taken = (await send(approver, exported.content)).json()["rows"]
    csv_own = await approver.get("/api/v1/records/export", params={**period, "form": "csv"})
    own = (await send(approver, csv_own.content)).json()["rows"]

    assert [(one["outcome"], one["proof"]) for one in taken] == [("accepted", "verified")]
    assert {(one["outcome"], one["code"]) for one in own} == {("rejected", "certification.record-of-ours")}


async def test_what_is_exported_is_taken_in_elsewhere_as_it_was(story, signed_in, let_in, ports, client) -> None:
    tester = await signed_in("tester")
    period = {"from": "2026-01-01", "until": "2026-12-31"}
    life = story.life
    certificate = life.certificates[0]
    for number, form in ((3, "csv"), (4, "xlsx"), (5, "json")):
        exported = await tester.get("/api/v1/records/export", params={**period, "form": form})
        assert exported.status_code == 200, exported.text
        await add_body(ports, number)
        elsewhere = {"Authorization": f"Bearer {await let_in(Role.QUALITY, number)}"}

        taken = await client.post(
            "/api/v1/records/imports",
            params={"name": f"export.{form}"},
            content=exported.content,
            headers={**elsewhere, "Idempotency-Key": uuid4().hex},
        )

        assert [outcome for _, outcome in outcomes(taken)] == ["accepted", "accepted"], form
        held = {one["number"]: one for one in (await client.get("/api/v1/records", headers=elsewhere)).json()}
        assert set(held) == {certificate.number, certificate.report_number}
        one = held[certificate.number]
        assert (one["grade"], one["soh_percent"]) == (certificate.grade, str(certificate.soh_ppm / 10_000))
        assert (one["kind"], one["status"], one["pack_id"]) == ("certificate", "valid", str(life.pack.pack_id))
        assert one["valid_until"] == certificate.valid_until.isoformat()
    assert (await tester.get("/api/v1/records")).json() == []
    assert outcomes(await send(await signed_in("quality"), csv_of(row()))) == [("row 2", "accepted")]
    asked = await client.get("/verify?number=DH-2025-0042")
    assert "대한시험원 발급. 사본을 보관하고 있습니다." in asked.text
    assert "대한시험원" not in (await client.get("/verify?number=DH-2025-0043")).text


async def test_receptions_and_results_are_exported_and_no_cell_is_a_formula(signed_in, story) -> None:
    approver = await signed_in("approver")
    period = {"from": "2026-01-01", "until": "2026-12-31", "form": "csv"}

    told = {
        table: (await approver.get("/api/v1/records/export", params={**period, "table": table})).content.decode(
            "utf-8-sig"
        )
        for table in ("receptions", "results")
    }

    receptions = list(csv.DictReader(io.StringIO(told["receptions"])))
    results = list(csv.DictReader(io.StringIO(told["results"])))
    assert [one["number"] for one in receptions] == [one.number for one in story.life.receptions]
    assert {"q_dis", "r_iso_pos"} <= {one["quantity"] for one in results}
    assert not any(cell.startswith(("=", "+", "@")) for one in results for cell in one.values())
    problem(
        await approver.get("/api/v1/records/export", params={**period, "until": "2025-12-31"}),
        422,
        "certification.period-wrong",
    )


async def test_the_schema_is_anybodys(client: httpx.AsyncClient) -> None:
    told = await client.get("/api/v1/records/schema")

    assert told.headers["content-type"].startswith("application/schema+json")
    assert told.json()["properties"]["format"] == {"const": "sunhwan-records/1"}


async def test_the_page_tries_takes_and_tells_every_row(signed_in) -> None:
    quality = await by_cookie(await signed_in("quality"), "quality")
    room = checked(await quality.get("/ktr/records"))
    assert "/ktr/records" in room.addresses
    file = xlsx_of(list(row()), list(row().values()), list(row(number="B-2", kind="licence").values()))
    sent = {"file": ("다른기관.xlsx", file)}

    tried = await quality.post("/ktr/records/imports", data={"how": "try"}, files=sent)
    assert tried.status_code == 200
    assert "kind" in tried.text
    assert (await quality.get("/api/v1/records")).json() == []
    taken = await quality.post("/ktr/records/imports", data={"how": "take"}, files=sent)
    assert taken.status_code == 303
    shown = await quality.get(taken.headers["location"])
    checked(shown)
    assert "2행" in shown.text
    assert "row 2" not in shown.text
    assert "DH-2025-0042" in shown.text
    assert "certificate, report" in shown.text
    refused = await quality.post("/ktr/records/imports", data={"how": "take"}, files={"file": ("x.csv", b"=1")})
    assert refused.status_code == 422
    assert "기록 파일을 받을 수 없습니다" in refused.text
    assert "/confirm" in (await quality.post("/ktr/records/issuers", data={"issuer": "x"})).headers["location"]


async def test_the_command_line_tries_takes_and_exports(signed_in, database_url, tmp_path, monkeypatch) -> None:
    file = tmp_path / "records.csv"
    file.write_bytes(csv_of(row(), row(number="B-2", kind="licence")))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SUNHWAN_HOME", str(tmp_path))

    async def sunhwan(*words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, cli, ["records", *words])
        return result.exit_code, result.stdout

    tried = await sunhwan("import", str(file), "--dry-run", "--json")
    taken = await sunhwan("import", str(file), "--json")
    again = await sunhwan("import", str(file), "--json")
    schema = await sunhwan("schema")
    exported = await sunhwan("export", "--from", "2026-01-01", "--until", "2026-12-31", "--format", "json")

    assert [(code, json.loads(said)["counts"]) for code, said in (tried, taken, again)] == [
        (3, {"accepted": 1, "duplicate": 0, "conflict": 0, "rejected": 1}),
        (3, {"accepted": 1, "duplicate": 0, "conflict": 0, "rejected": 1}),
        (3, {"accepted": 0, "duplicate": 1, "conflict": 0, "rejected": 1}),
    ]
    assert json.loads(schema[1])["title"].endswith("Sunhwan exchange of records")
    assert (exported[0], json.loads(exported[1])["format"]) == (0, "sunhwan-records/1")
    assert (await sunhwan("export", "--from", "x", "--until", "y"))[0] == 2
