"""Invitations, and what was changed about members; a tenant gives a tenant's roles only."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import EXTENT, SCHEMA, audited, begin, guard

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

_ROLES = (
    "('tenant_viewer', 'tenant_admin', 'tester', 'reviewer', 'approver', 'operator', 'finance', 'admin', 'auditor', "
    "'owner', 'authority', 'recycler')"
)
_ROLE_FITS = f"({EXTENT} <> 'tenant' or role in ('tenant_viewer', 'tenant_admin'))"
"""Whatever the program says, a tenant's transaction makes nobody anything else."""


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "invitation",
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("for_whom", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("invitation_id", name="invitation_pkey"),
        sa.CheckConstraint("taken_at is null or withdrawn_at is null", name="invitation_ends_once"),
        sa.CheckConstraint("(taken_at is null) = (taken_by is null)", name="invitation_is_taken_by_somebody"),
        sa.CheckConstraint(
            f"role in {_ROLES}",
            name="invitation_role_is_known",
        ),
        sa.UniqueConstraint("token_sha256", name="invitation_token_sha256"),
        sa.CheckConstraint("octet_length(token_sha256) = 32", name="invitation_token_sha256_is_32_bytes"),
        schema=SCHEMA,
    )
    op.create_table(
        "member_change",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role_before", sa.Text(), nullable=True),
        sa.Column("role_after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("changed_by_name", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("change_id", name="member_change_pkey"),
        sa.CheckConstraint("(kind = 'joined') = (role_before is null)", name="member_change_has_a_role_before"),
        sa.CheckConstraint("kind = 'joined' or person_id <> changed_by", name="member_change_is_by_another"),
        sa.CheckConstraint(
            "kind in ('joined', 'role', 'deactivated', 'reactivated')", name="member_change_kind_is_known"
        ),
        sa.CheckConstraint(
            f"role_after in {_ROLES}",
            name="member_change_role_is_known",
        ),
        schema=SCHEMA,
    )
    op.create_index("invitation_tenant", "invitation", ["tenant_id", "invitation_id"], schema=SCHEMA)
    op.create_index("member_change_person", "member_change", ["person_id", "change_id"], schema=SCHEMA)

    guard("invitation", may="select, insert, update (taken_at, taken_by, withdrawn_at)")
    audited(
        "invitation",
        "invitation_id", "tenant_id", "role", "for_whom", "invited_by", "invited_at", "expires_at", "taken_at",
        "taken_by", "withdrawn_at",
    )  # fmt: skip
    guard("member_change")
    audited("member_change")
    for table in ("person", "invitation"):
        for verb, clause in (("insert", f"with check ({_ROLE_FITS})"), ("update", f"with check ({_ROLE_FITS})")):
            op.execute(f"create policy {table}_{verb}_role on {SCHEMA}.{table} as restrictive for {verb} {clause}")


def downgrade() -> None:
    """Drop them."""
    begin()
    for verb in ("insert", "update"):
        op.execute(f"drop policy person_{verb}_role on {SCHEMA}.person")
    op.drop_table("member_change", schema=SCHEMA)
    op.drop_table("invitation", schema=SCHEMA)
