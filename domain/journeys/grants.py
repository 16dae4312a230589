"""Letting an owner, an authority or a recycler look at one pack, and ending it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.identity.model import PartyKind
from domain.journeys.ports import JourneyWork
from domain.passport.errors import GranteeUnfit, GrantOver, GrantPeriodEmpty, GrantUnknown
from domain.passport.grants import PackGrant
from domain.shared.actor import COMPLEX_STAFF, Actor, Role
from domain.shared.identifiers import Ids, PackId, TenantId
from domain.shared.time import Clock
from domain.shared.unit import Unit
from domain.shared.versions import ANY, Expected

LASTS_MAX = timedelta(days=3660)
LISTED_MAX = 200

_GRANTEES = (PartyKind.OWNER, PartyKind.AUTHORITY, PartyKind.RECYCLER)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantAccess:
    """A pack, who may look at it, from when until when, and why."""

    actor: Actor
    pack_id: PackId
    tenant_id: TenantId
    from_at: datetime
    until_at: datetime
    reason: str


async def grant_access(wish: GrantAccess, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> PackGrant:
    """Let an organisation look at a pack.

    Raises:
        RoleNotEnough: only an operator grants.
        PackUnknown: there is no such pack.
        TenantUnknown: there is no such organisation.
        GranteeUnfit: the organisation is neither an owner, an authority nor a recycler.
        GrantPeriodEmpty: the period ends before it begins, is over, or lasts more than ten years.
    """
    wish.actor.require(Role.OPERATOR)
    now = clock.now()
    if not max(wish.from_at, now) < wish.until_at or wish.until_at - wish.from_at > LASTS_MAX:
        raise GrantPeriodEmpty
    if wish.until_at - now > 2 * LASTS_MAX or now - wish.from_at > LASTS_MAX:
        raise GrantPeriodEmpty  # far ends of the calendar have no meaning here, and no place in a store
    async with unit(wish.actor) as work:
        await work.packs.one(wish.pack_id)
        if (await work.parties.one(wish.tenant_id)).kind not in _GRANTEES:
            raise GranteeUnfit
        grant = PackGrant(
            grant_id=ids.new(),
            tenant_id=wish.tenant_id,
            pack_id=wish.pack_id,
            from_at=wish.from_at,
            until_at=wish.until_at,
            reason=wish.reason,
            granted_by=wish.actor.person_id,
            granted_by_name=wish.actor.name,
            granted_at=now,
        )
        await work.grants.add(grant)
        await work.commit()
    return grant


async def list_grants(actor: Actor, pack_id: PackId, *, unit: Unit[JourneyWork]) -> tuple[PackGrant, ...]:
    """Return everybody who may or might look at a pack, newest first, those that are over as well.

    Raises:
        RoleNotEnough: the complex's staff only.
        PackUnknown: there is no such pack.
    """
    actor.require(*COMPLEX_STAFF)
    async with unit(actor) as work:
        await work.packs.one(pack_id)
        return await work.grants.of_pack(pack_id, limit=LISTED_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeGrant:
    """A grant to be ended, and why; `expected` is the state it is meant for."""

    actor: Actor
    pack_id: PackId
    grant_id: UUID
    reason: str
    expected: Expected = ANY


async def revoke_grant(wish: RevokeGrant, *, unit: Unit[JourneyWork], clock: Clock) -> PackGrant:
    """End a grant at once.

    Raises:
        RoleNotEnough: only an operator revokes.
        GrantUnknown: the pack has no such grant.
        GrantOver: it was revoked before.
        VersionStale: it is not in the state that was expected.
    """
    wish.actor.require(Role.OPERATOR)
    async with unit(wish.actor) as work:
        found = next(
            (one for one in await work.grants.of_pack(wish.pack_id, limit=LISTED_MAX) if one.grant_id == wish.grant_id),
            None,
        )
        if found is None:
            raise GrantUnknown
        wish.expected.require(found.version)
        revoked = await work.grants.revoke(found, at=clock.now(), by=wish.actor.person_id, reason=wish.reason)
        if revoked is None:
            raise GrantOver
        await work.commit()
    return revoked
