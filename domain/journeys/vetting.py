"""Stored days are judged with what contracts say of the storage; an accepted estimate is judged again at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from domain.journeys.energy import certified_wh
from domain.journeys.ports import JourneyWork
from domain.metering import estimating, vetting
from domain.metering import usecases as metering
from domain.metering.model import ReadingEstimate, Site
from domain.metering.vetting import Vetted
from domain.shared.actor import SYSTEM, Actor, Role
from domain.shared.identifiers import Ids, SiteId, TenantId
from domain.shared.time import Clock, Month, seoul_day
from domain.shared.unit import Unit

_CONTRACTS_MAX = 100
MONTHS_BACK = 24
"""So many months the schedule looks back; one that did not change since is passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VetSiteMonth:
    """A site's month to be judged; `anew` judges although nothing changed since the last time."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    month: Month
    anew: bool = True


async def vet_month(wish: VetSiteMonth, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Vetted:
    """Judge a site's month.

    Raises:
        RoleNotEnough: only a tenant's administrator, an operator or the system judges.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
    """
    wish.actor.require(Role.TENANT_ADMIN, Role.OPERATOR, Role.SYSTEM)
    async with unit(wish.actor) as work:
        vetted = await _vet(wish, work=work, ids=ids, clock=clock)
        await work.commit()
    return vetted


async def _vet(wish: VetSiteMonth, *, work: JourneyWork, ids: Ids, clock: Clock) -> Vetted:
    await metering.list_channels(  # whoever may not look is refused before contracts are read
        wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work
    )
    await work.locks.hold(f"vetting:{wish.site_id}")
    return await vetting.vet_month(
        vetting.VetMonth(
            actor=wish.actor,
            tenant_id=wish.tenant_id,
            site_id=wish.site_id,
            month=wish.month,
            storage_w=await _promised_w(wish, work=work),
            usable_wh=await certified_wh(wish.tenant_id, wish.site_id, wish.month, work=work),
            anew=wish.anew,
        ),
        work=work,
        ids=ids,
        clock=clock,
    )


async def _promised_w(wish: VetSiteMonth, *, work: JourneyWork) -> dict[date, int]:
    """Return the power that a site's contracts promise, day by day; a day without a promise is left out."""
    found: dict[date, int] = {}
    for contract in await work.contracts.page(tenant_id=wish.tenant_id, after=None, limit=_CONTRACTS_MAX):
        if contract.site_id != wish.site_id:
            continue
        promised_w = sum(slot.promised_w for slot in contract.slots)
        for day in wish.month.dates():
            if contract.starts_on <= day <= contract.ends_on:
                found[day] = found.get(day, 0) + promised_w
    return found


async def decide_estimate(
    wish: estimating.DecideEstimate, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock
) -> ReadingEstimate:
    """Accept or refuse an estimate; the month of an accepted one is judged again with it.

    Raises:
        RoleNotEnough: only an operator decides.
        EstimateUnknown: the tenant has no such estimate at this site.
        EstimateStands: it is decided already, or the slots changed meanwhile.
    """
    async with unit(wish.actor) as work:
        decided = await estimating.decide_estimate(wish, work=work, clock=clock)
        if wish.accept:
            month = Month.of(decided.day)
            again = VetSiteMonth(
                actor=wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, month=month, anew=False
            )
            if month in await work.findings.vetted(wish.tenant_id, wish.site_id, [month]):
                await _vet(again, work=work, ids=ids, clock=clock)
        await work.commit()
    return decided


async def sites_to_vet(tenant_id: TenantId, *, unit: Unit[JourneyWork]) -> tuple[Site, ...]:
    """Return a tenant's sites."""
    async with unit(SYSTEM) as work:
        return await work.sites.of_tenant(tenant_id, limit=metering.SITES_LISTED_MAX)


async def months_to_vet(site: Site, *, unit: Unit[JourneyWork], clock: Clock) -> Sequence[Month]:
    """Return the months of a site that hold readings, oldest first, the present one included; at most 24 back."""
    async with unit(SYSTEM) as work:
        channels = await work.sites.channels(site.tenant_id, site.site_id)
        numbers = [channel.channel_id for channel in channels]
        first_on = await work.readings.first_on(site.tenant_id, numbers) if numbers else None
    if first_on is None:
        return ()
    found = []
    month, present = Month.of(first_on), Month.of(seoul_day(clock.now()))
    while month <= present:
        found.append(month)
        month = month.next()
    return found[-MONTHS_BACK:]
