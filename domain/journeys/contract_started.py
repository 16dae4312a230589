"""A tenant subscribes: a contract at its site, and a certified pack that serves it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.certification.model import Certificate, CertificateStatus
from domain.journeys.ports import JourneyWork
from domain.metering.errors import PackTripped
from domain.passport import usecases as passport
from domain.passport.errors import PackInUse
from domain.passport.model import EntryKind, Fact
from domain.shared.actor import Actor
from domain.shared.identifiers import ContractId, Ids, PackId, SlotId, TenantId
from domain.shared.time import Clock, day_start
from domain.shared.unit import Unit
from domain.subscription import usecases as subscription
from domain.subscription.model import Assignment, CertificateFacts, Contract, PlanVersion


async def publish_plan(
    wish: subscription.PublishPlan, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock
) -> PlanVersion:
    """Publish a plan's next version."""
    async with unit(wish.actor) as work:
        plan = await subscription.publish_plan(wish, work=work, ids=ids, clock=clock)
        await work.commit()
    return plan


async def sign_contract(
    wish: subscription.SignContract, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock
) -> Contract:
    """Sign a tenant's contract at one of its sites.

    Raises:
        SiteUnknown: the site is not the tenant's.
        PlanUnknown: no such plan is published.
        ContractMalformed: the terms make no contract.
    """
    async with unit(wish.actor) as work:
        await work.sites.one(wish.tenant_id, wish.site_id)
        contract = await subscription.sign_contract(wish, work=work, ids=ids, clock=clock)
        await work.commit()
    return contract


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployPack:
    """Which pack shall serve a contract's first slot (or the one named) from an instant."""

    actor: Actor
    tenant_id: TenantId
    contract_id: ContractId
    pack_id: PackId
    from_at: datetime
    slot_id: SlotId | None = None


async def deploy_pack(wish: DeployPack, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Assignment:
    """Assign a pack to a capacity slot, bind it to the contract and record it in its history.

    Raises:
        CertificateMissing: the pack has no certificate.
        CertificateNotValid: its certificate does not hold at that instant.
        PackInUse: the pack serves another contract.
        PackTripped: a safety trip blocks it until somebody clears it.
        StepOutOfOrder: the pack has no second life yet.
    """
    async with unit(wish.actor) as work:
        contract = await work.contracts.one(wish.tenant_id, wish.contract_id)
        await work.packs.one(wish.pack_id)
        if await work.alarms.blocks(wish.pack_id):
            raise PackTripped
        assignment = await subscription.assign_pack(
            subscription.AssignPack(
                actor=wish.actor,
                tenant_id=wish.tenant_id,
                contract_id=wish.contract_id,
                slot_id=wish.slot_id or contract.slots[0].slot_id,
                pack_id=wish.pack_id,
                from_at=wish.from_at,
                certificate=facts_of(await work.certificates.standing(wish.pack_id)),
            ),
            work=work,
            ids=ids,
        )
        if not await work.packs.take(wish.pack_id, contract_id=wish.contract_id, holder=wish.tenant_id):
            raise PackInUse
        await passport.record(
            wish.pack_id,
            Fact(
                kind=EntryKind.DEPLOYED,
                occurred_at=clock.now(),
                particulars={
                    "contract": contract.number,
                    "certificate": assignment.certificate.number,
                    "certified_wh": assignment.certificate.certified_wh,
                    "promised_wh": contract.slots[0].promised_wh,
                },
            ),
            actor=wish.actor,
            holder=wish.tenant_id,
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return assignment


def facts_of(certificate: Certificate | None) -> CertificateFacts | None:
    """Say in subscription's words what a certificate says; a suspended or revoked one says nothing."""
    if certificate is None or certificate.status is not CertificateStatus.VALID:
        return None
    return CertificateFacts(
        certificate_id=certificate.certificate_id,
        number=certificate.number,
        certified_wh=certificate.usable_energy_wh,
        soh_ppm=certificate.soh_ppm,
        grade=certificate.grade,
        valid_from_at=certificate.issued_at,
        valid_until_at=day_start(certificate.valid_until + timedelta(days=1)),
    )
