"""One's own account: proving again who one is, password, second factors, sessions."""

from dataclasses import dataclass, replace
from uuid import UUID

from domain.identity import pacing, recovery, totp
from domain.identity.errors import (
    ConfirmationRefused,
    NotSignedIn,
    PasskeyRefused,
    PasskeysFull,
    PasskeysOff,
    SecondFactorKept,
    SecondFactorRefused,
    SessionUnknown,
    TicketOver,
    TotpEnrolled,
)
from domain.identity.model import Enrolled, Holder, Passkey, Person, Session, TicketKind, Totp, Visit
from domain.identity.ports import IdentityWork, Passkeys
from domain.identity.usecases import (
    SECOND_FACTOR_ROLES,
    SESSION_RESTS_MAX,
    Desk,
    check_new_password,
    code_fits,
    enter_try,
    give_ticket,
    use_passkey,
)
from domain.shared.actor import DOOR
from domain.shared.canonical import sha256
from domain.shared.identifiers import PersonId

PASSKEYS_MAX = 10
_LABEL_LENGTH_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """A session under a new token, shown this once; the old one opens nothing any more."""

    token: str
    holder: Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a person sees of the own account; `waiting` says that an authenticator app waits for its first code."""

    person: Person
    enrolled: Enrolled
    waiting: bool
    passkeys: tuple[Passkey, ...]
    sessions: tuple[Session, ...]


async def show_account(holder: Holder, *, desk: Desk) -> Account:
    """Return the holder's account."""
    now = desk.clock.now()
    async with desk.unit(DOOR) as work:
        person = await _self(holder, work)
        app = await work.second_factors.totp(person.person_id)
        return Account(
            person=person,
            enrolled=await work.second_factors.enrolled(person.person_id),
            waiting=app is not None and app.last_step is None,
            passkeys=await work.second_factors.passkeys(person.person_id),
            sessions=await work.sessions.of_person(person.person_id, now=now, seen_since=now - SESSION_RESTS_MAX),
        )


async def confirm(
    holder: Holder, *, desk: Desk, password: str | None = None, code: str | None = None, visit: Visit | None = None
) -> Renewed:
    """Prove again who one is, by the password or a code of the authenticator app; five minutes of signing follow.

    The session goes on under a new token.

    Raises:
        ConfirmationRefused: neither was given, or it does not fit.
        TooManyFailures: too many failures under this name or from this address.
    """
    await _prove(holder, desk=desk, password=password, code=code, visit=visit or Visit())
    async with desk.unit(DOOR) as work:
        renewed = await _renew(holder, work=work, desk=desk, confirmed=True)
        await work.commit()
    return renewed


async def _prove(holder: Holder, *, desk: Desk, password: str | None, code: str | None, visit: Visit) -> Person:
    async with desk.unit(DOOR) as work:
        person = await _self(holder, work)
    await enter_try(person.sign_in_name, desk=desk, visit=visit)
    async with desk.unit(DOOR) as work:  # the try is counted for good before anything slow is looked at
        person = await _self(holder, work)
    fits = password is not None and await desk.passwords.fits(password, person.password_hash)
    async with desk.unit(DOOR) as work:
        if not fits and code is not None:
            fits = await code_fits(person.person_id, code, work=work, desk=desk, recovery_too=False)
        if not fits:
            raise ConfirmationRefused
        await work.people.forgive(person.sign_in_name, source=pacing.source_of(visit.source))
        await work.commit()
    return person


async def begin_passkey_confirmation(holder: Holder, *, desk: Desk) -> tuple[str, str]:
    """Ask the holder's browser for one of their passkeys; return the ticket and the browser's options.

    Raises:
        PasskeysOff: there are no passkeys here.
        PasskeyRefused: the holder has none.
    """
    passkeys = _on(desk)
    challenge = desk.tokens.new()
    async with desk.unit(DOOR) as work:
        known = await work.second_factors.passkeys(holder.actor.person_id)
        if not known:
            raise PasskeyRefused
        ticket = await give_ticket(
            TicketKind.PASSKEY_CONFIRMATION, person_id=holder.actor.person_id, payload=challenge, work=work, desk=desk
        )
        await work.commit()
    return ticket, passkeys.assertion_options(challenge=challenge.encode(), known=known)


