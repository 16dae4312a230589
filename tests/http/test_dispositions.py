"""A reception off the straight way, over the API and the pages: every state and role that leads somewhere else."""

import io
import json
import re
from datetime import timedelta
from uuid import UUID

import zxingcpp
from PIL import Image
from sqlalchemy import text

from app import demo
from app.pages.formats import seoul_local
from domain.passport.model import PackState
from tests.fakes.records import csv_of, row
from tests.http.conftest import PASSWORD, by_cookie, confirm
from tests.http.test_api import collect, problem, receive, register
from tests.http.test_pages import checked

SECOND_PACK = {
    "product_uri": "https://id.sunhwan.example/01/09506000134352/21/EV-2",
    "kr_battery_no": "SHD-OTHER",
    "maker_serial": "M50T-OTHER",
}

BENCH = {"equipment": "벤치 BN-01", "ambient_c": "25"}
HANDED = {"kind": "moved", "place": "2시험실", "holder": "박보관", "condition": "양호"}


async def judged(signed_in, **found) -> tuple[UUID, str]:
    """Bring a pack to its judgement; `found` changes values of the bench sheet."""
    operator, tester = await signed_in("operator"), await signed_in("tester")
    pack_id = await register(operator)
    await collect(operator, pack_id)
    reception_id = await receive(tester, pack_id)
    sent = await tester.post(
        f"/api/v1/receptions/{reception_id}/cycler-files?name=sample.bdf.csv&equipment=CH-03",
        content=demo.SAMPLE_CYCLER.read_bytes(),
        headers={"Content-Type": "application/octet-stream"},
    )
    assert sent.status_code == 201, sent.text
    values = [
        {**one, "value": found.get(one["quantity"], one["value"])} for one in json.loads(demo.BENCH_SHEET.read_bytes())
    ]
    entered = await tester.post(
        f"/api/v1/receptions/{reception_id}/measurements", json={**BENCH, "measurements": values}
    )
    assert entered.status_code == 201, entered.text
    assert (await tester.post(f"/api/v1/receptions/{reception_id}/judgement")).status_code == 201
    return pack_id, reception_id


async def test_a_failed_pack_gets_its_report_no_certificate_and_no_second_life(signed_in, ports) -> None:
    pack_id, reception_id = await judged(signed_in, leak=True)
    reviewer, approver = await confirm(await signed_in("reviewer")), await confirm(await signed_in("approver"))
    base = f"/api/v1/receptions/{reception_id}"
    because = {"reason": "외관을 다시 확인함"}
    problem(await reviewer.post(f"{base}/hold-release", json=because), 422, "certification.not-held")
    assert (await reviewer.post(f"{base}/review")).status_code == 201
    assert (await approver.post(f"{base}/approval")).status_code == 201

    issued = await approver.post(f"{base}/issue")

    assert issued.status_code == 201, issued.text
    assert issued.json()["certificate"] is None
    pdf = await approver.get(f"{base}/documents/report")
    assert pdf.content.startswith(b"%PDF-")
    problem(await approver.get(f"{base}/documents/certificate"), 404, "certification.certificate-unknown")
    shown = (await approver.get(base)).json()
    assert [one["meaning"] for one in shown["signatures"]] == ["review", "approval", "issue"]
    assert [one["to_state"] for one in shown["moves"]] == [
        "received", "under_test", "tested", "reviewed", "approved", "issued",
    ]  # fmt: skip
    async with ports.unit(demo.SYSTEM) as work:
        assert (await work.histories.head(pack_id)).state is PackState.REJECTED
    number = issued.json()["report"]
    assert "지금 효력이 있습니다" in (await approver.get("/verify", params={"number": number})).text
    assert (await approver.post(f"{base}/withdrawal", json={"reason": "시료 혼동"})).json()["state"] == "withdrawn"
    by_number = await approver.get("/verify", params={"number": number})
    by_file = await approver.post("/verify", files={"file": ("r.pdf", pdf.content, "application/pdf")})
    for told in (by_number, by_file):
        checked(told)
        assert ("철회되어 근거로 쓸 수 없습니다" in told.text, "시료 혼동" in told.text) == (True, True)
    tester = await signed_in("tester")
    again = await receive(tester, pack_id)
    assert (await tester.get(f"/api/v1/receptions/{again}")).json()["reception"]["state"] == "received"


