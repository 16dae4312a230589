"""Measures the readings door over HTTP beside its bare floor, in turns within one run; `python -m tests.bench.door`.

Servers run in processes of their own, to which clients are dealt in turns, as a proxy before them would; on one socket
the kernel gives one of them six of eight. Clients write requests made beforehand.
Everything shares the machine's cores, as figures of one machine do.
"""

import asyncio
import itertools
import json
import os
import platform
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import asyncpg
import uvloop
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url

from adapters.postgres.supervisor import EmbeddedPostgres
from app import demo_complex
from app.main import create_app
from app.serving import collect_seldom, listen, serving
from app.settings import read_settings
from app.wiring import migrate_database, open_ports
from domain.identity import usecases as identity
from domain.identity.model import Visit
from domain.shared.time import SEOUL
from tests.bench.floor import TABLE, floor_app
from tests.sites import open_sites

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "bench-marks-have-words"
ROUNDS = 5
SITES = 340
FIRST = date(2001, 1, 1)
WINDOWS = 280
"""So many stretches of 31 days each channel has between 2001 and now."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One figure: `bodies` makes a round's bodies, each of `values` readings."""

    name: str
    kind: str
    values: int
    requests: int
    clients: int
    bodies: Callable[[int], list[bytes]]


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


# ── servers ──


async def serve(kind: str, url: str, fd: int) -> None:
    """Serve one of the two programs until told to stop."""
    listening = socket.socket(fileno=fd)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    with tempfile.TemporaryDirectory() as home:
        settings = replace(read_settings({"SUNHWAN_HOME": home}), database_url=url)
        app = create_app(replace(settings, quotas=False)) if kind == "door" else floor_app(plain(url))
        async with serving(app, listening):
            collect_seldom()
            print("ready", flush=True)
            await stopping.wait()


@asynccontextmanager
async def served(kind: str, url: str, processes: int) -> AsyncIterator[tuple[list[int], list[int]]]:
    """Run servers; yield their ports and their process numbers."""
    with ExitStack() as sockets:
        listening = [sockets.enter_context(closing(listen("127.0.0.1", 0))) for _ in range(processes)]
        children = [
            subprocess.Popen(  # noqa: ASYNC220
                [sys.executable, "-m", "tests.bench.door", "serve", kind, url, str(own.fileno())],
                pass_fds=[own.fileno()],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
            )
            for own in listening
        ]
        try:
            for child in children:
                await asyncio.to_thread(child.stdout.readline)
            yield [own.getsockname()[1] for own in listening], [child.pid for child in children]
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait(15)


# ── clients ──


async def send_all(
    ports: list[int], token: str, kind: str, bodies: list[bytes], clients: int
) -> tuple[float, list[float]]:
    """Send each body once over `clients` connections; return the seconds it took and each request's."""
    head = (
        f"POST /api/v1/readings HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: "
    )
    waiting: Iterator[bytes] = iter([f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies])
    taken: list[float] = []

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", ports[number % len(ports)])
        for request in waiting:
            began = time.perf_counter()
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            said = await reader.readexactly(length)
            if not answer.startswith(b"HTTP/1.1 200") or (b'"rejected":' in said and b'"rejected":0' not in said):
                raise RuntimeError(said.decode())
            taken.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*[client(number) for number in range(clients)])
    return time.perf_counter() - began, taken


# ── bodies: no channel and day twice, unless it is sent again on purpose ──


