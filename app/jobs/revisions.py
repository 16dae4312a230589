"""Frozen months whose readings changed afterwards get a revision with a dated difference; what was frozen stays."""

import structlog

from app.jobs.sites import at_every_site
from app.ports import Ports
from domain.journeys.frozen_months import months_frozen, revise_dirty_month
from domain.journeys.vetting import months_to_vet
from domain.metering.model import Site
from domain.shared.outbox import JobReport

log = structlog.get_logger()

JOB = "metering.revise-frozen-months"


async def revise_frozen_months(ports: Ports) -> JobReport:
    """Revise every frozen month of the last two years whose readings changed; what is done is counted in revisions.

    One site that cannot be revised does not stop the others; asked again, nothing happens.
    """
    return await at_every_site(JOB, _revise, ports, failed_event="metering.site.not-revised")


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
