"""Packs, passports, lineage and the sealed history."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin, distribute, reference

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "pack",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("chemistry", sa.Text(), nullable=False),
        sa.Column("cell_model", sa.Text(), nullable=False),
        sa.Column("modules_in_series", sa.SmallInteger(), nullable=False),
        sa.Column("cells_in_series", sa.Integer(), nullable=False),
        sa.Column("cells_in_parallel", sa.Integer(), nullable=False),
        sa.Column("cell_capacity_mah", sa.Integer(), nullable=False),
        sa.Column("rated_capacity_mah", sa.BigInteger(), nullable=False),
        sa.Column("rated_energy_wh", sa.BigInteger(), nullable=False),
        sa.Column("nominal_voltage_mv", sa.Integer(), nullable=False),
        sa.Column("mass_g", sa.Integer(), nullable=False),
        sa.Column("manufactured_on", sa.Date(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", name="pack_pkey"),
        sa.CheckConstraint("modules_in_series between 1 and 512", name="pack_modules_in_series_is_a_count"),
        sa.CheckConstraint("rated_capacity_mah > 0 and rated_energy_wh > 0", name="pack_ratings_are_positive"),
        schema=SCHEMA,
    )
    distribute("pack", "pack_id")
    op.create_table(
        "pack_identifier",
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("value", "scheme", name="pack_identifier_pkey"),
        sa.CheckConstraint(
            "scheme in ('product-uri', 'kr-battery-no', 'maker-serial', 'bms-serial')",
            name="pack_identifier_scheme_is_known",
        ),
        schema=SCHEMA,
    )
    distribute("pack_identifier", "value")
    op.create_table(
        "passport",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("passport_id", sa.Uuid(), nullable=False),
        sa.Column("product_uri", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("battery_status", sa.Text(), nullable=False),
        sa.Column("operator_name_ko", sa.Text(), nullable=False),
        sa.Column("operator_name_en", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "passport_id", name="passport_pkey"),
        sa.CheckConstraint("battery_status in ('original', 'repurposed')", name="passport_battery_status_is_known"),
        sa.CheckConstraint("category in ('ev', 'stationary')", name="passport_category_is_known"),
        schema=SCHEMA,
    )
    distribute("passport", "pack_id", with_table="pack")
    op.create_table(
        "passport_state",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("passport_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "passport_id", name="passport_state_pkey"),
        sa.CheckConstraint("state in ('active', 'archived')", name="passport_state_is_known"),
        schema=SCHEMA,
    )
    distribute("passport_state", "pack_id", with_table="pack")
    op.create_table(
        "lineage",
        sa.Column("from_passport_id", sa.Uuid(), nullable=False),
        sa.Column("to_passport_id", sa.Uuid(), nullable=False),
        sa.Column("from_pack_id", sa.Uuid(), nullable=False),
        sa.Column("to_pack_id", sa.Uuid(), nullable=False),
        sa.Column("module_share_ppm", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("from_passport_id", "to_passport_id", name="lineage_pkey"),
        sa.CheckConstraint("from_passport_id <> to_passport_id", name="lineage_has_two_ends"),
        sa.CheckConstraint("module_share_ppm between 1 and 1000000", name="lineage_module_share_is_a_share"),
        schema=SCHEMA,
    )
    reference("lineage")
    op.create_table(
        "history_entry",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("previous_seal", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "sequence", name="history_entry_pkey"),
        sa.UniqueConstraint("pack_id", "event_id", name="history_entry_event_once"),
        sa.UniqueConstraint("pack_id", "previous_seal", name="history_entry_never_forks"),
        sa.CheckConstraint("octet_length(previous_seal) = 32", name="history_entry_previous_seal_is_32_bytes"),
        sa.CheckConstraint("octet_length(seal) = 32", name="history_entry_seal_is_32_bytes"),
        sa.CheckConstraint("sequence > 0", name="history_entry_sequence_is_positive"),
        schema=SCHEMA,
    )
    distribute("history_entry", "pack_id", with_table="pack")
    op.create_table(
        "history_head",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", name="history_head_pkey"),
        schema=SCHEMA,
    )
    distribute("history_head", "pack_id", with_table="pack")
    op.create_table(
        "label",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("label_id", sa.Uuid(), nullable=False),
        sa.Column("passport_id", sa.Uuid(), nullable=False),
        sa.Column("product_uri", sa.Text(), nullable=False),
        sa.Column("sheet_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "label_id", name="label_pkey"),
        schema=SCHEMA,
    )
    distribute("label", "pack_id", with_table="pack")
    op.create_index("pack_holder", "pack", ["tenant_id"], schema=SCHEMA)
    op.create_index("pack_identifier_pack", "pack_identifier", ["pack_id"], schema=SCHEMA)
    op.create_foreign_key(
        "passport_is_of_a_pack",
        "passport",
        "pack",
        ["pack_id"],
        ["pack_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "passport_state_is_of_a_passport",
        "passport_state",
        "passport",
        ["pack_id", "passport_id"],
        ["pack_id", "passport_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index(
        "passport_state_one_active",
        "passport_state",
        ["pack_id"],
        schema=SCHEMA,
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index("lineage_back", "lineage", ["to_passport_id"], schema=SCHEMA)
    op.create_foreign_key(
        "history_entry_is_of_a_pack",
        "history_entry",
        "pack",
        ["pack_id"],
        ["pack_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "history_head_is_of_a_pack",
        "history_head",
        "pack",
        ["pack_id"],
        ["pack_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "label_is_of_a_pack", "label", "pack", ["pack_id"], ["pack_id"], source_schema=SCHEMA, referent_schema=SCHEMA
    )


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("label", schema=SCHEMA)
    op.drop_table("history_head", schema=SCHEMA)
    op.drop_table("history_entry", schema=SCHEMA)
    op.drop_table("lineage", schema=SCHEMA)
    op.drop_table("passport_state", schema=SCHEMA)
    op.drop_table("passport", schema=SCHEMA)
    op.drop_table("pack_identifier", schema=SCHEMA)
    op.drop_table("pack", schema=SCHEMA)
