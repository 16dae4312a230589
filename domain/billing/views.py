"""What pages and printed invoices show."""

from dataclasses import dataclass

from domain.billing.model import Invoice, RatedLine, UsageFacts
from domain.shared.canonical import Canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who bills, as the invoice prints it."""

    name_ko: str
    name_en: str
    business_no: str
    address_ko: str
    bank_account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who is billed, as the invoice prints it."""

    name_ko: str
    name_en: str
    business_no: str
    address_ko: str


def invoice_content(
    invoice: Invoice, seller: Seller, buyer: Buyer, contract_number: str, site_name: str, usage: UsageFacts
) -> dict[str, Canonical]:
    """Return what the PDF of an invoice is made of; equal arguments give equal content."""
    lines: list[Canonical] = [_line(line) for line in invoice.lines]
    return {
        "number": invoice.number,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on.isoformat(),
        "month": str(invoice.month),
        "seller": {
            "name_ko": seller.name_ko,
            "name_en": seller.name_en,
            "business_no": seller.business_no,
            "address_ko": seller.address_ko,
            "bank_account": seller.bank_account,
        },
        "buyer": {
            "name_ko": buyer.name_ko,
            "name_en": buyer.name_en,
            "business_no": buyer.business_no,
            "address_ko": buyer.address_ko,
        },
        "contract_number": contract_number,
        "site_name": site_name,
        "lines": lines,
        "taxable_krw": invoice.taxable_krw,
        "vat_krw": invoice.vat_krw,
        "total_krw": invoice.total_krw,
        "usage": {
            "charge_wh": usage.charge_wh,
            "discharge_wh": usage.discharge_wh,
            "renewable_wh": usage.renewable_wh,
            "renewable_share_ppm": usage.renewable_share_ppm,
            "snapshot_sha256": usage.snapshot_sha256.hex(),
        },
    }


def _line(line: RatedLine) -> dict[str, Canonical]:
    return {
        "description_ko": line.description_ko,
        "description_en": line.description_en,
        "quantity": line.quantity,
        "unit": line.unit,
        "rate": line.rate,
        "amount_krw": line.amount_krw,
        "explanation_ko": line.explanation_ko,
        "explanation_en": line.explanation_en,
    }
