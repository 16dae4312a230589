"""Alarms as they are kept: one from its opening to its clearing, and every change of it as a line that stays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NewType
from uuid import UUID

from domain.metering.safety import AlarmEvent, Change, Level, Limits, Signal
from domain.shared.identifiers import PackId, PersonId, TenantId

AlarmId = NewType("AlarmId", UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One signal of one pack, out of order from `opened_at` on, and until `cleared_at`.

    `level` is the present one, `worst` the worst it reached. `value` brought the last change about, `limit` is what
    it reached or left; a trip that a person reported has neither.
    """

    alarm_id: AlarmId
    tenant_id: TenantId
    pack_id: PackId
    signal: Signal
    level: Level
    worst: Level
    value: int | None
    limit: int | None
    opened_at: datetime
    changed_at: datetime
    cleared_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether it stands."""
        return self.cleared_at is None

    @property
    def trips(self) -> bool:
        """Whether it blocks its pack."""
        return self.open and self.level is Level.TRIP


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmChange:
    """One change of an alarm, never altered. `since_at` is when what counts now began to last.

    `by` and `reason` are given where a person cleared or reported a trip.
    """

    change_id: UUID
    alarm_id: AlarmId
    tenant_id: TenantId
    pack_id: PackId
    signal: Signal
    change: Change
    level: Level
    value: int | None
    limit: int | None
    since_at: datetime
    at: datetime
    recorded_at: datetime
    by_id: PersonId | None = None
    by: str | None = None
    reason: str | None = None


def limit_at(limits: Mapping[Signal, Limits], signal: Signal, level: Level) -> int | None:
    """Return the limit that a level begins at; of no level, the one that was left last."""
    known = limits.get(signal)
    if known is None:
        return None
    return {Level.TRIP: known.trip, Level.ALARM: known.alarm}.get(level, known.warn)


def changed(
    standing: Alarm | None,
    event: AlarmEvent,
    *,
    alarm_id: AlarmId,
    tenant_id: TenantId,
    pack_id: PackId,
    limits: Mapping[Signal, Limits],
) -> Alarm:
    """Return the alarm after an event; without one that stands, `alarm_id` names a new one."""
    told = event.signal is not Signal.REPORTED
    limit = limit_at(limits, event.signal, event.level)
    if standing is None:
        return Alarm(
            alarm_id=alarm_id,
            tenant_id=tenant_id,
            pack_id=pack_id,
            signal=event.signal,
            level=event.level,
            worst=event.level,
            value=event.value if told else None,
            limit=limit,
            opened_at=event.at,
            changed_at=event.at,
            cleared_at=event.at if event.level is Level.NORMAL else None,
        )
    cleared_by_hand = event.change is Change.CLEARED and standing.level is Level.TRIP
    return replace(
        standing,
        level=event.level,
        worst=max(standing.worst, event.level),
        value=standing.value if cleared_by_hand or not told else event.value,
        limit=standing.limit if cleared_by_hand else limit,
        changed_at=event.at,
        cleared_at=event.at if event.level is Level.NORMAL else None,
    )
