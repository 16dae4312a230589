"""Versions of bodies' protocols: drafted, approved by another person, in force from a day, retired."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

_TABLES = ("protocol_version", "protocol_step")


def _column(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def upgrade() -> None:
    """Create the tables, closed to every other body; four eyes are the database's own rule too."""
    begin()
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "protocol_version",
        _column("tenant_id", sa.Integer()),
        _column("version_id", sa.Uuid()),
        _column("sequence", sa.Integer()),
        _column("protocol_id", sa.Text()),
        _column("version", sa.Text()),
        _column("text", sa.Text()),
        _column("text_sha256", sa.LargeBinary()),
        _column("note", sa.Text()),
        _column("drafted_by", sa.Uuid()),
        _column("drafted_by_name", sa.Text()),
        _column("drafted_at", instant),
        sa.PrimaryKeyConstraint("tenant_id", "version_id", name="protocol_version_pkey"),
        sa.UniqueConstraint("tenant_id", "protocol_id", "version", name="protocol_version_once_a_name"),
        sa.UniqueConstraint("tenant_id", "sequence", name="protocol_version_once_a_sequence"),
        sa.UniqueConstraint("tenant_id", "version_id", "drafted_by", name="protocol_version_is_drafted_by_one"),
        sa.CheckConstraint("octet_length(text_sha256) = 32", name="protocol_version_text_sha256_is_32_bytes"),
        schema=SCHEMA,
    )
    op.create_table(
        "protocol_step",
        _column("tenant_id", sa.Integer()),
        _column("version_id", sa.Uuid()),
        _column("step", sa.Text()),
        _column("drafted_by", sa.Uuid()),
        _column("done_by", sa.Uuid()),
        _column("done_by_name", sa.Text()),
        _column("done_at", instant),
        _column("from_on", sa.Date()),
        _column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("tenant_id", "version_id", "step", name="protocol_step_pkey"),
        sa.CheckConstraint("step in ('approved', 'retired')", name="protocol_step_is_known"),
        sa.CheckConstraint("step <> 'approved' or done_by <> drafted_by", name="protocol_step_takes_four_eyes"),
        schema=SCHEMA,
    )
    for table in _TABLES:
        distribute(table, "tenant_id", with_table="document_number")
    op.create_foreign_key(
        "protocol_step_is_of_a_version",
        "protocol_step",
        "protocol_version",
        ["tenant_id", "version_id", "drafted_by"],
        ["tenant_id", "version_id", "drafted_by"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    for table in _TABLES:
        guard(table)
        audited(table)


def downgrade() -> None:
    """Forget every version but the shipped one."""
    begin()
    for table in reversed(_TABLES):
        unguard(table)
        op.drop_table(table, schema=SCHEMA)
