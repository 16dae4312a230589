"""`Idempotency-Key`: a POST that makes history or money takes effect once, however often it is sent.

Answer and effect are committed together, after the answer is known and before its first byte leaves
(docs/decisions/0017-hardening.md).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec
from litestar import Litestar, Request
from litestar.datastructures import State, UploadFile
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.openapi.spec import Operation, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.http.audit import WRITES, note_asked_for, tell_within
from app.http.identity import ENROLLING, PORTS, REMEMBERED, actor_of
from app.http.policy import POLICY, keep_policy
from app.ports import Ports
from domain.journeys.ports import JourneyWork
from domain.shared.actor import Actor
from domain.shared.errors import DomainError
from domain.shared.idempotency import Answer, Claim, KeyMalformed, KeyMissing, OnceUnit

HEADER = "Idempotency-Key"
FORM_FIELD = "idempotency_key"
"""The hidden field of the pages' forms: a double click does one thing."""

API_PATIENCE_MS = 250
PAGE_PATIENCE_MS = 5_000
"""How long a request waits for its twin: a program asks again by itself, a person who clicked twice does not."""

_OWN_SIGN_IN = "is about one's own sign-in, neither history nor money; its answer may hold a secret, which is not kept"

_SHOWN_ONCE = "its answer holds a secret that is shown once and never kept; a second one is taken back by hand"

UNKEYED: Mapping[str, str] = {
    "SignIn": _OWN_SIGN_IN,
    "BeginPasskeySignIn": _OWN_SIGN_IN,
    "SignInByPasskey": _OWN_SIGN_IN,
    "ConfirmSession": _OWN_SIGN_IN,
    "BeginPasskeyConfirmation": _OWN_SIGN_IN,
    "ChangePassword": _OWN_SIGN_IN,
    "BeginTotp": _OWN_SIGN_IN,
    "FinishTotp": _OWN_SIGN_IN,
    "BeginPasskey": _OWN_SIGN_IN,
    "FinishPasskey": _OWN_SIGN_IN,
    "RenewRecoveryCodes": _OWN_SIGN_IN,
    "InviteMember": _SHOWN_ONCE,
    "AcceptInvitation": "an invitation is taken once, whatever key it is sent under, and nobody has signed in yet",
    "ResetMember": _SHOWN_ONCE,
    "FinishReset": _OWN_SIGN_IN,
    "MakeKey": _SHOWN_ONCE,
    "RotateKey": _SHOWN_ONCE,
    "CheckProtocol": "reads a text and keeps nothing",
    "ImportReadings": "a file's readings are stored once by what they say, whatever key it is sent under",
    "SendTelemetry": "each minute is kept once by what it says, whatever key it is sent under",
    "SendReadings": "each value is stored once by what it says, whatever key it is sent under",
}
"""The POSTs of the API that take no key, and why."""

_SHOWS_IT = "its page shows a secret once, or what one's own sign-in takes; such a page is never kept"

UNKEYED_FORMS: Mapping[str, str] = {
    **dict.fromkeys(
        ("/sign-in", "/sign-in/second", "/sign-in/passkey", "/sign-out", "/confirm", "/confirm/passkey"),
        "opens, proves or ends a session, again when sent again; the answer carries its cookie",
    ),
    **dict.fromkeys(
        ("/account/sessions/end", "/account/sessions/end-others", "/account/sessions/end-all"),
        "what has ended stays ended, however often it is sent",
    ),
    **dict.fromkeys(
        (
            "/account/password", "/account/totp", "/account/totp/first-code", "/account/totp/remove",
            "/account/passkeys", "/account/passkeys/remove", "/account/recovery-codes",
        ),
        _SHOWS_IT,
    ),
    **dict.fromkeys(
        ("/keys", "/keys/{key_id}/rotation", "/members/invitations", "/members/{person_id}/reset"), _SHOWS_IT
    ),
    "/join": "an invitation is taken once, and nobody has signed in yet",
    "/reset": "a link is good once, and nobody has signed in yet",
    "/ktr/receptions/{reception_id}/grid": "fills a form from a pasted table and keeps nothing",
    "/verify": "looks at a file and changes nothing",
}  # fmt: skip
"""The pages' forms that carry no key, and why; one that is sent along is not looked at, so no answer is kept."""

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_KEPT_HEADERS = frozenset({"content-type", "location", "content-language", "content-disposition", "vary", "etag"})


def is_keyed(path: str, method: str, operation_id: object) -> bool:
    """Return whether a door of the API takes a key: every POST but the few that say why not."""
    return method == "POST" and path.startswith("/api/") and operation_id not in UNKEYED


