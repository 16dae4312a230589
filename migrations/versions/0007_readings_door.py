"""Readings may come by the API as well as by file."""

from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let day blocks say that a program sent them."""
    begin()
    op.drop_constraint("interval_day_source_is_known", "interval_day", schema=SCHEMA, type_="check")
    op.create_check_constraint(
        "interval_day_source_is_known", "interval_day", "source in ('site_file', 'api')", schema=SCHEMA
    )


def downgrade() -> None:
    """Take files only; refused while blocks of the API are there."""
    begin()
    op.drop_constraint("interval_day_source_is_known", "interval_day", schema=SCHEMA, type_="check")
    op.create_check_constraint("interval_day_source_is_known", "interval_day", "source in ('site_file')", schema=SCHEMA)
