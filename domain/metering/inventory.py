"""What each slot charged and discharged, by source: PV surplus, grid and PPA lots, pro rata or first in first out.

`attribution` gives the two-source sums that are frozen and billed; this tells every slot, any number of lots, and
under FIFO which charge each discharge came from. Both agree to the Wh where there are no lots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.metering.attribution import PPM, from_surplus
from domain.shared.money import split_by_weight

PV, GRID = "pv", "grid"
"""The first two sources of every trace; lots follow in their order."""


class Method(StrEnum):
    """Which of the stored energy a discharge takes."""

    PRO_RATA = "pro_rata"
    FIFO = "fifo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Energy that a purchase contract delivered to the site, Wh by slot; it is part of what the grid meter counted."""

    lot_id: str
    wh: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Energy in store that came from one source in one slot; `slot` is None where that is not known."""

    slot: int | None
    source: int
    wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What one slot did, by source in the trace's order, Wh."""

    slot: int
    charged: tuple[int, ...]
    delivered: tuple[int, ...]
    lost: tuple[int, ...]
    unattributed_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A part of a discharge and the charge that it came from; `charged` is the slot, None where not known."""

    charged: int | None
    discharged: int
    source: int
    drawn_wh: int
    delivered_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A stretch of slots followed through the storage.

    For each source, exactly: opening + charged = delivered + lost + closing. All that was discharged is
    delivered + unattributed. `moves` names only slots that charged or discharged; `links` is empty pro rata.
    """

    sources: tuple[str, ...]
    method: Method
    opening: tuple[int, ...]
    charged: tuple[int, ...]
    delivered: tuple[int, ...]
    lost: tuple[int, ...]
    closing: tuple[int, ...]
    layers: tuple[Layer, ...]
    unattributed_wh: int
    moves: tuple[Moved, ...]
    links: tuple[Link, ...]

    @property
    def discharged_wh(self) -> int:
        """All that came out of the storage."""
        return sum(self.delivered) + self.unattributed_wh

    @property
    def renewable_wh(self) -> int:
        """What was delivered of every source but the grid."""
        return sum(self.delivered) - self.delivered[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A site's slots as columns of equal length, Wh; None where a meter gave nothing."""

    load: Sequence[int | None]
    pv: Sequence[int | None]
    charge: Sequence[int | None]
    discharge: Sequence[int | None]
    bought: Sequence[int | None]
    sold: Sequence[int | None]


def charge_by_source(
    *,
    pv_wh: int | None,
    load_wh: int | None,
    charge_wh: int,
    import_wh: int | None,
    lots_wh: Sequence[int] = (),
) -> tuple[int, ...]:
    """Split a slot's charge: PV surplus first, the rest in proportion to what the grid meter carried just then.

    A lot gives at most what it delivered in the slot, all lots together at most what the meter counted; what no
    lot explains is from the grid. Without a reading of the grid meter the rest is from the grid.
    """
    solar = from_surplus(pv_wh=pv_wh, load_wh=load_wh, charge_wh=charge_wh, import_wh=import_wh)
    rest = charge_wh - solar
    offered = sum(lots_wh)
    if not rest or not offered or not import_wh:
        return (solar, rest, *(0 for _ in lots_wh))
    carried = tuple(lots_wh) if offered <= import_wh else split_by_weight(import_wh, tuple(lots_wh))
    beyond = max(0, rest - import_wh)  # meters may disagree by their rounding: that is never a lot's
    grid, *parts = split_by_weight(rest - beyond, (import_wh - sum(carried), *carried))
    return (solar, grid + beyond, *parts)


def trace(
    columns: Columns,
    *,
    method: Method,
    efficiency_ppm: int,
    lots: Sequence[Lot] = (),
    opening: Sequence[Layer] = (),
    first_slot: int = 0,
) -> Trace:
    """Follow the stored energy slot by slot.

    A discharge of d draws ceil(d / efficiency) and loses the difference. If the inventory is too small all of it is
    drawn, and what its efficiency cannot deliver of d is unattributed. Charge comes before discharge within a slot;
    a slot without a value moves nothing.

    Args:
        columns: the site's slots, oldest first.
        method: whether a discharge draws in proportion to the sources, or from the oldest charge first.
        efficiency_ppm: of the storage, AC to AC, 1..1_000_000.
        lots: of purchase contracts; their slots are numbered as the columns are, from `first_slot`.
        opening: what the storage holds before, oldest first; `Trace.layers` of the stretch before.
        first_slot: the number of the columns' first slot.

    Raises:
        ValueError: the efficiency is out of range, or a lot delivers less than nothing.
    """
    if not 1 <= efficiency_ppm <= PPM:
        raise ValueError("an efficiency is a share above zero and at most one")
    if any(wh < 0 for lot in lots for wh in lot.wh.values()):
        raise ValueError("a lot delivers at least nothing")
    sources = (PV, GRID, *(lot.lot_id for lot in lots))
    count = len(sources)
    store = _Fifo(opening, count) if method is Method.FIFO else _ProRata(opening, count)
    began = tuple(store.stock)
    charged, delivered, lost = [0] * count, [0] * count, [0] * count
    nothing = (0,) * count
    unattributed = 0
    moves: list[Moved] = []
    for offset, (charge, discharge) in enumerate(zip(columns.charge, columns.discharge, strict=True)):
        if not charge and not discharge:
            continue
        slot = first_slot + offset
        into, given, gone, beyond = nothing, nothing, nothing, 0
        if charge:
            into = charge_by_source(
                pv_wh=columns.pv[offset],
                load_wh=columns.load[offset],
                charge_wh=charge,
                import_wh=columns.bought[offset],
                lots_wh=[lot.wh.get(slot, 0) for lot in lots] if lots else (),
            )
            store.put(slot, into)
            for source, wh in enumerate(into):
                charged[source] += wh
        if discharge:
            held = sum(store.stock)
            needed = -(-discharge * PPM // efficiency_ppm)
            if needed > held:
                beyond = discharge - held * efficiency_ppm // PPM
                needed = held
            if needed:
                given, gone = store.take(slot, needed, discharge - beyond)
                for source in range(count):
                    delivered[source] += given[source]
                    lost[source] += gone[source]
            unattributed += beyond
        moves.append(Moved(slot=slot, charged=into, delivered=given, lost=gone, unattributed_wh=beyond))
    return Trace(
        sources=sources,
        method=method,
        opening=began,
        charged=tuple(charged),
        delivered=tuple(delivered),
        lost=tuple(lost),
        closing=tuple(store.stock),
        layers=store.layers(),
        unattributed_wh=unattributed,
        moves=tuple(moves),
        links=store.links(),
    )


class _ProRata:
    """One stock a source; a discharge draws from each in proportion."""

    def __init__(self, opening: Sequence[Layer], count: int) -> None:
        self.stock = [0] * count
        for layer in opening:
            self.stock[layer.source] += layer.wh

    def put(self, slot: int, parts: Sequence[int]) -> None:
        for source, wh in enumerate(parts):
            self.stock[source] += wh

    def take(self, slot: int, needed: int, given: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        drawn = split_by_weight(needed, tuple(self.stock))
        parts = split_by_weight(given, drawn)
        for source, wh in enumerate(drawn):
            self.stock[source] -= wh
        return parts, tuple([out - into for out, into in zip(drawn, parts, strict=True)])

    def layers(self) -> tuple[Layer, ...]:
        return tuple(Layer(slot=None, source=source, wh=wh) for source, wh in enumerate(self.stock) if wh)

    def links(self) -> tuple[Link, ...]:
        return ()


class _Fifo:
    """Layers in the order in which they were charged; a discharge draws from the oldest."""

    def __init__(self, opening: Sequence[Layer], count: int) -> None:
        self.stock = [0] * count
        self._layers: list[Layer] = [layer for layer in opening if layer.wh]
        self._first = 0  # layers before this are used up
        self._used = 0  # of the first layer
        self._links: list[Link] = []
        for layer in self._layers:
            self.stock[layer.source] += layer.wh

    def put(self, slot: int, parts: Sequence[int]) -> None:
        for source, wh in enumerate(parts):
            if wh:
                self._layers.append(Layer(slot=slot, source=source, wh=wh))
                self.stock[source] += wh

    def take(self, slot: int, needed: int, given: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        pieces: list[tuple[Layer, int]] = []
        while needed:
            layer = self._layers[self._first]
            wh = min(layer.wh - self._used, needed)
            pieces.append((layer, wh))
            needed -= wh
            self._used += wh
            if self._used == layer.wh:
                self._first, self._used = self._first + 1, 0
        delivered, lost = [0] * len(self.stock), [0] * len(self.stock)
        parts = split_by_weight(given, tuple([wh for _, wh in pieces]))
        for (layer, wh), part in zip(pieces, parts, strict=True):
            self.stock[layer.source] -= wh
            delivered[layer.source] += part
            lost[layer.source] += wh - part
            self._links.append(
                Link(charged=layer.slot, discharged=slot, source=layer.source, drawn_wh=wh, delivered_wh=part)
            )
        return tuple(delivered), tuple(lost)

    def layers(self) -> tuple[Layer, ...]:
        left = self._layers[self._first :]
        if not left:
            return ()
        head = left[0]
        return (Layer(slot=head.slot, source=head.source, wh=head.wh - self._used), *left[1:])

    def links(self) -> tuple[Link, ...]:
        return tuple(self._links)
