"""Signing in and out; the parties and people of the complex."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from domain.identity import pacing, passwords, recovery, totp
from domain.identity.errors import (
    Account,
    ComplexNumberTaken,
    ComplexUnknown,
    NotSignedIn,
    PasskeyRefused,
    PasskeysOff,
    PasswordTooCommon,
    SecondFactorMissing,
    SecondFactorNeeded,
    SecondFactorRefused,
    SignInRefused,
    TicketOver,
    TooManyFailures,
)
from domain.identity.model import (
    Holder,
    IndustrialComplex,
    PartyKind,
    Person,
    Session,
    Tenant,
    Ticket,
    TicketKind,
    Visit,
)
from domain.identity.ports import BreachedPasswords, IdentityWork, Passkeys, Passwords, Recognition, Tokens, Vault
from domain.shared.actor import COMPLEX_STAFF, DOOR, FOUNDING_COMPLEX, SYSTEM, Actor, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import Ids, PersonId, TenantId
from domain.shared.time import Clock
from domain.shared.unit import Unit

SESSION_LASTS = timedelta(hours=12)
SESSION_RESTS_MAX = timedelta(hours=1)
"""A session that nobody used for an hour is over. Source: ASVS 5.0, 7.3.1 and 7.3.2."""

SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is noted this often, so that reading stays reading."""

TICKET_LASTS = timedelta(minutes=5)

SECOND_FACTOR_ROLES = (Role.APPROVER, Role.QUALITY, Role.FINANCE, Role.ADMIN)
"""Who signs in with two factors where the installation asks for it (`SUNHWAN_REQUIRE_SECOND_FACTOR`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every step of signing in needs."""

    unit: Unit[IdentityWork]
    passwords: Passwords
    tokens: Tokens
    ids: Ids
    clock: Clock
    vault: Vault
    breached: BreachedPasswords
    passkeys: Passkeys | None = None
    second_factor_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """The token, shown this once, and the person it stands for."""

    token: str
    person: Person
    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorAsked:
    """The first factor fits; the ticket's holder shows the second. `options` is for the browser's passkey."""

    ticket: str
    passkey_options: str | None
    totp: bool


async def sign_in(
    sign_in_name: str, password: str, *, desk: Desk, code: str | None = None, visit: Visit | None = None
) -> OpenedSession:
    """Open a session for a person in one step: password, and the code where the person has a second factor.

    A wrong name and a wrong password take equally long and get one answer.

    Raises:
        SignInRefused: the name or the password does not fit.
        SecondFactorNeeded: both fit, a second factor is enrolled, and no code came.
        SecondFactorRefused: the code does not fit, or was used before.
        TooManyFailures: too many failures under this name or from this address.
    """
    begun = await begin_sign_in(sign_in_name, password, desk=desk, visit=visit)
    if isinstance(begun, OpenedSession):
        return begun
    if code is None:
        raise SecondFactorNeeded
    return await finish_sign_in(begun.ticket, code, desk=desk, visit=visit)


async def begin_sign_in(
    sign_in_name: str, password: str, *, desk: Desk, visit: Visit | None = None
) -> OpenedSession | SecondFactorAsked:
    """Check name and password; open a session, or ask for the second factor.

    Raises:
        SignInRefused: the name or the password does not fit.
        TooManyFailures: too many failures under this name or from this address.
    """
    came = visit or Visit()
    try_id = await enter_try(sign_in_name, desk=desk, visit=came)
    async with desk.unit(DOOR) as work:
        person = await work.people.named(sign_in_name)
    known = person is not None and person.active
    fits = await desk.passwords.fits(password, person.password_hash if person is not None and known else None)
    if person is None or not known or not fits:
        refused = SignInRefused()
        if person is not None:
            refused.account = Account(person_id=person.person_id, tenant_id=person.tenant_id)
        raise refused
    async with desk.unit(DOOR) as work:
        opened = await open_or_ask(person, work=work, desk=desk, visit=came)
        # Whoever knows the password and guesses codes must not win tries by giving the password again.
        only = try_id if isinstance(opened, SecondFactorAsked) else None
        await work.people.forgive(sign_in_name, source=pacing.source_of(came.source), only=only)
        await work.commit()
    return opened


