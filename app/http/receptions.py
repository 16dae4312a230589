"""The inspection body's doors: reception, test, judgement, approval, issue; and what a certificate says to anyone."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app.http.bodies import UploadedBody
from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import TEXT_PATTERN, Code, Day, In, Instant, Name, Out, Sentence, json_object
from domain.certification import usecases as certification
from domain.certification.errors import CertificateUnknown
from domain.certification.model import (
    Applicant,
    Assessment,
    Certificate,
    CyclerRecord,
    Queued,
    ReceptionState,
    Signature,
    TestRun,
    certificate_valid_at,
)
from domain.journeys import authenticity, inspection, reinspection, validity
from domain.journeys import equipment as devices
from domain.shared.identifiers import CertificateId, PackId, ReceptionId

CYCLER_BYTES_MAX = 64 * 1024 * 1024
PDF = {200: ResponseSpec(data_container=bytes, media_type="application/pdf", description="The document.")}


class ReceptionIn(In):
    """A pack on the counter."""

    pack_id: UUID
    applicant: Name
    contact: Name
    condition: Sentence
    due_on: Day


class ReceptionOut(Out):
    """A reception in the queue."""

    reception_id: UUID
    number: str
    pack_id: UUID
    due_on: Day
    state: str


class StepOut(Out):
    """One step of a cycler's record; charge and energy are signed, positive charges."""

    step: int
    kind: str
    rows: int
    hours: str
    median_current_a: str
    first_v: str
    last_v: str
    charge_ah: str
    energy_wh: str
    counter_ah: str | None


class RecordOut(Out):
    """What a cycler file says."""

    format: str
    rows: int
    sha256: str
    hours: str
    cycles: int
    steps: list[StepOut]
    findings: list[str]


class MeasurementOut(Out):
    """One measured quantity."""

    test_id: str
    quantity: str
    value: str
    unit: str
    source: str


class RunOut(Out):
    """One addition to the results."""

    test_run_id: UUID
    sequence: int
    recorded_at: Instant
    recorded_by: str
    equipment: str
    deviation: str
    record: RecordOut | None
    measurements: list[MeasurementOut]


class BenchValueIn(In):
    """One value read off a bench; numbers may be JSON numbers or strings, a row of numbers an array."""

    test_id: Code
    quantity: Code
    value: Annotated[
        bool | int | float | str | list[float | str],
        msgspec.Meta(description="A number, a yes or no, a word, a row of numbers, a set of words."),
    ]
    unit: Annotated[str, msgspec.Meta(max_length=20, pattern=TEXT_PATTERN)] | None = None


class BenchSheetIn(In):
    """Values read off a bench, taken all or none."""

    measurements: Annotated[list[BenchValueIn], msgspec.Meta(min_length=1, max_length=1000)]
    equipment: Annotated[str, msgspec.Meta(max_length=200, pattern=TEXT_PATTERN)] = ""
    device: Annotated[
        str, msgspec.Meta(max_length=200, pattern=TEXT_PATTERN, description="Serial of a registered device.")
    ] = ""


class DeviationIn(In):
    """Which device may measure for a reception in spite of its calibration, and why."""

    device: Name
    reason: Sentence


class DeviationOut(Out):
    """An accepted deviation, as the report prints it."""

    device: str
    reason: str
    accepted_by: str
    accepted_at: Instant


class RuleOut(Out):
    """What one rule said."""

    test_id: str
    rule: str
    measured: str
    limit: str
    unit: str
    verdict: str
    source: str


class AssessmentOut(Out):
    """A judgement on the results."""

    assessment_id: UUID
    protocol: str
    protocol_version: str
    disposition: str
    grade: str | None
    soh_ppm: int | None
    usable_energy_wh: int | None
    use_ko: str
    use_en: str
    not_assessed: list[str]
    rules: list[RuleOut]


class SignatureOut(Out):
    """Who signed what, and what they meant by it."""

    printed_name: str
    meaning: str
    subject_sha256: str
    signed_at: Instant


class CertificateOut(Out):
    """A certificate; `valid` says whether it may be relied on now."""

    certificate_id: UUID
    number: str
    report_number: str
    grade: str
    soh_ppm: int
    usable_energy_wh: int
    issued_at: Instant
    valid_until: Day
    reinspection_due_on: Day
    status: str
    valid: bool


