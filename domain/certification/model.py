"""Receptions, cycler records, test runs, assessments, signatures, reports and certificates."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.certification.errors import DischargeMissing, FeeWrong, ItemFactsWrong
from domain.shared.identifiers import CertificateId, PackId, PersonId, ReceptionId, ReportId, TenantId, TestRunId
from domain.shared.time import seoul_day

Value = Decimal | bool | str | tuple[Decimal, ...] | tuple[str, ...]
"""What a quantity may measure: a number, a yes or no, a word, a row of numbers, a set of words."""


class Chemistry(StrEnum):
    """The cathode families that a protocol may have a voltage window for."""

    NMC = "NMC"
    NCA = "NCA"
    LMO = "LMO"
    LFP = "LFP"
    LTO = "LTO"


class Scope(StrEnum):
    """What is judged as one unit."""

    PACK = "pack"
    MODULE = "module"
    CELL = "cell"
    MATCHING_SET = "matching_set"


class Sampled(StrEnum):
    """What the capacity test was run on: one cell taken as the unit's sample, or the whole unit, `pack` or not."""

    CELL = "cell"
    PACK = "pack"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorLife:
    """What was said of a unit's life before it was received, and by whom or what (출처).

    `use` and `event_flags` are the protocol's own words; no flags means that it was asked, and nothing happened.
    """

    use: str
    event_flags: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """What the applicant's data sheet says of the received unit, kept with the reception.

    `rated_capacity_mah` and `rated_energy_wh` are the whole unit's, `cell_capacity_mah` is one cell's. `scope` says
    what is judged: a test that is none of this scope's is not asked for.

    Raises:
        ItemFactsWrong: a rating or a count is not above zero.
    """

    chemistry: Chemistry
    rated_capacity_mah: int
    rated_energy_wh: int
    cell_capacity_mah: int
    cell_count: int
    cells_in_series: int
    modules_in_series: int
    nominal_voltage_mv: int
    manufactured_on: date
    calendar_expiry_on: date | None = None
    sampled: Sampled = Sampled.CELL
    prior_life: PriorLife | None = None
    scope: Scope = Scope.PACK

    def __post_init__(self) -> None:
        for fact in (
            "rated_capacity_mah",
            "rated_energy_wh",
            "cell_capacity_mah",
            "cell_count",
            "cells_in_series",
            "modules_in_series",
            "nominal_voltage_mv",
        ):
            if getattr(self, fact) <= 0:
                raise ItemFactsWrong(fact=fact)

    @property
    def sample_capacity_ah(self) -> Decimal:
        """Rated capacity of what was sampled; Ah."""
        return Decimal(self.cell_capacity_mah if self.sampled is Sampled.CELL else self.rated_capacity_mah) / 1000

    @property
    def sample_energy_kwh(self) -> Decimal:
        """Rated energy of what was sampled; kWh."""
        cells = self.cell_count if self.sampled is Sampled.CELL else 1
        return Decimal(self.rated_energy_wh) / 1000 / cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who asks for the inspection (의뢰자)."""

    name: str
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolName:
    """A protocol in one version, as an applicant names it and a report prints it."""

    protocol_id: str
    version: str

    def __str__(self) -> str:
        return f"{self.protocol_id} {self.version}"


class ReceptionState(StrEnum):
    """How far a reception has come: on the way to its report, or past it, or closed without one."""

    RECEIVED = "received"
    UNDER_TEST = "under_test"
    TESTED = "tested"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    ISSUED = "issued"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    RELEASED = "released"

    @property
    def is_open(self) -> bool:
        """Whether the unit is still to get its report; while it is, the unit is not received again."""
        return self in OPEN_STATES

    @property
    def is_reported(self) -> bool:
        """Whether a report was issued, whatever became of it later."""
        return self in (ReceptionState.ISSUED, ReceptionState.AMENDED, ReceptionState.WITHDRAWN)


OPEN_STATES = (
    ReceptionState.RECEIVED,
    ReceptionState.UNDER_TEST,
    ReceptionState.TESTED,
    ReceptionState.REVIEWED,
    ReceptionState.APPROVED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """One unit taken in for inspection (접수). `protocol` where it was agreed by which it is judged; else its day's.

    `request_id` and `request_line` where it was asked for; a unit that was brought to the counter has neither.
    """

    reception_id: ReceptionId
    number: str
    pack_id: PackId
    tenant_id: TenantId
    applicant: Applicant
    condition: str
    facts: ItemFacts
    received_by: PersonId
    received_by_name: str
    received_at: datetime
    due_on: date
    state: ReceptionState
    protocol: ProtocolName | None = None
    request_id: UUID | None = None
    request_line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One move of a reception, kept for ever: from where (None at its beginning) to where, by whom, when and why."""

    pack_id: PackId
    reception_id: ReceptionId
    tenant_id: TenantId
    sequence: int
    from_state: ReceptionState | None
    to_state: ReceptionState
    moved_by: PersonId
    moved_by_name: str
    moved_at: datetime
    reason: str = ""


