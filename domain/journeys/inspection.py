"""A pack at the inspection body: received, tested, judged, approved, certified; each step also in its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from domain.certification import custody
from domain.certification.across_files import Derived, across, file_runs
from domain.certification.errors import CertificateUnknown, ReceptionUnknown, RunFileMissing
from domain.certification.external import ExternalRecord, cited_among
from domain.certification.model import (
    Applicant,
    Assessment,
    Certificate,
    Chemistry,
    CustodyKind,
    CustodyMove,
    DecisionRule,
    Fees,
    HistoryPlace,
    HoldRelease,
    Issued,
    ItemFacts,
    Laboratory,
    PriorLife,
    ProtocolName,
    Queued,
    QueuePlace,
    Reception,
    ReceptionState,
    Report,
    Sampled,
    Scope,
    Signature,
    TableForm,
    TestRun,
    Transition,
    Worklist,
    certificate_valid_at,
)
from domain.certification.ports import Credentials, CyclerFiles
from domain.certification.protocol import Protocol
from domain.certification.requests import InspectionRequest
from domain.certification.spelling import assessment_text
from domain.certification.usecases import assessing, citing, intake, issuing, results, signing
from domain.identity.ports import Tokens
from domain.journeys import validity
from domain.journeys.ports import JourneyWork
from domain.journeys.protocols import protocol_of, require_fitting
from domain.passport import usecases as passport
from domain.passport.errors import PackUnknown
from domain.passport.model import EntryKind, Fact, IdentifierScheme, Pack, PackState, UnitKind
from domain.passport.ports import Labels
from domain.shared.actor import BODY_STAFF, PASSER_BY, Actor, Role, on_behalf_of
from domain.shared.canonical import Canonical, sha256
from domain.shared.documents import Documents, Seals
from domain.shared.identifiers import Ids, PackId, PersonId, ReceptionId
from domain.shared.time import Clock, seoul_day
from domain.shared.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivePack:
    """A pack on the counter: who brings it, in which state, and until when it shall be done."""

    actor: Actor
    pack_id: PackId
    applicant: Applicant
    condition: str
    due_on: date
    place: str = "접수대"
    prior_life: PriorLife | None = None
    protocol: ProtocolName | None = None


async def receive_pack(
    wish: ReceivePack, *, unit: Unit[JourneyWork], tokens: Tokens, ids: Ids, clock: Clock
) -> Reception:
    """Take a pack in for inspection (접수): its custody begins, and it gets a sample label of its own.

    Raises:
        PackUnknown: there is no such pack.
        ConditionMissing: nobody said how it looked.
        AlreadyReceived: it lies in an open reception.
        StepOutOfOrder: it was not collected before.
        ProtocolNotInForce: it names a version of a protocol that is not in force.
        ProtocolScopeDiffers: the protocol is none for a whole pack.
    """
    async with unit(wish.actor) as work:
        reception = await take_in(wish, work=work, token=tokens.new_hex(), ids=ids, clock=clock)
        await work.commit()
    return reception


async def take_in(
    wish: ReceivePack,
    *,
    work: JourneyWork,
    token: str,
    ids: Ids,
    clock: Clock,
    request_id: UUID | None = None,
    request_line: int | None = None,
    calendar_expiry_on: date | None = None,
) -> Reception:
    """Take a unit in within a transaction: its reception, its custody, its label under `token`, its history.

    A module or cell is judged as what it is registered as. Nothing is committed.

    Raises:
        as `receive_pack` does.
    """
    pack = await work.packs.one(wish.pack_id)
    scope = Scope(pack.kind.value)
    await require_fitting(wish.actor.tenant_id, wish.protocol, scope, on=seoul_day(clock.now()), work=work)
    reception = await intake.receive(
        intake.Receive(
            actor=wish.actor,
            pack_id=wish.pack_id,
            tenant_id=wish.actor.tenant_id,
            applicant=wish.applicant,
            condition=wish.condition,
            due_on=wish.due_on,
            facts=_item_facts(pack, scope, wish.prior_life, calendar_expiry_on),
            protocol=wish.protocol,
            request_id=request_id,
            request_line=request_line,
        ),
        work=work,
        ids=ids,
        clock=clock,
    )
    await custody.take_in(
        custody.HandOver(
            actor=wish.actor,
            reception_id=reception.reception_id,
            kind=CustodyKind.TAKEN_IN,
            place=wish.place,
            holder=wish.actor.name,
            condition=reception.condition,
        ),
        reception,
        work=work,
        clock=clock,
        token=token,
    )
    await record_step(
        reception,
        EntryKind.RECEIVED,
        {
            "reception": reception.number,
            "condition": reception.condition,
            **({} if scope is Scope.PACK else {"scope": scope.value}),
        },
        actor=wish.actor,
        work=work,
        ids=ids,
        clock=clock,
    )
    return reception


def _item_facts(pack: Pack, scope: Scope, prior_life: PriorLife | None, calendar_expiry_on: date | None) -> ItemFacts:
    return ItemFacts(
        chemistry=Chemistry(pack.chemistry),
        rated_capacity_mah=pack.rated_capacity_mah,
        rated_energy_wh=pack.rated_energy_wh,
        cell_capacity_mah=pack.cell_capacity_mah,
        cell_count=pack.cell_count,
        cells_in_series=pack.cells_in_series,
        modules_in_series=pack.modules_in_series,
        nominal_voltage_mv=pack.nominal_voltage_mv,
        manufactured_on=pack.manufactured_on,
        calendar_expiry_on=calendar_expiry_on,
        # A pack's capacity is measured on a cell of it; a part goes onto the cycler as it is.
        sampled=Sampled.CELL if scope is Scope.PACK else Sampled.PACK,
        prior_life=prior_life,
        scope=scope,
    )


async def history_place(pack_id: PackId, *, work: JourneyWork) -> HistoryPlace:
    """Return where a pack's sealed history stands; others that write to it wait until the unit ends."""
    head = await work.histories.head(pack_id)
    return HistoryPlace(sequence=head.sequence, seal=head.seal.hex())


