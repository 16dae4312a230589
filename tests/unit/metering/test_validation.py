"""The rules that name what looks wrong in a channel's days and registers."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.metering.model import Quantity
from domain.metering.validation import (
    FindingKind,
    RegisterRead,
    Thresholds,
    judge_registers,
    judge_series,
)

FIRST = date(2026, 7, 1)
AT = datetime(2026, 7, 1, tzinfo=UTC)


def month(**changes):
    """28 days of a work's load, of which no two neighbouring values are equal; `changes` are dNN_SS=value."""
    days = {FIRST + timedelta(days=n): [500 + slot * 3 + n for slot in range(96)] for n in range(28)}
    for place, value in changes.items():
        day, slot = place[1:].split("_")
        days[FIRST + timedelta(days=int(day))][int(slot)] = value
    return {day: tuple(values) for day, values in days.items()}


def kinds(found):
    return [(one.kind.value, one.at) for one in found]


def slot_at(day, slot):
    return datetime(2026, 6, 30, 15, tzinfo=UTC) + timedelta(days=day, minutes=15 * slot)


def test_a_plain_month_has_no_findings():
    assert judge_series(Quantity.LOAD, month(), channel="load") == []


def test_a_value_far_beyond_its_like_days_is_a_spike_with_its_place():
    found = judge_series(Quantity.LOAD, month(d6_40=60_000), channel="load")

    assert kinds(found) == [("spike", slot_at(6, 40))]
    assert found[0].channel == "load"
    assert found[0].detail == "60000 where like days have 629"


def test_where_a_spike_begins_may_be_chosen():
    days = month(d6_40=3_000)

    assert judge_series(Quantity.LOAD, days, channel="load") == []
    assert len(judge_series(Quantity.LOAD, days, channel="load", thresholds=Thresholds(spike_factor=4))) == 1


def test_a_sunny_day_after_cloudy_ones_is_no_spike():
    days = {FIRST + timedelta(days=n): tuple([0] * 40 + [100 + n] * 7 + [0] * 49) for n in range(20)}
    days[FIRST + timedelta(days=20)] = tuple([0] * 40 + [140 + n for n in range(7)] + [0] * 49)

    assert judge_series(Quantity.PV, days, channel="pv") == []


def test_a_pv_value_at_night_is_a_spike():
    days = {FIRST + timedelta(days=n): tuple([0] * 40 + [100 + n + s for s in range(16)] + [0] * 40) for n in range(20)}
    days[FIRST] = tuple([900 if slot == 4 else value for slot, value in enumerate(days[FIRST])])

    assert kinds(judge_series(Quantity.PV, days, channel="pv")) == [("spike", slot_at(0, 4))]


@pytest.mark.parametrize(("count", "found"), [(7, []), (8, [("frozen", slot_at(3, 10))])])
def test_eight_equal_values_are_frozen_and_seven_are_not(count, found):
    days = month(**{f"d3_{slot}": 777 for slot in range(10, 10 + count)})

    assert kinds(judge_series(Quantity.LOAD, days, channel="load")) == found


def test_a_frozen_run_goes_over_midnight_and_ends_at_a_gap():
    over = month(**{f"d3_{slot}": 777 for slot in range(90, 96)}, **{f"d4_{slot}": 777 for slot in range(4)})
    assert kinds(judge_series(Quantity.LOAD, over, channel="load")) == [("frozen", slot_at(3, 90))]

    cut = month(**{f"d3_{slot}": 777 for slot in range(90, 96)}, **{f"d5_{slot}": 777 for slot in range(4)})
    del cut[FIRST + timedelta(days=4)]
    assert judge_series(Quantity.LOAD, cut, channel="load") == []


def test_a_storage_at_its_limit_and_a_meter_at_zero_are_not_frozen():
    days = {FIRST: (25_000,) * 40 + (0,) * 56}

    assert judge_series(Quantity.STORAGE_CHARGE, days, channel="storage_charge") == []
    assert kinds(judge_series(Quantity.LOAD, days, channel="load")) == [("frozen", slot_at(0, 0))]
    assert judge_series(Quantity.STORAGE_SOC, {FIRST: (9_000,) * 96}, channel="storage_soc") == []


@pytest.mark.parametrize(("times", "over", "said"), [(1_000, 1, "about 992 times"), (1, 1_000, "about 1/")])
def test_a_day_in_another_unit_is_named_once_and_not_slot_by_slot(times, over, said):
    days = month()
    day = FIRST + timedelta(days=9)
    days[day] = tuple(value * 1_000 * times // over // 1_000 or 1 for value in days[day])

    found = judge_series(Quantity.GRID_IMPORT, days, channel="grid_import")

    assert FindingKind.UNIT_SLIP in {one.kind for one in found}
    assert [one.at for one in found if one.kind is FindingKind.UNIT_SLIP] == [slot_at(9, 0)]
    assert FindingKind.SPIKE not in {one.kind for one in found}
    assert said in found[0].detail


def reads(*values, epoch=0, first=0):
    return [
        RegisterRead(read_at=AT + timedelta(hours=first + n), value_wh=value, epoch=epoch, row=n + 2)
        for n, value in enumerate(values)
    ]


def test_a_register_counts_by_differences():
    uses, found = judge_registers(reads(100, 150, 150, 275), channel="c", digits=6)

    assert [use.wh for use in uses] == [50, 0, 125]
    assert found == ()


def test_a_register_that_passes_its_last_figure_rolls_over_and_loses_nothing():
    uses, found = judge_registers(reads(999_900, 40), channel="c", digits=6)

    assert [use.wh for use in uses] == [140]
    assert [(one.kind, one.row) for one in found] == [(FindingKind.REGISTER_ROLLOVER, 3)]


def test_a_register_that_just_falls_is_a_drop_and_counts_nothing():
    uses, found = judge_registers(reads(500_000, 400_000), channel="c", digits=6)

    assert uses == ()
    assert [one.kind for one in found] == [FindingKind.REGISTER_DROP]


def test_an_exchange_is_never_negative_usage():
    old, new = reads(990_000, 990_500), reads(3, 10, epoch=1, first=2)

    uses, found = judge_registers([*new, *old], channel="c", digits=6)

    assert [use.wh for use in uses] == [500, 7]
    assert [(one.kind, one.at) for one in found] == [(FindingKind.REGISTER_EXCHANGE, AT + timedelta(hours=2))]


def test_two_reads_of_one_instant_are_named():
    same = RegisterRead(read_at=AT, value_wh=5, epoch=0)
    other = RegisterRead(read_at=AT, value_wh=6, epoch=0)

    assert judge_registers([same, same], channel="c", digits=6)[1][0].kind is FindingKind.IDENTICAL_DUPLICATE
    assert judge_registers([same, other], channel="c", digits=6)[1][0].kind is FindingKind.CONFLICTING_DUPLICATE
