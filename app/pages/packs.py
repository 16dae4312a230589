"""A pack's life: the list, the timeline, and what an operator does to a pack."""

import asyncio
import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from app.http.identity import GivenActor, GivenPorts
from app.http.packs import FactIn, GrantEndIn, GrantIn, LabelIn, PackIn, RepurposeIn, WithdrawIn
from app.pages.alarms import pack_card
from app.pages.frame import GivenPage, Page, PageRequest, expected_by, read_as, read_form
from app.pages.messages import say
from app.pages.public import attribute_groups, attribute_text, local_address
from app.ports import Ports
from domain.certification.errors import ForecastImpossible
from domain.certification.forecasting import Forecast
from domain.identity.model import PartyKind
from domain.journeys import grants, pack_health, pack_life, public_passport, second_life, trace, withdrawal
from domain.passport import usecases as passport
from domain.passport.attributes import BY_KEY
from domain.passport.life import may_follow
from domain.passport.model import Entry, EntryKind, PackState, PassportState
from domain.shared.actor import BODY_STAFF, COMPLEX_STAFF, Actor, Role
from domain.shared.canonical import Canonical
from domain.shared.errors import DomainError
from domain.shared.identifiers import PackId, TenantId
from domain.shared.time import day_start, seoul_day

PAGE_LENGTH = 25

MAJOR = frozenset(
    {EntryKind.MANUFACTURED, EntryKind.RECEIVED, EntryKind.CERTIFIED, EntryKind.REPURPOSED, EntryKind.DEPLOYED}
)
"""Turning points of a life, drawn filled."""


@get("/packs")
async def list_packs(
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
    after: Annotated[UUID | None, QueryParameter()] = None,
) -> Template:
    """List packs, newest first, with where each stands."""
    packs = await trace.list_packs(
        actor, after=None if after is None else PackId(after), limit=PAGE_LENGTH + 1, unit=ports.unit, clock=ports.clock
    )
    shown = packs[:PAGE_LENGTH]
    states = await trace.states_of(shown, actor=actor, unit=ports.unit)
    return page.show(
        "packs.html",
        packs=shown,
        states=states,
        more=shown[-1].pack_id if len(packs) > PAGE_LENGTH else None,
        may_register=actor.role is Role.OPERATOR,
    )


@get("/packs/new")
async def register_form(actor: GivenActor, page: GivenPage) -> Template:
    """Ask what an owner knows of a pack."""
    actor.require(Role.OPERATOR)
    return page.show("pack_new.html")


