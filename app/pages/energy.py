"""The tenant's rooms: what the energy did in a month, the contracts, the invoices."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from app.http.identity import GivenActor, GivenPorts
from app.http.reading_back import DAYS_FROM, DAYS_UNTIL, TariffQuery, as_if
from app.http.schemas import INT4_MAX, MonthPath
from app.pages import charts
from app.pages.contracts import PAGE_LENGTH, contract_file, tenants
from app.pages.frame import FormMalformed, GivenPage, PageRequest, read_form
from app.pages.messages import say
from app.ports import Ports
from domain.billing.errors import InvoiceUnknown
from domain.journeys import energy, public_passport, subscriptions
from domain.journeys import vetting as vetting_journey
from domain.journeys.frozen_months import frozen_month
from domain.metering import estimating, reading_back, vetting
from domain.metering import usecases as metering
from domain.metering.errors import CalendarUnknown, SiteUnknown, TariffNotInForce
from domain.metering.insight import MonthInsight
from domain.metering.model import FindingState, ReadingEstimateId, Site
from domain.metering.reading_back import AsIf
from domain.metering.views import EnergyFlows, MonthEnergy
from domain.shared.actor import COMPLEX_STAFF, TENANT_STAFF, Actor, Role
from domain.shared.identifiers import InvoiceId, SiteId, TenantId
from domain.shared.time import Month, seoul_day

MONTH_PATTERN = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
BOM = "\ufeff"
SUPPLY = (charts.SOLAR, charts.BATTERY, charts.GRID)

DAY_COLUMNS = (
    "load_wh",
    "pv_wh",
    "storage_charge_wh",
    "storage_discharge_wh",
    "grid_import_wh",
    "grid_export_wh",
    "missing_values",
)

MonthAsked = Annotated[str | None, QueryParameter(pattern=MONTH_PATTERN)]
KnownQuery = Annotated[
    str | None,
    QueryParameter(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$", description="As known then, in Seoul."),
]
WindowFrom = Annotated[date | None, QueryParameter()]
WindowUntil = Annotated[date | None, QueryParameter()]
TenantAsked = Annotated[int | None, QueryParameter(name="tenant", ge=1, le=INT4_MAX)]
SiteAsked = Annotated[UUID | None, QueryParameter(name="site")]


def flow_list(flows: EnergyFlows) -> tuple[charts.Flow, ...]:
    """Return a month's flows as they are drawn: what comes out of a node is what went in, to the Wh.

    The battery's balance closes with `lost` (conversion losses and what it holds more at the end), or, where it was
    emptied by more than it lost, with `stock` on the left.
    """
    into = flows.pv_to_storage_wh + flows.grid_to_storage_wh
    out = flows.storage_to_load_wh + flows.storage_to_export_wh
    return (
        charts.Flow(source=charts.SOLAR, target=charts.FACTORY, energy_wh=flows.pv_to_load_wh),
        charts.Flow(source=charts.SOLAR, target=charts.BATTERY, energy_wh=flows.pv_to_storage_wh),
        charts.Flow(source=charts.SOLAR, target=charts.SOLD, energy_wh=flows.pv_to_export_wh),
        charts.Flow(source=charts.GRID, target=charts.FACTORY, energy_wh=flows.grid_to_load_wh),
        charts.Flow(source=charts.GRID, target=charts.BATTERY, energy_wh=flows.grid_to_storage_wh),
        charts.Flow(source=charts.STOCK, target=charts.BATTERY, energy_wh=max(out - into, 0)),
        charts.Flow(source=charts.BATTERY, target=charts.FACTORY, energy_wh=flows.storage_to_load_wh),
        charts.Flow(source=charts.BATTERY, target=charts.SOLD, energy_wh=flows.storage_to_export_wh),
        charts.Flow(source=charts.BATTERY, target=charts.LOST, energy_wh=max(into - out, 0)),
    )


async def _chosen(
    actor: Actor, ports: Ports, tenant: int | None, site_id: UUID | None
) -> tuple[TenantId, Site | None, tuple[Site, ...]]:
    """Return whose energy is looked at, which site, and which sites there are."""
    actor.require(*TENANT_STAFF, *COMPLEX_STAFF)
    whose = TenantId(tenant) if tenant is not None else actor.tenant_id
    async with ports.unit(actor) as work:
        sites = await metering.list_sites(actor, tenant_id=whose, work=work)
    chosen = next((one for one in sites if site_id is None or one.site_id == site_id), None)
    if chosen is None and site_id is not None:
        raise SiteUnknown
    return whose, chosen, sites


async def _months_frozen(actor: Actor, ports: Ports, site: Site) -> tuple[Month, ...]:
    """Return a site's frozen months, newest first."""
    contracts = await subscriptions.list_contracts(actor, after=None, limit=100, unit=ports.unit)
    months: set[Month] = set()
    async with ports.unit(actor) as work:
        for contract in contracts:
            if contract.site_id == site.site_id:
                found = await work.usage_snapshots.of_contract(site.tenant_id, contract.contract_id, limit=24)
                months.update(one.usage.month for one in found)
    return tuple(sorted(months, reverse=True))


