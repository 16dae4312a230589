"""What counting registers say: energy between two reads, over rollovers and exchanges, and which slots it fills."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from domain.metering.meters import Meter, MeterDevice
from domain.metering.model import Channel
from domain.metering.validation import DEFAULTS, Finding, FindingKind, RegisterRead, Thresholds, judge_registers
from domain.shared.identifiers import ChannelId
from domain.shared.time import seoul_day

READ_VALUE_MAX = 10**12 - 1
_EPOCH_AT = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReading:
    """What a channel's counting register showed, in counts of its last figure; `epoch` tells which device it was."""

    channel_id: ChannelId
    epoch: int
    read_at: datetime
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRead:
    """A read as a sender says it; without an epoch it is that of the device that hung there then."""

    channel_id: ChannelId
    read_at: datetime
    value: int
    epoch: int | None
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotStart:
    """A slot of a channel by its first instant."""

    channel_id: ChannelId
    start_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistersReport:
    """What became of each read, and what the reads became: `slots` were filled by differences.

    `same_slots` held the very value already, `other_slots` another one, which stays; the difference is put aside.
    The first hundred findings are named, beside how many are left out.
    """

    accepted: int
    duplicate: int
    conflicting: int
    slots: int
    same_slots: int
    other_slots: int
    findings: tuple[Finding, ...]
    findings_left_out: int


Shown = Mapping[tuple[int, datetime], int]
"""One channel's register by epoch and instant."""


def shown(reads: Iterable[RegisterReading]) -> dict[tuple[int, datetime], int]:
    """Return one channel's reads by epoch and instant."""
    return {(read.epoch, read.read_at): read.value for read in reads}


def counted_wh(device: MeterDevice, ratio: tuple[int, int], before: int, after: int) -> int:
    """Return the energy between two counts, whole Wh cut so that parts of a stretch add up to the whole of it."""
    numerator, denominator = ratio
    factor = device.count_wh * numerator
    return after * factor // denominator - before * factor // denominator


def advanced(device: MeterDevice, before: int, after: int, *, thresholds: Thresholds = DEFAULTS) -> int | None:
    """Return where a register stands after `before`, its rollover counted in; None if it fell for no good reason."""
    reads = [RegisterRead(read_at=_EPOCH_AT + timedelta(days=place), value_wh=value, epoch=0) for place, value in
             enumerate((before, after))]  # fmt: skip
    uses, _ = judge_registers(reads, channel="", digits=device.digits, thresholds=thresholds)
    return before + uses[0].wh if uses else None


def use_wh(meter: Meter, reads: Shown, start_at: datetime, end_at: datetime) -> int | None:
    """Return what a meter counted over a stretch, exchanges within it included; None where its reads do not tell.

    They tell if there is one at both ends and, for each exchange, the last of the old register and the first of the
    new; if no register fell; and if one ratio of the transformers held throughout. Reads in between change nothing, so
    that it does not matter in which order they came.
    """
    if not meter.one_ratio(start_at, end_at):
        return None
    ratio = meter.ratio_on(seoul_day(start_at))
    total, at = 0, start_at
    for device in meter.devices[meter.device_at(start_at).epoch :]:
        following = meter.devices[device.epoch + 1].from_at if device.epoch + 1 < len(meter.devices) else None
        until_at = end_at if following is None or following >= end_at else following
        before, after = reads.get((device.epoch, at)), reads.get((device.epoch, until_at))
        if before is None or after is None:
            return None
        stands = advanced(device, before, after)
        if stands is None:
            return None
        total += counted_wh(device, ratio, before, stands)
        if until_at == end_at:
            break
        at = until_at
    return total


def slots_touched(channel: Channel, meter: Meter, instants: Iterable[datetime]) -> tuple[datetime, ...]:
    """Return the first instants of the slots that reads at these instants may fill.

    A read on the border of two slots ends one and begins the other. One between borders fills nothing unless it is of
    an exchange.
    """
    width = timedelta(minutes=channel.slot_minutes)
    exchanged = {device.from_at for device in meter.devices if device.from_at is not None}
    found: set[datetime] = set()
    for at in instants:
        start_at = at - (at - _EPOCH_AT) % width
        if start_at == at:
            found.update((start_at - width, start_at))
        elif at in exchanged:
            found.add(start_at)
    return tuple(sorted(found))


def findings(
    channel: Channel, meter: Meter, reads: Sequence[RegisterReading], *, about: frozenset[datetime]
) -> tuple[Finding, ...]:
    """Name rollovers, exchanges, falls and gaps between neighbouring reads, of those pairs that touch `about`.

    A gap tells its sum, by which an estimate of its slots is scaled.
    """
    width = timedelta(minutes=channel.slot_minutes)
    listed = sorted(reads, key=lambda read: (read.read_at, read.epoch))
    name, values = str(channel.channel_id), shown(listed)
    found: list[Finding] = []
    for before, read in pairwise(listed):
        if before.read_at not in about and read.read_at not in about:
            continue

        def find(kind: FindingKind, detail: str, read: RegisterReading = read) -> None:
            found.append(Finding(kind=kind, at=read.read_at, channel=name, detail=detail))

        if read.epoch != before.epoch:
            if read.epoch == before.epoch + 1 and read.read_at == before.read_at:
                find(FindingKind.REGISTER_EXCHANGE, f"last {before.value}, first {read.value}")
            continue
        device = meter.devices[read.epoch]
        stands = advanced(device, before.value, read.value)
        if stands is None:
            find(FindingKind.REGISTER_DROP, f"{before.value} to {read.value}")
            continue
        if stands != read.value:
            find(FindingKind.REGISTER_ROLLOVER, f"{before.value} to {read.value}: {stands - before.value} counts")
        if read.read_at - before.read_at > width:
            wh = use_wh(meter, values, before.read_at, read.read_at)
            slots = (read.read_at - before.read_at) // width
            find(FindingKind.GAP, f"{slots} slots without a read" + ("" if wh is None else f", {wh} Wh over them"))
    return tuple(found)
