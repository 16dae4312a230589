"""Servers are killed while programs send readings: what was acknowledged is there, once, and nothing is made up."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy.engine import make_url

from adapters.postgres.supervisor import EmbeddedPostgres
from app import demo_complex
from app.settings import read_settings
from app.wiring import migrate_database, open_ports
from tests.sites import open_sites

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "wire-rope-2026-gumi"
CLIENTS = 8
DAYS = 30
START = datetime(2026, 5, 31, 15, tzinfo=UTC)
FIRST_ON = (START + timedelta(hours=9)).date()
SLOT = timedelta(minutes=15)
SITES = 7
"""Their meters are so many that a slot of all is kept as it came."""
PATIENCE_S = 120

Slot = tuple[int, int]
"""A channel and how many quarters of an hour after `START`."""


def value_of(channel: int, slot: int) -> int:
    """What the meter says: the same whenever and however often it is asked."""
    return (channel * 7_919 + slot * 104_729) % 5_003


@dataclass
class Journal:
    """What the senders know: which bodies were acknowledged, and which must be sent again."""

    acknowledged: set[Slot] = field(default_factory=set)
    sent: set[Slot] = field(default_factory=set)
    unanswered: list[list[tuple[int, int, int]]] = field(default_factory=list)
    accepted: int = 0
    answered_values: int = 0
    statuses: set[int] = field(default_factory=set)


@dataclass
class Senders:
    """Eight programs that send series, single rows and slots of many meters, the same ones, overlapping each other."""

    port: int
    token: str
    channels: list[int]
    journal: Journal = field(default_factory=Journal)
    dice: random.Random = field(default_factory=lambda: random.Random(20))

    def parts(self) -> list[tuple[int, int, int]]:
        """Say what one body holds: channel, first slot and number of slots of each series."""
        if self.dice.random() < 0.2:
            slot = self.dice.randrange(DAYS * 96 - 200)
            return [(channel, slot, 1) for channel in self.channels]
        one = self.dice.random() < 0.5
        return [
            (
                self.dice.choice(self.channels),
                self.dice.randrange(DAYS * 96 - 200),
                1 if one else self.dice.choice([1, 4, 96, 200]),
            )
            for _ in range(1 if one else self.dice.randrange(1, 4))
        ]

    async def send(self, client: httpx.AsyncClient, parts: list[tuple[int, int, int]]) -> bool:
        """Send one body; note it as acknowledged only when the answer is there."""
        slots = {(channel, first + step) for channel, first, count in parts for step in range(count)}
        values = sum(count for _, _, count in parts)
        self.journal.sent |= slots
        series = [
            {
                "channel": channel,
                "start": (START + first * SLOT).isoformat(),
                "resolution": "PT15M",
                "wh": [value_of(channel, first + step) for step in range(count)],
            }
            for channel, first, count in parts
        ]
        try:
            answer = await client.post("/api/v1/readings", json={"series": series})
        except httpx.TransportError:
            self.journal.unanswered.append(parts)
            return False
        self.journal.statuses.add(answer.status_code)
        if answer.status_code != 200:
            self.journal.unanswered.append(parts)
            return False
        said = answer.json()
        assert (said["conflicting"], said["rejected"], said["late"]) == (0, 0, 0)
        assert said["accepted"] + said["duplicate"] == values
        self.journal.accepted += said["accepted"]
        self.journal.answered_values += values
        self.journal.acknowledged |= slots
        return True

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", headers={"Authorization": f"Bearer {self.token}"}, timeout=30
        )

    async def until(self, stopped: asyncio.Event) -> None:
        """Send, all eight at once, until the servers are gone."""

        async def sending() -> None:
            async with self.client() as client:
                while not stopped.is_set():
                    if not await self.send(client, self.parts()):
                        return

        await asyncio.gather(*[sending() for _ in range(CLIENTS)])

    async def again(self) -> None:
        """Send whatever was not answered, until everything is."""
        async with self.client() as client, asyncio.timeout(PATIENCE_S):
            while self.journal.unanswered:
                waiting, self.journal.unanswered = self.journal.unanswered, []
                for parts in waiting:
                    await self.send(client, parts)


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def kept(url: str) -> dict[Slot, int]:
    """Read what is stored, by SQL of the test's own; a day that is there twice, or put aside, fails."""
    connection = await asyncpg.connect(plain(url))
    try:
        rows = await connection.fetch("select channel_id, day, revision, wh from sunhwan.interval_day")
        pages = await connection.fetch("select day, slot, channel_ids, wh from sunhwan.tick_page")
        assert await connection.fetchval("select count(*) from sunhwan.reading_conflict") == 0
    finally:
        await connection.close()
    assert {row["revision"] for row in rows} <= {0}
    found: dict[Slot, int] = {}
    for row in rows:
        first = (row["day"] - FIRST_ON).days * 96
        for index, value in enumerate(row["wh"]):
            if value is not None:
                found[row["channel_id"], first + index] = value
    for page in pages:
        slot = (page["day"] - FIRST_ON).days * 96 + page["slot"]
        for channel, value in zip(page["channel_ids"], page["wh"], strict=True):
            assert (channel, slot) not in found, "a slot is kept twice"
            found[channel, slot] = value
    return found


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])


