"""The payments port on Stripe (SDK 16.1, API pinned by the SDK).

KRW is a zero-decimal currency: Stripe's amount is the won itself, never times a hundred.
"""

from datetime import timedelta

import stripe
from stripe import HTTPXClient, StripeClient

from domain.billing.errors import (
    NothingToPay,
    PaymentAmountDiffers,
    PaymentAmountTooSmall,
    PaymentMethodOff,
    PaymentRefused,
    PaymentRequestDiffers,
    PaymentsUnavailable,
)
from domain.billing.model import Invoice, Payer, PaymentMethod, PaymentRequest
from domain.shared.errors import DomainError
from domain.shared.time import day_start

AMOUNT_KRW_MIN = 100
"""Below it Stripe would mark the invoice paid and move the debt to the customer's balance."""
_CURRENCY = "krw"
_BUSY = frozenset({"idempotency_key_in_use", "lock_timeout", "rate_limit"})


def stripe_client(api_key: str, *, timeout_s: int = 10) -> StripeClient:
    """Return an asynchronous client; each call ends within `timeout_s` and is tried three times at most."""
    return StripeClient(api_key, http_client=HTTPXClient(timeout=timeout_s), max_network_retries=2)


class StripePayments:
    """Asks for an invoice's money through an invoice at Stripe that is finalised at once and never edited.

    Off without a client. Every call carries an idempotency key made of the invoice's id, and the invoice our own
    number, which Stripe takes once: asking again, also after a cut connection, makes no second claim.
    """

    def __init__(self, client: StripeClient | None) -> None:
        self._client = client

    async def request(self, invoice: Invoice, *, payer: Payer) -> PaymentRequest:
        """Make and finalise the invoice at Stripe, once what it would ask for equals our total."""
        if self._client is None:
            raise PaymentMethodOff(method=PaymentMethod.STRIPE)
        if invoice.total_krw <= 0:
            raise NothingToPay(invoice=invoice.number)
        if invoice.total_krw < AMOUNT_KRW_MIN:
            raise PaymentAmountTooSmall(amount_krw=invoice.total_krw, amount_krw_min=AMOUNT_KRW_MIN)
        try:
            asked = await self._ask(self._client, invoice, payer=payer)
        except stripe.StripeError as error:
            raise _translated(error, invoice) from error
        if asked.status not in ("open", "paid"):
            raise PaymentRefused(reason=f"invoice {asked.status}")
        return PaymentRequest(
            method=PaymentMethod.STRIPE,
            invoice_id=invoice.invoice_id,
            amount_krw=invoice.total_krw,
            due_on=invoice.due_on,
            reference=asked.id,
            bank_account=None,
            url=asked.hosted_invoice_url,
        )

    async def _ask(self, client: StripeClient, invoice: Invoice, *, payer: Payer) -> stripe.Invoice:
        customer = await client.v1.customers.create_async(
            {
                "name": payer.name_ko,
                "preferred_locales": ["ko", "en"],
                "metadata": {"tenant_id": str(invoice.tenant_id)},
                **({"email": payer.email} if payer.email else {}),
            },
            {"idempotency_key": _key(invoice, "customer")},
        )
        draft = await client.v1.invoices.create_async(
            {
                "customer": customer.id,
                "auto_advance": False,
                "collection_method": "send_invoice",
                "currency": _CURRENCY,
                "due_date": int(day_start(invoice.due_on + timedelta(days=1)).timestamp()) - 1,
                "metadata": {"invoice_id": str(invoice.invoice_id)},
                "number": invoice.number,
                "pending_invoice_items_behavior": "exclude",
            },
            {"idempotency_key": _key(invoice, "invoice")},
        )
        amounts = [(line.description_ko, int(line.amount_krw)) for line in invoice.lines]
        amounts.append(("부가가치세 10 %", int(invoice.vat_krw)))
        for position, (description, amount_krw) in enumerate(amounts, start=1):
            if amount_krw:
                await client.v1.invoice_items.create_async(
                    {
                        "customer": customer.id,
                        "invoice": draft.id,
                        "amount": amount_krw,
                        "currency": _CURRENCY,
                        "description": description,
                    },
                    {"idempotency_key": _key(invoice, f"line-{position}")},
                )
        filled = await client.v1.invoices.retrieve_async(draft.id)
        _check_amount(filled, invoice)
        if filled.status != "draft":
            return filled
        finalised = await client.v1.invoices.finalize_invoice_async(
            draft.id, {"auto_advance": False}, {"idempotency_key": _key(invoice, "finalise")}
        )
        _check_amount(finalised, invoice)
        return finalised


def _key(invoice: Invoice, step: str) -> str:
    return f"sunhwan-invoice-{invoice.invoice_id}-{step}"


def _check_amount(asked: stripe.Invoice, invoice: Invoice) -> None:
    """Refuse when a balance at Stripe, or a lost line, would change what the tenant is asked for."""
    if (asked.amount_due, asked.currency) != (invoice.total_krw, _CURRENCY):
        raise PaymentAmountDiffers(amount_due_krw=asked.amount_due, total_krw=invoice.total_krw)


def _translated(error: stripe.StripeError, invoice: Invoice) -> DomainError:
    """Name a Stripe error in the words of the field, by its type and code, never by its message."""
    reason = error.code or type(error).__name__
    if error.code in _BUSY:
        return PaymentsUnavailable(reason=reason)
    if error.code == "amount_too_small":
        return PaymentAmountTooSmall(amount_krw=invoice.total_krw, amount_krw_min=AMOUNT_KRW_MIN)
    match error:
        case stripe.IdempotencyError():
            return PaymentRequestDiffers(invoice=invoice.number)
        case stripe.InvalidRequestError() | stripe.CardError():
            return PaymentRefused(reason=reason)
        case _:
            return PaymentsUnavailable(reason=reason)
