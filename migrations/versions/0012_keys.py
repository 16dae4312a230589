"""Keys for machines: found at the door, managed by their own organisation, never rewritten but for how they end."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.steps import EXTENT, OWN_ROWS, SCHEMA, audited, begin, guard, reach

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sites", ARRAY(sa.Uuid()), nullable=True),
        sa.Column("channels", ARRAY(sa.Integer()), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rotated_from", sa.Uuid(), nullable=True),
        sa.Column("retires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name="api_key_pkey"),
        sa.CheckConstraint("expires_at <= made_at + interval '366 days'", name="api_key_ends_within_a_year"),
        sa.CheckConstraint("(revoked_at is null) = (revoked_by is null)", name="api_key_is_revoked_by_somebody"),
        sa.CheckConstraint(
            "role <> 'device' or sites is not null or channels is not null", name="api_key_of_a_device_is_narrowed"
        ),
        sa.CheckConstraint(
            "role in ('device', 'tenant_viewer', 'tenant_admin', 'tester', 'operator', 'finance', 'auditor', 'owner', "
            "'authority', 'recycler')",
            name="api_key_role_is_a_machines",
        ),
        sa.CheckConstraint("octet_length(secret_sha256) = 32", name="api_key_secret_sha256_is_32_bytes"),
        schema=SCHEMA,
    )
    op.create_index("api_key_tenant", "api_key", ["tenant_id", "key_id"], schema=SCHEMA)

    guard(
        "api_key",
        read=f"({OWN_ROWS} or {reach('door')})",
        write=f"({OWN_ROWS} or {reach('door')})",
        may="select, insert, update (retires_at, revoked_at, revoked_by, last_used_at)",
    )
    op.execute(
        f"create policy api_key_insert_role on {SCHEMA}.api_key as restrictive for insert with check"
        f" ({EXTENT} = 'complex' or ({EXTENT} = 'tenant' and role in ('device', 'tenant_viewer', 'tenant_admin')))"
    )
    audited(
        "api_key",
        "key_id", "tenant_id", "name", "role", "sites", "channels", "made_by", "made_at", "expires_at", "rotated_from",
        "retires_at", "revoked_at", "revoked_by", "last_used_at",
    )  # fmt: skip


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("api_key", schema=SCHEMA)
