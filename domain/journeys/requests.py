"""Requests for inspection between an applicant and a body: filed online, taken in unit by unit, followed by both."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from domain.certification.amending import last_issued
from domain.certification.errors import (
    ApplicantUnknown,
    CertificateUnknown,
    ReceptionUnknown,
    RequestBodyUnknown,
    RequestMoved,
    RequestUnitRefused,
    RequestUnknown,
    UnitScopeDiffers,
    UnitSheetMissing,
    UnitUnknown,
)
from domain.certification.model import Applicant, Certificate, Fees, ProtocolName, Reception, Report, Scope
from domain.certification.protocol_versions import ProtocolVersion
from domain.certification.requests import (
    InspectionRequest,
    RequestedUnit,
    RequestMove,
    RequestPage,
    RequestState,
    chosen,
    waiting,
)
from domain.certification.usecases import requesting
from domain.certification.usecases.intake import condition_told
from domain.certification.usecases.requesting import APPLICANTS, FILERS, AtRequest
from domain.identity.model import PartyKind, Tenant
from domain.identity.ports import Tokens
from domain.journeys import inspection, samples
from domain.journeys.ports import JourneyWork
from domain.journeys.protocols import nameable, require_fitting
from domain.journeys.sight import sight_of
from domain.passport import usecases as passport
from domain.passport.errors import IdentifierTaken, PackUnknown
from domain.passport.model import UnitKind
from domain.passport.ports import Labels
from domain.shared.actor import BODY_STAFF, COMPLEX_STAFF, TENANT_STAFF, Actor, Role, on_behalf_of
from domain.shared.documents import Documents
from domain.shared.errors import DomainError
from domain.shared.identifiers import Ids, PackId, TenantId
from domain.shared.time import Clock, seoul_day
from domain.shared.unit import Unit

APPLICANT_KINDS = (PartyKind.TENANT, PartyKind.OPERATOR, PartyKind.OWNER)
"""What may be an applicant: whose own people may ask for an inspection."""

READERS = (*TENANT_STAFF, *BODY_STAFF, *COMPLEX_STAFF, Role.OWNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedUnit:
    """A unit as an applicant names it: what is printed on it and, for a part that nobody registered, its data sheet.

    `parent` is any identifier of the pack that a part came out of; empty where it is not known.
    """

    unit: RequestedUnit
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRequest:
    """Several units to be inspected, by whom, what for, and by which protocol. One body alone needs not be named.

    `applicant_business_no` names the registered organisation that a body's desk files for; an applicant's own people
    leave it empty.
    """

    actor: Actor
    applicant: Applicant
    purpose: str
    units: Sequence[AskedUnit]
    body_id: TenantId | None = None
    protocol: ProtocolName | None = None
    applicant_business_no: str = ""


async def file_request(wish: FileRequest, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> InspectionRequest:
    """File a request (신청): a pack must be the applicant's own, a part is known or described.

    A tester files for an organisation that brought its units to the counter; from then on it is that one's request.

    Raises:
        RoleNotEnough: the actor is neither one of an applicant's people nor a tester.
        ApplicantUnknown: the desk names no organisation, or none that is registered in its complex.
        RequestBodyUnknown: there is no such body, or several and none is named.
        UnitUnknown: a pack is not registered, or not the applicant's to have inspected.
        UnitScopeDiffers: a unit is registered as something else.
        RequestEmpty, UnitAskedTwice, UnitSheetMissing, UnitSheetUnasked: the units are not as they must be.
        ProtocolNotInForce, ProtocolScopeDiffers: the protocol cannot be named, or is none for one of the units.
    """
    wish.actor.require(*FILERS)
    applicant = await _applicant(wish, unit=unit) if wish.actor.role is Role.TESTER else None
    units = [await _recognised(one, wish.actor, applicant, unit=unit, clock=clock) for one in wish.units]
    # An applicant may not write at a body, nor read its protocols: the system does what the applicant is entitled to.
    async with unit(on_behalf_of(wish.actor)) as work:
        body = await _body(wish.body_id if applicant is None else wish.actor.tenant_id, work=work)
        for scope in dict.fromkeys(one.scope for one in units):
            await require_fitting(body.tenant_id, wish.protocol, scope, on=seoul_day(clock.now()), work=work)
        request = await requesting.file_request(
            requesting.FileRequest(
                actor=wish.actor,
                body_id=body.tenant_id,
                tenant_id=applicant,
                applicant=wish.applicant,
                purpose=wish.purpose,
                units=units,
                protocol=wish.protocol,
            ),
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return request


async def _body(body_id: TenantId | None, *, work: JourneyWork) -> Tenant:
    bodies = await work.parties.of_kind(PartyKind.INSPECTION_BODY)
    found = [one for one in bodies if body_id in (None, one.tenant_id)]
    if len(found) != 1:
        raise RequestBodyUnknown
    return found[0]


async def _applicant(wish: FileRequest, *, unit: Unit[JourneyWork]) -> TenantId:
    """Return the organisation that a body's desk files for, by its business number, of the body's own complex.

    Raises:
        ApplicantUnknown: none is registered under it, or several are.
    """
    wanted = _digits(wish.applicant_business_no)
    async with unit(on_behalf_of(wish.actor)) as work:
        own = await work.parties.one(wish.actor.tenant_id)
        known = [one for kind in APPLICANT_KINDS for one in await work.parties.of_kind(kind)]
    found = [
        one.tenant_id
        for one in known
        if wanted and _digits(one.business_no) == wanted and one.complex_id == own.complex_id
    ]
    if len(found) != 1:
        raise ApplicantUnknown(business_no=wish.applicant_business_no.strip()[:40] or "-")
    return found[0]


def _digits(business_no: str) -> str:
    return "".join(character for character in business_no if character.isdecimal())


async def _recognised(
    asked: AskedUnit, actor: Actor, applicant: TenantId | None, *, unit: Unit[JourneyWork], clock: Clock
) -> RequestedUnit:
    """Return a unit with the registered one that its identifier leads to, if the applicant may have it inspected.

    `applicant` is whom the desk files for; None where the actor's own organisation is the applicant.
    """
    one = asked.unit
    pack_id = await _led_to(one.identifier, actor, applicant, unit=unit, clock=clock)
    if pack_id is None:
        if one.scope is Scope.PACK:
            raise UnitUnknown(line=one.line, identifier=one.identifier)
    else:
        async with unit(on_behalf_of(actor)) as work:
            registered = (await work.packs.one(pack_id)).kind.value
        if registered != one.scope.value:
            raise UnitScopeDiffers(line=one.line, identifier=one.identifier, registered=registered)
    parent = None
    if asked.parent:
        parent = await _led_to(asked.parent, actor, applicant, unit=unit, clock=clock)
        if parent is None:
            raise UnitUnknown(line=one.line, identifier=asked.parent)
    return replace(one, pack_id=pack_id, parent_pack_id=parent)


async def _led_to(
    identifier: str, actor: Actor, applicant: TenantId | None, *, unit: Unit[JourneyWork], clock: Clock
) -> PackId | None:
    """Return the unit of an identifier that is the applicant's; None where there is none, and none of theirs."""
    async with unit(actor) as work:
        try:
            pack_id = await work.packs.find(identifier)
        except PackUnknown:
            return None
        if applicant is not None:  # a body finds every unit at its counter, whosever it is
            return pack_id if (await work.packs.one(pack_id)).holder == applicant else None
    try:
        sight = await sight_of(pack_id, actor=actor, unit=unit, clock=clock)
    except PackUnknown:
        return None
    return None if sight.until_at is not None else pack_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRequest:
    """Units that arrived, by line, all that wait where none is named; how they looked, and by when they are due.

    `protocol` is what was agreed at the counter in the place of what the request names; None keeps that.
    """

    actor: Actor
    request_id: UUID
    condition: str
    due_on: date
    lines: Sequence[int] = ()
    place: str = "접수대"
    protocol: ProtocolName | None = None


