"""The Battery Data Format, CSV and Parquet; PyProBE's Parquet, whose headers carry their units, as well."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from adapters.ktr.readers.columns import Column, Layout, Quantity, Word, columns_of
from adapters.ktr.readers.series import NUMBER_MAX, ROWS_MAX, Counter, Floats, Integers, Said, Series
from adapters.ktr.readers.tables import (
    Header,
    Table,
    by_sign,
    charged_and_discharged,
    count_cycles,
    cycle_numbers,
    header_at,
    number_steps,
    read_table,
)
from adapters.ktr.readers.text import Text
from domain.certification.errors import CyclerFileDamaged, CyclerFileTooLong, CyclerFormatUnknown
from domain.certification.model import CyclerFormat, StepKind

PARQUET = b"PAR1"

_Q = Quantity
_LAYOUT = Layout(
    words=(
        Word(r"test time second", "time", _Q.TIME, "s"),
        Word(r"test time|time", "time", _Q.TIME),
        Word(r"voltage volt", "voltage", _Q.VOLTAGE, "V"),
        Word(r"voltage", "voltage", _Q.VOLTAGE),
        Word(r"current ampere", "current", _Q.CURRENT, "A"),
        Word(r"current", "current", _Q.CURRENT),
        Word(r"cycle count|cycle", "cycle"),
        Word(r"step count", "step"),
        Word(r"step type", "kind", _Q.WORD),
        Word(r"step id|step index|step", "step_id"),
        Word(r"charging capacity ah", "charged", _Q.CHARGE, "Ah"),
        Word(r"charging capacity", "charged", _Q.CHARGE),
        Word(r"discharging capacity ah", "discharged", _Q.CHARGE, "Ah"),
        Word(r"discharging capacity", "discharged", _Q.CHARGE),
        Word(r"charging energy wh", "charged_wh", _Q.ENERGY, "Wh"),
        Word(r"charging energy", "charged_wh", _Q.ENERGY),
        Word(r"discharging energy wh", "discharged_wh", _Q.ENERGY, "Wh"),
        Word(r"discharging energy", "discharged_wh", _Q.ENERGY),
        Word(r"capacity", "net", _Q.CHARGE),
        Word(r"(?:surface temperature|temperature t\d) celsius", "temperature", _Q.TEMPERATURE, "C"),
        Word(r"surface temperature|temperature t\d|temperature", "temperature", _Q.TEMPERATURE),
    ),
    needed=(("time",), ("voltage",), ("current",)),
    marks=(),
)
_STYLE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+|.+\s/\s.+", re.IGNORECASE)
"""How the format writes a header: a key, or a label with its unit behind a slash."""


def recognises(text: Text) -> bool:
    """Say whether a text's first line is the format's header."""
    return _header(text) is not None


def _header(text: Text) -> Header | None:
    if not text.lines or "," not in text.lines[0]:
        return None
    cells = text.lines[0].split(",")
    styled = ",".join(cell if _STYLE.fullmatch(cell.strip().strip('"').lstrip("\ufeff")) else "" for cell in cells)
    return header_at(replace(text, lines=(styled,)), _LAYOUT, 0)


def read(text: Text) -> Series:
    """Read a BDF CSV, which is in UTF-8.

    Raises:
        CyclerFileDamaged: it is not, or a row does not keep to the header.
    """
    header = _header(text)
    if header is None:
        raise CyclerFileDamaged(place="row 1")
    if not text.encoding.startswith("utf-8") or "replacement" in text.encoding:
        raise CyclerFileDamaged(place="UTF-8")
    table = read_table(text, header, needed=("time", "voltage", "current"))
    return _series(table, CyclerFormat.BDF_CSV, "sunhwan bdf 1")


def _series(table: Table, kind: CyclerFormat, parser: str) -> Series:
    current = table.column("current")
    step, steps_said = _steps(table, current)
    recorded, cycles_said = count_cycles(table.first("cycle"))
    return Series(
        format=kind,
        parser=parser,
        time_s=table.column("time"),
        voltage_v=table.column("voltage"),
        current_a=current,
        step=step,
        temperatures_c=table.temperatures_c,
        kinds=_kinds(table),
        cycles_as_recorded=recorded,
        counter_ah=charged_and_discharged(table, "charged", "discharged") or _net(table),
        counter_wh=charged_and_discharged(table, "charged_wh", "discharged_wh"),
        numbers=table.rows,
        cycle=cycle_numbers(table.first("cycle")),
        said=(*table.said, *steps_said, *cycles_said),
    )


def _kinds(table: Table) -> tuple[StepKind | None, ...] | None:
    """Return what each row's step did, where the file says it in our words; another's words are left to the current."""
    words = table.words.get("kind")
    if not words or not set(words) <= {kind.value for kind in StepKind}:
        return None
    return tuple(StepKind(word) for word in words)


def _net(table: Table) -> Counter | None:
    return Counter(net=table.numbers["net"]) if "net" in table.numbers else None


def _steps(table: Table, current: Floats) -> tuple[Integers, tuple[Said, ...]]:
    """Number steps by `step_count`, else by changes of `step_id`, else by the sign of the current."""
    counted, named = table.first("step"), table.first("step_id")
    if counted is not None:
        if not bool(np.all(np.isfinite(counted))) or bool(np.any((counted < 0) | (counted > 1e9))):
            raise CyclerFileDamaged(place="step_count")
        return counted.astype(np.int64), ()
    if named is None:
        return by_sign(current)
    said = Said(
        code="steps-by-id",
        ko="단계 번호가 없어 변화 지점에서 단계를 나누었습니다.",
        en="The file numbers no steps; they were parted where the step id or the sign of the current changes.",
    )
    return number_steps((named,)), (said,) if len(named) else ()


# ── Parquet ───────────────────────────────────────────────────────────────────────────────────────


def read_parquet(content: bytes) -> Series:
    """Read a Parquet table of the format's columns, or of PyProBE's.

    Raises:
        CyclerFormatUnknown: it is a table of something else.
        CyclerFileDamaged: it cannot be read, or a value that is needed is missing.
        CyclerFileTooLong: it has more rows than are read.
    """
    import polars as pl

    try:
        names = list(pl.read_parquet_schema(io.BytesIO(content)))
        columns = columns_of(names, _LAYOUT, place="header")
        if columns is None:
            raise CyclerFormatUnknown(supported="BDF Parquet")
        lazy = pl.scan_parquet(io.BytesIO(content))
        rows = int(lazy.select(pl.len()).collect().item())
        if rows > ROWS_MAX:
            raise CyclerFileTooLong(what="rows", most=ROWS_MAX)
        said = [column for column in columns if column.quantity is Quantity.WORD]
        columns = tuple(column for column in columns if column.quantity is not Quantity.WORD)
        wanted = [column.header for column in columns]
        frame = lazy.select(pl.col(name).cast(pl.Float64, strict=False) for name in wanted).collect()
        arrays = [np.asarray(frame[name].to_numpy(), dtype=np.float64) for name in wanted]
        told = lazy.select(pl.col(one.header).cast(pl.String, strict=False) for one in said).collect()
        words = {one.name: tuple(word or "" for word in told[one.header]) for one in said}
    except (pl.exceptions.PolarsError, ValueError, TypeError, OSError, EOFError) as error:
        raise CyclerFileDamaged(place="Parquet") from error
    return _series(_table(columns, arrays, words), CyclerFormat.BDF_PARQUET, f"polars {pl.__version__}, sunhwan bdf 1")


def _table(columns: Sequence[Column], arrays: Sequence[Floats], words: Mapping[str, tuple[str, ...]]) -> Table:
    scaled = [
        (column, np.where(np.abs(array) < NUMBER_MAX, array, np.nan) * (column.factor or 1.0))
        for column, array in zip(columns, arrays, strict=True)
    ]
    return Table(
        numbers={column.name: array for column, array in reversed(scaled)},
        words=words,
        temperatures_c=tuple((column.header[:40], array) for column, array in scaled if column.name == "temperature"),
        rows=np.arange(1, len(scaled[0][1]) + 1, dtype=np.int64),
        said=(),
    )
