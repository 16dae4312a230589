"""Ports of the certification context on PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.certification import (
    AssessmentRow,
    CertificateRow,
    CertificateStateRow,
    CertificationKeyRow,
    DeviceCalibrationRow,
    DeviceDayRow,
    DeviceDeviationRow,
    DeviceRow,
    HoldReleaseRow,
    ReceptionEventRow,
    ReceptionRow,
    ReceptionStateRow,
    ReinspectionRow,
    SignatureRow,
    TestReportRow,
    TestRunRow,
    ToldEquipmentRow,
)
from domain.certification.equipment import Booking, Calibration, Deviation, Device, DeviceKind, DoubtfulRun
from domain.certification.errors import (
    AlreadyReceived,
    AssessmentUnknown,
    BookingUnknown,
    CertificateMoved,
    CertificateUnknown,
    DeviceBooked,
    DeviceUnknown,
    EquipmentKnown,
    NumberTaken,
    OwnWork,
    ReceptionMoved,
    ReceptionUnknown,
    SerialTaken,
)
from domain.certification.model import (
    Assessment,
    Certificate,
    CertificateStatus,
    HoldRelease,
    Meaning,
    ProtocolName,
    Queued,
    QueuePlace,
    RawFile,
    Reception,
    ReceptionState,
    Report,
    Signature,
    Signed,
    TestRun,
    ToldEquipment,
    Transition,
    Variant,
    Worklist,
    with_told,
)
from domain.certification.reinspection import Cause, Reinspection
from domain.certification.requests import InspectionRequest
from domain.certification.spelling import (
    applicant_of,
    applicant_text,
    cycler_record_of,
    facts_of,
    facts_text,
    ids_of,
    ids_text,
    judgement_of,
    judgement_text,
    measurements_of,
    measurements_text,
    ranges_of,
    ranges_text,
    record_text,
    token_sha256,
)
from domain.shared.identifiers import CertificateId, PackId, PersonId, ReceptionId, ReportId, TenantId, TestRunId
from domain.shared.time import day_start

_WORD_LENGTH_MAX = 200
_STANDING = (CertificateStatus.VALID.value, CertificateStatus.SUSPENDED.value)
_ASKS_BACK = (*_STANDING, CertificateStatus.EXPIRED.value)


async def lead_to(
    connection: AsyncConnection, key: str, kind: str, *, pack_id: UUID, subject_id: UUID, tenant_id: TenantId
) -> None:
    """Let a body's key lead to a subject, for ever."""
    await connection.execute(
        upsert(CertificationKeyRow)
        .values(key=key, kind=kind, pack_id=pack_id, subject_id=subject_id, tenant_id=tenant_id)
        .on_conflict_do_nothing()
    )
    if await led_to(connection, key, kind) != (pack_id, subject_id):
        raise NumberTaken(number=key if kind != "verify-token" else "token")


async def led_to(connection: AsyncConnection, key: str, kind: str) -> tuple[UUID, UUID] | None:
    """Return the pack and the subject that a key leads to."""
    found = await connection.execute(
        select(col(CertificationKeyRow.pack_id), col(CertificationKeyRow.subject_id)).where(
            col(CertificationKeyRow.key) == key, col(CertificationKeyRow.kind) == kind
        )
    )
    row = found.first()
    return None if row is None else (row[0], row[1])


def _reception_row(reception: Reception) -> dict[str, object]:
    return {
        "pack_id": reception.pack_id,
        "reception_id": reception.reception_id,
        "tenant_id": reception.tenant_id,
        "number": reception.number,
        "applicant": applicant_text(reception.applicant),
        "condition": reception.condition,
        "facts": facts_text(reception.facts),
        "received_by": reception.received_by,
        "received_by_name": reception.received_by_name,
        "received_at": reception.received_at,
        "due_on": reception.due_on,
        "protocol_id": None if reception.protocol is None else reception.protocol.protocol_id,
        "protocol_version": None if reception.protocol is None else reception.protocol.version,
        "request_id": reception.request_id,
        "request_line": reception.request_line,
    }