async def enter_try(sign_in_name: str, *, desk: Desk, visit: Visit) -> UUID:
    """Count a try as failed before it is looked at, so that many at once are not looked at either; return its id.

    Raises:
        TooManyFailures: the name or the address waits still.
    """
    now, source = desk.clock.now(), pacing.source_of(visit.source)
    async with desk.unit(DOOR) as work:
        failures = await work.people.hold_failures(sign_in_name, source=source, since=now - pacing.WINDOW)
        free_at = pacing.free_at(failures)
        if free_at is not None and free_at > now:
            raise TooManyFailures(retry_after_s=ceil((free_at - now).total_seconds()))
        try_id = desk.ids.new()
        await work.people.note_failure(sign_in_name, source=source, failure_id=try_id, at=now)
        await work.commit()
    return try_id


async def open_or_ask(
    person: Person, *, work: IdentityWork, desk: Desk, visit: Visit
) -> OpenedSession | SecondFactorAsked:
    """Open a session for a person whose first factor fits, or ask for the second one where the person has one."""
    enrolled = await work.second_factors.enrolled(person.person_id)
    if not enrolled.has_second_factor:
        return await open_session(person, work=work, desk=desk, visit=visit, second_factor=False)
    challenge = desk.tokens.new()
    ticket = await give_ticket(
        TicketKind.SECOND_FACTOR, person_id=person.person_id, payload=challenge, work=work, desk=desk
    )
    options = None
    if desk.passkeys is not None and enrolled.passkeys:
        known = await work.second_factors.passkeys(person.person_id)
        options = desk.passkeys.assertion_options(challenge=challenge.encode(), known=known)
    return SecondFactorAsked(ticket=ticket, passkey_options=options, totp=enrolled.totp)


async def finish_sign_in(ticket: str, code: str, *, desk: Desk, visit: Visit | None = None) -> OpenedSession:
    """Open the session that a ticket stands for, by a code of the authenticator app or a recovery code.

    Raises:
        TicketOver: the ticket was used, or is older than five minutes.
        SecondFactorRefused: the code does not fit, or was used before.
        TooManyFailures: too many failures under this name or from this address.
    """
    came = visit or Visit()
    person = await _ticket_person(ticket, desk=desk)
    await enter_try(person.sign_in_name, desk=desk, visit=came)
    async with desk.unit(DOOR) as work:
        if not await code_fits(person.person_id, code, work=work, desk=desk, recovery_too=True):
            raise SecondFactorRefused
        await _take_ticket(ticket, TicketKind.SECOND_FACTOR, work=work, desk=desk)
        opened = await open_session(person, work=work, desk=desk, visit=came, second_factor=True)
        await work.people.forgive(person.sign_in_name, source=pacing.source_of(came.source))
        await work.commit()
    return opened


async def finish_sign_in_by_passkey(
    ticket: str, answer: str, *, desk: Desk, visit: Visit | None = None
) -> OpenedSession:
    """Open the session that a ticket stands for, by a passkey: as the second factor, or as the only one.

    The ticket is used up whatever comes of it, so that no answer is looked at twice.

    Raises:
        PasskeysOff: there are no passkeys here.
        TicketOver: the ticket was used, or is older than five minutes.
        PasskeyRefused: the passkey is unknown or another person's, or its answer does not hold.
    """
    if desk.passkeys is None:
        raise PasskeysOff
    async with desk.unit(DOOR) as work:
        taken = await _take_ticket(ticket, TicketKind.SECOND_FACTOR, TicketKind.PASSKEY_SIGN_IN, work=work, desk=desk)
        await work.commit()
    async with desk.unit(DOOR) as work:
        person_id = await use_passkey(taken, answer, passkeys=desk.passkeys, work=work, now=desk.clock.now())
        person = await work.people.one(person_id)
        if person is None or not person.active:
            raise PasskeyRefused
        opened = await open_session(person, work=work, desk=desk, visit=visit or Visit(), second_factor=True)
        await work.commit()
    return opened


async def begin_passkey_sign_in(*, desk: Desk) -> SecondFactorAsked:
    """Ask a browser for any passkey it has for this site; nobody is named, so nobody can be looked for.

    Raises:
        PasskeysOff: there are no passkeys here.
    """
    if desk.passkeys is None:
        raise PasskeysOff
    challenge = desk.tokens.new()
    async with desk.unit(DOOR) as work:
        ticket = await give_ticket(TicketKind.PASSKEY_SIGN_IN, person_id=None, payload=challenge, work=work, desk=desk)
        await work.commit()
    options = desk.passkeys.assertion_options(challenge=challenge.encode(), known=())
    return SecondFactorAsked(ticket=ticket, passkey_options=options, totp=False)


