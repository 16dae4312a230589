"""What every answer carries, and what no request may do: strict headers, and writes only from our own pages."""

from urllib.parse import urlsplit

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from domain.shared.errors import NotAllowed

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DOCS_POLICY = CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""The API's documentation page styles itself; no other page may."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


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


def security_headers(*, secure: bool) -> BeforeMessageSendHookHandler:
    """Return the hook that adds the headers of every answer, errors of routing included; `secure` adds HSTS."""

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        is_docs = scope["path"].rstrip("/") == "/docs"
        headers.setdefault("Content-Security-Policy", DOCS_POLICY if is_docs else CONTENT_SECURITY_POLICY)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cache-Control", "no-store")
        if secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")

    return add
