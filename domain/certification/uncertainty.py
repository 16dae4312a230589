"""What is not known about a state of health: each source, their root sum of squares, and twice that (k = 2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

COVERAGE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source: the half width of what it may do to the result, as a percentage of it, and its distribution."""

    name_ko: str
    name_en: str
    half_width_percent: Decimal
    normal: bool = False

    @property
    def standard_percent(self) -> Decimal:
        """Return the standard uncertainty: a rectangle's half width over the root of three; a normal one's as it is."""
        if self.normal:
            return self.half_width_percent
        with localcontext(prec=40):
            return self.half_width_percent / Decimal(3).sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How well a capacity test was controlled. Defaults are those of the laboratory's own procedure.

    `current_percent` and `time_percent` are the tester's limits of error; `temperature_k` is how far the
    cell may have been from 25 °C, `temperature_percent_per_k` what a kelvin does to the capacity.
    """

    current_percent: Decimal = Decimal("0.05")
    time_percent: Decimal = Decimal("0.01")
    temperature_k: Decimal = Decimal(2)
    temperature_percent_per_k: Decimal = Decimal("0.4")
    repeatability_percent: Decimal = Decimal("0.2")


def sources(conditions: Conditions, *, repeated_ah: Sequence[Decimal] = ()) -> tuple[Source, ...]:
    """Return the sources of a capacity's uncertainty.

    Args:
        conditions: what the laboratory assumes.
        repeated_ah: the capacities of the same variant on the same unit; from two on, the last two's
            half difference counts where it is larger than the assumed repeatability.
    """
    repeatability = conditions.repeatability_percent
    if len(repeated_ah) > 1 and repeated_ah[-1] > 0:
        apart = abs(repeated_ah[-1] - repeated_ah[-2]) / repeated_ah[-1] * 100 / 2
        repeatability = max(repeatability, apart)
    return (
        Source(name_ko="전류", name_en="current", half_width_percent=conditions.current_percent),
        Source(name_ko="시간", name_en="time", half_width_percent=conditions.time_percent),
        Source(
            name_ko="온도",
            name_en="temperature",
            half_width_percent=conditions.temperature_k * conditions.temperature_percent_per_k,
        ),
        Source(name_ko="반복성", name_en="repeatability", half_width_percent=repeatability, normal=True),
    )


def expanded(result: Decimal, found: Sequence[Source]) -> Decimal:
    """Return the expanded uncertainty (k = 2) of a result, in the result's own unit."""
    with localcontext(prec=40):
        squares = sum((one.standard_percent**2 for one in found), Decimal(0))
        return abs(result) * COVERAGE * squares.sqrt() / 100
