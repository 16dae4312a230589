"""Which certificates are suspended or have ended, as one long row of bits: the W3C Bitstring Status List.

Whoever asks for a list learns nothing about which certificate was asked for: a list has 131,072 places, and a
certificate's place in it is drawn by lot.

Source: W3C Bitstring Status List v1.0
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.certification.errors import StatusListMalformed
from domain.certification.model import CertificateStatus
from domain.shared.canonical import Canonical, sha256
from domain.shared.time import utc_text

PLACES = 131_072
"""Bits in a list. Source: W3C Bitstring Status List v1.0, section 3.1: at least 131,072, to hide in a herd."""

_BYTES_MAX = 16 * 1024 * 1024
_TEXT_MAX = 1024 * 1024
_GZIP = 31
_LEVEL = 6
_LASTS = timedelta(days=1)
_TRIES_A_LIST = 8
_LISTS = 4


class Purpose(StrEnum):
    """What a set bit means: may come back, or never again."""

    SUSPENSION = "suspension"
    REVOCATION = "revocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPlace:
    """Where a certificate stands in the lists: the same place in the list of each purpose."""

    list_number: int
    place: int


def candidates(seed: str) -> tuple[StatusPlace, ...]:
    """Return places drawn by lot from an unguessable seed; a list that is nearly full leads on to the next."""
    drawn = [
        StatusPlace(
            list_number=number,
            place=int.from_bytes(sha256(f"status-place:{seed}:{number}:{attempt}")[:8], "big") % PLACES,
        )
        for number in range(1, _LISTS + 1)
        for attempt in range(_TRIES_A_LIST)
    ]
    return tuple(dict.fromkeys(drawn))


def sets_bit(status: CertificateStatus, purpose: Purpose) -> bool:
    """Say whether a certificate of this status has its bit set; one that another took the place of has ended too."""
    if purpose is Purpose.SUSPENSION:
        return status is CertificateStatus.SUSPENDED
    return status in (CertificateStatus.REVOKED, CertificateStatus.SUPERSEDED)


def encoded(places: Iterable[int], *, length: int = PLACES) -> str:
    """Return the list with these bits set: gzip, base64url, multibase `u`. Equal places give equal text.

    Raises:
        ValueError: a place lies outside the list.
    """
    bits = bytearray(length // 8)
    for place in places:
        if not 0 <= place < length:
            raise ValueError(f"place {place} lies outside a list of {length}")
        bits[place // 8] |= 0x80 >> place % 8
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    packed = packer.compress(bytes(bits)) + packer.flush()
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return the bits of a list.

    Raises:
        StatusListMalformed: it is no multibase base64url of gzip, shorter than a list may be, or unpacks to too much.
    """
    if not text.startswith("u") or len(text) > _TEXT_MAX or not text.isascii():
        raise StatusListMalformed(reason="encodedList")
    try:
        packed = base64.b64decode(text[1:] + "=" * (-len(text[1:]) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj(_GZIP)
        bits = unpacker.decompress(packed, _BYTES_MAX)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise StatusListMalformed(reason="encodedList") from error
    if not unpacker.eof or unpacker.unused_data or len(bits) * 8 < PLACES:
        raise StatusListMalformed(reason="encodedList")
    return bits


def bit_at(bits: bytes, place: int) -> bool:
    """Return one bit; place 0 is the left-most.

    Raises:
        StatusListMalformed: the list has no such place.
    """
    if not 0 <= place < len(bits) * 8:
        raise StatusListMalformed(reason="statusListIndex")
    return bool(bits[place // 8] & (0x80 >> place % 8))


def list_address(base_url: str, purpose: Purpose, list_number: int) -> str:
    """Return where a list is published."""
    return f"{base_url}/status/{purpose.value}/{list_number}"


def status_entries(place: StatusPlace, *, base_url: str) -> list[Canonical]:
    """Return what a certificate says about where to look it up: `credentialStatus`."""
    entries: list[Canonical] = []
    for purpose in (Purpose.REVOCATION, Purpose.SUSPENSION):
        address = list_address(base_url, purpose, place.list_number)
        entries.append(
            {
                "id": f"{address}#{place.place}",
                "type": "BitstringStatusListEntry",
                "statusPurpose": purpose.value,
                "statusListIndex": str(place.place),
                "statusListCredential": address,
            }
        )
    return entries


def list_document(
    *, issuer: str, base_url: str, purpose: Purpose, list_number: int, places: Iterable[int], at: datetime
) -> dict[str, Canonical]:
    """Return a list as the record that is signed; it lasts a day, so that an old one cannot be passed off for long."""
    address = list_address(base_url, purpose, list_number)
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": utc_text(at),
        "validUntil": utc_text(at + _LASTS),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose.value,
            "encodedList": encoded(places),
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEntry:
    """One entry of a record's `credentialStatus`."""

    purpose: Purpose
    place: int
    address: str


def entries_of(record: Mapping[str, Canonical]) -> tuple[StatusEntry, ...]:
    """Return where a record's status is published; none for a record that says nothing of it.

    Raises:
        StatusListMalformed: an entry is of no kind that is understood here.
    """
    given = record.get("credentialStatus")
    if given is None:
        return ()
    listed = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    return tuple(_entry(one) for one in listed)


def _entry(given: Canonical) -> StatusEntry:
    if not isinstance(given, Mapping) or given.get("type") != "BitstringStatusListEntry":
        raise StatusListMalformed(reason="credentialStatus")
    purpose, index, address = (given.get(key) for key in ("statusPurpose", "statusListIndex", "statusListCredential"))
    if not isinstance(index, str) or not index.isascii() or not index.isdecimal() or len(index) > 10:
        raise StatusListMalformed(reason="statusListIndex")
    if purpose not in list(Purpose) or not isinstance(address, str):
        raise StatusListMalformed(reason="credentialStatus")
    return StatusEntry(purpose=Purpose(str(purpose)), place=int(index), address=address)


def is_set(entry: StatusEntry, status_list: Mapping[str, Canonical], *, at: datetime) -> bool:
    """Say whether a list, whose signature was checked, has an entry's bit set at an instant.

    Raises:
        StatusListMalformed: it is another list, of another purpose, no longer fresh, or no list at all.
    """
    subject = status_list.get("credentialSubject")
    kinds = status_list.get("type")
    if not isinstance(subject, Mapping) or not isinstance(kinds, Sequence):
        raise StatusListMalformed(reason="credentialSubject")
    if "BitstringStatusListCredential" not in kinds or status_list.get("id") != entry.address:
        raise StatusListMalformed(reason="id")
    if subject.get("statusPurpose") != entry.purpose.value:
        raise StatusListMalformed(reason="statusPurpose")
    until = status_list.get("validUntil")
    if not isinstance(until, str) or utc_text(at) > until:
        raise StatusListMalformed(reason="validUntil")
    text = subject.get("encodedList")
    if not isinstance(text, str):
        raise StatusListMalformed(reason="encodedList")
    return bit_at(decoded(text), entry.place)
