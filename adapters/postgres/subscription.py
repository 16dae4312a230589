"""Ports of the subscription context on PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from adapters.postgres.tables.grants import PackReachRow
from adapters.postgres.tables.subscription import AssignmentRow, CapacitySlotRow, ContractRow, PlanVersionRow
from adapters.postgres.transaction import Within, of_complex
from domain.shared.canonical import Canonical, canonical_text
from domain.shared.identifiers import (
    AssignmentId,
    CertificateId,
    ContractId,
    PackId,
    PlanId,
    SiteId,
    SlotId,
    TenantId,
)
from domain.subscription.errors import ContractMoved, ContractUnknown, PackAssigned, PlanMoved, PlanUnknown
from domain.subscription.model import (
    Assignment,
    AssignmentReason,
    AssignmentState,
    CapacityFee,
    CapacitySlot,
    CertificateFacts,
    Component,
    Contract,
    ContractState,
    EnergyFee,
    PlanVersion,
    RenewableBand,
    RenewableDiscount,
)


def _component_document(component: Component) -> dict[str, Canonical]:
    match component:
        case CapacityFee():
            return {
                "kind": "capacity_fee",
                "rate_micro_krw_per_wh_month": component.rate_micro_krw_per_wh_month,
            }
        case EnergyFee():
            return {"kind": "energy_fee", "rate_micro_krw_per_wh": component.rate_micro_krw_per_wh}
        case RenewableDiscount():
            bands: list[Canonical] = [
                {"share_ppm_min": band.share_ppm_min, "discount_ppm": band.discount_ppm} for band in component.bands
            ]
            return {"kind": "renewable_discount", "bands": bands}
        case _:
            assert_never(component)


def _to_component(document: Mapping[str, object]) -> Component:
    match document:
        case {"kind": "capacity_fee", "rate_micro_krw_per_wh_month": int(rate)}:
            return CapacityFee(rate_micro_krw_per_wh_month=rate)
        case {"kind": "energy_fee", "rate_micro_krw_per_wh": int(rate)}:
            return EnergyFee(rate_micro_krw_per_wh=rate)
        case {"kind": "renewable_discount", "bands": list(bands)}:
            return RenewableDiscount(
                bands=tuple(
                    RenewableBand(share_ppm_min=band["share_ppm_min"], discount_ppm=band["discount_ppm"])
                    for band in bands
                )
            )
        case _:
            raise TypeError("a stored plan holds a component of no known kind")


def _components_text(components: tuple[Component, ...]) -> str:
    documents: list[Canonical] = [_component_document(component) for component in components]
    return canonical_text(documents)


def _to_components(stored: str) -> tuple[Component, ...]:
    return tuple(_to_component(document) for document in json.loads(stored))


def _plan_row(plan: PlanVersion) -> dict[str, object]:
    return {
        "plan_id": plan.plan_id,
        "code": plan.code,
        "version": plan.version,
        "name_ko": plan.name_ko,
        "name_en": plan.name_en,
        "components": _components_text(plan.components),
        "published_at": plan.published_at,
    }


def _to_plan(row: RowMapping) -> PlanVersion:
    return PlanVersion(
        plan_id=PlanId(row["plan_id"]),
        code=row["code"],
        version=row["version"],
        name_ko=row["name_ko"],
        name_en=row["name_en"],
        components=_to_components(row["components"]),
        published_at=row["published_at"],
    )


_PLAN_COLUMNS = tuple(PlanVersionRow.__table__.c)  # type: ignore[attr-defined]


class PostgresPlans:
    """Published plan versions."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, plan: PlanVersion) -> None:
        """Publish a version."""
        added = await self._connection.execute(
            upsert(PlanVersionRow)
            .values(_plan_row(plan))
            .on_conflict_do_nothing()
            .returning(col(PlanVersionRow.plan_id))
        )
        if added.first() is None:
            raise PlanMoved(plan=plan.code)

    async def one(self, plan_id: PlanId) -> PlanVersion:
        """Return a version."""
        found = await self._connection.execute(select(*_PLAN_COLUMNS).where(col(PlanVersionRow.plan_id) == plan_id))
        row = found.mappings().first()
        if row is None:
            raise PlanUnknown(plan=str(plan_id))
        return _to_plan(row)

    async def latest(self, code: str) -> PlanVersion | None:
        """Return the newest version of a plan."""
        found = await self._connection.execute(
            select(*_PLAN_COLUMNS)
            .where(col(PlanVersionRow.code) == code)
            .order_by(col(PlanVersionRow.version).desc())
            .limit(1)
        )
        row = found.mappings().first()
        return None if row is None else _to_plan(row)

    async def page(self, *, after: PlanId | None, limit: int) -> tuple[PlanVersion, ...]:
        """Return published versions, newest first."""
        query = select(*_PLAN_COLUMNS).order_by(col(PlanVersionRow.plan_id).desc()).limit(limit)
        if after is not None:
            query = query.where(col(PlanVersionRow.plan_id) < after)
        found = await self._connection.execute(query)
        return tuple(_to_plan(row) for row in found.mappings())


