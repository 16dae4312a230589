"""Rows of invitations, and of what was changed about members."""

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
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import local

_ROLES = (
    "('tenant_viewer', 'tenant_admin', 'tester', 'reviewer', 'approver', 'quality', 'operator', 'finance', 'admin', "
    "'auditor', 'owner', 'authority', 'recycler')"
)


class InvitationRow(SQLModel, table=True):
    """A place kept for somebody; the token itself is only in the invited person's hands."""

    __tablename__ = "invitation"
    __table_args__ = (
        PrimaryKeyConstraint("invitation_id"),
        UniqueConstraint("token_sha256", name="invitation_token_sha256"),
        CheckConstraint("octet_length(token_sha256) = 32", name="invitation_token_sha256_is_32_bytes"),
        CheckConstraint(f"role in {_ROLES}", name="invitation_role_is_known"),
        CheckConstraint("(taken_at is null) = (taken_by is null)", name="invitation_is_taken_by_somebody"),
        CheckConstraint("taken_at is null or withdrawn_at is null", name="invitation_ends_once"),
        Index("invitation_tenant", "tenant_id", "invitation_id"),
        local(),
    )

    invitation_id: UUID = Field(sa_column=Column("invitation_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    role: str = Field(sa_column=Column("role", Text, nullable=False))
    for_whom: str = Field(sa_column=Column("for_whom", Text, nullable=False))
    token_sha256: bytes = Field(sa_column=Column("token_sha256", LargeBinary, nullable=False))
    invited_by: UUID = Field(sa_column=Column("invited_by", Uuid, nullable=False))
    invited_at: datetime = Field(sa_column=Column("invited_at", DateTime(timezone=True), nullable=False))
    expires_at: datetime = Field(sa_column=Column("expires_at", DateTime(timezone=True), nullable=False))
    taken_at: datetime | None = Field(sa_column=Column("taken_at", DateTime(timezone=True), nullable=True))
    taken_by: UUID | None = Field(sa_column=Column("taken_by", Uuid, nullable=True))
    withdrawn_at: datetime | None = Field(sa_column=Column("withdrawn_at", DateTime(timezone=True), nullable=True))


class MemberChangeRow(SQLModel, table=True):
    """What was changed about a member; never altered."""

    __tablename__ = "member_change"
    __table_args__ = (
        PrimaryKeyConstraint("change_id"),
        CheckConstraint(
            "kind in ('joined', 'role', 'deactivated', 'reactivated', 'reset')", name="member_change_kind_is_known"
        ),
        CheckConstraint(f"role_after in {_ROLES}", name="member_change_role_is_known"),
        CheckConstraint("(kind = 'joined') = (role_before is null)", name="member_change_has_a_role_before"),
        CheckConstraint("kind = 'joined' or person_id <> changed_by", name="member_change_is_by_another"),
        Index("member_change_person", "person_id", "change_id"),
        local(),
    )

    change_id: UUID = Field(sa_column=Column("change_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    person_id: UUID = Field(sa_column=Column("person_id", Uuid, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    role_before: str | None = Field(sa_column=Column("role_before", Text, nullable=True))
    role_after: str = Field(sa_column=Column("role_after", Text, nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    changed_by: UUID = Field(sa_column=Column("changed_by", Uuid, nullable=False))
    changed_by_name: str = Field(sa_column=Column("changed_by_name", Text, nullable=False))
    changed_at: datetime = Field(sa_column=Column("changed_at", DateTime(timezone=True), nullable=False))
