"""Each numbered step of the line over HTTP, and what each step refuses."""

import json
from datetime import date, timedelta
from uuid import UUID

import msgspec
import pytest

from app import demo
from app.ports import Ports
from domain.shared.errors import DomainError
from tests.http.conftest import confirm

PACK = {
    "product_uri": "https://id.sunhwan.example/01/09506000134352/21/EV-1",
    "kr_battery_no": "SHD-202001-1",
    "maker_serial": "M50T-1",
    "model": "SH-BUS 209",
    "maker": "순환 시연 배터리",
    "chemistry": "NMC",
    "cell_model": "LG M50T",
    "modules_in_series": 12,
    "cells_in_series": 96,
    "cells_in_parallel": 120,
    "cell_capacity_mah": 5000,
    "rated_energy_wh": 209088,
    "nominal_voltage_mv": 348480,
    "mass_g": 1050000,
    "manufactured_on": "2020-01-05",
    "responsible_ko": "순환 시연 배터리",
    "responsible_en": "Sunhwan Demonstration Batteries",
}
SECOND_LIFE_URI = "https://id.sunhwan.example/01/09506000134369/21/SH-1"


async def register(operator, **changes) -> UUID:
    answer = await operator.post("/api/v1/packs", json={**PACK, **changes})
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["pack_id"])


async def collect(operator, pack_id) -> None:
    for kind, at in (
        ("installed_in_vehicle", "2020-03-01T09:00:00+09:00"),
        ("removed", "2026-01-10T09:00:00+09:00"),
        ("collected", "2026-01-12T09:00:00+09:00"),
    ):
        answer = await operator.post(f"/api/v1/packs/{pack_id}/facts", json={"kind": kind, "occurred_at": at})
        assert answer.status_code == 201, answer.text


