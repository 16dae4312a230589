"""What the metering ports promise, held by the fake and by PostgreSQL alike."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.meterfiles.reader import SandboxedReadingFiles
from adapters.postgres.engine import DatabaseBusy, DatabaseUnreachable, reaching
from adapters.postgres.lots import PostgresPpaLots
from adapters.postgres.metering import (
    PostgresReadingEstimates,
    PostgresReadingImports,
    PostgresReadings,
    PostgresSites,
    PostgresUsageSnapshots,
)
from adapters.postgres.meters import PostgresMeters, PostgresRegisters, PostgresServicePoints
from adapters.postgres.vetting import PostgresFindings
from app.samples import make_site
from domain.metering.errors import (
    EstimateStands,
    EstimateUnknown,
    MeterMoved,
    MeterUnknown,
    PowerAgreed,
    RatioSet,
    SiteUnknown,
    TariffAssigned,
)
from domain.metering.meters import Meter, MeterDevice, MeterKind, MeterRatio
from domain.metering.model import (
    Added,
    AsideDay,
    Channel,
    ChannelDay,
    ConflictState,
    DayBlock,
    EstimateRule,
    EstimateState,
    Fill,
    Mark,
    MeterId,
    OfferedDay,
    Quality,
    Quantity,
    ReadingEstimate,
    ReadingEstimateId,
    ReadingImport,
    ReadingImportId,
    ReadingSource,
    RevisionReason,
    Site,
    Tick,
    UsageSnapshot,
)
from domain.metering.ports import MeteringWork
from domain.metering.registers import RegisterReading
from domain.metering.service_points import SINCE_EVER, PowerTerm, ServicePoint, ServicePointId
from domain.metering.tariff import TariffAssignment
from domain.metering.usage import month_usage
from domain.metering.usecases import (
    FreezeMonth,
    ImportSeries,
    OpenSite,
    ReadMonth,
    file_sha256,
    freeze_month,
    import_series,
    open_site,
    read_month,
)
from domain.shared.actor import SYSTEM, Role
from domain.shared.identifiers import ChannelId, ContractId, SiteId, SnapshotId, TenantId
from domain.shared.time import Month
from tests.fakes.metering import MemoryMeteringWork
from tests.fakes.system import CountedIds, FixedClock, someone

ONE, TWO = TenantId(1), TenantId(2)
JULY = Month(2026, 7)
NOW = datetime(2026, 8, 1, 1, 2, 3, 456_789, tzinfo=UTC)
CONTRACT = ContractId(UUID(int=88))
_TENANTS = (
    "insert into sunhwan.industrial_complex (complex_id, name_ko, name_en) values (1, '반월', 'Banwol')",
    """insert into sunhwan.tenant
       (tenant_id, ref, complex_id, kind, name_ko, name_en, business_no, address_ko, address_en, bank_account,
        accreditation)
       select n, cast(lpad(cast(n as text), 32, '0') as uuid), 1, 'tenant', '갑', 'A', '1', '안산', 'Ansan', '1', ''
       from generate_series(1, 2) as n""",
)


class PostgresMetering:
    """The metering ports on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.sites = PostgresSites(connection)
        self.meters = PostgresMeters(connection)
        self.registers = PostgresRegisters(connection)
        self.service_points = PostgresServicePoints(connection)
        self.readings = PostgresReadings(connection)
        self.reading_imports = PostgresReadingImports(connection)
        self.reading_estimates = PostgresReadingEstimates(connection)
        self.findings = PostgresFindings(connection)
        self.ppa_lots = PostgresPpaLots(connection)
        self.usage_snapshots = PostgresUsageSnapshots(connection)


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as connection:
        for statement in _TENANTS:
            await connection.execute(text(statement))
        yield connection


@pytest.fixture(params=["memory", "postgres"])
def work(request: pytest.FixtureRequest, connection: AsyncConnection) -> MeteringWork:
    return MemoryMeteringWork() if request.param == "memory" else PostgresMetering(connection)


def site(number: int, *, tenant_id: TenantId = ONE) -> Site:
    return Site(
        site_id=SiteId(UUID(int=number)),
        tenant_id=tenant_id,
        name_ko="순환금속",
        name_en="Sunhwan Metal",
        address_ko="경기도 안산시",
        kepco_customer_no="01-2345-6789",
        contract_power_w=300_000,
    )


def channel(number: int, quantity: Quantity, *, of: Site, meter: int = 1) -> Channel:
    return Channel(
        channel_id=ChannelId(number),
        tenant_id=of.tenant_id,
        site_id=of.site_id,
        quantity=quantity,
        meter_id=meter_of(of, meter).meter_id,
    )


def meter_of(of: Site, number: int = 1, *, kind: MeterKind = MeterKind.GRID) -> Meter:
    return Meter(
        meter_id=MeterId(UUID(int=of.site_id.int * 1_000 + number)),
        tenant_id=of.tenant_id,
        site_id=of.site_id,
        kind=kind,
        devices=(
            MeterDevice(
                epoch=0,
                serial="",
                digits=9,
                count_wh=1,
                verified_until=None,
                from_at=None,
                recorded_by="김운영",
                recorded_at=NOW,
            ),
        ),
    )


def block(channel_id: int, day: int, *first: int | None, revision: int = 0) -> DayBlock:
    return DayBlock(
        channel_id=ChannelId(channel_id),
        day=date(2026, 7, day),
        revision=revision,
        values=first + (None,) * (96 - len(first)),
        quality=Quality.MEASURED,
        source=ReadingSource.SITE_FILE,
        recorded_at=NOW,
    )


async def opened(work: MeteringWork, number: int = 1, *, tenant_id: TenantId = ONE) -> Site:
    made = site(number, tenant_id=tenant_id)
    channels = [channel(1, Quantity.LOAD, of=made), channel(2, Quantity.PV, of=made)]
    await work.sites.add(made, channels, meters=[meter_of(made)])
    return made


async def july(work: MeteringWork, *channel_ids: int, tenant_id: TenantId = ONE, as_of: datetime | None = None):
    return await work.readings.day_blocks(
        tenant_id,
        [ChannelId(c) for c in channel_ids],
        first_on=date(2026, 7, 1),
        last_on=date(2026, 7, 31),
        as_of=as_of,
    )


async def test_channel_numbers_are_never_given_twice(work):
    assert await work.sites.reserve_channels(ONE, 3) == (1, 2, 3)
    assert await work.sites.reserve_channels(ONE, 2) == (4, 5)
    assert await work.sites.reserve_channels(TWO, 1) == (1,)


async def test_a_site_comes_back_as_it_was_added(work):
    made = await opened(work)

    assert await work.sites.one(ONE, made.site_id) == made
    assert await work.sites.channels(ONE, made.site_id) == (
        channel(1, Quantity.LOAD, of=made),
        channel(2, Quantity.PV, of=made),
    )


