"""An administrator's link by which somebody who lost password or second factor is let in again."""

from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

_CHECKS = (
    (
        "sign_in_ticket",
        "sign_in_ticket_kind_is_known",
        "kind in ('second_factor', 'passkey_sign_in', 'passkey_enrolment', 'passkey_confirmation', 'provider'",
        "'reset'",
    ),
    (
        "member_change",
        "member_change_kind_is_known",
        "kind in ('joined', 'role', 'deactivated', 'reactivated'",
        "'reset'",
    ),
)


def upgrade() -> None:
    """Know the step and the change."""
    begin()
    for table, name, kinds, new in _CHECKS:
        op.drop_constraint(name, table, schema=SCHEMA, type_="check")
        op.create_check_constraint(name, table, f"{kinds}, {new})", schema=SCHEMA)


def downgrade() -> None:
    """Know neither; refused while somebody's history tells of one."""
    begin()
    op.execute(f"delete from {SCHEMA}.sign_in_ticket where kind = 'reset'")  # noqa: S608  (constants)
    for table, name, kinds, _ in _CHECKS:
        op.drop_constraint(name, table, schema=SCHEMA, type_="check")
        op.create_check_constraint(name, table, f"{kinds})", schema=SCHEMA)
