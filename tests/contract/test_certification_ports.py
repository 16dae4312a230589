"""What the certification ports promise, and its steps over them, held by the fake and by PostgreSQL alike."""

import importlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.ktr.credentials import KtrCredentials
from adapters.ktr.protocol_file import load_protocol
from adapters.ktr.signing import FileSigner
from adapters.postgres.certification import (
    PostgresAssessments,
    PostgresCertificates,
    PostgresDevices,
    PostgresReceptions,
    PostgresReinspections,
    PostgresReports,
    PostgresSignatures,
    PostgresTestRuns,
)
from adapters.postgres.custody import PostgresCustody
from adapters.postgres.external_records import PostgresExternalRecords
from adapters.postgres.records import PostgresAmendments, PostgresIssuedDocuments, PostgresStatusPlaces
from adapters.postgres.requests import PostgresRequests
from adapters.postgres.shared import PostgresFiles, PostgresNumbers
from app.samples.make_cycler import BENCH_SHEET
from domain.certification.amending import Amendment, Corrections, Proposal, pending
from domain.certification.custody import (
    HandOver,
    SetFees,
    agree_fees,
    find_sample,
    hand_over,
    sample_label,
    set_fees,
    take_in,
)
from domain.certification.equipment import DeviceKind, DeviceRange
from domain.certification.errors import (
    AlreadyAmended,
    AlreadyReceived,
    AssessmentBroken,
    AssessmentUnknown,
    BookingUnknown,
    BookingWrong,
    CalibrationWrong,
    CertificateMoved,
    CertificateStands,
    CertificateUnknown,
    CustodyEnded,
    DeviceBooked,
    DeviceNotCalibrated,
    DeviceOutOfRange,
    DeviceUnitUncalibrated,
    DeviceUnknown,
    DischargeMissing,
    DocumentUnknown,
    EquipmentKnown,
    EquipmentMissing,
    FeesAgreed,
    FeeWrong,
    HoldStays,
    NotHeld,
    NothingMeasured,
    NumberTaken,
    OwnAmendment,
    OwnSuspension,
    OwnWork,
    ProtocolChanged,
    QuantityUnknown,
    ReasonMissing,
    ReceptionMoved,
    ReceptionUnknown,
    RecordElsewhere,
    ReportIncomplete,
    RequestMoved,
    RequestUnknown,
    RunEquipmentMissing,
    RunUnknown,
    SampleLabelUnknown,
    SerialTaken,
    SerialUnknown,
    SignatureBroken,
    StatusListFull,
    StatusListUnknown,
    TestTimesWrong,
    TokenTooShort,
)
from domain.certification.external import ExternalRecord, Proof, content_of
from domain.certification.model import (
    OPEN_STATES,
    Applicant,
    CellSpread,
    CertificateStatus,
    CustodyKind,
    DecisionRule,
    Disposition,
    Fee,
    HistoryPlace,
    Impedance,
    IssuedKind,
    Laboratory,
    MeasurementSource,
    ProtocolName,
    QueuePlace,
    ReceptionState,
    Scope,
    StepKind,
    Variant,
    Worklist,
    certificate_valid_at,
)
from domain.certification.ports import CertificationWork
from domain.certification.reinspection import Cause, Reinspection
from domain.certification.requests import RequestPage, RequestState, waiting
from domain.certification.spelling import assessment_text, hold_release_text
from domain.certification.status_list import Purpose, StatusPlace, entries_of
from domain.certification.usecases.assessing import JudgeReception, judge_reception
from domain.certification.usecases.citing import CiteRecord, cite_record
from domain.certification.usecases.closing import refuse, release, send_back, withdraw
from domain.certification.usecases.devices import (
    AcceptDeviation,
    BookDevice,
    Calibrated,
    CalibrateDevice,
    RegisterDevice,
    accept_deviation,
    book_device,
    calibrate_device,
    register_device,
    release_booking,
)
from domain.certification.usecases.intake import Receive, receive
from domain.certification.usecases.issuing import Issue, issue
from domain.certification.usecases.requesting import (
    AtRequest,
    FileRequest,
    accept,
    close_request,
    file_request,
    hold_for_acceptance,
    refuse_request,
    withdraw_request,
)
from domain.certification.usecases.results import (
    Entered,
    RecordCyclerRun,
    RecordMeasurements,
    TellEquipment,
    record_cycler_run,
    record_measurements,
    tell_equipment,
)
from domain.certification.usecases.signing import Sign, SignWithReason, approve, release_hold, review
from domain.certification.usecases.validity import ChangeCertificate, reinstate, revoke, suspend
from domain.shared.actor import Role, RoleNotEnough
from domain.shared.canonical import sha256
from domain.shared.documents import DocumentKind
from domain.shared.identifiers import CertificateId, PackId, ReceptionId, ReportId, TenantId
from domain.shared.time import seoul_day
from tests.fakes.certification import MemoryCertificationWork, cycler_record, cycler_step, item_facts
from tests.fakes.documents import FakeDocuments, FakeSeals
from tests.fakes.records import row as records_row
from tests.fakes.system import CountedIds, FixedClock, someone
from tests.unit.certification.test_requests import UNITS

ONE, TWO = TenantId(1), TenantId(2)
PACK, OTHER_PACK = PackId(UUID(int=51)), PackId(UUID(int=52))
NOW = datetime(2026, 11, 21, 3, 4, 5, 678_901, tzinfo=UTC)
TOKEN = "0123456789abcdef0123456789abcdef"
TESTER = someone(Role.TESTER, name="이시험", number=901)
APPROVER = someone(Role.APPROVER, name="박승인", number=902)
REVIEWER = someone(Role.REVIEWER, name="윤검토", number=904)
STRANGER = someone(Role.TESTER, name="남시험", number=903, tenant_id=2)
RAW = "cd" * 32
PROTOCOL = load_protocol()
HISTORY = HistoryPlace(sequence=9, seal="ef" * 32)
PACK_PRINT = {
    "kr_battery_no": "KR26LGM50T12S0000000123",
    "maker_serial": "LG-2019-004217",
    "product_uri": "https://id.sunhwan.example/01/09506000134352/21/SH-0001",
    "model": "SH-12M50",
    "chemistry": "NMC",
    "cell_model": "LG INR21700 M50T",
    "modules_in_series": 12,
    "rated_capacity_mah": 500_000,
    "rated_energy_wh": 21_780,
    "nominal_voltage_mv": 43_560,
}
LABORATORY = Laboratory(
    name_ko="한국화학융합시험연구원",
    name_en="KTR",
    address_ko="경상북도 구미시",
    address_en="Gumi",
    place_ko="구미 BaaS 센터",
    place_en="Gumi BaaS Centre",
    accreditation="KOLAS KT000",
)
_ROWS = (
    "insert into sunhwan.industrial_complex (complex_id, name_ko, name_en) values (1, '구미', 'Gumi')",
    """insert into sunhwan.pack
       (pack_id, tenant_id, model, maker, chemistry, cell_model, modules_in_series, cells_in_series, cells_in_parallel,
        cell_capacity_mah, rated_capacity_mah, rated_energy_wh, nominal_voltage_mv, mass_g, manufactured_on,
        registered_at)
       select cast(lpad(to_hex(n), 32, '0') as uuid), 1, 'SH', 'LG', 'NMC', 'M50T', 12, 12, 100, 5000, 500000, 21780,
        43560, 150000, date '2019-11-04', now()
       from generate_series(51, 52) as n""",
)


