"""When a test ran, beside when it was recorded; what was recorded before did not say."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both instants."""
    begin()
    op.add_column("test_run", sa.Column("started_at", sa.DateTime(timezone=True), nullable=True), schema=SCHEMA)
    op.add_column("test_run", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True), schema=SCHEMA)
    op.create_check_constraint("test_run_ends_after_it_starts", "test_run", "started_at <= ended_at", schema=SCHEMA)


def downgrade() -> None:
    """Forget them."""
    begin()
    op.drop_constraint("test_run_ends_after_it_starts", "test_run", schema=SCHEMA, type_="check")
    op.drop_column("test_run", "ended_at", schema=SCHEMA)
    op.drop_column("test_run", "started_at", schema=SCHEMA)
