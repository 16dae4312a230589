"""Rows of the complex, its parties, their people and the sessions they opened."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, local, reference


class IndustrialComplexRow(SQLModel, table=True):
    """An industrial complex (산업단지)."""

    __tablename__ = "industrial_complex"
    __table_args__ = (PrimaryKeyConstraint("complex_id"), reference())

    complex_id: int = Field(sa_column=Column("complex_id", Integer, nullable=False, autoincrement=False))
    name_ko: str = Field(sa_column=Column("name_ko", Text, nullable=False))
    name_en: str = Field(sa_column=Column("name_en", Text, nullable=False))


class TenantRow(SQLModel, table=True):
    """A party whose rows these are: a complex tenant (입주기업), an inspection body, the operator."""

    __tablename__ = "tenant"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id"),
        UniqueConstraint("ref", name="tenant_ref"),
        ForeignKeyConstraint(
            ["complex_id"], [f"{SCHEMA}.industrial_complex.complex_id"], name="tenant_lies_in_a_complex"
        ),
        CheckConstraint(
            "kind in ('tenant', 'inspection_body', 'operator', 'owner', 'authority', 'recycler')",
            name="tenant_kind_is_known",
        ),
        Index("tenant_complex", "complex_id"),
        reference(),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    ref: UUID = Field(sa_column=Column("ref", Uuid, nullable=False))
    complex_id: int = Field(sa_column=Column("complex_id", Integer, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    name_ko: str = Field(sa_column=Column("name_ko", Text, nullable=False))
    name_en: str = Field(sa_column=Column("name_en", Text, nullable=False))
    business_no: str = Field(sa_column=Column("business_no", Text, nullable=False))
    address_ko: str = Field(sa_column=Column("address_ko", Text, nullable=False))
    address_en: str = Field(sa_column=Column("address_en", Text, nullable=False))
    bank_account: str = Field(sa_column=Column("bank_account", Text, nullable=False))
    accreditation: str = Field(sa_column=Column("accreditation", Text, nullable=False))
    insurance: str | None = Field(sa_column=Column("insurance", Text, nullable=True))


class PersonRow(SQLModel, table=True):
    """Somebody who signs in."""

    __tablename__ = "person"
    __table_args__ = (
        PrimaryKeyConstraint("person_id"),
        UniqueConstraint("sign_in_name", name="person_sign_in_name"),
        CheckConstraint(
            "role in ('tenant_viewer', 'tenant_admin', 'tester', 'reviewer', 'approver', 'quality', 'operator', "
            "'finance', 'admin', 'auditor', 'owner', 'authority', 'recycler')",
            name="person_role_is_known",
        ),
        local(),
    )

    person_id: UUID = Field(sa_column=Column("person_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    sign_in_name: str = Field(sa_column=Column("sign_in_name", Text, nullable=False))
    printed_name: str = Field(sa_column=Column("printed_name", Text, nullable=False))
    role: str = Field(sa_column=Column("role", Text, nullable=False))
    password_hash: str = Field(sa_column=Column("password_hash", Text, nullable=False))
    active: bool = Field(sa_column=Column("active", Boolean, nullable=False))


class SessionRow(SQLModel, table=True):
    """An open session; the token itself is only in the person's hands."""

    __tablename__ = "session"
    __table_args__ = (
        PrimaryKeyConstraint("token_sha256"),
        UniqueConstraint("session_id", name="session_session_id"),
        CheckConstraint("octet_length(token_sha256) = 32", name="session_token_sha256_is_32_bytes"),
        Index("session_person", "person_id"),
        Index("session_expiry", "expires_at"),
        local(),
    )

    token_sha256: bytes = Field(sa_column=Column("token_sha256", LargeBinary, nullable=False))
    person_id: UUID = Field(sa_column=Column("person_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    opened_at: datetime = Field(sa_column=Column("opened_at", DateTime(timezone=True), nullable=False))
    expires_at: datetime = Field(sa_column=Column("expires_at", DateTime(timezone=True), nullable=False))
    session_id: UUID = Field(sa_column=Column("session_id", Uuid, nullable=False))
    last_seen_at: datetime = Field(sa_column=Column("last_seen_at", DateTime(timezone=True), nullable=False))
    confirmed_at: datetime | None = Field(sa_column=Column("confirmed_at", DateTime(timezone=True), nullable=True))
    second_factor: bool = Field(sa_column=Column("second_factor", Boolean, nullable=False))
    source: str = Field(sa_column=Column("source", Text, nullable=False))
    agent: str = Field(sa_column=Column("agent", Text, nullable=False))


class SignInFailureRow(SQLModel, table=True):
    """A failed try, counted per name and per address so that guessing slows down; forgotten after a day."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (
        PrimaryKeyConstraint("sign_in_name", "failed_at", "failure_id"),
        Index("sign_in_failure_source", "source", "failed_at"),
        Index("sign_in_failure_age", "failed_at"),
        local(),
    )

    sign_in_name: str = Field(sa_column=Column("sign_in_name", Text, nullable=False))
    failed_at: datetime = Field(sa_column=Column("failed_at", DateTime(timezone=True), nullable=False))
    failure_id: UUID = Field(sa_column=Column("failure_id", Uuid, nullable=False))
    source: str = Field(sa_column=Column("source", Text, nullable=False))


class TotpRow(SQLModel, table=True):
    """A person's authenticator app; its secret is sealed with the installation's key."""

    __tablename__ = "totp"
    __table_args__ = (PrimaryKeyConstraint("person_id"), local())

    person_id: UUID = Field(sa_column=Column("person_id", Uuid, nullable=False))
    sealed_secret: bytes = Field(sa_column=Column("sealed_secret", LargeBinary, nullable=False))
    enrolled_at: datetime = Field(sa_column=Column("enrolled_at", DateTime(timezone=True), nullable=False))
    last_step: int | None = Field(sa_column=Column("last_step", BigInteger, nullable=True))


class PasskeyRow(SQLModel, table=True):
    """A passkey's public half."""

    __tablename__ = "passkey"
    __table_args__ = (
        PrimaryKeyConstraint("credential_id"),
        CheckConstraint("octet_length(credential_id) between 1 and 1023", name="passkey_credential_id_is_bounded"),
        CheckConstraint("sign_count >= 0", name="passkey_sign_count_is_not_negative"),
        Index("passkey_person", "person_id"),
        local(),
    )

    credential_id: bytes = Field(sa_column=Column("credential_id", LargeBinary, nullable=False))
    person_id: UUID = Field(sa_column=Column("person_id", Uuid, nullable=False))
    public_key: bytes = Field(sa_column=Column("public_key", LargeBinary, nullable=False))
    sign_count: int = Field(sa_column=Column("sign_count", BigInteger, nullable=False))
    label: str = Field(sa_column=Column("label", Text, nullable=False))
    enrolled_at: datetime = Field(sa_column=Column("enrolled_at", DateTime(timezone=True), nullable=False))
    last_used_at: datetime | None = Field(sa_column=Column("last_used_at", DateTime(timezone=True), nullable=True))


class RecoveryCodeRow(SQLModel, table=True):
    """A recovery code, hashed; used once."""

    __tablename__ = "recovery_code"
    __table_args__ = (
        PrimaryKeyConstraint("person_id", "code_sha256"),
        CheckConstraint("octet_length(code_sha256) = 32", name="recovery_code_sha256_is_32_bytes"),
        local(),
    )

    person_id: UUID = Field(sa_column=Column("person_id", Uuid, nullable=False))
    code_sha256: bytes = Field(sa_column=Column("code_sha256", LargeBinary, nullable=False))
    used_at: datetime | None = Field(sa_column=Column("used_at", DateTime(timezone=True), nullable=True))


class SignInTicketRow(SQLModel, table=True):
    """A step of signing in that was begun, finished once or forgotten."""

    __tablename__ = "sign_in_ticket"
    __table_args__ = (
        PrimaryKeyConstraint("token_sha256"),
        CheckConstraint("octet_length(token_sha256) = 32", name="sign_in_ticket_token_sha256_is_32_bytes"),
        CheckConstraint(
            "kind in ('second_factor', 'passkey_sign_in', 'passkey_enrolment', 'passkey_confirmation', 'provider', "
            "'reset')",
            name="sign_in_ticket_kind_is_known",
        ),
        Index("sign_in_ticket_expiry", "expires_at"),
        local(),
    )

    token_sha256: bytes = Field(sa_column=Column("token_sha256", LargeBinary, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    person_id: UUID | None = Field(sa_column=Column("person_id", Uuid, nullable=True))
    payload: str = Field(sa_column=Column("payload", Text, nullable=False))
    expires_at: datetime = Field(sa_column=Column("expires_at", DateTime(timezone=True), nullable=False))


class ProviderLinkRow(SQLModel, table=True):
    """An outside provider's account and the member it is bound to."""

    __tablename__ = "provider_link"
    __table_args__ = (
        PrimaryKeyConstraint("issuer", "subject"),
        UniqueConstraint("issuer", "person_id", name="provider_link_person"),
        local(),
    )

    issuer: str = Field(sa_column=Column("issuer", Text, nullable=False))
    subject: str = Field(sa_column=Column("subject", Text, nullable=False))
    person_id: UUID = Field(sa_column=Column("person_id", Uuid, nullable=False))
    bound_at: datetime = Field(sa_column=Column("bound_at", DateTime(timezone=True), nullable=False))
