"""Who acts: a person or a machine with a role, a passer-by, or the system itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from domain.shared.errors import NotAllowed
from domain.shared.identifiers import PersonId, TenantId


class Role(StrEnum):
    """What somebody is here; the last three are nobody's to be given."""

    TENANT_VIEWER = "tenant_viewer"
    TENANT_ADMIN = "tenant_admin"
    TESTER = "tester"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    QUALITY = "quality"
    OPERATOR = "operator"
    FINANCE = "finance"
    ADMIN = "admin"
    AUDITOR = "auditor"
    OWNER = "owner"
    AUTHORITY = "authority"
    RECYCLER = "recycler"
    DEVICE = "device"
    SYSTEM = "system"
    DOOR = "door"
    PUBLIC = "public"


ROLES_KO: Mapping[Role, str] = MappingProxyType(
    {
        Role.TENANT_VIEWER: "입주기업 열람자",
        Role.TENANT_ADMIN: "입주기업 관리자",
        Role.TESTER: "시험원",
        Role.REVIEWER: "검토자",
        Role.APPROVER: "승인자",
        Role.QUALITY: "품질책임자",
        Role.OPERATOR: "운영자",
        Role.FINANCE: "재무 담당자",
        Role.ADMIN: "시스템 관리자",
        Role.AUDITOR: "감사자",
        Role.OWNER: "배터리 소유자",
        Role.AUTHORITY: "관계 기관",
        Role.RECYCLER: "재활용사업자",
        Role.DEVICE: "계량 장치",
        Role.SYSTEM: "시스템",
        Role.DOOR: "로그인 창구",
        Role.PUBLIC: "방문자",
    }
)

TENANT_STAFF = (Role.TENANT_VIEWER, Role.TENANT_ADMIN)
BODY_STAFF = (Role.TESTER, Role.REVIEWER, Role.APPROVER, Role.QUALITY)
COMPLEX_STAFF = (Role.OPERATOR, Role.FINANCE, Role.ADMIN, Role.AUDITOR)
GRANTED = (Role.OWNER, Role.AUTHORITY, Role.RECYCLER)
"""Those who see what they were given access to, pack by pack."""

SIGNED_IN = (*TENANT_STAFF, *BODY_STAFF, *COMPLEX_STAFF, *GRANTED)
"""The roles of people."""


class Extent(StrEnum):
    """How far a transaction sees and writes; the database enforces it (docs/decisions/0014)."""

    TENANT = "tenant"
    BODY = "body"
    COMPLEX = "complex"
    GRANTED = "granted"
    DOOR = "door"
    PUBLIC = "public"


_EXTENTS: Mapping[Role, Extent] = MappingProxyType(
    {
        **dict.fromkeys((*TENANT_STAFF, Role.DEVICE), Extent.TENANT),
        **dict.fromkeys(BODY_STAFF, Extent.BODY),
        **dict.fromkeys((*COMPLEX_STAFF, Role.SYSTEM), Extent.COMPLEX),
        **dict.fromkeys(GRANTED, Extent.GRANTED),
        Role.DOOR: Extent.DOOR,
        Role.PUBLIC: Extent.PUBLIC,
    }
)

_READERS = frozenset({Role.TENANT_VIEWER, Role.AUDITOR, *GRANTED, Role.PUBLIC})


class RoleNotEnough(NotAllowed):
    """The actor's role does not reach this far."""

    code = "shared.role-not-enough"
    title_ko = "이 작업을 할 권한이 없습니다. 필요한 역할: {needed_ko}."
    title_en = "Your role may not do this; it takes: {needed}."


CONFIRMATION_LASTS = timedelta(minutes=5)
"""How long after proving again who they are somebody may sign, and move money."""


class ConfirmationNeeded(NotAllowed):
    """Signing and moving money ask for a proof of who acts that is at most five minutes old."""

    code = "identity.confirmation-needed"
    title_ko = "서명과 금전 처리에는 본인 확인이 필요합니다. 비밀번호, 인증 코드 또는 패스키로 다시 확인해 주세요."
    title_en = "Signing and moving money take a fresh proof of who you are: password, code or passkey."


class ScopeNotEnough(NotAllowed):
    """The actor's key is narrowed to sites and channels, and does not reach this far."""

    code = "shared.scope-not-enough"
    title_ko = "이 API 키의 범위(사업장·채널)를 벗어난 작업입니다."
    title_en = "This key is narrowed to sites and channels and may not do this."


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplexReach:
    """How far the staff of an industrial complex reach: its number, and the organisations in it."""

    complex_id: int
    organisations: frozenset[TenantId]


