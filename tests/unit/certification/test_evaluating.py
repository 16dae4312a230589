import json
import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.certification.capacity import full_discharges
from domain.certification.dispersion import dispersion, median, robust_scores
from domain.certification.evaluating import evaluate, yielded
from domain.certification.incremental_capacity import peaks
from domain.certification.model import ChargeCurve, Extremes, Impedance, LongRest, StepKind, Variant
from domain.certification.resistance import PulseMethod, at_half_charge, increase_percent, pulses
from domain.certification.self_discharge import charge_loss_percent, k_value_mv_per_h
from domain.certification.spelling import cycler_record_of, record_text
from domain.certification.uncertainty import Conditions, Source, expanded, sources
from tests.fakes.certification import cycler_record, cycler_step

RATED = Decimal(5)
TEN_S, FIVE_S = Decimal(10) / 3600, Decimal(5) / 3600


def charge(step: int, *, wh: str = "18.0", ah: str = "5.0", kind=StepKind.CCCV_CHARGE, last: str = "4.2"):
    return cycler_step(step, kind, first="2.9", last=last, amps="2.5", ah=ah, wh=wh)


def empty(step: int, *, amps: str = "-2.5", ah: str = "-4.95", wh: str = "-17.1", last: str = "2.5"):
    return cycler_step(step, StepKind.CC_DISCHARGE, first="4.1", last=last, amps=amps, ah=ah, wh=wh)


def rest(step: int, *, last: str):
    return cycler_step(step, StepKind.REST, first=last, last=last, amps="0", ah="0", wh="0")


def pulse(step: int, *, first: str, last: str, amps: str, hours: Decimal = TEN_S):
    kind = StepKind.CC_DISCHARGE if amps.startswith("-") else StepKind.CC_CHARGE
    return replace(cycler_step(step, kind, first=first, last=last, amps=amps, ah="0", wh="0"), hours=hours)


def hybrid_pulses(hours: Decimal = TEN_S):
    """Emptied half way from full, then the two pulses of the HPPC."""
    return (
        *(charge(1), empty(2), charge(3)),
        cycler_step(4, StepKind.CC_DISCHARGE, first="4.1", last="3.6", amps="-2.5", ah="-2.475", wh="-9"),
        *(rest(5, last="3.700"), pulse(6, first="3.650", last="3.600", amps="-5", hours=hours)),
        *(rest(7, last="3.690"), pulse(8, first="3.720", last="3.750", amps="3.75", hours=hours)),
    )


# ── capacity ──


def test_efficiencies_are_those_of_a_cycle_that_began_and_ended_empty():
    first, second = full_discharges(
        cycler_record(charge(1), empty(2), charge(3, ah="5.0", wh="18.0"), empty(4)), rated_capacity_ah=RATED
    )

    assert first.coulombic_efficiency is None
    assert second.coulombic_efficiency == Decimal(99)
    assert second.energy_efficiency == Decimal(95)
    assert (second.variant, second.rate_c) == (Variant.C2, Decimal("0.5"))


def test_a_glitch_below_empty_hides_no_discharge():
    record = replace(
        cycler_record(charge(1), empty(2)), voltage_v=Extremes(lowest=Decimal("1.7"), highest=Decimal("4.2"))
    )

    assert [one.step for one in full_discharges(record, rated_capacity_ah=RATED)] == [2]
    assert record.discharge(RATED).step == 2


def test_a_short_charge_beyond_the_held_voltage_does_not_move_full():
    beyond = charge(3, ah="0.2", kind=StepKind.CC_CHARGE, last="4.29")

    record = cycler_record(charge(1), empty(2), beyond)

    assert record.turned_v == Extremes(lowest=Decimal("2.5"), highest=Decimal("4.2"))
    assert [one.step for one in full_discharges(record, rated_capacity_ah=RATED)] == [2]


def test_without_a_rated_capacity_there_is_no_health_and_no_name_for_a_rate():
    found = evaluate(cycler_record(charge(1), empty(2)), rated_capacity_ah=None)

    assert found.health is None
    assert found.capacity is not None
    assert (found.capacity.variant, found.capacity.rate_c) == (None, None)


def test_health_beyond_the_rated_capacity_is_not_cut():
    found = evaluate(cycler_record(charge(1), empty(2, ah="-5.045")), rated_capacity_ah=RATED)

    assert found.health is not None
    assert found.health.soh_percent == Decimal("100.9")


# ── resistance ──