async def confirm_by_passkey(holder: Holder, ticket: str, answer: str, *, desk: Desk) -> Renewed:
    """Prove again who one is, by a passkey. The ticket is used up whatever comes of it.

    Raises:
        PasskeysOff: there are no passkeys here.
        TicketOver: the ticket was used, or is older than five minutes.
        PasskeyRefused: the passkey is another person's, or its answer does not hold.
    """
    passkeys = _on(desk)
    now = desk.clock.now()
    async with desk.unit(DOOR) as work:
        taken = await work.tickets.take(sha256(ticket), kind=TicketKind.PASSKEY_CONFIRMATION, now=now)
        await work.commit()
    if taken is None or taken.person_id != holder.actor.person_id:
        raise TicketOver
    async with desk.unit(DOOR) as work:
        await use_passkey(taken, answer, passkeys=passkeys, work=work, now=now)
        renewed = await _renew(holder, work=work, desk=desk, confirmed=True, second_factor=True)
        await work.commit()
    return renewed


async def change_password(holder: Holder, *, old: str, new: str, desk: Desk, visit: Visit | None = None) -> Renewed:
    """Replace the own password; every other session ends, this one goes on under a new token.

    Raises:
        PasswordTooWeak: the new one has fewer than 12 or more than 256 characters.
        PasswordHoldsName: it holds the sign-in name, the person's or the organisation's.
        PasswordTooCommon: it is easily guessed, or known from a breach.
        ConfirmationRefused: the old password does not fit.
        TooManyFailures: too many failures under this name or from this address.
    """
    async with desk.unit(DOOR) as work:
        person = await _self(holder, work)
    async with desk.unit(holder.actor) as work:
        party = await work.parties.one(person.tenant_id)
    names = (person.sign_in_name, person.printed_name, party.name_ko, party.name_en)
    await check_new_password(new, names=names, breached=desk.breached)
    await _prove(holder, desk=desk, password=old, code=None, visit=visit or Visit())
    password_hash = await desk.passwords.hash(new)
    async with desk.unit(DOOR) as work:
        await work.people.set_password(person.person_id, password_hash)
        await work.sessions.close_all(person.person_id, but=holder.session.session_id)
        renewed = await _renew(holder, work=work, desk=desk, confirmed=True)
        await work.commit()
    return renewed


async def begin_totp(holder: Holder, *, issuer: str, desk: Desk) -> tuple[str, str]:
    """Begin to enrol an authenticator app; return the address for its QR code and the secret to type instead.

    Raises:
        ConfirmationNeeded: the holder did not just prove who they are.
        TotpEnrolled: one is enrolled already.
    """
    now = desk.clock.now()
    holder.actor.require_confirmed(now)
    person_id = holder.actor.person_id
    secret = bytes.fromhex(desk.tokens.new_hex() + desk.tokens.new_hex())[: totp.SECRET_BYTES]
    sealed = desk.vault.seal(secret, bound_to=person_id.bytes)
    async with desk.unit(DOOR) as work:
        person = await _self(holder, work)
        begun = Totp(person_id=person_id, sealed_secret=sealed, enrolled_at=now, last_step=None)
        if not await work.second_factors.begin_totp(begun):
            raise TotpEnrolled
        await work.commit()
    return totp.enrolment_uri(secret, issuer=issuer, account=person.sign_in_name), totp.secret_text(secret)


async def finish_totp(holder: Holder, code: str, *, desk: Desk) -> tuple[Renewed, tuple[str, ...]]:
    """Enrol the authenticator app by its first code; return the session's new token and ten recovery codes.

    Every other session ends: those were opened with one factor.

    Raises:
        ConfirmationNeeded: the holder did not just prove who they are.
        SecondFactorRefused: the code does not fit.
        TotpEnrolled: one is enrolled already.
        TicketOver: no enrolment was begun.
    """
    now = desk.clock.now()
    holder.actor.require_confirmed(now)
    person_id = holder.actor.person_id
    async with desk.unit(DOOR) as work:
        app = await work.second_factors.totp(person_id)
        if app is None:
            raise TicketOver
        if app.last_step is not None:
            raise TotpEnrolled
        secret = desk.vault.open(app.sealed_secret, bound_to=person_id.bytes)
        step = totp.step_of(code.replace(" ", ""), secret, now=now, after=None)
        if step is None or not await work.second_factors.use_totp(person_id, step=step):
            raise SecondFactorRefused
        codes = await _new_codes(person_id, work=work, desk=desk)
        renewed = await _stronger(holder, work=work, desk=desk)
        await work.commit()
    return renewed, codes


