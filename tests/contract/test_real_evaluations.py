"""Every entry of the reference results, as far as a test file's evaluation speaks of it."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from app import inspecting
from domain.certification.errors import DischargeMissing
from domain.certification.evaluating import Evaluation, evaluate
from domain.certification.resistance import PulseMethod
from tests.contract.test_real_files import (
    CYCLERS,
    LGM50,
    MACCOR,
    MODULE,
    NDA,
    NDAX,
    PEC,
    RES,
    SINTEF,
    STEP_LAYERS,
    record_of,
)

pytestmark = pytest.mark.shared

SPOKEN_OF = {
    *(f"cyclers/{name}" for name in (LGM50, MACCOR, MODULE, NDA, NDAX, PEC, RES, SINTEF, "neware_ndax/empty.ndax")),
    *("eis/exampleData.csv", "eis/exampleDataBioLogic.mpt", "eis/exampleDataGamry.DTA"),
    *(f"retired_cells/steps/{name}" for name in STEP_LAYERS),
    *("retired_cells/LMO_10Ah_pulse5s_odd.csv", "retired_cells/NMC_21Ah_pulse5s_odd.csv"),
}


def known(shared: Path) -> dict:
    return json.loads((shared / "data/expected.json").read_text(encoding="utf-8"))


async def evaluation(shared: Path, name: str, rated: Decimal | None = None) -> Evaluation:
    return evaluate(await record_of(shared, name), rated_capacity_ah=rated)


def near(found: Decimal | None, known: float, *, within: float = 0.001) -> bool:
    return found is not None and abs(float(found) - known) <= within * abs(known)


def test_no_reference_of_a_test_file_is_left_out(shared: Path):
    there = {name for name in known(shared) if not name.startswith("energy/")}

    assert there == SPOKEN_OF


@pytest.mark.parametrize(
    ("name", "rated", "step", "variant", "capacity", "energy", "soh"),
    [
        pytest.param(NDAX, 5, 6, "C2", 4.7175, 17.2302, 94.35, id="ndax"),
        pytest.param(NDA, 6, 7, "C2", 5.80665, 20.2469, 96.777, id="nda"),
        pytest.param(MACCOR, 5, 12, "C2", 4.354, 14.81356, 87.08, id="maccor"),
        pytest.param(PEC, 44, 6, "other", 44.351991, 144.897131, 100.80, id="pec"),
        pytest.param(LGM50, 5, 5, "other", 4.8137, 17.6253, 96.274, id="lgm50"),
    ],
)
async def test_the_reference_discharge_gives_capacity_energy_and_health(
    shared: Path, name, rated, step, variant, capacity, energy, soh
):
    found = await evaluation(shared, f"cyclers/{name}", Decimal(rated))

    assert found.capacity is not None
    assert found.health is not None
    assert (found.capacity.step, found.capacity.variant.value) == (step, variant)
    assert near(found.capacity.capacity_ah, capacity)
    assert near(found.capacity.energy_wh, energy)
    assert near(found.health.soh_percent, soh)
    assert Decimal("0.8") < found.health.u_percent < Decimal("1.1")


@pytest.mark.parametrize("name", [name for name in CYCLERS if not name.startswith("arbin_csv")])
async def test_what_is_shown_as_capacity_is_what_the_protocol_judges(shared: Path, name):
    record = await record_of(shared, f"cyclers/{name}")

    shown = evaluate(record, rated_capacity_ah=Decimal(5)).capacity

    if shown is None:
        with pytest.raises(DischargeMissing):
            record.discharge(Decimal(5))
    else:
        judged = record.discharge(Decimal(5))
        assert (shown.step, shown.capacity_ah, shown.energy_wh) == (judged.step, judged.q_dis_ah[-1], judged.e_dis_wh)


async def test_every_full_discharge_of_a_rate_test_is_told_apart(shared: Path):
    segments = {one["step"]: one for one in known(shared)[f"cyclers/{MACCOR}"]["segments"]}

    found = await evaluation(shared, f"cyclers/{MACCOR}", Decimal(5))

    assert [one.step for one in found.discharges] == [7, 12, 17, 22]
    assert all(near(one.capacity_ah, segments[one.step]["ah"]) for one in found.discharges)
    assert all(near(one.energy_wh, segments[one.step]["wh"]) for one in found.discharges)


async def test_a_closed_cycle_gives_both_efficiencies(shared: Path):
    found = await evaluation(shared, f"cyclers/{PEC}", Decimal(44))

    assert near(found.capacity.coulombic_efficiency, 99.84)
    assert near(found.capacity.energy_efficiency, 97.67)


async def test_the_first_cycles_of_a_half_cell_have_the_known_charge(shared: Path):
    cycles = known(shared)[f"cyclers/{RES}"]["per_cycle"]
    record = await record_of(shared, f"cyclers/{RES}")
    out = [step for step in record.steps if step.rows > 100 and step.kind.discharges]

    for cycle, step in zip(("1", "2", "3"), out, strict=False):
        assert near(-step.counted_ah, cycles[cycle][1], within=0.001)


@pytest.mark.parametrize("name", ["neware_ndax/empty.ndax", SINTEF])
async def test_a_file_without_a_full_cycle_claims_no_capacity(shared: Path, name):
    found = await evaluation(shared, f"cyclers/{name}", Decimal(5))

    assert found.capacity is None
    assert found.health is None


async def test_incremental_capacity_has_its_five_peaks_and_only_they(shared: Path):
    found = await evaluation(shared, f"cyclers/{LGM50}", Decimal(5))

    discharge = next(one for one in found.peaks if not one.charges)
    peaks = [peak.voltage_mv / 1000 for peak in discharge.peaks]
    assert peaks == pytest.approx([3.45, 3.60, 3.79, 3.89, 4.06], abs=0.015)


async def test_a_fast_discharge_has_no_incremental_capacity(shared: Path):
    found = await evaluation(shared, f"cyclers/{NDAX}", Decimal(5))

    assert found.peaks == ()


@pytest.mark.parametrize("name", STEP_LAYERS)
async def test_a_retired_cells_pulses_give_its_resistance_at_every_level(shared: Path, name):
    reference = known(shared)[f"retired_cells/steps/{name}"]
    rated = STEP_LAYERS[name]

    found = await evaluation(shared, f"retired_cells/steps/{name}", rated)

    assert near(found.capacity.capacity_ah, reference["capacity_Ah"])
    assert near(found.capacity.energy_wh, reference["discharge_Wh"])
    assert near(found.health.soh_percent, reference["soh"] * 100)
    at_1c = [one for one in found.pulses if one.discharges and abs(one.rate_c(rated) - 1) < Decimal("0.02")]
    assert {one.method for one in at_1c} == {PulseMethod.PB5}
    for pulse, (level, first, mohm) in zip(at_1c, reference["dcir_mohm_soc_first_5s"], strict=True):
        assert abs(pulse.rated_percent - level) < 3
        assert near(pulse.resistance_mohm, mohm, within=0.01)
        assert near(pulse.first_sample_mohm, first, within=0.01)


async def test_a_modules_cells_are_part_of_its_evaluation(shared: Path):
    aux = known(shared)[f"cyclers/{MODULE}"]["aux"]

    cells = (await evaluation(shared, f"cyclers/{MODULE}")).cells

    assert near(cells.spread_mv_lowest, aux["spread_mv_min"])
    assert near(cells.spread_mv_median, aux["spread_mv_median"])
    assert near(cells.spread_mv_highest, aux["spread_mv_max"])
    assert (cells.weakest, cells.strongest) == (7, 1)


@pytest.mark.parametrize("name", ["exampleData.csv", "exampleDataBioLogic.mpt", "exampleDataGamry.DTA"])
async def test_a_spectrum_is_evaluated_by_its_intercept(shared: Path, name):
    reference = known(shared)[f"eis/{name}"]["r0_ohm"]

    found = await evaluation(shared, f"eis/{name}")

    assert found.impedance is not None
    intercept = found.impedance.ohmic_intercept_ohm
    assert intercept is None if reference is None else near(intercept, reference, within=0.0001)
    assert found.impedance.acr_1khz_ohm is not None


async def test_the_summary_shows_the_evaluation_and_keeps_every_other_key(shared: Path):
    record = await record_of(shared, f"retired_cells/steps/{next(iter(STEP_LAYERS))}")

    shown = json.loads(inspecting.as_json(inspecting.inspected(record, Decimal(10))))

    assert {"format", "rows", "sha256", "voltage_v", "current_a", "hours", "cycles", "steps", "soh"} <= shown.keys()
    assert shown["evaluation"]["soh"]["soh_percent"] == pytest.approx(60.513, abs=0.001)
    assert shown["evaluation"]["soh"]["k"] == 2
    assert {one["method"] for one in shown["evaluation"]["dcir"]} == {"PB5"}


async def test_a_file_that_supports_nothing_has_no_evaluation(shared: Path):
    record = await record_of(shared, "cyclers/neware_ndax/empty.ndax")

    assert "evaluation" not in json.loads(inspecting.as_json(inspecting.inspected(record, None)))
