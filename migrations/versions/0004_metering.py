"""Sites, channels, day blocks of readings, imports and frozen usage."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin, distribute

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "site",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("name_ko", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("address_ko", sa.Text(), nullable=False),
        sa.Column("kepco_customer_no", sa.Text(), nullable=False),
        sa.Column("contract_power_w", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "site_id", name="site_pkey"),
        sa.CheckConstraint("contract_power_w > 0", name="site_contract_power_is_positive"),
        schema=SCHEMA,
    )
    distribute("site", "tenant_id", with_table="document_number")
    op.create_table(
        "channel",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("channel_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "channel_id", name="channel_pkey"),
        sa.UniqueConstraint("tenant_id", "site_id", "quantity", name="channel_quantity_once_a_site"),
        sa.CheckConstraint(
            "quantity in ('load', 'pv', 'storage_charge', 'storage_discharge', "
            "'grid_import', 'grid_export', 'storage_soc')",
            name="channel_quantity_is_known",
        ),
        sa.CheckConstraint("channel_id > 0", name="channel_number_is_positive"),
        schema=SCHEMA,
    )
    distribute("channel", "tenant_id", with_table="document_number")
    op.create_table(
        "channel_counter",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="channel_counter_pkey"),
        sa.CheckConstraint("last > 0", name="channel_counter_last_is_positive"),
        schema=SCHEMA,
    )
    distribute("channel_counter", "tenant_id", with_table="document_number")
    op.create_table(
        "interval_day",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("wh", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "day", "channel_id", "revision", name="interval_day_pkey"),
        sa.CheckConstraint("array_ndims(wh) = 1 and array_length(wh, 1) = 96", name="interval_day_has_96_slots"),
        sa.CheckConstraint("0 <= all (wh)", name="interval_day_values_are_not_negative"),
        sa.CheckConstraint("revision >= 0", name="interval_day_revision_is_a_count"),
        sa.CheckConstraint(
            "quality in ('measured', 'estimated', 'substituted', 'suspect')", name="interval_day_quality_is_known"
        ),
        sa.CheckConstraint("source in ('site_file')", name="interval_day_source_is_known"),
        schema=SCHEMA,
    )
    distribute("interval_day", "tenant_id", with_table="document_number")
    op.create_table(
        "reading_import",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("intervals", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("filled", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("conflicting", sa.Integer(), nullable=False),
        sa.Column("duplicate_rows", sa.Integer(), nullable=False),
        sa.Column("blank_cells", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", name="reading_import_pkey"),
        sa.UniqueConstraint("tenant_id", "site_id", "file_sha256", name="reading_import_file_once_a_site"),
        sa.CheckConstraint("octet_length(file_sha256) = 32", name="reading_import_file_sha256_is_32_bytes"),
        schema=SCHEMA,
    )
    distribute("reading_import", "tenant_id", with_table="document_number")
    op.create_table(
        "reading_conflict",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("offered", sa.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "day", "channel_id", "import_id", name="reading_conflict_pkey"),
        sa.CheckConstraint(
            "array_ndims(offered) = 1 and array_length(offered, 1) = 96", name="reading_conflict_has_96_slots"
        ),
        schema=SCHEMA,
    )
    distribute("reading_conflict", "tenant_id", with_table="document_number")
    op.create_table(
        "usage_snapshot",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("load_wh", sa.BigInteger(), nullable=False),
        sa.Column("pv_wh", sa.BigInteger(), nullable=False),
        sa.Column("storage_charge_wh", sa.BigInteger(), nullable=False),
        sa.Column("storage_discharge_wh", sa.BigInteger(), nullable=False),
        sa.Column("grid_import_wh", sa.BigInteger(), nullable=False),
        sa.Column("grid_export_wh", sa.BigInteger(), nullable=False),
        sa.Column("charged_pv_wh", sa.BigInteger(), nullable=False),
        sa.Column("charged_grid_wh", sa.BigInteger(), nullable=False),
        sa.Column("renewable_wh", sa.BigInteger(), nullable=False),
        sa.Column("grid_wh", sa.BigInteger(), nullable=False),
        sa.Column("unattributed_wh", sa.BigInteger(), nullable=False),
        sa.Column("lost_pv_wh", sa.BigInteger(), nullable=False),
        sa.Column("lost_grid_wh", sa.BigInteger(), nullable=False),
        sa.Column("stock_pv_wh", sa.BigInteger(), nullable=False),
        sa.Column("stock_grid_wh", sa.BigInteger(), nullable=False),
        sa.Column("renewable_share_ppm", sa.Integer(), nullable=False),
        sa.Column("efficiency_ppm", sa.Integer(), nullable=False),
        sa.Column("round_trip_ppm", sa.BigInteger(), nullable=True),
        sa.Column("self_consumption_ppm", sa.Integer(), nullable=True),
        sa.Column("self_sufficiency_ppm", sa.Integer(), nullable=True),
        sa.Column("completeness_ppm", sa.Integer(), nullable=False),
        sa.Column("missing_values", sa.Integer(), nullable=False),
        sa.Column("peak_import_w", sa.BigInteger(), nullable=True),
        sa.Column("peak_import_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("readings_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "snapshot_id", name="usage_snapshot_pkey"),
        sa.UniqueConstraint("tenant_id", "contract_id", "month", "revision", name="usage_snapshot_month_once"),
        sa.CheckConstraint("octet_length(readings_sha256) = 32", name="usage_snapshot_readings_sha256_is_32_bytes"),
        sa.CheckConstraint("month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'", name="usage_snapshot_month_is_spelt"),
        sa.CheckConstraint("revision >= 0", name="usage_snapshot_revision_is_a_count"),
        sa.CheckConstraint(
            "renewable_wh + grid_wh + unattributed_wh = storage_discharge_wh",
            name="usage_snapshot_discharge_is_its_parts",
        ),
        sa.CheckConstraint(
            "charged_pv_wh + charged_grid_wh = storage_charge_wh", name="usage_snapshot_charge_is_its_parts"
        ),
        sa.CheckConstraint(
            "renewable_share_ppm between 0 and 1000000", name="usage_snapshot_renewable_share_is_a_share"
        ),
        sa.CheckConstraint("completeness_ppm between 0 and 1000000", name="usage_snapshot_completeness_is_a_share"),
        schema=SCHEMA,
    )
    distribute("usage_snapshot", "tenant_id", with_table="document_number")
    op.create_foreign_key(
        "site_is_a_tenants",
        "site",
        "tenant",
        ["tenant_id"],
        ["tenant_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "channel_is_of_a_site",
        "channel",
        "site",
        ["tenant_id", "site_id"],
        ["tenant_id", "site_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "channel_counter_is_a_tenants",
        "channel_counter",
        "tenant",
        ["tenant_id"],
        ["tenant_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "interval_day_is_of_a_channel",
        "interval_day",
        "channel",
        ["tenant_id", "channel_id"],
        ["tenant_id", "channel_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "reading_import_is_of_a_site",
        "reading_import",
        "site",
        ["tenant_id", "site_id"],
        ["tenant_id", "site_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "reading_conflict_is_of_a_channel",
        "reading_conflict",
        "channel",
        ["tenant_id", "channel_id"],
        ["tenant_id", "channel_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "reading_conflict_is_of_an_import",
        "reading_conflict",
        "reading_import",
        ["tenant_id", "import_id"],
        ["tenant_id", "import_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "usage_snapshot_is_of_a_site",
        "usage_snapshot",
        "site",
        ["tenant_id", "site_id"],
        ["tenant_id", "site_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index("usage_snapshot_site", "usage_snapshot", ["tenant_id", "site_id", "month"], schema=SCHEMA)


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("usage_snapshot", schema=SCHEMA)
    op.drop_table("reading_conflict", schema=SCHEMA)
    op.drop_table("reading_import", schema=SCHEMA)
    op.drop_table("interval_day", schema=SCHEMA)
    op.drop_table("channel_counter", schema=SCHEMA)
    op.drop_table("channel", schema=SCHEMA)
    op.drop_table("site", schema=SCHEMA)
