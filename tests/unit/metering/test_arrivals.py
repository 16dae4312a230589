"""Whatever the order, the split and the repetition: the totals are those of a plain oracle."""

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.metering.arrivals import Rejection, Sorter, slot_at
from domain.metering.model import ChannelDay, Quantity, Tick
from domain.metering.usecases import (
    FreezeMonth,
    OpenSite,
    TakeReadings,
    freeze_month,
    merge_readings,
    open_site,
    take_together,
)
from domain.shared.actor import Role
from domain.shared.identifiers import ContractId, TenantId
from domain.shared.time import SLOT, Month
from tests.fakes.metering import MemoryMeteringWork
from tests.fakes.system import CountedIds, FixedClock, someone

NOW = datetime(2026, 8, 15, tzinfo=UTC)
START = datetime(2026, 6, 30, 15, tzinfo=UTC)
TENANT = TenantId(4)
OWN = someone(Role.TENANT_ADMIN, tenant_id=4)
FIRST = slot_at("2026-07-01T00:00:00+09:00")


class House:
    """A tenant's site whose readings are sent to the door."""

    def __init__(self):
        self.work, self.ids, self.clock = MemoryMeteringWork(), CountedIds(), FixedClock(NOW)

    async def open(self):
        self.site = await open_site(
            OpenSite(
                actor=someone(Role.OPERATOR),
                tenant_id=TENANT,
                name_ko="순환금속",
                name_en="Sunhwan Metal",
                address_ko="경기도 안산시",
                kepco_customer_no="01",
                contract_power_w=300_000,
                quantities=(Quantity.LOAD, Quantity.PV, Quantity.STORAGE_SOC),
            ),
            work=self.work,
            ids=self.ids,
            clock=self.clock,
        )
        return self

    async def send(self, fill):
        sorter = Sorter(now=self.clock.now())
        fill(sorter)
        wish = TakeReadings(actor=OWN, tenant_id=TENANT, arrived=sorter.arrived(), content=b"ab")
        before = deepcopy(self.work)
        reports = await take_together([wish], work=self.work, clock=self.clock)
        if reports is not None:
            return reports[0]
        self.work = before  # what the journey does: nothing of the first try is committed
        return await merge_readings(wish, work=self.work, ids=self.ids, clock=self.clock)

    async def freeze(self):
        return await freeze_month(
            FreezeMonth(
                actor=someone(Role.OPERATOR),
                tenant_id=TENANT,
                site_id=self.site.site_id,
                contract_id=ContractId(self.ids.new()),
                month=Month(2026, 7),
                accept_gap=True,
            ),
            work=self.work,
            ids=self.ids,
            clock=self.clock,
        )

    async def kept(self):
        blocks = await self.work.readings.day_blocks(TENANT, [1, 2, 3], first_on=START.date(), last_on=NOW.date())
        return {
            (channel, datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=9) + index * SLOT): value
            for (channel, day), block in blocks.items()
            for index, value in enumerate(block.values)
            if value is not None
        }


readings = st.dictionaries(
    st.tuples(st.integers(1, 2), st.integers(0, 300)), st.integers(0, 2**31 - 1), min_size=1, max_size=60
)


def test_a_days_only_value_is_a_tick_and_a_second_makes_a_day_of_it():
    sorter = Sorter(now=NOW)
    sorter.rows([(2, FIRST + 5, 7), (1, FIRST + 96, 3), (1, FIRST, 1), (3, FIRST, 4)], place=str)
    sorter.rows([(1, FIRST + 95, 2), (3, FIRST, 4)], place=str)

    arrived = sorter.arrived()

    day, next_day = date(2026, 7, 1), date(2026, 7, 2)
    one_two = ChannelDay(channel_id=1, day=day, values=(1, *[None] * 94, 2))
    assert arrived.ticks == (Tick(1, next_day, 0, 3), Tick(2, day, 5, 7))
    assert arrived.days == (one_two, ChannelDay(channel_id=3, day=day, values=(4, *[None] * 95)))
    assert (arrived.duplicate, dict(arrived.places)) == (1, {2: "0", 1: "1", 3: "3"})
    whole = arrived.in_days()
    assert (whole.ticks, [(one.day, one.channel_id) for one in whole.days]) == (
        (),
        [(day, 1), (day, 2), (day, 3), (next_day, 1)],
    )
    assert whole.days[1].values == (*[None] * 5, 7, *[None] * 90)
    assert whole.in_days() is whole


def test_a_value_of_another_length_of_slots_is_a_day():
    sorter = Sorter(now=NOW, minutes=60)
    sorter.rows([(1, slot_at("2026-07-01T23:00:00+09:00", 60), 7)], place=str)

    arrived = sorter.arrived()

    assert (arrived.ticks, arrived.days) == (
        (),
        (ChannelDay(channel_id=1, day=date(2026, 7, 1), values=(*[None] * 23, 7)),),
    )


