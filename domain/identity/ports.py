"""What the identity context asks of its store and of the password hasher."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.identity.model import IndustrialComplex, PartyKind, Person, Session, Tenant
from domain.shared.identifiers import PersonId, TenantId
from domain.shared.unit import Committable


class Parties(Protocol):
    """The complex and its parties."""

    async def add_complex(self, industrial_complex: IndustrialComplex) -> None:
        """Store a complex unless its number is in use."""
        ...

    async def complex_of(self, tenant_id: TenantId) -> IndustrialComplex:
        """Return the complex that a party lies in.

        Raises:
            TenantUnknown: there is no such party.
        """
        ...

    async def add(self, tenant: Tenant) -> None:
        """Store a party.

        Raises:
            TenantNumberTaken: another party has its number.
        """
        ...

    async def one(self, tenant_id: TenantId) -> Tenant:
        """Return a party.

        Raises:
            TenantUnknown: there is none.
        """
        ...

    async def of_kind(self, kind: PartyKind) -> tuple[Tenant, ...]:
        """Return all parties of a kind, in order of their number."""
        ...


class People(Protocol):
    """Those who sign in."""

    async def add(self, person: Person) -> None:
        """Store a person.

        Raises:
            SignInNameTaken: somebody else has the name.
        """
        ...

    async def named(self, sign_in_name: str) -> Person | None:
        """Return the person who signs in under a name."""
        ...

    async def one(self, person_id: PersonId) -> Person | None:
        """Return a person."""
        ...

    async def failures_since(self, sign_in_name: str, since: datetime) -> int:
        """Count the failed sign-ins under a name."""
        ...

    async def note_failure(self, sign_in_name: str, *, failure_id: UUID, at: datetime) -> None:
        """Count one more failed sign-in, and forget those older than a day."""
        ...


class Sessions(Protocol):
    """Open sessions."""

    async def open(self, session: Session) -> None:
        """Store a session."""
        ...

    async def find(self, token_sha256: bytes, *, now: datetime) -> Session | None:
        """Return a session that has not expired."""
        ...

    async def close(self, token_sha256: bytes) -> None:
        """End a session."""
        ...

    async def sweep(self, *, now: datetime) -> int:
        """Forget expired sessions; return how many."""
        ...


class Passwords(Protocol):
    """Hashes passwords slowly, on purpose, off the event loop."""

    async def hash(self, password: str) -> str:
        """Return the text to keep."""
        ...

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Say whether a password fits; with no hash, take as long and say no."""
        ...


class Tokens(Protocol):
    """Makes secrets."""

    def new(self) -> str:
        """Return 256 random bits as URL-safe text."""
        ...

    def new_hex(self) -> str:
        """Return 128 random bits as 32 hexadecimal digits."""
        ...


class IdentityWork(Committable, Protocol):
    """What a transaction over people offers."""

    @property
    def parties(self) -> Parties:
        """The complex and its parties."""
        ...

    @property
    def people(self) -> People:
        """Those who sign in."""
        ...

    @property
    def sessions(self) -> Sessions:
        """Open sessions."""
        ...
