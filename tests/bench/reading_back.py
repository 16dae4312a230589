"""Measures reading back: a month's rules in the domain, reads at the port and over HTTP, with few and many readings.

Months of other sites are stored beside the one that is read, so that what the table's size costs can be seen.
"""

import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import httpx
import uvloop
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from adapters.meterfiles.reader import SandboxedReadingFiles
from adapters.postgres.engine import open_engine
from adapters.postgres.supervisor import EmbeddedPostgres
from adapters.tariffs.reader import load_tariffs
from app import demo_complex
from app.main import create_app
from app.samples import make_site
from app.serving import listen, serving
from app.settings import read_settings
from app.wiring import migrate_database, open_ports
from domain.identity.usecases import acting
from domain.journeys import readings
from domain.metering.attribution import NOTHING
from domain.metering.demand import peaks, without_storage
from domain.metering.insight import month_insight
from domain.metering.inventory import Method, trace
from domain.metering.model import Site
from domain.metering.reading_back import AsIf, price_days
from domain.metering.series import columns
from domain.metering.tariff import by_band
from domain.metering.usage import month_usage
from domain.metering.usecases import OpenSite
from domain.shared.actor import SYSTEM
from domain.shared.identifiers import SiteId, TenantId
from domain.shared.time import Month
from tests.bench.client import connected, get

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "bench-marks-have-words"
RUNS = 41
TARIFF = AsIf(tariff="kepco.industrial-a2.hv-a.2", version="2026-06-01")
MONTH = Month(2026, 8)
STORED_MILLIONS = (1, 100)
"""Readings in the table beside the site's own, in steps."""


def median_ms(doing: Callable[[], object]) -> float:
    """Return the median of many runs after one that is not counted; ms."""
    doing()
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        doing()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


async def awaited_ms(doing: Callable[[], Awaitable[object]]) -> float:
    """The same for what is awaited."""
    await doing()
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        await doing()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


async def rules() -> dict[str, float]:
    """Measure a site-month's rules, readings in and figures out."""
    series = await SandboxedReadingFiles().parse(make_site.PATH.read_bytes())
    days = {one.quantity: one.days for one in series.quantities}
    book, factors = load_tariffs()
    priced = price_days(MONTH, (), book=book, as_if=TARIFF)
    assert priced is not None
    site = Site(
        site_id=SiteId(UUID(int=1)),
        tenant_id=TenantId(1),
        name_ko="",
        name_en="",
        address_ko="",
        kepco_customer_no="",
        contract_power_w=300_000,
    )
    usage = month_usage(MONTH, days, first_on=MONTH.first_on)

    def main_three() -> None:
        table = columns(days, first_on=MONTH.first_on, until_on=MONTH.next().first_on)
        baseline = without_storage(table)
        trace(table, method=Method.PRO_RATA, efficiency_ppm=usage.efficiency_ppm)
        price_days(MONTH, (), book=book, as_if=TARIFF)
        for values in (table.load, table.bought, baseline.bought, table.charge, table.discharge):
            by_band(values, priced.days)
        peaks(table, baseline)

    def everything() -> None:
        month_usage(MONTH, days, first_on=MONTH.first_on)
        month_insight(
            site=site,
            usage=usage,
            days=days,
            opening=NOTHING,
            usable_wh=200_000,
            priced=priced,
            factor=factors[-1],
        )

    return {
        "site-month of attribution, bands, peaks, domain, ms": median_ms(main_three),
        "site-month from every side, domain, ms": median_ms(everything),
    }


async def stored(url: str, millions: int) -> None:
    """Store months of other channels of the same tenant beside, by the database itself."""
    engine = open_engine(url, pool_size=1)
    blocks = millions * 1_000_000 // 96
    async with engine.begin() as connection:
        await connection.execute(
            text(
                """
                insert into sunhwan.interval_day
                    (tenant_id, day, channel_id, revision, wh, quality, source, recorded_at)
                select 11, date '2026-08-01' + number % 31, 200000 + number / 31, 0,
                    array_fill(number % 1000, array[96]), 'measured', 'api', now()
                from generate_series(0, cast(:blocks as int) - 1) as number
                on conflict do nothing
                """
            ),
            {"blocks": blocks},
        )
    async with engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text("vacuum analyze sunhwan.interval_day"))
        await plain.execute(text("checkpoint"))  # what was stored is on disk before anybody reads
    await engine.dispose()


