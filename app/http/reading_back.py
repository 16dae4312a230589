"""Reading back: series, matrices, months from every side, as JSON and as tables for a spreadsheet."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.exceptions import ValidationException
from litestar.params import FromPath, JSONBody, QueryParameter

from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import Day, In, Instant, MonthPath, MonthText, Out, TenantQuery
from app.http.sheets import Cell, Sheet, SheetForm, SheetOperation, sheet_response, spelled
from app.ports import Ports
from domain.journeys import energy
from domain.metering import reading_back
from domain.metering.insight import BandFigures, MonthInsight, PeakAt, SourceSums
from domain.metering.inventory import Method, Trace
from domain.metering.model import Quantity
from domain.metering.reading_back import AsIf, ChannelSteps, SeveralSteps, SiteDemand, SiteSteps, WindowRoundTrip
from domain.metering.series import MatrixRow, Resolution
from domain.metering.tariff import BandTotals, TariffAssignment
from domain.shared.actor import Actor
from domain.shared.identifiers import ChannelId, SiteId, TenantId
from domain.shared.time import SEOUL, SLOT, Month, day_start

TariffCode = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^[a-z0-9.-]+$")]
TariffQuery = Annotated[
    str | None,
    QueryParameter(
        name="tariff", max_length=90, pattern=r"^[a-z0-9.-]+@[0-9-]+$", description="Price as if: CODE@VERSION."
    ),
]
AsOfQuery = Annotated[
    datetime | None, QueryParameter(name="as_of", description="What was known at this instant (RFC 3339 with offset).")
]
FromQuery = Annotated[date, QueryParameter(name="from", description="The first day in Seoul.")]
UntilQuery = Annotated[date, QueryParameter(name="until", description="The day after the last.")]
QuantityQuery = Annotated[Quantity, QueryParameter(description="Which.")]
ResolutionQuery = Annotated[Resolution, QueryParameter(description="The step.")]
MethodQuery = Annotated[Method, QueryParameter(description="Which of the stored energy a discharge takes.")]
ChannelsQuery = Annotated[
    list[int],
    QueryParameter(name="channel", min_items=1, max_items=100, description="Which, by number; each as a parameter."),
]
QuantitiesQuery = Annotated[
    list[Quantity] | None, QueryParameter(name="quantity", max_items=8, description="Which; all without it.")
]


class SeriesOut(Out):
    """One channel's steps. `missing` counts the slots of a step that gave nothing; without any the value is null.

    `unmeasured` counts those whose value was estimated or corrected.
    """

    quantity: str
    channel: int
    unit: str
    values: Sequence[int | None]
    missing: Sequence[int]
    unmeasured: Sequence[int]


class SiteSeriesOut(Out):
    """A site's channels in steps that begin at `starts_at`; days and months are Seoul's."""

    resolution: str
    starts_at: Sequence[Instant]
    as_of: Instant | None
    series: list[SeriesOut]


class MatrixOut(Out):
    """A quantity by day and hour of Seoul; an hour with a gap is null."""

    quantity: str
    unit: str
    days: list[Day]
    hours: list[list[int | None]]


class BandTotalsOut(Out):
    """A channel by band, Wh; `amount_krw` is its energy charge alone, null where no rate is listed."""

    wh: dict[str, int]
    amount_krw: int | None
    missing: int


class TariffUseOut(Out):
    """Which version priced how many days."""

    tariff: str
    version: str
    days: int
    source: str
    as_if: bool


class BandsOut(Out):
    """A month by time-of-use band; `confirmed` is false where a day's bands rest on no primary source."""

    tariffs: list[TariffUseOut]
    load: BandTotalsOut
    grid_import: BandTotalsOut
    grid_import_without_storage: BandTotalsOut
    storage_charge: BandTotalsOut
    storage_discharge: BandTotalsOut
    saving_krw: int | None
    confirmed: bool


class SourcesOut(Out):
    """The storage by source, Wh: for each, opening + charged = delivered + lost + closing."""

    opening: dict[str, int]
    charged: dict[str, int]
    delivered: dict[str, int]
    lost: dict[str, int]
    closing: dict[str, int]
    unattributed: int
    renewable_share_ppm: int


class PeakOut(Out):
    """A highest quarter hour."""

    power_w: int
    at: Instant


class AvailabilityOut(Out):
    """15-minute slots that are over and in which power was promised; unknown ones are not available.

    A slot is available if its packs' telemetry says for at least 14 of its minutes that they could deliver 90 %.
    """

    ppm: int | None
    available: int
    unavailable: int
    unknown: int


