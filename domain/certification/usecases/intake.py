"""A unit taken in for inspection (접수)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.certification.errors import ConditionMissing, ReceptionUnknown
from domain.certification.model import Applicant, ItemFacts, ProtocolName, Reception, ReceptionState
from domain.certification.ports import CertificationWork
from domain.certification.usecases.moving import logged
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import Ids, PackId, ReceptionId, TenantId
from domain.shared.time import Clock, seoul_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """A wish to take a unit in for inspection, by the protocol of its day or by one that was agreed."""

    actor: Actor
    pack_id: PackId
    tenant_id: TenantId
    applicant: Applicant
    condition: str
    due_on: date
    facts: ItemFacts
    protocol: ProtocolName | None = None
    request_id: UUID | None = None
    request_line: int | None = None


def condition_told(condition: str) -> str:
    """Return how a unit looked as it arrived; asked for before anything of it is kept.

    Raises:
        ConditionMissing: nobody said; blanks and dashes say nothing.
    """
    told = condition.strip()
    if not any(character.isalnum() for character in told):
        raise ConditionMissing
    return told


async def receive(wish: Receive, *, work: CertificationWork, ids: Ids, clock: Clock) -> Reception:
    """Take a pack in for inspection, under a number of its own.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: the actor belongs to another body.
        ConditionMissing: nobody said how it looked.
        AlreadyReceived: the pack lies in an open reception.
    """
    wish.actor.require(Role.TESTER)
    if wish.actor.tenant_id != wish.tenant_id:
        raise ReceptionUnknown(reception=str(wish.pack_id))
    condition = condition_told(wish.condition)
    now = clock.now()
    year = seoul_day(now).year
    count = await work.numbers.next(tenant_id=wish.tenant_id, series="reception", year=year)
    reception = Reception(
        reception_id=ReceptionId(ids.new()),
        number=f"R-{year}-{count:06d}",
        pack_id=wish.pack_id,
        tenant_id=wish.tenant_id,
        applicant=wish.applicant,
        condition=condition,
        facts=wish.facts,
        received_by=wish.actor.person_id,
        received_by_name=wish.actor.name,
        received_at=now,
        due_on=wish.due_on,
        state=ReceptionState.RECEIVED,
        protocol=wish.protocol,
        request_id=wish.request_id,
        request_line=wish.request_line,
    )
    await work.receptions.add(reception)
    await logged(reception, None, ReceptionState.RECEIVED, wish.actor, work=work, now=now)
    return reception