async def drop_totp(holder: Holder, *, desk: Desk) -> None:
    """Forget the authenticator app.

    Raises:
        ConfirmationNeeded: the holder did not just prove who they are.
        SecondFactorKept: the role takes two factors here, and this is the last one.
    """
    holder.actor.require_confirmed(desk.clock.now())
    async with desk.unit(DOOR) as work:
        enrolled = await work.second_factors.enrolled(holder.actor.person_id)
        _keep_one(holder, left=enrolled.passkeys, desk=desk)
        await work.second_factors.drop_totp(holder.actor.person_id)
        if not enrolled.passkeys:
            await work.second_factors.replace_recovery_codes(holder.actor.person_id, ())
        await work.commit()


async def begin_passkey(holder: Holder, *, desk: Desk) -> tuple[str, str]:
    """Begin to enrol a passkey; return the ticket and what the browser needs.

    Raises:
        PasskeysOff: there are no passkeys here.
        ConfirmationNeeded: the holder did not just prove who they are.
        PasskeysFull: the holder has ten already.
    """
    passkeys = _on(desk)
    holder.actor.require_confirmed(desk.clock.now())
    challenge = desk.tokens.new()
    async with desk.unit(DOOR) as work:
        person = await _self(holder, work)
        known = await work.second_factors.passkeys(person.person_id)
        if len(known) >= PASSKEYS_MAX:
            raise PasskeysFull(most=PASSKEYS_MAX)
        ticket = await give_ticket(
            TicketKind.PASSKEY_ENROLMENT, person_id=person.person_id, payload=challenge, work=work, desk=desk
        )
        await work.commit()
    return ticket, passkeys.enrolment_options(person, challenge=challenge.encode(), known=known)


async def finish_passkey(
    holder: Holder, ticket: str, answer: str, *, label: str, desk: Desk
) -> tuple[Renewed, tuple[str, ...]]:
    """Enrol a passkey; return the session's new token, and recovery codes when it is the first second factor.

    Raises:
        PasskeysOff: there are no passkeys here.
        ConfirmationNeeded: the holder did not just prove who they are.
        TicketOver: the ticket was used, or is older than five minutes.
        PasskeyRefused: the answer does not hold, or the passkey is known already.
    """
    passkeys = _on(desk)
    now = desk.clock.now()
    holder.actor.require_confirmed(now)
    person_id = holder.actor.person_id
    async with desk.unit(DOOR) as work:
        taken = await work.tickets.take(sha256(ticket), kind=TicketKind.PASSKEY_ENROLMENT, now=now)
        await work.commit()
    if taken is None or taken.person_id != person_id:
        raise TicketOver
    credential_id, public_key, sign_count = passkeys.enrolled(answer, challenge=taken.payload.encode())
    async with desk.unit(DOOR) as work:
        before = await work.second_factors.enrolled(person_id)
        added = await work.second_factors.add_passkey(
            Passkey(
                credential_id=credential_id,
                person_id=person_id,
                public_key=public_key,
                sign_count=sign_count,
                label=label.strip()[:_LABEL_LENGTH_MAX] or "passkey",
                enrolled_at=now,
                last_used_at=None,
            )
        )
        if not added:
            raise PasskeyRefused
        codes = () if before.has_second_factor else await _new_codes(person_id, work=work, desk=desk)
        renewed = await _stronger(holder, work=work, desk=desk)
        await work.commit()
    return renewed, codes


