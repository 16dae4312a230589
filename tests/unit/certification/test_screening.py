import json
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.certification.errors import (
    ScreenCellDiffers,
    ScreenMalformed,
    ScreenOutOfRange,
    ScreenPulseMissing,
    ScreenTableMixed,
    ScreenTableTooSmall,
)
from domain.certification.model import CellType, PulsedCell, PulseReading
from domain.certification.resistance import Pulse, PulseMethod
from domain.certification.screening import (
    apply_screen,
    fit_screen,
    reading_of,
    require_cell_type,
    screen_of,
    screen_text,
    solved,
)

LMO = CellType(chemistry="LMO", rated_capacity_mah=10_000)


def cells(count: int = 30, *, noise: float = 0.0, seed: int = 7) -> tuple[PulsedCell, ...]:
    """Cells whose health is 120 - 3·R5s - 2·R0 + 10·(U - 4), give or take the noise."""
    dice = random.Random(seed)
    made = []
    for number in range(count):
        reading = PulseReading(
            r5s_mohm=dice.uniform(8, 16), r0_mohm=dice.uniform(4, 6), rest_v=dice.uniform(3.95, 4.05)
        )
        health = 120 - 3 * reading.r5s_mohm - 2 * reading.r0_mohm + 10 * (reading.rest_v - 4)
        made.append(
            PulsedCell(unit=f"C{number}", cell_type=LMO, reading=reading, soh_percent=health + dice.gauss(0, noise))
        )
    return tuple(made)


def test_a_linear_table_is_fitted_and_found_again():
    model = fit_screen(cells())

    found = apply_screen(model, PulseReading(r5s_mohm=12, r0_mohm=5, rest_v=4.0), cell_type=LMO)

    assert found.soh_percent == Decimal("74.00")
    assert model.cells == 30
    assert model.error_max_points < 0.01


def test_the_interval_is_as_wide_as_unseen_cells_ask_for():
    model = fit_screen(cells(200, noise=1.0))
    unseen = cells(400, noise=1.0, seed=11)

    inside = 0
    for cell in unseen:
        try:
            found = apply_screen(model, cell.reading, cell_type=LMO)
        except ScreenOutOfRange:
            continue
        inside += float(found.low_percent) <= cell.soh_percent <= float(found.high_percent)

    assert 0.86 < inside / len(unseen) < 0.95
    assert 1.3 < model.half_width_points < 2.1


def test_a_screen_never_replaces_the_capacity_test():
    found = apply_screen(fit_screen(cells()), cells()[3].reading, cell_type=LMO)

    assert found.replaces_capacity_test is False
    assert json.loads(screen_text(fit_screen(cells())))["replaces_capacity_test"] is False


@pytest.mark.parametrize(
    ("change", "feature"),
    [({"r5s_mohm": 30.0}, "r5s_mohm"), ({"r0_mohm": 1.0}, "r0_mohm"), ({"rest_v": 3.5}, "rest_v")],
)
def test_outside_what_it_was_fitted_on_the_screen_is_silent(change, feature):
    reading = replace(PulseReading(r5s_mohm=12, r0_mohm=5, rest_v=4.0), **change)

    with pytest.raises(ScreenOutOfRange) as caught:
        apply_screen(fit_screen(cells()), reading, cell_type=LMO)

    assert caught.value.facts["feature"] == feature
    assert "용량 시험" in caught.value.sentence("ko")


def test_another_type_of_cell_is_refused():
    model = fit_screen(cells())

    with pytest.raises(ScreenCellDiffers) as caught:
        apply_screen(model, cells()[0].reading, cell_type=CellType(chemistry="NMC", rated_capacity_mah=2_450))
    assert "LMO 10 Ah 셀의 모델" in caught.value.sentence("ko")
    assert "NMC 2.45 Ah" in caught.value.sentence("en")
    with pytest.raises(ScreenTableMixed):
        fit_screen((*cells(20), replace(cells()[0], cell_type=replace(LMO, chemistry="NMC"))))


def ladder(*rates: str, rated_ah: int) -> tuple[Pulse, ...]:
    """Charge pulses of 5 s at these rates of a cell, as the method has them at one level."""
    return tuple(
        Pulse(
            step=at,
            method=PulseMethod.PB5,
            discharges=False,
            width_s=Decimal(5),
            current_a=Decimal(rate) * rated_ah,
            soc_percent=None,
            rated_percent=Decimal(50),
            rest_v=Decimal("3.9"),
            resistance_mohm=Decimal(10),
            first_sample_mohm=Decimal(5),
        )
        for at, rate in enumerate(rates)
    )


CLIMB = ("0.5", "0.999", "1.501", "2", "2.498")


