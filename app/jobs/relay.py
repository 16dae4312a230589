"""The outbox: intents stored with their effect are carried out here, one at a time, until done."""

from datetime import timedelta
from uuid import UUID

import structlog

from app.jobs.record import job_entry
from app.ports import Ports
from domain.billing.errors import NothingToPay, PaymentMethodOff
from domain.billing.model import Payer
from domain.journeys.month_close import INVOICE_FINALISED
from domain.journeys.safety import PACK_TRIPPED, ask_for_reinspection
from domain.journeys.validity import CERTIFICATE_ENDED, CERTIFICATE_REINSTATED
from domain.journeys.withdrawal import PACK_WITHDRAWN
from domain.shared.actor import SYSTEM
from domain.shared.errors import DomainError
from domain.shared.identifiers import InvoiceId, PackId, TenantId
from domain.shared.outbox import JobReport, Message

log = structlog.get_logger()

JOB = "outbox.relay"
MESSAGES_A_RUN = 100
LEASE = timedelta(minutes=5)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)


_TOLD = frozenset({CERTIFICATE_ENDED, CERTIFICATE_REINSTATED, PACK_WITHDRAWN})
"""What became of certificates and packs: told, with nobody outside to call yet."""


async def relay(ports: Ports) -> JobReport:
    """Carry out what is due; one message that fails is put off and does not stop the others."""
    started_at = ports.clock.now()
    did = failed = 0
    said = ""
    for _ in range(MESSAGES_A_RUN):
        async with ports.unit(SYSTEM) as work:
            message = await work.outbox.claim(now=ports.clock.now(), lease=LEASE)
            await work.commit()
        if message is None:
            break
        trouble = await _tried(message, ports)
        async with ports.unit(SYSTEM) as work:
            if trouble is None:
                did += 1
                await work.outbox.done(message.message_id, now=ports.clock.now())
                named = message.payload.get("tenant_id")
                told = f"{message.topic}={message.key}"
                for_tenant = named if isinstance(named, int) else None
                await work.audit.append(job_entry(ports, JOB, object_ids=told, for_tenant=for_tenant))
            else:
                failed, said = failed + 1, trouble
                wait = min(FIRST_WAIT * 2 ** (message.tries - 1), LONGEST_WAIT)
                await work.outbox.failed(message.message_id, next_try_at=ports.clock.now() + wait, said=trouble)
            await work.commit()
    return JobReport(
        job=JOB,
        started_at=started_at,
        succeeded_at=None if failed else ports.clock.now(),
        did=did,
        failed=failed,
        said=said,
    )


async def _tried(message: Message, ports: Ports) -> str | None:
    """Carry a message out; return what went wrong, or None."""
    try:
        await _carry_out(message, ports)
    except DomainError as error:
        log.warning("outbox.failed", topic=message.topic, key=message.key, code=error.code)
        return f"{error.code}: {error.sentence('en')}"
    except Exception as error:  # our mistake in one message must not keep the others from going out
        log.exception("outbox.our-mistake", topic=message.topic, key=message.key)
        return type(error).__name__
    return None


async def _carry_out(message: Message, ports: Ports) -> None:
    match message.topic:
        case topic if topic == INVOICE_FINALISED:
            await _ask_for_payment(
                TenantId(int(str(message.payload["tenant_id"]))),
                InvoiceId(UUID(str(message.payload["invoice_id"]))),
                ports,
            )
        case topic if topic == PACK_TRIPPED:
            opened = await ask_for_reinspection(
                PackId(UUID(str(message.payload["pack_id"]))), unit=ports.unit, ids=ports.ids, clock=ports.clock
            )
            log.info("safety.reinspection.asked-for", pack=message.payload["pack_id"], opened=opened)
        case topic if topic in _TOLD:
            # Pages and verifiers read the present state; this is for those who listen to the program's log.
            log.info(topic, **{name: value for name, value in message.payload.items() if name != "topic"})
        case topic:
            raise ValueError(f"no one carries out {topic}")


async def _ask_for_payment(tenant_id: TenantId, invoice_id: InvoiceId, ports: Ports) -> None:
    """Ask for an invoice's money in every way that is set up; asking twice makes one claim."""
    async with ports.unit(SYSTEM) as work:
        invoice = (await work.invoices.one(tenant_id, invoice_id)).invoice
        tenant = await work.parties.one(tenant_id)
    for payments in ports.payments:
        try:
            asked = await payments.request(
                invoice, payer=Payer(name_ko=tenant.name_ko, name_en=tenant.name_en, email=None)
            )
        except (PaymentMethodOff, NothingToPay):
            continue  # not set up here, or nothing to ask for: neither is a failure
        log.info(
            "billing.payment.requested", invoice=invoice.number, method=asked.method.value, amount_krw=asked.amount_krw
        )
