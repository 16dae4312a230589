"""Looking up plans, contracts, invoices and deposits for the one who asks."""

from dataclasses import dataclass

from domain.billing.errors import InvoiceUnknown
from domain.billing.model import BankDeposit, InvoiceStanding, LedgerTransfer, SourceType
from domain.journeys.ports import JourneyWork
from domain.shared.actor import COMPLEX_STAFF, TENANT_STAFF, Actor
from domain.shared.files import FileUnknown
from domain.shared.identifiers import ContractId, InvoiceId, PlanId, TenantId
from domain.shared.unit import Unit
from domain.subscription.errors import ContractUnknown
from domain.subscription.model import Assignment, Contract, PlanVersion

READERS = (*COMPLEX_STAFF, *TENANT_STAFF)


def _own(actor: Actor) -> TenantId | None:
    """Return the tenant whose rows the actor may list; None means all."""
    actor.require(*READERS)
    return actor.tenant_id if actor.is_tenant else None


async def list_plans(
    actor: Actor, *, after: PlanId | None, limit: int, unit: Unit[JourneyWork]
) -> tuple[PlanVersion, ...]:
    """Return plan versions, newest first."""
    actor.require(*READERS)
    async with unit(actor) as work:
        return await work.plans.page(after=after, limit=limit)


async def list_contracts(
    actor: Actor, *, after: ContractId | None, limit: int, unit: Unit[JourneyWork]
) -> tuple[Contract, ...]:
    """Return contracts, newest first: a tenant's own, or all for the operator."""
    tenant_id = _own(actor)
    async with unit(actor) as work:
        return await work.contracts.page(tenant_id=tenant_id, after=after, limit=limit)


async def find_contract(
    actor: Actor, contract_id: ContractId, *, tenant_id: TenantId, unit: Unit[JourneyWork]
) -> Contract:
    """Return a tenant's contract that the actor may see.

    Raises:
        ContractUnknown: there is none, or it is another tenant's.
    """
    actor.require(*READERS)
    if not actor.reaches(tenant_id):
        raise ContractUnknown(contract=str(contract_id))
    async with unit(actor) as work:
        return await work.contracts.one(tenant_id, contract_id)


async def show_contract(
    actor: Actor, contract_id: ContractId, *, tenant_id: TenantId, unit: Unit[JourneyWork]
) -> tuple[Contract, tuple[Assignment, ...]]:
    """Return a tenant's contract that the actor may see, with every pack that serves or served it.

    Raises:
        ContractUnknown: there is none, or it is another tenant's.
    """
    contract = await find_contract(actor, contract_id, tenant_id=tenant_id, unit=unit)
    async with unit(actor) as work:
        return contract, await work.assignments.of_contract(tenant_id, contract_id)


async def list_invoices(
    actor: Actor, *, after: InvoiceId | None, limit: int, unit: Unit[JourneyWork]
) -> tuple[InvoiceStanding, ...]:
    """Return invoices, newest first: a tenant's own, or all for the operator."""
    tenant_id = _own(actor)
    async with unit(actor) as work:
        return await work.invoices.page(tenant_id=tenant_id, after=after, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceOnBooks:
    """An invoice with its postings and the deposits that are for it."""

    standing: InvoiceStanding
    transfers: tuple[LedgerTransfer, ...]
    deposits: tuple[BankDeposit, ...]


async def find_invoice(
    actor: Actor, invoice_id: InvoiceId, *, tenant_id: TenantId, unit: Unit[JourneyWork]
) -> InvoiceOnBooks:
    """Return a tenant's invoice that the actor may see.

    Raises:
        InvoiceUnknown: there is none, or it is another tenant's.
    """
    actor.require(*READERS)
    if not actor.reaches(tenant_id):
        raise InvoiceUnknown(invoice=str(invoice_id))
    async with unit(actor) as work:
        standing = await work.invoices.one(tenant_id, invoice_id)
        deposits = await work.deposits.of_invoice(tenant_id, invoice_id)
        transfers = await work.ledger.of_source(tenant_id, SourceType.INVOICE, invoice_id)
        for deposit in deposits:
            transfers += await work.ledger.of_source(tenant_id, SourceType.DEPOSIT, deposit.deposit_id)
    return InvoiceOnBooks(standing=standing, transfers=transfers, deposits=deposits)


async def invoice_document(
    actor: Actor, invoice_id: InvoiceId, *, tenant_id: TenantId, unit: Unit[JourneyWork]
) -> tuple[str, bytes]:
    """Return an invoice's number and its printed document.

    Raises:
        InvoiceUnknown: there is none, or it is another tenant's.
        FileUnknown: it was not printed.
    """
    found = await find_invoice(actor, invoice_id, tenant_id=tenant_id, unit=unit)
    if found.standing.document_sha256 is None:
        raise FileUnknown
    async with unit(actor) as work:
        return found.standing.invoice.number, await work.files.read(found.standing.document_sha256)


async def list_deposits(
    actor: Actor, *, only_unapplied: bool, limit: int, unit: Unit[JourneyWork]
) -> tuple[BankDeposit, ...]:
    """Return deposits, newest first, for the operator."""
    actor.require(*COMPLEX_STAFF)
    async with unit(actor) as work:
        return await work.deposits.page(tenant_id=None, only_unapplied=only_unapplied, limit=limit)
