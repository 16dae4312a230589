"""Versions of a body's test protocol: drafted, approved by another person, in force from a day, retired.

What was received before a version came into force keeps the one that was; nothing is re-judged
(docs/decisions/0071-protocol-versions.md).
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.certification.errors import (
    ProtocolDayPast,
    ProtocolNotInForce,
    ProtocolOwnDraft,
    ProtocolStepOutOfOrder,
    ProtocolVersionTaken,
)
from domain.certification.model import ProtocolName
from domain.shared.identifiers import PersonId, TenantId

FIRST_DAY = date(1990, 1, 1)
"""From when on the shipped protocol is in force: before anything was received."""

SHIPPED_NOTE = "프로그램에 실린 프로토콜 · the protocol shipped with the program"


class VersionState(StrEnum):
    """Where a version stands on a day."""

    DRAFT = "draft"
    APPROVED = "approved"
    IN_FORCE = "in_force"
    REPLACED = "replaced"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolVersion:
    """One version with its steps; `text` is the YAML as it was submitted, `sequence` counts from 1 in a body.

    `in_force_on` is the first day on which packs are received under it, `retired_on` the first on which none is.
    The first in sequence is the shipped one: in force before anything was received, and never retired.
    """

    version_id: UUID
    tenant_id: TenantId
    sequence: int
    protocol_id: str
    version: str
    text: str
    sha256: str
    note: str
    drafted_by: PersonId
    drafted_by_name: str
    drafted_at: datetime
    approved_by: PersonId | None = None
    approved_by_name: str = ""
    approved_at: datetime | None = None
    in_force_on: date | None = None
    retired_by: PersonId | None = None
    retired_by_name: str = ""
    retired_at: datetime | None = None
    retired_on: date | None = None
    retired_reason: str = ""

    @property
    def name(self) -> ProtocolName:
        """What reports call it."""
        return ProtocolName(protocol_id=self.protocol_id, version=self.version)

    @property
    def is_shipped(self) -> bool:
        """Whether it is the one that the program came with."""
        return self.sequence == 1

    @property
    def starts_on(self) -> date | None:
        """The first day on which packs are received under it; None while it is a draft."""
        return FIRST_DAY if self.is_shipped else self.in_force_on

    def holds_on(self, day: date) -> bool:
        """Whether packs may be received under it on a day, if no newer one takes its place."""
        starts = self.starts_on
        return starts is not None and starts <= day and (self.retired_on is None or day < self.retired_on)


def in_force(versions: Sequence[ProtocolVersion], day: date) -> ProtocolVersion | None:
    """Return the version under which a pack is received on a day: the one that came into force last."""
    holding = [one for one in versions if one.holds_on(day)]
    return max(holding, key=lambda one: (one.starts_on or FIRST_DAY, one.sequence), default=None)


def each_in_force(versions: Sequence[ProtocolVersion], day: date) -> tuple[ProtocolVersion, ...]:
    """Return the versions that a reception may name on a day: of each protocol the one that came into force last."""
    protocols = dict.fromkeys(one.protocol_id for one in versions)
    found = (in_force([one for one in versions if one.protocol_id == name], day) for name in protocols)
    return tuple(one for one in found if one is not None)


def named(versions: Sequence[ProtocolVersion], name: ProtocolName) -> ProtocolVersion | None:
    """Return the version of a name, whatever became of it since; None where the body keeps none."""
    return next((one for one in versions if one.name == name), None)


def require_in_force(versions: Sequence[ProtocolVersion], name: ProtocolName, day: date) -> ProtocolVersion:
    """Return the version that a reception names.

    Raises:
        ProtocolNotInForce: the body has none of this name, or it is a draft, replaced or retired on that day.
    """
    for one in each_in_force(versions, day):
        if one.name == name:
            return one
    raise ProtocolNotInForce(
        protocol=str(name), in_force=", ".join(str(one.name) for one in each_in_force(versions, day)) or "-"
    )


def state_of(one: ProtocolVersion, versions: Sequence[ProtocolVersion], today: date) -> VersionState:
    """Return where a version stands today."""
    if one.retired_on is not None:
        return VersionState.RETIRED
    if one.starts_on is None:
        return VersionState.DRAFT
    if one.starts_on > today:
        return VersionState.APPROVED
    return VersionState.IN_FORCE if one in each_in_force(versions, today) else VersionState.REPLACED


def require_new(protocol_id: str, version: str, versions: Sequence[ProtocolVersion]) -> None:
    """Refuse a version that reports could not tell from another.

    Raises:
        ProtocolVersionTaken: the body keeps one of this name.
    """
    if any((one.protocol_id, one.version) == (protocol_id, version) for one in versions):
        raise ProtocolVersionTaken(protocol=protocol_id, version=version)


def require_approvable(one: ProtocolVersion, *, by: PersonId, in_force_on: date, today: date) -> None:
    """Refuse an approval that four eyes or the calendar forbid.

    Raises:
        ProtocolStepOutOfOrder: it is approved or retired already.
        ProtocolOwnDraft: the approver drafted it.
        ProtocolDayPast: it would come into force before today.
    """
    if one.starts_on is not None or one.retired_at is not None:
        raise ProtocolStepOutOfOrder(state="retired" if one.retired_at is not None else "approved")
    if one.drafted_by == by:
        raise ProtocolOwnDraft
    if in_force_on < today:
        raise ProtocolDayPast


def require_retirable(one: ProtocolVersion) -> None:
    """Refuse to retire what is retired, and the shipped one, to which a body falls back.

    Raises:
        ProtocolStepOutOfOrder: it is retired already, or the first.
    """
    if one.retired_at is not None or one.is_shipped:
        raise ProtocolStepOutOfOrder(state="retired" if one.retired_at is not None else "shipped")


def retired_from(today: date) -> date:
    """Return from when on nothing is received under what is retired today: tomorrow, as something was perhaps today."""
    return today + timedelta(days=1)


def difference(before: ProtocolVersion, after: ProtocolVersion) -> tuple[str, ...]:
    """Return what changed between two texts, line by line, with two lines around each change."""
    return tuple(
        difflib.unified_diff(
            before.text.splitlines(),
            after.text.splitlines(),
            fromfile=f"{before.protocol_id} {before.version}",
            tofile=f"{after.protocol_id} {after.version}",
            n=2,
            lineterm="",
        )
    )