async def receive(tester, pack_id) -> str:
    answer = await tester.post(
        "/api/v1/receptions",
        json={
            "pack_id": str(pack_id),
            "applicant": "순환 운영",
            "contact": "054-000-0000",
            "condition": "이상 없음",
            "due_on": "2026-03-01",
        },
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["reception_id"]


async def test_everything(tester, reception_id) -> None:
    sent = await tester.post(
        f"/api/v1/receptions/{reception_id}/cycler-files?name=sample.bdf.csv&equipment=CH-03",
        content=demo.SAMPLE_CYCLER.read_bytes(),
        headers={"Content-Type": "application/octet-stream"},
    )
    assert sent.status_code == 201, sent.text
    sheet = {
        "measurements": json.loads(demo.BENCH_SHEET.read_bytes()),
        "equipment": "벤치 BN-01",
        "ambient_c": "25",
    }
    entered = await tester.post(f"/api/v1/receptions/{reception_id}/measurements", json=sheet)
    assert entered.status_code == 201, entered.text


test_everything.__test__ = False


async def certified(signed_in) -> tuple[UUID, str]:
    operator, tester, approver = [await signed_in(name) for name in ("operator", "tester", "approver")]
    pack_id = await register(operator)
    await collect(operator, pack_id)
    reception_id = await receive(tester, pack_id)
    await test_everything(tester, reception_id)
    assert (await tester.post(f"/api/v1/receptions/{reception_id}/judgement")).status_code == 201
    reviewer = await signed_in("reviewer")
    problem(await reviewer.post(f"/api/v1/receptions/{reception_id}/review"), 403, "identity.confirmation-needed")
    await confirm(reviewer)
    assert (await reviewer.post(f"/api/v1/receptions/{reception_id}/review")).status_code == 201
    problem(await approver.post(f"/api/v1/receptions/{reception_id}/approval"), 403, "identity.confirmation-needed")
    await confirm(approver)
    assert (await approver.post(f"/api/v1/receptions/{reception_id}/approval")).status_code == 201
    assert (await approver.post(f"/api/v1/receptions/{reception_id}/issue")).status_code == 201
    return pack_id, reception_id


def problem(answer, status: int, code: str) -> dict[str, object]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    said = answer.json()
    assert (said["status"], said["code"]) == (status, code)
    assert said["title"]
    assert said["title_ko"]
    assert answer.headers["x-request-id"] == said["request_id"]
    return said


# 1 ── registration and first life


async def test_a_registered_pack_resolves_by_every_one_of_its_names(signed_in) -> None:
    operator = await signed_in("operator")
    pack_id = await register(operator)

    for name in (PACK["product_uri"], PACK["kr_battery_no"], PACK["maker_serial"], str(pack_id)):
        found = await operator.get("/api/v1/packs/trace", params={"identifier": name})
        assert found.status_code == 200, found.text
        assert found.json()["pack"]["pack_id"] == str(pack_id)


async def test_a_first_life_is_told_in_its_order(signed_in) -> None:
    operator = await signed_in("operator")
    pack_id = await register(operator)
    await collect(operator, pack_id)

    told = (await operator.get(f"/api/v1/packs/{pack_id}")).json()

    assert [(entry["kind"], entry["sequence"]) for entry in told["history"]] == [
        ("manufactured", 1),
        ("installed_in_vehicle", 3),
        ("removed", 4),
        ("collected", 5),
        ("passport_issued", 2),
    ]
    assert told["history_holds"] is True
    assert told["state"] == "collected"


@pytest.mark.parametrize("taken", ["product_uri", "kr_battery_no", "maker_serial"])
async def test_an_identifier_is_only_ever_one_packs(signed_in, taken) -> None:
    operator = await signed_in("operator")
    await register(operator)
    others = {"product_uri": SECOND_LIFE_URI, "kr_battery_no": "OTHER", "maker_serial": "OTHER-2"}
    others.pop(taken)

    answer = await operator.post("/api/v1/packs", json={**PACK, **others})

    problem(answer, 409, "passport.identifier-taken")
    assert len((await operator.get("/api/v1/packs")).json()) == 1


async def test_a_fact_out_of_order_leaves_nothing_behind(signed_in) -> None:
    operator = await signed_in("operator")
    pack_id = await register(operator)

    answer = await operator.post(
        f"/api/v1/packs/{pack_id}/facts", json={"kind": "collected", "occurred_at": "2026-01-12T09:00:00+09:00"}
    )

    problem(answer, 422, "passport.step-out-of-order")
    assert len((await operator.get(f"/api/v1/packs/{pack_id}")).json()["history"]) == 2


# 2 ── reception, test, certificate


async def test_a_cycler_file_becomes_capacity_and_grade(signed_in) -> None:
    pack_id, reception_id = await certified(signed_in)
    tester = await signed_in("tester")

    file = (await tester.get(f"/api/v1/receptions/{reception_id}")).json()

    assert file["assessment"]["grade"] == "A"
    assert file["assessment"]["not_assessed"] == []
    assert file["certificate"]["valid"] is True
    assert [(one["printed_name"], one["meaning"]) for one in file["signatures"]] == [
        ("윤검토", "review"),
        ("최승인", "approval"),
        ("최승인", "issue"),
    ]
    assert all(rule["source"] for rule in file["assessment"]["rules"])
    assert file["reception"]["pack_id"] == str(pack_id)


async def test_a_tester_cannot_approve_and_an_approver_cannot_test(signed_in) -> None:
    operator, tester, approver = [await signed_in(name) for name in ("operator", "tester", "approver")]
    pack_id = await register(operator)
    await collect(operator, pack_id)
    reception_id = await receive(tester, pack_id)
    await test_everything(tester, reception_id)
    await tester.post(f"/api/v1/receptions/{reception_id}/judgement")

    problem(await tester.post(f"/api/v1/receptions/{reception_id}/review"), 403, "shared.role-not-enough")
    problem(await approver.post(f"/api/v1/receptions/{reception_id}/review"), 403, "shared.role-not-enough")
    await confirm(approver)
    problem(await approver.post(f"/api/v1/receptions/{reception_id}/approval"), 409, "certification.reception-moved")
    problem(await tester.post(f"/api/v1/receptions/{reception_id}/approval"), 403, "shared.role-not-enough")
    problem(await approver.post(f"/api/v1/receptions/{reception_id}/judgement"), 403, "shared.role-not-enough")


async def test_no_certificate_without_approval(signed_in) -> None:
    operator, tester, approver = [await signed_in(name) for name in ("operator", "tester", "approver")]
    pack_id = await register(operator)
    await collect(operator, pack_id)
    reception_id = await receive(tester, pack_id)
    await test_everything(tester, reception_id)
    await tester.post(f"/api/v1/receptions/{reception_id}/judgement")

    await confirm(approver)
    problem(await approver.post(f"/api/v1/receptions/{reception_id}/issue"), 409, "certification.reception-moved")


async def test_missing_results_are_never_a_pass(signed_in) -> None:
    operator, tester, reviewer, approver = [
        await signed_in(name) for name in ("operator", "tester", "reviewer", "approver")
    ]
    pack_id = await register(operator)
    await collect(operator, pack_id)
    reception_id = await receive(tester, pack_id)
    await tester.post(
        f"/api/v1/receptions/{reception_id}/cycler-files?name=sample.bdf.csv&equipment=CH-03",
        content=demo.SAMPLE_CYCLER.read_bytes(),
    )
    unknown = await tester.post(f"/api/v1/receptions/{reception_id}/judgement?decision_rule=lenient")
    assert unknown.status_code == 400, unknown.text
    judged = (await tester.post(f"/api/v1/receptions/{reception_id}/judgement?decision_rule=guarded")).json()
    assert judged["decision_rule"] == "guarded"
    assert judged["soh_u_ppm"] > 0

    assert judged["disposition"] == "hold_review"
    assert "T03" in judged["not_assessed"]
    for client, step in ((reviewer, "review"), (approver, "approval"), (approver, "issue")):
        await confirm(client)
        done = await client.post(f"/api/v1/receptions/{reception_id}/{step}")
        assert done.status_code == 201, done.text
    assert done.json()["report"]
    assert done.json()["certificate"] is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "certification.cycler-file-empty", id="empty"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 64, None, id="a picture"),
        pytest.param(b"PK\x03\x04" + b"\0" * 100, None, id="a broken archive"),
        pytest.param(b"name,price\napple,3\n", None, id="a foreign table"),
    ],
)
async def test_a_bad_cycler_file_is_one_sentence_and_nothing_stored(signed_in, content, code) -> None:
    operator, tester = await signed_in("operator"), await signed_in("tester")
    pack_id = await register(operator)
    await collect(operator, pack_id)
    reception_id = await receive(tester, pack_id)

    answer = await tester.post(
        f"/api/v1/receptions/{reception_id}/cycler-files?name=x.ndax&equipment=CH-03", content=content
    )

    assert answer.status_code == 422, answer.text
    said = answer.json()
    assert said["code"].startswith(("certification.", "shared.file-"))
    assert code in (None, said["code"])
    assert "Traceback" not in answer.text
    file = (await tester.get(f"/api/v1/receptions/{reception_id}")).json()
    assert file["runs"] == []
    assert file["reception"]["state"] == "received"


