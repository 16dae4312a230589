"""A pack's health to come: a published law, scaled by the pack's own checks, with an interval. Never billed on.

Statistics on a model are plain numerics, so this is in float; what is shown is rounded to a hundredth of a point.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from domain.certification.ageing import VERSION, Aged, AgeingLaw, Duty, age, require_fitted
from domain.certification.errors import ForecastImpossible
from domain.certification.model import Chemistry

LAWS = {
    Chemistry.LMO: AgeingLaw.LMO_LEAF_SECOND_LIFE,
    Chemistry.LFP: AgeingLaw.LFP_250AH,
    Chemistry.NMC: AgeingLaw.NMC111_2AH,
}
"""The law for each chemistry; a chemistry that is not listed has none, and no other's is taken for it."""

_FACTOR_SPREAD = 0.5
"""How far, relative and standard, a design's fade may lie from the published cell's before any check."""
_PACK_SHORTER = 1.3
"""A pack lives 20 to 30 % shorter than its cells: the pessimistic side of the interval has it."""
_COVERAGE = 2.0
_KNEE_CHECKS = 5
_KNEE_STEEPER = 2.0
_CAPACITY_LIFE = 0.4
"""Of the capacity, at 60 % of which a unit is recycled; resistance's life is one more of its first value."""
_YEARS_MAX = 20
_DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One of the pack's own capacity tests; percent, `u_percent` at k = 2, resistance where it was measured."""

    on: date
    soh_percent: Decimal
    u_percent: Decimal = Decimal(1)
    resistance_mohm: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is expected on a day; percent, with the interval that covers about 95 %."""

    on: date
    soh_percent: Decimal
    low_percent: Decimal
    high_percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A pack's outlook by year. A prior scaled by few checks: it orders inspections, and no money rests on it.

    `factor` is what the pack's own checks make of the law's losses, `factor_spread` its standard deviation;
    `knee` says that the last checks fall faster than the law can know.
    """

    law: AgeingLaw
    law_version: str
    checks: int
    factor: Decimal
    factor_spread: Decimal
    knee: bool
    years: tuple[Outlook, ...]


def forecast(chemistry: Chemistry, checks: Sequence[Check], duty: Duty, *, years: int) -> Forecast:
    """Forecast a pack's health for each of the next years, from its last check on.

    Raises:
        ForecastImpossible: there is no check, two are of one day, the chemistry has no law, or the years are too many.
        ForecastOutOfRange: the duty lies outside what the law was fitted on.
    """
    law = LAWS.get(chemistry)
    if law is None:
        raise ForecastImpossible(reason=f"{chemistry.value}: no ageing law")
    ordered = sorted(checks, key=lambda one: one.on)
    if not ordered or len({one.on for one in ordered}) < len(ordered) or min(c.soh_percent for c in ordered) <= 0:
        raise ForecastImpossible(reason="checks")
    if not 1 <= years <= _YEARS_MAX:
        raise ForecastImpossible(reason=f"1..{_YEARS_MAX} years")
    require_fitted(law, duty)
    first, last = ordered[0], ordered[-1]
    known_days = (last.on - first.on).days
    path = _Losses(law, duty, days=known_days + years * _DAYS_A_YEAR)
    factor, spread = _factor(ordered, path)
    base = float(first.soh_percent)
    return Forecast(
        law=law,
        law_version=VERSION,
        checks=len(ordered),
        factor=_rounded(factor),
        factor_spread=_rounded(spread),
        knee=knee(ordered),
        years=tuple(
            _outlook(last, base, path.between(known_days, known_days + year * _DAYS_A_YEAR), factor, spread, year)
            for year in range(1, years + 1)
        ),
    )


class _Losses:
    """A law's loss by day since the first check, as a share of that day's capacity."""

    def __init__(self, law: AgeingLaw, duty: Duty, *, days: int) -> None:
        self._aged: list[Aged] = list(age(law, duty, days=days + 1))
        self._days = [one.days for one in self._aged]

    def until(self, day: float) -> float:
        """Return the loss after so many days, linear between two of them; the last known one beyond the end."""
        if day <= 0 or not self._aged:
            return 0.0
        at = bisect_left(self._days, day)
        if at == len(self._days):
            return 1 - self._aged[-1].health
        before = Aged(days=0.0, health=1.0, cycles=0.0) if at == 0 else self._aged[at - 1]
        after = self._aged[at]
        share = (day - before.days) / (after.days - before.days)
        return 1 - (before.health + share * (after.health - before.health))

    def between(self, start: float, end: float) -> float:
        """Return what is lost between two days."""
        return self.until(end) - self.until(start)


