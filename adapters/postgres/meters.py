"""Service points, meters with their devices and ratios, and what their registers showed, on PostgreSQL."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping, and_, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.base import SCHEMA
from adapters.postgres.tables.metering import (
    ChannelRow,
    MeterDeviceRow,
    MeterRatioRow,
    MeterRow,
    RegisterReadRow,
    ServicePointRow,
    ServicePointTermRow,
)
from domain.metering.errors import MeterMoved, MeterUnknown, PowerAgreed, RatioSet, SiteUnknown
from domain.metering.meters import Meter, MeterDevice, MeterKind, MeterRatio
from domain.metering.model import Channel, MeterId
from domain.metering.registers import RegisterReading
from domain.metering.service_points import PowerTerm, ServicePoint, ServicePointId
from domain.shared.identifiers import ChannelId, SiteId, TenantId


def channel_row(channel: Channel) -> dict[str, object]:
    """Return a channel as its row."""
    return {
        "tenant_id": channel.tenant_id,
        "channel_id": channel.channel_id,
        "site_id": channel.site_id,
        "quantity": channel.quantity.value,
        "meter_id": channel.meter_id,
        "slot_minutes": channel.slot_minutes,
        "from_on": channel.from_on,
        "until_on": channel.until_on,
    }


def _device_row(tenant_id: TenantId, meter_id: MeterId, device: MeterDevice) -> dict[str, object]:
    return {
        "tenant_id": tenant_id,
        "meter_id": meter_id,
        "epoch": device.epoch,
        "serial": device.serial,
        "digits": device.digits,
        "count_wh": device.count_wh,
        "verified_until": device.verified_until,
        "from_at": device.from_at,
        "recorded_by": device.recorded_by,
        "recorded_at": device.recorded_at,
    }


def _to_device(row: RowMapping) -> MeterDevice:
    return MeterDevice(
        epoch=row["epoch"],
        serial=row["serial"],
        digits=row["digits"],
        count_wh=row["count_wh"],
        verified_until=row["verified_until"],
        from_at=row["from_at"],
        recorded_by=row["recorded_by"],
        recorded_at=row["recorded_at"],
    )


class PostgresMeters:
    """Meters; devices and ratios are only added to, but for what is told of a device later."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, meters: Sequence[Meter], channels: Sequence[Channel] = ()) -> None:
        """Store new meters with their devices and ratios, and the channels that hang on them."""
        await self._connection.execute(
            insert(MeterRow).values(
                [
                    {
                        "tenant_id": one.tenant_id,
                        "meter_id": one.meter_id,
                        "site_id": one.site_id,
                        "kind": one.kind.value,
                    }
                    for one in meters
                ]
            )
        )
        devices = [_device_row(one.tenant_id, one.meter_id, device) for one in meters for device in one.devices]
        await self._connection.execute(insert(MeterDeviceRow).values(devices))
        for one in meters:
            for ratio in one.ratios:
                await self.rate(
                    one.tenant_id, one.meter_id, ratio, by=one.device.recorded_by, at=one.device.recorded_at
                )
        if channels:
            await self._connection.execute(insert(ChannelRow).values([channel_row(channel) for channel in channels]))

    async def of_site(self, tenant_id: TenantId, site_id: SiteId) -> tuple[Meter, ...]:
        """Return a site's meters, the first hung up first."""
        found = await self._connection.execute(
            select(*_METER_COLUMNS)
            .where(col(MeterRow.tenant_id) == tenant_id, col(MeterRow.site_id) == site_id)
            .order_by(col(MeterRow.meter_id))
        )
        return await self._whole(tenant_id, list(found.mappings()))

    async def several(self, tenant_id: TenantId, meter_ids: Sequence[MeterId]) -> tuple[Meter, ...]:
        """Return a tenant's meters of these identities; unknown ones are left out."""
        if not meter_ids:
            return ()
        found = await self._connection.execute(
            select(*_METER_COLUMNS)
            .where(col(MeterRow.tenant_id) == tenant_id, col(MeterRow.meter_id).in_(meter_ids))
            .order_by(col(MeterRow.meter_id))
        )
        return await self._whole(tenant_id, list(found.mappings()))

    async def one(self, tenant_id: TenantId, meter_id: MeterId) -> Meter:
        """Return a tenant's meter."""
        found = await self.several(tenant_id, [meter_id])
        if not found:
            raise MeterUnknown
        return found[0]

    async def _whole(self, tenant_id: TenantId, rows: Sequence[RowMapping]) -> tuple[Meter, ...]:
        if not rows:
            return ()
        named = [row["meter_id"] for row in rows]
        devices: dict[UUID, list[MeterDevice]] = {}
        found = await self._connection.execute(
            select(*_DEVICE_COLUMNS)
            .where(col(MeterDeviceRow.tenant_id) == tenant_id, col(MeterDeviceRow.meter_id).in_(named))
            .order_by(col(MeterDeviceRow.epoch))
        )
        for row in found.mappings():
            devices.setdefault(row["meter_id"], []).append(_to_device(row))
        ratios: dict[UUID, list[MeterRatio]] = {}
        listed = await self._connection.execute(
            select(
                col(MeterRatioRow.meter_id),
                col(MeterRatioRow.from_on),
                col(MeterRatioRow.numerator),
                col(MeterRatioRow.denominator),
            )
            .where(col(MeterRatioRow.tenant_id) == tenant_id, col(MeterRatioRow.meter_id).in_(named))
            .order_by(col(MeterRatioRow.from_on))
        )
        for meter_id, from_on, numerator, denominator in listed:
            ratios.setdefault(meter_id, []).append(
                MeterRatio(from_on=from_on, numerator=numerator, denominator=denominator)
            )
        return tuple(
            Meter(
                meter_id=MeterId(row["meter_id"]),
                tenant_id=TenantId(row["tenant_id"]),
                site_id=SiteId(row["site_id"]),
                kind=MeterKind(row["kind"]),
                devices=tuple(devices[row["meter_id"]]),
                ratios=tuple(ratios.get(row["meter_id"], ())),
            )
            for row in rows
        )

    async def hanging(self, tenant_id: TenantId, serial: str) -> tuple[MeterId, ...]:
        """Return the metering points at which a device of this serial hangs now."""
        later = MeterDeviceRow.__table__.alias("later")  # type: ignore[attr-defined]
        found = await self._connection.execute(
            select(col(MeterDeviceRow.meter_id)).where(
                col(MeterDeviceRow.tenant_id) == tenant_id,
                col(MeterDeviceRow.serial) == serial,
                ~select(later.c.epoch)
                .where(
                    later.c.tenant_id == tenant_id,
                    later.c.meter_id == col(MeterDeviceRow.meter_id),
                    later.c.epoch > col(MeterDeviceRow.epoch),
                )
                .exists(),
            )
        )
        return tuple(MeterId(meter_id) for meter_id in found.scalars())

    async def exchange(self, tenant_id: TenantId, meter_id: MeterId, device: MeterDevice) -> None:
        """Store the device of the next epoch."""
        added = await self._connection.execute(
            upsert(MeterDeviceRow)
            .values(_device_row(tenant_id, meter_id, device))
            .on_conflict_do_nothing()
            .returning(col(MeterDeviceRow.epoch))
        )
        if added.first() is None:
            raise MeterMoved

    async def describe(self, tenant_id: TenantId, meter_id: MeterId, device: MeterDevice) -> None:
        """Say what is known of a device now."""
        row = _device_row(tenant_id, meter_id, device)
        await self._connection.execute(
            update(MeterDeviceRow)
            .where(
                col(MeterDeviceRow.tenant_id) == tenant_id,
                col(MeterDeviceRow.meter_id) == meter_id,
                col(MeterDeviceRow.epoch) == device.epoch,
            )
            .values({name: row[name] for name in ("serial", "digits", "count_wh", "verified_until")})
        )

    async def rate(self, tenant_id: TenantId, meter_id: MeterId, ratio: MeterRatio, *, by: str, at: datetime) -> None:
        """Store the transformers' ratio from a day on; the same once more changes nothing."""
        added = await self._connection.execute(
            upsert(MeterRatioRow)
            .values(
                tenant_id=tenant_id,
                meter_id=meter_id,
                from_on=ratio.from_on,
                numerator=ratio.numerator,
                denominator=ratio.denominator,
                recorded_by=by,
                recorded_at=at,
            )
            .on_conflict_do_nothing()
            .returning(col(MeterRatioRow.from_on))
        )
        if added.first() is None and ratio not in (await self.one(tenant_id, meter_id)).ratios:
            raise RatioSet(day=ratio.from_on.isoformat())

    async def take_away(self, tenant_id: TenantId, meter_id: MeterId, *, until_on: date) -> None:
        """End a meter's channels with a day, the first on which they no longer count."""
        await self._connection.execute(
            update(ChannelRow)
            .where(col(ChannelRow.tenant_id) == tenant_id, col(ChannelRow.meter_id) == meter_id)
            .values(until_on=until_on)
        )


