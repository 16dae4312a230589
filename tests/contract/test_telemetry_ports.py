"""What the ports of telemetry and of the safety watch promise, held by the fake and by PostgreSQL alike."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.telemetry import PostgresAlarms, PostgresTelemetry
from domain.metering.alarms import Alarm, AlarmChange, AlarmId
from domain.metering.errors import AlarmUnknown
from domain.metering.ports import WatchWork
from domain.metering.safety import CALM, Change, Level, Signal, Standing, Watch
from domain.metering.telemetry import OfferedMinute, TelemetryHour, TelemetryMinute, TelemetrySignal, merge
from domain.shared.identifiers import PackId, PersonId, TenantId
from tests.contract.test_metering_ports import _TENANTS
from tests.fakes.telemetry import MemoryWatchWork

ONE, TWO = TenantId(1), TenantId(2)
A, B = PackId(UUID(int=10)), PackId(UUID(int=11))
NOON = datetime(2026, 7, 1, 3, tzinfo=UTC)
EVERY = tuple(TelemetrySignal)


class PostgresWatch:
    """The ports on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.telemetry = PostgresTelemetry(connection)
        self.alarms = PostgresAlarms(connection)


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as connection:
        for statement in _TENANTS:
            await connection.execute(text(statement))
        yield connection


@pytest.fixture(params=["memory", "postgres"])
def work(request: pytest.FixtureRequest, connection: AsyncConnection) -> WatchWork:
    return MemoryWatchWork() if request.param == "memory" else PostgresWatch(connection)


def minute(offset: int, *, pack: PackId = A, **values: int) -> OfferedMinute:
    said = {TelemetrySignal(name): value for name, value in values.items()} or {TelemetrySignal.SOC: 5_000}
    return OfferedMinute(
        place="", minute=TelemetryMinute(pack_id=pack, at=NOON + timedelta(minutes=offset), values=said)
    )


def hours(*minutes: OfferedMinute) -> tuple[TelemetryHour, ...]:
    return merge({}, minutes).hours


async def read(work: WatchWork, *packs: PackId, first: int = 0, until: int = 24) -> tuple[TelemetryHour, ...]:
    return await work.telemetry.hours(
        ONE, packs, EVERY, from_at=NOON + timedelta(hours=first), until_at=NOON + timedelta(hours=until)
    )


async def test_hours_are_kept_and_replaced_whole(work: WatchWork) -> None:
    first = hours(minute(0, current_ma=-2_000, temperature_min_mc=-500), minute(59), minute(60), minute(3, pack=B))
    await work.telemetry.write(ONE, first)
    fuller = merge(await work.telemetry.hours_at(ONE, [(A, NOON)]), [minute(7, flags=4)]).hours

    await work.telemetry.write(ONE, fuller)

    assert await read(work, A, B) == (fuller[0], first[1], first[2])
    assert await work.telemetry.hours_at(ONE, [(A, NOON), (B, NOON + timedelta(hours=9))]) == {(A, NOON): fuller[0]}
    assert await read(work, A, first=1, until=2) == (first[1],)
    assert await work.telemetry.hours(TWO, [A], EVERY, from_at=NOON, until_at=NOON + timedelta(days=1)) == ()


async def test_what_came_is_told_without_its_values(work: WatchWork) -> None:
    await work.telemetry.write(ONE, hours(minute(0), minute(2), minute(61)))

    came = await work.telemetry.received(ONE, [A, B], from_at=NOON, until_at=NOON + timedelta(hours=2))

    assert came == {A: ((NOON, 0b101), (NOON + timedelta(hours=1), 0b10))}


async def test_the_last_minute_is_the_latest_of_the_latest_hour(work: WatchWork) -> None:
    await work.telemetry.write(ONE, hours(minute(125, soc_bp=1), minute(121, soc_bp=2), minute(4), minute(5, pack=B)))

    latest = await work.telemetry.latest(ONE, [A, B, PackId(UUID(int=12))])

    assert latest == {
        A: minute(125, soc_bp=1).minute,
        B: minute(5, pack=B).minute,
    }
    assert await work.telemetry.latest(TWO, [A]) == {}


STANDING = Standing(
    watches={
        Signal.TEMPERATURE: Watch(level=Level.WARN, pending=Level.ALARM, pending_since=NOON, last=45_100),
        Signal.GAP: Watch(level=Level.ALARM),
    },
    seen_at=NOON,
    temperature_mc=25_300,
    current_ma=-12_000,
)


async def test_a_pack_is_calm_until_it_stands_somewhere(work: WatchWork) -> None:
    assert await work.alarms.hold(ONE, []) == {}
    assert await work.alarms.seen(ONE, [A]) == {}
    assert await work.alarms.hold(ONE, [B, A]) == {A: CALM, B: CALM}

    await work.alarms.stand(ONE, {A: STANDING})

    assert await work.alarms.hold(ONE, [A]) == {A: STANDING}
    assert await work.alarms.seen(ONE, [A, B]) == {A: STANDING, B: CALM}
    assert await work.alarms.seen(TWO, [A]) == {}


