"""Intents to call out, stored with the effect that asks for them, and what jobs say of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.shared.canonical import Canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One intent; `tries` counts the attempts, this one included."""

    message_id: UUID
    topic: str
    key: str
    payload: Mapping[str, Canonical]
    tries: int


class Outbox(Protocol):
    """Keeps intents until a relay has carried them out."""

    async def put(
        self, *, message_id: UUID, topic: str, key: str, payload: Mapping[str, Canonical], now: datetime
    ) -> None:
        """Store an intent once per topic and key."""
        ...

    async def claim(self, *, now: datetime, lease: timedelta) -> Message | None:
        """Take the oldest due intent, and hide it from others until `now + lease`; None when nothing is due.

        Committed before the outside is called: a worker that dies leaves a lease that ends by itself.
        """
        ...

    async def done(self, message_id: UUID, *, now: datetime) -> None:
        """Mark an intent as carried out."""
        ...

    async def failed(self, message_id: UUID, *, next_try_at: datetime, said: str) -> None:
        """Put an intent off until `next_try_at`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """What a job did the last time: how many items went well and how many failed."""

    job: str
    started_at: datetime
    succeeded_at: datetime | None
    did: int
    failed: int
    said: str


class JobReports(Protocol):
    """What each job did last."""

    async def write(self, report: JobReport) -> None:
        """Replace a job's report; a failure keeps the instant of the last success."""
        ...

    async def all(self) -> tuple[JobReport, ...]:
        """Return every job's report."""
        ...


class Locks(Protocol):
    """Orders two writers of one thing."""

    async def hold(self, name: str) -> None:
        """Wait for the lock named `name` and hold it until the unit ends."""
        ...
