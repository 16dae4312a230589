"""The body's test devices (장비): registered, calibrated, booked, and let measure in spite of a deviation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from domain.certification.equipment import (
    KEEPERS,
    Booking,
    Calibration,
    Deviation,
    Device,
    DeviceKind,
    DeviceRange,
    require_bookable,
    require_sound,
)
from domain.certification.errors import (
    BookingUnknown,
    CalibrationWrong,
    ReceptionMoved,
    ReceptionUnknown,
    SerialUnknown,
)
from domain.certification.model import Reception, TestRun
from domain.certification.ports import CertificationWork
from domain.certification.usecases.moving import MEASURABLE, REASON_LENGTH_MAX, held
from domain.shared.actor import BODY_STAFF, Actor, Role
from domain.shared.identifiers import Ids, ReceptionId, TenantId
from domain.shared.time import Clock, seoul_day


async def named(tenant_id: TenantId, serial: str, work: CertificationWork) -> Device:
    """Return a body's device of a serial.

    Raises:
        SerialUnknown: it has none.
    """
    device = await work.devices.find(tenant_id, serial)
    if device is None:
        raise SerialUnknown(serial=serial[:100])
    return device


async def devices_of(reception: Reception, runs: Sequence[TestRun], work: CertificationWork) -> Mapping[UUID, Device]:
    """Return the devices that some runs name, with their calibrations, by identifier."""
    named_ids = dict.fromkeys(run.device_id for run in runs if run.device_id is not None)
    return {one: await work.devices.one(reception.tenant_id, one) for one in named_ids}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A calibration as its certificate says it."""

    certificate_no: str
    calibrated_on: date
    due_on: date
    ranges: tuple[DeviceRange, ...]
    passed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDevice:
    """A wish to register a test device with its calibration."""

    actor: Actor
    kind: DeviceKind
    name: str
    serial: str
    location: str
    calibrated: Calibrated


async def register_device(wish: RegisterDevice, *, work: CertificationWork, ids: Ids, clock: Clock) -> Device:
    """Register a test device of the actor's body.

    Raises:
        RoleNotEnough: the actor keeps no devices.
        CalibrationWrong: the calibration contradicts itself.
        SerialTaken: the body has one of this serial.
    """
    wish.actor.require(*KEEPERS)
    now = clock.now()
    device = Device(
        device_id=ids.new(),
        tenant_id=wish.actor.tenant_id,
        kind=wish.kind,
        name=wish.name,
        serial=wish.serial.strip(),
        location=wish.location,
        registered_by=wish.actor.person_id,
        registered_by_name=wish.actor.name,
        registered_at=now,
        calibrations=(_calibration(wish.calibrated, wish.actor, ids=ids, now=now),),
    )
    await work.devices.add(device)
    return device


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateDevice:
    """A wish to add a device's newest calibration."""

    actor: Actor
    device_id: UUID
    calibrated: Calibrated


async def calibrate_device(wish: CalibrateDevice, *, work: CertificationWork, ids: Ids, clock: Clock) -> Device:
    """Add a calibration to a device's history.

    Raises:
        RoleNotEnough: the actor keeps no devices.
        DeviceUnknown: the body has none such.
        CalibrationWrong: the calibration contradicts itself, or is no newer than the last one.
    """
    wish.actor.require(*KEEPERS)
    device = await work.devices.one(wish.actor.tenant_id, wish.device_id)
    calibration = _calibration(wish.calibrated, wish.actor, ids=ids, now=clock.now())
    if device.newest is not None and calibration.calibrated_on <= device.newest.calibrated_on:
        raise CalibrationWrong(field="calibrated_on")
    await work.devices.calibrate(device, calibration)
    return replace(device, calibrations=(*device.calibrations, calibration))


def _calibration(told: Calibrated, actor: Actor, *, ids: Ids, now: datetime) -> Calibration:
    calibration = Calibration(
        calibration_id=ids.new(),
        certificate_no=told.certificate_no,
        calibrated_on=told.calibrated_on,
        due_on=told.due_on,
        ranges=told.ranges,
        passed=told.passed,
        entered_by=actor.person_id,
        entered_by_name=actor.name,
        entered_at=now,
    )
    require_sound(calibration, today=seoul_day(now))
    return calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDevice:
    """A wish to keep a device for a reception, on whole days, both included."""

    actor: Actor
    device_id: UUID
    reception_number: str
    from_on: date
    until_on: date


async def book_device(wish: BookDevice, *, work: CertificationWork, ids: Ids, clock: Clock) -> Booking:
    """Book a device for a reception.

    Raises:
        RoleNotEnough: the actor is none of the body's staff.
        DeviceUnknown: the body has none such.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is issued already, or closed.
        BookingWrong: the days are out of order, over, or too many.
        DeviceBooked: one of the days is taken.
    """
    wish.actor.require(*BODY_STAFF)
    now = clock.now()
    device = await work.devices.one(wish.actor.tenant_id, wish.device_id)
    require_bookable(wish.from_on, wish.until_on, today=seoul_day(now))
    reception = await work.receptions.one(await work.receptions.find(wish.reception_number.strip()))
    if reception.tenant_id != wish.actor.tenant_id:
        raise ReceptionUnknown(reception=wish.reception_number)
    if not reception.state.is_open:
        raise ReceptionMoved(state=reception.state.value)
    booking = Booking(
        booking_id=ids.new(),
        tenant_id=wish.actor.tenant_id,
        device_id=device.device_id,
        reception_id=reception.reception_id,
        reception_number=reception.number,
        from_on=wish.from_on,
        until_on=wish.until_on,
        booked_by=wish.actor.person_id,
        booked_by_name=wish.actor.name,
        booked_at=now,
    )
    await work.devices.book(booking)
    return booking


async def release_booking(actor: Actor, booking_id: UUID, *, work: CertificationWork, clock: Clock) -> Booking:
    """Give the days of a booking that are not over back: others may have them.

    Raises:
        RoleNotEnough: the actor is none of the body's staff.
        BookingUnknown: the body has none such, or its days are over.
    """
    actor.require(*BODY_STAFF)
    today = seoul_day(clock.now())
    booking = await work.devices.booking(actor.tenant_id, booking_id)
    if booking.until_on < today:
        raise BookingUnknown
    await work.devices.release(booking, from_on=max(today, booking.from_on))
    return booking


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptDeviation:
    """A wish to let a device measure for a reception in spite of its calibration, and why."""

    actor: Actor
    reception_id: ReceptionId
    serial: str
    reason: str


async def accept_deviation(wish: AcceptDeviation, *, work: CertificationWork, clock: Clock) -> Deviation:
    """Accept a device's deviation for one reception; the report prints it with its reason.

    Raises:
        RoleNotEnough: the actor is no approver.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is approved already.
        SerialUnknown: the body has no such device.
    """
    wish.actor.require(Role.APPROVER)
    reception = await held(wish.actor, wish.reception_id, work, *MEASURABLE)
    device = await named(reception.tenant_id, wish.serial, work)
    deviation = Deviation(
        pack_id=reception.pack_id,
        reception_id=reception.reception_id,
        tenant_id=reception.tenant_id,
        device_id=device.device_id,
        reason=wish.reason[:REASON_LENGTH_MAX],
        accepted_by=wish.actor.person_id,
        accepted_by_name=wish.actor.name,
        accepted_at=clock.now(),
    )
    await work.devices.accept(deviation)
    return deviation
