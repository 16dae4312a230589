"""More than one industrial complex in one installation: the staff of one see and change nothing of another's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import open_engine
from adapters.postgres.roles import APP
from adapters.postgres.tables.base import SCHEMA
from adapters.postgres.work import PostgresUnit
from app.ports import Ports
from domain.identity import members
from domain.identity import usecases as identity
from domain.identity.errors import ComplexNumberTaken, ComplexUnknown, LastAdmin, MemberUnknown
from domain.identity.model import IndustrialComplex, PartyKind
from domain.shared.actor import SYSTEM, Actor, ComplexReach, Role
from domain.shared.audit import AuditSearch
from domain.shared.identifiers import PersonId, TenantId
from tests.fakes.system import someone
from tests.http.conftest import LetIn, prove, under_a_key
from tests.http.test_isolation import TABLES, attempted, reaching

FIRST, SECOND = "complex:1:1:0,1,2,11,12", "complex:101:2:101,111"
"""What transactions of the staff of the two complexes are told."""

OPERATOR, TENANT = TenantId(101), TenantId(111)
STAFF = (Role.OPERATOR, Role.FINANCE, Role.ADMIN, Role.AUDITOR)
INSTALLATIONS_OWN = {"job_report", "quota_bucket", "sign_in_failure", "outbox"}
OF_EVERYBODY = {
    "certificate", "certificate_state", "certification_key", "pack_identifier", "passport", "passport_state", "lineage",
    "issued_document", "status_place", "record_key", "industrial_complex", "plan_version",
}  # fmt: skip


def party(number: int, kind: PartyKind, complex_id: int) -> identity.AddTenant:
    return identity.AddTenant(
        complex_id=complex_id,
        number=number,
        kind=kind,
        name_ko=f"기관 {number}",
        name_en=f"Organisation {number}",
        business_no="0",
        address_ko="-",
        address_en="-",
        complex_ko="-",
        complex_en="-",
    )


async def found_second(ports: Ports) -> None:
    """Found a complex beside the first, with its operator and a tenant."""
    wish = IndustrialComplex(complex_id=2, name_ko="창원 산업단지", name_en="Changwon Industrial Complex")
    await identity.found_complex(wish, unit=ports.unit)
    await identity.add_tenant(party(OPERATOR, PartyKind.OPERATOR, 2), unit=ports.unit, ids=ports.ids)
    await identity.add_tenant(party(TENANT, PartyKind.TENANT, 2), unit=ports.unit, ids=ports.ids)


@pytest.fixture
async def bound(database_url: str, story) -> AsyncIterator[AsyncEngine]:
    """The program's own pool, on a database in which the story was told."""
    engine = open_engine(database_url, pool_size=2, role=APP)
    yield engine
    await engine.dispose()


async def seen(bound: AsyncEngine, reach: str) -> dict[str, int]:
    async with reaching(bound, reach) as driver:
        return {name: await driver.fetchval(f'select count(*) from {SCHEMA}."{name}"') for name in TABLES}


async def test_the_database_shows_a_complexs_staff_their_own_and_nothing_of_anothers(bound: AsyncEngine, ports) -> None:
    await found_second(ports)

    everything, first, second = [await seen(bound, reach) for reach in ("complex:0:all", FIRST, SECOND)]

    assert sum(rows > 0 for rows in everything.values()) > 35
    kept_back = {name for name in TABLES if first[name] != everything[name]} - INSTALLATIONS_OWN
    assert kept_back == {"tenant"}  # the other complex's tenant
    assert everything["tenant"] - first["tenant"] == 1
    assert {name for name, rows in second.items() if rows} - OF_EVERYBODY == {"tenant"}
    async with reaching(bound, SECOND) as driver:
        known = {row[0] for row in await driver.fetch(f"select tenant_id from {SCHEMA}.tenant")}
    assert known == {1, 2, 101, 111}  # operators and bodies are known to everybody, no tenant of the first complex is


async def test_the_database_takes_nothing_for_another_complex(bound: AsyncEngine, ports) -> None:
    await found_second(ports)
    moved: dict[tuple[str, str], str] = {}
    for reach in (FIRST, SECOND):
        async with reaching(bound, reach) as driver:
            for name, statement in {
                "a pack": f"update {SCHEMA}.pack set model = model",
                "a contract's state": f"update {SCHEMA}.contract set state = state",
                "a head": f"update {SCHEMA}.history_head set sequence = sequence",
                "a certificate's state": f"update {SCHEMA}.certificate_state set reason = reason",
                "a tenant of the first": f"update {SCHEMA}.tenant set name_ko = name_ko where tenant_id = 11",
                "a tenant into the first": f"insert into {SCHEMA}.tenant select 13, gen_random_uuid(), 1, 'tenant',"
                " '-', '-', '-', '-', '-', '-', '-'",
                "a tenant into the second": f"insert into {SCHEMA}.tenant select 13, gen_random_uuid(), 2, 'tenant',"
                " '-', '-', '-', '-', '-', '-', '-'",
                "a message read": f"update {SCHEMA}.outbox set tries = tries",
            }.items():
                moved[reach, name] = await attempted(driver, statement)

    refused = "42501"
    assert [moved[FIRST, name] for name in ("a pack", "a contract's state", "a head")] == ["1", "1", "1"]
    assert moved[FIRST, "a tenant into the first"] == "1"
    assert moved[FIRST, "a tenant into the second"] == refused
    assert moved[SECOND, "a tenant into the second"] == "1"
    assert moved[SECOND, "a tenant into the first"] == refused
    assert {name for (reach, name), done in moved.items() if reach == SECOND and done not in ("0", refused)} == {
        "a tenant into the second"
    }