async def test_a_tenant_sees_its_own_sites_only(work):
    first = await opened(work, 1)
    second = site(2)
    await work.sites.add(second, [channel(3, Quantity.LOAD, of=second)], meters=[meter_of(second)])
    await opened(work, 3, tenant_id=TWO)

    assert await work.sites.of_tenant(ONE, limit=9) == (first, second)
    assert await work.sites.of_tenant(ONE, limit=1) == (first,)
    with pytest.raises(SiteUnknown):
        await work.sites.one(TWO, first.site_id)
    assert await work.sites.channels(TWO, first.site_id) == ()


async def test_blocks_come_back_as_they_were_written(work):
    await opened(work)
    blocks = [block(1, 2, 5, None, 0, 2**31 - 1), block(2, 1, *range(96)), block(1, 1, None, 9)]

    await work.readings.write(ONE, blocks)

    assert await july(work, 1, 2) == {(b.channel_id, b.day): b for b in blocks}
    assert await july(work, 2) == {(2, date(2026, 7, 1)): blocks[1]}


async def test_writing_nothing_is_nothing(work):
    await work.readings.write(ONE, [])

    assert await july(work, 1) == {}


async def test_a_block_is_replaced_by_one_of_the_same_revision(work):
    await opened(work)
    await work.readings.write(ONE, [block(1, 1, 5)])

    await work.readings.write(ONE, [block(1, 1, 5, 6)])

    assert list((await july(work, 1)).values()) == [block(1, 1, 5, 6)]


async def test_bytes_that_come_again_put_aside_only_what_they_had_not(work):
    made = await opened(work)
    await work.reading_imports.keep(imported(11, of=made))

    def aside(*values: int | None) -> OfferedDay:
        return OfferedDay(channel_id=ChannelId(1), day=date(2026, 7, 1), values=values + (None,) * (96 - len(values)))

    for one in (aside(None, 7), aside(6, 7, None, 8), aside(6, 7)):
        await work.readings.put_aside(ONE, UUID(int=11), [one])

    found = await work.readings.aside(ONE, [ChannelId(1)], limit=9)
    assert [(one.part, one.values) for one in found] == [
        (0, aside(None, 7).values),
        (1, aside(6, None, None, 8).values),
    ]


async def test_the_highest_revision_is_the_current_one(work):
    await opened(work)

    await work.readings.write(ONE, [block(1, 1, 5, 6, revision=1), block(1, 1, 5), block(1, 2, 7)])

    assert list((await july(work, 1)).values()) == [block(1, 1, 5, 6, revision=1), block(1, 2, 7)]


async def test_days_are_read_with_both_ends(work):
    await opened(work)
    await work.readings.write(ONE, [block(1, day, day) for day in range(1, 6)])

    found = await work.readings.day_blocks(ONE, [ChannelId(1)], first_on=date(2026, 7, 2), last_on=date(2026, 7, 4))

    assert sorted(day.day for _, day in found) == [2, 3, 4]


async def test_the_first_day_is_the_earliest_of_the_channels_asked_for(work):
    await opened(work)
    await work.readings.write(ONE, [block(1, 5, 1), block(2, 3, 1)])

    assert await work.readings.first_on(ONE, [ChannelId(1), ChannelId(2)]) == date(2026, 7, 3)
    assert await work.readings.first_on(ONE, [ChannelId(1)]) == date(2026, 7, 5)
    assert await work.readings.first_on(TWO, [ChannelId(1)]) is None


async def test_one_tenants_readings_are_not_anothers(work):
    await opened(work, 1)
    await opened(work, 2, tenant_id=TWO)
    await work.readings.write(ONE, [block(1, 1, 5)])

    await work.readings.write(TWO, [block(1, 1, 8)])

    assert list((await july(work, 1)).values()) == [block(1, 1, 5)]
    assert list((await july(work, 1, tenant_id=TWO)).values()) == [block(1, 1, 8)]


def imported(number: int, *, sha: str = "ab" * 32, of: Site) -> ReadingImport:
    return ReadingImport(
        import_id=UUID(int=number),
        tenant_id=of.tenant_id,
        site_id=of.site_id,
        file_sha256=sha,
        intervals=96,
        accepted=90,
        filled=1,
        late=2,
        duplicate=3,
        conflicting=4,
        duplicate_rows=5,
        blank_cells=6,
        first_at=NOW,
        last_at=NOW,
        recorded_at=NOW,
    )


async def test_the_same_bytes_are_one_import(work):
    made = await opened(work)
    first = imported(11, of=made)

    assert await work.reading_imports.keep(first) == first
    assert await work.reading_imports.keep(imported(12, of=made)) == first

    other = imported(13, sha="cd" * 32, of=made)
    assert await work.reading_imports.keep(other) == other
    assert await work.reading_imports.of_site(ONE, made.site_id, limit=9) == (other, first)


async def test_values_put_aside_are_kept_once(work):
    made = await opened(work)
    await work.reading_imports.keep(imported(11, of=made))
    aside = OfferedDay(channel_id=ChannelId(1), day=date(2026, 7, 1), values=(None, 7, *(None,) * 94))

    await work.readings.put_aside(ONE, UUID(int=11), [aside])
    await work.readings.put_aside(ONE, UUID(int=11), [aside])
    await work.readings.put_aside(ONE, UUID(int=11), [])

    (found,) = await work.readings.aside(ONE, [ChannelId(1)], limit=9)
    assert found == AsideDay(
        channel_id=aside.channel_id,
        day=aside.day,
        import_id=ReadingImportId(UUID(int=11)),
        part=0,
        values=aside.values,
        file_sha256=imported(11, of=made).file_sha256,
        received_at=NOW,
    )
    assert await work.readings.aside(ONE, [ChannelId(2)], limit=9) == ()


async def test_what_became_of_values_put_aside_is_said_once_and_open_ones_come_first(work):
    made = await opened(work)
    await work.reading_imports.keep(imported(11, of=made))
    days = [date(2026, 7, number) for number in (1, 2, 3)]
    for day in days:
        offered = OfferedDay(channel_id=ChannelId(1), day=day, values=(7, *(None,) * 95))
        await work.readings.put_aside(ONE, UUID(int=11), [offered])
    (newest,) = await work.readings.aside_of(ONE, ChannelId(1), days[2])
    settled = replace(newest, state=ConflictState.DISMISSED, reason="r", settled_by="정운영", settled_at=NOW)

    await work.readings.settle_aside(ONE, settled)

    found = await work.readings.aside(ONE, [ChannelId(1)], limit=9)
    assert [(one.day.day, one.state.value) for one in found] == [(2, "open"), (1, "open"), (3, "dismissed")]
    assert found[2] == settled
    assert await work.readings.aside_of(ONE, ChannelId(1), date(2026, 7, 4)) == ()
    assert [one.day.day for one in await work.readings.aside(ONE, [ChannelId(1)], limit=1)] == [2]


def snapshot(number: int, *, of: Site, month: Month = JULY, revision: int = 0) -> UsageSnapshot:
    days = {
        Quantity.STORAGE_CHARGE: dict.fromkeys(month.dates(), (40,) * 96),
        Quantity.PV: dict.fromkeys(month.dates(), (50,) * 96),
        Quantity.STORAGE_DISCHARGE: dict.fromkeys(month.dates(), (33,) * 96),
        Quantity.GRID_IMPORT: dict.fromkeys(month.dates(), (1, *(None,) * 95)),
    }
    return UsageSnapshot(
        snapshot_id=SnapshotId(UUID(int=number)),
        tenant_id=of.tenant_id,
        contract_id=CONTRACT,
        site_id=of.site_id,
        revision=revision,
        usage=month_usage(month, days, first_on=month.first_on),
        readings_sha256="0f" * 32,
        frozen_at=NOW,
    )


