"""Measures what authentication and isolation add to a request: the program beside itself without either.

The floor is the same program on the same database, but it knows who asks without looking, tells the database nothing,
and signs in as its superuser, whom no policy binds. One kept-alive client asks both in turns, request by request in the
same second, and what is added is the median of those pairs. What a reading adds is told by two lengths of a series.
"""

import asyncio
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from adapters.postgres import engine, transaction
from adapters.postgres.engine import open_engine as plainly_open
from adapters.postgres.supervisor import EmbeddedPostgres
from app import demo_complex
from app.http import identity as asking
from app.main import create_app
from app.ports import Ports
from app.serving import listen, serving
from app.settings import read_settings
from app.wiring import migrate_database, open_ports
from domain.identity import account, keys
from domain.identity import usecases as identity
from domain.identity.model import Visit
from domain.journeys import machine_keys
from domain.shared.actor import SYSTEM, Actor, Role
from tests.bench.client import connected
from tests.bench.door import PASSWORD, ROOT, SITES
from tests.sites import open_sites

ROUNDS, REQUESTS = 9, 120
READINGS, SENDS = (96, 2_976), 24
BUDGET_MS = 1.0
"""What authentication and isolation may add to a request, at the median."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One kind of request, and how many readings it carries."""

    name: str
    method: str
    path: str
    token: str
    cookie: bool = False
    body: bytes = b""
    times: int = REQUESTS
    readings: int = 0

    def request(self, number: int) -> bytes:
        """Return the bytes to send."""
        who = f"Cookie: sunhwan_session={self.token}" if self.cookie else f"Authorization: Bearer {self.token}"
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: bench\r\n{who}\r\n"
        if self.method == "POST":
            head += f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n"
        return f"{head}\r\n".encode() + self.body


def _unguard(actor: Actor) -> None:
    proven = replace(actor, confirmed_at=datetime.now(UTC) + timedelta(days=1))

    async def known(_token: str, _ports: Ports, _kept: object, *, enrolling: bool = False) -> Actor:
        return proven

    asking._who = known  # type: ignore[assignment]
    transaction.begin_statement = lambda _: "begin"
    engine.open_engine = _unbound  # type: ignore[assignment]


def _unbound(url: str, *, role: str | None = None, **settings: int) -> object:
    return plainly_open(url, **settings)


async def serve(kind: str, url: str, fd: int) -> None:
    """Serve the program, guarded or not, until told to stop."""
    listening = socket.socket(fileno=fd)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    with tempfile.TemporaryDirectory() as home:
        settings = replace(read_settings({"SUNHWAN_HOME": home}), database_url=url)
        if kind == "floor":
            async with open_ports(settings) as ports, ports.unit(SYSTEM) as work:
                person = await work.people.named("tenant")
                if person is None:
                    raise RuntimeError("the complex has no tenant")
            _unguard(person.actor)
        async with serving(create_app(replace(settings, quotas=False)), listening):
            print("ready", flush=True)
            await stopping.wait()


