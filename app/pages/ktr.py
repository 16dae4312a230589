"""The inspection body's rooms: the queue, a reception, bench values, judgement, review, approval and issue."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.http.identity import GivenActor, GivenPorts
from app.http.receptions import (
    CYCLER_BYTES_MAX,
    BenchSheetIn,
    CitationIn,
    ConditionsIn,
    DeviationIn,
    EquipmentIn,
    FeeIn,
    HandOverIn,
    ReasonIn,
    ReceptionIn,
    bench_values,
    prior_life,
    sample_sheet,
)
from app.pages.confirming import prove_by_form
from app.pages.frame import (
    FormMalformed,
    GivenPage,
    Page,
    PageRequest,
    field_name,
    read_as,
    read_form,
    read_table,
    read_upload,
)
from app.pages.packs import with_offset
from app.pages.prior_lives import PRIOR_LIFE_FORM, ticked, told_life
from app.ports import Ports
from domain.certification.bench_grid import GridRow, every_row, fill, lacking, typed
from domain.certification.completeness import NOT_RECORDED
from domain.certification.custody import HandOver, SetFees
from domain.certification.errors import ProtocolVersionUnknown, ReceptionUnknown
from domain.certification.evaluating import evaluate
from domain.certification.model import (
    OPEN_STATES,
    Applicant,
    CertificateStatus,
    CustodyKind,
    DecisionRule,
    Disposition,
    Fee,
    Judgement,
    MeasurementSource,
    ProtocolName,
    QueuePlace,
    ReceptionState,
)
from domain.certification.printing import ambient
from domain.certification.protocol import Protocol
from domain.certification.requests import RequestState
from domain.certification.usecases.citing import CITABLE, CiteRecord
from domain.certification.usecases.devices import AcceptDeviation
from domain.certification.usecases.intake import condition_told
from domain.certification.usecases.results import Entered, TellEquipment
from domain.certification.usecases.signing import SignWithReason
from domain.journeys import (
    citations,
    dispositions,
    equipment,
    inspection,
    protocols,
    public_passport,
    reinspection,
    requests,
    samples,
    trace,
)
from domain.journeys.protocols import protocol_of
from domain.passport.errors import PackUnknown
from domain.shared.actor import Actor, Role
from domain.shared.errors import DomainError
from domain.shared.identifiers import PackId, ReceptionId
from domain.shared.time import seoul_day

QUEUE_PAGE = 50
REQUESTS_SHOWN = 10
SEARCH_LENGTH_MAX = 200
SCANS_MAX = 50
FEE_LINES_MAX = 50
DUE_IN_DAYS = 14
SHEET_BYTES_MAX = 1024 * 1024
STANDING = (CertificateStatus.VALID, CertificateStatus.SUSPENDED)
SIGNED_STEPS = ("hold-release", "withdrawal")
"""Steps with a reason that are signatures as well, and ask for the password again."""

_SAMPLE = re.compile(r"/s/[0-9a-f]{32,64}$")
"""How the address on a sample label ends: scanned into the search, it opens its reception."""


@get("/ktr")
async def queue(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template | Redirect:
    """Show what the body has to do, nearest due date first; open receptions unless others are asked for."""
    asked = request.query_params.get("state", "open")
    search = request.query_params.get("search", "")[:SEARCH_LENGTH_MAX]
    sample = _SAMPLE.search(search)
    if sample is not None:
        return Redirect(sample[0], status_code=303)
    found = await inspection.worklist(
        actor,
        states=_asked_states(asked),
        search=search,
        after=_place(request.query_params.get("after", "")),
        limit=QUEUE_PAGE,
        unit=ports.unit,
    )
    again = await reinspection.waiting(actor, unit=ports.unit)
    async with ports.unit(actor) as work:
        returning = {pack.pack_id: pack for pack in await work.packs.several([one.pack_id for one in again])}
    ended = found.ended_at
    return page.show(
        "ktr_queue.html",
        found=found,
        asked=asked if asked in ("open", "closed") or asked in [one.value for one in ReceptionState] else "open",
        search=search,
        open_count=sum(found.counts.get(state, 0) for state in OPEN_STATES),
        closed_count=sum(count for state, count in found.counts.items() if not state.is_open),
        states=[(state.value, found.counts.get(state, 0)) for state in ReceptionState],
        next_after="" if ended is None else f"{ended.due_on.isoformat()}_{ended.reception_id}",
        packs=returning,
        reinspections=again,
        today=seoul_day(ports.clock.now()),
        may_receive=actor.role is Role.TESTER,
        asked_for=await requests.list_requests(
            actor,
            states=(RequestState.FILED, RequestState.ACCEPTED),
            waiting=True,
            limit=REQUESTS_SHOWN,
            unit=ports.unit,
        ),
    )


def _asked_states(asked: str) -> tuple[ReceptionState, ...]:
    """Return the states that a filter means; whatever is no filter means the open ones."""
    closed = tuple(state for state in ReceptionState if not state.is_open)
    known = {"closed": closed, **{state.value: (state,) for state in ReceptionState}}
    return known.get(asked, OPEN_STATES)


def _place(after: str) -> QueuePlace | None:
    """Read where the page before ended; what is no place begins at the beginning."""
    due_on, _, reception_id = after.partition("_")
    try:
        return QueuePlace(due_on=date.fromisoformat(due_on), reception_id=ReceptionId(UUID(reception_id)))
    except ValueError:
        return None


@get("/ktr/receptions/new")
async def receive_form(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Ask what is needed to take a pack in."""
    actor.require(Role.TESTER)
    entered = {"identifier": request.query_params.get("identifier", "")}
    return page.show("ktr_new.html", entered=entered, **await _asked(ports, actor))


