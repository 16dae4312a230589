"""Buckets of quotas: what is taken is gone until time fills it again, whoever takes."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.work import PostgresUnit
from domain.shared.actor import SYSTEM
from domain.shared.identifiers import TenantId
from domain.shared.quotas import Bucket, Kind, Quota, Taken

BUCKET = Bucket(tenant_id=TenantId(11), holder="*", kind=Kind.LOOKS)
STILL = Quota(rate_per_s=0, burst=10, batch=7)


async def take(unit: PostgresUnit, want: int, quota: Quota = STILL, bucket: Bucket = BUCKET) -> Taken:
    async with unit(SYSTEM) as work:
        taken = await work.buckets.take(bucket, want=want, quota=quota)
        await work.commit()
    return taken


async def test_a_bucket_gives_what_is_in_it_and_then_nothing(postgres_unit: PostgresUnit) -> None:
    assert await take(postgres_unit, 7) == Taken(granted=7, left=3)
    assert await take(postgres_unit, 7) == Taken(granted=3, left=0)
    assert await take(postgres_unit, 7) == Taken(granted=0, left=0)


async def test_a_bucket_fills_with_time_and_never_above_its_brim(
    postgres_unit: PostgresUnit, engine: AsyncEngine
) -> None:
    filling = Quota(rate_per_s=1, burst=10, batch=7)
    await take(postgres_unit, 10, filling)
    async with engine.begin() as connection:
        await connection.execute(text("update sunhwan.quota_bucket set filled_at = now() - interval '1 day'"))

    assert await take(postgres_unit, 1, filling) == Taken(granted=1, left=9)


async def test_buckets_of_others_and_of_other_kinds_are_their_own(postgres_unit: PostgresUnit) -> None:
    await take(postgres_unit, 10)

    for other in (
        Bucket(tenant_id=TenantId(12), holder="*", kind=Kind.LOOKS),
        Bucket(tenant_id=TenantId(11), holder="somebody", kind=Kind.LOOKS),
        Bucket(tenant_id=TenantId(11), holder="*", kind=Kind.CHANGES),
    ):
        assert await take(postgres_unit, 1, bucket=other) == Taken(granted=1, left=9)


async def test_many_who_take_at_once_never_get_more_than_there_is(postgres_unit: PostgresUnit) -> None:
    many = await asyncio.gather(*(take(postgres_unit, 3) for _ in range(12)))

    assert sum(taken.granted for taken in many) == 10
