"""Keys for machines: who may make which, how long they open, how they end."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.identity import keys
from domain.identity.errors import (
    KeyLastsTooLong,
    KeyNotForMachines,
    KeyOver,
    KeyScopeMissing,
    KeyUnknown,
    NotSignedIn,
    PeopleOnly,
    RoleBeyondYours,
    TenantUnknown,
)
from domain.identity.keyring import MACHINE_ROLES, key_id_in, key_text
from domain.identity.membership import ROLES_OF
from domain.identity.model import PartyKind
from domain.shared.actor import Role, RoleNotEnough, ScopeNotEnough
from domain.shared.identifiers import TenantId
from tests.contract.test_identity_ports import COMPLEX, OPERATOR
from tests.fakes.keys import MemoryKeyWork
from tests.fakes.recognition import MemoryRecognition
from tests.fakes.system import NOON
from tests.unit.identity.test_members import ADMIN, MANAGER, VIEWER, House

SITE = UUID(int=77)


class LongTokens:
    def __init__(self) -> None:
        self.made = 0

    def new(self) -> str:
        self.made += 1
        return f"{self.made:043d}"

    def new_hex(self) -> str:
        return "0" * 32


@pytest.fixture
async def house() -> House:
    made = House(work=MemoryKeyWork(), tokens=LongTokens())
    await made.work.parties.add_complex(COMPLEX)
    await made.work.parties.add(OPERATOR)
    for number, kind in ((2, PartyKind.INSPECTION_BODY), (11, PartyKind.TENANT), (12, PartyKind.TENANT)):
        await made.work.parties.add(
            replace(OPERATOR, tenant_id=TenantId(number), ref=UUID(int=100 + number), kind=kind)
        )
    return made


async def make(house, actor=MANAGER, role=Role.DEVICE, tenant_id=11, **more):
    scope = {"sites": (SITE,)} if role is Role.DEVICE and "sites" not in more else {}
    wish = keys.MakeKey(actor=actor, tenant_id=TenantId(tenant_id), name="게이트웨이 1", role=role, **{**scope, **more})
    return await keys.make_key(wish, unit=house.unit, tokens=house.tokens, ids=house.ids, clock=house.clock)


async def rotate(house, key_id, actor=MANAGER, **more):
    wish = keys.RotateKey(actor=actor, key_id=key_id, **more)
    return await keys.rotate_key(wish, unit=house.unit, tokens=house.tokens, ids=house.ids, clock=house.clock)


async def revoke(house, key_id, actor=MANAGER):
    return await keys.revoke_key(actor, key_id, unit=house.unit, clock=house.clock)


async def holder(house, text):
    return await keys.who_holds(text, recognition=MemoryRecognition(house.work), unit=house.unit, clock=house.clock)


def test_a_key_says_where_it_is_found_and_nothing_else_has_its_shape() -> None:
    text = key_text(UUID(int=5), "a-b_" * 11)

    assert text.startswith(f"sh_live_{5:032x}_a-b_")
    assert key_id_in(text) == UUID(int=5)
    for wrong in ("", "sh_live_", text[:40], text.replace("sh_live", "sh_test"), text + "!", text.upper(), "ü" * 60):
        assert key_id_in(wrong) is None


def test_no_machine_reviews_approves_or_administers() -> None:
    for kind, roles in MACHINE_ROLES.items():
        assert set(roles) - {Role.DEVICE} <= set(ROLES_OF[kind])
        assert not {Role.REVIEWER, Role.APPROVER, Role.QUALITY, Role.ADMIN} & set(roles)


async def test_a_key_stands_for_a_program_with_its_role_and_scope_and_keeps_no_secret(house) -> None:
    made = await make(house, channels=(3, 1, 3))

    found = await holder(house, made.text)

    actor = found.actor
    assert (actor.role, actor.tenant_id, actor.name, actor.key_id) == (Role.DEVICE, 11, "게이트웨이 1", made.key.key_id)
    assert (actor.sites, actor.channels) == (frozenset({SITE}), frozenset({1, 3}))
    assert found.first_use
    assert made.text not in str(house.work.keys._keys)


async def test_a_use_costs_one_write_a_minute(house) -> None:
    made = await make(house)

    for _ in range(30):
        await holder(house, made.text)
        house.clock.move(seconds=4)

    assert house.work.keys.writes == 2
    assert not (await holder(house, made.text)).first_use


@pytest.mark.parametrize(
    ("actor", "role", "tenant_id", "more", "error"),
    [
        pytest.param(VIEWER, Role.DEVICE, 11, {}, RoleNotEnough, id="a viewer"),
        pytest.param(MANAGER, Role.DEVICE, 12, {}, TenantUnknown, id="for a neighbour"),
        pytest.param(MANAGER, Role.OPERATOR, 11, {}, KeyNotForMachines, id="more than the maker"),
        pytest.param(MANAGER, Role.OPERATOR, 1, {}, TenantUnknown, id="of the operator"),
        pytest.param(ADMIN, Role.APPROVER, 2, {}, KeyNotForMachines, id="an approver"),
        pytest.param(ADMIN, Role.ADMIN, 1, {}, KeyNotForMachines, id="an administrator"),
        pytest.param(replace(MANAGER, key_id=UUID(int=4)), Role.DEVICE, 11, {}, PeopleOnly, id="a key makes a key"),
        pytest.param(MANAGER, Role.DEVICE, 11, {"sites": None}, KeyScopeMissing, id="a device without scope"),
        pytest.param(MANAGER, Role.DEVICE, 11, {"sites": ()}, KeyScopeMissing, id="an empty scope"),
        pytest.param(ADMIN, Role.FINANCE, 1, {"sites": (SITE,)}, KeyScopeMissing, id="staff narrowed to sites"),
        pytest.param(MANAGER, Role.TENANT_VIEWER, 11, {"days": 366}, KeyLastsTooLong, id="more than a year"),
        pytest.param(MANAGER, Role.TENANT_VIEWER, 11, {"days": 0}, KeyLastsTooLong, id="no day"),
    ],
)
async def test_a_key_that_reaches_too_far_is_not_made(actor, role, tenant_id, more, error, house) -> None:
    with pytest.raises(error):
        await make(house, actor, role, tenant_id, **more)
    assert house.work.keys._keys == {}


def test_a_tenants_administrator_gives_no_role_of_the_staff_even_where_it_would_fit() -> None:
    from domain.identity.keyring import require_key_role

    with pytest.raises(RoleBeyondYours):
        require_key_role(MANAGER, Role.OPERATOR, PartyKind.OPERATOR)


async def test_a_key_lasts_ninety_days_and_opens_nothing_after(house) -> None:
    made = await make(house)
    assert made.key.expires_at == NOON + timedelta(days=90)

    house.clock.move(days=90, seconds=-1)
    await holder(house, made.text)
    house.clock.move(seconds=1)

    with pytest.raises(NotSignedIn):
        await holder(house, made.text)


async def test_a_rotated_key_opens_beside_its_successor_until_the_overlap_ends(house) -> None:
    old = await make(house, channels=(1,))

    new = await rotate(house, old.key.key_id, overlap_hours=2)

    assert (new.key.role, new.key.sites, new.key.channels) == (old.key.role, old.key.sites, old.key.channels)
    assert new.key.rotated_from == old.key.key_id
    house.clock.move(hours=2, seconds=-1)
    for text in (old.text, new.text):
        await holder(house, text)
    house.clock.move(seconds=1)
    with pytest.raises(NotSignedIn):
        await holder(house, old.text)
    await holder(house, new.text)
    with pytest.raises(KeyOver):
        await rotate(house, old.key.key_id)


async def test_a_key_is_replaced_once(house) -> None:
    old = await make(house)
    await rotate(house, old.key.key_id)

    with pytest.raises(KeyOver):
        await rotate(house, old.key.key_id)
    with pytest.raises(KeyLastsTooLong):
        await rotate(house, old.key.key_id, overlap_hours=169)


async def test_a_revoked_key_is_over_at_once_also_within_an_overlap(house) -> None:
    old = await make(house)
    new = await rotate(house, old.key.key_id)

    await revoke(house, old.key.key_id)

    with pytest.raises(NotSignedIn):
        await holder(house, old.text)
    await holder(house, new.text)
    with pytest.raises(KeyOver):
        await revoke(house, old.key.key_id)


async def test_a_neighbours_key_is_unknown_here(house) -> None:
    made = await make(house, ADMIN, tenant_id=12)

    with pytest.raises(KeyUnknown):
        await revoke(house, made.key.key_id)
    with pytest.raises(KeyUnknown):
        await rotate(house, made.key.key_id)
    assert await keys.list_keys(MANAGER, tenant_id=TenantId(12), after=None, limit=9, unit=house.unit) == ()


@pytest.mark.parametrize("change", ["secret", "key"])
async def test_a_guess_opens_nothing(change, house) -> None:
    made = await make(house)
    wrong = made.text[:-1] + "x" if change == "secret" else made.text.replace(made.key.key_id.hex, UUID(int=9).hex)

    with pytest.raises(NotSignedIn):
        await holder(house, wrong)


async def test_a_narrowed_key_is_refused_by_whatever_does_not_keep_its_scope(house) -> None:
    actor = (await holder(house, (await make(house, role=Role.TENANT_ADMIN, sites=(SITE,))).text)).actor

    with pytest.raises(ScopeNotEnough):
        actor.require(Role.TENANT_ADMIN)
    actor.require(Role.TENANT_ADMIN, keeps_scope=True)
