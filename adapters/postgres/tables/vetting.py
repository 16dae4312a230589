"""Rows of what was found in stored days, and of the months that were judged."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    Uuid,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, distributed


class ReadingFindingRow(SQLModel, table=True):
    """What looks wrong in a channel's day, or, of channel 0, in a site's meters together; and what became of it."""

    __tablename__ = "reading_finding"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "finding_id"),
        ForeignKeyConstraint(
            ["tenant_id", "site_id"],
            [f"{SCHEMA}.site.tenant_id", f"{SCHEMA}.site.site_id"],
            name="reading_finding_is_of_a_site",
        ),
        CheckConstraint("channel_id >= 0", name="reading_finding_channel_is_a_number"),
        CheckConstraint("slot >= 0 and slots > 0 and slot + slots <= 1440", name="reading_finding_lies_in_a_day"),
        CheckConstraint(
            "kind in ('spike', 'frozen', 'unit-slip', 'above-rating', 'gap', 'imbalance', 'storage-drift', "
            "'register-mismatch')",
            name="reading_finding_kind_is_known",
        ),
        CheckConstraint("state in ('open', 'accepted', 'estimated', 'gone')", name="reading_finding_state_is_known"),
        CheckConstraint(
            "(state in ('accepted', 'estimated')) = (settled_at is not null)"
            " and (settled_at is null) = (settled_by is null)",
            name="reading_finding_is_settled_by_somebody",
        ),
        Index("reading_finding_place", "tenant_id", "site_id", "day", "channel_id", "kind", "slot", unique=True),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    finding_id: UUID = Field(sa_column=Column("finding_id", Uuid, nullable=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    channel_id: int = Field(sa_column=Column("channel_id", Integer, nullable=False, autoincrement=False))
    day: date = Field(sa_column=Column("day", Date, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    slot: int = Field(sa_column=Column("slot", SmallInteger, nullable=False))
    slots: int = Field(sa_column=Column("slots", SmallInteger, nullable=False))
    detail: str = Field(sa_column=Column("detail", Text, nullable=False))
    revision: int = Field(sa_column=Column("revision", Integer, nullable=False))
    state: str = Field(sa_column=Column("state", Text, nullable=False))
    found_at: datetime = Field(sa_column=Column("found_at", DateTime(timezone=True), nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    settled_by: str | None = Field(sa_column=Column("settled_by", Text, nullable=True))
    settled_at: datetime | None = Field(sa_column=Column("settled_at", DateTime(timezone=True), nullable=True))


class VettedMonthRow(SQLModel, table=True):
    """That a site's month was judged, and a hash of what the judgement rests on."""

    __tablename__ = "vetted_month"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "site_id", "month"),
        ForeignKeyConstraint(
            ["tenant_id", "site_id"],
            [f"{SCHEMA}.site.tenant_id", f"{SCHEMA}.site.site_id"],
            name="vetted_month_is_of_a_site",
        ),
        CheckConstraint("month ~ '^[0-9]{4}-[0-9]{2}$'", name="vetted_month_is_a_month"),
        CheckConstraint("octet_length(basis_sha256) = 32", name="vetted_month_basis_is_32_bytes"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    month: str = Field(sa_column=Column("month", Text, nullable=False))
    basis_sha256: bytes = Field(sa_column=Column("basis_sha256", LargeBinary, nullable=False))
    vetted_at: datetime = Field(sa_column=Column("vetted_at", DateTime(timezone=True), nullable=False))
    found: int = Field(sa_column=Column("found", Integer, nullable=False))
    left_out: int = Field(sa_column=Column("left_out", Integer, nullable=False))
