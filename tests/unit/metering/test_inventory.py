"""What each slot charged and discharged, by source, against an oracle of one's own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.metering.attribution import attribute
from domain.metering.inventory import Columns, Layer, Link, Lot, Method, charge_by_source, trace
from domain.metering.model import SlotEnergy
from tests.unit.metering.oracle import follow


def columns(slots):
    def column(name):
        return [slot.get(name) for slot in slots]

    return Columns(
        load=column("load"),
        pv=column("pv"),
        charge=column("charge"),
        discharge=column("discharge"),
        bought=column("bought"),
        sold=[0] * len(slots),
    )


CHARGES = [
    {"pv": 60, "load": 0, "charge": 60, "discharge": 0, "bought": 0},
    {"pv": 0, "load": 0, "charge": 40, "discharge": 0, "bought": 40},
    {"pv": 0, "load": 80, "charge": 0, "discharge": 50, "bought": 30},
]


def test_pro_rata_draws_from_both_sources_and_fifo_from_the_oldest_charge():
    mixed = trace(columns(CHARGES), method=Method.PRO_RATA, efficiency_ppm=1_000_000)
    oldest = trace(columns(CHARGES), method=Method.FIFO, efficiency_ppm=1_000_000)

    assert (mixed.delivered, mixed.closing) == ((30, 20), (30, 20))
    assert (oldest.delivered, oldest.closing) == ((50, 0), (10, 40))
    assert oldest.links == (Link(charged=0, discharged=2, source=0, drawn_wh=50, delivered_wh=50),)


def test_a_lot_shares_what_the_grid_meter_carried_just_then():
    parts = charge_by_source(pv_wh=0, load_wh=100, charge_wh=40, import_wh=140, lots_wh=(70,))

    assert parts == (0, 20, 20)


def test_lots_beyond_what_the_meter_counted_are_cut_to_it():
    parts = charge_by_source(pv_wh=0, load_wh=0, charge_wh=10, import_wh=10, lots_wh=(30, 10))

    assert parts == (0, 0, 8, 2)  # 7.5 and 2.5: the tie goes to the earlier


@pytest.mark.parametrize("import_wh", [None, 0])
def test_without_a_grid_reading_no_lot_charges(import_wh):
    assert charge_by_source(pv_wh=0, load_wh=0, charge_wh=10, import_wh=import_wh, lots_wh=(30,)) == (0, 10, 0)


def test_a_lot_below_nothing_and_an_impossible_efficiency_are_refused():
    with pytest.raises(ValueError, match="lot"):
        trace(columns([]), method=Method.FIFO, efficiency_ppm=9, lots=[Lot(lot_id="ppa", wh={0: -1})])
    with pytest.raises(ValueError, match="efficiency"):
        trace(columns([]), method=Method.FIFO, efficiency_ppm=0)


def test_every_slot_is_told():
    found = trace(columns([*CHARGES, {"charge": None, "discharge": None}]), method=Method.FIFO, efficiency_ppm=800_000)

    assert [move.slot for move in found.moves] == [0, 1, 2]
    assert found.moves[2].delivered == (48, 2)  # 63 drawn: 60 of the first layer, 3 of the second
    assert found.moves[2].lost == (12, 1)


WH = st.integers(0, 30)
MAYBE = st.one_of(st.none(), WH)
SLOT = st.fixed_dictionaries({"pv": MAYBE, "load": MAYBE, "charge": MAYBE, "discharge": MAYBE, "bought": MAYBE})
SLOTS = st.lists(SLOT, max_size=25)
LOTS = st.lists(st.dictionaries(st.integers(0, 24), WH, max_size=10), max_size=2)
EFFICIENCY = st.integers(300_000, 1_000_000)


@given(slots=SLOTS, lots=LOTS, efficiency_ppm=EFFICIENCY, method=st.sampled_from(Method))
@settings(max_examples=150)
def test_it_agrees_with_the_oracle_and_every_source_adds_up(slots, lots, efficiency_ppm, method):
    found = trace(
        columns(slots),
        method=method,
        efficiency_ppm=efficiency_ppm,
        lots=[Lot(lot_id=str(number), wh=wh) for number, wh in enumerate(lots)],
    )

    told = follow(slots, efficiency_ppm=efficiency_ppm, fifo=method is Method.FIFO, lots=lots)
    assert list(found.charged) == told["charged"]
    assert list(found.delivered) == told["delivered"]
    assert list(found.lost) == told["lost"]
    assert list(found.closing) == told["closing"]
    assert found.unattributed_wh == told["unknown"]
    assert sum(found.charged) == sum(slot["charge"] or 0 for slot in slots)
    assert found.discharged_wh == sum(slot["discharge"] or 0 for slot in slots)
    for source in range(len(found.sources)):
        came = found.opening[source] + found.charged[source]
        assert came == found.delivered[source] + found.lost[source] + found.closing[source]
        assert sum(move.delivered[source] for move in found.moves) == found.delivered[source]
        assert sum(move.charged[source] for move in found.moves) == found.charged[source]
    assert all(part >= 0 for move in found.moves for part in (*move.lost, *move.delivered))
    for number, lot in enumerate(lots):
        by_slot = {move.slot: move.charged[2 + number] for move in found.moves}
        assert all(wh <= lot.get(slot, 0) for slot, wh in by_slot.items())


@given(slots=SLOTS, cut=st.integers(0, 25), efficiency_ppm=EFFICIENCY, method=st.sampled_from(Method))
def test_two_stretches_one_after_the_other_are_one(slots, cut, efficiency_ppm, method):
    whole = trace(columns(slots), method=method, efficiency_ppm=efficiency_ppm)
    before = trace(columns(slots[:cut]), method=method, efficiency_ppm=efficiency_ppm)

    after = trace(
        columns(slots[cut:]),
        method=method,
        efficiency_ppm=efficiency_ppm,
        opening=before.layers,
        first_slot=len(slots[:cut]),
    )

    assert before.moves + after.moves == whole.moves
    assert after.closing == whole.closing
    assert sum(link.delivered_wh for link in before.links + after.links) == sum(
        link.delivered_wh for link in whole.links
    )


@given(slots=SLOTS, efficiency_ppm=EFFICIENCY)
def test_without_lots_pro_rata_is_what_is_frozen_and_billed(slots, efficiency_ppm):
    found = trace(columns(slots), method=Method.PRO_RATA, efficiency_ppm=efficiency_ppm)

    billed = attribute(
        [
            SlotEnergy(
                load_wh=slot["load"],
                pv_wh=slot["pv"],
                storage_charge_wh=slot["charge"],
                storage_discharge_wh=slot["discharge"],
                grid_import_wh=slot["bought"],
                grid_export_wh=0,
            )
            for slot in slots
        ],
        efficiency_ppm=efficiency_ppm,
    )
    assert found.delivered == (billed.delivered.pv_wh, billed.delivered.grid_wh)
    assert found.closing == (billed.closing.pv_wh, billed.closing.grid_wh)
    assert found.lost == (billed.lost.pv_wh, billed.lost.grid_wh)
    assert found.renewable_wh == billed.delivered.pv_wh


def test_what_is_in_store_before_comes_out_first():
    found = trace(
        columns(CHARGES), method=Method.FIFO, efficiency_ppm=1_000_000, opening=[Layer(slot=None, source=1, wh=5)]
    )

    assert found.links[0] == Link(charged=None, discharged=2, source=1, drawn_wh=5, delivered_wh=5)
    assert found.delivered == (45, 5)
