"""PEC's CSV: blocks of facts first, then one table whose step numbers recur in each cycle."""

from adapters.ktr.readers.columns import Layout, Quantity, Word
from adapters.ktr.readers.series import Series
from adapters.ktr.readers.tables import Made, charged_and_discharged, find_header, read_table, series
from adapters.ktr.readers.text import Text
from domain.certification.errors import CyclerFileDamaged
from domain.certification.model import CyclerFormat

_Q = Quantity
_LAYOUT = Layout(
    words=(
        Word(r"step", "step"),
        Word(r"cycle", "cycle"),
        Word(r"total time", "time", _Q.TIME),
        Word(r"step time", "step_time", _Q.TIME),
        Word(r"voltage", "voltage", _Q.VOLTAGE),
        Word(r"current", "current", _Q.CURRENT),
        Word(r"charge capacity", "charged", _Q.CHARGE),
        Word(r"discharge capacity", "discharged", _Q.CHARGE),
        Word(r"charge (?:capacity|energy)", "charged_wh", _Q.ENERGY),
        Word(r"discharge (?:capacity|energy)", "discharged_wh", _Q.ENERGY),
        Word(r"reason ?code", "reason"),
        Word(r"rack|shelf|load on time", "place", _Q.WORD),
        Word(r"cell surface temperature", "temperature", _Q.TEMPERATURE),
    ),
    needed=(("time",), ("voltage",), ("current",), ("step",)),
    marks=("reason", "place"),
)


def recognises(text: Text) -> bool:
    """Say whether a text is PEC's export."""
    return find_header(text, _LAYOUT) is not None


def read(text: Text) -> Series:
    """Read PEC's CSV.

    Raises:
        CyclerFileDamaged: a row does not keep to the header.
    """
    header = find_header(text, _LAYOUT)
    if header is None:
        raise CyclerFileDamaged(place="row 1")
    table = read_table(text, header, needed=("time", "voltage", "current"))
    made = Made(
        format=CyclerFormat.PEC,
        parser="sunhwan pec 1",
        marks=("step", "cycle"),
        counter_ah=charged_and_discharged(table, "charged", "discharged"),
        counter_wh=charged_and_discharged(table, "charged_wh", "discharged_wh"),
    )
    return series(table, made)
