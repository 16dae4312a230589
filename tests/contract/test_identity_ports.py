"""One promise of the identity store, kept by the fake and by PostgreSQL alike."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.identity.errors import SignInNameTaken, TenantNumberTaken, TenantUnknown
from domain.identity.model import IndustrialComplex, PartyKind, Person, Session, Tenant
from domain.identity.ports import IdentityWork
from domain.shared.actor import SYSTEM, Actor, Role
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


async def test_failures_are_counted_by_name_and_forgotten_after_a_day(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        for number, minutes in enumerate((0, 10, 60 * 25), start=1):
            at = NOON + timedelta(minutes=minutes)
            await work.people.note_failure("kim", failure_id=UUID(int=number), at=at)

        assert await work.people.failures_since("kim", NOON) == 1
        assert await work.people.failures_since("lee", NOON) == 0


async def test_a_session_is_found_until_it_expires_or_is_closed(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.sessions.open(SESSION)
        other = replace(SESSION, token_sha256=b"\2" * 32, expires_at=NOON + timedelta(hours=1))
        await work.sessions.open(other)

        assert await work.sessions.find(SESSION.token_sha256, now=NOON) == SESSION
        assert await work.sessions.find(b"\3" * 32, now=NOON) is None
        assert await work.sessions.find(other.token_sha256, now=NOON + timedelta(hours=1)) is None
        assert await work.sessions.sweep(now=NOON + timedelta(hours=1)) == 1
        await work.sessions.close(SESSION.token_sha256)
        assert await work.sessions.find(SESSION.token_sha256, now=NOON) is None
