"""Who may look at which pack: the organisation that looks sees its own grants, the operator writes them."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import COMPLEX, SCHEMA, audited, begin, distribute, guard

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "pack_grant",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("granted_by_name", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "grant_id", name="pack_grant_pkey"),
        sa.CheckConstraint("until_at > from_at", name="pack_grant_ends_after_it_begins"),
        sa.CheckConstraint(
            "(revoked_at is null) = (revoked_by is null) and (revoked_at is null) = (revoked_reason is null)",
            name="pack_grant_is_revoked_by_somebody",
        ),
        schema=SCHEMA,
    )
    distribute("pack_grant", "tenant_id", with_table="document_number")
    op.create_index("pack_grant_pack", "pack_grant", ["pack_id"], schema=SCHEMA)
    op.create_index("pack_grant_tenant_pack", "pack_grant", ["tenant_id", "pack_id"], schema=SCHEMA)

    guard("pack_grant", write=COMPLEX, may="select, insert, update (revoked_at, revoked_by, revoked_reason)")
    audited("pack_grant")


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("pack_grant", schema=SCHEMA)
