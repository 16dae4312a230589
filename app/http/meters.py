"""A site's meters: devices with their verification, exchanges with both readings, ratios, further meters."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.exceptions import ValidationException
from litestar.params import FromPath, JSONBody

from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import INT4_MAX, TEXT_PATTERN, Day, In, Instant, Out, PowerW, TenantQuery
from app.ports import Ports
from domain.metering import installing, registering
from domain.metering.installing import SiteMeters
from domain.metering.meters import COUNT_WH_MAX, DIGITS_MAX, DIGITS_UNTOLD, RATIO_MAX, Meter, MeterKind
from domain.metering.model import SLOT_MINUTES, SLOT_WIDTHS, MeterId, Quantity
from domain.metering.registers import READ_VALUE_MAX
from domain.metering.service_points import ServicePoint
from domain.shared.actor import Actor
from domain.shared.identifiers import ChannelId, SiteId, TenantId
from domain.shared.time import seoul_day

Serial = Annotated[
    str, msgspec.Meta(min_length=1, max_length=60, pattern=TEXT_PATTERN, description="As the plate says it.")
]
Digits = Annotated[int, msgspec.Meta(ge=1, le=DIGITS_MAX, description="How many figures the register shows.")]
CountWh = Annotated[int, msgspec.Meta(ge=1, le=COUNT_WH_MAX, description="What a count of the last figure is; Wh.")]
Ratio = Annotated[int, msgspec.Meta(ge=1, le=RATIO_MAX)]
Shown = Annotated[int, msgspec.Meta(ge=0, le=READ_VALUE_MAX, description="What a register shows; counts.")]
SlotMinutes = Annotated[
    int, msgspec.Meta(ge=1, le=60, description=f"How long slots last: one of {', '.join(map(str, SLOT_WIDTHS))}.")
]


class DeviceIn(In, kw_only=True):
    """A device's plate, and until when it is verified (검정)."""

    serial: Serial
    digits: Digits = DIGITS_UNTOLD
    count_wh: CountWh = 1
    verified_until: Day | None = None


class NewChannelIn(In, kw_only=True):
    """What a meter counts, and how long the slots last in which it tells."""

    quantity: Quantity
    slot_minutes: SlotMinutes = SLOT_MINUTES


class MeterIn(DeviceIn, kw_only=True):
    """A further meter of a site; it counts from `from_on` on."""

    kind: MeterKind
    from_on: Day
    numerator: Ratio = 1
    denominator: Ratio = 1
    channels: Annotated[list[NewChannelIn], msgspec.Meta(min_length=1, max_length=8)]


class EndsIn(In):
    """What a channel's old register showed last and its new one first."""

    channel: Annotated[int, msgspec.Meta(ge=1, le=INT4_MAX)]
    last: Shown
    first: Shown


class ExchangeIn(DeviceIn, kw_only=True):
    """Another device at a metering point; the readings of each channel that counts energy."""

    at: Instant
    ends: Annotated[list[EndsIn], msgspec.Meta(max_length=8)]


class RatioIn(In):
    """By what the transformers (CT × VT) divide, from a day on: numerator / denominator."""

    from_on: Day
    numerator: Ratio
    denominator: Ratio = 1


class RemovalIn(In):
    """The first day on which nothing hangs there."""

    until_on: Day


class PowerIn(In):
    """The contract power from a day on."""

    from_on: Day
    contract_power_w: PowerW


class PowerTermOut(Out):
    """A contract power and since when it holds."""

    from_on: Day
    contract_power_w: int
    agreed_by: str


class ServicePointOut(Out):
    """A site's grid connection: its KEPCO customer number, and its contract power by day."""

    kepco_customer_no: str
    contract_power_w: int
    terms: list[PowerTermOut]


class MeterDeviceOut(Out):
    """A device; `from_at` is null for the first, which hung there before anything was read."""

    epoch: int
    serial: str
    digits: int
    count_wh: int
    verified_until: Day | None
    from_at: Instant | None
    recorded_by: str
    recorded_at: Instant


