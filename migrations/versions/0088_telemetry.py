"""Minutes of packs, where the safety watch stands, alarms and their changes: a tenant's own, apart from billing."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0088"
down_revision = "0080"
branch_labels = None
depends_on = None

_SIGNALS = (
    "signal in ('cell_high_mv', 'cell_low_mv', 'spread_at_rest_mv', 'spread_under_load_mv', 'temperature_mc', "
    "'temperature_spread_mk', 'charging_cold_mc', 'insulation_ohm_per_v', 'protection', 'gap_s', 'reported')"
)
_MINUTE = (
    "voltage_mv",
    "current_ma",
    "soc_bp",
    "cell_min_mv",
    "cell_max_mv",
    "temperature_min_mc",
    "temperature_max_mc",
    "insulation_ohm",
    "power_ready_w",
    "flags",
)
_TABLES = {
    "telemetry_hour": "select, insert, update",
    "safety_standing": "select, insert, update",
    "alarm": "select, insert, update",
    "alarm_change": "select, insert",
}


def upgrade() -> None:
    """Create the tables, closed to every other tenant."""
    begin()
    op.create_table(
        "telemetry_hour",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("hour_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.ARRAY(sa.Integer()), nullable=False) for name in _MINUTE),
        sa.PrimaryKeyConstraint("tenant_id", "pack_id", "hour_at", name="telemetry_hour_pkey"),
        sa.CheckConstraint("received > 0 and received < 1152921504606846976", name="telemetry_hour_has_60_minutes"),
        sa.CheckConstraint("array_length(flags, 1) = 60", name="telemetry_hour_has_60_values"),
        schema=SCHEMA,
    )
    # A live minute rewrites its row: with room on the page it stays there, and no index is touched.
    op.execute(f"alter table {SCHEMA}.telemetry_hour set (fillfactor = 50)")
    op.create_table(
        "safety_standing",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gap_level", sa.SmallInteger(), nullable=False),
        sa.Column("watches", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "pack_id", name="safety_standing_pkey"),
        sa.CheckConstraint("gap_level between 0 and 3", name="safety_standing_gap_level_is_a_level"),
        schema=SCHEMA,
    )
    op.execute(f"alter table {SCHEMA}.safety_standing set (fillfactor = 50)")
    op.create_table(
        "alarm",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("alarm_id", sa.Uuid(), nullable=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("worst", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("limit_value", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "alarm_id", name="alarm_pkey"),
        sa.CheckConstraint(_SIGNALS, name="alarm_signal_is_known"),
        sa.CheckConstraint("level between 0 and 3 and worst between 1 and 3", name="alarm_level_is_a_level"),
        sa.CheckConstraint("(cleared_at is null) = (level > 0)", name="alarm_stands_or_is_cleared"),
        schema=SCHEMA,
    )
    op.create_table(
        "alarm_change",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("alarm_id", sa.Uuid(), nullable=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("limit_value", sa.BigInteger(), nullable=True),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "change_id", name="alarm_change_pkey"),
        sa.CheckConstraint("change in ('opened', 'worsened', 'eased', 'cleared')", name="alarm_change_is_known"),
        sa.CheckConstraint("level between 0 and 3", name="alarm_change_level_is_a_level"),
        sa.CheckConstraint("(by_id is null) = (by_name is null)", name="alarm_change_is_somebodys_or_nobodys"),
        schema=SCHEMA,
    )
    for table in _TABLES:
        distribute(table, "tenant_id", with_table="document_number")
    for table in ("telemetry_hour", "safety_standing", "alarm"):
        op.create_foreign_key(
            f"{table}_is_a_tenants",
            table,
            "tenant",
            ["tenant_id"],
            ["tenant_id"],
            source_schema=SCHEMA,
            referent_schema=SCHEMA,
        )
    op.create_foreign_key(
        "alarm_change_is_of_an_alarm",
        "alarm_change",
        "alarm",
        ["tenant_id", "alarm_id"],
        ["tenant_id", "alarm_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index(
        "alarm_stands_once",
        "alarm",
        ["tenant_id", "pack_id", "signal"],
        unique=True,
        postgresql_where=sa.text("cleared_at is null"),
        schema=SCHEMA,
    )
    op.create_index("alarm_latest", "alarm", ["tenant_id", "changed_at"], schema=SCHEMA)
    op.create_index("alarm_pack", "alarm", ["pack_id", "changed_at"], schema=SCHEMA)
    op.create_index("alarm_change_alarm", "alarm_change", ["tenant_id", "alarm_id", "change_id"], schema=SCHEMA)
    for table, may in _TABLES.items():
        guard(table, may=may)
        audited(table)


def downgrade() -> None:
    """Forget them."""
    begin()
    for table in reversed(_TABLES):
        unguard(table)
        op.drop_table(table, schema=SCHEMA)
