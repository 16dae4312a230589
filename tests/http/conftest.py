"""The web program over a fresh database, with the demonstration complex in it and one client a person."""

import copy
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import structlog
from argon2 import PasswordHasher
from litestar import Litestar

from adapters.ktr import protocol_file
from adapters.system import Argon2Passwords
from adapters.tariffs import reader as tariff_reader
from app import demo, demo_complex
from app.http.identity import REMEMBERED, RememberedActors
from app.http.load import GATE, Gate
from app.http.quotas import METERS
from app.logs import TRACES
from app.main import create_app
from app.ports import Ports
from app.settings import Settings, read_settings
from app.wiring import open_ports, story_clock
from domain.identity.model import Person, Session
from domain.identity.usecases import acting
from domain.shared.actor import DOOR, SYSTEM, Actor, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import PersonId, TenantId
from tests.conftest import drop_database, with_database

PASSWORD = "wire-rope-2026-gumi"
STORY_BEGINS = datetime(2026, 2, 1, tzinfo=UTC)


QUICK_PASSWORDS = Argon2Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""argon2id at its least cost: what is tested is what the program does with it, hundreds of times a run."""


@pytest.fixture(scope="session", autouse=True)
def shipped_read_once() -> Iterator[None]:
    """Read the shipped protocol and tariffs once a run; nobody can change what was read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol_file, "load_protocol", cache(protocol_file.load_protocol))
        patch.setattr(tariff_reader, "load_tariffs", cache(tariff_reader.load_tariffs))
        yield


@pytest.fixture(autouse=True)
def told_in_lines() -> None:
    """Log in lines as a server does: what draws an error's locals for a terminal takes seconds an error."""
    structlog.configure(processors=[structlog.processors.add_log_level, *TRACES, structlog.processors.JSONRenderer()])


def _settings(url: str, home: Path) -> Settings:
    settings = read_settings(
        {"SUNHWAN_HOME": str(home), "SUNHWAN_PUBLIC_URL": "https://id.sunhwan.example", "SUNHWAN_QUOTAS": "off"}
    )
    return replace(settings, database_url=url)


@asynccontextmanager
async def _opened(settings: Settings, begins: datetime) -> AsyncIterator[Ports]:
    async with open_ports(settings, clock=story_clock(begins)) as opened:
        yield replace(opened, passwords=QUICK_PASSWORDS)


@pytest.fixture(scope="session")
def web_program(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    """The web program, which each test gives ports and state of its own (`app`), also where it is really served."""

    @asynccontextmanager
    async def given(_: Settings) -> AsyncIterator[Ports]:
        yield program.state["ports"]

    program = create_app(_settings("postgresql+asyncpg://nowhere", tmp_path_factory.mktemp("program")), ports=given)
    return program


def _begin_anew(web_program: Litestar, ports: Ports) -> None:
    web_program.state["ports"] = ports  # its lifespan would do just this, but must begin and end in one task
    web_program.state[REMEMBERED], web_program.state[GATE] = RememberedActors(), Gate()
    web_program.state[METERS] = None


@pytest.fixture(scope="session")
async def complex_made(server_url: str, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The name of a database with the demonstration complex in it, that fresh ones are copied from."""
    name = f"sunhwan_complex_{secrets.token_hex(4)}"
    url = await with_database(server_url, name, template=migrated)
    async with _opened(_settings(url, tmp_path_factory.mktemp("complex")), STORY_BEGINS) as ports:
        await demo_complex.make_complex(ports, password=PASSWORD)
    yield name
    await drop_database(server_url, name)


@dataclass(frozen=True, kw_only=True)
class Told:
    """The demonstration's story in the fresh database."""

    told: dict[str, dict[str, object]]
    life: demo.trace.PackTrace


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The story as it was told once: the database and the home that tests copy, and when it ended."""

    database: str
    home: Path
    ended_at: datetime
    told: Told


@pytest.fixture(scope="session")
async def story_told(
    server_url: str, complex_made: str, web_program: Litestar, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Kept]:
    """Tell the whole story with the shipped samples, over this very program, once a run."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[str]:
        yield "https://id.sunhwan.example"

    plain = httpx.AsyncClient

    def over_the_app(**settings: object) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(web_program, raise_app_exceptions=False)
        return plain(transport=transport, **settings)  # type: ignore[arg-type]

    name, home = f"sunhwan_story_{secrets.token_hex(4)}", tmp_path_factory.mktemp("story")
    url = await with_database(server_url, name, template=complex_made)
    async with _opened(_settings(url, home), STORY_BEGINS) as ports:
        _begin_anew(web_program, ports)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(demo.httpx, "AsyncClient", over_the_app)
            story = await demo.tell(
                demo.DemoWish(), ports=ports, clock=ports.clock, serve=serve, password=PASSWORD, said=lambda _: None
            )
        assert story.life is not None
        kept = Kept(database=name, home=home, ended_at=ports.clock.now(), told=Told(told=story.told, life=story.life))
    yield kept
    await drop_database(server_url, name)


@pytest.fixture
def begun(request: pytest.FixtureRequest, complex_made: str) -> Kept | None:
    """What the test begins with: the story, where it asks for it, else the complex alone."""
    kept: Kept | None = request.getfixturevalue("story_told") if "story" in request.fixturenames else None
    return kept


@pytest.fixture
async def database_url(server_url: str, complex_made: str, begun: Kept | None) -> AsyncIterator[str]:
    """A fresh database for one test, with what it begins with."""
    name = f"sunhwan_test_{secrets.token_hex(6)}"
    yield await with_database(server_url, name, template=begun.database if begun else complex_made)
    await drop_database(server_url, name)


@pytest.fixture
def app_settings(database_url: str, tmp_path: Path, begun: Kept | None) -> Settings:
    """Settings on the fresh database; labels point at a host of their own."""
    if begun:
        shutil.copytree(begun.home, tmp_path, dirs_exist_ok=True)
    return _settings(database_url, tmp_path)


@pytest.fixture
async def ports(app_settings: Settings, begun: Kept | None) -> AsyncIterator[Ports]:
    """The real ports, on a clock that the test moves (`ports.clock.move_to`)."""
    async with _opened(app_settings, begun.ended_at if begun else STORY_BEGINS) as opened:
        yield opened


@pytest.fixture
def app(web_program: Litestar, ports: Ports) -> Litestar:
    """The web program, on the ports of the test."""
    _begin_anew(web_program, ports)
    return web_program


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has not signed in."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="https://id.sunhwan.example"
    ) as opened:
        yield opened


async def under_a_key(request: httpx.Request) -> None:
    """Send a POST under a key of its own and to whatever state there is, unless the test chose otherwise."""
    if request.method == "POST":
        request.headers.setdefault("Idempotency-Key", secrets.token_hex(8))
        request.headers.setdefault("If-Match", "*")


SIGNING = ("reviewer", "approver")


async def prove(ports: Ports, token: str) -> None:
    """Let a session have proved now who holds it, without the cost of a password's hash."""
    now = ports.clock.now()
    held = await ports.recognition.of_session(sha256(token), now=now, seen_since=now - timedelta(hours=1))
    assert held is not None
    kept = held.session
    async with ports.unit(DOOR) as work:
        await work.sessions.renew(
            kept, token_sha256=kept.token_sha256, confirmed_at=now, second_factor=kept.second_factor
        )
        await work.commit()


SignedIn = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def signed_in(app: Litestar, client: httpx.AsyncClient, ports: Ports) -> AsyncIterator[SignedIn]:
    """Sign somebody of the demonstration complex in: `await signed_in("tester")` is their client.

    They have just proved who they are, but for those who sign, whose tests tell of it (`confirm`).
    """
    clients: list[httpx.AsyncClient] = []

    async def sign_in(name: str, *, confirmed: bool | None = None) -> httpx.AsyncClient:
        opened = await client.post("/api/v1/sessions", json={"sign_in_name": name, "password": PASSWORD})
        assert opened.status_code == 201, opened.text
        mine = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="https://id.sunhwan.example",
            headers={"Authorization": f"Bearer {opened.json()['token']}"},
            event_hooks={"request": [under_a_key]},
        )
        if name not in SIGNING if confirmed is None else confirmed:
            await prove(ports, opened.json()["token"])
        clients.append(mine)
        return mine

    yield sign_in
    for one in clients:
        await one.aclose()


