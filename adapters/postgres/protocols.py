"""The port `ProtocolVersions` on PostgreSQL; what a text says is read by whoever knows its grammar."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.protocols import ProtocolStepRow, ProtocolVersionRow
from domain.certification.errors import ProtocolStepOutOfOrder, ProtocolVersionTaken
from domain.certification.protocol import Protocol
from domain.certification.protocol_versions import ProtocolVersion
from domain.shared.identifiers import PersonId, TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolTexts:
    """The shipped text, and who reads texts; handed in where the program is wired."""

    shipped: str
    read: Callable[[str], Protocol]


class PostgresProtocolVersions:
    """Versions of bodies' protocols."""

    def __init__(self, connection: AsyncConnection, texts: ProtocolTexts) -> None:
        self._connection = connection
        self._texts = texts

    @property
    def shipped(self) -> str:
        """The text that the program came with."""
        return self._texts.shipped

    def read(self, text: str) -> Protocol:
        """Return what a text says."""
        return self._texts.read(text)

    async def of_body(self, tenant_id: TenantId) -> tuple[ProtocolVersion, ...]:
        """Return a body's versions in the order they were drafted."""
        found = await self._connection.execute(
            select(*ProtocolVersionRow.__table__.c)  # type: ignore[attr-defined]
            .where(col(ProtocolVersionRow.tenant_id) == tenant_id)
            .order_by(col(ProtocolVersionRow.sequence))
        )
        rows = found.mappings().all()
        if not rows:
            return ()
        told = await self._connection.execute(
            select(*ProtocolStepRow.__table__.c).where(col(ProtocolStepRow.tenant_id) == tenant_id)  # type: ignore[attr-defined]
        )
        steps = {(row["version_id"], row["step"]): row for row in told.mappings()}
        return tuple(_to_version(row, steps) for row in rows)

    async def draft(self, version: ProtocolVersion) -> None:
        """Keep a new version."""
        done = await self._connection.execute(
            upsert(ProtocolVersionRow)
            .values(
                tenant_id=version.tenant_id,
                version_id=version.version_id,
                sequence=version.sequence,
                protocol_id=version.protocol_id,
                version=version.version,
                text=version.text,
                text_sha256=bytes.fromhex(version.sha256),
                note=version.note,
                drafted_by=version.drafted_by,
                drafted_by_name=version.drafted_by_name,
                drafted_at=version.drafted_at,
            )
            .on_conflict_do_nothing()
            .returning(col(ProtocolVersionRow.version_id))
        )
        if done.first() is None:
            raise ProtocolVersionTaken(protocol=version.protocol_id, version=version.version)

    async def approve(self, version: ProtocolVersion) -> None:
        """Keep who approved a version and from when on it is in force."""
        if version.approved_by is None or version.approved_at is None or version.in_force_on is None:
            raise ValueError("an approval says who, when and from which day")
        await self._step(
            version,
            "approved",
            {
                "done_by": version.approved_by,
                "done_by_name": version.approved_by_name,
                "done_at": version.approved_at,
                "from_on": version.in_force_on,
                "reason": "",
            },
        )

    async def retire(self, version: ProtocolVersion) -> None:
        """Keep who retired a version, from when on, and why."""
        if version.retired_at is None or version.retired_on is None:
            raise ValueError("a retirement says when and from which day")
        await self._step(
            version,
            "retired",
            {
                "done_by": version.retired_by,
                "done_by_name": version.retired_by_name,
                "done_at": version.retired_at,
                "from_on": version.retired_on,
                "reason": version.retired_reason,
            },
        )

    async def _step(self, version: ProtocolVersion, step: str, said: dict[str, object]) -> None:
        done = await self._connection.execute(
            upsert(ProtocolStepRow)
            .values(
                tenant_id=version.tenant_id,
                version_id=version.version_id,
                step=step,
                drafted_by=version.drafted_by,
                **said,
            )
            .on_conflict_do_nothing(constraint="protocol_step_pkey")
            .returning(col(ProtocolStepRow.version_id))
        )
        if done.first() is None:
            raise ProtocolStepOutOfOrder(state=step)


def _to_version(row: RowMapping, steps: dict[tuple[UUID, str], RowMapping]) -> ProtocolVersion:
    approved, retired = steps.get((row["version_id"], "approved")), steps.get((row["version_id"], "retired"))
    return ProtocolVersion(
        version_id=row["version_id"],
        tenant_id=TenantId(row["tenant_id"]),
        sequence=row["sequence"],
        protocol_id=row["protocol_id"],
        version=row["version"],
        text=row["text"],
        sha256=row["text_sha256"].hex(),
        note=row["note"],
        drafted_by=PersonId(row["drafted_by"]),
        drafted_by_name=row["drafted_by_name"],
        drafted_at=row["drafted_at"],
        approved_by=None if approved is None else PersonId(approved["done_by"]),
        approved_by_name="" if approved is None else approved["done_by_name"],
        approved_at=None if approved is None else approved["done_at"],
        in_force_on=None if approved is None else approved["from_on"],
        retired_by=None if retired is None else PersonId(retired["done_by"]),
        retired_by_name="" if retired is None else retired["done_by_name"],
        retired_at=None if retired is None else retired["done_at"],
        retired_on=None if retired is None else retired["from_on"],
        retired_reason="" if retired is None else retired["reason"],
    )
