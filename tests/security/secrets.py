"""Looks for secrets in the project's files; `python -m tests.security.secrets` fails when it finds one."""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s*\n?[A-Za-z0-9+/]{16}"),
    "AWS key": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "Stripe key": re.compile(r"\b[sr]k_live_[0-9A-Za-z]{16,}\b"),
    "webhook secret": re.compile(r"\bwhsec_[0-9A-Za-z+/]{24,}"),
    "our own key": re.compile(r"\bsh_live_[0-9A-Za-z_-]{22,}"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{22,})\b"),
    "Slack token": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{10,}"),
    "Google key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "JSON web token": re.compile(r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{20,}"),
    "password in an address": re.compile(
        r"\b(?:postgres(?:ql)?|https?|amqp|redis)(?:\+\w+)?://\w+:(?!password@|\W)[^\s:@/{}'\"$<]{8,}@"
    ),
}
KNOWN = {
    # what looks like a secret and opens nothing: file -> why
    "tests/architecture/test_secrets.py": "plants one of each kind to show that it is found",
}


def secrets_in(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the kind of everything that looks like a secret."""
    for kind, pattern in KINDS.items():
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, kind


def tracked_files(root: Path = ROOT) -> list[Path]:
    """Return the files that the project keeps; without git, all of them but what is built."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=False)
    if listed.returncode == 0:
        return [root / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in root.rglob("*") if path.is_file() and not {".venv", "var", ".git"} & set(path.parts)]


def findings(paths: Iterable[Path], root: Path = ROOT) -> list[str]:
    """Return `file:line kind` for everything that looks like a secret and is not known."""
    found = []
    for path in paths:
        name = path.relative_to(root).as_posix()
        if name in KNOWN or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "ignore")
        found += [f"{name}:{line} {kind}" for line, kind in secrets_in(text)]
    return found


if __name__ == "__main__":
    told = findings(tracked_files())
    print("\n".join(told) or "none found")
    sys.exit(bool(told))
