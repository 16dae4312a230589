"""A pack leaves the contract that it serves: for re-inspection, repair, another tenant or the end of its life."""

from dataclasses import dataclass

from domain.journeys.ports import JourneyWork
from domain.passport import usecases as passport
from domain.passport.model import EntryKind, Fact
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import Ids, PackId
from domain.shared.time import Clock
from domain.shared.unit import Unit
from domain.subscription import usecases as subscription
from domain.subscription.errors import AssignmentUnknown
from domain.subscription.model import Assignment

PACK_WITHDRAWN = "pack.withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawPack:
    """A pack that shall serve its contract no longer, and why."""

    actor: Actor
    pack_id: PackId
    reason: str


async def withdraw_pack(wish: WithdrawPack, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Assignment:
    """End what a pack serves, now, and give it back to the complex; this Seoul day is no longer charged for it.

    The contract stays and may take another pack. The tenant keeps its sight of what the pack did until now.

    Raises:
        RoleNotEnough: the actor is no operator.
        PackUnknown: there is no such pack.
        AssignmentUnknown: it serves no contract.
        AssignmentEnded: it would leave before it came.
    """
    wish.actor.require(Role.OPERATOR)
    now = clock.now()
    async with unit(wish.actor) as work:
        pack = await work.packs.one(wish.pack_id)
        if pack.contract_id is None:
            raise AssignmentUnknown
        ended = await subscription.remove_pack(
            subscription.RemovePack(actor=wish.actor, tenant_id=pack.holder, pack_id=pack.pack_id, at=now), work=work
        )
        contract = await work.contracts.one(pack.holder, pack.contract_id)
        entry = await passport.record(
            pack.pack_id,
            Fact(
                kind=EntryKind.WITHDRAWN_FROM_USE,
                occurred_at=now,
                particulars={"contract": contract.number, "reason": wish.reason},
            ),
            actor=wish.actor,
            holder=pack.holder,
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.packs.release(pack.pack_id, holder=wish.actor.tenant_id)
        await work.outbox.put(
            message_id=ids.new(),
            topic=PACK_WITHDRAWN,
            key=f"{pack.pack_id}:{entry.sequence}",
            payload={
                "pack_id": str(pack.pack_id),
                "tenant_id": pack.holder,
                "contract": contract.number,
                "contract_id": str(contract.contract_id),
            },
            now=now,
        )
        await work.commit()
    return ended
