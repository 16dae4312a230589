"""Ports of the identity context on PostgreSQL."""

from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from asyncpg import Record
from sqlalchemy import (
    RowMapping,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased
from sqlmodel import col

from adapters.postgres.tables.identity import (
    IndustrialComplexRow,
    PasskeyRow,
    PersonRow,
    ProviderLinkRow,
    RecoveryCodeRow,
    SessionRow,
    SignInFailureRow,
    SignInTicketRow,
    TenantRow,
    TotpRow,
)
from domain.identity.errors import LinkTaken, SignInNameTaken, TenantNumberTaken, TenantUnknown
from domain.identity.model import (
    Enrolled,
    Failures,
    IndustrialComplex,
    PartyKind,
    Passkey,
    Person,
    Session,
    Tenant,
    Ticket,
    TicketKind,
    Totp,
)
from domain.shared.actor import ComplexReach, Role, complex_reach_of
from domain.shared.identifiers import PersonId, TenantId

Told: TypeAlias = RowMapping | Record
"""A row by its columns' names, as SQLAlchemy or the driver hands it."""


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
        insurance=row["insurance"] or "",
    )


_OF_THE_SAME = aliased(TenantRow)
_OWN_PARTY = aliased(TenantRow)
ORGANISATIONS = (
    select(func.array_agg(col(_OF_THE_SAME.tenant_id)))
    .where(col(_OF_THE_SAME.complex_id) == col(_OWN_PARTY.complex_id))
    .correlate(_OWN_PARTY)
    .scalar_subquery()
)


def to_complex_reach(row: Told) -> ComplexReach | None:
    """Return how far a complex's staff reach; None for everybody else."""
    if row["complex_organisations"] is None:
        return None
    return complex_reach_of(row["in_complex"], map(TenantId, row["complex_organisations"]))


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
                insurance=tenant.insurance or None,
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

    async def reach_of(self, tenant_id: TenantId) -> ComplexReach:
        """Return how far the staff of a party's complex reach."""
        found = await self._connection.execute(
            select(col(_OWN_PARTY.complex_id), ORGANISATIONS).where(col(_OWN_PARTY.tenant_id) == tenant_id)
        )
        row = found.first()
        if row is None:
            raise TenantUnknown
        return complex_reach_of(row[0], map(TenantId, row[1]))

    async def operator_of(self, tenant_id: TenantId) -> Tenant | None:
        """Return the operator of the complex that a party lies in, the first where there are several."""
        found = await self._connection.execute(
            select(*_TENANT_COLUMNS)
            .where(
                col(TenantRow.kind) == PartyKind.OPERATOR.value,
                col(TenantRow.complex_id)
                == select(col(_OWN_PARTY.complex_id)).where(col(_OWN_PARTY.tenant_id) == tenant_id).scalar_subquery(),
            )
            .order_by(col(TenantRow.tenant_id))
            .limit(1)
        )
        row = found.mappings().first()
        return None if row is None else _to_tenant(row)

    async def complexes(self) -> tuple[IndustrialComplex, ...]:
        """Return the complexes of the installation by number."""
        found = await self._connection.execute(
            select(
                col(IndustrialComplexRow.complex_id),
                col(IndustrialComplexRow.name_ko),
                col(IndustrialComplexRow.name_en),
            ).order_by(col(IndustrialComplexRow.complex_id))
        )
        return tuple(IndustrialComplex(**row) for row in found.mappings())

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

    async def set_password(self, person_id: PersonId, password_hash: str) -> None:
        """Replace a person's password."""
        await self._connection.execute(
            update(PersonRow).where(col(PersonRow.person_id) == person_id).values(password_hash=password_hash)
        )

    async def hold_failures(self, sign_in_name: str, *, source: str, since: datetime) -> Failures:
        """Count the failed tries under a name and from an address; tries under the same name wait for this one."""
        await self._connection.execute(
            text("select pg_advisory_xact_lock(hashtextextended('sign-in:' || :name, 0))"), {"name": sign_in_name}
        )
        under = col(SignInFailureRow.sign_in_name) == sign_in_name
        fresh = col(SignInFailureRow.failed_at) >= since
        named = await self._connection.execute(
            select(func.count(), func.max(col(SignInFailureRow.failed_at))).where(under, fresh)
        )
        sent = await self._connection.execute(
            select(func.count(), func.max(col(SignInFailureRow.failed_at))).where(
                col(SignInFailureRow.source) == source, col(SignInFailureRow.source) != "", fresh
            )
        )
        under_name, last_under_name = named.one()
        from_source, last_from_source = sent.one()
        return Failures(
            under_name=under_name,
            last_under_name=last_under_name,
            from_source=from_source,
            last_from_source=last_from_source,
        )

    async def note_failure(self, sign_in_name: str, *, source: str, failure_id: UUID, at: datetime) -> None:
        """Count one more failed try, and forget all those older than a day."""
        await self._connection.execute(
            insert(SignInFailureRow).values(
                sign_in_name=sign_in_name, failed_at=at, failure_id=failure_id, source=source
            )
        )
        await self._connection.execute(
            delete(SignInFailureRow).where(col(SignInFailureRow.failed_at) < at - timedelta(days=1))
        )

    async def forgive(self, sign_in_name: str, *, source: str, only: UUID | None = None) -> None:
        """Forget the failed tries under a name from an address, or only one of them."""
        await self._connection.execute(
            delete(SignInFailureRow).where(
                col(SignInFailureRow.sign_in_name) == sign_in_name,
                col(SignInFailureRow.source) == source,
                true() if only is None else col(SignInFailureRow.failure_id) == only,
            )
        )

    async def linked(self, *, issuer: str, subject: str) -> Person | None:
        """Return the person whom an outside provider's account is bound to."""
        found = await self._connection.execute(
            select(*_PERSON_COLUMNS)
            .join(ProviderLinkRow, col(ProviderLinkRow.person_id) == col(PersonRow.person_id))
            .where(col(ProviderLinkRow.issuer) == issuer, col(ProviderLinkRow.subject) == subject)
        )
        row = found.mappings().first()
        return None if row is None else _to_person(row)

    async def link(self, person_id: PersonId, *, issuer: str, subject: str, at: datetime) -> None:
        """Bind an outside provider's account to a person."""
        await self._connection.execute(
            upsert(ProviderLinkRow)
            .values(issuer=issuer, subject=subject, person_id=person_id, bound_at=at)
            .on_conflict_do_nothing()
        )
        bound = await self.linked(issuer=issuer, subject=subject)
        if bound is None or bound.person_id != person_id:
            raise LinkTaken


