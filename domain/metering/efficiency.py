"""Ratios of a storage and a site, in ppm and rounded down; each names its formula, none uses a float."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
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


class RoundTripBasis(StrEnum):
    """How an efficiency was found, or why it was not."""

    EQUAL_CHARGE = "equal_charge"
    CORRECTED = "corrected"
    CYCLES_TOO_FEW = "cycles_too_few"
    CHARGE_UNKNOWN = "charge_unknown"
    READINGS_MISSING = "readings_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """A storage's AC-to-AC efficiency over a window; `ppm` is None where it says too little, and `why` tells."""

    charge_wh: int
    discharge_wh: int
    stored_change_wh: int | None
    cycles_milli: int | None
    ppm: int | None
    why: RoundTripBasis


ROUND_TRIP_CYCLES_MILLI_MIN = 5_000
"""A window of fewer full cycles says more about its ends than about the storage."""


def round_trip(
    *, charge_wh: int, discharge_wh: int, soc_start_bp: int | None, soc_end_bp: int | None, usable_wh: int | None
) -> RoundTrip:
    """Return the efficiency over a window with an equal state of charge at both ends, or corrected for the difference.

    Args:
        charge_wh: into the storage over the window.
        discharge_wh: out of it.
        soc_start_bp: when the window begins; None if it is not known.
        soc_end_bp: when it ends.
        usable_wh: what the storage holds between 0 and 10,000 bp; None if it is not known.

    Source: metering reference §8, after IEC 62933-2-1
    """
    cycles = full_cycles_by_discharge_milli(discharge_wh=discharge_wh, usable_wh=usable_wh) if usable_wh else None
    change: int | None = None
    why = RoundTripBasis.CHARGE_UNKNOWN
    if soc_start_bp is not None and soc_start_bp == soc_end_bp:
        change, why = 0, RoundTripBasis.EQUAL_CHARGE
    elif soc_start_bp is not None and soc_end_bp is not None and usable_wh:
        change = stored_change_wh(soc_start_bp=soc_start_bp, soc_end_bp=soc_end_bp, usable_wh=usable_wh)
        why = RoundTripBasis.CORRECTED
    if change is not None and cycles is not None and cycles < ROUND_TRIP_CYCLES_MILLI_MIN:
        why = RoundTripBasis.CYCLES_TOO_FEW
    found = (
        None
        if change is None or why is RoundTripBasis.CYCLES_TOO_FEW
        else round_trip_corrected_ppm(charge_wh=charge_wh, discharge_wh=discharge_wh, stored_change_wh=change)
    )
    return RoundTrip(
        charge_wh=charge_wh,
        discharge_wh=discharge_wh,
        stored_change_wh=change,
        cycles_milli=cycles,
        ppm=found,
        why=why,
    )


class SlotState(StrEnum):
    """Whether a storage could do in a slot what was promised."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"
    EXCUSED = "excused"


def availability_ppm(states: Iterable[SlotState]) -> int | None:
    """Return available / (all - excused) slots, rounded down; None if all are excused. Unknown is not available."""
    available = counted = 0
    for state in states:
        if state is SlotState.EXCUSED:
            continue
        counted += 1
        available += state is SlotState.AVAILABLE
    return available * PPM // counted if counted else None


def slot_state(*, power_ready_w: int | None, power_promised_w: int, share_ppm_min: int, excused: bool) -> SlotState:
    """Judge one slot: the storage could deliver at least a share of the promised power, as its telemetry says."""
    if excused:
        return SlotState.EXCUSED
    if power_ready_w is None:
        return SlotState.UNKNOWN
    ready = power_ready_w * PPM >= power_promised_w * share_ppm_min
    return SlotState.AVAILABLE if ready else SlotState.UNAVAILABLE
