"""Readings laid out for reading back: columns of slots, coarser steps, and a day by hour matrix."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import chain

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
class Step:
    """One step of a series: the energy of the slots that were received, Wh, or a state of charge at its end, bp.

    `value` is None if nothing was received; `missing` counts the slots that gave nothing, `unmeasured` those whose
    value was estimated or corrected.
    """

    start_at: datetime
    value: int | None
    missing: int
    unmeasured: int = 0


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


def steps(
    days: Mapping[date, DayValues],
    *,
    quantity: Quantity,
    resolution: Resolution,
    first_on: date,
    until_on: date,
    unmeasured: Mapping[date, Collection[int]] = _NONE,
    slot_minutes: int = SLOT_MINUTES,
) -> tuple[Step, ...]:
    """Return a channel's series from a day to before another, in steps.

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
    nothing: DayValues = (None,) * (MINUTES_A_DAY // slot_minutes)
    if resolution is Resolution.MONTH:
        return _monthly(days, quantity, first_on, until_on, unmeasured, nothing)
    if _MINUTES_A_STEP[resolution] < slot_minutes:
        raise ResolutionTooFine(resolution=resolution.value, kept=f"{slot_minutes}m")
    size = _MINUTES_A_STEP[resolution] // slot_minutes
    width = timedelta(minutes=slot_minutes)
    values = column(days, first_on, until_on, nothing=nothing)
    start = day_start(first_on)
    marked = {
        (day - first_on).days * len(nothing) + slot
        for day, listed in unmeasured.items()
        if first_on <= day < until_on
        for slot in listed
    }
    if size == 1:
        return tuple(
            [
                Step(
                    start_at=start + number * width,
                    value=value,
                    missing=int(value is None),
                    unmeasured=int(number in marked),
                )
                for number, value in enumerate(values)
            ]
        )
    return tuple(
        [
            _step(
                start + place * width,
                values[place : place + size],
                quantity,
                sum(number in marked for number in range(place, place + size)) if marked else 0,
            )
            for place in range(0, len(values), size)
        ]
    )


def _monthly(
    days: Mapping[date, DayValues],
    quantity: Quantity,
    first_on: date,
    until_on: date,
    unmeasured: Mapping[date, Collection[int]],
    nothing: DayValues,
) -> tuple[Step, ...]:
    found: list[Step] = []
    start_on = first_on
    while start_on < until_on:
        end_on = min(Month.of(start_on).next().first_on, until_on)
        marked = sum(len(listed) for day, listed in unmeasured.items() if start_on <= day < end_on)
        values = column(days, start_on, end_on, nothing=nothing)
        found.append(_step(day_start(start_on), values, quantity, marked))
        start_on = end_on
    return tuple(found)


def _step(start_at: datetime, values: Sequence[int | None], quantity: Quantity, unmeasured: int) -> Step:
    there = [value for value in values if value is not None]
    missing = len(values) - len(there)
    if not there:
        return Step(start_at=start_at, value=None, missing=missing, unmeasured=unmeasured)
    # A state of charge is that of the step's end; where the end is missing, no earlier one stands for it.
    value = values[-1] if quantity is Quantity.STORAGE_SOC else sum(there)
    return Step(start_at=start_at, value=value, missing=missing, unmeasured=unmeasured)


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
