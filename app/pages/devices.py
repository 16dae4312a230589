"""The inspection body's device room: the register with due dates, a device's history and calendar."""

from collections.abc import Mapping
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.http.devices import BookingIn, CalibrationIn, DeviceIn, told_calibration
from app.http.identity import GivenActor, GivenPorts
from app.pages.frame import GivenPage, Page, PageRequest, read_as, read_form
from app.ports import Ports
from domain.certification.equipment import CALENDAR_DAYS, KEEPERS, DeviceKind, weeks_of
from domain.certification.usecases.devices import BookDevice, CalibrateDevice, RegisterDevice
from domain.journeys import equipment
from domain.shared.actor import Actor
from domain.shared.errors import DomainError

DUE_SOON_DAYS = 30
LIST_DAYS = 14
RANGE_ROWS = 4


def _calibration(form: Mapping[str, str]) -> dict[str, object]:
    """Return what a form says of a calibration; rows of ranges without a unit are left out."""
    rows = [
        {name: form.get(f"{name}_{row}", "") for name in ("unit", "lowest", "highest", "uncertainty")}
        for row in range(1, RANGE_ROWS + 1)
    ]
    said = {name: form[name] for name in ("certificate_no", "calibrated_on", "due_on") if name in form}
    return {**said, "passed": form.get("passed", "yes") == "yes", "ranges": [row for row in rows if row["unit"]]}


@get("/ktr/devices")
async def devices(ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show the body's devices, what is due, and who has booked which."""
    return await _devices(page, ports, actor)


async def _devices(
    page: Page, ports: Ports, actor: Actor, *, error: DomainError | None = None, form: dict[str, str] | None = None
) -> Template:
    book = await equipment.list_devices(actor, unit=ports.unit, clock=ports.clock)
    context: dict[str, object] = {
        "book": book,
        "kinds": tuple(kind.value for kind in DeviceKind),
        "rows": range(1, RANGE_ROWS + 1),
        "soon": DUE_SOON_DAYS,
        "keeps": actor.role in KEEPERS,
        "weeks": weeks_of(book.today, LIST_DAYS),
    }
    if error is None:
        return page.show("ktr_devices.html", **context)
    return page.again("ktr_devices.html", error, form or {}, **context)


@post("/ktr/devices", status_code=303)
async def register_device(
    request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Register a device with its calibration."""
    form = await read_form(request)
    try:
        wish = read_as({**form, "calibration": _calibration(form)}, DeviceIn, page.language)
        device = await equipment.register_device(
            RegisterDevice(
                actor=actor,
                kind=wish.kind,
                name=wish.name,
                serial=wish.serial,
                location=wish.location,
                calibrated=told_calibration(wish.calibration),
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _devices(page, ports, actor, error=error, form=form)
    return Redirect(f"/ktr/devices/{device.device_id}", status_code=303)


@get("/ktr/devices/{device_id:uuid}")
async def show_device(device_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show a device with its calibrations and its calendar."""
    return await _device(page, ports, actor, device_id)


async def _device(
    page: Page,
    ports: Ports,
    actor: Actor,
    device_id: UUID,
    *,
    error: DomainError | None = None,
    form: dict[str, str] | None = None,
) -> Template:
    book = await equipment.open_device(actor, device_id, unit=ports.unit, clock=ports.clock)
    context: dict[str, object] = {
        "book": book,
        "device": book.devices[0],
        "rows": range(1, RANGE_ROWS + 1),
        "keeps": actor.role in KEEPERS,
        "weeks": weeks_of(book.today, CALENDAR_DAYS),
    }
    if error is None:
        return page.show("ktr_device.html", **context)
    return page.again("ktr_device.html", error, form or {}, **context)


@post("/ktr/devices/{device_id:uuid}/calibrations", status_code=303)
async def calibrate_device(
    request: PageRequest, device_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Add a device's newest calibration."""
    form = await read_form(request)
    try:
        calibration = read_as(_calibration(form), CalibrationIn, page.language)
        await equipment.calibrate_device(
            CalibrateDevice(actor=actor, device_id=device_id, calibrated=told_calibration(calibration)),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _device(page, ports, actor, device_id, error=error, form=form)
    return Redirect(f"/ktr/devices/{device_id}", status_code=303)


@post("/ktr/devices/{device_id:uuid}/bookings", status_code=303)
async def book_device(
    request: PageRequest, device_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Keep a device for a reception."""
    form = await read_form(request)
    try:
        wish = read_as(form, BookingIn, page.language)
        await equipment.book_device(
            BookDevice(
                actor=actor,
                device_id=device_id,
                reception_number=wish.reception,
                from_on=wish.from_on,
                until_on=wish.until_on,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _device(page, ports, actor, device_id, error=error, form=form)
    return Redirect(f"/ktr/devices/{device_id}", status_code=303)


@post("/ktr/devices/{device_id:uuid}/bookings/{booking_id:uuid}/release", status_code=303)
async def release_booking(
    device_id: FromPath[UUID], booking_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Give a booking's days back."""
    try:
        await equipment.release_booking(actor, booking_id, unit=ports.unit, clock=ports.clock)
    except DomainError as error:
        return await _device(page, ports, actor, device_id, error=error)
    return Redirect(f"/ktr/devices/{device_id}", status_code=303)


DEVICES = (devices, register_device, show_device, calibrate_device, book_device, release_booking)