async def test_a_snapshot_comes_back_as_it_was_kept_and_never_changes(work):
    made = await opened(work)
    first = snapshot(21, of=made)

    assert await work.usage_snapshots.keep(first) == first
    assert await work.usage_snapshots.keep(replace(first, snapshot_id=UUID(int=22), frozen_at=datetime.max)) == first
    assert await work.usage_snapshots.find(ONE, CONTRACT, JULY) == first
    assert await work.usage_snapshots.find(TWO, CONTRACT, JULY) is None
    assert await work.usage_snapshots.find(ONE, CONTRACT, JULY, revision=1) is None


async def test_a_contracts_snapshots_are_listed_newest_month_first(work):
    made = await opened(work)
    first, second = snapshot(21, of=made), snapshot(22, of=made, month=Month(2026, 8))
    await work.usage_snapshots.keep(first)
    await work.usage_snapshots.keep(second)

    assert await work.usage_snapshots.of_contract(ONE, CONTRACT, limit=9) == (second, first)
    asked = {Month(2026, 6), JULY}
    assert await work.usage_snapshots.frozen_months(ONE, [made.site_id, UUID(int=5)], asked) == {(made.site_id, JULY)}
    assert await work.usage_snapshots.frozen_months(ONE, [UUID(int=5)], asked) == frozenset()


async def test_what_was_filled_marked_and_why_comes_back(work):
    await opened(work)
    later = NOW.replace(day=3, microsecond=7)
    whole = replace(
        block(1, 1, 5, 6, 7),
        fills=(Fill(at=NOW, slots=(1,)), Fill(at=later, slots=(2,))),
        marks=(Mark(slot=0, quality=Quality.ESTIMATED), Mark(slot=95, quality=Quality.SUSPECT)),
        reason=RevisionReason.METER_SWAP,
    )

    await work.readings.write(ONE, [whole])

    assert list((await july(work, 1)).values()) == [whole]
    assert await work.readings.blocks(ONE, [(ChannelId(1), date(2026, 7, 1))]) == {(1, date(2026, 7, 1)): whole}


async def test_what_was_known_at_an_instant_is_read_again(work):
    await opened(work)
    later, last = NOW.replace(day=3), NOW.replace(day=5)
    first = replace(block(1, 1, 5, 6), fills=(Fill(at=later, slots=(1,)),))
    revised = replace(block(1, 1, 50, 6, revision=1), recorded_at=last, reason=RevisionReason.MANUAL)
    await work.readings.write(ONE, [first, revised, replace(block(1, 2, 7), recorded_at=last)])

    async def known(as_of):
        found = await work.readings.day_blocks(
            ONE, [ChannelId(1)], first_on=date(2026, 7, 1), last_on=date(2026, 7, 31), as_of=as_of
        )
        return {day.day: found_block.values[:2] for (_, day), found_block in found.items()}

    assert await known(NOW.replace(day=1, hour=0)) == {}
    assert await known(NOW) == {1: (5, None)}
    assert await known(later) == {1: (5, 6)}
    assert await known(last) == {1: (50, 6), 2: (7, None)}
    assert await known(None) == {1: (50, 6), 2: (7, None)}


async def test_a_sites_tariff_is_assigned_once_a_day(work):
    made = await opened(work)
    wish = TariffAssignment(from_on=date(2026, 7, 1), tariff="kepco.a", deferred=True)
    later = TariffAssignment(from_on=date(2026, 9, 1), tariff="kepco.b", deferred=False)

    for one in (later, wish, wish):
        await work.sites.assign_tariff(ONE, made.site_id, one, by="김운영", at=NOW)

    assert await work.sites.tariffs(ONE, made.site_id) == (wish, later)
    assert await work.sites.tariffs(TWO, made.site_id) == ()
    with pytest.raises(TariffAssigned):
        await work.sites.assign_tariff(ONE, made.site_id, replace(wish, deferred=False), by="김운영", at=NOW)


def estimate(number: int, day: int, *, of: Site, channel_id: int = 1) -> ReadingEstimate:
    return ReadingEstimate(
        estimate_id=ReadingEstimateId(UUID(int=number)),
        tenant_id=of.tenant_id,
        site_id=of.site_id,
        channel_id=ChannelId(channel_id),
        day=date(2026, 7, day),
        values=(None, 7, 2**31 - 1, *(None,) * 93),
        rule=EstimateRule.LINEAR,
        basis="1-2: 7, 9",
        state=EstimateState.PROPOSED,
        proposed_by="이입주",
        proposed_at=NOW,
    )


async def test_an_estimate_is_decided_once(work):
    made = await opened(work)
    first, second = estimate(31, 1, of=made), estimate(32, 2, of=made)
    await work.reading_estimates.propose([first, second])
    await work.reading_estimates.propose([])

    async def listed():
        return await work.reading_estimates.of_site(
            ONE, made.site_id, first_on=date(2026, 7, 1), last_on=date(2026, 7, 31), limit=9
        )

    assert await listed() == (second, first)
    decided = replace(first, state=EstimateState.ACCEPTED, decided_by="김운영", decided_at=NOW)
    await work.reading_estimates.decide(ONE, first.estimate_id, state=EstimateState.ACCEPTED, by="김운영", at=NOW)
    assert await work.reading_estimates.one(ONE, first.estimate_id) == decided
    with pytest.raises(EstimateStands):
        await work.reading_estimates.decide(ONE, first.estimate_id, state=EstimateState.REFUSED, by="김운영", at=NOW)
    with pytest.raises(EstimateUnknown):
        await work.reading_estimates.one(TWO, first.estimate_id)
    again = estimate(33, 1, of=made)
    await work.reading_estimates.propose([again])
    assert await listed() == (again, second, decided)


async def test_a_channels_day_has_one_open_estimate(work):
    made = await opened(work)
    await work.reading_estimates.propose([estimate(31, 1, of=made)])

    with pytest.raises(EstimateStands):
        await work.reading_estimates.propose([estimate(32, 1, of=made)])


