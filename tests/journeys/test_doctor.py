"""`sunhwan doctor` sees what is wrong with a deployment, one thing at a time, and changes nothing."""

import contextlib
import json
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from adapters.postgres.checkup import examine
from app import doctor
from app.cli import cli
from app.doctor import Verdict
from app.settings import read_settings
from app.wiring import database_facts, open_database
from domain.shared.checkup import DatabaseFacts
from domain.shared.outbox import JobReport

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def job(name: str, *, ago: timedelta, failed: int = 0) -> JobReport:
    return JobReport(job=name, started_at=NOW - ago, succeeded_at=NOW, did=0, failed=failed, said="x" * failed)


HEALTHY = DatabaseFacts(
    version="17.2",
    login="sunhwan",
    login_superuser=False,
    login_bypasses=False,
    login_owns=False,
    app_there=True,
    app_superuser=False,
    app_bypasses=False,
    app_owns=(),
    unguarded=(),
    rewritable=(),
    ahead_s=0.01,
    revision="0016",
    newest_revision="0016",
    archives=True,
    archived_at=NOW - timedelta(hours=1),
    jobs=(job("outbox.relay", ago=timedelta(seconds=5)),),
)


def verdicts(facts: DatabaseFacts) -> dict[str, Verdict]:
    return {one.code: one.verdict for one in doctor.database(facts, now=NOW)}


def test_a_healthy_database_is_well() -> None:
    assert set(verdicts(HEALTHY).values()) == {Verdict.OK}


@pytest.mark.parametrize(
    ("ill", "code", "verdict"),
    [
        pytest.param({"login_superuser": True}, "roles", Verdict.WARN, id="superuser signs in"),
        pytest.param({"login_bypasses": True}, "roles", Verdict.WARN, id="sign-in bypasses row security"),
        pytest.param({"login_owns": True}, "roles", Verdict.WARN, id="owner signs in"),
        pytest.param({"app_there": False}, "roles", Verdict.FAIL, id="no serving role"),
        pytest.param({"app_bypasses": True}, "roles", Verdict.FAIL, id="serving role bypasses row security"),
        pytest.param({"app_owns": ("site",)}, "roles", Verdict.FAIL, id="serving role owns a table"),
        pytest.param({"unguarded": ("site",)}, "row-security", Verdict.FAIL, id="open table"),
        pytest.param({"rewritable": ("invoice",)}, "grants", Verdict.FAIL, id="history may be rewritten"),
        pytest.param({"ahead_s": -1.5}, "clock", Verdict.WARN, id="clock behind"),
        pytest.param({"ahead_s": 5.5}, "clock", Verdict.FAIL, id="clock far ahead"),
        pytest.param({"revision": "0008"}, "migrations", Verdict.FAIL, id="old schema"),
        pytest.param({"revision": None}, "migrations", Verdict.FAIL, id="no schema"),
        pytest.param({"jobs": ()}, "worker", Verdict.WARN, id="no worker"),
        pytest.param(
            {"jobs": (job("outbox.relay", ago=timedelta(minutes=6)),)}, "worker", Verdict.WARN, id="worker rests"
        ),
        pytest.param(
            {"jobs": (job("outbox.relay", ago=timedelta(hours=2)),)}, "worker", Verdict.FAIL, id="worker is gone"
        ),
        pytest.param(
            {"jobs": (*HEALTHY.jobs, job("billing.close-months", ago=timedelta(0), failed=2))},
            "job:billing.close-months",
            Verdict.WARN,
            id="a job failed",
        ),
    ],
)
def test_each_illness_is_named_and_nothing_else(ill: dict, code: str, verdict: Verdict) -> None:
    found = verdicts(replace(HEALTHY, **ill))

    assert {name: one for name, one in found.items() if one is not Verdict.OK} == {code: verdict}


@pytest.mark.parametrize(
    ("age", "needed", "verdict"),
    [
        (timedelta(hours=26), True, Verdict.OK),
        (timedelta(hours=27), True, Verdict.WARN),
        (timedelta(days=8), True, Verdict.FAIL),
        (None, True, Verdict.FAIL),
        (None, False, Verdict.WARN),
    ],
)
def test_a_backup_has_an_age(tmp_path: Path, age: timedelta | None, needed: bool, verdict: Verdict) -> None:
    facts = replace(HEALTHY, archives=age is not None, archived_at=None if age is None else NOW - age)

    assert doctor.backup(facts, tmp_path / "last", now=NOW, needed=needed).verdict is verdict


def test_a_marker_file_is_a_backup_too(tmp_path: Path) -> None:
    marker = tmp_path / "last"
    marker.touch()

    found = doctor.backup(replace(HEALTHY, archives=False), marker, now=datetime.now(UTC), needed=True)

    assert found.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("left", "verdict"),
    [(timedelta(days=15), Verdict.OK), (timedelta(days=13), Verdict.WARN), (timedelta(0), Verdict.FAIL)],
)
def test_a_certificate_ends(left: timedelta, verdict: Verdict) -> None:
    assert doctor.certificate(NOW + left, now=NOW).verdict is verdict


async def test_plain_http_is_for_this_machine_only() -> None:
    assert (await doctor.tls("http://127.0.0.1:8000")).verdict is Verdict.WARN
    assert (await doctor.tls("http://sunhwan.example")).verdict is Verdict.FAIL


