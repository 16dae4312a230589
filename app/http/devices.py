"""The inspection body's doors for its test devices: register, calibrate, book."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import TEXT_PATTERN, Day, In, Instant, Name, Out
from domain.certification.equipment import RANGES_MAX, Booking, Device, DeviceKind, DeviceRange
from domain.certification.usecases.devices import BookDevice, Calibrated, CalibrateDevice, RegisterDevice
from domain.journeys import equipment

NumberText = Annotated[
    str, msgspec.Meta(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$", description="A number in the range's unit, as text.")
]
Unit = Annotated[
    str, msgspec.Meta(min_length=1, max_length=20, pattern=TEXT_PATTERN, description="As the protocol spells it.")
]


class RangeIn(In):
    """From where to where a device is calibrated for a unit, and the expanded uncertainty (k = 2)."""

    unit: Unit
    lowest: NumberText
    highest: NumberText
    uncertainty: NumberText


class CalibrationIn(In):
    """A calibration as its certificate says it; one that was not passed puts what was measured before in doubt."""

    certificate_no: Name
    calibrated_on: Day
    due_on: Day
    ranges: Annotated[list[RangeIn], msgspec.Meta(min_length=1, max_length=RANGES_MAX)]
    passed: bool = True


class DeviceIn(In):
    """A test device with its calibration."""

    kind: DeviceKind
    name: Name
    serial: Name
    location: Name
    calibration: CalibrationIn


class BookingIn(In):
    """For which reception a device is kept, from when until when, both days included."""

    reception: Name
    from_on: Day
    until_on: Day


class RangeOut(Out):
    """A calibrated range; decimals are strings, as they were given."""

    unit: str
    lowest: str
    highest: str
    uncertainty: str


class CalibrationOut(Out):
    """A calibration in a device's history."""

    certificate_no: str
    calibrated_on: Day
    due_on: Day
    ranges: list[RangeOut]
    passed: bool
    entered_by: str


class BookingOut(Out):
    """A booking."""

    booking_id: UUID
    reception: str
    from_on: Day
    until_on: Day
    booked_by: str


class DoubtfulRunOut(Out):
    """What a device measured between its last calibration that was passed and one that was not."""

    reception: str
    run: int
    recorded_at: Instant
    certificate: str | None


class DeviceOut(Out):
    """A test device; `calibrated` says whether a calibration holds today. One alone also lists what is in doubt."""

    device_id: UUID
    kind: str
    name: str
    serial: str
    location: str
    calibrated: bool
    calibrations: list[CalibrationOut]
    bookings: list[BookingOut]
    doubtful: list[DoubtfulRunOut]


def told_calibration(given: CalibrationIn) -> Calibrated:
    """Say a calibration in the field's words."""
    return Calibrated(
        certificate_no=given.certificate_no,
        calibrated_on=given.calibrated_on,
        due_on=given.due_on,
        ranges=tuple(
            DeviceRange(
                unit=one.unit,
                lowest=Decimal(one.lowest),
                highest=Decimal(one.highest),
                uncertainty=Decimal(one.uncertainty),
            )
            for one in given.ranges
        ),
        passed=given.passed,
    )


def _booking_out(one: Booking) -> BookingOut:
    return BookingOut(
        booking_id=one.booking_id,
        reception=one.reception_number,
        from_on=one.from_on,
        until_on=one.until_on,
        booked_by=one.booked_by_name,
    )


def _device_out(device: Device, book: equipment.DeviceBook) -> DeviceOut:
    return DeviceOut(
        device_id=device.device_id,
        kind=device.kind.value,
        name=device.name,
        serial=device.serial,
        location=device.location,
        calibrated=device.calibration_on(book.today) is not None,
        calibrations=[
            CalibrationOut(
                certificate_no=one.certificate_no,
                calibrated_on=one.calibrated_on,
                due_on=one.due_on,
                ranges=[
                    RangeOut(
                        unit=span.unit,
                        lowest=str(span.lowest),
                        highest=str(span.highest),
                        uncertainty=str(span.uncertainty),
                    )
                    for span in one.ranges
                ],
                passed=one.passed,
                entered_by=one.entered_by_name,
            )
            for one in device.calibrations
        ],
        bookings=[_booking_out(one) for one in book.of(device.device_id)],
        doubtful=[
            DoubtfulRunOut(
                reception=one.reception_number,
                run=one.sequence,
                recorded_at=one.recorded_at,
                certificate=one.certificate_number,
            )
            for one in book.doubtful
        ],
    )


class DevicesController(Controller):
    """Test devices of the inspection body."""

    path = "/api/v1/devices"
    tags = ("certification",)

    @get("/", operation_id="ListDevices", summary="List test devices (장비)", responses=PROBLEMS)
    async def list_devices(self, ports: GivenPorts, actor: GivenActor) -> list[DeviceOut]:
        """List the body's devices with calibrations and coming bookings."""
        book = await equipment.list_devices(actor, unit=ports.unit, clock=ports.clock)
        return [_device_out(one, book) for one in book.devices]

    @post("/", operation_id="RegisterDevice", summary="Register a test device", responses=PROBLEMS)
    async def register(self, data: JSONBody[DeviceIn], ports: GivenPorts, actor: GivenActor) -> DeviceOut:
        """Register a device with its calibration."""
        device = await equipment.register_device(
            RegisterDevice(
                actor=actor,
                kind=data.kind,
                name=data.name,
                serial=data.serial,
                location=data.location,
                calibrated=told_calibration(data.calibration),
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return await self._shown(device.device_id, ports, actor)

    @get("/{device_id:uuid}", operation_id="ShowDevice", summary="Show a test device", responses=PROBLEMS)
    async def show(self, device_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> DeviceOut:
        """Show a device with its history and coming bookings."""
        return await self._shown(device_id, ports, actor)

    @post(
        "/{device_id:uuid}/calibrations",
        operation_id="CalibrateDevice",
        summary="Add a calibration (교정)",
        responses=PROBLEMS,
    )
    async def calibrate(
        self, device_id: FromPath[UUID], data: JSONBody[CalibrationIn], ports: GivenPorts, actor: GivenActor
    ) -> DeviceOut:
        """Add the newest calibration; the ones before stay."""
        await equipment.calibrate_device(
            CalibrateDevice(actor=actor, device_id=device_id, calibrated=told_calibration(data)),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return await self._shown(device_id, ports, actor)

    @post("/{device_id:uuid}/bookings", operation_id="BookDevice", summary="Book a device (예약)", responses=PROBLEMS)
    async def book(
        self, device_id: FromPath[UUID], data: JSONBody[BookingIn], ports: GivenPorts, actor: GivenActor
    ) -> BookingOut:
        """Keep a device for a reception on whole days."""
        booking = await equipment.book_device(
            BookDevice(
                actor=actor,
                device_id=device_id,
                reception_number=data.reception,
                from_on=data.from_on,
                until_on=data.until_on,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _booking_out(booking)

    async def _shown(self, device_id: UUID, ports: GivenPorts, actor: GivenActor) -> DeviceOut:
        book = await equipment.open_device(actor, device_id, unit=ports.unit, clock=ports.clock)
        return _device_out(book.devices[0], book)

    @post(
        "/bookings/{booking_id:uuid}/release",
        operation_id="ReleaseBooking",
        summary="Release a booking (예약 취소)",
        responses=PROBLEMS,
        status_code=200,
    )
    async def release(self, booking_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> DeviceOut:
        """Give the days that are not over back; the days before stay booked."""
        booking = await equipment.release_booking(actor, booking_id, unit=ports.unit, clock=ports.clock)
        return await self._shown(booking.device_id, ports, actor)
