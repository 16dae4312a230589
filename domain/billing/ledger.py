"""Double entry without the possibility of imbalance, and the matching of money to invoices."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import assert_never

from domain.billing.model import (
    Account,
    BankDeposit,
    DepositOutcome,
    Finding,
    Invoice,
    KnownPayer,
    LedgerTransfer,
    LineKind,
    Match,
    OpenInvoice,
    SourceType,
)
from domain.shared.identifiers import Ids, TransferId
from domain.shared.money import Krw

_INVOICE_NUMBER = re.compile(r"(?<![0-9A-Z])INV-[0-9]{4}-[0-9]{6,}(?![0-9])")


def invoice_transfers(invoice: Invoice, *, ids: Ids, at: datetime) -> tuple[LedgerTransfer, ...]:
    """Return what finalising an invoice posts: each line as earned, then the claim for it and its VAT.

    Lines and sums of zero post nothing. A discount runs the other way on the account that it lessens.
    """
    accrued, receivable = Account.ACCRUED, Account.RECEIVABLE
    wanted: list[tuple[Account, Account, int, str]] = []
    for position, line in enumerate(invoice.lines, start=1):
        earned = _revenue(line.kind)
        purpose = f"line-{position}-{line.kind}"
        if line.amount_krw >= 0:
            wanted.append((accrued, earned, line.amount_krw, purpose))
        else:
            wanted.append((earned, accrued, -line.amount_krw, purpose))
    if invoice.taxable_krw >= 0:
        wanted.append((receivable, accrued, invoice.taxable_krw, "receivable"))
        wanted.append((receivable, Account.VAT_PAYABLE, invoice.vat_krw, "vat"))
    else:
        wanted.append((accrued, receivable, -invoice.taxable_krw, "receivable"))
        wanted.append((Account.VAT_PAYABLE, receivable, -invoice.vat_krw, "vat"))
    return tuple(
        LedgerTransfer(
            transfer_id=TransferId(ids.new()),
            tenant_id=invoice.tenant_id,
            debit=debit,
            credit=credit,
            amount_krw=Krw(amount),
            source_type=SourceType.INVOICE,
            source_id=invoice.invoice_id,
            purpose=purpose,
            at=at,
        )
        for debit, credit, amount, purpose in wanted
        if amount
    )


def _revenue(kind: LineKind) -> Account:
    match kind:
        case LineKind.CAPACITY_FEE:
            return Account.REVENUE_SUBSCRIPTION
        case LineKind.ENERGY_FEE | LineKind.RENEWABLE_DISCOUNT:
            return Account.REVENUE_USAGE
        case _:
            assert_never(kind)


def deposit_transfer(deposit: BankDeposit, *, ids: Ids) -> LedgerTransfer:
    """Return what a deposit posts: against the claim when it matched, into unapplied cash (가수금) when not."""
    matched = deposit.match.outcome is DepositOutcome.MATCHED
    return LedgerTransfer(
        transfer_id=TransferId(ids.new()),
        tenant_id=deposit.tenant_id,
        debit=Account.BANK,
        credit=Account.RECEIVABLE if matched else Account.UNAPPLIED,
        amount_krw=deposit.amount_krw,
        source_type=SourceType.DEPOSIT,
        source_id=deposit.deposit_id,
        purpose=deposit.match.outcome,
        at=deposit.recorded_at,
    )


def match_deposit(
    *,
    amount_krw: int,
    payer_name: str,
    virtual_account: str | None,
    memo: str,
    known: KnownPayer,
    open_invoices: Sequence[OpenInvoice],
) -> Match:
    """Find what a deposit is for.

    A memo, or a payer's name, that holds an open invoice's number decides. Otherwise the money must come through the
    tenant's virtual account or under a name of the tenant, and the amount must equal what exactly one open invoice
    leaves to pay. Nothing is guessed: any other amount is kept unapplied, with the difference stated where one invoice
    can be meant.
    """
    named = set(_INVOICE_NUMBER.findall(f"{memo} {payer_name}".upper()))
    meant = [one for one in open_invoices if one.number in named]
    if len(meant) == 1:
        return _against(meant[0], amount_krw)
    if len(meant) > 1:
        return Match(finding=Finding.AMBIGUOUS, invoice_id=None, difference_krw=0)
    through_account = virtual_account is not None and virtual_account == known.virtual_account
    if not (through_account or _folded(payer_name) in {_folded(name) for name in known.names}):
        return Match(finding=Finding.PAYER_UNKNOWN, invoice_id=None, difference_krw=0)
    if not open_invoices:
        return Match(finding=Finding.NOTHING_OPEN, invoice_id=None, difference_krw=0)
    fitting = [one for one in open_invoices if one.outstanding_krw == amount_krw]
    if len(fitting) == 1:
        return _against(fitting[0], amount_krw)
    if len(open_invoices) == 1:
        return _against(open_invoices[0], amount_krw)
    return Match(finding=Finding.AMBIGUOUS, invoice_id=None, difference_krw=0)


def _against(invoice: OpenInvoice, amount_krw: int) -> Match:
    difference = amount_krw - invoice.outstanding_krw
    finding = Finding.EXACT if not difference else Finding.OVERPAID if difference > 0 else Finding.UNDERPAID
    return Match(finding=finding, invoice_id=invoice.invoice_id, difference_krw=difference)


def _folded(name: str) -> str:
    """Bring a payer's name to one spelling: banks cut spaces and differ in letter case; `(주)` has several forms."""
    return name.replace("㈜", "(주)").replace(" ", "").casefold()


def balances(transfers: Iterable[LedgerTransfer]) -> dict[Account, int]:
    """Return debit minus credit of every account, KRW; over all accounts it sums to zero by construction."""
    standing = dict.fromkeys(Account, 0)
    for one in transfers:
        standing[one.debit] += one.amount_krw
        standing[one.credit] -= one.amount_krw
    return standing
