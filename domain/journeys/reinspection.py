"""What happens to a certified pack asks for its re-inspection: opened by the schedule, waiting in the body's queue."""

import json
from collections.abc import Iterator, Sequence

from domain.certification.model import Certificate
from domain.certification.reinspection import Cause, Happened, Reinspection, causes_of
from domain.journeys.ports import JourneyWork
from domain.passport.model import Entry, EntryKind
from domain.shared.actor import BODY_STAFF, Actor, system_actor
from domain.shared.identifiers import CertificateId, Ids
from domain.shared.time import Clock, seoul_day
from domain.shared.unit import Unit

_CAUSES = {
    EntryKind.ALARM_TRIPPED: Cause.ALARM_TRIPPED,
    EntryKind.OPENED: Cause.OPENED,
    EntryKind.MOVED: Cause.MOVED,
    EntryKind.BMS_CHANGED: Cause.BMS_CHANGED,
    EntryKind.HEALTH_CHECKED: Cause.HEALTH_DROP,
}


async def open_reinspections(
    certificate: Certificate, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock
) -> tuple[Reinspection, ...]:
    """Open a request for each cause that has none yet; return those that are new."""
    opened: list[Reinspection] = []
    now = clock.now()
    async with unit(system_actor(certificate.tenant_id)) as work:
        entries = await work.histories.entries(certificate.pack_id)
        for cause, day in causes_of(certificate, _happened(entries), today=seoul_day(now)).items():
            request = Reinspection(
                reinspection_id=ids.new(),
                pack_id=certificate.pack_id,
                tenant_id=certificate.tenant_id,
                certificate_id=certificate.certificate_id,
                certificate_number=certificate.number,
                cause=cause,
                happened_on=day,
                opened_at=now,
            )
            if await work.reinspections.open(request):
                opened.append(request)
        await work.commit()
    return tuple(opened)


def _happened(entries: Sequence[Entry]) -> Iterator[Happened]:
    for entry in entries:
        cause = _CAUSES.get(entry.kind)
        if cause is not None:
            told = json.loads(entry.payload).get("soh_ppm")
            yield Happened(cause=cause, at=entry.occurred_at, soh_ppm=told if isinstance(told, int) else None)


async def standing_page(
    *, after: CertificateId | None, limit: int, actor: Actor, unit: Unit[JourneyWork]
) -> tuple[Certificate, ...]:
    """Return the certificates that stand, a page at a time."""
    async with unit(actor) as work:
        return await work.certificates.standing_page(after=after, limit=limit)


async def waiting(actor: Actor, *, unit: Unit[JourneyWork]) -> tuple[Reinspection, ...]:
    """Show a body the packs that must come back, longest waiting first."""
    actor.require(*BODY_STAFF)
    async with unit(actor) as work:
        return await work.reinspections.waiting(actor.tenant_id)
