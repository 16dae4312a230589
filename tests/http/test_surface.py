"""What the program shows of itself to whoever only knocks: methods, listings, addresses, the sign-in page, its log."""

import io
import json
import logging
import re

import httpx
import pytest
import structlog

from app import logs
from app.ports import Ports
from domain.identity import members, passwords
from domain.identity.errors import PasswordTooCommon
from domain.shared.actor import Role
from domain.shared.identifiers import TenantId
from tests.http.conftest import PASSWORD, by_cookie

TYPED = "  Wire Rope 2026 구미  "


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "BREW", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/livez", "/api/v1/packs", "/static/sunhwan.css"])
async def test_a_method_that_no_door_takes_is_refused(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path, headers={"X-Echo": "secret-echo"})

    assert answer.status_code in (404, 405)
    assert "secret-echo" not in answer.text


@pytest.mark.parametrize(
    "path", ["/static/", "/static", "/static/vendor/", "/static/../app/", "/static/%2e%2e/", "/docs/x/"]
)
async def test_no_folder_is_listed(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code in (400, 404)
    assert ".css" not in answer.text.replace("/static/sunhwan.css", "").replace("/static/vendor", "")
    assert "Index of" not in answer.text


async def test_no_address_takes_what_must_stay_secret(client: httpx.AsyncClient) -> None:
    document = (await client.get("/docs/openapi.json")).json()
    secret = re.compile(r"password|secret|token|code$|session$|^key$", re.IGNORECASE)

    named = {
        (path, parameter["name"])
        for path, doors in document["paths"].items()
        for door in doors.values()
        for parameter in door.get("parameters", ())
        if parameter["in"] in ("path", "query") and secret.search(parameter["name"])
    }

    assert named == set()


async def test_the_password_field_hides_what_is_typed_and_hinders_no_password_manager(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/sign-in")).text

    (field,) = re.findall(r'<input[^>]*name="password"[^>]*>', page)
    assert 'type="password"' in field
    assert 'autocomplete="current-password"' in field
    assert not re.search(r"onpaste|oncopy|maxlength=\"[1-9]?[0-9]\"|readonly", field)


async def _join(ports: Ports, name: str, password: str) -> None:
    await members.add_member(
        members.AddMember(
            tenant_id=TenantId(11), sign_in_name=name, printed_name="박신입", role=Role.TENANT_VIEWER, password=password
        ),
        unit=ports.unit,
        passwords=ports.passwords,
        ids=ports.ids,
        clock=ports.clock,
    )


async def test_a_password_counts_as_it_was_typed_and_does_not_grow_old(client: httpx.AsyncClient, ports: Ports) -> None:
    await _join(ports, "park", TYPED)

    came = {
        typed: (await client.post("/api/v1/sessions", json={"sign_in_name": "park", "password": typed})).status_code
        for typed in (TYPED.strip(), TYPED.lower(), TYPED[:-1])
    }
    ports.clock.move_to(ports.clock.now().replace(year=ports.clock.now().year + 3))  # type: ignore[attr-defined]
    later = await client.post("/api/v1/sessions", json={"sign_in_name": "park", "password": TYPED})

    assert set(came.values()) == {401}
    assert later.status_code == 201


@pytest.mark.parametrize(
    "password", ["correcthorsebatteryhook", "비 오는 날 기와집 마당", "8361920475628", "!z%m8#v(k)2@x~g"]
)
def test_no_kind_of_character_is_asked_for(password: str) -> None:
    passwords.check(password, names=())


def test_a_common_word_is_refused_whatever_is_mixed_into_it() -> None:
    with pytest.raises(PasswordTooCommon):
        passwords.check("Password123!Password", names=())


async def test_at_the_end_the_browser_is_told_to_forget(signed_in) -> None:
    browser = await by_cookie(await signed_in("tenant"), "tenant")

    left = await browser.post("/sign-out")

    assert left.headers["clear-site-data"] == '"cache", "storage"'
    assert "sunhwan_session=" in left.headers["set-cookie"]
    assert "max-age=0" in left.headers["set-cookie"].lower()
    assert left.headers["cache-control"] == "no-store"


async def test_there_is_no_way_to_sign_in_but_those_that_are_documented(client: httpx.AsyncClient) -> None:
    document = (await client.get("/docs/openapi.json")).json()
    schemas = document["components"]["schemas"]
    body = document["paths"]["/api/v1/sessions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    fields = set(schemas[body["$ref"].rsplit("/", 1)[1]]["properties"])
    doors = {
        path for path, doors in document["paths"].items() if "post" in doors and path.startswith("/api/v1/sessions")
    }

    assert fields == {"sign_in_name", "password", "code"}  # no question, no hint
    assert {path.rstrip("/") for path in doors} == {
        "/api/v1/sessions",
        "/api/v1/sessions/passkey",
        "/api/v1/sessions/passkey-challenge",
        "/api/v1/sessions/me/confirmation",
        "/api/v1/sessions/me/confirmation/passkey-challenge",
    }
    assert PASSWORD not in json.dumps(document)


def test_what_somebody_sent_never_makes_a_line_of_the_log() -> None:
    forged = 'kim\n{"event": "sign-in", "level": "info"}\r\n\x1b[2J\u2028tail'
    said = io.StringIO()
    kept = structlog.get_config()
    try:
        logs.configure(logging.INFO, file=said)
        structlog.get_logger().warning("sign-in.refused", name=forged)
    finally:
        structlog.configure(**kept)
    handler = logging.StreamHandler(said)
    handler.setFormatter(logs.formatter())
    handler.emit(logging.LogRecord("library", logging.WARNING, "", 0, "refused %s", (forged,), None))

    ours, library = said.getvalue().splitlines()
    assert json.loads(ours)["name"] == forged
    assert library.startswith("WARNING:library:refused kim\\n{")
    assert "\x1b" not in said.getvalue()
