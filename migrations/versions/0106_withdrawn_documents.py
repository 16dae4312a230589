"""Which reports were withdrawn, for whoever holds one and asks whether it may be relied on."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import ANYBODY, COMPLEX, OWN, SCHEMA, audited, begin, distribute, guard, reach, unguard

revision = "0106"
down_revision = "0105"
branch_labels = None
depends_on = None

_BEFORE = f"""
    insert into {SCHEMA}.withdrawn_document (pack_id, subject_id, tenant_id, number, reason, withdrawn_at)
    select d.pack_id, d.subject_id, d.tenant_id, d.number, e.reason, e.moved_at
    from {SCHEMA}.issued_document d
    join (
        select pack_id, report_id, reception_id from {SCHEMA}.test_report
        union all select pack_id, report_id, reception_id from {SCHEMA}.amended_report
    ) r on r.pack_id = d.pack_id and r.report_id = d.subject_id
    join {SCHEMA}.reception_event e
        on e.pack_id = r.pack_id and e.reception_id = r.reception_id and e.to_state = 'withdrawn'
"""  # noqa: S608 - constants


def upgrade() -> None:
    """Create the table, with what was withdrawn before; anybody who holds a report may know it."""
    begin()
    op.create_table(
        "withdrawn_document",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "subject_id", name="withdrawn_document_pkey"),
        sa.CheckConstraint("reason <> ''", name="withdrawn_document_says_why"),
        schema=SCHEMA,
    )
    distribute("withdrawn_document", "pack_id", with_table="pack")
    op.execute(_BEFORE)
    guard("withdrawn_document", read=ANYBODY, write=f"({COMPLEX} or ({reach('body')} and tenant_id = {OWN}))")
    audited("withdrawn_document")
    op.create_foreign_key(
        "withdrawn_document_was_issued",
        "withdrawn_document",
        "issued_document",
        ["pack_id", "subject_id"],
        ["pack_id", "subject_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )


def downgrade() -> None:
    """Drop it."""
    begin()
    unguard("withdrawn_document")
    op.drop_table("withdrawn_document", schema=SCHEMA)
