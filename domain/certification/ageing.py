"""Published ageing laws: what a duty does to a cell's capacity, as priors for a forecast. Nothing is billed on them.

A loss grows as k·x^p; k changes with every day's duty, so each day adds to the state that the days before it
left. Laws and duty are plain numerics, so this is in float; what is shown is rounded.

Source: BLAST-Lite 1.1.0 (NREL, BSD-3) for the parameters and the way a year is cut into days.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import assert_never

from domain.certification.errors import ForecastOutOfRange

VERSION = "1"
"""Of laws and cut together: the cut moves the result by up to 0.028 of capacity in ten years."""

_DAY_S = 86_400.0
_ZERO_C_K = 273.15
_RATE_MIN = 0.01
_HEALTH_MIN = 0.02
_SAMPLES_MAX = 200_000
_DAYS_MAX = 40 * 365


class AgeingLaw(StrEnum):
    """The laws that are known here, by the cells that they were fitted on."""

    LMO_LEAF_SECOND_LIFE = "lmo_leaf66_second_life"
    LFP_250AH = "lfp_250ah"
    NMC111_2AH = "nmc111_2ah"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The range a law was fitted on; °C, and C-rate of charge and discharge."""

    temperature_c: tuple[float, float]
    rate_c_max: float


FITTED = {
    AgeingLaw.LMO_LEAF_SECOND_LIFE: Fitted(temperature_c=(20.0, 30.0), rate_c_max=1.0),
    AgeingLaw.LFP_250AH: Fitted(temperature_c=(10.0, 45.0), rate_c_max=0.65),
    AgeingLaw.NMC111_2AH: Fitted(temperature_c=(20.0, 40.0), rate_c_max=1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a battery is put through, again and again: state of charge and temperature over time.

    Raises:
        ValueError: the columns differ in length, time does not advance, or a share lies outside 0 to 1.
    """

    time_s: tuple[float, ...]
    soc: tuple[float, ...]
    temperature_c: tuple[float, ...]

    def __post_init__(self) -> None:
        if not 3 <= len(self.time_s) <= _SAMPLES_MAX or not len(self.time_s) == len(self.soc) == len(
            self.temperature_c
        ):
            raise ValueError("a duty has as many states of charge and temperatures as instants, and at least three")
        if any(there <= here for here, there in pairwise(self.time_s)):
            raise ValueError("a duty's time advances")
        if not all(0 <= one <= 1 for one in self.soc) or not all(math.isfinite(one) for one in self.temperature_c):
            raise ValueError("a state of charge lies between 0 and 1, and a temperature is a number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aged:
    """What is left after so many days: shares of the first day's capacity and cycles (full equivalents) so far."""

    days: float
    health: float
    cycles: float


def require_fitted(law: AgeingLaw, duty: Duty) -> None:
    """Refuse a duty that a law was not fitted on.

    Raises:
        ForecastOutOfRange: the temperature or a rate lies outside.
    """
    fitted = FITTED[law]
    lowest, highest = fitted.temperature_c
    for value in (min(duty.temperature_c), max(duty.temperature_c)):
        if not lowest <= value <= highest:
            raise ForecastOutOfRange(
                quantity="°C", value=f"{value:.1f}", lowest=f"{lowest:.0f}", highest=f"{highest:.0f}"
            )
    fastest = max(_rates(duty.time_s, duty.soc))
    if fastest > fitted.rate_c_max + 1e-9:
        raise ForecastOutOfRange(quantity="C", value=f"{fastest:.2f}", lowest="0", highest=f"{fitted.rate_c_max:.2f}")


def age(law: AgeingLaw, duty: Duty, *, days: float, factor: float = 1.0) -> Iterator[Aged]:
    """Tell how a cell ages under a duty that repeats, day by day, until so many days have counted.

    `factor` scales every loss, as a unit's own checks demand. Ends early when nothing worth the name is left.

    Raises:
        ValueError: the days are none, or more than forty years, or the duty has too few samples a day.
    """
    if not 0 < days <= _DAYS_MAX:
        raise ValueError("a forecast reaches at least a day and at most forty years")
    spans = _spans(duty)
    if not spans:
        raise ValueError("a duty has at least three samples a day")
    by_time = by_use = cycles = counted = 0.0
    health = 1.0
    while True:
        for first, past in spans:
            day = _day(duty, first, past, health)
            grown = _growth(law, day, by_time, by_use)
            by_time, by_use = by_time + factor * grown[0], by_use + factor * grown[1]
            counted, cycles, health = counted + day.days, cycles + day.cycles, 1 - by_time - by_use
            if health < _HEALTH_MIN:
                return
            yield Aged(days=counted, health=health, cycles=cycles)
            if counted >= days:
                return


# ── a day ──


@dataclass(frozen=True, slots=True)
class _Day:
    """A stretch of duty as the cell sees it: its own states of charge, throughput, depth and mean rate."""

    days: float
    time_s: tuple[float, ...]
    soc: tuple[float, ...]
    temperature_k: tuple[float, ...]
    cycles: float
    depth: float
    rate_c: float

    def mean(self, values: Sequence[float]) -> float:
        """Return a column's mean over time."""
        span = self.time_s[-1] - self.time_s[0]
        pairs = zip(values, values[1:], self.time_s, self.time_s[1:], strict=False)
        return sum((a + b) / 2 * (end - start) for a, b, start, end in pairs) / span


def _spans(duty: Duty) -> list[tuple[int, int]]:
    """Cut a pass into days: at the first sample a day after the last cut, or at a turn more than a cycle after it.

    Each stretch starts one sample on from the cut; what is left ends with the pass.
    """
    turns = _turns(duty.soc)
    used = 0.0
    cuts: list[int] = []
    last = 0
    for at in range(1, len(duty.soc)):
        used += abs(duty.soc[at] - duty.soc[at - 1]) / 2
        if duty.time_s[at] - duty.time_s[last] > _DAY_S or (at in turns and used > 1):
            cuts.append(at)
            last, used = at, 0.0
    starts = [0, *(cut + 1 for cut in cuts)]
    ends = [*(cut + 1 for cut in cuts), len(duty.soc)]
    return [(first, past) for first, past in zip(starts, ends, strict=True) if past - first > 2]


def _turns(soc: Sequence[float]) -> frozenset[int]:
    found: set[int] = set()
    way = 0.0
    for at in range(1, len(soc) - 1):
        before, after = soc[at] - soc[at - 1], soc[at + 1] - soc[at]
        way = before or way
        if way * after < 0:
            found.add(at)
    return frozenset(found)


def _day(duty: Duty, first: int, past: int, health: float) -> _Day:
    """Return a stretch as an aged cell sees it: a smaller cell swings further for the same charge."""
    time_s = duty.time_s[first:past]
    began = duty.soc[first]
    soc = tuple(min(1.0, max(0.0, began + (one - began) / health)) for one in duty.soc[first:past])
    swings = [abs(there - here) for here, there in pairwise(soc)]
    rates = [rate if rate >= _RATE_MIN else 0.0 for rate in _rates(time_s, soc)]
    return _Day(
        days=(time_s[-1] - time_s[0]) / _DAY_S,
        time_s=time_s,
        soc=soc,
        temperature_k=tuple(one + _ZERO_C_K for one in duty.temperature_c[first:past]),
        cycles=sum(swings) / 2 * health,
        depth=max(soc) - min(soc),
        rate_c=sum(rates) / len(rates) * health,
    )


def _rates(time_s: Sequence[float], soc: Sequence[float]) -> list[float]:
    pairs = zip(soc, soc[1:], time_s, time_s[1:], strict=False)
    return [abs(there - here) / ((end - start) / 3600) for here, there, start, end in pairs]


# ── the laws ──


def _growth(law: AgeingLaw, day: _Day, by_time: float, by_use: float) -> tuple[float, float]:
    """Return what a day adds to the loss by time and to the loss by use."""
    match law:
        case AgeingLaw.LMO_LEAF_SECOND_LIFE:
            k = day.mean(
                [
                    3.25e8 * math.exp(-7580 / t) * math.exp(162 * soc / t)
                    for soc, t in zip(day.soc, day.temperature_k, strict=True)
                ]
            )
            return _grown(by_time, day.days, k, 0.464), _grown(by_use, day.cycles, 7.58e-5, 1.08)
        case AgeingLaw.LFP_250AH:
            k = day.mean(
                [
                    8.37e4 * math.exp(-5210 / t) * math.exp(-3560 * anode_potential_v(soc) / t)
                    for soc, t in zip(day.soc, day.temperature_k, strict=True)
                ]
            )
            stress = 4.38e-8 + 1.55e-8 * day.depth + 1.68e-7 * day.rate_c
            warmth = day.mean([math.exp(2190 / t) + math.exp(-1.55e5 / t) for t in day.temperature_k])
            return _grown(by_time, day.days, k, 0.526), _grown(by_use, day.cycles, stress * warmth, 0.828)
        case AgeingLaw.NMC111_2AH:
            volts = [nmc111_voltage_v(soc) for soc in day.soc]
            k = day.mean(
                [
                    max(0.0, 7.543 * volt - 23.75) * 1e6 * math.exp(-6976 / t)
                    for volt, t in zip(volts, day.temperature_k, strict=True)
                ]
            )
            root = math.sqrt(sum(volt**2 for volt in volts) / len(volts))
            stress = 7.348e-3 * (root - 3.667) ** 2 + 7.6e-4 + 4.081e-3 * day.depth
            return _grown(by_time, day.days, k, 0.75), _grown(by_use, day.cycles * 2 * 2.15, stress, 0.5)
        case _:
            assert_never(law)


def _grown(state: float, step: float, k: float, p: float) -> float:
    """Return what a step adds to a state that follows k·x^p, whatever k was before."""
    if step <= 0 or k <= 0:
        return 0.0
    if state <= 0:
        return float(k * step**p)
    return float(k * p * (state / k) ** ((p - 1) / p) * step)


def anode_potential_v(soc: float) -> float:
    """Return graphite's potential against lithium at a cell's state of charge; V.

    Source: Safari and Delacourt, J. Electrochem. Soc. 158 (2011) A562; stoichiometry as Schimpe et al. 2018.
    """
    x = 0.0085 + 0.7715 * soc
    return (
        0.6379
        + 0.5416 * math.exp(-305.5309 * x)
        + 0.044 * math.tanh((0.1958 - x) / 0.1088)
        - 0.1978 * math.tanh((x - 1.0571) / 0.0854)
        - 0.6875 * math.tanh((x + 0.0117) / 0.0529)
        - 0.0175 * math.tanh((x - 0.5692) / 0.0875)
    )


_NMC111_V = (3.331, 3.491, 3.581, 3.627, 3.655, 3.697, 3.775, 3.869, 3.965, 4.073, 4.162)


def nmc111_voltage_v(soc: float) -> float:
    """Return an NMC111 cell's open-circuit voltage, linear between tenths of its charge; V.

    Source: Schmalstieg et al., J. Power Sources 257 (2014) 325, figure 1.
    """
    tenths = min(max(soc, 0.0), 1.0) * 10
    at = min(int(tenths), 9)
    return _NMC111_V[at] + (tenths - at) * (_NMC111_V[at + 1] - _NMC111_V[at])
