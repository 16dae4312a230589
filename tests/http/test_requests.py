"""A request of several units through the program: filed, taken in, inspected unit by unit, followed by both sides."""

import json
import re
from hashlib import sha256

import httpx
from sqlalchemy import text

from app import demo
from domain.shared.actor import Role
from tests.http.conftest import by_cookie, confirm
from tests.http.test_api import PACK, collect, problem, register, test_everything
from tests.http.test_pages import checked

SHEET = {
    "maker": "LG",
    "model": "M50T",
    "chemistry": "NMC",
    "cell_capacity_mah": 5000,
    "cells_in_series": 1,
    "cells_in_parallel": 1,
    "rated_energy_wh": 18,
    "nominal_voltage_mv": 3630,
    "manufactured_on": "2020-01-05",
}
CELL = {"scope": "cell", "identifier": "M50T-CELL-7", "sheet": SHEET}
MODULE = {
    "scope": "module",
    "identifier": "MOD-3",
    "sheet": {**SHEET, "cells_in_series": 12, "rated_energy_wh": 216, "nominal_voltage_mv": 43560},
    "prior_life": {"use": "BEV", "event_flags": [], "source": "의뢰자"},
}
ASKED = {"applicant": "순환모빌리티", "contact": "054-000-0000", "purpose": "재사용 판정"}
ARRIVED = {"condition": "외관 양호", "due_on": "2026-03-01"}


