"""Estimates of missing slots by named rules, and corrections of filled ones; no estimate counts until accepted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.metering.errors import NothingToEstimate, SlotEmpty
from domain.metering.model import (
    MINUTES_A_DAY,
    DayBlock,
    DayValues,
    EstimateRule,
    Mark,
    Quality,
    Quantity,
    ReadingSource,
    RevisionReason,
)
from domain.shared.identifiers import ChannelId
from domain.shared.money import split_by_weight
from domain.shared.time import day_start, seoul_day

LINEAR_MINUTES_MAX = 120
"""A gap of two hours and less is drawn straight between its neighbours; a longer one takes a like day."""

LIKE_DAYS_BACK_MAX = 28
_STORAGE = frozenset({Quantity.STORAGE_CHARGE, Quantity.STORAGE_DISCHARGE, Quantity.STORAGE_SOC})
"""A storage does what it is told and not what it did on a like day: its gaps are sent again or stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Values for the empty slots of a day, None elsewhere; `basis` says what they go by."""

    rule: EstimateRule
    values: DayValues
    basis: str


def gaps(values: DayValues) -> tuple[tuple[int, int], ...]:
    """Return the runs of empty slots as `[start, end)`."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    for index, value in enumerate((*values, 0)):
        if value is None and start is None:
            start = index
        elif value is not None and start is not None:
            found.append((start, index))
            start = None
    return tuple(found)


def propose(
    day: date,
    values: DayValues,
    *,
    quantity: Quantity,
    before: int | None,
    after: int | None,
    like_days: Mapping[date, DayValues],
) -> tuple[Proposal, ...]:
    """Propose values for a day's empty slots, at most one proposal a rule.

    Args:
        day: a day in Seoul.
        values: what is known of it.
        quantity: what the channel measures; a storage's long gaps are not estimated.
        before: the last slot of the day before, for a gap from midnight on; None if it is not known.
        after: the first slot of the day after.
        like_days: complete days of the same type in the four weeks before, from which the latest is taken.

    Raises:
        NothingToEstimate: no slot is missing, or no rule finds anything to go by.
    """
    count = len(values)
    linear: list[int | None] = [None] * count
    like: list[int | None] = [None] * count
    slots_max = LINEAR_MINUTES_MAX * count // MINUTES_A_DAY
    model = max(like_days, default=None)
    drawn: list[str] = []
    for start, end in gaps(values):
        left = values[start - 1] if start else before
        right = values[end] if end < count else after
        if end - start <= slots_max and left is not None and right is not None:
            for step, index in enumerate(range(start, end), start=1):
                linear[index] = left + (right - left) * step // (end - start + 1)
            drawn.append(f"{start}-{end - 1}: {left}, {right}")
        elif model is not None and quantity not in _STORAGE:
            like[start:end] = like_days[model][start:end]
    found: list[Proposal] = []
    if drawn:
        found.append(Proposal(rule=EstimateRule.LINEAR, values=tuple(linear), basis="; ".join(drawn)))
    if model is not None and any(value is not None for value in like):
        found.append(Proposal(rule=EstimateRule.LIKE_DAY, values=tuple(like), basis=model.isoformat()))
    if not found:
        raise NothingToEstimate
    return tuple(found)


def scaled_to(values: Sequence[int | None], total_wh: int) -> DayValues:
    """Scale an estimate so that it sums to what a register counted over the gap, by largest remainder.

    Raises:
        ValueError: the total is negative, or nothing is estimated.
    """
    places = [index for index, value in enumerate(values) if value is not None]
    weights = tuple([value for value in values if value is not None])
    if not places or total_wh < 0:
        raise ValueError("an estimate of at least one slot is scaled to a total of at least zero")
    parts = split_by_weight(total_wh, weights if sum(weights) else (1,) * len(places))
    scaled: list[int | None] = [None] * len(values)
    for index, part in zip(places, parts, strict=True):
        scaled[index] = part
    return tuple(scaled)


