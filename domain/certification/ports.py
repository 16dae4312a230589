"""What certification asks of its store, of the file readers and of the keeper of the signing key."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from domain.certification.amending import Amendment, Proposal
from domain.certification.equipment import Booking, Calibration, Deviation, Device, DoubtfulRun
from domain.certification.external import Citation, ExternalRecord, GivenFile, RecordImport, TrustedIssuer
from domain.certification.model import (
    Assessment,
    Certificate,
    CertificateStatus,
    CustodyMove,
    CyclerRecord,
    Fees,
    HoldRelease,
    IssuedDocument,
    PulsedCell,
    Queued,
    QueuePlace,
    Reception,
    ReceptionState,
    Report,
    SampleLabel,
    Signature,
    TableForm,
    TestRun,
    ToldEquipment,
    Transition,
    WithdrawnDocument,
    Worklist,
)
from domain.certification.protocol import Protocol as TestProtocol
from domain.certification.protocol_versions import ProtocolVersion
from domain.certification.reinspection import Reinspection
from domain.certification.requests import InspectionRequest, RequestMove, RequestPage, RequestState
from domain.certification.status_list import Purpose, StatusPlace
from domain.shared.canonical import Canonical
from domain.shared.files import Files
from domain.shared.identifiers import CertificateId, PackId, ReceptionId, TenantId
from domain.shared.numbers import Numbers


class CyclerFiles(Protocol):
    """Reads the files that cyclers write."""

    async def read(self, content: bytes) -> CyclerRecord:
        """Return what a file of any supported format says; a test without a record has no rows.

        Raises:
            FileRefused: the file is empty, foreign, damaged or too long; the code says which.
            FileTooLarge: it has more bytes than are read.
            FileTookTooLong: it could not be read in time.
            FileBroke: it made the reader crash.
        """
        ...

    async def table(self, content: bytes, *, form: TableForm) -> bytes:
        """Return the rows of a file under the keys of the Battery Data Format; rebuilt each time from the raw bytes.

        Raises:
            FileRefused: as `read`; or the file holds no rows over time (`certification.cycler-table-missing`).
            FileTooLarge, FileTookTooLong, FileBroke: as `read`.
        """
        ...


class PulseTables(Protocol):
    """Reads tables of cells whose pulse and whose capacity are both known."""

    async def read(self, content: bytes) -> tuple[PulsedCell, ...]:
        """Return the cells of a table, each at half its rated charge.

        Raises:
            FileRefused: the table does not keep to its layout; the code and the row say why.
            FileTooLarge: it has more bytes than are read.
            FileTookTooLong: it could not be read in time.
            FileBroke: it made the reader crash.
        """
        ...


class Credentials(Protocol):
    """Signs records with the house's key, and checks them."""

    @property
    def issuer(self) -> str:
        """The DID under which the public key is published."""
        ...

    async def sign(self, document: Mapping[str, Canonical], *, at: datetime) -> Mapping[str, Canonical]:
        """Return the document with a proof; whole numbers and strings only. Equal input gives an equal proof."""
        ...

    async def verify(self, document: Mapping[str, Canonical]) -> None:
        """Check that a document was signed with a key of this house, present or past, and has not changed since.

        Raises:
            SignatureBroken: it was not, or it has.
        """
        ...

    async def did_document(self) -> Mapping[str, Canonical]:
        """Return what is published at /.well-known/did.json, so that anyone can check a certificate."""
        ...


class Verifier(Protocol):
    """Checks signed records with public keys alone."""

    async def verify(self, document: Mapping[str, Canonical]) -> None:
        """Check that a document was signed with one of the keys and has not changed since.

        Raises:
            SignatureBroken: it was not, or it has.
        """
        ...


