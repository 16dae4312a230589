import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ktr.protocol_file import load_protocol
from app.samples.make_cycler import BENCH_SHEET
from domain.certification.judging import Context, judge, spelled, worst
from domain.certification.model import Chemistry, DecisionRule, Disposition, MeasurementSource, Sampled, Scope, Verdict
from tests.fakes.certification import item_facts

OURS = load_protocol()
FROM_FILE = {"q_dis": ["4.7175"], "e_dis": "17.230", "q_chg": "4.7607", "e_chg": "18.307"}


def measurements(protocol=OURS, *, without=(), source=MeasurementSource.MANUAL, **changed):
    """The bench sheet and a C/2 discharge, with some values changed or left out."""
    found = [
        protocol.measurement(
            test_id=one["test_id"],
            quantity=one["quantity"],
            given=changed.pop(one["quantity"], one["value"]),
            unit=one["unit"],
            source=source,
        )
        for one in json.loads(BENCH_SHEET.read_text(encoding="utf-8"))
    ]
    for test in protocol.tests:
        for quantity in test.quantities:
            if quantity.key in FROM_FILE or quantity.key in changed:
                value = changed.pop(quantity.key, FROM_FILE.get(quantity.key))
                found.append(
                    protocol.measurement(
                        test_id=test.test_id,
                        quantity=quantity.key,
                        given=value,
                        unit=quantity.unit,
                        source=MeasurementSource.RAW,
                    )
                )
    assert not changed
    return [one for one in found if one.quantity not in without]


def context(**changed):
    facts = changed.pop("facts", item_facts())
    return Context(facts=facts, today=date(2026, 11, 21), **changed)


def verdict_of(judgement, test_id):
    return next(test.verdict for test in judgement.tests if test.test_id == test_id)


def rule_of(judgement, test_id, text):
    rules = next(test.rules for test in judgement.tests if test.test_id == test_id)
    return next(rule for rule in rules if text in rule.rule)


def test_a_sound_pack_is_graded_a():
    judgement = judge(OURS, measurements(), context())

    assert (judgement.disposition, judgement.grade) == (Disposition.REUSE, "A")
    assert judgement.soh_ppm == 943_500
    assert judgement.usable_energy_wh == 20_676
    assert judgement.basis_en == "cell sample x 1200"
    assert (judgement.validity_months, judgement.review_months) == (24, 24)
    assert judgement.use_en == "daily cycling up to 0.5C within SOC 10-95 %; not for traction"
    assert [test.test_id for test in judgement.tests if test.verdict is Verdict.NOT_APPLICABLE] == [
        "T05",
        "T09",
        "T12",
        "T13",
    ]


@pytest.mark.shared
def test_the_protocol_of_reference_grades_it_alike(shared: Path):
    theirs = load_protocol(shared / "data" / "assessment_protocol.yaml")

    judgement = judge(theirs, measurements(theirs), context())

    assert (judgement.protocol_id, judgement.disposition, judgement.grade) == ("BAAS-REUSE-01", "reuse", "A")
    assert (judgement.soh_ppm, judgement.usable_energy_wh) == (943_500, 20_676)


def test_health_above_its_rating_is_not_clamped():
    judgement = judge(OURS, measurements(q_dis=["5.045"], q_chg="5.06"), context())

    assert judgement.soh_ppm == 1_009_000