@asynccontextmanager
async def served(kind: str, url: str) -> AsyncIterator[int]:
    """Run a server in a process of its own; yield its port."""
    with closing(listen("127.0.0.1", 0)) as listening:
        child = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", "tests.bench.isolation", "serve", kind, url, str(listening.fileno())],
            pass_fds=[listening.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        try:
            await asyncio.to_thread(child.stdout.readline)  # type: ignore[union-attr]
            yield listening.getsockname()[1]
        finally:
            child.terminate()
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()


async def kinds(ports: Ports) -> list[Asked]:
    """Return what is asked: a write first, for its proof lasts five minutes."""
    visit = Visit(source="bench", agent="bench")
    opened = await identity.sign_in("tenant", PASSWORD, desk=ports.desk, visit=visit)
    holder = await identity.holder_of(opened.token, recognition=ports.recognition, unit=ports.unit, clock=ports.clock)
    token = (await account.confirm(holder, desk=ports.desk, password=PASSWORD, visit=visit)).token
    holder = await identity.holder_of(token, recognition=ports.recognition, unit=ports.unit, clock=ports.clock)
    key = await machine_keys.make_key(
        keys.MakeKey(
            actor=holder.actor,
            tenant_id=holder.actor.tenant_id,
            name="bench",
            role=Role.TENANT_VIEWER,
            sites=None,
            channels=None,
            days=30,
        ),
        unit=ports.unit,
        tokens=ports.tokens,
        ids=ports.ids,
        clock=ports.clock,
    )
    series = {
        count: {"channel": 1, "start": "2020-01-01T00:00:00+09:00", "resolution": "PT15M", "wh": [250] * count}
        for count in READINGS
    }
    return [
        Asked(
            name="write: POST /api/v1/keys",
            method="POST",
            path="/api/v1/keys",
            token=token,
            body=b'{"name": "bench", "role": "tenant_viewer"}',
            times=REQUESTS // 4,
        ),
        *[
            Asked(
                name=f"POST /api/v1/readings, {count:,} values",
                method="POST",
                path="/api/v1/readings",
                token=token,
                body=json.dumps(body).encode(),
                times=SENDS,
                readings=count,
            )
            for count, body in series.items()
        ],
        Asked(name="page: GET /contract", method="GET", path="/contract", token=token, cookie=True),
        Asked(name="session: GET /api/v1/sites", method="GET", path="/api/v1/sites", token=token),
        Asked(name="session: GET /api/v1/packs", method="GET", path="/api/v1/packs", token=token),
        Asked(name="key: GET /api/v1/sites", method="GET", path="/api/v1/sites", token=key.text),
    ]


async def bench(home: Path) -> dict[str, dict[str, float]]:
    """Measure every kind of request in pairs, guarded and not."""
    figures: dict[str, dict[str, float]] = {}
    async with EmbeddedPostgres(home / "postgres") as url:
        await migrate_database(url)
        settings = replace(read_settings({"SUNHWAN_HOME": str(home)}), database_url=url)
        async with open_ports(settings) as ports:
            await demo_complex.make_complex(ports, password=PASSWORD)
            await open_sites(ports, SITES)
            asked = await kinds(ports)
        async with (
            served("guarded", url) as guarded,
            served("floor", url) as floor,
            connected(guarded) as ask_guarded,
            connected(floor) as ask_floor,
        ):
            for one in asked:
                figures[one.name] = await measure(one, ask_guarded, ask_floor)
            few, many = [one for one in asked if one.readings]
            more_ms = figures[many.name]["added ms"] - figures[few.name]["added ms"]
            figures[many.name]["added ns a reading"] = more_ms * 1_000_000 / (many.readings - few.readings)
    return figures


async def measure(
    asked: Asked, guarded: Callable[[bytes], Awaitable[float]], floor: Callable[[bytes], Awaitable[float]]
) -> dict[str, float]:
    """Ask both in turns, each first as often as the other; the first round is not counted."""
    pairs: list[tuple[float, float]] = []
    for number in range(ROUNDS * asked.times // 3 + asked.times // 3):
        request = asked.request(number)
        if number % 2:
            below, above = await floor(request), await guarded(request)
        else:
            above, below = await guarded(request), await floor(request)
        if number >= asked.times // 3:
            pairs.append((below, above))
    added = statistics.median([above - below for below, above in pairs])
    return {
        "floor ms": statistics.median([below for below, _ in pairs]),
        "guarded ms": statistics.median([above for _, above in pairs]),
        "added ms": added,
        "pairs": float(len(pairs)),
    }


def run() -> dict[str, dict[str, float]]:
    """Measure, print and write `var/bench-isolation.json`."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(bench(Path(folder)))
    title = f"{os.cpu_count()} cores, Python {platform.python_version()}, paired in one run"
    table = Table(
        title=f"Authentication and isolation, one client over HTTP, budget {BUDGET_MS} ms · {title}",
        title_justify="left",
    )
    headings = ("floor ms", "guarded ms", "added ms", "added ns a reading", "pairs")
    for heading in ("", *headings):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, found in figures.items():
        table.add_row(name, *[f"{found[one]:,.3f}".removesuffix(".000") if one in found else "" for one in headings])
    Console().print(table)
    out = ROOT / "var" / "bench-isolation.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps({"title": title, "figures": figures}, indent=2) + "\n", encoding="utf-8")
    print(f"written: {out.relative_to(ROOT)}")
    return figures


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        uvloop.run(serve(sys.argv[2], sys.argv[3], int(sys.argv[4])))
    else:
        run()
