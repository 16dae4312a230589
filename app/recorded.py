"""The command line over a database: what it does there stands in the audit log, as what is asked at the doors does."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from app import wiring
from app.ports import Ports
from app.settings import Settings
from domain.journeys import audit
from domain.shared.actor import SYSTEM
from domain.shared.audit import AuditEntry, Decision


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
