"""Who holds what a request carries, in memory."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.identity.keyring import ApiKey
from domain.identity.model import Holder
from domain.shared.actor import COMPLEX_STAFF, ComplexReach, Role
from domain.shared.identifiers import TenantId
from tests.fakes.identity import MemoryIdentityWork, is_open
from tests.fakes.keys import MemoryKeyWork


class MemoryRecognition:
    def __init__(self, work: MemoryIdentityWork) -> None:
        self._work = work

    async def of_session(self, token_sha256: bytes, *, now: datetime, seen_since: datetime) -> Holder | None:
        found = self._work.sessions.kept.get(token_sha256)
        if found is None or not is_open(found, now, seen_since):
            return None
        person = await self._work.people.one(found.person_id)
        if person is None or not person.active:
            return None
        within = await self._reach(person.role, person.tenant_id)
        return Holder(actor=replace(person.actor, confirmed_at=found.confirmed_at, complex_reach=within), session=found)

    async def of_key(self, key_id: UUID) -> tuple[ApiKey, ComplexReach | None] | None:
        assert isinstance(self._work, MemoryKeyWork)
        key = await self._work.keys.one(key_id)
        return None if key is None else (key, await self._reach(key.role, key.tenant_id))

    async def _reach(self, role: Role, tenant_id: TenantId) -> ComplexReach | None:
        if role not in COMPLEX_STAFF or tenant_id not in self._work.parties.tenants:
            return None
        return await self._work.parties.reach_of(tenant_id)