async def test_the_signed_record_verifies_and_no_altered_one_does(signed_in, ports: Ports) -> None:
    _, reception_id = await certified(signed_in)
    tester = await signed_in("tester")

    answer = await tester.get(f"/api/v1/receptions/{reception_id}/credential")

    assert answer.headers["content-type"].startswith("application/vc")
    record = msgspec.json.decode(answer.content)
    await ports.credentials.verify(record)
    text = answer.text
    digits = [place for place, letter in enumerate(text) if letter.isdigit()]
    for place in digits[:: len(digits) // 40]:
        other = text[:place] + str(int(text[place]) % 9 + 1) + text[place + 1 :]  # never a leading zero
        with pytest.raises(DomainError):
            await ports.credentials.verify(msgspec.json.decode(other.encode()))


async def test_report_and_certificate_are_printed_and_stay_the_same(signed_in) -> None:
    _, reception_id = await certified(signed_in)
    tester = await signed_in("tester")

    for kind in ("report", "certificate"):
        first = await tester.get(f"/api/v1/receptions/{reception_id}/documents/{kind}")
        again = await tester.get(f"/api/v1/receptions/{reception_id}/documents/{kind}")
        assert first.status_code == 200
        assert first.content.startswith(b"%PDF-")
        assert first.content == again.content


async def test_anyone_can_ask_whether_a_certificate_holds(signed_in, client) -> None:
    _, reception_id = await certified(signed_in)
    tester, approver = await signed_in("tester"), await confirm(await signed_in("approver"))
    certificate = (await tester.get(f"/api/v1/receptions/{reception_id}")).json()["certificate"]

    before = (await client.get(f"/api/v1/certificates/by-number/{certificate['number']}")).json()
    ended = await approver.post(
        f"/api/v1/certificates/{certificate['certificate_id']}/end", json={"how": "revoked", "reason": "시료 착오"}
    )
    after = (await client.get(f"/api/v1/certificates/by-number/{certificate['number']}")).json()

    assert ended.status_code == 201, ended.text
    assert (before["valid"], after["valid"], after["status"]) == (True, False, "revoked")
    assert set(after) == {"number", "grade", "issued_at", "valid_until", "status", "valid", "on", "by", "reason"}
    problem(await client.get("/api/v1/certificates/by-number/KC-2026-999999"), 404, "certification.certificate-unknown")


# 3 ── second life and label


async def test_a_second_passport_is_linked_to_the_first_in_both_directions(signed_in) -> None:
    pack_id, _ = await certified(signed_in)
    operator = await signed_in("operator")

    new = await operator.post(
        f"/api/v1/packs/{pack_id}/repurpose",
        json={"product_uri": SECOND_LIFE_URI, "responsible_ko": "순환 운영", "responsible_en": "Sunhwan"},
    )

    assert new.status_code == 201, new.text
    passports = (await operator.get(f"/api/v1/packs/{pack_id}")).json()["passports"]
    first, second = passports
    assert (first["state"], second["state"]) == ("archived", "active")
    assert first["derived_to"] == [second["passport_id"]]
    assert second["derived_from"] == [first["passport_id"]]
    assert second["battery_status"] == "repurposed"


async def test_a_pack_without_a_certificate_has_no_second_life_and_no_label(signed_in) -> None:
    operator = await signed_in("operator")
    pack_id = await register(operator)
    await collect(operator, pack_id)

    answer = await operator.post(
        f"/api/v1/packs/{pack_id}/repurpose",
        json={"product_uri": SECOND_LIFE_URI, "responsible_ko": "순환 운영", "responsible_en": "Sunhwan"},
    )

    problem(answer, 404, "certification.certificate-unknown")
    problem(await operator.post(f"/api/v1/packs/{pack_id}/labels", json={}), 404, "certification.certificate-unknown")


async def test_a_label_reads_back_as_exactly_the_product_uri(signed_in) -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    image = pytest.importorskip("PIL.Image")
    from io import BytesIO

    pack_id, _ = await certified(signed_in)
    operator = await signed_in("operator")
    await operator.post(
        f"/api/v1/packs/{pack_id}/repurpose",
        json={"product_uri": SECOND_LIFE_URI, "responsible_ko": "순환 운영", "responsible_en": "Sunhwan"},
    )

    label = (await operator.post(f"/api/v1/packs/{pack_id}/labels", json={"copies": 24})).json()

    symbol = await operator.get(label["png"])
    assert symbol.headers["content-type"].startswith("image/png")
    assert [found.text for found in zxingcpp.read_barcodes(image.open(BytesIO(symbol.content)))] == [SECOND_LIFE_URI]
    assert (await operator.get(label["sheet"])).content.startswith(b"%PDF-")
    assert (await operator.get(label["svg"])).text.startswith("<svg")


# 4–6 ── contract, readings, month


async def site_and_contract(operator, *, starts_on="2026-07-01") -> tuple[str, str]:
    plan = await operator.post(
        "/api/v1/plans",
        json={
            "code": "REUSE-ESS",
            "name_ko": "표준",
            "name_en": "Standard",
            "capacity_rate_micro_krw_per_wh_month": 9_000_000,
            "energy_rate_micro_krw_per_wh": 45_500,
            "renewable_bands": [{"share_ppm_min": 500_000, "discount_ppm": 50_000}],
        },
    )
    site = await operator.post(
        "/api/v1/sites",
        json={
            "tenant_id": 11,
            "name_ko": "제1공장",
            "name_en": "Plant 1",
            "address_ko": "구미",
            "kepco_customer_no": "07-1",
            "contract_power_w": 500_000,
        },
    )
    contract = await operator.post(
        "/api/v1/contracts",
        json={
            "tenant_id": 11,
            "site_id": site.json()["site_id"],
            "plan_id": plan.json()["plan_id"],
            "contracted_wh": 200_000,
            "contracted_w": 100_000,
            "starts_on": starts_on,
            "ends_on": "2029-06-30",
        },
    )
    assert contract.status_code == 201, contract.text
    return site.json()["site_id"], contract.json()["contract_id"]


async def test_without_a_certificate_a_pack_is_not_assigned(signed_in) -> None:
    operator = await signed_in("operator")
    pack_id = await register(operator)
    _, contract_id = await site_and_contract(operator)

    answer = await operator.post(
        f"/api/v1/contracts/{contract_id}/assignments?tenant_id=11",
        json={"pack_id": str(pack_id), "from_at": "2026-07-01T00:00:00+09:00"},
    )

    problem(answer, 422, "subscription.certificate-missing")
    assert (await operator.get(f"/api/v1/packs/{pack_id}")).json()["pack"]["in_contract"] is False


async def test_an_expired_certificate_assigns_nothing(signed_in) -> None:
    pack_id, _ = await certified(signed_in)
    operator = await signed_in("operator")
    _, contract_id = await site_and_contract(operator)

    answer = await operator.post(
        f"/api/v1/contracts/{contract_id}/assignments?tenant_id=11",
        json={"pack_id": str(pack_id), "from_at": "2028-07-01T00:00:00+09:00"},
    )

    problem(answer, 422, "subscription.certificate-not-valid")


async def test_readings_are_stored_once_however_often_they_are_sent(signed_in, ports: Ports) -> None:
    operator = await signed_in("operator")
    site_id, _ = await site_and_contract(operator)
    content = demo.SAMPLE_SITE.read_bytes()
    ports.clock.move_to(ports.clock.now() + timedelta(days=300))
    tenant = await signed_in("tenant")

    first = (await tenant.post(f"/api/v1/sites/{site_id}/readings", content=content)).json()
    again = (await tenant.post(f"/api/v1/sites/{site_id}/readings", content=content)).json()

    assert (first["intervals"], first["accepted"], first["duplicate"]) == (8832, 61824, 0)
    assert (again["accepted"], again["duplicate"], again["sent_before"]) == (0, 61824, True)
    assert first["totals_wh"] == again["totals_wh"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "metering.file-empty", id="empty"),
        pytest.param(b"a,b\n1,2\n", "metering.file-column-unknown", id="foreign"),
        pytest.param(b"interval_start,load_kwh\n2026-07-01T00:00:00,1.0\n", "metering.file-stamp-naive", id="naive"),
        pytest.param(
            b"interval_start,load_kwh\n2026-07-01T00:00:00+09:00,-1.0\n", "metering.file-negative", id="negative"
        ),
        pytest.param(b"\x1f\x8b" + b"\0" * 40, "metering.file-damaged", id="damaged gzip"),
    ],
)
async def test_a_bad_readings_file_is_refused_whole(signed_in, ports: Ports, content, code) -> None:
    operator = await signed_in("operator")
    site_id, _ = await site_and_contract(operator)
    ports.clock.move_to(ports.clock.now() + timedelta(days=300))
    tenant = await signed_in("tenant")

    problem(await tenant.post(f"/api/v1/sites/{site_id}/readings", content=content), 422, code)

    month = (await tenant.get(f"/api/v1/sites/{site_id}/months/2026-07")).json()
    assert month["totals_wh"]["load"] == 0


