"""Files, keys, statuses and histories show and take no more than their own party's; packs open to their holders alone.

What each table is, and why a policy may look at `pack_reach`, is told in docs/decisions/0054-narrower-policies.md.
"""

import sqlalchemy as sa
from alembic import op

from migrations.steps import (
    COMPLEX,
    EXTENT,
    OWN,
    SCHEMA,
    audited,
    begin,
    distribute,
    guard,
    reach,
    unguard,
)

revision = "0054"
down_revision = "0081"
branch_labels = None
depends_on = None

_USE = "kind in ('in_service', 'billed', 'deployed')"
_AT_A_BENCH = "state in ('received', 'under_test', 'graded', 'approved')"
_BODYS_OWN = f"({reach('body')} and tenant_id = {OWN})"
_BODY_OR_COMPLEX = reach("complex", "body")

_LIFE_BEFORE = f"({COMPLEX} or (not {_USE} and {reach('body', 'tenant')}) or tenant_id = {OWN})"
_LIFE = (
    f"({COMPLEX} or (not {_USE} and {reach('body')}) or tenant_id = {OWN}"  # noqa: S608  (constants)
    f" or (not {_USE} and {EXTENT} in ('tenant', 'granted') and exists ("
    f"select 1 from {SCHEMA}.pack_reach r where r.pack_id = history_entry.pack_id and r.tenant_id = {OWN}"
    " and (r.until_at is null or history_entry.occurred_at < r.until_at))))"
)
"""A tenant sees the life of what it holds, of what it held until it gave it back, and a grant's reader of its packs."""

_FILE_OWNERS = (
    f"select sha256, tenant_id from {SCHEMA}.invoice_document"  # noqa: S608  (constants)
    f" union select raw_sha256, tenant_id from {SCHEMA}.test_run where raw_sha256 is not null"
    f" union select pdf_sha256, tenant_id from {SCHEMA}.test_report"
    f" union select pdf_sha256, tenant_id from {SCHEMA}.certificate"
    f" union select pdf_sha256, tenant_id from {SCHEMA}.amended_report"
)
"""Whose document or evidence each file is; what nobody's table names stays with the complex."""


def _policy(table: str, what: str, condition: str) -> None:
    """Write one of a table's policies anew."""
    name = f"{SCHEMA}.{table}"
    op.execute(f"drop policy {table}_{what} on {name}")
    clause = {
        "read": f"for select using ({condition})",
        "insert": f"for insert with check ({condition})",
        "update": f"for update using ({condition}) with check ({condition})",
        "delete": f"for delete using ({condition})",
    }[what]
    op.execute(f"create policy {table}_{what} on {name} {clause}")


def _written_by(table: str, condition: str) -> None:
    for what in ("insert", "update", "delete"):
        _policy(table, what, condition)


def _owned(table: str, owner: str) -> None:
    """Add `tenant_id` and fill it by a scalar query over the row."""
    op.add_column(table, sa.Column("tenant_id", sa.Integer(), nullable=True), schema=SCHEMA)
    op.execute(f"update {SCHEMA}.{table} set tenant_id = coalesce(({owner}), 0)")  # noqa: S608  (constants)
    op.alter_column(table, "tenant_id", nullable=False, schema=SCHEMA)


def upgrade() -> None:
    """Say whose everything is, then tighten the policies."""
    begin()
    _reach_of_packs()
    _files()
    _owned(
        "certificate_state",
        f"select c.tenant_id from {SCHEMA}.certificate c"  # noqa: S608  (constants)
        " where c.pack_id = certificate_state.pack_id and c.certificate_id = certificate_state.certificate_id",
    )
    subject = (
        f"select r.tenant_id from {SCHEMA}.reception r where r.reception_id = {{table}}.subject_id"  # noqa: S608
        " and r.pack_id = {table}.pack_id union all"
        f" select c.tenant_id from {SCHEMA}.certificate c where c.certificate_id = {{table}}.subject_id"
        " and c.pack_id = {table}.pack_id union all"
        f" select d.tenant_id from {SCHEMA}.issued_document d where d.subject_id = {{table}}.subject_id"
        " and d.pack_id = {table}.pack_id limit 1"
    )
    for table in ("certification_key", "record_key"):
        _owned(table, subject.format(table=table))
        _written_by(table, f"({COMPLEX} or {_BODYS_OWN})")
    _written_by("certificate_state", f"({COMPLEX} or {_BODYS_OWN})")
    _histories()
    _policy("label", "read", COMPLEX)


