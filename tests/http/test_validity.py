"""A certificate's life over HTTP: suspended, reinstated, revoked, run out, superseded; and what depends on it."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from app.jobs.expiries import end_expired
from app.jobs.relay import relay
from app.ports import Ports
from domain.certification.status_list import Purpose, entries_of, is_set
from domain.passport.model import PackState
from domain.shared.actor import SYSTEM
from domain.shared.identifiers import ContractId, PackId, TenantId
from domain.shared.time import Month
from domain.subscription import terms
from domain.subscription.model import Assignment
from tests.http.conftest import PASSWORD, SignedIn, by_cookie, confirm
from tests.http.test_api import SECOND_LIFE_URI, certified, problem, receive, site_and_contract, test_everything
from tests.http.test_pages import checked

WHY = "사후 점검에서 셀 편차가 커졌다"


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A certified pack that serves a tenant's contract since the first instant of the story's February."""

    pack_id: PackId
    reception_id: str
    contract_id: ContractId
    certificate: dict[str, object]
    ports: Ports

    @property
    def certificate_path(self) -> str:
        return f"/api/v1/certificates/{self.certificate['certificate_id']}"

    async def assignments(self) -> tuple[Assignment, ...]:
        async with self.ports.unit(SYSTEM) as work:
            return await work.assignments.of_contract(TenantId(11), self.contract_id)

    async def history(self) -> tuple[PackState, list[tuple[str, dict[str, object]]]]:
        """Where the pack stands, and its entries as (kind, particulars)."""
        async with self.ports.unit(SYSTEM) as work:
            entries = await work.histories.entries(self.pack_id)
            state = (await work.histories.head(self.pack_id)).state
        return state, [(one.kind.value, json.loads(one.payload)) for one in entries]

    async def days(self, month: str) -> list[tuple[str, int]]:
        """The days of a month that are charged, by certificate."""
        async with self.ports.unit(SYSTEM) as work:
            contract = await work.contracts.one(TenantId(11), self.contract_id)
        parts = terms.capacity_parts(contract, await self.assignments(), Month.parse(month))
        return [(part.certificate_number, part.days) for part in parts]

    def at(self, text: str) -> None:
        self.ports.clock.move_to(datetime.fromisoformat(text))


@pytest.fixture
async def serving(signed_in: SignedIn, ports: Ports) -> Serving:
    pack_id, reception_id = await certified(signed_in)
    operator, tester = await signed_in("operator"), await signed_in("tester")
    opened = await operator.post(
        f"/api/v1/packs/{pack_id}/repurpose",
        json={"product_uri": SECOND_LIFE_URI, "responsible_ko": "순환 운영", "responsible_en": "Sunhwan"},
    )
    assert opened.status_code == 201, opened.text
    _, contract_id = await site_and_contract(operator, starts_on="2026-02-01")
    ports.clock.move_to(datetime.fromisoformat("2026-02-02T00:00:00+09:00"))
    operator = await signed_in("operator")
    assigned = await operator.post(
        f"/api/v1/contracts/{contract_id}/assignments?tenant_id=11",
        json={"pack_id": str(pack_id), "from_at": "2026-02-02T00:00:00+09:00"},
    )
    assert assigned.status_code == 201, assigned.text
    tester = await signed_in("tester")
    certificate = (await tester.get(f"/api/v1/receptions/{reception_id}")).json()["certificate"]
    return Serving(
        pack_id=PackId(pack_id),
        reception_id=reception_id,
        contract_id=ContractId(UUID(contract_id)),
        certificate=certificate,
        ports=ports,
    )


async def end(serving: Serving, signed_in: SignedIn, how: str) -> httpx.Response:
    approver = await confirm(await signed_in("approver"))
    return await approver.post(f"{serving.certificate_path}/end", json={"how": how, "reason": WHY})


