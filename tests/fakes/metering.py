"""The metering ports in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from domain.metering.errors import EstimateStands, EstimateUnknown, SiteUnknown, TariffAssigned
from domain.metering.model import (
    Added,
    Blocks,
    Channel,
    ChannelDay,
    DayBlock,
    DayKey,
    EstimateState,
    Fill,
    OfferedDay,
    Quality,
    ReadingEstimate,
    ReadingEstimateId,
    ReadingImport,
    ReadingImportId,
    ReadingSource,
    Site,
    SiteSeries,
    UsageSnapshot,
)
from domain.metering.series import known_at
from domain.metering.tariff import TariffAssignment
from domain.shared.identifiers import ChannelId, ContractId, SiteId, TenantId
from domain.shared.time import Month


class MemorySites:
    def __init__(self) -> None:
        self._sites: dict[tuple[TenantId, SiteId], Site] = {}
        self._channels: list[Channel] = []
        self._last: dict[TenantId, int] = {}
        self._tariffs: dict[tuple[TenantId, SiteId, date], TariffAssignment] = {}

    async def reserve_channels(self, tenant_id: TenantId, count: int) -> tuple[ChannelId, ...]:
        first = self._last.get(tenant_id, 0) + 1
        self._last[tenant_id] = first + count - 1
        return tuple(ChannelId(number) for number in range(first, first + count))

    async def add(self, site: Site, channels: Sequence[Channel]) -> None:
        self._sites[site.tenant_id, site.site_id] = site
        self._channels.extend(channels)

    async def one(self, tenant_id: TenantId, site_id: SiteId) -> Site:
        site = self._sites.get((tenant_id, site_id))
        if site is None:
            raise SiteUnknown
        return site

    async def of_tenant(self, tenant_id: TenantId, *, limit: int) -> tuple[Site, ...]:
        mine = [site for (owner, _), site in self._sites.items() if owner == tenant_id]
        return tuple(sorted(mine, key=lambda site: site.site_id)[:limit])

    async def channels(self, tenant_id: TenantId, site_id: SiteId) -> tuple[Channel, ...]:
        mine = [c for c in self._channels if (c.tenant_id, c.site_id) == (tenant_id, site_id)]
        return tuple(sorted(mine, key=lambda channel: channel.channel_id))

    async def numbered(self, tenant_id: TenantId, channel_ids: Sequence[ChannelId]) -> tuple[Channel, ...]:
        mine = [c for c in self._channels if c.tenant_id == tenant_id and c.channel_id in channel_ids]
        return tuple(sorted(mine, key=lambda channel: channel.channel_id))

    async def assign_tariff(
        self, tenant_id: TenantId, site_id: SiteId, assignment: TariffAssignment, *, by: str, at: datetime
    ) -> None:
        kept = self._tariffs.setdefault((tenant_id, site_id, assignment.from_on), assignment)
        if kept != assignment:
            raise TariffAssigned(day=assignment.from_on.isoformat())

    async def tariffs(self, tenant_id: TenantId, site_id: SiteId) -> tuple[TariffAssignment, ...]:
        mine = [one for (tenant, site, _), one in self._tariffs.items() if (tenant, site) == (tenant_id, site_id)]
        return tuple(sorted(mine, key=lambda one: one.from_on))


class MemoryReadings:
    def __init__(self, snapshots: "MemoryUsageSnapshots") -> None:
        self._snapshots = snapshots
        self._blocks: dict[tuple[TenantId, date, ChannelId, int], DayBlock] = {}
        self._aside: dict[tuple[TenantId, date, ChannelId, ReadingImportId], list[OfferedDay]] = {}

    async def hold(self, tenant_id: TenantId) -> None:
        return None

    async def share(self, tenant_id: TenantId) -> None:
        return None

    async def add(
        self,
        tenant_id: TenantId,
        days: Sequence[ChannelDay],
        *,
        site_ids: Sequence[SiteId],
        source: ReadingSource,
        now: datetime,
    ) -> Added:
        months = {Month.of(day.day) for day in days}
        refused = any([await self._snapshots.frozen_months(tenant_id, site, months) for site in site_ids])
        kept = await self.blocks(tenant_id, [(day.channel_id, day.day) for day in days])
        same = {
            key
            for day in days
            if (key := (day.channel_id, day.day)) in kept and kept[key].values == day.values and not kept[key].marks
        }
        if not refused:
            new = [day for day in days if (day.channel_id, day.day) not in kept]
            await self.write(
                tenant_id,
                [
                    DayBlock(
                        channel_id=day.channel_id,
                        day=day.day,
                        revision=0,
                        values=day.values,
                        quality=Quality.MEASURED,
                        source=source,
                        recorded_at=now,
                    )
                    for day in new
                ],
            )
        return Added(same=frozenset(same), other=frozenset(kept) - same, refused=refused)

    async def tick(
        self,
        tenant_id: TenantId,
        days: Sequence[ChannelDay],
        *,
        site_ids: Sequence[SiteId],
        source: ReadingSource,
        now: datetime,
    ) -> frozenset[DayKey] | None:
        added = await self.add(tenant_id, days, site_ids=site_ids, source=source, now=now)
        if added.refused:
            return None
        same = set(added.same)
        kept = await self.blocks(tenant_id, list(added.other))
        for day in days:
            block = kept.get((day.channel_id, day.day))
            if block is None:
                continue
            slot = next(slot for slot, value in enumerate(day.values) if value is not None)
            if block.marks or block.revision:
                return None
            if block.values[slot] == day.values[slot]:
                same.add((day.channel_id, day.day))
                continue
            if block.values[slot] is not None:
                return None
            values = (*block.values[:slot], day.values[slot], *block.values[slot + 1 :])
            fills = (*block.fills, Fill(at=now, slots=(slot,)))
            await self.write(tenant_id, [replace(block, values=values, fills=fills, source=source)])
        return frozenset(same)

    async def locked(self, tenant_id: TenantId, keys: Sequence[DayKey]) -> Blocks:
        return await self.blocks(tenant_id, keys)

    async def blocks(self, tenant_id: TenantId, keys: Sequence[DayKey]) -> Blocks:
        chosen: dict[DayKey, DayBlock] = {}
        for (owner, day, channel, _), block in sorted(self._blocks.items(), key=lambda pair: pair[0]):
            if owner == tenant_id and (channel, day) in keys:
                chosen[channel, day] = block
        return chosen

    async def first_on(self, tenant_id: TenantId, channel_ids: Sequence[ChannelId]) -> date | None:
        days = [day for (owner, day, channel, _) in self._blocks if owner == tenant_id and channel in channel_ids]
        return min(days, default=None)

    async def day_blocks(
        self,
        tenant_id: TenantId,
        channel_ids: Sequence[ChannelId],
        *,
        first_on: date,
        last_on: date,
        as_of: datetime | None = None,
    ) -> Blocks:
        chosen: dict[tuple[ChannelId, date], DayBlock] = {}
        for (owner, day, channel, _), block in sorted(self._blocks.items(), key=lambda pair: pair[0]):
            if owner == tenant_id and channel in channel_ids and first_on <= day <= last_on:
                then = block if as_of is None else known_at(block, as_of)
                if then is not None:
                    chosen[channel, day] = then
        return chosen

    async def write(self, tenant_id: TenantId, blocks: Sequence[DayBlock]) -> None:
        for block in blocks:
            self._blocks[tenant_id, block.day, block.channel_id, block.revision] = block

    async def put_aside(self, tenant_id: TenantId, import_id: ReadingImportId, offered: Sequence[OfferedDay]) -> None:
        for aside in offered:
            parts = self._aside.setdefault((tenant_id, aside.day, aside.channel_id, import_id), [])
            new = tuple(
                None if any(one.values[slot] is not None for one in parts) else value
                for slot, value in enumerate(aside.values)
            )
            if any(value is not None for value in new):
                parts.append(replace(aside, values=new))

    async def aside(
        self, tenant_id: TenantId, channel_ids: Sequence[ChannelId], *, limit: int
    ) -> tuple[OfferedDay, ...]:
        chosen = [
            aside
            for (owner, _, channel, _), parts in sorted(self._aside.items(), key=lambda pair: pair[0])
            for aside in parts
            if owner == tenant_id and channel in channel_ids
        ]
        return tuple(chosen[:limit])


class MemoryReadingImports:
    def __init__(self) -> None:
        self._imports: dict[tuple[TenantId, SiteId, str], ReadingImport] = {}

    async def keep(self, imported: ReadingImport) -> ReadingImport:
        return self._imports.setdefault((imported.tenant_id, imported.site_id, imported.file_sha256), imported)

    async def of_site(self, tenant_id: TenantId, site_id: SiteId, *, limit: int) -> tuple[ReadingImport, ...]:
        mine = [i for i in self._imports.values() if (i.tenant_id, i.site_id) == (tenant_id, site_id)]
        return tuple(sorted(mine, key=lambda imported: imported.import_id, reverse=True)[:limit])


class MemoryReadingEstimates:
    def __init__(self) -> None:
        self._estimates: dict[tuple[TenantId, ReadingEstimateId], ReadingEstimate] = {}

    async def propose(self, estimates: Sequence[ReadingEstimate]) -> None:
        for one in estimates:
            open_ = {
                (o.tenant_id, o.channel_id, o.day)
                for o in self._estimates.values()
                if o.state is EstimateState.PROPOSED
            }
            if (one.tenant_id, one.channel_id, one.day) in open_:
                raise EstimateStands
            self._estimates[one.tenant_id, one.estimate_id] = one

    async def one(self, tenant_id: TenantId, estimate_id: ReadingEstimateId) -> ReadingEstimate:
        found = self._estimates.get((tenant_id, estimate_id))
        if found is None:
            raise EstimateUnknown
        return found

    async def of_site(
        self, tenant_id: TenantId, site_id: SiteId, *, first_on: date, last_on: date, limit: int
    ) -> tuple[ReadingEstimate, ...]:
        mine = [
            one
            for one in self._estimates.values()
            if (one.tenant_id, one.site_id) == (tenant_id, site_id) and first_on <= one.day <= last_on
        ]
        return tuple(sorted(mine, key=lambda one: one.estimate_id, reverse=True)[:limit])

    async def decide(
        self, tenant_id: TenantId, estimate_id: ReadingEstimateId, *, state: EstimateState, by: str, at: datetime
    ) -> None:
        found = await self.one(tenant_id, estimate_id)
        if found.state is not EstimateState.PROPOSED:
            raise EstimateStands
        self._estimates[tenant_id, estimate_id] = replace(found, state=state, decided_by=by, decided_at=at)


class MemoryUsageSnapshots:
    def __init__(self) -> None:
        self._snapshots: dict[tuple[TenantId, ContractId, Month, int], UsageSnapshot] = {}

    async def keep(self, snapshot: UsageSnapshot) -> UsageSnapshot:
        key = (snapshot.tenant_id, snapshot.contract_id, snapshot.usage.month, snapshot.revision)
        return self._snapshots.setdefault(key, snapshot)

    async def find(
        self, tenant_id: TenantId, contract_id: ContractId, month: Month, *, revision: int = 0
    ) -> UsageSnapshot | None:
        return self._snapshots.get((tenant_id, contract_id, month, revision))

    async def of_contract(
        self, tenant_id: TenantId, contract_id: ContractId, *, limit: int
    ) -> tuple[UsageSnapshot, ...]:
        mine = [s for s in self._snapshots.values() if (s.tenant_id, s.contract_id) == (tenant_id, contract_id)]
        return tuple(sorted(mine, key=lambda s: (s.usage.month, s.revision), reverse=True)[:limit])

    async def revisions(self, tenant_id: TenantId, contract_id: ContractId, month: Month) -> tuple[UsageSnapshot, ...]:
        mine = [one for key, one in self._snapshots.items() if key[:3] == (tenant_id, contract_id, month)]
        return tuple(sorted(mine, key=lambda one: one.revision))

    async def frozen_before(
        self, tenant_id: TenantId, site_id: SiteId, month: Month, *, limit: int, as_of: datetime | None = None
    ) -> tuple[UsageSnapshot, ...]:
        last: dict[Month, UsageSnapshot] = {}
        for one in sorted(self._snapshots.values(), key=lambda one: (one.revision, one.snapshot_id)):
            known = as_of is None or one.frozen_at <= as_of
            if (one.tenant_id, one.site_id) == (tenant_id, site_id) and one.usage.month < month and known:
                last[one.usage.month] = one
        return tuple(last[one] for one in sorted(last, reverse=True)[:limit])

    async def frozen_months(self, tenant_id: TenantId, site_id: SiteId, months: Iterable[Month]) -> frozenset[Month]:
        mine = {s.usage.month for s in self._snapshots.values() if (s.tenant_id, s.site_id) == (tenant_id, site_id)}
        return frozenset(mine) & frozenset(months)


class MemoryReadingFiles:
    """Answers every file with one series."""

    def __init__(self, series: SiteSeries) -> None:
        self._series = series

    async def parse(self, content: bytes) -> SiteSeries:
        return self._series


class MemoryMeteringWork:
    def __init__(self) -> None:
        self.sites = MemorySites()
        self.usage_snapshots = MemoryUsageSnapshots()
        self.readings = MemoryReadings(self.usage_snapshots)
        self.reading_imports = MemoryReadingImports()
        self.reading_estimates = MemoryReadingEstimates()

    async def commit(self) -> None:
        return None
