"""What the command line says of a file without a database: a cycler file, a pulse, a forecast."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from msgspec import UNSET, UnsetType

from domain.certification.capacity import FullDischarge
from domain.certification.dispersion import dispersion, robust_scores
from domain.certification.errors import DischargeMissing
from domain.certification.evaluating import Evaluation, evaluate
from domain.certification.forecasting import Forecast
from domain.certification.model import CyclerRecord, Extremes
from domain.certification.resistance import Pulse, at_half_charge
from domain.certification.screening import COVERAGE_PERCENT, FEATURES, ScreenedHealth, ScreenModel
from domain.certification.uncertainty import COVERAGE
from domain.metering.validation import Scanned
from domain.shared.errors import DomainError


class Out(msgspec.Struct, kw_only=True):
    """An answer of the command line. The doors have their own, with a web framework that no file needs."""


class RangeOut(Out):
    """The lowest and highest value of a column."""

    min: float
    max: float


class InspectedStepOut(Out):
    """One step; charge and energy are signed, positive charges."""

    step: int
    kind: str
    rows: int
    hours: float
    median_current_a: float
    first_v: float
    last_v: float
    charge_ah: float
    energy_wh: float
    counter_ah: float | None


class FullDischargeOut(Out):
    """A full discharge; efficiencies only over a closed cycle, rates only with a rated capacity."""

    step: int
    variant: str | None
    rate_c: float | None
    capacity_ah: float
    energy_wh: float
    coulombic_efficiency_percent: float | None
    energy_efficiency_percent: float | None


class SourceOut(Out):
    """One source of the uncertainty; percent of the result."""

    name: str
    half_width_percent: float
    standard_percent: float


class HealthOut(Out):
    """State of health by capacity with its expanded uncertainty."""

    soh_percent: float
    u_percent: float
    k: int
    variant: str
    sources: list[SourceOut]


class PulseOut(Out):
    """One pulse's resistance. Two methods' figures are not comparable."""

    step: int
    method: str
    direction: str
    width_s: float
    current_a: float
    rate_c: float | None
    soc_percent: float | None
    rated_percent: float | None
    resistance_mohm: float
    first_sample_mohm: float | None


class PeakOut(Out):
    """A peak of dQ/dV."""

    voltage_v: float
    height_ah_per_v: float


class PeaksOut(Out):
    """The peaks of one slow step."""

    step: int
    direction: str
    current_a: float
    peaks: list[PeakOut]


class SelfDischargeOut(Out):
    """A rest of a day or more; the K value only of a week."""

    step: int
    hours: float
    ocv_24h_v: float
    ocv_168h_v: float | None
    k_mv_per_h: float | None


class CellsOut(Out):
    """How far a module's cells stood apart."""

    channels: int
    spread_mv_min: float
    spread_mv_median: float
    spread_mv_max: float
    weakest: int
    strongest: int
    sum_gap_mv: float


class ImpedanceOut(Out):
    """What a spectrum says in one number each."""

    ohmic_intercept_mohm: float | None
    acr_1khz_mohm: float | None


class EvaluationOut(Out):
    """What the file supports; what it does not is null or empty."""

    capacity: FullDischargeOut | None
    discharges: list[FullDischargeOut]
    soh: HealthOut | None
    dcir: list[PulseOut]
    incremental_capacity: list[PeaksOut]
    self_discharge: list[SelfDischargeOut]
    cells: CellsOut | None
    impedance: ImpedanceOut | None


class ComparedUnitOut(Out):
    """One file of a comparison."""

    file: str
    capacity_ah: float | None
    soh_percent: float | None
    resistance_mohm: float | None
    robust_z: float | None


class ComparedOut(Out):
    """How far a pack's cells stand apart; a figure is null unless every file gives it."""

    units: list[ComparedUnitOut]
    capacity_range_percent: float | None
    capacity_cv_percent: float | None
    r_cv_percent: float | None
    weakest_cell_soh_percent: float | None


class ScreenFitOut(Out):
    """A fitted screen: errors are leave-one-out, in points of state of health."""

    model: str
    chemistry: str
    rated_capacity_ah: float
    method: str
    cells: int
    error_mean_points: float
    error_max_points: float
    half_width_points: float
    coverage_percent: int
    validity: dict[str, RangeOut]
    replaces_capacity_test: bool


class RefusalOut(Out):
    """Why there is no answer."""

    code: str
    message: str


