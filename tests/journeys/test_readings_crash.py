"""Whatever crashes between two statements, and whoever sends at the same time: the books are those of an oracle."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from itertools import count
from random import Random

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.work import PostgresUnit
from adapters.system import UuidV7
from domain.journeys.readings import Intake, open_site, settle_day
from domain.metering.arrivals import Sorter, slot_at
from domain.metering.model import Quantity
from domain.metering.usecases import OpenSite, ReadingsReport, TakeReadings
from domain.shared.actor import Role
from domain.shared.errors import Unavailable
from domain.shared.identifiers import TenantId
from tests.fakes.system import FixedClock, someone

NOW = datetime(2026, 8, 15, tzinfo=UTC)
TENANT = TenantId(1)
OWN = someone(Role.TENANT_ADMIN, tenant_id=1)
FIRST = slot_at("2001-01-01T00:00:00+09:00")
FIRST_ON = date(2001, 1, 1)
_TENANT = (
    "insert into sunhwan.industrial_complex (complex_id, name_ko, name_en) values (1, '반월', 'Banwol')",
    """insert into sunhwan.tenant
       (tenant_id, ref, complex_id, kind, name_ko, name_en, business_no, address_ko, address_en, bank_account,
        accreditation)
       values (1, '00000000-0000-0000-0000-000000000001', 1, 'tenant', '갑', 'A', '1', '안산', 'Ansan', '1', '')""",
)


class House:
    """A tenant's site with channels 1 to 3, and the doors of two processes."""

    def __init__(self, engine: AsyncEngine, unit: PostgresUnit) -> None:
        self.engine, self.unit = engine, unit
        self.intakes = [Intake(unit=unit, sharing=unit.sharing, ids=UuidV7(), clock=FixedClock(NOW)) for _ in range(2)]

    async def open(self) -> "House":
        async with self.engine.begin() as connection:
            for statement in _TENANT:
                await connection.execute(text(statement))
        wish = OpenSite(
            actor=someone(Role.OPERATOR),
            tenant_id=TENANT,
            name_ko="순환금속",
            name_en="Sunhwan Metal",
            address_ko="경기도 안산시",
            kepco_customer_no="01",
            contract_power_w=300_000,
            quantities=(Quantity.LOAD, Quantity.PV, Quantity.GRID_IMPORT),
        )
        await open_site(wish, unit=self.unit, ids=UuidV7(), clock=FixedClock(NOW))
        return self

    async def send(self, rows: list[tuple[int, int, int]], *, door: int = 0) -> ReadingsReport:
        """Send channel, slot and value of each row."""
        sorter = Sorter(now=NOW)
        sorter.rows([(channel, FIRST + slot, wh) for channel, slot, wh in rows], place=str)
        content = repr(sorted(rows)).encode()
        wish = TakeReadings(actor=OWN, tenant_id=TENANT, arrived=sorter.arrived(), content=content)
        return await self.intakes[door].take(wish)

    async def kept(self, *, first: int, days: int) -> tuple[dict[tuple[int, int], int], list[tuple[int, ...]]]:
        """Return the values from a day on, counted from that day, and what was put aside; by SQL of the test's own."""
        begin = FIRST_ON + timedelta(days=first)
        values: dict[tuple[int, int], int] = {}
        aside: list[tuple[int, ...]] = []
        async with self.engine.connect() as connection:
            stored = await connection.execute(
                text(
                    "select channel_id, day, wh, revision from sunhwan.interval_day where day >= :begin and day < :end"
                ),
                {"begin": begin, "end": begin + timedelta(days=days)},
            )
            for channel, day, wh, revision in stored:
                assert revision == 0
                for index, value in enumerate(wh):
                    if value is not None:
                        values[channel, (day - begin).days * 96 + index] = value
            kept_as_they_came = await connection.execute(
                text("select channel_ids, wh, day, slot from sunhwan.tick_page where day >= :begin and day < :end"),
                {"begin": begin, "end": begin + timedelta(days=days)},
            )
            for channels, wh, day, slot in kept_as_they_came:
                for channel, value in zip(channels, wh, strict=True):
                    key = (channel, (day - begin).days * 96 + slot)
                    assert key not in values, "a slot is kept twice"
                    values[key] = value
            put = await connection.execute(
                text(
                    "select channel_id, day, offered from sunhwan.reading_conflict where day >= :begin and day < :end"
                ),
                {"begin": begin, "end": begin + timedelta(days=days)},
            )
            for channel, day, offered in put:
                aside.extend(
                    (channel, (day - begin).days * 96 + index, value)
                    for index, value in enumerate(offered)
                    if value is not None
                )
        return values, sorted(aside)


