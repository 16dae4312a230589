"""A pack's first life: registered with all its names, then in a vehicle, removed, collected."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.journeys import safety
from domain.journeys.ports import JourneyWork
from domain.journeys.sight import sight_of
from domain.passport import usecases as passport
from domain.passport.errors import HealthUntold, StepOutOfOrder
from domain.passport.model import Entry, EntryKind, Fact, Pack, Passport
from domain.shared.actor import Actor, Role, on_behalf_of
from domain.shared.canonical import Canonical
from domain.shared.identifiers import Ids, PackId
from domain.shared.time import Clock
from domain.shared.unit import Unit

FIRST_LIFE = frozenset({EntryKind.INSTALLED_IN_VEHICLE, EntryKind.REMOVED, EntryKind.COLLECTED})
"""Facts of a first life."""

IN_USE = frozenset(
    {
        EntryKind.HEALTH_CHECKED,
        EntryKind.ALARM_TRIPPED,
        EntryKind.OPENED,
        EntryKind.MOVED,
        EntryKind.BMS_CHANGED,
    }
)
"""What happens to a certified pack and may ask for its re-inspection."""

REPORTED = FIRST_LIFE | IN_USE
"""Facts that an operator reports; every other kind is written by the journey that makes it true."""


async def register_pack(
    wish: passport.RegisterPack, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock
) -> tuple[Pack, Passport]:
    """Register a pack and open its first-life passport.

    Raises:
        IdentifierMalformed: an identifier is not of its scheme's form.
        IdentifierTaken: an identifier is already another pack's.
    """
    async with unit(wish.actor) as work:
        registered = await passport.register_pack(wish, work=work, ids=ids, clock=clock)
        await work.commit()
    return registered


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFact:
    """Something that happened to a pack before it came here, or since it was certified."""

    actor: Actor
    pack_id: PackId
    kind: EntryKind
    occurred_at: datetime
    particulars: Mapping[str, Canonical]


async def report_fact(wish: ReportFact, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Entry:
    """Record a fact of a pack's first life, or of its use; a trip blocks the pack as one that was measured does.

    Raises:
        PackUnknown: there is no such pack.
        StepOutOfOrder: the pack's state does not allow the fact, or the fact is not one to report.
        HealthUntold: a health check without a health, or another fact with one.
    """
    wish.actor.require(Role.OPERATOR)
    if wish.kind not in REPORTED:
        raise StepOutOfOrder(state="first_life", kind=wish.kind)
    if (wish.kind is EntryKind.HEALTH_CHECKED) != isinstance(wish.particulars.get("soh_ppm"), int):
        raise HealthUntold
    async with unit(wish.actor) as work:
        pack = await work.packs.one(wish.pack_id)
        if wish.kind is EntryKind.ALARM_TRIPPED:
            # Whoever watches the pack takes its standing before its history; in another order the two would wait
            # for each other.
            await work.alarms.hold(pack.holder, [wish.pack_id])
        entry = await passport.record(
            wish.pack_id,
            Fact(kind=wish.kind, occurred_at=wish.occurred_at, particulars=wish.particulars),
            actor=wish.actor,
            holder=pack.holder,
            work=work,
            ids=ids,
            clock=clock,
        )
        if wish.kind is EntryKind.ALARM_TRIPPED:
            await safety.report_trip(
                pack,
                note=str(wish.particulars.get("note", "")),
                at=wish.occurred_at,
                actor=wish.actor,
                work=work,
                ids=ids,
                clock=clock,
            )
        await work.commit()
    return entry


async def verify_history(pack_id: PackId, *, actor: Actor, unit: Unit[JourneyWork], clock: Clock) -> int:
    """Check the seals of a pack's whole history, also of what the actor may not read; return how many entries hold.

    Raises:
        PackUnknown: there is no such pack, or it is not this actor's to look at.
        SealBroken: names the first broken entry.
    """
    await sight_of(pack_id, actor=actor, unit=unit, clock=clock)
    async with unit(on_behalf_of(actor)) as work:
        return await passport.verify_history(pack_id, work=work)
