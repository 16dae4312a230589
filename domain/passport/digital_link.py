"""GS1 Digital Link URIs of one item: `https://{host}/01/{gtin14}/21/{serial}`.

Source: GS1 Digital Link URI Syntax 1.4, clauses 4.3 and 4.8; GS1 General Specifications, clause 7.9 (check digit),
figure 7.11-1 (character set 82 of AI 21).
"""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote, urlsplit

from domain.passport.errors import IdentifierMalformed

SERIAL = re.compile(r"[!%-?A-Z_a-z\"]{1,20}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


def gtin_check_digit(first_13: str) -> int:
    """Return the last digit of a GTIN-14: weights 3 and 1 from the left, to the next ten."""
    return -sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(first_13)) % 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitalLink:
    """The product URI of one item."""

    scheme: str
    host: str
    gtin: str
    serial: str

    def __post_init__(self) -> None:
        whole = f"{self.gtin}/{self.serial}"
        if not re.fullmatch(r"[0-9]{14}", self.gtin) or gtin_check_digit(self.gtin[:13]) != int(self.gtin[13]):
            raise IdentifierMalformed(scheme="GTIN-14", value=whole)
        if not SERIAL.fullmatch(self.serial):
            raise IdentifierMalformed(scheme="GS1 AI (21)", value=whole)
        if self.scheme not in ("http", "https") or not _HOST.fullmatch(self.host):
            raise IdentifierMalformed(scheme="product-uri", value=f"{self.scheme}://{self.host}"[:200])

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Read a product URI.

        Raises:
            IdentifierMalformed: it is not one.
        """
        malformed = IdentifierMalformed(scheme="product-uri", value=uri[:200])
        if len(uri) > 200:
            raise malformed
        try:
            parts = urlsplit(uri)
        except ValueError:
            raise malformed from None
        path = parts.path.split("/")
        if len(path) != 5 or path[1] != "01" or path[3] != "21" or parts.query or parts.fragment:
            raise malformed
        return cls(scheme=parts.scheme, host=parts.netloc.lower(), gtin=path[2], serial=unquote(path[4]))

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}/01/{self.gtin}/21/{quote(self.serial, safe='')}"

    @property
    def element_string(self) -> str:
        """The text printed under the symbol."""
        return f"(01) {self.gtin} (21) {self.serial}"
