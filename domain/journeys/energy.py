"""A month of energy from every side: what the meters said, with what contracts say of the storage."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.journeys.ports import JourneyWork
from domain.metering import reading_back
from domain.metering import usecases as metering
from domain.metering.availability import READINESS_SIGNALS, Availability, Promise, availability
from domain.metering.carbon import EmissionFactor
from domain.metering.insight import MonthInsight
from domain.metering.tariff import TariffBook
from domain.metering.telemetry import TelemetryHour
from domain.shared.actor import Actor
from domain.shared.identifiers import PackId, SiteId, TenantId
from domain.shared.time import Clock, Interval, Month, day_start
from domain.shared.unit import Unit

_CONTRACTS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthAsked:
    """A site's month; `as_if` prices it by a version that is named, `priced` False by none."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    month: Month
    as_if: reading_back.AsIf | None = None
    priced: bool = True
    as_of: datetime | None = None


async def month_insight(
    asked: MonthAsked,
    *,
    unit: Unit[JourneyWork],
    book: TariffBook,
    factors: tuple[EmissionFactor, ...],
    clock: Clock,
) -> MonthInsight:
    """Show a site's month from every side; the storage's usable energy is what its packs are certified for.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
        TariffUnknown: the version that is asked for is not listed.
        TariffNotInForce: nothing listed prices a day of the month, though a tariff is assigned.
        CalendarUnknown: the year's public holidays are not listed.
    """
    async with unit(asked.actor) as work:
        await metering.list_channels(  # whoever may not look is refused before contracts are read
            asked.actor, tenant_id=asked.tenant_id, site_id=asked.site_id, work=work
        )
        return await reading_back.read_insight(
            reading_back.ReadInsight(
                actor=asked.actor,
                tenant_id=asked.tenant_id,
                site_id=asked.site_id,
                month=asked.month,
                as_if=asked.as_if,
                priced=asked.priced,
                usable_wh=await certified_wh(asked.tenant_id, asked.site_id, asked.month, work=work),
                available=await _available(asked, work=work, now=clock.now()),
                as_of=asked.as_of,
            ),
            work=work,
            book=book,
            factors=factors,
            clock=clock,
        )


async def _available(asked: MonthAsked, *, work: JourneyWork, now: datetime) -> Availability | None:
    """Return how available the site's packs were in the slots of the month that are over; None without a promise."""
    month = asked.month.interval
    end_at = min(now, month.end_at or now)
    if end_at <= month.start_at:
        return None
    span = Interval(start_at=month.start_at, end_at=end_at)
    promises: list[Promise] = []
    for contract in await work.contracts.page(tenant_id=asked.tenant_id, after=None, limit=_CONTRACTS_MAX):
        if contract.site_id != asked.site_id:
            continue
        assignments = await work.assignments.of_contract(asked.tenant_id, contract.contract_id)
        term = Interval(start_at=contract.starts_at, end_at=day_start(contract.ends_on + timedelta(days=1)))
        if term.start_at >= end_at or (term.end_at is not None and term.end_at <= span.start_at):
            continue
        for slot in contract.slots:
            packs: dict[PackId, tuple[Interval, ...]] = {}
            for one in assignments:
                stops_at = min((at for at in (one.ends_at, one.suspended_at) if at is not None), default=None)
                if one.slot_id == slot.slot_id and (stops_at is None or stops_at > one.starts_at):
                    served = Interval(start_at=one.starts_at, end_at=stops_at)
                    packs[one.pack_id] = (*packs.get(one.pack_id, ()), served)
            promises.append(Promise(power_w=slot.promised_w, span=term, packs=packs))
    if not promises:
        return None
    kept: dict[PackId, list[TelemetryHour]] = {}
    for hour in await work.telemetry.hours(
        asked.tenant_id,
        sorted({pack_id for promise in promises for pack_id in promise.packs}),
        READINESS_SIGNALS,
        from_at=span.start_at,
        until_at=end_at,
    ):
        kept.setdefault(hour.pack_id, []).append(hour)
    return availability(promises, kept, span=span)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTripAsked:
    """A site's days, from the first to before `until_on`, over which its storage's efficiency is asked for."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    first_on: date
    until_on: date
    as_of: datetime | None = None


async def window_round_trip(asked: RoundTripAsked, *, unit: Unit[JourneyWork]) -> reading_back.WindowRoundTrip:
    """Show a storage's efficiency over a window; its usable energy is what its packs are certified for.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
        StretchTooLong: more than a year is asked for, or less than a day.
    """
    async with unit(asked.actor) as work:
        await metering.list_channels(  # whoever may not look is refused before contracts are read
            asked.actor, tenant_id=asked.tenant_id, site_id=asked.site_id, work=work
        )
        usable_wh = None
        if asked.first_on < asked.until_on:
            window = Interval(start_at=day_start(asked.first_on), end_at=day_start(asked.until_on))
            usable_wh = await certified_wh(asked.tenant_id, asked.site_id, window, work=work)
        return await reading_back.read_round_trip(
            reading_back.ReadRoundTrip(
                actor=asked.actor,
                tenant_id=asked.tenant_id,
                site_id=asked.site_id,
                first_on=asked.first_on,
                until_on=asked.until_on,
                usable_wh=usable_wh,
                as_of=asked.as_of,
            ),
            work=work,
        )


async def certified_wh(
    tenant_id: TenantId, site_id: SiteId, span: Month | Interval, *, work: JourneyWork
) -> int | None:
    """Return what the packs that served a site through a whole stretch are certified for; None if they changed."""
    stretch = span.interval if isinstance(span, Month) else span
    found = 0
    for contract in await work.contracts.page(tenant_id=tenant_id, after=None, limit=_CONTRACTS_MAX):
        if contract.site_id != site_id:
            continue
        for one in await work.assignments.of_contract(tenant_id, contract.contract_id):
            if stretch.end_at is None or one.starts_at >= stretch.end_at:
                continue
            if one.ends_at is not None and one.ends_at <= stretch.start_at:
                continue
            if one.starts_at > stretch.start_at or (one.ends_at is not None and one.ends_at < stretch.end_at):
                return None
            found += one.certificate.certified_wh
    return found or None
