"""Members and invitations in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.identity.errors import MemberUnknown
from domain.identity.membership import Invitation, Member, MemberChange
from domain.identity.model import Person, Tenant
from domain.shared.actor import Role
from domain.shared.identifiers import PersonId, TenantId
from tests.fakes.identity import MemoryIdentityWork


def member_of(person: Person) -> Member:
    return Member(
        person_id=person.person_id,
        tenant_id=person.tenant_id,
        sign_in_name=person.sign_in_name,
        printed_name=person.printed_name,
        role=person.role,
        active=person.active,
    )


class MemoryMembers:
    def __init__(self, identity: MemoryIdentityWork) -> None:
        self._identity = identity
        self._changes: list[MemberChange] = []

    async def page(self, *, tenant_id: TenantId | None, after: PersonId | None, limit: int) -> tuple[Member, ...]:
        people = sorted(self._identity.people._people.values(), key=lambda one: one.person_id, reverse=True)
        return tuple(
            member_of(one)
            for one in people
            if tenant_id in (None, one.tenant_id) and (after is None or one.person_id < after)
        )[:limit]

    async def one(self, person_id: PersonId) -> Member:
        person = await self._identity.people.one(person_id)
        if person is None:
            raise MemberUnknown
        return member_of(person)

    async def active(self, role: Role, *, in_complex_of: TenantId) -> int:
        within = await self._identity.parties.reach_of(in_complex_of)
        return sum(
            one.active and one.role is role and one.tenant_id in within.organisations
            for one in self._identity.people._people.values()
        )

    async def change(self, member: Member) -> None:
        person = self._identity.people._people[member.person_id]
        self._identity.people._people[member.person_id] = replace(person, role=member.role, active=member.active)

    async def end_sessions(self, person_id: PersonId) -> int:
        kept = self._identity.sessions.kept
        over = [token for token, session in kept.items() if session.person_id == person_id]
        for token in over:
            del kept[token]
        return len(over)

    async def note(self, change: MemberChange) -> None:
        self._changes.append(change)

    async def changes(self, person_id: PersonId) -> tuple[MemberChange, ...]:
        return tuple(one for one in self._changes if one.person_id == person_id)

    async def names(self, person_ids: Sequence[PersonId]) -> Mapping[PersonId, str]:
        people = self._identity.people._people
        return {one: people[one].printed_name for one in person_ids if one in people}

    async def party_names(self, tenant_ids: Sequence[TenantId]) -> Mapping[TenantId, str]:
        tenants = self._identity.parties.tenants
        return {one: tenants[one].name_ko for one in tenant_ids if one in tenants}

    async def organisations(self, *, after: TenantId | None, limit: int) -> tuple[Tenant, ...]:
        tenants = self._identity.parties.tenants
        return tuple(tenants[number] for number in sorted(tenants) if after is None or number > after)[:limit]


class MemoryInvitations:
    def __init__(self) -> None:
        self._invitations: dict[UUID, Invitation] = {}

    async def add(self, invitation: Invitation) -> None:
        self._invitations[invitation.invitation_id] = invitation

    async def find(self, token_sha256: bytes) -> Invitation | None:
        return next((one for one in self._invitations.values() if one.token_sha256 == token_sha256), None)

    async def one(self, invitation_id: UUID) -> Invitation | None:
        return self._invitations.get(invitation_id)

    async def page(self, *, tenant_id: TenantId | None, after: UUID | None, limit: int) -> tuple[Invitation, ...]:
        found = sorted(self._invitations.values(), key=lambda one: one.invitation_id, reverse=True)
        return tuple(
            one for one in found if tenant_id in (None, one.tenant_id) and (after is None or one.invitation_id < after)
        )[:limit]

    async def take(self, invitation_id: UUID, *, person_id: PersonId, at: datetime) -> bool:
        return self._end(invitation_id, taken_at=at, taken_by=person_id)

    async def withdraw(self, invitation_id: UUID, *, at: datetime) -> bool:
        return self._end(invitation_id, withdrawn_at=at)

    def _end(self, invitation_id: UUID, **how: object) -> bool:
        found = self._invitations[invitation_id]
        if found.taken_at is not None or found.withdrawn_at is not None:
            return False
        self._invitations[invitation_id] = replace(found, **how)  # type: ignore[arg-type]
        return True


class MemoryLocks:
    async def hold(self, name: str) -> None:
        return None


class MemoryMemberWork(MemoryIdentityWork):
    def __init__(self) -> None:
        super().__init__()
        self.members = MemoryMembers(self)
        self.invitations = MemoryInvitations()
        self.locks = MemoryLocks()
