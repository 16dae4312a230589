"""Steps over sites, readings and frozen usage; each takes part in a transaction that a journey owns."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.metering.arrivals import (
    CLOCK_ALLOWANCE,
    REJECTIONS_NAMED_MAX,
    VALUE_MAX,
    Arrived,
    RejectedValues,
    Rejection,
)
from domain.metering.attribution import NOTHING, BySource
from domain.metering.errors import (
    ChannelUnknown,
    MonthIncomplete,
    MonthNotOver,
    QuantityMeteredTwice,
    QuantityNotMetered,
    ReadingInFuture,
    SiteUnknown,
    SnapshotUnknown,
)
from domain.metering.meters import DIGITS_UNTOLD, METERED_BY, Meter, MeterDevice
from domain.metering.model import (
    OPENED_WITH,
    SLOT_MINUTES,
    Blocks,
    Channel,
    ChannelDay,
    DayBlock,
    DayKey,
    ImportReport,
    MeterId,
    MonthUsage,
    OfferedDay,
    Quantity,
    ReadingConflict,
    ReadingImport,
    ReadingImportId,
    ReadingSource,
    Site,
    SiteSeries,
    Tick,
    UsageSnapshot,
)
from domain.metering.ports import MeteringWork, SharingWork
from domain.metering.readings import Merged, known, merge, tolerance_of, total, unbalanced_slots
from domain.metering.registers import RegistersReport
from domain.metering.service_points import SINCE_EVER, PowerTerm, ServicePoint, ServicePointId
from domain.metering.usage import COMPLETENESS_PPM_MIN, SiteDays, month_usage, readings_text, site_days
from domain.metering.views import DayProfile, MonthEnergy, day_sums, month_flows
from domain.shared.actor import COMPLEX_STAFF, TENANT_STAFF, Actor, Role, ScopeNotEnough
from domain.shared.canonical import sha256
from domain.shared.identifiers import ChannelId, ContractId, Ids, SiteId, SnapshotId, TenantId
from domain.shared.time import SLOT, SLOTS_A_DAY, Clock, Month, day_start, utc_text

CONFLICTS_NAMED_MAX = 100
SITES_LISTED_MAX = 500
_SOC_MAX_BP = 10_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSite:
    """A tenant's site as it is to be metered; it gets one channel for each of `quantities`."""

    actor: Actor
    tenant_id: TenantId
    name_ko: str
    name_en: str
    address_ko: str
    kepco_customer_no: str
    contract_power_w: int
    quantities: tuple[Quantity, ...] = OPENED_WITH


