"""A month's figures from its readings, and the one spelling of those readings that is hashed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import reduce

from domain.metering.attribution import NOTHING, PPM, BySource, attribute, renewable_share_ppm
from domain.metering.efficiency import peak, round_trip_ppm, self_consumption_ppm, self_sufficiency_ppm
from domain.metering.model import ENERGIES, Blocks, Channel, DayValues, MonthUsage, Quantity, SlotEnergy
from domain.metering.readings import NO_VALUES, known, quarter_hours, summed, total
from domain.shared.canonical import Canonical, canonical_text
from domain.shared.identifiers import SiteId, TenantId
from domain.shared.time import SLOT, SLOTS_A_DAY, Month, day_start

COMPLETENESS_PPM_MIN = 995_000
"""From this on a month is frozen without asking: 14 of a channel's 2,976 slots may be missing."""

SiteDays = Mapping[Quantity, Mapping[date, DayValues]]
"""A site's readings; a quantity is in it if the site meters it."""

_ZEROS: DayValues = (0,) * SLOTS_A_DAY


def site_days(channels: Sequence[Channel], blocks: Blocks) -> SiteDays:
    """Arrange current day blocks of these channels by quantity, in quarter hours.

    Where several meters count one quantity their days are summed: a slot is known when each of those that are there
    on that day gave a value.
    """
    known_of = {channel.channel_id: channel for channel in channels}
    days: dict[Quantity, dict[date, DayValues]] = {channel.quantity: {} for channel in channels}
    if len(days) == len(channels) and all(channel.is_plain for channel in channels):
        for (channel_id, day), block in blocks.items():
            days[known_of[channel_id].quantity][day] = block.values
        return days
    for quantity, found in days.items():
        mine = [channel for channel in channels if channel.quantity is quantity]
        for day in {day for _, day in blocks}:
            there = [channel for channel in mine if channel.counts_on(day)]
            parts = [
                quarter_hours(blocks[one.channel_id, day].values, quantity) if (one.channel_id, day) in blocks else None
                for one in there
            ]
            if not there and quantity in ENERGIES:
                found[day] = _ZEROS  # nothing of it was metered then, as where a site has no such channel at all
            elif any(part is not None for part in parts):
                found[day] = reduce(summed, [NO_VALUES if part is None else part for part in parts])
    return days


def moving_slots(days: SiteDays, *, first_on: date, until_on: date) -> Iterator[SlotEnergy]:
    """Walk through the slots from `first_on` to before `until_on` in which the storage moved.

    No other slot changes what it holds, and most are others.
    """
    day = first_on
    while day < until_on:
        columns = [days[quantity].get(day, NO_VALUES) if quantity in days else _ZEROS for quantity in ENERGIES]
        for load, pv, charge, discharge, bought, sold in zip(*columns, strict=True):
            if charge or discharge:
                yield SlotEnergy(
                    load_wh=load,
                    pv_wh=pv,
                    storage_charge_wh=charge,
                    storage_discharge_wh=discharge,
                    grid_import_wh=bought,
                    grid_export_wh=sold,
                )
        day += timedelta(days=1)


