"""The operator's desk: contracts and their packs, months, plans, sites with their readings, deposits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from app.http.contracts import AssignmentIn, BandIn, ContractIn, MonthCloseIn, PlanIn
from app.http.identity import GivenActor, GivenPorts
from app.http.invoices import DepositIn
from app.http.sites import READINGS_BYTES_MAX, SiteIn
from app.pages.confirming import prove_by_form
from app.pages.frame import FormMalformed, GivenPage, Page, PageRequest, field_name, read_as, read_form, read_upload
from app.pages.packs import with_offset
from app.ports import Ports
from domain.billing.model import InvoiceStanding
from domain.certification.model import Certificate
from domain.identity.model import PartyKind, Tenant
from domain.journeys import contract_started, month_close, payment_settled, public_passport, readings, subscriptions
from domain.journeys import trace as tracing
from domain.metering import usecases as metering
from domain.metering.model import ImportReport, Site, UsageSnapshot
from domain.passport.model import Pack
from domain.shared.actor import COMPLEX_STAFF, Actor, Role, on_behalf_of
from domain.shared.errors import DomainError
from domain.shared.identifiers import ContractId, PackId, PlanId, SiteId, TenantId
from domain.shared.time import Month, seoul_day
from domain.subscription import usecases as subscription
from domain.subscription.model import (
    Assignment,
    CapacityFee,
    Component,
    Contract,
    EnergyFee,
    RenewableBand,
    RenewableDiscount,
)

PAGE_LENGTH = 50
MONTHS_SHOWN_MAX = 36
CANDIDATES_MAX = 100
BANDS_MAX = 3
DIGITS_MAX = 18


def scaled_up(form: Mapping[str, str], language: str, **names: tuple[str, int]) -> dict[str, str]:
    """Return a form in which `kwh="200"` has become `wh="200000"`; exact, no float on the way.

    Raises:
        FormMalformed: a field is no number, or has more decimals than its small unit can hold.
    """
    changed = dict(form)
    for name, (target, factor) in names.items():
        if name not in changed:
            continue
        try:
            value = Decimal(changed.pop(name).replace(",", "")) * factor
        except InvalidOperation as error:
            raise FormMalformed(field=field_name(name, language)) from error
        if not value.is_finite() or value.adjusted() > DIGITS_MAX or value != value.to_integral_value():
            raise FormMalformed(field=field_name(name, language))
        changed[target] = str(int(value))
    return changed


async def tenants(actor: Actor, ports: Ports) -> tuple[Tenant, ...]:
    """Return the complex's tenants."""
    async with ports.unit(actor) as work:
        return await work.parties.of_kind(PartyKind.TENANT)


async def sites_of(actor: Actor, parties: tuple[Tenant, ...], ports: Ports) -> list[tuple[Tenant, Site]]:
    """Return every tenant's sites with whose they are, and with the contract power of today."""
    today = seoul_day(ports.clock.now())
    found: list[tuple[Tenant, Site]] = []
    async with ports.unit(actor) as work:
        for tenant in parties:
            for site in await metering.list_sites(actor, tenant_id=tenant.tenant_id, work=work):
                point = await work.service_points.of_site(site.tenant_id, site.site_id)
                found.append((tenant, replace(site, contract_power_w=point.power_on(today))))
    return found


@get("/contracts")
async def list_contracts(
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
    after: Annotated[UUID | None, QueryParameter()] = None,
) -> Template:
    """List contracts, and offer to sign one."""
    actor.require(*COMPLEX_STAFF)
    return page.show("contracts.html", **await _contracts(ports, actor, after))


async def _contracts(ports: Ports, actor: Actor, after: UUID | None = None) -> dict[str, object]:
    found = await subscriptions.list_contracts(
        actor, after=None if after is None else ContractId(after), limit=PAGE_LENGTH + 1, unit=ports.unit
    )
    parties = await tenants(actor, ports)
    return {
        "contracts": found[:PAGE_LENGTH],
        "more": found[PAGE_LENGTH - 1].contract_id if len(found) > PAGE_LENGTH else None,
        "parties": {one.tenant_id: one for one in parties},
        "sites": await sites_of(actor, parties, ports),
        "plans": await subscriptions.list_plans(actor, after=None, limit=PAGE_LENGTH, unit=ports.unit),
    }


