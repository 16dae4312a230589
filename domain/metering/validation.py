"""What looks wrong in what meters wrote, by named rules (VEE). A finding names its place; nothing is repaired here."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median_low

from domain.metering.model import DayValues, Quantity
from domain.shared.time import SLOTS_A_DAY, day_start


class FindingKind(StrEnum):
    """Everything that a file or stored days can be found to have; the list is closed, and each kind keeps its meaning.

    Rows without a usable instant and cells without a usable number are left out; so are all values of a
    slot that two rows tell differently. Spikes, frozen runs and slips of the unit are taken as they are. The last
    four are found of stored days alone.
    """

    SPIKE = "spike"
    NEGATIVE = "negative"
    FROZEN = "frozen"
    UNIT_SLIP = "unit-slip"
    DECIMAL_COMMA = "decimal-comma"
    BLANK = "blank"
    NAIVE_TIMESTAMP = "naive-timestamp"
    MALFORMED_TIMESTAMP = "malformed-timestamp"
    OFF_GRID = "off-grid"
    OUT_OF_PERIOD = "out-of-period"
    GAP = "gap"
    IDENTICAL_DUPLICATE = "identical-duplicate"
    CONFLICTING_DUPLICATE = "conflicting-duplicate"
    OUT_OF_ORDER = "out-of-order"
    BYTE_ORDER_MARK = "byte-order-mark"
    CRLF = "crlf"
    REGISTER_ROLLOVER = "register-rollover"
    REGISTER_EXCHANGE = "register-exchange"
    REGISTER_DROP = "register-drop"
    NOT_A_NUMBER = "not-a-number"
    TOO_PRECISE = "too-precise"
    TOO_LARGE = "too-large"
    ROW_LENGTH = "row-length"
    MALFORMED_ROW = "malformed-row"
    ABOVE_RATING = "above-rating"
    IMBALANCE = "imbalance"
    STORAGE_DRIFT = "storage-drift"
    REGISTER_MISMATCH = "register-mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Where the rules begin; every figure is a default of ours, and an operator may choose another.

    A spike is more than `spike_factor` times the median of its slot over the `spike_days` nearest days
    of the same type (working day or weekend), and more than `spike_peak_percent` of the value that 99 % of
    the channel's slots keep under: a sunny day after cloudy ones is none. Frozen are `frozen_slots` equal
    values above zero, and as many as two hours hold where slots are shorter, except in channels that may stand
    still: a storage runs at its limit, auxiliaries at their one power. A day's sum between
    `slip_factor_min` and `slip_factor_max` times the median day's, or as small a part of it, has the wrong
    unit; a storage may rest, so its small days are none. A register that falls has rolled over if the energy
    implied is at most `rollover_share_percent` of its span.
    """

    spike_factor: int = 10
    spike_days: int = 14
    spike_days_min: int = 3
    spike_peak_percent: int = 150
    frozen_slots: int = 8
    slip_factor_min: int = 400
    slip_factor_max: int = 2_500
    slip_days_min: int = 3
    rollover_share_percent: int = 10


DEFAULTS = Thresholds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found. `at` is the slot's or the read's instant, `row` the file's line; None where there is none."""

    kind: FindingKind
    at: datetime | None
    channel: str | None
    detail: str
    row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a file would bring, nothing stored: data rows, values that would be taken, findings, totals a channel.

    A file may hold more findings than are named; `findings_left_out` counts the others.
    """

    rows: int
    accepted: int
    findings: tuple[Finding, ...]
    totals_wh: Mapping[str, int]
    findings_left_out: int = 0


Days = Mapping[date, DayValues]

_MAY_STAND_STILL = frozenset(
    {Quantity.STORAGE_CHARGE, Quantity.STORAGE_DISCHARGE, Quantity.STORAGE_SOC, Quantity.AUXILIARY}
)
_DAY = timedelta(days=1)


def judge_series(quantity: Quantity, days: Days, *, channel: str, thresholds: Thresholds = DEFAULTS) -> list[Finding]:
    """Look through one channel's days for slips of the unit, spikes and frozen runs, in this order."""
    if quantity is Quantity.STORAGE_SOC:
        return []
    slipped = dict(_slips(days, thresholds, may_rest=quantity in _MAY_STAND_STILL))
    found = [
        Finding(kind=FindingKind.UNIT_SLIP, at=day_start(day), channel=channel, detail=detail)
        for day, detail in slipped.items()
    ]
    plain = {day: values for day, values in days.items() if day not in slipped}
    found.extend(
        Finding(kind=FindingKind.SPIKE, at=slot_start(day, index, len(days[day])), channel=channel, detail=detail)
        for day, index, detail in _spikes(plain, thresholds)
    )
    if quantity not in _MAY_STAND_STILL:
        found.extend(
            Finding(kind=FindingKind.FROZEN, at=at, channel=channel, detail=f"{count} slots of {value}")
            for at, count, value in _frozen(days, thresholds)
        )
    return found


def slot_start(day: date, slot: int, slots_a_day: int = SLOTS_A_DAY) -> datetime:
    """Return the first instant of a day's slot."""
    return day_start(day) + slot * (_DAY / slots_a_day)