async def _asked(ports: Ports, actor: Actor) -> dict[str, object]:
    """Return what the form offers: a due day, the protocols that may be named, what may have been before."""
    return {
        "due_on": _due(ports),
        "protocols": await protocols.list_nameable(actor, unit=ports.unit, clock=ports.clock),
        **PRIOR_LIFE_FORM,
    }


async def _chosen_protocol(form: dict[str, str], ports: Ports, actor: Actor) -> ProtocolName | None:
    """Return the protocol that a form names by its sequence; None leaves it to the day.

    Raises:
        ProtocolVersionUnknown: it is none that may be named now.
    """
    wanted = form.get("protocol", "")
    if not wanted:
        return None
    for one in await protocols.list_nameable(actor, unit=ports.unit, clock=ports.clock):
        if str(one.sequence) == wanted:
            return one.name
    raise ProtocolVersionUnknown


def _due(ports: Ports) -> str:
    return (seoul_day(ports.clock.now()) + timedelta(days=DUE_IN_DAYS)).isoformat()


@post("/ktr/receptions/new", status_code=303)
async def receive(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template | Redirect:
    """Take in what was scanned, a pack a line: each for itself, so that one unknown line holds no other up."""
    form = await read_form(request)
    scanned = list(dict.fromkeys(line.strip() for line in form.get("identifier", "").splitlines() if line.strip()))
    received: list[ReceptionId] = []
    left: list[tuple[str, DomainError]] = []
    try:
        if not scanned:
            raise FormMalformed(field=field_name("identifier", page.language))
        condition_told(form.get("condition", ""))  # once, before any of them is taken in
        named = await _chosen_protocol(form, ports, actor)
        for line in scanned[:SCANS_MAX]:
            try:
                received.append(await _receive(line, form, named, ports, actor, page.language))
            except FormMalformed:
                raise
            except DomainError as error:
                left.append((line, error))
    except DomainError as error:
        return page.again("ktr_new.html", error, form, **await _asked(ports, actor))
    if left:
        form["identifier"] = "\n".join([line for line, _ in left] + scanned[SCANS_MAX:])
        return page.again(
            "ktr_new.html",
            left[0][1],
            form,
            **await _asked(ports, actor),
            received=len(received),
            refused=[(line, error.sentence(page.language)) for line, error in left],
            # a module or a cell that nobody registered is described in a request, one click away
            unregistered=[line for line, error in left if isinstance(error, PackUnknown)],
        )
    if len(received) == 1:
        return Redirect(f"/ktr/receptions/{received[0]}", status_code=303)
    return Redirect("/ktr?state=received", status_code=303)


async def _receive(
    scanned: str, form: dict[str, str], named: ProtocolName | None, ports: Ports, actor: Actor, language: str
) -> ReceptionId:
    """Take in the pack that one scanned line names."""
    pack_id = await trace.find_pack(scanned, actor=actor, unit=ports.unit, clock=ports.clock)
    told_in = {key: value for key, value in form.items() if key != "protocol"}
    wish = read_as({**told_in, "pack_id": str(pack_id)}, ReceptionIn, language)
    life = told_life({**form, "event_flags": ticked(form)}, language)
    reception = await inspection.receive_pack(
        inspection.ReceivePack(
            actor=actor,
            pack_id=PackId(wish.pack_id),
            applicant=Applicant(name=wish.applicant, contact=wish.contact),
            condition=wish.condition,
            due_on=wish.due_on,
            prior_life=prior_life(life),
            protocol=named,
        ),
        unit=ports.unit,
        tokens=ports.tokens,
        ids=ports.ids,
        clock=ports.clock,
    )
    return reception.reception_id


def entered_values(form: Mapping[str, str], rows: tuple[GridRow, ...]) -> tuple[Entered, ...]:
    """Return what was typed into the grid, in the kinds that the protocol names; empty rows are left out."""
    return tuple(
        Entered(
            test_id=row.test.test_id,
            quantity=row.quantity.key,
            value=typed(row.quantity, form[row.name]),
            unit=row.quantity.unit or None,
        )
        for row in rows
        if row.name in form
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a form says surrounded a test: with what, by whom, how warm, and when; its times are Seoul's."""

    equipment: str
    serial: str
    provider: str
    ambient_c: Decimal | None
    started_at: datetime | None
    ended_at: datetime | None


def _conditions(form: Mapping[str, str], language: str) -> Conditions:
    told = with_offset(dict(form), "started_at", "ended_at")
    wish = read_as(told, ConditionsIn, language)
    ambient_c = None if wish.ambient_c is None else Decimal(wish.ambient_c)
    return Conditions(
        equipment=form.get("equipment", "")[:200],
        serial=form.get("device", "")[:200],
        provider=form.get("provider", "")[:200],
        ambient_c=ambient_c,
        started_at=wish.started_at,
        ended_at=wish.ended_at,
    )


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
    pasted: str | None = None,
    added: str = "",
) -> Template:
    """Show a reception; once more with what is wrong, with its bench grid filled from a table, or with a row added."""
    entered = {**({added: ""} if added else {}), **(form or {})}
    found = await inspection.open_reception(actor, reception_id, unit=ports.unit)
    async with ports.unit(actor) as work:
        pack = await work.packs.one(found.reception.pack_id)
        names = await work.packs.identifiers(found.reception.pack_id)
        devices = await work.devices.of_body(actor.tenant_id)
        protocol = await protocol_of(found.reception, work=work, shipped=ports.protocol)
    state = found.reception.state
    scope = found.reception.facts.scope
    filled: frozenset[str] = frozenset()
    rows = _grid(found, protocol, entered)
    if pasted is not None:
        try:
            told = fill(pasted, grid=rows, protocol=protocol, scope=scope)
            filled, entered = frozenset(told), {**entered, **told}
            entered.pop("pasted", None)
            rows = _grid(found, protocol, entered)
        except DomainError as unclear:
            error, entered["pasted"] = unclear, pasted
    measuring = state.is_open and state is not ReceptionState.APPROVED
    now = ports.clock.now()
    context: dict[str, object] = {
        "found": found,
        "reception": found.reception,
        "pack": pack,
        "names": names,
        "devices": devices,
        "may_accept": actor.role is Role.APPROVER and measuring and bool(devices),
        "unsaid": [run.sequence for run in found.runs if run.lacks_equipment],
        "may_tell": actor.role is Role.TESTER and state.is_open,
        "may_cite": actor.role is Role.TESTER and state in CITABLE,
        "judgement": _decided(found),
        "rows": rows,
        "filled": filled,
        "blank_count": sum(not entered.get(row.name) for row in rows),
        "focus": next((row.name for row in rows if row.name in filled), added),
        "addable": [row for row in every_row(protocol) if row.test.applies_to(scope) and row not in rows],
        "lacks_ambient": NOT_RECORDED in ambient(found.runs),
        "protocol": protocol,
        "may_measure": actor.role is Role.TESTER and measuring,
        "decision_rules": tuple(rule.value for rule in DecisionRule),
        "may_judge": actor.role is Role.TESTER and state is ReceptionState.UNDER_TEST,
        "may_review": _may_sign(found, actor, Role.REVIEWER, ReceptionState.TESTED),
        "may_approve": _may_sign(found, actor, Role.APPROVER, ReceptionState.REVIEWED),
        "may_issue": actor.role is Role.APPROVER and state is ReceptionState.APPROVED,
        "with_reasons": _with_reasons(found, actor),
        "signed_steps": SIGNED_STEPS,
        "issues_report_only": _issues_report_only(found),
        "may_price": actor.role is Role.TESTER and (found.fees is None or found.fees.agreed_at is None),
        "may_label": actor.role is Role.TESTER,
        "hand_overs": _hand_overs(found),
        "why_not": _why_not(found, actor),
        "standing": None if found.certificate is None else public_passport.standing_of(found.certificate, at=now),
        "late": found.reception.due_on < seoul_day(now) and state.is_open,
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
        return page.show("ktr_reception.html", entered=entered, **context)
    return page.again("ktr_reception.html", error, entered, **context)


def _grid(found: inspection.ReceptionFile, protocol: Protocol, entered: Mapping[str, str]) -> tuple[GridRow, ...]:
    """Return the grid's rows in the protocol's order: what the unit lacks, and what was entered beyond that."""
    measured = frozenset(one.quantity for run in found.runs for one in run.measurements)
    if found.reception.facts.prior_life is not None:
        measured |= {"prior_use", "event_flags"}
    asked = {row.name for row in lacking(protocol, measured, found.reception.facts.scope)} | set(entered)
    return tuple(row for row in every_row(protocol) if row.name in asked)


def _decided(found: inspection.ReceptionFile) -> Judgement | None:
    """Return the judgement as it stands after a hold's release."""
    if found.release is not None:
        return found.release.judgement
    return None if found.assessment is None else found.assessment.judgement


def _issues_report_only(found: inspection.ReceptionFile) -> bool:
    judgement = _decided(found)
    return judgement is not None and judgement.disposition is not Disposition.REUSE


def _may_sign(found: inspection.ReceptionFile, actor: Actor, role: Role, state: ReceptionState) -> bool:
    return found.may_sign and actor.role is role and found.reception.state is state


def _hand_overs(found: inspection.ReceptionFile) -> tuple[str, ...]:
    """Return how the unit may change hands now: it leaves only once its reception is no longer open."""
    if found.custody and found.custody[-1].kind.leaves:
        return ()
    kinds = (CustodyKind.MOVED,) if found.reception.state.is_open else tuple(CustodyKind)[1:]
    return tuple(kind.value for kind in kinds)


def _is_held(found: inspection.ReceptionFile) -> bool:
    return found.assessment is not None and found.assessment.judgement.disposition is Disposition.HOLD_REVIEW


def _with_reasons(found: inspection.ReceptionFile, actor: Actor) -> tuple[str, ...]:
    """Return the steps beside the straight way that this person may take now; each asks why."""
    state, role = found.reception.state, actor.role
    waits = {Role.REVIEWER: ReceptionState.TESTED, Role.APPROVER: ReceptionState.REVIEWED}
    stands = found.certificate is not None and found.certificate.status in STANDING
    steps = {
        "hold-release": _may_sign(found, actor, Role.REVIEWER, ReceptionState.TESTED) and _is_held(found),
        "return": waits.get(role) is state,
        "refusal": role is Role.TESTER and state is ReceptionState.RECEIVED,
        "release": role is Role.TESTER and state.is_open and state is not ReceptionState.APPROVED,
        "withdrawal": role is Role.APPROVER
        and state in (ReceptionState.ISSUED, ReceptionState.AMENDED)
        and not stands
        and actor.person_id not in found.workers,
    }
    return tuple(step for step, may in steps.items() if may)


def _why_not(found: inspection.ReceptionFile, actor: Actor) -> str | None:
    """Return the message that says why the next step is not this person's."""
    state = found.reception.state
    signing = {ReceptionState.TESTED: Role.REVIEWER, ReceptionState.REVIEWED: Role.APPROVER}.get(state)
    if signing is not None:
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
        conditions = _conditions(form, page.language)
        name, content = await read_upload(request)
        await inspection.take_cycler_file(
            inspection.TakeCyclerFile(
                actor=actor,
                reception_id=ReceptionId(reception_id),
                file_name=name,
                content=content,
                equipment=conditions.equipment,
                serial=conditions.serial,
                provider=conditions.provider,
                part=form.get("part", "")[:100],
                ambient_c=conditions.ambient_c,
                started_at=conditions.started_at,
                ended_at=conditions.ended_at,
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
        rows = every_row(await protocol_of(reception, work=work, shipped=ports.protocol))
    return await _enter(page, ports, actor, ReceptionId(reception_id), form, lambda: entered_values(form, rows))


@post("/ktr/receptions/{reception_id:uuid}/grid", status_code=200)
async def fill_grid(
    request: PageRequest, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template:
    """Answer the bench grid filled from a pasted table, or with one more row; what was typed stays, nothing is kept."""
    form = await read_form(request)
    if "add" in form:
        return await _reception(page, ports, actor, ReceptionId(reception_id), form=form, added=form.get("row", ""))
    return await _reception(
        page, ports, actor, ReceptionId(reception_id), form=form, pasted=await read_table(request, "pasted")
    )


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
    try:
        sheet = _sheet(pasted, page.language)
    except FormMalformed as error:
        return await _reception(page, ports, actor, ReceptionId(reception_id), error=error, form=form)
    # What the sheet says of its own bench counts where the form beside it says nothing.
    said = {"equipment": sheet.equipment, "device": sheet.device, "provider": sheet.provider}
    said |= {} if sheet.ambient_c is None else {"ambient_c": sheet.ambient_c}
    form = {**said, **{name: value for name, value in form.items() if value}}
    return await _enter(page, ports, actor, ReceptionId(reception_id), form, lambda: bench_values(sheet))


def _sheet(pasted: bytes, language: str) -> BenchSheetIn:
    try:
        return msgspec.json.decode(pasted[:SHEET_BYTES_MAX], type=BenchSheetIn)
    except msgspec.DecodeError as error:
        raise FormMalformed(field=f"{field_name('sheet', language)} ({str(error)[:160]})") from error


async def _enter(
    page: Page,
    ports: Ports,
    actor: Actor,
    reception_id: ReceptionId,
    form: dict[str, str],
    values: Callable[[], tuple[Entered, ...]],
) -> Template | Redirect:
    try:
        conditions = _conditions(form, page.language)
        await inspection.enter_bench_values(
            inspection.EnterBenchValues(
                actor=actor,
                reception_id=reception_id,
                measurements=values(),
                equipment=conditions.equipment,
                serial=conditions.serial,
                provider=conditions.provider,
                ambient_c=conditions.ambient_c,
                started_at=conditions.started_at,
                ended_at=conditions.ended_at,
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
            AcceptDeviation(
                actor=actor, reception_id=ReceptionId(reception_id), serial=wish.device, reason=wish.reason
            ),
            unit=ports.unit,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _reception(page, ports, actor, ReceptionId(reception_id), error=error, form=form)
    return Redirect(f"/ktr/receptions/{reception_id}", status_code=303)


@post("/ktr/receptions/{reception_id:uuid}/runs/{run:int}/equipment", status_code=303)
async def tell_equipment(
    request: PageRequest,
    reception_id: FromPath[UUID],
    run: FromPath[int],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Say what a run was measured with that was kept before that was asked for."""
    form = await read_form(request)
    try:
        told = read_as(form, EquipmentIn, page.language)
        wish = TellEquipment(
            actor=actor,
            reception_id=ReceptionId(reception_id),
            run=run,
            equipment=told.equipment,
            serial=told.device,
        )
        await citations.tell_equipment(wish, unit=ports.unit, clock=ports.clock)
    except DomainError as error:
        return await _reception(page, ports, actor, ReceptionId(reception_id), error=error, form=form)
    return Redirect(f"/ktr/receptions/{reception_id}#runs", status_code=303)


@post("/ktr/receptions/{reception_id:uuid}/citations", status_code=303)
async def cite_record(
    request: PageRequest, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Cite a record of others in the report, or leave it out again."""
    form = await read_form(request)
    try:
        told = read_as({**form, "cited": form.get("cited") == "yes"}, CitationIn, page.language)
        wish = CiteRecord(
            actor=actor, reception_id=ReceptionId(reception_id), record_id=told.record_id, cited=told.cited
        )
        await citations.cite_record(wish, unit=ports.unit, clock=ports.clock)
    except DomainError as error:
        return await _reception(page, ports, actor, ReceptionId(reception_id), error=error, form=form)
    return Redirect(f"/ktr/receptions/{reception_id}#cited", status_code=303)


@post("/ktr/receptions/{reception_id:uuid}/custody", status_code=303)
async def hand_over(
    request: PageRequest, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Write down where a unit is from now on."""
    form = await read_form(request)
    try:
        wish = read_as(form, HandOverIn, page.language)
        await samples.hand_over(
            HandOver(
                actor=actor,
                reception_id=ReceptionId(reception_id),
                kind=CustodyKind(wish.kind),
                place=wish.place,
                holder=wish.holder,
                condition=wish.condition,
            ),
            unit=ports.unit,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _reception(page, ports, actor, ReceptionId(reception_id), error=error, form=form)
    return Redirect(f"/ktr/receptions/{reception_id}", status_code=303)


@post("/ktr/receptions/{reception_id:uuid}/fees", status_code=303)
async def change_fees(
    request: PageRequest, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Add a line to what the inspection costs, take one away, or note that it is agreed."""
    form = await read_form(request)
    reception = ReceptionId(reception_id)
    try:
        if "agree" in form:
            await samples.agree_fees(actor, reception, unit=ports.unit, clock=ports.clock)
        else:
            before = (await inspection.open_reception(actor, reception, unit=ports.unit)).fees
            kept = [
                line
                for place, line in enumerate(() if before is None else before.lines, start=1)
                if form.get("remove") != str(place)
            ]
            if "remove" not in form:
                wish = read_as(form, FeeIn, page.language)
                kept.append(Fee(what=wish.what, amount_krw=wish.amount_krw))
            fees = SetFees(actor=actor, reception_id=reception, lines=kept[:FEE_LINES_MAX])
            await samples.set_fees(fees, unit=ports.unit, clock=ports.clock)
    except DomainError as error:
        return await _reception(page, ports, actor, reception, error=error, form=form)
    return Redirect(f"/ktr/receptions/{reception_id}", status_code=303)


@get("/ktr/labels")
async def print_labels(request: PageRequest, ports: GivenPorts, actor: GivenActor) -> Response[bytes]:
    """Print the sample labels of the receptions that were chosen, on one sheet."""
    chosen: list[ReceptionId] = []
    for text in request.query_params.getall("reception", []):
        try:
            chosen.append(ReceptionId(UUID(text)))
        except ValueError as error:
            raise ReceptionUnknown(reception=text[:100]) from error
    if not chosen:
        raise ReceptionUnknown(reception="-")
    return Response(await sample_sheet(actor, tuple(chosen), ports), media_type="application/pdf")


@get("/s/{token:str}")
async def scan_sample(token: FromPath[str], ports: GivenPorts, actor: GivenActor) -> Redirect:
    """Open the reception of a scanned sample label, for its body's staff."""
    reception = await samples.find_sample(actor, token, unit=ports.unit)
    return Redirect(f"/ktr/receptions/{reception.reception_id}", status_code=303)


@post("/ktr/receptions/{reception_id:uuid}/because/{step:str}", status_code=303)
async def take_step_because(
    request: PageRequest,
    reception_id: FromPath[UUID],
    step: FromPath[Literal["return", "hold-release", "refusal", "release", "withdrawal"]],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Return, release a hold, refuse, give back or withdraw, each with its reason; two of them are signatures."""
    form = await read_form(request)
    try:
        why = read_as(form, ReasonIn, page.language).reason
        if step in SIGNED_STEPS:
            actor = await prove_by_form(request, ports, actor, form, signing=True, language=page.language)
        wish = SignWithReason(actor=actor, reception_id=ReceptionId(reception_id), reason=why)
        match step:
            case "return":
                await dispositions.send_back(wish, unit=ports.unit, clock=ports.clock)
            case "hold-release":
                await dispositions.release_hold(
                    wish, unit=ports.unit, protocol=ports.protocol, ids=ports.ids, clock=ports.clock
                )
            case "refusal":
                await dispositions.refuse(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock)
            case "release":
                await dispositions.release(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock)
            case "withdrawal":
                await dispositions.withdraw_report(wish, unit=ports.unit, clock=ports.clock)
    except DomainError as error:
        return await _reception(page, ports, actor, ReceptionId(reception_id), error=error, form=form)
    return Redirect(f"/ktr/receptions/{reception_id}", status_code=303)


def _decision_rule(form: Mapping[str, str], language: str) -> DecisionRule:
    try:
        return DecisionRule(form.get("decision_rule") or DecisionRule.SIMPLE)
    except ValueError as error:
        raise FormMalformed(field=field_name("decision_rule", language)) from error


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
                await inspection.judge(
                    wish,
                    unit=ports.unit,
                    protocol=ports.protocol,
                    ids=ports.ids,
                    clock=ports.clock,
                    rule=_decision_rule(form, page.language),
                )
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


KTR = (
    queue,
    receive_form,
    receive,
    show_reception,
    send_file,
    enter_values,
    fill_grid,
    enter_sheet,
    accept_deviation,
    tell_equipment,
    cite_record,
    hand_over,
    change_fees,
    print_labels,
    scan_sample,
    take_step_because,
    take_step,
)