async def test_a_neighbour_neither_sends_nor_reads_readings(signed_in) -> None:
    operator, neighbour = await signed_in("operator"), await signed_in("neighbour")
    site_id, contract_id = await site_and_contract(operator)

    for answer in (
        await neighbour.post(f"/api/v1/sites/{site_id}/readings", content=b"x"),
        await neighbour.post(f"/api/v1/sites/{site_id}/readings?tenant_id=11", content=demo.SAMPLE_SITE.read_bytes()),
        await neighbour.get(f"/api/v1/sites/{site_id}/months/2026-07?tenant_id=11"),
        await neighbour.get("/api/v1/sites?tenant_id=11"),
    ):
        problem(answer, 404, "metering.site-unknown")
    assert (await neighbour.get("/api/v1/contracts")).json() == []
    answer = await neighbour.post(f"/api/v1/contracts/{contract_id}/months?tenant_id=11", json={"month": "2026-07"})
    problem(answer, 403, "shared.role-not-enough")


@pytest.mark.parametrize("month", ["0", "2026-13", "2026-7", "soon"])
async def test_an_address_that_names_no_month_is_400(signed_in, month) -> None:
    operator = await signed_in("operator")
    site_id, _ = await site_and_contract(operator)

    problem(await operator.get(f"/api/v1/sites/{site_id}/months/{month}?tenant_id=11"), 400, "http.bad-request")