async def use_passkey(taken: Ticket, answer: str, *, passkeys: Passkeys, work: IdentityWork, now: datetime) -> PersonId:
    """Check a passkey's answer to a ticket's challenge; return whose it is.

    Raises:
        PasskeyRefused: the passkey is unknown or another person's, or its answer does not hold.
    """
    passkey = await work.second_factors.passkey(passkeys.credential_id_of(answer))
    if passkey is None or taken.person_id not in (None, passkey.person_id):
        raise PasskeyRefused
    sign_count = passkeys.asserted(answer, challenge=taken.payload.encode(), passkey=passkey)
    if not await work.second_factors.use_passkey(passkey, sign_count=sign_count, at=now):
        raise PasskeyRefused
    return passkey.person_id


async def code_fits(person_id: PersonId, code: str, *, work: IdentityWork, desk: Desk, recovery_too: bool) -> bool:
    """Say whether a code is this person's, and use it up."""
    now = desk.clock.now()
    typed = code.replace(" ", "")
    app = await work.second_factors.totp(person_id)
    if len(typed) == totp.DIGITS and typed.isdecimal():
        if app is None or app.last_step is None:
            return False
        secret = desk.vault.open(app.sealed_secret, bound_to=person_id.bytes)
        step = totp.step_of(typed, secret, now=now, after=app.last_step)
        return step is not None and await work.second_factors.use_totp(person_id, step=step)
    return recovery_too and await work.second_factors.use_recovery_code(person_id, sha256(recovery.plain(code)), at=now)


async def open_session(
    person: Person, *, work: IdentityWork, desk: Desk, visit: Visit, second_factor: bool
) -> OpenedSession:
    """Open a session under a token that nobody has seen yet: one that a browser brought along is never adopted."""
    now = desk.clock.now()
    token = desk.tokens.new()
    session = Session(
        session_id=desk.ids.new(),
        token_sha256=sha256(token),
        person_id=person.person_id,
        tenant_id=person.tenant_id,
        opened_at=now,
        expires_at=now + SESSION_LASTS,
        last_seen_at=now,
        confirmed_at=None,
        second_factor=second_factor,
        source=visit.source[:64],
        agent=visit.agent[:200],
    )
    await work.sessions.open(session)
    return OpenedSession(token=token, person=person, session=session)


async def give_ticket(
    kind: TicketKind, *, person_id: PersonId | None, payload: str, work: IdentityWork, desk: Desk
) -> str:
    """Begin a step; return the token that finishes it."""
    now = desk.clock.now()
    token = desk.tokens.new()
    await work.tickets.add(
        Ticket(
            token_sha256=sha256(token),
            kind=kind,
            person_id=person_id,
            payload=payload,
            expires_at=now + TICKET_LASTS,
        ),
        now=now,
    )
    return token


async def _ticket_person(ticket: str, *, desk: Desk) -> Person:
    async with desk.unit(DOOR) as work:
        found = await work.tickets.find(sha256(ticket), kind=TicketKind.SECOND_FACTOR, now=desk.clock.now())
        person = None if found is None or found.person_id is None else await work.people.one(found.person_id)
    if person is None or not person.active:
        raise TicketOver
    return person


async def _take_ticket(ticket: str, *kinds: TicketKind, work: IdentityWork, desk: Desk) -> Ticket:
    for kind in kinds:
        taken = await work.tickets.take(sha256(ticket), kind=kind, now=desk.clock.now())
        if taken is not None:
            return taken
    raise TicketOver


async def holder_of(token: str, *, recognition: Recognition, unit: Unit[IdentityWork], clock: Clock) -> Holder:
    """Return the one who holds a session's token, and the session: one look, and a note once a minute.

    Raises:
        NotSignedIn: the token opens no session, or its person is no longer active.
    """
    now = clock.now()
    holder = await recognition.of_session(sha256(token), now=now, seen_since=now - SESSION_RESTS_MAX)
    if holder is None:
        raise NotSignedIn
    if now - holder.session.last_seen_at >= SEEN_EVERY:
        async with unit(DOOR) as work:
            await work.sessions.seen(holder.session.token_sha256, at=now)
            await work.commit()
    return holder