async def test_a_hold_is_released_by_a_second_person_and_then_certified(signed_in, ports) -> None:
    pack_id, reception_id = await judged(signed_in, corrosion="heavy")
    reviewer, approver = await signed_in("reviewer"), await confirm(await signed_in("approver"))
    base = f"/api/v1/receptions/{reception_id}"
    because = {"reason": "표면 부식만 있고 절연 이상 없음"}
    problem(await reviewer.post(f"{base}/hold-release", json=because), 403, "identity.confirmation-needed")
    await confirm(reviewer)

    released = await reviewer.post(f"{base}/hold-release", json=because)

    assert (released.status_code, released.json()["meaning"]) == (201, "hold_release")
    assert (await approver.post(f"{base}/approval")).status_code == 201
    issued = (await approver.post(f"{base}/issue")).json()
    assert (issued["certificate"]["grade"], issued["certificate"]["valid"]) == ("A", True)
    shown = (await approver.get(base)).json()
    assert (shown["assessment"]["disposition"], shown["hold_release"]["grade"]) == ("hold_review", "A")
    async with ports.unit(demo.SYSTEM) as work:
        assert (await work.histories.head(pack_id)).state is PackState.CERTIFIED
    problem(
        await approver.post(f"{base}/withdrawal", json={"reason": "시료 혼동"}), 409, "certification.certificate-stands"
    )


async def test_a_returned_judgement_is_judged_anew_and_a_unit_is_given_back(signed_in) -> None:
    pack_id, reception_id = await judged(signed_in)
    tester, reviewer = await signed_in("tester"), await signed_in("reviewer")
    base = f"/api/v1/receptions/{reception_id}"
    problem(await reviewer.post(f"{base}/return", json={"reason": "  "}), 422, "certification.reason-missing")

    returned = await reviewer.post(f"{base}/return", json={"reason": "T03 장비 확인"})

    assert (returned.status_code, returned.json()["state"]) == (201, "under_test")
    assert (await tester.post(f"{base}/judgement")).status_code == 201
    problem(await tester.post(f"{base}/refusal", json={"reason": "늦음"}), 409, "certification.reception-moved")
    given = await tester.post(f"{base}/release", json={"reason": "의뢰 취소"})
    assert given.json()["state"] == "released"
    shown = (await tester.get(base)).json()
    assert [one["reason"] for one in shown["moves"] if one["reason"]] == ["T03 장비 확인", "의뢰 취소"]
    assert await receive(tester, pack_id)


async def test_ambient_and_the_time_of_the_test_come_in_by_every_door(signed_in, ports) -> None:
    operator, tester = await signed_in("operator"), await signed_in("tester")
    pack_id = await register(operator)
    await collect(operator, pack_id)
    reception_id = await receive(tester, pack_id)
    base, content = f"/api/v1/receptions/{reception_id}", demo.SAMPLE_CYCLER.read_bytes()
    now = ports.clock.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    ports.clock.move_to(now)
    ran = {"ambient_c": "24.6", "started_at": now.isoformat(), "ended_at": now.isoformat()}
    values = {"equipment": "육안", "measurements": [{"test_id": "T02", "quantity": "leak", "value": False}]}

    for params, code in (
        ({"started_at": (now - timedelta(days=9)).isoformat()}, "certification.test-times-wrong"),
        ({"started_at": now.replace(tzinfo=None).isoformat()}, "certification.test-times-wrong"),
    ):
        answer = await tester.post(
            f"{base}/cycler-files", params={"name": "a.csv", "equipment": "CH-03", **params}, content=content
        )
        problem(answer, 422, code)
    sent = await tester.post(
        f"{base}/cycler-files", params={"name": "a.csv", "equipment": "CH-03", **ran}, content=content
    )
    typed = await tester.post(f"{base}/measurements", json={**values, **ran})
    browser = await by_cookie(tester, "tester")
    field = {
        "T02.leak": "no",
        "equipment": "육안",
        "ambient_c": "25.1",
        "started_at": seoul_local(now),
        "ended_at": seoul_local(now),
    }
    on_page = await browser.post(f"/ktr/receptions/{reception_id}/values", data=field)

    assert (sent.status_code, typed.status_code, on_page.status_code) == (201, 201, 303), (sent.text, typed.text)
    shown = (await browser.get(base)).json()["runs"]
    assert [one["ambient_c"] for one in shown] == ["24.60", "24.60", "25.10"]
    assert {one["started_at"] for one in shown} == {now.isoformat().replace("+00:00", "Z")}
    text = (await browser.get(f"/ktr/receptions/{reception_id}")).text
    assert "25.10" in text


