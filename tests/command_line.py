"""The command line, as somebody types it: in a process of its own, or in this one, which takes a tenth of the time."""

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from app.cli import cli
from tests.conftest import ROOT

SUNHWAN = (sys.executable, "-c", "from app.cli import main; main()")
KEPT = ("PATH", "LANG", "TMPDIR")
"""What a command is left of the environment of the tests."""


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def started(settings: dict[str, str], *words: str) -> Said:
    """Run a command in a process of its own, to its end."""
    environment = {name: value for name, value in os.environ.items() if name in KEPT} | settings
    done = subprocess.run(
        [*SUNHWAN, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


def asked(settings: dict[str, str], *words: str) -> Said:
    """Run a command in this process; an error that the command line does not tell is this test's error."""
    nothing = {name: None for name in os.environ if name not in KEPT and not name.startswith(("COV_", "PYTEST_"))}
    done = CliRunner().invoke(cli, list(words), env=nothing | settings, catch_exceptions=False)
    return Said(done.exit_code, done.stdout, done.stderr)


async def asked_beside(settings: dict[str, str], *words: str) -> Said:
    """Run a command in this process while the test's own loop waits: the command has a loop of its own."""
    return await asyncio.to_thread(asked, settings, *words)


def on(database_url: str, home: Path) -> dict[str, str]:
    """Return the settings of a command on a database and a home."""
    return {"DATABASE_URL": database_url, "SUNHWAN_HOME": str(home)}
