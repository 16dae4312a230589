"""Readings in steps, by day and hour, and as they were known."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.metering.errors import ResolutionTooFine
from domain.metering.model import DayBlock, Fill, Mark, Quality, Quantity, ReadingSource
from domain.metering.readings import merge
from domain.metering.series import (
    MatrixRow,
    Resolution,
    StepColumns,
    columns,
    known_at,
    matrix,
    step_starts,
    steps,
    unmeasured_slots,
)
from domain.shared.identifiers import ChannelId
from domain.shared.time import SEOUL

DAY = date(2026, 7, 31)
NEXT = date(2026, 8, 1)
START = datetime(2026, 7, 30, 15, tzinfo=UTC)
VALUES = tuple(None if index == 5 else index for index in range(96))


def stepped(resolution, days=None, quantity=Quantity.PV, until_on=NEXT):
    return steps(
        {DAY: VALUES} if days is None else days,
        quantity=quantity,
        resolution=resolution,
        first_on=DAY,
        until_on=until_on,
    )


def test_a_step_sums_what_was_received_and_counts_what_was_not():
    found = stepped(Resolution.HOUR)

    assert (found.values[:2], found.missing[:2]) == ([0 + 1 + 2 + 3, 4 + 6 + 7], [0, 1])
    assert sum(value or 0 for value in found.values) == sum(range(96)) - 5
    assert (found.missing, found.unmeasured) == ([0, 1, *(0,) * 22], [0] * 24)
    assert stepped(Resolution.DAY).values == [sum(range(96)) - 5]
    assert stepped(Resolution.MINUTES_15) == StepColumns(
        values=list(VALUES), missing=[int(value is None) for value in VALUES], unmeasured=[0] * 96
    )
    assert len(stepped(Resolution.MINUTES_30).values) == 48


@pytest.mark.parametrize(
    ("resolution", "starts"),
    [
        (Resolution.MINUTES_15, [START + timedelta(minutes=15 * number) for number in range(192)]),
        (Resolution.HOUR, [START + timedelta(hours=number) for number in range(48)]),
        (Resolution.DAY, [START, START + timedelta(days=1)]),
        (Resolution.MONTH, [START, START + timedelta(days=1)]),
    ],
)
def test_steps_begin_where_the_days_of_seoul_do(resolution, starts):
    until_on = date(2026, 8, 2)

    assert list(step_starts(resolution, first_on=DAY, until_on=until_on)) == starts
    assert len(stepped(resolution, until_on=until_on).values) == len(starts)


def test_months_begin_on_their_first_day_and_the_stretch_on_its_own():
    starts = step_starts(Resolution.MONTH, first_on=date(2026, 7, 30), until_on=date(2026, 9, 2))

    assert [at.astimezone(SEOUL).date() for at in starts] == [date(2026, 7, 30), NEXT, date(2026, 9, 1)]


def test_a_day_without_a_reading_is_missing_and_not_zero():
    found = stepped(Resolution.DAY, until_on=date(2026, 8, 2))

    assert (found.values[1], found.missing[1]) == (None, 96)


def test_a_step_says_how_much_of_it_was_not_measured():
    found = steps(
        {DAY: (1,) * 96},
        quantity=Quantity.PV,
        resolution=Resolution.HOUR,
        first_on=DAY,
        until_on=NEXT,
        unmeasured={DAY: (4, 5, 95), NEXT: (0,)},
    )

    assert found.unmeasured == [0, 2, *(0,) * 21, 1]


def test_marked_slots_and_whole_suspect_days_are_not_measured():
    marked = replace(block((1,) * 96), marks=(Mark(slot=3, quality=Quality.ESTIMATED),))
    suspect = replace(block((None, 1) + (None,) * 94), quality=Quality.SUSPECT)

    assert unmeasured_slots({(1, DAY): marked, (2, DAY): suspect, (3, DAY): block((1,) * 96)}) == {
        1: {DAY: (3,)},
        2: {DAY: (1,)},
    }


def test_months_are_cut_where_seoul_cuts_them():
    days = {DAY: (1,) * 96, NEXT: (2,) * 96}

    found = stepped(Resolution.MONTH, days, until_on=date(2026, 8, 3))

    assert (found.values, found.missing) == ([96, 192], [0, 96])


def test_a_state_of_charge_is_that_of_the_steps_end():
    assert stepped(Resolution.HOUR, quantity=Quantity.STORAGE_SOC).values[0] == 3
    ends_missing = {DAY: (1, 2, 3, None) + (0,) * 92}
    assert stepped(Resolution.HOUR, ends_missing, quantity=Quantity.STORAGE_SOC).values[0] is None


def test_nothing_is_made_up_between_slots():
    with pytest.raises(ResolutionTooFine):
        stepped(Resolution.MINUTES_5)


def test_an_hour_with_a_gap_has_no_figure_in_the_matrix():
    found = matrix({DAY: VALUES}, [DAY, NEXT])

    assert found[0].hours[:3] == (6, None, 8 + 9 + 10 + 11)
    assert found[1] == MatrixRow(day=NEXT, hours=(None,) * 24)


def test_a_quantity_that_is_not_metered_is_zero_and_a_missing_day_is_not():
    found = columns({Quantity.PV: {}, Quantity.LOAD: {DAY: VALUES}}, first_on=DAY, until_on=NEXT)

    assert (found.pv[0], found.charge[0], found.load[7]) == (None, 0, 7)


NOON = datetime(2026, 8, 1, 3, tzinfo=UTC)


def block(values, *, fills=(), revision=0):
    return DayBlock(
        channel_id=ChannelId(1),
        day=DAY,
        revision=revision,
        values=values,
        quality=Quality.MEASURED,
        source=ReadingSource.API,
        recorded_at=NOON,
        fills=fills,
    )


def test_what_was_filled_later_was_not_known_before():
    filled = merge(
        block((1, None, None) + (4,) * 93),
        (None, 2, 3) + (None,) * 93,
        channel_id=ChannelId(1),
        day=DAY,
        tolerance=0,
        frozen=False,
        source=ReadingSource.API,
        now=NOON + timedelta(hours=2),
    ).block

    assert filled is not None
    assert (filled.recorded_at, filled.fills) == (NOON, (Fill(at=NOON + timedelta(hours=2), slots=(1, 2)),))
    before = known_at(filled, NOON + timedelta(hours=1))
    assert before is not None
    assert (before.values[:4], before.fills) == ((1, None, None, 4), ())
    assert known_at(filled, NOON + timedelta(hours=2)) == filled
    assert known_at(filled, NOON - timedelta(seconds=1)) is None


def test_after_a_freeze_what_is_filled_is_a_revision_of_its_own_moment():
    later = NOON + timedelta(days=40)
    revised = merge(
        block((1,) + (None,) * 95),
        (1, 2) + (None,) * 94,
        channel_id=ChannelId(1),
        day=DAY,
        tolerance=0,
        frozen=True,
        source=ReadingSource.API,
        now=later,
    ).block

    assert revised is not None
    assert (revised.revision, revised.recorded_at, revised.fills) == (1, later, ())
