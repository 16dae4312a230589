"""The steps of certification, from reception to issue and closing, and a certificate's suspension and end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.certification.equipment import (
    KEEPERS,
    Booking,
    Calibration,
    Deviation,
    Device,
    DeviceKind,
    DeviceRange,
    readings_of,
    require_bookable,
    require_fit,
    require_kind,
    require_sound,
)
from domain.certification.errors import (
    AssessmentBroken,
    AssessmentUnknown,
    BookingUnknown,
    CalibrationWrong,
    CertificateMoved,
    CertificateRunOut,
    CertificateStands,
    CertificateUnknown,
    DeviceUnfit,
    DischargeMissing,
    HoldStays,
    NotForReuse,
    NotHeld,
    NothingMeasured,
    OwnSuspension,
    OwnWork,
    ProtocolChanged,
    ReasonMissing,
    ReceptionMoved,
    ReceptionUnknown,
    SerialUnknown,
    TestTimesWrong,
    TokenTooShort,
)
from domain.certification.evaluating import evaluate, yielded
from domain.certification.judging import Context, judge, said_by
from domain.certification.model import (
    Applicant,
    Assessment,
    Certificate,
    CertificateStatus,
    CyclerRecord,
    Discharge,
    Disposition,
    HoldRelease,
    Issued,
    IssuedDocument,
    IssuedKind,
    ItemFacts,
    Judgement,
    Laboratory,
    Meaning,
    Measurement,
    MeasurementSource,
    RawFile,
    Reception,
    ReceptionState,
    Report,
    Signature,
    Signed,
    TestRun,
    Transition,
    Variant,
    Verdict,
)
from domain.certification.ports import CertificationWork, Credentials
from domain.certification.printing import certificate_content, credential_document, report_content
from domain.certification.protocol import Given, Protocol
from domain.certification.spelling import assessment_text, hold_release_text, token_sha256
from domain.certification.status_list import candidates
from domain.shared.actor import BODY_STAFF, Actor, Role
from domain.shared.canonical import Canonical, canonical_text, sha256
from domain.shared.documents import DocumentKind, Documents, Seals
from domain.shared.identifiers import (
    CertificateId,
    Ids,
    PackId,
    PersonId,
    ReceptionId,
    ReportId,
    TenantId,
    TestRunId,
)
from domain.shared.time import Clock, seoul_day

_CAPACITY_TEST = "T06"
_TOKEN_LENGTH_MIN = 32
_REASON_LENGTH_MAX = 500
_MEASURABLE = (
    ReceptionState.RECEIVED,
    ReceptionState.UNDER_TEST,
    ReceptionState.TESTED,
    ReceptionState.REVIEWED,
)
"""Until it is approved, a result may be added: the reception goes back, and is judged and reviewed anew."""
_SEALED_REPORT, _SEALED_CERTIFICATE = "시험성적서 발급 · test report issued", "인증서 발급 · certificate issued"
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """A wish to take a pack in for inspection."""

    actor: Actor
    pack_id: PackId
    tenant_id: TenantId
    applicant: Applicant
    condition: str
    due_on: date
    facts: ItemFacts


async def receive(wish: Receive, *, work: CertificationWork, ids: Ids, clock: Clock) -> Reception:
    """Take a pack in for inspection, under a number of its own.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: the actor belongs to another body.
        AlreadyReceived: the pack lies in an open reception.
    """
    wish.actor.require(Role.TESTER)
    if wish.actor.tenant_id != wish.tenant_id:
        raise ReceptionUnknown(reception=str(wish.pack_id))
    now = clock.now()
    year = seoul_day(now).year
    count = await work.numbers.next(tenant_id=wish.tenant_id, series="reception", year=year)
    reception = Reception(
        reception_id=ReceptionId(ids.new()),
        number=f"R-{year}-{count:06d}",
        pack_id=wish.pack_id,
        tenant_id=wish.tenant_id,
        applicant=wish.applicant,
        condition=wish.condition,
        facts=wish.facts,
        received_by=wish.actor.person_id,
        received_by_name=wish.actor.name,
        received_at=now,
        due_on=wish.due_on,
        state=ReceptionState.RECEIVED,
    )
    await work.receptions.add(reception)
    await _logged(reception, None, ReceptionState.RECEIVED, wish.actor, work=work, now=now)
    return reception


async def _moved(
    actor: Actor,
    reception: Reception,
    to: ReceptionState,
    *,
    work: CertificationWork,
    now: datetime,
    reason: str = "",
) -> None:
    """Move a reception on, and keep who did it, when and why."""
    await work.receptions.move(reception, to=to, at=now)
    await _logged(reception, reception.state, to, actor, work=work, now=now, reason=reason)


async def _logged(
    reception: Reception,
    from_state: ReceptionState | None,
    to: ReceptionState,
    actor: Actor,
    *,
    work: CertificationWork,
    now: datetime,
    reason: str = "",
) -> None:
    await work.receptions.log(
        Transition(
            pack_id=reception.pack_id,
            reception_id=reception.reception_id,
            tenant_id=reception.tenant_id,
            sequence=len(await work.receptions.transitions(reception)) + 1,
            from_state=from_state,
            to_state=to,
            moved_by=actor.person_id,
            moved_by_name=actor.name,
            moved_at=now,
            reason=reason,
        )
    )


def _because(reason: str) -> str:
    """Return a reason, cut to what is kept.

    Raises:
        ReasonMissing: there is none.
    """
    said = reason.strip()[:_REASON_LENGTH_MAX]
    if not said:
        raise ReasonMissing
    return said


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCyclerRun:
    """A wish to record what a cycler file says; the file is kept already, under `raw_sha256`."""

    actor: Actor
    reception_id: ReceptionId
    file_name: str
    raw_sha256: str
    record: CyclerRecord
    ambient_c: Decimal | None = None
    equipment: str = ""
    serial: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


async def record_cycler_run(
    wish: RecordCyclerRun, *, work: CertificationWork, protocol: Protocol, ids: Ids, clock: Clock
) -> TestRun:
    """Add what a test file answers to a reception's results: its capacity test, and what else it measured.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is approved already.
        TestTimesWrong: the test ran at a time that is not possible.
        DischargeMissing: the file holds no full discharge, and answers nothing else of the protocol either.
    """
    wish.actor.require(Role.TESTER)
    reception = await _held(wish.actor, wish.reception_id, work, *_MEASURABLE)
    rated_ah = reception.facts.sample_capacity_ah
    evaluation = evaluate(wish.record, rated_capacity_ah=rated_ah)
    given: dict[tuple[str, str], Given] = {
        (test_id, key): value
        for (test_id, key), value in yielded(evaluation, wish.record, rated_capacity_ah=rated_ah).items()
        if protocol.knows(test_id, key)
    }
    variant: Variant | None = None
    try:
        found = wish.record.discharge(rated_ah)
    except DischargeMissing:
        if not given:
            raise
    else:
        variant = found.variant
        given |= _capacity_answers(found, wish.record)
    measurements = tuple(
        protocol.measurement(
            test_id=test_id,
            quantity=key,
            given=value,
            unit=protocol.quantity(test_id, key).unit,
            source=MeasurementSource.RAW,
        )
        for (test_id, key), value in given.items()
    )
    return await _recorded(
        wish.actor,
        reception,
        measurements,
        work=work,
        protocol=protocol,
        ids=ids,
        now=clock.now(),
        variant=variant,
        ambient_c=wish.ambient_c,
        equipment=wish.equipment,
        serial=wish.serial,
        times=_test_times(wish, reception, wish.record, now=clock.now()),
        raw_file=RawFile(name=wish.file_name, sha256=wish.raw_sha256),
        record=wish.record,
    )


def _capacity_answers(found: Discharge, record: CyclerRecord) -> dict[tuple[str, str], Given]:
    answers: dict[tuple[str, str], Given] = {
        (_CAPACITY_TEST, "q_dis"): found.q_dis_ah,
        (_CAPACITY_TEST, "e_dis"): found.e_dis_wh,
    }
    if found.q_chg_ah > 0 and found.e_chg_wh > 0:
        answers |= {(_CAPACITY_TEST, "q_chg"): found.q_chg_ah, (_CAPACITY_TEST, "e_chg"): found.e_chg_wh}
    if record.temperature_c is not None:
        answers[_CAPACITY_TEST, "t_max"] = record.temperature_c.highest
    return answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """One value as a tester typed it; `unit` None for what has none."""

    test_id: str
    quantity: str
    value: Given
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMeasurements:
    """A wish to record values that a tester typed."""

    actor: Actor
    reception_id: ReceptionId
    measurements: Sequence[Entered]
    ambient_c: Decimal | None = None
    equipment: str = ""
    serial: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


async def record_measurements(
    wish: RecordMeasurements, *, work: CertificationWork, protocol: Protocol, ids: Ids, clock: Clock
) -> TestRun:
    """Add typed values to a reception's results, marked as typed; one wrong value and none is kept.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is approved already.
        TestTimesWrong: the test ran at a time that is not possible.
        NothingMeasured: the list is empty.
        QuantityUnknown: the protocol has no such quantity.
        QuantityMalformed: a value is not of its quantity's kind.
        UnitDiffers: a value is given in another unit.
    """
    wish.actor.require(Role.TESTER)
    reception = await _held(wish.actor, wish.reception_id, work, *_MEASURABLE)
    if not wish.measurements:
        raise NothingMeasured
    measurements = tuple(
        protocol.measurement(
            test_id=one.test_id,
            quantity=one.quantity,
            given=one.value,
            unit=one.unit,
            source=MeasurementSource.MANUAL,
        )
        for one in wish.measurements
    )
    return await _recorded(
        wish.actor,
        reception,
        measurements,
        work=work,
        protocol=protocol,
        ids=ids,
        now=clock.now(),
        variant=None,
        ambient_c=wish.ambient_c,
        equipment=wish.equipment,
        serial=wish.serial,
        times=_test_times(wish, reception, None, now=clock.now()),
        raw_file=None,
        record=None,
    )


async def _recorded(
    actor: Actor,
    reception: Reception,
    measurements: tuple[Measurement, ...],
    *,
    work: CertificationWork,
    protocol: Protocol,
    ids: Ids,
    now: datetime,
    variant: Variant | None,
    ambient_c: Decimal | None,
    equipment: str,
    serial: str,
    times: tuple[datetime | None, datetime | None],
    raw_file: RawFile | None,
    record: CyclerRecord | None,
) -> TestRun:
    began_at, ended_at = times
    tested_on = sorted({seoul_day(at) for at in times if at is not None}) or [seoul_day(now)]
    device, deviation = await _fit_device(reception, serial, measurements, record, work=work, on=tested_on)
    earlier = await work.test_runs.of_reception(reception)
    run = TestRun(
        test_run_id=TestRunId(ids.new()),
        reception_id=reception.reception_id,
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        sequence=len(earlier) + 1,
        protocol_id=protocol.protocol_id,
        protocol_version=protocol.version,
        variant=variant,
        ambient_c=ambient_c,
        equipment=equipment if device is None else device.label_on(tested_on[-1]),
        raw_file=raw_file,
        record=record,
        measurements=measurements,
        recorded_by=actor.person_id,
        recorded_by_name=actor.name,
        recorded_at=now,
        device_id=None if device is None else device.device_id,
        deviation="; ".join(one for one in (deviation, protocol.ambient_deviation(ambient_c)) if one),
        started_at=began_at,
        ended_at=ended_at,
    )
    await work.test_runs.add(run)
    if reception.state is not ReceptionState.UNDER_TEST:
        await _moved(actor, reception, ReceptionState.UNDER_TEST, work=work, now=now)
    return run


def _test_times(
    wish: "RecordCyclerRun | RecordMeasurements", reception: Reception, record: CyclerRecord | None, *, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return when a test began and ended; what a file lasted supplies the one that was not told.

    Raises:
        TestTimesWrong: it began before the unit was received, ended before it began, or has not ended.
    """
    began_at, ended_at = wish.started_at, wish.ended_at
    lasted = None if record is None else timedelta(hours=float(record.hours))
    if lasted is not None and began_at is not None and ended_at is None:
        ended_at = began_at + lasted
    elif lasted is not None and ended_at is not None and began_at is None:
        began_at = ended_at - lasted
    if began_at is not None and began_at < reception.received_at:
        raise TestTimesWrong(field="started_at")
    last_at = ended_at or began_at
    if last_at is not None and (last_at > now or last_at < (began_at or reception.received_at)):
        raise TestTimesWrong(field="ended_at" if ended_at is not None else "started_at")
    return began_at, ended_at


