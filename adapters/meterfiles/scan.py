"""A tolerant reading of meters' files, which names everything instead of stopping at the first; runs in the child.

Two kinds of CSV, plain or gzip, with comma or semicolon: the site file (`interval_start` and a column a
quantity, kWh) and register reads (`channel,read_at,value_wh,epoch`). Nothing is stored and nothing repaired.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from adapters.meterfiles.defects import (
    ColumnMissing,
    ColumnTwice,
    ColumnUnknown,
    FileNotText,
    NoRows,
    TooManyRows,
)
from adapters.meterfiles.site_csv import COLUMNS, ROWS_MAX, STAMP, unpacked, whole_wh_days
from domain.metering.model import Quantity
from domain.metering.validation import (
    Finding,
    FindingKind,
    RegisterRead,
    Thresholds,
    judge_registers,
    judge_series,
)
from domain.shared.time import SLOT, Month

FINDINGS_MAX = 20_000
"""So many findings are named; the others are counted."""

REGISTER_COLUMNS = ("channel", "read_at", "value_wh", "epoch")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_AT, _LAST_AT = datetime(2000, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)
_NUMBER = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,4}))?", re.ASCII)
_LONG = re.compile(r"[0-9]+\.[0-9]+", re.ASCII)
_NEGATIVE = re.compile(r"-[0-9]+(?:[.,][0-9]+)?", re.ASCII)
_COMMA = re.compile(r"-?[0-9]+,[0-9]+", re.ASCII)
_VALUE_MAX = 2**31 - 1
_SOC_MAX = 10_000
_SHOWN = 40


def scan(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Read the file at `path` and return JSON: rows, accepted values, findings, totals.

    `arguments` hold `now` and, if only one month is expected, `month`; `digits` is the width of registers, and
    each figure of `Thresholds` may be given by its name.

    Raises:
        DomainError: one of `adapters.meterfiles.defects`, where no row of the file can have a meaning.
    """
    content = unpacked(path.read_bytes())
    found = _Found(arguments)
    if content.startswith(b"\xef\xbb\xbf"):
        found.note(FindingKind.BYTE_ORDER_MARK, row=1, detail="UTF-8 byte order mark")
    if lines := content.count(b"\r\n"):
        found.note(FindingKind.CRLF, row=1, detail=f"{lines} lines end with CR LF")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileNotText from error
    first = text.partition("\n")[0]
    rows = _rows(text, ";" if first.count(";") > first.count(",") else ",")
    header = next(rows, None)
    if header is None:
        raise NoRows
    names = [name.strip() for name in header[1]]
    registers = "read_at" in names
    _refuse_columns(names, REGISTER_COLUMNS if registers else (STAMP, *COLUMNS), needed=registers)
    count, totals, accepted = (_registers if registers else _intervals)(names, rows, found)
    if not count:
        raise NoRows
    return json.dumps(
        {"rows": count, "accepted": accepted, "findings": found.told(), "totals_wh": totals} | found.cut(),
        separators=(",", ":"),
    ).encode()


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    if "\x00" in text:
        raise FileNotText
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, cells in enumerate(reader):
            if number > ROWS_MAX:
                raise TooManyRows(rows_max=ROWS_MAX)
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise FileNotText from error


def _refuse_columns(names: list[str], known: tuple[str, ...], *, needed: bool) -> None:
    for index, name in enumerate(names):
        if name not in known:
            raise ColumnUnknown(column=name[:_SHOWN], known=", ".join(known))
        if name in names[:index]:
            raise ColumnTwice(column=name)
    for name in known if needed else known[:1]:
        if name not in names:
            raise ColumnMissing(column=name)
    if len(names) == 1:
        raise ColumnMissing(column=" | ".join(known[1:]))


