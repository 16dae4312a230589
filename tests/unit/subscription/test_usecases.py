from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from domain.shared.actor import Role, RoleNotEnough
from domain.shared.identifiers import ContractId, PackId, PlanId, SiteId, SlotId
from domain.subscription.errors import (
    AssignmentEnded,
    AssignmentUnknown,
    CertificateMissing,
    CertificateNotValid,
    ContractStateForbids,
    ContractUnknown,
    OutsideTerm,
    PackAssigned,
    PlanMalformed,
    PlanUnknown,
    SlotUnknown,
)
from domain.subscription.model import AssignmentState, CapacityFee, Contract, ContractState
from domain.subscription.usecases import (
    AssignPack,
    EndContract,
    GoOn,
    PublishPlan,
    RemovePack,
    SignContract,
    SuspendAssignments,
    assign_pack,
    end_contract,
    go_on_under,
    publish_plan,
    remove_pack,
    sign_contract,
    suspend_assignments_of,
)
from tests.fakes.subscription import MemorySubscriptionWork
from tests.fakes.system import CountedIds, FixedClock, someone
from tests.unit.subscription.samples import COMPONENTS, PACK, TENANT, certificate

OPERATOR = someone(Role.OPERATOR, tenant_id=2)
FROM_AT = datetime(2026, 6, 10, tzinfo=UTC)
PUBLISH = PublishPlan(
    actor=OPERATOR, code="reuse-standard", name_ko="재사용 표준", name_en="Reuse standard", components=COMPONENTS
)


class Desk:
    """Work, identifiers and a clock, with the steps that most tests begin with."""

    def __init__(self) -> None:
        self.work = MemorySubscriptionWork()
        self.ids = CountedIds()
        self.clock = FixedClock()

    async def signed(self) -> Contract:
        plan = await publish_plan(PUBLISH, work=self.work, ids=self.ids, clock=self.clock)
        wish = SignContract(
            actor=OPERATOR,
            tenant_id=TENANT,
            site_id=SiteId(UUID(int=30)),
            plan_id=plan.plan_id,
            contracted_wh=200_000,
            contracted_w=100_000,
            starts_on=date(2026, 6, 1),
            ends_on=date(2029, 5, 31),
            payment_terms_days=14,
        )
        return await sign_contract(wish, work=self.work, ids=self.ids, clock=self.clock)

    def assigning(self, contract: Contract) -> AssignPack:
        return AssignPack(
            actor=OPERATOR,
            tenant_id=TENANT,
            contract_id=contract.contract_id,
            slot_id=contract.slots[0].slot_id,
            pack_id=PACK,
            from_at=FROM_AT,
            certificate=certificate(certified_wh=188_400),
        )


async def test_a_plan_is_published_in_versions_and_an_unchanged_one_not_again() -> None:
    desk = Desk()

    first = await publish_plan(PUBLISH, work=desk.work, ids=desk.ids, clock=desk.clock)
    again = await publish_plan(PUBLISH, work=desk.work, ids=desk.ids, clock=desk.clock)
    dearer = replace(PUBLISH, components=(CapacityFee(rate_micro_krw_per_wh_month=9_500_000),))
    second = await publish_plan(dearer, work=desk.work, ids=desk.ids, clock=desk.clock)

    assert again == first
    assert (first.version, second.version) == (1, 2)


async def test_a_plan_without_a_name_is_refused() -> None:
    desk = Desk()

    with pytest.raises(PlanMalformed):
        await publish_plan(replace(PUBLISH, name_ko=" "), work=desk.work, ids=desk.ids, clock=desk.clock)


async def test_only_the_operator_publishes() -> None:
    desk = Desk()

    with pytest.raises(RoleNotEnough):
        await publish_plan(
            replace(PUBLISH, actor=someone(Role.TENANT_ADMIN)), work=desk.work, ids=desk.ids, clock=desk.clock
        )


async def test_a_signed_contract_copies_the_plan_and_promises_its_capacity() -> None:
    desk = Desk()

    contract = await desk.signed()

    assert contract.number == "C-2026-000001"
    assert contract.state is ContractState.SIGNED
    assert contract.plan.components == COMPONENTS
    assert [(slot.promised_wh, slot.promised_w) for slot in contract.slots] == [(200_000, 100_000)]
    assert (await desk.signed()).number == "C-2026-000002"


async def test_a_contract_on_an_unknown_plan_is_refused() -> None:
    desk = Desk()
    wish = SignContract(
        actor=OPERATOR,
        tenant_id=TENANT,
        site_id=SiteId(UUID(int=30)),
        plan_id=PlanId(UUID(int=404)),
        contracted_wh=1,
        contracted_w=1,
        starts_on=date(2026, 6, 1),
        ends_on=date(2026, 6, 1),
        payment_terms_days=0,
    )

    with pytest.raises(PlanUnknown):
        await sign_contract(wish, work=desk.work, ids=desk.ids, clock=desk.clock)