class RatioOut(Out):
    """A ratio and since when it holds."""

    from_on: Day
    numerator: int
    denominator: int


class MeterChannelOut(Out):
    """A channel of a meter; it counts from `from_on` to before `until_on`, where there is a day."""

    channel: int
    quantity: str
    unit: str
    slot_minutes: int
    from_on: Day | None
    until_on: Day | None


class MeterOut(Out):
    """A metering point. `unverified` says that the verification of what hangs there has run out."""

    meter_id: UUID
    kind: str
    unverified: bool
    devices: list[MeterDeviceOut]
    ratios: list[RatioOut]
    channels: list[MeterChannelOut]


def _meter_out(meter: Meter, found: SiteMeters, ports: Ports) -> MeterOut:
    return MeterOut(
        meter_id=meter.meter_id,
        kind=meter.kind.value,
        unverified=meter.unverified_on(seoul_day(ports.clock.now())),
        devices=[
            MeterDeviceOut(
                epoch=one.epoch,
                serial=one.serial,
                digits=one.digits,
                count_wh=one.count_wh,
                verified_until=one.verified_until,
                from_at=one.from_at,
                recorded_by=one.recorded_by,
                recorded_at=one.recorded_at,
            )
            for one in meter.devices
        ],
        ratios=[
            RatioOut(from_on=one.from_on, numerator=one.numerator, denominator=one.denominator) for one in meter.ratios
        ],
        channels=[
            MeterChannelOut(
                channel=one.channel_id,
                quantity=one.quantity.value,
                unit=one.quantity.unit,
                slot_minutes=one.slot_minutes,
                from_on=one.from_on,
                until_on=one.until_on,
            )
            for one in found.channels_of(meter)
        ],
    )


def told_install(data: MeterIn, *, actor: Actor, tenant_id: int, site_id: UUID) -> installing.InstallMeter:
    """Say a further meter in the field's words.

    Raises:
        ValidationException: a quantity is named twice, or slots are of a length that is not known.
    """
    if len({one.quantity for one in data.channels}) != len(data.channels):
        raise ValidationException(extra=[{"key": "channels", "message": "Expected each quantity once"}])
    if any(one.slot_minutes not in SLOT_WIDTHS for one in data.channels):
        raise ValidationException(extra=[{"key": "slot_minutes", "message": f"Expected one of {SLOT_WIDTHS}"}])
    return installing.InstallMeter(
        actor=actor,
        tenant_id=TenantId(tenant_id),
        site_id=SiteId(site_id),
        kind=data.kind,
        serial=data.serial,
        digits=data.digits,
        count_wh=data.count_wh,
        verified_until=data.verified_until,
        from_on=data.from_on,
        ratio=None if data.numerator == data.denominator else (data.numerator, data.denominator),
        channels=tuple(
            installing.NewChannel(quantity=one.quantity, slot_minutes=one.slot_minutes) for one in data.channels
        ),
    )


def told_exchange(
    data: ExchangeIn, *, actor: Actor, tenant_id: int, site_id: UUID, meter_id: UUID
) -> registering.ExchangeMeter:
    """Say an exchange in the field's words.

    Raises:
        ValidationException: a channel is named twice.
    """
    if len({one.channel for one in data.ends}) != len(data.ends):
        raise ValidationException(extra=[{"key": "ends", "message": "Expected each channel once"}])
    return registering.ExchangeMeter(
        actor=actor,
        tenant_id=TenantId(tenant_id),
        site_id=SiteId(site_id),
        meter_id=MeterId(meter_id),
        at=data.at,
        serial=data.serial,
        digits=data.digits,
        count_wh=data.count_wh,
        verified_until=data.verified_until,
        ends={ChannelId(one.channel): registering.Ends(last=one.last, first=one.first) for one in data.ends},
    )


def told_power(data: PowerIn, *, actor: Actor, tenant_id: int, site_id: UUID) -> installing.AgreePower:
    """Say a contract power in the field's words."""
    return installing.AgreePower(
        actor=actor,
        tenant_id=TenantId(tenant_id),
        site_id=SiteId(site_id),
        from_on=data.from_on,
        contract_power_w=data.contract_power_w,
    )


