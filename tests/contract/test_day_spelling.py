"""When a day's values came is spelled shortly, and is read as it was."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import day_spelling
from adapters.postgres.day_spelling import SpelledFills, read_fills, read_values, spell_fill, spell_fills
from domain.metering.model import Fill


@pytest.mark.parametrize("seed", range(20))
def test_a_settled_day_is_spelled_in_about_two_bytes_a_value_and_read_as_it_was(seed):
    chance = random.Random(seed)
    day = date(2026, 7, 1)
    end = datetime(2026, 6, 30, 15, 15, tzinfo=UTC)
    came = [
        Fill(at=end + timedelta(minutes=15 * s, milliseconds=chance.randrange(4_000)), slots=(s,)) for s in range(96)
    ]
    fills = tuple(came)
    for _ in range(seed % 4):
        place = chance.randrange(95)
        odd = Fill(at=end + timedelta(microseconds=chance.randrange(10**12)), slots=(place, place + 1))
        fills = (*fills[:place], odd, *fills[place + 1 :])

    spelled = spell_fills(fills, day, 96)

    assert read_fills(spelled, day, 96) == fills
    assert read_fills(b"".join(spell_fill(fill, day) for fill in fills), day, 96) == fills
    assert len(spelled) < 96 * 12 // 8 + 60


def test_fills_that_are_read_once_somebody_asks_are_what_was_spelled(monkeypatch):
    day, end = date(2026, 7, 1), datetime(2026, 6, 30, 15, 15, tzinfo=UTC)
    fills = tuple([Fill(at=end + timedelta(minutes=15 * slot), slots=(slot,)) for slot in range(9)])
    spelled = spell_fills(fills, day, 96)
    read = []
    monkeypatch.setattr(day_spelling, "read_fills", lambda *said: read.append(said) or read_fills(*said))

    lazy, other = SpelledFills(spelled, day, 96), SpelledFills(spelled, day, 96)
    assert not read

    assert (lazy, fills) == (fills, lazy)
    assert lazy == other
    assert lazy != fills[1:]
    assert (len(lazy), lazy[0], lazy[1:], tuple(lazy)) == (9, fills[0], fills[1:], fills)
    assert (hash(lazy), repr(lazy)) == (hash(fills), repr(fills))
    assert len(read) == 2, "each is read once"


@pytest.mark.parametrize(
    "values",
    [
        (0,) * 96,
        tuple(range(1440)),
        (None,) * 24,
        (2**31 - 1, None, -1, 0, None),
        (1, 2, None),
    ],
    ids=["a day", "minutes", "nothing", "the widest and holes", "the last is missing"],
)
async def test_values_are_read_as_the_server_sends_them(values, engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        sent = await connection.scalar(text("select array_send(cast(:values as int4[]))"), {"values": list(values)})

    assert read_values(sent) == values
