"""Lots of purchase contracts on the energy page: entered and voided there."""

from uuid import UUID

from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect

from app.http.identity import GivenActor, GivenPorts
from app.http.lots import LotIn, told_lot
from app.http.schemas import MonthPath
from app.pages.contracts import scaled_up
from app.pages.frame import GivenPage, PageRequest, read_as, read_form
from domain.metering import lot_entry
from domain.metering.lots import PpaLotId
from domain.shared.identifiers import SiteId, TenantId


@post("/energy/{tenant_id:int}/{site_id:uuid}/{month:str}/lots", status_code=303)
async def enter_lot(
    request: PageRequest,
    tenant_id: FromPath[int],
    site_id: FromPath[UUID],
    month: MonthPath,
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Redirect:
    """Enter energy of a purchase contract."""
    form = scaled_up(await read_form(request), page.language, lot_kwh=("wh", 1_000))
    names = {"lot_certificate": "certificate", "lot_from_on": "from_on", "lot_until_on": "until_on"}
    said = {names.get(name, name): value for name, value in form.items()}
    data = read_as(said, LotIn, page.language)
    wish = told_lot(data, actor=actor, tenant_id=tenant_id, site_id=site_id)
    async with ports.unit(actor) as work:
        await lot_entry.enter_lot(wish, work=work, ids=ports.ids, clock=ports.clock)
        await work.commit()
    return Redirect(f"/energy?month={month}&site={site_id}&tenant={tenant_id}#lots", status_code=303)


@post("/energy/{tenant_id:int}/{site_id:uuid}/{month:str}/lots/{lot_id:uuid}/void", status_code=303)
async def void_lot(
    tenant_id: FromPath[int],
    site_id: FromPath[UUID],
    month: MonthPath,
    lot_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
) -> Redirect:
    """Void a lot that was entered by mistake."""
    async with ports.unit(actor) as work:
        await lot_entry.void_lot(
            lot_entry.VoidLot(
                actor=actor, tenant_id=TenantId(tenant_id), site_id=SiteId(site_id), lot_id=PpaLotId(lot_id)
            ),
            work=work,
            clock=ports.clock,
        )
        await work.commit()
    return Redirect(f"/energy?month={month}&site={site_id}&tenant={tenant_id}#lots", status_code=303)


LOTS = (enter_lot, void_lot)
