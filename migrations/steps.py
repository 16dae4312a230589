"""What each revision says besides plain DDL. On PostgreSQL without Citus, placing a table does nothing.

Order inside a revision: begin, create tables without foreign keys, place them, then foreign keys and indexes
(docs/decisions/0002-one-schema.md).
"""

from alembic import op
from sqlalchemy import text

SCHEMA = "sunhwan"
APP, AUDITOR = "sunhwan_app", "sunhwan_auditor"

EXTENT = "(select split_part(current_setting('app.reach', true), ':', 1))"
OWN = (
    "(select case when split_part(current_setting('app.reach', true), ':', 1) in ('tenant', 'body', 'granted')"
    " then nullif(split_part(current_setting('app.reach', true), ':', 2), '')::int end)"
)
"""How far the transaction reaches and whose it is; told by `begin`, and both empty when nobody told.

The `(select …)` makes each a constant of the statement, so that indexes are used.
"""


def begin() -> None:
    """Open a revision: wait for no lock longer than five seconds, and keep Citus sequential."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL app.reach = 'complex:0:all'")  # the owner is bound by the policies as well
    if _citus():
        op.execute("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")


def reference(table: str) -> None:
    """Copy a table to every node."""
    if _citus():
        op.execute(f"select create_reference_table('{SCHEMA}.{table}')")


def distribute(table: str, column: str, *, with_table: str | None = None) -> None:
    """Spread a table by a column, beside `with_table` or as the root of its own group."""
    if _citus():
        beside = "none" if with_table is None else f"{SCHEMA}.{with_table}"
        op.execute(f"select create_distributed_table('{SCHEMA}.{table}', '{column}', colocate_with => '{beside}')")


def reach(*extents: str) -> str:
    """Return the condition that the transaction reaches one of these extents."""
    return f"{EXTENT} in ({', '.join(repr(extent) for extent in extents)})"


COMPLEX = reach("complex")
ANYBODY = reach("complex", "tenant", "body", "granted", "public")
OWN_ROWS = f"({COMPLEX} or tenant_id = {OWN})"
"""The complex's staff reach every organisation's rows, everybody else their own."""


_TOLD = "current_setting('app.reach', true)"
BEYOND_COMPLEXES = (
    f"(select coalesce(split_part({_TOLD}, ':', 1) <> 'complex' or split_part({_TOLD}, ':', 3) = 'all', true))"
)
"""Whoever is on no complex's staff, and the system; what they reach is said elsewhere."""
COMPLEX_NO = f"(select nullif(split_part({_TOLD}, ':', 3), '')::int)"
IN_COMPLEX = f"((select string_to_array(nullif(split_part({_TOLD}, ':', 4), ''), ',')::int[])::int[])"
"""The complex of whoever is on its staff, and the organisations in it, as the transaction was told."""

NOT_FOR_STAFF = BEYOND_COMPLEXES
OF_THE_COMPLEX = f"({BEYOND_COMPLEXES} or tenant_id = any {IN_COMPLEX})"
WRITES = ("insert", "update", "delete")


def confine(table: str, condition: str = OF_THE_COMPLEX, *, verbs: tuple[str, ...] = ()) -> None:
    """Hold the staff of a complex to these rows of a table, whatever else it shows them; all verbs unless told."""
    name = f"{SCHEMA}.{table}"
    for verb in verbs or ("all",):
        suffix = "complex" if verb == "all" else f"complex_{verb}"
        clause = {"insert": f"with check ({condition})", "select": f"using ({condition})"}.get(
            verb, f"using ({condition})" if verb == "delete" else f"using ({condition}) with check ({condition})"
        )
        op.execute(f"create policy {table}_{suffix} on {name} as restrictive for {verb} {clause}")


def release(table: str) -> None:
    """Undo `confine`, if it was done."""
    for suffix in ("complex", *(f"complex_{verb}" for verb in ("select", *WRITES))):
        op.execute(f"drop policy if exists {table}_{suffix} on {SCHEMA}.{table}")


def guard(table: str, *, read: str = OWN_ROWS, write: str = OWN_ROWS, may: str = "select, insert") -> None:
    """Close a table to the program but for these rows and statements; `may` lists what is granted.

    Reading and writing are policies of their own, for everybody who is not a superuser, the owner included.
    """
    name = f"{SCHEMA}.{table}"
    op.execute(f"alter table {name} enable row level security")
    op.execute(f"alter table {name} force row level security")
    op.execute(f"create policy {table}_read on {name} for select using ({read})")
    op.execute(f"create policy {table}_insert on {name} for insert with check ({write})")
    op.execute(f"create policy {table}_update on {name} for update using ({write}) with check ({write})")
    op.execute(f"create policy {table}_delete on {name} for delete using ({write})")
    op.execute(f"create policy {table}_audit on {name} for select to {AUDITOR} using (true)")
    op.execute(f"grant {may} on {name} to {APP}")
    if _complexes_are_confined() and _has_tenant(table):
        confine(table)


def audited(table: str, *columns: str) -> None:
    """Let the auditor read a table, or only these columns of it."""
    which = f" ({', '.join(columns)})" if columns else ""
    op.execute(f"grant select{which} on {SCHEMA}.{table} to {AUDITOR}")


def unguard(table: str) -> None:
    """Undo `guard` and `audited`."""
    name = f"{SCHEMA}.{table}"
    for policy in ("read", "insert", "update", "delete", "audit"):
        op.execute(f"drop policy {table}_{policy} on {name}")
    release(table)
    op.execute(f"alter table {name} no force row level security")
    op.execute(f"alter table {name} disable row level security")
    op.execute(f"revoke all on {name} from {APP}, {AUDITOR}")


def _complexes_are_confined() -> bool:
    """Whether revision 0098 was run: a table that comes later is confined from its beginning."""
    found = text(
        "select exists(select 1 from pg_policies where schemaname = :schema and policyname = 'tenant_complex')"
    )
    return bool(op.get_bind().execute(found, {"schema": SCHEMA}).scalar_one())


def _has_tenant(table: str) -> bool:
    found = text(
        "select exists(select 1 from information_schema.columns where table_schema = :schema"
        " and table_name = :table and column_name = 'tenant_id')"
    )
    return bool(op.get_bind().execute(found, {"schema": SCHEMA, "table": table}).scalar_one())


def _citus() -> bool:
    return bool(
        op.get_bind().execute(text("select exists(select 1 from pg_extension where extname = 'citus')")).scalar_one()
    )
