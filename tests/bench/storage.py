"""Measures what a month of 250 meters takes on disk when its readings come live, one slot after the other.

Each meter's value comes by itself half a second to four seconds after its slot ends, in requests of 50 meters, on a
clock that is told; the tables are vacuumed every hour and after the night's settlement of the day before, as they are
by autovacuum while time really passes. What is told is the tables with their indexes over the values in them when most
is taken: at the end of the last day, before it settles.
"""

import asyncio
import random
import tempfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import asyncpg
import uvloop

from adapters.postgres.supervisor import EmbeddedPostgres
from app import demo_complex
from app.settings import read_settings
from app.wiring import migrate_database, open_ports, story_clock
from domain.journeys.readings import settle_day
from domain.metering.arrivals import Arrived
from domain.metering.model import Tick
from domain.metering.usecases import TakeReadings
from domain.shared.actor import SYSTEM
from domain.shared.identifiers import ChannelId
from domain.shared.time import SLOT, SLOTS_A_DAY, day_start
from tests.bench.door import PASSWORD, SITES, bytes_a_reading, plain
from tests.sites import open_sites

METERS, A_REQUEST, DAYS = 250, 50, 31
FIRST = date(2026, 1, 1)
HOUR_SLOTS = 4
_VACUUM = "vacuum sunhwan.interval_day, sunhwan.tick_page"


def _arrived(channels: list[int], day: date, slot: int, chance: random.Random) -> Arrived:
    ticks = tuple([Tick(ChannelId(channel), day, slot, chance.randrange(5_000)) for channel in channels])
    places = {ChannelId(channel): "1" for channel in channels}
    return Arrived(days=(), places=places, duplicate=0, rejected=0, rejections=(), ticks=ticks)


async def measure(home: Path, *, days: int = DAYS) -> dict[str, dict[str, float]]:
    """Live through the days; return bytes a reading."""
    chance = random.Random(11)
    clock = story_clock(datetime(2025, 12, 1, tzinfo=day_start(FIRST).tzinfo))
    async with EmbeddedPostgres(home / "postgres") as url:
        await migrate_database(url)
        settings = replace(read_settings({"SUNHWAN_HOME": str(home)}), database_url=url)
        connection = await asyncpg.connect(plain(url))
        async with open_ports(settings, clock=clock) as ports:
            await demo_complex.make_complex(ports, password=PASSWORD)
            channels = (await open_sites(ports, SITES))[:METERS]
            async with ports.unit(SYSTEM) as work:
                actor = (await work.people.named("tenant")).actor
            groups = [channels[first : first + A_REQUEST] for first in range(0, METERS, A_REQUEST)]
            for day in [FIRST + timedelta(days=number) for number in range(days)]:
                await settle_day(demo_complex.TENANT, day - timedelta(days=1), unit=ports.unit)
                await connection.execute(_VACUUM)
                for slot in range(SLOTS_A_DAY):
                    ended_at = day_start(day) + (slot + 1) * SLOT
                    lags = sorted(chance.randrange(500, 4_000) for _ in groups)
                    for group, lag in zip(chance.sample(groups, len(groups)), lags, strict=True):
                        clock.move_to(ended_at + timedelta(milliseconds=lag))
                        report = await ports.intake.take(
                            TakeReadings(
                                actor=actor,
                                tenant_id=demo_complex.TENANT,
                                arrived=_arrived(group, day, slot, chance),
                                content=b"",
                            )
                        )
                        if report.accepted != len(group):
                            raise AssertionError(report)
                    if slot % HOUR_SLOTS == HOUR_SLOTS - 1:
                        await connection.execute(_VACUUM)
            kept = await bytes_a_reading(connection)
        await connection.close()
    return {"bytes a reading, a month filled live, index included": {"door": kept}}


def run() -> dict[str, dict[str, float]]:
    """Measure, print, return what was measured."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(measure(Path(folder)))
    for name, found in figures.items():
        print(f"{name}: {found['door']:.2f}")
    return figures
