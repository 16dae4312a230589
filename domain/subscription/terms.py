"""The rules of a contract: what a plan may hold, what a pack keeps of a promise, which days count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.shared.time import Month, day_start
from domain.subscription.errors import (
    CertificateMissing,
    CertificateNotValid,
    ContractMalformed,
    ContractStateForbids,
    PlanMalformed,
)
from domain.subscription.model import (
    CONTRACT_STEPS,
    WHOLE_PPM,
    Assignment,
    AssignmentReason,
    CapacityFee,
    CapacitySlot,
    CertificateFacts,
    Component,
    Contract,
    ContractState,
    EnergyFee,
    RenewableBand,
    RenewableDiscount,
)

RATE_MICRO_KRW_MAX = 1_000_000_000_000
"""A million won per Wh: above it a rate is a mistyped one."""
CAPACITY_MAX = 1_000_000_000_000
"""A terawatt-hour or a terawatt in one contract is a mistyped one."""
PAYMENT_TERMS_DAYS_MAX = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityPart:
    """A run of days over which one certificate kept one amount of a slot's promise."""

    first_on: date
    days: int
    billable_wh: int
    promised_wh: int
    certified_wh: int
    certificate_number: str


def checked_components(components: tuple[Component, ...]) -> tuple[Component, ...]:
    """Return a plan's components when they make a plan: one of each kind at most, each within its bounds.

    Raises:
        PlanMalformed: they do not.
    """
    kinds = [type(component) for component in components]
    if not components:
        raise PlanMalformed(wrong="no components")
    if len(set(kinds)) != len(kinds):
        raise PlanMalformed(wrong="a component twice")
    if RenewableDiscount in kinds and EnergyFee not in kinds:
        raise PlanMalformed(wrong="a renewable discount without an energy fee")
    for component in components:
        match component:
            case CapacityFee(rate_micro_krw_per_wh_month=rate) | EnergyFee(rate_micro_krw_per_wh=rate):
                if not 0 <= rate <= RATE_MICRO_KRW_MAX:
                    raise PlanMalformed(wrong="a rate out of bounds")
            case RenewableDiscount(bands=bands):
                _check_bands(bands)
    return components


def _check_bands(bands: tuple[RenewableBand, ...]) -> None:
    floors = [band.share_ppm_min for band in bands]
    if not bands or floors != sorted(set(floors)):
        raise PlanMalformed(wrong="bands that do not rise")
    if not all(0 <= band.share_ppm_min <= WHOLE_PPM and 0 <= band.discount_ppm <= WHOLE_PPM for band in bands):
        raise PlanMalformed(wrong="a share or discount beyond the whole")


def check_terms(
    *, contracted_wh: int, contracted_w: int, starts_on: date, ends_on: date, payment_terms_days: int
) -> None:
    """Refuse terms that make no contract.

    Raises:
        ContractMalformed: a capacity, the term or the days to pay are out of bounds.
    """
    if not (0 < contracted_wh <= CAPACITY_MAX and 0 < contracted_w <= CAPACITY_MAX):
        raise ContractMalformed(wrong="a capacity that is not positive, or beyond reason")
    if ends_on < starts_on:
        raise ContractMalformed(wrong="a term that ends before it starts")
    if not 0 <= payment_terms_days <= PAYMENT_TERMS_DAYS_MAX:
        raise ContractMalformed(wrong="days to pay out of bounds")


def check_step(present: ContractState, wanted: ContractState) -> None:
    """Refuse a state that may not follow the present one.

    Raises:
        ContractStateForbids: it may not.
    """
    if wanted not in CONTRACT_STEPS[present]:
        raise ContractStateForbids(state=present, wanted=wanted)


def certificate_in_force(certificate: CertificateFacts | None, *, at: datetime) -> CertificateFacts:
    """Return the certificate when it holds at an instant.

    Raises:
        CertificateMissing: there is none.
        CertificateNotValid: it does not hold then.
    """
    if certificate is None:
        raise CertificateMissing()
    if not certificate.validity.holds(at):
        raise CertificateNotValid(certificate=certificate.number, at=at.isoformat())
    return certificate


def shortfall_wh(*, promised_wh: int, certified_wh: Sequence[int]) -> int:
    """Return how much of a promise the certified packs do not keep; Wh, never below zero."""
    return max(0, promised_wh - sum(certified_wh))


def serving_at(assignments: Sequence[Assignment], at: datetime) -> tuple[Assignment, ...]:
    """Return the assignments whose pack serves at an instant, those that began first leading."""
    serving = [one for one in assignments if one.starts_at <= at < _stops_at(one)]
    return tuple(sorted(serving, key=lambda one: (one.starts_at, one.assignment_id)))


def _stops_at(assignment: Assignment) -> datetime:
    """Return the first instant without service: removed, suspended, or the certificate run out."""
    ends = (assignment.ends_at, assignment.suspended_at, assignment.certificate.valid_until_at)
    return min(end for end in ends if end is not None)


def days_in_service(assignment: Assignment, month: Month) -> tuple[date, ...]:
    """Return the days of a month that count for an assignment.

    A day belongs to the pack that serves at its end, so the day of installation counts, the day of removal
    does not, and a swap at noon is charged once.
    """
    return tuple(day for day in month.dates() if _counts(assignment, day))


def _counts(assignment: Assignment, day: date) -> bool:
    next_day_at = day_start(day + timedelta(days=1))
    return assignment.starts_at < next_day_at <= _stops_at(assignment)


def capacity_parts(contract: Contract, assignments: Sequence[Assignment], month: Month) -> tuple[CapacityPart, ...]:
    """Return the billable capacity of a month by certificate, in order of slot, then certificate, then day.

    On each day of the term the packs of a slot fill its promise in the order they came, each with at most what
    its certificate says; what goes beyond the promise is not charged, nor is a loaner.
    """
    parts: list[CapacityPart] = []
    for slot in contract.slots:
        charged = sorted(
            (one for one in assignments if one.slot_id == slot.slot_id and one.reason is not AssignmentReason.LOANER),
            key=lambda one: (one.starts_at, one.assignment_id),
        )
        served = [frozenset(days_in_service(one, month)) for one in charged]
        room_wh = {day: slot.promised_wh for day in month.dates() if contract.starts_on <= day <= contract.ends_on}
        for one, days in zip(charged, served, strict=True):
            filled_wh: list[tuple[date, int]] = []
            for day in sorted(days & room_wh.keys()):
                billable_wh = min(room_wh[day], one.certificate.certified_wh)
                room_wh[day] -= billable_wh
                if billable_wh:
                    filled_wh.append((day, billable_wh))
            parts.extend(_runs(filled_wh, slot=slot, certificate=one.certificate))
    return tuple(parts)


def _runs(
    filled_wh: Sequence[tuple[date, int]], *, slot: CapacitySlot, certificate: CertificateFacts
) -> list[CapacityPart]:
    """Join following days of equal Wh."""
    runs: list[CapacityPart] = []
    for day, billable_wh in filled_wh:
        last = runs[-1] if runs else None
        joins = last is not None and last.billable_wh == billable_wh and (day - last.first_on).days == last.days
        first_on, days = (last.first_on, last.days) if last is not None and joins else (day, 0)
        if joins:
            runs.pop()
        runs.append(
            CapacityPart(
                first_on=first_on,
                days=days + 1,
                billable_wh=billable_wh,
                promised_wh=slot.promised_wh,
                certified_wh=certificate.certified_wh,
                certificate_number=certificate.number,
            )
        )
    return runs
