"""Buckets of quotas, shared by every process."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import COMPLEX, SCHEMA, audited, begin, guard

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "quota_bucket",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "holder", "kind", name="quota_bucket_pkey"),
        sa.CheckConstraint("tokens >= 0 and granted >= 0", name="quota_bucket_is_never_below_empty"),
        schema=SCHEMA,
    )
    guard("quota_bucket", read=COMPLEX, write=COMPLEX, may="select, insert, update")
    audited("quota_bucket")


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("quota_bucket", schema=SCHEMA)
