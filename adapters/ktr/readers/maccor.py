"""Maccor's text export: the current has no sign, which the state column gives (C, D, R, O ...)."""

from dataclasses import replace

import numpy as np

from adapters.ktr.readers.columns import Layout, Quantity, Word
from adapters.ktr.readers.series import Series
from adapters.ktr.readers.tables import Header, Made, Table, find_header, read_table, series, signed, unsigned
from adapters.ktr.readers.text import Text
from domain.certification.errors import CyclerFileDamaged
from domain.certification.model import CyclerFormat, StepKind

_Q = Quantity
_LAYOUT = Layout(
    words=(
        Word(r"rec#|rec|record", "record"),
        Word(r"cyc#|cyc|cycle|cycle [pc]|cycle#", "cycle"),
        Word(r"test ?time|test|prog ?time", "time", _Q.TIME, "clock"),
        Word(r"step ?time", "step_time", _Q.TIME, "clock"),
        Word(r"step", "step_time", _Q.TIME),
        Word(r"step|stp|step#", "step"),
        Word(r"amps|amp", "current", _Q.CURRENT, "A"),
        Word(r"mamps|mamp", "current", _Q.CURRENT, "mA"),
        Word(r"current", "current", _Q.CURRENT),
        Word(r"volts|volt", "voltage", _Q.VOLTAGE, "V"),
        Word(r"mvolts|mvolt", "voltage", _Q.VOLTAGE, "mV"),
        Word(r"voltage", "voltage", _Q.VOLTAGE),
        Word(r"amp-?hr|amp-?h|ah", "capacity", _Q.CHARGE, "Ah"),
        Word(r"mamp-?hr|mah", "capacity", _Q.CHARGE, "mAh"),
        Word(r"cap|capacity", "capacity", _Q.CHARGE),
        Word(r"watt-?hr|watt-?h|wh", "energy", _Q.ENERGY, "Wh"),
        Word(r"mwatt-?hr|mwh", "energy", _Q.ENERGY, "mWh"),
        Word(r"ener|energy", "energy", _Q.ENERGY),
        Word(r"state|md|mode", "state", _Q.WORD),
        Word(r"aux #?\d+|temp \d+|temperature", "temperature", _Q.TEMPERATURE, "C"),
    ),
    needed=(("time",), ("voltage",), ("current",), ("state",)),
    marks=("record",),
)
_DIRECTIONS = {"C": 1.0, "D": -1.0}


def recognises(text: Text) -> bool:
    """Say whether a text is Maccor's export."""
    return find_header(text, _LAYOUT, last=200) is not None


def read(text: Text) -> Series:
    """Read Maccor's text.

    Raises:
        CyclerFileDamaged: a row does not keep to the header.
    """
    header = find_header(text, _LAYOUT, last=200)
    if header is None:
        raise CyclerFileDamaged(place="row 1")
    header = _only_temperatures(text, header)
    table = read_table(text, header, needed=("time", "voltage", "current"))
    states = table.words["state"]
    direction = np.array([_DIRECTIONS.get(state[:1].upper(), 0.0) for state in states], dtype=np.float64)
    current, said = signed(table.column("current"), direction)
    made = Made(
        format=CyclerFormat.MACCOR,
        parser="sunhwan maccor 1",
        marks=("step", "cycle", "state"),
        counter_ah=unsigned(table, "capacity"),
        counter_wh=unsigned(table, "energy"),
    )
    return series(_with_states(table, states), made, current_a=current, kinds=_kinds(states), said=said)


def _with_states(table: Table, states: tuple[str, ...]) -> Table:
    order = {state: float(place) for place, state in enumerate(dict.fromkeys(states))}
    return replace(table, numbers={**table.numbers, "state": np.array([order[state] for state in states])})


def _kinds(states: tuple[str, ...]) -> tuple[StepKind | None, ...] | None:
    """Name rests by their state; what a charge or discharge was like, the current tells."""
    return tuple(StepKind.REST if state[:1].upper() == "R" else None for state in states)


def _only_temperatures(text: Text, header: Header) -> Header:
    """Drop the auxiliary columns whose `Units` cells say something else than degrees."""
    headers = [cell.strip().lower() for cell in text.lines[header.line].split(header.delimiter)]
    cells = text.lines[header.line + 1].split(header.delimiter) if header.line + 1 < len(text.lines) else []
    kept = [
        column
        for column in header.columns
        if column.quantity is not Quantity.TEMPERATURE
        or headers[column.index + 1 : column.index + 2] != ["units"]
        or (len(cells) > column.index + 1 and cells[column.index + 1].strip().upper().lstrip("°") == "C")
    ]
    return replace(header, columns=tuple(kept))
