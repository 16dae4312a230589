"""When what runs. The scheduler only wakes; what is due is read from the tables."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
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


def _jobs() -> Mapping[str, tuple[Job, BaseTrigger]]:
    """Return every job by its name, and when it runs."""
    return {
        "outbox.relay": (relay, IntervalTrigger(seconds=RELAY_EVERY_S, timezone=SEOUL)),
        # From the first of the month each hour: readings arrive late, and a month is closed once it is complete.
        "billing.close-months": (close_months, CronTrigger(day="1-10", minute=30, timezone=SEOUL)),
        "safety.notice-silence": (notice_silent_packs, IntervalTrigger(seconds=SILENCE_EVERY_S, timezone=SEOUL)),
        "metering.settle-days": (settle_days, CronTrigger(hour=1, minute=20, timezone=SEOUL)),
        "identity.sweep-sessions": (sweep_sessions, IntervalTrigger(hours=1, timezone=SEOUL)),
        # Days end at midnight in Seoul; every hour, so that a worker that was away catches up soon.
        "certification.end-expired": (end_expired, CronTrigger(minute=2, timezone=SEOUL)),
        "certification.open-reinspections": (open_due_reinspections, IntervalTrigger(hours=1, timezone=SEOUL)),
        # At night, after the day before is over and most of it has come; what comes later is judged the next night.
        "metering.vet-days": (vet_days, CronTrigger(hour=2, minute=40, timezone=SEOUL)),
        "metering.revise-frozen-months": (revise_frozen_months, CronTrigger(hour=3, minute=10, timezone=SEOUL)),
        "http.sweep-answers": (sweep_answers, IntervalTrigger(hours=1, timezone=SEOUL)),
    }


@asynccontextmanager
async def running_schedule(ports: Ports) -> AsyncIterator[None]:
    """Run the schedule on the present event loop until the block ends; a job under way is waited for."""
    scheduler = AsyncIOScheduler(timezone=SEOUL)
    for name, (job, trigger) in _jobs().items():
        scheduler.add_job(
            partial(run_job, job, ports),
            trigger,
            id=name,
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
