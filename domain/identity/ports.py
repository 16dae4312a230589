"""What the identity context asks of its store and of the password hasher."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.identity.keyring import ApiKey
from domain.identity.membership import Invitation, Member, MemberChange
from domain.identity.model import IndustrialComplex, PartyKind, Person, Session, Tenant
from domain.shared.actor import Role
from domain.shared.identifiers import PersonId, TenantId
from domain.shared.outbox import Locks
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


class Members(Protocol):
    """People as others manage them, and what was changed about them."""

    async def page(self, *, tenant_id: TenantId | None, after: PersonId | None, limit: int) -> tuple[Member, ...]:
        """Return the members of one organisation or of all, newest first."""
        ...

    async def one(self, person_id: PersonId) -> Member:
        """Return a member.

        Raises:
            MemberUnknown: there is none.
        """
        ...

    async def active(self, role: Role) -> int:
        """Count the active people of a role."""
        ...

    async def change(self, member: Member) -> None:
        """Store a member's role and whether they may sign in."""
        ...

    async def end_sessions(self, person_id: PersonId) -> int:
        """End all of a person's sessions; return how many."""
        ...

    async def note(self, change: MemberChange) -> None:
        """Store what was changed, for ever."""
        ...

    async def changes(self, person_id: PersonId) -> tuple[MemberChange, ...]:
        """Return what was changed about a member, oldest first."""
        ...

    async def organisations(self, *, after: TenantId | None, limit: int) -> tuple[Tenant, ...]:
        """Return the organisations in reach, in order of their number."""
        ...


class Invitations(Protocol):
    """Places kept for those who were invited."""

    async def add(self, invitation: Invitation) -> None:
        """Store an invitation."""
        ...

    async def find(self, token_sha256: bytes) -> Invitation | None:
        """Return the invitation of a token, and keep others who would take it waiting until the unit ends."""
        ...

    async def one(self, invitation_id: UUID) -> Invitation | None:
        """Return an invitation."""
        ...

    async def page(self, *, tenant_id: TenantId | None, after: UUID | None, limit: int) -> tuple[Invitation, ...]:
        """Return the invitations of one organisation or of all, newest first."""
        ...

    async def take(self, invitation_id: UUID, *, person_id: PersonId, at: datetime) -> bool:
        """Use an invitation up; say False when it was used or withdrawn before."""
        ...

    async def withdraw(self, invitation_id: UUID, *, at: datetime) -> bool:
        """Withdraw an invitation; say False when it was used or withdrawn before."""
        ...


class MemberWork(IdentityWork, Protocol):
    """What a transaction over members offers."""

    @property
    def members(self) -> Members:
        """People as others manage them."""
        ...

    @property
    def invitations(self) -> Invitations:
        """Places kept for those who were invited."""
        ...

    @property
    def locks(self) -> Locks:
        """Advisory locks."""
        ...


class Keys(Protocol):
    """Keys for machines."""

    async def add(self, key: ApiKey) -> None:
        """Store a key."""
        ...

    async def one(self, key_id: UUID) -> ApiKey | None:
        """Return a key."""
        ...

    async def page(self, *, tenant_id: TenantId | None, after: UUID | None, limit: int) -> tuple[ApiKey, ...]:
        """Return the keys of one organisation or of all, newest first."""
        ...

    async def retire(self, key_id: UUID, *, at: datetime) -> bool:
        """Let a key end at an instant; say False when it was told to before or is revoked."""
        ...

    async def revoke(self, key_id: UUID, *, at: datetime, by: PersonId) -> bool:
        """End a key; say False when it was revoked before."""
        ...

    async def note_use(self, key_id: UUID, *, at: datetime) -> None:
        """Keep when a key was last used; two programs that say so at once do not wait for each other for long."""
        ...


class KeyWork(IdentityWork, Protocol):
    """What a transaction over keys offers."""

    @property
    def keys(self) -> Keys:
        """Keys for machines."""
        ...
