"""Requests for inspection: filed by an applicant, accepted or refused by the body, withdrawn by who filed them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.certification.errors import RequestBodyUnknown, RequestMoved, RequestNothingLeft, RequestUnknown
from domain.certification.model import Applicant, ProtocolName
from domain.certification.ports import CertificationWork
from domain.certification.requests import (
    InspectionRequest,
    RequestedUnit,
    RequestMove,
    RequestState,
    require_units,
    waiting,
)
from domain.certification.usecases.moving import because
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import Ids, TenantId
from domain.shared.time import Clock, seoul_day

APPLICANTS = (Role.TENANT_ADMIN, Role.OPERATOR, Role.OWNER)
"""Whose own people may ask for an inspection: a tenant's, the complex operator's, an owner's."""

FILERS = (*APPLICANTS, Role.TESTER)
"""Who files requests: applicants for themselves, a body's desk for those who stand at its counter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRequest:
    """A wish to have units inspected by a body; `tenant_id` is whom its desk files for, None who files for itself."""

    actor: Actor
    body_id: TenantId
    tenant_id: TenantId | None = None
    applicant: Applicant
    purpose: str
    units: Sequence[RequestedUnit]
    protocol: ProtocolName | None = None


async def file_request(wish: FileRequest, *, work: CertificationWork, ids: Ids, clock: Clock) -> InspectionRequest:
    """File a request under a number of its own (신청), by an applicant or by the desk for one who stands at it.

    Raises:
        RoleNotEnough: the actor is none of an applicant's people, or files for another and is no tester.
        RequestBodyUnknown: a tester asks another body than their own.
        RequestEmpty, UnitAskedTwice, UnitSheetMissing, UnitSheetUnasked: as `require_units` has it.
    """
    if wish.tenant_id is None:
        wish.actor.require(*APPLICANTS)
    else:
        wish.actor.require(Role.TESTER)
        if wish.body_id != wish.actor.tenant_id:
            raise RequestBodyUnknown
    require_units(wish.units)
    now = clock.now()
    year = seoul_day(now).year
    count = await work.numbers.next(tenant_id=wish.body_id, series="request", year=year)
    request = InspectionRequest(
        request_id=ids.new(),
        number=f"Q-{year}-{count:06d}",
        tenant_id=wish.tenant_id or wish.actor.tenant_id,
        body_id=wish.body_id,
        applicant=wish.applicant,
        purpose=wish.purpose,
        protocol=wish.protocol,
        units=tuple(wish.units),
        filed_by=wish.actor.person_id,
        filed_by_name=wish.actor.name,
        filed_at=now,
        state=RequestState.FILED,
    )
    await work.requests.add(request)
    await _logged(request, None, RequestState.FILED, wish.actor, work=work, now=now)
    return request


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRequest:
    """Who acts on which request, and why where it must be said."""

    actor: Actor
    request_id: UUID
    reason: str = ""


async def hold_for_acceptance(wish: AtRequest, *, work: CertificationWork) -> InspectionRequest:
    """Return the body's own request, held against others, while units of it may be taken in.

    Raises:
        RoleNotEnough: the actor is no tester.
        RequestUnknown: there is no such request, or it is another body's.
        RequestMoved: it was refused, withdrawn or closed.
    """
    wish.actor.require(Role.TESTER)
    return await _held(wish, RequestState.FILED, RequestState.ACCEPTED, body=True, work=work)


async def accept(wish: AtRequest, request: InspectionRequest, *, work: CertificationWork, clock: Clock) -> None:
    """Note that units of a request were taken in (접수); who says so took them in."""
    await _moved(wish.actor, request, RequestState.ACCEPTED, reason=wish.reason, work=work, now=clock.now())


async def refuse_request(wish: AtRequest, *, work: CertificationWork, clock: Clock) -> None:
    """Refuse a request of which nothing was taken in, and say why (신청 반려).

    Raises:
        RoleNotEnough: the actor is no tester.
        RequestUnknown: there is no such request, or it is another body's.
        RequestMoved: it was accepted, refused or withdrawn.
        ReasonMissing: there is no reason.
    """
    wish.actor.require(Role.TESTER)
    reason = because(wish.reason)
    request = await _held(wish, RequestState.FILED, body=True, work=work)
    await _moved(wish.actor, request, RequestState.REFUSED, reason=reason, work=work, now=clock.now())


async def close_request(wish: AtRequest, *, work: CertificationWork, clock: Clock) -> None:
    """End a request of which only some units were taken in, and say why the rest is not (부분 접수 종결).

    What was received goes on to its report. Fees are each reception's own: a unit that was not taken in costs nothing.

    Raises:
        RoleNotEnough: the actor is no tester.
        RequestUnknown: there is no such request, or it is another body's.
        RequestMoved: nothing of it was taken in, or it is ended.
        RequestNothingLeft: all of it was taken in.
        ReasonMissing: there is no reason.
    """
    wish.actor.require(Role.TESTER)
    reason = because(wish.reason)
    request = await _held(wish, RequestState.ACCEPTED, body=True, work=work)
    if not waiting(request, await work.receptions.of_request(request)):
        raise RequestNothingLeft
    await _moved(wish.actor, request, RequestState.CLOSED, reason=reason, work=work, now=clock.now())


async def withdraw_request(wish: AtRequest, *, work: CertificationWork, clock: Clock) -> None:
    """Take a request back of which nothing was taken in, and say why (신청 취하).

    Raises:
        RoleNotEnough: the actor is none of an applicant's people.
        RequestUnknown: there is no such request, or it is another applicant's.
        RequestMoved: it was accepted, refused or withdrawn.
        ReasonMissing: there is no reason.
    """
    wish.actor.require(*APPLICANTS)
    reason = because(wish.reason)
    request = await _held(wish, RequestState.FILED, body=False, work=work)
    await _moved(wish.actor, request, RequestState.WITHDRAWN, reason=reason, work=work, now=clock.now())


async def _held(wish: AtRequest, *states: RequestState, body: bool, work: CertificationWork) -> InspectionRequest:
    request = await work.requests.hold(wish.request_id)
    # A complex's operator acts for every organisation in it; for a body nobody acts but its own staff.
    own = request.body_id == wish.actor.tenant_id if body else wish.actor.reaches(request.tenant_id)
    if not own:
        raise RequestUnknown(request=str(wish.request_id))
    if request.state not in states:
        raise RequestMoved(state=request.state.value)
    return request


async def _moved(
    actor: Actor,
    request: InspectionRequest,
    to: RequestState,
    *,
    reason: str,
    work: CertificationWork,
    now: datetime,
) -> None:
    await work.requests.move(request, to=to, at=now)
    await _logged(request, request.state, to, actor, work=work, now=now, reason=reason)


async def _logged(
    request: InspectionRequest,
    from_state: RequestState | None,
    to: RequestState,
    actor: Actor,
    *,
    work: CertificationWork,
    now: datetime,
    reason: str = "",
) -> None:
    await work.requests.log(
        RequestMove(
            request_id=request.request_id,
            tenant_id=request.tenant_id,
            body_id=request.body_id,
            sequence=len(await work.requests.moves(request)) + 1,
            from_state=from_state,
            to_state=to,
            moved_by=actor.person_id,
            moved_by_name=actor.name,
            moved_at=now,
            reason=reason,
        )
    )
