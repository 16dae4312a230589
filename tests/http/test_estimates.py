"""Estimates, corrections and revisions over HTTP and on the page."""

import re
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from domain.metering.usecases import FreezeMonth, freeze_month
from domain.shared.actor import SYSTEM, Role
from domain.shared.identifiers import ContractId, SiteId, TenantId
from domain.shared.time import Month
from tests.fakes.system import someone
from tests.http.conftest import confirm
from tests.http.test_api import problem
from tests.http.test_readings_door import SITE

NOW = datetime(2026, 8, 15, tzinfo=UTC)
CONTRACT = ContractId(UUID(int=5))
STRETCH = {"from": "2026-07-01", "until": "2026-08-01", "quantity": "load", "resolution": "day"}


class Place:
    def __init__(self, path, operator, tenant, load, ports):
        self.path, self.operator, self.tenant, self.load, self.ports = path, operator, tenant, load, ports

    async def send(self, start, wh):
        body = {"channel": self.load, "start": start, "resolution": "PT15M", "wh": wh}
        answer = await self.tenant.post("/api/v1/readings", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def days(self, **asked):
        answer = await self.tenant.get(f"{self.path}/series", params=STRETCH | asked)
        return answer.json()["series"][0]["values"]

    async def propose(self, client=None, month="2026-07"):
        return await (client or self.tenant).post(f"{self.path}/months/{month}/estimates")

    async def decide(self, estimate, *, accept, client=None):
        path = f"{self.path}/estimates/{estimate['estimate_id']}/decision?tenant_id=11"
        return await (client or self.operator).post(path, json={"accept": accept})

    async def freeze(self):
        async with self.ports.unit(SYSTEM) as work:
            frozen = await freeze_month(
                FreezeMonth(
                    actor=someone(Role.OPERATOR),
                    tenant_id=TenantId(11),
                    site_id=SiteId(UUID(self.path.rsplit("/", 1)[1])),
                    contract_id=CONTRACT,
                    month=Month(2026, 7),
                    accept_gap=True,
                ),
                work=work,
                ids=self.ports.ids,
                clock=self.ports.clock,
            )
            await work.commit()
        return frozen


@pytest.fixture
async def place(signed_in, ports):
    """A site whose load is 100 Wh a slot in July, but for six slots and one whole day."""
    ports.clock.move_to(NOW)
    operator = await signed_in("operator")
    site = (await operator.post("/api/v1/sites", json=SITE)).json()["site_id"]
    tenant = await signed_in("tenant")
    path = f"/api/v1/sites/{site}"
    channels = (await tenant.get(f"{path}/channels")).json()
    load = next(one["channel"] for one in channels if one["quantity"] == "load")
    made = Place(path, operator, tenant, load, ports)
    wh = [100] * (96 * 31)
    wh[96 * 14 + 40 : 96 * 14 + 46] = [None] * 6
    wh[96 * 21 : 96 * 22] = [None] * 96
    await made.send("2026-07-01T00:00:00+09:00", wh)
    return made


async def test_a_proposal_counts_only_once_somebody_accepted_it(place):
    before = await place.days()
    assert (before[14], before[21]) == (9_000, None)

    found = (await place.propose()).json()
    assert [(one["day"], one["rule"], len(one["slots"]), one["state"]) for one in found] == [
        ("2026-07-15", "linear", 6, "proposed"),
        ("2026-07-22", "like-day", 96, "proposed"),
    ]
    assert found[1]["basis"] == "2026-07-21"
    assert await place.days() == before
    problem(await place.decide(found[0], accept=True, client=place.tenant), 403, "shared.role-not-enough")

    accepted = await place.decide(found[0], accept=True)
    refused = await place.decide(found[1], accept=False)

    assert (accepted.json()["state"], refused.json()["state"]) == ("accepted", "refused")
    after = await place.days()
    assert (after[14], after[21]) == (9_600, None)
    series = (await place.tenant.get(f"{place.path}/series", params=STRETCH)).json()["series"][0]
    assert [count for count in series["unmeasured"] if count] == [6]
    assert (await place.tenant.get(f"{place.path}/months/2026-07/insight")).json()["unmeasured"] == 6
    sheet = (await place.tenant.get(f"{place.path}/series/csv", params=STRETCH)).text
    assert sheet.splitlines()[0].endswith("load_wh,load_unmeasured_slots")
    problem(await place.decide(found[0], accept=True), 409, "metering.estimate-stands")
    problem(await place.decide(found[1], accept=True), 409, "metering.estimate-stands")
    unknown = {"estimate_id": "01a20060-412a-7718-a1e1-5de3370d56b1"}
    problem(await place.decide(unknown, accept=True), 404, "metering.estimate-unknown")
    listed = (await place.tenant.get(f"{place.path}/months/2026-07/estimates")).json()
    assert [one["state"] for one in listed] == ["refused", "accepted"]


async def test_a_reading_that_comes_takes_an_estimates_place(place):
    found = (await place.propose()).json()
    assert (await place.decide(found[0], accept=True)).status_code == 200
    place.ports.clock.move_to(NOW.replace(minute=45))

    sent = await place.send("2026-07-15T10:00:00+09:00", [500, 100])

    assert (sent["accepted"], sent["conflicting"]) == (2, 0)
    assert (await place.days())[14] == 9_600 - 100 + 500
    assert (await place.days(as_of="2026-08-15T00:30:00Z"))[14] == 9_600


async def test_nothing_is_proposed_twice_or_without_a_gap_or_by_a_neighbour(place, signed_in):
    assert (await place.propose()).status_code == 201

    problem(await place.propose(), 422, "metering.nothing-to-estimate")
    problem(await place.propose(month="2025-01"), 422, "metering.nothing-to-estimate")
    neighbour = await signed_in("neighbour")
    problem(await place.propose(neighbour), 404, "metering.site-unknown")
    problem(await neighbour.get(f"{place.path}/months/2026-07/estimates"), 404, "metering.site-unknown")


async def test_a_correction_has_a_reason_and_leaves_what_was_known_readable(place):
    wish = {"quantity": "load", "day": "2026-07-03", "changes": [{"slot": 4, "wh": 900}], "reason": "meter-swap"}
    place.ports.clock.move_to(NOW.replace(minute=45))

    problem(await place.tenant.post(f"{place.path}/corrections", json=wish), 403, "shared.role-not-enough")
    made = await place.operator.post(f"{place.path}/corrections?tenant_id=11", json=wish)

    assert (made.status_code, made.json()["revision"], made.json()["reason"]) == (201, 1, "meter-swap")
    assert (await place.days())[2] == 9_600 - 100 + 900
    assert (await place.days(as_of="2026-08-15T00:30:00Z"))[2] == 9_600
    empty = wish | {"day": "2026-07-22"}
    problem(await place.operator.post(f"{place.path}/corrections?tenant_id=11", json=empty), 422, "metering.slot-empty")
    beyond = wish | {"quantity": "storage_soc", "changes": [{"slot": 4, "wh": 10_001}]}
    problem(
        await place.operator.post(f"{place.path}/corrections?tenant_id=11", json=beyond),
        422,
        "metering.correction-too-large",
    )
    twice = [{"slot": 4, "wh": 1}, {"slot": 4, "wh": 2}]
    for bad in ({"changes": []}, {"changes": [{"slot": 96, "wh": 1}]}, {"reason": "late"}, {"changes": twice}):
        answer = await place.operator.post(f"{place.path}/corrections?tenant_id=11", json=wish | bad)
        problem(answer, 400, "http.bad-request")


async def test_late_readings_of_a_frozen_month_make_a_dated_difference(place):
    frozen = await place.freeze()
    body = {"contract_id": str(CONTRACT)}
    path = f"{place.path}/months/2026-07/revisions"
    problem(await place.operator.post(f"{path}?tenant_id=11", json=body), 422, "metering.month-unchanged")
    place.ports.clock.move_to(NOW.replace(minute=45))

    sent = await place.send("2026-07-22T00:00:00+09:00", [100] * 96)
    assert sent["late"] == 96
    problem(await place.tenant.post(path, json=body), 403, "shared.role-not-enough")
    problem(await place.operator.post(f"{path}?tenant_id=11", json=body), 403, "identity.confirmation-needed")
    await confirm(place.operator)
    made = await place.operator.post(f"{path}?tenant_id=11", json=body)

    assert made.status_code == 201, made.text
    found = made.json()
    assert (found["revision"], found["changes_wh"]) == (1, {"load_wh": 9_600})
    assert (found["frozen_at"][:13], found["revised_at"][:13]) == ("2026-08-15T00", "2026-08-15T00")
    async with place.ports.unit(SYSTEM) as work:
        assert await work.usage_snapshots.find(TenantId(11), CONTRACT, Month(2026, 7)) == frozen
    assert (await place.tenant.get(f"{path}/{CONTRACT}")).json() == [found]
    unknown = {"contract_id": "01a20060-412a-7718-a1e1-5de3370d56b1"}
    problem(await place.operator.post(f"{path}?tenant_id=11", json=unknown), 404, "metering.snapshot-unknown")


async def test_a_month_after_a_frozen_one_opens_with_what_that_closed_with(place):
    await place.freeze()

    async with place.ports.unit(SYSTEM) as work:
        site_id = SiteId(UUID(place.path.rsplit("/", 1)[1]))
        frozen = await work.usage_snapshots.frozen_before(TenantId(11), site_id, Month(2026, 8), limit=12)
        before = await work.usage_snapshots.frozen_before(
            TenantId(11), site_id, Month(2026, 8), limit=12, as_of=NOW.replace(month=7)
        )

    assert [one.usage.month for one in frozen] == [Month(2026, 7)]
    assert before == ()
    assert date(2026, 8, 1) == frozen[0].usage.month.next().first_on


async def test_the_page_lists_estimates_and_an_operator_decides_there(place):
    site = place.path.rsplit("/", 1)[1]
    asked = {"month": "2026-07", "site": site, "tenant": 11}
    page = (await place.operator.get("/energy", params=asked)).text
    action = re.search(r'action="(/energy/11/[^"]+/estimates)"', page)
    assert action is not None
    headers = {"Sec-Fetch-Site": "same-origin"}

    made = await place.operator.post(action[1], headers=headers)

    assert (made.status_code, made.headers["location"][:8]) == (303, "/energy?")
    page = (await place.operator.get("/energy", params=asked)).text
    assert page.count("제안됨") == 2
    assert "앞뒤 값을 이음" in page
    decision = re.search(r'action="(/energy/11/[^"]+/estimates/[0-9a-f-]{36})"', page)
    assert decision is not None
    assert (await place.operator.post(decision[1], data={"accept": "yes"}, headers=headers)).status_code == 303
    page = (await place.operator.get("/energy", params=asked)).text
    assert (page.count("제안됨"), page.count("승인됨")) == (1, 1)
    tenants = (await place.tenant.get("/energy", params={"month": "2026-07", "site": site})).text
    assert 'name="accept"' not in tenants
