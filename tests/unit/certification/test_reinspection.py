"""When a certified pack must be inspected again."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from domain.certification.model import Certificate, CertificateStatus, Disposition
from domain.certification.reinspection import Cause, Happened, causes_of, ends_by_rule
from domain.shared.identifiers import CertificateId, PackId, ReceptionId, ReportId, TenantId

ISSUED = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
CERTIFICATE = Certificate(
    certificate_id=CertificateId(UUID(int=1)),
    number="KC-2026-000001",
    pack_id=PackId(UUID(int=2)),
    tenant_id=TenantId(2),
    reception_id=ReceptionId(UUID(int=3)),
    report_id=ReportId(UUID(int=4)),
    report_number="TR-2026-000001",
    grade="A",
    soh_ppm=943_500,
    usable_energy_wh=20_676,
    issued_at=ISSUED,
    valid_until=date(2028, 11, 21),
    reinspection_due_on=date(2027, 11, 21),
    credential="",
    pdf_sha256="",
    verify_token_sha256="",
    status=CertificateStatus.VALID,
    status_reason="",
)
LATER = ISSUED + timedelta(days=10)


def test_a_request_is_opened_thirty_days_before_the_day_it_is_due():
    assert causes_of(CERTIFICATE, [], today=date(2027, 10, 21)) == {}
    assert causes_of(CERTIFICATE, [], today=date(2027, 10, 22)) == {Cause.DUE: date(2027, 11, 21)}


@pytest.mark.parametrize(("soh_ppm", "asks"), [(843_500, True), (843_501, False), (950_000, False), (None, False)])
def test_health_asks_for_it_from_ten_points_below_what_was_certified(soh_ppm, asks):
    checked = Happened(cause=Cause.HEALTH_DROP, at=LATER, soh_ppm=soh_ppm)

    assert (Cause.HEALTH_DROP in causes_of(CERTIFICATE, [checked], today=date(2026, 12, 2))) is asks


@pytest.mark.parametrize("cause", [Cause.ALARM_TRIPPED, Cause.OPENED, Cause.MOVED, Cause.BMS_CHANGED])
def test_an_event_after_the_issue_asks_for_it_once_since_its_first_day(cause):
    events = [Happened(cause=cause, at=LATER + timedelta(days=1)), Happened(cause=cause, at=LATER)]

    assert causes_of(CERTIFICATE, events, today=date(2026, 12, 2)) == {cause: date(2026, 12, 1)}


def test_what_happened_before_the_issue_was_inspected_already():
    assert causes_of(CERTIFICATE, [Happened(cause=Cause.OPENED, at=ISSUED)], today=date(2026, 12, 2)) == {}


@pytest.mark.parametrize("status", [CertificateStatus.REVOKED, CertificateStatus.SUPERSEDED])
def test_a_certificate_that_no_longer_stands_asks_for_nothing(status):
    ended = replace(CERTIFICATE, status=status)

    assert causes_of(ended, [Happened(cause=Cause.OPENED, at=LATER)], today=date(2028, 1, 1)) == {}


@pytest.mark.parametrize("status", list(CertificateStatus))
@pytest.mark.parametrize("disposition", list(Disposition))
def test_a_valid_certificate_is_suspended_by_whatever_is_not_reuse(status, disposition):
    ends = ends_by_rule(replace(CERTIFICATE, status=status), disposition)

    assert ends is (status is CertificateStatus.VALID and disposition is not Disposition.REUSE)