async def test_a_month_that_still_runs_is_not_closed(signed_in) -> None:
    operator = await confirm(await signed_in("operator"))
    _, contract_id = await site_and_contract(operator)

    answer = await operator.post(f"/api/v1/contracts/{contract_id}/months?tenant_id=11", json={"month": "2026-07"})

    problem(answer, 422, "metering.month-not-over")


async def test_a_month_without_readings_is_closed_only_knowingly(signed_in, ports: Ports) -> None:
    operator = await signed_in("operator")
    _, contract_id = await site_and_contract(operator)
    ports.clock.move_to(ports.clock.now() + timedelta(days=300))
    operator = await confirm(await signed_in("operator"))
    path = f"/api/v1/contracts/{contract_id}/months?tenant_id=11"

    problem(await operator.post(path, json={"month": "2026-07"}), 422, "metering.month-incomplete")
    knowingly = await operator.post(path, json={"month": "2026-07", "accept_gap": True})

    assert knowingly.status_code == 200, knowingly.text
    assert knowingly.json()["invoice"]["total_krw"] == 0


# ── doors in general


ANY = {UUID: "01a20000-0000-7000-8000-000000000000", int: "1", date: "2026-07-01"}
"""A value of each type that an address holds; any other is a month, or a word."""


async def test_nothing_but_the_public_doors_opens_without_signing_in(app, client) -> None:
    public = {
        ("POST", "/api/v1/sessions"),
        ("POST", "/api/v1/sessions/passkey-challenge"),
        ("DELETE", "/api/v1/sessions/me"),
        ("GET", "/api/v1/certificates/by-number/{number:str}"),
        ("GET", "/api/v1/reports/by-number/{number:str}"),
        ("GET", "/api/v1/records/schema"),
    }
    tried = 0
    for route in app.routes:
        if not route.path_format.startswith("/api/"):
            continue
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                if any(method == m and path.split("{")[0] == route.path_format.split("{")[0] for m, path in public):
                    continue
                path = route.path_format
                for parameter in route.path_parameters.values():
                    value = ANY.get(parameter.type, "2026-07")
                    path = path.replace(f"{{{parameter.name}}}", value)
                answer = await client.request(method, path, json={} if method == "POST" else None)
                tried += 1
                # a body or a parameter may be judged first; nothing is ever done or shown
                assert answer.status_code in (400, 401), (method, path, answer.status_code, answer.text)
    assert tried > 25