class PostgresCertification:
    """The certification ports on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.receptions = PostgresReceptions(connection)
        self.requests = PostgresRequests(connection)
        self.custody = PostgresCustody(connection)
        self.test_runs = PostgresTestRuns(connection)
        self.assessments = PostgresAssessments(connection)
        self.signatures = PostgresSignatures(connection)
        self.devices = PostgresDevices(connection)
        self.reports = PostgresReports(connection)
        self.certificates = PostgresCertificates(connection)
        self.reinspections = PostgresReinspections(connection)
        self.status_places = PostgresStatusPlaces(connection)
        self.issued_documents = PostgresIssuedDocuments(connection)
        self.amendments = PostgresAmendments(connection)
        self.numbers = PostgresNumbers(connection)
        self.files = PostgresFiles(connection)
        self.external_records = PostgresExternalRecords(connection)


async def _fill(connection: AsyncConnection) -> None:
    await connection.execute(text(_ROWS[0]))
    columns = await connection.scalars(
        text(
            "select column_name from information_schema.columns where table_schema = 'sunhwan'"
            " and table_name = 'tenant' and data_type = 'text' and is_nullable = 'NO' and column_name <> 'kind'"
        )
    )
    words = sorted(columns)
    for number in (1, 2):
        await connection.execute(
            text(
                f"insert into sunhwan.tenant (tenant_id, ref, complex_id, kind, {', '.join(words)})"
                f" values (:id, :ref, 1, 'inspection_body', {', '.join(':word' for _ in words)})"
            ),
            {"id": number, "ref": UUID(int=number), "word": f"body {number}"},
        )
    await connection.execute(text(_ROWS[1]))


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as connection:
        await _fill(connection)
        yield connection


@pytest.fixture(params=["memory", "postgres"])
def work(request: pytest.FixtureRequest, connection: AsyncConnection) -> CertificationWork:
    return MemoryCertificationWork() if request.param == "memory" else PostgresCertification(connection)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def ids() -> CountedIds:
    return CountedIds()


@pytest.fixture
def house(work, clock, ids, tmp_path: Path):
    return House(work, clock, ids, tmp_path)


class House:
    """The steps with everything they need, so that a test says only what it is about."""

    def __init__(self, work: CertificationWork, clock: FixedClock, ids: CountedIds, folder: Path) -> None:
        self.work, self.clock, self.ids = work, clock, ids
        self.documents = FakeDocuments()
        self.credentials = KtrCredentials(FileSigner(folder), base_url="https://sunhwan.example")

    async def receive(self, *, pack_id=PACK, actor=TESTER):
        wish = Receive(
            actor=actor,
            pack_id=pack_id,
            tenant_id=actor.tenant_id,
            applicant=Applicant(name="순환모빌리티", contact="054-000-0000"),
            condition="외관 양호",
            due_on=date(2026, 12, 5),
            facts=item_facts(),
        )
        return await receive(wish, work=self.work, ids=self.ids, clock=self.clock)

    async def run(self, reception, *, record=None, actor=TESTER, **more):
        wish = RecordCyclerRun(
            actor=actor,
            reception_id=reception.reception_id,
            file_name="M50T.ndax",
            raw_sha256=RAW,
            record=record or cycler_record(),
            **{"equipment": "충방전기", **more},
        )
        return await record_cycler_run(wish, work=self.work, protocol=PROTOCOL, ids=self.ids, clock=self.clock)

    async def enter(self, reception, *measurements, actor=TESTER, **more):
        wish = RecordMeasurements(
            actor=actor,
            reception_id=reception.reception_id,
            measurements=measurements or sheet(),
            ambient_c=Decimal("24.8"),
            **{"equipment": "벤치", **more},
        )
        return await record_measurements(wish, work=self.work, protocol=PROTOCOL, ids=self.ids, clock=self.clock)

    async def judge(self, reception, *, actor=TESTER, rule=DecisionRule.SIMPLE):
        wish = JudgeReception(actor=actor, reception_id=reception.reception_id, rule=rule)
        return await judge_reception(wish, work=self.work, protocol=PROTOCOL, ids=self.ids, clock=self.clock)

    async def review(self, reception, *, actor=REVIEWER):
        wish = Sign(actor=replace(actor, confirmed_at=self.clock.now()), reception_id=reception.reception_id)
        return await review(wish, work=self.work, ids=self.ids, clock=self.clock)

    async def approve(self, reception, *, actor=APPROVER):
        wish = Sign(actor=replace(actor, confirmed_at=self.clock.now()), reception_id=reception.reception_id)
        return await approve(wish, work=self.work, ids=self.ids, clock=self.clock)

    async def issue(self, reception, *, actor=APPROVER, token=TOKEN, laboratory=LABORATORY):
        wish = Issue(
            actor=replace(actor, confirmed_at=self.clock.now()),
            reception_id=reception.reception_id,
            pack_print=PACK_PRINT,
            laboratory=laboratory,
            base_url="https://sunhwan.example",
            token=token,
            history=HISTORY,
        )
        return await issue(
            wish,
            work=self.work,
            ids=self.ids,
            clock=self.clock,
            documents=self.documents,
            seals=FakeSeals(),
            credentials=self.credentials,
            qr_svg=lambda url: f'<svg xmlns="http://www.w3.org/2000/svg"><desc>{url}</desc></svg>',
        )

    async def judged(self, *, pack_id=PACK, **found):
        reception = await self.receive(pack_id=pack_id)
        await self.run(reception)
        await self.enter(reception, *sheet(**found))
        await self.judge(reception)
        return reception

    async def without_capacity(self):
        reception = await self.receive()
        await self.enter(reception)
        await self.judge(reception)
        return reception

    def _because(self, reception, actor, reason):
        actor = replace(actor, confirmed_at=self.clock.now())
        return SignWithReason(actor=actor, reception_id=reception.reception_id, reason=reason)

    async def release_hold(self, reception, *, actor=REVIEWER, reason="육안 확인", protocol=PROTOCOL):
        wish = self._because(reception, actor, reason)
        return await release_hold(wish, work=self.work, protocol=protocol, ids=self.ids, clock=self.clock)

    async def send_back(self, reception, *, actor=REVIEWER, reason="T03 재확인"):
        return await send_back(self._because(reception, actor, reason), work=self.work, clock=self.clock)

    async def refuse(self, reception, *, actor=TESTER, reason="식별 불가"):
        return await refuse(self._because(reception, actor, reason), work=self.work, clock=self.clock)

    async def release(self, reception, *, actor=TESTER, reason="의뢰 취소"):
        return await release(self._because(reception, actor, reason), work=self.work, clock=self.clock)

    async def withdraw(self, reception, *, actor=APPROVER, reason="시료 혼동"):
        return await withdraw(self._because(reception, actor, reason), work=self.work, clock=self.clock)

    async def reviewed(self, *, pack_id=PACK):
        reception = await self.judged(pack_id=pack_id)
        await self.review(reception)
        return reception

    async def issued(self, *, pack_id=PACK, token=TOKEN):
        reception = await self.reviewed(pack_id=pack_id)
        await self.approve(reception)
        return await self.issue(reception, token=token)

    async def state(self, reception):
        return (await self.work.receptions.one(reception.reception_id)).state


def sheet(**changed) -> tuple[Entered, ...]:
    entries = json.loads(BENCH_SHEET.read_text(encoding="utf-8"))
    return tuple(
        Entered(
            test_id=one["test_id"],
            quantity=one["quantity"],
            value=changed.get(one["quantity"], one["value"]),
            unit=one["unit"],
        )
        for one in entries
    )


# Reception.


async def test_a_reception_comes_back_as_it_was_received(house, work):
    made = await house.receive()

    assert (made.number, made.state) == ("R-2026-000001", ReceptionState.RECEIVED)
    assert await work.receptions.one(made.reception_id) == made
    assert await work.receptions.hold(made.reception_id) == made
    assert await work.receptions.find("R-2026-000001") == made.reception_id
    assert await work.receptions.of_pack(PACK) == (made,)
    assert await work.receptions.of_pack(OTHER_PACK) == ()


async def test_a_pack_lies_in_one_open_reception_at_a_time(house):
    await house.receive()

    with pytest.raises(AlreadyReceived):
        await house.receive()


async def test_a_pack_may_be_received_again_once_its_certificate_is_issued(house, work):
    first = await house.issued()
    again = await house.receive()

    assert (await work.receptions.of_pack(PACK))[1] == again
    assert again.reception_id != first.certificate.reception_id


async def test_receiving_takes_a_tester_of_the_body(house):
    with pytest.raises(RoleNotEnough):
        await house.receive(actor=APPROVER)
    wish = Receive(
        actor=STRANGER,
        pack_id=PACK,
        tenant_id=ONE,
        applicant=Applicant(name="갑", contact="-"),
        condition="-",
        due_on=date(2026, 12, 5),
        facts=item_facts(),
    )
    with pytest.raises(ReceptionUnknown):
        await receive(wish, work=house.work, ids=house.ids, clock=house.clock)


async def test_an_unknown_reception_is_not_found(work):
    with pytest.raises(ReceptionUnknown):
        await work.receptions.one(ReceptionId(UUID(int=404)))
    with pytest.raises(ReceptionUnknown):
        await work.receptions.find("R-2026-999999")


async def test_another_bodys_reception_is_not_found(house):
    reception = await house.receive()

    with pytest.raises(ReceptionUnknown):
        await house.enter(reception, actor=STRANGER)
    with pytest.raises(ReceptionUnknown):
        await house.judge(reception, actor=STRANGER)


async def test_a_reception_that_moved_is_not_moved_again(house, work):
    reception = await house.receive()
    await work.receptions.move(reception, to=ReceptionState.UNDER_TEST, at=NOW)

    with pytest.raises(ReceptionMoved):
        await work.receptions.move(reception, to=ReceptionState.UNDER_TEST, at=NOW)


async def test_the_queue_shows_a_bodys_receptions_newest_first_in_pages(house, work):
    first = await house.receive()
    second = await house.receive(pack_id=OTHER_PACK)
    await house.enter(second)
    states = (ReceptionState.RECEIVED, ReceptionState.UNDER_TEST)

    whole = await work.receptions.queue(tenant_id=ONE, states=states, after=None, limit=9)
    page = await work.receptions.queue(tenant_id=ONE, states=states, after=second.reception_id, limit=1)

    assert [one.number for one in whole] == ["R-2026-000002", "R-2026-000001"]
    assert [(one.reception_id, one.state, one.due_on, one.pack_id) for one in page] == [
        (first.reception_id, ReceptionState.RECEIVED, date(2026, 12, 5), PACK)
    ]
    assert await work.receptions.queue(tenant_id=TWO, states=states, after=None, limit=9) == ()
    assert await work.receptions.queue(tenant_id=ONE, states=(ReceptionState.ISSUED,), after=None, limit=9) == ()


# Test runs.


async def test_the_work_list_is_by_due_date_in_pages_and_by_what_is_searched(house, work):
    first = await house.receive()
    second = await house.receive(pack_id=OTHER_PACK)
    await house.refuse(second)
    third = await house.receive(pack_id=OTHER_PACK)
    everything = Worklist(tenant_id=ONE, states=tuple(ReceptionState))

    async def listed(wanted, *, after=None, limit=9):
        return [one.number for one in await work.receptions.worklist(wanted, after=after, limit=limit)]

    assert await listed(everything) == [first.number, second.number, third.number]
    (shown, *_) = await work.receptions.worklist(everything, after=None, limit=1)
    assert (shown.applicant, shown.pack_id, shown.due_on) == (first.applicant.name, PACK, first.due_on)
    place = QueuePlace(due_on=second.due_on, reception_id=second.reception_id)
    assert await listed(everything, after=place) == [third.number]
    assert await listed(everything, limit=1) == [first.number]
    assert await listed(replace(everything, states=OPEN_STATES)) == [first.number, third.number]
    assert await listed(replace(everything, search="-000002")) == [second.number]
    assert await listed(replace(everything, search="순환모빌")) == [first.number, second.number, third.number]
    assert await listed(replace(everything, search="%")) == []
    assert await listed(replace(everything, search="없는 것", pack_id=PACK)) == [first.number]
    assert await listed(replace(everything, tenant_id=TWO)) == []
    assert dict(await work.receptions.counts(ONE)) == {ReceptionState.RECEIVED: 2, ReceptionState.REFUSED: 1}


# Custody, sample labels, fees.


def hand(reception, kind=CustodyKind.MOVED, actor=TESTER, place="2시험실") -> HandOver:
    return HandOver(
        actor=actor, reception_id=reception.reception_id, kind=kind, place=place, holder="박보관", condition="양호"
    )


async def test_custody_begins_at_the_counter_and_ends_when_the_unit_leaves(house, work, clock):
    reception = await house.receive()
    await take_in(hand(reception, CustodyKind.TAKEN_IN, place="접수대"), reception, work=work, clock=clock, token=TOKEN)
    await hand_over(hand(reception), work=work, clock=clock)
    with pytest.raises(ReceptionMoved):
        await hand_over(hand(reception, CustodyKind.RETURNED), work=work, clock=clock)
    with pytest.raises(ReceptionUnknown):
        await hand_over(hand(reception, actor=STRANGER), work=work, clock=clock)
    await house.release(reception)
    await hand_over(hand(reception, CustodyKind.RETURNED, place="의뢰자"), work=work, clock=clock)

    with pytest.raises(CustodyEnded):
        await hand_over(hand(reception), work=work, clock=clock)
    kept = await work.custody.of_reception(reception)
    assert [(one.sequence, one.kind, one.place, one.holder, one.moved_by_name) for one in kept] == [
        (1, "taken_in", "접수대", "박보관", "이시험"),
        (2, "moved", "2시험실", "박보관", "이시험"),
        (3, "returned", "의뢰자", "박보관", "이시험"),
    ]


async def test_a_sample_label_leads_the_bodys_staff_to_its_unit_and_nobody_else(house, work, clock):
    reception = await house.receive()
    assert await work.custody.label(reception) is None
    with pytest.raises(SampleLabelUnknown):
        await sample_label(TESTER, reception.reception_id, work=work)
    assert await work.custody.label(reception) is None  # looking made none
    await take_in(hand(reception, CustodyKind.TAKEN_IN), reception, work=work, clock=clock, token=TOKEN)
    made = await sample_label(TESTER, reception.reception_id, work=work)
    again = await sample_label(TESTER, reception.reception_id, work=work)

    assert made == again
    assert made[1].token == TOKEN
    assert await find_sample(REVIEWER, TOKEN, work=work) == reception
    for actor, token in ((STRANGER, TOKEN), (TESTER, "0" * 32)):
        with pytest.raises(ReceptionUnknown):
            await find_sample(actor, token, work=work)
    with pytest.raises(RoleNotEnough):
        await find_sample(replace(TESTER, role=Role.TENANT_ADMIN), TOKEN, work=work)


async def test_a_unit_received_before_there_were_labels_got_one_with_the_revision(engine, clock, ids, tmp_path):
    async with engine.begin() as connection:
        await _fill(connection)
        reception = await House(PostgresCertification(connection), clock, ids, tmp_path).receive()

    revision = importlib.import_module("migrations.versions.0092_earlier_labels")
    async with engine.begin() as connection:
        for statement in (revision.LABELS, revision.KEYS):
            await connection.execute(text(statement))

    async with engine.connect() as connection:
        work = PostgresCertification(connection)
        _, label = await sample_label(TESTER, reception.reception_id, work=work)
        assert len(label.token) == 64
        assert (await find_sample(REVIEWER, label.token, work=work)).number == reception.number


APPLICANT = someone(Role.TENANT_ADMIN, name="김신청", number=905, tenant_id=1)


async def asked(work, ids, clock, *, body_id=TWO, **more):
    wish = FileRequest(
        actor=APPLICANT,
        body_id=body_id,
        applicant=Applicant(name="순환모빌리티", contact="054-000-0000"),
        purpose="재사용 판정",
        units=UNITS,
        **more,
    )
    return await file_request(wish, work=work, ids=ids, clock=clock)


async def test_a_request_comes_back_as_it_was_filed_with_its_moves(work, ids, clock):
    named = ProtocolName(protocol_id="SH-REUSE-01", version="1.0.0")
    first = await asked(work, ids, clock)
    second = await asked(work, ids, clock, protocol=named)

    assert [one.number for one in (first, second)] == ["Q-2026-000001", "Q-2026-000002"]
    assert await work.requests.one(first.request_id) == first
    assert (await work.requests.one(second.request_id)).protocol == named
    at = AtRequest(actor=STRANGER, request_id=first.request_id, reason="서류 미비")
    await refuse_request(at, work=work, clock=clock)
    refused = await work.requests.one(first.request_id)
    assert refused.state is RequestState.REFUSED
    assert [
        (one.sequence, one.from_state, one.to_state, one.moved_by_name, one.reason)
        for one in await work.requests.moves(first)
    ] == [(1, None, "filed", "김신청", ""), (2, "filed", "refused", "남시험", "서류 미비")]
    with pytest.raises(RequestMoved):
        await work.requests.move(first, to=RequestState.ACCEPTED, at=NOW)  # as it was read before
    with pytest.raises(RequestUnknown):
        await work.requests.one(UUID(int=9))


async def test_requests_are_listed_by_side_and_state_newest_first(work, ids, clock):
    first, second, elsewhere = [await asked(work, ids, clock, body_id=body) for body in (TWO, TWO, ONE)]
    await withdraw_request(
        AtRequest(actor=APPLICANT, request_id=second.request_id, reason="중복"), work=work, clock=clock
    )

    async def listed(**wanted):
        return [one.request_id for one in await work.requests.page(RequestPage(limit=10, **wanted))]

    assert await listed(body=TWO) == [second.request_id, first.request_id]
    assert await listed(applicant=ONE) == [elsewhere.request_id, second.request_id, first.request_id]
    assert await listed(applicant=TWO) == []
    assert await listed(states=(RequestState.FILED,), body=TWO) == [first.request_id]
    assert await listed(after=second.request_id) == [first.request_id]


async def test_a_request_that_was_taken_in_in_part_is_closed_with_its_reason(work, ids, clock):
    request = await asked(work, ids, clock)
    at = AtRequest(actor=STRANGER, request_id=request.request_id, reason="나머지는 입고되지 않음")
    await accept(at, request, work=work, clock=clock)

    await close_request(at, work=work, clock=clock)

    assert (await work.requests.one(request.request_id)).state is RequestState.CLOSED
    last = (await work.requests.moves(request))[-1]
    assert (last.from_state, last.to_state, last.moved_by_name, last.moved_at, last.reason) == (
        "accepted",
        "closed",
        "남시험",
        NOW,
        "나머지는 입고되지 않음",
    )
    with pytest.raises(RequestMoved):
        await hold_for_acceptance(at, work=work)


async def test_the_receptions_of_a_request_come_by_line(work, ids, clock):
    request = await asked(work, ids, clock)
    for line, pack_id in ((2, OTHER_PACK), (1, PACK)):
        wish = Receive(
            actor=STRANGER,
            pack_id=pack_id,
            tenant_id=TWO,
            applicant=request.applicant,
            condition="양호",
            due_on=date(2026, 12, 5),
            facts=item_facts(scope=Scope.CELL),
            request_id=request.request_id,
            request_line=line,
        )
        await receive(wish, work=work, ids=ids, clock=clock)

    found = await work.receptions.of_request(request)

    assert [(one.request_line, one.pack_id, one.facts.scope) for one in found] == [
        (1, PACK, Scope.CELL),
        (2, OTHER_PACK, Scope.CELL),
    ]
    assert [one.line for one in waiting(request, found)] == [3]
    asked_for = RequestPage(body=TWO, waiting=True, limit=9)
    other = await asked(work, ids, clock)
    assert [one.number for one in await work.requests.page(asked_for)] == [other.number, request.number]
    await work.receptions.move(found[0], to=ReceptionState.RELEASED, at=NOW)
    await receive(replace(wish, pack_id=found[0].pack_id, request_line=3), work=work, ids=ids, clock=clock)
    assert [one.number for one in await work.requests.page(asked_for)] == [other.number]


def rest_file(volts):
    return cycler_record(cycler_step(1, StepKind.REST, first=volts, last=volts, amps="0", ah="0", wh="0"))


def of_part(ah):
    return cycler_record(
        cycler_step(1, StepKind.CCCV_CHARGE, first="2.6", last="4.2", amps="2.5", ah=ah, wh="18.3"),
        cycler_step(2, StepKind.CC_DISCHARGE, first="4.14", last="2.5", amps="-2.5", ah=f"-{ah}", wh="-17.2"),
    )


async def test_two_readings_of_rest_give_the_self_discharge_with_the_second(house, work, clock):
    reception = await house.receive()
    clock.at = NOW + timedelta(days=8)
    first = await house.run(reception, record=rest_file("3.700"), started_at=NOW + timedelta(hours=23))
    second = await house.run(reception, record=rest_file("3.688"), started_at=NOW + timedelta(hours=167))

    kept = await work.test_runs.of_reception(reception)
    assert [one.measurements for one in kept] == [first.measurements, second.measurements]
    assert first.measurements == ()
    assert {(one.test_id, one.quantity): one.value for one in second.measurements} == {
        ("T08", "ocv_24h"): Decimal("3.700"),
        ("T08", "ocv_168h"): Decimal("3.688"),
    }
    assert {one.source for one in second.measurements} == {MeasurementSource.RAW}


async def test_a_reading_of_rest_that_nobody_can_place_is_refused(house):
    reception = await house.receive()

    with pytest.raises(DischargeMissing):
        await house.run(reception, record=rest_file("3.700"))


async def test_parts_tested_one_by_one_give_their_dispersion_and_the_weakest_counts(house, work):
    reception = await house.receive()
    for part, ah in (("셀 1", "4.7"), ("셀 2", "4.5"), ("셀 3", "4.8")):
        last = await house.run(reception, record=of_part(ah), part=part)

    kept = await work.test_runs.of_reception(reception)
    assert [one.record.part for one in kept] == ["셀 1", "셀 2", "셀 3"]
    said = {(one.test_id, one.quantity): one.value for one in last.measurements}
    assert said["T11", "capacities"] == (Decimal("4.7"), Decimal("4.5"), Decimal("4.8"))
    assert said["T11", "weakest_cell_soh"] == Decimal(90)
    assert said["T06", "q_dis"] == (Decimal("4.5"),)  # not the last file's, the weakest part's
    judged = (await house.judge(reception)).judgement
    assert judged.soh_ppm == 900_000
    verdicts = {test.test_id: test.verdict.value for test in judged.tests}
    assert verdicts["T11"] == "review"  # the capacities stand more than 5 % apart


async def test_fees_change_until_they_are_agreed(house, work, clock):
    reception = await house.receive()
    with pytest.raises(FeesAgreed):
        await agree_fees(TESTER, reception.reception_id, work=work, clock=clock)
    for lines in (
        [Fee(what="T06 용량", amount_krw=1)],
        [Fee(what="T06", amount_krw=450_000), Fee(what="T03", amount_krw=80_000)],
    ):
        wish = SetFees(actor=TESTER, reception_id=reception.reception_id, lines=lines)
        await set_fees(wish, work=work, clock=clock)
    agreed = await agree_fees(TESTER, reception.reception_id, work=work, clock=clock)

    assert (agreed.total_krw, agreed.agreed_at) == (530_000, NOW)
    assert await work.custody.fees(reception) == agreed
    with pytest.raises(FeesAgreed):
        await set_fees(wish, work=work, clock=clock)
    assert await work.custody.fees(reception) == agreed


@pytest.mark.parametrize(("what", "amount_krw"), [("", 1), ("T06", -1), ("T06", 1_000_000_001)])
def test_a_fee_names_something_and_is_an_amount(what, amount_krw):
    with pytest.raises(FeeWrong):
        Fee(what=what, amount_krw=amount_krw)


async def test_a_cycler_run_is_recorded_from_its_file(house, work):
    reception = await house.receive()
    run = await house.run(reception, ambient_c=Decimal("25.1"), equipment="Neware BTS-4000")

    assert await work.test_runs.of_reception(await work.receptions.one(reception.reception_id)) == (run,)
    assert (run.sequence, run.variant, run.raw_file.sha256) == (1, Variant.C2, RAW)
    assert {one.quantity: (one.value, one.unit, one.source) for one in run.measurements} == {
        "q_dis": ((Decimal("4.7175"),), "Ah", MeasurementSource.RAW),
        "e_dis": (Decimal("17.2302"), "Wh", MeasurementSource.RAW),
        "q_chg": (Decimal("4.7607"), "Ah", MeasurementSource.RAW),
        "e_chg": (Decimal("18.307"), "Wh", MeasurementSource.RAW),
        "t_max": (Decimal("27.5"), "degC", MeasurementSource.RAW),
        "u_soh": (Decimal("0.96"), "percent", MeasurementSource.RAW),
    }
    assert await house.state(reception) is ReceptionState.UNDER_TEST


async def test_a_file_without_a_full_discharge_is_refused_and_nothing_is_kept(house, work):
    reception = await house.receive()
    rest = cycler_step(1, StepKind.REST, first="3.6", last="3.6", amps="0", ah="0", wh="0")
    empty = replace(cycler_record(rest), rows=0, voltage_v=None, current_a=None, steps=())

    for record in (empty, cycler_record(rest)):
        with pytest.raises(DischargeMissing):
            await house.run(reception, record=record)

    assert await work.test_runs.of_reception(reception) == ()
    assert await house.state(reception) is ReceptionState.RECEIVED


async def test_a_spectrum_or_a_module_at_rest_adds_what_it_measured_and_no_capacity(house, work):
    reception = await house.receive()
    rest = cycler_step(1, StepKind.REST, first="3.6", last="3.6", amps="0", ah="0", wh="0")
    spectrum = replace(
        cycler_record(rest),
        steps=(),
        impedance=Impedance(
            frequency_hz=None, ohmic_intercept_ohm=Decimal("0.01568817"), acr_1khz_ohm=Decimal("0.0160777")
        ),
    )
    module = replace(
        cycler_record(rest),
        cells=CellSpread(
            voltage_channels=12,
            temperature_channels=8,
            spread_mv_lowest=Decimal("160.2"),
            spread_mv_median=Decimal("162.5"),
            spread_mv_highest=Decimal("164.6"),
            weakest=7,
            strongest=1,
            sum_gap_mv=Decimal("8.1"),
        ),
    )

    runs = [await house.run(reception, record=record) for record in (spectrum, module)]

    assert [{(one.test_id, one.quantity): one.value for one in run.measurements} for run in runs] == [
        {("T09", "r_ohmic_intercept"): Decimal("15.688170"), ("T09", "acr_1khz"): Decimal("16.077700")},
        {("T04", "spread"): Decimal("164.600000")},
    ]
    assert [run.variant for run in runs] == [None, None]
    assert await work.test_runs.of_reception(await work.receptions.one(reception.reception_id)) == tuple(runs)


async def test_typed_values_come_back_marked_as_typed(house, work):
    reception = await house.receive()
    await house.run(reception)
    run = await house.enter(reception)

    stored = await work.test_runs.of_reception(reception)
    assert stored[1] == run
    assert (run.sequence, run.raw_file, run.record, run.variant) == (2, None, None, None)
    assert {one.source for one in run.measurements} == {MeasurementSource.MANUAL}
    assert len(run.measurements) == len(sheet())


async def test_one_wrong_value_and_none_is_kept(house, work):
    reception = await house.receive()
    wrong = Entered(test_id="T02", quantity="colour", value="red")

    with pytest.raises(QuantityUnknown):
        await house.enter(reception, *sheet(), wrong)

    assert await work.test_runs.of_reception(reception) == ()


async def test_a_run_holds_something_and_is_a_testers(house):
    reception = await house.receive()
    wish = RecordMeasurements(actor=TESTER, reception_id=reception.reception_id, measurements=(), equipment="벤치")

    with pytest.raises(NothingMeasured):
        await record_measurements(wish, work=house.work, protocol=PROTOCOL, ids=house.ids, clock=house.clock)
    with pytest.raises(RoleNotEnough):
        await house.enter(reception, actor=APPROVER)


# Judgement.


async def test_an_assessment_comes_back_as_it_was_judged(house, work):
    reception = await house.judged()

    assessment = await work.assessments.latest(reception)
    runs = await work.test_runs.of_reception(reception)
    assert assessment.judgement.disposition is Disposition.REUSE
    assert (assessment.judgement.grade, assessment.judgement.soh_ppm) == ("A", 943_500)
    assert assessment.judgement.usable_energy_wh == 20_676
    assert (assessment.run_ids, assessment.sequence) == (tuple(run.test_run_id for run in runs), 2)
    assert await house.state(reception) is ReceptionState.TESTED


async def test_what_was_never_judged_has_no_assessment(house, work):
    reception = await house.receive()

    with pytest.raises(AssessmentUnknown):
        await work.assessments.latest(reception)
    with pytest.raises(ReceptionMoved):
        await house.judge(reception)


async def test_a_retest_adds_an_assessment_and_the_first_one_stands(house, work):
    reception = await house.receive()
    await house.run(reception)
    await house.enter(reception, *sheet(leak=True))
    first = await house.judge(reception)
    await house.enter(reception, Entered(test_id="T02", quantity="leak", value=False))
    second = await house.judge(reception)

    assert (first.judgement.disposition, second.judgement.disposition) == ("quarantine", "reuse")
    assert await work.assessments.latest(reception) == second
    assert first.sequence < second.sequence


async def test_nothing_new_is_not_judged_again(house):
    reception = await house.judged()

    with pytest.raises(ReceptionMoved):
        await house.judge(reception)


# Review and approval.


async def test_a_second_person_reviews_and_a_third_approves_exactly_this_assessment(house, work):
    reception = await house.judged()
    reviewed = await house.review(reception)
    assert await house.state(reception) is ReceptionState.REVIEWED
    approved = await house.approve(reception)
    assessment = await work.assessments.latest(reception)

    assert await work.signatures.of_subject(PACK, assessment.assessment_id) == (reviewed, approved)
    assert (reviewed.printed_name, reviewed.meaning, reviewed.signed_at) == ("윤검토", "review", NOW)
    assert (approved.printed_name, approved.meaning, approved.signed_at) == ("박승인", "approval", NOW)
    assert reviewed.subject_sha256 == approved.subject_sha256 == sha256(assessment_text(assessment)).hex()
    assert reviewed.entered_by == (TESTER.person_id,)
    assert approved.entered_by == (TESTER.person_id, REVIEWER.person_id)
    assert await house.state(reception) is ReceptionState.APPROVED


async def test_each_signs_in_their_own_role_only(house):
    reception = await house.judged()
    for actor in (TESTER, APPROVER):
        with pytest.raises(RoleNotEnough):
            await house.review(reception, actor=actor)
    await house.review(reception)

    for actor in (TESTER, REVIEWER):
        with pytest.raises(RoleNotEnough):
            await house.approve(reception, actor=actor)


async def test_no_approval_skips_the_review(house):
    reception = await house.judged()

    with pytest.raises(ReceptionMoved) as caught:
        await house.approve(reception)

    assert caught.value.facts == {"state": "tested"}


@pytest.mark.parametrize("step", ["receive", "run", "enter", "judge"])
@pytest.mark.parametrize("signer", [REVIEWER, APPROVER])
async def test_whoever_did_any_of_the_work_does_not_sign_it_in_another_role(house, signer, step):
    both = replace(signer, role=Role.TESTER)
    reception = await house.receive(actor=both if step == "receive" else TESTER)
    await house.run(reception, actor=both if step == "run" else TESTER)
    await house.enter(reception, actor=both if step == "enter" else TESTER)
    await house.judge(reception, actor=both if step == "judge" else TESTER)
    if signer is APPROVER:
        await house.review(reception)
    stood = await house.state(reception)

    with pytest.raises(OwnWork) as caught:
        await (house.review(reception) if signer is REVIEWER else house.approve(reception))

    assert caught.value.code == "certification.own-work"
    assert await house.state(reception) is stood


async def test_the_reviewer_does_not_approve_in_another_role(house):
    reception = await house.reviewed()

    with pytest.raises(OwnWork):
        await house.approve(reception, actor=replace(REVIEWER, role=Role.APPROVER))


async def test_a_result_added_after_the_review_is_judged_and_reviewed_anew(house, work):
    reception = await house.reviewed()
    await house.enter(reception, Entered(test_id="T02", quantity="leak", value=False))
    assert await house.state(reception) is ReceptionState.UNDER_TEST
    await house.judge(reception)

    with pytest.raises(ReceptionMoved):
        await house.approve(reception)
    await house.review(reception)
    await house.approve(reception)
    assert await house.state(reception) is ReceptionState.APPROVED


@pytest.mark.parametrize("meaning", ["review", "approval"])
async def test_a_signature_on_another_record_does_not_count(house, work, meaning):
    """A signature is bound to its record's hash, so one that names another record signs nothing."""
    first, second = await house.judged(), await house.judged(pack_id=OTHER_PACK)
    borrowed = await house.review(first)
    if meaning == "approval":
        borrowed = await house.approve(first)
        await house.review(second)
    assessment = await work.assessments.latest(second)
    moved = replace(
        borrowed,
        signature_id=UUID(int=77),
        pack_id=OTHER_PACK,
        reception_id=second.reception_id,
        subject_id=assessment.assessment_id,
    )
    await work.signatures.add(moved)
    stands = await work.receptions.one(second.reception_id)
    to = ReceptionState.REVIEWED if meaning == "review" else ReceptionState.APPROVED
    await work.receptions.move(stands, to=to, at=NOW)

    with pytest.raises(AssessmentBroken):
        await (house.approve(second) if meaning == "review" else house.issue(second))


