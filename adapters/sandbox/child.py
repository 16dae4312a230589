"""The child's side: give up rights, read one file, say the result on standard output, end."""

import contextlib
import ctypes
import importlib
import json
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

from domain.shared.errors import DomainError

_REFUSED = 3
_BROKE = 4
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


def main() -> None:
    """Carry out the order in the first argument; end with status 0, 3 (refused) or 4 (broke)."""
    # A library that prints must not mix with the result, so the result has a descriptor of its own.
    result = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    status = _BROKE
    with contextlib.suppress(BaseException):  # whatever a hostile file provokes ends as one status
        order = json.loads(sys.argv[1])
        _limit(order["limits"])
        _leave_the_network()
        status = _carry_out(order["target"], Path(order["path"]), order["arguments"], result)
    # Threads of native readers may hang on a damaged file; nothing here needs an orderly end.
    os._exit(status)


def _carry_out(target: str, path: Path, arguments: Mapping[str, str], result: int) -> int:
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    try:
        output: bytes = function(path, arguments)
    except DomainError as error:
        said = {"code": error.code, "ko": error.sentence("ko"), "en": error.sentence("en")}
        _write(result, json.dumps(said).encode())
        return _REFUSED
    _write(result, output)
    return 0


def _write(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _limit(limits: Mapping[str, int]) -> None:
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["written_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
    ):
        resource.setrlimit(kind, (value, value))
    # The soft limit sends a signal that tells "too long" from a crash; the hard one is for who ignores it.
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_s"], limits["cpu_s"] + 1))
    # Thread pools of numeric libraries reserve address space for each processor that they see.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", POLARS_MAX_THREADS="2")


def _leave_the_network() -> None:
    """Enter an empty network namespace where the system permits it; best effort, as containers may not."""
    with contextlib.suppress(OSError, AttributeError):
        unshare = ctypes.CDLL(None, use_errno=True).unshare
        if unshare(_CLONE_NEWNET) != 0:
            unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


if __name__ == "__main__":
    main()
