"""The billing ports in memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.billing import ledger
from domain.billing.errors import DepositDiffers, InvoiceExists, InvoiceUnknown, PostingDiffers
from domain.billing.model import (
    Account,
    BankDeposit,
    DepositOutcome,
    Invoice,
    InvoiceStanding,
    InvoiceState,
    LedgerTransfer,
    OpenInvoice,
    SourceType,
)
from domain.shared.identifiers import ContractId, InvoiceId, TenantId
from domain.shared.money import Krw
from domain.shared.time import Month
from tests.fakes.subscription import MemoryNumbers


class MemoryDeposits:
    def __init__(self) -> None:
        self.stored: list[BankDeposit] = []

    async def by_reference(self, tenant_id: TenantId, *, bank: str, bank_reference: str) -> BankDeposit | None:
        wanted = (tenant_id, bank, bank_reference)
        return next((one for one in self.stored if (one.tenant_id, one.bank, one.bank_reference) == wanted), None)

    async def add(self, deposit: BankDeposit) -> None:
        if await self.by_reference(deposit.tenant_id, bank=deposit.bank, bank_reference=deposit.bank_reference):
            raise DepositDiffers(bank_reference=deposit.bank_reference)
        self.stored.append(deposit)

    async def of_invoice(self, tenant_id: TenantId, invoice_id: InvoiceId) -> tuple[BankDeposit, ...]:
        mine = [one for one in self.stored if (one.tenant_id, one.match.invoice_id) == (tenant_id, invoice_id)]
        return tuple(sorted(mine, key=lambda one: one.deposit_id))

    async def page(self, *, tenant_id: TenantId | None, only_unapplied: bool, limit: int) -> tuple[BankDeposit, ...]:
        chosen = [
            one
            for one in sorted(self.stored, key=lambda one: one.deposit_id, reverse=True)
            if tenant_id in (None, one.tenant_id)
            and not (only_unapplied and one.match.outcome is DepositOutcome.MATCHED)
        ]
        return tuple(chosen[:limit])


class MemoryInvoices:
    def __init__(self, deposits: MemoryDeposits) -> None:
        self._standings: dict[tuple[TenantId, InvoiceId], InvoiceStanding] = {}
        self._deposits = deposits

    async def of_month(self, tenant_id: TenantId, contract_id: ContractId, month: Month) -> Invoice | None:
        for standing in self._standings.values():
            one = standing.invoice
            if (one.tenant_id, one.contract_id, one.month, one.revision) == (tenant_id, contract_id, month, 0):
                return one
        return None

    async def add(self, invoice: Invoice, *, state: InvoiceState) -> None:
        taken = [
            one.invoice
            for one in self._standings.values()
            if (one.invoice.tenant_id, one.invoice.contract_id, one.invoice.month, one.invoice.revision)
            == (invoice.tenant_id, invoice.contract_id, invoice.month, invoice.revision)
        ]
        if taken:
            raise InvoiceExists(month=str(invoice.month))
        self._standings[invoice.tenant_id, invoice.invoice_id] = InvoiceStanding(
            invoice=invoice, state=state, changed_at=invoice.finalised_at, document_sha256=None
        )

    async def one(self, tenant_id: TenantId, invoice_id: InvoiceId) -> InvoiceStanding:
        if (tenant_id, invoice_id) not in self._standings:
            raise InvoiceUnknown(invoice=str(invoice_id))
        return self._standings[tenant_id, invoice_id]

    async def page(
        self, *, tenant_id: TenantId | None, after: InvoiceId | None, limit: int
    ) -> tuple[InvoiceStanding, ...]:
        chosen = [
            one
            for one in sorted(self._standings.values(), key=lambda one: one.invoice.invoice_id, reverse=True)
            if tenant_id in (None, one.invoice.tenant_id) and (after is None or one.invoice.invoice_id < after)
        ]
        return tuple(chosen[:limit])

    async def open_of(self, tenant_id: TenantId, *, limit: int) -> tuple[OpenInvoice, ...]:
        found: list[OpenInvoice] = []
        for standing in sorted(self._standings.values(), key=lambda one: one.invoice.invoice_id):
            invoice = standing.invoice
            if invoice.tenant_id == tenant_id and standing.state is InvoiceState.OPEN:
                applied = sum(
                    one.amount_krw
                    for one in await self._deposits.of_invoice(tenant_id, invoice.invoice_id)
                    if one.match.outcome is DepositOutcome.MATCHED
                )
                found.append(
                    OpenInvoice(
                        invoice_id=invoice.invoice_id,
                        number=invoice.number,
                        outstanding_krw=Krw(invoice.total_krw - applied),
                    )
                )
        return tuple(found[:limit])

    async def mark_paid(self, tenant_id: TenantId, invoice_id: InvoiceId, *, at: datetime) -> None:
        standing = self._standings.get((tenant_id, invoice_id))
        if standing is not None and standing.state is InvoiceState.OPEN:
            self._standings[tenant_id, invoice_id] = replace(standing, state=InvoiceState.PAID, changed_at=at)

    async def attach_document(self, tenant_id: TenantId, invoice_id: InvoiceId, *, sha256: str, at: datetime) -> str:
        standing = self._standings[tenant_id, invoice_id]
        stands = standing.document_sha256 or sha256
        self._standings[tenant_id, invoice_id] = replace(standing, document_sha256=stands)
        return stands


class MemoryLedger:
    def __init__(self) -> None:
        self.transfers: list[LedgerTransfer] = []

    async def post(self, transfers: tuple[LedgerTransfer, ...]) -> None:
        for wanted in transfers:
            there = [
                one
                for one in await self.of_source(wanted.tenant_id, wanted.source_type, wanted.source_id)
                if one.purpose == wanted.purpose
            ]
            if not there:
                self.transfers.append(wanted)
            elif (there[0].debit, there[0].credit, there[0].amount_krw) != (
                wanted.debit,
                wanted.credit,
                wanted.amount_krw,
            ):
                raise PostingDiffers(source_type=wanted.source_type.value, source_id=str(wanted.source_id))

    async def of_source(
        self, tenant_id: TenantId, source_type: SourceType, source_id: UUID
    ) -> tuple[LedgerTransfer, ...]:
        wanted = (tenant_id, source_type, source_id)
        mine = [one for one in self.transfers if (one.tenant_id, one.source_type, one.source_id) == wanted]
        return tuple(sorted(mine, key=lambda one: one.transfer_id))

    async def balances(self, tenant_id: TenantId) -> Mapping[Account, int]:
        return ledger.balances(one for one in self.transfers if one.tenant_id == tenant_id)


class MemoryLocks:
    def __init__(self) -> None:
        self.held: list[str] = []

    async def hold(self, name: str) -> None:
        self.held.append(name)


class MemoryBillingWork:
    def __init__(self) -> None:
        self.deposits = MemoryDeposits()
        self.invoices = MemoryInvoices(self.deposits)
        self.ledger = MemoryLedger()
        self.numbers = MemoryNumbers()
        self.locks = MemoryLocks()
