"""The verbs of the test bench, as somebody types them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.samples import make_cycler
from tests.contract.test_real_files import NDAX, STEP_LAYERS
from tests.contract.test_retired_cells import HEADER, line, table

SAMPLE = Path(make_cycler.__file__).parent / "cycler" / "sunhwan_m50t_sample.bdf.csv"
HEAVY = ("litestar", "sqlalchemy", "sqlmodel", "typst", "stripe", "apscheduler", "uvicorn", "qrcode", "numpy", "polars")


def sunhwan(*words: str | Path) -> tuple[int, str]:
    answer = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    return answer.exit_code, answer.output


def document(*words: str | Path) -> tuple[int, dict]:
    code, said = sunhwan(*words, "--json")
    return code, json.loads(said)


def cells_table(tmp_path: Path, count: int = 14) -> Path:
    """A table of cells whose health falls with their resistance."""
    rows = [
        line(unit=f"A{at}", soh=f"{0.95 - 0.01 * at:.3f}", u11=f"{4.10 + 0.004 * at + 0.001 * (at % 3):.4f}").replace(
            ",4.05,", f",{4.050 + 0.0003 * (at * 5 % 7):.4f},"
        )
        for at in range(count)
    ]
    # The rest voltage must differ as well, or it says nothing.
    rows = [row.replace(",4.0,", f",{4.0 + 0.001 * (at * 3 % 11):.3f},", 1) for at, row in enumerate(rows)]
    path = tmp_path / "cells.csv"
    path.write_bytes(table(*rows))
    return path


def test_a_test_file_is_summarised_and_evaluated():
    code, found = document("cycler", "inspect", SAMPLE, "--rated-ah", "5")

    assert code == 0
    assert found["evaluation"]["capacity"]["variant"] == "C2"
    assert found["evaluation"]["soh"]["soh_percent"] == pytest.approx(found["soh"] * 100, abs=0.001)
    assert [one["name"] for one in found["evaluation"]["soh"]["sources"]] == [
        "current",
        "time",
        "temperature",
        "repeatability",
    ]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_test_file_is_exported_and_the_export_evaluated_alike(tmp_path, ending):
    table = tmp_path / f"out.bdf.{ending}"
    code, _ = sunhwan("cycler", "export", SAMPLE, "--to", table)
    assert code == 0

    before, after = [document("cycler", "inspect", one, "--rated-ah", "5")[1] for one in (SAMPLE, table)]

    assert after["evaluation"] == before["evaluation"]
    assert after["rows"] == before["rows"]


def test_an_export_names_a_form_that_there_is(tmp_path):
    code, said = sunhwan("cycler", "export", SAMPLE, "--to", tmp_path / "out.xlsx")

    assert code == 2
    assert ".parquet" in said
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_an_end_is_refused_before_it_fills_the_memory():
    code, found = document("cycler", "inspect", Path("/dev/zero"))

    assert (code, found["error"]["code"]) == (3, "shared.file-too-large")


def test_the_evaluation_is_told_in_both_languages():
    assert "건강도" in sunhwan("cycler", "inspect", SAMPLE, "--rated-ah", "5")[1]
    assert "Health" in sunhwan("cycler", "inspect", SAMPLE, "--rated-ah", "5", "--lang", "en")[1]


def test_no_figure_of_a_step_is_cut_to_the_width_of_a_terminal():
    told = sunhwan("cycler", "inspect", SAMPLE)[1]

    assert "…" not in told
    assert "cc_discharge" in told


def test_two_files_of_one_pack_are_compared():
    code, found = document("cycler", "compare", SAMPLE, SAMPLE, "--rated-ah", "5")

    assert code == 0
    assert (found["capacity_range_percent"], found["capacity_cv_percent"]) == (0.0, 0.0)
    assert found["weakest_cell_soh_percent"] == pytest.approx(94, abs=1)
    assert found["r_cv_percent"] is None


def test_a_screen_is_fitted_written_and_applied(tmp_path: Path):
    model = tmp_path / "screen.json"
    cells = cells_table(tmp_path)

    code, fitted = document("screen", "fit", cells, "--out", model)
    applied, guessed = document("screen", "apply", model, cells)

    assert (code, applied) == (0, 0)
    assert (fitted["cells"], fitted["chemistry"], fitted["replaces_capacity_test"]) == (14, "LMO", False)
    assert json.loads(model.read_text())["method"] == "PB5-1C-50"
    assert len(guessed["screened"]) == 14
    assert guessed["replaces_capacity_test"] is False
    assert "T06" in guessed["note"]
    assert all(one["low_percent"] <= one["soh_percent"] <= one["high_percent"] for one in guessed["screened"])


def test_a_cell_outside_the_screens_validity_is_named_and_does_not_silence_the_others(tmp_path: Path):
    model, odd = tmp_path / "screen.json", tmp_path / "odd.csv"
    cells = cells_table(tmp_path)
    rows = cells.read_text().splitlines()
    odd.write_text("\n".join([HEADER, rows[3], line(unit="Z9", u11="4.9"), ""]))
    sunhwan("screen", "fit", cells, "--out", model)

    code, guessed = document("screen", "apply", model, odd)

    sound, refused = guessed["screened"]
    assert code == 0
    assert sound["refused"] is None
    assert refused["soh_percent"] is None
    assert refused["refused"]["code"] == "certification.screen-out-of-range"


def test_a_test_file_without_the_pulse_is_refused_with_a_sentence(tmp_path: Path):
    model = tmp_path / "screen.json"
    sunhwan("screen", "fit", cells_table(tmp_path), "--out", model)

    code, said = document("screen", "apply", model, SAMPLE)

    assert code == 3
    assert said["error"]["code"] == "certification.screen-pulse-missing"


def test_a_test_file_of_another_type_of_cell_is_refused_by_what_its_name_tells(tmp_path: Path):
    model, named = tmp_path / "screen.json", tmp_path / "NMC_21Ah_7.bdf.csv"
    named.write_bytes(Path(SAMPLE).read_bytes())
    sunhwan("screen", "fit", cells_table(tmp_path), "--out", model)

    code, said = document("screen", "apply", model, named)

    assert code == 3
    assert said["error"]["code"] == "certification.screen-cell-differs"
    assert "NMC 21 Ah" in json.dumps(said, ensure_ascii=False)


def test_what_is_no_table_and_no_model_is_refused(tmp_path: Path):
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b\n1,2\n")

    assert document("screen", "fit", broken)[1]["error"]["code"] == "certification.screen-malformed"
    assert document("screen", "apply", broken, SAMPLE)[1]["error"]["code"] == "certification.screen-malformed"
    assert document("screen", "fit", tmp_path / "absent.csv")[0] == 1


def test_a_pack_is_forecast_from_its_checks():
    code, found = document("forecast", "checks", "LMO", "--check", "2025-01-01:94", "--check", "2026-01-01:91:1:20")

    assert code == 0
    assert (found["checks"], found["billed"], len(found["years"])) == (2, False, 5)
    assert "요금" in found["note"]
    assert all(one["low_percent"] < one["soh_percent"] < one["high_percent"] for one in found["years"])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(("LTO", "--check", "2025-01-01:94"), "certification.forecast-impossible", id="no law"),
        pytest.param(
            ("LFP", "--check", "2025-01-01:94", "--celsius", "5"), "certification.forecast-out-of-range", id="cold"
        ),
    ],
)
def test_a_forecast_that_no_law_supports_is_refused(words, code):
    exit_code, said = document("forecast", "checks", *words)

    assert exit_code == 3
    assert said["error"]["code"] == code


@pytest.mark.parametrize("check", ["yesterday:94", "2025-01-01", "2025-01-01:much", "2025-01-01:94:1:2:3"])
def test_a_check_that_is_none_is_a_usage_error(check):
    assert sunhwan("forecast", "checks", "LFP", "--check", check)[0] == 2


def test_the_program_starts_without_the_libraries_that_reading_a_file_does_not_need():
    done = subprocess.run(
        [sys.executable, "-c", f"import app.cli, sys; print([one for one in {HEAVY!r} if one in sys.modules])"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.shared
def test_a_real_cells_file_is_screened_by_a_model_of_real_cells(shared: Path, tmp_path: Path):
    model = tmp_path / "screen.json"
    cells = shared / "data/retired_cells"
    sunhwan("screen", "fit", cells / "LMO_10Ah_pulse5s_odd.csv", "--out", model)
    file = next(name for name in STEP_LAYERS if name.startswith("LMO"))

    code, found = document("screen", "apply", model, cells / "steps" / file)

    (one,) = found["screened"]
    assert code == 0
    assert one["low_percent"] <= 60.513 <= one["high_percent"]


@pytest.mark.shared
@pytest.mark.parametrize("unnamed", [False, True])
def test_a_real_cells_file_is_refused_by_a_model_of_another_type(shared: Path, tmp_path: Path, unnamed: bool):
    model, cells = tmp_path / "screen.json", shared / "data/retired_cells"
    sunhwan("screen", "fit", cells / "LMO_10Ah_pulse5s_odd.csv", "--out", model)
    file = cells / "steps" / next(name for name in STEP_LAYERS if name.startswith("NMC"))
    if unnamed:
        file = Path(shutil.copy(file, tmp_path / "a.xlsx"))

    code, said = document("screen", "apply", model, file)

    assert (code, said["error"]["code"]) == (3, "certification.screen-cell-differs")


@pytest.mark.shared
def test_the_large_file_keeps_its_figures_in_the_evaluation(shared: Path):
    code, found = document("cycler", "inspect", shared / "data/cyclers" / NDAX, "--rated-ah", "5")

    assert code == 0
    assert found["rows"] == 77_745
    assert found["evaluation"]["capacity"]["capacity_ah"] == pytest.approx(4.7175, rel=0.001)
    assert found["evaluation"]["soh"]["u_percent"] == pytest.approx(0.951, abs=0.01)
