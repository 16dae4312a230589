"""Tables for a spreadsheet, as CSV with a byte-order mark or as XLSX; a text never becomes a formula."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from xml.sax.saxutils import escape

from litestar import Response

from app.http.schemas import one_of_files
from domain.shared.errors import RuleBroken

Cell = str | int | None
"""What a cell holds: a word, a whole number, or nothing; nothing is an empty cell and never a zero."""

SheetForm = Literal["csv", "xlsx", "parquet"]
BOM: Final = "\ufeff"
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PARQUET = "application/vnd.apache.parquet"
SheetOperation = one_of_files("text/csv", _XLSX, _PARQUET)
_EXACT_MAX = 999_999_999_999_999
"""Spreadsheets keep fifteen digits; a larger number is written as text, digit for digit."""

_DATED = (1980, 1, 1, 0, 0, 0)
_PARTS: Final = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Target="xl/workbook.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Target="worksheets/sheet1.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table with a head; `name` is its file's and its tab's, in ASCII."""

    name: str
    head: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]


class ParquetMissing(RuleBroken):
    """The library that writes Parquet is not installed on this server."""

    code = "http.parquet-missing"
    title_ko = "이 서버에는 Parquet 기능이 설치되어 있지 않습니다. CSV나 XLSX로 받아 주세요."
    title_en = "Parquet is not installed on this server (pip install 'sunhwan[parquet]'): ask for CSV or XLSX."


def sheet_response(sheet: Sheet, form: SheetForm) -> Response[bytes]:
    """Answer with a table as a file to keep."""
    write, media = _FORMS[form]
    content = write(sheet)
    return Response(
        content,
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="sunhwan-{sheet.name}.{form}"'},
    )


def to_csv(sheet: Sheet) -> bytes:
    """Write UTF-8 with a byte-order mark; a text that a spreadsheet would take for a formula gets an apostrophe."""
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text)
    writer.writerow([_plain(cell) for cell in sheet.head])
    writer.writerows([[_plain(cell) for cell in row] for row in sheet.rows])
    return text.getvalue().encode()


def _plain(cell: Cell) -> str | int:
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RISKY) else cell


def to_xlsx(sheet: Sheet) -> bytes:
    """Write a workbook of one sheet; texts are inline strings, which no program takes for a formula."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        for path, content in _PARTS.items():
            package.writestr(zipfile.ZipInfo(path, _DATED), _xml(content))
        tab = escape(sheet.name[:31], {'"': "&quot;"})
        package.writestr(
            zipfile.ZipInfo("xl/workbook.xml", _DATED),
            _xml(
                '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
                'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
                f'<sheets><sheet name="{tab}" sheetId="1" r:id="r1"/></sheets></workbook>'
            ),
        )
        page = zipfile.ZipInfo("xl/worksheets/sheet1.xml", _DATED)
        page.compress_type = zipfile.ZIP_DEFLATED
        package.writestr(page, _xml("".join(_sheet_xml(sheet))))
    return file.getvalue()


def to_parquet(sheet: Sheet) -> bytes:
    """Write a Parquet file: whole numbers as int64 and words as text, nothing received as null.

    Raises:
        ParquetMissing: the library that writes it is not installed.
    """
    try:
        import polars  # loaded by whoever asks: starting the program does not wait for it
    except ModuleNotFoundError as error:
        raise ParquetMissing from error
    columns = list(zip(*sheet.rows, strict=True)) or [() for _ in sheet.head]
    words = [any(isinstance(cell, str) for cell in column) for column in columns]
    frame = polars.DataFrame(
        [
            polars.Series(head, [None if cell is None or not word else str(cell) for cell in column], polars.String)
            if word
            else polars.Series(head, column, polars.Int64)
            for head, column, word in zip(sheet.head, columns, words, strict=True)
        ]
    )
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def _xml(content: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{content}'


def _sheet_xml(sheet: Sheet) -> Iterator[str]:
    yield '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    for row in (sheet.head, *sheet.rows):
        yield "<row>"
        for cell in row:
            yield _cell_xml(cell)
        yield "</row>"
    yield "</sheetData></worksheet>"


def _cell_xml(cell: Cell) -> str:
    if cell is None:
        return "<c/>"
    if isinstance(cell, int) and -_EXACT_MAX <= cell <= _EXACT_MAX:
        return f"<c><v>{cell}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(_printable(str(cell)))}</t></is></c>'


def _printable(text: str) -> str:
    """Leave out what XML cannot say."""
    return "".join(letter for letter in text if letter >= " " or letter in "\t\n\r")


_FORMS: Final[Mapping[SheetForm, tuple[Callable[[Sheet], bytes], str]]] = {
    "csv": (to_csv, "text/csv"),
    "xlsx": (to_xlsx, _XLSX),
    "parquet": (to_parquet, _PARQUET),
}


def spelled(at: datetime) -> str:
    """Spell an instant for a cell, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
