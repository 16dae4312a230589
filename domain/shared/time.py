"""Instants are aware and kept in UTC; days and billing months are those of Asia/Seoul."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Protocol, Self

SEOUL = timezone(timedelta(hours=9), "Asia/Seoul")
"""UTC+9. Korea has had no daylight saving since 1988, and no reading here is older."""

SLOTS_A_DAY = 96
SLOT = timedelta(minutes=15)


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


def seoul_day(at: datetime) -> date:
    """Return the day that the calendar in Seoul shows at an aware instant."""
    return at.astimezone(SEOUL).date()


@lru_cache(maxsize=4_096)
def day_start(day: date) -> datetime:
    """Return the UTC instant at which a Seoul day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=SEOUL).astimezone(UTC)


def utc_text(at: datetime) -> str:
    """Spell an instant in the one way that is hashed: UTC, microseconds, `Z`."""
    if at.tzinfo is None:
        raise ValueError("an instant without an offset has no meaning here")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A half-open stretch of time `[start_at, end_at)`; `end_at` None means open."""

    start_at: datetime
    end_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.start_at.tzinfo is None or (self.end_at is not None and self.end_at.tzinfo is None):
            raise ValueError("an interval has aware ends")
        if self.end_at is not None and self.end_at <= self.start_at:
            raise ValueError("an interval ends after it starts")

    def holds(self, at: datetime) -> bool:
        """Say whether an instant lies inside."""
        return self.start_at <= at and (self.end_at is None or at < self.end_at)


_FIRST_YEAR = 2000


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A billing month: a calendar month in Seoul, spelt `YYYY-MM`."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not (_FIRST_YEAR <= self.year <= 2199 and 1 <= self.number <= 12):
            raise ValueError("a month is a year from 2000 to 2199 and a number from 1 to 12")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `YYYY-MM`.

        Raises:
            ValueError: the text is anything else.
        """
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
            raise ValueError("a month is written YYYY-MM")
        return cls(int(text[:4]), int(text[5:]))

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the month that a Seoul day lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def next(self) -> "Month":
        """Return the month after this one."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def before(self) -> "Month | None":
        """Return the month before this one; None before the first that there is."""
        if self == Month(_FIRST_YEAR, 1):
            return None
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    @property
    def first_on(self) -> date:
        """The first day."""
        return date(self.year, self.number, 1)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.next().first_on - self.first_on).days

    def dates(self) -> tuple[date, ...]:
        """Return its days in order."""
        return tuple(self.first_on + timedelta(days=offset) for offset in range(self.days))

    @property
    def interval(self) -> Interval:
        """The stretch of instants that it covers."""
        return Interval(start_at=day_start(self.first_on), end_at=day_start(self.next().first_on))
