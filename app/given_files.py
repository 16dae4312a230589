"""Files that somebody at the command line names."""

from pathlib import Path

from domain.shared.errors import NotFound
from domain.shared.untrusted import FileTooLarge

FILE_BYTES_MAX = 64 * 1024 * 1024
"""What the most patient reader takes; whatever is larger is refused before it fills the memory."""


class GivenFileMissing(NotFound):
    """A file that was named is not there, or may not be read."""

    code = "demo.file-missing"
    title_ko = "파일을 읽을 수 없습니다: {path}."
    title_en = "The file cannot be read: {path}."


def read_file(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        GivenFileMissing: it cannot be read.
        FileTooLarge: it holds more than 64 MiB; no more than that was read of it.
    """
    try:
        with path.open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise GivenFileMissing(path=str(path)) from error
    if len(content) > FILE_BYTES_MAX:
        raise FileTooLarge(bytes_max=FILE_BYTES_MAX)
    return content
