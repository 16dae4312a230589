"""A reception may name the protocol and version that it is judged by."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None

_COLUMNS = ("protocol_id", "protocol_version")
_RULE = "reception_names_protocol_and_version"


def upgrade() -> None:
    """Add the name, both of its parts or neither; what was received before keeps the protocol of its day."""
    begin()
    for column in _COLUMNS:
        op.add_column("reception", sa.Column(column, sa.Text(), nullable=True), schema=SCHEMA)
    op.create_check_constraint(_RULE, "reception", "(protocol_id is null) = (protocol_version is null)", schema=SCHEMA)


def downgrade() -> None:
    """Forget what was named."""
    begin()
    op.drop_constraint(_RULE, "reception", schema=SCHEMA, type_="check")
    for column in reversed(_COLUMNS):
        op.drop_column("reception", column, schema=SCHEMA)
