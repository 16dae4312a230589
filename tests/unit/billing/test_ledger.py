from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.billing import ledger
from domain.billing.model import (
    Account,
    DepositOutcome,
    Finding,
    KnownPayer,
    LedgerTransfer,
    LineKind,
    OpenInvoice,
    SourceType,
)
from domain.shared.identifiers import InvoiceId, TenantId, TransferId
from domain.shared.money import Krw, vat_krw
from tests.fakes.system import NOON, CountedIds
from tests.unit.billing.samples import KNOWN, VIRTUAL_ACCOUNT, invoice

FIRST = OpenInvoice(invoice_id=InvoiceId(UUID(int=1)), number="INV-2026-000001", outstanding_krw=Krw(1_905_909))
SECOND = OpenInvoice(invoice_id=InvoiceId(UUID(int=2)), number="INV-2026-000002", outstanding_krw=Krw(500_000))


def test_an_invoice_posts_each_line_as_earned_then_the_claim_and_its_vat() -> None:
    posted = ledger.invoice_transfers(invoice(), ids=CountedIds(), at=NOON)

    assert [(one.debit, one.credit, one.amount_krw, one.purpose) for one in posted] == [
        (Account.ACCRUED, Account.REVENUE_SUBSCRIPTION, 1_732_645, "line-1-capacity_fee"),
        (Account.ACCRUED, Account.REVENUE_USAGE, 1_120, "line-2-energy_fee"),
        (Account.REVENUE_USAGE, Account.ACCRUED, 112, "line-3-renewable_discount"),
        (Account.RECEIVABLE, Account.ACCRUED, 1_733_653, "receivable"),
        (Account.RECEIVABLE, Account.VAT_PAYABLE, 173_365, "vat"),
    ]
    assert {(one.source_type, one.source_id) for one in posted} == {(SourceType.INVOICE, invoice().invoice_id)}


def test_after_finalising_nothing_is_left_accrued_and_the_claim_is_the_total() -> None:
    standing = ledger.balances(ledger.invoice_transfers(invoice(), ids=CountedIds(), at=NOON))

    assert standing == {
        Account.BANK: 0,
        Account.RECEIVABLE: 1_907_018,
        Account.ACCRUED: 0,
        Account.UNAPPLIED: 0,
        Account.VAT_PAYABLE: -173_365,
        Account.REVENUE_SUBSCRIPTION: -1_732_645,
        Account.REVENUE_USAGE: -1_008,
    }


@given(amounts=st.lists(st.tuples(st.sampled_from(LineKind), st.integers(-(10**12), 10**12)), max_size=6))
def test_the_books_sum_to_zero_and_hold_the_claim_whatever_the_lines(amounts: list[tuple[LineKind, int]]) -> None:
    line = invoice().lines[0]
    lines = tuple(replace(line, kind=kind, amount_krw=Krw(amount)) for kind, amount in amounts)
    taxable = Krw(sum(one.amount_krw for one in lines))
    vat = vat_krw(taxable)
    any_invoice = replace(invoice(), lines=lines, taxable_krw=taxable, vat_krw=vat, total_krw=Krw(taxable + vat))

    standing = ledger.balances(ledger.invoice_transfers(any_invoice, ids=CountedIds(), at=NOON))

    assert sum(standing.values()) == 0
    assert standing[Account.ACCRUED] == 0
    assert standing[Account.RECEIVABLE] == any_invoice.total_krw


@pytest.mark.parametrize(
    ("amount_krw", "credit"), [(0, Account.RECEIVABLE), (-1, Account.RECEIVABLE), (1, Account.BANK)]
)
def test_a_transfer_of_nothing_or_to_itself_cannot_be_made(amount_krw: int, credit: Account) -> None:
    with pytest.raises(ValueError, match="above zero"):
        LedgerTransfer(
            transfer_id=TransferId(UUID(int=1)),
            tenant_id=TenantId(1),
            debit=Account.BANK,
            credit=credit,
            amount_krw=Krw(amount_krw),
            source_type=SourceType.DEPOSIT,
            source_id=UUID(int=2),
            purpose="test",
            at=NOON,
        )


