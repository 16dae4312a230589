"""Packs in service of which nothing is heard: the watch lets time pass, for missing data is never normal."""

import structlog

from app.ports import Ports
from domain.journeys.safety import notice_silence, silent_packs
from domain.shared.errors import DomainError
from domain.shared.identifiers import PackId, TenantId
from domain.shared.outbox import JobReport

log = structlog.get_logger()

JOB = "safety.notice-silence"
PACKS_A_PAGE = 500


async def notice_silent_packs(ports: Ports) -> JobReport:
    """Open and worsen data gaps; one pack that cannot be looked at does not stop the others."""
    started_at = ports.clock.now()
    did = failed = 0
    said = ""
    after: tuple[TenantId, PackId] | None = None
    while True:
        page = await silent_packs(after=after, limit=PACKS_A_PAGE, unit=ports.unit, clock=ports.clock)
        for tenant_id, pack_id in page:
            try:
                did += await notice_silence(tenant_id, pack_id, unit=ports.unit, ids=ports.ids, clock=ports.clock)
            except DomainError as error:
                failed, said = failed + 1, f"{pack_id}: {error.sentence('ko')}"
                log.warning("safety.silence.not-noticed", pack=str(pack_id), code=error.code)
        if len(page) < PACKS_A_PAGE:
            break
        after = page[-1]
    return JobReport(
        job=JOB,
        started_at=started_at,
        succeeded_at=None if failed else ports.clock.now(),
        did=did,
        failed=failed,
        said=said,
    )
