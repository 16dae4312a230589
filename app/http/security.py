"""What every answer carries, and what no request may do: strict headers, and writes only from our own pages."""

from urllib.parse import urlsplit
from uuid import UUID, uuid4

from litestar.datastructures import Headers
from litestar.exceptions import HTTPException
from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from domain.shared.errors import NotAllowed

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DOCS_POLICY = CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""The API's documentation page styles itself; no other page may."""

API_VERSION = "2026-11-22"
"""The day since which the API has answered as it does; a change that breaks somebody takes a new day."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


_REQUEST_ID = "sunhwan.request-id"


def request_id_of(scope: Scope) -> UUID:
    """Return the one number of a request: its answer, its problem, its audit entry and its log lines carry it.

    It is ours, made when the request is first looked at; a caller's own is not taken, for anybody may send any.
    """
    kept = scope["state"]
    made: UUID | None = kept.get(_REQUEST_ID)
    if made is None:
        made = kept[_REQUEST_ID] = uuid4()
    return made


class ForeignOrigin(NotAllowed):
    """A page of another site tried to write here in a signed-in person's name."""

    code = "http.foreign-origin"
    title_ko = "다른 사이트에서 보낸 요청은 처리하지 않습니다."
    title_en = "Requests sent by another site are not carried out."


def refuse_foreign_writes(headers: Headers, method: str) -> None:
    """Refuse a write that a browser says comes from another site; programs send neither header.

    Raises:
        ForeignOrigin: `Sec-Fetch-Site` or `Origin` names another site.
    """
    if method in _SAFE_METHODS:
        return
    site = headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise ForeignOrigin
        return
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        raise ForeignOrigin


class ApiVersionUnknown(HTTPException):
    """A program asks for a version of the API that there is none of."""

    status_code = 400
    detail = "API-Version"


def refuse_other_versions(headers: Headers, path: str) -> None:
    """Refuse a program that was written for another version; one that says nothing gets the present one.

    Raises:
        ApiVersionUnknown: the version asked for is not the one that answers.
    """
    if path.startswith("/api/") and headers.get("api-version", API_VERSION) != API_VERSION:
        raise ApiVersionUnknown


def security_headers(*, secure: bool) -> BeforeMessageSendHookHandler:
    """Return the hook that adds the headers of every answer, errors of routing included; `secure` adds HSTS."""
    every = [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cache-control", b"no-store"),
        *(((b"strict-transport-security", b"max-age=31536000; includeSubDomains"),) if secure else ()),
    ]
    pages = [*every, (b"content-security-policy", CONTENT_SECURITY_POLICY.encode())]
    docs = [*every, (b"content-security-policy", DOCS_POLICY.encode())]
    api = [*pages, (b"api-version", API_VERSION.encode())]

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        path = scope["path"]
        wanted = api if path.startswith("/api/") else docs if path.rstrip("/") == "/docs" else pages
        sent = list(message["headers"])
        there = {name.lower() for name, _ in sent}
        sent += [one for one in wanted if one[0] not in there]
        if b"x-request-id" not in there:
            sent.append((b"x-request-id", str(request_id_of(scope)).encode()))
        message["headers"] = sent

    return add
