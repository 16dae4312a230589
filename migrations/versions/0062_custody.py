"""Where received units are and in whose hands, their sample labels, and what their inspection costs."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

_KEYS_BEFORE = "kind in ('reception-id', 'reception-number', 'certificate-id', 'certificate-number', 'verify-token')"
_KEYS = (
    "kind in ('reception-id', 'reception-number', 'certificate-id', 'certificate-number', 'verify-token', "
    "'sample-token')"
)
_TABLES = {
    "custody_move": "select, insert",
    "sample_label": "select, insert",
    "reception_fee": "select, insert, update",
}
_TOLD = f"""
    insert into {SCHEMA}.custody_move
        (pack_id, reception_id, tenant_id, sequence, kind, place, holder, condition, moved_by, moved_by_name, moved_at)
    select pack_id, reception_id, tenant_id, 1, 'taken_in', '-', received_by_name, condition, received_by,
        received_by_name, received_at
    from {SCHEMA}.reception
"""  # noqa: S608 - constants


def _columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
    )


def upgrade() -> None:
    """Create the tables, each with its reception; what was received before begins its custody as it was received."""
    begin()
    op.create_table(
        "custody_move",
        *_columns(),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("moved_by", sa.Uuid(), nullable=False),
        sa.Column("moved_by_name", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "reception_id", "sequence", name="custody_move_pkey"),
        sa.CheckConstraint("kind in ('taken_in', 'moved', 'returned', 'disposed')", name="custody_move_kind_is_known"),
        sa.CheckConstraint("(sequence = 1) = (kind = 'taken_in')", name="custody_move_begins_once"),
        schema=SCHEMA,
    )
    op.create_table(
        "sample_label",
        *_columns(),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "reception_id", name="sample_label_pkey"),
        sa.CheckConstraint("length(token) >= 32", name="sample_label_token_is_long"),
        schema=SCHEMA,
    )
    op.create_table(
        "reception_fee",
        *_columns(),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("total_krw", sa.BigInteger(), nullable=False),
        sa.Column("set_by_name", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("pack_id", "reception_id", name="reception_fee_pkey"),
        sa.CheckConstraint("total_krw >= 0", name="reception_fee_total_krw_is_not_negative"),
        schema=SCHEMA,
    )
    for table, may in _TABLES.items():
        distribute(table, "pack_id", with_table="pack")
        guard(table, may=may)
    audited("custody_move")
    audited("sample_label", "pack_id", "reception_id", "tenant_id", "made_by", "made_at")
    audited("reception_fee")
    for table in _TABLES:
        op.create_foreign_key(
            f"{table}_is_of_a_reception",
            table,
            "reception",
            ["pack_id", "reception_id"],
            ["pack_id", "reception_id"],
            source_schema=SCHEMA,
            referent_schema=SCHEMA,
        )
    op.drop_constraint("certification_key_kind_is_known", "certification_key", schema=SCHEMA, type_="check")
    op.create_check_constraint("certification_key_kind_is_known", "certification_key", _KEYS, schema=SCHEMA)
    op.execute(_TOLD)


def downgrade() -> None:
    """Forget them; refused while a sample label leads somewhere."""
    begin()
    op.drop_constraint("certification_key_kind_is_known", "certification_key", schema=SCHEMA, type_="check")
    op.create_check_constraint("certification_key_kind_is_known", "certification_key", _KEYS_BEFORE, schema=SCHEMA)
    for table in reversed(_TABLES):
        unguard(table)
        op.drop_table(table, schema=SCHEMA)
