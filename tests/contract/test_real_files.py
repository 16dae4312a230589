"""Every real test file of ../shared reads with the figures of its reference."""

import asyncio
import collections
import json
import os
import random
import resource
import shutil
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.ktr.cyclers import KtrCyclers
from adapters.sandbox.runner import MEBIBYTE, Limits
from app import inspecting
from domain.certification.model import CyclerFormat, CyclerRecord, StepKind
from domain.certification.spelling import cycler_record_of, record_text
from domain.shared.errors import DomainError
from domain.shared.untrusted import FileRefused

pytestmark = pytest.mark.shared

RES = "arbin_res/20160805_test001_45_cc_01.res"
MODULE = "arbin_res/aux_multi_x.res.gz"
MACCOR = "maccor/maccor_001.txt"
PEC = "pec/pec.csv"
NDA = "neware_nda/TestFile.nda.zip"
NDAX = "neware_ndax/TESTCELL0001_M50T.ndax"
LGM50 = "lgm50_rpt_parquet/LGM50_RPT0_25degC_BoL.parquet"
SINTEF = "bdf_csv/SINTEF__LiGrR2032__2024-04-30__25degC__Landt.bdf.csv"

CYCLERS = {  # rows, steps, cycles, findings
    "arbin_csv/sample_data_arbin.csv": (CyclerFormat.ARBIN_CSV, 13, 3, 1, []),
    RES: (CyclerFormat.ARBIN_RES, 10_261, 103, 18, []),
    MODULE: (CyclerFormat.ARBIN_RES, 3_552, 2, 1, ["module-channels"]),
    "basytec/sample_data_basytec.txt": (CyclerFormat.BASYTEC, 74, 2, 1, ["header-broken-text"]),
    SINTEF: (CyclerFormat.BDF_CSV, 25_162, 4, 2, ["steps-by-id", "counter-disagrees"]),
    "biologic/Sample_data_biologic_CA1.txt": (CyclerFormat.BIOLOGIC, 1_397, 2, 1, ["header-broken-text"]),
    LGM50: (CyclerFormat.BDF_PARQUET, 81_661, 10, 2, ["steps-by-id"]),
    MACCOR: (CyclerFormat.MACCOR, 6_704, 24, 1, ["current-unsigned", "sensor-implausible"]),
    "neware_csv/neware_uio.csv": (CyclerFormat.NEWARE_CSV, 9_065, 32, 4, []),
    "neware_csv/nw_regular_export_ife_example.csv": (CyclerFormat.NEWARE_CSV, 9_295, 81, 20, ["header-broken-text"]),
    NDA: (CyclerFormat.NEWARE_NDA, 6_670, 11, 3, []),
    NDAX: (CyclerFormat.NEWARE_NDAX, 77_745, 32, 8, ["cycles-renumbered"]),
    "neware_ndax/empty.ndax": (CyclerFormat.NEWARE_NDAX, 0, 0, 0, []),
    "novonix/sample_data_novonix.csv": (CyclerFormat.NOVONIX, 207, 1, 1, []),
    PEC: (CyclerFormat.PEC, 16_255, 8, 3, []),
}
SPECTRA = {
    "exampleData.csv": (CyclerFormat.EIS_CSV, ["columns-by-order"]),
    "exampleDataBioLogic.mpt": (CyclerFormat.EIS_BIOLOGIC, ["encoding-read-as", "impedance-noisy"]),
    "exampleDataGamry.DTA": (CyclerFormat.EIS_GAMRY, ["encoding-read-as"]),
}
STEP_LAYERS = {
    "LMO_C_10_B_2_SOC_5-55_Part_1-1_ID_PIP15827A00221240.xlsx": Decimal(10),
    "NMC_C_21_B_6_SOC_5-90_Part_1-2_ID_02LCC02100101A87Y0052124.xlsx": Decimal(21),
}
NOT_TESTS = {
    "cyclers/biologic/GCPL-0.mpr": "certification.cycler-binary-refused",
    "cyclers/lgm50_rpt_parquet/README.yaml": "certification.cycler-format-unknown",
    "cyclers/neware_nda/TestFile.reference.parquet": "certification.cycler-unit-unknown",
    "cyclers/neware_ndax/TESTCELL0001_M50T.reference.parquet": "certification.cycler-unit-unknown",
}


def expected(shared: Path, name: str) -> dict:
    return json.loads((shared / "data/expected.json").read_text(encoding="utf-8"))[name]


async def record_of(shared: Path, name: str) -> CyclerRecord:
    if ".res" in name and shutil.which("mdb-export") is None:
        reason = "mdbtools is not installed"
        pytest.fail(reason) if os.environ.get("SUNHWAN_REQUIRE_SHARED") else pytest.skip(reason)
    return await KtrCyclers().read((shared / "data" / name).read_bytes())