def _contract_row(contract: Contract) -> dict[str, object]:
    return {
        "tenant_id": contract.tenant_id,
        "contract_id": contract.contract_id,
        "number": contract.number,
        "site_id": contract.site_id,
        "plan_id": contract.plan.plan_id,
        "plan_code": contract.plan.code,
        "plan_version": contract.plan.version,
        "plan_name_ko": contract.plan.name_ko,
        "plan_name_en": contract.plan.name_en,
        "plan_components": _components_text(contract.plan.components),
        "plan_published_at": contract.plan.published_at,
        "contracted_wh": contract.contracted_wh,
        "contracted_w": contract.contracted_w,
        "starts_on": contract.starts_on,
        "ends_on": contract.ends_on,
        "payment_terms_days": contract.payment_terms_days,
        "signed_at": contract.signed_at,
        "state": contract.state.value,
    }


def _to_contract(row: RowMapping, slots: tuple[CapacitySlot, ...]) -> Contract:
    return Contract(
        contract_id=ContractId(row["contract_id"]),
        number=row["number"],
        tenant_id=TenantId(row["tenant_id"]),
        site_id=SiteId(row["site_id"]),
        plan=PlanVersion(
            plan_id=PlanId(row["plan_id"]),
            code=row["plan_code"],
            version=row["plan_version"],
            name_ko=row["plan_name_ko"],
            name_en=row["plan_name_en"],
            components=_to_components(row["plan_components"]),
            published_at=row["plan_published_at"],
        ),
        contracted_wh=row["contracted_wh"],
        contracted_w=row["contracted_w"],
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        payment_terms_days=row["payment_terms_days"],
        signed_at=row["signed_at"],
        state=ContractState(row["state"]),
        slots=slots,
    )


def _slot_row(contract: Contract, slot: CapacitySlot) -> dict[str, object]:
    return {
        "tenant_id": contract.tenant_id,
        "slot_id": slot.slot_id,
        "contract_id": slot.contract_id,
        "promised_wh": slot.promised_wh,
        "promised_w": slot.promised_w,
    }


def _to_slot(row: RowMapping) -> CapacitySlot:
    return CapacitySlot(
        slot_id=SlotId(row["slot_id"]),
        contract_id=ContractId(row["contract_id"]),
        promised_wh=row["promised_wh"],
        promised_w=row["promised_w"],
    )


_CONTRACT_COLUMNS = tuple(ContractRow.__table__.c)  # type: ignore[attr-defined]
_SLOT_COLUMNS = tuple(CapacitySlotRow.__table__.c)  # type: ignore[attr-defined]


