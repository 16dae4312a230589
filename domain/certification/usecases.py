"""The steps of certification: receive, record, judge, approve, issue, suspend, revoke. None of them commits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from domain.certification.errors import (
    AssessmentBroken,
    CertificateMoved,
    CertificateUnknown,
    DischargeMissing,
    NotForReuse,
    NothingMeasured,
    OwnWork,
    ReceptionMoved,
    ReceptionUnknown,
    TokenTooShort,
)
from domain.certification.evaluating import evaluate, yielded
from domain.certification.judging import Context, judge
from domain.certification.model import (
    Applicant,
    Assessment,
    Certificate,
    CertificateStatus,
    CyclerRecord,
    Discharge,
    Disposition,
    Issued,
    IssuedDocument,
    IssuedKind,
    ItemFacts,
    Laboratory,
    Meaning,
    Measurement,
    MeasurementSource,
    RawFile,
    Reception,
    ReceptionState,
    Report,
    Signature,
    TestRun,
    Variant,
)
from domain.certification.ports import CertificationWork, Credentials
from domain.certification.printing import certificate_content, credential_document, report_content
from domain.certification.protocol import Given, Protocol
from domain.certification.spelling import assessment_text, token_sha256
from domain.certification.status_list import candidates
from domain.shared.actor import Actor, Role
from domain.shared.canonical import Canonical, canonical_text, sha256
from domain.shared.documents import DocumentKind, Documents, Seals
from domain.shared.identifiers import CertificateId, Ids, PackId, ReceptionId, ReportId, TenantId, TestRunId
from domain.shared.time import Clock, seoul_day

_CAPACITY_TEST = "T06"
_TOKEN_LENGTH_MIN = 32
_REASON_LENGTH_MAX = 500
_MEASURABLE = (ReceptionState.RECEIVED, ReceptionState.UNDER_TEST, ReceptionState.TESTED)
_SEALED_REPORT, _SEALED_CERTIFICATE = "시험성적서 발급 · test report issued", "인증서 발급 · certificate issued"
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """A wish to take a pack in for inspection."""

    actor: Actor
    pack_id: PackId
    tenant_id: TenantId
    applicant: Applicant
    condition: str
    due_on: date
    facts: ItemFacts


async def receive(wish: Receive, *, work: CertificationWork, ids: Ids, clock: Clock) -> Reception:
    """Take a pack in for inspection, under a number of its own.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: the actor belongs to another body.
        AlreadyReceived: the pack lies in an open reception.
    """
    wish.actor.require(Role.TESTER)
    if wish.actor.tenant_id != wish.tenant_id:
        raise ReceptionUnknown(reception=str(wish.pack_id))
    now = clock.now()
    year = seoul_day(now).year
    count = await work.numbers.next(tenant_id=wish.tenant_id, series="reception", year=year)
    reception = Reception(
        reception_id=ReceptionId(ids.new()),
        number=f"R-{year}-{count:06d}",
        pack_id=wish.pack_id,
        tenant_id=wish.tenant_id,
        applicant=wish.applicant,
        condition=wish.condition,
        facts=wish.facts,
        received_by=wish.actor.person_id,
        received_by_name=wish.actor.name,
        received_at=now,
        due_on=wish.due_on,
        state=ReceptionState.RECEIVED,
    )
    await work.receptions.add(reception)
    return reception


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCyclerRun:
    """A wish to record what a cycler file says; the file is kept already, under `raw_sha256`."""

    actor: Actor
    reception_id: ReceptionId
    file_name: str
    raw_sha256: str
    record: CyclerRecord
    ambient_c: Decimal | None = None
    equipment: str = ""


async def record_cycler_run(
    wish: RecordCyclerRun, *, work: CertificationWork, protocol: Protocol, ids: Ids, clock: Clock
) -> TestRun:
    """Add what a test file answers to a reception's results: its capacity test, and what else it measured.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is approved already.
        DischargeMissing: the file holds no full discharge, and answers nothing else of the protocol either.
    """
    wish.actor.require(Role.TESTER)
    reception = await _held(wish.actor, wish.reception_id, work, *_MEASURABLE)
    rated_ah = reception.facts.sample_capacity_ah
    evaluation = evaluate(wish.record, rated_capacity_ah=rated_ah)
    given: dict[tuple[str, str], Given] = {
        (test_id, key): value
        for (test_id, key), value in yielded(evaluation, wish.record, rated_capacity_ah=rated_ah).items()
        if protocol.knows(test_id, key)
    }
    variant: Variant | None = None
    try:
        found = wish.record.discharge(rated_ah)
    except DischargeMissing:
        if not given:
            raise
    else:
        variant = found.variant
        given |= _capacity_answers(found, wish.record)
    measurements = tuple(
        protocol.measurement(
            test_id=test_id,
            quantity=key,
            given=value,
            unit=protocol.quantity(test_id, key).unit,
            source=MeasurementSource.RAW,
        )
        for (test_id, key), value in given.items()
    )
    return await _recorded(
        wish.actor,
        reception,
        measurements,
        work=work,
        protocol=protocol,
        ids=ids,
        now=clock.now(),
        variant=variant,
        ambient_c=wish.ambient_c,
        equipment=wish.equipment,
        raw_file=RawFile(name=wish.file_name, sha256=wish.raw_sha256),
        record=wish.record,
    )


def _capacity_answers(found: Discharge, record: CyclerRecord) -> dict[tuple[str, str], Given]:
    answers: dict[tuple[str, str], Given] = {
        (_CAPACITY_TEST, "q_dis"): found.q_dis_ah,
        (_CAPACITY_TEST, "e_dis"): found.e_dis_wh,
    }
    if found.q_chg_ah > 0 and found.e_chg_wh > 0:
        answers |= {(_CAPACITY_TEST, "q_chg"): found.q_chg_ah, (_CAPACITY_TEST, "e_chg"): found.e_chg_wh}
    if record.temperature_c is not None:
        answers[_CAPACITY_TEST, "t_max"] = record.temperature_c.highest
    return answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """One value as a tester typed it; `unit` None for what has none."""

    test_id: str
    quantity: str
    value: Given
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMeasurements:
    """A wish to record values that a tester typed."""

    actor: Actor
    reception_id: ReceptionId
    measurements: Sequence[Entered]
    ambient_c: Decimal | None = None
    equipment: str = ""


async def record_measurements(
    wish: RecordMeasurements, *, work: CertificationWork, protocol: Protocol, ids: Ids, clock: Clock
) -> TestRun:
    """Add typed values to a reception's results, marked as typed; one wrong value and none is kept.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is approved already.
        NothingMeasured: the list is empty.
        QuantityUnknown: the protocol has no such quantity.
        QuantityMalformed: a value is not of its quantity's kind.
        UnitDiffers: a value is given in another unit.
    """
    wish.actor.require(Role.TESTER)
    reception = await _held(wish.actor, wish.reception_id, work, *_MEASURABLE)
    if not wish.measurements:
        raise NothingMeasured
    measurements = tuple(
        protocol.measurement(
            test_id=one.test_id,
            quantity=one.quantity,
            given=one.value,
            unit=one.unit,
            source=MeasurementSource.MANUAL,
        )
        for one in wish.measurements
    )
    return await _recorded(
        wish.actor,
        reception,
        measurements,
        work=work,
        protocol=protocol,
        ids=ids,
        now=clock.now(),
        variant=None,
        ambient_c=wish.ambient_c,
        equipment=wish.equipment,
        raw_file=None,
        record=None,
    )


async def _recorded(
    actor: Actor,
    reception: Reception,
    measurements: tuple[Measurement, ...],
    *,
    work: CertificationWork,
    protocol: Protocol,
    ids: Ids,
    now: datetime,
    variant: Variant | None,
    ambient_c: Decimal | None,
    equipment: str,
    raw_file: RawFile | None,
    record: CyclerRecord | None,
) -> TestRun:
    earlier = await work.test_runs.of_reception(reception)
    run = TestRun(
        test_run_id=TestRunId(ids.new()),
        reception_id=reception.reception_id,
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        sequence=len(earlier) + 1,
        protocol_id=protocol.protocol_id,
        protocol_version=protocol.version,
        variant=variant,
        ambient_c=ambient_c,
        equipment=equipment,
        raw_file=raw_file,
        record=record,
        measurements=measurements,
        recorded_by=actor.person_id,
        recorded_by_name=actor.name,
        recorded_at=now,
    )
    await work.test_runs.add(run)
    if reception.state is not ReceptionState.UNDER_TEST:
        await work.receptions.move(reception, to=ReceptionState.UNDER_TEST, at=now)
    return run


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeReception:
    """A wish to judge what was measured. `lots` and `site_ip_code` as in `judging.Context`."""

    actor: Actor
    reception_id: ReceptionId
    lots: Mapping[str, tuple[Decimal, ...]] | None = None
    site_ip_code: str | None = None


async def judge_reception(
    wish: JudgeReception, *, work: CertificationWork, protocol: Protocol, ids: Ids, clock: Clock
) -> Assessment:
    """Judge a reception's results by a protocol; the assessment stands beside earlier ones.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: nothing was measured since the last judgement, or it is approved already.
    """
    wish.actor.require(Role.TESTER)
    reception = await _held(wish.actor, wish.reception_id, work, ReceptionState.UNDER_TEST)
    runs = await work.test_runs.of_reception(reception)
    now = clock.now()
    judgement = judge(
        protocol,
        [one for run in runs for one in run.measurements],
        Context(facts=reception.facts, today=seoul_day(now), lots=wish.lots or {}, site_ip_code=wish.site_ip_code),
    )
    assessment = Assessment(
        assessment_id=ids.new(),
        reception_id=reception.reception_id,
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        sequence=runs[-1].sequence,
        run_ids=tuple(run.test_run_id for run in runs),
        judgement=judgement,
        judged_by=wish.actor.person_id,
        judged_by_name=wish.actor.name,
        judged_at=now,
    )
    await work.assessments.add(assessment)
    await work.receptions.move(reception, to=ReceptionState.TESTED, at=now)
    return assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """A wish to sign an assessment."""

    actor: Actor
    reception_id: ReceptionId
    meaning: Meaning = Meaning.APPROVAL


async def approve(wish: Approve, *, work: CertificationWork, ids: Ids, clock: Clock) -> Signature:
    """Sign a reception's last assessment, as a person who did none of its work.

    Raises:
        RoleNotEnough: the actor is no approver.
        OwnWork: the actor received the pack, entered a result or judged it.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is not judged, or approved already.
        NotForReuse: the assessment says something else than reuse.
    """
    wish.actor.require(Role.APPROVER)
    reception = await _held(wish.actor, wish.reception_id, work, ReceptionState.TESTED)
    assessment = await work.assessments.latest(reception)
    runs = await work.test_runs.of_reception(reception)
    entered_by = tuple(dict.fromkeys([reception.received_by, *(run.recorded_by for run in runs), assessment.judged_by]))
    if wish.actor.person_id in entered_by:
        raise OwnWork
    if assessment.judgement.disposition is not Disposition.REUSE:
        raise NotForReuse(disposition=assessment.judgement.disposition.value)
    now = clock.now()
    signature = Signature(
        signature_id=ids.new(),
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        reception_id=reception.reception_id,
        subject_type="assessment",
        subject_id=assessment.assessment_id,
        subject_sha256=sha256(assessment_text(assessment)).hex(),
        meaning=wish.meaning,
        signed_by=wish.actor.person_id,
        printed_name=wish.actor.name,
        entered_by=entered_by,
        signed_at=now,
    )
    await work.signatures.add(signature)
    await work.receptions.move(reception, to=ReceptionState.APPROVED, at=now)
    return signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A wish to issue report and certificate.

    `pack_print` is the `pack` object that both documents print, `token` at least 128 random bits in hex.
    """

    actor: Actor
    reception_id: ReceptionId
    pack_print: Mapping[str, Canonical]
    laboratory: Laboratory
    base_url: str
    token: str


