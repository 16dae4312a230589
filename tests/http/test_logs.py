"""What the log says of a statement that failed: what broke, and no value of it."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app import logs
from domain.journeys import pack_life
from domain.shared.actor import SYSTEM
from tests.http.test_api import PACK

CANARY = "canary-in-the-coal-mine"

BREAKING = {
    "a value that is taken": (
        "insert into canaries values (:said), (:said)",
        "UniqueViolationError",
    ),
    "a row that a check refuses": ("insert into canaries values (:said || 'no')", "CheckViolationError"),
    "a value over several lines": (
        "insert into canaries select :said || chr(10) || '[SQL: ' from generate_series(1, 2)",
        "UniqueViolationError",
    ),
    "no number": ("select cast(cast(:said as text) as integer)", "InvalidTextRepresentationError"),
    "no argument of that kind": ("insert into counted values (:said)", "DataError"),
}


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """The program's log, as it is written."""
    file = io.StringIO()
    logs.configure(logging.INFO, file=file)
    yield file
    structlog.reset_defaults()


async def broken(engine: AsyncEngine, statement: str) -> DBAPIError:
    tables = (
        "create temporary table canaries (said text unique check (said not like '%no')) on commit drop",
        "create temporary table counted (many integer) on commit drop",
    )
    async with engine.connect() as connection:
        for table in tables:
            await connection.execute(text(table))
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text(statement), {"said": CANARY})
    return caught.value


@pytest.mark.parametrize("what", BREAKING)
async def test_a_failed_statement_is_told_without_its_values(what: str, engine: AsyncEngine, said: io.StringIO) -> None:
    statement, kind = BREAKING[what]
    error = await broken(engine, statement)

    structlog.get_logger().error("it broke", exc_info=error)

    told = json.loads(said.getvalue())["exception"]
    assert kind in told
    assert CANARY not in told


async def test_an_error_from_far_down_is_told_without_values_too(engine: AsyncEngine, said: io.StringIO) -> None:
    error = await broken(engine, BREAKING["a value that is taken"][0])

    try:
        try:
            raise error
        except DBAPIError:
            raise ExceptionGroup("several", [ValueError("another"), RuntimeError("later")])  # noqa: B904
    except ExceptionGroup:
        structlog.get_logger().exception("it broke")

    told = json.loads(said.getvalue())["exception"]
    assert "UniqueViolationError" in told
    assert "RuntimeError: later" in told
    assert CANARY not in told


async def test_the_libraries_own_lines_hide_values_as_well(engine: AsyncEngine, said: io.StringIO) -> None:
    error = await broken(engine, BREAKING["a value that is taken"][0])
    formatter = logs.formatter()

    traced = logging.LogRecord("x", logging.ERROR, "x", 1, "it broke", (), (type(error), error, error.__traceback__))
    named = logging.LogRecord("x", logging.ERROR, "x", 1, "it broke: %s", (error,), None)

    for record in (traced, named):
        told = formatter.format(record)
        assert "it broke" in told
        assert "UniqueViolationError" in told
        assert CANARY not in told


async def test_our_own_mistake_at_a_door_is_logged_with_its_trace_and_no_value(
    signed_in, ports, engine: AsyncEngine, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = await signed_in("operator")

    async def mistaken(*_: object, **__: object) -> None:
        async with ports.unit(SYSTEM) as work:
            await work._connection.execute(
                text("insert into sunhwan.sign_in_failure select f.* from (select cast(:said as integer)) f"),
                {"said": CANARY},
            )

    monkeypatch.setattr(pack_life, "register_pack", mistaken)
    answer = await operator.post("/api/v1/packs", json={**PACK, "model": CANARY})
    await asyncio.sleep(0)

    assert (answer.status_code, CANARY in answer.text) == (500, False)
    told = [json.loads(line) for line in said.getvalue().splitlines() if "http.our-mistake" in line]
    assert [line["request_id"] for line in told] == [answer.headers["X-Request-Id"]]
    assert "sign_in_failure" in told[0]["exception"]
    assert CANARY not in said.getvalue()
