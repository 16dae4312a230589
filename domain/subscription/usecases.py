"""Steps over plans, contracts and assignments; each takes part in a transaction that a journey owns."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from domain.shared.actor import Actor, Role
from domain.shared.identifiers import AssignmentId, ContractId, Ids, PackId, PlanId, SiteId, SlotId, TenantId
from domain.shared.time import Clock, seoul_day
from domain.subscription import terms
from domain.subscription.errors import (
    AssignmentEnded,
    AssignmentUnknown,
    ContractStateForbids,
    OutsideTerm,
    PackAssigned,
    PlanMalformed,
    SlotUnknown,
)
from domain.subscription.model import (
    Assignment,
    AssignmentReason,
    AssignmentState,
    CapacitySlot,
    CertificateFacts,
    Component,
    Contract,
    ContractState,
    PlanVersion,
)
from domain.subscription.ports import SubscriptionWork

CONTRACT_SERIES = "contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishPlan:
    """A plan as the operator words it."""

    actor: Actor
    code: str
    name_ko: str
    name_en: str
    components: tuple[Component, ...]


async def publish_plan(wish: PublishPlan, *, work: SubscriptionWork, ids: Ids, clock: Clock) -> PlanVersion:
    """Publish the next version of a plan; one that changes nothing returns the version in force.

    Raises:
        PlanMalformed: the words or components make no plan.
        PlanMoved: somebody published this version meanwhile.
    """
    wish.actor.require(Role.OPERATOR)
    if not all(text.strip() for text in (wish.code, wish.name_ko, wish.name_en)):
        raise PlanMalformed(wrong="an empty code or name")
    components = terms.checked_components(wish.components)
    latest = await work.plans.latest(wish.code)
    if latest is not None and (latest.name_ko, latest.name_en, latest.components) == (
        wish.name_ko,
        wish.name_en,
        components,
    ):
        return latest
    plan = PlanVersion(
        plan_id=PlanId(ids.new()),
        code=wish.code,
        version=1 if latest is None else latest.version + 1,
        name_ko=wish.name_ko,
        name_en=wish.name_en,
        components=components,
        published_at=clock.now(),
    )
    await work.plans.add(plan)
    return plan


@dataclass(frozen=True, slots=True, kw_only=True)
class SignContract:
    """What the tenant and the operator agreed on; `ends_on` is the last day of the term."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    plan_id: PlanId
    contracted_wh: int
    contracted_w: int
    starts_on: date
    ends_on: date
    payment_terms_days: int


async def sign_contract(wish: SignContract, *, work: SubscriptionWork, ids: Ids, clock: Clock) -> Contract:
    """Sign a contract: number it, copy the plan into it and make its capacity slot.

    Contracts are numbered in the operator's own series, by the Seoul year of signing. Whether the site is the
    tenant's is for the journey to ask.

    Raises:
        ContractMalformed: the terms make no contract.
        PlanUnknown: no such plan is published.
    """
    wish.actor.require(Role.OPERATOR)
    terms.check_terms(
        contracted_wh=wish.contracted_wh,
        contracted_w=wish.contracted_w,
        starts_on=wish.starts_on,
        ends_on=wish.ends_on,
        payment_terms_days=wish.payment_terms_days,
    )
    plan = await work.plans.one(wish.plan_id)
    now = clock.now()
    year = seoul_day(now).year
    counted = await work.numbers.next(tenant_id=wish.actor.tenant_id, series=CONTRACT_SERIES, year=year)
    contract_id = ContractId(ids.new())
    contract = Contract(
        contract_id=contract_id,
        number=f"C-{year}-{counted:06d}",
        tenant_id=wish.tenant_id,
        site_id=wish.site_id,
        plan=plan,
        contracted_wh=wish.contracted_wh,
        contracted_w=wish.contracted_w,
        starts_on=wish.starts_on,
        ends_on=wish.ends_on,
        payment_terms_days=wish.payment_terms_days,
        signed_at=now,
        state=ContractState.SIGNED,
        slots=(
            CapacitySlot(
                slot_id=SlotId(ids.new()),
                contract_id=contract_id,
                promised_wh=wish.contracted_wh,
                promised_w=wish.contracted_w,
            ),
        ),
    )
    await work.contracts.add(contract)
    return contract


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignPack:
    """Which pack shall serve which slot from when, and what its certificate says (None: it has none)."""

    actor: Actor
    tenant_id: TenantId
    contract_id: ContractId
    slot_id: SlotId
    pack_id: PackId
    from_at: datetime
    certificate: CertificateFacts | None
    reason: AssignmentReason = AssignmentReason.INITIAL