class Signer(Protocol):
    """Holds the private key: a file, or a device that never gives it away. Public keys are the 32 bytes of Ed25519."""

    async def public_keys(self) -> Sequence[bytes]:
        """Return the present key first, then those of the past, which only verify.

        Raises:
            Unavailable: the key cannot be reached.
        """
        ...

    async def sign(self, message: bytes, *, public_key: bytes) -> bytes:
        """Return the 64 bytes of an Ed25519 signature with the present key.

        Raises:
            Unavailable: the key cannot be reached, or another took its place meanwhile.
        """
        ...

    async def rotate(self) -> bytes:
        """Put a new key in the present one's place and return its public half; the old one then only verifies.

        Raises:
            Unavailable: the key cannot be reached.
        """
        ...


class RecordFiles(Protocol):
    """Reads files of records that others issued."""

    async def read(self, content: bytes, *, issuers: Sequence[TrustedIssuer]) -> GivenFile:
        """Take a file apart: CSV, XLSX, JSON, or signed records, whose signatures are checked by these issuers' keys.

        Raises:
            FileRefused: the file is foreign, active, damaged or too long; nothing of it is taken.
            FileTooLarge: it has more bytes than are read.
            FileTookTooLong: it could not be read in time.
            FileBroke: it made the reader crash.
        """
        ...

    def did_of(self, document: str) -> str:
        """Return the DID whose keys a document holds.

        Raises:
            IssuerKeysWrong: it is no DID document, or names no key that is understood.
        """
        ...


class ProtocolVersions(Protocol):
    """Versions of bodies' protocols; a step is added once, and no text is ever changed."""

    async def of_body(self, tenant_id: TenantId) -> tuple[ProtocolVersion, ...]:
        """Return a body's versions in the order they were drafted; none while it has only the shipped one."""
        ...

    async def draft(self, version: ProtocolVersion) -> None:
        """Keep a new version.

        Raises:
            ProtocolVersionTaken: somebody kept one of this name, or of this sequence, meanwhile.
        """
        ...

    async def approve(self, version: ProtocolVersion) -> None:
        """Keep who approved a version and from when on it is in force.

        Raises:
            ProtocolStepOutOfOrder: somebody approved it meanwhile.
        """
        ...

    async def retire(self, version: ProtocolVersion) -> None:
        """Keep who retired a version, from when on, and why.

        Raises:
            ProtocolStepOutOfOrder: somebody retired it meanwhile.
        """
        ...

    def read(self, text: str) -> TestProtocol:
        """Return what a text says.

        Raises:
            ProtocolMalformed: says the place, the line and what is expected.
            RuleUntranslated: a rule is not understood.
        """
        ...

    @property
    def shipped(self) -> str:
        """The text of the protocol that the program came with, or that its operator set."""
        ...


class ExternalRecords(Protocol):
    """Copies of records that others issued, the imports they came in, and the issuers whose keys are kept."""

    async def find(self, tenant_id: TenantId, *, issuer: str, number: str) -> ExternalRecord | None:
        """Return the record that a body holds of an issuer's number."""
        ...

    async def numbered(self, number: str) -> tuple[ExternalRecord, ...]:
        """Return what is held under a number, oldest first, whoever issued it."""
        ...

    async def of_pack(self, pack_id: PackId) -> tuple[ExternalRecord, ...]:
        """Return what is held about a pack, oldest first."""
        ...

    async def page(self, tenant_id: TenantId, *, after: UUID | None, limit: int) -> tuple[ExternalRecord, ...]:
        """Return what a body holds, newest first."""
        ...

    async def add(self, record: ExternalRecord) -> None:
        """Hold one more record.

        Raises:
            RecordChanged: somebody imported this issuer's number meanwhile.
        """
        ...

    async def cite(self, citation: Citation) -> None:
        """Add to what a reception's report cites, or no longer does."""
        ...

    async def citations(self, reception: Reception) -> tuple[Citation, ...]:
        """Return what was said of a reception's citations, oldest first."""
        ...

    async def keep_import(self, made: RecordImport) -> None:
        """Keep an import with its rows."""
        ...

    async def imported(self, tenant_id: TenantId, import_id: UUID) -> RecordImport:
        """Return an import of a body with its rows.

        Raises:
            ImportUnknown: it made none such.
        """
        ...

    async def imports(self, tenant_id: TenantId, *, limit: int) -> tuple[RecordImport, ...]:
        """Return a body's imports with their rows, newest first."""
        ...

    async def trust(self, issuer: TrustedIssuer) -> None:
        """Keep an issuer's keys; the newest of a DID count."""
        ...

    async def issuers(self, tenant_id: TenantId) -> tuple[TrustedIssuer, ...]:
        """Return the issuers that a body keeps keys of, each as last registered, by name."""
        ...


