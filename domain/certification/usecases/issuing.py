"""Report and certificate issued (발급·인증)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from domain.certification.completeness import require_complete
from domain.certification.errors import AssessmentBroken, NotForReuse, OwnWork, TokenTooShort
from domain.certification.model import (
    Assessment,
    Certificate,
    CertificateStatus,
    Disposition,
    HistoryPlace,
    HoldRelease,
    Issued,
    IssuedDocument,
    IssuedKind,
    Laboratory,
    Meaning,
    Reception,
    ReceptionState,
    Report,
    Signature,
    TestRun,
)
from domain.certification.ports import CertificationWork, Credentials
from domain.certification.printing import (
    certificate_content,
    credential_document,
    report_content,
    report_record,
)
from domain.certification.requests import InspectionRequest
from domain.certification.spelling import token_sha256
from domain.certification.status_list import candidates
from domain.certification.usecases.citing import cited_in
from domain.certification.usecases.devices import devices_of
from domain.certification.usecases.moving import held, moved
from domain.certification.usecases.signing import (
    of_assessment,
    of_report,
    review_of,
    sign,
    signature_on,
    whose_work,
)
from domain.shared.actor import Actor, Role
from domain.shared.canonical import Canonical, canonical_text
from domain.shared.documents import DocumentKind, Documents, Seals
from domain.shared.identifiers import CertificateId, Ids, ReceptionId, ReportId
from domain.shared.time import Clock, seoul_day

_TOKEN_LENGTH_MIN = 32
_SEALED_REPORT, _SEALED_CERTIFICATE = "시험성적서 발급 · test report issued", "인증서 발급 · certificate issued"
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A wish to issue report and certificate.

    `pack_print` is the `pack` object that both documents print, `token` at least 128 random bits in hex, `history`
    where the pack's sealed history stands before the issue.
    """

    actor: Actor
    reception_id: ReceptionId
    pack_print: Mapping[str, Canonical]
    laboratory: Laboratory
    base_url: str
    token: str
    history: HistoryPlace


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
    """Issue an approved reception's report and, for what may be reused, a certificate; an earlier one is superseded.

    The issue is a signature of its own: on the report as it is printed.

    Raises:
        RoleNotEnough: the actor is no approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        TokenTooShort: the verification token could be guessed.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is not approved, or issued already.
        OwnWork: the actor received the pack, entered a result, judged or reviewed it.
        AssessmentBroken: the stored assessment is not the one that was signed.
        ReportIncomplete: the report would leave empty what it must say.
        StatusListFull: no place was free in the status lists.
    """
    wish.actor.require(Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    if len(wish.token) < _TOKEN_LENGTH_MIN or set(wish.token) - set("0123456789abcdef"):
        raise TokenTooShort
    reception = await held(wish.actor, wish.reception_id, work, ReceptionState.APPROVED)
    signed = await _signed_assessment(reception, work)
    runs = await work.test_runs.of_reception(reception)
    entered_by = (*whose_work(reception, runs, signed.assessment), *(one.signed_by for one in signed.reviews))
    if wish.actor.person_id in entered_by:
        raise OwnWork
    now = clock.now()
    report = await _issued_report(
        wish,
        reception,
        signed,
        runs,
        work=work,
        ids=ids,
        now=now,
        documents=documents,
        seals=seals,
        credentials=credentials,
    )
    certificate = superseded = None
    if signed.may_be_certified:
        certificate, superseded = await _issued_certificate(
            wish,
            reception,
            signed,
            report,
            runs,
            work=work,
            ids=ids,
            now=now,
            documents=documents,
            seals=seals,
            credentials=credentials,
            qr_svg=qr_svg,
        )
    await sign(wish.actor, reception, of_report(report), entered_by=entered_by, work=work, ids=ids, now=now)
    await moved(wish.actor, reception, ReceptionState.ISSUED, work=work, now=now, reason=report.number)
    return Issued(report=report, certificate=certificate, superseded=superseded)


async def _issued_report(
    wish: Issue,
    reception: Reception,
    signed: "_SignedAssessment",
    runs: Sequence[TestRun],
    *,
    work: CertificationWork,
    ids: Ids,
    now: datetime,
    documents: Documents,
    seals: Seals,
    credentials: Credentials,
) -> Report:
    """Sign the record of the report, print, seal and store it."""
    today = seoul_day(now)
    count = await work.numbers.next(tenant_id=reception.tenant_id, series="test_report", year=today.year)
    number = f"TR-{today.year}-{count:06d}"
    printed = report_content(
        number=number,
        issued_on=today,
        laboratory=wish.laboratory,
        reception=reception,
        pack_print=wish.pack_print,
        runs=runs,
        devices=await devices_of(reception, runs, work),
        assessment=signed.decided,
        reviewed=signed.review,
        approval=signed.approval,
        release=signed.release,
        request=await _request_of(reception, work),
        cited=await cited_in(reception, work),
        verify_url=(_verify_url(wish) if signed.may_be_certified else f"{wish.base_url}/verify?number={number}"),
    )
    require_complete(printed)
    content, report_id = canonical_text(printed), ReportId(ids.new())
    record = canonical_text(
        await credentials.sign(
            report_record(
                issuer=credentials.issuer,
                report_id=report_id,
                number=number,
                content=content,
                amends=None,
                laboratory_en=wish.laboratory.name_en,
                product_uri=str(wish.pack_print["product_uri"]),
                assessment_sha256=signed.approval.subject_sha256,
                history=wish.history,
                issued_at=now,
                base_url=wish.base_url,
            ),
            at=now,
        )
    )
    plain = await documents.typeset(DocumentKind.TEST_REPORT, printed, dated_on=today, proof=record)
    pdf = await seals.seal(plain, reason=_SEALED_REPORT)
    report = Report(
        report_id=report_id,
        number=number,
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        reception_id=reception.reception_id,
        assessment_id=signed.assessment.assessment_id,
        content=content,
        pdf_sha256=await work.files.keep(pdf, media_type=_PDF, owner=reception.tenant_id),
        issued_at=now,
        record=record,
    )
    await work.reports.add(report)
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
    return report


async def _issued_certificate(
    wish: Issue,
    reception: Reception,
    signed: "_SignedAssessment",
    report: Report,
    runs: Sequence[TestRun],
    *,
    work: CertificationWork,
    ids: Ids,
    now: datetime,
    documents: Documents,
    seals: Seals,
    credentials: Credentials,
    qr_svg: Callable[[str], str],
) -> tuple[Certificate, Certificate | None]:
    """Sign, print, seal and store the certificate; return it, and the one before, which it supersedes."""
    today, verify_url = seoul_day(now), _verify_url(wish)
    count = await work.numbers.next(tenant_id=reception.tenant_id, series="certificate", year=today.year)
    draft = _draft(
        number=f"KC-{today.year}-{count:06d}",
        certificate_id=CertificateId(ids.new()),
        reception=reception,
        assessment=signed.decided,
        report=report,
        token=wish.token,
        now=now,
    )
    place = await work.status_places.reserve(draft, candidates(wish.token))
    credential = canonical_text(
        await credentials.sign(
            credential_document(
                issuer=credentials.issuer,
                certificate=draft,
                laboratory=wish.laboratory,
                product_uri=str(wish.pack_print["product_uri"]),
                pack_print=wish.pack_print,
                runs=runs,
                assessment=signed.decided,
                assessment_sha256=signed.approval.subject_sha256,
                base_url=wish.base_url,
                place=place,
            ),
            at=now,
        )
    )
    pdf = await documents.typeset(
        DocumentKind.CERTIFICATE,
        certificate_content(
            certificate=draft,
            laboratory=wish.laboratory,
            reception=reception,
            pack_print=wish.pack_print,
            runs=runs,
            devices=await devices_of(reception, runs, work),
            assessment=signed.decided,
            reviewed=signed.review,
            approval=signed.approval,
            request=await _request_of(reception, work),
            cited=await cited_in(reception, work),
            verify_url=verify_url,
            credential=credential,
            qr_svg=qr_svg(verify_url),
        ),
        dated_on=today,
        proof=credential,
    )
    pdf = await seals.seal(pdf, reason=_SEALED_CERTIFICATE)
    certificate = replace(
        draft, credential=credential, pdf_sha256=await work.files.keep(pdf, media_type=_PDF, owner=reception.tenant_id)
    )
    standing = await work.certificates.standing(reception.pack_id)
    if standing is not None:
        await work.certificates.change(standing, to=CertificateStatus.SUPERSEDED, reason=certificate.number, at=now)
    await work.certificates.add(certificate)
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
    return certificate, standing


async def _request_of(reception: Reception, work: CertificationWork) -> InspectionRequest | None:
    return None if reception.request_id is None else await work.requests.one(reception.request_id)


def _verify_url(wish: Issue) -> str:
    return f"{wish.base_url}/verify/{wish.token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignedAssessment:
    """A last assessment with the signatures that are bound to exactly this text, and its hold's release.

    What was approved before there were reviewers has no review.
    """

    assessment: Assessment
    approval: Signature
    review: Signature | None
    release: HoldRelease | None

    @property
    def decided(self) -> Assessment:
        """The assessment as it stands after a release: what report and certificate say."""
        return self.assessment if self.release is None else replace(self.assessment, judgement=self.release.judgement)

    @property
    def may_be_certified(self) -> bool:
        """Whether it ended in reuse."""
        return self.decided.judgement.disposition is Disposition.REUSE

    @property
    def reviews(self) -> tuple[Signature, ...]:
        """The review, where there is one."""
        return () if self.review is None else (self.review,)


async def _signed_assessment(reception: Reception, work: CertificationWork) -> _SignedAssessment:
    """Return the last assessment and what was signed of it.

    Raises:
        AssessmentBroken: nobody approved exactly this text, or a release was altered.
    """
    assessment = await work.assessments.latest(reception)
    approval = await signature_on(of_assessment(assessment, Meaning.APPROVAL), assessment.pack_id, work)
    release = await work.signatures.released(assessment)
    review = await review_of(assessment, work)
    if approval is None or (release is not None and review is None):
        raise AssessmentBroken
    return _SignedAssessment(assessment=assessment, approval=approval, review=review, release=release)


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
