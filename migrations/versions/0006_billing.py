"""Invoices, the ledger and bank deposits."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, begin, distribute

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ACCOUNTS = "'bank', 'receivable', 'accrued', 'unapplied', 'vat_payable', 'revenue_subscription', 'revenue_usage'"


def upgrade() -> None:
    """Create the tables."""
    begin()
    op.create_table(
        "invoice",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("taxable_krw", sa.BigInteger(), nullable=False),
        sa.Column("vat_krw", sa.BigInteger(), nullable=False),
        sa.Column("total_krw", sa.BigInteger(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("finalised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("rating_inputs", sa.Text(), nullable=False),
        sa.Column("rating_inputs_sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", name="invoice_pkey"),
        sa.UniqueConstraint("tenant_id", "number", name="invoice_number"),
        sa.UniqueConstraint("tenant_id", "contract_id", "month", "revision", name="invoice_once_a_month"),
        sa.CheckConstraint("octet_length(rating_inputs_sha256) = 32", name="invoice_inputs_sha256_is_32_bytes"),
        sa.CheckConstraint("due_on >= issued_on", name="invoice_is_due_after_issue"),
        sa.CheckConstraint("revision >= 0", name="invoice_revision_is_not_negative"),
        sa.CheckConstraint("total_krw = taxable_krw + vat_krw", name="invoice_total_is_taxable_and_vat"),
        sa.CheckConstraint("vat_krw = taxable_krw / 10", name="invoice_vat_is_a_tenth_cut"),
        schema=SCHEMA,
    )
    distribute("invoice", "tenant_id", with_table="document_number")
    op.create_table(
        "invoice_line",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("description_ko", sa.Text(), nullable=False),
        sa.Column("description_en", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("explanation_ko", sa.Text(), nullable=False),
        sa.Column("explanation_en", sa.Text(), nullable=False),
        sa.Column("inputs_sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", "position", name="invoice_line_pkey"),
        sa.CheckConstraint("octet_length(inputs_sha256) = 32", name="invoice_line_inputs_sha256_is_32_bytes"),
        sa.CheckConstraint(
            "kind in ('capacity_fee', 'energy_fee', 'renewable_discount')", name="invoice_line_kind_is_known"
        ),
        sa.CheckConstraint("position > 0", name="invoice_line_position_is_positive"),
        schema=SCHEMA,
    )
    distribute("invoice_line", "tenant_id", with_table="document_number")
    op.create_table(
        "invoice_state",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", name="invoice_state_pkey"),
        sa.CheckConstraint("state in ('open', 'paid')", name="invoice_state_is_known"),
        schema=SCHEMA,
    )
    distribute("invoice_state", "tenant_id", with_table="document_number")
    op.create_table(
        "invoice_document",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", name="invoice_document_pkey"),
        sa.CheckConstraint("octet_length(sha256) = 32", name="invoice_document_sha256_is_32_bytes"),
        schema=SCHEMA,
    )
    distribute("invoice_document", "tenant_id", with_table="document_number")
    op.create_table(
        "ledger_transfer",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("debit", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "transfer_id", name="ledger_transfer_pkey"),
        sa.UniqueConstraint("tenant_id", "source_type", "source_id", "purpose", name="ledger_transfer_once"),
        sa.CheckConstraint("amount_krw > 0", name="ledger_transfer_amount_is_positive"),
        sa.CheckConstraint(f"credit in ({_ACCOUNTS})", name="ledger_transfer_credit_is_known"),
        sa.CheckConstraint(f"debit in ({_ACCOUNTS})", name="ledger_transfer_debit_is_known"),
        sa.CheckConstraint("debit <> credit", name="ledger_transfer_has_two_accounts"),
        sa.CheckConstraint("source_type in ('invoice', 'deposit')", name="ledger_transfer_source_type_is_known"),
        schema=SCHEMA,
    )
    distribute("ledger_transfer", "tenant_id", with_table="document_number")
    op.create_table(
        "bank_deposit",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("deposit_id", sa.Uuid(), nullable=False),
        sa.Column("bank", sa.Text(), nullable=False),
        sa.Column("bank_reference", sa.Text(), nullable=False),
        sa.Column("payer_name", sa.Text(), nullable=False),
        sa.Column("virtual_account", sa.Text(), nullable=True),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("difference_krw", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "deposit_id", name="bank_deposit_pkey"),
        sa.UniqueConstraint("tenant_id", "bank", "bank_reference", name="bank_deposit_once"),
        sa.CheckConstraint("amount_krw > 0", name="bank_deposit_amount_is_positive"),
        sa.CheckConstraint(
            "finding in ('exact', 'underpaid', 'overpaid', 'ambiguous', 'nothing_open', 'payer_unknown')",
            name="bank_deposit_finding_is_known",
        ),
        sa.CheckConstraint(
            "(finding in ('exact', 'underpaid', 'overpaid')) = (invoice_id is not null)",
            name="bank_deposit_finding_names_its_invoice",
        ),
        schema=SCHEMA,
    )
    distribute("bank_deposit", "tenant_id", with_table="document_number")
    op.create_table(
        "allocation",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("deposit_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("allocated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "deposit_id", "invoice_id", name="allocation_pkey"),
        sa.CheckConstraint("amount_krw > 0", name="allocation_amount_is_positive"),
        schema=SCHEMA,
    )
    distribute("allocation", "tenant_id", with_table="document_number")
    op.create_foreign_key(
        "invoice_line_is_of_an_invoice",
        "invoice_line",
        "invoice",
        ["tenant_id", "invoice_id"],
        ["tenant_id", "invoice_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "invoice_state_is_of_an_invoice",
        "invoice_state",
        "invoice",
        ["tenant_id", "invoice_id"],
        ["tenant_id", "invoice_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "invoice_document_is_of_an_invoice",
        "invoice_document",
        "invoice",
        ["tenant_id", "invoice_id"],
        ["tenant_id", "invoice_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "bank_deposit_is_for_an_invoice",
        "bank_deposit",
        "invoice",
        ["tenant_id", "invoice_id"],
        ["tenant_id", "invoice_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "allocation_is_of_a_deposit",
        "allocation",
        "bank_deposit",
        ["tenant_id", "deposit_id"],
        ["tenant_id", "deposit_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "allocation_is_to_an_invoice",
        "allocation",
        "invoice",
        ["tenant_id", "invoice_id"],
        ["tenant_id", "invoice_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_index("bank_deposit_invoice", "bank_deposit", ["tenant_id", "invoice_id"], schema=SCHEMA)
    op.create_index("allocation_invoice", "allocation", ["tenant_id", "invoice_id"], schema=SCHEMA)


def downgrade() -> None:
    """Drop them."""
    begin()
    op.drop_table("allocation", schema=SCHEMA)
    op.drop_table("bank_deposit", schema=SCHEMA)
    op.drop_table("ledger_transfer", schema=SCHEMA)
    op.drop_table("invoice_document", schema=SCHEMA)
    op.drop_table("invoice_state", schema=SCHEMA)
    op.drop_table("invoice_line", schema=SCHEMA)
    op.drop_table("invoice", schema=SCHEMA)
