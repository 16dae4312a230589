"""A site's own page: its meters with devices, exchanges, ratios and channels; the operator changes them here."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.http.conflicts import SettlementIn, told_settlement
from app.http.identity import GivenActor, GivenPorts
from app.http.meters import (
    DeviceIn,
    ExchangeIn,
    MeterIn,
    PowerIn,
    RatioIn,
    RemovalIn,
    told_description,
    told_exchange,
    told_install,
    told_power,
    told_ratio,
    told_removal,
)
from app.pages.contracts import scaled_up
from app.pages.frame import FormMalformed, GivenPage, Page, PageRequest, field_name, read_as, read_form
from app.pages.packs import with_offset
from app.ports import Ports
from domain.metering import installing, registering, settling, vetting
from domain.metering.meters import METERED_BY, MeterKind
from domain.metering.model import SLOT_WIDTHS, Quantity
from domain.shared.actor import Actor, Role
from domain.shared.errors import DomainError
from domain.shared.identifiers import SiteId, TenantId
from domain.shared.time import seoul_day

FINDINGS_SHOWN = timedelta(days=400)
"""A site's page shows what is open of so long."""

FINDINGS_LISTED = 50


@get("/sites/{tenant_id:int}/{site_id:uuid}")
async def show_site(
    tenant_id: FromPath[int], site_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template:
    """Show a site's meters; the operator is offered what may be changed."""
    return await _site(page, ports, actor, tenant_id, site_id)


async def _site(
    page: Page,
    ports: Ports,
    actor: Actor,
    tenant_id: int,
    site_id: UUID,
    *,
    error: DomainError | None = None,
    form: Mapping[str, str] | None = None,
) -> Template:
    whose = TenantId(tenant_id)
    async with ports.unit(actor) as work:
        found = await installing.list_meters(actor, tenant_id=whose, site_id=SiteId(site_id), work=work)
        site = await work.sites.one(whose, SiteId(site_id))
        conflicts = await settling.list_conflicts(actor, tenant_id=whose, site_id=SiteId(site_id), work=work)
        today = seoul_day(ports.clock.now())
        findings = await vetting.list_findings(
            vetting.ListFindings(
                actor=actor,
                tenant_id=whose,
                site_id=SiteId(site_id),
                first_on=today - FINDINGS_SHOWN,
                until_on=today + timedelta(days=1),
                only_open=True,
            ),
            work=work,
        )
    context: dict[str, object] = {
        "site": site,
        "found": found,
        "conflicts": conflicts,
        "findings": findings[:FINDINGS_LISTED],
        "findings_left_out": max(0, len(findings) - FINDINGS_LISTED),
        "may_settle": actor.role in (Role.TENANT_ADMIN, Role.OPERATOR),
        "today": today,
        "may_change": actor.role is Role.OPERATOR,
        "kinds": tuple(kind.value for kind in MeterKind),
        "quantities": tuple((quantity.value, METERED_BY[quantity].value) for quantity in Quantity),
        "widths": SLOT_WIDTHS,
        "about": (form or {}).get("about", ""),
    }
    if error is None:
        return page.show("site.html", **context)
    return page.again("site.html", error, form or {}, **context)


def _address(tenant_id: int, site_id: UUID) -> str:
    return f"/sites/{tenant_id}/{site_id}#meters"


def _device(form: Mapping[str, str]) -> dict[str, str]:
    names = {"meter_serial": "serial", "digits": "digits", "count_wh": "count_wh", "verified_until": "verified_until"}
    return {to: form[name] for name, to in names.items() if name in form}


@post("/sites/{tenant_id:int}/{site_id:uuid}/powers", status_code=303)
async def agree_power(
    request: PageRequest,
    tenant_id: FromPath[int],
    site_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Tell the contract power from a day on."""
    form = await read_form(request)
    try:
        said = scaled_up(_named(form, "contract_power_kw"), page.language, contract_power_kw=("contract_power_w", 1000))
        data = read_as({**said, "from_on": form.get("power_from_on", "")}, PowerIn, page.language)
        async with ports.unit(actor) as work:
            await installing.agree_power(
                told_power(data, actor=actor, tenant_id=tenant_id, site_id=site_id),
                work=work,
                clock=ports.clock,
            )
            await work.commit()
    except DomainError as error:
        return await _site(page, ports, actor, tenant_id, site_id, error=error, form=form)
    return Redirect(f"/sites/{tenant_id}/{site_id}", status_code=303)


@post("/sites/{tenant_id:int}/{site_id:uuid}/meters", status_code=303)
async def install_meter(
    request: PageRequest,
    tenant_id: FromPath[int],
    site_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Hang up a further meter."""
    form = await read_form(request)
    try:
        channels = [
            {"quantity": name.removeprefix("counts_"), "slot_minutes": form.get("slot_minutes", "15")}
            for name in form
            if name.startswith("counts_")
        ]
        if not channels:
            raise FormMalformed(field=field_name("channels", page.language))
        data = read_as(
            {**_device(form), **_named(form, "from_on", "numerator", "denominator"), "kind": form.get("meter_kind", "")}
            | {"channels": channels},
            MeterIn,
            page.language,
        )
        wish = told_install(data, actor=actor, tenant_id=tenant_id, site_id=site_id)
        async with ports.unit(actor) as work:
            await installing.install_meter(wish, work=work, ids=ports.ids, clock=ports.clock)
            await work.commit()
    except DomainError as error:
        return await _site(page, ports, actor, tenant_id, site_id, error=error, form=form)
    return Redirect(_address(tenant_id, site_id), status_code=303)


def _named(form: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: form[name] for name in names if name in form}


@post("/sites/{tenant_id:int}/{site_id:uuid}/meters/{meter_id:uuid}/device", status_code=303)
async def describe_meter(
    request: PageRequest,
    tenant_id: FromPath[int],
    site_id: FromPath[UUID],
    meter_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Say what is known of a meter's device."""
    form = await read_form(request)
    try:
        data = read_as(_device(form), DeviceIn, page.language)
        async with ports.unit(actor) as work:
            await installing.describe_meter(
                told_description(data, actor=actor, tenant_id=tenant_id, site_id=site_id, meter_id=meter_id),
                work=work,
            )
            await work.commit()
    except DomainError as error:
        return await _site(page, ports, actor, tenant_id, site_id, error=error, form=form)
    return Redirect(_address(tenant_id, site_id), status_code=303)


@post("/sites/{tenant_id:int}/{site_id:uuid}/meters/{meter_id:uuid}/exchanges", status_code=303)
async def exchange_meter(
    request: PageRequest,
    tenant_id: FromPath[int],
    site_id: FromPath[UUID],
    meter_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Exchange a meter's device, with the readings of both registers."""
    form = await read_form(request)
    try:
        ends = [
            {"channel": name.removeprefix("last_"), "last": value, "first": form.get(f"first_{name[5:]}", "")}
            for name, value in form.items()
            if name.startswith("last_")
        ]
        said = with_offset(_device(form) | _named(form, "exchanged_at"), "exchanged_at")
        data = read_as(
            {**said, "at": said.get("exchanged_at", ""), "ends": ends},
            ExchangeIn,
            page.language,
        )
        wish = told_exchange(data, actor=actor, tenant_id=tenant_id, site_id=site_id, meter_id=meter_id)
        async with ports.unit(actor) as work:
            await registering.exchange_meter(wish, work=work, ids=ports.ids, clock=ports.clock)
            await work.commit()
    except DomainError as error:
        return await _site(page, ports, actor, tenant_id, site_id, error=error, form=form)
    return Redirect(_address(tenant_id, site_id), status_code=303)


@post("/sites/{tenant_id:int}/{site_id:uuid}/meters/{meter_id:uuid}/ratios", status_code=303)
async def rate_meter(
    request: PageRequest,
    tenant_id: FromPath[int],
    site_id: FromPath[UUID],
    meter_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Set a meter's ratio from a day on."""
    form = await read_form(request)
    try:
        data = read_as(form, RatioIn, page.language)
        async with ports.unit(actor) as work:
            await installing.rate_meter(
                told_ratio(data, actor=actor, tenant_id=tenant_id, site_id=site_id, meter_id=meter_id),
                work=work,
                clock=ports.clock,
            )
            await work.commit()
    except DomainError as error:
        return await _site(page, ports, actor, tenant_id, site_id, error=error, form=form)
    return Redirect(_address(tenant_id, site_id), status_code=303)


@post("/sites/{tenant_id:int}/{site_id:uuid}/meters/{meter_id:uuid}/removal", status_code=303)
async def take_meter_away(
    request: PageRequest,
    tenant_id: FromPath[int],
    site_id: FromPath[UUID],
    meter_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Take a meter away."""
    form = await read_form(request)
    try:
        data = read_as({"until_on": form.get("gone_on", "")}, RemovalIn, page.language)
        async with ports.unit(actor) as work:
            await installing.take_meter_away(
                told_removal(data, actor=actor, tenant_id=tenant_id, site_id=site_id, meter_id=meter_id),
                work=work,
            )
            await work.commit()
    except DomainError as error:
        return await _site(page, ports, actor, tenant_id, site_id, error=error, form=form)
    return Redirect(_address(tenant_id, site_id), status_code=303)


@post("/sites/{tenant_id:int}/{site_id:uuid}/conflicts", status_code=303)
async def settle_conflict(
    request: PageRequest,
    tenant_id: FromPath[int],
    site_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Accept or dismiss values that were put aside."""
    form = await read_form(request)
    try:
        data = read_as({**form, "accept": form.get("accept") == "yes"}, SettlementIn, page.language)
        wish = told_settlement(data, actor=actor, tenant_id=tenant_id, site_id=site_id)
        async with ports.unit(actor) as work:
            await settling.settle_conflict(wish, work=work, clock=ports.clock)
            await work.commit()
    except DomainError as error:
        return await _site(page, ports, actor, tenant_id, site_id, error=error, form=form)
    return Redirect(f"/sites/{tenant_id}/{site_id}#conflicts", status_code=303)


METERS = (
    show_site,
    settle_conflict,
    agree_power,
    install_meter,
    describe_meter,
    exchange_meter,
    rate_meter,
    take_meter_away,
)
