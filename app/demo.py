"""One used pack's whole life, told over the use cases that the API uses: no step is faked, no row is written aside.

The story has a clock of its own: readings of a past year need a certificate of that time, so the story begins
before the first reading of the site file and moves on with each step. What it did stays in the database.
"""

import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import httpx
import msgspec

from app.demo_complex import DemoPeople, find_people
from app.given_files import read_file
from app.http.receptions import BenchSheetIn, BenchValueIn, bench_values
from app.ports import Ports
from domain.billing.model import InvoiceStanding
from domain.certification.equipment import DeviceKind, DeviceRange
from domain.certification.errors import SerialTaken, SignatureBroken
from domain.certification.model import Applicant, Certificate, Issued, PriorLife
from domain.certification.usecases.devices import Calibrated, RegisterDevice
from domain.journeys import (
    contract_started,
    equipment,
    inspection,
    month_close,
    pack_life,
    payment_settled,
    readings,
    second_life,
    trace,
)
from domain.metering import usecases as metering
from domain.metering.model import SiteSeries
from domain.passport import usecases as passport
from domain.passport.attributes import Tier, visible
from domain.passport.digital_link import gtin_check_digit
from domain.passport.model import EntryKind, Pack
from domain.shared.actor import SYSTEM, Actor
from domain.shared.canonical import Canonical
from domain.shared.errors import DomainError, RuleBroken
from domain.shared.time import SLOT, Month, day_start, seoul_day
from domain.subscription import usecases as subscription
from domain.subscription.errors import CertificateMissing
from domain.subscription.model import CapacityFee, Contract, EnergyFee, RenewableBand, RenewableDiscount

SAMPLES = Path(__file__).parent / "samples"
SAMPLE_CYCLER = SAMPLES / "cycler" / "sunhwan_m50t_sample.bdf.csv"
SAMPLE_SITE = SAMPLES / "site" / "sunhwan_sample_2026q3_15min.csv.gz"
BENCH_SHEET = SAMPLES / "bench_sheet.json"

FIRST_LIFE_GTIN = "0950600013435"
SECOND_LIFE_GTIN = "0950600013436"
"""GS1's own example prefix; a deployment prints its company's."""

CELL_CAPACITY_AH = Decimal(5)
"""Rated capacity of the story's cell; the cycler file is judged against it."""

BENCH_DEVICES: dict[str, tuple[DeviceKind, str, tuple[tuple[str, str, str, str], ...]]] = {
    "CH": (
        DeviceKind.CYCLER,
        "충방전기 1000 V 500 A",
        (("V", "0", "1000", "0.02"), ("A", "-500", "500", "0.05"), ("mOhm", "0.01", "1000", "0.02")),
    ),
    "IR": (DeviceKind.INSULATION_TESTER, "절연저항계", (("MOhm", "0.1", "5000", "0.2"), ("V", "50", "1000", "1"))),
    "DM": (DeviceKind.MULTIMETER, "디지털 멀티미터", (("V", "0", "1000", "0.001"),)),
}
"""The story's bench: kind, name, and calibrated ranges as unit, lowest, highest and uncertainty (k = 2)."""

BENCH_RUNS: tuple[tuple[tuple[str, ...], str | None], ...] = (
    (("T01", "T02", "T10"), None),
    (("T03",), "IR"),
    (("T04", "T08"), "DM"),
    (("T07", "T11"), "CH"),
)
"""Which tests of the bench sheet are measured with which device; None with what needs no calibration."""

STEPS = (
    ("pack", "사용 후 배터리 팩 등록과 1차 여권", "used pack registered with its first passport"),
    ("test", "KTR 접수와 시험", "received and tested at KTR"),
    ("certificate", "판정, 검토, 승인, 성적서와 인증서", "judged, reviewed, approved, report and certificate"),
    ("second_life", "재사용 여권과 QR 라벨", "second-life passport and QR label"),
    ("contract", "구독 계약과 팩 배정", "contract and pack assigned"),
    ("readings", "15분 계량값 수신", "15-minute readings taken over HTTP"),
    ("month", "월 마감, 청구서, 입금", "month closed, invoiced, paid"),
    ("trace", "전 주기 추적과 봉인 확인", "whole life traced, seals verified"),
)

Told = dict[str, Canonical]