_SESSION_COLUMNS = tuple(SessionRow.__table__.c)  # type: ignore[attr-defined]


def to_session(row: Told) -> Session:
    """Return the session of a row."""
    return Session(
        session_id=row["session_id"],
        token_sha256=row["token_sha256"],
        person_id=PersonId(row["person_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        opened_at=row["opened_at"],
        expires_at=row["expires_at"],
        last_seen_at=row["last_seen_at"],
        confirmed_at=row["confirmed_at"],
        second_factor=row["second_factor"],
        source=row["source"],
        agent=row["agent"],
    )


class PostgresSessions:
    """Open sessions."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def open(self, session: Session) -> None:
        """Store a session."""
        await self._connection.execute(
            insert(SessionRow).values(
                session_id=session.session_id,
                token_sha256=session.token_sha256,
                person_id=session.person_id,
                tenant_id=session.tenant_id,
                opened_at=session.opened_at,
                expires_at=session.expires_at,
                last_seen_at=session.last_seen_at,
                confirmed_at=session.confirmed_at,
                second_factor=session.second_factor,
                source=session.source,
                agent=session.agent,
            )
        )

    async def seen(self, token_sha256: bytes, *, at: datetime) -> None:
        """Note that the session was used."""
        await self._connection.execute(
            update(SessionRow).where(col(SessionRow.token_sha256) == token_sha256).values(last_seen_at=at)
        )

    async def renew(
        self, session: Session, *, token_sha256: bytes, confirmed_at: datetime | None, second_factor: bool
    ) -> bool:
        """Give a session a new token."""
        done = await self._connection.execute(
            update(SessionRow)
            .where(col(SessionRow.token_sha256) == session.token_sha256)
            .values(token_sha256=token_sha256, confirmed_at=confirmed_at, second_factor=second_factor)
        )
        return done.rowcount == 1

    async def of_person(self, person_id: PersonId, *, now: datetime, seen_since: datetime) -> tuple[Session, ...]:
        """Return a person's open sessions, the newest first, fifty at most."""
        found = await self._connection.execute(
            select(*_SESSION_COLUMNS)
            .where(
                col(SessionRow.person_id) == person_id,
                col(SessionRow.expires_at) > now,
                col(SessionRow.last_seen_at) > seen_since,
            )
            .order_by(col(SessionRow.opened_at).desc(), col(SessionRow.session_id))
            .limit(50)
        )
        return tuple(to_session(row) for row in found.mappings())

    async def close(self, token_sha256: bytes) -> None:
        """End a session."""
        await self._connection.execute(delete(SessionRow).where(col(SessionRow.token_sha256) == token_sha256))

    async def close_one(self, person_id: PersonId, session_id: UUID) -> bool:
        """End one of a person's sessions."""
        done = await self._connection.execute(
            delete(SessionRow).where(col(SessionRow.session_id) == session_id, col(SessionRow.person_id) == person_id)
        )
        return done.rowcount == 1

    async def close_all(self, person_id: PersonId, *, but: UUID | None = None) -> int:
        """End all of a person's sessions but the one named."""
        done = await self._connection.execute(
            delete(SessionRow).where(
                col(SessionRow.person_id) == person_id,
                true() if but is None else col(SessionRow.session_id) != but,
            )
        )
        return done.rowcount

    async def sweep(self, *, now: datetime, seen_since: datetime) -> int:
        """Forget expired sessions."""
        done = await self._connection.execute(
            delete(SessionRow).where(or_(col(SessionRow.expires_at) <= now, col(SessionRow.last_seen_at) <= seen_since))
        )
        return done.rowcount


class PostgresSecondFactors:
    """What people have besides the password."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def enrolled(self, person_id: PersonId) -> Enrolled:
        """Return what a person has."""
        found = await self._connection.execute(
            select(
                select(func.count())
                .where(col(TotpRow.person_id) == person_id, col(TotpRow.last_step).is_not(None))
                .scalar_subquery()
                .label("apps"),
                select(func.count()).where(col(PasskeyRow.person_id) == person_id).scalar_subquery().label("passkeys"),
                select(func.count())
                .where(col(RecoveryCodeRow.person_id) == person_id, col(RecoveryCodeRow.used_at).is_(None))
                .scalar_subquery()
                .label("codes"),
            )
        )
        row = found.mappings().one()
        return Enrolled(totp=row["apps"] > 0, passkeys=row["passkeys"], recovery_codes=row["codes"])

    async def totp(self, person_id: PersonId) -> Totp | None:
        """Return a person's authenticator app."""
        found = await self._connection.execute(
            select(
                col(TotpRow.person_id), col(TotpRow.sealed_secret), col(TotpRow.enrolled_at), col(TotpRow.last_step)
            ).where(col(TotpRow.person_id) == person_id)
        )
        row = found.mappings().first()
        if row is None:
            return None
        return Totp(
            person_id=PersonId(row["person_id"]),
            sealed_secret=row["sealed_secret"],
            enrolled_at=row["enrolled_at"],
            last_step=row["last_step"],
        )

    async def begin_totp(self, totp: Totp) -> bool:
        """Store an app that waits for its first code, instead of another that waits."""
        fresh = {"sealed_secret": totp.sealed_secret, "enrolled_at": totp.enrolled_at}
        done = await self._connection.execute(
            upsert(TotpRow)
            .values(person_id=totp.person_id, last_step=totp.last_step, **fresh)
            .on_conflict_do_update(index_elements=["person_id"], set_=fresh, where=col(TotpRow.last_step).is_(None))
        )
        return done.rowcount == 1

    async def use_totp(self, person_id: PersonId, *, step: int) -> bool:
        """Use up a step and all before it."""
        done = await self._connection.execute(
            update(TotpRow)
            .where(
                col(TotpRow.person_id) == person_id,
                or_(col(TotpRow.last_step).is_(None), col(TotpRow.last_step) < step),
            )
            .values(last_step=step)
        )
        return done.rowcount == 1

    async def drop_totp(self, person_id: PersonId) -> None:
        """Forget a person's authenticator app."""
        await self._connection.execute(delete(TotpRow).where(col(TotpRow.person_id) == person_id))

    async def passkeys(self, person_id: PersonId) -> tuple[Passkey, ...]:
        """Return a person's passkeys, the oldest first."""
        found = await self._connection.execute(
            select(*_PASSKEY_COLUMNS)
            .where(col(PasskeyRow.person_id) == person_id)
            .order_by(col(PasskeyRow.enrolled_at), col(PasskeyRow.credential_id))
        )
        return tuple(_to_passkey(row) for row in found.mappings())

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """Return a passkey."""
        found = await self._connection.execute(
            select(*_PASSKEY_COLUMNS).where(col(PasskeyRow.credential_id) == credential_id)
        )
        row = found.mappings().first()
        return None if row is None else _to_passkey(row)

    async def add_passkey(self, passkey: Passkey) -> bool:
        """Store a passkey."""
        done = await self._connection.execute(
            upsert(PasskeyRow)
            .values(
                credential_id=passkey.credential_id,
                person_id=passkey.person_id,
                public_key=passkey.public_key,
                sign_count=passkey.sign_count,
                label=passkey.label,
                enrolled_at=passkey.enrolled_at,
                last_used_at=passkey.last_used_at,
            )
            .on_conflict_do_nothing()
        )
        return done.rowcount == 1

    async def use_passkey(self, passkey: Passkey, *, sign_count: int, at: datetime) -> bool:
        """Note a use and the counter it showed."""
        done = await self._connection.execute(
            update(PasskeyRow)
            .where(
                col(PasskeyRow.credential_id) == passkey.credential_id,
                col(PasskeyRow.sign_count) == passkey.sign_count,
            )
            .values(sign_count=sign_count, last_used_at=at)
        )
        return done.rowcount == 1

    async def drop_passkey(self, person_id: PersonId, credential_id: bytes) -> None:
        """Forget one of a person's passkeys."""
        await self._connection.execute(
            delete(PasskeyRow).where(
                col(PasskeyRow.credential_id) == credential_id, col(PasskeyRow.person_id) == person_id
            )
        )

    async def replace_recovery_codes(self, person_id: PersonId, code_sha256s: tuple[bytes, ...]) -> None:
        """Store new recovery codes."""
        await self._connection.execute(delete(RecoveryCodeRow).where(col(RecoveryCodeRow.person_id) == person_id))
        if code_sha256s:
            await self._connection.execute(
                insert(RecoveryCodeRow),
                [{"person_id": person_id, "code_sha256": one, "used_at": None} for one in code_sha256s],
            )

    async def use_recovery_code(self, person_id: PersonId, code_sha256: bytes, *, at: datetime) -> bool:
        """Use up a recovery code."""
        done = await self._connection.execute(
            update(RecoveryCodeRow)
            .where(
                col(RecoveryCodeRow.person_id) == person_id,
                col(RecoveryCodeRow.code_sha256) == code_sha256,
                col(RecoveryCodeRow.used_at).is_(None),
            )
            .values(used_at=at)
        )
        return done.rowcount == 1


_PASSKEY_COLUMNS = tuple(PasskeyRow.__table__.c)  # type: ignore[attr-defined]


def _to_passkey(row: RowMapping) -> Passkey:
    return Passkey(
        credential_id=row["credential_id"],
        person_id=PersonId(row["person_id"]),
        public_key=row["public_key"],
        sign_count=row["sign_count"],
        label=row["label"],
        enrolled_at=row["enrolled_at"],
        last_used_at=row["last_used_at"],
    )


_TICKET_COLUMNS = tuple(SignInTicketRow.__table__.c)  # type: ignore[attr-defined]


def _to_ticket(row: RowMapping) -> Ticket:
    return Ticket(
        token_sha256=row["token_sha256"],
        kind=TicketKind(row["kind"]),
        person_id=None if row["person_id"] is None else PersonId(row["person_id"]),
        payload=row["payload"],
        expires_at=row["expires_at"],
    )


class PostgresTickets:
    """Steps that were begun."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, ticket: Ticket, *, now: datetime) -> None:
        """Store a ticket, and forget those that expired."""
        await self._connection.execute(delete(SignInTicketRow).where(col(SignInTicketRow.expires_at) <= now))
        await self._connection.execute(
            insert(SignInTicketRow).values(
                token_sha256=ticket.token_sha256,
                kind=ticket.kind.value,
                person_id=ticket.person_id,
                payload=ticket.payload,
                expires_at=ticket.expires_at,
            )
        )

    async def drop(self, person_id: PersonId, *, kind: TicketKind) -> None:
        """Forget a person's tickets of a kind."""
        await self._connection.execute(
            delete(SignInTicketRow).where(
                col(SignInTicketRow.person_id) == person_id, col(SignInTicketRow.kind) == kind.value
            )
        )

    async def find(self, token_sha256: bytes, *, kind: TicketKind, now: datetime) -> Ticket | None:
        """Return a ticket that is neither taken nor expired."""
        found = await self._connection.execute(
            select(*_TICKET_COLUMNS).where(
                col(SignInTicketRow.token_sha256) == token_sha256,
                col(SignInTicketRow.kind) == kind.value,
                col(SignInTicketRow.expires_at) > now,
            )
        )
        row = found.mappings().first()
        return None if row is None else _to_ticket(row)

    async def take(self, token_sha256: bytes, *, kind: TicketKind, now: datetime) -> Ticket | None:
        """Return a ticket and forget it."""
        found = await self._connection.execute(
            delete(SignInTicketRow)
            .where(
                col(SignInTicketRow.token_sha256) == token_sha256,
                col(SignInTicketRow.kind) == kind.value,
                col(SignInTicketRow.expires_at) > now,
            )
            .returning(*_TICKET_COLUMNS)
        )
        row = found.mappings().first()
        return None if row is None else _to_ticket(row)
