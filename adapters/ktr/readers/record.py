"""From a reading to the record: steps, extremes, findings; decimals as text, the same on every machine."""

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from adapters.ktr.readers.series import (
    NUMBER_MAX,
    ROWS_MAX,
    STEPS_MAX,
    Counter,
    Floats,
    Integers,
    Reading,
    Said,
    Series,
    Spectrum,
    StepLayer,
    listed,
)
from adapters.ktr.readers.tables import directions, rest_current
from domain.certification.errors import CyclerFileDamaged, CyclerFileTooLong
from domain.certification.model import StepKind

_PLACES = 6
_PLACES_MAX = 12
_SPIKE_PER_HOUR = 20
_SPIKES_SHARE_MAX = 0.001
_COUNTER_TOLERANCE = 0.01
_COUNTER_NOISE = 1e-4
_STEADY = 0.02
_SENSOR_C = (-60.0, 200.0)
_FINDINGS_MAX = 1_000
_CURVE_H_MIN = 5.0
_CURVE_GRID_MV = 5
_CURVE_POINTS = (20, 1_500)
_CURVES_MAX = 8
_CURVE_V_MAX = 2_000.0
_CURVE_AH_MAX = 1e6
_REST_H = (24.0, 168.0)
_RESTS_MAX = 20
_ACR_HZ = 1_000.0

_Marks = NDArray[np.bool_]


def record_of(reading: Reading, sha256: str) -> dict[str, object]:
    """Return a reading's record as `domain.certification.spelling` reads it.

    Raises:
        CyclerFileDamaged: a value that every row needs is no number.
        CyclerFileTooLong: there are more rows or steps than are kept.
    """
    match reading:
        case Series():
            record = _of_series(reading)
        case StepLayer():
            record = _of_steps(reading)
        case Spectrum():
            record = _of_spectrum(reading)
    return {"format": reading.format.value, "parser": reading.parser, "sha256": sha256, **record}


# ── rows ──────────────────────────────────────────────────────────────────────────────────────────


def _require_numbers(column: Floats) -> None:
    """Refuse a column with a number that is none, or so great that reckoning with it gives none."""
    fine = np.abs(column) < NUMBER_MAX
    if not bool(np.all(fine)):
        raise CyclerFileDamaged(place=f"row {int(np.argmin(fine)) + 1}")


def _of_series(series: Series) -> dict[str, object]:
    rows = len(series.time_s)
    if rows > ROWS_MAX:
        raise CyclerFileTooLong(what="rows", most=ROWS_MAX)
    for column in (series.time_s, series.voltage_v, series.current_a):
        _require_numbers(column)
    numbers = np.arange(1, rows + 1, dtype=np.int64) if series.numbers is None else series.numbers
    bounds = step_bounds(series.step)
    if len(bounds) > STEPS_MAX:
        raise CyclerFileTooLong(what="steps", most=STEPS_MAX)
    sound = _sound(series, bounds)
    noise_a = rest_current(series.current_a)
    steps = [_step(series, sound, noise_a, first, last) for first, last in bounds]
    temperature, sensors_said = _temperature(series)
    said = [*series.said, *_time_said(series, numbers), *_spikes_said(sound, numbers), *sensors_said]
    said += _counter_said(steps)
    return {
        "rows": rows,
        "voltage_v": _extremes(series.voltage_v[sound]),
        "current_a": _extremes(series.current_a[sound]),
        "temperature_c": temperature,
        "hours": _text((series.time_s[-1] - series.time_s[0]) / 3600) if rows else "0",
        "cycles": turns(series.current_a) if series.cycles is None else series.cycles,
        "cycles_as_recorded": series.cycles_as_recorded,
        "steps": steps,
        "findings": _findings(said),
        **_cells(series),
        **_curves(series, sound, bounds, steps),
        **_long_rests(series, bounds, steps),
    }


def turns(current_a: Floats) -> int:
    """Count cycles by the current: the first, and one more at each charge that follows a discharge."""
    if not len(current_a):
        return 0
    signs = directions(current_a)
    moving = signs[signs != 0]
    return 1 + int(np.sum((moving[:-1] < 0) & (moving[1:] > 0)))


