"""Files of readings at the command line: told by content, sorted as at the door, sent part by part."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from app import given_readings
from app.given_readings import KIND_OF, Form, examined, form_of, require_only, send, sort, unpacked, values_of
from domain.metering.arrivals import Rejection
from domain.metering.errors import ReadingsMalformed, ReadingsOutsideMonth, ReadingsTooMany
from domain.metering.usecases import ReadingsReport
from domain.shared.actor import SYSTEM
from domain.shared.identifiers import TenantId
from domain.shared.time import Month
from domain.shared.untrusted import FileBroke, FileTooLarge

NOW = datetime(2026, 8, 15, tzinfo=UTC)
JULY = Month.parse("2026-07")
ROW = b'{"channel":1,"at":"2026-07-01T00:00:00+09:00","wh":5}'
READ = b'{"channel":1,"read_at":"2026-07-01T00:00:00+09:00","value":5}'
SERIES = b'{"channel":1,"start":"2026-07-01T00:00:00+09:00","resolution":"PT15M","wh":[1,2]}'


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (b"interval_start,load_kwh\n", Form.SITE),
        (b"channel,read_at,value_wh,epoch\n", Form.SITE),
        (b"", Form.SITE),
        (b"channel,at,wh\n", Form.CSV),
        (b"\xef\xbb\xbfchannel, at, wh\r\n", Form.CSV),
        (b"channel,read_at,value\n", Form.CSV),
        (ROW, Form.NDJSON),
        (READ + b"\n" + ROW, Form.NDJSON),
        (SERIES, Form.JSON),
        (b'{"rows":[' + ROW + b"]}", Form.JSON),
        (b'{\n "series": []}', Form.JSON),
        (b"[" + ROW + b"]", Form.JSON),
    ],
)
def test_a_file_is_told_by_its_content(text, form):
    assert form_of(text) is form


def test_a_packed_file_is_unpacked_within_a_limit(monkeypatch):
    assert unpacked(gzip.compress(ROW)) == ROW
    with pytest.raises(FileBroke):
        unpacked(gzip.compress(ROW)[:-9])
    with pytest.raises(FileBroke):
        unpacked(b"\x1f\x8bnothing")
    monkeypatch.setattr(given_readings, "TEXT_BYTES_MAX", len(ROW) - 1)
    with pytest.raises(FileTooLarge):
        unpacked(gzip.compress(ROW))


def test_what_has_not_its_form_is_named(monkeypatch):
    with pytest.raises(ReadingsMalformed, match="channel,at,wh"):
        sort(b"channel,wh\n1,2\n", Form.CSV, now=NOW)
    with pytest.raises(ReadingsMalformed):
        sort(b"[]", Form.JSON, now=NOW)
    monkeypatch.setattr(given_readings, "VALUES_MAX", 1)
    with pytest.raises(ReadingsTooMany, match="1 values"):
        sort(SERIES, Form.JSON, now=NOW)


def test_every_rejection_that_a_file_alone_can_have_is_a_finding():
    needs_the_database = {
        "channel-unknown",
        "resolution-mismatch",
        "channel-not-there",
        "not-a-counter",
        "epoch-unknown",
    }

    assert {reason.value for reason in Rejection} - {reason.value for reason in KIND_OF} == needs_the_database


def test_a_file_is_examined_with_the_places_of_its_faults():
    rows = ("1,2026-07-01T00:00:00+09:00,5", "1,2026-07-01T00:00:00+09:00,5", "x", "1,2026-07-01T00:15:00,1")
    text = "\n".join(
        ("channel,at,wh", *rows, "2,2026-07-01T00:15:00+09:00,-1", "2,2026-06-30T00:00:00+09:00,7")
    ).encode()

    told = examined(sort(text, Form.CSV, now=NOW), month=JULY)

    assert (told.rows, told.accepted, told.totals_wh, told.findings_left_out) == (6, 1, {"1": 5}, 0)
    assert [(one.kind.value, one.row, one.channel) for one in told.findings] == [
        ("malformed-row", 4, None),
        ("naive-timestamp", 5, None),
        ("negative", 6, None),
        ("out-of-period", None, "2"),
        ("identical-duplicate", None, None),
    ]


def test_values_beyond_the_hundredth_rejection_are_counted():
    text = b"channel,at,wh\n" + b"x\n" * 130

    told = examined(sort(text, Form.CSV, now=NOW), month=None)

    assert (len(told.findings), told.findings_left_out, told.rows) == (100, 30, 130)


def test_a_register_may_be_read_on_both_borders_of_the_month():
    def reads(at):
        row = {"channel": 1, "read_at": at, "value": 5}
        return sort(json.dumps(row).encode(), Form.NDJSON, now=NOW)

    for at in ("2026-07-01T00:00:00+09:00", "2026-08-01T00:00:00+09:00"):
        require_only(JULY, reads(at))
        assert examined(reads(at), month=JULY).findings == ()
    for at in ("2026-06-30T23:45:00+09:00", "2026-08-01T00:15:00+09:00"):
        require_only(None, reads(at))
        with pytest.raises(ReadingsOutsideMonth):
            require_only(JULY, reads(at))
        assert [one.kind.value for one in examined(reads(at), month=JULY).findings] == ["out-of-period"]


class Heard:
    def __init__(self):
        self.wishes = []

    async def take(self, wish):
        self.wishes.append(wish)
        count = values_of(wish.arrived)
        return ReadingsReport(
            accepted=count, duplicate=0, conflicting=0, rejected=0, late=0, conflicts=(), rejections=()
        )


async def test_a_long_file_goes_in_parts_and_says_how_far_it_is(monkeypatch):
    monkeypatch.setattr(given_readings, "DAYS_TOGETHER", 2)
    series = json.loads(SERIES) | {"wh": [1] * 96 * 5}
    arrived = sort(json.dumps(series).encode(), Form.JSON, now=NOW)
    heard, told = Heard(), []

    report = await send(b"f", arrived, actor=SYSTEM, tenant_id=TenantId(11), intake=heard, told=told.append)

    assert (report.accepted, told) == (480, [192, 384, 480])
    assert len({wish.content for wish in heard.wishes}) == 3


async def test_a_file_of_one_part_is_the_request_that_the_door_would_get():
    arrived = sort(ROW + b"\n" + ROW + b"\n{", Form.NDJSON, now=NOW)
    heard = Heard()

    report = await send(b"bytes", arrived, actor=SYSTEM, tenant_id=TenantId(11), intake=heard, told=lambda _: None)

    assert [wish.content for wish in heard.wishes] == [b"bytes"]
    assert (report.accepted, report.duplicate, report.rejected) == (1, 1, 1)
    assert [one.place for one in report.rejections] == ["line 3"]
