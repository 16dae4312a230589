"""Reads tables of pulsed cells with a known capacity (PulseBat's layout), each in a child process of its own."""

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path

from adapters.sandbox.runner import MEBIBYTE, Limits, run_in_child
from domain.certification.errors import ScreenMalformed
from domain.certification.model import CellType, PulsedCell, PulseReading
from domain.shared.untrusted import FileBroke

LIMITS = Limits(input_bytes=16 * MEBIBYTE, output_bytes=16 * MEBIBYTE, timeout_s=20, cpu_s=20)
CELLS_MAX = 20_000
_LEVEL = 50.0
_WIDTH_S = 5.0
_NEEDED = ("Mat", "ID", "Qn", "SOH", "Pt", "SOC", "U1", "U9", "U10", "U11")
_NUMBERS = ("Qn", "SOH", "Pt", "SOC", "U1", "U9", "U10", "U11")


class KtrPulseTables:
    """The port `PulseTables` over a sandboxed reader."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits

    async def read(self, content: bytes) -> tuple[PulsedCell, ...]:
        """Read the cells of a table, each at half the rated charge.

        Raises:
            FileRefused: the table does not keep to its layout; the code and the row say why.
            FileTooLarge: more than 16 MiB.
            FileTookTooLong: not read in time.
            FileBroke: the reader crashed or met a limit.
        """
        said = await run_in_child("adapters.ktr.pulse_tables:read_table", content, limits=self._limits, arguments={})
        try:
            return tuple(_cell_of(fields) for fields in json.loads(said))
        except (ValueError, KeyError, TypeError) as error:
            raise FileBroke from error


def _cell_of(fields: Mapping[str, str | int | float]) -> PulsedCell:
    return PulsedCell(
        unit=str(fields["unit"]),
        cell_type=CellType(chemistry=str(fields["chemistry"]), rated_capacity_mah=int(fields["rated_capacity_mah"])),
        reading=PulseReading(
            r5s_mohm=float(fields["r5s_mohm"]), r0_mohm=float(fields["r0_mohm"]), rest_v=float(fields["rest_v"])
        ),
        soh_percent=float(fields["soh_percent"]),
    )


def read_table(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Read a table in the child and return its cells as JSON; raises as `cells_of` does."""
    return json.dumps(cells_of(path.read_bytes())).encode()


def cells_of(content: bytes) -> list[dict[str, object]]:
    """Return the cells of a table: one row a cell and level, of which half the rated charge counts.

    Raises:
        ScreenMalformed: a column is missing, a value is no number or impossible, or a cell stands twice.
    """
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
        if missing:
            raise ScreenMalformed(place=", ".join(missing))
        found: dict[str, dict[str, object]] = {}
        for line, row in enumerate(rows, start=2):
            cell = _cell(row, line)
            if cell is None:
                continue
            if str(cell["unit"]) in found or len(found) == CELLS_MAX:
                raise ScreenMalformed(place=f"row {line}: ID")
            found[str(cell["unit"])] = cell
        return list(found.values())
    except (UnicodeDecodeError, csv.Error) as error:
        raise ScreenMalformed(place="CSV") from error


def _cell(row: Mapping[str, str | None], line: int) -> dict[str, object] | None:
    values = {name: _number(row[name], f"row {line}: {name}") for name in _NUMBERS}
    if values["SOC"] != _LEVEL:
        return None
    rated, health, unit, chemistry = values["Qn"], values["SOH"], row["ID"], row["Mat"]
    if not 0 < rated < 10_000 or not 0 < health < 2 or values["Pt"] != _WIDTH_S or not unit or not chemistry:
        raise ScreenMalformed(place=f"row {line}: Qn, SOH, Pt, ID, Mat")
    return {
        "unit": unit[:200],
        "chemistry": chemistry[:20],
        "rated_capacity_mah": round(rated * 1000),
        # The current is 1C, so dividing by the rated capacity in Ah gives ohm.
        "r5s_mohm": (values["U11"] - values["U9"]) / rated * 1000,
        "r0_mohm": (values["U10"] - values["U9"]) / rated * 1000,
        "rest_v": values["U1"],
        "soh_percent": health * 100,
    }


def _number(text: str | None, place: str) -> float:
    try:
        value = float(text or "")
    except ValueError as error:
        raise ScreenMalformed(place=place) from error
    if not math.isfinite(value) or abs(value) > 1e6:
        raise ScreenMalformed(place=place)
    return value