class Receptions(Protocol):
    """Receptions and where each stands."""

    async def add(self, reception: Reception) -> None:
        """Store a new reception.

        Raises:
            AlreadyReceived: the pack lies in an open one.
            NumberTaken: another reception has this number.
        """
        ...

    async def one(self, reception_id: ReceptionId) -> Reception:
        """Return a reception.

        Raises:
            ReceptionUnknown: there is none.
        """
        ...

    async def hold(self, reception_id: ReceptionId) -> Reception:
        """Return a reception and keep others from moving it until the transaction ends.

        Raises:
            ReceptionUnknown: there is none.
        """
        ...

    async def find(self, number: str) -> ReceptionId:
        """Return the reception of a number.

        Raises:
            ReceptionUnknown: there is none.
        """
        ...

    async def move(self, reception: Reception, *, to: ReceptionState, at: datetime) -> None:
        """Move a reception on from the state it was read in.

        Raises:
            ReceptionMoved: somebody moved it first.
        """
        ...

    async def log(self, transition: Transition) -> None:
        """Add to what happened to a reception; never changed."""
        ...

    async def transitions(self, reception: Reception) -> tuple[Transition, ...]:
        """Return every move of a reception, oldest first."""
        ...

    async def queue(
        self, *, tenant_id: TenantId, states: Sequence[ReceptionState], after: ReceptionId | None, limit: int
    ) -> tuple[Queued, ...]:
        """Return a body's receptions in these states, newest first."""
        ...

    async def worklist(self, wanted: Worklist, *, after: QueuePlace | None, limit: int) -> tuple[Queued, ...]:
        """Return what a body has to do, nearest due date first, then by identifier, beyond `after`."""
        ...

    async def counts(self, tenant_id: TenantId) -> Mapping[ReceptionState, int]:
        """Return how many of a body's receptions are in each state; those without any may be left out."""
        ...

    async def of_pack(self, pack_id: PackId) -> tuple[Reception, ...]:
        """Return every reception of a pack, oldest first."""
        ...

    async def of_request(self, request: InspectionRequest) -> tuple[Reception, ...]:
        """Return the receptions of a request's units, by line."""
        ...

    async def received(
        self, tenant_id: TenantId, *, from_at: datetime, until_at: datetime, limit: int
    ) -> tuple[Reception, ...]:
        """Return what a body took in from one instant up to another, oldest first."""
        ...


class Requests(Protocol):
    """Requests for inspection and where each stands."""

    async def add(self, request: InspectionRequest) -> None:
        """Store a new request."""
        ...

    async def one(self, request_id: UUID) -> InspectionRequest:
        """Return a request.

        Raises:
            RequestUnknown: there is none in this transaction's reach.
        """
        ...

    async def hold(self, request_id: UUID) -> InspectionRequest:
        """Return a request and keep others from moving it until the transaction ends.

        Raises:
            RequestUnknown: there is none in this transaction's reach.
        """
        ...

    async def move(self, request: InspectionRequest, *, to: RequestState, at: datetime) -> None:
        """Move a request on from the state it was read in.

        Raises:
            RequestMoved: somebody moved it first.
        """
        ...

    async def log(self, move: RequestMove) -> None:
        """Add to what happened to a request; never changed."""
        ...

    async def moves(self, request: InspectionRequest) -> tuple[RequestMove, ...]:
        """Return every move of a request, oldest first."""
        ...

    async def page(self, wanted: RequestPage) -> tuple[InspectionRequest, ...]:
        """Return requests, newest first."""
        ...