async def _read(actor: Actor, ports: Ports, site: Site, month: Month, *, as_of: datetime | None = None) -> MonthEnergy:
    async with ports.unit(actor) as work:
        return await metering.read_month(
            metering.ReadMonth(actor=actor, tenant_id=site.tenant_id, site_id=site.site_id, month=month, as_of=as_of),
            work=work,
        )


def _known_at(text: str | None, language: str) -> datetime | None:
    """Read the instant that a month is looked at as of, as a form sends it: of Seoul.

    Raises:
        FormMalformed: there is no such day or time.
    """
    try:
        return None if text is None else datetime.fromisoformat(f"{text}+09:00")
    except ValueError as error:
        raise FormMalformed(field=say("energy.known-at", language)) from error


def _window(month: Month, first: date | None, until: date | None) -> tuple[date, date]:
    """Return the days over which the storage's efficiency is shown: those asked for, else the month's."""
    first_on, until_on = first or month.first_on, until or month.next().first_on
    fits = DAYS_FROM <= first_on < until_on <= DAYS_UNTIL
    return (first_on, until_on) if fits else (month.first_on, month.next().first_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A month from every side, and why its bands are not those of an assigned tariff; None where they are."""

    insight: MonthInsight
    chosen: AsIf | None
    note: str | None


def _comparable(ports: Ports, month: Month) -> AsIf | None:
    """Return the version that a month without an assigned tariff is split by: of then, else the oldest with rates."""
    priced = sorted((one for one in ports.tariffs.versions if one.rates), key=lambda one: one.from_on)
    begun = [one for one in priced if one.from_on <= month.first_on]
    chosen = begun[-1] if begun else priced[0] if priced else None
    return None if chosen is None else AsIf(tariff=chosen.tariff, version=chosen.version)


async def _look(
    actor: Actor, ports: Ports, site: Site, month: Month, asked: AsIf | None, language: str, as_of: datetime | None
) -> Looked:
    """Look at a month from every side; what cannot be split into bands is shown without, and says why."""
    async with ports.unit(actor) as work:
        assigned = await reading_back.list_tariffs(actor, tenant_id=site.tenant_id, site_id=site.site_id, work=work)
    chosen = asked or (None if assigned else _comparable(ports, month))
    note = None if asked or assigned else say("bands.none-assigned", language)

    async def look(*, priced: bool) -> MonthInsight:
        return await energy.month_insight(
            energy.MonthAsked(
                actor=actor,
                tenant_id=site.tenant_id,
                site_id=site.site_id,
                month=month,
                as_if=chosen,
                priced=priced,
                as_of=as_of,
            ),
            unit=ports.unit,
            book=ports.tariffs,
            factors=ports.emission_factors,
            clock=ports.clock,
        )

    try:
        return Looked(insight=await look(priced=True), chosen=chosen, note=note)
    except (TariffNotInForce, CalendarUnknown) as refused:
        return Looked(insight=await look(priced=False), chosen=chosen, note=refused.sentence(language))


@post("/energy/{tenant_id:int}/{site_id:uuid}/{month:str}/estimates", status_code=303)
async def propose_estimates(
    tenant_id: FromPath[int], site_id: FromPath[UUID], month: MonthPath, ports: GivenPorts, actor: GivenActor
) -> Redirect:
    """Propose values for a month's missing slots."""
    async with ports.unit(actor) as work:
        await estimating.propose_estimates(
            estimating.ProposeEstimates(
                actor=actor, tenant_id=TenantId(tenant_id), site_id=SiteId(site_id), month=Month.parse(month)
            ),
            work=work,
            ids=ports.ids,
            clock=ports.clock,
        )
        await work.commit()
    return Redirect(f"/energy?month={month}&site={site_id}&tenant={tenant_id}#estimates", status_code=303)


@post("/energy/{tenant_id:int}/{site_id:uuid}/{month:str}/estimates/{estimate_id:uuid}", status_code=303)
async def decide_estimate(
    request: PageRequest,
    tenant_id: FromPath[int],
    site_id: FromPath[UUID],
    month: MonthPath,
    estimate_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
) -> Redirect:
    """Accept or refuse an estimate."""
    form = await read_form(request)
    await vetting_journey.decide_estimate(
        estimating.DecideEstimate(
            actor=actor,
            tenant_id=TenantId(tenant_id),
            site_id=SiteId(site_id),
            estimate_id=ReadingEstimateId(estimate_id),
            accept=form.get("accept") == "yes",
        ),
        unit=ports.unit,
        ids=ports.ids,
        clock=ports.clock,
    )
    return Redirect(f"/energy?month={month}&site={site_id}&tenant={tenant_id}#estimates", status_code=303)


@get("/energy")
async def energy_page(
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
    month: MonthAsked = None,
    tenant: TenantAsked = None,
    site: SiteAsked = None,
    tariff: TariffQuery = None,
    known: KnownQuery = None,
    window_from: WindowFrom = None,
    window_until: WindowUntil = None,
) -> Template:
    """Show what the energy of a site did in a month, beside the month before, now or as it was known at an instant."""
    as_of = _known_at(known, page.language)
    whose, chosen, sites = await _chosen(actor, ports, tenant, site)
    if chosen is None:
        return page.show("energy_none.html")
    frozen = await _months_frozen(actor, ports, chosen)
    present = Month.of(seoul_day(ports.clock.now()))
    shown = Month.parse(month) if month else (frozen[0] if frozen else present.before() or present)
    found = await _read(actor, ports, chosen, shown, as_of=as_of)
    previous = shown.before()
    before = None if previous is None else await _read(actor, ports, chosen, previous, as_of=as_of)
    async with ports.unit(actor) as work:
        estimates = await estimating.list_estimates(
            actor, tenant_id=chosen.tenant_id, site_id=chosen.site_id, month=shown, work=work
        )
        demand = await reading_back.read_demand(
            reading_back.ReadDemand(
                actor=actor, tenant_id=chosen.tenant_id, site_id=chosen.site_id, month=shown, as_of=as_of
            ),
            work=work,
        )
        channels = await metering.list_channels(actor, tenant_id=chosen.tenant_id, site_id=chosen.site_id, work=work)
        findings = await vetting.list_findings(
            vetting.ListFindings(
                actor=actor,
                tenant_id=chosen.tenant_id,
                site_id=chosen.site_id,
                first_on=shown.first_on,
                until_on=shown.next().first_on,
            ),
            work=work,
        )
        vetted = (await work.findings.vetted(chosen.tenant_id, chosen.site_id, [shown])).get(shown)
    frozen_contracts = await frozen_month(
        actor, tenant_id=chosen.tenant_id, site_id=chosen.site_id, month=shown, unit=ports.unit
    )
    looked = await _look(actor, ports, chosen, shown, as_if(tariff), page.language, as_of)
    first_on, until_on = _window(shown, window_from, window_until)
    round_trip = await energy.window_round_trip(
        energy.RoundTripAsked(
            actor=actor,
            tenant_id=chosen.tenant_id,
            site_id=chosen.site_id,
            first_on=first_on,
            until_on=until_on,
            as_of=as_of,
        ),
        unit=ports.unit,
    )
    flows = flow_list(found.flows)
    names = {
        node: say(f"node.{node}", page.language)
        for node in (*SUPPLY, charts.FACTORY, charts.SOLD, charts.LOST, charts.STOCK)
    }
    title = f"{chosen.name_ko} {shown}"
    return page.show(
        "energy.html",
        site=chosen,
        sites=sites,
        month=shown,
        previous=previous,
        following=shown.next() if shown < present else None,
        is_frozen=shown in frozen,
        frozen=frozen,
        energy=found,
        usage=found.usage,
        before=before.usage if before is not None and before.usage.completeness_ppm else None,
        look=looked,
        demand=demand,
        estimates=estimates,
        frozen_contracts=frozen_contracts,
        round_trip=round_trip,
        as_of=as_of,
        known=known or "",
        findings=[one for one in findings if one.finding.state is not FindingState.GONE],
        findings_left_out=0,
        vetted=vetted,
        may_settle=actor.role in (Role.TENANT_ADMIN, Role.OPERATOR),
        quantities={one.channel_id: one.quantity.value for one in channels},
        insight=looked.insight,
        versions=ports.tariffs.versions,
        book=ports.tariffs,
        heats=[
            charts.heat_map(
                [(str(one.day.day), one.hours) for one in looked.insight.import_by_hour],
                title=f"{title} {say('matrix.title', page.language)}",
                width=width,
            )
            for width in (charts.WIDE, charts.NARROW)
        ],
        sheets=f"/api/v1/sites/{chosen.site_id}",
        whose=f"&tenant_id={whose}" if actor.is_complex else "",
        flows=[one for one in flows if one.energy_wh],
        sums=charts.node_sums(flows),
        names=names,
        sankeys=[
            charts.sankey(flows, names, title=f"{title} {say('energy.flows', page.language)}", width=width)
            for width in (charts.WIDE, charts.NARROW)
        ],
        bars=[
            charts.stacked_bars(
                [
                    charts.Bar(label=str(one.day.day), parts=(one.pv_wh, one.storage_discharge_wh, one.grid_import_wh))
                    for one in found.days
                ],
                SUPPLY,
                names,
                title=f"{title} {say('energy.days', page.language)}",
                width=width,
            )
            for width in (charts.WIDE, charts.NARROW)
        ],
        address=f"site={chosen.site_id}" + (f"&tenant={whose}" if actor.is_complex else ""),
    )


@get("/energy/csv/{table:str}")
async def energy_table(
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
    table: FromPath[Literal["days", "flows"]],
    month: Annotated[str, QueryParameter(pattern=MONTH_PATTERN)],
    tenant: TenantAsked = None,
    site: SiteAsked = None,
) -> Response[bytes]:
    """Return a chart's figures for a spreadsheet: UTF-8 with byte-order mark, units in the heads."""
    _, chosen, _ = await _chosen(actor, ports, tenant, site)
    if chosen is None:
        raise SiteUnknown
    found = await _read(actor, ports, chosen, Month.parse(month))
    text = io.StringIO()
    text.write(BOM)
    rows = csv.writer(text)
    if table == "days":
        rows.writerow(["day (Asia/Seoul)", *DAY_COLUMNS])
        for one in found.days:
            rows.writerow([one.day.isoformat(), *(getattr(one, name) for name in DAY_COLUMNS)])
    else:
        rows.writerow(["from", "to", "energy_wh"])
        for flow in flow_list(found.flows):
            rows.writerow(
                [
                    say(f"node.{flow.source}", page.language),
                    say(f"node.{flow.target}", page.language),
                    flow.energy_wh,
                ]
            )
    return Response(
        text.getvalue().encode(),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="sunhwan-energy-{table}-{month}.csv"'},
    )


@get("/contract")
async def own_contracts(ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show a tenant its contracts with plan, pack and certificate."""
    actor.require(*TENANT_STAFF)
    contracts = await subscriptions.list_contracts(actor, after=None, limit=PAGE_LENGTH, unit=ports.unit)
    files = [await contract_file(actor, one, ports) for one in contracts]
    standings = {
        one.certificate.number: await public_passport.check_certificate(
            one.certificate.number, unit=ports.unit, clock=ports.clock
        )
        for found in files
        for one, _ in found.assignments
    }
    return page.show("own_contracts.html", files=files, standings=standings)


@get("/invoices")
async def list_invoices(
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
    after: Annotated[UUID | None, QueryParameter()] = None,
) -> Template:
    """List invoices, newest first."""
    found = await subscriptions.list_invoices(
        actor, after=None if after is None else InvoiceId(after), limit=PAGE_LENGTH + 1, unit=ports.unit
    )
    operator = actor.is_complex
    return page.show(
        "invoices.html",
        invoices=found[:PAGE_LENGTH],
        more=found[PAGE_LENGTH - 1].invoice.invoice_id if len(found) > PAGE_LENGTH else None,
        parties={one.tenant_id: one for one in await tenants(actor, ports)} if operator else {},
        today=seoul_day(ports.clock.now()),
    )


@get("/invoices/{invoice_id:uuid}")
async def own_invoice(
    invoice_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Show a tenant its invoice."""
    if not actor.is_tenant:
        raise InvoiceUnknown(invoice=str(invoice_id))
    return await _invoice(page, ports, actor, actor.tenant_id, InvoiceId(invoice_id))


@get("/invoices/{tenant_id:int}/{invoice_id:uuid}")
async def any_invoice(
    tenant_id: FromPath[int], invoice_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template:
    """Show an invoice with its postings."""
    return await _invoice(page, ports, actor, TenantId(tenant_id), InvoiceId(invoice_id))


async def _invoice(page: GivenPage, ports: Ports, actor: Actor, tenant_id: TenantId, invoice_id: InvoiceId) -> Template:
    found = await subscriptions.find_invoice(actor, invoice_id, tenant_id=tenant_id, unit=ports.unit)
    invoice = found.standing.invoice
    contract = await subscriptions.find_contract(actor, invoice.contract_id, tenant_id=tenant_id, unit=ports.unit)
    async with ports.unit(actor) as work:
        snapshot = await metering.show_snapshot(
            actor, tenant_id=tenant_id, contract_id=invoice.contract_id, month=invoice.month, work=work
        )
        buyer = await work.parties.one(tenant_id)
    return page.show(
        "invoice.html",
        found=found,
        invoice=invoice,
        contract=contract,
        snapshot=snapshot,
        buyer=buyer,
        inputs=json.dumps(json.loads(invoice.rating_inputs), ensure_ascii=False, indent=2),
        today=seoul_day(ports.clock.now()),
        pdf=f"/api/v1/invoices/{invoice.invoice_id}/pdf" + (f"?tenant_id={tenant_id}" if actor.is_complex else ""),
    )


ENERGY = (
    energy_page,
    energy_table,
    propose_estimates,
    decide_estimate,
    own_contracts,
    list_invoices,
    own_invoice,
    any_invoice,
)