@pytest.mark.parametrize(
    ("found", "disposition"),
    [({"leak": True}, "quarantine"), ({"corrosion": "heavy"}, "hold_review"), ({"r_dis": "60.0"}, "recycle")],
)
async def test_what_is_not_for_reuse_gets_a_report_and_no_certificate(house, work, found, disposition):
    reception = await house.judged(**found)
    await house.review(reception)
    await house.approve(reception)

    issued = await house.issue(reception)

    assert issued.certificate is None
    assert await work.certificates.of_pack(PACK) == ()
    printed = json.loads(issued.report.content)
    assert (printed["disposition"], printed["grade"]) == (disposition, None)
    assert printed["verify_url"] == "https://sunhwan.example/verify?number=TR-2026-000001"
    assert [kind for kind, _, _ in house.documents.made] == [DocumentKind.TEST_REPORT]
    assert await house.state(reception) is ReceptionState.ISSUED
    assert (await house.receive()).number == "R-2026-000002"


async def test_a_report_of_what_was_never_measured_says_so(house):
    reception = await house.without_capacity()
    await house.review(reception)
    await house.approve(reception)

    printed = json.loads((await house.issue(reception)).report.content)

    assert (printed["soh_ppm"], printed["usable_energy_wh"]) == (None, None)
    assert "T06" in [one["test_id"] for one in printed["not_assessed"]]


