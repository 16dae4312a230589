"""Integer won, and the one place where a fraction of a won is cut."""

from typing import NewType

Krw = NewType("Krw", int)
"""Won; the currency has no minor unit."""

MICRO = 1_000_000
"""Rates are micro-won per watt-hour: 90.8 KRW/kWh is 90,800."""


def truncated_krw(amount_micro_krw: int) -> Krw:
    """Cut micro-won to whole won, towards zero (원 미만 절사).

    Python's `//` floors: -1005 // 10 is -101. A credit must not grow by a won for being negative.
    """
    whole = abs(amount_micro_krw) // MICRO
    return Krw(whole if amount_micro_krw >= 0 else -whole)


def vat_krw(taxable_krw: int) -> Krw:
    """Return the 10 % VAT of a document's whole taxable sum, cut towards zero, once per document."""
    whole = abs(taxable_krw) // 10
    return Krw(whole if taxable_krw >= 0 else -whole)


def split_by_weight(total: int, weights: tuple[int, ...]) -> tuple[int, ...]:
    """Split an integer in proportion to `weights` so that the parts add up to it exactly.

    Largest remainder; ties go to the earlier part.

    Args:
        total: at least 0.
        weights: each at least 0, their sum above 0.

    Raises:
        ValueError: a weight or the total is negative, or all weights are zero.
    """
    weight_sum = sum(weights)
    if total < 0 or weight_sum <= 0 or min(weights) < 0:
        raise ValueError("a split needs a total of at least zero and weights that are not all zero")
    parts = [total * weight // weight_sum for weight in weights]
    remainders = [total * weight % weight_sum for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
    for index in order[: total - sum(parts)]:
        parts[index] += 1
    return tuple(parts)
