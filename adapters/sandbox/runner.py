"""The parent's side: start a child for one file, wait, and turn every ending into a domain error."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from domain.shared.untrusted import FileBroke, FileRefused, FileTookTooLong, FileTooLarge

MEBIBYTE = 1024 * 1024
REFUSED = 3
"""The child's exit status when it prints a refusal instead of a result."""

_CODE = re.compile(r"[a-z]+(?:[.-][a-z0-9]+)+")
_SENTENCE_LENGTH_MAX = 1_000
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one child may use.

    `timeout_s` is wall time, `cpu_s` processor time, `memory_bytes` address space (a reader with
    threads reserves far more than it touches), `written_bytes` the size of any file it writes.
    """

    input_bytes: int = 64 * MEBIBYTE
    output_bytes: int = 64 * MEBIBYTE
    memory_bytes: int = 4_096 * MEBIBYTE
    written_bytes: int = 512 * MEBIBYTE
    open_files: int = 128
    cpu_s: int = 60
    timeout_s: int = 60


async def run_in_child(target: str, content: bytes, *, limits: Limits, arguments: Mapping[str, str]) -> bytes:
    """Read untrusted bytes with `target` in a fresh interpreter and return what it returns.

    Args:
        target: `package.module:function`, a `function(path: Path, arguments) -> bytes` of this
            program; it refuses a file by raising any domain error.
        content: the untrusted bytes; the child finds them in a private folder.
        limits: what the child may use.
        arguments: handed to the function as they are.

    Raises:
        FileTooLarge: `content` exceeds the limit; no child was started.
        FileRefused: the function raised a domain error; its code and sentences are carried over.
        FileTookTooLong: the wall time ran out.
        FileBroke: the child crashed, met a limit, or said something unintelligible.
    """
    if len(content) > limits.input_bytes:
        raise FileTooLarge(bytes_max=limits.input_bytes)
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="sunhwan-file-"))
    try:
        path = folder / "file"
        await asyncio.to_thread(path.write_bytes, content)
        order = json.dumps(
            {"target": target, "path": str(path), "limits": asdict(limits), "arguments": dict(arguments)}
        )
        status, output = await _run(order, folder=folder, limits=limits)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    if status == 0:
        return output
    if status == REFUSED:
        raise _refusal(output)
    if status == -signal.SIGXCPU:
        raise FileTookTooLong(timeout_s=limits.cpu_s)
    raise FileBroke


async def _run(order: str, *, folder: Path, limits: Limits) -> tuple[int, bytes]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "adapters.sandbox.child",
        order,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
        env={},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limits.timeout_s):
            output = await _read(child, limits.output_bytes)
            return await child.wait(), output
    except TimeoutError as error:
        raise FileTookTooLong(timeout_s=limits.timeout_s) from error
    finally:
        # The session is the child's own, so this ends whatever it started as well.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()


async def _read(child: asyncio.subprocess.Process, bytes_max: int) -> bytes:
    if child.stdout is None:
        raise ValueError("the child was started without a pipe")
    parts: list[bytes] = []
    room = bytes_max
    while part := await child.stdout.read(_CHUNK_BYTES):
        room -= len(part)
        if room < 0:
            raise FileBroke
        parts.append(part)
    return b"".join(parts)


def _refusal(output: bytes) -> FileRefused | FileBroke:
    """Read the child's refusal with the suspicion that its file deserves."""
    try:
        said = json.loads(output)
        code, reason_ko, reason_en = said["code"], said["ko"], said["en"]
    except (ValueError, KeyError, TypeError):
        return FileBroke()
    words = (code, reason_ko, reason_en)
    if not all(isinstance(word, str) and len(word) <= _SENTENCE_LENGTH_MAX for word in words):
        return FileBroke()
    if not _CODE.fullmatch(code):
        return FileBroke()
    return FileRefused(code=code, reason_ko=reason_ko, reason_en=reason_en)
