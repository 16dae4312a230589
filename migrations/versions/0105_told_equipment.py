"""What runs of before equipment was asked for were measured with, said afterwards."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0105"
down_revision = "0104"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, open to the body alone; a run itself stays as it is."""
    begin()
    op.create_table(
        "test_run_equipment",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("test_run_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("equipment", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("deviation", sa.Text(), nullable=False),
        sa.Column("deviation_en", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Uuid(), nullable=False),
        sa.Column("said_by_name", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "test_run_id", name="test_run_equipment_pkey"),
        sa.CheckConstraint("equipment <> ''", name="test_run_equipment_says_something"),
        sa.CheckConstraint(
            "deviation_en = '' or deviation <> ''", name="test_run_equipment_deviation_is_said_in_korean"
        ),
        schema=SCHEMA,
    )
    distribute("test_run_equipment", "pack_id", with_table="pack")
    guard("test_run_equipment")
    audited("test_run_equipment")
    op.create_foreign_key(
        "test_run_equipment_is_of_a_run",
        "test_run_equipment",
        "test_run",
        ["pack_id", "test_run_id"],
        ["pack_id", "test_run_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )


def downgrade() -> None:
    """Forget it; such runs name no equipment again."""
    begin()
    unguard("test_run_equipment")
    op.drop_table("test_run_equipment", schema=SCHEMA)
