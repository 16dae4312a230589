"""The body's test devices (장비): what they are calibrated for, and whether one may measure what it measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.certification.errors import (
    BookingWrong,
    CalibrationWrong,
    DeviceNotCalibrated,
    DeviceOfOtherKind,
    DeviceOutOfRange,
    DeviceUnitUncalibrated,
)
from domain.certification.model import CyclerFormat, CyclerRecord, Measurement
from domain.shared.actor import Role
from domain.shared.identifiers import PackId, PersonId, ReceptionId, TenantId

KEEPERS = (Role.REVIEWER, Role.APPROVER, Role.QUALITY)
"""Who registers and calibrates devices: not the tester, whose own measurement a calibration lets through."""

BOOKED_DAYS_MAX = 92
RANGES_MAX = 20
CALENDAR_DAYS = 92
_BEGINNING = date(1970, 1, 1)


class DeviceKind(StrEnum):
    """Classes of test devices, as the centre plans them."""

    CYCLER = "cycler"
    CHAMBER = "chamber"
    INSULATION_TESTER = "insulation_tester"
    WITHSTAND_TESTER = "withstand_tester"
    IMPEDANCE_ANALYSER = "impedance_analyser"
    MULTIMETER = "multimeter"
    BMS_READER = "bms_reader"
    SCALE = "scale"
    VIBRATION_TABLE = "vibration_table"
    OTHER = "other"


_SPECTRA = (CyclerFormat.EIS_GAMRY, CyclerFormat.EIS_BIOLOGIC, CyclerFormat.EIS_ZPLOT, CyclerFormat.EIS_CSV)

_KINDS_BY_TEST: Mapping[str, frozenset[DeviceKind]] = {
    "T03": frozenset({DeviceKind.INSULATION_TESTER, DeviceKind.WITHSTAND_TESTER}),
    "T05": frozenset({DeviceKind.BMS_READER}),
    "T06": frozenset({DeviceKind.CYCLER}),
    "T07": frozenset({DeviceKind.CYCLER, DeviceKind.IMPEDANCE_ANALYSER}),
    "T09": frozenset({DeviceKind.IMPEDANCE_ANALYSER}),
}
"""Which kinds measure a test that takes a kind of its own; what is looked at or counted takes none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRange:
    """From where to where a device was calibrated for a unit, both included, and the uncertainty (k = 2) there."""

    unit: str
    lowest: Decimal
    highest: Decimal
    uncertainty: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A calibration as its certificate says it; it holds from `calibrated_on` to `due_on`, both included.

    `passed` is false where the device was found out of tolerance: it holds on no day, and what was measured since
    the one before is in doubt.
    """

    calibration_id: UUID
    certificate_no: str
    calibrated_on: date
    due_on: date
    ranges: tuple[DeviceRange, ...]
    entered_by: PersonId
    entered_by_name: str
    entered_at: datetime
    passed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A test device of a body; `calibrations` oldest first."""

    device_id: UUID
    tenant_id: TenantId
    kind: DeviceKind
    name: str
    serial: str
    location: str
    registered_by: PersonId
    registered_by_name: str
    registered_at: datetime
    calibrations: tuple[Calibration, ...] = ()

    @property
    def newest(self) -> Calibration | None:
        """The calibration that was made last; None before the first."""
        return self.calibrations[-1] if self.calibrations else None

    def calibration_on(self, day: date) -> Calibration | None:
        """Return the last calibration made by a day, if it was passed and still holds on it."""
        made = [one for one in self.calibrations if one.calibrated_on <= day]
        return made[-1] if made and made[-1].passed and day <= made[-1].due_on else None

    def doubtful(self) -> tuple[date, date] | None:
        """Return between which days, both included, measurements are in doubt; None unless the newest was not passed.

        They begin with the last calibration that was passed, if there is one, and end with the failed one.
        """
        newest = self.newest
        if newest is None or newest.passed:
            return None
        good = [one.calibrated_on for one in self.calibrations[:-1] if one.passed]
        return (good[-1] if good else _BEGINNING, newest.calibrated_on)

    def label_on(self, day: date) -> str:
        """Return the device as a report names it: with serial, and the certificate that holds on the day."""
        held = self.calibration_on(day)
        shown = f"{self.name} (S/N {self.serial}"
        return f"{shown})" if held is None else f"{shown}, {held.certificate_no}, ~{held.due_on.isoformat()})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """That an approver lets a device measure for a reception in spite of its calibration, and why (허용 편차)."""

    pack_id: PackId
    reception_id: ReceptionId
    tenant_id: TenantId
    device_id: UUID
    reason: str
    accepted_by: PersonId
    accepted_by_name: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A device kept for a reception on whole Seoul days, both included."""

    booking_id: UUID
    tenant_id: TenantId
    device_id: UUID
    reception_id: ReceptionId
    reception_number: str
    from_on: date
    until_on: date
    booked_by: PersonId
    booked_by_name: str
    booked_at: datetime

    @property
    def days(self) -> tuple[date, ...]:
        """The days that are taken."""
        return tuple(self.from_on + timedelta(days=n) for n in range((self.until_on - self.from_on).days + 1))


