"""The bench grid: which values a unit still lacks, and how a table pasted from a spreadsheet fills the grid.

A table stands in one of two ways. Across: the first row names quantities, the rows below hold their values. Down: each
row is a name, a value, and where it is told a unit, as the grid itself stands on the page. Without names a single row
or a single column holds values in the grid's order. A quantity is named in Korean, in English or by its key, with its
test in front where that is needed, and its unit in brackets behind; a unit is never converted, a value never guessed
(docs/decisions/0107-a-pasted-table-fills-the-grid.md).
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.certification.conditions import DID_NOT_ACT, quantities_of
from domain.certification.errors import (
    BenchCellUnclear,
    BenchNameUnclear,
    BenchNameUnknown,
    BenchTableEmpty,
    BenchTableTooLarge,
    BenchUnitDiffers,
    BenchValueBeside,
    QuantityMalformed,
)
from domain.certification.model import MeasurementSource, Scope
from domain.certification.protocol import Given, Protocol, Quantity, QuantityKind, Test
from domain.certification.wording import NOTHING, kind_name, plain, quantity_name, unit_name, word_names

TABLE_LENGTH_MAX = 100_000
ROWS_MAX = 5_000
COLUMNS_MAX = 500

RECEPTION_FACTS = frozenset(
    {"chemistry", "rated_capacity", "rated_energy", "nominal_voltage", "manufactured_on", "calendar_expiry_on"}
)
"""What the data sheet given at reception answers already."""

_YES = frozenset({"yes", "y", "true", "o", "○", "예", "네", "있음"})
_NO = frozenset({"no", "n", "false", "x", "×", "아니오", "아니요", "없음"})
_STILL = frozenset({DID_NOT_ACT, "동작하지 않음", "동작 안 함", "did not act"})
_TITLES = frozenset({"항목", "시험항목", "측정항목", "값", "측정값", "단위", "quantity", "item", "value", "unit"})
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NUMBER_WITH_UNIT = re.compile(r"([-+]?[\d.,]*\d(?:[eE][-+]?\d+)?)\s*([^\d\s.,;+-][^\s;]*)")
_DAY = re.compile(r"(\d{4})\s*[-./]\s*(\d{1,2})\s*[-./]\s*(\d{1,2})\.?(?:\s+00:00(?::00)?)?")
_NAME_WITH_UNIT = re.compile(r"(.*\S)\s*[(\[]\s*([^()\[\]]*?)\s*[)\]]")
_NUMBER = re.compile(r"[-+]?[\d.,]*\d(?:[eE][-+]?\d+)?")
_PARTS = re.compile(r"[\s,;]+")
_LISTED = re.compile(r"[,;\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """One row of the grid; `name` is that of its field, `T03.r_iso_pos`."""

    test: Test
    quantity: Quantity

    @property
    def name(self) -> str:
        """What the row's field is called."""
        return f"{self.test.test_id}.{self.quantity.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """A cell of a pasted table with its place in it, from 1."""

    row: int
    column: int
    text: str

    @property
    def place(self) -> dict[str, str | int]:
        return {"row": self.row, "column": self.column, "text": self.text[:40]}


def every_row(protocol: Protocol) -> tuple[GridRow, ...]:
    """Return a row for each quantity of the protocol."""
    return tuple(GridRow(test=test, quantity=one) for test in protocol.tests for one in test.quantities)


def lacking(protocol: Protocol, measured: frozenset[str], scope: Scope) -> tuple[GridRow, ...]:
    """Return what a unit still lacks: each quantity of a required test that a rule, a formula or a grade asks for.

    What can be computed is not asked for, nor what an alternative has answered, nor what is no test of this scope.
    """
    known = measured | RECEPTION_FACTS
    formulas = {
        one.key: quantities_of(one.derived) for test in protocol.tests for one in test.quantities if one.derived
    }
    while computed := {key for key, inputs in formulas.items() if key not in known and known.issuperset(inputs)}:
        known |= computed
    asked = {key for test in protocol.tests for limit in test.limits for key in quantities_of(limit.condition)}
    asked |= {bound.quantity for row in protocol.grades for bound in row.bounds}
    asked |= {one for key, inputs in formulas.items() if key in asked - known for one in inputs}
    return tuple(
        GridRow(test=test, quantity=one)
        for test in protocol.tests
        if test.required_for(scope)
        for one in test.quantities
        if one.key not in known
        and (one.required or (one.required is None and one.key in asked))
        and not any(known.issuperset(group) for group in test.alternatives if one.key not in group)
    )


def typed(quantity: Quantity, text: str) -> Given:
    """Return what was typed into a row's field in the kind that the protocol names; what is not of it stays text."""
    parts = tuple(part for part in _PARTS.split(text) if part)
    match quantity.kind:
        case QuantityKind.YES_NO:
            return text == "yes" if text in ("yes", "no") else text
        case QuantityKind.ROW:
            return parts
        case QuantityKind.WORDS:
            return () if text == "-" else parts
        case QuantityKind.NUMBER if (quantity.many or quantity.per_cycle) and len(parts) > 1:
            return parts
        case _:
            return text


