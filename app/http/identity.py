"""Who asks: a session's token from the cookie of the pages, or a token or a key from `Authorization: Bearer`."""

import time
from datetime import datetime
from typing import Any, TypeAlias

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, MutableScopeHeaders, State
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from app.http.callers import caller_of
from app.ports import Ports
from domain.identity import keys
from domain.identity import usecases as identity
from domain.identity.account import Renewed
from domain.identity.errors import NotSignedIn, SecondFactorMissing
from domain.identity.keyring import PREFIX
from domain.identity.model import Holder, Session, Visit
from domain.shared.actor import Actor

SESSION_COOKIE = "sunhwan_session"
SECURE_SESSION_COOKIE = f"__Host-{SESSION_COOKIE}"
"""Over TLS browsers take this name only with `Secure`, `Path=/` and no `Domain`: no neighbour host can set it."""

REMEMBERED = "remembered_actors"
ENROLLING = "enrolling"
"""In a route's `opt`: it is one's own account, and open to whoever must enrol a second factor first."""

_REMEMBERED_S = 2.0
_REMEMBERED_MAX = 10_000
_ACTOR = "sunhwan.actor"
_HOLDER = "sunhwan.holder"
_REFUSAL = "sunhwan.refusal"
_RENEWED = "sunhwan.renewed"
PORTS = "sunhwan.ports"
"""Where a request keeps ports of its own."""
KEY_FIRST_USED = "sunhwan.key-first-used"
"""Where a request keeps that a key came for the first time, for the audit."""

GivenPorts: TypeAlias = NamedDependency[SkipValidation[Ports]]
GivenActor: TypeAlias = NamedDependency[SkipValidation[Actor]]
GivenHolder: TypeAlias = NamedDependency[SkipValidation[Holder]]


def give_ports(state: State, scope: Scope) -> Ports:
    """Hand a door everything it may call; under an idempotency key, with the unit that settles with the answer."""
    ports: Ports = scope["state"].get(PORTS) or state["ports"]
    return ports


def session_cookie_name(*, secure: bool) -> str:
    """Return the name of the pages' cookie."""
    return SECURE_SESSION_COOKIE if secure else SESSION_COOKIE


def session_cookie(token: str, *, max_age_s: int, secure: bool) -> Cookie:
    """Return the pages' cookie: no script reads it, no other site sends it along with a write."""
    return Cookie(
        key=session_cookie_name(secure=secure),
        value=token,
        path="/",
        max_age=max_age_s,
        httponly=True,
        samesite="lax",
        secure=secure,
    )


def _bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def token_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Return the token that a request carries."""
    secure = bool(connection.app.state["secure"])
    return _bearer(connection) or connection.cookies.get(session_cookie_name(secure=secure))


def visit_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Visit:
    """Return where a request comes from, and by which program."""
    return Visit(source=caller_of(connection), agent=connection.headers.get("user-agent", "")[:200])


def known_actor(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor | None:
    """Return the one who asks as far as somebody has looked already."""
    actor: Actor | None = connection.scope["state"].get(_ACTOR)
    return actor


def note_actor(connection: ASGIConnection[Any, Any, Any, Any], actor: Actor) -> None:
    """Keep who turned out to ask: somebody who signs in is nobody until then."""
    connection.scope["state"][_ACTOR] = actor


async def actor_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor | None:
    """Return the one who asks, or nobody; looked up once a request."""
    kept: dict[str, Any] = connection.scope["state"]
    if _ACTOR not in kept:
        kept[_ACTOR] = await _look(connection, kept)
    actor: Actor | None = kept[_ACTOR]
    return actor


async def _look(connection: ASGIConnection[Any, Any, Any, Any], kept: dict[str, Any]) -> Actor | None:
    token = token_of(connection)
    ports: Ports = connection.app.state["ports"]
    if token is None:
        return None
    if connection.route_handler.opt.get(REMEMBERED):
        remembered: RememberedActors = connection.app.state[REMEMBERED]
        return await remembered.of(token, ports, kept)
    return await _who(token, ports, kept, enrolling=bool(connection.route_handler.opt.get(ENROLLING)))


async def _who(token: str, ports: Ports, kept: dict[str, Any], *, enrolling: bool = False) -> Actor | None:
    """Return who holds a key or a session's token; what else was learnt is kept for the request."""
    try:
        if token.startswith(PREFIX):
            machine = await keys.who_holds(token, recognition=ports.recognition, unit=ports.unit, clock=ports.clock)
            kept[KEY_FIRST_USED] = machine.first_use
            return machine.actor
        holder = await identity.holder_of(token, recognition=ports.recognition, unit=ports.unit, clock=ports.clock)
    except NotSignedIn:
        return None
    kept[_HOLDER] = holder
    if enrolling:
        return holder.actor
    try:
        return identity.check_factors(holder, second_factor_required=ports.second_factor_required)
    except SecondFactorMissing as error:
        kept[_REFUSAL] = error
        return None