def test_a_key_that_others_may_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    key = tmp_path / "keys" / "issuer.pem"
    key.write_text("secret")

    key.chmod(0o640)
    loose = list(doctor.secret_files(tmp_path))
    key.chmod(0o600)
    tight = list(doctor.secret_files(tmp_path))

    assert [(one.verdict, "issuer.pem" in one.said_en) for one in loose] == [(Verdict.FAIL, True)]
    assert [one.verdict for one in tight] == [Verdict.OK]


async def test_the_schema_as_it_is_shipped_is_guarded_and_a_spoilt_one_is_seen(
    database_url: str, engine: AsyncEngine
) -> None:
    shipped = await examine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("alter table sunhwan.site no force row level security"))
        await connection.execute(text("grant update on sunhwan.signature to sunhwan_app"))
        await connection.execute(text("grant truncate on sunhwan.outbox to sunhwan_app"))
        await connection.execute(text("update sunhwan.alembic_version set version_num = '0001'"))
    spoilt = await examine(database_url)

    assert (shipped.unguarded, shipped.rewritable, shipped.app_owns) == ((), (), ())
    assert (shipped.app_there, shipped.app_superuser, shipped.app_bypasses) == (True, False, False)
    assert shipped.revision == shipped.newest_revision
    assert abs(shipped.ahead_s) < 60
    assert (spoilt.unguarded, spoilt.rewritable) == (("site",), ("outbox", "signature"))
    assert spoilt.revision == "0001"


def test_the_command_tells_it_in_both_languages_and_by_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUNHWAN_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    runner = CliRunner()

    korean, english = runner.invoke(cli, ["doctor"]), runner.invoke(cli, ["doctor", "--lang", "en"])
    listed = runner.invoke(cli, ["doctor", "--json"])

    assert (korean.exit_code, english.exit_code, listed.exit_code) == (1, 1, 1)  # no database runs there
    assert "데이터베이스에 연결할 수 없습니다" in korean.output
    assert "The database cannot be reached" in english.output
    found = {one["code"]: one["verdict"] for one in json.loads(listed.stdout)}
    assert found["database"] == "fail"
    assert {"tls", "keys", "disk", "ntp"} <= set(found)


async def test_a_deployment_is_examined_as_a_whole(database_url: str, tmp_path: Path) -> None:
    settings = replace(read_settings({"SUNHWAN_HOME": str(tmp_path)}), database_url=database_url)

    found = {one.code: one.verdict for one in await doctor.examine(settings)}

    assert found["row-security"] is found["grants"] is found["migrations"] is found["clock"] is Verdict.OK
    assert found["backup"] is Verdict.WARN


@pytest.mark.parametrize("what", ["login_superuser", "login_bypasses", "login_owns"])
def test_whoever_serves_others_over_tls_does_not_sign_in_as_who_may_all(what: str) -> None:
    found = {one.code: one.verdict for one in doctor.database(replace(HEALTHY, **{what: True}), now=NOW, needed=True)}

    assert found["roles"] is Verdict.FAIL


async def test_the_embedded_database_is_served_by_a_sign_in_of_its_own(tmp_path: Path) -> None:
    settings = read_settings({"SUNHWAN_HOME": str(tmp_path)})
    async with open_database(settings) as address, open_database(settings) as second:
        facts = await examine(address)
        again = await database_facts(settings)

    assert address == second
    assert (facts.login, facts.login_superuser, facts.login_owns) == ("sunhwan_serving", False, False)
    assert again.login == "sunhwan_serving"
    assert (tmp_path / "postgres" / "serving.pw").stat().st_mode & 0o777 == 0o600
    assert {one.code: one.verdict for one in doctor.database(facts, now=datetime.now(UTC))}["roles"] is Verdict.OK


@contextlib.contextmanager
def speaking(folder: Path, *, oldest: ssl.TLSVersion) -> Iterator[int]:
    """Let somebody speak TLS on a port of this machine, from a version on."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    told = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "pair.pem").write_bytes(pem + told.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pair.pem")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = oldest
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            with contextlib.suppress(OSError):
                visitor, _ = listening.accept()
                with visitor, context.wrap_socket(visitor, server_side=True):
                    pass

        greeting = threading.Thread(target=greet, daemon=True)
        greeting.start()
        yield listening.getsockname()[1]
        greeting.join(5)


@pytest.mark.parametrize(
    ("oldest", "taken"), [(ssl.TLSVersion.TLSv1_2, None), (ssl.TLSVersion.TLSv1_1, "TLSv1.1")], ids=str
)
def test_an_address_that_still_takes_old_tls_is_seen(tmp_path: Path, oldest: ssl.TLSVersion, taken: str | None) -> None:
    with speaking(tmp_path, oldest=oldest) as port:
        assert doctor.old_version_taken("127.0.0.1", port) == taken


async def test_what_is_said_of_versions_and_of_a_database_elsewhere(tmp_path: Path, monkeypatch) -> None:
    said = {}
    for taken in (None, "TLSv1"):
        monkeypatch.setattr(doctor, "old_version_taken", lambda *_, taken=taken: taken)
        found = await doctor.tls_version("https://id.sunhwan.example")
        assert found is not None
        said[taken] = found.verdict
    for url in ("postgresql://a:b@127.0.0.1/s", "postgresql://a:b@db/s", "postgresql://a:b@db/s?ssl=verify-full"):
        settings = replace(read_settings({"SUNHWAN_HOME": str(tmp_path)}), database_url=url)
        said[url] = (one := doctor.database_connection(settings)) and one.verdict

    assert list(said.values()) == [Verdict.OK, Verdict.FAIL, None, Verdict.WARN, Verdict.OK]
    assert await doctor.tls_version("http://127.0.0.1:8000") is None
