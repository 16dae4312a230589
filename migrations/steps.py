"""What each revision says besides plain DDL. On PostgreSQL without Citus, placing a table does nothing.

Order inside a revision: begin, create tables without foreign keys, place them, then foreign keys and indexes
(docs/decisions/0002-one-schema.md).
"""

from alembic import op
from sqlalchemy import text

SCHEMA = "sunhwan"


def begin() -> None:
    """Open a revision: wait for no lock longer than five seconds, and keep Citus sequential."""
    op.execute("SET LOCAL lock_timeout = '5s'")
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


def _citus() -> bool:
    return bool(
        op.get_bind().execute(text("select exists(select 1 from pg_extension where extname = 'citus')")).scalar_one()
    )
