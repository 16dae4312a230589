from dataclasses import replace
from decimal import Decimal

import pytest

from domain.certification.errors import DischargeMissing, ItemFactsWrong
from domain.certification.model import Sampled, StepKind, Variant
from tests.fakes.certification import cycler_record, cycler_step, item_facts

RATED = Decimal(5)


def full_charge(step: int):
    return cycler_step(step, StepKind.CCCV_CHARGE, first="2.6", last="4.2", amps="2.5", ah="4.76", wh="18.3")


def discharge(step: int, *, amps: str, ah: str, last: str = "2.5", kind=StepKind.CC_DISCHARGE):
    return cycler_step(step, kind, first="4.1", last=last, amps=amps, ah=ah, wh="-17")


def test_the_last_full_discharge_at_half_the_rated_current_counts():
    record = cycler_record(
        full_charge(1),
        discharge(2, amps="-2.5", ah="-4.70"),
        full_charge(3),
        discharge(4, amps="-2.45", ah="-4.71"),
        full_charge(5),
        discharge(6, amps="-5", ah="-4.72"),
    )

    found = record.discharge(RATED)

    assert (found.step, found.variant) == (4, Variant.C2)
    assert found.q_dis_ah == (Decimal("4.70"), Decimal("4.71"))
    assert found.e_dis_wh == Decimal(17)
    assert (found.q_chg_ah, found.e_chg_wh) == (Decimal("4.76"), Decimal("18.3"))


def test_without_one_the_last_full_discharge_at_any_rate_counts():
    record = cycler_record(full_charge(1), discharge(2, amps="-5", ah="-4.72"))

    assert record.discharge(RATED).variant is Variant.C1


def test_variants_are_never_listed_together():
    record = cycler_record(
        full_charge(1), discharge(2, amps="-5", ah="-4.6"), full_charge(3), discharge(4, amps="-2.5", ah="-4.7")
    )

    assert record.discharge(RATED).q_dis_ah == (Decimal("4.7"),)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((discharge(1, amps="-2.5", ah="-1.3"),), id="no charge before it"),
        pytest.param((full_charge(1), discharge(2, amps="-2.5", ah="-2", last="3.4")), id="stopped early"),
        pytest.param((full_charge(1), discharge(2, amps="-2.5", ah="-4", kind=StepKind.DISCHARGE)), id="not constant"),
        pytest.param(
            (full_charge(1), discharge(2, amps="-1", ah="-1", last="3.9"), discharge(3, amps="-2.5", ah="-3")),
            id="in two parts",
        ),
    ],
)
def test_a_discharge_that_is_not_full_says_nothing(steps):
    with pytest.raises(DischargeMissing):
        cycler_record(*steps).discharge(RATED)


@pytest.mark.parametrize(
    ("amps", "variant"),
    [
        ("1.6667", Variant.C3),
        ("2.5", Variant.C2),
        ("2.25", Variant.C2),
        ("2.24", Variant.OTHER),
        ("-5.5", Variant.C1),
        ("0.5", Variant.OTHER),
    ],
)
def test_a_rate_is_named_within_ten_percent(amps, variant):
    assert Variant.of(current_a=Decimal(amps), rated_capacity_ah=RATED) is variant


def test_what_was_sampled_is_rated_by_itself():
    cell, pack = item_facts(), item_facts(sampled=Sampled.PACK)

    assert (cell.sample_capacity_ah, cell.sample_energy_kwh) == (Decimal(5), Decimal("0.01815"))
    assert (pack.sample_capacity_ah, pack.sample_energy_kwh) == (Decimal(500), Decimal("21.78"))


def test_a_count_or_rating_of_zero_is_refused():
    with pytest.raises(ItemFactsWrong) as caught:
        item_facts(cell_count=0)

    assert caught.value.facts == {"fact": "cell_count"}


def test_where_the_counter_and_the_integral_disagree_the_counter_counts():
    sound = replace(discharge(1, amps="-5", ah="-4.70"), counter_ah=Decimal("-4.71"), counter_wh=Decimal(-18))
    pulse = replace(discharge(2, amps="-5", ah="-0.007"), counter_ah=Decimal("-0.014"), counter_wh=Decimal("-0.05"))
    uncounted = replace(sound, counter_ah=None, counter_wh=None)

    assert [one.counter_disagrees for one in (sound, pulse, uncounted)] == [False, True, False]
    assert [one.counted_ah for one in (sound, pulse, uncounted)] == [
        *(Decimal("-4.70"), Decimal("-0.014"), Decimal("-4.70"))
    ]
    assert [one.counted_wh for one in (sound, pulse, uncounted)] == [Decimal(-17), Decimal("-0.05"), Decimal(-17)]


def test_a_full_discharge_is_read_from_the_counter_where_it_counts():
    counted = replace(discharge(2, amps="-5", ah="-4.72"), counter_ah=Decimal("-4.60"), counter_wh=Decimal("-16.5"))

    found = cycler_record(full_charge(1), counted).discharge(RATED)

    assert (found.q_dis_ah, found.e_dis_wh) == ((Decimal("4.60"),), Decimal("16.5"))
