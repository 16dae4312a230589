"""The payments port on Korean bank transfers (계좌이체, 가상계좌)."""

from collections.abc import Mapping

from domain.billing.errors import NothingToPay, PaymentMethodOff
from domain.billing.model import Invoice, Payer, PaymentMethod, PaymentRequest
from domain.shared.identifiers import TenantId


class BankTransferPayments:
    """Says where to transfer what: to the tenant's own virtual account when it has one, else to the seller's.

    The memo is the invoice's number, so that the money is recognised wherever it arrives.
    """

    def __init__(self, *, bank_account: str | None, virtual_accounts: Mapping[TenantId, str]) -> None:
        self._bank_account = bank_account
        self._virtual_accounts = virtual_accounts

    async def request(self, invoice: Invoice, *, payer: Payer) -> PaymentRequest:
        """Make the transfer instruction of an invoice; nothing is sent, so asking again changes nothing."""
        account = self._virtual_accounts.get(invoice.tenant_id, self._bank_account)
        if not account:
            raise PaymentMethodOff(method=PaymentMethod.BANK_TRANSFER)
        if invoice.total_krw <= 0:
            raise NothingToPay(invoice=invoice.number)
        return PaymentRequest(
            method=PaymentMethod.BANK_TRANSFER,
            invoice_id=invoice.invoice_id,
            amount_krw=invoice.total_krw,
            due_on=invoice.due_on,
            reference=invoice.number,
            bank_account=account,
            url=None,
        )
