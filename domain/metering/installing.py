"""Steps over a site's meters: hang one up, say what is known of it, set its ratio, take it away, look at them all."""

from dataclasses import dataclass, replace
from datetime import date

from domain.metering.errors import (
    ChannelNotCounting,
    MeterCounted,
    QuantityNotOfMeter,
    StateOfChargeTwice,
)
from domain.metering.meters import METERED_BY, Meter, MeterDevice, MeterKind, MeterRatio
from domain.metering.model import SLOT_WIDTHS, Channel, MeterId, Quantity
from domain.metering.ports import MeteringWork
from domain.metering.registering import meter_of, require_free
from domain.metering.service_points import PowerTerm, ServicePoint
from domain.metering.usecases import list_channels
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import Ids, SiteId, TenantId
from domain.shared.time import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteMeters:
    """A site's service point, and its meters with the channels that hang on them."""

    service_point: ServicePoint
    meters: tuple[Meter, ...]
    channels: tuple[Channel, ...]

    def channels_of(self, meter: Meter) -> tuple[Channel, ...]:
        """Return a meter's channels by number."""
        return tuple(one for one in self.channels if one.meter_id == meter.meter_id)


async def list_meters(actor: Actor, *, tenant_id: TenantId, site_id: SiteId, work: MeteringWork) -> SiteMeters:
    """Show a site's meters; to a key that is narrowed to channels, those of its channels.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
    """
    channels = await list_channels(actor, tenant_id=tenant_id, site_id=site_id, work=work)
    meters = await work.meters.of_site(tenant_id, site_id)
    if actor.channels is not None:
        seen = {channel.meter_id for channel in channels}
        meters = tuple(meter for meter in meters if meter.meter_id in seen)
    point = await work.service_points.of_site(tenant_id, site_id)
    return SiteMeters(service_point=point, meters=meters, channels=channels)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreePower:
    """The contract power (계약전력) of a site's service point from a day on."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    from_on: date
    contract_power_w: int


async def agree_power(wish: AgreePower, *, work: MeteringWork, clock: Clock) -> ServicePoint:
    """Tell the contract power from a day on; the days before keep theirs, and a month of both is split by its days.

    Raises:
        RoleNotEnough: only an operator tells it.
        SiteUnknown: the tenant has no such site.
        PowerAgreed: another holds from this very day.
        ValueError: the power is not above zero.
    """
    wish.actor.require(Role.OPERATOR)
    point = await work.service_points.of_site(wish.tenant_id, wish.site_id)
    term = PowerTerm(
        from_on=wish.from_on,
        contract_power_w=wish.contract_power_w,
        agreed_by=wish.actor.name,
        agreed_at=clock.now(),
    )
    await work.service_points.agree(point, term)
    return await work.service_points.of_site(wish.tenant_id, wish.site_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChannel:
    """What a new meter counts, and in slots of how many minutes it tells."""

    quantity: Quantity
    slot_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallMeter:
    """A further meter of a site, counting from the day `from_on`; `ratio` holds from then on, None is 1."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    kind: MeterKind
    serial: str
    digits: int
    count_wh: int
    verified_until: date | None
    from_on: date
    ratio: tuple[int, int] | None
    channels: tuple[NewChannel, ...]


async def install_meter(wish: InstallMeter, *, work: MeteringWork, ids: Ids, clock: Clock) -> Meter:
    """Hang up a further meter; what it counts is added to what others count of the same quantity.

    Raises:
        RoleNotEnough: only an operator hangs up meters.
        SiteUnknown: the tenant has no such site.
        MeterSerialTaken: the device hangs at another metering point.
        QuantityNotOfMeter: a meter of this kind does not count the quantity.
        StateOfChargeTwice: the site has a channel for its state of charge already.
        ValueError: no channel is named or one twice, or slots last other than 1, 5, 15, 30 or 60 minutes.
    """
    wish.actor.require(Role.OPERATOR)
    quantities = [one.quantity for one in wish.channels]
    if not quantities or len(set(quantities)) != len(quantities):
        raise ValueError("a meter counts distinct quantities")
    if any(one.slot_minutes not in SLOT_WIDTHS for one in wish.channels):
        raise ValueError("slots last 1, 5, 15, 30 or 60 minutes")
    await work.sites.one(wish.tenant_id, wish.site_id)
    await work.readings.hold(wish.tenant_id)
    there = {one.quantity for one in await work.sites.channels(wish.tenant_id, wish.site_id)}
    for quantity in quantities:
        if METERED_BY[quantity] is not wish.kind:
            raise QuantityNotOfMeter(quantity=quantity.value, kind=wish.kind.value)
        if quantity is Quantity.STORAGE_SOC and quantity in there:
            raise StateOfChargeTwice
    ratio = () if wish.ratio is None else (_ratio(wish.from_on, wish.ratio),)
    meter = Meter(
        meter_id=MeterId(ids.new()),
        tenant_id=wish.tenant_id,
        site_id=wish.site_id,
        kind=wish.kind,
        devices=(
            MeterDevice(
                epoch=0,
                serial=wish.serial,
                digits=wish.digits,
                count_wh=wish.count_wh,
                verified_until=wish.verified_until,
                from_at=None,
                recorded_by=wish.actor.name,
                recorded_at=clock.now(),
            ),
        ),
        ratios=ratio,
    )
    await require_free(wish.serial, meter, work=work)
    numbers = await work.sites.reserve_channels(wish.tenant_id, len(wish.channels))
    channels = [
        Channel(
            channel_id=number,
            tenant_id=wish.tenant_id,
            site_id=wish.site_id,
            quantity=one.quantity,
            meter_id=meter.meter_id,
            slot_minutes=one.slot_minutes,
            from_on=wish.from_on,
        )
        for number, one in zip(numbers, wish.channels, strict=True)
    ]
    await work.meters.add([meter], channels)
    return meter


