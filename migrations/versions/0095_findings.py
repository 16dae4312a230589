"""What looks wrong in stored days, the months that were judged, and estimates that are for a finding."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0095"
down_revision = "0093"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, closed to every other tenant."""
    begin()
    op.create_table(
        "reading_finding",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("slots", sa.SmallInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "finding_id", name="reading_finding_pkey"),
        sa.CheckConstraint("channel_id >= 0", name="reading_finding_channel_is_a_number"),
        sa.CheckConstraint("slot >= 0 and slots > 0 and slot + slots <= 1440", name="reading_finding_lies_in_a_day"),
        sa.CheckConstraint(
            "kind in ('spike', 'frozen', 'unit-slip', 'above-rating', 'gap', 'imbalance', 'storage-drift', "
            "'register-mismatch')",
            name="reading_finding_kind_is_known",
        ),
        sa.CheckConstraint("state in ('open', 'accepted', 'estimated', 'gone')", name="reading_finding_state_is_known"),
        sa.CheckConstraint(
            "(state in ('accepted', 'estimated')) = (settled_at is not null)"
            " and (settled_at is null) = (settled_by is null)",
            name="reading_finding_is_settled_by_somebody",
        ),
        schema=SCHEMA,
    )
    op.create_table(
        "vetted_month",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("basis_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("vetted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "site_id", "month", name="vetted_month_pkey"),
        sa.CheckConstraint("month ~ '^[0-9]{4}-[0-9]{2}$'", name="vetted_month_is_a_month"),
        sa.CheckConstraint("octet_length(basis_sha256) = 32", name="vetted_month_basis_is_32_bytes"),
        schema=SCHEMA,
    )
    for table in ("reading_finding", "vetted_month"):
        distribute(table, "tenant_id", with_table="document_number")
        op.create_foreign_key(
            f"{table}_is_of_a_site",
            table,
            "site",
            ["tenant_id", "site_id"],
            ["tenant_id", "site_id"],
            source_schema=SCHEMA,
            referent_schema=SCHEMA,
        )
        guard(table, may="select, insert, update")
        audited(table)
    op.create_index(
        "reading_finding_place",
        "reading_finding",
        ["tenant_id", "site_id", "day", "channel_id", "kind", "slot"],
        unique=True,
        schema=SCHEMA,
    )
    op.add_column("reading_estimate", sa.Column("finding_id", sa.Uuid(), nullable=True), schema=SCHEMA)


def downgrade() -> None:
    """Forget them."""
    begin()
    op.drop_column("reading_estimate", "finding_id", schema=SCHEMA)
    for table in ("vetted_month", "reading_finding"):
        unguard(table)
        op.drop_table(table, schema=SCHEMA)
