"""Roles of the database, rows that only their own party reaches, history that nobody rewrites; finer roles of people.

What each table is, and therefore who reaches it, is told in docs/decisions/0014-isolation-twice.md.
"""

from alembic import op

from migrations.steps import (
    ANYBODY,
    APP,
    AUDITOR,
    COMPLEX,
    OWN,
    OWN_ROWS,
    SCHEMA,
    audited,
    begin,
    guard,
    reach,
    unguard,
)

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BODY_OR_COMPLEX = reach("complex", "body")
_STAFF_OR_OWN = f"({_BODY_OR_COMPLEX} or tenant_id = {OWN})"
_USE = "kind in ('in_service', 'billed', 'deployed')"
_LIFE = f"({COMPLEX} or (not {_USE} and {reach('body', 'tenant')}) or tenant_id = {OWN})"
"""How a pack was used is between its holder and the complex; the rest of its life goes with the pack."""

_HISTORY = "select, insert"
_STATE = "select, insert, update"

_TENANTS_OWN = {
    # who: the party; written by the complex's staff for it
    "contract": _STATE,
    "capacity_slot": _HISTORY,
    "assignment": _STATE,
    "invoice": _HISTORY,
    "invoice_line": _HISTORY,
    "invoice_state": _STATE,
    "invoice_document": _HISTORY,
    "ledger_transfer": _HISTORY,
    "bank_deposit": _HISTORY,
    "allocation": _HISTORY,
    "site": _HISTORY,
    "channel": _HISTORY,
    "channel_counter": _STATE,
    "usage_snapshot": _HISTORY,
}
_TENANTS_WRITTEN = {
    # written by the party itself
    "reading_import": _HISTORY,
    "interval_day": _STATE,
    "reading_conflict": _HISTORY,
    "document_number": _STATE,
}
_BODYS_OWN = {
    "reception": _HISTORY,
    "reception_state": _STATE,
    "test_run": _HISTORY,
    "assessment": _HISTORY,
    "signature": _HISTORY,
    "test_report": _HISTORY,
}
_PUBLIC = {
    # what a label or a certificate's number leads to, for anybody; written by those who issue it
    "certificate": (_HISTORY, f"({COMPLEX} or ({reach('body')} and tenant_id = {OWN}))"),
    "certificate_state": (_STATE, _BODY_OR_COMPLEX),
    "certification_key": (_HISTORY, _BODY_OR_COMPLEX),
    "pack_identifier": (_HISTORY, COMPLEX),
    "passport": (_HISTORY, COMPLEX),
    "passport_state": (_STATE, COMPLEX),
    "lineage": (_HISTORY, COMPLEX),
}
_PLAIN = {"industrial_complex": "select, insert", "plan_version": "select, insert"}
"""Nobody's in particular: every party may read them, and there is nothing of a party in them."""

_GUARDED = (
    *_TENANTS_OWN,
    *_TENANTS_WRITTEN,
    *_BODYS_OWN,
    *_PUBLIC,
    "pack",
    "history_entry",
    "history_head",
    "label",
    "stored_file",
    "tenant",
    "person",
    "session",
    "sign_in_failure",
    "outbox",
    "job_report",
)

_ROLES_BEFORE = "role in ('tenant', 'tester', 'approver', 'operator', 'system')"
_ROLES = (
    "role in ('tenant_viewer', 'tenant_admin', 'tester', 'reviewer', 'approver', 'operator', 'finance', 'admin', "
    "'auditor', 'owner', 'authority', 'recycler')"
)
_KINDS_BEFORE = "kind in ('tenant', 'inspection_body', 'operator')"
_KINDS = "kind in ('tenant', 'inspection_body', 'operator', 'owner', 'authority', 'recycler')"


def upgrade() -> None:
    """Split the roles of people, then close every table."""
    begin()
    op.drop_constraint("person_role_is_known", "person", schema=SCHEMA, type_="check")
    op.execute(f"update {SCHEMA}.person set role = 'tenant_admin' where role = 'tenant'")  # noqa: S608  (constants)
    op.create_check_constraint("person_role_is_known", "person", _ROLES, schema=SCHEMA)
    op.drop_constraint("tenant_kind_is_known", "tenant", schema=SCHEMA, type_="check")
    op.create_check_constraint("tenant_kind_is_known", "tenant", _KINDS, schema=SCHEMA)

    op.execute(f"grant usage on schema {SCHEMA} to {APP}, {AUDITOR}")
    op.execute(f"grant select on {SCHEMA}.alembic_version to {APP}, {AUDITOR}")
    for table, may in _TENANTS_OWN.items():
        guard(table, write=COMPLEX, may=may)
    for table, may in (_TENANTS_WRITTEN | _BODYS_OWN).items():
        guard(table, may=may)
    for table, (may, write) in _PUBLIC.items():
        guard(table, read=ANYBODY, write=write, may=may)
    guard("pack", read=_STAFF_OR_OWN, write=COMPLEX, may=_STATE)
    guard("history_entry", read=_LIFE, write=_BODY_OR_COMPLEX, may=_HISTORY)
    guard("history_head", read=reach("complex", "body", "tenant"), write=_BODY_OR_COMPLEX, may=_STATE)
    guard("label", read=_BODY_OR_COMPLEX, write=COMPLEX, may=_HISTORY)
    guard("stored_file", read=reach("complex", "body", "tenant"), write=_BODY_OR_COMPLEX, may=_HISTORY)
    guard("tenant", read=f"({OWN_ROWS} or kind in ('operator', 'inspection_body'))", write=COMPLEX, may=_STATE)
    guard("person", read=f"({OWN_ROWS} or {reach('door')})", write=f"({OWN_ROWS} or {reach('door')})", may=_STATE)
    guard("session", read=reach("door", "complex"), write=reach("door", "complex"), may=f"{_HISTORY}, delete")
    guard("sign_in_failure", read=reach("door", "complex"), write=reach("door", "complex"), may=f"{_HISTORY}, delete")
    guard("outbox", read=COMPLEX, write=COMPLEX, may=_STATE)
    guard("job_report", read=COMPLEX, write=COMPLEX, may=_STATE)
    for table, may in _PLAIN.items():
        op.execute(f"grant {may} on {SCHEMA}.{table} to {APP}")
    for table in (*_GUARDED, *_PLAIN):
        if table == "person":
            audited(table, "person_id", "tenant_id", "sign_in_name", "printed_name", "role", "active")
        elif table not in ("session", "sign_in_failure"):
            audited(table)


def downgrade() -> None:
    """Open every table again; refused while somebody has a role that was not there before."""
    begin()
    for table in _GUARDED:
        unguard(table)
    for table in (*_PLAIN, "alembic_version"):
        op.execute(f"revoke all on {SCHEMA}.{table} from {APP}, {AUDITOR}")
    op.execute(f"revoke usage on schema {SCHEMA} from {APP}, {AUDITOR}")
    op.drop_constraint("tenant_kind_is_known", "tenant", schema=SCHEMA, type_="check")
    op.create_check_constraint("tenant_kind_is_known", "tenant", _KINDS_BEFORE, schema=SCHEMA)
    op.drop_constraint("person_role_is_known", "person", schema=SCHEMA, type_="check")
    op.execute(f"update {SCHEMA}.person set role = 'tenant' where role = 'tenant_admin'")  # noqa: S608  (constants)
    op.create_check_constraint("person_role_is_known", "person", _ROLES_BEFORE, schema=SCHEMA)
