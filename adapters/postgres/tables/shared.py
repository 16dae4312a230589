"""Rows that belong to no context: document numbers, evidence files, the outbox, what jobs did."""

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
    UniqueConstraint,
    Uuid,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import distributed, local, own_key


class DocumentNumberRow(SQLModel, table=True):
    """The last number used in one series of one tenant's year."""

    __tablename__ = "document_number"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "series", "year"),
        CheckConstraint("last > 0", name="document_number_last_is_positive"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    series: str = Field(sa_column=Column("series", Text, nullable=False))
    year: int = Field(sa_column=Column("year", SmallInteger, nullable=False))
    last: int = Field(sa_column=Column("last", Integer, nullable=False))


class StoredFileRow(SQLModel, table=True):
    """Bytes under their own SHA-256, once for each organisation whose they are; 0 is the complex's own."""

    __tablename__ = "stored_file"
    __table_args__ = (
        PrimaryKeyConstraint("sha256", "tenant_id"),
        CheckConstraint("octet_length(sha256) = 32", name="stored_file_sha256_is_32_bytes"),
        CheckConstraint("octet_length(content) <= 67108864", name="stored_file_content_is_at_most_64_mib"),
        own_key("sha256"),
    )

    sha256: bytes = Field(sa_column=Column("sha256", LargeBinary, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    media_type: str = Field(sa_column=Column("media_type", Text, nullable=False))
    content: bytes = Field(sa_column=Column("content", LargeBinary, nullable=False))


class OutboxRow(SQLModel, table=True):
    """An intent to call out, stored with the effect that asks for it."""

    __tablename__ = "outbox"
    __table_args__ = (
        PrimaryKeyConstraint("message_id"),
        UniqueConstraint("topic", "key", name="outbox_topic_key"),
        Index("outbox_due", "next_try_at"),
        local(),
    )

    message_id: UUID = Field(sa_column=Column("message_id", Uuid, nullable=False))
    topic: str = Field(sa_column=Column("topic", Text, nullable=False))
    key: str = Field(sa_column=Column("key", Text, nullable=False))
    payload: str = Field(sa_column=Column("payload", Text, nullable=False))
    created_at: datetime = Field(sa_column=Column("created_at", DateTime(timezone=True), nullable=False))
    next_try_at: datetime = Field(sa_column=Column("next_try_at", DateTime(timezone=True), nullable=False))
    tries: int = Field(sa_column=Column("tries", Integer, nullable=False))
    done_at: datetime | None = Field(sa_column=Column("done_at", DateTime(timezone=True), nullable=True))
    last_error: str | None = Field(sa_column=Column("last_error", Text, nullable=True))


class JobReportRow(SQLModel, table=True):
    """What a job of the worker did last, and when it last succeeded."""

    __tablename__ = "job_report"
    __table_args__ = (PrimaryKeyConstraint("job"), local())

    job: str = Field(sa_column=Column("job", Text, nullable=False))
    started_at: datetime = Field(sa_column=Column("started_at", DateTime(timezone=True), nullable=False))
    succeeded_at: datetime | None = Field(sa_column=Column("succeeded_at", DateTime(timezone=True), nullable=True))
    did: int = Field(sa_column=Column("did", BigInteger, nullable=False))
    failed: int = Field(sa_column=Column("failed", BigInteger, nullable=False))
    said: str = Field(sa_column=Column("said", Text, nullable=False))
