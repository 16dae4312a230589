"""The audit log as auditors read it: searched, paged, exported."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from litestar import get
from litestar.response import Template

from app.http.audit import PAGE_LENGTH, searched
from app.http.identity import GivenActor, GivenPorts
from app.pages.frame import FormMalformed, GivenPage, PageRequest, field_name
from app.ports import Ports
from domain.journeys import audit
from domain.shared.actor import Actor
from domain.shared.audit import AuditEntry, AuditSearch, Decision
from domain.shared.errors import DomainError
from domain.shared.identifiers import PersonId, TenantId

_FIELDS = ("who", "action", "object", "organisation", "source", "decision", "from", "until")
_INT4_DIGITS = 9


def _wanted(form: dict[str, str], language: str) -> tuple[AuditSearch, UUID | None]:
    """Read what is looked for out of an address: instants as a browser sends them are Seoul's."""
    name = "who"
    try:
        who = UUID(form["who"]) if "who" in form else None
        name = "object"
        object_id = UUID(form["object"]) if "object" in form else None
        name = "after"
        after = UUID(form["after"]) if "after" in form else None
        name = "from"
        from_at = datetime.fromisoformat(form["from"]) if "from" in form else None
        name = "until"
        until_at = datetime.fromisoformat(form["until"]) if "until" in form else None
        name = "decision"
        decision = Decision(form["decision"]).value if "decision" in form else None
        name = "organisation"
        organisation = _number(form["organisation"]) if "organisation" in form else None
    except ValueError as error:
        raise FormMalformed(field=field_name(name, language)) from error
    wanted = searched(
        who=who,
        action=form.get("action"),
        object_id=object_id,
        decision=decision,
        from_at=from_at,
        until_at=until_at,
        organisation=organisation,
        source=form.get("source"),
    )
    return wanted, after


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > _INT4_DIGITS:
        raise ValueError(text)
    return int(text)


async def _names(found: tuple[AuditEntry, ...], actor: Actor, ports: Ports) -> dict[str, object]:
    """Return the present names of the people and organisations in sight: entries themselves hold numbers only."""
    people = {one.actor_id for one in found if one.actor_id is not None}
    parties = {number for one in found for number in (one.tenant_id, one.for_tenant) if number}
    async with ports.unit(actor) as work:
        return {
            "people": await work.members.names(tuple(map(PersonId, people))),
            "parties": await work.members.party_names(tuple(map(TenantId, parties))),
        }


@get("/audit")
async def show_audit(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Search the log and show a page of it."""
    asked = {
        key: value.strip()[:200]
        for key, value in request.query_params.items()
        if key in (*_FIELDS, "after") and value.strip() and value.isprintable()
    }
    kept = {key: value for key, value in asked.items() if key != "after"}
    context: dict[str, object] = {
        "decisions": tuple(Decision),
        "query": urlencode(kept),
        "entries": (),
        "more": None,
        "people": {},
        "parties": {},
    }
    try:
        wanted, after = _wanted(asked, page.language)
    except DomainError as error:
        return page.again("audit.html", error, kept, **context)
    found = await audit.search(actor, wanted, after=after, limit=PAGE_LENGTH + 1, unit=ports.unit)
    context |= {
        "entries": found[:PAGE_LENGTH],
        "more": found[PAGE_LENGTH - 1].entry_id if len(found) > PAGE_LENGTH else None,
        "entered": kept,
        **await _names(found, actor, ports),
    }
    return page.show("audit.html", **context)


AUDIT = (show_audit,)
