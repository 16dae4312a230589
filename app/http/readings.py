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
from app.http.schemas import INT4_MAX, Day, Out, TenantQuery
from app.ports import Ports
from domain.metering import usecases as metering
from domain.metering.arrivals import Rejection, Sorter, slot_at
from domain.shared.actor import Actor
from domain.shared.identifiers import TenantId

BODY_BYTES_MAX = 8 * 1024 * 1024
VALUES_MAX = 500_000
_RESOLUTION = "PT15M"
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


class _Plain(msgspec.Struct, forbid_unknown_fields=True):
    """Every value lies within its limits, which nearly every body does."""

    series: list[_Series] = []
    rows: list[_Row] = []


class _Loose(msgspec.Struct, forbid_unknown_fields=True):
    """Well-formed, with values that are named one by one."""

    series: list[_LooseSeries] = []
    rows: list[_Row] = []


_PLAIN = msgspec.json.Decoder(_Plain, strict=True)
_LOOSE = msgspec.json.Decoder(_Loose, strict=True)
_ONE_PLAIN = msgspec.json.Decoder(_Series, strict=True)
_ONE_LOOSE = msgspec.json.Decoder(_LooseSeries, strict=True)
_ROW = msgspec.json.Decoder(_Row, strict=True)
_ROWS = msgspec.json.Decoder(list[_Row], strict=True)
_CSV_ROW = re.compile(r"^([1-9][0-9]{0,9}),([^,\r\n\"]+),(-?[0-9]{1,18})\r?$", re.MULTILINE | re.ASCII)
_CSV_CELLS = (re.compile(r"[1-9][0-9]{0,9}", re.ASCII), re.compile(r"-?[0-9]{1,18}", re.ASCII))
_CSV_HEADER = ["channel", "at", "wh"]


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


class ReadingsOut(Out):
    """What became of each value, known to be stored; the first hundred that differ or were rejected are named."""

    accepted: int
    duplicate: int
    conflicting: int
    rejected: int
    late: int
    conflicts: list[ConflictingReadingOut]
    rejections: list[RejectedReadingOut]


def _malformed(error: msgspec.DecodeError) -> ValidationException:
    said, _, place = str(error).partition(" - at ")
    return ValidationException(extra=[{"key": place.strip("`") or "body", "message": said}])


def _room(values: int) -> None:
    if values > VALUES_MAX:
        raise TooManyValues


def _length(series: _Series | _LooseSeries) -> int:
    return len(series.wh)


def _sort_json(body: bytes, sorter: Sorter) -> None:
    """Sort series, rows, or one series that is the whole body."""
    plain = True
    read: _Plain | _Loose
    try:
        try:
            read = _PLAIN.decode(body)
        except msgspec.ValidationError:
            if b'"series"' not in body and b'"rows"' not in body:
                read = _one_series(body)
                plain = isinstance(read, _Plain)
            else:
                read, plain = _LOOSE.decode(body), False
    except msgspec.DecodeError as error:
        raise _malformed(error) from error
    if not read.series and not read.rows:
        raise ValidationException(extra=[{"key": "body", "message": "Expected `series` or `rows`"}])
    _room(sum(map(_length, read.series)) + len(read.rows))
    series: Sequence[_Series | _LooseSeries] = read.series
    for number, one in enumerate(series):
        place = f"series[{number}]"
        if one.resolution != _RESOLUTION:
            values = len(one.wh) - one.wh.count(None)
            sorter.reject(f"{place}.resolution", Rejection.RESOLUTION_UNKNOWN, values=values)
            continue
        sorter.series(one.channel, slot_at(one.start), one.wh, place=place, plain=plain)
    if read.rows:
        sorter.rows([(row.channel, slot_at(row.at), row.wh) for row in read.rows], place=lambda n: f"rows[{n}]")


