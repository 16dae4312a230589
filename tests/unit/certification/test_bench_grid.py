"""A table pasted from a spreadsheet fills the bench grid whole, or is refused by row and column."""

import pytest

from adapters.ktr.protocol_file import load_protocol
from domain.certification.bench_grid import GridRow, every_row, fill, lacking, typed
from domain.certification.errors import (
    BenchCellUnclear,
    BenchNameUnclear,
    BenchNameUnknown,
    BenchTableEmpty,
    BenchTableTooLarge,
    BenchUnitDiffers,
    BenchValueBeside,
)
from domain.certification.model import Scope

PROTOCOL = load_protocol()
GRID = lacking(PROTOCOL, frozenset(), Scope.PACK)
ROWS = {row.name: row for row in every_row(PROTOCOL)}


def filled(text: str, *, grid: tuple[GridRow, ...] = GRID, scope: Scope = Scope.PACK) -> dict[str, str]:
    return dict(fill(text, grid=grid, protocol=PROTOCOL, scope=scope))


@pytest.mark.parametrize(
    "heading",
    [
        "절연저항 (+)", "절연저항(+)", "절연저항 (+) (MΩ)", "절연저항 (+) [MOhm]", "insulation, positive [MΩ]",
        "Insulation, Positive", "r_iso_pos", "R_ISO_POS (MOhm)", "T03.r_iso_pos", "T03 절연저항 (+)",
        "절연저항 (+) r_iso_pos", "절연저항 （＋） （MΩ）",
    ],
)  # fmt: skip
def test_a_quantity_is_known_by_its_names_and_by_its_key_with_its_unit_or_without(heading):
    assert filled(f"{heading}\tleak\n12.4\t아니오") == {"T03.r_iso_pos": "12.4", "T02.leak": "no"}


def test_a_row_of_names_over_a_row_of_values_fills_the_grid():
    table = (
        "누액\t부식\t눌림 깊이 (mm)\t팽창 (%)\t팩 개방전압 [V]\t셀 개방전압 (V)\t절연저항 (−) (MΩ)\n"
        "없음\t경미\t0\t1.2 %\t1,349.63\t3.639, 3.644\t11.8 MΩ\n"
    )

    assert filled(table) == {
        "T02.leak": "no",
        "T02.corrosion": "light",
        "T02.dent_depth": "0",
        "T02.swelling": "1.2",
        "T04.ocv_pack": "1349.63",
        "T04.ocv_cells": "3.639, 3.644",
        "T03.r_iso_neg": "11.8",
    }


def test_what_takes_several_values_takes_them_from_its_column():
    table = "serial,ocv_cells (V),cell_temp (degC)\nSN-1,3.639,24.8\n,3.644,25.1\n,3.642,\n"

    assert filled(table) == {
        "T01.serial": "SN-1",
        "T04.ocv_cells": "3.639, 3.644, 3.642",
        "T04.cell_temp": "24.8, 25.1",
    }


def test_names_may_stand_in_the_first_column_as_they_do_on_the_page():
    table = (
        "항목\t값\t단위\n"
        "절연저항 (+) r_iso_pos\t12.4\tMΩ\n"
        "누액 leak\t예\t–\n"
        "팽창 swelling\t\t%\n"
        "시험 온도\t℃\t25.2\n"
        "셀 개방전압\t3.639\t3.644\tV\n"
        "\n"
        "사고·이력\t충돌; 미조치 리콜\n"
    )

    assert filled(table) == {
        "T03.r_iso_pos": "12.4",
        "T02.leak": "yes",
        "T07.temp": "25.2",
        "T04.ocv_cells": "3.639, 3.644",
        "T01.event_flags": "crash, recall_open",
    }


def test_one_row_and_one_column_without_names_stand_in_the_grids_order():
    grid = tuple(ROWS[name] for name in ("T02.leak", "T02.corrosion", "T02.dent_depth", "T02.swelling"))
    expected = {"T02.corrosion": "none", "T02.dent_depth": "0.5", "T02.swelling": "1.2"}

    assert filled("\t없음\t0.5\t1.2", grid=grid) == expected
    assert filled("\n없음\n0.5\n1.2\n", grid=grid) == expected
    assert filled("값\n\nnone\n0.5\n1.2\n", grid=grid) == expected


def test_a_quantity_that_the_grid_does_not_ask_for_is_taken_by_its_name():
    assert "T05.soh_bms" not in {row.name for row in GRID}

    assert filled("soh_bms (%)\tdtc\n91.5\tP0A80\n") == {"T05.soh_bms": "91.5", "T05.dtc": "P0A80"}


