import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import col

from adapters.postgres.billing import PostgresDeposits, PostgresInvoices, PostgresLedger
from adapters.postgres.shared import PostgresLocks, PostgresNumbers
from adapters.postgres.tables.billing import AllocationRow, InvoiceRow, LedgerTransferRow
from domain.billing import ledger
from domain.billing.errors import DepositDiffers, InvoiceExists, InvoiceUnknown, PostingDiffers
from domain.billing.model import (
    Account,
    BankDeposit,
    DepositOutcome,
    Finding,
    Invoice,
    InvoiceState,
    Match,
    SourceType,
)
from domain.billing.ports import BillingWork
from domain.billing.usecases import finalise_invoice, record_deposit
from domain.shared.identifiers import InvoiceId, PaymentId, TenantId
from domain.shared.money import Krw
from domain.shared.time import Month
from tests.fakes.billing import MemoryBillingWork
from tests.fakes.system import NOON, CountedIds, FixedClock
from tests.unit.billing.samples import INPUTS, OPERATOR, TENANT, TERMS, depositing, finalising, invoice

OTHER_TENANT = TenantId(8)
JULY = replace(INPUTS, month=Month(2026, 7))


class PostgresBilling:
    """The billing ports on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.invoices = PostgresInvoices(connection)
        self.ledger = PostgresLedger(connection)
        self.deposits = PostgresDeposits(connection)
        self.numbers = PostgresNumbers(connection)
        self.locks = PostgresLocks(connection)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> AsyncEngine | None:
    """The pool to run on, or None for the fake."""
    if request.param == "memory":
        return None
    engine: AsyncEngine = request.getfixturevalue("engine")
    return engine


@pytest.fixture
async def work(store: AsyncEngine | None) -> AsyncIterator[BillingWork]:
    if store is None:
        yield MemoryBillingWork()
        return
    async with store.connect() as connection:
        yield PostgresBilling(connection)


def deposit(number: int = 70, *, finding: Finding = Finding.EXACT, invoice_id: InvoiceId | None = None) -> BankDeposit:
    return BankDeposit(
        deposit_id=PaymentId(UUID(int=number)),
        tenant_id=TENANT,
        bank="국민은행",
        bank_reference=f"2026-{number}",
        payer_name="(주)한빛금속",
        virtual_account=None,
        memo="INV-2026-000001",
        amount_krw=Krw(1_907_018),
        posted_at=NOON,
        recorded_at=NOON,
        recorded_by=OPERATOR.person_id,
        match=Match(finding=finding, invoice_id=invoice_id, difference_krw=0),
    )


async def test_an_invoice_comes_back_line_by_line_as_it_was_finalised(work: BillingWork) -> None:
    await work.invoices.add(invoice(), state=InvoiceState.OPEN)

    standing = await work.invoices.one(TENANT, invoice().invoice_id)

    assert standing.invoice == invoice()
    assert (standing.state, standing.changed_at, standing.document_sha256) == (InvoiceState.OPEN, NOON, None)
    assert await work.invoices.of_month(TENANT, TERMS.contract_id, Month(2026, 5)) == invoice()
    assert await work.invoices.of_month(TENANT, TERMS.contract_id, Month(2026, 6)) is None
    assert await work.invoices.of_month(OTHER_TENANT, TERMS.contract_id, Month(2026, 5)) is None


async def test_an_invoice_without_lines_is_kept(work: BillingWork) -> None:
    bare = replace(invoice(), lines=(), taxable_krw=Krw(0), vat_krw=Krw(0), total_krw=Krw(0))
    await work.invoices.add(bare, state=InvoiceState.PAID)

    assert (await work.invoices.one(TENANT, bare.invoice_id)).invoice == bare


async def test_another_tenants_invoice_is_unknown(work: BillingWork) -> None:
    await work.invoices.add(invoice(), state=InvoiceState.OPEN)

    with pytest.raises(InvoiceUnknown):
        await work.invoices.one(OTHER_TENANT, invoice().invoice_id)


async def test_a_contracts_month_is_invoiced_once(work: BillingWork) -> None:
    await work.invoices.add(invoice(), state=InvoiceState.OPEN)

    with pytest.raises(InvoiceExists):
        await work.invoices.add(invoice(number=2), state=InvoiceState.OPEN)

    assert len(await work.invoices.page(tenant_id=TENANT, after=None, limit=10)) == 1


async def test_invoices_are_paged_newest_first_by_tenant_and_for_all(work: BillingWork) -> None:
    theirs = invoice(number=2, tenant_id=OTHER_TENANT)
    await work.invoices.add(invoice(), state=InvoiceState.OPEN)
    await work.invoices.add(theirs, state=InvoiceState.OPEN)

    async def paged(tenant_id: TenantId | None, after: InvoiceId | None, limit: int) -> list[Invoice]:
        return [one.invoice for one in await work.invoices.page(tenant_id=tenant_id, after=after, limit=limit)]

    assert await paged(None, None, 10) == [theirs, invoice()]
    assert await paged(TENANT, None, 10) == [invoice()]
    assert await paged(None, theirs.invoice_id, 10) == [invoice()]
    assert await paged(None, None, 1) == [theirs]
    assert await paged(TenantId(9), None, 10) == []


async def test_open_invoices_say_what_is_outstanding(work: BillingWork) -> None:
    second = invoice(JULY, number=2)
    await work.invoices.add(invoice(), state=InvoiceState.OPEN)
    await work.invoices.add(second, state=InvoiceState.OPEN)
    await work.invoices.add(invoice(number=3, tenant_id=OTHER_TENANT), state=InvoiceState.OPEN)
    await work.deposits.add(deposit(invoice_id=invoice().invoice_id))

    outstanding = await work.invoices.open_of(TENANT, limit=10)
    await work.invoices.mark_paid(TENANT, invoice().invoice_id, at=NOON)

    assert [(one.number, one.outstanding_krw) for one in outstanding] == [
        ("INV-2026-000001", 0),
        ("INV-2026-000002", second.total_krw),
    ]
    assert [one.number for one in await work.invoices.open_of(TENANT, limit=10)] == ["INV-2026-000002"]
    assert await work.invoices.open_of(TENANT, limit=0) == ()


async def test_the_first_instant_of_payment_stands(work: BillingWork) -> None:
    at = datetime(2026, 6, 5, tzinfo=UTC)
    await work.invoices.add(invoice(), state=InvoiceState.OPEN)

    await work.invoices.mark_paid(OTHER_TENANT, invoice().invoice_id, at=at)
    assert (await work.invoices.one(TENANT, invoice().invoice_id)).state is InvoiceState.OPEN
    await work.invoices.mark_paid(TENANT, invoice().invoice_id, at=at)
    await work.invoices.mark_paid(TENANT, invoice().invoice_id, at=datetime(2026, 6, 6, tzinfo=UTC))

    standing = await work.invoices.one(TENANT, invoice().invoice_id)
    assert (standing.state, standing.changed_at) == (InvoiceState.PAID, at)


async def test_the_first_printed_document_stands(work: BillingWork) -> None:
    await work.invoices.add(invoice(), state=InvoiceState.OPEN)

    first = await work.invoices.attach_document(TENANT, invoice().invoice_id, sha256="aa" * 32, at=NOON)
    again = await work.invoices.attach_document(TENANT, invoice().invoice_id, sha256="bb" * 32, at=NOON)

    assert (first, again) == ("aa" * 32, "aa" * 32)
    assert (await work.invoices.one(TENANT, invoice().invoice_id)).document_sha256 == "aa" * 32


async def test_transfers_are_posted_once_however_often(work: BillingWork) -> None:
    await work.ledger.post(ledger.invoice_transfers(invoice(), ids=CountedIds(), at=NOON))
    await work.ledger.post(ledger.invoice_transfers(invoice(), ids=CountedIds(500), at=NOON))
    await work.ledger.post(())

    posted = await work.ledger.of_source(TENANT, SourceType.INVOICE, invoice().invoice_id)
    assert [one.purpose for one in posted] == [
        "line-1-capacity_fee",
        "line-2-energy_fee",
        "line-3-renewable_discount",
        "receivable",
        "vat",
    ]
    assert posted == ledger.invoice_transfers(invoice(), ids=CountedIds(), at=NOON)
    assert await work.ledger.of_source(OTHER_TENANT, SourceType.INVOICE, invoice().invoice_id) == ()


async def test_the_same_source_with_another_amount_is_refused(work: BillingWork) -> None:
    posted = ledger.invoice_transfers(invoice(), ids=CountedIds(), at=NOON)
    await work.ledger.post(posted)

    with pytest.raises(PostingDiffers) as caught:
        await work.ledger.post((replace(posted[0], amount_krw=Krw(1)),))

    assert caught.value.facts == {"source_type": "invoice", "source_id": str(invoice().invoice_id)}


async def test_balances_are_the_tenants_own_and_sum_to_zero(work: BillingWork) -> None:
    await work.ledger.post(ledger.invoice_transfers(invoice(), ids=CountedIds(), at=NOON))
    other = invoice(number=2, tenant_id=OTHER_TENANT)
    await work.ledger.post(ledger.invoice_transfers(other, ids=CountedIds(500), at=NOON))

    balances = await work.ledger.balances(TENANT)

    assert balances[Account.RECEIVABLE] == 1_907_018
    assert balances[Account.REVENUE_USAGE] == -1_008
    assert set(balances) == set(Account)
    assert sum(balances.values()) == 0
    assert set((await work.ledger.balances(TenantId(9))).values()) == {0}


async def test_a_deposit_comes_back_by_its_banks_reference(work: BillingWork) -> None:
    await work.invoices.add(invoice(), state=InvoiceState.OPEN)
    matched = deposit(invoice_id=invoice().invoice_id)
    await work.deposits.add(matched)

    assert await work.deposits.by_reference(TENANT, bank="국민은행", bank_reference="2026-70") == matched
    assert await work.deposits.by_reference(TENANT, bank="신한은행", bank_reference="2026-70") is None
    assert await work.deposits.by_reference(OTHER_TENANT, bank="국민은행", bank_reference="2026-70") is None
    assert await work.deposits.of_invoice(TENANT, invoice().invoice_id) == (matched,)
    assert matched.match.outcome is DepositOutcome.MATCHED


async def test_a_banks_reference_is_recorded_once(work: BillingWork) -> None:
    await work.deposits.add(deposit(finding=Finding.PAYER_UNKNOWN))

    with pytest.raises(DepositDiffers):
        await work.deposits.add(
            replace(deposit(finding=Finding.PAYER_UNKNOWN), deposit_id=PaymentId(UUID(int=71)), amount_krw=Krw(5))
        )


async def test_unapplied_deposits_can_be_listed_apart(work: BillingWork) -> None:
    await work.invoices.add(invoice(), state=InvoiceState.OPEN)
    matched = deposit(invoice_id=invoice().invoice_id)
    waiting = deposit(71, finding=Finding.AMBIGUOUS)
    await work.deposits.add(matched)
    await work.deposits.add(waiting)

    assert await work.deposits.page(tenant_id=None, only_unapplied=False, limit=10) == (waiting, matched)
    assert await work.deposits.page(tenant_id=TENANT, only_unapplied=True, limit=10) == (waiting,)
    assert await work.deposits.page(tenant_id=OTHER_TENANT, only_unapplied=False, limit=10) == ()
    assert await work.deposits.page(tenant_id=TENANT, only_unapplied=False, limit=1) == (waiting,)


async def test_a_month_is_billed_and_paid_on_either_store_and_again_changes_nothing(work: BillingWork) -> None:
    ids, clock = CountedIds(), FixedClock()
    finalised = await finalise_invoice(finalising(), work=work, ids=ids, clock=clock)
    paid = await record_deposit(depositing(1_907_018), work=work, ids=ids, clock=clock)
    before = await work.ledger.balances(TENANT)

    again = await finalise_invoice(finalising(), work=work, ids=ids, clock=clock)
    paid_again = await record_deposit(depositing(1_907_018), work=work, ids=ids, clock=clock)

    assert (again, paid_again) == (finalised, paid)
    assert (await work.invoices.one(TENANT, finalised.invoice_id)).state is InvoiceState.PAID
    assert await work.ledger.balances(TENANT) == before
    assert (before[Account.BANK], before[Account.RECEIVABLE], sum(before.values())) == (1_907_018, 0, 0)


async def test_two_closers_of_one_month_make_one_invoice_and_lose_no_number(engine: AsyncEngine) -> None:
    async def close(start: int) -> Invoice:
        async with engine.connect() as connection:
            made = await finalise_invoice(
                finalising(), work=PostgresBilling(connection), ids=CountedIds(start), clock=FixedClock()
            )
            await connection.commit()
            return made

    made = await asyncio.gather(close(0), close(1_000), close(2_000))
    async with engine.connect() as connection:
        next_month = await finalise_invoice(
            finalising(JULY), work=PostgresBilling(connection), ids=CountedIds(5_000), clock=FixedClock()
        )

    assert made[0] == made[1] == made[2]
    assert (made[0].number, next_month.number) == ("INV-2026-000001", "INV-2026-000002")


async def test_an_undone_transaction_leaves_no_gap_in_the_numbers(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await finalise_invoice(finalising(), work=PostgresBilling(connection), ids=CountedIds(), clock=FixedClock())
    async with engine.connect() as connection:
        kept = await finalise_invoice(
            finalising(JULY), work=PostgresBilling(connection), ids=CountedIds(), clock=FixedClock()
        )

    assert kept.number == "INV-2026-000001"


async def test_one_deposit_recorded_by_two_clerks_at_once_pays_once(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await finalise_invoice(finalising(), work=PostgresBilling(connection), ids=CountedIds(), clock=FixedClock())
        await connection.commit()

    async def clerk(start: int) -> BankDeposit:
        async with engine.connect() as connection:
            recorded = await record_deposit(
                depositing(1_907_018), work=PostgresBilling(connection), ids=CountedIds(start), clock=FixedClock()
            )
            await connection.commit()
            return recorded

    first, second = await asyncio.gather(clerk(1_000), clerk(2_000))
    async with engine.connect() as connection:
        found = await connection.execute(select(col(AllocationRow.amount_krw)))
        allocated = list(found.scalars())
        balances = await PostgresLedger(connection).balances(TENANT)

    assert first == second
    assert allocated == [1_907_018]
    assert (balances[Account.BANK], balances[Account.RECEIVABLE]) == (1_907_018, 0)


@pytest.mark.parametrize("changed", [{"total_krw": 1_907_019}, {"vat_krw": 173_366, "total_krw": 1_907_019}])
async def test_the_table_refuses_a_total_that_does_not_add_up(engine: AsyncEngine, changed: dict[str, int]) -> None:
    async with engine.connect() as connection:
        await PostgresInvoices(connection).add(invoice(), state=InvoiceState.OPEN)

        with pytest.raises(IntegrityError):
            await connection.execute(update(InvoiceRow).values(**changed))


@pytest.mark.parametrize("changed", [{"amount_krw": 0}, {"credit": "bank"}, {"debit": "pocket"}])
async def test_the_table_refuses_a_transfer_that_is_none(engine: AsyncEngine, changed: dict[str, object]) -> None:
    row: dict[str, object] = {
        "tenant_id": TENANT,
        "transfer_id": UUID(int=1),
        "debit": "bank",
        "credit": "receivable",
        "amount_krw": 1,
        "source_type": "deposit",
        "source_id": UUID(int=2),
        "purpose": "matched",
        "at": NOON,
    }
    async with engine.connect() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(insert(LedgerTransferRow).values(row | changed))
