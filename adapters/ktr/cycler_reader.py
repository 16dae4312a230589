"""The child's side of reading a cycler file: bytes of a known format in, one JSON record out.

Runs in a fresh interpreter only: importing `fastnda.ndax` replaces `zlib.decompress` process-wide.
Floats live here, between the file and the record; the record carries decimals as text.
"""

import csv
import hashlib
import io
import json
import math
import sys
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.certification.errors import (
    CyclerFileDamaged,
    CyclerFileEmpty,
    CyclerFileTooLong,
    CyclerFormatRefusedHere,
    CyclerFormatUnknown,
)
from domain.certification.model import CyclerFormat, StepKind

SUPPORTED = "Neware NDAX (.ndax), Battery Data Format CSV (.bdf.csv)"

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]

_MEMBERS_MAX = 100
_UNPACKED_BYTES_MAX = 512 * 1024 * 1024
_ROWS_MAX = 5_000_000
_STEPS_MAX = 20_000
_ROWS_LISTED = 20
_COLUMNS_MAX = 200
_PLACES = 6
_SPIKE_PER_HOUR = 20
_COUNTER_TOLERANCE = 0.01
_STEADY = 0.02

_NDAX_KINDS = {
    "Rest": StepKind.REST,
    "OCV": StepKind.REST,
    "Pause": StepKind.REST,
    "CC_Chg": StepKind.CC_CHARGE,
    "CV_Chg": StepKind.CV_CHARGE,
    "CCCV_Chg": StepKind.CCCV_CHARGE,
    "PCCCV_Chg": StepKind.CCCV_CHARGE,
    "CP_Chg": StepKind.CHARGE,
    "CR_Chg": StepKind.CHARGE,
    "CPCV_Chg": StepKind.CHARGE,
    "CRCV_Chg": StepKind.CHARGE,
    "CC_DChg": StepKind.CC_DISCHARGE,
    "CP_DChg": StepKind.DISCHARGE,
    "CR_DChg": StepKind.DISCHARGE,
    "CV_DChg": StepKind.DISCHARGE,
    "CCCV_DChg": StepKind.DISCHARGE,
    "CPCV_DChg": StepKind.DISCHARGE,
    "CRCV_DChg": StepKind.DISCHARGE,
}