class Bodies:
    """Deals channels' days out."""

    def __init__(self, channels: list[int]) -> None:
        self._groups_of_1000 = [channels[:1000], channels[1000:2000]]
        third = 120
        self._months = iter([(c, w) for c in channels[:third] for w in range(WINDOWS)])
        self._days = iter([(c, d) for c in channels[third : 2 * third] for d in range(WINDOWS * 31)])
        self._groups = iter(
            [
                (channels[2 * third : 3 * third][group : group + 31], d)
                for group in range(0, 89, 31)
                for d in range(WINDOWS * 31)
            ]
        )
        self._live = ((c, d, slot) for d in range(WINDOWS * 31) for slot in range(96) for c in channels[400:700])
        self._ticks = (
            (group, d, slot) for d in itertools.count(WINDOWS * 31) for slot in range(96) for group in (0, 1)
        )
        self._random = random.Random(7)

    def _wh(self, count: int) -> list[int]:
        return [self._random.randrange(5_000) for _ in range(count)]

    def _series(self, channel: int, day: date, count: int) -> bytes:
        start = f"{day.isoformat()}T00:00:00+09:00"
        one = {"channel": channel, "start": start, "resolution": "PT15M", "wh": self._wh(count)}
        return json.dumps({"series": [one]}, separators=(",", ":")).encode()

    def months(self, count: int) -> list[bytes]:
        dealt = [next(self._months) for _ in range(count)]
        return [self._series(c, FIRST + timedelta(days=31 * w), 2_976) for c, w in dealt]

    def days(self, count: int) -> list[bytes]:
        return [self._series(c, FIRST + timedelta(days=d), 96) for c, d in [next(self._days) for _ in range(count)]]

    def live(self, count: int) -> list[bytes]:
        """One reading a request, as 300 meters send their next slot in turns."""
        return [
            json.dumps({"rows": [{"channel": c, "at": _at(d, slot), "wh": wh}]}, separators=(",", ":")).encode()
            for (c, d, slot), wh in zip(itertools.islice(self._live, count), self._wh(count), strict=True)
        ]

    def ticks(self, count: int) -> list[bytes]:
        """The next slot of 1,000 meters in one request; two such groups in turns."""
        return [self._tick(*next(self._ticks)) for _ in range(count)]

    def _tick(self, group: int, number: int, slot: int) -> bytes:
        at = _at(number, slot)
        rows = [
            {"channel": c, "at": at, "wh": wh}
            for c, wh in zip(self._groups_of_1000[group], self._wh(1000), strict=True)
        ]
        return json.dumps({"rows": rows}, separators=(",", ":")).encode()

    def _rows(self) -> list[dict[str, object]]:
        channels, number = next(self._groups)
        day = FIRST + timedelta(days=number)
        midnight = datetime(day.year, day.month, day.day, tzinfo=SEOUL)
        stamps = [(midnight + timedelta(minutes=15 * slot)).isoformat() for slot in range(96)]
        rows = [{"channel": c, "at": at, "wh": self._random.randrange(5_000)} for c in channels for at in stamps]
        self._random.shuffle(rows)
        return rows

    def json_rows(self, count: int) -> list[bytes]:
        return [json.dumps({"rows": self._rows()}, separators=(",", ":")).encode() for _ in range(count)]

    def ndjson(self, count: int) -> list[bytes]:
        return [
            "\n".join(json.dumps(row, separators=(",", ":")) for row in self._rows()).encode() for _ in range(count)
        ]

    def csv(self, count: int) -> list[bytes]:
        return [
            ("channel,at,wh\n" + "".join(f"{r['channel']},{r['at']},{r['wh']}\n" for r in self._rows())).encode()
            for _ in range(count)
        ]


def _at(number: int, slot: int) -> str:
    day = FIRST + timedelta(days=number)
    return (datetime(day.year, day.month, day.day, tzinfo=SEOUL) + timedelta(minutes=15 * slot)).isoformat()