async def bits(client: httpx.AsyncClient, tester: httpx.AsyncClient, serving: Serving) -> dict[Purpose, bool]:
    record = (await tester.get(f"/api/v1/receptions/{serving.reception_id}/credential")).json()
    found = {}
    for entry in entries_of(record):
        listed = (await client.get(entry.address)).json()
        found[entry.purpose] = is_set(entry, listed, at=serving.ports.clock.now())
    return found


async def certify_again(pack_id: PackId, signed_in: SignedIn) -> dict[str, object]:
    """Inspect a pack once more and return its new certificate."""
    tester, reviewer, approver = [await signed_in(name) for name in ("tester", "reviewer", "approver")]
    reception_id = await receive(tester, pack_id)
    await test_everything(tester, reception_id)
    base = f"/api/v1/receptions/{reception_id}"
    for client, step in ((tester, "judgement"), (reviewer, "review"), (approver, "approval"), (approver, "issue")):
        if step != "judgement":
            await confirm(client)
        answer = await client.post(f"{base}/{step}")
        assert answer.status_code == 201, answer.text
    return answer.json()["certificate"]


async def test_a_suspended_certificate_is_revoked_also_while_its_pack_is_inspected_again(
    serving, signed_in, client
) -> None:
    serving.at("2026-02-11T12:00:00+09:00")
    assert (await end(serving, signed_in, "suspended")).json()["status"] == "suspended"
    (suspended,) = await serving.assignments()
    assert suspended.state.value == "suspended"
    assert serving.ports.clock.now() - suspended.suspended_at < timedelta(minutes=5)

    serving.at("2026-02-20T12:00:00+09:00")
    await receive(await signed_in("tester"), serving.pack_id)
    revoked = await end(serving, signed_in, "revoked")
    assert revoked.status_code == 201, revoked.text
    assert revoked.json()["status"] == "revoked"
    tester = await signed_in("tester")
    assert await bits(client, tester, serving) == {Purpose.REVOCATION: True, Purpose.SUSPENSION: False}
    state, told = await serving.history()
    assert state is PackState.RECEIVED
    assert [one["how"] for kind, one in told if kind == "certificate_ended"] == ["suspended", "revoked"]
    assert await serving.days("2026-02") == [(serving.certificate["number"], 9)]
    problem(await end(serving, signed_in, "revoked"), 409, "certification.certificate-moved")

    number, report = serving.certificate["number"], serving.certificate["report_number"]
    page = await client.get(f"/verify?number={number}")
    checked(page)
    for said in (f"{number}은(는) 2026. 2. 20. 취소되었습니다.", WHY, "KTR 한국", "SH-BUS 209", report):
        assert said in page.text, said
    page = await client.get(f"/verify?number={report}&lang=en")
    checked(page)
    assert f"{report} was issued by us and may be relied on now." in page.text
    assert "No certificate or report was issued" in (await client.get("/verify?number=TR-1&lang=en")).text
    told = (await client.get(f"/api/v1/certificates/by-number/{number}")).json()
    assert (told["status"], told["on"], told["by"], told["reason"]) == ("revoked", "2026-02-20", None, WHY)


