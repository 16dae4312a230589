"""What the port of findings promises, held by the fake and by PostgreSQL alike."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from domain.metering.errors import FindingUnknown
from domain.metering.model import (
    EstimateRule,
    EstimateState,
    FindingId,
    FindingState,
    Quantity,
    ReadingEstimate,
    ReadingEstimateId,
    StoredFinding,
    VettedMonth,
)
from domain.metering.usecases import OpenSite, open_site
from domain.shared.actor import Role
from domain.shared.identifiers import ChannelId
from domain.shared.time import Month
from tests.contract.test_metering_ports import NOW, ONE, TWO, connection, work
from tests.fakes.system import CountedIds, FixedClock, someone

__all__ = ["connection", "work"]

JULY = (date(2026, 7, 1), date(2026, 7, 31))


@pytest.fixture
async def site(work):
    return await open_site(
        OpenSite(
            actor=someone(Role.OPERATOR),
            tenant_id=ONE,
            name_ko="순환금속",
            name_en="Sunhwan Metal",
            address_ko="안산",
            kepco_customer_no="1",
            contract_power_w=300_000,
            quantities=(Quantity.LOAD,),
        ),
        work=work,
        ids=CountedIds(),
        clock=FixedClock(NOW),
    )


def finding(site, number, **changes):
    return replace(
        StoredFinding(
            finding_id=FindingId(UUID(int=number)),
            tenant_id=ONE,
            site_id=site.site_id,
            channel_id=ChannelId(1),
            day=date(2026, 7, 3),
            kind="spike",
            slot=number,
            slots=1,
            detail="9000 where like days have 100",
            revision=0,
            state=FindingState.OPEN,
            found_at=NOW,
        ),
        **changes,
    )


async def test_findings_are_kept_by_their_identity_the_open_ones_first(work, site):
    early, late = finding(site, 1), finding(site, 2, day=date(2026, 7, 9), channel_id=None, kind="imbalance")
    settled = {"state": FindingState.ACCEPTED, "reason": "정비", "settled_by": "김입주", "settled_at": NOW}
    await work.findings.keep([early, late, finding(site, 3), finding(site, 4, day=date(2026, 8, 1))])
    done = finding(site, 3, slots=2, detail="2", revision=1, **settled)
    await work.findings.keep([done])

    async def listed(**asked):
        first_on, last_on = JULY
        return await work.findings.of_site(
            ONE, site.site_id, **{"first_on": first_on, "last_on": last_on, "limit": 9} | asked
        )

    assert await listed() == (late, early, done)
    assert await listed(only_open=True) == (late, early)
    assert await listed(limit=1) == (late,)
    assert await listed(first_on=date(2026, 7, 9)) == (late,)
    assert await work.findings.one(ONE, done.finding_id) == done
    assert await work.findings.of_site(TWO, site.site_id, first_on=JULY[0], last_on=JULY[1], limit=9) == ()
    with pytest.raises(FindingUnknown):
        await work.findings.one(TWO, done.finding_id)


async def test_a_month_is_vetted_as_it_was_last(work, site):
    month = Month(2026, 7)
    first = VettedMonth(month=month, basis_sha256="ab" * 32, vetted_at=NOW, found=3, left_out=0)
    second = replace(first, basis_sha256="cd" * 32, found=1_004, left_out=4)

    await work.findings.note_vetted(ONE, site.site_id, first)
    await work.findings.note_vetted(ONE, site.site_id, second)

    assert await work.findings.vetted(ONE, site.site_id, [month, Month(2026, 6)]) == {month: second}
    assert await work.findings.vetted(TWO, site.site_id, [month]) == {}


async def test_an_estimate_keeps_the_finding_that_it_is_for(work, site):
    estimate = ReadingEstimate(
        estimate_id=ReadingEstimateId(UUID(int=70)),
        tenant_id=ONE,
        site_id=site.site_id,
        channel_id=ChannelId(1),
        day=date(2026, 7, 3),
        values=(5, *(None,) * 95),
        rule=EstimateRule.LINEAR,
        basis="0-0: 4, 6",
        state=EstimateState.PROPOSED,
        proposed_by="김입주",
        proposed_at=datetime(2026, 8, 1, tzinfo=UTC),
        finding_id=FindingId(UUID(int=1)),
    )

    await work.reading_estimates.propose([estimate])

    assert await work.reading_estimates.one(ONE, estimate.estimate_id) == estimate
