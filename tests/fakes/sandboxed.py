"""Functions that a sandbox test lets the child run; light, because the child imports this module afresh."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from domain.certification.errors import CyclerFormatUnknown

_SET_BY_THE_CHILD = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "LC_CTYPE"}
"""Thread pools, and the locale that CPython itself sets in an empty environment (PEP 538)."""


def answer(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Say what the child sees of the world."""
    print("noise on standard output")
    seen = {
        "environment": sorted(set(os.environ) - _SET_BY_THE_CHILD),
        "content": path.read_bytes().decode(),
        "private": oct(path.parent.stat().st_mode & 0o777),
        "arguments": dict(arguments),
        "leader": os.getsid(0) == os.getpid(),
    }
    return json.dumps(seen).encode()


def refuse(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Refuse the file."""
    raise CyclerFormatUnknown(supported="nothing")


def crash(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Break with a message that nobody may see."""
    raise RuntimeError("secret")


def abort(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Die of a signal, as a damaged native reader does."""
    os.abort()


def sleep(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Take for ever, in a grandchild as well."""
    pid = os.fork()
    with Path(arguments["pid_file"]).open("a", encoding="ascii") as pids:
        pids.write(f"{os.getpid()} ")
    while True:
        os.waitpid(pid, 0) if pid else os.read(os.pipe()[0], 1)


def spin(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Burn the processor."""
    while True:
        pass


def hoard(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Take all memory."""
    return bytes(10**12)


def flood(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Answer too much."""
    return bytes(2_000_000)


def scribble(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Fill the disk."""
    (path.parent / "big").write_bytes(bytes(2_000_000))
    return b"written"
