"""What a reader hands over: one cell's columns, a list of steps, or a spectrum. Floats live here."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from domain.certification.model import CyclerFormat, StepKind

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MEMBERS_MAX = 100
UNPACKED_BYTES_MAX = 512 * 1024 * 1024
ROWS_MAX = 5_000_000
STEPS_MAX = 20_000
COLUMNS_MAX = 400
ROWS_LISTED = 20
NUMBER_MAX = 1e60
"""Products of three such numbers still have sums; what is greater was never measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A known defect or a decision of the reader, said openly; `rows` count from 1."""

    code: str
    ko: str
    en: str
    rows: tuple[int, ...] = ()


def listed(rows: Integers) -> tuple[int, ...]:
    """Return the first of the row numbers, as a finding lists them."""
    return tuple(int(row) for row in rows[:ROWS_LISTED])


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The cycler's own sum, Ah or Wh: two sums that never fall, one without a sign, or one net sum.

    The first two may start anew at a step or a cycle; a fall to less than half is such a start.
    """

    charged: Floats | None = None
    discharged: Floats | None = None
    unsigned: Floats | None = None
    net: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The cells and sensors of a module: how far apart the cells stood, mV, and which stood lowest and highest."""

    voltage_channels: int
    temperature_channels: int
    spread_mv: Floats
    weakest: int
    strongest: int
    sum_gap_mv: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One cell's rows, whoever made the cycler. Current is positive when it charges.

    `step` numbers each row's step; a step ends where the number changes. `kinds` may name a row's step;
    None where the current must tell. `numbers` are the rows' places in the file, from 1, and `cycle` the maker's own
    number of each row's cycle, None where the file has none or one that cannot be trusted.
    """

    format: CyclerFormat
    parser: str
    time_s: Floats
    voltage_v: Floats
    current_a: Floats
    step: Integers
    temperatures_c: tuple[tuple[str, Floats], ...] = ()
    kinds: tuple[StepKind | None, ...] | None = None
    cycles: int | None = None
    cycles_as_recorded: int | None = None
    counter_ah: Counter | None = None
    counter_wh: Counter | None = None
    numbers: Integers | None = None
    cycle: Integers | None = None
    cells: Cells | None = None
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One row of a step layer; charge and energy are the cycler's own, signed."""

    step: int
    kind: StepKind
    hours: float
    first_v: float
    last_v: float
    highest_v: float
    first_a: float
    last_a: float
    charge_ah: float
    energy_wh: float
    temperatures_c: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLayer:
    """A file that holds the steps and not the rows between."""

    format: CyclerFormat
    parser: str
    steps: tuple[StepRow, ...]
    cycles: int | None
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """An impedance spectrum in the file's order; capacitive Im Z is negative."""

    format: CyclerFormat
    parser: str
    frequency_hz: Floats
    real_ohm: Floats
    imaginary_ohm: Floats
    said: tuple[Said, ...] = field(default=())


Reading = Series | StepLayer | Spectrum
