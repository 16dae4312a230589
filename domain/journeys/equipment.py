"""The inspection body's test devices: register, calibration, calendar, accepted deviations."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from domain.certification.equipment import CALENDAR_DAYS, Booking, Deviation, Device, DoubtfulRun
from domain.certification.usecases import devices
from domain.journeys.ports import JourneyWork
from domain.shared.actor import BODY_STAFF, Actor
from domain.shared.identifiers import Ids
from domain.shared.time import Clock, seoul_day
from domain.shared.unit import Unit

DOUBTFUL_LISTED_MAX = 200


async def register_device(wish: devices.RegisterDevice, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Device:
    """Register a test device with its calibration.

    Raises:
        CalibrationWrong: the calibration contradicts itself.
        SerialTaken: the body has one of this serial.
    """
    async with unit(wish.actor) as work:
        device = await devices.register_device(wish, work=work, ids=ids, clock=clock)
        await work.commit()
    return device


async def calibrate_device(wish: devices.CalibrateDevice, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Device:
    """Add a calibration to a device's history.

    Raises:
        DeviceUnknown: the body has none such.
        CalibrationWrong: the calibration contradicts itself, or is no newer than the last one.
    """
    async with unit(wish.actor) as work:
        device = await devices.calibrate_device(wish, work=work, ids=ids, clock=clock)
        await work.commit()
    return device


async def book_device(wish: devices.BookDevice, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Booking:
    """Keep a device for a reception on whole days.

    Raises:
        DeviceUnknown: the body has none such.
        ReceptionUnknown: there is no such reception.
        DeviceBooked: one of the days is taken.
    """
    async with unit(wish.actor) as work:
        booking = await devices.book_device(wish, work=work, ids=ids, clock=clock)
        await work.commit()
    return booking


async def release_booking(actor: Actor, booking_id: UUID, *, unit: Unit[JourneyWork], clock: Clock) -> Booking:
    """Give the days of a booking that are not over back.

    Raises:
        BookingUnknown: the body has none such, or its days are over.
    """
    async with unit(actor) as work:
        booking = await devices.release_booking(actor, booking_id, work=work, clock=clock)
        await work.commit()
    return booking


async def accept_deviation(wish: devices.AcceptDeviation, *, unit: Unit[JourneyWork], clock: Clock) -> Deviation:
    """Let a device measure for one reception in spite of its calibration; the report prints why.

    Raises:
        ReceptionUnknown: there is no such reception.
        SerialUnknown: the body has no such device.
    """
    async with unit(wish.actor) as work:
        deviation = await devices.accept_deviation(wish, work=work, clock=clock)
        await work.commit()
    return deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceBook:
    """A body's devices, and who has which of them from today on.

    `doubtful` is filled for one device alone: what it measured since it was last known to be in tolerance.
    """

    today: date
    devices: tuple[Device, ...]
    bookings: tuple[Booking, ...]
    doubtful: tuple[DoubtfulRun, ...] = ()

    def of(self, device_id: UUID) -> tuple[Booking, ...]:
        """Return one device's bookings."""
        return tuple(one for one in self.bookings if one.device_id == device_id)

    def booked(self, device_id: UUID, day: date) -> Booking | None:
        """Return who has a device on a day."""
        return next((one for one in self.of(device_id) if one.from_on <= day <= one.until_on), None)


async def list_devices(actor: Actor, *, unit: Unit[JourneyWork], clock: Clock) -> DeviceBook:
    """Show a body its devices with the bookings of the coming months."""
    actor.require(*BODY_STAFF)
    today = seoul_day(clock.now())
    async with unit(actor) as work:
        return DeviceBook(
            today=today,
            devices=await work.devices.of_body(actor.tenant_id),
            bookings=await work.devices.bookings(
                actor.tenant_id, from_on=today, until_on=today + timedelta(days=CALENDAR_DAYS)
            ),
        )


async def open_device(actor: Actor, device_id: UUID, *, unit: Unit[JourneyWork], clock: Clock) -> DeviceBook:
    """Show a body one of its devices, likewise.

    Raises:
        DeviceUnknown: it has none such.
    """
    actor.require(*BODY_STAFF)
    today = seoul_day(clock.now())
    async with unit(actor) as work:
        device = await work.devices.one(actor.tenant_id, device_id)
        found = await work.devices.bookings(
            actor.tenant_id, from_on=today, until_on=today + timedelta(days=CALENDAR_DAYS)
        )
        doubted = device.doubtful()
        doubtful = (
            ()
            if doubted is None
            else await work.devices.measured_with(
                device, from_on=doubted[0], until_on=doubted[1], limit=DOUBTFUL_LISTED_MAX
            )
        )
    return DeviceBook(
        today=today,
        devices=(device,),
        bookings=tuple(one for one in found if one.device_id == device_id),
        doubtful=doubtful,
    )
