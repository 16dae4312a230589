"""What the command line says of a file without a database: a cycler file's summary, a signed record's truth."""

from decimal import Decimal

import msgspec
from msgspec import UNSET, UnsetType

from app.http.schemas import Instant, Out
from domain.certification.errors import DischargeMissing, SignatureBroken
from domain.certification.model import CyclerRecord, Extremes
from domain.certification.ports import Credentials
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


class InspectedOut(Out):
    """A test file's summary. `soh` is the fraction of the rated capacity, only with a rated capacity.

    Frequencies and ohmic intercept stand only in a spectrum's summary, whose steps are empty.
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
        frequency_hz=UNSET if impedance is None else _range(impedance.frequency_hz),
        ohmic_intercept_ohm=UNSET if impedance is None else _ohm(impedance.ohmic_intercept_ohm),
    )


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