def agrees(found: Decimal | None, known: float, *, within: float = 0.001, places: int = 4) -> bool:
    """Say whether a figure is within a share of the reference, whose own last place is rounded."""
    return found is not None and abs(float(found) - known) <= within * abs(known) + 0.51 * 10.0**-places


@pytest.mark.parametrize("name", CYCLERS)
async def test_a_real_file_has_its_rows_steps_cycles_and_findings(shared: Path, name):
    kind, rows, steps, cycles, findings = CYCLERS[name]

    record = await record_of(shared, f"cyclers/{name}")

    assert (record.format, record.rows, len(record.steps), record.cycles) == (kind, rows, steps, cycles)
    assert [finding.code for finding in record.findings] == findings


@pytest.mark.parametrize("name", [NDA, NDAX, LGM50])
async def test_the_steps_are_those_of_the_reference(shared: Path, name):
    known = expected(shared, f"cyclers/{name}")

    record = await record_of(shared, f"cyclers/{name}")

    for step, one in zip(record.steps, known.get("segments_first12", known.get("segments")), strict=False):
        assert (step.step, step.rows) == (one["step"], one["n"])
        assert agrees(step.charge_ah, one["ah"])
        assert agrees(step.energy_wh, one["wh"])
        assert agrees(step.hours, one["hours"])
        assert agrees(step.median_current_a, one["i_med_A"])
        assert agrees(step.first_v, one["v_first"])
        assert agrees(step.last_v, one["v_last"])
        assert "counter_ah" not in one or agrees(step.counter_ah, one["counter_ah"], places=5)
    if "hours" in known:
        assert agrees(record.hours, known["hours"])
        assert agrees(record.voltage_v.lowest, known["v_min"])
        assert agrees(record.voltage_v.highest, known["v_max"])
        assert agrees(record.current_a.lowest, known["i_min_A"])
        assert agrees(record.current_a.highest, known["i_max_A"])


async def test_maccor_gets_its_signs_and_its_known_capacities(shared: Path):
    known = expected(shared, f"cyclers/{MACCOR}")

    record = await record_of(shared, f"cyclers/{MACCOR}")

    for step, one in zip(record.steps, known["segments"], strict=True):
        sign = {"C": 1, "D": -1}.get(one["state"], 0)
        assert step.step == one["step"]
        assert agrees(step.charge_ah, sign * one["ah"])
        assert agrees(step.counter_ah, sign * one["ah"], places=5)
        assert agrees(step.energy_wh, sign * one["wh"])
        assert agrees(step.median_current_a, sign * one["i_med_A"])
        assert agrees(step.last_v, one["v_last"], places=5)
    assert agrees(-record.steps[6].charge_ah, 4.54403)
    assert agrees(record.discharge(Decimal(5)).q_dis_ah[-1], 4.354)


async def test_pec_gives_the_known_efficiencies(shared: Path):
    record = await record_of(shared, f"cyclers/{PEC}")

    charge, discharge = record.steps[3], record.steps[5]
    assert agrees(charge.counter_ah, 44.424915, places=6)
    assert agrees(-discharge.counter_ah, 44.351991, places=6)
    assert agrees(-discharge.charge_ah / charge.charge_ah, 0.9984)
    assert agrees(discharge.energy_wh / -charge.energy_wh, 0.9767)


async def test_an_arbin_database_gives_the_known_charge_of_each_cycle(shared: Path):
    known = expected(shared, f"cyclers/{RES}")

    record = await record_of(shared, f"cyclers/{RES}")

    big = [step for step in record.steps if step.rows > 100 and step.kind is not StepKind.REST]
    for cycle in (1, 2, 3):
        charged, discharged, charged_wh, discharged_wh = known["per_cycle"][str(cycle)]
        out, back = big[2 * cycle - 2], big[2 * cycle - 1]
        assert agrees(-out.counted_ah, discharged, places=7)
        assert agrees(back.counted_ah, charged, places=7)
        assert agrees(-out.counter_wh, discharged_wh, places=7)
        assert agrees(back.counter_wh, charged_wh, places=7)
    assert agrees(record.voltage_v.lowest, known["v_min"], places=6)
    assert agrees(record.voltage_v.highest, known["v_max"], places=6)


