"""A body's protocol through the program: drafted, approved by another person, in force for what comes after."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from adapters.ktr.protocol_file import SHIPPED
from domain.journeys.protocols import protocol_of
from domain.shared.actor import SYSTEM
from domain.shared.identifiers import ReceptionId
from domain.shared.time import seoul_day
from tests.http.conftest import by_cookie, confirm
from tests.http.test_api import PACK, collect, problem, receive, register
from tests.http.test_pages import checked

TEXT = SHIPPED.read_text(encoding="utf-8")
NEWER = TEXT.replace('version: "1.0.0"', 'version: "1.1.0"').replace("swelling > 10", "swelling > 8")
WRONG = NEWER.replace("default_months: 24", "default_months: many")


async def test_a_version_is_drafted_approved_by_another_and_holds_for_what_is_received_after(
    signed_in, ports, engine, people
) -> None:
    operator, tester, quality, approver = [
        await signed_in(one) for one in ("operator", "tester", "quality", "approver")
    ]
    (shipped,) = (await tester.get("/api/v1/protocols")).json()
    assert (shipped["sequence"], shipped["version"], shipped["state"]) == (1, "1.0.0", "in_force")
    early = await register(operator)
    await collect(operator, early)
    before = ReceptionId(await receive(tester, early))

    wrong = await quality.post("/api/v1/protocols", json={"text": WRONG, "note": "시험"})
    problem(wrong, 422, "certification.protocol-malformed")
    facts = wrong.json()["facts"]
    assert (facts["place"], facts["needed_en"]) == (
        "file.certificate.validity.default_months",
        "a whole number above zero is expected",
    )
    assert facts["line"] == len(WRONG.splitlines())
    problem(await quality.post("/api/v1/protocols", json={"text": TEXT, "note": "같은 판"}), 409,
            "certification.protocol-version-taken")  # fmt: skip
    problem(await approver.post("/api/v1/protocols", json={"text": NEWER, "note": "-"}), 403, "shared.role-not-enough")
    drafted = await quality.post("/api/v1/protocols", json={"text": NEWER, "note": "팽창 한계 강화"})
    assert drafted.status_code == 201, drafted.text
    assert (drafted.json()["version"]["sequence"], drafted.json()["version"]["state"]) == (2, "draft")
    assert [one for one in drafted.json()["changes"] if "swelling > 8" in one or "swelling > 10" in one] != []

    today = seoul_day(ports.clock.now())
    tomorrow = (today + timedelta(days=1)).isoformat()
    approval = "/api/v1/protocols/2/approval"
    problem(await approver.post(approval, json={"in_force_on": tomorrow}), 403, "identity.confirmation-needed")
    for one in (quality, approver):
        await confirm(one)
    problem(await quality.post(approval, json={"in_force_on": tomorrow}), 422, "certification.protocol-own-draft")
    yesterday = (today - timedelta(days=1)).isoformat()
    problem(await approver.post(approval, json={"in_force_on": yesterday}), 422, "certification.protocol-day-past")
    approved = await approver.post(approval, json={"in_force_on": tomorrow})
    assert approved.json()["version"]["state"] == "approved", approved.text
    problem(await approver.post(approval, json={"in_force_on": tomorrow}), 409,
            "certification.protocol-step-out-of-order")  # fmt: skip
    problem(await approver.post("/api/v1/protocols/1/retirement", json={"reason": "-"}), 409,
            "certification.protocol-step-out-of-order")  # fmt: skip
    problem(await quality.get("/api/v1/protocols/9"), 404, "certification.protocol-version-unknown")

    ports.clock.move_to(ports.clock.now() + timedelta(days=1))
    operator, tester, approver = [await signed_in(one) for one in ("operator", "tester", "approver")]
    late = await register(operator, **{
        **PACK,
        "product_uri": "https://id.sunhwan.example/01/09506000134352/21/EV-2",
        "kr_battery_no": "SHD-202001-2",
        "maker_serial": "M50T-2",
    })  # fmt: skip
    await collect(operator, late)
    after = ReceptionId(await receive(tester, late))
    async with ports.unit(people["tester"]) as work:
        held = [
            (await protocol_of(await work.receptions.one(one), work=work, shipped=ports.protocol)).version
            for one in (before, after)
        ]
    assert held == ["1.0.0", "1.1.0"]
    leak = {"equipment": "육안", "measurements": [{"quantity": "leak", "value": False, "test_id": "T02"}]}
    run = await tester.post(f"/api/v1/receptions/{after}/measurements", json=leak)
    assert run.status_code == 201, run.text
    async with ports.unit(SYSTEM) as work:
        (kept,) = await work.test_runs.of_reception(await work.receptions.one(after))
    assert kept.protocol_version == "1.1.0"

    await confirm(approver)
    retired = await approver.post("/api/v1/protocols/2/retirement", json={"reason": "오기"})
    assert (retired.json()["version"]["state"], retired.json()["version"]["retired_reason"]) == ("retired", "오기")
    async with engine.begin() as connection:
        with pytest.raises(IntegrityError, match="protocol_step_takes_four_eyes"):
            await connection.execute(text("update sunhwan.protocol_step set done_by = drafted_by"))


async def test_the_room_shows_versions_and_the_fault_beside_its_line(signed_in) -> None:
    quality = await by_cookie(await signed_in("quality"), "quality")
    tester = await by_cookie(await signed_in("tester"), "tester")
    checked(await quality.get("/ktr/protocols"))
    assert "textarea" not in (await tester.get("/ktr/protocols")).text

    wrong = await quality.post("/ktr/protocols", data={"text": WRONG, "note": "시험", "how": "keep"})
    assert wrong.status_code == 422
    assert "<mark>" in wrong.text
    assert "0보다 큰 정수여야 합니다" in wrong.text
    sound = await quality.post("/ktr/protocols", data={"text": NEWER, "how": "check"})
    assert (sound.status_code, "오류 없음" in sound.text) == (200, True)
    kept = await quality.post("/ktr/protocols", data={"text": NEWER, "note": "팽창 한계 강화", "how": "keep"})
    assert kept.headers["location"] == "/ktr/protocols/2"
    shown = await quality.get("/ktr/protocols/2")
    checked(shown)
    assert "<ins>" in shown.text
    assert "다른 사람이 승인합니다" in shown.text
    checked(await tester.get("/ktr/protocols/1"))


KC = TEXT.replace("id: SH-REUSE-01", "id: KC-10031-1").replace("[pack, module, cell]", "[pack]")


async def test_a_reception_names_a_version_in_force_and_is_judged_by_it_ever_after(signed_in, ports, people) -> None:
    operator, tester, quality, approver = [
        await signed_in(one) for one in ("operator", "tester", "quality", "approver")
    ]
    assert (await quality.post("/api/v1/protocols", json={"text": KC, "note": "KC"})).status_code == 201
    assert (await quality.post("/api/v1/protocols", json={"text": NEWER, "note": "1.1"})).status_code == 201
    await confirm(approver)
    today = seoul_day(ports.clock.now()).isoformat()
    assert (await approver.post("/api/v1/protocols/2/approval", json={"in_force_on": today})).status_code == 201
    states = {one["sequence"]: one["state"] for one in (await tester.get("/api/v1/protocols")).json()}
    assert states == {1: "in_force", 2: "in_force", 3: "draft"}
    pack = await register(operator)
    await collect(operator, pack)
    counter = {"pack_id": str(pack), "applicant": "순환", "contact": "-", "condition": "양호", "due_on": "2026-03-01"}

    draft = await tester.post(
        "/api/v1/receptions", json={**counter, "protocol": {"protocol_id": "SH-REUSE-01", "version": "1.1.0"}}
    )
    problem(draft, 422, "certification.protocol-not-in-force")
    named = await tester.post(
        "/api/v1/receptions", json={**counter, "protocol": {"protocol_id": "SH-REUSE-01", "version": "1.0.0"}}
    )
    assert named.status_code == 201, named.text
    reception = named.json()["reception_id"]

    assert (await approver.post("/api/v1/protocols/3/approval", json={"in_force_on": today})).status_code == 201
    async with ports.unit(people["tester"]) as work:
        stored = await work.receptions.one(ReceptionId(UUID(reception)))
        held = await protocol_of(stored, work=work, shipped=ports.protocol)
    assert (held.protocol_id, held.version) == ("SH-REUSE-01", "1.0.0")
    shown = (await tester.get(f"/api/v1/receptions/{reception}")).json()
    assert shown["named_protocol"] == "SH-REUSE-01 1.0.0"
    page = await by_cookie(tester, "tester")
    form = await page.get("/ktr/receptions/new")
    checked(form)
    assert [one in form.text for one in ("KC-10031-1 1.0.0", "SH-REUSE-01 1.1.0", "SH-REUSE-01 1.0.0")] == [
        True, True, False,
    ]  # fmt: skip
    assert "접수 때 지정" in (await page.get(f"/ktr/receptions/{reception}")).text
