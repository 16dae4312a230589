"""A site's service point, and its contract power by day; sites that are there keep theirs since ever."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import COMPLEX, SCHEMA, audited, begin, distribute, guard

revision = "0086"
down_revision = "0085"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add service points and their terms, and one for each site."""
    begin()
    op.create_table(
        "service_point",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("service_point_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("kepco_customer_no", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "service_point_id", name="service_point_pkey"),
        sa.UniqueConstraint("tenant_id", "site_id", name="service_point_once_a_site"),
        schema=SCHEMA,
    )
    op.create_table(
        "service_point_term",
        sa.Column("tenant_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("service_point_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("contract_power_w", sa.BigInteger(), nullable=False),
        sa.Column("agreed_by", sa.Text(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "service_point_id", "from_on", name="service_point_term_pkey"),
        sa.CheckConstraint("contract_power_w > 0", name="service_point_term_power_is_positive"),
        schema=SCHEMA,
    )
    for table in ("service_point", "service_point_term"):
        distribute(table, "tenant_id", with_table="document_number")
    for name, table, of, column in (
        ("service_point_is_of_a_site", "service_point", "site", "site_id"),
        ("service_point_term_is_of_a_service_point", "service_point_term", "service_point", "service_point_id"),
    ):
        op.create_foreign_key(
            name,
            table,
            of,
            ["tenant_id", column],
            ["tenant_id", column],
            source_schema=SCHEMA,
            referent_schema=SCHEMA,
        )
    op.execute(
        f"insert into {SCHEMA}.service_point (tenant_id, service_point_id, site_id, kepco_customer_no) "  # noqa: S608
        f"select tenant_id, gen_random_uuid(), site_id, kepco_customer_no from {SCHEMA}.site"
    )
    op.execute(
        f"insert into {SCHEMA}.service_point_term "  # noqa: S608  (only constants)
        "(tenant_id, service_point_id, from_on, contract_power_w, agreed_by, agreed_at) "
        "select point.tenant_id, point.service_point_id, date '2000-01-01', site.contract_power_w, '', now() "
        f"from {SCHEMA}.service_point as point join {SCHEMA}.site as site "
        "on site.tenant_id = point.tenant_id and site.site_id = point.site_id"
    )
    for table in ("service_point", "service_point_term"):
        guard(table, write=COMPLEX, may="select, insert")
        audited(table)


def downgrade() -> None:
    """Take them away again; a site keeps the contract power that it was opened with."""
    begin()
    op.drop_table("service_point_term", schema=SCHEMA)
    op.drop_table("service_point", schema=SCHEMA)