async def test_a_module_tells_how_far_its_cells_stand_apart(shared: Path):
    known = expected(shared, f"cyclers/{MODULE}")

    record = await record_of(shared, f"cyclers/{MODULE}")

    cells, aux = record.cells, known["aux"]
    assert cells is not None
    assert (cells.voltage_channels, cells.temperature_channels) == (12, 8)
    assert (cells.weakest, cells.strongest) == (aux["weakest_channel"], aux["strongest_channel"])
    assert agrees(cells.spread_mv_lowest, aux["spread_mv_min"], places=2)
    assert agrees(cells.spread_mv_median, aux["spread_mv_median"], places=2)
    assert agrees(cells.spread_mv_highest, aux["spread_mv_max"], places=2)
    assert agrees(cells.sum_gap_mv, 8.1, places=1)
    assert agrees(record.temperature_c.lowest, aux["t_min"], places=2)
    assert agrees(record.temperature_c.highest, aux["t_max"], places=2)
    assert cycler_record_of(json.loads(record_text(record))) == record


async def test_the_landt_file_counts_by_its_counter(shared: Path):
    known = expected(shared, f"cyclers/{SINTEF}")

    record = await record_of(shared, f"cyclers/{SINTEF}")

    assert agrees(-record.steps[1].counted_ah, known["discharging_capacity_ah_max"])
    assert agrees(record.steps[2].counted_ah, known["charging_capacity_ah_max"])


@pytest.mark.parametrize("name", SPECTRA)
async def test_a_real_spectrum_gives_its_points_and_its_intercept(shared: Path, name):
    known = expected(shared, f"eis/{name}")
    kind, findings = SPECTRA[name]

    record = await record_of(shared, f"eis/{name}")

    assert (record.format, record.rows) == (kind, known["points"])
    assert [finding.code for finding in record.findings] == findings
    assert agrees(record.impedance.frequency_hz.lowest, known["f_min"], places=6)
    assert agrees(record.impedance.frequency_hz.highest, known["f_max"])
    intercept = record.impedance.ohmic_intercept_ohm
    assert intercept is None if known["r0_ohm"] is None else agrees(intercept, known["r0_ohm"], places=8)


@pytest.mark.parametrize("name", STEP_LAYERS)
async def test_a_retired_cells_steps_give_its_capacity_and_its_pulse_resistance(shared: Path, name):
    rated = STEP_LAYERS[name]
    known = expected(shared, f"retired_cells/steps/{name}")

    record = await record_of(shared, f"retired_cells/steps/{name}")
    shown = inspecting.inspected(record, rated)

    assert (record.format, record.rows) == (CyclerFormat.NEBULA_XLSX, known["rows"])
    assert agrees(Decimal(str(shown.discharge_capacity_ah)), known["capacity_Ah"])
    assert agrees(Decimal(str(shown.soh)), known["soh"], places=5)
    full = min(record.steps, key=lambda step: step.charge_ah)
    assert agrees(-full.energy_wh, known["discharge_Wh"])
    assert agrees(record.steps[1].charge_ah, known["topup_charge_Ah"])
    rests = sum(step.kind is StepKind.REST for step in record.steps)
    assert rests == known["states"]["静置"]
    # R5s of each level of charge: the 5 s discharge pulse at the rated current.
    pulses = [
        (step.last_v - before.last_v) / step.median_current_a * 1000
        for before, step in zip(record.steps, record.steps[1:], strict=False)
        if abs(step.hours * 3600 - 5) < Decimal("0.01") and abs(step.median_current_a / -rated - 1) < Decimal("0.02")
    ]
    for pulse, (_, _, mohm) in zip(pulses, known["dcir_mohm_soc_first_5s"], strict=True):
        assert agrees(pulse, mohm, within=0.01)


@pytest.mark.parametrize(("name", "code"), NOT_TESTS.items())
async def test_what_is_no_test_file_is_refused_by_name(shared: Path, name, code):
    with pytest.raises(FileRefused) as caught:
        await KtrCyclers().read((shared / "data" / name).read_bytes())

    assert caught.value.code == code


def test_no_real_file_is_left_out(shared: Path):
    data = shared / "data"
    there = {str(path.relative_to(data)) for path in (data / "cyclers").rglob("*") if path.is_file()}
    there |= {str(path.relative_to(data)) for path in (data / "eis").iterdir()}

    named = {f"cyclers/{name}" for name in CYCLERS} | {f"eis/{name}" for name in SPECTRA} | set(NOT_TESTS)

    assert there <= named


