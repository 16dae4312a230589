"""Which source the discharged energy came from: a pro-rata inventory, in whole Wh, nothing lost or made.

A battery makes no renewable energy; it moves it. Source: docs/decisions (renewable attribution).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.metering.model import SlotEnergy
from domain.shared.money import split_by_weight

PPM = 1_000_000
_ROUNDING_WH = 2
"""pv, load and charge are each cut to whole Wh by less than one: a surplus may look 2 Wh too small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BySource:
    """An energy split by where it came from, Wh."""

    pv_wh: int = 0
    grid_wh: int = 0

    @property
    def total_wh(self) -> int:
        """Both together."""
        return self.pv_wh + self.grid_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """A stretch of slots, attributed.

    For each source, exactly: opening + charged = delivered + lost + closing. All that was discharged
    is delivered + unattributed; the latter is what the inventory could not explain, such as the energy
    that the storage held before its first reading.
    """

    opening: BySource
    charged: BySource
    delivered: BySource
    lost: BySource
    closing: BySource
    unattributed_wh: int

    @property
    def discharged_wh(self) -> int:
        """All that came out of the storage."""
        return self.delivered.total_wh + self.unattributed_wh


NOTHING = BySource()


def attribute(slots: Iterable[SlotEnergy], *, efficiency_ppm: int, opening: BySource = NOTHING) -> Attribution:
    """Follow the stored energy through `slots`, in order.

    Charge is first the PV surplus of the slot, `max(0, pv - load)`, the rest is from the grid. A
    discharge of d draws ceil(d / efficiency) from the inventory in proportion to its sources; what it
    draws beyond d is lost. If the inventory is too small all of it is drawn, and what its efficiency
    cannot deliver of d is unattributed. Charge comes before discharge within a slot. A slot without a
    value moves nothing; without pv or load there is no surplus, so that a share is never overstated.

    Args:
        slots: of one site, oldest first.
        efficiency_ppm: of the storage, AC to AC, 1..1_000_000.
        opening: what the storage holds before the first slot.

    Raises:
        ValueError: the efficiency is out of range.
    """
    if not 1 <= efficiency_ppm <= PPM:
        raise ValueError("an efficiency is a share above zero and at most one")
    stock_pv, stock_grid = opening.pv_wh, opening.grid_wh
    charged_pv = charged_grid = delivered_pv = delivered_grid = lost_pv = lost_grid = unattributed = 0
    for slot in slots:
        if slot.storage_charge_wh:
            from_pv = from_surplus(
                pv_wh=slot.pv_wh,
                load_wh=slot.load_wh,
                charge_wh=slot.storage_charge_wh,
                import_wh=slot.grid_import_wh,
            )
            from_grid = slot.storage_charge_wh - from_pv
            charged_pv += from_pv
            charged_grid += from_grid
            stock_pv += from_pv
            stock_grid += from_grid
        discharge = slot.storage_discharge_wh
        if discharge:
            stock = stock_pv + stock_grid
            needed = -(-discharge * PPM // efficiency_ppm)
            if needed <= stock:
                drawn_pv, drawn_grid = split_by_weight(needed, (stock_pv, stock_grid))
                given = discharge
            else:
                drawn_pv, drawn_grid = stock_pv, stock_grid
                given = stock * efficiency_ppm // PPM
                unattributed += discharge - given
            if drawn_pv or drawn_grid:
                given_pv, given_grid = split_by_weight(given, (drawn_pv, drawn_grid))
                delivered_pv += given_pv
                delivered_grid += given_grid
                lost_pv += drawn_pv - given_pv
                lost_grid += drawn_grid - given_grid
                stock_pv -= drawn_pv
                stock_grid -= drawn_grid
    return Attribution(
        opening=opening,
        charged=BySource(pv_wh=charged_pv, grid_wh=charged_grid),
        delivered=BySource(pv_wh=delivered_pv, grid_wh=delivered_grid),
        lost=BySource(pv_wh=lost_pv, grid_wh=lost_grid),
        closing=BySource(pv_wh=stock_pv, grid_wh=stock_grid),
        unattributed_wh=unattributed,
    )


def from_surplus(*, pv_wh: int | None, load_wh: int | None, charge_wh: int, import_wh: int | None) -> int:
    """Return how much of a charge was PV surplus; up to 2 Wh more where the grid gave nothing in the slot."""
    if pv_wh is None or load_wh is None or pv_wh <= load_wh:
        return 0
    surplus = pv_wh - load_wh
    if charge_wh <= surplus or (import_wh == 0 and charge_wh <= surplus + _ROUNDING_WH):
        return charge_wh
    return surplus


def renewable_share_ppm(*, renewable_wh: int, discharged_wh: int) -> int:
    """Return how much of the discharged energy was renewable, in ppm, rounded down: never overstated.

    What is unattributed counts as not renewable. 0 if nothing was discharged.

    Raises:
        ValueError: the part exceeds its whole.
    """
    if not 0 <= renewable_wh <= discharged_wh:
        raise ValueError("the renewable part lies between zero and the whole")
    return renewable_wh * PPM // discharged_wh if discharged_wh else 0
