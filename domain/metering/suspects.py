"""What looks wrong in stored days, by named rules (VEE): a finding names channel, day and slots; nothing is repaired.

The rules of files (`validation`) judge each channel by itself; the four more here need its rating, its register, or the
site's other meters. Judged again, the same readings give the same findings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from domain.metering.estimates import gaps
from domain.metering.meters import Meter
from domain.metering.model import ENERGIES, Channel, DayValues, Quantity
from domain.metering.readings import NO_VALUES
from domain.metering.registers import RegisterReading, shown, use_wh
from domain.metering.usage import SiteDays
from domain.metering.validation import DEFAULTS, FindingKind, Thresholds, judge_series
from domain.shared.identifiers import ChannelId
from domain.shared.time import SLOTS_A_DAY, day_start, seoul_day

PPM = 1_000_000
_BP = 10_000
_DAY = timedelta(days=1)
_ROUNDING_WH = 4
"""Six meters, each cut to whole Wh by less than one, differ by this much at most without any fault."""

RATED_SHARE_PERCENT = 110
"""A slot may hold up to this share of what the rated power gives in it."""

IMBALANCE_WH = 2_000
IMBALANCE_PPM = 20_000
DRIFT_SHARE_PERCENT = 10
"""A storage's day may differ by up to this share of its usable energy from what its state of charge says."""

VALUE_KINDS: frozenset[FindingKind] = frozenset(
    {FindingKind.SPIKE, FindingKind.FROZEN, FindingKind.UNIT_SLIP, FindingKind.ABOVE_RATING}
)
"""What doubts the value of each slot that it names; the others say that meters do not agree, or that one is silent."""

ESTIMABLE: frozenset[FindingKind] = VALUE_KINDS | {FindingKind.GAP}
"""Where a rule may propose other values."""

STORED_KINDS: frozenset[FindingKind] = ESTIMABLE | {
    FindingKind.IMBALANCE,
    FindingKind.STORAGE_DRIFT,
    FindingKind.REGISTER_MISMATCH,
}
"""All that stored days can be found to have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One thing found: `slots` slots of a day from `slot` on; of several days, each has its own.

    `channel_id` is None where it is the site's meters together that do not agree; slots are then quarter hours.
    """

    kind: FindingKind
    channel_id: ChannelId | None
    day: date
    slot: int
    slots: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A site's days as they are kept, from `first_on` to `last_on`; what lies before them is only compared with.

    Args:
        first_on: the first day that is judged.
        last_on: the last one, which is over.
        channels: the site's.
        days: each channel's days as they were sent, those before `first_on` included.
        begun_on: the day of each channel's first reading; a channel without one is not missed.
        site: the same in quarter hours by quantity.
        rated_w: the rated power by quantity and day, where somebody knows it.
        usable_wh: what the storage holds between 0 and 10,000 bp; None if it is not known.
        meters: the meters of the channels.
        reads: what each channel's register showed.
    """

    first_on: date
    last_on: date
    channels: Sequence[Channel]
    days: Mapping[ChannelId, Mapping[date, DayValues]]
    begun_on: Mapping[ChannelId, date]
    site: SiteDays
    rated_w: Mapping[Quantity, Mapping[date, int]]
    usable_wh: int | None
    meters: Sequence[Meter]
    reads: Mapping[ChannelId, Sequence[RegisterReading]]

    @property
    def dates(self) -> tuple[date, ...]:
        """The days that are judged."""
        return tuple(self.first_on + offset * _DAY for offset in range((self.last_on - self.first_on).days + 1))


def judge(found: Judged, *, thresholds: Thresholds = DEFAULTS) -> tuple[Suspect, ...]:
    """Look through a site's stored days by every rule; findings come by day, channel, kind and slot, each once."""
    suspects: list[Suspect] = []
    meters = {meter.meter_id: meter for meter in found.meters}
    for channel in found.channels:
        days = found.days.get(channel.channel_id, {})
        suspects.extend(_series(channel, days, found, thresholds))
        suspects.extend(_rating(channel, days, found))
        suspects.extend(_missing(channel, days, found))
        if channel.meter_id in meters:
            suspects.extend(_registers(channel, days, meters[channel.meter_id], found))
    suspects.extend(_imbalance(found))
    suspects.extend(_drift(found))
    by_place = {(one.day, one.channel_id or 0, one.kind, one.slot): one for one in suspects}
    return tuple([by_place[place] for place in sorted(by_place)])


