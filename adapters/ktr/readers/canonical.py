"""The canonical table of a reading: rows under the keys of the Battery Data Format 1.3, as CSV or compressed Parquet.

It is rebuilt from the raw file whenever it is asked for, and our own reader reads it back to the same figures: numbers
are spelt so that no digit is lost, a counter that starts anew is added up, and a step says what it did.
"""

import io

import numpy as np

from adapters.ktr.readers.record import kind_of, step_bounds
from adapters.ktr.readers.series import Counter, Floats, Integers, Reading, Series
from adapters.ktr.readers.tables import rest_current
from domain.certification.errors import CyclerTableMissing

CSV, PARQUET = "csv", "parquet"
_SENSORS_MAX = 5

_Columns = dict[str, Floats | Integers | list[str]]


def table_of_reading(reading: Reading, *, form: str) -> bytes:
    """Return a reading's rows as a file of the Battery Data Format.

    Current is positive when it charges; `step_count` never repeats, `cycle_count` is the maker's own. Charge and energy
    are sums that never fall, left out where the cycler counted none. Of a module it holds the module's own voltage, not
    its cells'.

    Raises:
        CyclerTableMissing: the file holds steps or a spectrum, and no rows over time.
        ValueError: there is no such form.
    """
    if not isinstance(reading, Series):
        raise CyclerTableMissing
    import polars as pl

    frame = pl.DataFrame(_columns(reading))
    written = io.BytesIO()
    match form:
        case "csv":
            frame.write_csv(written)
        case "parquet":
            frame.write_parquet(written, compression="zstd")
        case _:
            raise ValueError(form)
    return written.getvalue()


def _columns(series: Series) -> _Columns:
    bounds = step_bounds(series.step)
    columns: _Columns = {
        "test_time_second": series.time_s,
        "voltage_volt": series.voltage_v,
        "current_ampere": series.current_a,
        "step_count": _rising(series.step),
        "step_type": _kinds(series, bounds),
    }
    if series.cycle is not None:
        columns["cycle_count"] = series.cycle
    if series.numbers is not None:
        columns["record_index"] = series.numbers
    for name, counter in (("capacity_ah", series.counter_ah), ("energy_wh", series.counter_wh)):
        summed = None if counter is None else _sums(counter, series.current_a, bounds)
        if summed is not None:
            columns[f"charging_{name}"], columns[f"discharging_{name}"] = summed
    for place, (_, column) in enumerate(series.temperatures_c[:_SENSORS_MAX], start=1):
        columns[f"temperature_t{place}_celsius"] = column
    return columns


def _rising(step: Integers) -> Integers:
    """Return step numbers of which none comes twice; a file's own where they only rise."""
    changes = np.diff(step)
    if not bool(np.any(changes < 0)):
        return step
    return np.concatenate(([1], 1 + np.cumsum(changes != 0))).astype(np.int64)


def _kinds(series: Series, bounds: list[tuple[int, int]]) -> list[str]:
    noise_a = rest_current(series.current_a)
    kinds: list[str] = []
    for first, last in bounds:
        told = None if series.kinds is None else series.kinds[first]
        kind = told or kind_of(series.current_a[first:last], series.voltage_v[first:last], noise_a)
        kinds += [kind.value] * (last - first)
    return kinds


def _sums(counter: Counter, current_a: Floats, bounds: list[tuple[int, int]]) -> tuple[Floats, Floats] | None:
    """Return what was charged and what was discharged up to each row; None where the counter leaves rows out."""
    if counter.net is not None:
        grown = _steps_of(counter.net, restarts=False)
        charged, discharged = np.clip(grown, 0, None), np.clip(-grown, 0, None)
    elif counter.unsigned is not None:
        grown = _steps_of(counter.unsigned, restarts=True)
        way = np.zeros(len(grown))
        for first, last in bounds:
            way[first:last] = np.sign(float(np.median(current_a[first:last])))
        charged, discharged = np.where(way > 0, grown, 0.0), np.where(way < 0, grown, 0.0)
    else:
        if counter.charged is None or counter.discharged is None:
            return None
        charged, discharged = _steps_of(counter.charged, restarts=True), _steps_of(counter.discharged, restarts=True)
    if not bool(np.all(np.isfinite(charged)) and np.all(np.isfinite(discharged))):
        return None
    return np.cumsum(charged), np.cumsum(discharged)


def _steps_of(sums: Floats, *, restarts: bool) -> Floats:
    """Return how much a sum grew with each row; a fall below half is a new start, as the record has it."""
    before, after = sums[:-1], sums[1:]
    grown = np.where(after < before / 2, after, after - before) if restarts else after - before
    return np.concatenate(([0.0], grown))
