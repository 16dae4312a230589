"""What the port of lots promises, held by the fake and by PostgreSQL alike."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from domain.metering.errors import LotEntered, LotUnknown
from domain.metering.lots import PpaLotId
from tests.contract.test_finding_ports import connection, site, work
from tests.contract.test_metering_ports import NOW, ONE, TWO
from tests.unit.metering.test_lots import lot

__all__ = ["connection", "site", "work"]
JULY = {"first_on": date(2026, 7, 1), "last_on": date(2026, 7, 31)}


async def test_a_certificate_is_entered_once_until_it_is_voided(work, site):
    first = lot(tenant_id=ONE, site_id=site.site_id)
    again = replace(first, lot_id=PpaLotId(UUID(int=7)))

    assert await work.ppa_lots.add(first) == first
    assert await work.ppa_lots.add(again) == first
    with pytest.raises(LotEntered):
        await work.ppa_lots.add(replace(again, wh=101))
    voided = replace(first, voided_by="김운영", voided_at=NOW)
    await work.ppa_lots.void(voided)

    assert await work.ppa_lots.add(again) == again
    assert await work.ppa_lots.of_site(ONE, site.site_id, **JULY, limit=9) == (voided, again)
    assert await work.ppa_lots.one(ONE, first.lot_id) == voided


async def test_lots_come_by_day_and_certificate_and_are_their_tenants(work, site):
    late, early = lot("B", days=(3, 4)), lot("C")
    mine = [
        replace(one, tenant_id=ONE, site_id=site.site_id, lot_id=PpaLotId(UUID(int=number)))
        for number, one in enumerate((late, early, lot("D", days=(31, 32))), start=1)
    ]
    for one in mine:
        await work.ppa_lots.add(one)

    assert await work.ppa_lots.of_site(ONE, site.site_id, **JULY, limit=9) == (mine[1], mine[0])
    assert await work.ppa_lots.of_site(ONE, site.site_id, **JULY, limit=1) == (mine[1],)
    assert await work.ppa_lots.of_site(TWO, site.site_id, **JULY, limit=9) == ()
    with pytest.raises(LotUnknown):
        await work.ppa_lots.one(TWO, mine[0].lot_id)
