"""Reads cycler files for certification, each in a child process of its own."""

import asyncio
import json

from adapters.sandbox.runner import Limits, run_in_child
from domain.certification.model import CyclerRecord, TableForm
from domain.certification.spelling import cycler_record_of
from domain.shared.untrusted import FileBroke

LIMITS = Limits()
_READERS_MAX = 2


class KtrCyclers:
    """The port `CyclerFiles` over a sandboxed reader; at most two files are read at a time."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._readers = asyncio.Semaphore(_READERS_MAX)

    async def read(self, content: bytes) -> CyclerRecord:
        """Read a cycler file of any supported format.

        Raises:
            FileRefused: the reader says what is wrong; codes as in domain.certification.errors.
            FileTooLarge: more than 64 MiB.
            FileTookTooLong: not read in time.
            FileBroke: the reader crashed or met a limit.
        """
        async with self._readers:
            said = await run_in_child(
                "adapters.ktr.cycler_reader:read_cycler", content, limits=self._limits, arguments={}
            )
        try:
            return cycler_record_of(json.loads(said))
        except (ValueError, KeyError) as error:
            raise FileBroke from error

    async def table(self, content: bytes, *, form: TableForm) -> bytes:
        """Return the canonical table of a cycler file.

        Raises:
            CyclerTableMissing: it holds no rows over time.
            FileRefused, FileTooLarge, FileTookTooLong, FileBroke: as `read`.
        """
        async with self._readers:
            return await run_in_child(
                "adapters.ktr.cycler_reader:tabulate_cycler",
                content,
                limits=self._limits,
                arguments={"form": form.value},
            )
