"""A pack's health to come, from the certificates of its own life. A prior for planning; no bill ever asks for it."""

from collections.abc import Sequence
from decimal import Decimal

from domain.certification.forecasting import Check, Forecast, daily_duty, forecast
from domain.certification.model import Certificate, CertificateStatus, Chemistry
from domain.shared.time import seoul_day

YEARS = 5
_PPM_A_PERCENT = 10_000


def own_checks(certificates: Sequence[Certificate]) -> tuple[Check, ...]:
    """Return what a pack's certificates measured, one a day, the day's last; a revoked one says nothing."""
    found = {
        seoul_day(one.issued_at): Check(on=seoul_day(one.issued_at), soh_percent=Decimal(one.soh_ppm) / _PPM_A_PERCENT)
        for one in sorted(certificates, key=lambda one: one.issued_at)
        if one.status is not CertificateStatus.REVOKED
    }
    return tuple(found.values())


def outlook(chemistry: str, checks: tuple[Check, ...], *, years: int = YEARS) -> Forecast:
    """Forecast a pack that is cycled once a day between 10 and 90 % at 25 °C, as its grade A allows.

    Raises:
        ForecastImpossible: it was never certified, or its chemistry has no law.
        ForecastOutOfRange: the law was not fitted on this duty.
    """
    return forecast(Chemistry(chemistry), checks, daily_duty(), years=years)
