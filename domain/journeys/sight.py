"""How much of a pack's life one reader may see: it follows who holds the pack, and when."""

from dataclasses import dataclass
from datetime import datetime

from domain.journeys.ports import JourneyWork
from domain.passport.attributes import Tier
from domain.passport.errors import PackUnknown
from domain.passport.grants import TIER_OF
from domain.passport.model import Entry, EntryKind
from domain.shared.actor import BODY_STAFF, COMPLEX_STAFF, GRANTED, TENANT_STAFF, Actor, Role
from domain.shared.identifiers import PackId, TenantId
from domain.shared.time import Clock
from domain.shared.unit import Unit

OWN_USE = frozenset({EntryKind.IN_SERVICE, EntryKind.BILLED, EntryKind.DEPLOYED})
"""What a holder did with a pack; another holder does not see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a reader may see of one pack.

    `use_of` is the tenant whose use of the pack shows, None where nobody's does; `all_use` shows everybody's.
    `until_at` ends the sight of one who held the pack before. `tier` is that of one who looks by a grant, None for
    those whom the pack passes through.
    """

    all_use: bool = False
    use_of: TenantId | None = None
    until_at: datetime | None = None
    tier: Tier | None = None

    def shows(self, entry: Entry) -> bool:
        """Say whether an entry of the history lies in sight."""
        if self.until_at is not None and entry.occurred_at >= self.until_at:
            return False
        return self.all_use or entry.kind not in OWN_USE or entry.holder == self.use_of


async def sight_of(pack_id: PackId, *, actor: Actor, unit: Unit[JourneyWork], clock: Clock) -> Sight:
    """Say how much of a pack an actor may see, decided within the actor's own reach.

    The complex's staff see all of it, an inspection body's everything but how it was used, a tenant that holds it
    its own use, and a tenant that held it what happened until it gave the pack back. An owner, an authority and a
    recycler see it while a grant is in force, and not how it was used.

    Raises:
        PackUnknown: there is no such pack, or nothing of it is this actor's to see.
    """
    actor.require(*COMPLEX_STAFF, Role.SYSTEM, *BODY_STAFF, *TENANT_STAFF, *GRANTED)
    async with unit(actor) as work:
        if actor.role in GRANTED:
            if not await work.grants.opens(actor.tenant_id, pack_id, now=clock.now()):
                raise PackUnknown(identifier=str(pack_id))
            return Sight(tier=TIER_OF[actor.role])
        if not actor.is_tenant:
            await work.packs.one(pack_id)
            return Sight(all_use=actor.is_complex)
        own = actor.tenant_id
        try:
            await work.packs.one(pack_id)
        except PackUnknown:
            held = await work.assignments.of_pack(own, pack_id)
            ends = [one.ends_at for one in held if one.ends_at is not None]
            if not held or len(ends) < len(held):
                raise
            return Sight(use_of=own, until_at=max(ends))
        return Sight(use_of=own)
