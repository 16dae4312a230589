"""What the reader of cycler files promises, on made files and on real ones; and what its child may never do."""

import asyncio
import json
import zipfile
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.ktr.cycler_reader import read_cycler
from adapters.ktr.cyclers import KtrCyclers
from adapters.ktr.readers.detection import SUPPORTED
from adapters.ktr.readers.neware_binary import refuses_ndax
from adapters.sandbox.runner import Limits, run_in_child
from app.samples import make_cycler
from domain.certification.model import CyclerFormat, StepKind, Variant
from domain.shared.errors import DomainError
from domain.shared.untrusted import FileBroke, FileRefused, FileTookTooLong, FileTooLarge

HEADER = "test_time_second,voltage_volt,current_ampere,step_count\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06"


def zipped(**members: bytes) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


SMALL = Limits(output_bytes=1_000_000, written_bytes=1_000_000, cpu_s=1, timeout_s=3)


def running(pid: int) -> bool:
    """Say whether a process lives; one that is dead and not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return state.rsplit(")", 1)[1].split()[0] != "Z"


async def run(function: str, content: bytes = b"file", limits: Limits = SMALL, **arguments: str) -> bytes:
    target = f"tests.fakes.sandboxed:{function}"
    return await run_in_child(target, content, limits=limits, arguments=arguments)


async def test_a_child_sees_its_file_its_arguments_and_nothing_else():
    seen = json.loads(await run("answer", "파일".encode(), colour="blue"))

    assert seen == {
        "environment": [],
        "content": "파일",
        "private": "0o700",
        "arguments": {"colour": "blue"},
        "leader": True,
    }


async def test_a_refusal_of_the_child_keeps_its_code_and_sentences():
    with pytest.raises(FileRefused) as caught:
        await run("refuse")

    assert caught.value.code == "certification.cycler-format-unknown"
    assert caught.value.sentence("ko") == "지원하지 않는 시험 파일 형식입니다. 지원 형식: nothing."
    assert caught.value.sentence("en") == "This cycler file format is not supported; supported are nothing."
    assert FileRefused.code == "shared.file-refused"


@pytest.mark.parametrize("function", ["crash", "abort", "hoard", "flood", "scribble", "no_such_function"])
async def test_a_crash_or_a_limit_is_one_sentence_without_a_trace(function):
    with pytest.raises(FileBroke) as caught:
        await run(function)

    assert caught.value.sentence("en") == "The file is damaged or malformed and cannot be read."
    assert "secret" not in str(caught.value)


async def test_burning_the_processor_ends_in_time():
    with pytest.raises(FileTookTooLong):
        await run("spin", limits=Limits(cpu_s=1, timeout_s=20))


async def test_time_running_out_ends_the_whole_group(tmp_path):
    pid_file = tmp_path / "pid"

    with pytest.raises(FileTookTooLong) as caught:
        await run("sleep", limits=Limits(timeout_s=1), pid_file=str(pid_file))

    assert caught.value.facts == {"timeout_s": 1}
    await asyncio.sleep(0.2)
    for pid in pid_file.read_text(encoding="ascii").split():
        assert not running(int(pid))


async def test_an_oversized_file_starts_no_child():
    with pytest.raises(FileTooLarge) as caught:
        await run("answer", bytes(11), limits=Limits(input_bytes=10))

    assert caught.value.facts == {"bytes_max": 10}


async def test_a_cycler_file_of_more_than_64_mib_is_refused():
    with pytest.raises(FileTooLarge) as caught:
        await KtrCyclers().read(bytes(64 * 1024 * 1024 + 1))

    assert caught.value.facts == {"bytes_max": 67_108_864}


# Bad files: each one clear sentence and a code.


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        pytest.param(b"", "certification.cycler-file-empty", "The cycler file is empty.", id="empty"),
        pytest.param(
            PNG,
            "certification.cycler-format-unknown",
            f"This cycler file format is not supported; supported are {SUPPORTED}.",
            id="a picture renamed",
        ),
        pytest.param(
            b"time,U,I\n1,2,3\n",
            "certification.cycler-format-unknown",
            f"This cycler file format is not supported; supported are {SUPPORTED}.",
            id="foreign headers",
        ),
        pytest.param(
            b"Test Time / fortnight,Voltage / V,Current / A\n1,2,3\n",
            "certification.cycler-unit-unknown",
            "The unit (fortnight) of the file's column 'Test Time / fortnight' is unknown, so the file is not read.",
            id="a unit is never guessed",
        ),
        pytest.param(
            zipped(hello__txt=b"hello"),
            "certification.cycler-format-unknown",
            f"This cycler file format is not supported; supported are {SUPPORTED}.",
            id="some archive",
        ),
        pytest.param(
            zipped(data__ndc=bytes(70_000))[:-30],
            "certification.cycler-file-damaged",
            "The cycler file is damaged (ZIP).",
            id="truncated archive",
        ),
        pytest.param(
            zipped(data__ndc=b"no ndc at all"),
            "certification.cycler-file-damaged",
            "The cycler file is damaged (NDAX).",
            id="an archive of nonsense",
        ),
        pytest.param(
            lambda: zipped(data__ndc=bytes(600 * 1024 * 1024)),  # made by whoever asks it, and not by every process
            "certification.cycler-file-too-long",
            "The cycler file holds too much: unpacked bytes may be at most 536870912.",
            id="zip bomb",
        ),
        pytest.param(
            zipped(data__ndc=b"", **{f"m{number}": b"" for number in range(100)}),
            "certification.cycler-file-too-long",
            "The cycler file holds too much: members may be at most 100.",
            id="too many members",
        ),
        pytest.param(
            f"{HEADER}0,3.7,0,1\n1,three,0,1\n".encode(),
            "certification.cycler-file-damaged",
            "The cycler file is damaged (row 3).",
            id="a word for a number",
        ),
        pytest.param(
            f"{HEADER}0,3.7,0,1\n1,nan,0,1\n".encode(),
            "certification.cycler-file-damaged",
            "The cycler file is damaged (row 3).",
            id="not a number",
        ),
        pytest.param(
            f"{HEADER}0,3.7,0,1\n1,3.7\n".encode(),
            "certification.cycler-file-damaged",
            "The cycler file is damaged (row 3).",
            id="cut in a row",
        ),
        pytest.param(
            b"test_time_second,voltage_volt,current_ampere,Voltage / V\n0,1,2,3\n",
            "certification.cycler-file-damaged",
            "The cycler file is damaged (row 1).",
            id="a column twice",
        ),
        pytest.param(
            f"{HEADER}0,3.7,0,1\n".encode() + b"\xff\xfe\n",
            "certification.cycler-file-damaged",
            "The cycler file is damaged (UTF-8).",
            id="no text",
        ),
    ],
)
async def test_a_bad_file_is_refused_in_one_sentence(content, code, sentence):
    with pytest.raises(DomainError) as caught:
        await KtrCyclers().read(content() if callable(content) else content)

    assert (caught.value.code, caught.value.sentence("en")) == (code, sentence)
    assert "\n" not in caught.value.sentence("ko")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda tail: HEADER.encode() + tail)))
def test_any_bytes_are_a_record_or_a_refusal(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)

    try:
        said = json.loads(read_cycler(path, {}))["format"]
    except DomainError as error:
        said = error.code

    assert said in set(CyclerFormat) or said.startswith("certification.")


# What a file says.


async def test_a_header_without_rows_is_an_empty_test():
    record = await KtrCyclers().read(HEADER.encode())

    assert (record.rows, record.steps, record.cycles, record.voltage_v) == (0, (), 0, None)


async def test_labels_and_keys_say_the_same():
    rows = "0,3.7,0.0,1\n1800,3.9,2.5,1\n3600,4.1,2.5,1\n"
    keys = await KtrCyclers().read((HEADER + rows).encode())
    labels = await KtrCyclers().read(
        ("\ufeffTest Time / s,Voltage / V,Current / A,Step Count / 1\r\n" + rows.replace("\n", "\r\n")).encode()
    )

    assert keys.steps == labels.steps
    assert keys.steps[0].charge_ah == Decimal("1.875000")
    assert keys.steps[0].energy_wh == Decimal("7.437500")


async def test_without_step_numbers_steps_part_where_the_current_turns():
    rows = "0,4.1,-1\n60,4.0,-1\n120,4.0,0\n180,4.0,0\n240,4.1,1\n300,4.2,1\n"
    text = f"test_time_second,voltage_volt,current_ampere\n{rows}"

    record = await KtrCyclers().read(text.encode())

    assert [step.kind for step in record.steps] == [StepKind.CC_DISCHARGE, StepKind.REST, StepKind.CC_CHARGE]
    assert (record.cycles, [finding.code for finding in record.findings]) == (2, ["steps-by-sign"])


async def test_time_that_runs_back_is_named_and_adds_nothing():
    record = await KtrCyclers().read((HEADER + "0,4,1,1\n3600,4,1,1\n1800,4,1,1\n5400,4,1,1\n").encode())

    assert record.steps[0].charge_ah == Decimal("2.000000")
    assert [(finding.code, finding.rows) for finding in record.findings] == [("time-runs-back", (3,))]


async def test_an_impossible_current_is_named_and_kept_out():
    rows = [f"{second},4,{'900' if second == 1000 else '1'},1\n" for second in range(3600)]

    record = await KtrCyclers().read((HEADER + "".join(rows)).encode())

    assert record.current_a.highest == Decimal("1.000000")
    assert [(finding.code, finding.rows) for finding in record.findings] == [("current-spike", (1001,))]
    assert abs(record.steps[0].charge_ah - 1) < Decimal("0.001")


async def test_a_counter_that_disagrees_is_named():
    text = (
        "test_time_second,voltage_volt,current_ampere,step_count,charging_capacity_ah,discharging_capacity_ah\n"
        "0,4,1,1,0,0\n3600,4,1,1,1.02,0\n"
    )

    record = await KtrCyclers().read(text.encode())

    assert record.steps[0].counter_ah == Decimal("1.020000")
    assert [finding.code for finding in record.findings] == ["counter-disagrees"]


async def test_the_shipped_sample_is_what_its_script_makes_and_reads_as_it_says():
    content = make_cycler.CYCLER_FILE.read_bytes()

    record = await KtrCyclers().read(content)
    found = record.discharge(Decimal(5))

    assert content == make_cycler.cycler_text().encode()
    assert len(content) <= 150_000
    assert json.loads(make_cycler.BENCH_SHEET.read_text(encoding="utf-8")) == make_cycler.bench_sheet()
    assert (record.format, record.rows, len(record.steps), record.cycles) == (CyclerFormat.BDF_CSV, 1050, 11, 3)
    assert (found.variant, found.q_dis_ah) == (Variant.C2, (Decimal("4.699014"), Decimal("4.699014")))
    assert found.e_dis_wh == Decimal("17.047629")
    assert record.findings == ()


@pytest.mark.parametrize(
    ("python", "refused"),
    [
        ((3, 11, 7), False),
        ((3, 12, 0), True),
        ((3, 12, 8), True),
        ((3, 12, 9), False),
        ((3, 13, 1), True),
        ((3, 13, 2), False),
        ((3, 14, 0), False),
    ],
)
def test_ndax_is_refused_where_python_corrupts_concurrent_reads(python, refused):
    assert refuses_ndax(python) is refused


@pytest.mark.shared
async def test_the_real_ndax_gives_the_known_figures(shared: Path):
    content = (shared / "data/cyclers/neware_ndax/TESTCELL0001_M50T.ndax").read_bytes()
    expected = json.loads((shared / "data/expected.json").read_text())["cyclers/neware_ndax/TESTCELL0001_M50T.ndax"]

    record = await KtrCyclers().read(content)
    found = record.discharge(Decimal(5))

    assert (record.format, record.rows, len(record.steps)) == (CyclerFormat.NEWARE_NDAX, 77_745, 32)
    assert (record.cycles, record.cycles_as_recorded) == (8, 7)
    assert (found.step, found.variant) == (6, Variant.C2)
    assert abs(found.q_dis_ah[-1] / Decimal("4.7175") - 1) < Decimal("0.001")
    assert abs(found.e_dis_wh / Decimal("17.230") - 1) < Decimal("0.001")
    for step, known in zip(record.steps, expected["segments_first12"], strict=False):
        assert (step.step, step.rows) == (known["step"], known["n"])
        assert abs(step.charge_ah - Decimal(str(known["ah"]))) < Decimal("0.0001")
        assert abs(step.energy_wh - Decimal(str(known["wh"]))) < Decimal("0.0001")
        assert abs(step.charge_ah - step.counter_ah) < Decimal("0.0001")
    assert [finding.code for finding in record.findings] == ["cycles-renumbered"]


@pytest.mark.shared
async def test_the_same_bytes_give_one_record(shared: Path):
    content = (shared / "data/cyclers/neware_ndax/TESTCELL0001_M50T.ndax").read_bytes()
    readers = KtrCyclers()

    first, *others = await asyncio.gather(*(readers.read(content) for _ in range(4)))

    assert all(other == first for other in others)


@pytest.mark.shared
async def test_a_real_test_without_a_record_is_empty(shared: Path):
    record = await KtrCyclers().read((shared / "data/cyclers/neware_ndax/empty.ndax").read_bytes())

    assert (record.rows, record.steps, record.hours) == (0, (), Decimal(0))


@pytest.mark.shared
async def test_a_real_ndax_cut_short_is_refused(shared: Path):
    content = (shared / "data/cyclers/neware_ndax/TESTCELL0001_M50T.ndax").read_bytes()

    with pytest.raises(FileRefused) as caught:
        await KtrCyclers().read(content[: len(content) // 2])

    assert caught.value.code == "certification.cycler-file-damaged"


@pytest.mark.shared
async def test_a_real_ndax_with_flipped_bytes_is_a_record_or_a_refusal(shared: Path):
    content = bytearray((shared / "data/cyclers/neware_ndax/TESTCELL0001_M50T.ndax").read_bytes())
    for at in range(20_000, 120_000, 9_973):
        content[at] ^= 0xFF

    with pytest.raises((FileRefused, FileBroke)):
        await KtrCyclers().read(bytes(content))


@pytest.mark.shared
async def test_a_real_bdf_file_is_read(shared: Path):
    files = shared / "data/cyclers/bdf_csv"

    record = await KtrCyclers().read(next(files.glob("*.bdf.csv")).read_bytes())

    assert (record.format, record.rows, len(record.steps)) == (CyclerFormat.BDF_CSV, 25_162, 4)
