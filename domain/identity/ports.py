"""What the identity context asks of its store, of the password hasher and of those who prove who somebody is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.identity.keyring import ApiKey
from domain.identity.membership import Invitation, Member, MemberChange
from domain.identity.model import (
    Enrolled,
    Failures,
    Holder,
    IndustrialComplex,
    PartyKind,
    Passkey,
    Person,
    ProviderClaims,
    Session,
    Tenant,
    Ticket,
    TicketKind,
    Totp,
)
from domain.shared.actor import ComplexReach, Role
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

    async def complexes(self) -> tuple[IndustrialComplex, ...]:
        """Return the complexes of the installation, in order of their number."""
        ...

    async def reach_of(self, tenant_id: TenantId) -> ComplexReach:
        """Return how far the staff of a party's complex reach.

        Raises:
            TenantUnknown: there is no such party.
        """
        ...

    async def operator_of(self, tenant_id: TenantId) -> Tenant | None:
        """Return the operator of the complex that a party lies in, the first where there are several."""
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

    async def set_password(self, person_id: PersonId, password_hash: str) -> None:
        """Replace a person's password."""
        ...

    async def hold_failures(self, sign_in_name: str, *, source: str, since: datetime) -> Failures:
        """Count the failed tries under a name and from an address; tries under the same name wait for this one."""
        ...

    async def note_failure(self, sign_in_name: str, *, source: str, failure_id: UUID, at: datetime) -> None:
        """Count one more failed try, and forget all those older than a day."""
        ...

    async def forgive(self, sign_in_name: str, *, source: str, only: UUID | None = None) -> None:
        """Forget the failed tries under a name from an address, or only one of them."""
        ...

    async def linked(self, *, issuer: str, subject: str) -> Person | None:
        """Return the person whom an outside provider's account is bound to."""
        ...

    async def link(self, person_id: PersonId, *, issuer: str, subject: str, at: datetime) -> None:
        """Bind an outside provider's account to a person; bound so already, nothing changes.

        Raises:
            LinkTaken: the account is another person's, or the person has another account there.
        """
        ...


class Sessions(Protocol):
    """Open sessions. One that expired, or was not seen since `seen_since`, is found by nobody."""

    async def open(self, session: Session) -> None:
        """Store a session."""
        ...

    async def seen(self, token_sha256: bytes, *, at: datetime) -> None:
        """Note that the session was used."""
        ...

    async def renew(
        self, session: Session, *, token_sha256: bytes, confirmed_at: datetime | None, second_factor: bool
    ) -> bool:
        """Give a session a new token, and say what it proved; False when somebody renewed or closed it meanwhile."""
        ...

    async def of_person(self, person_id: PersonId, *, now: datetime, seen_since: datetime) -> tuple[Session, ...]:
        """Return a person's open sessions, the newest first, fifty at most."""
        ...

    async def close(self, token_sha256: bytes) -> None:
        """End a session."""
        ...

    async def close_one(self, person_id: PersonId, session_id: UUID) -> bool:
        """End one of a person's sessions; False when there is none."""
        ...

    async def close_all(self, person_id: PersonId, *, but: UUID | None = None) -> int:
        """End all of a person's sessions but the one named; return how many."""
        ...

    async def sweep(self, *, now: datetime, seen_since: datetime) -> int:
        """Forget expired sessions; return how many."""
        ...


class SecondFactors(Protocol):
    """What people have besides the password."""

    async def enrolled(self, person_id: PersonId) -> Enrolled:
        """Return what a person has; an authenticator app that waits for its first code is none."""
        ...

    async def totp(self, person_id: PersonId) -> Totp | None:
        """Return a person's authenticator app, also one that waits for its first code."""
        ...

    async def begin_totp(self, totp: Totp) -> bool:
        """Store an app that waits for its first code, instead of another that waits; False when one is enrolled."""
        ...

    async def use_totp(self, person_id: PersonId, *, step: int) -> bool:
        """Use up a step and all before it; False when it was used already. The first one ends the enrolment."""
        ...

    async def drop_totp(self, person_id: PersonId) -> None:
        """Forget a person's authenticator app."""
        ...

    async def passkeys(self, person_id: PersonId) -> tuple[Passkey, ...]:
        """Return a person's passkeys, the oldest first."""
        ...

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """Return a passkey."""
        ...

    async def add_passkey(self, passkey: Passkey) -> bool:
        """Store a passkey; False when it is known already."""
        ...

    async def use_passkey(self, passkey: Passkey, *, sign_count: int, at: datetime) -> bool:
        """Note a use and the counter it showed; False when the counter moved meanwhile."""
        ...

    async def drop_passkey(self, person_id: PersonId, credential_id: bytes) -> None:
        """Forget one of a person's passkeys."""
        ...

    async def replace_recovery_codes(self, person_id: PersonId, code_sha256s: tuple[bytes, ...]) -> None:
        """Store new recovery codes; the former open nothing any more."""
        ...

    async def use_recovery_code(self, person_id: PersonId, code_sha256: bytes, *, at: datetime) -> bool:
        """Use up a recovery code; False when it is unknown or was used."""
        ...


