"""The web program over a fresh database, with the demonstration complex in it and one client a person."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from app import demo, demo_complex
from app.main import create_app
from app.ports import Ports
from app.settings import Settings, read_settings
from app.wiring import open_ports, story_clock
from domain.identity.model import Person, Session
from domain.identity.usecases import acting
from domain.shared.actor import DOOR, SYSTEM, Actor, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import PersonId, TenantId

PASSWORD = "wire-rope-2026-gumi"
STORY_BEGINS = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def app_settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings on the fresh database; labels point at a host of their own."""
    settings = read_settings(
        {"SUNHWAN_HOME": str(tmp_path), "SUNHWAN_PUBLIC_URL": "https://id.sunhwan.example", "SUNHWAN_QUOTAS": "off"}
    )
    return replace(settings, database_url=database_url)


@pytest.fixture
async def ports(app_settings: Settings) -> AsyncIterator[Ports]:
    """The real ports, on a clock that the test moves (`ports.clock.move_to`)."""
    async with open_ports(app_settings, clock=story_clock(STORY_BEGINS)) as opened:
        await demo_complex.make_complex(opened, password=PASSWORD)
        yield opened


@asynccontextmanager
async def _lend(ports: Ports) -> AsyncIterator[Ports]:
    yield ports


@pytest.fixture
def app(app_settings: Settings, ports: Ports) -> Litestar:
    """The web program, on the ports of the test."""
    program = create_app(app_settings, ports=lambda _: _lend(ports))
    program.state["ports"] = ports  # its lifespan would do just this, but must begin and end in one task
    return program


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
    async with ports.unit(DOOR) as work:
        now = ports.clock.now()
        held = await work.sessions.holder(sha256(token), now=now, seen_since=now - timedelta(hours=1))
        assert held is not None
        kept = held.session
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


@dataclass(frozen=True, kw_only=True)
class Told:
    """The demonstration's story in the fresh database."""

    told: dict[str, dict[str, object]]
    life: demo.trace.PackTrace


@pytest.fixture
async def story(app: Litestar, ports: Ports, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Tell the whole story with the shipped samples, over this very program."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[str]:
        yield "https://id.sunhwan.example"

    plain = httpx.AsyncClient

    def over_the_app(**settings: object) -> httpx.AsyncClient:
        return plain(transport=httpx.ASGITransport(app, raise_app_exceptions=False), **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(demo.httpx, "AsyncClient", over_the_app)
    told = await demo.tell(
        demo.DemoWish(), ports=ports, clock=ports.clock, serve=serve, password=PASSWORD, said=lambda _: None
    )
    monkeypatch.undo()
    assert told.life is not None
    return Told(told=told.told, life=told.life)


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