class StoryTime(Protocol):
    """The story's clock."""

    def now(self) -> datetime:
        """Return the story's present instant."""
        ...

    def move_to(self, at: datetime) -> None:
        """Move on."""
        ...


Server = Callable[[], AbstractAsyncContextManager[str]]
"""Serves the web program on a loopback port while the block lasts; the value is its base URL."""


class DemoMonthOutside(RuleBroken):
    """The month asked for is not wholly in the site file."""

    code = "demo.month-outside"
    title_ko = "{month}은(는) 계량 파일의 기간({first}~{last})에 온전히 들어 있지 않습니다."
    title_en = "{month} is not wholly within the site file ({first} to {last})."


class DemoNotAsExpected(RuleBroken):
    """The program did not refuse what it must refuse, or did not keep what it must keep."""

    code = "demo.not-as-expected"
    title_ko = "시연 중 기대와 다른 결과가 나왔습니다: {what}."
    title_en = "The demonstration met what it did not expect: {what}."


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoWish:
    """What the story is told with; None takes the project's own samples."""

    cycler: Path | None = None
    site: Path | None = None
    month: Month | None = None


@dataclass(slots=True, kw_only=True)
class Story:
    """What was told so far: one document, step by step."""

    told_at: datetime
    told: dict[str, Told] = field(default_factory=dict)
    life: trace.PackTrace | None = None


def full_months(series: SiteSeries) -> tuple[Month, ...]:
    """Return the months that a site file covers from the first slot to the last."""
    months: list[Month] = []
    month = Month.of(seoul_day(series.first_at))
    end_at = series.last_at + SLOT
    while (ends_at := month.interval.end_at) is not None and ends_at <= end_at:
        if month.interval.start_at >= series.first_at:
            months.append(month)
        month = month.next()
    return tuple(months)


async def refused(kind: type[DomainError], attempt: Awaitable[object], *, what: str) -> str:
    """Expect a refusal and return its sentence.

    Raises:
        DemoNotAsExpected: the attempt went through.
    """
    try:
        await attempt
    except kind as refusal:
        return refusal.sentence("ko")
    raise DemoNotAsExpected(what=what)


def _ints(**values: int | str | None) -> Told:
    return dict(values)


async def tell(
    wish: DemoWish,
    *,
    ports: Ports,
    clock: StoryTime,
    serve: Server,
    password: str,
    said: Callable[[str], None],
) -> Story:
    """Walk one pack through its life; `said` is called with each step's key as it begins.

    Raises:
        GivenFileMissing: a file cannot be read.
        DemoMonthOutside: the month is not in the site file.
        DemoNotAsExpected: something was not refused that must be.
        DomainError: a step was refused; the files are not fit for the story.
    """
    cycler = read_file(wish.cycler or SAMPLE_CYCLER)
    site_file = read_file(wish.site or SAMPLE_SITE)
    # Both files are read before anything is written: a file that is not fit leaves no half-told story behind.
    (await ports.cycler_files.read(cycler)).discharge(CELL_CAPACITY_AH)
    series = await ports.reading_files.parse(site_file)
    months = full_months(series)
    if not months or (wish.month is not None and wish.month not in months):
        raise DemoMonthOutside(
            month=str(wish.month or Month.of(seoul_day(series.first_at))),
            first=seoul_day(series.first_at).isoformat(),
            last=seoul_day(series.last_at).isoformat(),
        )
    teller = _Teller(
        ports=ports,
        clock=clock,
        people=await find_people(ports),
        begins=seoul_day(series.first_at),
        story=Story(told_at=ports.clock.now()),
    )
    said("pack")
    pack = await teller.register()
    contract = await teller.subscribe(pack)
    said("test")
    await teller.test(pack, cycler, name=(wish.cycler or SAMPLE_CYCLER).name)
    said("certificate")
    issued = await teller.certify()
    said("second_life")
    await teller.repurpose(pack)
    said("contract")
    await teller.deploy(pack, contract)
    said("readings")
    async with serve() as base_url:
        await teller.send_readings(contract, site_file, series, base_url=base_url, password=password)
        await teller.open_label(base_url)
    said("month")
    await teller.close_and_pay(contract, wish.month or months[0])
    said("trace")
    await teller.look_back(pack, issued)
    return teller.story


