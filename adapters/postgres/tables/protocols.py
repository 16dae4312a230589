"""Rows about bodies' protocols: the text as it was submitted, and the two steps that may follow."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, distributed

_VERSION = [f"{SCHEMA}.protocol_version.tenant_id", f"{SCHEMA}.protocol_version.version_id"]


class ProtocolVersionRow(SQLModel, table=True):
    """A version of a body's protocol as it was drafted. Never changed."""

    __tablename__ = "protocol_version"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "version_id"),
        UniqueConstraint("tenant_id", "protocol_id", "version", name="protocol_version_once_a_name"),
        UniqueConstraint("tenant_id", "sequence", name="protocol_version_once_a_sequence"),
        UniqueConstraint("tenant_id", "version_id", "drafted_by", name="protocol_version_is_drafted_by_one"),
        CheckConstraint("octet_length(text_sha256) = 32", name="protocol_version_text_sha256_is_32_bytes"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    version_id: UUID = Field(sa_column=Column("version_id", Uuid, nullable=False))
    sequence: int = Field(sa_column=Column("sequence", Integer, nullable=False))
    protocol_id: str = Field(sa_column=Column("protocol_id", Text, nullable=False))
    version: str = Field(sa_column=Column("version", Text, nullable=False))
    text: str = Field(sa_column=Column("text", Text, nullable=False))
    text_sha256: bytes = Field(sa_column=Column("text_sha256", LargeBinary, nullable=False))
    note: str = Field(sa_column=Column("note", Text, nullable=False))
    drafted_by: UUID = Field(sa_column=Column("drafted_by", Uuid, nullable=False))
    drafted_by_name: str = Field(sa_column=Column("drafted_by_name", Text, nullable=False))
    drafted_at: datetime = Field(sa_column=Column("drafted_at", DateTime(timezone=True), nullable=False))


class ProtocolStepRow(SQLModel, table=True):
    """An approval or a retirement. `drafted_by` is the version's own, so that the database keeps four eyes itself."""

    __tablename__ = "protocol_step"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "version_id", "step"),
        ForeignKeyConstraint(
            ["tenant_id", "version_id", "drafted_by"],
            [*_VERSION, f"{SCHEMA}.protocol_version.drafted_by"],
            name="protocol_step_is_of_a_version",
        ),
        CheckConstraint("step in ('approved', 'retired')", name="protocol_step_is_known"),
        CheckConstraint("step <> 'approved' or done_by <> drafted_by", name="protocol_step_takes_four_eyes"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    version_id: UUID = Field(sa_column=Column("version_id", Uuid, nullable=False))
    step: str = Field(sa_column=Column("step", Text, nullable=False))
    drafted_by: UUID = Field(sa_column=Column("drafted_by", Uuid, nullable=False))
    done_by: UUID = Field(sa_column=Column("done_by", Uuid, nullable=False))
    done_by_name: str = Field(sa_column=Column("done_by_name", Text, nullable=False))
    done_at: datetime = Field(sa_column=Column("done_at", DateTime(timezone=True), nullable=False))
    from_on: date = Field(sa_column=Column("from_on", Date, nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