_BDF_LABELS = {
    "test time / s": "test_time_second",
    "voltage / v": "voltage_volt",
    "current / a": "current_ampere",
    "cycle count / 1": "cycle_count",
    "step count / 1": "step_count",
    "step id": "step_id",
    "step id / 1": "step_id",
    "step index / 1": "step_id",
    "step_index": "step_id",
    "charging capacity / ah": "charging_capacity_ah",
    "discharging capacity / ah": "discharging_capacity_ah",
    "charging energy / wh": "charging_energy_wh",
    "discharging energy / wh": "discharging_energy_wh",
    "surface temperature / degc": "surface_temperature_celsius",
    "temperature t1 / degc": "temperature_t1_celsius",
}
_BDF_REQUIRED = ("test_time_second", "voltage_volt", "current_ampere")
_BDF_USED = frozenset(_BDF_REQUIRED) | frozenset(_BDF_LABELS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """One cell's columns, whoever made the cycler. Current is positive when it charges.

    `counter_*` are the cycler's own sums, signed; they may start anew in each step or run on.
    """

    format: CyclerFormat
    parser: str
    time_s: _Floats
    voltage_v: _Floats
    current_a: _Floats
    temperature_c: _Floats | None
    step: _Integers
    kinds: tuple[str, ...] | None
    cycles: int
    cycles_as_recorded: int | None
    counter_ah: _Floats | None
    counter_wh: _Floats | None
    counters_start_anew: bool
    said: tuple[tuple[str, str, str], ...] = ()


def read_cycler(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Read a cycler file of any supported format and return the record as JSON.

    Raises:
        CyclerFileEmpty: the file has no bytes.
        CyclerFormatUnknown: it is of no supported format, whatever it is called.
        CyclerFileDamaged: it does not keep to its format.
        CyclerFileTooLong: it unpacks or reads to more than is accepted.
        CyclerFormatRefusedHere: this Python corrupts concurrent ZIP reads.
    """
    content = path.read_bytes()
    if not content:
        raise CyclerFileEmpty
    series = _detected(path, content)
    return json.dumps(_record(series, hashlib.sha256(content).hexdigest())).encode()


def _detected(path: Path, content: bytes) -> _Series:
    if content.startswith(b"PK\x03\x04"):
        return _ndax(path, python=sys.version_info[:3])
    if b"\x00" not in content[:4096]:
        head = content[:65_536].splitlines()[:1]
        names = _bdf_names(head[0]) if head else ()
        if set(_BDF_REQUIRED) <= set(names):
            return _bdf(content)
    raise CyclerFormatUnknown(supported=SUPPORTED)


def refuses_ndax(python: tuple[int, int, int]) -> bool:
    """Say whether a Python corrupts concurrent reads from one ZipFile (python/cpython#127847)."""
    return (3, 12, 0) <= python < (3, 12, 9) or (3, 13, 0) <= python < (3, 13, 2)


def _ndax(path: Path, *, python: tuple[int, int, int]) -> _Series:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise CyclerFileDamaged(place="ZIP") from error
    if len(members) > _MEMBERS_MAX:
        raise CyclerFileTooLong(what="members", most=_MEMBERS_MAX)
    if sum(member.file_size for member in members) > _UNPACKED_BYTES_MAX:
        raise CyclerFileTooLong(what="unpacked bytes", most=_UNPACKED_BYTES_MAX)
    if "data.ndc" not in {member.filename for member in members}:
        raise CyclerFormatUnknown(supported=SUPPORTED)
    if refuses_ndax(python):
        raise CyclerFormatRefusedHere(python=".".join(str(part) for part in python))
    named = path.with_name("cycler.ndax")  # the library goes by the name's ending
    named.symlink_to(path)
    return _ndax_series(named)


def _ndax_series(path: Path) -> _Series:
    import fastnda
    import polars as pl

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            table = fastnda.read(path, cycle_mode="chg")
            own = fastnda.read(path, cycle_mode="raw")
        except (zipfile.BadZipFile, pl.exceptions.PolarsError, ValueError, KeyError, EOFError, OSError) as error:
            raise CyclerFileDamaged(place="NDAX") from error
    if table.height > _ROWS_MAX:
        raise CyclerFileTooLong(what="rows", most=_ROWS_MAX)
    said = []
    if any(type(one.message).__name__ == "UnverifiedFormatWarning" for one in caught):
        said.append(
            (
                "format-unverified",
                "이 NDAX 판은 판독기가 검증하지 않은 형식입니다.",
                "The reader has not been verified on this NDAX version.",
            )
        )
    cycles, recorded = table["cycle_count"].n_unique(), own["cycle_count"].n_unique()
    if cycles != recorded:
        said.append(
            (
                "cycles-renumbered",
                f"사이클은 방전 다음 충전에서 새로 셉니다: {cycles}. 장비 기록: {recorded}.",
                f"Cycles are counted at each charge after a discharge: {cycles}; the cycler's own count: {recorded}.",
            )
        )
    temperatures = sorted(
        name for name in table.columns if name.endswith("temperature_degC") and "setpoint" not in name
    )

    def column(name: str) -> _Floats:
        return np.asarray(table[name].cast(pl.Float64).to_numpy(), dtype=np.float64)

    return _Series(
        format=CyclerFormat.NEWARE_NDAX,
        parser=f"fastnda {fastnda.__version__}",
        time_s=column("total_time_s"),
        voltage_v=column("voltage_V"),
        current_a=column("current_mA") / 1000,
        temperature_c=np.max([column(name) for name in temperatures], axis=0) if temperatures else None,
        step=table["step_count"].cast(pl.Int64).to_numpy().astype(np.int64),
        kinds=tuple(str(kind) for kind in table["step_type"].to_list()),
        cycles=cycles,
        cycles_as_recorded=recorded,
        counter_ah=column("capacity_mAh") / 1000,
        counter_wh=column("energy_mWh") / 1000,
        counters_start_anew=True,
        said=tuple(said),
    )


def _bdf_names(line: bytes) -> tuple[str, ...]:
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ()
    if len(text) > 10_000:
        return ()
    fields = next(csv.reader([text]), [])
    lowered = [field.strip().lower() for field in fields][:_COLUMNS_MAX]
    return tuple(_BDF_LABELS.get(field, field) for field in lowered)


def _bdf(content: bytes) -> _Series:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CyclerFileDamaged(place="UTF-8") from error
    names = _bdf_names(content.splitlines()[0])
    used = {name: index for index, name in enumerate(names) if name in _BDF_USED}
    if len(used) != sum(name in _BDF_USED for name in names):
        raise CyclerFileDamaged(place="row 1")
    columns: dict[str, list[float]] = {name: [] for name in used}
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        next(reader)
        for number, fields in enumerate(reader, start=2):
            if not fields:
                continue
            if number > _ROWS_MAX:
                raise CyclerFileTooLong(what="rows", most=_ROWS_MAX)
            for name, index in used.items():
                columns[name].append(_finite(fields, index, number))
    except csv.Error as error:
        raise CyclerFileDamaged(place="CSV") from error
    table = {name: np.array(values, dtype=np.float64) for name, values in columns.items()}
    current = table["current_ampere"]
    step, said = _bdf_steps(table, current)
    recorded = len(np.unique(table["cycle_count"])) if "cycle_count" in table and len(current) else None
    temperature = table.get("surface_temperature_celsius", table.get("temperature_t1_celsius"))
    return _Series(
        format=CyclerFormat.BDF_CSV,
        parser="sunhwan bdf 1",
        time_s=table["test_time_second"],
        voltage_v=table["voltage_volt"],
        current_a=current,
        temperature_c=temperature,
        step=step,
        kinds=None,
        cycles=_cycles(current),
        cycles_as_recorded=recorded,
        counter_ah=_signed_counter(table, "charging_capacity_ah", "discharging_capacity_ah"),
        counter_wh=_signed_counter(table, "charging_energy_wh", "discharging_energy_wh"),
        counters_start_anew=False,
        said=said,
    )


def _finite(fields: Sequence[str], index: int, number: int) -> float:
    try:
        value = float(fields[index])
    except (IndexError, ValueError) as error:
        raise CyclerFileDamaged(place=f"row {number}") from error
    if not math.isfinite(value):
        raise CyclerFileDamaged(place=f"row {number}")
    return value


def _signed_counter(table: Mapping[str, _Floats], charged: str, discharged: str) -> _Floats | None:
    if charged not in table or discharged not in table:
        return None
    return table[charged] - table[discharged]


def _bdf_steps(table: Mapping[str, _Floats], current: _Floats) -> tuple[_Integers, tuple[tuple[str, str, str], ...]]:
    """Number steps by `step_count`, else by changes of `step_id`, else by the sign of the current."""
    if "step_count" in table:
        return table["step_count"].astype(np.int64), ()
    if "step_id" in table:
        marks, code = table["step_id"], "steps-by-id"
    else:
        marks, code = np.sign(np.where(np.abs(current) <= _rest_current(current), 0.0, current)), "steps-by-sign"
    if not len(marks):
        return np.zeros(0, dtype=np.int64), ()
    changes = np.concatenate(([1], (np.diff(marks) != 0).astype(np.int64)))
    said = (
        code,
        "단계 번호가 없어 변화 지점에서 단계를 나누었습니다.",
        "The file numbers no steps; they were parted where the step id or the sign of the current changes.",
    )
    return np.cumsum(changes).astype(np.int64), (said,)


def _rest_current(current: _Floats) -> float:
    """Below this a cycler's current is noise; A."""
    return max(1e-6, 1e-3 * float(np.max(np.abs(current)))) if len(current) else 0.0


def _cycles(current: _Floats) -> int:
    """Count cycles: the first, and one more at each charge that follows a discharge."""
    if not len(current):
        return 0
    signs = np.sign(np.where(np.abs(current) <= _rest_current(current), 0.0, current))
    moving = signs[signs != 0]
    return 1 + int(np.sum((moving[:-1] < 0) & (moving[1:] > 0)))


def _record(series: _Series, sha256: str) -> dict[str, object]:
    findings: list[dict[str, object]] = [{"code": code, "ko": ko, "en": en, "rows": []} for code, ko, en in series.said]
    rows = len(series.time_s)
    for column in (series.time_s, series.voltage_v, series.current_a):
        if len(column) and not bool(np.all(np.isfinite(column))):
            raise CyclerFileDamaged(place=f"row {int(np.argmin(np.isfinite(column))) + 1}")
    back = np.flatnonzero(np.diff(series.time_s) < 0) + 1
    if len(back):
        findings.append(
            _finding(
                "time-runs-back",
                "시간이 거꾸로 가는 행에서 적분을 끊었습니다.",
                "Time runs back; the integral is split there.",
                back,
            )
        )
    bounds = _bounds(series.step)
    if len(bounds) > _STEPS_MAX:
        raise CyclerFileTooLong(what="steps", most=_STEPS_MAX)
    sound = _sound(series, bounds)
    if not bool(np.all(sound)):
        findings.append(
            _finding(
                "current-spike",
                "비정상 전류 행을 극값과 용량에서 제외했습니다.",
                "Rows with an impossible current are kept out of extremes and capacity.",
                np.flatnonzero(~sound),
            )
        )
    steps = [_step(series, sound, first, last) for first, last in bounds]
    for step in steps:
        integral, counter = float(str(step["charge_ah"])), step["counter_ah"]
        if counter is not None and abs(integral - float(str(counter))) > _COUNTER_TOLERANCE * max(abs(integral), 0.01):
            findings.append(
                {
                    "code": "counter-disagrees",
                    "ko": f"{step['step']}단계의 적분 용량과 장비 계수기가 1 % 넘게 다릅니다.",
                    "en": f"In step {step['step']} the integral and the cycler's counter differ by more than 1 %.",
                    "rows": [],
                }
            )
    return {
        "format": series.format.value,
        "parser": series.parser,
        "sha256": sha256,
        "rows": rows,
        "voltage_v": _extremes(series.voltage_v[sound]),
        "current_a": _extremes(series.current_a[sound]),
        "temperature_c": None if series.temperature_c is None else _extremes(series.temperature_c[sound]),
        "hours": _text((series.time_s[-1] - series.time_s[0]) / 3600) if rows else "0",
        "cycles": series.cycles,
        "cycles_as_recorded": series.cycles_as_recorded,
        "steps": steps,
        "findings": findings[:1_000],
    }


def _finding(code: str, ko: str, en: str, rows: NDArray[np.int64]) -> dict[str, object]:
    return {"code": code, "ko": ko, "en": en, "rows": [int(row) + 1 for row in rows[:_ROWS_LISTED]]}


def _bounds(step: _Integers) -> list[tuple[int, int]]:
    """Return first and past-the-last row of each run of one step number."""
    if not len(step):
        return []
    starts = [0, *(int(at) + 1 for at in np.flatnonzero(np.diff(step)))]
    return list(zip(starts, [*starts[1:], len(step)], strict=True))


def _sound(series: _Series, bounds: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Mark the rows whose current a cell of this capacity could carry."""
    everything = np.ones(len(series.time_s), dtype=np.bool_)
    largest = max((abs(_integral(series, everything, first, last)[0]) for first, last in bounds), default=0.0)
    if largest <= 0:
        return everything
    calm = np.abs(series.current_a) <= _SPIKE_PER_HOUR * largest
    # A file of pulses alone moves hardly any charge; where many rows seem impossible, the guess is wrong.
    return calm if np.mean(~calm) < 0.001 else everything


def _integral(series: _Series, sound: NDArray[np.bool_], first: int, last: int) -> tuple[float, float]:
    """Return charge, Ah, and energy, Wh, of a step by trapezoid; time that runs back adds nothing."""
    rows = slice(first, last)
    keep = sound[rows]
    time_s, current, voltage = series.time_s[rows][keep], series.current_a[rows][keep], series.voltage_v[rows][keep]
    width_h = np.clip(np.diff(time_s), 0, None) / 3600
    power = current * voltage
    charge = float(np.sum((current[1:] + current[:-1]) / 2 * width_h))
    return charge, float(np.sum((power[1:] + power[:-1]) / 2 * width_h))


def _step(series: _Series, sound: NDArray[np.bool_], first: int, last: int) -> dict[str, object]:
    rows = slice(first, last)
    charge, energy = _integral(series, sound, first, last)
    current, voltage = series.current_a[rows], series.voltage_v[rows]
    if series.kinds is not None:
        kind = _NDAX_KINDS.get(series.kinds[first], StepKind.OTHER)
    else:
        kind = _kind(current, voltage, _rest_current(series.current_a))
    return {
        "step": int(series.step[first]),
        "kind": kind.value,
        "rows": last - first,
        "hours": _text((series.time_s[last - 1] - series.time_s[first]) / 3600),
        "median_current_a": _text(np.median(current)),
        "first_v": _text(voltage[0]),
        "last_v": _text(voltage[-1]),
        "charge_ah": _text(charge),
        "energy_wh": _text(energy),
        "counter_ah": _counter(series.counter_ah, first, last, series.counters_start_anew),
        "counter_wh": _counter(series.counter_wh, first, last, series.counters_start_anew),
    }


def _kind(current: _Floats, voltage: _Floats, rest: float) -> StepKind:
    """Name what a step did from its current and voltage alone."""
    middle = float(np.median(current))
    if abs(middle) <= rest:
        return StepKind.REST
    steady = float(np.mean(np.abs(current - middle) <= _STEADY * abs(middle)))
    if middle < 0:
        return StepKind.CC_DISCHARGE if steady >= 0.95 else StepKind.DISCHARGE
    if steady >= 0.95:
        return StepKind.CC_CHARGE
    held = float(np.mean(voltage >= np.max(voltage) - 0.005))
    if held >= 0.95:
        return StepKind.CV_CHARGE
    falls = current[-1] < 0.9 * float(np.max(current)) and voltage[-1] >= np.max(voltage) - 0.005
    return StepKind.CCCV_CHARGE if falls else StepKind.CHARGE


def _counter(column: _Floats | None, first: int, last: int, starts_anew: bool) -> str | None:
    if column is None:
        return None
    start = 0.0 if starts_anew else float(column[first])
    value = float(column[last - 1]) - start
    return _text(value) if math.isfinite(value) else None


def _extremes(column: _Floats) -> dict[str, str] | None:
    known = column[np.isfinite(column)]
    return {"lowest": _text(np.min(known)), "highest": _text(np.max(known))} if len(known) else None


def _text(value: float | np.floating) -> str:
    """Spell a number to six places, the same on every machine, never as minus zero."""
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-_PLACES))
    return format(rounded if rounded else Decimal(0), "f")