class StorageOut(Out):
    """How the storage did. `round_trip_basis` says how the efficiency was found, or why it was not."""

    round_trip_ppm: int | None
    round_trip_basis: str
    stored_change_wh: int | None
    cycles_by_discharge_milli: int | None
    cycles_by_soc_milli: int | None
    rainflow_milli: int | None
    usable_wh: int | None
    availability: AvailabilityOut | None


class EmissionsOut(Out):
    """Both views, gCO2eq, negative is less: the tenant's Scope 2, and the system with what was exported."""

    factor: str
    factor_ug_per_wh: int
    factor_year: int
    factor_source: str
    scope2_g: int
    scope2_without_storage_g: int
    scope2_effect_g: int
    system_effect_g: int
    skipped_slots: int


class UnverifiedOut(Out):
    """A meter that counted on so many days of the month after its verification (검정) had run out."""

    meter_id: UUID
    kind: str
    serial: str
    verified_until: Day
    days: int


class InsightOut(Out):
    """A month from every side.

    `unmeasured` values were estimated or corrected, `suspect` slots are doubted by an open finding of now; neither is
    left out of a figure.
    """

    month: MonthText
    as_of: Instant | None
    completeness_ppm: int
    unmeasured: int
    suspect: int
    unverified: list[UnverifiedOut]
    efficiency_ppm: int
    losses_wh: int
    self_consumption_ppm: int | None
    self_sufficiency_ppm: int | None
    hourly_matched_ppm: int | None
    hourly_matched_without_storage_ppm: int | None
    pro_rata: SourcesOut
    fifo: SourcesOut
    storage: StorageOut
    peak_with_storage: PeakOut | None
    peak_without_storage: PeakOut | None
    shaved_w: int | None
    bands: BandsOut | None
    emissions: EmissionsOut | None


class MonthPeakOut(Out):
    """One month's highest quarter hours, W."""

    month: MonthText
    with_storage_w: int | None
    without_storage_w: int | None


class DemandPartOut(Out):
    """Days of a month of one contract power, and the demand that prices them, W."""

    from_on: Day
    days: int
    contract_power_w: int
    with_storage_w: int
    without_storage_w: int


class DemandOut(Out):
    """The demand that prices a month (요금적용전력), W; `set_by` is the month whose peak it is, null is the floor.

    A change of contract power splits the month into `parts`; the month's own figures are of the last.
    """

    month: MonthText
    with_storage_w: int
    with_storage_set_by: MonthText | None
    without_storage_w: int
    without_storage_set_by: MonthText | None
    lowered_w: int
    parts: list[DemandPartOut]
    peaks: list[MonthPeakOut]


class MovedOut(Out):
    """What one slot did by source, Wh."""

    start_at: Instant
    charged: list[int]
    delivered: list[int]
    lost: list[int]
    unattributed: int


class LinkOut(Out):
    """A part of a discharge and the charge it came from; null where that lies before the month."""

    charged_at: Instant | None
    discharged_at: Instant
    source: str
    drawn_wh: int
    delivered_wh: int


class TraceOut(Out):
    """A month slot by slot; only slots that charged or discharged. `links` are there under FIFO."""

    month: MonthText
    method: str
    sources: list[str]
    slots: list[MovedOut]
    links: list[LinkOut]


class TariffVersionOut(Out):
    """A version of a tariff."""

    tariff: str
    version: str
    name_ko: str
    name_en: str
    from_on: Day
    deferrable_until_on: Day | None
    priced: bool
    demand_krw_per_kw: int | None
    source: str


class AssignmentIn(In):
    """Which tariff a site has from a day on; `deferred` keeps what a reform would change, as long as it may."""

    tariff: TariffCode
    from_on: Day
    deferred: bool


class AssignmentOut(Out):
    """Which tariff a site has from a day on."""

    tariff: str
    from_on: Day
    deferred: bool


class RoundTripOut(Out):
    """A storage's AC-to-AC efficiency over a window of days.

    `ppm` is discharge / (charge - change of the stored energy); `basis` says how it was found, or why it was not.
    Auxiliaries are outside it. Where they are metered (`auxiliary_wh`), `with_auxiliaries_ppm` counts them as spent;
    where they are not, they are inside what the load's or the storage's meter counted.
    """

    from_on: Day
    until_on: Day
    charge_wh: int
    discharge_wh: int
    soc_start_bp: int | None
    soc_end_bp: int | None
    stored_change_wh: int | None
    cycles_milli: int | None
    ppm: int | None
    basis: str
    auxiliaries: Literal["metered", "not_metered"]
    auxiliary_wh: int | None
    with_auxiliaries_ppm: int | None
    missing: int


