"""Ticks of many meters are kept as they came, a row for hundreds, until they are laid into the rows of their days.

To fill the next slot of a thousand days in place is a thousand rows made anew; here it is three (decision 0108). A
slot's value is in a page or in its day's row and never in both: whoever keeps pages holds the tenant's readings, and
whoever shares them writes nothing that a page speaks of.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

import asyncpg

from adapters.postgres.day_spelling import spell_values
from adapters.postgres.tables.base import SCHEMA
from adapters.postgres.tables.metering import TICKS_A_PAGE
from domain.metering.model import DayBlock, DayKey, Fill, Quality, ReadingSource, Tick
from domain.metering.readings import NO_VALUES
from domain.shared.identifiers import ChannelId, SiteId, TenantId
from domain.shared.time import Month


def still_open(*, sites: str, months: str) -> str:
    """Return the condition that no month of what is stored is frozen at its sites; both parameters are arrays."""
    return (
        f"not exists (select from {SCHEMA}.usage_snapshot where tenant_id = cast($1 as int4)"
        f" and site_id = any(cast({sites} as uuid[])) and month = any(cast({months} as text[])))"
    )


def no_page(*, days: str, channels: str) -> str:
    """Return the condition that no page speaks of these channels on these days; both parameters are arrays."""
    return (
        f"not exists (select from {SCHEMA}.tick_page where tenant_id = cast($1 as int4)"
        f" and day = any({days}) and channel_ids && {channels})"
    )


NOT_IN_PAGES = "cast(null as int2[]) as slots, cast(null as int4[]) as told, cast(null as timestamptz[]) as came_at"
"""What a row of a day says where `in_pages` tells what pages say."""

_IN_PAGES = """
    select channel_id, day, null, null, null, null, null, null, null, null,
        array_agg(slot), array_agg(value), array_agg(recorded_at)
    from (
        select wanted.channel_id, page.day, page.slot, page.recorded_at, page.wh[place] as value
        from {SCHEMA}.tick_page as page
        join {WANTED} on wanted.channel_id between page.first_channel and page.last_channel
        cross join lateral width_bucket(wanted.channel_id, page.channel_ids) as place
        where page.tenant_id = cast($1 as int4) and page.channel_ids[place] = wanted.channel_id and {WHICH}
    ) as told
    group by channel_id, day
    """
"""A page's channels stand in order, so one of them is found by halving, which is what `width_bucket` does."""


def in_pages(*, wanted: str, which: str) -> str:
    """Return what selects, beside rows of days, what pages say: a row a channel's day, its values in lists.

    It is asked in the statement that finds the rows: between two, pages might be laid into them.
    """
    return _IN_PAGES.format(SCHEMA=SCHEMA, WANTED=wanted, WHICH=which)


_KEEP = f"""
    with told as materialized (
        select cast(cast($4 as text) as int4[]) as channel_ids, cast(cast($5 as text) as int4[]) as wh
    )
    insert into {SCHEMA}.tick_page
        (tenant_id, day, slot, first_channel, last_channel, channel_ids, wh, recorded_at)
    select
        cast($1 as int4), $2, $3, channel_ids[low], channel_ids[least(low + {TICKS_A_PAGE - 1}, count)],
        channel_ids[low : low + {TICKS_A_PAGE - 1}], wh[low : low + {TICKS_A_PAGE - 1}], $6
    from told
    cross join lateral cardinality(channel_ids) as count
    cross join generate_series(1, count, {TICKS_A_PAGE}) as low
    where {still_open(sites="$7", months="array[$8]")}
        and (
            select count(*) from {SCHEMA}.channel
            where tenant_id = cast($1 as int4) and channel_id = any(cast((select channel_ids from told) as int4[]))
        ) = count
    """  # noqa: S608  (only our own constants are written in)
"""Keeps values of which nothing is known, of channels that the tenant has, in their order: all, or nothing."""

_KEEP_NEW = f"""{_KEEP}
    and not exists (
        select from {SCHEMA}.interval_day
        where tenant_id = cast($1 as int4) and day = $2
            and channel_id = any(cast((select channel_ids from told) as int4[]))
    )
    and not exists (
        select from {SCHEMA}.tick_page
        where tenant_id = cast($1 as int4) and day = $2 and slot = $3
            and first_channel <= (select channel_ids[cardinality(channel_ids)] from told)
            and last_channel >= (select channel_ids[1] from told)
    )
    """  # noqa: S608  (only our own constants are written in)
"""Keeps what mostly comes, and looks in the same trip: days that have no row, a slot of which no page speaks."""

_PAGES_OF_SLOT = f"""
    select channel_ids, wh from {SCHEMA}.tick_page
    where tenant_id = cast($1 as int4) and day = $2 and slot = $3 and first_channel <= $5 and last_channel >= $4
    """  # noqa: S608  (only our own constants are written in)
_ROWS_OF_SLOT = f"""
    select distinct on (channel_id) channel_id, wh[$3 + 1] as value, marks is null and revision = 0 as plain
    from {SCHEMA}.interval_day
    where tenant_id = cast($1 as int4) and day = $2 and channel_id = any(cast(cast($4 as text) as int4[]))
    order by channel_id, revision desc
    """  # noqa: S608  (only our own constants are written in)
"""One walk down the key, channel by channel: no plan of it begins with all that a tenant has."""

_PAGES = f"""
    select day, slot, first_channel, channel_ids, wh, recorded_at from {SCHEMA}.tick_page
    where tenant_id = cast($1 as int4) and {{WHICH}}
    """  # noqa: S608  (only our own constants are written in)