async def test_every_closed_table_of_an_organisation_is_confined(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        found = await connection.exec_driver_sql(
            "select distinct tablename from pg_policies where schemaname = 'sunhwan' and permissive = 'RESTRICTIVE'"
            " and policyname like '%%\\_complex%%'"
        )
        confined = {name for (name,) in found}

    whose = {name for name, table in TABLES.items() if "tenant_id" in table.c}
    assert whose - confined == set()


Asking = Callable[[Role], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def second(app: Litestar, ports: Ports, let_in: LetIn) -> AsyncIterator[Asking]:
    """A second complex; `await second(Role.ADMIN)` is somebody on its staff, who has just proved who they are."""
    await found_second(ports)
    clients: list[httpx.AsyncClient] = []

    async def sign_in(role: Role) -> httpx.AsyncClient:
        token = await let_in(role, TENANT if role is Role.TENANT_ADMIN else OPERATOR)
        await prove(ports, token)
        clients.append(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app, raise_app_exceptions=False),
                base_url="https://id.sunhwan.example",
                headers={"Authorization": f"Bearer {token}"},
                event_hooks={"request": [under_a_key]},
            )
        )
        return clients[-1]

    yield sign_in
    for one in clients:
        await one.aclose()


LISTS = (
    "/api/v1/packs",
    "/api/v1/contracts",
    "/api/v1/invoices",
    "/api/v1/deposits",
    "/api/v1/alarms",
    "/api/v1/members",
    "/api/v1/invitations",
    "/api/v1/keys",
    "/api/v1/audit",
    "/api/v1/audit/csv",
    "/contracts",
    "/invoices",
    "/packs",
    "/members",
    "/keys",
    "/audit",
    "/alarms",
    "/sites",
    "/deposits",
)


async def test_lists_of_the_second_complex_hold_nothing_of_the_first(story, ports, second: Asking, signed_in) -> None:
    service = story.life.services[0]
    of_the_first = {
        str(story.life.pack.pack_id), str(service.contract.contract_id), str(service.contract.site_id),
        str(service.invoices[0].invoice.invoice_id), "한빛정밀", "새솔도금", "이입주",
    }  # fmt: skip
    admin, operator = await second(Role.ADMIN), await second(Role.OPERATOR)
    own = await signed_in("operator"), await signed_in("admin")

    told: dict[str, set[str]] = {}
    told_at_home: set[str] = set()
    for path in LISTS:
        answers = [await one.get(path) for one in (admin, operator)]
        assert any(one.status_code == 200 for one in answers), path
        told[path] = {name for name in of_the_first for one in answers if name in one.text}
        told_at_home |= {name for name in of_the_first for one in own if name in (await one.get(path)).text}

    assert {path: names for path, names in told.items() if names} == {}
    assert told_at_home == of_the_first  # where they are at home, the same lists do tell them


async def test_an_administrator_registers_into_the_own_complex_and_manages_there_alone(
    ports, second: Asking, signed_in, people
) -> None:
    admin, first = await second(Role.ADMIN), await signed_in("admin")
    wish = {"kind": "tenant", "name_ko": "새 기업", "name_en": "New", "business_no": "1"}
    wish |= {"address_ko": "-", "address_en": "-"}

    there = await admin.post("/api/v1/organisations", json={**wish, "number": 112})
    here = await first.post("/api/v1/organisations", json={**wish, "number": 13})
    invited = await admin.post("/api/v1/invitations", json={"role": "tenant_admin", "for_whom": "-", "tenant_id": 112})
    beyond = await admin.post("/api/v1/invitations", json={"role": "tenant_admin", "for_whom": "-", "tenant_id": 11})
    key = await admin.post("/api/v1/keys", json={"name": "-", "role": "tenant_viewer", "tenant_id": 11})
    shut_out = await admin.post(
        f"/api/v1/members/{people['tenant'].person_id}/deactivation", json={"reason": "남의 단지"}
    )

    assert (there.status_code, here.status_code, invited.status_code) == (201, 201, 201)
    assert (beyond.status_code, key.status_code, shut_out.status_code) == (404, 404, 404)
    listed = {one["tenant_id"] for one in (await admin.get("/api/v1/organisations")).json()}
    at_home = {one["tenant_id"] for one in (await first.get("/api/v1/organisations")).json()}
    assert listed == {1, 2, 101, 111, 112}  # operators and bodies serve everybody
    assert at_home == {1, 2, 11, 12, 13, 101}


