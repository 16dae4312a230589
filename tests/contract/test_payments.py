from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from adapters.bank.payments import BankTransferPayments
from adapters.stripe.payments import StripePayments, stripe_client
from domain.billing.errors import (
    NothingToPay,
    PaymentAmountDiffers,
    PaymentAmountTooSmall,
    PaymentMethodOff,
    PaymentRefused,
    PaymentRequestDiffers,
    PaymentsUnavailable,
)
from domain.billing.model import Invoice, Payer, PaymentMethod
from domain.billing.ports import Payments
from domain.shared.errors import Conflict, RuleBroken, Unavailable
from domain.shared.money import Krw
from tests.fakes.stripe_api import Fault, StripeApi, client_of
from tests.unit.billing.samples import SELLER, TENANT, VIRTUAL_ACCOUNT, invoice

# The SDK hands its form text to httpx as `data=`, which httpx 0.28 advises against; only the SDK can change that.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

PAYER = Payer(name_ko="(주)한빛금속", name_en="Hanbit Metal", email="billing@hanbit.example")
SELLER_ACCOUNT = "국민 123-45-678901"


def by_transfer() -> Payments:
    return BankTransferPayments(bank_account=SELLER_ACCOUNT, virtual_accounts={TENANT: VIRTUAL_ACCOUNT})


def by_stripe() -> Payments:
    return StripePayments(client_of(StripeApi()))


def transfer_off() -> Payments:
    return BankTransferPayments(bank_account=None, virtual_accounts={})


def stripe_off() -> Payments:
    return StripePayments(None)


def of_won(total_krw: int) -> Invoice:
    """Return an invoice of one line without VAT, to reach small totals."""
    line = replace(invoice().lines[0], amount_krw=Krw(total_krw))
    return replace(invoice(), lines=(line,), taxable_krw=Krw(total_krw), vat_krw=Krw(0), total_krw=Krw(total_krw))


either = pytest.mark.parametrize(
    "payments", [pytest.param(by_transfer, id="bank"), pytest.param(by_stripe, id="stripe")]
)


@either
async def test_the_money_asked_for_is_the_invoices_total_in_whole_won(payments: Callable[[], Payments]) -> None:
    request = await payments().request(invoice(), payer=PAYER)

    assert (request.invoice_id, request.amount_krw) == (invoice().invoice_id, 1_907_018)
    assert request.due_on == date(2026, 6, 15)
    assert request.reference


@either
async def test_asking_again_returns_the_same_request(payments: Callable[[], Payments]) -> None:
    way = payments()

    assert await way.request(invoice(), payer=PAYER) == await way.request(invoice(), payer=PAYER)


@either
async def test_an_invoice_of_zero_asks_for_nothing(payments: Callable[[], Payments]) -> None:
    with pytest.raises(NothingToPay) as caught:
        await payments().request(of_won(0), payer=PAYER)

    assert caught.value.facts == {"invoice": "INV-2026-000001"}


@pytest.mark.parametrize(
    ("payments", "method"),
    [
        pytest.param(transfer_off, PaymentMethod.BANK_TRANSFER, id="bank"),
        pytest.param(stripe_off, PaymentMethod.STRIPE, id="stripe"),
    ],
)
async def test_a_way_that_is_not_set_up_says_so(payments: Callable[[], Payments], method: PaymentMethod) -> None:
    with pytest.raises(PaymentMethodOff) as caught:
        await payments().request(invoice(), payer=PAYER)

    assert caught.value.facts == {"method": method}


async def test_a_transfer_goes_to_the_tenants_virtual_account_with_the_number_as_memo() -> None:
    request = await by_transfer().request(invoice(), payer=PAYER)

    assert (request.method, request.bank_account, request.reference, request.url) == (
        PaymentMethod.BANK_TRANSFER,
        VIRTUAL_ACCOUNT,
        "INV-2026-000001",
        None,
    )


async def test_a_tenant_without_a_virtual_account_transfers_to_the_seller() -> None:
    request = await by_transfer().request(invoice(tenant_id=SELLER), payer=PAYER)

    assert request.bank_account == SELLER_ACCOUNT


async def test_stripe_is_sent_each_line_and_the_vat_as_won_never_times_a_hundred() -> None:
    api = StripeApi()

    request = await StripePayments(client_of(api)).request(invoice(), payer=PAYER)

    assert [(item["amount"], item["currency"], item["description"]) for item in api.items.values()] == [
        (1_732_645, "krw", "용량 기본료 (인증 가용 용량)"),
        (1_120, "krw", "사용량 요금 (방전 전력량)"),
        (-112, "krw", "재생에너지 비율 할인"),
        (173_365, "krw", "부가가치세 10 %"),
    ]
    sent = api.invoices["in_1"]
    assert (sent["status"], sent["number"], sent["auto_advance"], sent["currency"]) == (
        "open",
        "INV-2026-000001",
        False,
        "krw",
    )
    assert (sent["collection_method"], sent["due_date"]) == ("send_invoice", 1_781_535_599)
    assert (request.reference, request.url) == ("in_1", "https://invoice.stripe.test/in_1")