class ChannelSeriesOut(SeriesOut):
    """One channel's steps, and which site it is of."""

    site_id: UUID


class ChannelsOut(Out):
    """Channels in steps that begin at `starts_at`, by number; days and months are Seoul's."""

    resolution: str
    starts_at: Sequence[Instant]
    as_of: Instant | None
    series: list[ChannelSeriesOut]


def round_trip_out(found: WindowRoundTrip) -> RoundTripOut:
    """Say a window's efficiency in the API's words."""
    return RoundTripOut(
        from_on=found.first_on,
        until_on=found.until_on,
        charge_wh=found.found.charge_wh,
        discharge_wh=found.found.discharge_wh,
        soc_start_bp=found.soc_start_bp,
        soc_end_bp=found.soc_end_bp,
        stored_change_wh=found.found.stored_change_wh,
        cycles_milli=found.found.cycles_milli,
        ppm=found.found.ppm,
        basis=found.found.why.value,
        auxiliaries="not_metered" if found.auxiliary_wh is None else "metered",
        auxiliary_wh=found.auxiliary_wh,
        with_auxiliaries_ppm=found.with_auxiliaries_ppm,
        missing=found.missing,
    )


DAYS_FROM, DAYS_UNTIL = date(2000, 1, 2), date(2199, 11, 30)
"""No day that is asked for lies before or after these: months are counted between them."""


def stretch(first_on: date, until_on: date) -> tuple[date, date]:
    """Take days from the first to before the last.

    Raises:
        ValidationException: the last is not after the first, or they lie beyond all that is kept.
    """
    if not DAYS_FROM <= first_on < until_on <= DAYS_UNTIL:
        raise ValidationException(extra=[{"key": "until", "message": "Expected a later day, of 2000 to 2199"}])
    return first_on, until_on


def as_if(tariff: str | None) -> AsIf | None:
    """Read CODE@VERSION."""
    if tariff is None:
        return None
    code, _, version = tariff.partition("@")
    return AsIf(tariff=code, version=version)


def series_out(found: SiteSteps) -> SiteSeriesOut:
    """Say steps in the API's words."""
    return SiteSeriesOut(
        resolution=found.wish.resolution.value,
        starts_at=found.starts_at,
        as_of=found.wish.as_of,
        series=[
            SeriesOut(
                quantity=one.channel.quantity.value,
                channel=one.channel.channel_id,
                unit=one.channel.quantity.unit,
                values=one.steps.values,
                missing=one.steps.missing,
                unmeasured=one.steps.unmeasured,
            )
            for one in found.channels
        ],
    )


def _totals(found: BandTotals) -> BandTotalsOut:
    return BandTotalsOut(
        wh={one.band.value: one.wh for one in found.bands}, amount_krw=found.amount_krw, missing=found.missing
    )


def bands_out(found: BandFigures) -> BandsOut:
    """Say bands in the API's words."""
    return BandsOut(
        tariffs=[
            TariffUseOut(tariff=one.tariff, version=one.version, days=one.days, source=one.source, as_if=one.as_if)
            for one in found.tariffs
        ],
        load=_totals(found.load),
        grid_import=_totals(found.imported),
        grid_import_without_storage=_totals(found.without_storage),
        storage_charge=_totals(found.charge),
        storage_discharge=_totals(found.discharge),
        saving_krw=found.saving_krw,
        confirmed=found.confirmed,
    )


def _sources(found: SourceSums) -> SourcesOut:
    def named(values: tuple[int, ...]) -> dict[str, int]:
        return dict(zip(found.sources, values, strict=True))

    return SourcesOut(
        opening=named(found.opening),
        charged=named(found.charged),
        delivered=named(found.delivered),
        lost=named(found.lost),
        closing=named(found.closing),
        unattributed=found.unattributed_wh,
        renewable_share_ppm=found.renewable_share_ppm,
    )


def _peak(found: PeakAt | None) -> PeakOut | None:
    return None if found is None else PeakOut(power_w=found.power_w, at=found.at)


