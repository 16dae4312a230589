"""What several test files of one unit say together: how its parts stand apart, and how fast a rest lost voltage.

Nothing is guessed: a part is what the tester named, an instant is what was told, and rates are never compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from domain.certification.dispersion import dispersion
from domain.certification.errors import DischargeMissing
from domain.certification.evaluating import evaluate
from domain.certification.model import CyclerRecord, Discharge, StepKind, TestRun
from domain.certification.resistance import PulseMethod, at_half_charge

APART = timedelta(hours=144)
"""Between the open-circuit voltage after a day and the one after a week."""
APART_TOLERANCE = timedelta(hours=1)
"""How far two readings may be off that distance: 0.7 % of the rate that they give."""

_MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRun:
    """A run that rests on a file: its place among the runs, when it ran as far as anybody said, and what it says."""

    sequence: int
    record: CyclerRecord
    began_at: datetime | None
    ended_at: datetime | None

    @property
    def rests_only(self) -> bool:
        """Whether no current flowed in it: what it holds is an open-circuit voltage."""
        return bool(self.record.steps) and all(one.kind is StepKind.REST for one in self.record.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A value that several files give together; `runs` are the runs whose files it comes from, in their order."""

    test_id: str
    quantity: str
    value: Decimal | tuple[Decimal, ...]
    runs: tuple[int, ...]


def file_runs(runs: Sequence[TestRun]) -> tuple[FileRun, ...]:
    """Return the runs that rest on a file."""
    return tuple(
        FileRun(sequence=one.sequence, record=one.record, began_at=one.started_at, ended_at=one.ended_at)
        for one in runs
        if one.record is not None
    )


def across(files: Sequence[FileRun], *, rated_capacity_ah: Decimal) -> tuple[Derived, ...]:
    """Return everything that the files say together.

    Args:
        files: the runs with a file of one reception, in the order they were recorded.
        rated_capacity_ah: of one part; Ah.

    Returns:
        T11 where two parts or more were discharged at one rate, the last file of each part; T08 where two readings of
        a resting unit lie 144 h apart (give or take one), or one rest lasted a week.
    """
    return (*_dispersion(files, rated_capacity_ah), *_self_discharge(files))


def weakest(files: Sequence[FileRun], *, rated_capacity_ah: Decimal) -> FileRun | None:
    """Return the file of the part with the least capacity; a string is as good as it. None below two parts."""
    parts = _discharged(files, rated_capacity_ah)
    return min(parts, key=lambda one: one[1].q_dis_ah[-1])[0] if len(parts) >= 2 else None


def most_resistive(files: Sequence[FileRun], *, rated_capacity_ah: Decimal) -> FileRun | None:
    """Return the file of the part with the highest resistance by the protocol's pulse; None below two parts."""
    parts: dict[str, tuple[FileRun, Decimal]] = {}
    for one in files:
        ohm = _resistance(one, rated_capacity_ah) if one.record.part else None
        if ohm is not None:
            parts[one.record.part] = (one, ohm)
    return max(parts.values(), key=lambda one: one[1])[0] if len(parts) >= 2 else None


def _resistance(one: FileRun, rated_ah: Decimal) -> Decimal | None:
    """Return what the 10 s pulse at half charge says; mΩ. Another pulse is another method, and no value here."""
    pulse, _ = at_half_charge(evaluate(one.record, rated_capacity_ah=rated_ah).pulses, rated_capacity_ah=rated_ah)
    return pulse.resistance_mohm if pulse is not None and pulse.method is PulseMethod.HPPC10 else None


def _discharged(files: Sequence[FileRun], rated_ah: Decimal) -> list[tuple[FileRun, Discharge]]:
    """Return the last file of each named part that was discharged at the rate of the newest of them."""
    found: dict[str, tuple[FileRun, Discharge]] = {}
    for one in files:
        if not one.record.part:
            continue
        try:
            discharge = one.record.discharge(rated_ah)
        except DischargeMissing:
            continue
        found.pop(one.record.part, None)
        found[one.record.part] = (one, discharge)
    if not found:
        return []
    rate = max(found.values(), key=lambda one: one[0].sequence)[1].variant
    return sorted(
        (one for one in found.values() if one[1].variant is rate), key=lambda one: (one[0].record.part, one[0].sequence)
    )


