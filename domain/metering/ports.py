"""What the metering context asks of its store and of the reader of files."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.metering.alarms import Alarm, AlarmChange, AlarmId
from domain.metering.lots import PpaLot, PpaLotId
from domain.metering.meters import Meter, MeterDevice, MeterRatio
from domain.metering.model import (
    Added,
    AsideDay,
    Blocks,
    Channel,
    ChannelDay,
    DayBlock,
    DayKey,
    EstimateState,
    FindingId,
    MeterId,
    OfferedDay,
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
from domain.metering.safety import Standing
from domain.metering.service_points import PowerTerm, ServicePoint
from domain.metering.tariff import TariffAssignment
from domain.metering.telemetry import HourKey, Hours, TelemetryHour, TelemetryMinute, TelemetrySignal
from domain.shared.identifiers import ChannelId, ContractId, PackId, SiteId, TenantId
from domain.shared.time import Month


class ReadingFiles(Protocol):
    """Reads what meters wrote."""

    async def parse(self, content: bytes) -> SiteSeries:
        """Read a site's file of 15-minute readings.

        Raises:
            FileRefused: something in it has no meaning; it says what and where.
            FileTooLarge: it has more bytes than are read here.
            FileTookTooLong: reading did not end in time.
            FileBroke: the reader crashed on it.
        """
        ...


class Channels(Protocol):
    """Channels by number."""

    async def numbered(self, tenant_id: TenantId, channel_ids: Sequence[ChannelId]) -> tuple[Channel, ...]:
        """Return a tenant's channels of these numbers, of whatever site; unknown numbers are left out."""
        ...


class Sites(Channels, Protocol):
    """Sites and their channels."""

    async def reserve_channels(self, tenant_id: TenantId, count: int) -> tuple[ChannelId, ...]:
        """Return numbers of the tenant that no other channel has or will have, rising."""
        ...

    async def add(self, site: Site, channels: Sequence[Channel], *, meters: Sequence[Meter]) -> None:
        """Store a new site with its meters and channels."""
        ...

    async def one(self, tenant_id: TenantId, site_id: SiteId) -> Site:
        """Return a tenant's site.

        Raises:
            SiteUnknown: the tenant has no such site.
        """
        ...

    async def of_tenant(self, tenant_id: TenantId, *, limit: int) -> tuple[Site, ...]:
        """Return a tenant's sites, oldest first."""
        ...

    async def channels(self, tenant_id: TenantId, site_id: SiteId) -> tuple[Channel, ...]:
        """Return a site's channels by number."""
        ...

    async def assign_tariff(
        self, tenant_id: TenantId, site_id: SiteId, assignment: TariffAssignment, *, by: str, at: datetime
    ) -> None:
        """Store which tariff a site has from a day on; the same once more changes nothing.

        Raises:
            TariffAssigned: another is assigned from this very day.
        """
        ...

    async def tariffs(self, tenant_id: TenantId, site_id: SiteId) -> tuple[TariffAssignment, ...]:
        """Return a site's tariffs by day."""
        ...


class ReadingsCrossed(Exception):
    """Two transactions that shared readings waited for each other; nothing of this one is stored, it takes a turn."""


class Meters(Protocol):
    """Meters with their devices and ratios."""

    async def add(self, meters: Sequence[Meter], channels: Sequence[Channel] = ()) -> None:
        """Store new meters with their devices and ratios, and the channels that hang on them."""
        ...

    async def of_site(self, tenant_id: TenantId, site_id: SiteId) -> tuple[Meter, ...]:
        """Return a site's meters, the first hung up first."""
        ...

    async def several(self, tenant_id: TenantId, meter_ids: Sequence[MeterId]) -> tuple[Meter, ...]:
        """Return a tenant's meters of these identities; unknown ones are left out."""
        ...

    async def one(self, tenant_id: TenantId, meter_id: MeterId) -> Meter:
        """Return a tenant's meter.

        Raises:
            MeterUnknown: the tenant has no such meter.
        """
        ...

    async def hanging(self, tenant_id: TenantId, serial: str) -> tuple[MeterId, ...]:
        """Return the metering points at which a device of this serial hangs now."""
        ...

    async def exchange(self, tenant_id: TenantId, meter_id: MeterId, device: MeterDevice) -> None:
        """Store the device of the next epoch.

        Raises:
            MeterMoved: the epoch has a device already.
        """
        ...

    async def describe(self, tenant_id: TenantId, meter_id: MeterId, device: MeterDevice) -> None:
        """Say what is known of a device now: serial, figures, count and verification; since when it hangs stays."""
        ...

    async def rate(self, tenant_id: TenantId, meter_id: MeterId, ratio: MeterRatio, *, by: str, at: datetime) -> None:
        """Store the transformers' ratio from a day on; the same once more changes nothing.

        Raises:
            RatioSet: another holds from this very day.
        """
        ...

    async def take_away(self, tenant_id: TenantId, meter_id: MeterId, *, until_on: date) -> None:
        """End a meter's channels with a day, the first on which they no longer count."""
        ...


