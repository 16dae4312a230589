"""What a person looks at: a month by day, the way that the energy took, one day slot by slot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from domain.metering.model import DayValues, MonthUsage, Quantity, Site, SlotEnergy
from domain.metering.readings import NO_VALUES, known, total
from domain.metering.series import columns
from domain.metering.usage import SiteDays
from domain.shared.time import SLOTS_A_DAY, Month


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyFlows:
    """Where energy came from and went to, Wh, summed over slots.

    `loss_wh` is charge less discharge: conversion losses and what the storage holds more at the end,
    so it is negative where the storage was emptied. `unexplained_supply_wh` and `unexplained_use_wh`
    are what meters counted that no other meter answers for: rounding, or a fault.

    To the Wh: pv + import + discharge = all flows + unexplained supply, load + export + charge = all
    flows + unexplained use, into the storage = out of it + loss (each with its unexplained part).
    """

    pv_to_load_wh: int
    pv_to_storage_wh: int
    pv_to_export_wh: int
    grid_to_load_wh: int
    grid_to_storage_wh: int
    storage_to_load_wh: int
    storage_to_export_wh: int
    loss_wh: int
    unexplained_supply_wh: int
    unexplained_use_wh: int
    skipped_slots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySum:
    """One day's totals, Wh; `missing_values` counts what its channels did not give."""

    day: date
    load_wh: int
    pv_wh: int
    storage_charge_wh: int
    storage_discharge_wh: int
    grid_import_wh: int
    grid_export_wh: int
    missing_values: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthEnergy:
    """A site's month for the energy page; `usage` is of now and may differ from what was frozen."""

    site: Site
    month: Month
    usage: MonthUsage
    flows: EnergyFlows
    days: tuple[DaySum, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayProfile:
    """A site's day: 96 values of each quantity, None where nothing was received."""

    site: Site
    day: date
    values: Mapping[Quantity, DayValues]


def flows(energies: Iterable[SlotEnergy]) -> EnergyFlows:
    """Find the way that energy took, slot by slot.

    PV serves the load first, then the storage, then export; the storage serves the load, then export;
    the grid serves what is left of load and charge. A slot in which a meter gave nothing is skipped
    and counted.
    """
    return _flows(
        (
            slot.pv_wh,
            slot.load_wh,
            slot.storage_charge_wh,
            slot.storage_discharge_wh,
            slot.grid_import_wh,
            slot.grid_export_wh,
        )
        for slot in energies
    )


_Slot = tuple[int | None, int | None, int | None, int | None, int | None, int | None]


def _flows(rows: Iterable[_Slot]) -> EnergyFlows:
    pv_load = pv_store = pv_out = grid_load = grid_store = store_load = store_out = 0
    loss = supply_left = use_left = skipped = 0
    for pv, load, charge, discharge, bought, sold in rows:
        if pv is None or load is None or charge is None or discharge is None or bought is None or sold is None:
            skipped += 1
            continue
        loss += charge - discharge
        if pv and load:
            moved = pv if pv < load else load
            pv_load += moved
            pv -= moved
            load -= moved
        if pv and charge:
            moved = pv if pv < charge else charge
            pv_store += moved
            pv -= moved
            charge -= moved
        if pv and sold:
            moved = pv if pv < sold else sold
            pv_out += moved
            pv -= moved
            sold -= moved
        if discharge and load:
            moved = discharge if discharge < load else load
            store_load += moved
            discharge -= moved
            load -= moved
        if discharge and sold:
            moved = discharge if discharge < sold else sold
            store_out += moved
            discharge -= moved
            sold -= moved
        if bought and load:
            moved = bought if bought < load else load
            grid_load += moved
            bought -= moved
            load -= moved
        if bought and charge:
            moved = bought if bought < charge else charge
            grid_store += moved
            bought -= moved
            charge -= moved
        supply_left += pv + discharge + bought
        use_left += load + charge + sold
    return EnergyFlows(
        pv_to_load_wh=pv_load,
        pv_to_storage_wh=pv_store,
        pv_to_export_wh=pv_out,
        grid_to_load_wh=grid_load,
        grid_to_storage_wh=grid_store,
        storage_to_load_wh=store_load,
        storage_to_export_wh=store_out,
        loss_wh=loss,
        unexplained_supply_wh=supply_left,
        unexplained_use_wh=use_left,
        skipped_slots=skipped,
    )


def month_flows(days: SiteDays, month: Month) -> EnergyFlows:
    """Find the way that a month's energy took."""
    table = columns(days, first_on=month.first_on, until_on=month.next().first_on)
    return _flows(zip(table.pv, table.load, table.charge, table.discharge, table.bought, table.sold, strict=True))


def day_sums(days: SiteDays, month: Month) -> tuple[DaySum, ...]:
    """Return a month's totals day by day."""
    return tuple(_day_sum(days, day) for day in month.dates())


def _day_sum(days: SiteDays, day: date) -> DaySum:
    def of(quantity: Quantity) -> int:
        return total((days.get(quantity, {}).get(day, NO_VALUES),))

    metered = [column for quantity, column in days.items() if quantity.unit == "Wh"]
    return DaySum(
        day=day,
        load_wh=of(Quantity.LOAD),
        pv_wh=of(Quantity.PV),
        storage_charge_wh=of(Quantity.STORAGE_CHARGE),
        storage_discharge_wh=of(Quantity.STORAGE_DISCHARGE),
        grid_import_wh=of(Quantity.GRID_IMPORT),
        grid_export_wh=of(Quantity.GRID_EXPORT),
        missing_values=sum(SLOTS_A_DAY - known(column.get(day, NO_VALUES)) for column in metered),
    )