class _Found:
    """Collects findings; knows what period the file may tell of."""

    def __init__(self, arguments: Mapping[str, str]) -> None:
        self.thresholds = Thresholds(
            **{name: int(arguments[name]) for name in Thresholds.__dataclass_fields__ if name in arguments}
        )
        self.digits = int(arguments.get("digits", "9"))
        self._now = datetime.fromisoformat(arguments["now"])
        self._month = Month.parse(arguments["month"]).interval if "month" in arguments else None
        self._findings: list[tuple[int, Finding]] = []

    def note(
        self,
        kind: FindingKind,
        *,
        detail: str,
        at: datetime | None = None,
        channel: str | None = None,
        row: int | None = None,
    ) -> None:
        """Note a finding."""
        self.take(Finding(kind=kind, at=at, channel=channel, detail=detail[:200], row=row))

    def take(self, *findings: Finding) -> None:
        """Note findings of the rules."""
        self._findings.extend((len(self._findings) + place, finding) for place, finding in enumerate(findings))

    def instant(self, cell: str, row: int, column: str, *, length: timedelta) -> datetime | None:
        """Read an instant that a reading of this length may begin at; None, and a finding, if it is none."""
        shown = f"{column} '{cell[:_SHOWN]}'"
        try:
            at = datetime.fromisoformat(cell)
        except ValueError:
            self.note(FindingKind.MALFORMED_TIMESTAMP, detail=shown, row=row)
            return None
        if at.tzinfo is None:
            self.note(FindingKind.NAIVE_TIMESTAMP, detail=f"{shown} has no offset", row=row)
            return None
        if not _FIRST_AT <= at <= _LAST_AT or at + length > self._now + timedelta(minutes=5):
            self.note(FindingKind.OUT_OF_PERIOD, detail=shown, at=at, row=row)
            return None
        if self._month is not None and not self._month.holds(at):
            self.note(FindingKind.OUT_OF_PERIOD, detail=f"{shown} is not of the month", at=at, row=row)
            return None
        return at.astimezone(UTC)

    def cut(self) -> dict[str, int]:
        """Return how many findings are not named, if any."""
        return {"findings_left_out": len(self._findings) - FINDINGS_MAX} if len(self._findings) > FINDINGS_MAX else {}

    def told(self) -> list[dict[str, str | int | None]]:
        """Return what was found, by row and then in order, as JSON takes it."""
        return [
            {
                "kind": one.kind.value,
                "at": None if one.at is None else one.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "channel": one.channel,
                "row": one.row,
                "detail": one.detail,
            }
            for _, one in sorted(self._findings, key=lambda entry: (entry[1].row or 2**31, entry[0]))[:FINDINGS_MAX]
        ]


def _intervals(
    names: list[str], rows: Iterator[tuple[int, list[str]]], found: _Found
) -> tuple[int, dict[str, int], int]:
    """Read a site file: one row an interval."""
    stamp = names.index(STAMP)
    measured = [(index, COLUMNS[name]) for index, name in enumerate(names) if name != STAMP]
    kept: dict[int, tuple[int, list[int | None]]] = {}
    contradicted: set[tuple[int, int]] = set()
    count, last = 0, -1
    for row, cells in rows:
        count += 1
        if len(cells) != len(names):
            rest = [cell.strip() for cell in cells[1:]]
            cut = len(cells) > len(names) and stamp == 0 and all(cell.isdigit() for cell in rest)
            detail = f"{len(cells)} cells, the first row has {len(names)}"
            found.note(FindingKind.DECIMAL_COMMA if cut else FindingKind.ROW_LENGTH, detail=detail, row=row)
            continue
        at = found.instant(cells[stamp].strip(), row, STAMP, length=SLOT)
        if at is None:
            continue
        slot, off = divmod(at - _EPOCH, SLOT)
        if off:
            found.note(FindingKind.OFF_GRID, detail=f"{STAMP} '{cells[stamp].strip()[:_SHOWN]}'", at=at, row=row)
            continue
        values = [_value(cells[index].strip(), quantity, at=at, row=row, found=found) for index, quantity in measured]
        before = kept.get(slot)
        if before is not None:
            _again(before, values, measured, contradicted, slot=slot, at=at, row=row, found=found)
            continue
        if slot < last:
            found.note(FindingKind.OUT_OF_ORDER, detail="stands after a later interval", at=at, row=row)
        last = max(slot, last)
        kept[slot] = (row, values)
    _gaps(sorted(kept), found)
    totals: dict[str, int] = {}
    accepted = 0
    for place, (_, quantity) in enumerate(measured):
        series = [(slot, kept[slot][1][place]) for slot in sorted(kept)]
        accepted += sum(value is not None for _, value in series)
        days = {date.fromisoformat(day): tuple(values) for day, values in whole_wh_days(series, quantity).items()}
        if quantity is not Quantity.STORAGE_SOC:
            totals[quantity.value] = sum(value for values in days.values() for value in values if value is not None)
        found.take(*judge_series(quantity, days, channel=quantity.value, thresholds=found.thresholds))
    return count, totals, accepted