async def open_site(wish: OpenSite, *, work: MeteringWork, ids: Ids, clock: Clock) -> Site:
    """Open a site with its channels and a meter for each kind of them, whose serials are told later.

    Raises:
        RoleNotEnough: only an operator opens sites.
        ValueError: a quantity is named twice or none is, or the contract power is not above zero.
    """
    wish.actor.require(Role.OPERATOR)
    if not wish.quantities or len(set(wish.quantities)) != len(wish.quantities) or wish.contract_power_w <= 0:
        raise ValueError("a site has distinct channels and a contract power above zero")
    site = Site(
        site_id=SiteId(ids.new()),
        tenant_id=wish.tenant_id,
        name_ko=wish.name_ko,
        name_en=wish.name_en,
        address_ko=wish.address_ko,
        kepco_customer_no=wish.kepco_customer_no,
        contract_power_w=wish.contract_power_w,
    )
    numbers = await work.sites.reserve_channels(wish.tenant_id, len(wish.quantities))
    now = clock.now()
    meters = {
        kind: Meter(
            meter_id=MeterId(ids.new()),
            tenant_id=wish.tenant_id,
            site_id=site.site_id,
            kind=kind,
            devices=(
                MeterDevice(
                    epoch=0,
                    serial="",
                    digits=DIGITS_UNTOLD,
                    count_wh=1,
                    verified_until=None,
                    from_at=None,
                    recorded_by=wish.actor.name,
                    recorded_at=now,
                ),
            ),
        )
        for kind in dict.fromkeys(METERED_BY[quantity] for quantity in wish.quantities)
    }
    channels = [
        Channel(
            channel_id=number,
            tenant_id=wish.tenant_id,
            site_id=site.site_id,
            quantity=quantity,
            meter_id=meters[METERED_BY[quantity]].meter_id,
        )
        for number, quantity in zip(numbers, wish.quantities, strict=True)
    ]
    await work.sites.add(site, channels, meters=list(meters.values()))
    await work.service_points.add(
        ServicePoint(
            service_point_id=ServicePointId(ids.new()),
            tenant_id=wish.tenant_id,
            site_id=site.site_id,
            kepco_customer_no=wish.kepco_customer_no,
            terms=(
                PowerTerm(
                    from_on=SINCE_EVER,
                    contract_power_w=wish.contract_power_w,
                    agreed_by=wish.actor.name,
                    agreed_at=now,
                ),
            ),
        )
    )
    return site


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSeries:
    """A file's readings for one site; `file_sha256` is over the bytes as they were sent."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    series: SiteSeries
    file_sha256: str


async def import_series(wish: ImportSeries, *, work: MeteringWork, ids: Ids, clock: Clock) -> ImportReport:
    """Take a file's readings: each is stored once, however often and in whatever parts it is sent.

    Raises:
        RoleNotEnough: only an operator, the system or the tenant itself imports.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's scope.
        QuantityNotMetered: the site has no channel for a column, or none in the actor's scope.
        ReadingInFuture: a slot ends more than five minutes from now.
        ValueError: the hash is not 64 hexadecimal digits.
    """
    require_import(wish.actor, wish.tenant_id, wish.site_id)
    if not _SHA256.fullmatch(wish.file_sha256):
        raise ValueError("a SHA-256 is 64 hexadecimal digits in lower case")
    series = wish.series
    if series.last_at + SLOT > clock.now() + CLOCK_ALLOWANCE:
        raise ReadingInFuture(ends_at=utc_text(series.last_at + SLOT))
    await work.sites.one(wish.tenant_id, wish.site_id)
    site_channels = await work.sites.channels(wish.tenant_id, wish.site_id)
    channels = {
        column.quantity: the_channel(
            column.quantity, [one for one in site_channels if _in_scope(wish.actor, one)], on=min(column.days)
        )
        for column in series.quantities
    }
    await work.readings.hold(wish.tenant_id)
    now = whole_ms(clock.now())  # after the wait: what others stored meanwhile was known before
    days = sorted({day for column in series.quantities for day in column.days})
    kept = await work.readings.day_blocks(
        wish.tenant_id,
        [channels[column.quantity].channel_id for column in series.quantities],
        first_on=days[0],
        last_on=days[-1],
    )
    found = await work.usage_snapshots.frozen_months(wish.tenant_id, [wish.site_id], {Month.of(day) for day in days})
    frozen = frozenset(month for _, month in found)
    merged = _merge_all(series, channels=channels, kept=kept, frozen=frozen, now=now)
    imported = ReadingImport(
        import_id=ReadingImportId(ids.new()),
        tenant_id=wish.tenant_id,
        site_id=wish.site_id,
        file_sha256=wish.file_sha256,
        intervals=series.intervals,
        accepted=merged.accepted,
        filled=merged.filled,
        late=merged.late,
        duplicate=merged.duplicate,
        conflicting=merged.conflicting,
        duplicate_rows=series.duplicate_rows,
        blank_cells=series.blank_cells,
        first_at=series.first_at,
        last_at=series.last_at,
        recorded_at=now,
    )
    first = await work.reading_imports.keep(imported)
    await work.readings.write(wish.tenant_id, merged.blocks)
    await work.readings.put_aside(wish.tenant_id, first.import_id, merged.put_aside)
    return ImportReport(
        import_id=first.import_id,
        sent_before=first.import_id != imported.import_id,
        intervals=imported.intervals,
        accepted=imported.accepted,
        filled=imported.filled,
        late=imported.late,
        duplicate=imported.duplicate,
        conflicting=imported.conflicting,
        duplicate_rows=imported.duplicate_rows,
        blank_cells=imported.blank_cells,
        unbalanced=unbalanced_slots(series),
        totals_wh={
            column.quantity: total(column.days.values()) for column in series.quantities if column.quantity.unit == "Wh"
        },
        conflicts=merged.conflicts,
        first_at=series.first_at,
        last_at=series.last_at,
    )


def the_channel(quantity: Quantity, channels: Sequence[Channel], *, on: date) -> Channel:
    """Return the one channel that counts a quantity by quarter hours: what names a quantity alone can mean no other.

    Raises:
        QuantityNotMetered: there is none.
        QuantityMeteredTwice: several meters count it on that day, or its slots are not of 15 minutes.
    """
    found = [one for one in channels if one.quantity is quantity]
    if not found:
        raise QuantityNotMetered(quantity=quantity.value)
    there = [one for one in found if one.counts_on(on)] or found
    if len(there) > 1 or there[0].slot_minutes != SLOT_MINUTES:
        raise QuantityMeteredTwice(quantity=quantity.value)
    return there[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _MergedSeries:
    blocks: tuple[DayBlock, ...]
    put_aside: tuple[OfferedDay, ...]
    conflicts: tuple[ReadingConflict, ...]
    accepted: int
    filled: int
    late: int
    duplicate: int
    conflicting: int


def _merge_all(
    series: SiteSeries,
    *,
    channels: Mapping[Quantity, Channel],
    kept: Blocks,
    frozen: frozenset[Month],
    now: datetime,
) -> _MergedSeries:
    blocks: list[DayBlock] = []
    put_aside: list[OfferedDay] = []
    conflicts: list[ReadingConflict] = []
    accepted = filled = late = duplicate = conflicting = 0
    for column in series.quantities:
        channel_id = channels[column.quantity].channel_id
        for day, offered in sorted(column.days.items()):
            is_frozen = Month.of(day) in frozen
            before = kept.get((channel_id, day))
            outcome = merge(
                before,
                offered,
                channel_id=channel_id,
                day=day,
                tolerance=tolerance_of(column),
                frozen=is_frozen,
                source=ReadingSource.SITE_FILE,
                now=now,
            )
            accepted += outcome.accepted
            filled += outcome.filled
            late += outcome.accepted if is_frozen else 0
            duplicate += outcome.duplicate
            conflicting += outcome.conflicting
            if outcome.block is not None:
                blocks.append(outcome.block)
            if outcome.put_aside is not None and before is not None:
                put_aside.append(OfferedDay(channel_id=channel_id, day=day, values=outcome.put_aside))
                if len(conflicts) < CONFLICTS_NAMED_MAX:
                    conflicts.extend(
                        ReadingConflict(
                            channel_id=channel_id,
                            quantity=column.quantity,
                            day=day,
                            index=index,
                            kept=old,
                            offered=new,
                        )
                        for index, (old, new) in enumerate(zip(before.values, outcome.put_aside, strict=True))
                        if new is not None and old is not None
                    )
    return _MergedSeries(
        blocks=tuple(blocks),
        put_aside=tuple(put_aside),
        conflicts=tuple(conflicts[:CONFLICTS_NAMED_MAX]),
        accepted=accepted,
        filled=filled,
        late=late,
        duplicate=duplicate,
        conflicting=conflicting,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeReadings:
    """Readings as a program sent them, sorted; `content` is the bytes of the request."""

    actor: Actor
    tenant_id: TenantId
    arrived: Arrived
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingsReport:
    """What became of each value that was sent; the first hundred that differ or were rejected are named.

    `late` of the accepted lie in a frozen month, whose frozen figures stay as they were. What became of reads of
    counting registers is told beside it, None where none was sent; rejected ones are counted here.
    """

    accepted: int
    duplicate: int
    conflicting: int
    rejected: int
    late: int
    conflicts: tuple[ReadingConflict, ...]
    rejections: tuple[RejectedValues, ...]
    registers: RegistersReport | None = None


TICKS_SHARED_MAX = 32
"""So many single values of days are stored beside other senders; more take their turn, and come through faster."""


def take_a_turn(wishes: Iterable[TakeReadings]) -> bool:
    """Say whether requests tell so many single values of days that `take_together` must hold the readings for them."""
    return sum([len(wish.arrived.ticks) for wish in wishes]) > TICKS_SHARED_MAX


async def take_together(
    wishes: Sequence[TakeReadings], *, work: SharingWork, clock: Clock
) -> tuple[ReadingsReport, ...] | None:
    """Take requests of one tenant in a unit that shares the tenant's readings, or holds them if they `take_a_turn`.

    Each of their days is new, known with the very same values, or has its gaps filled; none is named by two requests.
    None says that something disagrees, is an estimate or lies in a frozen month, and must be merged by
    `merge_readings`, request by request; nothing may be committed then.

    Raises:
        RoleNotEnough: only an operator, the system or the tenant itself sends readings.
        SiteUnknown: an actor belongs to another tenant.
    """
    tenant_id = wishes[0].tenant_id
    judged: list[_Judged] = []
    sites: set[SiteId] = set()
    for wish in wishes:
        require_send(wish.actor, wish.tenant_id)
        channels = await _channels_named(wish, work=work)
        judged.append(_judge(wish.arrived, channels))
        if wish.arrived.registers or (wish.arrived.wide and any(not one.is_quarter for one in channels.values())):
            return None  # registers and days of other slots are few: they take their turn
        sites.update([channel.site_id for channel in channels.values()])
    site_ids = list(sites)
    days = [day for one in judged for day in one.days]
    ticks = [tick for one in judged for tick in one.ticks]
    now = whole_ms(clock.now())
    filled: Mapping[DayKey, int] = {}
    if days:
        met = await _add(tenant_id, days, site_ids=site_ids, work=work, now=now)
        if met is None:
            return None
        filled = met
    if ticks:
        if take_a_turn(wishes):
            same = await work.readings.keep_ticks(tenant_id, ticks, site_ids=site_ids, now=now)
        else:
            same = await work.readings.tick(tenant_id, ticks, site_ids=site_ids, source=ReadingSource.API, now=now)
        if same is None:
            return None
        if same:
            filled = {**filled, **dict.fromkeys(same, 0)}
    return tuple([_taken(wish.arrived, one, filled) for wish, one in zip(wishes, judged, strict=True)])


def _taken(arrived: Arrived, judged: "_Judged", filled: Mapping[DayKey, int]) -> ReadingsReport:
    """Report what a request brought; `filled` says of known days how many of their values were new."""
    counts = [known(day.values) for day in judged.days]
    offered = accepted = sum(counts) + len(judged.ticks)
    if filled:
        accepted = sum(
            [filled.get((day.channel_id, day.day), count) for day, count in zip(judged.days, counts, strict=True)]
        ) + sum([filled.get((tick.channel_id, tick.day), 1) for tick in judged.ticks])
    return _report(arrived, judged.refused, accepted=accepted, duplicate=arrived.duplicate + offered - accepted)


async def _add(
    tenant_id: TenantId, days: list[ChannelDay], *, site_ids: list[SiteId], work: SharingWork, now: datetime
) -> Mapping[DayKey, int] | None:
    """Store new days and fill the gaps of others; return how many values the known ones took, None if any disagrees."""
    added = await work.readings.add(tenant_id, days, site_ids=site_ids, source=ReadingSource.API, now=now)
    if added.refused and len(added.same) < len(days):
        return None
    filled = dict.fromkeys(added.same, 0)
    if not added.other:
        return filled
    known_days = [day for day in days if (day.channel_id, day.day) in added.other]
    kept = await work.readings.locked(tenant_id, [(day.channel_id, day.day) for day in known_days])
    blocks: list[DayBlock] = []
    for day in known_days:
        key = (day.channel_id, day.day)
        before = kept[key]
        outcome = merge(
            before,
            day.values,
            channel_id=day.channel_id,
            day=day.day,
            tolerance=0,
            frozen=False,  # a frozen month is refused above
            source=ReadingSource.API,
            now=now,
        )
        if outcome.put_aside is not None or (outcome.block is not None and outcome.block.revision > before.revision):
            return None
        filled[key] = outcome.accepted
        if outcome.block is not None:
            blocks.append(outcome.block)
    await work.readings.write(tenant_id, blocks)
    return filled


def whole_ms(at: datetime) -> datetime:
    """Return the next whole millisecond: when a slot was filled is kept in these, and never as earlier than it was."""
    return at + timedelta(microseconds=-at.microsecond % 1_000)


async def merge_readings(wish: TakeReadings, *, work: MeteringWork, ids: Ids, clock: Clock) -> ReadingsReport:
    """Take readings of which some may be known: a gap is filled, an equal value counted, another put aside.

    Raises:
        RoleNotEnough: only an operator, the system or the tenant itself sends readings.
        SiteUnknown: the actor belongs to another tenant.
    """
    require_send(wish.actor, wish.tenant_id)
    await work.readings.hold(wish.tenant_id)
    now = whole_ms(clock.now())  # after the wait: what others stored meanwhile was known before
    channels = await _channels_named(wish, work=work)
    judged = _judge(wish.arrived.in_days(), channels)
    merged = await merge_days(
        MergeDays(
            tenant_id=wish.tenant_id,
            days=tuple(judged.days),
            channels=channels,
            source=ReadingSource.API,
            content_sha256=file_sha256(wish.content),
        ),
        work=work,
        ids=ids,
        now=now,
    )
    return _report(
        wish.arrived,
        judged.refused,
        accepted=merged.accepted,
        duplicate=wish.arrived.duplicate + merged.duplicate,
        conflicting=merged.conflicting,
        late=merged.late,
        conflicts=merged.conflicts,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeDays:
    """Days of known channels that are brought to what is kept; `content_sha256` is what they are known by."""

    tenant_id: TenantId
    days: tuple[ChannelDay, ...]
    channels: Mapping[ChannelId, Channel]
    source: ReadingSource
    content_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedDays:
    """What became of the values; the first hundred that differ are named."""

    accepted: int
    duplicate: int
    conflicting: int
    late: int
    conflicts: tuple[ReadingConflict, ...]


async def merge_days(wish: MergeDays, *, work: MeteringWork, ids: Ids, now: datetime) -> MergedDays:
    """Fill gaps, count equal values and put others aside, a day at a time; only under `hold`."""
    kept = await work.readings.blocks(wish.tenant_id, [(day.channel_id, day.day) for day in wish.days])
    months = {Month.of(day.day) for day in wish.days}
    site_ids = {channel.site_id for channel in wish.channels.values()}
    frozen = await work.usage_snapshots.frozen_months(wish.tenant_id, site_ids, months)
    outcomes: list[tuple[ChannelDay, Channel, Merged]] = []
    for day in wish.days:
        channel = wish.channels[day.channel_id]
        outcome = merge(
            kept.get((day.channel_id, day.day)),
            day.values,
            channel_id=day.channel_id,
            day=day.day,
            tolerance=0,
            frozen=(channel.site_id, Month.of(day.day)) in frozen,
            source=wish.source,
            now=now,
        )
        outcomes.append((day, channel, outcome))
    await work.readings.write(wish.tenant_id, [outcome.block for _, _, outcome in outcomes if outcome.block])
    conflicts = await _keep_aside(wish, outcomes, kept=kept, frozen=frozen, work=work, ids=ids, now=now)
    return MergedDays(
        accepted=sum(outcome.accepted for _, _, outcome in outcomes),
        duplicate=sum(outcome.duplicate for _, _, outcome in outcomes),
        conflicting=sum(outcome.conflicting for _, _, outcome in outcomes),
        late=sum(
            outcome.accepted for day, channel, outcome in outcomes if (channel.site_id, Month.of(day.day)) in frozen
        ),
        conflicts=conflicts,
    )


async def _channels_named(wish: TakeReadings, *, work: SharingWork) -> dict[ChannelId, Channel]:
    return await channels_named(wish, wish.arrived.places, work=work)


async def channels_named(
    wish: TakeReadings, numbers: Iterable[ChannelId], *, work: SharingWork
) -> dict[ChannelId, Channel]:
    """Return the channels of these numbers that the sender may tell of; others are as if they were not there."""
    named = [number for number in sorted(set(numbers)) if number <= VALUE_MAX]  # numbers are int4, as values are
    if not named:
        return {}
    found = await work.sites.numbered(wish.tenant_id, named)
    if wish.actor.is_narrowed:  # what lies outside a key's scope is as unknown to it as what is not there
        found = tuple(channel for channel in found if _in_scope(wish.actor, channel))
    return {channel.channel_id: channel for channel in found}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What channels of the tenant can have said, and what was refused of the rest."""

    days: Sequence[ChannelDay]
    ticks: Sequence[Tick]
    refused: tuple[RejectedValues, ...] = ()