def fill(text: str, *, grid: Sequence[GridRow], protocol: Protocol, scope: Scope) -> Mapping[str, str]:
    """Return what a pasted table puts into the grid's fields, by their names; whole or not at all.

    A name may mean any quantity of a test that this scope has, those that the grid does not ask for as well.

    Raises:
        BenchTableEmpty: there is no value in it.
        BenchTableTooLarge: it is longer, or has more rows or columns, than any bench's.
        BenchNameUnknown: a name is none of the protocol's.
        BenchNameUnclear: several tests have the quantity, or it was named before.
        BenchUnitDiffers: a unit is not the protocol's.
        BenchCellUnclear: a value is not of its quantity's kind.
        BenchValueBeside: a value stands under no name, or is a second one where one is taken.
    """
    cells = _cells(text)
    return _Filling(grid=grid, protocol=protocol, scope=scope).of(cells)


def _cells(text: str) -> list[list[_Cell]]:
    """Return the rows of a table that hold anything; a spreadsheet's copy is parted by tabs, else by commas.

    Raises:
        BenchTableEmpty: nothing is in it.
        BenchTableTooLarge: more is in it than a bench's table holds.
    """
    if len(text) > TABLE_LENGTH_MAX:
        raise BenchTableTooLarge(rows_max=ROWS_MAX, columns_max=COLUMNS_MAX, length_max=TABLE_LENGTH_MAX)
    even = text.replace("\r\n", "\n").replace("\r", "\n")
    reader = csv.reader(io.StringIO(even, newline=""), delimiter="\t" if "\t" in even else ",")
    rows = [
        [_Cell(row=row, column=column, text=cell.strip()) for column, cell in enumerate(cells, start=1)]
        for row, cells in enumerate(reader, start=1)
    ]
    if len(rows) > ROWS_MAX or max(map(len, rows), default=0) > COLUMNS_MAX:
        raise BenchTableTooLarge(rows_max=ROWS_MAX, columns_max=COLUMNS_MAX, length_max=TABLE_LENGTH_MAX)
    told = [row for row in rows if any(cell.text for cell in row)]
    if not told:
        raise BenchTableEmpty
    return told


