"""Records that others issued: copies a body holds, the imports they came in, and issuers whose keys it keeps."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0071"
down_revision = "0075"
branch_labels = None
depends_on = None

_TABLES = ("external_record", "record_import", "record_import_row", "trusted_issuer")


def _column(name: str, kind: sa.types.TypeEngine[Any], *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, autoincrement=False)


def upgrade() -> None:
    """Create the tables, closed to every other body; what is written stays."""
    begin()
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "external_record",
        _column("tenant_id", sa.Integer()),
        _column("record_id", sa.Uuid()),
        _column("import_id", sa.Uuid()),
        _column("issuer", sa.Text()),
        _column("number", sa.Text()),
        _column("kind", sa.Text()),
        _column("product_uri", sa.Text(), nullable=True),
        _column("kr_battery_no", sa.Text(), nullable=True),
        _column("maker_serial", sa.Text(), nullable=True),
        _column("standard", sa.Text()),
        _column("grade", sa.Text(), nullable=True),
        _column("verdict", sa.Text(), nullable=True),
        _column("soh_ppm", sa.Integer(), nullable=True),
        _column("issued_on", sa.Date()),
        _column("valid_until", sa.Date(), nullable=True),
        _column("status", sa.Text()),
        _column("content_sha256", sa.LargeBinary()),
        _column("proof", sa.Text()),
        _column("source_sha256", sa.LargeBinary()),
        _column("pack_id", sa.Uuid(), nullable=True),
        _column("imported_by_name", sa.Text()),
        _column("imported_at", instant),
        sa.PrimaryKeyConstraint("tenant_id", "record_id", name="external_record_pkey"),
        sa.UniqueConstraint("tenant_id", "issuer", "number", name="external_record_once_a_number"),
        sa.CheckConstraint("kind in ('certificate', 'report')", name="external_record_kind_is_known"),
        sa.CheckConstraint(
            "status in ('valid', 'suspended', 'revoked', 'superseded', 'withdrawn', 'unknown')",
            name="external_record_status_is_known",
        ),
        sa.CheckConstraint("proof in ('none', 'verified', 'unverified')", name="external_record_proof_is_known"),
        sa.CheckConstraint("soh_ppm > 0", name="external_record_soh_is_positive"),
        sa.CheckConstraint("valid_until >= issued_on", name="external_record_days_are_in_order"),
        sa.CheckConstraint(
            "product_uri is not null or kr_battery_no is not null or maker_serial is not null",
            name="external_record_names_an_item",
        ),
        sa.CheckConstraint("octet_length(content_sha256) = 32", name="external_record_content_sha256_is_32_bytes"),
        sa.CheckConstraint("octet_length(source_sha256) = 32", name="external_record_source_sha256_is_32_bytes"),
        schema=SCHEMA,
    )
    op.create_table(
        "record_import",
        _column("tenant_id", sa.Integer()),
        _column("import_id", sa.Uuid()),
        _column("file_name", sa.Text()),
        _column("form", sa.Text()),
        _column("source_sha256", sa.LargeBinary()),
        _column("imported_by", sa.Uuid()),
        _column("imported_by_name", sa.Text()),
        _column("imported_at", instant),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", name="record_import_pkey"),
        sa.CheckConstraint("form in ('csv', 'xlsx', 'json', 'credentials')", name="record_import_form_is_known"),
        sa.CheckConstraint("octet_length(source_sha256) = 32", name="record_import_source_sha256_is_32_bytes"),
        schema=SCHEMA,
    )
    op.create_table(
        "record_import_row",
        _column("tenant_id", sa.Integer()),
        _column("import_id", sa.Uuid()),
        _column("position", sa.Integer()),
        _column("place", sa.Text()),
        _column("outcome", sa.Text()),
        _column("issuer", sa.Text()),
        _column("number", sa.Text()),
        _column("proof", sa.Text()),
        _column("code", sa.Text()),
        _column("reason_ko", sa.Text()),
        _column("reason_en", sa.Text()),
        _column("record_id", sa.Uuid(), nullable=True),
        _column("pack_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", "position", name="record_import_row_pkey"),
        sa.CheckConstraint(
            "outcome in ('accepted', 'duplicate', 'conflict', 'rejected')", name="record_import_row_outcome_is_known"
        ),
        sa.CheckConstraint("proof in ('none', 'verified', 'unverified')", name="record_import_row_proof_is_known"),
        sa.CheckConstraint(
            "(outcome in ('accepted', 'duplicate')) = (code = '')", name="record_import_row_says_why_it_was_refused"
        ),
        schema=SCHEMA,
    )
    op.create_table(
        "trusted_issuer",
        _column("tenant_id", sa.Integer()),
        _column("did", sa.Text()),
        _column("name", sa.Text()),
        _column("document", sa.Text()),
        _column("registered_by", sa.Uuid()),
        _column("registered_by_name", sa.Text()),
        _column("registered_at", instant),
        sa.PrimaryKeyConstraint("tenant_id", "did", "registered_at", name="trusted_issuer_pkey"),
        schema=SCHEMA,
    )
    for table in _TABLES:
        distribute(table, "tenant_id", with_table="document_number")
    op.create_index("external_record_number", "external_record", ["number"], schema=SCHEMA)
    op.create_index("external_record_pack", "external_record", ["pack_id"], schema=SCHEMA)
    for table in _TABLES:
        guard(table)
        audited(table)


def downgrade() -> None:
    """Forget the copies, the imports and the issuers."""
    begin()
    for table in reversed(_TABLES):
        unguard(table)
        op.drop_table(table, schema=SCHEMA)
