"""A plan, a contract and certificates as the tests of this context use them."""

from datetime import UTC, date, datetime
from uuid import UUID

from domain.shared.identifiers import (
    AssignmentId,
    CertificateId,
    ContractId,
    PackId,
    PlanId,
    SiteId,
    SlotId,
    TenantId,
)
from domain.shared.time import day_start
from domain.subscription.model import (
    Assignment,
    AssignmentReason,
    AssignmentState,
    CapacityFee,
    CapacitySlot,
    CertificateFacts,
    Contract,
    ContractState,
    EnergyFee,
    PlanVersion,
    RenewableBand,
    RenewableDiscount,
)

TENANT = TenantId(7)
CONTRACT = ContractId(UUID(int=10))
SLOT = SlotId(UUID(int=11))
PACK = PackId(UUID(int=12))
NEW_YEAR = day_start(date(2026, 1, 1))
COMPONENTS = (
    CapacityFee(rate_micro_krw_per_wh_month=9_000_000),
    EnergyFee(rate_micro_krw_per_wh=90_800),
    RenewableDiscount(
        bands=(
            RenewableBand(share_ppm_min=300_000, discount_ppm=50_000),
            RenewableBand(share_ppm_min=600_000, discount_ppm=100_000),
        )
    ),
)


def plan() -> PlanVersion:
    return PlanVersion(
        plan_id=PlanId(UUID(int=20)),
        code="reuse-standard",
        version=1,
        name_ko="재사용 표준",
        name_en="Reuse standard",
        components=COMPONENTS,
        published_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def contract(
    *, promised_wh: int = 200_000, state: ContractState = ContractState.ACTIVE, tenant_id: int = TENANT
) -> Contract:
    return Contract(
        contract_id=CONTRACT,
        number="C-2026-000001",
        tenant_id=TenantId(tenant_id),
        site_id=SiteId(UUID(int=30)),
        plan=plan(),
        contracted_wh=promised_wh,
        contracted_w=100_000,
        starts_on=date(2026, 1, 1),
        ends_on=date(2028, 12, 31),
        payment_terms_days=14,
        signed_at=datetime(2025, 12, 20, tzinfo=UTC),
        state=state,
        slots=(CapacitySlot(slot_id=SLOT, contract_id=CONTRACT, promised_wh=promised_wh, promised_w=100_000),),
    )


def certificate(
    *,
    number: str = "KTR-1",
    certified_wh: int = 200_000,
    from_on: date = date(2026, 1, 1),
    until_on: date = date(2031, 1, 1),
) -> CertificateFacts:
    return CertificateFacts(
        certificate_id=CertificateId(UUID(int=40)),
        number=number,
        certified_wh=certified_wh,
        soh_ppm=943_500,
        grade="reuse",
        valid_from_at=day_start(from_on),
        valid_until_at=day_start(until_on),
    )


def assignment(
    *,
    number: int = 50,
    pack_id: PackId = PACK,
    starts_at: datetime = NEW_YEAR,
    ends_at: datetime | None = None,
    facts: CertificateFacts | None = None,
    reason: AssignmentReason = AssignmentReason.INITIAL,
    suspended_at: datetime | None = None,
) -> Assignment:
    state = AssignmentState.REMOVED if ends_at else AssignmentState.IN_SERVICE
    return Assignment(
        assignment_id=AssignmentId(UUID(int=number)),
        tenant_id=TENANT,
        contract_id=CONTRACT,
        slot_id=SLOT,
        pack_id=pack_id,
        starts_at=starts_at,
        ends_at=ends_at,
        certificate=facts or certificate(),
        shortfall_wh=0,
        reason=reason,
        state=AssignmentState.SUSPENDED if suspended_at else state,
        suspended_at=suspended_at,
    )