async def file(applicant: httpx.AsyncClient, *units: dict[str, object], **more: object) -> str:
    answer = await applicant.post("/api/v1/requests", json={**ASKED, "units": list(units), **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["request_id"]


async def inspected(signed_in, tester: httpx.AsyncClient, reception: str) -> dict[str, object]:
    """Bring a reception to its issue by three persons."""
    base = f"/api/v1/receptions/{reception}"
    await test_everything(tester, reception)
    judged = await tester.post(f"{base}/judgement")
    assert judged.status_code == 201, judged.text
    for name, step in (("reviewer", "review"), ("approver", "approval"), ("approver", "issue")):
        signer = await confirm(await signed_in(name))
        answer = await signer.post(f"{base}/{step}")
        assert answer.status_code == 201, answer.text
    return {"judged": judged.json(), "issued": answer.json()}


async def test_units_of_one_request_become_receptions_and_a_cell_gets_its_own_certificate(signed_in, engine) -> None:
    tenant, neighbour, tester = [await signed_in(name) for name in ("tenant", "neighbour", "tester")]
    request = await file(tenant, CELL, MODULE)
    shown = (await tenant.get(f"/api/v1/requests/{request}")).json()
    assert (shown["request"]["state"], [one["reception"] for one in shown["units"]]) == ("filed", [None, None])
    problem(await neighbour.get(f"/api/v1/requests/{request}"), 404, "certification.request-unknown")
    assert (await neighbour.get("/api/v1/requests")).json() == []
    assert [one["request_id"] for one in (await tester.get("/api/v1/requests")).json()] == [request]
    problem(await tester.get(f"/api/v1/requests/{request}/labels"), 404, "certification.reception-unknown")

    accepted = await tester.post(f"/api/v1/requests/{request}/acceptance", json=ARRIVED)
    assert accepted.status_code == 201, accepted.text
    cell, module = accepted.json()["receptions"]
    assert [one["number"] for one in (cell, module)] == ["R-2026-000001", "R-2026-000002"]
    assert (await tester.get(f"/api/v1/requests/{request}/labels")).content.startswith(b"%PDF-")
    done = await inspected(signed_in, tester, cell["reception_id"])

    rows = await tester.get(f"/api/v1/receptions/{cell['reception_id']}/runs/1/table/csv")
    assert rows.text.startswith("test_time_second,voltage_volt,current_ampere,step_count")
    assert 'filename="R-2026-000001-1.bdf.csv"' in rows.headers["content-disposition"]
    typed = await tester.get(f"/api/v1/receptions/{cell['reception_id']}/runs/2/table/csv")
    problem(typed, 404, "certification.run-file-missing")
    assert [one["verdict"] for one in done["judged"]["rules"] if one["test_id"] == "T03"] != []
    assert (done["judged"]["disposition"], done["judged"]["grade"]) == ("reuse", "A")
    followed = (await tenant.get(f"/api/v1/requests/{request}")).json()
    assert [(one["line"], one["state"], one["report"] is None) for one in followed["units"]] == [
        (1, "issued", False),
        (2, "received", True),
    ]
    assert followed["units"][0]["certificate"] == done["issued"]["certificate"]["number"]
    shown = await tester.get("/verify", params={"number": followed["units"][0]["certificate"]})
    assert ("배터리 모듈 또는 셀" in shown.text, f"urn:uuid:{cell['pack_id']}" in shown.text) == (True, True)
    document = f"/api/v1/requests/{request}/units/1/report"
    assert (await tenant.get(document)).content.startswith(b"%PDF-")
    problem(await neighbour.get(document), 404, "certification.request-unknown")
    problem(await tenant.get(f"/api/v1/requests/{request}/units/2/report"), 404, "certification.certificate-unknown")
    problem(await tester.post(f"/api/v1/requests/{request}/refusal", json={"reason": "-"}), 409,
            "certification.request-moved")  # fmt: skip
    problem(await tester.post(f"/api/v1/requests/{request}/acceptance", json=ARRIVED), 409,
            "certification.request-moved")  # fmt: skip
    traced = (await tenant.get(f"/api/v1/packs/{cell['pack_id']}")).json()
    assert (traced["state"], traced["passports"]) == ("certified", [])
    number = done["issued"]["certificate"]["number"]
    verified = await tenant.get(f"/api/v1/certificates/by-number/{number}")
    assert verified.json()["valid"] is True
    checked(await tester.get(f"/verify?number={number}"))
    async with engine.connect() as connection:
        printed = json.loads(await connection.scalar(text("select content from sunhwan.test_report")) or "")
    assert (printed["request_number"], printed["unit_scope"]) == ("Q-2026-000001", "cell")
    assert (printed["pack"]["model"], printed["pack"]["cell_model"]) == ("M50T", None)
    assert printed["pack"]["modules_in_series"] is None
    assert printed["scope_ko"] == "배터리 셀 1점: 신청 Q-2026-000001의 2점(모듈 1점, 셀 1점) 중 1번"
    assert printed["scope_en"] == "one battery cell: unit 1 of the 2 (1 module, 1 cell) of request Q-2026-000001"
    for name in ("tenant", "operator", "tester"):
        page = await (await by_cookie(await signed_in(name), name)).get(f"/packs/{cell['pack_id']}")
        assert page.status_code == 200, page.text[:500]
        checked(page)


async def test_a_module_without_its_insulation_is_held_and_asks_for_no_protection_test(signed_in) -> None:
    tenant, tester = await signed_in("tenant"), await signed_in("tester")
    request = await file(tenant, MODULE)
    (reception,) = (await tester.post(f"/api/v1/requests/{request}/acceptance", json=ARRIVED)).json()["receptions"]
    base = f"/api/v1/receptions/{reception['reception_id']}"
    rows = json.loads(demo.BENCH_SHEET.read_bytes())
    sheet = {
        "measurements": [one for one in rows if one["test_id"] not in ("T03", "T10", "T11")],
        "equipment": "벤치 BN-01",
        "ambient_c": "25",
    }
    assert (await tester.post(f"{base}/measurements", json=sheet)).status_code == 201
    page = await by_cookie(await signed_in("tester"), "tester")
    shown = await page.get(f"/ktr/receptions/{reception['reception_id']}")
    checked(shown)
    names = set(re.findall(r'name="(T[0-9]{2})\.', shown.text))

    judged = (await tester.post(f"{base}/judgement")).json()

    assert ("T03" in names, "T10" in names, "T11" in names) == (True, False, False)
    assert judged["disposition"] == "hold_review"
    assert "T03" in judged["not_assessed"]
    assert not {"T10", "T11"} & set(judged["not_assessed"])


async def test_all_chosen_units_are_taken_in_or_none_and_the_rest_may_come_later(signed_in, engine) -> None:
    operator, tester = await signed_in("operator"), await signed_in("tester")
    pack = await register(operator)  # still in its first life: it was not collected
    named = {"scope": "pack", "identifier": PACK["maker_serial"]}
    request = await file(operator, CELL, named)
    path = f"/api/v1/requests/{request}/acceptance"

    refused = problem(await tester.post(path, json=ARRIVED), 409, "certification.request-unit-refused")
    assert refused["facts"]["line"] == 2
    assert refused["facts"]["cause"] == "passport.step-out-of-order"
    async with engine.connect() as connection:
        for table in ("reception", "sample_label", "custody_move"):
            assert await connection.scalar(text(f"select count(*) from sunhwan.{table}")) == 0
        assert await connection.scalar(text("select count(*) from sunhwan.pack where part_kind is not null")) == 0
    first = await tester.post(path, json={**ARRIVED, "lines": [1]})
    assert first.status_code == 201, first.text
    problem(await tester.post(path, json={**ARRIVED, "lines": [1]}), 422, "certification.request-line-unknown")
    problem(await operator.post(f"/api/v1/requests/{request}/withdrawal", json={"reason": "-"}), 409,
            "certification.request-moved")  # fmt: skip
    await collect(operator, pack)
    second = await tester.post(path, json=ARRIVED)

    assert second.status_code == 201, second.text
    assert [one["pack_id"] for one in second.json()["receptions"]] == [str(pack)]
    shown = (await operator.get(f"/api/v1/requests/{request}")).json()
    assert [move["to_state"] for move in shown["moves"]] == ["filed", "accepted", "accepted"]


async def test_no_door_takes_a_unit_in_without_its_condition(signed_in, engine) -> None:
    operator, tester = await signed_in("operator"), await signed_in("tester")
    pack = await register(operator)
    await collect(operator, pack)
    request = await file(operator, CELL)
    api = await signed_in("tester")
    page = await by_cookie(tester, "tester")
    due = {"due_on": "2026-03-01"}
    counter = {"applicant": "순환", "contact": "054", **due}

    for blank in ({}, {"condition": ""}, {"condition": "  \t "}, {"condition": "-"}):
        for answer in (
            await api.post(f"/api/v1/requests/{request}/acceptance", json={**due, **blank}),
            await api.post("/api/v1/receptions", json={"pack_id": str(pack), **counter, **blank}),
        ):
            problem(answer, 422, "certification.condition-missing")
        for answer in (
            await page.post(f"/requests/{request}/acceptance", data={"line_1": "yes", **due, **blank}),
            await page.post("/ktr/receptions/new", data={"identifier": PACK["maker_serial"], **counter, **blank}),
        ):
            assert (answer.status_code, "시료의 접수 시 상태를 적어 주세요." in answer.text) == (422, True)
            checked(answer)

    async with engine.connect() as connection:
        for table in ("reception", "sample_label", "custody_move"):
            assert await connection.scalar(text(f"select count(*) from sunhwan.{table}")) == 0
        assert await connection.scalar(text("select count(*) from sunhwan.pack where part_kind is not null")) == 0


async def test_a_request_is_refused_for_what_it_names(signed_in) -> None:
    tenant, operator = await signed_in("tenant"), await signed_in("operator")
    await register(operator)
    cases = [
        ([{"scope": "pack", "identifier": PACK["maker_serial"]}], "certification.unit-unknown"),  # not the tenant's
        ([{"scope": "pack", "identifier": "NOWHERE-1"}], "certification.unit-unknown"),
        ([{"scope": "cell", "identifier": "NEW-1"}], "certification.unit-sheet-missing"),
        ([CELL, CELL], "certification.unit-asked-twice"),
        ([{**CELL, "parent": "NOWHERE-1"}], "certification.unit-unknown"),
    ]
    for units, code in cases:
        problem(await tenant.post("/api/v1/requests", json={**ASKED, "units": units}), 422, code)
    own = [{"scope": "module", "identifier": PACK["maker_serial"]}]
    problem(await operator.post("/api/v1/requests", json={**ASKED, "units": own}), 422,
            "certification.unit-scope-differs")  # fmt: skip
    described = [{"scope": "pack", "identifier": PACK["maker_serial"], "sheet": SHEET}]
    problem(await operator.post("/api/v1/requests", json={**ASKED, "units": described}), 422,
            "certification.unit-sheet-unasked")  # fmt: skip
    gone = {"protocol": {"protocol_id": "SH-REUSE-01", "version": "0.9"}}
    problem(await tenant.post("/api/v1/requests", json={**ASKED, "units": [CELL], **gone}), 422,
            "certification.protocol-not-in-force")  # fmt: skip
    problem(await tenant.post("/api/v1/requests", json={**ASKED, "units": [CELL], "body_id": 11}), 404,
            "certification.request-body-unknown")  # fmt: skip
    assert (await tenant.get("/api/v1/requests")).json() == []


async def test_an_owner_asks_for_a_cell_and_nobody_else_reads_it(client, let_in, signed_in) -> None:
    token = await let_in(Role.OWNER, 12)
    owner = {"Authorization": f"Bearer {token}", "Idempotency-Key": "owner-1"}
    filed = await client.post("/api/v1/requests", json={**ASKED, "units": [CELL]}, headers=owner)
    assert filed.status_code == 201, filed.text
    request = filed.json()["request_id"]
    tenant = await signed_in("tenant")

    assert (await client.get(f"/api/v1/requests/{request}", headers=owner)).status_code == 200
    problem(await tenant.get(f"/api/v1/requests/{request}"), 404, "certification.request-unknown")


async def test_the_pages_lead_a_request_from_the_form_to_its_labels(signed_in) -> None:
    tenant = await by_cookie(await signed_in("tenant"), "tenant")
    tester = await by_cookie(await signed_in("tester"), "tester")
    checked(await tenant.get("/requests"))
    checked(await tenant.get("/requests/new"))
    form = {
        **ASKED,
        "unit_scope_1": "cell", "unit_identifier_1": "C-1", "maker_1": "LG", "model_1": "M50T", "chemistry_1": "NMC",
        "cell_capacity_ah_1": "5", "cells_in_series_1": "1", "cells_in_parallel_1": "1", "energy_kwh_1": "0.018",
        "voltage_v_1": "3.63", "manufactured_on_1": "2020-01-05",
        "pasted": "단위\t식별자\t제조사\n모듈\tM-2\tLG\tMOD\tNMC\t5\t12\t1\t0.216\t43.56\t2020-01-05\n",
    }  # fmt: skip
    more = await tenant.post("/requests/new", data={**form, "more": "yes"})
    checked(more)
    assert 'name="unit_identifier_5"' in more.text
    assert 'value="C-1"' in more.text
    wrong = await tenant.post("/requests/new", data={**form, "energy_kwh_1": "0.0181234"})
    assert wrong.status_code == 422
    assert "1. 정격 에너지" in wrong.text
    empty = await tenant.post("/requests/new", data=ASKED)
    assert empty.status_code == 422
    filed = await tenant.post("/requests/new", data=form)
    assert filed.status_code == 303, filed.text
    path = filed.headers["location"]
    shown = await tenant.get(path)
    checked(shown)
    assert all(one in shown.text for one in ("C-1", "M-2", "입고 대기", "취하"))

    assert "Q-2026-000001" in (await tester.get("/ktr")).text
    none = await tester.post(f"{path}/acceptance", data=ARRIVED)
    assert none.status_code == 422
    checked(none)
    taken = await tester.post(f"{path}/acceptance", data={**ARRIVED, "line_2": "yes"})
    assert taken.status_code == 303, taken.text
    mixed = await tester.get(path)
    checked(mixed)
    assert all(one in mixed.text for one in ("R-2026-000001", "입고 대기", "시료 라벨 1장 인쇄"))
    english = await tenant.get(path, params={"lang": "en"})
    checked(english)
    assert "Awaited" in english.text


async def test_a_units_life_before_is_asked_in_the_form_and_carried_to_its_reception(signed_in) -> None:
    tenant = await by_cookie(await signed_in("tenant"), "tenant")
    tester = await by_cookie(await signed_in("tester"), "tester")
    sheet = {
        "maker_1": "LG", "model_1": "M50T", "chemistry_1": "NMC", "cell_capacity_ah_1": "5", "cells_in_series_1": "1",
        "cells_in_parallel_1": "1", "energy_kwh_1": "0.018", "voltage_v_1": "3.63", "manufactured_on_1": "2020-01-05",
    }  # fmt: skip
    cell = {"unit_scope_1": "cell", "unit_identifier_1": "C-1", **sheet}
    told = {"prior_use_1": "BEV", "prior_source_1": "정비 이력서", "flag_crash_1": "yes"}
    module = (
        "모듈\tM-2\tLG\tMOD\tNMC\t5\t12\t1\t0.216\t43.56\t2020-01-05\t에너지저장장치(ESS)\t의뢰자 진술\t충돌; 개봉\n"
    )
    unasked = module.replace("M-2", "M-3").replace("\t에너지저장장치(ESS)\t의뢰자 진술\t충돌; 개봉", "")
    form = {**ASKED, **cell, **told, "pasted": module + unasked}

    for missing, field in (("prior_use_1", "1. 이전 용도"), ("prior_source_1", "1. 이전 용도의 출처")):
        wrong = await tenant.post("/requests/new", data={key: one for key, one in form.items() if key != missing})
        assert (wrong.status_code, f"확인해 주세요: {field}." in wrong.text) == (422, True)
        assert 'name="flag_crash_1" value="yes" checked' in wrong.text
        checked(wrong)
    wrong = await tenant.post("/requests/new", data={**form, "pasted": module.replace("충돌", "지진")})
    assert "2. 사고 이력 (지진)" in wrong.text
    wrong = await tenant.post("/requests/new", data={**form, "flag_fire_2": "yes"})
    assert "2. 식별자" in wrong.text
    filed = await tenant.post("/requests/new", data=form)
    assert filed.status_code == 303, filed.text
    path = filed.headers["location"]
    shown = await tester.get(path)
    checked(shown)
    assert "전기차(BEV) · 정비 이력서 · 사고 이력: 충돌" in shown.text
    taken = await tester.post(f"{path}/acceptance", data={**ARRIVED, "line_1": "yes", "line_2": "yes", "line_3": "yes"})
    assert taken.status_code == 303, taken.text

    units = (await tester.get(f"/api/v1{path}")).json()["units"]
    pages = [await tester.get(f"/ktr/receptions/{one['reception_id']}") for one in units]
    assert "전기차(BEV) · 정비 이력서 · 사고 이력: 충돌" in pages[0].text
    assert "에너지저장장치(ESS) · 의뢰자 진술 · 사고 이력: 충돌, 개봉" in pages[1].text
    assert ["v-T01.prior_use" in checked(one).ids for one in pages] == [False, False, True]


async def test_the_counter_takes_no_event_without_who_says_so(signed_in) -> None:
    operator, tester = await signed_in("operator"), await signed_in("tester")
    await collect(operator, await register(operator))
    form = {
        "identifier": PACK["kr_battery_no"],
        "applicant": "순환 운영",
        "contact": "054-000-0000",
        **ARRIVED,
        "flag_fire": "yes",
    }

    wrong = await tester.post("/ktr/receptions/new", data=form)
    assert (wrong.status_code, "확인해 주세요: 이전 용도." in wrong.text) == (422, True)
    assert 'name="flag_fire" value="yes" checked' in wrong.text
    taken = await tester.post("/ktr/receptions/new", data={**form, "prior_use": "ESS", "prior_source": "의뢰자"})

    assert taken.status_code == 303, taken.text
    assert "에너지저장장치(ESS) · 의뢰자 · 사고 이력: 화재" in (await tester.get(taken.headers["location"])).text


async def test_the_counter_leads_an_unregistered_module_to_a_request_for_the_organisation_that_brought_it(
    signed_in,
) -> None:
    tester = await by_cookie(await signed_in("tester"), "tester")
    counter = {"identifier": "MOD-77\n", "applicant": "순환모빌리티", "contact": "054-1", **ARRIVED}
    refused = await tester.post("/ktr/receptions/new", data=counter)
    link = "/requests/new?scope=module&identifier=MOD-77"
    assert (refused.status_code, link in checked(refused).addresses) == (404, True)
    form = await tester.get(link)
    assert {"f-applicant_business_no", "f-unit_identifier-1"} <= set(checked(form).ids)
    assert 'value="MOD-77"' in form.text
    sheet = {
        **ASKED,
        "unit_scope_1": "module", "unit_identifier_1": "MOD-77", "maker_1": "LG", "model_1": "MOD",
        "chemistry_1": "NMC", "cell_capacity_ah_1": "5", "cells_in_series_1": "12", "cells_in_parallel_1": "1",
        "energy_kwh_1": "0.216",
        "voltage_v_1": "43.56", "manufactured_on_1": "2020-01-05",
    }  # fmt: skip

    for organisation, told in ((None, "사업자등록번호"), ("123-45-67890", "등록된 의뢰 기관이 없습니다")):
        named = {} if organisation is None else {"applicant_business_no": organisation}
        wrong = await tester.post("/requests/new", data={**sheet, **named})
        assert (wrong.status_code, told in wrong.text) == (422, True)
        assert 'value="MOD-77"' in wrong.text
    filed = await tester.post("/requests/new", data={**sheet, "applicant_business_no": "0000000011"})
    assert filed.status_code == 303, filed.text
    taken = await tester.post(f"{filed.headers['location']}/acceptance", data={**ARRIVED, "line_1": "yes"})
    assert taken.status_code == 303, taken.text

    path = f"/api/v1{filed.headers['location']}"
    theirs = (await (await signed_in("tenant")).get(path)).json()
    assert (theirs["moves"][0]["moved_by"], theirs["units"][0]["state"]) == ("김시험", "received")
    problem(await (await signed_in("neighbour")).get(path), 404, "certification.request-unknown")


async def test_the_desk_files_for_a_registered_organisation_what_is_that_ones(signed_in) -> None:
    operator, tester = await signed_in("operator"), await signed_in("tester")
    await register(operator)
    whole = {"scope": "pack", "identifier": PACK["maker_serial"]}  # the operator's
    body = {**ASKED, "units": [whole]}

    problem(await tester.post("/api/v1/requests", json=body), 422, "certification.applicant-unknown")
    for number, code in (
        ("000-00-00011", "certification.unit-unknown"),
        ("000-00-00002", "certification.applicant-unknown"),
    ):
        answer = await tester.post("/api/v1/requests", json={**body, "applicant_business_no": number})
        problem(answer, 422, code)
    filed = await tester.post("/api/v1/requests", json={**body, "applicant_business_no": "000-00-00001"})

    assert filed.status_code == 201, filed.text
    assert (await operator.get("/api/v1/requests")).json()[0]["request_id"] == filed.json()["request_id"]


async def test_the_applicant_gets_the_report_that_stands(signed_in) -> None:
    tenant, tester = await signed_in("tenant"), await signed_in("tester")
    request = await file(tenant, CELL)
    (cell,) = (await tester.post(f"/api/v1/requests/{request}/acceptance", json=ARRIVED)).json()["receptions"]
    first = (await inspected(signed_in, tester, cell["reception_id"]))["issued"]["report"]
    amendments = f"/api/v1/receptions/{cell['reception_id']}/amendments"
    wish = {"reason": "연락처 오기", "contact": "054-999-0000"}
    proposed = await (await confirm(await signed_in("tester"))).post(amendments, json=wish)
    approver = await confirm(await signed_in("approver"))

    amended = await approver.post(f"{amendments}/approval", json={"draft_id": proposed.json()["draft_id"]})

    assert amended.status_code == 201, amended.text
    (unit,) = (await tenant.get(f"/api/v1/requests/{request}")).json()["units"]
    assert unit["report"] == amended.json()["number"] != first
    sent = await tenant.get(f"/api/v1/requests/{request}/units/1/report")
    assert f'filename="{unit["report"]}.pdf"' in sent.headers["content-disposition"]
    assert sha256(sent.content).hexdigest() == amended.json()["pdf_sha256"]


async def test_what_is_left_of_a_request_is_closed_and_the_applicant_reads_why_and_what_it_costs(
    signed_in,
) -> None:
    tenant, tester = await signed_in("tenant"), await signed_in("tester")
    request = await file(tenant, CELL, MODULE)
    path = f"/api/v1/requests/{request}"
    problem(await tester.post(f"{path}/closure", json={"reason": "-"}), 409, "certification.request-moved")
    taken = await tester.post(f"{path}/acceptance", json={**ARRIVED, "lines": [1]})
    reception = taken.json()["receptions"][0]["reception_id"]
    fees = {"lines": [{"what": "용량 시험", "amount_krw": 350_000}]}
    assert (await tester.put(f"/api/v1/receptions/{reception}/fees", json=fees)).status_code == 200
    shown = checked(await (await by_cookie(await signed_in("tester"), "tester")).get(f"/requests/{request}"))
    assert f"/requests/{request}/closure" in shown.addresses

    problem(await tenant.post(f"{path}/closure", json={"reason": "-"}), 403, "shared.role-not-enough")
    problem(await tester.post(f"{path}/closure", json={"reason": " "}), 422, "certification.reason-missing")
    closed = await tester.post(f"{path}/closure", json={"reason": "모듈은 운송 중 파손"})

    assert closed.status_code == 201, closed.text
    said = (await tenant.get(path)).json()
    assert (said["request"]["state"], said["not_taken_in"], said["fees_krw"]) == ("closed", [2], 350_000)
    assert [(one["state"], one["fees_krw"], one["fees_agreed_at"]) for one in said["units"]] == [
        ("received", 350_000, None),
        (None, None, None),
    ]
    last = said["moves"][-1]
    assert (last["from_state"], last["to_state"], last["reason"]) == ("accepted", "closed", "모듈은 운송 중 파손")
    problem(await tester.post(f"{path}/acceptance", json=ARRIVED), 409, "certification.request-moved")
    problem(await tester.post(f"{path}/closure", json={"reason": "-"}), 409, "certification.request-moved")
    page = await (await by_cookie(tenant, "tenant")).get(f"/requests/{request}")
    checked(page)
    for told in (
        "일부 접수 후 종결",
        "모듈은 운송 중 파손",
        "접수 안 함",
        "수수료 합계 350,000원",
        "1개를 접수하고 1개는",
    ):
        assert told in page.text
    await inspected(signed_in, await signed_in("tester"), reception)  # what was taken in goes on to its report


async def test_either_side_closes_a_request_with_a_reason_that_the_other_reads(signed_in) -> None:
    tenant, tester = await signed_in("tenant"), await signed_in("tester")
    refused, withdrawn = await file(tenant, CELL), await file(tenant, {**CELL, "identifier": "M50T-CELL-8"})
    tenant, tester = await by_cookie(tenant, "tenant"), await by_cookie(tester, "tester")

    for who, request, step in ((tester, refused, "refusal"), (tenant, withdrawn, "withdrawal")):
        assert (await who.post(f"/requests/{request}/{step}", data={})).status_code == 422
        assert (await who.post(f"/requests/{request}/{step}", data={"reason": "서류 미비"})).status_code == 303
    for who in (tenant, tester):
        for request, word in ((refused, "반려"), (withdrawn, "취하")):
            text = (await who.get(f"/requests/{request}")).text
            assert "서류 미비" in text
            assert word in text
