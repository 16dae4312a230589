from dataclasses import replace

import pytest

from domain.identity import account, totp
from domain.identity import usecases as identity
from domain.identity.errors import (
    ConfirmationRefused,
    NotSignedIn,
    PasswordTooCommon,
    SecondFactorKept,
    SecondFactorNeeded,
    SecondFactorRefused,
    SessionUnknown,
    SignInRefused,
    TicketOver,
    TooManyFailures,
    TotpEnrolled,
)
from domain.identity.model import Holder
from domain.shared.actor import ConfirmationNeeded, Role, system_actor
from domain.shared.identifiers import TenantId
from tests.fakes.recognition import MemoryRecognition
from tests.fakes.system import NOON, someone
from tests.unit.identity.test_signing_in import OFFICE, PASSWORD, House, house

__all__ = ["house"]


async def holder(house: House, token: str) -> Holder:
    return await identity.holder_of(
        token, recognition=MemoryRecognition(house.work), unit=house.unit, clock=house.clock
    )


async def confirmed(house: House, token: str) -> account.Renewed:
    return await account.confirm(await holder(house, token), desk=house.desk, password=PASSWORD, visit=OFFICE)


async def enrolled(house: House) -> tuple[account.Renewed, bytes, tuple[str, ...]]:
    """Return a session whose person enrolled an authenticator app, its secret and the recovery codes."""
    renewed = await confirmed(house, (await house.sign_in()).token)
    await account.begin_totp(renewed.holder, issuer="Sunhwan", desk=house.desk)
    person_id = renewed.holder.actor.person_id
    app = await house.work.second_factors.totp(person_id)
    assert app is not None
    secret = house.desk.vault.open(app.sealed_secret, bound_to=person_id.bytes)
    renewed, codes = await account.finish_totp(renewed.holder, now_code(house, secret), desk=house.desk)
    return renewed, secret, codes


def now_code(house: House, secret: bytes) -> str:
    return totp.code_at(secret, totp.step_at(house.clock.now()))


# Proving again who one is.


async def test_a_confirmation_holds_for_five_minutes_in_its_own_session_only(house: House) -> None:
    mine, other = await house.sign_in(), await house.sign_in()

    renewed = await confirmed(house, mine.token)

    (await house.who_is(renewed.token)).require_confirmed(house.clock.now())
    with pytest.raises(ConfirmationNeeded):
        (await house.who_is(other.token)).require_confirmed(house.clock.now())
    house.clock.move(minutes=5)
    (await house.who_is(renewed.token)).require_confirmed(house.clock.now())
    house.clock.move(seconds=1)
    with pytest.raises(ConfirmationNeeded):
        (await house.who_is(renewed.token)).require_confirmed(house.clock.now())


async def test_confirming_renews_the_token_and_the_old_one_opens_nothing(house: House) -> None:
    opened = await house.sign_in()

    renewed = await confirmed(house, opened.token)

    assert renewed.token != opened.token
    assert renewed.holder.session.session_id == opened.session.session_id
    with pytest.raises(NotSignedIn):
        await house.who_is(opened.token)


async def test_of_two_who_renew_one_session_one_does(house: House) -> None:
    held = await holder(house, (await house.sign_in()).token)
    await account.confirm(held, desk=house.desk, password=PASSWORD)

    with pytest.raises(NotSignedIn):
        await account.confirm(held, desk=house.desk, password=PASSWORD)


async def test_a_wrong_proof_confirms_nothing_and_counts_as_a_failure(house: House) -> None:
    held = await holder(house, (await house.sign_in()).token)

    for given in ({"password": "other words, longer"}, {"code": "000000"}, {}, {"code": "ABCD"}, {"password": ""}):
        with pytest.raises(ConfirmationRefused):
            await account.confirm(held, desk=house.desk, **given)
    with pytest.raises(TooManyFailures):
        await account.confirm(held, desk=house.desk, password=PASSWORD)


def test_the_system_needs_no_confirmation_and_a_machine_has_none() -> None:
    system_actor(TenantId(1)).require_confirmed(NOON)
    with pytest.raises(ConfirmationNeeded):
        someone(Role.DEVICE).require_confirmed(NOON)


# Password.


async def test_changing_the_password_asks_for_the_old_one_and_ends_every_other_session(house: House) -> None:
    mine, other = await house.sign_in(), await house.sign_in()
    held = await holder(house, mine.token)

    with pytest.raises(ConfirmationRefused):
        await account.change_password(held, old="not my password", new="quite another phrase", desk=house.desk)
    renewed = await account.change_password(held, old=PASSWORD, new="quite another phrase", desk=house.desk)

    assert (await house.who_is(renewed.token)).name == "김운영"
    for token in (mine.token, other.token):
        with pytest.raises(NotSignedIn):
            await house.who_is(token)
    with pytest.raises(SignInRefused):
        await house.sign_in()
    assert (await house.sign_in(password="quite another phrase")).token


async def test_a_refused_new_password_changes_nothing(house: House) -> None:
    opened = await house.sign_in()

    with pytest.raises(PasswordTooCommon):
        await account.change_password(
            await holder(house, opened.token), old=PASSWORD, new="qwerty123456", desk=house.desk
        )

    assert (await house.who_is(opened.token)).name == "김운영"
    assert (await house.sign_in()).token


# Authenticator app.


async def test_a_person_with_an_app_is_always_asked_for_it(house: House) -> None:
    _, secret, _ = await enrolled(house)

    with pytest.raises(SecondFactorNeeded):
        await house.sign_in()
    house.clock.move(seconds=30)
    opened = await house.sign_in(code=now_code(house, secret))

    assert opened.session.second_factor


