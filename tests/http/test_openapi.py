"""The API against its own document: thousands of made-up requests by everybody, none broken, none undocumented.

Everybody is every role, nobody, a device's key and a key narrowed to one site. They ask for things that are there
as well as for what is made up (tests/http/asking.py), and their sessions last: what ends one that asks is left out here
and proven in test_signing_in.py. The program counts its own answers, so a run in which an asker was mostly a stranger,
or in which nothing went well, fails.

Per commit every asker tries every operation a few times, and each operation is asked at every edge of its parameters
and bodies (schemathesis' coverage) by one asker whom the matrix lets in. `make prove` lets everybody do both.
"""

import asyncio
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from app.http.policy import COLUMNS, POLICY
from app.serving import listen, serving
from domain.shared.actor import Role
from tests.conftest import ROOT
from tests.http.conftest import SignedIn
from tests.http.test_policy import World, world  # noqa: F401  (a fixture)

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)
NOBODY, NARROWED = Role.PUBLIC.value, "narrowed"
ASKERS = (*(role.value for role in COLUMNS), NARROWED)
GROUPS = tuple(ASKERS[number::4] for number in range(4))
"""The story is told once for each, so that several processes share them."""

PER_COMMIT, PROOF = 10_000, 100_000
EXAMPLES = 2
AT_ONCE = 2
ENDING = ("SignOut", "EndAllSessions", "EndSession", "EndOtherSessions")
"""They end the session that asks, or may."""

MOST_STRANGE = 0.1
"""How many of an asker's requests may be answered 401 where one signs in to come.

They guess at a password to confirm, or are a key at the doors of people's accounts."""
ASKER = "x-asker"


@dataclass
class Counted:
    """The program on a port, and how often it answered whom with which status."""

    address: str
    answered: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    strange: Counter[str] = field(default_factory=Counter)
    """How often somebody was answered 401 where whoever has signed in is known."""


@asynccontextmanager
async def counting(app: Litestar) -> AsyncIterator[Counted]:
    """Let the program listen on a real port, and count what it answers to whom."""
    listening = listen("127.0.0.1", 0)
    counted = Counted(f"http://127.0.0.1:{listening.getsockname()[1]}")

    async def count(scope: Any, receive: Any, send: Any) -> None:
        asker = dict(scope.get("headers", ())).get(ASKER.encode(), b"").decode()

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start" and asker:
                counted.answered[asker][message["status"]] += 1
                route = (scope["method"], scope.get("path_template"))
                counted.strange[asker] += message["status"] == 401 and not POLICY[route].is_public
            await send(message)

        await app(scope, receive, sent)

    async with serving(count, listening):  # type: ignore[arg-type]
        yield counted


@pytest.fixture
async def tokens(world: World, signed_in: SignedIn) -> dict[str, str | None]:  # noqa: F811
    """What each asker sends to say who they are."""
    tenant = await signed_in("tenant")
    keys = {}
    for asker, role in ((Role.DEVICE.value, Role.DEVICE), (NARROWED, Role.TENANT_VIEWER)):
        wish = {"name": asker, "role": role.value, "sites": [str(world.objects["own"]["site_id"])]}
        made = await tenant.post("/api/v1/keys", json=wish)
        assert made.status_code == 201, made.text
        keys[asker] = made.json()["text"]
    people = {asker: world.tokens[Role(asker), False] for asker in ASKERS if asker not in (NOBODY, *keys)}
    return {NOBODY: None, **people, **keys}


@pytest.fixture
async def counted(app: Litestar, tokens: dict[str, str | None]) -> AsyncIterator[Counted]:
    """The program on a real port, with the story told in it."""
    async with counting(app) as opened:
        yield opened


