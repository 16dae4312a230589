"""Test devices with calibrations, bookings and accepted deviations; a run names the device that measured it."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_TABLES = ("device", "device_calibration", "device_day", "device_deviation")
_RUN_DEVIATION = "test_run_deviation_is_of_a_device"


def upgrade() -> None:
    """Create the tables, closed to every other body, and let a run name its device."""
    begin()
    op.create_table(
        "device",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("registered_by", sa.Uuid(), nullable=False),
        sa.Column("registered_by_name", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "device_id", name="device_pkey"),
        sa.CheckConstraint(
            "kind in ('cycler', 'chamber', 'insulation_tester', 'withstand_tester', 'impedance_analyser', "
            "'multimeter', 'bms_reader', 'scale', 'vibration_table', 'other')",
            name="device_kind_is_known",
        ),
        sa.UniqueConstraint("tenant_id", "serial", name="device_once_a_serial"),
        schema=SCHEMA,
    )
    op.create_table(
        "device_calibration",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("calibration_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_no", sa.Text(), nullable=False),
        sa.Column("calibrated_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("ranges", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_by_name", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "calibration_id", name="device_calibration_pkey"),
        sa.CheckConstraint("calibrated_on < due_on", name="device_calibration_days_are_in_order"),
        sa.UniqueConstraint("tenant_id", "device_id", "calibrated_on", name="device_calibration_once_a_day"),
        schema=SCHEMA,
    )
    op.create_table(
        "device_day",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("reception_number", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("booked_by", sa.Uuid(), nullable=False),
        sa.Column("booked_by_name", sa.Text(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "device_id", "booked_on", name="device_day_pkey"),
        sa.CheckConstraint("booked_on between from_on and until_on", name="device_day_is_within_its_booking"),
        schema=SCHEMA,
    )
    op.create_table(
        "device_deviation",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("accepted_by", sa.Uuid(), nullable=False),
        sa.Column("accepted_by_name", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "reception_id", "device_id", name="device_deviation_pkey"),
        sa.CheckConstraint("reason <> ''", name="device_deviation_has_a_reason"),
        schema=SCHEMA,
    )
    distribute("device", "tenant_id", with_table="document_number")
    distribute("device_calibration", "tenant_id", with_table="document_number")
    distribute("device_day", "tenant_id", with_table="document_number")
    distribute("device_deviation", "pack_id", with_table="pack")
    op.create_foreign_key(
        "device_calibration_is_of_a_device",
        "device_calibration",
        "device",
        ["tenant_id", "device_id"],
        ["tenant_id", "device_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "device_day_is_of_a_device",
        "device_day",
        "device",
        ["tenant_id", "device_id"],
        ["tenant_id", "device_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index("device_day_calendar", "device_day", ["tenant_id", "booked_on"], schema=SCHEMA)
    op.create_foreign_key(
        "device_deviation_is_of_a_reception",
        "device_deviation",
        "reception",
        ["pack_id", "reception_id"],
        ["pack_id", "reception_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    for table in _TABLES:
        guard(table)
        audited(table)
    op.add_column("test_run", sa.Column("device_id", sa.Uuid(), nullable=True), schema=SCHEMA)
    op.add_column("test_run", sa.Column("deviation", sa.Text(), nullable=True), schema=SCHEMA)
    op.execute("update sunhwan.test_run set deviation = ''")
    op.alter_column("test_run", "deviation", nullable=False, schema=SCHEMA)
    op.create_check_constraint(_RUN_DEVIATION, "test_run", "deviation = '' or device_id is not null", schema=SCHEMA)


def downgrade() -> None:
    """Forget the devices."""
    begin()
    op.drop_constraint(_RUN_DEVIATION, "test_run", schema=SCHEMA, type_="check")
    op.drop_column("test_run", "deviation", schema=SCHEMA)
    op.drop_column("test_run", "device_id", schema=SCHEMA)
    for table in reversed(_TABLES):
        unguard(table)
        op.drop_table(table, schema=SCHEMA)
