"""Lots of purchase contracts (PPA): certified energy, a source of the storage's charge beside PV and the grid."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.reading_back import stretch
from app.http.schemas import Day, EnergyWh, In, Instant, MonthPath, Out, TenantQuery
from domain.metering import lot_entry
from domain.metering.lots import LotUse, PpaLot, PpaLotId
from domain.shared.actor import Actor
from domain.shared.identifiers import SiteId, TenantId
from domain.shared.time import Month

CertificateText = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:/ -]+$", description="The proof's number."),
]


class LotIn(In):
    """Energy that a purchase contract delivered from a day to before another, of one month; Wh."""

    certificate: CertificateText
    from_on: Day
    until_on: Day
    wh: EnergyWh


class LotOut(Out):
    """A lot as it was entered."""

    lot_id: UUID
    certificate: str
    from_on: Day
    until_on: Day
    wh: int
    entered_by: str
    entered_at: Instant
    voided_by: str | None
    voided_at: Instant | None


class LotUseOut(Out):
    """What became of a lot: `wh` = stored + used at once + unused, Wh.

    It is spread over what the grid meter counted in its days; what the meter did not count is unused.
    """

    lot_id: UUID
    certificate: str
    from_on: Day
    until_on: Day
    wh: int
    stored_wh: int
    used_at_once_wh: int
    unused_wh: int


def lot_out(lot: PpaLot) -> LotOut:
    """Say a lot in the API's words."""
    return LotOut(
        lot_id=lot.lot_id,
        certificate=lot.certificate_id,
        from_on=lot.from_on,
        until_on=lot.until_on,
        wh=lot.wh,
        entered_by=lot.entered_by,
        entered_at=lot.entered_at,
        voided_by=lot.voided_by,
        voided_at=lot.voided_at,
    )


def lot_use_out(found: LotUse) -> LotUseOut:
    """Say what became of a lot in the API's words."""
    return LotUseOut(
        lot_id=found.lot.lot_id,
        certificate=found.lot.certificate_id,
        from_on=found.lot.from_on,
        until_on=found.lot.until_on,
        wh=found.lot.wh,
        stored_wh=found.stored_wh,
        used_at_once_wh=found.used_at_once_wh,
        unused_wh=found.unused_wh,
    )


def told_lot(data: LotIn, *, actor: Actor, tenant_id: int, site_id: UUID) -> lot_entry.EnterLot:
    """Say a lot in the field's words.

    Raises:
        ValidationException: the last day is not after the first, or they lie beyond all that is kept.
    """
    stretch(data.from_on, data.until_on)
    return lot_entry.EnterLot(
        actor=actor,
        tenant_id=TenantId(tenant_id),
        site_id=SiteId(site_id),
        certificate_id=data.certificate,
        from_on=data.from_on,
        until_on=data.until_on,
        wh=data.wh,
    )


class LotsController(Controller):
    """Lots of purchase contracts at a site."""

    path = "/api/v1/sites/{site_id:uuid}"
    tags = ("sites",)

    @post("/lots", operation_id="EnterLot", summary="Enter energy of a purchase contract (PPA)", responses=PROBLEMS)
    async def enter_lot(
        self,
        site_id: FromPath[UUID],
        data: JSONBody[LotIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> LotOut:
        """Enter a lot; a certificate is entered once, and the same once more changes nothing."""
        wish = told_lot(data, actor=actor, tenant_id=tenant_id or actor.tenant_id, site_id=site_id)
        async with ports.unit(actor) as work:
            lot = await lot_entry.enter_lot(wish, work=work, ids=ports.ids, clock=ports.clock)
            await work.commit()
        return lot_out(lot)

    @post(
        "/lots/{lot_id:uuid}/void",
        operation_id="VoidLot",
        summary="Void a lot that was entered by mistake",
        responses=PROBLEMS,
        status_code=200,
    )
    async def void_lot(
        self,
        site_id: FromPath[UUID],
        lot_id: FromPath[UUID],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> LotOut:
        """Void a lot; its certificate may be entered anew."""
        async with ports.unit(actor) as work:
            lot = await lot_entry.void_lot(
                lot_entry.VoidLot(
                    actor=actor,
                    tenant_id=TenantId(tenant_id or actor.tenant_id),
                    site_id=SiteId(site_id),
                    lot_id=PpaLotId(lot_id),
                ),
                work=work,
                clock=ports.clock,
            )
            await work.commit()
        return lot_out(lot)

    @get("/months/{month:str}/lots", operation_id="ListLots", summary="List a month's lots", responses=PROBLEMS)
    async def list_lots(
        self,
        site_id: FromPath[UUID],
        month: MonthPath,
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> list[LotUseOut]:
        """List lots with what each was used for."""
        async with ports.unit(actor) as work:
            found = await lot_entry.list_lots(
                actor,
                tenant_id=TenantId(tenant_id or actor.tenant_id),
                site_id=SiteId(site_id),
                month=Month.parse(month),
                work=work,
            )
        return [lot_use_out(one) for one in found]
