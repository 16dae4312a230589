"""Estimates by named rules, and corrections with a reason."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.metering.errors import NothingToEstimate, SlotEmpty
from domain.metering.estimates import accepted, corrected, gaps, propose, same_type, scaled_to
from domain.metering.model import (
    DayBlock,
    EstimateRule,
    Fill,
    Mark,
    Quality,
    Quantity,
    ReadingSource,
    RevisionReason,
)
from domain.shared.identifiers import ChannelId

DAY = date(2026, 7, 15)
NOW = datetime(2026, 8, 1, tzinfo=UTC)
CHANNEL = ChannelId(1)


def day_with(gap, *, value=100, **others):
    values = [value] * 96
    for index in gap:
        values[index] = None
    for name, other in others.items():
        values[int(name.removeprefix("at"))] = other
    return tuple(values)


def proposed(values, *, quantity=Quantity.LOAD, before=None, after=None, like_days=None):
    return propose(DAY, values, quantity=quantity, before=before, after=after, like_days=like_days or {})


def test_gaps_are_runs_of_empty_slots():
    assert gaps(day_with([0, 1, 5, 94, 95])) == ((0, 2), (5, 6), (94, 96))
    assert gaps((1,) * 96) == ()


def test_a_short_gap_is_drawn_straight_between_its_neighbours():
    (found,) = proposed(day_with([10, 11, 12], at9=100, at13=140))

    assert found.rule is EstimateRule.LINEAR
    assert found.values[9:14] == (None, 110, 120, 130, None)
    assert found.basis == "10-12: 100, 140"


def test_a_gap_at_midnight_goes_by_the_neighbouring_days():
    (found,) = proposed(day_with([0, 95], at1=30, at94=7), before=10, after=9)

    assert (found.values[0], found.values[95]) == (20, 8)


def test_a_longer_gap_takes_the_latest_like_day():
    like = {date(2026, 7, 8): (7,) * 96, date(2026, 7, 14): (8,) * 96}

    (found,) = proposed(day_with(range(20, 29)), like_days=like)

    assert (found.rule, found.basis) == (EstimateRule.LIKE_DAY, "2026-07-14")
    assert found.values[19:30] == (None, *(8,) * 9, None)


def test_nothing_is_made_up_without_anything_to_go_by():
    for values in (day_with([]), day_with(range(20, 29)), day_with([0])):
        with pytest.raises(NothingToEstimate):
            proposed(values)
    with pytest.raises(NothingToEstimate):
        proposed(day_with(range(20, 29)), quantity=Quantity.STORAGE_CHARGE, like_days={DAY: (8,) * 96})


def test_a_day_is_like_one_of_its_own_type():
    assert same_type(date(2026, 7, 15), date(2026, 7, 13))
    assert not same_type(date(2026, 7, 15), date(2026, 7, 18))
    assert not same_type(date(2026, 7, 18), date(2026, 7, 19))


@given(weights=st.lists(st.integers(0, 1000), min_size=1, max_size=96), total=st.integers(0, 10**6))
def test_an_estimate_scaled_to_a_register_sums_to_it(weights, total):
    values = (*weights, *(None,) * (96 - len(weights)))

    found = scaled_to(values, total)

    assert sum(value for value in found if value is not None) == total
    assert [value is None for value in found] == [value is None for value in values]


def test_what_cannot_be_scaled_is_refused():
    with pytest.raises(ValueError, match="scaled"):
        scaled_to((None,) * 96, 5)


def block(values, **changes):
    made = DayBlock(
        channel_id=CHANNEL,
        day=DAY,
        revision=0,
        values=values,
        quality=Quality.MEASURED,
        source=ReadingSource.API,
        recorded_at=datetime(2026, 7, 16, tzinfo=UTC),
    )
    return replace(made, **changes)


def test_an_accepted_estimate_is_a_marked_revision_and_leaves_readings_alone():
    kept = block(day_with([10, 11]), fills=(Fill(at=NOW, slots=(3,)),))
    values = tuple(7 if index in (9, 10, 11) else None for index in range(96))

    found = accepted(kept, values, channel_id=CHANNEL, day=DAY, now=NOW)

    assert found.values[8:13] == (100, 100, 7, 7, 100)
    assert found.marks == (Mark(slot=10, quality=Quality.ESTIMATED), Mark(slot=11, quality=Quality.ESTIMATED))
    assert (found.revision, found.reason, found.recorded_at, found.fills) == (1, RevisionReason.ESTIMATE, NOW, ())


def test_an_estimate_for_a_day_that_is_full_meanwhile_changes_nothing():
    assert accepted(block(day_with([])), (7,) * 96, channel_id=CHANNEL, day=DAY, now=NOW) is None


def test_a_day_of_which_nothing_is_known_can_be_estimated():
    found = accepted(None, (7,) * 96, channel_id=CHANNEL, day=DAY, now=NOW)

    assert (found.revision, len(found.marks)) == (1, 96)


def test_a_correction_is_a_revision_with_its_reason():
    kept = block(day_with([5]), marks=(Mark(slot=3, quality=Quality.ESTIMATED),))

    found = corrected(kept, {3: 9, 4: 8}, reason=RevisionReason.MANUAL, now=NOW)

    assert found.values[2:6] == (100, 9, 8, None)
    assert found.marks == (Mark(slot=3, quality=Quality.CORRECTED), Mark(slot=4, quality=Quality.CORRECTED))
    assert (found.revision, found.reason) == (1, RevisionReason.MANUAL)


def test_a_missing_slot_is_not_corrected():
    with pytest.raises(SlotEmpty):
        corrected(block(day_with([5])), {5: 9}, reason=RevisionReason.MANUAL, now=NOW)
    for changes in ({96: 1}, {1: -1}):
        with pytest.raises(ValueError, match="correction"):
            corrected(block(day_with([])), changes, reason=RevisionReason.MANUAL, now=NOW)
