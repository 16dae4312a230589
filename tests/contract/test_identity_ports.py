"""One promise of the identity store, kept by the fake and by PostgreSQL alike."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import open_engine
from adapters.postgres.recognition import PostgresRecognition
from adapters.postgres.roles import APP
from adapters.postgres.tables.base import SCHEMA
from domain.identity.errors import LinkTaken, SignInNameTaken, TenantNumberTaken, TenantUnknown
from domain.identity.model import (
    Failures,
    Holder,
    IndustrialComplex,
    PartyKind,
    Passkey,
    Person,
    Session,
    Tenant,
    Ticket,
    TicketKind,
    Totp,
)
from domain.identity.ports import IdentityWork, Recognition
from domain.shared.actor import DOOR, SYSTEM, Actor, ComplexReach, Role
from domain.shared.identifiers import PersonId, TenantId
from tests.fakes.identity import MemoryIdentityWork
from tests.fakes.system import NOON

Opened = Callable[[Actor], AbstractAsyncContextManager[IdentityWork]]
COMPLEX = IndustrialComplex(complex_id=1, name_ko="구미", name_en="Gumi")
OPERATOR = Tenant(
    tenant_id=TenantId(1),
    ref=UUID(int=1),
    complex_id=1,
    kind=PartyKind.OPERATOR,
    name_ko="순환 운영",
    name_en="Sunhwan",
    business_no="000-00-00001",
    address_ko="구미",
    address_en="Gumi",
    bank_account="시연은행 1",
    accreditation="",
)
KIM = Person(
    person_id=PersonId(UUID(int=5)),
    tenant_id=TenantId(1),
    sign_in_name="kim",
    printed_name="김운영",
    role=Role.OPERATOR,
    password_hash="$argon2id$…",
    active=True,
)
SESSION = Session(
    token_sha256=b"\1" * 32,
    person_id=KIM.person_id,
    tenant_id=TenantId(1),
    opened_at=NOON,
    expires_at=NOON + timedelta(hours=12),
    session_id=UUID(int=71),
    last_seen_at=NOON,
    confirmed_at=None,
    second_factor=False,
    source="10.0.0.1",
    agent="test",
)


@pytest.fixture(params=["memory", "postgres"])
def unit(request: pytest.FixtureRequest) -> Opened:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_unit")
    kept = MemoryIdentityWork()

    @asynccontextmanager
    async def opened(_: Actor) -> AsyncIterator[IdentityWork]:
        yield kept

    return opened


async def test_parties_come_back_as_they_were_and_by_kind(unit: Opened) -> None:
    body = replace(OPERATOR, tenant_id=TenantId(2), ref=UUID(int=2), kind=PartyKind.INSPECTION_BODY)
    async with unit(SYSTEM) as work:
        await work.parties.add_complex(COMPLEX)
        await work.parties.add_complex(replace(COMPLEX, name_ko="다른 이름"))
        await work.parties.add(OPERATOR)
        await work.parties.add(body)

        assert await work.parties.one(TenantId(1)) == OPERATOR
        assert await work.parties.of_kind(PartyKind.INSPECTION_BODY) == (body,)
        assert await work.parties.of_kind(PartyKind.TENANT) == ()
        assert await work.parties.complex_of(TenantId(2)) == COMPLEX


async def test_a_partys_number_is_only_ever_its_own(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.parties.add_complex(COMPLEX)
        await work.parties.add(OPERATOR)

        with pytest.raises(TenantNumberTaken):
            await work.parties.add(replace(OPERATOR, ref=UUID(int=9)))
        with pytest.raises(TenantUnknown):
            await work.parties.one(TenantId(9))
        assert await work.parties.one(TenantId(1)) == OPERATOR


async def test_a_sign_in_name_is_one_persons(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.people.add(KIM)

        with pytest.raises(SignInNameTaken):
            await work.people.add(replace(KIM, person_id=PersonId(UUID(int=6))))
        assert await work.people.named("kim") == KIM
        assert await work.people.one(KIM.person_id) == KIM
        assert await work.people.named("Kim") is None
        assert await work.people.one(PersonId(UUID(int=7))) is None


async def test_failures_are_counted_by_name_and_by_address_and_forgotten_after_a_day(unit: Opened) -> None:
    async with unit(DOOR) as work:
        for number, (name, source, minutes) in enumerate(
            [("kim", "10.0.0.1", 0), ("kim", "10.0.0.2", 1), ("lee", "10.0.0.1", 2)], start=1
        ):
            at = NOON + timedelta(minutes=minutes)
            await work.people.note_failure(name, source=source, failure_id=UUID(int=number), at=at)

        found = await work.people.hold_failures("kim", source="10.0.0.1", since=NOON)
        assert (found.under_name, found.from_source) == (2, 2)
        assert found.last_under_name == NOON + timedelta(minutes=1)
        assert found.last_from_source == NOON + timedelta(minutes=2)
        later = await work.people.hold_failures("kim", source="", since=NOON + timedelta(seconds=61))
        assert later == Failures(under_name=0, last_under_name=None, from_source=0, last_from_source=None)

        next_day = NOON + timedelta(days=1, seconds=90)
        await work.people.note_failure("choi", source="10.0.0.9", failure_id=UUID(int=9), at=next_day)
        assert (await work.people.hold_failures("kim", source="10.0.0.1", since=NOON)).under_name == 0
        assert (await work.people.hold_failures("lee", source="10.0.0.1", since=NOON)).under_name == 1


async def test_failures_are_forgiven_by_name_and_address_or_one_alone(unit: Opened) -> None:
    async with unit(DOOR) as work:
        for number, source in enumerate(["a", "a", "b"], start=1):
            await work.people.note_failure("kim", source=source, failure_id=UUID(int=number), at=NOON)

        await work.people.forgive("kim", source="a", only=UUID(int=2))
        assert (await work.people.hold_failures("kim", source="a", since=NOON)).under_name == 2
        await work.people.forgive("kim", source="a")
        assert (await work.people.hold_failures("kim", source="a", since=NOON)).under_name == 1


async def test_a_password_is_replaced(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.people.add(KIM)
        await work.people.set_password(KIM.person_id, "$argon2id$new")

        assert await work.people.named("kim") == replace(KIM, password_hash="$argon2id$new")


async def test_an_outside_account_is_one_members_and_a_member_has_one_there(unit: Opened) -> None:
    lee = replace(KIM, person_id=PersonId(UUID(int=6)), sign_in_name="lee")
    async with unit(SYSTEM) as work:
        await work.people.add(KIM)
        await work.people.add(lee)
        await work.commit()
    async with unit(DOOR) as work:
        await work.people.link(KIM.person_id, issuer="https://idp", subject="s-1", at=NOON)
        await work.people.link(KIM.person_id, issuer="https://idp", subject="s-1", at=NOON)

        assert await work.people.linked(issuer="https://idp", subject="s-1") == KIM
        assert await work.people.linked(issuer="https://other", subject="s-1") is None
        for person, subject in ((lee, "s-1"), (KIM, "s-2")):
            with pytest.raises(LinkTaken):
                await work.people.link(person.person_id, issuer="https://idp", subject=subject, at=NOON)


async def _with_kim(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.people.add(KIM)
        await work.commit()


async def test_a_sessions_holder_is_found_until_it_expires_rests_or_is_closed(
    unit: Opened, recognition: Recognition
) -> None:
    await _with_kim(unit)
    token, rested = SESSION.token_sha256, NOON - timedelta(hours=1)
    async with unit(DOOR) as work:
        await work.sessions.open(SESSION)
        await work.commit()

    assert await recognition.of_session(token, now=NOON, seen_since=rested) == Holder(actor=KIM.actor, session=SESSION)
    assert await recognition.of_session(b"\3" * 32, now=NOON, seen_since=rested) is None
    assert await recognition.of_session(token, now=SESSION.expires_at, seen_since=rested) is None
    assert await recognition.of_session(token, now=NOON, seen_since=NOON) is None

    async with unit(DOOR) as work:
        await work.sessions.seen(token, at=NOON + timedelta(minutes=1))
        await work.commit()
    found = await recognition.of_session(token, now=NOON, seen_since=NOON)
    assert found is not None
    assert found.session.last_seen_at == NOON + timedelta(minutes=1)

    async with unit(DOOR) as work:
        await work.sessions.close(token)
        await work.commit()
    assert await recognition.of_session(token, now=NOON, seen_since=rested) is None


async def test_a_holder_on_a_complexs_staff_is_told_which_organisations_lie_in_it(
    unit: Opened, recognition: Recognition
) -> None:
    elsewhere = replace(OPERATOR, tenant_id=TenantId(3), ref=UUID(int=3), complex_id=2)
    park = replace(KIM, person_id=PersonId(UUID(int=6)), tenant_id=TenantId(3), sign_in_name="park")
    lee = replace(KIM, person_id=PersonId(UUID(int=7)), sign_in_name="lee", role=Role.TENANT_VIEWER)
    async with unit(SYSTEM) as work:
        await work.parties.add_complex(COMPLEX)
        await work.parties.add_complex(replace(COMPLEX, complex_id=2))
        await work.parties.add(OPERATOR)
        await work.parties.add(replace(OPERATOR, tenant_id=TenantId(2), ref=UUID(int=2), kind=PartyKind.TENANT))
        await work.parties.add(elsewhere)
        for one in (KIM, park, lee):
            await work.people.add(one)
            await work.sessions.open(
                replace(
                    SESSION,
                    session_id=one.person_id,
                    token_sha256=one.person_id.bytes * 2,
                    person_id=one.person_id,
                    tenant_id=one.tenant_id,
                )
            )
        await work.commit()

    reaches = {}
    for one in (KIM, park, lee):
        holder = await recognition.of_session(one.person_id.bytes * 2, now=NOON, seen_since=NOON - timedelta(hours=1))
        assert holder is not None
        reaches[one.sign_in_name] = holder.actor.complex_reach
    async with unit(SYSTEM) as work:
        assert [one.complex_id for one in await work.parties.complexes()] == [1, 2]
        assert await work.parties.reach_of(TenantId(3)) == reaches["park"]
        assert await work.parties.operator_of(TenantId(2)) == OPERATOR
        assert await work.parties.operator_of(TenantId(3)) == elsewhere

    assert reaches == {
        "kim": ComplexReach(complex_id=1, organisations=frozenset(map(TenantId, (0, 1, 2)))),
        "park": ComplexReach(complex_id=2, organisations=frozenset({TenantId(3)})),
        "lee": None,
    }


async def test_nobody_holds_the_session_of_one_who_left(unit: Opened, recognition: Recognition) -> None:
    async with unit(SYSTEM) as work:
        await work.people.add(replace(KIM, active=False))
        await work.sessions.open(SESSION)
        await work.commit()

    assert await recognition.of_session(SESSION.token_sha256, now=NOON, seen_since=NOON - timedelta(hours=1)) is None


async def test_a_renewed_session_answers_to_its_new_token_only_and_once(unit: Opened, recognition: Recognition) -> None:
    await _with_kim(unit)
    rested = NOON - timedelta(hours=1)
    async with unit(DOOR) as work:
        await work.sessions.open(SESSION)

        new = b"\7" * 32
        assert await work.sessions.renew(SESSION, token_sha256=new, confirmed_at=NOON, second_factor=True)
        assert not await work.sessions.renew(SESSION, token_sha256=b"\6" * 32, confirmed_at=NOON, second_factor=True)
        await work.commit()

    found = await recognition.of_session(new, now=NOON, seen_since=rested)
    assert found is not None
    assert found.session == replace(SESSION, token_sha256=new, confirmed_at=NOON, second_factor=True)
    assert found.actor.confirmed_at == NOON
    assert await recognition.of_session(SESSION.token_sha256, now=NOON, seen_since=rested) is None


async def test_a_persons_sessions_are_listed_and_ended_one_or_all(unit: Opened) -> None:
    second = replace(SESSION, session_id=UUID(int=72), token_sha256=b"\2" * 32, opened_at=NOON + timedelta(minutes=1))
    third = replace(SESSION, session_id=UUID(int=73), token_sha256=b"\4" * 32, person_id=PersonId(UUID(int=6)))
    rested = NOON - timedelta(hours=1)
    async with unit(DOOR) as work:
        for one in (SESSION, second, third):
            await work.sessions.open(one)

        assert await work.sessions.of_person(KIM.person_id, now=NOON, seen_since=rested) == (second, SESSION)
        assert not await work.sessions.close_one(KIM.person_id, third.session_id)
        assert await work.sessions.close_one(KIM.person_id, second.session_id)
        assert await work.sessions.close_all(KIM.person_id, but=SESSION.session_id) == 0
        assert await work.sessions.close_all(KIM.person_id) == 1
        assert await work.sessions.of_person(third.person_id, now=NOON, seen_since=rested) == (third,)
        assert await work.sessions.sweep(now=NOON, seen_since=NOON) == 1


async def test_an_authenticator_app_takes_each_step_once(unit: Opened) -> None:
    app = Totp(person_id=KIM.person_id, sealed_secret=b"sealed", enrolled_at=NOON, last_step=None)
    async with unit(DOOR) as work:
        factors = work.second_factors
        assert await factors.begin_totp(app)
        assert await factors.begin_totp(replace(app, sealed_secret=b"anew"))
        assert not (await factors.enrolled(KIM.person_id)).has_second_factor

        assert await factors.use_totp(KIM.person_id, step=100)
        assert [await factors.use_totp(KIM.person_id, step=step) for step in (100, 99, 101)] == [False, False, True]
        assert not await factors.begin_totp(app)
        assert await factors.totp(KIM.person_id) == replace(app, sealed_secret=b"anew", last_step=101)
        assert (await factors.enrolled(KIM.person_id)).totp
        await factors.drop_totp(KIM.person_id)
        assert await factors.totp(KIM.person_id) is None
        assert not await factors.use_totp(KIM.person_id, step=102)


async def test_a_passkeys_counter_moves_once_from_where_it_was_seen(unit: Opened) -> None:
    passkey = Passkey(
        credential_id=b"id-1",
        person_id=KIM.person_id,
        public_key=b"key",
        sign_count=4,
        label="노트북",
        enrolled_at=NOON,
        last_used_at=None,
    )
    async with unit(DOOR) as work:
        factors = work.second_factors
        assert await factors.add_passkey(passkey)
        assert not await factors.add_passkey(replace(passkey, person_id=PersonId(UUID(int=6))))
        assert await factors.use_passkey(passkey, sign_count=5, at=NOON)
        assert not await factors.use_passkey(passkey, sign_count=6, at=NOON)

        assert await factors.passkey(b"id-1") == replace(passkey, sign_count=5, last_used_at=NOON)
        assert (await factors.enrolled(KIM.person_id)).passkeys == 1
        await factors.drop_passkey(PersonId(UUID(int=6)), b"id-1")
        assert len(await factors.passkeys(KIM.person_id)) == 1
        await factors.drop_passkey(KIM.person_id, b"id-1")
        assert await factors.passkeys(KIM.person_id) == ()
        assert await factors.passkey(b"id-1") is None


async def test_a_recovery_code_is_good_once_and_a_new_set_ends_the_old(unit: Opened) -> None:
    one, two, three = (bytes([number]) * 32 for number in (1, 2, 3))
    async with unit(DOOR) as work:
        factors = work.second_factors
        await factors.replace_recovery_codes(KIM.person_id, (one, two))

        assert not await factors.use_recovery_code(PersonId(UUID(int=6)), one, at=NOON)
        assert [await factors.use_recovery_code(KIM.person_id, one, at=NOON) for _ in range(2)] == [True, False]
        assert (await factors.enrolled(KIM.person_id)).recovery_codes == 1
        await factors.replace_recovery_codes(KIM.person_id, (three,))
        assert [await factors.use_recovery_code(KIM.person_id, code, at=NOON) for code in (two, three)] == [False, True]
        await factors.replace_recovery_codes(KIM.person_id, ())
        assert (await factors.enrolled(KIM.person_id)).recovery_codes == 0


async def test_a_persons_tickets_of_a_kind_are_dropped_and_no_others(unit: Opened) -> None:
    tickets = [
        Ticket(
            token_sha256=bytes([number]) * 32,
            kind=kind,
            person_id=person_id,
            payload="",
            expires_at=NOON + timedelta(hours=1),
        )
        for number, (kind, person_id) in enumerate(
            [
                (TicketKind.RESET, KIM.person_id),
                (TicketKind.RESET, PersonId(UUID(int=404))),
                (TicketKind.SECOND_FACTOR, KIM.person_id),
            ],
            start=1,
        )
    ]
    async with unit(DOOR) as work:
        for one in tickets:
            await work.tickets.add(one, now=NOON)

        await work.tickets.drop(KIM.person_id, kind=TicketKind.RESET)

        left = [await work.tickets.find(one.token_sha256, kind=one.kind, now=NOON) for one in tickets]
    assert left == [None, tickets[1], tickets[2]]


async def test_a_ticket_is_taken_once_for_its_own_step_and_in_time(unit: Opened) -> None:
    ticket = Ticket(
        token_sha256=b"\5" * 32,
        kind=TicketKind.PROVIDER,
        person_id=None,
        payload="nonce verifier",
        expires_at=NOON + timedelta(minutes=5),
    )
    async with unit(DOOR) as work:
        await work.tickets.add(ticket, now=NOON)
        key = ticket.token_sha256

        assert await work.tickets.take(key, kind=TicketKind.SECOND_FACTOR, now=NOON) is None
        assert await work.tickets.take(key, kind=TicketKind.PROVIDER, now=ticket.expires_at) is None
        assert await work.tickets.find(key, kind=TicketKind.PROVIDER, now=NOON) == ticket
        assert await work.tickets.take(key, kind=TicketKind.PROVIDER, now=NOON) == ticket
        assert await work.tickets.take(key, kind=TicketKind.PROVIDER, now=NOON) is None


async def test_an_empty_installation_has_nobody_who_could_sign_in(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        found = [
            await connection.scalar(text(f'select count(*) from {SCHEMA}."{name}"'))
            for name in ("person", "tenant", "api_key", "session", "passkey", "provider_link", "invitation")
        ]

    assert found == [0] * 7


async def test_a_look_that_is_cancelled_gives_its_connection_back(database_url: str) -> None:
    engine = open_engine(database_url, pool_size=1, role=APP)
    recognition = PostgresRecognition(engine)
    ended = 0
    for number in range(200):
        try:
            async with asyncio.timeout(0.0002 * (number % 10)):
                await recognition.of_session(b"\1" * 32, now=NOON, seen_since=NOON)
        except TimeoutError:
            ended += 1

    assert ended > 20
    assert await recognition.of_session(b"\1" * 32, now=NOON, seen_since=NOON) is None
    assert "Current Checked out connections: 0" in engine.pool.status()
    await engine.dispose()