async def test_frozen_months_before_one_come_newest_first_in_their_last_revision(work):
    made = await opened(work)
    other = site(2)
    await work.sites.add(other, [channel(9, Quantity.LOAD, of=other)], meters=[meter_of(other)])
    may = snapshot(41, of=made, month=Month(2026, 5))
    june = snapshot(42, of=made, month=Month(2026, 6))
    late = replace(june, snapshot_id=SnapshotId(UUID(int=43)), revision=1, frozen_at=NOW.replace(day=9))
    elsewhere = replace(june, site_id=other.site_id, contract_id=ContractId(UUID(int=89)), snapshot_id=UUID(int=44))
    for one in (may, june, late, elsewhere, snapshot(45, of=made)):
        await work.usage_snapshots.keep(one)

    async def before(month, **asked):
        return await work.usage_snapshots.frozen_before(ONE, made.site_id, month, **{"limit": 9} | asked)

    assert await before(JULY) == (late, may)
    assert await before(JULY, limit=1) == (late,)
    assert await before(JULY, as_of=NOW) == (june, may)
    assert await before(Month(2026, 5)) == ()
    assert await work.usage_snapshots.revisions(ONE, CONTRACT, Month(2026, 6)) == (june, late)
    assert await work.usage_snapshots.revisions(TWO, CONTRACT, Month(2026, 6)) == ()
    assert await work.usage_snapshots.of_month(ONE, made.site_id, Month(2026, 6)) == (june, late)
    assert await work.usage_snapshots.of_month(ONE, other.site_id, Month(2026, 6)) == (elsewhere,)
    assert await work.usage_snapshots.of_month(TWO, made.site_id, Month(2026, 6)) == ()


async def test_a_sample_file_goes_in_once_and_a_month_comes_out(work):
    content = make_site.PATH.read_bytes()
    series = await SandboxedReadingFiles().parse(content)
    operator, ids, clock = someone(Role.OPERATOR), CountedIds(), FixedClock(datetime(2026, 10, 2, tzinfo=UTC))
    made = await open_site(
        OpenSite(
            actor=operator,
            tenant_id=ONE,
            name_ko="견본",
            name_en="Sample",
            address_ko="안산",
            kepco_customer_no="1",
            contract_power_w=300_000,
        ),
        work=work,
        ids=ids,
        clock=clock,
    )
    wish = ImportSeries(
        actor=operator, tenant_id=ONE, site_id=made.site_id, series=series, file_sha256=file_sha256(content)
    )

    first = await import_series(wish, work=work, ids=ids, clock=clock)
    again = await import_series(wish, work=work, ids=ids, clock=clock)

    assert (first.intervals, first.accepted, first.duplicate) == (8_832, 61_824, 0)
    assert (again.accepted, again.duplicate, again.sent_before) == (0, 61_824, True)
    month = Month(2026, 9)
    freeze = FreezeMonth(actor=operator, tenant_id=ONE, site_id=made.site_id, contract_id=CONTRACT, month=month)
    frozen = await freeze_month(freeze, work=work, ids=ids, clock=clock)
    assert await freeze_month(freeze, work=work, ids=ids, clock=clock) == frozen
    assert (frozen.usage.renewable_share_ppm, frozen.usage.storage_discharge_wh) == (784_733, 3_834_090)
    shown = await read_month(ReadMonth(actor=operator, tenant_id=ONE, site_id=made.site_id, month=month), work=work)
    assert shown.usage == frozen.usage


@pytest.mark.parametrize(
    "statement",
    [
        "update sunhwan.interval_day set wh = wh[1:95]",
        "update sunhwan.interval_day set wh[1] = -1",
        "update sunhwan.interval_day set quality = 'guessed'",
        "update sunhwan.usage_snapshot set renewable_wh = renewable_wh + 1",
        "update sunhwan.usage_snapshot set month = '2026-13'",
        "update sunhwan.channel set quantity = 'pv'",
        "update sunhwan.site set tenant_id = 9",
    ],
)
async def test_the_tables_repeat_the_rules(statement, connection):
    work = PostgresMetering(connection)
    made = await opened(work)
    await work.readings.write(ONE, [block(1, 1, 5)])
    await work.usage_snapshots.keep(snapshot(21, of=made))

    with pytest.raises(IntegrityError):
        await connection.execute(text(statement))


async def test_a_second_writer_of_a_tenants_readings_waits(engine):
    async with engine.connect() as first, engine.connect() as second:
        await PostgresReadings(first).hold(ONE)
        await PostgresReadings(second).hold(TWO)
        free = await second.execute(text("select pg_try_advisory_xact_lock(cast(1380270404 as int4), cast(1 as int4))"))
        assert free.scalar_one() is False
        await first.rollback()
        free = await second.execute(text("select pg_try_advisory_xact_lock(cast(1380270404 as int4), cast(1 as int4))"))
        assert free.scalar_one() is True


def said(channel_id: int, day: int, *first: int | None) -> ChannelDay:
    return ChannelDay(
        channel_id=ChannelId(channel_id), day=date(2026, 7, day), values=first + (None,) * (96 - len(first))
    )


async def add(work: MeteringWork, *days: ChannelDay, site_ids=()) -> Added:
    return await work.readings.add(ONE, days, site_ids=site_ids, source=ReadingSource.API, now=NOW)


NEW = Added(same=frozenset(), other=frozenset(), refused=False)


async def test_channels_are_found_by_their_numbers_within_the_tenant(work):
    made = await opened(work)
    await opened(work, 3, tenant_id=TWO)

    assert await work.sites.numbered(ONE, [ChannelId(2), ChannelId(9), ChannelId(1)]) == (
        channel(1, Quantity.LOAD, of=made),
        channel(2, Quantity.PV, of=made),
    )
    assert await work.sites.numbered(ONE, []) == ()


async def test_added_days_come_back_as_blocks_of_the_api(work):
    await opened(work)
    full = ChannelDay(channel_id=ChannelId(2), day=date(2026, 7, 1), values=(*range(95), 2**31 - 1))

    assert await add(work, full, said(1, 2, 5, None, 0)) == NEW

    assert await july(work, 1, 2) == {
        (1, date(2026, 7, 2)): replace(block(1, 2, 5, None, 0), source=ReadingSource.API),
        (2, date(2026, 7, 1)): replace(block(2, 1, *full.values), source=ReadingSource.API),
    }


async def test_adding_tells_new_same_and_other_days_apart_and_changes_none_that_is_kept(work):
    await opened(work)
    await work.readings.write(ONE, [block(1, 1, 5), block(1, 2, 5), block(1, 2, 5, 6, revision=1), block(1, 3, 7)])
    before = await july(work, 1)

    met = await add(work, said(1, 1, 5), said(1, 2, 5), said(1, 3, 7, 8), said(1, 4, 9))

    assert met == Added(
        same=frozenset({(1, date(2026, 7, 1))}),
        other=frozenset({(1, date(2026, 7, 2)), (1, date(2026, 7, 3))}),
        refused=False,
    )
    assert await july(work, 1) == {
        **before,
        (1, date(2026, 7, 4)): replace(block(1, 4, 9), source=ReadingSource.API),
    }


async def test_a_day_with_an_estimate_is_never_just_the_same(work):
    await opened(work)
    estimated = replace(block(1, 1, 5, 6), marks=(Mark(slot=1, quality=Quality.ESTIMATED),))
    await work.readings.write(ONE, [estimated])

    met = await add(work, said(1, 1, 5, 6))

    assert met == Added(same=frozenset(), other=frozenset({(1, date(2026, 7, 1))}), refused=False)


WHOLE_SECOND = NOW.replace(microsecond=0)


def ticks_of(days: Iterable[ChannelDay]) -> list[Tick]:
    return [
        Tick(day.channel_id, day.day, slot, value)
        for day in days
        for slot, value in enumerate(day.values)
        if value is not None
    ]