class Custody(Protocol):
    """Where units are and in whose hands, their sample labels, and what their inspection costs."""

    async def add(self, move: CustodyMove) -> None:
        """Add a hand-over; never changed."""
        ...

    async def of_reception(self, reception: Reception) -> tuple[CustodyMove, ...]:
        """Return every hand-over of a unit, oldest first."""
        ...

    async def add_label(self, label: SampleLabel) -> None:
        """Let a token lead to a reception, for ever; a reception has one.

        Raises:
            NumberTaken: it leads to another one.
        """
        ...

    async def label(self, reception: Reception) -> SampleLabel | None:
        """Return a unit's sample label; None where it has none yet."""
        ...

    async def find(self, token: str) -> ReceptionId:
        """Return the reception that a sample label's token leads to.

        Raises:
            ReceptionUnknown: it leads to none.
        """
        ...

    async def set_fees(self, fees: Fees) -> None:
        """Store what an inspection costs, in the place of what was stored before.

        Raises:
            FeesAgreed: what was stored before is agreed.
        """
        ...

    async def fees(self, reception: Reception) -> Fees | None:
        """Return what an inspection costs; None where nobody said so."""
        ...


class Runs(Protocol):
    """Runs, only ever added to."""

    async def add(self, run: TestRun) -> None:
        """Store one more run."""
        ...

    async def tell_equipment(self, told: ToldEquipment) -> None:
        """Say what a run was measured with, once.

        Raises:
            EquipmentKnown: somebody said it already.
        """
        ...

    async def of_reception(self, reception: Reception) -> tuple[TestRun, ...]:
        """Return a reception's runs in the order they were recorded, each with what was said of its equipment."""
        ...


class Assessments(Protocol):
    """Assessments, only ever added to."""

    async def add(self, assessment: Assessment) -> None:
        """Store one more assessment."""
        ...

    async def latest(self, reception: Reception) -> Assessment:
        """Return a reception's last assessment.

        Raises:
            AssessmentUnknown: it was never judged.
        """
        ...


class Signatures(Protocol):
    """Signatures, only ever added to."""

    async def add(self, signature: Signature) -> None:
        """Store a signature. The store itself refuses one by a person who entered what is signed.

        Raises:
            OwnWork: the signer is among those who entered it.
        """
        ...

    async def of_subject(self, pack_id: PackId, subject_id: UUID) -> tuple[Signature, ...]:
        """Return the signatures on one record, oldest first."""
        ...

    async def release(self, release: HoldRelease) -> None:
        """Store the release of a hold; an assessment is released once."""
        ...

    async def released(self, assessment: Assessment) -> HoldRelease | None:
        """Return the release of an assessment's hold; None where nobody released it."""
        ...