async def test_a_second_person_releases_a_hold_and_the_report_says_why(house, work):
    reception = await house.judged(corrosion="heavy")
    signature = await house.release_hold(reception)
    assessment = await work.assessments.latest(reception)
    release = await work.signatures.released(assessment)

    assert (signature.meaning, signature.printed_name, signature.subject_type) == (
        "hold_release",
        "윤검토",
        "hold_release",
    )
    assert signature.subject_sha256 == sha256(hold_release_text(assessment, release)).hex()
    assert (release.reason, release.released_by, release.released_at) == ("육안 확인", REVIEWER.person_id, NOW)
    assert (assessment.judgement.disposition, release.judgement.disposition) == ("hold_review", "reuse")
    await house.approve(reception)
    issued = await house.issue(reception)
    assert issued.certificate.grade == release.judgement.grade == "A"
    printed = json.loads(issued.report.content)
    assert "보류 해제: 육안 확인 (윤검토)" in printed["deviations_ko"]
    assert printed["reviewed_by"][0]["meaning_ko"] == "검토·보류 해제"


@pytest.mark.parametrize(
    ("found", "refusal"), [({}, NotHeld), ({"leak": True}, NotHeld), ({"capacity": None}, HoldStays)]
)
async def test_only_a_hold_that_lacks_nothing_is_released(house, found, refusal):
    reception = await house.without_capacity() if "capacity" in found else await house.judged(**found)

    with pytest.raises(refusal):
        await house.release_hold(reception)

    assert await house.state(reception) is ReceptionState.TESTED


async def test_a_hold_is_released_by_the_protocol_that_judged_it(house):
    reception = await house.judged(corrosion="heavy")

    with pytest.raises(ProtocolChanged):
        await house.release_hold(reception, protocol=replace(PROTOCOL, sha256="0" * 64))


async def test_a_hold_is_not_released_by_who_measured_nor_without_a_reason(house):
    reception = await house.judged(corrosion="heavy")

    with pytest.raises(OwnWork):
        await house.release_hold(reception, actor=replace(TESTER, role=Role.REVIEWER))
    with pytest.raises(ReasonMissing):
        await house.release_hold(reception, reason="  ")


async def test_who_released_a_hold_does_not_approve_it(house):
    reception = await house.judged(corrosion="heavy")
    await house.release_hold(reception)

    with pytest.raises(OwnWork):
        await house.approve(reception, actor=replace(REVIEWER, role=Role.APPROVER))


async def test_the_issue_is_a_signature_of_its_own_on_the_report(house, work):
    report = (await house.issued()).report
    (signature,) = await work.signatures.of_subject(PACK, report.report_id)

    assert (signature.meaning, signature.subject_type, signature.signed_by) == ("issue", "report", APPROVER.person_id)
    assert signature.subject_sha256 == sha256(report.content).hex()
    assert signature.entered_by == (TESTER.person_id, REVIEWER.person_id)


