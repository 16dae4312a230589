"""Reads an XLSX workbook's values with nothing but the standard library: no document type, no entity, no formula."""

import re
from collections.abc import Callable, Sequence
from xml.parsers import expat

from adapters.ktr.readers.archives import unzipped
from adapters.ktr.readers.series import COLUMNS_MAX
from domain.certification.errors import CyclerFileDamaged, CyclerFileTooLong, CyclerSheetActive
from domain.shared.errors import DomainError

CONTENT_TYPES = "[Content_Types].xml"
_SHEET = re.compile(r"xl/worksheets/sheet\d+\.xml")
_STRINGS = "xl/sharedStrings.xml"
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_ROWS_MAX = 200_000
_CHARACTERS_MAX = 32_767

Row = Sequence[str]


def sheet_names(members: frozenset[str]) -> tuple[str, ...]:
    """Return the worksheets of a workbook's members, in order; none when it is no workbook."""
    if CONTENT_TYPES not in members:
        return ()
    return tuple(sorted(name for name in members if _SHEET.fullmatch(name)))


def shared_strings(content: bytes, members: frozenset[str]) -> tuple[str, ...]:
    """Return the workbook's shared strings."""
    if _STRINGS not in members:
        return ()
    strings: list[str] = []
    parts: list[str] = []
    inside = phonetic = False

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal inside, phonetic
        tag = name.rpartition(":")[2]
        if tag == "si":
            parts.clear()
        phonetic = phonetic or tag == "rPh"
        inside = tag == "t" and not phonetic

    def end(name: str) -> None:
        nonlocal inside, phonetic
        tag = name.rpartition(":")[2]
        inside = False
        if tag == "rPh":
            phonetic = False
        elif tag == "si":
            strings.append("".join(parts))

    def text(data: str) -> None:
        if inside:
            parts.append(data)

    _parse(unzipped(content, _STRINGS), start, end, text, place=_STRINGS)
    return tuple(strings)


class _Sheet:
    """Collects a worksheet's rows as the parser walks through it."""

    def __init__(self, strings: Sequence[str], place: str) -> None:
        self._strings = strings
        self._place = place
        self._cell = -1
        self._kind = ""
        self._parts: list[str] = []
        self._inside = False
        self._row: list[str] = []
        self.rows: list[Row] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "row":
            self._row = []
            self._cell = -1
        elif tag == "c":
            found = _REFERENCE.fullmatch(attributes.get("r", ""))
            self._cell = self._cell + 1 if found is None else _index(found.group(1))
            if self._cell >= COLUMNS_MAX:
                raise CyclerFileTooLong(what="columns", most=COLUMNS_MAX)
            self._kind = attributes.get("t", "n")
            self._parts = []
        elif tag == "f":
            raise CyclerSheetActive(place=f"{self._place}, row {len(self.rows) + 1}")
        self._inside = tag == "v" or (tag == "t" and self._kind == "inlineStr")

    def end(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        self._inside = False
        if tag == "c":
            self._row.extend("" for _ in range(self._cell + 1 - len(self._row)))
            self._row[self._cell] = self._value()
        elif tag == "row":
            self.rows.append(self._row)
            if len(self.rows) > _ROWS_MAX:
                raise CyclerFileTooLong(what="rows", most=_ROWS_MAX)

    def text(self, data: str) -> None:
        if self._inside:
            self._parts.append(data)

    def _value(self) -> str:
        text = "".join(self._parts)
        if len(text) > _CHARACTERS_MAX:
            raise CyclerFileDamaged(place=self._place)
        if self._kind != "s":
            return text
        try:
            at = int(text)
            return self._strings[at] if at >= 0 else ""
        except (ValueError, IndexError) as error:
            raise CyclerFileDamaged(place=self._place) from error


def sheet_rows(content: bytes, name: str, strings: Sequence[str]) -> list[Row]:
    """Return a worksheet's rows as text.

    Raises:
        CyclerSheetActive: a cell holds a formula.
        CyclerFileDamaged: it is no sound XML, or it declares a document type or an entity.
        CyclerFileTooLong: it has more rows or columns than are read.
    """
    sheet = _Sheet(strings, name.rpartition("/")[2])
    _parse(unzipped(content, name), sheet.start, sheet.end, sheet.text, place=name)
    return sheet.rows


def _index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _parse(
    content: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
    *,
    place: str,
) -> None:
    """Walk through XML without a document type: without one there are no entities, inside or outside."""

    def refuse(*_: object) -> None:
        raise CyclerFileDamaged(place=f"{place}: DOCTYPE")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(content, True)
    except DomainError:
        raise
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise CyclerFileDamaged(place=place) from error
