"""A window's round trip, several channels in one read, tables as Parquet, and what was known at an instant."""

import io
import sys
from datetime import timedelta

import polars
import pytest

from tests.http.test_api import problem


@pytest.fixture
async def told(story, signed_in):
    service = story.life.services[0]
    tenant = await signed_in("tenant")
    site = f"/api/v1/sites/{service.contract.site_id}"
    channels = {one["quantity"]: one["channel"] for one in (await tenant.get(f"{site}/channels")).json()}
    return service, tenant, site, channels


async def test_a_windows_round_trip_is_corrected_or_not_stated(told):
    service, tenant, site, _ = told
    month = service.snapshots[0].usage.month

    async def over(first, until):
        return (await tenant.get(f"{site}/round-trip", params={"from": first, "until": until})).json()

    whole = await over(f"{month}-02", f"{month.next()}-01")
    assert whole["basis"] in ("corrected", "equal_charge")
    assert whole["ppm"] == whole["discharge_wh"] * 1_000_000 // (whole["charge_wh"] - whole["stored_change_wh"])
    assert whole["cycles_milli"] >= 5_000
    first = await over(f"{month}-01", f"{month.next()}-01")
    assert (first["charge_wh"], first["discharge_wh"], first["ppm"], first["basis"]) == (
        service.snapshots[0].usage.storage_charge_wh,
        service.snapshots[0].usage.storage_discharge_wh,
        None,
        "charge_unknown",
    )
    assert (whole["auxiliaries"], whole["auxiliary_wh"], whole["with_auxiliaries_ppm"]) == ("not_metered", None, None)

    short = await over(f"{month}-02", f"{month}-04")
    assert (short["ppm"], short["basis"]) == (None, "cycles_too_few")
    empty = await over("2020-01-01", "2020-02-01")
    assert (empty["ppm"], empty["basis"], empty["missing"]) == (None, "readings_missing", 2 * 31 * 96)
    answer = await tenant.get(f"{site}/round-trip", params={"from": "2020-01-01", "until": "2022-01-01"})
    problem(answer, 422, "metering.stretch-too-long")
    for first, until in (("0001-01-01", "0001-01-02"), ("9999-12-30", "9999-12-31"), ("2026-07-02", "2026-07-02")):
        stretch = {"from": first, "until": until}
        for path in (f"{site}/round-trip", f"{site}/findings", "/api/v1/series"):
            problem(await tenant.get(path, params=stretch | {"channel": 1}), 400, "http.bad-request")
        lot = {"certificate": "X", "from_on": first, "until_on": until, "wh": 1}
        problem(await tenant.post(f"{site}/lots", json=lot), 400, "http.bad-request")
    window = {"window_from": f"{month}-01", "window_until": f"{month}-03"}
    page = (await tenant.get("/energy", params={"month": str(month)} | window)).text
    assert "기간을 정한 왕복효율" in page
    assert f'value="{month}-03"' in page


async def test_channels_of_whatever_site_come_in_one_read(told, signed_in):
    service, tenant, site, channels = told
    month = service.snapshots[0].usage.month
    asked = {"from": f"{month}-01", "until": f"{month}-02", "channel": [channels["load"], channels["pv"]]}

    found = (await tenant.get("/api/v1/series", params=asked)).json()
    alone = (await tenant.get(f"{site}/series", params=asked | {"quantity": ["load", "pv"]})).json()

    assert [one["channel"] for one in found["series"]] == sorted(asked["channel"])
    assert found["starts_at"] == alone["starts_at"]
    by_channel = {one["channel"]: one["values"] for one in alone["series"]}
    assert {one["channel"]: one["values"] for one in found["series"]} == by_channel
    for resolution in ("60m", "day"):
        coarse = (await tenant.get("/api/v1/series", params=asked | {"resolution": resolution})).json()
        again = (
            await tenant.get(f"{site}/series", params=asked | {"resolution": resolution, "quantity": ["load", "pv"]})
        ).json()
        assert coarse["starts_at"] == again["starts_at"]
        for name in ("values", "missing", "unmeasured"):
            assert [one[name] for one in coarse["series"]] == [one[name] for one in again["series"]]
    for name in ("missing", "unmeasured"):
        assert [one[name] for one in found["series"]] == [one[name] for one in alone["series"]]
    assert {one["site_id"] for one in found["series"]} == {site.rsplit("/", 1)[1]}
    problem(await tenant.get("/api/v1/series", params=asked | {"channel": [999]}), 404, "metering.channel-unknown")
    problem(await (await signed_in("neighbour")).get("/api/v1/series", params=asked), 404, "metering.channel-unknown")
    problem(await tenant.get("/api/v1/series", params=asked | {"channel": []}), 400, "http.bad-request")
    year = asked | {"from": "2026-01-01", "until": "2027-01-01", "channel": [*channels.values()] * 2}
    assert (await tenant.get("/api/v1/series", params=year | {"resolution": "day"})).status_code == 200
    operator = await signed_in("operator")
    theirs = await operator.get("/api/v1/series", params=asked | {"tenant_id": service.contract.tenant_id})
    assert theirs.json() == found


