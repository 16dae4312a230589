"""Meters: which device hangs at a metering point since when, and by what its register's counts are multiplied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise

from domain.metering.model import Channel, MeterId, Quantity
from domain.shared.identifiers import SiteId, TenantId
from domain.shared.time import day_start

DIGITS_MAX = 12
DIGITS_UNTOLD = 9
"""How wide a register is taken to be while nobody has told."""

COUNT_WH_MAX = 1_000_000
RATIO_MAX = 1_000_000


class MeterKind(StrEnum):
    """What a meter stands in front of."""

    GRID = "grid"
    PV = "pv"
    LOAD = "load"
    STORAGE = "pcs"
    AUXILIARY = "auxiliary"


METERED_BY: Mapping[Quantity, MeterKind] = {
    Quantity.GRID_IMPORT: MeterKind.GRID,
    Quantity.GRID_EXPORT: MeterKind.GRID,
    Quantity.PV: MeterKind.PV,
    Quantity.LOAD: MeterKind.LOAD,
    Quantity.STORAGE_CHARGE: MeterKind.STORAGE,
    Quantity.STORAGE_DISCHARGE: MeterKind.STORAGE,
    Quantity.STORAGE_SOC: MeterKind.STORAGE,
    Quantity.AUXILIARY: MeterKind.AUXILIARY,
}
"""Which kind of meter counts a quantity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterDevice:
    """The device that hangs at a metering point from `from_at` on; each exchange makes the next `epoch`.

    `serial` is empty where nobody told it. A register shows `digits` figures, each count of the last is `count_wh`
    before the transformers' ratio. `verified_until` is the last day of its verification (검정); None: not told.
    `from_at` is None for the first device: it hung there before anything was read.
    """

    epoch: int
    serial: str
    digits: int
    count_wh: int
    verified_until: date | None
    from_at: datetime | None
    recorded_by: str
    recorded_at: datetime

    def __post_init__(self) -> None:
        if self.epoch < 0 or not 1 <= self.digits <= DIGITS_MAX or not 1 <= self.count_wh <= COUNT_WH_MAX:
            raise ValueError("a device has an epoch from 0, one to twelve figures and counts of at least one Wh")
        if (self.epoch == 0) is not (self.from_at is None):
            raise ValueError("all devices but the first have an instant from which on they hang")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRatio:
    """By what the transformers (CT and VT) divide what a meter sees, from a Seoul day on: numerator / denominator."""

    from_on: date
    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if not 1 <= self.denominator <= RATIO_MAX or not 1 <= self.numerator <= RATIO_MAX:
            raise ValueError("a ratio is of two numbers from 1 to 1,000,000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A metering point of a site with its devices by epoch and its ratios by day.

    Before the first ratio it is 1.
    """

    meter_id: MeterId
    tenant_id: TenantId
    site_id: SiteId
    kind: MeterKind
    devices: tuple[MeterDevice, ...]
    ratios: tuple[MeterRatio, ...] = ()

    def __post_init__(self) -> None:
        if [one.epoch for one in self.devices] != list(range(len(self.devices))) or not self.devices:
            raise ValueError("a meter has a device for each epoch from 0 on")
        for before, after in pairwise(self.devices):
            if after.from_at is None or (before.from_at is not None and after.from_at <= before.from_at):
                raise ValueError("devices follow each other in time")
        if any(after.from_on <= before.from_on for before, after in pairwise(self.ratios)):
            raise ValueError("ratios follow each other by day")

    @property
    def device(self) -> MeterDevice:
        """The device that hangs there now."""
        return self.devices[-1]

    def device_at(self, at: datetime) -> MeterDevice:
        """Return the device of an instant; at the instant of an exchange, the new one."""
        found = self.devices[0]
        for one in self.devices[1:]:
            if one.from_at is not None and one.from_at <= at:
                found = one
        return found

    def holds(self, epoch: int, at: datetime) -> bool:
        """Say whether the device of an epoch hung there at an instant; both do at the instant of their exchange."""
        if not 0 <= epoch < len(self.devices):
            return False
        begins = self.devices[epoch].from_at
        ends = self.devices[epoch + 1].from_at if epoch + 1 < len(self.devices) else None
        return (begins is None or begins <= at) and (ends is None or at <= ends)

    def ratio_on(self, day: date) -> tuple[int, int]:
        """Return the transformers' ratio on a day."""
        found = (1, 1)
        for one in self.ratios:
            if one.from_on <= day:
                found = (one.numerator, one.denominator)
        return found

    def one_ratio(self, start_at: datetime, end_at: datetime) -> bool:
        """Say whether one ratio holds over a stretch; a difference over a change of it has no single factor."""
        return not any(start_at < day_start(one.from_on) < end_at for one in self.ratios)

    def unverified_on(self, day: date) -> bool:
        """Say whether the device's verification (검정) had run out on a day; what was not told is not said."""
        until_on = self.device_at(day_start(day)).verified_until
        return until_on is not None and day > until_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """That a meter counted in a stretch of days after its verification had run out."""

    meter_id: MeterId
    kind: MeterKind
    serial: str
    verified_until: date
    days: int


def unverified(meters: Sequence[Meter], channels: Sequence[Channel], days: Sequence[date]) -> tuple[Unverified, ...]:
    """Return the meters of these channels that counted on days on which their verification had run out.

    Only measures of energy are verified: a meter that tells a state of charge alone is left out.
    """
    counting: dict[MeterId, list[Channel]] = {}
    for channel in channels:
        if channel.quantity.unit == "Wh":
            counting.setdefault(channel.meter_id, []).append(channel)
    found: list[Unverified] = []
    for meter in meters:
        late = [
            day
            for day in days
            if meter.unverified_on(day) and any(one.counts_on(day) for one in counting.get(meter.meter_id, ()))
        ]
        if late:
            device = meter.device_at(day_start(late[-1]))
            if device.verified_until is not None:
                found.append(
                    Unverified(
                        meter_id=meter.meter_id,
                        kind=meter.kind,
                        serial=device.serial,
                        verified_until=device.verified_until,
                        days=len(late),
                    )
                )
    return tuple(found)