class Devices(Protocol):
    """A body's test devices, their calibrations, bookings and deviations; only bookings are ever taken back."""

    async def add(self, device: Device) -> None:
        """Store a device with its calibrations.

        Raises:
            SerialTaken: the body has one of this serial.
        """
        ...

    async def one(self, tenant_id: TenantId, device_id: UUID) -> Device:
        """Return a body's device.

        Raises:
            DeviceUnknown: it has none such.
        """
        ...

    async def find(self, tenant_id: TenantId, serial: str) -> Device | None:
        """Return a body's device of a serial; None where it has none."""
        ...

    async def of_body(self, tenant_id: TenantId) -> tuple[Device, ...]:
        """Return a body's devices, by serial."""
        ...

    async def calibrate(self, device: Device, calibration: Calibration) -> None:
        """Add a calibration; the ones before stay."""
        ...

    async def book(self, booking: Booking) -> None:
        """Book a device, every day or none.

        Raises:
            DeviceBooked: one of the days is taken.
        """
        ...

    async def bookings(self, tenant_id: TenantId, *, from_on: date, until_on: date) -> tuple[Booking, ...]:
        """Return a body's bookings that touch these days, whole, by first day."""
        ...

    async def booking(self, tenant_id: TenantId, booking_id: UUID) -> Booking:
        """Return a body's booking.

        Raises:
            BookingUnknown: it has none such.
        """
        ...

    async def release(self, booking: Booking, *, from_on: date) -> None:
        """Free a booking's days from one on; the days before stay booked."""
        ...

    async def measured_with(
        self, device: Device, *, from_on: date, until_on: date, limit: int
    ) -> tuple[DoubtfulRun, ...]:
        """Return what a device measured on these Seoul days, both included, newest first, and what rests on it."""
        ...

    async def accept(self, deviation: Deviation) -> None:
        """Store an accepted deviation; the first one for a device and reception stands."""
        ...

    async def deviation(self, reception: Reception, device_id: UUID) -> Deviation | None:
        """Return what was accepted of a device for a reception."""
        ...


class Reports(Protocol):
    """Test reports as issued."""

    async def add(self, report: Report) -> None:
        """Store a report."""
        ...

    async def of_reception(self, reception: Reception) -> Report | None:
        """Return the report of a reception; None before it is issued."""
        ...


class Certificates(Protocol):
    """Certificates as issued, and the one thing about them that changes."""

    async def add(self, certificate: Certificate) -> None:
        """Store a certificate with its number and verification token.

        Raises:
            NumberTaken: another certificate has this number or token.
        """
        ...

    async def one(self, certificate_id: CertificateId) -> Certificate:
        """Return a certificate.

        Raises:
            CertificateUnknown: there is none.
        """
        ...

    async def find(self, number: str) -> Certificate:
        """Return the certificate of a number.

        Raises:
            CertificateUnknown: there is none.
        """
        ...

    async def find_by_token(self, token: str) -> Certificate:
        """Return the certificate that a verification token leads to.

        Raises:
            CertificateUnknown: there is none.
        """
        ...

    async def standing(self, pack_id: PackId) -> Certificate | None:
        """Return the pack's valid or suspended certificate; None where there is none. The calendar is not asked."""
        ...

    async def standing_page(self, *, after: CertificateId | None, limit: int) -> tuple[Certificate, ...]:
        """Return the certificates that are valid or suspended, by identifier, beyond `after`."""
        ...

    async def issued(
        self, tenant_id: TenantId, *, from_at: datetime, until_at: datetime, limit: int
    ) -> tuple[Certificate, ...]:
        """Return what a body issued from one instant up to another, oldest first."""
        ...

    async def run_out(self, *, before: date, after: CertificateId | None, limit: int) -> tuple[Certificate, ...]:
        """Return the certificates that stand though their last day lies before a day, by identifier beyond `after`."""
        ...

    async def of_pack(self, pack_id: PackId) -> tuple[Certificate, ...]:
        """Return every certificate of a pack, oldest first."""
        ...

    async def changed_at(self, certificate: Certificate) -> datetime:
        """Return when a certificate came into the status that it has."""
        ...

    async def change(self, certificate: Certificate, *, to: CertificateStatus, reason: str, at: datetime) -> None:
        """Change the status from the one it was read in.

        Raises:
            CertificateMoved: somebody changed it first.
        """
        ...


class StatusPlaces(Protocol):
    """Where certificates stand in the status lists; a place is given once and for ever."""

    async def reserve(self, certificate: Certificate, drawn: Sequence[StatusPlace]) -> StatusPlace:
        """Give a certificate, not stored yet, the first of these places that is free, and return it.

        Raises:
            StatusListFull: none is free.
        """
        ...

    async def of_list(self, list_number: int, purpose: Purpose) -> tuple[int, ...]:
        """Return the places in a list whose bit is set, in order.

        Raises:
            StatusListUnknown: no certificate stands in a list of this number, and it is not the first.
        """
        ...