async def test_a_certificate_is_suspended_reinstated_and_revoked_on_its_own_page(serving, signed_in) -> None:
    tester, reviewer, approver = [await signed_in(name) for name in ("tester", "reviewer", "approver")]
    path, form = (
        f"/ktr/certificates/{serving.certificate['certificate_id']}",
        {"reason": WHY, "password_again": PASSWORD},
    )
    ours = {"Origin": "https://id.sunhwan.example"}
    for client, page in ((tester, f"/ktr/receptions/{serving.reception_id}"), (tester, f"/packs/{serving.pack_id}")):
        assert path in (await client.get(page)).text
    assert "효력 정지" not in (await tester.get(path)).text
    assert (await tester.post(f"{path}/suspension", data=form, headers=ours)).status_code == 403
    assert (await reviewer.post(f"{path}/suspension", data=form, headers=ours)).status_code == 403

    async def step(client: httpx.AsyncClient, name: str) -> httpx.Response:
        if "Authorization" in client.headers:
            await by_cookie(client, {id(reviewer): "reviewer", id(approver): "approver"}[id(client)])
        shown = await client.get(path)
        checked(shown)
        assert f"{path}/{name}" in shown.text, name
        return await client.post(f"{path}/{name}", data=form, headers=ours)

    asked = await step(approver, "suspension")
    assert asked.status_code == 303, asked.text
    shown = await approver.get(path)
    assert WHY in shown.text
    assert f"{path}/reinstatement" not in shown.text
    assert "다른 검토자나 승인자" in shown.text
    assert (await step(reviewer, "reinstatement")).status_code == 303
    without = await approver.post(f"{path}/revocation", data={"reason": WHY}, headers=ours)
    assert without.status_code == 422
    checked(without)
    assert (await step(approver, "revocation")).status_code == 303
    shown = await approver.get(path)
    checked(shown)
    for said in ("인증 효력 회복", "취소", "인증 효력 정지·종료", "성적서 발급·인증"):
        assert said in shown.text, said
    assert (await approver.get(f"/ktr/certificates/{UUID(int=404)}")).status_code == 404


async def test_a_suspension_is_lifted_by_another_person_and_service_goes_on(serving, signed_in, client) -> None:
    serving.at("2026-02-11T12:00:00+09:00")
    await end(serving, signed_in, "suspended")
    serving.at("2026-02-21T12:00:00+09:00")
    reviewer, approver, tester = [await signed_in(name) for name in ("reviewer", "approver", "tester")]
    path, wish = f"{serving.certificate_path}/reinstatement", {"reason": "재점검 결과 이상 없음"}

    problem(await tester.post(path, json=wish), 403, "shared.role-not-enough")
    problem(await reviewer.post(path, json=wish), 403, "identity.confirmation-needed")
    await confirm(reviewer), await confirm(approver)
    problem(await approver.post(path, json=wish), 403, "certification.own-suspension")
    lifted = await reviewer.post(path, json=wish)
    assert lifted.status_code == 201, lifted.text
    assert (lifted.json()["status"], lifted.json()["valid"]) == ("valid", True)
    problem(await reviewer.post(path, json=wish), 409, "certification.certificate-moved")

    assert await bits(client, tester, serving) == {Purpose.REVOCATION: False, Purpose.SUSPENSION: False}
    state, told = await serving.history()
    assert (state, told[-1][0]) == (PackState.IN_SERVICE, "certificate_reinstated")
    before, after = await serving.assignments()
    assert (before.state.value, after.state.value, after.suspended_at) == ("removed", "in_service", None)
    assert before.ends_at == after.starts_at
    number = serving.certificate["number"]
    assert await serving.days("2026-02") == [(number, 9), (number, 8)]  # 2 to 10, then 21 to 28

    await end(serving, signed_in, "suspended")
    serving.at("2028-06-01T00:00:00+09:00")
    reviewer = await confirm(await signed_in("reviewer"))
    problem(await reviewer.post(path, json=wish), 422, "certification.certificate-run-out")


async def test_a_certificate_that_runs_out_ends_what_depends_on_it_once_however_late(serving, signed_in) -> None:
    last = date.fromisoformat(str(serving.certificate["valid_until"]))
    serving.at(f"{last}T23:30:00+09:00")
    assert (await end_expired(serving.ports)).did == 0

    serving.at(f"{last + timedelta(days=9)}T10:00:00+09:00")
    first, again = await end_expired(serving.ports), await end_expired(serving.ports)

    assert (first.did, first.failed, again.did) == (1, 0, 0)
    (assignment,) = await serving.assignments()
    assert assignment.suspended_at == datetime.fromisoformat(f"{last + timedelta(days=1)}T00:00:00+09:00")
    state, told = await serving.history()
    assert state is PackState.SUSPENDED
    assert [one["how"] for kind, one in told if kind == "certificate_ended"] == ["expired"]
    async with serving.ports.unit(SYSTEM) as work:
        topics = {(message := await work.outbox.claim(now=serving.ports.clock.now(), lease=timedelta(0))).topic}
        assert message.payload["certificate"] == serving.certificate["number"]
    assert topics == {"certificate.ended"}
    assert (await relay(serving.ports)).did == 1
    for name, path in (("operator", f"/contracts/11/{serving.contract_id}"), ("tenant", "/contract")):
        page = await (await signed_in(name)).get(path)
        checked(page)
        assert "만료" in page.text, path
    problem(await end(serving, signed_in, "revoked"), 409, "certification.certificate-moved")

    new = await certify_again(serving.pack_id, signed_in)
    state, _ = await serving.history()
    before, after = await serving.assignments()
    assert state is PackState.IN_SERVICE
    assert (before.state.value, after.certificate.number) == ("removed", new["number"])


