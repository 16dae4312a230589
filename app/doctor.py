"""Examines a deployment: what is well, what should be looked at, what must be mended; changes nothing."""

import asyncio
import ctypes
import ctypes.util
import shutil
import socket
import ssl
import stat
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from app import wiring
from app.settings import Settings
from domain.shared.checkup import DatabaseFacts
from domain.shared.errors import Unavailable

LOOPBACK = ("127.0.0.1", "localhost", "::1")
TLS_WAIT_S = 5.0
CERTIFICATE_LEFT = timedelta(days=14)
SKEW_S_WELL, SKEW_S_MAX = 1.0, 5.0
BACKUP_AGE = timedelta(hours=26)
BACKUP_AGE_MAX = timedelta(days=7)
DISK_FREE_PPM_WELL, DISK_FREE_PPM_MIN = 150_000, 50_000
PROXY_ADDRESSES_MAX = 65_536
RELAY = "outbox.relay"
RELAY_AGE = timedelta(minutes=5)
RELAY_AGE_MAX = timedelta(hours=1)
BACKUP_MARKER = "backup/last"
"""A file under SUNHWAN_HOME that whoever makes backups touches after each one."""

_TIME_ERROR = 5


class Verdict(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    code: str
    verdict: Verdict
    said_ko: str
    said_en: str


def _found(code: str, verdict: Verdict, said_ko: str, said_en: str) -> Finding:
    return Finding(code=code, verdict=verdict, said_ko=said_ko, said_en=said_en)


async def examine(settings: Settings, *, backup_marker: Path | None = None) -> tuple[Finding, ...]:
    """Look at everything; one thing that cannot be looked at hides no other."""
    looked_at = (await tls(settings.public_url), await tls_version(settings.public_url), database_connection(settings))
    findings = [one for one in looked_at if one is not None]
    findings += [*secret_files(settings.home), disk(settings.home), clock_source()]
    findings += proxies(settings)
    if not settings.quotas:
        findings.append(_found("quotas", Verdict.WARN, "요청량 제한이 꺼져 있습니다.", "Quotas are switched off."))
    marker = backup_marker or settings.home / BACKUP_MARKER
    try:
        facts = await wiring.database_facts(settings)
    except Unavailable as error:
        findings.append(_found("database", Verdict.FAIL, error.sentence("ko"), error.sentence("en")))
        return tuple(findings)
    findings += database(facts, now=datetime.now(UTC), needed=settings.secure)
    findings.append(backup(facts, marker, now=datetime.now(UTC), needed=settings.secure))
    return tuple(findings)


async def tls(public_url: str) -> Finding:
    """Look whether visitors reach us over TLS, and how long the certificate still holds."""
    parts = urlsplit(public_url)
    if parts.scheme != "https":
        verdict = Verdict.WARN if parts.hostname in LOOPBACK else Verdict.FAIL
        return _found(
            "tls",
            verdict,
            f"{public_url}은(는) 암호화되지 않습니다. 다른 컴퓨터에서 쓰려면 https여야 합니다.",
            f"{public_url} is not encrypted; anything but this machine itself takes https.",
        )
    try:
        ends_at = await asyncio.to_thread(_certificate_ends_at, parts.hostname or "", parts.port or 443)
    except ssl.SSLError as error:
        reason = error.reason or "?"
        return _found(
            "tls", Verdict.FAIL, f"인증서를 믿을 수 없습니다: {reason}.", f"The certificate is not trusted: {reason}."
        )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return _found(
            "tls",
            Verdict.WARN,
            f"{public_url}에 여기서 연결할 수 없어 인증서를 확인하지 못했습니다: {reason}.",
            f"{public_url} is not reachable from here, so its certificate was not seen: {reason}.",
        )
    return certificate(ends_at, now=datetime.now(UTC))


async def tls_version(public_url: str) -> Finding | None:
    """Look whether our address still takes TLS before 1.2; nothing is said of one that cannot be reached."""
    parts = urlsplit(public_url)
    if parts.scheme != "https":
        return None
    try:
        version = await asyncio.to_thread(old_version_taken, parts.hostname or "", parts.port or 443)
    except OSError:
        return None  # `tls` says that it is not reachable
    if version is not None:
        return _found(
            "tls-version",
            Verdict.FAIL,
            f"{version}로도 연결됩니다. TLS 1.2 미만은 프록시에서 꺼야 합니다.",
            f"{version} is still taken; the proxy must refuse everything before TLS 1.2.",
        )
    return _found("tls-version", Verdict.OK, "TLS 1.2 이상만 받습니다.", "Only TLS 1.2 and newer is taken.")


def old_version_taken(host: str, port: int) -> str | None:
    """Return the version before TLS 1.2 that a server takes; None where it refuses them.

    Raises:
        OSError: nobody answers there.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # only the version is looked at; whether the certificate holds says `tls`
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # they are old: that is what is asked
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection((host, port), timeout=TLS_WAIT_S) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as secured:
                return secured.version()
        except (ssl.SSLError, ConnectionError):
            return None


def database_connection(settings: Settings) -> Finding | None:
    """Look whether the way to a database on another machine is encrypted for sure; a local one needs no look."""
    if settings.database_url is None:
        return None
    parts = urlsplit(settings.database_url)
    if parts.hostname in (None, *LOOPBACK):
        return None
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    mode = asked.get("ssl", asked.get("sslmode", "prefer"))
    if mode in ("require", "verify-ca", "verify-full", "true"):
        return _found(
            "database-tls", Verdict.OK, "데이터베이스 연결은 암호화됩니다.", "The database is reached encrypted."
        )
    return _found(
        "database-tls",
        Verdict.WARN,
        "데이터베이스 연결의 암호화가 강제되지 않습니다. 내부 전용망이 아니라면 ?ssl=verify-full을 붙이십시오.",
        "The way to the database is not encrypted for sure; unless it is a network of its own, add ?ssl=verify-full.",
    )


def certificate(ends_at: datetime, *, now: datetime) -> Finding:
    """Look how long a certificate still holds."""
    verdict = Verdict.FAIL if ends_at <= now else Verdict.WARN if ends_at - now < CERTIFICATE_LEFT else Verdict.OK
    return _found(
        "tls", verdict, f"인증서는 {ends_at:%Y-%m-%d}까지입니다.", f"The certificate ends {ends_at:%Y-%m-%d}."
    )


def _certificate_ends_at(host: str, port: int) -> datetime:
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=TLS_WAIT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        seen = secured.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(seen["notAfter"])), UTC)


def proxies(settings: Settings) -> Iterator[Finding]:
    """Look whether it is known who stands between us and the callers: this program itself never ends TLS."""
    trusted = settings.trusted_proxies
    wide = [str(one) for one in trusted if one.num_addresses > PROXY_ADDRESSES_MAX]
    if wide:
        yield _found(
            "proxies",
            Verdict.FAIL,
            f"신뢰하는 프록시의 범위가 너무 넓어 접속 주소를 꾸밀 수 있습니다: {', '.join(wide)}.",
            f"So many addresses are trusted as proxies that callers may forge theirs: {', '.join(wide)}.",
        )
    elif trusted:
        named = ", ".join(map(str, trusted))
        yield _found("proxies", Verdict.OK, f"신뢰하는 프록시: {named}.", f"Trusted proxies: {named}.")
    elif settings.secure:
        yield _found(
            "proxies",
            Verdict.FAIL,
            "TLS 프록시의 주소가 SUNHWAN_TRUSTED_PROXIES에 없어 모든 접속이 한 주소로 보입니다. 한 사람이 여러 번 "
            "틀리면 모두의 로그인이 막힙니다.",
            "The TLS proxy is not in SUNHWAN_TRUSTED_PROXIES, so that every caller has its address, and one who "
            "guesses passwords locks everybody out.",
        )


def secret_files(home: Path) -> Iterator[Finding]:
    """Look whether keys are there and readable by nobody else."""
    keys = sorted(path for path in (home / "keys").glob("**/*") if path.is_file())
    if not keys:
        yield _found(
            "keys",
            Verdict.WARN,
            f"{home / 'keys'}에 서명 키가 없습니다. 첫 발급 때 만들어집니다.",
            f"There is no signing key in {home / 'keys'}; the first certificate makes one.",
        )
        return
    loose = [path for path in keys if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if loose:
        names = ", ".join(path.name for path in loose)
        yield _found(
            "keys",
            Verdict.FAIL,
            f"다른 사용자가 읽을 수 있는 키 파일입니다(chmod 600): {names}.",
            f"Others may read these key files (chmod 600): {names}.",
        )
        return
    yield _found(
        "keys", Verdict.OK, f"키 파일 {len(keys)}개, 소유자만 읽습니다.", f"{len(keys)} key files, owner only."
    )


def disk(home: Path) -> Finding:
    """Look how much room is left where the data lie."""
    place = next(path for path in (home, *home.parents) if path.exists())
    usage = shutil.disk_usage(place)
    free_ppm = usage.free * 1_000_000 // usage.total
    verdict = (
        Verdict.FAIL if free_ppm < DISK_FREE_PPM_MIN else Verdict.WARN if free_ppm < DISK_FREE_PPM_WELL else Verdict.OK
    )
    free_gib, share = usage.free // 2**30, free_ppm // 10_000
    return _found(
        "disk", verdict, f"디스크 여유 {free_gib} GiB ({share} %).", f"{free_gib} GiB of disk free ({share} %)."
    )


def clock_source() -> Finding:
    """Look whether the system keeps its clock by others'."""
    try:
        state = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True).adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        state = -1
    if state == -1:
        return _found(
            "ntp", Verdict.WARN, "시각 동기화 상태를 알 수 없습니다.", "Whether the clock is kept is not known."
        )
    if state == _TIME_ERROR:
        return _found(
            "ntp",
            Verdict.WARN,
            "시스템 시각이 동기화되지 않았습니다(NTP). 계량과 서명 시각이 어긋날 수 있습니다.",
            "The system's clock is not synchronised (NTP); readings and signatures may be told a wrong time.",
        )
    return _found("ntp", Verdict.OK, "시스템 시각이 동기화되어 있습니다.", "The system's clock is synchronised.")


