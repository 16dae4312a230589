"""A printer that prints nothing, refuses what the real one refuses, and remembers what it was given."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date

from adapters.documents.contents import check
from domain.shared.canonical import Canonical, canonical_text
from domain.shared.documents import DocumentKind, ReadDocument, SealState


class FakeDocuments:
    """Returns the content itself behind a PDF's first line."""

    def __init__(self) -> None:
        self.made: list[tuple[DocumentKind, Mapping[str, Canonical], date]] = []
        self.proofs: list[str] = []

    async def typeset(
        self, kind: DocumentKind, content: Mapping[str, Canonical], *, dated_on: date, proof: str = ""
    ) -> bytes:
        """Return bytes that depend on kind, content, date and proof alone.

        Raises:
            ValueError: the content lacks a key that the document prints.
        """
        check(kind, content)
        self.made.append((kind, content, dated_on))
        self.proofs.append(proof)
        return f"%PDF-1.7\n{kind} {dated_on.isoformat()} {canonical_text(content)} {proof}\n%%EOF\n".encode()


class FakeSeals:
    """Marks the end of a PDF, and knows its mark."""

    async def seal(self, pdf: bytes, *, reason: str) -> bytes:
        return pdf + f"\n%sealed: {reason}".encode()

    async def read(self, pdf: bytes) -> ReadDocument:
        seal = SealState.OURS if b"\n%sealed: " in pdf else SealState.ABSENT
        return ReadDocument(sha256=hashlib.sha256(pdf).hexdigest(), seal=seal, number=None, record=None)

    async def public_keys(self) -> Sequence[Mapping[str, Canonical]]:
        return ()
