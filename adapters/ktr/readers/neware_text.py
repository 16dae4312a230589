"""Neware's text exports: one flat table, or cycles, steps and records in three layers told apart by leading commas."""

from dataclasses import replace

import numpy as np

from adapters.ktr.readers.columns import Layout, Quantity, Word
from adapters.ktr.readers.neware_words import kind_of_word
from adapters.ktr.readers.series import Counter, Floats, Series
from adapters.ktr.readers.tables import (
    Header,
    Made,
    Table,
    charged_and_discharged,
    find_header,
    header_at,
    read_table,
    series,
    signed,
    unsigned,
)
from adapters.ktr.readers.text import Text
from domain.certification.errors import CyclerFileDamaged
from domain.certification.model import CyclerFormat, StepKind

_Q = Quantity
_NUMBERS = (
    Word(r"datapoint|data point|record (?:id|index|number)|record|记录序号|数据序号|记录号", "record"),
    Word(r"cycle(?: (?:index|id|number))?|循环号|循环序号|循环", "cycle"),
    Word(r"step (?:index|id)|工步号", "step"),
    Word(r"step number|工步序号|步次", "step_number"),
    Word(r"step type|step name|steptype|工步类型|工步名称|工步状态|状态", "kind", _Q.WORD),
)
_VALUES = (
    Word(r"total time|cumulative time|test time|总时间|累计时间", "time", _Q.TIME, "clock"),
    Word(r"time|step time|相对时间|时间|工步时间", "step_time", _Q.TIME, "clock"),
    Word(r"current|cur|电流", "current", _Q.CURRENT),
    Word(r"voltage|vol|volt|电压", "voltage", _Q.VOLTAGE),
    Word(r"chg cap|charge capacity|充电容量", "charged", _Q.CHARGE),
    Word(r"dchg cap|discharge capacity|放电容量", "discharged", _Q.CHARGE),
    Word(r"capacity|cap|容量", "capacity", _Q.CHARGE),
    Word(r"chg energy|charge energy|充电能量", "charged_wh", _Q.ENERGY),
    Word(r"dchg energy|discharge energy|放电能量", "discharged_wh", _Q.ENERGY),
    Word(r"energy|能量", "energy", _Q.ENERGY),
    Word(r"t\d+|temperature|温度|辅助温度|aux ch\d+ tem", "temperature", _Q.TEMPERATURE),
)
_FLAT = Layout(
    words=(*_NUMBERS, *_VALUES),
    needed=(("time", "step_time"), ("voltage",), ("current",), ("kind",), ("record", "cycle")),
    marks=("step", "step_number", "record"),
)
_CYCLES = Layout(words=_NUMBERS, needed=(("cycle",),), marks=("cycle",))
_STEPS = Layout(words=_NUMBERS, needed=(("kind",), ("step", "step_number")), marks=("step", "step_number"))
_RECORDS = Layout(
    words=(*_NUMBERS, *_VALUES),
    needed=(("record",), ("time", "step_time"), ("voltage",), ("current",)),
    marks=("record",),
)
_DIRECTIONS = {True: 1.0, False: -1.0}


def recognises(text: Text) -> bool:
    """Say whether a text is one of Neware's exports."""
    return _layers(text) is not None or find_header(text, _FLAT, last=200) is not None


def read(text: Text) -> Series:
    """Read either export.

    Raises:
        CyclerFileDamaged: a row does not keep to its layer.
    """
    layers = _layers(text)
    return _read_flat(text) if layers is None else _read_layers(text, *layers)


def _read_flat(text: Text) -> Series:
    header = find_header(text, _FLAT, last=200)
    if header is None:
        raise CyclerFileDamaged(place="row 1")
    time = "time" if "time" in header.names else "step_time"
    table = read_table(text, header, needed=(time, "voltage", "current"))
    return _series(table, table.words["kind"], marks=("step_number", "cycle", "step"))


