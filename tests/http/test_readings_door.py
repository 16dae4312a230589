"""The readings door: every shape of body, sent in any order, parts and number of times."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from adapters.postgres.metering import PostgresReadings
from app.http.readings import BODY_BYTES_MAX
from app.jobs.settling import settle_days
from domain.shared.actor import SYSTEM
from domain.shared.identifiers import ChannelId, TenantId
from tests.command_line import asked_beside, on
from tests.http.test_api import problem

NOW = datetime(2026, 8, 15, tzinfo=UTC)
SITE = {
    "tenant_id": 11,
    "name_ko": "순환금속",
    "name_en": "Sunhwan Metal",
    "address_ko": "경상북도 구미시",
    "kepco_customer_no": "01-2345-6789",
    "contract_power_w": 300_000,
}
START = "2026-07-01T00:00:00+09:00"
NONE = {"accepted": 0, "duplicate": 0, "conflicting": 0, "rejected": 0, "late": 0, "conflicts": [], "rejections": []}
NONE["registers"] = None


class Sender:
    """The tenant's program, on a site with seven channels."""

    def __init__(self, client, site_id, channels, ports):
        self.client, self.site_id, self.ports = client, site_id, ports
        self.channels = {one["quantity"]: one["channel"] for one in channels}
        self.load = self.channels["load"]

    async def send(self, body, kind="application/json", status=200):
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        answer = await self.client.post("/api/v1/readings", content=content, headers={"Content-Type": kind})
        assert answer.status_code == status, answer.text
        return answer.json() if status == 200 else answer

    def series(self, wh, *, start=START, channel=None, resolution="PT15M"):
        return {"channel": channel or self.load, "start": start, "resolution": resolution, "wh": wh}

    async def kept(self, first=date(2026, 7, 1), last=date(2026, 8, 31), channel=None):
        async with self.ports.unit(SYSTEM) as work:
            blocks = await work.readings.day_blocks(
                TenantId(11), [ChannelId(channel or self.load)], first_on=first, last_on=last
            )
        return {
            (day.isoformat(), index): value
            for (_, day), block in blocks.items()
            for index, value in enumerate(block.values)
            if value is not None
        }


@pytest.fixture
async def sender(signed_in, ports) -> Sender:
    ports.clock.move_to(NOW)
    operator = await signed_in("operator")
    site = (await operator.post("/api/v1/sites", json=SITE)).json()
    tenant = await signed_in("tenant")
    channels = (await tenant.get(f"/api/v1/sites/{site['site_id']}/channels")).json()
    return Sender(tenant, site["site_id"], channels, ports)


def at(index: int) -> str:
    return (datetime.fromisoformat(START) + index * timedelta(minutes=15)).isoformat()


async def test_a_sender_learns_its_channel_numbers(sender, signed_in) -> None:
    listed = (await sender.client.get(f"/api/v1/sites/{sender.site_id}/channels")).json()

    assert listed[0] == {"channel": 1, "quantity": "load", "unit": "Wh"}
    assert [one["quantity"] for one in listed][-1] == "storage_soc"
    neighbour = await signed_in("neighbour")
    problem(await neighbour.get(f"/api/v1/sites/{sender.site_id}/channels"), 404, "metering.site-unknown")


async def test_a_month_as_a_series_is_stored_once_however_often_it_is_sent(sender) -> None:
    body = {"series": [sender.series(list(range(2_976)))]}

    assert await sender.send(body) == {**NONE, "accepted": 2_976}
    assert await sender.send(body) == {**NONE, "duplicate": 2_976}
    kept = await sender.kept()
    assert len(kept) == 2_976
    assert (kept["2026-07-01", 0], kept["2026-07-31", 95]) == (0, 2_975)


async def test_one_series_may_be_the_whole_body(sender) -> None:
    assert await sender.send(sender.series([1, None, 3])) == {**NONE, "accepted": 2}
    assert await sender.kept() == {("2026-07-01", 0): 1, ("2026-07-01", 2): 3}


