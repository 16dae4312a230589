"""When what runs. The scheduler only wakes; what is due is read from the tables."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from app.jobs.expiries import end_expired
from app.jobs.months import close_months
from app.jobs.record import job_entry
from app.jobs.reinspections import open_due_reinspections
from app.jobs.relay import relay
from app.jobs.revisions import revise_frozen_months
from app.jobs.settling import settle_days
from app.jobs.silence import notice_silent_packs
from app.jobs.vetting import vet_days
from app.ports import Ports
from domain.identity.usecases import SESSION_RESTS_MAX
from domain.shared.actor import SYSTEM
from domain.shared.errors import DomainError
from domain.shared.idempotency import KEPT
from domain.shared.outbox import JobReport
from domain.shared.time import SEOUL

log = structlog.get_logger()

RELAY_EVERY_S = 5
SILENCE_EVERY_S = 60
LATE_BY_S_MAX = 6 * 60 * 60

TELL_THEMSELVES = frozenset({"billing.close-months", "outbox.relay"})
"""Jobs that write one entry for each thing they do, in its transaction; of the others each run is one."""

Job = Callable[[Ports], Awaitable[JobReport]]


@asynccontextmanager
async def running_schedule(ports: Ports) -> AsyncIterator[None]:
    """Run the schedule on the present event loop until the block ends; a job under way is waited for."""
    scheduler = AsyncIOScheduler(timezone=SEOUL)
    scheduler.add_job(
        partial(run_job, relay, ports),
        IntervalTrigger(seconds=RELAY_EVERY_S, timezone=SEOUL),
        id="outbox.relay",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=LATE_BY_S_MAX,
    )
    scheduler.add_job(
        partial(run_job, close_months, ports),
        # From the first of the month each hour: readings arrive late, and a month is closed once it is complete.
        CronTrigger(day="1-10", minute=30, timezone=SEOUL),
        id="billing.close-months",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=LATE_BY_S_MAX,
    )
    scheduler.add_job(
        partial(run_job, notice_silent_packs, ports),
        IntervalTrigger(seconds=SILENCE_EVERY_S, timezone=SEOUL),
        id="safety.notice-silence",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=LATE_BY_S_MAX,
    )
    scheduler.add_job(
        partial(run_job, settle_days, ports),
        CronTrigger(hour=1, minute=20, timezone=SEOUL),
        id="metering.settle-days",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=LATE_BY_S_MAX,
    )
    scheduler.add_job(
        partial(run_job, sweep_sessions, ports),
        IntervalTrigger(hours=1, timezone=SEOUL),
        id="identity.sweep-sessions",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=LATE_BY_S_MAX,
    )
    scheduler.add_job(
        partial(run_job, end_expired, ports),
        # Days end at midnight in Seoul; every hour, so that a worker that was away catches up soon.
        CronTrigger(minute=2, timezone=SEOUL),
        id="certification.end-expired",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=LATE_BY_S_MAX,
    )
    scheduler.add_job(
        partial(run_job, open_due_reinspections, ports),
        IntervalTrigger(hours=1, timezone=SEOUL),
        id="certification.open-reinspections",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=LATE_BY_S_MAX,
    )
    scheduler.add_job(
        partial(run_job, vet_days, ports),
        # At night, after the day before is over and most of it has come; what comes later is judged the next night.
        CronTrigger(hour=2, minute=40, timezone=SEOUL),
        id="metering.vet-days",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=LATE_BY_S_MAX,
    )
    scheduler.add_job(
        partial(run_job, revise_frozen_months, ports),
        CronTrigger(hour=3, minute=10, timezone=SEOUL),
        id="metering.revise-frozen-months",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=LATE_BY_S_MAX,
    )
    scheduler.add_job(
        partial(run_job, sweep_answers, ports),
        IntervalTrigger(hours=1, timezone=SEOUL),
        id="http.sweep-answers",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=LATE_BY_S_MAX,
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)


async def run_job(job: Job, ports: Ports) -> None:
    """Run a job and keep what it says; a database that is away is no reason to stop the schedule."""
    try:
        report = await job(ports)
        async with ports.unit(SYSTEM) as work:
            await work.job_reports.write(report)
            if (report.did or report.failed) and report.job not in TELL_THEMSELVES:
                code = "jobs.partly-failed" if report.failed else None
                told = f"did={report.did} failed={report.failed}"
                await work.audit.append(job_entry(ports, report.job, object_ids=told, code=code))
            await work.commit()
    except DomainError as error:
        log.warning("jobs.failed", code=error.code)
        return
    if report.did or report.failed:
        log.info("jobs.ran", job=report.job, did=report.did, failed=report.failed)


async def sweep_sessions(ports: Ports) -> JobReport:
    """Forget expired sessions."""
    started_at = ports.clock.now()
    async with ports.unit(SYSTEM) as work:
        swept = await work.sessions.sweep(now=started_at, seen_since=started_at - SESSION_RESTS_MAX)
        await work.commit()
    return JobReport(
        job="identity.sweep-sessions",
        started_at=started_at,
        succeeded_at=ports.clock.now(),
        did=swept,
        failed=0,
        said="",
    )


async def sweep_answers(ports: Ports) -> JobReport:
    """Forget answers kept under idempotency keys for longer than promised."""
    started_at = ports.clock.now()
    async with ports.unit(SYSTEM) as work:
        swept = await work.answers.sweep(before=started_at - KEPT)
        await work.commit()
    return JobReport(
        job="http.sweep-answers", started_at=started_at, succeeded_at=ports.clock.now(), did=swept, failed=0, said=""
    )
