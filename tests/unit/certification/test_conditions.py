from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.certification.conditions import (
    Answer,
    AnyOf,
    BelowSiteProtection,
    BurntOrExploded,
    Combined,
    Constant,
    DoesNotAct,
    Element,
    Exceeds,
    FallsShort,
    HoldsAnyOf,
    HoldsClass,
    IsFalse,
    IsTrue,
    IsWord,
    Known,
    LifetimeUntraceable,
    Magnitude,
    Measured,
    Operator,
    Reduced,
    Reduction,
    StandsOut,
    Today,
    answer,
    number,
)
from domain.certification.model import Scope

TODAY = date(2026, 11, 21)


def known(*, series=(), scope=Scope.PACK, lots=None, site=None, **values):
    return Known(values=values, today=TODAY, scope=scope, series=frozenset(series), lots=lots or {}, site_ip_code=site)


def five() -> Constant:
    return Constant(Decimal(5))


def test_a_value_at_its_limit_does_not_exceed_it():
    assert answer(Exceeds(Measured("swelling"), five()), known(swelling=Decimal(5))) == Answer(fails=False)
    assert answer(Exceeds(Measured("swelling"), five()), known(swelling=Decimal("5.000001"))) == Answer(fails=True)


def test_a_missing_quantity_is_named_and_nothing_is_decided():
    assert answer(Exceeds(Measured("swelling"), five()), known()) == Answer(fails=None, missing=("swelling",))


def test_of_a_row_of_numbers_the_worst_decides():
    assert answer(FallsShort(Measured("r"), five()), known(r=(Decimal(7), Decimal(4)))).fails


def test_one_failing_part_decides_although_another_is_missing():
    either = AnyOf((Exceeds(Measured("swelling"), five()), IsFalse("connector_ok")))

    assert answer(either, known(connector_ok=False)) == Answer(fails=True)
    assert answer(either, known(connector_ok=True)) == Answer(fails=None, missing=("swelling",))
    assert answer(either, known(connector_ok=True, swelling=Decimal(1))) == Answer(fails=False)


def test_a_quantity_recorded_by_cycle_counts_by_its_last():
    cycles = known(series=["q_dis"], q_dis=(Decimal("4.6"), Decimal("4.7")))

    assert number(Measured("q_dis"), cycles) == Decimal("4.7")
    assert number(Element("q_dis", -2), cycles) == Decimal("4.6")
    assert number(Element("q_dis", -3), cycles) is None


def test_a_divisor_of_zero_was_not_measured():
    ratio = Combined(Constant(Decimal(1)), Operator.OVER, Measured("working_voltage"))

    assert answer(Exceeds(ratio, five()), known(working_voltage=Decimal(0))) == Answer(
        fails=None, missing=("working_voltage",)
    )


def test_a_day_before_today_has_passed_and_today_has_not():
    expired = FallsShort(Measured("expiry"), Today())

    assert answer(expired, known(expiry="2026-11-20")).fails
    assert answer(expired, known(expiry="2026-11-21")).fails is False
    assert answer(expired, known(expiry="soon")).missing == ("expiry",)


@pytest.mark.parametrize(
    ("condition", "values", "fails"),
    [
        (IsTrue("leak"), {"leak": True}, True),
        (IsTrue("leak"), {"leak": False}, False),
        (IsTrue("leak"), {"leak": "yes"}, None),
        (IsWord("corrosion", "heavy"), {"corrosion": "light"}, False),
        (HoldsAnyOf("flags", frozenset({"fire"})), {"flags": ("crash", "fire")}, True),
        (HoldsAnyOf("flags", frozenset({"fire"})), {"flags": ()}, False),
        (HoldsAnyOf("flags", frozenset({"fire"})), {"flags": "fire"}, None),
        (HoldsClass("dtc", frozenset({"isolation"})), {"dtc": ("isolation-12",)}, True),
        (HoldsClass("dtc", frozenset({"isolation"})), {"dtc": ("fan-3",)}, False),
        (DoesNotAct(("a", "b"), "ok"), {"a": Decimal(4), "b": Decimal(2), "ok": True}, False),
        (DoesNotAct(("a", "b"), "ok"), {"a": "did_not_act", "b": Decimal(2), "ok": True}, True),
        (DoesNotAct(("a", "b"), "ok"), {"a": Decimal(4), "b": Decimal(2), "ok": False}, True),
        (DoesNotAct(("a", "b"), "ok"), {"a": Decimal(4), "ok": True}, None),
        (BurntOrExploded(("drop",)), {"drop": "fire"}, True),
        (BurntOrExploded(("drop",)), {"drop": "none"}, False),
        (BurntOrExploded(("drop",)), {}, None),
    ],
)
def test_words_and_yes_or_no_are_judged_as_they_stand(condition, values, fails):
    assert answer(condition, known(**values)).fails is fails


def test_only_a_single_cell_needs_its_lifetime_traced():
    untraced = LifetimeUntraceable(("serial", "maker"))

    assert answer(untraced, known(scope=Scope.PACK)).fails is False
    assert answer(untraced, known(scope=Scope.CELL, serial="S", maker="unknown")).fails
    assert answer(untraced, known(scope=Scope.CELL, serial="S", maker="LG")).fails is False


def test_a_value_far_from_its_lot_stands_out():
    lot = {"r_dis": tuple(Decimal(one) for one in ("30", "31", "32", "33", "34"))}
    stands_out = StandsOut("r_dis", Decimal("3.5"))

    assert answer(stands_out, known(lots=lot, r_dis=Decimal(40))).fails
    assert answer(stands_out, known(lots=lot, r_dis=Decimal(36))).fails is False
    assert answer(stands_out, known(r_dis=Decimal(40))).inapplicable == "no-lot"
    assert answer(stands_out, known(lots={"r_dis": (Decimal(1),) * 5}, r_dis=Decimal(40))).missing == ("MAD(r_dis)",)


@pytest.mark.parametrize(
    ("code", "site", "fails"), [("IP54", "IP55", True), ("IP55", "IP55", False), ("IP67", "IP55", False)]
)
def test_protection_is_compared_digit_by_digit(code, site, fails):
    assert answer(BelowSiteProtection("ip_code"), known(ip_code=code, site=site)).fails is fails


def test_protection_without_a_site_or_a_code_is_not_decided():
    assert answer(BelowSiteProtection("ip_code"), known(ip_code="IP54")).inapplicable == "no-site"
    assert answer(BelowSiteProtection("ip_code"), known(ip_code="IPX4", site="IP55")).missing == ("ip_code",)


@given(st.lists(st.decimals(-1000, 1000, places=3), min_size=1, max_size=20))
def test_a_spread_is_never_negative_and_does_not_depend_on_order(values):
    row = (Measured("v"),)
    spread = Combined(Reduced(Reduction.GREATEST, row), Operator.MINUS, Reduced(Reduction.LEAST, row))

    found = number(spread, known(v=tuple(values)))

    assert found >= 0
    assert found == number(spread, known(v=tuple(reversed(values))))


@given(st.decimals(-1000, 1000, places=3), st.decimals(-1000, 1000, places=3))
def test_a_distance_is_the_same_from_both_ends(left, right):
    one = Magnitude(Combined(Measured("a"), Operator.MINUS, Measured("b")))
    other = Magnitude(Combined(Measured("b"), Operator.MINUS, Measured("a")))

    assert number(one, known(a=left, b=right)) == number(other, known(a=left, b=right))
