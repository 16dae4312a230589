from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.identity import members, pacing
from domain.identity import usecases as identity
from domain.identity.errors import (
    NotSignedIn,
    PasswordHoldsName,
    PasswordTooCommon,
    PasswordTooWeak,
    SecondFactorMissing,
    SignInRefused,
    TenantUnknown,
    TooManyFailures,
)
from domain.identity.model import PartyKind, Visit
from domain.identity.usecases import Desk
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import TenantId
from tests.fakes.identity import CountedTokens, ListedPasswords, OpenVault, PlainPasswords
from tests.fakes.members import MemoryMemberWork
from tests.fakes.recognition import MemoryRecognition
from tests.fakes.system import CountedIds, FixedClock

PASSWORD = "long enough words"
OFFICE, ELSEWHERE = Visit(source="10.0.0.1", agent="office"), Visit(source="203.0.113.9", agent="cafe")


class House:
    """A complex with one person in it, all in memory."""

    def __init__(self) -> None:
        self.work = MemoryMemberWork()
        self.clock, self.ids = FixedClock(), CountedIds()
        self.passwords, self.tokens = PlainPasswords(), CountedTokens()
        self.desk = Desk(
            unit=self.unit,
            passwords=self.passwords,
            tokens=self.tokens,
            ids=self.ids,
            clock=self.clock,
            vault=OpenVault(),
            breached=ListedPasswords("known from a breach of others"),
        )

    @asynccontextmanager
    async def unit(self, _: Actor) -> AsyncIterator[MemoryMemberWork]:
        yield self.work

    async def sign_in(
        self, name: str = "kim", password: str = PASSWORD, *, code: str | None = None, visit: Visit = OFFICE
    ) -> identity.OpenedSession:
        return await identity.sign_in(name, password, desk=self.desk, code=code, visit=visit)

    async def add(
        self, name: str = "kim", password: str = PASSWORD, tenant: int = 1, role: Role = Role.OPERATOR
    ) -> None:
        await members.add_member(
            members.AddMember(
                tenant_id=TenantId(tenant), sign_in_name=name, printed_name="김운영", role=role, password=password
            ),
            unit=self.unit,
            passwords=self.passwords,
            ids=self.ids,
            clock=self.clock,
            breached=self.desk.breached,
        )

    async def who_is(self, token: str, **more: bool) -> Actor:
        return await identity.who_is(
            token, recognition=MemoryRecognition(self.work), unit=self.unit, clock=self.clock, **more
        )