def _time_said(series: Series, numbers: Integers) -> tuple[Said, ...]:
    back = np.flatnonzero(np.diff(series.time_s) < 0) + 1
    if not len(back):
        return ()
    said = Said(
        code="time-runs-back",
        ko="시간이 거꾸로 가는 행에서 적분을 끊었습니다.",
        en="Time runs back; the integral is split there.",
        rows=listed(numbers[back]),
    )
    return (said,)


def _spikes_said(sound: _Marks, numbers: Integers) -> tuple[Said, ...]:
    if bool(np.all(sound)):
        return ()
    said = Said(
        code="current-spike",
        ko="비정상 전류 행을 극값과 용량에서 제외했습니다.",
        en="Rows with an impossible current are kept out of extremes and capacity.",
        rows=listed(numbers[~sound]),
    )
    return (said,)


def _counter_said(steps: Sequence[dict[str, object]]) -> tuple[Said, ...]:
    known = [(one["step"], _number(one["charge_ah"]), _number(one["counter_ah"])) for one in steps]
    pairs = [(step, ours, theirs) for step, ours, theirs in known if ours is not None and theirs is not None]
    largest = max((max(abs(ours), abs(theirs)) for _, ours, theirs in pairs), default=0.0)
    apart = [
        step
        for step, ours, theirs in pairs
        if abs(ours - theirs) > max(_COUNTER_TOLERANCE * max(abs(ours), abs(theirs)), _COUNTER_NOISE * largest)
    ]
    if not apart:
        return ()
    named = ", ".join(str(step) for step in apart[:20]) + (" …" if len(apart) > 20 else "")
    said = Said(
        code="counter-disagrees",
        ko=f"{named}단계의 적분 용량과 장비 계수기가 1 % 넘게 다릅니다. 장비 계수기를 씁니다.",
        en=f"In step {named} the integral and the cycler's counter differ by more than 1 %; the counter counts.",
    )
    return (said,)


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _temperature(series: Series) -> tuple[dict[str, str] | None, tuple[Said, ...]]:
    """Return the extremes of the sensors that can be believed, and name those that cannot."""
    lowest, highest = _SENSOR_C
    believed: list[Floats] = []
    strange: list[str] = []
    for name, column in series.temperatures_c:
        known = column[np.isfinite(column)]
        if not len(known):
            continue
        plain = known[(known >= lowest) & (known <= highest)]
        if len(plain) < len(known):
            strange.append(name)
        believed.append(plain)
    said = Said(
        code="sensor-implausible",
        ko=f"믿을 수 없는 온도 값을 제외했습니다: {', '.join(strange[:20])}",
        en=f"Temperatures that cannot be were left out: {', '.join(strange[:20])}",
    )
    values = np.concatenate(believed) if believed else np.zeros(0)
    return _extremes(values), (said,) if strange else ()


def _cells(series: Series) -> dict[str, object]:
    cells = series.cells
    if cells is None:
        return {}
    spread = cells.spread_mv
    return {
        "cells": {
            "voltage_channels": cells.voltage_channels,
            "temperature_channels": cells.temperature_channels,
            "spread_mv_lowest": _text(np.min(spread)),
            "spread_mv_median": _text(np.median(spread)),
            "spread_mv_highest": _text(np.max(spread)),
            "weakest": cells.weakest,
            "strongest": cells.strongest,
            "sum_gap_mv": _text(cells.sum_gap_mv),
        }
    }


def _curves(
    series: Series, sound: _Marks, bounds: Sequence[tuple[int, int]], steps: Sequence[dict[str, object]]
) -> dict[str, object]:
    """Return the charge over voltage of the slow constant-current steps; faster ones say nothing about phases."""
    found: list[dict[str, object]] = []
    for (first, last), step in zip(bounds, steps, strict=True):
        if step["kind"] not in (StepKind.CC_CHARGE.value, StepKind.CC_DISCHARGE.value) or len(found) == _CURVES_MAX:
            continue
        rows = slice(first, last)
        keep = sound[rows]
        time_h, current = series.time_s[rows][keep] / 3600, series.current_a[rows][keep]
        if len(time_h) < 2 or time_h[-1] - time_h[0] < _CURVE_H_MIN:
            continue
        width = np.clip(np.diff(time_h), 0, None)
        charge = np.concatenate(([0.0], np.cumsum((current[1:] + current[:-1]) / 2 * width)))
        curve = _curve(int(str(step["step"])), series.voltage_v[rows][keep], charge)
        if curve is not None:
            found.append(curve)
    return {"curves": found} if found else {}


