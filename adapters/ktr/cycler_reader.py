"""The child's side of reading a test file: bytes of a known format in, one JSON record out.

Runs in a fresh interpreter only: importing `fastnda.ndax` replaces `zlib.decompress` process-wide.
"""

from collections.abc import Mapping
from pathlib import Path

from adapters.ktr.readers.canonical import table_of_reading
from adapters.ktr.readers.detection import read_content, reading_of


def read_cycler(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Read a test file of any supported format and return the record as JSON; raises as `read_content` does."""
    return read_content(path.read_bytes())


def tabulate_cycler(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Read a test file and return its canonical table in the form that `arguments` names."""
    return table_of_reading(reading_of(path.read_bytes()), form=arguments["form"])
