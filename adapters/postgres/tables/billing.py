"""Rows of invoices, the ledger and bank deposits. What is finalised is never changed; what changes lies beside it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, distributed

_INVOICE = [f"{SCHEMA}.invoice.tenant_id", f"{SCHEMA}.invoice.invoice_id"]
_ACCOUNTS = "'bank', 'receivable', 'accrued', 'unapplied', 'vat_payable', 'revenue_subscription', 'revenue_usage'"


class InvoiceRow(SQLModel, table=True):
    """A finalised invoice; never changed. `month` is `YYYY-MM` in Seoul, `rating_inputs` the canonical text."""

    __tablename__ = "invoice"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "invoice_id"),
        UniqueConstraint("tenant_id", "contract_id", "month", "revision", name="invoice_once_a_month"),
        UniqueConstraint("tenant_id", "number", name="invoice_number"),
        CheckConstraint("total_krw = taxable_krw + vat_krw", name="invoice_total_is_taxable_and_vat"),
        CheckConstraint("vat_krw = taxable_krw / 10", name="invoice_vat_is_a_tenth_cut"),
        CheckConstraint("revision >= 0", name="invoice_revision_is_not_negative"),
        CheckConstraint("due_on >= issued_on", name="invoice_is_due_after_issue"),
        CheckConstraint("octet_length(rating_inputs_sha256) = 32", name="invoice_inputs_sha256_is_32_bytes"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    invoice_id: UUID = Field(sa_column=Column("invoice_id", Uuid, nullable=False))
    contract_id: UUID = Field(sa_column=Column("contract_id", Uuid, nullable=False))
    month: str = Field(sa_column=Column("month", Text, nullable=False))
    revision: int = Field(sa_column=Column("revision", SmallInteger, nullable=False))
    number: str = Field(sa_column=Column("number", Text, nullable=False))
    taxable_krw: int = Field(sa_column=Column("taxable_krw", BigInteger, nullable=False))
    vat_krw: int = Field(sa_column=Column("vat_krw", BigInteger, nullable=False))
    total_krw: int = Field(sa_column=Column("total_krw", BigInteger, nullable=False))
    issued_on: date = Field(sa_column=Column("issued_on", Date, nullable=False))
    due_on: date = Field(sa_column=Column("due_on", Date, nullable=False))
    finalised_at: datetime = Field(sa_column=Column("finalised_at", DateTime(timezone=True), nullable=False))
    snapshot_id: UUID = Field(sa_column=Column("snapshot_id", Uuid, nullable=False))
    rating_inputs: str = Field(sa_column=Column("rating_inputs", Text, nullable=False))
    rating_inputs_sha256: bytes = Field(sa_column=Column("rating_inputs_sha256", LargeBinary, nullable=False))


class InvoiceLineRow(SQLModel, table=True):
    """One rated line of an invoice, in the order of `position`, from 1."""

    __tablename__ = "invoice_line"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "invoice_id", "position"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], _INVOICE, name="invoice_line_is_of_an_invoice"),
        CheckConstraint("position > 0", name="invoice_line_position_is_positive"),
        CheckConstraint(
            "kind in ('capacity_fee', 'energy_fee', 'renewable_discount')", name="invoice_line_kind_is_known"
        ),
        CheckConstraint("octet_length(inputs_sha256) = 32", name="invoice_line_inputs_sha256_is_32_bytes"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    invoice_id: UUID = Field(sa_column=Column("invoice_id", Uuid, nullable=False))
    position: int = Field(sa_column=Column("position", SmallInteger, nullable=False, autoincrement=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    description_ko: str = Field(sa_column=Column("description_ko", Text, nullable=False))
    description_en: str = Field(sa_column=Column("description_en", Text, nullable=False))
    quantity: int = Field(sa_column=Column("quantity", BigInteger, nullable=False))
    unit: str = Field(sa_column=Column("unit", Text, nullable=False))
    rate: str = Field(sa_column=Column("rate", Text, nullable=False))
    amount_krw: int = Field(sa_column=Column("amount_krw", BigInteger, nullable=False))
    explanation_ko: str = Field(sa_column=Column("explanation_ko", Text, nullable=False))
    explanation_en: str = Field(sa_column=Column("explanation_en", Text, nullable=False))
    inputs_sha256: bytes = Field(sa_column=Column("inputs_sha256", LargeBinary, nullable=False))


class InvoiceStateRow(SQLModel, table=True):
    """Whether an invoice is paid: the one thing about it that changes."""

    __tablename__ = "invoice_state"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "invoice_id"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], _INVOICE, name="invoice_state_is_of_an_invoice"),
        CheckConstraint("state in ('open', 'paid')", name="invoice_state_is_known"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    invoice_id: UUID = Field(sa_column=Column("invoice_id", Uuid, nullable=False))
    state: str = Field(sa_column=Column("state", Text, nullable=False))
    changed_at: datetime = Field(sa_column=Column("changed_at", DateTime(timezone=True), nullable=False))


class InvoiceDocumentRow(SQLModel, table=True):
    """The printed invoice, by the hash under which its bytes are kept."""

    __tablename__ = "invoice_document"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "invoice_id"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], _INVOICE, name="invoice_document_is_of_an_invoice"),
        CheckConstraint("octet_length(sha256) = 32", name="invoice_document_sha256_is_32_bytes"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    invoice_id: UUID = Field(sa_column=Column("invoice_id", Uuid, nullable=False))
    sha256: bytes = Field(sa_column=Column("sha256", LargeBinary, nullable=False))
    printed_at: datetime = Field(sa_column=Column("printed_at", DateTime(timezone=True), nullable=False))


class LedgerTransferRow(SQLModel, table=True):
    """One amount from one account to another; never changed, and balanced by construction."""

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "transfer_id"),
        UniqueConstraint("tenant_id", "source_type", "source_id", "purpose", name="ledger_transfer_once"),
        CheckConstraint("amount_krw > 0", name="ledger_transfer_amount_is_positive"),
        CheckConstraint("debit <> credit", name="ledger_transfer_has_two_accounts"),
        CheckConstraint(f"debit in ({_ACCOUNTS})", name="ledger_transfer_debit_is_known"),
        CheckConstraint(f"credit in ({_ACCOUNTS})", name="ledger_transfer_credit_is_known"),
        CheckConstraint("source_type in ('invoice', 'deposit')", name="ledger_transfer_source_type_is_known"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    transfer_id: UUID = Field(sa_column=Column("transfer_id", Uuid, nullable=False))
    debit: str = Field(sa_column=Column("debit", Text, nullable=False))
    credit: str = Field(sa_column=Column("credit", Text, nullable=False))
    amount_krw: int = Field(sa_column=Column("amount_krw", BigInteger, nullable=False))
    source_type: str = Field(sa_column=Column("source_type", Text, nullable=False))
    source_id: UUID = Field(sa_column=Column("source_id", Uuid, nullable=False))
    purpose: str = Field(sa_column=Column("purpose", Text, nullable=False))
    at: datetime = Field(sa_column=Column("at", DateTime(timezone=True), nullable=False))


class BankDepositRow(SQLModel, table=True):
    """Money that a bank reported, and what matching found; never changed."""

    __tablename__ = "bank_deposit"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "deposit_id"),
        UniqueConstraint("tenant_id", "bank", "bank_reference", name="bank_deposit_once"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], _INVOICE, name="bank_deposit_is_for_an_invoice"),
        CheckConstraint("amount_krw > 0", name="bank_deposit_amount_is_positive"),
        CheckConstraint(
            "finding in ('exact', 'underpaid', 'overpaid', 'ambiguous', 'nothing_open', 'payer_unknown')",
            name="bank_deposit_finding_is_known",
        ),
        CheckConstraint(
            "(finding in ('exact', 'underpaid', 'overpaid')) = (invoice_id is not null)",
            name="bank_deposit_finding_names_its_invoice",
        ),
        Index("bank_deposit_invoice", "tenant_id", "invoice_id"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    deposit_id: UUID = Field(sa_column=Column("deposit_id", Uuid, nullable=False))
    bank: str = Field(sa_column=Column("bank", Text, nullable=False))
    bank_reference: str = Field(sa_column=Column("bank_reference", Text, nullable=False))
    payer_name: str = Field(sa_column=Column("payer_name", Text, nullable=False))
    virtual_account: str | None = Field(sa_column=Column("virtual_account", Text, nullable=True))
    memo: str = Field(sa_column=Column("memo", Text, nullable=False))
    amount_krw: int = Field(sa_column=Column("amount_krw", BigInteger, nullable=False))
    posted_at: datetime = Field(sa_column=Column("posted_at", DateTime(timezone=True), nullable=False))
    recorded_at: datetime = Field(sa_column=Column("recorded_at", DateTime(timezone=True), nullable=False))
    recorded_by: UUID = Field(sa_column=Column("recorded_by", Uuid, nullable=False))
    finding: str = Field(sa_column=Column("finding", Text, nullable=False))
    invoice_id: UUID | None = Field(sa_column=Column("invoice_id", Uuid, nullable=True))
    difference_krw: int = Field(sa_column=Column("difference_krw", BigInteger, nullable=False))


class AllocationRow(SQLModel, table=True):
    """How much of a deposit was applied to an invoice; never changed."""

    __tablename__ = "allocation"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "deposit_id", "invoice_id"),
        ForeignKeyConstraint(
            ["tenant_id", "deposit_id"],
            [f"{SCHEMA}.bank_deposit.tenant_id", f"{SCHEMA}.bank_deposit.deposit_id"],
            name="allocation_is_of_a_deposit",
        ),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], _INVOICE, name="allocation_is_to_an_invoice"),
        CheckConstraint("amount_krw > 0", name="allocation_amount_is_positive"),
        Index("allocation_invoice", "tenant_id", "invoice_id"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    deposit_id: UUID = Field(sa_column=Column("deposit_id", Uuid, nullable=False))
    invoice_id: UUID = Field(sa_column=Column("invoice_id", Uuid, nullable=False))
    amount_krw: int = Field(sa_column=Column("amount_krw", BigInteger, nullable=False))
    allocated_at: datetime = Field(sa_column=Column("allocated_at", DateTime(timezone=True), nullable=False))
