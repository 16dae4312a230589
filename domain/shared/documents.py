"""Printed documents: the content is data, the page is made of it, same data same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from domain.shared.canonical import Canonical


class DocumentKind(StrEnum):
    """What can be printed."""

    TEST_REPORT = "test_report"
    CERTIFICATE = "certificate"
    INVOICE = "invoice"
    LABEL_SHEET = "label_sheet"


class Documents(Protocol):
    """Makes a PDF of content."""

    async def typeset(
        self, kind: DocumentKind, content: Mapping[str, Canonical], *, dated_on: date, proof: str = ""
    ) -> bytes:
        """Return the PDF of one document, Korean first with English beside it.

        Equal kind, content, date and proof give equal bytes. The content is attached as `result.json`, a proof (the
        signed record of what the document says), where there is one, beside it as `proof.json`.

        Raises:
            ValueError: the content lacks a key that the document prints.
        """
        ...


class SealState(StrEnum):
    """What a PDF's own signature says."""

    OURS = "ours"
    ALTERED = "altered"
    FOREIGN = "foreign"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """What a PDF of unknown origin says of itself.

    `number` and `record` (a signed record, as text) come from what is attached and are nobody's word until the seal
    or a stored hash vouches for them. `content_sha256` is of the attached content's bytes, in hex.
    """

    sha256: str
    seal: SealState
    number: str | None
    record: str | None
    content_sha256: str | None = None


class SealReader(Protocol):
    """Reads PDFs of unknown origin."""

    async def read(self, pdf: bytes) -> ReadDocument:
        """Say whether a PDF carries our signature and whether it covers the whole file, unchanged.

        Raises:
            FileRefused: it is no PDF that can be read; the code says why.
            FileTooLarge: it has more bytes than are read.
            FileTookTooLong: it could not be read in time.
            FileBroke: it made the reader crash.
        """
        ...


class SealKey(Protocol):
    """Holds the private key that signs PDFs: a file, or a device that never gives it away.

    Certificates are PEM. A key is EC on P-256 or RSA; signatures are over SHA-256, DER for EC and PKCS #1 v1.5 for RSA.
    """

    async def certificates(self) -> Sequence[str]:
        """Return the present key's certificate first, then those of past keys, which only verify.

        Raises:
            Unavailable: the key cannot be reached.
        """
        ...

    async def sign(self, message: bytes, *, certificate: str) -> bytes:
        """Return the signature of a message with the present key, which must be this certificate's.

        Raises:
            Unavailable: the key cannot be reached, or another took its place meanwhile.
        """
        ...

    async def rotate(self) -> str:
        """Put a new key in the present one's place and return its certificate; the old one then only verifies.

        Raises:
            Unavailable: the key cannot be reached.
            RuleBroken: it is replaced elsewhere.
        """
        ...


class Seals(SealReader, Protocol):
    """Signs PDFs so that any reader notices a change (PAdES), and reads those that come back."""

    async def seal(self, pdf: bytes, *, reason: str) -> bytes:
        """Return the PDF with a signature over the whole of it, added behind its unchanged bytes.

        Raises:
            Unavailable: the key cannot be used.
        """
        ...

    async def public_keys(self) -> Sequence[Mapping[str, Canonical]]:
        """Return every key that ever signed PDFs as JSON Web Keys, each with its certificate (`x5c`).

        Raises:
            Unavailable: the keys cannot be read.
        """
        ...