_METER_COLUMNS = tuple(MeterRow.__table__.c)  # type: ignore[attr-defined]
_DEVICE_COLUMNS = tuple(MeterDeviceRow.__table__.c)  # type: ignore[attr-defined]


_NEAR = text(
    f"""
    with mine as not materialized (
        select read_at, epoch, value from {SCHEMA}.register_read
        where tenant_id = cast(:tenant_id as int4) and channel_id = cast(:channel_id as int4)
    )
    select read_at, epoch, value from mine
    where read_at >= coalesce(
            (select max(read_at) from mine where read_at < cast(:first_at as timestamptz)),
            cast(:first_at as timestamptz)
        )
        and read_at <= coalesce(
            (select min(read_at) from mine where read_at > cast(:last_at as timestamptz)),
            cast(:last_at as timestamptz)
        )
    order by read_at, epoch
    """  # noqa: S608  (only our own constants are written in)
)


class PostgresRegisters:
    """What counting registers showed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, tenant_id: TenantId, reads: Sequence[RegisterReading], *, now: datetime) -> None:
        """Store reads of which none is kept."""
        for start in range(0, len(reads), _READS_A_STATEMENT):
            rows = [
                {
                    "tenant_id": tenant_id,
                    "channel_id": read.channel_id,
                    "read_at": read.read_at,
                    "epoch": read.epoch,
                    "value": read.value,
                    "recorded_at": now,
                }
                for read in reads[start : start + _READS_A_STATEMENT]
            ]
            await self._connection.execute(insert(RegisterReadRow).values(rows))

    async def near(
        self, tenant_id: TenantId, channel_id: ChannelId, *, first_at: datetime, last_at: datetime
    ) -> tuple[RegisterReading, ...]:
        """Return a channel's reads of a stretch with the neighbours before and after it."""
        found = await self._connection.execute(
            _NEAR,
            {"tenant_id": tenant_id, "channel_id": channel_id, "first_at": first_at, "last_at": last_at},
        )
        return tuple(
            RegisterReading(channel_id=channel_id, epoch=epoch, read_at=read_at, value=value)
            for read_at, epoch, value in found
        )

    async def has_reads(self, tenant_id: TenantId, channel_id: ChannelId, *, epoch: int) -> bool:
        """Say whether a read of a channel's epoch is kept."""
        found = await self._connection.execute(
            select(col(RegisterReadRow.epoch))
            .where(
                col(RegisterReadRow.tenant_id) == tenant_id,
                col(RegisterReadRow.channel_id) == channel_id,
                col(RegisterReadRow.epoch) == epoch,
            )
            .limit(1)
        )
        return found.first() is not None

    async def begin_epoch(
        self, tenant_id: TenantId, channel_id: ChannelId, *, epoch: int, at: datetime, first: int
    ) -> None:
        """Let reads of the epoch before that came after an instant be of this epoch."""
        await self._connection.execute(
            update(RegisterReadRow)
            .where(
                col(RegisterReadRow.tenant_id) == tenant_id,
                col(RegisterReadRow.channel_id) == channel_id,
                col(RegisterReadRow.epoch) == epoch - 1,
                or_(
                    col(RegisterReadRow.read_at) > at,
                    and_(col(RegisterReadRow.read_at) == at, col(RegisterReadRow.value) == first),
                ),
            )
            .values(epoch=epoch)
        )