class _Filling:
    """One table on its way into the grid."""

    def __init__(self, *, grid: Sequence[GridRow], protocol: Protocol, scope: Scope) -> None:
        self._grid = grid
        self._asked = {row.name for row in grid}
        self._protocol = protocol
        self._names: dict[str, list[GridRow]] = {}
        self._elsewhere: set[str] = set()
        for row in every_row(protocol):
            for name in _spellings(row):
                if row.test.applies_to(scope):
                    self._names.setdefault(name, []).append(row)
                else:
                    self._elsewhere.add(name)

    def of(self, cells: list[list[_Cell]]) -> Mapping[str, str]:
        """Fill from rows that hold something."""
        titled = all(_plain(cell.text) in _TITLES for cell in cells[0] if cell.text)
        above = cells[0][0].row if titled else 0
        cells = cells[1:] if titled else cells
        if not cells:
            raise BenchTableEmpty
        if self._stands_across(cells):
            found = self._across(cells)
        elif any(self._is_name(row[0]) for row in cells):
            found = self._down(cells)
        else:
            found = self._in_order(cells, above)
        filled: dict[str, str] = {}
        for row, values in found:
            if values:
                filled[row.name] = self._value(row, values)
        if not filled:
            raise BenchTableEmpty
        return filled

    def _is_name(self, cell: _Cell) -> bool:
        return any(name in self._names for name, _ in _readings(cell.text))

    def _stands_across(self, cells: list[list[_Cell]]) -> bool:
        """Return whether the first row is the one of names: more are in it than in the first column.

        Where as many are, it is unless a value follows its first name.
        """
        across, down = sum(map(self._is_name, cells[0])), sum(self._is_name(row[0]) for row in cells)
        told = [cell.text for cell in cells[0] if cell.text]
        if across != down or not across:
            return across > down
        return across == len(told) or (len(cells) > 1 and not _is_plainly_a_value(told[1]))

    def _named(self, cell: _Cell, before: set[str]) -> GridRow:
        """Return the row that a cell names, and hold its bracketed unit against the protocol's."""
        for name, unit in _readings(cell.text):
            found = self._names.get(name, [])
            asked = [row for row in found if row.name in self._asked]
            rows = asked if len(asked) == 1 else found
            if not rows:
                continue
            row = rows[0]
            if len(rows) > 1 or row.name in before:
                raise BenchNameUnclear(**cell.place, tests=", ".join(one.test.test_id for one in rows))
            before.add(row.name)
            if unit is not None:
                _require_unit(row, unit, cell)
            return row
        raise BenchNameUnknown(**cell.place)

    def _across(self, cells: list[list[_Cell]]) -> Iterator[tuple[GridRow, list[_Cell]]]:
        before: set[str] = set()
        names = {cell.column: self._named(cell, before) for cell in cells[0] if cell.text}
        columns: dict[int, list[_Cell]] = {column: [] for column in names}
        for row in cells[1:]:
            for cell in row:
                if not cell.text:
                    continue
                if cell.column not in columns:
                    raise BenchValueBeside(**cell.place)
                columns[cell.column].append(cell)
        for column, row_of_grid in names.items():
            yield row_of_grid, columns[column]

    def _down(self, cells: list[list[_Cell]]) -> Iterator[tuple[GridRow, list[_Cell]]]:
        before: set[str] = set()
        for row in cells:
            if not row[0].text:
                raise BenchValueBeside(**next(cell for cell in row if cell.text).place)
            named = self._named(row[0], before)
            values = [cell for cell in row[1:] if cell.text]
            # The unit stands last, or between name and value; alone in the third column nothing was measured yet.
            ends = [cell for cell in values[:1] + values[-1:] if len(values) > 1 or cell.column > 2]
            units = [cell for cell in ends if self._is_unit(cell, named)]
            for cell in units[:1]:
                _require_unit(named, cell.text, cell)
                values.remove(cell)
            yield named, values

    def _is_unit(self, cell: _Cell, named: GridRow) -> bool:
        """Return whether a cell of a row is its unit: one that a protocol writes, or any word beside a number."""
        known = {"", *(row.quantity.unit for rows in self._names.values() for row in rows)}
        is_number = named.quantity.kind in (QuantityKind.NUMBER, QuantityKind.ROW)
        word = not _is_plainly_a_value(cell.text) and cell.text.casefold() not in _STILL
        return word and (is_number or _unit(cell.text) in known)

    def _in_order(self, cells: list[list[_Cell]], above: int) -> Iterator[tuple[GridRow, list[_Cell]]]:
        """Take a single row, or a single column, in the grid's order; an empty cell leaves its field empty."""
        if len(cells) > 1 and any(cell.text for row in cells for cell in row[1:]):
            raise BenchNameUnknown(**next(cell for cell in cells[0] if cell.text).place)
        if len(cells) > 1:
            places = [(row[0].row - above - 1, row[0]) for row in cells]
        else:
            places = [(cell.column - 1, cell) for cell in cells[0] if cell.text]
        for at, cell in places:
            if any(name in self._elsewhere for name, _ in _readings(cell.text)):
                raise BenchNameUnknown(**cell.place)  # a name of another scope is no value of the first field
            if at >= len(self._grid):
                raise BenchValueBeside(**cell.place)
            yield self._grid[at], [cell]

    def _value(self, row: GridRow, cells: list[_Cell]) -> str:
        """Return the text that the row's field takes for these cells.

        Raises:
            BenchValueBeside: there are several, and the quantity takes one.
            BenchCellUnclear: one of them is not of the quantity's kind.
            BenchUnitDiffers: one bears another unit.
        """
        quantity = row.quantity
        several = quantity.many or quantity.per_cycle or quantity.kind in (QuantityKind.ROW, QuantityKind.WORDS)
        if len(cells) > 1 and not several:
            raise BenchValueBeside(**cells[1].place)
        spelled = []
        for cell in cells:
            text = _spelled(row, cell, several=several)
            try:
                self._protocol.measurement(
                    test_id=row.test.test_id,
                    quantity=quantity.key,
                    given=typed(quantity, text),
                    unit=quantity.unit or None,
                    source=MeasurementSource.MANUAL,
                )
            except QuantityMalformed as error:
                raise _unclear(row, cell) from error
            spelled.append(text)
        return ", ".join(spelled)