async def _fit_device(
    reception: Reception,
    serial: str,
    measurements: Sequence[Measurement],
    record: CyclerRecord | None,
    *,
    work: CertificationWork,
    on: Sequence[date],
) -> tuple[Device | None, str]:
    """Return the device that was named and what was accepted about it, on each of the days that the test touched.

    Raises:
        SerialUnknown: the body has no such device.
        DeviceOfOtherKind: such a device does not measure this.
        DeviceUnfit: it is out of calibration, or of its range, and no approver accepted that.
    """
    if not serial:
        return None, ""
    device = await _named(reception.tenant_id, serial, work)
    require_kind(device, measurements, record)
    try:
        for day in on:
            require_fit(device, on=day, readings=readings_of(measurements, record), recorded=record is not None)
    except DeviceUnfit as fault:
        accepted = await work.devices.deviation(reception, device.device_id)
        if accepted is None:
            raise
        return device, f"{fault.finding_ko} 허용: {accepted.reason} ({accepted.accepted_by_name})"
    return device, ""


async def _named(tenant_id: TenantId, serial: str, work: CertificationWork) -> Device:
    device = await work.devices.find(tenant_id, serial)
    if device is None:
        raise SerialUnknown(serial=serial[:100])
    return device


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
    reception = await _held(wish.actor, wish.reception_id, work, *_MEASURABLE)
    device = await _named(reception.tenant_id, wish.serial, work)
    deviation = Deviation(
        pack_id=reception.pack_id,
        reception_id=reception.reception_id,
        tenant_id=reception.tenant_id,
        device_id=device.device_id,
        reason=wish.reason[:_REASON_LENGTH_MAX],
        accepted_by=wish.actor.person_id,
        accepted_by_name=wish.actor.name,
        accepted_at=clock.now(),
    )
    await work.devices.accept(deviation)
    return deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeReception:
    """A wish to judge what was measured. `lots` and `site_ip_code` as in `judging.Context`."""

    actor: Actor
    reception_id: ReceptionId
    lots: Mapping[str, tuple[Decimal, ...]] | None = None
    site_ip_code: str | None = None


