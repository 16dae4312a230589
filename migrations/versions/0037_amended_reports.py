"""Amended reports lie beside the reports that they replace; both are kept."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table: a body's own, written once."""
    begin()
    op.create_table(
        "amended_report",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("pdf_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amends", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("results_affected", sa.Boolean(), nullable=False),
        sa.Column("amended_by", sa.Uuid(), nullable=False),
        sa.Column("amended_by_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "report_id", name="amended_report_pkey"),
        sa.UniqueConstraint("pack_id", "amends", name="amended_report_replaces_each_once"),
        sa.CheckConstraint("octet_length(pdf_sha256) = 32", name="amended_report_pdf_sha256_is_32_bytes"),
        sa.CheckConstraint("amends <> number", name="amended_report_is_another"),
        sa.CheckConstraint("reason <> ''", name="amended_report_says_why"),
        schema=SCHEMA,
    )
    distribute("amended_report", "pack_id", with_table="pack")
    guard("amended_report")
    audited("amended_report")


def downgrade() -> None:
    """Drop it."""
    begin()
    unguard("amended_report")
    op.drop_table("amended_report", schema=SCHEMA)
