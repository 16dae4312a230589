"""How readings meet the ones already kept: a gap is filled, an equal value counted, another put aside."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.metering.model import (
    ENERGIES,
    DayBlock,
    DayValues,
    Fill,
    Quality,
    Quantity,
    QuantitySeries,
    ReadingSource,
    RevisionReason,
    SiteSeries,
)
from domain.shared.identifiers import ChannelId
from domain.shared.time import SLOTS_A_DAY

NO_VALUES: DayValues = (None,) * SLOTS_A_DAY
_IMBALANCE_WH = 4
"""Six meters, each cut to whole Wh by less than one, differ by this much at most without any fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What became of one offered day.

    `block` is what must be written, None if nothing changes; `put_aside` are the offered values that
    differ from kept ones, None where they do not.
    """

    block: DayBlock | None
    accepted: int
    filled: int
    duplicate: int
    put_aside: DayValues | None

    @property
    def conflicting(self) -> int:
        """How many values differ."""
        return 0 if self.put_aside is None else known(self.put_aside)


def known(values: DayValues) -> int:
    """Count the slots that hold a value."""
    return len(values) - values.count(None)


def merge(
    kept: DayBlock | None,
    offered: DayValues,
    *,
    channel_id: ChannelId,
    day: date,
    tolerance: int,
    frozen: bool,
    source: ReadingSource,
    now: datetime,
) -> Merged:
    """Bring one offered day to the kept block of the same channel and day.

    A slot without a value is filled; a value within `tolerance` of the kept one is a duplicate; any
    other is put aside and changes nothing. In a frozen month what is filled becomes a new revision,
    so that the frozen block stays as it was. A value for an estimated slot takes its place, as a new
    revision: an estimate never silently becomes a reading.
    """
    if kept is None:
        count = known(offered)
        if count == 0:
            return Merged(block=None, accepted=0, filled=0, duplicate=0, put_aside=None)
        block = DayBlock(
            channel_id=channel_id,
            day=day,
            revision=1 if frozen else 0,
            values=offered,
            quality=Quality.MEASURED,
            source=source,
            recorded_at=now,
            reason=RevisionReason.LATE if frozen else None,
        )
        return Merged(block=block, accepted=count, filled=0, duplicate=0, put_aside=None)
    if kept.values == offered and not kept.marks:
        return Merged(block=None, accepted=0, filled=0, duplicate=known(offered), put_aside=None)
    values = list(kept.values)
    aside: list[int | None] = [None] * len(offered)
    slots: list[int] = []
    estimated = {mark.slot for mark in kept.marks if mark.quality is Quality.ESTIMATED} if kept.marks else ()
    actual: set[int] = set()
    duplicate = conflicting = 0
    for index, (old, new) in enumerate(zip(kept.values, offered, strict=True)):
        if new is None:
            continue
        if old is None:
            values[index] = new
            slots.append(index)
        elif index in estimated:
            values[index] = new
            actual.add(index)
        elif -tolerance <= new - old <= tolerance:
            duplicate += 1
        else:
            aside[index] = new
            conflicting += 1
    changed = None
    filled = len(slots)
    revised = frozen or bool(actual)
    if filled or actual:
        changed = DayBlock(
            channel_id=channel_id,
            day=day,
            revision=kept.revision + 1 if revised else kept.revision,
            values=tuple(values),
            quality=kept.quality,
            source=source,
            recorded_at=now if revised else kept.recorded_at,
            fills=() if revised else (*kept.fills, Fill(at=now, slots=tuple(slots))),
            marks=tuple([mark for mark in kept.marks if mark.slot not in actual]),
            reason=_reason(frozen, bool(actual), kept.reason),
        )
    return Merged(
        block=changed,
        accepted=filled + len(actual),
        filled=filled,
        duplicate=duplicate,
        put_aside=tuple(aside) if conflicting else None,
    )


def _reason(frozen: bool, actual: bool, before: RevisionReason | None) -> RevisionReason | None:
    if actual:
        return RevisionReason.ACTUAL
    return RevisionReason.LATE if frozen else before


def quarter_hours(values: DayValues, quantity: Quantity) -> DayValues:
    """Return a day in the 96 slots of 15 minutes that every figure is made of.

    Shorter slots are summed; a quarter hour of which one gave nothing is not known. A longer slot is split evenly to
    the Wh, and its parts are estimates. A state of charge is that of the quarter hour's end, so of a longer slot
    only the last quarter hour has one.
    """
    count = len(values)
    if count == SLOTS_A_DAY:
        return values
    if count > SLOTS_A_DAY:
        size = count // SLOTS_A_DAY
        parts = [values[start : start + size] for start in range(0, count, size)]
        if quantity is Quantity.STORAGE_SOC:
            return tuple([part[-1] for part in parts])
        return tuple([_sum(part) for part in parts])
    size = SLOTS_A_DAY // count
    if quantity is Quantity.STORAGE_SOC:
        return tuple([one for value in values for one in (*(None,) * (size - 1), value)])
    return tuple([one for value in values for one in _split(value, size)])


def _sum(values: Sequence[int | None]) -> int | None:
    total_ = 0
    for value in values:
        if value is None:
            return None
        total_ += value
    return total_


def _split(value: int | None, size: int) -> tuple[int | None, ...]:
    if value is None:
        return (None,) * size
    whole, rest = divmod(value, size)
    return tuple([whole + (index < rest) for index in range(size)])


def summed(one: DayValues, other: DayValues) -> DayValues:
    """Add two meters' days of one quantity; a slot of which either gave nothing is not known."""
    return tuple(
        [None if a is None or b is None else a + b for a, b in zip(one, other, strict=True)],
    )


def tolerance_of(series: QuantitySeries) -> int:
    """Return by how much a value may differ and still be the same reading: 1 Wh where fractions were carried."""
    return 1 if series.rounded else 0


def total(days: Iterable[DayValues]) -> int:
    """Sum the known values."""
    return sum(value for values in days for value in values if value is not None)


def unbalanced_slots(series: SiteSeries) -> int:
    """Count slots in which the meters disagree by more than 2 % of what came in, and more than rounding.

    Only slots in which all six energies are known can be judged.
    """
    by_quantity = {column.quantity: column.days for column in series.quantities}
    if any(quantity not in by_quantity for quantity in ENERGIES):
        return 0
    pv, load = by_quantity[Quantity.PV], by_quantity[Quantity.LOAD]
    charge, discharge = by_quantity[Quantity.STORAGE_CHARGE], by_quantity[Quantity.STORAGE_DISCHARGE]
    bought, sold = by_quantity[Quantity.GRID_IMPORT], by_quantity[Quantity.GRID_EXPORT]
    count = 0
    for day, pv_values in pv.items():
        rows = zip(
            pv_values,
            bought.get(day, NO_VALUES),
            discharge.get(day, NO_VALUES),
            load.get(day, NO_VALUES),
            sold.get(day, NO_VALUES),
            charge.get(day, NO_VALUES),
            strict=True,
        )
        for a, b, c, x, y, z in rows:
            if a is None or b is None or c is None or x is None or y is None or z is None:
                continue
            supply = a + b + c
            if abs(supply - x - y - z) > max(_IMBALANCE_WH, supply // 50):
                count += 1
    return count
