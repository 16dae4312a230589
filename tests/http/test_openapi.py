"""The API against its own document: thousands of made-up requests by every role, none broken, none undocumented."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from litestar import Litestar

from app.http.policy import COLUMNS
from app.serving import listen, serving
from domain.shared.actor import Role
from tests.http.conftest import LetIn
from tests.http.test_policy import home_of

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)
ROLES = tuple(role for role in COLUMNS if role is not Role.DEVICE)
PER_COMMIT, PROOF = 10_000, 100_000


@pytest.fixture
async def address(app: Litestar, story) -> AsyncIterator[str]:
    """The program on a real port, with the story told in it."""
    listening = listen("127.0.0.1", 0)
    async with serving(app, listening):
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def _asked(address: str, token: str | None, *, examples: int, seed: int, folder: Path) -> tuple[int, str]:
    """Let made-up requests be sent; return how many were, and what is wrong."""
    found = folder / f"{seed}.json"
    run = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("st")),
        "run",
        f"{address}/docs/openapi.json",
        *("--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples)),
        *("--seed", str(seed), "--workers", "1", "--continue-on-failure", "--no-color", "--request-timeout", "30"),
        *("--generation-database", "none", "--suppress-health-check", "all"),
        *("--exclude-path", "/api/v1/sessions/me"),  # it would end the session that asks
        *("--report-json-path", str(found)),
        *(() if token is None else ("--header", f"Authorization: Bearer {token}")),
        env={**os.environ, "PYTHONWARNINGS": "ignore", "HOME": str(folder)},
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await run.communicate())[0].decode()
    counted = re.search(r"([\d,]+) generated", said)
    assert counted is not None, said[-3000:]
    return int(counted[1].replace(",", "")), "" if run.returncode == 0 else said[-6000:]


async def _every_role(address: str, let_in: LetIn, folder: Path, *, wanted: int, examples: int) -> None:
    asked, wrong = 0, []
    tokens = {role: None if role is Role.PUBLIC else await let_in(role, home_of(role)) for role in ROLES}
    seed = 20261122
    while asked < wanted and not wrong:
        for role, token in tokens.items():
            sent, said = await _asked(address, token, examples=examples, seed=seed, folder=folder)
            asked, seed = asked + sent, seed + 1
            if said:
                wrong.append(f"{role}: {said}")
    assert wrong == [], "\n".join(wrong)
    assert asked >= wanted


async def test_ten_thousand_requests_by_every_role_keep_to_the_document(
    address: str, let_in: LetIn, tmp_path: Path
) -> None:
    await _every_role(address, let_in, tmp_path, wanted=PER_COMMIT, examples=6)


@pytest.mark.prove
async def test_a_hundred_thousand_requests_by_every_role_keep_to_the_document(
    address: str, let_in: LetIn, tmp_path: Path
) -> None:
    await _every_role(address, let_in, tmp_path, wanted=PROOF, examples=120)
