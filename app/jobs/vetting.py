"""Stored days are judged at night: what looks wrong is named, nothing is repaired."""

import structlog

from app.jobs.sites import at_every_site
from app.ports import Ports
from domain.journeys.vetting import VetSiteMonth, months_to_vet, vet_month
from domain.metering.model import Site
from domain.shared.actor import SYSTEM
from domain.shared.outbox import JobReport

log = structlog.get_logger()

JOB = "metering.vet-days"


async def vet_days(ports: Ports) -> JobReport:
    """Judge every month that changed since it was judged; one site that cannot be looked at does not stop the others.

    What is done is counted in months that were judged; the same readings are judged once.
    """
    return await at_every_site(JOB, _vet, ports, failed_event="metering.site.not-vetted")


async def _vet(site: Site, ports: Ports) -> int:
    judged = 0
    for month in await months_to_vet(site, unit=ports.unit, clock=ports.clock):
        vetted = await vet_month(
            VetSiteMonth(actor=SYSTEM, tenant_id=site.tenant_id, site_id=site.site_id, month=month, anew=False),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        judged += vetted.judged
        if vetted.opened:
            log.info("metering.findings", site=str(site.site_id), month=str(month), opened=vetted.opened)
    return judged
