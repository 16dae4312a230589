"""What is not measured: estimates proposed and decided, corrections with a reason, revisions of frozen months."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.exceptions import ValidationException
from litestar.params import FromPath, JSONBody

from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import INT4_MAX, Day, In, Instant, MonthPath, MonthText, Out, TenantQuery
from domain.journeys import vetting
from domain.journeys.frozen_months import FrozenMonth, frozen_month
from domain.metering import estimating
from domain.metering.estimating import UsageDifference
from domain.metering.model import MonthUsage, Quantity, ReadingEstimate, ReadingEstimateId, RevisionReason
from domain.shared.identifiers import ContractId, SiteId, TenantId
from domain.shared.time import Month

Slot = Annotated[int, msgspec.Meta(ge=0, le=95, description="A slot of the day, from 0.")]
SlotWh = Annotated[int, msgspec.Meta(ge=0, le=INT4_MAX, description="Wh.")]


USAGE_WH = tuple(name for name in MonthUsage.__dataclass_fields__ if name.endswith("_wh"))
"""The energies of a frozen month."""

CorrectionReason = Literal["resend", "manual", "vee", "meter-swap"]
"""Why somebody corrects; the other reasons are the program's own."""


class EstimateOut(Out):
    """Values that a rule proposes for a channel's day; nothing counts until it is accepted.

    With a `finding_id` they are for the slots of that finding and, accepted, correct values that it doubts.
    """

    estimate_id: UUID
    finding_id: UUID | None
    channel: int
    day: Day
    rule: str
    basis: str
    state: str
    slots: dict[str, int]
    proposed_by: str
    proposed_at: Instant
    decided_by: str | None
    decided_at: Instant | None


class DecisionIn(In):
    """Whether an estimate is accepted."""

    accept: bool


class ChangeIn(In):
    """Another value for one filled slot."""

    slot: Slot
    wh: SlotWh


class CorrectionIn(In):
    """Other values for filled slots of one day, and why."""

    quantity: Quantity
    day: Day
    changes: Annotated[list[ChangeIn], msgspec.Meta(min_length=1, max_length=96)]
    reason: CorrectionReason


class CorrectionOut(Out):
    """The revision that holds the corrected day."""

    channel: int
    day: Day
    revision: int
    reason: str
    recorded_at: Instant


class RevisionIn(In):
    """Whose frozen month is revised."""

    contract_id: UUID


class DifferenceOut(Out):
    """What a revision of a frozen month changed, after less before; the frozen figures stay as they were."""

    month: MonthText
    revision: int
    revised_at: Instant
    frozen_at: Instant
    changes_wh: dict[str, int]
    readings_sha256: str


class RevisionOut(Out):
    """One revision of a frozen month, with the figures that a difference is told of; `0` is what was billed."""

    revision: int
    frozen_at: Instant
    readings_sha256: str
    completeness_ppm: int
    usage_wh: dict[str, int]


class ChannelChangeOut(Out):
    """By how much a channel's energy of the month differs; Wh."""

    channel: int
    wh: int


class DatedDifferenceOut(DifferenceOut):
    """What a revision changed, figure by figure and channel by channel.

    `amount_krw` is by how much the lines before tax would differ by the contract as it was billed; null where the
    contract is not at hand. Nothing is billed by it.
    """

    channels: list[ChannelChangeOut]
    amount_krw: int | None


class FrozenMonthOut(Out):
    """A contract's frozen month; `dirty` says that readings changed since its last revision."""

    contract_id: UUID
    contract_number: str | None
    month: MonthText
    dirty: bool
    revisions: list[RevisionOut]
    differences: list[DatedDifferenceOut]


def frozen_out(found: FrozenMonth, month: Month) -> FrozenMonthOut:
    """Say a frozen month in the API's words."""
    return FrozenMonthOut(
        contract_id=found.frozen.contract_id,
        contract_number=found.number,
        month=str(month),
        dirty=found.frozen.is_dirty,
        revisions=[
            RevisionOut(
                revision=one.revision,
                frozen_at=one.frozen_at,
                readings_sha256=one.readings_sha256,
                completeness_ppm=one.usage.completeness_ppm,
                usage_wh={name: getattr(one.usage, name) for name in USAGE_WH},
            )
            for one in found.frozen.revisions
        ],
        differences=[
            DatedDifferenceOut(
                **msgspec.structs.asdict(difference_out(one.changed.difference)),
                channels=[
                    ChannelChangeOut(channel=number, wh=wh) for number, wh in sorted(one.changed.channels_wh.items())
                ],
                amount_krw=one.amount_krw,
            )
            for one in found.differences
        ],
    )


def estimate_out(found: ReadingEstimate) -> EstimateOut:
    """Say an estimate in the API's words."""
    return EstimateOut(
        estimate_id=found.estimate_id,
        finding_id=found.finding_id,
        channel=found.channel_id,
        day=found.day,
        rule=found.rule.value,
        basis=found.basis,
        state=found.state.value,
        slots={str(slot): value for slot, value in enumerate(found.values) if value is not None},
        proposed_by=found.proposed_by,
        proposed_at=found.proposed_at,
        decided_by=found.decided_by,
        decided_at=found.decided_at,
    )


def difference_out(found: UsageDifference) -> DifferenceOut:
    """Say a difference in the API's words."""
    return DifferenceOut(
        month=str(found.after.usage.month),
        revision=found.after.revision,
        revised_at=found.after.frozen_at,
        frozen_at=found.before.frozen_at,
        changes_wh=dict(found.changes_wh),
        readings_sha256=found.after.readings_sha256,
    )


