"""Meters of a site: hung up, described, rated, taken away; each refusal too."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from domain.metering.errors import (
    ChannelNotCounting,
    MeterCounted,
    MeterSerialTaken,
    MeterUnknown,
    PowerAgreed,
    QuantityNotOfMeter,
    RatioSet,
    SiteUnknown,
    StateOfChargeTwice,
)
from domain.metering.installing import (
    AgreePower,
    DescribeMeter,
    InstallMeter,
    NewChannel,
    RateMeter,
    TakeMeterAway,
    agree_power,
    describe_meter,
    install_meter,
    list_meters,
    rate_meter,
    take_meter_away,
)
from domain.metering.meters import MeterKind, unverified
from domain.metering.model import OPENED_WITH, Quantity
from domain.metering.reading_back import ReadDemand, read_demand
from domain.shared.actor import Role, RoleNotEnough
from domain.shared.identifiers import SiteId
from domain.shared.time import Month
from tests.fakes.system import someone
from tests.unit.metering.test_registers import OPERATOR, START, TENANT, Place

FIRST_ON = date(2026, 7, 10)


@pytest.fixture
async def place():
    return await Place().open(quantities=OPENED_WITH)


def second(place, **changes):
    wish = InstallMeter(
        actor=OPERATOR,
        tenant_id=TENANT,
        site_id=place.site.site_id,
        kind=MeterKind.LOAD,
        serial="L-2",
        digits=6,
        count_wh=100,
        verified_until=date(2026, 7, 20),
        from_on=FIRST_ON,
        ratio=(40, 1),
        channels=(NewChannel(quantity=Quantity.LOAD, slot_minutes=5),),
    )
    return replace(wish, **changes)


async def meters(place):
    return await list_meters(OPERATOR, tenant_id=TENANT, site_id=place.site.site_id, work=place.work)


async def hang(place, **changes):
    return await install_meter(second(place, **changes), work=place.work, ids=place.ids, clock=place.clock)


async def test_a_site_opens_with_a_meter_for_each_kind_and_each_channel_hangs_on_one(place):
    found = await meters(place)

    assert [meter.kind for meter in found.meters] == [MeterKind.LOAD, MeterKind.PV, MeterKind.STORAGE, MeterKind.GRID]
    hanging = {meter.kind: [one.quantity for one in found.channels_of(meter)] for meter in found.meters}
    assert hanging[MeterKind.GRID] == [Quantity.GRID_IMPORT, Quantity.GRID_EXPORT]


async def test_a_further_meter_of_a_quantity_counts_from_its_day_on_in_its_own_slots(place):
    meter = await hang(place)

    found = await meters(place)
    [channel] = found.channels_of(meter)
    assert (channel.channel_id, channel.slot_minutes, channel.from_on) == (8, 5, FIRST_ON)
    assert meter.ratio_on(FIRST_ON) == (40, 1)
    assert meter.ratio_on(FIRST_ON - timedelta(days=1)) == (1, 1)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        pytest.param({"actor": someone(Role.TENANT_ADMIN, tenant_id=4)}, RoleNotEnough, id="role"),
        pytest.param({"site_id": SiteId(UUID(int=5))}, SiteUnknown, id="site"),
        pytest.param({"kind": MeterKind.PV}, QuantityNotOfMeter, id="kind"),
        pytest.param({"serial": "G-1"}, MeterSerialTaken, id="serial"),
        pytest.param({"channels": ()}, ValueError, id="counts-nothing"),
        pytest.param({"channels": (NewChannel(quantity=Quantity.LOAD, slot_minutes=10),)}, ValueError, id="slots"),
        pytest.param(
            {"kind": MeterKind.STORAGE, "channels": (NewChannel(quantity=Quantity.STORAGE_SOC, slot_minutes=15),)},
            StateOfChargeTwice,
            id="second-state-of-charge",
        ),
    ],
)
async def test_a_meter_that_cannot_be_is_refused(place, change, refusal):
    await described(place, serial="G-1")

    with pytest.raises(refusal):
        await hang(place, **change)


async def described(place, **told):
    grid = next(one for one in (await meters(place)).meters if one.kind is MeterKind.GRID)
    wish = {"serial": "", "digits": 9, "count_wh": 1, "verified_until": None, "site_id": place.site.site_id} | told
    return await describe_meter(
        DescribeMeter(actor=OPERATOR, tenant_id=TENANT, meter_id=grid.meter_id, **wish), work=place.work
    )


async def test_how_a_device_counts_stays_once_its_register_was_read(place):
    importing = next(one for one in (await meters(place)).channels if one.quantity is Quantity.GRID_IMPORT)
    await described(place, serial="G-1", digits=5)
    await place.send((START, 100, None, importing.channel_id))

    told = await described(place, serial="G-1", digits=5, verified_until=date(2030, 1, 1))
    with pytest.raises(MeterCounted):
        await described(place, serial="G-1", digits=6)

    assert (told.device.serial, told.device.verified_until) == ("G-1", date(2030, 1, 1))


async def agreed(place, from_on, power_w, *, actor=OPERATOR):
    wish = AgreePower(
        actor=actor, tenant_id=TENANT, site_id=place.site.site_id, from_on=from_on, contract_power_w=power_w
    )
    return await agree_power(wish, work=place.work, clock=place.clock)


async def test_a_change_of_contract_power_splits_its_month_by_days_and_the_demand_with_it(place):
    point = await agreed(place, date(2026, 7, 11), 600_000)

    assert [(part.from_on.day, part.days, part.contract_power_w) for part in point.parts_of(Month(2026, 7))] == [
        (1, 10, 300_000),
        (11, 21, 600_000),
    ]
    assert [part.days for part in point.parts_of(Month(2026, 8))] == [31]
    asked = ReadDemand(actor=OPERATOR, tenant_id=TENANT, site_id=place.site.site_id, month=Month(2026, 7))
    demand = await read_demand(asked, work=place.work)
    assert [one.with_storage.power_w for one in demand.parts] == [90_000, 180_000]
    assert demand.with_storage == demand.parts[-1].with_storage


async def test_a_contract_power_is_told_by_an_operator_and_once_a_day(place):
    with pytest.raises(RoleNotEnough):
        await agreed(place, FIRST_ON, 1, actor=someone(Role.TENANT_ADMIN, tenant_id=4))
    await agreed(place, FIRST_ON, 400_000)
    with pytest.raises(PowerAgreed):
        await agreed(place, FIRST_ON, 500_000)
    with pytest.raises(ValueError, match="above zero"):
        await agreed(place, date(2026, 8, 1), 0)


async def test_another_sites_meter_is_unknown(place):
    with pytest.raises(MeterUnknown):
        await described(place, site_id=SiteId(UUID(int=5)))


async def test_a_ratio_holds_from_its_day_on_and_is_never_rewritten(place):
    meter = await hang(place)

    async def rate(from_on, numerator):
        wish = RateMeter(
            actor=OPERATOR,
            tenant_id=TENANT,
            site_id=place.site.site_id,
            meter_id=meter.meter_id,
            from_on=from_on,
            numerator=numerator,
            denominator=1,
        )
        return await rate_meter(wish, work=place.work, clock=place.clock)

    rated = await rate(date(2026, 7, 15), 60)

    assert [rated.ratio_on(date(2026, 7, day)) for day in (9, 14, 15)] == [(1, 1), (40, 1), (60, 1)]
    assert await rate(date(2026, 7, 15), 60) == rated
    with pytest.raises(RatioSet):
        await rate(date(2026, 7, 15), 61)


async def test_a_meter_is_taken_away_once_and_not_before_it_counts(place):
    meter = await hang(place)

    async def take(until_on):
        wish = TakeMeterAway(
            actor=OPERATOR,
            tenant_id=TENANT,
            site_id=place.site.site_id,
            meter_id=meter.meter_id,
            until_on=until_on,
        )
        await take_meter_away(wish, work=place.work)

    with pytest.raises(ChannelNotCounting):
        await take(FIRST_ON)
    await take(date(2026, 7, 20))
    with pytest.raises(ChannelNotCounting):
        await take(date(2026, 7, 25))

    found = await meters(place)
    assert [one.until_on for one in found.channels_of(meter)] == [date(2026, 7, 20)]


async def test_days_after_the_verification_ran_out_are_named(place):
    meter = await hang(place)
    found = await meters(place)
    july = [date(2026, 7, 1) + timedelta(days=offset) for offset in range(31)]

    [late] = unverified(found.meters, found.channels, july)

    assert (late.meter_id, late.serial, late.days) == (meter.meter_id, "L-2", 11)
    assert unverified(found.meters, found.channels, july[:20]) == ()