def scaled_between(
    proposals: Mapping[date, Proposal],
    days: Mapping[date, DayValues],
    *,
    slots_a_day: int,
    uses: Iterable[tuple[datetime, datetime, int]],
) -> dict[date, Proposal]:
    """Scale a channel's proposals to what its register counted, stretch by stretch, so that each sum is exact.

    Args:
        proposals: at most one a day.
        days: what is known of the days that the stretches touch.
        slots_a_day: of the channel.
        uses: what the register counted from an instant to another, both on borders of slots; Wh.

    A stretch with an empty slot that nothing is proposed for, or that counted less than its known slots hold, stays as
    it is.
    """
    width = timedelta(days=1) / slots_a_day
    found = {day: list(one.values) for day, one in proposals.items()}
    told: dict[date, list[str]] = {}
    for start_at, end_at, wh in uses:
        places = [_place(start_at + number * width, width) for number in range((end_at - start_at) // width)]
        known = [days[day][slot] if day in days else None for day, slot in places]
        empty = [place for place, value in zip(places, known, strict=True) if value is None]
        guessed = [found[day][slot] if day in found else None for day, slot in empty]
        rest = wh - sum(value for value in known if value is not None)
        if not empty or None in guessed or rest < 0:
            continue
        for (day, slot), value in zip(empty, scaled_to(guessed, rest), strict=True):
            found[day][slot] = value
        for day in dict.fromkeys(day for day, _ in empty):
            told.setdefault(day, []).append(f"register {rest} Wh over {len(empty)} slots")
    return {
        day: replace(one, values=tuple(found[day]), basis="; ".join((one.basis, *told.get(day, ()))))
        for day, one in proposals.items()
    }


def _place(at: datetime, width: timedelta) -> tuple[date, int]:
    day = seoul_day(at)
    return day, (at - day_start(day)) // width


def accepted(
    kept: DayBlock | None, values: DayValues, *, channel_id: ChannelId, day: date, now: datetime
) -> DayBlock | None:
    """Return the revision of a day in which empty slots hold accepted estimates, marked; None if none is empty now.

    A reading that came since the proposal stays as it is.
    """
    known: DayValues = (None,) * len(values) if kept is None else kept.values
    filled = {
        index for index, (old, new) in enumerate(zip(known, values, strict=True)) if old is None and new is not None
    }
    if not filled:
        return None
    return DayBlock(
        channel_id=channel_id,
        day=day,
        revision=1 if kept is None else kept.revision + 1,
        values=tuple([values[index] if index in filled else old for index, old in enumerate(known)]),
        quality=Quality.MEASURED if kept is None else kept.quality,
        source=ReadingSource.API if kept is None else kept.source,
        recorded_at=now,
        marks=(
            *(() if kept is None else kept.marks),
            *(Mark(slot=index, quality=Quality.ESTIMATED) for index in sorted(filled)),
        ),
        reason=RevisionReason.ESTIMATE,
    )


def corrected(kept: DayBlock, changes: Mapping[int, int], *, reason: RevisionReason, now: datetime) -> DayBlock:
    """Return the revision of a day in which filled slots hold other values; they are marked as corrected.

    Raises:
        SlotEmpty: a slot holds no value.
        ValueError: a slot is not of the day, or a value is negative.
    """
    values = list(kept.values)
    for slot, value in sorted(changes.items()):
        if not 0 <= slot < len(values) or value < 0:
            raise ValueError("a correction names slots of the day and values of at least zero")
        if values[slot] is None:
            raise SlotEmpty(slot=slot)
        values[slot] = value
    others = tuple([mark for mark in kept.marks if mark.slot not in changes])
    return replace(
        kept,
        revision=kept.revision + 1,
        values=tuple(values),
        recorded_at=now,
        fills=(),
        marks=(*others, *(Mark(slot=slot, quality=Quality.CORRECTED) for slot in sorted(changes))),
        reason=reason,
    )


def same_type(day: date, other: date) -> bool:
    """Say whether two days are of one type: working day, Saturday or Sunday."""
    return max(day.weekday(), 4) == max(other.weekday(), 4)
