"""A request that was taken in in part may be closed, with a reason."""

from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0103"
down_revision = "0097"
branch_labels = None
depends_on = None

_STATES_BEFORE = "('filed', 'accepted', 'refused', 'withdrawn')"
_STATES = "('filed', 'accepted', 'refused', 'withdrawn', 'closed')"
_SAYS_WHY_BEFORE = "reason <> '' or to_state not in ('refused', 'withdrawn')"
_SAYS_WHY = "reason <> '' or to_state not in ('refused', 'withdrawn', 'closed')"


def _known(states: str, says_why: str) -> None:
    for table, name, rule in (
        ("inspection_request_state", "inspection_request_state_is_known", f"state in {states}"),
        ("inspection_request_event", "inspection_request_event_state_is_known", f"to_state in {states}"),
        ("inspection_request_event", "inspection_request_event_says_why", says_why),
    ):
        op.drop_constraint(name, table, schema=SCHEMA, type_="check")
        op.create_check_constraint(name, table, rule, schema=SCHEMA)


def upgrade() -> None:
    """Let a request be closed."""
    begin()
    _known(_STATES, _SAYS_WHY)


def downgrade() -> None:
    """Know of no closing; refused while a request is closed."""
    begin()
    _known(_STATES_BEFORE, _SAYS_WHY_BEFORE)
