"""Sites, imports and frozen months over ports in memory."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from domain.metering.errors import (
    MonthIncomplete,
    MonthNotOver,
    QuantityNotMetered,
    ReadingInFuture,
    SiteUnknown,
    SnapshotUnknown,
)
from domain.metering.model import ENERGIES, OPENED_WITH, Quantity, QuantitySeries, ReadingConflict, SiteSeries
from domain.metering.usecases import (
    FreezeMonth,
    ImportSeries,
    OpenSite,
    ReadDay,
    ReadMonth,
    freeze_month,
    import_series,
    list_sites,
    open_site,
    read_day,
    read_month,
    show_snapshot,
)
from domain.shared.actor import Role, RoleNotEnough
from domain.shared.identifiers import ContractId, TenantId
from domain.shared.time import SLOT, Month, day_start
from tests.fakes.metering import MemoryMeteringWork
from tests.fakes.system import CountedIds, FixedClock, someone

JULY = Month(2026, 7)
JULY_DAYS = JULY.dates()
TENANT = TenantId(4)
CONTRACT = ContractId(UUID(int=77))
OPERATOR = someone(Role.OPERATOR)
OWN = someone(Role.TENANT_ADMIN, tenant_id=4)
OTHER = someone(Role.TENANT_ADMIN, tenant_id=5)
AFTER_JULY = datetime(2026, 8, 1, 1, tzinfo=UTC)
WH = {
    Quantity.LOAD: 100,
    Quantity.PV: 150,
    Quantity.STORAGE_CHARGE: 40,
    Quantity.STORAGE_DISCHARGE: 0,
    Quantity.GRID_IMPORT: 0,
    Quantity.GRID_EXPORT: 10,
}


def series(days=JULY_DAYS, *, quantities=ENERGIES, rounded=False, changes=()):
    """Every slot of the days holds the same; `changes` are (quantity, day, index, value)."""
    columns = {quantity: {day: [WH[quantity]] * 96 for day in days} for quantity in quantities}
    for quantity, day, index, value in changes:
        columns[quantity][day][index] = value
    return SiteSeries(
        quantities=tuple(
            QuantitySeries(quantity=q, days={day: tuple(v) for day, v in column.items()}, rounded=rounded)
            for q, column in columns.items()
        ),
        intervals=96 * len(days),
        duplicate_rows=0,
        blank_cells=0,
        first_at=day_start(days[0]),
        last_at=day_start(days[-1]) + 95 * SLOT,
    )


class House:
    """One tenant's site with everything that its use cases need."""

    def __init__(self):
        self.work = MemoryMeteringWork()
        self.ids = CountedIds()
        self.clock = FixedClock(AFTER_JULY)

    async def open(self, **wish):
        described = {
            "actor": OPERATOR,
            "tenant_id": TENANT,
            "name_ko": "순환금속",
            "name_en": "Sunhwan Metal",
            "address_ko": "경기도 안산시",
            "kepco_customer_no": "01-2345-6789",
            "contract_power_w": 300_000,
        }
        self.site = await open_site(OpenSite(**(described | wish)), work=self.work, ids=self.ids, clock=self.clock)
        return self.site

    async def take(self, taken, *, actor=OPERATOR, sha="ab" * 32, tenant_id=TENANT):
        wish = ImportSeries(actor=actor, tenant_id=tenant_id, site_id=self.site.site_id, series=taken, file_sha256=sha)
        return await import_series(wish, work=self.work, ids=self.ids, clock=self.clock)

    async def freeze(self, *, actor=OPERATOR, month=JULY, **wish):
        asked = FreezeMonth(
            actor=actor, tenant_id=TENANT, site_id=self.site.site_id, contract_id=CONTRACT, month=month, **wish
        )
        return await freeze_month(asked, work=self.work, ids=self.ids, clock=self.clock)

    async def blocks(self):
        channels = await self.work.sites.channels(TENANT, self.site.site_id)
        return await self.work.readings.day_blocks(
            TENANT, [c.channel_id for c in channels], first_on=date(2026, 1, 1), last_on=date(2026, 12, 31)
        )


@pytest.fixture
async def house():
    house = House()
    await house.open()
    return house


