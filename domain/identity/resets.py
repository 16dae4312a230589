"""Letting somebody in again who lost the password or the second factor: a link by an administrator, good once."""

from dataclasses import dataclass
from datetime import timedelta

from domain.identity.errors import Account, MemberUnknown, ResetUnknown
from domain.identity.members import ChangeMember, hold_people
from domain.identity.membership import (
    ChangeKind,
    MemberChange,
    manages,
    member_version,
    require_another,
    require_gift,
    require_manager,
)
from domain.identity.model import Ticket, TicketKind
from domain.identity.ports import MemberWork
from domain.identity.usecases import Desk, check_new_password
from domain.shared.actor import DOOR, SYSTEM, on_behalf_of
from domain.shared.canonical import sha256
from domain.shared.unit import Unit

LINK_LASTS = timedelta(hours=24)
_FACTORS = "factors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """A link's token, shown this once, and the account it opens."""

    token: str
    account: Account


async def begin_reset(wish: ChangeMember, *, second_factor_too: bool, unit: Unit[MemberWork], desk: Desk) -> Reset:
    """End all of a member's sessions and make the link by which they choose a new password within a day.

    With `second_factor_too` the link also takes their authenticator, passkeys and recovery codes away. An older link
    opens nothing any more. The member's history keeps who did it and why.

    Raises:
        RoleNotEnough: the actor manages nobody.
        MemberUnknown: there is no such member, not one of the actor's, or they are shut out.
        NotByYourself: the member is the actor.
        RoleBeyondYours: the member's role is not the actor's to give.
        VersionStale: somebody changed them since the actor looked.
    """
    actor, now = wish.actor, desk.clock.now()
    require_manager(actor)
    require_another(actor, wish.person_id)
    async with unit(actor) as work:  # the store's own reach decides first whose member this is
        if not manages(actor, (await work.members.one(wish.person_id)).tenant_id):
            raise MemberUnknown
    async with unit(on_behalf_of(actor)) as work:  # sessions are nobody's to read
        await hold_people(work)
        member = await work.members.one(wish.person_id)
        wish.expected.require(member_version(member, len(await work.members.changes(wish.person_id))))
        require_gift(actor, member.role)
        if not member.active:
            raise MemberUnknown
        await work.members.end_sessions(member.person_id)
        await work.members.note(
            MemberChange(
                change_id=desk.ids.new(),
                tenant_id=member.tenant_id,
                person_id=member.person_id,
                kind=ChangeKind.RESET,
                role_before=member.role,
                role_after=member.role,
                reason=wish.reason,
                changed_by=actor.person_id,
                changed_by_name=actor.name,
                changed_at=now,
            )
        )
        await work.commit()
    token = desk.tokens.new()
    async with desk.unit(DOOR) as door:
        await door.tickets.drop(member.person_id, kind=TicketKind.RESET)
        await door.tickets.add(
            Ticket(
                token_sha256=sha256(token),
                kind=TicketKind.RESET,
                person_id=member.person_id,
                payload=_FACTORS if second_factor_too else "",
                expires_at=now + LINK_LASTS,
            ),
            now=now,
        )
        await door.commit()
    return Reset(token=token, account=Account(person_id=member.person_id, tenant_id=member.tenant_id))


async def read_reset(token: str, *, desk: Desk) -> str:
    """Return the sign-in name of the account that a link opens.

    Raises:
        ResetUnknown: the link was used, is over, or never was.
    """
    async with desk.unit(DOOR) as work:
        found = await work.tickets.find(sha256(token), kind=TicketKind.RESET, now=desk.clock.now())
        person = None if found is None or found.person_id is None else await work.people.one(found.person_id)
    if person is None or not person.active:
        raise ResetUnknown
    return person.sign_in_name


async def finish_reset(token: str, password: str, *, desk: Desk) -> Account:
    """Give the account a new password, end what is still open of it, and use the link up.

    Raises:
        ResetUnknown: the link was used, is over, or never was.
        PasswordTooWeak: the password has fewer than 12 or more than 256 characters; the link stands.
        PasswordHoldsName: it holds one of the names; the link stands.
        PasswordTooCommon: it is easily guessed, or known from a breach; the link stands.
    """
    name = await read_reset(token, desk=desk)  # strangers do not make us hash
    async with desk.unit(DOOR) as work:
        person = await work.people.named(name)
    if person is None:
        raise ResetUnknown
    async with desk.unit(SYSTEM) as work:
        party = await work.parties.one(person.tenant_id)
    names = (person.sign_in_name, person.printed_name, party.name_ko, party.name_en)
    await check_new_password(password, names=names, breached=desk.breached)
    password_hash = await desk.passwords.hash(password)
    async with desk.unit(DOOR) as work:
        taken = await work.tickets.take(sha256(token), kind=TicketKind.RESET, now=desk.clock.now())
        if taken is None or taken.person_id != person.person_id:
            raise ResetUnknown
        await work.people.set_password(person.person_id, password_hash)
        await work.sessions.close_all(person.person_id)
        if taken.payload == _FACTORS:
            await work.second_factors.drop_totp(person.person_id)
            for passkey in await work.second_factors.passkeys(person.person_id):
                await work.second_factors.drop_passkey(person.person_id, passkey.credential_id)
            await work.second_factors.replace_recovery_codes(person.person_id, ())
        await work.commit()
    return Account(person_id=person.person_id, tenant_id=person.tenant_id)