async def test_every_move_is_kept_with_who_when_and_why(house, work):
    reception = await house.judged()
    await house.send_back(reception)
    await house.judge(reception)
    await house.review(reception)
    await house.approve(reception)
    await house.issue(reception)

    moves = await work.receptions.transitions(reception)

    assert [(one.sequence, one.from_state, one.to_state, one.moved_by_name, one.reason) for one in moves] == [
        (1, None, "received", "이시험", ""),
        (2, "received", "under_test", "이시험", ""),
        (3, "under_test", "tested", "이시험", ""),
        (4, "tested", "under_test", "윤검토", "T03 재확인"),
        (5, "under_test", "tested", "이시험", ""),
        (6, "tested", "reviewed", "윤검토", ""),
        (7, "reviewed", "approved", "박승인", ""),
        (8, "approved", "issued", "박승인", "TR-2026-000001"),
    ]
    assert {one.moved_at for one in moves} == {NOW}


@pytest.mark.parametrize("how", ["refuse", "release"])
async def test_a_closed_reception_lets_the_pack_be_received_again(house, how):
    reception = await house.receive()
    with pytest.raises(ReasonMissing):
        await getattr(house, how)(reception, reason="")

    await getattr(house, how)(reception)

    assert await house.state(reception) is (ReceptionState.REFUSED if how == "refuse" else ReceptionState.RELEASED)
    assert (await house.receive()).number == "R-2026-000002"


async def test_a_report_is_withdrawn_once_no_certificate_stands_on_it(house, work):
    issued = await house.issued()
    reception = await work.receptions.one(issued.report.reception_id)
    with pytest.raises(CertificateStands) as caught:
        await house.withdraw(reception)
    assert caught.value.facts == {"number": "KC-2026-000001"}

    actor = replace(APPROVER, confirmed_at=NOW)
    wish = ChangeCertificate(actor=actor, certificate_id=issued.certificate.certificate_id, reason="오류")
    await revoke(wish, work=work, clock=house.clock)
    document = await work.issued_documents.numbered(issued.report.number)
    assert await work.issued_documents.withdrawn(document) is None
    await house.withdraw(reception)

    assert await house.state(reception) is ReceptionState.WITHDRAWN
    assert await work.reports.of_reception(reception) == issued.report
    told = await work.issued_documents.withdrawn(document)
    assert (told.number, told.reason, told.withdrawn_at) == (issued.report.number, "시료 혼동", NOW)


async def test_nothing_is_approved_twice_or_changed_after(house):
    reception = await house.reviewed()
    await house.approve(reception)

    with pytest.raises(ReceptionMoved):
        await house.approve(reception)
    with pytest.raises(ReceptionMoved):
        await house.enter(reception)


async def test_the_store_refuses_a_signer_among_those_who_entered(house, work):
    reception = await house.reviewed()
    signature = await house.approve(reception)

    with pytest.raises(OwnWork):
        await work.signatures.add(
            replace(signature, signature_id=UUID(int=7), subject_id=UUID(int=8), signed_by=TESTER.person_id)
        )


# Issue.


async def test_report_and_certificate_are_issued_printed_and_signed(house, work):
    issued = await house.issued()
    certificate, report = issued.certificate, issued.report

    assert (report.number, certificate.number) == ("TR-2026-000001", "KC-2026-000001")
    assert (certificate.grade, certificate.soh_ppm, certificate.usable_energy_wh) == ("A", 943_500, 20_676)
    assert (certificate.valid_until, certificate.reinspection_due_on) == (date(2028, 11, 21), date(2028, 11, 21))
    assert certificate_valid_at(certificate, NOW)
    reception = await work.receptions.one(certificate.reception_id)
    assert reception.state is ReceptionState.ISSUED
    assert await work.reports.of_reception(reception) == report
    assert await work.certificates.one(certificate.certificate_id) == certificate
    assert await work.certificates.find("KC-2026-000001") == certificate
    assert await work.certificates.find_by_token(TOKEN) == certificate
    assert await work.certificates.standing(PACK) == certificate
    assert await work.certificates.of_pack(PACK) == (certificate,)
    assert (await work.files.read(report.pdf_sha256)).startswith(b"%PDF-1.7\ntest_report 2026-11-21")
    assert (await work.files.read(certificate.pdf_sha256)).startswith(b"%PDF-1.7\ncertificate 2026-11-21")


async def test_the_signed_record_verifies_and_any_change_is_noticed(house):
    certificate = (await house.issued()).certificate
    record = json.loads(certificate.credential)

    await house.credentials.verify(record)

    assert record["credentialSubject"]["sohPpm"] == 943_500
    assert record["credentialSubject"]["id"] == PACK_PRINT["product_uri"]
    assert record["validUntil"] == "2028-11-21T14:59:59.000000Z"
    assert TOKEN not in certificate.credential
    with pytest.raises(SignatureBroken):
        await house.credentials.verify(json.loads(certificate.credential.replace("943500", "943501")))


async def test_the_report_prints_what_was_measured_and_what_was_not(house):
    await house.issued()

    (kind, printed, dated_on), (other, certificate, _) = house.documents.made
    assert (kind, other, dated_on) == (DocumentKind.TEST_REPORT, DocumentKind.CERTIFICATE, date(2026, 11, 21))
    assert [test["test_id"] for test in printed["tests"]] == [
        "T01", "T02", "T03", "T04", "T06", "T07", "T08", "T10", "T11",
    ]  # fmt: skip
    assert [one["test_id"] for one in printed["not_assessed"]] == ["T05", "T09", "T12", "T13"]
    assert printed["raw_files"] == [{"name": "M50T.ndax", "sha256": RAW}]
    assert (printed["tested_by"], printed["approved_by"]["name"]) == (["이시험"], "박승인")
    assert [(one["name"], one["meaning_ko"]) for one in printed["reviewed_by"]] == [("윤검토", "검토")]
    assert (printed["ambient_ko"], printed["ambient_en"]) == ("24.8 ℃", "24.8 °C")
    assert "안정화 확인 미적용" in printed["deviations_ko"]
    assert printed["sampling_ko"] == "셀 1200개 중 1개를 시료로 용량 시험, 팩 값은 시료 값 × 1200"
    assert certificate["verify_url"] == f"https://sunhwan.example/verify/{TOKEN}"
    assert certificate["use_en"] == "daily cycling up to 0.5C within SOC 10-95 %; not for traction"


async def test_the_report_names_each_runs_device_and_the_calibration_that_held(house):
    device = await registered(house)
    reception = await house.receive()
    await house.run(reception, serial=device.serial)
    await house.enter(reception, equipment=" 벤치 BN-01 ")
    await house.judge(reception)
    await house.review(reception)
    await house.approve(reception)

    first, second = json.loads((await house.issue(reception)).report.content)["equipment"]

    held = device.newest
    assert (first["run"], first["device"], first["serial"]) == (1, device.name, "CH-03")
    assert (first["certificate_no"], first["calibrated_on"], first["due_on"]) == (
        held.certificate_no,
        held.calibrated_on.isoformat(),
        held.due_on.isoformat(),
    )
    assert "T06" in first["tests"]
    assert second == {
        "run": 2, "tests": "T01, T02, T03, T04, T06, T07, T08, T10, T11", "device": "벤치 BN-01", "serial": None,
        "certificate_no": None, "calibrated_on": None, "due_on": None, "provider": None,
    }  # fmt: skip


async def test_what_another_laboratory_measured_is_marked_in_the_report(house, work):
    reception = await house.receive()
    await house.run(reception)
    await house.enter(reception, *(one for one in sheet() if one.test_id != "T03"))
    outside = [one for one in sheet() if one.test_id == "T03"]
    run = await house.enter(reception, *outside, provider="한국시험소", equipment="절연저항계 MIT-400")
    assert (await work.test_runs.of_reception(reception))[2] == run
    await house.judge(reception)
    await house.review(reception)
    await house.approve(reception)

    printed = json.loads((await house.issue(reception)).report.content)

    measured = "T03 r_iso_pos, T03 r_iso_neg, T03 test_voltage, T03 working_voltage"
    assert (printed["external_ko"], printed["external_en"]) == (
        f"한국시험소 제공: {measured}",
        f"measured by 한국시험소: {measured}",
    )
    assert printed["equipment"][2]["provider"] == "한국시험소"


async def test_nothing_is_recorded_that_nobody_says_what_it_was_measured_with(house, work):
    reception = await house.receive()
    for attempt in (house.run(reception, equipment="  "), house.enter(reception, equipment="")):
        with pytest.raises(EquipmentMissing):
            await attempt

    assert await work.test_runs.of_reception(reception) == ()


async def recorded_before_equipment_was_asked_for(house, work, kept):
    """Store a run again as those were that name no equipment; return it."""
    old = replace(
        kept,
        test_run_id=house.ids.new(),
        sequence=kept.sequence + 1,
        equipment="",
        recorded_by=STRANGER.person_id,
    )
    await work.test_runs.add(old)
    return old


async def test_a_run_of_before_is_told_its_equipment_once_and_the_report_says_that_it_was_afterwards(
    house, work, clock
):
    reception = await house.receive()
    await house.run(reception)
    old = await recorded_before_equipment_was_asked_for(house, work, await house.enter(reception))
    with pytest.raises(RunEquipmentMissing) as caught:
        await house.judge(reception)
    assert caught.value.facts == {"runs": "3"}

    def wish(run=3, **said):
        return TellEquipment(actor=TESTER, reception_id=reception.reception_id, run=run, **said)

    for refused, why in (
        (wish(run=9, equipment="벤치"), RunUnknown),
        (wish(run=1, equipment="벤치"), EquipmentKnown),
        (wish(equipment="  "), EquipmentMissing),
        (wish(serial="NOWHERE"), SerialUnknown),
    ):
        with pytest.raises(why):
            await tell_equipment(refused, work=work, clock=clock)
    told = await tell_equipment(wish(equipment=" 절연저항계 IR-1 "), work=work, clock=clock)

    (*_, stored) = await work.test_runs.of_reception(reception)
    assert stored == told
    assert (stored.equipment, stored.told.said_by_name) == ("절연저항계 IR-1", "이시험")
    assert replace(stored, equipment="", told=None) == old  # nothing else of it moved
    with pytest.raises(EquipmentKnown):
        await tell_equipment(wish(equipment="다른 장비"), work=work, clock=clock)
    await house.judge(reception)
    await house.review(reception)
    await house.approve(reception)
    printed = json.loads((await house.issue(reception)).report.content)
    assert printed["equipment"][2]["device"] == "절연저항계 IR-1"
    assert "3회차 시험의 장비는 기록한 뒤에 적음 (이시험, 2026-11-21)" in printed["deviations_ko"]
    assert "the equipment of run 3 was said after it was recorded (이시험, 2026-11-21)" in printed["deviations_en"]
    with pytest.raises(ReceptionMoved):
        await tell_equipment(wish(equipment="벤치"), work=work, clock=clock)


async def test_who_told_a_runs_equipment_signs_nothing_of_it(house, work, clock):
    reception = await house.receive()
    await house.run(reception)
    await recorded_before_equipment_was_asked_for(house, work, await house.enter(reception))
    teller = replace(REVIEWER, role=Role.TESTER)
    wish = TellEquipment(actor=teller, reception_id=reception.reception_id, run=3, equipment="벤치")
    await tell_equipment(wish, work=work, clock=clock)
    await house.judge(reception)

    with pytest.raises(OwnWork):
        await house.review(reception)


