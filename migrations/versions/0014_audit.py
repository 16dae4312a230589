"""The audit log: written once by the program, read by auditors, changed by nobody."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import COMPLEX, SCHEMA, audited, begin, distribute, guard

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "audit_entry",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_ids", sa.Text(), nullable=False),
        sa.Column("for_tenant", sa.Integer(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "sequence", name="audit_entry_pkey"),
        sa.CheckConstraint("decision in ('allowed', 'refused', 'failed')", name="audit_entry_decision_is_known"),
        sa.CheckConstraint("octet_length(seal) = 32", name="audit_entry_seal_is_32_bytes"),
        sa.CheckConstraint("sequence > 0", name="audit_entry_sequence_is_positive"),
        schema=SCHEMA,
    )
    distribute("audit_entry", "tenant_id", with_table="document_number")
    op.create_index("audit_entry_action", "audit_entry", ["action", "entry_id"], schema=SCHEMA)
    op.create_index("audit_entry_actor", "audit_entry", ["actor_id", "entry_id"], schema=SCHEMA)
    op.create_index("audit_entry_id", "audit_entry", ["entry_id"], schema=SCHEMA)

    guard("audit_entry", read=COMPLEX, write=COMPLEX)
    audited("audit_entry")


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("audit_entry", schema=SCHEMA)
