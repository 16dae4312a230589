"""The canonical table of a cycler file: exported, and read again by our own reader to the same figures."""

import io
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from adapters.ktr.cyclers import KtrCyclers
from app import demo
from domain.certification.model import CyclerRecord, TableForm
from domain.shared.untrusted import FileRefused

REQUIRED = ("test_time_second", "voltage_volt", "current_ampere")
REAL = (
    "neware_ndax/TESTCELL0001_M50T.ndax",
    "neware_nda/TestFile.nda.zip",
    "neware_csv/neware_uio.csv",
    "maccor/maccor_001.txt",
    "pec/pec.csv",
    "arbin_res/20160805_test001_45_cc_01.res",
    "arbin_res/aux_multi_x.res.gz",
)


def close(ours: Decimal | None, theirs: Decimal | None) -> bool:
    """A sum of many differences may end one unit of the last kept place away."""
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= Decimal("0.000002") + abs(theirs) / 1_000_000


async def round_trip(content: bytes, form: TableForm) -> tuple[CyclerRecord, CyclerRecord, bytes]:
    reader = KtrCyclers()
    table = await reader.table(content, form=form)
    return await reader.read(content), await reader.read(table), table


def same(before: CyclerRecord, after: CyclerRecord, *, counters: bool = True) -> None:
    assert (after.rows, after.hours) == (before.rows, before.hours)
    assert (after.voltage_v, after.current_a) == (before.voltage_v, before.current_a)
    assert [(one.kind, one.rows, one.hours) for one in after.steps] == [
        (one.kind, one.rows, one.hours) for one in before.steps
    ]
    for ours, theirs in zip(after.steps, before.steps, strict=True):
        assert (ours.first_v, ours.last_v, ours.median_current_a) == (
            theirs.first_v, theirs.last_v, theirs.median_current_a,
        )  # fmt: skip
        assert (ours.charge_ah, ours.energy_wh) == (theirs.charge_ah, theirs.energy_wh)
        if counters:
            assert close(ours.counter_ah, theirs.counter_ah), (ours.step, ours.counter_ah, theirs.counter_ah)
            assert close(ours.counter_wh, theirs.counter_wh), (ours.step, ours.counter_wh, theirs.counter_wh)
    assert after.cycles_as_recorded == before.cycles_as_recorded
    assert after.rests == before.rests
    assert [one.charge_nah for one in after.curves] == [one.charge_nah for one in before.curves]


@pytest.mark.parametrize("form", list(TableForm))
async def test_the_shipped_sample_comes_back_from_its_table_with_equal_figures(form):
    before, after, table = await round_trip(demo.SAMPLE_CYCLER.read_bytes(), form)

    same(before, after)
    assert before.discharge(Decimal(5)).q_dis_ah == after.discharge(Decimal(5)).q_dis_ah
    read = pl.read_csv if form is TableForm.CSV else pl.read_parquet
    frame = read(io.BytesIO(table))
    assert set(REQUIRED) <= set(frame.columns)
    assert frame["step_count"].is_sorted()


@pytest.mark.parametrize("form", list(TableForm))
@pytest.mark.parametrize("name", REAL)
async def test_a_real_file_comes_back_from_its_table_with_equal_figures(shared: Path, name, form):
    path = shared / "data" / "cyclers" / name
    if not path.exists():
        path = next((shared / "data" / "cyclers" / Path(name).parent).glob(f"*{Path(name).name[-14:]}"))
    before, after, _ = await round_trip(path.read_bytes(), form)

    same(before, after)


async def test_one_table_is_made_of_the_same_bytes_every_time():
    content, reader = demo.SAMPLE_CYCLER.read_bytes(), KtrCyclers()

    assert await reader.table(content, form=TableForm.CSV) == await reader.table(content, form=TableForm.CSV)


async def test_counters_that_start_anew_are_added_up_and_repeated_step_ids_numbered():
    rows = ["test_time_second,voltage_volt,current_ampere,step_count,charging_capacity_ah,discharging_capacity_ah"]
    time = 0
    for step, amps in ((1, 1.0), (2, -1.0), (1, 1.0)):
        for row in range(11):
            counted = row * 60 / 3600
            charged, discharged = (counted, 0.0) if amps > 0 else (0.0, counted)
            rows.append(f"{time},{3.5 + amps * row / 100},{amps},{step},{charged},{discharged}")
            time += 60
    before, after, table = await round_trip("\n".join(rows).encode() + b"\n", TableForm.CSV)

    frame = pl.read_csv(io.BytesIO(table))
    assert frame["step_count"].unique().sort().to_list() == [1, 2, 3]
    assert frame["charging_capacity_ah"].is_sorted()
    assert frame["charging_capacity_ah"][-1] == pytest.approx(20 / 60)
    same(before, after)


@pytest.mark.parametrize(
    ("name", "rows", "cycles"),
    [
        ("neware_ndax/TESTCELL0001_M50T.ndax", 77_745, range(1, 8)),
        ("neware_csv/neware_uio.csv", 9_065, range(1, 5)),
        ("pec/pec.csv", 16_255, None),
    ],
)
async def test_each_row_of_a_table_has_its_cycle_as_the_maker_numbered_it(shared: Path, name, rows, cycles):
    content = (shared / "data" / "cyclers" / name).read_bytes()
    frame = pl.read_parquet(io.BytesIO(await KtrCyclers().table(content, form=TableForm.PARQUET)))

    assert frame.height == rows
    numbers = frame["cycle_count"]
    assert numbers.dtype == pl.Int64
    assert numbers.is_sorted()
    if cycles is not None:
        assert numbers.unique().sort().to_list() == list(cycles)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (("1", "1", "2", "2", "2"), [1, 1, 2, 2, 2]),
        (("6.283185307", "6.283185307", "12.566370614", "12.566370614", "12.566370614"), [1, 1, 2, 2, 2]),
        (("1", "1.5", "2", "2", "2"), None),
        (("1", "", "2", "2", "2"), None),
    ],
    ids=["whole", "turns made radians", "no integers", "a row without"],
)
async def test_cycle_numbers_that_cannot_be_trusted_are_left_out_and_none_is_made_up(told, kept):
    rows = ["test_time_second,voltage_volt,current_ampere,step_count,cycle_count"]
    rows += [f"{60 * place},{3.5 + place / 100},1.0,1,{cycle}" for place, cycle in enumerate(told)]

    table = await KtrCyclers().table("\n".join(rows).encode() + b"\n", form=TableForm.CSV)

    frame = pl.read_csv(io.BytesIO(table))
    assert (frame["cycle_count"].to_list() if "cycle_count" in frame.columns else None) == kept


async def test_a_spectrum_has_no_table_over_time():
    spectrum = b"1000,0.02,-0.001\n300,0.0205,-0.0015\n100,0.021,-0.002\n10,0.025,-0.004\n1,0.03,-0.01\n"

    with pytest.raises(FileRefused) as refusal:
        await KtrCyclers().table(spectrum, form=TableForm.CSV)
    assert refusal.value.code == "certification.cycler-table-missing"