class Reinspections(Protocol):
    """Requests to inspect a pack again, only ever added to."""

    async def open(self, request: Reinspection) -> bool:
        """Store a request; say whether it is the first of its cause for this certificate."""
        ...

    async def waiting(self, tenant_id: TenantId) -> tuple[Reinspection, ...]:
        """Return a body's requests, oldest first.

        A request waits while its certificate stands, or ran out, and the pack was not received since.
        """
        ...


class Amendments(Protocol):
    """Amended reports, only ever added to."""

    async def add(self, amendment: Amendment) -> None:
        """Store an amended report. The store itself refuses one that its amender approved.

        Raises:
            OwnAmendment: amender and approver are one person.
        """
        ...

    async def of_reception(self, reception: Reception) -> tuple[Amendment, ...]:
        """Return the amended reports of a reception, oldest first."""
        ...

    async def propose(self, proposal: Proposal) -> None:
        """Store what somebody wants set right."""
        ...

    async def proposals(self, reception: Reception) -> tuple[Proposal, ...]:
        """Return everything that was proposed for a reception's reports, oldest first."""
        ...


class IssuedDocuments(Protocol):
    """Which PDFs were issued, by number and by hash; only ever added to."""

    async def add(self, document: IssuedDocument) -> None:
        """Note a document.

        Raises:
            NumberTaken: another document has this number or these bytes.
            AlreadyAmended: the report that it replaces was replaced before.
        """
        ...

    async def numbered(self, number: str) -> IssuedDocument:
        """Return the document of a number.

        Raises:
            DocumentUnknown: there is none.
        """
        ...

    async def hashed(self, pdf_sha256: str) -> IssuedDocument:
        """Return the document whose bytes have this SHA-256.

        Raises:
            DocumentUnknown: there is none.
        """
        ...

    async def amending(self, document: IssuedDocument) -> IssuedDocument | None:
        """Return the document that replaces another; None where none does."""
        ...

    async def withdraw(self, withdrawn: WithdrawnDocument) -> None:
        """Note that a report was withdrawn; for ever."""
        ...

    async def withdrawn(self, document: IssuedDocument) -> WithdrawnDocument | None:
        """Return when and why a document was withdrawn; None where it was not."""
        ...


class CertificationWork(Protocol):
    """The ports that certification's steps use inside somebody's transaction."""

    @property
    def receptions(self) -> Receptions:
        """Receptions."""
        ...

    @property
    def requests(self) -> Requests:
        """Requests for inspection."""
        ...

    @property
    def custody(self) -> Custody:
        """Custody, sample labels and fees."""
        ...

    @property
    def test_runs(self) -> Runs:
        """Runs."""
        ...

    @property
    def assessments(self) -> Assessments:
        """Assessments."""
        ...

    @property
    def signatures(self) -> Signatures:
        """Signatures."""
        ...

    @property
    def devices(self) -> Devices:
        """Test devices."""
        ...

    @property
    def reinspections(self) -> Reinspections:
        """Requests to inspect again."""
        ...

    @property
    def reports(self) -> Reports:
        """Reports."""
        ...

    @property
    def certificates(self) -> Certificates:
        """Certificates."""
        ...

    @property
    def status_places(self) -> StatusPlaces:
        """Places in the status lists."""
        ...

    @property
    def amendments(self) -> Amendments:
        """Amended reports."""
        ...

    @property
    def issued_documents(self) -> IssuedDocuments:
        """Issued PDFs."""
        ...

    @property
    def protocol_versions(self) -> ProtocolVersions:
        """Versions of protocols."""
        ...

    @property
    def external_records(self) -> ExternalRecords:
        """Copies of what others issued."""
        ...

    @property
    def numbers(self) -> Numbers:
        """Document numbers."""
        ...

    @property
    def files(self) -> Files:
        """Evidence files."""
        ...