async def tick(work: MeteringWork, *days: ChannelDay, site_ids=(), at=WHOLE_SECOND):
    return await work.readings.tick(ONE, ticks_of(days), site_ids=site_ids, source=ReadingSource.API, now=at)


async def test_a_tick_begins_days_fills_empty_slots_in_place_and_tells_what_was_known(work):
    await opened(work)
    begun_at, filled_at = WHOLE_SECOND, NOW.replace(microsecond=789_000)
    await work.readings.write(ONE, [block(1, 2, 5, 6)])

    assert await tick(work, said(2, 1, None, 9), said(1, 1, 7), at=begun_at) == frozenset()
    assert await tick(work, said(1, 1, None, 8), said(2, 1, None, 9), said(1, 2, None, None, 4), at=filled_at) == {
        (2, date(2026, 7, 1))
    }

    api = {"source": ReadingSource.API}
    assert await july(work, 1, 2) == {
        (1, date(2026, 7, 1)): replace(
            block(1, 1, 7, 8), recorded_at=begun_at, fills=(Fill(at=filled_at, slots=(1,)),), **api
        ),
        (2, date(2026, 7, 1)): replace(block(2, 1, None, 9), recorded_at=begun_at, **api),
        (1, date(2026, 7, 2)): replace(block(1, 2, 5, 6, 4), fills=(Fill(at=filled_at, slots=(2,)),), **api),
    }


@pytest.mark.parametrize("slot", [0, 47, 95])
async def test_a_tick_may_be_any_slot(slot, work):
    await opened(work)
    values = [None] * 96
    values[slot] = 3

    await tick(work, said(1, 1, *values))

    ((_, found),) = (await july(work, 1)).items()
    assert found.values == tuple(values)


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param([block(1, 1, 5)], id="another value"),
        pytest.param(
            [replace(block(1, 1, None, 5), marks=(Mark(slot=1, quality=Quality.ESTIMATED),))], id="an estimate"
        ),
        pytest.param([block(1, 1, None, 5), block(1, 1, None, 6, revision=1)], id="a revision"),
    ],
)
async def test_a_tick_that_needs_a_turn_says_so(kept, work):
    await opened(work)
    await work.readings.write(ONE, kept)

    assert await tick(work, said(1, 1, 4), said(2, 1, 4)) is None


async def test_a_tick_of_many_days_does_what_a_tick_of_one_does(work):
    await opened(work)
    begun_at, filled_at = WHOLE_SECOND, WHOLE_SECOND + timedelta(minutes=15)
    api = {"source": ReadingSource.API}
    first = [said(number, day, 7) for number in (1, 2) for day in range(1, 30)]
    await tick(work, *first, at=begun_at)
    second = [said(number, day, None, day) for number in (1, 2) for day in range(2, 28)]
    again, new = [said(number, 1, 7) for number in (1, 2)], [said(number, 30, 9) for number in (1, 2)]

    assert await tick(work, *second, *again, *new, at=filled_at) == {(1, date(2026, 7, 1)), (2, date(2026, 7, 1))}
    assert await tick(work, *second, *again, *new, at=filled_at) == {
        (d.channel_id, d.day) for d in second + again + new
    }
    assert await july(work, 2) == {
        (2, date(2026, 7, day)): replace(
            block(2, day, 9 if day == 30 else 7, *([day] if 2 <= day < 28 else [])),
            recorded_at=filled_at if day == 30 else begun_at,
            fills=(Fill(at=filled_at, slots=(1,)),) if 2 <= day < 28 else (),
            **api,
        )
        for day in range(1, 31)
    }
    assert await tick(work, *second[:40], said(1, 29, 8), at=filled_at) is None


@pytest.mark.parametrize("kept", ["another value", "marked", "revised"])
async def test_a_tick_of_many_days_that_needs_a_turn_says_so(kept, work):
    await opened(work)
    blocks = {
        "another value": [block(1, 30, 5)],
        "marked": [replace(block(1, 30, None, 5), marks=(Mark(slot=1, quality=Quality.ESTIMATED),))],
        "revised": [block(1, 30, None, 5), block(1, 30, None, 6, revision=1)],
    }[kept]
    await work.readings.write(ONE, blocks)

    assert await tick(work, *[said(n, day, 4) for n in (1, 2) for day in range(1, 30)], said(1, 30, 4)) is None


async def test_no_tick_of_many_days_is_taken_in_a_frozen_month(work):
    made = await opened(work)
    await work.readings.write(ONE, [block(1, day, None, 5) for day in range(1, 31)])
    await work.usage_snapshots.keep(snapshot(21, of=made))

    assert await tick(work, *[said(n, d, 4) for n in (1, 2) for d in range(1, 31)], site_ids=[made.site_id]) is None


async def test_no_tick_is_taken_in_a_frozen_month(work):
    made = await opened(work)
    await work.readings.write(ONE, [block(1, 1, None, 5)])
    await work.usage_snapshots.keep(snapshot(21, of=made))

    assert await tick(work, said(1, 1, 4), site_ids=[made.site_id]) is None
    assert await july(work, 1) == {(1, date(2026, 7, 1)): block(1, 1, None, 5)}


async def test_fills_come_back_whenever_they_came(work):
    await opened(work)
    slot_end = datetime(2026, 6, 30, 15, 15, tzinfo=UTC)
    after = [-300_000, -1, 0, 63, 64, 8_191, 8_192, 1_048_575, 1_048_576, 10**9, 10**12]
    fills = [Fill(at=slot_end + timedelta(milliseconds=ms), slots=(0,)) for ms in after]
    fills += [
        Fill(at=slot_end + timedelta(microseconds=1), slots=(3,)),
        Fill(at=NOW.replace(microsecond=0), slots=(5, 6, 7)),
        Fill(at=NOW.replace(microsecond=0), slots=(9, 11)),
        Fill(at=NOW.replace(microsecond=0), slots=tuple(range(96))),
    ]
    whole = replace(block(1, 1, *range(96)), fills=tuple(fills))

    await work.readings.write(ONE, [whole])

    assert list((await july(work, 1)).values()) == [whole]


async def test_a_day_that_settled_says_the_same_as_before(work):
    await opened(work)
    begun_at = datetime(2026, 6, 30, 15, 15, 1, tzinfo=UTC)
    arrivals = [begun_at + timedelta(minutes=15 * slot, milliseconds=slot * slot % 900 - 300) for slot in range(96)]
    for slot, at in enumerate(arrivals):
        if slot != 40:
            await tick(work, said(1, 1, *[None] * slot, slot), at=at)
    await tick(work, said(1, 1, *[None] * 40, 40), at=arrivals[95] + timedelta(hours=3))
    before = await july(work, 1)
    then = [await july(work, 1, as_of=at) for at in arrivals[::7]]
    await tick(work, said(2, 2, 5), at=arrivals[3])

    _, after = await work.readings.settle(ONE, date(2026, 7, 1), after=None, limit=1)
    await work.readings.settle(ONE, date(2026, 7, 1), after=after, limit=100)

    assert await july(work, 1) == before
    assert [await july(work, 1, as_of=at) for at in arrivals[::7]] == then
    assert (await work.readings.settle(ONE, date(2026, 7, 1), after=None, limit=100)) == (0, None)
    await tick(work, said(2, 2, None, 6), at=arrivals[4])
    assert len((await july(work, 2))[2, date(2026, 7, 2)].fills) == 1


