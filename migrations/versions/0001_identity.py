"""The complex, its parties, their people and sessions."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin, reference

revision = "0001"
down_revision = "0000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "industrial_complex",
        sa.Column("complex_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("name_ko", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("complex_id", name="industrial_complex_pkey"),
        schema=SCHEMA,
    )
    reference("industrial_complex")
    op.create_table(
        "tenant",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("ref", sa.Uuid(), nullable=False),
        sa.Column("complex_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name_ko", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("business_no", sa.Text(), nullable=False),
        sa.Column("address_ko", sa.Text(), nullable=False),
        sa.Column("address_en", sa.Text(), nullable=False),
        sa.Column("bank_account", sa.Text(), nullable=False),
        sa.Column("accreditation", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="tenant_pkey"),
        sa.CheckConstraint("kind in ('tenant', 'inspection_body', 'operator')", name="tenant_kind_is_known"),
        sa.UniqueConstraint("ref", name="tenant_ref"),
        schema=SCHEMA,
    )
    reference("tenant")
    op.create_table(
        "person",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("sign_in_name", sa.Text(), nullable=False),
        sa.Column("printed_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="person_pkey"),
        sa.CheckConstraint(
            "role in ('tenant', 'tester', 'approver', 'operator', 'system')", name="person_role_is_known"
        ),
        sa.UniqueConstraint("sign_in_name", name="person_sign_in_name"),
        schema=SCHEMA,
    )
    op.create_table(
        "session",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="session_pkey"),
        sa.CheckConstraint("octet_length(token_sha256) = 32", name="session_token_sha256_is_32_bytes"),
        schema=SCHEMA,
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("sign_in_name", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failure_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("sign_in_name", "failed_at", "failure_id", name="sign_in_failure_pkey"),
        schema=SCHEMA,
    )
    op.create_foreign_key(
        "tenant_lies_in_a_complex",
        "tenant",
        "industrial_complex",
        ["complex_id"],
        ["complex_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index("session_expiry", "session", ["expires_at"], schema=SCHEMA)
    op.create_index("session_person", "session", ["person_id"], schema=SCHEMA)


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("sign_in_failure", schema=SCHEMA)
    op.drop_table("session", schema=SCHEMA)
    op.drop_table("person", schema=SCHEMA)
    op.drop_table("tenant", schema=SCHEMA)
    op.drop_table("industrial_complex", schema=SCHEMA)