def shared_out(document: dict[str, Any]) -> dict[str, list[str]]:
    """Share the operations out among the askers whom the matrix lets in; each gets about as many."""
    shares: dict[str, list[str]] = {asker: [] for asker in ASKERS}
    found = [
        (POLICY[method.upper(), path.rstrip("/") or "/"].roles, operation["operationId"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation["operationId"] not in ENDING
    ]
    for roles, operation_id in sorted(found, key=lambda one: (len(one[0]), one[1])):
        fewest = min((role.value for role in roles), key=lambda asker: (len(shares[asker]), asker))
        shares[fewest].append(operation_id)
    return shares


async def _ask(
    address: str, asker: str, token: str | None, there: str, *, edges: list[str] | None, seed: int, home: Path
) -> str:
    """Let made-up requests be sent, at the edges of the operations named (None: all); return what is wrong."""
    settings = ""
    if edges is not None:  # the first that names an operation is heeded
        settings = (
            f"[[operations]]\ninclude-operation-id = {json.dumps(edges)}\nphases.coverage.enabled = true\n"
            '[[operations]]\ninclude-operation-id-regex = ".*"\nphases.coverage.enabled = false\n'
        )
    await asyncio.to_thread((home / "schemathesis.toml").write_text, settings, "utf-8")
    run = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("st")),
        "run",
        f"{address}/docs/openapi.json",
        *("--checks", CHECKS, "--phases", "coverage,fuzzing", "--max-examples", str(EXAMPLES)),
        *("--seed", str(seed), "--workers", "1", "--continue-on-failure", "--no-color", "--request-timeout", "30"),
        *("--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off"),
        *(part for operation in ENDING for part in ("--exclude-operation-id", operation)),
        *("--header", f"{ASKER}: {asker}"),
        *(() if token is None else ("--header", f"Authorization: Bearer {token}")),
        env={
            **os.environ,
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "SCHEMATHESIS_HOOKS": "tests.http.asking",
            "SUNHWAN_THERE": there,
        },
        cwd=home,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await run.communicate())[0].decode()
    return "" if run.returncode == 0 else said[-12000:]


async def _everybody(
    counted: Counted,
    world: World,  # noqa: F811
    tokens: dict[str, str | None],
    home: Path,
    group: tuple[str, ...],
    *,
    wanted: int,
    edges: dict[str, list[str]] | None,
) -> None:
    named = {name: value for name, value in world.objects["own"].items() if name not in ("session_id", "kind", "form")}
    there = json.dumps(named, default=str)
    free, wrong = asyncio.Semaphore(AT_ONCE), []

    for asker in group:
        home.joinpath(asker).mkdir()

    async def ask(asker: str) -> None:
        token, answered = tokens[asker], counted.answered[asker]
        async with free:
            said = await _ask(
                counted.address,
                asker,
                token,
                there,
                edges=None if edges is None else edges[asker],
                seed=20261122 + ASKERS.index(asker),
                home=home / asker,
            )
        if said:
            wrong.append(f"{asker}: {said}")
        strange, found = counted.strange[asker], dict(sorted(answered.items()))
        told = f"{asker}: {answered.total()} answered: {found}, {strange} strange"
        print(told)
        if token is not None and strange > answered.total() * MOST_STRANGE:
            wrong.append(f"treated as a stranger: {told}")
        if answered[200] + answered[201] == 0:
            wrong.append(f"nothing went well: {told}")

    await asyncio.gather(*(ask(asker) for asker in group))
    assert wrong == [], "\n".join(wrong)
    assert sum(answered.total() for answered in counted.answered.values()) >= wanted * len(group) / len(ASKERS)


@pytest.mark.parametrize("group", GROUPS, ids="-".join)
async def test_ten_thousand_requests_by_everybody_keep_to_the_document(
    counted: Counted,
    world: World,  # noqa: F811
    tokens: dict[str, str | None],
    client: httpx.AsyncClient,
    tmp_path: Path,
    group: tuple[str, ...],
) -> None:
    edges = shared_out((await client.get("/docs/openapi.json")).json())
    await _everybody(counted, world, tokens, tmp_path, group, wanted=PER_COMMIT, edges=edges)


@pytest.mark.prove
@pytest.mark.parametrize("group", GROUPS, ids="-".join)
async def test_a_hundred_thousand_requests_by_everybody_keep_to_the_document(
    counted: Counted,
    world: World,  # noqa: F811
    tokens: dict[str, str | None],
    tmp_path: Path,
    group: tuple[str, ...],
) -> None:
    await _everybody(counted, world, tokens, tmp_path, group, wanted=PROOF, edges=None)