def _factor(checks: Sequence[Check], path: _Losses) -> tuple[float, float]:
    """Return the factor on the law's losses that the checks make likely, and its standard deviation.

    Before any loss was seen it is one, give or take the prior's spread; each later check weighs by how much
    the law expects it to have lost against how well it was measured.
    """
    first = checks[0]
    base = float(first.soh_percent)
    weight = 1 / _FACTOR_SPREAD**2
    weighted = weight
    for one in checks[1:]:
        expected = path.until((one.on - first.on).days)
        seen = (base - float(one.soh_percent)) / base
        variance = (float(one.u_percent) ** 2 + float(first.u_percent) ** 2) / (_COVERAGE * base) ** 2
        weight += expected**2 / variance
        weighted += expected * seen / variance
    return max(0.0, weighted / weight), 1 / math.sqrt(weight)


def _outlook(last: Check, base: float, loss: float, factor: float, spread: float, year: int) -> Outlook:
    health = float(last.soh_percent)
    u = float(last.u_percent)
    slow = max(0.0, factor - _COVERAGE * spread)
    fast = (factor + _COVERAGE * spread) * _PACK_SHORTER
    return Outlook(
        on=_years_on(last.on, year),
        soh_percent=_rounded(max(0.0, health - base * factor * loss)),
        low_percent=_rounded(max(0.0, health - base * fast * loss - u)),
        high_percent=_rounded(max(0.0, health - base * slow * loss + u)),
    )


def _years_on(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + years, day=28)


def knee(checks: Sequence[Check]) -> bool:
    """Say whether the pack ages as no law here can know: it falls ever faster, or resistance outruns capacity.

    Falling faster: over the last three of at least five checks, more than twice as steep as before. Outrunning:
    resistance has used up more of its life than capacity of its own.
    """
    ordered = sorted(checks, key=lambda one: one.on)
    return _steeper(ordered) or _outrun(ordered)


def _steeper(checks: Sequence[Check]) -> bool:
    if len(checks) < _KNEE_CHECKS:
        return False
    before, after = _slope(checks[:-2]), _slope(checks[-3:])
    return after > _KNEE_STEEPER * max(before, 0.0) and after > 0 and before > 0


def _slope(checks: Sequence[Check]) -> float:
    """Return the points lost a day, between the ends."""
    days = (checks[-1].on - checks[0].on).days
    return float(checks[0].soh_percent - checks[-1].soh_percent) / days if days else 0.0


def _outrun(checks: Sequence[Check]) -> bool:
    measured = [one for one in checks if one.resistance_mohm]
    if len(measured) < 2:
        return False
    first, last = measured[0], measured[-1]
    if first.resistance_mohm is None or last.resistance_mohm is None:
        return False
    grown = float(last.resistance_mohm / first.resistance_mohm) - 1
    lost = float(1 - last.soh_percent / first.soh_percent)
    # Below the noise of two tests neither has moved, and nothing outruns nothing.
    return grown > max(lost / _CAPACITY_LIFE, 0.1)


def _rounded(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal("0.01"))


def daily_duty(
    *, soc_low: float = 0.1, soc_high: float = 0.9, rate_c: float = 0.25, temperature_c: float = 25.0
) -> Duty:
    """Return a week of one full swing a day: charged from morning, full until evening, discharged, empty until morning.

    Raises:
        ForecastImpossible: the swing is none, or does not fit a day at that rate.
    """
    swing = soc_high - soc_low
    if not 0 <= soc_low < soc_high <= 1 or rate_c <= 0 or swing / rate_c > 10:
        raise ForecastImpossible(reason="SOC, C")
    hours = swing / rate_c
    corners = ((0.0, soc_low), (9.0, soc_low), (9.0 + hours, soc_high), (19.0, soc_high), (19.0 + hours, soc_low))
    time_s: list[float] = []
    soc: list[float] = []
    for quarter in range(7 * 96 + 1):
        hour = quarter / 4 % 24
        # What the evening's discharge carries past midnight belongs to the night.
        time_s.append(quarter * 900.0)
        soc.append(_between(corners, hour if hour + 24 > 19 + hours else hour + 24))
    return Duty(time_s=tuple(time_s), soc=tuple(soc), temperature_c=(temperature_c,) * len(time_s))


def _between(corners: Sequence[tuple[float, float]], hour: float) -> float:
    for (start, low), (end, high) in pairwise(corners):
        if start <= hour <= end and end > start:
            at = low + (hour - start) / (end - start) * (high - low)
            return min(max(at, min(low, high)), max(low, high))
    return corners[-1][1]