class PostgresContracts:
    """Contracts with their capacity slots."""

    def __init__(self, connection: AsyncConnection, within: Within = None) -> None:
        self._connection = connection
        self._within = within

    async def add(self, contract: Contract) -> None:
        """Store a new contract with its slots."""
        await self._connection.execute(insert(ContractRow).values(_contract_row(contract)))
        await self._connection.execute(
            insert(CapacitySlotRow).values([_slot_row(contract, slot) for slot in contract.slots])
        )

    async def one(self, tenant_id: TenantId, contract_id: ContractId) -> Contract:
        """Return a contract of a tenant."""
        found = await self._connection.execute(
            select(*_CONTRACT_COLUMNS).where(
                col(ContractRow.tenant_id) == tenant_id, col(ContractRow.contract_id) == contract_id
            )
        )
        row = found.mappings().first()
        if row is None:
            raise ContractUnknown(contract=str(contract_id))
        return (await self._with_slots([row]))[0]

    async def page(self, *, tenant_id: TenantId | None, after: ContractId | None, limit: int) -> tuple[Contract, ...]:
        """Return contracts, newest first."""
        query = of_complex(
            select(*_CONTRACT_COLUMNS).order_by(col(ContractRow.contract_id).desc()).limit(limit),
            ContractRow.tenant_id,
            self._within,
        )
        if tenant_id is not None:
            query = query.where(col(ContractRow.tenant_id) == tenant_id)
        if after is not None:
            query = query.where(col(ContractRow.contract_id) < after)
        found = await self._connection.execute(query)
        return await self._with_slots(list(found.mappings()))

    async def _with_slots(self, rows: list[RowMapping]) -> tuple[Contract, ...]:
        found = await self._connection.execute(
            select(*_SLOT_COLUMNS)
            .where(
                col(CapacitySlotRow.tenant_id).in_({row["tenant_id"] for row in rows}),
                col(CapacitySlotRow.contract_id).in_([row["contract_id"] for row in rows]),
            )
            .order_by(col(CapacitySlotRow.slot_id))
        )
        slots = [_to_slot(row) for row in found.mappings()]
        return tuple(
            _to_contract(row, tuple(slot for slot in slots if slot.contract_id == row["contract_id"])) for row in rows
        )

    async def move(
        self, tenant_id: TenantId, contract_id: ContractId, *, present: ContractState, wanted: ContractState
    ) -> None:
        """Change a contract's state: compare and set."""
        moved = await self._connection.execute(
            update(ContractRow)
            .where(
                col(ContractRow.tenant_id) == tenant_id,
                col(ContractRow.contract_id) == contract_id,
                col(ContractRow.state) == present.value,
            )
            .values(state=wanted.value)
        )
        if moved.rowcount != 1:
            raise ContractMoved


def _assignment_row(assignment: Assignment) -> dict[str, object]:
    certificate = assignment.certificate
    return {
        "tenant_id": assignment.tenant_id,
        "assignment_id": assignment.assignment_id,
        "contract_id": assignment.contract_id,
        "slot_id": assignment.slot_id,
        "pack_id": assignment.pack_id,
        "starts_at": assignment.starts_at,
        "ends_at": assignment.ends_at,
        "certificate_id": certificate.certificate_id,
        "certificate_number": certificate.number,
        "certified_wh": certificate.certified_wh,
        "soh_ppm": certificate.soh_ppm,
        "grade": certificate.grade,
        "certificate_valid_from_at": certificate.valid_from_at,
        "certificate_valid_until_at": certificate.valid_until_at,
        "shortfall_wh": assignment.shortfall_wh,
        "reason": assignment.reason.value,
        "state": assignment.state.value,
        "suspended_at": assignment.suspended_at,
    }