async def test_a_site_opens_with_one_channel_a_quantity(house):
    channels = await house.work.sites.channels(TENANT, house.site.site_id)

    assert [(c.channel_id, c.quantity) for c in channels] == list(enumerate(OPENED_WITH, start=1))
    assert await list_sites(OWN, tenant_id=TENANT, work=house.work) == (house.site,)


async def test_only_an_operator_opens_a_site():
    with pytest.raises(RoleNotEnough):
        await House().open(actor=OWN)


@pytest.mark.parametrize(
    "wish", [{"contract_power_w": 0}, {"quantities": ()}, {"quantities": (Quantity.PV, Quantity.PV)}]
)
async def test_a_site_has_distinct_channels_and_power(wish):
    with pytest.raises(ValueError, match="distinct channels"):
        await House().open(**wish)


async def test_a_file_is_stored_and_reported(house):
    report = await house.take(series(), actor=OWN)

    assert (report.intervals, report.accepted, report.duplicate, report.conflicting) == (2_976, 17_856, 0, 0)
    assert report.totals_wh[Quantity.LOAD] == 297_600
    assert (report.sent_before, report.filled, report.late, report.unbalanced) == (False, 0, 0, 0)
    assert len(await house.blocks()) == 6 * 31


async def test_the_same_file_again_changes_nothing(house):
    first = await house.take(series())
    before = await house.blocks()
    house.clock.move(hours=1)

    again = await house.take(series())

    assert (again.accepted, again.duplicate, again.sent_before) == (0, 17_856, True)
    assert again.import_id == first.import_id
    assert await house.blocks() == before
    assert len(await house.work.reading_imports.of_site(TENANT, house.site.site_id, limit=9)) == 1


async def test_halves_in_the_wrong_order_store_what_the_whole_stores(house):
    days = JULY.dates()
    other = House()
    await other.open()
    await other.take(series())

    await house.take(series(days[10:]), sha="01" * 32)
    await house.take(series(days[:20]), sha="02" * 32)

    assert await house.blocks() == await other.blocks()


async def test_a_gap_is_filled_by_a_later_file(house):
    first_on = JULY.first_on
    await house.take(series(changes=[(Quantity.PV, first_on, 3, None)]), sha="01" * 32)

    report = await house.take(series(), sha="02" * 32)

    assert (report.accepted, report.filled, report.duplicate) == (1, 1, 17_855)


async def test_another_value_is_put_aside_and_named(house):
    first_on = JULY.first_on
    await house.take(series())
    before = await house.blocks()

    report = await house.take(series(changes=[(Quantity.PV, first_on, 3, 151)]), sha="02" * 32)

    assert report.conflicts == (
        ReadingConflict(channel_id=2, quantity=Quantity.PV, day=first_on, index=3, kept=150, offered=151),
    )
    assert await house.blocks() == before
    (aside,) = await house.work.readings.aside(TENANT, [2], limit=9)
    assert aside.values == (None, None, None, 151, *(None,) * 92)


async def test_the_first_hundred_conflicts_are_named_and_all_are_counted(house):
    await house.take(series())
    twice = series(changes=[(Quantity.PV, day, i, 7) for day in JULY.dates()[:2] for i in range(96)])

    report = await house.take(twice, sha="02" * 32)

    assert (report.conflicting, len(report.conflicts)) == (192, 100)


async def test_a_wh_of_carried_fractions_is_no_conflict(house):
    await house.take(series())

    report = await house.take(series(rounded=True, changes=[(Quantity.PV, JULY.first_on, 3, 151)]), sha="02" * 32)

    assert (report.duplicate, report.conflicting) == (17_856, 0)


async def test_a_slot_may_end_five_minutes_from_now_and_not_later(house):
    house.clock.at = day_start(date(2026, 8, 1)) - timedelta(minutes=5, seconds=1)
    with pytest.raises(ReadingInFuture) as caught:
        await house.take(series())
    assert caught.value.facts == {"ends_at": "2026-07-31T15:00:00.000000Z"}
    assert await house.blocks() == {}

    house.clock.move(seconds=1)
    assert (await house.take(series())).accepted == 17_856


async def test_a_column_without_a_channel_is_refused():
    house = House()
    await house.open(quantities=(Quantity.LOAD,))

    with pytest.raises(QuantityNotMetered) as caught:
        await house.take(series(quantities=(Quantity.LOAD, Quantity.PV)))

    assert caught.value.facts == {"quantity": "pv"}