def _dispersion(files: Sequence[FileRun], rated_ah: Decimal) -> list[Derived]:
    parts = _discharged(files, rated_ah)
    capacities = tuple(discharge.q_dis_ah[-1] for _, discharge in parts)
    spread = dispersion(capacities)
    if spread is None:
        return []
    runs = tuple(sorted(one.sequence for one, _ in parts))
    found = [
        Derived(test_id="T11", quantity="capacities", value=capacities, runs=runs),
        Derived(test_id="T11", quantity="capacity_cv", value=spread.cv_percent.quantize(_MICRO), runs=runs),
        Derived(
            test_id="T11",
            quantity="weakest_cell_soh",
            value=(100 * spread.lowest / rated_ah).quantize(_MICRO),
            runs=runs,
        ),
    ]
    ohms = tuple(ohm for one, _ in parts if (ohm := _resistance(one, rated_ah)) is not None)
    apart = dispersion(ohms) if len(ohms) == len(parts) else None
    if apart is not None:
        found.append(Derived(test_id="T11", quantity="r_cv", value=apart.cv_percent.quantize(_MICRO), runs=runs))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """An open-circuit voltage at an instant."""

    file: FileRun
    at: datetime
    volts: Decimal


def _self_discharge(files: Sequence[FileRun]) -> list[Derived]:
    """Return the voltages after a day and after a week of the newest pair that nothing moved charge between."""
    for one in reversed(files):
        week = next((rest for rest in one.record.rests if rest.ocv_168h_v is not None), None)
        if one.rests_only and week is not None and week.ocv_168h_v is not None:
            return _pair(week.ocv_24h_v, week.ocv_168h_v, (one.sequence,))
    readings = sorted((reading for one in files for reading in _readings(one)), key=lambda one: one.at)
    for later in reversed(readings):
        for earlier in reversed(readings):
            off = abs(later.at - earlier.at - APART)
            same = later.file.record.part == earlier.file.record.part and later.file is not earlier.file
            if same and off <= APART_TOLERANCE and not _moved_between(files, earlier, later):
                return _pair(earlier.volts, later.volts, tuple(sorted((earlier.file.sequence, later.file.sequence))))
    return []


def _pair(day_v: Decimal, week_v: Decimal, runs: tuple[int, ...]) -> list[Derived]:
    return [
        Derived(test_id="T08", quantity="ocv_24h", value=day_v, runs=runs),
        Derived(test_id="T08", quantity="ocv_168h", value=week_v, runs=runs),
    ]


def _readings(one: FileRun) -> list[_Reading]:
    """Return what a file of rest alone read, where it is told when: at its end, and after a day of it."""
    if not one.rests_only or one.began_at is None or one.ended_at is None:
        return []
    found = [_Reading(file=one, at=one.ended_at, volts=one.record.steps[-1].last_v)]
    found += [
        _Reading(file=one, at=one.began_at + timedelta(hours=24), volts=rest.ocv_24h_v)
        for rest in one.record.rests
        if rest.step == one.record.steps[0].step
    ]
    return found


def _moved_between(files: Sequence[FileRun], earlier: _Reading, later: _Reading) -> bool:
    """Say whether charge may have moved between two readings: by the clock, else by the order of recording."""
    span = sorted((earlier.file.sequence, later.file.sequence))
    for one in files:
        if one.rests_only or one.record.part != later.file.record.part:
            continue
        if one.began_at is not None and one.ended_at is not None:
            if one.began_at < later.at and one.ended_at > earlier.at:
                return True
        elif span[0] < one.sequence < span[1]:
            return True
    return False
