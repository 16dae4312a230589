"""A month looked at from every side: sources, efficiency, bands, peaks, carbon. Pure: readings in, figures out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.metering import cycles as storage_cycles
from domain.metering.attribution import BySource, attribute, renewable_share_ppm
from domain.metering.availability import Availability
from domain.metering.carbon import EmissionFactor, Emissions, emissions, hourly_matched_ppm
from domain.metering.demand import peaks, without_storage
from domain.metering.efficiency import (
    Peak,
    RoundTrip,
    full_cycles_by_soc_milli,
    round_trip,
)
from domain.metering.inventory import Columns, Layer, Method, Trace, trace
from domain.metering.lots import LotUse, PpaLot, delivered, uses
from domain.metering.meters import Unverified
from domain.metering.model import MonthUsage, Quantity, Site
from domain.metering.series import MatrixRow, column, columns, matrix
from domain.metering.tariff import BandTotals, DayTariff, by_band
from domain.metering.usage import SiteDays, moving_slots
from domain.metering.views import EnergyFlows, month_flows
from domain.shared.money import Krw
from domain.shared.time import SLOT, SLOTS_A_DAY, Month, day_start


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSums:
    """A month's storage by source under one method, Wh; the sources are named in order."""

    method: Method
    sources: tuple[str, ...]
    opening: tuple[int, ...]
    charged: tuple[int, ...]
    delivered: tuple[int, ...]
    lost: tuple[int, ...]
    closing: tuple[int, ...]
    unattributed_wh: int
    renewable_share_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFigures:
    """How the storage did; each figure names its definition, None where it cannot be known.

    `cycles_by_discharge_milli` is discharge over usable energy, `cycles_by_soc_milli` half the way of the state of
    charge (it holds losses), `rainflow_milli` its rainflow cycles. `availability` is of the slots that are over and in
    which power was promised.
    """

    round_trip: RoundTrip
    cycles_by_discharge_milli: int | None
    cycles_by_soc_milli: int | None
    rainflow_milli: int | None
    usable_wh: int | None
    availability: Availability | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakAt:
    """A highest quarter hour."""

    power_w: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandFigures:
    """The month's highest quarter hours of import with the storage and without it, over the same slots."""

    with_storage: PeakAt | None
    without_storage: PeakAt | None
    shaved_w: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffUse:
    """Which version priced how many days; `as_if` says that no tariff is assigned and this one was only asked for."""

    tariff: str
    version: str
    days: int
    source: str
    as_if: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BandFigures:
    """A month by time-of-use band.

    `without_storage` is what would have been imported. Amounts are the energy rate alone: no demand charge, no
    climate and fuel charge, no VAT, no fund. `confirmed` is False if a day's bands rest on no primary source.
    """

    tariffs: tuple[TariffUse, ...]
    load: BandTotals
    imported: BandTotals
    without_storage: BandTotals
    charge: BandTotals
    discharge: BandTotals
    confirmed: bool

    @property
    def saving_krw(self) -> Krw | None:
        """How much less the import's energy charge is for the storage; None where rates are not listed."""
        now, then = self.imported.amount_krw, self.without_storage.amount_krw
        return None if now is None or then is None else Krw(then - now)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthInsight:
    """A site's month from every side; `bands` is None where no tariff is asked for, `known_at` where it is of now.

    `unmeasured` counts values of the month that were estimated or corrected, `suspect` the slots that an open finding
    of now doubts, `unverified` names the meters that counted after their verification had run out. None of them is left
    out of a figure.
    """

    site: Site
    month: Month
    known_at: datetime | None
    unmeasured: int
    suspect: int
    unverified: tuple[Unverified, ...]
    usage: MonthUsage
    flows: EnergyFlows
    lots: tuple[LotUse, ...]
    pro_rata: SourceSums
    fifo: SourceSums
    storage: StorageFigures
    demand: DemandFigures
    matched_ppm: int | None
    matched_without_storage_ppm: int | None
    bands: BandFigures | None
    emissions: Emissions | None
    import_by_hour: tuple[MatrixRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedDays:
    """The tariff of each day of a month, and which versions they are of."""

    days: tuple[DayTariff, ...]
    uses: tuple[TariffUse, ...]


def month_insight(
    *,
    site: Site,
    usage: MonthUsage,
    days: SiteDays,
    opening: BySource,
    usable_wh: int | None,
    priced: PricedDays | None,
    factor: EmissionFactor | None,
    unmeasured: int = 0,
    known_at: datetime | None = None,
    available: Availability | None = None,
    suspect: int = 0,
    unverified: tuple[Unverified, ...] = (),
    lots: Sequence[PpaLot] = (),
) -> MonthInsight:
    """Find every figure of a month.

    Args:
        site: where.
        usage: the month's usage, of the same readings; its efficiency is the one that attribution draws with.
        days: the site's readings, at least of the month and, for the state of charge, of the day before.
        opening: what the storage held by source when the month began.
        usable_wh: of the storage, 0 to 10,000 bp; None if it is not known.
        priced: the tariff of each day; None splits nothing.
        factor: for emissions; None counts none.
        unmeasured: how many values of the month were estimated or corrected.
        known_at: the instant as of which the readings were asked for.
        available: how much of the time the storage's packs said that they could deliver; None if nothing was promised.
        suspect: how many slots of the month an open finding doubts.
        unverified: the meters that counted in the month after their verification had run out.
        lots: of purchase contracts; each is a source beside PV surplus and the grid.
    """
    month = usage.month
    table = columns(days, first_on=month.first_on, until_on=month.next().first_on)
    baseline = without_storage(table)
    found = peaks(table, baseline)
    layers = opening_layers(opening)
    spread = delivered(lots, table.bought, first_on=month.first_on)
    traced = {
        method: trace(table, method=method, efficiency_ppm=usage.efficiency_ppm, lots=spread, opening=layers)
        for method in Method
    }
    return MonthInsight(
        site=site,
        month=month,
        known_at=known_at,
        unmeasured=unmeasured,
        suspect=suspect,
        unverified=unverified,
        usage=usage,
        flows=month_flows(days, month),
        lots=uses(lots, spread, traced[Method.PRO_RATA]),
        pro_rata=_sums(traced[Method.PRO_RATA]),
        fifo=_sums(traced[Method.FIFO]),
        storage=_storage(days, usage, usable_wh, available),
        demand=DemandFigures(
            with_storage=_peak_at(found.with_storage, month),
            without_storage=_peak_at(found.without_storage, month),
            shaved_w=found.shaved_w,
        ),
        matched_ppm=hourly_matched_ppm(table),
        matched_without_storage_ppm=hourly_matched_ppm(table, storage=False),
        bands=None if priced is None else _bands(table, baseline.bought, priced),
        emissions=None if factor is None else emissions(table, baseline, factor),
        import_by_hour=matrix(days.get(Quantity.GRID_IMPORT, {}), month.dates()),
    )


def opening_layers(opening: BySource) -> tuple[Layer, ...]:
    """Return a month's opening stock as layers: in which order it was charged is not known, so the grid's part first.

    A share is then never overstated.
    """
    return (Layer(slot=None, source=1, wh=opening.grid_wh), Layer(slot=None, source=0, wh=opening.pv_wh))


def opening_of(days: SiteDays, month: Month, *, start_at: BySource, start_on: date, efficiency_ppm: int) -> BySource:
    """Return what the storage held by source when a month began, followed from an earlier day."""
    before = moving_slots(days, first_on=start_on, until_on=month.first_on)
    return attribute(before, efficiency_ppm=efficiency_ppm, opening=start_at).closing


def _sums(found: Trace) -> SourceSums:
    return SourceSums(
        method=found.method,
        sources=found.sources,
        opening=found.opening,
        charged=found.charged,
        delivered=found.delivered,
        lost=found.lost,
        closing=found.closing,
        unattributed_wh=found.unattributed_wh,
        renewable_share_ppm=renewable_share_ppm(renewable_wh=found.renewable_wh, discharged_wh=found.discharged_wh),
    )


def _peak_at(found: Peak | None, month: Month) -> PeakAt | None:
    if found is None:
        return None
    return PeakAt(power_w=found.power_w, at=day_start(month.first_on) + found.index * SLOT)


def _storage(
    days: SiteDays, usage: MonthUsage, usable_wh: int | None, available: Availability | None
) -> StorageFigures:
    month = usage.month
    listed = days.get(Quantity.STORAGE_SOC, {})
    ends = column(listed, month.first_on, month.next().first_on)
    inside = [soc for soc in ends if soc is not None]
    # A state of charge is that of a slot's end: the month begins with the last one of the day before.
    before = _before(listed, month)
    socs = [before, *inside] if before is not None else inside
    whole = len(inside) == len(ends)
    return StorageFigures(
        round_trip=round_trip(
            charge_wh=usage.storage_charge_wh,
            discharge_wh=usage.storage_discharge_wh,
            soc_start_bp=before,
            soc_end_bp=ends[-1] if ends else None,
            usable_wh=usable_wh,
        ),
        cycles_by_discharge_milli=usage.storage_discharge_wh * 1_000 // usable_wh if usable_wh else None,
        cycles_by_soc_milli=full_cycles_by_soc_milli(socs) if whole and socs else None,
        rainflow_milli=storage_cycles.count_milli(storage_cycles.rainflow(socs)) if whole and socs else None,
        usable_wh=usable_wh,
        availability=available,
    )


def _before(listed: Mapping[date, tuple[int | None, ...]], month: Month) -> int | None:
    from_on = month.first_on - timedelta(days=1)
    return listed[from_on][-1] if from_on in listed else None


def _bands(table: Columns, bought0: Sequence[int | None], priced: PricedDays) -> BandFigures:
    if len(table.load) != len(priced.days) * SLOTS_A_DAY:
        raise ValueError("each day of the month has its tariff")
    return BandFigures(
        tariffs=priced.uses,
        load=by_band(table.load, priced.days),
        imported=by_band(table.bought, priced.days),
        without_storage=by_band(bought0, priced.days),
        charge=by_band(table.charge, priced.days),
        discharge=by_band(table.discharge, priced.days),
        confirmed=all(day.confirmed for day in priced.days),
    )
