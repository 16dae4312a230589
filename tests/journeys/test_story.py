"""The whole line, from pack to paid invoice, on real PostgreSQL and over the real program."""

import json
import os
import secrets
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli import cli
from tests.command_line import Said, asked, asked_beside, on, started
from tests.conftest import drop_database, with_database


@dataclass(frozen=True)
class Kept:
    """The story as it was told once: the database and the home that tests copy, and what was said."""

    database: str
    home: Path
    told: dict


@pytest.fixture(scope="session")
async def kept(server_url: str, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kept]:
    """Tell the story with the shipped samples, by the program in a process of its own, once a run."""
    name, home = f"sunhwan_told_{secrets.token_hex(4)}", tmp_path_factory.mktemp("told")
    done = started(on(await with_database(server_url, name, template=migrated), home), "demo", "--json")
    assert done.returncode == 0, done.stderr
    yield Kept(name, home, json.loads(done.stdout))
    await drop_database(server_url, name)


@pytest.fixture
def template(request: pytest.FixtureRequest, migrated: str) -> str:
    """A test that asks for the story begins with it, the others with nothing."""
    return request.getfixturevalue("kept").database if "told" in request.fixturenames else migrated


@pytest.fixture
async def database_url(server_url: str, template: str) -> AsyncIterator[str]:
    """A fresh database for one test, with what it begins with."""
    name = f"sunhwan_test_{secrets.token_hex(6)}"
    yield await with_database(server_url, name, template=template)
    await drop_database(server_url, name)


@pytest.fixture
def told(kept: Kept, database_url: str, tmp_path: Path) -> dict:
    """What the story said; the fresh database and home hold it."""
    shutil.copytree(kept.home, tmp_path, dirs_exist_ok=True)
    return kept.told


async def test_the_shipped_samples_tell_the_whole_story(told) -> None:
    assert told["pack"]["modules_in_series"] == 12
    assert told["test"]["bench_values"] == 38
    assert told["certificate"]["grade"] == "A"
    assert told["certificate"]["tester_may_not_approve"]
    assert told["certificate"]["unreviewed_is_not_approved"]
    assert told["certificate"]["reviewed_by"] == "윤검토"
    assert told["certificate"]["one_changed_character"]
    assert told["contract"]["refused_without_certificate"] == "인증서가 없는 팩은 배정할 수 없습니다."
    assert told["second_life"]["public_page_status"] == 200
    assert (told["readings"]["intervals"], told["readings"]["sent_again_stored"]) == (8832, 0)
    assert told["month"]["invoice"]["state"] == "paid"
    assert told["month"]["ledger_sum_krw"] == 0
    assert told["trace"]["seals_hold"] == told["trace"]["entries"] == 20


@pytest.mark.shared
async def test_the_real_files_give_what_is_known_of_them(database_url: str, tmp_path: Path, shared: Path) -> None:
    done = started(
        on(database_url, tmp_path),
        "demo",
        "--json",
        "--cycler",
        str(shared / "data/cyclers/neware_ndax/TESTCELL0001_M50T.ndax"),
        "--site",
        str(shared / "data/energy/sites/S1_metalworking_2018_15min.csv.gz"),
        "--month",
        "2018-05",
        "--protocol",
        str(shared / "data/assessment_protocol.yaml"),
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["test"]["rows"], told["test"]["steps"], told["test"]["variant"]) == (77_745, 32, "C2")
    assert float(told["test"]["discharge_capacity_ah"]) == pytest.approx(4.7175, rel=1e-3)
    assert float(told["test"]["discharge_energy_wh"]) == pytest.approx(17.230, rel=1e-3)
    assert told["certificate"]["soh_ppm"] == pytest.approx(943_500, rel=1e-3)
    assert told["certificate"]["protocol"].startswith("BAAS-REUSE-01")
    readings = told["readings"]
    assert (readings["intervals"], readings["channels"], readings["stored"]) == (35_040, 7, 245_280)
    assert (readings["sent_again_stored"], readings["sent_again_duplicate"]) == (0, 245_280)
    truth = json.loads((shared / "data/energy/sites/sites_truth.json").read_text())["S1_metalworking"]["totals_kwh"]
    for name, kwh in truth.items():
        assert readings["totals_kwh"][name.removesuffix("_kwh")] == f"{kwh:.2f}", name
    assert readings["round_trip"] == "0.869"
    assert told["month"]["month"] == "2018-05"
    assert told["month"]["completeness_ppm"] == 1_000_000


