"""Rows of the complex, its parties, their people and the sessions they opened."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
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


class PersonRow(SQLModel, table=True):
    """Somebody who signs in."""

    __tablename__ = "person"
    __table_args__ = (
        PrimaryKeyConstraint("person_id"),
        UniqueConstraint("sign_in_name", name="person_sign_in_name"),
        CheckConstraint(
            "role in ('tenant_viewer', 'tenant_admin', 'tester', 'reviewer', 'approver', 'operator', 'finance', "
            "'admin', 'auditor', 'owner', 'authority', 'recycler')",
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


class SignInFailureRow(SQLModel, table=True):
    """A failed sign-in, counted per name so that guessing slows down."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (PrimaryKeyConstraint("sign_in_name", "failed_at", "failure_id"), local())

    sign_in_name: str = Field(sa_column=Column("sign_in_name", Text, nullable=False))
    failed_at: datetime = Field(sa_column=Column("failed_at", DateTime(timezone=True), nullable=False))
    failure_id: UUID = Field(sa_column=Column("failure_id", Uuid, nullable=False))
