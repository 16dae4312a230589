"""Who holds what a request carries, told by the database in one trip (docs/decisions/0020-who-asks-in-one-trip.md)."""

from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.identity import to_complex_reach, to_session
from adapters.postgres.keys import to_key
from adapters.postgres.tables.base import SCHEMA
from adapters.postgres.transaction import lent_driver
from domain.identity.keyring import ApiKey
from domain.identity.model import Holder
from domain.shared.actor import Actor, ComplexReach, Role

_SESSION = f"select * from {SCHEMA}.session_holder($1, $2, $3)"  # noqa: S608  (a constant)
_KEY = f"select * from {SCHEMA}.key_holder($1)"  # noqa: S608  (a constant)


class PostgresRecognition:
    """Asks functions that tell themselves how far to reach, for the one question; the connection reaches nothing."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of_session(self, token_sha256: bytes, *, now: datetime, seen_since: datetime) -> Holder | None:
        """Return the active person who holds a session's token, and the session, by three primary keys."""
        row = await self._ask(_SESSION, token_sha256, now, seen_since)
        if row is None:
            return None
        session = to_session(row)
        actor = Actor(
            person_id=session.person_id,
            name=row["printed_name"],
            role=Role(row["role"]),
            tenant_id=session.tenant_id,
            confirmed_at=session.confirmed_at,
            complex_reach=to_complex_reach(row),
        )
        return Holder(actor=actor, session=session)

    async def of_key(self, key_id: UUID) -> tuple[ApiKey, ComplexReach | None] | None:
        """Return a key, and how far it reaches where it stands for a complex's staff."""
        row = await self._ask(_KEY, key_id)
        return None if row is None else (to_key(row), to_complex_reach(row))

    async def _ask(self, question: str, *told: object) -> asyncpg.Record | None:
        async with lent_driver(self._engine) as driver:
            return await driver.fetchrow(question, *told)
