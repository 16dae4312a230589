"""A test file may hold no capacity test: a spectrum, a module at rest."""

from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0030"
down_revision = "0016"
branch_labels = None
depends_on = None

_NAME = "test_run_file_is_whole_or_absent"


def upgrade() -> None:
    """Let a run have a file and no variant; a variant without a file stays impossible."""
    begin()
    op.drop_constraint(_NAME, "test_run", schema=SCHEMA, type_="check")
    op.create_check_constraint(
        _NAME,
        "test_run",
        "num_nulls(raw_sha256, raw_name, record) in (0, 3) and (variant is null or record is not null)",
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Ask each file for a variant; refused while files without one are there."""
    begin()
    op.drop_constraint(_NAME, "test_run", schema=SCHEMA, type_="check")
    op.create_check_constraint(
        _NAME, "test_run", "num_nulls(raw_sha256, raw_name, record, variant) in (0, 4)", schema=SCHEMA
    )
