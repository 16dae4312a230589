"""Who asks: a session's token, from the cookie of the pages or from `Authorization: Bearer`."""

from datetime import datetime
from typing import Any, TypeAlias

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, MutableScopeHeaders, State
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import SkipValidation
from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from app.ports import Ports
from domain.identity import usecases as identity
from domain.identity.account import Renewed
from domain.identity.errors import NotSignedIn, SecondFactorMissing
from domain.identity.model import Holder, Session, Visit
from domain.shared.actor import Actor

SESSION_COOKIE = "sunhwan_session"
SECURE_SESSION_COOKIE = f"__Host-{SESSION_COOKIE}"
"""Over TLS browsers take this name only with `Secure`, `Path=/` and no `Domain`: no neighbour host can set it."""

_RENEWED = "renewed_session"
_REFUSAL = "who_asks_refusal"

GivenPorts: TypeAlias = NamedDependency[SkipValidation[Ports]]
GivenActor: TypeAlias = NamedDependency[SkipValidation[Actor]]
GivenHolder: TypeAlias = NamedDependency[SkipValidation[Holder]]


def give_ports(state: State) -> Ports:
    """Hand a door everything it may call."""
    ports: Ports = state["ports"]
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
    """Return where a request comes from; behind a proxy the server itself reads the forwarded address."""
    client = connection.client
    return Visit(source="" if client is None else client.host, agent=connection.headers.get("user-agent", "")[:200])


async def holder_or_nobody(request: Request[Actor | None, Ports, State], ports: Ports) -> Holder | None:
    """Return the one who asks with the session, or nobody."""
    token = token_of(request)
    if token is None:
        return None
    try:
        return await identity.holder_of(token, unit=ports.unit, clock=ports.clock)
    except NotSignedIn:
        return None


async def actor_or_nobody(request: Request[Actor | None, Ports, State], ports: Ports) -> Actor | None:
    """Return the one who asks, or nobody; whoever must enrol a second factor first is nobody yet."""
    holder = await holder_or_nobody(request, ports)
    if holder is None:
        return None
    try:
        return identity.check_factors(holder, second_factor_required=ports.second_factor_required)
    except SecondFactorMissing as error:
        request.state[_REFUSAL] = error
        return None


def why_nobody(request: Request[Actor | None, Ports, State]) -> NotSignedIn | SecondFactorMissing:
    """Return why nobody asks: no session, or one that must enrol a second factor first."""
    refusal = request.state.get(_REFUSAL)
    return refusal if isinstance(refusal, SecondFactorMissing) else NotSignedIn()


async def give_actor(request: Request[Actor | None, Ports, State], ports: GivenPorts) -> Actor:
    """Hand a door the one who asks.

    Raises:
        NotSignedIn: nobody does.
        SecondFactorMissing: the role takes two factors here, and one opened the session.
    """
    actor = await actor_or_nobody(request, ports)
    if actor is None:
        raise why_nobody(request)
    return actor


async def give_holder(request: Request[Actor | None, Ports, State], ports: GivenPorts) -> Holder:
    """Hand a door of one's own account the one who asks with the session; enrolling is what such doors are for.

    Raises:
        NotSignedIn: nobody does.
    """
    holder = await holder_or_nobody(request, ports)
    if holder is None:
        raise NotSignedIn
    return holder


async def require_confirmation(
    connection: ASGIConnection[BaseRouteHandler, Any, Any, State], _: BaseRouteHandler
) -> None:
    """Guard a route that signs or moves money: the session proved within five minutes who holds it.

    The use cases ask again; as a guard it refuses before a body is read.

    Raises:
        ConfirmationNeeded: it did not.
    """
    ports: Ports = connection.app.state["ports"]
    token = token_of(connection)
    if token is None:
        raise NotSignedIn
    holder = await identity.holder_of(token, unit=ports.unit, clock=ports.clock)
    holder.actor.require_confirmed(ports.clock.now())


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