@pytest.fixture
async def house() -> House:
    built = House()
    await identity.add_tenant(
        identity.AddTenant(
            number=1,
            kind=PartyKind.OPERATOR,
            name_ko="순환 운영",
            name_en="Sunhwan Operations",
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


async def add_body(house: House) -> None:
    await identity.add_tenant(
        identity.AddTenant(
            number=2,
            kind=PartyKind.INSPECTION_BODY,
            name_ko="시험원",
            name_en="Body",
            business_no="2",
            address_ko="구미",
            address_en="Gumi",
            complex_ko="구미",
            complex_en="Gumi",
        ),
        unit=house.unit,
        ids=house.ids,
    )


async def test_the_right_words_open_a_session_of_twelve_hours(house: House) -> None:
    opened = await house.sign_in()

    actor = await house.who_is(opened.token)

    assert (actor.name, actor.role, actor.tenant_id, actor.confirmed_at) == ("김운영", Role.OPERATOR, 1, None)
    assert opened.session.expires_at - opened.session.opened_at == timedelta(hours=12)
    assert opened.token.encode() not in opened.session.token_sha256


@pytest.mark.parametrize(("name", "password"), [("kim", "other words, longer"), ("nobody", PASSWORD)])
async def test_a_wrong_name_costs_as_much_as_a_wrong_password(house: House, name, password) -> None:
    with pytest.raises(SignInRefused):
        await house.sign_in(name, password)

    assert house.passwords.asked == 1


async def _fail(house: House, times: int, *, name: str = "kim", visit: Visit = OFFICE) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            await house.sign_in(name, password="wrong wrong wrong", visit=visit)


async def test_from_the_fifth_failure_on_a_name_waits_twice_as_long_each_time(house: House) -> None:
    await _fail(house, 5)

    for seconds in (1, 2, 4, 8, 16):
        with pytest.raises(TooManyFailures) as caught:
            await house.sign_in()
        assert caught.value.facts == {"retry_after_s": seconds}
        house.clock.move(seconds=seconds)
        await _fail(house, 1)
    with pytest.raises(TooManyFailures) as caught:
        await house.sign_in()
    assert caught.value.facts == {"retry_after_s": 900}
    assert house.passwords.asked == 10

    house.clock.move(minutes=15)
    assert (await house.sign_in()).token


async def test_guessing_from_many_places_at_one_name_is_not_faster(house: House) -> None:
    for number in range(5):
        await _fail(house, 1, visit=Visit(source=f"198.51.100.{number}"))

    with pytest.raises(TooManyFailures):
        await house.sign_in(visit=Visit(source="198.51.100.77"))


async def test_guessing_at_many_names_from_one_place_ends_at_sixty(house: House) -> None:
    for number in range(60):
        await _fail(house, 1, name=f"somebody-{number}", visit=ELSEWHERE)

    with pytest.raises(TooManyFailures):
        await house.sign_in(visit=ELSEWHERE)
    assert (await house.sign_in(visit=OFFICE)).token


async def test_a_network_of_the_newer_addresses_counts_as_one(house: House) -> None:
    for number in range(60):
        await _fail(house, 1, name=f"name-{number}", visit=Visit(source=f"2001:db8:1:2::{number:x}"))

    with pytest.raises(TooManyFailures):
        await house.sign_in(visit=Visit(source="2001:db8:1:2:ffff::1"))
    await house.sign_in(visit=Visit(source="2001:db8:1:3::1"))
    assert pacing.source_of("198.51.100.7") == "198.51.100.7"
    assert pacing.source_of("") == ""


async def test_an_unknown_name_waits_just_as_a_known_one(house: House) -> None:
    waits = []
    for name in ("kim", "nobody"):
        await _fail(house, 5, name=name)
        with pytest.raises(TooManyFailures) as caught:
            await house.sign_in(name, password="wrong wrong wrong")
        waits.append(caught.value.facts)

    assert waits[0] == waits[1] == {"retry_after_s": 1}


async def test_signing_in_forgives_the_tries_before_it(house: House) -> None:
    for _ in range(3):
        await _fail(house, 4)
        await house.sign_in()


async def test_a_person_who_left_neither_signs_in_nor_goes_on(house: House) -> None:
    opened = await house.sign_in()
    person = opened.person
    house.work.people._people[person.person_id] = replace(person, active=False)

    with pytest.raises(NotSignedIn):
        await house.who_is(opened.token)
    with pytest.raises(SignInRefused):
        await house.sign_in()


async def test_a_closed_or_expired_session_opens_nothing(house: House) -> None:
    first, second = await house.sign_in(), await house.sign_in()
    assert first.token != second.token

    await identity.sign_out(first.token, unit=house.unit)
    for _ in range(13):  # used all the time, it still ends after twelve hours
        house.clock.move(minutes=59)
        if second.session.expires_at > house.clock.now():
            await house.who_is(second.token)

    for token in (first.token, second.token, "no token"):
        with pytest.raises(NotSignedIn):
            await house.who_is(token)


async def test_a_session_that_rests_for_an_hour_is_over(house: House) -> None:
    opened = await house.sign_in()

    house.clock.move(minutes=59)
    await house.who_is(opened.token)
    house.clock.move(minutes=59)
    await house.who_is(opened.token)
    house.clock.move(minutes=60)

    with pytest.raises(NotSignedIn):
        await house.who_is(opened.token)


async def test_a_sessions_last_use_is_noted_once_a_minute(house: House) -> None:
    opened = await house.sign_in()

    house.clock.move(seconds=59)
    await house.who_is(opened.token)
    held = house.work.sessions.kept[opened.session.token_sha256]
    assert held.last_seen_at == opened.session.opened_at
    house.clock.move(seconds=1)
    await house.who_is(opened.token)

    held = house.work.sessions.kept[opened.session.token_sha256]
    assert held.last_seen_at == house.clock.now()


@pytest.mark.parametrize(
    ("role", "required", "refused"),
    [
        (Role.APPROVER, True, True),
        (Role.QUALITY, True, True),
        (Role.FINANCE, True, True),
        (Role.ADMIN, True, True),
        (Role.OPERATOR, True, False),
        (Role.APPROVER, False, False),
    ],
)
async def test_those_who_decide_for_others_take_two_factors_where_the_installation_asks(
    house: House, role, required, refused
) -> None:
    await add_body(house)
    await house.add("choi", role=role, tenant=2 if role in (Role.APPROVER, Role.QUALITY) else 1)
    opened = await house.sign_in("choi")

    if refused:
        with pytest.raises(SecondFactorMissing):
            await house.who_is(opened.token, second_factor_required=required)
    else:
        assert (await house.who_is(opened.token, second_factor_required=required)).role is role


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 257])
async def test_a_password_has_twelve_to_256_characters(house: House, password) -> None:
    with pytest.raises(PasswordTooWeak):
        await house.add("lee", password)


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("my-lee.junho-words", PasswordHoldsName),
        ("SUNHWAN 운영 blue chair", PasswordHoldsName),
        ("the operations of trees", PasswordHoldsName),
        ("known from a breach of others", PasswordTooCommon),
        ("password1234!", PasswordTooCommon),
    ],
)
async def test_a_password_holds_no_name_and_is_on_no_list(house: House, password, error) -> None:
    with pytest.raises(error):
        await house.add("lee.junho", password)


async def test_nobody_joins_a_party_that_is_not_there(house: House) -> None:
    with pytest.raises(TenantUnknown):
        await house.add("lee", tenant=9)
