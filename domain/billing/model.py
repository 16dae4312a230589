"""Rating inputs, invoices with lines that explain themselves, ledger transfers and bank deposits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.shared.identifiers import ContractId, InvoiceId, PaymentId, PersonId, SnapshotId, TenantId, TransferId
from domain.shared.money import Krw
from domain.shared.time import Month

WHOLE_PPM = 1_000_000
"""A share of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewableBand:
    """From this renewable share of the discharged energy on, this part of the energy fee is let off."""

    share_ppm_min: int
    discount_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTerms:
    """What a contract says about price: a copy, so that a later plan version changes nothing here.

    A rate of None means that the contract has no such component; bands rise with their share.
    """

    contract_id: ContractId
    contract_number: str
    plan_code: str
    plan_version: int
    capacity_rate_micro_krw_per_wh_month: int | None
    energy_rate_micro_krw_per_wh: int | None
    renewable_bands: tuple[RenewableBand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityPart:
    """Days over which one certificate kept one amount of the promised capacity."""

    days: int
    billable_wh: int
    certificate_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFacts:
    """What a frozen usage snapshot says of the month; `renewable_wh` is the renewable part of what was discharged.

    `renewable_share_ppm` is 0 when nothing was discharged; energy of unknown origin counts as not renewable.
    """

    snapshot_id: SnapshotId
    snapshot_sha256: bytes
    charge_wh: int
    discharge_wh: int
    renewable_wh: int
    renewable_share_ppm: int
    completeness_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingInputs:
    """Everything that rating a contract's month depends on."""

    terms: ContractTerms
    month: Month
    capacity: tuple[CapacityPart, ...]
    usage: UsageFacts


class LineKind(StrEnum):
    """What a line charges for, or lets off."""

    CAPACITY_FEE = "capacity_fee"
    ENERGY_FEE = "energy_fee"
    RENEWABLE_DISCOUNT = "renewable_discount"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedLine:
    """One rated line: what was counted, at which rate, what it comes to, and why.

    `inputs_sha256` is over all rating inputs; equal inputs give equal lines to the byte.
    """

    kind: LineKind
    description_ko: str
    description_en: str
    quantity: int
    unit: str
    rate: str
    amount_krw: Krw
    explanation_ko: str
    explanation_en: str
    inputs_sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A finalised invoice; never changed. Whether it is paid is its standing, not its content.

    `rating_inputs` is the canonical text whose hash the lines carry. `revision` is 0; a correction refers to it.
    """

    invoice_id: InvoiceId
    tenant_id: TenantId
    contract_id: ContractId
    month: Month
    revision: int
    number: str
    lines: tuple[RatedLine, ...]
    taxable_krw: Krw
    vat_krw: Krw
    total_krw: Krw
    issued_on: date
    due_on: date
    finalised_at: datetime
    snapshot_id: SnapshotId
    rating_inputs: str
    rating_inputs_sha256: bytes


class InvoiceState(StrEnum):
    """Whether an invoice still awaits money."""

    OPEN = "open"
    PAID = "paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceStanding:
    """An invoice with what changes about it: its state, and its printed document when there is one (64 hex digits)."""

    invoice: Invoice
    state: InvoiceState
    changed_at: datetime
    document_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvoice:
    """What an invoice still leaves to pay."""

    invoice_id: InvoiceId
    number: str
    outstanding_krw: Krw


class Account(StrEnum):
    """An account of the ledger."""

    BANK = "bank"
    RECEIVABLE = "receivable"
    ACCRUED = "accrued"
    UNAPPLIED = "unapplied"
    VAT_PAYABLE = "vat_payable"
    REVENUE_SUBSCRIPTION = "revenue_subscription"
    REVENUE_USAGE = "revenue_usage"

    @property
    def name_ko(self) -> str:
        """The account's Korean name, as the books print it."""
        return ACCOUNT_NAMES_KO[self]


ACCOUNT_NAMES_KO: Final[Mapping[Account, str]] = MappingProxyType(
    {
        Account.BANK: "보통예금",
        Account.RECEIVABLE: "외상매출금",
        Account.ACCRUED: "미청구수익",
        Account.UNAPPLIED: "가수금",
        Account.VAT_PAYABLE: "부가세예수금",
        Account.REVENUE_SUBSCRIPTION: "매출-구독",
        Account.REVENUE_USAGE: "매출-사용량",
    }
)


class SourceType(StrEnum):
    """What a transfer was posted for."""

    INVOICE = "invoice"
    DEPOSIT = "deposit"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTransfer:
    """An amount above zero from one account to another: nothing unbalanced can be written.

    `(tenant_id, source_type, source_id, purpose)` is written once.
    """

    transfer_id: TransferId
    tenant_id: TenantId
    debit: Account
    credit: Account
    amount_krw: Krw
    source_type: SourceType
    source_id: UUID
    purpose: str
    at: datetime

    def __post_init__(self) -> None:
        if self.amount_krw <= 0 or self.debit is self.credit:
            raise ValueError("a transfer moves an amount above zero between two accounts")


class Finding(StrEnum):
    """What the matching of a deposit found."""

    EXACT = "exact"
    UNDERPAID = "underpaid"
    OVERPAID = "overpaid"
    AMBIGUOUS = "ambiguous"
    NOTHING_OPEN = "nothing_open"
    PAYER_UNKNOWN = "payer_unknown"


class DepositOutcome(StrEnum):
    """Where the money of a deposit went: to an invoice, or to unapplied cash (가수금)."""

    MATCHED = "matched"
    UNAPPLIED = "unapplied"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPayer:
    """How a tenant's money is recognised: its own virtual account, and the names it pays under."""

    virtual_account: str | None
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a deposit is for. `difference_krw` is the deposit minus what the invoice left to pay."""

    finding: Finding
    invoice_id: InvoiceId | None
    difference_krw: int

    @property
    def outcome(self) -> DepositOutcome:
        """Only the exact amount is applied; anything else waits, visibly, in unapplied cash."""
        return DepositOutcome.MATCHED if self.finding is Finding.EXACT else DepositOutcome.UNAPPLIED


@dataclass(frozen=True, slots=True, kw_only=True)
class BankDeposit:
    """Money that a bank says arrived; known by the bank and the bank's own reference."""

    deposit_id: PaymentId
    tenant_id: TenantId
    bank: str
    bank_reference: str
    payer_name: str
    virtual_account: str | None
    memo: str
    amount_krw: Krw
    posted_at: datetime
    recorded_at: datetime
    recorded_by: PersonId
    match: Match


class PaymentMethod(StrEnum):
    """A way of paying an invoice."""

    BANK_TRANSFER = "bank_transfer"
    STRIPE = "stripe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who is asked to pay."""

    name_ko: str
    name_en: str
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """How an invoice can be paid: what to send, where, by when.

    `reference` is what the money is recognised by: the transfer's memo, or the payment service's own id.
    """

    method: PaymentMethod
    invoice_id: InvoiceId
    amount_krw: Krw
    due_on: date
    reference: str
    bank_account: str | None
    url: str | None
