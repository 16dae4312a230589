"""Rating inputs and an invoice as the tests of this context use them."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from domain.billing import pricing
from domain.billing.model import (
    CapacityPart,
    ContractTerms,
    Invoice,
    KnownPayer,
    RatingInputs,
    RenewableBand,
    UsageFacts,
)
from domain.billing.usecases import FinaliseInvoice, RecordDeposit
from domain.shared.actor import Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import ContractId, InvoiceId, SnapshotId, TenantId
from domain.shared.money import Krw, vat_krw
from domain.shared.time import Month, seoul_day
from tests.fakes.system import NOON, someone

SELLER = TenantId(2)
TENANT = TenantId(7)
OPERATOR = replace(someone(Role.OPERATOR, tenant_id=SELLER), confirmed_at=NOON)
VIRTUAL_ACCOUNT = "국민 790-01-0000007"

TERMS = ContractTerms(
    contract_id=ContractId(UUID(int=10)),
    contract_number="C-2026-000001",
    plan_code="reuse-standard",
    plan_version=1,
    capacity_rate_micro_krw_per_wh_month=9_000_000,
    energy_rate_micro_krw_per_wh=90_800,
    renewable_bands=(
        RenewableBand(share_ppm_min=300_000, discount_ppm=50_000),
        RenewableBand(share_ppm_min=600_000, discount_ppm=100_000),
    ),
)
USAGE = UsageFacts(
    snapshot_id=SnapshotId(UUID(int=60)),
    snapshot_sha256=bytes.fromhex("ab" * 32),
    charge_wh=14_200,
    discharge_wh=12_345,
    renewable_wh=7_829,
    renewable_share_ppm=634_183,
    completeness_ppm=999_500,
)
GOLDEN_CAPACITY = (
    CapacityPart(days=11, billable_wh=200_000, certificate_number="KTR-1"),
    CapacityPart(days=20, billable_wh=188_400, certificate_number="KTR-2"),
)
INPUTS = RatingInputs(terms=TERMS, month=Month(2026, 5), capacity=GOLDEN_CAPACITY, usage=USAGE)
CAPACITY_ONLY = replace(INPUTS, terms=replace(TERMS, energy_rate_micro_krw_per_wh=None, renewable_bands=()))
KNOWN = KnownPayer(virtual_account=VIRTUAL_ACCOUNT, names=("(주)한빛금속", "Hanbit Metal"))


def finalising(inputs: RatingInputs = INPUTS, *, tenant_id: TenantId = TENANT) -> FinaliseInvoice:
    return FinaliseInvoice(actor=OPERATOR, seller=SELLER, tenant_id=tenant_id, inputs=inputs, payment_terms_days=14)


def depositing(
    amount_krw: int,
    *,
    bank_reference: str = "20260610-000123",
    memo: str = "",
    payer_name: str = "한빛금속 외 1",
    virtual_account: str | None = VIRTUAL_ACCOUNT,
) -> RecordDeposit:
    return RecordDeposit(
        actor=OPERATOR,
        tenant_id=TENANT,
        bank="국민은행",
        bank_reference=bank_reference,
        payer_name=payer_name,
        virtual_account=virtual_account,
        memo=memo,
        amount_krw=amount_krw,
        posted_at=datetime(2026, 6, 1, 2, tzinfo=UTC),
        known=KNOWN,
    )


def invoice(inputs: RatingInputs = INPUTS, *, number: int = 1, tenant_id: TenantId = TENANT) -> Invoice:
    lines = pricing.rate(inputs)
    taxable = Krw(sum(line.amount_krw for line in lines))
    text = pricing.inputs_text(inputs)
    return Invoice(
        invoice_id=InvoiceId(UUID(int=1_000 + number)),
        tenant_id=tenant_id,
        contract_id=inputs.terms.contract_id,
        month=inputs.month,
        revision=0,
        number=f"INV-2026-{number:06d}",
        lines=lines,
        taxable_krw=taxable,
        vat_krw=vat_krw(taxable),
        total_krw=Krw(taxable + vat_krw(taxable)),
        issued_on=seoul_day(NOON),
        due_on=seoul_day(NOON).replace(day=15),
        finalised_at=NOON,
        snapshot_id=inputs.usage.snapshot_id,
        rating_inputs=text,
        rating_inputs_sha256=sha256(text),
    )
