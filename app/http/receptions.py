"""The inspection body's doors: reception, test, judgement, approval, issue; and what a certificate says to anyone."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app.http.bodies import UploadedBody
from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import TEXT_PATTERN, Code, Day, In, Instant, Name, Out, Sentence, json_object, one_of_files
from app.ports import Ports
from domain.certification.across_files import Derived
from domain.certification.custody import HandOver, SetFees
from domain.certification.errors import CertificateUnknown, ReportUnknown, TestTimesWrong
from domain.certification.external import ExternalRecord
from domain.certification.model import (
    Applicant,
    Assessment,
    Certificate,
    CustodyKind,
    CustodyMove,
    CyclerRecord,
    DecisionRule,
    Fee,
    Fees,
    HoldRelease,
    IssuedKind,
    PriorLife,
    ProtocolName,
    Queued,
    Reception,
    ReceptionState,
    Signature,
    TableForm,
    TestRun,
    Transition,
    certificate_valid_at,
)
from domain.certification.usecases.citing import CiteRecord
from domain.certification.usecases.devices import AcceptDeviation
from domain.certification.usecases.results import Entered, TellEquipment
from domain.certification.usecases.signing import SignWithReason
from domain.journeys import authenticity, citations, dispositions, inspection, reinspection, samples, validity
from domain.journeys import equipment as devices
from domain.shared.actor import Actor
from domain.shared.identifiers import CertificateId, PackId, ReceptionId

AmbientC = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^-?[0-9]{1,2}(\.[0-9]{1,2})?$", description="Ambient temperature of the test in degrees Celsius."
    ),
]
Condition = Annotated[
    str,
    msgspec.Meta(
        max_length=1000,
        pattern=TEXT_PATTERN,
        description="How the unit looked as it arrived; a blank is refused with `certification.condition-missing`.",
    ),
]
CYCLER_BYTES_MAX = 64 * 1024 * 1024
PDF = {200: ResponseSpec(data_container=bytes, media_type="application/pdf", description="The document.")}


PriorUse = Literal["BEV", "PHEV", "HEV", "ESS", "test", "unknown"]
EventFlag = Literal["crash", "flood", "fire", "recall_open", "opened_pack"]


class PriorLifeIn(In):
    """What is said of a unit's life before, in the protocol's words, and by whom; no flags: nothing happened."""

    use: PriorUse
    source: Name
    event_flags: Annotated[list[EventFlag], msgspec.Meta(max_length=5)] = msgspec.field(default_factory=list)


class ProtocolNameIn(In):
    """A version of a protocol that is in force at the body."""

    protocol_id: Name
    version: Name


class ReceptionIn(In):
    """A pack on the counter; without `protocol` it is judged by the one in force on its day."""

    pack_id: UUID
    applicant: Name
    contact: Name
    due_on: Day
    condition: Condition = ""
    prior_life: PriorLifeIn | None = None
    protocol: ProtocolNameIn | None = None


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
    started_at: Instant | None
    ended_at: Instant | None
    ambient_c: str | None
    equipment: str
    deviation: str
    provider: str
    part: str
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


class ConditionsIn(In):
    """What surrounded a test: the ambient temperature, and when it ran; all optional."""

    ambient_c: AmbientC | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None


_PROVIDER = "The outside laboratory that measured; empty where this body did."


class BenchSheetIn(In):
    """Values read off a bench, taken all or none."""

    measurements: Annotated[list[BenchValueIn], msgspec.Meta(min_length=1, max_length=1000)]
    equipment: Annotated[str, msgspec.Meta(max_length=200, pattern=TEXT_PATTERN)] = ""
    device: Annotated[
        str, msgspec.Meta(max_length=200, pattern=TEXT_PATTERN, description="Serial of a registered device.")
    ] = ""
    ambient_c: AmbientC | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None
    provider: Annotated[str, msgspec.Meta(max_length=200, pattern=TEXT_PATTERN, description=_PROVIDER)] = ""


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


class DerivedOut(Out):
    """A value that several files give together, and the runs and files it comes from."""

    test_id: str
    quantity: str
    value: str
    runs: list[int]
    files: list[str]


class EquipmentIn(In):
    """What a run was measured with that names nothing: the serial of a registered device, or words."""

    device: Annotated[str, msgspec.Meta(max_length=200, pattern=TEXT_PATTERN)] = ""
    equipment: Annotated[str, msgspec.Meta(max_length=200, pattern=TEXT_PATTERN)] = ""


class CitationIn(In):
    """A record of others to cite in the report, or, with `cited` false, to leave out again."""

    record_id: UUID
    cited: bool = True


class CitedOut(Out):
    """A record of others that the report cites: its source and number."""

    record_id: UUID
    issuer: str
    number: str
    kind: str
    issued_on: Day


class CitationsOut(Out):
    """What the report cites now."""

    cited: list[CitedOut]


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
    soh_u_ppm: int | None
    decision_rule: str
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


class ReportStandingOut(Out):
    """What anyone may know of a test report; `valid` says whether it may be relied on now.

    `standing` is `genuine`, `amended` or `withdrawn`; `on`, `by` and `reason` say since which day, by which report and
    why it is not in force.
    """

    number: str
    issued_on: Day
    standing: str
    valid: bool
    on: Day | None
    by: str | None
    reason: str | None


class MoveOut(Out):
    """One move of a reception; `from_state` is null at its beginning, `reason` empty where none is asked for."""

    from_state: str | None
    to_state: str
    moved_by: str
    moved_at: Instant
    reason: str


class HoldReleaseOut(Out):
    """Why a held unit may be reused after all, who said so, and the grade that it has then."""

    reason: str
    released_by: str
    released_at: Instant
    grade: str | None


class HandOverIn(In):
    """How a unit changed hands: where it is now, who holds it, and how it looked."""

    kind: Literal["moved", "returned", "disposed"]
    place: Name
    holder: Name
    condition: Sentence


class HandOverOut(Out):
    """One hand-over of a unit."""

    sequence: int
    kind: str
    place: str
    holder: str
    condition: str
    moved_by: str
    moved_at: Instant


class FeeIn(In):
    """One line of what an inspection costs."""

    what: Name
    amount_krw: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000, description="Whole won, tax not included.")]


class FeesIn(In):
    """What an inspection costs, line by line; replaces what was said before."""

    lines: Annotated[list[FeeIn], msgspec.Meta(max_length=50)]


class FeeOut(Out):
    """One line of what an inspection costs."""

    what: str
    amount_krw: int


class FeesOut(Out):
    """What an inspection costs; no invoice. It changes until it is agreed."""

    lines: list[FeeOut]
    total_krw: int
    set_by: str
    set_at: Instant
    agreed_at: Instant | None


class ReceptionFileOut(Out):
    """Everything about one reception; `named_protocol` where it names what it is judged by."""

    reception: ReceptionOut
    named_protocol: str | None
    moves: list[MoveOut]
    custody: list[HandOverOut]
    fees: FeesOut | None
    runs: list[RunOut]
    derived: list[DerivedOut]
    cited: list[CitedOut]
    assessment: AssessmentOut | None
    hold_release: HoldReleaseOut | None
    signatures: list[SignatureOut]
    report: str | None
    certificate: CertificateOut | None


class IssuedOut(Out):
    """What was issued: a report always, a certificate for what may be reused."""

    report: str
    certificate: CertificateOut | None


class ReasonIn(In):
    """Why."""

    reason: Sentence


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
        started_at=run.started_at,
        ended_at=run.ended_at,
        ambient_c=None if run.ambient_c is None else str(run.ambient_c),
        equipment=run.equipment,
        deviation=run.deviation,
        provider=run.provider,
        part="" if run.record is None else run.record.part,
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


def _cited_out(record: ExternalRecord) -> CitedOut:
    one = record.content
    return CitedOut(
        record_id=record.record_id,
        issuer=one.issuer,
        number=one.number,
        kind=one.kind.value,
        issued_on=one.issued_on,
    )


def _derived_out(one: Derived, runs: Sequence[TestRun]) -> DerivedOut:
    return DerivedOut(
        test_id=one.test_id,
        quantity=one.quantity,
        value=_value_text(one.value),
        runs=list(one.runs),
        files=[run.raw_file.name for run in runs if run.sequence in one.runs and run.raw_file is not None],
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
        soh_u_ppm=judgement.soh_u_ppm,
        decision_rule=(judgement.decision_rule or DecisionRule.SIMPLE).value,
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


def _move_out(move: Transition) -> MoveOut:
    return MoveOut(
        from_state=None if move.from_state is None else move.from_state.value,
        to_state=move.to_state.value,
        moved_by=move.moved_by_name,
        moved_at=move.moved_at,
        reason=move.reason,
    )


def _hand_over_out(move: CustodyMove) -> HandOverOut:
    return HandOverOut(
        sequence=move.sequence,
        kind=move.kind.value,
        place=move.place,
        holder=move.holder,
        condition=move.condition,
        moved_by=move.moved_by_name,
        moved_at=move.moved_at,
    )


def _fees_out(fees: Fees) -> FeesOut:
    return FeesOut(
        lines=[FeeOut(what=one.what, amount_krw=one.amount_krw) for one in fees.lines],
        total_krw=fees.total_krw,
        set_by=fees.set_by_name,
        set_at=fees.set_at,
        agreed_at=fees.agreed_at,
    )


def _hold_release_out(release: HoldRelease) -> HoldReleaseOut:
    return HoldReleaseOut(
        reason=release.reason,
        released_by=release.released_by_name,
        released_at=release.released_at,
        grade=release.judgement.grade,
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


def bench_values(sheet: BenchSheetIn) -> tuple[Entered, ...]:
    """Say a bench sheet in certification's words; a JSON number keeps the digits it was written with."""
    return tuple(
        Entered(test_id=one.test_id, quantity=one.quantity, value=_given(one.value), unit=one.unit)
        for one in sheet.measurements
    )


