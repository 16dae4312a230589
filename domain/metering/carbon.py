"""Emissions of a month's electricity: the tenant's Scope 2 and the system's effect, always both, with their factor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from domain.metering.demand import Baseline
from domain.metering.inventory import Columns

_MICRO = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionFactor:
    """A published factor at the point of consumption, µgCO2eq/Wh; a row never changes, a newer one is added."""

    code: str
    data_year: int
    ug_per_wh: int
    published_on: date
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Emissions:
    """What a stretch emitted and what the storage changed; gCO2eq, negative is less.

    `scope2_effect_g` counts the tenant's import only. `system_effect_g` counts what was exported too, so that the
    storage's losses show: with one factor for the whole stretch a storage always adds. `skipped_slots` had a gap.
    """

    factor: EmissionFactor
    scope2_g: int
    scope2_without_storage_g: int
    scope2_effect_g: int
    system_effect_g: int
    skipped_slots: int


def factor_known_at(factors: Iterable[EmissionFactor], day: date) -> EmissionFactor | None:
    """Return the factor of the newest data year that was published by a day."""
    known = [factor for factor in factors if factor.published_on <= day]
    return max(known, key=lambda factor: (factor.data_year, factor.published_on), default=None)


def emissions(columns: Columns, baseline: Baseline, factor: EmissionFactor) -> Emissions:
    """Put both views side by side; micrograms are exact, grams cut towards zero.

    Source: metering reference §10
    """
    bought = bought0 = sold = sold0 = skipped = 0
    rows = zip(columns.bought, columns.sold, baseline.bought, baseline.sold, strict=True)
    for now_in, now_out, then_in, then_out in rows:
        if now_in is None or now_out is None or then_in is None or then_out is None:
            skipped += 1
            continue
        bought += now_in
        sold += now_out
        bought0 += then_in
        sold0 += then_out
    scope2 = bought - bought0
    return Emissions(
        factor=factor,
        scope2_g=_grams(bought, factor),
        scope2_without_storage_g=_grams(bought0, factor),
        scope2_effect_g=_grams(scope2, factor),
        system_effect_g=_grams(scope2 - (sold - sold0), factor),
        skipped_slots=skipped,
    )


def _grams(wh: int, factor: EmissionFactor) -> int:
    grams = abs(wh) * factor.ug_per_wh // _MICRO
    return grams if wh >= 0 else -grams


def hourly_matched_ppm(columns: Columns, *, slots_an_hour: int = 4, storage: bool = True) -> int | None:
    """Return Σ min(load, PV + discharge - charge) / Σ load over whole hours (24/7 무탄소 비율), ppm rounded down.

    Charge is taken off, or stored energy would count twice; an hour with a gap is left out of both sums.

    Args:
        columns: from a full hour on.
        slots_an_hour: 4 joins quarter hours into hours; 1 matches each slot.
        storage: False leaves the storage out.
    """
    matched = used = 0
    for start in range(0, len(columns.load), slots_an_hour):
        end = start + slots_an_hour
        load, pv = _known_sum(columns.load[start:end]), _known_sum(columns.pv[start:end])
        if load is None or pv is None:
            continue
        free = pv
        if storage:
            discharge, charge = _known_sum(columns.discharge[start:end]), _known_sum(columns.charge[start:end])
            if discharge is None or charge is None:
                continue
            free += discharge - charge
        matched += max(0, min(load, free))
        used += load
    return matched * _MICRO // used if used else None


def _known_sum(values: Sequence[int | None]) -> int | None:
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total
