"""Who asks: a session's token from the cookie of the pages, or a token or a key from `Authorization: Bearer`."""

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
ASKER, KEY_FIRST_USED = "asker", "key_first_used"
"""Where a request keeps who asks, for the audit."""

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


async def actor_or_nobody(request: Request[Actor | None, Ports, State], ports: Ports) -> Actor | None:
    """Return the one who asks, or nobody."""
    token = token_of(request)
    if token is None:
        return None
    try:
        if token.startswith(PREFIX):
            holder = await keys.who_holds(token, unit=ports.unit, clock=ports.clock)
            note_asker(request, holder.actor, key_first_used=holder.first_use)
            return holder.actor
        actor = await identity.who_is(token, unit=ports.unit, clock=ports.clock)
    except NotSignedIn:
        return None
    note_asker(request, actor)
    return actor


def note_asker(connection: ASGIConnection[Any, Any, Any, Any], actor: Actor, *, key_first_used: bool = False) -> None:
    """Keep who asks beside the request, for the audit."""
    connection.scope.setdefault("state", {})[ASKER] = actor
    if key_first_used:
        connection.scope.setdefault("state", {})[KEY_FIRST_USED] = True


async def give_actor(request: Request[Actor | None, Ports, State], ports: GivenPorts) -> Actor:
    """Hand a door the one who asks.

    Raises:
        NotSignedIn: nobody does.
    """
    actor = await actor_or_nobody(request, ports)
    if actor is None:
        raise NotSignedIn
    return actor