def _curve(step: int, voltage: Floats, charge: Floats) -> dict[str, object] | None:
    """Read a step's charge at each voltage of the grid; where the voltage turned back, its envelope counts."""
    way = 1.0 if charge[-1] > 0 else -1.0
    envelope = np.maximum.accumulate(voltage * way) * way
    fresh = np.concatenate(([True], np.diff(envelope) * way > 0))
    volts, passed = envelope[fresh], charge[fresh]
    if way < 0:
        volts, passed = volts[::-1], passed[::-1]
    if max(abs(float(volts[0])), abs(float(volts[-1]))) > _CURVE_V_MAX or abs(float(charge[-1])) > _CURVE_AH_MAX:
        return None
    first = math.ceil(float(volts[0]) * 1000 / _CURVE_GRID_MV)
    points = math.floor(float(volts[-1]) * 1000 / _CURVE_GRID_MV) - first + 1
    if not _CURVE_POINTS[0] <= points <= _CURVE_POINTS[1]:
        return None
    grid = (first + np.arange(points)) * (_CURVE_GRID_MV / 1000)
    at = np.interp(grid, volts, np.abs(passed - passed[0]))
    return {
        "step": step,
        "grid_mv": _CURVE_GRID_MV,
        "first_mv": first * _CURVE_GRID_MV,
        "charge_nah": [round(float(one) * 1e9) for one in at],
    }


def _long_rests(
    series: Series, bounds: Sequence[tuple[int, int]], steps: Sequence[dict[str, object]]
) -> dict[str, object]:
    """Return the voltages after a day and after a week of the rests that lasted so long."""
    found: list[dict[str, object]] = []
    day, week = _REST_H
    for (first, last), step in zip(bounds, steps, strict=True):
        hours = (series.time_s[first:last] - series.time_s[first]) / 3600
        steady = bool(np.all(np.diff(hours) >= 0))
        if step["kind"] != StepKind.REST.value or not steady or hours[-1] < day or len(found) == _RESTS_MAX:
            continue
        volts = series.voltage_v[first:last]
        found.append(
            {
                "step": step["step"],
                "hours": step["hours"],
                "ocv_24h_v": _text(np.interp(day, hours, volts)),
                "ocv_168h_v": _text(np.interp(week, hours, volts)) if hours[-1] >= week else None,
            }
        )
    return {"rests": found} if found else {}


def step_bounds(step: Integers) -> list[tuple[int, int]]:
    """Return first and past-the-last row of each run of one step number."""
    if not len(step):
        return []
    starts = [0, *(int(at) + 1 for at in np.flatnonzero(np.diff(step)))]
    return list(zip(starts, [*starts[1:], len(step)], strict=True))


def _sound(series: Series, bounds: Sequence[tuple[int, int]]) -> _Marks:
    """Mark the rows whose current a cell of this capacity could carry."""
    everything = np.ones(len(series.time_s), dtype=np.bool_)
    largest = max((abs(_integral(series, everything, first, last)[0]) for first, last in bounds), default=0.0)
    if largest <= 0:
        return everything
    calm = np.abs(series.current_a) <= _SPIKE_PER_HOUR * largest
    # A file of pulses alone moves hardly any charge; where many rows seem impossible, the guess is wrong.
    return calm if np.mean(~calm) < _SPIKES_SHARE_MAX else everything