async def record_step(
    reception: Reception,
    kind: EntryKind,
    particulars: Mapping[str, Canonical],
    *,
    actor: Actor,
    work: JourneyWork,
    ids: Ids,
    clock: Clock,
) -> None:
    """Write a step of a reception into its pack's sealed history."""
    pack = await work.packs.one(reception.pack_id)
    await passport.record(
        reception.pack_id,
        Fact(kind=kind, occurred_at=clock.now(), particulars=particulars),
        actor=actor,
        holder=pack.holder,
        work=work,
        ids=ids,
        clock=clock,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeCyclerFile:
    """A cycler's file as it was uploaded."""

    actor: Actor
    reception_id: ReceptionId
    file_name: str
    content: bytes
    ambient_c: Decimal | None = None
    equipment: str = ""
    serial: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    provider: str = ""
    part: str = ""


async def take_cycler_file(
    wish: TakeCyclerFile,
    *,
    unit: Unit[JourneyWork],
    cycler_files: CyclerFiles,
    protocol: Protocol,
    ids: Ids,
    clock: Clock,
) -> TestRun:
    """Read a cycler file in a child process, keep it under its hash and add what it says to the results (시험).

    Raises:
        FileRefused: the file is empty, foreign or damaged; the code says which.
        ReceptionUnknown: there is no such reception.
        DischargeMissing: the file holds no full discharge.
    """
    wish.actor.require(Role.TESTER)
    async with unit(wish.actor) as work:  # an unknown reception is refused before a large file is read
        await work.receptions.one(wish.reception_id)
    record = await cycler_files.read(wish.content)
    async with unit(wish.actor) as work:
        protocol = await protocol_of(await work.receptions.one(wish.reception_id), work=work, shipped=protocol)
        raw_sha256 = await work.files.keep(
            wish.content, media_type="application/octet-stream", owner=wish.actor.tenant_id
        )
        run = await results.record_cycler_run(
            results.RecordCyclerRun(
                actor=wish.actor,
                reception_id=wish.reception_id,
                file_name=wish.file_name,
                raw_sha256=raw_sha256,
                record=record,
                ambient_c=wish.ambient_c,
                equipment=wish.equipment,
                serial=wish.serial,
                provider=wish.provider,
                started_at=wish.started_at,
                ended_at=wish.ended_at,
                part=wish.part,
            ),
            work=work,
            protocol=protocol,
            ids=ids,
            clock=clock,
        )
        reception = await work.receptions.one(wish.reception_id)
        await record_step(
            reception,
            EntryKind.TESTED,
            {
                "reception": reception.number,
                "source": "cycler",
                "format": record.format.value,
                "rows": record.rows,
                "raw_file_sha256": raw_sha256,
            },
            actor=wish.actor,
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return run


async def cycler_table(
    actor: Actor,
    reception_id: ReceptionId,
    run: int,
    form: TableForm,
    *,
    unit: Unit[JourneyWork],
    cycler_files: CyclerFiles,
) -> tuple[str, bytes]:
    """Return the canonical table of a run's cycler file, and what to call it; rebuilt from the raw bytes each time.

    Raises:
        ReceptionUnknown: there is no such reception, or it is another body's.
        RunFileMissing: there is no such run, or it rests on no file.
        FileRefused: the file holds no rows over time.
    """
    actor.require(*BODY_STAFF)
    async with unit(actor) as work:
        reception = await work.receptions.one(reception_id)
        if reception.tenant_id != actor.tenant_id:
            raise ReceptionUnknown(reception=str(reception_id))
        runs = await work.test_runs.of_reception(reception)
        found = next((one.raw_file for one in runs if one.sequence == run), None)
        if found is None:
            raise RunFileMissing(run=run)
        content = await work.files.read(found.sha256)
    ending = ".bdf.csv" if form is TableForm.CSV else ".bdf.parquet"
    return f"{reception.number}-{run}{ending}", await cycler_files.table(content, form=form)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterBenchValues:
    """Values that a tester read off a bench."""

    actor: Actor
    reception_id: ReceptionId
    measurements: Sequence[results.Entered]
    ambient_c: Decimal | None = None
    equipment: str = ""
    serial: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    provider: str = ""


async def enter_bench_values(
    wish: EnterBenchValues, *, unit: Unit[JourneyWork], protocol: Protocol, ids: Ids, clock: Clock
) -> TestRun:
    """Add typed values to the results, all or none.

    Raises:
        ReceptionUnknown: there is no such reception.
        QuantityUnknown: the protocol has no such quantity.
        QuantityMalformed: a value is not of its quantity's kind.
    """
    async with unit(wish.actor) as work:
        protocol = await protocol_of(await work.receptions.one(wish.reception_id), work=work, shipped=protocol)
        run = await results.record_measurements(
            results.RecordMeasurements(
                actor=wish.actor,
                reception_id=wish.reception_id,
                measurements=wish.measurements,
                ambient_c=wish.ambient_c,
                equipment=wish.equipment,
                serial=wish.serial,
                provider=wish.provider,
                started_at=wish.started_at,
                ended_at=wish.ended_at,
            ),
            work=work,
            protocol=protocol,
            ids=ids,
            clock=clock,
        )
        reception = await work.receptions.one(wish.reception_id)
        await record_step(
            reception,
            EntryKind.TESTED,
            {
                "reception": reception.number,
                "source": "bench",
                "tests": sorted({one.test_id for one in wish.measurements}),
                "values": len(wish.measurements),
            },
            actor=wish.actor,
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return run


@dataclass(frozen=True, slots=True, kw_only=True)
class AtReception:
    """Who acts on which reception."""

    actor: Actor
    reception_id: ReceptionId


async def judge(
    wish: AtReception,
    *,
    unit: Unit[JourneyWork],
    protocol: Protocol,
    ids: Ids,
    clock: Clock,
    rule: DecisionRule = DecisionRule.SIMPLE,
) -> Assessment:
    """Judge the results by the protocol and a decision rule (판정).

    Where the unit's certificate still stands and it is not fit for reuse again, the certificate is suspended at once.

    Raises:
        ReceptionUnknown: there is no such reception.
        ReceptionMoved: nothing was measured since the last judgement, or it is approved already.
    """
    # A certificate that the judgement suspends may serve a tenant's contract, beyond the inspection body's own reach.
    async with unit(on_behalf_of(wish.actor)) as work:
        protocol = await protocol_of(await work.receptions.one(wish.reception_id), work=work, shipped=protocol)
        assessment = await assessing.judge_reception(
            assessing.JudgeReception(actor=wish.actor, reception_id=wish.reception_id, rule=rule),
            work=work,
            protocol=protocol,
            ids=ids,
            clock=clock,
        )
        reception = await work.receptions.one(wish.reception_id)
        judgement = assessment.judgement
        await record_step(
            reception,
            EntryKind.GRADED,
            {
                "reception": reception.number,
                "disposition": judgement.disposition.value,
                "grade": judgement.grade,
                "soh_ppm": judgement.soh_ppm,
                "soh_u_ppm": judgement.soh_u_ppm,
                "decision_rule": rule.value,
                "protocol": judgement.protocol_id,
                "protocol_version": judgement.protocol_version,
                "assessment_sha256": sha256(assessment_text(assessment)).hex(),
            },
            actor=wish.actor,
            work=work,
            ids=ids,
            clock=clock,
        )
        await validity.suspend_by_rule(reception, judgement.disposition, work=work, ids=ids, clock=clock)
        await work.commit()
    return assessment


async def review(wish: AtReception, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Signature:
    """Sign the assessment as reviewed, as a person who did none of its work (검토).

    Raises:
        OwnWork: the actor received the pack, entered a result or judged it.
    """
    async with unit(wish.actor) as work:
        signature = await signing.review(
            signing.Sign(actor=wish.actor, reception_id=wish.reception_id), work=work, ids=ids, clock=clock
        )
        await _record_signature(signature, EntryKind.REVIEWED, actor=wish.actor, work=work, ids=ids, clock=clock)
        await work.commit()
    return signature


async def approve(wish: AtReception, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Signature:
    """Sign the reviewed assessment, as a third person (승인).

    Raises:
        OwnWork: the actor received the pack, entered a result, judged or reviewed it.
    """
    async with unit(wish.actor) as work:
        signature = await signing.approve(
            signing.Sign(actor=wish.actor, reception_id=wish.reception_id), work=work, ids=ids, clock=clock
        )
        await _record_signature(signature, EntryKind.APPROVED, actor=wish.actor, work=work, ids=ids, clock=clock)
        await work.commit()
    return signature


async def _record_signature(
    signature: Signature, kind: EntryKind, *, actor: Actor, work: JourneyWork, ids: Ids, clock: Clock
) -> None:
    reception = await work.receptions.one(signature.reception_id)
    await record_step(
        reception,
        kind,
        {
            "reception": reception.number,
            "meaning": signature.meaning.value,
            "assessment_sha256": signature.subject_sha256,
        },
        actor=actor,
        work=work,
        ids=ids,
        clock=clock,
    )


async def issue_certificate(
    wish: AtReception,
    *,
    unit: Unit[JourneyWork],
    documents: Documents,
    seals: Seals,
    credentials: Credentials,
    labels: Labels,
    tokens: Tokens,
    public_url: str,
    ids: Ids,
    clock: Clock,
) -> Issued:
    """Issue the test report (발급) and, for reuse, the certificate (인증): printed, signed, and in the pack's history.

    An earlier certificate of the pack ends as superseded, and what the pack serves goes on under the new one.

    Raises:
        ReceptionMoved: the reception is not approved, or issued already.
        AssessmentBroken: the stored assessment is not the one that was signed.
    """
    # A pack that is certified anew may serve a contract, which lies beyond the inspection body's own reach.
    async with unit(on_behalf_of(wish.actor)) as work:
        reception = await work.receptions.one(wish.reception_id)
        pack = await work.packs.one(reception.pack_id)
        body = await work.parties.one(reception.tenant_id)
        issued = await issuing.issue(
            issuing.Issue(
                actor=wish.actor,
                reception_id=wish.reception_id,
                pack_print=await _pack_print(pack, work=work),
                laboratory=Laboratory(
                    name_ko=body.name_ko,
                    name_en=body.name_en,
                    address_ko=body.address_ko,
                    address_en=body.address_en,
                    place_ko=body.address_ko,
                    place_en=body.address_en,
                    accreditation=body.accreditation,
                    insurance=body.insurance,
                ),
                base_url=public_url,
                token=tokens.new_hex(),
                history=await history_place(reception.pack_id, work=work),
            ),
            work=work,
            ids=ids,
            clock=clock,
            documents=documents,
            seals=seals,
            credentials=credentials,
            qr_svg=labels.svg,
        )
        goes_on_as = None
        if issued.certificate is not None:
            if issued.superseded is not None:
                await validity.tell_end(
                    issued.superseded,
                    validity.How.SUPERSEDED,
                    reason=issued.certificate.number,
                    at=clock.now(),
                    actor=wish.actor,
                    work=work,
                    ids=ids,
                    clock=clock,
                    successor=issued.certificate,
                )
            goes_on_as, _ = await validity.tell_in_force(
                issued.certificate, actor=wish.actor, work=work, ids=ids, clock=clock
            )
        kind, particulars = _issue_told(issued, await work.assessments.latest(reception), goes_on_as=goes_on_as)
        await record_step(reception, kind, particulars, actor=wish.actor, work=work, ids=ids, clock=clock)
        await work.commit()
    return issued


def _issue_told(
    issued: Issued, assessment: Assessment, *, goes_on_as: PackState | None
) -> tuple[EntryKind, dict[str, Canonical]]:
    """Say an issue as the pack's history keeps it: with a certificate, or as a report alone."""
    certificate, report = issued.certificate, issued.report
    if certificate is None or goes_on_as is None:
        return EntryKind.REPORTED, {
            "report": report.number,
            "disposition": assessment.judgement.disposition.value,
            **_report_told(report),
        }
    return EntryKind.CERTIFIED, {
        "certificate": certificate.number,
        "report": report.number,
        "grade": certificate.grade,
        "soh_ppm": certificate.soh_ppm,
        "usable_energy_wh": certificate.usable_energy_wh,
        "valid_until": certificate.valid_until.isoformat(),
        "credential_sha256": sha256(certificate.credential).hex(),
        "certificate_pdf_sha256": certificate.pdf_sha256,
        **_report_told(report),
        "goes_on_as": goes_on_as.value,
    }


def _report_told(report: Report) -> dict[str, Canonical]:
    """Say of a report what its pack's history seals: the file, what it says, and the signed record of that."""
    return {
        "report_pdf_sha256": report.pdf_sha256,
        "report_content_sha256": sha256(report.content).hex(),
        "report_record_sha256": None if report.record is None else sha256(report.record).hex(),
    }


async def _pack_print(pack: Pack, *, work: JourneyWork) -> dict[str, Canonical]:
    names = {name.scheme: name.value for name in await work.packs.identifiers(pack.pack_id)}
    is_pack = pack.kind is UnitKind.PACK
    if is_pack:
        product_uri = (await passport.active_passport(pack.pack_id, work=work)).product_uri
    else:  # a module or a cell has no passport; our own name of it says which one it is
        product_uri = f"urn:uuid:{pack.pack_id}"
    return {
        "kr_battery_no": names.get(IdentifierScheme.KR_BATTERY_NO, "-"),
        "maker_serial": names.get(IdentifierScheme.MAKER_SERIAL, "-"),
        "product_uri": product_uri,
        "model": pack.model,
        "chemistry": pack.chemistry,
        # what is known of a module or a cell names it and not its cells, and only a pack is made of modules
        "cell_model": pack.cell_model if is_pack else None,
        "modules_in_series": pack.modules_in_series if is_pack else None,
        "rated_capacity_mah": pack.rated_capacity_mah,
        "rated_energy_wh": pack.rated_energy_wh,
        "nominal_voltage_mv": pack.nominal_voltage_mv,
    }


async def queue(
    actor: Actor,
    *,
    states: Sequence[ReceptionState],
    after: ReceptionId | None,
    limit: int,
    unit: Unit[JourneyWork],
) -> tuple[Queued, ...]:
    """Return the body's receptions in these states, newest first."""
    actor.require(*BODY_STAFF)
    async with unit(actor) as work:
        return await work.receptions.queue(tenant_id=actor.tenant_id, states=states, after=after, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistPage:
    """A page of what a body has to do: with each reception its pack, how many are in each state, and where it ended."""

    receptions: tuple[Queued, ...]
    packs: Mapping[PackId, Pack]
    counts: Mapping[ReceptionState, int]
    ended_at: QueuePlace | None


async def worklist(
    actor: Actor,
    *,
    states: Sequence[ReceptionState],
    search: str,
    after: QueuePlace | None,
    limit: int,
    unit: Unit[JourneyWork],
) -> WorklistPage:
    """Return a page of the body's receptions in these states, nearest due date first.

    `search` is a part of a number or of an applicant's name, or any whole identifier of a pack.
    """
    actor.require(*BODY_STAFF)
    named = search.strip()
    async with unit(actor) as work:
        pack_id = None
        if named:
            try:
                pack_id = await work.packs.find(named)
            except PackUnknown:
                pack_id = None  # it may be a part of a number or of a name
        wanted = Worklist(tenant_id=actor.tenant_id, states=tuple(states), search=named, pack_id=pack_id)
        found = await work.receptions.worklist(wanted, after=after, limit=limit + 1)
        shown = found[:limit]
        packs = await work.packs.several([one.pack_id for one in shown])
        return WorklistPage(
            receptions=shown,
            packs={pack.pack_id: pack for pack in packs},
            counts=await work.receptions.counts(actor.tenant_id),
            ended_at=(
                QueuePlace(due_on=shown[-1].due_on, reception_id=shown[-1].reception_id) if len(found) > limit else None
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceptionFile:
    """Everything about one reception. `may_sign` is False for those whose own work it holds: `workers` and signers.

    `signatures` are those on the last judgement, on its release and on the report; `moves` all that ever happened.
    `records` are those of others that the body holds about the unit, `cited` the ones that the report cites, `request`
    what it was received under.
    """

    reception: Reception
    moves: tuple[Transition, ...]
    custody: tuple[CustodyMove, ...]
    fees: Fees | None
    release: HoldRelease | None
    runs: tuple[TestRun, ...]
    assessment: Assessment | None
    signatures: tuple[Signature, ...]
    report: Report | None
    certificate: Certificate | None
    may_sign: bool
    workers: tuple[PersonId, ...]
    records: tuple[ExternalRecord, ...]
    cited: tuple[ExternalRecord, ...]
    request: InspectionRequest | None

    @property
    def derived(self) -> tuple[Derived, ...]:
        """What the files of its runs say together."""
        return across(file_runs(self.runs), rated_capacity_ah=self.reception.facts.sample_capacity_ah)


async def open_reception(actor: Actor, reception_id: ReceptionId, *, unit: Unit[JourneyWork]) -> ReceptionFile:
    """Show a reception to the staff of its body.

    Raises:
        ReceptionUnknown: there is none, or it is another body's.
    """
    actor.require(*BODY_STAFF)
    async with unit(actor) as work:
        reception = await work.receptions.one(reception_id)
        if reception.tenant_id != actor.tenant_id:
            raise ReceptionUnknown(reception=str(reception_id))
        runs = await work.test_runs.of_reception(reception)
        moves = await work.receptions.transitions(reception)
        assessment = await work.assessments.latest(reception) if _is_judged(reception, moves) else None
        signatures = await work.signatures.of_subject(reception.pack_id, assessment.assessment_id) if assessment else ()
        report = await work.reports.of_reception(reception)
        certificates = await work.certificates.of_pack(reception.pack_id)
        workers = signing.whose_work(reception, runs, assessment)
        own = {*workers, *(one.signed_by for one in signatures)}
        if report is not None:
            signatures += await work.signatures.of_subject(reception.pack_id, report.report_id)
        records = await citing.records_of(reception, work)
        said = await work.external_records.citations(reception) if records else ()
        return ReceptionFile(
            reception=reception,
            moves=moves,
            custody=await work.custody.of_reception(reception),
            fees=await work.custody.fees(reception),
            release=None if assessment is None else await work.signatures.released(assessment),
            runs=runs,
            assessment=assessment,
            signatures=signatures,
            report=report,
            certificate=next((one for one in certificates if one.reception_id == reception_id), None),
            may_sign=actor.role in (Role.REVIEWER, Role.APPROVER) and actor.person_id not in own,
            workers=workers,
            records=records,
            cited=cited_among(records, said),
            request=None if reception.request_id is None else await work.requests.one(reception.request_id),
        )


def _is_judged(reception: Reception, moves: Sequence[Transition]) -> bool:
    """Whether the results as they are now were judged, also where the reception was closed after."""
    before = moves[-1].from_state if reception.state is ReceptionState.RELEASED and moves else reception.state
    return before not in (ReceptionState.RECEIVED, ReceptionState.UNDER_TEST, ReceptionState.REFUSED)


async def fetch_document(
    actor: Actor, reception_id: ReceptionId, kind: Literal["report", "certificate"], *, unit: Unit[JourneyWork]
) -> tuple[str, bytes]:
    """Return the number and the PDF of a reception's report or certificate.

    Raises:
        ReceptionUnknown: there is no such reception, or it is another body's.
        CertificateUnknown: nothing is issued yet.
    """
    found = await open_reception(actor, reception_id, unit=unit)
    issued = found.report if kind == "report" else found.certificate
    if issued is None:
        raise CertificateUnknown
    async with unit(actor) as work:
        return issued.number, await work.files.read(issued.pdf_sha256)


async def valid_certificate(pack_id: PackId, *, work: JourneyWork, clock: Clock) -> Certificate:
    """Return the certificate that a pack may be relied on for now.

    Raises:
        CertificateUnknown: it has none, or it is suspended, revoked or expired.
    """
    certificate = await work.certificates.standing(pack_id)
    if certificate is None or not certificate_valid_at(certificate, clock.now()):
        raise CertificateUnknown
    return certificate


async def find_certificate(number: str, *, unit: Unit[JourneyWork]) -> Certificate:
    """Return the certificate of a number, for anyone who asks.

    Raises:
        CertificateUnknown: there is none.
    """
    async with unit(PASSER_BY) as work:
        return await work.certificates.find(number.strip())


async def find_certificate_by_token(token: str, *, unit: Unit[JourneyWork]) -> Certificate:
    """Return the certificate that the token in its QR code leads to.

    Raises:
        CertificateUnknown: it leads to none.
    """
    async with unit(PASSER_BY) as work:
        return await work.certificates.find_by_token(token.strip())
