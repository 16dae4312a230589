"""The audit log: writing one entry in a transaction of its own, looking things up, checking that it holds."""

from uuid import UUID

from domain.shared.actor import SYSTEM, Actor, Role
from domain.shared.audit import FIRST_SEAL, AuditEntry, AuditSearch, AuditWork, verify
from domain.shared.unit import Unit

CHECKED_AT_ONCE = 1_000


async def record(entry: AuditEntry, *, unit: Unit[AuditWork]) -> AuditEntry:
    """Write an entry."""
    async with unit(SYSTEM) as work:
        sealed = await work.audit.append(entry)
        await work.commit()
    return sealed


async def search(
    actor: Actor, wanted: AuditSearch, *, after: UUID | None, limit: int, unit: Unit[AuditWork]
) -> tuple[AuditEntry, ...]:
    """Return entries, newest first.

    Raises:
        RoleNotEnough: auditors and administrators only.
    """
    actor.require(Role.AUDITOR, Role.ADMIN, Role.SYSTEM)
    async with unit(actor) as work:
        return await work.audit.page(wanted, after=after, limit=limit)


async def verify_log(actor: Actor, *, unit: Unit[AuditWork]) -> int:
    """Check every organisation's chain from its first entry; return how many entries hold.

    Raises:
        RoleNotEnough: auditors and administrators only.
        AuditBroken: names the first entry that does not hold.
    """
    actor.require(Role.AUDITOR, Role.ADMIN, Role.SYSTEM)
    held = 0
    async with unit(actor) as work:
        for tenant_id in await work.audit.organisations():
            seal, sequence = FIRST_SEAL, 0
            while entries := await work.audit.chain(tenant_id, after=sequence, limit=CHECKED_AT_ONCE):
                seal, sequence = verify(entries, previous=seal, sequence=sequence)
            held += sequence
    return held
