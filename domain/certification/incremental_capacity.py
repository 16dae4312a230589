"""Incremental capacity dQ/dV of a slow step, and its peaks: where the electrodes change phase.

Fits and spectra are plain numerics, so this is in float; what is shown is rounded to the grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.certification.model import ChargeCurve

_SMOOTHED_POINTS = 5
_SMOOTHED_TIMES = 2
_PROMINENCE_MIN = 0.01
"""A peak stands out by at least this share of the tallest, or it is noise."""
_RATE_MAX = Decimal("0.112")
"""C/10, with room for a cell that has lost some of its rated capacity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Where dQ/dV has a peak, and how high it is; mV and Ah/V, prominence likewise."""

    voltage_mv: int
    height_ah_per_v: Decimal
    prominence_ah_per_v: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Peaks:
    """The peaks of one slow step, from the lowest voltage up."""

    step: int
    charges: bool
    current_a: Decimal
    peaks: tuple[Peak, ...]


def slow_enough(*, current_a: Decimal, capacity_ah: Decimal) -> bool:
    """Say whether a step ran at C/10 or slower, so that its peaks mean something."""
    return abs(current_a) <= _RATE_MAX * capacity_ah


def peaks(curve: ChargeCurve) -> tuple[Peak, ...]:
    """Return the peaks of a curve's smoothed dQ/dV."""
    width_v = curve.grid_mv / 1000
    slope = [
        (there - here) / 1e9 / width_v for here, there in zip(curve.charge_nah, curve.charge_nah[1:], strict=False)
    ]
    for _ in range(_SMOOTHED_TIMES):
        slope = _smoothed(slope)
    tallest = max(slope, default=0.0)
    if tallest <= 0:
        return ()
    found: list[Peak] = []
    for at in _tops(slope):
        prominence = _prominence(slope, at)
        if prominence >= _PROMINENCE_MIN * tallest:
            found.append(
                Peak(
                    voltage_mv=curve.first_mv + at * curve.grid_mv + curve.grid_mv // 2,
                    height_ah_per_v=_rounded(slope[at]),
                    prominence_ah_per_v=_rounded(prominence),
                )
            )
    return tuple(found)


def _smoothed(values: Sequence[float]) -> list[float]:
    """Average each value with its neighbours; at the ends with as many on both sides as there are."""
    half = _SMOOTHED_POINTS // 2
    smooth: list[float] = []
    for at in range(len(values)):
        reach = min(half, at, len(values) - 1 - at)
        window = values[at - reach : at + reach + 1]
        smooth.append(sum(window) / len(window))
    return smooth


def _tops(values: Sequence[float]) -> list[int]:
    return [at for at in range(1, len(values) - 1) if values[at - 1] < values[at] >= values[at + 1]]


def _prominence(values: Sequence[float], top: int) -> float:
    """Return how far one must go down from a top before there is anything higher."""
    falls: list[float] = []
    for way in (-1, 1):
        lowest, at = values[top], top + way
        while 0 <= at < len(values) and values[at] <= values[top]:
            lowest = min(lowest, values[at])
            at += way
        falls.append(lowest)
    return values[top] - max(falls)


def _rounded(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal("0.000001"))
