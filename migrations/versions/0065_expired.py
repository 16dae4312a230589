"""A certificate whose last day is over is marked as expired, so that what depends on it is told once."""

from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0065"
down_revision = "0062"
branch_labels = None
depends_on = None

_STATUS = "certificate_state_status_is_known"


def upgrade() -> None:
    """Know the status."""
    begin()
    op.drop_constraint(_STATUS, "certificate_state", schema=SCHEMA, type_="check")
    op.create_check_constraint(
        _STATUS,
        "certificate_state",
        "status in ('valid', 'suspended', 'revoked', 'superseded', 'expired')",
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Forget it; refused while a certificate is expired, for what was told about it is in sealed histories."""
    begin()
    op.drop_constraint(_STATUS, "certificate_state", schema=SCHEMA, type_="check")
    op.create_check_constraint(
        _STATUS, "certificate_state", "status in ('valid', 'suspended', 'revoked', 'superseded')", schema=SCHEMA
    )