async def accept_request(
    wish: AcceptRequest, *, unit: Unit[JourneyWork], tokens: Tokens, ids: Ids, clock: Clock
) -> tuple[Reception, ...]:
    """Take in the units of a request, each as a reception with custody and label; all of those named or none (접수).

    Raises:
        RoleNotEnough: the actor is no tester.
        ConditionMissing: nobody said how they looked.
        RequestUnknown: there is no such request, or it is another body's.
        RequestMoved: it was refused or withdrawn, or all of it is taken in.
        RequestLineUnknown: a line waits no more.
        RequestUnitRefused: says which unit cannot be taken in, and why.
    """
    wish.actor.require(Role.TESTER)
    condition_told(wish.condition)  # before a part is registered
    at = AtRequest(actor=wish.actor, request_id=wish.request_id)
    # A part is registered for its holder, beyond the body's own reach; what was registered once is found again, so
    # that an acceptance that fails after this may be repeated.
    async with unit(on_behalf_of(wish.actor)) as work:
        request = await requesting.hold_for_acceptance(at, work=work)
        parts: dict[int, PackId] = {}
        for one in await _arrived(wish, request, work=work):
            with _telling(one):
                parts[one.line] = await _registered(one, request, wish.actor, work=work, ids=ids, clock=clock)
        await work.commit()
    received: list[Reception] = []
    async with unit(wish.actor) as work:
        request = await requesting.hold_for_acceptance(at, work=work)
        for one in await _arrived(wish, request, work=work):
            with _telling(one):
                received.append(
                    await inspection.take_in(
                        inspection.ReceivePack(
                            actor=wish.actor,
                            pack_id=parts[one.line],
                            applicant=request.applicant,
                            condition=wish.condition,
                            due_on=wish.due_on,
                            place=wish.place,
                            prior_life=one.prior_life,
                            protocol=wish.protocol or request.protocol,
                        ),
                        work=work,
                        token=tokens.new_hex(),
                        ids=ids,
                        clock=clock,
                        request_id=request.request_id,
                        request_line=one.line,
                        calendar_expiry_on=one.calendar_expiry_on,
                    )
                )
        await requesting.accept(at, request, work=work, clock=clock)
        await work.commit()
    return tuple(received)


