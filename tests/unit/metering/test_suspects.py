"""The rules that name what looks wrong in stored days; each kind is found here, and not without its cause."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.metering.meters import Meter, MeterDevice, MeterKind
from domain.metering.model import Channel, MeterId, Quantity
from domain.metering.registers import RegisterReading
from domain.metering.suspects import ESTIMABLE, STORED_KINDS, VALUE_KINDS, Judged, judge
from domain.metering.usage import site_days
from domain.metering.validation import FindingKind
from domain.shared.identifiers import ChannelId, SiteId, TenantId
from domain.shared.time import day_start

FIRST = date(2026, 7, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(-28, 31)]
METER = MeterId(UUID(int=9))
NUMBERS = {quantity: ChannelId(number) for number, quantity in enumerate(Quantity, start=1)}
TOLD = datetime(2026, 1, 1, tzinfo=UTC)


class Block:
    def __init__(self, values):
        self.values = values


def channel(quantity, *, slot_minutes=15):
    return Channel(
        channel_id=NUMBERS[quantity],
        tenant_id=TenantId(4),
        site_id=SiteId(UUID(int=1)),
        quantity=quantity,
        meter_id=METER,
        slot_minutes=slot_minutes,
    )


METER_OF_ALL = Meter(
    meter_id=METER,
    tenant_id=TenantId(4),
    site_id=SiteId(UUID(int=1)),
    kind=MeterKind.GRID,
    devices=(
        MeterDevice(
            epoch=0,
            serial="",
            digits=9,
            count_wh=1,
            verified_until=None,
            from_at=None,
            recorded_by="",
            recorded_at=TOLD,
        ),
    ),
)


def day_of(quantity, day, count=96):
    """A day that balances with the others: import covers what load and charge take beyond pv and discharge."""
    n = (day - FIRST).days % 7
    load = [500 + slot * 3 + n for slot in range(count)]
    charge = [40] * 4 + [0] * (count - 4)
    discharge = [0] * (count - 4) + [36] * 4
    pv = [0] * (count // 2) + [20 + n, 30 + n] * 4 + [0] * (count // 2 - 8)
    match quantity:
        case Quantity.LOAD:
            return load
        case Quantity.STORAGE_CHARGE:
            return charge
        case Quantity.STORAGE_DISCHARGE:
            return discharge
        case Quantity.PV:
            return pv
        case Quantity.GRID_EXPORT:
            return [0] * count
        case Quantity.STORAGE_SOC:
            return [5_000] * count
        case Quantity.AUXILIARY:
            return [25] * count
        case Quantity.GRID_IMPORT:
            return [load[s] + charge[s] - discharge[s] - pv[s] for s in range(count)]


def judged(quantities=tuple(Quantity), changes=(), without=(), **more):
    """59 days of a site of which the last 31 are judged; `changes` are (quantity, day, slot, value or None)."""
    channels = [channel(quantity) for quantity in quantities]
    days = {one.channel_id: {day: day_of(one.quantity, day) for day in DAYS} for one in channels}
    for quantity, day, slot, value in changes:
        days[NUMBERS[quantity]][FIRST + timedelta(days=day)][slot] = value
    for quantity, day in without:
        del days[NUMBERS[quantity]][FIRST + timedelta(days=day)]
    whole = {number: {day: tuple(values) for day, values in listed.items()} for number, listed in days.items()}
    blocks = {(number, day): Block(values) for number, listed in whole.items() for day, values in listed.items()}
    return replace(
        Judged(
            first_on=FIRST,
            last_on=DAYS[-1],
            channels=channels,
            days=whole,
            begun_on=dict.fromkeys(whole, DAYS[0]),
            site=site_days(channels, blocks),
            rated_w={},
            usable_wh=None,
            meters=[METER_OF_ALL],
            reads={},
        ),
        **more,
    )


def found(one):
    return [(s.kind.value, s.channel_id, (s.day - FIRST).days, s.slot, s.slots) for s in judge(one)]


LOAD, GRID, CHARGE = NUMBERS[Quantity.LOAD], NUMBERS[Quantity.GRID_IMPORT], NUMBERS[Quantity.STORAGE_CHARGE]


def test_a_plain_month_has_no_findings_and_the_same_days_are_judged_the_same():
    assert judge(judged(usable_wh=10_000)) == ()
    wrong = judged(changes=[(Quantity.LOAD, 3, 40, 90_000)])

    assert judge(wrong) == judge(wrong) != ()


def test_a_spike_names_its_slot_and_upsets_the_balance():
    assert found(judged(changes=[(Quantity.LOAD, 6, 40, 60_000)])) == [
        ("imbalance", None, 6, 40, 1),
        ("spike", LOAD, 6, 40, 1),
    ]


def test_a_frozen_run_over_midnight_is_one_of_each_day():
    frozen = [(Quantity.LOAD, 4, slot, 777) for slot in range(90, 96)]
    frozen += [(Quantity.LOAD, 5, slot, 777) for slot in range(4)]

    assert found(judged((Quantity.LOAD,), changes=frozen)) == [("frozen", LOAD, 4, 90, 6), ("frozen", LOAD, 5, 0, 4)]
    assert found(judged((Quantity.LOAD,), changes=frozen[:7])) == []


def test_what_may_stand_still_is_not_frozen():
    assert found(judged((Quantity.AUXILIARY, Quantity.STORAGE_CHARGE, Quantity.STORAGE_SOC))) == []


@pytest.mark.parametrize(
    ("minutes", "run", "is_found"), [(1, 119, False), (1, 120, True), (60, 7, False), (60, 8, True)]
)
def test_shorter_slots_are_frozen_after_two_hours(minutes, run, is_found):
    count = 1440 // minutes
    one = channel(Quantity.LOAD, slot_minutes=minutes)
    values = tuple([7] * run + [1 + slot % 3 for slot in range(count - run)])
    stored = judged((Quantity.LOAD,), channels=[one], days={LOAD: {FIRST: values}}, begun_on={}, site={}, meters=[])

    assert [one.kind for one in judge(stored)] == [FindingKind.FROZEN] * is_found


def test_a_day_a_thousand_times_the_usual_one_has_the_wrong_unit_and_no_spikes():
    changes = [
        (Quantity.LOAD, 2, slot, value * 1_000)
        for slot, value in enumerate(day_of(Quantity.LOAD, FIRST + timedelta(days=2)))
    ]

    assert found(judged((Quantity.LOAD,), changes=changes)) == [("unit-slip", LOAD, 2, 0, 96)]


def test_more_than_the_rated_power_gives_is_named_with_its_limit():
    rated = {Quantity.GRID_IMPORT: dict.fromkeys(DAYS, 4_000)}
    stored = judged((Quantity.GRID_IMPORT,), changes=[(Quantity.GRID_IMPORT, 1, 60, 1_101)], rated_w=rated)
    at_limit = judged((Quantity.GRID_IMPORT,), changes=[(Quantity.GRID_IMPORT, 1, 60, 1_100)], rated_w=rated)

    assert found(stored) == [("above-rating", GRID, 1, 60, 1)]
    assert judge(stored)[0].detail == "1101 Wh where 4000 W allow 1100 Wh"
    assert found(at_limit) == []


def test_each_run_of_missing_slots_is_a_gap_and_a_channel_that_never_sent_is_not_missed():
    gap = judged((Quantity.LOAD,), changes=[(Quantity.LOAD, 8, slot, None) for slot in (3, 4, 9)])

    assert found(gap) == [("gap", LOAD, 8, 3, 2), ("gap", LOAD, 8, 9, 1)]
    assert found(judged((Quantity.LOAD,), without=[(Quantity.LOAD, 9)])) == [("gap", LOAD, 9, 0, 96)]
    assert found(judged((Quantity.LOAD,), days={}, begun_on={})) == []
    later = judged((Quantity.LOAD,), without=[(Quantity.LOAD, 0)], begun_on={LOAD: FIRST + timedelta(days=1)})
    assert found(later) == []


@pytest.mark.parametrize(
    ("more_wh", "is_found"),
    [
        pytest.param(4, False, id="rounding"),
        pytest.param(9, False, id="within 2 %"),
        pytest.param(12, True, id="above"),
    ],
)
def test_meters_that_do_not_agree_are_named_a_day_at_a_time(more_wh, is_found):
    was = day_of(Quantity.GRID_IMPORT, FIRST + timedelta(days=3))
    changes = [(Quantity.GRID_IMPORT, 3, slot, was[slot] + more_wh) for slot in (10, 20)]

    assert found(judged(changes=changes)) == [("imbalance", None, 3, 10, 2)] * is_found


def test_two_kilowatt_hours_are_too_much_whatever_the_share():
    grid = [200_000 + slot for slot in range(96)]
    changes = [(Quantity.GRID_IMPORT, day, slot, grid[slot]) for day in range(-28, 31) for slot in range(96)]
    changes += [(Quantity.LOAD, day, slot, grid[slot]) for day in range(-28, 31) for slot in range(96)]
    even = [(Quantity.STORAGE_CHARGE, day, slot, 0) for day in range(-28, 31) for slot in range(96)]
    even += [(Quantity.STORAGE_DISCHARGE, day, slot, 0) for day in range(-28, 31) for slot in range(96)]
    even += [(Quantity.PV, day, slot, 0) for day in range(-28, 31) for slot in range(96)]
    wrong = (Quantity.LOAD, 3, 50, grid[50] - 2_001)

    assert found(judged(changes=[*changes, *even])) == []
    assert found(judged(changes=[*changes, *even, wrong])) == [("imbalance", None, 3, 50, 1)]


def test_a_silent_meter_leaves_the_balance_unjudged():
    changes = [(Quantity.GRID_IMPORT, 3, 10, None)]

    assert [one[0] for one in found(judged(changes=changes))] == ["gap"]


def test_a_storage_whose_charge_does_not_move_its_state_of_charge_drifts():
    charge = [(Quantity.STORAGE_CHARGE, 3, slot, 100) for slot in range(96)]
    grid = day_of(Quantity.GRID_IMPORT, FIRST + timedelta(days=3))
    was = day_of(Quantity.STORAGE_CHARGE, FIRST + timedelta(days=3))
    bought = [(Quantity.GRID_IMPORT, 3, slot, grid[slot] + 100 - was[slot]) for slot in range(96)]
    stored = judged(changes=[*charge, *bought], usable_wh=10_000)

    assert found(stored) == [("storage-drift", None, 3, 0, 96)]
    assert found(replace(stored, usable_wh=None)) == []


@pytest.mark.parametrize(("counted", "is_found"), [(0, False), (2, False), (3, True)])
def test_slots_that_do_not_sum_to_what_the_register_counted_are_named(counted, is_found):
    values = day_of(Quantity.LOAD, FIRST + timedelta(days=5))
    start = day_start(FIRST + timedelta(days=5)) + timedelta(minutes=15 * 8)
    end = start + timedelta(minutes=15 * 4)
    total = sum(values[8:12])
    reads = [
        RegisterReading(channel_id=LOAD, epoch=0, read_at=start, value=1_000),
        RegisterReading(channel_id=LOAD, epoch=0, read_at=end, value=1_000 + total + counted),
    ]

    stored = judged((Quantity.LOAD,), reads={LOAD: reads})

    assert found(stored) == [("register-mismatch", LOAD, 5, 8, 4)] * is_found


def test_every_kind_of_stored_days_is_found_here():
    text = Path(__file__).read_text("utf-8")

    assert [kind.value for kind in STORED_KINDS if f'"{kind.value}"' not in text] == []
    assert VALUE_KINDS < ESTIMABLE < STORED_KINDS