def database(facts: DatabaseFacts, *, now: datetime, needed: bool = False) -> Iterator[Finding]:
    """Look at the database's rights, guards, clock, revision and jobs; `needed` where others than us are served."""
    yield _found("database", Verdict.OK, f"PostgreSQL {facts.version}.", f"PostgreSQL {facts.version}.")
    yield _rights(facts, needed=needed)
    yield _listed(
        "row-security",
        facts.unguarded,
        ("모든 테이블이 행 보안을 강제합니다.", "Every table forces row-level security."),
        ("행 보안이 강제되지 않은 테이블", "Tables without forced row-level security"),
    )
    yield _listed(
        "grants",
        facts.rewritable,
        ("이력, 원장, 서명은 고치거나 지울 수 없습니다.", "History, ledger and signatures cannot be rewritten."),
        ("서비스 역할이 고치거나 지울 수 있는 기록", "Records that the serving role may rewrite"),
    )
    skew_s = abs(facts.ahead_s)
    yield _found(
        "clock",
        Verdict.OK if skew_s <= SKEW_S_WELL else Verdict.WARN if skew_s <= SKEW_S_MAX else Verdict.FAIL,
        f"데이터베이스와 시각 차이 {facts.ahead_s:+.3f}초.",
        f"The database's clock is {facts.ahead_s:+.3f} s from ours.",
    )
    yield _found(
        "migrations",
        Verdict.OK if facts.revision == facts.newest_revision else Verdict.FAIL,
        f"스키마 {facts.revision or '없음'}, 프로그램 {facts.newest_revision}.",
        f"Schema {facts.revision or 'none'}, program {facts.newest_revision}.",
    )
    yield from jobs(facts, now=now)


