"""Receptions, runs, assessments, signatures, reports and certificates."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin, distribute

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "certification_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("key", "kind", name="certification_key_pkey"),
        sa.CheckConstraint(
            "kind in ('reception-id', 'reception-number', 'certificate-id', 'certificate-number', 'verify-token')",
            name="certification_key_kind_is_known",
        ),
        schema=SCHEMA,
    )
    distribute("certification_key", "key")
    op.create_table(
        "reception",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("applicant", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=False),
        sa.Column("received_by_name", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "reception_id", name="reception_pkey"),
        schema=SCHEMA,
    )
    distribute("reception", "pack_id", with_table="pack")
    op.create_table(
        "reception_state",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "reception_id", name="reception_state_pkey"),
        sa.CheckConstraint(
            "state in ('received', 'under_test', 'tested', 'approved', 'issued')", name="reception_state_is_known"
        ),
        schema=SCHEMA,
    )
    distribute("reception_state", "pack_id", with_table="pack")
    op.create_table(
        "test_run",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("test_run_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("protocol_id", sa.Text(), nullable=False),
        sa.Column("protocol_version", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=True),
        sa.Column("ambient_c", sa.Numeric(6, 2), nullable=True),
        sa.Column("equipment", sa.Text(), nullable=False),
        sa.Column("raw_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("raw_name", sa.Text(), nullable=True),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("measurements", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_by_name", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "test_run_id", name="test_run_pkey"),
        sa.UniqueConstraint("pack_id", "reception_id", "sequence", name="test_run_in_order"),
        sa.CheckConstraint(
            "num_nulls(raw_sha256, raw_name, record, variant) in (0, 4)", name="test_run_file_is_whole_or_absent"
        ),
        sa.CheckConstraint("octet_length(raw_sha256) = 32", name="test_run_raw_sha256_is_32_bytes"),
        sa.CheckConstraint("sequence > 0", name="test_run_sequence_is_positive"),
        sa.CheckConstraint("variant in ('C3', 'C2', '1C', 'other')", name="test_run_variant_is_known"),
        schema=SCHEMA,
    )
    distribute("test_run", "pack_id", with_table="pack")
    op.create_table(
        "assessment",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("run_ids", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("judgement", sa.Text(), nullable=False),
        sa.Column("judged_by", sa.Uuid(), nullable=False),
        sa.Column("judged_by_name", sa.Text(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "assessment_id", name="assessment_pkey"),
        sa.UniqueConstraint("pack_id", "reception_id", "sequence", name="assessment_in_order"),
        sa.CheckConstraint(
            "disposition in ('reuse', 'hold_review', 'quarantine', 'recycle')", name="assessment_disposition_is_known"
        ),
        schema=SCHEMA,
    )
    distribute("assessment", "pack_id", with_table="pack")
    op.create_table(
        "signature",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("signature_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("subject_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("printed_name", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "signature_id", name="signature_pkey"),
        sa.UniqueConstraint("pack_id", "subject_id", "meaning", name="signature_once_a_meaning"),
        sa.CheckConstraint("signed_by <> all (entered_by)", name="signature_is_by_a_second_person"),
        sa.CheckConstraint("meaning in ('approval')", name="signature_meaning_is_known"),
        sa.CheckConstraint("cardinality(entered_by) > 0", name="signature_names_who_entered"),
        sa.CheckConstraint("octet_length(subject_sha256) = 32", name="signature_subject_sha256_is_32_bytes"),
        sa.CheckConstraint("subject_type in ('assessment')", name="signature_subject_type_is_known"),
        schema=SCHEMA,
    )
    distribute("signature", "pack_id", with_table="pack")
    op.create_table(
        "test_report",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("pdf_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "report_id", name="test_report_pkey"),
        sa.UniqueConstraint("pack_id", "reception_id", name="test_report_once_a_reception"),
        sa.CheckConstraint("octet_length(pdf_sha256) = 32", name="test_report_pdf_sha256_is_32_bytes"),
        schema=SCHEMA,
    )
    distribute("test_report", "pack_id", with_table="pack")
    op.create_table(
        "certificate",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("report_number", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("soh_ppm", sa.Integer(), nullable=False),
        sa.Column("usable_energy_wh", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("reinspection_due_on", sa.Date(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("pdf_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("verify_token_sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "certificate_id", name="certificate_pkey"),
        sa.UniqueConstraint("pack_id", "reception_id", name="certificate_once_a_reception"),
        sa.CheckConstraint("soh_ppm > 0 and usable_energy_wh > 0", name="certificate_figures_are_positive"),
        sa.CheckConstraint("octet_length(pdf_sha256) = 32", name="certificate_pdf_sha256_is_32_bytes"),
        sa.CheckConstraint("reinspection_due_on <= valid_until", name="certificate_reinspection_is_within_validity"),
        sa.CheckConstraint(
            "octet_length(verify_token_sha256) = 32", name="certificate_verify_token_sha256_is_32_bytes"
        ),
        schema=SCHEMA,
    )
    distribute("certificate", "pack_id", with_table="pack")
    op.create_table(
        "certificate_state",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "certificate_id", name="certificate_state_pkey"),
        sa.CheckConstraint(
            "status in ('valid', 'suspended', 'revoked', 'superseded')", name="certificate_state_status_is_known"
        ),
        schema=SCHEMA,
    )
    distribute("certificate_state", "pack_id", with_table="pack")
    op.create_foreign_key(
        "reception_is_of_a_body",
        "reception",
        "tenant",
        ["tenant_id"],
        ["tenant_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "reception_is_of_a_pack",
        "reception",
        "pack",
        ["pack_id"],
        ["pack_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "reception_state_is_of_a_reception",
        "reception_state",
        "reception",
        ["pack_id", "reception_id"],
        ["pack_id", "reception_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index(
        "reception_state_one_open",
        "reception_state",
        ["pack_id"],
        schema=SCHEMA,
        unique=True,
        postgresql_where=sa.text("state <> 'issued'"),
    )
    op.create_index("reception_state_queue", "reception_state", ["tenant_id", "state", "reception_id"], schema=SCHEMA)
    op.create_foreign_key(
        "test_run_is_of_a_reception",
        "test_run",
        "reception",
        ["pack_id", "reception_id"],
        ["pack_id", "reception_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "assessment_is_of_a_reception",
        "assessment",
        "reception",
        ["pack_id", "reception_id"],
        ["pack_id", "reception_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "signature_is_of_a_reception",
        "signature",
        "reception",
        ["pack_id", "reception_id"],
        ["pack_id", "reception_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "test_report_is_of_a_reception",
        "test_report",
        "reception",
        ["pack_id", "reception_id"],
        ["pack_id", "reception_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "certificate_is_of_a_reception",
        "certificate",
        "reception",
        ["pack_id", "reception_id"],
        ["pack_id", "reception_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "certificate_rests_on_a_report",
        "certificate",
        "test_report",
        ["pack_id", "report_id"],
        ["pack_id", "report_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "certificate_state_is_of_a_certificate",
        "certificate_state",
        "certificate",
        ["pack_id", "certificate_id"],
        ["pack_id", "certificate_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index(
        "certificate_state_one_standing",
        "certificate_state",
        ["pack_id"],
        schema=SCHEMA,
        unique=True,
        postgresql_where=sa.text("status in ('valid', 'suspended')"),
    )


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("certificate_state", schema=SCHEMA)
    op.drop_table("certificate", schema=SCHEMA)
    op.drop_table("test_report", schema=SCHEMA)
    op.drop_table("signature", schema=SCHEMA)
    op.drop_table("assessment", schema=SCHEMA)
    op.drop_table("test_run", schema=SCHEMA)
    op.drop_table("reception_state", schema=SCHEMA)
    op.drop_table("reception", schema=SCHEMA)
    op.drop_table("certification_key", schema=SCHEMA)
