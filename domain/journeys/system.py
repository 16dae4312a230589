"""The one who acts when nobody does: the schedule."""

from uuid import UUID

from domain.shared.actor import Actor, Role
from domain.shared.identifiers import PersonId, TenantId

SYSTEM_PERSON = PersonId(UUID(int=0))


def system_actor(tenant_id: TenantId) -> Actor:
    """Return the system, acting for an organisation."""
    return Actor(person_id=SYSTEM_PERSON, name="순환 시스템", role=Role.SYSTEM, tenant_id=tenant_id)
