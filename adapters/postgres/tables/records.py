"""Rows about issued records: places in the status lists, and what leads to a record. They lie with their pack."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, distributed, own_key


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
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))


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


class IssuedDocumentRow(SQLModel, table=True):
    """What anyone may know of a PDF that we issued: its number, its hash, and which one it replaces. Never changed."""

    __tablename__ = "issued_document"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "subject_id"),
        UniqueConstraint("pack_id", "amends", name="issued_document_is_amended_once"),
        CheckConstraint("kind in ('report', 'certificate')", name="issued_document_kind_is_known"),
        CheckConstraint("octet_length(pdf_sha256) = 32", name="issued_document_pdf_sha256_is_32_bytes"),
        CheckConstraint("amends is null or kind = 'report'", name="issued_document_only_a_report_is_amended"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    subject_id: UUID = Field(sa_column=Column("subject_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    number: str = Field(sa_column=Column("number", Text, nullable=False))
    pdf_sha256: bytes = Field(sa_column=Column("pdf_sha256", LargeBinary, nullable=False))
    amends: str | None = Field(sa_column=Column("amends", Text, nullable=True))
    issued_at: datetime = Field(sa_column=Column("issued_at", DateTime(timezone=True), nullable=False))


class WithdrawnDocumentRow(SQLModel, table=True):
    """That a report was withdrawn, as anyone who holds it may know. Never changed."""

    __tablename__ = "withdrawn_document"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "subject_id"),
        ForeignKeyConstraint(
            ["pack_id", "subject_id"],
            [f"{SCHEMA}.issued_document.pack_id", f"{SCHEMA}.issued_document.subject_id"],
            name="withdrawn_document_was_issued",
        ),
        CheckConstraint("reason <> ''", name="withdrawn_document_says_why"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    subject_id: UUID = Field(sa_column=Column("subject_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    number: str = Field(sa_column=Column("number", Text, nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    withdrawn_at: datetime = Field(sa_column=Column("withdrawn_at", DateTime(timezone=True), nullable=False))


class AmendedReportRow(SQLModel, table=True):
    """An amended report as issued; `content` is the canonical JSON that was printed. Never changed."""

    __tablename__ = "amended_report"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "report_id"),
        UniqueConstraint("pack_id", "amends", name="amended_report_replaces_each_once"),
        CheckConstraint("octet_length(pdf_sha256) = 32", name="amended_report_pdf_sha256_is_32_bytes"),
        CheckConstraint("amends <> number", name="amended_report_is_another"),
        CheckConstraint("reason <> ''", name="amended_report_says_why"),
        CheckConstraint("approved_by <> amended_by", name="amended_report_takes_two"),
        CheckConstraint(
            "num_nulls(draft_id, approved_by, approved_by_name) in (0, 3)", name="amended_report_is_approved_whole"
        ),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    report_id: UUID = Field(sa_column=Column("report_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    number: str = Field(sa_column=Column("number", Text, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    assessment_id: UUID = Field(sa_column=Column("assessment_id", Uuid, nullable=False))
    content: str = Field(sa_column=Column("content", Text, nullable=False))
    pdf_sha256: bytes = Field(sa_column=Column("pdf_sha256", LargeBinary, nullable=False))
    issued_at: datetime = Field(sa_column=Column("issued_at", DateTime(timezone=True), nullable=False))
    amends: str = Field(sa_column=Column("amends", Text, nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    results_affected: bool = Field(sa_column=Column("results_affected", Boolean, nullable=False))
    amended_by: UUID = Field(sa_column=Column("amended_by", Uuid, nullable=False))
    amended_by_name: str = Field(sa_column=Column("amended_by_name", Text, nullable=False))
    record: str | None = Field(sa_column=Column("record", Text, nullable=True))
    draft_id: UUID | None = Field(sa_column=Column("draft_id", Uuid, nullable=True))
    approved_by: UUID | None = Field(sa_column=Column("approved_by", Uuid, nullable=True))
    approved_by_name: str | None = Field(sa_column=Column("approved_by_name", Text, nullable=True))


class AmendmentProposalRow(SQLModel, table=True):
    """What somebody wants set right in a report; `corrections` is canonical JSON. Never changed."""

    __tablename__ = "amendment_proposal"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "draft_id"),
        ForeignKeyConstraint(
            ["pack_id", "reception_id"],
            [f"{SCHEMA}.reception.pack_id", f"{SCHEMA}.reception.reception_id"],
            name="amendment_proposal_is_of_a_reception",
        ),
        CheckConstraint("reason <> ''", name="amendment_proposal_says_why"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    draft_id: UUID = Field(sa_column=Column("draft_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    amends: str = Field(sa_column=Column("amends", Text, nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    corrections: str = Field(sa_column=Column("corrections", Text, nullable=False))
    results_affected: bool = Field(sa_column=Column("results_affected", Boolean, nullable=False))
    proposed_by: UUID = Field(sa_column=Column("proposed_by", Uuid, nullable=False))
    proposed_by_name: str = Field(sa_column=Column("proposed_by_name", Text, nullable=False))
    proposed_at: datetime = Field(sa_column=Column("proposed_at", DateTime(timezone=True), nullable=False))
