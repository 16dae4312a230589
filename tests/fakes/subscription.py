"""The subscription ports in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.shared.identifiers import AssignmentId, ContractId, PackId, PlanId, TenantId
from domain.subscription.errors import ContractMoved, ContractUnknown, PackAssigned, PlanMoved, PlanUnknown
from domain.subscription.model import Assignment, AssignmentState, Contract, ContractState, PlanVersion


class MemoryNumbers:
    def __init__(self) -> None:
        self._last: dict[tuple[TenantId, str, int], int] = {}

    async def next(self, *, tenant_id: TenantId, series: str, year: int) -> int:
        key = (tenant_id, series, year)
        self._last[key] = self._last.get(key, 0) + 1
        return self._last[key]


class MemoryPlans:
    def __init__(self) -> None:
        self._plans: list[PlanVersion] = []

    async def add(self, plan: PlanVersion) -> None:
        if any((one.code, one.version) == (plan.code, plan.version) for one in self._plans):
            raise PlanMoved(plan=plan.code)
        self._plans.append(plan)

    async def one(self, plan_id: PlanId) -> PlanVersion:
        for plan in self._plans:
            if plan.plan_id == plan_id:
                return plan
        raise PlanUnknown(plan=str(plan_id))

    async def latest(self, code: str) -> PlanVersion | None:
        versions = [plan for plan in self._plans if plan.code == code]
        return max(versions, key=lambda plan: plan.version, default=None)

    async def page(self, *, after: PlanId | None, limit: int) -> tuple[PlanVersion, ...]:
        plans = sorted(self._plans, key=lambda plan: plan.plan_id, reverse=True)
        return tuple([plan for plan in plans if after is None or plan.plan_id < after][:limit])


class MemoryContracts:
    def __init__(self) -> None:
        self._contracts: dict[tuple[TenantId, ContractId], Contract] = {}

    async def add(self, contract: Contract) -> None:
        self._contracts[contract.tenant_id, contract.contract_id] = contract

    async def one(self, tenant_id: TenantId, contract_id: ContractId) -> Contract:
        if (tenant_id, contract_id) not in self._contracts:
            raise ContractUnknown(contract=str(contract_id))
        return self._contracts[tenant_id, contract_id]

    async def page(self, *, tenant_id: TenantId | None, after: ContractId | None, limit: int) -> tuple[Contract, ...]:
        contracts = sorted(self._contracts.values(), key=lambda one: one.contract_id, reverse=True)
        chosen = [
            one
            for one in contracts
            if tenant_id in (None, one.tenant_id) and (after is None or one.contract_id < after)
        ]
        return tuple(chosen[:limit])

    async def move(
        self, tenant_id: TenantId, contract_id: ContractId, *, present: ContractState, wanted: ContractState
    ) -> None:
        contract = self._contracts.get((tenant_id, contract_id))
        if contract is None or contract.state is not present:
            raise ContractMoved
        self._contracts[tenant_id, contract_id] = replace(contract, state=wanted)


class MemoryAssignments:
    def __init__(self) -> None:
        self._assignments: dict[tuple[TenantId, AssignmentId], Assignment] = {}

    async def add(self, assignment: Assignment) -> None:
        held = await self.of_pack(assignment.tenant_id, assignment.pack_id)
        if any(one.ends_at is None for one in held):
            raise PackAssigned
        self._assignments[assignment.tenant_id, assignment.assignment_id] = assignment

    async def of_contract(self, tenant_id: TenantId, contract_id: ContractId) -> tuple[Assignment, ...]:
        mine = [
            one for one in self._assignments.values() if (one.tenant_id, one.contract_id) == (tenant_id, contract_id)
        ]
        return tuple(sorted(mine, key=lambda one: one.assignment_id))

    async def of_pack(self, tenant_id: TenantId, pack_id: PackId) -> tuple[Assignment, ...]:
        mine = [one for one in self._assignments.values() if (one.tenant_id, one.pack_id) == (tenant_id, pack_id)]
        return tuple(sorted(mine, key=lambda one: one.assignment_id))

    async def of_packs(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> tuple[Assignment, ...]:
        mine = [one for one in self._assignments.values() if one.tenant_id == tenant_id and one.pack_id in pack_ids]
        return tuple(sorted(mine, key=lambda one: one.assignment_id))

    async def suspend(self, tenant_id: TenantId, assignment_id: AssignmentId, *, at: datetime) -> None:
        one = self._assignments.get((tenant_id, assignment_id))
        if one is not None and one.state is AssignmentState.IN_SERVICE:
            self._assignments[tenant_id, assignment_id] = replace(one, state=AssignmentState.SUSPENDED, suspended_at=at)

    async def remove(self, tenant_id: TenantId, assignment_id: AssignmentId, *, at: datetime) -> None:
        one = self._assignments.get((tenant_id, assignment_id))
        if one is not None and one.ends_at is None:
            self._assignments[tenant_id, assignment_id] = replace(one, state=AssignmentState.REMOVED, ends_at=at)


class MemorySubscriptionWork:
    def __init__(self) -> None:
        self.plans = MemoryPlans()
        self.contracts = MemoryContracts()
        self.assignments = MemoryAssignments()
        self.numbers = MemoryNumbers()