async def test_a_series_begins_anywhere_on_the_grid_and_in_any_offset(sender) -> None:
    await sender.send(sender.series([7, 8], start="2026-07-01T14:45:00Z"))

    assert await sender.kept() == {("2026-07-01", 95): 7, ("2026-07-02", 0): 8}


ROWS = [(1, 5), (200, 6), (0, 4), (96, 0)]
BODIES = [
    pytest.param(
        "application/json",
        lambda channel: json.dumps({"rows": [{"channel": channel, "at": at(i), "wh": wh} for i, wh in ROWS]}),
        id="json",
    ),
    pytest.param(
        "application/x-ndjson",
        lambda channel: "\n".join(json.dumps({"channel": channel, "at": at(i), "wh": wh}) for i, wh in ROWS),
        id="ndjson",
    ),
    pytest.param(
        "text/csv; charset=utf-8",
        lambda channel: "channel,at,wh\n" + "".join(f"{channel},{at(i)},{wh}\n" for i, wh in ROWS),
        id="csv",
    ),
    pytest.param(
        "text/csv",
        lambda channel: "\ufeffchannel,at,wh\r\n" + "".join(f'"{channel}",{at(i)} , {wh}\r\n' for i, wh in ROWS),
        id="csv with mark, crlf, quotes and spaces",
    ),
]


@pytest.mark.parametrize(("kind", "body"), BODIES)
async def test_rows_in_mixed_order_are_stored_once(kind, body, sender) -> None:
    assert await sender.send(body(sender.load), kind) == {**NONE, "accepted": 4}
    assert await sender.send(body(sender.load), kind) == {**NONE, "duplicate": 4}
    assert await sender.kept() == {
        ("2026-07-01", 0): 4,
        ("2026-07-01", 1): 5,
        ("2026-07-02", 0): 0,
        ("2026-07-03", 8): 6,
    }


async def test_a_half_known_day_is_filled_and_the_rest_counted(sender) -> None:
    await sender.send(sender.series([1, 2]))

    assert await sender.send(sender.series([1, 2, 3, 4])) == {**NONE, "accepted": 2, "duplicate": 2}
    assert list((await sender.kept()).values()) == [1, 2, 3, 4]


async def test_another_value_for_a_known_slot_is_put_aside_and_named(sender) -> None:
    await sender.send(sender.series([1, 2]))

    said = await sender.send(sender.series([1, 9, 3]))

    conflict = {"channel": sender.load, "day": "2026-07-01", "slot": 1, "kept": 2, "offered": 9}
    assert said == {**NONE, "accepted": 1, "duplicate": 1, "conflicting": 1, "conflicts": [conflict]}
    assert list((await sender.kept()).values()) == [1, 2, 3]
    async with sender.ports.unit(SYSTEM) as work:
        aside = await work.readings.aside(TenantId(11), [ChannelId(sender.load)], limit=9)
    assert [one.values[:3] for one in aside] == [(None, 9, None)]


async def test_a_body_that_comes_again_after_a_correction_has_its_new_conflicts_put_aside(sender, signed_in) -> None:
    await sender.send(sender.series([1, 2, 3]))
    body = sender.series([1, 9, 3])
    await sender.send(body)
    operator = await signed_in("operator")
    corrected = await operator.post(
        f"/api/v1/sites/{sender.site_id}/corrections?tenant_id=11",
        json={"quantity": "load", "day": "2026-07-01", "changes": [{"slot": 2, "wh": 4}], "reason": "manual"},
    )
    assert corrected.status_code < 300, corrected.text

    said = await sender.send(body)

    assert [(one["slot"], one["kept"], one["offered"]) for one in said["conflicts"]] == [(1, 2, 9), (2, 4, 3)]
    async with sender.ports.unit(SYSTEM) as work:
        aside = await work.readings.aside(TenantId(11), [ChannelId(sender.load)], limit=9)
    assert [one.values[:3] for one in aside] == [(None, 9, None), (None, None, 3)]


