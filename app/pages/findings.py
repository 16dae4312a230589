"""What looks wrong in stored days, on a site's page and on its energy page: judge a month, settle a finding."""

from collections.abc import Mapping
from uuid import UUID

from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect

from app.http.findings import AcceptanceIn, told_acceptance
from app.http.identity import GivenActor, GivenPorts
from app.http.schemas import MonthPath
from app.pages.frame import GivenPage, PageRequest, read_as, read_form
from domain.journeys import vetting as vetting_journey
from domain.metering import vetting
from domain.metering.model import FindingId
from domain.shared.identifiers import SiteId, TenantId
from domain.shared.time import Month


@post("/energy/{tenant_id:int}/{site_id:uuid}/{month:str}/findings", status_code=303)
async def vet_month(
    tenant_id: FromPath[int], site_id: FromPath[UUID], month: MonthPath, ports: GivenPorts, actor: GivenActor
) -> Redirect:
    """Judge a month's stored days now."""
    await vetting_journey.vet_month(
        vetting_journey.VetSiteMonth(
            actor=actor, tenant_id=TenantId(tenant_id), site_id=SiteId(site_id), month=Month.parse(month)
        ),
        unit=ports.unit,
        ids=ports.ids,
        clock=ports.clock,
    )
    return Redirect(_back({"month": month}, tenant_id, site_id, "findings"), status_code=303)


@post("/sites/{tenant_id:int}/{site_id:uuid}/findings/{finding_id:uuid}", status_code=303)
async def settle_finding(
    request: PageRequest,
    tenant_id: FromPath[int],
    site_id: FromPath[UUID],
    finding_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Redirect:
    """Accept doubted values as they are, or propose an estimate for them."""
    form = await read_form(request)
    if form.get("step") == "estimate":
        async with ports.unit(actor) as work:
            await vetting.estimate_finding(
                vetting.EstimateFinding(
                    actor=actor,
                    tenant_id=TenantId(tenant_id),
                    site_id=SiteId(site_id),
                    finding_id=FindingId(finding_id),
                ),
                work=work,
                ids=ports.ids,
                clock=ports.clock,
            )
            await work.commit()
        return Redirect(_back(form, tenant_id, site_id, "estimates"), status_code=303)
    data = read_as(form, AcceptanceIn, page.language)
    wish = told_acceptance(data, actor=actor, tenant_id=tenant_id, site_id=site_id, finding_id=finding_id)
    async with ports.unit(actor) as work:
        await vetting.accept_finding(wish, work=work, clock=ports.clock)
        await work.commit()
    return Redirect(_back(form, tenant_id, site_id, "findings"), status_code=303)


def _back(form: Mapping[str, str], tenant_id: int, site_id: UUID, place: str) -> str:
    """Return the page that was acted on: the energy of a month, or the site."""
    try:
        month = Month.parse(form.get("month", ""))
    except ValueError:
        return f"/sites/{tenant_id}/{site_id}#findings"
    return f"/energy?month={month}&site={site_id}&tenant={tenant_id}#{place}"


FINDINGS = (vet_month, settle_finding)
