"""Members and invitations on PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.identity import PostgresParties
from adapters.postgres.tables.identity import PersonRow, SessionRow, TenantRow
from adapters.postgres.tables.members import InvitationRow, MemberChangeRow
from adapters.postgres.transaction import Within, of_complex
from domain.identity.errors import MemberUnknown
from domain.identity.membership import ChangeKind, Invitation, Member, MemberChange
from domain.identity.model import Tenant
from domain.shared.actor import Role
from domain.shared.identifiers import PersonId, TenantId

_MEMBER_COLUMNS = (
    col(PersonRow.person_id),
    col(PersonRow.tenant_id),
    col(PersonRow.sign_in_name),
    col(PersonRow.printed_name),
    col(PersonRow.role),
    col(PersonRow.active),
)
_INVITATION_COLUMNS = tuple(InvitationRow.__table__.c)  # type: ignore[attr-defined]
_CHANGE_COLUMNS = tuple(MemberChangeRow.__table__.c)  # type: ignore[attr-defined]


def _to_member(row: RowMapping) -> Member:
    return Member(
        person_id=PersonId(row["person_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        sign_in_name=row["sign_in_name"],
        printed_name=row["printed_name"],
        role=Role(row["role"]),
        active=row["active"],
    )


def _to_change(row: RowMapping) -> MemberChange:
    return MemberChange(
        change_id=row["change_id"],
        tenant_id=TenantId(row["tenant_id"]),
        person_id=PersonId(row["person_id"]),
        kind=ChangeKind(row["kind"]),
        role_before=None if row["role_before"] is None else Role(row["role_before"]),
        role_after=Role(row["role_after"]),
        reason=row["reason"],
        changed_by=PersonId(row["changed_by"]),
        changed_by_name=row["changed_by_name"],
        changed_at=row["changed_at"],
    )


def _to_invitation(row: RowMapping) -> Invitation:
    return Invitation(
        invitation_id=row["invitation_id"],
        tenant_id=TenantId(row["tenant_id"]),
        role=Role(row["role"]),
        for_whom=row["for_whom"],
        token_sha256=row["token_sha256"],
        invited_by=PersonId(row["invited_by"]),
        invited_at=row["invited_at"],
        expires_at=row["expires_at"],
        taken_at=row["taken_at"],
        taken_by=None if row["taken_by"] is None else PersonId(row["taken_by"]),
        withdrawn_at=row["withdrawn_at"],
    )


class PostgresMembers:
    """People as others manage them."""

    def __init__(self, connection: AsyncConnection, within: Within = None) -> None:
        self._connection = connection
        self._within = within

    async def page(self, *, tenant_id: TenantId | None, after: PersonId | None, limit: int) -> tuple[Member, ...]:
        """Return members, newest first."""
        query = of_complex(
            select(*_MEMBER_COLUMNS).order_by(col(PersonRow.person_id).desc()).limit(limit),
            PersonRow.tenant_id,
            self._within,
        )
        if tenant_id is not None:
            query = query.where(col(PersonRow.tenant_id) == tenant_id)
        if after is not None:
            query = query.where(col(PersonRow.person_id) < after)
        return tuple(_to_member(row) for row in (await self._connection.execute(query)).mappings())

    async def one(self, person_id: PersonId) -> Member:
        """Return a member."""
        found = await self._connection.execute(select(*_MEMBER_COLUMNS).where(col(PersonRow.person_id) == person_id))
        row = found.mappings().first()
        if row is None:
            raise MemberUnknown
        return _to_member(row)

    async def active(self, role: Role, *, in_complex_of: TenantId) -> int:
        """Count the active people of a role in the complex that an organisation lies in."""
        own = select(col(TenantRow.complex_id)).where(col(TenantRow.tenant_id) == in_complex_of).scalar_subquery()
        of_the_complex = select(col(TenantRow.tenant_id)).where(col(TenantRow.complex_id) == own)
        found = await self._connection.execute(
            select(func.count()).where(
                col(PersonRow.role) == role.value, col(PersonRow.active), col(PersonRow.tenant_id).in_(of_the_complex)
            )
        )
        count: int = found.scalar_one()
        return count

    async def change(self, member: Member) -> None:
        """Store a member's role and whether they may sign in."""
        await self._connection.execute(
            update(PersonRow)
            .where(col(PersonRow.person_id) == member.person_id, col(PersonRow.tenant_id) == member.tenant_id)
            .values(role=member.role.value, active=member.active)
        )

    async def end_sessions(self, person_id: PersonId) -> int:
        """End all of a person's sessions."""
        done = await self._connection.execute(delete(SessionRow).where(col(SessionRow.person_id) == person_id))
        return done.rowcount

    async def note(self, change: MemberChange) -> None:
        """Store what was changed."""
        await self._connection.execute(insert(MemberChangeRow).values(asdict(change)))

    async def changes(self, person_id: PersonId) -> tuple[MemberChange, ...]:
        """Return what was changed about a member, oldest first."""
        found = await self._connection.execute(
            select(*_CHANGE_COLUMNS)
            .where(col(MemberChangeRow.person_id) == person_id)
            .order_by(col(MemberChangeRow.change_id))
        )
        return tuple(_to_change(row) for row in found.mappings())

    async def names(self, person_ids: Sequence[PersonId]) -> Mapping[PersonId, str]:
        """Return the printed names of people."""
        found = await self._connection.execute(
            select(col(PersonRow.person_id), col(PersonRow.printed_name)).where(
                col(PersonRow.person_id).in_(person_ids)
            )
        )
        return {PersonId(person_id): name for person_id, name in found}

    async def party_names(self, tenant_ids: Sequence[TenantId]) -> Mapping[TenantId, str]:
        """Return the Korean names of organisations."""
        found = await self._connection.execute(
            select(col(TenantRow.tenant_id), col(TenantRow.name_ko)).where(col(TenantRow.tenant_id).in_(tenant_ids))
        )
        return {TenantId(number): name for number, name in found}

    async def organisations(self, *, after: TenantId | None, limit: int) -> tuple[Tenant, ...]:
        """Return the organisations in reach, in order of their number."""
        query = select(col(TenantRow.tenant_id)).order_by(col(TenantRow.tenant_id)).limit(limit)
        if after is not None:
            query = query.where(col(TenantRow.tenant_id) > after)
        numbers = list(await self._connection.scalars(query))
        parties = PostgresParties(self._connection)
        return tuple([await parties.one(TenantId(number)) for number in numbers])