def _series(
    channel: Channel, days: Mapping[date, DayValues], found: Judged, thresholds: Thresholds
) -> Iterator[Suspect]:
    """Spikes, frozen runs and slips of the unit, as in a file; a run over midnight is one of each day."""
    width = _DAY / channel.slots_a_day
    for one in judge_series(channel.quantity, days, channel=str(channel.channel_id), thresholds=thresholds):
        if one.at is None:
            continue
        begins_on = seoul_day(one.at)
        slot = (one.at - day_start(begins_on)) // width
        count = channel.slots_a_day if one.kind is FindingKind.UNIT_SLIP else 1
        if one.kind is FindingKind.FROZEN:
            count = _run(days, begins_on, slot)
        for day, start, length in _by_day(begins_on, slot, count, channel.slots_a_day):
            if found.first_on <= day <= found.last_on:
                yield Suspect(
                    kind=one.kind, channel_id=channel.channel_id, day=day, slot=start, slots=length, detail=one.detail
                )


def _run(days: Mapping[date, DayValues], day: date, slot: int) -> int:
    """Count the equal values from a slot on, over as many days as follow each other."""
    value, count = days[day][slot], 0
    while day in days:
        for one in days[day][slot:]:
            if one != value:
                return count
            count += 1
        day, slot = day + _DAY, 0
    return count


def _by_day(day: date, slot: int, count: int, slots_a_day: int) -> Iterator[tuple[date, int, int]]:
    while count > 0:
        length = min(count, slots_a_day - slot)
        yield day, slot, length
        count -= length
        day, slot = day + _DAY, 0


def _rating(channel: Channel, days: Mapping[date, DayValues], found: Judged) -> Iterator[Suspect]:
    rated = found.rated_w.get(channel.quantity)
    if rated is None:
        return
    for day in found.dates:
        if day not in days or day not in rated:
            continue
        most_wh = rated[day] * channel.slot_minutes * RATED_SHARE_PERCENT // (60 * 100)
        for slot, count in _runs([value is not None and value > most_wh for value in days[day]]):
            highest = max(value for value in days[day][slot : slot + count] if value is not None)
            yield Suspect(
                kind=FindingKind.ABOVE_RATING,
                channel_id=channel.channel_id,
                day=day,
                slot=slot,
                slots=count,
                detail=f"{highest} Wh where {rated[day]} W allow {most_wh} Wh",
            )


def _runs(marked: Sequence[bool]) -> Iterator[tuple[int, int]]:
    begins: int | None = None
    for slot, one in enumerate((*marked, False)):
        if one and begins is None:
            begins = slot
        elif not one and begins is not None:
            yield begins, slot - begins
            begins = None


def _missing(channel: Channel, days: Mapping[date, DayValues], found: Judged) -> Iterator[Suspect]:
    begun_on = found.begun_on.get(channel.channel_id)
    if begun_on is None:
        return
    nothing: DayValues = (None,) * channel.slots_a_day
    for day in found.dates:
        if day < begun_on or not channel.counts_on(day):
            continue
        for start, end in gaps(days.get(day, nothing)):
            yield Suspect(
                kind=FindingKind.GAP,
                channel_id=channel.channel_id,
                day=day,
                slot=start,
                slots=end - start,
                detail=f"{end - start} slots without a value",
            )


def _registers(channel: Channel, days: Mapping[date, DayValues], meter: Meter, found: Judged) -> Iterator[Suspect]:
    """Compare what the slots between two reads sum to with what the register counted.

    The last figure of a register is a count: a difference of less than one count and a Wh is the register's coarseness.
    """
    reads = found.reads.get(channel.channel_id, ())
    if not reads:
        return
    width = _DAY / channel.slots_a_day
    values = shown(reads)
    borders = sorted({read.read_at for read in reads if not (read.read_at - day_start(found.first_on)) % width})
    for start_at, end_at in pairwise(borders):
        day = seoul_day(start_at)
        if not found.first_on <= day <= found.last_on:
            continue
        slots = _between(days, start_at, end_at, width)
        if slots is None:
            continue
        counted = use_wh(meter, values, start_at, end_at)
        if counted is None:
            continue
        numerator, denominator = meter.ratio_on(day)
        coarse = meter.device_at(start_at).count_wh * numerator // denominator + 1
        total = sum(slots)
        if abs(total - counted) > coarse:
            slot = (start_at - day_start(day)) // width
            yield Suspect(
                kind=FindingKind.REGISTER_MISMATCH,
                channel_id=channel.channel_id,
                day=day,
                slot=slot,
                slots=min(len(slots), channel.slots_a_day - slot),
                detail=f"{len(slots)} slots sum to {total} Wh, the register counted {counted} Wh",
            )


