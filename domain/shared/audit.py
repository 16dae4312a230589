"""What was done, by whom, when, from where, for whom and with which result: one entry a request, chained by hashes.

An entry names people, keys and things by their numbers only: no body, no password, no token and no name is in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.shared.canonical import canonical_text, sha256_of
from domain.shared.errors import Unverified
from domain.shared.identifiers import TenantId
from domain.shared.time import utc_text
from domain.shared.unit import Committable

FIRST_SEAL = bytes(32)
"""What stands before an organisation's first entry."""


class Decision(StrEnum):
    """What became of it."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    FAILED = "failed"


class AuditBroken(Unverified):
    """An entry of the audit log was altered, taken out or put in."""

    code = "shared.audit-broken"
    title_ko = "기관 {tenant}의 감사 기록 {sequence}번이 맞지 않습니다({reason})."
    title_en = "Entry {sequence} of organisation {tenant} in the audit log does not hold ({reason})."


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing done or refused.

    `tenant_id` is the actor's organisation, 0 for nobody's; `for_tenant` is the one that was asked about, where the
    request named one. `sequence` and `seal` are given when it is stored.
    """

    entry_id: UUID
    tenant_id: TenantId
    at: datetime
    actor_id: UUID | None
    actor_role: str
    key_id: UUID | None
    source: str
    method: str
    route: str
    action: str
    object_ids: str
    for_tenant: int | None
    decision: Decision
    status: int
    code: str | None
    request_id: UUID
    sequence: int = 0
    seal: bytes = b""

    def text(self) -> str:
        """Spell the entry in the one way that is hashed."""
        return canonical_text(
            {
                "action": self.action,
                "actor_id": None if self.actor_id is None else str(self.actor_id),
                "actor_role": self.actor_role,
                "at": utc_text(self.at),
                "code": self.code,
                "decision": self.decision.value,
                "entry_id": str(self.entry_id),
                "for_tenant": self.for_tenant,
                "key_id": None if self.key_id is None else str(self.key_id),
                "method": self.method,
                "object_ids": self.object_ids,
                "request_id": str(self.request_id),
                "route": self.route,
                "source": self.source,
                "status": self.status,
                "tenant_id": self.tenant_id,
            }
        )

    def sealed(self, previous: bytes, sequence: int) -> "AuditEntry":
        """Return the entry as it stands after the one that `previous` seals."""
        return replace(self, sequence=sequence, seal=sha256_of(previous + self.text().encode()))


def verify(entries: Iterable[AuditEntry], *, previous: bytes = FIRST_SEAL, sequence: int = 0) -> tuple[bytes, int]:
    """Check entries of one organisation in their order; return the last seal and how many there are by then.

    Raises:
        AuditBroken: names the first entry that is altered, missing or put in.
    """
    for entry in entries:
        if entry.sequence != sequence + 1:
            raise AuditBroken(tenant=entry.tenant_id, sequence=sequence + 1, reason="missing")
        if entry.sealed(previous, entry.sequence).seal != entry.seal:
            raise AuditBroken(tenant=entry.tenant_id, sequence=entry.sequence, reason="altered")
        previous, sequence = entry.seal, entry.sequence
    return previous, sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSearch:
    """What somebody looks for; what is None is left open.

    `who` is a person's or a key's number; `organisation` is the one that acted or was asked about.
    """

    who: UUID | None = None
    action: str | None = None
    object_id: UUID | None = None
    decision: Decision | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    organisation: TenantId | None = None
    source: str | None = None


class Audit(Protocol):
    """The log: written once, read by auditors."""

    async def append(self, entry: AuditEntry) -> AuditEntry:
        """Store an entry behind the last one of its organisation; others of that organisation wait for their turn."""
        ...

    async def page(self, search: AuditSearch, *, after: UUID | None, limit: int) -> tuple[AuditEntry, ...]:
        """Return what was looked for, newest first."""
        ...

    async def chain(self, tenant_id: TenantId, *, after: int, limit: int) -> tuple[AuditEntry, ...]:
        """Return an organisation's entries in their order."""
        ...

    async def organisations(self) -> tuple[TenantId, ...]:
        """Return the organisations that have entries, by number."""
        ...


class AuditWork(Committable, Protocol):
    """What a transaction over the log offers."""

    @property
    def audit(self) -> Audit:
        """The log."""
        ...
