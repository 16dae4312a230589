"""What the worker does by itself: it relays the outbox, closes the months that are over, and reports."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.jobs.months import close_months
from app.jobs.relay import relay
from app.jobs.schedule import run_job, running_schedule, sweep_sessions
from app.ports import Ports
from domain.billing.errors import PaymentMethodOff, PaymentsUnavailable
from domain.billing.model import Invoice, Payer, PaymentMethod, PaymentRequest
from domain.shared.actor import SYSTEM
from domain.shared.identifiers import TenantId


class AskedPayments:
    """A way of paying that keeps what it was asked; `failing` times it does not answer."""

    def __init__(self, *, failing: int = 0, off: bool = False) -> None:
        self.asked: list[tuple[str, str]] = []
        self._failing, self._off = failing, off

    async def request(self, invoice: Invoice, *, payer: Payer) -> PaymentRequest:
        if self._off:
            raise PaymentMethodOff(method=PaymentMethod.STRIPE)
        if self._failing:
            self._failing -= 1
            raise PaymentsUnavailable(method=PaymentMethod.BANK_TRANSFER)
        self.asked.append((invoice.number, payer.name_ko))
        return PaymentRequest(
            method=PaymentMethod.BANK_TRANSFER,
            invoice_id=invoice.invoice_id,
            amount_krw=invoice.total_krw,
            due_on=invoice.due_on,
            reference=invoice.number,
            bank_account="1",
            url=None,
        )


async def test_a_finalised_invoice_is_asked_for_once_in_every_way_that_is_set_up(ports: Ports, story) -> None:
    bank = AskedPayments()
    wired = replace(ports, payments=(AskedPayments(off=True), bank))

    first, second = await relay(wired), await relay(wired)

    assert bank.asked == [(story.told["month"]["invoice"]["number"], "한빛정밀")]
    assert (first.did, first.failed, second.did) == (1, 0, 0)
    assert first.succeeded_at is not None


async def test_a_service_that_is_away_is_asked_again_later(ports: Ports, story) -> None:
    bank = AskedPayments(failing=1)
    wired = replace(ports, payments=(bank,))

    failed = await relay(wired)
    too_soon = await relay(wired)
    ports.clock.move_to(ports.clock.now() + timedelta(seconds=31))
    later = await relay(wired)

    assert (failed.did, failed.failed, failed.succeeded_at) == (0, 1, None)
    assert "billing." in failed.said
    assert (too_soon.did, later.did) == (0, 1)
    assert len(bank.asked) == 1


async def test_a_message_nobody_understands_stops_no_other(ports: Ports, story) -> None:
    async with ports.unit(SYSTEM) as work:
        await work.outbox.put(
            message_id=ports.ids.new(),
            topic="unheard-of",
            key="1",
            payload={},
            now=ports.clock.now() - timedelta(days=9),
        )
        await work.commit()
    bank = AskedPayments()

    report = await relay(replace(ports, payments=(bank,)))

    assert (report.did, report.failed) == (1, 1)
    assert len(bank.asked) == 1


async def test_months_that_are_over_are_closed_in_order_and_once(ports: Ports, story) -> None:
    first = await close_months(ports)
    again = await close_months(ports)

    assert (first.did, first.failed) == (2, 0)  # July was closed by the story; August and September follow
    assert (again.did, again.failed) == (0, 0)
    async with ports.unit(SYSTEM) as work:
        invoices = await work.invoices.page(tenant_id=TenantId(11), after=None, limit=10)
    assert sorted(str(one.invoice.month) for one in invoices) == ["2026-07", "2026-08", "2026-09"]
    numbers = sorted(one.invoice.number for one in invoices)
    assert numbers == ["INV-2026-000001", "INV-2026-000002", "INV-2026-000003"]


async def test_a_month_without_readings_waits_and_is_reported(ports: Ports, story) -> None:
    ports.clock.move_to(ports.clock.now() + timedelta(days=62))

    report = await close_months(ports)

    assert report.did == 2
    assert report.failed == 1
    assert "2026-10" in report.said
    assert report.succeeded_at is None


async def test_a_job_leaves_its_report_and_expired_sessions_go(ports: Ports, signed_in) -> None:
    await signed_in("tenant")
    ports.clock.move_to(ports.clock.now() + timedelta(days=1))

    await run_job(sweep_sessions, ports)

    async with ports.unit(SYSTEM) as work:
        (report,) = await work.job_reports.all()
    assert (report.job, report.did) == ("identity.sweep-sessions", 1)


async def test_the_schedule_names_every_job_and_stops_cleanly(ports: Ports, caplog: pytest.LogCaptureFixture) -> None:
    async with running_schedule(ports):
        pass

    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