def test_every_account_has_its_korean_name() -> None:
    assert [account.name_ko for account in Account] == [
        "보통예금",
        "외상매출금",
        "미청구수익",
        "가수금",
        "부가세예수금",
        "매출-구독",
        "매출-사용량",
    ]


@pytest.mark.parametrize(
    ("amount_krw", "memo", "payer", "account", "open_invoices", "finding", "meant", "difference"),
    [
        pytest.param(1_905_909, "", "", VIRTUAL_ACCOUNT, [FIRST], Finding.EXACT, FIRST, 0, id="virtual account"),
        pytest.param(1_905_909, "", "㈜ 한빛 금속", None, [FIRST], Finding.EXACT, FIRST, 0, id="payer's name"),
        pytest.param(
            500_000, "전기료 inv-2026-000002 6월", "누구", None, [FIRST, SECOND], Finding.EXACT, SECOND, 0, id="memo"
        ),
        pytest.param(
            500_000, "", "INV-2026-000002", None, [FIRST, SECOND], Finding.EXACT, SECOND, 0, id="as the payer"
        ),
        pytest.param(500_000, "", "", VIRTUAL_ACCOUNT, [FIRST, SECOND], Finding.EXACT, SECOND, 0, id="by amount"),
        pytest.param(1_900_000, "", "", VIRTUAL_ACCOUNT, [FIRST], Finding.UNDERPAID, FIRST, -5_909, id="underpaid"),
        pytest.param(2_000_000, "", "", VIRTUAL_ACCOUNT, [FIRST], Finding.OVERPAID, FIRST, 94_091, id="overpaid"),
        pytest.param(
            1_905_908, "INV-2026-000001", "", None, [FIRST, SECOND], Finding.UNDERPAID, FIRST, -1, id="one won short"
        ),
        pytest.param(
            2_405_909,
            "INV-2026-000001 INV-2026-000002",
            "",
            None,
            [FIRST, SECOND],
            Finding.AMBIGUOUS,
            None,
            0,
            id="two",
        ),
        pytest.param(7, "", "", VIRTUAL_ACCOUNT, [FIRST, SECOND], Finding.AMBIGUOUS, None, 0, id="any of two"),
        pytest.param(
            500_000,
            "",
            "",
            VIRTUAL_ACCOUNT,
            [SECOND, replace(SECOND, invoice_id=InvoiceId(UUID(int=3)), number="INV-2026-000003")],
            Finding.AMBIGUOUS,
            None,
            0,
            id="two of one amount",
        ),
        pytest.param(1, "", "", VIRTUAL_ACCOUNT, [], Finding.NOTHING_OPEN, None, 0, id="nothing open"),
        pytest.param(1_905_909, "", "누구", None, [FIRST], Finding.PAYER_UNKNOWN, None, 0, id="stranger"),
        pytest.param(
            1_905_909, "INV-2026-0000012", "누구", None, [FIRST], Finding.PAYER_UNKNOWN, None, 0, id="longer number"
        ),
    ],
)
def test_a_deposit_is_matched_without_guessing(
    amount_krw: int,
    memo: str,
    payer: str,
    account: str | None,
    open_invoices: list[OpenInvoice],
    finding: Finding,
    meant: OpenInvoice | None,
    difference: int,
) -> None:
    match = ledger.match_deposit(
        amount_krw=amount_krw,
        payer_name=payer,
        virtual_account=account,
        memo=memo,
        known=KNOWN,
        open_invoices=open_invoices,
    )

    assert (match.finding, match.difference_krw) == (finding, difference)
    assert match.invoice_id == (meant.invoice_id if meant else None)
    assert match.outcome is (DepositOutcome.MATCHED if finding is Finding.EXACT else DepositOutcome.UNAPPLIED)


def test_a_tenant_without_a_virtual_account_is_not_recognised_by_having_none() -> None:
    match = ledger.match_deposit(
        amount_krw=1_905_909,
        payer_name="누구",
        virtual_account=None,
        memo="",
        known=KnownPayer(virtual_account=None, names=()),
        open_invoices=[FIRST],
    )

    assert match.finding is Finding.PAYER_UNKNOWN