@settings(max_examples=60, deadline=None)
@given(readings, st.randoms(use_true_random=False), st.integers(1, 9), st.booleans())
async def test_any_order_any_split_and_any_repetition_give_the_readings_of_the_oracle(said, random, parts, as_series):
    # The oracle: what was said, slot by slot. No slot is there twice, and none that nobody said.
    oracle = {(channel, START + index * SLOT): wh for (channel, index), wh in said.items()}
    rows = [(channel, index, wh) for (channel, index), wh in said.items()]
    sent = rows + random.choices(rows, k=len(rows))
    random.shuffle(sent)
    house = await House().open()
    accepted = duplicate = 0
    for part in (sent[first::parts] for first in range(parts)):

        def fill(sorter, part=part):
            if as_series:
                for channel, index, wh in part:
                    sorter.series(channel, FIRST + index, [None, wh, None], place="s", plain=True) if index else None
                    sorter.rows([(channel, FIRST, wh)] if not index else [], place=str)
            else:
                sorter.rows([(channel, FIRST + index, wh) for channel, index, wh in part], place=str)

        report = await house.send(fill)
        accepted += report.accepted
        duplicate += report.duplicate
        assert (report.rejected, report.conflicting) == (0, 0)

    kept = await house.kept()
    if as_series:  # a series that starts a slot early, with nothing to say of it
        oracle = {(channel, at + SLOT if at != START else at): wh for (channel, at), wh in oracle.items()}
    assert kept == oracle
    assert (accepted, accepted + duplicate) == (len(oracle), len(sent))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 400), st.lists(st.none() | st.integers(0, 9), max_size=400))
async def test_a_series_is_the_same_as_its_rows(first, values):
    as_series, as_rows = await House().open(), await House().open()
    rows = [(1, FIRST + first + step, wh) for step, wh in enumerate(values) if wh is not None]

    one = await as_series.send(lambda s: s.series(1, FIRST + first, values, place="s", plain=True))
    two = await as_rows.send(lambda s: s.rows(rows, place=str))

    assert one == two
    assert await as_series.kept() == await as_rows.kept()


async def test_the_order_of_contradictions_does_not_matter():
    for values in ([5, 7, 5], [7, 5, 5], [5, 7]):
        house = await House().open()
        report = await house.send(lambda s, v=values: s.rows([(1, FIRST, wh) for wh in v], place=str))
        assert await house.kept() == {}
        assert report.rejected + report.duplicate == len(values)
        assert {entry.reason for entry in report.rejections} == {Rejection.CONTRADICTORY}


async def test_what_comes_late_for_a_frozen_month_is_a_revision_and_counted_late():
    house = await House().open()
    await house.send(lambda s: s.rows([(1, FIRST, 5)], place=str))
    frozen = await house.freeze()

    same = await house.send(lambda s: s.rows([(1, FIRST, 5)], place=str))
    late = await house.send(lambda s: s.rows([(1, FIRST + 1, 6), (1, FIRST + 96, 7)], place=str))

    assert (same.accepted, same.duplicate, same.late) == (0, 1, 0)
    assert (late.accepted, late.duplicate, late.late) == (2, 0, 2)
    day = Month(2026, 7).first_on
    blocks = await house.work.readings.blocks(TENANT, [(1, day)])
    assert blocks[1, day].revision == 1
    assert frozen.usage.load_wh == 5


async def test_late_values_beside_a_conflict_are_late_in_the_import_too():
    house = await House().open()
    await house.send(lambda s: s.rows([(1, FIRST, 5)], place=str))
    await house.freeze()

    said = await house.send(lambda s: s.rows([(1, FIRST, 6), (1, FIRST + 1, 6)], place=str))

    (kept,) = await house.work.reading_imports.of_site(TENANT, house.site.site_id, limit=9)
    assert (said.late, kept.late, kept.conflicting) == (1, 1, 1)


async def test_when_something_was_known_is_said_once_it_is_its_turn():
    house = await House().open()
    await house.send(lambda s: s.rows([(1, FIRST, 5)], place=str))
    later = NOW + timedelta(minutes=1)

    async def wait(_tenant_id):
        house.clock.at = later

    house.work.readings.hold = wait
    sorter = Sorter(now=NOW)
    sorter.rows([(1, FIRST + 1, 6)], place=str)
    wish = TakeReadings(actor=OWN, tenant_id=TENANT, arrived=sorter.arrived(), content=b"ab")
    await merge_readings(wish, work=house.work, ids=house.ids, clock=house.clock)

    blocks = await house.work.readings.blocks(TENANT, [(1, Month(2026, 7).first_on)])
    assert [fill.at for fill in blocks[1, Month(2026, 7).first_on].fills] == [later]


async def test_nothing_at_all_is_a_report_of_nothing():
    report = await (await House().open()).send(lambda s: s.series(1, FIRST, [None] * 5, place="s", plain=True))

    assert (report.accepted, report.duplicate, report.rejected) == (0, 0, 0)


async def test_rejections_are_counted_and_the_first_hundred_named():
    report = await (await House().open()).send(lambda s: s.rows([(1, FIRST, -1)] * 150, place=lambda n: f"r{n}"))

    assert (report.rejected, len(report.rejections), report.rejections[99].place) == (150, 100, "r99")


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("1970-01-01T00:00:00+09:00", 0),
        ("2026-04-15T15:00:00Z", 1_973_628 + 36),
        ("2026-04-16t00:00:00.000+09:00", 1_973_628 + 36),
        ("1969-12-31T00:00:00Z", 0),
        ("2026-04-16T00:00:00", -2),
        ("2026-04-16", -1),
        ("2026-04-16T24:00:00Z", -1),
        ("2026-04-16T00:00:01Z", -3),
        ("", -1),
    ],
)
def test_an_instant_is_a_slot_of_the_grid_or_is_named(text, slot):
    assert slot_at(text) == slot
