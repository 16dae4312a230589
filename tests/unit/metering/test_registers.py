"""Registers against an oracle that knows the energy: any order, split, repetition, rollover, exchange."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.metering.arrivals import Sorters, slot_at
from domain.metering.errors import (
    MeterMoved,
    MeterSerialTaken,
    MeterUnknown,
    ReadingInFuture,
    RegisterDiffers,
    RegisterTooShort,
    RegisterUnread,
)
from domain.metering.estimating import ProposeEstimates, propose_estimates
from domain.metering.meters import Meter, MeterDevice, MeterKind, MeterRatio
from domain.metering.model import MeterId, Quantity, RevisionReason
from domain.metering.registering import Ends, ExchangeMeter, exchange_meter, take_registers
from domain.metering.registers import counted_wh
from domain.metering.usecases import OpenSite, TakeReadings, merge_readings, open_site
from domain.shared.actor import Role, RoleNotEnough
from domain.shared.identifiers import ChannelId, TenantId
from domain.shared.time import Month, seoul_day
from tests.fakes.metering import MemoryMeteringWork
from tests.fakes.system import CountedIds, FixedClock, someone

TENANT = TenantId(4)
START = datetime(2026, 6, 30, 14, 0, tzinfo=UTC)  # an hour before July in Seoul: reads cross a midnight
QUARTER = timedelta(minutes=15)
NOW = datetime(2026, 8, 1, tzinfo=UTC)
OPERATOR = someone(Role.OPERATOR)
CHANNEL = ChannelId(1)
SPAN = 10_000


class Place:
    """A site whose import meter has one register of four figures."""

    async def open(self, *, quantities=(Quantity.GRID_IMPORT,)):
        self.work, self.ids, self.clock = MemoryMeteringWork(), CountedIds(), FixedClock(NOW)
        wish = OpenSite(
            actor=OPERATOR,
            tenant_id=TENANT,
            name_ko="순환금속",
            name_en="Sunhwan Metal",
            address_ko="안산",
            kepco_customer_no="01",
            contract_power_w=300_000,
            quantities=quantities,
        )
        self.site = await open_site(wish, work=self.work, ids=self.ids, clock=self.clock)
        self.meter = (await self.work.meters.of_site(TENANT, self.site.site_id))[0]
        device = self.meter.device
        await self.work.meters.describe(TENANT, self.meter.meter_id, dataclass_with(device, digits=4))
        return self

    async def send(self, *reads, actor=OPERATOR):
        sorters = Sorters(now=self.clock.now())
        for place, (at, value, *more) in enumerate(reads):
            epoch, channel = more if len(more) == 2 else (*more, CHANNEL) if more else (None, CHANNEL)
            sorters.read(channel, at.isoformat(), value, epoch, place=f"registers[{place}]")
        wish = TakeReadings(actor=actor, tenant_id=TENANT, arrived=sorters.arrived(), content=b"ab")
        return Answer(await take_registers(wish, work=self.work, ids=self.ids, clock=self.clock))

    async def exchange(self, at, last, first, *, actor=OPERATOR, serial="N-2", **more):
        wish = ExchangeMeter(
            **{
                "actor": actor,
                "tenant_id": TENANT,
                "site_id": self.site.site_id,
                "meter_id": self.meter.meter_id,
                "at": at,
                "serial": serial,
                "digits": 4,
                "count_wh": 1,
                "verified_until": None,
                "ends": {CHANNEL: Ends(last=last, first=first)},
            }
            | more
        )
        return await exchange_meter(wish, work=self.work, ids=self.ids, clock=self.clock)

    async def blocks(self):
        return await self.work.readings.day_blocks(
            TENANT, [CHANNEL], first_on=seoul_day(START), last_on=seoul_day(START) + timedelta(days=3)
        )

    async def slots(self):
        """The kept slots by their count from START."""
        first_on = seoul_day(START)
        return {
            (day - first_on).days * 96 + index - 92: value
            for (_, day), block in (await self.blocks()).items()
            for index, value in enumerate(block.values)
            if value is not None
        }


class Answer:
    """What became of reads, in one."""

    def __init__(self, taken):
        self.rejected, self.rejections = taken.rejected, taken.rejections
        for name in type(taken.report).__dataclass_fields__:
            setattr(self, name, getattr(taken.report, name))


def dataclass_with(device, **changes):
    return MeterDevice(**{name: getattr(device, name) for name in MeterDevice.__dataclass_fields__} | changes)


@pytest.fixture
async def place():
    return await Place().open()


def border(number: int) -> datetime:
    return START + number * QUARTER


@dataclass(frozen=True)
class Story:
    """What truly flowed in each slot, which borders were read, and perhaps an exchange after a part of a slot."""

    energies: list[int]
    began: int
    unread: set[int]
    exchange: tuple[int, int, int] | None  # slot, minutes into it, what the new register shows first

    @property
    def exchanged_at(self):
        return None if self.exchange is None else border(self.exchange[0]) + timedelta(minutes=self.exchange[1])

    def ends(self):
        """Last of the old register and first of the new one; half of the slot's energy flowed before a part of it."""
        slot, minutes, first = self.exchange
        before = sum(self.energies[:slot]) + (self.energies[slot] // 2 if minutes else 0)
        return (self.began + before) % SPAN, first

    def reads(self):
        found = []
        for number in range(len(self.energies) + 1):
            flowed = self.began + sum(self.energies[:number])
            if self.exchange is not None and border(number) >= self.exchanged_at:
                slot, minutes, first = self.exchange
                old = self.began + sum(self.energies[:slot]) + (self.energies[slot] // 2 if minutes else 0)
                flowed = first + flowed - old
            if number not in self.unread:
                found.append((border(number), flowed % SPAN))
        return found

    def told(self):
        """Slots whose two borders were read: the oracle's answer. An exchange on a border tells both registers."""
        read = set(range(len(self.energies) + 1)) - self.unread
        ended, begun = set(read), set(read)
        if self.exchange is not None and self.exchange[1] == 0:
            ended.add(self.exchange[0])
            begun.add(self.exchange[0])
        return {
            number: energy for number, energy in enumerate(self.energies) if number in begun and number + 1 in ended
        }


@st.composite
def stories(draw):
    energies = draw(st.lists(st.integers(0, 900), min_size=2, max_size=12))
    exchange = draw(
        st.none()
        | st.tuples(st.integers(1, len(energies) - 1), st.sampled_from([0, 4, 7, 14]), st.integers(0, SPAN - 1))
    )
    return Story(
        energies=energies,
        began=draw(st.integers(0, SPAN - 1)),
        unread=set(draw(st.lists(st.integers(0, len(energies)), max_size=4))),
        exchange=exchange,
    )


@settings(max_examples=150, deadline=None)
@given(story=stories(), data=st.data())
async def test_slots_are_what_truly_flowed_in_whatever_order_parts_and_repetition_reads_come(story, data):
    place = await Place().open()
    reads = story.reads()
    sent = data.draw(
        st.permutations([*reads, *data.draw(st.lists(st.sampled_from(reads or [(START, 0)]), max_size=5))])
    )
    if not reads:
        sent = []
    told_after = data.draw(st.integers(0, len(sent)))
    position = 0
    while position < len(sent) or position == told_after:
        if position == told_after and story.exchange is not None:
            await place.exchange(story.exchanged_at, *story.ends())
        if position >= len(sent):
            break
        until = data.draw(st.integers(position + 1, told_after if position < told_after else len(sent)))
        report = await place.send(*sent[position:until])
        assert (report.conflicting, report.rejected) == (0, 0)
        position = until

    assert await place.slots() == story.told()


async def test_reads_on_the_borders_of_slots_fill_them_and_are_counted(place):
    report = await place.send((border(0), 100), (border(1), 130), (border(2), 175))

    assert (report.accepted, report.duplicate, report.slots) == (3, 0, 2)
    assert await place.slots() == {0: 30, 1: 45}


async def test_the_same_read_again_is_a_duplicate_and_another_value_conflicts_and_changes_nothing(place):
    await place.send((border(0), 100), (border(1), 130))

    again = await place.send((border(1), 130), (border(1), 130))
    other = await place.send((border(1), 131))

    assert (again.accepted, again.duplicate, again.conflicting) == (0, 2, 0)
    assert (other.accepted, other.conflicting, other.slots) == (0, 1, 0)
    assert [one.kind.value for one in other.findings] == ["conflicting-duplicate"]
    assert await place.slots() == {0: 30}


async def test_a_rollover_is_counted_and_named(place):
    report = await place.send((border(0), 9_990), (border(1), 20))

    assert await place.slots() == {0: 30}
    assert [(one.kind.value, one.at) for one in report.findings] == [("register-rollover", border(1))]


async def test_a_fall_that_is_no_rollover_fills_nothing_and_is_named(place):
    report = await place.send((border(0), 5_000), (border(1), 4_000))

    assert await place.slots() == {}
    assert [one.kind.value for one in report.findings] == ["register-drop"]


async def test_reads_hours_apart_fill_nothing_and_name_the_gap_with_its_sum(place):
    report = await place.send((border(0), 100), (border(8), 900))

    assert await place.slots() == {}
    assert [(one.kind.value, one.detail) for one in report.findings] == [
        ("gap", "8 slots without a read, 800 Wh over them")
    ]


async def test_a_read_between_borders_is_kept_and_fills_nothing(place):
    await place.send((border(0), 100), (border(0) + timedelta(minutes=7), 110), (border(1), 130))

    assert await place.slots() == {0: 30}


async def test_the_transformers_ratio_multiplies_and_parts_add_up_to_the_whole(place):
    ratio = MeterRatio(from_on=seoul_day(START), numerator=2_290, denominator=11)
    await place.work.meters.rate(TENANT, place.meter.meter_id, ratio, by="김운영", at=NOW)

    await place.send(*((border(number), 100 + number) for number in range(4)))

    slots = await place.slots()
    assert slots == {0: 208, 1: 208, 2: 208}
    assert sum(slots.values()) == 103 * 2_290 // 11 - 100 * 2_290 // 11


async def test_over_a_change_of_the_ratio_there_is_no_single_factor(place):
    midnight = 4  # START is an hour before the day begins
    ratio = MeterRatio(from_on=seoul_day(border(midnight)), numerator=40, denominator=1)
    await place.work.meters.rate(TENANT, place.meter.meter_id, ratio, by="김운영", at=NOW)

    report = await place.send((border(midnight - 1), 100), (border(midnight), 101), (border(midnight + 1), 102))
    over = await place.send((border(midnight + 3), 110))

    assert await place.slots() == {midnight - 1: 1, midnight: 40}
    assert report.slots == 2
    assert over.findings[-1].detail == "2 slots without a read, 320 Wh over them"


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        pytest.param((border(0), 10_000), "too-large", id="more-figures-than-the-register"),
        pytest.param((border(0), -1), "negative", id="negative"),
        pytest.param((NOW + timedelta(hours=1), 1), "in-future", id="future"),
        pytest.param((datetime(1999, 1, 1, tzinfo=UTC), 1), "out-of-range", id="before-2000"),
        pytest.param((border(0), 1, 3), "epoch-unknown", id="no-such-device"),
        pytest.param((border(0), 1, None, 99), "channel-unknown", id="no-such-channel"),
    ],
)
async def test_a_read_that_no_register_can_have_shown_is_rejected_by_name(place, read, reason):
    report = await place.send(read)

    assert (report.accepted, report.rejected) == (0, 1)
    assert [(one.place, one.reason.value) for one in report.rejections] == [("registers[0]", reason)]