async def test_a_request_that_put_values_aside_is_an_import_that_counts_as_a_file_does(sender) -> None:
    pv = sender.channels["pv"]
    await sender.send(sender.series([1, 2]))
    rows = [(sender.load, 1, 9), (sender.load, 5, 5), (pv, 1, 1), (pv, 5, 0)]

    await sender.send({"rows": [{"channel": c, "at": at(index), "wh": wh} for c, index, wh in rows]})

    async with sender.ports.unit(SYSTEM) as work:
        (kept,) = await work.reading_imports.of_site(TenantId(11), UUID(sender.site_id), limit=9)
    assert (kept.intervals, kept.accepted, kept.filled, kept.late, kept.conflicting) == (2, 3, 1, 0, 1)
    assert (kept.first_at.isoformat(), kept.last_at.isoformat()) == (
        "2026-06-30T15:15:00+00:00",
        "2026-06-30T16:15:00+00:00",
    )


async def test_who_waits_too_long_is_told_when_to_try_again(sender, engine) -> None:
    async with engine.connect() as writer:
        await PostgresReadings(writer).hold(TenantId(11))
        sending = asyncio.create_task(sender.send(sender.series([1]), status=503))
        while not await _cancelled_one_who_waits(writer):
            pass
        answer = await sending

    problem(answer, 503, "database.busy")
    assert int(answer.headers["retry-after"]) > 0
    assert await sender.send(sender.series([1])) == {**NONE, "accepted": 1}


async def _cancelled_one_who_waits(connection) -> bool:
    await connection.execute(text("select pg_sleep(0.01)"))
    cancelled = await connection.scalars(
        text(
            "select pg_cancel_backend(pid) from pg_stat_activity"
            " where datname = current_database() and wait_event = 'advisory'"
        )
    )
    return bool(cancelled.all())


async def test_only_the_first_hundred_conflicts_are_named(sender) -> None:
    await sender.send(sender.series([1] * 150))

    said = await sender.send(sender.series([2] * 150))

    assert (said["conflicting"], len(said["conflicts"])) == (150, 100)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"wh": -1}, "negative"),
        ({"wh": 2**31}, "too-large"),
        ({"wh": 10**30}, "too-large"),
        ({"wh": None}, "blank"),
        ({"at": "2026-07-01T00:00:00"}, "naive-instant"),
        ({"at": "2026-07-01T00:07:00+09:00"}, "off-grid"),
        ({"at": "20260701T000000+0900"}, "not-an-instant"),
        ({"at": "2026-02-30T00:00:00Z"}, "not-an-instant"),
        ({"at": "1999-07-01T00:00:00Z"}, "out-of-range"),
        ({"at": "2026-08-15T00:00:00Z"}, "in-future"),
        ({"channel": 99}, "channel-unknown"),
    ],
)
async def test_a_bad_row_is_named_and_the_good_ones_are_stored(row, reason, sender) -> None:
    good = {"channel": sender.load, "at": START, "wh": 5}
    body = {"rows": [{**good, "at": at(1)}, {**good, **row}]}

    said = await sender.send(body)

    assert said == {
        **NONE,
        "accepted": 1,
        "rejected": 1,
        "rejections": [{"place": "rows[1]", "reason": reason, "values": 1}],
    }
    assert await sender.kept() == {("2026-07-01", 1): 5}


@pytest.mark.parametrize(
    ("series", "place", "reason", "values"),
    [
        ({"wh": [1, -2]}, "series[0].wh[1]", "negative", 1),
        ({"wh": [1, 2**31]}, "series[0].wh[1]", "too-large", 1),
        ({"resolution": "PT7M"}, "series[0].resolution", "resolution-unknown", 2),
        ({"resolution": "PT1H"}, "series[0]", "resolution-mismatch", 2),
        ({"start": "2026-07-01T00:00:00"}, "series[0].start", "naive-instant", 2),
        ({"start": "2026-07-01T00:01:00Z"}, "series[0].start", "off-grid", 2),
        ({"start": "July"}, "series[0].start", "not-an-instant", 2),
        ({"start": "2026-08-14T23:45:00Z", "wh": [1, 2]}, "series[0].wh[1]", "in-future", 1),
        ({"channel": 2_147_483_647}, "series[0]", "channel-unknown", 2),
    ],
)
async def test_a_bad_series_is_named(series, place, reason, values, sender) -> None:
    said = await sender.send({"series": [{**sender.series([1, 2]), **series}]})

    assert said["rejections"] == [{"place": place, "reason": reason, "values": values}]
    assert (said["rejected"], said["accepted"]) == (values, 2 - values)


