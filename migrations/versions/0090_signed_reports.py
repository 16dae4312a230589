"""Reports carry a signed record of what they say, and a body may name its liability insurance."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0090"
down_revision = "0096"
branch_labels = None
depends_on = None

_ADDED = (("test_report", "record"), ("amended_report", "record"), ("tenant", "insurance"))


def upgrade() -> None:
    """Add them; what was issued before has none, and is never changed."""
    begin()
    for table, column in _ADDED:
        op.add_column(table, sa.Column(column, sa.Text(), nullable=True), schema=SCHEMA)


def downgrade() -> None:
    """Forget them; the issued files keep theirs."""
    begin()
    for table, column in _ADDED:
        op.drop_column(table, column, schema=SCHEMA)
