"""The service point at which a site takes power from KEPCO: its customer number, and its contract power by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import NewType
from uuid import UUID

from domain.shared.identifiers import SiteId, TenantId
from domain.shared.time import Month

ServicePointId = NewType("ServicePointId", UUID)

SINCE_EVER = date(2000, 1, 1)
"""From when the first contract power holds: no month here is older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerTerm:
    """The contract power (계약전력) that holds from a Seoul day on; who told it, and when."""

    from_on: date
    contract_power_w: int
    agreed_by: str
    agreed_at: datetime

    def __post_init__(self) -> None:
        if self.contract_power_w <= 0:
            raise ValueError("a contract power is above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPart:
    """Days of a month, following each other, of one contract power."""

    from_on: date
    days: int
    contract_power_w: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePoint:
    """A site's grid connection; the terms follow each other by day, the first holds since ever."""

    service_point_id: ServicePointId
    tenant_id: TenantId
    site_id: SiteId
    kepco_customer_no: str
    terms: tuple[PowerTerm, ...]

    def __post_init__(self) -> None:
        if not self.terms or any(after.from_on <= before.from_on for before, after in pairwise(self.terms)):
            raise ValueError("a service point has contract powers that follow each other by day")

    def power_on(self, day: date) -> int:
        """Return the contract power of a day; before the first term, the first."""
        found = self.terms[0]
        for one in self.terms[1:]:
            if one.from_on <= day:
                found = one
        return found.contract_power_w

    def parts_of(self, month: Month) -> tuple[PowerPart, ...]:
        """Split a month by its days where the contract power changes.

        Source: metering reference §9.1 (a change of contract power splits the month by days).
        """
        return _parts([(day, self.power_on(day)) for day in month.dates()])


def _parts(days: Sequence[tuple[date, int]]) -> tuple[PowerPart, ...]:
    found: list[PowerPart] = []
    for day, power_w in days:
        if found and found[-1].contract_power_w == power_w:
            last = found[-1]
            found[-1] = PowerPart(from_on=last.from_on, days=last.days + 1, contract_power_w=power_w)
        else:
            found.append(PowerPart(from_on=day, days=1, contract_power_w=power_w))
    return tuple(found)
