"""Channels belong to meters with devices, ratios and days; slots of 1, 5, 30 and 60 minutes; auxiliaries."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import COMPLEX, SCHEMA, audited, begin, distribute, guard

revision = "0084"
down_revision = "0072"
branch_labels = None
depends_on = None

_KINDS = (
    "case when quantity in ('grid_import', 'grid_export') then 'grid' when quantity = 'pv' then 'pv' "
    "when quantity = 'load' then 'load' else 'pcs' end"
)
_QUANTITIES = (
    "'load', 'pv', 'storage_charge', 'storage_discharge', 'grid_import', 'grid_export', 'storage_soc'"  # as before
)
_DAYS = {"interval_day": "wh", "reading_conflict": "offered", "reading_estimate": "wh"}


def upgrade() -> None:
    """Add meters, hang every channel on one of its kind, and let days be as long as their slots are short."""
    begin()
    op.create_table(
        "meter",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("meter_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "meter_id", name="meter_pkey"),
        sa.CheckConstraint("kind in ('grid', 'pv', 'load', 'pcs', 'auxiliary')", name="meter_kind_is_known"),
        schema=SCHEMA,
    )
    op.create_table(
        "meter_device",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("meter_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("digits", sa.SmallInteger(), nullable=False),
        sa.Column("count_wh", sa.Integer(), nullable=False),
        sa.Column("verified_until", sa.Date(), nullable=True),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "meter_id", "epoch", name="meter_device_pkey"),
        sa.CheckConstraint("epoch >= 0 and (epoch = 0) = (from_at is null)", name="meter_device_epoch_has_an_instant"),
        sa.CheckConstraint("digits between 1 and 12", name="meter_device_digits_are_twelve_at_most"),
        sa.CheckConstraint("count_wh between 1 and 1000000", name="meter_device_count_is_positive"),
        schema=SCHEMA,
    )
    op.create_table(
        "meter_ratio",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("meter_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=False),
        sa.Column("denominator", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "meter_id", "from_on", name="meter_ratio_pkey"),
        sa.CheckConstraint(
            "numerator between 1 and 1000000 and denominator between 1 and 1000000", name="meter_ratio_is_positive"
        ),
        schema=SCHEMA,
    )
    for table in ("meter", "meter_device", "meter_ratio"):
        distribute(table, "tenant_id", with_table="document_number")
    _key("meter_is_of_a_site", "meter", "site", "site_id")
    _key("meter_device_is_of_a_meter", "meter_device", "meter", "meter_id")
    _key("meter_ratio_is_of_a_meter", "meter_ratio", "meter", "meter_id")
    op.create_index("meter_site", "meter", ["tenant_id", "site_id", "meter_id"], schema=SCHEMA)
    op.create_index(
        "meter_device_serial",
        "meter_device",
        ["tenant_id", "serial"],
        schema=SCHEMA,
        postgresql_where=sa.text("serial <> ''"),
    )
    op.add_column("channel", sa.Column("meter_id", sa.Uuid(), nullable=True), schema=SCHEMA)
    op.add_column("channel", sa.Column("slot_minutes", sa.SmallInteger(), nullable=True), schema=SCHEMA)
    op.add_column("channel", sa.Column("from_on", sa.Date(), nullable=True), schema=SCHEMA)
    op.add_column("channel", sa.Column("until_on", sa.Date(), nullable=True), schema=SCHEMA)
    _hang_channels()
    op.alter_column("channel", "meter_id", nullable=False, schema=SCHEMA)
    op.alter_column("channel", "slot_minutes", nullable=False, schema=SCHEMA)
    op.drop_constraint("channel_quantity_once_a_site", "channel", schema=SCHEMA, type_="unique")
    op.create_unique_constraint(
        "channel_quantity_once_a_meter", "channel", ["tenant_id", "meter_id", "quantity"], schema=SCHEMA
    )
    op.create_index(
        "channel_storage_soc_once_a_site",
        "channel",
        ["tenant_id", "site_id"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("quantity = 'storage_soc'"),
    )
    op.create_index("channel_site", "channel", ["tenant_id", "site_id", "channel_id"], schema=SCHEMA)
    _key("channel_is_of_a_meter", "channel", "meter", "meter_id")
    _check("channel", "channel_quantity_is_known", f"quantity in ({_QUANTITIES}, 'auxiliary')", new=False)
    _check("channel", "channel_slots_are_of_a_known_length", "slot_minutes in (1, 5, 15, 30, 60)")
    _check("channel", "channel_ends_after_it_begins", "from_on < until_on")
    for table, column in _DAYS.items():
        op.drop_constraint(f"{table}_has_96_slots", table, schema=SCHEMA, type_="check")
        _check(
            table,
            f"{table}_has_a_days_slots",
            f"array_ndims({column}) = 1 and array_length({column}, 1) in (1440, 288, 96, 48, 24)",
        )
    op.drop_constraint("interval_day_quality_is_known", "interval_day", schema=SCHEMA, type_="check")
    op.execute(f"update {SCHEMA}.interval_day set quality = 'corrected' where quality = 'substituted'")  # noqa: S608
    _check(
        "interval_day",
        "interval_day_quality_is_known",
        "quality in ('measured', 'estimated', 'corrected', 'suspect')",
    )
    _check("interval_day", "interval_day_source_is_known", "source in ('site_file', 'api', 'register')", new=False)
    guard("meter", write=COMPLEX, may="select, insert")
    guard("meter_device", write=COMPLEX, may="select, insert, update")
    guard("meter_ratio", write=COMPLEX, may="select, insert")
    for table in ("meter", "meter_device", "meter_ratio"):
        audited(table)
    op.execute(f"grant update (until_on) on {SCHEMA}.channel to sunhwan_app")


def _key(name: str, table: str, of: str, column: str) -> None:
    op.create_foreign_key(
        name,
        table,
        of,
        ["tenant_id", column],
        ["tenant_id", column],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )


def _check(table: str, name: str, condition: str, *, new: bool = True) -> None:
    if not new:
        op.drop_constraint(name, table, schema=SCHEMA, type_="check")
    op.create_check_constraint(name, table, condition, schema=SCHEMA)


def _hang_channels() -> None:
    """Give each site one meter for each kind of its channels; who made it and its serial were never told."""
    op.execute(
        f"insert into {SCHEMA}.meter (tenant_id, meter_id, site_id, kind) "  # noqa: S608  (only constants)
        f"select tenant_id, gen_random_uuid(), site_id, kind from "
        f"(select distinct tenant_id, site_id, {_KINDS} as kind from {SCHEMA}.channel) as wanted"
    )
    op.execute(
        f"insert into {SCHEMA}.meter_device (tenant_id, meter_id, epoch, serial, digits, count_wh, recorded_by, "  # noqa: S608
        f"recorded_at) select tenant_id, meter_id, 0, '', 9, 1, '', now() from {SCHEMA}.meter"
    )
    op.execute(
        f"update {SCHEMA}.channel as channel set meter_id = meter.meter_id, slot_minutes = 15 "  # noqa: S608
        f"from {SCHEMA}.meter as meter "
        f"where meter.tenant_id = channel.tenant_id and meter.site_id = channel.site_id and meter.kind = {_KINDS}"
    )


def downgrade() -> None:
    """Take it all away again; refused while a site needs any of it."""
    begin()
    op.execute(f"revoke update (until_on) on {SCHEMA}.channel from sunhwan_app")
    _check("interval_day", "interval_day_source_is_known", "source in ('site_file', 'api')", new=False)
    op.drop_constraint("interval_day_quality_is_known", "interval_day", schema=SCHEMA, type_="check")
    op.execute(f"update {SCHEMA}.interval_day set quality = 'substituted' where quality = 'corrected'")  # noqa: S608
    _check(
        "interval_day",
        "interval_day_quality_is_known",
        "quality in ('measured', 'estimated', 'substituted', 'suspect')",
    )
    for table, column in _DAYS.items():
        op.drop_constraint(f"{table}_has_a_days_slots", table, schema=SCHEMA, type_="check")
        _check(table, f"{table}_has_96_slots", f"array_ndims({column}) = 1 and array_length({column}, 1) = 96")
    op.drop_constraint("channel_ends_after_it_begins", "channel", schema=SCHEMA, type_="check")
    op.drop_constraint("channel_slots_are_of_a_known_length", "channel", schema=SCHEMA, type_="check")
    _check("channel", "channel_quantity_is_known", f"quantity in ({_QUANTITIES})", new=False)
    op.drop_constraint("channel_is_of_a_meter", "channel", schema=SCHEMA, type_="foreignkey")
    op.drop_index("channel_site", table_name="channel", schema=SCHEMA)
    op.drop_index("channel_storage_soc_once_a_site", table_name="channel", schema=SCHEMA)
    op.drop_constraint("channel_quantity_once_a_meter", "channel", schema=SCHEMA, type_="unique")
    op.create_unique_constraint(
        "channel_quantity_once_a_site", "channel", ["tenant_id", "site_id", "quantity"], schema=SCHEMA
    )
    for column in ("until_on", "from_on", "slot_minutes", "meter_id"):
        op.drop_column("channel", column, schema=SCHEMA)
    for table in ("meter_ratio", "meter_device", "meter"):
        op.drop_table(table, schema=SCHEMA)
