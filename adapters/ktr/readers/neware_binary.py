"""Neware's own files, NDA and NDAX, through fastnda.

Importing `fastnda.ndax` replaces `zlib.decompress` process-wide, so only the child comes here.
"""

import struct
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from adapters.ktr.readers.neware_words import kind_of_word
from adapters.ktr.readers.series import ROWS_MAX, Counter, Floats, Said, Series
from adapters.ktr.readers.tables import cycle_numbers
from domain.certification.errors import CyclerFileDamaged, CyclerFileTooLong, CyclerFormatRefusedHere
from domain.certification.model import CyclerFormat, StepKind

NDA = b"NEWARE"
NDAX_MEMBER = "data.ndc"


def refuses_ndax(python: tuple[int, int, int]) -> bool:
    """Say whether a Python corrupts concurrent reads from one ZipFile (python/cpython#127847)."""
    return (3, 12, 0) <= python < (3, 12, 9) or (3, 13, 0) <= python < (3, 13, 2)


def read_ndax(content: bytes) -> Series:
    """Read an NDAX archive whose members are known to be harmless.

    Raises:
        CyclerFormatRefusedHere: this Python corrupts concurrent ZIP reads.
        CyclerFileDamaged: it does not keep to its format.
    """
    python = sys.version_info[:3]
    if refuses_ndax(python):
        raise CyclerFormatRefusedHere(python=".".join(str(part) for part in python))
    return _read(content, ending="ndax", kind=CyclerFormat.NEWARE_NDAX)


def read_nda(content: bytes) -> Series:
    """Read an NDA file.

    Raises:
        CyclerFileDamaged: it does not keep to its format.
    """
    return _read(content, ending="nda", kind=CyclerFormat.NEWARE_NDA)


def _read(content: bytes, *, ending: str, kind: CyclerFormat) -> Series:
    with TemporaryDirectory(prefix="sunhwan-neware-") as folder:
        path = Path(folder) / f"cycler.{ending}"  # the library goes by the name's ending
        path.write_bytes(content)
        return _series(path, kind)


def _series(path: Path, kind: CyclerFormat) -> Series:
    import fastnda
    import polars as pl

    place = "NDAX" if kind is CyclerFormat.NEWARE_NDAX else "NDA"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            table = fastnda.read(path, cycle_mode="raw")
        except (
            *(zipfile.BadZipFile, zlib.error, struct.error, pl.exceptions.PolarsError, EOFError, OSError),
            *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError),
        ) as error:
            raise CyclerFileDamaged(place=place) from error
    if table.height > ROWS_MAX:
        raise CyclerFileTooLong(what="rows", most=ROWS_MAX)
    said = []
    if any(type(one.message).__name__ == "UnverifiedFormatWarning" for one in caught):
        said.append(
            Said(
                code="format-unverified",
                ko=f"이 {place} 판은 판독기가 검증하지 않은 형식입니다.",
                en=f"The reader has not been verified on this {place} version.",
            )
        )
    kinds = _kinds(table["step_type"].cast(pl.String).to_list())
    cycles, recorded = _cycles(kinds), table["cycle_count"].n_unique()
    if cycles != recorded:
        said.append(
            Said(
                code="cycles-renumbered",
                ko=f"사이클은 방전 다음 충전에서 새로 셉니다: {cycles}. 장비 기록: {recorded}.",
                en=f"Cycles count at each charge after a discharge: {cycles}; the cycler's own count: {recorded}.",
            )
        )

    def column(name: str) -> Floats:
        return np.asarray(table[name].cast(pl.Float64).to_numpy(), dtype=np.float64)

    temperatures = sorted(
        name for name in table.columns if name.endswith("temperature_degC") and "setpoint" not in name
    )
    return Series(
        format=kind,
        parser=f"fastnda {fastnda.__version__}",
        time_s=column("total_time_s"),
        voltage_v=column("voltage_V"),
        current_a=column("current_mA") / 1000,
        temperatures_c=tuple((name, column(name)) for name in temperatures),
        step=table["step_count"].cast(pl.Int64).to_numpy().astype(np.int64),
        kinds=kinds,
        cycles=cycles,
        cycles_as_recorded=recorded,
        counter_ah=_counter(column("capacity_mAh") / 1000),
        counter_wh=_counter(column("energy_mWh") / 1000),
        cycle=cycle_numbers(column("cycle_count")),
        said=tuple(said),
    )


def _kinds(words: Sequence[str | None]) -> tuple[StepKind, ...]:
    """Name each row's step; a word means the same in all rows that have it."""
    known = {word: kind_of_word(str(word)) for word in set(words)}
    return tuple(known[word] for word in words)


def _cycles(kinds: Iterable[StepKind]) -> int:
    """Count cycles: the first, and one more at each charge that follows a discharge."""
    cycles, emptied = 0, False
    for kind, _ in groupby(kinds):
        cycles = max(cycles, 1)
        if kind.discharges:
            emptied = True
        elif kind.charges and emptied:
            cycles, emptied = cycles + 1, False
    return cycles


def _counter(signed: Floats) -> Counter:
    return Counter(charged=np.clip(signed, 0, None), discharged=np.clip(-signed, 0, None))
