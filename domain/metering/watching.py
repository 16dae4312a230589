"""Steps of the safety watch: minutes are taken, time passes, trips are reported and cleared; a journey owns the unit.

All writers of a pack's telemetry and alarms first hold its standing, so that they pass one after the other.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.metering import safety
from domain.metering.alarms import Alarm, AlarmChange, AlarmId, changed
from domain.metering.errors import AlarmUnknown
from domain.metering.ports import WatchWork
from domain.metering.safety import AlarmEvent, Level, Signal, Standing, limits_of
from domain.metering.telemetry import (
    OfferedMinute,
    RejectedMinute,
    TelemetryRejection,
    WatchedPack,
    hour_of,
    merge,
    sample_of,
)
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import Ids, PackId, TenantId
from domain.shared.time import Clock

NAMED_MAX = 100
"""An answer names this many minutes that were not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryReport:
    """What became of minutes, and what it changed; `trips` are the alarms that block a pack from now on."""

    accepted: int
    duplicate: int
    conflicting: int
    rejected: int
    conflicts: tuple[str, ...]
    rejections: tuple[RejectedMinute, ...]
    changes: tuple[AlarmChange, ...]
    trips: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchMinutes:
    """Minutes of a tenant's packs, with those that no meaning was found in; `packs` are those it may send for."""

    tenant_id: TenantId
    minutes: Sequence[OfferedMinute]
    rejected: Sequence[RejectedMinute]
    packs: Mapping[PackId, WatchedPack]


async def watch_minutes(wish: WatchMinutes, *, work: WatchWork, ids: Ids, clock: Clock) -> TelemetryReport:
    """Keep what is new of the minutes and observe it, oldest first, against the limits of each pack's chemistry."""
    good: list[OfferedMinute] = []
    refused = list(wish.rejected)
    for one in wish.minutes:
        pack = wish.packs.get(one.minute.pack_id)
        if pack is None or not pack.serves_at(one.minute.at):
            refused.append(RejectedMinute(place=one.place, reason=TelemetryRejection.NOT_ASSIGNED))
        else:
            good.append(one)
    touched = sorted({one.minute.pack_id for one in good})
    standings = await work.alarms.hold(wish.tenant_id, touched)
    keys = sorted({(one.minute.pack_id, hour_of(one.minute.at)) for one in good})
    merged = merge(await work.telemetry.hours_at(wish.tenant_id, keys), good)
    await work.telemetry.write(wish.tenant_id, merged.hours)
    after: dict[PackId, Standing] = {}
    events: dict[PackId, list[AlarmEvent]] = defaultdict(list)
    for minute in merged.accepted:
        pack = wish.packs[minute.pack_id]
        before = after.get(minute.pack_id, standings[minute.pack_id])
        after[minute.pack_id], found = safety.observe(before, sample_of(minute, pack), limits=limits_of(pack.chemistry))
        events[minute.pack_id].extend(found)
    await work.alarms.stand(wish.tenant_id, after)
    changes, trips = await _keep(
        {pack_id: found for pack_id, found in events.items() if found},
        tenant_id=wish.tenant_id,
        packs=wish.packs,
        work=work,
        ids=ids,
        now=clock.now(),
    )
    return TelemetryReport(
        accepted=len(merged.accepted),
        duplicate=merged.duplicate,
        conflicting=len(merged.conflicting),
        rejected=len(refused),
        conflicts=tuple(one.place for one in merged.conflicting[:NAMED_MAX]),
        rejections=tuple(refused[:NAMED_MAX]),
        changes=changes,
        trips=trips,
    )


async def let_time_pass(
    tenant_id: TenantId, pack: WatchedPack, *, work: WatchWork, ids: Ids, clock: Clock
) -> tuple[tuple[AlarmChange, ...], tuple[Alarm, ...]]:
    """Open or worsen a pack's data gap if nothing was heard of it for long enough; return changes and trips."""
    held = await work.alarms.hold(tenant_id, [pack.pack_id])
    now = clock.now()
    after, events = safety.tick(held[pack.pack_id], now, limits=limits_of(pack.chemistry))
    if not events:
        return (), ()
    await work.alarms.stand(tenant_id, {pack.pack_id: after})
    return await _keep(
        {pack.pack_id: list(events)},
        tenant_id=tenant_id,
        packs={pack.pack_id: pack},
        work=work,
        ids=ids,
        now=now,
    )


