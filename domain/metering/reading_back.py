"""Reading back what meters said: series at any step, months from every side, as they are or as they were known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.metering.availability import Availability
from domain.metering.carbon import EmissionFactor, factor_known_at
from domain.metering.demand import BillingDemand, billing_demand, peaks, ratchet_months, without_storage
from domain.metering.efficiency import RoundTrip, RoundTripBasis, round_trip, round_trip_corrected_ppm
from domain.metering.errors import SeriesTooLong, StretchTooLong
from domain.metering.insight import MonthInsight, PricedDays, TariffUse, month_insight, opening_layers, opening_of
from domain.metering.inventory import Lot, Method, Trace, trace
from domain.metering.lots import LOTS_A_MONTH_MAX, PpaLot, delivered
from domain.metering.meters import unverified
from domain.metering.model import Blocks, Channel, DayValues, Quantity
from domain.metering.ports import MeteringWork
from domain.metering.series import (
    MatrixRow,
    Resolution,
    StepColumns,
    column,
    columns,
    matrix,
    step_starts,
    steps,
    unmeasured_quarters,
    unmeasured_slots,
)
from domain.metering.service_points import PowerPart
from domain.metering.suspects import VALUE_KINDS
from domain.metering.tariff import DayTariff, TariffAssignment, TariffBook, day_tariff
from domain.metering.usage import site_days
from domain.metering.usecases import list_channels, numbered_channels, readings_of_month
from domain.metering.validation import FindingKind
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import ChannelId, SiteId, TenantId
from domain.shared.time import Clock, Month, seoul_day

_OF_THE_GRID_METER = frozenset(
    {Quantity.GRID_IMPORT, Quantity.GRID_EXPORT, Quantity.STORAGE_CHARGE, Quantity.STORAGE_DISCHARGE}
)
"""What tells the import with the storage and without it."""

_FINDINGS_COUNTED_MAX = 10_000

CHANNELS_MAX = 100
STEPS_MAX = 400_000
"""So many slots one answer over several channels looks at: a hundred channels' month of quarter hours fits."""

DAYS_MAX = 366
"""So many days one answer gives: a year of quarter hours is 35,136 steps a quantity."""

_FINE_DAYS_MAX: Mapping[Resolution, int] = {Resolution.MINUTE: 31, Resolution.MINUTES_5: 124}
"""Of finer steps, so many that there are about as many steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSeries:
    """What of a site is to be read: quantities from a day to before another, in steps, as known at an instant."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    quantities: tuple[Quantity, ...]
    resolution: Resolution
    first_on: date
    until_on: date
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSteps:
    """One channel's steps."""

    channel: Channel
    steps: StepColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSteps:
    """A site's channels in steps that begin at `starts_at`; a quantity that the site does not meter is left out."""

    wish: ReadSeries
    starts_at: tuple[datetime, ...]
    channels: tuple[ChannelSteps, ...]


async def read_series(wish: ReadSeries, *, work: MeteringWork) -> SiteSteps:
    """Show a site's channels in steps.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
        StretchTooLong: more than a year is asked for, or less than a day.
        ResolutionTooFine: the step is shorter than the slots that are kept.
    """
    _bounded(wish.first_on, wish.until_on, days_max=_FINE_DAYS_MAX.get(wish.resolution, DAYS_MAX))
    found = await list_channels(wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work)
    channels = [channel for channel in found if channel.quantity in wish.quantities]
    blocks = await work.readings.day_blocks(
        wish.tenant_id,
        [channel.channel_id for channel in channels],
        first_on=wish.first_on,
        last_on=wish.until_on - timedelta(days=1),
        as_of=wish.as_of,
    )
    return SiteSteps(
        wish=wish,
        starts_at=step_starts(wish.resolution, first_on=wish.first_on, until_on=wish.until_on),
        channels=_in_steps(channels, blocks, wish.resolution, first_on=wish.first_on, until_on=wish.until_on),
    )


