"""Measures everything on an embedded PostgreSQL with fsync on; prints tables and verdicts, writes `var/bench.json`.

`make bench` measures all; `make bench ARGS="door reading_back"` only these.

Figures are medians of several runs on whatever else the machine does; compare ratios within one run.
"""

import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import uvloop
from rich.console import Console
from rich.table import Table

from adapters.postgres.supervisor import EmbeddedPostgres
from app import demo, demo_complex
from app.main import create_app
from app.serving import listen, serving
from app.settings import read_settings
from app.wiring import migrate_database, open_ports, story_clock
from tests.bench import door, inspection, isolation, reading_back, seal, storage
from tests.bench.targets import judge, table_of

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
PASSWORD = "bench-marks-have-words"
RUNS = 7


async def median_ms(doing: Callable[[], Awaitable[object]], *, runs: int = RUNS) -> float:
    """Return the median of several runs after one that is not counted; ms."""
    await doing()
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        await doing()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


async def bench(home: Path) -> dict[str, float]:
    """Tell the story once, then measure what its users do most."""
    figures: dict[str, float] = {}
    ndax = SHARED / "cyclers/neware_ndax/TESTCELL0001_M50T.ndax"
    site = SHARED / "energy/sites/S1_metalworking_2018_15min.csv.gz"
    wish = demo.DemoWish(cycler=ndax, site=site) if SHARED.is_dir() else demo.DemoWish()
    async with EmbeddedPostgres(home / "postgres") as address:
        await migrate_database(address)
        settings = replace(read_settings({"SUNHWAN_HOME": str(home)}), database_url=address)
        async with open_ports(settings) as plain:
            series = await plain.reading_files.parse(demo.read_file(wish.site or demo.SAMPLE_SITE))
        clock = story_clock(series.first_at - timedelta(days=150))
        async with open_ports(settings, clock=clock) as ports:
            await demo_complex.make_complex(ports, password=PASSWORD)

            @asynccontextmanager
            async def lend(_: object):
                yield ports

            @asynccontextmanager
            async def serve():
                with closing(listen("127.0.0.1", 0)) as listening:
                    async with serving(create_app(settings, ports=lend), listening):
                        yield f"http://127.0.0.1:{listening.getsockname()[1]}"

            began = time.perf_counter()
            story = await demo.tell(wish, ports=ports, clock=clock, serve=serve, password=PASSWORD, said=lambda _: None)
            figures["whole story, s"] = time.perf_counter() - began
            cycler = demo.read_file(wish.cycler or demo.SAMPLE_CYCLER)
            content = demo.read_file(wish.site or demo.SAMPLE_SITE)
            figures["cycler file read in its child, ms"] = await median_ms(lambda: ports.cycler_files.read(cycler))
            figures["site file parsed in its child, ms"] = await median_ms(lambda: ports.reading_files.parse(content))
            async with serve() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
                token = (
                    await client.post("/api/v1/sessions", json={"sign_in_name": "operator", "password": PASSWORD})
                ).json()["token"]
                client.headers["Authorization"] = f"Bearer {token}"
                path = f"/api/v1/sites/{story.told['contract']['site_id']}/readings?tenant_id=11"
                figures["site file sent again over HTTP, ms"] = await median_ms(
                    lambda: client.post(path, content=content)
                )
                passport = str(story.told["second_life"]["product_uri"]).removeprefix(settings.public_url)
                figures["public passport page, ms"] = await median_ms(lambda: client.get(passport), runs=30)
                pack = story.told["pack"]["pack_id"]
                figures["pack trace over the API, ms"] = await median_ms(
                    lambda: client.get(f"/api/v1/packs/{pack}"), runs=30
                )
                month = story.told["month"]["month"]
                site_id = story.told["contract"]["site_id"]
                figures["month of energy over the API, ms"] = await median_ms(
                    lambda: client.get(f"/api/v1/sites/{site_id}/months/{month}?tenant_id=11")
                )
                figures["liveness, ms"] = await median_ms(lambda: client.get("/livez"), runs=100)
    return figures


def paths() -> dict[str, float]:
    """Measure the main paths, print."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(bench(Path(folder)))
    table = Table(title=f"{MACHINE}, medians", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}")
    Console().print(table)
    return figures


MACHINE = f"{os.cpu_count()} cores, Python {platform.python_version()}"
PARTS: Mapping[str, Callable[[], Mapping[str, float | Mapping[str, float]] | None]] = {
    "paths": paths,
    "door": door.run,
    "storage": storage.run,
    "reading_back": reading_back.run,
    "inspection": inspection.run,
    "isolation": isolation.run,
    "seal": seal.run,
}
"""What is measured, in this order; names on the command line choose among them."""


def main() -> None:
    """Measure, print, judge, write `var/bench.json`."""
    chosen = [name for name in sys.argv[1:] if name in PARTS] or list(PARTS)
    measured = {name: PARTS[name]() or {} for name in chosen}
    flat = {
        figure: value if isinstance(value, Mapping) else {"value": value}
        for part in measured.values()
        for figure, value in part.items()
    }
    verdicts = judge(flat)
    if verdicts:
        Console().print(table_of(verdicts, title=f"Against the targets · {MACHINE}"))
    out = ROOT / "var" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    told = {"machine": MACHINE, "figures": measured, "targets": verdicts}
    out.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written: {out.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