async def test_a_wrong_password_and_a_wrong_name_get_one_answer(client) -> None:
    wrong_name = await client.post("/api/v1/sessions", json={"sign_in_name": "nobody", "password": "x" * 12})
    wrong_password = await client.post("/api/v1/sessions", json={"sign_in_name": "tenant", "password": "x" * 12})

    first, second = wrong_name.json(), wrong_password.json()
    first.pop("request_id")
    second.pop("request_id")
    assert wrong_name.status_code == wrong_password.status_code == 401
    assert first == second


async def test_guessing_is_slowed_down(client) -> None:
    for _ in range(5):
        await client.post("/api/v1/sessions", json={"sign_in_name": "nobody", "password": "x" * 12})

    answer = await client.post("/api/v1/sessions", json={"sign_in_name": "nobody", "password": "x" * 12})

    problem(answer, 429, "identity.too-many-failures")
    assert answer.headers["retry-after"] == "1"


async def test_a_closed_session_opens_nothing(signed_in) -> None:
    operator = await signed_in("operator")
    assert (await operator.get("/api/v1/sessions/me")).json()["role"] == "operator"

    await operator.delete("/api/v1/sessions/me")

    problem(await operator.get("/api/v1/sessions/me"), 401, "identity.not-signed-in")


async def test_a_session_ends_after_twelve_hours(signed_in, ports: Ports) -> None:
    operator = await signed_in("operator")

    ports.clock.move_to(ports.clock.now() + timedelta(hours=12, seconds=1))

    problem(await operator.get("/api/v1/sessions/me"), 401, "identity.not-signed-in")


