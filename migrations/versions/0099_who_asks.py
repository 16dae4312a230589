"""Who holds a session's token or a key is told by functions that reach as far as the door for that one question.

So a request is told who asks in one trip, outside any transaction (docs/decisions/0020-who-asks-in-one-trip.md).
"""

from alembic import op

from migrations.steps import APP, SCHEMA, begin

revision = "0099"
down_revision = "0103"
branch_labels = None
depends_on = None

_SESSION = "told_token bytea, told_now timestamptz, told_since timestamptz"
_KEY = "told_key uuid"
_COMPLEX = f"""
    organisation.complex_id,
    case when {{role}} in ('operator', 'finance', 'admin', 'auditor') then (
        select array_agg(same.tenant_id) from {SCHEMA}.tenant same where same.complex_id = organisation.complex_id
    ) end
"""  # noqa: S608  (constants)
_KEY_COLUMNS = (
    "key_id uuid",
    "tenant_id int",
    "name text",
    "role text",
    "secret_sha256 bytea",
    "sites uuid[]",
    "channels int[]",
    "made_by uuid",
    "made_at timestamptz",
    "expires_at timestamptz",
    "rotated_from uuid",
    "retires_at timestamptz",
    "revoked_at timestamptz",
    "revoked_by uuid",
    "last_used_at timestamptz",
)
_SESSION_COLUMNS = (
    "session_id uuid",
    "token_sha256 bytea",
    "person_id uuid",
    "tenant_id int",
    "opened_at timestamptz",
    "expires_at timestamptz",
    "last_seen_at timestamptz",
    "confirmed_at timestamptz",
    "second_factor boolean",
    "source text",
    "agent text",
)


def _columns(of: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{of}.{one.split()[0]}" for one in columns)


def _function(name: str, takes: str, returns: tuple[str, ...], query: str) -> None:
    # PL/pgSQL keeps the plan of its query over calls, which SQL functions do not. The reach is the transaction's and is
    # put back for whoever asks within one; `set` in the function's head would take a superuser to make it.
    op.execute(
        f"""
        create function {SCHEMA}.{name}({takes})
            returns table ({", ".join((*returns, "in_complex int", "complex_organisations int[]"))})
            language plpgsql rows 1
        as $body$
            #variable_conflict use_column
            declare
                before text := coalesce(current_setting('app.reach', true), '');
            begin
                set local app.reach = 'door:0';
                return query {query};
                execute format('set local app.reach = %L', before);
            end
        $body$
        """
    )
    op.execute(f"revoke all on function {SCHEMA}.{name} from public")
    op.execute(f"grant execute on function {SCHEMA}.{name} to {APP}")


def upgrade() -> None:
    """Let the program ask who holds what a request carries."""
    begin()
    _function(
        "session_holder",
        _SESSION,
        (*_SESSION_COLUMNS, "printed_name text", "role text"),
        f"""
        select {_columns("held", _SESSION_COLUMNS)}, holder.printed_name, holder.role,
            {_COMPLEX.format(role="holder.role")}
        from {SCHEMA}.session held
            join {SCHEMA}.person holder on holder.person_id = held.person_id
            left join {SCHEMA}.tenant organisation on organisation.tenant_id = held.tenant_id
        where held.token_sha256 = told_token and held.expires_at > told_now and held.last_seen_at > told_since
            and holder.active
        """,  # noqa: S608  (constants)
    )
    _function(
        "key_holder",
        _KEY,
        _KEY_COLUMNS,
        f"""
        select {_columns("held", _KEY_COLUMNS)}, {_COMPLEX.format(role="held.role")}
        from {SCHEMA}.api_key held
            left join {SCHEMA}.tenant organisation on organisation.tenant_id = held.tenant_id
        where held.key_id = told_key
        """,  # noqa: S608  (constants)
    )


def downgrade() -> None:
    """Let the program look for itself again."""
    begin()
    op.execute(f"drop function {SCHEMA}.session_holder")
    op.execute(f"drop function {SCHEMA}.key_holder")
