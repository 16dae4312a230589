"""The identity ports in memory."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.identity.errors import SignInNameTaken, TenantNumberTaken, TenantUnknown
from domain.identity.model import IndustrialComplex, PartyKind, Person, Session, Tenant
from domain.shared.identifiers import PersonId, TenantId


class MemoryParties:
    def __init__(self) -> None:
        self._complexes: dict[int, IndustrialComplex] = {}
        self._tenants: dict[TenantId, Tenant] = {}

    async def add_complex(self, industrial_complex: IndustrialComplex) -> None:
        self._complexes.setdefault(industrial_complex.complex_id, industrial_complex)

    async def complex_of(self, tenant_id: TenantId) -> IndustrialComplex:
        return self._complexes[(await self.one(tenant_id)).complex_id]

    async def add(self, tenant: Tenant) -> None:
        if self._tenants.setdefault(tenant.tenant_id, tenant).ref != tenant.ref:
            raise TenantNumberTaken(number=tenant.tenant_id)

    async def one(self, tenant_id: TenantId) -> Tenant:
        if tenant_id not in self._tenants:
            raise TenantUnknown
        return self._tenants[tenant_id]

    async def of_kind(self, kind: PartyKind) -> tuple[Tenant, ...]:
        return tuple(self._tenants[number] for number in sorted(self._tenants) if self._tenants[number].kind is kind)


class MemoryPeople:
    def __init__(self) -> None:
        self._people: dict[PersonId, Person] = {}
        self._failures: list[tuple[str, datetime]] = []

    async def add(self, person: Person) -> None:
        if await self.named(person.sign_in_name) is not None:
            raise SignInNameTaken(name=person.sign_in_name)
        self._people[person.person_id] = person

    async def named(self, sign_in_name: str) -> Person | None:
        return next((one for one in self._people.values() if one.sign_in_name == sign_in_name), None)

    async def one(self, person_id: PersonId) -> Person | None:
        return self._people.get(person_id)

    async def failures_since(self, sign_in_name: str, since: datetime) -> int:
        return sum(name == sign_in_name and at >= since for name, at in self._failures)

    async def note_failure(self, sign_in_name: str, *, failure_id: UUID, at: datetime) -> None:
        kept = [(name, then) for name, then in self._failures if name != sign_in_name or then >= at - timedelta(days=1)]
        self._failures = [*kept, (sign_in_name, at)]


class MemorySessions:
    def __init__(self) -> None:
        self._sessions: dict[bytes, Session] = {}

    async def open(self, session: Session) -> None:
        self._sessions[session.token_sha256] = session

    async def find(self, token_sha256: bytes, *, now: datetime) -> Session | None:
        found = self._sessions.get(token_sha256)
        return found if found is not None and found.expires_at > now else None

    async def close(self, token_sha256: bytes) -> None:
        self._sessions.pop(token_sha256, None)

    async def sweep(self, *, now: datetime) -> int:
        over = [token for token, session in self._sessions.items() if session.expires_at <= now]
        for token in over:
            del self._sessions[token]
        return len(over)


class MemoryIdentityWork:
    def __init__(self) -> None:
        self.parties = MemoryParties()
        self.people = MemoryPeople()
        self.sessions = MemorySessions()

    async def commit(self) -> None:
        return None


class PlainPasswords:
    """Hashes nothing, and counts how often it was asked: a missing person must cost one asking too."""

    def __init__(self) -> None:
        self.asked = 0

    async def hash(self, password: str) -> str:
        return f"plain:{password}"

    async def fits(self, password: str, password_hash: str | None) -> bool:
        self.asked += 1
        return password_hash == f"plain:{password}"


class CountedTokens:
    def __init__(self) -> None:
        self._last = 0

    def new(self) -> str:
        self._last += 1
        return f"token-{self._last}"

    def new_hex(self) -> str:
        return f"{self._last:032x}"
