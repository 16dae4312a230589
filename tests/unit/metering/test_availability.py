"""A slot counts if its packs say that they could deliver; what is not known is not available."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.metering.availability import Availability, Promise, availability, slot_readiness
from domain.metering.telemetry import Flag, TelemetryHour, TelemetrySignal
from domain.shared.identifiers import PackId
from domain.shared.time import Interval

A, B = PackId(UUID(int=1)), PackId(UUID(int=2))
START = datetime(2026, 6, 30, 15, tzinfo=UTC)
HOUR = Interval(start_at=START, end_at=START + timedelta(hours=1))
ALWAYS = (Interval(start_at=START, end_at=None),)


def hour(ready, *, flags=None, pack=A, at=START):
    """Lay four slots of ready power out, minute by minute; a callable says each minute's."""
    places = [ready(minute) if callable(ready) else ready[minute // 15] for minute in range(60)]
    return TelemetryHour(
        pack_id=pack,
        hour_at=at,
        received=(1 << 60) - 1,
        values={
            TelemetrySignal.POWER_READY: tuple(places),
            TelemetrySignal.FLAGS: tuple(flags or [0] * 60),
        },
    )


def judged(*hours, power_w=100_000, packs=None, span=HOUR, promised=None):
    kept = {}
    for one in hours:
        kept.setdefault(one.pack_id, []).append(one)
    promise = Promise(power_w=power_w, span=promised or HOUR, packs=packs or {A: ALWAYS})
    return availability([promise], kept, span=span)


def test_a_slot_is_available_from_nine_tenths_of_the_promise_on():
    found = judged(hour([90_000, 89_999, 100_000, 0]))

    assert found == Availability(available=2, unavailable=2, unknown=0, ppm=500_000)
    assert found.slots == 4


def test_the_weakest_minute_counts_and_one_minute_may_be_missing():
    assert slot_readiness([hour(lambda minute: 1_000 - minute)]) == {
        START + timedelta(minutes=first): 1_000 - first - 14 for first in (0, 15, 30, 45)
    }
    assert slot_readiness([hour(lambda minute: None if minute == 3 else 7)])[START] == 7
    assert START not in slot_readiness([hour(lambda minute: None if minute in (3, 4) else 7)])


@pytest.mark.parametrize("flag", [Flag.PROTECTION, Flag.DISCHARGE_INHIBITED])
def test_a_pack_that_may_not_discharge_is_ready_for_nothing(flag):
    found = judged(hour([100_000] * 4, flags=[0] * 59 + [int(flag)]))

    assert (found.available, found.unavailable) == (3, 1)


def test_what_was_not_heard_is_unknown_and_not_available():
    found = judged(hour([100_000, 100_000, None, None]))

    assert found == Availability(available=2, unavailable=0, unknown=2, ppm=500_000)
    assert judged() == Availability(available=0, unavailable=0, unknown=4, ppm=0)


def test_packs_of_a_promise_deliver_together():
    both = {A: ALWAYS, B: ALWAYS}

    assert judged(hour([50_000] * 4), hour([45_000] * 4, pack=B), packs=both).available == 4
    assert judged(hour([50_000] * 4), packs=both).unknown == 4
    assert judged(hour([95_000] * 4), packs=both).available == 4


def test_a_pack_that_was_suspended_could_not_deliver():
    until = START + timedelta(minutes=31)
    spans = (Interval(start_at=START, end_at=until), Interval(start_at=until, end_at=START + timedelta(minutes=46)))

    found = judged(hour([100_000] * 4), packs={A: spans})

    assert (found.available, found.unavailable, found.unknown) == (3, 1, 0)


def test_only_the_slots_of_the_term_and_of_what_is_over_count():
    half = Interval(start_at=START + timedelta(minutes=30), end_at=START + timedelta(minutes=59))

    assert judged(hour([100_000] * 4), span=half).slots == 1
    assert judged(hour([100_000] * 4), promised=Interval(start_at=half.start_at, end_at=None)).slots == 2
    assert availability([], {}, span=HOUR).ppm is None