def _integral(series: Series, sound: _Marks, first: int, last: int) -> tuple[float, float]:
    """Return charge, Ah, and energy, Wh, of a step by trapezoid; time that runs back adds nothing."""
    rows = slice(first, last)
    keep = sound[rows]
    time_s, current, voltage = series.time_s[rows][keep], series.current_a[rows][keep], series.voltage_v[rows][keep]
    width_h = np.clip(np.diff(time_s), 0, None) / 3600
    power = current * voltage
    charge = float(np.sum((current[1:] + current[:-1]) / 2 * width_h))
    return charge, float(np.sum((power[1:] + power[:-1]) / 2 * width_h))


def _step(series: Series, sound: _Marks, noise_a: float, first: int, last: int) -> dict[str, object]:
    rows = slice(first, last)
    charge, energy = _integral(series, sound, first, last)
    current, voltage = series.current_a[rows], series.voltage_v[rows]
    kind = None if series.kinds is None else series.kinds[first]
    middle = float(np.median(current))
    return {
        "step": int(series.step[first]),
        "kind": (kind_of(current, voltage, noise_a) if kind is None else kind).value,
        "rows": last - first,
        "hours": _text((series.time_s[last - 1] - series.time_s[first]) / 3600),
        "median_current_a": _text(middle),
        "first_v": _text(voltage[0]),
        "last_v": _text(voltage[-1]),
        "charge_ah": _text(charge),
        "energy_wh": _text(energy),
        "counter_ah": _counted(series.counter_ah, first, last, middle),
        "counter_wh": _counted(series.counter_wh, first, last, middle),
    }


def kind_of(current: Floats, voltage: Floats, noise_a: float) -> StepKind:
    """Name what a step did from its current and voltage alone."""
    middle = float(np.median(current))
    if abs(middle) <= noise_a:
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


def _counted(counter: Counter | None, first: int, last: int, middle_a: float) -> str | None:
    """Return what the cycler counted during a step, signed; None where it says nothing."""
    if counter is None:
        return None
    if counter.net is not None:
        value = float(counter.net[last - 1]) - float(counter.net[max(first - 1, 0)])
    elif counter.unsigned is not None:
        value = math.copysign(1.0, middle_a) * _grown(counter.unsigned, first, last) if middle_a else 0.0
    else:
        value = _grown(counter.charged, first, last) - _grown(counter.discharged, first, last)
    return _text(value) if math.isfinite(value) else None


def _grown(column: Floats | None, first: int, last: int) -> float:
    """Return how far a sum grew from the row before a step to its end; a fall below half is a new start."""
    if column is None:
        return 0.0
    part = column[max(first - 1, 0) : last]
    before, after = part[:-1], part[1:]
    return float(np.sum(np.where(after < before / 2, after, after - before)))


# ── steps and spectra ─────────────────────────────────────────────────────────────────────────────


def _of_steps(layer: StepLayer) -> dict[str, object]:
    if len(layer.steps) > STEPS_MAX:
        raise CyclerFileTooLong(what="steps", most=STEPS_MAX)
    volts = np.array([volt for one in layer.steps for volt in (one.first_v, one.last_v, one.highest_v)])
    amps = np.array([amp for one in layer.steps for amp in (one.first_a, one.last_a)])
    series_said = list(layer.said)
    lowest, highest = _SENSOR_C
    sensed = np.array([value for one in layer.steps for value in one.temperatures_c], dtype=np.float64)
    plain = sensed[(sensed >= lowest) & (sensed <= highest)]
    if len(plain) < len(sensed):
        series_said.append(
            Said(
                code="sensor-implausible",
                ko="믿을 수 없는 온도 값을 제외했습니다.",
                en="Temperatures that cannot be were left out.",
            )
        )
    return {
        "rows": len(layer.steps),
        "voltage_v": _extremes(volts),
        "current_a": _extremes(amps),
        "temperature_c": _extremes(plain),
        "hours": _text(sum(one.hours for one in layer.steps)),
        "cycles": turns(np.array([one.last_a for one in layer.steps])) if layer.cycles is None else layer.cycles,
        "cycles_as_recorded": layer.cycles,
        "steps": [
            {
                "step": one.step,
                "kind": one.kind.value,
                "rows": 1,
                "hours": _text(one.hours),
                "median_current_a": _text((one.first_a + one.last_a) / 2),
                "first_v": _text(one.first_v),
                "last_v": _text(one.last_v),
                "charge_ah": _text(one.charge_ah),
                "energy_wh": _text(one.energy_wh),
                "counter_ah": _text(one.charge_ah),
                "counter_wh": _text(one.energy_wh),
            }
            for one in layer.steps
        ],
        "findings": _findings(series_said),
    }


