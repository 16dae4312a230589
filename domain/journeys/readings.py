"""A site's readings: the file is read outside the transaction, then stored in one."""

from dataclasses import dataclass, replace

from domain.journeys.ports import JourneyWork
from domain.metering import registering
from domain.metering import usecases as metering
from domain.metering.arrivals import REJECTIONS_NAMED_MAX
from domain.metering.model import ImportReport, Site
from domain.metering.ports import ReadingFiles
from domain.shared.actor import Actor
from domain.shared.identifiers import Ids, SiteId, TenantId
from domain.shared.time import Clock
from domain.shared.unit import Unit


async def open_site(wish: metering.OpenSite, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Site:
    """Open a tenant's site with a channel for each quantity.

    Raises:
        TenantUnknown: there is no such tenant.
    """
    async with unit(wish.actor) as work:
        await work.parties.one(wish.tenant_id)
        site = await metering.open_site(wish, work=work, ids=ids, clock=clock)
        await work.commit()
    return site


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFile:
    """A readings file as it was sent."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    content: bytes


async def import_file(
    wish: ImportFile, *, unit: Unit[JourneyWork], reading_files: ReadingFiles, ids: Ids, clock: Clock
) -> ImportReport:
    """Take a site's readings file; each reading is stored once however often it is sent.

    Raises:
        FileRefused: something in the file has no meaning; it says what and where.
        SiteUnknown: the tenant has no such site.
        ReadingInFuture: a slot ends more than five minutes from now.
    """
    metering.require_import(wish.actor, wish.tenant_id, wish.site_id)
    async with unit(wish.actor) as work:  # an unknown site is refused before a large file is read
        await work.sites.one(wish.tenant_id, wish.site_id)
    series = await reading_files.parse(wish.content)
    async with unit(wish.actor) as work:
        report = await metering.import_series(
            metering.ImportSeries(
                actor=wish.actor,
                tenant_id=wish.tenant_id,
                site_id=wish.site_id,
                series=series,
                file_sha256=metering.file_sha256(wish.content),
            ),
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return report


async def take_readings(
    wish: metering.TakeReadings, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock
) -> metering.ReadingsReport:
    """Take readings that a program sent: each is stored once, in whatever order and parts and however often sent.

    New days and repeated ones pass beside other senders; whatever must be merged takes a turn.

    Raises:
        RoleNotEnough: only an operator, the system or the tenant itself sends readings.
        SiteUnknown: the actor belongs to another tenant.
    """
    async with unit(wish.actor) as work:
        report = await metering.take_new_readings(wish, work=work, clock=clock)
        if report is not None:
            await work.commit()
            return report
    async with unit(wish.actor) as work:
        report = await metering.merge_readings(wish, work=work, ids=ids, clock=clock)
        if wish.arrived.registers:
            taken = await registering.take_registers(wish, work=work, ids=ids, clock=clock)
            report = replace(
                report,
                registers=taken.report,
                rejected=report.rejected + taken.rejected,
                rejections=(*report.rejections, *taken.rejections)[:REJECTIONS_NAMED_MAX],
            )
        await work.commit()
    return report
