"""The month closes: usage is frozen, rated, invoiced, posted and printed, together or not at all."""

from dataclasses import dataclass

from domain.billing import usecases as billing
from domain.billing.model import CapacityPart, ContractTerms, InvoiceStanding, RatingInputs, RenewableBand, UsageFacts
from domain.billing.views import Buyer, Seller, invoice_content
from domain.journeys.ports import JourneyWork
from domain.metering import usecases as metering
from domain.metering.model import UsageSnapshot
from domain.passport import usecases as passport
from domain.passport.life import may_follow
from domain.passport.model import EntryKind, Fact
from domain.shared.actor import Actor, Role
from domain.shared.canonical import Canonical
from domain.shared.documents import DocumentKind, Documents
from domain.shared.identifiers import ContractId, Ids, TenantId
from domain.shared.time import Clock, Month
from domain.shared.unit import Unit
from domain.subscription import terms
from domain.subscription.model import CapacityFee, Contract, EnergyFee, RenewableDiscount

INVOICE_FINALISED = "invoice.finalised"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseMonth:
    """A contract's month that is over; `accept_gap` bills it although readings are missing."""

    actor: Actor
    seller: TenantId
    tenant_id: TenantId
    contract_id: ContractId
    month: Month
    accept_gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthClosed:
    """What closing left; `anew` is False when the month had been closed before and nothing changed."""

    snapshot: UsageSnapshot
    standing: InvoiceStanding
    anew: bool


async def close_month(
    wish: CloseMonth, *, unit: Unit[JourneyWork], documents: Documents, ids: Ids, clock: Clock
) -> MonthClosed:
    """Close a contract's month, once; closing it again changes nothing.

    Raises:
        ConfirmationNeeded: the actor did not prove within five minutes who they are.
        ContractUnknown: there is no such contract of this tenant.
        MonthNotOver: the month still runs.
        MonthIncomplete: readings are missing, and the gap is not accepted.
    """
    wish.actor.require(Role.OPERATOR, Role.FINANCE, Role.SYSTEM)
    wish.actor.require_confirmed(clock.now())
    async with unit(wish.actor) as work:
        await work.locks.hold(f"month-close:{wish.contract_id}:{wish.month}")
        contract = await work.contracts.one(wish.tenant_id, wish.contract_id)
        closed_before = await work.invoices.of_month(wish.tenant_id, wish.contract_id, wish.month)
        snapshot = await metering.freeze_month(
            metering.FreezeMonth(
                actor=wish.actor,
                tenant_id=wish.tenant_id,
                site_id=contract.site_id,
                contract_id=wish.contract_id,
                month=wish.month,
                accept_gap=wish.accept_gap,
            ),
            work=work,
            ids=ids,
            clock=clock,
        )
        assignments = await work.assignments.of_contract(wish.tenant_id, wish.contract_id)
        inputs = rating_inputs(contract, snapshot, terms.capacity_parts(contract, assignments, wish.month))
        invoice = await billing.finalise_invoice(
            billing.FinaliseInvoice(
                actor=wish.actor,
                seller=wish.seller,
                tenant_id=wish.tenant_id,
                inputs=inputs,
                payment_terms_days=contract.payment_terms_days,
            ),
            work=work,
            ids=ids,
            clock=clock,
        )
        if closed_before is None:
            seller, buyer = await work.parties.one(wish.seller), await work.parties.one(wish.tenant_id)
            site = await work.sites.one(wish.tenant_id, contract.site_id)
            printed = await documents.typeset(
                DocumentKind.INVOICE,
                invoice_content(
                    invoice,
                    Seller(
                        name_ko=seller.name_ko,
                        name_en=seller.name_en,
                        business_no=seller.business_no,
                        address_ko=seller.address_ko,
                        bank_account=seller.bank_account,
                    ),
                    Buyer(
                        name_ko=buyer.name_ko,
                        name_en=buyer.name_en,
                        business_no=buyer.business_no,
                        address_ko=buyer.address_ko,
                    ),
                    contract.number,
                    site.name_ko,
                    inputs.usage,
                ),
                dated_on=invoice.issued_on,
            )
            sha256 = await work.files.keep(printed, media_type="application/pdf", owner=wish.tenant_id)
            await work.invoices.attach_document(wish.tenant_id, invoice.invoice_id, sha256=sha256, at=clock.now())
            await _record_service(wish, snapshot, invoice.number, work=work, ids=ids, clock=clock)
            await work.outbox.put(
                message_id=ids.new(),
                topic=INVOICE_FINALISED,
                key=str(invoice.invoice_id),
                payload={"tenant_id": wish.tenant_id, "invoice_id": str(invoice.invoice_id)},
                now=clock.now(),
            )
        standing = await work.invoices.one(wish.tenant_id, invoice.invoice_id)
        await work.commit()
    return MonthClosed(snapshot=snapshot, standing=standing, anew=closed_before is None)


