"""Doors of requests for inspection: an applicant files and follows one, the body takes its units in or refuses it."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.receptions import (
    PDF,
    Condition,
    PriorLifeIn,
    ProtocolNameIn,
    ReasonIn,
    ReceptionOut,
    prior_life,
    protocol_name,
    reception_out,
)
from app.http.schemas import TEXT_PATTERN, Day, EnergyWh, In, Instant, Name, Out, Sentence, TenantNo
from domain.certification.model import Applicant, Chemistry, Scope
from domain.certification.requests import (
    UNITS_MAX,
    DataSheet,
    InspectionRequest,
    RequestedUnit,
    RequestMove,
    RequestState,
)
from domain.certification.usecases.requesting import AtRequest
from domain.journeys import requests
from domain.shared.identifiers import TenantId

CapacityMah = Annotated[int, msgspec.Meta(ge=1, le=100_000_000, description="Charge; mAh.")]
VoltageMv = Annotated[int, msgspec.Meta(ge=1, le=10_000_000, description="Voltage; mV.")]
CellsCount = Annotated[int, msgspec.Meta(ge=1, le=10_000, description="A count.")]
MassG = Annotated[int, msgspec.Meta(ge=0, le=100_000_000, description="Mass; g. 0 where it is not known.")]
Line = Annotated[int, msgspec.Meta(ge=1, le=UNITS_MAX, description="A unit's place in its request, from 1.")]


class DataSheetIn(In):
    """What the maker says of a module or a cell; ratings of the whole unit, `cell_capacity_mah` of one cell."""

    maker: Name
    model: Name
    chemistry: Chemistry
    cell_capacity_mah: CapacityMah
    cells_in_series: CellsCount
    cells_in_parallel: CellsCount
    rated_energy_wh: EnergyWh
    nominal_voltage_mv: VoltageMv
    manufactured_on: Day
    mass_g: MassG = 0


class UnitIn(In):
    """One unit: a pack by any of its identifiers, or a module or cell by its serial, with its data sheet if it is new.

    `parent` is any identifier of the pack that a module or cell came out of.
    """

    scope: Literal["pack", "module", "cell"]
    identifier: Name
    sheet: DataSheetIn | None = None
    parent: Name | None = None
    calendar_expiry_on: Day | None = None
    prior_life: PriorLifeIn | None = None


class RequestIn(In):
    """A request; without `body_id` the one inspection body is asked, without `protocol` its present one is used.

    `applicant_business_no` is the business number of whom a body's desk files for; an applicant leaves it out.
    """

    applicant: Name
    contact: Name
    purpose: Sentence
    units: Annotated[list[UnitIn], msgspec.Meta(min_length=1, max_length=UNITS_MAX)]
    body_id: TenantNo | None = None
    protocol: ProtocolNameIn | None = None
    applicant_business_no: Annotated[str, msgspec.Meta(max_length=40, pattern=TEXT_PATTERN)] = ""


class AcceptanceIn(In):
    """Units that arrived, by line, all that wait where none is named; how they looked, and by when they are due."""

    due_on: Day
    condition: Condition = ""
    lines: Annotated[list[Line], msgspec.Meta(max_length=UNITS_MAX)] = msgspec.field(default_factory=list)
    protocol: ProtocolNameIn | None = None


class RequestBriefOut(Out):
    """A request in a list."""

    request_id: UUID
    number: str
    applicant: str
    purpose: str
    units: int
    filed_at: Instant
    state: str


class RequestedUnitOut(Out):
    """How far one unit has come; `reception` and what follows are null before it was taken in, and as far as it is.

    `fees_krw` is null until the body says what its inspection costs; tax is not included.
    """

    line: int
    scope: str
    identifier: str
    pack_id: UUID | None
    reception_id: UUID | None
    reception: str | None
    state: str | None
    fees_krw: int | None
    fees_agreed_at: Instant | None
    report: str | None
    certificate: str | None


class RequestMoveOut(Out):
    """One move of a request; `from_state` is null at its beginning, `reason` empty where none is asked for."""

    from_state: str | None
    to_state: str
    moved_by: str
    moved_at: Instant
    reason: str


class RequestOut(Out):
    """Everything about one request.

    `not_taken_in` names the units by line that its end left out: they cost nothing. `fees_krw` is the total of those
    that were taken in.
    """

    request: RequestBriefOut
    body: str
    protocol: str | None
    not_taken_in: list[int]
    fees_krw: int
    moves: list[RequestMoveOut]
    units: list[RequestedUnitOut]


class AcceptedOut(Out):
    """The receptions that were made, by line."""

    receptions: list[ReceptionOut]


def asked_units(units: list[UnitIn]) -> tuple[requests.AskedUnit, ...]:
    """Say a request's units in certification's words, numbered as they come."""
    return tuple(
        requests.AskedUnit(
            unit=RequestedUnit(
                line=line,
                scope=Scope(one.scope),
                identifier=one.identifier,
                sheet=None if one.sheet is None else _sheet(one.sheet),
                calendar_expiry_on=one.calendar_expiry_on,
                prior_life=prior_life(one.prior_life),
            ),
            parent=one.parent or "",
        )
        for line, one in enumerate(units, start=1)
    )


def _sheet(told: DataSheetIn) -> DataSheet:
    return DataSheet(
        maker=told.maker,
        model=told.model,
        chemistry=told.chemistry,
        cell_capacity_mah=told.cell_capacity_mah,
        cells_in_series=told.cells_in_series,
        cells_in_parallel=told.cells_in_parallel,
        rated_energy_wh=told.rated_energy_wh,
        nominal_voltage_mv=told.nominal_voltage_mv,
        manufactured_on=told.manufactured_on,
        mass_g=told.mass_g,
    )


def _brief(request: InspectionRequest) -> RequestBriefOut:
    return RequestBriefOut(
        request_id=request.request_id,
        number=request.number,
        applicant=request.applicant.name,
        purpose=request.purpose,
        units=len(request.units),
        filed_at=request.filed_at,
        state=request.state.value,
    )


def _unit_out(one: requests.UnitProgress) -> RequestedUnitOut:
    reception = one.reception
    return RequestedUnitOut(
        line=one.unit.line,
        scope=one.unit.scope.value,
        identifier=one.unit.identifier,
        pack_id=one.unit.pack_id if reception is None else reception.pack_id,
        reception_id=None if reception is None else reception.reception_id,
        reception=None if reception is None else reception.number,
        state=None if reception is None else reception.state.value,
        fees_krw=None if one.fees is None else one.fees.total_krw,
        fees_agreed_at=None if one.fees is None else one.fees.agreed_at,
        report=None if one.report is None else one.report.number,
        certificate=None if one.certificate is None else one.certificate.number,
    )


def _move_out(move: RequestMove) -> RequestMoveOut:
    return RequestMoveOut(
        from_state=None if move.from_state is None else move.from_state.value,
        to_state=move.to_state.value,
        moved_by=move.moved_by_name,
        moved_at=move.moved_at,
        reason=move.reason,
    )


def _request_out(found: requests.RequestFile) -> RequestOut:
    return RequestOut(
        request=_brief(found.request),
        body=found.body.name_ko,
        protocol=None if found.request.protocol is None else str(found.request.protocol),
        not_taken_in=[] if found.request.state.is_open else [one.line for one in found.left],
        fees_krw=found.fees_krw,
        moves=[_move_out(one) for one in found.moves],
        units=[_unit_out(one) for one in found.units],
    )


class RequestsController(Controller):
    """Requests for inspection (의뢰), from both sides."""

    path = "/api/v1/requests"
    tags = ("certification",)

    @post("/", operation_id="FileRequest", summary="Ask for an inspection of units (신청)", responses=PROBLEMS)
    async def file(self, data: JSONBody[RequestIn], ports: GivenPorts, actor: GivenActor) -> RequestBriefOut:
        """File a request with an inspection body, for oneself or at its desk for an organisation."""
        request = await requests.file_request(
            requests.FileRequest(
                actor=actor,
                applicant=Applicant(name=data.applicant, contact=data.contact),
                purpose=data.purpose,
                units=asked_units(data.units),
                body_id=None if data.body_id is None else TenantId(data.body_id),
                protocol=protocol_name(data.protocol),
                applicant_business_no=data.applicant_business_no,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _brief(request)

    @get("/", operation_id="ListRequests", summary="List requests", responses=PROBLEMS)
    async def list_requests(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        wanted: Annotated[RequestState | None, QueryParameter(name="state")] = None,
        after: FromQuery[UUID | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
    ) -> list[RequestBriefOut]:
        """List an applicant's own requests, or those asked of a body, newest first."""
        found = await requests.list_requests(
            actor,
            states=tuple(RequestState) if wanted is None else (wanted,),
            after=after,
            limit=limit,
            unit=ports.unit,
        )
        return [_brief(one) for one in found]

    @get("/{request_id:uuid}", operation_id="ShowRequest", summary="Show a request", responses=PROBLEMS)
    async def show(self, request_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> RequestOut:
        """Show a request with how far each of its units has come."""
        found = await requests.open_request(actor, request_id, unit=ports.unit, clock=ports.clock)
        return _request_out(found)

    @post(
        "/{request_id:uuid}/acceptance",
        operation_id="AcceptRequest",
        summary="Take a request's units in (접수)",
        responses=PROBLEMS,
    )
    async def accept(
        self, request_id: FromPath[UUID], data: JSONBody[AcceptanceIn], ports: GivenPorts, actor: GivenActor
    ) -> AcceptedOut:
        """Make a reception of each unit that arrived, with custody and label; all of them or none."""
        received = await requests.accept_request(
            requests.AcceptRequest(
                actor=actor,
                request_id=request_id,
                condition=data.condition,
                due_on=data.due_on,
                lines=tuple(data.lines),
                protocol=protocol_name(data.protocol),
            ),
            unit=ports.unit,
            tokens=ports.tokens,
            ids=ports.ids,
            clock=ports.clock,
        )
        return AcceptedOut(receptions=[reception_out(one) for one in received])

    @post(
        "/{request_id:uuid}/refusal",
        operation_id="RefuseRequest",
        summary="Refuse a request with a reason (신청 반려)",
        responses=PROBLEMS,
    )
    async def refuse(
        self, request_id: FromPath[UUID], data: JSONBody[ReasonIn], ports: GivenPorts, actor: GivenActor
    ) -> RequestOut:
        """Refuse a request of which nothing was taken in."""
        wish = AtRequest(actor=actor, request_id=request_id, reason=data.reason)
        await requests.refuse_request(wish, unit=ports.unit, clock=ports.clock)
        return _request_out(await requests.open_request(actor, request_id, unit=ports.unit, clock=ports.clock))

    @post(
        "/{request_id:uuid}/closure",
        operation_id="CloseRequest",
        summary="Close a request that was taken in in part, with a reason (부분 접수 종결)",
        responses=PROBLEMS,
    )
    async def close(
        self, request_id: FromPath[UUID], data: JSONBody[ReasonIn], ports: GivenPorts, actor: GivenActor
    ) -> RequestOut:
        """Say that the units that wait are not taken in any more and cost nothing; those that were taken in go on."""
        wish = AtRequest(actor=actor, request_id=request_id, reason=data.reason)
        await requests.close_request(wish, unit=ports.unit, clock=ports.clock)
        return _request_out(await requests.open_request(actor, request_id, unit=ports.unit, clock=ports.clock))

    @post(
        "/{request_id:uuid}/withdrawal",
        operation_id="WithdrawRequest",
        summary="Take a request back with a reason (신청 취하)",
        responses=PROBLEMS,
    )
    async def withdraw(
        self, request_id: FromPath[UUID], data: JSONBody[ReasonIn], ports: GivenPorts, actor: GivenActor
    ) -> RequestOut:
        """Take a request back of which nothing was taken in."""
        wish = AtRequest(actor=actor, request_id=request_id, reason=data.reason)
        await requests.withdraw_request(wish, unit=ports.unit, clock=ports.clock)
        return _request_out(await requests.open_request(actor, request_id, unit=ports.unit, clock=ports.clock))

    @get(
        "/{request_id:uuid}/labels",
        operation_id="FetchRequestLabels",
        summary="Fetch the sample labels of all its units on one sheet",
        responses={**PDF, **PROBLEMS},
    )
    async def labels(self, request_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> Response[bytes]:
        """Return the labels of the units that were taken in, as PDF."""
        sheet = await requests.label_sheet(
            actor,
            request_id,
            unit=ports.unit,
            documents=ports.documents,
            labels=ports.labels,
            public_url=ports.public_url,
            clock=ports.clock,
        )
        return Response(sheet, media_type="application/pdf")

    @get(
        "/{request_id:uuid}/units/{line:int}/{kind:str}",
        operation_id="FetchRequestedDocument",
        summary="Fetch the report or the certificate of a unit as PDF",
        responses={**PDF, **PROBLEMS},
    )
    async def document(
        self,
        request_id: FromPath[UUID],
        line: FromPath[int],
        kind: FromPath[Literal["report", "certificate"]],
        ports: GivenPorts,
        actor: GivenActor,
    ) -> Response[bytes]:
        """Return a printed document to the applicant's own people and to the body, the same bytes for ever."""
        number, content = await requests.fetch_document(
            actor, request_id, line, kind, unit=ports.unit, clock=ports.clock
        )
        return Response(
            content,
            media_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{number}.pdf"'},
        )