async def issue(
    wish: Issue,
    *,
    work: CertificationWork,
    ids: Ids,
    clock: Clock,
    documents: Documents,
    seals: Seals,
    credentials: Credentials,
    qr_svg: Callable[[str], str],
) -> Issued:
    """Issue the report and the certificate of an approved reception; an earlier certificate is superseded.

    Raises:
        RoleNotEnough: the actor is no approver.
        TokenTooShort: the verification token could be guessed.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is not approved, or issued already.
        AssessmentBroken: the stored assessment is not the one that was signed.
        StatusListFull: no place was free in the status lists.
    """
    wish.actor.require(Role.APPROVER)
    if len(wish.token) < _TOKEN_LENGTH_MIN or set(wish.token) - set("0123456789abcdef"):
        raise TokenTooShort
    reception = await _held(wish.actor, wish.reception_id, work, ReceptionState.APPROVED)
    assessment, approval = await _signed_assessment(reception, work)
    runs = await work.test_runs.of_reception(reception)
    now = clock.now()
    year, today = seoul_day(now).year, seoul_day(now)
    verify_url = f"{wish.base_url}/verify/{wish.token}"

    report_count = await work.numbers.next(tenant_id=reception.tenant_id, series="test_report", year=year)
    report_number = f"TR-{year}-{report_count:06d}"
    printed = report_content(
        number=report_number,
        issued_on=today,
        laboratory=wish.laboratory,
        reception=reception,
        pack_print=wish.pack_print,
        runs=runs,
        assessment=assessment,
        approval=approval,
        verify_url=verify_url,
    )
    report_pdf = await seals.seal(
        await documents.typeset(DocumentKind.TEST_REPORT, printed, dated_on=today), reason=_SEALED_REPORT
    )
    report = Report(
        report_id=ReportId(ids.new()),
        number=report_number,
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        reception_id=reception.reception_id,
        assessment_id=assessment.assessment_id,
        content=canonical_text(printed),
        pdf_sha256=await work.files.keep(report_pdf, media_type=_PDF),
        issued_at=now,
    )
    certificate_count = await work.numbers.next(tenant_id=reception.tenant_id, series="certificate", year=year)
    draft = _draft(
        number=f"KC-{year}-{certificate_count:06d}",
        certificate_id=CertificateId(ids.new()),
        reception=reception,
        assessment=assessment,
        report=report,
        token=wish.token,
        now=now,
    )
    place = await work.status_places.reserve(draft, candidates(wish.token))
    signed = await credentials.sign(
        credential_document(
            issuer=credentials.issuer,
            certificate=draft,
            laboratory=wish.laboratory,
            product_uri=str(wish.pack_print["product_uri"]),
            pack_print=wish.pack_print,
            runs=runs,
            assessment=assessment,
            assessment_sha256=approval.subject_sha256,
            base_url=wish.base_url,
            place=place,
        ),
        at=now,
    )
    credential = canonical_text(signed)
    certificate_pdf = await documents.typeset(
        DocumentKind.CERTIFICATE,
        certificate_content(
            certificate=draft,
            laboratory=wish.laboratory,
            reception=reception,
            pack_print=wish.pack_print,
            runs=runs,
            assessment=assessment,
            approval=approval,
            verify_url=verify_url,
            credential=credential,
            qr_svg=qr_svg(verify_url),
        ),
        dated_on=today,
    )
    certificate_pdf = await seals.seal(certificate_pdf, reason=_SEALED_CERTIFICATE)
    certificate = replace(
        draft, credential=credential, pdf_sha256=await work.files.keep(certificate_pdf, media_type=_PDF)
    )
    standing = await work.certificates.standing(reception.pack_id)
    if standing is not None:
        await work.certificates.change(standing, to=CertificateStatus.SUPERSEDED, reason=certificate.number, at=now)
    await work.reports.add(report)
    await work.certificates.add(certificate)
    await work.issued_documents.add(
        IssuedDocument(
            pack_id=report.pack_id,
            tenant_id=report.tenant_id,
            subject_id=report.report_id,
            kind=IssuedKind.REPORT,
            number=report.number,
            pdf_sha256=report.pdf_sha256,
            amends=None,
            issued_at=now,
        )
    )
    await work.issued_documents.add(
        IssuedDocument(
            pack_id=certificate.pack_id,
            tenant_id=certificate.tenant_id,
            subject_id=certificate.certificate_id,
            kind=IssuedKind.CERTIFICATE,
            number=certificate.number,
            pdf_sha256=certificate.pdf_sha256,
            amends=None,
            issued_at=now,
        )
    )
    await work.receptions.move(reception, to=ReceptionState.ISSUED, at=now)
    return Issued(report=report, certificate=certificate)


