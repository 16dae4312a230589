"""Rows of the audit log."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    Uuid,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import distributed


class AuditEntryRow(SQLModel, table=True):
    """One thing done or refused; never altered, and chained to the entry before it of the same organisation."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "sequence"),
        CheckConstraint("sequence > 0", name="audit_entry_sequence_is_positive"),
        CheckConstraint("octet_length(seal) = 32", name="audit_entry_seal_is_32_bytes"),
        CheckConstraint("decision in ('allowed', 'refused', 'failed')", name="audit_entry_decision_is_known"),
        Index("audit_entry_id", "entry_id"),
        Index("audit_entry_actor", "actor_id", "entry_id"),
        Index("audit_entry_action", "action", "entry_id"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    sequence: int = Field(sa_column=Column("sequence", BigInteger, nullable=False, autoincrement=False))
    entry_id: UUID = Field(sa_column=Column("entry_id", Uuid, nullable=False))
    at: datetime = Field(sa_column=Column("at", DateTime(timezone=True), nullable=False))
    actor_id: UUID | None = Field(sa_column=Column("actor_id", Uuid, nullable=True))
    actor_role: str = Field(sa_column=Column("actor_role", Text, nullable=False))
    key_id: UUID | None = Field(sa_column=Column("key_id", Uuid, nullable=True))
    source: str = Field(sa_column=Column("source", Text, nullable=False))
    method: str = Field(sa_column=Column("method", Text, nullable=False))
    route: str = Field(sa_column=Column("route", Text, nullable=False))
    action: str = Field(sa_column=Column("action", Text, nullable=False))
    object_ids: str = Field(sa_column=Column("object_ids", Text, nullable=False))
    for_tenant: int | None = Field(sa_column=Column("for_tenant", Integer, nullable=True))
    decision: str = Field(sa_column=Column("decision", Text, nullable=False))
    status: int = Field(sa_column=Column("status", SmallInteger, nullable=False))
    code: str | None = Field(sa_column=Column("code", Text, nullable=True))
    request_id: UUID = Field(sa_column=Column("request_id", Uuid, nullable=False))
    seal: bytes = Field(sa_column=Column("seal", LargeBinary, nullable=False))
