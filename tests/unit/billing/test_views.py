from domain.billing.views import Buyer, Seller, invoice_content
from domain.shared.canonical import canonical_text
from tests.unit.billing.samples import USAGE, invoice

SELLER = Seller(
    name_ko="순환 운영(주)",
    name_en="Sunhwan Operations",
    business_no="123-45-67890",
    address_ko="경기도 시흥시 공단1로 1",
    bank_account="국민 123-45-678901",
)
BUYER = Buyer(
    name_ko="(주)한빛금속", name_en="Hanbit Metal", business_no="234-56-78901", address_ko="경기도 시흥시 공단2로 2"
)


def test_the_printed_invoice_holds_what_the_page_prints() -> None:
    content = invoice_content(invoice(), SELLER, BUYER, "C-2026-000001", "1공장", USAGE)

    assert {
        name: content[name] for name in ("number", "issued_on", "due_on", "month", "contract_number", "site_name")
    } == {
        "number": "INV-2026-000001",
        "issued_on": "2026-06-01",
        "due_on": "2026-06-15",
        "month": "2026-05",
        "contract_number": "C-2026-000001",
        "site_name": "1공장",
    }
    assert (content["taxable_krw"], content["vat_krw"], content["total_krw"]) == (1_733_653, 173_365, 1_907_018)
    assert content["usage"] == {
        "charge_wh": 14_200,
        "discharge_wh": 12_345,
        "renewable_wh": 7_829,
        "renewable_share_ppm": 634_183,
        "snapshot_sha256": "ab" * 32,
    }


def test_each_printed_line_carries_quantity_rate_and_reason() -> None:
    lines = invoice_content(invoice(), SELLER, BUYER, "C-2026-000001", "1공장", USAGE)["lines"]

    assert isinstance(lines, list)
    assert [set(line) for line in lines] == [
        {
            "description_ko",
            "description_en",
            "quantity",
            "unit",
            "rate",
            "amount_krw",
            "explanation_ko",
            "explanation_en",
        }
    ] * 3
    assert [line["amount_krw"] for line in lines] == [1_732_645, 1_120, -112]


def test_the_content_has_one_spelling() -> None:
    once = canonical_text(invoice_content(invoice(), SELLER, BUYER, "C-2026-000001", "1공장", USAGE))

    assert canonical_text(invoice_content(invoice(), SELLER, BUYER, "C-2026-000001", "1공장", USAGE)) == once