def insight_out(found: MonthInsight) -> InsightOut:
    """Say a month in the API's words."""
    storage, emitted = found.storage, found.emissions
    return InsightOut(
        month=str(found.month),
        as_of=found.known_at,
        completeness_ppm=found.usage.completeness_ppm,
        unmeasured=found.unmeasured,
        suspect=found.suspect,
        unverified=[
            UnverifiedOut(
                meter_id=one.meter_id,
                kind=one.kind.value,
                serial=one.serial,
                verified_until=one.verified_until,
                days=one.days,
            )
            for one in found.unverified
        ],
        efficiency_ppm=found.usage.efficiency_ppm,
        losses_wh=found.usage.losses_wh,
        self_consumption_ppm=found.usage.self_consumption_ppm,
        self_sufficiency_ppm=found.usage.self_sufficiency_ppm,
        hourly_matched_ppm=found.matched_ppm,
        hourly_matched_without_storage_ppm=found.matched_without_storage_ppm,
        pro_rata=_sources(found.pro_rata),
        fifo=_sources(found.fifo),
        storage=StorageOut(
            round_trip_ppm=storage.round_trip.ppm,
            round_trip_basis=storage.round_trip.why.value,
            stored_change_wh=storage.round_trip.stored_change_wh,
            cycles_by_discharge_milli=storage.cycles_by_discharge_milli,
            cycles_by_soc_milli=storage.cycles_by_soc_milli,
            rainflow_milli=storage.rainflow_milli,
            usable_wh=storage.usable_wh,
            availability=None
            if storage.availability is None
            else AvailabilityOut(
                ppm=storage.availability.ppm,
                available=storage.availability.available,
                unavailable=storage.availability.unavailable,
                unknown=storage.availability.unknown,
            ),
        ),
        peak_with_storage=_peak(found.demand.with_storage),
        peak_without_storage=_peak(found.demand.without_storage),
        shaved_w=found.demand.shaved_w,
        bands=None if found.bands is None else bands_out(found.bands),
        emissions=None
        if emitted is None
        else EmissionsOut(
            factor=emitted.factor.code,
            factor_ug_per_wh=emitted.factor.ug_per_wh,
            factor_year=emitted.factor.data_year,
            factor_source=emitted.factor.source,
            scope2_g=emitted.scope2_g,
            scope2_without_storage_g=emitted.scope2_without_storage_g,
            scope2_effect_g=emitted.scope2_effect_g,
            system_effect_g=emitted.system_effect_g,
            skipped_slots=emitted.skipped_slots,
        ),
    )


def demand_out(found: SiteDemand) -> DemandOut:
    """Say billing demand in the API's words."""

    def named(month: Month | None) -> str | None:
        return None if month is None else str(month)

    return DemandOut(
        month=str(found.month),
        with_storage_w=found.with_storage.power_w,
        with_storage_set_by=named(found.with_storage.set_by),
        without_storage_w=found.without_storage.power_w,
        without_storage_set_by=named(found.without_storage.set_by),
        lowered_w=found.lowered_w,
        parts=[
            DemandPartOut(
                from_on=one.part.from_on,
                days=one.part.days,
                contract_power_w=one.part.contract_power_w,
                with_storage_w=one.with_storage.power_w,
                without_storage_w=one.without_storage.power_w,
            )
            for one in found.parts
        ],
        peaks=[
            MonthPeakOut(
                month=str(one.month), with_storage_w=one.with_storage_w, without_storage_w=one.without_storage_w
            )
            for one in found.peaks
        ],
    )


def trace_out(found: Trace, month: Month) -> TraceOut:
    """Say a trace in the API's words."""
    start = day_start(month.first_on)
    return TraceOut(
        month=str(month),
        method=found.method.value,
        sources=list(found.sources),
        slots=[
            MovedOut(
                start_at=start + one.slot * SLOT,
                charged=list(one.charged),
                delivered=list(one.delivered),
                lost=list(one.lost),
                unattributed=one.unattributed_wh,
            )
            for one in found.moves
        ],
        links=[
            LinkOut(
                charged_at=None if one.charged is None else start + one.charged * SLOT,
                discharged_at=start + one.discharged * SLOT,
                source=found.sources[one.source],
                drawn_wh=one.drawn_wh,
                delivered_wh=one.delivered_wh,
            )
            for one in found.links
        ],
    )


# ── tables for a spreadsheet ──


def series_sheet(found: SiteSteps) -> Sheet:
    """Lay a series out: a row a step, a column a quantity; nothing received is an empty cell.

    Where a value was estimated or corrected, a second column counts the slots of it that were.
    """
    return _steps_sheet(found.starts_at, found.channels, name=f"series-{found.wish.resolution.value}")


def channels_sheet(found: SeveralSteps) -> Sheet:
    """Lay several channels out: a row a step, a column a channel, which its head names by number."""
    name = f"channels-{found.wish.resolution.value}"
    return _steps_sheet(found.starts_at, found.channels, name=name, numbered=True)