async def judge_reception(
    wish: JudgeReception, *, work: CertificationWork, protocol: Protocol, ids: Ids, clock: Clock
) -> Assessment:
    """Judge a reception's results by a protocol; the assessment stands beside earlier ones.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: nothing was measured since the last judgement, or it is approved already.
    """
    wish.actor.require(Role.TESTER)
    reception = await _held(wish.actor, wish.reception_id, work, ReceptionState.UNDER_TEST)
    runs = await work.test_runs.of_reception(reception)
    now = clock.now()
    context = Context(facts=reception.facts, today=seoul_day(now), lots=wish.lots or {}, site_ip_code=wish.site_ip_code)
    assessment = Assessment(
        assessment_id=ids.new(),
        reception_id=reception.reception_id,
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        sequence=await _next_sequence(reception, runs, work),
        run_ids=tuple(run.test_run_id for run in runs),
        judgement=judge(protocol, [one for run in runs for one in run.measurements], context),
        judged_by=wish.actor.person_id,
        judged_by_name=wish.actor.name,
        judged_at=now,
    )
    await work.assessments.add(assessment)
    await _moved(wish.actor, reception, ReceptionState.TESTED, work=work, now=now)
    return assessment


async def _next_sequence(reception: Reception, runs: Sequence[TestRun], work: CertificationWork) -> int:
    """Count an assessment by the runs it rests on; beyond the last one where it was returned with nothing added."""
    try:
        last = await work.assessments.latest(reception)
    except AssessmentUnknown:
        return runs[-1].sequence
    return max(runs[-1].sequence, last.sequence + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A wish to sign a reception's last assessment."""

    actor: Actor
    reception_id: ReceptionId


async def review(wish: Sign, *, work: CertificationWork, ids: Ids, clock: Clock) -> Signature:
    """Sign a reception's last assessment as reviewed (검토), whatever it says, as a person who did none of its work.

    Raises:
        RoleNotEnough: the actor is no reviewer.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        OwnWork: the actor received the pack, entered a result or judged it.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is not judged, or reviewed already.
    """
    wish.actor.require(Role.REVIEWER)
    wish.actor.require_confirmed(clock.now())
    reception = await _held(wish.actor, wish.reception_id, work, ReceptionState.TESTED)
    assessment = await work.assessments.latest(reception)
    runs = await work.test_runs.of_reception(reception)
    signature = await _sign(
        wish.actor,
        reception,
        _of_assessment(assessment, Meaning.REVIEW),
        entered_by=whose_work(reception, runs, assessment),
        work=work,
        ids=ids,
        now=clock.now(),
    )
    await _moved(wish.actor, reception, ReceptionState.REVIEWED, work=work, now=signature.signed_at)
    return signature


@dataclass(frozen=True, slots=True, kw_only=True)
class SignWithReason:
    """A wish to take a reception a step that must say why."""

    actor: Actor
    reception_id: ReceptionId
    reason: str


async def release_hold(
    wish: SignWithReason, *, work: CertificationWork, protocol: Protocol, ids: Ids, clock: Clock
) -> Signature:
    """Sign that a held unit may go on to reuse after all, and why (보류 해제); this is its review.

    What the rules asked to be looked at counts as looked at. What failed or is missing holds as before.

    Raises:
        RoleNotEnough: the actor is no reviewer.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        ReasonMissing: nothing says why.
        OwnWork: the actor received the pack, entered a result or judged it.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is not judged, or reviewed already.
        NotHeld: the judgement says something else than hold.
        ProtocolChanged: it was judged by a protocol that is no longer in force.
        HoldStays: something was not assessed, or no grade is reached.
    """
    wish.actor.require(Role.REVIEWER)
    wish.actor.require_confirmed(clock.now())
    reason = _because(wish.reason)
    reception = await _held(wish.actor, wish.reception_id, work, ReceptionState.TESTED)
    assessment = await work.assessments.latest(reception)
    runs = await work.test_runs.of_reception(reception)
    now = clock.now()
    release = HoldRelease(
        pack_id=reception.pack_id,
        assessment_id=assessment.assessment_id,
        reception_id=reception.reception_id,
        tenant_id=reception.tenant_id,
        reason=reason,
        judgement=_released(reception, runs, assessment, protocol),
        released_by=wish.actor.person_id,
        released_by_name=wish.actor.name,
        released_at=now,
    )
    signature = await _sign(
        wish.actor,
        reception,
        _of_release(assessment, release),
        entered_by=whose_work(reception, runs, assessment),
        work=work,
        ids=ids,
        now=now,
    )
    await work.signatures.release(release)
    await _moved(wish.actor, reception, ReceptionState.REVIEWED, work=work, now=now, reason=reason)
    return signature


def _released(reception: Reception, runs: Sequence[TestRun], assessment: Assessment, protocol: Protocol) -> Judgement:
    """Judge the same runs on the same day with what asked for a look counted as looked at."""
    held = assessment.judgement
    if held.disposition is not Disposition.HOLD_REVIEW:
        raise NotHeld(disposition=held.disposition.value)
    if held.protocol_sha256 != protocol.sha256:
        raise ProtocolChanged(judged=f"{held.protocol_id} {held.protocol_version}")
    rested_on = [one for run in runs if run.test_run_id in assessment.run_ids for one in run.measurements]
    context = Context(facts=reception.facts, today=seoul_day(assessment.judged_at))
    judgement = judge(protocol, rested_on, context, released=True)
    if judgement.disposition is not Disposition.REUSE:
        missing = [test.test_id for test in judgement.tests if Verdict.NOT_ASSESSED in said_by(test)]
        raise HoldStays(tests=", ".join(missing) or "-")
    return judgement


async def approve(wish: Sign, *, work: CertificationWork, ids: Ids, clock: Clock) -> Signature:
    """Sign a reception's reviewed assessment as approved (승인), as a third person.

    Raises:
        RoleNotEnough: the actor is no approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        OwnWork: the actor received the pack, entered a result, judged or reviewed it.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is not reviewed, or approved already.
        AssessmentBroken: the stored assessment is not the one that was reviewed.
    """
    wish.actor.require(Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    reception = await _held(wish.actor, wish.reception_id, work, ReceptionState.REVIEWED)
    assessment = await work.assessments.latest(reception)
    reviewed = await _reviewed(assessment, work)
    if reviewed is None:
        raise AssessmentBroken
    runs = await work.test_runs.of_reception(reception)
    signature = await _sign(
        wish.actor,
        reception,
        _of_assessment(assessment, Meaning.APPROVAL),
        entered_by=(*whose_work(reception, runs, assessment), reviewed.signed_by),
        work=work,
        ids=ids,
        now=clock.now(),
    )
    await _moved(wish.actor, reception, ReceptionState.APPROVED, work=work, now=signature.signed_at)
    return signature


async def send_back(wish: SignWithReason, *, work: CertificationWork, clock: Clock) -> Reception:
    """Return a judged reception to the tester, and say why (반려): the reviewer its judgement, the approver its review.

    Raises:
        RoleNotEnough: the actor is neither reviewer nor approver.
        ReasonMissing: nothing says why.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it does not wait for this person's signature.
    """
    wish.actor.require(Role.REVIEWER, Role.APPROVER)
    reason = _because(wish.reason)
    waits = ReceptionState.TESTED if wish.actor.role is Role.REVIEWER else ReceptionState.REVIEWED
    reception = await _held(wish.actor, wish.reception_id, work, waits)
    await _moved(wish.actor, reception, ReceptionState.UNDER_TEST, work=work, now=clock.now(), reason=reason)
    return replace(reception, state=ReceptionState.UNDER_TEST)


async def refuse(wish: SignWithReason, *, work: CertificationWork, clock: Clock) -> Reception:
    """Close a reception before anything was tested, and say why the unit is not accepted (접수 거부).

    Raises:
        RoleNotEnough: the actor is no tester.
        ReasonMissing: nothing says why.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: testing has begun, or it is closed.
    """
    return await _closed(wish, (ReceptionState.RECEIVED,), ReceptionState.REFUSED, work=work, clock=clock)


async def release(wish: SignWithReason, *, work: CertificationWork, clock: Clock) -> Reception:
    """Close a reception without a report, since the applicant takes the unit back, and say why (반환).

    Raises:
        RoleNotEnough: the actor is no tester.
        ReasonMissing: nothing says why.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is approved already, or closed.
    """
    return await _closed(wish, _MEASURABLE, ReceptionState.RELEASED, work=work, clock=clock)


async def _closed(
    wish: SignWithReason,
    allowed: tuple[ReceptionState, ...],
    to: ReceptionState,
    *,
    work: CertificationWork,
    clock: Clock,
) -> Reception:
    wish.actor.require(Role.TESTER)
    reason = _because(wish.reason)
    reception = await _held(wish.actor, wish.reception_id, work, *allowed)
    await _moved(wish.actor, reception, to, work=work, now=clock.now(), reason=reason)
    return replace(reception, state=to)


async def withdraw(wish: SignWithReason, *, work: CertificationWork, clock: Clock) -> Reception:
    """Withdraw an issued report, and say why (성적서 철회); no certificate may stand on it any more.

    Raises:
        RoleNotEnough: the actor is no approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        ReasonMissing: nothing says why.
        OwnWork: the actor received the pack, entered a result or judged it.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: nothing is issued, or it is withdrawn already.
        CertificateStands: the certificate on it still stands.
    """
    wish.actor.require(Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    reason = _because(wish.reason)
    reception = await _held(wish.actor, wish.reception_id, work, ReceptionState.ISSUED, ReceptionState.AMENDED)
    runs = await work.test_runs.of_reception(reception)
    if wish.actor.person_id in whose_work(reception, runs, await work.assessments.latest(reception)):
        raise OwnWork
    standing = await work.certificates.standing(reception.pack_id)
    if standing is not None and standing.reception_id == reception.reception_id:
        raise CertificateStands(number=standing.number)
    await _moved(wish.actor, reception, ReceptionState.WITHDRAWN, work=work, now=clock.now(), reason=reason)
    return replace(reception, state=ReceptionState.WITHDRAWN)


async def mark_amended(
    actor: Actor, reception: Reception, *, reason: str, work: CertificationWork, clock: Clock
) -> None:
    """Note that a reception's report was replaced by an amended one.

    Raises:
        ReceptionMoved: nothing is issued, or it was withdrawn.
    """
    if reception.state not in (ReceptionState.ISSUED, ReceptionState.AMENDED):
        raise ReceptionMoved(state=reception.state.value)
    await _moved(actor, reception, ReceptionState.AMENDED, work=work, now=clock.now(), reason=reason)


def whose_work(reception: Reception, runs: Sequence[TestRun], assessment: Assessment | None) -> tuple[PersonId, ...]:
    """Return who received, measured and judged, each once, in order."""
    judged = () if assessment is None else (assessment.judged_by,)
    return tuple(dict.fromkeys([reception.received_by, *(run.recorded_by for run in runs), *judged]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What is signed: its kind, identifier and hash, and what the signature says."""

    kind: Signed
    subject_id: UUID
    sha256: str
    meaning: Meaning


def _of_assessment(assessment: Assessment, meaning: Meaning) -> _Subject:
    text_sha256 = sha256(assessment_text(assessment)).hex()
    return _Subject(kind=Signed.ASSESSMENT, subject_id=assessment.assessment_id, sha256=text_sha256, meaning=meaning)


def _of_release(assessment: Assessment, release: HoldRelease) -> _Subject:
    return _Subject(
        kind=Signed.HOLD_RELEASE,
        subject_id=assessment.assessment_id,
        sha256=sha256(hold_release_text(assessment, release)).hex(),
        meaning=Meaning.HOLD_RELEASE,
    )


def _of_report(report: Report) -> _Subject:
    return _Subject(
        kind=Signed.REPORT, subject_id=report.report_id, sha256=sha256(report.content).hex(), meaning=Meaning.ISSUE
    )


async def _sign(
    actor: Actor,
    reception: Reception,
    subject: _Subject,
    *,
    entered_by: tuple[PersonId, ...],
    work: CertificationWork,
    ids: Ids,
    now: datetime,
) -> Signature:
    if actor.person_id in entered_by:
        raise OwnWork
    signature = Signature(
        signature_id=ids.new(),
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        reception_id=reception.reception_id,
        subject_type=subject.kind,
        subject_id=subject.subject_id,
        subject_sha256=subject.sha256,
        meaning=subject.meaning,
        signed_by=actor.person_id,
        printed_name=actor.name,
        entered_by=entered_by,
        signed_at=now,
    )
    await work.signatures.add(signature)
    return signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A wish to issue report and certificate.

    `pack_print` is the `pack` object that both documents print, `token` at least 128 random bits in hex.
    """

    actor: Actor
    reception_id: ReceptionId
    pack_print: Mapping[str, Canonical]
    laboratory: Laboratory
    base_url: str
    token: str


async def issue(
    wish: Issue,
    *,
    work: CertificationWork,
    ids: Ids,
    clock: Clock,
    documents: Documents,
    seals: Seals,
    credentials: Credentials,
    qr_svg: Callable[[str], str],
) -> Issued:
    """Issue an approved reception's report and, for what may be reused, a certificate; an earlier one is superseded.

    The issue is a signature of its own: on the report as it is printed.

    Raises:
        RoleNotEnough: the actor is no approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        TokenTooShort: the verification token could be guessed.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is not approved, or issued already.
        OwnWork: the actor received the pack, entered a result, judged or reviewed it.
        AssessmentBroken: the stored assessment is not the one that was signed.
        StatusListFull: no place was free in the status lists.
    """
    wish.actor.require(Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    if len(wish.token) < _TOKEN_LENGTH_MIN or set(wish.token) - set("0123456789abcdef"):
        raise TokenTooShort
    reception = await _held(wish.actor, wish.reception_id, work, ReceptionState.APPROVED)
    signed = await _signed_assessment(reception, work)
    runs = await work.test_runs.of_reception(reception)
    entered_by = (*whose_work(reception, runs, signed.assessment), *(one.signed_by for one in signed.reviews))
    if wish.actor.person_id in entered_by:
        raise OwnWork
    now = clock.now()
    report = await _issued_report(
        wish, reception, signed, runs, work=work, ids=ids, now=now, documents=documents, seals=seals
    )
    certificate = superseded = None
    if signed.may_be_certified:
        certificate, superseded = await _issued_certificate(
            wish,
            reception,
            signed,
            report,
            runs,
            work=work,
            ids=ids,
            now=now,
            documents=documents,
            seals=seals,
            credentials=credentials,
            qr_svg=qr_svg,
        )
    await _sign(wish.actor, reception, _of_report(report), entered_by=entered_by, work=work, ids=ids, now=now)
    await _moved(wish.actor, reception, ReceptionState.ISSUED, work=work, now=now, reason=report.number)
    return Issued(report=report, certificate=certificate, superseded=superseded)


async def _issued_report(
    wish: Issue,
    reception: Reception,
    signed: "_SignedAssessment",
    runs: Sequence[TestRun],
    *,
    work: CertificationWork,
    ids: Ids,
    now: datetime,
    documents: Documents,
    seals: Seals,
) -> Report:
    """Print, seal and store the report."""
    today = seoul_day(now)
    count = await work.numbers.next(tenant_id=reception.tenant_id, series="test_report", year=today.year)
    number = f"TR-{today.year}-{count:06d}"
    printed = report_content(
        number=number,
        issued_on=today,
        laboratory=wish.laboratory,
        reception=reception,
        pack_print=wish.pack_print,
        runs=runs,
        assessment=signed.decided,
        reviewed=signed.review,
        approval=signed.approval,
        release=signed.release,
        verify_url=(_verify_url(wish) if signed.may_be_certified else f"{wish.base_url}/verify?number={number}"),
    )
    pdf = await seals.seal(
        await documents.typeset(DocumentKind.TEST_REPORT, printed, dated_on=today), reason=_SEALED_REPORT
    )
    report = Report(
        report_id=ReportId(ids.new()),
        number=number,
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        reception_id=reception.reception_id,
        assessment_id=signed.assessment.assessment_id,
        content=canonical_text(printed),
        pdf_sha256=await work.files.keep(pdf, media_type=_PDF, owner=reception.tenant_id),
        issued_at=now,
    )
    await work.reports.add(report)
    await work.issued_documents.add(
        IssuedDocument(
            pack_id=report.pack_id,
            tenant_id=report.tenant_id,
            subject_id=report.report_id,
            kind=IssuedKind.REPORT,
            number=report.number,
            pdf_sha256=report.pdf_sha256,
            amends=None,
            issued_at=now,
        )
    )
    return report


async def _issued_certificate(
    wish: Issue,
    reception: Reception,
    signed: "_SignedAssessment",
    report: Report,
    runs: Sequence[TestRun],
    *,
    work: CertificationWork,
    ids: Ids,
    now: datetime,
    documents: Documents,
    seals: Seals,
    credentials: Credentials,
    qr_svg: Callable[[str], str],
) -> tuple[Certificate, Certificate | None]:
    """Sign, print, seal and store the certificate; return it, and the one before, which it supersedes."""
    today, verify_url = seoul_day(now), _verify_url(wish)
    count = await work.numbers.next(tenant_id=reception.tenant_id, series="certificate", year=today.year)
    draft = _draft(
        number=f"KC-{today.year}-{count:06d}",
        certificate_id=CertificateId(ids.new()),
        reception=reception,
        assessment=signed.decided,
        report=report,
        token=wish.token,
        now=now,
    )
    place = await work.status_places.reserve(draft, candidates(wish.token))
    credential = canonical_text(
        await credentials.sign(
            credential_document(
                issuer=credentials.issuer,
                certificate=draft,
                laboratory=wish.laboratory,
                product_uri=str(wish.pack_print["product_uri"]),
                pack_print=wish.pack_print,
                runs=runs,
                assessment=signed.decided,
                assessment_sha256=signed.approval.subject_sha256,
                base_url=wish.base_url,
                place=place,
            ),
            at=now,
        )
    )
    pdf = await documents.typeset(
        DocumentKind.CERTIFICATE,
        certificate_content(
            certificate=draft,
            laboratory=wish.laboratory,
            reception=reception,
            pack_print=wish.pack_print,
            runs=runs,
            assessment=signed.decided,
            approval=signed.approval,
            verify_url=verify_url,
            credential=credential,
            qr_svg=qr_svg(verify_url),
        ),
        dated_on=today,
    )
    pdf = await seals.seal(pdf, reason=_SEALED_CERTIFICATE)
    certificate = replace(
        draft, credential=credential, pdf_sha256=await work.files.keep(pdf, media_type=_PDF, owner=reception.tenant_id)
    )
    standing = await work.certificates.standing(reception.pack_id)
    if standing is not None:
        await work.certificates.change(standing, to=CertificateStatus.SUPERSEDED, reason=certificate.number, at=now)
    await work.certificates.add(certificate)
    await work.issued_documents.add(
        IssuedDocument(
            pack_id=certificate.pack_id,
            tenant_id=certificate.tenant_id,
            subject_id=certificate.certificate_id,
            kind=IssuedKind.CERTIFICATE,
            number=certificate.number,
            pdf_sha256=certificate.pdf_sha256,
            amends=None,
            issued_at=now,
        )
    )
    return certificate, standing


def _verify_url(wish: Issue) -> str:
    return f"{wish.base_url}/verify/{wish.token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignedAssessment:
    """A last assessment with the signatures that are bound to exactly this text, and its hold's release.

    What was approved before there were reviewers has no review.
    """

    assessment: Assessment
    approval: Signature
    review: Signature | None
    release: HoldRelease | None

    @property
    def decided(self) -> Assessment:
        """The assessment as it stands after a release: what report and certificate say."""
        return self.assessment if self.release is None else replace(self.assessment, judgement=self.release.judgement)

    @property
    def may_be_certified(self) -> bool:
        """Whether it ended in reuse."""
        return self.decided.judgement.disposition is Disposition.REUSE

    @property
    def reviews(self) -> tuple[Signature, ...]:
        """The review, where there is one."""
        return () if self.review is None else (self.review,)


async def _signed_assessment(reception: Reception, work: CertificationWork) -> _SignedAssessment:
    """Return the last assessment and what was signed of it.

    Raises:
        AssessmentBroken: nobody approved exactly this text, or a release was altered.
    """
    assessment = await work.assessments.latest(reception)
    approval = await _signed(_of_assessment(assessment, Meaning.APPROVAL), assessment.pack_id, work)
    release = await work.signatures.released(assessment)
    review = await _reviewed(assessment, work)
    if approval is None or (release is not None and review is None):
        raise AssessmentBroken
    return _SignedAssessment(assessment=assessment, approval=approval, review=review, release=release)


async def _reviewed(assessment: Assessment, work: CertificationWork) -> Signature | None:
    """Return the review of exactly this assessment, which for a released hold is the release's signature."""
    release = await work.signatures.released(assessment)
    subject = _of_assessment(assessment, Meaning.REVIEW) if release is None else _of_release(assessment, release)
    return await _signed(subject, assessment.pack_id, work)


async def _signed(subject: _Subject, pack_id: PackId, work: CertificationWork) -> Signature | None:
    """Return the signature of a meaning that is bound to exactly this text."""
    for signature in await work.signatures.of_subject(pack_id, subject.subject_id):
        if (signature.meaning, signature.subject_sha256) == (subject.meaning, subject.sha256):
            return signature
    return None


def _draft(
    *,
    number: str,
    certificate_id: CertificateId,
    reception: Reception,
    assessment: Assessment,
    report: Report,
    token: str,
    now: datetime,
) -> Certificate:
    """Return the certificate without what is made from it: the signed record and the printed page."""
    judgement = assessment.judgement
    if judgement.grade is None or judgement.soh_ppm is None or judgement.usable_energy_wh is None:
        raise NotForReuse(disposition=judgement.disposition.value)
    today = seoul_day(now)
    valid_until = months_after(today, judgement.validity_months)
    review_on = valid_until if judgement.review_months is None else months_after(today, judgement.review_months)
    return Certificate(
        certificate_id=certificate_id,
        number=number,
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        reception_id=reception.reception_id,
        report_id=report.report_id,
        report_number=report.number,
        grade=judgement.grade,
        soh_ppm=judgement.soh_ppm,
        usable_energy_wh=judgement.usable_energy_wh,
        issued_at=now,
        valid_until=valid_until,
        reinspection_due_on=min(valid_until, review_on),
        credential="",
        pdf_sha256="",
        verify_token_sha256=token_sha256(token),
        status=CertificateStatus.VALID,
        status_reason="",
    )


def months_after(day: date, months: int) -> date:
    """Return the same day some months on, or the last day of a shorter month.

    Source: 민법 (Civil Act), articles 157 and 160: the first day is not counted.
    """
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last_day = (following - date(year, month + 1, 1)).days
    return date(year, month + 1, min(day.day, last_day))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCertificate:
    """A wish to suspend or revoke a certificate, and why."""

    actor: Actor
    certificate_id: CertificateId
    reason: str


async def suspend(wish: ChangeCertificate, *, work: CertificationWork, clock: Clock) -> Certificate:
    """Suspend a valid certificate; deployment stops at once.

    Raises:
        RoleNotEnough: the actor is no approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        CertificateUnknown: there is none, or it is another body's.
        CertificateMoved: it is not valid.
    """
    return await _changed(wish, (CertificateStatus.VALID,), CertificateStatus.SUSPENDED, work, clock)


async def revoke(wish: ChangeCertificate, *, work: CertificationWork, clock: Clock) -> Certificate:
    """Revoke a valid or suspended certificate for ever.

    Raises:
        RoleNotEnough: the actor is no approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        CertificateUnknown: there is none, or it is another body's.
        CertificateMoved: it is revoked or superseded already.
    """
    standing = (CertificateStatus.VALID, CertificateStatus.SUSPENDED)
    return await _changed(wish, standing, CertificateStatus.REVOKED, work, clock)


async def reinstate(
    wish: ChangeCertificate, *, suspended_by: PersonId | None, work: CertificationWork, clock: Clock
) -> Certificate:
    """Lift a certificate's suspension, as another person than the one who imposed it.

    Raises:
        RoleNotEnough: the actor is neither reviewer nor approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        CertificateUnknown: there is none, or it is another body's.
        CertificateMoved: it is not suspended.
        CertificateRunOut: its last day is over.
        OwnSuspension: the actor suspended it.
    """
    wish.actor.require(Role.REVIEWER, Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    certificate = await _own(wish, (CertificateStatus.SUSPENDED,), work)
    if seoul_day(clock.now()) > certificate.valid_until:
        raise CertificateRunOut(valid_until=certificate.valid_until.isoformat())
    if suspended_by == wish.actor.person_id:
        raise OwnSuspension
    return await _to(certificate, CertificateStatus.VALID, wish, work, clock)


async def _changed(
    wish: ChangeCertificate,
    allowed: tuple[CertificateStatus, ...],
    to: CertificateStatus,
    work: CertificationWork,
    clock: Clock,
) -> Certificate:
    wish.actor.require(Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    return await _to(await _own(wish, allowed, work), to, wish, work, clock)


async def _own(wish: ChangeCertificate, allowed: tuple[CertificateStatus, ...], work: CertificationWork) -> Certificate:
    certificate = await work.certificates.one(wish.certificate_id)
    if certificate.tenant_id != wish.actor.tenant_id:
        raise CertificateUnknown
    if certificate.status not in allowed:
        raise CertificateMoved(status=certificate.status.value)
    return certificate


async def _to(
    certificate: Certificate, to: CertificateStatus, wish: ChangeCertificate, work: CertificationWork, clock: Clock
) -> Certificate:
    reason = wish.reason[:_REASON_LENGTH_MAX]
    await work.certificates.change(certificate, to=to, reason=reason, at=clock.now())
    return replace(certificate, status=to, status_reason=reason)


async def _held(actor: Actor, reception_id: ReceptionId, work: CertificationWork, *states: ReceptionState) -> Reception:
    """Return the actor's own reception, held against others, in one of the states that the step needs."""
    reception = await work.receptions.hold(reception_id)
    if reception.tenant_id != actor.tenant_id:
        raise ReceptionUnknown(reception=str(reception_id))
    if reception.state not in states:
        raise ReceptionMoved(state=reception.state.value)
    return reception
