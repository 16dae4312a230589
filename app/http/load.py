"""More asked than can be done: a short wait, then 503; health and verification keep a share of their own.

A request takes its place once its body is there, so that slow senders hold none.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from litestar.types.asgi_types import HTTPReceiveMessage, WebSocketReceiveMessage

from domain.shared.errors import Unavailable

GATE = "sunhwan.gate"
PLACES = 24
PLACES_KEPT = 8
WAITING_MAX = 256
WAIT_S = 0.25
BODY_PART_S = 10
BODY_S = 600
"""How long a sender may take for the next part of its body, and for all of it."""

_KEPT_FOR = (
    "/livez",
    "/readyz",
    "/version",
    "/verify",
    "/01/",
    "/api/v1/certificates/by-number/",
    "/api/v1/reports/by-number/",
)
"""Where somebody looks whether we live, and whether a certificate holds; a file sent there waits with others."""

_LOOKING = frozenset({"GET", "HEAD"})

_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


class Overloaded(Unavailable):
    """More is asked than can be done now."""

    code = "http.overloaded"
    title_ko = "지금은 요청이 많아 처리하지 못했습니다. 잠시 뒤에 다시 시도해 주세요."
    title_en = "More is asked than can be done right now; nothing was done, please try again shortly."


class BodyTooSlow(HTTPException):
    """The body does not come."""

    status_code = 408


class Gate:
    """So many requests at once, so many waiting for so long, and places kept for the few that must always pass."""

    def __init__(
        self,
        *,
        places: int = PLACES,
        places_kept: int = PLACES_KEPT,
        waiting_max: int = WAITING_MAX,
        wait_s: float = WAIT_S,
    ) -> None:
        self._places = asyncio.Semaphore(places)
        self._kept = asyncio.Semaphore(places_kept)
        self._waiting = 0
        self._waiting_max = waiting_max
        self._wait_s = wait_s

    @asynccontextmanager
    async def place(self, path: str, method: str = "GET") -> AsyncIterator[None]:
        """Hold a place.

        Raises:
            Overloaded: none came free in time.
        """
        places = self._kept if method in _LOOKING and path.startswith(_KEPT_FOR) else self._places
        if places.locked():
            if self._waiting >= self._waiting_max:
                raise Overloaded
            self._waiting += 1
            try:
                async with asyncio.timeout(self._wait_s):
                    await places.acquire()
            except TimeoutError:
                raise Overloaded from None
            finally:
                self._waiting -= 1
        else:
            await places.acquire()
        try:
            yield
        finally:
            places.release()


def _sends_nothing(scope: Scope) -> bool:
    """Whether no body comes, which a door that reads none would never ask for."""
    headers = dict(scope["headers"])
    return headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers


class LoadMiddleware(ASGIMiddleware):
    """Lets a request in when there is a place, and gives up on bodies that do not come."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Carry out one request."""
        gate: Gate = scope["litestar_app"].state[GATE]
        path, method = scope["path"], str(scope.get("method", "GET"))
        async with AsyncExitStack() as held:
            if scope["type"] == ScopeType.HTTP and (method in _BODILESS or _sends_nothing(scope)):
                await held.enter_async_context(gate.place(path, method))
                await next_app(scope, receive, send)
                return
            loop = asyncio.get_running_loop()
            until = loop.time() + BODY_S
            whole = False

            async def take() -> HTTPReceiveMessage | WebSocketReceiveMessage:
                nonlocal whole
                if whole:
                    return await receive()
                try:
                    async with asyncio.timeout_at(min(until, loop.time() + BODY_PART_S)):
                        message = await receive()
                except TimeoutError:
                    raise BodyTooSlow from None
                if message["type"] != "http.request" or not message.get("more_body"):
                    whole = True
                    await held.enter_async_context(gate.place(path, method))
                return message

            await next_app(scope, take, send)