async def test_a_spectrums_summary_has_its_frequencies_and_a_cyclers_has_not(shared: Path):
    spectrum = json.loads(
        inspecting.as_json(inspecting.inspected(await record_of(shared, "eis/exampleData.csv"), None))
    )
    cycler = json.loads(inspecting.as_json(inspecting.inspected(await record_of(shared, f"cyclers/{NDA}"), None)))

    assert (spectrum["steps"], spectrum["voltage_v"], spectrum["discharge_capacity_ah"]) == ([], None, None)
    assert spectrum["frequency_hz"] == {"min": 0.0031623, "max": 10000.0}
    assert spectrum["ohmic_intercept_ohm"] == pytest.approx(0.01568817, rel=0.01)
    assert list(cycler) == [
        *("format", "rows", "sha256", "voltage_v", "current_a", "hours", "cycles", "steps"),
        *("discharge_capacity_ah", "soh", "findings", "evaluation"),
    ]
    assert cycler["discharge_capacity_ah"] == pytest.approx(5.80665, rel=0.001)


REPEATED = [RES, MACCOR, NDA, NDAX, LGM50, "neware_csv/neware_uio.csv"]


async def test_three_reads_of_a_file_are_one(shared: Path):
    for name in REPEATED:
        first, *others = [await record_of(shared, f"cyclers/{name}") for _ in range(3)]

        assert all(other == first for other in others)


@pytest.mark.prove
@pytest.mark.parametrize(
    "name",
    [
        *(f"cyclers/{name}" for name in CYCLERS),
        *(f"eis/{name}" for name in SPECTRA),
        *(f"retired_cells/steps/{name}" for name in STEP_LAYERS),
    ],
)
async def test_a_hundred_reads_of_a_file_are_one(shared: Path, name):
    readers = KtrCyclers()
    content = (shared / "data" / name).read_bytes()
    first = await record_of(shared, name)

    others = await asyncio.gather(*(readers.read(content) for _ in range(99)))

    assert all(other == first for other in others)


@pytest.mark.parametrize("name", [NDA, RES, LGM50, "neware_ndax/empty.ndax"])
async def test_a_real_binary_with_flipped_bytes_is_a_record_or_a_refusal(shared: Path, name):
    await record_of(shared, f"cyclers/{name}")  # what is missing here is said first
    sound = (shared / "data/cyclers" / name).read_bytes()
    for first in (3, 700):
        content = bytearray(sound)
        for at in range(first, len(content), 1_009):
            content[at] ^= 0xFF
        code = "certification."
        try:
            await KtrCyclers().read(bytes(content))
        except DomainError as error:
            code = error.code

        assert code.startswith(("certification.", "shared.file-"))


def spoilt(sound: bytes, chance: random.Random) -> bytes:
    """Flip, cut, repeat, blank and splice a sound file; more often near its ends, where binaries keep their tables."""
    content = bytearray(sound[: chance.choice((len(sound), len(sound), chance.randrange(len(sound))))])
    for _ in range(chance.randint(1, 12)):
        edge = min(len(content), 4_096)
        at = chance.choice(
            (chance.randrange(edge), len(content) - 1 - chance.randrange(edge), chance.randrange(len(content)))
        )
        width = chance.choice((1, 2, 4, 8, 512))
        other = chance.randrange(len(content))
        content[at : at + width] = chance.choice(
            (bytes(width), b"\xff" * width, chance.randbytes(width), content[other : other + width], b"")
        )
    return bytes(content)


@pytest.mark.prove
@pytest.mark.parametrize("name", [NDA, NDAX, RES, MODULE, LGM50, "neware_ndax/empty.ndax"])
async def test_spoilt_binaries_leave_the_process_unharmed(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name
):
    await record_of(shared, f"cyclers/{name}")
    sound = (shared / "data/cyclers" / name).read_bytes()
    limits = Limits(memory_bytes=4_096 * MEBIBYTE, cpu_s=20, timeout_s=30)
    readers = KtrCyclers(limits)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def read(seed: int) -> str:
        try:
            await readers.read(spoilt(sound, random.Random(seed)))
        except DomainError as error:
            return error.code
        return "a record"

    ends = collections.Counter(await asyncio.gather(*(read(seed) for seed in range(300))))

    assert all(end == "a record" or end.startswith(("certification.", "shared.file-")) for end in ends), ends
    assert ends["shared.file-took-too-long"] == 0, ends
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 512 * 1024  # KiB: what the records hold
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", [MACCOR, PEC, NDA, RES, LGM50, "neware_csv/nw_regular_export_ife_example.csv"])
async def test_a_real_file_cut_short_is_refused_or_says_less(shared: Path, name):
    content = (shared / "data/cyclers" / name).read_bytes()
    whole = await record_of(shared, f"cyclers/{name}")

    code, rows = "certification.", 0
    try:
        rows = (await KtrCyclers().read(content[: len(content) // 2])).rows
    except FileRefused as refused:
        code = refused.code

    assert code.startswith("certification.")
    assert rows < whole.rows
