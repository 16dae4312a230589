"""Impedance spectra: Gamry's DTA, BioLogic's text, ZPlot, and CSV with or without a header."""

import math
import re
from dataclasses import replace

import numpy as np

from adapters.ktr.readers.columns import Column, Layout, Quantity, Word, columns_of
from adapters.ktr.readers.series import Said, Spectrum
from adapters.ktr.readers.tables import Header, find_header, header_at, read_table
from adapters.ktr.readers.text import Text
from domain.certification.errors import CyclerFileDamaged, ImpedanceFrequencyMissing
from domain.certification.model import CyclerFormat

_Q = Quantity
_REAL = r"re\(z\)|zreal|z real|zre|z re|z'|re z|real|real impedance|z\(re\)|rs"
_NEGATIVE = r"-im\(z\)|-zimag|-z''|-zim|-im z|-z\"|-im|-imag"
_IMAGINARY = r"im\(z\)|zimag|z imag|zim|z im|z''|z\"|im z|imag|imaginary|imaginary impedance|z\(im\)"
_WORDS = (
    Word(r"freq|frequency|f", "frequency", _Q.FREQUENCY),
    Word(r"frequency hertz", "frequency", _Q.FREQUENCY, "Hz"),
    Word(_REAL, "real", _Q.RESISTANCE),
    Word(r"real impedance ohm", "real", _Q.RESISTANCE, "Ohm"),
    Word(_NEGATIVE, "negative", _Q.RESISTANCE),
    Word(_IMAGINARY, "imaginary", _Q.RESISTANCE),
    Word(r"imaginary impedance ohm", "imaginary", _Q.RESISTANCE, "Ohm"),
)
_SPECTRUM = Layout(
    words=_WORDS, needed=(("frequency",), ("real",), ("imaginary", "negative")), marks=(), several=frozenset()
)
_WITHOUT_FREQUENCY = Layout(words=_WORDS, needed=(("real",), ("imaginary", "negative")), marks=(), several=frozenset())
_ZPLOT = Layout(
    words=(
        Word(r"freq|frequency", "frequency", _Q.FREQUENCY, "Hz"),
        Word(r"z'\(a\)|z'", "real", _Q.NUMBER),
        Word(r"z''\(b\)|z''", "imaginary", _Q.NUMBER),
    ),
    needed=(("frequency",), ("real",), ("imaginary",)),
    marks=(),
    several=frozenset(),
)
_GAMRY = re.compile(r"ZCURVE\tTABLE", re.IGNORECASE)
_ROWS_MIN = 5
_DECADES_MIN = 10.0


def _line(text: Text, pattern: str, *, last: int = 5_000) -> int | None:
    found = re.compile(pattern, re.IGNORECASE)
    return next((at for at, line in enumerate(text.lines[:last]) if found.match(line)), None)


# ── Gamry ─────────────────────────────────────────────────────────────────────────────────────────


def is_gamry(text: Text) -> bool:
    """Say whether a text is Gamry's, with a spectrum."""
    return bool(text.lines) and text.lines[0].strip() == "EXPLAIN" and _line(text, _GAMRY.pattern) is not None


def read_gamry(text: Text) -> Spectrum:
    """Read the table `ZCURVE`: names in one line, their units in the next, every line indented.

    Raises:
        CyclerFileDamaged: the table does not keep to this.
    """
    at = _line(text, _GAMRY.pattern)
    if at is None or at + 2 >= len(text.lines):
        raise CyclerFileDamaged(place="ZCURVE")
    names, units = text.lines[at + 1].split("\t"), text.lines[at + 2].split("\t")
    joined = [f"{name} ({unit})" if name else "" for name, unit in zip(names, units, strict=False)]
    columns = columns_of(joined, _SPECTRUM, place=f"row {at + 2}")
    if columns is None:
        raise CyclerFileDamaged(place=f"row {at + 2}")
    past = at + 3
    while past < len(text.lines) and text.lines[past].startswith("\t"):
        past += 1
    header = Header(line=at + 2, delimiter="\t", columns=columns, text="")
    return _spectrum(text, header, CyclerFormat.EIS_GAMRY, lines=range(at + 3, past))


# ── BioLogic ──────────────────────────────────────────────────────────────────────────────────────


def is_biologic(text: Text) -> bool:
    """Say whether a text is BioLogic's, with a spectrum."""
    return _biologic(text) is not None


def _biologic(text: Text) -> Header | None:
    if not any(re.match(r"(EC|BT)-Lab ASCII FILE|Nb header lines", line) for line in text.lines[:3]):
        return None
    for line in text.lines[:5]:
        found = re.match(r"Nb header lines\s*:\s*(\d{1,4})\b", line)
        if found and 0 < int(found.group(1)) <= len(text.lines):
            return header_at(text, _SPECTRUM, int(found.group(1)) - 1)
    return find_header(text, _SPECTRUM)