async def test_asking_stripe_again_makes_no_second_claim() -> None:
    api = StripeApi()
    payments = StripePayments(client_of(api))

    await payments.request(invoice(), payer=PAYER)
    await payments.request(invoice(), payer=PAYER)

    assert (len(api.customers), len(api.invoices), len(api.items)) == (1, 1, 4)


@pytest.mark.parametrize("path_end", ["/customers", "/invoices", "/invoiceitems", "/in_1", "/finalize"])
@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
async def test_a_connection_cut_at_any_call_is_taken_up_again_without_a_second_claim(
    path_end: str, after_effect: bool
) -> None:
    api = StripeApi(faults=[Fault(path_end=path_end, status=0, after_effect=after_effect)])
    payments = StripePayments(client_of(api))

    with pytest.raises(PaymentsUnavailable):
        await payments.request(invoice(), payer=PAYER)
    request = await payments.request(invoice(), payer=PAYER)

    assert request.amount_krw == 1_907_018
    assert (len(api.customers), len(api.invoices), len(api.items)) == (1, 1, 4)
    assert api.invoices["in_1"]["status"] == "open"


@pytest.mark.parametrize(
    ("fault", "kind", "error"),
    [
        pytest.param(Fault(path_end="/invoices", status=500), Unavailable, PaymentsUnavailable, id="500"),
        pytest.param(
            Fault(path_end="/invoices", status=429, type="rate_limit_error", code="rate_limit"),
            Unavailable,
            PaymentsUnavailable,
            id="429",
        ),
        pytest.param(
            Fault(path_end="/invoices", status=409, type="idempotency_error", code="idempotency_key_in_use"),
            Unavailable,
            PaymentsUnavailable,
            id="409 in flight",
        ),
        pytest.param(
            Fault(path_end="/invoices", status=429, type="invalid_request_error", code="lock_timeout"),
            Unavailable,
            PaymentsUnavailable,
            id="lock",
        ),
        pytest.param(
            Fault(path_end="/invoices", status=400, type="invalid_request_error", code="parameter_unknown"),
            RuleBroken,
            PaymentRefused,
            id="refused",
        ),
        pytest.param(
            Fault(path_end="/finalize", status=402, type="card_error", code="card_declined"),
            RuleBroken,
            PaymentRefused,
            id="card",
        ),
        pytest.param(
            Fault(path_end="/finalize", status=400, type="invalid_request_error", code="amount_too_small"),
            RuleBroken,
            PaymentAmountTooSmall,
            id="small",
        ),
        pytest.param(
            Fault(path_end="/invoices", status=400, type="idempotency_error"),
            Conflict,
            PaymentRequestDiffers,
            id="other parameters",
        ),
    ],
)
async def test_stripes_errors_are_named_in_our_words(
    fault: Fault, kind: type[Exception], error: type[Exception]
) -> None:
    api = StripeApi(faults=[fault])

    with pytest.raises(error) as caught:
        await StripePayments(client_of(api)).request(invoice(), payer=PAYER)

    assert isinstance(caught.value, kind)
    assert caught.value.__cause__ is not None


async def test_a_wrong_key_is_our_trouble_and_not_the_tenants() -> None:
    with pytest.raises(PaymentsUnavailable) as caught:
        await StripePayments(client_of(StripeApi(authorised=False))).request(invoice(), payer=PAYER)

    assert caught.value.facts == {"reason": "AuthenticationError"}


async def test_a_second_request_with_another_payer_is_refused() -> None:
    api = StripeApi()
    payments = StripePayments(client_of(api))
    await payments.request(invoice(), payer=PAYER)

    with pytest.raises(PaymentRequestDiffers):
        await payments.request(invoice(), payer=replace(PAYER, email=None))

    assert len(api.invoices) == 1


@pytest.mark.parametrize("balance_krw", [-1_000, 1])
async def test_a_balance_at_stripe_never_changes_what_the_tenant_is_asked_for(balance_krw: int) -> None:
    api = StripeApi(balance_krw=balance_krw)

    with pytest.raises(PaymentAmountDiffers) as caught:
        await StripePayments(client_of(api)).request(invoice(), payer=PAYER)

    assert caught.value.facts == {"amount_due_krw": 1_907_018 + balance_krw, "total_krw": 1_907_018}
    assert api.invoices["in_1"]["status"] == "draft"


async def test_an_amount_below_stripes_smallest_is_not_sent() -> None:
    api = StripeApi()
    payments = StripePayments(client_of(api))

    with pytest.raises(PaymentAmountTooSmall):
        await payments.request(of_won(99), payer=PAYER)
    assert api.calls == []

    assert (await payments.request(of_won(100), payer=PAYER)).amount_krw == 100


async def test_a_number_that_stripe_knows_already_is_refused() -> None:
    api = StripeApi()
    payments = StripePayments(client_of(api))
    await payments.request(invoice(), payer=PAYER)

    with pytest.raises(PaymentRefused) as caught:
        await payments.request(replace(invoice(number=2), number="INV-2026-000001"), payer=PAYER)

    assert caught.value.facts == {"reason": "invoice_number_taken"}


def test_the_real_client_is_bounded() -> None:
    client = stripe_client("sk_test_none", timeout_s=3)

    assert client._requestor._options.max_network_retries == 2
