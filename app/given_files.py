"""Files that somebody at the command line names."""

from pathlib import Path

from domain.shared.errors import NotFound


class GivenFileMissing(NotFound):
    """A file that was named is not there, or may not be read."""

    code = "demo.file-missing"
    title_ko = "파일을 읽을 수 없습니다: {path}."
    title_en = "The file cannot be read: {path}."


def read_file(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        GivenFileMissing: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise GivenFileMissing(path=str(path)) from error
