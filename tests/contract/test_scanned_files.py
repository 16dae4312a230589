"""The tolerant reading of meters' files: every kind of defect is named with its place, and nothing else is lost."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.meterfiles.reader import SandboxedReadingFiles
from adapters.meterfiles.scan import scan
from app import demo
from app.cli import cli
from domain.metering.suspects import STORED_KINDS
from domain.metering.validation import DEFAULTS, FindingKind
from domain.shared.time import Month
from domain.shared.untrusted import FileRefused

HEADER = "interval_start,load_kwh,pv_kwh"
T = [f"2026-07-01T{slot // 4:02d}:{slot % 4 * 15:02d}:00+09:00" for slot in range(96)]
NOW = {"now": "2026-08-01T00:00:00+00:00"}


def csv_of(*rows, header=HEADER, end="\n"):
    return (end.join((header, *rows)) + end).encode()


def read(content, folder, **arguments):
    path = folder / "file"
    path.write_bytes(content)
    return json.loads(scan(path, {**NOW, **arguments}))


def found(told):
    return [(one["kind"], one["row"], one["channel"]) for one in told["findings"]]


def test_a_file_without_fault_has_no_findings(tmp_path):
    told = read(csv_of(f"{T[0]},1.0005,0", f"{T[1]},1.0005,2.5"), tmp_path)

    assert told == {"rows": 2, "accepted": 4, "findings": [], "totals_wh": {"load": 2_001, "pv": 2_500}}


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        (f"{T[1]},-1,0", ("negative", 3, "load")),
        (f'{T[1]},"1,5",0', ("decimal-comma", 3, "load")),
        (f"{T[1]},1,5,2", ("decimal-comma", 3, None)),
        (f"{T[1]},,0", ("blank", 3, "load")),
        (f"{T[1]},abc,0", ("not-a-number", 3, "load")),
        (f"{T[1]},1.00001,0", ("too-precise", 3, "load")),
        (f"{T[1]},99999999999,0", ("too-large", 3, "load")),
        (f"{T[1]},1", ("row-length", 3, None)),
        ("2026-07-01T00:15:00,1,0", ("naive-timestamp", 3, None)),
        ("yesterday,1,0", ("malformed-timestamp", 3, None)),
        ("2026-07-01T00:16:00+09:00,1,0", ("off-grid", 3, None)),
        ("2062-07-01T00:15:00+09:00,1,0", ("out-of-period", 3, None)),
        ("1962-07-01T00:15:00+09:00,1,0", ("out-of-period", 3, None)),
        (f"{T[0]},7,0", ("identical-duplicate", 3, None)),
        (f"{T[0]},8,0", ("conflicting-duplicate", 3, "load")),
        (f"{T[2]},8,0", ("gap", None, None)),
    ],
)
def test_each_defect_is_named_with_its_place(row, finding, tmp_path):
    told = read(csv_of(f"{T[0]},7,0", row), tmp_path)

    assert found(told) == [finding]
    assert told["rows"] == 2


def test_only_what_is_wrong_is_left_out(tmp_path):
    told = read(csv_of(f"{T[0]},7,1", f"{T[1]},-1,2", f"{T[2]},x,3", f"{T[3]},5,4"), tmp_path)

    assert (told["accepted"], told["totals_wh"]) == (6, {"load": 12_000, "pv": 10_000})


def test_of_two_rows_that_contradict_each_other_neither_is_taken(tmp_path):
    for rows in ((7, 8), (8, 7), (7, 8, 7)):
        told = read(csv_of(*[f"{T[0]},{wh},2" for wh in rows]), tmp_path)
        assert (told["accepted"], told["totals_wh"]) == (1, {"load": 0, "pv": 2_000})
        assert {kind for kind, _, _ in found(told)} == {"conflicting-duplicate"}


def test_rows_out_of_order_are_named_and_taken(tmp_path):
    told = read(csv_of(f"{T[1]},7,0", f"{T[0]},8,0"), tmp_path)

    assert found(told) == [("out-of-order", 3, None)]
    assert told["accepted"] == 4


def test_the_dress_of_a_file_is_named(tmp_path):
    content = b"\xef\xbb\xbf" + csv_of(f"{T[0]},7,0", end="\r\n")

    assert found(read(gzip.compress(content), tmp_path)) == [("byte-order-mark", 1, None), ("crlf", 1, None)]


def test_a_file_with_semicolons_and_decimal_commas_is_named_cell_by_cell(tmp_path):
    told = read(csv_of(f"{T[0]};7,5;0", header=HEADER.replace(",", ";")), tmp_path)

    assert found(told) == [("decimal-comma", 2, "load")]


def test_a_month_that_is_expected_makes_others_out_of_period(tmp_path):
    told = read(csv_of("2026-06-30T23:45:00+09:00,7,0", f"{T[0]},8,0"), tmp_path, month="2026-07")

    assert found(told) == [("out-of-period", 2, None)]
    assert told["totals_wh"]["load"] == 8_000


def days(count, change):
    rows = []
    for day in range(1, count + 1):
        for slot in range(96):
            at = T[slot].replace("-01T", f"-{day:02d}T")
            rows.append(f"{at},{change(day, slot, 5 + slot / 100 + day / 10):.4f},0")
    return csv_of(*rows)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda day, slot, kwh: 700 if (day, slot) == (9, 40) else kwh, "spike"),
        (lambda day, slot, kwh: 6.66 if day == 9 and 10 <= slot < 20 else kwh, "frozen"),
        (lambda day, slot, kwh: kwh * 1_000 if day == 9 else kwh, "unit-slip"),
    ],
)
def test_values_that_look_wrong_are_named_and_taken(change, kind, tmp_path):
    told = read(days(20, change), tmp_path)

    assert [(one["kind"], one["channel"]) for one in told["findings"]] == [(kind, "load")]
    assert told["findings"][0]["at"].startswith("2026-07-0")
    assert told["accepted"] == 20 * 96 * 2


def test_registers_are_read_with_rollover_exchange_and_drop(tmp_path):
    content = csv_of(
        "7,2026-07-01T00:00:00Z,999999000,0",
        "7,2026-07-02T00:00:00Z,500,0",
        "7,2026-07-03T00:00:00Z,20,1",
        "7,2026-07-04T00:00:00Z,70,1",
        "7,2026-07-05T00:00:00Z,60,1",
        "8,2026-07-05T00:00:00Z,,1",
        header="channel,read_at,value_wh,epoch",
    )

    told = read(content, tmp_path)

    assert found(told) == [
        ("register-rollover", 3, "7"),
        ("register-exchange", 4, "7"),
        ("register-drop", 6, "7"),
        ("blank", 7, "8"),
    ]
    assert (told["rows"], told["accepted"], told["totals_wh"]) == (6, 5, {"7": 1_550})


def test_every_kind_has_a_test_here():
    text = Path(__file__).read_text("utf-8")

    of_stored_days = STORED_KINDS - {FindingKind.SPIKE, FindingKind.FROZEN, FindingKind.UNIT_SLIP, FindingKind.GAP}
    assert [k.value for k in set(FindingKind) - of_stored_days if f'"{k.value}"' not in text] == []


async def test_the_child_scans_as_the_function_does():
    scanned = await SandboxedReadingFiles().scan(
        csv_of(f"{T[0]},7,0", f"{T[1]},-1,0"),
        now=datetime(2026, 8, 1, tzinfo=UTC),
        month=Month(2026, 7),
        thresholds=DEFAULTS,
    )

    assert (scanned.rows, scanned.accepted, scanned.totals_wh) == (2, 3, {"load": 7_000, "pv": 0})
    assert [(one.kind, one.row) for one in scanned.findings] == [(FindingKind.NEGATIVE, 3)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "metering.file-no-rows"),
        (b"a,b\n1,2\n", "metering.file-column-unknown"),
        (HEADER.encode(), "metering.file-no-rows"),
        (b"\xff\xfe", "metering.file-not-text"),
    ],
)
async def test_a_file_in_which_no_row_has_a_meaning_is_refused(content, code):
    with pytest.raises(FileRefused) as refused:
        await SandboxedReadingFiles().scan(
            content, now=datetime(2026, 8, 1, tzinfo=UTC), month=None, thresholds=DEFAULTS
        )
    assert refused.value.code == code


@pytest.mark.shared
@pytest.mark.parametrize("name", ["S1_metalworking", "S2_electroplating"])
def test_the_real_sites_have_no_findings_and_their_true_totals(name, shared, tmp_path):
    folder = shared / "data" / "energy" / "sites"
    told = read((folder / f"{name}_2018_15min.csv.gz").read_bytes(), tmp_path)

    assert (told["rows"], told["accepted"], told["findings"]) == (35_040, 245_280, [])
    assert told["totals_wh"]["load"] == {"S1": 800_006_448, "S2": 1_599_941_614}[name[:2]]


# ── the command line ──


def sunhwan(*words, **environment):
    return CliRunner().invoke(cli, ["meter", "import", *map(str, words)], env=environment)


def test_a_dry_run_needs_no_database_and_prints_one_document(tmp_path):
    file = tmp_path / "site.csv"
    file.write_bytes(csv_of(f"{T[0]},7,0", f"{T[1]},-1,0"))

    done = sunhwan(file, "--dry-run", "--json", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")

    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert set(told) == {"rows", "accepted", "findings", "totals_wh"}
    assert told["findings"] == [
        {"kind": "negative", "at": "2026-06-30T15:15:00Z", "channel": "load", "detail": "'-1'", "row": 3}
    ]


def test_a_dry_run_examines_numbered_channels_too(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text(f"channel,at,wh\n3,{T[0]},7\n3,{T[1]},-1\nx\n")

    done = sunhwan(file, "--dry-run", "--json", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")

    assert json.loads(done.stdout) == {
        "rows": 3,
        "accepted": 1,
        "findings": [
            {"kind": "negative", "at": None, "channel": None, "detail": "line 3: negative", "row": 3},
            {"kind": "malformed-row", "at": None, "channel": None, "detail": "line 4: malformed", "row": 4},
        ],
        "totals_wh": {"3": 7},
    }


def test_findings_beyond_those_that_are_named_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("adapters.meterfiles.scan.FINDINGS_MAX", 2)

    told = read(csv_of(*[f"{T[slot]},-1,0" for slot in range(5)]), tmp_path)

    assert (len(told["findings"]), told["findings_left_out"]) == (2, 3)


@pytest.mark.parametrize(("language", "said"), [("ko", "음수"), ("en", "negative")])
def test_a_dry_run_shows_a_table(language, said, tmp_path):
    file = tmp_path / "site.csv"
    file.write_bytes(csv_of(f"{T[0]},7,0", f"{T[1]},-1,0"))

    done = sunhwan(file, "--dry-run", "--lang", language)

    assert done.exit_code == 0
    assert said in done.stdout


def test_the_shipped_sample_has_no_findings():
    done = sunhwan(demo.SAMPLE_SITE, "--dry-run", "--json")

    assert json.loads(done.stdout)["findings"] == []


def test_wrong_use_and_absent_files_are_one_sentence(tmp_path):
    file = tmp_path / "site.csv"
    file.write_bytes(csv_of(f"{T[0]},7,0"))

    assert sunhwan(file).exit_code == 2
    assert sunhwan(file, "--dry-run", "--month", "July").exit_code == 2
    assert sunhwan(tmp_path / "none.csv", "--dry-run").exit_code == 1
    file.write_bytes(b"a,b\n1,2\n")
    refused = sunhwan(file, "--dry-run", "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["error"]["code"]) == (3, "metering.file-column-unknown")
