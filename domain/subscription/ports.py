"""What the subscription context asks of its store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.shared.identifiers import AssignmentId, ContractId, PackId, PlanId, TenantId
from domain.shared.numbers import Numbers
from domain.subscription.model import Assignment, Contract, ContractState, PlanVersion


class Plans(Protocol):
    """Published plan versions; the same for every tenant."""

    async def add(self, plan: PlanVersion) -> None:
        """Publish a version.

        Raises:
            PlanMoved: this version of the plan is published already.
        """
        ...

    async def one(self, plan_id: PlanId) -> PlanVersion:
        """Return a version.

        Raises:
            PlanUnknown: there is none.
        """
        ...

    async def latest(self, code: str) -> PlanVersion | None:
        """Return the newest version of a plan, or None when it was never published."""
        ...

    async def page(self, *, after: PlanId | None, limit: int) -> tuple[PlanVersion, ...]:
        """Return published versions, newest first."""
        ...


class Contracts(Protocol):
    """Contracts with their capacity slots."""

    async def add(self, contract: Contract) -> None:
        """Store a new contract with its slots."""
        ...

    async def one(self, tenant_id: TenantId, contract_id: ContractId) -> Contract:
        """Return a contract.

        Raises:
            ContractUnknown: there is none, or it is not this tenant's.
        """
        ...

    async def page(self, *, tenant_id: TenantId | None, after: ContractId | None, limit: int) -> tuple[Contract, ...]:
        """Return contracts, newest first; of one tenant, or of all for the operator."""
        ...

    async def move(
        self, tenant_id: TenantId, contract_id: ContractId, *, present: ContractState, wanted: ContractState
    ) -> None:
        """Change a contract's state.

        Raises:
            ContractMoved: the contract is not in the state it was thought to be in.
        """
        ...


class Assignments(Protocol):
    """Which pack serves which slot, and when it did."""

    async def add(self, assignment: Assignment) -> None:
        """Store a new assignment.

        Raises:
            PackAssigned: the pack has an open assignment of this tenant.
        """
        ...

    async def of_contract(self, tenant_id: TenantId, contract_id: ContractId) -> tuple[Assignment, ...]:
        """Return all assignments under a contract, oldest first."""
        ...

    async def of_pack(self, tenant_id: TenantId, pack_id: PackId) -> tuple[Assignment, ...]:
        """Return all assignments of a pack to one tenant, oldest first."""
        ...

    async def of_packs(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> tuple[Assignment, ...]:
        """Return all assignments of several packs to one tenant, oldest first."""
        ...

    async def suspend(self, tenant_id: TenantId, assignment_id: AssignmentId, *, at: datetime) -> None:
        """Suspend an assignment that is in service; the first suspension stands."""
        ...

    async def remove(self, tenant_id: TenantId, assignment_id: AssignmentId, *, at: datetime) -> None:
        """End an open assignment; the first end stands."""
        ...


class SubscriptionWork(Protocol):
    """The part of a transaction that subscription steps use."""

    @property
    def plans(self) -> Plans:
        """Published plans."""
        ...

    @property
    def contracts(self) -> Contracts:
        """Contracts and their slots."""
        ...

    @property
    def assignments(self) -> Assignments:
        """Packs in slots."""
        ...

    @property
    def numbers(self) -> Numbers:
        """Numbers of contracts."""
        ...
