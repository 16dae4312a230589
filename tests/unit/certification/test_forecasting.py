from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.certification.ageing import AgeingLaw, Duty, age, anode_potential_v, nmc111_voltage_v, require_fitted
from domain.certification.errors import ForecastImpossible, ForecastOutOfRange
from domain.certification.forecasting import Check, daily_duty, forecast, knee
from domain.certification.model import Chemistry

FIRST = date(2026, 1, 1)


def check(days: int, soh: str, *, u: str = "1", mohm: str | None = None) -> Check:
    return Check(
        on=FIRST + timedelta(days=days),
        soh_percent=Decimal(soh),
        u_percent=Decimal(u),
        resistance_mohm=None if mohm is None else Decimal(mohm),
    )


def at_rest(*, soc: float = 0.5, celsius: float = 25.0, days: int = 30) -> Duty:
    samples = days * 24 + 1
    return Duty(
        time_s=tuple(hour * 3600.0 for hour in range(samples)),
        soc=(soc,) * samples,
        temperature_c=(celsius,) * samples,
    )


# ── the laws ──


def test_a_resting_cell_follows_its_power_law_whatever_the_days_are_cut_like():
    # k·x^p at 25 °C and half charge: 3.25e8·exp(-7580/298.15)·exp(81/298.15)·x^0.464
    last = list(age(AgeingLaw.LMO_LEAF_SECOND_LIFE, at_rest(), days=365))[-1]

    assert last.cycles == 0
    assert last.health == pytest.approx(1 - 0.062, abs=0.003)


def test_warmer_fuller_and_more_used_cells_age_faster():
    def after_a_year(duty: Duty) -> float:
        return list(age(AgeingLaw.LFP_250AH, duty, days=365))[-1].health

    assert after_a_year(at_rest(celsius=35)) < after_a_year(at_rest(celsius=25))
    assert after_a_year(at_rest(soc=0.9)) < after_a_year(at_rest(soc=0.3))
    assert after_a_year(daily_duty()) < after_a_year(at_rest(soc=0.5))


def test_a_factor_scales_the_losses():
    plain = list(age(AgeingLaw.LFP_250AH, at_rest(), days=365))[-1].health
    none = list(age(AgeingLaw.LFP_250AH, at_rest(), days=365, factor=0.0))[-1].health

    assert none == 1.0
    assert plain < 1.0


def test_a_cell_that_is_used_up_ends_the_tale():
    told = list(age(AgeingLaw.NMC111_2AH, daily_duty(), days=3650, factor=8.0))

    assert told[-1].days < 3650
    assert told[-1].health >= 0.02


def test_the_electrodes_potentials_are_those_of_the_papers():
    assert anode_potential_v(0.0) == pytest.approx(0.6379 + 0.5416 * 0.0745 + 0.044 + 0.1978 - 0.248 + 0.0175, abs=0.02)
    assert [nmc111_voltage_v(soc) for soc in (0.0, 0.5, 1.0)] == [3.331, 3.697, 4.162]
    assert nmc111_voltage_v(0.05) == pytest.approx(3.411)
    assert nmc111_voltage_v(2.0) == 4.162


@pytest.mark.parametrize(
    ("law", "duty", "quantity"),
    [
        pytest.param(AgeingLaw.LFP_250AH, at_rest(celsius=5), "°C", id="too cold"),
        pytest.param(AgeingLaw.LMO_LEAF_SECOND_LIFE, at_rest(celsius=35), "°C", id="too warm"),
        pytest.param(AgeingLaw.LFP_250AH, daily_duty(rate_c=1.0), "C", id="too fast"),
    ],
)
def test_a_duty_outside_what_was_fitted_is_refused(law, duty, quantity):
    with pytest.raises(ForecastOutOfRange) as caught:
        require_fitted(law, duty)

    assert caught.value.facts["quantity"] == quantity


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param(((0.0, 1.0), (0.5, 0.5), (25.0, 25.0)), id="too short"),
        pytest.param(((0.0, 1.0, 2.0), (0.5, 0.5), (25.0, 25.0, 25.0)), id="unequal"),
        pytest.param(((0.0, 1.0, 1.0), (0.5, 0.5, 0.5), (25.0,) * 3), id="time stands"),
        pytest.param(((0.0, 1.0, 2.0), (0.5, 1.1, 0.5), (25.0,) * 3), id="beyond full"),
        pytest.param(((0.0, 1.0, 2.0), (0.5, 0.5, 0.5), (25.0, float("nan"), 25.0)), id="no temperature"),
    ],
)
def test_a_duty_that_is_none_is_refused(columns):
    time_s, soc, celsius = columns
    with pytest.raises(ValueError):
        Duty(time_s=time_s, soc=soc, temperature_c=celsius)


def test_a_duty_with_too_few_samples_a_day_ends_in_an_error_and_not_in_a_loop():
    sparse = Duty(time_s=(0.0, 9e4, 18e4, 27e4), soc=(0.5,) * 4, temperature_c=(25.0,) * 4)

    with pytest.raises(ValueError):
        list(age(AgeingLaw.LFP_250AH, sparse, days=10))
    with pytest.raises(ValueError):
        list(age(AgeingLaw.LFP_250AH, at_rest(), days=0))