_READS_A_STATEMENT = 5_000


class PostgresServicePoints:
    """Grid connections with their contract powers by day."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, point: ServicePoint) -> None:
        """Store a site's service point with its terms."""
        await self._connection.execute(
            insert(ServicePointRow).values(
                tenant_id=point.tenant_id,
                service_point_id=point.service_point_id,
                site_id=point.site_id,
                kepco_customer_no=point.kepco_customer_no,
            )
        )
        for term in point.terms:
            await self.agree(point, term)

    async def of_site(self, tenant_id: TenantId, site_id: SiteId) -> ServicePoint:
        """Return a site's service point."""
        found = await self._connection.execute(
            select(
                col(ServicePointRow.service_point_id),
                col(ServicePointRow.kepco_customer_no),
                col(ServicePointTermRow.from_on),
                col(ServicePointTermRow.contract_power_w),
                col(ServicePointTermRow.agreed_by),
                col(ServicePointTermRow.agreed_at),
            )
            .join(
                ServicePointTermRow,
                and_(
                    col(ServicePointTermRow.tenant_id) == col(ServicePointRow.tenant_id),
                    col(ServicePointTermRow.service_point_id) == col(ServicePointRow.service_point_id),
                ),
            )
            .where(col(ServicePointRow.tenant_id) == tenant_id, col(ServicePointRow.site_id) == site_id)
            .order_by(col(ServicePointTermRow.from_on))
        )
        rows = list(found.mappings())
        if not rows:
            raise SiteUnknown
        return ServicePoint(
            service_point_id=ServicePointId(rows[0]["service_point_id"]),
            tenant_id=tenant_id,
            site_id=site_id,
            kepco_customer_no=rows[0]["kepco_customer_no"],
            terms=tuple(
                PowerTerm(
                    from_on=row["from_on"],
                    contract_power_w=row["contract_power_w"],
                    agreed_by=row["agreed_by"],
                    agreed_at=row["agreed_at"],
                )
                for row in rows
            ),
        )

    async def agree(self, point: ServicePoint, term: PowerTerm) -> None:
        """Store the contract power from a day on; the same once more changes nothing."""
        added = await self._connection.execute(
            upsert(ServicePointTermRow)
            .values(
                tenant_id=point.tenant_id,
                service_point_id=point.service_point_id,
                from_on=term.from_on,
                contract_power_w=term.contract_power_w,
                agreed_by=term.agreed_by,
                agreed_at=term.agreed_at,
            )
            .on_conflict_do_nothing()
            .returning(col(ServicePointTermRow.from_on))
        )
        if added.first() is None:
            kept = (await self.of_site(point.tenant_id, point.site_id)).terms
            if (term.from_on, term.contract_power_w) not in [(one.from_on, one.contract_power_w) for one in kept]:
                raise PowerAgreed(day=term.from_on.isoformat())