async def test_a_device_that_was_told_afterwards_answers_for_its_run(house, work, clock):
    device = await registered(house)
    reception = await house.receive()
    old = await recorded_before_equipment_was_asked_for(house, work, await house.run(reception))
    wish = TellEquipment(actor=TESTER, reception_id=reception.reception_id, run=old.sequence, serial=device.serial)
    told = await tell_equipment(wish, work=work, clock=clock)

    assert (told.device_id, told.equipment) == (device.device_id, device.label_on(date(2026, 11, 21)))
    (doubtful,) = await work.devices.measured_with(
        device, from_on=date(2026, 11, 1), until_on=date(2026, 11, 30), limit=9
    )
    assert (doubtful.reception_number, doubtful.sequence) == (reception.number, old.sequence)


def others_record(count=1, *, pack_id=PACK, tenant_id=TESTER.tenant_id):
    content = content_of(records_row(number=f"DH-{count}"), today=date(2026, 11, 21))
    return ExternalRecord(
        record_id=UUID(int=700 + count),
        tenant_id=tenant_id,
        import_id=UUID(int=900),
        content=content,
        proof=Proof.VERIFIED,
        source_sha256="ab" * 32,
        pack_id=pack_id,
        imported_by_name="서품질",
        imported_at=NOW,
    )


async def test_a_report_and_a_certificate_cite_records_of_others_about_their_unit_with_source_and_number(
    house, work, clock
):
    mine, elsewhere, anothers = others_record(1), others_record(2, pack_id=OTHER_PACK), others_record(3, tenant_id=TWO)
    for one in (mine, elsewhere, anothers):
        await work.external_records.add(one)
    reception = await house.receive()

    def wish(record, *, cited=True, actor=TESTER):
        return CiteRecord(actor=actor, reception_id=reception.reception_id, record_id=record.record_id, cited=cited)

    for refused, why in (
        (wish(elsewhere), RecordElsewhere),
        (wish(anothers), RecordElsewhere),
        (wish(mine, actor=STRANGER), ReceptionUnknown),
        (wish(mine, actor=APPROVER), RoleNotEnough),
    ):
        with pytest.raises(why):
            await cite_record(refused, work=work, clock=clock)
    assert await cite_record(wish(mine), work=work, clock=clock) == (mine,)
    assert await cite_record(wish(mine), work=work, clock=clock) == (mine,)
    assert await cite_record(wish(mine, cited=False), work=work, clock=clock) == ()
    assert await cite_record(wish(mine), work=work, clock=clock) == (mine,)
    said = await work.external_records.citations(reception)
    assert [(one.sequence, one.cited, one.said_by_name, one.said_at) for one in said] == [
        (1, True, "이시험", NOW),
        (2, False, "이시험", NOW),
        (3, True, "이시험", NOW),
    ]
    await house.run(reception)
    await house.enter(reception)
    await house.judge(reception)
    with pytest.raises(ReceptionMoved):  # who reviews and approves has seen what is cited
        await cite_record(wish(mine, cited=False), work=work, clock=clock)
    await house.review(reception)
    await house.approve(reception)
    printed = json.loads((await house.issue(reception)).report.content)

    assert printed["external_ko"] == (
        "인용(판정에 쓰지 않음): 대한시험원 인증서 DH-1, KC 10031:2023, 2025-11-03 발급, B, 적합, SOH 84.25 %, "
        "가져올 때 상태 유효, 서명 확인됨"
    )
    assert printed["external_en"] == (
        "cited, not judged on: certificate DH-1 of 대한시험원, KC 10031:2023, issued 2025-11-03, B, 적합, SOH 84.25 %, "
        "valid when it was taken in, its signature was checked"
    )
    (cited,) = printed["cited_records"]
    assert (cited["issuer"], cited["number"], cited["content_sha256"]) == ("대한시험원", "DH-1", mine.content.sha256)
    (certificate,) = [content for kind, content, _ in house.documents.made if kind is DocumentKind.CERTIFICATE]
    assert certificate["external_ko"] == printed["external_ko"]


async def test_what_the_bench_must_say_is_asked_for_before_the_judgement_while_it_still_can(house):
    reception = await house.receive()
    await house.run(reception, record=replace(cycler_record(), temperature_c=None))
    with pytest.raises(ReportIncomplete, match=r"ambient conditions \(7\.8\.3\.1 a\)"):
        await house.judge(reception)
    await house.enter(reception)

    await house.judge(reception)


async def test_an_ambient_temperature_off_the_target_is_a_deviation_without_any_device(house, work):
    reception = await house.receive()
    run = await house.run(reception, ambient_c=Decimal("31.5"))

    assert await work.test_runs.of_reception(reception) == (run,)
    assert run.deviation == "주위 온도 31.5 ℃: 기준 25 ± 2 ℃를 벗어남"
    assert run.deviation_en == "ambient temperature 31.5 °C: outside 25 ± 2 °C"


async def test_the_decision_rule_is_stored_signed_and_printed(house, work):
    reception = await house.receive()
    await house.run(reception)
    await house.enter(reception)
    judged = await house.judge(reception, rule=DecisionRule.GUARDED)
    assert await work.assessments.latest(reception) == judged
    assert '"decision_rule":"guarded"' in assessment_text(judged)
    await house.review(reception)
    await house.approve(reception)

    printed = json.loads((await house.issue(reception)).report.content)

    assert printed["decision_rule_ko"].startswith("보호대역 수용 (w = U, k = 2)")
    assert printed["decision_rule_en"].startswith("guarded acceptance (w = U, k = 2)")
    assert printed["soh_u_ppm"] == judged.judgement.soh_u_ppm > 0


async def test_a_hold_is_released_by_the_rule_it_was_judged_by(house, work):
    reception = await house.receive()
    await house.run(reception)
    await house.enter(reception, *sheet(corrosion="heavy"))
    await house.judge(reception, rule=DecisionRule.GUARDED)
    await house.release_hold(reception)

    release = await work.signatures.released(await work.assessments.latest(reception))

    assert release.judgement.decision_rule is DecisionRule.GUARDED


async def test_no_report_leaves_empty_what_it_must_say(house, work):
    reception = await house.reviewed()
    await house.approve(reception)

    with pytest.raises(ReportIncomplete) as caught:
        await house.issue(reception, laboratory=replace(LABORATORY, address_en=""))

    assert caught.value.facts["items_en"] == "name and address of the laboratory (b)"
    assert await house.state(reception) is ReceptionState.APPROVED
    assert await work.reports.of_reception(reception) is None


async def test_an_approver_issues_once_and_only_what_is_approved(house):
    reception = await house.reviewed()
    with pytest.raises(ReceptionMoved):
        await house.issue(reception)
    await house.approve(reception)
    with pytest.raises(RoleNotEnough):
        await house.issue(reception, actor=TESTER)
    await house.issue(reception)

    with pytest.raises(ReceptionMoved):
        await house.issue(reception)


@pytest.mark.parametrize("token", ["", "abc", "0" * 31, "Z" * 32])
async def test_a_token_that_could_be_guessed_is_refused(house, token):
    reception = await house.reviewed()
    await house.approve(reception)

    with pytest.raises(TokenTooShort):
        await house.issue(reception, token=token)


async def test_numbers_are_counted_and_a_token_is_used_once(house):
    await house.issued()

    second = await house.issued(pack_id=OTHER_PACK, token="f" * 32)
    assert (second.report.number, second.certificate.number) == ("TR-2026-000002", "KC-2026-000002")
    with pytest.raises(NumberTaken):
        await house.issued(pack_id=PACK, token="f" * 32)


async def test_a_new_certificate_supersedes_the_one_before(house, work):
    first = (await house.issued()).certificate
    second = (await house.issued(token="f" * 32)).certificate

    old = await work.certificates.one(first.certificate_id)
    assert (old.status, old.status_reason) == (CertificateStatus.SUPERSEDED, "KC-2026-000002")
    assert await work.certificates.standing(PACK) == second


async def test_a_reexamination_is_due_when_the_grade_says(house):
    reception = await house.receive()
    await house.run(reception)
    await house.enter(reception, *sheet(weakest_cell_soh="66"))
    await house.judge(reception)
    await house.review(reception)
    await house.approve(reception)

    certificate = (await house.issue(reception)).certificate

    assert certificate.grade == "C"
    assert (certificate.valid_until, certificate.reinspection_due_on) == (date(2028, 11, 21), date(2027, 11, 21))


# Suspend and revoke.


async def test_a_suspended_certificate_is_not_valid_and_may_be_revoked(house, work):
    certificate = (await house.issued()).certificate
    wish = ChangeCertificate(
        actor=replace(APPROVER, confirmed_at=NOW), certificate_id=certificate.certificate_id, reason="안전 경보"
    )

    suspended = await suspend(wish, work=work, clock=house.clock)
    assert await work.certificates.one(certificate.certificate_id) == suspended
    assert (suspended.status, suspended.status_reason) == (CertificateStatus.SUSPENDED, "안전 경보")
    assert not certificate_valid_at(suspended, NOW)
    with pytest.raises(CertificateMoved):
        await suspend(wish, work=work, clock=house.clock)

    revoked = await revoke(wish, work=work, clock=house.clock)
    assert revoked.status is CertificateStatus.REVOKED
    assert await work.certificates.standing(PACK) is None
    with pytest.raises(CertificateMoved):
        await revoke(wish, work=work, clock=house.clock)


async def test_a_certificate_is_ended_by_an_approver_of_its_body(house, work):
    certificate = (await house.issued()).certificate
    strange = replace(someone(Role.APPROVER, number=905, tenant_id=2), confirmed_at=NOW)

    with pytest.raises(RoleNotEnough):
        await suspend(
            ChangeCertificate(actor=TESTER, certificate_id=certificate.certificate_id, reason="-"),
            work=work,
            clock=house.clock,
        )
    with pytest.raises(CertificateUnknown):
        await revoke(
            ChangeCertificate(actor=strange, certificate_id=certificate.certificate_id, reason="-"),
            work=work,
            clock=house.clock,
        )


async def test_a_suspension_is_lifted_by_another_person_of_the_body(house, work):
    certificate = (await house.issued()).certificate
    approver, reviewer = replace(APPROVER, confirmed_at=NOW), replace(REVIEWER, confirmed_at=NOW)
    wish = ChangeCertificate(actor=approver, certificate_id=certificate.certificate_id, reason="점검")

    async def lift(actor, suspended_by=APPROVER.person_id):
        return await reinstate(replace(wish, actor=actor), suspended_by=suspended_by, work=work, clock=house.clock)

    with pytest.raises(CertificateMoved):
        await lift(reviewer)
    await suspend(wish, work=work, clock=house.clock)
    with pytest.raises(OwnSuspension):
        await lift(approver)
    with pytest.raises(RoleNotEnough):
        await lift(TESTER)
    with pytest.raises(CertificateUnknown):
        await lift(replace(someone(Role.APPROVER, number=905, tenant_id=2), confirmed_at=NOW))

    lifted = await lift(reviewer)
    assert lifted == await work.certificates.one(certificate.certificate_id)
    assert certificate_valid_at(lifted, NOW)


async def test_what_ran_out_is_found_until_it_is_marked(house, work):
    certificate = (await house.issued()).certificate
    next_day = certificate.valid_until + timedelta(days=1)

    async def found(before, after=None):
        return await work.certificates.run_out(before=before, after=after, limit=10)

    assert await found(certificate.valid_until) == ()
    assert await found(next_day) == (certificate,)
    assert await found(next_day, certificate.certificate_id) == ()
    await work.certificates.change(certificate, to=CertificateStatus.EXPIRED, reason="-", at=NOW)
    assert await found(next_day) == ()
    assert await work.certificates.standing(PACK) is None
    assert (await work.certificates.one(certificate.certificate_id)).status is CertificateStatus.EXPIRED


