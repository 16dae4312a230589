"""Who may do what in the database: one role owns the tables, one serves, one only reads.

    sunhwan_migrator  owns schema and tables; the revisions run as it
    sunhwan_app       what the program is: no DELETE or UPDATE on what is history, money or signature, no DDL
    sunhwan_auditor   reads every party's rows, writes nothing, sees no secret

None of them signs in by itself and none bypasses row-level security; a deployment grants them to its own sign-ins.
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