async def test_locked_blocks_are_the_current_ones_and_nobody_else_changes_them(work):
    await opened(work)
    newest = block(1, 1, 5, 6, revision=1)
    await work.readings.write(ONE, [block(1, 1, 5), newest, block(2, 1, 8)])

    assert await work.readings.locked(ONE, [(ChannelId(1), date(2026, 7, 1)), (ChannelId(2), date(2026, 7, 2))]) == {
        (1, date(2026, 7, 1)): newest
    }


async def test_many_ticks_fill_each_its_own_slot_whichever_their_neighbours_fill(work):
    await opened(work)
    days = [(channel, day) for channel in (1, 2) for day in range(1, 29)]
    slots = [(7 * place) % 5 for place in range(len(days))]  # not the neighbour's
    await work.readings.write(ONE, [block(*key, *[None] * 8, 9) for key in days])

    told = [said(*key, *[None] * slot, slot) for key, slot in zip(days, slots, strict=True)]
    assert await tick(work, *told) == frozenset()

    found = await july(work, 1, 2)
    for (number, day), slot in zip(days, slots, strict=True):
        kept = found[number, date(2026, 7, day)]
        assert kept.values == (*[None] * slot, slot, *[None] * (7 - slot), 9, *[None] * 87)
        assert kept.fills == (Fill(at=WHOLE_SECOND, slots=(slot,)),)


async def test_a_day_that_another_sender_begins_meanwhile_is_neither_new_nor_the_same(connection, postgres_unit):
    await opened(PostgresMetering(connection))
    await connection.commit()
    async with postgres_unit.sharing(SYSTEM, ONE) as first, postgres_unit.sharing(SYSTEM, ONE) as second:
        assert await add(first, said(1, 1, 5)) == NEW
        waiting = asyncio.create_task(add(second, said(1, 1, 5), said(1, 2, 6)))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await first.commit()

        assert (await waiting).refused

    async with postgres_unit.sharing(SYSTEM, ONE) as third:
        met = await add(third, said(1, 1, 5), said(1, 2, 6))
        assert met == Added(same=frozenset({(1, date(2026, 7, 1))}), other=frozenset(), refused=False)


@pytest.mark.parametrize("alone", [False, True])
async def test_ticks_of_the_same_days_pass_one_after_the_other(alone, connection, postgres_unit, any_slot_makes_a_page):
    await opened(PostgresMetering(connection))
    await PostgresMetering(connection).readings.write(ONE, [block(1, day, 5) for day in range(1, 9)])
    await connection.commit()
    days = [(channel, day) for channel in (1, 2) for day in range(1, 13)] if alone else [(1, 1)]
    say = keep if alone else tick

    async def send(*first: int | None) -> None:
        async with postgres_unit.sharing(SYSTEM, ONE, alone=alone) as second:
            assert await say(second, *[said(*day, *first) for day in days]) == frozenset()
            await second.commit()

    async with postgres_unit.sharing(SYSTEM, ONE, alone=alone) as first:
        assert await say(first, *[said(*day, None, 6) for day in days]) == frozenset()
        waiting = asyncio.create_task(send(None, None, 7))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await first.commit()

    await waiting
    found = await july(PostgresMetering(connection), 1, 2)
    assert [found[number, date(2026, 7, day)].values[1:3] for number, day in days] == [(6, 7)] * len(days)


async def keep(work: MeteringWork, *days: ChannelDay, site_ids=(), at=WHOLE_SECOND):
    return await work.readings.keep_ticks(ONE, ticks_of(days), site_ids=site_ids, now=at)


async def paged(connection: AsyncConnection) -> int:
    found: int = (await connection.execute(text("select count(*) from sunhwan.tick_page"))).scalar_one()
    return found


@pytest.mark.usefixtures("any_slot_makes_a_page")
async def test_what_is_kept_as_it_came_is_read_as_if_it_were_in_its_day(work):
    await opened(work)
    at = [WHOLE_SECOND + timedelta(minutes=15 * slot) for slot in range(4)]
    api = {"source": ReadingSource.API, "recorded_at": at[0]}
    await work.readings.write(ONE, [replace(block(2, 2, None, None, None, 9), recorded_at=at[0])])

    assert await keep(work, said(2, 1, 6), said(1, 2, 7), said(1, 1, 5), at=at[0]) == frozenset()
    assert await keep(work, said(1, 1, None, 8), said(2, 2, None, 4), at=at[1]) == frozenset()
    assert await keep(work, said(1, 1, None, 8), said(2, 1, None, 3), at=at[2]) == {(1, date(2026, 7, 1))}
    assert await keep(work, said(1, 1, 6)) is None
    assert await keep(work, said(2, 2, None, None, None, 8)) is None

    known = {
        (1, date(2026, 7, 1)): replace(block(1, 1, 5, 8), fills=(Fill(at=at[1], slots=(1,)),), **api),
        (1, date(2026, 7, 2)): replace(block(1, 2, 7), **api),
        (2, date(2026, 7, 1)): replace(block(2, 1, 6, 3), fills=(Fill(at=at[2], slots=(1,)),), **api),
        (2, date(2026, 7, 2)): replace(block(2, 2, None, 4, None, 9), fills=(Fill(at=at[1], slots=(1,)),), **api),
    }
    for _ in range(2):
        assert await july(work, 1, 2) == known
        assert list(await july(work, 1)) == [(1, date(2026, 7, 1)), (1, date(2026, 7, 2))]
        assert await work.readings.blocks(ONE, list(known)[1:]) == dict(list(known.items())[1:])
        then = await july(work, 1, 2, as_of=at[1])
        assert {key: block.values[:4] for key, block in then.items()} == {
            (1, date(2026, 7, 1)): (5, 8, None, None),
            (1, date(2026, 7, 2)): (7, None, None, None),
            (2, date(2026, 7, 1)): (6, None, None, None),
            (2, date(2026, 7, 2)): (None, 4, None, 9),
        }
        assert await july(work, 1, 2, as_of=at[0] - timedelta(milliseconds=1)) == {}
        assert await work.readings.first_on(ONE, [ChannelId(1), ChannelId(2)]) == date(2026, 7, 1)
        while await work.readings.fold_ticks(ONE, until=date(2026, 7, 31)):
            pass


@pytest.mark.usefixtures("any_slot_makes_a_page")
async def test_a_day_whose_first_value_was_kept_as_it_came_began_with_it(work):
    await opened(work)
    later = WHOLE_SECOND + timedelta(seconds=5)
    await keep(work, said(1, 1, 5), said(2, 1, 5))
    await tick(work, said(1, 1, None, 6), at=later)

    expected = replace(
        block(1, 1, 5, 6),
        recorded_at=WHOLE_SECOND,
        source=ReadingSource.API,
        fills=(Fill(at=later, slots=(1,)),),
    )
    assert await july(work, 1) == {(1, date(2026, 7, 1)): expected}
    await work.readings.fold_ticks(ONE, until=date(2026, 7, 1))
    assert await july(work, 1) == {(1, date(2026, 7, 1)): expected}


