"""Sites and their readings."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from app.http.bodies import UploadedBody
from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.reading_back import AsOfQuery, instant
from app.http.schemas import Day, In, Instant, MonthPath, MonthText, Name, Out, PowerW, TenantNo, TenantQuery
from domain.journeys import readings
from domain.metering import usecases as metering
from domain.metering.model import ImportReport, MonthUsage, Site
from domain.metering.views import DaySum, EnergyFlows, MonthEnergy
from domain.shared.identifiers import SiteId, TenantId
from domain.shared.time import Month

READINGS_BYTES_MAX = 32 * 1024 * 1024


class SiteIn(In):
    """A tenant's site; it gets a channel for each quantity of the site file."""

    tenant_id: TenantNo
    name_ko: Name
    name_en: Name
    address_ko: Name
    kepco_customer_no: Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=r"^[0-9-]+$")]
    contract_power_w: PowerW


class SiteOut(Out):
    """A site."""

    site_id: UUID
    tenant_id: TenantNo
    name_ko: str
    name_en: str
    address_ko: str
    contract_power_w: int


class ChannelOut(Out):
    """A channel: its number is what a sender of readings names."""

    channel: int
    quantity: str
    unit: str


class ConflictOut(Out):
    """A value that differs from the one kept for its slot."""

    quantity: str
    day: Day
    slot: int
    kept: int
    offered: int


class ImportOut(Out):
    """What one sending did. Values are counted, not rows; a repeated value is a duplicate, and stored once."""

    import_id: UUID
    sent_before: bool
    intervals: int
    accepted: int
    duplicate: int
    conflicting: int
    late: int
    blank_cells: int
    unbalanced: int
    totals_wh: dict[str, int]
    conflicts: list[ConflictOut]
    first_at: Instant
    last_at: Instant


class MonthOut(Out):
    """A month's energy; Wh, shares in ppm."""

    month: MonthText
    totals_wh: dict[str, int]
    renewable_wh: int
    grid_wh: int
    unattributed_wh: int
    renewable_share_ppm: int
    losses_wh: int
    round_trip_ppm: int | None
    self_consumption_ppm: int | None
    self_sufficiency_ppm: int | None
    completeness_ppm: int
    missing_values: int
    peak_import_w: int | None
    peak_import_at: Instant | None
    flows_wh: dict[str, int]
    days: list[dict[str, int | str]]


def _site_out(site: Site) -> SiteOut:
    return SiteOut(
        site_id=site.site_id,
        tenant_id=site.tenant_id,
        name_ko=site.name_ko,
        name_en=site.name_en,
        address_ko=site.address_ko,
        contract_power_w=site.contract_power_w,
    )


def import_out(report: ImportReport) -> ImportOut:
    """Say an import in the API's words."""
    return ImportOut(
        import_id=report.import_id,
        sent_before=report.sent_before,
        intervals=report.intervals,
        accepted=report.accepted,
        duplicate=report.duplicate,
        conflicting=report.conflicting,
        late=report.late,
        blank_cells=report.blank_cells,
        unbalanced=report.unbalanced,
        totals_wh={quantity.value: total for quantity, total in report.totals_wh.items()},
        conflicts=[
            ConflictOut(quantity=one.quantity.value, day=one.day, slot=one.index, kept=one.kept, offered=one.offered)
            for one in report.conflicts
        ],
        first_at=report.first_at,
        last_at=report.last_at,
    )


def _totals(usage: MonthUsage) -> dict[str, int]:
    return {
        "load": usage.load_wh,
        "pv": usage.pv_wh,
        "storage_charge": usage.storage_charge_wh,
        "storage_discharge": usage.storage_discharge_wh,
        "grid_import": usage.grid_import_wh,
        "grid_export": usage.grid_export_wh,
    }


def _flows(flows: EnergyFlows) -> dict[str, int]:
    return {
        name.removesuffix("_wh"): getattr(flows, name)
        for name in EnergyFlows.__dataclass_fields__
        if name.endswith("_wh")
    }


def _day(day: DaySum) -> dict[str, int | str]:
    figures = {name: getattr(day, name) for name in DaySum.__dataclass_fields__ if name != "day"}
    return {"day": day.day.isoformat(), **figures}