def _judge(arrived: Arrived, channels: Mapping[ChannelId, Channel]) -> _Judged:
    """Leave out what no channel of the tenant can have said."""
    shares = {number for number, channel in channels.items() if channel.quantity is Quantity.STORAGE_SOC}
    plain = not arrived.wide and all(channel.is_plain for channel in channels.values())
    if plain and not shares and len(channels) == len(arrived.places):
        told = [day for day in arrived.days if day.values[0] is not None or known(day.values)]
        return _Judged(days=told, ticks=arrived.ticks)
    days: list[ChannelDay] = []
    ticks: list[Tick] = []
    refused: dict[tuple[ChannelId, Rejection], int] = {}

    def refuse(number: ChannelId, reason: Rejection, values: int) -> None:
        refused[number, reason] = refused.get((number, reason), 0) + values

    for tick in arrived.ticks:
        reason = _misplaced(channels.get(tick.channel_id), tick.day, SLOTS_A_DAY)
        if reason is None and tick.channel_id in shares and tick.value > _SOC_MAX_BP:
            reason = Rejection.TOO_LARGE
        if reason is None:
            ticks.append(tick)
        else:
            refuse(tick.channel_id, reason, 1)
    for day in arrived.days:
        values = day.values
        reason = _misplaced(channels.get(day.channel_id), day.day, len(values))
        if reason is not None:
            refuse(day.channel_id, reason, known(values))
            continue
        if day.channel_id in shares and (above := sum(value is not None and value > _SOC_MAX_BP for value in values)):
            refuse(day.channel_id, Rejection.TOO_LARGE, above)
            values = tuple(None if value is None or value > _SOC_MAX_BP else value for value in values)
        if known(values):
            days.append(ChannelDay(channel_id=day.channel_id, day=day.day, values=values))
    return _Judged(
        days=days,
        ticks=ticks,
        refused=tuple(
            RejectedValues(place=arrived.places[number], reason=reason, values=values)
            for (number, reason), values in refused.items()
        ),
    )