async def test_two_who_change_one_certificate_are_ordered(house, work):
    certificate = (await house.issued()).certificate
    await work.certificates.change(certificate, to=CertificateStatus.SUSPENDED, reason="first", at=NOW)

    with pytest.raises(CertificateMoved):
        await work.certificates.change(certificate, to=CertificateStatus.REVOKED, reason="second", at=NOW)


async def test_an_unknown_certificate_is_not_found(work):
    with pytest.raises(CertificateUnknown):
        await work.certificates.one(CertificateId(UUID(int=404)))
    with pytest.raises(CertificateUnknown):
        await work.certificates.find("KC-2026-999999")
    with pytest.raises(CertificateUnknown):
        await work.certificates.find_by_token("0" * 32)
    assert await work.certificates.standing(PACK) is None


# What only the database can be asked.


async def _postgres_house(connection: AsyncConnection, folder: Path) -> House:
    return House(PostgresCertification(connection), FixedClock(NOW), CountedIds(), folder)


async def test_direct_sql_cannot_let_a_tester_sign(connection, tmp_path):
    house = await _postgres_house(connection, tmp_path)
    reception = await house.reviewed()
    await house.approve(reception)

    with pytest.raises(IntegrityError, match="signature_is_by_a_second_person"):
        await connection.execute(text("update sunhwan.signature set signed_by = entered_by[1]"))


async def test_direct_sql_cannot_let_one_person_sign_twice(connection, tmp_path):
    house = await _postgres_house(connection, tmp_path)
    reception = await house.reviewed()
    await house.approve(reception)

    with pytest.raises(IntegrityError, match="signature_once_a_person"):
        await connection.execute(
            text("update sunhwan.signature set signed_by = :reviewer, entered_by = :tester where meaning = 'approval'"),
            {"reviewer": REVIEWER.person_id, "tester": [TESTER.person_id]},
        )


async def test_direct_sql_cannot_move_a_signature_to_what_is_no_assessment(connection, tmp_path):
    house = await _postgres_house(connection, tmp_path)
    await house.reviewed()

    with pytest.raises(IntegrityError, match="signature_is_of_an_assessment"):
        await connection.execute(
            text("update sunhwan.signature set subject_id = reception_id, assessment_id = reception_id")
        )


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("subject_id = reception_id", "signature_is_of_one_subject"),
        ("subject_type = 'report'", "signature_is_of_one_subject|signature_means_what_its_subject_allows"),
        ("meaning = 'issue'", "signature_means_what_its_subject_allows"),
        ("meaning = 'hold_release'", "signature_means_what_its_subject_allows"),
        ("subject_type = 'report', meaning = 'issue', report_id = subject_id, assessment_id = null", "of_a_report"),
    ],
)
async def test_direct_sql_cannot_let_a_signature_mean_something_else(connection, tmp_path, change, refusal):
    house = await _postgres_house(connection, tmp_path)
    await house.reviewed()

    with pytest.raises(IntegrityError, match=refusal):
        await connection.execute(text(f"update sunhwan.signature set {change}"))


async def test_direct_sql_cannot_close_a_reception_without_a_reason(connection, tmp_path):
    house = await _postgres_house(connection, tmp_path)
    reception = await house.receive()
    await house.refuse(reception)

    with pytest.raises(IntegrityError, match="reception_event_says_why"):
        await connection.execute(text("update sunhwan.reception_event set reason = ''"))


async def test_the_program_may_not_change_a_signature(connection, tmp_path):
    house = await _postgres_house(connection, tmp_path)
    await house.reviewed()
    await connection.execute(text("set local role sunhwan_app"))

    with pytest.raises(ProgrammingError, match="permission denied"):
        await connection.execute(text("update sunhwan.signature set printed_name = 'x'"))


async def test_an_assessment_altered_in_the_database_is_not_issued(connection, tmp_path):
    house = await _postgres_house(connection, tmp_path)
    reception = await house.reviewed()
    await house.approve(reception)
    await connection.execute(text("update sunhwan.assessment set judgement = replace(judgement, '943500', '993500')"))

    with pytest.raises(AssessmentBroken):
        await house.issue(reception)


async def test_two_standing_certificates_of_one_pack_are_refused(connection, tmp_path):
    house = await _postgres_house(connection, tmp_path)
    await house.issued()
    await house.issued(token="f" * 32)

    with pytest.raises(IntegrityError, match="certificate_state_one_standing"):
        await connection.execute(text("update sunhwan.certificate_state set status = 'valid'"))


async def test_two_who_approve_at_once_leave_one_signature(engine: AsyncEngine, tmp_path):
    async with engine.connect() as connection:
        await _fill(connection)
        house = await _postgres_house(connection, tmp_path)
        reception = await house.reviewed()
        await connection.commit()
    async with engine.connect() as first, engine.connect() as second:
        one = await _postgres_house(first, tmp_path)
        one.ids = CountedIds(1_000)
        two = await _postgres_house(second, tmp_path)
        await one.approve(reception)
        await second.execute(text("set local lock_timeout = '200ms'"))
        with pytest.raises(Exception, match="lock timeout"):
            await two.approve(reception)
        await first.commit()
        await second.rollback()

        with pytest.raises(ReceptionMoved):
            await two.approve(reception)


# Test devices.

MANAGER = someone(Role.REVIEWER, name="윤검토", number=904)


def calibrated(**changed) -> Calibrated:
    told = {
        "certificate_no": "KC-CAL-1",
        "calibrated_on": date(2026, 1, 5),
        "due_on": date(2027, 1, 5),
        "ranges": (
            DeviceRange(unit="V", lowest=Decimal("0.001"), highest=Decimal(5), uncertainty=Decimal("0.0010")),
            DeviceRange(unit="A", lowest=Decimal(-100), highest=Decimal(100), uncertainty=Decimal("0.02")),
        ),
    }
    return Calibrated(**{**told, **changed})


async def registered(house, *, serial="CH-03", actor=None, **changed):
    return await register_device(
        RegisterDevice(
            actor=actor or MANAGER,
            kind=DeviceKind.CYCLER,
            name="충방전기",
            serial=serial,
            location="2시험실",
            calibrated=calibrated(**changed),
        ),
        work=house.work,
        ids=house.ids,
        clock=house.clock,
    )


async def test_a_device_comes_back_as_it_was_registered_with_every_calibration(house, work):
    made = await registered(house)
    renewed = await calibrate_device(
        CalibrateDevice(
            actor=MANAGER,
            device_id=made.device_id,
            calibrated=calibrated(calibrated_on=date(2026, 11, 20), due_on=date(2027, 11, 20)),
        ),
        work=work,
        ids=house.ids,
        clock=house.clock,
    )

    assert len(renewed.calibrations) == 2
    assert await work.devices.one(ONE, made.device_id) == renewed
    assert await work.devices.find(ONE, "CH-03") == renewed
    assert await work.devices.find(ONE, "CH-04") is None
    assert await work.devices.of_body(ONE) == (renewed,)
    assert await work.devices.of_body(TWO) == ()
    with pytest.raises(DeviceUnknown):
        await work.devices.one(TWO, made.device_id)


async def test_a_serial_is_registered_once_a_body(house):
    await registered(house)
    with pytest.raises(SerialTaken):
        await registered(house)

    assert (await registered(house, actor=replace(STRANGER, role=Role.QUALITY))).tenant_id == TWO
    with pytest.raises(RoleNotEnough):
        await registered(house, serial="CH-04", actor=TESTER)


async def test_a_calibration_is_newer_than_the_last(house, work):
    made = await registered(house)

    with pytest.raises(CalibrationWrong):
        await calibrate_device(
            CalibrateDevice(actor=MANAGER, device_id=made.device_id, calibrated=calibrated()),
            work=work,
            ids=house.ids,
            clock=house.clock,
        )


async def test_a_run_names_its_device_as_it_was_calibrated_that_day(house, work):
    device = await registered(house)
    reception = await house.receive()
    run = await house.run(reception, serial="CH-03")

    assert (run.device_id, run.deviation) == (device.device_id, "")
    assert run.equipment == "충방전기 (S/N CH-03, KC-CAL-1, ~2027-01-05)"
    assert await work.test_runs.of_reception(reception) == (run,)
    with pytest.raises(SerialUnknown):
        await house.run(reception, serial="CH-99")


VOLTS_ALONE = (DeviceRange(unit="V", lowest=Decimal(0), highest=Decimal(5), uncertainty=Decimal("0.001")),)
VOLTS_TOO_FEW = (DeviceRange(unit="V", lowest=Decimal(0), highest=Decimal("3.5"), uncertainty=Decimal("0.001")),)


@pytest.mark.parametrize(
    ("changed", "refusal", "said"),
    [
        ({"due_on": date(2026, 11, 20)}, DeviceNotCalibrated, "교정이 2026-11-21에 유효하지 않습니다"),
        ({"ranges": VOLTS_TOO_FEW}, DeviceOutOfRange, "교정 범위(0~3.5 V)를 벗어난 값입니다"),
        ({"ranges": VOLTS_ALONE}, DeviceUnitUncalibrated, "A 단위로 교정되지 않았습니다"),
    ],
)
async def test_an_unfit_device_is_refused_unless_an_approver_accepts_it_and_the_report_says_why(
    house, work, changed, refusal, said
):
    await registered(house, **changed)
    reception = await house.receive()
    with pytest.raises(refusal):
        await house.run(reception, serial="CH-03")
    assert await work.test_runs.of_reception(reception) == ()

    wish = AcceptDeviation(
        actor=APPROVER, reception_id=reception.reception_id, serial="CH-03", reason="교정 대기 중, 표준셀로 확인"
    )
    with pytest.raises(RoleNotEnough):
        await accept_deviation(replace(wish, actor=TESTER), work=work, clock=house.clock)
    accepted = await accept_deviation(wish, work=work, clock=house.clock)
    assert await work.devices.deviation(reception, accepted.device_id) == accepted
    run = await house.run(reception, serial="CH-03")
    assert said in run.deviation
    assert run.deviation.endswith("허용: 교정 대기 중, 표준셀로 확인 (박승인)")
    await house.enter(reception)
    await house.judge(reception)
    await house.review(reception)
    await house.approve(reception)
    await house.issue(reception)

    printed = house.documents.made[0][1]
    assert run.deviation in printed["deviations_ko"]
    assert run.deviation_en in printed["deviations_en"]
    assert run.deviation_en.endswith("; accepted: 교정 대기 중, 표준셀로 확인 (박승인)")


async def test_the_day_of_the_test_counts_for_calibration_and_report_not_the_day_of_the_upload(house, work):
    device = await registered(house, due_on=date(2026, 12, 1))
    reception = await house.receive()
    house.clock.move(days=20)
    with pytest.raises(DeviceNotCalibrated):
        await house.run(reception, serial=device.serial)
    began_at = NOW + timedelta(days=2)

    run = await house.run(reception, serial=device.serial, started_at=began_at, ambient_c=Decimal("24.5"))

    assert (run.started_at, run.ended_at) == (began_at, began_at + timedelta(hours=4.5))
    assert (await work.test_runs.of_reception(reception))[0] == run
    await house.enter(reception, started_at=began_at, ended_at=began_at + timedelta(days=3))
    await house.judge(reception)
    await house.review(reception)
    await house.approve(reception)
    printed = json.loads((await house.issue(reception)).report.content)
    assert (printed["started_on"], printed["finished_on"]) == ("2026-11-23", "2026-11-26")
    assert printed["ambient_ko"] == "24.5–24.8 ℃"