@pytest.mark.parametrize(
    ("changed", "test_id", "verdict", "disposition"),
    [
        ({"leak": True}, "T02", Verdict.HARD_FAIL, Disposition.QUARANTINE),
        ({"swelling": "5.1"}, "T02", Verdict.REVIEW, Disposition.HOLD_REVIEW),
        ({"event_flags": ["flood"]}, "T01", Verdict.HARD_FAIL, Disposition.QUARANTINE),
        ({"event_flags": ["crash"]}, "T01", Verdict.REVIEW, Disposition.HOLD_REVIEW),
        ({"r_iso_pos": "0.005"}, "T03", Verdict.HARD_FAIL, Disposition.QUARANTINE),
        ({"ocv_cells": ["3.6"] * 11 + ["4.31"], "ocv_pack": "43.91"}, "T04", Verdict.HARD_FAIL, Disposition.QUARANTINE),
        ({"ocv_pack": "50"}, "T04", Verdict.REVIEW, Disposition.HOLD_REVIEW),
        ({"q_dis": ["2.99"], "q_chg": "3.0"}, "T06", Verdict.HARD_FAIL, Disposition.RECYCLE),
        ({"q_dis": ["4.5", "4.7175"]}, "T06", Verdict.REVIEW, Disposition.HOLD_REVIEW),
        ({"r_dis": "56.1"}, "T07", Verdict.HARD_FAIL, Disposition.RECYCLE),
        ({"r_dis": "56"}, "T07", Verdict.REVIEW, Disposition.HOLD_REVIEW),
        ({"ocv_168h": "3.6"}, "T08", Verdict.HARD_FAIL, Disposition.QUARANTINE),
        ({"overtemp_cutoff": "did_not_act"}, "T10", Verdict.HARD_FAIL, Disposition.QUARANTINE),
        ({"software_version": "unknown"}, "T10", Verdict.REVIEW, Disposition.HOLD_REVIEW),
        ({"capacity_range": "5.1"}, "T11", Verdict.REVIEW, Disposition.HOLD_REVIEW),
    ],
)
def test_a_failing_value_decides_what_becomes_of_the_pack(changed, test_id, verdict, disposition):
    judgement = judge(OURS, measurements(**changed), context())

    assert (verdict_of(judgement, test_id), judgement.disposition, judgement.grade) == (verdict, disposition, None)


def test_safety_outranks_performance():
    judgement = judge(OURS, measurements(q_dis=["2.9"], q_chg="2.92", leak=True), context())

    assert judgement.disposition is Disposition.QUARANTINE


@pytest.mark.parametrize(
    "quantity",
    ["serial", "leak", "r_iso_neg", "ocv_cells", "q_dis", "q_chg", "r_new", "ocv_168h", "contactors_ok", "r_cv",
     "weakest_cell_soh", "prior_use"],
)  # fmt: skip
def test_what_is_missing_is_never_a_pass(quantity):
    judgement = judge(OURS, measurements(without=(quantity,)), context())

    assert (judgement.disposition, judgement.grade) == (Disposition.HOLD_REVIEW, None)


def test_nothing_measured_is_held_and_named():
    judgement = judge(OURS, [], context())

    assert judgement.disposition is Disposition.HOLD_REVIEW
    assert (judgement.grade, judgement.soh_ppm, judgement.usable_energy_wh) == (None, None, None)
    assert verdict_of(judgement, "T02") is Verdict.NOT_ASSESSED


def test_a_chemistry_without_a_window_gets_no_verdict_on_its_voltages():
    judgement = judge(OURS, measurements(), context(facts=item_facts(chemistry=Chemistry.LTO)))

    assert rule_of(judgement, "T04", "hard_low").verdict is Verdict.NOT_ASSESSED
    assert judgement.disposition is Disposition.HOLD_REVIEW


@pytest.mark.parametrize(
    ("changed", "grade"),
    [
        ({"r_dis": "36.4"}, "A"),
        ({"r_dis": "36.5"}, "B"),
        ({"weakest_cell_soh": "84.9"}, "B"),
        ({"weakest_cell_soh": "74.9"}, "C"),
        ({"weakest_cell_soh": "55"}, "D"),
        ({"q_dis": ["4.4999999"], "q_chg": "4.5"}, "B"),
        ({"q_dis": ["4.5"], "q_chg": "4.51"}, "A"),
    ],
)
def test_the_first_row_whose_every_column_holds_is_the_grade(changed, grade):
    assert judge(OURS, measurements(**changed), context()).grade == grade


