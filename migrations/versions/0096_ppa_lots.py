"""Energy that purchase contracts delivered to sites."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0096"
down_revision = "0098"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, closed to every other tenant."""
    begin()
    op.create_table(
        "ppa_lot",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("wh", sa.BigInteger(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "lot_id", name="ppa_lot_pkey"),
        sa.CheckConstraint("wh > 0", name="ppa_lot_holds_energy"),
        sa.CheckConstraint("until_on > from_on", name="ppa_lot_has_days"),
        sa.CheckConstraint("(voided_at is null) = (voided_by is null)", name="ppa_lot_is_voided_by_somebody"),
        schema=SCHEMA,
    )
    distribute("ppa_lot", "tenant_id", with_table="document_number")
    op.create_foreign_key(
        "ppa_lot_is_for_a_site",
        "ppa_lot",
        "site",
        ["tenant_id", "site_id"],
        ["tenant_id", "site_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index(
        "ppa_lot_certificate_once",
        "ppa_lot",
        ["tenant_id", "certificate_id"],
        unique=True,
        postgresql_where=sa.text("voided_at is null"),
        schema=SCHEMA,
    )
    op.create_index("ppa_lot_site", "ppa_lot", ["tenant_id", "site_id", "from_on"], schema=SCHEMA)
    guard("ppa_lot", may="select, insert, update (voided_by, voided_at)")
    audited("ppa_lot")


def downgrade() -> None:
    """Forget them."""
    begin()
    unguard("ppa_lot")
    op.drop_table("ppa_lot", schema=SCHEMA)