async def assign_pack(wish: AssignPack, *, work: SubscriptionWork, ids: Ids) -> Assignment:
    """Assign a certified pack to a capacity slot; the first one makes the contract active.

    Whether the pack serves another tenant is decided on the pack's own row, which the journey takes in the same
    transaction; here it is refused when this tenant's assignments already hold it.

    Raises:
        CertificateMissing: the pack has no certificate.
        CertificateNotValid: the certificate does not hold at `from_at`.
        ContractUnknown: there is no such contract of this tenant.
        SlotUnknown: the contract has no such slot.
        ContractStateForbids: the contract has ended.
        OutsideTerm: `from_at` lies outside the contract's term.
        PackAssigned: the pack already serves a contract.
    """
    wish.actor.require(Role.OPERATOR)
    contract = await work.contracts.one(wish.tenant_id, wish.contract_id)
    slot = next((one for one in contract.slots if one.slot_id == wish.slot_id), None)
    if slot is None:
        raise SlotUnknown(contract=contract.number)
    if contract.state not in (ContractState.SIGNED, ContractState.ACTIVE):
        raise ContractStateForbids(state=contract.state, wanted=ContractState.ACTIVE)
    if not contract.runs_at(wish.from_at):
        raise OutsideTerm(starts_on=contract.starts_on.isoformat(), ends_on=contract.ends_on.isoformat())
    certificate = terms.certificate_in_force(wish.certificate, at=wish.from_at)
    former = await work.assignments.of_pack(wish.tenant_id, wish.pack_id)
    if any(one.ends_at is None or one.ends_at > wish.from_at for one in former):
        raise PackAssigned()
    beside = terms.serving_at(await work.assignments.of_contract(wish.tenant_id, wish.contract_id), wish.from_at)
    certified_wh = [one.certificate.certified_wh for one in beside if one.slot_id == slot.slot_id]
    assignment = Assignment(
        assignment_id=AssignmentId(ids.new()),
        tenant_id=wish.tenant_id,
        contract_id=contract.contract_id,
        slot_id=slot.slot_id,
        pack_id=wish.pack_id,
        starts_at=wish.from_at,
        ends_at=None,
        certificate=certificate,
        shortfall_wh=terms.shortfall_wh(
            promised_wh=slot.promised_wh, certified_wh=[*certified_wh, certificate.certified_wh]
        ),
        reason=wish.reason,
        state=AssignmentState.IN_SERVICE,
        suspended_at=None,
    )
    await work.assignments.add(assignment)
    if contract.state is ContractState.SIGNED:
        await work.contracts.move(
            wish.tenant_id, contract.contract_id, present=ContractState.SIGNED, wanted=ContractState.ACTIVE
        )
    return assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendAssignments:
    """A pack must stop serving its holder at an instant: recall, safety trip, certificate withdrawn."""

    actor: Actor
    tenant_id: TenantId
    pack_id: PackId
    at: datetime


async def suspend_assignments_of(wish: SuspendAssignments, *, work: SubscriptionWork) -> tuple[Assignment, ...]:
    """Suspend what a pack serves at an instant, and return what was suspended now; the fee stops with it.

    Asked again, nothing is left to suspend.
    """
    wish.actor.require(Role.OPERATOR, Role.APPROVER, Role.SYSTEM)
    suspended: list[Assignment] = []
    for one in await work.assignments.of_pack(wish.tenant_id, wish.pack_id):
        open_then = one.ends_at is None or one.ends_at > wish.at
        if one.state is AssignmentState.IN_SERVICE and open_then:
            at = max(wish.at, one.starts_at)
            await work.assignments.suspend(wish.tenant_id, one.assignment_id, at=at)
            suspended.append(replace(one, state=AssignmentState.SUSPENDED, suspended_at=at))
    return tuple(suspended)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn:
    """What a pack serves shall go on from an instant under a certificate that holds: a new one, or one reinstated."""

    actor: Actor
    tenant_id: TenantId
    pack_id: PackId
    at: datetime
    certificate: CertificateFacts


