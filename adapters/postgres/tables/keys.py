"""Rows of keys for machines."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    Uuid,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import local


class ApiKeyRow(SQLModel, table=True):
    """A program's key; the key itself is only in its holder's hands."""

    __tablename__ = "api_key"
    __table_args__ = (
        PrimaryKeyConstraint("key_id"),
        CheckConstraint("octet_length(secret_sha256) = 32", name="api_key_secret_sha256_is_32_bytes"),
        CheckConstraint(
            "role in ('device', 'tenant_viewer', 'tenant_admin', 'tester', 'operator', 'finance', 'auditor', 'owner', "
            "'authority', 'recycler')",
            name="api_key_role_is_a_machines",
        ),
        CheckConstraint(
            "role <> 'device' or sites is not null or channels is not null", name="api_key_of_a_device_is_narrowed"
        ),
        CheckConstraint("expires_at <= made_at + interval '366 days'", name="api_key_ends_within_a_year"),
        CheckConstraint("(revoked_at is null) = (revoked_by is null)", name="api_key_is_revoked_by_somebody"),
        Index("api_key_tenant", "tenant_id", "key_id"),
        local(),
    )

    key_id: UUID = Field(sa_column=Column("key_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    name: str = Field(sa_column=Column("name", Text, nullable=False))
    role: str = Field(sa_column=Column("role", Text, nullable=False))
    secret_sha256: bytes = Field(sa_column=Column("secret_sha256", LargeBinary, nullable=False))
    sites: list[UUID] | None = Field(sa_column=Column("sites", ARRAY(Uuid), nullable=True))
    channels: list[int] | None = Field(sa_column=Column("channels", ARRAY(Integer), nullable=True))
    made_by: UUID = Field(sa_column=Column("made_by", Uuid, nullable=False))
    made_at: datetime = Field(sa_column=Column("made_at", DateTime(timezone=True), nullable=False))
    expires_at: datetime = Field(sa_column=Column("expires_at", DateTime(timezone=True), nullable=False))
    rotated_from: UUID | None = Field(sa_column=Column("rotated_from", Uuid, nullable=True))
    retires_at: datetime | None = Field(sa_column=Column("retires_at", DateTime(timezone=True), nullable=True))
    revoked_at: datetime | None = Field(sa_column=Column("revoked_at", DateTime(timezone=True), nullable=True))
    revoked_by: UUID | None = Field(sa_column=Column("revoked_by", Uuid, nullable=True))
    last_used_at: datetime | None = Field(sa_column=Column("last_used_at", DateTime(timezone=True), nullable=True))