def month_usage(
    month: Month,
    days: SiteDays,
    *,
    first_on: date,
    efficiency_ppm: int | None = None,
    opening: BySource = NOTHING,
    charged_before_wh: int = 0,
    discharged_before_wh: int = 0,
) -> MonthUsage:
    """Return the figures of a month.

    What the storage holds when the month begins is found by following it from `first_on`, the site's
    first day with a reading or the day after its last frozen month: the same readings and the same
    frozen months always give the same figures.

    Args:
        month: the billing month.
        days: the site's readings from `first_on` to the month's end.
        first_on: a day not after the month's first.
        efficiency_ppm: that attribution draws with; None takes discharge / charge as metered from
            `first_on` to the month's end and before, at most 1.
        opening: what the storage holds when `first_on` begins, as the frozen month before it closed.
        charged_before_wh: metered in the frozen months before `first_on` that the efficiency goes by.
        discharged_before_wh: likewise.
    """
    end_on = month.next().first_on
    start_on = min(first_on, month.first_on)
    if efficiency_ppm is None:
        efficiency_ppm = _efficiency_ppm(
            charge_wh=charged_before_wh + _total(days, Quantity.STORAGE_CHARGE, start_on, end_on),
            discharge_wh=discharged_before_wh + _total(days, Quantity.STORAGE_DISCHARGE, start_on, end_on),
        )
    before = attribute(
        moving_slots(days, first_on=start_on, until_on=month.first_on),
        efficiency_ppm=efficiency_ppm,
        opening=opening,
    )
    inside = attribute(
        moving_slots(days, first_on=month.first_on, until_on=end_on),
        efficiency_ppm=efficiency_ppm,
        opening=before.closing,
    )
    totals = {quantity: _total(days, quantity, month.first_on, end_on) for quantity in ENERGIES}
    missing, wanted = _missing(days, month)
    highest = peak(value for day in month.dates() for value in days.get(Quantity.GRID_IMPORT, {}).get(day, NO_VALUES))
    return MonthUsage(
        month=month,
        load_wh=totals[Quantity.LOAD],
        pv_wh=totals[Quantity.PV],
        storage_charge_wh=totals[Quantity.STORAGE_CHARGE],
        storage_discharge_wh=totals[Quantity.STORAGE_DISCHARGE],
        grid_import_wh=totals[Quantity.GRID_IMPORT],
        grid_export_wh=totals[Quantity.GRID_EXPORT],
        charged_pv_wh=inside.charged.pv_wh,
        charged_grid_wh=inside.charged.grid_wh,
        renewable_wh=inside.delivered.pv_wh,
        grid_wh=inside.delivered.grid_wh,
        unattributed_wh=inside.unattributed_wh,
        lost_pv_wh=inside.lost.pv_wh,
        lost_grid_wh=inside.lost.grid_wh,
        stock_pv_wh=inside.closing.pv_wh,
        stock_grid_wh=inside.closing.grid_wh,
        renewable_share_ppm=renewable_share_ppm(
            renewable_wh=inside.delivered.pv_wh, discharged_wh=inside.discharged_wh
        ),
        efficiency_ppm=efficiency_ppm,
        round_trip_ppm=round_trip_ppm(
            charge_wh=totals[Quantity.STORAGE_CHARGE], discharge_wh=totals[Quantity.STORAGE_DISCHARGE]
        ),
        self_consumption_ppm=self_consumption_ppm(pv_wh=totals[Quantity.PV], export_wh=totals[Quantity.GRID_EXPORT]),
        self_sufficiency_ppm=self_sufficiency_ppm(
            load_wh=totals[Quantity.LOAD], import_wh=totals[Quantity.GRID_IMPORT]
        ),
        completeness_ppm=(wanted - missing) * PPM // wanted if wanted else 0,
        missing_values=missing,
        peak_import_w=None if highest is None else highest.power_w,
        peak_import_at=None if highest is None else day_start(month.first_on) + highest.index * SLOT,
    )


def _efficiency_ppm(*, charge_wh: int, discharge_wh: int) -> int:
    metered = round_trip_ppm(charge_wh=charge_wh, discharge_wh=discharge_wh)
    # Without a charge there is no inventory, and without a discharge nothing is drawn: any value does.
    return min(metered, PPM) if metered else PPM


def _total(days: SiteDays, quantity: Quantity, first_on: date, until_on: date) -> int:
    return total(values for day, values in days.get(quantity, {}).items() if first_on <= day < until_on)


def _missing(days: SiteDays, month: Month) -> tuple[int, int]:
    """Count the month's values that are not there, and all that should be: the energies that the site meters."""
    required = [days[quantity] for quantity in ENERGIES if quantity in days]
    dates = month.dates()
    there = sum(known(column.get(day, NO_VALUES)) for column in required for day in dates)
    wanted = len(required) * len(dates) * SLOTS_A_DAY
    return wanted - there, wanted


def readings_text(
    *,
    tenant_id: TenantId,
    site_id: SiteId,
    month: Month,
    channels: Sequence[Channel],
    blocks: Blocks,
) -> str:
    """Spell a month's readings in the one way that is hashed: channels by number, days in order, 96 values each."""
    spelled: list[Canonical] = []
    for channel in sorted(channels, key=lambda channel: channel.channel_id):
        days: list[Canonical] = []
        for day in month.dates():
            block = blocks.get((channel.channel_id, day))
            if block is not None:
                days.append({"day": day.isoformat(), "revision": block.revision, "values": block.values})
        spelled.append({"channel": channel.channel_id, "quantity": channel.quantity.value, "days": days})
    return canonical_text(
        {"channels": spelled, "month": str(month), "site": str(site_id), "tenant": tenant_id, "version": 1}
    )
