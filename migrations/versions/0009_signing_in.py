"""Second factors, steps of signing in, outside accounts; sessions that say where they stand.

Why these tables are only the sign-in door's is told in docs/decisions/0015-signing-in.md.
"""

import sqlalchemy as sa
from alembic import op

from migrations.steps import APP, SCHEMA, audited, begin, guard, reach, unguard

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_DOOR = reach("door")
_MAY = {
    "totp": "select, insert, update, delete",
    "passkey": "select, insert, update, delete",
    "recovery_code": "select, insert, update, delete",
    "sign_in_ticket": "select, insert, delete",
    "provider_link": "select, insert, delete",
}


def upgrade() -> None:
    """Create the tables; sessions opened before are over, for nobody knows how they were opened."""
    begin()
    op.execute(f"delete from {SCHEMA}.session")  # noqa: S608  (constants)
    op.add_column("session", sa.Column("session_id", sa.Uuid(), nullable=False), schema=SCHEMA)
    op.add_column("session", sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False), schema=SCHEMA)
    op.add_column("session", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True), schema=SCHEMA)
    op.add_column("session", sa.Column("second_factor", sa.Boolean(), nullable=False), schema=SCHEMA)
    op.add_column("session", sa.Column("source", sa.Text(), nullable=False), schema=SCHEMA)
    op.add_column("session", sa.Column("agent", sa.Text(), nullable=False), schema=SCHEMA)
    op.create_unique_constraint("session_session_id", "session", ["session_id"], schema=SCHEMA)
    op.execute(f"grant update on {SCHEMA}.session to {APP}")
    op.execute(f"delete from {SCHEMA}.sign_in_failure")  # noqa: S608  (constants)
    op.add_column("sign_in_failure", sa.Column("source", sa.Text(), nullable=False), schema=SCHEMA)
    op.create_index("sign_in_failure_source", "sign_in_failure", ["source", "failed_at"], schema=SCHEMA)
    op.create_index("sign_in_failure_age", "sign_in_failure", ["failed_at"], schema=SCHEMA)
    op.create_table(
        "totp",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("person_id", name="totp_pkey"),
        schema=SCHEMA,
    )
    op.create_table(
        "passkey",
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("credential_id", name="passkey_pkey"),
        sa.CheckConstraint("octet_length(credential_id) between 1 and 1023", name="passkey_credential_id_is_bounded"),
        sa.CheckConstraint("sign_count >= 0", name="passkey_sign_count_is_not_negative"),
        schema=SCHEMA,
    )
    op.create_table(
        "recovery_code",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("code_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("person_id", "code_sha256", name="recovery_code_pkey"),
        sa.CheckConstraint("octet_length(code_sha256) = 32", name="recovery_code_sha256_is_32_bytes"),
        schema=SCHEMA,
    )
    op.create_table(
        "sign_in_ticket",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="sign_in_ticket_pkey"),
        sa.CheckConstraint("octet_length(token_sha256) = 32", name="sign_in_ticket_token_sha256_is_32_bytes"),
        sa.CheckConstraint(
            "kind in ('second_factor', 'passkey_sign_in', 'passkey_enrolment', 'passkey_confirmation', 'provider')",
            name="sign_in_ticket_kind_is_known",
        ),
        schema=SCHEMA,
    )
    op.create_table(
        "provider_link",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="provider_link_pkey"),
        sa.UniqueConstraint("issuer", "person_id", name="provider_link_person"),
        schema=SCHEMA,
    )
    op.create_index("passkey_person", "passkey", ["person_id"], schema=SCHEMA)
    op.create_index("sign_in_ticket_expiry", "sign_in_ticket", ["expires_at"], schema=SCHEMA)
    for table, may in _MAY.items():
        guard(table, read=_DOOR, write=_DOOR, may=may)
    audited("totp", "person_id", "enrolled_at")
    audited("passkey", "person_id", "label", "enrolled_at", "last_used_at")
    audited("recovery_code", "person_id", "used_at")
    audited("provider_link")


def downgrade() -> None:
    """Drop them; every session is over."""
    begin()
    for table in reversed(_MAY):
        unguard(table)
        op.drop_table(table, schema=SCHEMA)
    op.drop_index("sign_in_failure_age", "sign_in_failure", schema=SCHEMA)
    op.drop_index("sign_in_failure_source", "sign_in_failure", schema=SCHEMA)
    op.drop_column("sign_in_failure", "source", schema=SCHEMA)
    op.execute(f"revoke update on {SCHEMA}.session from {APP}")
    op.execute(f"delete from {SCHEMA}.session")  # noqa: S608  (constants)
    op.drop_constraint("session_session_id", "session", schema=SCHEMA)
    for column in ("agent", "source", "second_factor", "confirmed_at", "last_seen_at", "session_id"):
        op.drop_column("session", column, schema=SCHEMA)