def memory_mb(pids: list[int]) -> float:
    """Return the largest peak of resident memory among processes."""
    peaks = []
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
        peaks.append(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    return max(peaks)


async def bytes_a_reading(connection: asyncpg.Connection) -> float:
    """Return what days, and pages not yet laid into them, take with their indexes, over the values in them; else 0."""
    kept = await connection.fetchrow(
        """select pg_total_relation_size('sunhwan.interval_day') + pg_total_relation_size('sunhwan.tick_page') as bytes,
                  coalesce((select sum(cardinality(array_remove(wh, null))) from sunhwan.interval_day), 0)
                  + coalesce((select sum(cardinality(wh)) from sunhwan.tick_page), 0) as readings"""
    )
    return float(kept["bytes"] / kept["readings"]) if kept["readings"] else 0.0


async def settle(connection: asyncpg.Connection) -> None:
    """Let the database finish what is left of scenarios before, so that each pays for itself and for nothing else."""
    await connection.execute("vacuum analyze")
    await connection.execute("checkpoint")


async def bench(home: Path, *, processes: int, only: str) -> dict[str, dict[str, float]]:
    """Measure every scenario in turns: floor, door, door again."""
    figures: dict[str, dict[str, float]] = {}
    async with EmbeddedPostgres(home / "postgres") as url:
        await migrate_database(url)
        settings = replace(read_settings({"SUNHWAN_HOME": str(home)}), database_url=url)
        async with open_ports(settings) as ports:
            await demo_complex.make_complex(ports, password=PASSWORD)
            channels = await open_sites(ports, SITES)
            opened = await identity.sign_in(
                "tenant", PASSWORD, desk=ports.desk, visit=Visit(source="bench", agent="bench")
            )
        connection = await asyncpg.connect(plain(url))
        await connection.execute(TABLE)
        bodies = Bodies(channels)
        scenarios = [
            Scenario(name=f"series of 2,976, {n} clients", kind="application/json", values=2_976, requests=250,
                     clients=n, bodies=bodies.months)
            for n in (4, 8)
        ] + [
            Scenario(name="series of 96, 8 clients", kind="application/json", values=96, requests=1_500, clients=8,
                     bodies=bodies.days),
            Scenario(name="2,976 rows, JSON", kind="application/json", values=2_976, requests=60, clients=8,
                     bodies=bodies.json_rows),
            Scenario(name="2,976 rows, NDJSON", kind="application/x-ndjson", values=2_976, requests=60, clients=8,
                     bodies=bodies.ndjson),
            Scenario(name="2,976 rows, CSV", kind="text/csv", values=2_976, requests=60, clients=8,
                     bodies=bodies.csv),
            Scenario(name="live, one reading a request", kind="application/json", values=1, requests=2_000, clients=8,
                     bodies=bodies.live),
            Scenario(name="tick of 1,000 meters", kind="application/json", values=1_000, requests=96, clients=2,
                     bodies=bodies.ticks),
        ]  # fmt: skip
        async with (
            served("door", url, processes) as (door, pids),
            served("floor", url, processes) as (floor, _),
        ):
            for scenario in scenarios:
                if scenario.values == 1 and (kept := await bytes_a_reading(connection)):
                    figures["bytes a reading, whole days, index included"] = {"door": kept}
                if only in scenario.name:
                    await settle(connection)
                    figures[scenario.name] = await measure(scenario, door=door, floor=floor, token=opened.token)
            figures["memory of a server process, peak MB"] = {"door": memory_mb(pids)}
        await connection.close()
    return figures


async def measure(scenario: Scenario, *, door: list[int], floor: list[int], token: str) -> dict[str, float]:
    """Return medians of rounds, readings a second; the first round of each is not counted."""
    speeds: dict[str, list[float]] = {"floor": [], "door": [], "resend": []}
    waits: list[float] = []
    for number in range(ROUNDS + 1):
        sent = scenario.bodies(scenario.requests)
        turns = [[("floor", floor)], [("door", door), ("resend", door)]]
        for name, ports in itertools.chain.from_iterable(turns[:: 1 if number % 2 else -1]):
            seconds, taken = await send_all(ports, token, scenario.kind, sent, scenario.clients)
            if number:
                speeds[name].append(scenario.requests * scenario.values / seconds)
                waits.extend(taken if name == "door" else ())
    medians = {name: statistics.median(found) for name, found in speeds.items()}
    cuts = statistics.quantiles(waits, n=100)
    return {
        **medians,
        "of floor": statistics.median([a / b for a, b in zip(speeds["door"], speeds["floor"], strict=True)]),
        "resend of first": statistics.median([a / b for a, b in zip(speeds["resend"], speeds["door"], strict=True)]),
        "p50 ms": cuts[49] * 1000,
        "p99 ms": cuts[98] * 1000,
    }


def run(*, processes: int = 2, only: str = "") -> dict[str, dict[str, float]]:
    """Measure, print and write `var/bench-door.json`."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(bench(Path(folder), processes=processes, only=only))
    title = (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {processes} server processes, medians of {ROUNDS}"
    )
    table = Table(title=f"Readings a second over HTTP, durable · {title}", title_justify="left")
    for heading in ("", "floor", "door", "of floor", "resend", "p50 ms", "p99 ms"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, found in figures.items():
        cells = [found.get(key) for key in ("floor", "door", "of floor", "resend", "p50 ms", "p99 ms")]
        table.add_row(name, *["" if cell is None else f"{cell:,.{0 if cell >= 1000 else 2}f}" for cell in cells])
    Console().print(table)
    out = ROOT / "var" / "bench-door.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps({"title": title, "figures": figures}, indent=2) + "\n", encoding="utf-8")
    print(f"written: {out.relative_to(ROOT)}")
    return figures


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        uvloop.run(serve(sys.argv[2], sys.argv[3], int(sys.argv[4])))
    else:
        run(processes=int(os.environ.get("BENCH_PROCESSES", "2")), only=" ".join(sys.argv[1:]))