class ScreenedUnitOut(Out):
    """One unit's guess, or why there is none."""

    unit: str
    soh_percent: float | None
    low_percent: float | None
    high_percent: float | None
    refused: RefusalOut | None


class ScreenedOut(Out):
    """What a screen guesses."""

    screened: list[ScreenedUnitOut]
    coverage_percent: int
    replaces_capacity_test: bool
    note: str


class OutlookOut(Out):
    """What is expected on a day."""

    on: str
    soh_percent: float
    low_percent: float
    high_percent: float


class ForecastOut(Out):
    """A pack's outlook: a prior scaled by its own checks."""

    law: str
    law_version: str
    checks: int
    factor: float
    factor_spread: float
    knee: bool
    years: list[OutlookOut]
    billed: bool
    note: str


class InspectedOut(Out):
    """A test file's summary. `soh` is the fraction of the rated capacity, only with a rated capacity.

    Frequencies and ohmic intercept stand only in a spectrum's summary, whose steps are empty.
    `evaluation` stands only where the file supports one.
    """

    format: str
    rows: int
    sha256: str
    voltage_v: RangeOut | None
    current_a: RangeOut | None
    hours: float
    cycles: int
    steps: list[InspectedStepOut]
    discharge_capacity_ah: float | None
    soh: float | None
    findings: list[str]
    evaluation: EvaluationOut | UnsetType = UNSET
    frequency_hz: RangeOut | UnsetType | None = UNSET
    ohmic_intercept_ohm: float | UnsetType | None = UNSET


def inspected(record: CyclerRecord, rated_capacity_ah: Decimal | None) -> InspectedOut:
    """Summarise a cycler's record; without a rated capacity the fullest discharge is shown."""
    capacity_ah: Decimal | None = None
    if rated_capacity_ah is not None:
        try:
            capacity_ah = record.discharge(rated_capacity_ah).q_dis_ah[-1]
        except DischargeMissing:
            capacity_ah = None
    if capacity_ah is None:
        capacity_ah = max((-one.counted_ah for one in record.steps if one.kind.discharges), default=None)
    impedance = record.impedance
    return InspectedOut(
        format=record.format.value,
        rows=record.rows,
        sha256=record.sha256,
        voltage_v=_range(record.voltage_v),
        current_a=_range(record.current_a),
        hours=float(record.hours),
        cycles=record.cycles,
        steps=[
            InspectedStepOut(
                step=one.step,
                kind=one.kind.value,
                rows=one.rows,
                hours=float(one.hours),
                median_current_a=float(one.median_current_a),
                first_v=float(one.first_v),
                last_v=float(one.last_v),
                charge_ah=float(one.charge_ah),
                energy_wh=float(one.energy_wh),
                counter_ah=None if one.counter_ah is None else float(one.counter_ah),
            )
            for one in record.steps
        ],
        discharge_capacity_ah=None if capacity_ah is None else float(capacity_ah),
        soh=None if capacity_ah is None or not rated_capacity_ah else float(capacity_ah / rated_capacity_ah),
        findings=[f"{one.code}: {one.said_ko}" for one in record.findings],
        evaluation=evaluated(evaluate(record, rated_capacity_ah=rated_capacity_ah), rated_capacity_ah),
        frequency_hz=UNSET if impedance is None else _range(impedance.frequency_hz),
        ohmic_intercept_ohm=UNSET if impedance is None else _ohm(impedance.ohmic_intercept_ohm),
    )