class VerifiedOut(Out):
    """What anyone may know of a certificate.

    `on`, `by` and `reason` say since which day, by which document and why it is not in force.
    """

    number: str
    grade: str
    issued_at: Instant
    valid_until: Day
    status: str
    valid: bool
    on: Day | None
    by: str | None
    reason: str | None


class ReceptionFileOut(Out):
    """Everything about one reception."""

    reception: ReceptionOut
    runs: list[RunOut]
    assessment: AssessmentOut | None
    signatures: list[SignatureOut]
    certificate: CertificateOut | None


class ReinspectionOut(Out):
    """Why a certified pack must be inspected again; `happened_on` is the due day where the calendar asks."""

    reinspection_id: UUID
    pack_id: UUID
    certificate: str
    cause: str
    happened_on: Day
    opened_at: Instant


class ReinstateIn(In):
    """Why a suspended certificate may be relied on again."""

    reason: Sentence


class EndIn(In):
    """How and why a certificate ends."""

    how: Literal["suspended", "revoked"]
    reason: Sentence


def _queued_out(one: Queued) -> ReceptionOut:
    return ReceptionOut(
        reception_id=one.reception_id,
        number=one.number,
        pack_id=one.pack_id,
        due_on=one.due_on,
        state=one.state.value,
    )


def record_out(record: CyclerRecord) -> RecordOut:
    """Say a cycler's record in the API's words; decimals are strings, as they were read."""
    return RecordOut(
        format=record.format.value,
        rows=record.rows,
        sha256=record.sha256,
        hours=str(record.hours),
        cycles=record.cycles,
        steps=[
            StepOut(
                step=one.step,
                kind=one.kind.value,
                rows=one.rows,
                hours=str(one.hours),
                median_current_a=str(one.median_current_a),
                first_v=str(one.first_v),
                last_v=str(one.last_v),
                charge_ah=str(one.charge_ah),
                energy_wh=str(one.energy_wh),
                counter_ah=None if one.counter_ah is None else str(one.counter_ah),
            )
            for one in record.steps
        ],
        findings=[one.said_en for one in record.findings],
    )


def _run_out(run: TestRun) -> RunOut:
    return RunOut(
        test_run_id=run.test_run_id,
        sequence=run.sequence,
        recorded_at=run.recorded_at,
        recorded_by=run.recorded_by_name,
        equipment=run.equipment,
        deviation=run.deviation,
        record=None if run.record is None else record_out(run.record),
        measurements=[
            MeasurementOut(
                test_id=one.test_id,
                quantity=one.quantity,
                value=_value_text(one.value),
                unit=one.unit,
                source=one.source.value,
            )
            for one in run.measurements
        ],
    )


def _value_text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _assessment_out(assessment: Assessment) -> AssessmentOut:
    judgement = assessment.judgement
    return AssessmentOut(
        assessment_id=assessment.assessment_id,
        protocol=judgement.protocol_id,
        protocol_version=judgement.protocol_version,
        disposition=judgement.disposition.value,
        grade=judgement.grade,
        soh_ppm=judgement.soh_ppm,
        usable_energy_wh=judgement.usable_energy_wh,
        use_ko=judgement.use_ko,
        use_en=judgement.use_en,
        not_assessed=[one.test_id for one in judgement.tests if one.verdict.value == "not_assessed"],
        rules=[
            RuleOut(
                test_id=test.test_id,
                rule=rule.rule,
                measured=rule.measured,
                limit=rule.limit,
                unit=rule.unit,
                verdict=rule.verdict.value,
                source=rule.source,
            )
            for test in judgement.tests
            for rule in test.rules
        ],
    )


def _signature_out(signature: Signature) -> SignatureOut:
    return SignatureOut(
        printed_name=signature.printed_name,
        meaning=signature.meaning.value,
        subject_sha256=signature.subject_sha256,
        signed_at=signature.signed_at,
    )


