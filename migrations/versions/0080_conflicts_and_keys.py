"""A body that comes again may disagree elsewhere; a channel's days lie side by side in the key of day blocks."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0080"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Number the parts of what one import put aside, and let the key lead from a channel to its days."""
    begin()
    op.add_column("reading_conflict", sa.Column("part", sa.SmallInteger(), nullable=True), schema=SCHEMA)
    op.execute(f"update {SCHEMA}.reading_conflict set part = 0")  # noqa: S608  (our own constant)
    op.alter_column("reading_conflict", "part", nullable=False, schema=SCHEMA)
    _key("reading_conflict", "tenant_id", "day", "channel_id", "import_id", "part")
    op.create_check_constraint("reading_conflict_part_is_a_count", "reading_conflict", "part >= 0", schema=SCHEMA)
    _key("interval_day", "tenant_id", "channel_id", "day", "revision")


def downgrade() -> None:
    """Keep the first part of each import only."""
    begin()
    _key("interval_day", "tenant_id", "day", "channel_id", "revision")
    op.execute(f"delete from {SCHEMA}.reading_conflict where part > 0")  # noqa: S608  (our own constant)
    op.drop_constraint("reading_conflict_part_is_a_count", "reading_conflict", schema=SCHEMA, type_="check")
    _key("reading_conflict", "tenant_id", "day", "channel_id", "import_id")
    op.drop_column("reading_conflict", "part", schema=SCHEMA)


def _key(table: str, *columns: str) -> None:
    op.drop_constraint(f"{table}_pkey", table, schema=SCHEMA, type_="primary")
    op.create_primary_key(f"{table}_pkey", table, list(columns), schema=SCHEMA)
