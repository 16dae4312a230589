"""What every test may ask for: the real files, a throw-away PostgreSQL, a fresh database in it."""

import gc
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import engine as postgres_engine
from adapters.postgres import metering
from adapters.postgres.engine import open_engine
from adapters.postgres.migrate import migrate
from adapters.postgres.roles import APP
from adapters.postgres.supervisor import EmbeddedPostgres
from adapters.postgres.work import PostgresUnit
from domain.metering import usecases

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
LONGEST = frozenset(
    {
        "browser/test_console.py",
        "http/test_openapi.py",
        "http/test_policy.py",
        "journeys/test_killed.py",
        "journeys/test_story.py",
    }
)
"""Their tests take half a minute and more each, or share a story that is told once a worker."""
MEMORY, LENT = Path("/dev/shm"), "sunhwan-tests-"
ROOM_BYTES = 6 * 1024**3
"""A server of the tests keeps less than one of them; several run beside each other, and beside the tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, so that the workers end together: one that is begun last is waited for alone."""
    items.sort(key=lambda item: item.path.relative_to(ROOT / "tests").as_posix() not in LONGEST)


def pytest_collection_finish() -> None:
    """Leave what was imported out of every later search for garbage, and search for it more seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture
def any_slot_makes_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep as it came what in earnest only many meters make worth it."""
    monkeypatch.setattr(usecases, "TICKS_SHARED_MAX", 0)
    monkeypatch.setattr(metering, "_PAGE_LEAST", 1)


def _refuse_or_skip(reason: str) -> None:
    if os.environ.get("SUNHWAN_REQUIRE_SHARED"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def shared() -> Path:
    """The folder of real files and outside vectors; the test is skipped without it."""
    if not SHARED.is_dir():
        _refuse_or_skip("the folder ../shared is absent")
    return SHARED


@pytest.fixture(scope="session")
async def server_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A PostgreSQL for this run: `DATABASE_URL` when given, else an embedded one that is thrown away."""
    given = os.environ.get("DATABASE_URL")
    if given:
        async with _kept_to(given):
            yield given
        return
    with _thrown_away(tmp_path_factory) as home:
        async with EmbeddedPostgres(home, fsync=False) as url, _kept_to(url):
            yield url


_KEPT: dict[str, asyncpg.Connection] = {}


@asynccontextmanager
async def _kept_to(server: str) -> AsyncIterator[None]:
    """Keep one connection that makes and drops the databases: signing in takes longer than making one."""
    _KEPT[server] = await asyncpg.connect(_plain(server))
    try:
        yield
    finally:
        await _KEPT.pop(server).close()


@contextmanager
def _thrown_away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Lend a home in memory, where a thousand databases are made and dropped in a third of the time, if it has room.

    What a run left there that was killed is taken away by the next: memory is not given back by itself.
    """
    try:
        has_room = shutil.disk_usage(MEMORY).free >= ROOM_BYTES and _available_bytes() >= ROOM_BYTES
    except (OSError, StopIteration):
        has_room = False
    if not has_room:
        yield tmp_path_factory.mktemp("pg")
        return
    for left in MEMORY.glob(f"{LENT}*"):
        if not Path("/proc", left.name.removeprefix(LENT).split("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix=f"{LENT}{os.getpid()}-") as home:
        yield Path(home)


def _available_bytes() -> int:
    lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def with_database(server: str, name: str, *, template: str | None) -> str:
    """Make a database, a copy of the template if there is one, and return its address."""
    await _KEPT[server].execute(
        f'create database "{name}"' + (f' template "{template}" strategy file_copy' if template else "")
    )
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def drop_database(server: str, name: str) -> None:
    """Take a database away, whoever is connected."""
    await _KEPT[server].execute(f'drop database if exists "{name}" with (force)')


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> Iterator[None]:
    """Let each pool use the statements that earlier ones compiled, as one that lives on would: all ask copies of one.

    A compiled statement belongs to a dialect, so that of the first pool that reached the server serves them all.
    """
    plain, compiled = postgres_engine.create_async_engine, dict[Any, Any]()
    reached: list[AsyncEngine] = []

    def opened(url: str, **settings: Any) -> AsyncEngine:
        made = plain(url, execution_options={"compiled_cache": compiled}, **settings)
        if reached and reached[0].dialect.server_version_info is not None:
            made.sync_engine.dialect = reached[0].dialect
        else:
            reached[:] = [made]
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres_engine, "create_async_engine", opened)
        yield


@pytest.fixture(scope="session")
async def migrated(server_url: str) -> AsyncIterator[str]:
    """The name of a migrated database that fresh ones are copied from."""
    name = f"sunhwan_template_{secrets.token_hex(4)}"
    url = await with_database(server_url, name, template=None)
    engine = open_engine(url, pool_size=1)
    await migrate(engine)
    await engine.dispose()
    yield name
    await drop_database(server_url, name)


@pytest.fixture
async def database_url(server_url: str, migrated: str) -> AsyncIterator[str]:
    """A fresh migrated database for one test."""
    name = f"sunhwan_test_{secrets.token_hex(6)}"
    yield await with_database(server_url, name, template=migrated)
    await drop_database(server_url, name)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A pool on the fresh database as its owner, bound by nothing: for what a test arranges or spoils."""
    engine = open_engine(database_url, pool_size=4)
    yield engine
    await engine.dispose()


@pytest.fixture
async def app_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A pool on the fresh database as the program has it: with the program's role, and bound by its policies."""
    engine = open_engine(database_url, pool_size=4, role=APP)
    yield engine
    await engine.dispose()


@pytest.fixture
def postgres_unit(app_engine: AsyncEngine) -> PostgresUnit:
    """Opens transactions on the fresh database: `async with postgres_unit(SYSTEM) as work: …`."""
    return PostgresUnit(app_engine)
