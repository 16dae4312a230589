"""A text export's table: its header line found, its rows read, its steps and cycles numbered."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from adapters.ktr.readers.columns import Column, Layout, Quantity, columns_of
from adapters.ktr.readers.series import ROWS_MAX, Counter, Floats, Integers, Said, Series, listed
from adapters.ktr.readers.text import Text, encoding_said, has_decimal_commas, header_said, number_of, seconds_of
from domain.certification.errors import CyclerFileDamaged, CyclerFileTooLong
from domain.certification.model import CyclerFormat, StepKind

_HEADER_LINES = 1_000
_HEADER_CHARACTERS = 20_000
_DELIMITERS = ("\t", ";", ",")
_WHOLE = 1e-6
_TURN = 2 * math.pi
_CYCLE_MAX = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where a table begins and what its columns are."""

    line: int
    delimiter: str
    columns: tuple[Column, ...]
    text: str

    @property
    def names(self) -> frozenset[str]:
        """The names of the columns that were understood."""
        return frozenset(column.name for column in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table's numbers in SI (hours for charge and energy), words as they stand, and what was wrong with it."""

    numbers: Mapping[str, Floats]
    words: Mapping[str, tuple[str, ...]]
    temperatures_c: tuple[tuple[str, Floats], ...]
    rows: Integers
    said: tuple[Said, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, *names: str) -> Floats | None:
        """Return the first of these columns that the table has."""
        return next((self.numbers[name] for name in names if name in self.numbers), None)

    def column(self, *names: str) -> Floats:
        """Return the first of these columns; the layout vouches that one is there."""
        found = self.first(*names)
        if found is None:
            raise CyclerFileDamaged(place=names[0])
        return found


def find_header(text: Text, layout: Layout, *, first: int = 0, last: int | None = None) -> Header | None:
    """Return the first line that is this vendor's header, or None."""
    for line in range(first, min(len(text.lines), _HEADER_LINES if last is None else last)):
        found = header_at(text, layout, line)
        if found is not None:
            return found
    return None


def header_at(text: Text, layout: Layout, line: int) -> Header | None:
    """Return a line's columns when it is this vendor's header."""
    raw = text.lines[line]
    if len(raw) > _HEADER_CHARACTERS:
        return None
    for delimiter in _DELIMITERS:
        if delimiter in raw and not _holds_numbers(raw.split(delimiter)):
            columns = columns_of(_cells(raw, delimiter), layout, place=f"row {line + 1}")
            if columns is not None:
                return Header(line=line, delimiter=delimiter, columns=columns, text=raw)
    return None


def _holds_numbers(cells: Sequence[str]) -> bool:
    """Say whether a line is a row and no header: three cells in ten and more begin as numbers do."""
    filled = [cell for cell in (cell.strip() for cell in cells) if cell]
    begun = sum(cell[0].isdigit() or (cell[0] in "+-." and cell[1:2].isdigit()) for cell in filled)
    return 10 * begun >= 3 * len(filled)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def read_table(text: Text, header: Header, *, needed: Iterable[str], lines: Iterable[int] | None = None) -> Table:
    """Read the rows under a header.

    A row without any of the `needed` values was blanked: it is left out and named. Rows of another
    width than their header are read as far as what is needed stands in them.

    Raises:
        CyclerFileDamaged: a cell holds no number, or a row is cut short.
        CyclerFileTooLong: there are more rows than are read.
    """
    numbers = range(header.line + 1, len(text.lines)) if lines is None else lines
    return table_of(
        ((number + 1, cells) for number, cells in _rows(text, header, numbers)),
        header,
        needed=needed,
        said=(*encoding_said(text), *header_said(header.text)),
        cut_width=0 if text.whole else len(text.lines),
    )


def _rows(text: Text, header: Header, numbers: Iterable[int]) -> Iterable[tuple[int, list[str]]]:
    delimiter = header.delimiter
    for number in numbers:
        line = text.lines[number]
        if not line.strip():
            continue
        if '"' not in line:
            yield number, line.split(delimiter)
            continue
        try:
            yield number, next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            raise CyclerFileDamaged(place=f"row {number + 1}") from error


def table_of(
    rows: Iterable[tuple[int, Sequence[str]]],
    header: Header,
    *,
    needed: Iterable[str],
    said: tuple[Said, ...] = (),
    cut_width: int = 0,
) -> Table:
    """Read numbered rows of cells; `cut_width` is the number of the last line when it lacks its end, else 0."""
    columns = header.columns
    required = frozenset(needed)
    words: dict[int, list[str]] = {column.index: [] for column in columns if column.quantity is Quantity.WORD}
    values: dict[int, list[float]] = {column.index: [] for column in columns if column.quantity is not Quantity.WORD}
    must = [column.index for column in columns if column.name in required]
    kept: list[int] = []
    blanked: list[int] = []
    comma: bool | None = None
    width = count = 0
    for line, cells in rows:
        count += 1
        if count > ROWS_MAX:
            raise CyclerFileTooLong(what="rows", most=ROWS_MAX)
        if comma is None:
            comma = header.delimiter != "," and has_decimal_commas(list(cells))
            width = len(cells)
        if (must and len(cells) <= max(must)) or (line == cut_width and len(cells) < width):
            raise CyclerFileDamaged(place=f"row {line}")
        if any(not cells[index].strip() for index in must):
            blanked.append(count)
            continue
        kept.append(count)
        for column in columns:
            cell = cells[column.index] if column.index < len(cells) else ""
            if column.quantity is Quantity.WORD:
                words[column.index].append(cell.strip())
            else:
                values[column.index].append(_value(column, cell, comma=comma, line=line, must=column.name in required))
    arrays = {index: np.array(found, dtype=np.float64) for index, found in values.items()}
    return Table(
        numbers={column.name: arrays[column.index] for column in reversed(columns) if column.index in arrays},
        words={column.name: tuple(words[column.index]) for column in reversed(columns) if column.index in words},
        temperatures_c=tuple(
            (column.header.strip()[:40], arrays[column.index])
            for column in columns
            if column.quantity is Quantity.TEMPERATURE
        ),
        rows=np.array(kept, dtype=np.int64),
        said=said if not blanked else (*said, _blanked(blanked)),
    )


def _value(column: Column, cell: str, *, comma: bool, line: int, must: bool) -> float:
    place = f"row {line}"
    if column.factor is None:
        return seconds_of(cell, column=column.header.strip()[:60], place=place)
    try:
        return number_of(cell, comma=comma, place=place) * column.factor
    except CyclerFileDamaged:
        if must:
            raise
        return math.nan  # a column that is only of use: what it does not say is not known


def _blanked(rows: Sequence[int]) -> Said:
    return Said(
        code="rows-blanked",
        ko=f"전압·전류·시간이 비어 있는 행 {len(rows)}개를 제외했습니다.",
        en=f"{len(rows)} rows without voltage, current or time were left out.",
        rows=listed(np.array(rows, dtype=np.int64)),
    )


def rest_current(current_a: Floats) -> float:
    """Return below which a cycler's current is noise, A."""
    return max(1e-9, 1e-3 * float(np.max(np.abs(current_a)))) if len(current_a) else 0.0


def directions(current_a: Floats) -> Floats:
    """Return 1 where current flows in, −1 where it flows out, 0 at rest."""
    return np.sign(np.where(np.abs(current_a) <= rest_current(current_a), 0.0, current_a))


def number_steps(marks: Sequence[Floats], *, restarts: Floats | None = None) -> Integers:
    """Number steps: a new one where any mark changes, or where the time within a step starts anew.

    The vendor's own numbers stay where the first mark only ever rises; else steps count from 1.
    """
    rows = len(marks[0]) if marks else 0
    if not rows:
        return np.zeros(0, dtype=np.int64)
    changed = np.zeros(rows, dtype=np.bool_)
    for mark in marks:
        known = np.where(np.isfinite(mark), mark, -1.0)
        changed[1:] |= np.diff(known) != 0
    if restarts is not None:
        changed[1:] |= np.diff(np.where(np.isfinite(restarts), restarts, 0.0)) < -1e-3
    changed[0] = True
    own = marks[0][changed]
    whole = bool(np.all(np.isfinite(own))) and bool(np.all(np.abs(own) < 1e9)) and bool(np.all(own == np.round(own)))
    if whole and bool(np.all(own >= 0)) and bool(np.all(np.diff(own) > 0)):
        return np.asarray(np.where(np.isfinite(marks[0]), marks[0], 0)).astype(np.int64)
    return np.cumsum(changed).astype(np.int64)


def by_sign(current_a: Floats) -> tuple[Integers, tuple[Said, ...]]:
    """Part steps where the current turns, and say so."""
    said = Said(
        code="steps-by-sign",
        ko="단계 번호가 없어 변화 지점에서 단계를 나누었습니다.",
        en="The file numbers no steps; they were parted where the step id or the sign of the current changes.",
    )
    return number_steps((directions(current_a),)), (said,) if len(current_a) else ()


def count_cycles(column: Floats | None) -> tuple[int | None, tuple[Said, ...]]:
    """Count a file's own cycles. Numbers that are no integers are repaired where they are turns in radians.

    Returns None where the file has none, or none that can be trusted.
    """
    if column is None:
        return None, ()
    known = column[np.isfinite(column)]
    if not len(known):
        return None, ()
    if _whole(known):
        return len(np.unique(np.round(known))), ()
    bad = listed(np.flatnonzero(np.abs(column - np.round(column)) > _WHOLE) + 1)
    if _whole(known / _TURN):
        said = Said(
            code="cycle-not-integer",
            ko="사이클 번호가 정수가 아니라 2π의 배수입니다(회전→라디안 변환). 2π로 나누어 셌습니다.",
            en="The cycle numbers are multiples of 2π (turns made radians); they were counted after dividing by 2π.",
            rows=bad,
        )
        return len(np.unique(np.round(known / _TURN))), (said,)
    said = Said(
        code="cycle-not-integer",
        ko="사이클 번호가 정수가 아니어서 쓰지 않고 전류로 셌습니다.",
        en="The cycle numbers are no integers; they were not used, and cycles were counted by the current.",
        rows=bad,
    )
    return None, (said,)


def cycle_numbers(column: Floats | None) -> Integers | None:
    """Return each row's cycle as the file numbers it, whole again where turns were made radians.

    Returns None where a row has no number, or the numbers are not to be trusted: none is filled in or renumbered.
    """
    if column is None or not len(column) or not bool(np.all(np.isfinite(column))):
        return None
    for numbers in (column, column / _TURN):
        if _whole(numbers) and float(np.max(np.abs(numbers))) < _CYCLE_MAX:
            return np.round(numbers).astype(np.int64)
    return None


def _whole(values: Floats) -> bool:
    return bool(np.all(np.abs(values - np.round(values)) <= _WHOLE * np.maximum(1.0, np.abs(values))))


def signed(current_a: Floats, direction: Floats) -> tuple[Floats, tuple[Said, ...]]:
    """Give a current without signs the direction its step's state says; a signed one stays as it is."""
    out = (direction < 0) & np.isfinite(current_a)
    if not bool(np.any(out & (current_a > 0))) or bool(np.any(current_a < -rest_current(current_a))):
        return current_a, ()
    said = Said(
        code="current-unsigned",
        ko="전류에 부호가 없어 상태 열에서 방향을 정했습니다(방전은 음수).",
        en="The current has no sign; its direction was taken from the state column (discharge is negative).",
    )
    return np.where(direction < 0, -current_a, current_a), (said,)


def time_from_steps(step_time_s: Floats, step: Integers) -> tuple[Floats, tuple[Said, ...]]:
    """Add up the times within steps where the file has no time of the whole test, and say so."""
    offset = 0.0
    time_s = np.array(step_time_s)
    if not len(step):
        return time_s, ()
    starts = [0, *(int(at) + 1 for at in np.flatnonzero(np.diff(step)))]
    for first, past in zip(starts, [*starts[1:], len(step)], strict=True):
        time_s[first:past] += offset
        offset = float(time_s[past - 1])
    said = Said(
        code="time-from-steps",
        ko="전체 시간 열이 없어 단계 시간을 더했습니다.",
        en="The file has no time of the whole test; the times within steps were added up.",
    )
    return time_s, (said,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a vendor's module decides about a table; `series` does the rest."""

    format: CyclerFormat
    parser: str
    voltage: tuple[str, ...] = ("voltage",)
    current: tuple[str, ...] = ("current",)
    marks: tuple[str, ...] = ("cycle", "step")
    counter_ah: Counter | None = None
    counter_wh: Counter | None = None


def series(
    table: Table,
    made: Made,
    *,
    current_a: Floats | None = None,
    kinds: tuple[StepKind | None, ...] | None = None,
    said: tuple[Said, ...] = (),
) -> Series:
    """Build the series of a table with the columns time (or step_time), voltage, current, and the marks of steps."""
    current = table.column(*made.current) if current_a is None else current_a
    marks = [table.numbers[name] for name in made.marks if name in table.numbers]
    if kinds is not None:
        order = {kind: float(place) for place, kind in enumerate(dict.fromkeys(kinds))}
        marks.append(np.array([order[kind] for kind in kinds], dtype=np.float64))
    step_time = table.first("step_time")
    if marks:
        step = number_steps(sorted(marks, key=_rises), restarts=step_time)
    else:
        step, parted_said = by_sign(current)
        said = (*said, *parted_said)
    time_s = table.first("time")
    if time_s is None:
        time_s, summed_said = time_from_steps(table.column("step_time"), step)
        said = (*said, *summed_said)
    cycles, cycles_said = count_cycles(table.first("cycle"))
    return Series(
        format=made.format,
        parser=made.parser,
        time_s=time_s,
        voltage_v=table.column(*made.voltage),
        current_a=current,
        step=step,
        temperatures_c=table.temperatures_c,
        kinds=kinds,
        cycles=cycles,
        cycles_as_recorded=cycles,
        counter_ah=made.counter_ah,
        counter_wh=made.counter_wh,
        numbers=table.rows,
        cycle=cycle_numbers(table.first("cycle")),
        said=(*table.said, *said, *cycles_said),
    )


def _rises(mark: Floats) -> int:
    """Order marks: the one that only ever rises, and changes most, first."""
    known = mark[np.isfinite(mark)]
    changes = int(np.sum(np.diff(known) != 0))
    return -changes if bool(np.all(np.diff(known) >= 0)) else 1


def charged_and_discharged(table: Table, charged: str, discharged: str) -> Counter | None:
    """Return the counter of two columns, where the table has both."""
    if charged not in table.numbers or discharged not in table.numbers:
        return None
    return Counter(charged=np.abs(table.numbers[charged]), discharged=np.abs(table.numbers[discharged]))


def unsigned(table: Table, name: str) -> Counter | None:
    """Return the counter of one column without a sign, where the table has it."""
    return Counter(unsigned=np.abs(table.numbers[name])) if name in table.numbers else None
