"""Numbers, files, the outbox, job reports and locks on PostgreSQL; system clocks, identifiers and passwords."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import DatabaseBusy
from adapters.postgres.work import PostgresUnit
from adapters.system import Argon2Passwords, RandomTokens, StoryClock, SystemClock, UuidV7
from adapters.system.secrets import nobodys_hash
from domain.shared.actor import SYSTEM
from domain.shared.files import FileUnknown
from domain.shared.identifiers import TenantId
from domain.shared.outbox import JobReport
from tests.fakes.system import NOON


async def test_numbers_have_no_gap_also_when_a_transaction_is_given_up(postgres_unit: PostgresUnit) -> None:
    async def take(*, commit: bool) -> int:
        async with postgres_unit(SYSTEM) as work:
            number = await work.numbers.next(tenant_id=TenantId(1), series="invoice", year=2026)
            if commit:
                await work.commit()
            return number

    assert await take(commit=True) == 1
    assert await take(commit=False) == 2
    assert await take(commit=True) == 2


async def test_two_writers_of_one_series_never_share_a_number(postgres_unit: PostgresUnit) -> None:
    async def take() -> int:
        async with postgres_unit(SYSTEM) as work:
            number = await work.numbers.next(tenant_id=TenantId(1), series="invoice", year=2026)
            await asyncio.sleep(0.01)
            await work.commit()
            return number

    taken = await asyncio.gather(*(take() for _ in range(8)))

    assert sorted(taken) == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_series_years_and_tenants_count_for_themselves(postgres_unit: PostgresUnit) -> None:
    async with postgres_unit(SYSTEM) as work:
        for tenant, series, year in ((1, "a", 2026), (1, "b", 2026), (1, "a", 2027), (2, "a", 2026)):
            assert await work.numbers.next(tenant_id=TenantId(tenant), series=series, year=year) == 1


async def test_equal_bytes_are_kept_once_under_their_hash(postgres_unit: PostgresUnit) -> None:
    async with postgres_unit(SYSTEM) as work:
        first = await work.files.keep(b"evidence", media_type="text/plain", owner=TenantId(11))
        second = await work.files.keep(b"evidence", media_type="text/plain", owner=TenantId(11))

        assert first == second == hashlib.sha256(b"evidence").hexdigest()
        assert await work.files.read(first) == b"evidence"
        with pytest.raises(FileUnknown):
            await work.files.read("0" * 64)


LEASE = timedelta(minutes=5)


async def test_an_intent_is_stored_once_and_leased_to_one_worker(postgres_unit: PostgresUnit) -> None:
    async with postgres_unit(SYSTEM) as work:
        for number in (1, 2):
            await work.outbox.put(message_id=UUID(int=number), topic="t", key="k", payload={"a": 1}, now=NOON)
        await work.commit()

    async with postgres_unit(SYSTEM) as one, postgres_unit(SYSTEM) as other:
        claimed = await one.outbox.claim(now=NOON, lease=LEASE)
        assert claimed is not None
        assert (claimed.topic, claimed.key, claimed.payload, claimed.tries) == ("t", "k", {"a": 1}, 1)
        assert await other.outbox.claim(now=NOON, lease=LEASE) is None
        await one.commit()

    async with postgres_unit(SYSTEM) as work:
        assert await work.outbox.claim(now=NOON + timedelta(minutes=4), lease=LEASE) is None
        again = await work.outbox.claim(now=NOON + LEASE, lease=LEASE)
        assert again is not None
        assert again.tries == 2


async def test_an_intent_is_put_off_when_it_fails_and_gone_when_it_is_done(postgres_unit: PostgresUnit) -> None:
    async with postgres_unit(SYSTEM) as work:
        await work.outbox.put(message_id=UUID(int=1), topic="t", key="k", payload={}, now=NOON)
        claimed = await work.outbox.claim(now=NOON, lease=LEASE)
        assert claimed is not None
        await work.outbox.failed(claimed.message_id, next_try_at=NOON + timedelta(hours=1), said="not reachable")

        assert await work.outbox.claim(now=NOON + timedelta(minutes=59), lease=LEASE) is None
        assert await work.outbox.claim(now=NOON + timedelta(hours=1), lease=LEASE) is not None
        await work.outbox.done(claimed.message_id, now=NOON)
        assert await work.outbox.claim(now=NOON + timedelta(days=1), lease=LEASE) is None


async def test_a_failed_job_keeps_the_instant_of_its_last_success(postgres_unit: PostgresUnit) -> None:
    good = JobReport(job="j", started_at=NOON, succeeded_at=NOON, did=3, failed=0, said="")
    bad = JobReport(job="j", started_at=NOON + timedelta(hours=1), succeeded_at=None, did=0, failed=1, said="no")
    async with postgres_unit(SYSTEM) as work:
        await work.job_reports.write(good)
        await work.job_reports.write(bad)

        (stored,) = await work.job_reports.all()

    assert (stored.succeeded_at, stored.failed, stored.said) == (NOON, 1, "no")


async def test_a_lock_is_held_until_the_unit_ends(postgres_unit: PostgresUnit) -> None:
    order: list[str] = []

    async def hold(name: str, wait_s: float) -> None:
        async with postgres_unit(SYSTEM) as work:
            await asyncio.sleep(wait_s)
            await work.locks.hold("one thing")
            order.append(f"{name} in")
            await asyncio.sleep(0.1)
            order.append(f"{name} out")

    await asyncio.gather(hold("a", 0), hold("b", 0.05))

    assert order == ["a in", "a out", "b in", "b out"]


async def test_waiting_too_long_for_others_is_said_so_and_does_nothing(
    postgres_unit: PostgresUnit, engine: AsyncEngine
) -> None:
    @event.listens_for(engine.sync_engine, "begin")
    def _be_impatient(connection: Connection) -> None:
        connection.exec_driver_sql("set local lock_timeout = '50ms'")

    async def try_to_hold() -> None:
        async with postgres_unit(SYSTEM) as work:
            await work.files.keep(b"in vain", media_type="text/plain", owner=TenantId(11))
            await work.locks.hold("one thing")

    async with postgres_unit(SYSTEM) as first:
        await first.locks.hold("one thing")

        with pytest.raises(DatabaseBusy):
            await try_to_hold()

    async with postgres_unit(SYSTEM) as work:
        with pytest.raises(FileUnknown):
            await work.files.read(hashlib.sha256(b"in vain").hexdigest())


async def test_what_is_not_committed_is_undone(postgres_unit: PostgresUnit) -> None:
    async with postgres_unit(SYSTEM) as work:
        sha256 = await work.files.keep(b"never", media_type="text/plain", owner=TenantId(11))

    async with postgres_unit(SYSTEM) as work:
        with pytest.raises(FileUnknown):
            await work.files.read(sha256)


def test_identifiers_rise_with_time_and_are_version_7() -> None:
    ids = UuidV7()

    made = [ids.new() for _ in range(20_000)]

    assert made == sorted(set(made))
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {"specified in RFC 4122"}
    assert abs((made[0].int >> 80) / 1000 - datetime.now(UTC).timestamp()) < 5


def test_a_story_clock_never_goes_back() -> None:
    clock = StoryClock(NOON)
    first = clock.now()

    clock.move_to(NOON - timedelta(days=1))

    assert first < clock.now() < NOON + timedelta(seconds=1)
    assert SystemClock().now().tzinfo is UTC


async def test_a_password_fits_its_own_hash_only() -> None:
    passwords = Argon2Passwords()
    kept = await passwords.hash("long enough words")

    assert kept.startswith("$argon2id$")
    assert await passwords.fits("long enough words", kept)
    assert not await passwords.fits("other words", kept)
    assert not await passwords.fits("long enough words", None)
    assert not await passwords.fits("long enough words", "no hash")


async def test_who_is_not_there_is_checked_as_whoever_is() -> None:
    passwords, hasher = Argon2Passwords(), PasswordHasher()
    nobodys, somebodys = nobodys_hash(hasher), await passwords.hash("long enough words")

    assert extract_parameters(nobodys) == extract_parameters(somebodys)
    for kept in (nobodys, somebodys):
        with pytest.raises(VerifyMismatchError):  # told only once the whole hash was computed
            hasher.verify(kept, "other words")
    assert nobodys != nobodys_hash(hasher)


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = RandomTokens()

    assert len({tokens.new() for _ in range(100)}) == 100
    assert len(tokens.new()) == 43
    assert len(tokens.new_hex()) == 32
