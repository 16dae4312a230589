"""Quotas at the doors: each process takes from the shared buckets in batches, so that most requests ask nobody."""

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Network, ip_address
from types import MappingProxyType
from typing import Any

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from app.http.callers import caller_of
from app.http.identity import actor_of
from app.ports import Ports
from domain.shared.actor import SYSTEM, Actor
from domain.shared.identifiers import TenantId
from domain.shared.quotas import Bucket, Kind, Quota, QuotaExceeded

METERS = "sunhwan.meters"
_STANDING = "sunhwan.quota"
_LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
_BUCKETS_MAX = 10_000
_ASK_AGAIN_S = 1.0
"""A bucket that was found empty is not asked again for so long: refusing must cost nothing."""

QUOTAS: Mapping[Kind, Quota] = MappingProxyType(
    {
        Kind.LOOKS: Quota(rate_per_s=50, burst=1_200, batch=50),
        Kind.CHANGES: Quota(rate_per_s=10, burst=300, batch=20),
        Kind.VALUES: Quota(rate_per_s=100_000, burst=20_000_000, batch=1_000_000),
        Kind.STRANGERS: Quota(rate_per_s=1, burst=120, batch=5),
    }
)
"""One sender's quotas: a person's, or a key's; and those of one address for what it sends without a sign-in."""

ORGANISATIONS_SHARE = 4
"""A whole organisation has so many senders' quotas."""


class Meters:
    """What this process may still give out, bucket by bucket."""

    def __init__(self, quotas: Mapping[Kind, Quota] = QUOTAS) -> None:
        self._quotas = quotas
        self._left: dict[Bucket, int] = {}
        self._empty_until: dict[Bucket, tuple[float, int]] = {}

    async def spend(self, actor: Actor, kind: Kind, ports: Ports) -> dict[str, int]:
        """Spend one of a sender's and of its organisation's; return what the answer's headers say.

        Raises:
            QuotaExceeded: a bucket is empty; the facts say when to come back.
        """
        own, all_of = self._buckets(actor, kind)
        quota = self._quotas[kind]
        remaining = await self._spend(own, quota, ports)
        await self._spend(all_of, _times(quota, ORGANISATIONS_SHARE), ports)
        return {"Limit": quota.burst, "Remaining": max(0, remaining), "Reset": math.ceil(1 / quota.rate_per_s)}

    async def spend_of_address(self, address: str, ports: Ports) -> None:
        """Spend one of those who send something from an address without having signed in.

        Raises:
            QuotaExceeded: the address sent more than its share.
        """
        bucket = Bucket(tenant_id=TenantId(0), holder=shelf_of(address), kind=Kind.STRANGERS)
        await self._spend(bucket, self._quotas[Kind.STRANGERS], ports)

    def charge(self, actor: Actor, kind: Kind, cost: int) -> None:
        """Charge what a request turned out to cost; whoever owes waits until it is paid."""
        for bucket in self._buckets(actor, kind):
            self._left[bucket] = self._left.get(bucket, 0) - cost

    @staticmethod
    def _buckets(actor: Actor, kind: Kind) -> tuple[Bucket, Bucket]:
        return (
            Bucket(tenant_id=actor.tenant_id, holder=str(actor.person_id), kind=kind),
            Bucket(tenant_id=actor.tenant_id, holder="*", kind=kind),
        )

    async def _spend(self, bucket: Bucket, quota: Quota, ports: Ports) -> int:
        if self._left.get(bucket, 0) < 1:
            await self._fetch(bucket, quota, ports)
        self._left[bucket] -= 1
        return self._left[bucket]

    async def _fetch(self, bucket: Bucket, quota: Quota, ports: Ports) -> None:
        until, wait_s = self._empty_until.get(bucket, (0.0, 1))
        if until > time.monotonic():
            raise QuotaExceeded(of=bucket.kind.value, retry_after_s=wait_s)
        if len(self._left) >= _BUCKETS_MAX:
            self._left = {known: left for known, left in self._left.items() if left < 0}
            self._empty_until.clear()
        async with ports.unit(SYSTEM) as work:
            taken = await work.buckets.take(bucket, want=quota.batch - min(0, self._left.get(bucket, 0)), quota=quota)
            await work.commit()
        self._left[bucket] = left = self._left.get(bucket, 0) + taken.granted
        if left < 1:
            wait_s = math.ceil((1 - left) / quota.rate_per_s)
            self._empty_until[bucket] = (time.monotonic() + min(_ASK_AGAIN_S, wait_s), wait_s)
            raise QuotaExceeded(of=bucket.kind.value, retry_after_s=wait_s)


SHELVES = 65_536


def shelf_of(address: str) -> str:
    """Return which bucket an address shares: there are so many and no more, and none of them holds an address.

    Whoever has one address of the newer kind has the 64 bits behind it as well, so these share one.
    """
    near: str | IPv4Address | IPv6Network = address
    with suppress(ValueError):  # what is no address stands for itself
        told = ip_address(address)
        near = told if isinstance(told, IPv4Address) else IPv6Network((told, 64), strict=False)
    return f"shelf-{int.from_bytes(sha256(str(near).encode()).digest()[:8], 'big') % SHELVES}"


def _times(quota: Quota, share: int) -> Quota:
    return Quota(rate_per_s=quota.rate_per_s * share, burst=quota.burst * share, batch=quota.batch * share)


async def keep_quota(request: Request[Any, Any, Any]) -> None:
    """Count a request of somebody who signed in, and what strangers send: a file to look at, a password to hash.

    What strangers look at shares what load shedding leaves them.

    Raises:
        QuotaExceeded: the sender, its organisation or its address asked for more than its share.
    """
    meters: Meters | None = request.app.state.get(METERS)
    if meters is None:
        return
    actor = await actor_of(request)
    if actor is None:
        if request.method not in _LOOKING:
            await meters.spend_of_address(caller_of(request), request.app.state["ports"])
        return
    kind = Kind.LOOKS if request.method in _LOOKING else Kind.CHANGES
    if getattr(request.route_handler, "operation_id", None) in ("SendReadings", "SendTelemetry"):
        kind = Kind.VALUES
    ports: Ports = request.app.state["ports"]
    request.scope["state"][_STANDING] = await meters.spend(actor, kind, ports)


def charge_values(request: Request[Any, Any, Any], actor: Actor, values: int) -> None:
    """Charge the values that a body of readings turned out to hold."""
    meters: Meters | None = request.app.state.get(METERS)
    if meters is not None:
        meters.charge(actor, Kind.VALUES, values)


async def quota_headers(message: Message, scope: Scope) -> None:
    """Add what is left of the sender's quota to the answer."""
    standing: dict[str, int] | None = scope["state"].get(_STANDING)
    if message["type"] == "http.response.start" and standing is not None:
        headers = MutableScopeHeaders.from_message(message)
        for name, value in standing.items():
            headers.setdefault(f"RateLimit-{name}", str(value))
