"""The audit log on PostgreSQL: entries of one organisation are chained, those of different ones do not wait."""

from uuid import UUID

from sqlalchemy import RowMapping, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.audit import AuditEntryRow
from adapters.postgres.tables.base import SCHEMA
from adapters.postgres.transaction import Within, driver_of
from domain.shared.audit import FIRST_SEAL, AuditEntry, AuditSearch, Decision
from domain.shared.identifiers import TenantId

_AUDIT_LOCK = 0x41554449  # "AUDI": the first half of an advisory lock's name, the organisation is the second
_COLUMNS = tuple(AuditEntryRow.__table__.c)  # type: ignore[attr-defined]
_NAMES = tuple(column.name for column in _COLUMNS)
_LAST = f"select seal, sequence from {SCHEMA}.audit_entry where tenant_id = $1 order by sequence desc limit 1"  # noqa: S608
_APPEND = (
    f"insert into {SCHEMA}.audit_entry ({', '.join(_NAMES)})"  # noqa: S608  (only our own constants are written in)
    f" values ({', '.join(f'${place}' for place in range(1, len(_NAMES) + 1))})"
)
"""Said by the driver: an entry stands behind every look of a complex's staff."""


def _to_entry(row: RowMapping) -> AuditEntry:
    return AuditEntry(**{**row, "tenant_id": TenantId(row["tenant_id"]), "decision": Decision(row["decision"])})


class PostgresAudit:
    """The log."""

    def __init__(self, connection: AsyncConnection, within: Within = None) -> None:
        self._connection = connection
        self._within = within

    async def append(self, entry: AuditEntry) -> AuditEntry:
        """Store an entry behind the last one of its organisation."""
        driver = driver_of(self._connection)
        await driver.execute(f"select pg_advisory_xact_lock({_AUDIT_LOCK}, {int(entry.tenant_id)})")
        previous = await driver.fetchrow(_LAST, entry.tenant_id)
        sealed = entry.sealed(FIRST_SEAL, 1) if previous is None else entry.sealed(previous[0], previous[1] + 1)
        await driver.execute(_APPEND, *[getattr(sealed, name) for name in _NAMES])
        return sealed

    async def page(self, search: AuditSearch, *, after: UUID | None, limit: int) -> tuple[AuditEntry, ...]:
        """Return what was looked for, newest first."""
        query = select(*_COLUMNS).order_by(col(AuditEntryRow.entry_id).desc()).limit(limit)
        if self._within is not None:
            own = sorted(self._within)
            query = query.where(or_(col(AuditEntryRow.tenant_id).in_(own), col(AuditEntryRow.for_tenant).in_(own)))
        if search.who is not None:
            query = query.where(or_(col(AuditEntryRow.actor_id) == search.who, col(AuditEntryRow.key_id) == search.who))
        if search.action is not None:
            query = query.where(col(AuditEntryRow.action) == search.action)
        if search.object_id is not None:
            query = query.where(col(AuditEntryRow.object_ids).contains(str(search.object_id), autoescape=True))
        if search.decision is not None:
            query = query.where(col(AuditEntryRow.decision) == search.decision.value)
        if search.from_at is not None:
            query = query.where(col(AuditEntryRow.at) >= search.from_at)
        if search.until_at is not None:
            query = query.where(col(AuditEntryRow.at) < search.until_at)
        if search.organisation is not None:
            whose = search.organisation
            query = query.where(or_(col(AuditEntryRow.tenant_id) == whose, col(AuditEntryRow.for_tenant) == whose))
        if search.source is not None:
            query = query.where(col(AuditEntryRow.source) == search.source)
        if after is not None:
            query = query.where(col(AuditEntryRow.entry_id) < after)
        return tuple(_to_entry(row) for row in (await self._connection.execute(query)).mappings())

    async def chain(self, tenant_id: TenantId, *, after: int, limit: int) -> tuple[AuditEntry, ...]:
        """Return an organisation's entries in their order."""
        found = await self._connection.execute(
            select(*_COLUMNS)
            .where(col(AuditEntryRow.tenant_id) == tenant_id, col(AuditEntryRow.sequence) > after)
            .order_by(col(AuditEntryRow.sequence))
            .limit(limit)
        )
        return tuple(_to_entry(row) for row in found.mappings())

    async def organisations(self) -> tuple[TenantId, ...]:
        """Return the organisations that have entries, by number."""
        tenant_id = col(AuditEntryRow.tenant_id)
        return tuple(
            TenantId(number)
            for number in await self._connection.scalars(select(tenant_id).distinct().order_by(tenant_id))
        )
