"""Minutes are read, merged once each, and counted into KESCO's connection rate and its gaps."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.metering.telemetry import (
    BOUNDS,
    Flag,
    Gap,
    OfferedMinute,
    Rate,
    Received,
    RejectedMinute,
    TelemetryMinute,
    TelemetryRejection,
    TelemetrySignal,
    WatchedPack,
    connection,
    connection_span,
    merge,
    offered,
    sample_of,
)
from domain.shared.identifiers import PackId
from domain.shared.time import Interval, day_start

PACK = PackId(UUID(int=5))
NOW = datetime(2026, 7, 10, 3, 0, 30, tzinfo=UTC)
SOC = TelemetrySignal.SOC


def read(at="2026-07-10T12:00:00+09:00", **values):
    said = {TelemetrySignal(name): value for name, value in values.items()}
    return offered("line 1", PACK, at, said, now=NOW)


def test_a_minute_is_read_in_utc_and_what_it_does_not_say_is_left_out():
    found = read(soc_bp=5_000, flags=0, voltage_mv=None)

    assert found == OfferedMinute(
        place="line 1",
        minute=TelemetryMinute(
            pack_id=PACK,
            at=datetime(2026, 7, 10, 3, tzinfo=UTC),
            values={SOC: 5_000, TelemetrySignal.FLAGS: 0},
        ),
    )


@pytest.mark.parametrize(
    ("at", "values", "reason"),
    [
        ("2026-07-10T12:00:00", {"soc_bp": 1}, TelemetryRejection.TIME_MALFORMED),
        ("yesterday", {"soc_bp": 1}, TelemetryRejection.TIME_MALFORMED),
        ("0001-01-01T00:00:00+09:00", {"soc_bp": 1}, TelemetryRejection.TIME_MALFORMED),
        ("2026-07-10T12:00:01+09:00", {"soc_bp": 1}, TelemetryRejection.OFF_THE_MINUTE),
        ("2026-07-10T12:06:00+09:00", {"soc_bp": 1}, TelemetryRejection.IN_THE_FUTURE),
        ("2026-07-10T12:00:00+09:00", {}, TelemetryRejection.EMPTY),
        ("2026-07-10T12:00:00+09:00", {"soc_bp": None}, TelemetryRejection.EMPTY),
        ("2026-07-10T12:00:00+09:00", {"soc_bp": 10_001}, TelemetryRejection.OUT_OF_RANGE),
        ("2026-07-10T12:00:00+09:00", {"voltage_mv": -1}, TelemetryRejection.OUT_OF_RANGE),
        ("2026-07-10T12:00:00+09:00", {"flags": 32}, TelemetryRejection.OUT_OF_RANGE),
        ("2026-07-10T12:00:00+09:00", {"cell_min_mv": 10**30}, TelemetryRejection.OUT_OF_RANGE),
        (
            "2026-07-10T12:00:00+09:00",
            {"cell_min_mv": 4_000, "cell_max_mv": 3_999},
            TelemetryRejection.LEAST_ABOVE_MOST,
        ),
    ],
)
def test_what_is_no_minute_is_rejected_by_its_reason(at, values, reason):
    assert read(at, **values) == RejectedMinute(place="line 1", reason=reason)


def test_clocks_may_run_five_minutes_ahead():
    assert isinstance(read("2026-07-10T12:05:00+09:00", soc_bp=1), OfferedMinute)


def minute(number, **values):
    said = {TelemetrySignal(name): value for name, value in values.items()} or {SOC: number % 10_000}
    at = day_start(date(2026, 7, 1)) + timedelta(minutes=number)
    return OfferedMinute(place=f"minutes[{number}]", minute=TelemetryMinute(pack_id=PACK, at=at, values=said))


def stored(merged, kept=None):
    return {**(kept or {}), **{(hour.pack_id, hour.hour_at): hour for hour in merged.hours}}


def test_the_same_again_is_counted_and_something_else_changes_nothing():
    first = merge({}, [minute(1, soc_bp=10), minute(2, soc_bp=20)])
    kept = stored(first)

    again = merge(kept, [minute(1, soc_bp=10), minute(2, soc_bp=21), minute(2, soc_bp=20, flags=0), minute(3)])

    assert [one.at.minute for one in again.accepted] == [3]
    assert again.duplicate == 1
    assert [one.minute.values for one in again.conflicting] == [
        {SOC: 21},
        {SOC: 20, TelemetrySignal.FLAGS: 0},
    ]
    (hour,) = again.hours
    assert hour.said(2) == {SOC: 20}
    assert hour.received == 0b1110


def test_a_body_that_disagrees_with_itself_keeps_what_came_first():
    merged = merge({}, [minute(1, soc_bp=10), minute(1, soc_bp=11), minute(1, soc_bp=10)])

    assert (len(merged.accepted), merged.duplicate, len(merged.conflicting)) == (1, 1, 1)
    assert merged.hours[0].said(1) == {SOC: 10}


@given(st.permutations([minute(number) for number in range(0, 200, 7)]), st.integers(1, 5))
def test_any_order_any_split_and_any_repetition_keep_the_same(order, parts):
    kept = {}
    accepted = duplicate = 0
    size = -(-len(order) // parts)
    for start in range(0, len(order), size):
        part = order[start : start + size]
        for sent in (part, part[::-1]):
            merged = merge(kept, sent)
            kept = stored(merged, kept)
            accepted, duplicate = accepted + len(merged.accepted), duplicate + merged.duplicate

    assert (accepted, duplicate) == (len(order), len(order))
    assert [one for key in sorted(kept) for one in kept[key].minutes()] == [
        one.minute for one in sorted(order, key=lambda one: one.minute.at)
    ]


WATCHED = WatchedPack(
    pack_id=PACK,
    model="SH-BUS 209",
    chemistry="NMC",
    nominal_voltage_mv=600_000,
    rated_capacity_mah=100_000,
    service=(),
    in_use=True,
)


@pytest.mark.parametrize(
    ("current_ma", "resting", "charging"),
    [(None, False, False), (1_999, True, False), (-1_999, True, False), (2_000, False, True), (-2_000, False, False)],
)
def test_a_current_below_a_fiftieth_of_the_capacity_is_a_rest(current_ma, resting, charging):
    values = {} if current_ma is None else {TelemetrySignal.CURRENT: current_ma}

    sample = sample_of(TelemetryMinute(pack_id=PACK, at=NOW, values=values), WATCHED)

    assert (sample.resting, sample.charging) == (resting, charging)


@pytest.mark.parametrize(
    ("flags", "judged"),
    [
        (0, 0),
        (Flag.CHARGE_INHIBITED, 0),
        (Flag.WARNING, 1),
        (Flag.ALARM | Flag.WARNING, 2),
        (Flag.PROTECTION | Flag.ALARM, 3),
    ],
)
def test_the_management_systems_own_judgement_is_heard(flags, judged):
    said = TelemetryMinute(pack_id=PACK, at=NOW, values={TelemetrySignal.FLAGS: int(flags)})

    assert sample_of(said, WATCHED).protection == judged


@pytest.mark.parametrize(
    ("values", "ohm_per_v"), [({}, None), ({"voltage_mv": 500_000}, 600), ({"voltage_mv": 0}, 500), (None, 500)]
)
def test_insulation_is_told_by_the_volt_of_the_minute_or_the_nominal_one(values, ohm_per_v):
    said = {TelemetrySignal(name): value for name, value in (values or {}).items()}
    if values != {}:
        said[TelemetrySignal.INSULATION] = 300_000

    assert sample_of(TelemetryMinute(pack_id=PACK, at=NOW, values=said), WATCHED).insulation_ohm_per_v == ohm_per_v


# ── connection rate ──

JULY = day_start(date(2026, 7, 1))


def at(minutes):
    return JULY + timedelta(minutes=minutes)


def masks(*minutes):
    found = {}
    for number in minutes:
        found[number // 60] = found.get(number // 60, 0) | 1 << number % 60
    return [(JULY + timedelta(hours=hour), bits) for hour, bits in sorted(found.items())]


def laid(*minutes, service=None, first=0, last=1_440):
    served = (Interval(start_at=at(0), end_at=None),) if service is None else service
    return Received(masks(*minutes), service=served, span=Interval(start_at=at(first), end_at=at(last)))


def test_rates_and_gaps_are_of_the_minutes_in_service():
    received = laid(0, 1, 5, 6, 7, 100, service=(Interval(start_at=at(1), end_at=at(10)),))

    assert received.rate(at(0), at(1_440)) == Rate(received=4, minutes=9)
    assert received.rate(at(5), at(8)) == Rate(received=3, minutes=3)
    assert received.gaps(at(0), at(1_440)) == (
        Gap(from_at=at(2), until_at=at(5)),
        Gap(from_at=at(8), until_at=at(10)),
    )
    assert received.gaps(at(3), at(9)) == (Gap(from_at=at(3), until_at=at(5)), Gap(from_at=at(8), until_at=at(9)))


def test_a_service_that_begins_within_a_minute_owes_the_next_one():
    received = laid(11, service=(Interval(start_at=at(10) + timedelta(seconds=1), end_at=at(12)),))

    assert received.rate(at(0), at(60)) == Rate(received=1, minutes=1)
    assert received.gaps(at(0), at(60)) == ()


@given(st.sets(st.integers(0, 299)), st.integers(0, 150), st.integers(151, 300))
def test_gaps_are_just_the_minutes_that_did_not_come(came, first, last):
    received = laid(*came, last=300)

    missing = {number for number in range(first, last) if number not in came}
    gaps = received.gaps(at(first), at(last))

    covered = [int((gap.from_at - JULY).total_seconds() // 60) + n for gap in gaps for n in range(gap.minutes)]
    assert covered == sorted(missing)
    assert all(one.until_at < two.from_at for one, two in pairwise(gaps))
    assert received.rate(at(first), at(last)) == Rate(received=last - first - len(missing), minutes=last - first)


ALL_JULY = (Interval(start_at=JULY, end_at=None),)


def figures(came, now, *, service=ALL_JULY):
    span = connection_span(now)
    return connection(Received(masks(*came), service=service, span=span), service=service, now=now)


def test_a_full_month_has_a_tenth_to_spare_and_nothing_to_fear():
    now = at(10 * 1_440) + timedelta(seconds=30)

    found = figures(range(10 * 1_440), now)

    assert (found.month.ppm, found.today, found.trailing.ppm) == (1_000_000, Rate(received=0, minutes=0), 1_000_000)
    assert (found.month_minutes, found.allowance, found.allowance_left) == (44_640, 4_464, 4_464)
    assert found.falls_below_on is None


def test_the_day_is_named_on_which_the_months_allowance_is_used_up():
    """Half of the last seven days is missing: 5,040 minutes would be more than the 4,464 of July."""
    came = [number for number in range(10 * 1_440) if number < 3 * 1_440 or number % 2]

    found = figures(came, at(10 * 1_440))
    calm = figures([number for number in range(10 * 1_440) if number < 9 * 1_440 or number % 2], at(10 * 1_440))

    assert (found.month.missing, found.allowance_left, found.falls_below_on) == (5_040, -576, date(2026, 7, 11))
    # 720 are missing of 10,080 in seven days; 3,744 + 1 more last 3,745 x 10,080 / 720 minutes, 36 days: after July.
    assert (calm.allowance_left, calm.falls_below_on) == (3_744, None)
    # Two days at a half: 1,440 of 10,080; 3,025 x 7 minutes are 14 days and 17 hours.
    some = figures([number for number in range(10 * 1_440) if number < 8 * 1_440 or number % 2], at(10 * 1_440))
    assert (some.allowance_left, some.falls_below_on) == (3_024, date(2026, 7, 25))


def test_a_month_counts_from_the_day_on_which_the_pack_came():
    service = (Interval(start_at=at(20 * 1_440), end_at=None),)

    found = figures(range(20 * 1_440, 21 * 1_440), at(21 * 1_440), service=service)

    assert (found.month, found.month_minutes, found.allowance) == (Rate(received=1_440, minutes=1_440), 15_840, 1_584)
    assert found.falls_below_on is None


def test_every_signal_has_bounds():
    assert set(BOUNDS) == set(TelemetrySignal)