@pytest.mark.usefixtures("any_slot_makes_a_page")
async def test_days_fold_the_earliest_first_until_the_day_that_is_asked(work, connection):
    await opened(work)
    await keep(work, said(1, 1, 5), said(2, 1, 5), said(1, 2, 5), said(2, 3, 5))
    before = await july(work, 1, 2)
    if await paged(connection):  # the fake keeps nothing as it came
        assert await work.readings.fold_ticks(ONE, until=date(2026, 6, 30)) == 0
        assert await work.readings.fold_ticks(ONE, until=date(2026, 7, 2)) == 2
        assert await paged(connection) == 2
        assert await work.readings.fold_ticks(ONE, until=date(2026, 7, 2)) == 1
        assert await paged(connection) == 1

    assert await work.readings.fold_ticks(ONE, until=date(2026, 7, 2)) == 0
    assert await july(work, 1, 2) == before


@pytest.mark.usefixtures("any_slot_makes_a_page")
async def test_a_correction_finds_what_was_kept_as_it_came_and_leaves_each_value_in_one_place(work, connection):
    await opened(work)
    await keep(work, said(1, 1, 5), said(2, 1, 6))
    await keep(work, said(2, 1, None, 7), at=WHOLE_SECOND + timedelta(minutes=15))
    before = await july(work, 1, 2)

    await work.readings.write(
        ONE, [block(1, 1, 4, revision=1)]
    )  # its page speaks of channel 2 too, another of it alone

    assert await july(work, 1, 2) == {**before, (1, date(2026, 7, 1)): block(1, 1, 4, revision=1)}
    assert await july(work, 1, as_of=WHOLE_SECOND) == {key: known for key, known in before.items() if key[0] == 1}
    assert await keep(work, said(1, 1, None, 4)) is None


@pytest.mark.usefixtures("any_slot_makes_a_page")
@pytest.mark.parametrize("kept", ["another value", "marked", "revised"])
async def test_what_would_be_kept_as_it_came_but_needs_a_turn_says_so(kept, work):
    await opened(work)
    blocks = {
        "another value": [block(1, 1, 5)],
        "marked": [replace(block(1, 1, None, 5), marks=(Mark(slot=1, quality=Quality.ESTIMATED),))],
        "revised": [block(1, 1, None, 5), block(1, 1, None, 6, revision=1)],
    }[kept]
    await work.readings.write(ONE, blocks)

    assert await keep(work, said(1, 1, 4), said(2, 1, 4)) is None


@pytest.mark.usefixtures("any_slot_makes_a_page")
async def test_nothing_is_kept_as_it_came_in_a_frozen_month(work):
    made = await opened(work)
    await work.usage_snapshots.keep(snapshot(21, of=made))

    assert await keep(work, said(1, 1, 4), said(2, 1, 4), site_ids=[made.site_id]) is None
    assert await july(work, 1, 2) == {}


@pytest.mark.usefixtures("any_slot_makes_a_page")
async def test_those_who_share_touch_nothing_that_is_kept_as_it_came(connection):
    work = PostgresMetering(connection)
    await opened(work)
    await keep(work, said(1, 1, 5), said(2, 1, 5))
    await work.readings.write(ONE, [block(1, 2, 1)])
    await keep(work, said(1, 2, None, 5), said(2, 2, None, 5))

    assert await tick(work, said(1, 1, 5)) is None
    assert await tick(work, said(1, 1, 6)) is None
    assert (await add(work, said(1, 1, 5, 6), said(1, 3, 5, 6))).refused
    met = await add(work, said(1, 2, 1, None, 7))
    assert (met.same, met.other, met.refused) == (frozenset(), frozenset(), True)
    assert await tick(work, said(1, 1, None, 6)) == frozenset()


PAGE = (
    "insert into sunhwan.tick_page (tenant_id, day, slot, first_channel, last_channel, channel_ids, wh, recorded_at)"
    " values (1, date '2026-07-01', {slot}, 1, 2, {channel_ids}, {wh}, now())"
)


@pytest.mark.parametrize(
    "broken",
    [
        {"slot": "96"},
        {"slot": "-1"},
        {"wh": "array[1]"},
        {"wh": "array[1, -1]"},
        {"wh": "array[1, null]"},
        {"channel_ids": "array[1, null]"},
        {"channel_ids": "cast(array[] as int4[])", "wh": "cast(array[] as int4[])"},
        {"channel_ids": "array_fill(1, array[497])", "wh": "array_fill(1, array[497])"},
    ],
)
async def test_the_database_keeps_no_page_without_sense(broken, connection):
    await opened(PostgresMetering(connection))
    whole = {"slot": "0", "channel_ids": "array[1, 2]", "wh": "array[5, 6]"}
    await connection.execute(text(PAGE.format(**whole)))

    with pytest.raises(IntegrityError):
        await connection.execute(text(PAGE.format(**{**whole, "slot": "1", **broken})))


async def test_no_day_is_stored_of_a_channel_that_the_tenant_has_not(connection, any_slot_makes_a_page):
    work = PostgresMetering(connection)
    await opened(work)

    with pytest.raises(ValueError, match="channel"):
        await work.readings.write(ONE, [block(9, 1, 5)])
    assert (await add(work, said(9, 1, 5))).refused
    assert await tick(work, said(9, 1, 5)) is None
    assert await keep(work, said(1, 1, 5), said(9, 1, 5)) is None
    assert await july(work, 9) == {}


async def test_nothing_is_added_once_a_month_is_frozen(work):
    made = await opened(work)
    await work.readings.write(ONE, [block(1, 1, 5)])
    await work.usage_snapshots.keep(snapshot(21, of=made))

    met = await add(work, said(1, 1, 5), said(1, 2, 6), site_ids=[made.site_id])

    assert met == Added(same=frozenset({(1, date(2026, 7, 1))}), other=frozenset(), refused=True)
    assert list(await july(work, 1)) == [(1, date(2026, 7, 1))]


async def test_just_the_blocks_that_are_asked_for_are_read(work):
    await opened(work)
    newest = block(1, 1, 5, 6, revision=1)
    await work.readings.write(ONE, [block(1, 1, 5), newest, block(1, 2, 7), block(2, 1, 8), block(2, 2, 9)])

    wanted = [(ChannelId(1), date(2026, 7, 1)), (ChannelId(2), date(2026, 7, 2)), (ChannelId(2), date(2026, 7, 3))]

    assert await work.readings.blocks(ONE, wanted) == {
        (1, date(2026, 7, 1)): newest,
        (2, date(2026, 7, 2)): block(2, 2, 9),
    }