async def confirm(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Let somebody who signed in prove again who they are; their session goes on under a new token."""
    proven = await client.post("/api/v1/sessions/me/confirmation", json={"password": PASSWORD})
    assert proven.status_code == 200, proven.text
    client.headers["Authorization"] = f"Bearer {proven.json()['token']}"
    return client


async def confirm_by_form(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Let somebody who signed in as a browser does prove again who they are."""
    proven = await client.post("/confirm", data={"password": PASSWORD, "next": "/account"})
    assert proven.status_code == 303, proven.text
    return client


async def by_cookie(client: httpx.AsyncClient, name: str) -> httpx.AsyncClient:
    """Let somebody who signed in as a program go on as a browser does."""
    del client.headers["Authorization"]
    opened = await client.post("/sign-in", data={"sign_in_name": name, "password": PASSWORD})
    assert opened.status_code == 303, opened.text
    return client


@pytest.fixture
def story(begun: Kept) -> Told:
    """The story, which the fresh database and home hold."""
    return copy.deepcopy(begun.told)


@pytest.fixture
async def people(ports: Ports) -> dict[str, Actor]:
    """The actors of the demonstration complex by sign-in name."""
    async with ports.unit(SYSTEM) as work:
        return {
            name: await acting(person, work=work)
            for name, *_ in demo_complex.PEOPLE
            if (person := await work.people.named(name))
        }


LetIn = Callable[[Role, int], Awaitable[str]]


@pytest.fixture
def let_in(ports: Ports) -> LetIn:
    """Let somebody of a role into an organisation: `await let_in(Role.AUDITOR, 1)` is a session's token."""

    async def let_in(role: Role, tenant_id: int) -> str:
        token, person_id = secrets.token_urlsafe(32), PersonId(uuid4())
        now = ports.clock.now()
        async with ports.unit(SYSTEM) as work:
            await work.people.add(
                Person(
                    person_id=person_id,
                    tenant_id=TenantId(tenant_id),
                    sign_in_name=f"{role.value}-{tenant_id}",
                    printed_name="시험",
                    role=role,
                    password_hash="-",
                    active=True,
                )
            )
            await work.sessions.open(
                Session(
                    token_sha256=sha256(token),
                    person_id=person_id,
                    tenant_id=TenantId(tenant_id),
                    opened_at=now,
                    expires_at=now + timedelta(hours=12),
                    session_id=uuid4(),
                    last_seen_at=now,
                    confirmed_at=now,
                    second_factor=True,
                    source="",
                    agent="",
                )
            )
            await work.commit()
        return token

    return let_in
