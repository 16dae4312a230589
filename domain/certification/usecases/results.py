"""Results added to a reception (시험): what a test file says, and what a tester typed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from domain.certification.across_files import FileRun, across, file_runs, most_resistive, weakest
from domain.certification.equipment import Device, readings_of, require_fit, require_kind
from domain.certification.errors import (
    DeviceUnfit,
    DischargeMissing,
    EquipmentKnown,
    EquipmentMissing,
    NothingMeasured,
    RunUnknown,
    TestTimesWrong,
)
from domain.certification.evaluating import evaluate, yielded
from domain.certification.model import (
    OPEN_STATES,
    CyclerRecord,
    Discharge,
    Measurement,
    MeasurementSource,
    RawFile,
    Reception,
    ReceptionState,
    TestRun,
    ToldEquipment,
    Variant,
    with_told,
)
from domain.certification.ports import CertificationWork
from domain.certification.protocol import Given, Protocol
from domain.certification.usecases.devices import named
from domain.certification.usecases.moving import MEASURABLE, held, moved
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import Ids, ReceptionId, TestRunId
from domain.shared.time import Clock, seoul_day

_CAPACITY_TEST = "T06"
_RESISTANCE_TEST = "T07"
_PART_LENGTH_MAX = 100


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
    provider: str = ""
    part: str = ""


async def record_cycler_run(
    wish: RecordCyclerRun, *, work: CertificationWork, protocol: Protocol, ids: Ids, clock: Clock
) -> TestRun:
    """Add what a test file answers to a reception's results: its capacity test, and what else it measured.

    What it says together with the files before it is added with it (T08, T11). Where parts of the unit are tested one
    by one, the capacity that counts is the weakest part's. A file of rest alone whose time is told may answer nothing
    yet: it is one of the readings of a self-discharge.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is approved already.
        TestTimesWrong: the test ran at a time that is not possible.
        EquipmentMissing: nobody said what it was measured with.
        DischargeMissing: the file holds no full discharge, and answers nothing else of the protocol either.
    """
    wish.actor.require(Role.TESTER)
    reception = await held(wish.actor, wish.reception_id, work, *MEASURABLE)
    rated_ah = reception.facts.sample_capacity_ah
    record = replace(wish.record, part=wish.part.strip()[:_PART_LENGTH_MAX])
    times = _test_times(wish, reception, record, now=clock.now())
    earlier = await work.test_runs.of_reception(reception)
    own = FileRun(sequence=len(earlier) + 1, record=record, began_at=times[0], ended_at=times[1])
    files = (*file_runs(earlier), own)
    given = _answers(record, rated_ah)
    if record.part:
        for test_id, worst in (
            (_CAPACITY_TEST, weakest(files, rated_capacity_ah=rated_ah)),
            (_RESISTANCE_TEST, most_resistive(files, rated_capacity_ah=rated_ah)),
        ):
            if worst is not None:
                given = {key: one for key, one in given.items() if key[0] != test_id}
                given |= {key: one for key, one in _answers(worst.record, rated_ah).items() if key[0] == test_id}
    given |= {(one.test_id, one.quantity): one.value for one in across(files, rated_capacity_ah=rated_ah)}
    given = {(test_id, key): value for (test_id, key), value in given.items() if protocol.knows(test_id, key)}
    variant: Variant | None = None
    try:
        variant = record.discharge(rated_ah).variant
    except DischargeMissing:
        if not given and not (own.rests_only and times[0] is not None):
            raise
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
        provider=wish.provider,
        times=times,
        raw_file=RawFile(name=wish.file_name, sha256=wish.raw_sha256),
        record=record,
    )


def _answers(record: CyclerRecord, rated_ah: Decimal) -> dict[tuple[str, str], Given]:
    """Return what one file answers by itself: its capacity test, and what else it measured as the protocol asks."""
    evaluation = evaluate(record, rated_capacity_ah=rated_ah)
    given: dict[tuple[str, str], Given] = {**yielded(evaluation, record, rated_capacity_ah=rated_ah)}
    try:
        return given | _capacity_answers(record.discharge(rated_ah), record)
    except DischargeMissing:
        return given


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
    provider: str = ""


async def record_measurements(
    wish: RecordMeasurements, *, work: CertificationWork, protocol: Protocol, ids: Ids, clock: Clock
) -> TestRun:
    """Add typed values to a reception's results, marked as typed; one wrong value and none is kept.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is approved already.
        TestTimesWrong: the test ran at a time that is not possible.
        EquipmentMissing: nobody said what it was measured with.
        NothingMeasured: the list is empty.
        QuantityUnknown: the protocol has no such quantity.
        QuantityMalformed: a value is not of its quantity's kind.
        UnitDiffers: a value is given in another unit.
    """
    wish.actor.require(Role.TESTER)
    reception = await held(wish.actor, wish.reception_id, work, *MEASURABLE)
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
        provider=wish.provider,
        times=_test_times(wish, reception, None, now=clock.now()),
        raw_file=None,
        record=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TellEquipment:
    """A wish to say what a run that names no equipment was measured with: a registered device, or words."""

    actor: Actor
    reception_id: ReceptionId
    run: int
    equipment: str = ""
    serial: str = ""


async def tell_equipment(wish: TellEquipment, *, work: CertificationWork, clock: Clock) -> TestRun:
    """Say what a run was measured with that was kept before that was asked for; once, and the run stays as it was.

    The report prints that it was said afterwards, by whom and when. No judgement rests on it, so none is undone.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: its report is issued, or it is closed.
        RunUnknown: it has no such run.
        EquipmentKnown: the run names its equipment already.
        EquipmentMissing: nothing is said.
        SerialUnknown, DeviceOfOtherKind, DeviceUnfit: the device is none of the body's, or may not measure this.
    """
    wish.actor.require(Role.TESTER)
    reception = await held(wish.actor, wish.reception_id, work, *OPEN_STATES)
    runs = await work.test_runs.of_reception(reception)
    run = next((one for one in runs if one.sequence == wish.run), None)
    if run is None:
        raise RunUnknown(run=wish.run)
    if not run.lacks_equipment:
        raise EquipmentKnown
    days = sorted({seoul_day(run.first_at), seoul_day(run.last_at)})
    device, accepted = await _fit_device(reception, wish.serial, run.measurements, run.record, work=work, on=days)
    if device is None and not wish.equipment.strip():
        raise EquipmentMissing
    told = ToldEquipment(
        test_run_id=run.test_run_id,
        pack_id=run.pack_id,
        reception_id=run.reception_id,
        tenant_id=run.tenant_id,
        equipment=wish.equipment.strip() if device is None else device.label_on(days[-1]),
        device_id=None if device is None else device.device_id,
        deviation=accepted[0],
        deviation_en=accepted[1],
        said_by=wish.actor.person_id,
        said_by_name=wish.actor.name,
        said_at=clock.now(),
    )
    await work.test_runs.tell_equipment(told)
    return with_told(run, told)


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
    provider: str,
    times: tuple[datetime | None, datetime | None],
    raw_file: RawFile | None,
    record: CyclerRecord | None,
) -> TestRun:
    began_at, ended_at = times
    tested_on = sorted({seoul_day(at) for at in times if at is not None}) or [seoul_day(now)]
    device, accepted = await _fit_device(reception, serial, measurements, record, work=work, on=tested_on)
    # A run is never changed, so what a report must say of it is asked for before it is kept.
    if device is None and not equipment.strip():
        raise EquipmentMissing
    deviations = [one for one in (accepted, protocol.ambient_deviation(ambient_c)) if any(one)]
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
        equipment=equipment.strip() if device is None else device.label_on(tested_on[-1]),
        raw_file=raw_file,
        record=record,
        measurements=measurements,
        recorded_by=actor.person_id,
        recorded_by_name=actor.name,
        recorded_at=now,
        device_id=None if device is None else device.device_id,
        deviation="; ".join(said_ko for said_ko, _ in deviations),
        deviation_en="; ".join(said_en for _, said_en in deviations),
        provider=provider.strip(),
        started_at=began_at,
        ended_at=ended_at,
    )
    await work.test_runs.add(run)
    if reception.state is not ReceptionState.UNDER_TEST:
        await moved(actor, reception, ReceptionState.UNDER_TEST, work=work, now=now)
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
) -> tuple[Device | None, tuple[str, str]]:
    """Return the device that was named and what was accepted about it, on each of the days that the test touched.

    What was accepted is said in Korean and in English, empty where nothing had to be.

    Raises:
        SerialUnknown: the body has no such device.
        DeviceOfOtherKind: such a device does not measure this.
        DeviceUnfit: it is out of calibration, or of its range, and no approver accepted that.
    """
    if not serial:
        return None, ("", "")
    device = await named(reception.tenant_id, serial, work)
    require_kind(device, measurements, record)
    try:
        for day in on:
            require_fit(device, on=day, readings=readings_of(measurements, record), recorded=record is not None)
    except DeviceUnfit as fault:
        accepted = await work.devices.deviation(reception, device.device_id)
        if accepted is None:
            raise
        because = f"{accepted.reason} ({accepted.accepted_by_name})"
        return device, (f"{fault.finding('ko')} 허용: {because}", f"{fault.finding('en')}; accepted: {because}")
    return device, ("", "")