async def test_another_tenants_site_is_unknown(house):
    with pytest.raises(SiteUnknown):
        await house.take(series(), actor=OTHER)
    with pytest.raises(SiteUnknown):
        await house.take(series(), tenant_id=TenantId(5))
    with pytest.raises(SiteUnknown):
        await list_sites(OTHER, tenant_id=TENANT, work=house.work)
    with pytest.raises(RoleNotEnough):
        await house.take(series(), actor=someone(Role.TESTER))


async def test_a_hash_that_is_none_is_a_mistake_of_the_caller(house):
    with pytest.raises(ValueError, match="64"):
        await house.take(series(), sha="AB")


async def test_a_frozen_month_keeps_its_figures_and_its_hash(house):
    await house.take(series())

    snapshot = await house.freeze()

    assert (snapshot.usage.load_wh, snapshot.usage.completeness_ppm, snapshot.revision) == (297_600, 1_000_000, 0)
    assert len(snapshot.readings_sha256) == 64
    assert snapshot.frozen_at == AFTER_JULY
    assert await show_snapshot(OWN, tenant_id=TENANT, contract_id=CONTRACT, month=JULY, work=house.work) == snapshot


async def test_freezing_again_returns_what_was_frozen(house):
    await house.take(series())
    first = await house.freeze()
    house.clock.move(days=3)

    assert await house.freeze() == first


async def test_late_readings_become_a_revision_and_leave_the_snapshot(house):
    gap = [(Quantity.LOAD, JULY.first_on, 5, None)]
    await house.take(series(changes=gap), sha="01" * 32)
    frozen = await house.freeze()

    report = await house.take(series(), sha="02" * 32)

    assert (report.accepted, report.late) == (1, 1)
    assert (await house.blocks())[1, JULY.first_on].revision == 1
    assert await house.freeze() == frozen


async def test_a_running_month_is_not_frozen(house):
    house.clock.at = day_start(date(2026, 8, 1)) - timedelta(seconds=1)

    with pytest.raises(MonthNotOver):
        await house.freeze()


async def test_a_month_with_too_large_a_gap_is_frozen_only_knowingly(house):
    await house.take(series(JULY.dates()[:30]))

    with pytest.raises(MonthIncomplete) as caught:
        await house.freeze()
    assert caught.value.facts == {
        "month": "2026-07",
        "completeness_ppm": 967_741,
        "completeness_ppm_min": 995_000,
    }

    assert (await house.freeze(accept_gap=True)).usage.missing_values == 576


async def test_a_tenant_does_not_freeze(house):
    with pytest.raises(RoleNotEnough):
        await house.freeze(actor=OWN)


async def test_a_month_that_is_not_frozen_has_no_snapshot(house):
    with pytest.raises(SnapshotUnknown):
        await show_snapshot(OWN, tenant_id=TENANT, contract_id=CONTRACT, month=JULY, work=house.work)


async def test_a_month_is_shown_by_day_with_its_flows(house):
    await house.take(series())

    shown = await read_month(
        ReadMonth(actor=OWN, tenant_id=TENANT, site_id=house.site.site_id, month=JULY), work=house.work
    )

    assert len(shown.days) == 31
    assert (shown.days[0].pv_wh, shown.days[0].missing_values) == (14_400, 0)
    assert (shown.flows.pv_to_load_wh, shown.usage.pv_wh) == (297_600, 446_400)


async def test_a_month_before_the_first_reading_is_shown_empty(house):
    shown = await read_month(
        ReadMonth(actor=OWN, tenant_id=TENANT, site_id=house.site.site_id, month=Month(2026, 2)), work=house.work
    )

    assert (shown.usage.completeness_ppm, shown.flows.skipped_slots) == (0, 2_688)


async def test_a_day_is_shown_slot_by_slot(house):
    await house.take(series())
    wish = ReadDay(actor=OWN, tenant_id=TENANT, site_id=house.site.site_id, day=JULY.first_on)

    shown = await read_day(wish, work=house.work)

    assert shown.values[Quantity.LOAD] == (100,) * 96
    assert Quantity.STORAGE_SOC not in shown.values
    assert (await read_day(replace(wish, day=date(2026, 6, 1)), work=house.work)).values == {}
