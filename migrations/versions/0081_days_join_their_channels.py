"""Day blocks join their channel when they are inserted, in place of a foreign key that looks for it row by row."""

from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0081"
down_revision = "0088"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the foreign key: channels are never taken away, and each insert joins its own."""
    begin()
    op.drop_constraint("interval_day_is_of_a_channel", "interval_day", schema=SCHEMA, type_="foreignkey")


def downgrade() -> None:
    """Put it back."""
    begin()
    op.create_foreign_key(
        "interval_day_is_of_a_channel",
        "interval_day",
        "channel",
        ["tenant_id", "channel_id"],
        ["tenant_id", "channel_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
