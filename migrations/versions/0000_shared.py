"""Document numbers, evidence files, the outbox and job reports."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin, distribute

revision = "0000"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "document_number",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "series", "year", name="document_number_pkey"),
        sa.CheckConstraint("last > 0", name="document_number_last_is_positive"),
        schema=SCHEMA,
    )
    distribute("document_number", "tenant_id")
    op.create_table(
        "stored_file",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="stored_file_pkey"),
        sa.CheckConstraint("octet_length(content) <= 67108864", name="stored_file_content_is_at_most_64_mib"),
        sa.CheckConstraint("octet_length(sha256) = 32", name="stored_file_sha256_is_32_bytes"),
        schema=SCHEMA,
    )
    distribute("stored_file", "sha256")
    op.create_table(
        "outbox",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name="outbox_pkey"),
        sa.UniqueConstraint("topic", "key", name="outbox_topic_key"),
        schema=SCHEMA,
    )
    op.create_table(
        "job_report",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("did", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", name="job_report_pkey"),
        schema=SCHEMA,
    )
    op.create_index("outbox_due", "outbox", ["next_try_at"], schema=SCHEMA)


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("job_report", schema=SCHEMA)
    op.drop_table("outbox", schema=SCHEMA)
    op.drop_table("stored_file", schema=SCHEMA)
    op.drop_table("document_number", schema=SCHEMA)