class EstimatesController(Controller):
    """Estimates, corrections and revisions of a site."""

    path = "/api/v1/sites/{site_id:uuid}"
    tags = ("Sites",)

    @post(
        "/months/{month:str}/estimates",
        operation_id="ProposeEstimates",
        summary="Propose values for a month's missing slots",
        description="Gaps up to two hours are drawn straight, longer ones take a like day; a storage's long gaps stay.",
        responses=PROBLEMS,
    )
    async def propose_estimates(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> list[EstimateOut]:
        """Propose estimates; nothing counts until it is accepted."""
        async with ports.unit(actor) as work:
            found = await estimating.propose_estimates(
                estimating.ProposeEstimates(
                    actor=actor,
                    tenant_id=TenantId(tenant_id or actor.tenant_id),
                    site_id=SiteId(site_id),
                    month=Month.parse(month),
                ),
                work=work,
                ids=ports.ids,
                clock=ports.clock,
            )
            await work.commit()
        return [estimate_out(one) for one in found]

    @get(
        "/months/{month:str}/estimates",
        operation_id="ListEstimates",
        summary="List a month's estimates",
        responses=PROBLEMS,
    )
    async def list_estimates(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> list[EstimateOut]:
        """List estimates, newest first."""
        async with ports.unit(actor) as work:
            found = await estimating.list_estimates(
                actor,
                tenant_id=TenantId(tenant_id or actor.tenant_id),
                site_id=SiteId(site_id),
                month=Month.parse(month),
                work=work,
            )
        return [estimate_out(one) for one in found]

    @post(
        "/estimates/{estimate_id:uuid}/decision",
        operation_id="DecideEstimate",
        summary="Accept or refuse an estimate",
        responses=PROBLEMS,
        status_code=200,
    )
    async def decide_estimate(
        self,
        site_id: FromPath[UUID],
        estimate_id: FromPath[UUID],
        data: JSONBody[DecisionIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> EstimateOut:
        """Decide an estimate once."""
        found = await vetting.decide_estimate(
            estimating.DecideEstimate(
                actor=actor,
                tenant_id=TenantId(tenant_id or actor.tenant_id),
                site_id=SiteId(site_id),
                estimate_id=ReadingEstimateId(estimate_id),
                accept=data.accept,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return estimate_out(found)

    @post(
        "/corrections",
        operation_id="CorrectDay",
        summary="Correct filled slots of a day",
        description="A new revision with its reason; what was known before stays readable with `as_of`.",
        responses=PROBLEMS,
    )
    async def correct_day(
        self,
        site_id: FromPath[UUID],
        data: JSONBody[CorrectionIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> CorrectionOut:
        """Correct a day as a new revision."""
        changes = {one.slot: one.wh for one in data.changes}
        if len(changes) != len(data.changes):
            raise ValidationException(extra=[{"key": "changes", "message": "Expected each slot once"}])
        async with ports.unit(actor) as work:
            block = await estimating.correct_day(
                estimating.CorrectDay(
                    actor=actor,
                    tenant_id=TenantId(tenant_id or actor.tenant_id),
                    site_id=SiteId(site_id),
                    quantity=data.quantity,
                    day=data.day,
                    changes=changes,
                    reason=RevisionReason(data.reason),
                ),
                work=work,
                clock=ports.clock,
            )
            await work.commit()
        return CorrectionOut(
            channel=block.channel_id,
            day=block.day,
            revision=block.revision,
            reason=data.reason,
            recorded_at=block.recorded_at,
        )

    @post(
        "/months/{month:str}/revisions",
        operation_id="ReviseMonth",
        summary="Revise a frozen month from its readings of now",
        responses=PROBLEMS,
    )
    async def revise_month(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        data: JSONBody[RevisionIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> DifferenceOut:
        """Add a revision; what was frozen stays."""
        async with ports.unit(actor) as work:
            found = await estimating.revise_month(
                estimating.ReviseMonth(
                    actor=actor,
                    tenant_id=TenantId(tenant_id or actor.tenant_id),
                    site_id=SiteId(site_id),
                    contract_id=ContractId(data.contract_id),
                    month=Month.parse(month),
                ),
                work=work,
                ids=ports.ids,
                clock=ports.clock,
            )
            await work.commit()
        return difference_out(found)

    @get(
        "/months/{month:str}/revisions",
        operation_id="ShowFrozenMonth",
        summary="Show what was frozen of a month, in all its revisions",
        description="Each contract's revisions with their dated differences; `dirty` where one is due. The first "
        "revision is what was billed, and never changes.",
        responses=PROBLEMS,
    )
    async def show_frozen_month(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> list[FrozenMonthOut]:
        """Show revisions and differences, contract by contract; none where the month is not frozen."""
        asked = Month.parse(month)
        found = await frozen_month(
            actor,
            tenant_id=TenantId(tenant_id or actor.tenant_id),
            site_id=SiteId(site_id),
            month=asked,
            unit=ports.unit,
        )
        return [frozen_out(one, asked) for one in found]

    @get(
        "/months/{month:str}/revisions/{contract_id:uuid}",
        operation_id="ListRevisions",
        summary="List what revisions of a frozen month changed",
        responses=PROBLEMS,
    )
    async def list_revisions(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        contract_id: FromPath[UUID],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> list[DifferenceOut]:
        """List differences, oldest first."""
        async with ports.unit(actor) as work:
            found = await estimating.list_revisions(
                actor,
                tenant_id=TenantId(tenant_id or actor.tenant_id),
                site_id=SiteId(site_id),
                contract_id=ContractId(contract_id),
                month=Month.parse(month),
                work=work,
            )
        return [difference_out(one) for one in found]
