"""Requests for inspection as pages: filed by an applicant with several units, taken in or refused by the body."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Protocol
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.http.identity import GivenActor, GivenPorts
from app.http.receptions import ReasonIn
from app.http.requests import AcceptanceIn, RequestIn, UnitIn, asked_units
from app.pages.frame import FormMalformed, GivenPage, Page, PageRequest, field_name, read_as, read_form
from app.pages.prior_lives import PRIOR_FIELDS, PRIOR_LIFE_FORM, ticked, told_life
from app.ports import Ports
from domain.certification.errors import ProtocolVersionUnknown, RequestEmpty
from domain.certification.model import Applicant, Chemistry, ProtocolName
from domain.certification.protocol_versions import ProtocolVersion
from domain.certification.requests import ASKED, UNITS_MAX, RequestState
from domain.certification.usecases.requesting import FILERS, AtRequest
from domain.journeys import requests
from domain.journeys.ports import JourneyWork
from domain.shared.actor import Actor, Role
from domain.shared.errors import DomainError
from domain.shared.identifiers import TenantId
from domain.shared.time import Clock, seoul_day
from domain.shared.unit import Unit

LISTED = 50


class Ending(Protocol):
    """A way in which a request ends."""

    async def __call__(self, wish: AtRequest, *, unit: Unit[JourneyWork], clock: Clock) -> None:
        """End it."""
        ...


ROWS_AT_FIRST, ROWS_MORE = 2, 3
PASTED_MAX = 20_000
DUE_IN_DAYS = 14
UNIT_FIELDS = (
    "unit_scope", "unit_identifier", "maker", "model", "chemistry", "cell_capacity_ah", "cells_in_series",
    "cells_in_parallel", "energy_kwh", "voltage_v", "manufactured_on", *PRIOR_FIELDS,
)  # fmt: skip
"""What a line of the form holds, and in which order the columns of a pasted table come."""

_SCOPES = {"팩": "pack", "모듈": "module", "셀": "cell", "pack": "pack", "module": "module", "cell": "cell"}
_SCALED = {
    "cell_capacity_ah": ("cell_capacity_mah", 1000),
    "energy_kwh": ("rated_energy_wh", 1000),
    "voltage_v": ("nominal_voltage_mv", 1000),
}
"""What people write in Ah, kWh and V, and what it is kept as."""


@get("/requests")
async def list_requests(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show requests, newest first; those of one state where it is asked for."""
    asked = request.query_params.get("state", "")
    states = tuple(state for state in RequestState if asked in ("", state.value)) or tuple(RequestState)
    found = await requests.list_requests(
        actor, states=states, after=_uuid(request.query_params.get("after", "")), limit=LISTED + 1, unit=ports.unit
    )
    return page.show(
        "requests.html",
        found=found[:LISTED],
        after=found[LISTED - 1].request_id if len(found) > LISTED else None,
        asked=asked,
        states=[state.value for state in RequestState],
        may_file=actor.role in FILERS,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None  # what is no place begins at the beginning


@get("/requests/new")
async def ask(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Ask what an inspection takes: who asks, what for, and which units."""
    scope = request.query_params.get("scope", "")
    entered = {
        "applicant": "" if actor.role is Role.TESTER else await _organisation(ports, actor),
        "unit_scope_1": scope if scope in _SCOPES else "pack",
        "unit_identifier_1": request.query_params.get("identifier", "")[:200],
    }
    return page.show("request_new.html", entered=entered, **await _offered(ports, actor, ROWS_AT_FIRST))


async def _organisation(ports: Ports, actor: Actor) -> str:
    async with ports.unit(actor) as work:
        return (await work.parties.one(actor.tenant_id)).name_ko


async def _offered(ports: Ports, actor: Actor, rows: int) -> dict[str, object]:
    offers = await requests.offers(actor, unit=ports.unit, clock=ports.clock)
    return {
        "offers": offers,
        "at_desk": actor.role is Role.TESTER,
        "protocols": offers[0].protocols if len(offers) == 1 else (),
        "rows": range(1, min(rows, UNITS_MAX) + 1),
        "scopes": [scope.value for scope in ASKED],
        "chemistries": [one.value for one in Chemistry],
        "columns": UNIT_FIELDS,
        **PRIOR_LIFE_FORM,
    }


@post("/requests/new", status_code=303)
async def file(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template | Redirect:
    """File a request with the units of the form and of a pasted table; or offer more lines."""
    form = await read_form(request)
    rows = _rows(form)
    if "more" in form:
        return page.show("request_new.html", entered=form, **await _offered(ports, actor, rows + ROWS_MORE))
    try:
        units = [_unit(line, told, page.language) for line, told in enumerate(_told(form, page.language), start=1)]
        if not units:
            raise RequestEmpty(most=UNITS_MAX)
        asked: dict[str, object] = {
            key: form[key]
            for key in ("applicant", "contact", "purpose", "body_id", "applicant_business_no")
            if key in form
        }
        wish = read_as({**asked, "units": units}, RequestIn, page.language)
        offers = await requests.offers(actor, unit=ports.unit, clock=ports.clock)
        filed = await requests.file_request(
            requests.FileRequest(
                actor=actor,
                applicant=Applicant(name=wish.applicant, contact=wish.contact),
                purpose=wish.purpose,
                units=asked_units(wish.units),
                body_id=None if wish.body_id is None else TenantId(wish.body_id),
                protocol=_named(form, [one for offer in offers for one in offer.protocols]),
                applicant_business_no=wish.applicant_business_no,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return page.again("request_new.html", error, form, **await _offered(ports, actor, rows))
    return Redirect(f"/requests/{filed.request_id}", status_code=303)


def _rows(form: Mapping[str, str]) -> int:
    """Return how many lines a form had: the last that anything was typed into, at least as many as at first."""
    numbers = [int(key.rpartition("_")[2]) for key in form if key.rpartition("_")[2].isdigit()]
    return max([ROWS_AT_FIRST, *(one for one in numbers if one <= UNITS_MAX)])


def _told(form: Mapping[str, str], language: str) -> Iterator[dict[str, str]]:
    """Return the units of a form, field by field: the lines that name one, then the rows of a pasted table.

    Raises:
        FormMalformed: a line says something of a unit that it does not name, or a row names none.
    """
    for row in range(1, _rows(form) + 1):
        told = {name: form[f"{name}_{row}"] for name in UNIT_FIELDS if f"{name}_{row}" in form}
        if happened := ticked(form, f"_{row}"):
            told["event_flags"] = happened
        if "unit_identifier" in told:
            yield told
        elif told.keys() - {"unit_scope"}:
            raise FormMalformed(field=f"{row}. {field_name('unit_identifier', language)}")
    pasted = form.get("pasted", "")[:PASTED_MAX]
    delimiter = "\t" if "\t" in pasted else ","
    for cells in csv.reader(io.StringIO(pasted), delimiter=delimiter):
        told = {name: cell.strip() for name, cell in zip(UNIT_FIELDS, cells, strict=False) if cell.strip()}
        # The head of a spreadsheet's table comes along with its rows.
        if told and told.get("unit_scope", "").lower() in _SCOPES:
            yield told
        elif told and "unit_identifier" in told and not _is_head(cells):
            raise FormMalformed(field=f"{told.get('unit_scope', '-')[:40]}")


def _is_head(cells: list[str]) -> bool:
    return not any(character.isdigit() for cell in cells for character in cell)


def _unit(line: int, told: Mapping[str, str], language: str) -> UnitIn:
    """Bring a line of the form into the shape that the API takes.

    Raises:
        FormMalformed: names the line and the field that does not fit.
    """
    sheet: dict[str, object] = {}
    try:
        for name, text in told.items():
            if name in _SCALED:
                key, factor = _SCALED[name]
                sheet[key] = _whole(text, factor, name, language)
            elif name not in ("unit_scope", "unit_identifier", *PRIOR_FIELDS):
                sheet[name] = text
        scope = _SCOPES.get(told.get("unit_scope", "").lower(), "")
        unit: dict[str, object] = {"scope": scope, "identifier": told["unit_identifier"]}
        life = told_life(told, language)
        read = read_as({**unit, **({"sheet": sheet} if sheet else {})}, UnitIn, language)
        return msgspec.structs.replace(read, prior_life=life)
    except FormMalformed as error:
        raise FormMalformed(field=f"{line}. {error.facts['field']}") from error


def _whole(text: str, factor: int, name: str, language: str) -> int:
    try:
        value = Decimal(text.replace(",", "")) * factor
    except InvalidOperation as error:
        raise FormMalformed(field=field_name(name, language)) from error
    if not value.is_finite() or value != value.to_integral_value():
        raise FormMalformed(field=field_name(name, language))
    return int(value)


def _named(form: Mapping[str, str], offered: list[ProtocolVersion]) -> ProtocolName | None:
    """Return the protocol that a form names by its sequence; None leaves it to the day.

    Raises:
        ProtocolVersionUnknown: it is none of those offered.
    """
    wanted = form.get("protocol", "")
    if not wanted:
        return None
    for one in offered:
        if str(one.sequence) == wanted:
            return one.name
    raise ProtocolVersionUnknown


@get("/requests/{request_id:uuid}")
async def show_request(request_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show a request with how far each unit has come, and what may be done with it now."""
    return await _request(page, ports, actor, request_id)


async def _request(
    page: Page,
    ports: Ports,
    actor: Actor,
    request_id: UUID,
    *,
    error: DomainError | None = None,
    form: dict[str, str] | None = None,
) -> Template:
    found = await requests.open_request(actor, request_id, unit=ports.unit, clock=ports.clock)
    named = found.request.protocol
    context: dict[str, object] = {
        "found": found,
        "asked": found.request,
        "waiting": found.left,
        "taken_in": [one.reception for one in found.units if one.reception is not None],
        "named": next((str(one.sequence) for one in found.nameable if one.name == named), ""),
        "due_on": (seoul_day(ports.clock.now()) + timedelta(days=DUE_IN_DAYS)).isoformat(),
        "opens_receptions": actor.role in (Role.TESTER, Role.REVIEWER, Role.APPROVER, Role.QUALITY),
        "may_label": actor.role is Role.TESTER,
    }
    if error is not None:
        return page.again("request.html", error, form or {}, **context)
    return page.show("request.html", **context)


@post("/requests/{request_id:uuid}/acceptance", status_code=303)
async def accept(
    request: PageRequest, request_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Take in the units that were ticked."""
    form = await read_form(request)
    try:
        found = await requests.open_request(actor, request_id, unit=ports.unit, clock=ports.clock)
        lines = [one.unit.line for one in found.units if f"line_{one.unit.line}" in form]
        if not lines:
            raise FormMalformed(field=field_name("units", page.language))
        wish = read_as(
            {"lines": lines, **{key: form[key] for key in ("condition", "due_on") if key in form}},
            AcceptanceIn,
            page.language,
        )
        await requests.accept_request(
            requests.AcceptRequest(
                actor=actor,
                request_id=request_id,
                condition=wish.condition,
                due_on=wish.due_on,
                lines=lines,
                protocol=_named(form, list(found.nameable)),
            ),
            unit=ports.unit,
            tokens=ports.tokens,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _request(page, ports, actor, request_id, error=error, form=form)
    return Redirect(f"/requests/{request_id}", status_code=303)


@post("/requests/{request_id:uuid}/refusal", status_code=303)
async def refuse(
    request: PageRequest, request_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Refuse a request, with the reason that the applicant reads."""
    return await _ended(request, request_id, ports, actor, page, by=requests.refuse_request)


@post("/requests/{request_id:uuid}/closure", status_code=303)
async def close(
    request: PageRequest, request_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Close a request that was taken in in part, with the reason that the applicant reads."""
    return await _ended(request, request_id, ports, actor, page, by=requests.close_request)


@post("/requests/{request_id:uuid}/withdrawal", status_code=303)
async def withdraw(
    request: PageRequest, request_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Take a request back, with the reason that the body reads."""
    return await _ended(request, request_id, ports, actor, page, by=requests.withdraw_request)


async def _ended(
    request: PageRequest, request_id: UUID, ports: Ports, actor: Actor, page: Page, *, by: Ending
) -> Template | Redirect:
    """End a request in one of its ways; each asks for a reason."""
    form = await read_form(request)
    try:
        why = read_as(form, ReasonIn, page.language).reason
        await by(AtRequest(actor=actor, request_id=request_id, reason=why), unit=ports.unit, clock=ports.clock)
    except DomainError as error:
        return await _request(page, ports, actor, request_id, error=error, form=form)
    return Redirect(f"/requests/{request_id}", status_code=303)


REQUESTS = (list_requests, ask, file, show_request, accept, refuse, close, withdraw)
