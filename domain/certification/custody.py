"""Where a unit is and in whose hands (보관·인계), its sample label, and what its inspection costs. No step commits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.certification.errors import (
    CustodyEnded,
    FeesAgreed,
    ReceptionMoved,
    ReceptionUnknown,
    SampleLabelUnknown,
)
from domain.certification.model import CustodyKind, CustodyMove, Fee, Fees, Reception, SampleLabel
from domain.certification.ports import CertificationWork
from domain.shared.actor import BODY_STAFF, Actor, Role
from domain.shared.identifiers import ReceptionId
from domain.shared.time import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """A wish to write down that a unit moved, into whose hands, and in which condition it was seen."""

    actor: Actor
    reception_id: ReceptionId
    kind: CustodyKind
    place: str
    holder: str
    condition: str


async def hand_over(wish: HandOver, *, work: CertificationWork, clock: Clock) -> CustodyMove:
    """Add a hand-over to a unit's custody. A unit goes back, or is disposed of, once its reception is no longer open.

    Raises:
        RoleNotEnough: the actor is none of the body's staff.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is still open, and the unit would leave.
        CustodyEnded: the unit left already.
    """
    wish.actor.require(*BODY_STAFF)
    reception = await _own(wish.actor, wish.reception_id, work)
    moves = await work.custody.of_reception(reception)
    if moves and moves[-1].kind.leaves:
        raise CustodyEnded
    if wish.kind.leaves and reception.state.is_open:
        raise ReceptionMoved(state=reception.state.value)
    return await _moved(wish, reception, len(moves) + 1, work=work, clock=clock)


async def take_in(wish: HandOver, reception: Reception, *, work: CertificationWork, clock: Clock, token: str) -> None:
    """Begin a unit's custody as it is received, and give it a sample label of its own."""
    await _moved(wish, reception, 1, work=work, clock=clock)
    await work.custody.add_label(
        SampleLabel(
            pack_id=reception.pack_id,
            reception_id=reception.reception_id,
            tenant_id=reception.tenant_id,
            token=token,
            made_by=wish.actor.person_id,
            made_at=clock.now(),
        )
    )


async def _moved(
    wish: HandOver, reception: Reception, sequence: int, *, work: CertificationWork, clock: Clock
) -> CustodyMove:
    move = CustodyMove(
        pack_id=reception.pack_id,
        reception_id=reception.reception_id,
        tenant_id=reception.tenant_id,
        sequence=sequence,
        kind=wish.kind,
        place=wish.place,
        holder=wish.holder,
        condition=wish.condition,
        moved_by=wish.actor.person_id,
        moved_by_name=wish.actor.name,
        moved_at=clock.now(),
    )
    await work.custody.add(move)
    return move


async def sample_label(
    actor: Actor, reception_id: ReceptionId, *, work: CertificationWork
) -> tuple[Reception, SampleLabel]:
    """Return a unit's sample label; looking at it changes nothing, for it was made as the unit was received.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        SampleLabelUnknown: the unit has none.
    """
    actor.require(Role.TESTER)
    reception = await _own(actor, reception_id, work)
    found = await work.custody.label(reception)
    if found is None:
        raise SampleLabelUnknown(reception=reception.number)
    return reception, found


async def find_sample(actor: Actor, token: str, *, work: CertificationWork) -> Reception:
    """Return the reception that a sample label leads to, for the staff of its body and for nobody else.

    Raises:
        RoleNotEnough: the actor is none of a body's staff.
        ReceptionUnknown: the label is no such label, or another body's.
    """
    actor.require(*BODY_STAFF)
    return await _own(actor, await work.custody.find(token), work)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFees:
    """A wish to say what an inspection costs, line by line; no invoice."""

    actor: Actor
    reception_id: ReceptionId
    lines: Sequence[Fee]


async def set_fees(wish: SetFees, *, work: CertificationWork, clock: Clock) -> Fees:
    """Say what an inspection costs, in the place of what was said before; until it is agreed.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        FeesAgreed: they are agreed already.
    """
    wish.actor.require(Role.TESTER)
    reception = await _own(wish.actor, wish.reception_id, work)
    fees = Fees(
        pack_id=reception.pack_id,
        reception_id=reception.reception_id,
        tenant_id=reception.tenant_id,
        lines=tuple(wish.lines),
        set_by_name=wish.actor.name,
        set_at=clock.now(),
        agreed_at=None,
    )
    await work.custody.set_fees(fees)
    return fees


async def agree_fees(actor: Actor, reception_id: ReceptionId, *, work: CertificationWork, clock: Clock) -> Fees:
    """Note that the applicant agreed to the fees; they are not changed after.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        FeesAgreed: there are none, or they are agreed already.
    """
    actor.require(Role.TESTER)
    reception = await _own(actor, reception_id, work)
    fees = await work.custody.fees(reception)
    if fees is None or fees.agreed_at is not None:
        raise FeesAgreed
    agreed = replace(fees, agreed_at=clock.now())
    await work.custody.set_fees(agreed)
    return agreed


async def _own(actor: Actor, reception_id: ReceptionId, work: CertificationWork) -> Reception:
    reception = await work.receptions.one(reception_id)
    if reception.tenant_id != actor.tenant_id:
        raise ReceptionUnknown(reception=str(reception_id))
    return reception
