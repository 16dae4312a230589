"""A run says its deviations in English too, and who measured where it was not the body itself."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0089"
down_revision = "0095"
branch_labels = None
depends_on = None

_OF_A_DEVICE = "test_run_deviation_is_of_a_device"
_IN_KOREAN = "test_run_deviation_is_said_in_korean"
_COLUMNS = ("deviation_en", "provider")


def upgrade() -> None:
    """Add both, empty so far. An ambient temperature off its target is a deviation of no device."""
    begin()
    for name in _COLUMNS:
        op.add_column("test_run", sa.Column(name, sa.Text(), nullable=True), schema=SCHEMA)
        op.execute(f"update {SCHEMA}.test_run set {name} = ''")  # noqa: S608  (our own constants)
        op.alter_column("test_run", name, nullable=False, schema=SCHEMA)
    op.drop_constraint(_OF_A_DEVICE, "test_run", schema=SCHEMA)
    op.create_check_constraint(_IN_KOREAN, "test_run", "deviation_en = '' or deviation <> ''", schema=SCHEMA)


def downgrade() -> None:
    """Forget both; what is no device's deviation is forgotten with them."""
    begin()
    op.drop_constraint(_IN_KOREAN, "test_run", schema=SCHEMA)
    op.execute(f"update {SCHEMA}.test_run set deviation = '' where device_id is null")  # noqa: S608  (our own constant)
    op.create_check_constraint(_OF_A_DEVICE, "test_run", "deviation = '' or device_id is not null", schema=SCHEMA)
    for name in _COLUMNS:
        op.drop_column("test_run", name, schema=SCHEMA)