def _to_reception(row: RowMapping) -> Reception:
    return Reception(
        reception_id=ReceptionId(row["reception_id"]),
        number=row["number"],
        pack_id=PackId(row["pack_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        applicant=applicant_of(row["applicant"]),
        condition=row["condition"],
        facts=facts_of(row["facts"]),
        received_by=PersonId(row["received_by"]),
        received_by_name=row["received_by_name"],
        received_at=row["received_at"],
        due_on=row["due_on"],
        state=ReceptionState(row["state"]),
        protocol=(
            None
            if row["protocol_id"] is None
            else ProtocolName(protocol_id=row["protocol_id"], version=row["protocol_version"])
        ),
        request_id=row["request_id"],
        request_line=row["request_line"],
    )


def _receptions() -> Select[tuple[object, ...]]:
    return select(*ReceptionRow.__table__.c, col(ReceptionStateRow.state)).join(  # type: ignore[attr-defined]
        ReceptionStateRow,
        (col(ReceptionStateRow.pack_id) == col(ReceptionRow.pack_id))
        & (col(ReceptionStateRow.reception_id) == col(ReceptionRow.reception_id)),
    )


def _to_transition(row: RowMapping) -> Transition:
    return Transition(
        pack_id=PackId(row["pack_id"]),
        reception_id=ReceptionId(row["reception_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        sequence=row["sequence"],
        from_state=None if row["from_state"] is None else ReceptionState(row["from_state"]),
        to_state=ReceptionState(row["to_state"]),
        moved_by=PersonId(row["moved_by"]),
        moved_by_name=row["moved_by_name"],
        moved_at=row["moved_at"],
        reason=row["reason"],
    )


def _named(wanted: Worklist) -> ColumnElement[bool]:
    """Say which receptions a search names; the applicant's name is read out of its canonical JSON."""
    applicant = cast(col(ReceptionRow.applicant), JSONB)["name"].astext
    named = or_(
        col(ReceptionStateRow.number).icontains(wanted.search, autoescape=True),
        applicant.icontains(wanted.search, autoescape=True),
    )
    return named if wanted.pack_id is None else or_(named, col(ReceptionStateRow.pack_id) == wanted.pack_id)


def _queued() -> Select[*tuple[Any, ...]]:
    return select(
        col(ReceptionStateRow.reception_id),
        col(ReceptionStateRow.number),
        col(ReceptionStateRow.pack_id),
        col(ReceptionRow.applicant),
        col(ReceptionStateRow.due_on),
        col(ReceptionStateRow.state),
    ).join(
        ReceptionRow,
        (col(ReceptionRow.pack_id) == col(ReceptionStateRow.pack_id))
        & (col(ReceptionRow.reception_id) == col(ReceptionStateRow.reception_id)),
    )


def _to_queued(row: RowMapping) -> Queued:
    return Queued(
        reception_id=ReceptionId(row["reception_id"]),
        number=row["number"],
        pack_id=PackId(row["pack_id"]),
        applicant=applicant_of(row["applicant"]).name,
        due_on=row["due_on"],
        state=ReceptionState(row["state"]),
    )


class PostgresReceptions:
    """Receptions and where each stands."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, reception: Reception) -> None:
        """Store a new reception."""
        await self._connection.execute(insert(ReceptionRow).values(_reception_row(reception)))
        opened = await self._connection.execute(
            upsert(ReceptionStateRow)
            .values(
                pack_id=reception.pack_id,
                reception_id=reception.reception_id,
                tenant_id=reception.tenant_id,
                number=reception.number,
                due_on=reception.due_on,
                state=reception.state.value,
                changed_at=reception.received_at,
            )
            .on_conflict_do_nothing()
        )
        if opened.rowcount != 1:
            raise AlreadyReceived
        for key, kind in ((str(reception.reception_id), "reception-id"), (reception.number, "reception-number")):
            await lead_to(
                self._connection,
                key,
                kind,
                pack_id=reception.pack_id,
                subject_id=reception.reception_id,
                tenant_id=reception.tenant_id,
            )

    async def one(self, reception_id: ReceptionId) -> Reception:
        """Return a reception."""
        return await self._one(reception_id, held=False)

    async def hold(self, reception_id: ReceptionId) -> Reception:
        """Return a reception with its state locked until the transaction ends."""
        return await self._one(reception_id, held=True)

    async def _one(self, reception_id: ReceptionId, *, held: bool) -> Reception:
        led = await led_to(self._connection, str(reception_id), "reception-id")
        if led is None:
            raise ReceptionUnknown(reception=str(reception_id))
        if held:
            await self._connection.execute(
                select(col(ReceptionStateRow.state))
                .where(col(ReceptionStateRow.pack_id) == led[0], col(ReceptionStateRow.reception_id) == reception_id)
                .with_for_update()
            )
        found = await self._connection.execute(
            _receptions().where(col(ReceptionRow.pack_id) == led[0], col(ReceptionRow.reception_id) == reception_id)
        )
        row = found.mappings().first()
        if row is None:  # the lookup is everybody's, the reception its body's
            raise ReceptionUnknown(reception=str(reception_id))
        return _to_reception(row)

    async def find(self, number: str) -> ReceptionId:
        """Return the reception of a number."""
        led = await led_to(self._connection, number[:_WORD_LENGTH_MAX], "reception-number")
        if led is None:
            raise ReceptionUnknown(reception=number[:_WORD_LENGTH_MAX])
        return ReceptionId(led[1])

    async def move(self, reception: Reception, *, to: ReceptionState, at: datetime) -> None:
        """Move a reception on: compare and set."""
        done = await self._connection.execute(
            update(ReceptionStateRow)
            .where(
                col(ReceptionStateRow.pack_id) == reception.pack_id,
                col(ReceptionStateRow.reception_id) == reception.reception_id,
                col(ReceptionStateRow.tenant_id) == reception.tenant_id,
                col(ReceptionStateRow.state) == reception.state.value,
            )
            .values(state=to.value, changed_at=at)
        )
        if done.rowcount != 1:
            raise ReceptionMoved(state=reception.state.value)

    async def log(self, transition: Transition) -> None:
        """Add to what happened to a reception."""
        await self._connection.execute(
            insert(ReceptionEventRow).values(
                pack_id=transition.pack_id,
                reception_id=transition.reception_id,
                tenant_id=transition.tenant_id,
                sequence=transition.sequence,
                from_state=None if transition.from_state is None else transition.from_state.value,
                to_state=transition.to_state.value,
                moved_by=transition.moved_by,
                moved_by_name=transition.moved_by_name,
                moved_at=transition.moved_at,
                reason=transition.reason,
            )
        )

    async def transitions(self, reception: Reception) -> tuple[Transition, ...]:
        """Return every move of a reception."""
        found = await self._connection.execute(
            select(*ReceptionEventRow.__table__.c)  # type: ignore[attr-defined]
            .where(
                col(ReceptionEventRow.pack_id) == reception.pack_id,
                col(ReceptionEventRow.reception_id) == reception.reception_id,
                col(ReceptionEventRow.tenant_id) == reception.tenant_id,
            )
            .order_by(col(ReceptionEventRow.sequence))
        )
        return tuple(_to_transition(row) for row in found.mappings())

    async def queue(
        self, *, tenant_id: TenantId, states: Sequence[ReceptionState], after: ReceptionId | None, limit: int
    ) -> tuple[Queued, ...]:
        """Return a body's receptions in these states, newest first."""
        query = (
            _queued()
            .where(
                col(ReceptionStateRow.tenant_id) == tenant_id,
                col(ReceptionStateRow.state).in_([state.value for state in states]),
            )
            .order_by(col(ReceptionStateRow.reception_id).desc())
            .limit(limit)
        )
        if after is not None:
            query = query.where(col(ReceptionStateRow.reception_id) < after)
        found = await self._connection.execute(query)
        return tuple(_to_queued(row) for row in found.mappings())

    async def worklist(self, wanted: Worklist, *, after: QueuePlace | None, limit: int) -> tuple[Queued, ...]:
        """Return what a body has to do, nearest due date first."""
        query = (
            _queued()
            .where(
                col(ReceptionStateRow.tenant_id) == wanted.tenant_id,
                col(ReceptionStateRow.state).in_([state.value for state in wanted.states]),
            )
            .order_by(col(ReceptionStateRow.due_on), col(ReceptionStateRow.reception_id))
            .limit(limit)
        )
        if wanted.search:
            query = query.where(_named(wanted))
        if after is not None:
            query = query.where(
                tuple_(col(ReceptionStateRow.due_on), col(ReceptionStateRow.reception_id))
                > tuple_(literal(after.due_on), literal(after.reception_id))
            )
        found = await self._connection.execute(query)
        return tuple(_to_queued(row) for row in found.mappings())

    async def counts(self, tenant_id: TenantId) -> Mapping[ReceptionState, int]:
        """Return how many of a body's receptions are in each state."""
        found = await self._connection.execute(
            select(col(ReceptionStateRow.state), func.count())
            .where(col(ReceptionStateRow.tenant_id) == tenant_id)
            .group_by(col(ReceptionStateRow.state))
        )
        return {ReceptionState(state): count for state, count in found}

    async def of_pack(self, pack_id: PackId) -> tuple[Reception, ...]:
        """Return every reception of a pack, oldest first."""
        found = await self._connection.execute(
            _receptions().where(col(ReceptionRow.pack_id) == pack_id).order_by(col(ReceptionRow.reception_id))
        )
        return tuple(_to_reception(row) for row in found.mappings())

    async def of_request(self, request: InspectionRequest) -> tuple[Reception, ...]:
        """Return the receptions of a request's units, by line."""
        found = await self._connection.execute(
            _receptions()
            .where(col(ReceptionRow.request_id) == request.request_id, col(ReceptionRow.tenant_id) == request.body_id)
            .order_by(col(ReceptionRow.request_line), col(ReceptionRow.reception_id))
        )
        return tuple(_to_reception(row) for row in found.mappings())

    async def received(
        self, tenant_id: TenantId, *, from_at: datetime, until_at: datetime, limit: int
    ) -> tuple[Reception, ...]:
        """Return what a body took in from one instant up to another, oldest first."""
        found = await self._connection.execute(
            _receptions()
            .where(
                col(ReceptionRow.tenant_id) == tenant_id,
                col(ReceptionRow.received_at) >= from_at,
                col(ReceptionRow.received_at) < until_at,
            )
            .order_by(col(ReceptionRow.received_at), col(ReceptionRow.reception_id))
            .limit(limit)
        )
        return tuple(_to_reception(row) for row in found.mappings())


def _test_run_row(run: TestRun) -> dict[str, object]:
    return {
        "pack_id": run.pack_id,
        "test_run_id": run.test_run_id,
        "reception_id": run.reception_id,
        "tenant_id": run.tenant_id,
        "sequence": run.sequence,
        "protocol_id": run.protocol_id,
        "protocol_version": run.protocol_version,
        "variant": None if run.variant is None else run.variant.value,
        "ambient_c": run.ambient_c,
        "equipment": run.equipment,
        "raw_sha256": None if run.raw_file is None else bytes.fromhex(run.raw_file.sha256),
        "raw_name": None if run.raw_file is None else run.raw_file.name,
        "record": None if run.record is None else record_text(run.record),
        "measurements": measurements_text(run.measurements),
        "recorded_by": run.recorded_by,
        "recorded_by_name": run.recorded_by_name,
        "recorded_at": run.recorded_at,
        "device_id": run.device_id,
        "deviation": run.deviation,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "deviation_en": run.deviation_en,
        "provider": run.provider,
    }


def _to_test_run(row: RowMapping) -> TestRun:
    raw = row["raw_sha256"]
    return TestRun(
        test_run_id=TestRunId(row["test_run_id"]),
        reception_id=ReceptionId(row["reception_id"]),
        pack_id=PackId(row["pack_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        sequence=row["sequence"],
        protocol_id=row["protocol_id"],
        protocol_version=row["protocol_version"],
        variant=None if row["variant"] is None else Variant(row["variant"]),
        ambient_c=row["ambient_c"],
        equipment=row["equipment"],
        raw_file=None if raw is None else RawFile(name=row["raw_name"], sha256=raw.hex()),
        record=None if row["record"] is None else cycler_record_of(json.loads(row["record"])),
        measurements=measurements_of(row["measurements"]),
        recorded_by=PersonId(row["recorded_by"]),
        recorded_by_name=row["recorded_by_name"],
        recorded_at=row["recorded_at"],
        device_id=row["device_id"],
        deviation=row["deviation"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        deviation_en=row["deviation_en"],
        provider=row["provider"],
    )


def _to_told(row: RowMapping) -> ToldEquipment:
    return ToldEquipment(
        test_run_id=TestRunId(row["test_run_id"]),
        pack_id=PackId(row["pack_id"]),
        reception_id=ReceptionId(row["reception_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        equipment=row["equipment"],
        device_id=row["device_id"],
        deviation=row["deviation"],
        deviation_en=row["deviation_en"],
        said_by=PersonId(row["said_by"]),
        said_by_name=row["said_by_name"],
        said_at=row["said_at"],
    )


class PostgresTestRuns:
    """Runs, only ever added to."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, run: TestRun) -> None:
        """Store one more run."""
        await self._connection.execute(insert(TestRunRow).values(_test_run_row(run)))

    async def tell_equipment(self, told: ToldEquipment) -> None:
        """Say what a run was measured with, once."""
        done = await self._connection.execute(
            upsert(ToldEquipmentRow)
            .values(
                pack_id=told.pack_id,
                test_run_id=told.test_run_id,
                reception_id=told.reception_id,
                tenant_id=told.tenant_id,
                equipment=told.equipment,
                device_id=told.device_id,
                deviation=told.deviation,
                deviation_en=told.deviation_en,
                said_by=told.said_by,
                said_by_name=told.said_by_name,
                said_at=told.said_at,
            )
            .on_conflict_do_nothing(constraint="test_run_equipment_pkey")
            .returning(col(ToldEquipmentRow.test_run_id))
        )
        if done.first() is None:
            raise EquipmentKnown

    async def of_reception(self, reception: Reception) -> tuple[TestRun, ...]:
        """Return a reception's runs in order."""
        found = await self._connection.execute(
            select(*TestRunRow.__table__.c)  # type: ignore[attr-defined]
            .where(
                col(TestRunRow.pack_id) == reception.pack_id,
                col(TestRunRow.reception_id) == reception.reception_id,
                col(TestRunRow.tenant_id) == reception.tenant_id,
            )
            .order_by(col(TestRunRow.sequence))
        )
        runs = [_to_test_run(row) for row in found.mappings()]
        if not any(run.lacks_equipment for run in runs):
            return tuple(runs)
        said = await self._connection.execute(
            select(*ToldEquipmentRow.__table__.c).where(  # type: ignore[attr-defined]
                col(ToldEquipmentRow.pack_id) == reception.pack_id,
                col(ToldEquipmentRow.reception_id) == reception.reception_id,
                col(ToldEquipmentRow.tenant_id) == reception.tenant_id,
            )
        )
        told = {one.test_run_id: one for one in (_to_told(row) for row in said.mappings())}
        return tuple(with_told(run, told.get(run.test_run_id)) for run in runs)


def _assessment_row(assessment: Assessment) -> dict[str, object]:
    return {
        "pack_id": assessment.pack_id,
        "assessment_id": assessment.assessment_id,
        "reception_id": assessment.reception_id,
        "tenant_id": assessment.tenant_id,
        "sequence": assessment.sequence,
        "run_ids": ids_text(assessment.run_ids),
        "disposition": assessment.judgement.disposition.value,
        "judgement": judgement_text(assessment.judgement),
        "judged_by": assessment.judged_by,
        "judged_by_name": assessment.judged_by_name,
        "judged_at": assessment.judged_at,
    }


def _to_assessment(row: RowMapping) -> Assessment:
    return Assessment(
        assessment_id=row["assessment_id"],
        reception_id=ReceptionId(row["reception_id"]),
        pack_id=PackId(row["pack_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        sequence=row["sequence"],
        run_ids=tuple(TestRunId(one) for one in ids_of(row["run_ids"])),
        judgement=judgement_of(row["judgement"]),
        judged_by=PersonId(row["judged_by"]),
        judged_by_name=row["judged_by_name"],
        judged_at=row["judged_at"],
    )


class PostgresAssessments:
    """Assessments, only ever added to."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, assessment: Assessment) -> None:
        """Store one more assessment."""
        await self._connection.execute(insert(AssessmentRow).values(_assessment_row(assessment)))

    async def latest(self, reception: Reception) -> Assessment:
        """Return a reception's last assessment."""
        found = await self._connection.execute(
            select(*AssessmentRow.__table__.c)  # type: ignore[attr-defined]
            .where(
                col(AssessmentRow.pack_id) == reception.pack_id,
                col(AssessmentRow.reception_id) == reception.reception_id,
                col(AssessmentRow.tenant_id) == reception.tenant_id,
            )
            .order_by(col(AssessmentRow.sequence).desc())
            .limit(1)
        )
        row = found.mappings().first()
        if row is None:
            raise AssessmentUnknown
        return _to_assessment(row)


def _signature_row(signature: Signature) -> dict[str, object]:
    return {
        "pack_id": signature.pack_id,
        "signature_id": signature.signature_id,
        "tenant_id": signature.tenant_id,
        "reception_id": signature.reception_id,
        "subject_type": signature.subject_type.value,
        "subject_id": signature.subject_id,
        "subject_sha256": bytes.fromhex(signature.subject_sha256),
        "meaning": signature.meaning.value,
        "signed_by": signature.signed_by,
        "printed_name": signature.printed_name,
        "entered_by": list(signature.entered_by),
        "signed_at": signature.signed_at,
        "assessment_id": None if signature.subject_type is Signed.REPORT else signature.subject_id,
        "report_id": signature.subject_id if signature.subject_type is Signed.REPORT else None,
    }


def _to_signature(row: RowMapping) -> Signature:
    return Signature(
        signature_id=row["signature_id"],
        pack_id=PackId(row["pack_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        reception_id=ReceptionId(row["reception_id"]),
        subject_type=Signed(row["subject_type"]),
        subject_id=row["subject_id"],
        subject_sha256=row["subject_sha256"].hex(),
        meaning=Meaning(row["meaning"]),
        signed_by=PersonId(row["signed_by"]),
        printed_name=row["printed_name"],
        entered_by=tuple(PersonId(one) for one in row["entered_by"]),
        signed_at=row["signed_at"],
    )


class PostgresSignatures:
    """Signatures, only ever added to."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, signature: Signature) -> None:
        """Store a signature; the table's own check stands behind this one."""
        if signature.signed_by in signature.entered_by:
            raise OwnWork
        await self._connection.execute(insert(SignatureRow).values(_signature_row(signature)))

    async def of_subject(self, pack_id: PackId, subject_id: UUID) -> tuple[Signature, ...]:
        """Return the signatures on one record, oldest first."""
        found = await self._connection.execute(
            select(*SignatureRow.__table__.c)  # type: ignore[attr-defined]
            .where(col(SignatureRow.pack_id) == pack_id, col(SignatureRow.subject_id) == subject_id)
            .order_by(col(SignatureRow.signed_at), col(SignatureRow.signature_id))
        )
        return tuple(_to_signature(row) for row in found.mappings())

    async def release(self, release: HoldRelease) -> None:
        """Store the release of a hold."""
        await self._connection.execute(
            insert(HoldReleaseRow).values(
                pack_id=release.pack_id,
                assessment_id=release.assessment_id,
                reception_id=release.reception_id,
                tenant_id=release.tenant_id,
                reason=release.reason,
                judgement=judgement_text(release.judgement),
                released_by=release.released_by,
                released_by_name=release.released_by_name,
                released_at=release.released_at,
            )
        )

    async def released(self, assessment: Assessment) -> HoldRelease | None:
        """Return the release of an assessment's hold."""
        found = await self._connection.execute(
            select(*HoldReleaseRow.__table__.c).where(  # type: ignore[attr-defined]
                col(HoldReleaseRow.pack_id) == assessment.pack_id,
                col(HoldReleaseRow.assessment_id) == assessment.assessment_id,
                col(HoldReleaseRow.tenant_id) == assessment.tenant_id,
            )
        )
        row = found.mappings().first()
        return None if row is None else _to_release(row)


def _to_release(row: RowMapping) -> HoldRelease:
    return HoldRelease(
        pack_id=PackId(row["pack_id"]),
        assessment_id=row["assessment_id"],
        reception_id=ReceptionId(row["reception_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        reason=row["reason"],
        judgement=judgement_of(row["judgement"]),
        released_by=PersonId(row["released_by"]),
        released_by_name=row["released_by_name"],
        released_at=row["released_at"],
    )


def _report_row(report: Report) -> dict[str, object]:
    return {
        "pack_id": report.pack_id,
        "report_id": report.report_id,
        "tenant_id": report.tenant_id,
        "number": report.number,
        "reception_id": report.reception_id,
        "assessment_id": report.assessment_id,
        "content": report.content,
        "pdf_sha256": bytes.fromhex(report.pdf_sha256),
        "issued_at": report.issued_at,
        "record": report.record,
    }


def _to_report(row: RowMapping) -> Report:
    return Report(
        report_id=ReportId(row["report_id"]),
        number=row["number"],
        pack_id=PackId(row["pack_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        reception_id=ReceptionId(row["reception_id"]),
        assessment_id=row["assessment_id"],
        content=row["content"],
        pdf_sha256=row["pdf_sha256"].hex(),
        issued_at=row["issued_at"],
        record=row["record"],
    )


class PostgresReports:
    """Test reports as issued."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, report: Report) -> None:
        """Store a report."""
        await self._connection.execute(insert(TestReportRow).values(_report_row(report)))

    async def of_reception(self, reception: Reception) -> Report | None:
        """Return the report of a reception."""
        found = await self._connection.execute(
            select(*TestReportRow.__table__.c).where(  # type: ignore[attr-defined]
                col(TestReportRow.pack_id) == reception.pack_id,
                col(TestReportRow.reception_id) == reception.reception_id,
                col(TestReportRow.tenant_id) == reception.tenant_id,
            )
        )
        row = found.mappings().first()
        return None if row is None else _to_report(row)


def _certificate_row(certificate: Certificate) -> dict[str, object]:
    return {
        "pack_id": certificate.pack_id,
        "certificate_id": certificate.certificate_id,
        "tenant_id": certificate.tenant_id,
        "number": certificate.number,
        "reception_id": certificate.reception_id,
        "report_id": certificate.report_id,
        "report_number": certificate.report_number,
        "grade": certificate.grade,
        "soh_ppm": certificate.soh_ppm,
        "usable_energy_wh": certificate.usable_energy_wh,
        "issued_at": certificate.issued_at,
        "valid_until": certificate.valid_until,
        "reinspection_due_on": certificate.reinspection_due_on,
        "credential": certificate.credential,
        "pdf_sha256": bytes.fromhex(certificate.pdf_sha256),
        "verify_token_sha256": bytes.fromhex(certificate.verify_token_sha256),
    }


def _to_certificate(row: RowMapping) -> Certificate:
    return Certificate(
        certificate_id=CertificateId(row["certificate_id"]),
        number=row["number"],
        pack_id=PackId(row["pack_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        reception_id=ReceptionId(row["reception_id"]),
        report_id=ReportId(row["report_id"]),
        report_number=row["report_number"],
        grade=row["grade"],
        soh_ppm=row["soh_ppm"],
        usable_energy_wh=row["usable_energy_wh"],
        issued_at=row["issued_at"],
        valid_until=row["valid_until"],
        reinspection_due_on=row["reinspection_due_on"],
        credential=row["credential"],
        pdf_sha256=row["pdf_sha256"].hex(),
        verify_token_sha256=row["verify_token_sha256"].hex(),
        status=CertificateStatus(row["status"]),
        status_reason=row["reason"],
    )


def _certificates() -> Select[tuple[object, ...]]:
    return select(
        *CertificateRow.__table__.c,  # type: ignore[attr-defined]
        col(CertificateStateRow.status),
        col(CertificateStateRow.reason),
    ).join(
        CertificateStateRow,
        (col(CertificateStateRow.pack_id) == col(CertificateRow.pack_id))
        & (col(CertificateStateRow.certificate_id) == col(CertificateRow.certificate_id)),
    )


class PostgresCertificates:
    """Certificates as issued, and whether each stands."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, certificate: Certificate) -> None:
        """Store a certificate with its number and verification token."""
        await self._connection.execute(insert(CertificateRow).values(_certificate_row(certificate)))
        await self._connection.execute(
            insert(CertificateStateRow).values(
                pack_id=certificate.pack_id,
                certificate_id=certificate.certificate_id,
                tenant_id=certificate.tenant_id,
                status=certificate.status.value,
                reason=certificate.status_reason,
                changed_at=certificate.issued_at,
            )
        )
        for key, kind in (
            (str(certificate.certificate_id), "certificate-id"),
            (certificate.number, "certificate-number"),
            (certificate.verify_token_sha256, "verify-token"),
        ):
            await lead_to(
                self._connection,
                key,
                kind,
                pack_id=certificate.pack_id,
                subject_id=certificate.certificate_id,
                tenant_id=certificate.tenant_id,
            )

    async def one(self, certificate_id: CertificateId) -> Certificate:
        """Return a certificate."""
        return await self._led_to(str(certificate_id), "certificate-id")

    async def find(self, number: str) -> Certificate:
        """Return the certificate of a number."""
        return await self._led_to(number[:_WORD_LENGTH_MAX], "certificate-number")

    async def find_by_token(self, token: str) -> Certificate:
        """Return the certificate that a verification token leads to."""
        return await self._led_to(token_sha256(token[:_WORD_LENGTH_MAX]), "verify-token")

    async def _led_to(self, key: str, kind: str) -> Certificate:
        led = await led_to(self._connection, key, kind)
        if led is None:
            raise CertificateUnknown
        found = await self._connection.execute(
            _certificates().where(col(CertificateRow.pack_id) == led[0], col(CertificateRow.certificate_id) == led[1])
        )
        return _to_certificate(found.mappings().one())

    async def standing(self, pack_id: PackId) -> Certificate | None:
        """Return the pack's valid or suspended certificate."""
        found = await self._connection.execute(
            _certificates().where(
                col(CertificateRow.pack_id) == pack_id, col(CertificateStateRow.status).in_(_STANDING)
            )
        )
        row = found.mappings().first()
        return None if row is None else _to_certificate(row)

    async def standing_page(self, *, after: CertificateId | None, limit: int) -> tuple[Certificate, ...]:
        """Return the certificates that stand, a page at a time."""
        query = _certificates().where(col(CertificateStateRow.status).in_(_STANDING))
        if after is not None:
            query = query.where(col(CertificateRow.certificate_id) > after)
        found = await self._connection.execute(query.order_by(col(CertificateRow.certificate_id)).limit(limit))
        return tuple(_to_certificate(row) for row in found.mappings())

    async def run_out(self, *, before: date, after: CertificateId | None, limit: int) -> tuple[Certificate, ...]:
        """Return the certificates that stand though their last day is over, a page at a time."""
        query = _certificates().where(
            col(CertificateStateRow.status).in_(_STANDING), col(CertificateRow.valid_until) < before
        )
        if after is not None:
            query = query.where(col(CertificateRow.certificate_id) > after)
        found = await self._connection.execute(query.order_by(col(CertificateRow.certificate_id)).limit(limit))
        return tuple(_to_certificate(row) for row in found.mappings())

    async def of_pack(self, pack_id: PackId) -> tuple[Certificate, ...]:
        """Return every certificate of a pack, oldest first."""
        found = await self._connection.execute(
            _certificates().where(col(CertificateRow.pack_id) == pack_id).order_by(col(CertificateRow.certificate_id))
        )
        return tuple(_to_certificate(row) for row in found.mappings())

    async def issued(
        self, tenant_id: TenantId, *, from_at: datetime, until_at: datetime, limit: int
    ) -> tuple[Certificate, ...]:
        """Return what a body issued from one instant up to another, oldest first."""
        found = await self._connection.execute(
            _certificates()
            .where(
                col(CertificateRow.tenant_id) == tenant_id,
                col(CertificateRow.issued_at) >= from_at,
                col(CertificateRow.issued_at) < until_at,
            )
            .order_by(col(CertificateRow.issued_at), col(CertificateRow.certificate_id))
            .limit(limit)
        )
        return tuple(_to_certificate(row) for row in found.mappings())

    async def changed_at(self, certificate: Certificate) -> datetime:
        """Return when a certificate came into the status that it has."""
        found = await self._connection.scalar(
            select(col(CertificateStateRow.changed_at)).where(
                col(CertificateStateRow.pack_id) == certificate.pack_id,
                col(CertificateStateRow.certificate_id) == certificate.certificate_id,
            )
        )
        if found is None:
            raise CertificateUnknown
        return found

    async def change(self, certificate: Certificate, *, to: CertificateStatus, reason: str, at: datetime) -> None:
        """Change the status: compare and set."""
        done = await self._connection.execute(
            update(CertificateStateRow)
            .where(
                col(CertificateStateRow.pack_id) == certificate.pack_id,
                col(CertificateStateRow.certificate_id) == certificate.certificate_id,
                col(CertificateStateRow.status) == certificate.status.value,
            )
            .values(status=to.value, reason=reason, changed_at=at)
        )
        if done.rowcount != 1:
            raise CertificateMoved(status=certificate.status.value)


def _calibration_row(device: Device, calibration: Calibration) -> dict[str, object]:
    return {
        "tenant_id": device.tenant_id,
        "calibration_id": calibration.calibration_id,
        "device_id": device.device_id,
        "certificate_no": calibration.certificate_no,
        "calibrated_on": calibration.calibrated_on,
        "due_on": calibration.due_on,
        "ranges": ranges_text(calibration.ranges),
        "entered_by": calibration.entered_by,
        "entered_by_name": calibration.entered_by_name,
        "entered_at": calibration.entered_at,
        "passed": calibration.passed,
    }


def _to_calibration(row: RowMapping) -> Calibration:
    return Calibration(
        calibration_id=row["calibration_id"],
        certificate_no=row["certificate_no"],
        calibrated_on=row["calibrated_on"],
        due_on=row["due_on"],
        ranges=ranges_of(row["ranges"]),
        entered_by=PersonId(row["entered_by"]),
        entered_by_name=row["entered_by_name"],
        entered_at=row["entered_at"],
        passed=row["passed"],
    )


def _to_booking(row: RowMapping) -> Booking:
    return Booking(
        booking_id=row["booking_id"],
        tenant_id=TenantId(row["tenant_id"]),
        device_id=row["device_id"],
        reception_id=ReceptionId(row["reception_id"]),
        reception_number=row["reception_number"],
        from_on=row["from_on"],
        until_on=row["until_on"],
        booked_by=PersonId(row["booked_by"]),
        booked_by_name=row["booked_by_name"],
        booked_at=row["booked_at"],
    )


def _to_device(row: RowMapping, calibrations: Sequence[Calibration]) -> Device:
    return Device(
        device_id=row["device_id"],
        tenant_id=TenantId(row["tenant_id"]),
        kind=DeviceKind(row["kind"]),
        name=row["name"],
        serial=row["serial"],
        location=row["location"],
        registered_by=PersonId(row["registered_by"]),
        registered_by_name=row["registered_by_name"],
        registered_at=row["registered_at"],
        calibrations=tuple(calibrations),
    )


class PostgresDevices:
    """Test devices with their calibrations, bookings and accepted deviations."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, device: Device) -> None:
        """Store a device with its calibrations."""
        stored = await self._connection.execute(
            upsert(DeviceRow)
            .values(
                tenant_id=device.tenant_id,
                device_id=device.device_id,
                kind=device.kind.value,
                name=device.name,
                serial=device.serial,
                location=device.location,
                registered_by=device.registered_by,
                registered_by_name=device.registered_by_name,
                registered_at=device.registered_at,
            )
            .on_conflict_do_nothing()
        )
        if stored.rowcount != 1:
            raise SerialTaken(serial=device.serial)
        for calibration in device.calibrations:
            await self.calibrate(device, calibration)

    async def one(self, tenant_id: TenantId, device_id: UUID) -> Device:
        """Return a body's device."""
        found = await self._devices(col(DeviceRow.tenant_id) == tenant_id, col(DeviceRow.device_id) == device_id)
        if not found:
            raise DeviceUnknown
        return found[0]

    async def find(self, tenant_id: TenantId, serial: str) -> Device | None:
        """Return a body's device of a serial."""
        found = await self._devices(
            col(DeviceRow.tenant_id) == tenant_id, col(DeviceRow.serial) == serial[:_WORD_LENGTH_MAX]
        )
        return found[0] if found else None

    async def of_body(self, tenant_id: TenantId) -> tuple[Device, ...]:
        """Return a body's devices, by serial."""
        return await self._devices(col(DeviceRow.tenant_id) == tenant_id)

    async def _devices(self, *conditions: ColumnElement[bool]) -> tuple[Device, ...]:
        found = await self._connection.execute(
            select(*DeviceRow.__table__.c).where(*conditions).order_by(col(DeviceRow.serial))  # type: ignore[attr-defined]
        )
        rows = found.mappings().all()
        calibrations: dict[UUID, list[Calibration]] = {row["device_id"]: [] for row in rows}
        if rows:
            told = await self._connection.execute(
                select(*DeviceCalibrationRow.__table__.c)  # type: ignore[attr-defined]
                .where(
                    col(DeviceCalibrationRow.tenant_id) == rows[0]["tenant_id"],
                    col(DeviceCalibrationRow.device_id).in_(list(calibrations)),
                )
                .order_by(col(DeviceCalibrationRow.calibrated_on))
            )
            for row in told.mappings():
                calibrations[row["device_id"]].append(_to_calibration(row))
        return tuple(_to_device(row, calibrations[row["device_id"]]) for row in rows)

    async def calibrate(self, device: Device, calibration: Calibration) -> None:
        """Add a calibration."""
        await self._connection.execute(insert(DeviceCalibrationRow).values(_calibration_row(device, calibration)))

    async def book(self, booking: Booking) -> None:
        """Book a device: a row a day, and the key refuses a second one."""
        days = booking.days
        taken = await self._connection.execute(
            upsert(DeviceDayRow)
            .values(
                [
                    {
                        "tenant_id": booking.tenant_id,
                        "device_id": booking.device_id,
                        "booked_on": day,
                        "booking_id": booking.booking_id,
                        "reception_id": booking.reception_id,
                        "reception_number": booking.reception_number,
                        "from_on": booking.from_on,
                        "until_on": booking.until_on,
                        "booked_by": booking.booked_by,
                        "booked_by_name": booking.booked_by_name,
                        "booked_at": booking.booked_at,
                    }
                    for day in days
                ]
            )
            .on_conflict_do_nothing()
        )
        if taken.rowcount != len(days):  # what did go in falls with the transaction
            raise DeviceBooked

    async def bookings(self, tenant_id: TenantId, *, from_on: date, until_on: date) -> tuple[Booking, ...]:
        """Return a body's bookings that touch these days."""
        found = await self._connection.execute(
            select(*DeviceDayRow.__table__.c)  # type: ignore[attr-defined]
            .where(col(DeviceDayRow.tenant_id) == tenant_id, col(DeviceDayRow.booked_on).between(from_on, until_on))
            .order_by(col(DeviceDayRow.from_on), col(DeviceDayRow.booking_id))
        )
        rows = {row["booking_id"]: row for row in found.mappings()}
        return tuple(_to_booking(row) for row in rows.values())

    async def booking(self, tenant_id: TenantId, booking_id: UUID) -> Booking:
        """Return a body's booking."""
        found = await self._connection.execute(
            select(*DeviceDayRow.__table__.c)  # type: ignore[attr-defined]
            .where(col(DeviceDayRow.tenant_id) == tenant_id, col(DeviceDayRow.booking_id) == booking_id)
            .limit(1)
        )
        row = found.mappings().first()
        if row is None:
            raise BookingUnknown
        return _to_booking(row)

    async def release(self, booking: Booking, *, from_on: date) -> None:
        """Free a booking's days from one on; those that are over say where it ended."""
        mine = (
            col(DeviceDayRow.tenant_id) == booking.tenant_id,
            col(DeviceDayRow.device_id) == booking.device_id,
            col(DeviceDayRow.booking_id) == booking.booking_id,
        )
        await self._connection.execute(delete(DeviceDayRow).where(*mine, col(DeviceDayRow.booked_on) >= from_on))
        await self._connection.execute(update(DeviceDayRow).where(*mine).values(until_on=from_on - timedelta(days=1)))

    async def measured_with(
        self, device: Device, *, from_on: date, until_on: date, limit: int
    ) -> tuple[DoubtfulRun, ...]:
        """Return what a device measured on these days, newest first, and what rests on it."""
        asked: Select[*tuple[Any, ...]] = (
            select(
                col(TestRunRow.reception_id),
                col(ReceptionRow.number),
                col(TestRunRow.sequence),
                col(TestRunRow.recorded_at),
                col(CertificateRow.number).label("certificate_number"),
            )
            .join(
                ReceptionRow,
                and_(
                    col(ReceptionRow.pack_id) == col(TestRunRow.pack_id),
                    col(ReceptionRow.reception_id) == col(TestRunRow.reception_id),
                ),
            )
            .outerjoin(
                CertificateRow,
                and_(
                    col(CertificateRow.pack_id) == col(TestRunRow.pack_id),
                    col(CertificateRow.reception_id) == col(TestRunRow.reception_id),
                ),
            )
            .outerjoin(
                ToldEquipmentRow,
                and_(
                    col(ToldEquipmentRow.pack_id) == col(TestRunRow.pack_id),
                    col(ToldEquipmentRow.test_run_id) == col(TestRunRow.test_run_id),
                ),
            )
            .where(
                col(TestRunRow.tenant_id) == device.tenant_id,
                func.coalesce(col(TestRunRow.device_id), col(ToldEquipmentRow.device_id)) == device.device_id,
                col(TestRunRow.recorded_at) >= day_start(from_on),
                col(TestRunRow.recorded_at) < day_start(until_on + timedelta(days=1)),
            )
            .order_by(col(TestRunRow.recorded_at).desc(), col(TestRunRow.sequence).desc())
            .limit(limit)
        )
        found = await self._connection.execute(asked)
        return tuple(
            DoubtfulRun(
                reception_id=ReceptionId(row["reception_id"]),
                reception_number=row["number"],
                sequence=row["sequence"],
                recorded_at=row["recorded_at"],
                certificate_number=row["certificate_number"],
            )
            for row in found.mappings()
        )

    async def accept(self, deviation: Deviation) -> None:
        """Store an accepted deviation; the first one stands."""
        await self._connection.execute(
            upsert(DeviceDeviationRow)
            .values(
                pack_id=deviation.pack_id,
                reception_id=deviation.reception_id,
                device_id=deviation.device_id,
                tenant_id=deviation.tenant_id,
                reason=deviation.reason,
                accepted_by=deviation.accepted_by,
                accepted_by_name=deviation.accepted_by_name,
                accepted_at=deviation.accepted_at,
            )
            .on_conflict_do_nothing()
        )

    async def deviation(self, reception: Reception, device_id: UUID) -> Deviation | None:
        """Return what was accepted of a device for a reception."""
        found = await self._connection.execute(
            select(*DeviceDeviationRow.__table__.c).where(  # type: ignore[attr-defined]
                col(DeviceDeviationRow.pack_id) == reception.pack_id,
                col(DeviceDeviationRow.reception_id) == reception.reception_id,
                col(DeviceDeviationRow.device_id) == device_id,
            )
        )
        row = found.mappings().first()
        if row is None:
            return None
        return Deviation(
            pack_id=PackId(row["pack_id"]),
            reception_id=ReceptionId(row["reception_id"]),
            tenant_id=TenantId(row["tenant_id"]),
            device_id=row["device_id"],
            reason=row["reason"],
            accepted_by=PersonId(row["accepted_by"]),
            accepted_by_name=row["accepted_by_name"],
            accepted_at=row["accepted_at"],
        )


class PostgresReinspections:
    """Requests to inspect a pack again, only ever added to."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def open(self, request: Reinspection) -> bool:
        """Store a request; the key refuses a second one of the same cause."""
        stored = await self._connection.execute(
            upsert(ReinspectionRow)
            .values(
                pack_id=request.pack_id,
                certificate_id=request.certificate_id,
                cause=request.cause.value,
                reinspection_id=request.reinspection_id,
                tenant_id=request.tenant_id,
                certificate_number=request.certificate_number,
                happened_on=request.happened_on,
                opened_at=request.opened_at,
            )
            .on_conflict_do_nothing()
        )
        return stored.rowcount == 1

    async def waiting(self, tenant_id: TenantId) -> tuple[Reinspection, ...]:
        """Return a body's requests that wait, longest first."""
        received = select(col(ReceptionRow.pack_id)).where(
            col(ReceptionRow.pack_id) == col(ReinspectionRow.pack_id),
            col(ReceptionRow.received_at) >= col(ReinspectionRow.opened_at),
        )
        found = await self._connection.execute(
            select(*ReinspectionRow.__table__.c)  # type: ignore[attr-defined]
            .join(
                CertificateStateRow,
                (col(CertificateStateRow.pack_id) == col(ReinspectionRow.pack_id))
                & (col(CertificateStateRow.certificate_id) == col(ReinspectionRow.certificate_id)),
            )
            .where(
                col(ReinspectionRow.tenant_id) == tenant_id,
                col(CertificateStateRow.status).in_(_ASKS_BACK),
                ~received.exists(),
            )
            .order_by(col(ReinspectionRow.opened_at), col(ReinspectionRow.reinspection_id))
        )
        return tuple(
            Reinspection(
                reinspection_id=row["reinspection_id"],
                pack_id=PackId(row["pack_id"]),
                tenant_id=TenantId(row["tenant_id"]),
                certificate_id=CertificateId(row["certificate_id"]),
                certificate_number=row["certificate_number"],
                cause=Cause(row["cause"]),
                happened_on=row["happened_on"],
                opened_at=row["opened_at"],
            )
            for row in found.mappings()
        )
