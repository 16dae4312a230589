"""Who acts: a person with a role, or the system itself."""

from dataclasses import dataclass
from enum import StrEnum

from domain.shared.errors import NotAllowed
from domain.shared.identifiers import PersonId, TenantId


class Role(StrEnum):
    """What a person may be here; the identity room refines these."""

    TENANT = "tenant"
    TESTER = "tester"
    APPROVER = "approver"
    OPERATOR = "operator"
    SYSTEM = "system"


class RoleNotEnough(NotAllowed):
    """The actor's role does not reach this far."""

    code = "shared.role-not-enough"
    title_ko = "이 작업을 할 권한이 없습니다. 필요한 역할: {needed}."
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
            raise RoleNotEnough(needed=", ".join(roles))