def _ratio(from_on: date, ratio: tuple[int, int]) -> MeterRatio:
    numerator, denominator = ratio
    return MeterRatio(from_on=from_on, numerator=numerator, denominator=denominator)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeMeter:
    """What is known now of the device that hangs at a metering point: its plate, and its verification (검정)."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    meter_id: MeterId
    serial: str
    digits: int
    count_wh: int
    verified_until: date | None


async def describe_meter(wish: DescribeMeter, *, work: MeteringWork) -> Meter:
    """Say what is known of a device; how it counts stays once a register was read.

    Raises:
        RoleNotEnough: only an operator describes meters.
        MeterUnknown: the tenant has no such meter at this site.
        MeterSerialTaken: the device hangs at another metering point.
        MeterCounted: its figures or counts change although reads of its register are kept.
    """
    wish.actor.require(Role.OPERATOR)
    await work.readings.hold(wish.tenant_id)
    meter = await meter_of(wish.tenant_id, wish.site_id, wish.meter_id, work=work)
    device = replace(
        meter.device,
        serial=wish.serial,
        digits=wish.digits,
        count_wh=wish.count_wh,
        verified_until=wish.verified_until,
    )
    await require_free(wish.serial, meter, work=work)
    if (device.digits, device.count_wh) != (meter.device.digits, meter.device.count_wh):
        for channel in await work.sites.channels(wish.tenant_id, meter.site_id):
            if channel.meter_id == meter.meter_id and await work.registers.has_reads(
                wish.tenant_id, channel.channel_id, epoch=device.epoch
            ):
                raise MeterCounted
    await work.meters.describe(wish.tenant_id, wish.meter_id, device)
    return replace(meter, devices=(*meter.devices[:-1], device))


@dataclass(frozen=True, slots=True, kw_only=True)
class RateMeter:
    """By what a meter's transformers (CT, VT) divide, from a day on."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    meter_id: MeterId
    from_on: date
    numerator: int
    denominator: int


async def rate_meter(wish: RateMeter, *, work: MeteringWork, clock: Clock) -> Meter:
    """Set a meter's ratio from a day on; slots that were filled by another one stay, and are corrected by name.

    Raises:
        RoleNotEnough: only an operator sets ratios.
        MeterUnknown: the tenant has no such meter at this site.
        RatioSet: another ratio holds from this very day.
        ValueError: a number of the ratio is not between 1 and 1,000,000.
    """
    wish.actor.require(Role.OPERATOR)
    await work.readings.hold(wish.tenant_id)
    await meter_of(wish.tenant_id, wish.site_id, wish.meter_id, work=work)
    ratio = _ratio(wish.from_on, (wish.numerator, wish.denominator))
    await work.meters.rate(wish.tenant_id, wish.meter_id, ratio, by=wish.actor.name, at=clock.now())
    return await work.meters.one(wish.tenant_id, wish.meter_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeMeterAway:
    """That nothing hangs at a metering point from a day on."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    meter_id: MeterId
    until_on: date


async def take_meter_away(wish: TakeMeterAway, *, work: MeteringWork) -> None:
    """End a meter's channels: from the day on they are no part of any figure, and take no value.

    Raises:
        RoleNotEnough: only an operator takes meters away.
        MeterUnknown: the tenant has no such meter at this site.
        ChannelNotCounting: its channels begin on that day or later, or are ended already.
    """
    wish.actor.require(Role.OPERATOR)
    await work.readings.hold(wish.tenant_id)
    meter = await meter_of(wish.tenant_id, wish.site_id, wish.meter_id, work=work)
    mine = [one for one in await work.sites.channels(wish.tenant_id, meter.site_id) if one.meter_id == meter.meter_id]
    if any(one.until_on is not None or (one.from_on is not None and one.from_on >= wish.until_on) for one in mine):
        raise ChannelNotCounting
    await work.meters.take_away(wish.tenant_id, wish.meter_id, until_on=wish.until_on)
