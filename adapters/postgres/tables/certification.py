"""Rows of receptions, runs, assessments, signatures, reports and certificates; all lie with their pack."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, distributed, own_key

_RECEPTION = [f"{SCHEMA}.reception.pack_id", f"{SCHEMA}.reception.reception_id"]
_ASSESSMENT = [f"{SCHEMA}.assessment.pack_id", f"{SCHEMA}.assessment.assessment_id"]
_CERTIFICATE = [f"{SCHEMA}.certificate.pack_id", f"{SCHEMA}.certificate.certificate_id"]


class CertificationKeyRow(SQLModel, table=True):
    """What leads to a reception or certificate: its number, its identifier, the hash of a verification token."""

    __tablename__ = "certification_key"
    __table_args__ = (
        PrimaryKeyConstraint("key", "kind"),
        CheckConstraint(
            "kind in ('reception-id', 'reception-number', 'certificate-id', 'certificate-number', 'verify-token', "
            "'sample-token')",
            name="certification_key_kind_is_known",
        ),
        own_key("key"),
    )

    key: str = Field(sa_column=Column("key", Text, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    subject_id: UUID = Field(sa_column=Column("subject_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))


class ReceptionRow(SQLModel, table=True):
    """A reception as it was made; `facts` and `applicant` are canonical JSON. Where it stands lies beside it.

    `protocol_id` and `protocol_version` only where it names what it is judged by.
    """

    __tablename__ = "reception"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "reception_id"),
        ForeignKeyConstraint(["pack_id"], [f"{SCHEMA}.pack.pack_id"], name="reception_is_of_a_pack"),
        ForeignKeyConstraint(["tenant_id"], [f"{SCHEMA}.tenant.tenant_id"], name="reception_is_of_a_body"),
        CheckConstraint(
            "(protocol_id is null) = (protocol_version is null)", name="reception_names_protocol_and_version"
        ),
        CheckConstraint("(request_id is null) = (request_line is null)", name="reception_names_request_and_line"),
        Index("reception_request", "request_id", postgresql_where=text("request_id is not null")),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    number: str = Field(sa_column=Column("number", Text, nullable=False))
    applicant: str = Field(sa_column=Column("applicant", Text, nullable=False))
    condition: str = Field(sa_column=Column("condition", Text, nullable=False))
    facts: str = Field(sa_column=Column("facts", Text, nullable=False))
    received_by: UUID = Field(sa_column=Column("received_by", Uuid, nullable=False))
    received_by_name: str = Field(sa_column=Column("received_by_name", Text, nullable=False))
    received_at: datetime = Field(sa_column=Column("received_at", DateTime(timezone=True), nullable=False))
    due_on: date = Field(sa_column=Column("due_on", Date, nullable=False))
    protocol_id: str | None = Field(sa_column=Column("protocol_id", Text, nullable=True))
    protocol_version: str | None = Field(sa_column=Column("protocol_version", Text, nullable=True))
    request_id: UUID | None = Field(sa_column=Column("request_id", Uuid, nullable=True))
    request_line: int | None = Field(sa_column=Column("request_line", Integer, nullable=True))


class ReceptionStateRow(SQLModel, table=True):
    """Where a reception stands; at most one of a pack is open. Holds what the work queue shows."""

    __tablename__ = "reception_state"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "reception_id"),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="reception_state_is_of_a_reception"),
        CheckConstraint(
            "state in ('received', 'under_test', 'tested', 'reviewed', 'approved', 'issued', 'amended', 'withdrawn', "
            "'refused', 'released')",
            name="reception_state_is_known",
        ),
        Index(
            "reception_state_one_open",
            "pack_id",
            unique=True,
            postgresql_where=text("state in ('received', 'under_test', 'tested', 'reviewed', 'approved')"),
        ),
        Index("reception_state_queue", "tenant_id", "state", "reception_id"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    number: str = Field(sa_column=Column("number", Text, nullable=False))
    due_on: date = Field(sa_column=Column("due_on", Date, nullable=False))
    state: str = Field(sa_column=Column("state", Text, nullable=False))
    changed_at: datetime = Field(sa_column=Column("changed_at", DateTime(timezone=True), nullable=False))


class ReceptionEventRow(SQLModel, table=True):
    """One move of a reception: who, when and why. Never changed."""

    __tablename__ = "reception_event"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "reception_id", "sequence"),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="reception_event_is_of_a_reception"),
        CheckConstraint(
            "to_state in ('received', 'under_test', 'tested', 'reviewed', 'approved', 'issued', 'amended', "
            "'withdrawn', 'refused', 'released')",
            name="reception_event_state_is_known",
        ),
        CheckConstraint("(sequence = 1) = (from_state is null)", name="reception_event_begins_once"),
        CheckConstraint(
            "reason <> '' or to_state not in ('withdrawn', 'refused', 'released')", name="reception_event_says_why"
        ),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    sequence: int = Field(sa_column=Column("sequence", Integer, nullable=False))
    from_state: str | None = Field(sa_column=Column("from_state", Text, nullable=True))
    to_state: str = Field(sa_column=Column("to_state", Text, nullable=False))
    moved_by: UUID = Field(sa_column=Column("moved_by", Uuid, nullable=False))
    moved_by_name: str = Field(sa_column=Column("moved_by_name", Text, nullable=False))
    moved_at: datetime = Field(sa_column=Column("moved_at", DateTime(timezone=True), nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))


class CustodyMoveRow(SQLModel, table=True):
    """One hand-over of a received unit. Never changed."""

    __tablename__ = "custody_move"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "reception_id", "sequence"),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="custody_move_is_of_a_reception"),
        CheckConstraint("kind in ('taken_in', 'moved', 'returned', 'disposed')", name="custody_move_kind_is_known"),
        CheckConstraint("(sequence = 1) = (kind = 'taken_in')", name="custody_move_begins_once"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    sequence: int = Field(sa_column=Column("sequence", Integer, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    place: str = Field(sa_column=Column("place", Text, nullable=False))
    holder: str = Field(sa_column=Column("holder", Text, nullable=False))
    condition: str = Field(sa_column=Column("condition", Text, nullable=False))
    moved_by: UUID = Field(sa_column=Column("moved_by", Uuid, nullable=False))
    moved_by_name: str = Field(sa_column=Column("moved_by_name", Text, nullable=False))
    moved_at: datetime = Field(sa_column=Column("moved_at", DateTime(timezone=True), nullable=False))


class SampleLabelRow(SQLModel, table=True):
    """The token on a received unit's label. Never changed."""

    __tablename__ = "sample_label"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "reception_id"),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="sample_label_is_of_a_reception"),
        CheckConstraint("length(token) >= 32", name="sample_label_token_is_long"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    token: str = Field(sa_column=Column("token", Text, nullable=False))
    made_by: UUID = Field(sa_column=Column("made_by", Uuid, nullable=False))
    made_at: datetime = Field(sa_column=Column("made_at", DateTime(timezone=True), nullable=False))


class ReceptionFeeRow(SQLModel, table=True):
    """What an inspection costs; `lines` is canonical JSON, `total_krw` their sum. Changes until it is agreed."""

    __tablename__ = "reception_fee"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "reception_id"),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="reception_fee_is_of_a_reception"),
        CheckConstraint("total_krw >= 0", name="reception_fee_total_krw_is_not_negative"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    lines: str = Field(sa_column=Column("lines", Text, nullable=False))
    total_krw: int = Field(sa_column=Column("total_krw", BigInteger, nullable=False))
    set_by_name: str = Field(sa_column=Column("set_by_name", Text, nullable=False))
    set_at: datetime = Field(sa_column=Column("set_at", DateTime(timezone=True), nullable=False))
    agreed_at: datetime | None = Field(sa_column=Column("agreed_at", DateTime(timezone=True), nullable=True))


class TestRunRow(SQLModel, table=True):
    """One addition to a reception's results; `measurements` and `record` are canonical JSON. Never changed."""

    __test__ = False
    __tablename__ = "test_run"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "test_run_id"),
        UniqueConstraint("pack_id", "reception_id", "sequence", name="test_run_in_order"),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="test_run_is_of_a_reception"),
        CheckConstraint("sequence > 0", name="test_run_sequence_is_positive"),
        CheckConstraint("variant in ('C3', 'C2', '1C', 'other')", name="test_run_variant_is_known"),
        CheckConstraint("octet_length(raw_sha256) = 32", name="test_run_raw_sha256_is_32_bytes"),
        CheckConstraint(
            "num_nulls(raw_sha256, raw_name, record) in (0, 3) and (variant is null or record is not null)",
            name="test_run_file_is_whole_or_absent",
        ),
        CheckConstraint("deviation_en = '' or deviation <> ''", name="test_run_deviation_is_said_in_korean"),
        CheckConstraint("started_at <= ended_at", name="test_run_ends_after_it_starts"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    test_run_id: UUID = Field(sa_column=Column("test_run_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    sequence: int = Field(sa_column=Column("sequence", Integer, nullable=False))
    protocol_id: str = Field(sa_column=Column("protocol_id", Text, nullable=False))
    protocol_version: str = Field(sa_column=Column("protocol_version", Text, nullable=False))
    variant: str | None = Field(sa_column=Column("variant", Text, nullable=True))
    ambient_c: Decimal | None = Field(sa_column=Column("ambient_c", Numeric(6, 2), nullable=True))
    equipment: str = Field(sa_column=Column("equipment", Text, nullable=False))
    raw_sha256: bytes | None = Field(sa_column=Column("raw_sha256", LargeBinary, nullable=True))
    raw_name: str | None = Field(sa_column=Column("raw_name", Text, nullable=True))
    record: str | None = Field(sa_column=Column("record", Text, nullable=True))
    measurements: str = Field(sa_column=Column("measurements", Text, nullable=False))
    recorded_by: UUID = Field(sa_column=Column("recorded_by", Uuid, nullable=False))
    recorded_by_name: str = Field(sa_column=Column("recorded_by_name", Text, nullable=False))
    recorded_at: datetime = Field(sa_column=Column("recorded_at", DateTime(timezone=True), nullable=False))
    device_id: UUID | None = Field(sa_column=Column("device_id", Uuid, nullable=True))
    deviation: str = Field(sa_column=Column("deviation", Text, nullable=False))
    started_at: datetime | None = Field(sa_column=Column("started_at", DateTime(timezone=True), nullable=True))
    ended_at: datetime | None = Field(sa_column=Column("ended_at", DateTime(timezone=True), nullable=True))
    deviation_en: str = Field(sa_column=Column("deviation_en", Text, nullable=False))
    provider: str = Field(sa_column=Column("provider", Text, nullable=False))


class ToldEquipmentRow(SQLModel, table=True):
    """What a run that names no equipment was measured with, said afterwards. Never changed."""

    __tablename__ = "test_run_equipment"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "test_run_id"),
        ForeignKeyConstraint(
            ["pack_id", "test_run_id"],
            [f"{SCHEMA}.test_run.pack_id", f"{SCHEMA}.test_run.test_run_id"],
            name="test_run_equipment_is_of_a_run",
        ),
        CheckConstraint("equipment <> ''", name="test_run_equipment_says_something"),
        CheckConstraint("deviation_en = '' or deviation <> ''", name="test_run_equipment_deviation_is_said_in_korean"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    test_run_id: UUID = Field(sa_column=Column("test_run_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    equipment: str = Field(sa_column=Column("equipment", Text, nullable=False))
    device_id: UUID | None = Field(sa_column=Column("device_id", Uuid, nullable=True))
    deviation: str = Field(sa_column=Column("deviation", Text, nullable=False))
    deviation_en: str = Field(sa_column=Column("deviation_en", Text, nullable=False))
    said_by: UUID = Field(sa_column=Column("said_by", Uuid, nullable=False))
    said_by_name: str = Field(sa_column=Column("said_by_name", Text, nullable=False))
    said_at: datetime = Field(sa_column=Column("said_at", DateTime(timezone=True), nullable=False))


class RecordCitationRow(SQLModel, table=True):
    """A word that a reception's report cites a record of others, or no longer does. Never changed."""

    __tablename__ = "record_citation"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "reception_id", "sequence"),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="record_citation_is_of_a_reception"),
        CheckConstraint("sequence > 0", name="record_citation_sequence_is_positive"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    sequence: int = Field(sa_column=Column("sequence", Integer, nullable=False))
    record_id: UUID = Field(sa_column=Column("record_id", Uuid, nullable=False))
    cited: bool = Field(sa_column=Column("cited", Boolean, nullable=False))
    said_by: UUID = Field(sa_column=Column("said_by", Uuid, nullable=False))
    said_by_name: str = Field(sa_column=Column("said_by_name", Text, nullable=False))
    said_at: datetime = Field(sa_column=Column("said_at", DateTime(timezone=True), nullable=False))


class AssessmentRow(SQLModel, table=True):
    """A judgement on a reception's runs; `judgement` is canonical JSON. Never changed."""

    __tablename__ = "assessment"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "assessment_id"),
        UniqueConstraint("pack_id", "reception_id", "sequence", name="assessment_in_order"),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="assessment_is_of_a_reception"),
        CheckConstraint(
            "disposition in ('reuse', 'hold_review', 'quarantine', 'recycle')", name="assessment_disposition_is_known"
        ),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    assessment_id: UUID = Field(sa_column=Column("assessment_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    sequence: int = Field(sa_column=Column("sequence", Integer, nullable=False))
    run_ids: str = Field(sa_column=Column("run_ids", Text, nullable=False))
    disposition: str = Field(sa_column=Column("disposition", Text, nullable=False))
    judgement: str = Field(sa_column=Column("judgement", Text, nullable=False))
    judged_by: UUID = Field(sa_column=Column("judged_by", Uuid, nullable=False))
    judged_by_name: str = Field(sa_column=Column("judged_by_name", Text, nullable=False))
    judged_at: datetime = Field(sa_column=Column("judged_at", DateTime(timezone=True), nullable=False))


class HoldReleaseRow(SQLModel, table=True):
    """A held assessment that a second person let go on to reuse; `judgement` is canonical JSON. Never changed."""

    __tablename__ = "hold_release"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "assessment_id"),
        ForeignKeyConstraint(["pack_id", "assessment_id"], _ASSESSMENT, name="hold_release_is_of_an_assessment"),
        CheckConstraint("reason <> ''", name="hold_release_says_why"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    assessment_id: UUID = Field(sa_column=Column("assessment_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    judgement: str = Field(sa_column=Column("judgement", Text, nullable=False))
    released_by: UUID = Field(sa_column=Column("released_by", Uuid, nullable=False))
    released_by_name: str = Field(sa_column=Column("released_by_name", Text, nullable=False))
    released_at: datetime = Field(sa_column=Column("released_at", DateTime(timezone=True), nullable=False))


class SignatureRow(SQLModel, table=True):
    """A signature bound to one exact text; the store refuses a signer who entered what is signed. Never changed."""

    __tablename__ = "signature"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "signature_id"),
        UniqueConstraint("pack_id", "subject_id", "meaning", name="signature_once_a_meaning"),
        UniqueConstraint("pack_id", "subject_id", "signed_by", name="signature_once_a_person"),
        ForeignKeyConstraint(["pack_id", "assessment_id"], _ASSESSMENT, name="signature_is_of_an_assessment"),
        ForeignKeyConstraint(
            ["pack_id", "report_id"],
            [f"{SCHEMA}.test_report.pack_id", f"{SCHEMA}.test_report.report_id"],
            name="signature_is_of_a_report",
        ),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="signature_is_of_a_reception"),
        CheckConstraint(
            "subject_type in ('assessment', 'hold_release', 'report')", name="signature_subject_type_is_known"
        ),
        CheckConstraint(
            "meaning in ('review', 'hold_release', 'approval', 'issue')", name="signature_meaning_is_known"
        ),
        CheckConstraint(
            "(subject_type = 'report') = (meaning = 'issue') "
            "and (subject_type = 'hold_release') = (meaning = 'hold_release')",
            name="signature_means_what_its_subject_allows",
        ),
        CheckConstraint(
            "num_nonnulls(assessment_id, report_id) = 1 and coalesce(assessment_id, report_id) = subject_id "
            "and (subject_type = 'report') = (report_id is not null)",
            name="signature_is_of_one_subject",
        ),
        CheckConstraint("octet_length(subject_sha256) = 32", name="signature_subject_sha256_is_32_bytes"),
        CheckConstraint("cardinality(entered_by) > 0", name="signature_names_who_entered"),
        CheckConstraint("signed_by <> all (entered_by)", name="signature_is_by_a_second_person"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    signature_id: UUID = Field(sa_column=Column("signature_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    subject_type: str = Field(sa_column=Column("subject_type", Text, nullable=False))
    subject_id: UUID = Field(sa_column=Column("subject_id", Uuid, nullable=False))
    subject_sha256: bytes = Field(sa_column=Column("subject_sha256", LargeBinary, nullable=False))
    meaning: str = Field(sa_column=Column("meaning", Text, nullable=False))
    signed_by: UUID = Field(sa_column=Column("signed_by", Uuid, nullable=False))
    printed_name: str = Field(sa_column=Column("printed_name", Text, nullable=False))
    entered_by: list[UUID] = Field(sa_column=Column("entered_by", ARRAY(Uuid), nullable=False))
    signed_at: datetime = Field(sa_column=Column("signed_at", DateTime(timezone=True), nullable=False))
    assessment_id: UUID | None = Field(sa_column=Column("assessment_id", Uuid, nullable=True))
    report_id: UUID | None = Field(sa_column=Column("report_id", Uuid, nullable=True))


class TestReportRow(SQLModel, table=True):
    """A test report as issued; `content` is the canonical JSON that was printed, `record` signed. Never changed."""

    __test__ = False
    __tablename__ = "test_report"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "report_id"),
        UniqueConstraint("pack_id", "reception_id", name="test_report_once_a_reception"),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="test_report_is_of_a_reception"),
        CheckConstraint("octet_length(pdf_sha256) = 32", name="test_report_pdf_sha256_is_32_bytes"),
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
    record: str | None = Field(sa_column=Column("record", Text, nullable=True))


class CertificateRow(SQLModel, table=True):
    """A certificate as issued; `credential` is the signed record. Whether it stands lies beside it."""

    __tablename__ = "certificate"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "certificate_id"),
        UniqueConstraint("pack_id", "reception_id", name="certificate_once_a_reception"),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="certificate_is_of_a_reception"),
        ForeignKeyConstraint(
            ["pack_id", "report_id"],
            [f"{SCHEMA}.test_report.pack_id", f"{SCHEMA}.test_report.report_id"],
            name="certificate_rests_on_a_report",
        ),
        CheckConstraint("soh_ppm > 0 and usable_energy_wh > 0", name="certificate_figures_are_positive"),
        CheckConstraint("reinspection_due_on <= valid_until", name="certificate_reinspection_is_within_validity"),
        CheckConstraint("octet_length(pdf_sha256) = 32", name="certificate_pdf_sha256_is_32_bytes"),
        CheckConstraint("octet_length(verify_token_sha256) = 32", name="certificate_verify_token_sha256_is_32_bytes"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    certificate_id: UUID = Field(sa_column=Column("certificate_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    number: str = Field(sa_column=Column("number", Text, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    report_id: UUID = Field(sa_column=Column("report_id", Uuid, nullable=False))
    report_number: str = Field(sa_column=Column("report_number", Text, nullable=False))
    grade: str = Field(sa_column=Column("grade", Text, nullable=False))
    soh_ppm: int = Field(sa_column=Column("soh_ppm", Integer, nullable=False))
    usable_energy_wh: int = Field(sa_column=Column("usable_energy_wh", BigInteger, nullable=False))
    issued_at: datetime = Field(sa_column=Column("issued_at", DateTime(timezone=True), nullable=False))
    valid_until: date = Field(sa_column=Column("valid_until", Date, nullable=False))
    reinspection_due_on: date = Field(sa_column=Column("reinspection_due_on", Date, nullable=False))
    credential: str = Field(sa_column=Column("credential", Text, nullable=False))
    pdf_sha256: bytes = Field(sa_column=Column("pdf_sha256", LargeBinary, nullable=False))
    verify_token_sha256: bytes = Field(sa_column=Column("verify_token_sha256", LargeBinary, nullable=False))


class CertificateStateRow(SQLModel, table=True):
    """Whether a certificate stands; at most one of a pack does, valid or suspended."""

    __tablename__ = "certificate_state"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "certificate_id"),
        ForeignKeyConstraint(["pack_id", "certificate_id"], _CERTIFICATE, name="certificate_state_is_of_a_certificate"),
        CheckConstraint(
            "status in ('valid', 'suspended', 'revoked', 'superseded', 'expired')",
            name="certificate_state_status_is_known",
        ),
        Index(
            "certificate_state_one_standing",
            "pack_id",
            unique=True,
            postgresql_where=text("status in ('valid', 'suspended')"),
        ),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    certificate_id: UUID = Field(sa_column=Column("certificate_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    status: str = Field(sa_column=Column("status", Text, nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    changed_at: datetime = Field(sa_column=Column("changed_at", DateTime(timezone=True), nullable=False))


class DeviceRow(SQLModel, table=True):
    """A test device of a body. Its calibrations lie beside it. Never changed."""

    __tablename__ = "device"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "device_id"),
        UniqueConstraint("tenant_id", "serial", name="device_once_a_serial"),
        CheckConstraint(
            "kind in ('cycler', 'chamber', 'insulation_tester', 'withstand_tester', 'impedance_analyser', "
            "'multimeter', 'bms_reader', 'scale', 'vibration_table', 'other')",
            name="device_kind_is_known",
        ),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    device_id: UUID = Field(sa_column=Column("device_id", Uuid, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    name: str = Field(sa_column=Column("name", Text, nullable=False))
    serial: str = Field(sa_column=Column("serial", Text, nullable=False))
    location: str = Field(sa_column=Column("location", Text, nullable=False))
    registered_by: UUID = Field(sa_column=Column("registered_by", Uuid, nullable=False))
    registered_by_name: str = Field(sa_column=Column("registered_by_name", Text, nullable=False))
    registered_at: datetime = Field(sa_column=Column("registered_at", DateTime(timezone=True), nullable=False))


_DEVICE = [f"{SCHEMA}.device.tenant_id", f"{SCHEMA}.device.device_id"]


class DeviceCalibrationRow(SQLModel, table=True):
    """A device's calibration; `ranges` is canonical JSON. Never changed, the next one is added."""

    __tablename__ = "device_calibration"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "calibration_id"),
        UniqueConstraint("tenant_id", "device_id", "calibrated_on", name="device_calibration_once_a_day"),
        ForeignKeyConstraint(["tenant_id", "device_id"], _DEVICE, name="device_calibration_is_of_a_device"),
        CheckConstraint("calibrated_on < due_on", name="device_calibration_days_are_in_order"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    calibration_id: UUID = Field(sa_column=Column("calibration_id", Uuid, nullable=False))
    device_id: UUID = Field(sa_column=Column("device_id", Uuid, nullable=False))
    certificate_no: str = Field(sa_column=Column("certificate_no", Text, nullable=False))
    calibrated_on: date = Field(sa_column=Column("calibrated_on", Date, nullable=False))
    due_on: date = Field(sa_column=Column("due_on", Date, nullable=False))
    ranges: str = Field(sa_column=Column("ranges", Text, nullable=False))
    entered_by: UUID = Field(sa_column=Column("entered_by", Uuid, nullable=False))
    entered_by_name: str = Field(sa_column=Column("entered_by_name", Text, nullable=False))
    entered_at: datetime = Field(sa_column=Column("entered_at", DateTime(timezone=True), nullable=False))
    passed: bool = Field(sa_column=Column("passed", Boolean, nullable=False))


class DeviceDayRow(SQLModel, table=True):
    """A day on which a device is booked: the key lets a device have one booking a day. Days to come may be freed."""

    __tablename__ = "device_day"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "device_id", "booked_on"),
        ForeignKeyConstraint(["tenant_id", "device_id"], _DEVICE, name="device_day_is_of_a_device"),
        CheckConstraint("booked_on between from_on and until_on", name="device_day_is_within_its_booking"),
        Index("device_day_calendar", "tenant_id", "booked_on"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    device_id: UUID = Field(sa_column=Column("device_id", Uuid, nullable=False))
    booked_on: date = Field(sa_column=Column("booked_on", Date, nullable=False))
    booking_id: UUID = Field(sa_column=Column("booking_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    reception_number: str = Field(sa_column=Column("reception_number", Text, nullable=False))
    from_on: date = Field(sa_column=Column("from_on", Date, nullable=False))
    until_on: date = Field(sa_column=Column("until_on", Date, nullable=False))
    booked_by: UUID = Field(sa_column=Column("booked_by", Uuid, nullable=False))
    booked_by_name: str = Field(sa_column=Column("booked_by_name", Text, nullable=False))
    booked_at: datetime = Field(sa_column=Column("booked_at", DateTime(timezone=True), nullable=False))


class DeviceDeviationRow(SQLModel, table=True):
    """What an approver accepted of a device for a reception, and why. Never changed."""

    __tablename__ = "device_deviation"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "reception_id", "device_id"),
        ForeignKeyConstraint(["pack_id", "reception_id"], _RECEPTION, name="device_deviation_is_of_a_reception"),
        CheckConstraint("reason <> ''", name="device_deviation_has_a_reason"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    reception_id: UUID = Field(sa_column=Column("reception_id", Uuid, nullable=False))
    device_id: UUID = Field(sa_column=Column("device_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    accepted_by: UUID = Field(sa_column=Column("accepted_by", Uuid, nullable=False))
    accepted_by_name: str = Field(sa_column=Column("accepted_by_name", Text, nullable=False))
    accepted_at: datetime = Field(sa_column=Column("accepted_at", DateTime(timezone=True), nullable=False))


class ReinspectionRow(SQLModel, table=True):
    """A request to inspect a pack again; the key lets a certificate have one for each cause. Never changed."""

    __tablename__ = "reinspection"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "certificate_id", "cause"),
        ForeignKeyConstraint(["pack_id", "certificate_id"], _CERTIFICATE, name="reinspection_is_of_a_certificate"),
        CheckConstraint(
            "cause in ('due', 'health_drop', 'alarm_tripped', 'opened', 'moved', 'bms_changed')",
            name="reinspection_cause_is_known",
        ),
        Index("reinspection_queue", "tenant_id", "opened_at"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    certificate_id: UUID = Field(sa_column=Column("certificate_id", Uuid, nullable=False))
    cause: str = Field(sa_column=Column("cause", Text, nullable=False))
    reinspection_id: UUID = Field(sa_column=Column("reinspection_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    certificate_number: str = Field(sa_column=Column("certificate_number", Text, nullable=False))
    happened_on: date = Field(sa_column=Column("happened_on", Date, nullable=False))
    opened_at: datetime = Field(sa_column=Column("opened_at", DateTime(timezone=True), nullable=False))
