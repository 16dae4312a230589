"""Certified packs that must be inspected again get a request, once for each cause."""

import structlog

from app.ports import Ports
from domain.journeys.reinspection import open_reinspections, standing_page
from domain.shared.actor import SYSTEM
from domain.shared.errors import DomainError
from domain.shared.identifiers import CertificateId
from domain.shared.outbox import JobReport

log = structlog.get_logger()

JOB = "certification.open-reinspections"
CERTIFICATES_A_PAGE = 100


async def open_due_reinspections(ports: Ports) -> JobReport:
    """Open what is due by date, health or event; one pack that cannot be looked at does not stop the others."""
    started_at = ports.clock.now()
    did = failed = 0
    said = ""
    after: CertificateId | None = None
    while True:
        page = await standing_page(after=after, limit=CERTIFICATES_A_PAGE, actor=SYSTEM, unit=ports.unit)
        for certificate in page:
            try:
                did += len(await open_reinspections(certificate, unit=ports.unit, ids=ports.ids, clock=ports.clock))
            except DomainError as error:
                failed, said = failed + 1, f"{certificate.number}: {error.sentence('ko')}"
                log.warning("certification.reinspection.not-opened", certificate=certificate.number, code=error.code)
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
