"""Who asks: a session's token from the cookie of the pages, or a token or a key from `Authorization: Bearer`."""

import time
from typing import Any, TypeAlias

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from app.ports import Ports
from domain.identity import keys
from domain.identity import usecases as identity
from domain.identity.errors import NotSignedIn
from domain.identity.keyring import PREFIX
from domain.shared.actor import Actor

SESSION_COOKIE = "sunhwan_session"
REMEMBERED = "remembered_actors"
_REMEMBERED_S = 2.0
_REMEMBERED_MAX = 10_000
_ACTOR = "sunhwan.actor"
KEY_FIRST_USED = "sunhwan.key-first-used"
"""Where a request keeps that a key came for the first time, for the audit."""

GivenPorts: TypeAlias = NamedDependency[SkipValidation[Ports]]
GivenActor: TypeAlias = NamedDependency[SkipValidation[Actor]]


def give_ports(state: State) -> Ports:
    """Hand a door everything it may call."""
    ports: Ports = state["ports"]
    return ports


def token_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Return the token that a request carries."""
    authorization = connection.headers.get("authorization", "")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return connection.cookies.get(SESSION_COOKIE)


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
        token = token_of(connection)
        ports: Ports = connection.app.state["ports"]
        if token is None:
            kept[_ACTOR] = None
        elif connection.route_handler.opt.get(REMEMBERED):
            remembered: RememberedActors = connection.app.state[REMEMBERED]
            kept[_ACTOR] = await remembered.of(token, ports, kept)
        else:
            kept[_ACTOR] = await _found(token, ports, kept)
    actor: Actor | None = kept[_ACTOR]
    return actor


async def _found(token: str, ports: Ports, kept: dict[str, Any]) -> Actor | None:
    try:
        if token.startswith(PREFIX):
            holder = await keys.who_holds(token, unit=ports.unit, clock=ports.clock)
            kept[KEY_FIRST_USED] = holder.first_use
            return holder.actor
        return await identity.who_is(token, unit=ports.unit, clock=ports.clock)
    except NotSignedIn:
        return None


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
        actor = await _found(token, ports, kept)
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
    """
    actor = await actor_of(request)
    if actor is None:
        raise NotSignedIn
    return actor
