"""What a job does at every site of every tenant."""

from collections.abc import Awaitable, Callable

import structlog

from app.ports import Ports
from domain.identity.model import PartyKind
from domain.journeys.vetting import sites_to_vet
from domain.metering.model import Site
from domain.shared.actor import SYSTEM
from domain.shared.errors import DomainError
from domain.shared.outbox import JobReport

log = structlog.get_logger()


async def at_every_site(
    job: str, doing: Callable[[Site, Ports], Awaitable[int]], ports: Ports, *, failed_event: str
) -> JobReport:
    """Do something at every site and add up what it says it did; one site that fails does not stop the others."""
    started_at = ports.clock.now()
    did = failed = 0
    said = ""
    async with ports.unit(SYSTEM) as work:
        tenants = await work.parties.of_kind(PartyKind.TENANT)
    for tenant in tenants:
        for site in await sites_to_vet(tenant.tenant_id, unit=ports.unit):
            try:
                did += await doing(site, ports)
            except DomainError as error:
                failed, said = failed + 1, f"{site.site_id}: {error.sentence('ko')}"
                log.warning(failed_event, site=str(site.site_id), code=error.code)
    return JobReport(
        job=job,
        started_at=started_at,
        succeeded_at=None if failed else ports.clock.now(),
        did=did,
        failed=failed,
        said=said,
    )