def _steps_sheet(
    starts: Sequence[datetime], series: Sequence[ChannelSteps], *, name: str, numbered: bool = False
) -> Sheet:
    heads: list[str] = ["start (Asia/Seoul)"]
    values: list[list[Cell]] = [[at.astimezone(SEOUL).strftime("%Y-%m-%dT%H:%M:%S+09:00") for at in starts]]
    several = Counter(one.channel.quantity for one in series)
    for one in series:
        quantity = one.channel.quantity
        # A head names its column alone: where several channels count a quantity, by the channel's number as well.
        told = f"{quantity.value}_{one.channel.channel_id}" if numbered or several[quantity] > 1 else quantity.value
        heads.append(f"{told}_{quantity.unit.lower()}")
        values.append(list(one.steps.values))
        if any(one.steps.unmeasured):
            heads.append(f"{told}_unmeasured_slots")
            values.append(list(one.steps.unmeasured))
    return Sheet(name=name, head=tuple(heads), rows=list(zip(*values, strict=True)))


def matrix_sheet(quantity: Quantity, rows: tuple[MatrixRow, ...]) -> Sheet:
    """Lay a matrix out: a row a day, a column an hour."""
    return Sheet(
        name=f"matrix-{quantity.value}",
        head=(f"day (Asia/Seoul), {quantity.unit}", *(f"{hour:02d}" for hour in range(24))),
        rows=[(one.day.isoformat(), *one.hours) for one in rows],
    )


def bands_sheet(month: Month, found: BandFigures | None) -> Sheet:
    """Lay a month's bands out: a row a quantity and band."""
    rows: list[tuple[str | int | None, ...]] = []
    if found is not None:
        for name, totals in (
            ("load", found.load),
            ("grid_import", found.imported),
            ("grid_import_without_storage", found.without_storage),
            ("storage_charge", found.charge),
            ("storage_discharge", found.discharge),
        ):
            rows.extend((name, one.band.value, one.wh, one.micro_krw) for one in totals.bands)
    return Sheet(name=f"bands-{month}", head=("quantity", "band", "energy_wh", "energy_charge_micro_krw"), rows=rows)


def flows_sheet(found: MonthInsight) -> Sheet:
    """Lay a month's flows out."""
    names = [name for name in type(found.flows).__dataclass_fields__ if name.endswith("_wh")]
    return Sheet(
        name=f"flows-{found.month}",
        head=("flow", "energy_wh"),
        rows=[(name.removesuffix("_wh"), int(getattr(found.flows, name))) for name in names],
    )


def sources_sheet(found: Trace, month: Month) -> Sheet:
    """Lay a trace out: a row a slot, columns by source."""
    start = day_start(month.first_on)
    parts = [f"{part}_{source}_wh" for part in ("charged", "delivered", "lost") for source in found.sources]
    return Sheet(
        name=f"sources-{found.method.value}-{month}",
        head=("start (UTC)", *parts, "unattributed_wh"),
        rows=[
            (spelled(start + one.slot * SLOT), *one.charged, *one.delivered, *one.lost, one.unattributed_wh)
            for one in found.moves
        ],
    )


async def _insight(
    ports: Ports,
    actor: Actor,
    tenant_id: int | None,
    site_id: UUID,
    month: str,
    tariff: str | None,
    as_of: datetime | None,
) -> MonthInsight:
    return await energy.month_insight(
        energy.MonthAsked(
            actor=actor,
            tenant_id=TenantId(tenant_id or actor.tenant_id),
            site_id=SiteId(site_id),
            month=Month.parse(month),
            as_if=as_if(tariff),
            as_of=instant(as_of),
        ),
        unit=ports.unit,
        book=ports.tariffs,
        factors=ports.emission_factors,
        clock=ports.clock,
    )


def instant(at: datetime | None) -> datetime | None:
    """Take an instant with its offset.

    Raises:
        ValidationException: it has none, so it has no meaning; an address must write its plus sign as %2B.
    """
    if at is not None and at.tzinfo is None:
        raise ValidationException(extra=[{"key": "as_of", "message": "Expected an instant with its offset"}])
    return at


