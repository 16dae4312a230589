"""A pack's health to come, from the checks of its own life. A prior for planning; no bill ever asks for it."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from domain.certification.forecasting import Check, Forecast, daily_duty, forecast
from domain.certification.model import Certificate, CertificateStatus, Chemistry
from domain.passport.model import Entry, EntryKind
from domain.shared.time import seoul_day

YEARS = 5
_PPM_A_PERCENT = 10_000
_TOLD_U_PERCENT = Decimal(3)
"""Uncertainty (k = 2) of a health that was told in service: a BMS's figure, three times a bench test's."""


def own_checks(certificates: Sequence[Certificate], entries: Sequence[Entry] = ()) -> tuple[Check, ...]:
    """Return what a pack's certificates measured and what was told of its health in service, oldest first, one a day.

    A certificate outranks what was told on its day; within one kind the day's last counts. A revoked certificate
    says nothing, and neither does an entry without a health above zero. What was told is less certain and weighs less.
    """
    told = sorted(_told(entries), key=lambda one: one[0])
    measured = sorted(
        (one.issued_at, one.soh_ppm) for one in certificates if one.status is not CertificateStatus.REVOKED
    )
    found = {seoul_day(at): _check(at, soh_ppm, _TOLD_U_PERCENT) for at, soh_ppm in told}
    found |= {seoul_day(at): _check(at, soh_ppm, Decimal(1)) for at, soh_ppm in measured}
    return tuple(found[day] for day in sorted(found))


def _check(at: datetime, soh_ppm: int, u_percent: Decimal) -> Check:
    return Check(on=seoul_day(at), soh_percent=Decimal(soh_ppm) / _PPM_A_PERCENT, u_percent=u_percent)


def _told(entries: Sequence[Entry]) -> Iterator[tuple[datetime, int]]:
    for entry in entries:
        if entry.kind is not EntryKind.HEALTH_CHECKED:
            continue
        try:
            soh_ppm = json.loads(entry.payload).get("soh_ppm")
        except (ValueError, AttributeError):
            continue  # an altered entry may hold anything; its seal is told as broken elsewhere
        if isinstance(soh_ppm, int) and not isinstance(soh_ppm, bool) and soh_ppm > 0:
            yield entry.occurred_at, soh_ppm


def outlook(chemistry: str, checks: tuple[Check, ...], *, years: int = YEARS) -> Forecast:
    """Forecast a pack that is cycled once a day between 10 and 90 % at 25 °C, as its grade A allows.

    Raises:
        ForecastImpossible: its health was never checked, or its chemistry has no law.
        ForecastOutOfRange: the law was not fitted on this duty.
    """
    return forecast(Chemistry(chemistry), checks, daily_duty(), years=years)