@pytest.fixture
async def house(engine: AsyncEngine, postgres_unit: PostgresUnit) -> House:
    return await House(engine, postgres_unit).open()


class Crash(ConnectionResetError):
    """The process is gone, as far as its database can tell."""


@contextmanager
def crash_after(statement: int, engine: AsyncEngine) -> Iterator[Callable[[], int]]:
    """End the connection after so many statements, whoever said them; yields how many there were."""
    said = 0

    def one_more(driver: asyncpg.Connection) -> None:
        nonlocal said
        said += 1
        if said == statement:
            driver.terminate()
            raise Crash

    def counted(plain: Callable[..., object]) -> Callable[..., object]:
        @wraps(plain)
        async def wrapper(self: asyncpg.Connection, *words: object, **more: object) -> object:
            answer = await plain(self, *words, **more)  # type: ignore[misc]
            one_more(self)
            return answer

        return wrapper

    def executed(connection: object, *_: object) -> None:
        one_more(connection.connection.driver_connection)  # type: ignore[attr-defined]

    names = ("execute", "fetch", "fetchrow", "fetchval", "copy_to_table")
    plain = {name: getattr(asyncpg.Connection, name) for name in names}
    event.listen(engine.sync_engine, "after_cursor_execute", executed)
    for name in names:
        setattr(asyncpg.Connection, name, counted(plain[name]))
    try:
        yield lambda: said
    finally:
        for name in names:
            setattr(asyncpg.Connection, name, plain[name])
        event.remove(engine.sync_engine, "after_cursor_execute", executed)


MONTH = [(channel, slot, slot % 977) for channel in (1, 2) for slot in range(0, 700)]
STORY = {
    "new days": [MONTH],
    "one value into a day": [[(1, 0, 5)], [(1, 1, 6)]],
    "gaps": [MONTH[:150], MONTH[:300]],
    "something that disagrees": [MONTH[:100], [(1, 3, 9_999), (1, 120, 4), (3, 1, 7)]],
}
SLOTS = {
    "a slot of several": [[(1, 0, 5), (2, 0, 6)], [(1, 1, 7), (2, 1, 8), (3, 1, 9)]],
    "a slot of which some is known": [[(1, 0, 5), (2, 0, 6)], [(1, 0, 5), (2, 0, 6), (3, 0, 7)]],
    "a slot after days with rows": [[(1, 0, 5), (1, 1, 6)], [(1, 2, 7), (2, 2, 8)]],
    "whole days after slots": [[(1, 0, 0), (2, 0, 0)], MONTH],
    "a slot that disagrees": [[(1, 0, 5), (2, 0, 6)], [(1, 0, 6), (2, 0, 6), (3, 0, 7)]],
}


@pytest.mark.parametrize("story", STORY)
async def test_a_crash_after_any_statement_and_a_resend_leave_what_no_crash_leaves(story, house, app_engine) -> None:
    await tell_and_crash(STORY[story], house, app_engine)


@pytest.mark.usefixtures("any_slot_makes_a_page")
@pytest.mark.parametrize("story", SLOTS)
async def test_so_it_is_with_slots_that_are_kept_as_they_came(story, house, app_engine) -> None:
    await tell_and_crash(SLOTS[story], house, app_engine)


async def tell_and_crash(bodies: list[list[tuple[int, int, int]]], house: House, app_engine: AsyncEngine) -> None:
    """Tell a story once without a crash, then from its beginning with one after each statement of its last body."""
    days = 9

    async def tell(first: int, crash: int | None) -> int:
        """Send the story from a day on; the last body crashes after a statement and is sent again."""
        moved = [[(channel, slot + first * 96, wh) for channel, slot, wh in body] for body in bodies]
        for body in moved[:-1]:
            await house.send(body)
        if crash is None:
            await house.send(moved[-1])
            return 0
        with crash_after(crash, app_engine) as said:
            try:
                await house.send(moved[-1])
            except Unavailable:
                crashed = True
            else:
                crashed = False
            statements = said()
        await house.send(moved[-1])
        return statements if crashed else 0

    await tell(0, None)
    whole = await house.kept(first=0, days=days)
    assert whole[0]

    crashed_after = []
    for number in count(1):
        crashed = await tell(number * days, number)
        assert await house.kept(first=number * days, days=days) == whole, f"after statement {number}"
        if not crashed:
            break
        crashed_after.append(number)

    assert len(crashed_after) >= 3, "begin, at least one statement, commit"


said_values = st.dictionaries(
    st.tuples(st.integers(1, 3), st.integers(0, 250)), st.integers(0, 2**31 - 1), min_size=1, max_size=80
)
_window = count(0)


