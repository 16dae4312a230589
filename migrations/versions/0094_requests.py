"""Requests of several units, the receptions made of them, and modules and cells registered by themselves."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import COMPLEX, OWN, SCHEMA, audited, begin, distribute, guard, reach, unguard

revision = "0094"
down_revision = "0090"
branch_labels = None
depends_on = None

_STATES = "('filed', 'accepted', 'refused', 'withdrawn')"
_TABLES = {
    "inspection_request": "select, insert",
    "inspection_request_state": "select, insert, update",
    "inspection_request_event": "select, insert",
}
_EITHER_SIDE = f"({COMPLEX} or tenant_id = {OWN} or body_id = {OWN})"
"""The applicant's organisation and the body that was asked read a request."""
_THE_BODY = f"({COMPLEX} or ({reach('body')} and body_id = {OWN}))"
"""Where a request stands, its body says as it takes units in; what was asked, nobody ever changes."""


def _keys() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
    )


def upgrade() -> None:
    """Create the tables, open to applicant and body alone; a reception may tell its request, a part its pack."""
    begin()
    op.create_table(
        "inspection_request",
        *_keys(),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("applicant", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("protocol_id", sa.Text(), nullable=True),
        sa.Column("protocol_version", sa.Text(), nullable=True),
        sa.Column("filed_by", sa.Uuid(), nullable=False),
        sa.Column("filed_by_name", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "request_id", name="inspection_request_pkey"),
        sa.CheckConstraint(
            "(protocol_id is null) = (protocol_version is null)", name="inspection_request_names_a_whole_protocol"
        ),
        schema=SCHEMA,
    )
    op.create_table(
        "inspection_request_state",
        *_keys(),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "request_id", name="inspection_request_state_pkey"),
        sa.CheckConstraint(f"state in {_STATES}", name="inspection_request_state_is_known"),
        schema=SCHEMA,
    )
    op.create_table(
        "inspection_request_event",
        *_keys(),
        sa.Column("sequence", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("moved_by", sa.Uuid(), nullable=False),
        sa.Column("moved_by_name", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "request_id", "sequence", name="inspection_request_event_pkey"),
        sa.CheckConstraint(f"to_state in {_STATES}", name="inspection_request_event_state_is_known"),
        sa.CheckConstraint("(sequence = 1) = (from_state is null)", name="inspection_request_event_begins_once"),
        sa.CheckConstraint(
            "reason <> '' or to_state not in ('refused', 'withdrawn')", name="inspection_request_event_says_why"
        ),
        schema=SCHEMA,
    )
    for table in _TABLES:
        distribute(table, "tenant_id", with_table="document_number")
    op.create_foreign_key(
        "inspection_request_is_a_partys",
        "inspection_request",
        "tenant",
        ["tenant_id"],
        ["tenant_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    for table in ("inspection_request_state", "inspection_request_event"):
        op.create_foreign_key(
            f"{table}_is_of_a_request",
            table,
            "inspection_request",
            ["tenant_id", "request_id"],
            ["tenant_id", "request_id"],
            source_schema=SCHEMA,
            referent_schema=SCHEMA,
        )
    op.create_index("inspection_request_latest", "inspection_request", ["request_id"], schema=SCHEMA)
    op.create_index("inspection_request_body", "inspection_request", ["body_id", "request_id"], schema=SCHEMA)
    for table, may in _TABLES.items():
        guard(table, read=_EITHER_SIDE, write=COMPLEX if table == "inspection_request" else _THE_BODY, may=may)
        audited(table)
    op.add_column("reception", sa.Column("request_id", sa.Uuid(), nullable=True), schema=SCHEMA)
    op.add_column("reception", sa.Column("request_line", sa.Integer(), nullable=True), schema=SCHEMA)
    op.create_check_constraint(
        "reception_names_request_and_line",
        "reception",
        "(request_id is null) = (request_line is null)",
        schema=SCHEMA,
    )
    op.create_index(
        "reception_request",
        "reception",
        ["request_id"],
        postgresql_where=sa.text("request_id is not null"),
        schema=SCHEMA,
    )
    op.add_column("pack", sa.Column("part_kind", sa.Text(), nullable=True), schema=SCHEMA)
    op.add_column("pack", sa.Column("parent_pack_id", sa.Uuid(), nullable=True), schema=SCHEMA)
    op.create_check_constraint("pack_part_kind_is_known", "pack", "part_kind in ('module', 'cell')", schema=SCHEMA)
    op.create_check_constraint(
        "pack_parent_is_a_parts", "pack", "parent_pack_id is null or part_kind is not null", schema=SCHEMA
    )


def downgrade() -> None:
    """Forget requests, and what was a part."""
    begin()
    for name in ("pack_parent_is_a_parts", "pack_part_kind_is_known"):
        op.drop_constraint(name, "pack", schema=SCHEMA, type_="check")
    for column in ("parent_pack_id", "part_kind"):
        op.drop_column("pack", column, schema=SCHEMA)
    op.drop_index("reception_request", "reception", schema=SCHEMA)
    op.drop_constraint("reception_names_request_and_line", "reception", schema=SCHEMA, type_="check")
    for column in ("request_line", "request_id"):
        op.drop_column("reception", column, schema=SCHEMA)
    for table in reversed(_TABLES):
        unguard(table)
        op.drop_table(table, schema=SCHEMA)