async def test_certified_anew_a_pack_serves_on_and_its_label_leads_to_what_holds_now(
    serving, signed_in, client
) -> None:
    serving.at("2026-02-15T12:00:00+09:00")
    new = await certify_again(serving.pack_id, signed_in)

    old_number, number = serving.certificate["number"], new["number"]
    state, told = await serving.history()
    assert state is PackState.IN_SERVICE
    assert [one for kind, one in told if kind == "certificate_ended"] == [
        {"certificate": old_number, "how": "superseded", "reason": number, "successor": number}
    ]
    before, after = await serving.assignments()
    assert (before.certificate.number, after.certificate.number) == (old_number, number)
    assert (before.suspended_at, after.state.value) == (None, "in_service")
    assert await serving.days("2026-02") == [(old_number, 13), (number, 14)]  # nothing lost, nothing twice

    scanned = (await client.get("/01/09506000134369/21/SH-1?format=json")).json()
    assert scanned["in_force"] is True
    assert (scanned["certificate"]["number"], scanned["certificate"]["state"]) == (number, "valid")
    assert scanned["attributes"]["certificate_number"] == number
    assert scanned["attributes"]["certified_on"] == "2026-02-15"
    page = await client.get(f"/verify?number={old_number}")
    assert f"{old_number}은(는) 2026. 2. 15. {number}(으)로 대체되었습니다." in page.text
    assert f"/verify?number={number}" in page.text


async def test_a_withdrawn_pack_stops_costing_that_day_and_can_be_received(serving, signed_in) -> None:
    serving.at("2026-02-15T12:00:00+09:00")
    operator, tester, tenant = [await signed_in(name) for name in ("operator", "tester", "tenant")]
    path, wish = f"/api/v1/packs/{serving.pack_id}/withdrawal", {"reason": "정기 재검사"}

    problem(await tester.post(path, json=wish), 403, "shared.role-not-enough")
    assert f"/packs/{serving.pack_id}/withdrawal" in (await operator.get(f"/packs/{serving.pack_id}")).text
    answer = await operator.post(path, json=wish)
    assert answer.status_code == 201, answer.text
    assert answer.json()["contract_id"] == str(serving.contract_id)
    problem(await operator.post(path, json=wish), 404, "subscription.assignment-unknown")

    state, told = await serving.history()
    assert (state, told[-1][0], told[-1][1]["reason"]) == (PackState.SECOND_LIFE, "withdrawn_from_use", "정기 재검사")
    assert await serving.days("2026-02") == [(serving.certificate["number"], 13)]
    assert (await operator.get(f"/api/v1/packs/{serving.pack_id}")).json()["pack"]["in_contract"] is False
    for client, page in (
        (operator, f"/packs/{serving.pack_id}"),
        (tenant, "/contract"),
        (tenant, f"/contracts/11/{serving.contract_id}"),
    ):
        answer = await client.get(page)
        checked(answer)
        assert serving.certificate["number"] in answer.text, page
    assert await receive(tester, serving.pack_id)
    problem(await operator.post(f"/api/v1/packs/{UUID(int=404)}/withdrawal", json=wish), 404, "passport.pack-unknown")