@asynccontextmanager
async def database(home: Path) -> AsyncIterator[str]:
    """Run the embedded PostgreSQL; where it was killed, its last processes may still be leaving."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            running = EmbeddedPostgres(home / "postgres")
            try:
                url = await running.__aenter__()
                break
            except Exception:
                await asyncio.sleep(0.2)
    try:
        yield url
    finally:
        await running.__aexit__(None, None, None)


@asynccontextmanager
async def server(home: Path, url: str, port: int) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run `sunhwan serve` until it is killed."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": url,
        "SUNHWAN_HOME": str(home),
        "SUNHWAN_PORT": str(port),
        "SUNHWAN_QUOTAS": "off",
    }
    with (home / "serve.log").open("ab") as log:
        child = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-c", "from app.cli import main; main()", "serve"],
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        async with httpx.AsyncClient() as client, asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)
        yield child
    finally:
        child.kill()
        child.wait()


async def prepared(home: Path, url: str) -> list[int]:
    """Make the complex with its sites; return their channels."""
    await migrate_database(url)
    settings = replace(read_settings({"SUNHWAN_HOME": str(home)}), database_url=url)
    async with open_ports(settings) as ports:
        await demo_complex.make_complex(ports, password=PASSWORD)
        return await open_sites(ports, SITES)


async def sign_in(port: int) -> str:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        answer = await client.post("/api/v1/sessions", json={"sign_in_name": "tenant", "password": PASSWORD})
        return str(answer.json()["token"])


async def kill_again_and_again(home: Path, cycles: int) -> Journal:
    """Send, kill the server, the database or both, start again, look, send again; then compare slot by slot."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with database(home) as url:
        channels = await prepared(home, url)
    senders: Senders | None = None
    for cycle in range(cycles):
        async with database(home) as url, server(home, url, port) as child:
            senders = senders or Senders(port=port, token=await sign_in(port), channels=channels)
            found = await kept(url)
            lost = senders.journal.acknowledged - found.keys()
            assert not lost, f"cycle {cycle}: {len(lost)} acknowledged readings are lost"
            await senders.again()
            stopped = asyncio.Event()
            sending = asyncio.create_task(senders.until(stopped))
            await asyncio.sleep(senders.dice.uniform(0.2, 1.0))
            target = ("server", "postmaster", "both")[cycle % 3]
            if target != "postmaster":
                child.send_signal(signal.SIGKILL)
            if target != "server":
                os.kill(postmaster(home), signal.SIGKILL)
            stopped.set()
            await sending
    assert senders is not None
    async with database(home) as url, server(home, url, port):
        await senders.again()
        found = await kept(url)
    journal = senders.journal
    assert found == {slot: value_of(*slot) for slot in journal.sent}
    assert journal.sent == journal.acknowledged
    assert journal.accepted <= len(journal.sent), "a reading was taken as new twice"
    assert journal.statuses <= {200, 503}
    return journal


async def test_two_kills_under_ingest_lose_and_double_nothing(tmp_path: Path) -> None:
    journal = await kill_again_and_again(tmp_path, cycles=2)

    assert journal.acknowledged


@pytest.mark.prove
async def test_killed_twenty_times_under_ingest_nothing_acknowledged_is_lost_and_nothing_doubled(
    tmp_path: Path,
) -> None:
    journal = await kill_again_and_again(tmp_path, cycles=20)

    print(f"{len(journal.sent):,} readings sent, {journal.answered_values:,} values answered, 0 lost, 0 doubled")
