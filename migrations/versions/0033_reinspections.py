"""Requests to inspect a certified pack again, one for each cause of a certificate."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, closed to every other body."""
    begin()
    op.create_table(
        "reinspection",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reinspection_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("certificate_number", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "certificate_id", "cause", name="reinspection_pkey"),
        sa.CheckConstraint(
            "cause in ('due', 'health_drop', 'alarm_tripped', 'opened', 'moved', 'bms_changed')",
            name="reinspection_cause_is_known",
        ),
        schema=SCHEMA,
    )
    distribute("reinspection", "pack_id", with_table="pack")
    op.create_foreign_key(
        "reinspection_is_of_a_certificate",
        "reinspection",
        "certificate",
        ["pack_id", "certificate_id"],
        ["pack_id", "certificate_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index("reinspection_queue", "reinspection", ["tenant_id", "opened_at"], schema=SCHEMA)
    guard("reinspection")
    audited("reinspection")


def downgrade() -> None:
    """Forget the requests."""
    begin()
    unguard("reinspection")
    op.drop_table("reinspection", schema=SCHEMA)
