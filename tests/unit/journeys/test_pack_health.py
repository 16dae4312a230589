from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from domain.certification.errors import ForecastImpossible
from domain.certification.model import CertificateStatus
from domain.journeys.pack_health import outlook, own_checks
from tests.unit.certification.test_spelling import certificate


def at(year: int, hour: int = 3) -> datetime:
    return datetime(year, 5, 4, hour, tzinfo=UTC)


def test_each_certificate_is_a_check_on_its_day_in_seoul():
    late = certificate(issued_at=at(2026, 20), soh_ppm=912_300)
    early = certificate(issued_at=at(2025), soh_ppm=943_510)

    assert [(one.on, one.soh_percent) for one in own_checks([late, early])] == [
        (date(2025, 5, 4), Decimal("94.351")),
        (date(2026, 5, 5), Decimal("91.23")),
    ]


def test_the_last_certificate_of_a_day_counts_and_a_revoked_one_does_not():
    first, second = (
        certificate(issued_at=at(2026, 1), soh_ppm=910_000),
        certificate(issued_at=at(2026, 5), soh_ppm=905_000),
    )
    revoked = certificate(issued_at=at(2025), status=CertificateStatus.REVOKED)

    assert [one.soh_percent for one in own_checks([second, first, revoked])] == [Decimal("90.5")]


def test_a_pack_without_a_certificate_has_no_outlook():
    with pytest.raises(ForecastImpossible):
        outlook("NMC", ())


def test_a_certified_pack_has_five_years_of_outlook():
    found = outlook("LFP", own_checks([certificate(issued_at=at(2026), soh_ppm=940_000)]))

    assert [one.on.year for one in found.years] == [2027, 2028, 2029, 2030, 2031]
