"""What counting registers showed, kept as it was read."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the reads; an exchange that is told late moves later ones to the next epoch, so they may be updated."""
    begin()
    op.create_table(
        "register_read",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("channel_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "channel_id", "read_at", "epoch", name="register_read_pkey"),
        sa.CheckConstraint("epoch >= 0", name="register_read_epoch_is_a_count"),
        sa.CheckConstraint("value between 0 and 999999999999", name="register_read_value_is_a_count"),
        schema=SCHEMA,
    )
    distribute("register_read", "tenant_id", with_table="document_number")
    op.create_foreign_key(
        "register_read_is_of_a_channel",
        "register_read",
        "channel",
        ["tenant_id", "channel_id"],
        ["tenant_id", "channel_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    guard("register_read", may="select, insert")
    op.execute(f"grant update (epoch) on {SCHEMA}.register_read to sunhwan_app")
    audited("register_read")


def downgrade() -> None:
    """Take it away again."""
    begin()
    op.drop_table("register_read", schema=SCHEMA)