def _of_spectrum(spectrum: Spectrum) -> dict[str, object]:
    if len(spectrum.frequency_hz) > ROWS_MAX:
        raise CyclerFileTooLong(what="rows", most=ROWS_MAX)
    for column in (spectrum.frequency_hz, spectrum.real_ohm, spectrum.imaginary_ohm):
        _require_numbers(column)
    crossings = _crossings(spectrum)
    said = list(spectrum.said)
    if len(crossings) > 1:
        said.append(
            Said(
                code="impedance-noisy",
                ko=f"허수부가 0을 {len(crossings)}번 지납니다. 가장 높은 주파수의 교점을 썼습니다.",
                en=f"The imaginary part crosses zero {len(crossings)} times; the highest frequency's counts.",
            )
        )
    return {
        "rows": len(spectrum.frequency_hz),
        "voltage_v": None,
        "current_a": None,
        "temperature_c": None,
        "hours": "0",
        "cycles": 0,
        "cycles_as_recorded": None,
        "steps": [],
        "findings": _findings(said),
        "impedance": {
            "frequency_hz": _extremes(spectrum.frequency_hz),
            "ohmic_intercept_ohm": _text(crossings[0]) if crossings else None,
            "acr_1khz_ohm": _acr(spectrum),
        },
    }


def _crossings(spectrum: Spectrum) -> list[float]:
    """Return Re Z where Im Z crosses zero, linear between points, from the highest frequency down."""
    order = np.argsort(-spectrum.frequency_hz, kind="stable")
    real, imaginary = spectrum.real_ohm[order], spectrum.imaginary_ohm[order]
    found = []
    for at in range(len(order) - 1):
        here, there = float(imaginary[at]), float(imaginary[at + 1])
        if here == 0.0:
            found.append(float(real[at]))
        elif here * there < 0:
            share = here / (here - there)
            found.append(float(real[at]) + share * (float(real[at + 1]) - float(real[at])))
    if len(order) and float(imaginary[-1]) == 0.0:
        found.append(float(real[-1]))
    return found


def _acr(spectrum: Spectrum) -> str | None:
    """Return |Z| at 1 kHz, linear over the logarithm of the frequency; None outside the spectrum."""
    order = np.argsort(spectrum.frequency_hz, kind="stable")
    frequency = spectrum.frequency_hz[order]
    if not len(frequency) or not frequency[0] <= _ACR_HZ <= frequency[-1]:
        return None
    size = np.hypot(spectrum.real_ohm, spectrum.imaginary_ohm)[order]
    return _text(np.interp(math.log(_ACR_HZ), np.log(frequency), size))


# ── words ─────────────────────────────────────────────────────────────────────────────────────────


def _findings(said: Sequence[Said]) -> list[dict[str, object]]:
    return [
        {"code": one.code, "ko": one.ko[:900], "en": one.en[:900], "rows": list(one.rows)}
        for one in said[:_FINDINGS_MAX]
    ]


def _extremes(column: Floats) -> dict[str, str] | None:
    known = column[np.isfinite(column)]
    return {"lowest": _text(np.min(known)), "highest": _text(np.max(known))} if len(known) else None


def _text(value: float | np.floating) -> str:
    """Spell a number to six places, below 1 to seven digits; the same on every machine, never as minus zero."""
    number = float(value)
    if not math.isfinite(number):
        raise CyclerFileDamaged(place="a number beyond measure")
    size = abs(number)
    places = _PLACES if size >= 1 or size == 0 else min(_PLACES_MAX, _PLACES - math.floor(math.log10(size)))
    rounded = Decimal(repr(number)).quantize(Decimal(1).scaleb(-places)) if size < 1e15 else Decimal(repr(number))
    return format(rounded if rounded else Decimal(0), "f")
