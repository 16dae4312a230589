"""Every answer, good or bad, by the framework or by us, is told in one shape and carries the same headers."""

import asyncio
import re
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from app.http.security import API_VERSION
from app.serving import listen, serving

ERRORS = [
    pytest.param("GET", "/api/v1/nothing", {}, None, 404, id="no such route"),
    pytest.param("DELETE", "/api/v1/packs", {}, None, 405, id="no such method"),
    pytest.param("GET", "/api/v1/packs", {}, None, 401, id="nobody"),
    pytest.param("POST", "/api/v1/sessions", {"content-type": "application/json"}, b"{", 400, id="no JSON"),
    pytest.param("POST", "/api/v1/sessions", {"content-type": "application/json"}, b"\xff\xfe", 400, id="no UTF-8"),
    pytest.param(
        "POST", "/api/v1/sessions", {"content-type": "application/json"}, b"[" * 100_000, 400, id="endless nesting"
    ),
    pytest.param("POST", "/api/v1/sessions", {}, b"x" * (1024 * 1024 + 1), 413, id="too large"),
    pytest.param("GET", "/api/v1/packs?limit=many", {}, None, 401, id="a query without meaning, from nobody"),
    pytest.param("GET", "/readyz", {"cookie": "sunhwan_session=\xff"}, None, 200, id="a cookie without meaning"),
]


@pytest.mark.parametrize(("method", "path", "headers", "body", "status"), ERRORS)
async def test_an_error_of_the_framework_is_a_problem_document(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], body: bytes | None, status: int
) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = await client.request(method, path, headers=encoded, content=body)

    assert answer.status_code == status, answer.text
    UUID(answer.headers["X-Request-Id"])
    assert "Traceback" not in answer.text
    assert not re.search(r"\.py\b|line \d+, in", answer.text)
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert problem["title"]
        assert problem["title_ko"]
        assert problem["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "path", ["/", "/livez", "/verify", "/static/mark.svg", "/docs", "/docs/openapi.json", "/nowhere"]
)
async def test_every_answer_has_its_number_and_its_headers(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    UUID(answer.headers["X-Request-Id"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Strict-Transport-Security"]
    assert "server" not in answer.headers


async def test_two_answers_have_different_numbers(client: httpx.AsyncClient) -> None:
    numbers = {(await client.get("/livez")).headers["X-Request-Id"] for _ in range(5)}

    assert len(numbers) == 5


async def test_the_api_says_its_version_and_refuses_another(client: httpx.AsyncClient) -> None:
    path = "/api/v1/certificates/by-number/KC-1"

    plain = await client.get(path)
    same = await client.get(path, headers={"API-Version": API_VERSION})
    other = await client.get(path, headers={"API-Version": "2020-01-01"})

    assert plain.headers["API-Version"] == API_VERSION
    assert (plain.status_code, same.status_code) == (404, 404)
    assert (other.status_code, other.json()["code"]) == (400, "http.api-version-unknown")


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_no_other_site_is_told_that_it_may_read_us(client: httpx.AsyncClient, origin: str) -> None:
    simple = await client.get("/livez", headers={"Origin": origin})
    asked = await client.options(
        "/api/v1/packs",
        headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
    )

    for answer in (simple, asked):
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


async def test_our_own_mistake_shows_nothing_of_itself(
    app: Litestar, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret /etc/passwd")

    monkeypatch.setattr("app.http.receptions.inspection.find_certificate", broken)
    answer = await client.get("/api/v1/certificates/by-number/KC-1")

    assert (answer.status_code, answer.json()["code"]) == (500, "http.our-mistake")
    assert "secret" not in answer.text
    assert "Runtime" not in answer.text


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n", id="a space in a header's name"),
        pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n", id="no length"),
        pytest.param(
            b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="two lengths",
        ),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", id="TLS to a plain port"),
    ],
)
async def test_what_is_no_http_is_answered_with_a_problem_document_too(app: Litestar, sent: bytes) -> None:
    listening = listen("127.0.0.1", 0)
    bare = Litestar([], openapi_config=None, logging_config=None)

    async with serving(bare, listening):
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(sent)
        answered = await reader.read()
        writer.close()
        await writer.wait_closed()

    head, _, body = answered.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert b"x-request-id: " in head
    assert b'"code":"http.bad-request"' in body
