"""Signing in by an outside provider, against a real one: Canaille, run as a process of its own (`make provider`)."""

import asyncio
import contextlib
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from app import demo_complex
from app.http.identity import SECURE_SESSION_COOKIE
from app.main import create_app
from app.ports import Ports
from app.settings import Provider, read_settings
from app.wiring import open_ports
from domain.identity import provider as outside
from domain.identity.errors import LinkTaken
from domain.identity.model import Person
from domain.shared.actor import SYSTEM, Role
from domain.shared.identifiers import PersonId, TenantId

pytestmark = pytest.mark.prove

ROOT = Path(__file__).resolve().parents[2]
HOST = "https://id.sunhwan.example"
EMAIL, PASSWORD, SECRET = "kim@sunhwan.example", "a phrase of kim's own", "told-to-the-token-endpoint-only"


def provider_python() -> Path:
    return Path(os.environ.get("SUNHWAN_PROVIDER_PYTHON", ROOT / ".provider" / "bin" / "python"))


@pytest.fixture
async def issuer() -> AsyncIterator[str]:
    """A provider for one test: codes that nobody redeemed must not be in the next one's way."""
    if not provider_python().exists():
        pytest.fail("the provider is not installed: make provider")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        str(provider_python()),
        str(ROOT / "tests" / "provider" / "serve.py"),
        *(str(port), "sunhwan", SECRET, f"{HOST}/sign-in/provider/back", EMAIL, PASSWORD),
        stdout=asyncio.subprocess.PIPE,
        stderr=sys.stderr,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            assert await process.stdout.readline() == b"ready\n"
        yield f"http://localhost:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@dataclass
class Site:
    client: httpx.AsyncClient
    ports: Ports
    issuer: str


@pytest.fixture
async def site(issuer: str, database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    settings = replace(
        read_settings({"SUNHWAN_HOME": str(tmp_path), "SUNHWAN_PUBLIC_URL": HOST}),
        database_url=database_url,
        provider=Provider(issuer=issuer, client_id="sunhwan", client_secret=SECRET),
    )
    async with open_ports(settings) as ports:
        await demo_complex.make_complex(ports, password="wire-rope-2026-gumi")
        async with ports.unit(SYSTEM) as work:
            await work.people.add(
                Person(
                    person_id=PersonId(ports.ids.new()),
                    tenant_id=TenantId(1),
                    sign_in_name=EMAIL,
                    printed_name="김운영",
                    role=Role.OPERATOR,
                    password_hash="-",
                    active=True,
                )
            )
            await work.commit()
        # This provider says no `email_verified`, so nobody is found by the address: an administrator binds the account.
        await outside.bind_account(EMAIL, issuer=issuer, subject="kim", desk=ports.desk)
        app = create_app(settings)
        app.state["ports"] = ports
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
            yield Site(client=client, ports=ports, issuer=issuer)


class Form(HTMLParser):
    """The first form of a page that is sent by POST."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form" and self.action is None and given.get("method", "").lower() == "post":
            self.action, self._inside = given.get("action") or "", True
        if self._inside and tag == "input" and given.get("name"):
            self.fields[given["name"]] = given.get("value") or ""
        if self._inside and tag == "button" and given.get("value") in ("accept", "confirm"):
            self.fields[given["name"]] = given["value"]

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "form"


async def through_the_provider(address: str) -> str:
    """Sign in at the provider as a person does; return where it sends the browser back to."""
    async with httpx.AsyncClient(timeout=20) as browser:
        answer = await browser.get(address)
        for _ in range(12):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(HOST):
                    return target
                answer = await browser.get(target)
                continue
            form = Form(answer.text)
            assert form.action is not None, answer.text[:2000]
            known = {"login": "kim", "password": PASSWORD}
            fields = {name: known.get(name, value) for name, value in form.fields.items()}
            answer = await browser.post(urljoin(str(answer.url), form.action), data=fields)
    raise AssertionError(f"the provider never sent the browser back, but stays at {answer.url}: {answer.text[-3000:]}")


async def sent(site: Site) -> str:
    out = await site.client.get("/sign-in/provider?next=/packs")
    assert out.status_code == 303
    return out.headers["location"]


async def test_a_member_signs_in_by_the_provider_and_is_bound_by_the_subject(site: Site) -> None:
    assert "/sign-in/provider?next=" in (await site.client.get("/sign-in")).text
    address = await sent(site)
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert SECRET not in address

    back = await through_the_provider(address)
    opened = await site.client.get(back)

    assert (opened.status_code, opened.headers["location"]) == (303, "/packs"), opened.text
    assert SECURE_SESSION_COOKIE in site.client.cookies
    me = (await site.client.get("/api/v1/sessions/me")).json()
    assert (me["name"], me["role"]) == ("김운영", "operator")
    with pytest.raises(LinkTaken):
        await outside.bind_account("operator", issuer=site.issuer, subject="kim", desk=site.ports.desk)


async def test_what_the_provider_sent_back_is_taken_once_and_by_its_own_browser(site: Site) -> None:
    back = await through_the_provider(await sent(site))
    kept = dict(site.client.cookies)

    site.client.cookies.clear()
    stolen = await site.client.get(back)
    assert stolen.status_code == 403
    assert "외부 로그인을 확인할 수 없습니다" in stolen.text
    site.client.cookies.update(kept)
    assert (await site.client.get(back)).status_code == 303

    site.client.cookies.clear()
    site.client.cookies.update(kept)
    assert (await site.client.get(back)).status_code == 403


async def test_an_answer_under_another_state_is_refused(site: Site) -> None:
    back = await through_the_provider(await sent(site))

    altered = await site.client.get(re.sub(r"state=[^&]+", "state=altered", back))

    assert altered.status_code == 403
    assert SECURE_SESSION_COOKIE not in site.client.cookies


async def test_an_answer_to_another_nonce_is_refused(site: Site) -> None:
    """The code is real and the token is signed, but it was made for another asking."""
    back = parse_qs(urlsplit(await through_the_provider(await sent(site))).query)
    other = await sent(site)
    state = parse_qs(urlsplit(other).query)["state"][0]

    answer = await site.client.get("/sign-in/provider/back", params={"state": state, "code": back["code"][0]})

    assert answer.status_code == 403


async def test_an_address_that_the_provider_did_not_verify_finds_nobody(site: Site, engine) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql("delete from sunhwan.provider_link")

    answer = await site.client.get(await through_the_provider(await sent(site)))

    assert answer.status_code == 403
    assert "연결된 구성원이 없습니다" in answer.text


async def test_a_stranger_of_the_provider_is_no_member(site: Site, engine) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"delete from sunhwan.person where sign_in_name = '{EMAIL}'")

    answer = await site.client.get(await through_the_provider(await sent(site)))

    assert answer.status_code == 403
    assert "연결된 구성원이 없습니다" in answer.text
