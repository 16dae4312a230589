"""One promise of members and invitations, kept by the fake and by PostgreSQL alike; and what the database refuses."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import ProgrammingError

from domain.identity.errors import MemberUnknown
from domain.identity.membership import ChangeKind, Invitation, MemberChange
from domain.identity.model import PartyKind
from domain.identity.ports import MemberWork, Recognition
from domain.shared.actor import SYSTEM, Actor, Role
from domain.shared.identifiers import PersonId, TenantId
from tests.contract.test_identity_ports import COMPLEX, KIM, OPERATOR, SESSION
from tests.fakes.members import MemoryMemberWork, member_of
from tests.fakes.system import NOON, someone

Opened = Callable[[Actor], AbstractAsyncContextManager[MemberWork]]
LEE = replace(
    KIM,
    person_id=PersonId(UUID(int=6)),
    tenant_id=TenantId(11),
    sign_in_name="lee",
    role=Role.TENANT_ADMIN,
)
INVITATION = Invitation(
    invitation_id=UUID(int=21),
    tenant_id=TenantId(11),
    role=Role.TENANT_VIEWER,
    for_whom="박신입",
    token_sha256=b"\7" * 32,
    invited_by=LEE.person_id,
    invited_at=NOON,
    expires_at=NOON + timedelta(days=7),
)
CHANGE = MemberChange(
    change_id=UUID(int=31),
    tenant_id=TenantId(11),
    person_id=LEE.person_id,
    kind=ChangeKind.ROLE,
    role_before=Role.TENANT_ADMIN,
    role_after=Role.TENANT_VIEWER,
    reason="담당 변경",
    changed_by=KIM.person_id,
    changed_by_name="김운영",
    changed_at=NOON,
)


@pytest.fixture(params=["memory", "postgres"])
def unit(request: pytest.FixtureRequest) -> Opened:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_unit")
    kept = MemoryMemberWork()

    @asynccontextmanager
    async def opened(_: Actor) -> AsyncIterator[MemberWork]:
        yield kept

    return opened


async def test_members_are_listed_newest_first_and_of_one_organisation(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.people.add(KIM)
        await work.people.add(LEE)

        kim, lee = member_of(KIM), member_of(LEE)
        assert await work.members.page(tenant_id=None, after=None, limit=9) == (lee, kim)
        assert await work.members.page(tenant_id=TenantId(1), after=None, limit=9) == (kim,)
        assert await work.members.page(tenant_id=None, after=lee.person_id, limit=9) == (kim,)
        assert await work.members.one(lee.person_id) == lee
        with pytest.raises(MemberUnknown):
            await work.members.one(PersonId(UUID(int=99)))


async def test_a_change_of_role_and_standing_is_kept_and_counted(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.parties.add_complex(COMPLEX)
        await work.parties.add_complex(replace(COMPLEX, complex_id=2))
        await work.parties.add(OPERATOR)
        await work.parties.add(replace(OPERATOR, tenant_id=TenantId(3), ref=UUID(int=3), complex_id=2))
        await work.people.add(KIM)
        assert await work.members.active(Role.OPERATOR, in_complex_of=TenantId(1)) == 1
        assert await work.members.active(Role.OPERATOR, in_complex_of=TenantId(3)) == 0

        await work.members.change(replace(member_of(KIM), role=Role.ADMIN, active=False))

        assert await work.members.one(KIM.person_id) == replace(member_of(KIM), role=Role.ADMIN, active=False)
        for role in (Role.OPERATOR, Role.ADMIN):
            assert await work.members.active(role, in_complex_of=TenantId(1)) == 0


async def test_all_of_a_persons_sessions_end_and_nobody_elses(unit: Opened, recognition: Recognition) -> None:
    async with unit(SYSTEM) as work:
        await work.people.add(KIM)
        await work.people.add(LEE)
        await work.sessions.open(SESSION)
        await work.sessions.open(replace(SESSION, token_sha256=b"\2" * 32, session_id=UUID(int=902)))
        lees = replace(SESSION, token_sha256=b"\3" * 32, session_id=UUID(int=903), person_id=LEE.person_id)
        await work.sessions.open(lees)

        assert await work.members.end_sessions(KIM.person_id) == 2
        await work.commit()
    assert await recognition.of_session(b"\2" * 32, now=NOON, seen_since=NOON - timedelta(hours=1)) is None
    assert await recognition.of_session(b"\3" * 32, now=NOON, seen_since=NOON - timedelta(hours=1)) is not None


async def test_changes_come_back_in_their_order(unit: Opened) -> None:
    second = replace(CHANGE, change_id=UUID(int=32), kind=ChangeKind.DEACTIVATED, role_before=Role.TENANT_VIEWER)
    async with unit(SYSTEM) as work:
        await work.members.note(CHANGE)
        await work.members.note(second)

        assert await work.members.changes(LEE.person_id) == (CHANGE, second)
        assert await work.members.changes(KIM.person_id) == ()


async def test_an_invitation_is_taken_or_withdrawn_once(unit: Opened) -> None:
    other = replace(INVITATION, invitation_id=UUID(int=22), token_sha256=b"\6" * 32, tenant_id=TenantId(12))
    async with unit(SYSTEM) as work:
        await work.invitations.add(INVITATION)
        await work.invitations.add(other)

        assert await work.invitations.find(INVITATION.token_sha256) == INVITATION
        assert await work.invitations.find(b"\5" * 32) is None
        assert await work.invitations.page(tenant_id=None, after=None, limit=9) == (other, INVITATION)
        assert await work.invitations.page(tenant_id=TenantId(11), after=None, limit=9) == (INVITATION,)
        assert await work.invitations.take(INVITATION.invitation_id, person_id=KIM.person_id, at=NOON)
        assert not await work.invitations.take(INVITATION.invitation_id, person_id=KIM.person_id, at=NOON)
        assert not await work.invitations.withdraw(INVITATION.invitation_id, at=NOON)
        assert await work.invitations.withdraw(other.invitation_id, at=NOON)
        assert await work.invitations.one(INVITATION.invitation_id) == replace(
            INVITATION, taken_at=NOON, taken_by=KIM.person_id
        )
        assert await work.invitations.one(other.invitation_id) == replace(other, withdrawn_at=NOON)


async def test_organisations_are_listed_by_number(unit: Opened) -> None:
    tenant = replace(OPERATOR, tenant_id=TenantId(11), ref=UUID(int=2), kind=PartyKind.TENANT)
    async with unit(SYSTEM) as work:
        await work.parties.add_complex(COMPLEX)
        await work.parties.add(tenant)
        await work.parties.add(OPERATOR)

        assert await work.members.organisations(after=None, limit=9) == (OPERATOR, tenant)
        assert await work.members.organisations(after=TenantId(1), limit=9) == (tenant,)


# ── what the database refuses, whatever the program says ──

ADMIN_11 = someone(Role.TENANT_ADMIN, tenant_id=11)


async def test_a_tenants_transaction_makes_nobody_more_than_a_tenants_administrator(postgres_unit) -> None:
    async with postgres_unit(SYSTEM) as work:
        await work.people.add(LEE)
        await work.commit()

    with pytest.raises(ProgrammingError, match="row-level security"):
        async with postgres_unit(ADMIN_11) as work:
            await work.members.change(replace(member_of(LEE), role=Role.ADMIN))
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with postgres_unit(ADMIN_11) as work:
            await work.invitations.add(replace(INVITATION, role=Role.OPERATOR))


async def test_a_tenants_transaction_sees_and_changes_its_own_people_only(postgres_unit) -> None:
    async with postgres_unit(SYSTEM) as work:
        await work.people.add(KIM)
        await work.people.add(LEE)
        await work.members.note(CHANGE)
        await work.invitations.add(INVITATION)
        await work.commit()

    async with postgres_unit(someone(Role.TENANT_ADMIN, tenant_id=12)) as work:
        assert await work.members.page(tenant_id=None, after=None, limit=9) == ()
        assert await work.members.changes(LEE.person_id) == ()
        assert await work.invitations.page(tenant_id=None, after=None, limit=9) == ()
        assert not await work.invitations.withdraw(INVITATION.invitation_id, at=NOON)
    async with postgres_unit(ADMIN_11) as work:
        assert await work.members.page(tenant_id=None, after=None, limit=9) == (member_of(LEE),)


@pytest.mark.parametrize(
    "statement",
    [
        "update sunhwan.member_change set reason = ''",
        "delete from sunhwan.member_change",
        "delete from sunhwan.invitation",
        "update sunhwan.invitation set role = 'admin'",
        "update sunhwan.invitation set expires_at = now()",
    ],
)
async def test_what_was_changed_and_what_was_offered_is_never_rewritten(statement, postgres_unit) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with postgres_unit(SYSTEM) as work:
            await work._connection.exec_driver_sql(statement)


async def test_names_stand_beside_the_numbers_that_are_known(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.parties.add_complex(COMPLEX)
        await work.parties.add(OPERATOR)
        await work.people.add(KIM)

        assert await work.members.names((KIM.person_id, LEE.person_id)) == {KIM.person_id: KIM.printed_name}
        assert await work.members.names(()) == {}
        assert await work.members.party_names((OPERATOR.tenant_id, TenantId(99))) == {
            OPERATOR.tenant_id: OPERATOR.name_ko
        }