def month_out(energy: MonthEnergy) -> MonthOut:
    """Say a month's energy in the API's words."""
    usage = energy.usage
    return MonthOut(
        month=str(energy.month),
        totals_wh=_totals(usage),
        renewable_wh=usage.renewable_wh,
        grid_wh=usage.grid_wh,
        unattributed_wh=usage.unattributed_wh,
        renewable_share_ppm=usage.renewable_share_ppm,
        losses_wh=usage.losses_wh,
        round_trip_ppm=usage.round_trip_ppm,
        self_consumption_ppm=usage.self_consumption_ppm,
        self_sufficiency_ppm=usage.self_sufficiency_ppm,
        completeness_ppm=usage.completeness_ppm,
        missing_values=usage.missing_values,
        peak_import_w=usage.peak_import_w,
        peak_import_at=usage.peak_import_at,
        flows_wh=_flows(energy.flows),
        days=[_day(day) for day in energy.days],
    )


class SitesController(Controller):
    """Sites and their readings."""

    path = "/api/v1/sites"
    tags = ("sites",)

    @post("/", operation_id="OpenSite", summary="Open a tenant's site", responses=PROBLEMS)
    async def open_site(self, data: JSONBody[SiteIn], ports: GivenPorts, actor: GivenActor) -> SiteOut:
        """Open a site with its channels."""
        site = await readings.open_site(
            metering.OpenSite(
                actor=actor,
                tenant_id=TenantId(data.tenant_id),
                name_ko=data.name_ko,
                name_en=data.name_en,
                address_ko=data.address_ko,
                kepco_customer_no=data.kepco_customer_no,
                contract_power_w=data.contract_power_w,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _site_out(site)

    @get("/", operation_id="ListSites", summary="List a tenant's sites", responses=PROBLEMS)
    async def list_sites(self, ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None) -> list[SiteOut]:
        """List a tenant's sites, oldest first."""
        async with ports.unit(actor) as work:
            sites = await metering.list_sites(actor, tenant_id=TenantId(tenant_id or actor.tenant_id), work=work)
        return [_site_out(site) for site in sites]

    @get(
        "/{site_id:uuid}/channels",
        operation_id="ListChannels",
        summary="List a site's channels",
        responses=PROBLEMS,
    )
    async def list_channels(
        self, site_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None
    ) -> list[ChannelOut]:
        """List a site's channels by number."""
        async with ports.unit(actor) as work:
            channels = await metering.list_channels(
                actor, tenant_id=TenantId(tenant_id or actor.tenant_id), site_id=SiteId(site_id), work=work
            )
        return [
            ChannelOut(channel=one.channel_id, quantity=one.quantity.value, unit=one.quantity.unit) for one in channels
        ]

    @post(
        "/{site_id:uuid}/readings",
        operation_id="ImportReadings",
        summary="Send a site's readings file",
        description="A CSV of 15-minute readings, plain or gzip, as the body. Sent again, nothing is stored twice.",
        responses=PROBLEMS,
        request_max_body_size=READINGS_BYTES_MAX,
        status_code=200,
    )
    async def import_readings(
        self,
        site_id: FromPath[UUID],
        upload: UploadedBody,
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> ImportOut:
        """Take a site's readings file."""
        report = await readings.import_file(
            readings.ImportFile(
                actor=actor,
                tenant_id=TenantId(tenant_id or actor.tenant_id),
                site_id=SiteId(site_id),
                content=upload,
            ),
            unit=ports.unit,
            reading_files=ports.reading_files,
            ids=ports.ids,
            clock=ports.clock,
        )
        return import_out(report)

    @get("/{site_id:uuid}/months/{month:str}", operation_id="ShowMonth", summary="Show a month", responses=PROBLEMS)
    async def show_month(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        ports: GivenPorts,
        actor: GivenActor,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> MonthOut:
        """Show what the energy did in a month, as its readings are now or were known at an instant."""
        async with ports.unit(actor) as work:
            energy = await metering.read_month(
                metering.ReadMonth(
                    actor=actor,
                    tenant_id=TenantId(tenant_id or actor.tenant_id),
                    site_id=SiteId(site_id),
                    month=Month.parse(month),
                    as_of=instant(as_of),
                ),
                work=work,
            )
        return month_out(energy)
