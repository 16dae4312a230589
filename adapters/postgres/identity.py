"""Ports of the identity context on PostgreSQL."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.identity import IndustrialComplexRow, PersonRow, SessionRow, SignInFailureRow, TenantRow
from domain.identity.errors import SignInNameTaken, TenantNumberTaken, TenantUnknown
from domain.identity.model import IndustrialComplex, PartyKind, Person, Session, Tenant
from domain.shared.actor import Role
from domain.shared.identifiers import PersonId, TenantId


def _to_tenant(row: RowMapping) -> Tenant:
    return Tenant(
        tenant_id=TenantId(row["tenant_id"]),
        ref=row["ref"],
        complex_id=row["complex_id"],
        kind=PartyKind(row["kind"]),
        name_ko=row["name_ko"],
        name_en=row["name_en"],
        business_no=row["business_no"],
        address_ko=row["address_ko"],
        address_en=row["address_en"],
        bank_account=row["bank_account"],
        accreditation=row["accreditation"],
    )


_TENANT_COLUMNS = tuple(TenantRow.__table__.c)  # type: ignore[attr-defined]


class PostgresParties:
    """The complex and its parties."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_complex(self, industrial_complex: IndustrialComplex) -> None:
        """Store a complex unless its number is in use."""
        await self._connection.execute(
            upsert(IndustrialComplexRow)
            .values(
                complex_id=industrial_complex.complex_id,
                name_ko=industrial_complex.name_ko,
                name_en=industrial_complex.name_en,
            )
            .on_conflict_do_nothing()
        )

    async def complex_of(self, tenant_id: TenantId) -> IndustrialComplex:
        """Return the complex that a party lies in."""
        found = await self._connection.execute(
            select(
                col(IndustrialComplexRow.complex_id),
                col(IndustrialComplexRow.name_ko),
                col(IndustrialComplexRow.name_en),
            )
            .join(TenantRow, col(TenantRow.complex_id) == col(IndustrialComplexRow.complex_id))
            .where(col(TenantRow.tenant_id) == tenant_id)
        )
        row = found.mappings().first()
        if row is None:
            raise TenantUnknown
        return IndustrialComplex(complex_id=row["complex_id"], name_ko=row["name_ko"], name_en=row["name_en"])

    async def add(self, tenant: Tenant) -> None:
        """Store a party."""
        await self._connection.execute(
            upsert(TenantRow)
            .values(
                tenant_id=tenant.tenant_id,
                ref=tenant.ref,
                complex_id=tenant.complex_id,
                kind=tenant.kind.value,
                name_ko=tenant.name_ko,
                name_en=tenant.name_en,
                business_no=tenant.business_no,
                address_ko=tenant.address_ko,
                address_en=tenant.address_en,
                bank_account=tenant.bank_account,
                accreditation=tenant.accreditation,
            )
            .on_conflict_do_nothing()
        )
        if (await self.one(tenant.tenant_id)).ref != tenant.ref:
            raise TenantNumberTaken(number=tenant.tenant_id)

    async def one(self, tenant_id: TenantId) -> Tenant:
        """Return a party."""
        found = await self._connection.execute(select(*_TENANT_COLUMNS).where(col(TenantRow.tenant_id) == tenant_id))
        row = found.mappings().first()
        if row is None:
            raise TenantUnknown
        return _to_tenant(row)

    async def of_kind(self, kind: PartyKind) -> tuple[Tenant, ...]:
        """Return all parties of a kind."""
        found = await self._connection.execute(
            select(*_TENANT_COLUMNS).where(col(TenantRow.kind) == kind.value).order_by(col(TenantRow.tenant_id))
        )
        return tuple(_to_tenant(row) for row in found.mappings())


