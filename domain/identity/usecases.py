"""Signing in and out."""

from dataclasses import dataclass
from datetime import timedelta

from domain.identity.errors import NotSignedIn, PasswordTooWeak, SignInRefused, TooManyFailures
from domain.identity.membership import require_fit
from domain.identity.model import IndustrialComplex, PartyKind, Person, Session, Tenant
from domain.identity.ports import IdentityWork, Passwords, Tokens
from domain.shared.actor import DOOR, SYSTEM, Actor, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import Ids, PersonId, TenantId
from domain.shared.time import Clock
from domain.shared.unit import Unit

SESSION_LASTS = timedelta(hours=12)
FAILURES_WINDOW = timedelta(minutes=15)
FAILURES_MAX = 10
PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX = 12, 256


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """The token, shown this once, and the person it stands for."""

    token: str
    person: Person
    session: Session


async def sign_in(
    sign_in_name: str,
    password: str,
    *,
    unit: Unit[IdentityWork],
    passwords: Passwords,
    tokens: Tokens,
    ids: Ids,
    clock: Clock,
) -> OpenedSession:
    """Open a session for a person.

    A wrong name and a wrong password take equally long and get one answer.

    Raises:
        SignInRefused: the name or the password does not fit.
        TooManyFailures: more than ten failures under this name in a quarter of an hour.
    """
    now = clock.now()
    async with unit(DOOR) as work:
        failures = await work.people.failures_since(sign_in_name, now - FAILURES_WINDOW)
        person = await work.people.named(sign_in_name)
    if failures >= FAILURES_MAX:
        raise TooManyFailures(minutes=int(FAILURES_WINDOW.total_seconds() // 60))
    known = person is not None and person.active
    fits = await passwords.fits(password, person.password_hash if person is not None and known else None)
    async with unit(DOOR) as work:
        if person is None or not known or not fits:
            await work.people.note_failure(sign_in_name, failure_id=ids.new(), at=now)
            await work.commit()
            raise SignInRefused
        token = tokens.new()
        session = Session(
            token_sha256=sha256(token),
            person_id=person.person_id,
            tenant_id=person.tenant_id,
            opened_at=now,
            expires_at=now + SESSION_LASTS,
        )
        await work.sessions.open(session)
        await work.commit()
    return OpenedSession(token=token, person=person, session=session)


async def who_is(token: str, *, unit: Unit[IdentityWork], clock: Clock) -> Actor:
    """Return the one who holds a session's token.

    Raises:
        NotSignedIn: the token opens no session, or its person is no longer active.
    """
    async with unit(DOOR) as work:
        session = await work.sessions.find(sha256(token), now=clock.now())
        person = None if session is None else await work.people.one(session.person_id)
    if person is None or not person.active:
        raise NotSignedIn
    return person.actor


async def sign_out(token: str, *, unit: Unit[IdentityWork]) -> None:
    """End a session; a token that opens none is no error."""
    async with unit(DOOR) as work:
        await work.sessions.close(sha256(token))
        await work.commit()


COMPLEX = 1
"""The one industrial complex that an installation serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTenant:
    """A party as it is printed on documents; the complex's names count only for the first party."""

    number: int
    kind: PartyKind
    name_ko: str
    name_en: str
    business_no: str
    address_ko: str
    address_en: str
    bank_account: str = ""
    accreditation: str = ""
    complex_ko: str
    complex_en: str


async def add_tenant(wish: AddTenant, *, unit: Unit[IdentityWork], ids: Ids) -> Tenant:
    """Register a party of the complex: its operator, an inspection body, a tenant.

    Raises:
        TenantNumberTaken: another party has the number.
    """
    tenant = Tenant(
        tenant_id=TenantId(wish.number),
        ref=ids.new(),
        complex_id=COMPLEX,
        kind=wish.kind,
        name_ko=wish.name_ko,
        name_en=wish.name_en,
        business_no=wish.business_no,
        address_ko=wish.address_ko,
        address_en=wish.address_en,
        bank_account=wish.bank_account,
        accreditation=wish.accreditation,
    )
    async with unit(SYSTEM) as work:
        await work.parties.add_complex(
            IndustrialComplex(complex_id=COMPLEX, name_ko=wish.complex_ko, name_en=wish.complex_en)
        )
        await work.parties.add(tenant)
        await work.commit()
    return tenant


async def add_person(
    *,
    tenant_id: TenantId,
    sign_in_name: str,
    printed_name: str,
    role: Role,
    password: str,
    unit: Unit[IdentityWork],
    passwords: Passwords,
    ids: Ids,
) -> Person:
    """Let somebody sign in.

    Raises:
        PasswordTooWeak: the password has fewer than 12 or more than 256 characters.
        TenantUnknown: there is no such party.
        RoleDoesNotFit: the party's kind has no such role.
        SignInNameTaken: somebody else has the name.
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise PasswordTooWeak(shortest=PASSWORD_LENGTH_MIN, longest=PASSWORD_LENGTH_MAX)
    password_hash = await passwords.hash(password)
    person = Person(
        person_id=PersonId(ids.new()),
        tenant_id=tenant_id,
        sign_in_name=sign_in_name,
        printed_name=printed_name,
        role=role,
        password_hash=password_hash,
        active=True,
    )
    async with unit(SYSTEM) as work:
        require_fit(role, (await work.parties.one(tenant_id)).kind)
        await work.people.add(person)
        await work.commit()
    return person