def _in_steps(
    channels: Sequence[Channel], blocks: Blocks, resolution: Resolution, *, first_on: date, until_on: date
) -> tuple[ChannelSteps, ...]:
    unmeasured = unmeasured_slots(blocks)
    days: dict[ChannelId, dict[date, DayValues]] = {channel.channel_id: {} for channel in channels}
    for (channel_id, day), block in blocks.items():
        days[channel_id][day] = block.values
    return tuple(
        ChannelSteps(
            channel=channel,
            steps=steps(
                days[channel.channel_id],
                quantity=channel.quantity,
                resolution=resolution,
                slot_minutes=channel.slot_minutes,
                first_on=first_on,
                until_on=until_on,
                unmeasured=unmeasured.get(channel.channel_id, {}),
            ),
        )
        for channel in channels
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadChannels:
    """Channels of a tenant by number, of whatever site, from a day to before another, in steps."""

    actor: Actor
    tenant_id: TenantId
    channel_ids: tuple[ChannelId, ...]
    resolution: Resolution
    first_on: date
    until_on: date
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralSteps:
    """Several channels in steps that begin at `starts_at`."""

    wish: ReadChannels
    starts_at: tuple[datetime, ...]
    channels: tuple[ChannelSteps, ...]


async def read_channels(wish: ReadChannels, *, work: MeteringWork) -> SeveralSteps:
    """Show up to a hundred channels in steps, by number, in one read; a channel that is named twice comes once.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the actor belongs to another tenant.
        ChannelUnknown: the tenant has no such channel, or it lies outside the actor's reach.
        StretchTooLong: more than a year is asked for, or less than a day.
        SeriesTooLong: all channels together have more steps than one answer gives.
        ResolutionTooFine: the step is shorter than the slots that are kept.
        ValueError: no channel is named, or more than a hundred.
    """
    _bounded(wish.first_on, wish.until_on, days_max=_FINE_DAYS_MAX.get(wish.resolution, DAYS_MAX))
    named = sorted(set(wish.channel_ids))
    if not 1 <= len(named) <= CHANNELS_MAX:
        raise ValueError("one to a hundred channels are read in one call")
    found = await numbered_channels(wish.actor, wish.tenant_id, named, work=work)
    slots_a_day = max(channel.slots_a_day for channel in found)
    if len(found) * (wish.until_on - wish.first_on).days * slots_a_day > STEPS_MAX:
        raise SeriesTooLong(steps_max=STEPS_MAX)
    blocks = await work.readings.day_blocks(
        wish.tenant_id, named, first_on=wish.first_on, last_on=wish.until_on - timedelta(days=1), as_of=wish.as_of
    )
    return SeveralSteps(
        wish=wish,
        starts_at=step_starts(wish.resolution, first_on=wish.first_on, until_on=wish.until_on),
        channels=_in_steps(found, blocks, wish.resolution, first_on=wish.first_on, until_on=wish.until_on),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMatrix:
    """One quantity of a site by day and hour, as known at an instant."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    quantity: Quantity
    first_on: date
    until_on: date
    as_of: datetime | None = None


async def read_matrix(wish: ReadMatrix, *, work: MeteringWork) -> tuple[MatrixRow, ...]:
    """Show a quantity by day and hour of Seoul; every hour of a quantity that is not metered is empty.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
        StretchTooLong: more than a year is asked for, or less than a day.
    """
    _bounded(wish.first_on, wish.until_on)
    found = await list_channels(wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work)
    channels = [channel for channel in found if channel.quantity is wish.quantity]
    blocks = await work.readings.day_blocks(
        wish.tenant_id,
        [channel.channel_id for channel in channels],
        first_on=wish.first_on,
        last_on=wish.until_on - timedelta(days=1),
        as_of=wish.as_of,
    )
    dates = [wish.first_on + timedelta(days=offset) for offset in range((wish.until_on - wish.first_on).days)]
    return matrix(site_days(channels, blocks).get(wish.quantity, {}), dates)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsIf:
    """A tariff version that a month is priced by for comparison, whatever is assigned."""

    tariff: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInsight:
    """A site's month from every side.

    `as_if` prices it by a version that is named; without, the assigned tariffs price it, and where none is assigned
    or `priced` is False it is not priced. `usable_wh` and `available` are the storage's, where somebody knows them.
    """

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    month: Month
    as_if: AsIf | None = None
    priced: bool = True
    usable_wh: int | None = None
    available: Availability | None = None
    as_of: datetime | None = None


async def list_tariffs(
    actor: Actor, *, tenant_id: TenantId, site_id: SiteId, work: MeteringWork
) -> tuple[TariffAssignment, ...]:
    """Show which tariffs a site has, by day.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
    """
    await list_channels(actor, tenant_id=tenant_id, site_id=site_id, work=work)
    return await work.sites.tariffs(tenant_id, site_id)


async def read_insight(
    wish: ReadInsight,
    *,
    work: MeteringWork,
    book: TariffBook,
    factors: tuple[EmissionFactor, ...],
    clock: Clock,
) -> MonthInsight:
    """Show a month from every side.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
        TariffUnknown: the version that is asked for is not listed.
        TariffNotInForce: nothing listed prices a day of the month, though a tariff is assigned.
        CalendarUnknown: the year's public holidays are not listed.
    """
    channels = await list_channels(wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work)
    site = await work.sites.one(wish.tenant_id, wish.site_id)
    assigned = await work.sites.tariffs(wish.tenant_id, wish.site_id)
    priced = price_days(wish.month, assigned, book=book, as_if=wish.as_if) if wish.priced else None
    readings = await readings_of_month(
        wish.month, channels, work=work, tenant_id=wish.tenant_id, site_id=wish.site_id, as_of=wish.as_of
    )
    days = {quantity: dict(listed) for quantity, listed in readings.days.items()}
    socs = [channel for channel in channels if channel.quantity is Quantity.STORAGE_SOC]
    eve_on = wish.month.first_on - timedelta(days=1)
    if socs and readings.start_on > eve_on:
        eve = await work.readings.day_blocks(
            wish.tenant_id, [channel.channel_id for channel in socs], first_on=eve_on, last_on=eve_on, as_of=wish.as_of
        )
        days[Quantity.STORAGE_SOC] |= site_days(socs, eve)[Quantity.STORAGE_SOC]
    usage = readings.usage()
    return month_insight(
        site=site,
        usage=usage,
        days=days,
        opening=opening_of(
            readings.days,
            wish.month,
            start_at=readings.opening,
            start_on=readings.start_on,
            efficiency_ppm=usage.efficiency_ppm,
        ),
        usable_wh=wish.usable_wh,
        available=wish.available,
        priced=priced,
        unmeasured=sum(
            len(slots)
            for listed in unmeasured_quarters(channels, readings.blocks).values()
            for day, slots in listed.items()
            if Month.of(day) == wish.month
        ),
        lots=await lots_of_month(wish.tenant_id, wish.site_id, wish.month, work=work, as_of=wish.as_of),
        factor=factor_known_at(factors, seoul_day(clock.now() if wish.as_of is None else wish.as_of)),
        known_at=wish.as_of,
        suspect=await suspect_slots(
            wish.tenant_id,
            wish.site_id,
            first_on=wish.month.first_on,
            last_on=wish.month.dates()[-1],
            work=work,
        ),
        unverified=unverified(
            await work.meters.of_site(wish.tenant_id, wish.site_id),
            channels,
            [day for day in wish.month.dates() if day <= seoul_day(clock.now())],
        ),
    )


def price_days(
    month: Month, assigned: tuple[TariffAssignment, ...], *, book: TariffBook, as_if: AsIf | None
) -> PricedDays | None:
    """Find the tariff of each day of a month; None where none is assigned and none is asked for.

    Raises:
        TariffUnknown: the version that is asked for is not listed.
        TariffNotInForce: nothing listed prices a day, though a tariff is assigned.
        CalendarUnknown: the year's public holidays are not listed.
    """
    if as_if is None and not assigned:
        return None
    found: list[DayTariff] = []
    counted: dict[tuple[str, str, str], int] = {}
    for day in month.dates():
        version = book.at(assigned, day) if as_if is None else book.version(as_if.tariff, as_if.version)
        found.append(day_tariff(book, version, day))
        key = (version.tariff, version.version, version.source)
        counted[key] = counted.get(key, 0) + 1
    return PricedDays(
        days=tuple(found),
        uses=tuple(
            TariffUse(tariff=tariff, version=version, days=count, source=source, as_if=as_if is not None)
            for (tariff, version, source), count in counted.items()
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTrace:
    """A site's month slot by slot, by one method of attribution."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    month: Month
    method: Method
    as_of: datetime | None = None


async def read_trace(wish: ReadTrace, *, work: MeteringWork) -> Trace:
    """Show what each slot of a month charged and discharged by source; slots count from the month's first.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
    """
    return (await trace_month(wish, work=work))[0]


async def lots_of_month(
    tenant_id: TenantId, site_id: SiteId, month: Month, *, work: MeteringWork, as_of: datetime | None = None
) -> tuple[PpaLot, ...]:
    """Return the lots of a month that stand, or stood at an instant."""
    dates = month.dates()
    found = await work.ppa_lots.of_site(
        tenant_id, site_id, first_on=dates[0], last_on=dates[-1], limit=10 * LOTS_A_MONTH_MAX
    )
    return tuple(one for one in found if one.stood_at(as_of))


async def trace_month(wish: ReadTrace, *, work: MeteringWork) -> tuple[Trace, tuple[PpaLot, ...], tuple[Lot, ...]]:
    """Follow a month's storage, with its lots and how these were spread over the grid meter's quarter hours.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
    """
    channels = await list_channels(wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work)
    readings = await readings_of_month(
        wish.month, channels, work=work, tenant_id=wish.tenant_id, site_id=wish.site_id, as_of=wish.as_of
    )
    efficiency_ppm = readings.usage().efficiency_ppm
    opening = opening_of(
        readings.days,
        wish.month,
        start_at=readings.opening,
        start_on=readings.start_on,
        efficiency_ppm=efficiency_ppm,
    )
    table = columns(readings.days, first_on=wish.month.first_on, until_on=wish.month.next().first_on)
    lots = await lots_of_month(wish.tenant_id, wish.site_id, wish.month, work=work, as_of=wish.as_of)
    spread = delivered(lots, table.bought, first_on=wish.month.first_on)
    traced = trace(
        table,
        method=wish.method,
        efficiency_ppm=efficiency_ppm,
        lots=spread,
        opening=opening_layers(opening),
    )
    return traced, lots, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRoundTrip:
    """A storage's efficiency over days that somebody chose; `usable_wh` where it is known."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    first_on: date
    until_on: date
    usable_wh: int | None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRoundTrip:
    """A storage's AC-to-AC efficiency over a window of days, from `first_on` to before `until_on`.

    `found` leaves auxiliaries outside. `auxiliary_wh` is what they took where they are metered, None where they are
    not: they are then inside what the load's or the storage's meter counts. `with_auxiliaries_ppm` counts them as spent
    for the storage. `missing` counts slots of charge and discharge without a value; with any, no ratio is stated.
    """

    first_on: date
    until_on: date
    soc_start_bp: int | None
    soc_end_bp: int | None
    found: RoundTrip
    auxiliary_wh: int | None
    with_auxiliaries_ppm: int | None
    missing: int


_OF_THE_STORAGE = (
    Quantity.STORAGE_CHARGE,
    Quantity.STORAGE_DISCHARGE,
    Quantity.STORAGE_SOC,
    Quantity.AUXILIARY,
)


async def read_round_trip(wish: ReadRoundTrip, *, work: MeteringWork) -> WindowRoundTrip:
    """Show a storage's efficiency over a window; a state of charge that differs at its ends is corrected for.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
        StretchTooLong: more than a year is asked for, or less than a day.
    """
    _bounded(wish.first_on, wish.until_on)
    listed = await list_channels(wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work)
    channels = [channel for channel in listed if channel.quantity in _OF_THE_STORAGE]
    eve_on = wish.first_on - timedelta(days=1)
    blocks = await work.readings.day_blocks(
        wish.tenant_id,
        [channel.channel_id for channel in channels],
        first_on=eve_on,
        last_on=wish.until_on - timedelta(days=1),
        as_of=wish.as_of,
    )
    days = site_days(channels, blocks)

    def slots_of(quantity: Quantity) -> list[int | None]:
        return column(days.get(quantity, {}), wish.first_on, wish.until_on)

    charge, discharge = slots_of(Quantity.STORAGE_CHARGE), slots_of(Quantity.STORAGE_DISCHARGE)
    soc, before = slots_of(Quantity.STORAGE_SOC), days.get(Quantity.STORAGE_SOC, {}).get(eve_on)
    auxiliary = slots_of(Quantity.AUXILIARY) if Quantity.AUXILIARY in days else [None]
    missing = charge.count(None) + discharge.count(None)
    soc_start_bp = None if before is None else before[-1]
    found = round_trip(
        charge_wh=sum(wh or 0 for wh in charge),
        discharge_wh=sum(wh or 0 for wh in discharge),
        soc_start_bp=soc_start_bp,
        soc_end_bp=soc[-1],
        usable_wh=wish.usable_wh,
    )
    if missing:
        found = replace(found, ppm=None, why=RoundTripBasis.READINGS_MISSING)
    auxiliary_wh = None if None in auxiliary else sum(wh or 0 for wh in auxiliary)
    return WindowRoundTrip(
        first_on=wish.first_on,
        until_on=wish.until_on,
        soc_start_bp=soc_start_bp,
        soc_end_bp=soc[-1],
        found=found,
        auxiliary_wh=auxiliary_wh,
        with_auxiliaries_ppm=None
        if found.ppm is None or auxiliary_wh is None
        else round_trip_corrected_ppm(
            charge_wh=found.charge_wh + auxiliary_wh,
            discharge_wh=found.discharge_wh,
            stored_change_wh=found.stored_change_wh or 0,
        ),
        missing=missing,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDemand:
    """The demand that prices a site's month, as known at an instant."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    month: Month
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPeak:
    """One month's highest quarter hours, W; None where no slot is known."""

    month: Month
    with_storage_w: int | None
    without_storage_w: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandPart:
    """Days of a month of one contract power, and the demand that prices them."""

    part: PowerPart
    with_storage: BillingDemand
    without_storage: BillingDemand


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDemand:
    """The demand that prices a month with the storage and without it, and the months that may set it, oldest first.

    A change of contract power splits the month: `parts` has its days, and the month's own figures are of the last part.
    """

    month: Month
    parts: tuple[DemandPart, ...]
    with_storage: BillingDemand
    without_storage: BillingDemand
    peaks: tuple[MonthPeak, ...]

    @property
    def lowered_w(self) -> int:
        """How much the storage lowers it; a peak already incurred cannot be lowered."""
        return self.without_storage.power_w - self.with_storage.power_w


async def read_demand(wish: ReadDemand, *, work: MeteringWork) -> SiteDemand:
    """Show what prices a month's demand, from the peaks of the months that may set it.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
    """
    found = await list_channels(wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work)
    channels = [channel for channel in found if channel.quantity in _OF_THE_GRID_METER]
    peaks_of: list[MonthPeak] = []
    for month in ratchet_months(wish.month):
        blocks = await work.readings.day_blocks(
            wish.tenant_id,
            [channel.channel_id for channel in channels],
            first_on=month.first_on,
            last_on=month.dates()[-1],
            as_of=wish.as_of,
        )
        table = columns(site_days(channels, blocks), first_on=month.first_on, until_on=month.next().first_on)
        both = peaks(table, without_storage(table))
        peaks_of.append(
            MonthPeak(
                month=month,
                with_storage_w=None if both.with_storage is None else both.with_storage.power_w,
                without_storage_w=None if both.without_storage is None else both.without_storage.power_w,
            )
        )
    now = {one.month: one.with_storage_w for one in peaks_of if one.with_storage_w is not None}
    then = {one.month: one.without_storage_w for one in peaks_of if one.without_storage_w is not None}
    point = await work.service_points.of_site(wish.tenant_id, wish.site_id)
    parts = tuple(
        DemandPart(
            part=part,
            with_storage=billing_demand(wish.month, now, contract_power_w=part.contract_power_w),
            without_storage=billing_demand(wish.month, then, contract_power_w=part.contract_power_w),
        )
        for part in point.parts_of(wish.month)
    )
    return SiteDemand(
        month=wish.month,
        parts=parts,
        with_storage=parts[-1].with_storage,
        without_storage=parts[-1].without_storage,
        peaks=tuple(peaks_of),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTariff:
    """Which tariff a site's service point has from a day on."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    assignment: TariffAssignment


async def assign_tariff(wish: AssignTariff, *, work: MeteringWork, book: TariffBook, clock: Clock) -> None:
    """Assign a tariff to a site's service point; the same once more changes nothing.

    Raises:
        RoleNotEnough: only an operator assigns tariffs.
        SiteUnknown: the tenant has no such site.
        TariffUnknown: no such tariff is listed.
        TariffAssigned: another is assigned from this very day.
    """
    wish.actor.require(Role.OPERATOR)
    await work.sites.one(wish.tenant_id, wish.site_id)
    book.named(wish.assignment.tariff)
    await work.sites.assign_tariff(wish.tenant_id, wish.site_id, wish.assignment, by=wish.actor.name, at=clock.now())


def _bounded(first_on: date, until_on: date, *, days_max: int = DAYS_MAX) -> None:
    if not 1 <= (until_on - first_on).days <= days_max:
        raise StretchTooLong(days_max=days_max)


async def suspect_slots(
    tenant_id: TenantId, site_id: SiteId, *, first_on: date, last_on: date, work: MeteringWork
) -> int:
    """Count the slots of days, both ends included, whose value an open finding doubts; each channel's slot once."""
    found = await work.findings.of_site(
        tenant_id, site_id, first_on=first_on, last_on=last_on, only_open=True, limit=_FINDINGS_COUNTED_MAX
    )
    return len(
        {
            (one.channel_id, one.day, slot)
            for one in found
            if FindingKind(one.kind) in VALUE_KINDS
            for slot in range(one.slot, one.slot + one.slots)
        }
    )
