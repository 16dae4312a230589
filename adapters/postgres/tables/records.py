"""Rows about issued records: places in the status lists, and what leads to a record. They lie with their pack."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, Integer, PrimaryKeyConstraint, Text, Uuid
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import distributed, own_key


class RecordKeyRow(SQLModel, table=True):
    """What leads to an issued record and is nobody else's: a place in a status list, a number, a PDF's SHA-256."""

    __tablename__ = "record_key"
    __table_args__ = (
        PrimaryKeyConstraint("key", "kind"),
        CheckConstraint(
            "kind in ('status-place', 'document-number', 'document-sha256')", name="record_key_kind_is_known"
        ),
        own_key("key"),
    )

    key: str = Field(sa_column=Column("key", Text, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    subject_id: UUID = Field(sa_column=Column("subject_id", Uuid, nullable=False))


class StatusPlaceRow(SQLModel, table=True):
    """A certificate's place in the status lists; kept before the certificate that names it is signed and stored."""

    __tablename__ = "status_place"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "certificate_id"),
        CheckConstraint("list_number > 0", name="status_place_list_number_is_positive"),
        CheckConstraint("place >= 0 and place < 131072", name="status_place_lies_in_the_list"),
        Index("status_place_of_list", "list_number"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    certificate_id: UUID = Field(sa_column=Column("certificate_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    list_number: int = Field(sa_column=Column("list_number", Integer, nullable=False))
    place: int = Field(sa_column=Column("place", Integer, nullable=False))
