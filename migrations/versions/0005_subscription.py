"""Plans, contracts, capacity slots and assignments."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin, distribute, reference

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "plan_version",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name_ko", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("components", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="plan_version_pkey"),
        sa.UniqueConstraint("code", "version", name="plan_version_code_version"),
        sa.CheckConstraint("version > 0", name="plan_version_version_is_positive"),
        schema=SCHEMA,
    )
    reference("plan_version")
    op.create_table(
        "contract",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("plan_code", sa.Text(), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("plan_name_ko", sa.Text(), nullable=False),
        sa.Column("plan_name_en", sa.Text(), nullable=False),
        sa.Column("plan_components", sa.Text(), nullable=False),
        sa.Column("plan_published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contracted_wh", sa.BigInteger(), nullable=False),
        sa.Column("contracted_w", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("payment_terms_days", sa.SmallInteger(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "contract_id", name="contract_pkey"),
        sa.UniqueConstraint("tenant_id", "number", name="contract_number"),
        sa.CheckConstraint("contracted_wh > 0 and contracted_w > 0", name="contract_capacity_is_positive"),
        sa.CheckConstraint("ends_on >= starts_on", name="contract_ends_after_it_starts"),
        sa.CheckConstraint("payment_terms_days between 0 and 365", name="contract_payment_terms_are_bounded"),
        sa.CheckConstraint("state in ('draft', 'signed', 'active', 'ended')", name="contract_state_is_known"),
        schema=SCHEMA,
    )
    distribute("contract", "tenant_id", with_table="document_number")
    op.create_table(
        "capacity_slot",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("promised_wh", sa.BigInteger(), nullable=False),
        sa.Column("promised_w", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "slot_id", name="capacity_slot_pkey"),
        sa.UniqueConstraint("tenant_id", "contract_id", "slot_id", name="capacity_slot_contract"),
        sa.CheckConstraint("promised_wh > 0 and promised_w > 0", name="capacity_slot_promise_is_positive"),
        schema=SCHEMA,
    )
    distribute("capacity_slot", "tenant_id", with_table="document_number")
    op.create_table(
        "assignment",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_number", sa.Text(), nullable=False),
        sa.Column("certified_wh", sa.BigInteger(), nullable=False),
        sa.Column("soh_ppm", sa.Integer(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("certificate_valid_from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("certificate_valid_until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shortfall_wh", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "assignment_id", name="assignment_pkey"),
        sa.CheckConstraint(
            "certificate_valid_until_at > certificate_valid_from_at", name="assignment_certificate_ends_after_it_starts"
        ),
        sa.CheckConstraint("ends_at is null or ends_at > starts_at", name="assignment_ends_after_it_starts"),
        sa.CheckConstraint("certified_wh >= 0 and shortfall_wh >= 0", name="assignment_energies_are_not_negative"),
        sa.CheckConstraint("reason in ('initial', 'swap', 'upgrade', 'loaner')", name="assignment_reason_is_known"),
        sa.CheckConstraint("(state = 'removed') = (ends_at is not null)", name="assignment_removed_has_an_end"),
        sa.CheckConstraint("soh_ppm >= 0", name="assignment_soh_is_not_negative"),
        sa.CheckConstraint("state in ('in_service', 'suspended', 'removed')", name="assignment_state_is_known"),
        sa.CheckConstraint("suspended_at is null or suspended_at >= starts_at", name="assignment_suspends_after_start"),
        schema=SCHEMA,
    )
    distribute("assignment", "tenant_id", with_table="document_number")
    op.create_foreign_key(
        "capacity_slot_is_of_a_contract",
        "capacity_slot",
        "contract",
        ["tenant_id", "contract_id"],
        ["tenant_id", "contract_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "assignment_is_to_a_slot",
        "assignment",
        "capacity_slot",
        ["tenant_id", "contract_id", "slot_id"],
        ["tenant_id", "contract_id", "slot_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index("assignment_contract", "assignment", ["tenant_id", "contract_id"], schema=SCHEMA)
    op.create_index(
        "assignment_one_open",
        "assignment",
        ["tenant_id", "pack_id"],
        schema=SCHEMA,
        unique=True,
        postgresql_where=sa.text("ends_at is null"),
    )
    op.create_index("assignment_pack", "assignment", ["tenant_id", "pack_id"], schema=SCHEMA)


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("assignment", schema=SCHEMA)
    op.drop_table("capacity_slot", schema=SCHEMA)
    op.drop_table("contract", schema=SCHEMA)
    op.drop_table("plan_version", schema=SCHEMA)
