"""What many meters say of one slot is kept as it came, and laid into the rows of days once they are over."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0108"
down_revision = "0106"
branch_labels = None
depends_on = None

_LAID = f"select exists(select from {SCHEMA}.tick_page)"  # noqa: S608 - constants


def upgrade() -> None:
    """Create the table; its rows are written once and stay in their page, so none of it is spelled out of line."""
    begin()
    op.create_table(
        "tick_page",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("first_channel", sa.Integer(), nullable=False),
        sa.Column("last_channel", sa.Integer(), nullable=False),
        sa.Column("channel_ids", ARRAY(sa.Integer()), nullable=False),
        sa.Column("wh", ARRAY(sa.Integer()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "day", "slot", "first_channel", name="tick_page_pkey"),
        sa.CheckConstraint("slot between 0 and 95", name="tick_page_slot_is_of_a_day"),
        sa.CheckConstraint(
            "cardinality(channel_ids) between 1 and 496 and cardinality(wh) = cardinality(channel_ids)"
            " and array_position(channel_ids, null) is null and array_position(wh, null) is null",
            name="tick_page_has_a_value_a_channel",
        ),
        sa.CheckConstraint("0 <= all (wh)", name="tick_page_values_are_not_negative"),
        schema=SCHEMA,
    )
    op.execute(f"alter table {SCHEMA}.tick_page alter channel_ids set storage plain, alter wh set storage plain")
    distribute("tick_page", "tenant_id", with_table="document_number")
    guard("tick_page", may="select, insert, delete")
    audited("tick_page")


def downgrade() -> None:
    """Drop it, unless values are in it that are nowhere else."""
    begin()
    if op.get_bind().execute(sa.text(_LAID)).scalar_one():
        raise ValueError("ticks wait in tick_page; let the night's job lay them into their days first")
    unguard("tick_page")
    op.drop_table("tick_page", schema=SCHEMA)