async def test_a_state_of_charge_above_full_is_refused(sender) -> None:
    said = await sender.send(sender.series([10_000, 10_001], channel=sender.channels["storage_soc"]))

    assert (said["accepted"], said["rejections"]) == (1, [{"place": "series[0]", "reason": "too-large", "values": 1}])


async def test_two_values_for_one_slot_in_one_body_are_both_refused_in_whatever_order(sender) -> None:
    rows = [{"channel": sender.load, "at": at(i), "wh": wh} for i, wh in ((0, 5), (1, 6), (0, 7))]

    for body in (rows, rows[::-1]):
        said = await sender.send({"rows": body})
        assert said["rejected"] == 2
        assert said["rejections"][0]["reason"] == "contradictory"
    assert await sender.kept() == {("2026-07-01", 1): 6}


@pytest.mark.parametrize(
    ("kind", "body", "places"),
    [
        (
            "application/x-ndjson",
            '{{"channel":{c},"at":"{at}","wh":5}}\nhm\n\n{{"channel":{c}}}\n',
            ["line 2", "line 4"],
        ),
        (
            "application/x-ndjson",
            '{{"channel":{c},"at":"{at}","wh":5}}\n{{"channel":{c},"at":"{at}","wh":"5"}}',
            ["line 2"],
        ),
        (
            "text/csv",
            "channel,at,wh\n{c},{at},5\n{c},{at},5,3\n\n{c},{at},x\n0,{at},1\n",
            ["line 3", "line 5", "line 6"],
        ),
        ("text/csv", "channel,at,wh\n{c},{at},5\n{c},{at},1_0\n", ["line 3"]),
    ],
)
async def test_a_malformed_line_is_rejected_by_its_number(kind, body, places, sender) -> None:
    said = await sender.send(body.format(c=sender.load, at=START), kind)

    assert said["rejections"] == [{"place": place, "reason": "malformed", "values": 1} for place in places]
    assert said["accepted"] == 1


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", "{"),
        ("application/json", "{}"),
        ("application/json", "[]"),
        ("application/json", '{"series":[]}'),
        ("application/json", '{"series":[{"channel":1,"start":"x","resolution":"PT15M","wh":["12"]}]}'),
        ("application/json", '{"series":[{"channel":1,"start":"x","resolution":"PT15M","wh":[1.5]}]}'),
        ("application/json", '{"rows":[{"channel":"1","at":"x","wh":1}]}'),
        ("application/json", '{"rows":[{"channel":1,"at":"x","wh":1,"more":1}]}'),
        ("text/csv", "a,b\n1,2\n"),
        ("text/csv", b"\xff\xfe"),
    ],
)
async def test_a_body_without_meaning_is_a_problem(kind, body, sender) -> None:
    problem(await sender.send(body, kind, status=400), 400, "http.bad-request")


async def test_other_media_types_are_a_problem(sender) -> None:
    problem(await sender.send(b"x", "application/xml", status=415), 415, "http.media-type")


async def test_too_much_is_a_problem(sender) -> None:
    problem(await sender.send(b" " * (BODY_BYTES_MAX + 1), status=413), 413, "http.too-large")
    many = json.dumps(sender.series([0] * 500_001))
    problem(await sender.send(many, status=413), 413, "http.too-large")


async def test_nobody_sends_without_a_session_or_for_another_tenant(sender, client, signed_in) -> None:
    body = sender.series([1])
    problem(await client.post("/api/v1/readings", json=body), 401, "identity.not-signed-in")
    neighbour = await signed_in("neighbour")
    problem(await neighbour.post("/api/v1/readings?tenant_id=11", json=body), 404, "metering.site-unknown")
    tester = await signed_in("tester")
    problem(await tester.post("/api/v1/readings", json=body), 403, "shared.role-not-enough")
    mine = (await neighbour.post("/api/v1/readings", json=body)).json()
    assert (mine["accepted"], mine["rejections"][0]["reason"]) == (0, "channel-unknown")
    assert await sender.kept() == {}


