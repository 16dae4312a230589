"""Which PDFs were issued, for whoever holds one and asks whether it is genuine."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import ANYBODY, COMPLEX, OWN, SCHEMA, audited, begin, distribute, guard, reach, unguard

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; its rows say no more than the paper that somebody already holds."""
    begin()
    op.create_table(
        "issued_document",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("pdf_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("amends", sa.Text(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "subject_id", name="issued_document_pkey"),
        sa.UniqueConstraint("pack_id", "amends", name="issued_document_is_amended_once"),
        sa.CheckConstraint("kind in ('report', 'certificate')", name="issued_document_kind_is_known"),
        sa.CheckConstraint("octet_length(pdf_sha256) = 32", name="issued_document_pdf_sha256_is_32_bytes"),
        sa.CheckConstraint("amends is null or kind = 'report'", name="issued_document_only_a_report_is_amended"),
        schema=SCHEMA,
    )
    distribute("issued_document", "pack_id", with_table="pack")
    guard("issued_document", read=ANYBODY, write=f"({COMPLEX} or ({reach('body')} and tenant_id = {OWN}))")
    audited("issued_document")


def downgrade() -> None:
    """Drop it."""
    begin()
    unguard("issued_document")
    op.drop_table("issued_document", schema=SCHEMA)
