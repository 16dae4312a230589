"""The inspection body's rooms: the queue, a reception, bench values, judgement, review, approval and issue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.http.identity import GivenActor, GivenPorts
from app.http.receptions import CYCLER_BYTES_MAX, BenchSheetIn, DeviationIn, ReceptionIn, bench_values
from app.pages.confirming import prove_by_form
from app.pages.frame import FormMalformed, GivenPage, Page, PageRequest, field_name, read_as, read_form, read_upload
from app.ports import Ports
from domain.certification import usecases as certification
from domain.certification.conditions import quantities_of
from domain.certification.evaluating import evaluate
from domain.certification.model import Applicant, MeasurementSource, ReceptionState, Scope
from domain.certification.protocol import Given, Protocol, Quantity, QuantityKind, Test
from domain.journeys import equipment, inspection, public_passport, reinspection, trace
from domain.journeys.protocols import protocol_of
from domain.passport.model import Pack
from domain.shared.actor import Actor, Role
from domain.shared.errors import DomainError
from domain.shared.identifiers import PackId, ReceptionId
from domain.shared.time import seoul_day

QUEUE_MAX = 100
DUE_IN_DAYS = 14
SHEET_BYTES_MAX = 1024 * 1024

RECEPTION_FACTS = frozenset(
    {"chemistry", "rated_capacity", "rated_energy", "nominal_voltage", "manufactured_on", "calendar_expiry_on"}
)
"""What the data sheet given at reception answers already."""


@get("/ktr")
async def queue(ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show the body's receptions by state, those due first on top."""
    found = await inspection.queue(actor, states=tuple(ReceptionState), after=None, limit=QUEUE_MAX, unit=ports.unit)
    again = await reinspection.waiting(actor, unit=ports.unit)
    packs: dict[PackId, Pack] = {}
    async with ports.unit(actor) as work:
        for pack_id in dict.fromkeys([*(one.pack_id for one in found), *(one.pack_id for one in again)]):
            packs[pack_id] = await work.packs.one(pack_id)
    lanes = [
        (state.value, sorted((one for one in found if one.state is state), key=lambda one: (one.due_on, one.number)))
        for state in ReceptionState
    ]
    return page.show(
        "ktr_queue.html",
        lanes=lanes,
        packs=packs,
        reinspections=again,
        today=seoul_day(ports.clock.now()),
        may_receive=actor.role is Role.TESTER,
    )