def evaluated(found: Evaluation, rated_capacity_ah: Decimal | None) -> EvaluationOut | UnsetType:
    """Spell an evaluation; unset where the file supports none."""
    if not found.says_something:
        return UNSET
    health, cells, impedance = found.health, found.cells, found.impedance
    return EvaluationOut(
        capacity=None if found.capacity is None else _discharge(found.capacity),
        discharges=[_discharge(one) for one in found.discharges],
        soh=None
        if health is None
        else HealthOut(
            soh_percent=_to(health.soh_percent, 4),
            u_percent=_to(health.u_percent, 4),
            k=COVERAGE,
            variant=health.variant.value,
            sources=[
                SourceOut(
                    name=one.name_en,
                    half_width_percent=_to(one.half_width_percent, 4),
                    standard_percent=_to(one.standard_percent, 4),
                )
                for one in health.sources
            ],
        ),
        dcir=[_pulse(one, rated_capacity_ah) for one in found.pulses],
        incremental_capacity=[
            PeaksOut(
                step=one.step,
                direction="charge" if one.charges else "discharge",
                current_a=float(one.current_a),
                peaks=[
                    PeakOut(voltage_v=peak.voltage_mv / 1000, height_ah_per_v=float(peak.height_ah_per_v))
                    for peak in one.peaks
                ],
            )
            for one in found.peaks
        ],
        self_discharge=[
            SelfDischargeOut(
                step=one.step,
                hours=float(one.hours),
                ocv_24h_v=float(one.ocv_24h_v),
                ocv_168h_v=_maybe(one.ocv_168h_v, 6),
                k_mv_per_h=_maybe(one.k_mv_per_h, 6),
            )
            for one in found.self_discharge
        ],
        cells=None
        if cells is None
        else CellsOut(
            channels=cells.voltage_channels,
            spread_mv_min=float(cells.spread_mv_lowest),
            spread_mv_median=float(cells.spread_mv_median),
            spread_mv_max=float(cells.spread_mv_highest),
            weakest=cells.weakest,
            strongest=cells.strongest,
            sum_gap_mv=float(cells.sum_gap_mv),
        ),
        impedance=None
        if impedance is None
        else ImpedanceOut(
            ohmic_intercept_mohm=_milli(impedance.ohmic_intercept_ohm), acr_1khz_mohm=_milli(impedance.acr_1khz_ohm)
        ),
    )


def compared(files: Sequence[str], found: Sequence[Evaluation], rated_capacity_ah: Decimal | None) -> ComparedOut:
    """Compare the units of a pack; capacities of one variant only, resistances of one method only."""
    capacities = [one.capacity for one in found]
    variants = {one.variant for one in capacities if one is not None}
    complete = [one.capacity_ah for one in capacities if one is not None]
    spread = dispersion(complete) if len(complete) == len(found) and len(variants) == 1 else None
    halves = [at_half_charge(one.pulses, rated_capacity_ah=rated_capacity_ah or Decimal(1))[0] for one in found]
    methods = {one.method for one in halves if one is not None}
    ohms = [one.resistance_mohm for one in halves if one is not None]
    apart = dispersion(ohms) if len(ohms) == len(found) and len(methods) == 1 else None
    scores = robust_scores(ohms) if apart is not None else None
    weakest = spread.lowest / rated_capacity_ah * 100 if spread is not None and rated_capacity_ah else None
    return ComparedOut(
        units=[
            ComparedUnitOut(
                file=name,
                capacity_ah=None if one.capacity is None else float(one.capacity.capacity_ah),
                soh_percent=None if one.health is None else _to(one.health.soh_percent, 4),
                resistance_mohm=None if half is None else _to(half.resistance_mohm, 4),
                robust_z=None if scores is None else _to(scores[at], 3),
            )
            for at, (name, one, half) in enumerate(zip(files, found, halves, strict=True))
        ],
        capacity_range_percent=None if spread is None else _to(spread.range_percent, 4),
        capacity_cv_percent=None if spread is None else _to(spread.cv_percent, 4),
        r_cv_percent=None if apart is None else _to(apart.cv_percent, 4),
        weakest_cell_soh_percent=_maybe(weakest, 4),
    )


NOT_A_TEST_KO = "선별 결과는 시험 순서를 정할 뿐이며 용량 시험(T06)을 대신하지 않습니다."
NOT_A_TEST_EN = "A screen orders the queue; it never replaces the capacity test (T06)."
NOT_BILLED_KO = "예측은 사전 정보일 뿐이며 요금 산정에 쓰이지 않습니다."
NOT_BILLED_EN = "A forecast is a prior; nothing is billed on it."


def screen_fit_out(model: ScreenModel, written: str) -> ScreenFitOut:
    """Spell a fitted screen."""
    return ScreenFitOut(
        model=written,
        chemistry=model.cell_type.chemistry,
        rated_capacity_ah=model.cell_type.rated_capacity_mah / 1000,
        method=model.method,
        cells=model.cells,
        error_mean_points=round(model.error_mean_points, 4),
        error_max_points=round(model.error_max_points, 4),
        half_width_points=round(model.half_width_points, 4),
        coverage_percent=COVERAGE_PERCENT,
        validity={
            name: RangeOut(min=round(lowest, 4), max=round(highest, 4))
            for name, lowest, highest in zip(FEATURES, model.lowest, model.highest, strict=True)
        },
        replaces_capacity_test=False,
    )


