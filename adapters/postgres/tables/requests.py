"""Rows of requests for inspection: as they were filed, where each stands, and every move."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    Uuid,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, distributed

_REQUEST = [f"{SCHEMA}.inspection_request.tenant_id", f"{SCHEMA}.inspection_request.request_id"]
_STATES = "('filed', 'accepted', 'refused', 'withdrawn', 'closed')"


class InspectionRequestRow(SQLModel, table=True):
    """A request as the applicant's organisation filed it with a body; `applicant` and `units` are canonical JSON."""

    __tablename__ = "inspection_request"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "request_id"),
        ForeignKeyConstraint(["tenant_id"], [f"{SCHEMA}.tenant.tenant_id"], name="inspection_request_is_a_partys"),
        CheckConstraint(
            "(protocol_id is null) = (protocol_version is null)", name="inspection_request_names_a_whole_protocol"
        ),
        Index("inspection_request_latest", "request_id"),
        Index("inspection_request_body", "body_id", "request_id"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    request_id: UUID = Field(sa_column=Column("request_id", Uuid, nullable=False))
    body_id: int = Field(sa_column=Column("body_id", Integer, nullable=False))
    number: str = Field(sa_column=Column("number", Text, nullable=False))
    applicant: str = Field(sa_column=Column("applicant", Text, nullable=False))
    purpose: str = Field(sa_column=Column("purpose", Text, nullable=False))
    units: str = Field(sa_column=Column("units", Text, nullable=False))
    protocol_id: str | None = Field(sa_column=Column("protocol_id", Text, nullable=True))
    protocol_version: str | None = Field(sa_column=Column("protocol_version", Text, nullable=True))
    filed_by: UUID = Field(sa_column=Column("filed_by", Uuid, nullable=False))
    filed_by_name: str = Field(sa_column=Column("filed_by_name", Text, nullable=False))
    filed_at: datetime = Field(sa_column=Column("filed_at", DateTime(timezone=True), nullable=False))


class InspectionRequestStateRow(SQLModel, table=True):
    """Where a request stands."""

    __tablename__ = "inspection_request_state"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "request_id"),
        ForeignKeyConstraint(["tenant_id", "request_id"], _REQUEST, name="inspection_request_state_is_of_a_request"),
        CheckConstraint(f"state in {_STATES}", name="inspection_request_state_is_known"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    request_id: UUID = Field(sa_column=Column("request_id", Uuid, nullable=False))
    body_id: int = Field(sa_column=Column("body_id", Integer, nullable=False))
    state: str = Field(sa_column=Column("state", Text, nullable=False))
    changed_at: datetime = Field(sa_column=Column("changed_at", DateTime(timezone=True), nullable=False))


class InspectionRequestEventRow(SQLModel, table=True):
    """One move of a request: who, when and why. Never changed."""

    __tablename__ = "inspection_request_event"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "request_id", "sequence"),
        ForeignKeyConstraint(["tenant_id", "request_id"], _REQUEST, name="inspection_request_event_is_of_a_request"),
        CheckConstraint(f"to_state in {_STATES}", name="inspection_request_event_state_is_known"),
        CheckConstraint("(sequence = 1) = (from_state is null)", name="inspection_request_event_begins_once"),
        CheckConstraint(
            "reason <> '' or to_state not in ('refused', 'withdrawn', 'closed')",
            name="inspection_request_event_says_why",
        ),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    request_id: UUID = Field(sa_column=Column("request_id", Uuid, nullable=False))
    body_id: int = Field(sa_column=Column("body_id", Integer, nullable=False))
    sequence: int = Field(sa_column=Column("sequence", Integer, nullable=False))
    from_state: str | None = Field(sa_column=Column("from_state", Text, nullable=True))
    to_state: str = Field(sa_column=Column("to_state", Text, nullable=False))
    moved_by: UUID = Field(sa_column=Column("moved_by", Uuid, nullable=False))
    moved_by_name: str = Field(sa_column=Column("moved_by_name", Text, nullable=False))
    moved_at: datetime = Field(sa_column=Column("moved_at", DateTime(timezone=True), nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
