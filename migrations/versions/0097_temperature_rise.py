"""How fast a pack warms is a signal of its own."""

from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0097"
down_revision = "0091"
branch_labels = None
depends_on = None

_BEFORE = (
    "signal in ('cell_high_mv', 'cell_low_mv', 'spread_at_rest_mv', 'spread_under_load_mv', 'temperature_mc', "
    "'temperature_spread_mk', 'charging_cold_mc', 'insulation_ohm_per_v', 'protection', 'gap_s', 'reported')"
)
_AFTER = (
    "signal in ('cell_high_mv', 'cell_low_mv', 'spread_at_rest_mv', 'spread_under_load_mv', 'temperature_mc', "
    "'temperature_spread_mk', 'temperature_rise_mk', 'charging_cold_mc', 'insulation_ohm_per_v', 'protection', "
    "'gap_s', 'reported')"
)


def _known(condition: str) -> None:
    op.drop_constraint("alarm_signal_is_known", "alarm", schema=SCHEMA)
    op.create_check_constraint("alarm_signal_is_known", "alarm", condition, schema=SCHEMA)


def upgrade() -> None:
    """Let an alarm be of it."""
    begin()
    _known(_AFTER)


def downgrade() -> None:
    """Forget its alarms, which have no word then."""
    begin()
    for table in ("alarm_change", "alarm"):
        op.execute(f"delete from {SCHEMA}.{table} where signal = 'temperature_rise_mk'")  # noqa: S608  (constants)
    _known(_BEFORE)
