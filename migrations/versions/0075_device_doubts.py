"""A calibration may find a device out of tolerance, and days that are booked may be freed again."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import APP, SCHEMA, begin

revision = "0075"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say of every calibration whether it was passed, as those so far were; let the program free days."""
    begin()
    op.add_column("device_calibration", sa.Column("passed", sa.Boolean(), nullable=True), schema=SCHEMA)
    op.execute(f"update {SCHEMA}.device_calibration set passed = true")  # noqa: S608  (our own constant)
    op.alter_column("device_calibration", "passed", nullable=False, schema=SCHEMA)
    op.execute(f"grant delete, update (until_on) on {SCHEMA}.device_day to {APP}")


def downgrade() -> None:
    """Forget it; the days stay as they are."""
    begin()
    op.execute(f"revoke delete, update (until_on) on {SCHEMA}.device_day from {APP}")
    op.drop_column("device_calibration", "passed", schema=SCHEMA)
