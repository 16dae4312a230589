"""Alarms open, hold and clear; a trip is latched; silence is never normal."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.metering.errors import TripLasts, TripNotCleared
from domain.metering.safety import (
    CALM,
    LIMITS,
    Change,
    Chemistry,
    Level,
    Limits,
    Sample,
    Signal,
    clear_trip,
    connection_rate_ppm,
    limits_of,
    observe,
    report_trip,
    signals,
    tick,
    watch_all,
)

NMC, LFP = LIMITS[Chemistry.NMC], LIMITS[Chemistry.LFP]
START = datetime(2026, 7, 1, tzinfo=UTC)


def at(seconds):
    return START + timedelta(seconds=seconds)


def hot(seconds, mc):
    return Sample(at=at(seconds), temperature_max_mc=mc)


def told(samples, *, limits=NMC):
    standing, events = watch_all(samples, limits=limits)
    return standing, [(event.signal, event.change, event.level) for event in events]


def test_a_value_that_lasts_opens_an_alarm_and_a_short_one_does_not():
    short = [hot(0, 46_000), hot(30, 46_000), hot(59, 40_000), hot(120, 46_000)]

    assert told(short)[1] == []
    assert told([hot(0, 46_000), hot(30, 46_000), hot(60, 46_000)])[1] == [
        (Signal.TEMPERATURE, Change.OPENED, Level.WARN)
    ]


def test_an_alarm_holds_inside_its_band_and_clears_after_its_dwell():
    opened = [hot(0, 46_000), hot(60, 46_000)]
    inside = [hot(60 * step, 43_500) for step in range(2, 12)]
    below = [hot(700 + 60 * step, 42_900) for step in range(6)]

    assert told(opened + inside)[0].watches[Signal.TEMPERATURE].level is Level.WARN
    standing, events = told(opened + inside + below)
    assert events[-1] == (Signal.TEMPERATURE, Change.CLEARED, Level.NORMAL)
    assert standing.level is Level.NORMAL
    assert told(opened + inside + below[:5])[1] == events[:1]


def test_a_value_that_gets_worse_counts_for_what_lasted():
    samples = [hot(0, 46_000), hot(59, 51_000), hot(60, 51_000), hot(119, 51_000), hot(120, 51_000)]

    assert told(samples)[1] == [
        (Signal.TEMPERATURE, Change.OPENED, Level.WARN),
        (Signal.TEMPERATURE, Change.WORSENED, Level.ALARM),
    ]


def test_a_trip_counts_at_once_blocks_and_is_latched():
    standing, events = told([hot(0, 61_000), *(hot(60 * step, 20_000) for step in range(1, 60))])

    assert events == [(Signal.TEMPERATURE, Change.OPENED, Level.TRIP)]
    assert standing.blocked


def test_only_a_named_person_clears_a_trip():
    standing, _ = told([hot(0, 61_000)])

    for signal, by in ((Signal.TEMPERATURE, " "), (Signal.CELL_HIGH, "김운영")):
        with pytest.raises(TripNotCleared):
            clear_trip(standing, signal, by=by, at=at(60))
    cleared, event = clear_trip(standing, Signal.TEMPERATURE, by="김운영", at=at(60))
    assert not cleared.blocked
    assert (event.change, event.level) == (Change.CLEARED, Level.NORMAL)
    again, events = observe(cleared, hot(61, 61_000), limits=NMC)
    assert again.blocked
    assert [one.level for one in events] == [Level.TRIP]


@pytest.mark.parametrize(
    ("chemistry", "sample", "level"),
    [
        (Chemistry.NMC, {"cell_max_mv": 4_299, "cell_min_mv": 4_290}, Level.NORMAL),
        (Chemistry.NMC, {"cell_max_mv": 4_300, "cell_min_mv": 4_290}, Level.TRIP),
        (Chemistry.LFP, {"cell_max_mv": 3_700, "cell_min_mv": 3_690}, Level.TRIP),
        (Chemistry.NMC, {"cell_max_mv": 2_700, "cell_min_mv": 2_650}, Level.TRIP),
        (Chemistry.LFP, {"cell_max_mv": 2_500, "cell_min_mv": 2_450}, Level.TRIP),
        (Chemistry.NMC, {"cell_max_mv": 3_900, "cell_min_mv": 3_600, "resting": True}, Level.TRIP),
        (Chemistry.NMC, {"cell_max_mv": 3_900, "cell_min_mv": 3_500}, Level.TRIP),
        (Chemistry.NMC, {"temperature_max_mc": 30_000, "temperature_min_mc": 15_000}, Level.TRIP),
        (Chemistry.NMC, {"temperature_max_mc": 0, "temperature_min_mc": -5_000, "charging": True}, Level.TRIP),
        (Chemistry.NMC, {"temperature_max_mc": 0, "temperature_min_mc": -5_000}, Level.NORMAL),
        (Chemistry.NMC, {"insulation_ohm_per_v": 100}, Level.TRIP),
        (Chemistry.NMC, {"insulation_ohm_per_v": 101}, Level.NORMAL),
    ],
)
def test_each_signal_trips_at_its_limit(chemistry, sample, level):
    standing, _ = observe(CALM, Sample(at=START, **sample), limits=LIMITS[chemistry])

    assert standing.level is level


def test_a_real_module_at_rest_with_a_wide_spread_is_an_alarm_but_no_trip():
    resting = [
        Sample(at=at(60 * step), cell_min_mv=2_800 + 65, cell_max_mv=2_800 + 230, resting=True) for step in range(3)
    ]

    standing, _ = told(resting, limits=LFP)

    assert standing.watches[Signal.SPREAD_AT_REST].level is Level.ALARM
    assert not standing.blocked


def test_silence_opens_an_alarm_of_its_own_and_never_clears_another():
    standing, _ = told([hot(0, 46_000), hot(60, 46_000)])

    for seconds, levels in ((179, []), (180, [Level.WARN]), (660, [Level.ALARM]), (3_660, [Level.TRIP])):
        standing, events = tick(standing, at(seconds), limits=NMC)
        assert [event.level for event in events] == levels
    assert standing.blocked
    assert standing.watches[Signal.TEMPERATURE].level is Level.WARN


def test_a_gap_that_ends_is_told_after_the_fact_too():
    _, events = told([hot(0, 20_000), hot(700, 20_000)])

    assert events == [(Signal.GAP, Change.OPENED, Level.ALARM)]


def test_the_same_sample_again_changes_nothing():
    standing, _ = told([hot(0, 46_000), hot(60, 46_000)])

    assert observe(standing, hot(60, 99_000), limits=NMC) == (standing, ())
    assert tick(standing, at(30), limits=NMC) == (standing, ())


def test_a_sample_tells_only_what_it_says():
    assert signals(Sample(at=START)) == {}
    assert signals(Sample(at=START, cell_max_mv=4_000)) == {Signal.CELL_HIGH: 4_000}


@pytest.mark.parametrize("wrong", [{"warn": 9}, {"alarm": 1}, {"band": -1}, {"warn": 5, "alarm": 5}])
def test_limits_out_of_order_are_refused(wrong):
    with pytest.raises(ValueError, match="limits"):
        Limits(**{"warn": 1, "alarm": 5, "trip": 8, "band": 1, "source": ""} | wrong)


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(-10_000, 70_000)), max_size=60))
def test_levels_only_change_by_events_and_a_trip_never_passes_unseen(steps):
    samples, seconds = [], 0
    for gap, mc in steps:
        seconds += gap
        samples.append(hot(seconds, mc))

    standing, events = watch_all(samples, limits=NMC)

    level = Level.NORMAL
    for event in events:
        if event.signal is Signal.TEMPERATURE:
            assert event.level is not level
            assert event.since <= event.at
            level = event.level
    assert standing.watches.get(Signal.TEMPERATURE, None) is None or standing.watches[Signal.TEMPERATURE].level is level
    assert standing.blocked is (any(mc >= 60_000 for _, mc in steps))


def test_a_connection_rate_is_rounded_down():
    assert connection_rate_ppm(minutes_received=38_880, minutes=43_200) == 900_000
    assert connection_rate_ppm(minutes_received=38_879, minutes=43_200) == 899_976
    assert connection_rate_ppm(minutes_received=0, minutes=0) is None
    with pytest.raises(ValueError, match="minutes"):
        connection_rate_ppm(minutes_received=2, minutes=1)


def test_what_a_buffer_held_back_trips_but_opens_nothing_less():
    standing, _ = told([hot(600, 20_000)])

    unmoved, nothing = observe(standing, hot(60, 59_999), limits=NMC)
    tripped, events = observe(standing, hot(60, 60_000), limits=NMC)
    again, no_more = observe(tripped, hot(120, 60_000), limits=NMC)

    assert (unmoved, nothing) == (standing, ())
    assert [(event.signal, event.level, event.at) for event in events] == [(Signal.TEMPERATURE, Level.TRIP, at(60))]
    assert tripped.blocked
    assert tripped.seen_at == at(600)
    assert (again, no_more) == (tripped, ())


def test_a_trip_whose_cause_lasts_is_not_cleared():
    standing, _ = told([hot(0, 61_000)])

    with pytest.raises(TripLasts) as caught:
        clear_trip(standing, Signal.TEMPERATURE, by="김운영", at=at(60), limits=NMC)
    assert caught.value.facts == {"signal": "temperature_mc", "value": 61_000}
    inside_the_band, _ = observe(standing, hot(60, 58_500), limits=NMC)
    with pytest.raises(TripLasts):
        clear_trip(inside_the_band, Signal.TEMPERATURE, by="김운영", at=at(61), limits=NMC)
    cooled, _ = observe(standing, hot(60, 57_999), limits=NMC)
    cleared, _ = clear_trip(cooled, Signal.TEMPERATURE, by="김운영", at=at(61), limits=NMC)
    assert not cleared.blocked


def test_a_silence_is_cleared_once_the_pack_speaks_or_need_not_speak():
    silent, _ = tick(told([hot(0, 20_000)])[0], at(3_600), limits=NMC)

    with pytest.raises(TripLasts):
        clear_trip(silent, Signal.GAP, by="김운영", at=at(3_700), limits=NMC)
    gone, _ = clear_trip(silent, Signal.GAP, by="김운영", at=at(3_700), limits=NMC, heard_of=False)
    heard, _ = observe(silent, hot(3_700, 20_000), limits=NMC)
    cleared, _ = clear_trip(heard, Signal.GAP, by="김운영", at=at(3_701), limits=NMC)

    assert heard.blocked
    assert (gone.blocked, cleared.blocked) == (False, False)


def test_a_person_may_say_that_a_pack_tripped():
    standing, event = report_trip(CALM, at=START)
    again, repeated = report_trip(standing, at=at(60))

    assert (event.signal, event.change, event.level) == (Signal.REPORTED, Change.OPENED, Level.TRIP)
    assert repeated.change is Change.WORSENED
    assert again.blocked
    cleared, _ = clear_trip(again, Signal.REPORTED, by="김운영", at=at(120), limits=NMC)
    assert not cleared.blocked


def test_the_management_systems_own_protection_trips():
    standing, events = observe(CALM, Sample(at=START, protection=3), limits=LFP)

    assert [(event.signal, event.level) for event in events] == [(Signal.PROTECTION, Level.TRIP)]
    assert standing.blocked


def test_a_chemistry_without_figures_of_its_own_is_watched_by_what_all_share():
    limits = limits_of("LTO")

    standing, events = observe(CALM, Sample(at=START, cell_max_mv=9_000, temperature_max_mc=60_000), limits=limits)

    assert [event.signal for event in events] == [Signal.TEMPERATURE]
    assert Signal.CELL_HIGH not in standing.watches
    assert limits_of("NMC") == NMC


def warming(*celsius, ma=10_000, every_s=60, currents=None):
    """Samples a minute apart of a pack of 100 Ah, by their warmest sensor; the load is steady unless told."""
    told = currents or [ma] * len(celsius)
    return [
        Sample(
            at=START + timedelta(seconds=every_s * place),
            temperature_max_mc=round(one * 1_000),
            current_ma=current,
            steady_ma=5_000,
        )
        for place, (one, current) in enumerate(zip(celsius, told, strict=True))
    ]


def rises(samples):
    _, events = watch_all(samples, limits=LIMITS[Chemistry.NMC])
    return [(one.change.value, one.level.name, one.value) for one in events if one.signal is Signal.TEMPERATURE_RISE]


def test_a_pack_that_warms_too_fast_under_a_steady_load_warns_after_its_dwell():
    assert rises(warming(25, 25.6)) == []
    assert rises(warming(25, 25.6, 26.2)) == [("opened", "WARN", 600)]
    assert rises(warming(25, 25.4, 25.8, 26.2)) == []


def test_three_kelvins_in_a_minute_trip_at_once_and_stay():
    assert rises(warming(25, 28, 28, 28, 28, 28, 28, 28, 28)) == [("opened", "TRIP", 3_000)]


def test_a_warning_goes_once_the_pack_has_not_warmed_for_long_enough():
    found = rises(warming(25, 26, 27, *[27] * 7))

    assert found == [("opened", "ALARM", 1_000), ("cleared", "NORMAL", 0)]


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(warming(25, 29, currents=[0, 50_000]), id="another load"),
        pytest.param(warming(25, 29, currents=[None, 10_000]), id="no current before"),
        pytest.param(warming(25, 40, every_s=301), id="too far apart"),
    ],
)
def test_a_rise_is_not_said_where_two_samples_do_not_tell_it(samples):
    assert rises(samples) == []


def test_a_rise_over_several_minutes_is_told_a_minute():
    assert rises(warming(25, 40, every_s=300)) == [("opened", "TRIP", 3_000)]