async def test_silent_packs_are_those_once_heard_of_whose_gap_has_not_tripped(work: WatchWork) -> None:
    never, tripped, fresh = (PackId(UUID(int=number)) for number in (20, 21, 22))
    for tenant, packs in ((ONE, (A, never, tripped, fresh)), (TWO, (B,))):
        await work.alarms.hold(tenant, packs)
    gone = Standing(watches={Signal.GAP: Watch(level=Level.TRIP)}, seen_at=NOON)
    late = replace(STANDING, seen_at=NOON + timedelta(minutes=3))
    await work.alarms.stand(ONE, {A: STANDING, tripped: gone, fresh: late})
    await work.alarms.stand(TWO, {B: STANDING})
    at = NOON + timedelta(minutes=2)

    assert await work.alarms.silent(before_at=at, after=None, limit=10) == ((ONE, A), (TWO, B))
    assert await work.alarms.silent(before_at=at, after=None, limit=1) == ((ONE, A),)
    assert await work.alarms.silent(before_at=at, after=(ONE, A), limit=10) == ((TWO, B),)


def alarm(number: int, **changes: object) -> Alarm:
    made = Alarm(
        alarm_id=AlarmId(UUID(int=number)),
        tenant_id=ONE,
        pack_id=A,
        signal=Signal.TEMPERATURE,
        level=Level.WARN,
        worst=Level.ALARM,
        value=46_000,
        limit=45_000,
        opened_at=NOON,
        changed_at=NOON,
        cleared_at=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def change(number: int, of: Alarm, **changes: object) -> AlarmChange:
    made = AlarmChange(
        change_id=UUID(int=number),
        alarm_id=of.alarm_id,
        tenant_id=of.tenant_id,
        pack_id=of.pack_id,
        signal=of.signal,
        change=Change.OPENED,
        level=of.level,
        value=of.value,
        limit=of.limit,
        since_at=NOON,
        at=NOON,
        recorded_at=NOON,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_an_alarm_is_as_it_is_now_and_its_changes_stay(work: WatchWork) -> None:
    opened = alarm(1)
    await work.alarms.keep(ONE, [opened], [change(1, opened)])
    cleared = alarm(1, level=Level.NORMAL, cleared_at=NOON + timedelta(hours=1), changed_at=NOON + timedelta(hours=1))
    by_hand = change(2, cleared, change=Change.CLEARED, by_id=PersonId(UUID(int=7)), by="정운영", reason="점검")

    await work.alarms.keep(ONE, [cleared], [by_hand])

    assert await work.alarms.one(ONE, opened.alarm_id) == cleared
    assert await work.alarms.changes(ONE, opened.alarm_id) == (change(1, opened), by_hand)
    assert await work.alarms.standing(ONE, [A]) == ()
    for tenant_id, alarm_id in ((TWO, opened.alarm_id), (ONE, AlarmId(UUID(int=9)))):
        with pytest.raises(AlarmUnknown):
            await work.alarms.one(tenant_id, alarm_id)
    assert await work.alarms.changes(TWO, opened.alarm_id) == ()


async def test_a_signal_may_clear_and_open_again_in_one_batch(work: WatchWork) -> None:
    opened = alarm(1)
    await work.alarms.keep(ONE, [opened], [change(1, opened)])
    again, cleared = alarm(2), alarm(1, level=Level.NORMAL, cleared_at=NOON)

    await work.alarms.keep(ONE, [again, cleared], [change(2, cleared, change=Change.CLEARED), change(3, again)])

    assert await work.alarms.standing(ONE, [A, B]) == (again,)


async def test_open_alarms_come_first_and_the_worst_of_them_leads(work: WatchWork) -> None:
    gone = alarm(1, level=Level.NORMAL, cleared_at=NOON, changed_at=NOON + timedelta(days=1))
    warned = alarm(2, changed_at=NOON + timedelta(hours=2))
    tripped = alarm(3, signal=Signal.GAP, level=Level.TRIP, worst=Level.TRIP)
    others = alarm(4, tenant_id=TWO, pack_id=B, signal=Signal.REPORTED, value=None, limit=None)
    await work.alarms.keep(ONE, [gone, warned, tripped], [])
    await work.alarms.keep(TWO, [others], [])

    assert await work.alarms.page(tenant_id=ONE, limit=10) == (tripped, warned, gone)
    assert await work.alarms.page(tenant_id=None, only_open=True, limit=10) == (tripped, warned, others)
    assert await work.alarms.page(tenant_id=None, pack_id=B, limit=10) == (others,)
    assert await work.alarms.page(tenant_id=ONE, limit=1) == (tripped,)
    assert await work.alarms.blocks(A) is True
    assert await work.alarms.blocks(B) is False


async def test_the_database_takes_one_standing_alarm_a_signal_and_sixty_minutes_an_hour(
    connection: AsyncConnection,
) -> None:
    watch = PostgresWatch(connection)
    await watch.alarms.keep(ONE, [alarm(1)], [])
    for refused in (
        watch.alarms.keep(ONE, [alarm(2)], []),
        watch.telemetry.write(ONE, [replace(hours(minute(0))[0], received=1 << 60)]),
        watch.telemetry.write(ONE, [replace(hours(minute(0))[0], received=0)]),
    ):
        async with connection.begin_nested() as inner:
            with pytest.raises(IntegrityError):
                await refused
            await inner.rollback()
