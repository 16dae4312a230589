"""Ports of the metering context on PostgreSQL; readings go in and out many day blocks at a time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from time import monotonic

import asyncpg
from sqlalchemy import RowMapping, insert, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.day_spelling import (
    SpelledFills,
    read_fills,
    read_marks,
    read_values,
    spell_fill,
    spell_fills,
    spell_marks,
    spell_values,
)
from adapters.postgres.meters import PostgresMeters
from adapters.postgres.tables.base import SCHEMA
from adapters.postgres.tables.metering import (
    ChannelCounterRow,
    ChannelRow,
    ConflictDecisionRow,
    ReadingEstimateRow,
    ReadingImportRow,
    SiteRow,
    SiteTariffRow,
    UsageSnapshotRow,
)
from adapters.postgres.ticks import (
    NOT_IN_PAGES,
    TickPages,
    Told,
    in_pages,
    no_page,
    still_open,
    with_ticks,
)
from adapters.postgres.transaction import driver_of
from domain.metering.errors import EstimateStands, EstimateUnknown, SiteUnknown, TariffAssigned
from domain.metering.meters import Meter
from domain.metering.model import (
    Added,
    AsideDay,
    Blocks,
    Channel,
    ChannelDay,
    ConflictState,
    DayBlock,
    DayKey,
    DayValues,
    EstimateRule,
    EstimateState,
    Fill,
    FindingId,
    MeterId,
    MonthUsage,
    OfferedDay,
    Quality,
    Quantity,
    ReadingEstimate,
    ReadingEstimateId,
    ReadingImport,
    ReadingImportId,
    ReadingSource,
    RevisionReason,
    Site,
    Tick,
    UsageSnapshot,
)
from domain.metering.readings import known
from domain.metering.series import known_at
from domain.metering.tariff import TariffAssignment
from domain.shared.identifiers import ChannelId, ContractId, SiteId, SnapshotId, TenantId
from domain.shared.time import SLOTS_A_DAY, Month

_READINGS_LOCK = 0x52454144  # "READ": the first half of an advisory lock's name, the tenant is the second

_WRITE_BLOCKS = f"""
    insert into {SCHEMA}.interval_day
        (tenant_id, day, channel_id, revision, wh, quality, source, recorded_at, fills, marks, reason)
    select
        cast($1 as int4), block.day, block.channel_id, block.revision, cast(block.wh as int4[]),
        block.quality, block.source, block.recorded_at, block.fills, block.marks, block.reason
    from unnest(
        cast($2 as date[]), cast($3 as int4[]), cast($4 as int2[]), cast($5 as text[]),
        cast($6 as text[]), cast($7 as text[]), cast($8 as timestamptz[]),
        cast($9 as bytea[]), cast($10 as bytea[]), cast($11 as text[])
    ) as block (day, channel_id, revision, wh, quality, source, recorded_at, fills, marks, reason)
    join {SCHEMA}.channel on channel.tenant_id = cast($1 as int4) and channel.channel_id = block.channel_id
    order by block.channel_id, block.day, block.revision
    on conflict (tenant_id, day, channel_id, revision) do update set
        wh = excluded.wh, quality = excluded.quality, source = excluded.source, recorded_at = excluded.recorded_at,
        fills = excluded.fills, marks = excluded.marks, reason = excluded.reason
    """  # noqa: S608  (only our own constants are written in)
_CURRENT = f"""
    from {SCHEMA}.interval_day
    where tenant_id = cast($1 as int4) and channel_id = arrived.channel_id and day = arrived.day
    order by revision desc
    limit 1
"""
"""The current row of a day that arrived, by one way down the key."""
_OWN_CHANNEL = f"""
    select from {SCHEMA}.channel where tenant_id = cast($1 as int4) and channel_id = new.channel_id limit 1
"""
"""Looked up by the whole key for what is begun alone; a join may be planned as a walk through all that a tenant has."""
_ADD = f"""
    with arrived as materialized (
        select day, channel_id, cast(wh as int4[]) as wh, place
        from unnest(cast($6 as date[]), cast($7 as int4[]), cast($8 as text[]))
            with ordinality as listed (day, channel_id, wh, place)
    ),
    open as (select {still_open(sites="$4", months="$5")} as still),
    unpaged as materialized (select {no_page(days="cast($6 as date[])", channels="cast($7 as int4[])")} as free),
    met as materialized (
        select arrived.*, kept.wh = arrived.wh and kept.marks is null as same
        from arrived
        left join lateral (
            select wh, marks {_CURRENT}
        ) as kept on true
    ),
    begun as (
        insert into {SCHEMA}.interval_day (tenant_id, day, channel_id, revision, wh, quality, source, recorded_at)
        select cast($1 as int4), day, new.channel_id, 0, wh, '{Quality.MEASURED.value}', $2, $3
        from met as new
        cross join lateral ({_OWN_CHANNEL}) as own
        where same is null and (select still from open) and (select free from unpaged)
        order by channel_id, day
        on conflict do nothing
        returning 1
    )
    select
        (select count(*) from begun),
        (select array_agg(place) from met where same),
        (select array_agg(place) from met where not same and (select free from unpaged))
    """  # noqa: S608  (only our own constants are written in)
"""What is known is only compared, in the database, and what is not is begun: a day sent again costs no write.

