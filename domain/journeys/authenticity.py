"""진위확인: whether a record is ours and unaltered, and whether it may still be relied on."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.certification.errors import StatusListUnknown
from domain.certification.ports import Credentials
from domain.certification.status_list import Purpose, entries_of, is_set, list_document
from domain.journeys.ports import JourneyWork
from domain.shared.actor import PASSER_BY
from domain.shared.canonical import Canonical
from domain.shared.time import Clock, utc_text
from domain.shared.unit import Unit

_LISTS_MAX = 1_000
FRESH_S = 60
"""How long a published list may be kept before it is asked for again."""


async def publish_status_list(
    purpose: Purpose,
    list_number: int,
    *,
    unit: Unit[JourneyWork],
    credentials: Credentials,
    public_url: str,
    clock: Clock,
) -> Mapping[str, Canonical]:
    """Return a status list as it stands now, signed; within a minute equal states give equal text.

    Raises:
        StatusListUnknown: no certificate stands in a list of this number, and it is not the first.
    """
    if not 1 <= list_number <= _LISTS_MAX:
        raise StatusListUnknown
    async with unit(PASSER_BY) as work:
        places = await work.status_places.of_list(list_number, purpose)
    at = _whole_minute(clock.now())
    return await credentials.sign(
        list_document(
            issuer=credentials.issuer,
            base_url=public_url,
            purpose=purpose,
            list_number=list_number,
            places=places,
            at=at,
        ),
        at=at,
    )


def _whole_minute(at: datetime) -> datetime:
    return at - timedelta(seconds=at.second, microseconds=at.microsecond)


def is_over(record: Mapping[str, Canonical], *, at: datetime) -> bool:
    """Say whether a record's time is over, by its own `validUntil`."""
    until = record.get("validUntil")
    return isinstance(until, str) and until < utc_text(at)


def bits_set(
    record: Mapping[str, Canonical], lists: Mapping[str, Mapping[str, Canonical]], *, at: datetime
) -> tuple[frozenset[Purpose], frozenset[Purpose]]:
    """Return the purposes whose bit is set in a record's lists, and those whose list was not at hand.

    Args:
        record: whose signature was checked.
        lists: status lists by their address, their signatures checked.
        at: the instant that the lists must be fresh at.

    Raises:
        StatusListMalformed: an entry or a list is not in its form, another list, or out of date.
    """
    found, missing = set(), set()
    for entry in entries_of(record):
        if entry.address not in lists:
            missing.add(entry.purpose)
        elif is_set(entry, lists[entry.address], at=at):
            found.add(entry.purpose)
    return frozenset(found), frozenset(missing)
