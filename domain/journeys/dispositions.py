"""A reception off the straight way: returned, a hold released, refused, given back, its report withdrawn."""

from domain.certification.model import Reception, ReceptionState, Signature
from domain.certification.protocol import Protocol
from domain.certification.usecases import closing, signing
from domain.certification.usecases.signing import SignWithReason
from domain.journeys.inspection import record_step
from domain.journeys.ports import JourneyWork
from domain.journeys.protocols import protocol_of
from domain.passport.model import EntryKind
from domain.shared.identifiers import Ids
from domain.shared.time import Clock
from domain.shared.unit import Unit


async def send_back(wish: SignWithReason, *, unit: Unit[JourneyWork], clock: Clock) -> Reception:
    """Return a judgement, or its review, to the tester with a reason (반려).

    Raises:
        ReasonMissing: nothing says why.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it does not wait for this person's signature.
    """
    async with unit(wish.actor) as work:
        reception = await closing.send_back(wish, work=work, clock=clock)
        await work.commit()
    return reception


async def release_hold(
    wish: SignWithReason, *, unit: Unit[JourneyWork], protocol: Protocol, ids: Ids, clock: Clock
) -> Signature:
    """Sign, with a reason, that a held unit may go on to reuse; this is its review (보류 해제).

    Raises:
        ReasonMissing: nothing says why.
        OwnWork: the actor received the pack, entered a result or judged it.
        ReceptionMoved: it is not judged, or reviewed already.
        NotHeld: the judgement is no hold.
        HoldStays: something was not assessed, or no grade is reached.
        ProtocolChanged: it was judged by a protocol that is no longer in force.
    """
    async with unit(wish.actor) as work:
        received = await work.receptions.one(wish.reception_id)
        applied = await protocol_of(received, work=work, shipped=protocol)
        signature = await signing.release_hold(wish, work=work, protocol=applied, ids=ids, clock=clock)
        reception = await work.receptions.one(wish.reception_id)
        await record_step(
            reception,
            EntryKind.HOLD_RELEASED,
            {
                "reception": reception.number,
                "reason": wish.reason.strip()[:500],
                "release_sha256": signature.subject_sha256,
            },
            actor=wish.actor,
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return signature


async def refuse(wish: SignWithReason, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Reception:
    """Refuse a received unit before anything was tested (접수 거부); it may be received again.

    Raises:
        ReasonMissing: nothing says why.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: testing has begun, or it is closed.
    """
    async with unit(wish.actor) as work:
        reception = await closing.refuse(wish, work=work, clock=clock)
        await _told(reception, wish, work=work, ids=ids, clock=clock)
        await work.commit()
    return reception


async def release(wish: SignWithReason, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Reception:
    """Give a unit back without a report (반환); it may be received again.

    Raises:
        ReasonMissing: nothing says why.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is approved already, or closed.
    """
    async with unit(wish.actor) as work:
        reception = await closing.release(wish, work=work, clock=clock)
        await _told(reception, wish, work=work, ids=ids, clock=clock)
        await work.commit()
    return reception


async def _told(reception: Reception, wish: SignWithReason, *, work: JourneyWork, ids: Ids, clock: Clock) -> None:
    how = "refused" if reception.state is ReceptionState.REFUSED else "released"
    await record_step(
        reception,
        EntryKind.RELEASED,
        {"reception": reception.number, "how": how, "reason": wish.reason.strip()[:500]},
        actor=wish.actor,
        work=work,
        ids=ids,
        clock=clock,
    )


async def withdraw_report(wish: SignWithReason, *, unit: Unit[JourneyWork], clock: Clock) -> Reception:
    """Withdraw an issued report with a reason (성적서 철회); its bytes stay, and no certificate may stand on it.

    Raises:
        ReasonMissing: nothing says why.
        OwnWork: the actor received the pack, entered a result or judged it.
        ReceptionMoved: nothing is issued, or it is withdrawn already.
        CertificateStands: the certificate on it still stands.
    """
    async with unit(wish.actor) as work:
        reception = await closing.withdraw(wish, work=work, clock=clock)
        await work.commit()
    return reception
