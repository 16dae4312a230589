"""The port of protocols' versions: the fake and PostgreSQL keep one promise."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.ktr.protocol_file import SHIPPED, read_protocol_text
from adapters.postgres.protocols import PostgresProtocolVersions, ProtocolTexts
from domain.certification.errors import ProtocolStepOutOfOrder, ProtocolVersionTaken
from domain.certification.ports import ProtocolVersions
from domain.certification.protocol_versions import ProtocolVersion
from domain.shared.identifiers import PersonId, TenantId
from tests.fakes.certification import MemoryProtocolVersions

BODY, OTHER = TenantId(2), TenantId(3)
AT = datetime(2026, 2, 1, 3, 0, tzinfo=UTC)
TEXT = SHIPPED.read_text(encoding="utf-8")


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as opened:
        yield opened


@pytest.fixture(params=["memory", "postgres"])
def kept(request: pytest.FixtureRequest, connection: AsyncConnection) -> ProtocolVersions:
    if request.param == "memory":
        return MemoryProtocolVersions()
    return PostgresProtocolVersions(connection, ProtocolTexts(shipped=TEXT, read=read_protocol_text))


def version(sequence: int, *, tenant_id: TenantId = BODY) -> ProtocolVersion:
    return ProtocolVersion(
        version_id=UUID(int=sequence + 100 * tenant_id),
        tenant_id=tenant_id,
        sequence=sequence,
        protocol_id="SH",
        version=f"1.0.{sequence}",
        text="a: 1\n",
        sha256="ab" * 32,
        note="시험",
        drafted_by=PersonId(UUID(int=7)),
        drafted_by_name="서품질",
        drafted_at=AT,
    )


async def test_a_bodys_versions_are_kept_in_order_with_their_steps(kept: ProtocolVersions) -> None:
    first, second = version(1), version(2)
    for one in (first, second, version(1, tenant_id=OTHER)):
        await kept.draft(one)
    approved = replace(
        second,
        approved_by=PersonId(UUID(int=8)),
        approved_by_name="최승인",
        approved_at=AT,
        in_force_on=date(2026, 2, 2),
    )
    await kept.approve(approved)
    retired = replace(
        approved,
        retired_by=PersonId(UUID(int=7)),
        retired_by_name="서품질",
        retired_at=AT,
        retired_on=date(2026, 3, 1),
        retired_reason="오기",
    )
    await kept.retire(retired)

    assert await kept.of_body(BODY) == (first, retired)
    assert await kept.of_body(TenantId(9)) == ()
    with pytest.raises(ProtocolStepOutOfOrder):
        await kept.approve(approved)
    with pytest.raises(ProtocolStepOutOfOrder):
        await kept.retire(retired)


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(replace(version(1), version_id=UUID(int=9), sequence=2), id="the same name"),
        pytest.param(replace(version(1), version_id=UUID(int=9), version="9"), id="the same place in order"),
    ],
)
async def test_a_name_and_a_place_in_order_are_given_once(kept: ProtocolVersions, again: ProtocolVersion) -> None:
    await kept.draft(version(1))

    with pytest.raises(ProtocolVersionTaken):
        await kept.draft(again)


def test_the_shipped_text_is_read(kept: ProtocolVersions) -> None:
    assert kept.read(kept.shipped).protocol_id == "SH-REUSE-01"