def test_a_pack_below_every_row_is_recycled():
    judgement = judge(OURS, measurements(weakest_cell_soh="54.9"), context())

    assert (judgement.disposition, judgement.grade) == (Disposition.RECYCLE, None)


def test_a_file_outranks_a_typed_value_and_a_formula_both():
    typed = OURS.measurement(test_id="T06", quantity="q_dis", given="9", unit="Ah", source=MeasurementSource.MANUAL)
    health = OURS.measurement(
        test_id="T06", quantity="soh_capacity", given="99", unit="percent", source=MeasurementSource.MANUAL
    )

    assert judge(OURS, [*measurements(), typed, health], context()).soh_ppm == 943_500


def test_one_cycle_of_a_variant_is_a_stated_deviation_and_not_a_pass():
    rule = rule_of(judge(OURS, measurements(), context()), "T06", "q_dis[-2]")

    assert rule.verdict is Verdict.NOT_APPLICABLE
    assert rule.reason_en == "only one full discharge of this variant, so stabilisation is not shown"


def test_either_way_of_measuring_self_discharge_suffices():
    loss = judge(OURS, measurements(without=("ocv_24h", "ocv_168h"), charge_loss_28d="2.1"), context())
    neither = judge(OURS, measurements(without=("ocv_24h", "ocv_168h")), context())

    assert verdict_of(loss, "T08") is Verdict.PASS
    assert verdict_of(neither, "T08") is Verdict.NOT_ASSESSED


def test_an_optional_test_that_was_done_is_judged_by_what_it_measured():
    hot = judge(OURS, measurements(t_cell_max_ever="71"), context())
    cool = judge(OURS, measurements(t_cell_max_ever="55"), context())

    assert (verdict_of(hot, "T05"), hot.disposition) == (Verdict.REVIEW, Disposition.HOLD_REVIEW)
    assert (verdict_of(cool, "T05"), cool.grade) == (Verdict.PASS, "A")


def test_an_expired_calendar_life_is_a_hard_fail():
    past = judge(OURS, measurements(), context(facts=item_facts(calendar_expiry_on=date(2026, 11, 20))))
    due = judge(OURS, measurements(), context(facts=item_facts(calendar_expiry_on=date(2026, 11, 21))))

    rule = rule_of(past, "T01", "calendar_expiry_on")
    assert (past.disposition, due.disposition) == (Disposition.QUARANTINE, Disposition.REUSE)
    assert (rule.measured, rule.limit) == ("2026-11-20", "≥ 2026-11-21")


PROTECTION = (
    "overcharge_voltage_cutoff", "overcharge_current_cutoff", "overdischarge_cutoff", "overtemp_cutoff",
    "response_time", "software_version", "software_verified", "contactors_ok",
)  # fmt: skip
DISPERSION = ("capacities", "capacity_cv", "capacity_range", "r_cv", "weakest_cell_soh")
INSULATION = ("r_iso_pos", "r_iso_neg", "test_voltage", "working_voltage")


def unit_of(scope: Scope):
    return item_facts(scope=scope, sampled=Sampled.PACK, rated_capacity_mah=5_000, rated_energy_wh=18)


def test_a_module_needs_no_test_of_the_pack():
    module = judge(OURS, measurements(without=("contactors_ok",)), context(facts=unit_of(Scope.MODULE)))

    assert rule_of(module, "T10", "any function").verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("scope", "without", "none_of_it", "basis"),
    [
        pytest.param(Scope.MODULE, (*PROTECTION, *DISPERSION), ["T10", "T11"], "whole module", id="module"),
        pytest.param(
            Scope.CELL, (*PROTECTION, *DISPERSION, *INSULATION), ["T03", "T10", "T11"], "the cell itself", id="cell"
        ),
    ],
)
def test_a_part_is_graded_by_the_tests_and_columns_of_its_scope(scope, without, none_of_it, basis):
    judgement = judge(OURS, measurements(without=without), context(facts=unit_of(scope)))

    said = {test.test_id: test.reason_en for test in judgement.tests if test.verdict is Verdict.NOT_APPLICABLE}
    assert [test_id for test_id, reason in said.items() if reason == "not a test of such a unit"] == none_of_it
    assert (judgement.disposition, judgement.grade, judgement.basis_en) == (Disposition.REUSE, "A", basis)


