"""Records of others that a reception's report cites."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0104"
down_revision = "0099"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, open to the body alone."""
    begin()
    op.create_table(
        "record_citation",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("cited", sa.Boolean(), nullable=False),
        sa.Column("said_by", sa.Uuid(), nullable=False),
        sa.Column("said_by_name", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "reception_id", "sequence", name="record_citation_pkey"),
        sa.CheckConstraint("sequence > 0", name="record_citation_sequence_is_positive"),
        schema=SCHEMA,
    )
    distribute("record_citation", "pack_id", with_table="pack")
    guard("record_citation")
    audited("record_citation")
    op.create_foreign_key(
        "record_citation_is_of_a_reception",
        "record_citation",
        "reception",
        ["pack_id", "reception_id"],
        ["pack_id", "reception_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )


def downgrade() -> None:
    """Forget what was cited."""
    begin()
    unguard("record_citation")
    op.drop_table("record_citation", schema=SCHEMA)
