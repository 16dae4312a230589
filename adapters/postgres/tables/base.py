"""Where a table's rows live. The same schema runs on one PostgreSQL and on Citus, so each table says its kind.

A test reads these marks and refuses a key that Citus could not keep (docs/decisions/0002).
"""

from typing import TypedDict

SCHEMA = "sunhwan"


class TableMark(TypedDict):
    """The last element of `__table_args__`."""

    schema: str
    info: dict[str, object]


def distributed(column: str) -> TableMark:
    """Rows lie with all others of the same tenant (`tenant_id`) or pack (`pack_id`); every key holds the column."""
    return {"schema": SCHEMA, "info": {"distributed_by": column, "group": column}}


def own_key(column: str) -> TableMark:
    """A lookup distributed by its own key, the only way to a key that is unique over all tenants."""
    return {"schema": SCHEMA, "info": {"distributed_by": column, "group": f"own:{column}"}}


def reference() -> TableMark:
    """Small, read everywhere, the target of foreign keys; copied to every node."""
    return {"schema": SCHEMA, "info": {"reference": True}}


def local() -> TableMark:
    """Kept on the coordinator: queues, sessions, locks."""
    return {"schema": SCHEMA, "info": {"local": True}}
