"""Alarms over HTTP: which stand, what happened to each, and the named person who clears a trip."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import TEXT_PATTERN, In, Instant, Out, TenantNo, TenantQuery
from domain.journeys import safety
from domain.metering.alarms import Alarm, AlarmChange, AlarmId
from domain.metering.watching import ClearTrip
from domain.shared.identifiers import PackId, TenantId

_REASON = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=TEXT_PATTERN)]


class AlarmOut(Out):
    """An alarm as it is now; `level` is its present one, `worst` the worst that it reached.

    `value` is what brought the last change about and `limit` what it reached or left, in the unit that ends the
    signal's name; a trip that somebody reported has neither.
    """

    alarm_id: UUID
    tenant_id: TenantNo
    pack: UUID
    signal: str
    level: str
    worst: str
    value: int | None
    limit: int | None
    opened_at: Instant
    changed_at: Instant
    cleared_at: Instant | None


class AlarmChangeOut(Out):
    """One change of an alarm; `by` is the person who reported or cleared a trip."""

    change: str
    level: str
    value: int | None
    limit: int | None
    since_at: Instant
    at: Instant
    recorded_at: Instant
    by: str | None
    reason: str | None


class AlarmFileOut(Out):
    """An alarm with everything that happened to it, oldest first."""

    alarm: AlarmOut
    changes: list[AlarmChangeOut]


class ClearanceIn(In):
    """Why a trip is let go, and whose pack it is."""

    tenant_id: TenantNo
    reason: _REASON


class ClearanceOut(Out):
    """A trip that was cleared; `resumed` says that the pack serves again from now on."""

    alarm: AlarmOut
    still_blocked: bool
    resumed: bool


def alarm_out(alarm: Alarm) -> AlarmOut:
    """Say an alarm in the API's words."""
    return AlarmOut(
        alarm_id=alarm.alarm_id,
        tenant_id=alarm.tenant_id,
        pack=alarm.pack_id,
        signal=alarm.signal.value,
        level=alarm.level.name.lower(),
        worst=alarm.worst.name.lower(),
        value=alarm.value,
        limit=alarm.limit,
        opened_at=alarm.opened_at,
        changed_at=alarm.changed_at,
        cleared_at=alarm.cleared_at,
    )


def _change_out(change: AlarmChange) -> AlarmChangeOut:
    return AlarmChangeOut(
        change=change.change.value,
        level=change.level.name.lower(),
        value=change.value,
        limit=change.limit,
        since_at=change.since_at,
        at=change.at,
        recorded_at=change.recorded_at,
        by=change.by,
        reason=change.reason,
    )


class AlarmsController(Controller):
    """Alarms of packs in service."""

    path = "/api/v1/alarms"
    tags = ("telemetry",)

    @get("/", operation_id="ListAlarms", summary="List alarms", responses=PROBLEMS)
    async def list_alarms(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
        pack_id: Annotated[UUID | None, QueryParameter(description="Of this pack alone.")] = None,
        only_open: Annotated[bool, QueryParameter(name="open", description="Only those that stand.")] = False,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 100,
    ) -> list[AlarmOut]:
        """List alarms, those that stand first, the worst of them first; a tenant's own, or all for the staff."""
        found = await safety.list_alarms(
            actor,
            tenant_id=None if tenant_id is None else TenantId(tenant_id),
            pack_id=None if pack_id is None else PackId(pack_id),
            only_open=only_open,
            limit=limit,
            unit=ports.unit,
        )
        return [alarm_out(alarm) for alarm in found]

    @get("/{alarm_id:uuid}", operation_id="ShowAlarm", summary="Show an alarm", responses=PROBLEMS)
    async def show(
        self, alarm_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None
    ) -> AlarmFileOut:
        """Show an alarm with everything that happened to it; the complex's staff name the tenant."""
        alarm, changes = await safety.open_alarm(
            actor,
            AlarmId(alarm_id),
            tenant_id=None if tenant_id is None else TenantId(tenant_id),
            unit=ports.unit,
        )
        return AlarmFileOut(alarm=alarm_out(alarm), changes=[_change_out(change) for change in changes])

    @post(
        "/{alarm_id:uuid}/clearance",
        operation_id="ClearTrip",
        summary="Clear a trip",
        responses=PROBLEMS,
        status_code=200,
    )
    async def clear(
        self, alarm_id: FromPath[UUID], data: JSONBody[ClearanceIn], ports: GivenPorts, actor: GivenActor
    ) -> ClearanceOut:
        """Clear a trip once its cause is gone; the pack serves again if its certificate holds."""
        cleared = await safety.clear_trip(
            ClearTrip(actor=actor, tenant_id=TenantId(data.tenant_id), alarm_id=AlarmId(alarm_id), reason=data.reason),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return ClearanceOut(
            alarm=alarm_out(cleared.alarm),
            still_blocked=cleared.still_blocked,
            resumed=cleared.resumed is not None,
        )
