"""Who may look at which pack, on PostgreSQL."""

from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.grants import PackGrantRow, PackReachRow
from domain.passport.grants import PackGrant
from domain.shared.identifiers import PackId, PersonId, TenantId

_COLUMNS = tuple(PackGrantRow.__table__.c)  # type: ignore[attr-defined]


def _to_grant(row: RowMapping) -> PackGrant:
    return PackGrant(
        grant_id=row["grant_id"],
        tenant_id=TenantId(row["tenant_id"]),
        pack_id=PackId(row["pack_id"]),
        from_at=row["from_at"],
        until_at=row["until_at"],
        reason=row["reason"],
        granted_by=PersonId(row["granted_by"]),
        granted_by_name=row["granted_by_name"],
        granted_at=row["granted_at"],
        revoked_at=row["revoked_at"],
        revoked_by=None if row["revoked_by"] is None else PersonId(row["revoked_by"]),
        revoked_reason=row["revoked_reason"],
    )


class PostgresGrants:
    """Who may look at which pack."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, grant: PackGrant) -> None:
        """Store a grant, and open the pack's history to its reader."""
        await self._connection.execute(insert(PackGrantRow).values(asdict(grant)))
        await self._connection.execute(
            insert(PackReachRow).values(
                pack_id=grant.pack_id, tenant_id=grant.tenant_id, reach_id=grant.grant_id, until_at=None
            )
        )

    async def of_pack(self, pack_id: PackId, *, limit: int) -> tuple[PackGrant, ...]:
        """Return a pack's grants, newest first."""
        found = await self._connection.execute(
            select(*_COLUMNS)
            .where(col(PackGrantRow.pack_id) == pack_id)
            .order_by(col(PackGrantRow.grant_id).desc())
            .limit(limit)
        )
        return tuple(_to_grant(row) for row in found.mappings())

    async def packs_open_to(
        self, tenant_id: TenantId, *, now: datetime, after: PackId | None, limit: int
    ) -> tuple[PackId, ...]:
        """Return the packs that an organisation may look at, newest first."""
        query = (
            select(col(PackGrantRow.pack_id))
            .distinct()
            .where(
                col(PackGrantRow.tenant_id) == tenant_id,
                col(PackGrantRow.revoked_at).is_(None),
                col(PackGrantRow.from_at) <= now,
                col(PackGrantRow.until_at) > now,
            )
            .order_by(col(PackGrantRow.pack_id).desc())
            .limit(limit)
        )
        if after is not None:
            query = query.where(col(PackGrantRow.pack_id) < after)
        return tuple(PackId(pack_id) for pack_id in await self._connection.scalars(query))

    async def opens(self, tenant_id: TenantId, pack_id: PackId, *, now: datetime) -> bool:
        """Say whether an organisation may look at a pack."""
        found = await self._connection.execute(
            select(col(PackGrantRow.grant_id))
            .where(
                col(PackGrantRow.tenant_id) == tenant_id,
                col(PackGrantRow.pack_id) == pack_id,
                col(PackGrantRow.revoked_at).is_(None),
                col(PackGrantRow.from_at) <= now,
                col(PackGrantRow.until_at) > now,
            )
            .limit(1)
        )
        return found.first() is not None

    async def revoke(self, grant: PackGrant, *, at: datetime, by: PersonId, reason: str) -> PackGrant | None:
        """End a grant: compare and set; the history closes with it."""
        done = await self._connection.execute(
            update(PackGrantRow)
            .where(
                col(PackGrantRow.tenant_id) == grant.tenant_id,
                col(PackGrantRow.grant_id) == grant.grant_id,
                col(PackGrantRow.revoked_at).is_(None),
            )
            .values(revoked_at=at, revoked_by=by, revoked_reason=reason)
        )
        if done.rowcount != 1:
            return None
        await self._connection.execute(
            delete(PackReachRow).where(
                col(PackReachRow.pack_id) == grant.pack_id,
                col(PackReachRow.tenant_id) == grant.tenant_id,
                col(PackReachRow.reach_id) == grant.grant_id,
            )
        )
        return replace(grant, revoked_at=at, revoked_by=by, revoked_reason=reason)
