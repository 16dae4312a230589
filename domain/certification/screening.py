"""A fast screen: state of health from one pulse test by a ridge model of one cell type.

It orders the queue and decides nothing: its result is no measurement of the protocol, and the capacity
test is never left out for it. Fits are plain numerics, so this is in float; results are rounded.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeVar

from domain.certification.errors import (
    ScreenCellDiffers,
    ScreenMalformed,
    ScreenOutOfRange,
    ScreenPulseMissing,
    ScreenTableMixed,
    ScreenTableTooSmall,
)
from domain.certification.model import CellType, Chemistry, PulsedCell, PulseReading
from domain.certification.resistance import Pulse, PulseMethod

METHOD = "PB5-1C-50"
"""5 s of charge at 1C, at 50 % of the rated charge above empty (PulseBat)."""
FEATURES = ("r5s_mohm", "r0_mohm", "rest_v")
RIDGE = 0.001
COVERAGE_PERCENT = 90
CELLS_MIN = 12
_LEVEL_PERCENT = 50
_LEVEL_TOLERANCE = Decimal(3)
_RATE_TOLERANCE = Decimal("0.05")
_MARGIN = 0.01
"""Of a feature's span: the most extreme cell of the table, measured once more, is still inside."""
_CHEMISTRY = re.compile(rf"(?<![A-Za-z])({'|'.join(Chemistry)})(?![A-Za-z])", re.IGNORECASE)
_CAPACITY_AH = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s?Ah(?![A-Za-z])|(?<=_C_)(\d+(?:\.\d+)?)(?=_)")
"""Of a file's name: `21Ah`, and `C_21` as PulseBat's files have it."""
_CLIMB = (1, 2, 3, 4, 5)
"""The method's pulses at one level: 0.5C, 1C, 1.5C, 2C and 2.5C (PulseBat)."""
_RATED_SHARE_MAX = Decimal("1.15")
_FORMAT = "sunhwan-screen-1"
_LENGTH_MAX = 20_000

Row = tuple[float, ...]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A linear model on standardised features; percent of the rated capacity."""

    centre: Row
    scale: Row
    weights: Row
    offset: float

    def predict(self, row: Row) -> float:
        """Return the state of health that the features speak of; percent."""
        parts = zip(row, self.centre, self.scale, self.weights, strict=True)
        return self.offset + sum((value - centre) / scale * weight for value, centre, scale, weight in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenModel:
    """A fitted screen with what it was fitted on, how far it errs on cells it never saw, and where it may be used.

    Errors are leave-one-out, in points of state of health; `half_width_points` covers `COVERAGE_PERCENT`
    of unseen cells; `lowest` and `highest` are the features' extremes, beyond which it is silent.
    """

    cell_type: CellType
    method: str
    cells: int
    fit: Fit
    ridge: float
    lowest: Row
    highest: Row
    soh_lowest: float
    soh_highest: float
    error_mean_points: float
    error_max_points: float
    half_width_points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenedHealth:
    """What the screen guesses; percent, with its interval. It is no capacity, and replaces no capacity test."""

    soh_percent: Decimal
    low_percent: Decimal
    high_percent: Decimal
    coverage_percent: int = COVERAGE_PERCENT
    replaces_capacity_test: Literal[False] = False


def fit_screen(cells: Sequence[PulsedCell], *, ridge: float = RIDGE) -> ScreenModel:
    """Fit a screen on cells of one type, and try it on each with that cell left out.

    Raises:
        ScreenTableMixed: the cells are of more than one type.
        ScreenTableTooSmall: there are fewer than twelve, or a feature is the same in all.
    """
    if len(cells) < CELLS_MIN:
        raise ScreenTableTooSmall(cells=len(cells), cells_min=CELLS_MIN)
    types = {cell.cell_type for cell in cells}
    if len(types) > 1:
        raise ScreenTableMixed(types=len(types))
    rows = [cell.reading.row for cell in cells]
    health = [cell.soh_percent for cell in cells]
    columns = list(zip(*rows, strict=True))
    errors = sorted(
        abs(_fitted(_without(rows, at), _without(health, at), ridge).predict(rows[at]) - health[at])
        for at in range(len(cells))
    )
    # The rank that covers the share on one more cell than were seen (split conformal); never beyond the worst.
    rank = min(math.ceil(COVERAGE_PERCENT / 100 * (len(errors) + 1)), len(errors))
    return ScreenModel(
        cell_type=cells[0].cell_type,
        method=METHOD,
        cells=len(cells),
        fit=_fitted(rows, health, ridge),
        ridge=ridge,
        lowest=tuple(min(column) for column in columns),
        highest=tuple(max(column) for column in columns),
        soh_lowest=min(health),
        soh_highest=max(health),
        error_mean_points=sum(errors) / len(errors),
        error_max_points=errors[-1],
        half_width_points=errors[rank - 1],
    )


def _without(values: Sequence[Value], at: int) -> list[Value]:
    return [*values[:at], *values[at + 1 :]]


def _fitted(rows: Sequence[Row], health: Sequence[float], ridge: float) -> Fit:
    count = len(rows)
    columns = list(zip(*rows, strict=True))
    centre = tuple(sum(column) / count for column in columns)
    scale = tuple(
        math.sqrt(sum((value - middle) ** 2 for value in column) / count)
        for column, middle in zip(columns, centre, strict=True)
    )
    if min(scale) <= 0:
        raise ScreenTableTooSmall(cells=count, cells_min=CELLS_MIN)
    offset = sum(health) / count
    table = [tuple((v - c) / s for v, c, s in zip(row, centre, scale, strict=True)) for row in rows]
    size = len(centre)
    normal = [
        [sum(one[a] * one[b] for one in table) + (ridge if a == b else 0.0) for b in range(size)] for a in range(size)
    ]
    right = [sum(one[a] * (value - offset) for one, value in zip(table, health, strict=True)) for a in range(size)]
    return Fit(centre=centre, scale=scale, weights=tuple(solved(normal, right)), offset=offset)


def solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Solve a small system of linear equations by elimination with pivots.

    Raises:
        ValueError: it has no single solution.
    """
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for at in range(size):
        pivot = max(range(at, size), key=lambda row: abs(rows[row][at]))
        if rows[pivot][at] == 0:
            raise ValueError("the equations have no single solution")
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for below in range(at + 1, size):
            share = rows[below][at] / rows[at][at]
            rows[below] = [low - share * high for low, high in zip(rows[below], rows[at], strict=True)]
    found = [0.0] * size
    for at in range(size - 1, -1, -1):
        known = sum(rows[at][after] * found[after] for after in range(at + 1, size))
        found[at] = (rows[at][size] - known) / rows[at][at]
    return found