def _certificate_out(certificate: Certificate, ports: GivenPorts) -> CertificateOut:
    return CertificateOut(
        certificate_id=certificate.certificate_id,
        number=certificate.number,
        report_number=certificate.report_number,
        grade=certificate.grade,
        soh_ppm=certificate.soh_ppm,
        usable_energy_wh=certificate.usable_energy_wh,
        issued_at=certificate.issued_at,
        valid_until=certificate.valid_until,
        reinspection_due_on=certificate.reinspection_due_on,
        status=certificate.status.value,
        valid=certificate_valid_at(certificate, ports.clock.now()),
    )


def bench_values(sheet: BenchSheetIn) -> tuple[certification.Entered, ...]:
    """Say a bench sheet in certification's words; a JSON number keeps the digits it was written with."""
    return tuple(
        certification.Entered(test_id=one.test_id, quantity=one.quantity, value=_given(one.value), unit=one.unit)
        for one in sheet.measurements
    )


def _given(value: Any) -> Any:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    return tuple(_given(part) for part in value)


class ReceptionsController(Controller):
    """Receptions at the inspection body."""

    path = "/api/v1/receptions"
    tags = ("certification",)

    @post("/", operation_id="ReceivePack", summary="Receive a pack (접수)", responses=PROBLEMS)
    async def receive(self, data: JSONBody[ReceptionIn], ports: GivenPorts, actor: GivenActor) -> ReceptionOut:
        """Take a pack in for inspection."""
        reception = await inspection.receive_pack(
            inspection.ReceivePack(
                actor=actor,
                pack_id=PackId(data.pack_id),
                applicant=Applicant(name=data.applicant, contact=data.contact),
                condition=data.condition,
                due_on=data.due_on,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return ReceptionOut(
            reception_id=reception.reception_id,
            number=reception.number,
            pack_id=reception.pack_id,
            due_on=reception.due_on,
            state=reception.state.value,
        )

    @get("/", operation_id="ListReceptions", summary="List receptions", responses=PROBLEMS)
    async def list_receptions(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        wanted: Annotated[ReceptionState | None, QueryParameter(name="state")] = None,
        after: FromQuery[UUID | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
    ) -> list[ReceptionOut]:
        """List the body's receptions, newest first."""
        found = await inspection.queue(
            actor,
            states=tuple(ReceptionState) if wanted is None else (wanted,),
            after=None if after is None else ReceptionId(after),
            limit=limit,
            unit=ports.unit,
        )
        return [_queued_out(one) for one in found]

    @get("/{reception_id:uuid}", operation_id="ShowReception", summary="Show a reception", responses=PROBLEMS)
    async def show(self, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> ReceptionFileOut:
        """Show a reception with its results, judgement, signatures and certificate."""
        found = await inspection.open_reception(actor, ReceptionId(reception_id), unit=ports.unit)
        return ReceptionFileOut(
            reception=ReceptionOut(
                reception_id=found.reception.reception_id,
                number=found.reception.number,
                pack_id=found.reception.pack_id,
                due_on=found.reception.due_on,
                state=found.reception.state.value,
            ),
            runs=[_run_out(run) for run in found.runs],
            assessment=None if found.assessment is None else _assessment_out(found.assessment),
            signatures=[_signature_out(one) for one in found.signatures],
            certificate=None if found.certificate is None else _certificate_out(found.certificate, ports),
        )

    @post(
        "/{reception_id:uuid}/cycler-files",
        operation_id="SendCyclerFile",
        summary="Send a cycler file (시험)",
        description="The file is the body. It is read in a child process and kept under its SHA-256.",
        responses=PROBLEMS,
        request_max_body_size=CYCLER_BYTES_MAX,
    )
    async def send_cycler_file(
        self,
        reception_id: FromPath[UUID],
        upload: UploadedBody,
        ports: GivenPorts,
        actor: GivenActor,
        name: Annotated[str, QueryParameter(min_length=1, max_length=200, pattern=TEXT_PATTERN)],
        equipment: Annotated[str, QueryParameter(max_length=200, pattern=TEXT_PATTERN)] = "",
        device: Annotated[
            str, QueryParameter(max_length=200, pattern=TEXT_PATTERN, description="Serial of a registered device.")
        ] = "",
    ) -> RunOut:
        """Add the capacity test that a cycler file holds."""
        run = await inspection.take_cycler_file(
            inspection.TakeCyclerFile(
                actor=actor,
                reception_id=ReceptionId(reception_id),
                file_name=name,
                content=upload,
                equipment=equipment,
                serial=device,
            ),
            unit=ports.unit,
            cycler_files=ports.cycler_files,
            protocol=ports.protocol,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _run_out(run)

    @post(
        "/{reception_id:uuid}/measurements",
        operation_id="EnterBenchValues",
        summary="Enter bench values",
        responses=PROBLEMS,
    )
    async def enter_bench_values(
        self, reception_id: FromPath[UUID], data: JSONBody[BenchSheetIn], ports: GivenPorts, actor: GivenActor
    ) -> RunOut:
        """Add typed values, marked as typed; all or none."""
        run = await inspection.enter_bench_values(
            inspection.EnterBenchValues(
                actor=actor,
                reception_id=ReceptionId(reception_id),
                measurements=bench_values(data),
                equipment=data.equipment,
                serial=data.device,
            ),
            unit=ports.unit,
            protocol=ports.protocol,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _run_out(run)

    @post(
        "/{reception_id:uuid}/deviations",
        operation_id="AcceptDeviation",
        summary="Accept a device's deviation (편차 허용)",
        responses=PROBLEMS,
    )
    async def accept_deviation(
        self, reception_id: FromPath[UUID], data: JSONBody[DeviationIn], ports: GivenPorts, actor: GivenActor
    ) -> DeviationOut:
        """Let a device measure for this reception in spite of its calibration; the report prints why."""
        accepted = await devices.accept_deviation(
            certification.AcceptDeviation(
                actor=actor, reception_id=ReceptionId(reception_id), serial=data.device, reason=data.reason
            ),
            unit=ports.unit,
            clock=ports.clock,
        )
        return DeviationOut(
            device=data.device,
            reason=accepted.reason,
            accepted_by=accepted.accepted_by_name,
            accepted_at=accepted.accepted_at,
        )

    @post("/{reception_id:uuid}/judgement", operation_id="Judge", summary="Judge the results", responses=PROBLEMS)
    async def judge(self, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> AssessmentOut:
        """Judge the results by the protocol."""
        assessment = await inspection.judge(
            inspection.AtReception(actor=actor, reception_id=ReceptionId(reception_id)),
            unit=ports.unit,
            protocol=ports.protocol,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _assessment_out(assessment)

    @post("/{reception_id:uuid}/review", operation_id="Review", summary="Review (검토)", responses=PROBLEMS)
    async def review(self, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> SignatureOut:
        """Sign the judgement as reviewed, as a person who did none of its work."""
        signature = await inspection.review(
            inspection.AtReception(actor=actor, reception_id=ReceptionId(reception_id)),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _signature_out(signature)

    @post("/{reception_id:uuid}/approval", operation_id="Approve", summary="Approve (승인)", responses=PROBLEMS)
    async def approve(self, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> SignatureOut:
        """Sign the reviewed judgement as approved, as a third person."""
        signature = await inspection.approve(
            inspection.AtReception(actor=actor, reception_id=ReceptionId(reception_id)),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _signature_out(signature)

    @post(
        "/{reception_id:uuid}/issue",
        operation_id="IssueCertificate",
        summary="Issue report and certificate (발급, 인증)",
        responses=PROBLEMS,
    )
    async def issue(self, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> CertificateOut:
        """Issue the test report and the certificate."""
        issued = await inspection.issue_certificate(
            inspection.AtReception(actor=actor, reception_id=ReceptionId(reception_id)),
            unit=ports.unit,
            documents=ports.documents,
            seals=ports.seals,
            credentials=ports.credentials,
            labels=ports.labels,
            tokens=ports.tokens,
            public_url=ports.public_url,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _certificate_out(issued.certificate, ports)

    @get(
        "/{reception_id:uuid}/documents/{kind:str}",
        operation_id="FetchReceptionDocument",
        summary="Fetch the report or the certificate as PDF",
        responses={**PDF, **PROBLEMS},
    )
    async def fetch_document(
        self,
        reception_id: FromPath[UUID],
        kind: FromPath[Literal["report", "certificate"]],
        ports: GivenPorts,
        actor: GivenActor,
    ) -> Response[bytes]:
        """Return a printed document, the same bytes for ever."""
        number, content = await inspection.fetch_document(actor, ReceptionId(reception_id), kind, unit=ports.unit)
        return Response(
            content,
            media_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{number}.pdf"'},
        )

    @get(
        "/{reception_id:uuid}/credential",
        operation_id="FetchCredential",
        summary="Fetch the signed certificate record",
        responses={
            200: json_object("application/vc", "The signed record."),
            **PROBLEMS,
        },
    )
    async def fetch_credential(
        self, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor
    ) -> Response[bytes]:
        """Return the certificate as a signed record (W3C Verifiable Credential, `eddsa-jcs-2022`)."""
        found = await inspection.open_reception(actor, ReceptionId(reception_id), unit=ports.unit)
        if found.certificate is None:
            raise CertificateUnknown
        return Response(found.certificate.credential.encode(), media_type="application/vc")


class ReinspectionsController(Controller):
    """Certified packs that must come back."""

    path = "/api/v1/reinspections"
    tags = ("certification",)

    @get("/", operation_id="ListReinspections", summary="List re-inspection requests (재검사)", responses=PROBLEMS)
    async def list_reinspections(self, ports: GivenPorts, actor: GivenActor) -> list[ReinspectionOut]:
        """List the body's requests that wait, oldest first."""
        return [
            ReinspectionOut(
                reinspection_id=one.reinspection_id,
                pack_id=one.pack_id,
                certificate=one.certificate_number,
                cause=one.cause.value,
                happened_on=one.happened_on,
                opened_at=one.opened_at,
            )
            for one in await reinspection.waiting(actor, unit=ports.unit)
        ]


class CertificatesController(Controller):
    """What a certificate says to anyone, and how it ends."""

    path = "/api/v1/certificates"
    tags = ("certification",)

    @get(
        "/by-number/{number:str}",
        operation_id="VerifyCertificate",
        summary="Verify a certificate by number",
        responses=PROBLEMS,
        security=[{}],
    )
    async def verify(
        self,
        number: Annotated[FromPath[str], msgspec.Meta(max_length=40)],
        ports: GivenPorts,
    ) -> VerifiedOut:
        """Show whether a certificate may be relied on now; no sign-in."""
        certificate = await inspection.find_certificate(number, unit=ports.unit)
        why = await authenticity.look_up(certificate.number, unit=ports.unit, clock=ports.clock)
        return VerifiedOut(
            number=certificate.number,
            grade=certificate.grade,
            issued_at=certificate.issued_at,
            valid_until=certificate.valid_until,
            status=certificate.status.value,
            valid=certificate_valid_at(certificate, ports.clock.now()),
            on=None if why is None else why.on,
            by=None if why is None else why.by,
            reason=None if why is None else why.reason,
        )

    @post("/{certificate_id:uuid}/end", operation_id="EndCertificate", summary="Suspend or revoke", responses=PROBLEMS)
    async def end(
        self, certificate_id: FromPath[UUID], data: JSONBody[EndIn], ports: GivenPorts, actor: GivenActor
    ) -> CertificateOut:
        """Suspend or revoke a certificate; the pack's service is suspended at the same instant."""
        certificate = await validity.end_certificate(
            validity.EndCertificate(
                actor=actor, certificate_id=CertificateId(certificate_id), how=data.how, reason=data.reason
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _certificate_out(certificate, ports)

    @post(
        "/{certificate_id:uuid}/reinstatement",
        operation_id="ReinstateCertificate",
        summary="Reinstate a suspended certificate (효력 회복)",
        responses=PROBLEMS,
    )
    async def reinstate(
        self, certificate_id: FromPath[UUID], data: JSONBody[ReinstateIn], ports: GivenPorts, actor: GivenActor
    ) -> CertificateOut:
        """Lift a suspension, as another person than the one who imposed it; service goes on at the same instant."""
        certificate = await validity.reinstate_certificate(
            validity.ReinstateCertificate(
                actor=actor, certificate_id=CertificateId(certificate_id), reason=data.reason
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _certificate_out(certificate, ports)
