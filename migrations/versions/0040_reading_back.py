"""Readings remember when each slot came and what is estimated; sites have tariffs; estimates are proposed."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import COMPLEX, SCHEMA, audited, begin, distribute, guard

revision = "0040"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is needed to read a past moment's knowledge again, to price slots and to propose estimates."""
    begin()
    op.add_column("interval_day", sa.Column("fills", sa.LargeBinary(), nullable=True), schema=SCHEMA)
    op.add_column("interval_day", sa.Column("marks", sa.LargeBinary(), nullable=True), schema=SCHEMA)
    op.add_column("interval_day", sa.Column("reason", sa.Text(), nullable=True), schema=SCHEMA)
    op.create_check_constraint(
        "interval_day_reason_is_known",
        "interval_day",
        "reason in ('late', 'resend', 'manual', 'vee', 'meter-swap', 'estimate', 'actual')",
        schema=SCHEMA,
    )
    op.create_table(
        "site_tariff",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("tariff", sa.Text(), nullable=False),
        sa.Column("deferred", sa.Boolean(), nullable=False),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "site_id", "from_on", name="site_tariff_pkey"),
        schema=SCHEMA,
    )
    op.create_table(
        "reading_estimate",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("estimate_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("wh", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "estimate_id", name="reading_estimate_pkey"),
        sa.CheckConstraint(
            "(state = 'proposed') = (decided_at is null) and (decided_at is null) = (decided_by is null)",
            name="reading_estimate_is_decided_by_somebody",
        ),
        sa.CheckConstraint("array_ndims(wh) = 1 and array_length(wh, 1) = 96", name="reading_estimate_has_96_slots"),
        sa.CheckConstraint("0 <= all (wh)", name="reading_estimate_values_are_not_negative"),
        sa.CheckConstraint("rule in ('linear', 'like-day')", name="reading_estimate_rule_is_known"),
        sa.CheckConstraint("state in ('proposed', 'accepted', 'refused')", name="reading_estimate_state_is_known"),
        schema=SCHEMA,
    )
    distribute("site_tariff", "tenant_id", with_table="document_number")
    distribute("reading_estimate", "tenant_id", with_table="document_number")
    op.create_foreign_key(
        "site_tariff_is_of_a_site",
        "site_tariff",
        "site",
        ["tenant_id", "site_id"],
        ["tenant_id", "site_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "reading_estimate_is_of_a_channel",
        "reading_estimate",
        "channel",
        ["tenant_id", "channel_id"],
        ["tenant_id", "channel_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index(
        "reading_estimate_proposed_once",
        "reading_estimate",
        ["tenant_id", "channel_id", "day"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_index("reading_estimate_site", "reading_estimate", ["tenant_id", "site_id", "estimate_id"], schema=SCHEMA)
    guard("site_tariff", write=COMPLEX, may="select, insert")
    guard("reading_estimate", may="select, insert, update")
    for table in ("site_tariff", "reading_estimate"):
        audited(table)


def downgrade() -> None:
    """Take it all away again."""
    begin()
    op.drop_table("reading_estimate", schema=SCHEMA)
    op.drop_table("site_tariff", schema=SCHEMA)
    op.drop_constraint("interval_day_reason_is_known", "interval_day", schema=SCHEMA, type_="check")
    op.drop_column("interval_day", "reason", schema=SCHEMA)
    op.drop_column("interval_day", "marks", schema=SCHEMA)
    op.drop_column("interval_day", "fills", schema=SCHEMA)
