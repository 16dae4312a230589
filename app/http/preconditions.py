"""`ETag` on what the API shows of one thing, and 304 for somebody who has it already.

The API changes nothing in place: every change is a POST that adds to a history whose steps have an order, so none asks
for `If-Match` (docs/decisions/0017-hardening.md).
"""

import hashlib

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_SHOWN = frozenset({"etag", "cache-control", "vary", "api-version"})


def etag_of(body: bytes) -> str:
    """Return the strong tag of a representation: it changes with any of its bytes and with nothing else."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def is_known(etag: str, if_none_match: str) -> bool:
    """Return whether a sender names a tag, weak or strong, among those it has."""
    named = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in named or etag in named


class TagMiddleware(ASGIMiddleware):
    """Tags JSON that shows one thing; answers that come in parts pass by."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Carry out one request."""
        if (
            scope["type"] != ScopeType.HTTP
            or scope["method"] != "GET"
            or not scope["path"].startswith("/api/")
            or not scope["path_params"]
        ):
            await next_app(scope, receive, send)
            return
        asked = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"if-none-match"), "")
        begun: list[Message] = []

        async def tag(message: Message) -> None:
            if message["type"] == "http.response.start":
                is_json = any(
                    name.lower() == b"content-type" and value.startswith(b"application/json")
                    for name, value in message["headers"]
                )
                if message["status"] == 200 and is_json:
                    begun.append(message)
                    return
            if message["type"] != "http.response.body" or not begun:
                await send(message)
                return
            start = begun.pop()
            if start["type"] != "http.response.start" or message.get("more_body"):
                await send(start)
                await send(message)
                return
            etag = etag_of(message["body"])
            headers = [*start["headers"], (b"etag", etag.encode())]
            if is_known(etag, asked):
                kept = [(name, value) for name, value in headers if name.decode("latin-1").lower() in _SHOWN]
                await send({"type": "http.response.start", "status": 304, "headers": kept})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            start["headers"] = headers
            await send(start)
            await send(message)

        await next_app(scope, receive, tag)
