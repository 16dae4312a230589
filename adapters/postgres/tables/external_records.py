"""Rows about records that others issued: copies, the imports they came in, and issuers whose keys are kept."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
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

from adapters.postgres.tables.base import distributed


class ExternalRecordRow(SQLModel, table=True):
    """A copy of a record that another issued, as a body holds it. Never changed."""

    __tablename__ = "external_record"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "record_id"),
        UniqueConstraint("tenant_id", "issuer", "number", name="external_record_once_a_number"),
        CheckConstraint("kind in ('certificate', 'report')", name="external_record_kind_is_known"),
        CheckConstraint(
            "status in ('valid', 'suspended', 'revoked', 'superseded', 'withdrawn', 'unknown')",
            name="external_record_status_is_known",
        ),
        CheckConstraint("proof in ('none', 'verified', 'unverified')", name="external_record_proof_is_known"),
        CheckConstraint("soh_ppm > 0", name="external_record_soh_is_positive"),
        CheckConstraint("valid_until >= issued_on", name="external_record_days_are_in_order"),
        CheckConstraint(
            "product_uri is not null or kr_battery_no is not null or maker_serial is not null",
            name="external_record_names_an_item",
        ),
        CheckConstraint("octet_length(content_sha256) = 32", name="external_record_content_sha256_is_32_bytes"),
        CheckConstraint("octet_length(source_sha256) = 32", name="external_record_source_sha256_is_32_bytes"),
        Index("external_record_number", "number"),
        Index("external_record_pack", "pack_id"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    record_id: UUID = Field(sa_column=Column("record_id", Uuid, nullable=False))
    import_id: UUID = Field(sa_column=Column("import_id", Uuid, nullable=False))
    issuer: str = Field(sa_column=Column("issuer", Text, nullable=False))
    number: str = Field(sa_column=Column("number", Text, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    product_uri: str | None = Field(sa_column=Column("product_uri", Text, nullable=True))
    kr_battery_no: str | None = Field(sa_column=Column("kr_battery_no", Text, nullable=True))
    maker_serial: str | None = Field(sa_column=Column("maker_serial", Text, nullable=True))
    standard: str = Field(sa_column=Column("standard", Text, nullable=False))
    grade: str | None = Field(sa_column=Column("grade", Text, nullable=True))
    verdict: str | None = Field(sa_column=Column("verdict", Text, nullable=True))
    soh_ppm: int | None = Field(sa_column=Column("soh_ppm", Integer, nullable=True))
    issued_on: date = Field(sa_column=Column("issued_on", Date, nullable=False))
    valid_until: date | None = Field(sa_column=Column("valid_until", Date, nullable=True))
    status: str = Field(sa_column=Column("status", Text, nullable=False))
    content_sha256: bytes = Field(sa_column=Column("content_sha256", LargeBinary, nullable=False))
    proof: str = Field(sa_column=Column("proof", Text, nullable=False))
    source_sha256: bytes = Field(sa_column=Column("source_sha256", LargeBinary, nullable=False))
    pack_id: UUID | None = Field(sa_column=Column("pack_id", Uuid, nullable=True))
    imported_by_name: str = Field(sa_column=Column("imported_by_name", Text, nullable=False))
    imported_at: datetime = Field(sa_column=Column("imported_at", DateTime(timezone=True), nullable=False))


class RecordImportRow(SQLModel, table=True):
    """An import of one file, as it was made. Never changed."""

    __tablename__ = "record_import"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "import_id"),
        CheckConstraint("form in ('csv', 'xlsx', 'json', 'credentials')", name="record_import_form_is_known"),
        CheckConstraint("octet_length(source_sha256) = 32", name="record_import_source_sha256_is_32_bytes"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    import_id: UUID = Field(sa_column=Column("import_id", Uuid, nullable=False))
    file_name: str = Field(sa_column=Column("file_name", Text, nullable=False))
    form: str = Field(sa_column=Column("form", Text, nullable=False))
    source_sha256: bytes = Field(sa_column=Column("source_sha256", LargeBinary, nullable=False))
    imported_by: UUID = Field(sa_column=Column("imported_by", Uuid, nullable=False))
    imported_by_name: str = Field(sa_column=Column("imported_by_name", Text, nullable=False))
    imported_at: datetime = Field(sa_column=Column("imported_at", DateTime(timezone=True), nullable=False))


class RecordImportLineRow(SQLModel, table=True):
    """What became of one row of an import. Never changed."""

    __tablename__ = "record_import_row"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "import_id", "position"),
        CheckConstraint(
            "outcome in ('accepted', 'duplicate', 'conflict', 'rejected')", name="record_import_row_outcome_is_known"
        ),
        CheckConstraint("proof in ('none', 'verified', 'unverified')", name="record_import_row_proof_is_known"),
        CheckConstraint(
            "(outcome in ('accepted', 'duplicate')) = (code = '')", name="record_import_row_says_why_it_was_refused"
        ),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    import_id: UUID = Field(sa_column=Column("import_id", Uuid, nullable=False))
    position: int = Field(sa_column=Column("position", Integer, nullable=False))
    place: str = Field(sa_column=Column("place", Text, nullable=False))
    outcome: str = Field(sa_column=Column("outcome", Text, nullable=False))
    issuer: str = Field(sa_column=Column("issuer", Text, nullable=False))
    number: str = Field(sa_column=Column("number", Text, nullable=False))
    proof: str = Field(sa_column=Column("proof", Text, nullable=False))
    code: str = Field(sa_column=Column("code", Text, nullable=False))
    reason_ko: str = Field(sa_column=Column("reason_ko", Text, nullable=False))
    reason_en: str = Field(sa_column=Column("reason_en", Text, nullable=False))
    record_id: UUID | None = Field(sa_column=Column("record_id", Uuid, nullable=True))
    pack_id: UUID | None = Field(sa_column=Column("pack_id", Uuid, nullable=True))


class TrustedIssuerRow(SQLModel, table=True):
    """An issuer's keys as a body registered them; the newest of a DID count. Never changed."""

    __tablename__ = "trusted_issuer"
    __table_args__ = (PrimaryKeyConstraint("tenant_id", "did", "registered_at"), distributed("tenant_id"))

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    did: str = Field(sa_column=Column("did", Text, nullable=False))
    name: str = Field(sa_column=Column("name", Text, nullable=False))
    document: str = Field(sa_column=Column("document", Text, nullable=False))
    registered_by: UUID = Field(sa_column=Column("registered_by", Uuid, nullable=False))
    registered_by_name: str = Field(sa_column=Column("registered_by_name", Text, nullable=False))
    registered_at: datetime = Field(sa_column=Column("registered_at", DateTime(timezone=True), nullable=False))