@get("/ktr/receptions/new")
async def receive_form(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Ask what is needed to take a pack in."""
    actor.require(Role.TESTER)
    entered = {"identifier": request.query_params.get("identifier", "")}
    return page.show("ktr_new.html", entered=entered, due_on=_due(ports))


def _due(ports: Ports) -> str:
    return (seoul_day(ports.clock.now()) + timedelta(days=DUE_IN_DAYS)).isoformat()


@post("/ktr/receptions/new", status_code=303)
async def receive(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template | Redirect:
    """Take a pack in for inspection."""
    form = await read_form(request)
    try:
        pack_id = await trace.find_pack(form.get("identifier", "-"), actor=actor, unit=ports.unit, clock=ports.clock)
        wish = read_as({**form, "pack_id": str(pack_id)}, ReceptionIn, page.language)
        reception = await inspection.receive_pack(
            inspection.ReceivePack(
                actor=actor,
                pack_id=PackId(wish.pack_id),
                applicant=Applicant(name=wish.applicant, contact=wish.contact),
                condition=wish.condition,
                due_on=wish.due_on,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return page.again("ktr_new.html", error, form, due_on=_due(ports))
    return Redirect(f"/ktr/receptions/{reception.reception_id}", status_code=303)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """One empty row of the bench grid."""

    test: Test
    quantity: Quantity
    name: str


def blanks(protocol: Protocol, measured: frozenset[str]) -> tuple[Blank, ...]:
    """Return what a pack still lacks: each quantity of a required test that a rule, a formula or a grade asks for.

    What can be computed is not asked for, nor what an alternative has answered.
    """
    known = measured | RECEPTION_FACTS
    formulas = {
        one.key: quantities_of(one.derived) for test in protocol.tests for one in test.quantities if one.derived
    }
    while computed := {key for key, inputs in formulas.items() if key not in known and known.issuperset(inputs)}:
        known |= computed
    asked = {key for test in protocol.tests for limit in test.limits for key in quantities_of(limit.condition)}
    asked |= {bound.quantity for row in protocol.grades for bound in row.bounds}
    asked |= {one for key, inputs in formulas.items() if key in asked - known for one in inputs}
    return tuple(
        Blank(test=test, quantity=one, name=f"{test.test_id}.{one.key}")
        for test in protocol.tests
        if test.required_for(Scope.PACK)
        for one in test.quantities
        if one.key not in known
        and (one.required or (one.required is None and one.key in asked))
        and not any(known.issuperset(group) for group in test.alternatives if one.key not in group)
    )


def quantities(protocol: Protocol) -> tuple[Blank, ...]:
    """Return every quantity of the protocol by the name that the grid's fields carry."""
    return tuple(
        Blank(test=test, quantity=one, name=f"{test.test_id}.{one.key}")
        for test in protocol.tests
        for one in test.quantities
    )


def entered_values(form: Mapping[str, str], rows: tuple[Blank, ...]) -> tuple[certification.Entered, ...]:
    """Return what was typed into the grid, in the kinds that the protocol names; empty rows are left out."""
    return tuple(
        certification.Entered(
            test_id=row.test.test_id,
            quantity=row.quantity.key,
            value=_given(row.quantity, form[row.name]),
            unit=row.quantity.unit or None,
        )
        for row in rows
        if row.name in form
    )


def _given(quantity: Quantity, text: str) -> Given:
    parts = tuple(part for part in text.replace(",", " ").replace(";", " ").split() if part)
    match quantity.kind:
        case QuantityKind.YES_NO:
            return text == "yes" if text in ("yes", "no") else text
        case QuantityKind.ROW:
            return parts
        case QuantityKind.WORDS:
            return () if text == "-" else parts
        case QuantityKind.NUMBER if (quantity.many or quantity.per_cycle) and len(parts) > 1:
            return parts
        case _:
            return text


@get("/ktr/receptions/{reception_id:uuid}")
async def show_reception(
    reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template:
    """Show a reception with its results and what may be done next."""
    return await _reception(page, ports, actor, ReceptionId(reception_id))


async def _reception(
    page: Page,
    ports: Ports,
    actor: Actor,
    reception_id: ReceptionId,
    *,
    error: DomainError | None = None,
    form: dict[str, str] | None = None,
) -> Template:
    found = await inspection.open_reception(actor, reception_id, unit=ports.unit)
    async with ports.unit(actor) as work:
        pack = await work.packs.one(found.reception.pack_id)
        names = await work.packs.identifiers(found.reception.pack_id)
        devices = await work.devices.of_body(actor.tenant_id)
        protocol = await protocol_of(found.reception, work=work, shipped=ports.protocol)
    state = found.reception.state
    measured = frozenset(one.quantity for run in found.runs for one in run.measurements)
    measuring = state not in (ReceptionState.APPROVED, ReceptionState.ISSUED)
    now = ports.clock.now()
    context: dict[str, object] = {
        "found": found,
        "reception": found.reception,
        "pack": pack,
        "names": names,
        "devices": devices,
        "may_accept": actor.role is Role.APPROVER and measuring and bool(devices),
        "judgement": None if found.assessment is None else found.assessment.judgement,
        "rows": blanks(protocol, measured),
        "protocol": protocol,
        "may_measure": actor.role is Role.TESTER and measuring,
        "may_judge": actor.role is Role.TESTER and state is ReceptionState.UNDER_TEST,
        "may_review": _may_sign(found, actor, Role.REVIEWER, ReceptionState.TESTED),
        "may_approve": _may_sign(found, actor, Role.APPROVER, ReceptionState.REVIEWED),
        "may_issue": actor.role is Role.APPROVER and state is ReceptionState.APPROVED,
        "why_not": _why_not(found, actor),
        "standing": None if found.certificate is None else public_passport.standing_of(found.certificate, at=now),
        "late": found.reception.due_on < seoul_day(now) and state is not ReceptionState.ISSUED,
        "raw": MeasurementSource.RAW,
        "evaluations": {
            run.sequence: evaluation
            for run in found.runs
            if run.record is not None
            and (
                evaluation := evaluate(run.record, rated_capacity_ah=found.reception.facts.sample_capacity_ah)
            ).says_something
        },
    }
    if error is None:
        return page.show("ktr_reception.html", **context)
    return page.again("ktr_reception.html", error, form or {}, **context)


def _for_reuse(found: inspection.ReceptionFile) -> bool:
    return found.assessment is not None and found.assessment.judgement.disposition.value == "reuse"


def _may_sign(found: inspection.ReceptionFile, actor: Actor, role: Role, state: ReceptionState) -> bool:
    return found.may_sign and actor.role is role and found.reception.state is state and _for_reuse(found)


def _why_not(found: inspection.ReceptionFile, actor: Actor) -> str | None:
    """Return the message that says why the next step is not this person's."""
    state = found.reception.state
    signing = {ReceptionState.TESTED: Role.REVIEWER, ReceptionState.REVIEWED: Role.APPROVER}.get(state)
    if signing is not None:
        if not _for_reuse(found):
            return "ktr.why-not-reuse"
        if actor.role is not signing:
            return "ktr.why-reviewer" if signing is Role.REVIEWER else "ktr.why-approver"
        return None if found.may_sign else "ktr.why-own-work"
    if state is ReceptionState.APPROVED and actor.role is not Role.APPROVER:
        return "ktr.why-issue"
    if state in (ReceptionState.RECEIVED, ReceptionState.UNDER_TEST) and actor.role is not Role.TESTER:
        return "ktr.why-tester"
    return None


@post("/ktr/receptions/{reception_id:uuid}/file", request_max_body_size=CYCLER_BYTES_MAX, status_code=303)
async def send_file(
    request: PageRequest, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Add the capacity test that a cycler file holds."""
    form = await read_form(request)
    try:
        name, content = await read_upload(request)
        await inspection.take_cycler_file(
            inspection.TakeCyclerFile(
                actor=actor,
                reception_id=ReceptionId(reception_id),
                file_name=name,
                content=content,
                equipment=form.get("equipment", "")[:200],
                serial=form.get("device", "")[:200],
            ),
            unit=ports.unit,
            cycler_files=ports.cycler_files,
            protocol=ports.protocol,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _reception(page, ports, actor, ReceptionId(reception_id), error=error, form=form)
    return Redirect(f"/ktr/receptions/{reception_id}", status_code=303)


@post("/ktr/receptions/{reception_id:uuid}/values", status_code=303)
async def enter_values(
    request: PageRequest, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Add values that were typed into the grid, all or none."""
    form = await read_form(request)
    async with ports.unit(actor) as work:
        reception = await work.receptions.one(ReceptionId(reception_id))
        rows = quantities(await protocol_of(reception, work=work, shipped=ports.protocol))
    return await _enter(page, ports, actor, ReceptionId(reception_id), form, lambda: entered_values(form, rows))


@post("/ktr/receptions/{reception_id:uuid}/sheet", status_code=303)
async def enter_sheet(
    request: PageRequest, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Add the values of a bench sheet that was pasted or sent as JSON, all or none."""
    form = await read_form(request)
    pasted = form.get("sheet", "").encode()
    if not pasted:
        try:
            _, pasted = await read_upload(request)
        except FormMalformed as error:
            return await _reception(page, ports, actor, ReceptionId(reception_id), error=error, form=form)
    return await _enter(
        page, ports, actor, ReceptionId(reception_id), form, lambda: _sheet_values(pasted, page.language)
    )


def _sheet_values(pasted: bytes, language: str) -> tuple[certification.Entered, ...]:
    try:
        return bench_values(msgspec.json.decode(pasted[:SHEET_BYTES_MAX], type=BenchSheetIn))
    except msgspec.DecodeError as error:
        raise FormMalformed(field=f"{field_name('sheet', language)} ({str(error)[:160]})") from error


async def _enter(
    page: Page,
    ports: Ports,
    actor: Actor,
    reception_id: ReceptionId,
    form: dict[str, str],
    values: Callable[[], tuple[certification.Entered, ...]],
) -> Template | Redirect:
    try:
        await inspection.enter_bench_values(
            inspection.EnterBenchValues(
                actor=actor,
                reception_id=reception_id,
                measurements=values(),
                equipment=form.get("equipment", "")[:200],
                serial=form.get("device", "")[:200],
            ),
            unit=ports.unit,
            protocol=ports.protocol,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _reception(page, ports, actor, reception_id, error=error, form=form)
    return Redirect(f"/ktr/receptions/{reception_id}", status_code=303)


@post("/ktr/receptions/{reception_id:uuid}/deviations", status_code=303)
async def accept_deviation(
    request: PageRequest, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Let a device measure for a reception in spite of its calibration."""
    form = await read_form(request)
    try:
        wish = read_as(form, DeviationIn, page.language)
        await equipment.accept_deviation(
            certification.AcceptDeviation(
                actor=actor, reception_id=ReceptionId(reception_id), serial=wish.device, reason=wish.reason
            ),
            unit=ports.unit,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _reception(page, ports, actor, ReceptionId(reception_id), error=error, form=form)
    return Redirect(f"/ktr/receptions/{reception_id}", status_code=303)


@post("/ktr/receptions/{reception_id:uuid}/{step:str}", status_code=303)
async def take_step(
    request: PageRequest,
    reception_id: FromPath[UUID],
    step: FromPath[Literal["judgement", "review", "approval", "issue"]],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Judge, review, approve or issue; all but the first are signatures, and each asks for the password again."""
    form = await read_form(request)
    try:
        if step != "judgement":
            actor = await prove_by_form(request, ports, actor, form, signing=True, language=page.language)
        wish = inspection.AtReception(actor=actor, reception_id=ReceptionId(reception_id))
        match step:
            case "judgement":
                await inspection.judge(wish, unit=ports.unit, protocol=ports.protocol, ids=ports.ids, clock=ports.clock)
            case "review":
                await inspection.review(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock)
            case "approval":
                await inspection.approve(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock)
            case "issue":
                await inspection.issue_certificate(
                    wish,
                    unit=ports.unit,
                    documents=ports.documents,
                    seals=ports.seals,
                    credentials=ports.credentials,
                    labels=ports.labels,
                    tokens=ports.tokens,
                    public_url=ports.public_url,
                    ids=ports.ids,
                    clock=ports.clock,
                )
    except DomainError as error:
        return await _reception(page, ports, actor, ReceptionId(reception_id), error=error)
    return Redirect(f"/ktr/receptions/{reception_id}", status_code=303)


KTR = (queue, receive_form, receive, show_reception, send_file, enter_values, enter_sheet, accept_deviation, take_step)
