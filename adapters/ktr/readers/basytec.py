"""BaSyTec's text export: facts and the header in lines that begin with `~`, units in square brackets."""

from adapters.ktr.readers.columns import Layout, Quantity, Word
from adapters.ktr.readers.series import Series
from adapters.ktr.readers.tables import Made, charged_and_discharged, find_header, read_table, series
from adapters.ktr.readers.text import Text
from domain.certification.errors import CyclerFileDamaged
from domain.certification.model import CyclerFormat, StepKind

_Q = Quantity
_LAYOUT = Layout(
    words=(
        Word(r"dataset", "record"),
        Word(r"line", "line"),
        Word(r"command", "command", _Q.WORD),
        Word(r"count|cycle", "cycle"),
        Word(r"time", "time", _Q.TIME),
        Word(r"t-step", "step_time", _Q.TIME),
        Word(r"u", "voltage", _Q.VOLTAGE),
        Word(r"i", "current", _Q.CURRENT),
        Word(r"ah-cyc-charge", "charged", _Q.CHARGE, "Ah"),
        Word(r"ah-cyc-discharge", "discharged", _Q.CHARGE, "Ah"),
        Word(r"wh-cyc-charge", "charged_wh", _Q.ENERGY, "Wh"),
        Word(r"wh-cyc-discharge", "discharged_wh", _Q.ENERGY, "Wh"),
        Word(r"t\d+", "temperature", _Q.TEMPERATURE),
    ),
    needed=(("time",), ("voltage",), ("current",)),
    marks=("record", "line", "command"),
)
_RESTS = frozenset({"pause", "rest"})


def recognises(text: Text) -> bool:
    """Say whether a text is BaSyTec's export."""
    return find_header(text, _LAYOUT, last=300) is not None


def read(text: Text) -> Series:
    """Read BaSyTec's text.

    Raises:
        CyclerFileDamaged: a row does not keep to the header.
    """
    header = find_header(text, _LAYOUT, last=300)
    if header is None:
        raise CyclerFileDamaged(place="row 1")
    table = read_table(text, header, needed=("time", "voltage", "current"))
    commands = table.words.get("command")
    made = Made(
        format=CyclerFormat.BASYTEC,
        parser="sunhwan basytec 1",
        marks=("line",),
        counter_ah=charged_and_discharged(table, "charged", "discharged"),
        counter_wh=charged_and_discharged(table, "charged_wh", "discharged_wh"),
    )
    kinds = None
    if commands is not None:
        kinds = tuple(StepKind.REST if command.lower() in _RESTS else None for command in commands)
    return series(table, made, kinds=kinds)
