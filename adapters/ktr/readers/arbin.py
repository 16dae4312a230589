"""Arbin: its CSV export, and its `.res` database through mdb-export of the separate program mdbtools."""

import csv
import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from adapters.ktr.readers.columns import Layout, Quantity, Word, columns_of
from adapters.ktr.readers.series import ROWS_MAX, Cells, Floats, Said, Series
from adapters.ktr.readers.tables import (
    Header,
    Made,
    Table,
    charged_and_discharged,
    find_header,
    read_table,
    series,
    table_of,
)
from adapters.ktr.readers.text import Text
from domain.certification.errors import CyclerFileDamaged, CyclerFileTooLong, CyclerFormatUnknown, CyclerToolMissing
from domain.certification.model import CyclerFormat

DATABASES = (b"\x00\x01\x00\x00Standard Jet DB", b"\x00\x01\x00\x00Standard ACE DB")
_RECORDS = "Channel_Normal_Table"
_SENSORS = "Auxiliary_Table"
_EXPORT_S = 50
_VOLTAGE, _TEMPERATURE = 0, 1

_Q = Quantity
_WORDS = (
    Word(r"data ?point|record", "record"),
    Word(r"test id", "test"),
    Word(r"cycle index|cycle", "cycle"),
    Word(r"step index|step", "step"),
    Word(r"test time", "time", _Q.TIME),
    Word(r"step time", "step_time", _Q.TIME),
    Word(r"current", "current", _Q.CURRENT),
    Word(r"voltage", "voltage", _Q.VOLTAGE),
    Word(r"charge capacity", "charged", _Q.CHARGE),
    Word(r"discharge capacity", "discharged", _Q.CHARGE),
    Word(r"charge energy", "charged_wh", _Q.ENERGY),
    Word(r"discharge energy", "discharged_wh", _Q.ENERGY),
    Word(r"aux temperature \d+|temperature", "temperature", _Q.TEMPERATURE),
)
_CSV = Layout(
    words=_WORDS,
    needed=(("time",), ("voltage",), ("current",), ("step",), ("cycle",)),
    marks=("record", "charged", "discharged"),
)
_UNITS = {_Q.TIME: "s", _Q.CURRENT: "A", _Q.VOLTAGE: "V", _Q.CHARGE: "Ah", _Q.ENERGY: "Wh"}
"""A `.res` database keeps SI units (hours for charge and energy) in columns that do not say so."""
_DATABASE = Layout(
    words=tuple(Word(word.pattern, word.name, word.quantity, _UNITS.get(word.quantity)) for word in _WORDS),
    needed=(("test",), ("record",), ("time",), ("voltage",), ("current",), ("step",), ("cycle",)),
    marks=("record",),
)


def recognises(text: Text) -> bool:
    """Say whether a text is Arbin's export."""
    return find_header(text, _CSV, last=200) is not None


def read(text: Text) -> Series:
    """Read Arbin's CSV.

    Raises:
        CyclerFileDamaged: a row does not keep to the header.
    """
    header = find_header(text, _CSV, last=200)
    if header is None:
        raise CyclerFileDamaged(place="row 1")
    table = read_table(text, header, needed=("time", "voltage", "current"))
    return series(table, _made(table, CyclerFormat.ARBIN_CSV, "sunhwan arbin 1"))


def _made(table: Table, kind: CyclerFormat, parser: str) -> Made:
    return Made(
        format=kind,
        parser=parser,
        counter_ah=charged_and_discharged(table, "charged", "discharged"),
        counter_wh=charged_and_discharged(table, "charged_wh", "discharged_wh"),
    )


# ── the database ──────────────────────────────────────────────────────────────────────────────────


def read_res(content: bytes) -> Series:
    """Read an Arbin database: its records, and a module's cells and sensors where it has them.

    Raises:
        CyclerToolMissing: mdbtools is not installed.
        CyclerFormatUnknown: it is a database of something else.
        CyclerFileDamaged: it cannot be exported.
        CyclerFileTooLong: it holds more than one test.
    """
    program = shutil.which("mdb-export")
    if program is None:
        raise CyclerToolMissing(kind="Arbin .res", package="mdbtools")
    with TemporaryDirectory(prefix="sunhwan-arbin-") as folder:
        path = Path(folder) / "cycler.res"
        path.write_bytes(content)
        records = _export(program, path, _RECORDS)
        if records is None:
            raise CyclerFormatUnknown(supported="Arbin .res")
        sensors = _export(program, path, _SENSORS)
    table = _records(records)
    if len(np.unique(table.numbers["test"])) > 1:
        raise CyclerFileTooLong(what="tests", most=1)
    cells, temperatures = _module(sensors, table) if sensors else (None, ())
    read = series(table, _made(table, CyclerFormat.ARBIN_RES, "mdbtools, sunhwan arbin 1"), said=_cells_said(cells))
    return replace(read, cells=cells, temperatures_c=(*read.temperatures_c, *temperatures))


