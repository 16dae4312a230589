"""KTR's room for its protocol: versions, what each changes, the text with its fault beside the line."""

from datetime import date

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.http.identity import GivenActor, GivenPorts
from app.http.protocols import TEXT_LENGTH_MAX
from app.pages.frame import FormMalformed, GivenPage, Page, PageRequest, field_name, read_form
from app.ports import Ports
from domain.certification.errors import ProtocolMalformed, RuleUntranslated
from domain.certification.protocol_versions import VersionState
from domain.journeys import protocols
from domain.shared.actor import Actor
from domain.shared.errors import DomainError
from domain.shared.time import seoul_day

AROUND = 3
"""Lines shown before and after the one that is wrong."""


@get("/ktr/protocols")
async def versions(ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show the versions, and the newest text to start a draft from."""
    return await _versions(page, ports, actor)


async def _versions(
    page: Page,
    ports: Ports,
    actor: Actor,
    *,
    error: DomainError | None = None,
    form: dict[str, str] | None = None,
    read: object = None,
) -> Template:
    listed = await protocols.list_versions(actor, unit=ports.unit, clock=ports.clock)
    context: dict[str, object] = {
        "listed": listed,
        "may_draft": actor.role in protocols.DRAFTERS,
        "newest": listed[0].version.text,
        "read": read,
        "excerpt": _excerpt(error, (form or {}).get("text", "")),
    }
    if error is None and form is None:
        return page.show("ktr_protocols.html", **context)
    if error is None:
        return page.show("ktr_protocols.html", **context, entered=form)
    return page.again("ktr_protocols.html", error, form or {}, **context)


def _excerpt(error: DomainError | None, text: str) -> tuple[tuple[int, str, bool], ...]:
    """Return the lines around the one that an error names: number, text, and whether it is the one."""
    line = error.facts.get("line") if isinstance(error, ProtocolMalformed | RuleUntranslated) else None
    if not isinstance(line, int):
        return ()
    return tuple(
        (number, said, number == line)
        for number, said in enumerate(text.splitlines(), start=1)
        if abs(number - line) <= AROUND
    )


@post("/ktr/protocols", status_code=303)
async def submit(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template | Redirect:
    """Read a text, or keep it as a draft."""
    form = await read_form(request)
    text = form.get("text", "").replace("\r\n", "\n")
    form["text"] = text
    try:
        if not text or len(text) > TEXT_LENGTH_MAX:
            raise FormMalformed(field=field_name("protocol_text", page.language))
        if form.get("how") == "check":
            read = await protocols.check(actor, text, unit=ports.unit)
            shown = await _versions(page, ports, actor, form=form, read=read)
            shown.status_code = 200
            return shown
        if not form.get("note"):
            raise FormMalformed(field=field_name("protocol_note", page.language))
        drafted = await protocols.submit(
            protocols.SubmitProtocol(actor=actor, text=text, note=form["note"][:1000]),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _versions(page, ports, actor, error=error, form=form)
    return Redirect(f"/ktr/protocols/{drafted.sequence}", status_code=303)


@get("/ktr/protocols/{sequence:int}")
async def show(sequence: FromPath[int], ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show a version and what it changes against the one before it."""
    return await _version(page, ports, actor, sequence)


async def _version(
    page: Page, ports: Ports, actor: Actor, sequence: int, *, error: DomainError | None = None
) -> Template:
    opened = await protocols.open_version(actor, sequence, unit=ports.unit, clock=ports.clock)
    one, state = opened.listed.version, opened.listed.state
    decides = actor.role in protocols.APPROVERS
    context: dict[str, object] = {
        "opened": opened,
        "one": one,
        "state": state.value,
        "may_approve": decides and state is VersionState.DRAFT and one.drafted_by != actor.person_id,
        "own_draft": decides and state is VersionState.DRAFT and one.drafted_by == actor.person_id,
        "may_retire": decides and not one.is_shipped and state is not VersionState.RETIRED,
        "today": seoul_day(ports.clock.now()),
    }
    if error is None:
        return page.show("ktr_protocol.html", **context)
    return page.again("ktr_protocol.html", error, {}, **context)


@post("/ktr/protocols/{sequence:int}/approval", status_code=303)
async def approve(
    request: PageRequest, sequence: FromPath[int], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Let a draft come into force from a day on."""
    form = await read_form(request)
    actor.require_confirmed(ports.clock.now())
    try:
        try:
            in_force_on = date.fromisoformat(form.get("in_force_on", ""))
        except ValueError as error:
            raise FormMalformed(field=field_name("in_force_on", page.language)) from error
        await protocols.approve(
            protocols.ApproveProtocol(actor=actor, sequence=sequence, in_force_on=in_force_on),
            unit=ports.unit,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _version(page, ports, actor, sequence, error=error)
    return Redirect(f"/ktr/protocols/{sequence}", status_code=303)


@post("/ktr/protocols/{sequence:int}/retirement", status_code=303)
async def retire(
    request: PageRequest, sequence: FromPath[int], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Let nothing be received under a version from tomorrow on."""
    form = await read_form(request)
    actor.require_confirmed(ports.clock.now())
    try:
        await protocols.retire(
            protocols.RetireProtocol(actor=actor, sequence=sequence, reason=form.get("reason", "-")[:1000]),
            unit=ports.unit,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _version(page, ports, actor, sequence, error=error)
    return Redirect(f"/ktr/protocols/{sequence}", status_code=303)


PROTOCOLS = (versions, submit, show, approve, retire)
