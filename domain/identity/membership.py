"""Who may be what in which organisation, and who may say so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from domain.identity.errors import MemberUnchanged, NotByYourself, PeopleOnly, RoleBeyondYours, RoleDoesNotFit
from domain.identity.model import PartyKind
from domain.shared.actor import BODY_STAFF, COMPLEX_STAFF, TENANT_STAFF, Actor, Role
from domain.shared.identifiers import PersonId, TenantId
from domain.shared.versions import version_of

INVITATION_LASTS = timedelta(days=7)

ROLES_OF: Mapping[PartyKind, tuple[Role, ...]] = MappingProxyType(
    {
        PartyKind.TENANT: TENANT_STAFF,
        PartyKind.INSPECTION_BODY: BODY_STAFF,
        PartyKind.OPERATOR: COMPLEX_STAFF,
        PartyKind.OWNER: (Role.OWNER,),
        PartyKind.AUTHORITY: (Role.AUTHORITY,),
        PartyKind.RECYCLER: (Role.RECYCLER,),
    }
)
"""The roles that people of an organisation may have."""

MANAGERS = (Role.TENANT_ADMIN, Role.ADMIN, Role.SYSTEM)
"""A tenant's administrator manages the own organisation's members, a complex's administrator the complex's."""

READERS = (*MANAGERS, Role.OPERATOR, Role.AUDITOR)


class ChangeKind(StrEnum):
    """What was changed about a member."""

    JOINED = "joined"
    ROLE = "role"
    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person as others of the organisation see them; nothing they sign in with."""

    person_id: PersonId
    tenant_id: TenantId
    sign_in_name: str
    printed_name: str
    role: Role
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChange:
    """What was changed about a member: when, by whom, from what to what, and why. Never altered."""

    change_id: UUID
    tenant_id: TenantId
    person_id: PersonId
    kind: ChangeKind
    role_before: Role | None
    role_after: Role
    reason: str
    changed_by: PersonId
    changed_by_name: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A place in an organisation that is kept for somebody; only the SHA-256 of its token is kept."""

    invitation_id: UUID
    tenant_id: TenantId
    role: Role
    for_whom: str
    token_sha256: bytes
    invited_by: PersonId
    invited_at: datetime
    expires_at: datetime
    taken_at: datetime | None = None
    taken_by: PersonId | None = None
    withdrawn_at: datetime | None = None

    @property
    def version(self) -> str:
        """The state that a change is meant for."""
        return version_of(self.invitation_id, self.taken_at, self.withdrawn_at)

    def stands(self, now: datetime) -> bool:
        """Say whether somebody may still take it."""
        return self.taken_at is None and self.withdrawn_at is None and now < self.expires_at


def require_fit(role: Role, kind: PartyKind) -> None:
    """Refuse a role that an organisation of this kind does not have.

    Raises:
        RoleDoesNotFit: it is another kind's.
    """
    if role not in ROLES_OF[kind]:
        raise RoleDoesNotFit(role=role.value, kind=kind.value)


def require_manager(actor: Actor) -> None:
    """Refuse anybody who manages no people, and every machine.

    Raises:
        RoleNotEnough: the actor manages nobody.
        PeopleOnly: the actor is a program.
    """
    actor.require(*MANAGERS)
    if actor.key_id is not None:
        raise PeopleOnly


def manages(actor: Actor, tenant_id: TenantId) -> bool:
    """Say whether an organisation's people are a manager's to manage."""
    return actor.reaches(tenant_id)


def require_gift(actor: Actor, role: Role) -> None:
    """Refuse to let an actor give a role beyond what is theirs to give.

    Raises:
        RoleBeyondYours: a tenant's administrator gives a tenant's roles only.
    """
    if actor.is_tenant and role not in TENANT_STAFF:
        raise RoleBeyondYours(role=role.value)


def require_another(actor: Actor, person_id: PersonId) -> None:
    """Refuse to let somebody act on themselves: nobody raises themselves, nobody locks themselves out.

    Raises:
        NotByYourself: the member is the actor.
    """
    if actor.person_id == person_id:
        raise NotByYourself


def require_change(changes: bool) -> None:
    """Refuse a change that changes nothing.

    Raises:
        MemberUnchanged: it is so already.
    """
    if not changes:
        raise MemberUnchanged


def member_version(member: Member, changes: int) -> str:
    """Return the version of a member; each change leaves a row that is never rewritten, so no state comes twice."""
    return version_of(member.person_id, member.role.value, member.active, changes)
