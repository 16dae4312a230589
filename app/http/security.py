"""What every answer carries, and what no request may do: strict headers, and writes only from our own pages."""

from urllib.parse import urlsplit
from uuid import UUID, uuid4

from litestar.datastructures import Headers, MutableScopeHeaders
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
    made: UUID = scope["state"].setdefault(_REQUEST_ID, uuid4())
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

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        headers.setdefault("X-Request-Id", str(request_id_of(scope)))
        if scope["path"].startswith("/api/"):
            headers.setdefault("API-Version", API_VERSION)
        is_docs = scope["path"].rstrip("/") == "/docs"
        headers.setdefault("Content-Security-Policy", DOCS_POLICY if is_docs else CONTENT_SECURITY_POLICY)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cache-Control", "no-store")
        if secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")

    return add
