"""Moving a reception on: held against others, in the state that a step needs, with who did it, when and why."""

from datetime import datetime

from domain.certification.errors import ReasonMissing, ReceptionMoved, ReceptionUnknown
from domain.certification.model import Reception, ReceptionState, Transition
from domain.certification.ports import CertificationWork
from domain.shared.actor import Actor
from domain.shared.identifiers import ReceptionId

REASON_LENGTH_MAX = 500
MEASURABLE = (
    ReceptionState.RECEIVED,
    ReceptionState.UNDER_TEST,
    ReceptionState.TESTED,
    ReceptionState.REVIEWED,
)
"""Until it is approved, a result may be added: the reception goes back, and is judged and reviewed anew."""


async def moved(
    actor: Actor,
    reception: Reception,
    to: ReceptionState,
    *,
    work: CertificationWork,
    now: datetime,
    reason: str = "",
) -> None:
    """Move a reception on, and keep who did it, when and why."""
    await work.receptions.move(reception, to=to, at=now)
    await logged(reception, reception.state, to, actor, work=work, now=now, reason=reason)


async def logged(
    reception: Reception,
    from_state: ReceptionState | None,
    to: ReceptionState,
    actor: Actor,
    *,
    work: CertificationWork,
    now: datetime,
    reason: str = "",
) -> None:
    """Keep a move of a reception: from where, to where, who, when and why."""
    await work.receptions.log(
        Transition(
            pack_id=reception.pack_id,
            reception_id=reception.reception_id,
            tenant_id=reception.tenant_id,
            sequence=len(await work.receptions.transitions(reception)) + 1,
            from_state=from_state,
            to_state=to,
            moved_by=actor.person_id,
            moved_by_name=actor.name,
            moved_at=now,
            reason=reason,
        )
    )


def because(reason: str) -> str:
    """Return a reason, cut to what is kept.

    Raises:
        ReasonMissing: there is none.
    """
    said = reason.strip()[:REASON_LENGTH_MAX]
    if not said:
        raise ReasonMissing
    return said


async def held(actor: Actor, reception_id: ReceptionId, work: CertificationWork, *states: ReceptionState) -> Reception:
    """Return the actor's own reception, held against others, in one of the states that the step needs."""
    reception = await work.receptions.hold(reception_id)
    if reception.tenant_id != actor.tenant_id:
        raise ReceptionUnknown(reception=str(reception_id))
    if reception.state not in states:
        raise ReceptionMoved(state=reception.state.value)
    return reception
