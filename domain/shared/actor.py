"""Who acts: a person with a role, or the system itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.shared.errors import NotAllowed
from domain.shared.identifiers import PersonId, TenantId


class Role(StrEnum):
    """What a person may be here; the identity room refines these."""

    TENANT = "tenant"
    TESTER = "tester"
    APPROVER = "approver"
    OPERATOR = "operator"
    SYSTEM = "system"


ROLES_KO: Mapping[Role, str] = MappingProxyType(
    {
        Role.TENANT: "입주기업",
        Role.TESTER: "시험원",
        Role.APPROVER: "승인자",
        Role.OPERATOR: "운영자",
        Role.SYSTEM: "시스템",
    }
)


class RoleNotEnough(NotAllowed):
    """The actor's role does not reach this far."""

    code = "shared.role-not-enough"
    title_ko = "이 작업을 할 권한이 없습니다. 필요한 역할: {needed_ko}."
    title_en = "Your role may not do this; it takes: {needed}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The one on whose behalf a use case runs.

    `tenant_id` is the organisation the person belongs to; `name` is printed on what they sign.
    """

    person_id: PersonId
    name: str
    role: Role
    tenant_id: TenantId

    def require(self, *roles: Role) -> None:
        """Refuse unless the actor holds one of `roles`.

        Raises:
            RoleNotEnough: they hold another.
        """
        if self.role not in roles:
            raise RoleNotEnough(needed=", ".join(roles), needed_ko=", ".join(ROLES_KO[role] for role in roles))