async def test_a_pack_is_traced_by_each_of_its_names(told, database_url: str, tmp_path: Path) -> None:
    names = (
        told["pack"]["product_uri"],
        told["second_life"]["product_uri"],
        told["pack"]["kr_battery_no"],
        told["pack"]["maker_serial"],
        told["pack"]["pack_id"],
    )
    for name in names:
        done = await asked_beside(on(database_url, tmp_path), "trace", name, "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["pack"]["pack_id"] == told["pack"]["pack_id"]
        assert [one["state"] for one in found["passports"]] == ["archived", "active"]
        assert found["certificates"][0]["number"] == told["certificate"]["certificate"]
        assert found["services"][0]["invoices"] == [told["month"]["invoice"]["number"]]
        assert found["labels"] == [told["second_life"]["product_uri"]]


ALTERATIONS = [
    ("payload", "payload = payload || ' '"),
    ("actor_name", "actor_name = '아무개'"),
    ("kind", "kind = 'billed'"),
    ("occurred_at", "occurred_at = occurred_at + interval '1 day'"),
    ("recorded_at", "recorded_at = recorded_at - interval '1 microsecond'"),
    ("tenant_id", "tenant_id = 999"),
    ("actor_id", "actor_id = '00000000-0000-0000-0000-000000000001'"),
    ("seal", "seal = decode(repeat('00', 32), 'hex')"),
]


async def test_any_altered_row_is_named(told, database_url: str, tmp_path: Path, engine: AsyncEngine) -> None:
    pack_id = told["pack"]["pack_id"]

    async def verified(*more: str) -> Said:
        return await asked_beside(on(database_url, tmp_path), "history", "verify", pack_id, *more)

    whole = await verified()
    assert whole.returncode == 0
    assert f"{told['trace']['entries']}건" in whole.stdout

    for place, (column, change) in enumerate(ALTERATIONS, start=2):
        async with engine.begin() as connection:
            before = (
                await connection.execute(
                    text(
                        f"select {column} from sunhwan.history_entry where pack_id = cast(:p as uuid) and sequence = :s"
                    ),
                    {"p": pack_id, "s": place},
                )
            ).scalar_one()
            await connection.execute(
                text(f"update sunhwan.history_entry set {change} where pack_id = cast(:p as uuid) and sequence = :s"),
                {"p": pack_id, "s": place},
            )
        done = await verified("--json")
        assert done.returncode == 3, (column, done.stdout, done.stderr)
        said = json.loads(done.stdout)["error"]
        assert (said["code"], said["facts"]["sequence"]) == ("passport.seal-broken", place), column
        async with engine.begin() as connection:
            await connection.execute(
                text(
                    f"update sunhwan.history_entry set {column} = :v where pack_id = cast(:p as uuid) and sequence = :s"
                ),
                {"v": before, "p": pack_id, "s": place},
            )
    assert (await verified()).returncode == 0


@pytest.mark.parametrize(
    ("statement", "first_broken"),
    [
        ("delete from sunhwan.history_entry where pack_id = cast(:p as uuid) and sequence = 7", 7),
        ("delete from sunhwan.history_entry where pack_id = cast(:p as uuid) and sequence = 17", 17),
        ("update sunhwan.history_head set sequence = 16 where pack_id = cast(:p as uuid)", 17),
    ],
    ids=["a row in the middle is gone", "the tail is cut off", "the head is moved back"],
)
async def test_a_missing_row_is_named(
    told, database_url: str, tmp_path: Path, engine: AsyncEngine, statement, first_broken
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), {"p": told["pack"]["pack_id"]})

    done = await asked_beside(on(database_url, tmp_path), "history", "verify", told["pack"]["pack_id"], "--json")

    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["facts"]["sequence"] == first_broken


