"""Ports of telemetry and of the safety watch on PostgreSQL."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import ARRAY, RowMapping, Uuid, bindparam, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.tables.telemetry import AlarmChangeRow, AlarmRow, SafetyStandingRow, TelemetryHourRow
from adapters.postgres.transaction import Within
from domain.metering.alarms import Alarm, AlarmChange, AlarmId
from domain.metering.errors import AlarmUnknown
from domain.metering.safety import CALM, Change, Level, Signal, Standing, Watch
from domain.metering.telemetry import (
    SIGNALS,
    HourKey,
    Hours,
    TelemetryHour,
    TelemetryMinute,
    TelemetrySignal,
)
from domain.shared.canonical import Canonical, canonical_text
from domain.shared.identifiers import PackId, PersonId, TenantId
from domain.shared.time import utc_text

_ROWS_A_STATEMENT = 1_000
"""A statement takes 32,767 parameters."""

_Item = TypeVar("_Item")


def _pages(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), _ROWS_A_STATEMENT):
        yield items[start : start + _ROWS_A_STATEMENT]


_HOUR = TelemetryHourRow.__table__.c  # type: ignore[attr-defined]
_KEY_COLUMNS = (_HOUR.pack_id, _HOUR.hour_at, _HOUR.received)


def _to_hour(row: RowMapping, signals: Sequence[TelemetrySignal]) -> TelemetryHour:
    return TelemetryHour(
        pack_id=PackId(row["pack_id"]),
        hour_at=row["hour_at"],
        received=row["received"],
        values={signal: tuple(row[signal.value]) for signal in signals},
    )


class PostgresTelemetry:
    """Packs' minutes by hour."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hours_at(self, tenant_id: TenantId, keys: Sequence[HourKey]) -> Hours:
        """Return just these hours."""
        found: dict[HourKey, TelemetryHour] = {}
        for page in _pages(keys):
            rows = await self._connection.execute(
                select(*_KEY_COLUMNS, *(_HOUR[signal.value] for signal in SIGNALS)).where(
                    _HOUR.tenant_id == tenant_id, tuple_(_HOUR.pack_id, _HOUR.hour_at).in_(list(page))
                )
            )
            for row in rows.mappings():
                hour = _to_hour(row, SIGNALS)
                found[hour.pack_id, hour.hour_at] = hour
        return found

    async def write(self, tenant_id: TenantId, hours: Sequence[TelemetryHour]) -> None:
        """Store hours in place of what is kept of them."""
        for page in _pages(hours):
            statement = upsert(TelemetryHourRow).values(
                [
                    {
                        "tenant_id": tenant_id,
                        "pack_id": hour.pack_id,
                        "hour_at": hour.hour_at,
                        "received": hour.received,
                        **{signal.value: list(hour.values[signal]) for signal in SIGNALS},
                    }
                    for hour in page
                ]
            )
            replaced = ("received", *(signal.value for signal in SIGNALS))
            await self._connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant_id", "pack_id", "hour_at"],
                    set_={name: statement.excluded[name] for name in replaced},
                )
            )

    async def hours(
        self,
        tenant_id: TenantId,
        pack_ids: Sequence[PackId],
        signals: Sequence[TelemetrySignal],
        *,
        from_at: datetime,
        until_at: datetime,
    ) -> tuple[TelemetryHour, ...]:
        """Return the hours of a stretch with these signals."""
        rows = await self._connection.execute(
            select(*_KEY_COLUMNS, *(_HOUR[signal.value] for signal in signals))
            .where(
                _HOUR.tenant_id == tenant_id,
                _HOUR.pack_id.in_(pack_ids),
                _HOUR.hour_at >= from_at,
                _HOUR.hour_at < until_at,
            )
            .order_by(_HOUR.pack_id, _HOUR.hour_at)
        )
        return tuple(_to_hour(row, signals) for row in rows.mappings())

    async def received(
        self, tenant_id: TenantId, pack_ids: Sequence[PackId], *, from_at: datetime, until_at: datetime
    ) -> Mapping[PackId, tuple[tuple[datetime, int], ...]]:
        """Return which minutes of a stretch came."""
        found: dict[PackId, list[tuple[datetime, int]]] = {}
        for hour in await self.hours(tenant_id, pack_ids, (), from_at=from_at, until_at=until_at):
            found.setdefault(hour.pack_id, []).append((hour.hour_at, hour.received))
        return {pack_id: tuple(masks) for pack_id, masks in found.items()}

    async def latest(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> Mapping[PackId, TelemetryMinute]:
        """Return each pack's last minute: its last hour is found by the key, whatever lies before it."""
        packs = bindparam("packs", list(pack_ids), type_=ARRAY(Uuid))
        asked = func.unnest(packs).table_valued("pack_id").render_derived(name="asked")
        last = (
            select(func.max(_HOUR.hour_at))
            .where(_HOUR.tenant_id == tenant_id, _HOUR.pack_id == asked.c.pack_id)
            .correlate(asked)
            .scalar_subquery()
        )
        rows = await self._connection.execute(select(asked.c.pack_id, last.label("hour_at")))
        keys = [(PackId(pack_id), hour_at) for pack_id, hour_at in rows if hour_at is not None]
        hours = await self.hours_at(tenant_id, keys)
        return {pack_id: tuple(hour.minutes())[-1] for (pack_id, _), hour in hours.items()}


_BEFORE = "before"
"""Beside the signals: the last sample's temperature and current; no signal has this word."""


def _watches_text(standing: Standing) -> str:
    told: dict[str, Canonical] = {
        signal.value: [
            int(watch.level),
            None if watch.pending is None else int(watch.pending),
            None if watch.pending_since is None else utc_text(watch.pending_since),
            watch.last,
        ]
        for signal, watch in standing.watches.items()
    }
    if standing.temperature_mc is not None or standing.current_ma is not None:
        told[_BEFORE] = [standing.temperature_mc, standing.current_ma]
    return canonical_text(told)


def _to_standing(row: RowMapping) -> Standing:
    watches: dict[Signal, Watch] = {}
    told = json.loads(row["watches"])
    temperature_mc, current_ma = told.pop(_BEFORE, (None, None))
    for word, (level, pending, since, last) in told.items():
        watches[Signal(word)] = Watch(
            level=Level(level),
            pending=None if pending is None else Level(pending),
            pending_since=None if since is None else datetime.fromisoformat(since).astimezone(UTC),
            last=last,
        )
    return Standing(watches=watches, seen_at=row["seen_at"], temperature_mc=temperature_mc, current_ma=current_ma)


_ALARM = AlarmRow.__table__.c  # type: ignore[attr-defined]
_CHANGE = AlarmChangeRow.__table__.c  # type: ignore[attr-defined]
_STANDING = SafetyStandingRow.__table__.c  # type: ignore[attr-defined]


def _alarm_row(alarm: Alarm) -> dict[str, object]:
    return {
        "tenant_id": alarm.tenant_id,
        "alarm_id": alarm.alarm_id,
        "pack_id": alarm.pack_id,
        "signal": alarm.signal.value,
        "level": int(alarm.level),
        "worst": int(alarm.worst),
        "value": alarm.value,
        "limit_value": alarm.limit,
        "opened_at": alarm.opened_at,
        "changed_at": alarm.changed_at,
        "cleared_at": alarm.cleared_at,
    }


def _to_alarm(row: RowMapping) -> Alarm:
    return Alarm(
        alarm_id=AlarmId(row["alarm_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        pack_id=PackId(row["pack_id"]),
        signal=Signal(row["signal"]),
        level=Level(row["level"]),
        worst=Level(row["worst"]),
        value=row["value"],
        limit=row["limit_value"],
        opened_at=row["opened_at"],
        changed_at=row["changed_at"],
        cleared_at=row["cleared_at"],
    )


def _change_row(change: AlarmChange) -> dict[str, object]:
    return {
        "tenant_id": change.tenant_id,
        "change_id": change.change_id,
        "alarm_id": change.alarm_id,
        "pack_id": change.pack_id,
        "signal": change.signal.value,
        "change": change.change.value,
        "level": int(change.level),
        "value": change.value,
        "limit_value": change.limit,
        "since_at": change.since_at,
        "at": change.at,
        "recorded_at": change.recorded_at,
        "by_id": change.by_id,
        "by_name": change.by,
        "reason": change.reason,
    }


def _to_change(row: RowMapping) -> AlarmChange:
    return AlarmChange(
        change_id=row["change_id"],
        alarm_id=AlarmId(row["alarm_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        pack_id=PackId(row["pack_id"]),
        signal=Signal(row["signal"]),
        change=Change(row["change"]),
        level=Level(row["level"]),
        value=row["value"],
        limit=row["limit_value"],
        since_at=row["since_at"],
        at=row["at"],
        recorded_at=row["recorded_at"],
        by_id=None if row["by_id"] is None else PersonId(row["by_id"]),
        by=row["by_name"],
        reason=row["reason"],
    )


class PostgresAlarms:
    """Where packs stand, their alarms, and what became of them."""

    def __init__(self, connection: AsyncConnection, within: Within = None) -> None:
        self._connection = connection
        self._within = within

    async def hold(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> Mapping[PackId, Standing]:
        """Lock the packs' rows in the order of their ids, those that were never held before included."""
        if not pack_ids:
            return {}
        ordered = sorted(set(pack_ids))
        for page in _pages(ordered):
            await self._connection.execute(
                upsert(SafetyStandingRow)
                .values(
                    [
                        {"tenant_id": tenant_id, "pack_id": pack_id, "gap_level": 0, "watches": _watches_text(CALM)}
                        for pack_id in page
                    ]
                )
                .on_conflict_do_nothing()
            )
        rows = await self._connection.execute(
            select(*_STANDING)
            .where(_STANDING.tenant_id == tenant_id, _STANDING.pack_id.in_(ordered))
            .order_by(_STANDING.pack_id)
            .with_for_update()
        )
        return {PackId(row["pack_id"]): _to_standing(row) for row in rows.mappings()}

    async def stand(self, tenant_id: TenantId, standings: Mapping[PackId, Standing]) -> None:
        """Store where packs stand."""
        if not standings:
            return
        await self._connection.execute(
            update(SafetyStandingRow)
            .where(
                _STANDING.tenant_id == bindparam("of_tenant"),
                _STANDING.pack_id == bindparam("of_pack"),
            )
            .values(seen_at=bindparam("new_seen_at"), gap_level=bindparam("new_gap"), watches=bindparam("new_watches")),
            [
                {
                    "of_tenant": tenant_id,
                    "of_pack": pack_id,
                    "new_seen_at": standing.seen_at,
                    "new_gap": int(standing.watches.get(Signal.GAP, Watch()).level),
                    "new_watches": _watches_text(standing),
                }
                for pack_id, standing in sorted(standings.items())
            ],
        )

    async def seen(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> Mapping[PackId, Standing]:
        """Return where packs stand."""
        rows = await self._connection.execute(
            select(*_STANDING).where(_STANDING.tenant_id == tenant_id, _STANDING.pack_id.in_(pack_ids))
        )
        return {PackId(row["pack_id"]): _to_standing(row) for row in rows.mappings()}

    async def silent(
        self, *, before_at: datetime, after: tuple[TenantId, PackId] | None, limit: int
    ) -> tuple[tuple[TenantId, PackId], ...]:
        """Return packs that were heard of once but not since."""
        query = (
            select(_STANDING.tenant_id, _STANDING.pack_id)
            .where(_STANDING.seen_at <= before_at, _STANDING.gap_level < int(Level.TRIP))
            .order_by(_STANDING.tenant_id, _STANDING.pack_id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(tuple_(_STANDING.tenant_id, _STANDING.pack_id) > tuple_(*after))
        rows = await self._connection.execute(query)
        return tuple((TenantId(tenant_id), PackId(pack_id)) for tenant_id, pack_id in rows)

    async def keep(self, tenant_id: TenantId, alarms: Sequence[Alarm], changes: Sequence[AlarmChange]) -> None:
        """Store alarms as they are now, cleared ones first, and add their changes."""
        moving = ("level", "worst", "value", "limit_value", "changed_at", "cleared_at")
        for alarm in sorted(alarms, key=lambda one: one.open):  # a new one of the same signal may follow at once
            statement = upsert(AlarmRow).values(_alarm_row(alarm))
            await self._connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant_id", "alarm_id"],
                    set_={name: statement.excluded[name] for name in moving},
                )
            )
        for page in _pages(changes):
            await self._connection.execute(insert(AlarmChangeRow), [_change_row(change) for change in page])

    async def one(self, tenant_id: TenantId, alarm_id: AlarmId) -> Alarm:
        """Return a tenant's alarm."""
        rows = await self._connection.execute(
            select(*_ALARM).where(_ALARM.tenant_id == tenant_id, _ALARM.alarm_id == alarm_id)
        )
        row = rows.mappings().first()
        if row is None:
            raise AlarmUnknown
        return _to_alarm(row)

    async def standing(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> tuple[Alarm, ...]:
        """Return the open alarms of packs."""
        rows = await self._connection.execute(
            select(*_ALARM)
            .where(_ALARM.tenant_id == tenant_id, _ALARM.pack_id.in_(pack_ids), _ALARM.cleared_at.is_(None))
            .order_by(_ALARM.pack_id, _ALARM.signal)
        )
        return tuple(_to_alarm(row) for row in rows.mappings())

    async def page(
        self,
        *,
        tenant_id: TenantId | None,
        pack_id: PackId | None = None,
        only_open: bool = False,
        limit: int,
    ) -> tuple[Alarm, ...]:
        """Return alarms, open ones first."""
        query = (
            select(*_ALARM)
            .order_by(
                _ALARM.cleared_at.is_not(None), _ALARM.level.desc(), _ALARM.changed_at.desc(), _ALARM.alarm_id.desc()
            )
            .limit(limit)
        )
        if self._within is not None:
            query = query.where(_ALARM.tenant_id.in_(sorted(self._within)))
        if tenant_id is not None:
            query = query.where(_ALARM.tenant_id == tenant_id)
        if pack_id is not None:
            query = query.where(_ALARM.pack_id == pack_id)
        if only_open:
            query = query.where(_ALARM.cleared_at.is_(None))
        rows = await self._connection.execute(query)
        return tuple(_to_alarm(row) for row in rows.mappings())

    async def changes(self, tenant_id: TenantId, alarm_id: AlarmId) -> tuple[AlarmChange, ...]:
        """Return what happened to an alarm."""
        rows = await self._connection.execute(
            select(*_CHANGE)
            .where(_CHANGE.tenant_id == tenant_id, _CHANGE.alarm_id == alarm_id)
            .order_by(_CHANGE.change_id)
        )
        return tuple(_to_change(row) for row in rows.mappings())

    async def blocks(self, pack_id: PackId) -> bool:
        """Say whether a trip keeps a pack from being used."""
        rows = await self._connection.execute(
            select(_ALARM.alarm_id)
            .where(_ALARM.pack_id == pack_id, _ALARM.cleared_at.is_(None), _ALARM.level == int(Level.TRIP))
            .limit(1)
        )
        return rows.first() is not None