def _given(value: Any) -> Any:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    return tuple(_given(part) for part in value)


async def sample_sheet(actor: Actor, receptions: tuple[ReceptionId, ...], ports: Ports) -> bytes:
    """Print the sample labels of some receptions on one sheet."""
    return await samples.label_sheet(
        actor,
        receptions,
        unit=ports.unit,
        documents=ports.documents,
        labels=ports.labels,
        public_url=ports.public_url,
        clock=ports.clock,
    )


def prior_life(told: PriorLifeIn | None) -> PriorLife | None:
    """Say what was told of a unit's life before in certification's words."""
    if told is None:
        return None
    return PriorLife(use=told.use, event_flags=tuple(dict.fromkeys(told.event_flags)), source=told.source)


def protocol_name(told: ProtocolNameIn | None) -> ProtocolName | None:
    """Say which protocol was named, in certification's words."""
    return None if told is None else ProtocolName(protocol_id=told.protocol_id, version=told.version)


def _with_offset(at: datetime | None, field: str) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise TestTimesWrong(field=field)
    return at


def reception_out(reception: Reception) -> ReceptionOut:
    """Say a reception in the queue's words."""
    return ReceptionOut(
        reception_id=reception.reception_id,
        number=reception.number,
        pack_id=reception.pack_id,
        due_on=reception.due_on,
        state=reception.state.value,
    )