@pytest.mark.parametrize(
    ("began", "ended", "field"),
    [(-1, None, "started_at"), (1, None, "ended_at"), (None, 1, "ended_at"), (0, -1, "ended_at")],
)
async def test_a_test_runs_after_its_reception_and_before_now(house, began, ended, field):
    reception = await house.receive()
    days = {
        name: None if one is None else NOW + timedelta(days=one)
        for name, one in (("started_at", began), ("ended_at", ended))
    }

    with pytest.raises(TestTimesWrong) as caught:
        await house.run(reception, **days)

    assert caught.value.facts == {"field": field}


async def test_a_device_found_out_of_tolerance_names_what_it_measured_since(house, work):
    device = await registered(house)
    reception = await house.receive()
    run = await house.run(reception, serial="CH-03")
    failed = await calibrate_device(
        CalibrateDevice(
            actor=MANAGER,
            device_id=device.device_id,
            calibrated=calibrated(calibrated_on=seoul_day(house.clock.now()), passed=False),
        ),
        work=work,
        ids=house.ids,
        clock=house.clock,
    )

    assert await work.devices.one(ONE, device.device_id) == failed
    first, last = failed.doubtful()
    found = await work.devices.measured_with(failed, from_on=first, until_on=last, limit=10)
    assert [(one.reception_number, one.sequence, one.certificate_number) for one in found] == [
        (reception.number, run.sequence, None)
    ]
    tomorrow = last + timedelta(days=1)
    assert await work.devices.measured_with(failed, from_on=tomorrow, until_on=tomorrow, limit=10) == ()


async def test_the_days_of_a_booking_that_are_not_over_can_be_given_back(house, work):
    device = await registered(house)
    reception = await house.receive()
    today = seoul_day(house.clock.now())
    booking = await book_device(
        BookDevice(
            actor=TESTER,
            device_id=device.device_id,
            reception_number=reception.number,
            from_on=today,
            until_on=today + timedelta(days=4),
        ),
        work=work,
        ids=house.ids,
        clock=house.clock,
    )
    assert await work.devices.booking(ONE, booking.booking_id) == booking
    house.clock.move(days=2)

    with pytest.raises(BookingUnknown):
        await release_booking(STRANGER, booking.booking_id, work=work, clock=house.clock)
    await release_booking(TESTER, booking.booking_id, work=work, clock=house.clock)

    (kept,) = await work.devices.bookings(ONE, from_on=today, until_on=today + timedelta(days=30))
    assert (kept.from_on, kept.until_on) == (today, today + timedelta(days=1))
    with pytest.raises(BookingUnknown):
        await release_booking(TESTER, booking.booking_id, work=work, clock=house.clock)


async def test_a_deviation_counts_for_its_reception_only(house, work):
    await registered(house, due_on=date(2026, 11, 20))
    first, second = await house.receive(), await house.receive(pack_id=OTHER_PACK)
    await accept_deviation(
        AcceptDeviation(actor=APPROVER, reception_id=first.reception_id, serial="CH-03", reason="-"),
        work=work,
        clock=house.clock,
    )

    with pytest.raises(DeviceNotCalibrated):
        await house.run(second, serial="CH-03")


async def test_a_device_is_booked_once_a_day(house, work):
    device, other = await registered(house), await registered(house, serial="CH-04")
    reception = await house.receive()

    async def book(which, first, last):
        wish = BookDevice(
            actor=TESTER,
            device_id=which.device_id,
            reception_number=reception.number,
            from_on=date(2026, 12, first),
            until_on=date(2026, 12, last),
        )
        return await book_device(wish, work=work, ids=house.ids, clock=house.clock)

    booked = await book(device, 1, 3)
    after = await book(device, 4, 4)
    beside = await book(other, 3, 5)

    assert await work.devices.bookings(ONE, from_on=date(2026, 12, 1), until_on=date(2026, 12, 31)) == (
        booked,
        beside,
        after,
    )
    assert await work.devices.bookings(ONE, from_on=date(2026, 12, 4), until_on=date(2026, 12, 4)) == (beside, after)
    assert await work.devices.bookings(TWO, from_on=date(2026, 12, 1), until_on=date(2026, 12, 31)) == ()
    with pytest.raises(DeviceBooked):
        await book(device, 3, 3)
    with pytest.raises(BookingWrong):
        await book(device, 9, 8)


# Re-inspection.


async def test_a_request_is_opened_once_a_cause_and_waits_until_the_pack_is_back(house, work):
    certificate = (await house.issued()).certificate
    request = Reinspection(
        reinspection_id=UUID(int=9_001),
        pack_id=PACK,
        tenant_id=ONE,
        certificate_id=certificate.certificate_id,
        certificate_number=certificate.number,
        cause=Cause.OPENED,
        happened_on=date(2026, 11, 22),
        opened_at=NOW + timedelta(days=1),
    )
    other = replace(request, reinspection_id=UUID(int=9_002), cause=Cause.MOVED)

    assert await work.reinspections.open(request)
    assert not await work.reinspections.open(replace(request, reinspection_id=UUID(int=9_003)))
    assert await work.reinspections.open(other)
    assert await work.reinspections.waiting(ONE) == (request, other)
    assert await work.reinspections.waiting(TWO) == ()

    house.clock.move(days=2)
    await house.receive()
    assert await work.reinspections.waiting(ONE) == ()


async def test_a_request_falls_with_its_certificate(house, work):
    certificate = (await house.issued()).certificate
    await work.reinspections.open(
        Reinspection(
            reinspection_id=UUID(int=9_001),
            pack_id=PACK,
            tenant_id=ONE,
            certificate_id=certificate.certificate_id,
            certificate_number=certificate.number,
            cause=Cause.OPENED,
            happened_on=date(2026, 11, 22),
            opened_at=NOW + timedelta(days=1),
        )
    )
    await work.certificates.change(certificate, to=CertificateStatus.REVOKED, reason="-", at=NOW)

    assert await work.reinspections.waiting(ONE) == ()


async def test_the_certificates_that_stand_are_told_a_page_at_a_time(house, work):
    first = (await house.issued()).certificate
    second = (await house.issued(pack_id=OTHER_PACK, token="f" * 32)).certificate

    assert await work.certificates.standing_page(after=None, limit=9) == (first, second)
    assert await work.certificates.standing_page(after=None, limit=1) == (first,)
    assert await work.certificates.standing_page(after=first.certificate_id, limit=9) == (second,)
    await work.certificates.change(first, to=CertificateStatus.REVOKED, reason="-", at=NOW)
    assert await work.certificates.standing_page(after=None, limit=9) == (second,)


# Places in the status lists.


async def test_a_certificate_names_its_place_and_the_list_follows_its_status(house, work):
    certificate = (await house.issued()).certificate
    entries = entries_of(json.loads(certificate.credential))
    place = entries[0].place

    assert [one.purpose for one in entries] == [Purpose.REVOCATION, Purpose.SUSPENSION]
    assert {one.place for one in entries} == {place}
    assert [await work.status_places.of_list(1, purpose) for purpose in Purpose] == [(), ()]
    await work.certificates.change(certificate, to=CertificateStatus.SUSPENDED, reason="-", at=NOW)
    assert await work.status_places.of_list(1, Purpose.SUSPENSION) == (place,)
    suspended = await work.certificates.one(certificate.certificate_id)
    await work.certificates.change(suspended, to=CertificateStatus.REVOKED, reason="-", at=NOW)
    assert await work.status_places.of_list(1, Purpose.SUSPENSION) == ()
    assert await work.status_places.of_list(1, Purpose.REVOCATION) == (place,)


async def test_a_place_is_given_once_and_the_next_one_drawn_is_taken_instead(house, work):
    certificate = (await house.issued()).certificate
    drawn = (StatusPlace(list_number=3, place=5), StatusPlace(list_number=3, place=6))
    others = [replace(certificate, certificate_id=CertificateId(UUID(int=number))) for number in (901, 902, 903)]

    assert [await work.status_places.reserve(one, drawn) for one in others[:2]] == list(drawn)
    with pytest.raises(StatusListFull):
        await work.status_places.reserve(others[2], drawn)
    with pytest.raises(StatusListUnknown):
        await work.status_places.of_list(9, Purpose.REVOCATION)


# Issued documents and amended reports.


async def test_what_was_issued_is_found_by_number_and_by_bytes(house, work):
    issued = await house.issued()

    for found, kind, pdf in (
        (await work.issued_documents.numbered(issued.report.number), IssuedKind.REPORT, issued.report.pdf_sha256),
        (await work.issued_documents.hashed(issued.certificate.pdf_sha256), IssuedKind.CERTIFICATE, None),
    ):
        assert (found.kind, found.pack_id, found.amends) == (kind, PACK, None)
        assert pdf in (None, found.pdf_sha256)
        assert await work.issued_documents.amending(found) is None
    for lookup in (work.issued_documents.numbered("TR-2026-999999"), work.issued_documents.hashed("00" * 32)):
        with pytest.raises(DocumentUnknown):
            await lookup


async def test_what_is_proposed_comes_back_and_the_newest_for_the_standing_report_is_pending(house, work):
    issued = await house.issued()
    reception = await work.receptions.one(issued.report.reception_id)
    first = Proposal(
        draft_id=UUID(int=71),
        pack_id=PACK,
        reception_id=reception.reception_id,
        tenant_id=ONE,
        amends=issued.report.number,
        reason="상호 오기",
        corrections=Corrections(applicant="을", ambient="24 ℃"),
        results_affected=False,
        proposed_by=TESTER.person_id,
        proposed_by_name=TESTER.name,
        proposed_at=NOW,
    )
    second = replace(first, draft_id=UUID(int=72), proposed_at=NOW + timedelta(minutes=1), results_affected=True)
    assert await work.amendments.proposals(reception) == ()
    for one in (first, second):
        await work.amendments.propose(one)

    found = await work.amendments.proposals(reception)

    assert found == (first, second)
    assert pending(found, standing=issued.report.number) == second
    assert pending(found, standing="TR-2026-000901") is None


async def test_a_report_is_replaced_once_and_its_amendment_comes_back(house, work):
    issued = await house.issued()
    first = await work.issued_documents.numbered(issued.report.number)
    second = replace(
        first, subject_id=UUID(int=901), number="TR-2026-000901", pdf_sha256="ab" * 32, amends=first.number
    )
    amendment = Amendment(
        report=replace(issued.report, report_id=ReportId(UUID(int=901)), number="TR-2026-000901"),
        amends=first.number,
        reason="상호 오기",
        results_affected=False,
        amended_by=TESTER.person_id,
        amended_by_name=TESTER.name,
        draft_id=UUID(int=77),
        approved_by=APPROVER.person_id,
        approved_by_name=APPROVER.name,
    )

    await work.issued_documents.add(second)
    with pytest.raises(OwnAmendment):
        await work.amendments.add(replace(amendment, approved_by=TESTER.person_id))
    await work.amendments.add(amendment)

    reception = await work.receptions.one(issued.report.reception_id)
    assert await work.amendments.of_reception(reception) == (amendment,)
    assert await work.issued_documents.amending(first) == second
    with pytest.raises(AlreadyAmended):
        await work.issued_documents.add(
            replace(second, subject_id=UUID(int=902), number="TR-2026-000902", pdf_sha256="cd" * 32)
        )
    with pytest.raises(NumberTaken):
        await work.issued_documents.add(replace(second, subject_id=UUID(int=903), amends=None))
