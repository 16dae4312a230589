"""Ratios of a storage and a site, in ppm and rounded down; each names its formula, none uses a float."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

PPM = 1_000_000
_BP = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The slot with the highest mean power; `index` counts the given slots from 0, the first of equals."""

    power_w: int
    index: int


def round_trip_ppm(*, charge_wh: int, discharge_wh: int) -> int | None:
    """Return discharge / charge over a window as it was metered, AC to AC; None if nothing was charged.

    The storage may hold more or less at the end than at the start: `round_trip_corrected_ppm` says so.
    """
    return discharge_wh * PPM // charge_wh if charge_wh else None


def round_trip_corrected_ppm(*, charge_wh: int, discharge_wh: int, stored_change_wh: int) -> int | None:
    """Return discharge / (charge - change of the stored energy); None if that is not above zero.

    Source: metering reference §8, after IEC 62933-2-1 (equal state of charge at both ends, or this correction).
    """
    spent_wh = charge_wh - stored_change_wh
    return discharge_wh * PPM // spent_wh if spent_wh > 0 else None


def stored_change_wh(*, soc_start_bp: int, soc_end_bp: int, usable_wh: int) -> int:
    """Return how much more the storage holds at the end than at the start; negative if less, towards zero."""
    change = (soc_end_bp - soc_start_bp) * usable_wh
    return change // _BP if change >= 0 else -(-change // _BP)


def full_cycles_by_discharge_milli(*, discharge_wh: int, usable_wh: int) -> int:
    """Return equivalent full cycles, thousandths: discharge / usable energy."""
    return discharge_wh * 1_000 // usable_wh


def full_cycles_by_soc_milli(socs_bp: Iterable[int]) -> int:
    """Return equivalent full cycles, thousandths: half the way that the state of charge went; holds losses."""
    way_bp = sum(abs(after - before) for before, after in pairwise(socs_bp))
    return way_bp * 1_000 // (2 * _BP)


def self_consumption_ppm(*, pv_wh: int, export_wh: int) -> int | None:
    """Return (pv - export) / pv (자가소비율), at least 0; None without any PV."""
    return max(0, pv_wh - export_wh) * PPM // pv_wh if pv_wh else None


def self_sufficiency_ppm(*, load_wh: int, import_wh: int) -> int | None:
    """Return 1 - import / load (자급률), at least 0; None without any load."""
    return max(0, load_wh - import_wh) * PPM // load_wh if load_wh else None


def peak(energies_wh: Iterable[int | None]) -> Peak | None:
    """Return the highest 15-minute mean power, 4 x Wh, and its slot; None if no slot holds a value."""
    best: Peak | None = None
    for index, energy_wh in enumerate(energies_wh):
        if energy_wh is not None and (best is None or energy_wh * 4 > best.power_w):
            best = Peak(power_w=energy_wh * 4, index=index)
    return best
