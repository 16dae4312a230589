"""The child's side of reading a test file: bytes of a known format in, one JSON record out.

Runs in a fresh interpreter only: importing `fastnda.ndax` replaces `zlib.decompress` process-wide.
"""

from collections.abc import Mapping
from pathlib import Path

from adapters.ktr.readers.detection import read_content


def read_cycler(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Read a test file of any supported format and return the record as JSON; raises as `read_content` does."""
    return read_content(path.read_bytes())