async def test_the_work_list_is_searched_filtered_and_paged(signed_in, monkeypatch) -> None:
    operator, tester = await signed_in("operator"), await signed_in("tester")
    pack_ids = [await register(operator, **names) for names in ({}, SECOND_PACK)]
    for pack_id in pack_ids:
        await collect(operator, pack_id)
    first, second = [await receive(tester, pack_id) for pack_id in pack_ids]
    assert (await tester.post(f"/api/v1/receptions/{second}/refusal", json={"reason": "식별 불가"})).status_code == 201
    browser = await by_cookie(tester, "tester")

    async def listed(**asked) -> list[str]:
        text = (await browser.get("/ktr", params=asked)).text
        return [one for one in (first, second) if f"/ktr/receptions/{one}" in text]

    assert await listed() == [first]
    assert await listed(state="refused") == [second]
    assert await listed(state="closed") == [second]
    assert await listed(state="nonsense", after="nonsense") == [first]
    assert await listed(search="SHD-OTHER", state="closed") == [second]
    assert await listed(search="순환 운") == [first]
    assert await listed(search="%") == []
    monkeypatch.setattr("app.pages.ktr.QUEUE_PAGE", 1)
    again = await receive(tester, pack_ids[1])
    shown = (await browser.get("/ktr")).text
    assert f"/ktr/receptions/{again}" not in shown
    after = re.search(r"after=([0-9a-f_-]+)", shown)
    assert after
    following = (await browser.get("/ktr", params={"after": after[1]})).text
    assert f"/ktr/receptions/{again}" in following
    assert f"/ktr/receptions/{first}" not in following


async def test_a_unit_is_labelled_handed_over_and_priced_and_its_label_says_nothing_to_others(
    signed_in, client
) -> None:
    operator, tester = await signed_in("operator"), await signed_in("tester")
    pack_id = await register(operator)
    await collect(operator, pack_id)
    reception_id = await receive(tester, pack_id)
    base, page = f"/api/v1/receptions/{reception_id}", f"/ktr/receptions/{reception_id}"
    svg, png, sheet = [await tester.get(f"{base}/sample-label/{form}") for form in ("svg", "png", "sheet")]
    assert (svg.text[:4], png.content[1:4], sheet.content[:5]) == ("<svg", b"PNG", b"%PDF-")
    scanned = zxingcpp.read_barcodes(Image.open(io.BytesIO(png.content)).convert("L"))[0].text
    problem(
        await tester.post(f"{base}/custody", json=HANDED | {"kind": "returned"}), 409, "certification.reception-moved"
    )
    moved = await tester.post(f"{base}/custody", json=HANDED)
    priced = await tester.put(f"{base}/fees", json={"lines": [{"what": "T06", "amount_krw": 450000}]})
    browser = await by_cookie(tester, "tester")
    added = await browser.post(f"{page}/fees", data={"what": "T03", "amount_krw": "80000"})
    removed = await browser.post(f"{page}/fees", data={"remove": "1"})
    agreed = await browser.post(f"{page}/fees", data={"agree": "yes"})
    on_page = await browser.post(f"{page}/custody", data=HANDED | {"place": "3시험실"})

    assert [one.status_code for one in (moved, priced, added, removed, agreed, on_page)] == [
        201,
        200,
        303,
        303,
        303,
        303,
    ]
    shown = (await browser.get(base)).json()
    assert [one["place"] for one in shown["custody"]] == ["접수대", "2시험실", "3시험실"]
    assert (shown["fees"]["total_krw"], shown["fees"]["agreed_at"] is not None) == (80_000, True)
    text = (await browser.get(page)).text
    assert "3시험실" in text
    assert "80,000" in text
    assert (await browser.get(scanned)).headers["location"] == page
    assert (await browser.get(f"/ktr/labels?reception={reception_id}")).content.startswith(b"%PDF-")
    assert (await browser.get("/ktr/labels?reception=x")).status_code == 404
    assert [(await operator.get(one)).status_code for one in (scanned, scanned[:-1] + "x")] == [403, 403]
    stranger = await client.get(scanned)
    assert stranger.headers["location"].startswith("/sign-in")
    assert (await client.get(scanned[:-1] + "x")).headers["location"].startswith("/sign-in")