async def token_of(port: int, name: str) -> str:
    """Sign somebody in; return the session's token."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.post("/api/v1/sessions", json={"sign_in_name": name, "password": PASSWORD})
    return str(answer.raise_for_status().json()["token"])


async def reads(home: Path) -> dict[str, float]:
    """Measure reads at the port and over HTTP, on a table that grows."""
    figures: dict[str, float] = {}
    async with EmbeddedPostgres(home / "postgres") as address:
        await migrate_database(address)
        settings = replace(read_settings({"SUNHWAN_HOME": str(home)}), database_url=address)
        async with open_ports(settings) as ports:
            await demo_complex.make_complex(ports, password=PASSWORD)
            async with ports.unit(SYSTEM) as work:
                operator = await acting(await work.people.named("operator"), work=work)
            tenant_id = TenantId(11)
            site = await readings.open_site(
                OpenSite(
                    actor=operator,
                    tenant_id=tenant_id,
                    name_ko="순환",
                    name_en="Sunhwan",
                    address_ko="구미",
                    kepco_customer_no="1",
                    contract_power_w=300_000,
                ),
                unit=ports.unit,
                ids=ports.ids,
                clock=ports.clock,
            )
            await readings.import_file(
                readings.ImportFile(
                    actor=operator, tenant_id=tenant_id, site_id=site.site_id, content=make_site.PATH.read_bytes()
                ),
                unit=ports.unit,
                reading_files=ports.reading_files,
                ids=ports.ids,
                clock=ports.clock,
            )
            async with ports.unit(SYSTEM) as work:
                channels = await work.sites.channels(tenant_id, site.site_id)
            load = channels[0].channel_id

            async def channel_month() -> None:
                async with ports.unit(SYSTEM) as work:
                    await work.readings.day_blocks(
                        tenant_id, [load], first_on=date(2026, 8, 1), last_on=date(2026, 8, 31)
                    )

            async def many_channels() -> None:
                async with ports.unit(SYSTEM) as work:
                    await work.readings.day_blocks(
                        tenant_id,
                        [type(load)(200_000 + number) for number in range(100)],
                        first_on=date(2026, 8, 1),
                        last_on=date(2026, 8, 31),
                    )

            @asynccontextmanager
            async def lend(_: object):
                yield ports

            with closing(listen("127.0.0.1", 0)) as listening:
                port = listening.getsockname()[1]
                async with serving(create_app(settings, ports=lend), listening), connected(port) as ask:
                    tenant, staff = [await token_of(port, name) for name in ("tenant", "operator")]
                    path = f"/api/v1/sites/{site.site_id}"
                    month = f"{path}/series?tenant_id=11&from=2026-08-01&until=2026-09-01&quantity=load"
                    insight = f"{path}/months/2026-08/insight?tenant_id=11&tariff={TARIFF.tariff}@{TARIFF.version}"
                    page = f"/energy?tenant=11&month=2026-08&site={site.site_id}"
                    for millions in STORED_MILLIONS:
                        await stored(address, millions)
                        said = f"{millions} million readings stored, ms"
                        figures[f"channel-month read at the port, {said}"] = await awaited_ms(channel_month)
                        figures[f"100 channel-months in one call, {said}"] = await awaited_ms(many_channels)
                        figures[f"channel-month over HTTP, {said}"] = await awaited_ms(
                            lambda: ask(get(month, bearer=tenant))
                        )
                    few, many = (f"{millions} million readings stored, ms" for millions in STORED_MILLIONS)
                    for figure in ("channel-month read at the port", "channel-month over HTTP"):
                        figures[f"{figure}, growth"] = figures[f"{figure}, {many}"] / figures[f"{figure}, {few}"]
                    for figure, asked, who in (
                        ("the same by the complex's staff, whose looks are told to the audit, ms", month, staff),
                        ("month from every side over HTTP, ms", insight, tenant),
                        ("energy page, ms", page, tenant),
                    ):
                        figures[figure] = await awaited_ms(lambda: ask(get(asked, bearer=who)))  # noqa: B023  (awaited here)
    return figures


async def measure(home: Path) -> dict[str, float]:
    """Measure both."""
    return await rules() | await reads(home)


def run() -> dict[str, float]:
    """Measure, print, write."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(measure(Path(folder)))
    table = Table(title=f"{os.cpu_count()} cores, Python {platform.python_version()}, medians", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}")
    Console().print(table)
    out = ROOT / "var" / "bench-reading-back.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"written: {out.relative_to(ROOT)}")
    return figures


if __name__ == "__main__":
    run()
