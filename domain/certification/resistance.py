"""Direct-current resistance by pulse: a figure per state of charge, direction, rate and width."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from domain.certification.capacity import measured_capacity_ah
from domain.certification.model import CyclerRecord, CyclerStep, Extremes, StepKind

_WIDTH_TOLERANCE = Decimal("0.11")
"""A pulse of 10 s logged once a second spans 9 s between its first and last row, or 11."""
_PULSE_S_MAX = 60
_TURNED_V = Decimal("0.02")
_SECONDS = Decimal(3600)


class PulseMethod(StrEnum):
    """How a resistance was measured; two methods' figures are not comparable."""

    HPPC10 = "HPPC10"
    PB5 = "PB5"

    @property
    def width_s(self) -> int:
        """How long the pulse lasts; s."""
        return 10 if self is PulseMethod.HPPC10 else 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """One pulse: how far the voltage moved from the rest before it to its end, over the current.

    `soc_percent` is the share of the measured capacity above empty, `rated_percent` that of the rated
    one; None where no full charge or discharge came before, or the capacity is unknown.
    `rest_v` is the voltage before it; `first_sample_mohm` is the resistance at the pulse's first row:
    mostly ohmic, and kept apart.
    """

    step: int
    method: PulseMethod
    discharges: bool
    width_s: Decimal
    current_a: Decimal
    soc_percent: Decimal | None
    rated_percent: Decimal | None
    rest_v: Decimal
    resistance_mohm: Decimal
    first_sample_mohm: Decimal | None

    def rate_c(self, rated_capacity_ah: Decimal) -> Decimal:
        """Return the current as a multiple of the rated capacity per hour, without a sign."""
        return abs(self.current_a) / rated_capacity_ah


def pulses(record: CyclerRecord, *, rated_capacity_ah: Decimal | None) -> tuple[Pulse, ...]:
    """Return every pulse of 10 s or 5 s that follows a rest, in order of time.

    The state of charge counts from the last full charge or full discharge; pulses never set it.
    """
    measured = measured_capacity_ah(record)
    return tuple(
        _pulse(before, step, method, above_empty_ah, measured, rated_capacity_ah)
        for before, step, above_empty_ah in _levels(record, measured)
        if (method := _method(before, step)) is not None
    )


def _levels(
    record: CyclerRecord, measured_ah: Decimal | None
) -> Iterator[tuple[CyclerStep, CyclerStep, Decimal | None]]:
    """Walk over the steps, each with the one before it and the charge above empty; None while that is unknown."""
    above: Decimal | None = None
    turned = record.turned_v
    held = any(step.kind.holds_voltage for step in record.steps)
    for before, step in pairwise(record.steps):
        above = _after(above, before, turned, measured_ah, held=held)
        yield before, step, above


def _after(
    above_empty_ah: Decimal | None,
    step: CyclerStep,
    turned: Extremes | None,
    measured_ah: Decimal | None,
    *,
    held: bool,
) -> Decimal | None:
    if turned is not None and step.hours * _SECONDS > _PULSE_S_MAX:
        if step.kind.discharges and step.last_v <= turned.lowest + _TURNED_V:
            return Decimal(0)
        # Under current the voltage runs ahead: only a held charge fills, where the record knows any.
        fills = step.kind.holds_voltage or (step.kind.charges and not held)
        if fills and step.last_v >= turned.highest - _TURNED_V and measured_ah is not None:
            return measured_ah
    return None if above_empty_ah is None else above_empty_ah + step.counted_ah


def _method(before: CyclerStep, step: CyclerStep) -> PulseMethod | None:
    pulsing = step.kind.charges or step.kind.discharges
    if before.kind is not StepKind.REST or not pulsing or not step.median_current_a:
        return None
    width_s = step.hours * _SECONDS
    for method in PulseMethod:
        if abs(width_s / method.width_s - 1) <= _WIDTH_TOLERANCE:
            return method
    return None


def _pulse(
    before: CyclerStep,
    step: CyclerStep,
    method: PulseMethod,
    above_empty_ah: Decimal | None,
    measured_ah: Decimal | None,
    rated_ah: Decimal | None,
) -> Pulse:
    current = step.median_current_a
    first = (step.first_v - before.last_v) / current * 1000
    return Pulse(
        step=step.step,
        method=method,
        discharges=current < 0,
        width_s=step.hours * _SECONDS,
        current_a=current,
        soc_percent=_share(above_empty_ah, measured_ah),
        rated_percent=_share(above_empty_ah, rated_ah),
        rest_v=before.last_v,
        resistance_mohm=(step.last_v - before.last_v) / current * 1000,
        first_sample_mohm=first if first > 0 else None,
    )


def _share(above_empty_ah: Decimal | None, capacity_ah: Decimal | None) -> Decimal | None:
    if above_empty_ah is None or not capacity_ah:
        return None
    return above_empty_ah / capacity_ah * 100


def increase_percent(*, resistance_mohm: Decimal, new_mohm: Decimal) -> Decimal:
    """Return how far a resistance has grown over the new cell's, by the same method; percent.

    Raises:
        ValueError: the new cell's resistance is not above zero.
    """
    if new_mohm <= 0:
        raise ValueError("a new cell's resistance is above zero")
    return (resistance_mohm / new_mohm - 1) * 100


def at_half_charge(found: tuple[Pulse, ...], *, rated_capacity_ah: Decimal) -> tuple[Pulse | None, Pulse | None]:
    """Return the discharge and charge pulse that stand for the unit: nearest 50 %, within 3 points, nearest 1C.

    10 s counts before 5 s; the two are never mixed.
    """
    for method in PulseMethod:
        of_method = [one for one in found if one.method is method]
        pair = tuple(
            _nearest([one for one in of_method if one.discharges is out], rated_capacity_ah) for out in (True, False)
        )
        if pair[0] is not None:
            return pair[0], pair[1]
    return None, None


def _nearest(found: list[Pulse], rated_ah: Decimal) -> Pulse | None:
    near = [(abs(level - 50), one) for one in found if (level := _level(one)) is not None and abs(level - 50) <= 3]
    return min(near, key=lambda pair: (pair[0], abs(pair[1].rate_c(rated_ah) - 1)), default=(None, None))[1]


def _level(pulse: Pulse) -> Decimal | None:
    return pulse.soc_percent if pulse.rated_percent is None else pulse.rated_percent
