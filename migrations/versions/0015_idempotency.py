"""Answers kept under their keys, written in the transaction of their effect."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import OWN_ROWS, SCHEMA, audited, begin, distribute, guard

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "idempotency_key",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", "route", "key", name="idempotency_key_pkey"),
        sa.CheckConstraint("octet_length(body) <= 8388608", name="idempotency_key_body_is_at_most_8_mib"),
        sa.CheckConstraint("length(key) between 1 and 255", name="idempotency_key_key_is_1_to_255_long"),
        sa.CheckConstraint("octet_length(request_sha256) = 32", name="idempotency_key_request_sha256_is_32_bytes"),
        sa.CheckConstraint("status between 200 and 399", name="idempotency_key_status_is_success"),
        schema=SCHEMA,
    )
    distribute("idempotency_key", "tenant_id", with_table="document_number")
    op.create_index("idempotency_key_answered_at", "idempotency_key", ["answered_at"], schema=SCHEMA)
    guard("idempotency_key", read=OWN_ROWS, write=OWN_ROWS, may="select, insert, delete")
    audited("idempotency_key", "tenant_id", "person_id", "route", "key", "request_sha256", "status", "answered_at")


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("idempotency_key", schema=SCHEMA)
