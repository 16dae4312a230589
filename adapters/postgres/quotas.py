"""Buckets of quotas: one short statement fills and takes; the database's clock is every process's."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.shared.quotas import Bucket, Quota, Taken

_AVAILABLE = """least(
    cast(:burst as bigint),
    quota_bucket.tokens + floor(
        greatest(0, extract(epoch from statement_timestamp() - quota_bucket.filled_at)) * cast(:rate as bigint)
    )::bigint
)"""

_TAKE = text(
    f"""
    insert into sunhwan.quota_bucket as quota_bucket (tenant_id, holder, kind, tokens, granted, filled_at)
    values (
        :tenant_id, :holder, :kind,
        cast(:burst as bigint) - least(cast(:burst as bigint), cast(:want as bigint)),
        least(cast(:burst as bigint), cast(:want as bigint)),
        statement_timestamp()
    )
    on conflict (tenant_id, holder, kind) do update set
        tokens = {_AVAILABLE} - least({_AVAILABLE}, cast(:want as bigint)),
        granted = least({_AVAILABLE}, cast(:want as bigint)),
        filled_at = statement_timestamp()
    returning granted, tokens
    """  # noqa: S608  (only our own text is written in)
)


class PostgresBuckets:
    """Every process's buckets."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take(self, bucket: Bucket, *, want: int, quota: Quota) -> Taken:
        """Take up to `want` from a bucket after filling it for the time that passed; one that is new is full."""
        found = await self._connection.execute(
            _TAKE,
            {
                "tenant_id": bucket.tenant_id,
                "holder": bucket.holder,
                "kind": bucket.kind.value,
                "want": want,
                "burst": quota.burst,
                "rate": quota.rate_per_s,
            },
        )
        row = found.mappings().one()
        return Taken(granted=row["granted"], left=row["tokens"])
