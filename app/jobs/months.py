"""Months that are over are closed, contract by contract; what cannot be closed yet is tried again."""

from datetime import timedelta

import structlog

from app.jobs.record import job_entry
from app.ports import Ports
from domain.journeys import audit
from domain.journeys.month_close import CloseMonth, MonthClosed, close_month
from domain.shared.actor import SYSTEM, system_actor
from domain.shared.errors import DomainError
from domain.shared.identifiers import ContractId, TenantId
from domain.shared.outbox import JobReport
from domain.shared.time import Month, seoul_day
from domain.subscription.model import Contract, ContractState

log = structlog.get_logger()

JOB = "billing.close-months"
CONTRACTS_A_PAGE = 100


async def close_months(ports: Ports) -> JobReport:
    """Close every month that is over and not yet invoiced, of every active contract, in order of time.

    One contract that cannot be closed does not stop the others; its later months wait for its earlier ones.
    """
    started_at = ports.clock.now()
    last_month = Month.of(seoul_day(started_at).replace(day=1) - timedelta(days=1))
    did = failed = 0
    said = ""
    for contract in await _contracts(ports):
        async with ports.unit(SYSTEM) as work:
            operator = await work.parties.operator_of(contract.tenant_id)
        if operator is None:
            continue  # nobody sells in this complex yet
        for month in await _months_due(contract, last_month, ports):
            try:
                closed = await _close(contract, month, seller=operator.tenant_id, ports=ports)
            except DomainError as error:
                failed, said = failed + 1, f"{contract.number} {month}: {error.sentence('ko')}"
                log.warning("billing.month.not-closed", contract=contract.number, month=str(month), code=error.code)
                break
            did += closed.anew
    return JobReport(
        job=JOB,
        started_at=started_at,
        succeeded_at=None if failed else ports.clock.now(),
        did=did,
        failed=failed,
        said=said,
    )


async def _close(contract: Contract, month: Month, *, seller: TenantId, ports: Ports) -> MonthClosed:
    """Close a month and write it down, in one transaction."""
    actor = system_actor(seller)
    unit = ports.once.held(actor)
    try:
        closed = await close_month(
            CloseMonth(
                actor=actor,
                seller=seller,
                tenant_id=contract.tenant_id,
                contract_id=contract.contract_id,
                month=month,
            ),
            unit=unit,
            documents=ports.documents,
            ids=ports.ids,
            clock=ports.clock,
        )
        told = f"contract_id={contract.contract_id} invoice_id={closed.standing.invoice.invoice_id}"
        entry = job_entry(ports, JOB, object_ids=told, for_tenant=contract.tenant_id)
        await audit.record(entry, unit=unit)
        await unit.make_durable()
    finally:
        await unit.drop()
    return closed


async def _months_due(contract: Contract, last_month: Month, ports: Ports) -> list[Month]:
    """Return the months of a contract's term, up to the last one that is over, that have no invoice; oldest first."""
    if contract.state is not ContractState.ACTIVE:
        return []
    month, end = Month.of(contract.starts_on), min(last_month, Month.of(contract.ends_on))
    due = []
    async with ports.unit(SYSTEM) as work:
        while month <= end:
            if await work.invoices.of_month(contract.tenant_id, contract.contract_id, month) is None:
                due.append(month)
            month = month.next()
    return due


async def _contracts(ports: Ports) -> list[Contract]:
    found: list[Contract] = []
    after: ContractId | None = None
    while True:
        async with ports.unit(SYSTEM) as work:
            page = await work.contracts.page(tenant_id=None, after=after, limit=CONTRACTS_A_PAGE)
        found.extend(page)
        if len(page) < CONTRACTS_A_PAGE:
            return found
        after = page[-1].contract_id