def _again(
    before: tuple[int, list[int | None]],
    values: list[int | None],
    measured: list[tuple[int, Quantity]],
    contradicted: set[tuple[int, int]],
    *,
    slot: int,
    at: datetime,
    row: int,
    found: _Found,
) -> None:
    """Compare a row with the one of the same interval: what differs is taken from neither."""
    first_row, known = before
    differs = False
    for place, (value, (_, quantity)) in enumerate(zip(values, measured, strict=True)):
        if value == known[place] or value is None:
            continue
        if known[place] is None and (slot, place) not in contradicted:
            known[place] = value
            continue
        differs = True
        contradicted.add((slot, place))
        detail = f"differs from row {first_row}"
        found.note(FindingKind.CONFLICTING_DUPLICATE, detail=detail, at=at, channel=quantity.value, row=row)
        known[place] = None
    if not differs:
        found.note(FindingKind.IDENTICAL_DUPLICATE, detail=f"as row {first_row}", at=at, row=row)


def _gaps(slots: list[int], found: _Found) -> None:
    for before, after in pairwise(slots):
        if missing := after - before - 1:
            detail = f"{missing} intervals without a row"
            found.note(FindingKind.GAP, detail=detail, at=_EPOCH + (before + 1) * SLOT)


def _value(cell: str, quantity: Quantity, *, at: datetime, row: int, found: _Found) -> int | None:
    """Return a number in ten-thousandths; None, and a finding, if it is none."""
    spelt = _NUMBER.fullmatch(cell)
    if spelt is not None:
        value = int(spelt.group(1) + (spelt.group(2) or "").ljust(4, "0"))
        if value <= (_SOC_MAX if quantity is Quantity.STORAGE_SOC else 10 * _VALUE_MAX):
            return value
        kind = FindingKind.TOO_LARGE
    elif not cell:
        kind = FindingKind.BLANK
    elif _COMMA.fullmatch(cell):
        kind = FindingKind.DECIMAL_COMMA
    elif _NEGATIVE.fullmatch(cell):
        kind = FindingKind.NEGATIVE
    elif _LONG.fullmatch(cell):
        kind = FindingKind.TOO_PRECISE
    elif cell.isascii() and cell.isdigit():
        kind = FindingKind.TOO_LARGE
    else:
        kind = FindingKind.NOT_A_NUMBER
    found.note(kind, detail=f"'{cell[:_SHOWN]}'", at=at, channel=quantity.value, row=row)
    return None


def _registers(
    names: list[str], rows: Iterator[tuple[int, list[str]]], found: _Found
) -> tuple[int, dict[str, int], int]:
    """Read a file of cumulative registers: one row a read."""
    reads: dict[str, list[RegisterRead]] = {}
    count = 0
    for row, cells in rows:
        count += 1
        if len(cells) != len(names):
            found.note(FindingKind.ROW_LENGTH, detail=f"{len(cells)} cells, the first row has {len(names)}", row=row)
            continue
        cell = dict(zip(names, [cell.strip() for cell in cells], strict=True))
        at = found.instant(cell["read_at"], row, "read_at", length=timedelta())
        if at is None:
            continue
        value = _whole(cell["value_wh"], cell["channel"], at=at, row=row, found=found)
        epoch = _whole(cell["epoch"] or "0", cell["channel"], at=at, row=row, found=found)
        if value is None or epoch is None:
            continue
        mine = reads.setdefault(cell["channel"][:_SHOWN], [])
        if mine and (epoch, at) < (mine[-1].epoch, mine[-1].read_at):
            found.note(
                FindingKind.OUT_OF_ORDER, detail="stands after a later read", at=at, channel=cell["channel"], row=row
            )
        mine.append(RegisterRead(read_at=at, value_wh=value, epoch=epoch, row=row))
    totals: dict[str, int] = {}
    for channel, read in sorted(reads.items()):
        uses, findings = judge_registers(read, channel=channel, digits=found.digits, thresholds=found.thresholds)
        totals[channel] = sum(use.wh for use in uses)
        found.take(*findings)
    return count, totals, sum(len(read) for read in reads.values())


def _whole(cell: str, channel: str, *, at: datetime, row: int, found: _Found) -> int | None:
    if cell.isascii() and cell.isdigit() and len(cell) <= 15:
        return int(cell)
    kind = FindingKind.BLANK if not cell else FindingKind.NOT_A_NUMBER
    if _NEGATIVE.fullmatch(cell):
        kind = FindingKind.NEGATIVE
    elif _COMMA.fullmatch(cell):
        kind = FindingKind.DECIMAL_COMMA
    found.note(kind, detail=f"'{cell[:_SHOWN]}'", at=at, channel=channel, row=row)
    return None
