"""Lots of purchase contracts: spread over what the meter counted, each Wh once, and never beyond what there is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.metering.inventory import Columns, Method, trace
from domain.metering.lots import PpaLot, PpaLotId, delivered, uses
from domain.shared.identifiers import SiteId, TenantId

FIRST = date(2026, 7, 1)
AT = datetime(2026, 8, 1, tzinfo=UTC)


def lot(certificate="PPA-1", *, days=(0, 1), wh=100, **more):
    first, until = days
    return PpaLot(
        **{
            "lot_id": PpaLotId(UUID(int=1)),
            "tenant_id": TenantId(4),
            "site_id": SiteId(UUID(int=2)),
            "certificate_id": certificate,
            "from_on": FIRST + timedelta(days=first),
            "until_on": FIRST + timedelta(days=until),
            "wh": wh,
            "entered_by": "김입주",
            "entered_at": AT,
        }
        | more
    )


def bought(**slots):
    values = [0] * 192
    for place, wh in slots.items():
        values[int(place[1:])] = wh
    return values


def test_a_lot_is_spread_by_what_the_meter_counted_in_its_days():
    [spread] = delivered([lot(wh=90)], bought(s0=100, s5=200, s96=500), first_on=FIRST)

    assert spread.wh == {0: 30, 5: 60}


def test_a_lot_gives_no_more_than_the_meter_counted_and_the_next_only_what_is_left():
    lots = [lot("B", wh=1_000), lot("A", wh=250)]

    first, second = delivered(lots, bought(s0=100, s5=200), first_on=FIRST)

    assert (first.lot_id, first.wh) == ("A", {0: 83, 5: 167})
    assert (second.lot_id, second.wh) == ("B", {0: 17, 5: 33})


def test_without_a_reading_nothing_is_delivered():
    [spread] = delivered([lot()], [None] * 96, first_on=FIRST)

    assert spread.wh == {}


def test_what_became_of_a_lot_adds_up_to_it():
    columns = Columns(
        load=[60, 0, 30], pv=[0, 0, 0], charge=[40, 0, 0], discharge=[0, 0, 30], bought=[100, 0, 0], sold=[0, 0, 0]
    )
    lots = [lot(wh=130)]
    spread = delivered(lots, columns.bought, first_on=FIRST)

    [use] = uses(lots, spread, trace(columns, method=Method.FIFO, efficiency_ppm=1_000_000, lots=spread))

    assert (use.stored_wh, use.used_at_once_wh, use.unused_wh) == (40, 60, 30)


@pytest.mark.parametrize("wrong", [{"wh": 0}, {"days": (1, 1)}, {"certificate": ""}])
def test_a_lot_without_energy_days_or_a_certificate_is_none(wrong):
    with pytest.raises(ValueError, match="a lot has"):
        lot(**wrong)


def test_a_voided_lot_stood_before_it_was_voided():
    voided = replace(lot(), voided_by="김입주", voided_at=AT + timedelta(days=2))

    assert not voided.stood_at(None)
    assert voided.stood_at(AT + timedelta(days=1))
    assert not voided.stood_at(AT - timedelta(days=1))
    assert lot().stood_at(None)


WH = st.integers(0, 400)
SLOTS = st.lists(
    st.fixed_dictionaries({"pv": WH, "load": WH, "charge": WH, "discharge": WH, "bought": WH | st.none()}),
    min_size=1,
    max_size=24,
)
LOTS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 2_000)), max_size=4)


@settings(max_examples=120, deadline=None)
@given(slots=SLOTS, told=LOTS, efficiency_ppm=st.integers(700_000, 1_000_000), method=st.sampled_from(Method))
def test_the_sources_add_up_to_what_was_metered_and_no_lot_is_overdrawn(slots, told, efficiency_ppm, method):
    columns = Columns(
        load=[one["load"] for one in slots],
        pv=[one["pv"] for one in slots],
        charge=[one["charge"] for one in slots],
        discharge=[one["discharge"] for one in slots],
        bought=[one["bought"] for one in slots],
        sold=[0] * len(slots),
    )
    lots = [lot(f"C{number}", days=(first, 2), wh=wh) for number, (first, wh) in enumerate(told)]
    spread = delivered(lots, columns.bought, first_on=FIRST)
    found = trace(columns, method=method, efficiency_ppm=efficiency_ppm, lots=spread)

    assert sum(found.charged) == sum(columns.charge)
    assert found.discharged_wh == sum(columns.discharge)
    for source in range(len(found.sources)):
        assert found.opening[source] + found.charged[source] == (
            found.delivered[source] + found.lost[source] + found.closing[source]
        )
    for slot, wh in enumerate(columns.bought):
        assert sum(one.wh.get(slot, 0) for one in spread) <= (wh or 0)
    for use in uses(lots, spread, found):
        assert use.stored_wh + use.used_at_once_wh + use.unused_wh == use.lot.wh
        assert min(use.stored_wh, use.used_at_once_wh, use.unused_wh) >= 0
