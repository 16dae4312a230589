"""Records as anybody meets them: keys, status lists, verification, amendment, import and export."""

import functools
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from adapters.ktr.credentials import PublishedKeys
from app.cli import cli
from app.ports import Ports
from domain.certification.status_list import Purpose, entries_of, is_set
from domain.shared.actor import SYSTEM
from domain.shared.documents import DocumentKind
from tests.fakes.document_contents import content_of
from tests.http.conftest import PASSWORD, by_cookie, confirm
from tests.http.test_pages import checked

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'

END = {"how": "suspended", "reason": "사후 점검에서 셀 편차가 커졌다"}


@pytest.fixture
async def record(story, signed_in) -> dict[str, object]:
    tester = await signed_in("tester")
    reception = story.life.receptions[0].reception_id
    return (await tester.get(f"/api/v1/receptions/{reception}/credential")).json()


async def listed(client: httpx.AsyncClient, address: str) -> dict[str, object]:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vc"
    assert answer.headers["cache-control"] == "public, max-age=60"
    return answer.json()


async def test_anybody_checks_a_certificate_with_what_is_published(record, client, ports: Ports):
    keys = PublishedKeys((await client.get("/.well-known/did.json")).json())
    await keys.verify(record)

    entries = entries_of(record)
    assert [one.purpose for one in entries] == [Purpose.REVOCATION, Purpose.SUSPENSION]
    assert entries[0].place == entries[1].place
    for entry in entries:
        status_list = await listed(client, entry.address)
        await keys.verify(status_list)
        assert not is_set(entry, status_list, at=ports.clock.now())


async def test_the_bit_follows_suspension_and_revocation_at_once(record, story, client, signed_in, ports: Ports):
    approver = await confirm(await signed_in("approver"))
    certificate = story.life.certificates[0].certificate_id

    async def bits() -> dict[str, bool]:
        seen = [is_set(one, await listed(client, one.address), at=ports.clock.now()) for one in entries_of(record)]
        return dict(zip(("revoked", "suspended"), seen, strict=True))

    seen = [await bits()]
    ended = await approver.post(f"/api/v1/certificates/{certificate}/end", json=END)
    assert ended.status_code == 201, ended.text
    seen.append(await bits())
    ended = await approver.post(f"/api/v1/certificates/{certificate}/end", json={**END, "how": "revoked"})
    assert ended.status_code == 201, ended.text
    seen.append(await bits())

    assert seen == [
        {"revoked": False, "suspended": False},
        {"revoked": False, "suspended": True},
        {"revoked": True, "suspended": False},
    ]


async def test_a_list_that_nobody_stands_in_is_not_there(client):
    assert (await client.get("/status/revocation/1")).status_code == 200
    assert (await client.get("/status/revocation/2")).status_code == 404
    assert (await client.get("/status/refresh/1")).status_code in (400, 404)
    assert (await client.get("/status/revocation/100000000000")).status_code in (400, 404)


async def test_a_file_is_checked_offline_with_the_published_keys_and_a_list(
    record, story, client, signed_in, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ports: Ports
):
    approver = await confirm(await signed_in("approver"))
    monkeypatch.setattr("app.wiring.system_clock", lambda: ports.clock)
    monkeypatch.setenv("SUNHWAN_HOME", str(tmp_path / "nothing-of-ours"))
    (tmp_path / "record.json").write_text(json.dumps(record, ensure_ascii=False))
    (tmp_path / "did.json").write_bytes((await client.get("/.well-known/did.json")).content)
    arguments = ["cert", "verify", str(tmp_path / "record.json"), "--keys", str(tmp_path / "did.json"), "--json"]

    async def keep_lists() -> list[str]:
        given = []
        for entry in entries_of(record):
            path = tmp_path / f"{entry.purpose.value}.json"
            path.write_text(json.dumps(await listed(client, entry.address)))
            given += ["--status-list", str(path)]
        return given

    def told(*more: str) -> tuple[int, dict[str, object]]:
        with ThreadPoolExecutor(1) as beside:  # the verb runs a loop of its own
            done = beside.submit(lambda: CliRunner().invoke(cli, [*arguments, *more])).result()
        return done.exit_code, json.loads(done.stdout)

    number = story.life.certificates[0].number
    assert told() == (0, {"number": number, "signature": "valid", "standing": "signed"})
    assert told(*await keep_lists()) == (0, {"number": number, "signature": "valid", "standing": "valid"})
    await approver.post(f"/api/v1/certificates/{story.life.certificates[0].certificate_id}/end", json=END)
    assert told(*await keep_lists()) == (3, {"number": number, "signature": "valid", "standing": "suspended"})

    spoilt = json.loads((tmp_path / "suspension.json").read_text())
    spoilt["credentialSubject"]["encodedList"] = spoilt["credentialSubject"]["encodedList"].replace("A", "B", 1)
    (tmp_path / "suspension.json").write_text(json.dumps(spoilt))
    status, said = told("--status-list", str(tmp_path / "suspension.json"))
    assert (status, said["error"]["code"]) == (3, "certification.signature-broken")