def _misplaced(channel: Channel | None, day: date, slots: int) -> Rejection | None:
    """Say why a day of so many slots is no day of a channel's; None where it is."""
    if channel is None:
        return Rejection.CHANNEL_UNKNOWN
    if slots != channel.slots_a_day:
        return Rejection.RESOLUTION_MISMATCH
    return None if channel.counts_on(day) else Rejection.CHANNEL_NOT_THERE


async def _keep_aside(
    wish: MergeDays,
    outcomes: list[tuple[ChannelDay, Channel, Merged]],
    *,
    kept: Blocks,
    frozen: frozenset[tuple[SiteId, Month]],
    work: MeteringWork,
    ids: Ids,
    now: datetime,
) -> tuple[ReadingConflict, ...]:
    """Put values aside that differ from kept ones, under one import a site; return the first hundred."""
    conflicts: list[ReadingConflict] = []
    aside: dict[SiteId, list[OfferedDay]] = {}
    for day, channel, outcome in outcomes:
        if outcome.put_aside is None:
            continue
        offered = OfferedDay(channel_id=day.channel_id, day=day.day, values=outcome.put_aside)
        aside.setdefault(channel.site_id, []).append(offered)
        if len(conflicts) < CONFLICTS_NAMED_MAX:
            conflicts.extend(
                ReadingConflict(
                    channel_id=day.channel_id,
                    quantity=channel.quantity,
                    day=day.day,
                    index=index,
                    kept=old,
                    offered=new,
                )
                for index, (old, new) in enumerate(
                    zip(kept[day.channel_id, day.day].values, outcome.put_aside, strict=True)
                )
                if new is not None and old is not None
            )
    for site_id, offered_days in sorted(aside.items()):
        mine = [(day, outcome) for day, channel, outcome in outcomes if channel.site_id == site_id]
        imported = _door_import(wish, site_id, mine, frozen=frozen, ids=ids, now=now)
        first = await work.reading_imports.keep(imported)
        await work.readings.put_aside(wish.tenant_id, first.import_id, offered_days)
    return tuple(conflicts[:CONFLICTS_NAMED_MAX])