async def test_a_code_is_taken_once(house: House) -> None:
    _, secret, codes = await enrolled(house)
    house.clock.move(seconds=30)
    code = now_code(house, secret)
    await house.sign_in(code=code)

    with pytest.raises(SecondFactorRefused):
        await house.sign_in(code=code)
    held = await holder(house, (await house.sign_in(code=codes[0])).token)
    with pytest.raises(ConfirmationRefused):
        await account.confirm(held, desk=house.desk, code=code)


async def test_whoever_knows_the_password_wins_no_tries_at_the_code_by_giving_it_again(house: House) -> None:
    await enrolled(house)

    for _ in range(5):
        with pytest.raises(SecondFactorRefused):
            await house.sign_in(code="000000")
    with pytest.raises(TooManyFailures):
        await house.sign_in(code="000000")


async def test_a_ticket_for_the_second_step_is_good_once_and_five_minutes(house: House) -> None:
    _, secret, _ = await enrolled(house)
    house.clock.move(seconds=30)
    begun = await identity.begin_sign_in("kim", PASSWORD, desk=house.desk)
    late = await identity.begin_sign_in("kim", PASSWORD, desk=house.desk)
    assert isinstance(begun, identity.SecondFactorAsked)
    assert isinstance(late, identity.SecondFactorAsked)
    await identity.finish_sign_in(begun.ticket, now_code(house, secret), desk=house.desk)

    house.clock.move(minutes=5)
    for ticket in (begun.ticket, late.ticket, "none"):
        with pytest.raises(TicketOver):
            await identity.finish_sign_in(ticket, now_code(house, secret), desk=house.desk)


async def test_enrolling_renews_the_session_and_ends_the_others(house: House) -> None:
    other = await house.sign_in()
    renewed, _, codes = await enrolled(house)

    assert renewed.holder.session.second_factor
    assert len(set(codes)) == 10
    with pytest.raises(NotSignedIn):
        await house.who_is(other.token)
    with pytest.raises(TotpEnrolled):
        await account.begin_totp(renewed.holder, issuer="Sunhwan", desk=house.desk)


async def test_nothing_of_the_account_changes_without_a_fresh_proof(house: House) -> None:
    held = await holder(house, (await house.sign_in()).token)

    for step in (
        account.begin_totp(held, issuer="Sunhwan", desk=house.desk),
        account.finish_totp(held, "000000", desk=house.desk),
        account.drop_totp(held, desk=house.desk),
        account.drop_passkey(held, b"id", desk=house.desk),
        account.renew_recovery_codes(held, desk=house.desk),
    ):
        with pytest.raises(ConfirmationNeeded):
            await step


async def test_the_last_second_factor_stays_where_the_role_needs_one(house: House) -> None:
    renewed, _, _ = await enrolled(house)
    asked = replace(house.desk, second_factor_required=True)
    approver = replace(renewed.holder, actor=replace(renewed.holder.actor, role=Role.APPROVER))

    with pytest.raises(SecondFactorKept):
        await account.drop_totp(approver, desk=asked)
    await account.drop_totp(renewed.holder, desk=asked)
    found = await account.show_account(renewed.holder, desk=house.desk)
    assert (found.enrolled.totp, found.enrolled.recovery_codes) == (False, 0)


# Recovery codes.


async def test_a_recovery_code_opens_once_and_never_confirms(house: House) -> None:
    renewed, _, codes = await enrolled(house)

    with pytest.raises(ConfirmationRefused):
        await account.confirm(renewed.holder, desk=house.desk, code=codes[0])
    assert (await house.sign_in(code=codes[0].lower().replace("-", " "))).session.second_factor
    with pytest.raises(SecondFactorRefused):
        await house.sign_in(code=codes[0])
    assert (await house.sign_in(code=codes[1])).token


async def test_a_new_set_of_recovery_codes_replaces_the_old(house: House) -> None:
    renewed, _, codes = await enrolled(house)

    fresh = await account.renew_recovery_codes(renewed.holder, desk=house.desk)

    assert not set(fresh) & set(codes)
    with pytest.raises(SecondFactorRefused):
        await house.sign_in(code=codes[0])
    assert (await house.sign_in(code=fresh[9])).token


# Sessions.


async def test_signing_out_elsewhere_and_everywhere(house: House) -> None:
    one, two, three = [await house.sign_in() for _ in range(3)]
    held = await holder(house, one.token)

    await account.end_session(held, two.session.session_id, desk=house.desk)
    with pytest.raises(SessionUnknown):
        await account.end_session(held, two.session.session_id, desk=house.desk)
    assert await account.end_sessions(held, this_too=False, desk=house.desk) == 1
    for token in (two.token, three.token):
        with pytest.raises(NotSignedIn):
            await house.who_is(token)
    assert await account.end_sessions(held, this_too=True, desk=house.desk) == 1
    with pytest.raises(NotSignedIn):
        await house.who_is(one.token)


async def test_nobody_ends_anothers_session(house: House) -> None:
    await house.add("lee")
    mine, theirs = await house.sign_in(), await house.sign_in("lee")

    with pytest.raises(SessionUnknown):
        await account.end_session(await holder(house, mine.token), theirs.session.session_id, desk=house.desk)
    await account.end_sessions(await holder(house, mine.token), this_too=True, desk=house.desk)

    assert (await house.who_is(theirs.token)).role is Role.OPERATOR