def _to_assignment(row: RowMapping) -> Assignment:
    return Assignment(
        assignment_id=AssignmentId(row["assignment_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        contract_id=ContractId(row["contract_id"]),
        slot_id=SlotId(row["slot_id"]),
        pack_id=PackId(row["pack_id"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        certificate=CertificateFacts(
            certificate_id=CertificateId(row["certificate_id"]),
            number=row["certificate_number"],
            certified_wh=row["certified_wh"],
            soh_ppm=row["soh_ppm"],
            grade=row["grade"],
            valid_from_at=row["certificate_valid_from_at"],
            valid_until_at=row["certificate_valid_until_at"],
        ),
        shortfall_wh=row["shortfall_wh"],
        reason=AssignmentReason(row["reason"]),
        state=AssignmentState(row["state"]),
        suspended_at=row["suspended_at"],
    )


_ASSIGNMENT_COLUMNS = tuple(AssignmentRow.__table__.c)  # type: ignore[attr-defined]


class PostgresAssignments:
    """Packs in slots."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, assignment: Assignment) -> None:
        """Store a new assignment; the index on open ones refuses a second."""
        added = await self._connection.execute(
            upsert(AssignmentRow)
            .values(_assignment_row(assignment))
            .on_conflict_do_nothing()
            .returning(col(AssignmentRow.assignment_id))
        )
        if added.first() is None:
            raise PackAssigned
        await self._connection.execute(
            insert(PackReachRow).values(
                pack_id=assignment.pack_id,
                tenant_id=assignment.tenant_id,
                reach_id=assignment.assignment_id,
                until_at=assignment.ends_at,
            )
        )

    async def of_contract(self, tenant_id: TenantId, contract_id: ContractId) -> tuple[Assignment, ...]:
        """Return all assignments under a contract, oldest first."""
        found = await self._connection.execute(
            select(*_ASSIGNMENT_COLUMNS)
            .where(col(AssignmentRow.tenant_id) == tenant_id, col(AssignmentRow.contract_id) == contract_id)
            .order_by(col(AssignmentRow.assignment_id))
        )
        return tuple(_to_assignment(row) for row in found.mappings())

    async def of_pack(self, tenant_id: TenantId, pack_id: PackId) -> tuple[Assignment, ...]:
        """Return all assignments of a pack to one tenant, oldest first."""
        found = await self._connection.execute(
            select(*_ASSIGNMENT_COLUMNS)
            .where(col(AssignmentRow.tenant_id) == tenant_id, col(AssignmentRow.pack_id) == pack_id)
            .order_by(col(AssignmentRow.assignment_id))
        )
        return tuple(_to_assignment(row) for row in found.mappings())

    async def of_packs(self, tenant_id: TenantId, pack_ids: Sequence[PackId]) -> tuple[Assignment, ...]:
        """Return all assignments of several packs to one tenant, oldest first."""
        found = await self._connection.execute(
            select(*_ASSIGNMENT_COLUMNS)
            .where(col(AssignmentRow.tenant_id) == tenant_id, col(AssignmentRow.pack_id).in_(pack_ids))
            .order_by(col(AssignmentRow.assignment_id))
        )
        return tuple(_to_assignment(row) for row in found.mappings())

    async def suspend(self, tenant_id: TenantId, assignment_id: AssignmentId, *, at: datetime) -> None:
        """Suspend an assignment in service."""
        await self._connection.execute(
            update(AssignmentRow)
            .where(
                col(AssignmentRow.tenant_id) == tenant_id,
                col(AssignmentRow.assignment_id) == assignment_id,
                col(AssignmentRow.state) == AssignmentState.IN_SERVICE.value,
            )
            .values(state=AssignmentState.SUSPENDED.value, suspended_at=at)
        )

    async def remove(self, tenant_id: TenantId, assignment_id: AssignmentId, *, at: datetime) -> None:
        """End an open assignment; what happens to the pack from then on is no more its tenant's to see."""
        ended = await self._connection.execute(
            update(AssignmentRow)
            .where(
                col(AssignmentRow.tenant_id) == tenant_id,
                col(AssignmentRow.assignment_id) == assignment_id,
                col(AssignmentRow.ends_at).is_(None),
            )
            .values(state=AssignmentState.REMOVED.value, ends_at=at)
            .returning(col(AssignmentRow.pack_id))
        )
        for (pack_id,) in ended:
            await self._connection.execute(
                update(PackReachRow)
                .where(
                    col(PackReachRow.pack_id) == pack_id,
                    col(PackReachRow.tenant_id) == tenant_id,
                    col(PackReachRow.reach_id) == assignment_id,
                )
                .values(until_at=at)
            )