def told_description(
    data: DeviceIn, *, actor: Actor, tenant_id: int, site_id: UUID, meter_id: UUID
) -> installing.DescribeMeter:
    """Say what is known of a device in the field's words."""
    return installing.DescribeMeter(
        actor=actor,
        tenant_id=TenantId(tenant_id),
        site_id=SiteId(site_id),
        meter_id=MeterId(meter_id),
        serial=data.serial,
        digits=data.digits,
        count_wh=data.count_wh,
        verified_until=data.verified_until,
    )


def told_ratio(data: RatioIn, *, actor: Actor, tenant_id: int, site_id: UUID, meter_id: UUID) -> installing.RateMeter:
    """Say a ratio in the field's words."""
    return installing.RateMeter(
        actor=actor,
        tenant_id=TenantId(tenant_id),
        site_id=SiteId(site_id),
        meter_id=MeterId(meter_id),
        from_on=data.from_on,
        numerator=data.numerator,
        denominator=data.denominator,
    )


def told_removal(
    data: RemovalIn, *, actor: Actor, tenant_id: int, site_id: UUID, meter_id: UUID
) -> installing.TakeMeterAway:
    """Say that a meter goes in the field's words."""
    return installing.TakeMeterAway(
        actor=actor,
        tenant_id=TenantId(tenant_id),
        site_id=SiteId(site_id),
        meter_id=MeterId(meter_id),
        until_on=data.until_on,
    )