def _is_plainly_a_value(text: str) -> bool:
    return text.lstrip("+-−")[:1].isdecimal() or text.casefold() in _YES | _NO


def _spellings(row: GridRow) -> set[str]:
    """Return how a row may be named."""
    key = row.quantity.key
    ko, en = quantity_name(key)
    names = {key, ko, en, f"{ko} {key}", f"{en} {key}"}
    tested = {f"{row.test.test_id} {name}" for name in names}
    return {_plain(name) for name in names | tested | {row.name}}


def _plain(text: str) -> str:
    """Bring a name to one spelling: blanks, case, width of letters, kinds of minus and of brackets do not matter."""
    even = unicodedata.normalize("NFKC", text).replace("−", "-").replace("[", "(").replace("]", ")")
    return plain(even)


def _readings(text: str) -> Iterator[tuple[str, str | None]]:
    """Return how a heading may be read: whole, for some names end in brackets; or as a name and its unit."""
    yield _plain(text), None
    if split := _NAME_WITH_UNIT.fullmatch(unicodedata.normalize("NFKC", text)):
        yield _plain(split[1]), split[2]


def _unit(text: str) -> str:
    """Spell a unit as protocols do: `MΩ` is `MOhm`, `%` is `percent`, a dash is none."""
    even = unicodedata.normalize("NFKC", text).strip()
    if even in ("-", "–"):
        return ""
    return even.replace("Ω", "Ohm").replace("°C", "degC").replace("%", "percent")


def _require_unit(row: GridRow, given: str, cell: _Cell) -> None:
    if _unit(given) != row.quantity.unit:
        ko, en = quantity_name(row.quantity.key)
        raise BenchUnitDiffers(
            **cell.place, quantity_ko=ko, quantity_en=en, needed=unit_name(row.quantity.unit) or "-", given=given[:40]
        )


def _unclear(row: GridRow, cell: _Cell) -> BenchCellUnclear:
    ko, en = quantity_name(row.quantity.key)
    needed_ko, needed_en = kind_name(row.quantity.kind, row.quantity.words)
    return BenchCellUnclear(**cell.place, quantity_ko=ko, quantity_en=en, needed_ko=needed_ko, needed_en=needed_en)


def _spelled(row: GridRow, cell: _Cell, *, several: bool) -> str:
    """Return a cell's text as it would be typed into the row's field.

    Raises:
        BenchCellUnclear: it can be read in two ways, or in none.
        BenchUnitDiffers: it bears another unit.
    """
    quantity, text = row.quantity, unicodedata.normalize("NFKC", cell.text).replace("−", "-")
    match quantity.kind:
        case QuantityKind.NUMBER | QuantityKind.ROW:
            if text.casefold() in _STILL:
                return DID_NOT_ACT
            if not _NUMBER.fullmatch(text) and (beside := _NUMBER_WITH_UNIT.fullmatch(text)):
                _require_unit(row, beside[2], cell)
                text = beside[1]
            if not _THOUSANDS.fullmatch(text):
                return text
            if several:  # 3,700: one number, or a 3 and a 700?
                raise _unclear(row, cell)
            return text.replace(",", "")
        case QuantityKind.YES_NO:
            said = text.casefold()
            return "yes" if said in _YES else "no" if said in _NO else text
        case QuantityKind.DAY:
            day = _DAY.fullmatch(text)
            return f"{day[1]}-{int(day[2]):02d}-{int(day[3]):02d}" if day else text
        case QuantityKind.WORD:
            return word_names(quantity.words).get(_plain(text), text)
        case QuantityKind.WORDS:
            if text.casefold() in NOTHING:
                return "-"
            words = word_names(quantity.words)
            return ", ".join(words.get(_plain(part), part.strip()) for part in _LISTED.split(text) if part.strip())
        case _:
            return cell.text
