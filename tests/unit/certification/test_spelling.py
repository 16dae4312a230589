import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ktr.protocol_file import load_protocol
from domain.certification.judging import Context, judge
from domain.certification.model import (
    Applicant,
    Certificate,
    CertificateStatus,
    CyclerFinding,
    Measurement,
    MeasurementSource,
    Scope,
    certificate_valid_at,
)
from domain.certification.spelling import (
    applicant_of,
    applicant_text,
    cycler_record_of,
    facts_of,
    facts_text,
    ids_of,
    ids_text,
    judgement_of,
    judgement_text,
    measurements_of,
    measurements_text,
    record_text,
)
from domain.certification.usecases.issuing import months_after
from domain.shared.identifiers import CertificateId, PackId, ReceptionId, ReportId, TenantId
from tests.fakes.certification import cycler_record, item_facts

DECIMALS = st.decimals(-(10**12), 10**12, places=6, allow_nan=False)
VALUES = st.one_of(
    st.booleans(),
    st.text(max_size=20),
    DECIMALS,
    st.lists(DECIMALS, min_size=1, max_size=5).map(tuple),
    st.lists(st.text(max_size=5), max_size=5).map(tuple),
)


@given(st.lists(VALUES, max_size=6))
def test_measurements_come_back_as_they_were_spelt(values):
    measurements = tuple(
        Measurement(test_id="T06", quantity=f"q{index}", value=value, unit="Ah", source=MeasurementSource.RAW)
        for index, value in enumerate(values)
    )

    assert measurements_of(measurements_text(measurements)) == measurements


def test_a_record_comes_back_as_it_was_spelt():
    record = cycler_record()

    assert cycler_record_of(json.loads(record_text(record))) == record


def test_findings_keep_their_rows():
    record = cycler_record()
    finding = CyclerFinding(code="time-runs-back", said_ko="시간", said_en="time", rows=(3, 9))
    text = record_text(record).replace(
        '"findings":[]', '"findings":[{"code":"time-runs-back","en":"time","ko":"시간","rows":[3,9]}]'
    )

    assert cycler_record_of(json.loads(text)).findings == (finding,)


@pytest.mark.parametrize("value", [None, [], {}, {"format": "x"}, {"format": 3}])
def test_what_is_no_record_is_refused(value):
    with pytest.raises((ValueError, KeyError)):
        cycler_record_of(value)


def test_a_packs_facts_are_spelt_as_before_there_were_other_units():
    assert "scope" not in facts_text(item_facts())
    assert facts_of(facts_text(item_facts(scope=Scope.CELL))).scope is Scope.CELL


@pytest.mark.parametrize("expiry", [None, date(2030, 1, 1)])
def test_facts_come_back_as_they_were_spelt(expiry):
    facts = item_facts(calendar_expiry_on=expiry)

    assert facts_of(facts_text(facts)) == facts


def test_an_applicant_and_a_list_of_identifiers_come_back():
    applicant = Applicant(name="순환모빌리티", contact="054-000-0000")

    assert applicant_of(applicant_text(applicant)) == applicant
    assert ids_of(ids_text((UUID(int=1), UUID(int=2)))) == (UUID(int=1), UUID(int=2))


def test_a_judgement_comes_back_as_it_was_spelt():
    judgement = judge(load_protocol(), [], Context(facts=item_facts(), today=date(2026, 11, 21)))

    assert judgement_of(judgement_text(judgement)) == judgement


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        (date(2026, 11, 21), 24, date(2028, 11, 21)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
    ],
)
def test_months_end_on_the_same_day_or_the_last(day, months, after):
    assert months_after(day, months) == after


def certificate(**changed):
    values = {
        "certificate_id": CertificateId(UUID(int=1)),
        "number": "KC-2026-000001",
        "pack_id": PackId(UUID(int=2)),
        "tenant_id": TenantId(1),
        "reception_id": ReceptionId(UUID(int=3)),
        "report_id": ReportId(UUID(int=4)),
        "report_number": "TR-2026-000001",
        "grade": "A",
        "soh_ppm": 943_500,
        "usable_energy_wh": 20_676,
        "issued_at": datetime(2026, 11, 21, 3, tzinfo=UTC),
        "valid_until": date(2028, 11, 21),
        "reinspection_due_on": date(2028, 11, 21),
        "credential": "{}",
        "pdf_sha256": "00" * 32,
        "verify_token_sha256": "11" * 32,
        "status": CertificateStatus.VALID,
        "status_reason": "",
    }
    return Certificate(**{**values, **changed})


@pytest.mark.parametrize(
    ("at", "valid"),
    [
        (datetime(2026, 11, 21, 2, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 21, 3, tzinfo=UTC), True),
        (datetime(2028, 11, 21, 14, 59, 59, tzinfo=UTC), True),
        (datetime(2028, 11, 21, 15, tzinfo=UTC), False),
    ],
)
def test_a_certificate_holds_from_its_issue_to_the_end_of_its_last_seoul_day(at, valid):
    assert certificate_valid_at(certificate(), at) is valid


@pytest.mark.parametrize("status", [one for one in CertificateStatus if one is not CertificateStatus.VALID])
def test_a_certificate_that_does_not_stand_is_never_valid(status):
    assert not certificate_valid_at(certificate(status=status), datetime(2027, 1, 1, tzinfo=UTC))


def test_decimals_are_never_spelt_with_an_exponent():
    one = Measurement(test_id="T06", quantity="q", value=Decimal("1E+3"), unit="Ah", source=MeasurementSource.RAW)

    assert '"1000"' in measurements_text((one,))
