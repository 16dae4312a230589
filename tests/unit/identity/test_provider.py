from dataclasses import replace

import pytest

from domain.identity import provider as outside
from domain.identity import usecases as identity
from domain.identity.errors import LinkTaken, NotAMember, ProviderRefused
from domain.identity.model import ProviderClaims, Visit
from tests.unit.identity.test_account import enrolled
from tests.unit.identity.test_signing_in import House, house

__all__ = ["house"]

KIM = ProviderClaims(issuer="https://idp", subject="s-1", email="kim", email_verified=True)


class Vouching:
    """Vouches for whom it was told to, for the nonce and verifier that it was asked with."""

    def __init__(self, claims: ProviderClaims = KIM) -> None:
        self.claims = claims
        self.asked: tuple[str, str] | None = None

    async def authorization_url(self, *, state: str, nonce: str, code_verifier: str) -> str:
        self.asked = (nonce, code_verifier)
        return f"https://idp/authorize?state={state}"

    async def redeem(self, code: str, *, nonce: str, code_verifier: str) -> ProviderClaims:
        if code != "good" or self.asked != (nonce, code_verifier):
            raise ProviderRefused
        return self.claims


async def sign_in(house: House, vouching: Vouching, **more: str | None):
    sent = await outside.send_out(provider=vouching, desk=house.desk)
    given = {"state": sent.state, "kept_state": sent.state, "code": "good", **more}
    return await outside.take_back(provider=vouching, desk=house.desk, visit=Visit(), **given)


async def test_a_verified_address_finds_the_member_once_and_then_the_subject_does(house: House) -> None:
    first = await sign_in(house, Vouching())
    renamed = await sign_in(house, Vouching(replace(KIM, email="other", email_verified=False)))

    assert first.person == renamed.person
    with pytest.raises(LinkTaken):
        await sign_in(house, Vouching(replace(KIM, subject="s-2")))


@pytest.mark.parametrize(
    "claims",
    [
        replace(KIM, email_verified=False),
        replace(KIM, email=""),
        replace(KIM, email="nobody"),
    ],
)
async def test_whom_nobody_bound_is_no_member(house: House, claims: ProviderClaims) -> None:
    with pytest.raises(NotAMember):
        await sign_in(house, Vouching(claims))


async def test_an_administrator_binds_an_account(house: House) -> None:
    await outside.bind_account("kim", issuer="https://idp", subject="s-1", desk=house.desk)
    with pytest.raises(outside.SignInNameUnknown):
        await outside.bind_account("lee", issuer="https://idp", subject="s-3", desk=house.desk)

    opened = await sign_in(house, Vouching(replace(KIM, email="", email_verified=False)))

    assert opened.person.sign_in_name == "kim"


async def test_a_member_who_left_does_not_come_back_by_the_provider(house: House) -> None:
    opened = await sign_in(house, Vouching())
    house.work.people._people[opened.person.person_id] = replace(opened.person, active=False)

    with pytest.raises(NotAMember):
        await sign_in(house, Vouching())


async def test_our_second_factor_is_asked_for_all_the_same(house: House) -> None:
    await enrolled(house)

    assert isinstance(await sign_in(house, Vouching()), identity.SecondFactorAsked)


@pytest.mark.parametrize("given", [{"kept_state": None}, {"kept_state": "x"}, {"code": "bad"}])
async def test_an_answer_that_is_not_this_browsers_is_refused(house: House, given) -> None:
    with pytest.raises(ProviderRefused):
        await sign_in(house, Vouching(), **given)


async def test_an_answer_is_taken_once_and_within_five_minutes(house: House) -> None:
    vouching = Vouching()
    sent = await outside.send_out(provider=vouching, desk=house.desk)
    late = await outside.send_out(provider=vouching, desk=house.desk)
    back = {"code": "good", "provider": vouching, "desk": house.desk, "visit": Visit()}
    with pytest.raises(ProviderRefused):  # the nonce is the later asking's
        await outside.take_back(state=sent.state, kept_state=sent.state, **back)
    with pytest.raises(ProviderRefused):
        await outside.take_back(state=sent.state, kept_state=sent.state, **back)
    house.clock.move(minutes=5)
    with pytest.raises(ProviderRefused):
        await outside.take_back(state=late.state, kept_state=late.state, **back)