class OnceMiddleware(ASGIMiddleware):
    """Answers what was answered before; otherwise lets the door work, and settles with its answer."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Carry out one request."""
        if scope["type"] != ScopeType.HTTP or scope["method"] not in WRITES:
            await next_app(scope, receive, send)
            return
        request: Request[Actor | None, Ports, State] = Request(scope, receive=receive, send=send)
        ports: Ports = scope["litestar_app"].state["ports"]
        claim = await _claim(request, ports)
        once = await _held(request, ports) if claim is None else ports.once(claim)
        if once is None:
            await next_app(scope, receive, send)
            return
        await note_asked_for(request)
        kept = await once.answered()
        if kept is not None:
            await _replay(kept, send)
            return
        scope["state"][PORTS] = replace(ports, unit=once)
        try:
            messages: list[Message] = []

            async def collect(message: Message) -> None:
                messages.append(message)

            await next_app(scope, receive, collect)
            if once.overtaken and (kept := await once.answered()) is not None:
                await _replay(kept, send)
                return
            answer = _answer_of(messages)
            if 200 <= answer.status < 400:
                if once.is_whole:  # in the same transaction: what cannot be written down does not happen
                    try:
                        await tell_within(request, answer, unit=once.within)
                    except BaseException:
                        await once.drop()
                        raise
                await once.settle(answer)
            for message in messages:
                await send(message)
        finally:
            await once.leave()


async def _claim(request: Request[Actor | None, Ports, State], ports: Ports) -> Claim | None:
    """Return what a request claims; nothing when it takes no key, or nobody asks: the door says so itself."""
    if request.method != "POST":
        return None  # what puts or deletes comes to the same however often it is sent
    path, route_handler = request.scope["path"], request.scope["route_handler"]
    is_api = path.startswith("/api/")
    if is_api and not is_keyed(path, "POST", getattr(route_handler, "operation_id", None)):
        return None
    if request.scope["path_template"] in UNKEYED_FORMS:
        return None
    try:
        await keep_policy(request)
    except DomainError:
        return None  # the guard says it itself, in front of everything else
    actor = await actor_of(request)
    if actor is None:
        return None
    sent = request.headers.get(HEADER) if is_api else (await request.form()).get(FORM_FIELD)
    if not is_api and not isinstance(sent, str):
        return None  # a form of ours always carries one; without it nothing is promised, and nothing is lost
    if sent is None:
        raise KeyMissing
    if not isinstance(sent, str) or not _KEY.fullmatch(sent):
        raise KeyMalformed
    return Claim(
        actor=actor,
        route=f"POST {path}",
        key=sent,
        request_sha256=await _request_sha256(request),
        now=ports.clock.now(),
        patience_ms=API_PATIENCE_MS if is_api else PAGE_PATIENCE_MS,
    )


async def _held(request: Request[Actor | None, Ports, State], ports: Ports) -> OnceUnit[JourneyWork] | None:
    """Return the unit of a write without a key; none for the door of readings, whose imports are its record."""
    opt = request.route_handler.opt
    rule = POLICY.get((request.method, request.scope["path_template"]))
    if rule is None or opt.get(REMEMBERED):
        return None
    if rule.is_public or opt.get(ENROLLING):
        return ports.once.steps()
    try:
        await keep_policy(request)
    except DomainError:
        return None  # the guard says it itself
    actor = await actor_of(request)
    return None if actor is None else ports.once.held(actor)


async def _request_sha256(request: Request[Actor | None, Ports, State]) -> bytes:
    """Return the hash of everything that a request says: two spellings of one JSON document say the same."""
    said = hashlib.sha256()
    for part in (request.scope["path"].encode(), request.scope["query_string"], await _canonical_body(request)):
        said.update(len(part).to_bytes(8, "big") + part)
    return said.digest()


async def _canonical_body(request: Request[Actor | None, Ports, State]) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        fields = []
        for name, value in (await request.form()).multi_items():
            if isinstance(value, UploadFile):
                content = await value.read()
                await value.seek(0)
                fields.append([name, value.filename, hashlib.sha256(content).hexdigest()])
            elif name not in (FORM_FIELD, "password"):  # a hash of a password would be kept for a month
                fields.append([name, str(value)])
        return msgspec.json.encode(fields)
    body = await request.body()
    if kind in ("application/json", ""):
        try:
            return msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return body  # no JSON: the door refuses it, or takes it for what it is
    return body


def _answer_of(messages: list[Message]) -> Answer:
    status, body = 500, b""
    headers: tuple[tuple[str, str], ...] = ()
    for message in messages:
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = tuple(
                (name.decode("latin-1").lower(), value.decode("latin-1"))
                for name, value in message["headers"]
                if name.decode("latin-1").lower() in _KEPT_HEADERS
            )
        elif message["type"] == "http.response.body":
            body += message["body"]
    return Answer(status=status, headers=headers, body=body)


async def _replay(answer: Answer, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers += [(b"content-length", str(len(answer.body)).encode()), (b"idempotency-replayed", b"true")]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


@dataclass
class KeyedOperation(Operation):
    """A door in the API's document that says it takes a key."""

    def __post_init__(self) -> None:
        """Add the header."""
        self.parameters = [
            *(self.parameters or ()),
            Parameter(
                name=HEADER,
                param_in="header",
                required=True,
                description="Names this request: sent again under its key, it takes effect once and gets the first "
                "answer (`Idempotency-Replayed: true`) for 30 days; another body is refused (422).",
                schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=255, pattern="^[\\x20-\\x7e]{1,255}$"),
            ),
        ]


def keyed_doors(app: Litestar) -> list[HTTPRouteHandler]:
    """Return the doors that take a key."""
    return [
        handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if "POST" in handler.http_methods and is_keyed(route.path, "POST", handler.operation_id)
    ]
