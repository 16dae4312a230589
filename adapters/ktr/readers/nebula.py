"""Nebula's step layer (工步层) as a spreadsheet with Chinese headers: one row a step, discharge negative."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from adapters.ktr.readers.columns import Column, Layout, Quantity, Word, columns_of
from adapters.ktr.readers.series import Floats, Said, StepLayer, StepRow
from adapters.ktr.readers.spreadsheets import Row, shared_strings, sheet_names, sheet_rows
from adapters.ktr.readers.tables import Header, Table, count_cycles, table_of
from domain.certification.errors import CyclerFileDamaged, CyclerFormatUnknown
from domain.certification.model import CyclerFormat, StepKind

_HEADER_ROWS = 20
_Q = Quantity
_LAYOUT = Layout(
    words=(
        Word(r"工步序号", "step"),
        Word(r"循环", "cycle"),
        Word(r"状态", "state", _Q.WORD),
        Word(r"结果", "result", _Q.WORD),
        Word(r"起始电压|开始电压", "first_v", _Q.VOLTAGE),
        Word(r"最大电压", "highest_v", _Q.VOLTAGE),
        Word(r"结束电压|终止电压", "last_v", _Q.VOLTAGE),
        Word(r"起始电流|开始电流", "first_a", _Q.CURRENT),
        Word(r"结束电流|终止电流", "last_a", _Q.CURRENT),
        Word(r"充电容量", "charged", _Q.CHARGE),
        Word(r"放电容量", "discharged", _Q.CHARGE),
        Word(r"充电能量", "charged_wh", _Q.ENERGY),
        Word(r"放电能量", "discharged_wh", _Q.ENERGY),
        Word(r"持续时间", "duration", _Q.TIME),
        Word(r"(?:开始|结束|最大)温度\d*", "temperature", _Q.TEMPERATURE),
    ),
    needed=(
        *(("step",), ("state",), ("first_v",), ("last_v",), ("first_a",), ("last_a",)),
        *(("charged",), ("discharged",), ("duration",)),
    ),
    marks=("state",),
)
_NEEDED = ("state", "first_v", "last_v", "first_a", "last_a", "charged", "discharged", "duration")
_KINDS = {
    "静置": StepKind.REST,
    "搁置": StepKind.REST,
    "充电 CC": StepKind.CC_CHARGE,
    "充电 CV": StepKind.CV_CHARGE,
    "充电 CC-CV": StepKind.CCCV_CHARGE,
    "充电 CCCV": StepKind.CCCV_CHARGE,
    "放电 DC": StepKind.CC_DISCHARGE,
    "放电 CC": StepKind.CC_DISCHARGE,
}
_BY_HAND = "手动跳转"


def read(content: bytes, members: frozenset[str]) -> StepLayer:
    """Read the first worksheet that is a step layer.

    Raises:
        CyclerFormatUnknown: none is.
        CyclerSheetActive: it holds formulas.
        CyclerFileDamaged: a row does not keep to the header.
    """
    strings = shared_strings(content, members)
    for name in sheet_names(members):
        rows = sheet_rows(content, name, strings)
        for line, cells in enumerate(rows[:_HEADER_ROWS]):
            columns = columns_of(cells, _LAYOUT, place=f"row {line + 1}")
            if columns is not None:
                return _layer(rows[line + 1 :], columns, line)
    raise CyclerFormatUnknown(supported="Nebula 工步层 XLSX")


def _layer(rows: Sequence[Row], columns: tuple[Column, ...], line: int) -> StepLayer:
    header = Header(line=line, delimiter="\t", columns=columns, text="")
    width = len(rows[0]) if rows else 0
    numbered = (
        (line + 2 + at, [*cells, *("" for _ in range(width - len(cells)))])
        for at, cells in enumerate(rows)
        if any(cell.strip() for cell in cells)
    )
    table = table_of(numbered, header, needed=_NEEDED)
    idle = tuple(name for name, column in table.temperatures_c if not bool(np.any(column != 0)))
    read = tuple(sensor for sensor in table.temperatures_c if sensor[0] not in idle)
    table = replace(table, temperatures_c=read, said=(*table.said, *_idle_said(idle)))
    cycles, cycles_said = count_cycles(table.first("cycle"))
    return StepLayer(
        format=CyclerFormat.NEBULA_XLSX,
        parser="sunhwan nebula 1",
        steps=tuple(_step(table, row) for row in range(len(table))),
        cycles=cycles,
        said=(*table.said, *cycles_said, *_by_hand(table)),
    )


def _step(table: Table, row: int) -> StepRow:
    number = table.numbers["step"][row]
    if not math.isfinite(number) or number < 0 or number != round(number) or number > 1e9:
        raise CyclerFileDamaged(place=f"step {row + 1}")
    first_a, last_a = (_at(table.numbers, name, row) for name in ("first_a", "last_a"))
    first_v, last_v = (_at(table.numbers, name, row) for name in ("first_v", "last_v"))
    return StepRow(
        step=int(number),
        kind=_kind(table.words["state"][row]),
        hours=_at(table.numbers, "duration", row) / 3600,
        first_v=first_v,
        last_v=last_v,
        highest_v=max(first_v, last_v, _at(table.numbers, "highest_v", row, missing=-math.inf)),
        first_a=first_a,
        last_a=last_a,
        charge_ah=_net(table.numbers, "charged", "discharged", row),
        energy_wh=_net(table.numbers, "charged_wh", "discharged_wh", row),
        temperatures_c=tuple(float(column[row]) for _, column in table.temperatures_c if math.isfinite(column[row])),
    )


def _kind(state: str) -> StepKind:
    """Name a step; a state that is not listed is named by its first word, charge or discharge."""
    known = _KINDS.get(" ".join(state.split()))
    if known is not None:
        return known
    if state.startswith("充电"):
        return StepKind.CHARGE
    return StepKind.DISCHARGE if state.startswith("放电") else StepKind.OTHER


def _at(numbers: Mapping[str, Floats], name: str, row: int, *, missing: float = 0.0) -> float:
    value = float(numbers[name][row]) if name in numbers else missing
    return value if math.isfinite(value) else missing


def _net(numbers: Mapping[str, Floats], charged: str, discharged: str, row: int) -> float:
    return abs(_at(numbers, charged, row)) - abs(_at(numbers, discharged, row))


def _idle_said(idle: tuple[str, ...]) -> tuple[Said, ...]:
    if not idle:
        return ()
    said = Said(
        code="sensor-implausible",
        ko=f"0만 기록한(연결되지 않은) 온도 열을 제외했습니다: {', '.join(idle[:20])}",
        en=f"Temperature columns that hold nothing but 0 (no sensor) were left out: {', '.join(idle[:20])}",
    )
    return (said,)


def _by_hand(table: Table) -> tuple[Said, ...]:
    results = table.words.get("result", ())
    rows = [row for row, result in enumerate(results) if result == _BY_HAND]
    if not rows:
        return ()
    numbers = tuple(int(number) for number in table.rows[np.array(rows[:20], dtype=np.int64)])
    said = Said(
        code="steps-skipped-by-hand",
        ko=f"손으로 건너뛴 단계가 {len(rows)}개 있습니다(手动跳转).",
        en=f"{len(rows)} steps were ended by hand (手动跳转).",
        rows=numbers,
    )
    return (said,)