async def test_two_values_at_one_instant_in_one_body_contradict_each_other(place):
    report = await place.send((border(0), 1), (border(0), 2))

    assert (report.accepted, report.rejected) == (0, 2)
    assert [one.reason.value for one in report.rejections] == ["contradictory"]


async def test_a_state_of_charge_has_no_register():
    place = await Place().open(quantities=(Quantity.STORAGE_SOC,))

    assert [one.reason.value for one in (await place.send((border(0), 1))).rejections] == ["not-a-counter"]


async def test_an_exchange_told_late_corrects_the_slot_that_both_registers_share(place):
    await place.send((border(0), 100), (border(1), 400), (border(2), 450))

    await place.exchange(border(0) + timedelta(minutes=5), 120, 380)

    assert await place.slots() == {0: 40, 1: 50}
    [block] = (await place.blocks()).values()
    assert (block.revision, block.reason) == (1, RevisionReason.METER_SWAP)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        pytest.param({"actor": someone(Role.TENANT_ADMIN, tenant_id=4)}, RoleNotEnough, id="role"),
        pytest.param({"meter_id": MeterId(CountedIds(77).new())}, MeterUnknown, id="unknown"),
        pytest.param({"at": NOW + timedelta(hours=1)}, ReadingInFuture, id="future"),
        pytest.param({"ends": {}}, RegisterUnread, id="no-reading"),
        pytest.param({"ends": {ChannelId(9): Ends(last=1, first=1)}}, RegisterUnread, id="another-channel"),
        pytest.param({"ends": {CHANNEL: Ends(last=10_000, first=1)}}, RegisterTooShort, id="more-figures-than-it-has"),
        pytest.param({"serial": "TAKEN"}, MeterSerialTaken, id="hangs-elsewhere"),
        pytest.param({"at": border(4)}, MeterMoved, id="before-the-last-exchange"),
        pytest.param({"at": border(8), "ends": {CHANNEL: Ends(last=31, first=0)}}, RegisterDiffers, id="differs"),
    ],
)
async def test_an_exchange_that_cannot_be_is_refused(place, change, refusal):
    elsewhere = dataclass_with(place.meter.device, serial="TAKEN")
    other = Meter(
        meter_id=MeterId(CountedIds(50).new()),
        tenant_id=TENANT,
        site_id=place.site.site_id,
        kind=MeterKind.PV,
        devices=(elsewhere,),
    )
    await place.work.meters.add([other])
    await place.exchange(border(4), 20, 0)
    await place.send((border(8), 30))

    with pytest.raises(refusal):
        await place.exchange(**{"at": border(9), "last": 40, "first": 0} | change)


