"""Meters, slots of other lengths and registers over the API and on the site's page."""

import json
import re
from datetime import date

import pytest

from app.pages import formats
from tests.http.conftest import by_cookie
from tests.http.test_api import problem
from tests.http.test_readings_door import NONE, START, Sender, at, sender  # noqa: F401  (a fixture)

pytestmark = pytest.mark.usefixtures("sender")


@pytest.fixture
async def operator(signed_in):
    return await signed_in("operator")


def of(sender: Sender, *more: str) -> str:  # noqa: F811
    return "/".join((f"/api/v1/sites/{sender.site_id}/meters", *more)) + "?tenant_id=11"


async def grid(sender: Sender, client):  # noqa: F811
    listed = (await client.get(of(sender))).json()
    return next(one for one in listed if one["kind"] == "grid")


def read(channel, number, value, **more):
    return {"channel": channel, "read_at": at(number), "value": value, **more}


NEW = {"kind": "load", "serial": "L-2", "from_on": "2026-07-01", "channels": [{"quantity": "load", "slot_minutes": 5}]}


async def test_a_second_load_meter_in_five_minute_slots_is_added_to_the_first(sender, operator) -> None:  # noqa: F811
    hung = await operator.post(of(sender), json=NEW)
    [second] = [one["channel"] for one in hung.json()["channels"]]
    await sender.send(sender.series([100] * 96))
    day = sender.series([1] * 288, channel=second, resolution="PT5M")

    assert await sender.send(day) == {**NONE, "accepted": 288}
    assert await sender.send(day) == {**NONE, "duplicate": 288}
    address = f"/api/v1/sites/{sender.site_id}/series?quantity=load&from=2026-07-01&until=2026-07-02&resolution="
    fine = problem(await sender.client.get(address + "5m"), 422, "metering.resolution-too-fine")
    assert fine["facts"] == {"resolution": "5m", "kept": "15m"}
    hours = (await sender.client.get(address + "60m")).json()["series"]
    assert [(one["channel"], one["values"][0]) for one in hours] == [(1, 400), (second, 12)]
    month = (await sender.client.get(f"/api/v1/sites/{sender.site_id}/months/2026-07")).json()
    assert month["days"][0]["load_wh"] == 96 * 103


async def test_slots_that_are_not_the_channels_are_rejected_by_name(sender, operator) -> None:  # noqa: F811
    hung = await operator.post(of(sender), json=NEW)
    [second] = [one["channel"] for one in hung.json()["channels"]]
    reasons = {}
    for change in (
        {"resolution": "PT15M"},
        {"resolution": "PT1M"},
        {"resolution": "PT7M"},
        {"start": "2026-06-30T23:55:00+09:00"},
    ):
        answer = await sender.send({"series": [sender.series([1], channel=second, resolution="PT5M") | change]})
        assert (answer["accepted"], answer["rejected"]) == (0, 1)
        reasons[next(iter(change.values()))] = answer["rejections"][0]["reason"]

    assert reasons == {
        "PT15M": "resolution-mismatch",
        "PT1M": "resolution-mismatch",
        "PT7M": "resolution-unknown",
        "2026-06-30T23:55:00+09:00": "channel-not-there",
    }


async def test_rows_say_how_long_their_slots_last(sender, operator) -> None:  # noqa: F811
    hung = await operator.post(of(sender), json=NEW)
    [second] = [one["channel"] for one in hung.json()["channels"]]
    row = {"channel": second, "wh": 3, "resolution": "PT5M"}
    bodies = {
        "application/json": {"rows": [{**row, "at": "2026-07-01T00:05:00+09:00"}]},
        "application/x-ndjson": json.dumps({**row, "at": "2026-07-01T00:10:00+09:00"}),
        "text/csv": f"channel,at,wh,resolution\n{second},2026-07-01T00:15:00+09:00,3,PT5M\n",
    }

    for kind, body in bodies.items():
        assert await sender.send(body, kind) == {**NONE, "accepted": 1}

    assert await sender.kept(channel=second) == {("2026-07-01", slot): 3 for slot in (1, 2, 3)}