async def test_a_table_names_each_channel_and_comes_as_parquet_too(told):
    service, tenant, site, channels = told
    month = service.snapshots[0].usage.month
    asked = {"from": f"{month}-01", "until": f"{month}-02"}

    csv = (await tenant.get("/api/v1/series/csv", params=asked | {"channel": [channels["load"]]})).text
    file = await tenant.get(f"{site}/series/parquet", params=asked | {"quantity": ["load", "pv"]})

    assert csv.splitlines()[0].endswith(f"load_{channels['load']}_wh")
    assert file.headers["content-type"] == "application/vnd.apache.parquet"
    frame = polars.read_parquet(io.BytesIO(file.content))
    assert frame.columns == ["start (Asia/Seoul)", "load_wh", "pv_wh"]
    assert frame.schema["load_wh"] == polars.Int64
    series = (await tenant.get(f"{site}/series", params=asked | {"quantity": ["load"]})).json()["series"][0]
    assert frame["load_wh"].to_list() == series["values"]


async def test_without_its_library_parquet_is_refused_in_one_sentence(told, monkeypatch):
    service, tenant, site, _ = told
    month = service.snapshots[0].usage.month
    monkeypatch.setitem(sys.modules, "polars", None)

    answer = await tenant.get(f"{site}/series/parquet", params={"from": f"{month}-01", "until": f"{month}-02"})

    problem(answer, 422, "http.parquet-missing")


async def test_two_meters_of_one_quantity_have_a_column_each(told, signed_in):
    service, tenant, site, channels = told
    month = service.snapshots[0].usage.month
    operator = await signed_in("operator")
    meter = {
        "kind": "load",
        "serial": "L-2",
        "from_on": f"{month}-01",
        "channels": [{"quantity": "load"}],
    }
    made = await operator.post(f"{site}/meters?tenant_id={service.contract.tenant_id}", json=meter)
    number = made.json()["channels"][0]["channel"]

    csv = (
        await tenant.get(
            f"{site}/series/csv", params={"from": f"{month}-01", "until": f"{month}-02", "quantity": "load"}
        )
    ).text

    assert csv.splitlines()[0].split(",")[1:] == [f"load_{channels['load']}_wh", f"load_{number}_wh"]


async def test_a_month_its_demand_and_its_page_are_shown_as_they_were_known(told, ports, signed_in):
    service, tenant, site, _ = told
    month, before = service.snapshots[0].usage.month, ports.clock.now() + timedelta(seconds=1)
    series = (
        await tenant.get(
            f"{site}/series", params={"from": f"{month}-01", "until": f"{month}-02", "quantity": "grid_import"}
        )
    ).json()["series"][0]["values"]
    wish = {
        "quantity": "grid_import",
        "day": f"{month}-01",
        "changes": [{"slot": 40, "wh": 900_000}],
        "reason": "manual",
    }
    ports.clock.move_to(ports.clock.now() + timedelta(hours=1))
    tenant, operator = await signed_in("tenant"), await signed_in("operator")
    await operator.post(f"{site}/corrections?tenant_id={service.contract.tenant_id}", json=wish)
    then = {"as_of": before.isoformat()}

    now_month = (await tenant.get(f"{site}/months/{month}")).json()
    then_month = (await tenant.get(f"{site}/months/{month}", params=then)).json()
    now_demand = (await tenant.get(f"{site}/months/{month}/demand")).json()
    then_demand = (await tenant.get(f"{site}/months/{month}/demand", params=then)).json()

    assert now_month["totals_wh"]["grid_import"] - then_month["totals_wh"]["grid_import"] == 900_000 - series[40]
    assert (now_demand["with_storage_w"], then_demand["with_storage_w"] < 3_600_000) == (3_600_000, True)
    page = await tenant.get("/energy", params={"month": str(month), "known": "2026-12-31T00:00"})
    assert "당시 알려진 값입니다" in page.text
    problem_page = await tenant.get("/energy", params={"month": str(month), "known": "2026-02-31T00:00"})
    assert problem_page.status_code == 422
