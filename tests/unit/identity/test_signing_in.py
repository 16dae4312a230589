from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.identity import usecases as identity
from domain.identity.errors import NotSignedIn, PasswordTooWeak, SignInRefused, TenantUnknown, TooManyFailures
from domain.identity.model import PartyKind
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import TenantId
from tests.fakes.identity import CountedTokens, MemoryIdentityWork, PlainPasswords
from tests.fakes.system import CountedIds, FixedClock

PASSWORD = "long enough words"


class House:
    """A complex with one person in it, all in memory."""

    def __init__(self) -> None:
        self.work = MemoryIdentityWork()
        self.clock, self.ids = FixedClock(), CountedIds()
        self.passwords, self.tokens = PlainPasswords(), CountedTokens()

    @asynccontextmanager
    async def unit(self, _: Actor) -> AsyncIterator[MemoryIdentityWork]:
        yield self.work

    async def sign_in(self, name: str = "kim", password: str = PASSWORD) -> identity.OpenedSession:
        return await identity.sign_in(
            name,
            password,
            unit=self.unit,
            passwords=self.passwords,
            tokens=self.tokens,
            ids=self.ids,
            clock=self.clock,
        )

    async def add(self, name: str = "kim", password: str = PASSWORD, tenant: int = 1) -> None:
        await identity.add_person(
            tenant_id=TenantId(tenant),
            sign_in_name=name,
            printed_name="김운영",
            role=Role.OPERATOR,
            password=password,
            unit=self.unit,
            passwords=self.passwords,
            ids=self.ids,
        )


@pytest.fixture
async def house() -> House:
    built = House()
    await identity.add_tenant(
        identity.AddTenant(
            number=1,
            kind=PartyKind.OPERATOR,
            name_ko="순환 운영",
            name_en="Sunhwan",
            business_no="1",
            address_ko="구미",
            address_en="Gumi",
            complex_ko="구미",
            complex_en="Gumi",
        ),
        unit=built.unit,
        ids=built.ids,
    )
    await built.add()
    return built


async def test_the_right_words_open_a_session_of_twelve_hours(house: House) -> None:
    opened = await house.sign_in()

    actor = await identity.who_is(opened.token, unit=house.unit, clock=house.clock)

    assert (actor.name, actor.role, actor.tenant_id) == ("김운영", Role.OPERATOR, 1)
    assert opened.session.expires_at - opened.session.opened_at == timedelta(hours=12)
    assert opened.token.encode() not in opened.session.token_sha256


@pytest.mark.parametrize(("name", "password"), [("kim", "other words, longer"), ("nobody", PASSWORD)])
async def test_a_wrong_name_costs_as_much_as_a_wrong_password(house: House, name, password) -> None:
    with pytest.raises(SignInRefused):
        await house.sign_in(name, password)

    assert house.passwords.asked == 1


async def test_the_eleventh_guess_in_a_quarter_of_an_hour_is_not_looked_at(house: House) -> None:
    for _ in range(10):
        with pytest.raises(SignInRefused):
            await house.sign_in(password="wrong wrong wrong")

    with pytest.raises(TooManyFailures):
        await house.sign_in()
    assert house.passwords.asked == 10

    house.clock.move(minutes=15, seconds=1)
    assert (await house.sign_in()).token


async def test_a_person_who_left_neither_signs_in_nor_goes_on(house: House) -> None:
    opened = await house.sign_in()
    person = opened.person
    house.work.people._people[person.person_id] = replace(person, active=False)

    with pytest.raises(NotSignedIn):
        await identity.who_is(opened.token, unit=house.unit, clock=house.clock)
    with pytest.raises(SignInRefused):
        await house.sign_in()


async def test_a_closed_or_expired_session_opens_nothing(house: House) -> None:
    first, second = await house.sign_in(), await house.sign_in()
    assert first.token != second.token

    await identity.sign_out(first.token, unit=house.unit)
    house.clock.move(hours=12)

    for token in (first.token, second.token, "no token"):
        with pytest.raises(NotSignedIn):
            await identity.who_is(token, unit=house.unit, clock=house.clock)


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 257])
async def test_a_password_has_twelve_to_256_characters(house: House, password) -> None:
    with pytest.raises(PasswordTooWeak):
        await house.add("lee", password)


async def test_nobody_joins_a_party_that_is_not_there(house: House) -> None:
    with pytest.raises(TenantUnknown):
        await house.add("lee", tenant=9)
