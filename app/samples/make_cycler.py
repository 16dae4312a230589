"""Makes the sample cycler file and the sample bench sheet that ship with the project. Nothing here was measured.

The file is a simulated cell, in Battery Data Format CSV: an LG M50T-like 5 Ah cell at 94.5 % health as
the simplest equivalent circuit, V = OCV(state of charge) + R·I, its open-circuit voltage a straight line
between thirteen points. It is emptied, then cycled twice at C/2: constant current to 4.2 V, constant
voltage down to C/20, rest, constant current to 2.5 V, rest. 99.6 % of the charge that goes in is kept.
Temperature follows the heat R·I² with one time constant. No randomness: each run writes the same bytes.

The sheet holds values as a tester would type them for a sound pack of twelve cells in series.

Run from the project's folder: python -m app.samples.make_cycler
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

FOLDER = Path(__file__).parent
CYCLER_FILE = FOLDER / "cycler" / "sunhwan_m50t_sample.bdf.csv"
BENCH_SHEET = FOLDER / "bench_sheet.json"

CELLS_IN_SERIES = 96
"""Of the demonstration's pack: 12 modules of 8."""
RATED_AH = 5.0
HEALTH = 0.945
RESISTANCE_OHM = 0.038
KEPT = 0.996
V_FULL, V_EMPTY = 4.2, 2.5
ROW_S = 40.0
PARTS = 20
REST_S = 1800.0
AMBIENT_C = 25.0
HEAT_K_PER_W = 9.0
HEAT_TIME_S = 900.0

OCV_V = (
    (0.00, 2.560),
    (0.02, 2.960),
    (0.05, 3.190),
    (0.10, 3.370),
    (0.20, 3.505),
    (0.30, 3.590),
    (0.40, 3.655),
    (0.50, 3.735),
    (0.60, 3.835),
    (0.70, 3.925),
    (0.80, 4.010),
    (0.90, 4.075),
    (1.00, 4.195),
)

HEADER = (
    "test_time_second,voltage_volt,current_ampere,cycle_count,step_count,charging_capacity_ah,"
    "discharging_capacity_ah,charging_energy_wh,discharging_energy_wh,surface_temperature_celsius"
)


def ocv_v(charge: float) -> float:
    """Return the open-circuit voltage at a state of charge, straight on beyond either end; V."""
    for (low, low_v), (high, high_v) in pairwise(OCV_V):
        if charge <= high:
            return low_v + (high_v - low_v) * (charge - low) / (high - low)
    (low, low_v), (high, high_v) = OCV_V[-2:]
    return high_v + (high_v - low_v) * (charge - high) / (high - low)


@dataclass(kw_only=True)
class SimulatedCell:
    """The cell on its cycler, and the rows written so far."""

    charge: float
    time_s: float = 0.0
    temperature_c: float = AMBIENT_C
    cycle: int = 1
    step: int = 0
    charged_ah: float = 0.0
    discharged_ah: float = 0.0
    charged_wh: float = 0.0
    discharged_wh: float = 0.0
    rows: list[str] = field(default_factory=list)

    def voltage_v(self, current_a: float) -> float:
        """Return the voltage at the poles; V."""
        return ocv_v(self.charge) + RESISTANCE_OHM * current_a

    def run(self, current_a: Callable[[], float], stop: Callable[[], bool], *, longest_s: float) -> None:
        """Run one step: a row each `ROW_S`, the last one where the step ends, found by halving the time."""
        self.step += 1
        self._write(current_a())
        start_s = self.time_s
        while self.time_s - start_s < longest_s - 1e-9:
            width_s = min(ROW_S, longest_s - (self.time_s - start_s))
            before = (self.charge, self.time_s, self.temperature_c)
            counters = (self.charged_ah, self.discharged_ah, self.charged_wh, self.discharged_wh)
            self._advance(current_a, width_s)
            if not stop():
                self._write(current_a())
                continue
            low, high = 0.0, width_s
            for _ in range(40):
                middle = (low + high) / 2
                self.charge, self.time_s, self.temperature_c = before
                self.charged_ah, self.discharged_ah, self.charged_wh, self.discharged_wh = counters
                self._advance(current_a, middle)
                low, high = (low, middle) if stop() else (middle, high)
            self._write(current_a())
            return

    def _advance(self, current_a: Callable[[], float], width_s: float) -> None:
        part_s = width_s / PARTS
        for _ in range(PARTS):
            now_a = current_a()
            moved_ah = now_a * part_s / 3600
            moved_wh = moved_ah * self.voltage_v(now_a)
            self.charge += moved_ah * (KEPT if moved_ah > 0 else 1.0) / (RATED_AH * HEALTH)
            warm_c = AMBIENT_C + HEAT_K_PER_W * RESISTANCE_OHM * now_a**2
            self.temperature_c = warm_c + (self.temperature_c - warm_c) * math.exp(-part_s / HEAT_TIME_S)
            if moved_ah > 0:
                self.charged_ah, self.charged_wh = self.charged_ah + moved_ah, self.charged_wh + moved_wh
            else:
                self.discharged_ah, self.discharged_wh = self.discharged_ah - moved_ah, self.discharged_wh - moved_wh
        self.time_s += width_s

    def _write(self, current_a: float) -> None:
        self.rows.append(
            f"{self.time_s:.2f},{self.voltage_v(current_a):.4f},{current_a:.4f},{self.cycle},{self.step},"
            f"{self.charged_ah:.5f},{self.discharged_ah:.5f},{self.charged_wh:.4f},{self.discharged_wh:.4f},"
            f"{self.temperature_c:.1f}"
        )


