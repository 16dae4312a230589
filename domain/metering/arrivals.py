"""How what a sender says is sorted into channels' days: nothing is moved to a grid, guessed, or dropped unnamed."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from domain.metering.model import MINUTES_A_DAY, SLOT_MINUTES, ChannelDay, DayValues, Tick
from domain.metering.registers import SentRead
from domain.shared.identifiers import ChannelId
from domain.shared.time import SLOTS_A_DAY

CLOCK_ALLOWANCE = timedelta(minutes=5)
"""A slot may end this much later than now: clocks of meters are not ours."""

VALUE_MAX = 2**31 - 1
"""The largest value that a slot holds."""

REJECTIONS_NAMED_MAX = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SEOUL = timedelta(hours=9)  # whole slots of every length, so Seoul's days begin on slot borders
FIRST_AT = datetime(2000, 1, 1, tzinfo=UTC)
"""No meter here is older."""

RESOLUTIONS: Mapping[str, int] = {"PT1M": 1, "PT5M": 5, "PT15M": 15, "PT30M": 30, "PT60M": 60, "PT1H": 60}
"""How a sender spells how long its slots last, and how many minutes that is."""

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(Z|z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII
)
_STAMPS_REMEMBERED = 65_536


class Rejection(StrEnum):
    """Why a value is not taken."""

    CHANNEL_UNKNOWN = "channel-unknown"
    RESOLUTION_UNKNOWN = "resolution-unknown"
    RESOLUTION_MISMATCH = "resolution-mismatch"
    CHANNEL_NOT_THERE = "channel-not-there"
    NOT_A_COUNTER = "not-a-counter"
    EPOCH_UNKNOWN = "epoch-unknown"
    MALFORMED = "malformed"
    NOT_AN_INSTANT = "not-an-instant"
    NAIVE_INSTANT = "naive-instant"
    OFF_GRID = "off-grid"
    OUT_OF_RANGE = "out-of-range"
    IN_FUTURE = "in-future"
    BLANK = "blank"
    NEGATIVE = "negative"
    TOO_LARGE = "too-large"
    CONTRADICTORY = "contradictory"


_NOT_AN_INSTANT, _NAIVE, _OFF_GRID = -1, -2, -3
_UNREADABLE = {
    _NOT_AN_INSTANT: Rejection.NOT_AN_INSTANT,
    _NAIVE: Rejection.NAIVE_INSTANT,
    _OFF_GRID: Rejection.OFF_GRID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedValues:
    """Values that are not taken: where they stood in what was sent, why, and how many."""

    place: str
    reason: Rejection
    values: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What was sent, by channel and day. `places` says where each channel was first named.

    A day of quarter-hours of which one value came is among the `ticks` and not among the `days`. `wide` says that
    something came in slots of another length than 15 minutes.
    """

    days: tuple[ChannelDay, ...]
    places: Mapping[ChannelId, str]
    duplicate: int
    rejected: int
    rejections: tuple[RejectedValues, ...]
    ticks: tuple[Tick, ...] = ()
    wide: bool = False
    registers: tuple[SentRead, ...] = ()

    def in_days(self) -> "Arrived":
        """Return the same with every tick as a day."""
        if not self.ticks:
            return self
        days = sorted((*self.days, *[tick.as_day() for tick in self.ticks]), key=_by_day)
        return replace(self, days=tuple(days), ticks=())


@lru_cache(maxsize=_STAMPS_REMEMBERED)
def slot_at(text: str, minutes: int = SLOT_MINUTES) -> int:
    """Return the number of the slot that begins at an RFC 3339 instant, counted in Seoul from 1970; negative if none.

    Stamps repeat from channel to channel, so the last ones are remembered.
    """
    spelt = _INSTANT.fullmatch(text)
    if spelt is None:
        return _NOT_AN_INSTANT
    if spelt.group(1) is None:
        return _NAIVE
    try:
        slot, rest = divmod(datetime.fromisoformat(text.upper()) - _EPOCH + _SEOUL, timedelta(minutes=minutes))
    except (ValueError, OverflowError):
        return _NOT_AN_INSTANT
    return _OFF_GRID if rest else max(slot, 0)


def instant_at(text: str) -> tuple[datetime | None, Rejection | None]:
    """Return an RFC 3339 instant in UTC, or why a text is none."""
    spelt = _INSTANT.fullmatch(text)
    if spelt is None:
        return None, Rejection.NOT_AN_INSTANT
    if spelt.group(1) is None:
        return None, Rejection.NAIVE_INSTANT
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC), None
    except (ValueError, OverflowError):
        return None, Rejection.NOT_AN_INSTANT


