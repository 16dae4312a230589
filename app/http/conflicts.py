"""Values that were put aside: kept and offered side by side, accepted as a correction or dismissed; and the imports."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import INT4_MAX, Day, In, Instant, Out, Sentence, TenantQuery
from domain.metering import settling
from domain.metering.model import AsideDay, ReadingImport, ReadingImportId
from domain.metering.settling import ShownConflict
from domain.shared.actor import Actor
from domain.shared.identifiers import ChannelId, SiteId, TenantId


class SettlementIn(In):
    """What becomes of the values that one import offered for a channel's day, and why."""

    channel: Annotated[int, msgspec.Meta(ge=1, le=INT4_MAX)]
    day: Day
    import_id: UUID
    part: Annotated[int, msgspec.Meta(ge=0, le=32_767)]
    accept: bool
    reason: Sentence


class DifferingSlotOut(Out):
    """A slot of the day, from 0: the value that is kept now, and the one that was offered.

    After an acceptance both are the same.
    """

    slot: int
    kept: int | None
    offered: int


class PutAsideOut(Out):
    """Values of a channel's day that were offered otherwise than they are kept."""

    channel: int
    quantity: str
    unit: str
    day: Day
    import_id: UUID
    part: int
    file_sha256: str
    received_at: Instant
    state: str
    reason: str
    settled_by: str | None
    settled_at: Instant | None
    slots: list[DifferingSlotOut]


class SettledOut(Out):
    """What became of values that were put aside."""

    channel: int
    day: Day
    import_id: UUID
    part: int
    state: str
    reason: str
    settled_by: str | None
    settled_at: Instant | None


class TakenOut(Out):
    """A file or body that was taken, by what it brought the first time."""

    import_id: UUID
    sha256: str
    intervals: int
    accepted: int
    duplicate: int
    conflicting: int
    first_at: Instant
    last_at: Instant
    recorded_at: Instant


def _aside_out(found: ShownConflict) -> PutAsideOut:
    aside = found.aside
    return PutAsideOut(
        channel=aside.channel_id,
        quantity=found.channel.quantity.value,
        unit=found.channel.quantity.unit,
        day=aside.day,
        import_id=aside.import_id,
        part=aside.part,
        file_sha256=aside.file_sha256,
        received_at=aside.received_at,
        state=aside.state.value,
        reason=aside.reason,
        settled_by=aside.settled_by,
        settled_at=aside.settled_at,
        slots=[DifferingSlotOut(slot=slot, kept=kept, offered=offered) for slot, kept, offered in found.slots],
    )


def _settled_out(settled: AsideDay) -> SettledOut:
    return SettledOut(
        channel=settled.channel_id,
        day=settled.day,
        import_id=settled.import_id,
        part=settled.part,
        state=settled.state.value,
        reason=settled.reason,
        settled_by=settled.settled_by,
        settled_at=settled.settled_at,
    )


def _taken_out(one: ReadingImport) -> TakenOut:
    return TakenOut(
        import_id=one.import_id,
        sha256=one.file_sha256,
        intervals=one.intervals,
        accepted=one.accepted,
        duplicate=one.duplicate,
        conflicting=one.conflicting,
        first_at=one.first_at,
        last_at=one.last_at,
        recorded_at=one.recorded_at,
    )


def told_settlement(data: SettlementIn, *, actor: Actor, tenant_id: int, site_id: UUID) -> settling.SettleConflict:
    """Say a settlement in the field's words."""
    return settling.SettleConflict(
        actor=actor,
        tenant_id=TenantId(tenant_id),
        site_id=SiteId(site_id),
        channel_id=ChannelId(data.channel),
        day=data.day,
        import_id=ReadingImportId(data.import_id),
        part=data.part,
        accept=data.accept,
        reason=data.reason,
    )


class ConflictsController(Controller):
    """Values put aside at a site, and what was taken there."""

    path = "/api/v1/sites/{site_id:uuid}"
    tags = ("sites",)

    @get("/conflicts", operation_id="ListConflicts", summary="List values that were put aside", responses=PROBLEMS)
    async def list_conflicts(
        self, site_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None
    ) -> list[PutAsideOut]:
        """List kept and offered values side by side, the open ones first; at most 200 days."""
        async with ports.unit(actor) as work:
            found = await settling.list_conflicts(
                actor, tenant_id=TenantId(tenant_id or actor.tenant_id), site_id=SiteId(site_id), work=work
            )
        return [_aside_out(one) for one in found]

    @post(
        "/conflicts/settlement",
        operation_id="SettleConflict",
        summary="Accept or dismiss values that were put aside",
        description="Accepted values are a revision of the day (`resend`); dismissed ones change nothing.",
        responses=PROBLEMS,
        status_code=200,
    )
    async def settle_conflict(
        self,
        site_id: FromPath[UUID],
        data: JSONBody[SettlementIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> SettledOut:
        """Settle a conflict once."""
        wish = told_settlement(data, actor=actor, tenant_id=tenant_id or actor.tenant_id, site_id=site_id)
        async with ports.unit(actor) as work:
            settled = await settling.settle_conflict(wish, work=work, clock=ports.clock)
            await work.commit()
        return _settled_out(settled)

    @get("/imports", operation_id="ListImports", summary="List what was taken at a site", responses=PROBLEMS)
    async def list_imports(
        self, site_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None
    ) -> list[TakenOut]:
        """List files, and bodies of which values were put aside, newest first; at most 200."""
        async with ports.unit(actor) as work:
            found = await settling.list_imports(
                actor, tenant_id=TenantId(tenant_id or actor.tenant_id), site_id=SiteId(site_id), work=work
            )
        return [_taken_out(one) for one in found]
