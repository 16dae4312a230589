"""The page where an issued report is set right: one person proposes it, an approver approves."""

import json
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.http.amendments import AmendmentApprovalIn, AmendmentIn, corrections_of
from app.http.identity import GivenActor, GivenPorts
from app.pages.confirming import prove_by_form
from app.pages.frame import GivenPage, Page, PageRequest, read_as, read_form
from app.ports import Ports
from domain.certification.amending import Change, corrected, last_issued
from domain.journeys import amendment
from domain.shared.actor import Actor, Role
from domain.shared.errors import DomainError, NotFound
from domain.shared.identifiers import ReceptionId

_PROPOSERS = (Role.TESTER, Role.REVIEWER, Role.APPROVER)


async def _page(
    page: Page,
    ports: Ports,
    actor: Actor,
    reception_id: UUID,
    *,
    error: DomainError | None = None,
    form: dict[str, str] | None = None,
) -> Template:
    report, found, proposal = await amendment.amendments(actor, ReceptionId(reception_id), unit=ports.unit)
    changes: tuple[Change, ...] = ()
    if proposal is not None:
        standing = json.loads(last_issued(report, found).content)
        _, changes = corrected(standing, proposal.corrections, results_affected=proposal.results_affected)
    context = {
        "report": report,
        "found": found,
        "proposal": proposal,
        "changes": changes,
        "may_propose": actor.role in _PROPOSERS,
        "may_approve": proposal is not None and actor.role is Role.APPROVER and proposal.proposed_by != actor.person_id,
    }
    if error is None:
        return page.show("ktr_amend.html", **context)
    return page.again("ktr_amend.html", error, form or {}, **context)


@get("/ktr/receptions/{reception_id:uuid}/amendments")
async def show_amendments(
    reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template:
    """Show a reception's reports in order, what is proposed, and the form for the next proposal."""
    return await _page(page, ports, actor, reception_id)


@post("/ktr/receptions/{reception_id:uuid}/amendments", status_code=303)
async def propose_amendment(
    request: PageRequest, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Propose what is set right; a signature of its author, so it asks for the password again."""
    form = await read_form(request)
    try:
        actor = await prove_by_form(request, ports, actor, form, signing=True, language=page.language)
        wish = read_as(form, AmendmentIn, page.language)
        await amendment.propose_amendment(
            amendment.ProposeAmendment(
                actor=actor,
                reception_id=ReceptionId(reception_id),
                reason=wish.reason,
                corrections=corrections_of(wish),
                results_affected=wish.results_affected,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except NotFound:
        raise
    except DomainError as error:
        return await _page(page, ports, actor, reception_id, error=error, form=form)
    return Redirect(f"/ktr/receptions/{reception_id}/amendments", status_code=303)


@post("/ktr/receptions/{reception_id:uuid}/amendments/approval", status_code=303)
async def approve_amendment(
    request: PageRequest, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Approve what another proposed, and issue the amended report."""
    form = await read_form(request)
    try:
        actor = await prove_by_form(request, ports, actor, form, signing=True, language=page.language)
        wish = read_as(form, AmendmentApprovalIn, page.language)
        await amendment.approve_amendment(
            amendment.ApproveAmendment(actor=actor, reception_id=ReceptionId(reception_id), draft_id=wish.draft_id),
            unit=ports.unit,
            documents=ports.documents,
            seals=ports.seals,
            credentials=ports.credentials,
            public_url=ports.public_url,
            ids=ports.ids,
            clock=ports.clock,
        )
    except NotFound:
        raise
    except DomainError as error:
        return await _page(page, ports, actor, reception_id, error=error, form=form)
    return Redirect(f"/ktr/receptions/{reception_id}/amendments", status_code=303)


AMENDMENTS = (show_amendments, propose_amendment, approve_amendment)
