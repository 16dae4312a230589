"""Readings laid out for reading back: columns of slots, coarser steps, and a day by hour matrix."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import accumulate, chain, repeat
from operator import add

from domain.metering.errors import ResolutionTooFine
from domain.metering.inventory import Columns
from domain.metering.model import (
    MINUTES_A_DAY,
    SLOT_MINUTES,
    Blocks,
    Channel,
    DayBlock,
    DayValues,
    Quality,
    Quantity,
)
from domain.metering.readings import NO_VALUES, known
from domain.metering.usage import SiteDays
from domain.shared.identifiers import ChannelId
from domain.shared.time import SLOTS_A_DAY, Month, day_start

_ZEROS: DayValues = (0,) * SLOTS_A_DAY
_NONE: Mapping[date, Collection[int]] = {}
_HOURS = 24
_SLOTS_AN_HOUR = SLOTS_A_DAY // _HOURS


class Resolution(StrEnum):
    """A step of time; days and months are Seoul's."""

    MINUTE = "1m"
    MINUTES_5 = "5m"
    MINUTES_15 = "15m"
    MINUTES_30 = "30m"
    HOUR = "60m"
    DAY = "day"
    MONTH = "month"


_MINUTES_A_STEP: Mapping[Resolution, int] = {
    Resolution.MINUTE: 1,
    Resolution.MINUTES_5: 5,
    Resolution.MINUTES_15: 15,
    Resolution.MINUTES_30: 30,
    Resolution.HOUR: 60,
    Resolution.DAY: MINUTES_A_DAY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepColumns:
    """A channel's steps as columns, a place a step.

    `values` are the energy of the slots that were received, Wh, or a state of charge at the step's end, bp; None where
    nothing was received. `missing` counts the slots that gave nothing, `unmeasured` those whose value was estimated or
    corrected.
    """

    values: Sequence[int | None]
    missing: Sequence[int]
    unmeasured: Sequence[int]


def days_between(first_on: date, until_on: date) -> tuple[date, ...]:
    """Return the days from the first to before the last."""
    return tuple(first_on + timedelta(days=offset) for offset in range((until_on - first_on).days))


def column(
    days: Mapping[date, DayValues], first_on: date, until_on: date, *, nothing: DayValues = NO_VALUES
) -> list[int | None]:
    """Lay a channel's days one after another; a day without a reading is `nothing`, 96 times None."""
    return list(chain.from_iterable([days.get(day, nothing) for day in days_between(first_on, until_on)]))


def columns(days: SiteDays, *, first_on: date, until_on: date) -> Columns:
    """Lay a site's energies out slot by slot; a quantity that the site does not meter is 0, a missing value None."""
    dates = days_between(first_on, until_on)

    def of(quantity: Quantity) -> list[int | None]:
        listed = days.get(quantity)
        if listed is None:
            return [0] * (len(dates) * SLOTS_A_DAY)
        return list(chain.from_iterable([listed.get(day, NO_VALUES) for day in dates]))

    return Columns(
        load=of(Quantity.LOAD),
        pv=of(Quantity.PV),
        charge=of(Quantity.STORAGE_CHARGE),
        discharge=of(Quantity.STORAGE_DISCHARGE),
        bought=of(Quantity.GRID_IMPORT),
        sold=of(Quantity.GRID_EXPORT),
    )


def step_starts(resolution: Resolution, *, first_on: date, until_on: date) -> tuple[datetime, ...]:
    """Return when the steps from a day to before another begin; days and months are Seoul's."""
    if resolution is Resolution.MONTH:
        return tuple([day_start(start_on) for start_on, _ in _months(first_on, until_on)])
    width = timedelta(minutes=_MINUTES_A_STEP[resolution])
    count = (until_on - first_on).days * MINUTES_A_DAY // _MINUTES_A_STEP[resolution]
    return tuple(accumulate(repeat(width, count - 1), add, initial=day_start(first_on)))


def steps(
    days: Mapping[date, DayValues],
    *,
    quantity: Quantity,
    resolution: Resolution,
    first_on: date,
    until_on: date,
    unmeasured: Mapping[date, Collection[int]] = _NONE,
    slot_minutes: int = SLOT_MINUTES,
) -> StepColumns:
    """Return a channel's series from a day to before another, in the steps that begin at `step_starts`.

    Args:
        days: the channel's values.
        quantity: what it measures; a state of charge is not summed.
        resolution: the step.
        first_on: the first day.
        until_on: the day after the last.
        unmeasured: by day, the slots whose value was estimated or corrected.
        slot_minutes: how long the channel's slots last, as its days were sent.

    Raises:
        ResolutionTooFine: the step is shorter than the slots that are kept: nothing is made up between them.
    """
    slots_a_day = MINUTES_A_DAY // slot_minutes
    if resolution is not Resolution.MONTH and _MINUTES_A_STEP[resolution] < slot_minutes:
        raise ResolutionTooFine(resolution=resolution.value, kept=f"{slot_minutes}m")
    values = column(days, first_on, until_on, nothing=(None,) * slots_a_day)
    marked = [0] * len(values)
    for day, listed in unmeasured.items():
        if first_on <= day < until_on:
            for slot in listed:
                marked[(day - first_on).days * slots_a_day + slot] = 1
    if resolution is Resolution.MONTH:
        sizes = [(end_on - start_on).days * slots_a_day for start_on, end_on in _months(first_on, until_on)]
    else:
        size = _MINUTES_A_STEP[resolution] // slot_minutes
        if size == 1:  # the slots are the steps, and need not be looked at one by one
            missing = [int(value is None) for value in values] if None in values else [0] * len(values)
            return StepColumns(values=values, missing=missing, unmeasured=marked)
        sizes = [size] * (len(values) // size)
    ends = list(accumulate(sizes))
    parts = [values[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return StepColumns(
        values=[_value(part, quantity) for part in parts],
        missing=[part.count(None) for part in parts],
        unmeasured=[sum(marked[end - size : end]) for end, size in zip(ends, sizes, strict=True)],
    )


def _months(first_on: date, until_on: date) -> Iterator[tuple[date, date]]:
    """Yield the months of a stretch, the first and the last as far as they lie in it."""
    while first_on < until_on:
        end_on = min(Month.of(first_on).next().first_on, until_on)
        yield first_on, end_on
        first_on = end_on


def _value(part: Sequence[int | None], quantity: Quantity) -> int | None:
    there = [value for value in part if value is not None]
    if not there:
        return None
    # A state of charge is that of the step's end; where the end is missing, no earlier one stands for it.
    return part[-1] if quantity is Quantity.STORAGE_SOC else sum(there)


def unmeasured_slots(blocks: Blocks) -> Mapping[ChannelId, Mapping[date, tuple[int, ...]]]:
    """Return the slots of which a value is there and was not measured, by channel and day."""
    found: dict[ChannelId, dict[date, tuple[int, ...]]] = {}
    for (channel_id, day), block in blocks.items():
        if block.quality is not Quality.MEASURED:
            slots = tuple([slot for slot, value in enumerate(block.values) if value is not None])
        elif block.marks:
            slots = tuple([mark.slot for mark in block.marks if mark.quality is not Quality.MEASURED])
        else:
            continue
        found.setdefault(channel_id, {})[day] = slots
    return found


def unmeasured_quarters(
    channels: Sequence[Channel], blocks: Blocks
) -> Mapping[ChannelId, Mapping[date, tuple[int, ...]]]:
    """Return the quarter hours whose value rests on anything but a measurement of their own, by channel and day.

    Slots longer than a quarter hour are split by estimate, so all that are there count.
    """
    width_of = {channel.channel_id: channel.slot_minutes for channel in channels}
    found: dict[ChannelId, dict[date, tuple[int, ...]]] = {}
    for channel_id, listed in unmeasured_slots(blocks).items():
        width = width_of[channel_id]
        if width <= SLOT_MINUTES:
            for day, marked in listed.items():
                quarters = sorted({slot * width // SLOT_MINUTES for slot in marked})
                found.setdefault(channel_id, {})[day] = tuple(quarters)
    for (channel_id, day), block in blocks.items():
        parts = width_of[channel_id] // SLOT_MINUTES
        if parts > 1:
            found.setdefault(channel_id, {})[day] = tuple(
                slot * parts + part
                for slot, value in enumerate(block.values)
                if value is not None
                for part in range(parts)
            )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """A day's 24 hours, Wh; None where a slot of the hour gave nothing."""

    day: date
    hours: tuple[int | None, ...]


def matrix(days: Mapping[date, DayValues], dates: Sequence[date]) -> tuple[MatrixRow, ...]:
    """Arrange a channel by day and hour of Seoul."""
    return tuple(MatrixRow(day=day, hours=_hours(days.get(day, NO_VALUES))) for day in dates)


def _hours(values: DayValues) -> tuple[int | None, ...]:
    found: list[int | None] = []
    for start in range(0, SLOTS_A_DAY, _SLOTS_AN_HOUR):
        total: int | None = 0
        for value in values[start : start + _SLOTS_AN_HOUR]:
            total = None if value is None or total is None else total + value
        found.append(total)
    return tuple(found)


def known_at(block: DayBlock, at: datetime) -> DayBlock | None:
    """Return a block as it was known at an instant; None if nothing of it was.

    What was filled in place later is taken out again: a filled slot never changed its value within a revision.
    """
    if block.recorded_at > at:
        return None
    later = {index for fill in block.fills if fill.at > at for index in fill.slots}
    if not later:
        return block
    values = tuple([None if index in later else value for index, value in enumerate(block.values)])
    if not known(values):
        return None
    return replace(block, values=values, fills=tuple(fill for fill in block.fills if fill.at <= at))
