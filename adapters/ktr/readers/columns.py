"""Which column is what: by the header's words and its unit, never by its place."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from adapters.ktr.readers.series import COLUMNS_MAX
from domain.certification.errors import CyclerFileDamaged, CyclerUnitUnknown


class Quantity(StrEnum):
    """What a column measures."""

    TIME = "time"
    VOLTAGE = "voltage"
    CURRENT = "current"
    CHARGE = "charge"
    ENERGY = "energy"
    TEMPERATURE = "temperature"
    FREQUENCY = "frequency"
    RESISTANCE = "resistance"
    NUMBER = "number"
    WORD = "word"


UNITS: Mapping[Quantity, Mapping[str, float]] = {
    Quantity.TIME: {
        **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
        **dict.fromkeys(("ms", "msec"), 1e-3),
        **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
        **dict.fromkeys(("d", "day", "days"), 86_400.0),
    },
    Quantity.VOLTAGE: {**dict.fromkeys(("v", "volt", "volts"), 1.0), "mv": 1e-3, "uv": 1e-6, "μv": 1e-6},
    Quantity.CURRENT: {**dict.fromkeys(("a", "amp", "amps", "ampere"), 1.0), "ma": 1e-3, "ua": 1e-6, "μa": 1e-6},
    Quantity.CHARGE: {
        "ah": 1.0,
        "mah": 1e-3,
        "uah": 1e-6,
        "μah": 1e-6,
        "as": 1 / 3600,
        "c": 1 / 3600,
        "mas": 1 / 3.6e6,
    },
    Quantity.ENERGY: {
        **{"wh": 1.0, "mwh": 1e-3, "kwh": 1e3, "uwh": 1e-6, "μwh": 1e-6},
        **{"ws": 1 / 3600, "j": 1 / 3600, "mws": 1 / 3.6e6},
    },
    Quantity.TEMPERATURE: dict.fromkeys(("c", "°c", "degc", "oc", "?", "?c", "\ufffdc", "â°c", "癈", "celsius"), 1.0),
    Quantity.FREQUENCY: {"hz": 1.0, "hertz": 1.0, "khz": 1e3},
    Quantity.RESISTANCE: {**dict.fromkeys(("ohm", "ohms", "ω"), 1.0), "kohm": 1e3, "kω": 1e3, "uohm": 1e-6, "μω": 1e-6},
}
_BY_CASE = {"mHz": 1e-3, "MHz": 1e6, "mOhm": 1e-3, "mohm": 1e-3, "mΩ": 1e-3, "MOhm": 1e6, "MΩ": 1e6}
"""Units whose prefix only its case tells apart."""

_BRACKETED = re.compile(r"(.*?)\s*[(\[{]([^()\[\]{}]*)[)\]}]")
_SLASHED = re.compile(r"(.*\S)\s*/\s*([^/]+)")


@dataclass(frozen=True, slots=True)
class Word:
    """What a header's word means: a pattern of the word, the column's name here, and what it measures.

    `unit` is what the vendor means where the header has none; "clock" stands for hours:minutes:seconds.
    """

    pattern: str
    name: str
    quantity: Quantity = Quantity.NUMBER
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that was understood. `factor` brings it to SI (hours for charge and energy); None reads a clock."""

    name: str
    header: str
    index: int
    quantity: Quantity
    factor: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A vendor's words. A header line is the vendor's when `needed` are all there and one of `marks` is."""

    words: tuple[Word, ...]
    needed: tuple[tuple[str, ...], ...]
    marks: tuple[str, ...]
    several: frozenset[str] = frozenset({"temperature"})


def parted(header: str) -> tuple[str, str | None]:
    """Part a header such as `Voltage (mV)`, `I/mA`, `U[V]` or `Test_Time(s)` into its word and its unit."""
    text = unicodedata.normalize("NFKC", header).strip().lstrip("\ufeff~").strip()
    found = _BRACKETED.fullmatch(text) or _SLASHED.fullmatch(text)
    word, unit = (found.group(1), found.group(2).strip()) if found else (text, None)
    return re.sub(r"[\s_]+", " ", word.replace(".", "")).strip().lower(), unit


def factor_of(quantity: Quantity, unit: str) -> float | None:
    """Return what a unit of a quantity is in ours; None for one that is not of this quantity."""
    if unit in _BY_CASE and quantity in (Quantity.FREQUENCY, Quantity.RESISTANCE):
        return _BY_CASE[unit]
    known = re.sub(r"[.·*\s]", "", unit.lower()).replace("µ", "μ")
    return UNITS.get(quantity, {}).get(known)


def columns_of(headers: Sequence[str], layout: Layout, *, place: str) -> tuple[Column, ...] | None:
    """Name a header line's columns; None when the line is not this vendor's.

    Raises:
        CyclerUnitUnknown: it is, and a needed column's unit is missing or unknown.
        CyclerFileDamaged: it is, and a needed column stands there twice.
    """
    understood: list[Column] = []
    strange: dict[str, tuple[str, str]] = {}
    for index, header in enumerate(headers[:COLUMNS_MAX]):
        word, unit = parted(header)
        for rule in layout.words:
            if re.fullmatch(rule.pattern, word) is None:
                continue
            column = _column(rule, header, index, unit)
            if column is not None:
                understood.append(column)
                break
            strange.setdefault(rule.name, (header.strip()[:60], (unit or "-")[:20]))
    names = [column.name for column in understood]
    marked = not layout.marks or bool(set(names) & set(layout.marks))
    met = [any(name in names or name in strange for name in choice) for choice in layout.needed]
    if not marked or not all(met):
        return None
    for choice in layout.needed:
        if not any(name in names for name in choice):
            header, unit = next(strange[name] for name in choice if name in strange)
            raise CyclerUnitUnknown(column=header, unit=unit)
        if any(names.count(name) > 1 for name in choice if name not in layout.several):
            raise CyclerFileDamaged(place=place)
    return tuple(_once(understood, layout.several))


def _column(rule: Word, header: str, index: int, unit: str | None) -> Column | None:
    if rule.quantity in (Quantity.NUMBER, Quantity.WORD):
        return Column(name=rule.name, header=header, index=index, quantity=rule.quantity, factor=1.0)
    said = unit if unit else rule.unit
    if said is None:
        return None
    if rule.quantity is Quantity.TIME and (said == "clock" or ":" in said):
        return Column(name=rule.name, header=header, index=index, quantity=rule.quantity, factor=None)
    factor = factor_of(rule.quantity, said)
    if factor is None:
        return None
    return Column(name=rule.name, header=header, index=index, quantity=rule.quantity, factor=factor)


def _once(columns: Iterable[Column], several: frozenset[str]) -> Iterable[Column]:
    seen: set[str] = set()
    for column in columns:
        if column.name in several or column.name not in seen:
            seen.add(column.name)
            yield column