def _reach_of_packs() -> None:
    op.create_table(
        "pack_reach",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("reach_id", sa.Uuid(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("pack_id", "tenant_id", "reach_id", name="pack_reach_pkey"),
        schema=SCHEMA,
    )
    distribute("pack_reach", "pack_id", with_table="pack")
    guard("pack_reach", write=COMPLEX, may="select, insert, update (until_at), delete")
    audited("pack_reach")
    op.execute(
        f"insert into {SCHEMA}.pack_reach (pack_id, tenant_id, reach_id, until_at)"  # noqa: S608  (constants)
        f" select pack_id, tenant_id, assignment_id, ends_at from {SCHEMA}.assignment union all"
        f" select pack_id, tenant_id, grant_id, null from {SCHEMA}.pack_grant where revoked_at is null"
    )


def _files() -> None:
    op.add_column("stored_file", sa.Column("tenant_id", sa.Integer(), nullable=True), schema=SCHEMA)
    op.drop_constraint("stored_file_pkey", "stored_file", schema=SCHEMA)
    op.execute(
        f"insert into {SCHEMA}.stored_file (sha256, media_type, content, tenant_id)"  # noqa: S608  (constants)
        f" select f.sha256, f.media_type, f.content, o.tenant_id from {SCHEMA}.stored_file f"
        f" join ({_FILE_OWNERS}) o using (sha256)"
    )
    op.execute(
        f"delete from {SCHEMA}.stored_file f where f.tenant_id is null"  # noqa: S608  (constants)
        f" and exists (select 1 from ({_FILE_OWNERS}) o where o.sha256 = f.sha256)"
    )
    op.execute(f"update {SCHEMA}.stored_file set tenant_id = 0 where tenant_id is null")  # noqa: S608  (constants)
    op.alter_column("stored_file", "tenant_id", nullable=False, schema=SCHEMA)
    op.create_primary_key("stored_file_pkey", "stored_file", ["sha256", "tenant_id"], schema=SCHEMA)
    own = f"({COMPLEX} or tenant_id = {OWN})"
    _policy("stored_file", "read", own)
    _written_by("stored_file", f"({COMPLEX} or {_BODYS_OWN})")


def _histories() -> None:
    op.add_column("history_entry", sa.Column("recorded_for", sa.Integer(), nullable=True), schema=SCHEMA)
    op.add_column("history_head", sa.Column("bench_of", sa.Integer(), nullable=True), schema=SCHEMA)
    op.execute(
        f"update {SCHEMA}.history_head h set bench_of = (select r.tenant_id from {SCHEMA}.reception r"  # noqa: S608
        " where r.pack_id = h.pack_id order by r.received_at desc limit 1)"
    )
    _policy("history_entry", "read", _LIFE)
    _written_by("history_entry", f"({COMPLEX} or ({reach('body')} and recorded_for = {OWN}))")
    _policy("history_head", "read", _BODY_OR_COMPLEX)
    _policy("history_head", "insert", COMPLEX)
    _policy("history_head", "delete", COMPLEX)
    op.execute(f"drop policy history_head_update on {SCHEMA}.history_head")
    op.execute(
        f"create policy history_head_update on {SCHEMA}.history_head for update"
        f" using ({COMPLEX} or ({reach('body')} and (bench_of = {OWN} or not {_AT_A_BENCH})))"
        f" with check ({COMPLEX} or ({reach('body')} and bench_of = {OWN}))"
    )


def downgrade() -> None:
    """Open them as wide as they were."""
    begin()
    _policy("label", "read", _BODY_OR_COMPLEX)
    _policy("history_entry", "read", _LIFE_BEFORE)
    _policy("history_head", "read", reach("complex", "body", "tenant"))
    for table in ("history_entry", "history_head", "certificate_state", "certification_key", "record_key"):
        _written_by(table, _BODY_OR_COMPLEX)
    op.drop_column("history_entry", "recorded_for", schema=SCHEMA)
    op.drop_column("history_head", "bench_of", schema=SCHEMA)
    for table in ("certificate_state", "certification_key", "record_key"):
        op.drop_column(table, "tenant_id", schema=SCHEMA)
    _policy("stored_file", "read", reach("complex", "body", "tenant"))
    _written_by("stored_file", _BODY_OR_COMPLEX)
    op.execute(
        f"delete from {SCHEMA}.stored_file f using {SCHEMA}.stored_file g"  # noqa: S608  (constants)
        " where f.sha256 = g.sha256 and f.tenant_id > g.tenant_id"
    )
    op.drop_constraint("stored_file_pkey", "stored_file", schema=SCHEMA)
    op.drop_column("stored_file", "tenant_id", schema=SCHEMA)
    op.create_primary_key("stored_file_pkey", "stored_file", ["sha256"], schema=SCHEMA)
    unguard("pack_reach")
    op.drop_table("pack_reach", schema=SCHEMA)