async def _signed_assessment(reception: Reception, work: CertificationWork) -> tuple[Assessment, Signature]:
    """Return the last assessment and the approval bound to exactly this text."""
    assessment = await work.assessments.latest(reception)
    text_sha256 = sha256(assessment_text(assessment)).hex()
    for signature in await work.signatures.of_subject(reception.pack_id, assessment.assessment_id):
        if signature.meaning is Meaning.APPROVAL and signature.subject_sha256 == text_sha256:
            return assessment, signature
    raise AssessmentBroken


def _draft(
    *,
    number: str,
    certificate_id: CertificateId,
    reception: Reception,
    assessment: Assessment,
    report: Report,
    token: str,
    now: datetime,
) -> Certificate:
    """Return the certificate without what is made from it: the signed record and the printed page."""
    judgement = assessment.judgement
    if judgement.grade is None or judgement.soh_ppm is None or judgement.usable_energy_wh is None:
        raise NotForReuse(disposition=judgement.disposition.value)
    today = seoul_day(now)
    valid_until = months_after(today, judgement.validity_months)
    review_on = valid_until if judgement.review_months is None else months_after(today, judgement.review_months)
    return Certificate(
        certificate_id=certificate_id,
        number=number,
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        reception_id=reception.reception_id,
        report_id=report.report_id,
        report_number=report.number,
        grade=judgement.grade,
        soh_ppm=judgement.soh_ppm,
        usable_energy_wh=judgement.usable_energy_wh,
        issued_at=now,
        valid_until=valid_until,
        reinspection_due_on=min(valid_until, review_on),
        credential="",
        pdf_sha256="",
        verify_token_sha256=token_sha256(token),
        status=CertificateStatus.VALID,
        status_reason="",
    )


