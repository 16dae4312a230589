"""Who may invite, change and shut out whom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from domain.identity import members, usecases
from domain.identity.errors import (
    InvitationOver,
    InvitationUnknown,
    LastAdmin,
    MemberUnchanged,
    MemberUnknown,
    NotByYourself,
    NotSignedIn,
    PasswordTooWeak,
    PeopleOnly,
    RoleBeyondYours,
    RoleDoesNotFit,
    SignInNameTaken,
    TenantUnknown,
)
from domain.identity.membership import ROLES_OF, ChangeKind
from domain.identity.model import PartyKind, Visit
from domain.shared.actor import SIGNED_IN, Actor, Role, RoleNotEnough
from domain.shared.identifiers import PersonId, TenantId
from tests.contract.test_identity_ports import COMPLEX, OPERATOR
from tests.fakes.identity import CountedTokens, ListedPasswords, OpenVault, PlainPasswords
from tests.fakes.members import MemoryMemberWork
from tests.fakes.recognition import MemoryRecognition
from tests.fakes.system import NOON, CountedIds, FixedClock, someone

ADMIN = someone(Role.ADMIN, name="강관리", tenant_id=1, number=1)
MANAGER = someone(Role.TENANT_ADMIN, name="이입주", tenant_id=11, number=11)
SECRET = "wire-rope-2026-gumi"


@dataclass
class House:
    work: MemoryMemberWork = field(default_factory=MemoryMemberWork)
    clock: FixedClock = field(default_factory=FixedClock)
    ids: CountedIds = field(default_factory=lambda: CountedIds(1000))
    tokens: CountedTokens = field(default_factory=CountedTokens)
    passwords: PlainPasswords = field(default_factory=PlainPasswords)

    @asynccontextmanager
    async def unit(self, _: Actor) -> AsyncIterator[MemoryMemberWork]:
        yield self.work

    async def person(self, actor: Actor, *, active: bool = True) -> None:
        await self.work.people.add(
            usecases.Person(
                person_id=actor.person_id,
                tenant_id=actor.tenant_id,
                sign_in_name=f"p{actor.person_id.int}",
                printed_name=actor.name,
                role=actor.role,
                password_hash=f"plain:{SECRET}",
                active=active,
            )
        )

    async def invite(self, actor=MANAGER, role=Role.TENANT_VIEWER, tenant_id=11):
        return await members.invite(
            members.Invite(actor=actor, tenant_id=TenantId(tenant_id), role=role, for_whom="박신입"),
            unit=self.unit,
            tokens=self.tokens,
            ids=self.ids,
            clock=self.clock,
        )

    async def accept(self, token, name="new", password=SECRET):
        return await members.accept_invitation(
            members.AcceptInvitation(token=token, sign_in_name=name, printed_name="박신입", password=password),
            unit=self.unit,
            passwords=self.passwords,
            ids=self.ids,
            clock=self.clock,
        )

    async def change(self, what, person, *more, actor=ADMIN):
        wish = members.ChangeMember(actor=actor, person_id=person.person_id, reason="담당 변경")
        return await what(wish, *more, unit=self.unit, ids=self.ids, clock=self.clock)

    async def signed_in(self, person) -> str:
        desk = usecases.Desk(
            unit=self.unit,
            passwords=self.passwords,
            tokens=self.tokens,
            ids=self.ids,
            clock=self.clock,
            vault=OpenVault(),
            breached=ListedPasswords(),
        )
        opened = await usecases.sign_in(
            f"p{person.person_id.int}", SECRET, desk=desk, visit=Visit(source="10.0.0.1", agent="office")
        )
        return opened.token

    async def who(self, token):
        return await usecases.who_is(token, recognition=MemoryRecognition(self.work), unit=self.unit, clock=self.clock)


@pytest.fixture
async def house() -> House:
    made = House()
    await made.work.parties.add_complex(COMPLEX)
    await made.work.parties.add(OPERATOR)
    for number, kind in ((2, PartyKind.INSPECTION_BODY), (11, PartyKind.TENANT), (12, PartyKind.TENANT)):
        await made.work.parties.add(
            replace(OPERATOR, tenant_id=TenantId(number), ref=UUID(int=100 + number), kind=kind)
        )
    await made.person(ADMIN)
    await made.person(MANAGER)
    return made


VIEWER = someone(Role.TENANT_VIEWER, name="오열람", tenant_id=11, number=12)
STRANGER = someone(Role.TENANT_VIEWER, name="남이웃", tenant_id=12, number=13)
TESTER = someone(Role.TESTER, tenant_id=2, number=14)


def test_every_persons_role_belongs_to_one_kind_of_organisation() -> None:
    given = [role for roles in ROLES_OF.values() for role in roles]

    assert sorted(given) == sorted(SIGNED_IN)
    assert set(ROLES_OF) == set(PartyKind)


async def test_the_invited_person_joins_with_the_role_they_were_invited_to(house) -> None:
    invited = await house.invite()

    member = await house.accept(invited.token)

    assert (member.tenant_id, member.role, member.active) == (11, Role.TENANT_VIEWER, True)
    assert invited.token.encode() not in invited.invitation.token_sha256
    (change,) = await house.work.members.changes(member.person_id)
    assert (change.kind, change.role_after, change.changed_by) == (ChangeKind.JOINED, Role.TENANT_VIEWER, UUID(int=11))


async def test_an_invitation_is_good_for_one_person(house) -> None:
    invited = await house.invite()
    await house.accept(invited.token)

    with pytest.raises(InvitationUnknown):
        await house.accept(invited.token, name="second")


async def test_an_invitation_ends_after_a_week(house) -> None:
    invited = await house.invite()
    house.clock.move(days=7)

    with pytest.raises(InvitationUnknown):
        await house.accept(invited.token)


async def test_a_withdrawn_invitation_is_worth_nothing(house) -> None:
    invited = await house.invite()
    number = invited.invitation.invitation_id
    await members.withdraw_invitation(MANAGER, number, unit=house.unit, clock=house.clock)

    with pytest.raises(InvitationUnknown):
        await house.accept(invited.token)
    with pytest.raises(InvitationOver):
        await members.withdraw_invitation(MANAGER, number, unit=house.unit, clock=house.clock)


async def test_a_weak_password_or_a_taken_name_leaves_the_invitation_standing(house) -> None:
    invited = await house.invite()

    with pytest.raises(PasswordTooWeak):
        await house.accept(invited.token, password="short")
    with pytest.raises(SignInNameTaken):
        await house.accept(invited.token, name="p11")
    assert (await house.accept(invited.token)).sign_in_name == "new"


async def test_a_stranger_with_a_guessed_token_does_not_make_us_hash(house) -> None:
    house.passwords.hash = None  # calling it would fail

    with pytest.raises(InvitationUnknown):
        await house.accept("guessed")


@pytest.mark.parametrize(
    ("actor", "role", "tenant_id", "error"),
    [
        pytest.param(MANAGER, Role.OPERATOR, 11, RoleBeyondYours, id="a tenant's administrator gives a staff role"),
        pytest.param(MANAGER, Role.ADMIN, 1, RoleBeyondYours, id="in another organisation"),
        pytest.param(MANAGER, Role.TENANT_VIEWER, 12, TenantUnknown, id="a neighbour's people"),
        pytest.param(VIEWER, Role.TENANT_VIEWER, 11, RoleNotEnough, id="a viewer invites"),
        pytest.param(ADMIN, Role.TESTER, 11, RoleDoesNotFit, id="a tester in a tenant"),
        pytest.param(ADMIN, Role.QUALITY, 11, RoleDoesNotFit, id="a quality manager in a tenant"),
        pytest.param(MANAGER, Role.QUALITY, 11, RoleBeyondYours, id="a tenant's administrator gives a body's role"),
        pytest.param(ADMIN, Role.TENANT_ADMIN, 1, RoleDoesNotFit, id="a tenant's role in the operator"),
        pytest.param(ADMIN, Role.DEVICE, 11, RoleDoesNotFit, id="a machine as a person"),
        pytest.param(replace(ADMIN, key_id=UUID(int=5)), Role.OPERATOR, 1, PeopleOnly, id="a program invites"),
    ],
)
async def test_nobody_invites_beyond_what_is_theirs_to_give(actor, role, tenant_id, error, house) -> None:
    with pytest.raises(error):
        await house.invite(actor, role, tenant_id)


async def test_deactivating_ends_every_session_at_once_and_reactivating_opens_the_door_again(house) -> None:
    await house.person(VIEWER)
    tokens = [await house.signed_in(VIEWER), await house.signed_in(VIEWER)]

    await house.change(members.deactivate, VIEWER, actor=MANAGER)

    for token in tokens:
        with pytest.raises(NotSignedIn):
            await house.who(token)
    await house.change(members.reactivate, VIEWER, actor=MANAGER)
    with pytest.raises(NotSignedIn):
        await house.who(tokens[0])
    assert (await house.who(await house.signed_in(VIEWER))).person_id == VIEWER.person_id


async def test_a_changed_role_ends_the_old_sessions_and_stays_in_the_history(house) -> None:
    await house.person(VIEWER)
    token = await house.signed_in(VIEWER)

    member = await house.change(members.change_role, VIEWER, Role.TENANT_ADMIN, actor=MANAGER)

    assert member.role is Role.TENANT_ADMIN
    with pytest.raises(NotSignedIn):
        await house.who(token)
    (change,) = await house.work.members.changes(VIEWER.person_id)
    assert (change.role_before, change.role_after) == (Role.TENANT_VIEWER, Role.TENANT_ADMIN)
    assert (change.changed_by, change.changed_at, change.reason) == (MANAGER.person_id, NOON, "담당 변경")


@pytest.mark.parametrize("what", [members.deactivate, members.reactivate])
async def test_nobody_changes_their_own_standing(what, house) -> None:
    with pytest.raises(NotByYourself):
        await house.change(what, MANAGER, actor=MANAGER)


async def test_nobody_raises_themselves(house) -> None:
    with pytest.raises(NotByYourself):
        await house.change(members.change_role, MANAGER, Role.TENANT_VIEWER, actor=MANAGER)


async def test_a_tenants_administrator_touches_nobody_of_another_organisation(house) -> None:
    for person in (STRANGER, TESTER):
        await house.person(person)

        with pytest.raises(MemberUnknown):
            await house.change(members.deactivate, person, actor=MANAGER)
        with pytest.raises(MemberUnknown):
            await members.show_member(MANAGER, person.person_id, unit=house.unit)


async def test_a_role_of_another_kind_of_organisation_is_refused(house) -> None:
    await house.person(VIEWER)

    with pytest.raises(RoleDoesNotFit):
        await house.change(members.change_role, VIEWER, Role.APPROVER)
    with pytest.raises(RoleDoesNotFit):
        await house.change(members.change_role, VIEWER, Role.OPERATOR, actor=MANAGER)


async def test_the_last_active_administrator_stays(house) -> None:
    other = someone(Role.ADMIN, tenant_id=1, number=2)
    await house.person(other)
    await house.person(someone(Role.ADMIN, tenant_id=1, number=3), active=False)

    await house.change(members.deactivate, ADMIN, actor=other)

    for what in ((members.deactivate, other), (members.change_role, other, Role.OPERATOR)):
        with pytest.raises(LastAdmin):
            await house.change(*what, actor=ADMIN)


async def test_what_changes_nothing_is_told(house) -> None:
    await house.person(VIEWER)

    with pytest.raises(MemberUnchanged):
        await house.change(members.reactivate, VIEWER)
    with pytest.raises(MemberUnchanged):
        await house.change(members.change_role, VIEWER, Role.TENANT_VIEWER)
    assert await house.work.members.changes(VIEWER.person_id) == ()


async def test_a_tenants_administrator_lists_the_own_organisation_whoever_is_asked_for(house) -> None:
    await house.person(STRANGER)

    listed = await members.list_members(MANAGER, tenant_id=TenantId(12), after=None, limit=9, unit=house.unit)
    parties = await members.list_organisations(MANAGER, after=None, limit=9, unit=house.unit)

    assert [one.person_id for one in listed] == [MANAGER.person_id]
    assert [one.tenant_id for one in parties] == [11]
    everybody = await members.list_members(ADMIN, tenant_id=None, after=None, limit=9, unit=house.unit)
    assert [PersonId(one.person_id).int for one in everybody] == [13, 11, 1]
