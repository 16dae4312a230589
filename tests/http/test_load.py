"""When more is asked than can be done, some are told to come back; health and verification still pass."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar, Request, get, post
from litestar.datastructures import State

from app.http import load
from app.http.load import GATE, Gate, LoadMiddleware
from app.http.problems import PROBLEM_HANDLERS


@get("/busy")
async def busy(state: State) -> str:
    state["started"].set()
    await state["go"].wait()
    return "done"


@get(["/livez", "/verify/x", "/01/1/21/2"])
async def kept() -> str:
    return "alive"


@post("/verify", status_code=200)
async def sent(request: Request) -> str:  # type: ignore[type-arg]
    return str(len(await request.body()))


@post("/taken", status_code=200)
async def taken(request: Request) -> str:  # type: ignore[type-arg]
    return str(len(await request.body()))


@post("/bodiless", status_code=200)
async def bodiless() -> str:
    return "done"


def make(gate: Gate) -> Litestar:
    state = State({GATE: gate, "started": asyncio.Event(), "go": asyncio.Event()})
    return Litestar(
        [bodiless, busy, kept, sent, taken],
        middleware=[LoadMiddleware()],
        exception_handlers=PROBLEM_HANDLERS,
        state=state,
        openapi_config=None,
        logging_config=None,
    )


def reach(app: Litestar) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://x")


async def test_one_too_many_is_sent_away_and_the_kept_places_stay_free() -> None:
    app = make(Gate(places=1, places_kept=1, wait_s=0.01))

    async with reach(app) as client:
        first = asyncio.create_task(client.get("/busy"))
        await app.state["started"].wait()
        refused = await client.get("/busy")
        kept_ones = [await client.get(path) for path in ("/livez", "/verify/x", "/01/1/21/2")]
        file = await client.post("/verify", content=b"a large file")
        app.state["go"].set()
        done = await first
        after = await client.get("/busy")

    assert (refused.status_code, refused.json()["code"]) == (503, "http.overloaded")
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["content-type"] == "application/problem+json"
    assert [one.status_code for one in kept_ones] == [200, 200, 200]
    assert file.status_code == 503  # costly, and anybody may send one: it waits with the others
    assert (done.status_code, after.status_code) == (200, 200)


async def test_a_write_without_a_body_takes_a_place_too() -> None:
    app = make(Gate(places=1, places_kept=1, wait_s=0.01))

    async with reach(app) as client:
        first = asyncio.create_task(client.get("/busy"))
        await app.state["started"].wait()
        refused = await client.post("/bodiless")
        app.state["go"].set()
        await first
        done = await client.post("/bodiless")

    assert (refused.status_code, done.status_code) == (503, 200)


async def test_a_page_too_says_when_to_come_back(app: Litestar, client: httpx.AsyncClient) -> None:
    app.state[GATE] = Gate(places=0, places_kept=1, wait_s=0)

    refused = await client.get("/energy")

    assert refused.status_code == 503
    assert refused.headers["content-type"].startswith("text/html")
    assert int(refused.headers["Retry-After"]) >= 1


async def test_who_waits_a_moment_gets_in() -> None:
    app = make(Gate(places=1, places_kept=1, wait_s=60))

    async with reach(app) as client:
        first = asyncio.create_task(client.get("/busy"))
        await app.state["started"].wait()
        second = asyncio.create_task(client.get("/busy"))
        await asyncio.sleep(0)
        app.state["go"].set()

        assert [one.status_code for one in await asyncio.gather(first, second)] == [200, 200]


async def test_a_long_queue_is_not_joined() -> None:
    app = make(Gate(places=1, places_kept=1, waiting_max=0, wait_s=60))

    async with reach(app) as client:
        first = asyncio.create_task(client.get("/busy"))
        await app.state["started"].wait()
        refused = await client.get("/busy")
        app.state["go"].set()
        await first

    assert refused.status_code == 503


async def test_slow_senders_hold_no_place_and_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "BODY_PART_S", 0.05)
    app = make(Gate(places=1, places_kept=1, wait_s=0))
    begun = asyncio.Event()

    async def drips() -> AsyncIterator[bytes]:
        yield b"a"
        begun.set()
        await asyncio.Event().wait()

    async with reach(app) as client:
        slow = [asyncio.create_task(client.post("/taken", content=drips())) for _ in range(20)]
        await begun.wait()
        quick = await client.post("/taken", content=b"abc")
        answers = await asyncio.gather(*slow)

    assert (quick.status_code, quick.text) == (200, "3")
    assert {one.status_code for one in answers} == {408}
    assert {one.json()["code"] for one in answers} == {"http.body-too-slow"}
