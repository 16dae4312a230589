"""Capacity, energy and efficiencies of each full discharge that a record holds."""

from dataclasses import dataclass
from decimal import Decimal

from domain.certification.model import CyclerRecord, CyclerStep, StepKind, Variant

_TURNED_V = Decimal("0.02")


@dataclass(frozen=True, slots=True, kw_only=True)
class FullDischarge:
    """A constant-current discharge from a full cell to an empty one.

    The efficiencies are percents over a closed cycle: the cell was emptied, charged and emptied
    again; None where the charge before did not begin empty. `rate_c` is against the rated capacity.
    """

    step: int
    current_a: Decimal
    hours: Decimal
    capacity_ah: Decimal
    energy_wh: Decimal
    coulombic_efficiency: Decimal | None
    energy_efficiency: Decimal | None
    rate_c: Decimal | None
    variant: Variant | None


def full_discharges(record: CyclerRecord, *, rated_capacity_ah: Decimal | None) -> tuple[FullDischarge, ...]:
    """Return each discharge at constant current that began full and ended empty, in order of time.

    Full and empty are where the record's own charges and discharges turned, within 20 mV.
    """
    turned = record.turned_v
    if turned is None:
        return ()
    found: list[FullDischarge] = []
    charged_ah = charged_wh = Decimal(0)
    empty = full = closed = False
    for step in record.steps:
        if step.kind.charges:
            if not charged_ah:
                closed = empty
            charged_ah, charged_wh = charged_ah + step.counted_ah, charged_wh + step.counted_wh
            full = step.last_v >= turned.highest - _TURNED_V
            empty = False
        elif step.kind.discharges:
            ended = step.last_v <= turned.lowest + _TURNED_V
            if full and ended and step.kind is StepKind.CC_DISCHARGE and step.counted_ah < 0:
                found.append(_discharge(step, charged_ah, charged_wh, closed=closed, rated_ah=rated_capacity_ah))
            charged_ah = charged_wh = Decimal(0)
            empty, full, closed = ended, False, False
    return tuple(found)


def _discharge(
    step: CyclerStep, charged_ah: Decimal, charged_wh: Decimal, *, closed: bool, rated_ah: Decimal | None
) -> FullDischarge:
    counts = closed and charged_ah > 0 and charged_wh > 0
    return FullDischarge(
        step=step.step,
        current_a=step.median_current_a,
        hours=step.hours,
        capacity_ah=-step.counted_ah,
        energy_wh=-step.counted_wh,
        coulombic_efficiency=-step.counted_ah / charged_ah * 100 if counts else None,
        energy_efficiency=-step.counted_wh / charged_wh * 100 if counts else None,
        rate_c=abs(step.median_current_a) / rated_ah if rated_ah else None,
        variant=Variant.of(current_a=step.median_current_a, rated_capacity_ah=rated_ah) if rated_ah else None,
    )


def measured_capacity_ah(record: CyclerRecord) -> Decimal | None:
    """Return the fullest full discharge's capacity; None where the record holds none."""
    found = full_discharges(record, rated_capacity_ah=None)
    return max((one.capacity_ah for one in found), default=None)
