"""`ETag` and 304 on what the API shows of one thing, `If-Match` on what changes one (docs/decisions/0055).

Members, keys, grants and invitations compare in the transaction that changes them. Everything else that hangs under one
thing which the API shows (`…/receptions/{id}/review`) is compared with what a GET of that thing would answer now.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.openapi.spec import Operation, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import HeaderParameter
from litestar.types import ASGIApp, HTTPRequestEvent, Message, Receive, Scope, Send

from app.http.idempotency import KeyedOperation
from app.http.policy import POLICY, routes_of
from domain.shared.versions import ANY, Expected, VersionMissing

IF_MATCH = b"if-match"
_LENGTH_MAX = 2000
_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_MEANT_FOR = (
    "The version that the change is meant for, as `ETag` or `version` told it: a quoted text. `*` takes whatever there "
    "is. Another state answers 412."
)
_MUST = " Without it: 428."

IfMatch: TypeAlias = Annotated[
    str | None, HeaderParameter(name="If-Match", max_length=_LENGTH_MAX, description=_MEANT_FOR + _MUST)
]
MayMatch: TypeAlias = Annotated[
    str | None, HeaderParameter(name="If-Match", max_length=_LENGTH_MAX, description=_MEANT_FOR)
]

COMPARED_INSIDE = frozenset(
    {
        "/api/v1/members/{person_id}/role",
        "/api/v1/members/{person_id}/deactivation",
        "/api/v1/members/{person_id}/reactivation",
        "/api/v1/members/{person_id}/reset",
        "/api/v1/invitations/{invitation_id}/withdrawal",
        "/api/v1/keys/{key_id}/rotation",
        "/api/v1/keys/{key_id}/revocation",
        "/api/v1/packs/{pack_id}/grants/{grant_id}/revocation",
    }
)
"""The changes that compare in their own transaction."""

SINGLE = frozenset({"/api/v1/account"})
"""What is one thing without a number in its address: one's own."""

_SHOWN = frozenset({"etag", "cache-control", "vary", "api-version"})


def etag_of(body: bytes) -> str:
    """Return the strong tag of a representation: it changes with any of its bytes and with nothing else."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def is_known(etag: str, if_none_match: str) -> bool:
    """Return whether a sender names a tag, weak or strong, among those it has."""
    named = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in named or etag in named


def quoted(version: str) -> str:
    """Return a version as a strong tag."""
    return f'"{version}"'


def expected_in(if_match: str) -> Expected:
    """Return what a header expects; a weak tag never matches (RFC 9110, 13.1.1)."""
    named = {one.strip() for one in if_match.split(",")}
    if "*" in named:
        return ANY
    return Expected(frozenset(one[1:-1] for one in named if len(one) > 1 and one[0] == one[-1] == '"'))


def wanted(if_match: str | None) -> Expected:
    """Return what a change expects that may not be made blindly.

    Raises:
        VersionMissing: it does not say.
    """
    if if_match is None:
        raise VersionMissing
    return expected_in(if_match)


def parent_of(route: str) -> str | None:
    """Return the route that shows the one thing which a change hangs under, the nearest there is."""
    parts = route.rstrip("/").split("/")
    for length in range(len(parts), 0, -1):
        shown = "/".join(parts[:length])
        if (parts[length - 1].startswith("{") or shown in SINGLE) and ("GET", shown) in POLICY:
            return shown
    return None


class MatchMiddleware(ASGIMiddleware):
    """Compares `If-Match` with what the API would show now, where the change does not do it itself."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Carry out one request.

        Raises:
            VersionStale: the thing is in another state than the sender saw.
        """
        asked = _if_match(scope)
        if asked is not None and asked.strip() != "*":
            shown = await _shown_now(scope)
            if shown is not None:
                expected_in(asked).require(shown)
        await next_app(scope, receive, send)


def _if_match(scope: Scope) -> str | None:
    route = scope.get("path_template", "")
    if scope["type"] != ScopeType.HTTP or scope["method"] not in _CHANGES or route in COMPARED_INSIDE:
        return None
    asked = next((value.decode("latin-1")[:_LENGTH_MAX] for name, value in scope["headers"] if name == IF_MATCH), None)
    if asked is None or not scope["path"].startswith("/api/") or parent_of(route) is None:
        return None
    return asked


async def _shown_now(scope: Scope) -> str | None:
    """Return the tag of the thing that a change hangs under; None where the sender is not shown it."""
    parent = parent_of(scope["path_template"])
    if parent is None:
        return None
    length = len(parent.split("/"))
    path = "/".join(scope["path"].split("/")[:length])
    app: Litestar = scope["litestar_app"]
    kept = (b"host", b"authorization", b"cookie", b"x-forwarded-for")
    inner: dict[str, object] = {
        name: scope[name]
        for name in ("type", "asgi", "http_version", "scheme", "root_path", "client", "server", "query_string")
        if name in scope
    }
    inner |= {
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "headers": [(name, value) for name, value in scope["headers"] if name in kept],
    }
    told: dict[str, str] = {}

    async def nothing() -> HTTPRequestEvent:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def listening(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            told.update((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"])

    await app(inner, nothing, listening)  # type: ignore[arg-type]
    return told.get("etag", "").strip('"') or None


def _parameter() -> Parameter:
    return Parameter(
        name="If-Match",
        param_in="header",
        required=False,
        description=_MEANT_FOR,
        schema=Schema(type=OpenAPIType.STRING, max_length=_LENGTH_MAX),
    )


@dataclass
class MatchedOperation(Operation):
    """A door in the API's document that says it honours `If-Match`."""

    def __post_init__(self) -> None:
        """Add the header."""
        self.parameters = [*(self.parameters or ()), _parameter()]


@dataclass
class KeyedMatchedOperation(KeyedOperation):
    """The same, of a door that takes a key as well."""

    def __post_init__(self) -> None:
        """Add the headers."""
        KeyedOperation.__post_init__(self)
        self.parameters = [*(self.parameters or ()), _parameter()]


def document_conditions(app: Litestar) -> None:
    """Let the doors that are compared from outside say so in the API's document."""
    for (method, path), handler in routes_of(app):
        if method in _CHANGES and path.startswith("/api/") and path not in COMPARED_INSIDE and parent_of(path):
            keyed = handler.operation_class is KeyedOperation
            handler.operation_class = KeyedMatchedOperation if keyed else MatchedOperation


class TagMiddleware(ASGIMiddleware):
    """Tags JSON that shows one thing; answers that come in parts pass by."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Carry out one request."""
        if (
            scope["type"] != ScopeType.HTTP
            or scope["method"] != "GET"
            or not scope["path"].startswith("/api/")
            or not (scope["path_params"] or scope.get("path_template") in SINGLE)
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
            told = [value.decode() for name, value in start["headers"] if name.lower() == b"etag"]
            etag = told[0] if told else etag_of(message["body"])
            headers = [*start["headers"], *(() if told else ((b"etag", etag.encode()),))]
            if is_known(etag, asked):
                kept = [(name, value) for name, value in headers if name.decode("latin-1").lower() in _SHOWN]
                await send({"type": "http.response.start", "status": 304, "headers": kept})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            start["headers"] = headers
            await send(start)
            await send(message)

        await next_app(scope, receive, tag)
