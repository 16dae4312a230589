"""Keys for machines: what one looks like, whom it may stand for, how far it reaches, when it holds."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from domain.identity.errors import KeyLastsTooLong, KeyNotForMachines, KeyScopeMissing, RoleBeyondYours
from domain.identity.model import PartyKind
from domain.shared.actor import TENANT_STAFF, Actor, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import PersonId, TenantId
from domain.shared.versions import version_of

PREFIX = "sh_live_"
DAYS_DEFAULT, DAYS_MAX = 90, 365
OVERLAP_HOURS_MAX = 168
USE_NOTED_EVERY = timedelta(minutes=1)

_SHAPE = re.compile(r"sh_live_([0-9a-f]{32})_[A-Za-z0-9_-]{20,100}", re.ASCII)

MACHINE_ROLES: Mapping[PartyKind, tuple[Role, ...]] = MappingProxyType(
    {
        PartyKind.TENANT: (Role.DEVICE, *TENANT_STAFF),
        PartyKind.INSPECTION_BODY: (Role.TESTER,),
        PartyKind.OPERATOR: (Role.OPERATOR, Role.FINANCE, Role.AUDITOR),
        PartyKind.OWNER: (Role.OWNER,),
        PartyKind.AUTHORITY: (Role.AUTHORITY,),
        PartyKind.RECYCLER: (Role.RECYCLER,),
    }
)
"""What a program may be; reviewing, approving and administering take a person."""

ROLES = tuple(dict.fromkeys(role for roles in MACHINE_ROLES.values() for role in roles))
NARROWED = (Role.DEVICE, *TENANT_STAFF)
"""The roles whose keys may be narrowed to sites and channels."""


class Standing(StrEnum):
    """How a key stands."""

    OPEN = "open"
    RETIRING = "retiring"
    RETIRED = "retired"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A program's key; only the SHA-256 of the whole text is kept, and `key_id` stands in it to find it by.

    `retires_at` ends a key that was rotated; None for `sites` or `channels` leaves them all.
    """

    key_id: UUID
    tenant_id: TenantId
    name: str
    role: Role
    secret_sha256: bytes
    sites: tuple[UUID, ...] | None
    channels: tuple[int, ...] | None
    made_by: PersonId
    made_at: datetime
    expires_at: datetime
    rotated_from: UUID | None = None
    retires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: PersonId | None = None
    last_used_at: datetime | None = None

    @property
    def version(self) -> str:
        """The state that a change is meant for; being used changes nothing of it."""
        return version_of(self.key_id, self.retires_at, self.revoked_at)

    def standing(self, now: datetime) -> Standing:
        """Say how the key stands at an instant."""
        if self.revoked_at is not None:
            return Standing.REVOKED
        if now >= self.expires_at:
            return Standing.EXPIRED
        if self.retires_at is not None:
            return Standing.RETIRING if now < self.retires_at else Standing.RETIRED
        return Standing.OPEN

    def holds(self, now: datetime) -> bool:
        """Say whether the key opens anything at an instant."""
        return self.standing(now) in (Standing.OPEN, Standing.RETIRING)

    def fits(self, text: str) -> bool:
        """Say whether a text is this key, taking equally long for every wrong one."""
        return hmac.compare_digest(self.secret_sha256, sha256(text))

    def use_is_news(self, now: datetime) -> bool:
        """Say whether a use is worth writing down: at most one a minute is."""
        return self.last_used_at is None or now - self.last_used_at >= USE_NOTED_EVERY

    @property
    def actor(self) -> Actor:
        """The program as one who acts."""
        return Actor(
            person_id=PersonId(self.key_id),
            name=self.name,
            role=self.role,
            tenant_id=self.tenant_id,
            sites=None if self.sites is None else frozenset(self.sites),
            channels=None if self.channels is None else frozenset(self.channels),
            key_id=self.key_id,
        )


def key_text(key_id: UUID, secret: str) -> str:
    """Return a key as its holder keeps it."""
    return f"{PREFIX}{key_id.hex}_{secret}"


def key_id_in(text: str) -> UUID | None:
    """Return the public half of a key's text; None when it has not the shape of one."""
    found = _SHAPE.fullmatch(text)
    return None if found is None else UUID(found[1])


def require_key_role(actor: Actor, role: Role, kind: PartyKind) -> None:
    """Refuse a key for what takes a person, and a key that reaches beyond its maker.

    Raises:
        KeyNotForMachines: the organisation's programs have no such role.
        RoleBeyondYours: the maker belongs to a tenant and the role does not.
    """
    if role not in MACHINE_ROLES[kind]:
        raise KeyNotForMachines(role=role.value)
    if actor.is_tenant and role not in NARROWED:
        raise RoleBeyondYours(role=role.value)


def require_scope(role: Role, *, sites: tuple[UUID, ...] | None, channels: tuple[int, ...] | None) -> None:
    """Refuse a scope that means nothing, and a device's key without one.

    Raises:
        KeyScopeMissing: a device names neither, a list is empty, or the role does not look at energy.
    """
    named = sites is not None or channels is not None
    if sites == () or channels == () or (role is Role.DEVICE and not named) or (named and role not in NARROWED):
        raise KeyScopeMissing


def expiry(now: datetime, *, days: int) -> datetime:
    """Return when a key made now ends.

    Raises:
        KeyLastsTooLong: it would last less than a day or more than a year.
    """
    if not 1 <= days <= DAYS_MAX:
        raise KeyLastsTooLong(days_max=DAYS_MAX)
    return now + timedelta(days=days)