def _series(table: Table, words: tuple[str, ...], *, marks: tuple[str, ...]) -> Series:
    known = {word: kind_of_word(word) for word in dict.fromkeys(words)}
    kinds = tuple(None if known[word] is StepKind.OTHER else known[word] for word in words)
    direction = np.array([_direction(kind) for kind in kinds], dtype=np.float64)
    current, said = signed(table.column("current"), direction)
    made = Made(
        format=CyclerFormat.NEWARE_CSV,
        parser="sunhwan neware 1",
        marks=marks,
        counter_ah=charged_and_discharged(table, "charged", "discharged") or _along(table, "capacity", direction),
        counter_wh=charged_and_discharged(table, "charged_wh", "discharged_wh") or _along(table, "energy", direction),
    )
    return series(table, made, current_a=current, kinds=kinds, said=said)


def _direction(kind: StepKind | None) -> float:
    if kind is None or not (kind.charges or kind.discharges):
        return 0.0
    return _DIRECTIONS[kind.charges]


def _along(table: Table, name: str, direction: Floats) -> Counter | None:
    """Return one column's counter, charged and discharged by what the step did: it starts anew in each."""
    found = unsigned(table, name)
    if found is None or found.unsigned is None:
        return None
    return Counter(
        charged=np.where(direction > 0, found.unsigned, 0.0), discharged=np.where(direction < 0, found.unsigned, 0.0)
    )


# ── three layers ──────────────────────────────────────────────────────────────────────────────────


def _layers(text: Text) -> tuple[Header, Header, Header] | None:
    """Return the headers of cycles, steps and records, which stand under each other, each further in."""
    for first in range(min(len(text.lines) - 2, 50)):
        if not text.lines[first + 1].startswith((",", "\t", ";")):
            continue
        cycles, steps = header_at(text, _CYCLES, first), header_at(text, _STEPS, first + 1)
        records = header_at(text, _RECORDS, first + 2)
        if (
            cycles
            and steps
            and records
            and [_depth(text.lines[first + n], records.delimiter) for n in range(3)] == [0, 1, 2]
        ):
            return cycles, steps, records
    return None


def _depth(line: str, delimiter: str) -> int:
    return len(line) - len(line.lstrip(delimiter))


def _read_layers(text: Text, cycles: Header, steps: Header, records: Header) -> Series:
    delimiter = records.delimiter
    at = {column.name: column.index for column in steps.columns}
    cycle_at = next(column.index for column in cycles.columns if column.name == "cycle")
    width = len(text.lines[cycles.line].split(delimiter))
    lines: list[int] = []
    words: list[str] = []
    marks: list[tuple[float, float]] = []
    cycle, step, word = 0.0, 0.0, ""
    for number in range(records.line + 1, len(text.lines)):
        line = text.lines[number]
        if not line.strip(delimiter + " "):
            continue
        depth = _depth(line, delimiter)
        cells = line.split(delimiter)
        if depth >= 2:
            lines.append(number)
            words.append(word)
            marks.append((step, cycle))
            continue
        if depth == 0:
            cycle = _whole(cells, cycle_at, number)
            # The first cycle's row and its first step's row are written as one.
            cells = ["", *cells[width:]] if len(cells) > width + at["kind"] - 1 else []
        if cells:
            step += 1
            if len(cells) <= at["kind"]:
                raise CyclerFileDamaged(place=f"row {number + 1}")
            word = cells[at["kind"]]
    time = "time" if "time" in records.names else "step_time"
    table = read_table(text, records, needed=(time, "voltage", "current"), lines=lines)
    kept = table.rows - 1
    numbers = np.array(marks, dtype=np.float64).reshape(-1, 2)[kept]
    table = replace(table, numbers={**table.numbers, "step_number": numbers[:, 0], "cycle": numbers[:, 1]})
    return _series(table, tuple(words[row] for row in kept), marks=("step_number",))


def _whole(cells: list[str], index: int, number: int) -> float:
    try:
        return float(int(cells[index]))
    except (IndexError, ValueError, OverflowError) as error:
        raise CyclerFileDamaged(place=f"row {number + 1}") from error
