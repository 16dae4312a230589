"""The table of every format that is read: recognised by its content, never by its name."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from adapters.ktr.readers import (
    arbin,
    archives,
    basytec,
    bdf,
    biologic,
    impedance,
    maccor,
    nebula,
    neware_binary,
    neware_text,
    novonix,
    pec,
    spreadsheets,
)
from adapters.ktr.readers.record import record_of
from adapters.ktr.readers.series import Reading
from adapters.ktr.readers.text import Text, text_of
from domain.certification.errors import CyclerBinaryRefused, CyclerFileEmpty, CyclerFormatUnknown

SUPPORTED = (
    "Neware (.nda, .ndax, .csv), Arbin (.res, .csv), Maccor (.txt), PEC (.csv), BioLogic (.mpt, .txt), Novonix (.csv), "
    "BaSyTec (.txt), Battery Data Format (.bdf.csv, .parquet), Nebula (.xlsx), "
    "EIS (Gamry .DTA, BioLogic .mpt, ZPlot, CSV)"
)


@dataclass(frozen=True, slots=True)
class _Binary:
    """A format that its first bytes tell."""

    beginnings: tuple[bytes, ...]
    read: Callable[[bytes], Reading]


@dataclass(frozen=True, slots=True)
class _Export:
    """A format that the words of its text tell."""

    recognises: Callable[[Text], bool]
    read: Callable[[Text], Reading]


_BINARIES = (
    _Binary((neware_binary.NDA,), neware_binary.read_nda),
    _Binary(arbin.DATABASES, arbin.read_res),
    _Binary((bdf.PARQUET,), bdf.read_parquet),
)
_EXPORTS = (
    _Export(impedance.is_gamry, impedance.read_gamry),
    _Export(impedance.is_zplot, impedance.read_zplot),
    _Export(impedance.is_biologic, impedance.read_biologic),
    _Export(bdf.recognises, bdf.read),
    _Export(basytec.recognises, basytec.read),
    _Export(biologic.recognises, biologic.read),
    _Export(maccor.recognises, maccor.read),
    _Export(pec.recognises, pec.read),
    _Export(novonix.recognises, novonix.read),
    _Export(neware_text.recognises, neware_text.read),
    _Export(arbin.recognises, arbin.read),
    _Export(impedance.is_csv, impedance.read_csv),
)


def read_content(content: bytes) -> bytes:
    """Read a test file of any supported format and return the record as JSON.

    Raises:
        CyclerFileEmpty: the file has no bytes.
        CyclerFormatUnknown: it is of no supported format, whatever it is called.
        CyclerBinaryRefused: it is a maker's binary for which only the text export is read.
        CyclerToolMissing: the separate program that reads it is not installed.
        CyclerUnitUnknown: a needed column says no unit that is known.
        CyclerArchiveUnsafe: an archive's member leads outside it.
        CyclerSheetActive: a spreadsheet holds formulas.
        CyclerFileDamaged: it does not keep to its format.
        CyclerFileTooLong: it unpacks or reads to more than is accepted.
        CyclerFormatRefusedHere: this Python corrupts concurrent ZIP reads.
        ImpedanceFrequencyMissing: a spectrum without its frequencies.
    """
    reading = reading_of(content)
    return json.dumps(record_of(reading, hashlib.sha256(content).hexdigest())).encode()


def reading_of(content: bytes) -> Reading:
    """Read a test file of any supported format; raises as `read_content` does."""
    if not content:
        raise CyclerFileEmpty
    return _read(content, packed=True)


def _read(content: bytes, *, packed: bool) -> Reading:
    """Read bytes; `packed` says whether they may be an archive around one file."""
    if content.startswith(archives.ZIP):
        return _read_zip(content, packed=packed)
    if packed and content.startswith(archives.GZIP):
        return _read(archives.gunzipped(content), packed=False)
    if content.startswith(biologic.BINARY):
        raise CyclerBinaryRefused(kind="BioLogic .mpr", export=".mpt, .txt")
    for binary in _BINARIES:
        if content.startswith(binary.beginnings):
            return binary.read(content)
    text = text_of(content)
    if text is not None:
        for export in _EXPORTS:
            if export.recognises(text):
                return export.read(text)
    raise CyclerFormatUnknown(supported=SUPPORTED)


def _read_zip(content: bytes, *, packed: bool) -> Reading:
    members = archives.member_names(content)
    if neware_binary.NDAX_MEMBER in members:
        return neware_binary.read_ndax(content)
    if spreadsheets.sheet_names(members):
        return nebula.read(content, members)
    files = [name for name in members if not name.startswith("__MACOSX/")]
    if packed and len(files) == 1:
        return _read(archives.unzipped(content, files[0]), packed=False)
    raise CyclerFormatUnknown(supported=SUPPORTED)