A day's values come spelled as the array's own text: one parameter for many days, and the driver encodes no value."""

_FEW_TICKS = 32
"""So many ticks go through `_TICK` at once: its joins are planned for few."""

_PAGE_LEAST = 32
"""So many ticks of one slot are worth a page; fewer go into the rows of their days."""

_TICK = f"""
    with arrived as materialized (
        select channel_id, day, slot, value, spelled
        from unnest(
            cast($2 as date[]), cast($3 as int2[]), cast($4 as bytea[]), cast($5 as int4[]), cast($6 as int4[])
        ) as listed (day, slot, spelled, channel_id, value)
        order by channel_id, day
    ),
    open as materialized (select {still_open(sites="$8", months="$9")} as still),
    met as materialized (
        select
            arrived.*, cast($1 as int4) as tenant_id, 0 as revision,
            kept.plain is not null as known, kept.plain, kept.value as kept,
            exists (
                select from {SCHEMA}.tick_page
                where tenant_id = cast($1 as int4) and day = arrived.day and slot = arrived.slot - 1
                    and first_channel <= arrived.channel_id and last_channel >= arrived.channel_id
                    and arrived.channel_id = any(channel_ids)
            ) as paged
        from arrived
        left join lateral (
            select wh[arrived.slot] as value, marks is null and revision = 0 as plain {_CURRENT}
            for update
        ) as kept on true
    ),
    filled as (
        update {SCHEMA}.interval_day as day
        set wh[met.slot] = met.value, fills = coalesce(day.fills, '') || met.spelled, source = $7
        from met
        where day.tenant_id = met.tenant_id and day.channel_id = met.channel_id and day.day = met.day
            and day.revision = met.revision and met.plain and met.kept is null and day.wh[met.slot] is null
            and not met.paged and (select still from open)
        returning 1
    ),
    begun as (
        insert into {SCHEMA}.interval_day (tenant_id, day, channel_id, revision, wh, quality, source, recorded_at)
        select
            cast($1 as int4), day, new.channel_id, 0,
            array_fill(cast(null as int4), array[slot - 1]) || value
                || array_fill(cast(null as int4), array[{SLOTS_A_DAY} - slot]),
            '{Quality.MEASURED.value}', $7, $10
        from met as new
        cross join lateral ({_OWN_CHANNEL}) as own
        where not known and not paged and (select still from open)
        order by channel_id, day
        on conflict do nothing
        returning 1
    )
    select
        (select count(*) from filled) + (select count(*) from begun) as taken,
        array_agg(channel_id), array_agg(day)
    from met
    where plain and kept = value
    """  # noqa: S608  (only our own constants are written in)
"""Rows are filled by their whole key, of which no part is a constant: no plan begins with all that a tenant has."""
_LOCKED_AT = f"""
    select
        kept.day, kept.channel_id, kept.revision, kept.wh, kept.quality, kept.source, kept.recorded_at,
        kept.fills, kept.marks, kept.reason
    from unnest(cast($2 as date[]), cast($3 as int4[])) as wanted (day, channel_id)
    join {SCHEMA}.interval_day as kept on kept.day = wanted.day and kept.channel_id = wanted.channel_id
    where kept.tenant_id = cast($1 as int4)
    order by kept.channel_id, kept.day, kept.revision
    for update of kept
    """  # noqa: S608  (only our own constants are written in)
_WANTED_DAYS = "unnest(cast($2 as date[]), cast($3 as int4[])) as wanted (day, channel_id)"
_BLOCKS_AT = f"""
    (
        select distinct on (kept.day, kept.channel_id)
            kept.channel_id, kept.day, array_send(kept.wh) as sent, kept.revision, kept.quality, kept.source,
            kept.recorded_at, kept.fills, kept.marks, kept.reason, {NOT_IN_PAGES}
        from {_WANTED_DAYS}
        join {SCHEMA}.interval_day as kept on kept.day = wanted.day and kept.channel_id = wanted.channel_id
        where kept.tenant_id = cast($1 as int4)
        order by kept.day, kept.channel_id, kept.revision desc
    )
    union all
    {in_pages(wanted=_WANTED_DAYS, which="wanted.day = page.day")}
    """  # noqa: S608  (only our own constants are written in)
_DAY_BLOCKS = """
    select wanted.channel_id, kept.day, array_send(kept.wh) as sent,
        kept.revision, kept.quality, kept.source, kept.recorded_at, kept.fills, kept.marks, kept.reason, {NOT_IN_PAGES}
    from unnest(cast($2 as int4[])) as wanted (channel_id)
    cross join lateral (
        select distinct on (day) day, revision, wh, quality, source, recorded_at, fills, marks, reason
        from {SCHEMA}.interval_day
        where tenant_id = cast($1 as int4) and channel_id = wanted.channel_id and day between $3 and $4 {KNOWN}
        order by day desc, revision desc
    ) as kept
    union all
    {IN_PAGES}
    """


def _day_blocks(known: str = "") -> str:
    pages = in_pages(
        wanted="unnest(cast($2 as int4[])) as wanted (channel_id)", which=f"page.day between $3 and $4 {known}"
    )
    return _DAY_BLOCKS.format(SCHEMA=SCHEMA, NOT_IN_PAGES=NOT_IN_PAGES, KNOWN=known, IN_PAGES=pages)


_DAY_BLOCKS_NOW = _day_blocks()
_DAY_BLOCKS_THEN = _day_blocks("and recorded_at <= $5")
"""A channel's days lie beside each other under the key: one way down for each channel, whatever others store.

The values come as the server spells them on the wire, which `read_values` reads four times as fast as the driver.
"""

_FIRST_ON = f"""
    with rows as materialized (
        select min(kept.day) as first_on
        from unnest(cast($2 as int4[])) as wanted (channel_id)
        cross join lateral (
            select day from {SCHEMA}.interval_day
            where tenant_id = cast($1 as int4) and channel_id = wanted.channel_id
            order by day
            limit 1
        ) as kept
    )
    select least(first_on, (
        select min(day) from {SCHEMA}.tick_page
        where tenant_id = cast($1 as int4) and day < coalesce((select first_on from rows), 'infinity')
            and channel_ids && cast($2 as int4[])
    ))
    from rows
    """  # noqa: S608  (only our own constants are written in)
"""The key leads from a channel to its days, so each channel costs one look however much others stored."""

_NEXT_CHANNELS = f"""
    select channel_id from {SCHEMA}.channel
    where tenant_id = cast($1 as int4) and channel_id > cast($2 as int4)
    order by channel_id
    limit $3
    """  # noqa: S608  (only our own constants are written in)
_UNSETTLED = f"""
    select channel_id, revision, fills, array_length(wh, 1) as slots
    from {SCHEMA}.interval_day
    where tenant_id = cast($1 as int4) and day = cast($2 as date) and channel_id = any(cast($3 as int4[]))
        and fills is not null
    order by channel_id, revision
    for update skip locked
    """  # noqa: S608  (only our own constants are written in)
_SETTLE = f"""
    update {SCHEMA}.interval_day as kept set fills = settled.fills, wh = array(select unnest(kept.wh))
    from unnest(cast($3 as int4[]), cast($4 as int2[]), cast($5 as bytea[])) as settled (channel_id, revision, fills)
    where kept.tenant_id = cast($1 as int4) and kept.day = cast($2 as date)
        and kept.channel_id = settled.channel_id and kept.revision = settled.revision
    """  # noqa: S608  (only our own constants are written in)
"""An array that once held nulls keeps room to say where; one that is made anew of values alone does not."""

_ASIDE_BEFORE = f"""
    select kept.channel_id, kept.day, kept.offered
    from unnest(cast($3 as date[]), cast($4 as int4[])) as asked (day, channel_id)
    join {SCHEMA}.reading_conflict as kept on kept.day = asked.day and kept.channel_id = asked.channel_id
    where kept.tenant_id = cast($1 as int4) and kept.import_id = cast($2 as uuid)
    """  # noqa: S608  (only our own constants are written in)
_PUT_ASIDE = f"""
    insert into {SCHEMA}.reading_conflict (tenant_id, day, channel_id, import_id, part, offered)
    select cast($1 as int4), aside.day, aside.channel_id, cast($2 as uuid), aside.part, cast(aside.offered as int4[])
    from unnest(cast($3 as date[]), cast($4 as int4[]), cast($5 as int2[]), cast($6 as text[]))
        as aside (day, channel_id, part, offered)
    """  # noqa: S608  (only our own constants are written in)


def _site_row(site: Site) -> dict[str, object]:
    return {
        "tenant_id": site.tenant_id,
        "site_id": site.site_id,
        "name_ko": site.name_ko,
        "name_en": site.name_en,
        "address_ko": site.address_ko,
        "kepco_customer_no": site.kepco_customer_no,
        "contract_power_w": site.contract_power_w,
    }


def _to_site(row: RowMapping) -> Site:
    return Site(
        site_id=SiteId(row["site_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        name_ko=row["name_ko"],
        name_en=row["name_en"],
        address_ko=row["address_ko"],
        kepco_customer_no=row["kepco_customer_no"],
        contract_power_w=row["contract_power_w"],
    )


class KnownChannels(dict[tuple[TenantId, ChannelId], Channel]):
    """Channels seen before: one never changes its site, quantity or slots, and is taken away at most once.

    That they are gone is noticed within a minute, after which all are looked up again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._fresh_until_s = 0.0

    def refresh(self) -> None:
        """Forget what was seen more than a minute ago."""
        now_s = monotonic()
        if now_s > self._fresh_until_s:
            self.clear()
            self._fresh_until_s = now_s + _REMEMBERED_S


