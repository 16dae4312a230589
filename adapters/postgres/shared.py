"""Ports that belong to no context: document numbers, evidence files, the outbox, job reports."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.shared import DocumentNumberRow, JobReportRow, OutboxRow, StoredFileRow
from domain.shared.canonical import Canonical, canonical_text
from domain.shared.files import FileUnknown
from domain.shared.identifiers import TenantId
from domain.shared.outbox import JobReport, Message


class PostgresNumbers:
    """Gapless numbers from a counter row."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def next(self, *, tenant_id: TenantId, series: str, year: int) -> int:
        """Return the next number; the row stays locked until the transaction ends, so that none is lost."""
        counted = await self._connection.execute(
            upsert(DocumentNumberRow)
            .values(tenant_id=tenant_id, series=series, year=year, last=1)
            .on_conflict_do_update(
                index_elements=["tenant_id", "series", "year"],
                set_={"last": col(DocumentNumberRow.last) + 1},
            )
            .returning(col(DocumentNumberRow.last))
        )
        number: int = counted.scalar_one()
        return number


class PostgresFiles:
    """Evidence files under their own hash."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, content: bytes, *, media_type: str, owner: TenantId) -> str:
        """Keep an organisation's bytes once and return their hash."""
        digest = hashlib.sha256(content).digest()
        await self._connection.execute(
            upsert(StoredFileRow)
            .values(sha256=digest, tenant_id=owner, media_type=media_type, content=content)
            .on_conflict_do_nothing()
        )
        return digest.hex()

    async def read(self, sha256: str) -> bytes:
        """Return the bytes kept under a hash."""
        found = await self._connection.execute(
            select(col(StoredFileRow.content)).where(col(StoredFileRow.sha256) == bytes.fromhex(sha256)).limit(1)
        )
        content: bytes | None = found.scalar_one_or_none()
        if content is None:
            raise FileUnknown
        return content


class PostgresOutbox:
    """Intents to call out, claimed by one worker at a time."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put(
        self, *, message_id: UUID, topic: str, key: str, payload: Mapping[str, Canonical], now: datetime
    ) -> None:
        """Store an intent once per topic and key."""
        await self._connection.execute(
            upsert(OutboxRow)
            .values(
                message_id=message_id,
                topic=topic,
                key=key,
                payload=canonical_text(payload),
                created_at=now,
                next_try_at=now,
                tries=0,
                done_at=None,
                last_error=None,
            )
            .on_conflict_do_nothing()
        )

    async def claim(self, *, now: datetime, lease: timedelta) -> Message | None:
        """Take the oldest due intent until `now + lease`; None when nothing is due."""
        oldest = (
            select(col(OutboxRow.message_id))
            .where(col(OutboxRow.done_at).is_(None), col(OutboxRow.next_try_at) <= now)
            .order_by(col(OutboxRow.next_try_at))
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        taken = await self._connection.execute(
            update(OutboxRow)
            .where(col(OutboxRow.message_id) == oldest)
            .values(next_try_at=now + lease, tries=col(OutboxRow.tries) + 1)
            .returning(
                col(OutboxRow.message_id),
                col(OutboxRow.topic),
                col(OutboxRow.key),
                col(OutboxRow.payload),
                col(OutboxRow.tries),
            )
        )
        row = taken.mappings().first()
        if row is None:
            return None
        return Message(
            message_id=row["message_id"],
            topic=row["topic"],
            key=row["key"],
            payload=json.loads(row["payload"]),
            tries=row["tries"],
        )

    async def done(self, message_id: UUID, *, now: datetime) -> None:
        """Mark an intent as carried out."""
        await self._connection.execute(
            update(OutboxRow).where(col(OutboxRow.message_id) == message_id).values(done_at=now, last_error=None)
        )

    async def failed(self, message_id: UUID, *, next_try_at: datetime, said: str) -> None:
        """Put an intent off and keep what was said."""
        await self._connection.execute(
            update(OutboxRow)
            .where(col(OutboxRow.message_id) == message_id)
            .values(next_try_at=next_try_at, last_error=said[:500])
        )


class PostgresJobReports:
    """What each job did last."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def write(self, report: JobReport) -> None:
        """Replace a job's report; a failure keeps the instant of the last success."""
        values = {
            "started_at": report.started_at,
            "succeeded_at": report.succeeded_at,
            "did": report.did,
            "failed": report.failed,
            "said": report.said[:500],
        }
        changed = dict(values)
        if report.succeeded_at is None:
            del changed["succeeded_at"]
        await self._connection.execute(
            upsert(JobReportRow)
            .values(job=report.job, **values)
            .on_conflict_do_update(index_elements=["job"], set_=changed)
        )

    async def all(self) -> tuple[JobReport, ...]:
        """Return every job's report."""
        found = await self._connection.execute(
            select(
                col(JobReportRow.job),
                col(JobReportRow.started_at),
                col(JobReportRow.succeeded_at),
                col(JobReportRow.did),
                col(JobReportRow.failed),
                col(JobReportRow.said),
            ).order_by(col(JobReportRow.job))
        )
        return tuple(JobReport(**row) for row in found.mappings())


class PostgresLocks:
    """Advisory locks on one thing, held until the transaction ends."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hold(self, name: str) -> None:
        """Wait for the lock named `name` and hold it."""
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        await self._connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": key})
