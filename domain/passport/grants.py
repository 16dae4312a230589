"""Access to one pack's life for one organisation, for a while: to whom it may be given, and what it shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from domain.passport.attributes import Tier
from domain.shared.actor import Role
from domain.shared.identifiers import PackId, PersonId, TenantId
from domain.shared.versions import version_of

TIER_OF: Mapping[Role, Tier] = MappingProxyType(
    {
        Role.OWNER: Tier.LEGITIMATE_INTEREST,
        Role.RECYCLER: Tier.LEGITIMATE_INTEREST,
        Role.AUTHORITY: Tier.AUTHORITY,
    }
)
"""What a grant shows of a passport, beside the pack's life without how it was used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackGrant:
    """Who may look at a pack, from when, until when, why, and who said so. It is revoked, never rewritten."""

    grant_id: UUID
    tenant_id: TenantId
    pack_id: PackId
    from_at: datetime
    until_at: datetime
    reason: str
    granted_by: PersonId
    granted_by_name: str
    granted_at: datetime
    revoked_at: datetime | None = None
    revoked_by: PersonId | None = None
    revoked_reason: str | None = None

    @property
    def version(self) -> str:
        """The state that a change is meant for."""
        return version_of(self.grant_id, self.revoked_at)

    def in_force(self, now: datetime) -> bool:
        """Say whether it opens the pack at an instant."""
        return self.revoked_at is None and self.from_at <= now < self.until_at