_CHANNELS_REMEMBERED = 100_000
_REMEMBERED_S = 60


class PostgresChannels:
    """Channels by number; `known` remembers them from one transaction to the next."""

    def __init__(self, connection: AsyncConnection | asyncpg.Connection, known: KnownChannels | None = None) -> None:
        self._on = connection
        self._known = KnownChannels() if known is None else known

    async def numbered(self, tenant_id: TenantId, channel_ids: Sequence[ChannelId]) -> tuple[Channel, ...]:
        """Return a tenant's channels of these numbers."""
        self._known.refresh()
        asked = [number for number in channel_ids if (tenant_id, number) not in self._known]
        if asked:
            if len(self._known) + len(asked) > _CHANNELS_REMEMBERED:
                self._known.clear()
                asked = list(channel_ids)
            for row in await driver_of(self._on).fetch(_NUMBERED, tenant_id, asked):
                self._known[tenant_id, row["channel_id"]] = _to_channel(row)
        found = [self._known.get((tenant_id, number)) for number in sorted(set(channel_ids))]
        return tuple([channel for channel in found if channel is not None])


class PostgresSites(PostgresChannels):
    """Sites and their channels."""

    def __init__(self, connection: AsyncConnection, known: KnownChannels | None = None) -> None:
        super().__init__(connection, known)
        self._connection = connection

    async def reserve_channels(self, tenant_id: TenantId, count: int) -> tuple[ChannelId, ...]:
        """Return numbers that no other channel has; the counter's row stays locked until the transaction ends."""
        counted = await self._connection.execute(
            upsert(ChannelCounterRow)
            .values(tenant_id=tenant_id, last=count)
            .on_conflict_do_update(index_elements=["tenant_id"], set_={"last": col(ChannelCounterRow.last) + count})
            .returning(col(ChannelCounterRow.last))
        )
        last: int = counted.scalar_one()
        return tuple(ChannelId(number) for number in range(last - count + 1, last + 1))

    async def add(self, site: Site, channels: Sequence[Channel], *, meters: Sequence[Meter]) -> None:
        """Store a new site with its meters and channels."""
        await self._connection.execute(insert(SiteRow).values(_site_row(site)))
        await PostgresMeters(self._connection).add(meters, channels)

    async def one(self, tenant_id: TenantId, site_id: SiteId) -> Site:
        """Return a tenant's site."""
        found = await self._connection.execute(
            select(*_SITE_COLUMNS).where(col(SiteRow.tenant_id) == tenant_id, col(SiteRow.site_id) == site_id)
        )
        row = found.mappings().first()
        if row is None:
            raise SiteUnknown
        return _to_site(row)

    async def of_tenant(self, tenant_id: TenantId, *, limit: int) -> tuple[Site, ...]:
        """Return a tenant's sites, oldest first."""
        found = await self._connection.execute(
            select(*_SITE_COLUMNS)
            .where(col(SiteRow.tenant_id) == tenant_id)
            .order_by(col(SiteRow.site_id))
            .limit(limit)
        )
        return tuple(_to_site(row) for row in found.mappings())

    async def channels(self, tenant_id: TenantId, site_id: SiteId) -> tuple[Channel, ...]:
        """Return a site's channels by number."""
        found = await self._connection.execute(
            select(*_CHANNEL_COLUMNS)
            .where(col(ChannelRow.tenant_id) == tenant_id, col(ChannelRow.site_id) == site_id)
            .order_by(col(ChannelRow.channel_id))
        )
        return tuple(_to_channel(row) for row in found.mappings())

    async def assign_tariff(
        self, tenant_id: TenantId, site_id: SiteId, assignment: TariffAssignment, *, by: str, at: datetime
    ) -> None:
        """Store which tariff a site has from a day on."""
        added = await self._connection.execute(
            upsert(SiteTariffRow)
            .values(
                tenant_id=tenant_id,
                site_id=site_id,
                from_on=assignment.from_on,
                tariff=assignment.tariff,
                deferred=assignment.deferred,
                assigned_by=by,
                assigned_at=at,
            )
            .on_conflict_do_nothing()
            .returning(col(SiteTariffRow.from_on))
        )
        if added.first() is None and assignment not in await self.tariffs(tenant_id, site_id):
            raise TariffAssigned(day=assignment.from_on.isoformat())

    async def tariffs(self, tenant_id: TenantId, site_id: SiteId) -> tuple[TariffAssignment, ...]:
        """Return a site's tariffs by day."""
        found = await self._connection.execute(
            select(col(SiteTariffRow.from_on), col(SiteTariffRow.tariff), col(SiteTariffRow.deferred))
            .where(col(SiteTariffRow.tenant_id) == tenant_id, col(SiteTariffRow.site_id) == site_id)
            .order_by(col(SiteTariffRow.from_on))
        )
        return tuple(
            TariffAssignment(from_on=from_on, tariff=tariff, deferred=deferred) for from_on, tariff, deferred in found
        )