async def test_registers_fill_slots_and_are_counted_in_the_same_answer(sender) -> None:  # noqa: F811
    channel = sender.channels["grid_import"]
    reads = [read(channel, 0, 100), read(channel, 1, 130)]
    bodies = {
        "application/json": {"registers": reads},
        "application/x-ndjson": "\n".join(map(json.dumps, reversed(reads))),
        "text/csv": f"channel,read_at,value\n{channel},{at(1)},130\n{channel},{at(0)},100\n",
    }
    told = {"conflicting": 0, "same_slots": 0, "other_slots": 0, "findings": [], "findings_left_out": 0}
    new = {**NONE, "registers": {**told, "accepted": 2, "duplicate": 0, "slots": 1}}
    known = {**NONE, "registers": {**told, "accepted": 0, "duplicate": 2, "slots": 0}}

    answers = [await sender.send(body, kind) for kind, body in bodies.items()]

    assert answers == [new, known, known]
    assert await sender.kept(channel=channel) == {("2026-07-01", 0): 30}
    for kind, body in (
        ("application/x-ndjson", json.dumps({**reads[0], "value": "100"})),
        ("text/csv", f"channel,read_at,value,epoch\n{channel},{at(2)},1.5,0\n"),
        ("text/csv", f"channel,read_at,value\n{channel},{at(2)},\n"),
    ):
        answer = await sender.send(body, kind)
        assert (answer["accepted"], answer["rejected"]) == (0, 1)


async def test_a_bad_read_is_named_beside_the_values_that_are_taken(sender) -> None:  # noqa: F811
    channel = sender.channels["grid_import"]
    body = {"rows": [{"channel": 1, "at": START, "wh": 5}], "registers": [read(channel, 0, 10**9), read(channel, 1, 1)]}

    answer = await sender.send(body)

    assert (answer["accepted"], answer["rejected"], answer["registers"]["accepted"]) == (1, 1, 1)
    assert answer["rejections"] == [{"place": "registers[0]", "reason": "too-large", "values": 1}]


async def test_a_register_that_tells_another_value_than_a_kept_slot_puts_it_aside(sender) -> None:  # noqa: F811
    channel = sender.channels["grid_import"]
    await sender.send(sender.series([31], channel=channel))

    answer = await sender.send({"registers": [read(channel, 0, 100), read(channel, 1, 130)]})

    assert answer["registers"]["other_slots"] == 1
    assert await sender.kept(channel=channel) == {("2026-07-01", 0): 31}


async def test_an_exchange_is_told_by_both_registers(sender, operator) -> None:  # noqa: F811
    importing, exporting = sender.channels["grid_import"], sender.channels["grid_export"]
    meter = await grid(sender, operator)
    await sender.send({"registers": [read(importing, 0, 100), read(importing, 1, 15)]})
    body = {
        "at": "2026-07-01T00:05:00+09:00",
        "serial": "G-2",
        "ends": [
            {"channel": importing, "last": 120, "first": 5},
            {"channel": exporting, "last": 0, "first": 0},
        ],
    }

    short = {**body, "ends": body["ends"][:1]}
    problem(
        await operator.post(of(sender, meter["meter_id"], "exchanges"), json=short), 422, "metering.register-unread"
    )
    exchanged = await operator.post(of(sender, meter["meter_id"], "exchanges"), json=body)

    assert exchanged.status_code == 201, exchanged.text
    assert [one["serial"] for one in exchanged.json()["devices"]] == ["", "G-2"]
    assert await sender.kept(channel=importing) == {("2026-07-01", 0): 30}


async def test_a_device_is_described_rated_and_taken_away(sender, operator) -> None:  # noqa: F811
    meter = await grid(sender, operator)
    plate = {"serial": "G-1", "digits": 6, "count_wh": 100, "verified_until": "2026-08-01"}

    told = await operator.post(of(sender, meter["meter_id"], "device"), json=plate)
    rated = await operator.post(
        of(sender, meter["meter_id"], "ratios"), json={"from_on": "2026-07-01", "numerator": 40}
    )
    gone = await operator.post(of(sender, meter["meter_id"], "removal"), json={"until_on": "2026-09-01"})

    assert told.json()["unverified"] is True
    assert rated.json()["ratios"] == [{"from_on": "2026-07-01", "numerator": 40, "denominator": 1}]
    assert {one["until_on"] for one in gone.json()["channels"]} == {"2026-09-01"}
    tenant = await sender.client.post(of(sender, meter["meter_id"], "device"), json=plate)
    problem(tenant, 403, "shared.role-not-enough")


