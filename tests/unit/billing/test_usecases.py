from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from domain.billing.errors import DepositDiffers, DepositMalformed, RatingInputsMalformed
from domain.billing.model import Account, DepositOutcome, Finding, InvoiceState, SourceType
from domain.billing.usecases import finalise_invoice, record_deposit
from domain.shared.actor import Role, RoleNotEnough
from domain.shared.time import Month
from tests.fakes.billing import MemoryBillingWork
from tests.fakes.system import CountedIds, FixedClock, someone
from tests.unit.billing.samples import CAPACITY_ONLY, INPUTS, TENANT, TERMS, USAGE, depositing, finalising

NOTHING = replace(INPUTS, capacity=(), usage=replace(USAGE, discharge_wh=0, renewable_wh=0, renewable_share_ppm=0))


class Desk:
    """Work, identifiers and a clock."""

    def __init__(self) -> None:
        self.work = MemoryBillingWork()
        self.ids = CountedIds()
        self.clock = FixedClock()


async def test_a_month_is_rated_numbered_and_posted_in_one_step() -> None:
    desk = Desk()

    invoice = await finalise_invoice(finalising(CAPACITY_ONLY), work=desk.work, ids=desk.ids, clock=desk.clock)

    assert invoice.number == "INV-2026-000001"
    assert (invoice.taxable_krw, invoice.vat_krw, invoice.total_krw) == (1_732_645, 173_264, 1_905_909)
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 6, 1), date(2026, 6, 15))
    assert (await desk.work.invoices.one(TENANT, invoice.invoice_id)).state is InvoiceState.OPEN
    balances = await desk.work.ledger.balances(TENANT)
    assert (balances[Account.RECEIVABLE], balances[Account.VAT_PAYABLE]) == (1_905_909, -173_264)
    assert sum(balances.values()) == 0


async def test_finalising_again_returns_the_stored_invoice_and_uses_no_number() -> None:
    desk = Desk()
    first = await finalise_invoice(finalising(), work=desk.work, ids=desk.ids, clock=desk.clock)
    posted = list(desk.work.ledger.transfers)
    desk.clock.move(days=40)

    again = await finalise_invoice(finalising(), work=desk.work, ids=desk.ids, clock=desk.clock)
    other_month = await finalise_invoice(
        finalising(replace(INPUTS, month=Month(2026, 7))), work=desk.work, ids=desk.ids, clock=desk.clock
    )

    assert again == first
    assert desk.work.ledger.transfers[: len(posted)] == posted
    assert len(await desk.work.ledger.of_source(TENANT, SourceType.INVOICE, first.invoice_id)) == 5
    assert other_month.number == "INV-2026-000002"


async def test_later_usage_does_not_change_a_finalised_invoice() -> None:
    desk = Desk()
    first = await finalise_invoice(finalising(), work=desk.work, ids=desk.ids, clock=desk.clock)
    more = replace(INPUTS, usage=replace(USAGE, discharge_wh=99_999))

    assert await finalise_invoice(finalising(more), work=desk.work, ids=desk.ids, clock=desk.clock) == first


@pytest.mark.parametrize(
    ("at", "number", "issued_on"),
    [
        (datetime(2026, 12, 31, 14, 59, tzinfo=UTC), "INV-2026-000001", date(2026, 12, 31)),
        (datetime(2026, 12, 31, 15, 0, tzinfo=UTC), "INV-2027-000001", date(2027, 1, 1)),
    ],
)
async def test_the_year_of_a_number_turns_at_midnight_in_seoul(at: datetime, number: str, issued_on: date) -> None:
    desk = Desk()

    invoice = await finalise_invoice(finalising(), work=desk.work, ids=desk.ids, clock=FixedClock(at))

    assert (invoice.number, invoice.issued_on) == (number, issued_on)


async def test_a_month_that_costs_nothing_is_paid_at_once_and_posts_nothing() -> None:
    desk = Desk()

    invoice = await finalise_invoice(finalising(NOTHING), work=desk.work, ids=desk.ids, clock=desk.clock)

    assert invoice.total_krw == 0
    assert (await desk.work.invoices.one(TENANT, invoice.invoice_id)).state is InvoiceState.PAID
    assert desk.work.ledger.transfers == []


async def test_inputs_that_cannot_be_rated_use_no_number() -> None:
    desk = Desk()
    wrong = replace(INPUTS, terms=replace(TERMS, energy_rate_micro_krw_per_wh=-1))

    with pytest.raises(RatingInputsMalformed):
        await finalise_invoice(finalising(wrong), work=desk.work, ids=desk.ids, clock=desk.clock)
    invoice = await finalise_invoice(finalising(), work=desk.work, ids=desk.ids, clock=desk.clock)

    assert invoice.number == "INV-2026-000001"


