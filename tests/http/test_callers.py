"""Where a request comes from: nobody may say it of themselves, and a proxy of ours is believed (ASVS 4.1.3, 15.3.4)."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from uuid import uuid4

import httpx
import pytest

from app import doctor
from app.http.callers import behind
from app.main import create_app
from app.ports import Ports
from app.settings import SettingMalformed, read_settings
from domain.identity.pacing import FROM_SOURCE_MAX
from domain.journeys import audit
from domain.shared.actor import DOOR, SYSTEM
from domain.shared.audit import AuditSearch
from tests.http.test_api import problem

PROXY, OUTER_PROXY, CALLER, OTHER = "172.30.83.1", "10.9.0.7", "203.0.113.5", "203.0.113.6"
TRUSTED = (ip_network(PROXY), ip_network("10.9.0.0/24"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "said", "caller"),
    [
        pytest.param(PROXY, [CALLER], CALLER, id="a proxy of ours names the caller"),
        pytest.param(CALLER, [OTHER], CALLER, id="a caller names somebody else"),
        pytest.param(CALLER, [PROXY], CALLER, id="a caller names a proxy of ours"),
        pytest.param("127.0.0.1", [OTHER], "127.0.0.1", id="this machine is no proxy unless it is named"),
        pytest.param(PROXY, [f"{OTHER}, {CALLER}"], CALLER, id="what stands before the caller it made up"),
        pytest.param(PROXY, [OTHER, CALLER], CALLER, id="over two lines"),
        pytest.param(PROXY, [f"{CALLER}, {OUTER_PROXY}"], CALLER, id="two proxies of ours"),
        pytest.param(PROXY, [f"{OTHER}, {CALLER}, {OUTER_PROXY}"], CALLER, id="two, and a caller who makes one up"),
        pytest.param(PROXY, [], PROXY, id="a proxy says nothing"),
        pytest.param(PROXY, [""], PROXY, id="a proxy says nothing in so many words"),
        pytest.param(PROXY, [f"{CALLER}, unknown"], PROXY, id="what is no address ends the search"),
        pytest.param(PROXY, [f"<script>, {CALLER}"], CALLER, id="markup before the caller"),
        pytest.param(PROXY, ["<script>"], PROXY, id="markup"),
        pytest.param(PROXY, [f"{CALLER}:54321"], CALLER, id="with a port"),
        pytest.param(PROXY, ["[2001:db8::1]:443"], "2001:db8::1", id="the newer kind, with a port"),
        pytest.param(f"::ffff:{PROXY}", [f"::ffff:{CALLER}"], CALLER, id="the older kind in the newer one's dress"),
        pytest.param("fd00::1", ["2001:DB8:0::1"], "2001:db8::1", id="one spelling"),
        pytest.param(PROXY, [", ".join([CALLER] + [OUTER_PROXY] * 40)], OUTER_PROXY, id="no further than some hops"),
        pytest.param("", [CALLER], "", id="no connection of the net"),
    ],
)
def test_the_caller_is_whom_a_proxy_of_ours_names_and_nobody_else(peer: str, said: list[str], caller: str) -> None:
    assert behind(peer, said, trusted=TRUSTED) == caller


From = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def coming(app_settings, ports) -> AsyncIterator[From]:
    """Come from an address, saying something of it, to a program that trusts one proxy."""

    @asynccontextmanager
    async def lend(_: object) -> AsyncIterator[object]:
        yield ports

    program = create_app(replace(app_settings, trusted_proxies=TRUSTED), ports=lend)
    program.state["ports"] = ports
    opened: list[httpx.AsyncClient] = []

    def come(peer: str, **headers: str) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(program, raise_app_exceptions=False, client=(peer, 4711)),
            base_url="https://id.sunhwan.example",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        opened.append(client)
        return client

    yield come
    for one in opened:
        await one.aclose()


WRONG = {"sign_in_name": "nobody", "password": "not-the-password-1"}


async def guessed_too_often(ports: Ports, source: str) -> None:
    """Let an address have failed as often as it may."""
    async with ports.unit(DOOR) as work:
        for number in range(FROM_SOURCE_MAX):
            await work.people.note_failure(f"n-{number}", source=source, failure_id=uuid4(), at=ports.clock.now())
        await work.commit()


async def test_one_who_guesses_behind_the_proxy_locks_out_nobody_else(coming: From, ports) -> None:
    await guessed_too_often(ports, CALLER)

    refused = await coming(PROXY, X_Forwarded_For=CALLER).post("/api/v1/sessions", json=WRONG)
    other = await coming(PROXY, X_Forwarded_For=OTHER).post("/api/v1/sessions", json=WRONG)

    problem(refused, 429, "identity.too-many-failures")
    problem(other, 401, "identity.sign-in-refused")
    async with ports.unit(DOOR) as work:
        since = ports.clock.now() - timedelta(minutes=5)
        held = await work.people.hold_failures("nobody", source=OTHER, since=since)
    assert held.from_source == 1


async def test_whoever_forges_the_header_counts_as_where_they_come_from(coming: From, ports) -> None:
    await guessed_too_often(ports, CALLER)

    for peer, said in ((CALLER, OTHER), (CALLER, PROXY), (PROXY, f"{OTHER}, {CALLER}"), (CALLER, "")):
        forging = coming(peer, X_Forwarded_For=said, X_Real_Ip=OTHER, Forwarded=f"for={OTHER}")
        problem(await forging.post("/api/v1/sessions", json=WRONG), 429, "identity.too-many-failures")

    told = await audit.search(SYSTEM, AuditSearch(), after=None, limit=100, unit=ports.unit)
    assert [one.source for one in told] == [CALLER] * 4


async def test_without_a_trusted_proxy_no_header_is_believed(client: httpx.AsyncClient, ports) -> None:
    problem(await client.post("/api/v1/sessions", json=WRONG, headers={"X-Forwarded-For": OTHER}), 401,
            "identity.sign-in-refused")  # fmt: skip

    told = await audit.search(SYSTEM, AuditSearch(), after=None, limit=10, unit=ports.unit)
    assert [one.source for one in told] == ["127.0.0.1"]


def test_the_setting_takes_addresses_and_networks_and_nothing_else() -> None:
    told = read_settings({"SUNHWAN_TRUSTED_PROXIES": "172.30.83.1, 10.9.0.0/24,fd00::/8"})

    assert told.trusted_proxies == TRUSTED
    assert read_settings({}).trusted_proxies == ()
    for wrong in ("*", "proxy.example", "10.9.0.1/24", "10.9.0.0/33"):
        with pytest.raises(SettingMalformed):
            read_settings({"SUNHWAN_TRUSTED_PROXIES": wrong})


@pytest.mark.parametrize(
    ("public_url", "trusted", "verdicts"),
    [
        ("https://id.example", "", ["fail"]),
        ("https://id.example", "172.30.83.1", ["ok"]),
        ("https://id.example", "0.0.0.0/0", ["fail"]),
        ("http://127.0.0.1:8000", "", []),
        ("http://127.0.0.1:8000", "::/0", ["fail"]),
    ],
)
def test_the_doctor_asks_for_the_proxy_where_there_must_be_one(public_url, trusted, verdicts) -> None:
    told = read_settings({"SUNHWAN_PUBLIC_URL": public_url, "SUNHWAN_TRUSTED_PROXIES": trusted})

    assert [one.verdict.value for one in doctor.proxies(told)] == verdicts