def is_table(content: bytes) -> bool:
    """Return whether bytes are a table of pulsed cells rather than one cell's test file: by its first column's name."""
    return content[:64].removeprefix(b"\xef\xbb\xbf").lstrip(b'"').startswith(b"File_Name")


def apply_screen(model: ScreenModel, reading: PulseReading, *, cell_type: CellType) -> ScreenedHealth:
    """Guess a cell's state of health; the interval covers nine of ten unseen cells of the type.

    Raises:
        ScreenCellDiffers: the cell is of another type.
        ScreenOutOfRange: a feature lies outside what the model was fitted on.
    """
    if cell_type != model.cell_type:
        raise _differs(model, str(cell_type), ko="표의 Mat·Qn 열", en="columns Mat and Qn of the table")
    for name, value, lowest, highest in zip(FEATURES, reading.row, model.lowest, model.highest, strict=True):
        margin = _MARGIN * (highest - lowest)
        if not lowest - margin <= value <= highest + margin:
            raise ScreenOutOfRange(feature=name, value=f"{value:.4f}", lowest=f"{lowest:.4f}", highest=f"{highest:.4f}")
    guess = model.fit.predict(reading.row)
    return ScreenedHealth(
        soh_percent=_percent(guess),
        low_percent=_percent(guess - model.half_width_points),
        high_percent=_percent(guess + model.half_width_points),
    )


def _percent(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal("0.01"))


def require_cell_type(model: ScreenModel, *, name: str, pulses: Sequence[Pulse], discharged_ah: Decimal | None) -> None:
    """Refuse a test file that tells that its cell is of another type than the model's; what tells nothing passes.

    A file's name may tell chemistry and rated capacity. Its 5 s pulses tell the rated capacity where they climb as the
    method's do; and no cell gives much more in one discharge than it is rated for.

    Args:
        model: the screen that is to be used.
        name: of the file, without its folder.
        pulses: every pulse of the file.
        discharged_ah: the most that one discharge of the file gave; Ah.

    Raises:
        ScreenCellDiffers: names the file's type as far as it is told, and by what.
    """
    rated = Decimal(model.cell_type.rated_capacity_mah) / 1000
    chemistries = {one.upper() for one in _CHEMISTRY.findall(name)}
    capacities = {Decimal(ah) for one in _CAPACITY_AH.findall(name) for ah in one if ah}
    other = chemistries and model.cell_type.chemistry.upper() not in chemistries
    if other or (capacities and rated not in capacities):
        told = [*sorted(chemistries), *(f"{one.normalize():f} Ah" for one in sorted(capacities))]
        raise _differs(model, " ".join(told), ko="파일 이름", en="by its name")
    climbed = _rated_by_pulses(pulses)
    if climbed is not None and abs(climbed / rated - 1) > _RATE_TOLERANCE:
        raise _differs(model, f"{climbed:.1f} Ah", ko="펄스 전류", en="by its pulses' currents")
    if discharged_ah is not None and discharged_ah > rated * _RATED_SHARE_MAX:
        raise _differs(model, f"{discharged_ah:.1f} Ah", ko="방전량", en="by what it discharged")


