"""The clock on the wall, a clock for stories, and identifiers that rise with time."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID


class SystemClock:
    """Tells the system's time."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)


class StoryClock:
    """A clock that only moves when told, and never back: the demonstration tells years in seconds."""

    def __init__(self, start_at: datetime) -> None:
        self._now = start_at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the story's present instant, a microsecond later at each look, so that no two facts coincide."""
        self._now += timedelta(microseconds=1)
        return self._now

    def move_to(self, at: datetime) -> None:
        """Move on to an instant; one that has passed changes nothing."""
        self._now = max(self._now, at.astimezone(UTC))


class UuidV7:
    """Makes UUIDs of version 7: milliseconds, then a counter within the millisecond, then random bits.

    Source: RFC 9562, clause 5.7 and clause 6.2, method 1.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_ms = 0
        self._counter = 0

    def new(self) -> UUID:
        """Return a UUID greater than every one this process made before."""
        with self._lock:
            now_ms = time.time_ns() // 1_000_000
            if now_ms > self._last_ms:
                self._last_ms, self._counter = now_ms, int.from_bytes(os.urandom(2), "big") & 0x07FF
            else:
                self._counter += 1
                if self._counter > 0x0FFF:
                    self._last_ms, self._counter = self._last_ms + 1, 0
            ms, counter = self._last_ms, self._counter
        random = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
        return UUID(int=(ms << 80) | (0x7 << 76) | (counter << 64) | (0b10 << 62) | random)