async def _arrived(wish: AcceptRequest, request: InspectionRequest, *, work: JourneyWork) -> tuple[RequestedUnit, ...]:
    """Return the units that are to be taken in: those named, else all that wait."""
    left = waiting(request, await work.receptions.of_request(request))
    if not left:
        raise RequestMoved(state=request.state.value)
    return chosen(left, wish.lines)


@contextmanager
def _telling(one: RequestedUnit) -> Iterator[None]:
    """Say of what goes wrong which unit it is about."""
    try:
        yield
    except DomainError as error:
        raise RequestUnitRefused(
            line=one.line,
            identifier=one.identifier,
            why_ko=error.sentence("ko"),
            why_en=error.sentence("en"),
            cause=error.code,
        ) from error


async def _registered(
    one: RequestedUnit, request: InspectionRequest, actor: Actor, *, work: JourneyWork, ids: Ids, clock: Clock
) -> PackId:
    """Return the registered unit of a line; a module or cell that is none is registered now, by its data sheet."""
    if one.pack_id is not None:
        return one.pack_id
    try:
        known = await work.packs.one(await work.packs.find(one.identifier))
    except PackUnknown:
        known = None
    if known is not None:
        if known.holder != request.tenant_id:
            raise IdentifierTaken(value=one.identifier)
        if known.kind.value != one.scope.value:
            raise UnitScopeDiffers(line=one.line, identifier=one.identifier, registered=known.kind.value)
        return known.pack_id
    sheet = one.sheet
    if sheet is None:
        raise UnitSheetMissing(line=one.line, identifier=one.identifier)
    part = await passport.register_part(
        passport.RegisterPart(
            actor=actor,
            holder=request.tenant_id,
            kind=UnitKind(one.scope.value),
            maker_serial=one.identifier,
            maker=sheet.maker,
            model=sheet.model,
            chemistry=sheet.chemistry.value,
            cells_in_series=sheet.cells_in_series,
            cells_in_parallel=sheet.cells_in_parallel,
            cell_capacity_mah=sheet.cell_capacity_mah,
            rated_energy_wh=sheet.rated_energy_wh,
            nominal_voltage_mv=sheet.nominal_voltage_mv,
            mass_g=sheet.mass_g,
            manufactured_on=sheet.manufactured_on,
            parent_pack_id=one.parent_pack_id,
        ),
        work=work,
        ids=ids,
        clock=clock,
    )
    return part.pack_id


