"""A certificate's own page for its body's staff: how it stands, its whole story, and how it is suspended or ended."""

from typing import Literal
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.http.identity import GivenActor, GivenPorts
from app.http.receptions import ReinstateIn
from app.pages.confirming import prove_by_form
from app.pages.frame import GivenPage, Page, PageRequest, read_as, read_form
from app.pages.packs import tells_of
from app.ports import Ports
from domain.journeys import public_passport, validity
from domain.shared.actor import Actor, Role
from domain.shared.errors import DomainError, NotFound
from domain.shared.identifiers import CertificateId

Step = Literal["suspension", "reinstatement", "revocation"]


@get("/ktr/certificates/{certificate_id:uuid}")
async def show_certificate(
    certificate_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template:
    """Show a certificate with its whole story."""
    return await _certificate(page, ports, actor, CertificateId(certificate_id))


async def _certificate(
    page: Page,
    ports: Ports,
    actor: Actor,
    certificate_id: CertificateId,
    *,
    error: DomainError | None = None,
    form: dict[str, str] | None = None,
) -> Template:
    found = await validity.open_certificate(actor, certificate_id, unit=ports.unit)
    standing = public_passport.standing_of(found.certificate, at=ports.clock.now())
    may_end = actor.role is Role.APPROVER
    steps: list[Step] = []
    if standing is public_passport.Standing.VALID and may_end:
        steps = ["suspension", "revocation"]
    elif standing is public_passport.Standing.SUSPENDED:
        if found.may_reinstate and actor.role in (Role.APPROVER, Role.REVIEWER):
            steps.append("reinstatement")
        if may_end:
            steps.append("revocation")
    context: dict[str, object] = {
        "found": found,
        "standing": standing,
        "steps": steps,
        "own_suspension": standing is public_passport.Standing.SUSPENDED and not found.may_reinstate,
        "story": [(one, tells_of(one, page.language)) for one in found.story],
    }
    if error is None:
        return page.show("ktr_certificate.html", **context)
    return page.again("ktr_certificate.html", error, form or {}, **context)


@post("/ktr/certificates/{certificate_id:uuid}/suspension", status_code=303)
async def suspend(
    request: PageRequest, certificate_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Suspend a certificate with a reason; it asks for the password again."""
    return await _changed(request, CertificateId(certificate_id), "suspension", ports, actor, page)


@post("/ktr/certificates/{certificate_id:uuid}/reinstatement", status_code=303)
async def reinstate(
    request: PageRequest, certificate_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Lift a suspension with a reason; it asks for the password again."""
    return await _changed(request, CertificateId(certificate_id), "reinstatement", ports, actor, page)


@post("/ktr/certificates/{certificate_id:uuid}/revocation", status_code=303)
async def revoke(
    request: PageRequest, certificate_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Revoke a certificate for ever, with a reason; it asks for the password again."""
    return await _changed(request, CertificateId(certificate_id), "revocation", ports, actor, page)


async def _changed(
    request: PageRequest, certificate_id: CertificateId, step: Step, ports: Ports, actor: Actor, page: Page
) -> Template | Redirect:
    form = await read_form(request)
    try:
        wish = read_as(form, ReinstateIn, page.language)
        actor = await prove_by_form(request, ports, actor, form, signing=True, language=page.language)
        if step == "reinstatement":
            await validity.reinstate_certificate(
                validity.ReinstateCertificate(actor=actor, certificate_id=certificate_id, reason=wish.reason),
                unit=ports.unit,
                ids=ports.ids,
                clock=ports.clock,
            )
        else:
            await validity.end_certificate(
                validity.EndCertificate(
                    actor=actor,
                    certificate_id=certificate_id,
                    how="suspended" if step == "suspension" else "revoked",
                    reason=wish.reason,
                ),
                unit=ports.unit,
                ids=ports.ids,
                clock=ports.clock,
            )
    except NotFound:
        raise
    except DomainError as error:
        return await _certificate(page, ports, actor, certificate_id, error=error, form=form)
    return Redirect(f"/ktr/certificates/{certificate_id}", status_code=303)


CERTIFICATES = (show_certificate, suspend, reinstate, revoke)
