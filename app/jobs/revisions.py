"""Frozen months whose readings changed afterwards get a revision with a dated difference; what was frozen stays."""

import structlog

from app.ports import Ports
from domain.identity.model import PartyKind
from domain.journeys.frozen_months import months_frozen, revise_dirty_month
from domain.journeys.vetting import months_to_vet, sites_to_vet
from domain.metering.model import Site
from domain.shared.actor import SYSTEM
from domain.shared.errors import DomainError
from domain.shared.outbox import JobReport

log = structlog.get_logger()

JOB = "metering.revise-frozen-months"


async def revise_frozen_months(ports: Ports) -> JobReport:
    """Revise every frozen month of the last two years whose readings changed; what is done is counted in revisions.

    One site that cannot be revised does not stop the others; asked again, nothing happens.
    """
    started_at = ports.clock.now()
    did = failed = 0
    said = ""
    async with ports.unit(SYSTEM) as work:
        tenants = await work.parties.of_kind(PartyKind.TENANT)
    for tenant in tenants:
        for site in await sites_to_vet(tenant.tenant_id, unit=ports.unit):
            try:
                did += await _revise(site, ports)
            except DomainError as error:
                failed, said = failed + 1, f"{site.site_id}: {error.sentence('ko')}"
                log.warning("metering.site.not-revised", site=str(site.site_id), code=error.code)
    return JobReport(
        job=JOB,
        started_at=started_at,
        succeeded_at=None if failed else ports.clock.now(),
        did=did,
        failed=failed,
        said=said,
    )


async def _revise(site: Site, ports: Ports) -> int:
    made = 0
    months = tuple(await months_to_vet(site, unit=ports.unit, clock=ports.clock))
    for month in await months_frozen(site, months, unit=ports.unit):
        for one in await revise_dirty_month(site, month, unit=ports.unit, ids=ports.ids, clock=ports.clock):
            made += 1
            log.info(
                "metering.month.revised",
                contract_id=str(one.after.contract_id),
                month=str(month),
                revision=one.after.revision,
            )
    return made
