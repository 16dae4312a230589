"""The bare floor beside which the readings door is measured: the same bodies, no session, no checks, no counting.

It decodes, cuts into days, copies to a temporary table and inserts `ON CONFLICT DO NOTHING`; its table has
the key and nothing else. What it reaches is what HTTP, Python and PostgreSQL cost by themselves here.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import asyncpg
import msgspec
from litestar import Litestar, Request, post

from domain.metering.model import ChannelDay
from tests.bench.copying import OnePart, copied

EPOCH, SLOT = datetime(1970, 1, 1, tzinfo=UTC), timedelta(minutes=15)
DAY_ZERO = date(1970, 1, 1).toordinal()
TABLE = """create table if not exists floor_day (
    tenant_id int4, day date, channel_id int4, revision int2, wh int4[], quality text, source text,
    recorded_at timestamptz, primary key (tenant_id, day, channel_id, revision))"""
TEMP = "create temp table if not exists floor_arrived (day date, channel_id int4, wh int4[]) on commit delete rows"
INSERT = """insert into floor_day
    select 11, day, channel_id, 0, wh, 'measured', 'api', $1 from floor_arrived on conflict do nothing"""


class Series(msgspec.Struct, gc=False):
    channel: int
    start: datetime
    resolution: str
    wh: list[int]


class Row(msgspec.Struct, gc=False):
    channel: int
    at: datetime
    wh: int


class Body(msgspec.Struct):
    series: list[Series] = []
    rows: list[Row] = []


BODY, ROW = msgspec.json.Decoder(Body), msgspec.json.Decoder(Row)


def of_series(series: list[Series]) -> list[ChannelDay]:
    days = []
    for one in series:
        first = ((one.start - EPOCH) // SLOT + 36) // 96
        for number in range(0, len(one.wh), 96):
            day = date.fromordinal(DAY_ZERO + first + number // 96)
            days.append(ChannelDay(channel_id=one.channel, day=day, values=tuple(one.wh[number : number + 96])))
    return days


def of_rows(rows: list[tuple[int, datetime, int]]) -> list[ChannelDay]:
    found: dict[tuple[int, int], list[int | None]] = {}
    for channel, at, wh in rows:
        day, index = divmod((at - EPOCH) // SLOT + 36, 96)
        values = found.get((channel, day))
        if values is None:
            values = found[channel, day] = [None] * 96
        values[index] = wh
    return [
        ChannelDay(channel_id=channel, day=date.fromordinal(DAY_ZERO + day), values=tuple(values))
        for (channel, day), values in found.items()
    ]


def days_of(body: bytes, kind: str) -> list[ChannelDay]:
    if kind == "application/x-ndjson":
        return of_rows([(row.channel, row.at, row.wh) for row in ROW.decode_lines(body)])
    if kind == "text/csv":
        lines = csv.reader(io.StringIO(body.decode()))
        next(lines)
        return of_rows([(int(channel), datetime.fromisoformat(at), int(wh)) for channel, at, wh in lines])
    read = BODY.decode(body)
    return of_series(read.series) if read.series else of_rows([(row.channel, row.at, row.wh) for row in read.rows])


def floor_app(url: str) -> Litestar:
    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async def ready(connection: asyncpg.Connection) -> None:
            await connection.execute(TEMP)

        async def keep(connection: asyncpg.Connection) -> None:
            return None

        pool = await asyncpg.create_pool(url, min_size=8, max_size=8, init=ready, reset=keep)
        app.state["pool"] = pool
        yield
        async with asyncio.timeout(5):
            await pool.close()

    @post("/api/v1/readings", status_code=200)
    async def take(request: Request) -> dict[str, int]:
        days = days_of(await request.body(), request.headers["content-type"])
        async with request.app.state["pool"].acquire() as connection, connection.transaction():
            await connection.copy_to_table("floor_arrived", source=OnePart(copied(days)), format="binary")
            await connection.execute(INSERT, datetime.now(UTC))
        return {"days": len(days)}

    return Litestar([take], lifespan=[lifespan], request_max_body_size=None, openapi_config=None, logging_config=None)
