"""Answers kept under their keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
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


class IdempotencyKeyRow(SQLModel, table=True):
    """What was answered to one person's request at one door under one key; written with the effect, never changed."""

    __tablename__ = "idempotency_key"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "person_id", "route", "key"),
        CheckConstraint("length(key) between 1 and 255", name="idempotency_key_key_is_1_to_255_long"),
        CheckConstraint("octet_length(request_sha256) = 32", name="idempotency_key_request_sha256_is_32_bytes"),
        CheckConstraint("status between 200 and 399", name="idempotency_key_status_is_success"),
        CheckConstraint("octet_length(body) <= 8388608", name="idempotency_key_body_is_at_most_8_mib"),
        Index("idempotency_key_answered_at", "answered_at"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    person_id: UUID = Field(sa_column=Column("person_id", Uuid, nullable=False))
    route: str = Field(sa_column=Column("route", Text, nullable=False))
    key: str = Field(sa_column=Column("key", Text, nullable=False))
    request_sha256: bytes = Field(sa_column=Column("request_sha256", LargeBinary, nullable=False))
    status: int = Field(sa_column=Column("status", SmallInteger, nullable=False))
    headers: str = Field(sa_column=Column("headers", Text, nullable=False))
    body: bytes = Field(sa_column=Column("body", LargeBinary, nullable=False))
    answered_at: datetime = Field(sa_column=Column("answered_at", DateTime(timezone=True), nullable=False))