def _rated_by_pulses(pulses: Sequence[Pulse]) -> Decimal | None:
    """Return the capacity in Ah that the charge pulses are 0.5C to 2.5C of; None where they do not climb so."""
    currents = [abs(one.current_a) for one in pulses if one.method is PulseMethod.PB5 and not one.discharges]
    lowest = min(currents, default=Decimal(0))
    if lowest <= 0:
        return None
    steps = [(current / lowest, round(current / lowest)) for current in currents]
    is_regular = all(abs(step - whole) <= _RATE_TOLERANCE * step for step, whole in steps)
    return 2 * lowest if is_regular and {whole for _, whole in steps} == set(_CLIMB) else None


def _differs(model: ScreenModel, found: str, *, ko: str, en: str) -> ScreenCellDiffers:
    return ScreenCellDiffers(model=str(model.cell_type), found=found, told_by_ko=ko, told_by_en=en)


def reading_of(pulses: Sequence[Pulse], *, rated_capacity_ah: Decimal) -> PulseReading:
    """Return what the screen looks at in a test file's pulses at half the rated charge.

    The resistances are those of the 5 s charge pulse at 1C; the voltage is the one before the level's first
    5 s pulse, as the tables have it.

    Raises:
        ScreenPulseMissing: the file holds no such pulse.
    """
    level = [
        one
        for one in pulses
        if one.method is PulseMethod.PB5
        and one.rated_percent is not None
        and abs(one.rated_percent - _LEVEL_PERCENT) <= _LEVEL_TOLERANCE
    ]
    for one in level:
        at_1c = abs(one.rate_c(rated_capacity_ah) - 1) <= _RATE_TOLERANCE
        if at_1c and not one.discharges and one.first_sample_mohm is not None:
            return PulseReading(
                r5s_mohm=float(one.resistance_mohm),
                r0_mohm=float(one.first_sample_mohm),
                rest_v=float(level[0].rest_v),
            )
    raise ScreenPulseMissing(method=METHOD)


# ── the model's file ──


def screen_text(model: ScreenModel) -> str:
    """Spell a model as the JSON document that `screen_of` reads; numbers keep every digit."""
    return json.dumps(
        {
            "format": _FORMAT,
            "chemistry": model.cell_type.chemistry,
            "rated_capacity_mah": model.cell_type.rated_capacity_mah,
            "method": model.method,
            "cells": model.cells,
            "ridge": model.ridge,
            "features": list(FEATURES),
            "centre": list(model.fit.centre),
            "scale": list(model.fit.scale),
            "weights": list(model.fit.weights),
            "offset": model.fit.offset,
            "lowest": list(model.lowest),
            "highest": list(model.highest),
            "soh_lowest": model.soh_lowest,
            "soh_highest": model.soh_highest,
            "error_mean_points": model.error_mean_points,
            "error_max_points": model.error_max_points,
            "half_width_points": model.half_width_points,
            "coverage_percent": COVERAGE_PERCENT,
            "replaces_capacity_test": False,
        },
        indent=2,
    )


def screen_of(text: str) -> ScreenModel:
    """Read a model's file.

    Raises:
        ScreenMalformed: it is none, of another version, or of another method.
    """
    try:
        fields = json.loads(text) if len(text) <= _LENGTH_MAX else None
        if not isinstance(fields, dict) or fields["format"] != _FORMAT or fields["features"] != list(FEATURES):
            raise ScreenMalformed(place="format")
        if fields["method"] != METHOD or fields["coverage_percent"] != COVERAGE_PERCENT:
            raise ScreenMalformed(place="method")
        if not isinstance(fields["chemistry"], str):
            raise ScreenMalformed(place="chemistry")
        scale = _row(fields, "scale")
        if min(scale) <= 0:
            raise ScreenMalformed(place="scale")
        return ScreenModel(
            cell_type=CellType(chemistry=fields["chemistry"], rated_capacity_mah=_whole(fields, "rated_capacity_mah")),
            method=METHOD,
            cells=_whole(fields, "cells"),
            fit=Fit(
                centre=_row(fields, "centre"),
                scale=scale,
                weights=_row(fields, "weights"),
                offset=_number(fields["offset"], "offset"),
            ),
            ridge=_number(fields["ridge"], "ridge"),
            lowest=_row(fields, "lowest"),
            highest=_row(fields, "highest"),
            soh_lowest=_number(fields["soh_lowest"], "soh_lowest"),
            soh_highest=_number(fields["soh_highest"], "soh_highest"),
            error_mean_points=_number(fields["error_mean_points"], "error_mean_points"),
            error_max_points=_number(fields["error_max_points"], "error_max_points"),
            half_width_points=_number(fields["half_width_points"], "half_width_points"),
        )
    except KeyError as error:
        raise ScreenMalformed(place=str(error.args[0])) from error
    except (ValueError, RecursionError) as error:
        raise ScreenMalformed(place="JSON") from error


def _number(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ScreenMalformed(place=place)
    return float(value)


def _whole(fields: Mapping[str, object], place: str) -> int:
    value = fields[place]
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ScreenMalformed(place=place)
    return value


def _row(fields: Mapping[str, object], place: str) -> Row:
    values = fields[place]
    if not isinstance(values, list) or len(values) != len(FEATURES):
        raise ScreenMalformed(place=place)
    return tuple(_number(value, place) for value in values)
