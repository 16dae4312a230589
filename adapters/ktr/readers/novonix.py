"""Novonix's CSV: sections in brackets, the table under `[Data]`, times in hours as its header says."""

from adapters.ktr.readers.columns import Layout, Quantity, Word
from adapters.ktr.readers.series import Series
from adapters.ktr.readers.tables import Made, find_header, read_table, series, unsigned
from adapters.ktr.readers.text import Text
from domain.certification.errors import CyclerFileDamaged
from domain.certification.model import CyclerFormat

_Q = Quantity
_LAYOUT = Layout(
    words=(
        Word(r"cycle number", "cycle"),
        Word(r"step number", "step"),
        Word(r"step type", "kind"),
        Word(r"run time", "time", _Q.TIME),
        Word(r"step time", "step_time", _Q.TIME),
        Word(r"current", "current", _Q.CURRENT),
        Word(r"potential|voltage", "voltage", _Q.VOLTAGE),
        Word(r"capacity", "capacity", _Q.CHARGE),
        Word(r"energy", "energy", _Q.ENERGY),
        Word(r"temperature", "temperature", _Q.TEMPERATURE),
    ),
    needed=(("time",), ("voltage",), ("current",)),
    marks=("step", "kind", "cycle"),
)


def recognises(text: Text) -> bool:
    """Say whether a text is Novonix's export."""
    return find_header(text, _LAYOUT) is not None


def read(text: Text) -> Series:
    """Read Novonix's CSV.

    Raises:
        CyclerFileDamaged: a row does not keep to the header.
    """
    header = find_header(text, _LAYOUT)
    if header is None:
        raise CyclerFileDamaged(place="row 1")
    table = read_table(text, header, needed=("time", "voltage", "current"))
    made = Made(
        format=CyclerFormat.NOVONIX,
        parser="sunhwan novonix 1",
        marks=("step", "cycle", "kind"),
        counter_ah=unsigned(table, "capacity"),
        counter_wh=unsigned(table, "energy"),
    )
    return series(table, made)