async def test_a_re_inspection_that_fails_suspends_the_standing_certificate_at_once_by_rule(
    serving, signed_in, client
) -> None:
    serving.at("2026-02-15T12:00:00+09:00")
    tester = await signed_in("tester")
    again = await receive(tester, serving.pack_id)
    await test_everything(tester, again)
    leak = {
        "measurements": [{"test_id": "T02", "quantity": "leak", "value": True}],
        "equipment": "육안",
        "ambient_c": "25",
    }
    assert (await tester.post(f"/api/v1/receptions/{again}/measurements", json=leak)).status_code == 201
    assert await bits(client, tester, serving) == {Purpose.REVOCATION: False, Purpose.SUSPENSION: False}

    judged = await tester.post(f"/api/v1/receptions/{again}/judgement")

    assert judged.json()["disposition"] == "quarantine", judged.text
    number = serving.certificate["number"]
    shown = (await client.get(f"/api/v1/certificates/by-number/{number}")).json()
    assert (shown["status"], shown["valid"]) == ("suspended", False)
    assert "R-2026-000002" in shown["reason"]
    assert "격리" in shown["reason"]
    assert await bits(client, tester, serving) == {Purpose.REVOCATION: False, Purpose.SUSPENSION: True}
    (assignment,) = await serving.assignments()
    assert assignment.suspended_at is not None
    assert serving.ports.clock.now() - assignment.suspended_at < timedelta(minutes=5)
    state, told = await serving.history()
    assert state is PackState.REJECTED
    assert [(one["certificate"], one["how"]) for kind, one in told if kind == "certificate_ended"] == [
        (number, "suspended")
    ]

    # Judged once more, there is nothing left to suspend; and the tester cannot lift what the rule imposed.
    leak["measurements"][0]["value"] = True
    assert (await tester.post(f"/api/v1/receptions/{again}/measurements", json=leak)).status_code == 201
    assert (await tester.post(f"/api/v1/receptions/{again}/judgement")).status_code == 201
    _, told = await serving.history()
    assert len([kind for kind, _ in told if kind == "certificate_ended"]) == 1
    problem(await tester.post(f"{serving.certificate_path}/reinstatement", json={"reason": WHY}), 403,
            "shared.role-not-enough")  # fmt: skip
    reviewer = await confirm(await signed_in("reviewer"))
    lifted = await reviewer.post(f"{serving.certificate_path}/reinstatement", json={"reason": WHY})
    assert lifted.json()["status"] == "valid", lifted.text


async def test_a_re_inspection_that_holds_suspends_until_a_new_certificate_takes_its_place(serving, signed_in) -> None:
    serving.at("2026-02-15T12:00:00+09:00")
    tester = await signed_in("tester")
    again = await receive(tester, serving.pack_id)
    part = {
        "measurements": [{"test_id": "T02", "quantity": "leak", "value": False}],
        "equipment": "육안",
        "ambient_c": "25",
    }
    assert (await tester.post(f"/api/v1/receptions/{again}/measurements", json=part)).status_code == 201
    held = await tester.post(f"/api/v1/receptions/{again}/judgement")
    assert held.json()["disposition"] == "hold_review"
    (assignment,) = await serving.assignments()
    assert assignment.suspended_at is not None

    serving.at("2026-02-16T12:00:00+09:00")
    tester, reviewer, approver = [await signed_in(name) for name in ("tester", "reviewer", "approver")]
    await test_everything(tester, again)
    base = f"/api/v1/receptions/{again}"
    for one, step in ((tester, "judgement"), (reviewer, "review"), (approver, "approval"), (approver, "issue")):
        if step != "judgement":
            await confirm(one)
        answer = await one.post(f"{base}/{step}")
        assert answer.status_code == 201, answer.text

    state, told = await serving.history()
    assert state is PackState.IN_SERVICE
    assert [one["how"] for kind, one in told if kind == "certificate_ended"] == ["suspended", "superseded"]
    assert (await serving.assignments())[-1].state.value == "in_service"
