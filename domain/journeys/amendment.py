"""An issued report is amended by a new document; where its results fall, so does the certificate that rests on them."""

import json
from dataclasses import dataclass

from domain.certification.amending import Amendment, Corrections, amended_content, last_issued
from domain.certification.errors import OwnWork, ReceptionUnknown, ReportUnknown
from domain.certification.model import (
    CertificateStatus,
    IssuedDocument,
    IssuedKind,
    Reception,
    Report,
)
from domain.certification.usecases import closing
from domain.journeys import validity
from domain.journeys.ports import JourneyWork
from domain.shared.actor import BODY_STAFF, Actor, Role, on_behalf_of
from domain.shared.canonical import canonical_text
from domain.shared.documents import DocumentKind, Documents, Seals
from domain.shared.identifiers import Ids, ReceptionId, ReportId
from domain.shared.time import Clock, seoul_day
from domain.shared.unit import Unit

_SEALED = "수정 성적서 발급 · amended report issued"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendReport:
    """A wish to replace a reception's report by one that is set right.

    `results_affected` says that the results may no longer be relied on: the certificate on them is superseded.
    """

    actor: Actor
    reception_id: ReceptionId
    reason: str
    corrections: Corrections
    results_affected: bool = False


async def amend_report(
    wish: AmendReport,
    *,
    unit: Unit[JourneyWork],
    documents: Documents,
    seals: Seals,
    ids: Ids,
    clock: Clock,
) -> Amendment:
    """Issue an amended report in the place of the last one; both are kept.

    Raises:
        RoleNotEnough: the actor is no approver.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReportUnknown: no report was issued for it yet.
        OwnWork: the actor received the pack, entered a result or judged it.
        NothingAmended: nothing would differ.
        AlreadyAmended: somebody else amended it meanwhile.
    """
    wish.actor.require(Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    # Ending a certificate stops a tenant's service, which lies beyond the inspection body's own reach.
    async with unit(on_behalf_of(wish.actor) if wish.results_affected else wish.actor) as work:
        reception, first, before = await _reports(wish.actor, wish.reception_id, work=work)
        await _refuse_own_work(wish.actor, reception, work=work)
        replaced = last_issued(first, before)
        now = clock.now()
        year, today = seoul_day(now).year, seoul_day(now)
        count = await work.numbers.next(tenant_id=reception.tenant_id, series="test_report", year=year)
        number = f"TR-{year}-{count:06d}"
        content = amended_content(
            json.loads(replaced.content),
            wish.corrections,
            number=number,
            issued_on=today,
            reason=wish.reason,
            results_affected=wish.results_affected,
        )
        pdf = await seals.seal(
            await documents.typeset(DocumentKind.TEST_REPORT, content, dated_on=today), reason=_SEALED
        )
        amendment = Amendment(
            report=Report(
                report_id=ReportId(ids.new()),
                number=number,
                pack_id=reception.pack_id,
                tenant_id=reception.tenant_id,
                reception_id=reception.reception_id,
                assessment_id=first.assessment_id,
                content=canonical_text(content),
                pdf_sha256=await work.files.keep(pdf, media_type="application/pdf", owner=reception.tenant_id),
                issued_at=now,
            ),
            amends=replaced.number,
            reason=wish.reason,
            results_affected=wish.results_affected,
            amended_by=wish.actor.person_id,
            amended_by_name=wish.actor.name,
        )
        await work.issued_documents.add(
            IssuedDocument(
                pack_id=reception.pack_id,
                tenant_id=reception.tenant_id,
                subject_id=amendment.report.report_id,
                kind=IssuedKind.REPORT,
                number=number,
                pdf_sha256=amendment.report.pdf_sha256,
                amends=replaced.number,
                issued_at=now,
            )
        )
        await work.amendments.add(amendment)
        await closing.mark_amended(
            wish.actor, reception, reason=f"{replaced.number} → {number}: {wish.reason}"[:500], work=work, clock=clock
        )
        if wish.results_affected:
            await _end_certificate(wish.actor, reception, amendment, work=work, ids=ids, clock=clock)
        await work.commit()
    return amendment


async def _reports(
    actor: Actor, reception_id: ReceptionId, *, work: JourneyWork
) -> tuple[Reception, Report, tuple[Amendment, ...]]:
    reception = await work.receptions.one(reception_id)
    if reception.tenant_id != actor.tenant_id:
        raise ReceptionUnknown(reception=str(reception_id))
    report = await work.reports.of_reception(reception)
    if report is None:
        raise ReportUnknown
    return reception, report, await work.amendments.of_reception(reception)


async def _refuse_own_work(actor: Actor, reception: Reception, *, work: JourneyWork) -> None:
    runs = await work.test_runs.of_reception(reception)
    assessment = await work.assessments.latest(reception)
    if actor.person_id in {reception.received_by, assessment.judged_by, *(run.recorded_by for run in runs)}:
        raise OwnWork


async def _end_certificate(
    actor: Actor, reception: Reception, amendment: Amendment, *, work: JourneyWork, ids: Ids, clock: Clock
) -> None:
    """Supersede the certificate that rests on the results, where it still stands, and stop the pack's service."""
    certificates = await work.certificates.of_pack(reception.pack_id)
    certificate = next((one for one in certificates if one.reception_id == reception.reception_id), None)
    if certificate is None or certificate.status not in (CertificateStatus.VALID, CertificateStatus.SUSPENDED):
        return
    await work.certificates.change(
        certificate, to=CertificateStatus.SUPERSEDED, reason=amendment.report.number, at=clock.now()
    )
    await validity.tell_end(
        certificate,
        validity.How.SUPERSEDED,
        reason=amendment.report.number,
        at=clock.now(),
        actor=actor,
        work=work,
        ids=ids,
        clock=clock,
    )


async def amendments(
    actor: Actor, reception_id: ReceptionId, *, unit: Unit[JourneyWork]
) -> tuple[Report, tuple[Amendment, ...]]:
    """Return a reception's first report and its amendments, oldest first.

    Raises:
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReportUnknown: no report was issued for it yet.
    """
    actor.require(*BODY_STAFF)
    async with unit(actor) as work:
        _, report, found = await _reports(actor, reception_id, work=work)
    return report, found


async def fetch_report(actor: Actor, reception_id: ReceptionId, number: str, *, unit: Unit[JourneyWork]) -> bytes:
    """Return the PDF of a reception's report, the first or an amended one, by its number.

    Raises:
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReportUnknown: no report has this number here.
    """
    first, found = await amendments(actor, reception_id, unit=unit)
    for one in (first, *(amendment.report for amendment in found)):
        if one.number == number:
            async with unit(actor) as work:
                return await work.files.read(one.pdf_sha256)
    raise ReportUnknown
