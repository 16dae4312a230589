"""A list of breached passwords: one SHA-1 in hex a line, as the well-known public list is downloaded (`HASH:count`)."""

import asyncio
import os
from hashlib import sha1
from pathlib import Path
from string import hexdigits

from domain.shared.errors import RuleBroken

_HEX_LENGTH = 40
_KEPT_BYTES_MAX = 32 * 1024 * 1024
"""A list up to here is kept in memory, in any order; a longer one is searched on disk and must be sorted."""

_LINE_BYTES_MAX = 100
_PROBES = 512


class BreachedListUnusable(RuleBroken):
    """The list of breached passwords cannot be read, or is none."""

    code = "settings.breached-list-unusable"
    title_ko = "유출 비밀번호 목록을 사용할 수 없습니다: {reason}."
    title_en = "The list of breached passwords is not usable: {reason}."


class NoBreachedPasswords:
    """No list was given: the rules of new passwords stand alone."""

    async def knows(self, password: str) -> bool:
        """Know nothing."""
        return False


class BreachedFile:
    """A list in a file.

    Raises:
        BreachedListUnusable: it cannot be read, a line is no SHA-1, or a long list is not sorted.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._size = path.stat().st_size
            self._kept = self._read_all() if self._size <= _KEPT_BYTES_MAX else None
            if self._kept is None:
                self._check_order()
        except OSError as error:
            raise BreachedListUnusable(reason=error.strerror or path.name) from error

    async def knows(self, password: str) -> bool:
        """Say whether a password's SHA-1 is on the list."""
        wanted = sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        if self._kept is not None:
            return wanted in self._kept
        return await asyncio.to_thread(self._search, wanted)

    def _read_all(self) -> frozenset[bytes]:
        with self._path.open("rb") as file:
            return frozenset(self._hash_of(line) for line in file if line.strip())

    def _hash_of(self, line: bytes) -> bytes:
        text = line.strip().partition(b":")[0].upper()
        if len(text) != _HEX_LENGTH or not all(chr(one) in hexdigits for one in text):
            raise BreachedListUnusable(reason=f"{self._path.name}: SHA-1")
        return text

    def _check_order(self) -> None:
        with self._path.open("rb") as file:
            last = b""
            for probe in range(_PROBES):
                found = self._line_from(file.fileno(), self._size * probe // _PROBES)
                if found is not None and self._hash_of(found) < last:
                    raise BreachedListUnusable(reason=f"{self._path.name}: not sorted")
                last = last if found is None else self._hash_of(found)

    def _line_from(self, descriptor: int, offset: int) -> bytes | None:
        """Return the first whole line that begins at or after an offset."""
        start = max(offset - 1, 0)
        piece = os.pread(descriptor, 2 * _LINE_BYTES_MAX, start)
        if offset > 0:
            _, newline, piece = piece.partition(b"\n")
            if not newline:
                return None
        line = piece.partition(b"\n")[0]
        return line if line.strip() else None

    def _search(self, wanted: bytes) -> bool:
        with self._path.open("rb") as file:
            low, high = 0, self._size
            while low < high:
                middle = (low + high) // 2
                line = self._line_from(file.fileno(), middle)
                found = None if line is None else self._hash_of(line)
                if found == wanted:
                    return True
                if found is None or found > wanted:
                    high = middle
                else:
                    low = middle + 1
        return False