def test_a_hybrid_pulse_test_gives_both_resistances_at_its_level():
    found = pulses(cycler_record(*hybrid_pulses()), rated_capacity_ah=RATED)

    out, back = found
    assert (out.method, out.discharges, back.discharges) == (PulseMethod.HPPC10, True, False)
    assert (out.resistance_mohm, out.first_sample_mohm) == (Decimal(20), Decimal(10))
    assert (back.resistance_mohm, back.first_sample_mohm) == (Decimal(16), Decimal(8))
    assert (out.soc_percent, out.rated_percent) == (Decimal(50), Decimal("49.5"))
    assert out.rate_c(RATED) == Decimal(1)


def test_five_seconds_are_another_method_and_other_widths_are_none():
    five = pulses(cycler_record(*hybrid_pulses(FIVE_S)), rated_capacity_ah=RATED)
    seven = pulses(cycler_record(*hybrid_pulses(Decimal(7) / 3600)), rated_capacity_ah=RATED)

    assert {one.method for one in five} == {PulseMethod.PB5}
    assert seven == ()


def test_a_pulse_before_any_full_charge_has_no_level():
    alone = (rest(1, last="3.7"), pulse(2, first="3.65", last="3.6", amps="-5"))

    (found,) = pulses(cycler_record(*alone), rated_capacity_ah=RATED)

    assert (found.soc_percent, found.rated_percent) == (None, None)
    assert found.resistance_mohm == Decimal(20)


def test_the_pulses_nearest_to_half_charge_stand_for_the_unit():
    record = cycler_record(*hybrid_pulses())

    out, back = at_half_charge(pulses(record, rated_capacity_ah=RATED), rated_capacity_ah=RATED)

    assert out is not None
    assert back is not None
    assert (out.step, back.step) == (6, 8)
    assert at_half_charge((), rated_capacity_ah=RATED) == (None, None)


def test_resistance_grown_to_twice_the_new_one_has_grown_by_a_hundred_percent():
    assert increase_percent(resistance_mohm=Decimal(40), new_mohm=Decimal(20)) == Decimal(100)
    with pytest.raises(ValueError):
        increase_percent(resistance_mohm=Decimal(40), new_mohm=Decimal(0))


@given(
    ohm=st.decimals(min_value="0.0001", max_value="1", places=6),
    amps=st.sampled_from(["-10", "-5", "-0.5", "0.5", "5", "10"]),
)
def test_a_pulse_gives_back_the_resistance_it_was_made_with(ohm, amps):
    last = Decimal("3.7") + ohm * Decimal(amps)
    steps = (rest(1, last="3.7"), pulse(2, first="3.7", last=str(last), amps=amps))

    (found,) = pulses(cycler_record(*steps), rated_capacity_ah=RATED)

    assert found.resistance_mohm == ohm * 1000


# ── what the protocol is answered ──


def answers(record):
    return yielded(evaluate(record, rated_capacity_ah=RATED), record, rated_capacity_ah=RATED)


def test_a_file_answers_resistance_by_the_protocols_pulse_and_no_other():
    ten, five = answers(cycler_record(*hybrid_pulses())), answers(cycler_record(*hybrid_pulses(FIVE_S)))

    assert {key: value for key, value in ten.items() if key[0] == "T07"} == {
        ("T07", "r_dis"): 20,
        ("T07", "r_chg"): 16,
        ("T07", "r0_first_sample"): 10,
    }
    assert {key[0] for key in five} == {"T06"}


def test_an_uncertainty_is_rounded_up():
    assert answers(cycler_record(charge(1), empty(2)))["T06", "u_soh"] == Decimal("1.00")


def test_a_value_beyond_measure_is_handed_on_for_the_protocol_to_refuse():
    record = replace(
        cycler_record(),
        steps=(),
        impedance=Impedance(frequency_hz=None, ohmic_intercept_ohm=Decimal("1E+40"), acr_1khz_ohm=None),
    )

    assert answers(record)["T09", "r_ohmic_intercept"] == Decimal("1E+43")


# ── incremental capacity ──


def bell(*centres_mv: int, first_mv: int = 3000, points: int = 240) -> ChargeCurve:
    """A curve whose dQ/dV is a bell at each centre, of 40 mV."""
    volts = [(first_mv + 5 * at) / 1000 for at in range(points)]
    charge = [
        sum(0.5 + 0.5 * math.erf((volt - centre / 1000) / 0.04) for centre in centres_mv) + 0.1 * volt for volt in volts
    ]
    return ChargeCurve(step=1, grid_mv=5, first_mv=first_mv, charge_nah=tuple(round(one * 1e9) for one in charge))


def test_each_phase_change_is_one_peak():
    assert [abs(one.voltage_mv - at) <= 5 for one, at in zip(peaks(bell(3400, 3900)), (3400, 3900), strict=True)] == [
        True,
        True,
    ]