FOUNDING_COMPLEX = 1
"""The complex that an installation begins with; its staff look after the installation's own books as well."""

INSTALLATION = TenantId(0)
"""Whose things are that are no organisation's: what a stranger did, what the program did by itself."""


def complex_reach_of(complex_id: int, organisations: Iterable[TenantId]) -> ComplexReach:
    """Return how far the staff of a complex reach, which these organisations lie in."""
    own = frozenset(organisations)
    return ComplexReach(
        complex_id=complex_id, organisations=own | {INSTALLATION} if complex_id == FOUNDING_COMPLEX else own
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The one on whose behalf a use case runs, and every transaction is opened.

    `tenant_id` is the organisation the person or machine belongs to; `name` is printed on what they sign.
    `complex_reach` is the industrial complex that the complex's staff act in; without one they reach nothing.
    A program comes with a key, `key_id`, which may be narrowed to `sites` and `channels`; None leaves them all.
    `confirmed_at` is when the person last proved in this session who they are.
    """

    person_id: PersonId
    name: str
    role: Role
    tenant_id: TenantId
    sites: frozenset[UUID] | None = None
    channels: frozenset[int] | None = None
    confirmed_at: datetime | None = None
    key_id: UUID | None = None
    complex_reach: ComplexReach | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether a key's scope leaves out some of the organisation's sites or channels."""
        return self.sites is not None or self.channels is not None

    @property
    def extent(self) -> Extent:
        """How far this actor's transactions reach."""
        return _EXTENTS[self.role]

    @property
    def only_reads(self) -> bool:
        """Whether the role writes nothing at all; its transactions are read-only."""
        return self.role in _READERS

    @property
    def is_tenant(self) -> bool:
        """Whether the actor belongs to a complex tenant and sees that tenant's things only."""
        return self.extent is Extent.TENANT

    @property
    def is_complex(self) -> bool:
        """Whether the actor is of a complex's own staff and sees all of that complex's organisations, or the system."""
        return self.extent is Extent.COMPLEX

    def reaches(self, tenant_id: TenantId) -> bool:
        """Say whether an organisation's things are this actor's to see: the own, those of the own complex, or all."""
        if self.role is Role.SYSTEM:
            return True
        if self.is_complex:
            return self.complex_reach is not None and tenant_id in self.complex_reach.organisations
        return self.tenant_id == tenant_id

    def require(self, *roles: Role, keeps_scope: bool = False) -> None:
        """Refuse unless the actor holds one of `roles`.

        A narrowed key gets no further than to what says `keeps_scope`: that it looks at sites and channels itself.

        Raises:
            RoleNotEnough: they hold another.
            ScopeNotEnough: their key is narrowed, and this reaches beyond sites and channels.
        """
        if self.role not in roles:
            raise RoleNotEnough(needed=", ".join(roles), needed_ko=", ".join(ROLES_KO[role] for role in roles))
        if self.is_narrowed and not keeps_scope:
            raise ScopeNotEnough

    def require_confirmed(self, now: datetime) -> None:
        """Refuse unless the person proved who they are within the last five minutes; the system needs not.

        Raises:
            ConfirmationNeeded: they did not, or longer ago.
        """
        if self.role is not Role.SYSTEM and not self.is_confirmed(now):
            raise ConfirmationNeeded

    def is_confirmed(self, now: datetime) -> bool:
        """Whether the person proved who they are within the last five minutes."""
        return self.confirmed_at is not None and now - self.confirmed_at <= CONFIRMATION_LASTS


_NOBODY = PersonId(UUID(int=0))

PASSER_BY = Actor(person_id=_NOBODY, name="방문자", role=Role.PUBLIC, tenant_id=TenantId(0))
"""Anyone who looks without signing in."""

DOOR = Actor(person_id=_NOBODY, name="로그인 창구", role=Role.DOOR, tenant_id=TenantId(0))
"""The one who looks up people and sessions before it is known who asks."""


def system_actor(tenant_id: TenantId) -> Actor:
    """Return the system, acting for an organisation: the schedule, or a step that reaches beyond the one who asked."""
    return Actor(person_id=_NOBODY, name="순환 시스템", role=Role.SYSTEM, tenant_id=tenant_id)


SYSTEM = system_actor(TenantId(0))
"""The schedule and its relay, for nobody in particular."""


def on_behalf_of(actor: Actor) -> Actor:
    """Return the system doing what an actor was found to be entitled to, beyond what the actor itself may open."""
    return system_actor(actor.tenant_id)
