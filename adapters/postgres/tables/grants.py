"""Rows of who may look at which pack."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, PrimaryKeyConstraint, Text, Uuid
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import distributed


class PackGrantRow(SQLModel, table=True):
    """An organisation that may look at a pack for a while; `tenant_id` is the one that looks."""

    __tablename__ = "pack_grant"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "grant_id"),
        CheckConstraint("until_at > from_at", name="pack_grant_ends_after_it_begins"),
        CheckConstraint(
            "(revoked_at is null) = (revoked_by is null) and (revoked_at is null) = (revoked_reason is null)",
            name="pack_grant_is_revoked_by_somebody",
        ),
        Index("pack_grant_pack", "pack_id"),
        Index("pack_grant_tenant_pack", "tenant_id", "pack_id"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    grant_id: UUID = Field(sa_column=Column("grant_id", Uuid, nullable=False))
    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    from_at: datetime = Field(sa_column=Column("from_at", DateTime(timezone=True), nullable=False))
    until_at: datetime = Field(sa_column=Column("until_at", DateTime(timezone=True), nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    granted_by: UUID = Field(sa_column=Column("granted_by", Uuid, nullable=False))
    granted_by_name: str = Field(sa_column=Column("granted_by_name", Text, nullable=False))
    granted_at: datetime = Field(sa_column=Column("granted_at", DateTime(timezone=True), nullable=False))
    revoked_at: datetime | None = Field(sa_column=Column("revoked_at", DateTime(timezone=True), nullable=True))
    revoked_by: UUID | None = Field(sa_column=Column("revoked_by", Uuid, nullable=True))
    revoked_reason: str | None = Field(sa_column=Column("revoked_reason", Text, nullable=True))


class PackReachRow(SQLModel, table=True):
    """An organisation before which a pack's life lies open; beside the pack, for the policy of its history.

    Written with the assignment or grant (`reach_id`) that says so. `until_at` is when a holder gave the pack back:
    what happened later is another's. A grant that is revoked takes its row with it.
    """

    __tablename__ = "pack_reach"
    __table_args__ = (PrimaryKeyConstraint("pack_id", "tenant_id", "reach_id"), distributed("pack_id"))

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    reach_id: UUID = Field(sa_column=Column("reach_id", Uuid, nullable=False))
    until_at: datetime | None = Field(sa_column=Column("until_at", DateTime(timezone=True), nullable=True))
