"""The port of others' records: the fake and PostgreSQL keep one promise."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.external_records import PostgresExternalRecords
from domain.certification.errors import ImportUnknown, RecordChanged
from domain.certification.external import (
    ExternalRecord,
    ImportedRow,
    Outcome,
    Proof,
    RecordForm,
    RecordImport,
    TrustedIssuer,
    content_of,
)
from domain.certification.ports import ExternalRecords
from domain.shared.identifiers import PackId, PersonId, TenantId
from tests.fakes.certification import MemoryExternalRecords
from tests.fakes.records import row

BODY, OTHER = TenantId(2), TenantId(3)
NOW = datetime(2026, 2, 1, 3, 0, tzinfo=UTC)
PACK = PackId(UUID(int=51))


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as opened:
        yield opened


@pytest.fixture(params=["memory", "postgres"])
def held(request: pytest.FixtureRequest, connection: AsyncConnection) -> ExternalRecords:
    return MemoryExternalRecords() if request.param == "memory" else PostgresExternalRecords(connection)


def record(count: int = 1, *, tenant_id: TenantId = BODY, **said: str) -> ExternalRecord:
    return ExternalRecord(
        record_id=UUID(int=count),
        tenant_id=tenant_id,
        import_id=UUID(int=900),
        content=content_of(row(**{"number": f"DH-{count}", **said}), today=date(2026, 2, 1)),
        proof=Proof.VERIFIED,
        source_sha256="ab" * 32,
        pack_id=PACK if count == 1 else None,
        imported_by_name="서품질",
        imported_at=NOW,
    )


def line(position: int, outcome: Outcome) -> ImportedRow:
    refused = outcome in (Outcome.CONFLICT, Outcome.REJECTED)
    return ImportedRow(
        position=position,
        place=f"row {position + 1}",
        outcome=outcome,
        issuer="대한시험원",
        number=f"DH-{position}",
        proof=Proof.NONE,
        code="certification.record-row-wrong" if refused else "",
        reason_ko="사유" if refused else "",
        reason_en="reason" if refused else "",
        record_id=None if refused else UUID(int=position),
        pack_id=PACK if position == 1 else None,
    )


def made(number: int, *rows: ImportedRow, tenant_id: TenantId = BODY) -> RecordImport:
    return RecordImport(
        import_id=UUID(int=number),
        tenant_id=tenant_id,
        file_name="records.csv",
        form=RecordForm.CSV,
        source_sha256="ab" * 32,
        imported_by=PersonId(UUID(int=7)),
        imported_by_name="서품질",
        imported_at=NOW,
        rows=rows,
    )


async def test_a_record_is_found_as_it_was_held(held: ExternalRecords) -> None:
    mine, plain = record(1), record(2, grade="", soh_percent="", valid_until="")
    await held.add(mine)
    await held.add(plain)
    await held.add(record(3, tenant_id=OTHER, number="DH-1"))

    assert await held.find(BODY, issuer="대한시험원", number="DH-1") == mine
    assert await held.find(BODY, issuer="대한시험원", number="DH-2") == plain
    assert await held.find(BODY, issuer="다른시험원", number="DH-1") is None
    assert [one.tenant_id for one in await held.numbered("DH-1")] == [BODY, OTHER]
    assert await held.of_pack(PACK) == (mine,)
    assert await held.page(BODY, after=None, limit=1) == (plain,)
    assert await held.page(BODY, after=plain.record_id, limit=9) == (mine,)


async def test_an_issuers_number_is_held_once_by_a_body(held: ExternalRecords) -> None:
    await held.add(record(1))

    with pytest.raises(RecordChanged):
        await held.add(replace(record(1, grade="C"), record_id=UUID(int=9)))


async def test_an_import_is_kept_with_its_rows_and_shown_to_its_body_alone(held: ExternalRecords) -> None:
    older = made(901)
    newer = made(902, *(line(position, outcome) for position, outcome in enumerate(Outcome, start=1)))
    for one in (older, newer, made(903, tenant_id=OTHER)):
        await held.keep_import(one)

    assert await held.imported(BODY, newer.import_id) == newer
    assert await held.imports(BODY, limit=5) == (newer, older)
    with pytest.raises(ImportUnknown):
        await held.imported(OTHER, newer.import_id)


async def test_the_newest_keys_of_an_issuer_count(held: ExternalRecords) -> None:
    first = TrustedIssuer(
        tenant_id=BODY,
        did="did:web:other.example",
        name="다른시험원",
        document="{}",
        registered_by=PersonId(UUID(int=7)),
        registered_by_name="서품질",
        registered_at=NOW,
    )
    renewed = replace(first, document='{"id": "new"}', registered_at=NOW + timedelta(days=1))
    for one in (first, renewed, replace(first, tenant_id=OTHER)):
        await held.trust(one)

    assert await held.issuers(BODY) == (renewed,)


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param("proof = 'sworn'", id="a proof that is none"),
        pytest.param("valid_until = date '2000-01-01'", id="over before it was issued"),
        pytest.param("kr_battery_no = null", id="no item named"),
        pytest.param("soh_ppm = 0", id="no health"),
    ],
)
async def test_the_database_repeats_what_a_record_must_say(connection: AsyncConnection, spoiled: str) -> None:
    await PostgresExternalRecords(connection).add(record(1))

    with pytest.raises(IntegrityError):
        await connection.execute(text(f"update sunhwan.external_record set {spoiled}"))