@pytest.mark.parametrize("scope", [Scope.PACK, Scope.MODULE])
def test_what_is_missing_within_a_scope_is_never_a_pass(scope):
    judgement = judge(OURS, measurements(without=INSULATION), context(facts=item_facts(scope=scope)))

    assert verdict_of(judgement, "T03") is Verdict.NOT_ASSESSED
    assert (judgement.disposition, judgement.grade) == (Disposition.HOLD_REVIEW, None)


def test_a_cell_has_no_weakest_cell_and_a_pack_without_one_has_no_grade():
    weak = ("weakest_cell_soh",)
    cell = judge(OURS, measurements(without=(*DISPERSION, *PROTECTION)), context(facts=unit_of(Scope.CELL)))
    pack = judge(OURS, measurements(without=weak), context())

    assert (cell.grade, pack.grade) == ("A", None)


def test_what_was_measured_out_of_scope_still_counts_against_a_unit():
    judgement = judge(OURS, measurements(contactors_ok=False), context(facts=unit_of(Scope.CELL)))

    assert judgement.disposition is Disposition.QUARANTINE


def test_a_grade_of_which_no_column_is_the_scopes_grades_nothing():
    dispersion = next(test for test in OURS.tests if test.test_id == "T11")
    only = tuple(
        replace(row, bounds=tuple(one for one in row.bounds if one.quantity == "weakest_cell_soh"))
        for row in OURS.grades
    )
    assert Scope.CELL not in dispersion.scopes

    judgement = judge(replace(OURS, grades=only), measurements(), context(facts=unit_of(Scope.CELL)))

    assert (judgement.disposition, judgement.grade) == (Disposition.HOLD_REVIEW, None)


def test_a_pack_tested_whole_keeps_its_own_energy():
    whole = item_facts(sampled=Sampled.PACK)
    judgement = judge(
        OURS, measurements(q_dis=["471.75"], e_dis="20676.4", q_chg="476", e_chg="21968"), context(facts=whole)
    )

    assert (judgement.soh_ppm, judgement.usable_energy_wh, judgement.basis_en) == (943_500, 20_676, "whole pack")


def test_a_verdict_carries_value_limit_unit_and_source():
    rule = rule_of(judge(OURS, measurements(), context()), "T03", "ohm_per_volt < 100")

    assert (rule.measured, rule.limit, rule.unit, rule.source) == (
        "29265.873016",
        "≥ 100",
        "Ohm/V",
        "recalled:UN R100, ISO 6469-3",
    )


def test_the_gravest_verdict_is_the_verdict_of_the_whole():
    assert worst([Verdict.PASS, Verdict.NOT_ASSESSED]) is Verdict.NOT_ASSESSED
    assert worst([Verdict.REVIEW, Verdict.NOT_ASSESSED]) is Verdict.REVIEW
    assert worst([Verdict.REVIEW, Verdict.HARD_FAIL]) is Verdict.HARD_FAIL
    assert worst([]) is Verdict.PASS


@given(st.integers(3_000_000, 6_000_000))
def test_health_is_cut_and_never_rounded_up(microamp_hours):
    found = judge(
        OURS,
        measurements(q_dis=[str(Decimal(microamp_hours) / 1_000_000)], q_chg=str(Decimal(microamp_hours) / 1_000_000)),
        context(),
    )

    assert found.soh_ppm == microamp_hours // 5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.0000001"), "0"),
        (Decimal("-0"), "0"),
        (Decimal("100"), "100"),
        (Decimal("94.3500"), "94.35"),
        (True, "true"),
        ((), "none"),
        (("crash", "fire"), "crash, fire"),
        ((Decimal("4.7"), Decimal("4.71")), "4.7, 4.71"),
    ],
)
def test_values_are_printed_short(value, text):
    assert spelled(value) == text