@pytest.mark.parametrize(
    ("name", "pulses", "discharged_ah", "found", "told_by"),
    [
        pytest.param("NMC_C_21_B_6_SOC_5-90.xlsx", (), None, "NMC 21 Ah", "파일 이름", id="both in the name"),
        pytest.param("cell-lfp-7.csv", (), None, "LFP", "파일 이름", id="chemistry in the name"),
        pytest.param("LMO_21Ah_A1.xlsx", (), None, "LMO 21 Ah", "파일 이름", id="capacity in the name"),
        pytest.param(
            "a1.xlsx", ladder(*CLIMB, rated_ah=21), None, "21.0 Ah", "펄스 전류", id="pulses of a larger cell"
        ),
        pytest.param("a1.xlsx", ladder(*CLIMB, rated_ah=5), None, "5.0 Ah", "펄스 전류", id="pulses of a smaller cell"),
        pytest.param("a1.xlsx", (), Decimal("21.04"), "21.0 Ah", "방전량", id="more than it can hold"),
    ],
)
def test_a_file_that_tells_of_another_type_of_cell_is_refused(name, pulses, discharged_ah, found, told_by):
    with pytest.raises(ScreenCellDiffers) as caught:
        require_cell_type(fit_screen(cells()), name=name, pulses=pulses, discharged_ah=discharged_ah)

    assert (caught.value.facts["found"], caught.value.facts["told_by_ko"]) == (found, told_by)


@pytest.mark.parametrize(
    ("name", "pulses", "discharged_ah"),
    [
        pytest.param("a1.xlsx", (), None, id="tells nothing"),
        pytest.param("lmo_C_10_B_2_6.05Ah_NMCx.xlsx", ladder(*CLIMB, rated_ah=10), Decimal("6.05"), id="its own type"),
        pytest.param(
            "almond-10.0Ah.csv", ladder("0.3", "1", rated_ah=21), Decimal("10.9"), id="no climb of the method"
        ),
        pytest.param("5000mAh.csv", ladder(*CLIMB, "2.2", rated_ah=21), None, id="one pulse beside the climb"),
    ],
)
def test_a_file_that_tells_nothing_against_it_is_screened(name, pulses, discharged_ah):
    require_cell_type(fit_screen(cells()), name=name, pulses=pulses, discharged_ah=discharged_ah)


def test_too_few_cells_or_cells_all_alike_make_no_screen():
    alike = tuple(replace(one, reading=replace(one.reading, rest_v=4.0)) for one in cells())

    with pytest.raises(ScreenTableTooSmall):
        fit_screen(cells(11))
    with pytest.raises(ScreenTableTooSmall):
        fit_screen(alike)


def test_a_file_without_the_screens_pulse_says_so():
    with pytest.raises(ScreenPulseMissing):
        reading_of((), rated_capacity_ah=Decimal(10))


def test_a_model_survives_its_file_to_the_last_digit():
    model = fit_screen(cells(40, noise=0.7))

    assert screen_of(screen_text(model)) == model


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="a list"),
        pytest.param("{}", id="nothing in it"),
        pytest.param("[" * 10_000, id="nested"),
        pytest.param(screen_text(fit_screen(cells())).replace("sunhwan-screen-1", "sunhwan-screen-9"), id="version"),
        pytest.param(screen_text(fit_screen(cells())).replace("PB5-1C-50", "HPPC10"), id="method"),
        pytest.param(screen_text(fit_screen(cells())).replace('"cells": 30', '"cells": true'), id="count"),
        pytest.param(screen_text(fit_screen(cells())).replace('"ridge": 0.001', '"ridge": NaN'), id="no number"),
        pytest.param(screen_text(fit_screen(cells())).replace('"offset"', '"offset_"'), id="missing"),
        pytest.param(screen_text(fit_screen(cells())) + " " * 30_000, id="too long"),
    ],
)
def test_a_model_file_that_is_none_is_refused(text):
    with pytest.raises(ScreenMalformed):
        screen_of(text)


@given(st.text(max_size=300))
def test_no_text_makes_the_model_reader_stumble(text):
    with pytest.raises(ScreenMalformed):
        screen_of(text)


@given(
    st.lists(
        st.lists(st.integers(-50, 50), min_size=3, max_size=3).map(lambda row: [float(one) for one in row]),
        min_size=3,
        max_size=3,
    ),
    st.lists(st.integers(-50, 50).map(float), min_size=3, max_size=3),
)
def test_solving_and_putting_together_again_gives_the_right_side(matrix, right):
    a, b, c = matrix
    determinant = (
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    )
    if determinant == 0:
        return

    found = solved(matrix, right)

    for row, value in zip(matrix, right, strict=True):
        assert sum(one * part for one, part in zip(row, found, strict=True)) == pytest.approx(value, abs=1e-5)


def test_equations_without_a_single_solution_are_refused():
    with pytest.raises(ValueError):
        solved([[1.0, 1.0], [1.0, 1.0]], [1.0, 2.0])
