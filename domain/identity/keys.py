"""Keys for machines: made, shown once, found in one look, rotated with an overlap, revoked."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from domain.identity.errors import KeyLastsTooLong, KeyOver, KeyUnknown, NotSignedIn, TenantUnknown
from domain.identity.keyring import (
    DAYS_DEFAULT,
    DAYS_MAX,
    OVERLAP_HOURS_MAX,
    ApiKey,
    expiry,
    key_id_in,
    key_text,
    require_key_role,
    require_scope,
)
from domain.identity.membership import READERS, manages, require_manager
from domain.identity.ports import KeyWork, Recognition, Tokens
from domain.shared.actor import DOOR, Actor, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import Ids, TenantId
from domain.shared.time import Clock
from domain.shared.unit import Unit
from domain.shared.versions import ANY, Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeKey:
    """A key for an organisation's program; None for `sites` or `channels` leaves them all."""

    actor: Actor
    tenant_id: TenantId
    name: str
    role: Role
    sites: tuple[UUID, ...] | None = None
    channels: tuple[int, ...] | None = None
    days: int = DAYS_DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A key and its text, shown this once."""

    key: ApiKey
    text: str


async def make_key(wish: MakeKey, *, unit: Unit[KeyWork], tokens: Tokens, ids: Ids, clock: Clock) -> MadeKey:
    """Make a key.

    Raises:
        RoleNotEnough: the actor manages nobody.
        PeopleOnly: the actor is a program itself.
        TenantUnknown: there is no such organisation, or it is not the actor's.
        KeyNotForMachines: the role takes a person, or the organisation does not have it.
        RoleBeyondYours: the role is not the actor's to give.
        KeyScopeMissing: a device's key names nothing, or a key is narrowed that cannot be.
        KeyLastsTooLong: it would last more than a year.
    """
    actor = wish.actor
    require_manager(actor)
    require_scope(wish.role, sites=wish.sites, channels=wish.channels)
    if not manages(actor, wish.tenant_id):
        raise TenantUnknown
    now = clock.now()
    key_id = ids.new()
    text = key_text(key_id, tokens.new())
    key = ApiKey(
        key_id=key_id,
        tenant_id=wish.tenant_id,
        name=wish.name,
        role=wish.role,
        secret_sha256=sha256(text),
        sites=None if wish.sites is None else tuple(sorted(set(wish.sites))),
        channels=None if wish.channels is None else tuple(sorted(set(wish.channels))),
        made_by=actor.person_id,
        made_at=now,
        expires_at=expiry(now, days=wish.days),
    )
    async with unit(actor) as work:
        require_key_role(actor, wish.role, (await work.parties.one(wish.tenant_id)).kind)
        await work.keys.add(key)
        await work.commit()
    return MadeKey(key=key, text=text)


async def list_keys(
    actor: Actor, *, tenant_id: TenantId | None, after: UUID | None, limit: int, unit: Unit[KeyWork]
) -> tuple[ApiKey, ...]:
    """Return keys, newest first, those that are over as well; a tenant's administrator sees the own ones."""
    actor.require(*READERS)
    whose = actor.tenant_id if actor.is_tenant else tenant_id
    async with unit(actor) as work:
        return await work.keys.page(tenant_id=whose, after=after, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateKey:
    """A key to be replaced; the old one opens for `overlap_hours` more, so that no program stands still."""

    actor: Actor
    key_id: UUID
    overlap_hours: int = 24
    days: int = DAYS_DEFAULT
    expected: Expected = ANY


async def rotate_key(wish: RotateKey, *, unit: Unit[KeyWork], tokens: Tokens, ids: Ids, clock: Clock) -> MadeKey:
    """Make a key's successor with the same role and scope, and let the old one end after the overlap.

    Raises:
        RoleNotEnough: the actor manages nobody.
        KeyUnknown: there is no such key, or it is another organisation's.
        KeyOver: it is revoked, expired or replaced already.
        VersionStale: it is not in the state that was expected.
        KeyLastsTooLong: the overlap is longer than a week, or the new key would last more than a year.
    """
    actor = wish.actor
    require_manager(actor)
    if not 0 <= wish.overlap_hours <= OVERLAP_HOURS_MAX:
        raise KeyLastsTooLong(days_max=DAYS_MAX)
    now = clock.now()
    async with unit(actor) as work:
        old = await _own(wish.key_id, actor=actor, work=work)
        wish.expected.require(old.version)
        if not old.holds(now) or old.retires_at is not None:
            raise KeyOver
        key_id = ids.new()
        text = key_text(key_id, tokens.new())
        key = ApiKey(
            key_id=key_id,
            tenant_id=old.tenant_id,
            name=old.name,
            role=old.role,
            secret_sha256=sha256(text),
            sites=old.sites,
            channels=old.channels,
            made_by=actor.person_id,
            made_at=now,
            expires_at=expiry(now, days=wish.days),
            rotated_from=old.key_id,
        )
        if not await work.keys.retire(old.key_id, at=now + timedelta(hours=wish.overlap_hours)):
            raise KeyOver
        await work.keys.add(key)
        await work.commit()
    return MadeKey(key=key, text=text)


async def show_key(actor: Actor, key_id: UUID, *, unit: Unit[KeyWork]) -> ApiKey:
    """Return one key.

    Raises:
        KeyUnknown: there is no such key, or it is another organisation's.
    """
    actor.require(*READERS)
    async with unit(actor) as work:
        return await _own(key_id, actor=actor, work=work)


async def revoke_key(
    actor: Actor, key_id: UUID, *, unit: Unit[KeyWork], clock: Clock, expected: Expected = ANY
) -> ApiKey:
    """End a key at once, whatever else was said of it.

    Raises:
        RoleNotEnough: the actor manages nobody.
        KeyUnknown: there is no such key, or it is another organisation's.
        KeyOver: it was revoked before.
        VersionStale: it is not in the state that was expected.
    """
    require_manager(actor)
    async with unit(actor) as work:
        expected.require((await _own(key_id, actor=actor, work=work)).version)
        if not await work.keys.revoke(key_id, at=clock.now(), by=actor.person_id):
            raise KeyOver
        revoked = await _own(key_id, actor=actor, work=work)
        await work.commit()
    return revoked


async def _own(key_id: UUID, *, actor: Actor, work: KeyWork) -> ApiKey:
    found = await work.keys.one(key_id)
    if found is None or not manages(actor, found.tenant_id):
        raise KeyUnknown
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder:
    """The program that a key stands for, and whether it came for the first time."""

    actor: Actor
    first_use: bool


async def who_holds(text: str, *, recognition: Recognition, unit: Unit[KeyWork], clock: Clock) -> KeyHolder:
    """Return the program that holds a key: one look, and at most one write a minute.

    Raises:
        NotSignedIn: the text is no key, or the key is revoked, expired or replaced; which is not said.
    """
    key_id = key_id_in(text)
    if key_id is None:
        raise NotSignedIn
    now = clock.now()
    held = await recognition.of_key(key_id)
    if held is None or not held[0].fits(text) or not held[0].holds(now):
        raise NotSignedIn
    key, complex_reach = held
    if key.use_is_news(now):
        async with unit(DOOR) as work:
            await work.keys.note_use(key_id, at=now)
            await work.commit()
    return KeyHolder(actor=replace(key.actor, complex_reach=complex_reach), first_use=key.last_used_at is None)