async def _series(
    ports: Ports,
    actor: Actor,
    tenant_id: int | None,
    site_id: UUID,
    quantities: list[Quantity] | None,
    resolution: Resolution,
    first_on: date,
    until_on: date,
    as_of: datetime | None,
) -> SiteSteps:
    async with ports.unit(actor) as work:
        return await reading_back.read_series(
            reading_back.ReadSeries(
                actor=actor,
                tenant_id=TenantId(tenant_id or actor.tenant_id),
                site_id=SiteId(site_id),
                quantities=tuple(quantities or Quantity),
                resolution=resolution,
                first_on=first_on,
                until_on=until_on,
                as_of=instant(as_of),
            ),
            work=work,
        )


async def _matrix(
    ports: Ports,
    actor: Actor,
    tenant_id: int | None,
    site_id: UUID,
    quantity: Quantity,
    first_on: date,
    until_on: date,
    as_of: datetime | None,
) -> tuple[MatrixRow, ...]:
    async with ports.unit(actor) as work:
        return await reading_back.read_matrix(
            reading_back.ReadMatrix(
                actor=actor,
                tenant_id=TenantId(tenant_id or actor.tenant_id),
                site_id=SiteId(site_id),
                quantity=quantity,
                first_on=first_on,
                until_on=until_on,
                as_of=instant(as_of),
            ),
            work=work,
        )


async def _trace(
    ports: Ports,
    actor: Actor,
    tenant_id: int | None,
    site_id: UUID,
    month: str,
    method: Method,
    as_of: datetime | None,
) -> Trace:
    async with ports.unit(actor) as work:
        return await reading_back.read_trace(
            reading_back.ReadTrace(
                actor=actor,
                tenant_id=TenantId(tenant_id or actor.tenant_id),
                site_id=SiteId(site_id),
                month=Month.parse(month),
                method=method,
                as_of=instant(as_of),
            ),
            work=work,
        )


def _named(
    actor: Actor,
    tenant_id: int | None,
    channels: list[int],
    resolution: Resolution,
    first_on: date,
    until_on: date,
    as_of: datetime | None,
) -> reading_back.ReadChannels:
    stretch(first_on, until_on)
    return reading_back.ReadChannels(
        actor=actor,
        tenant_id=TenantId(tenant_id or actor.tenant_id),
        channel_ids=tuple(ChannelId(number) for number in channels),
        resolution=resolution,
        first_on=first_on,
        until_on=until_on,
        as_of=instant(as_of),
    )