def _door_import(
    wish: MergeDays,
    site_id: SiteId,
    outcomes: list[tuple[ChannelDay, Merged]],
    *,
    frozen: frozenset[tuple[SiteId, Month]],
    ids: Ids,
    now: datetime,
) -> ReadingImport:
    """Describe a request as an import of one site, as a file's is: values put aside belong to one."""
    starts = {
        day_start(day.day) + index * timedelta(days=1) / len(day.values)
        for day, _ in outcomes
        for index, value in enumerate(day.values)
        if value is not None
    }
    return ReadingImport(
        import_id=ReadingImportId(ids.new()),
        tenant_id=wish.tenant_id,
        site_id=site_id,
        file_sha256=wish.content_sha256,
        intervals=len(starts),
        accepted=sum(outcome.accepted for _, outcome in outcomes),
        filled=sum(outcome.filled for _, outcome in outcomes),
        late=sum(outcome.accepted for day, outcome in outcomes if (site_id, Month.of(day.day)) in frozen),
        duplicate=sum(outcome.duplicate for _, outcome in outcomes),
        conflicting=sum(outcome.conflicting for _, outcome in outcomes),
        duplicate_rows=0,
        blank_cells=0,
        first_at=min(starts),
        last_at=max(starts),
        recorded_at=now,
    )