async def test_the_audit_of_a_complex_is_its_own(ports, second: Asking, signed_in, client: httpx.AsyncClient) -> None:
    theirs, ours = await second(Role.AUDITOR), await signed_in("auditor")
    operator = await second(Role.OPERATOR)
    await operator.get("/api/v1/contracts")
    await (await signed_in("operator")).get("/api/v1/contracts")
    await client.post("/api/v1/sessions", json={"sign_in_name": "nobody-here", "password": "wrong-password-1"})

    seen_there = (await theirs.get("/api/v1/audit")).json()
    seen_here = (await ours.get("/api/v1/audit")).json()

    assert {one["tenant_id"] for one in seen_there} == {101}
    assert {one["tenant_id"] for one in seen_here} >= {0, 1}
    assert 101 not in {one["tenant_id"] for one in seen_here}


async def test_each_complex_keeps_its_last_administrator(ports, second: Asking) -> None:
    await second(Role.ADMIN)
    async with ports.unit(SYSTEM) as work:
        last = await work.people.named(f"admin-{OPERATOR}")
    assert last is not None
    wish = members.ChangeMember(actor=SYSTEM, person_id=last.person_id, reason="시험")

    with pytest.raises(LastAdmin):  # the first complex has an administrator, who is none of this one's
        await members.deactivate(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock)


async def test_who_reaches_another_complex_in_the_statement_is_refused_before_the_database_is_asked(ports) -> None:
    stranger = someone(Role.ADMIN, tenant_id=OPERATOR)
    narrow = ComplexReach(complex_id=2, organisations=frozenset({OPERATOR, TENANT}))

    assert not someone(Role.OPERATOR).reaches(TenantId(111))
    assert stranger.complex_reach is not None
    assert [narrow.organisations >= {TenantId(one)} for one in (11, 101, 111)] == [False, True, True]
    with pytest.raises(MemberUnknown):
        await members.show_member(stranger, PersonId(uuid4()), unit=ports.unit)


async def test_a_complex_is_founded_once_and_parties_come_into_one_that_is_there(ports) -> None:
    await found_second(ports)
    again = IndustrialComplex(complex_id=2, name_ko="-", name_en="-")

    with pytest.raises(ComplexNumberTaken):
        await identity.found_complex(again, unit=ports.unit)
    with pytest.raises(ComplexUnknown):
        await identity.add_tenant(party(301, PartyKind.TENANT, 3), unit=ports.unit, ids=ports.ids)
    async with ports.unit(SYSTEM) as work:
        operators = [await work.parties.operator_of(TenantId(number)) for number in (11, 111)]
    assert [one and one.tenant_id for one in operators] == [1, 101]  # whose series invoices are numbered in


async def test_a_key_of_the_second_complexs_operator_reaches_no_further(story, second: Asking, app: Litestar) -> None:
    admin = await second(Role.ADMIN)
    made = await admin.post("/api/v1/keys", json={"name": "연계", "role": "operator"})
    assert made.status_code == 201, made.text
    service = story.life.services[0]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="https://id.sunhwan.example",
        headers={"Authorization": f"Bearer {made.json()['text']}"},
    ) as machine:
        packs = await machine.get("/api/v1/packs")
        sites = await machine.get("/api/v1/sites", params={"tenant_id": 11})
        own = await machine.get("/api/v1/sites", params={"tenant_id": 111})
        pdf = await machine.get(
            f"/api/v1/invoices/{service.invoices[0].invoice.invoice_id}/pdf", params={"tenant_id": 11}
        )

    assert (packs.status_code, packs.json()) == (200, [])
    assert (sites.status_code, own.status_code, pdf.status_code) == (404, 200, 404)


async def test_the_statement_of_a_list_says_itself_whose_it_is(story, ports, engine: AsyncEngine) -> None:
    """Without the second lock (its superuser is bound by no policy) the first one holds alone."""
    await found_second(ports)
    unit = PostgresUnit(engine)
    elsewhere = Actor(
        person_id=PersonId(uuid4()),
        name="-",
        role=Role.AUDITOR,
        tenant_id=OPERATOR,
        complex_reach=ComplexReach(complex_id=2, organisations=frozenset({OPERATOR, TENANT})),
    )
    at_home = someone(Role.AUDITOR, tenant_id=1)
    of_no_complex = replace(elsewhere, complex_reach=None)

    listed = {}
    for name, actor in (("elsewhere", elsewhere), ("of no complex", of_no_complex), ("at home", at_home)):
        async with unit(actor) as work:
            listed[name] = [
                len(found)
                for found in (
                    await work.contracts.page(tenant_id=None, after=None, limit=9),
                    await work.invoices.page(tenant_id=None, after=None, limit=9),
                    await work.deposits.page(tenant_id=None, only_unapplied=False, limit=9),
                    await work.packs.page(holder=None, after=None, limit=9),
                    await work.members.page(tenant_id=None, after=None, limit=99),
                    await work.audit.page(AuditSearch(), after=None, limit=9),
                )
            ]

    assert listed["elsewhere"] == listed["of no complex"] == [0] * 6
    assert min(listed["at home"]) > 0
