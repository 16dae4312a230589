"""An amendment is proposed by one person and approved by another; what was proposed is kept."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0091"
down_revision = "0094"
branch_labels = None
depends_on = None

_TWO, _WHOLE = "amended_report_takes_two", "amended_report_is_approved_whole"
_COLUMNS = (("draft_id", sa.Uuid()), ("approved_by", sa.Uuid()), ("approved_by_name", sa.Text()))


def upgrade() -> None:
    """Create what is proposed, and say of an amended report who approved it; of older ones nobody did."""
    begin()
    op.create_table(
        "amendment_proposal",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("amends", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("corrections", sa.Text(), nullable=False),
        sa.Column("results_affected", sa.Boolean(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_by_name", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "draft_id", name="amendment_proposal_pkey"),
        sa.CheckConstraint("reason <> ''", name="amendment_proposal_says_why"),
        schema=SCHEMA,
    )
    distribute("amendment_proposal", "pack_id", with_table="pack")
    op.create_foreign_key(
        "amendment_proposal_is_of_a_reception",
        "amendment_proposal",
        "reception",
        ["pack_id", "reception_id"],
        ["pack_id", "reception_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    guard("amendment_proposal")
    audited("amendment_proposal")
    for name, kind in _COLUMNS:
        op.add_column("amended_report", sa.Column(name, kind, nullable=True), schema=SCHEMA)
    op.create_check_constraint(_TWO, "amended_report", "approved_by <> amended_by", schema=SCHEMA)
    op.create_check_constraint(
        _WHOLE, "amended_report", "num_nulls(draft_id, approved_by, approved_by_name) in (0, 3)", schema=SCHEMA
    )


def downgrade() -> None:
    """Forget both; the amended reports stay, and print who approved them."""
    begin()
    op.drop_constraint(_WHOLE, "amended_report", schema=SCHEMA)
    op.drop_constraint(_TWO, "amended_report", schema=SCHEMA)
    for name, _ in _COLUMNS:
        op.drop_column("amended_report", name, schema=SCHEMA)
    unguard("amendment_proposal")
    op.drop_table("amendment_proposal", schema=SCHEMA)