async def test_the_story_can_be_told_again_beside_the_first(told, database_url: str, tmp_path: Path) -> None:
    again = started(on(database_url, tmp_path), "demo", "--json", "--month", "2026-08")

    assert again.returncode == 0, again.stderr
    second = json.loads(again.stdout)
    assert second["pack"]["pack_id"] != told["pack"]["pack_id"]
    assert second["month"]["month"] == "2026-08"
    assert second["month"]["invoice"]["number"] != told["month"]["invoice"]["number"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("trace", "nothing"), 1, "passport.pack-unknown"),
        (("history", "verify", "nothing"), 1, "passport.pack-unknown"),
        (("demo", "--cycler", "/no/such/file"), 1, "demo.file-missing"),
        (("demo", "--cycler", "README.md"), 3, "certification.cycler-format-unknown"),
        (("demo", "--site", "README.md"), 3, "metering.file-"),
        (("demo", "--month", "2020-01"), 3, "demo.month-outside"),
        (("demo", "--protocol", "README.md"), 3, "certification.protocol-malformed"),
        (("demo", "--month", "soon"), 2, "YYYY-MM"),
        (("cycler", "inspect", "README.md"), 3, "certification.cycler-format-unknown"),
        (("cert", "verify", "README.md"), 3, "certification.signature-broken"),
    ],
)
async def test_bad_input_is_one_sentence_and_an_exit_code(
    database_url: str, tmp_path: Path, engine: AsyncEngine, words, code, said
) -> None:
    done = await asked_beside(on(database_url, tmp_path), *words)

    assert done.returncode == code, done.stderr
    flat = done.stderr.replace("\n", "")
    assert said in flat, done.stderr
    assert "Traceback" not in done.stderr
    async with engine.connect() as connection:
        packs = (await connection.execute(text("select count(*) from sunhwan.pack"))).scalar_one()
    assert packs == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"DATABASE_URL": "postgresql://x:y@127.0.0.1:1/z"}, "database.not-reachable"),
        ({"DATABASE_URL": "mysql://x"}, "database.url-malformed"),
        ({"DATABASE_URL": "", "SUNHWAN_HOME": "/proc/nothing"}, "database.home-unwritable"),
        ({"SUNHWAN_PORT": "many"}, "settings.malformed"),
        ({"SUNHWAN_PUBLIC_URL": "example.com"}, "settings.malformed"),
    ],
)
def test_a_bad_setting_is_one_sentence(tmp_path: Path, changes, said) -> None:
    done = asked({"SUNHWAN_HOME": str(tmp_path), **changes}, "migrate")

    assert done.returncode in (3, 4)
    assert said in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


def test_a_new_installation_gets_its_parties_and_people(database_url: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a long enough secret\n")
    party = ("--name-ko", "운영", "--name-en", "Operator", "--business-no", "1", "--address-ko", "구미")

    def added(*words: str) -> Said:
        return asked(on(database_url, tmp_path), *words)

    def lee(role: str, number: str) -> Said:
        return added("person", "add", "lee", "이", role, number, "--password-file", str(secret))

    made = added("tenant", "add", "1", "operator", *party)
    twice = added("tenant", "add", "1", "tenant", *party)
    kim = ("person", "add", "kim", "김운영", "operator", "1", "--password-file", str(secret))
    joined, again = added(*kim), added(*kim)
    nowhere = lee("tenant_admin", "9")
    secret.write_text("short")
    weak = lee("operator", "1")

    assert (made.returncode, joined.returncode) == (0, 0), made.stderr + joined.stderr
    for done, code in (
        (twice, "identity.tenant-number-taken"),
        (again, "identity.sign-in-name-taken"),
        (nowhere, "identity.tenant-unknown"),
        (weak, "identity.password-too-weak"),
    ):
        assert done.returncode in (1, 3)
        assert code in done.stderr.replace("\n", "")


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = {"SUNHWAN_HOME": str(tmp_path), "SUNHWAN_PORT": str(taken.getsockname()[1])}
        done = started(settings, "up")

    assert done.returncode == 4
    assert "serving.port-in-use" in done.stderr.replace("\n", "")
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_explains_itself() -> None:
    done = started(dict(os.environ), "--help")

    assert done.returncode == 0, done.stderr
    for command in cli.registered_commands:
        assert str(command.name or command.callback.__name__) in done.stdout