class ServicePoints(Protocol):
    """Grid connections with their contract powers by day; only added to."""

    async def add(self, point: ServicePoint) -> None:
        """Store a site's service point with its terms."""
        ...

    async def of_site(self, tenant_id: TenantId, site_id: SiteId) -> ServicePoint:
        """Return a site's service point.

        Raises:
            SiteUnknown: the tenant has no such site.
        """
        ...

    async def agree(self, point: ServicePoint, term: PowerTerm) -> None:
        """Store the contract power from a day on; the same once more changes nothing.

        Raises:
            PowerAgreed: another holds from this very day.
        """
        ...


class Registers(Protocol):
    """What counting registers showed; only added to, and under `Readings.hold`."""

    async def add(self, tenant_id: TenantId, reads: Sequence[RegisterReading], *, now: datetime) -> None:
        """Store reads of which none is kept."""
        ...

    async def near(
        self, tenant_id: TenantId, channel_id: ChannelId, *, first_at: datetime, last_at: datetime
    ) -> tuple[RegisterReading, ...]:
        """Return a channel's reads of a stretch, both ends included, with the last before it and the first after it.

        They come by instant and epoch; of several at the instant before or after, all.
        """
        ...

    async def has_reads(self, tenant_id: TenantId, channel_id: ChannelId, *, epoch: int) -> bool:
        """Say whether a read of a channel's epoch is kept."""
        ...

    async def begin_epoch(
        self, tenant_id: TenantId, channel_id: ChannelId, *, epoch: int, at: datetime, first: int
    ) -> None:
        """Let reads of the epoch before that came after an instant be of this epoch.

        One at the very instant is of it as well if it shows what the new register showed first.
        """
        ...


class SharedReadings(Protocol):
    """What those do to day blocks who write new ones beside each other."""

    async def add(
        self,
        tenant_id: TenantId,
        days: Sequence[ChannelDay],
        *,
        site_ids: Sequence[SiteId],
        source: ReadingSource,
        now: datetime,
    ) -> Added:
        """Store as revision 0 the days of which nothing is kept; nothing at all if a month is frozen at these sites.

        Only in a unit that shares the tenant's readings or holds them; each channel's day is there once.
        """
        ...

    async def tick(
        self,
        tenant_id: TenantId,
        ticks: Sequence[Tick],
        *,
        site_ids: Sequence[SiteId],
        source: ReadingSource,
        now: datetime,
    ) -> frozenset[DayKey] | None:
        """Store one value a day: a day begins with it, or its empty slot is filled in place.

        Returns the days whose slot held the very same value. None says that a day is otherwise known, marked,
        revised, or its month is frozen at these sites; nothing may be committed then. Only in a unit that shares the
        tenant's readings or holds them; each channel's day is there once. `now` is whole milliseconds.
        """
        ...

    async def keep_ticks(
        self, tenant_id: TenantId, ticks: Sequence[Tick], *, site_ids: Sequence[SiteId], now: datetime
    ) -> frozenset[DayKey] | None:
        """Do what `tick` does, for as many as may be and as they came; only in a unit that holds the readings.

        They come by the API. What is read is the same wherever a value is kept.
        """
        ...

    async def locked(self, tenant_id: TenantId, keys: Sequence[DayKey]) -> Blocks:
        """Return the current blocks of just these days, and let nobody else change them until the unit ends."""
        ...

    async def write(self, tenant_id: TenantId, blocks: Sequence[DayBlock]) -> None:
        """Store blocks, in place of those of the same channel, day and revision. Only under `hold`, or `locked`."""
        ...


