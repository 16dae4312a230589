"""The page where an approver amends an issued report."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.http.amendments import AmendmentIn, corrections_of
from app.http.identity import GivenActor, GivenPorts
from app.pages.frame import GivenPage, PageRequest, read_as, read_form
from domain.journeys import amendment
from domain.shared.actor import Role
from domain.shared.errors import DomainError, NotFound
from domain.shared.identifiers import ReceptionId


@get("/ktr/receptions/{reception_id:uuid}/amendments")
async def show_amendments(
    reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template:
    """Show a reception's reports in order, and the form for the next one."""
    report, found = await amendment.amendments(actor, ReceptionId(reception_id), unit=ports.unit)
    return page.show("ktr_amend.html", report=report, found=found, may_amend=actor.role is Role.APPROVER)


@post("/ktr/receptions/{reception_id:uuid}/amendments", status_code=303)
async def amend_report(
    request: PageRequest, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Issue an amended report."""
    form = await read_form(request)
    try:
        wish = read_as(form, AmendmentIn, page.language)
        await amendment.amend_report(
            amendment.AmendReport(
                actor=actor,
                reception_id=ReceptionId(reception_id),
                reason=wish.reason,
                corrections=corrections_of(wish),
                results_affected=wish.results_affected,
            ),
            unit=ports.unit,
            documents=ports.documents,
            seals=ports.seals,
            ids=ports.ids,
            clock=ports.clock,
        )
    except NotFound:
        raise
    except DomainError as error:
        report, found = await amendment.amendments(actor, ReceptionId(reception_id), unit=ports.unit)
        return page.again("ktr_amend.html", error, form, report=report, found=found, may_amend=True)
    return Redirect(f"/ktr/receptions/{reception_id}/amendments", status_code=303)


AMENDMENTS = (show_amendments, amend_report)