@pytest.mark.parametrize("times", [1, 2])
async def test_the_command_line_takes_a_file_for_a_site(times, sender, database_url, tmp_path) -> None:
    file = tmp_path / "site.csv"
    file.write_text(f"interval_start,load_kwh\n{START},1.5\n{at(1)},2.5\n", "utf-8")
    words = ("meter", "import", str(file), "--site", sender.site_id, "--json")
    for _ in range(times):
        done = await asked_beside(on(database_url, tmp_path), *words)

    told = json.loads(done.stdout)
    assert (told["accepted"], told["duplicate"]) == ((2, 0) if times == 1 else (0, 2))
    assert told["totals_wh"] == {"load": 4_000}
    assert list((await sender.kept()).values()) == [1_500, 2_500]


async def test_concurrent_senders_of_overlapping_parts_store_each_value_once(sender) -> None:
    whole = [(index * 37) % 5_000 for index in range(960)]
    bodies = [sender.series(whole[first : first + 300], start=at(first)) for first in range(0, 800, 100)]

    said = await asyncio.gather(*[sender.send(body) for body in bodies for _ in range(3)])

    assert sum(one["accepted"] for one in said) == 960
    assert sum(one["duplicate"] for one in said) == sum(len(body["wh"]) for body in bodies) * 3 - 960
    assert list((await sender.kept()).values()) == whole


async def test_meters_that_tick_together_are_counted_and_read_as_ever_and_laid_into_days_at_night(
    sender, signed_in, engine
) -> None:
    operator = await signed_in("operator")
    sites = [sender.site_id, *[(await operator.post("/api/v1/sites", json=SITE)).json()["site_id"] for _ in range(6)]]
    listed = [(await sender.client.get(f"/api/v1/sites/{site}/channels")).json() for site in sites]
    meters = [one["channel"] for channels in listed for one in channels if one["unit"] == "Wh"]

    def slot(number: int, **other: int) -> dict[str, object]:
        return {
            "rows": [
                {"channel": meter, "at": at(number), "wh": other.get(f"m{meter}", 100 * meter + number)}
                for meter in meters
            ]
        }

    async def pages() -> int:
        async with engine.connect() as connection:
            return int((await connection.execute(text("select count(*) from sunhwan.tick_page"))).scalar_one())

    one, count = meters[0], len(meters)
    assert count > 32
    assert await sender.send(slot(0)) == {**NONE, "accepted": count}
    assert await sender.send(slot(1)) == {**NONE, "accepted": count}
    assert await pages() == 2
    assert await sender.send(slot(0)) == {**NONE, "duplicate": count}
    assert await sender.send({"rows": slot(0)["rows"][:1]}) == {**NONE, "duplicate": 1}
    said = await sender.send({"rows": [{"channel": one, "at": at(1), "wh": 7}]})
    assert (said["accepted"], said["conflicting"]) == (0, 1)
    said = await sender.send(slot(2, **{f"m{one}": 2**31}))
    assert (said["accepted"], said["rejected"]) == (count - 1, 1)
    said = await sender.send(slot(1, **{f"m{one}": 8}))
    assert (said["accepted"], said["duplicate"], said["conflicting"]) == (0, count - 1, 1)

    before = [await sender.kept(channel=meter) for meter in meters]
    assert before[0] == {("2026-07-01", 0): 100 * one, ("2026-07-01", 1): 100 * one + 1}
    assert before[1] == {("2026-07-01", number): 100 * meters[1] + number for number in range(3)}
    report = await settle_days(sender.ports)
    assert (report.did, await pages()) == (count, 0)
    assert [await sender.kept(channel=meter) for meter in meters] == before
    assert await sender.send(slot(0)) == {**NONE, "duplicate": count}
    assert (await sender.send(slot(3)))["accepted"] == count