def months_after(day: date, months: int) -> date:
    """Return the same day some months on, or the last day of a shorter month.

    Source: 민법 (Civil Act), articles 157 and 160: the first day is not counted.
    """
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last_day = (following - date(year, month + 1, 1)).days
    return date(year, month + 1, min(day.day, last_day))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCertificate:
    """A wish to suspend or revoke a certificate, and why."""

    actor: Actor
    certificate_id: CertificateId
    reason: str


async def suspend(wish: ChangeCertificate, *, work: CertificationWork, clock: Clock) -> Certificate:
    """Suspend a valid certificate; deployment stops at once.

    Raises:
        RoleNotEnough: the actor is no approver.
        CertificateUnknown: there is none, or it is another body's.
        CertificateMoved: it is not valid.
    """
    return await _changed(wish, (CertificateStatus.VALID,), CertificateStatus.SUSPENDED, work, clock)


async def revoke(wish: ChangeCertificate, *, work: CertificationWork, clock: Clock) -> Certificate:
    """Revoke a valid or suspended certificate for ever.

    Raises:
        RoleNotEnough: the actor is no approver.
        CertificateUnknown: there is none, or it is another body's.
        CertificateMoved: it is revoked or superseded already.
    """
    standing = (CertificateStatus.VALID, CertificateStatus.SUSPENDED)
    return await _changed(wish, standing, CertificateStatus.REVOKED, work, clock)


async def _changed(
    wish: ChangeCertificate,
    allowed: tuple[CertificateStatus, ...],
    to: CertificateStatus,
    work: CertificationWork,
    clock: Clock,
) -> Certificate:
    wish.actor.require(Role.APPROVER)
    certificate = await work.certificates.one(wish.certificate_id)
    if certificate.tenant_id != wish.actor.tenant_id:
        raise CertificateUnknown
    if certificate.status not in allowed:
        raise CertificateMoved(status=certificate.status.value)
    reason = wish.reason[:_REASON_LENGTH_MAX]
    await work.certificates.change(certificate, to=to, reason=reason, at=clock.now())
    return replace(certificate, status=to, status_reason=reason)


async def _held(actor: Actor, reception_id: ReceptionId, work: CertificationWork, *states: ReceptionState) -> Reception:
    """Return the actor's own reception, held against others, in one of the states that the step needs."""
    reception = await work.receptions.hold(reception_id)
    if reception.tenant_id != actor.tenant_id:
        raise ReceptionUnknown(reception=str(reception_id))
    if reception.state not in states:
        raise ReceptionMoved(state=reception.state.value)
    return reception