class Tickets(Protocol):
    """Steps that were begun."""

    async def add(self, ticket: Ticket, *, now: datetime) -> None:
        """Store a ticket, and forget those that expired."""
        ...

    async def drop(self, person_id: PersonId, *, kind: TicketKind) -> None:
        """Forget a person's tickets of a kind."""
        ...

    async def find(self, token_sha256: bytes, *, kind: TicketKind, now: datetime) -> Ticket | None:
        """Return a ticket that is neither taken nor expired."""
        ...

    async def take(self, token_sha256: bytes, *, kind: TicketKind, now: datetime) -> Ticket | None:
        """Return a ticket and forget it: of several who take it, one gets it."""
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


class Vault(Protocol):
    """Keeps small secrets closed in the store; the installation's key opens them."""

    def seal(self, secret: bytes, *, bound_to: bytes) -> bytes:
        """Return the secret closed, usable for what it is bound to only."""
        ...

    def open(self, sealed: bytes, *, bound_to: bytes) -> bytes:
        """Return the secret.

        Raises:
            SealBroken: it was altered, bound to something else, or sealed with another key.
        """
        ...


class BreachedPasswords(Protocol):
    """Passwords known from breaches, as far as the installation was given a list."""

    async def knows(self, password: str) -> bool:
        """Say whether a password is on the list."""
        ...


class Passkeys(Protocol):
    """Speaks WebAuthn with browsers; texts are the JSON that they take and give."""

    def enrolment_options(self, person: Person, *, challenge: bytes, known: tuple[Passkey, ...]) -> str:
        """Return what a browser needs to make a passkey."""
        ...

    def enrolled(self, answer: str, *, challenge: bytes) -> tuple[bytes, bytes, int]:
        """Check a browser's new passkey; return its credential id, public key and sign counter.

        Raises:
            PasskeyRefused: it was made for another challenge or site, or its user was not verified.
        """
        ...

    def assertion_options(self, *, challenge: bytes, known: tuple[Passkey, ...]) -> str:
        """Return what a browser needs to use a passkey: one of `known`, or any it has for this site."""
        ...

    def credential_id_of(self, answer: str) -> bytes:
        """Return which passkey a browser's answer claims to come from.

        Raises:
            PasskeyRefused: it is no such answer.
        """
        ...

    def asserted(self, answer: str, *, challenge: bytes, passkey: Passkey) -> int:
        """Check a passkey's answer; return the counter it shows.

        Raises:
            PasskeyRefused: the signature, the challenge or the site do not fit, or the counter did not rise.
        """
        ...


class IdentityProvider(Protocol):
    """An outside provider of identities (OpenID Connect)."""

    async def authorization_url(self, *, state: str, nonce: str, code_verifier: str) -> str:
        """Return where to send the browser.

        Raises:
            ProviderAway: the provider does not answer.
        """
        ...

    async def redeem(self, code: str, *, nonce: str, code_verifier: str) -> ProviderClaims:
        """Exchange a code for the signed claims, and check them.

        Raises:
            ProviderAway: the provider does not answer.
            ProviderRefused: signature, issuer, audience, age or nonce do not fit, or the code is refused.
        """
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

    @property
    def second_factors(self) -> SecondFactors:
        """What people have besides the password."""
        ...

    @property
    def tickets(self) -> Tickets:
        """Steps that were begun."""
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

    async def active(self, role: Role, *, in_complex_of: TenantId) -> int:
        """Count the active people of a role in the complex that an organisation lies in."""
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

    async def names(self, person_ids: Sequence[PersonId]) -> Mapping[PersonId, str]:
        """Return the printed names of people; who is not in reach is left out."""
        ...

    async def party_names(self, tenant_ids: Sequence[TenantId]) -> Mapping[TenantId, str]:
        """Return the Korean names of organisations; which are not in reach are left out."""
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


class Recognition(Protocol):
    """Says who holds what a request carries: one look each, outside any transaction."""

    async def of_session(self, token_sha256: bytes, *, now: datetime, seen_since: datetime) -> Holder | None:
        """Return the active person who holds a session's token, and the session.

        None when the session expired by `now`, or was not seen after `seen_since`.
        """
        ...

    async def of_key(self, key_id: UUID) -> tuple[ApiKey, ComplexReach | None] | None:
        """Return a key, however it stands, and how far it reaches where it stands for a complex's staff."""
        ...


class KeyWork(IdentityWork, Protocol):
    """What a transaction over keys offers."""

    @property
    def keys(self) -> Keys:
        """Keys for machines."""
        ...
