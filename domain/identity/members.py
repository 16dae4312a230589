"""Organisations and their people: who is invited, joins, changes role, goes and comes back."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.identity.errors import (
    InvitationOver,
    InvitationUnknown,
    LastAdmin,
    MemberUnknown,
    TenantUnknown,
)
from domain.identity.membership import (
    INVITATION_LASTS,
    READERS,
    ChangeKind,
    Invitation,
    Member,
    MemberChange,
    manages,
    member_version,
    require_another,
    require_change,
    require_fit,
    require_gift,
    require_manager,
)
from domain.identity.model import Person, Tenant
from domain.identity.ports import BreachedPasswords, MemberWork, Passwords, Tokens
from domain.identity.usecases import check_new_password
from domain.shared.actor import COMPLEX_STAFF, SYSTEM, Actor, Role, on_behalf_of
from domain.shared.canonical import sha256
from domain.shared.identifiers import Ids, PersonId, TenantId
from domain.shared.time import Clock
from domain.shared.unit import Unit
from domain.shared.versions import ANY, Expected

_PEOPLE_LOCK = "people"
"""One change of people at a time: two administrators who remove each other must meet."""


# ── looking ──


async def list_organisations(
    actor: Actor, *, after: TenantId | None, limit: int, unit: Unit[MemberWork]
) -> tuple[Tenant, ...]:
    """Return organisations by number: all for the complex's staff, the own one for a tenant's administrator."""
    actor.require(*READERS, *COMPLEX_STAFF)
    async with unit(actor) as work:
        if actor.is_complex:
            return await work.members.organisations(after=after, limit=limit)
        own = await work.parties.one(actor.tenant_id)
    return () if after is not None and after >= own.tenant_id else (own,)


async def list_members(
    actor: Actor, *, tenant_id: TenantId | None, after: PersonId | None, limit: int, unit: Unit[MemberWork]
) -> tuple[Member, ...]:
    """Return members, newest first; a tenant's administrator sees the own organisation's whoever is asked for."""
    actor.require(*READERS)
    whose = actor.tenant_id if actor.is_tenant else tenant_id
    async with unit(actor) as work:
        return await work.members.page(tenant_id=whose, after=after, limit=limit)


async def show_member(
    actor: Actor, person_id: PersonId, *, unit: Unit[MemberWork]
) -> tuple[Member, tuple[MemberChange, ...]]:
    """Return a member with everything that was changed about them.

    Raises:
        MemberUnknown: there is none, or they belong to another organisation.
    """
    actor.require(*READERS)
    async with unit(actor) as work:
        member = await work.members.one(person_id)
        if not manages(actor, member.tenant_id):
            raise MemberUnknown
        return member, await work.members.changes(person_id)


async def list_invitations(
    actor: Actor, *, tenant_id: TenantId | None, after: UUID | None, limit: int, unit: Unit[MemberWork]
) -> tuple[Invitation, ...]:
    """Return invitations, newest first, used and withdrawn ones as well."""
    actor.require(*READERS)
    whose = actor.tenant_id if actor.is_tenant else tenant_id
    async with unit(actor) as work:
        return await work.invitations.page(tenant_id=whose, after=after, limit=limit)


# ── inviting ──


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """A place for somebody; `for_whom` is a note for those who manage, shown to nobody else."""

    actor: Actor
    tenant_id: TenantId
    role: Role
    for_whom: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An invitation and its token, shown this once."""

    invitation: Invitation
    token: str


async def invite(wish: Invite, *, unit: Unit[MemberWork], tokens: Tokens, ids: Ids, clock: Clock) -> Invited:
    """Keep a place in an organisation for a week.

    Raises:
        RoleNotEnough: the actor manages nobody.
        TenantUnknown: there is no such organisation, or it is not the actor's.
        RoleDoesNotFit: the organisation's kind has no such role.
        RoleBeyondYours: the role is not the actor's to give.
    """
    actor = wish.actor
    require_manager(actor)
    require_gift(actor, wish.role)
    if not manages(actor, wish.tenant_id):
        raise TenantUnknown
    token, now = tokens.new(), clock.now()
    async with unit(actor) as work:
        require_fit(wish.role, (await work.parties.one(wish.tenant_id)).kind)
        invitation = Invitation(
            invitation_id=ids.new(),
            tenant_id=wish.tenant_id,
            role=wish.role,
            for_whom=wish.for_whom,
            token_sha256=sha256(token),
            invited_by=actor.person_id,
            invited_at=now,
            expires_at=now + INVITATION_LASTS,
        )
        await work.invitations.add(invitation)
        await work.commit()
    return Invited(invitation=invitation, token=token)