async def drop_passkey(holder: Holder, credential_id: bytes, *, desk: Desk) -> None:
    """Forget one of the own passkeys.

    Raises:
        ConfirmationNeeded: the holder did not just prove who they are.
        SecondFactorKept: the role takes two factors here, and this is the last one.
    """
    holder.actor.require_confirmed(desk.clock.now())
    person_id = holder.actor.person_id
    async with desk.unit(DOOR) as work:
        enrolled = await work.second_factors.enrolled(person_id)
        left = enrolled.totp + enrolled.passkeys - 1
        _keep_one(holder, left=left, desk=desk)
        await work.second_factors.drop_passkey(person_id, credential_id)
        if not left:
            await work.second_factors.replace_recovery_codes(person_id, ())
        await work.commit()


async def renew_recovery_codes(holder: Holder, *, desk: Desk) -> tuple[str, ...]:
    """Return ten new recovery codes, shown this once; the former open nothing any more.

    Raises:
        ConfirmationNeeded: the holder did not just prove who they are.
        SecondFactorRefused: there is no second factor that they could stand in for.
    """
    holder.actor.require_confirmed(desk.clock.now())
    async with desk.unit(DOOR) as work:
        enrolled = await work.second_factors.enrolled(holder.actor.person_id)
        if not enrolled.has_second_factor:
            raise SecondFactorRefused
        codes = await _new_codes(holder.actor.person_id, work=work, desk=desk)
        await work.commit()
    return codes


async def end_session(holder: Holder, session_id: UUID, *, desk: Desk) -> None:
    """End one of the own sessions.

    Raises:
        SessionUnknown: the holder has no such session.
    """
    async with desk.unit(DOOR) as work:
        if not await work.sessions.close_one(holder.actor.person_id, session_id):
            raise SessionUnknown
        await work.commit()


async def end_sessions(holder: Holder, *, this_too: bool, desk: Desk) -> int:
    """End all own sessions, or all but the one that asks; return how many."""
    async with desk.unit(DOOR) as work:
        ended = await work.sessions.close_all(
            holder.actor.person_id, but=None if this_too else holder.session.session_id
        )
        await work.commit()
    return ended


async def _self(holder: Holder, work: IdentityWork) -> Person:
    person = await work.people.one(holder.actor.person_id)
    if person is None or not person.active:
        raise NotSignedIn
    return person


def _on(desk: Desk) -> Passkeys:
    if desk.passkeys is None:
        raise PasskeysOff
    return desk.passkeys


def _keep_one(holder: Holder, *, left: int, desk: Desk) -> None:
    if desk.second_factor_required and holder.actor.role in SECOND_FACTOR_ROLES and left < 1:
        raise SecondFactorKept


async def _new_codes(person_id: PersonId, *, work: IdentityWork, desk: Desk) -> tuple[str, ...]:
    codes = tuple(recovery.code_of(desk.tokens.new_hex()) for _ in range(recovery.CODES))
    await work.second_factors.replace_recovery_codes(person_id, tuple(sha256(recovery.plain(code)) for code in codes))
    return codes


async def _stronger(holder: Holder, *, work: IdentityWork, desk: Desk) -> Renewed:
    """Renew the session that now has two factors behind it, and end the others, which have one."""
    await work.sessions.close_all(holder.actor.person_id, but=holder.session.session_id)
    return await _renew(holder, work=work, desk=desk, confirmed=False, second_factor=True)


async def _renew(
    holder: Holder, *, work: IdentityWork, desk: Desk, confirmed: bool, second_factor: bool = False
) -> Renewed:
    session = holder.session
    token = desk.tokens.new()
    renewed = replace(
        session,
        token_sha256=sha256(token),
        confirmed_at=desk.clock.now() if confirmed else session.confirmed_at,
        second_factor=session.second_factor or second_factor,
    )
    kept = await work.sessions.renew(
        session,
        token_sha256=renewed.token_sha256,
        confirmed_at=renewed.confirmed_at,
        second_factor=renewed.second_factor,
    )
    if not kept:
        raise NotSignedIn
    actor = replace(holder.actor, confirmed_at=renewed.confirmed_at)
    return Renewed(token=token, holder=Holder(actor=actor, session=renewed))