async def test_an_assigned_pack_activates_the_contract_and_records_the_shortfall() -> None:
    desk = Desk()
    contract = await desk.signed()

    assigned = await assign_pack(desk.assigning(contract), work=desk.work, ids=desk.ids)

    assert assigned.shortfall_wh == 11_600
    assert assigned.certificate.number == "KTR-1"
    assert assigned.state is AssignmentState.IN_SERVICE
    assert (await desk.work.contracts.one(TENANT, contract.contract_id)).state is ContractState.ACTIVE


async def test_a_second_pack_lessens_the_shortfall() -> None:
    desk = Desk()
    wish = desk.assigning(await desk.signed())
    await assign_pack(wish, work=desk.work, ids=desk.ids)

    beside = await assign_pack(replace(wish, pack_id=PackId(UUID(int=13))), work=desk.work, ids=desk.ids)

    assert beside.shortfall_wh == 0


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        pytest.param({"certificate": None}, CertificateMissing, id="no certificate"),
        pytest.param({"certificate": certificate(until_on=date(2026, 6, 10))}, CertificateNotValid, id="expired"),
        pytest.param({"certificate": certificate(from_on=date(2026, 6, 11))}, CertificateNotValid, id="not yet valid"),
        pytest.param({"contract_id": ContractId(UUID(int=404))}, ContractUnknown, id="no contract"),
        pytest.param({"tenant_id": 8}, ContractUnknown, id="another tenant's contract"),
        pytest.param({"slot_id": SlotId(UUID(int=404))}, SlotUnknown, id="no slot"),
        pytest.param({"from_at": datetime(2026, 5, 31, 14, 59, tzinfo=UTC)}, OutsideTerm, id="before the term"),
        pytest.param({"from_at": datetime(2029, 5, 31, 15, tzinfo=UTC)}, OutsideTerm, id="after the term"),
        pytest.param({"actor": someone(Role.TENANT_ADMIN)}, RoleNotEnough, id="not the operator"),
    ],
)
async def test_an_assignment_against_the_rules_is_refused_and_leaves_nothing(
    changed: dict[str, object], error: type[Exception]
) -> None:
    desk = Desk()
    contract = await desk.signed()

    with pytest.raises(error):
        await assign_pack(replace(desk.assigning(contract), **changed), work=desk.work, ids=desk.ids)  # type: ignore[arg-type]

    assert await desk.work.assignments.of_contract(TENANT, contract.contract_id) == ()
    assert (await desk.work.contracts.one(TENANT, contract.contract_id)).state is ContractState.SIGNED


async def test_a_pack_serves_one_contract_at_a_time() -> None:
    desk = Desk()
    wish = desk.assigning(await desk.signed())
    await assign_pack(wish, work=desk.work, ids=desk.ids)

    with pytest.raises(PackAssigned):
        await assign_pack(desk.assigning(await desk.signed()), work=desk.work, ids=desk.ids)


async def test_a_removed_pack_may_serve_again_from_its_removal_on() -> None:
    desk = Desk()
    wish = desk.assigning(await desk.signed())
    await assign_pack(wish, work=desk.work, ids=desk.ids)
    leaving = RemovePack(actor=OPERATOR, tenant_id=TENANT, pack_id=PACK, at=datetime(2026, 7, 1, tzinfo=UTC))

    removed = await remove_pack(leaving, work=desk.work)
    again = await assign_pack(replace(wish, from_at=leaving.at), work=desk.work, ids=desk.ids)

    assert (removed.state, removed.ends_at) == (AssignmentState.REMOVED, leaving.at)
    assert again.starts_at == leaving.at
    assert len(await desk.work.assignments.of_pack(TENANT, PACK)) == 2


async def test_a_pack_may_not_come_back_before_it_left() -> None:
    desk = Desk()
    wish = desk.assigning(await desk.signed())
    await assign_pack(wish, work=desk.work, ids=desk.ids)
    at = datetime(2026, 7, 1, tzinfo=UTC)
    await remove_pack(RemovePack(actor=OPERATOR, tenant_id=TENANT, pack_id=PACK, at=at), work=desk.work)

    with pytest.raises(PackAssigned):
        await assign_pack(replace(wish, from_at=datetime(2026, 6, 20, tzinfo=UTC)), work=desk.work, ids=desk.ids)


async def test_a_pack_that_serves_nobody_cannot_be_removed() -> None:
    desk = Desk()

    with pytest.raises(AssignmentUnknown):
        await remove_pack(RemovePack(actor=OPERATOR, tenant_id=TENANT, pack_id=PACK, at=FROM_AT), work=desk.work)


async def test_an_assignment_cannot_end_before_it_begins() -> None:
    desk = Desk()
    await assign_pack(desk.assigning(await desk.signed()), work=desk.work, ids=desk.ids)

    with pytest.raises(AssignmentEnded):
        await remove_pack(RemovePack(actor=OPERATOR, tenant_id=TENANT, pack_id=PACK, at=FROM_AT), work=desk.work)


