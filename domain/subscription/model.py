"""Plan versions, contracts with their capacity slots, and the assignment of one physical pack to a slot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

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
from domain.shared.time import Interval, day_start, seoul_day

WHOLE_PPM = 1_000_000
"""A share of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityFee:
    """A month's fee for usable capacity: the smaller of contracted and certified Wh, by day in service.

    9,000 KRW/kWh-month is 9,000,000 micro-KRW per Wh and month.
    """

    rate_micro_krw_per_wh_month: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyFee:
    """A fee per discharged energy; 90.8 KRW/kWh is 90,800 micro-KRW per Wh."""

    rate_micro_krw_per_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewableBand:
    """From this renewable share of the discharged energy on, this part of the energy fee is let off."""

    share_ppm_min: int
    discount_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewableDiscount:
    """A discount on the energy fee by bands of renewable share, the lowest band first."""

    bands: tuple[RenewableBand, ...]


Component = CapacityFee | EnergyFee | RenewableDiscount
"""What a plan charges for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanVersion:
    """One version of a plan; never changed once published."""

    plan_id: PlanId
    code: str
    version: int
    name_ko: str
    name_en: str
    components: tuple[Component, ...]
    published_at: datetime


class ContractState(StrEnum):
    """How far a contract has come."""

    DRAFT = "draft"
    SIGNED = "signed"
    ACTIVE = "active"
    ENDED = "ended"


CONTRACT_STEPS: Final[Mapping[ContractState, frozenset[ContractState]]] = MappingProxyType(
    {
        ContractState.DRAFT: frozenset({ContractState.SIGNED}),
        ContractState.SIGNED: frozenset({ContractState.ACTIVE, ContractState.ENDED}),
        ContractState.ACTIVE: frozenset({ContractState.ENDED}),
        ContractState.ENDED: frozenset(),
    }
)
"""Which state may follow which; a signed contract becomes active with its first pack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySlot:
    """Capacity promised under a contract, kept by one or more certified packs."""

    slot_id: SlotId
    contract_id: ContractId
    promised_wh: int
    promised_w: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A subscription of one tenant at one site, with its own copy of the plan, billed by the Seoul calendar month.

    `ends_on` is the last day of the term and belongs to it.
    """

    contract_id: ContractId
    number: str
    tenant_id: TenantId
    site_id: SiteId
    plan: PlanVersion
    contracted_wh: int
    contracted_w: int
    starts_on: date
    ends_on: date
    payment_terms_days: int
    signed_at: datetime
    state: ContractState
    slots: tuple[CapacitySlot, ...]

    def runs_at(self, at: datetime) -> bool:
        """Say whether an instant lies within the term."""
        return self.starts_on <= seoul_day(at) <= self.ends_on

    @property
    def starts_at(self) -> datetime:
        """The instant at which the term begins."""
        return day_start(self.starts_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What subscription knows of a certificate: a copy taken when the pack was assigned."""

    certificate_id: CertificateId
    number: str
    certified_wh: int
    soh_ppm: int
    grade: str
    valid_from_at: datetime
    valid_until_at: datetime

    @property
    def validity(self) -> Interval:
        """When the certificate holds, the end excluded."""
        return Interval(start_at=self.valid_from_at, end_at=self.valid_until_at)


class AssignmentReason(StrEnum):
    """Why a pack was assigned; a loaner is not charged for."""

    INITIAL = "initial"
    SWAP = "swap"
    UPGRADE = "upgrade"
    LOANER = "loaner"


class AssignmentState(StrEnum):
    """Whether a pack serves its slot."""

    IN_SERVICE = "in_service"
    SUSPENDED = "suspended"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One pack in one slot over `[starts_at, ends_at)`, with the certificate it was assigned under.

    `shortfall_wh` is what the slot still lacked once this pack was in it; `suspended_at` is when the fee stopped.
    """

    assignment_id: AssignmentId
    tenant_id: TenantId
    contract_id: ContractId
    slot_id: SlotId
    pack_id: PackId
    starts_at: datetime
    ends_at: datetime | None
    certificate: CertificateFacts
    shortfall_wh: int
    reason: AssignmentReason
    state: AssignmentState
    suspended_at: datetime | None