def test_parts_of_a_stretch_add_up_whatever_the_ratio():
    device = MeterDevice(
        epoch=0,
        serial="",
        digits=9,
        count_wh=10,
        verified_until=None,
        from_at=None,
        recorded_by="",
        recorded_at=NOW,
    )
    parts = [counted_wh(device, (7, 3), value, value + 1) for value in range(100)]

    assert sum(parts) == counted_wh(device, (7, 3), 0, 100) == 2_333


async def estimated(place, *, skip=()):
    """Send July's first day but for some slots, with equal quarter hours of 10 Wh, and propose what is missing."""
    sorters = Sorters(now=NOW)
    rows = [(CHANNEL, slot_at(border(4 + number).isoformat()), 10) for number in range(96) if number not in skip]
    sorters.quarters.rows(rows, place=str)
    wish = TakeReadings(actor=OPERATOR, tenant_id=TENANT, arrived=sorters.arrived(), content=b"cd")
    await merge_readings(wish, work=place.work, ids=place.ids, clock=place.clock)
    asked = ProposeEstimates(actor=OPERATOR, tenant_id=TENANT, site_id=place.site.site_id, month=Month(2026, 7))
    found = await propose_estimates(asked, work=place.work, ids=place.ids, clock=place.clock)
    return {number: value for number, value in enumerate(found[0].values) if value is not None}, found[0].basis


async def test_reads_around_a_gap_give_the_estimate_its_exact_sum(place):
    await place.send((border(4 + 8), 100), (border(4 + 16), 195))

    values, basis = await estimated(place, skip=(10, 11, 12))

    assert values == {10: 15, 11: 15, 12: 15}  # 95 Wh less the five known slots of 10 Wh
    assert basis.endswith("register 45 Wh over 3 slots")


async def test_without_reads_or_where_they_contradict_known_slots_an_estimate_stays_as_the_rule_says(place):
    await place.send((border(4 + 8), 100), (border(4 + 16), 140))

    values, basis = await estimated(place, skip=(10, 11, 12))

    assert values == {10: 10, 11: 10, 12: 10}
    assert "register" not in basis
