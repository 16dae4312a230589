"""Bytes that are evidence: kept under their own SHA-256, never replaced."""

from typing import Protocol

from domain.shared.errors import NotFound
from domain.shared.identifiers import TenantId


class FileUnknown(NotFound):
    """No file is kept under this hash."""

    code = "shared.file-unknown"
    title_ko = "해당 파일을 찾을 수 없습니다."
    title_en = "No such file is kept."


class Files(Protocol):
    """A store addressed by content."""

    async def keep(self, content: bytes, *, media_type: str, owner: TenantId) -> str:
        """Keep an organisation's bytes and return their SHA-256 as 64 hex digits; equal bytes of one are kept once."""
        ...

    async def read(self, sha256: str) -> bytes:
        """Return the bytes kept under a hash, where they are within the reader's reach.

        Raises:
            FileUnknown: there are none.
        """
        ...
