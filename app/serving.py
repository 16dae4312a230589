"""Serving the web program on a socket of our own: a port in use is one clear sentence, and Ctrl-C ends cleanly."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast
from uuid import uuid4

import msgspec
import uvicorn
from litestar import Litestar
from litestar.exceptions import ClientException
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.http.problems import problem_of
from domain.shared.errors import Unavailable

STARTS_WITHIN_S = 30
STOPS_WITHIN_S = 10
BACKLOG = 1024
_COLLECTED_AFTER = 20_000, 10, 10


class PortInUse(Unavailable):
    """Somebody else listens on the port, or this user may not."""

    code = "serving.port-in-use"
    title_ko = "{host}:{port} 포트를 열 수 없습니다({reason}). 다른 포트는 SUNHWAN_PORT로 지정하십시오."
    title_en = "The port {host}:{port} cannot be opened ({reason}); name another one by SUNHWAN_PORT."


class DidNotStart(Unavailable):
    """The web program ended before it answered."""

    code = "serving.did-not-start"
    title_ko = "웹 서버가 시작되지 못했습니다. 위 기록을 확인해 주세요."
    title_en = "The web server did not start; the log above says why."


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the program that embeds it decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Joined:
    """A transport whose first part waits for the next within one turn of the loop.

    An answer's head and its body so leave in one write: each write is a call into the kernel and wakes the other side.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waits: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, part: bytes) -> None:
        """Send a part together with the one that waits, or let it wait."""
        if self._waits is None:
            self._waits = part
            self._loop.call_soon(self._send)
        else:
            waits, self._waits = self._waits, None
            self._transport.writelines((waits, part))

    def close(self) -> None:
        """Close behind what waits."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._waits is not None:
            waits, self._waits = self._waits, None
            self._transport.write(waits)


class _Protocol(HttpToolsProtocol):
    """HTTP that answers what is no HTTP with a problem document as well, and sends an answer in one write."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection."""
        super().connection_made(cast(asyncio.Transport, _Joined(cast(asyncio.Transport, transport), self.loop)))

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read; `msg` is the parser's and stays with us."""
        request_id = uuid4()
        body = msgspec.json.encode(problem_of(ClientException(), request_id))
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n"
            f"x-request-id: {request_id}\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()


def collect_seldom() -> None:
    """Let the collector of cycles leave alone what the program is made of, and look at new things less often.

    A request of a thousand readings makes thousands of things that end with it; a look at each seven hundred of them
    was an eighth of its time. For a process that serves and does nothing else, once it has started.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)


def stop_asked() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set, on the loop that runs now."""
    asked = asyncio.Event()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(wanted, asked.set)
    return asked


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; port 0 takes a free one.

    Raises:
        PortInUse: it cannot be opened.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: asyncio sets TCP_NODELAY only on sockets that say they are TCP, and without it every
    # kept-alive answer waits 40 ms for the client's delayed acknowledgement (measured: 182 instead of 9,000 a second).
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise PortInUse(host=host, port=port, reason=error.strerror or "?") from error
    listening.setblocking(False)
    return listening


@contextlib.asynccontextmanager
async def serving(app: Litestar, listening: socket.socket) -> AsyncIterator[None]:
    """Serve until the block ends; requests under way are finished first.

    Raises:
        DidNotStart: the program failed while starting.
    """
    server = _Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            log_config=None,
            access_log=False,
            proxy_headers=False,  # app/http/callers.py reads them, of proxies that the settings name
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=STOPS_WITHIN_S,
            timeout_keep_alive=15,
            h11_max_incomplete_event_size=64 * 1024,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with asyncio.timeout(STARTS_WITHIN_S):
            while not server.started:
                if task.done():
                    raise DidNotStart
                await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await task
