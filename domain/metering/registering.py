"""Steps over counting registers: reads become slots where they lie on their borders, and meters are exchanged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from domain.metering.arrivals import (
    CLOCK_ALLOWANCE,
    FIRST_AT,
    REJECTIONS_NAMED_MAX,
    VALUE_MAX,
    RejectedValues,
    Rejection,
)
from domain.metering.errors import (
    MeterMoved,
    MeterSerialTaken,
    MeterUnknown,
    ReadingInFuture,
    RegisterDiffers,
    RegisterNotInWh,
    RegisterTooShort,
    RegisterUnread,
)
from domain.metering.estimates import corrected
from domain.metering.meters import Meter, MeterDevice
from domain.metering.model import Channel, ChannelDay, DayBlock, MeterId, ReadingSource, RevisionReason
from domain.metering.ports import MeteringWork
from domain.metering.registers import (
    RegisterReading,
    RegistersReport,
    SentRead,
    findings,
    shown,
    slots_touched,
    use_wh,
)
from domain.metering.usecases import MergeDays, TakeReadings, channels_named, file_sha256, merge_days
from domain.metering.validation import Finding, FindingKind
from domain.shared.actor import Actor, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import ChannelId, Ids, SiteId, TenantId
from domain.shared.time import Clock, day_start, seoul_day, utc_text

FINDINGS_NAMED_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenReads:
    """What became of reads, and which were not taken."""

    report: RegistersReport
    rejected: int
    rejections: tuple[RejectedValues, ...]


async def take_registers(wish: TakeReadings, *, work: MeteringWork, ids: Ids, clock: Clock) -> TakenReads:
    """Keep the reads that a program sent, each once, and fill the slots that they tell; only under `hold`.

    Reads may come in any order, parts and repetition: what a slot becomes depends on the reads at its two borders,
    and on those of an exchange within it, alone.
    """
    now = clock.now()
    sent = wish.arrived.registers
    channels = await channels_named(wish, [read.channel_id for read in sent], work=work)
    meters = await _meters(wish.tenant_id, channels.values(), work=work)
    judged = _judged(sent, channels, meters, now=now)
    kept = await _kept(wish.tenant_id, judged.reads, work=work)
    new = [read for read in judged.reads if _key(read) not in kept]
    other = [read for read in judged.reads if kept.get(_key(read), read.value) != read.value]
    await work.registers.add(wish.tenant_id, new, now=now)
    found: list[Finding] = [
        Finding(
            kind=FindingKind.CONFLICTING_DUPLICATE,
            at=read.read_at,
            channel=str(read.channel_id),
            detail=f"{kept[_key(read)]} is kept, {read.value} was sent",
        )
        for read in other
    ]
    days: list[ChannelDay] = []
    for channel_id, read_at in _by_channel(new).items():
        channel = channels[channel_id]
        meter = meters[channel.meter_id]
        width = timedelta(minutes=channel.slot_minutes)
        near = await work.registers.near(
            wish.tenant_id, channel_id, first_at=min(read_at) - width, last_at=max(read_at) + width
        )
        found.extend(findings(channel, meter, near, about=frozenset(read_at)))
        days.extend(_days(channel, meter, near, slots_touched(channel, meter, read_at), now=now))
    merged = await merge_days(
        MergeDays(
            tenant_id=wish.tenant_id,
            days=tuple(days),
            channels=channels,
            source=ReadingSource.REGISTER,
            content_sha256=sha256(f"registers:{file_sha256(wish.content)}").hex(),
        ),
        work=work,
        ids=ids,
        now=now,
    )
    report = RegistersReport(
        accepted=len(new),
        duplicate=len(judged.reads) - len(new) - len(other) + judged.duplicate,
        conflicting=len(other),
        slots=merged.accepted,
        same_slots=merged.duplicate,
        other_slots=merged.conflicting,
        findings=tuple(found[:FINDINGS_NAMED_MAX]),
        findings_left_out=max(0, len(found) - FINDINGS_NAMED_MAX),
    )
    return TakenReads(report=report, rejected=judged.rejected, rejections=judged.rejections[:REJECTIONS_NAMED_MAX])


_Key = tuple[ChannelId, int, datetime]


def _key(read: RegisterReading) -> _Key:
    return read.channel_id, read.epoch, read.read_at


async def _meters(tenant_id: TenantId, channels: Iterable[Channel], *, work: MeteringWork) -> dict[MeterId, Meter]:
    found = await work.meters.several(tenant_id, sorted({channel.meter_id for channel in channels}))
    return {meter.meter_id: meter for meter in found}


async def _kept(tenant_id: TenantId, reads: Sequence[RegisterReading], *, work: MeteringWork) -> dict[_Key, int]:
    kept: dict[_Key, int] = {}
    for channel_id, instants in _by_channel(reads).items():
        near = await work.registers.near(tenant_id, channel_id, first_at=min(instants), last_at=max(instants))
        kept.update({_key(read): read.value for read in near})
    return kept


def _by_channel(reads: Iterable[RegisterReading]) -> dict[ChannelId, list[datetime]]:
    found: dict[ChannelId, list[datetime]] = {}
    for read in sorted(reads, key=_key):
        found.setdefault(read.channel_id, []).append(read.read_at)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    reads: tuple[RegisterReading, ...]
    duplicate: int
    rejected: int
    rejections: tuple[RejectedValues, ...]


def _judged(
    sent: Sequence[SentRead],
    channels: Mapping[ChannelId, Channel],
    meters: Mapping[MeterId, Meter],
    *,
    now: datetime,
) -> _Judged:
    """Leave out what no register of the tenant can have shown; two values at one instant contradict each other."""
    reads: dict[_Key, RegisterReading] = {}
    contradicted: set[_Key] = set()
    rejections: list[RejectedValues] = []
    duplicate = rejected = 0
    for one in sent:
        reason = _why_not(one, channels, meters, now=now)
        if reason is not None:
            rejections.append(RejectedValues(place=one.place, reason=reason, values=1))
            rejected += 1
            continue
        meter = meters[channels[one.channel_id].meter_id]
        read = RegisterReading(
            channel_id=one.channel_id,
            epoch=meter.device_at(one.read_at).epoch if one.epoch is None else one.epoch,
            read_at=one.read_at,
            value=one.value,
        )
        before = reads.get(_key(read))
        if before is None and _key(read) not in contradicted:
            reads[_key(read)] = read
        elif before == read:
            duplicate += 1
        else:
            values = 1 if before is None else 2
            rejections.append(RejectedValues(place=one.place, reason=Rejection.CONTRADICTORY, values=values))
            rejected += values
            reads.pop(_key(read), None)
            contradicted.add(_key(read))
    return _Judged(reads=tuple(reads.values()), duplicate=duplicate, rejected=rejected, rejections=tuple(rejections))


def _why_not(
    one: SentRead, channels: Mapping[ChannelId, Channel], meters: Mapping[MeterId, Meter], *, now: datetime
) -> Rejection | None:
    channel = channels.get(one.channel_id)
    if channel is None:
        return Rejection.CHANNEL_UNKNOWN
    if channel.quantity.unit != "Wh":
        return Rejection.NOT_A_COUNTER
    if one.read_at > now + CLOCK_ALLOWANCE:
        return Rejection.IN_FUTURE
    if one.read_at < FIRST_AT:
        return Rejection.OUT_OF_RANGE
    if one.value < 0:
        return Rejection.NEGATIVE
    meter = meters[channel.meter_id]
    epoch = meter.device_at(one.read_at).epoch if one.epoch is None else one.epoch
    if not meter.holds(epoch, one.read_at):
        return Rejection.EPOCH_UNKNOWN
    return Rejection.TOO_LARGE if one.value >= 10 ** meter.devices[epoch].digits else None


def _days(
    channel: Channel, meter: Meter, near: Sequence[RegisterReading], slots: Iterable[datetime], *, now: datetime
) -> list[ChannelDay]:
    """Arrange what slots became by Seoul day; a slot that its reads do not tell is left alone."""
    width = timedelta(minutes=channel.slot_minutes)
    reads = shown(near)
    found: dict[date, list[int | None]] = {}
    for start_at in slots:
        day = seoul_day(start_at)
        if start_at + width > now + CLOCK_ALLOWANCE or not channel.counts_on(day):
            continue
        wh = use_wh(meter, reads, start_at, start_at + width)
        if wh is not None and wh <= VALUE_MAX:
            values = found.setdefault(day, [None] * channel.slots_a_day)
            values[(start_at - day_start(day)) // width] = wh
    return [
        ChannelDay(channel_id=channel.channel_id, day=day, values=tuple(values))
        for day, values in sorted(found.items())
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What a channel's old register showed last and its new one first, at an exchange."""

    last: int
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeMeter:
    """That another device hangs at a metering point from an instant on; `ends` for each channel that counts energy."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    meter_id: MeterId
    at: datetime
    serial: str
    digits: int
    count_wh: int
    verified_until: date | None
    ends: Mapping[ChannelId, Ends]


async def exchange_meter(wish: ExchangeMeter, *, work: MeteringWork, ids: Ids, clock: Clock) -> Meter:
    """Put up a new device: its register begins a new epoch, and nothing between the two counts as energy.

    Reads that the new device sent before anybody told of it become reads of its epoch; the slot of the exchange is told
    again by both registers.

    Raises:
        RoleNotEnough: only an operator exchanges.
        MeterUnknown: the tenant has no such meter at this site.
        MeterMoved: a device hangs there since this instant or a later one.
        MeterSerialTaken: the device hangs at another metering point.
        RegisterUnread: a channel that counts energy lacks its last or first reading, or another's is told.
        RegisterDiffers: a kept read of the old register at this instant shows something else.
        ReadingInFuture: the instant has not come.
        RegisterTooShort: a reading has more figures than its register.
    """
    wish.actor.require(Role.OPERATOR)
    now = clock.now()
    if wish.at > now + CLOCK_ALLOWANCE:
        raise ReadingInFuture(ends_at=utc_text(wish.at))
    await work.readings.hold(wish.tenant_id)
    meter = await meter_of(wish.tenant_id, wish.site_id, wish.meter_id, work=work)
    old = meter.device
    if old.from_at is not None and wish.at <= old.from_at:
        raise MeterMoved
    await require_free(wish.serial, meter, work=work)
    device = MeterDevice(
        epoch=old.epoch + 1,
        serial=wish.serial,
        digits=wish.digits,
        count_wh=wish.count_wh,
        verified_until=wish.verified_until,
        from_at=wish.at.astimezone(UTC),
        recorded_by=wish.actor.name,
        recorded_at=now,
    )
    listed = await work.sites.channels(wish.tenant_id, meter.site_id)
    counting = [one for one in listed if one.meter_id == meter.meter_id and one.quantity.unit == "Wh"]
    for channel_id in sorted({one.channel_id for one in counting} ^ set(wish.ends)):
        raise RegisterUnread(channel=channel_id)
    for ends in wish.ends.values():
        if not (0 <= ends.last < 10**old.digits and 0 <= ends.first < 10**device.digits):
            raise RegisterTooShort
    await work.meters.exchange(wish.tenant_id, wish.meter_id, device)
    exchanged = replace(meter, devices=(*meter.devices, device))
    for channel in counting:
        await _exchange_channel(channel, exchanged, wish.ends[channel.channel_id], work=work, ids=ids, now=now)
    return exchanged


async def _exchange_channel(
    channel: Channel, meter: Meter, ends: Ends, *, work: MeteringWork, ids: Ids, now: datetime
) -> None:
    device = meter.device
    at = device.from_at
    if at is None:
        raise ValueError("an exchange has an instant")
    tenant_id, channel_id = channel.tenant_id, channel.channel_id
    await work.registers.begin_epoch(tenant_id, channel_id, epoch=device.epoch, at=at, first=ends.first)
    pair = [
        RegisterReading(channel_id=channel_id, epoch=device.epoch - 1, read_at=at, value=ends.last),
        RegisterReading(channel_id=channel_id, epoch=device.epoch, read_at=at, value=ends.first),
    ]
    kept = await _kept(tenant_id, pair, work=work)
    for read in pair:
        if kept.get(_key(read), read.value) != read.value:
            raise RegisterDiffers(channel=channel_id, kept=kept[_key(read)], told=read.value)
    await work.registers.add(tenant_id, [read for read in pair if _key(read) not in kept], now=now)
    width = timedelta(minutes=channel.slot_minutes)
    near = await work.registers.near(tenant_id, channel_id, first_at=at - width, last_at=at + width)
    for day in _days(channel, meter, near, slots_touched(channel, meter, [at]), now=now):
        key = (channel_id, day.day)
        block = (await work.readings.blocks(tenant_id, [key])).get(key)
        changes = _swapped(block, day)
        if block is not None and block.source is ReadingSource.REGISTER and changes:
            revised = corrected(block, changes, reason=RevisionReason.METER_SWAP, now=now)
            await work.readings.write(tenant_id, [revised])
        await merge_days(
            MergeDays(
                tenant_id=tenant_id,
                days=(day,),
                channels={channel_id: channel},
                source=ReadingSource.REGISTER,
                content_sha256=sha256(f"exchange:{meter.meter_id}:{device.epoch}:{channel_id}").hex(),
            ),
            work=work,
            ids=ids,
            now=now,
        )


def _swapped(block: DayBlock | None, day: ChannelDay) -> dict[int, int]:
    """Return the slots that hold another value than both registers tell now."""
    if block is None or len(block.values) != len(day.values):
        return {}
    rows = enumerate(zip(block.values, day.values, strict=True))
    return {slot: new for slot, (old, new) in rows if old is not None and new is not None and old != new}


async def meter_of(tenant_id: TenantId, site_id: SiteId, meter_id: MeterId, *, work: MeteringWork) -> Meter:
    """Return a site's meter.

    Raises:
        MeterUnknown: the tenant has no such meter at this site.
    """
    meter = await work.meters.one(tenant_id, meter_id)
    if meter.site_id != site_id:
        raise MeterUnknown
    return meter


async def require_counts_of_wh(tenant_id: TenantId, numbers: Iterable[ChannelId], *, work: MeteringWork) -> None:
    """Refuse channels a count of whose register is no Wh, or whose transformers multiply it; unknown ones pass.

    Raises:
        RegisterNotInWh: names the first such channel.
    """
    channels = await work.sites.numbered(tenant_id, sorted(set(numbers)))
    meters = await _meters(tenant_id, channels, work=work)
    for channel in channels:
        meter = meters[channel.meter_id]
        if meter.ratios or any(device.count_wh != 1 for device in meter.devices):
            raise RegisterNotInWh(channel=channel.channel_id)


async def require_free(serial: str, meter: Meter, *, work: MeteringWork) -> None:
    """Refuse a device that hangs elsewhere.

    Raises:
        MeterSerialTaken: it hangs at another metering point.
    """
    if serial and set(await work.meters.hanging(meter.tenant_id, serial)) - {meter.meter_id}:
        raise MeterSerialTaken(serial=serial)
