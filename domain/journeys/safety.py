"""The safety watch over packs in service: minutes come in, silence is noticed, a trip blocks the pack at once.

A trip is one transaction: the alarm, the end of the pack's service and of its fee, the sealed entry, and the intent to
ask for its re-inspection. Nothing of the billing meters is read or written here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.certification.model import certificate_valid_at
from domain.journeys.contract_started import facts_of
from domain.journeys.ports import JourneyWork
from domain.journeys.reinspection import open_reinspections
from domain.metering import watching
from domain.metering.alarms import Alarm, AlarmChange, AlarmId
from domain.metering.errors import AlarmUnknown, SiteUnknown
from domain.metering.safety import CALM, Standing
from domain.metering.telemetry import (
    SIGNALS,
    Connection,
    Gap,
    OfferedMinute,
    Received,
    RejectedMinute,
    TelemetryHour,
    TelemetryMinute,
    WatchedPack,
    connection,
    connection_span,
)
from domain.metering.watching import SILENT_FROM, TelemetryReport
from domain.passport import usecases as passport
from domain.passport.errors import PackUnknown
from domain.passport.life import may_follow
from domain.passport.model import EntryKind, Fact, Pack
from domain.shared.actor import COMPLEX_STAFF, SYSTEM, TENANT_STAFF, Actor, Role, ScopeNotEnough, system_actor
from domain.shared.canonical import Canonical
from domain.shared.identifiers import Ids, PackId, TenantId
from domain.shared.time import Clock, Interval
from domain.shared.unit import Unit
from domain.subscription import usecases as subscription
from domain.subscription.model import Assignment

PACK_TRIPPED = "pack.tripped"
"""The outbox's topic: a pack was blocked, its re-inspection is to be asked for."""

GAPS_SHOWN_MAX = 200
ALARMS_SHOWN_MAX = 200


# ── what is known of packs ──


async def watched_packs(
    tenant_id: TenantId, pack_ids: Sequence[PackId], *, actor: Actor, work: JourneyWork
) -> dict[PackId, WatchedPack]:
    """Return those of these packs that the tenant has or had in service, as the watch needs them.

    A narrowed key sees the service at its sites alone.
    """
    wanted = sorted(set(pack_ids))
    packs = {one.pack_id: one for one in await work.packs.several(wanted)}
    assignments = await work.assignments.of_packs(tenant_id, wanted)
    if actor.sites is not None:
        at_sites = set()
        for contract_id in sorted({one.contract_id for one in assignments}):
            contract = await work.contracts.one(tenant_id, contract_id)
            if contract.site_id in actor.sites:
                at_sites.add(contract_id)
        assignments = tuple(one for one in assignments if one.contract_id in at_sites)
    served: dict[PackId, list[Assignment]] = {}
    for one in assignments:
        served.setdefault(one.pack_id, []).append(one)
    return {pack_id: _watched(packs[pack_id], mine) for pack_id, mine in served.items() if pack_id in packs}


def _watched(pack: Pack, assignments: Sequence[Assignment]) -> WatchedPack:
    return WatchedPack(
        pack_id=pack.pack_id,
        model=pack.model,
        chemistry=pack.chemistry,
        nominal_voltage_mv=pack.nominal_voltage_mv,
        rated_capacity_mah=pack.rated_capacity_mah,
        service=tuple(Interval(start_at=one.starts_at, end_at=one.ends_at) for one in assignments),
        in_use=any(one.ends_at is None for one in assignments),
    )


# ── minutes come in ──


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeTelemetry:
    """Minutes as a sender offered them, with what no meaning was found in."""

    actor: Actor
    tenant_id: TenantId
    minutes: Sequence[OfferedMinute]
    rejected: Sequence[RejectedMinute] = ()


