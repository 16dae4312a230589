"""The identity ports in memory."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.identity.errors import LinkTaken, SignInNameTaken, TenantNumberTaken, TenantUnknown
from domain.identity.model import (
    Enrolled,
    Failures,
    IndustrialComplex,
    PartyKind,
    Passkey,
    Person,
    Session,
    Tenant,
    Ticket,
    TicketKind,
    Totp,
)
from domain.shared.actor import ComplexReach, complex_reach_of
from domain.shared.identifiers import PersonId, TenantId


class MemoryParties:
    def __init__(self) -> None:
        self._complexes: dict[int, IndustrialComplex] = {}
        self.tenants: dict[TenantId, Tenant] = {}

    async def add_complex(self, industrial_complex: IndustrialComplex) -> None:
        self._complexes.setdefault(industrial_complex.complex_id, industrial_complex)

    async def complex_of(self, tenant_id: TenantId) -> IndustrialComplex:
        return self._complexes[(await self.one(tenant_id)).complex_id]

    async def add(self, tenant: Tenant) -> None:
        if self.tenants.setdefault(tenant.tenant_id, tenant).ref != tenant.ref:
            raise TenantNumberTaken(number=tenant.tenant_id)

    async def one(self, tenant_id: TenantId) -> Tenant:
        if tenant_id not in self.tenants:
            raise TenantUnknown
        return self.tenants[tenant_id]

    async def complexes(self) -> tuple[IndustrialComplex, ...]:
        return tuple(self._complexes[number] for number in sorted(self._complexes))

    async def reach_of(self, tenant_id: TenantId) -> ComplexReach:
        own = (await self.one(tenant_id)).complex_id
        return complex_reach_of(own, [one.tenant_id for one in self.tenants.values() if one.complex_id == own])

    async def operator_of(self, tenant_id: TenantId) -> Tenant | None:
        own = (await self.one(tenant_id)).complex_id
        return next((one for one in await self.of_kind(PartyKind.OPERATOR) if one.complex_id == own), None)

    async def of_kind(self, kind: PartyKind) -> tuple[Tenant, ...]:
        return tuple(self.tenants[number] for number in sorted(self.tenants) if self.tenants[number].kind is kind)


class MemoryPeople:
    def __init__(self) -> None:
        self._people: dict[PersonId, Person] = {}
        self._failures: list[tuple[str, str, datetime, UUID]] = []
        self._links: dict[tuple[str, str], PersonId] = {}

    async def add(self, person: Person) -> None:
        if await self.named(person.sign_in_name) is not None:
            raise SignInNameTaken(name=person.sign_in_name)
        self._people[person.person_id] = person

    async def named(self, sign_in_name: str) -> Person | None:
        return next((one for one in self._people.values() if one.sign_in_name == sign_in_name), None)

    async def one(self, person_id: PersonId) -> Person | None:
        return self._people.get(person_id)

    async def set_password(self, person_id: PersonId, password_hash: str) -> None:
        self._people[person_id] = replace(self._people[person_id], password_hash=password_hash)

    async def hold_failures(self, sign_in_name: str, *, source: str, since: datetime) -> Failures:
        fresh = [one for one in self._failures if one[2] >= since]
        named = [at for name, _, at, _ in fresh if name == sign_in_name]
        sent = [at for _, origin, at, _ in fresh if origin == source and source]
        return Failures(
            under_name=len(named),
            last_under_name=max(named, default=None),
            from_source=len(sent),
            last_from_source=max(sent, default=None),
        )

    async def note_failure(self, sign_in_name: str, *, source: str, failure_id: UUID, at: datetime) -> None:
        kept = [one for one in self._failures if one[2] >= at - timedelta(days=1)]
        self._failures = [*kept, (sign_in_name, source, at, failure_id)]

    async def forgive(self, sign_in_name: str, *, source: str, only: UUID | None = None) -> None:
        self._failures = [
            (name, origin, at, failure_id)
            for name, origin, at, failure_id in self._failures
            if not (name == sign_in_name and origin == source and only in (None, failure_id))
        ]

    async def linked(self, *, issuer: str, subject: str) -> Person | None:
        return self._people.get(self._links.get((issuer, subject), PersonId(UUID(int=0))))

    async def link(self, person_id: PersonId, *, issuer: str, subject: str, at: datetime) -> None:
        other = any(who == person_id and where[0] == issuer for where, who in self._links.items())
        bound = self._links.get((issuer, subject))
        if bound not in (None, person_id) or (bound is None and other):
            raise LinkTaken
        self._links[(issuer, subject)] = person_id


class MemorySessions:
    def __init__(self) -> None:
        self.kept: dict[bytes, Session] = {}

    async def open(self, session: Session) -> None:
        self.kept[session.token_sha256] = session

    async def seen(self, token_sha256: bytes, *, at: datetime) -> None:
        if token_sha256 in self.kept:
            self.kept[token_sha256] = replace(self.kept[token_sha256], last_seen_at=at)

    async def renew(
        self, session: Session, *, token_sha256: bytes, confirmed_at: datetime | None, second_factor: bool
    ) -> bool:
        kept = self.kept.pop(session.token_sha256, None)
        if kept is None:
            return False
        self.kept[token_sha256] = replace(
            kept, token_sha256=token_sha256, confirmed_at=confirmed_at, second_factor=second_factor
        )
        return True

    async def of_person(self, person_id: PersonId, *, now: datetime, seen_since: datetime) -> tuple[Session, ...]:
        mine = [one for one in self.kept.values() if one.person_id == person_id and is_open(one, now, seen_since)]
        mine.sort(key=lambda one: one.session_id)
        return tuple(sorted(mine, key=lambda one: one.opened_at, reverse=True)[:50])

    async def close(self, token_sha256: bytes) -> None:
        self.kept.pop(token_sha256, None)

    async def close_one(self, person_id: PersonId, session_id: UUID) -> bool:
        return self._drop(lambda one: one.person_id == person_id and one.session_id == session_id) == 1

    async def close_all(self, person_id: PersonId, *, but: UUID | None = None) -> int:
        return self._drop(lambda one: one.person_id == person_id and one.session_id != but)

    async def sweep(self, *, now: datetime, seen_since: datetime) -> int:
        return self._drop(lambda one: not is_open(one, now, seen_since))

    def _drop(self, over: Callable[[Session], bool]) -> int:
        kept = {token: one for token, one in self.kept.items() if not over(one)}
        dropped = len(self.kept) - len(kept)
        self.kept = kept
        return dropped


def is_open(session: Session, now: datetime, seen_since: datetime) -> bool:
    return session.expires_at > now and session.last_seen_at > seen_since


class MemorySecondFactors:
    def __init__(self) -> None:
        self._apps: dict[PersonId, Totp] = {}
        self._passkeys: dict[bytes, Passkey] = {}
        self._codes: dict[tuple[PersonId, bytes], datetime | None] = {}

    async def enrolled(self, person_id: PersonId) -> Enrolled:
        app = self._apps.get(person_id)
        return Enrolled(
            totp=app is not None and app.last_step is not None,
            passkeys=len(await self.passkeys(person_id)),
            recovery_codes=sum(who == person_id and used is None for (who, _), used in self._codes.items()),
        )

    async def totp(self, person_id: PersonId) -> Totp | None:
        return self._apps.get(person_id)

    async def begin_totp(self, totp: Totp) -> bool:
        known = self._apps.get(totp.person_id)
        if known is not None and known.last_step is not None:
            return False
        self._apps[totp.person_id] = totp
        return True

    async def use_totp(self, person_id: PersonId, *, step: int) -> bool:
        app = self._apps.get(person_id)
        if app is None or (app.last_step is not None and app.last_step >= step):
            return False
        self._apps[person_id] = replace(app, last_step=step)
        return True

    async def drop_totp(self, person_id: PersonId) -> None:
        self._apps.pop(person_id, None)

    async def passkeys(self, person_id: PersonId) -> tuple[Passkey, ...]:
        mine = [one for one in self._passkeys.values() if one.person_id == person_id]
        return tuple(sorted(mine, key=lambda one: (one.enrolled_at, one.credential_id)))

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        return self._passkeys.get(credential_id)

    async def add_passkey(self, passkey: Passkey) -> bool:
        if passkey.credential_id in self._passkeys:
            return False
        self._passkeys[passkey.credential_id] = passkey
        return True

    async def use_passkey(self, passkey: Passkey, *, sign_count: int, at: datetime) -> bool:
        known = self._passkeys.get(passkey.credential_id)
        if known is None or known.sign_count != passkey.sign_count:
            return False
        self._passkeys[passkey.credential_id] = replace(known, sign_count=sign_count, last_used_at=at)
        return True

    async def drop_passkey(self, person_id: PersonId, credential_id: bytes) -> None:
        known = self._passkeys.get(credential_id)
        if known is not None and known.person_id == person_id:
            del self._passkeys[credential_id]

    async def replace_recovery_codes(self, person_id: PersonId, code_sha256s: tuple[bytes, ...]) -> None:
        self._codes = {key: used for key, used in self._codes.items() if key[0] != person_id}
        self._codes |= {(person_id, code): None for code in code_sha256s}

    async def use_recovery_code(self, person_id: PersonId, code_sha256: bytes, *, at: datetime) -> bool:
        if self._codes.get((person_id, code_sha256), at) is not None:
            return False
        self._codes[(person_id, code_sha256)] = at
        return True


class MemoryTickets:
    def __init__(self) -> None:
        self._tickets: dict[bytes, Ticket] = {}

    async def add(self, ticket: Ticket, *, now: datetime) -> None:
        self._tickets = {key: one for key, one in self._tickets.items() if one.expires_at > now}
        self._tickets[ticket.token_sha256] = ticket

    async def drop(self, person_id: PersonId, *, kind: TicketKind) -> None:
        dropped = [key for key, one in self._tickets.items() if one.person_id == person_id and one.kind is kind]
        for key in dropped:
            del self._tickets[key]

    async def find(self, token_sha256: bytes, *, kind: TicketKind, now: datetime) -> Ticket | None:
        found = self._tickets.get(token_sha256)
        return found if found is not None and found.kind is kind and found.expires_at > now else None

    async def take(self, token_sha256: bytes, *, kind: TicketKind, now: datetime) -> Ticket | None:
        found = await self.find(token_sha256, kind=kind, now=now)
        if found is not None:
            del self._tickets[token_sha256]
        return found


class MemoryIdentityWork:
    def __init__(self) -> None:
        self.parties = MemoryParties()
        self.people = MemoryPeople()
        self.sessions = MemorySessions()
        self.second_factors = MemorySecondFactors()
        self.tickets = MemoryTickets()

    async def commit(self) -> None:
        return None


class OpenVault:
    """Keeps nothing secret, but still knows what a secret was bound to."""

    def seal(self, secret: bytes, *, bound_to: bytes) -> bytes:
        return bound_to + secret

    def open(self, sealed: bytes, *, bound_to: bytes) -> bytes:
        assert sealed.startswith(bound_to)
        return sealed.removeprefix(bound_to)


class ListedPasswords:
    """Knows the passwords that it was given."""

    def __init__(self, *known: str) -> None:
        self._known = known

    async def knows(self, password: str) -> bool:
        return password in self._known


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
        self._last += 1
        return f"{self._last:032x}"