async def test_the_sites_page_lets_the_operator_change_meters(sender, operator) -> None:  # noqa: F811
    meter = await grid(sender, operator)
    browser = await by_cookie(operator, "operator")
    address = f"/sites/11/{sender.site_id}"

    page = await browser.get(address)
    exchanged = await browser.post(
        f"{address}/meters/{meter['meter_id']}/exchanges",
        data={
            "exchanged_at": "2026-07-02T10:00",
            "meter_serial": "G-2",
            "digits": "6",
            "count_wh": "100",
            f"last_{sender.channels['grid_import']}": "5",
            f"first_{sender.channels['grid_import']}": "0",
            f"last_{sender.channels['grid_export']}": "7",
            f"first_{sender.channels['grid_export']}": "0",
        },
    )
    installed = await browser.post(
        f"{address}/meters",
        data={
            "meter_kind": "auxiliary",
            "meter_serial": "A-1",
            "digits": "6",
            "count_wh": "1",
            "from_on": "2026-07-01",
            "counts_auxiliary": "yes",
        },
    )
    refused = await browser.post(
        f"{address}/meters", data={"meter_kind": "pv", "meter_serial": "P-2", "from_on": "2026-07-01"}
    )

    assert "한전 계량기" in page.text
    assert (exchanged.status_code, installed.status_code) == (303, 303), exchanged.text
    shown = (await browser.get(address)).text
    assert "G-2" in shown
    assert "소내 전력" in shown
    assert "계량 항목" in refused.text
    for path, form in (
        ("device", {"meter_serial": "G-3", "digits": "6", "count_wh": "100", "verified_until": "2026-01-01"}),
        ("ratios", {"from_on": "2026-07-03", "numerator": "40", "denominator": "1"}),
        ("removal", {"gone_on": date(2026, 9, 1).isoformat()}),
    ):
        done = await browser.post(f"{address}/meters/{meter['meter_id']}/{path}", data=form)
        assert done.status_code == 303, (path, done.text)
        again = await browser.post(f"{address}/meters/{meter['meter_id']}/{path}", data={})
        assert "입력값을 확인해 주세요" in again.text
    assert "검정 만료" in (await browser.get(address)).text


async def test_the_contract_power_is_told_by_day_over_the_api_and_on_the_page(sender, operator) -> None:  # noqa: F811
    address = f"/api/v1/sites/{sender.site_id}/service-point"

    told = await operator.post(
        f"{address}/powers?tenant_id=11", json={"from_on": "2026-07-11", "contract_power_w": 400_000}
    )
    demand = (await sender.client.get(f"/api/v1/sites/{sender.site_id}/months/2026-07/demand")).json()
    browser = await by_cookie(operator, "operator")
    page = f"/sites/11/{sender.site_id}"
    done = await browser.post(f"{page}/powers", data={"power_from_on": "2026-08-01", "contract_power_kw": "500"})
    twice = await browser.post(f"{page}/powers", data={"power_from_on": "2026-08-01", "contract_power_kw": "501"})

    assert told.status_code == 201, told.text
    assert [(one["days"], one["with_storage_w"]) for one in demand["parts"]] == [(10, 90_000), (21, 120_000)]
    assert done.status_code == 303, done.text
    assert "이미 다른 계약전력" in twice.text
    seen = (await sender.client.get(address)).json()
    assert (seen["contract_power_w"], len(seen["terms"])) == (500_000, 3)
    assert formats.kw(500_000) in (await browser.get("/sites")).text


async def test_the_sites_page_has_each_identity_once_and_each_label_its_field(operator, sender):  # noqa: F811
    page = (await operator.get(f"/sites/11/{sender.site_id}")).text

    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) > 40
    assert sorted(ids) == sorted(set(ids))
    assert set(re.findall(r'<label for="([^"]+)"', page)) <= set(ids)