@post("/contracts", status_code=303)
async def sign_contract(
    request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Sign a tenant's contract at one of its sites."""
    form = await read_form(request)
    try:
        tenant, _, site = form.get("site", "").partition(":")
        wish = read_as(
            scaled_up(
                {**form, "tenant_id": tenant, "site_id": site},
                page.language,
                contracted_kwh=("contracted_wh", 1000),
                contracted_kw=("contracted_w", 1000),
            ),
            ContractIn,
            page.language,
        )
        contract = await contract_started.sign_contract(
            subscription.SignContract(
                actor=actor,
                tenant_id=TenantId(wish.tenant_id),
                site_id=SiteId(wish.site_id),
                plan_id=PlanId(wish.plan_id),
                contracted_wh=wish.contracted_wh,
                contracted_w=wish.contracted_w,
                starts_on=wish.starts_on,
                ends_on=wish.ends_on,
                payment_terms_days=wish.payment_terms_days,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return page.again("contracts.html", error, form, **await _contracts(ports, actor))
    return Redirect(f"/contracts/{contract.tenant_id}/{contract.contract_id}", status_code=303)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFile:
    """A contract with all that hangs on it."""

    contract: Contract
    tenant: Tenant
    site: Site
    assignments: tuple[tuple[Assignment, Pack], ...]
    months: tuple[tuple[UsageSnapshot, InvoiceStanding | None], ...]


async def contract_file(actor: Actor, contract: Contract, ports: Ports) -> ContractFile:
    """Gather a contract that the actor was shown to be allowed to see."""
    tenant_id, contract_id = contract.tenant_id, contract.contract_id
    async with ports.unit(actor) as work:
        months = []
        for snapshot in await work.usage_snapshots.of_contract(tenant_id, contract_id, limit=MONTHS_SHOWN_MAX):
            invoice = await work.invoices.of_month(tenant_id, contract_id, snapshot.usage.month)
            standing = None if invoice is None else await work.invoices.one(tenant_id, invoice.invoice_id)
            months.append((snapshot, standing))
        assignments = await work.assignments.of_contract(tenant_id, contract_id)
        tenant, site = await work.parties.one(tenant_id), await work.sites.one(tenant_id, contract.site_id)
    async with ports.unit(on_behalf_of(actor)) as work:  # a pack that left the contract is another's now
        served = tuple([(one, await work.packs.one(one.pack_id)) for one in assignments])
    return ContractFile(contract=contract, tenant=tenant, site=site, assignments=served, months=tuple(months))


@get("/contracts/{tenant_id:int}/{contract_id:uuid}")
async def show_contract(
    tenant_id: FromPath[int], contract_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template:
    """Show a contract: its terms, its packs, its months."""
    return await _contract(page, ports, actor, TenantId(tenant_id), ContractId(contract_id))


async def _contract(
    page: Page,
    ports: Ports,
    actor: Actor,
    tenant_id: TenantId,
    contract_id: ContractId,
    *,
    error: DomainError | None = None,
    form: dict[str, str] | None = None,
) -> Template:
    contract = await subscriptions.find_contract(actor, contract_id, tenant_id=tenant_id, unit=ports.unit)
    found = await contract_file(actor, contract, ports)
    operator = actor.role is Role.OPERATOR
    now = ports.clock.now()
    context: dict[str, object] = {
        "found": found,
        "candidates": await _candidates(actor, ports) if operator else (),
        "standings": {one.assignment_id: await _standing(one, ports) for one, _ in found.assignments},
        "next_month": _next_month(found, Month.of(seoul_day(now))),
        "may_run": operator and contract.state.value in ("signed", "active"),
        "now": now,
        "ask_password": not actor.is_confirmed(now),
    }
    if error is None:
        return page.show("contract.html", **context)
    return page.again("contract.html", error, form or {}, **context)


async def _standing(assignment: Assignment, ports: Ports) -> public_passport.Standing | None:
    found = await public_passport.check_certificate(assignment.certificate.number, unit=ports.unit, clock=ports.clock)
    return None if found is None else found.standing


async def _candidates(actor: Actor, ports: Ports) -> tuple[tuple[Pack, Certificate], ...]:
    packs = await tracing.list_packs(actor, after=None, limit=CANDIDATES_MAX, unit=ports.unit, clock=ports.clock)
    candidates = []
    async with ports.unit(actor) as work:
        for pack in packs:
            certificate = None if pack.contract_id else await work.certificates.standing(pack.pack_id)
            if certificate is not None:
                candidates.append((pack, certificate))
    return tuple(candidates)


def _next_month(found: ContractFile, present: Month) -> Month:
    """Return the first month of the term that is not frozen yet, the present one where all before it are."""
    closed = {snapshot.usage.month for snapshot, _ in found.months}
    month = Month.of(found.contract.starts_on)
    while month in closed and month < present:
        month = month.next()
    return month


@post("/contracts/{tenant_id:int}/{contract_id:uuid}/assignments", status_code=303)
async def assign_pack(
    request: PageRequest,
    tenant_id: FromPath[int],
    contract_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Let a certified pack serve the contract."""
    form = await read_form(request)
    try:
        wish = read_as(with_offset(form, "from_at"), AssignmentIn, page.language)
        await contract_started.deploy_pack(
            contract_started.DeployPack(
                actor=actor,
                tenant_id=TenantId(tenant_id),
                contract_id=ContractId(contract_id),
                pack_id=PackId(wish.pack_id),
                from_at=wish.from_at,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _contract(page, ports, actor, TenantId(tenant_id), ContractId(contract_id), error=error, form=form)
    return Redirect(f"/contracts/{tenant_id}/{contract_id}", status_code=303)


@post("/contracts/{tenant_id:int}/{contract_id:uuid}/months", status_code=303)
async def close_month(
    request: PageRequest,
    tenant_id: FromPath[int],
    contract_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Freeze, rate, invoice and post a month."""
    form = await read_form(request)
    try:
        actor = await prove_by_form(request, ports, actor, form, signing=False)
        wish = read_as(form, MonthCloseIn, page.language)
        closed = await month_close.close_month(
            month_close.CloseMonth(
                actor=actor,
                seller=actor.tenant_id,
                tenant_id=TenantId(tenant_id),
                contract_id=ContractId(contract_id),
                month=Month.parse(wish.month),
                accept_gap=wish.accept_gap,
            ),
            unit=ports.unit,
            documents=ports.documents,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _contract(page, ports, actor, TenantId(tenant_id), ContractId(contract_id), error=error, form=form)
    return Redirect(f"/invoices/{tenant_id}/{closed.standing.invoice.invoice_id}", status_code=303)


@get("/plans")
async def list_plans(ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """List plan versions, and offer to publish one."""
    return page.show("plans.html", **await _plans(ports, actor))


async def _plans(ports: Ports, actor: Actor) -> dict[str, object]:
    actor.require(Role.OPERATOR)
    plans = await subscriptions.list_plans(actor, after=None, limit=PAGE_LENGTH, unit=ports.unit)
    return {"plans": plans, "bands_max": BANDS_MAX}


@post("/plans", status_code=303)
async def publish_plan(
    request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Publish a plan's next version."""
    form = await read_form(request)
    try:
        wish = _plan_in(form, page.language)
        components: tuple[Component, ...] = (
            CapacityFee(rate_micro_krw_per_wh_month=wish.capacity_rate_micro_krw_per_wh_month),
            EnergyFee(rate_micro_krw_per_wh=wish.energy_rate_micro_krw_per_wh),
        )
        if wish.renewable_bands:
            bands = tuple(
                RenewableBand(share_ppm_min=one.share_ppm_min, discount_ppm=one.discount_ppm)
                for one in wish.renewable_bands
            )
            components = (*components, RenewableDiscount(bands=bands))
        await contract_started.publish_plan(
            subscription.PublishPlan(
                actor=actor, code=wish.code, name_ko=wish.name_ko, name_en=wish.name_en, components=components
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return page.again("plans.html", error, form, **await _plans(ports, actor))
    return Redirect("/plans", status_code=303)


def _plan_in(form: Mapping[str, str], language: str) -> PlanIn:
    rates = scaled_up(
        form,
        language,
        capacity_rate=("capacity_rate_micro_krw_per_wh_month", 1000),
        energy_rate=("energy_rate_micro_krw_per_wh", 1000),
    )
    bands = []
    for row in range(BANDS_MAX):
        band = scaled_up(
            {key: form[key] for key in (f"share_{row}", f"discount_{row}") if key in form},
            language,
            **{f"share_{row}": ("share_ppm_min", 10_000), f"discount_{row}": ("discount_ppm", 10_000)},
        )
        if band:
            bands.append(read_as(band, BandIn, language))
    return read_as({**rates, "renewable_bands": bands}, PlanIn, language)


@get("/sites")
async def list_sites(ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """List every tenant's sites; open one, send its readings."""
    return page.show("sites.html", **await _sites(ports, actor))


async def _sites(ports: Ports, actor: Actor, report: ImportReport | None = None) -> dict[str, object]:
    actor.require(Role.OPERATOR)
    parties = await tenants(actor, ports)
    return {"parties": parties, "sites": await sites_of(actor, parties, ports), "report": report}


@post("/sites", status_code=303)
async def open_site(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template | Redirect:
    """Open a tenant's site with its channels."""
    form = await read_form(request)
    try:
        wish = read_as(
            scaled_up(form, page.language, contract_power_kw=("contract_power_w", 1000)), SiteIn, page.language
        )
        await readings.open_site(
            metering.OpenSite(
                actor=actor,
                tenant_id=TenantId(wish.tenant_id),
                name_ko=wish.name_ko,
                name_en=wish.name_en,
                address_ko=wish.address_ko,
                kepco_customer_no=wish.kepco_customer_no,
                contract_power_w=wish.contract_power_w,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return page.again("sites.html", error, form, **await _sites(ports, actor))
    return Redirect("/sites", status_code=303)


@post("/sites/readings", request_max_body_size=READINGS_BYTES_MAX, status_code=200)
async def import_readings(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Take a site's readings file, and say what it brought."""
    form = await read_form(request)
    try:
        _, content = await read_upload(request)
        tenant_id, site_id = _site_chosen(form, page.language)
        report = await readings.import_file(
            readings.ImportFile(actor=actor, tenant_id=tenant_id, site_id=site_id, content=content),
            unit=ports.unit,
            reading_files=ports.reading_files,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return page.again("sites.html", error, form, **await _sites(ports, actor))
    return page.show("sites.html", **await _sites(ports, actor, report))


def _site_chosen(form: Mapping[str, str], language: str) -> tuple[TenantId, SiteId]:
    tenant, _, site = form.get("site", "").partition(":")
    try:
        return TenantId(int(tenant)), SiteId(UUID(site))
    except ValueError as error:
        raise FormMalformed(field=field_name("site", language)) from error


@get("/deposits")
async def list_deposits(ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """List what banks reported, and record one more."""
    return page.show("deposits.html", **await _deposits(ports, actor))


async def _deposits(ports: Ports, actor: Actor) -> dict[str, object]:
    deposits = await subscriptions.list_deposits(actor, only_unapplied=False, limit=PAGE_LENGTH, unit=ports.unit)
    parties = await tenants(actor, ports)
    return {
        "deposits": deposits,
        "parties": {one.tenant_id: one for one in parties},
        "ask_password": not actor.is_confirmed(ports.clock.now()),
    }


@post("/deposits", status_code=303)
async def record_deposit(
    request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Record a deposit and settle the invoice that it pays exactly."""
    form = await read_form(request)
    try:
        actor = await prove_by_form(request, ports, actor, form, signing=False)
        amounts = scaled_up(form, page.language, amount_krw=("amount_krw", 1))
        wish = read_as(with_offset(amounts, "posted_at"), DepositIn, page.language)
        await payment_settled.record_bank_notice(
            payment_settled.BankNotice(
                actor=actor,
                tenant_id=TenantId(wish.tenant_id),
                bank=wish.bank,
                bank_reference=wish.bank_reference,
                payer_name=wish.payer_name,
                memo=wish.memo,
                amount_krw=wish.amount_krw,
                posted_at=wish.posted_at,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return page.again("deposits.html", error, form, **await _deposits(ports, actor))
    return Redirect("/deposits", status_code=303)


CONTRACTS = (
    list_contracts,
    sign_contract,
    show_contract,
    assign_pack,
    close_month,
    list_plans,
    publish_plan,
    list_sites,
    open_site,
    import_readings,
    list_deposits,
    record_deposit,
)