def weeks_of(today: date, days: int) -> tuple[tuple[date, ...], ...]:
    """Return whole weeks, Monday first, from the one of today until at least so many days later."""
    monday = today - timedelta(days=today.weekday())
    count = (days + today.weekday()) // 7 + 1
    return tuple(tuple(monday + timedelta(days=7 * week + day) for day in range(7)) for week in range(count))


def require_sound(calibration: Calibration, *, today: date) -> None:
    """Check a calibration before it is stored.

    Raises:
        CalibrationWrong: its days are out of order or lie ahead, or a range is empty, double or without uncertainty.
    """
    units = [one.unit for one in calibration.ranges]
    for wrong, what in (
        (not calibration.calibrated_on < calibration.due_on, "due_on"),
        (calibration.calibrated_on > today, "calibrated_on"),
        (not 0 < len(units) <= RANGES_MAX or len(set(units)) < len(units), "ranges"),
        (any(one.lowest >= one.highest or one.uncertainty < 0 for one in calibration.ranges), "ranges"),
    ):
        if wrong:
            raise CalibrationWrong(field=what)


def require_bookable(from_on: date, until_on: date, *, today: date) -> None:
    """Check the days of a booking.

    Raises:
        BookingWrong: they are out of order, over, or too many.
    """
    if not today <= from_on <= until_on or (until_on - from_on).days >= BOOKED_DAYS_MAX:
        raise BookingWrong(most=BOOKED_DAYS_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulRun:
    """A measurement by a device that was found out of tolerance afterwards, and what rests on it."""

    reception_id: ReceptionId
    reception_number: str
    sequence: int
    recorded_at: datetime
    certificate_number: str | None


def require_kind(device: Device, measurements: Sequence[Measurement], record: CyclerRecord | None) -> None:
    """Check that such a device measures what it is said to have measured.

    A file of a spectrum comes from an impedance analyser, every other one from a cycler; of typed values only those
    count whose test takes a kind of device of its own.

    Raises:
        DeviceOfOtherKind: it measures something else.
    """
    if device.kind is DeviceKind.OTHER:
        return
    if record is not None:
        wanted = frozenset(
            {DeviceKind.IMPEDANCE_ANALYSER} if record.format in _SPECTRA else {DeviceKind.CYCLER, DeviceKind.MULTIMETER}
        )
        tests = {record.format.value: wanted}
    else:
        tests = {one.test_id: _KINDS_BY_TEST[one.test_id] for one in measurements if one.test_id in _KINDS_BY_TEST}
    for test, kinds in tests.items():
        if device.kind not in kinds:
            raise DeviceOfOtherKind(serial=device.serial, kind=device.kind.value, test=test)


Reading = tuple[str, str, Decimal]
"""What was read: its name, its unit and its value."""


def readings_of(measurements: Sequence[Measurement], record: CyclerRecord | None) -> tuple[Reading, ...]:
    """Return what a device itself read: a record's voltages and currents, else the numbers that were typed.

    What is computed from a record has been read by nobody, so only the record's own columns count.
    """
    if record is None:
        return tuple(
            (one.quantity, one.unit, value)
            for one in measurements
            for value in (one.value if isinstance(one.value, tuple) else (one.value,))
            if isinstance(value, Decimal)
        )
    spans = (("voltage", "V", record.voltage_v), ("current", "A", record.current_a))
    return tuple(
        (name, unit, value) for name, unit, span in spans if span is not None for value in (span.lowest, span.highest)
    )


def require_fit(device: Device, *, on: date, readings: Iterable[Reading], recorded: bool = False) -> None:
    """Check that a device was calibrated on the day, and for every value that is in a unit it is calibrated for.

    A bench sheet may hold what is counted or seen beside what the device read: there, units that the device is not
    calibrated for are not its own. What it `recorded` by itself is all its own.

    Raises:
        DeviceNotCalibrated: no calibration holds on the day.
        DeviceUnitUncalibrated: it recorded values in a unit that it is not calibrated for.
        DeviceOutOfRange: a value lies outside what it is calibrated for.
    """
    held = device.calibration_on(on)
    if held is None:
        newest = device.newest
        raise DeviceNotCalibrated(
            serial=device.serial, day=on.isoformat(), due_on=None if newest is None else newest.due_on.isoformat()
        )
    ranges = {one.unit: one for one in held.ranges}
    for name, unit, value in readings:
        span = ranges.get(unit)
        if span is None and recorded:
            raise DeviceUnitUncalibrated(serial=device.serial, quantity=name, unit=unit)
        if span is not None and not span.lowest <= value <= span.highest:
            raise DeviceOutOfRange(
                serial=device.serial,
                quantity=name,
                value=f"{value.normalize():f}",
                lowest=f"{span.lowest.normalize():f}",
                highest=f"{span.highest.normalize():f}",
                unit=unit,
            )
