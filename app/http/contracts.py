"""Plans, contracts and the packs that serve them."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app.http.identity import GivenActor, GivenPorts
from app.http.invoices import ClosedOut, closed_out
from app.http.problems import PROBLEMS
from app.http.schemas import Code, Day, EnergyWh, In, Instant, MonthText, Name, Out, PowerW, TenantNo, TenantQuery
from domain.journeys import contract_started, month_close, subscriptions
from domain.shared.identifiers import ContractId, PackId, PlanId, SiteId, TenantId
from domain.shared.time import Month
from domain.subscription import usecases as subscription
from domain.subscription.model import (
    Assignment,
    CapacityFee,
    Component,
    Contract,
    EnergyFee,
    PlanVersion,
    RenewableBand,
    RenewableDiscount,
)

RateMicro = Annotated[
    int, msgspec.Meta(ge=0, le=1_000_000_000, description="Micro-won per Wh: 90.8 KRW/kWh is 90,800.")
]
Ppm = Annotated[int, msgspec.Meta(ge=0, le=1_000_000, description="Parts per million.")]


class BandIn(In):
    """From this renewable share on, this part of the energy fee is let off."""

    share_ppm_min: Ppm
    discount_ppm: Ppm


class PlanIn(In):
    """A plan: a fee per certified usable capacity, one per discharged energy, a discount by renewable share."""

    code: Code
    name_ko: Name
    name_en: Name
    capacity_rate_micro_krw_per_wh_month: RateMicro
    energy_rate_micro_krw_per_wh: RateMicro
    renewable_bands: Annotated[tuple[BandIn, ...], msgspec.Meta(max_length=10)] = ()


class PlanOut(Out):
    """A published plan version."""

    plan_id: UUID
    code: str
    version: int
    name_ko: str
    name_en: str


class ContractIn(In):
    """What the tenant and the operator agreed on."""

    tenant_id: TenantNo
    site_id: UUID
    plan_id: UUID
    contracted_wh: EnergyWh
    contracted_w: PowerW
    starts_on: Day
    ends_on: Day
    payment_terms_days: Annotated[int, msgspec.Meta(ge=0, le=180)] = 14


class ContractOut(Out):
    """A contract."""

    contract_id: UUID
    number: str
    tenant_id: TenantNo
    site_id: UUID
    plan: str
    contracted_wh: int
    contracted_w: int
    starts_on: Day
    ends_on: Day
    state: str


class AssignmentIn(In):
    """Which pack serves from when."""

    pack_id: UUID
    from_at: Instant


class AssignmentOut(Out):
    """A pack in a capacity slot, under a certificate."""

    assignment_id: UUID
    pack_id: UUID
    certificate: str
    certified_wh: int
    shortfall_wh: int
    starts_at: Instant


class ContractFileOut(Out):
    """A contract with every pack that serves or served it; its `ETag` is what a change is meant for."""

    contract: ContractOut
    assignments: list[AssignmentOut]


class MonthCloseIn(In):
    """A month that is over; `accept_gap` bills it although readings are missing."""

    month: MonthText
    accept_gap: bool = False


def _plan_out(plan: PlanVersion) -> PlanOut:
    return PlanOut(
        plan_id=plan.plan_id, code=plan.code, version=plan.version, name_ko=plan.name_ko, name_en=plan.name_en
    )


def _contract_out(contract: Contract) -> ContractOut:
    return ContractOut(
        contract_id=contract.contract_id,
        number=contract.number,
        tenant_id=contract.tenant_id,
        site_id=contract.site_id,
        plan=f"{contract.plan.code} v{contract.plan.version}",
        contracted_wh=contract.contracted_wh,
        contracted_w=contract.contracted_w,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        state=contract.state.value,
    )


def _assignment_out(assignment: Assignment) -> AssignmentOut:
    return AssignmentOut(
        assignment_id=assignment.assignment_id,
        pack_id=assignment.pack_id,
        certificate=assignment.certificate.number,
        certified_wh=assignment.certificate.certified_wh,
        shortfall_wh=assignment.shortfall_wh,
        starts_at=assignment.starts_at,
    )


class PlansController(Controller):
    """Plans."""

    path = "/api/v1/plans"
    tags = ("contracts",)

    @post("/", operation_id="PublishPlan", summary="Publish a plan version", responses=PROBLEMS)
    async def publish(self, data: JSONBody[PlanIn], ports: GivenPorts, actor: GivenActor) -> PlanOut:
        """Publish a plan's next version; one that changes nothing returns the version in force."""
        components: tuple[Component, ...] = (
            CapacityFee(rate_micro_krw_per_wh_month=data.capacity_rate_micro_krw_per_wh_month),
            EnergyFee(rate_micro_krw_per_wh=data.energy_rate_micro_krw_per_wh),
        )
        if data.renewable_bands:
            components += (
                RenewableDiscount(
                    bands=tuple(
                        RenewableBand(share_ppm_min=band.share_ppm_min, discount_ppm=band.discount_ppm)
                        for band in data.renewable_bands
                    )
                ),
            )
        plan = await contract_started.publish_plan(
            subscription.PublishPlan(
                actor=actor, code=data.code, name_ko=data.name_ko, name_en=data.name_en, components=components
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _plan_out(plan)

    @get("/", operation_id="ListPlans", summary="List published plans", responses=PROBLEMS)
    async def list_plans(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        after: FromQuery[UUID | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
    ) -> list[PlanOut]:
        """List plan versions, newest first."""
        plans = await subscriptions.list_plans(
            actor, after=None if after is None else PlanId(after), limit=limit, unit=ports.unit
        )
        return [_plan_out(plan) for plan in plans]


class ContractsController(Controller):
    """Contracts, packs in their slots, and closing their months."""

    path = "/api/v1/contracts"
    tags = ("contracts",)

    @post("/", operation_id="SignContract", summary="Sign a contract", responses=PROBLEMS)
    async def sign(self, data: JSONBody[ContractIn], ports: GivenPorts, actor: GivenActor) -> ContractOut:
        """Sign a tenant's contract at one of its sites."""
        contract = await contract_started.sign_contract(
            subscription.SignContract(
                actor=actor,
                tenant_id=TenantId(data.tenant_id),
                site_id=SiteId(data.site_id),
                plan_id=PlanId(data.plan_id),
                contracted_wh=data.contracted_wh,
                contracted_w=data.contracted_w,
                starts_on=data.starts_on,
                ends_on=data.ends_on,
                payment_terms_days=data.payment_terms_days,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _contract_out(contract)

    @get("/", operation_id="ListContracts", summary="List contracts", responses=PROBLEMS)
    async def list_contracts(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        after: FromQuery[UUID | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
    ) -> list[ContractOut]:
        """List contracts, newest first; a tenant's own, or all for the operator."""
        contracts = await subscriptions.list_contracts(
            actor, after=None if after is None else ContractId(after), limit=limit, unit=ports.unit
        )
        return [_contract_out(contract) for contract in contracts]

    @get("/{contract_id:uuid}", operation_id="ShowContract", summary="Show a contract", responses=PROBLEMS)
    async def show(
        self, contract_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None
    ) -> ContractFileOut:
        """Show a contract with its assignments; the complex's staff name the tenant."""
        contract, assignments = await subscriptions.show_contract(
            actor, ContractId(contract_id), tenant_id=TenantId(tenant_id or actor.tenant_id), unit=ports.unit
        )
        return ContractFileOut(
            contract=_contract_out(contract), assignments=[_assignment_out(one) for one in assignments]
        )

    @post("/{contract_id:uuid}/assignments", operation_id="AssignPack", summary="Assign a pack", responses=PROBLEMS)
    async def assign(
        self,
        contract_id: FromPath[UUID],
        data: JSONBody[AssignmentIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> AssignmentOut:
        """Let a certified pack serve the contract; without a valid certificate it is refused."""
        contract = await subscriptions.find_contract(
            actor,
            ContractId(contract_id),
            tenant_id=TenantId(tenant_id or actor.tenant_id),
            unit=ports.unit,
        )
        assignment = await contract_started.deploy_pack(
            contract_started.DeployPack(
                actor=actor,
                tenant_id=contract.tenant_id,
                contract_id=contract.contract_id,
                pack_id=PackId(data.pack_id),
                from_at=data.from_at,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _assignment_out(assignment)

    @post(
        "/{contract_id:uuid}/months",
        operation_id="CloseMonth",
        summary="Close a month",
        responses=PROBLEMS,
        status_code=200,
    )
    async def close_month(
        self,
        contract_id: FromPath[UUID],
        data: JSONBody[MonthCloseIn],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> ClosedOut:
        """Freeze, rate, invoice and post a month; closed again, nothing changes."""
        contract = await subscriptions.find_contract(
            actor,
            ContractId(contract_id),
            tenant_id=TenantId(tenant_id or actor.tenant_id),
            unit=ports.unit,
        )
        closed = await month_close.close_month(
            month_close.CloseMonth(
                actor=actor,
                seller=actor.tenant_id,
                tenant_id=contract.tenant_id,
                contract_id=contract.contract_id,
                month=Month.parse(data.month),
                accept_gap=data.accept_gap,
            ),
            unit=ports.unit,
            documents=ports.documents,
            ids=ports.ids,
            clock=ports.clock,
        )
        return closed_out(closed)