async def refuse_request(wish: AtRequest, *, unit: Unit[JourneyWork], clock: Clock) -> None:
    """Refuse a request of which nothing was taken in (신청 반려).

    Raises:
        RequestUnknown: there is no such request, or it is another body's.
        RequestMoved: it was accepted, refused or withdrawn.
        ReasonMissing: there is no reason.
    """
    async with unit(on_behalf_of(wish.actor)) as work:
        await requesting.refuse_request(wish, work=work, clock=clock)
        await work.commit()


async def close_request(wish: AtRequest, *, unit: Unit[JourneyWork], clock: Clock) -> None:
    """End a request of which only some units were taken in (부분 접수 종결); those go on.

    Raises:
        RequestUnknown: there is no such request, or it is another body's.
        RequestMoved: nothing of it was taken in, or it is ended.
        RequestNothingLeft: all of it was taken in.
        ReasonMissing: there is no reason.
    """
    async with unit(on_behalf_of(wish.actor)) as work:
        await requesting.close_request(wish, work=work, clock=clock)
        await work.commit()


async def withdraw_request(wish: AtRequest, *, unit: Unit[JourneyWork], clock: Clock) -> None:
    """Take one's own request back (신청 취하).

    Raises:
        RequestUnknown: there is no such request, or it is another applicant's.
        RequestMoved: it was accepted, refused or withdrawn.
        ReasonMissing: there is no reason.
    """
    async with unit(on_behalf_of(wish.actor)) as work:
        await requesting.withdraw_request(wish, work=work, clock=clock)
        await work.commit()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitProgress:
    """How far one unit of a request has come, and what it costs; nothing of it before it was taken in.

    `report` is the one that stands: the last amended one, where there is any.
    """

    unit: RequestedUnit
    reception: Reception | None = None
    fees: Fees | None = None
    report: Report | None = None
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFile:
    """Everything about a request, and what its reader may do with it now."""

    request: InspectionRequest
    body: Tenant
    moves: tuple[RequestMove, ...]
    units: tuple[UnitProgress, ...]
    nameable: tuple[ProtocolVersion, ...]
    may_accept: bool
    may_refuse: bool
    may_close: bool
    may_withdraw: bool

    @property
    def reported(self) -> int:
        """How many of its units have their report."""
        return sum(one.report is not None for one in self.units)

    @property
    def left(self) -> tuple[RequestedUnit, ...]:
        """Its units that were not taken in: awaited while it is open, and never to be once it is not."""
        return tuple(one.unit for one in self.units if one.reception is None)

    @property
    def fees_krw(self) -> int:
        """What the units that were taken in cost together, agreed or not yet; won."""
        return sum(one.fees.total_krw for one in self.units if one.fees is not None)

    @property
    def fees_agreed(self) -> bool:
        """Whether there are fees, and all of them are agreed."""
        told = [one.fees for one in self.units if one.fees is not None and one.fees.lines]
        return bool(told) and all(one.agreed_at is not None for one in told)


async def open_request(actor: Actor, request_id: UUID, *, unit: Unit[JourneyWork], clock: Clock) -> RequestFile:
    """Show a request to its applicant's people, to the staff of the body that was asked, and to the complex's.

    Raises:
        RequestUnknown: there is none, or it is neither theirs nor asked of them.
    """
    actor.require(*READERS)
    async with unit(actor) as work:
        request = await work.requests.one(request_id)
    theirs = request.body_id == actor.tenant_id if actor.role in BODY_STAFF else actor.reaches(request.tenant_id)
    if not theirs:
        raise RequestUnknown(request=str(request_id))
    # What became of the units lies with the body; the applicant is told of it.
    async with unit(on_behalf_of(actor)) as work:
        received = await work.receptions.of_request(request)
        left = bool(waiting(request, received))
        filed = request.state is RequestState.FILED
        return RequestFile(
            request=request,
            body=await work.parties.one(request.body_id),
            moves=await work.requests.moves(request),
            units=tuple([await _progress(one, received, work=work) for one in request.units]),
            nameable=await nameable(request.body_id, on=seoul_day(clock.now()), work=work),
            may_accept=actor.role is Role.TESTER and left and request.state.is_open,
            may_refuse=actor.role is Role.TESTER and filed,
            may_close=actor.role is Role.TESTER and left and request.state is RequestState.ACCEPTED,
            may_withdraw=actor.role in APPLICANTS and filed,
        )