def _export(program: str, path: Path, table: str) -> str | None:
    """Return a table as CSV; None when the database has none of that name."""
    try:
        done = subprocess.run(  # noqa: S603  (an absolute path, no shell, our own file name)
            [program, str(path), table],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_EXPORT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CyclerFileDamaged(place="Access") from error
    if done.returncode < 0:
        raise CyclerFileDamaged(place="Access")
    text = done.stdout.decode("utf-8", errors="replace")
    return text if done.returncode == 0 and text.strip() else None


def _records(exported: str) -> Table:
    rows = csv.reader(io.StringIO(exported))
    headers = next(rows, [])
    columns = columns_of(headers, _DATABASE, place="Access")
    if columns is None:
        raise CyclerFileDamaged(place="Access")
    header = Header(line=0, delimiter=",", columns=columns, text="")
    at = next(column.index for column in columns if column.name == "record")
    try:
        ordered = sorted(rows, key=lambda cells: int(cells[at]))
    except (IndexError, ValueError, csv.Error) as error:
        raise CyclerFileDamaged(place="Access") from error
    return table_of(enumerate(ordered, start=1), header, needed=("time", "voltage", "current", "record"))


def _module(exported: str, table: Table) -> tuple[Cells | None, tuple[tuple[str, Floats], ...]]:
    """Line the sensors up with the records by the record's number."""
    place = {int(record): row for row, record in enumerate(table.numbers["record"])}
    channels: dict[tuple[int, int], Floats] = {}
    for record, channel, kind, value in _sensor_rows(exported):
        if record in place:
            column = channels.setdefault((kind, channel), np.full(len(table), np.nan))
            column[place[record]] = value
    volts = {channel: column for (kind, channel), column in sorted(channels.items()) if kind == _VOLTAGE}
    temperatures = tuple(
        (f"temperature {channel + 1}", column)
        for (kind, channel), column in sorted(channels.items())
        if kind == _TEMPERATURE
    )
    if len(volts) < 2:
        return None, temperatures
    matrix = np.stack(list(volts.values()))
    matrix = matrix[:, np.all(np.isfinite(matrix), axis=0)]
    if not matrix.shape[1]:
        return None, temperatures
    pack = table.column("voltage")[np.all(np.isfinite(np.stack(list(volts.values()))), axis=0)]
    names, means = list(volts), np.mean(matrix, axis=1)
    cells = Cells(
        voltage_channels=len(volts),
        temperature_channels=len(temperatures),
        spread_mv=(np.max(matrix, axis=0) - np.min(matrix, axis=0)) * 1000,
        weakest=names[int(np.argmin(means))],
        strongest=names[int(np.argmax(means))],
        sum_gap_mv=float(np.max(np.abs(np.sum(matrix, axis=0) - pack))) * 1000,
    )
    return cells, temperatures


def _sensor_rows(exported: str) -> Iterator[tuple[int, int, int, float]]:
    rows = csv.reader(io.StringIO(exported))
    headers = next(rows, [])
    try:
        at = [headers.index(name) for name in ("Data_Point", "Auxiliary_Index", "Data_Type", "X")]
        for count, cells in enumerate(rows):
            if count > 20 * ROWS_MAX:
                raise CyclerFileTooLong(what="sensor rows", most=20 * ROWS_MAX)
            yield int(cells[at[0]]), int(cells[at[1]]), int(cells[at[2]]), float(cells[at[3]])
    except (IndexError, ValueError, csv.Error) as error:
        raise CyclerFileDamaged(place="Access") from error


def _cells_said(cells: Cells | None) -> tuple[Said, ...]:
    if cells is None:
        return ()
    low, middle, high = (float(of(cells.spread_mv)) for of in (np.min, np.median, np.max))
    facts = f"{low:.1f}/{middle:.1f}/{high:.1f} mV"
    said = Said(
        code="module-channels",
        ko=f"셀 전압 {cells.voltage_channels}개, 온도 {cells.temperature_channels}개. 셀 편차 최소/중앙/최대 {facts}, "
        f"최저 {cells.weakest}번, 최고 {cells.strongest}번, 셀 합과 팩 전압의 차 {cells.sum_gap_mv:.1f} mV 이내.",
        en=f"{cells.voltage_channels} cell voltages, {cells.temperature_channels} temperatures; spread {facts}; "
        f"lowest cell {cells.weakest}, highest {cells.strongest}; the cells' sum is within {cells.sum_gap_mv:.1f} mV.",
    )
    return (said,)
