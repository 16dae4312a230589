"""The certification ports in memory."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from adapters.ktr.protocol_file import SHIPPED, read_protocol_text
from domain.certification.amending import Amendment, Proposal
from domain.certification.equipment import Booking, Calibration, Deviation, Device, DoubtfulRun
from domain.certification.errors import (
    AlreadyAmended,
    AlreadyReceived,
    AssessmentUnknown,
    BookingUnknown,
    CertificateMoved,
    CertificateUnknown,
    DeviceBooked,
    DeviceUnknown,
    DocumentUnknown,
    EquipmentKnown,
    FeesAgreed,
    ImportUnknown,
    NumberTaken,
    OwnAmendment,
    OwnWork,
    ProtocolStepOutOfOrder,
    ProtocolVersionTaken,
    ReceptionMoved,
    ReceptionUnknown,
    RecordChanged,
    RequestMoved,
    RequestUnknown,
    SerialTaken,
    StatusListFull,
    StatusListUnknown,
)
from domain.certification.external import Citation, ExternalRecord, RecordImport, TrustedIssuer
from domain.certification.model import (
    Assessment,
    Certificate,
    CertificateStatus,
    Chemistry,
    CustodyMove,
    CyclerFormat,
    CyclerRecord,
    CyclerStep,
    Extremes,
    Fees,
    HoldRelease,
    IssuedDocument,
    ItemFacts,
    Queued,
    QueuePlace,
    Reception,
    ReceptionState,
    Report,
    SampleLabel,
    Signature,
    StepKind,
    TestRun,
    ToldEquipment,
    Transition,
    WithdrawnDocument,
    Worklist,
    with_told,
)
from domain.certification.protocol import Protocol as TestProtocol
from domain.certification.protocol_versions import ProtocolVersion
from domain.certification.reinspection import Cause, Reinspection
from domain.certification.requests import InspectionRequest, RequestMove, RequestPage, RequestState, waiting
from domain.certification.spelling import token_sha256
from domain.certification.status_list import Purpose, StatusPlace, sets_bit
from domain.shared.files import FileUnknown
from domain.shared.identifiers import CertificateId, PackId, ReceptionId, TenantId
from domain.shared.time import seoul_day
from tests.fakes.subscription import MemoryNumbers

STANDING = (CertificateStatus.VALID, CertificateStatus.SUSPENDED)
ASKS_BACK = (*STANDING, CertificateStatus.EXPIRED)


class MemoryReceptions:
    def __init__(self) -> None:
        self._receptions: dict[ReceptionId, Reception] = {}
        self._moves: list[Transition] = []

    async def add(self, reception: Reception) -> None:
        for other in self._receptions.values():
            if other.pack_id == reception.pack_id and other.state.is_open:
                raise AlreadyReceived
            if other.number == reception.number:
                raise NumberTaken(number=reception.number)
        self._receptions[reception.reception_id] = reception

    async def one(self, reception_id: ReceptionId) -> Reception:
        if reception_id not in self._receptions:
            raise ReceptionUnknown(reception=str(reception_id))
        return self._receptions[reception_id]

    async def hold(self, reception_id: ReceptionId) -> Reception:
        return await self.one(reception_id)

    async def find(self, number: str) -> ReceptionId:
        for reception in self._receptions.values():
            if reception.number == number:
                return reception.reception_id
        raise ReceptionUnknown(reception=number)

    async def move(self, reception: Reception, *, to: ReceptionState, at: datetime) -> None:
        if self._receptions[reception.reception_id].state is not reception.state:
            raise ReceptionMoved(state=reception.state.value)
        self._receptions[reception.reception_id] = replace(reception, state=to)

    async def log(self, transition: Transition) -> None:
        self._moves.append(transition)

    async def transitions(self, reception: Reception) -> tuple[Transition, ...]:
        return tuple(one for one in self._moves if one.reception_id == reception.reception_id)

    async def queue(
        self, *, tenant_id: TenantId, states: Sequence[ReceptionState], after: ReceptionId | None, limit: int
    ) -> tuple[Queued, ...]:
        mine = [r for r in self._receptions.values() if r.tenant_id == tenant_id and r.state in states]
        mine.sort(key=lambda reception: reception.reception_id, reverse=True)
        return tuple(self._queued(r) for r in mine if after is None or r.reception_id < after)[:limit]

    async def worklist(self, wanted: Worklist, *, after: QueuePlace | None, limit: int) -> tuple[Queued, ...]:
        search = wanted.search.lower()
        mine = [
            r
            for r in self._receptions.values()
            if r.tenant_id == wanted.tenant_id
            and r.state in wanted.states
            and (search in r.number.lower() or search in r.applicant.name.lower() or r.pack_id == wanted.pack_id)
            and (after is None or (r.due_on, r.reception_id) > (after.due_on, after.reception_id))
        ]
        mine.sort(key=lambda one: (one.due_on, one.reception_id))
        return tuple(self._queued(r) for r in mine[:limit])

    @staticmethod
    def _queued(r: Reception) -> Queued:
        return Queued(
            reception_id=r.reception_id,
            number=r.number,
            pack_id=r.pack_id,
            applicant=r.applicant.name,
            due_on=r.due_on,
            state=r.state,
        )

    async def counts(self, tenant_id: TenantId) -> Mapping[ReceptionState, int]:
        return Counter(r.state for r in self._receptions.values() if r.tenant_id == tenant_id)

    async def received(
        self, tenant_id: TenantId, *, from_at: datetime, until_at: datetime, limit: int
    ) -> tuple[Reception, ...]:
        mine = [
            one
            for one in self._receptions.values()
            if one.tenant_id == tenant_id and from_at <= one.received_at < until_at
        ]
        return tuple(sorted(mine, key=lambda one: (one.received_at, one.reception_id)))[:limit]

    async def of_request(self, request: InspectionRequest) -> tuple[Reception, ...]:
        mine = [r for r in self._receptions.values() if r.request_id == request.request_id]
        return tuple(sorted(mine, key=lambda reception: (reception.request_line or 0, reception.reception_id)))

    async def of_pack(self, pack_id: PackId) -> tuple[Reception, ...]:
        mine = [r for r in self._receptions.values() if r.pack_id == pack_id]
        return tuple(sorted(mine, key=lambda reception: reception.reception_id))


class MemoryRequests:
    def __init__(self, receptions: MemoryReceptions) -> None:
        self._receptions = receptions
        self._requests: dict[UUID, InspectionRequest] = {}
        self._moves: list[RequestMove] = []

    async def add(self, request: InspectionRequest) -> None:
        self._requests[request.request_id] = request

    async def one(self, request_id: UUID) -> InspectionRequest:
        if request_id not in self._requests:
            raise RequestUnknown(request=str(request_id))
        return self._requests[request_id]

    async def hold(self, request_id: UUID) -> InspectionRequest:
        return await self.one(request_id)

    async def move(self, request: InspectionRequest, *, to: RequestState, at: datetime) -> None:
        if self._requests[request.request_id].state is not request.state:
            raise RequestMoved(state=request.state.value)
        self._requests[request.request_id] = replace(request, state=to)

    async def log(self, move: RequestMove) -> None:
        self._moves.append(move)

    async def moves(self, request: InspectionRequest) -> tuple[RequestMove, ...]:
        return tuple(one for one in self._moves if one.request_id == request.request_id)

    async def page(self, wanted: RequestPage) -> tuple[InspectionRequest, ...]:
        found = [
            one
            for one in self._requests.values()
            if wanted.applicant in (None, one.tenant_id)
            and wanted.body in (None, one.body_id)
            and one.state in wanted.states
            and (wanted.after is None or one.request_id < wanted.after)
            and not (wanted.waiting and not waiting(one, await self._receptions.of_request(one)))
        ]
        return tuple(sorted(found, key=lambda one: one.request_id, reverse=True)[: wanted.limit])


class MemoryCustody:
    def __init__(self) -> None:
        self._moves: list[CustodyMove] = []
        self._labels: dict[ReceptionId, SampleLabel] = {}
        self._fees: dict[ReceptionId, Fees] = {}

    async def add(self, move: CustodyMove) -> None:
        self._moves.append(move)

    async def of_reception(self, reception: Reception) -> tuple[CustodyMove, ...]:
        return tuple(one for one in self._moves if one.reception_id == reception.reception_id)

    async def add_label(self, label: SampleLabel) -> None:
        if any(one.token == label.token for one in self._labels.values()):
            raise NumberTaken(number=token_sha256(label.token))
        self._labels[label.reception_id] = label

    async def label(self, reception: Reception) -> SampleLabel | None:
        return self._labels.get(reception.reception_id)

    async def find(self, token: str) -> ReceptionId:
        for one in self._labels.values():
            if one.token == token:
                return one.reception_id
        raise ReceptionUnknown(reception="-")

    async def set_fees(self, fees: Fees) -> None:
        before = self._fees.get(fees.reception_id)
        if before is not None and before.agreed_at is not None:
            raise FeesAgreed
        self._fees[fees.reception_id] = fees

    async def fees(self, reception: Reception) -> Fees | None:
        return self._fees.get(reception.reception_id)


class MemoryTestRuns:
    def __init__(self) -> None:
        self.runs: list[TestRun] = []
        self._told: dict[UUID, ToldEquipment] = {}

    async def add(self, run: TestRun) -> None:
        self.runs.append(run)

    async def tell_equipment(self, told: ToldEquipment) -> None:
        if self._told.setdefault(told.test_run_id, told) is not told:
            raise EquipmentKnown

    def device_of(self, run: TestRun) -> UUID | None:
        return with_told(run, self._told.get(run.test_run_id)).device_id

    async def of_reception(self, reception: Reception) -> tuple[TestRun, ...]:
        mine = (run for run in self.runs if run.reception_id == reception.reception_id)
        return tuple(with_told(run, self._told.get(run.test_run_id)) for run in mine)


class MemoryAssessments:
    def __init__(self) -> None:
        self.assessments: list[Assessment] = []

    async def add(self, assessment: Assessment) -> None:
        self.assessments.append(assessment)

    async def latest(self, reception: Reception) -> Assessment:
        mine = [one for one in self.assessments if one.reception_id == reception.reception_id]
        if not mine:
            raise AssessmentUnknown
        return mine[-1]


class MemorySignatures:
    def __init__(self) -> None:
        self._signatures: list[Signature] = []
        self._releases: dict[UUID, HoldRelease] = {}

    async def add(self, signature: Signature) -> None:
        if signature.signed_by in signature.entered_by:
            raise OwnWork
        self._signatures.append(signature)

    async def of_subject(self, pack_id: PackId, subject_id: UUID) -> tuple[Signature, ...]:
        return tuple(one for one in self._signatures if (one.pack_id, one.subject_id) == (pack_id, subject_id))

    async def release(self, release: HoldRelease) -> None:
        self._releases[release.assessment_id] = release

    async def released(self, assessment: Assessment) -> HoldRelease | None:
        return self._releases.get(assessment.assessment_id)


class MemoryDevices:
    def __init__(
        self, receptions: MemoryReceptions, test_runs: MemoryTestRuns, certificates: "MemoryCertificates"
    ) -> None:
        self._receptions, self._test_runs, self._certificates = receptions, test_runs, certificates
        self._devices: dict[UUID, Device] = {}
        self._bookings: list[Booking] = []
        self._deviations: dict[tuple[ReceptionId, UUID], Deviation] = {}

    async def add(self, device: Device) -> None:
        if await self.find(device.tenant_id, device.serial) is not None:
            raise SerialTaken(serial=device.serial)
        self._devices[device.device_id] = device

    async def one(self, tenant_id: TenantId, device_id: UUID) -> Device:
        device = self._devices.get(device_id)
        if device is None or device.tenant_id != tenant_id:
            raise DeviceUnknown
        return device

    async def find(self, tenant_id: TenantId, serial: str) -> Device | None:
        return next((one for one in await self.of_body(tenant_id) if one.serial == serial), None)

    async def of_body(self, tenant_id: TenantId) -> tuple[Device, ...]:
        mine = [one for one in self._devices.values() if one.tenant_id == tenant_id]
        return tuple(sorted(mine, key=lambda device: device.serial))

    async def calibrate(self, device: Device, calibration: Calibration) -> None:
        stored = self._devices[device.device_id]
        self._devices[device.device_id] = replace(stored, calibrations=(*stored.calibrations, calibration))

    async def book(self, booking: Booking) -> None:
        taken = {day for one in self._bookings if one.device_id == booking.device_id for day in one.days}
        if taken.intersection(booking.days):
            raise DeviceBooked
        self._bookings.append(booking)

    async def bookings(self, tenant_id: TenantId, *, from_on: date, until_on: date) -> tuple[Booking, ...]:
        mine = [one for one in self._bookings if one.tenant_id == tenant_id]
        touching = [one for one in mine if one.from_on <= until_on and from_on <= one.until_on]
        return tuple(sorted(touching, key=lambda one: (one.from_on, one.booking_id)))

    async def booking(self, tenant_id: TenantId, booking_id: UUID) -> Booking:
        for one in self._bookings:
            if (one.tenant_id, one.booking_id) == (tenant_id, booking_id):
                return one
        raise BookingUnknown

    async def release(self, booking: Booking, *, from_on: date) -> None:
        self._bookings.remove(booking)
        if booking.from_on < from_on:
            self._bookings.append(replace(booking, until_on=from_on - timedelta(days=1)))

    async def measured_with(
        self, device: Device, *, from_on: date, until_on: date, limit: int
    ) -> tuple[DoubtfulRun, ...]:
        found = [
            DoubtfulRun(
                reception_id=run.reception_id,
                reception_number=(await self._receptions.one(run.reception_id)).number,
                sequence=run.sequence,
                recorded_at=run.recorded_at,
                certificate_number=next(
                    (c.number for c in self._certificates.stored.values() if c.reception_id == run.reception_id), None
                ),
            )
            for run in self._test_runs.runs
            if self._test_runs.device_of(run) == device.device_id and from_on <= seoul_day(run.recorded_at) <= until_on
        ]
        return tuple(sorted(found, key=lambda one: (one.recorded_at, one.sequence), reverse=True)[:limit])

    async def accept(self, deviation: Deviation) -> None:
        self._deviations.setdefault((deviation.reception_id, deviation.device_id), deviation)

    async def deviation(self, reception: Reception, device_id: UUID) -> Deviation | None:
        return self._deviations.get((reception.reception_id, device_id))


class MemoryReports:
    def __init__(self) -> None:
        self._reports: list[Report] = []

    async def add(self, report: Report) -> None:
        self._reports.append(report)

    async def of_reception(self, reception: Reception) -> Report | None:
        return next((one for one in self._reports if one.reception_id == reception.reception_id), None)


class MemoryCertificates:
    def __init__(self) -> None:
        self.stored: dict[CertificateId, Certificate] = {}
        self._changed: dict[CertificateId, datetime] = {}

    async def changed_at(self, certificate: Certificate) -> datetime:
        return self._changed.get(certificate.certificate_id, certificate.issued_at)

    async def add(self, certificate: Certificate) -> None:
        for other in self.stored.values():
            if other.number == certificate.number:
                raise NumberTaken(number=certificate.number)
            if other.verify_token_sha256 == certificate.verify_token_sha256:
                raise NumberTaken(number="token")
        self.stored[certificate.certificate_id] = certificate

    async def one(self, certificate_id: CertificateId) -> Certificate:
        if certificate_id not in self.stored:
            raise CertificateUnknown
        return self.stored[certificate_id]

    async def find(self, number: str) -> Certificate:
        return self._first(lambda one: one.number == number)

    async def find_by_token(self, token: str) -> Certificate:
        return self._first(lambda one: one.verify_token_sha256 == token_sha256(token))

    def _first(self, fits) -> Certificate:
        for certificate in self.stored.values():
            if fits(certificate):
                return certificate
        raise CertificateUnknown

    async def standing(self, pack_id: PackId) -> Certificate | None:
        mine = [one for one in self.stored.values() if one.pack_id == pack_id and one.status in STANDING]
        return mine[0] if mine else None

    async def standing_page(self, *, after: CertificateId | None, limit: int) -> tuple[Certificate, ...]:
        mine = [
            one
            for one in self.stored.values()
            if one.status in STANDING and (after is None or one.certificate_id > after)
        ]
        return tuple(sorted(mine, key=lambda one: one.certificate_id))[:limit]

    async def issued(
        self, tenant_id: TenantId, *, from_at: datetime, until_at: datetime, limit: int
    ) -> tuple[Certificate, ...]:
        mine = [
            one for one in self.stored.values() if one.tenant_id == tenant_id and from_at <= one.issued_at < until_at
        ]
        return tuple(sorted(mine, key=lambda one: (one.issued_at, one.certificate_id)))[:limit]

    async def run_out(self, *, before: date, after: CertificateId | None, limit: int) -> tuple[Certificate, ...]:
        standing = await self.standing_page(after=after, limit=len(self.stored))
        return tuple([one for one in standing if one.valid_until < before][:limit])

    async def of_pack(self, pack_id: PackId) -> tuple[Certificate, ...]:
        mine = [one for one in self.stored.values() if one.pack_id == pack_id]
        return tuple(sorted(mine, key=lambda certificate: certificate.certificate_id))

    async def change(self, certificate: Certificate, *, to: CertificateStatus, reason: str, at: datetime) -> None:
        if self.stored[certificate.certificate_id].status is not certificate.status:
            raise CertificateMoved(status=certificate.status.value)
        self._changed[certificate.certificate_id] = at
        self.stored[certificate.certificate_id] = replace(certificate, status=to, status_reason=reason)


class MemoryIssuedDocuments:
    def __init__(self) -> None:
        self._documents: list[IssuedDocument] = []
        self._withdrawn: dict[UUID, WithdrawnDocument] = {}

    async def withdraw(self, withdrawn: WithdrawnDocument) -> None:
        self._withdrawn[withdrawn.subject_id] = withdrawn

    async def withdrawn(self, document: IssuedDocument) -> WithdrawnDocument | None:
        return self._withdrawn.get(document.subject_id)

    async def add(self, document: IssuedDocument) -> None:
        if any(document.number == one.number or document.pdf_sha256 == one.pdf_sha256 for one in self._documents):
            raise NumberTaken(number=document.number)
        if document.amends is not None and any(document.amends == one.amends for one in self._documents):
            raise AlreadyAmended(number=document.amends)
        self._documents.append(document)

    async def numbered(self, number: str) -> IssuedDocument:
        return self._first(lambda one: one.number == number)

    async def hashed(self, pdf_sha256: str) -> IssuedDocument:
        return self._first(lambda one: one.pdf_sha256 == pdf_sha256)

    async def amending(self, document: IssuedDocument) -> IssuedDocument | None:
        return next((one for one in self._documents if one.amends == document.number), None)

    def _first(self, fits) -> IssuedDocument:
        for one in self._documents:
            if fits(one):
                return one
        raise DocumentUnknown


class MemoryAmendments:
    def __init__(self) -> None:
        self._amendments: list[Amendment] = []

        self._proposals: list[Proposal] = []

    async def add(self, amendment: Amendment) -> None:
        if amendment.approved_by == amendment.amended_by:
            raise OwnAmendment
        self._amendments.append(amendment)

    async def of_reception(self, reception: Reception) -> tuple[Amendment, ...]:
        return tuple(one for one in self._amendments if one.report.reception_id == reception.reception_id)

    async def propose(self, proposal: Proposal) -> None:
        self._proposals.append(proposal)

    async def proposals(self, reception: Reception) -> tuple[Proposal, ...]:
        return tuple(one for one in self._proposals if one.reception_id == reception.reception_id)


class MemoryStatusPlaces:
    def __init__(self, certificates: MemoryCertificates) -> None:
        self._certificates = certificates
        self._taken: dict[StatusPlace, CertificateId] = {}

    async def reserve(self, certificate: Certificate, drawn: Sequence[StatusPlace]) -> StatusPlace:
        for place in drawn:
            if place not in self._taken:
                self._taken[place] = certificate.certificate_id
                return place
        raise StatusListFull

    async def of_list(self, list_number: int, purpose: Purpose) -> tuple[int, ...]:
        listed = {place.place: taken for place, taken in self._taken.items() if place.list_number == list_number}
        if not listed and list_number != 1:
            raise StatusListUnknown
        ended = [
            one for one, taken in listed.items() if sets_bit((await self._certificates.one(taken)).status, purpose)
        ]
        return tuple(sorted(ended))


class MemoryFiles:
    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    async def keep(self, content: bytes, *, media_type: str, owner: TenantId) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self._files[digest] = content
        return digest

    async def read(self, sha256: str) -> bytes:
        if sha256 not in self._files:
            raise FileUnknown
        return self._files[sha256]


class MemoryReinspections:
    def __init__(self, certificates: MemoryCertificates, receptions: MemoryReceptions) -> None:
        self._certificates, self._receptions = certificates, receptions
        self._requests: dict[tuple[CertificateId, Cause], Reinspection] = {}

    async def open(self, request: Reinspection) -> bool:
        key = (request.certificate_id, request.cause)
        return self._requests.setdefault(key, request) is request

    async def waiting(self, tenant_id: TenantId) -> tuple[Reinspection, ...]:
        found = []
        for one in self._requests.values():
            standing = (await self._certificates.one(one.certificate_id)).status in ASKS_BACK
            back = [r for r in await self._receptions.of_pack(one.pack_id) if r.received_at >= one.opened_at]
            if one.tenant_id == tenant_id and standing and not back:
                found.append(one)
        return tuple(sorted(found, key=lambda one: (one.opened_at, one.reinspection_id)))


class MemoryProtocolVersions:
    """`read` and `shipped` as the program is wired."""

    shipped = SHIPPED.read_text(encoding="utf-8")

    def __init__(self) -> None:
        self._versions: dict[UUID, ProtocolVersion] = {}

    def read(self, text: str) -> TestProtocol:
        return read_protocol_text(text)

    async def of_body(self, tenant_id: TenantId) -> tuple[ProtocolVersion, ...]:
        mine = [one for one in self._versions.values() if one.tenant_id == tenant_id]
        return tuple(sorted(mine, key=lambda one: one.sequence))

    async def draft(self, version: ProtocolVersion) -> None:
        for one in await self.of_body(version.tenant_id):
            if one.sequence == version.sequence or (one.protocol_id, one.version) == (
                version.protocol_id,
                version.version,
            ):
                raise ProtocolVersionTaken(protocol=version.protocol_id, version=version.version)
        self._versions[version.version_id] = version

    async def approve(self, version: ProtocolVersion) -> None:
        if self._versions[version.version_id].approved_at is not None:
            raise ProtocolStepOutOfOrder(state="approved")
        self._versions[version.version_id] = version

    async def retire(self, version: ProtocolVersion) -> None:
        if self._versions[version.version_id].retired_at is not None:
            raise ProtocolStepOutOfOrder(state="retired")
        self._versions[version.version_id] = version


class MemoryExternalRecords:
    def __init__(self) -> None:
        self._records: dict[UUID, ExternalRecord] = {}
        self._imports: dict[UUID, RecordImport] = {}
        self._issuers: dict[tuple[TenantId, str], TrustedIssuer] = {}
        self._citations: list[Citation] = []

    async def cite(self, citation: Citation) -> None:
        self._citations.append(citation)

    async def citations(self, reception: Reception) -> tuple[Citation, ...]:
        return tuple(one for one in self._citations if one.reception_id == reception.reception_id)

    async def find(self, tenant_id: TenantId, *, issuer: str, number: str) -> ExternalRecord | None:
        for one in self._records.values():
            if (one.tenant_id, one.content.issuer, one.content.number) == (tenant_id, issuer, number):
                return one
        return None

    async def numbered(self, number: str) -> tuple[ExternalRecord, ...]:
        return self._listed(lambda one: one.content.number == number)

    async def of_pack(self, pack_id: PackId) -> tuple[ExternalRecord, ...]:
        return self._listed(lambda one: one.pack_id == pack_id)

    def _listed(self, fits) -> tuple[ExternalRecord, ...]:
        return tuple(sorted(filter(fits, self._records.values()), key=lambda one: one.record_id))

    async def page(self, tenant_id: TenantId, *, after: UUID | None, limit: int) -> tuple[ExternalRecord, ...]:
        mine = self._listed(lambda one: one.tenant_id == tenant_id and (after is None or one.record_id < after))
        return tuple(reversed(mine))[:limit]

    async def add(self, record: ExternalRecord) -> None:
        content = record.content
        if await self.find(record.tenant_id, issuer=content.issuer, number=content.number) is not None:
            raise RecordChanged(fields="number")
        self._records[record.record_id] = record

    async def keep_import(self, made: RecordImport) -> None:
        self._imports[made.import_id] = made

    async def imported(self, tenant_id: TenantId, import_id: UUID) -> RecordImport:
        found = self._imports.get(import_id)
        if found is None or found.tenant_id != tenant_id:
            raise ImportUnknown
        return found

    async def imports(self, tenant_id: TenantId, *, limit: int) -> tuple[RecordImport, ...]:
        mine = [one for one in self._imports.values() if one.tenant_id == tenant_id]
        return tuple(sorted(mine, key=lambda one: one.import_id, reverse=True))[:limit]

    async def trust(self, issuer: TrustedIssuer) -> None:
        self._issuers[issuer.tenant_id, issuer.did] = issuer

    async def issuers(self, tenant_id: TenantId) -> tuple[TrustedIssuer, ...]:
        mine = [one for one in self._issuers.values() if one.tenant_id == tenant_id]
        return tuple(sorted(mine, key=lambda one: (one.name, one.did)))


class MemoryCertificationWork:
    def __init__(self) -> None:
        self.external_records = MemoryExternalRecords()
        self.protocol_versions = MemoryProtocolVersions()
        self.receptions = MemoryReceptions()
        self.requests = MemoryRequests(self.receptions)
        self.custody = MemoryCustody()
        self.test_runs = MemoryTestRuns()
        self.assessments = MemoryAssessments()
        self.signatures = MemorySignatures()
        self.reports = MemoryReports()
        self.certificates = MemoryCertificates()
        self.devices = MemoryDevices(self.receptions, self.test_runs, self.certificates)
        self.reinspections = MemoryReinspections(self.certificates, self.receptions)
        self.status_places = MemoryStatusPlaces(self.certificates)
        self.issued_documents = MemoryIssuedDocuments()
        self.amendments = MemoryAmendments()
        self.numbers = MemoryNumbers()
        self.files = MemoryFiles()


def item_facts(**changed: object) -> ItemFacts:
    """Twelve 5 Ah cells in series and a hundred in parallel."""
    facts = ItemFacts(
        chemistry=Chemistry.NMC,
        rated_capacity_mah=500_000,
        rated_energy_wh=21_780,
        cell_capacity_mah=5_000,
        cell_count=1_200,
        cells_in_series=12,
        modules_in_series=12,
        nominal_voltage_mv=43_560,
        manufactured_on=date(2019, 11, 4),
    )
    return replace(facts, **changed)  # type: ignore[arg-type]


def cycler_step(step: int, kind: StepKind, *, first: str, last: str, amps: str, ah: str, wh: str) -> CyclerStep:
    return CyclerStep(
        step=step,
        kind=kind,
        rows=100,
        hours=Decimal("1"),
        median_current_a=Decimal(amps),
        first_v=Decimal(first),
        last_v=Decimal(last),
        charge_ah=Decimal(ah),
        energy_wh=Decimal(wh),
        counter_ah=None,
        counter_wh=None,
    )


def cycler_record(*steps: CyclerStep) -> CyclerRecord:
    """A record of these steps, or of one full charge and one full C/2 discharge."""
    chosen = steps or (
        cycler_step(1, StepKind.CCCV_CHARGE, first="2.6", last="4.2", amps="2.5", ah="4.7607", wh="18.307"),
        cycler_step(2, StepKind.REST, first="4.19", last="4.18", amps="0", ah="0", wh="0"),
        cycler_step(3, StepKind.CC_DISCHARGE, first="4.14", last="2.5", amps="-2.5", ah="-4.7175", wh="-17.2302"),
    )
    return CyclerRecord(
        format=CyclerFormat.BDF_CSV,
        parser="by hand",
        sha256="ab" * 32,
        rows=100 * len(chosen),
        voltage_v=Extremes(lowest=Decimal("2.5"), highest=Decimal("4.2")),
        current_a=Extremes(lowest=Decimal("-2.5"), highest=Decimal("2.5")),
        temperature_c=Extremes(lowest=Decimal("24.5"), highest=Decimal("27.5")),
        hours=Decimal("4.5"),
        cycles=1,
        cycles_as_recorded=None,
        steps=chosen,
        findings=(),
    )
