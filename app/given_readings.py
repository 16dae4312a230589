"""Files of readings that somebody at the command line names: everything that the readings door takes, by content."""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

import msgspec

from app.http.readings import sort_file
from domain.journeys.readings import Intake, require_month
from domain.metering import usecases as metering
from domain.metering.arrivals import REJECTIONS_NAMED_MAX, Arrived, Rejection, Sorters
from domain.metering.readings import known, total
from domain.metering.registers import RegistersReport
from domain.metering.validation import Finding, FindingKind, Scanned
from domain.shared.actor import Actor
from domain.shared.identifiers import TenantId
from domain.shared.time import Month, seoul_day
from domain.shared.untrusted import FileBroke, FileTooLarge

TEXT_BYTES_MAX = 256 * 1024 * 1024
"""So much is unpacked of a file."""

VALUES_MAX = 4_000_000
"""So many values are sorted at once: five channels' years in steps of a minute."""

DAYS_TOGETHER = 400
READS_TOGETHER = 5_000
_MARK = b"\xef\xbb\xbf"
_LINE = re.compile(r"line ([0-9]+)", re.ASCII)
_REGISTERS_NAMED_MAX = 100


class Form(StrEnum):
    """What a file of readings is written in."""

    SITE = "site"
    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    CSV = "text/csv"


KIND_OF: Mapping[Rejection, FindingKind] = {
    Rejection.RESOLUTION_UNKNOWN: FindingKind.MALFORMED_ROW,
    Rejection.MALFORMED: FindingKind.MALFORMED_ROW,
    Rejection.NOT_AN_INSTANT: FindingKind.MALFORMED_TIMESTAMP,
    Rejection.NAIVE_INSTANT: FindingKind.NAIVE_TIMESTAMP,
    Rejection.OFF_GRID: FindingKind.OFF_GRID,
    Rejection.OUT_OF_RANGE: FindingKind.OUT_OF_PERIOD,
    Rejection.IN_FUTURE: FindingKind.OUT_OF_PERIOD,
    Rejection.BLANK: FindingKind.BLANK,
    Rejection.NEGATIVE: FindingKind.NEGATIVE,
    Rejection.TOO_LARGE: FindingKind.TOO_LARGE,
    Rejection.CONTRADICTORY: FindingKind.CONFLICTING_DUPLICATE,
}
"""How a file's finding is called that the door would reject; the other reasons need the database to be known."""


def unpacked(content: bytes) -> bytes:
    """Return a file's text without its compression.

    Raises:
        FileBroke: it cannot be unpacked.
        FileTooLarge: it unpacks to more than 256 MiB.
    """
    if content[:2] != b"\x1f\x8b":
        return content
    unpacking = zlib.decompressobj(wbits=31)
    try:
        text = unpacking.decompress(content, TEXT_BYTES_MAX + 1)
    except zlib.error as error:
        raise FileBroke from error
    if len(text) > TEXT_BYTES_MAX:
        raise FileTooLarge(bytes_max=TEXT_BYTES_MAX)
    if not unpacking.eof:
        raise FileBroke
    return text


def form_of(text: bytes) -> Form:
    """Tell from the first line what an unpacked file is written in; what is none of the door's is a site's file."""
    first = text.removeprefix(_MARK).lstrip().partition(b"\n")[0].strip()
    if first[:1] in (b"{", b"["):
        try:
            row = msgspec.json.decode(first)
        except msgspec.DecodeError:
            return Form.JSON
        return Form.NDJSON if isinstance(row, dict) and not row.keys().isdisjoint(("at", "read_at")) else Form.JSON
    names = {name.strip() for name in first.split(b",")}
    return Form.CSV if b"channel" in names and not names.isdisjoint((b"wh", b"value")) else Form.SITE


_WH_HEAD = re.compile(rb"\A((?:\xef\xbb\xbf)?\s*channel\s*,\s*read_at\s*,\s*)value_wh(?=\s*[,\r\n])")


def tells_wh(text: bytes) -> bool:
    """Say whether an unpacked file tells registers in Wh (`value_wh`) and not in counts of their last figure."""
    return _WH_HEAD.match(text) is not None


def sort(text: bytes, form: Form, *, now: datetime) -> Arrived:
    """Sort a file as the readings door sorts a request.

    Raises:
        ReadingsMalformed: it is not written as it begins.
        ReadingsTooMany: it holds more than four million values.
    """
    sorters = Sorters(now=now, values_max=VALUES_MAX)
    sort_file(form.value, _WH_HEAD.sub(rb"\1value", text, count=1).removeprefix(_MARK), sorters)
    return sorters.arrived().in_days()


def require_only(month: Month | None, arrived: Arrived) -> None:
    """Refuse readings of another month; a register may be read on both borders of the month.

    Raises:
        ReadingsOutsideMonth: something is of another month than was expected.
    """
    if month is None:
        return
    require_month(month, [day.day for day in arrived.days if known(day.values)])
    end = month.interval.end_at
    reads = sorted(read.read_at for read in arrived.registers if read.read_at != end)
    require_month(month, map(seoul_day, reads))


