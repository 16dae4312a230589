"""Parties, people, sessions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.shared.actor import Actor, Role
from domain.shared.identifiers import PersonId, TenantId


class PartyKind(StrEnum):
    """What an organisation is here."""

    TENANT = "tenant"
    INSPECTION_BODY = "inspection_body"
    OPERATOR = "operator"
    OWNER = "owner"
    AUTHORITY = "authority"
    RECYCLER = "recycler"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndustrialComplex:
    """An industrial complex (산업단지)."""

    complex_id: int
    name_ko: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A party whose rows these are: a complex tenant, an inspection body, the operator.

    `bank_account` is where a seller takes transfers, `accreditation` what a body prints of its designation, and
    `insurance` of the liability insurance that a designated body must have; each is empty where it has none.
    """

    tenant_id: TenantId
    ref: UUID
    complex_id: int
    kind: PartyKind
    name_ko: str
    name_en: str
    business_no: str
    address_ko: str
    address_en: str
    bank_account: str
    accreditation: str
    insurance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who signs in. `password_hash` is argon2id's own text."""

    person_id: PersonId
    tenant_id: TenantId
    sign_in_name: str
    printed_name: str
    role: Role
    password_hash: str
    active: bool

    @property
    def actor(self) -> Actor:
        """The person as one who acts."""
        return Actor(person_id=self.person_id, name=self.printed_name, role=self.role, tenant_id=self.tenant_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Where a sign-in comes from, as far as the door can say: the network address and the browser's own name."""

    source: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An open session; only the SHA-256 of its token is kept.

    `session_id` names it in lists and never opens anything. `confirmed_at` is when its person last proved again
    who they are; `second_factor` says that two factors opened it.
    """

    session_id: UUID
    token_sha256: bytes
    person_id: PersonId
    tenant_id: TenantId
    opened_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    confirmed_at: datetime | None
    second_factor: bool
    source: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The one who holds a session's token, and the session."""

    actor: Actor
    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Failed tries of the last quarter of an hour, under a name and from an address."""

    under_name: int
    last_under_name: datetime | None
    from_source: int
    last_from_source: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totp:
    """An authenticator app. `sealed_secret` opens with the installation's key only.

    `last_step` is the newest step that was used, so that no code is taken twice; None while the enrolment waits
    for its first code.
    """

    person_id: PersonId
    sealed_secret: bytes
    enrolled_at: datetime
    last_step: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey's public half; its sign counter only rises (or stays zero where the maker counts nothing)."""

    credential_id: bytes
    person_id: PersonId
    public_key: bytes
    sign_count: int
    label: str
    enrolled_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What a person has besides the password."""

    totp: bool
    passkeys: int
    recovery_codes: int

    @property
    def has_second_factor(self) -> bool:
        """Whether this person is always asked for a second factor."""
        return self.totp or self.passkeys > 0


class TicketKind(StrEnum):
    """Which step a ticket is for."""

    SECOND_FACTOR = "second_factor"
    PASSKEY_SIGN_IN = "passkey_sign_in"
    PASSKEY_ENROLMENT = "passkey_enrolment"
    PASSKEY_CONFIRMATION = "passkey_confirmation"
    PROVIDER = "provider"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A step that was begun and is finished once, by whoever holds its token; `payload` is what the step needs."""

    token_sha256: bytes
    kind: TicketKind
    person_id: PersonId | None
    payload: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderClaims:
    """What an outside provider says of a person, signed and checked."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
