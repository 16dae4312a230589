"""BioLogic's text exports of EC-Lab and BT-Lab, `.mpt` and `.txt`; the header says how many lines it has."""

import re

from adapters.ktr.readers.columns import Layout, Quantity, Word
from adapters.ktr.readers.series import Series
from adapters.ktr.readers.tables import Header, Made, charged_and_discharged, find_header, header_at, read_table, series
from adapters.ktr.readers.text import Text
from domain.certification.errors import CyclerFileDamaged
from domain.certification.model import CyclerFormat

BINARY = b"BIO-LOGIC MODULAR FILE"

_Q = Quantity
_LAYOUT = Layout(
    words=(
        Word(r"mode", "mode"),
        Word(r"ns changes|ox/red|control changes|error", "flag"),
        Word(r"ns", "step"),
        Word(r"cycle number", "cycle"),
        Word(r"time", "time", _Q.TIME),
        Word(r"step time", "step_time", _Q.TIME),
        Word(r"ecell|<ecell>", "voltage", _Q.VOLTAGE),
        Word(r"ewe|<ewe>", "voltage_working", _Q.VOLTAGE),
        Word(r"i", "current", _Q.CURRENT),
        Word(r"<i>", "current_mean", _Q.CURRENT),
        Word(r"q charge", "charged", _Q.CHARGE),
        Word(r"q discharge", "discharged", _Q.CHARGE),
        Word(r"energy charge", "charged_wh", _Q.ENERGY),
        Word(r"energy discharge", "discharged_wh", _Q.ENERGY),
        Word(r"temperature", "temperature", _Q.TEMPERATURE),
    ),
    needed=(("time",), ("voltage", "voltage_working"), ("current", "current_mean")),
    marks=("mode", "flag", "step", "cycle", "charged"),
)


def recognises(text: Text) -> bool:
    """Say whether a text is BioLogic's export of a battery test."""
    return _header(text) is not None


def _header(text: Text) -> Header | None:
    for line in text.lines[:5]:
        found = re.match(r"Nb header lines\s*:\s*(\d{1,4})\b", line)
        if found and 0 < int(found.group(1)) <= len(text.lines):
            return header_at(text, _LAYOUT, int(found.group(1)) - 1)
    return find_header(text, _LAYOUT)


def read(text: Text) -> Series:
    """Read BioLogic's text.

    Raises:
        CyclerFileDamaged: a row does not keep to the header.
    """
    header = _header(text)
    if header is None:
        raise CyclerFileDamaged(place="row 1")
    voltage = "voltage" if "voltage" in header.names else "voltage_working"
    current = "current" if "current" in header.names else "current_mean"
    table = read_table(text, header, needed=("time", voltage, current))
    made = Made(
        format=CyclerFormat.BIOLOGIC,
        parser="sunhwan biologic 1",
        voltage=(voltage,),
        current=(current,),
        marks=("step", "cycle"),
        counter_ah=charged_and_discharged(table, "charged", "discharged"),
        counter_wh=charged_and_discharged(table, "charged_wh", "discharged_wh"),
    )
    return series(table, made)
