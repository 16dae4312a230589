"""Energy of purchase contracts (PPA): what a certificate's Wh were used for, each once and never beyond them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NewType
from uuid import UUID

from domain.metering.inventory import Lot, Trace
from domain.shared.identifiers import SiteId, TenantId
from domain.shared.money import split_by_weight
from domain.shared.time import SLOTS_A_DAY

PpaLotId = NewType("PpaLotId", UUID)
LOTS_A_MONTH_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PpaLot:
    """Wh that a purchase contract delivered to a site from a day to before another of one month.

    `certificate_id` names the proof of it; a tenant enters each once. A lot that was entered by mistake is voided and
    stays readable.
    """

    lot_id: PpaLotId
    tenant_id: TenantId
    site_id: SiteId
    certificate_id: str
    from_on: date
    until_on: date
    wh: int
    entered_by: str
    entered_at: datetime
    voided_by: str | None = None
    voided_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.wh <= 0 or self.until_on <= self.from_on or not self.certificate_id:
            raise ValueError("a lot has a certificate, days and energy above zero")

    def stood_at(self, at: datetime | None) -> bool:
        """Say whether the lot was known and not voided at an instant; None is now."""
        if at is None:
            return self.voided_at is None
        return self.entered_at <= at and (self.voided_at is None or self.voided_at > at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LotUse:
    """What became of a lot, Wh: `wh` = stored + used at once + unused.

    Unused is what the site's grid meter did not count in the lot's days, after the lots before it.
    """

    lot: PpaLot
    stored_wh: int
    used_at_once_wh: int
    unused_wh: int


def delivered(lots: Sequence[PpaLot], bought: Sequence[int | None], *, first_on: date) -> tuple[Lot, ...]:
    """Spread lots over the quarter hours of their days, in proportion to what the grid meter counted.

    A certificate tells a sum and not when it flowed. Lots take their share one after the other, by day and certificate,
    of what those before them left: no Wh of the meter is claimed twice, and no lot gives more than it holds.

    Args:
        lots: of one site and month.
        bought: what the grid meter counted by quarter hour, from `first_on` on; None where it gave nothing.
        first_on: the month's first day; slots are numbered from it.
    """
    left = [wh or 0 for wh in bought]
    found: list[Lot] = []
    for lot in sorted(lots, key=lambda one: (one.from_on, one.certificate_id)):
        start = max(0, (lot.from_on - first_on).days * SLOTS_A_DAY)
        end = min(len(left), (lot.until_on - first_on).days * SLOTS_A_DAY)
        weights = tuple(left[start:end])
        given = min(lot.wh, sum(weights))
        parts = split_by_weight(given, weights) if given else ()
        for place, wh in enumerate(parts, start=start):
            left[place] -= wh
        spread = {place: wh for place, wh in enumerate(parts, start=start) if wh}
        found.append(Lot(lot_id=lot.certificate_id, wh=spread))
    return tuple(found)


def uses(lots: Sequence[PpaLot], spread: Sequence[Lot], traced: Trace) -> tuple[LotUse, ...]:
    """Say what became of each lot, by a trace that its spread took part in."""
    by_certificate = {one.certificate_id: one for one in lots}
    found: list[LotUse] = []
    for one in spread:
        lot = by_certificate[one.lot_id]
        given = sum(one.wh.values())
        stored = traced.charged[traced.sources.index(one.lot_id)]
        found.append(LotUse(lot=lot, stored_wh=stored, used_at_once_wh=given - stored, unused_wh=lot.wh - given))
    return tuple(found)