def test_days_words_and_functions_that_did_not_act_are_spelled_as_the_protocol_does():
    table = "제조일\t이전 용도\t사고·이력\t과충전 전압 차단\n2020. 1. 5.\t전기차(BEV)\t없음\t동작하지 않음"

    assert filled(table) == {
        "T01.manufactured_on": "2020-01-05",
        "T01.prior_use": "BEV",
        "T01.event_flags": "-",
        "T10.overcharge_voltage_cutoff": "did_not_act",
    }


@pytest.mark.parametrize(
    ("table", "error", "row", "column", "said"),
    [
        pytest.param("누액\t무게\n아니오\t3", BenchNameUnknown, 1, 2, "무게", id="unknown name"),
        pytest.param("누액\t아니오\n무게\t3", BenchNameUnknown, 2, 1, "무게", id="unknown name down the column"),
        pytest.param("가\t나\n1\t2", BenchNameUnknown, 1, 1, "가", id="no name at all"),
        pytest.param("leak\t누액\n예\t아니오", BenchNameUnclear, 1, 2, "T02", id="one quantity twice"),
        pytest.param("절연저항 (+) (kΩ)\t누액\n12\t예", BenchUnitDiffers, 1, 1, "MΩ", id="unit of a heading"),
        pytest.param("절연저항 (+)\n12 kΩ", BenchUnitDiffers, 2, 1, "kΩ", id="unit of a cell"),
        pytest.param("절연저항 (+)\t12\tV", BenchUnitDiffers, 1, 3, "MΩ", id="unit of a row"),
        pytest.param("절연저항 (+)\t12\tkΩ", BenchUnitDiffers, 1, 3, "MΩ", id="a unit that no protocol writes"),
        pytest.param("누액 (%)\n예", BenchUnitDiffers, 1, 1, "%", id="unit where there is none"),
        pytest.param("누액\t팽창\n예\t많음", BenchCellUnclear, 2, 2, "숫자", id="no number"),
        pytest.param("부식\t누액\n약간\t예", BenchCellUnclear, 2, 1, "없음, 경미, 심함", id="no listed word"),
        pytest.param("누액\t팽창\n아마\t1", BenchCellUnclear, 2, 1, "예 또는 아니오", id="neither yes nor no"),
        pytest.param("제조일\n05.01.2020", BenchCellUnclear, 2, 1, "날짜", id="no day"),
        pytest.param("셀 개방전압\t누액\n3,639\t예", BenchCellUnclear, 2, 1, "3,639", id="a thousand, or two"),
        pytest.param("사고·이력\n지진", BenchCellUnclear, 2, 1, "충돌", id="no listed event"),
        pytest.param("팽창\t누액\n1\t예\n2\t", BenchValueBeside, 3, 1, "2", id="a second value"),
        pytest.param("팽창\t누액\n1\t예\t7", BenchValueBeside, 2, 3, "7", id="under no name"),
        pytest.param("팽창\t1\n\t2", BenchValueBeside, 2, 2, "2", id="beside no name"),
    ],
)
def test_what_is_not_understood_is_named_by_row_and_column(table, error, row, column, said):
    with pytest.raises(error) as caught:
        filled(table)

    assert (caught.value.facts["row"], caught.value.facts["column"]) == (row, column)
    assert said in caught.value.sentence("ko")
    assert f"{row}행 {column}열" in caught.value.sentence("ko")
    assert f"Row {row}, column {column}" in caught.value.sentence("en")


@pytest.mark.parametrize("table", ["", "\n \t \n", "누액\t부식", "누액\t부식\n\t\n", "항목\t값\n"])
def test_a_table_without_a_value_is_refused(table):
    with pytest.raises(BenchTableEmpty):
        filled(table)


@pytest.mark.parametrize("table", ["1\t" * 501, "1\n" * 5001, "1" * 100_001])
def test_a_table_larger_than_a_bench_is_refused(table):
    with pytest.raises(BenchTableTooLarge):
        filled(table)


def test_a_row_without_names_that_is_longer_than_the_grid_is_refused():
    with pytest.raises(BenchValueBeside) as caught:
        filled("예\t없음", grid=(ROWS["T02.leak"],))

    assert caught.value.facts["column"] == 2


def test_a_test_of_another_scope_has_no_quantities_for_this_unit():
    with pytest.raises(BenchNameUnknown):
        filled("과충전 전압 차단\n4.25", scope=Scope.CELL)


def test_what_fills_a_field_is_what_the_door_takes_from_it():
    values = filled("셀 개방전압 (V)\t누액\t사고·이력\n3.6; 3.7\t예\t-")

    assert {name: typed(ROWS[name].quantity, text) for name, text in values.items()} == {
        "T04.ocv_cells": ("3.6", "3.7"),
        "T02.leak": True,
        "T01.event_flags": (),
    }