def _one_series(body: bytes) -> "_Plain | _Loose":
    try:
        return _Plain(series=[_ONE_PLAIN.decode(body)])
    except msgspec.ValidationError:
        return _Loose(series=[_ONE_LOOSE.decode(body)])


def _sort_ndjson(body: bytes, sorter: Sorter) -> None:
    """Sort one row a line; a line that is no row is rejected by its number."""
    try:
        rows = _ROW.decode_lines(body)
    except msgspec.DecodeError:
        _room(body.count(b"\n") + 1)
        for number, line in enumerate(body.split(b"\n"), start=1):
            if line.strip():
                _sort_line(line, f"line {number}", sorter)
        return
    _room(len(rows))
    lines = (
        None if body.count(b"\n") <= len(rows) else [n for n, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    )
    sorter.rows(
        [(row.channel, slot_at(row.at), row.wh) for row in rows],
        place=lambda n: f"line {n + 1 if lines is None else lines[n]}",
    )


def _sort_line(line: bytes, place: str, sorter: Sorter) -> None:
    try:
        row = _ROW.decode(line)
    except msgspec.DecodeError:
        sorter.reject(place, Rejection.MALFORMED)
        return
    sorter.rows([(row.channel, slot_at(row.at), row.wh)], place=lambda _: place)


def _sort_csv(body: bytes, sorter: Sorter) -> None:
    """Sort `channel,at,wh`; a line that is none is rejected by its number."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationException(extra=[{"key": "body", "message": "Expected UTF-8"}]) from error
    header, _, rest = text.partition("\n")
    if [name.strip() for name in header.split(",")] != _CSV_HEADER:
        raise ValidationException(extra=[{"key": "line 1", "message": "Expected the header `channel,at,wh`"}])
    lines = rest.count("\n") + (not rest.endswith("\n") and bool(rest))
    _room(lines)
    found = _CSV_ROW.findall(rest)
    if len(found) == lines:
        sorter.rows(
            [(int(channel), slot_at(at), int(wh)) for channel, at, wh in found], place=lambda n: f"line {n + 2}"
        )
        return
    for number, line in enumerate(rest.split("\n"), start=2):
        if line.strip():
            _sort_cells(line.rstrip("\r"), f"line {number}", sorter)


def _sort_cells(line: str, place: str, sorter: Sorter) -> None:
    try:
        cells = [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error:
        cells = []
    number, value = _CSV_CELLS
    if len(cells) != 3 or not number.fullmatch(cells[0]) or (cells[2] and not value.fullmatch(cells[2])):
        sorter.reject(place, Rejection.MALFORMED)
        return
    sorter.rows([(int(cells[0]), slot_at(cells[1]), int(cells[2]) if cells[2] else None)], place=lambda _: place)


_SORTS: Mapping[str, Callable[[bytes, Sorter], None]] = {
    "application/json": _sort_json,
    "application/x-ndjson": _sort_ndjson,
    "text/csv": _sort_csv,
}


def _report_out(report: metering.ReadingsReport) -> ReadingsOut:
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
    )


_DESCRIPTION = (
    "15-minute energies of the sender's own channels (their numbers: `GET /api/v1/sites/{site_id}/channels`), as "
    "whole series, as rows in JSON or NDJSON, or as CSV with the header `channel,at,wh`; Wh, for a state of charge "
    "0.01 %. Series of 15 minutes (`PT15M`) start on the grid, with an offset; null says that nothing was received. "
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
        sort = _SORTS.get(kind)
        if sort is None:
            raise MediaTypeUnknown
        sorter = Sorter(now=ports.clock.now())
        sort(body, sorter)
        report = await ports.intake.take(
            metering.TakeReadings(
                actor=actor,
                tenant_id=TenantId(tenant_id or actor.tenant_id),
                arrived=sorter.arrived(),
                content=body,
            )
        )
        charge_values(request, actor, report.accepted + report.duplicate + report.conflicting + report.rejected)
        return _report_out(report)
