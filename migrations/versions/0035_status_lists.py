"""Places in the status lists, and what leads to an issued record."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import ANYBODY, COMPLEX, OWN, SCHEMA, audited, begin, distribute, guard, reach, unguard

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None

_BODY_WRITES = f"({COMPLEX} or ({reach('body')} and tenant_id = {OWN}))"


def upgrade() -> None:
    """Create the tables; what they say is public, since every certificate prints it."""
    begin()
    op.create_table(
        "record_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("key", "kind", name="record_key_pkey"),
        sa.CheckConstraint(
            "kind in ('status-place', 'document-number', 'document-sha256')", name="record_key_kind_is_known"
        ),
        schema=SCHEMA,
    )
    distribute("record_key", "key")
    op.create_table(
        "status_place",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("list_number", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "certificate_id", name="status_place_pkey"),
        sa.CheckConstraint("list_number > 0", name="status_place_list_number_is_positive"),
        sa.CheckConstraint("place >= 0 and place < 131072", name="status_place_lies_in_the_list"),
        schema=SCHEMA,
    )
    distribute("status_place", "pack_id", with_table="pack")
    op.create_index("status_place_of_list", "status_place", ["list_number"], schema=SCHEMA)
    guard("record_key", read=ANYBODY, write=reach("complex", "body"))
    guard("status_place", read=ANYBODY, write=_BODY_WRITES)
    audited("record_key")
    audited("status_place")


def downgrade() -> None:
    """Drop them."""
    begin()
    for table in ("status_place", "record_key"):
        unguard(table)
        op.drop_table(table, schema=SCHEMA)
