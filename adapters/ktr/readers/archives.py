"""Opens ZIP and gzip safely: nothing is unpacked by name, and never more than the limit."""

import io
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

from adapters.ktr.readers.series import MEMBERS_MAX, UNPACKED_BYTES_MAX
from domain.certification.errors import CyclerArchiveUnsafe, CyclerFileDamaged, CyclerFileTooLong

ZIP = b"PK\x03\x04"
GZIP = b"\x1f\x8b"
_CHUNK_BYTES = 1024 * 1024
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    struct.error,
)


def member_names(content: bytes) -> frozenset[str]:
    """Return the names of an archive's members once it is known to be harmless.

    Raises:
        CyclerFileDamaged: it is no ZIP archive.
        CyclerFileTooLong: it has too many members, or unpacks to too much.
        CyclerArchiveUnsafe: a member's name leads outside.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except _BROKEN as error:
        raise CyclerFileDamaged(place="ZIP") from error
    if len(members) > MEMBERS_MAX:
        raise CyclerFileTooLong(what="members", most=MEMBERS_MAX)
    if sum(member.file_size for member in members) > UNPACKED_BYTES_MAX:
        raise CyclerFileTooLong(what="unpacked bytes", most=UNPACKED_BYTES_MAX)
    names = [member.filename for member in members]
    if any(_leads_outside(name) for name in names):
        raise CyclerArchiveUnsafe
    return frozenset(name for name in names if not name.endswith("/"))


def _leads_outside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name.split("/", 1)[0]


def unzipped(content: bytes, name: str) -> bytes:
    """Return one member's bytes.

    Raises:
        CyclerFileDamaged: it cannot be unpacked, or is locked.
        CyclerFileTooLong: it unpacks to more than it says and than is read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(name) as member:
            unpacked = member.read(UNPACKED_BYTES_MAX + 1)
    except (*_BROKEN, KeyError) as error:
        raise CyclerFileDamaged(place="ZIP") from error
    if len(unpacked) > UNPACKED_BYTES_MAX:
        raise CyclerFileTooLong(what="unpacked bytes", most=UNPACKED_BYTES_MAX)
    return unpacked


def gunzipped(content: bytes) -> bytes:
    """Return what a gzip file holds.

    Raises:
        CyclerFileDamaged: it is broken or cut short.
        CyclerFileTooLong: it unpacks to too much.
    """
    inflater = zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    room = UNPACKED_BYTES_MAX
    rest = content
    try:
        while rest and not inflater.eof:
            part = inflater.decompress(rest, _CHUNK_BYTES)
            rest = inflater.unconsumed_tail
            room -= len(part)
            if room < 0:
                raise CyclerFileTooLong(what="unpacked bytes", most=UNPACKED_BYTES_MAX)
            parts.append(part)
    except zlib.error as error:
        raise CyclerFileDamaged(place="GZIP") from error
    if not inflater.eof:
        raise CyclerFileDamaged(place="GZIP")
    return b"".join(parts)