def _slips(days: Days, thresholds: Thresholds, *, may_rest: bool) -> Iterator[tuple[date, str]]:
    sums = {day: sum(value for value in values if value is not None) for day, values in days.items()}
    if len(sums) <= thresholds.slip_days_min:
        return
    usual = median_low(sorted(sums.values()))
    low, high = thresholds.slip_factor_min, thresholds.slip_factor_max
    for day, total in sorted(sums.items()):
        if usual and low * usual <= total <= high * usual:
            yield day, f"day sum {total} is about {total // usual} times the median day's {usual}"
        elif total and not may_rest and low * total <= usual <= high * total:
            yield day, f"day sum {total} is about 1/{usual // total} of the median day's {usual}"


def _spikes(days: Days, thresholds: Thresholds) -> Iterator[tuple[date, int, str]]:
    known = sorted(value for values in days.values() for value in values if value)
    if not known:
        return
    peak = known[(len(known) * 99) // 100 - 1 if len(known) > 1 else 0] * thresholds.spike_peak_percent // 100
    for weekend in (False, True):
        like = sorted(day for day in days if (day.weekday() >= 5) is weekend)
        for day in like:
            values = days[day]
            if all(value is None or value <= peak for value in values):
                continue
            near = _nearest(like, day, thresholds.spike_days)
            for index, value in enumerate(values):
                if value is None or value <= peak:
                    continue
                others = sorted(other for one in near if (other := days[one][index]) is not None)
                if len(others) < thresholds.spike_days_min:
                    continue
                usual = median_low(others)
                if value > thresholds.spike_factor * usual:
                    yield day, index, f"{value} where like days have {usual}"


def _nearest(like: Sequence[date], day: date, count: int) -> list[date]:
    place = bisect_left(like, day)
    around = [*like[max(0, place - count) : place], *like[place + 1 : place + 1 + count]]
    return sorted(around, key=lambda other: abs((other - day).days))[:count]


def _frozen(days: Days, thresholds: Thresholds) -> Iterator[tuple[datetime, int, int]]:
    run, last, began, run_min = 0, 0, datetime.min, thresholds.frozen_slots
    follows_at = datetime.min
    for day in sorted(days):
        start, count = day_start(day), len(days[day])
        run_min = max(thresholds.frozen_slots, thresholds.frozen_slots * count // SLOTS_A_DAY)
        if start != follows_at:
            if run >= run_min:
                yield began, run, last
            run = last = 0
        for index, value in enumerate(days[day]):
            if value and value == last:
                run += 1
                continue
            if run >= run_min:
                yield began, run, last
            run, last, began = (1, value, slot_start(day, index, count)) if value else (0, 0, datetime.min)
        follows_at = start + _DAY
    if run >= run_min:
        yield began, run, last


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRead:
    """What a meter's counting register showed; `epoch` rises by one when the meter is exchanged."""

    read_at: datetime
    value_wh: int
    epoch: int
    row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterUse:
    """What a register counted between two reads of one epoch, rolled over or not."""

    start_at: datetime
    end_at: datetime
    wh: int


def judge_registers(
    reads: Sequence[RegisterRead], *, channel: str, digits: int, thresholds: Thresholds = DEFAULTS
) -> tuple[tuple[RegisterUse, ...], tuple[Finding, ...]]:
    """Take differences of one channel's reads, in order of epoch and time.

    No energy is counted across an exchange; what the old register showed last and the new one first are its
    ends. A fall within one epoch is a rollover of `digits` figures if the energy implied is plausible, else a drop.
    """
    uses: list[RegisterUse] = []
    found: list[Finding] = []
    ordered = sorted(reads, key=lambda read: (read.epoch, read.read_at))
    span: int = 10**digits
    for before, read in pairwise(ordered):
        wh = read.value_wh - before.value_wh

        def find(kind: FindingKind, detail: str, read: RegisterRead = read) -> None:
            found.append(Finding(kind=kind, at=read.read_at, channel=channel, detail=detail, row=read.row))

        if read.epoch != before.epoch:
            find(FindingKind.REGISTER_EXCHANGE, f"last {before.value_wh}, first {read.value_wh}")
        elif read.read_at == before.read_at:
            same = wh == 0
            kind = FindingKind.IDENTICAL_DUPLICATE if same else FindingKind.CONFLICTING_DUPLICATE
            find(kind, f"{before.value_wh} and {read.value_wh} at one instant")
        elif wh >= 0:
            uses.append(RegisterUse(start_at=before.read_at, end_at=read.read_at, wh=wh))
        elif (wh + span) * 100 <= span * thresholds.rollover_share_percent:
            find(FindingKind.REGISTER_ROLLOVER, f"{before.value_wh} to {read.value_wh}: {wh + span} Wh")
            uses.append(RegisterUse(start_at=before.read_at, end_at=read.read_at, wh=wh + span))
        else:
            find(FindingKind.REGISTER_DROP, f"{before.value_wh} to {read.value_wh}")
    return tuple(uses), tuple(found)
