"""Charts and figures: pure functions of the pages."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pages import charts, formats
from app.pages.charts import BATTERY, FACTORY, GRID, LOST, SOLAR, SOLD, STOCK, Bar, Flow
from app.pages.energy import flow_list
from domain.metering.views import EnergyFlows
from domain.shared.time import Month

NAMES = {node: node for node in (SOLAR, GRID, BATTERY, FACTORY, SOLD, LOST, STOCK)}


@pytest.mark.parametrize(
    ("energy_wh", "text"),
    [
        (0, "0.00 kWh"),
        (5, "0.01 kWh"),
        (4, "0.00 kWh"),
        (-5, "-0.01 kWh"),
        (-4, "0.00 kWh"),
        (534_051_970, "534,051.97 kWh"),
    ],
)
def test_energy_is_written_in_kwh_without_a_float(energy_wh, text):
    assert formats.kwh(energy_wh) == text


@pytest.mark.parametrize(
    ("share_ppm", "places", "text"),
    [
        (869_999, 1, "86.9 %"),
        (869_999, 2, "86.99 %"),
        (1_000_000, 1, "100.0 %"),
        (-12_345, 1, "-1.2 %"),
        (None, 1, "–"),
    ],
)
def test_a_share_is_cut_and_never_rounded_up(share_ppm, places, text):
    assert formats.percent(share_ppm, places) == text


def test_rates_amounts_days_and_months_are_written_as_in_korea():
    assert formats.plain_rate(90_800) == "90.8"
    assert formats.plain_rate(9_000_000) == "9,000"
    assert formats.krw(2_102_823, "ko") == "2,102,823원"
    assert formats.krw(-7_587, "en") == "KRW -7,587"
    assert formats.day("2026-11-21") == "2026. 11. 21."
    assert formats.month_name(Month(2026, 7), "ko") == "2026년 7월"
    assert formats.month_name(Month(2026, 7), "en") == "July 2026"


def test_a_sankey_is_well_formed_and_names_every_flow():
    flows = [
        Flow(source=SOLAR, target=FACTORY, energy_wh=5_000),
        Flow(source=SOLAR, target=BATTERY, energy_wh=2_000),
        Flow(source=BATTERY, target=FACTORY, energy_wh=1_700),
        Flow(source=BATTERY, target=LOST, energy_wh=300),
        Flow(source=GRID, target=SOLD, energy_wh=0),
    ]

    for width in (charts.WIDE, charts.NARROW):
        drawing = ElementTree.fromstring(charts.sankey(flows, NAMES, title='July <"1">', width=width))
        titles = [one.text for one in drawing.iter("{http://www.w3.org/2000/svg}title")]
        assert titles == [
            "solar → battery: 2.00 kWh",
            "solar → factory: 5.00 kWh",
            "battery → factory: 1.70 kWh",
            "battery → lost: 0.30 kWh",
        ]
        assert drawing.get("aria-label") == 'July <"1">'


def test_nothing_flows_and_nothing_is_drawn():
    assert charts.sankey([], NAMES, title="") == ""
    assert charts.stacked_bars([Bar(label="1", parts=(0, 0))], (SOLAR, GRID), NAMES, title="") == ""


def test_drawings_carry_no_style_and_no_script():
    drawing = charts.stacked_bars(
        [Bar(label=str(day), parts=(day * 1000, 500, 2000)) for day in range(1, 32)],
        (SOLAR, BATTERY, GRID),
        NAMES,
        title="days",
    )

    assert not re.search(r"style|<script|onload", drawing)
    assert ElementTree.fromstring(drawing).get("viewBox") == "0 0 1000 300"


wh = st.integers(min_value=0, max_value=10**9)


@given(wh, wh, wh, wh, wh, wh, wh)
def test_what_comes_out_of_the_battery_is_what_went_in(a, b, c, d, e, f, g):
    flows = EnergyFlows(
        pv_to_load_wh=a,
        pv_to_storage_wh=b,
        pv_to_export_wh=c,
        grid_to_load_wh=d,
        grid_to_storage_wh=e,
        storage_to_load_wh=f,
        storage_to_export_wh=g,
        loss_wh=b + e - f - g,
        unexplained_supply_wh=0,
        unexplained_use_wh=0,
        skipped_slots=0,
    )

    sums = charts.node_sums(flow_list(flows))

    assert sums[BATTERY][0] == sums[BATTERY][1]
    assert sums[SOLAR][1] + sums[GRID][1] + sums[STOCK][1] == sums[FACTORY][0] + sums[SOLD][0] + sums[LOST][0]
    assert all(flow.energy_wh >= 0 for flow in flow_list(flows))


def test_a_heat_map_is_small_well_formed_and_marks_what_is_missing():
    rows = [(str(day), tuple(None if hour == 3 and day == 2 else hour * 1000 for hour in range(24))) for day in (1, 2)]

    drawn = charts.heat_map(rows, title="수전 <8월>")

    root = ElementTree.fromstring(drawn)
    assert root.get("aria-label") == "수전 <8월>"
    shapes = [one for one in root.iter("{http://www.w3.org/2000/svg}path") if one.get("fill")]
    assert sum(one.get("d").count("M") for one in shapes) == 47
    assert len([one for one in root.iter("{http://www.w3.org/2000/svg}path") if one.get("class") == "rule"]) == 1
    assert "style=" not in drawn
    assert charts.heat_map([], title="") == ""
    assert charts.heat_map([("1", (0,) * 24)], title="nothing") != ""


@pytest.mark.parametrize(
    ("u_ppm", "text"), [(9_514, "0.96 %"), (9_600, "0.96 %"), (9_601, "0.97 %"), (1, "0.01 %"), (0, "0.00 %")]
)
def test_an_uncertainty_is_rounded_up_as_on_paper(u_ppm: int, text: str) -> None:
    assert formats.uncertainty(u_ppm) == text
