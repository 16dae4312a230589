"""Steps over lots of purchase contracts: enter one once, void a mistaken one, see what they were used for."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from domain.metering.errors import LotOverMonths, LotsTooMany, LotUnknown, LotVoided
from domain.metering.inventory import Method
from domain.metering.lots import LOTS_A_MONTH_MAX, LotUse, PpaLot, PpaLotId, uses
from domain.metering.ports import MeteringWork
from domain.metering.reading_back import ReadTrace, lots_of_month, trace_month
from domain.metering.usecases import list_channels
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import Ids, SiteId, TenantId
from domain.shared.time import Clock, Month


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterLot:
    """Energy that a purchase contract delivered to a site in days of one month, with its certificate."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    certificate_id: str
    from_on: date
    until_on: date
    wh: int


async def enter_lot(wish: EnterLot, *, work: MeteringWork, ids: Ids, clock: Clock) -> PpaLot:
    """Enter a lot; the same certificate once more with the same words changes nothing.

    Raises:
        RoleNotEnough: only a tenant's administrator or an operator enters lots.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
        LotOverMonths: its days are of more than one month.
        LotsTooMany: the month has fifty lots already.
        LotEntered: the certificate is entered already, otherwise.
        ValueError: there is no energy, no day or no certificate.
    """
    wish.actor.require(Role.TENANT_ADMIN, Role.OPERATOR)
    await list_channels(wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work)
    month = Month.of(wish.from_on)
    if wish.until_on > month.next().first_on:
        raise LotOverMonths
    lot = PpaLot(
        lot_id=PpaLotId(ids.new()),
        tenant_id=wish.tenant_id,
        site_id=wish.site_id,
        certificate_id=wish.certificate_id,
        from_on=wish.from_on,
        until_on=wish.until_on,
        wh=wish.wh,
        entered_by=wish.actor.name,
        entered_at=clock.now(),
    )
    if len(await lots_of_month(wish.tenant_id, wish.site_id, month, work=work)) >= LOTS_A_MONTH_MAX:
        raise LotsTooMany(lots_max=LOTS_A_MONTH_MAX)
    return await work.ppa_lots.add(lot)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidLot:
    """A lot that was entered by mistake."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    lot_id: PpaLotId


async def void_lot(wish: VoidLot, *, work: MeteringWork, clock: Clock) -> PpaLot:
    """Void a lot: it charges nothing any more, and its certificate may be entered anew.

    Raises:
        RoleNotEnough: only a tenant's administrator or an operator voids.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
        LotUnknown: the site has no such lot.
        LotVoided: it is void already.
    """
    wish.actor.require(Role.TENANT_ADMIN, Role.OPERATOR)
    await list_channels(wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work)
    lot = await work.ppa_lots.one(wish.tenant_id, wish.lot_id)
    if lot.site_id != wish.site_id:
        raise LotUnknown
    if lot.voided_at is not None:
        raise LotVoided
    voided = replace(lot, voided_by=wish.actor.name, voided_at=clock.now())
    await work.ppa_lots.void(voided)
    return voided


async def list_lots(
    actor: Actor,
    *,
    tenant_id: TenantId,
    site_id: SiteId,
    month: Month,
    work: MeteringWork,
    as_of: datetime | None = None,
) -> tuple[LotUse, ...]:
    """Show a month's lots with what each was used for, by day and certificate.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
    """
    asked = ReadTrace(
        actor=actor, tenant_id=tenant_id, site_id=site_id, month=month, method=Method.PRO_RATA, as_of=as_of
    )
    traced, lots, spread = await trace_month(asked, work=work)
    return uses(lots, spread, traced)
