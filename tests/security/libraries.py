"""Asks whether a locked library has a known weakness; `python -m tests.security.libraries [--told FILE]`.

What was not checked is also written into FILE, for whoever sums up.

The list of weaknesses is on the network. Where there is none, nothing was checked: that is said loudly and does not
fail, unless `SUNHWAN_REQUIRE_AUDIT` is set, as it is where releases are made.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AWAY = (
    "ConnectionError",
    "ConnectTimeout",
    "Max retries exceeded",
    "NameResolutionError",
    "ServiceError",
    "ReadTimeout",
)
WAIT_S = 300


def audit(requirements: Path) -> tuple[int, str]:
    """Return the exit code and the words of pip-audit on a requirement file with hashes."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--progress-spinner=off", "--timeout=15", "--disable-pip",
             "--require-hashes", "-r", str(requirements)],
            capture_output=True, text=True, check=False, timeout=WAIT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 1, "ReadTimeout"
    return done.returncode, done.stdout + done.stderr


def verdict(code: int, said: str, *, required: bool) -> tuple[int, str]:
    """Return the exit code and what to print."""
    if any(word in said for word in AWAY):
        return int(
            required
        ), "NOT CHECKED: the list of known weaknesses is not reachable. 취약점 목록에 닿지 못했습니다."
    if code == 0 and (missed := said.count("could not be audited")):
        # A mirror without the list answers as if nothing were known: that is no answer.
        return int(
            required
        ), f"NOT CHECKED: {missed} libraries are in no list. 라이브러리 {missed}개를 확인하지 못했습니다."
    return code, said.strip()


NOT_CHECKED = "NOT CHECKED"
"""How words begin when nothing was checked; `make check` repeats them in its last line."""


if __name__ == "__main__":
    exit_code, words = verdict(
        *audit(ROOT / "requirements.txt"), required=bool(os.environ.get("SUNHWAN_REQUIRE_AUDIT"))
    )
    print(words)
    if sys.argv[1:2] == ["--told"] and words.startswith(NOT_CHECKED):
        Path(sys.argv[2]).write_text(words, "utf-8")
    sys.exit(exit_code)
