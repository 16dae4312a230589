"""What the policies of 0054 closed: another's files, another body's keys and statuses, the life of packs never held."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import open_engine
from adapters.postgres.roles import APP
from adapters.postgres.tables.base import SCHEMA
from domain.journeys import second_life, trace
from domain.passport.grants import PackGrant
from domain.shared.actor import SYSTEM, Role
from domain.shared.files import FileUnknown
from domain.shared.identifiers import PersonId, TenantId
from tests.fakes.system import someone
from tests.http.test_isolation import attempted, reaching

TENANT, OTHER_TENANT, BODY, OTHER_BODY, READER = 11, 12, 2, 3, 21
REFUSED = "42501"


@pytest.fixture
async def bound(database_url: str, story) -> AsyncIterator[AsyncEngine]:
    """The program's own pool, on a database in which the story was told."""
    engine = open_engine(database_url, pool_size=2, role=APP)
    yield engine
    await engine.dispose()


async def counted(bound: AsyncEngine, statement: str, *reaches: str) -> dict[str, int]:
    """Count in several contexts."""
    found = {}
    for reach in reaches:
        async with reaching(bound, reach) as driver:
            found[reach] = await driver.fetchval(statement)
    return found


async def test_a_file_opens_to_the_organisation_whose_it_is(bound: AsyncEngine, story, ports) -> None:
    invoice = story.life.services[0].invoices[0].document_sha256
    report = story.life.certificates[0].pdf_sha256
    opened = {}
    for name, actor in (
        ("tenant", someone(Role.TENANT_VIEWER, tenant_id=TENANT)),
        ("other tenant", someone(Role.TENANT_VIEWER, tenant_id=OTHER_TENANT)),
        ("body", someone(Role.TESTER, tenant_id=BODY)),
        ("other body", someone(Role.TESTER, tenant_id=OTHER_BODY)),
    ):
        async with ports.unit(actor) as work:
            for what, sha256 in (("invoice", invoice), ("certificate", report)):
                try:
                    opened[name, what] = bool(await work.files.read(sha256))
                except FileUnknown:
                    opened[name, what] = False

    assert {key for key, seen in opened.items() if seen} == {("tenant", "invoice"), ("body", "certificate")}
    files = f"select count(*) from {SCHEMA}.stored_file"
    assert await counted(bound, files, "tenant:12", "body:3", "granted:21", "public:0", "door:0") == {
        "tenant:12": 0, "body:3": 0, "granted:21": 0, "public:0": 0, "door:0": 0,
    }  # fmt: skip


async def test_a_body_writes_no_row_of_another_body(bound: AsyncEngine, engine: AsyncEngine) -> None:
    rows = {
        "stored_file": "sha256, tenant_id, media_type, content",
        "certification_key": "key, kind, pack_id, subject_id, tenant_id",
        "record_key": "key, kind, pack_id, subject_id, tenant_id",
    }
    came: dict[tuple[str, str], str] = {}
    for reach, owner in (("body:3", BODY), ("body:3", OTHER_BODY)):
        async with reaching(bound, reach) as driver:
            for table, columns in rows.items():
                values = {
                    "sha256": f"decode('{'ab' * 32}', 'hex')",
                    "media_type": "'text/plain'",
                    "content": "'x'",
                    "key": "'planted'",
                    "kind": "'verify-token'" if table == "certification_key" else "'document-number'",
                    "pack_id": f"'{uuid4()}'",
                    "subject_id": f"'{uuid4()}'",
                    "tenant_id": str(owner),
                }
                told = ", ".join(values[one] for one in columns.split(", "))
                came[table, str(owner)] = await attempted(
                    driver, f"insert into {SCHEMA}.{table} ({columns}) values ({told})"
                )
            if owner == BODY:
                came["certificate_state", "2"] = await attempted(
                    driver, f"update {SCHEMA}.certificate_state set status = 'revoked', reason = 'planted'"
                )

    assert came == {
        **{(table, "2"): REFUSED for table in rows},
        **{(table, "3"): "1" for table in rows},
        ("certificate_state", "2"): "0",
    }
    async with reaching(bound, "body:2") as driver:
        own = await attempted(driver, f"update {SCHEMA}.certificate_state set reason = reason")
    assert own != "0"


async def test_a_pack_on_a_bench_is_written_by_its_body_alone(bound: AsyncEngine, engine: AsyncEngine) -> None:
    async with engine.begin() as owner:
        await owner.execute(text(f"update {SCHEMA}.history_head set state = 'under_test'"))
    move = f"update {SCHEMA}.history_head set sequence = sequence, bench_of = {{own}}"
    forged = (
        f"insert into {SCHEMA}.history_entry (pack_id, sequence, event_id, tenant_id, kind, occurred_at, recorded_at,"
        " actor_id, actor_name, payload, previous_seal, seal, recorded_for)"
        f" select pack_id, 900, gen_random_uuid(), 11, 'tested', now(), now(), gen_random_uuid(), '-', '{{{{}}}}',"
        f" seal, sha256('x'), {{own}} from {SCHEMA}.history_head limit 1"
    )

    came = {}
    for reach, own in (("body:2", BODY), ("body:3", OTHER_BODY), ("body:3", BODY), ("tenant:11", TENANT)):
        async with reaching(bound, reach) as driver:
            came[reach, own] = (
                await attempted(driver, move.format(own=own)),
                await attempted(driver, forged.format(own=own)),
            )

    assert came["body:2", BODY] == ("1", "1")
    assert came["body:3", OTHER_BODY][0] == "0"
    assert came["body:3", BODY] == ("0", REFUSED)
    assert came["tenant:11", TENANT] == ("0", "0")  # a tenant does not even see where the history ends


