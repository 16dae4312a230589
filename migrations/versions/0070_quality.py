"""The quality manager of an inspection body: who keeps its protocols, and changes no verdict."""

from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0070"
down_revision = "0037"
branch_labels = None
depends_on = None

_CHECKS = (
    ("person", "person_role_is_known", "role"),
    ("invitation", "invitation_role_is_known", "role"),
    ("member_change", "member_change_role_is_known", "role_after"),
)
_BEFORE = (
    "('tenant_viewer', 'tenant_admin', 'tester', 'reviewer', 'approver', 'operator', 'finance', 'admin', 'auditor', "
    "'owner', 'authority', 'recycler')"
)
_NOW = (
    "('tenant_viewer', 'tenant_admin', 'tester', 'reviewer', 'approver', 'quality', 'operator', 'finance', 'admin', "
    "'auditor', 'owner', 'authority', 'recycler')"
)


def upgrade() -> None:
    """Know the role."""
    begin()
    _know(_NOW)


def downgrade() -> None:
    """Forget the role; refused while somebody has it, had it, or is invited to it."""
    begin()
    _know(_BEFORE)


def _know(roles: str) -> None:
    for table, name, column in _CHECKS:
        op.drop_constraint(name, table, schema=SCHEMA, type_="check")
        op.create_check_constraint(name, table, f"{column} in {roles}", schema=SCHEMA)
