"""What became of values that were put aside."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import COMPLEX, SCHEMA, audited, begin, distribute, guard

revision = "0087"
down_revision = "0065"
branch_labels = None
depends_on = None

_KEY = ("tenant_id", "day", "channel_id", "import_id", "part")


def upgrade() -> None:
    """Add what was decided of a conflict; without a row it is open."""
    begin()
    op.create_table(
        "reading_conflict_decision",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, name="reading_conflict_decision_pkey"),
        sa.CheckConstraint("state in ('accepted', 'dismissed')", name="reading_conflict_decision_state_is_known"),
        schema=SCHEMA,
    )
    distribute("reading_conflict_decision", "tenant_id", with_table="document_number")
    op.create_foreign_key(
        "reading_conflict_decision_is_of_a_conflict",
        "reading_conflict_decision",
        "reading_conflict",
        list(_KEY),
        list(_KEY),
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    guard("reading_conflict_decision", write=COMPLEX, may="select, insert")
    audited("reading_conflict_decision")


def downgrade() -> None:
    """Take it away again."""
    begin()
    op.drop_table("reading_conflict_decision", schema=SCHEMA)
