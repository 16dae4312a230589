"""One promise of the audit log, kept by the fake and by PostgreSQL alike; and what the database refuses."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from asyncpg.exceptions import InsufficientPrivilegeError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.journeys import audit
from domain.shared.actor import SYSTEM, Actor, Role, RoleNotEnough
from domain.shared.audit import AuditBroken, AuditEntry, AuditSearch, AuditWork, Decision, verify
from domain.shared.identifiers import TenantId
from tests.fakes.audit import MemoryAuditWork
from tests.fakes.system import NOON, someone

Opened = Callable[[Actor], AbstractAsyncContextManager[AuditWork]]
AUDITOR = someone(Role.AUDITOR)


@pytest.fixture(params=["memory", "postgres"])
def unit(request: pytest.FixtureRequest) -> Opened:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_unit")
    kept = MemoryAuditWork()

    @asynccontextmanager
    async def opened(_: Actor) -> AsyncIterator[AuditWork]:
        yield kept

    return opened


def entry(number: int, *, tenant: int = 11, **more) -> AuditEntry:
    return AuditEntry(
        entry_id=UUID(int=number),
        tenant_id=TenantId(tenant),
        at=NOON + timedelta(minutes=number),
        **{
            "actor_id": UUID(int=900),
            "actor_role": "tenant_admin",
            "key_id": None,
            "source": "203.0.113.7",
            "method": "POST",
            "route": "/api/v1/keys",
            "action": "MakeKey",
            "object_ids": "",
            "for_tenant": None,
            "decision": Decision.ALLOWED,
            "status": 201,
            "code": None,
            "request_id": UUID(int=1000 + number),
            **more,
        },
    )


async def test_entries_come_back_as_they_were_newest_first_and_page_by_page(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        kept = [await work.audit.append(entry(number, tenant=tenant)) for number, tenant in ((1, 11), (2, 12), (3, 11))]

        assert [(one.sequence, len(one.seal)) for one in kept] == [(1, 32), (1, 32), (2, 32)]
        assert await work.audit.page(AuditSearch(), after=None, limit=2) == (kept[2], kept[1])
        assert await work.audit.page(AuditSearch(), after=UUID(int=2), limit=2) == (kept[0],)
        assert await work.audit.organisations() == (11, 12)
        assert await work.audit.chain(TenantId(11), after=0, limit=9) == (kept[0], kept[2])
        assert await work.audit.chain(TenantId(11), after=1, limit=9) == (kept[2],)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        pytest.param(AuditSearch(who=UUID(int=901)), [2], id="a person"),
        pytest.param(AuditSearch(who=UUID(int=77)), [3], id="a key"),
        pytest.param(AuditSearch(action="ShowPack"), [2], id="an action"),
        pytest.param(AuditSearch(object_id=UUID(int=5)), [2], id="a thing"),
        pytest.param(AuditSearch(decision=Decision.REFUSED), [3], id="a result"),
        pytest.param(AuditSearch(from_at=NOON + timedelta(minutes=2)), [3, 2], id="from"),
        pytest.param(AuditSearch(until_at=NOON + timedelta(minutes=2)), [1], id="until"),
        pytest.param(AuditSearch(organisation=TenantId(11)), [3, 2, 1], id="who acted"),
        pytest.param(AuditSearch(organisation=TenantId(12)), [3], id="who was asked about"),
        pytest.param(AuditSearch(source="198.51.100.1"), [1], id="an address"),
        pytest.param(AuditSearch(action="ShowPack", decision=Decision.REFUSED), [], id="both"),
    ],
)
async def test_an_auditor_finds_by_person_action_thing_result_and_time(search, found, unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.audit.append(entry(1, source="198.51.100.1"))
        await work.audit.append(
            entry(2, actor_id=UUID(int=901), action="ShowPack", object_ids=f"pack_id={UUID(int=5)} label_id=x")
        )
        await work.audit.append(entry(3, actor_id=None, key_id=UUID(int=77), decision=Decision.REFUSED, for_tenant=12))

        page = await work.audit.page(search, after=None, limit=9)

    assert [one.entry_id.int for one in page] == found


def chain() -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number in (1, 2, 3):
        previous = entries[-1].seal if entries else bytes(32)
        entries.append(entry(number).sealed(previous, number))
    return entries


def test_a_whole_chain_holds() -> None:
    assert verify(chain()) == (chain()[-1].seal, 3)


@pytest.mark.parametrize(
    ("tamper", "sequence", "reason"),
    [
        pytest.param(lambda c: [c[0], replace(c[1], decision=Decision.REFUSED), c[2]], 2, "altered", id="altered"),
        pytest.param(lambda c: [c[0], replace(c[1], source=""), c[2]], 2, "altered", id="from elsewhere"),
        pytest.param(lambda c: [c[0], c[2]], 2, "missing", id="taken out"),
        pytest.param(lambda c: [c[0], replace(c[2], sequence=2)], 2, "altered", id="moved up"),
        pytest.param(lambda c: [c[1], c[0], c[2]], 1, "missing", id="reordered"),
        pytest.param(lambda c: [c[0].sealed(bytes(32), 1), c[1].sealed(bytes(32), 2)], 2, "altered", id="chained anew"),
    ],
)
def test_a_touched_log_names_the_first_broken_entry(tamper, sequence, reason) -> None:
    with pytest.raises(AuditBroken) as caught:
        verify(tamper(chain()))

    assert (caught.value.facts["sequence"], caught.value.facts["reason"]) == (sequence, reason)


def test_every_field_is_under_the_seal() -> None:
    plain = entry(1)
    others = {
        "entry_id": UUID(int=2), "tenant_id": 12, "at": NOON, "actor_id": None, "actor_role": "x",
        "key_id": UUID(int=3), "source": "x", "method": "x", "route": "x", "action": "x", "object_ids": "x",
        "for_tenant": 1, "decision": Decision.FAILED, "status": 1, "code": "x", "request_id": UUID(int=4),
    }  # fmt: skip

    assert set(others) == set(AuditEntry.__dataclass_fields__) - {"sequence", "seal"}
    for name, value in others.items():
        assert replace(plain, **{name: value}).sealed(bytes(32), 1).seal != plain.sealed(bytes(32), 1).seal, name


async def test_only_auditors_and_administrators_read_the_log(unit: Opened) -> None:
    await audit.record(entry(1), unit=unit)

    assert len(await audit.search(AUDITOR, AuditSearch(), after=None, limit=9, unit=unit)) == 1
    assert await audit.verify_log(someone(Role.ADMIN), unit=unit) == 1
    for role in (Role.OPERATOR, Role.FINANCE, Role.TENANT_ADMIN, Role.APPROVER, Role.OWNER, Role.DEVICE):
        with pytest.raises(RoleNotEnough):
            await audit.search(someone(role), AuditSearch(), after=None, limit=9, unit=unit)


async def test_a_row_that_the_owner_changed_is_named(postgres_unit, engine, monkeypatch):
    monkeypatch.setattr(audit, "CHECKED_AT_ONCE", 2)
    for number in range(1, 6):
        await audit.record(entry(number), unit=postgres_unit)
    assert await audit.verify_log(AUDITOR, unit=postgres_unit) == 5

    async with engine.begin() as owner:
        await owner.execute(text("update sunhwan.audit_entry set source = '198.51.100.1' where sequence = 4"))

    with pytest.raises(AuditBroken) as caught:
        await audit.verify_log(AUDITOR, unit=postgres_unit)
    assert caught.value.facts["sequence"] == 4


async def test_many_at_once_make_one_chain_an_organisation(postgres_unit) -> None:
    await asyncio.gather(
        *(audit.record(entry(number, tenant=11 + number % 2), unit=postgres_unit) for number in range(1, 21))
    )

    assert await audit.verify_log(AUDITOR, unit=postgres_unit) == 20


@pytest.mark.parametrize(
    "statement",
    ["update sunhwan.audit_entry set source = ''", "delete from sunhwan.audit_entry", "truncate sunhwan.audit_entry"],
)
async def test_the_program_never_rewrites_the_log(statement, postgres_unit) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with postgres_unit(SYSTEM) as work:
            await work._connection.exec_driver_sql(statement)


async def test_no_organisation_reads_or_writes_the_log(postgres_unit) -> None:
    await audit.record(entry(1), unit=postgres_unit)

    for role, tenant in ((Role.TENANT_ADMIN, 11), (Role.TESTER, 2), (Role.OWNER, 11)):
        async with postgres_unit(someone(role, tenant_id=tenant)) as work:
            assert await work.audit.page(AuditSearch(), after=None, limit=9) == ()
    with pytest.raises(InsufficientPrivilegeError, match="row-level security"):
        async with postgres_unit(someone(Role.TENANT_ADMIN, tenant_id=11)) as work:
            await work.audit.append(entry(2))