def why_nobody(connection: ASGIConnection[Any, Any, Any, Any]) -> NotSignedIn | SecondFactorMissing:
    """Return why nobody asks: no session, or one whose person must enrol a second factor first."""
    refusal = connection.scope["state"].get(_REFUSAL)
    return refusal if isinstance(refusal, SecondFactorMissing) else NotSignedIn()


class RememberedActors:
    """Those who ask hundreds of times a second, on routes that say `REMEMBERED` in their `opt`.

    A session or key is looked up again after two seconds, so one that ended still passes for so long
    (docs/decisions/0013).
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[Actor, float]] = {}

    async def of(self, token: str, ports: Ports, kept: dict[str, Any]) -> Actor | None:
        """Return who holds a token, or nobody."""
        now = time.monotonic()
        found = self._known.get(token)
        if found is not None and found[1] > now:
            return found[0]
        actor = await _who(token, ports, kept)
        if actor is None:
            self._known.pop(token, None)
            return None
        if len(self._known) >= _REMEMBERED_MAX:
            self._known.clear()
        self._known[token] = (actor, now + _REMEMBERED_S)
        return actor


async def give_actor(request: Request[Actor | None, Ports, State]) -> Actor:
    """Hand a door the one who asks.

    Raises:
        NotSignedIn: nobody does.
        SecondFactorMissing: the role takes two factors here, and one opened the session.
    """
    actor = await actor_of(request)
    if actor is None:
        raise why_nobody(request)
    return actor


async def give_holder(request: Request[Actor | None, Ports, State]) -> Holder:
    """Hand a door of one's own account the one who asks with the session; a machine's key has none.

    Raises:
        NotSignedIn: nobody does.
        SecondFactorMissing: the role takes two factors here, and one opened the session.
    """
    await actor_of(request)
    holder: Holder | None = request.scope["state"].get(_HOLDER)
    if holder is None:
        raise NotSignedIn
    return holder


def carry(request: Request[Actor | None, Ports, State], renewed: Renewed) -> None:
    """Let the answer carry a session's new token, where the old one came in the pages' cookie."""
    if _bearer(request) is None:
        request.state[_RENEWED] = (renewed.token, lasts_s(renewed.holder.session, renewed.holder.session.last_seen_at))


def lasts_s(session: Session, since: datetime) -> int:
    """Return for how many seconds a browser keeps the cookie."""
    return max(int((session.expires_at - since).total_seconds()), 0)


def carry_renewed(*, secure: bool) -> BeforeMessageSendHookHandler:
    """Return the hook that sets the cookie of a session that was renewed while its request was answered."""

    async def add(message: Message, scope: Scope) -> None:
        renewed = scope.get("state", {}).get(_RENEWED)
        if message["type"] != "http.response.start" or renewed is None:
            return
        token, max_age_s = renewed
        cookie = session_cookie(token, max_age_s=max_age_s, secure=secure)
        MutableScopeHeaders.from_message(message).add("Set-Cookie", cookie.to_header(header=""))

    return add