def screened_out(found: Sequence[tuple[str, ScreenedHealth | DomainError]], language: str) -> ScreenedOut:
    """Spell what a screen guesses of each unit."""
    return ScreenedOut(
        screened=[
            ScreenedUnitOut(
                unit=unit,
                soh_percent=None,
                low_percent=None,
                high_percent=None,
                refused=RefusalOut(code=one.code, message=one.sentence(language)),
            )
            if isinstance(one, DomainError)
            else ScreenedUnitOut(
                unit=unit,
                soh_percent=float(one.soh_percent),
                low_percent=float(one.low_percent),
                high_percent=float(one.high_percent),
                refused=None,
            )
            for unit, one in found
        ],
        coverage_percent=COVERAGE_PERCENT,
        replaces_capacity_test=False,
        note=NOT_A_TEST_KO if language == "ko" else NOT_A_TEST_EN,
    )


def forecast_out(found: Forecast, language: str) -> ForecastOut:
    """Spell a forecast."""
    return ForecastOut(
        law=found.law.value,
        law_version=found.law_version,
        checks=found.checks,
        factor=float(found.factor),
        factor_spread=float(found.factor_spread),
        knee=found.knee,
        years=[
            OutlookOut(
                on=one.on.isoformat(),
                soh_percent=float(one.soh_percent),
                low_percent=float(one.low_percent),
                high_percent=float(one.high_percent),
            )
            for one in found.years
        ],
        billed=False,
        note=NOT_BILLED_KO if language == "ko" else NOT_BILLED_EN,
    )


def _discharge(one: FullDischarge) -> FullDischargeOut:
    return FullDischargeOut(
        step=one.step,
        variant=None if one.variant is None else one.variant.value,
        rate_c=_maybe(one.rate_c, 4),
        capacity_ah=float(one.capacity_ah),
        energy_wh=float(one.energy_wh),
        coulombic_efficiency_percent=_maybe(one.coulombic_efficiency, 4),
        energy_efficiency_percent=_maybe(one.energy_efficiency, 4),
    )


def _pulse(one: Pulse, rated_capacity_ah: Decimal | None) -> PulseOut:
    return PulseOut(
        step=one.step,
        method=one.method.value,
        direction="discharge" if one.discharges else "charge",
        width_s=_to(one.width_s, 3),
        current_a=float(one.current_a),
        rate_c=None if not rated_capacity_ah else _to(one.rate_c(rated_capacity_ah), 3),
        soc_percent=_maybe(one.soc_percent, 2),
        rated_percent=_maybe(one.rated_percent, 2),
        resistance_mohm=_to(one.resistance_mohm, 4),
        first_sample_mohm=_maybe(one.first_sample_mohm, 4),
    )


def _to(value: Decimal, places: int) -> float:
    return round(float(value), places)


def _maybe(value: Decimal | None, places: int) -> float | None:
    return None if value is None else _to(value, places)


def _milli(value: Decimal | None) -> float | None:
    return None if value is None else float(value * 1000)


def _ohm(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _range(extremes: Extremes | None) -> RangeOut | None:
    return None if extremes is None else RangeOut(min=float(extremes.lowest), max=float(extremes.highest))


class FindingOut(Out):
    """One thing found in a meter's file; `row` is the file's line."""

    kind: str
    at: datetime | None
    channel: str | None
    detail: str
    row: int | None


class ScannedOut(Out):
    """What a meter's file would bring: data rows, values that would be taken, findings, Wh a channel.

    `findings_left_out` stands there only if more was found than is named.
    """

    rows: int
    accepted: int
    findings: list[FindingOut]
    totals_wh: dict[str, int]
    findings_left_out: int | UnsetType = UNSET


def scanned_out(scanned: Scanned) -> ScannedOut:
    """Say what was found in a meter's file."""
    return ScannedOut(
        rows=scanned.rows,
        accepted=scanned.accepted,
        findings=[
            FindingOut(kind=one.kind.value, at=one.at, channel=one.channel, detail=one.detail, row=one.row)
            for one in scanned.findings
        ],
        totals_wh=dict(scanned.totals_wh),
        findings_left_out=scanned.findings_left_out or UNSET,
    )


def as_json(value: msgspec.Struct | Sequence[msgspec.Struct]) -> str:
    """Spell an answer as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
