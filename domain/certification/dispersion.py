"""How far the cells of a pack, or the units of a matching set, stand apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

_SCORE = Decimal("0.6745")
"""Makes the median deviation of a normal lot comparable with its standard deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispersion:
    """A lot's spread; `range_percent` and `cv_percent` are shares of the mean. A string is as good as `lowest`."""

    units: int
    mean: Decimal
    lowest: Decimal
    highest: Decimal
    range_percent: Decimal
    cv_percent: Decimal


def dispersion(values: Sequence[Decimal]) -> Dispersion | None:
    """Return how far values stand apart; None below two, or where their mean is not above zero."""
    if len(values) < 2:
        return None
    with localcontext(prec=40):
        mean = sum(values, Decimal(0)) / len(values)
        if mean <= 0:
            return None
        variance = sum(((one - mean) ** 2 for one in values), Decimal(0)) / (len(values) - 1)
        return Dispersion(
            units=len(values),
            mean=mean,
            lowest=min(values),
            highest=max(values),
            range_percent=100 * (max(values) - min(values)) / mean,
            cv_percent=100 * variance.sqrt() / mean,
        )


def robust_scores(values: Sequence[Decimal]) -> tuple[Decimal, ...] | None:
    """Return 0.6745 · (x - median) / MAD of each value; None where the MAD is zero, which says nothing."""
    if not values:
        return None
    middle = median(values)
    deviation = median([abs(one - middle) for one in values])
    if not deviation:
        return None
    return tuple(_SCORE * (one - middle) / deviation for one in values)


def median(values: Sequence[Decimal]) -> Decimal:
    """Return the middle value, or the mean of the two middle ones.

    Raises:
        ValueError: there is none.
    """
    if not values:
        raise ValueError("no values have no median")
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