def read_biologic(text: Text) -> Spectrum:
    """Read BioLogic's text; it writes minus Im Z, as its header says.

    Raises:
        CyclerFileDamaged: a row does not keep to the header.
    """
    header = _biologic(text)
    if header is None:
        raise CyclerFileDamaged(place="row 1")
    return _spectrum(text, header, CyclerFormat.EIS_BIOLOGIC)


# ── ZPlot ─────────────────────────────────────────────────────────────────────────────────────────


def is_zplot(text: Text) -> bool:
    """Say whether a text is ZPlot's."""
    return bool(text.lines) and text.lines[0].upper().startswith(("ZPLOT", '"ZPLOT', "Z60W"))


def read_zplot(text: Text) -> Spectrum:
    """Read ZPlot's text: the header is the last comment that names the columns; Z' and Z'' are in ohm.

    Raises:
        CyclerFileDamaged: there is no header, or a row does not keep to it.
    """
    end = _line(text, r'\s*"?end comments"?\s*$')
    if end is None:
        raise CyclerFileDamaged(place="End Comments")
    for line in range(end, max(end - 20, -1), -1):
        names = _split(text.lines[line])
        columns = columns_of(names, _ZPLOT, place=f"row {line + 1}")
        if columns is not None:
            rows = [number for number in range(end + 1, len(text.lines)) if text.lines[number].strip()]
            tabbed = replace(text, lines=tuple("\t".join(_split(one)) for one in text.lines))
            header = Header(line=line, delimiter="\t", columns=columns, text="")
            return _spectrum(tabbed, header, CyclerFormat.EIS_ZPLOT, lines=rows)
    raise CyclerFileDamaged(place="End Comments")


def _split(line: str) -> list[str]:
    return [cell for cell in re.split(r"[\t,]+|\s{2,}", line.strip().strip('"')) if cell] or [""]


# ── CSV ───────────────────────────────────────────────────────────────────────────────────────────


def is_csv(text: Text) -> bool:
    """Say whether a text is a table of a spectrum: by its header, or three columns in the usual order."""
    return find_header(text, _WITHOUT_FREQUENCY, last=100) is not None or _bare(text)


def _bare(text: Text) -> bool:
    """Say whether every line is three numbers whose first runs one way over a decade and more."""
    if len(text.lines) < _ROWS_MIN:
        return False
    first: list[float] = []
    for line in text.lines[:20_000]:
        cells = re.split(r"[,;\t]", line)
        if not line.strip():
            continue
        try:
            values = [float(cell) for cell in cells]
        except ValueError:
            return False
        if len(values) != 3 or not all(math.isfinite(value) for value in values) or values[0] <= 0:
            return False
        first.append(values[0])
    if len(first) < _ROWS_MIN:
        return False
    steps = np.diff(np.array(first))
    one_way = bool(np.all(steps > 0)) or bool(np.all(steps < 0))
    return one_way and max(first) / min(first) >= _DECADES_MIN


def read_csv(text: Text) -> Spectrum:
    """Read a CSV spectrum.

    Raises:
        ImpedanceFrequencyMissing: it has real and imaginary parts and no frequency.
        CyclerFileDamaged: a row does not keep to the header.
    """
    header = find_header(text, _SPECTRUM, last=100)
    if header is not None:
        return _spectrum(text, header, CyclerFormat.EIS_CSV)
    if find_header(text, _WITHOUT_FREQUENCY, last=100) is not None:
        raise ImpedanceFrequencyMissing
    delimiter = next((one for one in "\t;," if one in text.lines[0]), ",")
    columns = tuple(
        Column(name=name, header=name, index=index, quantity=quantity, factor=1.0)
        for index, (name, quantity) in enumerate(
            (("frequency", _Q.FREQUENCY), ("real", _Q.RESISTANCE), ("imaginary", _Q.RESISTANCE))
        )
    )
    bare = _spectrum(text, Header(line=-1, delimiter=delimiter, columns=columns, text=""), CyclerFormat.EIS_CSV)
    said = Said(
        code="columns-by-order",
        ko="머리글이 없어 열을 관례대로 주파수(Hz), 실수부(Ω), 허수부(Ω)로 읽었습니다.",
        en="There is no header; the columns were read in the customary order: frequency (Hz), real and imaginary (Ω).",
    )
    return replace(bare, said=(*bare.said, said))


def _spectrum(text: Text, header: Header, kind: CyclerFormat, *, lines: range | list[int] | None = None) -> Spectrum:
    imaginary = "imaginary" if "imaginary" in header.names else "negative"
    table = read_table(text, header, needed=("frequency", "real", imaginary), lines=lines)
    frequency = table.column("frequency")
    if bool(np.any(frequency <= 0)):
        raise CyclerFileDamaged(place=f"row {int(np.argmax(frequency <= 0)) + 1}")
    sign = 1.0 if imaginary == "imaginary" else -1.0
    return Spectrum(
        format=kind,
        parser="sunhwan impedance 1",
        frequency_hz=frequency,
        real_ohm=table.column("real"),
        imaginary_ohm=sign * table.column(imaginary),
        said=table.said,
    )
