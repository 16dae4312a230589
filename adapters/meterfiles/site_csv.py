"""The site CSV: one row a 15-minute interval, one column a quantity; runs inside the child process.

Energies are kWh with at most four decimals, that is 0.1 Wh. Whole Wh are made by carrying the rest
forward: with T(n) the sum of a column's 0.1 Wh up to the n-th known slot in time, that slot gets
T(n) // 10 - T(n-1) // 10. So a file's total is its exact sum cut to a Wh once, and no slot is off by
a whole Wh. Where the rest falls depends on the first slot of the file: see `QuantitySeries.rounded`.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from adapters.meterfiles.defects import (
    ColumnMissing,
    ColumnTwice,
    ColumnUnknown,
    DecimalComma,
    FileDamaged,
    FileEmpty,
    FileInflates,
    FileNotText,
    Negative,
    NoRows,
    NotANumber,
    RowLength,
    RowsConflict,
    StampMalformed,
    StampNaive,
    StampOffGrid,
    StampOutOfRange,
    TooManyRows,
    TooPrecise,
    ValueTooLarge,
)
from domain.metering.model import Quantity
from domain.shared.errors import DomainError
from domain.shared.time import SLOT, SLOTS_A_DAY

ROWS_MAX = 150_000
TEXT_BYTES_MAX = 64 * 1024 * 1024

STAMP = "interval_start"
COLUMNS: Mapping[str, Quantity] = {
    "load_kwh": Quantity.LOAD,
    "pv_kwh": Quantity.PV,
    "storage_charge_kwh": Quantity.STORAGE_CHARGE,
    "storage_discharge_kwh": Quantity.STORAGE_DISCHARGE,
    "grid_import_kwh": Quantity.GRID_IMPORT,
    "grid_export_kwh": Quantity.GRID_EXPORT,
    "storage_soc": Quantity.STORAGE_SOC,
}
"""Column names and what they are; the state of charge is a share of 1, at the interval's end."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEOUL_SLOTS = 36  # UTC+9 is 36 slots, so Seoul's days begin on slot borders
_SLOT_MIN = (datetime(2000, 1, 1, tzinfo=UTC) - _EPOCH) // SLOT
_SLOT_MAX = (datetime(2199, 12, 31, tzinfo=UTC) - _EPOCH) // SLOT
_NUMBER = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,4}))?", re.ASCII)
_LONG_NUMBER = re.compile(r"[0-9]+\.[0-9]+", re.ASCII)
_TENTHS_MAX = 10 * (2**31 - 1)
_SOC_MAX = 10_000
_CELL_SHOWN = 40
_COLUMN_SHOWN = 40

_Cells = tuple[int | None, ...]