class Readings(SharedReadings, Protocol):
    """Day blocks, read and written many at a time."""

    async def hold(self, tenant_id: TenantId) -> None:
        """Keep other writers of the tenant's readings waiting until the unit ends.

        Taken before blocks are read that are then changed or frozen.
        """
        ...

    async def blocks(self, tenant_id: TenantId, keys: Sequence[DayKey]) -> Blocks:
        """Return the current blocks of just these days."""
        ...

    async def first_on(self, tenant_id: TenantId, channel_ids: Sequence[ChannelId]) -> date | None:
        """Return the earliest day with a reading; None if there is none."""
        ...

    async def day_blocks(
        self,
        tenant_id: TenantId,
        channel_ids: Sequence[ChannelId],
        *,
        first_on: date,
        last_on: date,
        as_of: datetime | None = None,
    ) -> Blocks:
        """Return the current blocks of channels over days, both ends included; days without one are left out.

        With `as_of`, what was known at that instant: the revision of then, without what was filled in later.
        """
        ...

    async def fold_ticks(self, tenant_id: TenantId, *, until: date) -> int:
        """Lay some of what `keep_ticks` kept as it came into the days it is of; nothing that is read changes.

        Only under `hold`. Returns how many days were written; 0 once nothing is left of days until this one.
        """
        ...

    async def settle(
        self, tenant_id: TenantId, day: date, *, after: ChannelId | None, limit: int
    ) -> tuple[int, ChannelId | None]:
        """Take away what a finished day's storage no longer needs; what is read of it, now or as of then, stays.

        Args:
            tenant_id: whose channels.
            day: one that is over.
            after: the channel that an earlier call ended with.
            limit: so many channels at most.

        Returns:
            how many days became smaller, and the channel to go on after; None once all were looked at.
        """
        ...

    async def put_aside(self, tenant_id: TenantId, import_id: ReadingImportId, offered: Sequence[OfferedDay]) -> None:
        """Keep values that disagree with kept ones, each slot once per import, channel and day."""
        ...

    async def aside(self, tenant_id: TenantId, channel_ids: Sequence[ChannelId], *, limit: int) -> tuple[AsideDay, ...]:
        """Return values put aside with what became of them, the open ones first and then the newest day."""
        ...

    async def aside_of(self, tenant_id: TenantId, channel_id: ChannelId, day: date) -> tuple[AsideDay, ...]:
        """Return what was put aside of a channel's day."""
        ...

    async def settle_aside(self, tenant_id: TenantId, settled: AsideDay) -> None:
        """Say once what became of values that were put aside. Only under `hold`."""
        ...


class ReadingImports(Protocol):
    """What files were taken."""

    async def keep(self, imported: ReadingImport) -> ReadingImport:
        """Store that a file was taken at a site, and return the import under which its bytes were first taken."""
        ...

    async def of_site(self, tenant_id: TenantId, site_id: SiteId, *, limit: int) -> tuple[ReadingImport, ...]:
        """Return a site's imports, newest first."""
        ...


class ReadingEstimates(Protocol):
    """Values that rules proposed, and what became of them."""

    async def propose(self, estimates: Sequence[ReadingEstimate]) -> None:
        """Store proposals.

        Raises:
            EstimateStands: one is open for the same channel and day.
        """
        ...

    async def one(self, tenant_id: TenantId, estimate_id: ReadingEstimateId) -> ReadingEstimate:
        """Return a tenant's estimate.

        Raises:
            EstimateUnknown: the tenant has no such estimate.
        """
        ...

    async def of_site(
        self, tenant_id: TenantId, site_id: SiteId, *, first_on: date, last_on: date, limit: int
    ) -> tuple[ReadingEstimate, ...]:
        """Return a site's estimates for days, both ends included, newest first."""
        ...

    async def decide(
        self, tenant_id: TenantId, estimate_id: ReadingEstimateId, *, state: EstimateState, by: str, at: datetime
    ) -> None:
        """Say once what became of a proposal.

        Raises:
            EstimateStands: it is decided already.
        """
        ...