async def test_those_who_share_pass_each_other_and_wait_for_one_who_holds(engine, postgres_unit):
    async with postgres_unit.sharing(SYSTEM, ONE), postgres_unit.sharing(SYSTEM, ONE), engine.connect() as third:
        await third.execute(text("set local lock_timeout = '50ms'"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            await PostgresReadings(third).hold(ONE)


BUSY = [
    pytest.param(lambda work: work.readings.hold(ONE), id="hold"),
    pytest.param(
        lambda work: work.readings.day_blocks(
            ONE, [ChannelId(1)], first_on=date(2026, 7, 1), last_on=date(2026, 7, 1), as_of=NOW
        ),
        id="as of",
    ),
]


@pytest.mark.parametrize("step", BUSY)
async def test_waiting_too_long_for_another_writer_is_busy_and_not_our_mistake(step, engine, postgres_unit):
    async with engine.connect() as writer:
        await PostgresReadings(writer).hold(ONE)

        async def waiting():
            async with postgres_unit(SYSTEM) as work:
                await work._transaction.driver.execute("set local lock_timeout = '50ms'")
                await step(work)

        with pytest.raises(DatabaseBusy):
            await waiting()


async def test_what_was_known_waits_for_those_who_are_storing(engine, postgres_unit):
    async with engine.connect() as writer:
        await PostgresReadings(writer).hold(ONE)
        async with postgres_unit(SYSTEM) as work:
            asked = asyncio.create_task(
                work.readings.day_blocks(
                    ONE, [ChannelId(1)], first_on=date(2026, 7, 1), last_on=date(2026, 7, 1), as_of=NOW
                )
            )
            done, _ = await asyncio.wait([asked], timeout=0.1)
            assert not done
            await writer.rollback()
            assert await asked == {}
            assert await free(engine), "a reader keeps nobody waiting once it has its turn"


async def free(engine) -> bool:
    async with engine.connect() as connection:
        asked = text("select pg_try_advisory_xact_lock(cast(1380270404 as int4), cast(1 as int4))")
        return bool((await connection.execute(asked)).scalar_one())


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (asyncpg.DeadlockDetectedError, DatabaseBusy),
        (asyncpg.QueryCanceledError, DatabaseBusy),
        (asyncpg.SerializationError, DatabaseBusy),
        (asyncpg.LockNotAvailableError, DatabaseBusy),
        (asyncpg.AdminShutdownError, DatabaseUnreachable),
        (asyncpg.InternalClientError, DatabaseUnreachable),
        (asyncpg.UniqueViolationError, asyncpg.UniqueViolationError),
    ],
)
def test_what_the_driver_says_itself_is_named_as_well(error, named):
    with pytest.raises(named), reaching():
        raise error("said by the driver")


async def test_meters_keep_their_devices_ratios_and_channels(work):
    made = await opened(work)
    further = meter_of(made, 2, kind=MeterKind.LOAD)
    hung = replace(channel(3, Quantity.LOAD, of=made, meter=2), slot_minutes=5, from_on=date(2026, 7, 2))
    await work.meters.add([further], [hung])
    device = replace(further.device, epoch=1, serial="L-2", from_at=NOW)
    ratio = MeterRatio(from_on=date(2026, 7, 1), numerator=40, denominator=3)

    await work.meters.exchange(ONE, further.meter_id, device)
    await work.meters.describe(ONE, further.meter_id, replace(device, verified_until=date(2030, 1, 1)))
    await work.meters.rate(ONE, further.meter_id, ratio, by="김운영", at=NOW)
    await work.meters.rate(ONE, further.meter_id, ratio, by="김운영", at=NOW)
    await work.meters.take_away(ONE, further.meter_id, until_on=date(2026, 7, 9))

    kept = await work.meters.one(ONE, further.meter_id)
    told = replace(device, verified_until=date(2030, 1, 1))
    assert kept == replace(further, devices=(further.device, told), ratios=(ratio,))
    assert await work.meters.of_site(ONE, made.site_id) == (meter_of(made), kept)
    assert await work.meters.several(ONE, []) == ()
    assert await work.meters.hanging(ONE, "L-2") == (further.meter_id,)
    assert await work.meters.hanging(TWO, "L-2") == ()
    assert (await work.sites.channels(ONE, made.site_id))[-1] == replace(hung, until_on=date(2026, 7, 9))
    with pytest.raises(MeterMoved):
        await work.meters.exchange(ONE, further.meter_id, device)
    with pytest.raises(RatioSet):
        await work.meters.rate(ONE, further.meter_id, replace(ratio, numerator=41), by="김운영", at=NOW)
    with pytest.raises(MeterUnknown):
        await work.meters.one(TWO, further.meter_id)


async def test_registers_are_found_with_their_neighbours_and_move_to_the_next_epoch(work):
    await opened(work)
    reads = [
        RegisterReading(
            channel_id=ChannelId(1), epoch=0, read_at=NOW + timedelta(minutes=15 * number), value=100 + number
        )
        for number in range(5)
    ]
    await work.registers.add(ONE, reads, now=NOW)
    await work.registers.add(ONE, [], now=NOW)

    async def near(first, last, tenant_id=ONE):
        return await work.registers.near(
            tenant_id, ChannelId(1), first_at=NOW + timedelta(minutes=first), last_at=NOW + timedelta(minutes=last)
        )

    assert await near(30, 30) == tuple(reads[1:4])
    assert await near(16, 29) == tuple(reads[1:3])
    assert await near(-9, 900) == tuple(reads)
    assert await near(0, 60, TWO) == ()
    assert await work.registers.has_reads(ONE, ChannelId(1), epoch=0)
    assert not await work.registers.has_reads(ONE, ChannelId(1), epoch=1)
    at = NOW + timedelta(minutes=30)
    await work.registers.begin_epoch(ONE, ChannelId(1), epoch=1, at=at, first=102)
    assert [read.epoch for read in await near(0, 60)] == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("length", [1440, 288, 48, 24])
async def test_days_of_other_slots_are_kept_with_what_came_later_and_how_it_is_known(length, work):
    await opened(work)
    kept = replace(
        block(1, 1),
        values=(None, *range(length - 1)),
        fills=(Fill(at=NOW, slots=(0, length - 1)),),
        marks=(Mark(slot=length - 1, quality=Quality.CORRECTED),),
    )

    await work.readings.write(ONE, [kept, block(1, 2, 5)])

    assert await july(work, 1) == {(1, date(2026, 7, 1)): kept, (1, date(2026, 7, 2)): block(1, 2, 5)}


async def test_a_service_point_keeps_its_contract_powers_by_day(work):
    made = await opened(work)
    first = PowerTerm(from_on=SINCE_EVER, contract_power_w=300_000, agreed_by="김운영", agreed_at=NOW)
    point = ServicePoint(
        service_point_id=ServicePointId(UUID(int=5)),
        tenant_id=ONE,
        site_id=made.site_id,
        kepco_customer_no="01-2345-6789",
        terms=(first,),
    )
    await work.service_points.add(point)
    raised = replace(first, from_on=date(2026, 7, 11), contract_power_w=400_000)

    await work.service_points.agree(point, raised)
    await work.service_points.agree(point, replace(raised, agreed_by="박운영"))

    assert await work.service_points.of_site(ONE, made.site_id) == replace(point, terms=(first, raised))
    with pytest.raises(PowerAgreed):
        await work.service_points.agree(point, replace(raised, contract_power_w=1))
    with pytest.raises(SiteUnknown):
        await work.service_points.of_site(TWO, made.site_id)