def _report(
    arrived: Arrived,
    refused: tuple[RejectedValues, ...],
    *,
    accepted: int,
    duplicate: int,
    conflicting: int = 0,
    late: int = 0,
    conflicts: tuple[ReadingConflict, ...] = (),
) -> ReadingsReport:
    return ReadingsReport(
        accepted=accepted,
        duplicate=duplicate,
        conflicting=conflicting,
        rejected=arrived.rejected + sum(entry.values for entry in refused),
        late=late,
        conflicts=conflicts,
        rejections=(refused + arrived.rejections)[:REJECTIONS_NAMED_MAX],
    )


async def list_channels(
    actor: Actor, *, tenant_id: TenantId, site_id: SiteId, work: MeteringWork
) -> tuple[Channel, ...]:
    """Show a site's channels by number: what a sender of readings names.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
    """
    _look(actor, tenant_id, Role.DEVICE, site_id=site_id)
    await work.sites.one(tenant_id, site_id)
    channels = tuple(one for one in await work.sites.channels(tenant_id, site_id) if _in_scope(actor, one))
    if actor.channels is not None and not channels:
        raise SiteUnknown
    return channels


async def numbered_channels(
    actor: Actor, tenant_id: TenantId, numbers: Sequence[ChannelId], *, work: MeteringWork
) -> tuple[Channel, ...]:
    """Show a tenant's channels of these numbers, of whatever site.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the actor belongs to another tenant.
        ChannelUnknown: the tenant has no such channel, or it lies outside the actor's reach.
    """
    _look(actor, tenant_id, Role.DEVICE)
    found = {one.channel_id: one for one in await work.sites.numbered(tenant_id, numbers) if _in_scope(actor, one)}
    for number in numbers:
        if number not in found:
            raise ChannelUnknown(channel=number)
    return tuple(found[number] for number in numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeMonth:
    """A contract's month whose usage is to be frozen.

    `efficiency_ppm` is the one that the contract names for attribution; None takes the metered one.
    `accept_gap` freezes a month that lacks readings, knowingly.
    """

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    contract_id: ContractId
    month: Month
    efficiency_ppm: int | None = None
    accept_gap: bool = False


async def freeze_month(wish: FreezeMonth, *, work: MeteringWork, ids: Ids, clock: Clock) -> UsageSnapshot:
    """Freeze a month's usage; a month that is frozen already is returned as it was.

    Raises:
        RoleNotEnough: only an operator or the system freezes.
        SiteUnknown: the tenant has no such site.
        MonthNotOver: the month still runs.
        MonthIncomplete: more than 0.5 % of the readings are missing, and the gap is not accepted.
    """
    wish.actor.require(Role.OPERATOR, Role.FINANCE, Role.SYSTEM)
    await work.sites.one(wish.tenant_id, wish.site_id)
    await work.readings.hold(wish.tenant_id)
    stored = await work.usage_snapshots.find(wish.tenant_id, wish.contract_id, wish.month)
    if stored is not None:
        return stored
    now = clock.now()
    month_end_at = wish.month.interval.end_at
    if month_end_at is None or now < month_end_at:
        raise MonthNotOver(month=str(wish.month))
    channels = await work.sites.channels(wish.tenant_id, wish.site_id)
    readings = await readings_of_month(wish.month, channels, work=work, tenant_id=wish.tenant_id, site_id=wish.site_id)
    blocks, usage = readings.blocks, readings.usage(efficiency_ppm=wish.efficiency_ppm)
    if usage.completeness_ppm < COMPLETENESS_PPM_MIN and not wish.accept_gap:
        raise MonthIncomplete(
            month=str(wish.month),
            completeness_ppm=usage.completeness_ppm,
            completeness_ppm_min=COMPLETENESS_PPM_MIN,
        )
    text = readings_text(
        tenant_id=wish.tenant_id, site_id=wish.site_id, month=wish.month, channels=channels, blocks=blocks
    )
    return await work.usage_snapshots.keep(
        UsageSnapshot(
            snapshot_id=SnapshotId(ids.new()),
            tenant_id=wish.tenant_id,
            contract_id=wish.contract_id,
            site_id=wish.site_id,
            revision=0,
            usage=usage,
            readings_sha256=sha256(text).hex(),
            frozen_at=now,
        )
    )


EFFICIENCY_MONTHS = 12
"""A storage's efficiency is metered over at most so many frozen months and what followed them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReadings:
    """A month's readings with what it begins with: replayed from the site's first day, or from its last frozen month.

    `blocks` reach from `start_on` to the month's end.
    """

    month: Month
    start_on: date
    days: SiteDays
    blocks: Blocks
    opening: BySource
    charged_before_wh: int
    discharged_before_wh: int

    def usage(self, *, efficiency_ppm: int | None = None) -> MonthUsage:
        """Return the month's figures."""
        return month_usage(
            self.month,
            self.days,
            first_on=self.start_on,
            efficiency_ppm=efficiency_ppm,
            opening=self.opening,
            charged_before_wh=self.charged_before_wh,
            discharged_before_wh=self.discharged_before_wh,
        )


async def readings_of_month(
    month: Month,
    channels: tuple[Channel, ...],
    *,
    work: MeteringWork,
    tenant_id: TenantId,
    site_id: SiteId,
    as_of: datetime | None = None,
) -> MonthReadings:
    """Read a month and, of what lies before it, only what no frozen month tells."""
    channel_ids = [channel.channel_id for channel in channels]
    frozen = await work.usage_snapshots.frozen_before(tenant_id, site_id, month, limit=EFFICIENCY_MONTHS, as_of=as_of)
    if frozen:
        last = frozen[0].usage
        start_on = last.month.next().first_on
        opening = BySource(pv_wh=last.stock_pv_wh, grid_wh=last.stock_grid_wh)
    else:
        first_on = await work.readings.first_on(tenant_id, channel_ids)
        start_on = month.first_on if first_on is None else min(first_on, month.first_on)
        opening = NOTHING
    blocks = await work.readings.day_blocks(
        tenant_id, channel_ids, first_on=start_on, last_on=month.dates()[-1], as_of=as_of
    )
    return MonthReadings(
        month=month,
        start_on=start_on,
        days=site_days(channels, blocks),
        blocks=blocks,
        opening=opening,
        charged_before_wh=sum(one.usage.storage_charge_wh for one in frozen),
        discharged_before_wh=sum(one.usage.storage_discharge_wh for one in frozen),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMonth:
    """A site's month to look at, as known at an instant."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    month: Month
    as_of: datetime | None = None


async def read_month(wish: ReadMonth, *, work: MeteringWork) -> MonthEnergy:
    """Show a month as its readings are now, or were known then, frozen or not.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
    """
    _look_at_whole(wish.actor, wish.tenant_id, site_id=wish.site_id)
    site = await work.sites.one(wish.tenant_id, wish.site_id)
    channels = await work.sites.channels(wish.tenant_id, wish.site_id)
    readings = await readings_of_month(
        wish.month, channels, work=work, tenant_id=wish.tenant_id, site_id=wish.site_id, as_of=wish.as_of
    )
    return MonthEnergy(
        site=site,
        month=wish.month,
        usage=readings.usage(),
        flows=month_flows(readings.days, wish.month),
        days=day_sums(readings.days, wish.month),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDay:
    """A site's day to look at."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    day: date


async def read_day(wish: ReadDay, *, work: MeteringWork) -> DayProfile:
    """Show a day slot by slot; a quantity without any reading that day is left out.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
    """
    _look_at_whole(wish.actor, wish.tenant_id, site_id=wish.site_id)
    site = await work.sites.one(wish.tenant_id, wish.site_id)
    channels = await work.sites.channels(wish.tenant_id, wish.site_id)
    blocks = await work.readings.day_blocks(
        wish.tenant_id, [channel.channel_id for channel in channels], first_on=wish.day, last_on=wish.day
    )
    values = {
        quantity: listed[wish.day] for quantity, listed in site_days(channels, blocks).items() if wish.day in listed
    }
    return DayProfile(site=site, day=wish.day, values=values)


async def list_sites(actor: Actor, *, tenant_id: TenantId, work: MeteringWork) -> tuple[Site, ...]:
    """Show a tenant's sites, oldest first.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the actor belongs to another tenant.
    """
    _look(actor, tenant_id, Role.DEVICE)
    sites = await work.sites.of_tenant(tenant_id, limit=SITES_LISTED_MAX)
    if actor.sites is not None:
        sites = tuple(site for site in sites if site.site_id in actor.sites)
    if actor.channels is not None:
        channels = await work.sites.numbered(tenant_id, [ChannelId(number) for number in sorted(actor.channels)])
        measured = {channel.site_id for channel in channels}
        sites = tuple(site for site in sites if site.site_id in measured)
    return sites


async def show_snapshot(
    actor: Actor, *, tenant_id: TenantId, contract_id: ContractId, month: Month, work: MeteringWork
) -> UsageSnapshot:
    """Show what was frozen of a contract's month.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the actor belongs to another tenant.
        SnapshotUnknown: the month is not frozen.
    """
    _look_at_whole(actor, tenant_id)
    found = await work.usage_snapshots.find(tenant_id, contract_id, month)
    if found is None or (actor.sites is not None and found.site_id not in actor.sites):
        raise SnapshotUnknown(month=str(month))
    return found


def file_sha256(content: bytes) -> str:
    """Return the hash by which a file is known, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def require_import(actor: Actor, tenant_id: TenantId, site_id: SiteId) -> None:
    """Refuse whoever may not send a site's file, before it is read.

    Raises:
        RoleNotEnough: only an operator, the system or the tenant itself imports; a device sends values one by one.
        SiteUnknown: the site is another tenant's, or lies outside the actor's scope.
    """
    actor.require(Role.TENANT_ADMIN, Role.OPERATOR, Role.SYSTEM, keeps_scope=True)
    _reach(actor, tenant_id, site_id)


def require_send(actor: Actor, tenant_id: TenantId) -> None:
    """Let a tenant's administrators and devices send the tenant's readings, the operator and the system everybody's.

    Raises:
        RoleNotEnough: the role sends no readings.
        SiteUnknown: the actor belongs to another tenant.
    """
    actor.require(Role.TENANT_ADMIN, Role.DEVICE, Role.OPERATOR, Role.SYSTEM, keeps_scope=True)
    _reach(actor, tenant_id, None)


def _look(actor: Actor, tenant_id: TenantId, *more: Role, site_id: SiteId | None = None) -> None:
    """Let a complex's staff look at its tenants' energy, the system at everybody's, a tenant at its own."""
    actor.require(*TENANT_STAFF, *COMPLEX_STAFF, Role.SYSTEM, *more, keeps_scope=True)
    _reach(actor, tenant_id, site_id)


def _look_at_whole(actor: Actor, tenant_id: TenantId, *, site_id: SiteId | None = None) -> None:
    """Let somebody look at figures made of all of a site's channels; a key narrowed to some of them does not."""
    _look(actor, tenant_id, site_id=site_id)
    if actor.channels is not None:
        raise ScopeNotEnough


def _reach(actor: Actor, tenant_id: TenantId, site_id: SiteId | None) -> None:
    if not actor.reaches(tenant_id):
        raise SiteUnknown
    if site_id is not None and actor.sites is not None and site_id not in actor.sites:
        raise SiteUnknown


def _in_scope(actor: Actor, channel: Channel) -> bool:
    return (actor.sites is None or channel.site_id in actor.sites) and (
        actor.channels is None or channel.channel_id in actor.channels
    )
