"""Records of others that a reception's report cites (외부 기록 인용): shown with their source, never judged on."""

from dataclasses import dataclass
from uuid import UUID

from domain.certification.errors import RecordElsewhere
from domain.certification.external import Citation, ExternalRecord, cited_among
from domain.certification.model import Reception, ReceptionState
from domain.certification.ports import CertificationWork
from domain.certification.usecases.moving import held
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import ReceptionId
from domain.shared.time import Clock

CITABLE = (ReceptionState.RECEIVED, ReceptionState.UNDER_TEST)
"""Until it is judged: who reviews and approves sees what the report will cite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CiteRecord:
    """A wish to have a record of others cited in a reception's report, or, with `cited` False, left out again."""

    actor: Actor
    reception_id: ReceptionId
    record_id: UUID
    cited: bool = True


async def cite_record(wish: CiteRecord, *, work: CertificationWork, clock: Clock) -> tuple[ExternalRecord, ...]:
    """Cite a record of others about the unit, or leave it out again; return what is cited now.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is judged already, or closed.
        RecordElsewhere: the body holds no such record of this unit.
    """
    wish.actor.require(Role.TESTER)
    reception = await held(wish.actor, wish.reception_id, work, *CITABLE)
    records = await records_of(reception, work)
    if wish.record_id not in {one.record_id for one in records}:
        raise RecordElsewhere
    said = await work.external_records.citations(reception)
    if wish.cited != (wish.record_id in {one.record_id for one in cited_among(records, said)}):
        citation = Citation(
            pack_id=reception.pack_id,
            reception_id=reception.reception_id,
            tenant_id=reception.tenant_id,
            sequence=len(said) + 1,
            record_id=wish.record_id,
            cited=wish.cited,
            said_by=wish.actor.person_id,
            said_by_name=wish.actor.name,
            said_at=clock.now(),
        )
        await work.external_records.cite(citation)
        said = (*said, citation)
    return cited_among(records, said)


async def records_of(reception: Reception, work: CertificationWork) -> tuple[ExternalRecord, ...]:
    """Return the records of others that a reception's body holds about its unit, oldest first."""
    found = await work.external_records.of_pack(reception.pack_id)
    return tuple(one for one in found if one.tenant_id == reception.tenant_id)


async def cited_in(reception: Reception, work: CertificationWork) -> tuple[ExternalRecord, ...]:
    """Return the records of others that a reception's report cites."""
    return cited_among(await records_of(reception, work), await work.external_records.citations(reception))
