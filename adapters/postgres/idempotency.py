"""Answers kept under their keys, and the lock by which the twins of one request pass one after the other."""

import hashlib
import json
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.idempotency import IdempotencyKeyRow
from domain.shared.idempotency import Answer, Claim, KeyInProgress, KeyReused


def lock_statement(claim: Claim) -> str:
    """Return what follows a transaction's beginning: hold the claim's lock, waiting no longer than its patience."""
    spelled = json.dumps([int(claim.actor.tenant_id), str(claim.actor.person_id), claim.route, claim.key])
    key = int.from_bytes(hashlib.sha256(f"idempotency:{spelled}".encode()).digest()[:8], "big", signed=True)
    return (
        f"; set local lock_timeout = {int(claim.patience_ms)}; select pg_advisory_xact_lock({key})"
        "; set local lock_timeout to default"
    )


async def kept_answer(connection: AsyncConnection, claim: Claim) -> Answer | None:
    """Return the answer kept under a claim's key.

    Raises:
        KeyReused: the key belongs to a request that said something else.
    """
    found = await connection.execute(
        select(
            col(IdempotencyKeyRow.request_sha256),
            col(IdempotencyKeyRow.status),
            col(IdempotencyKeyRow.headers),
            col(IdempotencyKeyRow.body),
        ).where(
            col(IdempotencyKeyRow.tenant_id) == claim.actor.tenant_id,
            col(IdempotencyKeyRow.person_id) == claim.actor.person_id,
            col(IdempotencyKeyRow.route) == claim.route,
            col(IdempotencyKeyRow.key) == claim.key,
        )
    )
    row = found.mappings().first()
    if row is None:
        return None
    if row["request_sha256"] != claim.request_sha256:
        raise KeyReused
    return Answer(
        status=row["status"],
        headers=tuple((name, value) for name, value in json.loads(row["headers"])),
        body=row["body"],
    )


async def keep_answer(connection: AsyncConnection, claim: Claim, answer: Answer) -> None:
    """Write an answer beside the effect it tells of.

    Raises:
        KeyInProgress: there is one already.
    """
    try:
        await connection.execute(
            insert(IdempotencyKeyRow).values(
                tenant_id=claim.actor.tenant_id,
                person_id=claim.actor.person_id,
                route=claim.route,
                key=claim.key,
                request_sha256=claim.request_sha256,
                status=answer.status,
                headers=json.dumps(answer.headers),
                body=answer.body,
                answered_at=claim.now,
            )
        )
    except IntegrityError as error:
        raise KeyInProgress from error


class PostgresAnswers:
    """Answers kept under their keys."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def sweep(self, *, before: datetime) -> int:
        """Forget answers given before an instant; return how many."""
        gone = await self._connection.execute(
            delete(IdempotencyKeyRow).where(col(IdempotencyKeyRow.answered_at) < before)
        )
        return gone.rowcount