examples = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@examples
@given(said=said_values, dice=st.randoms(use_true_random=False), bodies=st.integers(1, 12), at_once=st.integers(1, 6))
async def test_any_order_split_and_repetition_by_concurrent_senders_is_the_oracles(
    said, dice, bodies, at_once, house
) -> None:
    await send_in_any_way(said, dice, bodies, at_once, house)


@pytest.mark.usefixtures("any_slot_makes_a_page")
@examples
@given(said=said_values, seed=st.integers(0, 2**32), bodies=st.integers(1, 12), at_once=st.integers(1, 6))
async def test_so_it_is_whether_kept_as_it_came_or_in_rows_and_whenever_days_settle(
    said, seed, bodies, at_once, house
) -> None:
    await send_in_any_way(said, Random(seed), bodies, at_once, house, settling=True)


async def send_in_any_way(said, dice, bodies, at_once, house, *, settling: bool = False) -> None:
    # The oracle: what was said, slot by slot, in a dictionary; every example has days of its own.
    days = 3
    first = next(_window) * days
    rows = [(channel, slot + first * 96, wh) for (channel, slot), wh in said.items()]
    sent = rows + dice.choices(rows, k=len(rows))
    dice.shuffle(sent)
    parts = [part for part in (sent[number::bodies] for number in range(bodies)) if part]
    if settling:  # some of the bodies are what meters say of one slot
        slots = sorted({slot for _, slot, _ in rows})
        parts += [[row for row in rows if row[1] == slot] for slot in dice.choices(slots, k=min(6, len(slots)))]
        sent = [row for part in parts for row in part]
        dice.shuffle(parts)
    doors = [dice.randrange(2) for _ in parts]
    reports: list[ReadingsReport] = []

    for begin in range(0, len(parts), at_once):
        end = begin + at_once
        pairs = zip(parts[begin:end], doors[begin:end], strict=True)
        together = [house.send(part, door=door) for part, door in pairs]
        if settling and dice.random() < 0.3:
            together.append(
                settle_day(TENANT, FIRST_ON + timedelta(days=first + dice.randrange(days)), unit=house.unit)
            )
        reports.extend((await asyncio.gather(*together))[: len(parts[begin:end])])

    assert await house.kept(first=first, days=days) == (said, [])
    assert sum(report.accepted for report in reports) == len(said)
    assert sum(report.duplicate for report in reports) == len(sent) - len(said)
    assert sum(report.conflicting + report.rejected for report in reports) == 0


async def test_requests_of_one_tenant_that_come_at_once_share_a_commit_and_each_gets_its_own_counts(
    house, app_engine
) -> None:
    commits = Counter[str]()
    plain = asyncpg.Connection.execute

    async def counted(self, query, *words, **more):
        commits[query] += 1
        return await plain(self, query, *words, **more)

    asyncpg.Connection.execute = counted
    try:
        reports = await asyncio.gather(*[house.send([(1, day * 96, day), (2, day * 96, day)]) for day in range(10)])
        again = await asyncio.gather(*[house.send([(1, day * 96, day), (3, day * 96, day)]) for day in range(10)])
    finally:
        asyncpg.Connection.execute = plain

    assert {(one.accepted, one.duplicate) for one in reports} == {(2, 0)}
    assert {(one.accepted, one.duplicate) for one in again} == {(1, 1)}
    assert commits["commit"] < 20


async def test_one_request_that_disagrees_harms_none_that_came_with_it(house) -> None:
    await house.send([(1, 0, 5)])
    bodies = [[(1, 0, 6)], *[[(2, day * 96, 7)] for day in range(5)], [(9, 0, 1)]]

    reports = await asyncio.gather(*[house.send(body) for body in bodies])

    assert [(one.accepted, one.conflicting, one.rejected) for one in reports] == [
        (0, 1, 0),
        *[(1, 0, 0)] * 5,
        (0, 0, 1),
    ]
    assert await house.kept(first=0, days=9) == (
        {(1, 0): 5, **{(2, day * 96): 7 for day in range(5)}},
        [(1, 0, 6)],
    )


async def test_a_sender_who_goes_away_harms_none_that_came_with_it(house) -> None:
    sending = [asyncio.create_task(house.send([(1, day * 96, 1)])) for day in range(8)]
    await asyncio.sleep(0)
    sending[3].cancel()

    answers = await asyncio.gather(*sending, return_exceptions=True)

    assert [type(one) for one in answers].count(ReadingsReport) == 7
    assert (await house.send([(1, day * 96, 1) for day in range(8)])).conflicting == 0