async def report_trip(
    actor: Actor,
    tenant_id: TenantId,
    pack: WatchedPack,
    *,
    reason: str,
    at: datetime,
    work: WatchWork,
    ids: Ids,
    clock: Clock,
) -> tuple[Alarm, ...]:
    """Take a person's word that a pack tripped; it is latched like any other trip."""
    held = await work.alarms.hold(tenant_id, [pack.pack_id])
    after, event = safety.report_trip(held[pack.pack_id], at=at)
    await work.alarms.stand(tenant_id, {pack.pack_id: after})
    _, trips = await _keep(
        {pack.pack_id: [event]},
        tenant_id=tenant_id,
        packs={pack.pack_id: pack},
        work=work,
        ids=ids,
        now=clock.now(),
        by=actor,
        reason=reason,
    )
    return trips


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearTrip:
    """A trip that a named person lets go, and why."""

    actor: Actor
    tenant_id: TenantId
    alarm_id: AlarmId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TripCleared:
    """The alarm as it was cleared; `still_blocked` says that another trip of the pack stands."""

    alarm: Alarm
    still_blocked: bool


async def clear_trip(wish: ClearTrip, pack: WatchedPack, *, work: WatchWork, ids: Ids, clock: Clock) -> TripCleared:
    """Clear a trip, once what tripped no longer lasts.

    Raises:
        RoleNotEnough: only an operator clears.
        AlarmUnknown: the tenant has no such alarm.
        TripNotCleared: it is no trip, or it is cleared already.
        TripLasts: the pack was last seen still beyond the limit.
    """
    wish.actor.require(Role.OPERATOR)
    limits = limits_of(pack.chemistry)
    held = await work.alarms.hold(wish.tenant_id, [pack.pack_id])
    alarm = await work.alarms.one(wish.tenant_id, wish.alarm_id)
    if alarm.pack_id != pack.pack_id:
        raise AlarmUnknown
    now = clock.now()
    by = wish.actor.name if alarm.trips else ""  # one that is cleared already has nobody to clear it
    after, event = safety.clear_trip(
        held[pack.pack_id], alarm.signal, by=by, at=now, limits=limits, heard_of=pack.in_use
    )
    await work.alarms.stand(wish.tenant_id, {pack.pack_id: after})
    await _keep(
        {pack.pack_id: [event]},
        tenant_id=wish.tenant_id,
        packs={pack.pack_id: pack},
        work=work,
        ids=ids,
        now=now,
        by=wish.actor,
        reason=wish.reason,
    )
    return TripCleared(alarm=await work.alarms.one(wish.tenant_id, wish.alarm_id), still_blocked=after.blocked)


async def _keep(
    events: Mapping[PackId, Sequence[AlarmEvent]],
    *,
    tenant_id: TenantId,
    packs: Mapping[PackId, WatchedPack],
    work: WatchWork,
    ids: Ids,
    now: datetime,
    by: Actor | None = None,
    reason: str | None = None,
) -> tuple[tuple[AlarmChange, ...], tuple[Alarm, ...]]:
    """Write events as changes of alarms; return the changes and the alarms that tripped by them."""
    if not events:
        return (), ()
    standing: dict[tuple[PackId, Signal], Alarm] = {
        (one.pack_id, one.signal): one for one in await work.alarms.standing(tenant_id, sorted(events))
    }
    alarms: dict[AlarmId, Alarm] = {}
    changes: list[AlarmChange] = []
    tripped: dict[AlarmId, Alarm] = {}
    for pack_id, found in events.items():
        limits = limits_of(packs[pack_id].chemistry)
        for event in found:
            key = (pack_id, event.signal)
            alarm = changed(
                standing.pop(key, None),
                event,
                alarm_id=AlarmId(ids.new()),
                tenant_id=tenant_id,
                pack_id=pack_id,
                limits=limits,
            )
            if alarm.open:
                standing[key] = alarm
            alarms[alarm.alarm_id] = alarm
            if event.level is Level.TRIP:
                tripped[alarm.alarm_id] = alarm
            changes.append(
                AlarmChange(
                    change_id=ids.new(),
                    alarm_id=alarm.alarm_id,
                    tenant_id=tenant_id,
                    pack_id=pack_id,
                    signal=event.signal,
                    change=event.change,
                    level=event.level,
                    value=alarm.value,
                    limit=alarm.limit,
                    since_at=event.since,
                    at=event.at,
                    recorded_at=now,
                    by_id=None if by is None else by.person_id,
                    by=None if by is None else by.name,
                    reason=reason,
                )
            )
    await work.alarms.keep(tenant_id, tuple(alarms.values()), tuple(changes))
    return tuple(changes), tuple(tripped.values())


SILENT_FROM = timedelta(minutes=2)
"""Nothing is asked of a pack that was heard of within this time."""
