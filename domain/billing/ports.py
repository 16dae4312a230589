"""What the billing context asks of its store, and of the ways of paying."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.billing.model import (
    Account,
    BankDeposit,
    Invoice,
    InvoiceStanding,
    InvoiceState,
    LedgerTransfer,
    OpenInvoice,
    Payer,
    PaymentRequest,
    SourceType,
)
from domain.shared.identifiers import ContractId, InvoiceId, TenantId
from domain.shared.numbers import Numbers
from domain.shared.outbox import Locks
from domain.shared.time import Month


class Invoices(Protocol):
    """Finalised invoices, and in narrow rows beside them what changes: state and printed document."""

    async def of_month(self, tenant_id: TenantId, contract_id: ContractId, month: Month) -> Invoice | None:
        """Return the first invoice (revision 0) of a contract's month, or None."""
        ...

    async def add(self, invoice: Invoice, *, state: InvoiceState) -> None:
        """Store a finalised invoice with its lines and its first state.

        Raises:
            InvoiceExists: this revision of the contract's month is stored already.
        """
        ...

    async def one(self, tenant_id: TenantId, invoice_id: InvoiceId) -> InvoiceStanding:
        """Return an invoice as it stands.

        Raises:
            InvoiceUnknown: there is none, or it is not this tenant's.
        """
        ...

    async def page(
        self, *, tenant_id: TenantId | None, after: InvoiceId | None, limit: int
    ) -> tuple[InvoiceStanding, ...]:
        """Return invoices, newest first; of one tenant, or of all for the operator."""
        ...

    async def open_of(self, tenant_id: TenantId, *, limit: int) -> tuple[OpenInvoice, ...]:
        """Return a tenant's invoices that still await money, oldest first, with what is outstanding."""
        ...

    async def mark_paid(self, tenant_id: TenantId, invoice_id: InvoiceId, *, at: datetime) -> None:
        """Record that nothing is outstanding any more; the first instant stands."""
        ...

    async def attach_document(self, tenant_id: TenantId, invoice_id: InvoiceId, *, sha256: str, at: datetime) -> str:
        """Record the printed document by its hash (64 hex digits); the first stands and is returned."""
        ...


class Ledger(Protocol):
    """The append-only books."""

    async def post(self, transfers: tuple[LedgerTransfer, ...]) -> None:
        """Write transfers; ones already written are left as they are.

        Raises:
            PostingDiffers: a transfer of the same source and purpose has other accounts or another amount.
        """
        ...

    async def of_source(
        self, tenant_id: TenantId, source_type: SourceType, source_id: UUID
    ) -> tuple[LedgerTransfer, ...]:
        """Return what was posted for one source, in order of writing."""
        ...

    async def balances(self, tenant_id: TenantId) -> Mapping[Account, int]:
        """Return debit minus credit of every account over all of a tenant's transfers; KRW."""
        ...


class Deposits(Protocol):
    """Money that banks reported."""

    async def by_reference(self, tenant_id: TenantId, *, bank: str, bank_reference: str) -> BankDeposit | None:
        """Return the deposit recorded under a bank's reference, or None."""
        ...

    async def add(self, deposit: BankDeposit) -> None:
        """Store a deposit, and its allocation when it matched an invoice.

        Raises:
            DepositDiffers: the bank's reference is recorded already.
        """
        ...

    async def of_invoice(self, tenant_id: TenantId, invoice_id: InvoiceId) -> tuple[BankDeposit, ...]:
        """Return deposits found to be for an invoice, applied or not, oldest first."""
        ...

    async def page(self, *, tenant_id: TenantId | None, only_unapplied: bool, limit: int) -> tuple[BankDeposit, ...]:
        """Return deposits, newest first; of one tenant, or of all for the operator."""
        ...


class Payments(Protocol):
    """A way of asking for an invoice's money; it never rates, and takes the total as it is."""

    async def request(self, invoice: Invoice, *, payer: Payer) -> PaymentRequest:
        """Ask for the money of a finalised invoice; asked again, the same request is returned.

        Raises:
            NothingToPay: the invoice's total is not above zero.
            PaymentMethodOff: this way of paying is not set up here.
            PaymentAmountTooSmall: the payment service takes no such small amount.
            PaymentAmountDiffers: the payment service would ask for another amount.
            PaymentRequestDiffers: it was asked for this invoice before, with other particulars.
            PaymentRefused: the payment service said no.
            PaymentsUnavailable: the payment service did not answer.
        """
        ...


class BillingWork(Protocol):
    """The part of a transaction that billing steps use."""

    @property
    def invoices(self) -> Invoices:
        """The invoices."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The books."""
        ...

    @property
    def deposits(self) -> Deposits:
        """The deposits."""
        ...

    @property
    def numbers(self) -> Numbers:
        """Numbers of invoices."""
        ...

    @property
    def locks(self) -> Locks:
        """Orders two writers of one contract's month, or of one tenant's deposits."""
        ...