class ChannelsController(Controller):
    """Several channels, of whatever sites, in one read."""

    path = "/api/v1/series"
    tags = ("Sites",)

    @get("/", operation_id="ReadChannels", summary="Read up to a hundred channels in steps", responses=PROBLEMS)
    async def read_channels(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        channels: ChannelsQuery,
        first_on: FromQuery,
        until_on: UntilQuery,
        resolution: ResolutionQuery = Resolution.MINUTES_15,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> ChannelsOut:
        """Read channels by number; all together at most 400,000 slots."""
        wish = _named(actor, tenant_id, channels, resolution, first_on, until_on, as_of)
        async with ports.unit(actor) as work:
            found = await reading_back.read_channels(wish, work=work)
        return ChannelsOut(
            resolution=resolution.value,
            starts_at=found.starts_at,
            as_of=wish.as_of,
            series=[
                ChannelSeriesOut(
                    site_id=one.channel.site_id,
                    quantity=one.channel.quantity.value,
                    channel=one.channel.channel_id,
                    unit=one.channel.quantity.unit,
                    values=one.steps.values,
                    missing=one.steps.missing,
                    unmeasured=one.steps.unmeasured,
                )
                for one in found.channels
            ],
        )

    @get(
        "/{form:str}",
        operation_id="ReadChannelsSheet",
        operation_class=SheetOperation,
        summary="The same as a table",
        responses=PROBLEMS,
    )
    async def read_channels_sheet(
        self,
        form: FromPath[SheetForm],
        ports: GivenPorts,
        actor: GivenActor,
        channels: ChannelsQuery,
        first_on: FromQuery,
        until_on: UntilQuery,
        resolution: ResolutionQuery = Resolution.MINUTES_15,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> Response[bytes]:
        """Read channels as CSV, XLSX or Parquet, a column each."""
        wish = _named(actor, tenant_id, channels, resolution, first_on, until_on, as_of)
        async with ports.unit(actor) as work:
            found = await reading_back.read_channels(wish, work=work)
        return sheet_response(channels_sheet(found), form)


class ReadingBackController(Controller):
    """What meters said, and what it comes to."""

    path = "/api/v1/sites/{site_id:uuid}"
    tags = ("Sites",)

    @get("/series", operation_id="ReadSeries", summary="Read a site's channels in steps", responses=PROBLEMS)
    async def read_series(
        self,
        site_id: FromPath[UUID],
        ports: GivenPorts,
        actor: GivenActor,
        first_on: FromQuery,
        until_on: UntilQuery,
        quantities: QuantitiesQuery = None,
        resolution: ResolutionQuery = Resolution.MINUTES_15,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> SiteSeriesOut:
        """Read channels at 15, 30 or 60 minutes, by day or by month."""
        return series_out(
            await _series(ports, actor, tenant_id, site_id, quantities, resolution, first_on, until_on, as_of)
        )

    @get(
        "/series/{form:str}",
        operation_id="ReadSeriesSheet",
        operation_class=SheetOperation,
        summary="The same as a table",
        responses=PROBLEMS,
    )
    async def read_series_sheet(
        self,
        site_id: FromPath[UUID],
        form: FromPath[SheetForm],
        ports: GivenPorts,
        actor: GivenActor,
        first_on: FromQuery,
        until_on: UntilQuery,
        quantities: QuantitiesQuery = None,
        resolution: ResolutionQuery = Resolution.MINUTES_15,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> Response[bytes]:
        """Read channels as CSV or XLSX."""
        found = await _series(ports, actor, tenant_id, site_id, quantities, resolution, first_on, until_on, as_of)
        return sheet_response(series_sheet(found), form)

    @get("/matrix", operation_id="ReadMatrix", summary="Read a quantity by day and hour", responses=PROBLEMS)
    async def read_matrix(
        self,
        site_id: FromPath[UUID],
        ports: GivenPorts,
        actor: GivenActor,
        first_on: FromQuery,
        until_on: UntilQuery,
        quantity: QuantityQuery = Quantity.GRID_IMPORT,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> MatrixOut:
        """Read a quantity by day and hour of Seoul."""
        rows = await _matrix(ports, actor, tenant_id, site_id, quantity, first_on, until_on, as_of)
        return MatrixOut(
            quantity=quantity.value,
            unit=quantity.unit,
            days=[one.day for one in rows],
            hours=[list(one.hours) for one in rows],
        )

    @get(
        "/matrix/{form:str}",
        operation_id="ReadMatrixSheet",
        operation_class=SheetOperation,
        summary="The same as a table",
        responses=PROBLEMS,
    )
    async def read_matrix_sheet(
        self,
        site_id: FromPath[UUID],
        form: FromPath[SheetForm],
        ports: GivenPorts,
        actor: GivenActor,
        first_on: FromQuery,
        until_on: UntilQuery,
        quantity: QuantityQuery = Quantity.GRID_IMPORT,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> Response[bytes]:
        """Read a matrix as CSV or XLSX."""
        rows = await _matrix(ports, actor, tenant_id, site_id, quantity, first_on, until_on, as_of)
        return sheet_response(matrix_sheet(quantity, rows), form)

    @get(
        "/months/{month:str}/insight",
        operation_id="ReadInsight",
        summary="Read a month from every side",
        description="Sources pro rata and FIFO, efficiency, cycles, peaks with and without the storage, time-of-use "
        "bands, and both views of emissions with their factor.",
        responses=PROBLEMS,
    )
    async def read_insight(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        ports: GivenPorts,
        actor: GivenActor,
        tariff: TariffQuery = None,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> InsightOut:
        """Read a month from every side."""
        return insight_out(await _insight(ports, actor, tenant_id, site_id, month, tariff, as_of))

    @get(
        "/months/{month:str}/sheets/{table:str}/{form:str}",
        operation_id="ReadMonthSheet",
        operation_class=SheetOperation,
        summary="A month's bands, flows or sources as a table",
        responses=PROBLEMS,
    )
    async def read_month_sheet(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        table: FromPath[Literal["bands", "flows", "sources"]],
        form: FromPath[SheetForm],
        ports: GivenPorts,
        actor: GivenActor,
        method: MethodQuery = Method.PRO_RATA,
        tariff: TariffQuery = None,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> Response[bytes]:
        """Read a month's table as CSV or XLSX."""
        if table == "sources":
            traced = await _trace(ports, actor, tenant_id, site_id, month, method, as_of)
            return sheet_response(sources_sheet(traced, Month.parse(month)), form)
        found = await _insight(ports, actor, tenant_id, site_id, month, tariff, as_of)
        sheet = flows_sheet(found) if table == "flows" else bands_sheet(found.month, found.bands)
        return sheet_response(sheet, form)

    @get(
        "/months/{month:str}/sources",
        operation_id="ReadSources",
        summary="Read a month's storage slot by slot, by source",
        responses=PROBLEMS,
    )
    async def read_sources(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        ports: GivenPorts,
        actor: GivenActor,
        method: MethodQuery = Method.PRO_RATA,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> TraceOut:
        """Read what each slot charged and discharged by source."""
        return trace_out(
            await _trace(ports, actor, tenant_id, site_id, month, method, as_of),
            Month.parse(month),
        )

    @get(
        "/months/{month:str}/demand",
        operation_id="ReadDemand",
        summary="Read the demand that prices a month",
        responses=PROBLEMS,
    )
    async def read_demand(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        ports: GivenPorts,
        actor: GivenActor,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> DemandOut:
        """Read billing demand with the storage and without it."""
        async with ports.unit(actor) as work:
            found = await reading_back.read_demand(
                reading_back.ReadDemand(
                    actor=actor,
                    tenant_id=TenantId(tenant_id or actor.tenant_id),
                    site_id=SiteId(site_id),
                    month=Month.parse(month),
                    as_of=instant(as_of),
                ),
                work=work,
            )
        return demand_out(found)

    @get(
        "/round-trip",
        operation_id="ReadRoundTrip",
        summary="Read the storage's efficiency over days of one's choice",
        description="AC to AC, with an equal state of charge at both ends or corrected for the difference; not stated "
        "for fewer than five full cycles, or with a slot missing.",
        responses=PROBLEMS,
    )
    async def read_round_trip(
        self,
        site_id: FromPath[UUID],
        ports: GivenPorts,
        actor: GivenActor,
        first_on: FromQuery,
        until_on: UntilQuery,
        as_of: AsOfQuery = None,
        tenant_id: TenantQuery = None,
    ) -> RoundTripOut:
        """Read the round-trip efficiency of a window of days."""
        stretch(first_on, until_on)
        return round_trip_out(
            await energy.window_round_trip(
                energy.RoundTripAsked(
                    actor=actor,
                    tenant_id=TenantId(tenant_id or actor.tenant_id),
                    site_id=SiteId(site_id),
                    first_on=first_on,
                    until_on=until_on,
                    as_of=instant(as_of),
                ),
                unit=ports.unit,
            )
        )

    @get("/tariffs", operation_id="ListSiteTariffs", summary="List a site's tariffs", responses=PROBLEMS)
    async def list_site_tariffs(
        self, site_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None
    ) -> list[AssignmentOut]:
        """List which tariff a site has from which day on."""
        async with ports.unit(actor) as work:
            found = await reading_back.list_tariffs(
                actor, tenant_id=TenantId(tenant_id or actor.tenant_id), site_id=SiteId(site_id), work=work
            )
        return [AssignmentOut(tariff=one.tariff, from_on=one.from_on, deferred=one.deferred) for one in found]

    @post(
        "/tariffs",
        operation_id="AssignTariff",
        summary="Assign a tariff from a day on",
        responses=PROBLEMS,
    )
    async def assign_tariff(
        self,
        site_id: FromPath[UUID],
        data: JSONBody[AssignmentIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> AssignmentOut:
        """Assign a tariff; the same once more changes nothing."""
        wish = TariffAssignment(from_on=data.from_on, tariff=data.tariff, deferred=data.deferred)
        async with ports.unit(actor) as work:
            await reading_back.assign_tariff(
                reading_back.AssignTariff(
                    actor=actor,
                    tenant_id=TenantId(tenant_id or actor.tenant_id),
                    site_id=SiteId(site_id),
                    assignment=wish,
                ),
                work=work,
                book=ports.tariffs,
                clock=ports.clock,
            )
            await work.commit()
        return AssignmentOut(tariff=wish.tariff, from_on=wish.from_on, deferred=wish.deferred)


class TariffsController(Controller):
    """Tariffs as data."""

    path = "/api/v1/tariffs"
    tags = ("Sites",)

    @get(operation_id="ListTariffs", summary="List tariff versions", responses=PROBLEMS)
    async def list_tariffs(self, ports: GivenPorts, actor: GivenActor) -> list[TariffVersionOut]:
        """List every tariff version that is known, with the source it was read from."""
        book = ports.tariffs
        return [
            TariffVersionOut(
                tariff=one.tariff,
                version=one.version,
                name_ko=book.named(one.tariff).name_ko,
                name_en=book.named(one.tariff).name_en,
                from_on=one.from_on,
                deferrable_until_on=one.deferrable_until_on,
                priced=bool(one.rates),
                demand_krw_per_kw=one.demand_krw_per_kw,
                source=one.source,
            )
            for one in book.versions
        ]