async def go_on_under(wish: GoOn, *, work: SubscriptionWork, ids: Ids) -> tuple[Assignment, ...]:
    """Let the open assignment of a pack go on under a certificate, and return what serves from now on.

    The old assignment ends and one in the same slot, for the same reason, follows it without a gap: each keeps the
    certificate it served under, and days without one are charged under neither. What lies outside the contract's
    term stays as it is.

    Raises:
        CertificateNotValid: the certificate does not hold at that instant.
    """
    wish.actor.require(Role.OPERATOR, Role.REVIEWER, Role.APPROVER, Role.SYSTEM)
    certificate = terms.certificate_in_force(wish.certificate, at=wish.at)
    gone_on: list[Assignment] = []
    for one in await work.assignments.of_pack(wish.tenant_id, wish.pack_id):
        if one.ends_at is not None or one.starts_at >= wish.at:
            continue
        contract = await work.contracts.one(wish.tenant_id, one.contract_id)
        if contract.state is not ContractState.ACTIVE or not contract.runs_at(wish.at):
            continue
        slot = next(slot for slot in contract.slots if slot.slot_id == one.slot_id)
        serving = terms.serving_at(await work.assignments.of_contract(wish.tenant_id, one.contract_id), wish.at)
        beside = [
            other.certificate.certified_wh
            for other in serving
            if other.slot_id == slot.slot_id and other.assignment_id != one.assignment_id
        ]
        await work.assignments.remove(wish.tenant_id, one.assignment_id, at=wish.at)
        following = replace(
            one,
            assignment_id=AssignmentId(ids.new()),
            starts_at=wish.at,
            certificate=certificate,
            shortfall_wh=terms.shortfall_wh(
                promised_wh=slot.promised_wh, certified_wh=[*beside, certificate.certified_wh]
            ),
            state=AssignmentState.IN_SERVICE,
            suspended_at=None,
        )
        await work.assignments.add(following)
        gone_on.append(following)
    return tuple(gone_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeAssignment:
    """A pack whose service was suspended may serve again from an instant on, under the certificate it has now."""

    actor: Actor
    tenant_id: TenantId
    pack_id: PackId
    at: datetime
    certificate: CertificateFacts | None


async def resume_assignment_of(wish: ResumeAssignment, *, work: SubscriptionWork, ids: Ids) -> Assignment | None:
    """End the suspended assignment of a pack and begin a new one of the same slot; None if nothing is suspended.

    What was suspended stays as it was, so that the days between the two are never charged.

    Raises:
        CertificateMissing: the pack has no certificate.
        CertificateNotValid: the certificate does not hold at the instant.
    """
    wish.actor.require(Role.OPERATOR, Role.APPROVER, Role.SYSTEM)
    held = await work.assignments.of_pack(wish.tenant_id, wish.pack_id)
    suspended = next((one for one in held if one.ends_at is None and one.state is AssignmentState.SUSPENDED), None)
    if suspended is None:
        return None
    certificate = terms.certificate_in_force(wish.certificate, at=wish.at)
    contract = await work.contracts.one(wish.tenant_id, suspended.contract_id)
    if contract.state is not ContractState.ACTIVE or not contract.runs_at(wish.at):
        return None
    slot = next(one for one in contract.slots if one.slot_id == suspended.slot_id)
    await work.assignments.remove(wish.tenant_id, suspended.assignment_id, at=max(wish.at, suspended.starts_at))
    beside = terms.serving_at(await work.assignments.of_contract(wish.tenant_id, contract.contract_id), wish.at)
    certified_wh = [one.certificate.certified_wh for one in beside if one.slot_id == slot.slot_id]
    resumed = replace(
        suspended,
        assignment_id=AssignmentId(ids.new()),
        starts_at=wish.at,
        ends_at=None,
        certificate=certificate,
        shortfall_wh=terms.shortfall_wh(
            promised_wh=slot.promised_wh, certified_wh=[*certified_wh, certificate.certified_wh]
        ),
        state=AssignmentState.IN_SERVICE,
        suspended_at=None,
    )
    await work.assignments.add(resumed)
    return resumed


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovePack:
    """A pack leaves its slot at an instant."""

    actor: Actor
    tenant_id: TenantId
    pack_id: PackId
    at: datetime


async def remove_pack(wish: RemovePack, *, work: SubscriptionWork) -> Assignment:
    """End the open assignment of a pack; the day of removal is no longer charged for it.

    Raises:
        AssignmentUnknown: the pack has no open assignment with this tenant.
        AssignmentEnded: it would end before it begins.
    """
    wish.actor.require(Role.OPERATOR)
    held = await work.assignments.of_pack(wish.tenant_id, wish.pack_id)
    current = next((one for one in held if one.ends_at is None), None)
    if current is None:
        raise AssignmentUnknown()
    if wish.at <= current.starts_at:
        raise AssignmentEnded()
    await work.assignments.remove(wish.tenant_id, current.assignment_id, at=wish.at)
    return replace(current, state=AssignmentState.REMOVED, ends_at=wish.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndContract:
    """A contract is over."""

    actor: Actor
    tenant_id: TenantId
    contract_id: ContractId


async def end_contract(wish: EndContract, *, work: SubscriptionWork) -> Contract:
    """End a contract whose packs have all been removed.

    Raises:
        ContractUnknown: there is no such contract of this tenant.
        ContractStateForbids: it has ended already.
        PackAssigned: a pack still serves it.
    """
    wish.actor.require(Role.OPERATOR)
    contract = await work.contracts.one(wish.tenant_id, wish.contract_id)
    terms.check_step(contract.state, ContractState.ENDED)
    assignments = await work.assignments.of_contract(wish.tenant_id, wish.contract_id)
    if any(one.ends_at is None for one in assignments):
        raise PackAssigned()
    await work.contracts.move(wish.tenant_id, wish.contract_id, present=contract.state, wanted=ContractState.ENDED)
    return replace(contract, state=ContractState.ENDED)