async def test_a_tenant_neither_finalises_nor_records_deposits() -> None:
    desk = Desk()
    tenant = someone(Role.TENANT_ADMIN, tenant_id=7)

    with pytest.raises(RoleNotEnough):
        await finalise_invoice(replace(finalising(), actor=tenant), work=desk.work, ids=desk.ids, clock=desk.clock)
    with pytest.raises(RoleNotEnough):
        await record_deposit(replace(depositing(1), actor=tenant), work=desk.work, ids=desk.ids, clock=desk.clock)


async def test_the_exact_amount_pays_the_invoice() -> None:
    desk = Desk()
    invoice = await finalise_invoice(finalising(), work=desk.work, ids=desk.ids, clock=desk.clock)

    deposit = await record_deposit(depositing(1_907_018), work=desk.work, ids=desk.ids, clock=desk.clock)

    assert (deposit.match.outcome, deposit.match.invoice_id) == (DepositOutcome.MATCHED, invoice.invoice_id)
    assert (await desk.work.invoices.one(TENANT, invoice.invoice_id)).state is InvoiceState.PAID
    balances = await desk.work.ledger.balances(TENANT)
    assert (balances[Account.BANK], balances[Account.RECEIVABLE]) == (1_907_018, 0)


async def test_the_same_deposit_twice_is_one_deposit() -> None:
    desk = Desk()
    await finalise_invoice(finalising(), work=desk.work, ids=desk.ids, clock=desk.clock)
    first = await record_deposit(depositing(1_907_018), work=desk.work, ids=desk.ids, clock=desk.clock)
    posted = list(desk.work.ledger.transfers)
    desk.clock.move(minutes=4)

    again = await record_deposit(depositing(1_907_018), work=desk.work, ids=desk.ids, clock=desk.clock)

    assert again == first
    assert desk.work.ledger.transfers == posted


async def test_a_reference_with_another_amount_is_refused() -> None:
    desk = Desk()
    await record_deposit(depositing(100), work=desk.work, ids=desk.ids, clock=desk.clock)

    with pytest.raises(DepositDiffers):
        await record_deposit(depositing(200), work=desk.work, ids=desk.ids, clock=desk.clock)


@pytest.mark.parametrize(
    ("amount_krw", "finding", "difference"),
    [(1_907_017, Finding.UNDERPAID, -1), (1_907_019, Finding.OVERPAID, 1)],
)
async def test_another_amount_waits_unapplied_with_its_difference(
    amount_krw: int, finding: Finding, difference: int
) -> None:
    desk = Desk()
    invoice = await finalise_invoice(finalising(), work=desk.work, ids=desk.ids, clock=desk.clock)

    deposit = await record_deposit(depositing(amount_krw), work=desk.work, ids=desk.ids, clock=desk.clock)

    assert (deposit.match.finding, deposit.match.difference_krw) == (finding, difference)
    assert (await desk.work.invoices.one(TENANT, invoice.invoice_id)).state is InvoiceState.OPEN
    balances = await desk.work.ledger.balances(TENANT)
    assert (balances[Account.BANK], balances[Account.UNAPPLIED]) == (amount_krw, -amount_krw)
    assert balances[Account.RECEIVABLE] == 1_907_018


async def test_a_second_payment_of_a_paid_invoice_waits_unapplied() -> None:
    desk = Desk()
    await finalise_invoice(finalising(), work=desk.work, ids=desk.ids, clock=desk.clock)
    await record_deposit(depositing(1_907_018), work=desk.work, ids=desk.ids, clock=desk.clock)

    second = await record_deposit(
        depositing(1_907_018, bank_reference="20260611-000009"), work=desk.work, ids=desk.ids, clock=desk.clock
    )

    assert second.match.finding is Finding.NOTHING_OPEN
    assert (await desk.work.ledger.balances(TENANT))[Account.UNAPPLIED] == -1_907_018


@pytest.mark.parametrize(
    "changed",
    [
        {"amount_krw": 0},
        {"amount_krw": -1},
        {"amount_krw": 10**16},
        {"bank_reference": " "},
        {"bank": ""},
        {"memo": "가" * 201},
        {"payer_name": "a\x00b"},
        {"posted_at": datetime(2026, 6, 1, 3, 0, 1, tzinfo=UTC)},
    ],
)
async def test_what_is_no_deposit_is_refused(changed: dict[str, object]) -> None:
    desk = Desk()

    with pytest.raises(DepositMalformed):
        await record_deposit(
            replace(depositing(1), **changed),  # type: ignore[arg-type]
            work=desk.work,
            ids=desk.ids,
            clock=desk.clock,
        )

    assert desk.work.deposits.stored == []