def test_a_straight_line_has_no_peak():
    assert peaks(bell()) == ()
    assert peaks(ChargeCurve(step=1, grid_mv=5, first_mv=3000, charge_nah=(0,) * 50)) == ()
    assert peaks(ChargeCurve(step=1, grid_mv=5, first_mv=3000, charge_nah=())) == ()


@given(st.lists(st.integers(0, 10**10), max_size=400).map(sorted))
def test_peaks_lie_inside_the_curve(charge):
    curve = ChargeCurve(step=1, grid_mv=5, first_mv=3000, charge_nah=tuple(charge))

    assert all(3000 <= one.voltage_mv <= 3000 + 5 * len(charge) for one in peaks(curve))
    assert all(one.prominence_ah_per_v <= one.height_ah_per_v for one in peaks(curve))


# ── self-discharge, dispersion, uncertainty ──


def test_a_week_of_rest_gives_the_k_value():
    assert k_value_mv_per_h(ocv_24h_v=Decimal("3.7000"), ocv_168h_v=Decimal("3.6928")) == Decimal("0.05")
    assert charge_loss_percent(before_ah=Decimal(5), after_ah=Decimal("4.9")) == Decimal(2)
    with pytest.raises(ValueError):
        charge_loss_percent(before_ah=Decimal(0), after_ah=Decimal(0))


def test_a_rest_of_a_day_has_no_k_value_yet():
    record = replace(
        cycler_record(),
        rests=(LongRest(step=2, hours=Decimal(30), ocv_24h_v=Decimal("3.7"), ocv_168h_v=None),),
    )

    (found,) = evaluate(record, rated_capacity_ah=RATED).self_discharge

    assert found.k_mv_per_h is None


def test_four_modules_stand_apart_by_their_range_and_their_coefficient_of_variation():
    found = dispersion([Decimal(96), Decimal(100), Decimal(102), Decimal(102)])

    assert found is not None
    assert (found.units, found.mean, found.lowest, found.highest) == (4, 100, 96, 102)
    assert found.range_percent == Decimal(6)
    assert round(found.cv_percent, 4) == Decimal("2.8284")


def test_one_unit_has_no_dispersion():
    assert dispersion([Decimal(96)]) is None
    assert dispersion([Decimal(0), Decimal(0)]) is None


def test_the_odd_one_of_a_lot_stands_out_and_an_even_lot_says_nothing():
    scores = robust_scores([Decimal(10), Decimal(11), Decimal(12), Decimal(13), Decimal(30)])

    assert scores is not None
    assert scores[2] == 0
    assert scores[-1] > Decimal("3.5")
    assert robust_scores([Decimal(10)] * 4 + [Decimal(30)]) is None
    assert robust_scores([]) is None
    with pytest.raises(ValueError):
        median([])


def test_the_usual_sources_come_to_about_one_point():
    found = sources(Conditions())

    assert [one.name_en for one in found] == ["current", "time", "temperature", "repeatability"]
    assert round(expanded(Decimal(100), found), 3) == Decimal("1.008")


def test_two_discharges_far_apart_widen_the_uncertainty():
    close = expanded(Decimal(90), sources(Conditions(), repeated_ah=[Decimal("4.50"), Decimal("4.501")]))
    apart = expanded(Decimal(90), sources(Conditions(), repeated_ah=[Decimal("4.30"), Decimal("4.50")]))

    assert apart > 3 * close


def test_a_rectangle_is_divided_by_the_root_of_three_and_a_normal_one_is_not():
    rectangle = Source(name_ko="", name_en="", half_width_percent=Decimal(3))

    assert round(rectangle.standard_percent, 6) == Decimal("1.732051")
    assert replace(rectangle, normal=True).standard_percent == Decimal(3)


@given(st.lists(st.decimals(min_value=0, max_value=5, places=3), min_size=1, max_size=8))
def test_no_source_makes_the_result_surer(widths):
    found = [Source(name_ko="", name_en="", half_width_percent=one) for one in widths]

    assert expanded(Decimal(100), found) >= expanded(Decimal(100), found[:-1])


# ── spelling ──


def test_curves_rests_and_impedance_survive_the_store():
    record = replace(
        cycler_record(),
        curves=(bell(3600),),
        rests=(LongRest(step=2, hours=Decimal(200), ocv_24h_v=Decimal("3.7"), ocv_168h_v=Decimal("3.69")),),
        impedance=Impedance(frequency_hz=None, ohmic_intercept_ohm=None, acr_1khz_ohm=Decimal("0.016")),
    )

    assert cycler_record_of(json.loads(record_text(record))) == record