class Sorter:
    """Takes series and rows of slots of one length in any order and mixture.

    A value said twice is a duplicate. Two different values for one slot contradict each other: neither
    is taken, so that the order in which they stand does not matter.
    """

    def __init__(self, *, now: datetime, minutes: int = SLOT_MINUTES) -> None:
        width = timedelta(minutes=minutes)
        self._slots_a_day = MINUTES_A_DAY // minutes
        self._first = (FIRST_AT - _EPOCH + _SEOUL) // width
        self._last = (now + CLOCK_ALLOWANCE - _EPOCH + _SEOUL) // width - 1
        self._days: dict[tuple[int, int], list[int | None]] = {}
        self._whole: dict[tuple[int, int], DayValues] = {}
        self._ones: dict[tuple[int, int], tuple[int, int]] = {}
        self._contradicted: set[tuple[int, int]] = set()
        self._places: dict[ChannelId, str] = {}
        self._rejections: list[RejectedValues] = []
        self._duplicate = self._rejected = 0

    def reject(self, place: str, reason: Rejection, *, values: int = 1) -> None:
        """Note values that are not taken."""
        self._rejected += values
        if values and len(self._rejections) < REJECTIONS_NAMED_MAX:
            self._rejections.append(RejectedValues(place=place, reason=reason, values=values))

    def series(self, channel_id: int, start: int, values: Sequence[int | None], *, place: str, plain: bool) -> None:
        """Take values of consecutive slots from slot `start` on; None says nothing.

        `plain` vouches that every value lies between 0 and `VALUE_MAX`; otherwise each is looked at.
        """
        if start < 0:
            self.reject(f"{place}.start", _UNREADABLE[start], values=len(values) - values.count(None))
            return
        self._places.setdefault(ChannelId(channel_id), place)
        if not plain or start < self._first or start + len(values) - 1 > self._last:
            rows = [(channel_id, start + offset, value) for offset, value in enumerate(values)]
            self._take(rows, place=lambda offset: f"{place}.wh[{offset}]", blank=None)
            return
        position, slots_a_day = 0, self._slots_a_day
        day, index = divmod(start, slots_a_day)
        while position < len(values):
            part = values[position : position + slots_a_day - index]
            key = (channel_id, day)
            if len(part) == slots_a_day and not (key in self._days or key in self._whole or key in self._ones):
                self._whole[key] = tuple(part)
            else:
                first, offset = day * slots_a_day + index, position
                rows = [(channel_id, first + step, value) for step, value in enumerate(part)]
                self._take(rows, place=lambda step, offset=offset: f"{place}.wh[{offset + step}]", blank=None)  # type: ignore[misc]
            position += len(part)
            day, index = day + 1, 0

    def rows(self, rows: Iterable[tuple[int, int, int | None]], *, place: Callable[[int], str]) -> None:
        """Take channel, slot and value of each row; `place` names a row by its count from 0."""
        self._take(rows, place=place, blank=Rejection.BLANK)

    def _take(
        self,
        rows: Iterable[tuple[int, int, int | None]],
        *,
        place: Callable[[int], str],
        blank: Rejection | None,
    ) -> None:
        days, whole, ones, places = self._days, self._whole, self._ones, self._places
        first, last, slots_a_day = self._first, self._last, self._slots_a_day
        for number, (channel_id, slot, value) in enumerate(rows):
            if value is None or slot > last or slot < first or value < 0 or value > VALUE_MAX:
                if value is not None or blank is not None:
                    self.reject(place(number), _why(slot, value, first=first, last=last))
                continue
            day, index = divmod(slot, slots_a_day)
            key = (channel_id, day)
            values = days.get(key)
            if values is None:
                if key not in ones and key not in whole:
                    ones[key] = (index, value)  # mostly the only one of its day
                    if channel_id not in places:
                        places[ChannelId(channel_id)] = place(number)
                    continue
                values = self._open(key)
            kept = values[index]
            if kept is None and not (self._contradicted and (channel_id, slot) in self._contradicted):
                values[index] = value
            elif kept == value:
                self._duplicate += 1
            else:
                self._contradict(values, index, (channel_id, slot), place(number))

    def _open(self, key: tuple[int, int]) -> list[int | None]:
        whole = self._whole.pop(key, None)
        values = self._days[key] = [None] * self._slots_a_day if whole is None else list(whole)
        one = self._ones.pop(key, None)
        if one is not None:
            values[one[0]] = one[1]
        return values

    def _contradict(self, values: list[int | None], index: int, slot: tuple[int, int], place: str) -> None:
        self.reject(place, Rejection.CONTRADICTORY, values=1 if values[index] is None else 2)
        values[index] = None
        self._contradicted.add(slot)

    def arrived(self) -> Arrived:
        """Return everything, days by day and channel."""
        if self._slots_a_day != SLOTS_A_DAY:
            for key in list(self._ones):
                self._open(key)
        everything: list[tuple[int, int, DayValues]] = [
            (day, channel, values) for (channel, day), values in self._whole.items()
        ]
        everything.extend((day, channel, tuple(values)) for (channel, day), values in self._days.items())
        everything.sort(key=_by_day_and_channel)
        return Arrived(
            days=tuple(
                [
                    ChannelDay(channel_id=ChannelId(channel), day=date.fromordinal(_EPOCH_DAY + day), values=values)
                    for day, channel, values in everything
                ]
            ),
            places=self._places,
            duplicate=self._duplicate,
            rejected=self._rejected,
            rejections=tuple(self._rejections),
            ticks=self._ticks(),
        )

    def _ticks(self) -> tuple[Tick, ...]:
        dates = {day: date.fromordinal(_EPOCH_DAY + day) for day in {day for _, day in self._ones}}
        return tuple(
            [
                Tick(ChannelId(channel), dates[day], slot, value)
                for (channel, day), (slot, value) in sorted(self._ones.items())
            ]
        )