def _between(
    days: Mapping[date, DayValues], start_at: datetime, end_at: datetime, width: timedelta
) -> list[int] | None:
    """Return the values of the slots between two instants; None where one is not known."""
    found: list[int] = []
    at = start_at
    while at < end_at:
        day = seoul_day(at)
        if day not in days:
            return None
        slot = (at - day_start(day)) // width
        for value in days[day][slot : slot + (end_at - at) // width]:
            if value is None:
                return None
            found.append(value)
        at = day_start(day) + _DAY
    return found


def _imbalance(found: Judged) -> Iterator[Suspect]:
    """Name the quarter hours in which pv + import + discharge and load + export + charge differ, a day at a time.

    They differ if it is by more than 2 % of what came in and more than rounding, or by more than 2 kWh. A site that
    does not meter all six cannot be judged, nor a slot of which one meter gave nothing.
    """
    if any(quantity not in found.site for quantity in ENERGIES):
        return
    for day in found.dates:
        columns = {quantity: found.site[quantity].get(day, NO_VALUES) for quantity in ENERGIES}
        supply = (columns[Quantity.PV], columns[Quantity.GRID_IMPORT], columns[Quantity.STORAGE_DISCHARGE])
        use = (columns[Quantity.LOAD], columns[Quantity.GRID_EXPORT], columns[Quantity.STORAGE_CHARGE])
        wrong: list[int] = []
        worst = 0
        for slot in range(SLOTS_A_DAY):
            into = [one for column in supply if (one := column[slot]) is not None]
            out = [one for column in use if (one := column[slot]) is not None]
            if len(into) + len(out) < len(ENERGIES):
                continue
            came, residual = sum(into), sum(into) - sum(out)
            if abs(residual) > min(max(_ROUNDING_WH, came * IMBALANCE_PPM // PPM), IMBALANCE_WH):
                wrong.append(slot)
                worst = residual if abs(residual) > abs(worst) else worst
        if wrong:
            yield Suspect(
                kind=FindingKind.IMBALANCE,
                channel_id=None,
                day=day,
                slot=wrong[0],
                slots=len(wrong),
                detail=f"{len(wrong)} slots do not balance, by up to {worst} Wh",
            )


def _drift(found: Judged) -> Iterator[Suspect]:
    """Compare what went through the storage in a day with how its state of charge moved.

    The storage's efficiency is metered over the whole stretch; without whole days, a state of charge at both ends and a
    known usable energy nothing is said.
    """
    charged, discharged, soc = (
        found.site.get(quantity, {})
        for quantity in (Quantity.STORAGE_CHARGE, Quantity.STORAGE_DISCHARGE, Quantity.STORAGE_SOC)
    )
    if not found.usable_wh or not soc:
        return
    moved: dict[date, tuple[int, int, int]] = {}
    for day in sorted(charged):
        into, out = charged[day], discharged.get(day, NO_VALUES)
        begins, ends = soc.get(day - _DAY, NO_VALUES)[-1], soc.get(day, NO_VALUES)[-1]
        if begins is None or ends is None or None in into or None in out:
            continue
        change = (ends - begins) * found.usable_wh // _BP
        moved[day] = (sum(one or 0 for one in into), sum(one or 0 for one in out), change)
    put, taken, kept = (sum(one[place] for one in moved.values()) for place in range(3))
    if put <= 0:
        return
    efficiency_ppm = min(PPM, max(0, taken + kept) * PPM // put)
    most_wh = found.usable_wh * DRIFT_SHARE_PERCENT // 100
    for day, (into_wh, out_wh, change) in moved.items():
        residual = into_wh * efficiency_ppm // PPM - out_wh - change
        if found.first_on <= day <= found.last_on and abs(residual) > most_wh:
            yield Suspect(
                kind=FindingKind.STORAGE_DRIFT,
                channel_id=None,
                day=day,
                slot=0,
                slots=SLOTS_A_DAY,
                detail=f"charge x {efficiency_ppm} ppm - discharge is {residual} Wh off the state of charge",
            )
