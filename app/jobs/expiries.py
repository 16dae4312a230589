"""Certificates whose last day is over end: whatever depends on them is told, once for each, however late."""

import structlog

from app.ports import Ports
from domain.journeys.validity import expire, run_out_page
from domain.shared.actor import SYSTEM
from domain.shared.errors import DomainError
from domain.shared.identifiers import CertificateId
from domain.shared.outbox import JobReport
from domain.shared.time import seoul_day

log = structlog.get_logger()

JOB = "certification.end-expired"
CERTIFICATES_A_PAGE = 100


async def end_expired(ports: Ports) -> JobReport:
    """End what ran out; each is claimed by its own change of status, and one that fails does not stop the others."""
    started_at = ports.clock.now()
    did = failed = 0
    said = ""
    after: CertificateId | None = None
    while True:
        page = await run_out_page(
            today=seoul_day(started_at), after=after, limit=CERTIFICATES_A_PAGE, actor=SYSTEM, unit=ports.unit
        )
        for certificate in page:
            try:
                did += await expire(certificate, unit=ports.unit, ids=ports.ids, clock=ports.clock)
            except DomainError as error:
                failed, said = failed + 1, f"{certificate.number}: {error.sentence('ko')}"
                log.warning("certification.expiry.not-told", certificate=certificate.number, code=error.code)
        if len(page) < CERTIFICATES_A_PAGE:
            break
        after = page[-1].certificate_id
    return JobReport(
        job=JOB,
        started_at=started_at,
        succeeded_at=None if failed else ports.clock.now(),
        did=did,
        failed=failed,
        said=said,
    )