class CustodyKind(StrEnum):
    """How a unit changed hands."""

    TAKEN_IN = "taken_in"
    MOVED = "moved"
    RETURNED = "returned"
    DISPOSED = "disposed"

    @property
    def leaves(self) -> bool:
        """Whether the body no longer has it after."""
        return self in (CustodyKind.RETURNED, CustodyKind.DISPOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyMove:
    """One hand-over of a unit, kept for ever: where it is from then on, who holds it, and how it looked."""

    pack_id: PackId
    reception_id: ReceptionId
    tenant_id: TenantId
    sequence: int
    kind: CustodyKind
    place: str
    holder: str
    condition: str
    moved_by: PersonId
    moved_by_name: str
    moved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLabel:
    """What is stuck on a received unit: a token, at least 128 random bits in hex, that says nothing of itself."""

    pack_id: PackId
    reception_id: ReceptionId
    tenant_id: TenantId
    token: str
    made_by: PersonId
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """One line of what an inspection costs; whole won.

    Raises:
        FeeWrong: it is below zero or beyond a billion, or says nothing of what it is for.
    """

    what: str
    amount_krw: int

    def __post_init__(self) -> None:
        if not self.what or not 0 <= self.amount_krw <= FEE_KRW_MAX:
            raise FeeWrong(what=self.what[:100])


FEE_KRW_MAX = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """What the inspection of a unit costs, line by line; agreed with the applicant, or not yet. No invoice."""

    pack_id: PackId
    reception_id: ReceptionId
    tenant_id: TenantId
    lines: tuple[Fee, ...]
    set_by_name: str
    set_at: datetime
    agreed_at: datetime | None

    @property
    def total_krw(self) -> int:
        """All lines together; won."""
        return sum(line.amount_krw for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A reception as the work queue shows it; `applicant` by name."""

    reception_id: ReceptionId
    number: str
    pack_id: PackId
    applicant: str
    due_on: date
    state: ReceptionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """Which of a body's receptions are asked for: in these states, and those that `search` names, if it is given.

    It names by a part of the reception's number or of the applicant's name, or by the whole pack, `pack_id`.
    """

    tenant_id: TenantId
    states: tuple[ReceptionState, ...]
    search: str = ""
    pack_id: PackId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlace:
    """Where a page of the work list ended."""

    due_on: date
    reception_id: ReceptionId


class CyclerFormat(StrEnum):
    """Formats of cycler files that are read."""

    NEWARE_NDA = "neware_nda"
    NEWARE_NDAX = "neware_ndax"
    NEWARE_CSV = "neware_csv"
    ARBIN_RES = "arbin_res"
    ARBIN_CSV = "arbin_csv"
    MACCOR = "maccor"
    PEC = "pec"
    BIOLOGIC = "biologic"
    NOVONIX = "novonix"
    BASYTEC = "basytec"
    BDF_CSV = "bdf_csv"
    BDF_PARQUET = "bdf_parquet"
    NEBULA_XLSX = "nebula_xlsx"
    EIS_GAMRY = "eis_gamry"
    EIS_BIOLOGIC = "eis_biologic"
    EIS_ZPLOT = "eis_zplot"
    EIS_CSV = "eis_csv"


class TableForm(StrEnum):
    """As what the canonical table of a cycler file is handed out."""

    CSV = "csv"
    PARQUET = "parquet"


class StepKind(StrEnum):
    """What a cycler did during a step, in one set of words for all makers."""

    REST = "rest"
    CC_CHARGE = "cc_charge"
    CV_CHARGE = "cv_charge"
    CCCV_CHARGE = "cccv_charge"
    CHARGE = "charge"
    CC_DISCHARGE = "cc_discharge"
    DISCHARGE = "discharge"
    OTHER = "other"

    @property
    def charges(self) -> bool:
        """Whether current flows in."""
        return self in (StepKind.CC_CHARGE, StepKind.CV_CHARGE, StepKind.CCCV_CHARGE, StepKind.CHARGE)

    @property
    def discharges(self) -> bool:
        """Whether current flows out."""
        return self in (StepKind.CC_DISCHARGE, StepKind.DISCHARGE)

    @property
    def holds_voltage(self) -> bool:
        """Whether it ends at a held voltage, as a charge to the full cell does."""
        return self in (StepKind.CV_CHARGE, StepKind.CCCV_CHARGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extremes:
    """The lowest and highest value of a column; unit as the name of the field that holds it."""

    lowest: Decimal
    highest: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclerStep:
    """One step. Charge and energy are signed (positive charges), by trapezoid; counters are the cycler's own."""

    step: int
    kind: StepKind
    rows: int
    hours: Decimal
    median_current_a: Decimal
    first_v: Decimal
    last_v: Decimal
    charge_ah: Decimal
    energy_wh: Decimal
    counter_ah: Decimal | None
    counter_wh: Decimal | None

    @property
    def counter_disagrees(self) -> bool:
        """Whether the cycler's counter and the integral differ by more than 1 %, as with edge-sampled pulses."""
        if self.counter_ah is None:
            return False
        return abs(self.charge_ah - self.counter_ah) > max(abs(self.charge_ah), abs(self.counter_ah)) / 100

    @property
    def counted_ah(self) -> Decimal:
        """The charge that counts: the integral, and the cycler's counter where the two disagree."""
        return self.charge_ah if self.counter_ah is None or not self.counter_disagrees else self.counter_ah

    @property
    def counted_wh(self) -> Decimal:
        """The energy that counts: as with the charge."""
        return self.energy_wh if self.counter_wh is None or not self.counter_disagrees else self.counter_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSpread:
    """A module's cell channels: how far apart they stood, mV, and which stood lowest and highest on average.

    `sum_gap_mv` is the farthest that the cells' sum was from the module's own voltage.
    """

    voltage_channels: int
    temperature_channels: int
    spread_mv_lowest: Decimal
    spread_mv_median: Decimal
    spread_mv_highest: Decimal
    weakest: int
    strongest: int
    sum_gap_mv: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Impedance:
    """A spectrum: its frequencies, and Re Z where Im Z first crosses zero from the highest frequency down."""

    frequency_hz: Extremes | None
    ohmic_intercept_ohm: Decimal | None
    acr_1khz_ohm: Decimal | None = None
    """|Z| at 1 kHz, between its two neighbours; None where the spectrum does not reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeCurve:
    """What charge a slow constant-current step had passed at each voltage of a grid, from the lowest voltage up.

    `charge_nah` is in nAh, so that a coin cell's curve keeps its digits; point n stands at `first_mv + n * grid_mv`.
    """

    step: int
    grid_mv: int
    first_mv: int
    charge_nah: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LongRest:
    """A rest of a day or more: the voltage 24 h after it began, and 168 h after where it lasted so long."""

    step: int
    hours: Decimal
    ocv_24h_v: Decimal
    ocv_168h_v: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclerFinding:
    """Something a reader must know about the file; `rows` are the first of the rows concerned, from 1."""

    code: str
    said_ko: str
    said_en: str
    rows: tuple[int, ...] = ()


class Variant(StrEnum):
    """The rate of a capacity test. Variants of a test are never compared."""

    C3 = "C3"
    C2 = "C2"
    C1 = "1C"
    OTHER = "other"

    @classmethod
    def of(cls, *, current_a: Decimal, rated_capacity_ah: Decimal) -> "Variant":
        """Name the rate of a current, each within 10 % of itself."""
        for variant, hours in ((cls.C3, 3), (cls.C2, 2), (cls.C1, 1)):
            if abs(abs(current_a) * hours / rated_capacity_ah - 1) <= _RATE_TOLERANCE:
                return variant
        return cls.OTHER


_RATE_TOLERANCE = Decimal("0.1")
_FULL_TOLERANCE_V = Decimal("0.02")
"""How near the record's full and empty voltage a full discharge starts and ends; covers a cycler's overshoot."""
_PULSE_HOURS_MAX = Decimal(60) / 3600
"""What charges or discharges for a minute or less is a pulse: its voltage says nothing about full or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharge:
    """The discharge that capacity is read from.

    `q_dis_ah` lists every full discharge of the variant in order of time, the one that counts last.
    `q_chg_ah` and `e_chg_wh` are what was charged between the discharge before and this one.
    """

    step: int
    variant: Variant
    q_dis_ah: tuple[Decimal, ...]
    e_dis_wh: Decimal
    q_chg_ah: Decimal
    e_chg_wh: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclerRecord:
    """What a cycler file says, whoever made the cycler.

    `cycles` counts a new cycle at each charge that follows a discharge; `cycles_as_recorded` is the
    maker's own count, which may differ.
    """

    format: CyclerFormat
    parser: str
    sha256: str
    rows: int
    voltage_v: Extremes | None
    current_a: Extremes | None
    temperature_c: Extremes | None
    hours: Decimal
    cycles: int
    cycles_as_recorded: int | None
    steps: tuple[CyclerStep, ...]
    findings: tuple[CyclerFinding, ...]
    cells: CellSpread | None = None
    impedance: Impedance | None = None
    curves: tuple[ChargeCurve, ...] = ()
    rests: tuple[LongRest, ...] = ()
    part: str = ""
    """Which cell or module of the unit was on the channel, as the tester named it; empty for the unit's own sample."""

    @property
    def turned_v(self) -> Extremes | None:
        """Empty and full: the lowest and the highest voltage that a lasting step of this record began or ended at; V.

        Single rows do not count, nor pulses: one glitch or one strong pulse goes beyond what a cell was emptied
        to. Where a charge held its voltage, that one is full, and a short charge beyond it is none.
        None where no step lasted.
        """
        lasting = [one for one in self.steps if one.hours > _PULSE_HOURS_MAX]
        ends = [end for one in lasting for end in (one.first_v, one.last_v)]
        held = [one.last_v for one in lasting if one.kind.holds_voltage]
        return Extremes(lowest=min(ends), highest=max(held or ends)) if ends else None

    def discharge(self, rated_capacity_ah: Decimal) -> Discharge:
        """Return the reference discharge: the last full one at C/2, else the last full one at any rate.

        A discharge is full when it runs at constant current, follows a charge to the record's
        full voltage, and ends at its empty one.

        Raises:
            DischargeMissing: the record holds none.
        """
        turned = self.turned_v
        if turned is None:
            raise DischargeMissing
        full: list[tuple[CyclerStep, Variant, Decimal, Decimal]] = []
        charged_ah = charged_wh = Decimal(0)
        filled = False
        for step in self.steps:
            if step.kind.charges:
                charged_ah, charged_wh = charged_ah + step.counted_ah, charged_wh + step.counted_wh
                filled = step.last_v >= turned.highest - _FULL_TOLERANCE_V
            elif step.kind.discharges:
                emptied = step.last_v <= turned.lowest + _FULL_TOLERANCE_V
                if filled and emptied and step.kind is StepKind.CC_DISCHARGE and step.counted_ah < 0:
                    variant = Variant.of(current_a=step.median_current_a, rated_capacity_ah=rated_capacity_ah)
                    full.append((step, variant, charged_ah, charged_wh))
                charged_ah = charged_wh = Decimal(0)
                filled = False
        if not full:
            raise DischargeMissing
        chosen = next((one for one in reversed(full) if one[1] is Variant.C2), full[-1])
        step, variant, charged_ah, charged_wh = chosen
        return Discharge(
            step=step.step,
            variant=variant,
            q_dis_ah=tuple(-one[0].counted_ah for one in full if one[1] is variant and one[0].step <= step.step),
            e_dis_wh=-step.counted_wh,
            q_chg_ah=charged_ah,
            e_chg_wh=charged_wh,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CellType:
    """One design of cell: figures learned on one say nothing about another."""

    chemistry: str
    rated_capacity_mah: int

    def __str__(self) -> str:
        """Write it as people do: `NMC 21 Ah`."""
        return f"{self.chemistry} {(Decimal(self.rated_capacity_mah) / 1000).normalize():f} Ah"


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseReading:
    """What the screen looks at: resistance after 5 s, at the first sample (mΩ), and the rest voltage (V)."""

    r5s_mohm: float
    r0_mohm: float
    rest_v: float

    @property
    def row(self) -> tuple[float, ...]:
        """The features in the model's order."""
        return (self.r5s_mohm, self.r0_mohm, self.rest_v)


@dataclass(frozen=True, slots=True, kw_only=True)
class PulsedCell:
    """A cell whose pulse and whose true capacity are both known; `soh_percent` is of the rated capacity."""

    unit: str
    cell_type: CellType
    reading: PulseReading
    soh_percent: float


class MeasurementSource(StrEnum):
    """Where a value comes from; a file outranks a read-out, which outranks a typed value."""

    RAW = "raw"
    BMS = "bms"
    MANUAL = "manual"
    RECEPTION = "reception"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measured quantity of one test; `unit` is empty for what has none."""

    test_id: str
    quantity: str
    value: Value
    unit: str
    source: MeasurementSource


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """The evidence a run was read from, kept under its hash."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEquipment:
    """What a run that names no equipment was measured with, said after it was kept; the run itself stays as it was.

    `deviation` and `deviation_en` are what an approver accepted about the device, empty where nothing had to be.
    """

    test_run_id: TestRunId
    pack_id: PackId
    reception_id: ReceptionId
    tenant_id: TenantId
    equipment: str
    device_id: UUID | None
    deviation: str
    deviation_en: str
    said_by: PersonId
    said_by_name: str
    said_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """One addition to a reception's results (시험); never changed, a retest adds another.

    `started_at` and `ended_at` are when the test ran, None where nobody said; it was recorded later or then.
    `deviation` says what differs from the method, such as what was accepted about its device, by whom and why; empty
    where nothing does, and `deviation_en` says it in English (empty too in runs of before there was one).
    `provider` names the outside laboratory that measured; empty where the body itself did. `told` is set where the
    equipment was said afterwards; `equipment`, `device_id` and the deviations are then those.
    """

    __test__ = False  # the name is the field's word; pytest must not collect it

    test_run_id: TestRunId
    reception_id: ReceptionId
    pack_id: PackId
    tenant_id: TenantId
    sequence: int
    protocol_id: str
    protocol_version: str
    variant: Variant | None
    ambient_c: Decimal | None
    equipment: str
    raw_file: RawFile | None
    record: CyclerRecord | None
    measurements: tuple[Measurement, ...]
    recorded_by: PersonId
    recorded_by_name: str
    recorded_at: datetime
    device_id: UUID | None = None
    deviation: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deviation_en: str = ""
    provider: str = ""
    told: ToldEquipment | None = None

    @property
    def lacks_equipment(self) -> bool:
        """Whether nobody said what it was measured with, as could be before that was asked for."""
        return self.device_id is None and not self.equipment.strip()

    @property
    def first_at(self) -> datetime:
        """When its work began, as far as it is known."""
        return self.started_at or self.ended_at or self.recorded_at

    @property
    def last_at(self) -> datetime:
        """When its work ended, as far as it is known."""
        return self.ended_at or self.started_at or self.recorded_at


def with_told(run: TestRun, told: ToldEquipment | None) -> TestRun:
    """Return a run with the equipment that was said of it afterwards."""
    if told is None:
        return run
    return replace(
        run,
        equipment=told.equipment,
        device_id=told.device_id,
        deviation="; ".join(one for one in (run.deviation, told.deviation) if one),
        deviation_en="; ".join(one for one in (run.deviation_en or run.deviation, told.deviation_en) if one),
        told=told,
    )


class Verdict(StrEnum):
    """What a rule says of a unit."""

    HARD_FAIL = "hard_fail"
    REVIEW = "review"
    NOT_ASSESSED = "not_assessed"
    PASS = "pass"  # noqa: S105 - a verdict
    NOT_APPLICABLE = "not_applicable"


SEVERITY = (Verdict.HARD_FAIL, Verdict.REVIEW, Verdict.NOT_ASSESSED, Verdict.PASS, Verdict.NOT_APPLICABLE)
"""Worst first: the first that occurs is the verdict of the whole."""


class Disposition(StrEnum):
    """What becomes of the unit."""

    REUSE = "reuse"
    HOLD_REVIEW = "hold_review"
    QUARANTINE = "quarantine"
    RECYCLE = "recycle"


class DecisionRule(StrEnum):
    """How measured values meet their limits: as they are, or less what is not known about them."""

    SIMPLE = "simple"
    GUARDED = "guarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A quantity as it is printed; the graded value behind it is unrounded."""

    quantity: str
    value: str
    unit: str
    source: MeasurementSource


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVerdict:
    """What one rule said, with everything needed to repeat it."""

    rule: str
    measured: str
    limit: str
    unit: str
    verdict: Verdict
    source: str
    reason_ko: str = ""
    reason_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestVerdict:
    """What one test of the protocol said."""

    __test__ = False  # the name is the field's word; pytest must not collect it

    test_id: str
    name_ko: str
    name_en: str
    method: str
    required: bool
    verdict: Verdict
    quantities: tuple[Shown, ...]
    rules: tuple[RuleVerdict, ...]
    reason_ko: str = ""
    reason_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the rules say, before anyone stores or signs it.

    `soh_ppm` is cut, never rounded up, and may exceed 1,000,000; `usable_energy_wh` is cut likewise.
    `review_months` is the grade's own re-inspection interval. `decision_rule` is None for what was judged before there
    was a choice, which was by the simple one. `soh_u_ppm` is the health's expanded uncertainty (k = 2), rounded up.
    """

    protocol_id: str
    protocol_version: str
    protocol_sha256: str
    tests: tuple[TestVerdict, ...]
    disposition: Disposition
    grade: str | None
    use_ko: str
    use_en: str
    review_months: int | None
    validity_months: int
    soh_ppm: int | None
    usable_energy_wh: int | None
    basis_ko: str
    basis_en: str
    decision_rule: DecisionRule | None = None
    soh_u_ppm: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A judgement on the runs of one reception, kept for ever (판정)."""

    assessment_id: UUID
    reception_id: ReceptionId
    pack_id: PackId
    tenant_id: TenantId
    sequence: int
    run_ids: tuple[TestRunId, ...]
    judgement: Judgement
    judged_by: PersonId
    judged_by_name: str
    judged_at: datetime


class Meaning(StrEnum):
    """What a signature says its signer did."""

    REVIEW = "review"
    HOLD_RELEASE = "hold_release"
    APPROVAL = "approval"
    ISSUE = "issue"


class Signed(StrEnum):
    """What a signature is on: a judgement, the release of a held judgement with its reason, or a report as printed."""

    ASSESSMENT = "assessment"
    HOLD_RELEASE = "hold_release"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRelease:
    """A held unit that a second person let go on to reuse, and why (보류 해제).

    `judgement` is what the rules say when what asked for a look counts as looked at; nothing else differs.
    """

    pack_id: PackId
    assessment_id: UUID
    reception_id: ReceptionId
    tenant_id: TenantId
    reason: str
    judgement: Judgement
    released_by: PersonId
    released_by_name: str
    released_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A person's signature on one exact text: bound by type, id and hash, so it cannot be moved to another.

    `entered_by` are those whose work is signed; the signer is never among them. `subject_id` is the
    assessment's for a judgement and for its release, the report's for a report.
    """

    signature_id: UUID
    pack_id: PackId
    tenant_id: TenantId
    reception_id: ReceptionId
    subject_type: Signed
    subject_id: UUID
    subject_sha256: str
    meaning: Meaning
    signed_by: PersonId
    printed_name: str
    entered_by: tuple[PersonId, ...]
    signed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """The inspection body as it is printed on reports and certificates."""

    name_ko: str
    name_en: str
    address_ko: str
    address_en: str
    place_ko: str
    place_en: str
    accreditation: str
    insurance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A test report as issued (성적서). `record` is its signed record, None for one issued before there were any."""

    report_id: ReportId
    number: str
    pack_id: PackId
    tenant_id: TenantId
    reception_id: ReceptionId
    assessment_id: UUID
    content: str
    pdf_sha256: str
    issued_at: datetime
    record: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPlace:
    """Where a pack's sealed history stood: the number of its last entry, and that entry's seal in hex."""

    sequence: int
    seal: str


class IssuedKind(StrEnum):
    """Which kinds of PDF leave the house."""

    REPORT = "report"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedDocument:
    """What anyone may know of a PDF that we issued; `amends` is the number of the report that it replaces."""

    pack_id: PackId
    tenant_id: TenantId
    subject_id: UUID
    kind: IssuedKind
    number: str
    pdf_sha256: str
    amends: str | None
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnDocument:
    """That a report which we issued was withdrawn, when and why: what anyone who holds it may know."""

    pack_id: PackId
    tenant_id: TenantId
    subject_id: UUID
    number: str
    reason: str
    withdrawn_at: datetime


class CertificateStatus(StrEnum):
    """Whether a certificate may be relied on; the calendar speaks beside it."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate as issued (인증서); only its `status` ever changes, with `status_reason`.

    `valid_until` and `reinspection_due_on` are Seoul days, both included.
    """

    certificate_id: CertificateId
    number: str
    pack_id: PackId
    tenant_id: TenantId
    reception_id: ReceptionId
    report_id: ReportId
    report_number: str
    grade: str
    soh_ppm: int
    usable_energy_wh: int
    issued_at: datetime
    valid_until: date
    reinspection_due_on: date
    credential: str
    pdf_sha256: str
    verify_token_sha256: str
    status: CertificateStatus
    status_reason: str


def certificate_valid_at(certificate: Certificate, at: datetime) -> bool:
    """Say whether a certificate may be relied on at an instant: its status stands and its last day is not over."""
    return (
        certificate.status is CertificateStatus.VALID
        and certificate.issued_at <= at
        and seoul_day(at) <= certificate.valid_until
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What one issue brings into the world: a report always, a certificate for what may be reused.

    `superseded` is the certificate whose place it takes, as it was before.
    """

    report: Report
    certificate: Certificate | None
    superseded: Certificate | None = None
