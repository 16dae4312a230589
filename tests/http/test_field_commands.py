"""`sunhwan alarms`, `sunhwan telemetry send`, `sunhwan meter exchange` and registers in Wh: results and exit codes."""

import asyncio
import gzip
import json

import pytest
from typer.testing import CliRunner

from app.cli import cli
from tests.http.test_meter_import import sunhwan as importing  # noqa: F401  (a fixture)
from tests.http.test_readings_door import at, sender  # noqa: F401  (a fixture)
from tests.http.test_telemetry import deployed  # noqa: F401  (a fixture)

NOBODYS = "01a20060-412a-7718-a1e1-5de3370d56b1"


@pytest.fixture
def sunhwan(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SUNHWAN_HOME", str(tmp_path))

    async def run(*words: str):
        return await asyncio.to_thread(CliRunner().invoke, cli, list(words))

    return run


async def test_minutes_are_taken_from_a_file_and_a_trip_is_listed_and_cleared(sunhwan, deployed, tmp_path):  # noqa: F811
    file = tmp_path / "minutes.ndjson.gz"
    lines = [deployed.minute(1), deployed.minute(2, flags=4), {"pack": deployed.pack}, deployed.minute(3, flags=0)]
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))

    sent = await sunhwan("telemetry", "send", str(file), "--tenant", "11", "--json")
    told = json.loads(sent.stdout)
    assert (sent.exit_code, told["accepted"], told["rejected"]) == (3, 3, 1)
    assert told["rejections"] == [{"place": "line 3", "reason": "malformed"}]
    assert told["blocked"] == [deployed.pack]
    again = await sunhwan("telemetry", "send", str(file), "--tenant", "11")
    assert "중복 3" in again.output
    assert (await deployed.watch())["blocked"]

    listed = json.loads((await sunhwan("alarms", "list", "--tenant", "11", "--json")).stdout)
    [trip] = [one for one in listed if one["level"] == "trip"]
    assert trip["signal"] == "protection"
    assert "차단" in (await sunhwan("alarms", "list")).output
    assert json.loads((await sunhwan("alarms", "list", "--tenant", "12", "--json")).stdout) == []

    clear = ("alarms", "clear", trip["alarm_id"], "--reason", "점검 완료")
    assert (await sunhwan(*clear, "--by", "nobody")).exit_code == 1
    assert (await sunhwan(*clear, "--by", "tenant")).exit_code == 3
    assert (await sunhwan("alarms", "clear", trip["alarm_id"], "--by", "operator", "--reason", " ")).exit_code == 2
    assert (await sunhwan("alarms", "clear", NOBODYS, "--by", "operator", "--reason", "점검")).exit_code == 1
    cleared = await sunhwan(*clear, "--by", "operator", "--json")
    assert cleared.exit_code == 0, cleared.output
    assert (cleared.exit_code, json.loads(cleared.stdout)["still_blocked"]) == (0, False)
    shown = await deployed.operator.get(f"/api/v1/alarms/{trip['alarm_id']}?tenant_id=11")
    assert [one["by"] for one in shown.json()["changes"] if one["change"] == "cleared"] == ["정운영"]


async def test_a_file_that_is_none_of_minutes_says_so_in_one_sentence(sunhwan, deployed, tmp_path):  # noqa: F811
    file = tmp_path / "minutes.json"
    file.write_text('{"minutes": [{"pack": 3}]}')

    refused = await sunhwan("telemetry", "send", str(file), "--tenant", "11", "--json")

    assert refused.exit_code == 3
    assert json.loads(refused.stdout)["error"]["code"] == "metering.telemetry-malformed"
    file.write_text(json.dumps({"minutes": [deployed.minute(1)]}))
    assert (await sunhwan("telemetry", "send", str(file), "--tenant", "99")).exit_code == 1
    assert (await sunhwan("telemetry", "send", str(tmp_path / "none"), "--tenant", "11")).exit_code == 1
    whole = await sunhwan("telemetry", "send", str(file), "--tenant", "11", "--json")
    assert (whole.exit_code, json.loads(whole.stdout)["accepted"]) == (0, 1)


async def test_a_register_told_in_wh_is_taken_where_a_count_is_a_wh(importing, sender, signed_in):  # noqa: F811
    load, grid = sender.load, sender.channels["grid_import"]
    content = f"channel,read_at,value_wh,epoch\n{load},{at(0)},100,0\n{load},{at(1)},130,0\n"

    code, told = await importing(content, "--site", str(sender.site_id))
    assert (code, told["registers"]["slots"]) == (0, 1)
    assert {slot: wh for (_, slot), wh in (await sender.kept()).items()} == {0: 30}

    site, operator = f"/api/v1/sites/{sender.site_id}", await signed_in("operator")
    [meter] = [one for one in (await operator.get(f"{site}/meters?tenant_id=11")).json() if one["kind"] == "grid"]
    ratio = {"from_on": "2026-06-01", "numerator": 20}
    await operator.post(f"{site}/meters/{meter['meter_id']}/ratios?tenant_id=11", json=ratio)
    code, told = await importing(content.replace(f"{load},", f"{grid},"), "--tenant", "11")
    assert (code, told["error"]["code"]) == (3, "metering.register-not-in-wh")


async def test_an_exchange_is_told_at_the_command_line(sunhwan, sender, signed_in):  # noqa: F811
    site, operator = f"/api/v1/sites/{sender.site_id}", await signed_in("operator")
    meters = (await operator.get(f"{site}/meters?tenant_id=11")).json()
    [meter] = [one for one in meters if one["kind"] == "load"]
    words = ("meter", "exchange", meter["meter_id"], "--site", str(sender.site_id), "--at", at(4), "--serial", "L-2")

    assert (await sunhwan(*words)).exit_code == 3
    assert (await sunhwan(*words, "--end", f"{sender.load}:900")).exit_code == 2
    assert (await sunhwan(*words[:-4], "--at", "2026-07-01T00:00:00", "--serial", "L-2")).exit_code == 2
    unknown = await sunhwan("meter", "exchange", NOBODYS, *words[3:], "--end", f"{sender.load}:900:0")
    assert unknown.exit_code == 1, unknown.output
    done = await sunhwan(*words, "--end", f"{sender.load}:900:0", "--verified-until", "2033-07-01", "--json")

    assert (done.exit_code, json.loads(done.stdout)["epoch"]) == (0, 1), done.output
    meters = (await operator.get(f"{site}/meters?tenant_id=11")).json()
    [meter] = [one for one in meters if one["kind"] == "load"]
    assert [one["serial"] for one in meter["devices"]][-1] == "L-2"
