"""Keys for machines on PostgreSQL."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.identity import Told
from adapters.postgres.tables.keys import ApiKeyRow
from adapters.postgres.transaction import Within, of_complex
from domain.identity.keyring import USE_NOTED_EVERY, ApiKey
from domain.shared.actor import Role
from domain.shared.identifiers import PersonId, TenantId

_COLUMNS = tuple(ApiKeyRow.__table__.c)  # type: ignore[attr-defined]


def to_key(row: Told) -> ApiKey:
    """Return the key of a row."""
    return ApiKey(
        key_id=row["key_id"],
        tenant_id=TenantId(row["tenant_id"]),
        name=row["name"],
        role=Role(row["role"]),
        secret_sha256=row["secret_sha256"],
        sites=None if row["sites"] is None else tuple(row["sites"]),
        channels=None if row["channels"] is None else tuple(row["channels"]),
        made_by=PersonId(row["made_by"]),
        made_at=row["made_at"],
        expires_at=row["expires_at"],
        rotated_from=row["rotated_from"],
        retires_at=row["retires_at"],
        revoked_at=row["revoked_at"],
        revoked_by=None if row["revoked_by"] is None else PersonId(row["revoked_by"]),
        last_used_at=row["last_used_at"],
    )


class PostgresKeys:
    """Keys for machines."""

    def __init__(self, connection: AsyncConnection, within: Within = None) -> None:
        self._connection = connection
        self._within = within

    async def add(self, key: ApiKey) -> None:
        """Store a key."""
        await self._connection.execute(insert(ApiKeyRow).values(asdict(key)))

    async def one(self, key_id: UUID) -> ApiKey | None:
        """Return a key."""
        found = await self._connection.execute(select(*_COLUMNS).where(col(ApiKeyRow.key_id) == key_id))
        row = found.mappings().first()
        return None if row is None else to_key(row)

    async def page(self, *, tenant_id: TenantId | None, after: UUID | None, limit: int) -> tuple[ApiKey, ...]:
        """Return keys, newest first."""
        query = of_complex(
            select(*_COLUMNS).order_by(col(ApiKeyRow.key_id).desc()).limit(limit), ApiKeyRow.tenant_id, self._within
        )
        if tenant_id is not None:
            query = query.where(col(ApiKeyRow.tenant_id) == tenant_id)
        if after is not None:
            query = query.where(col(ApiKeyRow.key_id) < after)
        return tuple(to_key(row) for row in (await self._connection.execute(query)).mappings())

    async def retire(self, key_id: UUID, *, at: datetime) -> bool:
        """Let a key end at an instant: compare and set."""
        done = await self._connection.execute(
            update(ApiKeyRow)
            .where(
                col(ApiKeyRow.key_id) == key_id,
                col(ApiKeyRow.retires_at).is_(None),
                col(ApiKeyRow.revoked_at).is_(None),
            )
            .values(retires_at=at)
        )
        return done.rowcount == 1

    async def revoke(self, key_id: UUID, *, at: datetime, by: PersonId) -> bool:
        """End a key: compare and set."""
        done = await self._connection.execute(
            update(ApiKeyRow)
            .where(col(ApiKeyRow.key_id) == key_id, col(ApiKeyRow.revoked_at).is_(None))
            .values(revoked_at=at, revoked_by=by)
        )
        return done.rowcount == 1

    async def note_use(self, key_id: UUID, *, at: datetime) -> None:
        """Keep when a key was last used, unless somebody wrote it within the minute."""
        used = col(ApiKeyRow.last_used_at)
        await self._connection.execute(
            update(ApiKeyRow)
            .where(col(ApiKeyRow.key_id) == key_id, or_(used.is_(None), used <= at - USE_NOTED_EVERY))
            .values(last_used_at=at)
        )
