"""Measures what authentication and isolation add to a request: the program beside itself without either.

The floor is the same program on the same database, but it knows who asks without looking, tells the database nothing,
and signs in as its superuser, whom no policy binds. One kept-alive client asks both in turns.
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
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
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
from domain.identity import usecases as identity
from domain.identity.model import Visit
from domain.shared.actor import SYSTEM, Actor
from tests.bench.door import PASSWORD, ROOT, open_sites

ROUNDS, REQUESTS = 9, 400
ROUTES = ("/api/v1/sites", "/api/v1/packs", "/api/v1/contracts")


def _unguard(actor: Actor) -> None:
    async def known(_token: str, _ports: Ports, _kept: object, *, enrolling: bool = False) -> Actor:
        return actor

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
        async with serving(create_app(settings), listening):
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
            child.wait(15)


async def ask(port: int, path: str, token: str, count: int) -> list[float]:
    """Ask for a page of the API again and again over one connection; ms each."""
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(answer.lower().partition(b"content-length: ")[2].partition(b"\r")[0]))
        taken.append((time.perf_counter() - began) * 1000)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
    writer.close()
    return taken


async def bench(home: Path) -> dict[str, dict[str, float]]:
    """Measure every route in turns, guarded and not."""
    figures: dict[str, dict[str, float]] = {}
    async with EmbeddedPostgres(home / "postgres") as url:
        await migrate_database(url)
        settings = replace(read_settings({"SUNHWAN_HOME": str(home)}), database_url=url)
        async with open_ports(settings) as ports:
            await demo_complex.make_complex(ports, password=PASSWORD)
            await open_sites(ports)
            opened = await identity.sign_in(
                "tenant", PASSWORD, desk=ports.desk, visit=Visit(source="bench", agent="bench")
            )
        async with served("guarded", url) as guarded, served("floor", url) as floor:
            for path in ROUTES:
                medians: dict[str, list[float]] = {"floor": [], "guarded": []}
                for number in range(ROUNDS + 1):
                    for name, port in (("floor", floor), ("guarded", guarded)):
                        taken = await ask(port, path, opened.token, REQUESTS)
                        if number:
                            medians[name].append(statistics.median(taken))
                added = [b - a for a, b in zip(medians["floor"], medians["guarded"], strict=True)]
                figures[path] = {
                    "floor ms": statistics.median(medians["floor"]),
                    "guarded ms": statistics.median(medians["guarded"]),
                    "added ms": statistics.median(added),
                }
    return figures


def run() -> dict[str, dict[str, float]]:
    """Measure, print and write `var/bench-isolation.json`."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(bench(Path(folder)))
    title = f"{os.cpu_count()} cores, Python {platform.python_version()}, medians of {ROUNDS} × {REQUESTS} requests"
    table = Table(title=f"Authentication and isolation, one client over HTTP · {title}", title_justify="left")
    for heading in ("", "floor ms", "guarded ms", "added ms"):
        table.add_column(heading, justify="left" if not heading else "right")
    for path, found in figures.items():
        table.add_row(path, *[f"{found[name]:.3f}" for name in ("floor ms", "guarded ms", "added ms")])
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
