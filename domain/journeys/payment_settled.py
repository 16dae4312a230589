"""Money arrives: a bank deposit is recorded once and matched to the invoice that it pays."""

from dataclasses import dataclass
from datetime import datetime

from domain.billing import usecases as billing
from domain.billing.model import BankDeposit, KnownPayer
from domain.journeys.ports import JourneyWork
from domain.shared.actor import Actor
from domain.shared.identifiers import Ids, TenantId
from domain.shared.time import Clock
from domain.shared.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class BankNotice:
    """What the bank's statement says of one deposit."""

    actor: Actor
    tenant_id: TenantId
    bank: str
    bank_reference: str
    payer_name: str
    memo: str
    amount_krw: int
    posted_at: datetime


async def record_bank_notice(wish: BankNotice, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> BankDeposit:
    """Record a deposit and settle the invoice that it pays exactly; the same notice again changes nothing.

    Raises:
        TenantUnknown: there is no such tenant.
        DepositMalformed: a particular has no meaning.
        DepositDiffers: the bank's reference is recorded with other particulars.
    """
    async with unit(wish.actor) as work:
        tenant = await work.parties.one(wish.tenant_id)
        deposit = await billing.record_deposit(
            billing.RecordDeposit(
                actor=wish.actor,
                tenant_id=wish.tenant_id,
                bank=wish.bank,
                bank_reference=wish.bank_reference,
                payer_name=wish.payer_name,
                virtual_account=None,
                memo=wish.memo,
                amount_krw=wish.amount_krw,
                posted_at=wish.posted_at,
                known=KnownPayer(virtual_account=None, names=(tenant.name_ko, tenant.name_en)),
            ),
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return deposit