async def test_another_sites_page_cannot_write_in_our_name(signed_in) -> None:
    operator = await signed_in("operator")

    by_fetch = await operator.post("/api/v1/packs", json=PACK, headers={"Sec-Fetch-Site": "cross-site"})
    by_origin = await operator.post("/api/v1/packs", json=PACK, headers={"Origin": "https://elsewhere.example"})
    own = await operator.post("/api/v1/packs", json=PACK, headers={"Origin": "https://id.sunhwan.example"})

    problem(by_fetch, 403, "http.foreign-origin")
    problem(by_origin, 403, "http.foreign-origin")
    assert own.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {**PACK, "unknown": 1},
        {**PACK, "modules_in_series": 0},
        {**PACK, "kr_battery_no": "X" * 25},
        {**PACK, "rated_energy_wh": "209088"},
        {**PACK, "model": "\x00"},
        {key: value for key, value in PACK.items() if key != "maker"},
    ],
)
async def test_a_body_that_has_no_meaning_is_400_with_its_place(signed_in, body) -> None:
    operator = await signed_in("operator")

    said = problem(await operator.post("/api/v1/packs", json=body), 400, "http.bad-request")

    assert said["facts"]


async def test_a_body_beyond_the_limit_is_413(signed_in) -> None:
    operator = await signed_in("operator")

    answer = await operator.post(
        "/api/v1/packs", content=b"{" + b" " * (1024 * 1024 + 1), headers={"Content-Type": "application/json"}
    )

    problem(answer, 413, "http.too-large")


async def test_every_answer_carries_the_strict_headers(client) -> None:
    for path in ("/livez", "/", "/api/v1/packs", "/no-such-page", "/docs"):
        answer = await client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe-inline" not in policy.split("style-src")[0]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" in answer.headers


async def test_the_openapi_document_names_every_problem(client) -> None:
    document = (await client.get("/docs/openapi.json")).json()

    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) > 25
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    packs = document["paths"]["/api/v1/packs"]["post"]["responses"]
    assert "application/problem+json" in packs["409"]["content"]


async def test_health_is_told_without_and_with_the_database(client) -> None:
    assert (await client.get("/livez")).json() == {"status": "alive"}
    assert (await client.get("/readyz")).json() == {"status": "ready"}
