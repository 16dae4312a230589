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

    `bank_account` is where a seller takes transfers, `accreditation` what a body prints of its designation;
    either is empty where it has none.
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
class Session:
    """An open session; only the SHA-256 of its token is kept."""

    token_sha256: bytes
    person_id: PersonId
    tenant_id: TenantId
    opened_at: datetime
    expires_at: datetime