async def test_the_pages_offer_each_step_with_its_reason_to_whose_it_is(signed_in) -> None:
    _, reception_id = await judged(signed_in, corrosion="heavy")
    page = f"/ktr/receptions/{reception_id}"
    tester = await by_cookie(await signed_in("tester"), "tester")
    shown = (await tester.get(page)).text
    assert f"{page}/because/release" in shown
    assert f"{page}/because/hold-release" not in shown
    reviewer = await by_cookie(await signed_in("reviewer"), "reviewer")
    shown = (await reviewer.get(page)).text
    assert f"{page}/because/return" in shown
    assert "성적서만 발급" in shown

    lacking = await reviewer.post(f"{page}/because/hold-release", data={"reason": "육안 확인"})
    released = await reviewer.post(
        f"{page}/because/hold-release", data={"reason": "육안 확인", "password_again": PASSWORD}
    )

    assert lacking.status_code == 422
    assert "notice" in lacking.text
    assert released.status_code == 303, released.text
    shown = (await reviewer.get(page)).text
    assert "보류 해제" in shown
    assert "육안 확인" in shown


async def test_a_run_of_before_equipment_was_asked_for_leads_the_tester_to_where_it_is_said(signed_in, engine) -> None:
    _, reception_id = await judged(signed_in)
    async with engine.begin() as connection:  # as such runs lie in the database of an older installation
        await connection.execute(text("update sunhwan.test_run set equipment = '' where sequence = 2"))
    reviewer = await confirm(await signed_in("reviewer"))
    base = f"/api/v1/receptions/{reception_id}"
    assert (await reviewer.post(f"{base}/return", json={"reason": "장비 확인"})).status_code == 201
    tester = await signed_in("tester")
    refused = problem(await tester.post(f"{base}/judgement"), 422, "certification.run-equipment-missing")
    assert refused["facts"] == {"runs": "2"}
    page = await by_cookie(tester, "tester")
    path = f"/ktr/receptions/{reception_id}"
    shown = await page.get(path)
    assert {"run-2", "eq-run-2"} <= set(checked(shown).ids)
    assert "2회차 시험 기록에 장비가 없어" in shown.text
    assert 'href="#run-2"' in shown.text

    blank = await page.post(f"{path}/runs/2/equipment", data={"equipment": " "})
    assert (blank.status_code, "무엇으로 쟀는지" in blank.text) == (422, True)
    said = await page.post(f"{path}/runs/2/equipment", data={"equipment": "벤치 BN-01"})
    assert (said.status_code, said.headers["location"]) == (303, f"{path}#runs")

    after = await page.get(path)
    checked(after)
    assert ("eq-run-2" in after.text, "장비를 기록 후에 적음: 김시험" in after.text) == (False, True)
    api = await signed_in("tester")
    problem(await api.post(f"{base}/runs/2/equipment", json={"equipment": "-"}), 409, "certification.equipment-known")
    problem(await api.post(f"{base}/runs/9/equipment", json={"equipment": "-"}), 404, "certification.run-unknown")
    assert (await api.post(f"{base}/judgement")).status_code == 201


async def test_a_record_of_others_is_cited_on_the_page_until_the_unit_is_judged(signed_in) -> None:
    operator, tester, quality = [await signed_in(name) for name in ("operator", "tester", "quality")]
    pack_id = await register(operator)
    await collect(operator, pack_id)
    reception_id = await receive(tester, pack_id)
    file = csv_of(row(), row(number="DH-9", kr_battery_no="SOMEBODY-ELSE"))
    taken = await quality.post("/api/v1/records/imports?name=records.csv", content=file)
    assert taken.status_code == 201, taken.text
    held = {one["number"]: one["record_id"] for one in (await quality.get("/api/v1/records")).json()}
    base, path = f"/api/v1/receptions/{reception_id}", f"/ktr/receptions/{reception_id}"
    problem(await tester.post(f"{base}/citations", json={"record_id": held["DH-9"]}), 422,
            "certification.record-elsewhere")  # fmt: skip
    page = await by_cookie(await signed_in("tester"), "tester")
    assert "DH-2025-0042" in (await page.get(path)).text

    cited = await page.post(f"{path}/citations", data={"record_id": held["DH-2025-0042"], "cited": "yes"})
    assert cited.status_code == 303, cited.text

    shown = await page.get(path)
    checked(shown)
    assert "인용 취소" in shown.text
    (told,) = (await tester.get(base)).json()["cited"]
    assert (told["issuer"], told["number"], told["kind"]) == ("대한시험원", "DH-2025-0042", "certificate")
    left = await tester.post(f"{base}/citations", json={"record_id": held["DH-2025-0042"], "cited": False})
    assert left.json() == {"cited": []}