def cycler_text() -> str:
    """Return the whole sample cycler file."""
    cell = SimulatedCell(charge=0.3)
    half_a = RATED_AH / 2

    def holding_a() -> float:
        return min(half_a, (V_FULL - ocv_v(cell.charge)) / RESISTANCE_OHM)

    def rest() -> None:
        cell.run(lambda: 0.0, lambda: False, longest_s=REST_S)

    def discharge() -> None:
        cell.run(lambda: -half_a, lambda: cell.voltage_v(-half_a) <= V_EMPTY, longest_s=4 * 3600)

    rest()
    discharge()
    rest()
    for _ in range(2):
        cell.cycle += 1
        cell.run(holding_a, lambda: holding_a() <= RATED_AH / 20, longest_s=5 * 3600)
        rest()
        discharge()
        rest()
    return "\n".join((HEADER, *cell.rows)) + "\n"


def bench_sheet() -> list[dict[str, object]]:
    """Return what a tester types for a sound pack; numbers as text, so that no float comes between."""
    ocv_mv = [3639 + place * 5 % 7 for place in range(CELLS_IN_SERIES)]
    ocv_cells = [f"{one // 1000}.{one % 1000:03d}" for one in ocv_mv]
    ocv_pack = f"{sum(ocv_mv) // 1000}.{sum(ocv_mv) % 1000 // 10:02d}"
    typed: tuple[tuple[str, str, object, str | None], ...] = (
        ("T01", "serial", "SH-SAMPLE-0001", None),
        ("T01", "maker", "LG Energy Solution", None),
        ("T01", "prior_use", "BEV", None),
        ("T01", "event_flags", [], None),
        ("T02", "leak", False, None),
        ("T02", "vent_open", False, None),
        ("T02", "burn_mark", False, None),
        ("T02", "corrosion", "none", None),
        ("T02", "dent_depth", "0.0", "mm"),
        ("T02", "swelling", "1.2", "percent"),
        ("T02", "connector_ok", True, None),
        ("T02", "label_ok", True, None),
        ("T03", "r_iso_pos", "12.4", "MOhm"),
        ("T03", "r_iso_neg", "11.8", "MOhm"),
        ("T03", "test_voltage", "500", "V"),
        ("T03", "working_voltage", "403.2", "V"),
        ("T04", "ocv_pack", ocv_pack, "V"),
        ("T04", "ocv_cells", ocv_cells, "V"),
        ("T04", "cell_temp", ["24.8", "25.1", "25.0", "24.9"], "degC"),
        ("T04", "rest", "2.0", "h"),
        ("T06", "t_max", "29.5", "degC"),
        ("T07", "r_dis", "31.6", "mOhm"),
        ("T07", "r_new", "28.0", "mOhm"),
        ("T07", "temp", "25.2", "degC"),
        ("T08", "ocv_24h", "3.6512", "V"),
        ("T08", "ocv_168h", "3.6488", "V"),
        ("T10", "overcharge_voltage_cutoff", "4.25", "V"),
        ("T10", "overcharge_current_cutoff", "520", "A"),
        ("T10", "overdischarge_cutoff", "2.70", "V"),
        ("T10", "overtemp_cutoff", "60", "degC"),
        ("T10", "response_time", "0.8", "s"),
        ("T10", "software_version", "BMS 4.2.1", None),
        ("T10", "software_verified", True, None),
        ("T10", "contactors_ok", True, None),
        ("T11", "capacity_range", "2.6", "percent"),
        ("T11", "capacity_cv", "0.8", "percent"),
        ("T11", "r_cv", "4.9", "percent"),
        ("T11", "weakest_cell_soh", "92.7", "percent"),
    )
    return [
        {"test_id": test_id, "quantity": quantity, "value": value, "unit": unit}
        for test_id, quantity, value, unit in typed
    ]


def main() -> None:
    """Write both samples."""
    CYCLER_FILE.parent.mkdir(parents=True, exist_ok=True)
    CYCLER_FILE.write_text(cycler_text(), encoding="utf-8", newline="\n")
    lines = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in bench_sheet())
    BENCH_SHEET.write_text(f"[\n{lines}\n]\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
