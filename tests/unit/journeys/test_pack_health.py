from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from domain.certification.errors import ForecastImpossible
from domain.certification.model import CertificateStatus
from domain.journeys.pack_health import outlook, own_checks
from domain.passport.model import Entry, EntryKind
from domain.shared.identifiers import EventId, PackId, PersonId, TenantId
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


def told(at: datetime, payload: str, kind: EntryKind = EntryKind.HEALTH_CHECKED) -> Entry:
    return Entry(
        pack_id=PackId(UUID(int=1)),
        sequence=9,
        event_id=EventId(UUID(int=2)),
        holder=TenantId(7),
        kind=kind,
        occurred_at=at,
        recorded_at=at,
        actor_id=PersonId(UUID(int=3)),
        actor_name="운영자",
        payload=payload,
        previous_seal=b"",
        seal=b"",
    )


def test_a_health_told_in_service_is_a_check_of_its_own_that_is_less_certain():
    certified = certificate(issued_at=at(2025), soh_ppm=940_000)
    entry = told(at(2026), '{"note": "BMS", "soh_ppm": 921000}')

    checks = own_checks([certified], [entry])

    assert [(one.on.year, one.soh_percent, one.u_percent) for one in checks] == [
        (2025, Decimal(94), Decimal(1)),
        (2026, Decimal("92.1"), Decimal(3)),
    ]


def test_on_one_day_a_certificate_outranks_what_was_told_and_the_later_telling_the_earlier():
    certified = certificate(issued_at=at(2025, 1), soh_ppm=940_000)
    same_day = told(at(2025, 9), '{"soh_ppm": 700000}')
    early, late = told(at(2026, 1), '{"soh_ppm": 930000}'), told(at(2026, 5), '{"soh_ppm": 925000}')

    checks = own_checks([certified], [late, same_day, early])

    assert [one.soh_percent for one in checks] == [Decimal(94), Decimal("92.5")]


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(told(at(2026), "not json"), id="altered"),
        pytest.param(told(at(2026), "[]"), id="not an object"),
        pytest.param(told(at(2026), '{"note": "seen"}'), id="without a health"),
        pytest.param(told(at(2026), '{"soh_ppm": 0}'), id="zero"),
        pytest.param(told(at(2026), '{"soh_ppm": true}'), id="no number"),
        pytest.param(told(at(2026), '{"soh_ppm": 900000}', EntryKind.GRADED), id="another fact"),
    ],
)
def test_an_entry_without_a_health_is_no_check(entry):
    assert own_checks([], [entry]) == ()


def test_what_was_told_in_service_moves_the_forecast_and_narrows_its_law():
    certified = certificate(issued_at=at(2022), soh_ppm=940_000)
    fell = told(at(2026), '{"soh_ppm": 850000}')

    alone = outlook("LFP", own_checks([certified]))
    checked = outlook("LFP", own_checks([certified], [fell]))

    assert (alone.checks, checked.checks) == (1, 2)
    assert checked.factor > alone.factor
    assert checked.factor_spread < alone.factor_spread
    assert checked.years[0].on.year == 2027
    assert checked.years[0].low_percent < checked.years[0].soh_percent < checked.years[0].high_percent