def _to_person(row: RowMapping) -> Person:
    return Person(
        person_id=PersonId(row["person_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        sign_in_name=row["sign_in_name"],
        printed_name=row["printed_name"],
        role=Role(row["role"]),
        password_hash=row["password_hash"],
        active=row["active"],
    )


_PERSON_COLUMNS = tuple(PersonRow.__table__.c)  # type: ignore[attr-defined]


class PostgresPeople:
    """Those who sign in."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, person: Person) -> None:
        """Store a person."""
        await self._connection.execute(
            upsert(PersonRow)
            .values(
                person_id=person.person_id,
                tenant_id=person.tenant_id,
                sign_in_name=person.sign_in_name,
                printed_name=person.printed_name,
                role=person.role.value,
                password_hash=person.password_hash,
                active=person.active,
            )
            .on_conflict_do_nothing()
        )
        stored = await self.named(person.sign_in_name)
        if stored is None or stored.person_id != person.person_id:
            raise SignInNameTaken(name=person.sign_in_name)

    async def named(self, sign_in_name: str) -> Person | None:
        """Return the person who signs in under a name."""
        found = await self._connection.execute(
            select(*_PERSON_COLUMNS).where(col(PersonRow.sign_in_name) == sign_in_name)
        )
        row = found.mappings().first()
        return None if row is None else _to_person(row)

    async def one(self, person_id: PersonId) -> Person | None:
        """Return a person."""
        found = await self._connection.execute(select(*_PERSON_COLUMNS).where(col(PersonRow.person_id) == person_id))
        row = found.mappings().first()
        return None if row is None else _to_person(row)

    async def failures_since(self, sign_in_name: str, since: datetime) -> int:
        """Count the failed sign-ins under a name."""
        found = await self._connection.execute(
            select(func.count()).where(
                col(SignInFailureRow.sign_in_name) == sign_in_name, col(SignInFailureRow.failed_at) >= since
            )
        )
        count: int = found.scalar_one()
        return count

    async def note_failure(self, sign_in_name: str, *, failure_id: UUID, at: datetime) -> None:
        """Count one more failed sign-in, and forget those older than a day."""
        await self._connection.execute(
            insert(SignInFailureRow).values(sign_in_name=sign_in_name, failed_at=at, failure_id=failure_id)
        )
        await self._connection.execute(
            delete(SignInFailureRow).where(
                col(SignInFailureRow.sign_in_name) == sign_in_name,
                col(SignInFailureRow.failed_at) < at - timedelta(days=1),
            )
        )


class PostgresSessions:
    """Open sessions."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def open(self, session: Session) -> None:
        """Store a session."""
        await self._connection.execute(
            insert(SessionRow).values(
                token_sha256=session.token_sha256,
                person_id=session.person_id,
                tenant_id=session.tenant_id,
                opened_at=session.opened_at,
                expires_at=session.expires_at,
            )
        )

    async def find(self, token_sha256: bytes, *, now: datetime) -> Session | None:
        """Return a session that has not expired."""
        found = await self._connection.execute(
            select(
                col(SessionRow.token_sha256),
                col(SessionRow.person_id),
                col(SessionRow.tenant_id),
                col(SessionRow.opened_at),
                col(SessionRow.expires_at),
            ).where(col(SessionRow.token_sha256) == token_sha256, col(SessionRow.expires_at) > now)
        )
        row = found.mappings().first()
        if row is None:
            return None
        return Session(
            token_sha256=row["token_sha256"],
            person_id=PersonId(row["person_id"]),
            tenant_id=TenantId(row["tenant_id"]),
            opened_at=row["opened_at"],
            expires_at=row["expires_at"],
        )

    async def close(self, token_sha256: bytes) -> None:
        """End a session."""
        await self._connection.execute(delete(SessionRow).where(col(SessionRow.token_sha256) == token_sha256))

    async def sweep(self, *, now: datetime) -> int:
        """Forget expired sessions."""
        done = await self._connection.execute(delete(SessionRow).where(col(SessionRow.expires_at) <= now))
        return done.rowcount
