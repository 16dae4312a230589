"""The command line over a database: what it does there stands in the audit log, as what is asked at the doors does."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from app import wiring
from app.ports import Ports
from app.settings import Settings
from domain.identity.model import PartyKind
from domain.journeys import audit
from domain.shared.actor import SYSTEM, Actor, Role, complex_reach_of
from domain.shared.audit import AuditEntry, Decision
from domain.shared.identifiers import TenantId


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Ports]:
    """Yield the ports over the configured database, or over the embedded one, started now unless it runs."""
    async with (
        wiring.open_database(settings) as address,
        wiring.open_ports(replace(settings, database_url=address)) as ports,
    ):
        yield ports


async def note(ports: Ports, command: str, *, object_ids: str = "", for_tenant: int | None = None) -> None:
    """Write down what the command line did in the system's name."""
    await audit.record(
        AuditEntry(
            entry_id=ports.ids.new(),
            tenant_id=SYSTEM.tenant_id,
            at=ports.clock.now(),
            actor_id=None,
            actor_role=SYSTEM.role.value,
            key_id=None,
            source="cli",
            method="CLI",
            route=f"sunhwan {command}",
            action=command.replace(" ", "_"),
            object_ids=object_ids,
            for_tenant=for_tenant,
            decision=Decision.ALLOWED,
            status=0,
            code=None,
            request_id=ports.ids.new(),
        ),
        unit=ports.unit,
    )


async def as_operator(actor: Actor, ports: Ports, *, of: TenantId) -> Actor:
    """Return an actor as an operator who reaches the complex that an organisation lies in, and no other's.

    Whoever opens the database at the command line could write anything; what only an operator may do is done as one.

    Raises:
        TenantUnknown: there is no such organisation.
    """
    async with ports.unit(SYSTEM) as work:
        number = (await work.parties.complex_of(of)).complex_id
        listed = [one for kind in PartyKind for one in await work.parties.of_kind(kind)]
    reach = complex_reach_of(number, [one.tenant_id for one in listed if one.complex_id == number])
    return replace(actor, role=Role.OPERATOR, complex_reach=reach)
