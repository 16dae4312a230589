"""One promise of the keys for machines, kept by the fake and by PostgreSQL alike; and what the database refuses."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import ProgrammingError

from domain.identity.keyring import ApiKey
from domain.identity.ports import KeyWork, Recognition
from domain.shared.actor import DOOR, PASSER_BY, SYSTEM, Actor, Role, complex_reach_of
from domain.shared.identifiers import PersonId, TenantId
from tests.contract.test_identity_ports import COMPLEX, OPERATOR
from tests.fakes.keys import MemoryKeyWork
from tests.fakes.system import NOON, someone

Opened = Callable[[Actor], AbstractAsyncContextManager[KeyWork]]
KEY = ApiKey(
    key_id=UUID(int=41),
    tenant_id=TenantId(11),
    name="게이트웨이 1",
    role=Role.DEVICE,
    secret_sha256=b"\4" * 32,
    sites=(UUID(int=51), UUID(int=52)),
    channels=(1, 3),
    made_by=PersonId(UUID(int=6)),
    made_at=NOON,
    expires_at=NOON + timedelta(days=90),
)
WHOLE = replace(KEY, key_id=UUID(int=42), role=Role.TENANT_VIEWER, sites=None, channels=None, tenant_id=TenantId(12))


@pytest.fixture(params=["memory", "postgres"])
def unit(request: pytest.FixtureRequest) -> Opened:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_unit")
    kept = MemoryKeyWork()

    @asynccontextmanager
    async def opened(_: Actor) -> AsyncIterator[KeyWork]:
        yield kept

    return opened


async def test_keys_come_back_as_they_were_newest_first_and_by_organisation(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.keys.add(KEY)
        await work.keys.add(WHOLE)

        assert await work.keys.one(KEY.key_id) == KEY
        assert await work.keys.one(UUID(int=99)) is None
        assert await work.keys.page(tenant_id=None, after=None, limit=9) == (WHOLE, KEY)
        assert await work.keys.page(tenant_id=TenantId(11), after=None, limit=9) == (KEY,)
        assert await work.keys.page(tenant_id=None, after=WHOLE.key_id, limit=9) == (KEY,)


async def test_a_key_retires_and_is_revoked_once(unit: Opened) -> None:
    later = NOON + timedelta(hours=1)
    async with unit(SYSTEM) as work:
        await work.keys.add(KEY)

        assert await work.keys.retire(KEY.key_id, at=later)
        assert not await work.keys.retire(KEY.key_id, at=NOON)
        assert await work.keys.revoke(KEY.key_id, at=NOON, by=KEY.made_by)
        assert not await work.keys.revoke(KEY.key_id, at=later, by=KEY.made_by)
        assert not await work.keys.retire(KEY.key_id, at=later)
        assert await work.keys.one(KEY.key_id) == replace(
            KEY, retires_at=later, revoked_at=NOON, revoked_by=KEY.made_by
        )


async def test_a_use_is_written_once_a_minute(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.keys.add(KEY)
        for seconds, kept in ((0, 0), (59, 0), (60, 60)):
            await work.keys.note_use(KEY.key_id, at=NOON + timedelta(seconds=seconds))

            found = await work.keys.one(KEY.key_id)
            assert found is not None
            assert found.last_used_at == NOON + timedelta(seconds=kept)


async def test_a_keys_holder_is_found_however_it_stands_and_a_staffs_reaches_its_complex(
    unit: Opened, recognition: Recognition
) -> None:
    staffs = replace(WHOLE, key_id=UUID(int=43), role=Role.AUDITOR, tenant_id=OPERATOR.tenant_id)
    revoked = replace(WHOLE, revoked_at=NOON, revoked_by=KEY.made_by)
    async with unit(SYSTEM) as work:
        await work.parties.add_complex(COMPLEX)
        await work.parties.add(OPERATOR)
        for one in (KEY, revoked, staffs):
            await work.keys.add(one)
        await work.commit()

    assert await recognition.of_key(UUID(int=99)) is None
    assert await recognition.of_key(KEY.key_id) == (KEY, None)
    assert await recognition.of_key(revoked.key_id) == (revoked, None)
    assert await recognition.of_key(staffs.key_id) == (staffs, complex_reach_of(1, [OPERATOR.tenant_id]))


# ── what the database refuses, whatever the program says ──


async def test_a_key_is_found_at_the_door_and_by_its_own_organisation_only(postgres_unit) -> None:
    async with postgres_unit(SYSTEM) as work:
        await work.keys.add(KEY)
        await work.commit()

    for actor, found in (
        (DOOR, KEY),
        (someone(Role.TENANT_ADMIN, tenant_id=11), KEY),
        (someone(Role.TENANT_ADMIN, tenant_id=12), None),
        (someone(Role.TESTER, tenant_id=2), None),
        (PASSER_BY, None),
    ):
        async with postgres_unit(actor) as work:
            assert await work.keys.one(KEY.key_id) == found


@pytest.mark.parametrize(
    ("actor", "key"),
    [
        pytest.param(
            someone(Role.TENANT_ADMIN, tenant_id=11), replace(KEY, tenant_id=TenantId(12)), id="a neighbour's"
        ),
        pytest.param(someone(Role.TENANT_ADMIN, tenant_id=11), replace(KEY, role=Role.OPERATOR), id="the operator's"),
        pytest.param(replace(DOOR, tenant_id=TenantId(11)), KEY, id="at the door"),
        pytest.param(someone(Role.TESTER, tenant_id=2), replace(KEY, tenant_id=TenantId(2)), id="of a body"),
    ],
)
async def test_a_key_beyond_the_makers_reach_is_refused(actor, key, postgres_unit) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with postgres_unit(actor) as work:
            await work.keys.add(key)


@pytest.mark.parametrize(
    "statement",
    [
        "update sunhwan.api_key set role = 'operator'",
        "update sunhwan.api_key set secret_sha256 = secret_sha256",
        "update sunhwan.api_key set expires_at = now()",
        "update sunhwan.api_key set sites = null",
        "delete from sunhwan.api_key",
    ],
)
async def test_a_keys_secret_role_and_scope_are_never_rewritten(statement, postgres_unit) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with postgres_unit(SYSTEM) as work:
            await work._connection.exec_driver_sql(statement)