def examined(arrived: Arrived, *, month: Month | None) -> Scanned:
    """Say what a sorted file would bring; channels are only numbers here, so none is known to be there or not."""
    findings = [_finding(one.place, one.reason) for one in arrived.rejections]
    named = sum(one.values for one in arrived.rejections)
    outside = set()
    if month is not None:
        outside = {
            (day.channel_id, day.day) for day in arrived.days if known(day.values) and Month.of(day.day) != month
        }
        findings.extend(
            Finding(kind=FindingKind.OUT_OF_PERIOD, at=None, channel=str(channel), detail=f"{day} is not of the month")
            for channel, day in sorted(outside)
        )
        ends = month.interval.end_at
        findings.extend(
            Finding(
                kind=FindingKind.OUT_OF_PERIOD,
                at=read.read_at,
                channel=str(read.channel_id),
                detail=f"{read.place} is not of the month",
            )
            for read in arrived.registers
            if not month.interval.holds(read.read_at) and read.read_at != ends
        )
    if arrived.duplicate:
        detail = f"{arrived.duplicate} values are said again"
        findings.append(Finding(kind=FindingKind.IDENTICAL_DUPLICATE, at=None, channel=None, detail=detail))
    days = [day for day in arrived.days if (day.channel_id, day.day) not in outside]
    totals: dict[str, int] = {}
    for day in sorted(days, key=lambda day: day.channel_id):
        totals[str(day.channel_id)] = totals.get(str(day.channel_id), 0) + total([day.values])
    everything = sum(known(day.values) for day in arrived.days) + arrived.duplicate + arrived.rejected
    return Scanned(
        rows=everything + len(arrived.registers),
        accepted=sum(known(day.values) for day in days) + len(arrived.registers),
        findings=tuple(findings),
        totals_wh=totals,
        findings_left_out=arrived.rejected - named,
    )


def _finding(place: str, reason: Rejection) -> Finding:
    line = _LINE.fullmatch(place)
    return Finding(
        kind=KIND_OF[reason],
        at=None,
        channel=None,
        detail=f"{place}: {reason.value}",
        row=None if line is None else int(line.group(1)),
    )


def values_of(arrived: Arrived) -> int:
    """Count what is sent: values and reads."""
    return sum(known(day.values) for day in arrived.days) + len(arrived.registers)


def _parts(arrived: Arrived) -> Iterator[Arrived]:
    """Cut what a file says into requests; the first carries what is counted and rejected already."""
    rest = replace(arrived, duplicate=0, rejected=0, rejections=(), days=(), registers=())
    for start in range(0, len(arrived.days), DAYS_TOGETHER):
        days = arrived.days[start : start + DAYS_TOGETHER]
        mine = {day.channel_id for day in days}
        yield replace(rest, days=days, places={number: arrived.places[number] for number in sorted(mine)})
    for start in range(0, len(arrived.registers), READS_TOGETHER):
        yield replace(rest, places={}, registers=arrived.registers[start : start + READS_TOGETHER])


async def send(
    content: bytes,
    arrived: Arrived,
    *,
    actor: Actor,
    tenant_id: TenantId,
    intake: Intake,
    told: Callable[[int], None],
) -> metering.ReadingsReport:
    """Send a sorted file through the same use case as the door does, part by part; `told` hears how much is durable.

    A run that broke off is run again: what was stored is counted as duplicate.

    Raises:
        SiteUnknown: the tenant is not the actor's to send for.
        Unavailable: the store is away or busy; what was told is durable.
    """
    parts = list(_parts(arrived))
    name = hashlib.sha256(content).hexdigest()
    report = metering.ReadingsReport(
        accepted=0,
        duplicate=arrived.duplicate,
        conflicting=0,
        rejected=arrived.rejected,
        late=0,
        conflicts=(),
        rejections=arrived.rejections,
    )
    sent = 0
    for number, part in enumerate(parts):
        # A file that goes in one part is the same request as at the door; each of several has its own name.
        whole = content if len(parts) == 1 else f"{name} {number}".encode()
        taken = await intake.take(metering.TakeReadings(actor=actor, tenant_id=tenant_id, arrived=part, content=whole))
        report = _added(report, taken)
        sent += values_of(part)
        told(sent)
    return report


def _added(one: metering.ReadingsReport, other: metering.ReadingsReport) -> metering.ReadingsReport:
    return metering.ReadingsReport(
        accepted=one.accepted + other.accepted,
        duplicate=one.duplicate + other.duplicate,
        conflicting=one.conflicting + other.conflicting,
        rejected=one.rejected + other.rejected,
        late=one.late + other.late,
        conflicts=(*one.conflicts, *other.conflicts)[: metering.CONFLICTS_NAMED_MAX],
        rejections=(*one.rejections, *other.rejections)[:REJECTIONS_NAMED_MAX],
        registers=_registers(one.registers, other.registers),
    )


def _registers(one: RegistersReport | None, other: RegistersReport | None) -> RegistersReport | None:
    if one is None or other is None:
        return one or other
    findings = (*one.findings, *other.findings)
    left_out = max(0, len(findings) - _REGISTERS_NAMED_MAX)
    return RegistersReport(
        accepted=one.accepted + other.accepted,
        duplicate=one.duplicate + other.duplicate,
        conflicting=one.conflicting + other.conflicting,
        slots=one.slots + other.slots,
        same_slots=one.same_slots + other.same_slots,
        other_slots=one.other_slots + other.other_slots,
        findings=findings[:_REGISTERS_NAMED_MAX],
        findings_left_out=one.findings_left_out + other.findings_left_out + left_out,
    )