class Sorters:
    """A sorter for each length of slots that is spoken of; nearly always only that of 15 minutes.

    Whoever fills it brings no more than `values_max` values.
    """

    def __init__(self, *, now: datetime, values_max: int = 500_000) -> None:
        self.values_max = values_max
        self._now = now
        self.quarters = Sorter(now=now)
        self._others: dict[int, Sorter] = {}
        self._registers: list[SentRead] = []

    def read(self, channel_id: int, read_at: str, value: int | None, epoch: int | None, *, place: str) -> None:
        """Take what a counting register showed at an instant."""
        at, unreadable = instant_at(read_at)
        if at is None or value is None:
            self.quarters.reject(place, unreadable or Rejection.BLANK)
            return
        self._registers.append(
            SentRead(channel_id=ChannelId(channel_id), read_at=at, value=value, epoch=epoch, place=place)
        )

    def of(self, minutes: int) -> Sorter:
        """Return the sorter of slots of so many minutes."""
        if minutes == SLOT_MINUTES:
            return self.quarters
        found = self._others.get(minutes)
        if found is None:
            found = self._others[minutes] = Sorter(now=self._now, minutes=minutes)
        return found

    def arrived(self) -> Arrived:
        """Return everything, by day and channel."""
        quarters = self.quarters.arrived()
        if self._registers:
            quarters = replace(quarters, registers=tuple(self._registers))
        if not self._others:
            return quarters
        parts = [quarters, *(one.arrived() for one in self._others.values())]
        places: dict[ChannelId, str] = {}
        for part in parts:
            for channel_id, place in part.places.items():
                places.setdefault(channel_id, place)
        return Arrived(
            days=tuple(sorted((day for part in parts for day in part.days), key=_by_day)),
            places=places,
            duplicate=sum(part.duplicate for part in parts),
            rejected=sum(part.rejected for part in parts),
            rejections=tuple([one for part in parts for one in part.rejections])[:REJECTIONS_NAMED_MAX],
            ticks=quarters.ticks,
            wide=True,
            registers=quarters.registers,
        )


def _by_day(day: ChannelDay) -> tuple[date, ChannelId]:
    return day.day, day.channel_id


def _by_day_and_channel(entry: tuple[int, int, DayValues]) -> tuple[int, int]:
    return entry[0], entry[1]


def _why(slot: int, value: int | None, *, first: int, last: int) -> Rejection:
    if slot < 0:
        return _UNREADABLE[slot]
    if slot < first:
        return Rejection.OUT_OF_RANGE
    if slot > last:
        return Rejection.IN_FUTURE
    if value is None:
        return Rejection.BLANK
    return Rejection.NEGATIVE if value < 0 else Rejection.TOO_LARGE