class PostgresInvitations:
    """Places kept for those who were invited."""

    def __init__(self, connection: AsyncConnection, within: Within = None) -> None:
        self._connection = connection
        self._within = within

    async def add(self, invitation: Invitation) -> None:
        """Store an invitation."""
        await self._connection.execute(insert(InvitationRow).values(asdict(invitation)))

    async def find(self, token_sha256: bytes) -> Invitation | None:
        """Return the invitation of a token, its row locked."""
        found = await self._connection.execute(
            select(*_INVITATION_COLUMNS).where(col(InvitationRow.token_sha256) == token_sha256).with_for_update()
        )
        row = found.mappings().first()
        return None if row is None else _to_invitation(row)

    async def one(self, invitation_id: UUID) -> Invitation | None:
        """Return an invitation."""
        found = await self._connection.execute(
            select(*_INVITATION_COLUMNS).where(col(InvitationRow.invitation_id) == invitation_id)
        )
        row = found.mappings().first()
        return None if row is None else _to_invitation(row)

    async def page(self, *, tenant_id: TenantId | None, after: UUID | None, limit: int) -> tuple[Invitation, ...]:
        """Return invitations, newest first."""
        query = of_complex(
            select(*_INVITATION_COLUMNS).order_by(col(InvitationRow.invitation_id).desc()).limit(limit),
            InvitationRow.tenant_id,
            self._within,
        )
        if tenant_id is not None:
            query = query.where(col(InvitationRow.tenant_id) == tenant_id)
        if after is not None:
            query = query.where(col(InvitationRow.invitation_id) < after)
        return tuple(_to_invitation(row) for row in (await self._connection.execute(query)).mappings())

    async def take(self, invitation_id: UUID, *, person_id: PersonId, at: datetime) -> bool:
        """Use an invitation up: compare and set."""
        done = await self._connection.execute(
            update(InvitationRow)
            .where(
                col(InvitationRow.invitation_id) == invitation_id,
                col(InvitationRow.taken_at).is_(None),
                col(InvitationRow.withdrawn_at).is_(None),
            )
            .values(taken_at=at, taken_by=person_id)
        )
        return done.rowcount == 1

    async def withdraw(self, invitation_id: UUID, *, at: datetime) -> bool:
        """Withdraw an invitation: compare and set."""
        done = await self._connection.execute(
            update(InvitationRow)
            .where(
                col(InvitationRow.invitation_id) == invitation_id,
                col(InvitationRow.taken_at).is_(None),
                col(InvitationRow.withdrawn_at).is_(None),
            )
            .values(withdrawn_at=at)
        )
        return done.rowcount == 1
