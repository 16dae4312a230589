"""Self-discharge: how fast a resting cell loses voltage, or charge."""

from decimal import Decimal

_HOURS = 168 - 24


def k_value_mv_per_h(*, ocv_24h_v: Decimal, ocv_168h_v: Decimal) -> Decimal:
    """Return the fall of the open-circuit voltage between the first day's and the first week's end; mV/h."""
    return (ocv_24h_v - ocv_168h_v) * 1000 / _HOURS


def charge_loss_percent(*, before_ah: Decimal, after_ah: Decimal) -> Decimal:
    """Return the share of the charge that a rest took; percent.

    Raises:
        ValueError: there was no charge before.
    """
    if before_ah <= 0:
        raise ValueError("a loss is a share of a charge above zero")
    return (before_ah - after_ah) / before_ah * 100
