"""What a read test file says of the unit: everything that it supports, and nothing that it does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from domain.certification.capacity import FullDischarge, full_discharges
from domain.certification.incremental_capacity import Peaks, peaks, slow_enough
from domain.certification.model import CellSpread, CyclerRecord, Impedance, StepKind, Variant
from domain.certification.resistance import Pulse, PulseMethod, at_half_charge, pulses
from domain.certification.self_discharge import k_value_mv_per_h
from domain.certification.uncertainty import Conditions, Source, expanded, sources

_REST_H_MIN = Decimal("0.99")
_HUNDREDTH = Decimal("0.01")
_MICRO = Decimal("0.000001")
_MEASURE_MAX = Decimal(10) ** 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """State of health by capacity: the share of the rated capacity, and its expanded uncertainty (k = 2); percent.

    It may exceed 100 and is never cut there.
    """

    soh_percent: Decimal
    u_percent: Decimal
    variant: Variant
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfDischarge:
    """A long rest; `k_mv_per_h` only where it lasted a week."""

    step: int
    hours: Decimal
    ocv_24h_v: Decimal
    ocv_168h_v: Decimal | None
    k_mv_per_h: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What one file supports; what it does not stays empty. `capacity` is the reference discharge."""

    capacity: FullDischarge | None
    discharges: tuple[FullDischarge, ...]
    health: Health | None
    pulses: tuple[Pulse, ...]
    peaks: tuple[Peaks, ...]
    self_discharge: tuple[SelfDischarge, ...]
    cells: CellSpread | None
    impedance: Impedance | None

    @property
    def says_something(self) -> bool:
        """Whether the file supports any of it."""
        several = (self.discharges, self.pulses, self.peaks, self.self_discharge)
        return any(several) or self.cells is not None or self.impedance is not None


def evaluate(
    record: CyclerRecord, *, rated_capacity_ah: Decimal | None, conditions: Conditions | None = None
) -> Evaluation:
    """Evaluate a record. Without a rated capacity there is no state of health, and no rate has a name.

    The reference discharge is the last at C/2, else the last at any rate, as `CyclerRecord.discharge` has it;
    without a rated capacity it is the fullest.
    """
    discharges = full_discharges(record, rated_capacity_ah=rated_capacity_ah)
    capacity = _reference(discharges, rated=rated_capacity_ah is not None)
    return Evaluation(
        capacity=capacity,
        discharges=discharges,
        health=_health(capacity, discharges, rated_capacity_ah, conditions or Conditions()),
        pulses=pulses(record, rated_capacity_ah=rated_capacity_ah),
        peaks=_peaks(record, rated_capacity_ah or max((one.capacity_ah for one in discharges), default=None)),
        self_discharge=tuple(
            SelfDischarge(
                step=rest.step,
                hours=rest.hours,
                ocv_24h_v=rest.ocv_24h_v,
                ocv_168h_v=rest.ocv_168h_v,
                k_mv_per_h=None
                if rest.ocv_168h_v is None
                else k_value_mv_per_h(ocv_24h_v=rest.ocv_24h_v, ocv_168h_v=rest.ocv_168h_v),
            )
            for rest in record.rests
        ),
        cells=record.cells,
        impedance=record.impedance,
    )


def _reference(discharges: Sequence[FullDischarge], *, rated: bool) -> FullDischarge | None:
    if not discharges:
        return None
    if not rated:
        return max(discharges, key=lambda one: one.capacity_ah)
    return next((one for one in reversed(discharges) if one.variant is Variant.C2), discharges[-1])


def _health(
    capacity: FullDischarge | None,
    discharges: Sequence[FullDischarge],
    rated_ah: Decimal | None,
    conditions: Conditions,
) -> Health | None:
    if capacity is None or capacity.variant is None or not rated_ah:
        return None
    repeated = [one.capacity_ah for one in discharges if one.variant is capacity.variant and one.step <= capacity.step]
    # Rates that have no name may differ from one another, and two rates' capacities are no repetition.
    known = sources(conditions, repeated_ah=() if capacity.variant is Variant.OTHER else repeated)
    soh = capacity.capacity_ah / rated_ah * 100
    return Health(soh_percent=soh, u_percent=expanded(soh, known), variant=capacity.variant, sources=known)


def _peaks(record: CyclerRecord, capacity_ah: Decimal | None) -> tuple[Peaks, ...]:
    if capacity_ah is None:
        return ()
    steps = {step.step: step for step in record.steps}
    return tuple(
        Peaks(step=curve.step, charges=step.kind.charges, current_a=step.median_current_a, peaks=found)
        for curve in record.curves
        if (step := steps.get(curve.step)) is not None
        and slow_enough(current_a=step.median_current_a, capacity_ah=capacity_ah)
        and (found := peaks(curve))
    )


def yielded(found: Evaluation, record: CyclerRecord, *, rated_capacity_ah: Decimal) -> dict[tuple[str, str], Decimal]:
    """Return the protocol's quantities, beside capacity, that a file answers by itself: (test, quantity) to value.

    Only what was measured as the protocol asks: resistance by the 10 s pulse at half charge, cell spread after
    an hour of rest and nothing else, impedance, and the uncertainty of the health. The rest is shown and not judged.
    """
    answers: dict[tuple[str, str], Decimal | None] = {}
    out, back = at_half_charge(found.pulses, rated_capacity_ah=rated_capacity_ah)
    if out is not None and out.method is PulseMethod.HPPC10:
        answers["T07", "r_dis"] = out.resistance_mohm
        answers["T07", "r0_first_sample"] = out.first_sample_mohm
        answers["T07", "r_chg"] = None if back is None else back.resistance_mohm
    resting = all(step.kind is StepKind.REST for step in record.steps)
    if found.cells is not None and resting and record.hours >= _REST_H_MIN:
        answers["T04", "spread"] = found.cells.spread_mv_highest
    if found.impedance is not None:
        for key, ohm in (
            ("r_ohmic_intercept", found.impedance.ohmic_intercept_ohm),
            ("acr_1khz", found.impedance.acr_1khz_ohm),
        ):
            answers["T09", key] = None if ohm is None else ohm * 1000
    known = {key: _rounded(value) for key, value in answers.items() if value is not None}
    if found.health is not None:
        known["T06", "u_soh"] = _rounded_up(found.health.u_percent)
    return known


def _rounded(value: Decimal) -> Decimal:
    """Keep six places; what is beyond every measure stays as it is, for the protocol to refuse."""
    return value.quantize(_MICRO) if abs(value) < _MEASURE_MAX else value


def _rounded_up(value: Decimal) -> Decimal:
    """Keep two places of an uncertainty, which is never understated."""
    return value.quantize(_HUNDREDTH, ROUND_UP) if value < _MEASURE_MAX else value
