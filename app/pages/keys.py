"""Keys for machines on one page: made and shown once, replaced, revoked."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from app.http.identity import GivenActor, GivenPorts
from app.http.keys import KeyIn, RotationIn
from app.http.schemas import INT4_MAX
from app.pages.frame import FormMalformed, GivenPage, PageRequest, expected_by, field_name, read_as, read_form
from app.ports import Ports
from domain.identity import keys, members
from domain.identity.keyring import MACHINE_ROLES
from domain.identity.membership import MANAGERS
from domain.journeys import machine_keys
from domain.metering import usecases as metering
from domain.metering.model import Site
from domain.shared.actor import Actor, Role
from domain.shared.errors import DomainError
from domain.shared.identifiers import TenantId

PAGE_LENGTH = 50
ORGANISATIONS_SHOWN = 200


async def _keys(
    ports: Ports, actor: Actor, tenant: int | None, *, after: UUID | None = None, text: str | None = None
) -> dict[str, object]:
    found = await members.list_organisations(actor, after=None, limit=ORGANISATIONS_SHOWN, unit=ports.unit)
    parties = {int(one.tenant_id): one for one in found}
    chosen = parties.get(tenant or actor.tenant_id) if actor.is_tenant or tenant else None
    whose = None if chosen is None else chosen.tenant_id
    listed = await keys.list_keys(actor, tenant_id=whose, after=after, limit=PAGE_LENGTH + 1, unit=ports.unit)
    sites: tuple[Site, ...] = ()
    if chosen is not None and chosen.kind.value == "tenant":
        async with ports.unit(actor) as work:
            sites = await metering.list_sites(actor, tenant_id=chosen.tenant_id, work=work)
    return {
        "parties": parties,
        "chosen": chosen,
        "sites": sites,
        "keys": [(one, one.standing(ports.clock.now()).value) for one in listed[:PAGE_LENGTH]],
        "more": listed[PAGE_LENGTH - 1].key_id if len(listed) > PAGE_LENGTH else None,
        "roles": () if chosen is None else MACHINE_ROLES[chosen.kind],
        "may_manage": actor.role in MANAGERS and actor.key_id is None,
        "text": text,
    }


@get("/keys")
async def list_keys(
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
    tenant: Annotated[int | None, QueryParameter(ge=1, le=INT4_MAX)] = None,
    after: Annotated[UUID | None, QueryParameter()] = None,
) -> Template:
    """List keys, and offer to make one."""
    return page.show("keys.html", **await _keys(ports, actor, tenant, after=after))


def _key_in(form: Mapping[str, str], language: str) -> KeyIn:
    wish: dict[str, object] = dict(form)
    wish.pop("sites", None)
    wish.pop("channels", None)
    if "site" in form:
        wish["sites"] = [form["site"]]
    if "channel_numbers" in form:
        numbers = form["channel_numbers"].replace(",", " ").split()
        if not all(number.isdecimal() for number in numbers):
            raise FormMalformed(field=field_name("channel_numbers", language))
        wish["channels"] = [int(number) for number in numbers]
    return read_as(wish, KeyIn, language)


@post("/keys", status_code=200)
async def make_key(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Make a key and show its text, this once."""
    form = await read_form(request)
    tenant = int(form["tenant_id"]) if form.get("tenant_id", "").isdecimal() else None
    try:
        wish = _key_in(form, page.language)
        made = await machine_keys.make_key(
            keys.MakeKey(
                actor=actor,
                tenant_id=TenantId(wish.tenant_id or actor.tenant_id),
                name=wish.name,
                role=Role(wish.role),
                sites=None if wish.sites is None else tuple(wish.sites),
                channels=None if wish.channels is None else tuple(wish.channels),
                days=wish.days,
            ),
            unit=ports.unit,
            tokens=ports.tokens,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return page.again("keys.html", error, form, **await _keys(ports, actor, tenant))
    return page.show("keys.html", **await _keys(ports, actor, made.key.tenant_id, text=made.text))


@post("/keys/{key_id:uuid}/rotation", status_code=200)
async def rotate_key(
    request: PageRequest, key_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template:
    """Replace a key and show the new one's text, this once."""
    form = await read_form(request)
    try:
        wish = read_as({key: int(text) if text.isdecimal() else text for key, text in form.items()}, RotationIn, "ko")
        made = await keys.rotate_key(
            keys.RotateKey(
                actor=actor,
                key_id=key_id,
                overlap_hours=wish.overlap_hours,
                days=wish.days,
                expected=expected_by(form),
            ),
            unit=ports.unit,
            tokens=ports.tokens,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return page.again("keys.html", error, form, **await _keys(ports, actor, None))
    return page.show("keys.html", **await _keys(ports, actor, made.key.tenant_id, text=made.text))


@post("/keys/{key_id:uuid}/revocation", status_code=303)
async def revoke_key(request: PageRequest, key_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> Redirect:
    """End a key at once."""
    expected = expected_by(await read_form(request))
    revoked = await keys.revoke_key(actor, key_id, unit=ports.unit, clock=ports.clock, expected=expected)
    return Redirect("/keys" if actor.is_tenant else f"/keys?tenant={revoked.tenant_id}", status_code=303)


KEYS = (list_keys, make_key, rotate_key, revoke_key)
