"""The second lock: what the database itself shows and takes, whoever asks and whatever the program forgets."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Table, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel

import adapters.postgres.tables.all  # noqa: F401  (fills the metadata)
from adapters.postgres.checkup import NEVER_REWRITTEN, examine
from adapters.postgres.engine import DatabaseUnreachable, open_engine
from adapters.postgres.migrate import SchemaDiffers, serve_by
from adapters.postgres.recognition import PostgresRecognition
from adapters.postgres.roles import APP, AUDITOR, MIGRATOR
from adapters.postgres.tables.base import SCHEMA
from adapters.postgres.work import PostgresUnit
from app.wiring import migrate_database
from domain.shared.actor import SYSTEM, Actor, Role
from domain.shared.identifiers import TenantId
from tests.fakes.system import NOON, someone

TABLES: dict[str, Table] = {table.name: table for table in SQLModel.metadata.sorted_tables}

OPEN = {"industrial_complex", "plan_version"}
"""Nothing of a party is in them: every party reads them, and they have no policy."""

FOR_EVERYBODY = {
    "certificate", "certificate_state", "certification_key", "pack_identifier", "passport", "passport_state", "lineage",
    "issued_document", "withdrawn_document", "status_place", "record_key",
}  # fmt: skip
"""What a label or a certificate's number leads to; anybody reads it once it is said who asks."""

KNOWN = ("tenant", "body", "granted", "public", "door", "complex")

SHOWN = {
    "tenant": {"door"},  # whoever signs in is told in which complex they act
    "pack": {"body"},
    "history_entry": {"body"},  # but for how a pack was used, see below; tenants see what they held, while they did
    "history_head": {"body"},
    "person": {"door"},
    "session": {"door"},
    "sign_in_failure": {"door"},
    "api_key": {"door"},
}
"""Which extents see rows of others, table by table; everything else shows its own party's rows only."""

WRITERS = {
    "session": {"door"},
    "sign_in_failure": {"door"},
    "person": {"door"},
    "totp": {"door"},
    "passkey": {"door"},
    "recovery_code": {"door"},
    "sign_in_ticket": {"door"},
    "provider_link": {"door"},
    "outbox": {"complex"},  # staff leave messages there, and read none
}
"""Which extents beside the complex's write rows that are nobody's in particular."""

CONTEXTS = {
    "nobody told": None,
    "told nothing": "",
    "an unknown extent": "owner:11",
    "an extent of nobody": "tenant:",
    "another tenant": "tenant:12",
    "another body": "body:3",
    "somebody without a grant": "granted:21",
    "a passer-by": "public:0",
    "the door": "door:0",
    "staff of no complex": "complex:9",
    "another complex": "complex:101:2:101,111",
}


def told(reach: str | None) -> tuple[str, str]:
    """Return the extent that a context tells, and the organisation."""
    extent, own, *_ = [*(reach or "").split(":"), ""]
    return extent, own


REFUSED = {"42501", "0A000", "42P10"}
"""SQLSTATE: no privilege or against a policy; COPY into a table with policies; nothing to be done."""


@pytest.fixture
async def bound(database_url: str, story) -> AsyncIterator[AsyncEngine]:
    """The program's own pool, on a database in which the story was told."""
    engine = open_engine(database_url, pool_size=2, role=APP)
    yield engine
    await engine.dispose()


@asynccontextmanager
async def reaching(engine: AsyncEngine, reach: str | None) -> AsyncIterator[asyncpg.Connection]:
    """Open a transaction in a context and undo it."""
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        outer = driver.transaction()
        await outer.start()
        try:
            if reach is not None:
                await driver.execute("select set_config('app.reach', $1, true)", reach)
            yield driver
        finally:
            await outer.rollback()


async def attempted(driver: asyncpg.Connection, statement: str) -> str:
    """Try a statement; return what it did: the rows it touched, or the SQLSTATE of its refusal."""
    inner = driver.transaction()
    await inner.start()
    try:
        done = await driver.execute(statement)
    except asyncpg.PostgresError as error:
        await inner.rollback()
        return error.sqlstate
    await inner.rollback()
    return done.split()[-1]