# The decision rule.


def guarded(**changed):
    return judge(OURS, measurements(**changed), context(rule=DecisionRule.GUARDED))


def test_a_judgement_says_by_which_rule_and_how_well_the_health_is_known():
    simple, by_guard = judge(OURS, measurements(), context()), guarded()

    assert (simple.decision_rule, by_guard.decision_rule) == (DecisionRule.SIMPLE, DecisionRule.GUARDED)
    assert simple.soh_u_ppm == by_guard.soh_u_ppm == 9_514  # 2 · 94.35 % · √(0.0289² + 0.0058² + 0.4619² + 0.2²) %
    assert (by_guard.disposition, by_guard.grade) == (Disposition.REUSE, "A")


@pytest.mark.parametrize(
    ("q_dis", "u_soh", "rule", "grade"),
    [
        ("4.52", "0.4", DecisionRule.GUARDED, "A"),  # 90.4 - 0.4 = 90: a column is met at its bound
        ("4.52", "0.41", DecisionRule.GUARDED, "B"),
        ("4.52", "0.41", DecisionRule.SIMPLE, "A"),
        ("4.02", "0.5", DecisionRule.GUARDED, "C"),
    ],
)
def test_a_guarded_grade_is_the_first_that_the_health_less_its_uncertainty_reaches(q_dis, u_soh, rule, grade):
    found = measurements(q_dis=[q_dis], q_chg=q_dis, u_soh=u_soh)

    judgement = judge(OURS, found, context(rule=rule))

    assert (judgement.disposition, judgement.grade) == (Disposition.REUSE, grade)


@pytest.mark.parametrize(
    ("q_dis", "rule", "verdict", "disposition"),
    [
        ("3.03", DecisionRule.SIMPLE, Verdict.PASS, Disposition.REUSE),
        ("3.03", DecisionRule.GUARDED, Verdict.REVIEW, Disposition.HOLD_REVIEW),
        ("3.05", DecisionRule.GUARDED, Verdict.PASS, Disposition.REUSE),  # 61 - 1 = 60: at the limit it is met
        ("2.99", DecisionRule.GUARDED, Verdict.HARD_FAIL, Disposition.RECYCLE),
    ],
)
def test_a_limit_within_the_guard_band_holds_the_unit_and_one_that_is_broken_fails_it(
    q_dis, rule, verdict, disposition
):
    found = measurements(q_dis=[q_dis], q_chg=q_dis, u_soh="1.0", weakest_cell_soh="58")

    judgement = judge(OURS, found, context(rule=rule))

    said = rule_of(judgement, "T06", "soh_capacity < 60")
    assert (said.verdict, judgement.disposition) == (verdict, disposition)
    assert ("guard band" in said.reason_en) is (verdict is Verdict.REVIEW)


def test_a_held_guard_band_is_released_like_any_other_hold_and_the_grade_stays_guarded():
    found = measurements(q_dis=["3.03"], q_chg="3.03", u_soh="1.0", weakest_cell_soh="58")

    judgement = judge(OURS, found, context(rule=DecisionRule.GUARDED), released=True)

    # 60.6 less 1.0 reaches no grade's column: what no grade permits is not reused, whoever looked at it.
    assert (judgement.disposition, judgement.grade) == (Disposition.RECYCLE, None)


def test_an_uncertainty_that_a_file_tells_goes_before_the_assumed_one_and_is_never_understated():
    assert judge(OURS, measurements(u_soh="1.2345678"), context()).soh_u_ppm == 12_346
    assert judge(OURS, measurements(without=["q_dis", "e_dis"]), context()).soh_u_ppm is None
