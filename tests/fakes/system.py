"""A clock that stands where it is put, identifiers that count, and the people of the tests."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.shared.actor import COMPLEX_STAFF, Actor, Role, complex_reach_of
from domain.shared.identifiers import PersonId, TenantId

NOON = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
"""1 June 2026, 12:00 in Seoul."""


class FixedClock:
    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, **by: int) -> None:
        self.at += timedelta(**by)


class CountedIds:
    def __init__(self, start: int = 0) -> None:
        self._last = start

    def new(self) -> UUID:
        self._last += 1
        return UUID(int=(0x7 << 76) | (0b10 << 62) | self._last)


def someone(role: Role, *, name: str = "김시험", tenant_id: int = 1, number: int = 900) -> Actor:
    """Return somebody; on a complex's staff they are of the first complex, in which everybody of the tests lies."""
    within = complex_reach_of(1, map(TenantId, range(100))) if role in COMPLEX_STAFF else None
    return Actor(
        person_id=PersonId(UUID(int=number)),
        name=name,
        role=role,
        tenant_id=TenantId(tenant_id),
        complex_reach=within,
    )
