"""Steps over invoices and payments; each takes part in a transaction that a journey owns."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.billing import ledger, pricing
from domain.billing.errors import DepositDiffers, DepositMalformed
from domain.billing.model import (
    BankDeposit,
    DepositOutcome,
    Invoice,
    InvoiceState,
    KnownPayer,
    RatingInputs,
)
from domain.billing.ports import BillingWork
from domain.shared.actor import Actor, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import Ids, InvoiceId, PaymentId, TenantId
from domain.shared.money import Krw, vat_krw
from domain.shared.time import Clock, seoul_day

INVOICE_SERIES = "invoice"
OPEN_INVOICES_MAX = 1_000
DEPOSIT_KRW_MAX = 1_000_000_000_000_000
TEXT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FinaliseInvoice:
    """A contract's month, ready to be billed; `seller` is whose series the number is taken from."""

    actor: Actor
    seller: TenantId
    tenant_id: TenantId
    inputs: RatingInputs
    payment_terms_days: int


async def finalise_invoice(wish: FinaliseInvoice, *, work: BillingWork, ids: Ids, clock: Clock) -> Invoice:
    """Rate a contract's month, number the invoice and post it, once; a month already invoiced is returned unchanged.

    VAT is cut once, on the document's taxable sum. The number is gapless per seller and Seoul year of issue.

    Raises:
        RatingInputsMalformed: the inputs contradict themselves.
    """
    wish.actor.require(Role.OPERATOR, Role.FINANCE, Role.SYSTEM)
    contract_id, month = wish.inputs.terms.contract_id, wish.inputs.month
    await work.locks.hold(f"billing.month:{wish.tenant_id}:{contract_id}:{month}")
    stored = await work.invoices.of_month(wish.tenant_id, contract_id, month)
    if stored is not None:
        return stored
    lines = pricing.rate(wish.inputs)
    rating_inputs = pricing.inputs_text(wish.inputs)
    taxable = Krw(sum(line.amount_krw for line in lines))
    vat = vat_krw(taxable)
    now = clock.now()
    issued_on = seoul_day(now)
    counted = await work.numbers.next(tenant_id=wish.seller, series=INVOICE_SERIES, year=issued_on.year)
    invoice = Invoice(
        invoice_id=InvoiceId(ids.new()),
        tenant_id=wish.tenant_id,
        contract_id=contract_id,
        month=month,
        revision=0,
        number=f"INV-{issued_on.year}-{counted:06d}",
        lines=lines,
        taxable_krw=taxable,
        vat_krw=vat,
        total_krw=Krw(taxable + vat),
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=wish.payment_terms_days),
        finalised_at=now,
        snapshot_id=wish.inputs.usage.snapshot_id,
        rating_inputs=rating_inputs,
        rating_inputs_sha256=sha256(rating_inputs),
    )
    await work.invoices.add(invoice, state=InvoiceState.OPEN if invoice.total_krw else InvoiceState.PAID)
    await work.ledger.post(ledger.invoice_transfers(invoice, ids=ids, at=now))
    return invoice


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDeposit:
    """Money that a bank reported for a tenant, and how that tenant's money is recognised."""

    actor: Actor
    tenant_id: TenantId
    bank: str
    bank_reference: str
    payer_name: str
    virtual_account: str | None
    memo: str
    amount_krw: int
    posted_at: datetime
    known: KnownPayer


async def record_deposit(wish: RecordDeposit, *, work: BillingWork, ids: Ids, clock: Clock) -> BankDeposit:
    """Record a deposit once, apply it to the invoice that it pays exactly, or keep it in unapplied cash (가수금).

    The same bank reference again returns what is recorded.

    Raises:
        ConfirmationNeeded: the actor did not prove within five minutes who they are.
        DepositMalformed: a text is empty or too long, the amount is not above zero, or it was posted in the future.
        DepositDiffers: the bank's reference is recorded with other particulars.
    """
    wish.actor.require(Role.OPERATOR, Role.FINANCE, Role.SYSTEM)
    now = clock.now()
    wish.actor.require_confirmed(now)
    _check(wish, now=now)
    await work.locks.hold(f"billing.deposits:{wish.tenant_id}")
    stored = await work.deposits.by_reference(wish.tenant_id, bank=wish.bank, bank_reference=wish.bank_reference)
    if stored is not None:
        if _particulars(stored) != _particulars(wish):
            raise DepositDiffers(bank_reference=wish.bank_reference)
        return stored
    deposit = BankDeposit(
        deposit_id=PaymentId(ids.new()),
        tenant_id=wish.tenant_id,
        bank=wish.bank,
        bank_reference=wish.bank_reference,
        payer_name=wish.payer_name,
        virtual_account=wish.virtual_account,
        memo=wish.memo,
        amount_krw=Krw(wish.amount_krw),
        posted_at=wish.posted_at,
        recorded_at=now,
        recorded_by=wish.actor.person_id,
        match=ledger.match_deposit(
            amount_krw=wish.amount_krw,
            payer_name=wish.payer_name,
            virtual_account=wish.virtual_account,
            memo=wish.memo,
            known=wish.known,
            open_invoices=await work.invoices.open_of(wish.tenant_id, limit=OPEN_INVOICES_MAX),
        ),
    )
    await work.deposits.add(deposit)
    await work.ledger.post((ledger.deposit_transfer(deposit, ids=ids),))
    if deposit.match.outcome is DepositOutcome.MATCHED and deposit.match.invoice_id is not None:
        await work.invoices.mark_paid(wish.tenant_id, deposit.match.invoice_id, at=now)
    return deposit


def _check(wish: RecordDeposit, *, now: datetime) -> None:
    if not (wish.bank.strip() and wish.bank_reference.strip()):
        raise DepositMalformed(wrong="no bank or no bank reference")
    texts = (wish.bank, wish.bank_reference, wish.payer_name, wish.memo, wish.virtual_account or "")
    if any(len(text) > TEXT_MAX or "\x00" in text for text in texts):
        raise DepositMalformed(wrong="a text too long, or with a NUL")
    if not 0 < wish.amount_krw <= DEPOSIT_KRW_MAX:
        raise DepositMalformed(wrong="an amount that is not above zero, or beyond reason")
    if wish.posted_at > now:
        raise DepositMalformed(wrong="posted in the future")


def _particulars(deposit: RecordDeposit | BankDeposit) -> tuple[str, str | None, str, int, datetime]:
    return (deposit.payer_name, deposit.virtual_account, deposit.memo, deposit.amount_krw, deposit.posted_at)