async def test_a_life_opens_to_the_holder_and_closes_when_the_pack_is_given_back(
    bound: AsyncEngine, engine: AsyncEngine
) -> None:
    life = f"select count(*) from {SCHEMA}.history_entry where kind not in ('in_service', 'billed', 'deployed')"
    use = f"select count(*) from {SCHEMA}.history_entry where kind in ('in_service', 'billed', 'deployed')"

    held = await counted(bound, life, "tenant:11", "tenant:12", "granted:21", "complex:1:all", "door:0")
    async with engine.begin() as owner:
        await owner.execute(
            text(
                f"update {SCHEMA}.pack_reach set until_at = (select max(occurred_at) from {SCHEMA}.history_entry"
                " where kind = 'certified')"
            )
        )
    given_back = await counted(bound, life, "tenant:11")

    assert held["tenant:11"] == held["complex:1:all"] > 0
    assert (held["tenant:12"], held["granted:21"], held["door:0"]) == (0, 0, 0)
    assert 0 < given_back["tenant:11"] < held["tenant:11"]
    assert (await counted(bound, use, "tenant:11"))["tenant:11"] > 0


async def test_the_assignment_writes_how_far_it_opens_the_life(bound: AsyncEngine, story, ports) -> None:
    reach = f"select count(*) from {SCHEMA}.pack_reach where until_at is {{}} null"
    assignment = story.life.services[0].assignment

    open_before = await counted(bound, reach.format(""), "tenant:11")
    async with ports.unit(SYSTEM) as work:
        at = ports.clock.now() + timedelta(days=1)
        await work.assignments.remove(assignment.tenant_id, assignment.assignment_id, at=at)
        await work.commit()

    assert open_before == {"tenant:11": 1}
    assert await counted(bound, reach.format("not"), "tenant:11", "tenant:12") == {"tenant:11": 1, "tenant:12": 0}


async def test_a_grant_opens_the_life_without_its_use_until_it_is_revoked(bound: AsyncEngine, story, ports) -> None:
    seen = f"select count(*) from {SCHEMA}.history_entry"
    use = f"{seen} where kind in ('in_service', 'billed', 'deployed')"
    now = ports.clock.now()
    grant = PackGrant(
        grant_id=uuid4(),
        tenant_id=TenantId(READER),
        pack_id=story.life.pack.pack_id,
        from_at=now,
        until_at=now + timedelta(days=30),
        reason="시험",
        granted_by=PersonId(uuid4()),
        granted_by_name="-",
        granted_at=now,
    )
    async with ports.unit(SYSTEM) as work:
        await work.grants.add(grant)
        await work.commit()
    granted = (await counted(bound, seen, "granted:21"), await counted(bound, use, "granted:21"))
    async with ports.unit(SYSTEM) as work:
        assert await work.grants.revoke(grant, at=now, by=PersonId(uuid4()), reason="시험") is not None
        await work.commit()

    assert granted[0]["granted:21"] > 0 == granted[1]["granted:21"]
    assert await counted(bound, seen, "granted:21") == {"granted:21": 0}


async def test_a_reader_is_shown_no_more_than_its_own_transaction_opens(
    bound: AsyncEngine, engine: AsyncEngine, story, ports
) -> None:
    pack_id = story.life.pack.pack_id
    holder = someone(Role.TENANT_VIEWER, tenant_id=TENANT)

    before = await trace.trace_pack(pack_id, actor=holder, unit=ports.unit, clock=ports.clock)
    async with engine.begin() as owner:  # the first lock still says yes, the second no longer does
        await owner.execute(text(f"delete from {SCHEMA}.pack_reach"))
    after = await trace.trace_pack(pack_id, actor=holder, unit=ports.unit, clock=ports.clock)

    assert {one.kind for one in before.entries} > {one.kind for one in after.entries}
    assert {one.kind.value for one in after.entries} <= {"in_service", "billed", "deployed", "repurposed", "labelled"}
    assert len(after.entries) + after.hidden_entries == len(before.entries) + before.hidden_entries


async def test_a_label_is_the_complexs_and_still_opens_to_those_who_see_its_pack(
    bound: AsyncEngine, story, ports
) -> None:
    labels = f"select count(*) from {SCHEMA}.label"
    wish = second_life.FetchLabel(
        actor=someone(Role.TESTER, tenant_id=BODY),
        pack_id=story.life.pack.pack_id,
        label_id=story.life.labels[0].label_id,
        form="sheet",
    )

    sheet, media_type = await second_life.fetch_label(wish, unit=ports.unit, labels=ports.labels)

    assert (sheet[:5], media_type) == (b"%PDF-", "application/pdf")
    assert await counted(bound, labels, "body:2", "tenant:11", "complex:1:all") == {
        "body:2": 0,
        "tenant:11": 0,
        "complex:1:all": 1,
    }
