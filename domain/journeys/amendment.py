"""An issued report is amended by a new document; where its results fall, so does the certificate that rests on them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.certification.amending import (
    Amendment,
    Corrections,
    Proposal,
    amended_content,
    corrected,
    last_issued,
    pending,
    require_second_person,
)
from domain.certification.errors import AmendmentNotProposed, OwnWork, ReceptionUnknown, ReportUnknown
from domain.certification.model import CertificateStatus, IssuedDocument, IssuedKind, Reception, Report
from domain.certification.ports import Credentials
from domain.certification.printing import report_record
from domain.certification.spelling import assessment_text
from domain.certification.usecases import closing
from domain.journeys import inspection, validity
from domain.journeys.ports import JourneyWork
from domain.passport.model import EntryKind
from domain.shared.actor import BODY_STAFF, Actor, Role, on_behalf_of
from domain.shared.canonical import Canonical, canonical_text, sha256
from domain.shared.documents import DocumentKind, Documents, Seals
from domain.shared.identifiers import Ids, ReceptionId, ReportId
from domain.shared.time import Clock, seoul_day
from domain.shared.unit import Unit

_SEALED = "수정 성적서 발급 · amended report issued"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeAmendment:
    """A wish to have a reception's report replaced by one that is set right.

    `results_affected` says that the results may no longer be relied on: the certificate on them is superseded.
    """

    actor: Actor
    reception_id: ReceptionId
    reason: str
    corrections: Corrections
    results_affected: bool = False


async def propose_amendment(wish: ProposeAmendment, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Proposal:
    """Propose what is set right in the report that stands; a newer proposal takes the place of an older one.

    Raises:
        RoleNotEnough: the actor is neither tester, reviewer nor approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReportUnknown: no report was issued for it yet.
        NothingAmended: nothing would differ.
        ReportIncomplete: a correction empties what the report said.
    """
    wish.actor.require(Role.TESTER, Role.REVIEWER, Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    async with unit(wish.actor) as work:
        reception, first, before = await _reports(wish.actor, wish.reception_id, work=work)
        standing = last_issued(first, before)
        corrected(json.loads(standing.content), wish.corrections, results_affected=wish.results_affected)
        proposal = Proposal(
            draft_id=ids.new(),
            pack_id=reception.pack_id,
            reception_id=reception.reception_id,
            tenant_id=reception.tenant_id,
            amends=standing.number,
            reason=wish.reason,
            corrections=wish.corrections,
            results_affected=wish.results_affected,
            proposed_by=wish.actor.person_id,
            proposed_by_name=wish.actor.name,
            proposed_at=clock.now(),
        )
        await work.amendments.propose(proposal)
        await work.commit()
    return proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveAmendment:
    """A wish to approve the proposal that its sender saw, and to issue the amended report."""

    actor: Actor
    reception_id: ReceptionId
    draft_id: UUID


async def approve_amendment(
    wish: ApproveAmendment,
    *,
    unit: Unit[JourneyWork],
    documents: Documents,
    seals: Seals,
    credentials: Credentials,
    public_url: str,
    ids: Ids,
    clock: Clock,
) -> Amendment:
    """Issue an amended report in the place of the last one, as a second person; both are kept.

    Raises:
        RoleNotEnough: the actor is no approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReportUnknown: no report was issued for it yet.
        AmendmentNotProposed: nobody proposed this, or a newer proposal or report took its place.
        OwnAmendment: the actor proposed it.
        OwnWork: the actor received the pack, entered a result or judged it.
        AlreadyAmended: somebody else amended it meanwhile.
    """
    wish.actor.require(Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    proposal = await _proposed(wish, unit=unit)
    # Ending a certificate stops a tenant's service, which lies beyond the inspection body's own reach.
    async with unit(on_behalf_of(wish.actor) if proposal.results_affected else wish.actor) as work:
        reception, first, before = await _reports(wish.actor, wish.reception_id, work=work)
        await _refuse_own_work(wish.actor, reception, work=work)
        replaced = last_issued(first, before)
        if pending(await work.amendments.proposals(reception), standing=replaced.number) != proposal:
            raise AmendmentNotProposed
        now = clock.now()
        year, today = seoul_day(now).year, seoul_day(now)
        count = await work.numbers.next(tenant_id=reception.tenant_id, series="test_report", year=year)
        number, report_id = f"TR-{year}-{count:06d}", ReportId(ids.new())
        content = amended_content(
            json.loads(replaced.content),
            proposal,
            number=number,
            issued_on=today,
            approved_by_name=wish.actor.name,
            approved_at=now,
        )
        record = canonical_text(
            await credentials.sign(
                report_record(
                    issuer=credentials.issuer,
                    report_id=report_id,
                    number=number,
                    content=canonical_text(content),
                    amends=replaced.number,
                    laboratory_en=_word(content, "laboratory", "name_en"),
                    product_uri=_word(content, "pack", "product_uri"),
                    assessment_sha256=sha256(assessment_text(await work.assessments.latest(reception))).hex(),
                    history=await inspection.history_place(reception.pack_id, work=work),
                    issued_at=now,
                    base_url=public_url,
                ),
                at=now,
            )
        )
        pdf = await seals.seal(
            await documents.typeset(DocumentKind.TEST_REPORT, content, dated_on=today, proof=record), reason=_SEALED
        )
        amendment = Amendment(
            report=Report(
                report_id=report_id,
                number=number,
                pack_id=reception.pack_id,
                tenant_id=reception.tenant_id,
                reception_id=reception.reception_id,
                assessment_id=first.assessment_id,
                content=canonical_text(content),
                pdf_sha256=await work.files.keep(pdf, media_type="application/pdf", owner=reception.tenant_id),
                issued_at=now,
                record=record,
            ),
            amends=replaced.number,
            reason=proposal.reason,
            results_affected=proposal.results_affected,
            amended_by=proposal.proposed_by,
            amended_by_name=proposal.proposed_by_name,
            draft_id=proposal.draft_id,
            approved_by=wish.actor.person_id,
            approved_by_name=wish.actor.name,
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
            wish.actor,
            reception,
            reason=f"{replaced.number} → {number}: {proposal.reason}"[:500],
            work=work,
            clock=clock,
        )
        await inspection.record_step(
            reception,
            EntryKind.REPORT_AMENDED,
            {
                "reception": reception.number,
                "report": number,
                "amends": replaced.number,
                "reason": proposal.reason,
                "results_affected": proposal.results_affected,
                "amended_by": proposal.proposed_by_name,
                "report_pdf_sha256": amendment.report.pdf_sha256,
                "report_content_sha256": sha256(amendment.report.content).hex(),
                "report_record_sha256": sha256(record).hex(),
            },
            actor=wish.actor,
            work=work,
            ids=ids,
            clock=clock,
        )
        if proposal.results_affected:
            await _end_certificate(wish.actor, reception, amendment, work=work, ids=ids, clock=clock)
        await work.commit()
    return amendment


async def _proposed(wish: ApproveAmendment, *, unit: Unit[JourneyWork]) -> Proposal:
    """Return what is to be approved.

    Raises:
        AmendmentNotProposed: nobody proposed this, or a newer proposal or report took its place.
        OwnAmendment: the actor proposed it.
    """
    _, _, proposal = await amendments(wish.actor, wish.reception_id, unit=unit)
    if proposal is None or proposal.draft_id != wish.draft_id:
        raise AmendmentNotProposed
    require_second_person(proposal, wish.actor.person_id)
    return proposal


def _word(content: Mapping[str, Canonical], *path: str) -> str:
    value: Canonical = content
    for key in path:
        value = value[key] if isinstance(value, Mapping) else None
    return str(value)


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
) -> tuple[Report, tuple[Amendment, ...], Proposal | None]:
    """Return a reception's first report, its amendments, oldest first, and what is proposed for the one that stands.

    Raises:
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReportUnknown: no report was issued for it yet.
    """
    actor.require(*BODY_STAFF)
    async with unit(actor) as work:
        reception, report, found = await _reports(actor, reception_id, work=work)
        proposals = await work.amendments.proposals(reception)
    return report, found, pending(proposals, standing=last_issued(report, found).number)


async def fetch_report(actor: Actor, reception_id: ReceptionId, number: str, *, unit: Unit[JourneyWork]) -> bytes:
    """Return the PDF of a reception's report, the first or an amended one, by its number.

    Raises:
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReportUnknown: no report has this number here.
    """
    first, found, _ = await amendments(actor, reception_id, unit=unit)
    for one in (first, *(amendment.report for amendment in found)):
        if one.number == number:
            async with unit(actor) as work:
                return await work.files.read(one.pdf_sha256)
    raise ReportUnknown
