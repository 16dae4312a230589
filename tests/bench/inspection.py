"""Measures what inspecting a test file costs: the whole command from a cold start, and one more file in a process."""

import asyncio
import statistics
import subprocess
import sys
import time
from pathlib import Path

from adapters.ktr.cyclers import KtrCyclers
from app import inspecting
from app.samples import make_cycler

SHARED = Path(__file__).resolve().parents[3] / "shared/data/cyclers/neware_ndax/TESTCELL0001_M50T.ndax"
SAMPLE = Path(make_cycler.__file__).parent / "cycler" / "sunhwan_m50t_sample.bdf.csv"
COMMAND = Path(sys.executable).with_name("sunhwan")
RUNS = 7


def _commanded(file: Path) -> float:
    began = time.perf_counter()
    subprocess.run(
        [str(COMMAND), "cycler", "inspect", str(file), "--rated-ah", "5", "--json"], check=True, capture_output=True
    )
    return time.perf_counter() - began


async def _inspected(readers: KtrCyclers, content: bytes) -> float:
    began = time.perf_counter()
    inspecting.inspected(await readers.read(content), None)
    return time.perf_counter() - began


async def measure() -> dict[str, float]:
    """Return seconds by figure, of the Neware file where it is at hand, else of the shipped sample."""
    file = SHARED if SHARED.exists() else SAMPLE
    content, readers = file.read_bytes(), KtrCyclers()
    cold = [_commanded(file) for _ in range(RUNS)]
    await _inspected(readers, content)
    warm = [await _inspected(readers, content) for _ in range(RUNS)]
    rows = "77,745 rows" if file == SHARED else "the shipped sample"
    return {
        f"{rows} inspected by the command, cold, s": statistics.median(cold),
        f"{rows} inspected in a running process, s": statistics.median(warm),
    }


def run() -> dict[str, float]:
    """Measure, print, return what was measured."""
    figures = asyncio.run(measure())
    for name, value in figures.items():
        print(f"{name}: {value:.3f}")
    return figures


if __name__ == "__main__":
    run()