async def withdraw_invitation(
    actor: Actor, invitation_id: UUID, *, unit: Unit[MemberWork], clock: Clock, expected: Expected = ANY
) -> None:
    """Take an invitation back.

    Raises:
        InvitationUnknown: there is none, or it is another organisation's.
        InvitationOver: it was used or withdrawn before.
        VersionStale: it is not in the state that was expected.
    """
    require_manager(actor)
    async with unit(actor) as work:
        found = await work.invitations.one(invitation_id)
        if found is None or not manages(actor, found.tenant_id):
            raise InvitationUnknown
        expected.require(found.version)
        if not await work.invitations.withdraw(invitation_id, at=clock.now()):
            raise InvitationOver
        await work.commit()


async def read_invitation(token: str, *, unit: Unit[MemberWork], clock: Clock) -> tuple[Invitation, Tenant]:
    """Return what a token invites to.

    Raises:
        InvitationUnknown: the token opens none that may still be taken.
    """
    async with unit(SYSTEM) as work:
        found = await work.invitations.find(sha256(token))
        if found is None or not found.stands(clock.now()):
            raise InvitationUnknown
        return found, await work.parties.one(found.tenant_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptInvitation:
    """What the invited person says of themselves."""

    token: str
    sign_in_name: str
    printed_name: str
    password: str


async def accept_invitation(
    wish: AcceptInvitation,
    *,
    unit: Unit[MemberWork],
    passwords: Passwords,
    ids: Ids,
    clock: Clock,
    breached: BreachedPasswords | None = None,
) -> Member:
    """Let the invited person join, with the role they were invited to. An invitation is good for one person.

    Raises:
        InvitationUnknown: the token opens none that may still be taken.
        PasswordTooWeak: the password is too short or too long.
        PasswordHoldsName: it holds one of the names.
        PasswordTooCommon: it is easily guessed, or known from a breach.
        SignInNameTaken: somebody else has the name; the invitation stands.
    """
    _, party = await read_invitation(wish.token, unit=unit, clock=clock)  # strangers do not make us hash
    names = (wish.sign_in_name, wish.printed_name, party.name_ko, party.name_en)
    await check_new_password(wish.password, names=names, breached=breached)
    password_hash = await passwords.hash(wish.password)
    now = clock.now()
    async with unit(SYSTEM) as work:
        found = await work.invitations.find(sha256(wish.token))
        if found is None or not found.stands(now):
            raise InvitationUnknown
        person = Person(
            person_id=PersonId(ids.new()),
            tenant_id=found.tenant_id,
            sign_in_name=wish.sign_in_name,
            printed_name=wish.printed_name,
            role=found.role,
            password_hash=password_hash,
            active=True,
        )
        await work.people.add(person)
        if not await work.invitations.take(found.invitation_id, person_id=person.person_id, at=now):
            raise InvitationUnknown
        member = await work.members.one(person.person_id)
        await work.members.note(_joined(member, ids.new(), by=found.invited_by, by_name="", at=now))
        await work.commit()
    return member


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMember:
    """Somebody who signs in from now on, without an invitation."""

    tenant_id: TenantId
    sign_in_name: str
    printed_name: str
    role: Role
    password: str


async def add_member(
    wish: AddMember,
    *,
    unit: Unit[MemberWork],
    passwords: Passwords,
    ids: Ids,
    clock: Clock,
    breached: BreachedPasswords | None = None,
) -> Member:
    """Let somebody sign in, in the system's name: the first people of an installation, whom nobody could invite.

    Raises:
        PasswordTooWeak: the password has fewer than 12 or more than 256 characters.
        PasswordHoldsName: it holds the sign-in name, the person's or the organisation's.
        PasswordTooCommon: it is easily guessed, or known from a breach.
        TenantUnknown: there is no such party.
        RoleDoesNotFit: the party's kind has no such role.
        SignInNameTaken: somebody else has the name.
    """
    async with unit(SYSTEM) as work:
        party = await work.parties.one(wish.tenant_id)
    require_fit(wish.role, party.kind)
    names = (wish.sign_in_name, wish.printed_name, party.name_ko, party.name_en)
    await check_new_password(wish.password, names=names, breached=breached)
    password_hash = await passwords.hash(wish.password)
    person_id = PersonId(ids.new())
    async with unit(SYSTEM) as work:
        await work.people.add(
            Person(
                person_id=person_id,
                tenant_id=wish.tenant_id,
                sign_in_name=wish.sign_in_name,
                printed_name=wish.printed_name,
                role=wish.role,
                password_hash=password_hash,
                active=True,
            )
        )
        member = await work.members.one(person_id)
        joined = _joined(member, ids.new(), by=SYSTEM.person_id, by_name=SYSTEM.name, at=clock.now())
        await work.members.note(joined)
        await work.commit()
    return member


def _joined(member: Member, change_id: UUID, *, by: PersonId, by_name: str, at: datetime) -> MemberChange:
    return MemberChange(
        change_id=change_id,
        tenant_id=member.tenant_id,
        person_id=member.person_id,
        kind=ChangeKind.JOINED,
        role_before=None,
        role_after=member.role,
        reason="",
        changed_by=by,
        changed_by_name=by_name,
        changed_at=at,
    )


# ── changing ──


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMember:
    """A change of one member; the reason stays in their history, `expected` is the state it is meant for."""

    actor: Actor
    person_id: PersonId
    reason: str
    expected: Expected = ANY


async def change_role(wish: ChangeMember, role: Role, *, unit: Unit[MemberWork], ids: Ids, clock: Clock) -> Member:
    """Give a member another role and end their sessions, so that no session keeps the old one.

    Raises:
        RoleNotEnough: the actor manages nobody.
        MemberUnknown: there is no such member, or not one of the actor's.
        NotByYourself: the member is the actor.
        RoleDoesNotFit: the organisation's kind has no such role.
        RoleBeyondYours: the old or the new role is not the actor's to give.
        LastAdmin: they are the last active administrator.
        VersionStale: somebody changed them since the actor looked.
        MemberUnchanged: they have the role.
    """
    return await _change(wish, ChangeKind.ROLE, role=role, unit=unit, ids=ids, now=clock.now())


async def deactivate(wish: ChangeMember, *, unit: Unit[MemberWork], ids: Ids, clock: Clock) -> Member:
    """Let a member sign in no more, and end all their sessions at once.

    Raises:
        RoleNotEnough: the actor manages nobody.
        MemberUnknown: there is no such member, or not one of the actor's.
        NotByYourself: the member is the actor.
        LastAdmin: they are the last active administrator.
        VersionStale: somebody changed them since the actor looked.
        MemberUnchanged: they are out already.
    """
    return await _change(wish, ChangeKind.DEACTIVATED, role=None, unit=unit, ids=ids, now=clock.now())


async def reactivate(wish: ChangeMember, *, unit: Unit[MemberWork], ids: Ids, clock: Clock) -> Member:
    """Let a member sign in again.

    Raises:
        RoleNotEnough: the actor manages nobody.
        MemberUnknown: there is no such member, or not one of the actor's.
        MemberUnchanged: they are in already.
    """
    return await _change(wish, ChangeKind.REACTIVATED, role=None, unit=unit, ids=ids, now=clock.now())


async def hold_people(work: MemberWork) -> None:
    """Wait for one's turn to change people."""
    await work.locks.hold(_PEOPLE_LOCK)


async def _change(
    wish: ChangeMember, kind: ChangeKind, *, role: Role | None, unit: Unit[MemberWork], ids: Ids, now: datetime
) -> Member:
    actor = wish.actor
    require_manager(actor)
    require_another(actor, wish.person_id)
    async with unit(actor) as work:  # the store's own reach decides first whose member this is
        if not manages(actor, (await work.members.one(wish.person_id)).tenant_id):
            raise MemberUnknown
    # Sessions are nobody's to read: the system ends them in the same transaction.
    async with unit(on_behalf_of(actor)) as work:
        await hold_people(work)
        before = await work.members.one(wish.person_id)
        wish.expected.require(member_version(before, len(await work.members.changes(wish.person_id))))
        after = replace(before, role=role or before.role, active=kind is not ChangeKind.DEACTIVATED)
        if kind is ChangeKind.ROLE:
            after = replace(after, active=before.active)
            require_fit(after.role, (await work.parties.one(before.tenant_id)).kind)
            require_gift(actor, after.role)
        require_gift(actor, before.role)
        require_change(after != before)
        loses = before.active and before.role is Role.ADMIN and not (after.active and after.role is Role.ADMIN)
        if loses and await work.members.active(Role.ADMIN, in_complex_of=before.tenant_id) < 2:
            raise LastAdmin
        await work.members.change(after)
        if kind is not ChangeKind.REACTIVATED:
            await work.members.end_sessions(before.person_id)
        await work.members.note(
            MemberChange(
                change_id=ids.new(),
                tenant_id=before.tenant_id,
                person_id=before.person_id,
                kind=kind,
                role_before=before.role,
                role_after=after.role,
                reason=wish.reason,
                changed_by=actor.person_id,
                changed_by_name=actor.name,
                changed_at=now,
            )
        )
        await work.commit()
    return after


# ── organisations ──


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOrganisation:
    """An organisation as it is printed on documents; it comes into the complex of whoever registers it."""

    actor: Actor
    organisation: Tenant


async def add_organisation(wish: AddOrganisation, *, unit: Unit[MemberWork]) -> Tenant:
    """Register an organisation of the complex.

    Raises:
        RoleNotEnough: only an administrator of the complex registers organisations.
        TenantNumberTaken: another organisation has the number.
    """
    wish.actor.require(Role.ADMIN, Role.SYSTEM)
    require_manager(wish.actor)
    within = wish.actor.complex_reach
    added = wish.organisation if within is None else replace(wish.organisation, complex_id=within.complex_id)
    async with unit(wish.actor) as work:
        await work.parties.add(added)
        await work.commit()
    return added
