"""The readings door: series and rows from meters and their programs, in any order and as often as they like."""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import msgspec
from litestar import Controller, Request, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException

from app.http.identity import REMEMBERED, GivenActor, give_ports
from app.http.problems import PROBLEMS
from app.http.quotas import charge_values
from app.http.schemas import INT4_MAX, Day, Instant, Out, TenantQuery
from app.ports import Ports
from domain.metering import usecases as metering
from domain.metering.arrivals import RESOLUTIONS, Rejection, Sorters, slot_at
from domain.metering.errors import ReadingsMalformed, ReadingsTooMany
from domain.metering.model import SLOT_MINUTES
from domain.metering.registers import READ_VALUE_MAX, RegistersReport
from domain.metering.validation import Finding, FindingKind
from domain.shared.actor import Actor
from domain.shared.identifiers import TenantId

BODY_BYTES_MAX = 8 * 1024 * 1024
VALUES_MAX = 500_000
EPOCH_MAX = 9_999
_QUARTER = "PT15M"
_CHANNEL = Annotated[int, msgspec.Meta(ge=1, le=INT4_MAX)]
_VALUE = Annotated[int, msgspec.Meta(ge=0, le=INT4_MAX)]


class _Series(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    channel: _CHANNEL
    start: str
    resolution: str
    wh: list[_VALUE | None]


class _LooseSeries(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    channel: _CHANNEL
    start: str
    resolution: str
    wh: list[int | None]


class _Row(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    channel: _CHANNEL
    at: str
    wh: int | None


class _WideRow(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A row of slots of another length than 15 minutes says so; how it is rejected, if it is, is the sorter's."""

    channel: _CHANNEL
    at: str
    wh: int | None
    resolution: str = _QUARTER


class _Read(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What a counting register showed, in counts of its last figure."""

    channel: _CHANNEL
    read_at: str
    value: Annotated[int, msgspec.Meta(ge=-READ_VALUE_MAX, le=READ_VALUE_MAX)]
    epoch: Annotated[int, msgspec.Meta(ge=0, le=EPOCH_MAX)] | None = None


class _Plain(msgspec.Struct, forbid_unknown_fields=True):
    """Every value lies within its limits, which nearly every body does."""

    series: list[_Series] = []
    rows: list[_Row] = []
    registers: list[_Read] = []


class _Loose(msgspec.Struct, forbid_unknown_fields=True):
    """Well-formed, with values that are named one by one."""

    series: list[_LooseSeries] = []
    rows: list[_WideRow] = []
    registers: list[_Read] = []


_PLAIN = msgspec.json.Decoder(_Plain, strict=True)
_LOOSE = msgspec.json.Decoder(_Loose, strict=True)
_ONE_PLAIN = msgspec.json.Decoder(_Series, strict=True)
_ONE_LOOSE = msgspec.json.Decoder(_LooseSeries, strict=True)
_ROW = msgspec.json.Decoder(_Row, strict=True)
_READ = msgspec.json.Decoder(_Read, strict=True)
_WIDE_ROW = msgspec.json.Decoder(_WideRow, strict=True)
_ROWS = msgspec.json.Decoder(list[_Row], strict=True)
_CSV_ROW = re.compile(r"^([1-9][0-9]{0,9}),([^,\r\n\"]+),(-?[0-9]{1,18})\r?$", re.MULTILINE | re.ASCII)
_CSV_CELLS = (re.compile(r"[1-9][0-9]{0,9}", re.ASCII), re.compile(r"-?[0-9]{1,18}", re.ASCII))
_CSV_HEADER = ["channel", "at", "wh"]
_CSV_WIDE_HEADER = [*_CSV_HEADER, "resolution"]
_CSV_READ_HEADERS = (["channel", "read_at", "value"], ["channel", "read_at", "value", "epoch"])
_CSV_EPOCH = re.compile(r"[0-9]{0,4}", re.ASCII)


class MediaTypeUnknown(HTTPException):
    """The body is neither JSON, NDJSON nor CSV."""

    status_code = 415


class TooManyValues(HTTPException):
    """The body holds more values than are taken at once."""

    status_code = 413


class ConflictingReadingOut(Out):
    """A value that differs from the one kept for its slot; it is put aside and changes nothing."""

    channel: int
    day: Day
    slot: int
    kept: int
    offered: int


class RejectedReadingOut(Out):
    """Values that were not taken: where they stand in the body, why, and how many."""

    place: str
    reason: Annotated[str, msgspec.Meta(description=f"One of: {', '.join(Rejection)}.")]
    values: int


class FindingOut(Out):
    """Something that looks wrong, or is worth knowing, and where."""

    kind: Annotated[str, msgspec.Meta(description=f"One of: {', '.join(FindingKind)}.")]
    at: Instant | None
    channel: str | None
    detail: str


class RegistersOut(Out):
    """What became of reads of counting registers: `slots` were filled by their differences.

    `same_slots` held the value already; in `other_slots` another one stays, and the difference is put aside.
    """

    accepted: int
    duplicate: int
    conflicting: int
    slots: int
    same_slots: int
    other_slots: int
    findings: list[FindingOut]
    findings_left_out: int


class ReadingsOut(Out):
    """What became of each value, known to be stored; the first hundred that differ or were rejected are named."""

    accepted: int
    duplicate: int
    conflicting: int
    rejected: int
    late: int
    conflicts: list[ConflictingReadingOut]
    rejections: list[RejectedReadingOut]
    registers: RegistersOut | None


def _malformed(error: msgspec.DecodeError) -> ValidationException:
    said, _, place = str(error).partition(" - at ")
    return ValidationException(extra=[{"key": place.strip("`") or "body", "message": said}])


def _room(values: int, sorters: Sorters) -> None:
    if values > sorters.values_max:
        raise TooManyValues


def _length(series: _Series | _LooseSeries) -> int:
    return len(series.wh)


def _sort_json(body: bytes, sorters: Sorters) -> None:
    """Sort series, rows, or one series that is the whole body."""
    plain = True
    read: _Plain | _Loose
    try:
        try:
            read = _PLAIN.decode(body)
        except msgspec.ValidationError:
            if not any(name in body for name in (b'"series"', b'"rows"', b'"registers"')):
                read = _one_series(body)
                plain = isinstance(read, _Plain)
            else:
                read, plain = _LOOSE.decode(body), False
    except msgspec.DecodeError as error:
        raise _malformed(error) from error
    if not read.series and not read.rows and not read.registers:
        raise ValidationException(extra=[{"key": "body", "message": "Expected `series`, `rows` or `registers`"}])
    _room(sum(map(_length, read.series)) + len(read.rows) + len(read.registers), sorters)
    for number, one_read in enumerate(read.registers):
        place = f"registers[{number}]"
        sorters.read(one_read.channel, one_read.read_at, one_read.value, one_read.epoch, place=place)
    series: Sequence[_Series | _LooseSeries] = read.series
    sorter = sorters.quarters
    for number, one in enumerate(series):
        place = f"series[{number}]"
        if one.resolution == _QUARTER:
            sorter.series(one.channel, slot_at(one.start), one.wh, place=place, plain=plain)
        elif (minutes := RESOLUTIONS.get(one.resolution)) is not None:
            sorters.of(minutes).series(one.channel, slot_at(one.start, minutes), one.wh, place=place, plain=plain)
        else:
            values = len(one.wh) - one.wh.count(None)
            sorter.reject(f"{place}.resolution", Rejection.RESOLUTION_UNKNOWN, values=values)
    if isinstance(read, _Plain):
        if read.rows:
            sorter.rows([(row.channel, slot_at(row.at), row.wh) for row in read.rows], place=lambda n: f"rows[{n}]")
        return
    for number, wide in enumerate(read.rows):
        _sort_row(wide, f"rows[{number}]", sorters)


def _sort_row(row: _WideRow, place: str, sorters: Sorters) -> None:
    minutes = RESOLUTIONS.get(row.resolution)
    if minutes is None:
        sorters.quarters.reject(place, Rejection.RESOLUTION_UNKNOWN)
        return
    sorters.of(minutes).rows([(row.channel, slot_at(row.at, minutes), row.wh)], place=lambda _: place)


def _one_series(body: bytes) -> "_Plain | _Loose":
    try:
        return _Plain(series=[_ONE_PLAIN.decode(body)])
    except msgspec.ValidationError:
        return _Loose(series=[_ONE_LOOSE.decode(body)])


def _sort_ndjson(body: bytes, sorters: Sorters) -> None:
    """Sort one row a line; a line that is no row is rejected by its number."""
    sorter = sorters.quarters
    try:
        rows = _ROW.decode_lines(body)
    except msgspec.DecodeError:
        _room(body.count(b"\n") + 1, sorters)
        for number, line in enumerate(body.split(b"\n"), start=1):
            if line.strip():
                _sort_line(line, f"line {number}", sorters)
        return
    _room(len(rows), sorters)
    lines = (
        None if body.count(b"\n") <= len(rows) else [n for n, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    )
    sorter.rows(
        [(row.channel, slot_at(row.at), row.wh) for row in rows],
        place=lambda n: f"line {n + 1 if lines is None else lines[n]}",
    )


def _sort_line(line: bytes, place: str, sorters: Sorters) -> None:
    try:
        if b'"read_at"' in line:
            read = _READ.decode(line)
            sorters.read(read.channel, read.read_at, read.value, read.epoch, place=place)
        else:
            _sort_row(_WIDE_ROW.decode(line), place, sorters)
    except msgspec.DecodeError:
        sorters.quarters.reject(place, Rejection.MALFORMED)


def _sort_csv(body: bytes, sorters: Sorters) -> None:
    """Sort `channel,at,wh` and perhaps `resolution`; a line that is none is rejected by its number."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationException(extra=[{"key": "body", "message": "Expected UTF-8"}]) from error
    header, _, rest = text.partition("\n")
    names = [name.strip() for name in header.split(",")]
    if names in _CSV_READ_HEADERS:
        _sort_csv_reads(rest, sorters)
        return
    if names not in (_CSV_HEADER, _CSV_WIDE_HEADER):
        raise ValidationException(extra=[{"key": "line 1", "message": "Expected the header `channel,at,wh`"}])
    lines = rest.count("\n") + (not rest.endswith("\n") and bool(rest))
    _room(lines, sorters)
    found = _CSV_ROW.findall(rest)
    if len(found) == lines and names == _CSV_HEADER:
        sorters.quarters.rows(
            [(int(channel), slot_at(at), int(wh)) for channel, at, wh in found], place=lambda n: f"line {n + 2}"
        )
        return
    for number, line in enumerate(rest.split("\n"), start=2):
        if line.strip():
            _sort_cells(line.rstrip("\r"), f"line {number}", sorters, columns=len(names))


def _sort_csv_reads(rest: str, sorters: Sorters) -> None:
    """Sort `channel,read_at,value` and perhaps `epoch`."""
    _room(rest.count("\n") + 1, sorters)
    number, value = _CSV_CELLS
    for line_number, line in enumerate(rest.split("\n"), start=2):
        if not line.strip():
            continue
        place = f"line {line_number}"
        try:
            cells = [cell.strip() for cell in next(csv.reader([line.rstrip("\r")], strict=True))]
        except csv.Error:
            cells = []
        epoch = cells[3] if len(cells) == 4 else ""
        spelt = len(cells) in (3, 4) and number.fullmatch(cells[0]) and _CSV_EPOCH.fullmatch(epoch)
        if not spelt or (cells[2] and not (value.fullmatch(cells[2]) and abs(int(cells[2])) <= READ_VALUE_MAX)):
            sorters.quarters.reject(place, Rejection.MALFORMED)
        else:
            shown = int(cells[2]) if cells[2] else None
            sorters.read(int(cells[0]), cells[1], shown, int(epoch) if epoch else None, place=place)


def _sort_cells(line: str, place: str, sorters: Sorters, *, columns: int) -> None:
    try:
        cells = [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error:
        cells = []
    number, value = _CSV_CELLS
    if len(cells) != columns or not number.fullmatch(cells[0]) or (cells[2] and not value.fullmatch(cells[2])):
        sorters.quarters.reject(place, Rejection.MALFORMED)
        return
    minutes = RESOLUTIONS.get(cells[3]) if columns > len(_CSV_HEADER) else SLOT_MINUTES
    if minutes is None:
        sorters.quarters.reject(place, Rejection.RESOLUTION_UNKNOWN)
        return
    sorters.of(minutes).rows(
        [(int(cells[0]), slot_at(cells[1], minutes), int(cells[2]) if cells[2] else None)], place=lambda _: place
    )


_SORTS: Mapping[str, Callable[[bytes, Sorters], None]] = {
    "application/json": _sort_json,
    "application/x-ndjson": _sort_ndjson,
    "text/csv": _sort_csv,
}


def sort_body(kind: str, body: bytes, sorters: Sorters) -> None:
    """Sort a body of a media type.

    Raises:
        MediaTypeUnknown: there is no such form of readings.
        TooManyValues: it holds more than `sorters` take at once.
        ValidationException: the body has not this form.
    """
    sort = _SORTS.get(kind)
    if sort is None:
        raise MediaTypeUnknown
    sort(body, sorters)


def sort_file(kind: str, text: bytes, sorters: Sorters) -> None:
    """Sort a file as a body of its form, and say what is wrong with it in the field's words.

    Raises:
        ReadingsMalformed: the file has not this form.
        ReadingsTooMany: it holds more than `sorters` take at once.
    """
    try:
        sort_body(kind, text, sorters)
    except ValidationException as error:
        wrong = error.extra[0] if isinstance(error.extra, list) else {}
        raise ReadingsMalformed(place=wrong.get("key"), detail=wrong.get("message")) from error
    except TooManyValues as error:
        raise ReadingsTooMany(values_max=sorters.values_max) from error


def finding_out(found: Finding) -> FindingOut:
    """Say a finding in the API's words."""
    return FindingOut(kind=found.kind.value, at=found.at, channel=found.channel, detail=found.detail)


def _registers_out(report: RegistersReport | None) -> RegistersOut | None:
    if report is None:
        return None
    return RegistersOut(
        accepted=report.accepted,
        duplicate=report.duplicate,
        conflicting=report.conflicting,
        slots=report.slots,
        same_slots=report.same_slots,
        other_slots=report.other_slots,
        findings=[finding_out(one) for one in report.findings],
        findings_left_out=report.findings_left_out,
    )


def report_out(report: metering.ReadingsReport) -> ReadingsOut:
    """Say what became of readings in the API's words."""
    return ReadingsOut(
        accepted=report.accepted,
        duplicate=report.duplicate,
        conflicting=report.conflicting,
        rejected=report.rejected,
        late=report.late,
        conflicts=[
            ConflictingReadingOut(
                channel=one.channel_id, day=one.day, slot=one.index, kept=one.kept, offered=one.offered
            )
            for one in report.conflicts
        ],
        rejections=[
            RejectedReadingOut(place=one.place, reason=one.reason.value, values=one.values) for one in report.rejections
        ],
        registers=_registers_out(report.registers),
    )


_DESCRIPTION = (
    "Energies of the sender's own channels (their numbers: `GET /api/v1/sites/{site_id}/channels`), as whole series, "
    "as rows in JSON or NDJSON, or as CSV with the header `channel,at,wh`; Wh, for a state of charge 0.01 %. A series "
    "says how long its slots last (`PT1M`, `PT5M`, `PT15M`, `PT30M`, `PT60M` or `PT1H`), as its channel's do; "
    "rows of other than 15 minutes say so too (`resolution`, a fourth CSV column). Slots start on the grid, with an "
    "offset; null says that nothing was received. Counting registers are sent as they were read (`registers`, NDJSON "
    "with `read_at`, or CSV with the header `channel,read_at,value`, perhaps `epoch`): reads on the borders of slots "
    "fill them by difference times ratio, over rollovers and exchanges; others are kept to check and to fill gaps. "
    "Send again whatever was not answered, in any order and parts: each value is stored once. A different value for a "
    "known slot is put aside and changes nothing. The answer comes after everything is durable. At most 8 MiB and "
    "500,000 values a request."
)


class ReadingsController(Controller):
    """Readings, as programs send them."""

    path = "/api/v1/readings"
    tags = ("sites",)

    @post(
        "/",
        operation_id="SendReadings",
        summary="Send readings",
        description=_DESCRIPTION,
        responses=PROBLEMS,
        request_max_body_size=BODY_BYTES_MAX,
        status_code=200,
        opt={REMEMBERED: True},
    )
    async def send_readings(
        self,
        request: Request[Actor | None, Ports, State],
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> ReadingsOut:
        """Take readings; the answer comes after they are durable."""
        # One dependency is awaited where it stands; two are each made a task, which costs a tenth of a small request.
        ports = give_ports(request.app.state, request.scope)
        body = await request.body()
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        sorters = Sorters(now=ports.clock.now(), values_max=VALUES_MAX)
        sort_body(kind, body, sorters)
        report = await ports.intake.take(
            metering.TakeReadings(
                actor=actor,
                tenant_id=TenantId(tenant_id or actor.tenant_id),
                arrived=sorters.arrived(),
                content=body,
            )
        )
        reads = report.registers
        counted = 0 if reads is None else reads.accepted + reads.duplicate + reads.conflicting
        values = report.accepted + report.duplicate + report.conflicting + report.rejected
        charge_values(request, actor, values + counted)
        return report_out(report)