async def take_telemetry(wish: TakeTelemetry, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> TelemetryReport:
    """Keep minutes of a tenant's packs, each once, and watch them; whatever trips blocks its pack in the same commit.

    Raises:
        RoleNotEnough: only an operator, the system or the tenant itself and its devices send.
        ScopeNotEnough: the key is narrowed to channels of meters.
        SiteUnknown: the actor belongs to another tenant.
    """
    wish.actor.require(Role.TENANT_ADMIN, Role.DEVICE, Role.OPERATOR, Role.SYSTEM, keeps_scope=True)
    _reach(wish.actor, wish.tenant_id)
    async with unit(wish.actor) as work:
        report = await _watch(wish, work=work, ids=ids, clock=clock)
        if wish.actor.is_complex:
            await block(report.trips, tenant_id=wish.tenant_id, work=work, ids=ids, clock=clock)
        if wish.actor.is_complex or not report.trips:
            await work.commit()
            return report
    # A trip ends a service and is sealed into a history, which lies beyond a sender's own reach: what it may send
    # was decided above, and is carried out by the system, all of it or nothing.
    async with unit(system_actor(wish.tenant_id)) as work:
        report = await _watch(wish, work=work, ids=ids, clock=clock)
        await block(report.trips, tenant_id=wish.tenant_id, work=work, ids=ids, clock=clock)
        await work.commit()
    return report


async def _watch(wish: TakeTelemetry, *, work: JourneyWork, ids: Ids, clock: Clock) -> TelemetryReport:
    named = [one.minute.pack_id for one in wish.minutes]
    return await watching.watch_minutes(
        watching.WatchMinutes(
            tenant_id=wish.tenant_id,
            minutes=wish.minutes,
            rejected=wish.rejected,
            packs=await watched_packs(wish.tenant_id, named, actor=wish.actor, work=work),
        ),
        work=work,
        ids=ids,
        clock=clock,
    )


def _reach(actor: Actor, tenant_id: TenantId) -> None:
    if actor.channels is not None:
        raise ScopeNotEnough
    if not actor.reaches(tenant_id):
        raise SiteUnknown


# ── a trip blocks ──


async def block(
    trips: Sequence[Alarm],
    *,
    tenant_id: TenantId,
    work: JourneyWork,
    ids: Ids,
    clock: Clock,
    recorded: bool = False,
) -> None:
    """Stop the service of packs that tripped, seal it into their histories and ask for their re-inspection.

    Part of the transaction in which they tripped. `recorded` says that the history knows already.
    """
    now = clock.now()
    system = system_actor(tenant_id)
    for alarm in trips:
        await subscription.suspend_assignments_of(
            subscription.SuspendAssignments(actor=system, tenant_id=tenant_id, pack_id=alarm.pack_id, at=now),
            work=work,
        )
        if not recorded:
            await _record(
                alarm.pack_id,
                EntryKind.ALARM_TRIPPED,
                {"signal": alarm.signal.value, "value": alarm.value, "limit": alarm.limit},
                at=min(alarm.changed_at, now),
                actor=system,
                work=work,
                ids=ids,
                clock=clock,
            )
        await work.outbox.put(
            message_id=ids.new(),
            topic=PACK_TRIPPED,
            key=str(alarm.alarm_id),
            payload={"pack_id": str(alarm.pack_id), "tenant_id": tenant_id},
            now=now,
        )


async def _record(
    pack_id: PackId,
    kind: EntryKind,
    particulars: Mapping[str, Canonical],
    *,
    at: datetime,
    actor: Actor,
    work: JourneyWork,
    ids: Ids,
    clock: Clock,
) -> None:
    pack = await work.packs.one(pack_id)
    head = await work.histories.head(pack_id)
    if not may_follow(head.state, kind):
        return  # a pack that is back with the inspection body is blocked all the same; its history has moved on
    await passport.record(
        pack_id,
        Fact(kind=kind, occurred_at=at, particulars=particulars),
        actor=actor,
        holder=pack.holder,
        work=work,
        ids=ids,
        clock=clock,
    )


async def ask_for_reinspection(pack_id: PackId, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> int:
    """Open what a tripped pack's standing certificate has to be inspected again for; return how many requests."""
    async with unit(SYSTEM) as work:
        certificate = await work.certificates.standing(pack_id)
    if certificate is None:
        return 0
    return len(await open_reinspections(certificate, unit=unit, ids=ids, clock=clock))


async def report_trip(
    pack: Pack, *, note: str, at: datetime, actor: Actor, work: JourneyWork, ids: Ids, clock: Clock
) -> None:
    """Block a pack because a person says that it tripped; the caller has recorded it and owns the transaction."""
    assignments = await work.assignments.of_pack(pack.holder, pack.pack_id)
    trips = await watching.report_trip(
        actor, pack.holder, _watched(pack, assignments), reason=note, at=at, work=work, ids=ids, clock=clock
    )
    await block(trips, tenant_id=pack.holder, work=work, ids=ids, clock=clock, recorded=True)


# ── silence ──


async def silent_packs(
    *, after: tuple[TenantId, PackId] | None, limit: int, unit: Unit[JourneyWork], clock: Clock
) -> tuple[tuple[TenantId, PackId], ...]:
    """Return packs that have been silent for long enough to be looked at, a page at a time."""
    async with unit(SYSTEM) as work:
        return await work.alarms.silent(before_at=clock.now() - SILENT_FROM, after=after, limit=limit)


async def notice_silence(
    tenant_id: TenantId, pack_id: PackId, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock
) -> int:
    """Open or worsen the data gap of a pack in service; return how many alarms changed."""
    system = system_actor(tenant_id)
    async with unit(system) as work:
        packs = await watched_packs(tenant_id, [pack_id], actor=system, work=work)
        pack = packs.get(pack_id)
        if pack is None or not pack.in_use:
            return 0  # a pack that serves nobody here is not asked for its minutes
        changes, trips = await watching.let_time_pass(tenant_id, pack, work=work, ids=ids, clock=clock)
        await block(trips, tenant_id=tenant_id, work=work, ids=ids, clock=clock)
        await work.commit()
    return len(changes)


# ── a person clears ──


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A trip that was cleared; `resumed` is the service that begins anew, None where something still forbids it."""

    alarm: Alarm
    still_blocked: bool
    resumed: Assignment | None


async def clear_trip(wish: watching.ClearTrip, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Cleared:
    """Clear a trip; the pack serves again from now on if no other trip stands and its certificate holds.

    Raises:
        RoleNotEnough: only an operator clears.
        ConfirmationNeeded: the operator did not prove within five minutes who they are.
        AlarmUnknown: the tenant has no such alarm.
        TripNotCleared: it is no trip, or it is cleared already.
        TripLasts: the pack was last seen still beyond the limit.
    """
    wish.actor.require(Role.OPERATOR)
    wish.actor.require_confirmed(clock.now())
    async with unit(wish.actor) as work:
        alarm = await work.alarms.one(wish.tenant_id, wish.alarm_id)
        pack = await work.packs.one(alarm.pack_id)
        assignments = await work.assignments.of_pack(wish.tenant_id, alarm.pack_id)
        cleared = await watching.clear_trip(wish, _watched(pack, assignments), work=work, ids=ids, clock=clock)
        blocked = cleared.still_blocked or await work.alarms.blocks(alarm.pack_id)
        resumed = None if blocked else await _resume(wish, pack, work=work, ids=ids, clock=clock)
        told: dict[str, Canonical] = {"signal": alarm.signal.value, "reason": wish.reason}
        if resumed is not None:
            contract = await work.contracts.one(wish.tenant_id, resumed.contract_id)
            told["contract"] = contract.number
        await _record(
            alarm.pack_id,
            EntryKind.ALARM_CLEARED,
            told,
            at=clock.now(),
            actor=wish.actor,
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return Cleared(alarm=cleared.alarm, still_blocked=blocked, resumed=resumed)


async def _resume(
    wish: watching.ClearTrip, pack: Pack, *, work: JourneyWork, ids: Ids, clock: Clock
) -> Assignment | None:
    certificate = await work.certificates.standing(pack.pack_id)
    if certificate is None or not certificate_valid_at(certificate, clock.now()):
        return None
    return await subscription.resume_assignment_of(
        subscription.ResumeAssignment(
            actor=wish.actor,
            tenant_id=wish.tenant_id,
            pack_id=pack.pack_id,
            at=clock.now(),
            certificate=facts_of(certificate),
        ),
        work=work,
        ids=ids,
    )


# ── looking ──


def _look(actor: Actor, *more: Role) -> None:
    actor.require(*TENANT_STAFF, *COMPLEX_STAFF, Role.SYSTEM, *more, keeps_scope=True)
    if actor.channels is not None:
        raise ScopeNotEnough


async def list_alarms(
    actor: Actor,
    *,
    tenant_id: TenantId | None,
    pack_id: PackId | None = None,
    only_open: bool = False,
    limit: int = ALARMS_SHOWN_MAX,
    unit: Unit[JourneyWork],
) -> tuple[Alarm, ...]:
    """Show alarms, open ones first: a tenant its own, the complex's staff those of one tenant or of all.

    Raises:
        RoleNotEnough: the role does not look at packs in use.
        SiteUnknown: the actor belongs to another tenant.
    """
    actor.require(*TENANT_STAFF, *COMPLEX_STAFF, Role.SYSTEM)
    whose = actor.tenant_id if actor.is_tenant else tenant_id
    if tenant_id is not None and not actor.reaches(tenant_id):
        raise SiteUnknown
    async with unit(actor) as work:
        return await work.alarms.page(tenant_id=whose, pack_id=pack_id, only_open=only_open, limit=limit)


async def open_alarm(
    actor: Actor, alarm_id: AlarmId, *, tenant_id: TenantId | None, unit: Unit[JourneyWork]
) -> tuple[Alarm, tuple[AlarmChange, ...]]:
    """Show an alarm with everything that happened to it.

    Raises:
        RoleNotEnough: the role does not look at packs in use.
        AlarmUnknown: there is none, or it is another tenant's.
    """
    actor.require(*TENANT_STAFF, *COMPLEX_STAFF, Role.SYSTEM)
    whose = actor.tenant_id if actor.is_tenant else tenant_id or actor.tenant_id
    if not actor.reaches(whose):
        raise AlarmUnknown
    async with unit(actor) as work:
        alarm = await work.alarms.one(whose, alarm_id)
        return alarm, await work.alarms.changes(whose, alarm_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackWatch:
    """What is known of a pack in use now.

    `latest` is None of a pack that never sent a minute: it is not watched, which is not the same as well.
    `connection` is None of one that never served.
    """

    tenant_id: TenantId
    pack: WatchedPack
    standing: Standing
    latest: TelemetryMinute | None
    connection: Connection | None
    gaps: tuple[Gap, ...]
    alarms: tuple[Alarm, ...]
    now: datetime

    @property
    def is_stale(self) -> bool:
        """Whether the last minute is older than what a gap begins at."""
        return self.latest is not None and self.now - self.latest.at >= SILENT_FROM


async def pack_watch(actor: Actor, pack_id: PackId, *, unit: Unit[JourneyWork], clock: Clock) -> PackWatch:
    """Show where a pack stands: its last minute, connection rate, gaps of the last thirty days, alarms.

    Raises:
        RoleNotEnough: the role does not look at packs in use.
        PackUnknown: there is no such pack, or it is not this actor's to look at.
    """
    _look(actor, Role.DEVICE)
    async with unit(actor) as work:
        pack = await work.packs.one(pack_id)
        watched = await watched_packs(pack.holder, [pack_id], actor=actor, work=work)
        if actor.sites is not None and pack_id not in watched:
            raise PackUnknown(identifier=str(pack_id))
        return await _pack_watch(watched.get(pack_id) or _watched(pack, ()), pack.holder, work=work, now=clock.now())


async def _pack_watch(pack: WatchedPack, tenant_id: TenantId, *, work: JourneyWork, now: datetime) -> PackWatch:
    ids = [pack.pack_id]
    span = connection_span(now)
    until_at = span.end_at or now
    standing = (await work.alarms.seen(tenant_id, ids)).get(pack.pack_id, CALM)
    latest = (await work.telemetry.latest(tenant_id, ids)).get(pack.pack_id)
    masks = await work.telemetry.received(tenant_id, ids, from_at=span.start_at - timedelta(hours=1), until_at=until_at)
    received = Received(masks.get(pack.pack_id, ()), service=pack.service, span=span)
    return PackWatch(
        tenant_id=tenant_id,
        pack=pack,
        standing=standing,
        latest=latest,
        connection=connection(received, service=pack.service, now=now) if pack.service else None,
        gaps=received.gaps(until_at - timedelta(days=30), until_at)[-GAPS_SHOWN_MAX:][::-1],
        alarms=await work.alarms.page(tenant_id=tenant_id, pack_id=pack.pack_id, limit=ALARMS_SHOWN_MAX),
        now=now,
    )


PACKS_LISTED_MAX = 500


async def list_senders(
    actor: Actor, *, tenant_id: TenantId, unit: Unit[JourneyWork], clock: Clock
) -> tuple[tuple[WatchedPack, TelemetryMinute | None], ...]:
    """Show the packs that serve a tenant now, and so send minutes, each with its last one.

    Raises:
        RoleNotEnough: the role does not look at packs in use.
        SiteUnknown: the actor belongs to another tenant.
    """
    _look(actor, Role.DEVICE)
    _reach(actor, tenant_id)
    async with unit(actor) as work:
        packs = await work.packs.page(holder=tenant_id, after=None, limit=PACKS_LISTED_MAX)
        in_contract = [one.pack_id for one in packs if one.contract_id is not None]
        watched = await watched_packs(tenant_id, in_contract, actor=actor, work=work)
        serving = [one for one in watched.values() if one.in_use and one.serves_at(clock.now())]
        latest = await work.telemetry.latest(tenant_id, [one.pack_id for one in serving])
    return tuple((one, latest.get(one.pack_id)) for one in sorted(serving, key=lambda one: one.pack_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryStretch:
    """A pack's minutes to look at; at most a day."""

    actor: Actor
    pack_id: PackId
    span: Interval


async def read_telemetry(wish: TelemetryStretch, *, unit: Unit[JourneyWork]) -> tuple[TelemetryHour, ...]:
    """Show a pack's hours of a stretch, oldest first; one of which nothing came is left out.

    Raises:
        RoleNotEnough: the role does not look at packs in use.
        PackUnknown: there is no such pack, or it is not this actor's to look at.
    """
    _look(wish.actor)
    async with unit(wish.actor) as work:
        pack = await work.packs.one(wish.pack_id)
        if wish.actor.sites is not None and wish.pack_id not in await watched_packs(
            pack.holder, [wish.pack_id], actor=wish.actor, work=work
        ):
            raise PackUnknown(identifier=str(wish.pack_id))
        return await work.telemetry.hours(
            pack.holder,
            [wish.pack_id],
            SIGNALS,
            from_at=wish.span.start_at,
            until_at=wish.span.end_at or wish.span.start_at + timedelta(days=1),
        )
