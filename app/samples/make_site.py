"""Makes the sample site file that the project ships: a works with two shifts, PV and a storage, summer 2026.

Nothing in it was measured. Every formula is below, every chance is seeded, and the same program makes
the same bytes: `python -m app.samples.make_site` writes the file again. Energies are integers of
0.1 Wh from the start, so that pv + import + discharge = load + export + charge holds exactly.
"""

import gzip
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from domain.shared.time import SEOUL, SLOT, SLOTS_A_DAY

PATH = Path(__file__).parent / "site" / "sunhwan_sample_2026q3_15min.csv.gz"
HEADER = (
    "interval_start,load_kwh,pv_kwh,storage_charge_kwh,storage_discharge_kwh,"
    "grid_import_kwh,grid_export_kwh,storage_soc"
)
FIRST_ON = date(2026, 7, 1)
UNTIL_ON = date(2026, 10, 1)
SEED = 20_260_701

_KWH = 10_000
"""One kWh in the unit of this program, 0.1 Wh."""

_PV_PEAK = 62 * _KWH
"""What 300 kWp yield in the best quarter of an hour."""

_POWER_A_SLOT = 25 * _KWH
"""100 kW of storage for 15 minutes."""

_USABLE = 200 * _KWH
_INTO_PERMILLE = 934
_OUT_PERMILLE = 931
_NIGHT_A_SLOT = 4 * _KWH
_NIGHT_STOCK = 50 * _KWH

_CLOSED = frozenset((date(2026, 7, 17), date(2026, 8, 17), date(2026, 9, 24), date(2026, 9, 25), date(2026, 9, 26)))
"""Constitution Day, the substitute for Liberation Day, Chuseok."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Storage:
    """The storage's rule: keep the PV surplus, give it back in the evening, top up a little at night."""

    stock: int

    def step(self, *, load: int, pv: int, slot: int) -> tuple["_Storage", int, int]:
        """Return the storage after one slot, and what it charged and discharged."""
        hour = slot // 4
        surplus = pv - load
        room = (_USABLE - self.stock) * 1_000 // _INTO_PERMILLE
        if surplus > 0:
            charge = min(surplus, _POWER_A_SLOT, room)
            return _Storage(stock=self.stock + charge * _INTO_PERMILLE // 1_000), charge, 0
        if 2 <= hour < 5 and self.stock < _NIGHT_STOCK:
            charge = min(_NIGHT_A_SLOT, room)
            return _Storage(stock=self.stock + charge * _INTO_PERMILLE // 1_000), charge, 0
        if 16 <= hour < 23:
            discharge = min(-surplus, _POWER_A_SLOT, self.stock * _OUT_PERMILLE // 1_000)
            drawn = -(-discharge * 1_000 // _OUT_PERMILLE)
            return _Storage(stock=self.stock - drawn), 0, discharge
        return self, 0, 0


def rows() -> Iterator[str]:
    """Walk through the file's lines."""
    yield HEADER
    chance = Random(SEED)
    storage = _Storage(stock=_USABLE // 5)
    sky = 0.7
    day = FIRST_ON
    while day < UNTIL_ON:
        # Yesterday's sky lasts for half of today's, and the rainy season ends with July.
        sky = 0.5 * sky + 0.5 * (0.25 + (0.55 if day.month == 7 else 0.75) * chance.random())
        for slot in range(SLOTS_A_DAY):
            load, pv = _load(day, slot, chance), _pv(day, slot, sky, chance)
            storage, charge, discharge = storage.step(load=load, pv=pv, slot=slot)
            net = load - pv + charge - discharge
            begins = datetime(day.year, day.month, day.day, tzinfo=SEOUL) + slot * SLOT
            energies = (load, pv, charge, discharge, max(0, net), max(0, -net))
            soc = storage.stock * 10_000 // _USABLE
            yield ",".join((begins.isoformat(), *map(_decimal, energies), _decimal(soc)))
        day += timedelta(days=1)


def _load(day: date, slot: int, chance: Random) -> int:
    """Return two shifts from 06:00 to 22:00 with a dip at noon; one on Saturday; a base on closed days."""
    hour = slot / 4
    closed = day.weekday() == 6 or day in _CLOSED
    ends = 14.0 if day.weekday() == 5 else 22.0
    shift = 0.0 if closed or not 6 <= hour < ends else min(1.0, 0.4 + (hour - 6) * 0.6, 0.3 + (ends - hour) * 0.7)
    if 12 <= hour < 13:
        shift *= 0.55
    cooling = 0.12 * max(0.0, math.sin(math.pi * (hour - 9) / 12)) * (1.0 if day.month < 9 else 0.5)
    kwh = 4.2 + 31.0 * shift * (1 + cooling) + 1.6 * chance.random() * (1 + 2 * shift)
    return round(kwh * _KWH)


def _pv(day: date, slot: int, sky: float, chance: Random) -> int:
    """Return a half sine from sunrise to sunset, lowered by the day's sky and by passing clouds."""
    hour = slot / 4 + 0.125
    half_day = 7.2 - 1.25 * (day - FIRST_ON).days / 92
    height = math.cos(math.pi * (hour - 12.55) / (2 * half_day))
    if height <= 0 or abs(hour - 12.55) >= half_day:
        return 0
    cloud = 1.0 - (1.0 - sky) * (0.6 + 0.4 * chance.random())
    return round(_PV_PEAK * math.pow(height, 1.25) * cloud)


def _decimal(value: int) -> str:
    """Spell 0.1 Wh as kWh, or basis points as a share: both have four decimals."""
    return f"{value // _KWH}.{value % _KWH:04d}"


def content() -> bytes:
    """Return the file's bytes, always the same."""
    text = "\n".join(rows()) + "\n"
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(text.encode())
    return packed.getvalue()


def main() -> None:
    """Write the file."""
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_bytes(content())


if __name__ == "__main__":
    main()