async def test_suspending_a_pack_stops_its_assignment_once() -> None:
    desk = Desk()
    await assign_pack(desk.assigning(await desk.signed()), work=desk.work, ids=desk.ids)
    at = datetime(2026, 8, 1, tzinfo=UTC)
    wish = SuspendAssignments(actor=someone(Role.SYSTEM), tenant_id=TENANT, pack_id=PACK, at=at)

    suspended = await suspend_assignments_of(wish, work=desk.work)
    again = await suspend_assignments_of(wish, work=desk.work)

    assert [(one.state, one.suspended_at) for one in suspended] == [(AssignmentState.SUSPENDED, at)]
    assert again == ()
    assert (await desk.work.assignments.of_pack(TENANT, PACK)) == suspended


async def test_a_suspension_reported_before_the_start_takes_effect_at_the_start() -> None:
    desk = Desk()
    await assign_pack(desk.assigning(await desk.signed()), work=desk.work, ids=desk.ids)
    wish = SuspendAssignments(actor=OPERATOR, tenant_id=TENANT, pack_id=PACK, at=datetime(2026, 6, 1, tzinfo=UTC))

    suspended = await suspend_assignments_of(wish, work=desk.work)

    assert suspended[0].suspended_at == FROM_AT


async def test_what_a_pack_serves_goes_on_under_a_new_certificate_without_a_gap() -> None:
    desk = Desk()
    await assign_pack(desk.assigning(await desk.signed()), work=desk.work, ids=desk.ids)
    at = datetime(2026, 8, 1, 3, tzinfo=UTC)
    wish = GoOn(actor=OPERATOR, tenant_id=TENANT, pack_id=PACK, at=at, certificate=certificate(certified_wh=150_000))

    (gone_on,) = await go_on_under(wish, work=desk.work, ids=desk.ids)
    again = await go_on_under(wish, work=desk.work, ids=desk.ids)

    before, after = await desk.work.assignments.of_pack(TENANT, PACK)
    assert again == ()
    assert after == gone_on
    assert (before.state, before.ends_at, after.starts_at, after.ends_at) == (AssignmentState.REMOVED, at, at, None)
    assert (after.certificate.certified_wh, after.shortfall_wh, after.reason) == (150_000, 50_000, before.reason)


async def test_a_suspended_assignment_goes_on_as_one_in_service_and_the_old_one_stays_suspended() -> None:
    desk = Desk()
    await assign_pack(desk.assigning(await desk.signed()), work=desk.work, ids=desk.ids)
    stopped, at = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
    suspend = SuspendAssignments(actor=OPERATOR, tenant_id=TENANT, pack_id=PACK, at=stopped)
    await suspend_assignments_of(suspend, work=desk.work)
    wish = GoOn(actor=OPERATOR, tenant_id=TENANT, pack_id=PACK, at=at, certificate=certificate(certified_wh=188_400))

    await go_on_under(wish, work=desk.work, ids=desk.ids)

    before, after = await desk.work.assignments.of_pack(TENANT, PACK)
    assert (before.suspended_at, before.ends_at) == (stopped, at)
    assert (after.state, after.suspended_at) == (AssignmentState.IN_SERVICE, None)


async def test_nothing_goes_on_beyond_the_term_or_under_a_certificate_that_does_not_hold() -> None:
    desk = Desk()
    await assign_pack(desk.assigning(await desk.signed()), work=desk.work, ids=desk.ids)
    facts = replace(certificate(certified_wh=188_400), valid_until_at=datetime(2035, 1, 1, tzinfo=UTC))
    late = GoOn(
        actor=OPERATOR, tenant_id=TENANT, pack_id=PACK, at=datetime(2029, 6, 1, 3, tzinfo=UTC), certificate=facts
    )

    assert await go_on_under(late, work=desk.work, ids=desk.ids) == ()
    with pytest.raises(CertificateNotValid):
        await go_on_under(replace(late, at=datetime(2035, 6, 1, tzinfo=UTC)), work=desk.work, ids=desk.ids)
    with pytest.raises(RoleNotEnough):
        await go_on_under(replace(late, actor=someone(Role.TESTER)), work=desk.work, ids=desk.ids)


async def test_a_contract_ends_only_without_packs_and_only_once() -> None:
    desk = Desk()
    contract = await desk.signed()
    await assign_pack(desk.assigning(contract), work=desk.work, ids=desk.ids)
    wish = EndContract(actor=OPERATOR, tenant_id=TENANT, contract_id=contract.contract_id)

    with pytest.raises(PackAssigned):
        await end_contract(wish, work=desk.work)
    at = datetime(2026, 7, 1, tzinfo=UTC)
    await remove_pack(RemovePack(actor=OPERATOR, tenant_id=TENANT, pack_id=PACK, at=at), work=desk.work)
    ended = await end_contract(wish, work=desk.work)
    with pytest.raises(ContractStateForbids):
        await end_contract(wish, work=desk.work)

    assert ended.state is ContractState.ENDED
    with pytest.raises(ContractStateForbids):
        await assign_pack(replace(desk.assigning(contract), from_at=at), work=desk.work, ids=desk.ids)