def _rights(facts: DatabaseFacts, *, needed: bool) -> Finding:
    if not facts.app_there or facts.app_superuser or facts.app_bypasses or facts.app_owns:
        return _found(
            "roles",
            Verdict.FAIL,
            "서비스 역할 sunhwan_app이 없거나, 행 보안을 우회하거나, 테이블을 소유합니다.",
            "The serving role sunhwan_app is missing, bypasses row-level security or owns tables.",
        )
    if facts.login_superuser or facts.login_bypasses or facts.login_owns:
        return _found(
            "roles",
            Verdict.FAIL if needed else Verdict.WARN,
            f"접속 계정 {facts.login}의 권한이 지나칩니다(superuser, bypassrls 또는 소유자): RESET ROLE로 행 보안을 "
            "벗어납니다. sunhwan migrate가 DATABASE_OWNER_URL로 서비스 전용 계정을 만듭니다.",
            f"The sign-in {facts.login} may too much (superuser, bypassrls or owner): after RESET ROLE no policy binds "
            "it. `sunhwan migrate` with DATABASE_OWNER_URL makes one for serving alone.",
        )
    return _found("roles", Verdict.OK, f"접속 계정 {facts.login}.", f"Signs in as {facts.login}.")


def _listed(code: str, names: tuple[str, ...], well: tuple[str, str], ill: tuple[str, str]) -> Finding:
    if not names:
        return _found(code, Verdict.OK, *well)
    told = ", ".join(names[:10])
    return _found(code, Verdict.FAIL, f"{ill[0]}: {told}.", f"{ill[1]}: {told}.")


