"""More than one industrial complex: its staff see and write what lies in their own, and nothing of another's.

What each table is, and why these policies are restrictive, is told in docs/decisions/0018-several-complexes.md.
"""

from alembic import op
from sqlalchemy import text

from migrations.steps import (
    BEYOND_COMPLEXES,
    COMPLEX_NO,
    IN_COMPLEX,
    NOT_FOR_STAFF,
    OWN_ROWS,
    SCHEMA,
    WRITES,
    begin,
    confine,
    reach,
    release,
)

revision = "0098"
down_revision = "0089"
branch_labels = None
depends_on = None

_READ_BY_ANYBODY = (
    "certificate",
    "certificate_state",
    "certification_key",
    "issued_document",
    "record_key",
    "status_place",
)
"""What a certificate's number leads to; only writing is held to the complex."""

_HELD_HERE = (
    f"({BEYOND_COMPLEXES} or exists ("  # noqa: S608  (constants)
    f"select 1 from {SCHEMA}.pack held where held.pack_id = {{table}}.pack_id))"
)
"""A pack is its holder's, and so the complex's of its holder; what hangs under it goes with it."""
_BY_PACK = ("history_head", "label", "pack_grant", "pack_reach")
_PASSPORTS = ("passport", "passport_state", "pack_identifier")
"""Read by whoever knows the name; written for packs that are held here."""

_NOBODYS = ("job_report", "quota_bucket", "sign_in_failure")
"""The installation's own books, of which nothing is any complex's."""

_OF_OTHERS_TOO = f"({BEYOND_COMPLEXES} or complex_id = {COMPLEX_NO} or kind <> 'tenant')"
_OWN_COMPLEX = f"({BEYOND_COMPLEXES} or complex_id = {COMPLEX_NO})"
_AUDITED = (
    f"({BEYOND_COMPLEXES} or case when tenant_id = 0 then coalesce(for_tenant, 0) = any {IN_COMPLEX}"
    f" else tenant_id = any {IN_COMPLEX} or for_tenant = any {IN_COMPLEX} end)"
)
"""An entry is of the complex whose organisation acted or was asked about; the installation's own are the first's."""

_TENANT_READ = f"({OWN_ROWS} or kind in ('operator', 'inspection_body'))"


def _with_a_tenant() -> list[str]:
    """Return the closed tables whose rows are an organisation's and that no rule of their own confines."""
    found = op.get_bind().execute(
        text(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped"
            " where n.nspname = :schema and c.relkind in ('r', 'p') and c.relrowsecurity order by 1"
        ),
        {"schema": SCHEMA},
    )
    apart = {"tenant", "audit_entry", *_READ_BY_ANYBODY, *_BY_PACK, *_NOBODYS}
    return [name for (name,) in found if name not in apart]


def upgrade() -> None:
    """Give everybody to the complex they are registered in, and confine its staff to it."""
    begin()
    op.create_index("tenant_complex", "tenant", ["complex_id"], schema=SCHEMA)
    op.execute(f"drop policy tenant_read on {SCHEMA}.tenant")
    op.execute(
        f"create policy tenant_read on {SCHEMA}.tenant for select using ({_TENANT_READ} or {reach('door')})"
    )  # whoever signs in is told in which complex they act
    for table in _with_a_tenant():
        confine(table)
    for table in _READ_BY_ANYBODY:
        confine(table, verbs=WRITES)
    for table in _BY_PACK:
        confine(table, _HELD_HERE.format(table=table))
    for table in _PASSPORTS:
        confine(table, _HELD_HERE.format(table=table), verbs=WRITES)
    confine(
        "lineage", _HELD_HERE.format(table="lineage").replace("lineage.pack_id", "lineage.to_pack_id"), verbs=WRITES
    )
    for table in _NOBODYS:
        confine(table, NOT_FOR_STAFF)
    confine("outbox", NOT_FOR_STAFF, verbs=("select", "update", "delete"))  # staff leave messages and read none
    confine("audit_entry", _AUDITED)
    confine("tenant", _OWN_COMPLEX, verbs=WRITES)
    # The last one: where it stands, tables that later revisions close are confined as they are made.
    confine("tenant", _OF_OTHERS_TOO)


def downgrade() -> None:
    """Let the staff of any complex reach all of them again."""
    begin()
    release("tenant")
    for table in (
        *_with_a_tenant(), *_READ_BY_ANYBODY, *_BY_PACK, *_PASSPORTS, *_NOBODYS, "lineage", "outbox", "audit_entry"
    ):  # fmt: skip
        release(table)
    op.execute(f"drop policy tenant_read on {SCHEMA}.tenant")
    op.execute(f"create policy tenant_read on {SCHEMA}.tenant for select using ({_TENANT_READ})")
    op.drop_index("tenant_complex", "tenant", schema=SCHEMA)
