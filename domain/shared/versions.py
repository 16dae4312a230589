"""Versions of what several people change: who changes a thing says which state of it they saw."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from domain.shared.errors import Conflict, RuleBroken

_VERSION_LENGTH = 32


class VersionStale(Conflict):
    """Somebody else changed the thing since it was looked at."""

    code = "shared.version-stale"
    title_ko = "그 사이 다른 사람이 변경했습니다. 새로 고친 뒤 다시 시도해 주세요."
    title_en = "Somebody else changed this meanwhile; look at it again and retry."


class VersionMissing(RuleBroken):
    """The change does not say which state of the thing it is meant for."""

    code = "shared.version-missing"
    title_ko = "변경에는 대상의 버전이 필요합니다: If-Match 헤더로 보내 주세요."
    title_en = "This change takes the version it is meant for, in the header If-Match."


def version_of(*facts: str | int | bool | datetime | UUID | None) -> str:
    """Return the version of a thing by what may change of it: 32 hex digits, another for every other state."""
    told = "\x1f".join(
        f"{int(one.timestamp() * 1_000_000)}" if isinstance(one, datetime) else "" if one is None else str(one)
        for one in facts
    )
    return hashlib.sha256(told.encode()).hexdigest()[:_VERSION_LENGTH]


@dataclass(frozen=True, slots=True)
class Expected:
    """The states for which a change is meant; None takes whatever there is."""

    versions: frozenset[str] | None = None

    @classmethod
    def only(cls, *versions: str) -> Self:
        """Expect one of these."""
        return cls(frozenset(versions))

    def require(self, version: str) -> None:
        """Refuse unless a thing is in a state that was expected.

        Raises:
            VersionStale: it is in another.
        """
        if self.versions is not None and version not in self.versions:
            raise VersionStale


ANY = Expected()
"""Whatever state there is."""