def parse(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Read the file at `path` and return JSON: quantities with their days, and what was counted.

    Raises:
        DomainError: one of `adapters.meterfiles.defects`, for the first place where the file has no meaning.
    """
    text = _text(path.read_bytes())
    rows = _rows(text)
    header = next(rows, None)
    if header is None:
        raise FileEmpty
    quantities = _quantities(header[1])
    read = _Reader(quantities)
    for number, cells in rows:
        read.row(number, cells)
    return read.result()


def unpacked(content: bytes) -> bytes:
    """Return a file's bytes without its compression.

    Raises:
        FileDamaged: it cannot be unpacked.
        FileInflates: it unpacks to more than is read here.
    """
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            content = packed.read(TEXT_BYTES_MAX + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FileDamaged from error
    if len(content) > TEXT_BYTES_MAX:
        raise FileInflates(bytes_max=TEXT_BYTES_MAX)
    return content


def _text(content: bytes) -> str:
    content = unpacked(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileNotText from error
    if "\x00" in text:
        raise FileNotText
    if not text.strip():
        raise FileEmpty
    return text


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Walk through the rows that are not blank, numbered by the line that they end on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise FileNotText from error


def _quantities(header: list[str]) -> tuple[Quantity | None, ...]:
    """Return what each column is, None for the stamp."""
    names = [name.strip() for name in header]
    for index, name in enumerate(names):
        if name != STAMP and name not in COLUMNS:
            raise ColumnUnknown(column=name[:_COLUMN_SHOWN], known=", ".join((STAMP, *COLUMNS)))
        if name in names[:index]:
            raise ColumnTwice(column=name)
    if STAMP not in names:
        raise ColumnMissing(column=STAMP)
    if len(names) == 1:
        raise ColumnMissing(column=" | ".join(COLUMNS))
    return tuple(COLUMNS.get(name) for name in names)


class _Reader:
    """Collects rows by slot; numbers are kept in the file's smallest unit, 0.1 Wh or 1 bp."""

    def __init__(self, quantities: tuple[Quantity | None, ...]) -> None:
        self._columns = len(quantities)
        self._stamp = quantities.index(None)
        self._measured = tuple((i, quantity) for i, quantity in enumerate(quantities) if quantity is not None)
        self._names = {quantity: name for name, quantity in COLUMNS.items()}
        self._cells: dict[int, _Cells] = {}
        self._seen_in: dict[int, int] = {}
        self._numbers: dict[str, int] = {}
        self._shares: dict[str, int] = {}
        self._rows = self._duplicates = self._blanks = 0

    def row(self, number: int, cells: list[str]) -> None:
        """Take one row."""
        self._rows += 1
        if self._rows > ROWS_MAX:
            raise TooManyRows(rows_max=ROWS_MAX)
        if len(cells) != self._columns:
            raise self._row_length(number, cells)
        slot = _slot(number, cells[self._stamp].strip())
        values = tuple([self._value(number, quantity, cells[index]) for index, quantity in self._measured])
        before = self._cells.get(slot)
        if before is None:
            self._cells[slot] = values
            self._seen_in[slot] = number
            self._blanks += values.count(None)
        elif before == values:
            self._duplicates += 1
        else:
            place = next(i for i, (old, new) in enumerate(zip(before, values, strict=True)) if old != new)
            raise RowsConflict(row=number, column=self._names[self._measured[place][1]], first_row=self._seen_in[slot])

    def _row_length(self, number: int, cells: list[str]) -> DomainError:
        """Say what a row of another length is: numbers cut in two by their commas, or something else."""
        rest = [cell.strip() for cell in cells[1:]]
        if len(cells) > self._columns and self._stamp == 0 and all(cell.isdigit() for cell in rest):
            first = self._names[self._measured[0][1]]
            return DecimalComma(row=number, column=first, cell=f"{rest[0]},{rest[1]}"[:_CELL_SHOWN])
        return RowLength(row=number, cells=len(cells), columns=self._columns)

    def _value(self, row: int, quantity: Quantity, cell: str) -> int | None:
        known = self._shares if quantity is Quantity.STORAGE_SOC else self._numbers
        value = known.get(cell)
        if value is None:
            stripped = cell.strip()
            if not stripped:
                return None
            value_max = _SOC_MAX if quantity is Quantity.STORAGE_SOC else _TENTHS_MAX
            value = _number(row, self._names[quantity], stripped, value_max=value_max)
            known[cell] = value
        return value

    def result(self) -> bytes:
        """Return all that was read as JSON."""
        if not self._cells:
            raise NoRows
        slots = sorted(self._cells)
        columns = {}
        for place, (_, quantity) in enumerate(self._measured):
            series = [(slot, self._cells[slot][place]) for slot in slots]
            if quantity is Quantity.STORAGE_SOC:
                columns[quantity.value] = {"rounded": False, "days": _days(series)}
            else:
                rounded = any(tenths is not None and tenths % 10 for _, tenths in series)
                columns[quantity.value] = {"rounded": rounded, "days": _days(_whole_wh(series))}
        return json.dumps(
            {
                "quantities": columns,
                "intervals": len(slots),
                "duplicate_rows": self._duplicates,
                "blank_cells": self._blanks,
                "first_slot": slots[0],
                "last_slot": slots[-1],
            },
            separators=(",", ":"),
        ).encode()


def _slot(row: int, cell: str) -> int:
    """Return the number of the slot that begins at a stamp, counted from 1970 in UTC."""
    shown = cell[:_CELL_SHOWN]
    try:
        at = datetime.fromisoformat(cell)
    except ValueError as error:
        raise StampMalformed(row=row, cell=shown) from error
    if at.tzinfo is None:
        raise StampNaive(row=row, cell=shown)
    slot, rest = divmod(at - _EPOCH, SLOT)
    if rest:
        raise StampOffGrid(row=row, cell=shown)
    if not _SLOT_MIN <= slot <= _SLOT_MAX:
        raise StampOutOfRange(row=row, cell=shown)
    return slot


def _number(row: int, column: str, cell: str, *, value_max: int) -> int:
    """Return a number in ten-thousandths."""
    shown = cell[:_CELL_SHOWN]
    found = _NUMBER.fullmatch(cell)
    if found is None:
        if "," in cell and _LONG_NUMBER.fullmatch(cell.lstrip("-").replace(",", ".")):
            raise DecimalComma(row=row, column=column, cell=shown)
        if cell.startswith("-") and re.fullmatch(r"-[0-9]+(\.[0-9]+)?", cell, re.ASCII):
            raise Negative(row=row, column=column, cell=shown)
        if _LONG_NUMBER.fullmatch(cell) and len(cell.partition(".")[2]) > 4:
            raise TooPrecise(row=row, column=column, cell=shown)
        if cell.isascii() and cell.isdigit():
            raise ValueTooLarge(row=row, column=column, cell=shown)
        raise NotANumber(row=row, column=column, cell=shown)
    whole, decimals = found.group(1), found.group(2) or ""
    value = int(whole + decimals.ljust(4, "0"))
    if value > value_max:
        raise ValueTooLarge(row=row, column=column, cell=shown)
    return value


def _whole_wh(series: list[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    """Turn 0.1 Wh into whole Wh, carrying the rest forward over the known slots."""
    rest = 0
    whole: list[tuple[int, int | None]] = []
    for slot, tenths in series:
        if tenths is None:
            whole.append((slot, None))
            continue
        wh, rest = divmod(rest + tenths, 10)
        whole.append((slot, wh))
    return whole


def whole_wh_days(series: list[tuple[int, int | None]], quantity: Quantity) -> dict[str, list[int | None]]:
    """Cut a column of 0.1 Wh (bp of a state of charge), in order of time, into Seoul days of whole Wh."""
    return _days(series if quantity is Quantity.STORAGE_SOC else _whole_wh(series))


def _days(series: list[tuple[int, int | None]]) -> dict[str, list[int | None]]:
    days: dict[str, list[int | None]] = {}
    last = -1
    values: list[int | None] = []
    for slot, value in series:
        day, index = divmod(slot + _SEOUL_SLOTS, SLOTS_A_DAY)
        if day != last:
            last = day
            values = days[(date(1970, 1, 1) + timedelta(days=day)).isoformat()] = [None] * SLOTS_A_DAY
        values[index] = value
    return days
