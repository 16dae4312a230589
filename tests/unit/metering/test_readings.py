"""How readings meet kept ones."""

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.metering.model import (
    DayBlock,
    DayValues,
    Fill,
    Mark,
    Quality,
    Quantity,
    QuantitySeries,
    ReadingSource,
    RevisionReason,
    SiteSeries,
)
from domain.metering.readings import NO_VALUES, Merged, known, merge, total, unbalanced_slots
from domain.shared.identifiers import ChannelId

DAY = date(2026, 7, 1)
NOW = datetime(2026, 7, 2, tzinfo=UTC)
CHANNEL = ChannelId(3)


def day_of(*first: int | None) -> DayValues:
    return first + (None,) * (96 - len(first))


def kept(values: DayValues, *, revision: int = 0) -> DayBlock:
    return DayBlock(
        channel_id=CHANNEL,
        day=DAY,
        revision=revision,
        values=values,
        quality=Quality.MEASURED,
        source=ReadingSource.SITE_FILE,
        recorded_at=NOW,
    )


def met(before: DayBlock | None, offered: DayValues, *, tolerance: int = 0, frozen: bool = False) -> Merged:
    return merge(
        before,
        offered,
        channel_id=CHANNEL,
        day=DAY,
        tolerance=tolerance,
        frozen=frozen,
        source=ReadingSource.SITE_FILE,
        now=NOW,
    )


def test_a_new_day_is_taken_whole():
    outcome = met(None, day_of(5, None, 0))

    assert outcome.block == kept(day_of(5, None, 0))
    assert (outcome.accepted, outcome.filled, outcome.duplicate, outcome.conflicting) == (2, 0, 0, 0)


def test_a_day_without_any_value_is_not_stored():
    assert met(None, NO_VALUES).block is None


def test_an_equal_day_changes_nothing_and_is_counted():
    outcome = met(kept(day_of(5, None, 0)), day_of(5, None, 0))

    assert outcome.block is None
    assert outcome.duplicate == 2


def test_a_gap_is_filled_in_place():
    outcome = met(kept(day_of(5, None, 0)), day_of(None, 7))

    assert outcome.block == replace(kept(day_of(5, 7, 0)), fills=(Fill(at=NOW, slots=(1,)),))
    assert (outcome.accepted, outcome.filled) == (1, 1)


def test_another_value_is_put_aside_and_changes_nothing():
    outcome = met(kept(day_of(5, 6)), day_of(9, 6))

    assert outcome.block is None
    assert outcome.put_aside == day_of(9)
    assert (outcome.duplicate, outcome.conflicting) == (1, 1)


def test_zero_is_a_value_and_not_a_gap():
    assert met(kept(day_of(0)), day_of(4)).conflicting == 1


def test_one_wh_either_way_is_the_same_reading_where_fractions_were_carried():
    outcome = met(kept(day_of(5, 5, 5)), day_of(4, 6, 7), tolerance=1)

    assert (outcome.duplicate, outcome.conflicting) == (2, 1)


def test_what_is_filled_after_a_freeze_is_a_new_revision():
    def late(values: DayValues, revision: int) -> DayBlock:
        return replace(kept(values, revision=revision), reason=RevisionReason.LATE)

    assert met(None, day_of(5), frozen=True).block == late(day_of(5), 1)
    assert met(kept(day_of(5)), day_of(None, 6), frozen=True).block == late(day_of(5, 6), 1)
    assert met(kept(day_of(5, 6), revision=1), day_of(5, 6, 7), frozen=True).block == late(day_of(5, 6, 7), 2)


def test_a_reading_takes_an_estimates_place_as_a_new_revision():
    marks = (Mark(slot=0, quality=Quality.ESTIMATED), Mark(slot=1, quality=Quality.ESTIMATED))
    estimated = replace(kept(day_of(5, 6, 7), revision=1), marks=marks, reason=RevisionReason.ESTIMATE)

    outcome = met(estimated, day_of(50, None, 7))

    assert outcome.block == replace(kept(day_of(50, 6, 7), revision=2), marks=marks[1:], reason=RevisionReason.ACTUAL)
    assert (outcome.accepted, outcome.filled, outcome.duplicate, outcome.conflicting) == (1, 0, 1, 0)


def test_a_reading_that_equals_the_estimate_is_a_reading_from_then_on():
    estimated = replace(kept(day_of(5)), marks=(Mark(slot=0, quality=Quality.ESTIMATED),))

    outcome = met(estimated, day_of(5))

    assert outcome.block == replace(kept(day_of(5), revision=1), reason=RevisionReason.ACTUAL)


VALUES = st.lists(st.one_of(st.none(), st.integers(0, 2**31 - 1)), min_size=96, max_size=96).map(tuple)


@settings(deadline=None)  # a busy machine is no slow rule
@given(whole=VALUES, parts=st.lists(st.sets(st.integers(0, 95)), max_size=6), order=st.randoms())
def test_parts_in_any_order_and_again_store_the_same_day(whole, parts, order):
    offers = [whole] + [tuple(v if i in part else None for i, v in enumerate(whole)) for part in parts]
    order.shuffle(offers)

    block, accepted, conflicting = None, 0, 0
    for offered in offers + offers:
        outcome = met(block, offered)
        block = outcome.block or block
        accepted += outcome.accepted
        conflicting += outcome.conflicting

    stored = NO_VALUES if block is None else block.values
    assert stored == whole
    assert total((stored,)) == total((whole,))
    assert (accepted, conflicting) == (known(whole), 0)


def series_of(**columns: DayValues) -> SiteSeries:
    return SiteSeries(
        quantities=tuple(
            QuantitySeries(quantity=Quantity(name), days={DAY: values}, rounded=False)
            for name, values in columns.items()
        ),
        intervals=96,
        duplicate_rows=0,
        blank_cells=0,
        first_at=NOW,
        last_at=NOW,
    )


def test_meters_that_disagree_beyond_rounding_are_counted():
    nothing = day_of(0, 0, 0)
    series = series_of(
        load=day_of(1_000, 1_000, 1_000),
        pv=nothing,
        storage_charge=nothing,
        storage_discharge=nothing,
        grid_import=day_of(1_000, 1_004, 1_100),
        grid_export=nothing,
    )

    assert unbalanced_slots(series) == 1


def test_a_file_with_fewer_meters_is_not_judged():
    assert unbalanced_slots(series_of(load=day_of(1_000), grid_import=day_of(5))) == 0
