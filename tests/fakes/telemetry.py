"""The ports of telemetry and of the safety watch in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.metering.alarms import Alarm, AlarmChange, AlarmId
from domain.metering.errors import AlarmUnknown
from domain.metering.safety import CALM, Level, Signal, Standing, Watch
from domain.metering.telemetry import HourKey, Hours, TelemetryHour, TelemetryMinute, TelemetrySignal
from domain.shared.identifiers import PackId, TenantId


class MemoryTelemetry:
    def __init__(self) -> None:
        self._hours: dict[tuple[TenantId, PackId, datetime], TelemetryHour] = {}

    async def hours_at(self, tenant_id: TenantId, keys: Sequence[HourKey]) -> Hours:
        return {key: self._hours[tenant_id, *key] for key in keys if (tenant_id, *key) in self._hours}

    async def write(self, tenant_id: TenantId, hours: Sequence[TelemetryHour]) -> None:
        for hour in hours:
            self._hours[tenant_id, hour.pack_id, hour.hour_at] = hour

    async def hours(
        self,
        tenant_id: TenantId,
        pack_ids: Sequence[PackId],
        signals: Sequence[TelemetrySignal],
        *,
        from_at: datetime,
        until_at: datetime,
    ) -> tuple[TelemetryHour, ...]:
        return tuple(
            TelemetryHour(
                pack_id=hour.pack_id,
                hour_at=hour.hour_at,
                received=hour.received,
                values={signal: hour.values[signal] for signal in signals},
            )
            for (tenant, pack_id, hour_at), hour in sorted(self._hours.items())
            if tenant == tenant_id and pack_id in pack_ids and from_at <= hour_at < until_at
        )

    async def received(
        self, tenant_id: TenantId, pack_ids: Sequence[PackId], *, from_at: datetime, until_at: datetime
    ) -> Mapping[PackId, tuple[tuple[datetime, int], ...]]:
        found: dict[PackId, tuple[tuple[datetime, int], ...]] = {}
        for hour in await self.hours(tenant_id, pack_ids, (), from_at=from_at, until_at=until_at):
            found[hour.pack_id] = (*found.get(hour.pack_id, ()), (hour.hour_at, hour.received))
        return found

    async def latest(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> Mapping[PackId, TelemetryMinute]:
        found: dict[PackId, TelemetryMinute] = {}
        for (tenant, pack_id, _), hour in sorted(self._hours.items()):
            if tenant == tenant_id and pack_id in pack_ids:
                found[pack_id] = tuple(hour.minutes())[-1]
        return found


class MemoryAlarms:
    def __init__(self) -> None:
        self._standings: dict[tuple[TenantId, PackId], Standing] = {}
        self._alarms: dict[tuple[TenantId, AlarmId], Alarm] = {}
        self._changes: list[AlarmChange] = []

    async def hold(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> Mapping[PackId, Standing]:
        return {pack_id: self._standings.setdefault((tenant_id, pack_id), CALM) for pack_id in pack_ids}

    async def stand(self, tenant_id: TenantId, standings: Mapping[PackId, Standing]) -> None:
        for pack_id, standing in standings.items():
            self._standings[tenant_id, pack_id] = standing

    async def seen(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> Mapping[PackId, Standing]:
        return {one: self._standings[tenant_id, one] for one in pack_ids if (tenant_id, one) in self._standings}

    async def silent(
        self, *, before_at: datetime, after: tuple[TenantId, PackId] | None, limit: int
    ) -> tuple[tuple[TenantId, PackId], ...]:
        found = [
            key
            for key, standing in sorted(self._standings.items())
            if standing.seen_at is not None
            and standing.seen_at <= before_at
            and standing.watches.get(Signal.GAP, Watch()).level < Level.TRIP
            and (after is None or key > after)
        ]
        return tuple(found[:limit])

    async def keep(self, tenant_id: TenantId, alarms: Sequence[Alarm], changes: Sequence[AlarmChange]) -> None:
        for alarm in alarms:
            self._alarms[tenant_id, alarm.alarm_id] = alarm
        self._changes.extend(changes)

    async def one(self, tenant_id: TenantId, alarm_id: AlarmId) -> Alarm:
        if (tenant_id, alarm_id) not in self._alarms:
            raise AlarmUnknown
        return self._alarms[tenant_id, alarm_id]

    async def standing(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> tuple[Alarm, ...]:
        mine = [a for (t, _), a in self._alarms.items() if t == tenant_id and a.pack_id in pack_ids and a.open]
        return tuple(sorted(mine, key=lambda alarm: (alarm.pack_id, alarm.signal)))

    async def page(
        self,
        *,
        tenant_id: TenantId | None,
        pack_id: PackId | None = None,
        only_open: bool = False,
        limit: int,
    ) -> tuple[Alarm, ...]:
        mine = [
            alarm
            for (tenant, _), alarm in self._alarms.items()
            if tenant_id in (None, tenant) and pack_id in (None, alarm.pack_id) and (alarm.open or not only_open)
        ]
        mine.sort(key=lambda alarm: (alarm.open, alarm.level, alarm.changed_at, alarm.alarm_id), reverse=True)
        return tuple(mine[:limit])

    async def changes(self, tenant_id: TenantId, alarm_id: AlarmId) -> tuple[AlarmChange, ...]:
        mine = [one for one in self._changes if (one.tenant_id, one.alarm_id) == (tenant_id, alarm_id)]
        return tuple(sorted(mine, key=lambda change: change.change_id))

    async def blocks(self, pack_id: PackId) -> bool:
        return any(alarm.pack_id == pack_id and alarm.trips for alarm in self._alarms.values())


class MemoryWatchWork:
    def __init__(self) -> None:
        self.telemetry = MemoryTelemetry()
        self.alarms = MemoryAlarms()