_NUMBERED = f"""
    select tenant_id, channel_id, site_id, quantity, meter_id, slot_minutes, from_on, until_on from {SCHEMA}.channel
    where tenant_id = cast($1 as int4) and channel_id = any(cast($2 as int4[]))
    order by channel_id
    """  # noqa: S608  (only our own constants are written in)


_BY_KEYS = (
    "set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off; set local enable_bitmapscan = off;"
    " set local enable_hashjoin = off; set local enable_mergejoin = off"
)
"""Those who share readings look up each row by its whole key, whatever the planner believes, and are planned once.

Its statistics are always behind a table that grows by the minute. Left to itself it plans such a statement anew each
time, as long as it takes to carry it out, or walks through all that a tenant has.
"""


def turn_statement(tenant_id: TenantId, *, alone: bool) -> str:
    """Return what lets those who hold a tenant's readings wait until the transaction ends, `alone` all others too."""
    shared = "" if alone else "_shared"
    return f"; {_BY_KEYS}; select pg_advisory_xact_lock{shared}({_READINGS_LOCK}, {int(tenant_id)})"


def _to_channel(row: RowMapping | asyncpg.Record) -> Channel:
    return Channel(
        channel_id=ChannelId(row["channel_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        site_id=SiteId(row["site_id"]),
        quantity=Quantity(row["quantity"]),
        meter_id=MeterId(row["meter_id"]),
        slot_minutes=row["slot_minutes"],
        from_on=row["from_on"],
        until_on=row["until_on"],
    )


_SITE_COLUMNS = tuple(SiteRow.__table__.c)  # type: ignore[attr-defined]
_CHANNEL_COLUMNS = tuple(ChannelRow.__table__.c)  # type: ignore[attr-defined]


def _to_block(row: RowMapping | asyncpg.Record, values: DayValues | None = None) -> DayBlock:
    values = tuple(row["wh"]) if values is None else values
    return DayBlock(
        channel_id=ChannelId(row["channel_id"]),
        day=row["day"],
        revision=row["revision"],
        values=values,
        quality=Quality(row["quality"]),
        source=ReadingSource(row["source"]),
        recorded_at=row["recorded_at"],
        fills=() if row["fills"] is None else SpelledFills(row["fills"], row["day"], len(values)),
        marks=() if row["marks"] is None else read_marks(row["marks"], len(values)),
        reason=None if row["reason"] is None else RevisionReason(row["reason"]),
    )


def _blocks(found: Sequence[asyncpg.Record]) -> dict[DayKey, DayBlock]:
    """Return what was found in rows and in pages, the earliest day of a channel first."""
    rows = [row for row in found if row["slots"] is None]
    blocks = [_to_block(row, read_values(row["sent"])) for row in reversed(rows)]
    by_key = {(block.channel_id, block.day): block for block in blocks}
    if len(rows) == len(found):
        return by_key
    for row in found:
        if row["slots"] is not None:
            key = ChannelId(row["channel_id"]), row["day"]
            told = zip(row["came_at"], row["slots"], row["told"], strict=True)
            by_key[key] = with_ticks(by_key.get(key), key, told)
    return dict(sorted(by_key.items()))


def _by_key(day: ChannelDay) -> tuple[ChannelId, date]:
    return day.channel_id, day.day


def _months(days: Iterable[ChannelDay | Tick]) -> list[str]:
    return [str(month) for month in sorted({Month.of(day) for day in {one.day for one in days}})]


_SLOT = attrgetter("day", "slot")
_SLOT_AND_CHANNEL = attrgetter("day", "slot", "channel_id")


def _listed(ticks: Sequence[Tick], now: datetime) -> tuple[list[date], list[int], list[bytes], list[int], list[int]]:
    """Return ticks as `_TICK` reads them, a list each."""
    return (
        [tick.day for tick in ticks],
        [tick.slot + 1 for tick in ticks],
        [spell_fill(Fill(at=now, slots=(tick.slot,)), tick.day) for tick in ticks],
        [tick.channel_id for tick in ticks],
        [tick.value for tick in ticks],
    )


def _keys(days: Sequence[ChannelDay], places: Sequence[int] | None) -> frozenset[DayKey]:
    """Return the keys of the days at these places, counted from 1."""
    return frozenset([_by_key(days[place - 1]) for place in places or ()])


def _told(channel_ids: Sequence[ChannelId] | None, days: Sequence[date] | None) -> set[DayKey]:
    return set(zip(channel_ids or (), days or (), strict=True))


class PostgresSharedReadings:
    """Day blocks, as those write them who share a tenant's readings."""

    def __init__(self, connection: AsyncConnection | asyncpg.Connection) -> None:
        self._on = connection

    async def add(
        self,
        tenant_id: TenantId,
        days: Sequence[ChannelDay],
        *,
        site_ids: Sequence[SiteId],
        source: ReadingSource,
        now: datetime,
    ) -> Added:
        """Compare the known days and store the others, in one statement."""
        driver = driver_of(self._on)
        new, same, other = await driver.fetchrow(
            _ADD,
            tenant_id,
            source.value,
            now,
            site_ids,
            _months(days),
            [d.day for d in days],
            [d.channel_id for d in days],
            [spell_values(d.values) for d in days],
        )
        same, other = (_keys(days, places) for places in (same, other))
        return Added(same=same, other=other, refused=new + len(same) + len(other) < len(days))

    async def tick(
        self,
        tenant_id: TenantId,
        ticks: Sequence[Tick],
        *,
        site_ids: Sequence[SiteId],
        source: ReadingSource,
        now: datetime,
    ) -> frozenset[DayKey] | None:
        """Begin or fill each day by one value, where it is; the days are locked in the order of their key."""
        driver = driver_of(self._on)
        listed = sorted(ticks)
        same: set[DayKey] = set()
        for first in range(0, len(listed), _FEW_TICKS):
            few = listed[first : first + _FEW_TICKS]
            where = source.value, site_ids, _months(few)
            taken, *keys = await driver.fetchrow(_TICK, tenant_id, *_listed(few, now), *where, now)
            met = _told(*keys)
            if taken + len(met) != len(few):
                return None
            same |= met
        return frozenset(same)

    async def keep_ticks(
        self, tenant_id: TenantId, ticks: Sequence[Tick], *, site_ids: Sequence[SiteId], now: datetime
    ) -> frozenset[DayKey] | None:
        """Keep the values of a slot that many channels have as they came; those of few go into their rows."""
        pages = TickPages(driver_of(self._on))
        same: set[DayKey] = set()
        few: list[Tick] = []
        for _, group in groupby(sorted(ticks, key=_SLOT_AND_CHANNEL), key=_SLOT):
            alike = list(group)
            if len(alike) < _PAGE_LEAST:
                few += alike
                continue
            met = await pages.keep(tenant_id, alike, site_ids=site_ids, now=now)
            if met is None:
                return None
            same |= met
        if few:
            met = await self.tick(tenant_id, few, site_ids=site_ids, source=ReadingSource.API, now=now)
            if met is None:
                return None
            same |= met
        return frozenset(same)

    async def locked(self, tenant_id: TenantId, keys: Sequence[DayKey]) -> Blocks:
        """Return the current blocks of just these days, their rows locked in the order of the key."""
        driver = driver_of(self._on)
        found = await driver.fetch(_LOCKED_AT, tenant_id, [day for _, day in keys], [number for number, _ in keys])
        return {(block.channel_id, block.day): block for block in map(_to_block, found)}  # the last is the current one

    async def write(self, tenant_id: TenantId, blocks: Sequence[DayBlock]) -> None:
        """Store blocks in place of those of the same channel, day and revision."""
        if not blocks:
            return
        written = await driver_of(self._on).execute(
            _WRITE_BLOCKS,
            tenant_id,
            [block.day for block in blocks],
            [block.channel_id for block in blocks],
            [block.revision for block in blocks],
            [spell_values(block.values) for block in blocks],
            [block.quality.value for block in blocks],
            [block.source.value for block in blocks],
            [block.recorded_at for block in blocks],
            [spell_fills(block.fills, block.day, len(block.values)) for block in blocks],
            [spell_marks(block.marks, len(block.values)) for block in blocks],
            [block.reason for block in blocks],
        )
        if written != f"INSERT 0 {len(blocks)}":
            raise ValueError("a block is of a channel that its tenant does not have")


_PAGES_FOLDED = 192
"""So many pages are laid into their days at once: two days of half a thousand meters."""


class PostgresReadings(PostgresSharedReadings):
    """Day blocks."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self._connection = connection

    async def hold(self, tenant_id: TenantId) -> None:
        """Order the writers of a tenant's readings by an advisory lock, held until the transaction ends."""
        await self._connection.execute(
            text("select pg_advisory_xact_lock(cast(:room as int4), cast(:tenant_id as int4))"),
            {"room": _READINGS_LOCK, "tenant_id": tenant_id},
        )

    async def write(self, tenant_id: TenantId, blocks: Sequence[DayBlock]) -> None:
        """Store blocks; what pages say of their days is laid into rows before."""
        if blocks:
            keys = [(block.channel_id, block.day) for block in blocks]
            await self._lay(tenant_id, await TickPages(driver_of(self._connection)).take_of(tenant_id, keys))
        await super().write(tenant_id, blocks)

    async def fold_ticks(self, tenant_id: TenantId, *, until: date) -> int:
        """Lay pages of the earliest day into its rows, so many at once that nobody waits long."""
        pages = TickPages(driver_of(self._connection))
        return await self._lay(tenant_id, await pages.take_until(tenant_id, until, limit=_PAGES_FOLDED))

    async def _lay(self, tenant_id: TenantId, told: Mapping[DayKey, Sequence[Told]]) -> int:
        if told:
            kept = await self.locked(tenant_id, list(told))  # what their rows say, not what other pages do
            await super().write(tenant_id, [with_ticks(kept.get(key), key, said) for key, said in told.items()])
        return len(told)

    async def blocks(self, tenant_id: TenantId, keys: Sequence[DayKey]) -> Blocks:
        """Return the current blocks of just these days."""
        driver = driver_of(self._connection)
        return _blocks(
            await driver.fetch(_BLOCKS_AT, tenant_id, [day for _, day in keys], [number for number, _ in keys])
        )

    async def first_on(self, tenant_id: TenantId, channel_ids: Sequence[ChannelId]) -> date | None:
        """Return the earliest day with a reading."""
        driver = driver_of(self._connection)
        first_on: date | None = await driver.fetchval(_FIRST_ON, tenant_id, channel_ids)
        return first_on

    async def day_blocks(
        self,
        tenant_id: TenantId,
        channel_ids: Sequence[ChannelId],
        *,
        first_on: date,
        last_on: date,
        as_of: datetime | None = None,
    ) -> Blocks:
        """Return the current blocks of channels over days, both ends included, or as they were known at an instant."""
        driver = driver_of(self._connection)
        if as_of is None:
            found = await driver.fetch(_DAY_BLOCKS_NOW, tenant_id, channel_ids, first_on, last_on)
        else:
            # Writers say when they stored only once it is their turn: behind all of them, no earlier instant can come.
            await driver.execute(
                f"select pg_advisory_lock({_READINGS_LOCK}, {int(tenant_id)}),"
                f" pg_advisory_unlock({_READINGS_LOCK}, {int(tenant_id)})"
            )
            found = await driver.fetch(_DAY_BLOCKS_THEN, tenant_id, channel_ids, first_on, last_on, as_of)
        blocks = _blocks(found)
        if as_of is None:
            return blocks
        then = {key: known_at(block, as_of) for key, block in blocks.items()}
        return {key: block for key, block in then.items() if block is not None}

    async def settle(
        self, tenant_id: TenantId, day: date, *, after: ChannelId | None, limit: int
    ) -> tuple[int, ChannelId | None]:
        """Spell the arrivals of a day's rows compactly; a row that somebody else holds waits for the next time."""
        driver = driver_of(self._connection)
        numbers = [row[0] for row in await driver.fetch(_NEXT_CHANNELS, tenant_id, after or 0, limit)]
        shorter = [
            (row["channel_id"], row["revision"], spelled)
            for row in await driver.fetch(_UNSETTLED, tenant_id, day, numbers)
            if (spelled := spell_fills(read_fills(row["fills"], day, row["slots"]), day, row["slots"])) is not None
            and len(spelled) < len(row["fills"])
        ]
        if shorter:
            channels, revisions, fills = zip(*shorter, strict=True)
            await driver.execute(_SETTLE, tenant_id, day, channels, revisions, fills)
        return len(shorter), ChannelId(numbers[-1]) if len(numbers) == limit else None

    async def put_aside(self, tenant_id: TenantId, import_id: ReadingImportId, offered: Sequence[OfferedDay]) -> None:
        """Keep values that disagree with kept ones, each slot once per import, channel and day."""
        if not offered:
            return
        driver = driver_of(self._connection)
        keys = [aside.day for aside in offered], [aside.channel_id for aside in offered]
        before: dict[DayKey, list[DayValues]] = {}
        for channel_id, day, values in await driver.fetch(_ASIDE_BEFORE, tenant_id, import_id, *keys):
            before.setdefault((channel_id, day), []).append(values)
        new: list[tuple[OfferedDay, int]] = []
        for one in offered:
            kept = before.get((one.channel_id, one.day), [])
            values = tuple([None if any(k[i] is not None for k in kept) else v for i, v in enumerate(one.values)])
            if known(values):
                new.append((OfferedDay(channel_id=one.channel_id, day=one.day, values=values), len(kept)))
        if new:
            await driver.execute(
                _PUT_ASIDE,
                tenant_id,
                import_id,
                [one.day for one, _ in new],
                [one.channel_id for one, _ in new],
                [part for _, part in new],
                [spell_values(one.values) for one, _ in new],
            )

    async def aside(self, tenant_id: TenantId, channel_ids: Sequence[ChannelId], *, limit: int) -> tuple[AsideDay, ...]:
        """Return values put aside with what became of them, the open ones first and then the newest day."""
        driver = driver_of(self._connection)
        found = await driver.fetch(_ASIDE.format(WHICH=""), tenant_id, channel_ids, limit)
        return tuple(_to_aside(row) for row in found)

    async def aside_of(self, tenant_id: TenantId, channel_id: ChannelId, day: date) -> tuple[AsideDay, ...]:
        """Return what was put aside of a channel's day."""
        driver = driver_of(self._connection)
        found = await driver.fetch(_ASIDE.format(WHICH="and kept.day = $4"), tenant_id, [channel_id], None, day)
        return tuple(_to_aside(row) for row in found)

    async def settle_aside(self, tenant_id: TenantId, settled: AsideDay) -> None:
        """Say once what became of values that were put aside."""
        await self._connection.execute(
            insert(ConflictDecisionRow).values(
                tenant_id=tenant_id,
                day=settled.day,
                channel_id=settled.channel_id,
                import_id=settled.import_id,
                part=settled.part,
                state=settled.state.value,
                reason=settled.reason,
                decided_by=settled.settled_by,
                decided_at=settled.settled_at,
            )
        )


_ASIDE = f"""
    select kept.channel_id, kept.day, kept.import_id, kept.part, kept.offered, imported.file_sha256,
        imported.recorded_at,
        settled.state, settled.reason, settled.decided_by, settled.decided_at
    from {SCHEMA}.reading_conflict as kept
    join {SCHEMA}.reading_import as imported
        on imported.tenant_id = kept.tenant_id and imported.import_id = kept.import_id
    left join {SCHEMA}.reading_conflict_decision as settled
        on settled.tenant_id = kept.tenant_id and settled.day = kept.day and settled.channel_id = kept.channel_id
        and settled.import_id = kept.import_id and settled.part = kept.part
    where kept.tenant_id = cast($1 as int4) and kept.channel_id = any(cast($2 as int4[])) {{WHICH}}
    order by settled.state is not null, kept.day desc, kept.channel_id, kept.import_id, kept.part
    limit cast($3 as int4)
    """  # noqa: S608  (only our own constants are written in)


def _to_aside(row: asyncpg.Record) -> AsideDay:
    return AsideDay(
        channel_id=ChannelId(row["channel_id"]),
        day=row["day"],
        import_id=ReadingImportId(row["import_id"]),
        part=row["part"],
        values=tuple(row["offered"]),
        file_sha256=row["file_sha256"].hex(),
        received_at=row["recorded_at"],
        state=ConflictState.OPEN if row["state"] is None else ConflictState(row["state"]),
        reason=row["reason"] or "",
        settled_by=row["decided_by"],
        settled_at=row["decided_at"],
    )


def _import_row(imported: ReadingImport) -> dict[str, object]:
    return {
        "tenant_id": imported.tenant_id,
        "import_id": imported.import_id,
        "site_id": imported.site_id,
        "file_sha256": bytes.fromhex(imported.file_sha256),
        "intervals": imported.intervals,
        "accepted": imported.accepted,
        "filled": imported.filled,
        "late": imported.late,
        "duplicate": imported.duplicate,
        "conflicting": imported.conflicting,
        "duplicate_rows": imported.duplicate_rows,
        "blank_cells": imported.blank_cells,
        "first_at": imported.first_at,
        "last_at": imported.last_at,
        "recorded_at": imported.recorded_at,
    }


def _to_import(row: RowMapping) -> ReadingImport:
    return ReadingImport(
        import_id=ReadingImportId(row["import_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        site_id=SiteId(row["site_id"]),
        file_sha256=row["file_sha256"].hex(),
        intervals=row["intervals"],
        accepted=row["accepted"],
        filled=row["filled"],
        late=row["late"],
        duplicate=row["duplicate"],
        conflicting=row["conflicting"],
        duplicate_rows=row["duplicate_rows"],
        blank_cells=row["blank_cells"],
        first_at=row["first_at"],
        last_at=row["last_at"],
        recorded_at=row["recorded_at"],
    )


class PostgresReadingImports:
    """What files were taken."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, imported: ReadingImport) -> ReadingImport:
        """Store that a file was taken, and return the import under which its bytes were first taken."""
        await self._connection.execute(upsert(ReadingImportRow).values(_import_row(imported)).on_conflict_do_nothing())
        found = await self._connection.execute(
            select(*_IMPORT_COLUMNS).where(
                col(ReadingImportRow.tenant_id) == imported.tenant_id,
                col(ReadingImportRow.site_id) == imported.site_id,
                col(ReadingImportRow.file_sha256) == bytes.fromhex(imported.file_sha256),
            )
        )
        return _to_import(found.mappings().one())

    async def of_site(self, tenant_id: TenantId, site_id: SiteId, *, limit: int) -> tuple[ReadingImport, ...]:
        """Return a site's imports, newest first."""
        found = await self._connection.execute(
            select(*_IMPORT_COLUMNS)
            .where(col(ReadingImportRow.tenant_id) == tenant_id, col(ReadingImportRow.site_id) == site_id)
            .order_by(col(ReadingImportRow.import_id).desc())
            .limit(limit)
        )
        return tuple(_to_import(row) for row in found.mappings())


_IMPORT_COLUMNS = tuple(ReadingImportRow.__table__.c)  # type: ignore[attr-defined]


def _to_estimate(row: RowMapping) -> ReadingEstimate:
    return ReadingEstimate(
        estimate_id=ReadingEstimateId(row["estimate_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        site_id=SiteId(row["site_id"]),
        channel_id=ChannelId(row["channel_id"]),
        day=row["day"],
        values=tuple(row["wh"]),
        rule=EstimateRule(row["rule"]),
        basis=row["basis"],
        state=EstimateState(row["state"]),
        proposed_by=row["proposed_by"],
        proposed_at=row["proposed_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        finding_id=None if row["finding_id"] is None else FindingId(row["finding_id"]),
    )


class PostgresReadingEstimates:
    """Proposed values and what became of them."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def propose(self, estimates: Sequence[ReadingEstimate]) -> None:
        """Store proposals; one channel's day has one open at a time."""
        if not estimates:
            return
        rows = [
            {
                "tenant_id": one.tenant_id,
                "estimate_id": one.estimate_id,
                "site_id": one.site_id,
                "channel_id": one.channel_id,
                "day": one.day,
                "wh": list(one.values),
                "rule": one.rule.value,
                "basis": one.basis,
                "state": one.state.value,
                "proposed_by": one.proposed_by,
                "proposed_at": one.proposed_at,
                "decided_by": one.decided_by,
                "decided_at": one.decided_at,
                "finding_id": one.finding_id,
            }
            for one in estimates
        ]
        added = await self._connection.execute(
            upsert(ReadingEstimateRow)
            .values(rows)
            .on_conflict_do_nothing()
            .returning(col(ReadingEstimateRow.estimate_id))
        )
        if len(added.all()) != len(rows):
            raise EstimateStands

    async def one(self, tenant_id: TenantId, estimate_id: ReadingEstimateId) -> ReadingEstimate:
        """Return a tenant's estimate."""
        found = await self._connection.execute(
            select(*_ESTIMATE_COLUMNS).where(
                col(ReadingEstimateRow.tenant_id) == tenant_id, col(ReadingEstimateRow.estimate_id) == estimate_id
            )
        )
        row = found.mappings().first()
        if row is None:
            raise EstimateUnknown
        return _to_estimate(row)

    async def of_site(
        self, tenant_id: TenantId, site_id: SiteId, *, first_on: date, last_on: date, limit: int
    ) -> tuple[ReadingEstimate, ...]:
        """Return a site's estimates for days, both ends included, newest first."""
        found = await self._connection.execute(
            select(*_ESTIMATE_COLUMNS)
            .where(
                col(ReadingEstimateRow.tenant_id) == tenant_id,
                col(ReadingEstimateRow.site_id) == site_id,
                col(ReadingEstimateRow.day).between(first_on, last_on),
            )
            .order_by(col(ReadingEstimateRow.estimate_id).desc())
            .limit(limit)
        )
        return tuple(_to_estimate(row) for row in found.mappings())

    async def decide(
        self, tenant_id: TenantId, estimate_id: ReadingEstimateId, *, state: EstimateState, by: str, at: datetime
    ) -> None:
        """Say once what became of a proposal."""
        decided = await self._connection.execute(
            update(ReadingEstimateRow)
            .where(
                col(ReadingEstimateRow.tenant_id) == tenant_id,
                col(ReadingEstimateRow.estimate_id) == estimate_id,
                col(ReadingEstimateRow.state) == EstimateState.PROPOSED.value,
            )
            .values(state=state.value, decided_by=by, decided_at=at)
            .returning(col(ReadingEstimateRow.estimate_id))
        )
        if decided.first() is None:
            raise EstimateStands


_ESTIMATE_COLUMNS = tuple(ReadingEstimateRow.__table__.c)  # type: ignore[attr-defined]


def _snapshot_row(snapshot: UsageSnapshot) -> dict[str, object]:
    usage = snapshot.usage
    return {
        "tenant_id": snapshot.tenant_id,
        "snapshot_id": snapshot.snapshot_id,
        "contract_id": snapshot.contract_id,
        "site_id": snapshot.site_id,
        "month": str(usage.month),
        "revision": snapshot.revision,
        "load_wh": usage.load_wh,
        "pv_wh": usage.pv_wh,
        "storage_charge_wh": usage.storage_charge_wh,
        "storage_discharge_wh": usage.storage_discharge_wh,
        "grid_import_wh": usage.grid_import_wh,
        "grid_export_wh": usage.grid_export_wh,
        "charged_pv_wh": usage.charged_pv_wh,
        "charged_grid_wh": usage.charged_grid_wh,
        "renewable_wh": usage.renewable_wh,
        "grid_wh": usage.grid_wh,
        "unattributed_wh": usage.unattributed_wh,
        "lost_pv_wh": usage.lost_pv_wh,
        "lost_grid_wh": usage.lost_grid_wh,
        "stock_pv_wh": usage.stock_pv_wh,
        "stock_grid_wh": usage.stock_grid_wh,
        "renewable_share_ppm": usage.renewable_share_ppm,
        "efficiency_ppm": usage.efficiency_ppm,
        "round_trip_ppm": usage.round_trip_ppm,
        "self_consumption_ppm": usage.self_consumption_ppm,
        "self_sufficiency_ppm": usage.self_sufficiency_ppm,
        "completeness_ppm": usage.completeness_ppm,
        "missing_values": usage.missing_values,
        "peak_import_w": usage.peak_import_w,
        "peak_import_at": usage.peak_import_at,
        "readings_sha256": bytes.fromhex(snapshot.readings_sha256),
        "frozen_at": snapshot.frozen_at,
    }


def _to_snapshot(row: RowMapping) -> UsageSnapshot:
    usage = MonthUsage(
        month=Month.parse(row["month"]),
        load_wh=row["load_wh"],
        pv_wh=row["pv_wh"],
        storage_charge_wh=row["storage_charge_wh"],
        storage_discharge_wh=row["storage_discharge_wh"],
        grid_import_wh=row["grid_import_wh"],
        grid_export_wh=row["grid_export_wh"],
        charged_pv_wh=row["charged_pv_wh"],
        charged_grid_wh=row["charged_grid_wh"],
        renewable_wh=row["renewable_wh"],
        grid_wh=row["grid_wh"],
        unattributed_wh=row["unattributed_wh"],
        lost_pv_wh=row["lost_pv_wh"],
        lost_grid_wh=row["lost_grid_wh"],
        stock_pv_wh=row["stock_pv_wh"],
        stock_grid_wh=row["stock_grid_wh"],
        renewable_share_ppm=row["renewable_share_ppm"],
        efficiency_ppm=row["efficiency_ppm"],
        round_trip_ppm=row["round_trip_ppm"],
        self_consumption_ppm=row["self_consumption_ppm"],
        self_sufficiency_ppm=row["self_sufficiency_ppm"],
        completeness_ppm=row["completeness_ppm"],
        missing_values=row["missing_values"],
        peak_import_w=row["peak_import_w"],
        peak_import_at=row["peak_import_at"],
    )
    return UsageSnapshot(
        snapshot_id=SnapshotId(row["snapshot_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        contract_id=ContractId(row["contract_id"]),
        site_id=SiteId(row["site_id"]),
        revision=row["revision"],
        usage=usage,
        readings_sha256=row["readings_sha256"].hex(),
        frozen_at=row["frozen_at"],
    )


class PostgresUsageSnapshots:
    """Frozen usage."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, snapshot: UsageSnapshot) -> UsageSnapshot:
        """Store a snapshot unless its contract's month has this revision, and return the stored one."""
        await self._connection.execute(
            upsert(UsageSnapshotRow).values(_snapshot_row(snapshot)).on_conflict_do_nothing()
        )
        stored = await self.find(
            snapshot.tenant_id, snapshot.contract_id, snapshot.usage.month, revision=snapshot.revision
        )
        if stored is None:
            raise ValueError("a snapshot's own number is taken by another month")
        return stored

    async def find(
        self, tenant_id: TenantId, contract_id: ContractId, month: Month, *, revision: int = 0
    ) -> UsageSnapshot | None:
        """Return the snapshot of a contract's month."""
        found = await self._connection.execute(
            select(*_SNAPSHOT_COLUMNS).where(
                col(UsageSnapshotRow.tenant_id) == tenant_id,
                col(UsageSnapshotRow.contract_id) == contract_id,
                col(UsageSnapshotRow.month) == str(month),
                col(UsageSnapshotRow.revision) == revision,
            )
        )
        row = found.mappings().first()
        return None if row is None else _to_snapshot(row)

    async def of_contract(
        self, tenant_id: TenantId, contract_id: ContractId, *, limit: int
    ) -> tuple[UsageSnapshot, ...]:
        """Return a contract's snapshots, newest month first."""
        found = await self._connection.execute(
            select(*_SNAPSHOT_COLUMNS)
            .where(col(UsageSnapshotRow.tenant_id) == tenant_id, col(UsageSnapshotRow.contract_id) == contract_id)
            .order_by(col(UsageSnapshotRow.month).desc(), col(UsageSnapshotRow.revision).desc())
            .limit(limit)
        )
        return tuple(_to_snapshot(row) for row in found.mappings())

    async def revisions(self, tenant_id: TenantId, contract_id: ContractId, month: Month) -> tuple[UsageSnapshot, ...]:
        """Return every revision of a contract's month, the first frozen first."""
        found = await self._connection.execute(
            select(*_SNAPSHOT_COLUMNS)
            .where(
                col(UsageSnapshotRow.tenant_id) == tenant_id,
                col(UsageSnapshotRow.contract_id) == contract_id,
                col(UsageSnapshotRow.month) == str(month),
            )
            .order_by(col(UsageSnapshotRow.revision))
        )
        return tuple(_to_snapshot(row) for row in found.mappings())

    async def of_month(self, tenant_id: TenantId, site_id: SiteId, month: Month) -> tuple[UsageSnapshot, ...]:
        """Return every revision of a site's month, by contract and then by revision."""
        found = await self._connection.execute(
            select(*_SNAPSHOT_COLUMNS)
            .where(
                col(UsageSnapshotRow.tenant_id) == tenant_id,
                col(UsageSnapshotRow.site_id) == site_id,
                col(UsageSnapshotRow.month) == str(month),
            )
            .order_by(col(UsageSnapshotRow.contract_id), col(UsageSnapshotRow.revision))
        )
        return tuple(_to_snapshot(row) for row in found.mappings())

    async def frozen_before(
        self, tenant_id: TenantId, site_id: SiteId, month: Month, *, limit: int, as_of: datetime | None = None
    ) -> tuple[UsageSnapshot, ...]:
        """Return the newest frozen months of a site before a month, each in its last revision."""
        asked = (
            select(*_SNAPSHOT_COLUMNS)
            .ext(distinct_on(col(UsageSnapshotRow.month)))
            .where(
                col(UsageSnapshotRow.tenant_id) == tenant_id,
                col(UsageSnapshotRow.site_id) == site_id,
                col(UsageSnapshotRow.month) < str(month),
            )
            .order_by(
                col(UsageSnapshotRow.month).desc(),
                col(UsageSnapshotRow.revision).desc(),
                col(UsageSnapshotRow.snapshot_id).desc(),
            )
            .limit(limit)
        )
        if as_of is not None:
            asked = asked.where(col(UsageSnapshotRow.frozen_at) <= as_of)
        found = await self._connection.execute(asked)
        return tuple(_to_snapshot(row) for row in found.mappings())

    async def frozen_months(
        self, tenant_id: TenantId, site_ids: Collection[SiteId], months: Collection[Month]
    ) -> frozenset[tuple[SiteId, Month]]:
        """Return which of these months are frozen at which of these sites for any contract."""
        found = await self._connection.execute(
            select(col(UsageSnapshotRow.site_id), col(UsageSnapshotRow.month))
            .distinct()
            .where(
                col(UsageSnapshotRow.tenant_id) == tenant_id,
                col(UsageSnapshotRow.site_id).in_(site_ids),
                col(UsageSnapshotRow.month).in_([str(month) for month in months]),
            )
        )
        return frozenset((SiteId(site_id), Month.parse(month)) for site_id, month in found)


_SNAPSHOT_COLUMNS = tuple(UsageSnapshotRow.__table__.c)  # type: ignore[attr-defined]
