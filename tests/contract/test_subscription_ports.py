from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.shared import PostgresNumbers
from adapters.postgres.subscription import PostgresAssignments, PostgresContracts, PostgresPlans
from adapters.postgres.tables.subscription import AssignmentRow, PlanVersionRow
from domain.shared.actor import Role
from domain.shared.identifiers import AssignmentId, ContractId, PackId, PlanId, SiteId, SlotId, TenantId
from domain.subscription.errors import ContractMoved, ContractUnknown, PackAssigned, PlanMoved, PlanUnknown
from domain.subscription.model import AssignmentState, CapacitySlot, ContractState
from domain.subscription.ports import SubscriptionWork
from domain.subscription.usecases import (
    AssignPack,
    PublishPlan,
    SignContract,
    assign_pack,
    publish_plan,
    sign_contract,
)
from tests.fakes.subscription import MemorySubscriptionWork
from tests.fakes.system import CountedIds, FixedClock, someone
from tests.unit.subscription.samples import (
    COMPONENTS,
    CONTRACT,
    NEW_YEAR,
    PACK,
    TENANT,
    assignment,
    certificate,
    contract,
    plan,
)

OTHER_TENANT = TenantId(8)
OPERATOR = someone(Role.OPERATOR, tenant_id=2)


class PostgresSubscription:
    """The subscription ports on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.plans = PostgresPlans(connection)
        self.contracts = PostgresContracts(connection)
        self.assignments = PostgresAssignments(connection)
        self.numbers = PostgresNumbers(connection)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> AsyncEngine | None:
    """The pool to run on, or None for the fake."""
    if request.param == "memory":
        return None
    engine: AsyncEngine = request.getfixturevalue("engine")
    return engine


@pytest.fixture
async def work(store: AsyncEngine | None) -> AsyncIterator[SubscriptionWork]:
    if store is None:
        yield MemorySubscriptionWork()
        return
    async with store.connect() as connection:
        yield PostgresSubscription(connection)


async def test_a_plan_comes_back_as_it_was_published(work: SubscriptionWork) -> None:
    await work.plans.add(plan())

    assert await work.plans.one(plan().plan_id) == plan()
    assert await work.plans.latest("reuse-standard") == plan()
    assert await work.plans.latest("unheard-of") is None


async def test_a_version_is_published_once(work: SubscriptionWork) -> None:
    await work.plans.add(plan())

    with pytest.raises(PlanMoved):
        await work.plans.add(replace(plan(), plan_id=PlanId(UUID(int=21))))

    assert await work.plans.page(after=None, limit=10) == (plan(),)


async def test_plans_are_paged_newest_first(work: SubscriptionWork) -> None:
    second = replace(plan(), plan_id=PlanId(UUID(int=21)), version=2, components=COMPONENTS[:1])
    await work.plans.add(plan())
    await work.plans.add(second)

    assert await work.plans.latest("reuse-standard") == second
    assert await work.plans.page(after=None, limit=1) == (second,)
    assert await work.plans.page(after=second.plan_id, limit=10) == (plan(),)


async def test_an_unknown_plan_is_named(work: SubscriptionWork) -> None:
    with pytest.raises(PlanUnknown) as caught:
        await work.plans.one(PlanId(UUID(int=404)))

    assert caught.value.facts == {"plan": str(UUID(int=404))}


async def test_a_contract_comes_back_with_all_its_slots(work: SubscriptionWork) -> None:
    second = CapacitySlot(slot_id=SlotId(UUID(int=15)), contract_id=CONTRACT, promised_wh=1, promised_w=2)
    signed = replace(contract(), slots=(*contract().slots, second))
    await work.contracts.add(signed)

    assert await work.contracts.one(TENANT, CONTRACT) == signed


async def test_another_tenants_contract_is_unknown(work: SubscriptionWork) -> None:
    await work.contracts.add(contract())

    with pytest.raises(ContractUnknown):
        await work.contracts.one(OTHER_TENANT, CONTRACT)


async def test_contracts_are_paged_by_tenant_and_for_all(work: SubscriptionWork) -> None:
    later = ContractId(UUID(int=14))
    theirs = replace(
        contract(tenant_id=OTHER_TENANT),
        contract_id=later,
        slots=(CapacitySlot(slot_id=SlotId(UUID(int=16)), contract_id=later, promised_wh=5, promised_w=6),),
    )
    await work.contracts.add(contract())
    await work.contracts.add(theirs)

    assert await work.contracts.page(tenant_id=None, after=None, limit=10) == (theirs, contract())
    assert await work.contracts.page(tenant_id=TENANT, after=None, limit=10) == (contract(),)
    assert await work.contracts.page(tenant_id=None, after=later, limit=10) == (contract(),)
    assert await work.contracts.page(tenant_id=None, after=None, limit=1) == (theirs,)
    assert await work.contracts.page(tenant_id=TenantId(9), after=None, limit=10) == ()


async def test_a_contracts_state_moves_only_from_where_it_is(work: SubscriptionWork) -> None:
    await work.contracts.add(contract(state=ContractState.SIGNED))

    await work.contracts.move(TENANT, CONTRACT, present=ContractState.SIGNED, wanted=ContractState.ACTIVE)
    with pytest.raises(ContractMoved):
        await work.contracts.move(TENANT, CONTRACT, present=ContractState.SIGNED, wanted=ContractState.ACTIVE)
    with pytest.raises(ContractMoved):
        await work.contracts.move(OTHER_TENANT, CONTRACT, present=ContractState.ACTIVE, wanted=ContractState.ENDED)

    assert (await work.contracts.one(TENANT, CONTRACT)).state is ContractState.ACTIVE


async def test_an_assignment_comes_back_with_its_certificate(work: SubscriptionWork) -> None:
    await work.contracts.add(contract())
    await work.assignments.add(assignment())

    assert await work.assignments.of_contract(TENANT, CONTRACT) == (assignment(),)
    assert await work.assignments.of_pack(TENANT, PACK) == (assignment(),)
    assert await work.assignments.of_pack(OTHER_TENANT, PACK) == ()
    assert await work.assignments.of_contract(OTHER_TENANT, CONTRACT) == ()


async def test_a_pack_has_one_open_assignment(work: SubscriptionWork) -> None:
    await work.contracts.add(contract())
    await work.assignments.add(assignment())

    with pytest.raises(PackAssigned):
        await work.assignments.add(assignment(number=51))
    await work.assignments.add(assignment(number=52, pack_id=PackId(UUID(int=13))))

    assert [one.assignment_id.int for one in await work.assignments.of_contract(TENANT, CONTRACT)] == [50, 52]


async def test_a_removed_pack_may_be_assigned_again(work: SubscriptionWork) -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    await work.contracts.add(contract())
    await work.assignments.add(assignment())
    await work.assignments.remove(TENANT, AssignmentId(UUID(int=50)), at=at)
    await work.assignments.remove(TENANT, AssignmentId(UUID(int=50)), at=datetime(2026, 7, 1, tzinfo=UTC))
    await work.assignments.add(assignment(number=51, starts_at=at))

    first, second = await work.assignments.of_pack(TENANT, PACK)
    assert (first.state, first.ends_at) == (AssignmentState.REMOVED, at)
    assert (second.state, second.ends_at) == (AssignmentState.IN_SERVICE, None)


async def test_the_first_suspension_stands(work: SubscriptionWork) -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    await work.contracts.add(contract())
    await work.assignments.add(assignment())

    await work.assignments.suspend(OTHER_TENANT, AssignmentId(UUID(int=50)), at=at)
    assert (await work.assignments.of_pack(TENANT, PACK))[0].state is AssignmentState.IN_SERVICE
    await work.assignments.suspend(TENANT, AssignmentId(UUID(int=50)), at=at)
    await work.assignments.suspend(TENANT, AssignmentId(UUID(int=50)), at=datetime(2026, 7, 1, tzinfo=UTC))

    one = (await work.assignments.of_pack(TENANT, PACK))[0]
    assert (one.state, one.suspended_at) == (AssignmentState.SUSPENDED, at)


async def test_the_steps_run_on_either_store(work: SubscriptionWork) -> None:
    ids, clock = CountedIds(), FixedClock()
    published = await publish_plan(
        PublishPlan(actor=OPERATOR, code="p", name_ko="요금", name_en="Plan", components=COMPONENTS),
        work=work,
        ids=ids,
        clock=clock,
    )
    wish = SignContract(
        actor=OPERATOR,
        tenant_id=TENANT,
        site_id=SiteId(UUID(int=30)),
        plan_id=published.plan_id,
        contracted_wh=200_000,
        contracted_w=100_000,
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
        payment_terms_days=14,
    )
    signed = await sign_contract(wish, work=work, ids=ids, clock=clock)
    assigning = AssignPack(
        actor=OPERATOR,
        tenant_id=TENANT,
        contract_id=signed.contract_id,
        slot_id=signed.slots[0].slot_id,
        pack_id=PACK,
        from_at=NEW_YEAR,
        certificate=certificate(certified_wh=188_400),
    )
    assigned = await assign_pack(assigning, work=work, ids=ids)

    assert signed.number == "C-2026-000001"
    assert await work.assignments.of_contract(TENANT, signed.contract_id) == (assigned,)
    assert (await work.contracts.one(TENANT, signed.contract_id)).state is ContractState.ACTIVE
    with pytest.raises(PackAssigned):
        await assign_pack(assigning, work=work, ids=ids)


async def test_the_table_refuses_a_removed_assignment_without_an_end(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await PostgresContracts(connection).add(contract())
        await PostgresAssignments(connection).add(assignment())
        with pytest.raises(IntegrityError):
            await connection.execute(AssignmentRow.__table__.update().values(state="removed"))  # type: ignore[attr-defined]


async def test_a_plan_with_a_component_of_no_known_kind_is_not_read(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        row = {
            "plan_id": UUID(int=1),
            "code": "p",
            "version": 1,
            "name_ko": "요금",
            "name_en": "Plan",
            "components": '[{"kind":"surprise"}]',
            "published_at": NEW_YEAR,
        }
        await connection.execute(insert(PlanVersionRow).values(row))

        with pytest.raises(TypeError, match="no known kind"):
            await PostgresPlans(connection).latest("p")
