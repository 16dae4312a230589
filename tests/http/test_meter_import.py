"""`sunhwan meter import` over a database: every form of the readings door, the expected month, exit codes."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from app.cli import cli
from tests.http.test_readings_door import START, at, sender  # noqa: F401  (a fixture)


@pytest.fixture
def sunhwan(sender, database_url, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SUNHWAN_HOME", str(tmp_path))

    async def run(content: str, *words: str):
        file = tmp_path / "readings"
        file.write_text(content)
        result = await asyncio.to_thread(CliRunner().invoke, cli, ["meter", "import", str(file), *words, "--json"])
        return result.exit_code, json.loads(result.stdout) if result.stdout else None

    return run


async def test_every_form_of_the_door_is_taken_from_a_file(sunhwan, sender) -> None:  # noqa: F811
    grid, site = sender.channels["grid_import"], ("--site", str(sender.site_id))
    rows = [{"channel": sender.load, "at": at(number), "wh": number} for number in (4, 5)]

    taken = [
        await sunhwan(f"channel,at,wh\n{sender.load},{at(0)},7\n{sender.load},{at(1)},8\n", *site),
        await sunhwan(json.dumps(sender.series([7, 8, 9])), "--tenant", "11", "--month", "2026-07"),
        await sunhwan("\n".join(map(json.dumps, rows)), *site),
        await sunhwan(f"channel,read_at,value\n{grid},{at(0)},100\n{grid},{at(1)},130\n", *site),
        await sunhwan(f"interval_start,load_kwh\n{at(6)},1\n", *site, "--month", "2026-07"),
    ]

    assert [code for code, _ in taken] == [0] * 5
    assert [(told["accepted"], told["duplicate"]) for _, told in taken] == [(2, 0), (1, 2), (2, 0), (0, 0), (1, 0)]
    assert taken[3][1]["registers"]["slots"] == 1
    kept = await sender.kept()
    assert {slot: value for (_, slot), value in kept.items()} == {0: 7, 1: 8, 2: 9, 4: 4, 5: 5, 6: 1_000}


async def test_what_is_refused_says_so_by_its_exit_code(sunhwan, sender) -> None:  # noqa: F811
    row = f"channel,at,wh\n{sender.load},{START},7\n"
    site = ("--site", str(sender.site_id))

    code, told = await sunhwan(row + "999,x,1\n", *site)
    assert (code, told["accepted"], told["rejections"]) == (
        3,
        1,
        [{"place": "line 3", "reason": "not-an-instant", "values": 1}],
    )
    for content in (row, f"interval_start,load_kwh\n{START},1\n"):
        code, told = await sunhwan(content, *site, "--month", "2026-06")
        assert (code, told["error"]["code"]) == (3, "metering.readings-outside-month")
    assert (await sunhwan(row))[0] == 2
    assert (await sunhwan(f"interval_start,load_kwh\n{START},1\n", "--tenant", "11"))[0] == 2
    assert (await sunhwan(row, "--tenant", "99"))[1]["error"]["code"] == "identity.tenant-unknown"
    assert (await sunhwan(row, *site, "--tenant", "12"))[1]["error"]["code"] == "metering.site-unknown"
    assert await sender.kept() == {("2026-07-01", 0): 7}