@post("/packs/new", status_code=303)
async def register(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template | Redirect:
    """Register a pack and open its first-life passport."""
    form = await read_form(request)
    try:
        wish = read_as(form, PackIn, page.language)
        pack, _ = await pack_life.register_pack(
            passport.RegisterPack(
                actor=actor,
                holder=actor.tenant_id,
                manufactured_at=day_start(wish.manufactured_on),
                **{name: getattr(wish, name) for name in PackIn.__struct_fields__},
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return page.again("pack_new.html", error, form)
    return Redirect(f"/packs/{pack.pack_id}", status_code=303)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One entry of a history as the timeline tells it."""

    entry: Entry
    major: bool
    broken: bool
    tells: tuple[tuple[str, str], ...]


def _told(found: trace.PackTrace, language: str) -> list[Told]:
    first_broken = None if found.broken is None else found.broken.facts["sequence"]
    return [
        Told(
            entry=entry,
            major=entry.kind in MAJOR,
            broken=entry.sequence == first_broken,
            tells=tuple(tells_of(entry, language)),
        )
        for entry in found.entries
    ]


def tells_of(entry: Entry, language: str) -> list[tuple[str, str]]:
    """Return an entry's particulars as people read them; none for one that was altered beyond reading."""
    try:
        payload = json.loads(entry.payload)
    except ValueError:
        return []  # an altered entry may hold anything; its seal is told as broken elsewhere
    if not isinstance(payload, dict):
        return []
    return [
        (particular_name(str(name), language), particular_text(str(name), value, language))
        for name, value in payload.items()
        if value not in (None, "", [])
    ]


def particular_name(name: str, language: str) -> str:
    """Return what a particular of an entry is called."""
    known = BY_KEY.get(name)
    if known is not None:
        return known.name_ko if language == "ko" else known.name_en
    try:
        return say(f"particular.{name}", language)
    except KeyError:
        return name


def particular_text(name: str, value: Canonical, language: str) -> str:
    """Write a particular of an entry."""
    if isinstance(value, int) and not isinstance(value, bool):
        if name.endswith("_ppm"):
            return f"{value // 10_000}.{value % 10_000 // 100:02d} %"
        if name.endswith("_wh"):
            return f"{value:,} Wh"
        return f"{value:,}"
    if isinstance(value, str) and (name.endswith("sha256") or name.endswith(("passport", "passport_id"))):
        return value[:12]
    if name == "how" and value in list(public_passport.Standing):
        return say(f"standing.{value}", language)
    if name == "goes_on_as" and value in list(PackState):
        return say(f"state.{value}", language)
    if name == "disposition" and isinstance(value, str):
        return say(f"disposition.{value}", language)
    return attribute_text(name, value, language)


@get("/packs/{pack_id:uuid}")
async def show_pack(pack_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show a pack's whole life on one line."""
    return await _life(page, ports, actor, PackId(pack_id))


_outlook = lru_cache(maxsize=256)(pack_health.outlook)
"""A forecast is a pure function of a few checks, and takes a quarter of a second."""


async def _forecast(found: trace.PackTrace) -> Forecast | None:
    """Return a pack's outlook; None before its first certificate, or where no law is known."""
    checks = pack_health.own_checks(found.certificates, found.entries)
    if not checks:
        return None
    try:
        return await asyncio.to_thread(_outlook, found.pack.chemistry, checks)
    except ForecastImpossible:  # no published law for this chemistry: the page is about more than that
        return None


async def _life(
    page: Page,
    ports: Ports,
    actor: Actor,
    pack_id: PackId,
    *,
    error: DomainError | None = None,
    form: dict[str, str] | None = None,
) -> Template:
    found = await trace.trace_pack(pack_id, actor=actor, unit=ports.unit, clock=ports.clock)
    now = ports.clock.now()
    operator = actor.role is Role.OPERATOR
    state = found.head.state
    names = {one.passport_id: one.product_uri for one in found.passports}
    context: dict[str, object] = {
        "found": found,
        "state": state,
        "told": _told(found, page.language),
        "certificates": [(one, public_passport.standing_of(one, at=now)) for one in reversed(found.certificates)],
        "next_date": _next_date(found, seoul_day(now)),
        "forecast": await _forecast(found),
        "passports": [
            (
                one,
                one.state is PassportState.ACTIVE,
                local_address(one.product_uri, ports.public_url),
                [names.get(edge.from_passport) for edge in found.edges if edge.to_passport == one.passport_id],
                [names.get(edge.to_passport) for edge in found.edges if edge.from_passport == one.passport_id],
            )
            for one in found.passports
        ],
        "may_report": [
            kind.value for kind in EntryKind if operator and kind in pack_life.REPORTED and may_follow(state, kind)
        ],
        "may_withdraw": operator and found.pack.contract_id is not None,
        "may_repurpose": operator and state is PackState.CERTIFIED,
        "may_print": operator and may_follow(state, EntryKind.LABELLED),
        "may_fetch_labels": actor.role in (*COMPLEX_STAFF, *BODY_STAFF),
        "may_open_receptions": actor.role in BODY_STAFF,
        "may_receive": actor.role is Role.TESTER and may_follow(state, EntryKind.RECEIVED),
        "now": now,
        "own_address": ports.public_url,
        "attribute_groups": attribute_groups(found.attributes, page.language),
        **await _grants(ports, actor, pack_id),
        **await pack_card(actor, pack_id, ports=ports, language=page.language),
    }
    if error is None:
        return page.show("pack.html", **context)
    return page.again("pack.html", error, form or {}, **context)


async def _grants(ports: Ports, actor: Actor, pack_id: PackId) -> dict[str, object]:
    """Gather who was let look at a pack, for the complex's staff, and to whom an operator may open it."""
    if actor.role not in COMPLEX_STAFF:
        return {"grants": (), "grantees": (), "parties": {}, "may_grant": False}
    async with ports.unit(actor) as work:
        kinds = (PartyKind.OWNER, PartyKind.AUTHORITY, PartyKind.RECYCLER)
        grantees = [party for kind in kinds for party in await work.parties.of_kind(kind)]
    return {
        "grants": await grants.list_grants(actor, pack_id, unit=ports.unit),
        "grantees": grantees,
        "parties": {one.tenant_id: one for one in grantees},
        "may_grant": actor.role is Role.OPERATOR,
    }


@post("/packs/{pack_id:uuid}/grants", status_code=303)
async def grant_access(
    request: PageRequest, pack_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Let an owner, an authority or a recycler look at the pack for a while."""
    form = await read_form(request)
    try:
        wish = read_as(with_offset(form, "until_at"), GrantIn, page.language)
        await grants.grant_access(
            grants.GrantAccess(
                actor=actor,
                pack_id=PackId(pack_id),
                tenant_id=TenantId(wish.tenant_id),
                from_at=ports.clock.now(),
                until_at=wish.until_at,
                reason=wish.reason,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _life(page, ports, actor, PackId(pack_id), error=error, form=form)
    return Redirect(f"/packs/{pack_id}#grants", status_code=303)


@post("/packs/{pack_id:uuid}/grants/{grant_id:uuid}/revocation", status_code=303)
async def revoke_grant(
    request: PageRequest,
    pack_id: FromPath[UUID],
    grant_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """End a grant at once."""
    form = await read_form(request)
    try:
        wish = read_as(form, GrantEndIn, page.language)
        await grants.revoke_grant(
            grants.RevokeGrant(
                actor=actor,
                pack_id=PackId(pack_id),
                grant_id=grant_id,
                reason=wish.reason,
                expected=expected_by(form),
            ),
            unit=ports.unit,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _life(page, ports, actor, PackId(pack_id), error=error, form=form)
    return Redirect(f"/packs/{pack_id}#grants", status_code=303)


def _next_date(found: trace.PackTrace, today: date) -> tuple[str, date] | None:
    """Return the next day on which somebody must act on a pack, and what for."""
    dates: list[tuple[date, str]] = [
        (one.due_on, "next.reception-due") for one in found.receptions if one.state.value != "issued"
    ]
    if found.certificates:
        last = found.certificates[-1]
        dates += [(last.reinspection_due_on, "next.reinspection"), (last.valid_until, "next.valid-until")]
    coming = sorted(one for one in dates if one[0] >= today) or sorted(dates)[-1:]
    return None if not coming else (coming[0][1], coming[0][0])


@post("/packs/{pack_id:uuid}/facts", status_code=303)
async def report_fact(
    request: PageRequest, pack_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Record a fact of the first life, or of a certified pack's use."""
    form = await read_form(request)
    try:
        wish = read_as(with_offset(form, "occurred_at"), FactIn, page.language)
        await pack_life.report_fact(
            pack_life.ReportFact(
                actor=actor,
                pack_id=PackId(pack_id),
                kind=EntryKind(wish.kind),
                occurred_at=wish.occurred_at,
                particulars=wish.particulars(),
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _life(page, ports, actor, PackId(pack_id), error=error, form=form)
    return Redirect(f"/packs/{pack_id}", status_code=303)


def with_offset(form: dict[str, str], *names: str) -> dict[str, str]:
    """Return a form whose local instants carry Seoul's offset: a browser sends none."""
    return {
        key: f"{value}:00+09:00" if key in names and len(value) == 16 else f"{value}+09:00" if key in names else value
        for key, value in form.items()
    }


@post("/packs/{pack_id:uuid}/repurpose", status_code=303)
async def repurpose(
    request: PageRequest, pack_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Open the second-life passport."""
    form = await read_form(request)
    try:
        wish = read_as(form, RepurposeIn, page.language)
        await second_life.repurpose_pack(
            second_life.RepurposePack(
                actor=actor,
                pack_id=PackId(pack_id),
                product_uri=wish.product_uri,
                responsible_ko=wish.responsible_ko,
                responsible_en=wish.responsible_en,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _life(page, ports, actor, PackId(pack_id), error=error, form=form)
    return Redirect(f"/packs/{pack_id}", status_code=303)


@post("/packs/{pack_id:uuid}/withdrawal", status_code=303)
async def withdraw(
    request: PageRequest, pack_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Let the pack leave the contract that it serves."""
    form = await read_form(request)
    try:
        wish = read_as(form, WithdrawIn, page.language)
        await withdrawal.withdraw_pack(
            withdrawal.WithdrawPack(actor=actor, pack_id=PackId(pack_id), reason=wish.reason),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _life(page, ports, actor, PackId(pack_id), error=error, form=form)
    return Redirect(f"/packs/{pack_id}", status_code=303)


@post("/packs/{pack_id:uuid}/labels", status_code=303)
async def print_label(
    request: PageRequest, pack_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Typeset a sheet of labels."""
    form = await read_form(request)
    try:
        wish = read_as(form, LabelIn, page.language)
        await second_life.print_label(
            second_life.PrintLabel(actor=actor, pack_id=PackId(pack_id), copies=wish.copies),
            unit=ports.unit,
            labels=ports.labels,
            documents=ports.documents,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _life(page, ports, actor, PackId(pack_id), error=error, form=form)
    return Redirect(f"/packs/{pack_id}#label", status_code=303)


PACKS = (
    list_packs,
    register_form,
    register,
    show_pack,
    report_fact,
    repurpose,
    withdraw,
    print_label,
    grant_access,
    revoke_grant,
)
