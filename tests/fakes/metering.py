"""The metering ports in memory."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from domain.metering.errors import (
    EstimateStands,
    EstimateUnknown,
    FindingUnknown,
    LotEntered,
    LotUnknown,
    MeterMoved,
    MeterUnknown,
    PowerAgreed,
    RatioSet,
    SiteUnknown,
    TariffAssigned,
)
from domain.metering.lots import PpaLot, PpaLotId
from domain.metering.meters import Meter, MeterDevice, MeterRatio
from domain.metering.model import (
    Added,
    AsideDay,
    Blocks,
    Channel,
    ChannelDay,
    ConflictState,
    DayBlock,
    DayKey,
    EstimateState,
    Fill,
    FindingId,
    FindingState,
    MeterId,
    OfferedDay,
    Quality,
    ReadingEstimate,
    ReadingEstimateId,
    ReadingImport,
    ReadingImportId,
    ReadingSource,
    Site,
    SiteSeries,
    StoredFinding,
    Tick,
    UsageSnapshot,
    VettedMonth,
)
from domain.metering.registers import RegisterReading
from domain.metering.series import known_at
from domain.metering.service_points import PowerTerm, ServicePoint
from domain.metering.tariff import TariffAssignment
from domain.shared.identifiers import ChannelId, ContractId, SiteId, TenantId
from domain.shared.time import Month


class MemoryMeters:
    def __init__(self, channels: list[Channel]) -> None:
        self._meters: dict[tuple[TenantId, MeterId], Meter] = {}
        self._channels = channels

    async def add(self, meters: Sequence[Meter], channels: Sequence[Channel] = ()) -> None:
        self._meters.update({(one.tenant_id, one.meter_id): one for one in meters})
        self._channels.extend(channels)

    async def of_site(self, tenant_id: TenantId, site_id: SiteId) -> tuple[Meter, ...]:
        mine = [one for one in self._meters.values() if (one.tenant_id, one.site_id) == (tenant_id, site_id)]
        return tuple(sorted(mine, key=lambda one: one.meter_id))

    async def several(self, tenant_id: TenantId, meter_ids: Sequence[MeterId]) -> tuple[Meter, ...]:
        mine = [one for (owner, number), one in self._meters.items() if owner == tenant_id and number in meter_ids]
        return tuple(sorted(mine, key=lambda one: one.meter_id))

    async def one(self, tenant_id: TenantId, meter_id: MeterId) -> Meter:
        found = self._meters.get((tenant_id, meter_id))
        if found is None:
            raise MeterUnknown
        return found

    async def hanging(self, tenant_id: TenantId, serial: str) -> tuple[MeterId, ...]:
        return tuple(
            one.meter_id for one in self._meters.values() if one.tenant_id == tenant_id and one.device.serial == serial
        )

    async def exchange(self, tenant_id: TenantId, meter_id: MeterId, device: MeterDevice) -> None:
        kept = await self.one(tenant_id, meter_id)
        if device.epoch < len(kept.devices):
            raise MeterMoved
        self._meters[tenant_id, meter_id] = replace(kept, devices=(*kept.devices, device))

    async def describe(self, tenant_id: TenantId, meter_id: MeterId, device: MeterDevice) -> None:
        kept = await self.one(tenant_id, meter_id)
        told = replace(
            kept.devices[device.epoch],
            serial=device.serial,
            digits=device.digits,
            count_wh=device.count_wh,
            verified_until=device.verified_until,
        )
        devices = tuple(told if one.epoch == device.epoch else one for one in kept.devices)
        self._meters[tenant_id, meter_id] = replace(kept, devices=devices)

    async def rate(self, tenant_id: TenantId, meter_id: MeterId, ratio: MeterRatio, *, by: str, at: datetime) -> None:
        kept = await self.one(tenant_id, meter_id)
        if ratio in kept.ratios:
            return
        if any(one.from_on == ratio.from_on for one in kept.ratios):
            raise RatioSet(day=ratio.from_on.isoformat())
        ratios = tuple(sorted((*kept.ratios, ratio), key=lambda one: one.from_on))
        self._meters[tenant_id, meter_id] = replace(kept, ratios=ratios)

    async def take_away(self, tenant_id: TenantId, meter_id: MeterId, *, until_on: date) -> None:
        self._channels[:] = [
            replace(one, until_on=until_on) if (one.tenant_id, one.meter_id) == (tenant_id, meter_id) else one
            for one in self._channels
        ]


class MemoryServicePoints:
    def __init__(self) -> None:
        self._points: dict[tuple[TenantId, SiteId], ServicePoint] = {}

    async def add(self, point: ServicePoint) -> None:
        self._points[point.tenant_id, point.site_id] = point

    async def of_site(self, tenant_id: TenantId, site_id: SiteId) -> ServicePoint:
        found = self._points.get((tenant_id, site_id))
        if found is None:
            raise SiteUnknown
        return found

    async def agree(self, point: ServicePoint, term: PowerTerm) -> None:
        kept = await self.of_site(point.tenant_id, point.site_id)
        same_day = [one.contract_power_w for one in kept.terms if one.from_on == term.from_on]
        if same_day == [term.contract_power_w]:
            return
        if same_day:
            raise PowerAgreed(day=term.from_on.isoformat())
        terms = tuple(sorted((*kept.terms, term), key=lambda one: one.from_on))
        self._points[point.tenant_id, point.site_id] = replace(kept, terms=terms)


class MemoryRegisters:
    def __init__(self) -> None:
        self._reads: dict[tuple[TenantId, ChannelId, datetime, int], RegisterReading] = {}

    async def add(self, tenant_id: TenantId, reads: Sequence[RegisterReading], *, now: datetime) -> None:
        for read in reads:
            key = (tenant_id, read.channel_id, read.read_at, read.epoch)
            assert key not in self._reads
            self._reads[key] = read

    async def near(
        self, tenant_id: TenantId, channel_id: ChannelId, *, first_at: datetime, last_at: datetime
    ) -> tuple[RegisterReading, ...]:
        mine = [read for (owner, number, *_), read in self._reads.items() if (owner, number) == (tenant_id, channel_id)]
        begin = max((read.read_at for read in mine if read.read_at < first_at), default=first_at)
        end = min((read.read_at for read in mine if read.read_at > last_at), default=last_at)
        return tuple(
            sorted((r for r in mine if begin <= r.read_at <= end), key=lambda read: (read.read_at, read.epoch))
        )

    async def has_reads(self, tenant_id: TenantId, channel_id: ChannelId, *, epoch: int) -> bool:
        return any((o, c, e) == (tenant_id, channel_id, epoch) for o, c, _, e in self._reads)

    async def begin_epoch(
        self, tenant_id: TenantId, channel_id: ChannelId, *, epoch: int, at: datetime, first: int
    ) -> None:
        moved = [
            read
            for (owner, number, *_), read in self._reads.items()
            if (owner, number, read.epoch) == (tenant_id, channel_id, epoch - 1)
            and (read.read_at > at or (read.read_at == at and read.value == first))
        ]
        for read in moved:
            del self._reads[tenant_id, channel_id, read.read_at, read.epoch]
            self._reads[tenant_id, channel_id, read.read_at, epoch] = replace(read, epoch=epoch)


class MemorySites:
    def __init__(self, meters: MemoryMeters, channels: list[Channel]) -> None:
        self._sites: dict[tuple[TenantId, SiteId], Site] = {}
        self._meters = meters
        self._channels = channels
        self._last: dict[TenantId, int] = {}
        self._tariffs: dict[tuple[TenantId, SiteId, date], TariffAssignment] = {}

    async def reserve_channels(self, tenant_id: TenantId, count: int) -> tuple[ChannelId, ...]:
        first = self._last.get(tenant_id, 0) + 1
        self._last[tenant_id] = first + count - 1
        return tuple(ChannelId(number) for number in range(first, first + count))

    async def add(self, site: Site, channels: Sequence[Channel], *, meters: Sequence[Meter]) -> None:
        self._sites[site.tenant_id, site.site_id] = site
        await self._meters.add(meters, channels)

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
    def __init__(self, snapshots: "MemoryUsageSnapshots", imports: "MemoryReadingImports") -> None:
        self._snapshots = snapshots
        self._imports = imports
        self._settled: dict[tuple[TenantId, date, ChannelId, ReadingImportId, int], AsideDay] = {}
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
        refused = bool(await self._snapshots.frozen_months(tenant_id, site_ids, months))
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
        ticks: Sequence[Tick],
        *,
        site_ids: Sequence[SiteId],
        source: ReadingSource,
        now: datetime,
    ) -> frozenset[DayKey] | None:
        days = [tick.as_day() for tick in ticks]
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

    async def keep_ticks(
        self, tenant_id: TenantId, ticks: Sequence[Tick], *, site_ids: Sequence[SiteId], now: datetime
    ) -> frozenset[DayKey] | None:
        return await self.tick(tenant_id, ticks, site_ids=site_ids, source=ReadingSource.API, now=now)

    async def fold_ticks(self, tenant_id: TenantId, *, until: date) -> int:
        return 0

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

    async def settle(
        self, tenant_id: TenantId, day: date, *, after: ChannelId | None, limit: int
    ) -> tuple[int, ChannelId | None]:
        return 0, None

    async def put_aside(self, tenant_id: TenantId, import_id: ReadingImportId, offered: Sequence[OfferedDay]) -> None:
        for aside in offered:
            parts = self._aside.setdefault((tenant_id, aside.day, aside.channel_id, import_id), [])
            new = tuple(
                None if any(one.values[slot] is not None for one in parts) else value
                for slot, value in enumerate(aside.values)
            )
            if any(value is not None for value in new):
                parts.append(replace(aside, values=new))

    async def aside(self, tenant_id: TenantId, channel_ids: Sequence[ChannelId], *, limit: int) -> tuple[AsideDay, ...]:
        chosen = [
            self._settled.get(
                (owner, day, channel, import_id, part),
                AsideDay(
                    channel_id=channel,
                    day=day,
                    import_id=import_id,
                    part=part,
                    values=aside.values,
                    file_sha256=self._imports.by_id(owner, import_id).file_sha256,
                    received_at=self._imports.by_id(owner, import_id).recorded_at,
                ),
            )
            for (owner, day, channel, import_id), parts in sorted(self._aside.items(), key=lambda pair: pair[0])
            if owner == tenant_id and channel in channel_ids
            for part, aside in enumerate(parts)
        ]
        chosen.sort(key=lambda one: (one.state is not ConflictState.OPEN, -one.day.toordinal()))
        return tuple(chosen[:limit])

    async def aside_of(self, tenant_id: TenantId, channel_id: ChannelId, day: date) -> tuple[AsideDay, ...]:
        return tuple(one for one in await self.aside(tenant_id, [channel_id], limit=10_000) if one.day == day)

    async def settle_aside(self, tenant_id: TenantId, settled: AsideDay) -> None:
        key = (tenant_id, settled.day, settled.channel_id, settled.import_id, settled.part)
        assert key not in self._settled
        self._settled[key] = settled


class MemoryReadingImports:
    def __init__(self) -> None:
        self._imports: dict[tuple[TenantId, SiteId, str], ReadingImport] = {}

    def by_id(self, tenant_id: TenantId, import_id: ReadingImportId) -> ReadingImport:
        [found] = [i for i in self._imports.values() if (i.tenant_id, i.import_id) == (tenant_id, import_id)]
        return found

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


class MemoryFindings:
    def __init__(self) -> None:
        self._findings: dict[tuple[TenantId, FindingId], StoredFinding] = {}
        self._vetted: dict[tuple[TenantId, SiteId, Month], VettedMonth] = {}

    async def keep(self, findings: Sequence[StoredFinding]) -> None:
        for one in findings:
            self._findings[one.tenant_id, one.finding_id] = one

    async def one(self, tenant_id: TenantId, finding_id: FindingId) -> StoredFinding:
        found = self._findings.get((tenant_id, finding_id))
        if found is None:
            raise FindingUnknown
        return found

    async def of_site(
        self,
        tenant_id: TenantId,
        site_id: SiteId,
        *,
        first_on: date,
        last_on: date,
        only_open: bool = False,
        limit: int,
    ) -> tuple[StoredFinding, ...]:
        mine = [
            one
            for one in self._findings.values()
            if (one.tenant_id, one.site_id) == (tenant_id, site_id)
            and first_on <= one.day <= last_on
            and (one.state is FindingState.OPEN or not only_open)
        ]
        mine.sort(
            key=lambda one: (
                one.state is not FindingState.OPEN,
                -one.day.toordinal(),
                one.channel_id or 0,
                one.slot,
                one.kind,
            )
        )
        return tuple(mine[:limit])

    async def note_vetted(self, tenant_id: TenantId, site_id: SiteId, vetted: VettedMonth) -> None:
        self._vetted[tenant_id, site_id, vetted.month] = vetted

    async def vetted(self, tenant_id: TenantId, site_id: SiteId, months: Iterable[Month]) -> dict[Month, VettedMonth]:
        return {month: found for month in months if (found := self._vetted.get((tenant_id, site_id, month)))}


class MemoryPpaLots:
    def __init__(self) -> None:
        self._lots: dict[tuple[TenantId, PpaLotId], PpaLot] = {}

    async def add(self, lot: PpaLot) -> PpaLot:
        for one in self._lots.values():
            if (one.tenant_id, one.certificate_id, one.voided_at) == (lot.tenant_id, lot.certificate_id, None):
                if (one.site_id, one.from_on, one.until_on, one.wh) != (
                    lot.site_id, lot.from_on, lot.until_on, lot.wh,
                ):  # fmt: skip
                    raise LotEntered(certificate=lot.certificate_id)
                return one
        self._lots[lot.tenant_id, lot.lot_id] = lot
        return lot

    async def one(self, tenant_id: TenantId, lot_id: PpaLotId) -> PpaLot:
        found = self._lots.get((tenant_id, lot_id))
        if found is None:
            raise LotUnknown
        return found

    async def of_site(
        self, tenant_id: TenantId, site_id: SiteId, *, first_on: date, last_on: date, limit: int
    ) -> tuple[PpaLot, ...]:
        mine = [
            one
            for one in self._lots.values()
            if (one.tenant_id, one.site_id) == (tenant_id, site_id) and first_on <= one.from_on <= last_on
        ]
        return tuple(sorted(mine, key=lambda one: (one.from_on, one.certificate_id, one.entered_at))[:limit])

    async def void(self, lot: PpaLot) -> None:
        self._lots[lot.tenant_id, lot.lot_id] = lot


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

    async def of_month(self, tenant_id: TenantId, site_id: SiteId, month: Month) -> tuple[UsageSnapshot, ...]:
        mine = [
            one
            for one in self._snapshots.values()
            if (one.tenant_id, one.site_id, one.usage.month) == (tenant_id, site_id, month)
        ]
        return tuple(sorted(mine, key=lambda one: (one.contract_id, one.revision)))

    async def frozen_before(
        self, tenant_id: TenantId, site_id: SiteId, month: Month, *, limit: int, as_of: datetime | None = None
    ) -> tuple[UsageSnapshot, ...]:
        last: dict[Month, UsageSnapshot] = {}
        for one in sorted(self._snapshots.values(), key=lambda one: (one.revision, one.snapshot_id)):
            known = as_of is None or one.frozen_at <= as_of
            if (one.tenant_id, one.site_id) == (tenant_id, site_id) and one.usage.month < month and known:
                last[one.usage.month] = one
        return tuple(last[one] for one in sorted(last, reverse=True)[:limit])

    async def frozen_months(
        self, tenant_id: TenantId, site_ids: Collection[SiteId], months: Collection[Month]
    ) -> frozenset[tuple[SiteId, Month]]:
        return frozenset(
            (one.site_id, one.usage.month)
            for one in self._snapshots.values()
            if one.tenant_id == tenant_id and one.site_id in site_ids and one.usage.month in months
        )


class MemoryReadingFiles:
    """Answers every file with one series."""

    def __init__(self, series: SiteSeries) -> None:
        self._series = series

    async def parse(self, content: bytes) -> SiteSeries:
        return self._series


class MemoryMeteringWork:
    def __init__(self) -> None:
        channels: list[Channel] = []
        self.meters = MemoryMeters(channels)
        self.registers = MemoryRegisters()
        self.service_points = MemoryServicePoints()
        self.sites = MemorySites(self.meters, channels)
        self.usage_snapshots = MemoryUsageSnapshots()
        self.reading_imports = MemoryReadingImports()
        self.readings = MemoryReadings(self.usage_snapshots, self.reading_imports)
        self.reading_estimates = MemoryReadingEstimates()
        self.findings = MemoryFindings()
        self.ppa_lots = MemoryPpaLots()

    async def commit(self) -> None:
        return None
