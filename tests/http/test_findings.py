"""Stored days are judged at night and on demand; findings are listed, accepted, or estimated and accepted."""

import asyncio
import json
from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.jobs.schedule import run_job
from app.jobs.vetting import vet_days
from domain.metering.model import RevisionReason
from domain.shared.actor import SYSTEM
from domain.shared.identifiers import TenantId
from tests.http.conftest import by_cookie
from tests.http.test_api import problem
from tests.http.test_estimates import Place
from tests.http.test_readings_door import SITE

NOW = datetime(2026, 8, 15, tzinfo=UTC)
JULY = {"from": "2026-07-01", "until": "2026-08-01"}
MONTH = "months/2026-07"


def wave(days=31):
    return [300 + slot * 3 + day % 5 for day in range(days) for slot in range(96)]


class Looked(Place):
    async def judge(self, client=None, month="2026-07"):
        return await (client or self.tenant).post(f"{self.path}/months/{month}/findings")

    async def findings(self, **asked):
        answer = await self.tenant.get(f"{self.path}/findings", params=JULY | asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def reason(self):
        async with self.ports.unit(SYSTEM) as work:
            [block] = (await work.readings.blocks(TenantId(11), [(self.load, date(2026, 7, 15))])).values()
        return block.reason

    async def spike(self, **asked):
        [found] = [one for one in await self.findings(**asked) if one["kind"] == "spike"]
        return found

    async def accept(self, finding, reason="정비 시험 운전", client=None):
        path = f"{self.path}/findings/{finding['finding_id']}/acceptance"
        return await (client or self.tenant).post(path, json={"reason": reason})

    async def estimate(self, finding, client=None):
        return await (client or self.tenant).post(f"{self.path}/findings/{finding['finding_id']}/estimate")


@pytest.fixture
async def place(signed_in, ports):
    """A site whose load has a spike at 10:00 on the 15th, and no values on the 22nd until 01:00."""
    ports.clock.move_to(NOW)
    operator = await signed_in("operator")
    site = (await operator.post("/api/v1/sites", json=SITE)).json()["site_id"]
    tenant = await signed_in("tenant")
    path = f"/api/v1/sites/{site}"
    channels = (await tenant.get(f"{path}/channels")).json()
    load = next(one["channel"] for one in channels if one["quantity"] == "load")
    made = Looked(path, operator, tenant, load, ports)
    wh = wave()
    wh[96 * 14 + 40] = 80_000
    wh[96 * 21 : 96 * 21 + 4] = [None] * 4
    await made.send("2026-07-01T00:00:00+09:00", wh)
    return made


async def test_the_night_judges_what_changed_and_the_same_days_once(place):
    await run_job(vet_days, place.ports)
    found = await place.findings()

    assert [(one["kind"], one["day"], one["slot"], one["slots"], one["state"]) for one in found] == [
        ("gap", "2026-07-22", 0, 4, "open"),
        ("spike", "2026-07-15", 40, 1, "open"),
    ]
    assert found[1]["starts_at"] == "2026-07-15T01:00:00Z"
    assert found[1]["detail"] == "80000 where like days have 422"
    insight = (await place.tenant.get(f"{place.path}/{MONTH}/insight")).json()
    assert (insight["suspect"], insight["unverified"]) == (1, [])

    again = await vet_days(place.ports)
    forced = (await place.judge()).json()

    assert (again.did, again.failed) == (0, 0)
    assert (forced["judged"], forced["opened"], forced["gone"], forced["open"]) == (
        True, 0, 0, {"gap": 1, "spike": 1},
    )  # fmt: skip
    assert await place.findings() == found


async def test_an_accepted_finding_stays_so_until_its_day_changes(place):
    await place.judge()
    spike = await place.spike()

    problem(await place.accept(spike, reason=""), 400, "http.bad-request")
    settled = await place.accept(spike)

    assert (settled.json()["state"], settled.json()["reason"]) == ("accepted", "정비 시험 운전")
    problem(await place.accept(spike), 409, "metering.finding-settled")
    problem(await place.estimate(spike), 409, "metering.finding-settled")
    assert (await place.tenant.get(f"{place.path}/{MONTH}/insight")).json()["suspect"] == 0
    await place.judge()
    assert (await place.spike())["state"] == "accepted"
    assert [one["kind"] for one in await place.findings(open=True)] == ["gap"]

    wish = {"quantity": "load", "day": "2026-07-15", "changes": [{"slot": 40, "wh": 90_000}], "reason": "manual"}
    await place.operator.post(f"{place.path}/corrections?tenant_id=11", json=wish)
    await place.judge()

    assert ((await place.spike())["state"], (await place.spike())["settled_by"]) == ("open", None)


async def test_an_estimate_takes_a_doubted_values_place_only_when_accepted_and_the_value_does_not_come_back(place):
    await place.judge()
    spike = await place.spike()
    before = await place.days()

    proposed = (await place.estimate(spike)).json()
    assert (proposed["finding_id"], proposed["rule"], proposed["slots"]) == (
        spike["finding_id"], "linear", {"40": 424},
    )  # fmt: skip
    assert await place.days() == before
    problem(await place.decide(proposed, accept=True, client=place.tenant), 403, "shared.role-not-enough")
    decided = await place.decide(proposed, accept=True)

    assert decided.json()["state"] == "accepted"
    assert (await place.days())[14] == before[14] - 80_000 + 424
    assert (await place.spike())["state"] == "estimated"
    assert await place.reason() is RevisionReason.VALIDATION
    series = (await place.tenant.get(f"{place.path}/series", params=JULY | {"quantity": "load"})).json()["series"][0]
    assert series["unmeasured"][96 * 14 + 40] == 1
    sent = await place.send("2026-07-15T10:00:00+09:00", [80_000])
    assert (sent["accepted"], sent["conflicting"]) == (0, 1)
    assert (await place.days())[14] == before[14] - 80_000 + 424

    [aside] = (await place.tenant.get(f"{place.path}/conflicts")).json()
    wish = {name: aside[name] for name in ("channel", "day", "import_id", "part")}
    settled = wish | {"accept": True, "reason": "계량기 확인"}
    await place.operator.post(f"{place.path}/conflicts/settlement?tenant_id=11", json=settled)
    assert await place.days() == before
    assert await place.reason() is RevisionReason.RESEND


async def test_a_refused_estimate_leaves_the_finding_open_and_a_changed_day_must_be_judged_again(place):
    await place.judge()
    spike = await place.spike()
    refused = (await place.estimate(spike)).json()
    assert (await place.decide(refused, accept=False)).json()["state"] == "refused"
    assert (await place.spike())["state"] == "open"

    stale = (await place.estimate(spike)).json()
    wish = {"quantity": "load", "day": "2026-07-15", "changes": [{"slot": 41, "wh": 7}], "reason": "manual"}
    await place.operator.post(f"{place.path}/corrections?tenant_id=11", json=wish)

    problem(await place.decide(stale, accept=True), 409, "metering.estimate-stands")
    problem(await place.estimate(spike), 409, "metering.finding-moved")


async def test_a_gap_that_is_filled_is_gone_and_may_be_estimated_before(place):
    await place.judge()
    [gap] = [one for one in await place.findings() if one["kind"] == "gap"]
    proposed = (await place.estimate(gap)).json()
    assert (proposed["rule"], list(proposed["slots"])) == ("linear", ["0", "1", "2", "3"])
    await place.decide(proposed, accept=False)

    await place.send("2026-07-22T00:00:00+09:00", [301, 302, 303, 304])
    left = (await place.judge()).json()

    assert (left["gone"], left["open"]) == (1, {"spike": 1})


async def test_meters_that_do_not_agree_are_no_ones_estimate(place):
    channels = (await place.tenant.get(f"{place.path}/channels")).json()
    for one in channels:
        if one["quantity"] not in ("load", "storage_soc"):
            wh = wave(2) if one["quantity"] == "grid_import" else [0] * 192
            if one["quantity"] == "grid_import":
                wh[50] += 2_500
            body = {"channel": one["channel"], "start": "2026-07-01T00:00:00+09:00", "resolution": "PT15M", "wh": wh}
            await place.tenant.post("/api/v1/readings", json=body)
    await place.judge()

    [found] = [one for one in await place.findings() if one["kind"] == "imbalance"]
    assert (found["channel"], found["quantity"], found["slot"]) == (None, None, 50)
    problem(await place.estimate(found), 422, "metering.finding-not-estimable")


async def test_neighbours_see_nothing_and_viewers_settle_nothing(place, signed_in, let_in):
    await place.judge()
    spike = await place.spike()
    neighbour = await signed_in("neighbour")

    problem(await neighbour.get(f"{place.path}/findings", params=JULY), 404, "metering.site-unknown")
    problem(await place.judge(neighbour), 404, "metering.site-unknown")
    problem(await place.accept(spike, client=neighbour), 404, "metering.site-unknown")
    missing = {"finding_id": "01a20060-412a-7718-a1e1-5de3370d56b1"}
    problem(await place.accept(missing), 404, "metering.finding-unknown")


async def test_the_pages_show_findings_and_settle_them(place):
    await place.judge()
    spike = await place.spike()
    site = place.path.rsplit("/", 1)[1]
    shown = (await place.tenant.get(f"/energy?month=2026-07&site={site}")).text
    assert all(words in shown for words in ("급등값", "80,000 Wh, 비슷한 날은 422 Wh", "1개 구간이 의심됩니다"))
    assert "급등값" in (await place.tenant.get(f"/sites/11/{site}")).text
    page = await by_cookie(place.tenant, "tenant")

    step = {"step": "estimate", "month": "2026-07"}
    proposed = await page.post(f"/sites/11/{site}/findings/{spike['finding_id']}", data=step)
    assert proposed.headers["location"] == f"/energy?month=2026-07&site={site}&tenant=11#estimates"
    accepted = await page.post(
        f"/sites/11/{site}/findings/{spike['finding_id']}", data={"step": "accept", "reason": "정비"}
    )
    judged = await page.post(f"/energy/11/{site}/2026-07/findings")

    assert accepted.headers["location"] == f"/sites/11/{site}#findings"
    assert judged.headers["location"].endswith("#findings")
    assert "정비" in (await page.get(f"/energy?month=2026-07&site={site}")).text


async def test_the_command_line_lists_them(place, app_settings, monkeypatch):
    monkeypatch.setenv("SUNHWAN_HOME", str(app_settings.home))
    monkeypatch.setenv("DATABASE_URL", str(app_settings.database_url))
    site = place.path.rsplit("/", 1)[1]

    async def said(*words):
        return await asyncio.to_thread(CliRunner().invoke, cli, ["meter", "findings", *words])

    listed = await said("--site", site, "--month", "2026-07", "--judge", "--json")
    assert listed.exit_code == 0, listed.output
    assert {one["kind"] for one in json.loads(listed.stdout)} == {"spike", "gap"}
    plain = await said("--site", site, "--month", "2026-07")
    assert "급등값" in plain.output
    assert (await said("--site", site, "--month", "2026-7")).exit_code == 2
    assert (await said("--site", "01a20060-412a-7718-a1e1-5de3370d56b1", "--month", "2026-07")).exit_code == 1


async def test_a_told_story_is_not_full_of_findings(story, ports):
    report = await vet_days(ports)

    async with ports.unit(SYSTEM) as work:
        [contract] = await work.contracts.page(tenant_id=None, after=None, limit=9)
        found = await work.findings.of_site(
            contract.tenant_id, contract.site_id, first_on=contract.starts_on, last_on=contract.ends_on, limit=999
        )
    assert (report.failed, report.did > 0) == (0, True)
    assert {one.kind for one in found} <= {"gap"}, sorted({(one.kind, one.detail) for one in found})[:9]
