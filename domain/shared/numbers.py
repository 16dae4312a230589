"""Gapless numbers of documents: one counter row per tenant, series and year."""

from typing import Protocol

from domain.shared.identifiers import TenantId


class Numbers(Protocol):
    """Counts documents inside the open transaction, so that a number is never lost or used twice."""

    async def next(self, *, tenant_id: TenantId, series: str, year: int) -> int:
        """Return the next number, from 1. Two writers of one series wait for each other."""
        ...
