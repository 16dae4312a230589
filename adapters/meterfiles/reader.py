"""The port `ReadingFiles`: the file is read in a child process, its answer decoded strictly."""

from datetime import UTC, date, datetime
from typing import Annotated

import msgspec

from adapters.sandbox.runner import MEBIBYTE, Limits, run_in_child
from domain.metering.model import Quantity, QuantitySeries, SiteSeries
from domain.metering.validation import Finding, FindingKind, Scanned, Thresholds
from domain.shared.time import SLOT, SLOTS_A_DAY, Month
from domain.shared.untrusted import FileBroke

FILE_BYTES_MAX = 32 * MEBIBYTE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHANNEL_LENGTH_MAX = 200
_SCAN = "adapters.meterfiles.scan:scan"
_TARGET = "adapters.meterfiles.site_csv:parse"
_LIMITS = Limits(
    input_bytes=FILE_BYTES_MAX,
    output_bytes=48 * MEBIBYTE,
    memory_bytes=1_024 * MEBIBYTE,
    written_bytes=MEBIBYTE,
    cpu_s=20,
    timeout_s=30,
)

_Value = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
_Day = Annotated[tuple[_Value | None, ...], msgspec.Meta(min_length=SLOTS_A_DAY, max_length=SLOTS_A_DAY)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class _Column(msgspec.Struct, forbid_unknown_fields=True):
    rounded: bool
    days: Annotated[dict[date, _Day], msgspec.Meta(min_length=1)]


class _Read(msgspec.Struct, forbid_unknown_fields=True):
    quantities: Annotated[dict[Quantity, _Column], msgspec.Meta(min_length=1)]
    intervals: _Count
    duplicate_rows: _Count
    blank_cells: _Count
    first_slot: _Count
    last_slot: _Count


class _Finding(msgspec.Struct, forbid_unknown_fields=True):
    kind: FindingKind
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None
    channel: Annotated[str, msgspec.Meta(max_length=_CHANNEL_LENGTH_MAX)] | None
    row: _Count | None
    detail: str


class _Scanned(msgspec.Struct, forbid_unknown_fields=True):
    rows: _Count
    accepted: _Count
    findings: list[_Finding]
    totals_wh: dict[str, Annotated[int, msgspec.Meta(ge=0)]]
    findings_left_out: _Count = 0


_DECODER = msgspec.json.Decoder(_Read, strict=True)
_SCANNED = msgspec.json.Decoder(_Scanned, strict=True)


class SandboxedReadingFiles:
    """Reads site files in a child process with limits of time, memory and size."""

    async def parse(self, content: bytes) -> SiteSeries:
        """Read a site's file of 15-minute readings."""
        output = await run_in_child(_TARGET, content, limits=_LIMITS, arguments={})
        try:
            read = _DECODER.decode(output)
        except msgspec.MsgspecError as error:
            raise FileBroke from error
        return SiteSeries(
            quantities=tuple(
                QuantitySeries(quantity=quantity, days=column.days, rounded=column.rounded)
                for quantity, column in sorted(read.quantities.items(), key=lambda pair: list(Quantity).index(pair[0]))
            ),
            intervals=read.intervals,
            duplicate_rows=read.duplicate_rows,
            blank_cells=read.blank_cells,
            first_at=_EPOCH + read.first_slot * SLOT,
            last_at=_EPOCH + read.last_slot * SLOT,
        )

    async def scan(self, content: bytes, *, now: datetime, month: Month | None, thresholds: Thresholds) -> Scanned:
        """Look through a file and name everything in it that looks wrong."""
        arguments = {name: str(getattr(thresholds, name)) for name in Thresholds.__dataclass_fields__}
        arguments["now"] = now.isoformat()
        if month is not None:
            arguments["month"] = str(month)
        output = await run_in_child(_SCAN, content, limits=_LIMITS, arguments=arguments)
        try:
            read = _SCANNED.decode(output)
        except msgspec.MsgspecError as error:
            raise FileBroke from error
        return Scanned(
            rows=read.rows,
            accepted=read.accepted,
            findings=tuple(
                Finding(kind=one.kind, at=one.at, channel=one.channel, detail=one.detail, row=one.row)
                for one in read.findings
            ),
            totals_wh=read.totals_wh,
            findings_left_out=read.findings_left_out,
        )