class MetersController(Controller):
    """Meters of a site."""

    path = "/api/v1/sites/{site_id:uuid}/meters"
    tags = ("sites",)

    @get("/", operation_id="ListMeters", summary="List a site's meters (계량기)", responses=PROBLEMS)
    async def list_meters(
        self, site_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None
    ) -> list[MeterOut]:
        """List meters with every device that hung there, ratios and channels."""
        return await _listed(ports, actor, tenant_id or actor.tenant_id, site_id)

    @post("/", operation_id="InstallMeter", summary="Hang up a further meter", responses=PROBLEMS)
    async def install_meter(
        self,
        site_id: FromPath[UUID],
        data: JSONBody[MeterIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> MeterOut:
        """Hang up a meter; what it counts is added to what others count of the same quantity."""
        whose = tenant_id or actor.tenant_id
        wish = told_install(data, actor=actor, tenant_id=whose, site_id=site_id)
        async with ports.unit(actor) as work:
            meter = await installing.install_meter(wish, work=work, ids=ports.ids, clock=ports.clock)
            await work.commit()
        return await _shown(ports, actor, whose, site_id, meter.meter_id)

    @post(
        "/{meter_id:uuid}/device",
        operation_id="DescribeMeter",
        summary="Say what is known of a meter's device",
        responses=PROBLEMS,
        status_code=200,
    )
    async def describe_meter(
        self,
        site_id: FromPath[UUID],
        meter_id: FromPath[UUID],
        data: JSONBody[DeviceIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> MeterOut:
        """Say serial, figures and verification of the device that hangs there."""
        whose = tenant_id or actor.tenant_id
        async with ports.unit(actor) as work:
            await installing.describe_meter(
                told_description(data, actor=actor, tenant_id=whose, site_id=site_id, meter_id=meter_id),
                work=work,
            )
            await work.commit()
        return await _shown(ports, actor, whose, site_id, meter_id)

    @post(
        "/{meter_id:uuid}/exchanges",
        operation_id="ExchangeMeter",
        summary="Exchange a meter's device (계기 교체)",
        description="The next register epoch begins; the slot of the exchange is told by both registers together.",
        responses=PROBLEMS,
    )
    async def exchange_meter(
        self,
        site_id: FromPath[UUID],
        meter_id: FromPath[UUID],
        data: JSONBody[ExchangeIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> MeterOut:
        """Put up another device with the last reading of the old register and the first of the new one."""
        whose = tenant_id or actor.tenant_id
        wish = told_exchange(data, actor=actor, tenant_id=whose, site_id=site_id, meter_id=meter_id)
        async with ports.unit(actor) as work:
            await registering.exchange_meter(wish, work=work, ids=ports.ids, clock=ports.clock)
            await work.commit()
        return await _shown(ports, actor, whose, site_id, meter_id)

    @post(
        "/{meter_id:uuid}/ratios", operation_id="RateMeter", summary="Set a meter's CT and VT ratio", responses=PROBLEMS
    )
    async def rate_meter(
        self,
        site_id: FromPath[UUID],
        meter_id: FromPath[UUID],
        data: JSONBody[RatioIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> MeterOut:
        """Set the ratio from a day on; slots filled by another one stay."""
        whose = tenant_id or actor.tenant_id
        async with ports.unit(actor) as work:
            await installing.rate_meter(
                told_ratio(data, actor=actor, tenant_id=whose, site_id=site_id, meter_id=meter_id),
                work=work,
                clock=ports.clock,
            )
            await work.commit()
        return await _shown(ports, actor, whose, site_id, meter_id)

    @post(
        "/{meter_id:uuid}/removal",
        operation_id="TakeMeterAway",
        summary="Take a meter away",
        responses=PROBLEMS,
        status_code=200,
    )
    async def take_meter_away(
        self,
        site_id: FromPath[UUID],
        meter_id: FromPath[UUID],
        data: JSONBody[RemovalIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> MeterOut:
        """End a meter's channels; what they counted before stays."""
        whose = tenant_id or actor.tenant_id
        async with ports.unit(actor) as work:
            await installing.take_meter_away(
                told_removal(data, actor=actor, tenant_id=whose, site_id=site_id, meter_id=meter_id),
                work=work,
            )
            await work.commit()
        return await _shown(ports, actor, whose, site_id, meter_id)


class ServicePointController(Controller):
    """A site's grid connection."""

    path = "/api/v1/sites/{site_id:uuid}/service-point"
    tags = ("sites",)

    @get("/", operation_id="ShowServicePoint", summary="Show a site's service point", responses=PROBLEMS)
    async def show_service_point(
        self, site_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None
    ) -> ServicePointOut:
        """Show KEPCO's customer number, and the contract power (계약전력) of today and of every day."""
        async with ports.unit(actor) as work:
            found = await installing.list_meters(
                actor, tenant_id=TenantId(tenant_id or actor.tenant_id), site_id=SiteId(site_id), work=work
            )
        return _point_out(found.service_point, ports)

    @post("/powers", operation_id="AgreePower", summary="Tell the contract power from a day on", responses=PROBLEMS)
    async def agree_power(
        self,
        site_id: FromPath[UUID],
        data: JSONBody[PowerIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> ServicePointOut:
        """Tell another contract power; a month in which it changes is split by its days."""
        async with ports.unit(actor) as work:
            point = await installing.agree_power(
                told_power(data, actor=actor, tenant_id=tenant_id or actor.tenant_id, site_id=site_id),
                work=work,
                clock=ports.clock,
            )
            await work.commit()
        return _point_out(point, ports)


def _point_out(point: ServicePoint, ports: Ports) -> ServicePointOut:
    return ServicePointOut(
        kepco_customer_no=point.kepco_customer_no,
        contract_power_w=point.power_on(seoul_day(ports.clock.now())),
        terms=[
            PowerTermOut(from_on=one.from_on, contract_power_w=one.contract_power_w, agreed_by=one.agreed_by)
            for one in point.terms
        ],
    )


async def _listed(ports: Ports, actor: Actor, tenant_id: int, site_id: UUID) -> list[MeterOut]:
    async with ports.unit(actor) as work:
        found = await installing.list_meters(actor, tenant_id=TenantId(tenant_id), site_id=SiteId(site_id), work=work)
    return [_meter_out(meter, found, ports) for meter in found.meters]


async def _shown(ports: Ports, actor: Actor, tenant_id: int, site_id: UUID, meter_id: UUID) -> MeterOut:
    return next(one for one in await _listed(ports, actor, tenant_id, site_id) if one.meter_id == meter_id)
