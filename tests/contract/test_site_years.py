"""What the energy did on two real sites, held to the published truths."""

import json

import pytest

from adapters.meterfiles.reader import SandboxedReadingFiles
from adapters.tariffs.reader import load_tariffs
from domain.metering import efficiency
from domain.metering.carbon import emissions, factor_known_at, hourly_matched_ppm
from domain.metering.demand import billing_demand, peaks, without_storage
from domain.metering.inventory import Method, trace
from domain.metering.model import Quantity
from domain.metering.series import columns
from domain.shared.time import Month

NAMES = ("S1_metalworking", "S2_electroplating")
YEAR = tuple(Month(2018, number) for number in range(1, 13))
pytestmark = pytest.mark.shared


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
async def year(shared, name):
    """A site's year: its days by quantity, and its slots as columns."""
    content = (shared / "data/energy/sites" / f"{name}_2018_15min.csv.gz").read_bytes()
    series = await SandboxedReadingFiles().parse(content)
    days = {one.quantity: one.days for one in series.quantities}
    return days, columns(days, first_on=YEAR[0].first_on, until_on=YEAR[-1].next().first_on)


@pytest.fixture
def truth(shared, name):
    return json.loads((shared / "data/energy/sites/sites_truth.json").read_text())[name]


def kwh(wh):
    return wh / 1000


def test_totals_and_ratios_are_the_published_ones(year, truth):
    _, table = year
    totals = truth["totals_kwh"]

    assert kwh(sum(table.bought)) == pytest.approx(totals["grid_import_kwh"], abs=0.006)
    assert kwh(sum(table.discharge)) == pytest.approx(totals["storage_discharge_kwh"], abs=0.006)
    pv, sold, load, bought = sum(table.pv), sum(table.sold), sum(table.load), sum(table.bought)
    self_consumption = efficiency.self_consumption_ppm(pv_wh=pv, export_wh=sold)
    self_sufficiency = efficiency.self_sufficiency_ppm(load_wh=load, import_wh=bought)
    assert self_consumption == pytest.approx(truth["self_consumption"] * 1_000_000, abs=50)
    assert self_sufficiency == pytest.approx(truth["self_sufficiency"] * 1_000_000, abs=50)
    cycles = efficiency.full_cycles_by_discharge_milli(
        discharge_wh=sum(table.discharge), usable_wh=truth["battery_usable_kwh"] * 1000
    )
    assert cycles == pytest.approx(truth["storage_efc"] * 1000, abs=5)
    assert max(table.bought) * 4 == pytest.approx(truth["peak_import_kw"] * 1000, abs=8)


@pytest.mark.parametrize("method", Method)
def test_what_each_source_gave_adds_up_to_what_was_metered(year, method):
    _, table = year

    found = trace(table, method=method, efficiency_ppm=869_000)

    assert sum(found.charged) == sum(table.charge)
    assert found.discharged_wh == sum(table.discharge)
    for source in (0, 1):
        assert found.charged[source] == found.delivered[source] + found.lost[source] + found.closing[source]
    assert sum(move.unattributed_wh for move in found.moves) == found.unattributed_wh
    if method is Method.FIFO:
        assert sum(link.delivered_wh for link in found.links) == sum(found.delivered)


def test_the_round_trip_is_corrected_for_what_the_storage_held(year, truth, name):
    days, table = year
    socs = days[Quantity.STORAGE_SOC]
    first, last = socs[min(socs)][0], socs[max(socs)][-1]

    # The state of charge is known at a slot's end, so the window begins after the first slot.
    found = efficiency.round_trip(
        charge_wh=sum(table.charge[1:]),
        discharge_wh=sum(table.discharge[1:]),
        soc_start_bp=first,
        soc_end_bp=last,
        usable_wh=truth["battery_usable_kwh"] * 1000,
    )

    assert found.why is efficiency.RoundTripBasis.CORRECTED
    assert found.ppm == pytest.approx({"S1_metalworking": 866_000, "S2_electroplating": 874_600}[name], abs=50)
    raw = efficiency.round_trip_ppm(charge_wh=sum(table.charge), discharge_wh=sum(table.discharge))
    assert raw == pytest.approx(truth["storage_ac_rte_year"] * 1_000_000, abs=50)
    assert found.ppm < raw


def test_both_views_of_carbon_stand_side_by_side(year, name):
    _, table = year
    _, factors = load_tariffs()
    factor = factor_known_at(factors, YEAR[0].first_on.replace(year=2026))

    found = emissions(table, without_storage(table), factor)

    assert (factor.data_year, factor.ug_per_wh) == (2023, 417_300)
    effects = {"S1_metalworking": (-8_355, 1_259), "S2_electroplating": (-16_502, 2_295)}[name]
    assert round(found.scope2_effect_g / 1000) == effects[0]
    assert round(found.system_effect_g / 1000) == effects[1]
    assert found.skipped_slots == 0


def test_an_hour_is_matched_with_what_was_made_and_stored_in_it(year, name):
    _, table = year
    without, with_storage = {"S1_metalworking": (3_122, 3_331), "S2_electroplating": (2_554, 2_751)}[name]

    assert hourly_matched_ppm(table, storage=False) == pytest.approx(without * 100, abs=50)
    assert hourly_matched_ppm(table) == pytest.approx(with_storage * 100, abs=50)
    if name == "S1_metalworking":
        assert hourly_matched_ppm(table, slots_an_hour=1, storage=False) == pytest.approx(307_400, abs=50)


def test_the_storage_saves_no_demand_charge_on_either_site(year, name):
    days, _ = year
    now, then = {}, {}
    for month in YEAR:
        table = columns(days, first_on=month.first_on, until_on=month.next().first_on)
        found = peaks(table, without_storage(table))
        now[month], then[month] = found.with_storage.power_w, found.without_storage.power_w

    lowered = {month.number for month in YEAR if then[month] - now[month] > 8}
    assert lowered == {"S1_metalworking": set(), "S2_electroplating": {7}}[name]
    if name == "S2_electroplating":
        july = Month(2018, 7)
        assert (then[july], now[july]) == (pytest.approx(305_650, abs=8), pytest.approx(304_380, abs=8))
        assert billing_demand(july, now, contract_power_w=500_000) == billing_demand(
            july, then, contract_power_w=500_000
        )
        assert billing_demand(july, now, contract_power_w=500_000).set_by == Month(2018, 2)
