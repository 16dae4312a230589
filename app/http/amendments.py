"""Amended reports over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.receptions import PDF
from app.http.schemas import TEXT_PATTERN, In, Out
from domain.certification.amending import TEXT_LENGTH_MAX, Amendment, Corrections, Proposal
from domain.journeys import amendment
from domain.shared.identifiers import ReceptionId

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH_MAX, pattern=TEXT_PATTERN)]


class AmendmentIn(In):
    """What an amended report sets right, and why. Results are not amended: they are tested again."""

    reason: Words
    applicant: Words | None = None
    contact: Words | None = None
    condition: Words | None = None
    place: Words | None = None
    ambient: Words | None = None
    sampling: Words | None = None
    deviations: Words | None = None
    external: Words | None = None
    results_affected: bool = False


class AmendmentApprovalIn(In):
    """Which proposal is approved: the one that was seen."""

    draft_id: UUID


class ProposalOut(Out):
    """What is proposed for the report that stands; it is issued once another person approves it."""

    draft_id: UUID
    amends: str
    reason: str
    results_affected: bool
    proposed_by: str
    proposed_at: datetime


class AmendmentOut(Out):
    """An amended report; `amends` is the number of the report that it replaces."""

    number: str
    amends: str
    reason: str
    results_affected: bool
    amended_by: str
    approved_by: str | None
    issued_at: datetime
    pdf_sha256: str


def amendment_out(one: Amendment) -> AmendmentOut:
    """Say an amendment in the API's words."""
    return AmendmentOut(
        number=one.report.number,
        amends=one.amends,
        reason=one.reason,
        results_affected=one.results_affected,
        amended_by=one.amended_by_name,
        approved_by=one.approved_by_name,
        issued_at=one.report.issued_at,
        pdf_sha256=one.report.pdf_sha256,
    )


def corrections_of(given: AmendmentIn) -> Corrections:
    """Say what is set right in certification's words."""
    return Corrections(
        applicant=given.applicant,
        contact=given.contact,
        condition=given.condition,
        place=given.place,
        ambient=given.ambient,
        sampling=given.sampling,
        deviations=given.deviations,
        external=given.external,
    )


def proposal_out(one: Proposal) -> ProposalOut:
    """Say a proposal in the API's words."""
    return ProposalOut(
        draft_id=one.draft_id,
        amends=one.amends,
        reason=one.reason,
        results_affected=one.results_affected,
        proposed_by=one.proposed_by_name,
        proposed_at=one.proposed_at,
    )


class AmendmentsController(Controller):
    """Amended reports of a reception."""

    path = "/api/v1/receptions/{reception_id:uuid}/amendments"
    tags = ("certification",)

    @post("/", operation_id="ProposeAmendment", summary="Propose an amended report (수정안)", responses=PROBLEMS)
    async def propose(
        self, reception_id: FromPath[UUID], data: JSONBody[AmendmentIn], ports: GivenPorts, actor: GivenActor
    ) -> ProposalOut:
        """Propose what is set right in the report that stands; a newer proposal takes the place of an older one."""
        made = await amendment.propose_amendment(
            amendment.ProposeAmendment(
                actor=actor,
                reception_id=ReceptionId(reception_id),
                reason=data.reason,
                corrections=corrections_of(data),
                results_affected=data.results_affected,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return proposal_out(made)

    @post(
        "/approval",
        operation_id="ApproveAmendment",
        summary="Approve and issue an amended report (수정 성적서)",
        responses=PROBLEMS,
    )
    async def approve(
        self, reception_id: FromPath[UUID], data: JSONBody[AmendmentApprovalIn], ports: GivenPorts, actor: GivenActor
    ) -> AmendmentOut:
        """Replace the report by the proposed one, as a second person; both are kept (ISO/IEC 17025, 7.8.8)."""
        made = await amendment.approve_amendment(
            amendment.ApproveAmendment(actor=actor, reception_id=ReceptionId(reception_id), draft_id=data.draft_id),
            unit=ports.unit,
            documents=ports.documents,
            seals=ports.seals,
            credentials=ports.credentials,
            public_url=ports.public_url,
            ids=ports.ids,
            clock=ports.clock,
        )
        return amendment_out(made)

    @get("/proposal", operation_id="ShowProposal", summary="Show the proposed amendment", responses=PROBLEMS)
    async def show_proposal(
        self, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor
    ) -> ProposalOut | None:
        """Return what is proposed for the report that stands; null where nothing is."""
        _, _, proposal = await amendment.amendments(actor, ReceptionId(reception_id), unit=ports.unit)
        return None if proposal is None else proposal_out(proposal)

    @get("/", operation_id="ListAmendments", summary="List amended reports", responses=PROBLEMS)
    async def list_amendments(
        self, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor
    ) -> list[AmendmentOut]:
        """List the amended reports of a reception, oldest first."""
        _, found, _ = await amendment.amendments(actor, ReceptionId(reception_id), unit=ports.unit)
        return [amendment_out(one) for one in found]

    @get(
        "/{report_number:str}/pdf",
        operation_id="FetchAmendment",
        summary="Fetch a report by its number as PDF",
        responses={**PDF, **PROBLEMS},
    )
    async def fetch(
        self,
        reception_id: FromPath[UUID],
        report_number: Annotated[FromPath[str], msgspec.Meta(max_length=40)],
        ports: GivenPorts,
        actor: GivenActor,
    ) -> Response[bytes]:
        """Return a report, the first or an amended one, the same bytes for ever."""
        content = await amendment.fetch_report(actor, ReceptionId(reception_id), report_number, unit=ports.unit)
        return Response(
            content,
            media_type="application/pdf",
            headers={"Content-Disposition": 'inline; filename="amended-report.pdf"'},
        )
