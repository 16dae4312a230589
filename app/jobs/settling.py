"""Days that are over take less room: when their values came is spelled compactly once no more is awaited."""

from datetime import timedelta

from app.ports import Ports
from domain.identity.model import PartyKind
from domain.journeys.readings import settle_day
from domain.shared.actor import SYSTEM
from domain.shared.outbox import JobReport
from domain.shared.time import seoul_day

JOB = "metering.settle-days"
DAYS_BACK = 3
"""A day settles on three nights: what comes late is spelled compactly too."""


async def settle_days(ports: Ports) -> JobReport:
    """Settle the last days of every tenant."""
    started_at = ports.clock.now()
    today = seoul_day(started_at)
    async with ports.unit(SYSTEM) as work:
        tenants = await work.parties.of_kind(PartyKind.TENANT)
    did = 0
    for tenant in tenants:
        for back in range(DAYS_BACK, 0, -1):
            did += await settle_day(tenant.tenant_id, today - timedelta(days=back), unit=ports.unit)
    return JobReport(job=JOB, started_at=started_at, succeeded_at=ports.clock.now(), did=did, failed=0, said="")