async def test_no_context_and_a_wrong_one_show_nothing_of_others(bound: AsyncEngine) -> None:
    leaks: list[str] = []
    cases = 0
    for context, reach in CONTEXTS.items():
        extent, own = told(reach)
        async with reaching(bound, reach) as driver:
            for name, table in TABLES.items():
                if name in OPEN:
                    continue
                cases += 1
                of_others = f" where tenant_id <> {own}" if "tenant_id" in table.c and own else ""
                if name == "tenant":
                    of_others = (of_others or " where true") + " and kind not in ('operator', 'inspection_body')"
                seen = await driver.fetchval(f'select count(*) from {SCHEMA}."{name}"{of_others}')
                known = extent in KNOWN and (own or name in FOR_EVERYBODY)
                allowed = extent in SHOWN.get(name, ()) or (name in FOR_EVERYBODY and known)
                if seen and not allowed:
                    leaks.append(f"{context}: {seen} rows of {name}")

    assert leaks == []
    assert cases == len(CONTEXTS) * (len(TABLES) - len(OPEN))


async def test_how_a_pack_was_used_shows_to_nobody_but_its_holder_and_the_complex(bound: AsyncEngine) -> None:
    used = f"select count(*) from {SCHEMA}.history_entry where kind in ('in_service', 'billed', 'deployed')"

    counted = {}
    for reach in ("complex:1:all", "tenant:11", "tenant:12", "body:2", "public:0", "door:0"):
        async with reaching(bound, reach) as driver:
            counted[reach] = await driver.fetchval(used)

    assert counted["complex:1:all"] == counted["tenant:11"] > 0
    assert {reach for reach, seen in counted.items() if seen} == {"complex:1:all", "tenant:11"}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A row of a table, as JSON and as CSV; of a table that the story leaves empty, one in which everything is null."""

    row: str
    line: bytes


async def samples(engine: AsyncEngine) -> dict[str, Sample]:
    """Return what an intruder would write into every table."""
    found: dict[str, Sample] = {}
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        for name, table in TABLES.items():
            row = await driver.fetchval(f'select row_to_json(one)::text from {SCHEMA}."{name}" as one limit 1')
            line = BytesIO()
            await driver.copy_from_query(f'select * from {SCHEMA}."{name}" limit 1', output=line, format="csv")
            empty = ("," * (len(table.c) - 1)).encode() + b"\n"
            found[name] = Sample(row=row or "{}", line=line.getvalue() or empty)
    return found


async def copied_in(driver: asyncpg.Connection, name: str, line: bytes) -> str:
    """Try to COPY a row into a table; return the rows that were taken, or the SQLSTATE of the refusal."""
    inner = driver.transaction()
    await inner.start()
    try:
        done = await driver.copy_to_table(name, schema_name=SCHEMA, source=BytesIO(line), format="csv")
    except asyncpg.PostgresError as error:
        return error.sqlstate
    finally:
        await inner.rollback()
    return done.split()[-1]


async def test_no_statement_writes_from_a_wrong_context(bound: AsyncEngine, engine: AsyncEngine) -> None:
    wrong: list[str] = []
    tried: Counter[str] = Counter()
    written = await samples(engine)
    assert sum(sample.row != "{}" for sample in written.values()) > 35  # the story fills most tables
    for context, reach in CONTEXTS.items():
        extent, own = told(reach)
        async with reaching(bound, reach) as driver:
            for name, table in TABLES.items():
                if name in OPEN or extent in WRITERS.get(name, ()):
                    continue
                where = f'{SCHEMA}."{name}"'
                of_others = f" where tenant_id <> {own}" if "tenant_id" in table.c and own else ""
                column = next(iter(table.c)).name
                row = written[name].row.replace("'", "''")
                statements = {
                    "UPDATE": f'update {where} set "{column}" = "{column}"{of_others}',
                    "DELETE": f"delete from {where}{of_others}",
                    "TRUNCATE": f"truncate {where}",
                    "INSERT": f"insert into {where} select * from json_populate_record(null::{where}, '{row}')",
                }
                came = {verb: await attempted(driver, statement) for verb, statement in statements.items()}
                came["COPY FROM"] = await copied_in(driver, name, written[name].line)
                for verb, state in came.items():
                    tried[verb] += 1
                    if state not in REFUSED and not (state == "0" and verb in ("UPDATE", "DELETE")):
                        wrong.append(f"{context}: {verb} {name}: {state}")

    assert wrong == []
    assert set(tried.values()) == {
        sum(
            told(reach)[0] not in WRITERS.get(name, ()) and name not in OPEN
            for reach in CONTEXTS.values()
            for name in TABLES
        )
    }


async def test_a_copy_out_shows_no_row_that_a_look_does_not(bound: AsyncEngine) -> None:
    wrong: list[str] = []
    shown: Counter[str] = Counter()
    for context, reach in {**CONTEXTS, "its own": "tenant:11"}.items():
        async with reaching(bound, reach) as driver:
            for name in TABLES:
                if name in OPEN:
                    continue
                seen = await driver.fetchval(f'select count(*) from {SCHEMA}."{name}"')
                told = await driver.copy_from_table(name, schema_name=SCHEMA, output=BytesIO())
                shown[context] += seen if name != "tenant" else 0  # operators and bodies are known to everybody
                if told != f"COPY {seen}":
                    wrong.append(f"{context}: {name}: {told}, and {seen} by a look")

    assert wrong == []
    assert (shown["nobody told"], shown["told nothing"], shown["an unknown extent"]) == (0, 0, 0)
    assert shown["its own"] > 50


async def test_what_is_history_money_or_signature_is_changed_in_no_context_at_all(bound: AsyncEngine) -> None:
    async with reaching(bound, "complex:1:all") as driver:
        came = {
            (name, verb): await attempted(driver, statement)
            for name in sorted(NEVER_REWRITTEN)
            for verb, statement in (
                ("UPDATE", f'update {SCHEMA}.{name} set "{next(iter(TABLES[name].c)).name}" = null'),
                ("DELETE", f"delete from {SCHEMA}.{name}"),
                ("TRUNCATE", f"truncate {SCHEMA}.{name}"),
            )
        }

    assert {key for key, state in came.items() if state != "42501"} == set()


async def test_a_stale_context_is_gone_with_its_transaction_for_every_table(
    bound: AsyncEngine, engine: AsyncEngine
) -> None:
    written = await samples(engine)
    during, after, taken = {}, {}, {}
    async with bound.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        for name in TABLES:
            counted = f'select count(*) from {SCHEMA}."{name}"'
            async with driver.transaction():
                await driver.execute("set local app.reach = 'complex:1:all'")
                during[name] = await driver.fetchval(counted)
            after[name] = await driver.fetchval(counted)
            row = written[name].row.replace("'", "''")
            where = f'{SCHEMA}."{name}"'
            taken[name] = await attempted(
                driver, f"insert into {where} select * from json_populate_record(null::{where}, '{row}')"
            )

    assert sum(rows > 0 for rows in during.values()) > 35
    assert {name for name, rows in after.items() if rows} <= OPEN | {"tenant"}  # operators and bodies, to everybody
    assert {name for name, state in taken.items() if state != "42501"} <= OPEN


async def test_the_auditor_reads_everything_but_secrets_and_writes_nothing(database_url: str, story) -> None:
    engine = open_engine(database_url, pool_size=1, role=AUDITOR)
    try:
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            invoices = await driver.fetchval(f"select count(*) from {SCHEMA}.invoice")
            secret = await attempted(driver, f"select password_hash from {SCHEMA}.person")
            sessions = await attempted(driver, f"select * from {SCHEMA}.session")
            writes = {
                name: [
                    await attempted(driver, statement)
                    for statement in (
                        f"insert into {SCHEMA}.{name} default values",
                        f"delete from {SCHEMA}.{name}",
                        f"truncate {SCHEMA}.{name}",
                    )
                ]
                for name in TABLES
            }
    finally:
        await engine.dispose()

    assert invoices > 0
    assert (secret, sessions) == ("42501", "42501")
    assert {state for states in writes.values() for state in states} == {"42501"}


async def test_every_table_is_closed_and_nobody_goes_round(engine: AsyncEngine) -> None:
    open_tables = text(
        "select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = :schema"
        " and relkind in ('r', 'p') and not (relrowsecurity and relforcerowsecurity)"
    )
    passing = text(
        "select rolname from pg_roles where rolname = any(:roles) and (rolsuper or rolbypassrls or rolcanlogin)"
    )
    definers = text(
        "select proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname = :schema and prosecdef"
        " union all select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = :schema and relkind in ('v', 'm')"
    )
    owned = text("select distinct tableowner from pg_tables where schemaname = :schema")

    async with engine.connect() as connection:
        closed_not = set(await connection.scalars(open_tables, {"schema": SCHEMA}))
        free = set(await connection.scalars(passing, {"roles": [APP, AUDITOR, MIGRATOR]}))
        round_about = set(await connection.scalars(definers, {"schema": SCHEMA}))
        owners = set(await connection.scalars(owned, {"schema": SCHEMA}))

    assert closed_not == OPEN | {"alembic_version"}
    assert (free, round_about, owners) == (set(), set(), {MIGRATOR})


async def test_the_program_alone_asks_who_holds_and_nothing_stays_told(bound: AsyncEngine, engine: AsyncEngine) -> None:
    functions = text(
        "select proname, coalesce(array_agg(pg_get_userbyid(grantee)) filter (where grantee <> proowner), '{}')"
        " from pg_proc p join pg_namespace n on n.oid = p.pronamespace, lateral aclexplode(p.proacl)"
        " where n.nspname = :schema group by proname"
    )
    async with engine.connect() as connection:
        may = {name: tuple(who) for name, who in await connection.execute(functions, {"schema": SCHEMA})}
    told = text("select coalesce(current_setting('app.reach', true), '')")
    counted = text(f"select count(*) from {SCHEMA}.person")
    left = []
    recognition = PostgresRecognition(bound)
    for _ in range(8):
        assert await recognition.of_session(b"\1" * 32, now=NOON, seen_since=NOON) is None
        assert await recognition.of_key(UUID(int=1)) is None
        async with bound.connect() as connection:
            left.append((await connection.scalar(told), await connection.scalar(counted)))
    async with PostgresUnit(bound)(someone(Role.TENANT_VIEWER, tenant_id=11)) as work:
        await work._connection.execute(text(f"select * from {SCHEMA}.key_holder(:key)"), {"key": UUID(int=1)})
        within = await work._connection.scalar(told)

    assert may == {"session_holder": (APP,), "key_holder": (APP,)}
    assert (set(left), within) == ({("", 0)}, "tenant:11")


async def test_the_owner_itself_sees_nothing_without_a_context(database_url: str, story) -> None:
    engine = open_engine(database_url, pool_size=1, role=MIGRATOR)
    try:
        async with engine.connect() as connection:
            assert await connection.scalar(text(f"select count(*) from {SCHEMA}.contract")) == 0
    finally:
        await engine.dispose()


async def test_a_reader_cannot_write_even_what_is_its_own(bound: AsyncEngine) -> None:
    viewer = someone(Role.TENANT_VIEWER, tenant_id=11)
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with PostgresUnit(bound)(viewer) as work:
            await work.numbers.next(tenant_id=viewer.tenant_id, series="X", year=2026)


async def _rounds(bound: AsyncEngine, rounds: int) -> None:
    """Let two tenants share a small pool through commits, errors, cancellations and walking away."""
    unit = PostgresUnit(bound)
    chance = random.Random(20261122)
    counted = text(f"select coalesce(array_agg(distinct tenant_id), '{{}}') from {SCHEMA}.site")

    async def turn(actor: Actor, what: str) -> None:
        async with unit(actor) as work:
            connection = work._connection
            seen = set(await connection.scalar(counted) or ())
            assert seen <= {actor.tenant_id} or actor.is_complex, (actor.tenant_id, seen)
            if what == "error":
                await connection.execute(text("select 1 / 0"))
            elif what == "slow":
                await connection.execute(text("select pg_sleep(1)"))
            elif what == "commit":
                await work.commit()

    async def one(_: int) -> None:
        actor = chance.choice(
            (someone(Role.TENANT_ADMIN, tenant_id=11), someone(Role.TENANT_ADMIN, tenant_id=12), SYSTEM)
        )
        what = chance.choice(("commit", "leave", "error", "slow"))
        try:
            async with asyncio.timeout(0.004 if what == "slow" else 30):
                await turn(actor, what)
        except (DBAPIError, TimeoutError):
            assert what in ("error", "slow")
        if chance.random() < 0.5:
            async with bound.connect() as connection:
                left = await connection.scalar(text("select current_setting('app.reach', true)"))
                bare = await connection.scalar(text(f"select count(*) from {SCHEMA}.site"))
            assert (left or "", bare) == ("", 0)

    for start in range(0, rounds, 4):
        await asyncio.gather(*(one(number) for number in range(start, start + 4)))


async def test_a_reused_connection_brings_nothing_along(bound: AsyncEngine) -> None:
    await _rounds(bound, 400)


@pytest.mark.prove
async def test_ten_thousand_turns_on_two_connections_bring_nothing_along(bound: AsyncEngine) -> None:
    await _rounds(bound, 10_000)


@pytest.fixture
async def serving_login(database_url: str, story) -> AsyncIterator[str]:
    """The address of a sign-in that the migrations made for serving alone."""
    name = f"serving_{random.randrange(10**9)}"
    address = make_url(database_url).set(username=name, password="throw-away").render_as_string(hide_password=False)
    await migrate_database(database_url, serving=address)
    yield address
    owner = open_engine(database_url, pool_size=1)
    async with owner.begin() as connection:
        await connection.execute(text(f"drop role if exists {name}"))
    await owner.dispose()


async def test_a_sign_in_for_serving_alone_serves_and_cannot_change_the_schema(serving_login: str) -> None:
    engine = open_engine(serving_login, pool_size=1, role=APP)
    try:
        async with PostgresUnit(engine)(someone(Role.TENANT_ADMIN, tenant_id=11)) as work:
            sites = await work.sites.of_tenant(TenantId(11), limit=10)
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            refused = [
                await attempted(driver, statement)
                for statement in (
                    f"create table {SCHEMA}.mine (id int)",
                    f"alter table {SCHEMA}.invoice no force row level security",
                    f"drop policy invoice_read on {SCHEMA}.invoice",
                    f"set role {MIGRATOR}",
                )
            ]
            await driver.execute("reset role")
            outside = [
                await attempted(driver, f"select 1 from {SCHEMA}.invoice where tenant_id = 11"),
                await attempted(driver, f"delete from {SCHEMA}.history_entry"),
                await attempted(driver, f"set role {MIGRATOR}"),
                await attempted(driver, f"create role other_{random.randrange(10**9)}"),
            ]
    finally:
        await engine.dispose()

    assert len(sites) == 1
    assert refused == ["42501"] * 4
    assert outside == ["0", "42501", "42501", "42501"]  # without its role it is told nothing more, and no reach is set


async def test_the_serving_sign_in_starts_on_the_newest_schema_only(serving_login: str, database_url: str) -> None:
    await migrate_database(serving_login)  # it is the newest: nothing is done
    facts = await examine(serving_login)
    owner = open_engine(database_url, pool_size=1)
    try:
        async with owner.begin() as connection:
            await connection.execute(text(f"update {SCHEMA}.alembic_version set version_num = '0001'"))
    finally:
        await owner.dispose()

    assert (facts.login_superuser, facts.login_bypasses, facts.login_owns) == (False, False, False)
    assert facts.revision == facts.newest_revision
    with pytest.raises(SchemaDiffers):
        await migrate_database(serving_login)


async def test_a_new_password_counts_and_a_sign_in_made_otherwise_is_left_alone(
    serving_login: str, database_url: str
) -> None:
    told = make_url(serving_login)
    changed = told.set(password="another-word").render_as_string(hide_password=False)
    await migrate_database(database_url, serving=changed)
    engine = open_engine(changed, pool_size=1, role=APP)
    try:
        async with engine.connect() as connection:
            assert await connection.scalar(text("select session_user")) == told.username
    finally:
        await engine.dispose()

    owner = open_engine(database_url, pool_size=1)
    try:
        async with owner.begin() as connection:
            await connection.execute(text(f"grant {AUDITOR} to {told.username}"))
        assert not await serve_by(owner, login=str(told.username), password="a-third-word")
    finally:
        await owner.dispose()
    with_third = told.set(password="a-third-word").render_as_string(hide_password=False)
    engine = open_engine(with_third, pool_size=1)
    try:
        with pytest.raises(DatabaseUnreachable):
            await migrate_database(with_third)
    finally:
        await engine.dispose()
