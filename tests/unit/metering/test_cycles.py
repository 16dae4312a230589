"""How far a storage was cycled."""

import csv
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.metering.cycles import Cycle, count_milli, rainflow, reversals


def test_plateaus_and_slopes_have_no_turning_point():
    assert reversals([3, 3, 5, 7, 7, 2, 2, 4]) == [3, 7, 2, 4]


def test_the_standards_example_is_counted_as_it_says():
    found = rainflow([-2, 1, -3, 5, -1, 3, -4, 4, -2])

    assert sorted((one.depth, one.halves) for one in found) == [(3, 1), (4, 1), (4, 2), (6, 1), (8, 1), (8, 1), (9, 1)]


def test_one_value_is_no_cycle():
    assert rainflow([5]) == ()
    assert rainflow([]) == ()


@given(st.lists(st.integers(0, 10_000), max_size=200))
def test_the_whole_way_is_in_the_cycles(socs):
    way = sum(abs(after - before) for before, after in pairwise(socs))

    assert sum(one.depth * one.halves for one in rainflow(socs)) == way


def test_a_cycle_at_the_limit_is_not_deeper():
    assert count_milli([Cycle(depth=5, halves=2), Cycle(depth=6, halves=1)], depth_min=5) == 500


@pytest.mark.shared
def test_a_real_storage_year_has_the_published_cycles(shared):
    with (shared / "data/energy/storage_soc/Commercial PV-BESS (NREL).csv").open(encoding="utf-8") as file:
        ppm = [round(float(row["SOC"]) * 1_000_000) for row in csv.DictReader(file)]

    found = rainflow(ppm)

    way = sum(abs(after - before) for before, after in pairwise(ppm))
    assert sum(one.depth * one.halves for one in found) == way
    assert way * 1_000 // 2_000_000 == 213_381
    assert count_milli(found) == 304_000
    assert count_milli(found, depth_min=500_000) == 262_500
