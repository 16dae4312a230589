"""Where discharged energy came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.metering.attribution import BySource, attribute, renewable_share_ppm
from domain.metering.model import SlotEnergy


def slot(*, pv=0, load=0, charge=0, discharge=0, bought=None):
    return SlotEnergy(
        load_wh=load,
        pv_wh=pv,
        storage_charge_wh=charge,
        storage_discharge_wh=discharge,
        grid_import_wh=bought,
        grid_export_wh=0,
    )


def test_surplus_charges_first_and_the_grid_the_rest():
    found = attribute([slot(pv=100, load=40, charge=80, bought=20)], efficiency_ppm=1_000_000)

    assert found.charged == BySource(pv_wh=60, grid_wh=20)
    assert found.closing == BySource(pv_wh=60, grid_wh=20)


def test_a_discharge_draws_from_both_sources_in_proportion_and_the_difference_is_lost():
    slots = [slot(pv=75, charge=100, bought=25), slot(load=80, discharge=80)]

    found = attribute(slots, efficiency_ppm=800_000)

    assert found.delivered == BySource(pv_wh=60, grid_wh=20)
    assert found.lost == BySource(pv_wh=15, grid_wh=5)
    assert found.closing == BySource()
    assert found.unattributed_wh == 0


def test_what_the_inventory_cannot_explain_is_unattributed():
    found = attribute([slot(pv=100, charge=100, bought=0), slot(discharge=95)], efficiency_ppm=900_000)

    assert found.delivered == BySource(pv_wh=90)
    assert found.lost == BySource(pv_wh=10)
    assert found.unattributed_wh == 5
    assert found.discharged_wh == 95


def test_energy_that_was_stored_before_the_first_reading_is_unattributed():
    found = attribute([slot(discharge=30)], efficiency_ppm=900_000)

    assert (found.delivered, found.unattributed_wh) == (BySource(), 30)


def test_two_wh_beyond_the_surplus_are_rounding_where_the_grid_gave_nothing():
    assert attribute([slot(pv=60, charge=62, bought=0)], efficiency_ppm=1_000_000).charged == BySource(pv_wh=62)
    assert attribute([slot(pv=60, charge=63, bought=0)], efficiency_ppm=1_000_000).charged.grid_wh == 3
    assert attribute([slot(pv=60, charge=62, bought=2)], efficiency_ppm=1_000_000).charged.grid_wh == 2


@pytest.mark.parametrize("missing", ["pv", "load"])
def test_without_pv_or_load_there_is_no_surplus(missing):
    found = attribute([slot(**{"pv": 100, "load": 0, "charge": 50, missing: None})], efficiency_ppm=1_000_000)

    assert found.charged == BySource(grid_wh=50)


def test_a_slot_without_a_value_moves_nothing():
    found = attribute([slot(pv=9, charge=None, discharge=None)], efficiency_ppm=900_000)

    assert found.closing == BySource()


@pytest.mark.parametrize("efficiency_ppm", [0, 1_000_001])
def test_an_impossible_efficiency_is_refused(efficiency_ppm):
    with pytest.raises(ValueError, match="efficiency"):
        attribute([], efficiency_ppm=efficiency_ppm)


WH = st.integers(0, 30_000)
SLOTS = st.lists(st.builds(slot, pv=WH, load=WH, charge=WH, discharge=WH, bought=st.one_of(st.none(), WH)), max_size=60)


@given(
    slots=SLOTS,
    efficiency_ppm=st.integers(1, 1_000_000),
    opening=st.builds(BySource, pv_wh=WH, grid_wh=WH),
)
def test_nothing_is_lost_and_nothing_is_made(slots, efficiency_ppm, opening):
    found = attribute(slots, efficiency_ppm=efficiency_ppm, opening=opening)

    for source in ("pv_wh", "grid_wh"):
        parts = [getattr(found, part) for part in ("delivered", "lost", "closing")]
        assert all(getattr(part, source) >= 0 for part in parts)
        came = getattr(opening, source) + getattr(found.charged, source)
        assert came == sum(getattr(part, source) for part in parts)
    assert found.charged.total_wh == sum(s.storage_charge_wh or 0 for s in slots)
    assert found.discharged_wh == sum(s.storage_discharge_wh or 0 for s in slots)
    assert found.unattributed_wh >= 0


@given(slots=SLOTS, cut=st.integers(0, 60), efficiency_ppm=st.integers(500_000, 1_000_000))
def test_two_stretches_one_after_the_other_are_one_stretch(slots, cut, efficiency_ppm):
    whole = attribute(slots, efficiency_ppm=efficiency_ppm)

    before = attribute(slots[:cut], efficiency_ppm=efficiency_ppm)
    after = attribute(slots[cut:], efficiency_ppm=efficiency_ppm, opening=before.closing)

    assert after.closing == whole.closing
    assert before.delivered.pv_wh + after.delivered.pv_wh == whole.delivered.pv_wh
    assert before.unattributed_wh + after.unattributed_wh == whole.unattributed_wh


def test_a_renewable_share_is_rounded_down():
    assert renewable_share_ppm(renewable_wh=2, discharged_wh=3) == 666_666
    assert renewable_share_ppm(renewable_wh=3, discharged_wh=3) == 1_000_000
    assert renewable_share_ppm(renewable_wh=0, discharged_wh=0) == 0


def test_a_part_larger_than_its_whole_is_refused():
    with pytest.raises(ValueError, match="part"):
        renewable_share_ppm(renewable_wh=4, discharged_wh=3)