async def pdfs(story, signed_in) -> dict[str, bytes]:
    tester = await signed_in("tester")
    base = f"/api/v1/receptions/{story.life.receptions[0].reception_id}/documents"
    return {kind: (await tester.get(f"{base}/{kind}")).content for kind in ("certificate", "report")}


async def dropped(client: httpx.AsyncClient, content: bytes, language: str = "ko") -> str:
    answer = await client.post(
        f"/verify?lang={language}", files={"file": ("certificate.pdf", content, "application/pdf")}
    )
    checked(answer)
    return " ".join(re.findall(r"<strong>(.*?)</strong>", answer.text)) or answer.text


async def test_a_dropped_pdf_is_genuine_altered_or_unknown_in_one_sentence(story, client, signed_in, ports: Ports):
    ours = await pdfs(story, signed_in)
    number = story.life.certificates[0].number

    assert f"진본입니다. {number}은(는) 발급된 그대로이며 유효합니다." in await dropped(client, ours["certificate"])
    assert "is exactly as issued, and it holds" in await dropped(client, ours["certificate"], "en")
    assert "진본입니다. TR-" in await dropped(client, ours["report"])
    spoilt = bytearray(ours["certificate"])
    spoilt[len(spoilt) // 7] ^= 1
    assert f"변조되었습니다. 이 파일은 발급된 문서({number})와 다릅니다." in await dropped(client, bytes(spoilt))
    other = await ports.documents.typeset(
        DocumentKind.CERTIFICATE, content_of(DocumentKind.CERTIFICATE, qr_svg=SVG), dated_on=date(2026, 1, 1)
    )
    assert "여기에서 발급된 문서가 아닙니다." in await dropped(client, other)
    refused = await client.post("/verify", files={"file": ("a.pdf", b"no pdf", "application/pdf")})
    assert refused.status_code == 422
    assert "PDF 파일이 아니거나" in refused.text


async def test_a_genuine_pdf_of_a_suspended_certificate_says_since_when_and_why(story, client, signed_in):
    ours = await pdfs(story, signed_in)
    approver = await confirm(await signed_in("approver"))
    await approver.post(f"/api/v1/certificates/{story.life.certificates[0].certificate_id}/end", json=END)
    answer = await client.post("/verify", files={"file": ("a.pdf", ours["certificate"], "application/pdf")})

    assert re.search(r"진본이나, \d{4}\. \d+\. \d+\. 효력이 정지되었습니다", answer.text)
    assert END["reason"] in answer.text
    assert "진본입니다. TR-" in await dropped(client, ours["report"])


async def test_a_pdf_is_checked_offline_with_the_published_keys_alone(
    story, client, signed_in, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ports: Ports
):
    ours = await pdfs(story, signed_in)
    monkeypatch.setattr("app.wiring.system_clock", lambda: ports.clock)
    monkeypatch.setenv("SUNHWAN_HOME", str(tmp_path / "nothing-of-ours"))
    (tmp_path / "did.json").write_bytes((await client.get("/.well-known/did.json")).content)

    def told(content: bytes, *more: str) -> tuple[int, dict[str, object]]:
        (tmp_path / "file.pdf").write_bytes(content)
        arguments = ["cert", "verify", str(tmp_path / "file.pdf"), "--json", *more]
        with ThreadPoolExecutor(1) as beside:  # the verb runs a loop of its own
            done = beside.submit(lambda: CliRunner().invoke(cli, arguments)).result()
        return done.exit_code, json.loads(done.stdout)

    keys = ("--keys", str(tmp_path / "did.json"))
    number = story.life.certificates[0].number
    assert told(ours["certificate"], *keys) == (0, {"number": number, "signature": "valid", "standing": "signed"})
    assert told(ours["report"], *keys)[0] == 0
    spoilt = bytearray(ours["certificate"])
    spoilt[len(spoilt) // 7] ^= 1
    assert told(bytes(spoilt), *keys) == (3, {"number": number, "signature": "broken", "standing": "altered"})
    assert told(ours["certificate"]) == (3, {"number": number, "signature": "foreign", "standing": "unknown"})


async def test_the_issuer_of_a_report_says_online_that_it_was_amended_or_withdrawn(
    story, client, signed_in, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ours = await pdfs(story, signed_in)
    number = story.life.certificates[0].report_number
    reviewer, approver = await confirm(await signed_in("reviewer")), await confirm(await signed_in("approver"))
    (tmp_path / "report.pdf").write_bytes(ours["report"])
    (tmp_path / "did.json").write_bytes((await client.get("/.well-known/did.json")).content)
    asked: list[httpx.Request] = []

    def told(answer: httpx.Response | None) -> tuple[int, dict[str, object]]:
        def host(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            return httpx.Response(404) if answer is None else httpx.Response(200, content=answer.content)

        monkeypatch.setattr("httpx.AsyncClient", functools.partial(_ASYNC_CLIENT, transport=httpx.MockTransport(host)))
        wish = ["cert", "verify", str(tmp_path / "report.pdf"), "--json", "--online"]
        with ThreadPoolExecutor(1) as beside:  # the verb runs a loop of its own
            done = beside.submit(
                lambda: CliRunner().invoke(cli, [*wish, "--keys", str(tmp_path / "did.json")])
            ).result()
        return done.exit_code, json.loads(done.stdout)

    path = f"/api/v1/reports/by-number/{number}"
    assert told(await client.get(path)) == (0, {"number": number, "signature": "valid", "standing": "in-force"})
    assert asked[0].url.path == path
    base = f"/api/v1/receptions/{story.life.receptions[0].reception_id}/amendments"
    newer = (await amended(base, reviewer, approver, **AMEND)).json()["number"]
    code, said = told(await client.get(path))
    assert (code, said["standing"], said["by"]) == (3, "amended", newer)
    code, said = told(None)  # a host that does not know it says nothing for it
    assert (code, said["error"]["code"]) == (4, "certification.issuer-unreachable")
    assert (await client.get("/api/v1/reports/by-number/TR-1999-000001")).status_code == 404
    assert (await client.get(f"/api/v1/reports/by-number/{story.life.certificates[0].number}")).status_code == 404


_ASYNC_CLIENT = httpx.AsyncClient
AMEND = {"reason": "의뢰자 상호 오기", "applicant": "주식회사 바른이름"}


async def amended(base: str, reviewer: httpx.AsyncClient, approver: httpx.AsyncClient, **wish) -> httpx.Response:
    """Let one person propose an amendment and another approve it."""
    proposed = await reviewer.post(base, json=wish)
    assert proposed.status_code == 201, proposed.text
    return await approver.post(f"{base}/approval", json={"draft_id": proposed.json()["draft_id"]})


async def test_an_amended_report_says_what_it_replaces_and_both_are_kept(story, client, signed_in, ports: Ports):
    ours = await pdfs(story, signed_in)
    reviewer, approver = await confirm(await signed_in("reviewer")), await confirm(await signed_in("approver"))
    first = story.life.certificates[0].report_number
    base = f"/api/v1/receptions/{story.life.receptions[0].reception_id}/amendments"

    made = await amended(base, reviewer, approver, **AMEND)
    assert made.status_code == 201, made.text
    number = made.json()["number"]
    assert (made.json()["amended_by"], made.json()["approved_by"]) == ("윤검토", "최승인")
    again = await amended(base, reviewer, approver, reason="연락처 누락", contact="054-717-0000")
    assert again.status_code == 201, again.text
    assert (made.json()["amends"], again.json()["amends"]) == (first, number)
    assert [one["number"] for one in (await approver.get(base)).json()] == [number, again.json()["number"]]

    pdf = (await approver.get(f"{base}/{number}/pdf")).content
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    for wanted in ("수정 성적서", first, "의뢰자 상호 오기", "순환 운영", "주식회사 바른이름", "윤검토", "최승인"):
        assert wanted in text
    assert "Amended by" in text
    assert "Amendment approved by" in text
    attached = PdfReader(BytesIO(pdf)).attachments
    subject = json.loads(attached["proof.json"][0])["credentialSubject"]
    assert (subject["reportNumber"], subject["amendsReportNumber"]) == (number, first)
    assert subject["contentSha256"] == hashlib.sha256(attached["result.json"][0]).hexdigest()
    async with ports.unit(SYSTEM) as work:
        entries = await work.histories.entries(story.life.head.pack_id)
    told = [json.loads(one.payload) for one in entries if one.kind.value == "report_amended"]
    told = [one.get("particulars", one) for one in told]
    assert [(one["report"], one["amends"], one["amended_by"]) for one in told] == [
        (number, first, "윤검토"),
        (again.json()["number"], number, "윤검토"),
    ]
    assert told[0]["report_pdf_sha256"] == hashlib.sha256(pdf).hexdigest()
    assert "대체되었습니다" in await dropped(client, ours["report"])
    assert number in await dropped(client, ours["report"])
    assert "대체되었습니다" in await dropped(client, pdf)
    last = (await approver.get(f"{base}/{again.json()['number']}/pdf")).content
    assert "진본입니다" in await dropped(client, last)
    assert "진본입니다" in await dropped(client, ours["certificate"])
    assert (await pdfs(story, signed_in))["report"] == ours["report"]


async def test_an_amendment_takes_a_second_person_who_did_none_of_the_work(story, signed_in):
    base = f"/api/v1/receptions/{story.life.receptions[0].reception_id}/amendments"
    quality, tester, approver = [await signed_in(name) for name in ("quality", "tester", "approver")]
    await confirm(approver)

    assert (await quality.post(base, json=AMEND)).status_code == 403
    refused = await approver.post(base, json={"reason": "다시"})
    assert (refused.status_code, refused.json()["code"]) == (422, "certification.nothing-amended")
    emptied = await approver.post(base, json={"reason": "다시", "ambient": "-"})
    assert (emptied.status_code, emptied.json()["code"]) == (422, "certification.report-incomplete")
    assert (await approver.post(base, json={**AMEND, "grade": "A"})).status_code == 400
    assert (await approver.post(base, json={"applicant": "x"})).status_code == 400
    assert (await approver.get(f"{base}/TR-2026-999999/pdf")).status_code == 404
    assert (await approver.get(f"{base}/proposal")).json() is None

    own = (await approver.post(base, json=AMEND)).json()
    assert (await approver.get(f"{base}/proposal")).json() == own
    told = await approver.post(f"{base}/approval", json={"draft_id": own["draft_id"]})
    assert (told.status_code, told.json()["code"]) == (403, "certification.own-amendment")
    assert (await tester.post(f"{base}/approval", json={"draft_id": own["draft_id"]})).status_code == 403
    newer = (await tester.post(base, json={**AMEND, "reason": "시험원이 올림"})).json()
    stale = await approver.post(f"{base}/approval", json={"draft_id": own["draft_id"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "certification.amendment-not-proposed")
    assert (await approver.post(f"{base}/approval", json={"draft_id": newer["draft_id"]})).status_code == 201
    assert (await approver.get(f"{base}/proposal")).json() is None


async def test_where_the_results_fall_the_certificate_on_them_ends(story, record, client, signed_in, ports: Ports):
    ours = await pdfs(story, signed_in)
    reviewer, approver = await confirm(await signed_in("reviewer")), await confirm(await signed_in("approver"))
    base = f"/api/v1/receptions/{story.life.receptions[0].reception_id}/amendments"
    made = await amended(base, reviewer, approver, reason="교정 불량 장비로 시험함", results_affected=True)
    assert made.status_code == 201, made.text

    number = story.life.certificates[0].number
    verified = (await client.get(f"/api/v1/certificates/by-number/{number}")).json()
    assert (verified["status"], verified["valid"]) == ("superseded", False)
    revoked, _ = entries_of(record)
    assert is_set(revoked, await listed(client, revoked.address), at=ports.clock.now())
    assert f"{made.json()['number']}(으)로 대체되었습니다" in await dropped(client, ours["certificate"])


async def test_one_proposes_and_another_approves_on_the_page(story, signed_in):
    reviewer = await by_cookie(await signed_in("reviewer"), "reviewer")
    approver = await by_cookie(await signed_in("approver"), "approver")
    path = f"/ktr/receptions/{story.life.receptions[0].reception_id}/amendments"

    checked(await reviewer.get(path))
    made = await reviewer.post(path, data={**AMEND, "password_again": PASSWORD})
    assert (made.status_code, made.headers["location"]) == (303, path)
    own = await reviewer.get(path)
    checked(own)
    assert "의뢰자 상호 오기" in own.text
    assert f"{path}/approval" not in own.text
    seen = await approver.get(path)
    assert f"{path}/approval" in checked(seen).addresses
    assert "순환 운영" in seen.text
    draft = re.search(r'name="draft_id" value="([^"]+)"', seen.text)[1]
    unproven = await approver.post(f"{path}/approval", data={"draft_id": draft})
    assert unproven.status_code == 422
    issued = await approver.post(f"{path}/approval", data={"draft_id": draft, "password_again": PASSWORD})
    assert issued.status_code == 303, issued.text[-2000:]
    after = await approver.get(path)
    checked(after)
    assert "승인 최승인" in after.text
    refused = await approver.post(path, data={"reason": "다시", "password_again": PASSWORD})
    assert refused.status_code == 422
    checked(refused)
