"""Keys for machines in memory."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.identity.keyring import USE_NOTED_EVERY, ApiKey
from domain.shared.identifiers import PersonId, TenantId
from tests.fakes.members import MemoryMemberWork


class MemoryKeys:
    def __init__(self) -> None:
        self._keys: dict[UUID, ApiKey] = {}
        self.writes = 0

    async def add(self, key: ApiKey) -> None:
        self._keys[key.key_id] = key

    async def one(self, key_id: UUID) -> ApiKey | None:
        return self._keys.get(key_id)

    async def page(self, *, tenant_id: TenantId | None, after: UUID | None, limit: int) -> tuple[ApiKey, ...]:
        found = sorted(self._keys.values(), key=lambda one: one.key_id, reverse=True)
        return tuple(
            one for one in found if tenant_id in (None, one.tenant_id) and (after is None or one.key_id < after)
        )[:limit]

    async def retire(self, key_id: UUID, *, at: datetime) -> bool:
        key = self._keys[key_id]
        if key.retires_at is not None or key.revoked_at is not None:
            return False
        self._keys[key_id] = replace(key, retires_at=at)
        return True

    async def revoke(self, key_id: UUID, *, at: datetime, by: PersonId) -> bool:
        key = self._keys[key_id]
        if key.revoked_at is not None:
            return False
        self._keys[key_id] = replace(key, revoked_at=at, revoked_by=by)
        return True

    async def note_use(self, key_id: UUID, *, at: datetime) -> None:
        key = self._keys[key_id]
        if key.last_used_at is None or key.last_used_at <= at - USE_NOTED_EVERY:
            self.writes += 1
            self._keys[key_id] = replace(key, last_used_at=at)


class MemoryKeyWork(MemoryMemberWork):
    def __init__(self) -> None:
        super().__init__()
        self.keys = MemoryKeys()
