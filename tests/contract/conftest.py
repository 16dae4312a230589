"""What the contract suites share."""

import pytest

from adapters.postgres.recognition import PostgresRecognition
from adapters.postgres.work import PostgresUnit
from domain.identity.ports import Recognition
from domain.shared.actor import SYSTEM
from tests.fakes.recognition import MemoryRecognition


@pytest.fixture
async def recognition(unit, request: pytest.FixtureRequest) -> Recognition:
    """Says who holds what the suite's `unit` made durable."""
    if isinstance(unit, PostgresUnit):
        return PostgresRecognition(request.getfixturevalue("app_engine"))
    async with unit(SYSTEM) as work:
        return MemoryRecognition(work)