@settings(max_examples=25, deadline=None)
@given(
    soc=st.lists(st.floats(0, 1), min_size=49, max_size=49),
    celsius=st.floats(10, 45),
    law=st.sampled_from(list(AgeingLaw)),
)
def test_health_only_falls_and_days_only_pass(soc, celsius, law):
    duty = Duty(time_s=tuple(hour * 3600.0 for hour in range(49)), soc=tuple(soc), temperature_c=(celsius,) * 49)

    told = list(age(law, duty, days=60))

    assert all(later.health <= sooner.health for sooner, later in pairwise(told))
    assert all(later.days > sooner.days for sooner, later in pairwise(told))
    assert all(0 <= one.health <= 1 for one in told)


# ── the forecast ──


def test_without_a_second_check_the_law_stands_alone_and_the_interval_is_wide():
    found = forecast(Chemistry.LFP, [check(0, "94")], daily_duty(), years=3)

    assert (found.factor, found.factor_spread, found.checks) == (Decimal("1.00"), Decimal("0.50"), 1)
    assert [one.on for one in found.years] == [date(2027, 1, 1), date(2028, 1, 1), date(2029, 1, 1)]
    assert all(one.low_percent < one.soh_percent < one.high_percent for one in found.years)


def test_a_packs_own_checks_scale_the_law_and_narrow_the_interval():
    prior = forecast(Chemistry.LMO, [check(0, "94")], daily_duty(), years=3)
    slower = forecast(Chemistry.LMO, [check(0, "94"), check(365, "91")], daily_duty(), years=3)

    def width(found):
        return found.years[-1].high_percent - found.years[-1].low_percent

    assert slower.factor < Decimal("0.5")
    assert slower.factor_spread < prior.factor_spread
    assert width(slower) < width(prior)


def test_a_pack_that_follows_the_law_keeps_the_factor_at_one():
    duty = daily_duty()
    told = list(age(AgeingLaw.LFP_250AH, duty, days=1100))
    checks = [check(0, "100", u="0.1")]
    for day in (365, 730, 1095):
        health = next(one.health for one in told if one.days >= day)
        checks.append(check(day, f"{health * 100:.3f}", u="0.1"))

    found = forecast(Chemistry.LFP, checks, duty, years=1)

    assert found.factor == pytest.approx(Decimal("1.00"), abs=Decimal("0.02"))
    expected = next(one.health for one in age(AgeingLaw.LFP_250AH, duty, days=1460) if one.days >= 1459)
    assert float(found.years[0].soh_percent) == pytest.approx(expected * 100, abs=0.2)


@pytest.mark.parametrize(
    ("chemistry", "checks", "years"),
    [
        pytest.param(Chemistry.LTO, [check(0, "94")], 3, id="no law"),
        pytest.param(Chemistry.NMC, [], 3, id="no check"),
        pytest.param(Chemistry.NMC, [check(0, "94"), check(0, "93")], 3, id="twice a day"),
        pytest.param(Chemistry.NMC, [check(0, "94")], 0, id="no year"),
        pytest.param(Chemistry.NMC, [check(0, "94")], 21, id="too far"),
        pytest.param(Chemistry.NMC, [check(0, "0")], 3, id="nothing left"),
    ],
)
def test_what_cannot_be_forecast_is_refused(chemistry, checks, years):
    with pytest.raises(ForecastImpossible):
        forecast(chemistry, checks, daily_duty(), years=years)


def test_a_leap_day_has_an_anniversary():
    found = forecast(Chemistry.LFP, [replace(check(0, "94"), on=date(2028, 2, 29))], daily_duty(), years=1)

    assert found.years[0].on == date(2029, 2, 28)


def test_a_fade_that_doubles_is_a_knee():
    steady = [check(90 * at, f"{96 - at}") for at in range(6)]
    bent = [*steady[:4], check(360, "89"), check(450, "85")]

    assert not knee(steady)
    assert knee(bent)
    assert not knee(bent[:3])


def test_resistance_that_outruns_capacity_is_a_knee():
    assert knee([check(0, "95", mohm="20"), check(365, "93", mohm="26")])
    assert not knee([check(0, "95", mohm="20"), check(365, "85", mohm="24")])
    assert not knee([check(0, "95", mohm="20"), check(365, "95", mohm="20.4")])


@pytest.mark.parametrize(
    "swing",
    [{"soc_low": 0.9, "soc_high": 0.1}, {"rate_c": 0.0}, {"rate_c": 0.05}, {"soc_high": 1.2}],
)
def test_a_day_that_does_not_fit_is_refused(swing):
    with pytest.raises(ForecastImpossible):
        daily_duty(**swing)


def test_the_daily_duty_swings_once_a_day_between_its_ends():
    duty = daily_duty(soc_low=0.2, soc_high=0.8, rate_c=0.3)

    swung = sum(abs(b - a) for a, b in pairwise(duty.soc))
    assert swung == pytest.approx(7 * 2 * 0.6)
    assert (min(duty.soc), max(duty.soc)) == (0.2, 0.8)