def rating_inputs(
    contract: Contract, snapshot: UsageSnapshot, capacity: tuple[terms.CapacityPart, ...]
) -> RatingInputs:
    """Say in billing's words what a contract, its packs and its frozen month come to."""
    capacity_rate = energy_rate = None
    bands: tuple[RenewableBand, ...] = ()
    for component in contract.plan.components:
        match component:
            case CapacityFee(rate_micro_krw_per_wh_month=rate):
                capacity_rate = rate
            case EnergyFee(rate_micro_krw_per_wh=rate):
                energy_rate = rate
            case RenewableDiscount(bands=offered):
                bands = tuple(
                    RenewableBand(share_ppm_min=band.share_ppm_min, discount_ppm=band.discount_ppm) for band in offered
                )
    usage = snapshot.usage
    return RatingInputs(
        terms=ContractTerms(
            contract_id=contract.contract_id,
            contract_number=contract.number,
            plan_code=contract.plan.code,
            plan_version=contract.plan.version,
            capacity_rate_micro_krw_per_wh_month=capacity_rate,
            energy_rate_micro_krw_per_wh=energy_rate,
            renewable_bands=bands,
        ),
        month=usage.month,
        capacity=tuple(
            CapacityPart(days=part.days, billable_wh=part.billable_wh, certificate_number=part.certificate_number)
            for part in capacity
        ),
        usage=UsageFacts(
            snapshot_id=snapshot.snapshot_id,
            snapshot_sha256=bytes.fromhex(snapshot.readings_sha256),
            charge_wh=usage.storage_charge_wh,
            discharge_wh=usage.storage_discharge_wh,
            renewable_wh=usage.renewable_wh,
            renewable_share_ppm=usage.renewable_share_ppm,
            completeness_ppm=usage.completeness_ppm,
        ),
    )


async def _record_service(
    wish: CloseMonth,
    snapshot: UsageSnapshot,
    invoice_number: str,
    *,
    work: JourneyWork,
    ids: Ids,
    clock: Clock,
) -> None:
    """Write the month into the history of every pack that served the contract in it."""
    assignments = await work.assignments.of_contract(wish.tenant_id, wish.contract_id)
    served = {one.pack_id for one in assignments if terms.days_in_service(one, wish.month)}
    for pack_id in sorted(served):
        head = await work.histories.head(pack_id)
        facts: tuple[tuple[EntryKind, dict[str, Canonical]], ...] = (
            (
                EntryKind.IN_SERVICE,
                {
                    "month": str(wish.month),
                    "site_charge_wh": snapshot.usage.storage_charge_wh,
                    "site_discharge_wh": snapshot.usage.storage_discharge_wh,
                    "renewable_share_ppm": snapshot.usage.renewable_share_ppm,
                    "readings_sha256": snapshot.readings_sha256,
                },
            ),
            (EntryKind.BILLED, {"month": str(wish.month), "invoice": invoice_number}),
        )
        for kind, particulars in facts:
            if not may_follow(head.state, kind):
                continue  # a pack withdrawn meanwhile is billed for its days, but its history has moved on
            await passport.record(
                pack_id,
                Fact(kind=kind, occurred_at=clock.now(), particulars=particulars),
                actor=wish.actor,
                holder=wish.tenant_id,
                work=work,
                ids=ids,
                clock=clock,
            )