@dataclass(slots=True, kw_only=True)
class _Teller:
    ports: Ports
    clock: StoryTime
    people: DemoPeople
    begins: date
    story: Story
    reception: inspection.AtReception | None = None
    product_uri: str = ""

    def _day(self, days: int) -> datetime:
        """Return an instant some days from the first reading; before it when negative."""
        return day_start(self.begins) + timedelta(days=days, hours=9 if days < 0 else 0)

    async def register(self) -> Pack:
        ports, operator = self.ports, self.people.operator
        tail = ports.ids.new().hex[-8:].upper()
        built = self.begins - timedelta(days=6 * 365)
        self.clock.move_to(self._day(-120))
        pack, first = await pack_life.register_pack(
            passport.RegisterPack(
                actor=operator,
                holder=operator.tenant_id,
                product_uri=f"{ports.public_url}/01/{_gtin(FIRST_LIFE_GTIN)}/21/EV-{tail}",
                kr_battery_no=f"SHD-{built:%Y%m}-{tail}",
                maker_serial=f"M50T-BUS-{tail}",
                model="SH-BUS 209 (12 modules in series)",
                maker="순환 시연 배터리",
                chemistry="NMC",
                cell_model="LG M50T 21700",
                modules_in_series=12,
                cells_in_series=96,
                cells_in_parallel=120,
                cell_capacity_mah=int(CELL_CAPACITY_AH * 1000),
                rated_energy_wh=96 * 120 * 1815 // 100,
                nominal_voltage_mv=96 * 3630,
                mass_g=1_050_000,
                manufactured_on=built,
                manufactured_at=day_start(built),
                responsible_ko="순환 시연 배터리",
                responsible_en="Sunhwan Demonstration Batteries",
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        facts: tuple[tuple[EntryKind, datetime, Told], ...] = (
            (
                EntryKind.INSTALLED_IN_VEHICLE,
                day_start(built + timedelta(days=60)),
                _ints(vehicle_class="M3", vehicle="전기버스"),
            ),
            (EntryKind.REMOVED, self._day(-140), _ints(reason="차량 대체", distance_km=412_300)),
            (EntryKind.COLLECTED, self._day(-130), _ints(carrier="시연 회수 운송")),
        )
        for kind, at, particulars in facts:
            await pack_life.report_fact(
                pack_life.ReportFact(
                    actor=operator, pack_id=pack.pack_id, kind=kind, occurred_at=at, particulars=particulars
                ),
                unit=ports.unit,
                ids=ports.ids,
                clock=ports.clock,
            )
        self.story.told["pack"] = {
            "pack_id": str(pack.pack_id),
            "first_passport": str(first.passport_id),
            "product_uri": first.product_uri,
            "kr_battery_no": f"SHD-{built:%Y%m}-{tail}",
            "maker_serial": f"M50T-BUS-{tail}",
            "modules_in_series": pack.modules_in_series,
            "cells": pack.cell_count,
            "rated_energy_wh": pack.rated_energy_wh,
        }
        return pack

    async def subscribe(self, pack: Pack) -> Contract:
        """Publish the plan, open the site and sign; the pack cannot serve yet, having no certificate."""
        ports, operator, tenant = self.ports, self.people.operator, self.people.tenant
        self.clock.move_to(self._day(-110))
        plan = await contract_started.publish_plan(
            subscription.PublishPlan(
                actor=operator,
                code="REUSE-ESS",
                name_ko="재사용 ESS 표준",
                name_en="Reuse ESS standard",
                components=(
                    CapacityFee(rate_micro_krw_per_wh_month=9_000_000),
                    EnergyFee(rate_micro_krw_per_wh=45_500),
                    RenewableDiscount(
                        bands=(
                            RenewableBand(share_ppm_min=500_000, discount_ppm=50_000),
                            RenewableBand(share_ppm_min=800_000, discount_ppm=100_000),
                        )
                    ),
                ),
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        site = await readings.open_site(
            metering.OpenSite(
                actor=operator,
                tenant_id=tenant.tenant_id,
                name_ko=f"제1공장 ({self.begins.year})",
                name_en=f"Plant 1 ({self.begins.year})",
                address_ko="경상북도 구미시 수출대로 137",
                kepco_customer_no="07-1234-5678",
                contract_power_w=500_000,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        contract = await contract_started.sign_contract(
            subscription.SignContract(
                actor=operator,
                tenant_id=tenant.tenant_id,
                site_id=site.site_id,
                plan_id=plan.plan_id,
                contracted_wh=200_000,
                contracted_w=100_000,
                starts_on=self.begins,
                ends_on=self.begins + timedelta(days=3 * 365 - 1),
                payment_terms_days=14,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        sentence = await refused(
            CertificateMissing,
            self._assign(pack, contract),
            what="a pack without a certificate was assigned",
        )
        self.story.told["contract"] = {
            "contract_id": str(contract.contract_id),
            "number": contract.number,
            "tenant_id": tenant.tenant_id,
            "site_id": str(site.site_id),
            "plan": f"{plan.code} v{plan.version}",
            "contracted_wh": contract.contracted_wh,
            "refused_without_certificate": sentence,
        }
        return contract

    async def _assign(self, pack: Pack, contract: Contract) -> None:
        assignment = await contract_started.deploy_pack(
            contract_started.DeployPack(
                actor=self.people.operator,
                tenant_id=contract.tenant_id,
                contract_id=contract.contract_id,
                pack_id=pack.pack_id,
                from_at=day_start(self.begins),
            ),
            unit=self.ports.unit,
            ids=self.ports.ids,
            clock=self.ports.clock,
        )
        self.story.told["contract"] |= {
            "assignment_id": str(assignment.assignment_id),
            "certified_wh": assignment.certificate.certified_wh,
            "shortfall_wh": assignment.shortfall_wh,
            "under_certificate": assignment.certificate.number,
        }

    async def test(self, pack: Pack, cycler: bytes, *, name: str) -> None:
        ports, tester = self.ports, self.people.tester
        self.clock.move_to(self._day(-90))
        reception = await inspection.receive_pack(
            inspection.ReceivePack(
                actor=tester,
                pack_id=pack.pack_id,
                applicant=Applicant(name="순환 운영", contact="054-000-0000"),
                condition="외관 이상 없음, 12개 모듈 결선 상태, 셀 1점 시료 채취",
                due_on=self.begins - timedelta(days=70),
                prior_life=PriorLife(use="BEV", event_flags=(), source="의뢰자 진술, 제조사 자료"),
            ),
            unit=ports.unit,
            tokens=ports.tokens,
            ids=ports.ids,
            clock=ports.clock,
        )
        self.reception = inspection.AtReception(actor=tester, reception_id=reception.reception_id)
        self.clock.move_to(self._day(-88))
        run = await inspection.take_cycler_file(
            inspection.TakeCyclerFile(
                actor=tester,
                reception_id=reception.reception_id,
                file_name=name,
                content=cycler,
                ambient_c=Decimal(25),
                serial=await self._device("CH"),
                started_at=self._day(-89),
                ended_at=self._day(-88),
            ),
            unit=ports.unit,
            cycler_files=ports.cycler_files,
            protocol=ports.protocol,
            ids=ports.ids,
            clock=ports.clock,
        )
        self.clock.move_to(self._day(-86))
        own = {"serial": str(self.story.told["pack"]["maker_serial"]), "maker": pack.maker}
        values = [
            msgspec.structs.replace(one, value=own[one.quantity]) if one.quantity in own else one
            for one in msgspec.json.decode(read_file(BENCH_SHEET), type=list[BenchValueIn])
        ]
        for tests, kind in BENCH_RUNS:
            sheet = BenchSheetIn(measurements=[one for one in values if one.test_id in tests])
            await inspection.enter_bench_values(
                inspection.EnterBenchValues(
                    actor=tester,
                    reception_id=reception.reception_id,
                    measurements=bench_values(sheet),
                    ambient_c=Decimal(25),
                    equipment="육안, 두께 게이지, 보호기능 시험 지그 (시연 측정값)",
                    serial="" if kind is None else await self._device(kind),
                    started_at=self._day(-87),
                    ended_at=self._day(-86),
                ),
                unit=ports.unit,
                protocol=ports.protocol,
                ids=ports.ids,
                clock=ports.clock,
            )
        record = run.record
        if record is None:
            raise DemoNotAsExpected(what="a cycler run without a record")
        found = record.discharge(CELL_CAPACITY_AH)
        self.story.told["test"] = {
            "reception": reception.number,
            "file": name,
            "format": record.format.value,
            "rows": record.rows,
            "steps": len(record.steps),
            "variant": found.variant.value,
            "discharge_capacity_ah": f"{found.q_dis_ah[-1]:.4f}",
            "discharge_energy_wh": f"{found.e_dis_wh:.4f}",
            "raw_file_sha256": record.sha256,
            "findings": [one.said_ko for one in record.findings],
            "bench_values": len(values),
        }

    async def _device(self, kind: str) -> str:
        """Return the serial of a device that is calibrated in the story's time; it is registered the first time."""
        known, name, ranges = BENCH_DEVICES[kind]
        calibrated_on = self.begins - timedelta(days=150)
        serial = f"{kind}-{calibrated_on:%y%m}"
        reviewer = self.people.reviewer
        with contextlib.suppress(SerialTaken):  # an earlier story of the same time registered it
            await equipment.register_device(
                RegisterDevice(
                    actor=reviewer,
                    kind=known,
                    name=name,
                    serial=serial,
                    location="성능안전동 2시험실",
                    calibrated=Calibrated(
                        certificate_no=f"KC-CAL-{calibrated_on:%Y}-{kind}",
                        calibrated_on=calibrated_on,
                        due_on=calibrated_on + timedelta(days=365),
                        ranges=tuple(
                            DeviceRange(
                                unit=unit, lowest=Decimal(low), highest=Decimal(high), uncertainty=Decimal(within)
                            )
                            for unit, low, high, within in ranges
                        ),
                    ),
                ),
                unit=self.ports.unit,
                ids=self.ports.ids,
                clock=self.ports.clock,
            )
        return serial

    def _proven(self, actor: Actor) -> Actor:
        """Return somebody of the story who has just proved who they are, as signing and money ask."""
        return replace(actor, confirmed_at=self.ports.clock.now())

    async def certify(self) -> Issued:
        ports, approver = self.ports, self.people.approver
        if self.reception is None:
            raise DemoNotAsExpected(what="no reception")
        self.clock.move_to(self._day(-85))
        assessment = await inspection.judge(
            self.reception, unit=ports.unit, protocol=ports.protocol, ids=ports.ids, clock=ports.clock
        )
        own = await refused(
            DomainError,
            inspection.approve(self.reception, unit=ports.unit, ids=ports.ids, clock=ports.clock),
            what="the tester approved their own work",
        )
        judgement = assessment.judgement
        reception_id = self.reception.reception_id
        unreviewed = await refused(
            DomainError,
            inspection.approve(
                inspection.AtReception(actor=self._proven(approver), reception_id=reception_id),
                unit=ports.unit,
                ids=ports.ids,
                clock=ports.clock,
            ),
            what="a judgement was approved that nobody reviewed",
        )
        self.clock.move_to(self._day(-84))
        reviewing = inspection.AtReception(actor=self._proven(self.people.reviewer), reception_id=reception_id)
        reviewed = await inspection.review(reviewing, unit=ports.unit, ids=ports.ids, clock=ports.clock)
        self.clock.move_to(self._day(-84) + timedelta(hours=2))
        approving = inspection.AtReception(actor=self._proven(approver), reception_id=reception_id)
        signature = await inspection.approve(approving, unit=ports.unit, ids=ports.ids, clock=ports.clock)
        self.clock.move_to(self._day(-83))
        issued = await inspection.issue_certificate(
            inspection.AtReception(actor=self._proven(approver), reception_id=reception_id),
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
        certificate = _certificate_of(issued)
        credential = msgspec.json.decode(certificate.credential.encode())
        await ports.credentials.verify(credential)
        altered = certificate.credential.replace(certificate.number, certificate.number[:-1] + "X", 1)
        broken = await refused(
            SignatureBroken,
            ports.credentials.verify(msgspec.json.decode(altered.encode())),
            what="an altered record was taken for genuine",
        )
        self.story.told["certificate"] = {
            "disposition": judgement.disposition.value,
            "grade": certificate.grade,
            "soh_ppm": certificate.soh_ppm,
            "soh_percent": f"{certificate.soh_ppm // 10_000}.{certificate.soh_ppm % 10_000 // 100:02d}",
            "usable_energy_wh": certificate.usable_energy_wh,
            "protocol": f"{judgement.protocol_id} {judgement.protocol_version}",
            "tester_may_not_approve": own,
            "unreviewed_is_not_approved": unreviewed,
            "reviewed_by": reviewed.printed_name,
            "approved_by": signature.printed_name,
            "report": issued.report.number,
            "certificate": certificate.number,
            "valid_until": certificate.valid_until.isoformat(),
            "report_pdf_sha256": issued.report.pdf_sha256,
            "certificate_pdf_sha256": certificate.pdf_sha256,
            "signature_verifies": True,
            "one_changed_character": broken,
        }
        return issued

    async def repurpose(self, pack: Pack) -> None:
        ports, operator = self.ports, self.people.operator
        self.clock.move_to(self._day(-60))
        tail = str(self.story.told["pack"]["maker_serial"])[-8:]
        new = await second_life.repurpose_pack(
            second_life.RepurposePack(
                actor=operator,
                pack_id=pack.pack_id,
                product_uri=f"{ports.public_url}/01/{_gtin(SECOND_LIFE_GTIN)}/21/SH-{tail}",
                responsible_ko="순환 운영",
                responsible_en="Sunhwan Operations",
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        self.clock.move_to(self._day(-59))
        label, sheet = await second_life.print_label(
            second_life.PrintLabel(actor=operator, pack_id=pack.pack_id, copies=3),
            unit=ports.unit,
            labels=ports.labels,
            documents=ports.documents,
            ids=ports.ids,
            clock=ports.clock,
        )
        self.product_uri = new.product_uri
        self.story.told["second_life"] = {
            "passport": str(new.passport_id),
            "product_uri": new.product_uri,
            "label_id": str(label.label_id),
            "label_sheet_bytes": len(sheet),
            "public_attributes": len(visible(new.attributes, Tier.PUBLIC)),
            "restricted_attributes": len(new.attributes) - len(visible(new.attributes, Tier.PUBLIC)),
        }

    async def deploy(self, pack: Pack, contract: Contract) -> None:
        self.clock.move_to(day_start(self.begins))
        await self._assign(pack, contract)

    async def send_readings(
        self, contract: Contract, content: bytes, series: SiteSeries, *, base_url: str, password: str
    ) -> None:
        """Send the file over HTTP, twice: the second time everything is a duplicate."""
        self.clock.move_to(series.last_at + timedelta(days=1))
        async with httpx.AsyncClient(base_url=base_url, timeout=60) as client:
            opened = await client.post(
                "/api/v1/sessions", json={"sign_in_name": self.people.tenant_sign_in, "password": password}
            )
            opened.raise_for_status()
            headers = {"Authorization": f"Bearer {opened.json()['token']}", "Content-Type": "text/csv"}
            path = f"/api/v1/sites/{contract.site_id}/readings"
            first, again = [(await client.post(path, content=content, headers=headers)) for _ in range(2)]
        if first.status_code != 200 or again.status_code != 200:
            raise DemoNotAsExpected(what=f"readings were answered {first.status_code} {first.text[:200]}")
        report, second = first.json(), again.json()
        totals = {name: int(total) for name, total in report["totals_wh"].items()}
        charge, discharge = totals.get("storage_charge", 0), totals.get("storage_discharge", 0)
        self.story.told["readings"] = {
            "intervals": report["intervals"],
            "channels": len(series.quantities),
            "stored": report["accepted"],
            "sent_again_stored": second["accepted"],
            "sent_again_duplicate": second["duplicate"],
            "totals_wh": totals,
            "totals_kwh": {name: kwh(total) for name, total in totals.items()},
            "round_trip_ppm": discharge * 1_000_000 // charge if charge else None,
            "round_trip": _thousandths(discharge, charge),
        }

    async def open_label(self, base_url: str) -> None:
        """Open the label's URI on the running server, as a passer-by would."""
        path = self.product_uri.removeprefix(self.ports.public_url)
        async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:
            page = await client.get(path, headers={"Accept": "text/html"})
        if page.status_code != 200:
            raise DemoNotAsExpected(what=f"the public passport page answered {page.status_code}")
        self.story.told["second_life"]["public_page_status"] = page.status_code

    async def close_and_pay(self, contract: Contract, month: Month) -> None:
        ports, operator = self.ports, self.people.operator
        closing = month_close.CloseMonth(
            actor=self._proven(operator),
            seller=operator.tenant_id,
            tenant_id=contract.tenant_id,
            contract_id=contract.contract_id,
            month=month,
        )

        async def close() -> month_close.MonthClosed:
            return await month_close.close_month(
                closing, unit=ports.unit, documents=ports.documents, ids=ports.ids, clock=ports.clock
            )

        closed = await close()
        again = await close()
        if again.anew or again.standing.invoice != closed.standing.invoice or again.snapshot != closed.snapshot:
            raise DemoNotAsExpected(what="closing the month again changed something")
        invoice = closed.standing.invoice
        self.clock.move_to(ports.clock.now() + timedelta(days=7))
        deposit = await payment_settled.record_bank_notice(
            payment_settled.BankNotice(
                actor=self._proven(operator),
                tenant_id=contract.tenant_id,
                bank="시연은행",
                bank_reference=f"D-{invoice.number}",
                payer_name=self.people.tenant_name,
                memo=invoice.number,
                amount_krw=invoice.total_krw,
                posted_at=ports.clock.now(),
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        async with ports.unit(SYSTEM) as work:
            balances = await work.ledger.balances(contract.tenant_id)
            standing = await work.invoices.one(contract.tenant_id, invoice.invoice_id)
        self.story.told["month"] = {
            "month": str(month),
            "readings_sha256": closed.snapshot.readings_sha256,
            "completeness_ppm": closed.snapshot.usage.completeness_ppm,
            "charge_wh": closed.snapshot.usage.storage_charge_wh,
            "discharge_wh": closed.snapshot.usage.storage_discharge_wh,
            "renewable_wh": closed.snapshot.usage.renewable_wh,
            "renewable_share_ppm": closed.snapshot.usage.renewable_share_ppm,
            "invoice": _invoice_told(standing),
            "closed_again_changed": "nothing",
            "deposit": deposit.match.outcome.value,
            "ledger_sum_krw": sum(balances.values()),
            "balances_krw": {account.value: balance for account, balance in sorted(balances.items())},
        }

    async def look_back(self, pack: Pack, issued: Issued) -> None:
        ports = self.ports
        held = await pack_life.verify_history(
            pack.pack_id, actor=self.people.operator, unit=ports.unit, clock=ports.clock
        )
        found = await trace.trace_pack(pack.pack_id, actor=self.people.operator, unit=ports.unit, clock=ports.clock)
        self.story.life, self.story.told_at = found, ports.clock.now()
        self.story.told["trace"] = {
            "entries": len(found.entries),
            "seals_hold": held,
            "passports": len(found.passports),
            "linked": len(found.edges),
            "certificates": [one.number for one in found.certificates],
            "invoices": [one.invoice.number for service in found.services for one in service.invoices],
            "state": found.head.state.value,
            "timeline": [
                {
                    "sequence": entry.sequence,
                    "kind": entry.kind.value,
                    "occurred_at": entry.occurred_at.astimezone(UTC).isoformat(),
                    "actor": entry.actor_name,
                    "seal": entry.seal.hex(),
                }
                for entry in found.entries
            ],
        }
        if _certificate_of(issued).number not in [one.number for one in found.certificates]:
            raise DemoNotAsExpected(what="the certificate is not in the trace")


def _gtin(first_13: str) -> str:
    return f"{first_13}{gtin_check_digit(first_13)}"


def kwh(energy_wh: int) -> str:
    """Spell Wh as kWh with two decimals, to the nearest 10 Wh."""
    tens = (energy_wh + 5) // 10
    return f"{tens // 100}.{tens % 100:02d}"


def _thousandths(part: int, whole: int) -> str | None:
    """Spell a ratio with three decimals, to the nearest."""
    if not whole:
        return None
    nearest = (part * 2000 + whole) // (2 * whole)
    return f"{nearest // 1000}.{nearest % 1000:03d}"


def _certificate_of(issued: Issued) -> Certificate:
    if issued.certificate is None:
        raise DemoNotAsExpected(what="no certificate for a unit that may be reused")
    return issued.certificate


def _invoice_told(standing: InvoiceStanding) -> Told:
    invoice = standing.invoice
    return {
        "number": invoice.number,
        "state": standing.state.value,
        "lines": [
            {"kind": line.kind.value, "amount_krw": line.amount_krw, "explanation_ko": line.explanation_ko}
            for line in invoice.lines
        ],
        "taxable_krw": invoice.taxable_krw,
        "vat_krw": invoice.vat_krw,
        "total_krw": invoice.total_krw,
        "pdf_sha256": standing.document_sha256,
    }
