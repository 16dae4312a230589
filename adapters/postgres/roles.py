"""Who may do what in the database: one role owns the tables, one serves, one only reads.

    sunhwan_migrator  owns schema and tables; the revisions run as it
    sunhwan_app       what the program is: no DELETE or UPDATE on what is history, money or signature, no DDL
    sunhwan_auditor   reads every party's rows, writes nothing, sees no secret

None of them signs in by itself and none bypasses row-level security; a deployment grants them to its own sign-ins.
The one that serves is a member of `sunhwan_app` and of nothing else, so that RESET ROLE leaves it with nothing more.
"""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from adapters.postgres.tables.base import SCHEMA
from domain.shared.errors import Unavailable

MIGRATOR, APP, AUDITOR = "sunhwan_migrator", "sunhwan_app", "sunhwan_auditor"


class RolesMissing(Unavailable):
    """The database's roles are not there, and this sign-in may not make them."""

    code = "database.roles-missing"
    title_ko = "데이터베이스 역할 {roles}을(를) 만들 권한이 없습니다. 데이터베이스 관리자에게 생성을 요청해 주세요."
    title_en = "The database roles {roles} are missing, and this sign-in may not make them; ask the administrator."


def prepare_roles(connection: Connection) -> None:
    """Make the roles and the schema unless they are there, let this sign-in become them, and hand over old tables.

    Raises:
        RolesMissing: a role is missing, and this sign-in may not make it.
    """
    have = set(connection.scalars(text("select rolname from pg_roles where rolname like 'sunhwan%'")))
    missing = [role for role in (MIGRATOR, APP, AUDITOR) if role not in have]
    try:
        for role in missing:
            with connection.begin_nested():
                _make(connection, role)
        if not connection.scalar(text("select rolsuper from pg_roles where rolname = session_user")):
            for role in (MIGRATOR, APP):
                if not connection.scalar(text("select pg_has_role(session_user, :role, 'member')"), {"role": role}):
                    connection.execute(text(f"grant {role} to session_user"))
        if not connection.scalar(text("select count(*) from pg_namespace where nspname = :name"), {"name": SCHEMA}):
            connection.execute(text(f"create schema {SCHEMA} authorization {MIGRATOR}"))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "42501":
            raise RolesMissing(roles=", ".join((MIGRATOR, APP, AUDITOR))) from error
        raise
    _hand_over(connection)


def may_migrate(connection: Connection) -> bool:
    """Whether this sign-in owns the schema, or may make what owns it; a sign-in for serving alone does not."""
    return bool(
        connection.scalar(
            text(
                "select rolsuper or rolcreaterole or not exists (select from pg_roles where rolname = :owner)"
                " or pg_has_role(oid, (select r.oid from pg_roles r where r.rolname = :owner), 'MEMBER')"
                " from pg_roles where rolname = session_user"
            ),
            {"owner": MIGRATOR},
        )
    )


def prepare_serving(connection: Connection, *, login: str, password: str) -> bool:
    """Make the sign-in that serves, a member of `sunhwan_app` alone, and give it its password; say whether it is so.

    One that somebody else made otherwise (another membership, a right of its own) is left as it is.

    Raises:
        RolesMissing: this sign-in may not make others.
    """
    if login == connection.scalar(text("select session_user")):
        return False
    # By a setting of this transaction: a statement of this kind takes no parameters, and would stand in the log whole.
    connection.execute(
        text("select set_config('sunhwan.login', :login, true), set_config('sunhwan.word', :word, true)"),
        {"login": login, "word": password},
    )
    try:
        with connection.begin_nested():
            connection.execute(text(_PREPARE_SERVING))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "42501":
            raise RolesMissing(roles=login) from error
        raise
    return bool(connection.scalar(text(f"select {_SERVES_ALONE.format(login=':login')}"), {"login": login}))


_SERVES_ALONE = f"""
    exists (select from pg_roles r where r.rolname = {{login}} and r.rolcanlogin
        and not (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication)
        and (select array_agg(pg_get_userbyid(m.roleid)::text) from pg_auth_members m where m.member = r.oid)
            = array['{APP}'])
"""  # noqa: S608  (only our own constants are written in)

_PREPARE_SERVING = f"""
do $$
declare
    login text := current_setting('sunhwan.login');
begin
    if not exists (select from pg_roles where rolname = login) then
        execute format('create role %I login in role {APP}', login);
    end if;
    if {_SERVES_ALONE.format(login="login")} then
        execute format('alter role %I password %L', login, current_setting('sunhwan.word'));
    end if;
end $$
"""


def _make(connection: Connection, role: str) -> None:
    """Make a role; another database of the same server may be making it right now."""
    connection.execute(
        text(
            f"do $$ begin create role {role} nologin noinherit nobypassrls;"
            " exception when duplicate_object or unique_violation then null; end $$"
        )
    )


def _hand_over(connection: Connection) -> None:
    """Give what was made before there were roles to the one that owns now."""
    connection.execute(
        text(
            f"""
            do $$
            declare found record;
            begin
                if (select pg_get_userbyid(nspowner) from pg_namespace where nspname = '{SCHEMA}') <> '{MIGRATOR}' then
                    execute 'alter schema {SCHEMA} owner to {MIGRATOR}';
                end if;
                for found in
                    select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
                    where n.nspname = '{SCHEMA}' and c.relkind in ('r', 'p')
                      and pg_get_userbyid(c.relowner) <> '{MIGRATOR}'
                loop
                    execute format('alter table {SCHEMA}.%I owner to {MIGRATOR}', found.relname);
                end loop;
            end $$
            """  # noqa: S608  (only our own constants are written in)
        )
    )