def check_factors(holder: Holder, *, second_factor_required: bool) -> Actor:
    """Return the holder as one who acts, unless the role takes two factors here and one opened the session.

    Raises:
        SecondFactorMissing: the person enrols a second factor first.
    """
    if second_factor_required and holder.actor.role in SECOND_FACTOR_ROLES and not holder.session.second_factor:
        raise SecondFactorMissing
    return holder.actor


async def who_is(
    token: str,
    *,
    recognition: Recognition,
    unit: Unit[IdentityWork],
    clock: Clock,
    second_factor_required: bool = False,
) -> Actor:
    """Return the one who holds a session's token.

    Raises:
        NotSignedIn: the token opens no session, or its person is no longer active.
        SecondFactorMissing: the role takes two factors here, and one opened the session.
    """
    holder = await holder_of(token, recognition=recognition, unit=unit, clock=clock)
    return check_factors(holder, second_factor_required=second_factor_required)


async def sign_out(token: str, *, unit: Unit[IdentityWork]) -> None:
    """End a session; a token that opens none is no error."""
    async with unit(DOOR) as work:
        await work.sessions.close(sha256(token))
        await work.commit()


async def check_new_password(
    password: str, *, names: Collection[str], breached: BreachedPasswords | None = None
) -> None:
    """Refuse a password that may not become somebody's.

    Raises:
        PasswordTooWeak: it has fewer than 12 or more than 256 characters.
        PasswordHoldsName: it holds one of the names.
        PasswordTooCommon: it is easily guessed, or on the installation's list of breached ones.
    """
    passwords.check(password, names=names)
    if breached is not None and await breached.knows(password):
        raise PasswordTooCommon


async def acting(person: Person, *, work: IdentityWork) -> Actor:
    """Return a person as one who acts, with the complex that they act in where they are on its staff."""
    if person.role not in COMPLEX_STAFF:
        return person.actor
    return replace(person.actor, complex_reach=await work.parties.reach_of(person.tenant_id))


async def found_complex(wish: IndustrialComplex, *, unit: Unit[IdentityWork]) -> IndustrialComplex:
    """Found an industrial complex beside those that are there; its operator and its people come next.

    Raises:
        ComplexNumberTaken: another complex has the number.
    """
    async with unit(SYSTEM) as work:
        if any(one.complex_id == wish.complex_id for one in await work.parties.complexes()):
            raise ComplexNumberTaken(number=wish.complex_id)
        await work.parties.add_complex(wish)
        await work.commit()
    return wish


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTenant:
    """A party as it is printed on documents, and the complex that it lies in or, serving several, is looked after by.

    The founding complex needs not be there yet: the first party brings it, under the names given here.
    """

    complex_id: int = FOUNDING_COMPLEX
    number: int
    kind: PartyKind
    name_ko: str
    name_en: str
    business_no: str
    address_ko: str
    address_en: str
    bank_account: str = ""
    accreditation: str = ""
    insurance: str = ""
    complex_ko: str
    complex_en: str


async def add_tenant(wish: AddTenant, *, unit: Unit[IdentityWork], ids: Ids) -> Tenant:
    """Register a party of a complex: its operator, an inspection body, a tenant.

    Raises:
        ComplexUnknown: there is no such complex.
        TenantNumberTaken: another party has the number.
    """
    tenant = Tenant(
        tenant_id=TenantId(wish.number),
        ref=ids.new(),
        complex_id=wish.complex_id,
        kind=wish.kind,
        name_ko=wish.name_ko,
        name_en=wish.name_en,
        business_no=wish.business_no,
        address_ko=wish.address_ko,
        address_en=wish.address_en,
        bank_account=wish.bank_account,
        accreditation=wish.accreditation,
        insurance=wish.insurance,
    )
    async with unit(SYSTEM) as work:
        if wish.complex_id == FOUNDING_COMPLEX:
            await work.parties.add_complex(
                IndustrialComplex(complex_id=FOUNDING_COMPLEX, name_ko=wish.complex_ko, name_en=wish.complex_en)
            )
        elif all(one.complex_id != wish.complex_id for one in await work.parties.complexes()):
            raise ComplexUnknown(number=wish.complex_id)
        await work.parties.add(tenant)
        await work.commit()
    return tenant