def jobs(facts: DatabaseFacts, *, now: datetime) -> Iterator[Finding]:
    """Look when the worker last ran, and what failed."""
    relay = next((one for one in facts.jobs if one.job == RELAY), None)
    age = None if relay is None else now - relay.started_at
    if relay is None or age is None:
        yield _found("worker", Verdict.WARN, "작업 프로세스가 실행된 적이 없습니다.", "The worker has never run.")
    else:
        verdict = Verdict.OK if age <= RELAY_AGE else Verdict.WARN if age <= RELAY_AGE_MAX else Verdict.FAIL
        at = f"{relay.started_at:%Y-%m-%d %H:%M:%S}Z"
        yield _found("worker", verdict, f"작업 프로세스의 마지막 실행 {at}.", f"The worker last ran at {at}.")
    for one in facts.jobs:
        if one.failed:
            yield _found(
                f"job:{one.job}",
                Verdict.WARN,
                f"{one.job}: {one.failed}건 실패. {one.said}",
                f"{one.job}: {one.failed} failed. {one.said}",
            )


def backup(facts: DatabaseFacts, marker: Path, *, now: datetime, needed: bool) -> Finding:
    """Look when the last backup was made: the archived log, or the marker file, whichever is younger."""
    known = [facts.archived_at] if facts.archives and facts.archived_at is not None else []
    if marker.is_file():
        known.append(datetime.fromtimestamp(marker.stat().st_mtime, UTC))
    if not known:
        return _found(
            "backup",
            Verdict.FAIL if needed else Verdict.WARN,
            f"백업 기록이 없습니다. WAL 보관을 켜거나 백업 뒤에 {marker}을(를) 갱신하십시오.",
            f"There is no trace of a backup: archive the WAL, or touch {marker} after each backup.",
        )
    age = now - max(known)
    verdict = Verdict.OK if age <= BACKUP_AGE else Verdict.WARN if age <= BACKUP_AGE_MAX else Verdict.FAIL
    hours = int(age.total_seconds() // 3600)
    return _found("backup", verdict, f"마지막 백업은 {hours}시간 전입니다.", f"The last backup is {hours} hours old.")