async def _progress(one: RequestedUnit, received: Iterable[Reception], *, work: JourneyWork) -> UnitProgress:
    reception = next((made for made in received if made.request_line == one.line), None)
    if reception is None:
        return UnitProgress(unit=one)
    certificates = await work.certificates.of_pack(reception.pack_id)
    issued = await work.reports.of_reception(reception)
    return UnitProgress(
        unit=one,
        reception=reception,
        fees=await work.custody.fees(reception),
        report=None if issued is None else last_issued(issued, await work.amendments.of_reception(reception)),
        certificate=next((made for made in certificates if made.reception_id == reception.reception_id), None),
    )


async def label_sheet(
    actor: Actor,
    request_id: UUID,
    *,
    unit: Unit[JourneyWork],
    documents: Documents,
    labels: Labels,
    public_url: str,
    clock: Clock,
) -> bytes:
    """Print the sample labels of all units of a request that were taken in, on one sheet.

    Raises:
        RoleNotEnough: the actor is no tester.
        RequestUnknown: there is no such request, or it is another body's.
        ReceptionUnknown: nothing of it was taken in yet.
    """
    actor.require(Role.TESTER)
    found = await open_request(actor, request_id, unit=unit, clock=clock)
    received = tuple(one.reception.reception_id for one in found.units if one.reception is not None)
    if not received:
        raise ReceptionUnknown(reception=found.request.number)
    return await samples.label_sheet(
        actor, received, unit=unit, documents=documents, labels=labels, public_url=public_url, clock=clock
    )


async def fetch_document(
    actor: Actor,
    request_id: UUID,
    line: int,
    kind: Literal["report", "certificate"],
    *,
    unit: Unit[JourneyWork],
    clock: Clock,
) -> tuple[str, bytes]:
    """Return the number and the PDF of a unit's report or certificate to whom the request is open.

    Raises:
        RequestUnknown: there is no such request, or it is neither theirs nor asked of them.
        CertificateUnknown: there is no such unit, or nothing is issued yet.
    """
    found = await open_request(actor, request_id, unit=unit, clock=clock)
    for one in found.units:
        issued = one.report if kind == "report" else one.certificate
        if one.unit.line == line and issued is not None:
            async with unit(on_behalf_of(actor)) as work:  # the document is kept with the body
                return issued.number, await work.files.read(issued.pdf_sha256)
    raise CertificateUnknown


async def list_requests(
    actor: Actor,
    *,
    states: tuple[RequestState, ...] = tuple(RequestState),
    after: UUID | None = None,
    waiting: bool = False,
    limit: int,
    unit: Unit[JourneyWork],
) -> tuple[InspectionRequest, ...]:
    """Return requests, newest first: an applicant's own, those asked of a body, or all for the complex's staff.

    `waiting` keeps to those of which some unit was not taken in.
    """
    actor.require(*READERS)
    asked = actor.role in BODY_STAFF
    wanted = RequestPage(
        applicant=None if asked or actor.is_complex else actor.tenant_id,
        body=actor.tenant_id if asked else None,
        states=states,
        after=after,
        waiting=waiting,
        limit=limit,
    )
    async with unit(actor) as work:
        return await work.requests.page(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A body that may be asked, and the protocols that may be named with it; the one that holds unnamed first."""

    body: Tenant
    protocols: tuple[ProtocolVersion, ...]


async def offers(actor: Actor, *, unit: Unit[JourneyWork], clock: Clock) -> tuple[Offer, ...]:
    """Return what an applicant may choose from; at a body's desk that body alone."""
    actor.require(*FILERS)
    async with unit(on_behalf_of(actor)) as work:
        today = seoul_day(clock.now())
        return tuple(
            [
                Offer(body=body, protocols=await nameable(body.tenant_id, on=today, work=work))
                for body in await work.parties.of_kind(PartyKind.INSPECTION_BODY)
                if actor.role is not Role.TESTER or body.tenant_id == actor.tenant_id
            ]
        )
