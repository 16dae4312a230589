"""What looks wrong in stored days: judged, listed, accepted with a reason, or estimated by a named rule."""

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from app.http.estimates import EstimateOut, estimate_out
from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.reading_back import stretch
from app.http.schemas import Day, In, Instant, MonthPath, MonthText, Out, Sentence, TenantQuery
from domain.journeys import vetting as vetting_journey
from domain.metering import vetting
from domain.metering.model import FindingId, StoredFinding
from domain.metering.validation import FindingKind
from domain.metering.vetting import ShownFinding, Vetted
from domain.shared.actor import Actor
from domain.shared.identifiers import SiteId, TenantId
from domain.shared.time import Month

FromDayQuery = Annotated[date, QueryParameter(name="from", description="The first day in Seoul.")]
UntilDayQuery = Annotated[date, QueryParameter(name="until", description="The day after the last.")]
OpenQuery = Annotated[bool, QueryParameter(name="open", description="Only what is open.")]


class AcceptanceIn(In):
    """Why doubted values stand as they are."""

    reason: Sentence


class FindingOut(Out):
    """Something found in stored days: `slots` slots of the channel's day from `slot` on.

    Without a channel it is of the site's meters together, in quarter hours. `kind` is one of the closed list of
    docs/metering.md; `state` is open, accepted, estimated, or gone when a later judgement did not find it.
    """

    finding_id: UUID
    kind: str
    channel: int | None
    quantity: str | None
    day: Day
    slot: int
    slots: int
    starts_at: Instant
    detail: str
    state: str
    found_at: Instant
    reason: str
    settled_by: str | None
    settled_at: Instant | None


class VettedOut(Out):
    """What judging a month left; `judged` is false where no day of it is over."""

    month: MonthText
    judged: bool
    opened: int
    gone: int
    open: dict[str, int]
    left_out: int


class SettledFindingOut(Out):
    """A finding that was settled."""

    finding_id: UUID
    kind: str
    day: Day
    state: str
    reason: str
    settled_by: str | None
    settled_at: Instant | None


def finding_out(shown: ShownFinding) -> FindingOut:
    """Say a finding in the API's words."""
    one = shown.finding
    return FindingOut(
        finding_id=one.finding_id,
        kind=FindingKind(one.kind).value,
        channel=one.channel_id,
        quantity=None if shown.channel is None else shown.channel.quantity.value,
        day=one.day,
        slot=one.slot,
        slots=one.slots,
        starts_at=shown.starts_at,
        detail=one.detail,
        state=one.state.value,
        found_at=one.found_at,
        reason=one.reason,
        settled_by=one.settled_by,
        settled_at=one.settled_at,
    )


def vetted_out(found: Vetted) -> VettedOut:
    """Say what judging a month left in the API's words."""
    return VettedOut(
        month=str(found.month),
        judged=found.judged,
        opened=found.opened,
        gone=found.gone,
        open=dict(found.open_by_kind),
        left_out=found.left_out,
    )


def _settled_out(one: StoredFinding) -> SettledFindingOut:
    return SettledFindingOut(
        finding_id=one.finding_id,
        kind=one.kind,
        day=one.day,
        state=one.state.value,
        reason=one.reason,
        settled_by=one.settled_by,
        settled_at=one.settled_at,
    )


def told_acceptance(
    data: AcceptanceIn, *, actor: Actor, tenant_id: int, site_id: UUID, finding_id: UUID
) -> vetting.AcceptFinding:
    """Say an acceptance in the field's words."""
    return vetting.AcceptFinding(
        actor=actor,
        tenant_id=TenantId(tenant_id),
        site_id=SiteId(site_id),
        finding_id=FindingId(finding_id),
        reason=data.reason,
    )


class FindingsController(Controller):
    """What looks wrong at a site."""

    path = "/api/v1/sites/{site_id:uuid}"
    tags = ("sites",)

    @get("/findings", operation_id="ListFindings", summary="List what looks wrong in stored days", responses=PROBLEMS)
    async def list_findings(
        self,
        site_id: FromPath[UUID],
        ports: GivenPorts,
        actor: GivenActor,
        first_on: FromDayQuery,
        until_on: UntilDayQuery,
        only_open: OpenQuery = False,
        tenant_id: TenantQuery = None,
    ) -> list[FindingOut]:
        """List findings of days, the open ones first and the newest day first; at most 500."""
        stretch(first_on, until_on)
        async with ports.unit(actor) as work:
            found = await vetting.list_findings(
                vetting.ListFindings(
                    actor=actor,
                    tenant_id=TenantId(tenant_id or actor.tenant_id),
                    site_id=SiteId(site_id),
                    first_on=first_on,
                    until_on=until_on,
                    only_open=only_open,
                ),
                work=work,
            )
        return [finding_out(one) for one in found]

    @post(
        "/months/{month:str}/findings",
        operation_id="VetMonth",
        summary="Judge a month's stored days now",
        description="What is judged every night, at once; judged again, the same readings leave the same findings.",
        responses=PROBLEMS,
        status_code=200,
    )
    async def vet_month(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> VettedOut:
        """Judge the days of a month that are over."""
        return vetted_out(
            await vetting_journey.vet_month(
                vetting_journey.VetSiteMonth(
                    actor=actor,
                    tenant_id=TenantId(tenant_id or actor.tenant_id),
                    site_id=SiteId(site_id),
                    month=Month.parse(month),
                ),
                unit=ports.unit,
                ids=ports.ids,
                clock=ports.clock,
            )
        )

    @post(
        "/findings/{finding_id:uuid}/acceptance",
        operation_id="AcceptFinding",
        summary="Accept doubted values as they are",
        responses=PROBLEMS,
        status_code=200,
    )
    async def accept_finding(
        self,
        site_id: FromPath[UUID],
        finding_id: FromPath[UUID],
        data: JSONBody[AcceptanceIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> SettledFindingOut:
        """Accept a finding with a reason; the values stay."""
        wish = told_acceptance(
            data, actor=actor, tenant_id=tenant_id or actor.tenant_id, site_id=site_id, finding_id=finding_id
        )
        async with ports.unit(actor) as work:
            settled = await vetting.accept_finding(wish, work=work, clock=ports.clock)
            await work.commit()
        return _settled_out(settled)

    @post(
        "/findings/{finding_id:uuid}/estimate",
        operation_id="EstimateFinding",
        summary="Propose values for the slots of a finding",
        description="By the rules that estimate gaps; nothing counts until an operator accepts the estimate.",
        responses=PROBLEMS,
    )
    async def estimate_finding(
        self,
        site_id: FromPath[UUID],
        finding_id: FromPath[UUID],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> EstimateOut:
        """Propose an estimate for a finding."""
        async with ports.unit(actor) as work:
            proposed = await vetting.estimate_finding(
                vetting.EstimateFinding(
                    actor=actor,
                    tenant_id=TenantId(tenant_id or actor.tenant_id),
                    site_id=SiteId(site_id),
                    finding_id=FindingId(finding_id),
                ),
                work=work,
                ids=ports.ids,
                clock=ports.clock,
            )
            await work.commit()
        return estimate_out(proposed)