class Findings(Protocol):
    """What was found in stored days, and which months were judged."""

    async def keep(self, findings: Sequence[StoredFinding]) -> None:
        """Store findings, in place of those of the same identity. A place of a kind has one finding."""
        ...

    async def one(self, tenant_id: TenantId, finding_id: FindingId) -> StoredFinding:
        """Return a tenant's finding.

        Raises:
            FindingUnknown: the tenant has no such finding.
        """
        ...

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
        """Return a site's findings of days, both ends included, the open ones first, then the newest day."""
        ...

    async def note_vetted(self, tenant_id: TenantId, site_id: SiteId, vetted: VettedMonth) -> None:
        """Say that a month was judged, in place of what was said of it before."""
        ...

    async def vetted(
        self, tenant_id: TenantId, site_id: SiteId, months: Iterable[Month]
    ) -> Mapping[Month, VettedMonth]:
        """Return when these months were last judged; those never judged are left out."""
        ...


class PpaLots(Protocol):
    """Energy that purchase contracts delivered; voided lots stay."""

    async def add(self, lot: PpaLot) -> PpaLot:
        """Store a lot unless its certificate has one, and return the one that stands.

        Raises:
            LotEntered: the certificate is entered already, for another site, other days or other energy.
        """
        ...

    async def one(self, tenant_id: TenantId, lot_id: PpaLotId) -> PpaLot:
        """Return a tenant's lot.

        Raises:
            LotUnknown: the tenant has no such lot.
        """
        ...

    async def of_site(
        self, tenant_id: TenantId, site_id: SiteId, *, first_on: date, last_on: date, limit: int
    ) -> tuple[PpaLot, ...]:
        """Return a site's lots that begin on days, both ends included, by day and certificate; voided ones as well."""
        ...

    async def void(self, lot: PpaLot) -> None:
        """Say that a lot is void."""
        ...


class UsageSnapshots(Protocol):
    """Frozen usage; only added to."""

    async def keep(self, snapshot: UsageSnapshot) -> UsageSnapshot:
        """Store a snapshot unless its contract's month has this revision, and return the stored one."""
        ...

    async def find(
        self, tenant_id: TenantId, contract_id: ContractId, month: Month, *, revision: int = 0
    ) -> UsageSnapshot | None:
        """Return the snapshot of a contract's month; None if it is not frozen."""
        ...

    async def of_contract(
        self, tenant_id: TenantId, contract_id: ContractId, *, limit: int
    ) -> tuple[UsageSnapshot, ...]:
        """Return a contract's snapshots, newest month first."""
        ...

    async def revisions(self, tenant_id: TenantId, contract_id: ContractId, month: Month) -> tuple[UsageSnapshot, ...]:
        """Return every revision of a contract's month, the first frozen first."""
        ...

    async def of_month(self, tenant_id: TenantId, site_id: SiteId, month: Month) -> tuple[UsageSnapshot, ...]:
        """Return every revision of a site's month, by contract and then by revision."""
        ...

    async def frozen_before(
        self, tenant_id: TenantId, site_id: SiteId, month: Month, *, limit: int, as_of: datetime | None = None
    ) -> tuple[UsageSnapshot, ...]:
        """Return the newest frozen months of a site before a month, newest first, each in its last revision.

        With `as_of`, of what was frozen by then.
        """
        ...

    async def frozen_months(
        self, tenant_id: TenantId, site_ids: Collection[SiteId], months: Collection[Month]
    ) -> frozenset[tuple[SiteId, Month]]:
        """Return which of these months are frozen at which of these sites for any contract."""
        ...


