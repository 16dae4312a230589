"""Frozen months and what came afterwards: each difference with the amount it would make by the original contract."""

from dataclasses import dataclass

from domain.billing import pricing
from domain.journeys.month_close import rating_inputs
from domain.journeys.ports import JourneyWork
from domain.metering import estimating, frozen
from domain.metering.errors import MonthUnchanged
from domain.metering.estimating import UsageDifference
from domain.metering.frozen import FrozenContract, RevisionDifference
from domain.metering.model import Site, UsageSnapshot
from domain.shared.actor import Actor, system_actor
from domain.shared.identifiers import ContractId, Ids, SiteId, TenantId
from domain.shared.money import Krw
from domain.shared.time import Clock, Month
from domain.shared.unit import Unit
from domain.subscription import terms


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedDifference:
    """What a revision changed, and by how much the lines before tax would differ by the contract that was billed.

    `amount_krw` is what a difference would be billed or credited; posting it is billing's step. None where the contract
    is not at hand.
    """

    changed: RevisionDifference
    amount_krw: Krw | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenMonth:
    """A contract's frozen month with what became of it."""

    frozen: FrozenContract
    number: str | None
    differences: tuple[PricedDifference, ...]


async def frozen_month(
    actor: Actor, *, tenant_id: TenantId, site_id: SiteId, month: Month, unit: Unit[JourneyWork]
) -> tuple[FrozenMonth, ...]:
    """Show what was frozen of a site's month, contract by contract, with every revision and its difference.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
    """
    async with unit(actor) as work:
        found = await frozen.list_frozen(actor, tenant_id=tenant_id, site_id=site_id, month=month, work=work)
        return tuple([await _priced(one, tenant_id, work=work) for one in found])


async def _priced(one: FrozenContract, tenant_id: TenantId, *, work: JourneyWork) -> FrozenMonth:
    contracts = await work.contracts.page(tenant_id=tenant_id, after=None, limit=100)
    contract = next((each for each in contracts if each.contract_id == one.contract_id), None)
    if contract is None:
        unpriced = tuple(PricedDifference(changed=changed, amount_krw=None) for changed in one.differences)
        return FrozenMonth(frozen=one, number=None, differences=unpriced)
    assignments = await work.assignments.of_contract(tenant_id, contract.contract_id)
    capacity = terms.capacity_parts(contract, assignments, one.revisions[0].usage.month)

    def amount(snapshot: UsageSnapshot) -> int:
        return sum(line.amount_krw for line in pricing.rate(rating_inputs(contract, snapshot, capacity)))

    return FrozenMonth(
        frozen=one,
        number=contract.number,
        differences=tuple(
            PricedDifference(
                changed=changed,
                amount_krw=Krw(amount(changed.difference.after) - amount(changed.difference.before)),
            )
            for changed in one.differences
        ),
    )


async def revise_dirty_month(
    site: Site, month: Month, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock
) -> tuple[UsageDifference, ...]:
    """Add a revision to each contract's frozen month whose readings changed since; what was frozen stays.

    Done by the schedule: nobody has to ask for it, and asked again nothing happens.
    """
    actor = system_actor(site.tenant_id)
    made: list[UsageDifference] = []
    async with unit(actor) as work:
        snapshots = await work.usage_snapshots.of_month(site.tenant_id, site.site_id, month)
        for contract_id in dict.fromkeys(one.contract_id for one in snapshots):
            try:
                made.append(
                    await estimating.revise_month(
                        estimating.ReviseMonth(
                            actor=actor,
                            tenant_id=site.tenant_id,
                            site_id=site.site_id,
                            contract_id=ContractId(contract_id),
                            month=month,
                        ),
                        work=work,
                        ids=ids,
                        clock=clock,
                    )
                )
            except MonthUnchanged:
                continue  # nothing came since, which is what most months say
        if made:
            await work.commit()
    return tuple(made)


async def months_frozen(site: Site, months: tuple[Month, ...], *, unit: Unit[JourneyWork]) -> tuple[Month, ...]:
    """Return which of these months are frozen at a site, oldest first."""
    async with unit(system_actor(site.tenant_id)) as work:
        found = await work.usage_snapshots.frozen_months(site.tenant_id, [site.site_id], months)
    return tuple(sorted(month for _, month in found))