_EARLIEST = f"select min(day) from {SCHEMA}.tick_page where tenant_id = cast($1 as int4) and day <= $2"  # noqa: S608
_PAGES_UNTIL = f"""{_PAGES.format(WHICH=f"day = ({_EARLIEST})")}
    order by first_channel, slot
    limit $3
    """
_PAGES_OF_DAYS = _PAGES.format(WHICH="day = any($2) and channel_ids && cast($3 as int4[])")
_DROP = f"""
    delete from {SCHEMA}.tick_page as page
    using unnest(cast($2 as date[]), cast($3 as int2[]), cast($4 as int4[])) as laid (day, slot, first_channel)
    where page.tenant_id = cast($1 as int4) and page.day = laid.day and page.slot = laid.slot
        and page.first_channel = laid.first_channel
    """  # noqa: S608  (only our own constants are written in)

Told = tuple[datetime, int, int]
"""When a value came, its slot, the value."""


class TickPages:
    """A tenant's pages, for whoever holds its readings."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def keep(
        self, tenant_id: TenantId, ticks: Sequence[Tick], *, site_ids: Sequence[SiteId], now: datetime
    ) -> frozenset[DayKey] | None:
        """Keep what channels, in their order, say of one slot; returns the days whose slot held the very same value.

        None says that a day is otherwise known, marked or revised, its month frozen, or a channel not the tenant's.
        """
        day, slot = ticks[0].day, ticks[0].slot
        where = now, site_ids, str(Month.of(day))
        if await self._keep(_KEEP_NEW, tenant_id, ticks, *where):
            return frozenset()
        values = {tick.channel_id: tick.value for tick in ticks}
        kept: dict[ChannelId, int | None] = {}
        for row in await self._driver.fetch(_PAGES_OF_SLOT, tenant_id, day, slot, min(values), max(values)):
            kept.update([pair for pair in zip(*row, strict=True) if pair[0] in values])
        asked = [number for number in values if number not in kept]
        if asked:
            for number, value, plain in await self._driver.fetch(
                _ROWS_OF_SLOT, tenant_id, day, slot, spell_values(asked)
            ):
                if not plain:
                    return None
                kept[number] = value
        if any(value is not None and value != values[number] for number, value in kept.items()):
            return None
        new = [tick for tick in ticks if kept.get(tick.channel_id) is None]
        if new and not await self._keep(_KEEP, tenant_id, new, *where):
            return None
        return frozenset([(number, day) for number, value in kept.items() if value is not None])

    async def _keep(
        self,
        statement: str,
        tenant_id: TenantId,
        ticks: Sequence[Tick],
        now: datetime,
        sites: Sequence[SiteId],
        month: str,
    ) -> bool:
        """Tell numbers as the text of arrays: the driver looks at each number of an array again and again."""
        done: str = await self._driver.execute(
            statement,
            tenant_id,
            ticks[0].day,
            ticks[0].slot,
            spell_values([tick.channel_id for tick in ticks]),
            spell_values([tick.value for tick in ticks]),
            now,
            sites,
            month,
        )
        return done != "INSERT 0 0"

    async def take_until(self, tenant_id: TenantId, day: date, *, limit: int) -> dict[DayKey, list[Told]]:
        """Take the first pages of the earliest day until this one away, and return what they say."""
        return await self._take(tenant_id, await self._driver.fetch(_PAGES_UNTIL, tenant_id, day, limit))

    async def take_of(self, tenant_id: TenantId, keys: Collection[DayKey]) -> dict[DayKey, list[Told]]:
        """Take the pages away that speak of these days, and return what they say of these and others."""
        days, channels = list({day for _, day in keys}), list({number for number, _ in keys})
        return await self._take(tenant_id, await self._driver.fetch(_PAGES_OF_DAYS, tenant_id, days, channels))

    async def _take(self, tenant_id: TenantId, pages: Sequence[asyncpg.Record]) -> dict[DayKey, list[Told]]:
        told: dict[DayKey, list[Told]] = {}
        for day, slot, _, numbers, values, at in pages:
            for number, value in zip(numbers, values, strict=True):
                told.setdefault((number, day), []).append((at, slot, value))
        if pages:
            keys = zip(*[(day, slot, first) for day, slot, first, *_ in pages], strict=True)
            await self._driver.execute(_DROP, tenant_id, *keys)
        return told


def with_ticks(kept: DayBlock | None, key: DayKey, told: Iterable[Told]) -> DayBlock:
    """Return a day with what pages say of it, as if each value had been stored in its row when it came."""
    arrived = sorted(told)
    values = list(NO_VALUES if kept is None else kept.values)
    for _, slot, value in arrived:
        if values[slot] is not None:
            raise ValueError(f"slot {slot} of channel {key[0]} on {key[1]} is kept twice")
        values[slot] = value
    fills = [Fill(at=at, slots=(slot,)) for at, slot, _ in arrived]
    if kept is None:
        return DayBlock(
            channel_id=key[0],
            day=key[1],
            revision=0,
            values=tuple(values),
            quality=Quality.MEASURED,
            source=ReadingSource.API,
            recorded_at=arrived[0][0],
            fills=tuple(fills[1:]),
        )
    begun_at = min(kept.recorded_at, arrived[0][0])
    if begun_at < kept.recorded_at:  # the first value came in a page, and what the row began with came after it
        filled = {slot for fill in kept.fills for slot in fill.slots}
        begun = [slot for slot, value in enumerate(kept.values) if value is not None and slot not in filled]
        fills[0] = Fill(at=kept.recorded_at, slots=tuple(begun))
    fills = sorted([*kept.fills, *fills], key=_came_at)
    return replace(kept, values=tuple(values), source=ReadingSource.API, recorded_at=begun_at, fills=tuple(fills))


def _came_at(fill: Fill) -> datetime:
    return fill.at