def _with_reason(actor: Actor, reception_id: UUID, data: ReasonIn) -> SignWithReason:
    return SignWithReason(actor=actor, reception_id=ReceptionId(reception_id), reason=data.reason)


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
                prior_life=prior_life(data.prior_life),
                protocol=protocol_name(data.protocol),
            ),
            unit=ports.unit,
            tokens=ports.tokens,
            ids=ports.ids,
            clock=ports.clock,
        )
        return reception_out(reception)

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
            reception=reception_out(found.reception),
            named_protocol=None if found.reception.protocol is None else str(found.reception.protocol),
            moves=[_move_out(one) for one in found.moves],
            custody=[_hand_over_out(one) for one in found.custody],
            fees=None if found.fees is None else _fees_out(found.fees),
            runs=[_run_out(run) for run in found.runs],
            derived=[_derived_out(one, found.runs) for one in found.derived],
            cited=[_cited_out(one) for one in found.cited],
            assessment=None if found.assessment is None else _assessment_out(found.assessment),
            hold_release=None if found.release is None else _hold_release_out(found.release),
            signatures=[_signature_out(one) for one in found.signatures],
            report=None if found.report is None else found.report.number,
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
        ambient_c: Annotated[
            str | None,
            QueryParameter(
                pattern=r"^-?[0-9]{1,2}(\.[0-9]{1,2})?$", description="Ambient temperature, degrees Celsius."
            ),
        ] = None,
        started_at: Annotated[
            datetime | None, QueryParameter(description="When the test began (RFC 3339 with offset).")
        ] = None,
        ended_at: Annotated[
            datetime | None,
            QueryParameter(description="When it ended; without it, the start and what the file lasted say so."),
        ] = None,
        provider: Annotated[str, QueryParameter(max_length=200, pattern=TEXT_PATTERN, description=_PROVIDER)] = "",
        part: Annotated[
            str,
            QueryParameter(
                max_length=100,
                pattern=TEXT_PATTERN,
                description="Which cell or module of the unit was on the channel, where several are tested.",
            ),
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
                ambient_c=None if ambient_c is None else Decimal(ambient_c),
                started_at=_with_offset(started_at, "started_at"),
                ended_at=_with_offset(ended_at, "ended_at"),
                provider=provider,
                part=part,
            ),
            unit=ports.unit,
            cycler_files=ports.cycler_files,
            protocol=ports.protocol,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _run_out(run)

    @get(
        "/{reception_id:uuid}/runs/{run:int}/table/{form:str}",
        operation_id="FetchCyclerTable",
        operation_class=one_of_files("text/csv", "application/vnd.apache.parquet"),
        summary="Fetch a cycler file's rows (BDF)",
        description="Under the keys of the Battery Data Format 1.3, rebuilt from the file as it was sent.",
        responses=PROBLEMS,
    )
    async def fetch_cycler_table(
        self,
        reception_id: FromPath[UUID],
        run: FromPath[int],
        form: FromPath[Literal["csv", "parquet"]],
        ports: GivenPorts,
        actor: GivenActor,
    ) -> Response[bytes]:
        """Return the canonical table of the file that a run rests on."""
        name, table = await inspection.cycler_table(
            actor,
            ReceptionId(reception_id),
            run,
            TableForm(form),
            unit=ports.unit,
            cycler_files=ports.cycler_files,
        )
        media_type = "text/csv" if form == "csv" else "application/vnd.apache.parquet"
        return Response(table, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})

    @post(
        "/{reception_id:uuid}/runs/{run:int}/equipment",
        operation_id="TellRunEquipment",
        summary="Say what a run was measured with that names nothing",
        description="Once, of a run from before that was asked for. The report prints who said it, and when.",
        responses=PROBLEMS,
    )
    async def tell_equipment(
        self,
        reception_id: FromPath[UUID],
        run: FromPath[int],
        data: JSONBody[EquipmentIn],
        ports: GivenPorts,
        actor: GivenActor,
    ) -> RunOut:
        """Add the equipment of a run; the run itself is never changed."""
        wish = TellEquipment(
            actor=actor,
            reception_id=ReceptionId(reception_id),
            run=run,
            equipment=data.equipment,
            serial=data.device,
        )
        return _run_out(await citations.tell_equipment(wish, unit=ports.unit, clock=ports.clock))

    @post(
        "/{reception_id:uuid}/citations",
        operation_id="CiteRecord",
        summary="Cite a record of others in the report, or leave it out again",
        description="A record that was imported about this unit, until the unit is judged. Nothing is judged on it.",
        responses=PROBLEMS,
    )
    async def cite_record(
        self, reception_id: FromPath[UUID], data: JSONBody[CitationIn], ports: GivenPorts, actor: GivenActor
    ) -> CitationsOut:
        """Say whether the report cites a record of others."""
        wish = CiteRecord(
            actor=actor, reception_id=ReceptionId(reception_id), record_id=data.record_id, cited=data.cited
        )
        cited = await citations.cite_record(wish, unit=ports.unit, clock=ports.clock)
        return CitationsOut(cited=[_cited_out(one) for one in cited])

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
                ambient_c=None if data.ambient_c is None else Decimal(data.ambient_c),
                started_at=data.started_at,
                ended_at=data.ended_at,
                provider=data.provider,
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
            AcceptDeviation(
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
    async def judge(
        self,
        reception_id: FromPath[UUID],
        ports: GivenPorts,
        actor: GivenActor,
        decision_rule: Annotated[
            Literal["simple", "guarded"],
            QueryParameter(
                description="Whether the health meets its limits as measured, or less its expanded uncertainty (k = 2)."
            ),
        ] = "simple",
    ) -> AssessmentOut:
        """Judge the results by the protocol and a decision rule (ISO/IEC 17025, 7.8.6)."""
        assessment = await inspection.judge(
            inspection.AtReception(actor=actor, reception_id=ReceptionId(reception_id)),
            unit=ports.unit,
            protocol=ports.protocol,
            ids=ports.ids,
            clock=ports.clock,
            rule=DecisionRule(decision_rule),
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
    async def issue(self, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> IssuedOut:
        """Issue the test report and, for what may be reused, the certificate; the issue is signed."""
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
        return IssuedOut(
            report=issued.report.number,
            certificate=None if issued.certificate is None else _certificate_out(issued.certificate, ports),
        )

    @post(
        "/{reception_id:uuid}/return",
        operation_id="ReturnReception",
        summary="Return to the tester with a reason (반려)",
        responses=PROBLEMS,
    )
    async def send_back(
        self, reception_id: FromPath[UUID], data: JSONBody[ReasonIn], ports: GivenPorts, actor: GivenActor
    ) -> ReceptionOut:
        """Return a judgement, or its review, to the tester."""
        wish = _with_reason(actor, reception_id, data)
        return reception_out(await dispositions.send_back(wish, unit=ports.unit, clock=ports.clock))

    @post(
        "/{reception_id:uuid}/hold-release",
        operation_id="ReleaseHold",
        summary="Release a hold with a reason (보류 해제)",
        responses=PROBLEMS,
    )
    async def release_hold(
        self, reception_id: FromPath[UUID], data: JSONBody[ReasonIn], ports: GivenPorts, actor: GivenActor
    ) -> SignatureOut:
        """Sign that a held unit may be reused after all; this is its review."""
        signature = await dispositions.release_hold(
            _with_reason(actor, reception_id, data),
            unit=ports.unit,
            protocol=ports.protocol,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _signature_out(signature)

    @post(
        "/{reception_id:uuid}/refusal",
        operation_id="RefuseReception",
        summary="Refuse a received unit with a reason (접수 거부)",
        responses=PROBLEMS,
    )
    async def refuse(
        self, reception_id: FromPath[UUID], data: JSONBody[ReasonIn], ports: GivenPorts, actor: GivenActor
    ) -> ReceptionOut:
        """Close a reception before anything was tested."""
        wish = _with_reason(actor, reception_id, data)
        return reception_out(await dispositions.refuse(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock))

    @post(
        "/{reception_id:uuid}/release",
        operation_id="ReleaseUnit",
        summary="Give a unit back without a report (반환)",
        responses=PROBLEMS,
    )
    async def release(
        self, reception_id: FromPath[UUID], data: JSONBody[ReasonIn], ports: GivenPorts, actor: GivenActor
    ) -> ReceptionOut:
        """Close a reception without a report; the unit may be received again."""
        wish = _with_reason(actor, reception_id, data)
        return reception_out(await dispositions.release(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock))

    @post(
        "/{reception_id:uuid}/withdrawal",
        operation_id="WithdrawReport",
        summary="Withdraw an issued report with a reason (성적서 철회)",
        responses=PROBLEMS,
    )
    async def withdraw(
        self, reception_id: FromPath[UUID], data: JSONBody[ReasonIn], ports: GivenPorts, actor: GivenActor
    ) -> ReceptionOut:
        """Withdraw a report on which no certificate stands."""
        wish = _with_reason(actor, reception_id, data)
        return reception_out(await dispositions.withdraw_report(wish, unit=ports.unit, clock=ports.clock))

    @post(
        "/{reception_id:uuid}/custody",
        operation_id="HandOverUnit",
        summary="Hand a unit over (인계)",
        responses=PROBLEMS,
    )
    async def hand_over(
        self, reception_id: FromPath[UUID], data: JSONBody[HandOverIn], ports: GivenPorts, actor: GivenActor
    ) -> HandOverOut:
        """Write down where a unit is from now on, who holds it, and how it looked."""
        move = await samples.hand_over(
            HandOver(
                actor=actor,
                reception_id=ReceptionId(reception_id),
                kind=CustodyKind(data.kind),
                place=data.place,
                holder=data.holder,
                condition=data.condition,
            ),
            unit=ports.unit,
            clock=ports.clock,
        )
        return _hand_over_out(move)

    @put("/{reception_id:uuid}/fees", operation_id="SetFees", summary="Say what it costs (수수료)", responses=PROBLEMS)
    async def set_fees(
        self, reception_id: FromPath[UUID], data: JSONBody[FeesIn], ports: GivenPorts, actor: GivenActor
    ) -> FeesOut:
        """Say what an inspection costs, in the place of what was said before; until it is agreed."""
        lines = tuple(Fee(what=one.what, amount_krw=one.amount_krw) for one in data.lines)
        wish = SetFees(actor=actor, reception_id=ReceptionId(reception_id), lines=lines)
        return _fees_out(await samples.set_fees(wish, unit=ports.unit, clock=ports.clock))

    @post("/{reception_id:uuid}/fees/agreement", operation_id="AgreeFees", summary="Agree the fees", responses=PROBLEMS)
    async def agree_fees(self, reception_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> FeesOut:
        """Note that the applicant agreed; the fees do not change after."""
        fees = await samples.agree_fees(actor, ReceptionId(reception_id), unit=ports.unit, clock=ports.clock)
        return _fees_out(fees)

    @get(
        "/{reception_id:uuid}/sample-label/{form:str}",
        operation_id="FetchSampleLabel",
        operation_class=one_of_files("image/svg+xml", "image/png", "application/pdf"),
        summary="Fetch a unit's sample label",
        responses=PROBLEMS,
    )
    async def fetch_sample_label(
        self,
        reception_id: FromPath[UUID],
        form: FromPath[Literal["svg", "png", "sheet"]],
        ports: GivenPorts,
        actor: GivenActor,
    ) -> Response[bytes]:
        """Return the QR symbol (SVG, PNG) or a printed sheet (PDF); scanning it says nothing to outsiders."""
        wanted = ReceptionId(reception_id)
        if form == "sheet":
            return Response(await sample_sheet(actor, (wanted,), ports), media_type="application/pdf")
        _, _, label = await samples.sample_label(actor, wanted, unit=ports.unit)
        url = samples.sample_url(label, public_url=ports.public_url)
        if form == "png":
            return Response(ports.labels.png(url), media_type="image/png")
        return Response(ports.labels.svg(url).encode(), media_type="image/svg+xml")

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


class ReportsController(Controller):
    """What a test report says to anyone."""

    path = "/api/v1/reports"
    tags = ("certification",)

    @get(
        "/by-number/{number:str}",
        operation_id="VerifyReport",
        summary="Verify a test report by number",
        responses=PROBLEMS,
        security=[{}],
    )
    async def verify(
        self,
        number: Annotated[FromPath[str], msgspec.Meta(max_length=40)],
        ports: GivenPorts,
    ) -> ReportStandingOut:
        """Show whether a report may be relied on now, or was amended or withdrawn; no sign-in."""
        found = await authenticity.look_up(number, unit=ports.unit, clock=ports.clock)
        if found is None or found.kind is not IssuedKind.REPORT:
            raise ReportUnknown
        return ReportStandingOut(
            number=found.number,
            issued_on=found.issued_on,
            standing=found.verdict.value,
            valid=found.verdict is authenticity.Verdict.GENUINE,
            on=found.on,
            by=found.by,
            reason=found.reason,
        )


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
