"""How fast one may guess: not at all faster from many places at one name, or at many names from one place."""

from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address

from domain.identity.model import Failures

WINDOW = timedelta(minutes=15)
FREE_TRIES = 4
"""Mistyping this often costs no waiting."""

UNDER_NAME_MAX = 10
FROM_SOURCE_MAX = 60
"""An industrial complex's offices share addresses; one address gets more tries than one name."""


def source_of(address: str) -> str:
    """Return what tries from an address are counted under.

    Whoever has one address of the newer kind has the 64 bits behind it as well, so that these count as one.
    """
    try:
        told = ip_address(address)
    except ValueError:  # what is no address stands for itself
        return address
    return address if isinstance(told, IPv4Address) else str(IPv6Network((told, 64), strict=False))


def free_at(failures: Failures) -> datetime | None:
    """Return when the next try is looked at, None when now: from the fifth failure on a name waits 1, 2, 4, 8, 16 s.

    From the tenth failure of a quarter of an hour on it waits a quarter of an hour after the last.
    """
    waits: list[datetime] = []
    if failures.last_under_name is not None and failures.under_name > FREE_TRIES:
        waits.append(failures.last_under_name + _pause(failures.under_name))
    if failures.last_from_source is not None and failures.from_source >= FROM_SOURCE_MAX:
        waits.append(failures.last_from_source + WINDOW)
    return max(waits, default=None)


def _pause(failures: int) -> timedelta:
    if failures >= UNDER_NAME_MAX:
        return WINDOW
    return timedelta(seconds=2 ** (failures - FREE_TRIES - 1))
