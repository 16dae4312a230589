"""Printed documents: the content is data, the page is made of it, same data same bytes."""

from collections.abc import Mapping
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

    async def typeset(self, kind: DocumentKind, content: Mapping[str, Canonical], *, dated_on: date) -> bytes:
        """Return the PDF of one document, Korean first with English beside it.

        Equal kind, content and date give equal bytes.

        Raises:
            ValueError: the content lacks a key that the document prints.
        """
        ...
