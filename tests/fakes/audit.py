"""The audit log in memory."""

from uuid import UUID

from domain.shared.audit import FIRST_SEAL, AuditEntry, AuditSearch
from domain.shared.identifiers import TenantId


class MemoryAudit:
    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    async def append(self, entry: AuditEntry) -> AuditEntry:
        own = [one for one in self.entries if one.tenant_id == entry.tenant_id]
        sealed = entry.sealed(own[-1].seal if own else FIRST_SEAL, len(own) + 1)
        self.entries.append(sealed)
        return sealed

    async def page(self, search: AuditSearch, *, after: UUID | None, limit: int) -> tuple[AuditEntry, ...]:
        found = sorted(self.entries, key=lambda one: one.entry_id, reverse=True)
        return tuple(
            one
            for one in found
            if (search.who is None or search.who in (one.actor_id, one.key_id))
            and search.action in (None, one.action)
            and (search.object_id is None or str(search.object_id) in one.object_ids)
            and search.decision in (None, one.decision)
            and (search.from_at is None or one.at >= search.from_at)
            and (search.until_at is None or one.at < search.until_at)
            and (search.organisation is None or search.organisation in (one.tenant_id, one.for_tenant))
            and search.source in (None, one.source)
            and (after is None or one.entry_id < after)
        )[:limit]

    async def chain(self, tenant_id: TenantId, *, after: int, limit: int) -> tuple[AuditEntry, ...]:
        return tuple(one for one in self.entries if one.tenant_id == tenant_id and one.sequence > after)[:limit]

    async def organisations(self) -> tuple[TenantId, ...]:
        return tuple(sorted({one.tenant_id for one in self.entries}))


class MemoryAuditWork:
    def __init__(self) -> None:
        self.audit = MemoryAudit()

    async def commit(self) -> None:
        return None
