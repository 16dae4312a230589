"""A site's readings: the file is read outside the transaction, then stored in one."""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from domain.journeys.ports import JourneyWork
from domain.metering import registering
from domain.metering import usecases as metering
from domain.metering.arrivals import REJECTIONS_NAMED_MAX
from domain.metering.errors import ReadingsOutsideMonth
from domain.metering.model import DayKey, ImportReport, Site
from domain.metering.ports import ReadingFiles, ReadingsCrossed, SharingWork
from domain.shared.actor import SYSTEM, Actor, Extent
from domain.shared.errors import Unavailable
from domain.shared.identifiers import Ids, SiteId, TenantId
from domain.shared.time import SLOTS_A_DAY, Clock, Month
from domain.shared.unit import Committable, Unit


async def open_site(wish: metering.OpenSite, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Site:
    """Open a tenant's site with a channel for each quantity.

    Raises:
        TenantUnknown: there is no such tenant.
    """
    async with unit(wish.actor) as work:
        await work.parties.one(wish.tenant_id)
        site = await metering.open_site(wish, work=work, ids=ids, clock=clock)
        await work.commit()
    return site


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFile:
    """A readings file as it was sent; with a `month` it may tell of no other."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    content: bytes
    month: Month | None = None


async def import_file(
    wish: ImportFile, *, unit: Unit[JourneyWork], reading_files: ReadingFiles, ids: Ids, clock: Clock
) -> ImportReport:
    """Take a site's readings file; each reading is stored once however often it is sent.

    Raises:
        FileRefused: something in the file has no meaning; it says what and where.
        SiteUnknown: the tenant has no such site.
        ReadingInFuture: a slot ends more than five minutes from now.
        ReadingsOutsideMonth: it tells of another month than was expected.
    """
    metering.require_import(wish.actor, wish.tenant_id, wish.site_id)
    async with unit(wish.actor) as work:  # an unknown site is refused before a large file is read
        await work.sites.one(wish.tenant_id, wish.site_id)
    series = await reading_files.parse(wish.content)
    require_month(wish.month, sorted({day for column in series.quantities for day in column.days}))
    async with unit(wish.actor) as work:
        report = await metering.import_series(
            metering.ImportSeries(
                actor=wish.actor,
                tenant_id=wish.tenant_id,
                site_id=wish.site_id,
                series=series,
                file_sha256=metering.file_sha256(wish.content),
            ),
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return report


def require_month(month: Month | None, days: Iterable[date]) -> None:
    """Refuse days outside an expected month; without one every day may be.

    Raises:
        ReadingsOutsideMonth: a day, the first of `days`, is of another month.
    """
    if month is None:
        return
    for day in days:
        if Month.of(day) != month:
            raise ReadingsOutsideMonth(month=str(month), day=day.isoformat())


class ReadingsWork(SharingWork, Committable, Protocol):
    """What is done to readings beside other senders, in one transaction."""


class SharingUnit(Protocol):
    """Opens a transaction on somebody's behalf that shares a tenant's readings with other writers of new ones.

    Whoever holds the tenant's readings waits until it ends, and it for them. With `alone` it holds them itself.
    """

    def __call__(
        self, actor: Actor, tenant_id: TenantId, *, alone: bool = False
    ) -> AbstractAsyncContextManager[ReadingsWork]:
        """Return the context manager whose value is the work inside the transaction."""
        ...


TOGETHER_MAX = 64
"""So many requests go into one transaction at most, and no more once they hold `VALUES_TOGETHER`."""

VALUES_TOGETHER = 20_000
_UNDER_WAY_MAX = 2

_Line = tuple[Extent, TenantId, TenantId]
"""Those who may share a transaction: how far they reach, for whom, and whose readings they send."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    wish: metering.TakeReadings
    answer: asyncio.Future[metering.ReadingsReport]


class Intake:
    """Takes the readings that programs send, one process's requests of one tenant together.

    A request never waits for others to come: it starts a transaction, or, while enough of its tenant are under way,
    goes into the next with whatever waits by then. Each is answered only after the commit of its own values. New days,
    repeated ones and gaps pass beside other senders; if anything of a transaction disagrees, it is undone and each of
    its requests taken by itself.
    """

    def __init__(self, *, unit: Unit[JourneyWork], sharing: SharingUnit, ids: Ids, clock: Clock) -> None:
        self._unit = unit
        self._sharing = sharing
        self._ids = ids
        self._clock = clock
        self._waiting: dict[_Line, deque[_Waiting]] = {}
        self._under_way: dict[_Line, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, wish: metering.TakeReadings) -> metering.ReadingsReport:
        """Take a request's readings: each is stored once, in whatever order and parts and however often sent.

        Raises:
            RoleNotEnough: only an operator, the system or the tenant itself sends readings.
            SiteUnknown: the actor belongs to another tenant.
            Unavailable: the store is away or busy; nothing was stored, or it is known when sent again.
        """
        metering.require_send(wish.actor, wish.tenant_id)
        line = (wish.actor.extent, wish.actor.tenant_id, wish.tenant_id)
        mine = _Waiting(wish, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(line, deque()).append(mine)
        if self._under_way.get(line, 0) < _UNDER_WAY_MAX:
            self._under_way[line] = self._under_way.get(line, 0) + 1
            task = asyncio.create_task(self._work_off(line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await mine.answer

    async def _work_off(self, line: _Line) -> None:
        try:
            while waiting := self._waiting.get(line):
                await self._take(_next(waiting))
        finally:
            self._under_way[line] -= 1
            if not self._under_way[line]:
                del self._under_way[line]
                if not self._waiting.get(line):
                    self._waiting.pop(line, None)

    async def _take(self, batch: list[_Waiting]) -> None:
        first, wishes = batch[0].wish, [one.wish for one in batch]
        alone = metering.take_a_turn(wishes)
        try:
            async with self._sharing(first.actor, first.tenant_id, alone=alone) as work:
                reports = await metering.take_together(wishes, work=work, clock=self._clock)
                if reports is not None:
                    await work.commit()
        except ReadingsCrossed:
            for one in batch:
                await self._merge(one)
            return
        except Unavailable as error:
            _refuse(batch, error)
            return
        except Exception as error:  # one request's fault is not the others': each is taken by itself
            if len(batch) == 1:
                _refuse(batch, error)
                return
            reports = None
        if reports is not None:
            for one, report in zip(batch, reports, strict=True):
                _answer(one, report)
        elif len(batch) > 1:
            for one in batch:
                await self._take([one])
        else:
            await self._merge(batch[0])

    async def _merge(self, one: _Waiting) -> None:
        try:
            async with self._unit(one.wish.actor) as work:
                report = await metering.merge_readings(one.wish, work=work, ids=self._ids, clock=self._clock)
                if one.wish.arrived.registers:
                    report = await _with_registers(one.wish, report, work=work, ids=self._ids, clock=self._clock)
                await work.commit()
        except Exception as error:  # whoever waits for the answer raises it
            _refuse([one], error)
        else:
            _answer(one, report)


async def _with_registers(
    wish: metering.TakeReadings, report: metering.ReadingsReport, *, work: JourneyWork, ids: Ids, clock: Clock
) -> metering.ReadingsReport:
    taken = await registering.take_registers(wish, work=work, ids=ids, clock=clock)
    return replace(
        report,
        registers=taken.report,
        rejected=report.rejected + taken.rejected,
        rejections=(*report.rejections, *taken.rejections)[:REJECTIONS_NAMED_MAX],
    )


def _next(waiting: deque[_Waiting]) -> list[_Waiting]:
    """Take those who may go together: as they came, as long as no two name the same day of a channel."""
    batch = [waiting.popleft()]
    if not waiting:
        return batch
    days = _days_of(batch[0])
    while waiting and len(batch) < TOGETHER_MAX and len(days) * SLOTS_A_DAY < VALUES_TOGETHER:
        more = _days_of(waiting[0])
        if not days.isdisjoint(more):
            break
        days |= more
        batch.append(waiting.popleft())
    return batch


def _days_of(one: _Waiting) -> set[DayKey]:
    days = {(day.channel_id, day.day) for day in one.wish.arrived.days}
    days.update([(tick.channel_id, tick.day) for tick in one.wish.arrived.ticks])
    return days


def _answer(one: _Waiting, report: metering.ReadingsReport) -> None:
    if not one.answer.done():  # whoever asked may have gone
        one.answer.set_result(report)


def _refuse(batch: list[_Waiting], error: Exception) -> None:
    for one in batch:
        if not one.answer.done():
            one.answer.set_exception(error)


CHANNELS_SETTLED = 500
"""So many channels' rows are held at a time while they settle."""


async def settle_day(tenant_id: TenantId, day: date, *, unit: Unit[JourneyWork]) -> int:
    """Let the storage of a finished day become as small as it can be; return how many rows were written for it.

    What was kept as it came, of this day and earlier ones, is laid into the rows of its days. Nothing that is read
    changes. A value that still comes is taken as before; the day settles again.
    """
    settled, after = 0, None
    while count := await _fold_ticks(tenant_id, day, unit=unit):
        settled += count
    while True:
        async with unit(SYSTEM) as work:
            count, after = await work.readings.settle(tenant_id, day, after=after, limit=CHANNELS_SETTLED)
            await work.commit()
        settled += count
        if after is None:
            return settled


async def _fold_ticks(tenant_id: TenantId, day: date, *, unit: Unit[JourneyWork]) -> int:
    async with unit(SYSTEM) as work:
        await work.readings.hold(tenant_id)
        count = await work.readings.fold_ticks(tenant_id, until=day)
        await work.commit()
    return count