class Telemetry(Protocol):
    """Packs' minutes, by hour; no reading that is billed is among them."""

    async def hours_at(self, tenant_id: TenantId, keys: Sequence[HourKey]) -> Hours:
        """Return just these hours, with every signal; those of which no minute came are left out."""
        ...

    async def write(self, tenant_id: TenantId, hours: Sequence[TelemetryHour]) -> None:
        """Store hours in place of what is kept of them. Only under `Alarms.hold` of their packs."""
        ...

    async def hours(
        self,
        tenant_id: TenantId,
        pack_ids: Sequence[PackId],
        signals: Sequence[TelemetrySignal],
        *,
        from_at: datetime,
        until_at: datetime,
    ) -> tuple[TelemetryHour, ...]:
        """Return the hours that begin in a stretch, by pack and time, with these signals alone."""
        ...

    async def received(
        self, tenant_id: TenantId, pack_ids: Sequence[PackId], *, from_at: datetime, until_at: datetime
    ) -> Mapping[PackId, tuple[tuple[datetime, int], ...]]:
        """Return which minutes came, hour by hour of those that begin in a stretch; packs without any are left out."""
        ...

    async def latest(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> Mapping[PackId, TelemetryMinute]:
        """Return each pack's last minute; packs that never sent one are left out."""
        ...


class Alarms(Protocol):
    """Where each pack stands, the alarms of it, and every change of them, which stays as it was written."""

    async def hold(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> Mapping[PackId, Standing]:
        """Keep other writers of these packs waiting until the unit ends, and return where each stands.

        A pack of which nothing was seen yet is calm.
        """
        ...

    async def stand(self, tenant_id: TenantId, standings: Mapping[PackId, Standing]) -> None:
        """Store where packs stand. Only under `hold`."""
        ...

    async def seen(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> Mapping[PackId, Standing]:
        """Return where packs stand; those never held are left out."""
        ...

    async def silent(
        self, *, before_at: datetime, after: tuple[TenantId, PackId] | None, limit: int
    ) -> tuple[tuple[TenantId, PackId], ...]:
        """Return packs of any tenant that were heard of once but not since, unless their gap tripped already."""
        ...

    async def keep(self, tenant_id: TenantId, alarms: Sequence[Alarm], changes: Sequence[AlarmChange]) -> None:
        """Store alarms as they are now, and add the changes that made them so."""
        ...

    async def one(self, tenant_id: TenantId, alarm_id: AlarmId) -> Alarm:
        """Return a tenant's alarm.

        Raises:
            AlarmUnknown: the tenant has no such alarm.
        """
        ...

    async def standing(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> tuple[Alarm, ...]:
        """Return the open alarms of a tenant's packs, by pack and signal."""
        ...

    async def page(
        self,
        *,
        tenant_id: TenantId | None,
        pack_id: PackId | None = None,
        only_open: bool = False,
        limit: int,
    ) -> tuple[Alarm, ...]:
        """Return alarms, of a tenant or of all, open ones first, the worst of them first, then the latest."""
        ...

    async def changes(self, tenant_id: TenantId, alarm_id: AlarmId) -> tuple[AlarmChange, ...]:
        """Return what happened to an alarm, oldest first."""
        ...

    async def blocks(self, pack_id: PackId) -> bool:
        """Say whether a trip of any tenant's keeps a pack from being used."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMessage:
    """What a broker delivered, and under which topic."""

    topic: str
    payload: bytes


class TelemetryStream(Protocol):
    """A stream of packs' minutes that others deliver."""

    async def listen(self, take: Callable[[StreamMessage], Awaitable[None]]) -> None:
        """Hand every message over until cancelled; one that is not taken without error is delivered again."""
        ...


class WatchWork(Protocol):
    """What a transaction of the safety watch offers; nothing of billing is in it."""

    @property
    def telemetry(self) -> Telemetry:
        """The minutes."""
        ...

    @property
    def alarms(self) -> Alarms:
        """The alarms."""
        ...


class SharingWork(Protocol):
    """What a transaction offers that shares a tenant's readings with others."""

    @property
    def sites(self) -> Channels:
        """The channels."""
        ...

    @property
    def readings(self) -> SharedReadings:
        """The readings."""
        ...


class MeteringWork(WatchWork, Protocol):
    """What a transaction over metering offers."""

    @property
    def sites(self) -> Sites:
        """The sites."""
        ...

    @property
    def meters(self) -> Meters:
        """The meters."""
        ...

    @property
    def service_points(self) -> ServicePoints:
        """The service points."""
        ...

    @property
    def registers(self) -> Registers:
        """The registers."""
        ...

    @property
    def readings(self) -> Readings:
        """The readings."""
        ...

    @property
    def reading_imports(self) -> ReadingImports:
        """The imports."""
        ...

    @property
    def reading_estimates(self) -> ReadingEstimates:
        """The estimates."""
        ...

    @property
    def findings(self) -> Findings:
        """The findings."""
        ...

    @property
    def ppa_lots(self) -> PpaLots:
        """The lots of purchase contracts."""
        ...

    @property
    def usage_snapshots(self) -> UsageSnapshots:
        """The frozen usage."""
        ...
