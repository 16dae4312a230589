"""A month's figures, its hash and what is shown of it."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.metering.attribution import BySource
from domain.metering.model import Channel, DayBlock, MeterId, Quality, Quantity, ReadingSource, SlotEnergy
from domain.metering.usage import month_usage, readings_text, site_days
from domain.metering.views import day_sums, flows, month_flows
from domain.shared.canonical import sha256
from domain.shared.identifiers import ChannelId, SiteId, TenantId
from domain.shared.time import Month

JULY = Month(2026, 7)
SITE = SiteId(UUID(int=7))
TENANT = TenantId(4)
METER = MeterId(UUID(int=9))


def constant_days(month=JULY, **wh):
    return {Quantity(name): dict.fromkeys(month.dates(), (value,) * 96) for name, value in wh.items()}


BALANCED = {
    "load": 100,
    "pv": 150,
    "storage_charge": 40,
    "storage_discharge": 0,
    "grid_import": 0,
    "grid_export": 10,
}


def test_a_month_adds_up_its_slots():
    usage = month_usage(JULY, constant_days(**BALANCED), first_on=JULY.first_on)

    assert usage.load_wh == 100 * 2_976
    assert usage.grid_export_wh == 29_760
    assert usage.charged_pv_wh == usage.stock_pv_wh == 40 * 2_976
    assert usage.completeness_ppm == 1_000_000
    assert (usage.renewable_share_ppm, usage.round_trip_ppm) == (0, 0)
    assert (usage.peak_import_w, usage.peak_import_at) == (0, datetime(2026, 6, 30, 15, tzinfo=UTC))


def test_what_june_stored_is_delivered_in_july():
    june = Month(2026, 6)
    days = constant_days(june, **BALANCED)
    for quantity, values in constant_days(
        load=100, pv=0, storage_charge=0, storage_discharge=20, grid_import=80, grid_export=0
    ).items():
        days[quantity] = days[quantity] | values

    usage = month_usage(JULY, days, first_on=june.first_on, efficiency_ppm=800_000)

    assert usage.storage_discharge_wh == usage.renewable_wh == 20 * 2_976
    assert usage.renewable_share_ppm == 1_000_000
    assert usage.losses_wh == 5 * 2_976
    assert usage.stock_pv_wh == 40 * 2_880 - 25 * 2_976
    assert usage.round_trip_ppm is None


def test_a_month_that_begins_without_history_leaves_its_discharge_unattributed():
    usage = month_usage(
        JULY, constant_days(storage_charge=0, storage_discharge=20), first_on=JULY.first_on, efficiency_ppm=800_000
    )

    assert (usage.unattributed_wh, usage.renewable_share_ppm) == (59_520, 0)


def test_missing_values_lower_completeness_and_are_no_zeros():
    days = constant_days(load=1, grid_import=1, storage_soc=5_000)
    days[Quantity.LOAD][date(2026, 7, 9)] = (None,) * 96

    usage = month_usage(JULY, days, first_on=JULY.first_on)

    assert usage.missing_values == 96
    assert usage.completeness_ppm == 983_870
    assert usage.load_wh == 2_880
    assert day_sums(days, JULY)[8].missing_values == 96


def test_a_site_without_a_reading_has_no_peak_and_no_completeness():
    usage = month_usage(JULY, {Quantity.GRID_IMPORT: {}}, first_on=JULY.first_on)

    assert (usage.completeness_ppm, usage.peak_import_w, usage.peak_import_at) == (0, None, None)


def blocks_of(values):
    channel = Channel(channel_id=ChannelId(2), tenant_id=TENANT, site_id=SITE, quantity=Quantity.LOAD, meter_id=METER)
    block = DayBlock(
        channel_id=ChannelId(2),
        day=date(2026, 7, 1),
        revision=0,
        values=values,
        quality=Quality.MEASURED,
        source=ReadingSource.SITE_FILE,
        recorded_at=datetime(2026, 8, 1, tzinfo=UTC),
    )
    return [channel], {(ChannelId(2), block.day): block}


def text_of(values, *, month=JULY):
    channels, blocks = blocks_of(values)
    return readings_text(tenant_id=TENANT, site_id=SITE, month=month, channels=channels, blocks=blocks)


def test_the_hashed_text_names_channel_day_and_every_value():
    text = text_of((1, None, *(0,) * 94))

    assert text.startswith('{"channels":[{"channel":2,"days":[{"day":"2026-07-01","revision":0,"values":[1,null,0,0,')
    assert text.endswith(
        '"quantity":"load"}],"month":"2026-07","site":"00000000-0000-0000-0000-000000000007","tenant":4,"version":1}'
    )


def test_one_changed_value_changes_the_hash():
    assert sha256(text_of((1,) * 96)) != sha256(text_of((1,) * 95 + (2,)))


def test_another_months_readings_are_not_in_the_text():
    assert '"days":[]' in text_of((1,) * 96, month=Month(2026, 8))


def test_blocks_are_arranged_by_quantity():
    channels, blocks = blocks_of((1,) * 96)

    assert site_days(channels, blocks) == {Quantity.LOAD: {date(2026, 7, 1): (1,) * 96}}


def slot(load, pv, charge, discharge, bought, sold):
    return SlotEnergy(
        load_wh=load,
        pv_wh=pv,
        storage_charge_wh=charge,
        storage_discharge_wh=discharge,
        grid_import_wh=bought,
        grid_export_wh=sold,
    )


@pytest.mark.parametrize(
    ("energies", "expected"),
    [
        pytest.param((100, 150, 40, 0, 0, 10), (100, 40, 10, 0, 0, 0, 0), id="surplus"),
        pytest.param((100, 20, 0, 50, 30, 0), (20, 0, 0, 30, 0, 50, 0), id="evening"),
        pytest.param((10, 0, 40, 0, 50, 0), (0, 0, 0, 10, 40, 0, 0), id="night"),
        pytest.param((10, 10, 0, 5, 0, 5), (10, 0, 0, 0, 0, 0, 5), id="sold from storage"),
    ],
)
def test_energy_takes_the_nearest_way(energies, expected):
    found = flows([slot(*energies)])

    assert (
        found.pv_to_load_wh,
        found.pv_to_storage_wh,
        found.pv_to_export_wh,
        found.grid_to_load_wh,
        found.grid_to_storage_wh,
        found.storage_to_load_wh,
        found.storage_to_export_wh,
    ) == expected
    assert (found.unexplained_supply_wh, found.unexplained_use_wh) == (0, 0)


def test_a_slot_without_a_value_is_skipped_and_counted():
    assert flows([slot(1, None, 0, 0, 1, 0)]).skipped_slots == 1


WH = st.integers(0, 30_000)


@given(st.lists(st.builds(slot, WH, WH, WH, WH, WH, WH), max_size=40))
def test_flows_close_to_the_wh_whatever_the_meters_say(energies):
    f = flows(energies)

    came = sum(s.pv_wh + s.grid_import_wh + s.storage_discharge_wh for s in energies)
    went = sum(s.load_wh + s.grid_export_wh + s.storage_charge_wh for s in energies)
    moved = (
        f.pv_to_load_wh
        + f.pv_to_storage_wh
        + f.pv_to_export_wh
        + f.grid_to_load_wh
        + f.grid_to_storage_wh
        + f.storage_to_load_wh
        + f.storage_to_export_wh
    )
    assert came == moved + f.unexplained_supply_wh
    assert went == moved + f.unexplained_use_wh
    assert f.loss_wh == sum(s.storage_charge_wh - s.storage_discharge_wh for s in energies)


def test_a_months_flows_are_those_of_its_slots():
    found = month_flows(constant_days(**BALANCED), JULY)

    assert (found.pv_to_load_wh, found.pv_to_storage_wh, found.pv_to_export_wh) == (297_600, 119_040, 29_760)
    assert found.loss_wh == 119_040


@pytest.mark.parametrize("efficiency_ppm", [None, 870_000])
def test_a_month_opened_by_the_one_before_is_the_month_replayed_from_the_first_day(efficiency_ppm):
    july, august = Month(2026, 7), Month(2026, 8)
    dates = (*july.dates(), *august.dates())
    rows = {
        Quantity.LOAD: (50,) * 96,
        Quantity.PV: (0,) * 30 + (90,) * 30 + (0,) * 36,
        Quantity.STORAGE_CHARGE: (7,) * 10 + (0,) * 20 + (40,) * 30 + (0,) * 36,
        Quantity.STORAGE_DISCHARGE: (0,) * 60 + (33,) * 33 + (0,) * 3,
        Quantity.GRID_IMPORT: (57,) * 10 + (50,) * 20 + (0,) * 30 + (17,) * 33 + (50,) * 3,
        Quantity.GRID_EXPORT: (0,) * 96,
    }
    days = {quantity: dict.fromkeys(dates, values) for quantity, values in rows.items()}
    before = month_usage(july, days, first_on=july.first_on, efficiency_ppm=efficiency_ppm)

    opened = month_usage(
        august,
        days,
        first_on=august.first_on,
        efficiency_ppm=efficiency_ppm,
        opening=BySource(pv_wh=before.stock_pv_wh, grid_wh=before.stock_grid_wh),
        charged_before_wh=before.storage_charge_wh,
        discharged_before_wh=before.storage_discharge_wh,
    )

    assert opened == month_usage(august, days, first_on=july.first_on, efficiency_ppm=efficiency_ppm)


def channel(number, quantity=Quantity.LOAD, **more):
    return Channel(
        channel_id=ChannelId(number), tenant_id=TENANT, site_id=SITE, quantity=quantity, meter_id=METER, **more
    )


def of_days(**days):
    """Blocks by channel number and day of July: `c2_1=values` is channel 2 on the first."""
    found = {}
    for name, values in days.items():
        number, day = (int(part) for part in name[1:].split("_"))
        key = (ChannelId(number), date(2026, 7, day))
        found[key] = DayBlock(
            channel_id=key[0],
            day=key[1],
            revision=0,
            values=values,
            quality=Quality.MEASURED,
            source=ReadingSource.API,
            recorded_at=datetime(2026, 8, 1, tzinfo=UTC),
        )
    return found


def test_meters_of_one_quantity_are_summed_and_a_slot_that_one_did_not_give_is_not_known():
    blocks = of_days(c2_1=(5, 7, None, *(0,) * 93), c3_1=(10, None, 4, *(1,) * 93))

    found = site_days([channel(2), channel(3)], blocks)[Quantity.LOAD][date(2026, 7, 1)]

    assert found[:4] == (15, None, None, 1)


def test_a_second_meter_counts_from_its_first_day_on_and_a_removed_one_no_longer():
    first = channel(2, until_on=date(2026, 7, 3))
    second = channel(3, from_on=date(2026, 7, 2))
    blocks = of_days(**{f"c{number}_{day}": (number,) * 96 for number in (2, 3) for day in (1, 2, 3)})

    found = site_days([first, second], blocks)[Quantity.LOAD]

    assert [found[date(2026, 7, day)][0] for day in (1, 2, 3)] == [2, 5, 3]


def test_before_its_first_meter_a_quantity_is_nothing_and_not_missing():
    channels = [channel(2), channel(3, Quantity.PV, from_on=date(2026, 7, 2))]

    found = site_days(channels, of_days(c2_1=(5,) * 96, c2_2=(5,) * 96))

    assert found[Quantity.PV] == {date(2026, 7, 1): (0,) * 96}


@pytest.mark.parametrize(
    ("minutes", "values", "quarters"),
    [
        pytest.param(1, (*(1,) * 15, *(2,) * 14, None, *(0,) * 1410), (15, None, *(0,) * 94), id="minutes"),
        pytest.param(5, (1, 2, 4, *(0,) * 285), (7, *(0,) * 95), id="five-minutes"),
        pytest.param(30, (7, None, *(0,) * 46), (4, 3, None, None, *(0,) * 92), id="half-hours"),
        pytest.param(60, (10, *(0,) * 23), (3, 3, 2, 2, *(0,) * 92), id="hours"),
    ],
)
def test_slots_of_any_length_become_quarter_hours_that_add_up(minutes, values, quarters):
    day = date(2026, 7, 1)

    found = site_days([channel(2, slot_minutes=minutes)], of_days(c2_1=values))[Quantity.LOAD][day]

    assert found == quarters


@pytest.mark.parametrize(
    ("minutes", "values", "quarters"),
    [
        pytest.param(5, (100, 200, 300, *(0,) * 285), (300, *(0,) * 95), id="the-last-of-shorter"),
        pytest.param(30, (500, *(None,) * 47), (None, 500, *(None,) * 94), id="at-the-end-of-longer"),
    ],
)
def test_a_state_of_charge_is_that_of_the_quarter_hours_end(minutes, values, quarters):
    soc = channel(2, Quantity.STORAGE_SOC, slot_minutes=minutes)

    assert site_days([soc], of_days(c2_1=values))[Quantity.STORAGE_SOC][date(2026, 7, 1)] == quarters


def test_auxiliaries_leave_the_balance_as_it_is():
    channels = [channel(2), channel(3, Quantity.AUXILIARY)]
    blocks = of_days(c2_1=(5,) * 96, c3_1=(2,) * 96)

    found = site_days(channels, blocks)

    assert found[Quantity.AUXILIARY][date(2026, 7, 1)] == (2,) * 96
    assert month_usage(JULY, found, first_on=JULY.first_on).load_wh == 480
