"""What the command line says of a file without a database: a cycler file's summary, a signed record's truth."""

from decimal import Decimal

import msgspec
from msgspec import UNSET, UnsetType

from app.http.schemas import Instant, Out
from domain.certification.capacity import FullDischarge
from domain.certification.errors import DischargeMissing, SignatureBroken
from domain.certification.evaluating import Evaluation, evaluate
from domain.certification.model import CyclerRecord, Extremes
from domain.certification.ports import Credentials
from domain.certification.resistance import Pulse
from domain.certification.uncertainty import COVERAGE
from domain.metering.validation import Scanned

AMPERES_AT_REST = Decimal("0.001")


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


class InspectedOut(Out):
    """A test file's summary. `soh` is the fraction of the rated capacity, only with a rated capacity.

    Frequencies and ohmic intercept stand only in a spectrum's summary, whose steps are empty.
    `evaluation` is null where the file supports none.
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
    evaluation: EvaluationOut | None
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


def evaluated(found: Evaluation, rated_capacity_ah: Decimal | None) -> EvaluationOut | None:
    """Spell an evaluation; None where the file supports none."""
    if not found.says_something:
        return None
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
    return float(round(value, places))


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
    at: Instant | None
    channel: str | None
    detail: str
    row: int | None


class ScannedOut(Out):
    """What a meter's file would bring: data rows, values that would be taken, findings, Wh a channel."""

    rows: int
    accepted: int
    findings: list[FindingOut]
    totals_wh: dict[str, int]


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
    )


def as_json(value: Out) -> str:
    """Spell an answer as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


async def verify_record(content: bytes, *, credentials: Credentials) -> str:
    """Check a signed certificate record; return the number it is of.

    Raises:
        SignatureBroken: it is no signed record, or was changed, or another key signed it.
    """
    try:
        record = msgspec.json.decode(content, type=dict[str, object])
    except msgspec.DecodeError as error:
        raise SignatureBroken(reason="not JSON") from error
    await credentials.verify(record)  # type: ignore[arg-type]  # JSON's words are the canonical ones, or it raises
    subject = record.get("credentialSubject")
    certificate = subject.get("certificate") if isinstance(subject, dict) else None
    number = certificate.get("number") if isinstance(certificate, dict) else None
    return str(number or record.get("id") or "-")
