"""An httpx transport that lets nobody reach our own network through us (server-side request forgery).

HTTPS to chosen ports only. A name is resolved once, every address that it has must be a public one, and the checked
address itself is connected to, with the name in SNI, certificate check and Host. No proxy of the environment, no
redirect, no compressed and no long reply.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import httpx

from domain.shared.errors import RuleBroken, Unavailable

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve: TypeAlias = Callable[[str, int], Awaitable[tuple[str, ...]]]

REPLY_BYTES_MAX = 256 * 1024
TIMEOUT_S = 10.0

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NEVER = tuple(
    ipaddress.ip_network(one)
    for one in (
        "64:ff9b:1::/48",  # NAT64 of a local network
        "2001::/32",  # Teredo: an address within an address
        "192.88.99.0/24",  # relays of 6to4
        "::/96",  # IPv4 within IPv6, the old way
        "fec0::/10",  # site-local, the old way
    )
)


class OutgoingRefused(RuleBroken):
    """An address that this program must not call."""

    code = "outgoing.refused"
    title_ko = "호출할 수 없는 주소입니다: {reason}."
    title_en = "This address must not be called: {reason}."


class OutgoingFailed(Unavailable):
    """The other side did not answer, or not as it must."""

    code = "outgoing.failed"
    title_ko = "외부 서비스가 응답하지 않습니다: {reason}."
    title_en = "The service outside did not answer: {reason}."


def is_public(address: Address) -> bool:
    """Return whether an address is on the public internet, also when it hides another one in itself."""
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            hidden = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if hidden is not None:
            return is_public(hidden)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


async def resolve(host: str, port: int) -> tuple[str, ...]:
    """Return every address of a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


class GuardedTransport(httpx.AsyncBaseTransport):
    """Checks where a request goes, then sends it to exactly there.

    `trusted` are networks of our own that the deployment names on purpose, such as its sign-in provider's.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        ports: frozenset[int] = frozenset({443}),
        trusted: tuple[Network, ...] = (),
        resolve: Resolve = resolve,
        reply_bytes_max: int = REPLY_BYTES_MAX,
    ) -> None:
        self._inner = inner
        self._ports = ports
        self._trusted = trusted
        self._resolve = resolve
        self._reply_bytes_max = reply_bytes_max

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the checked address of its name.

        Raises:
            OutgoingRefused: it goes where it must not.
            OutgoingFailed: the name has no address, or the reply is compressed.
        """
        url = request.url
        if url.scheme != "https":
            raise OutgoingRefused(reason="https only")
        if url.userinfo:
            raise OutgoingRefused(reason="a password in the address")
        port = url.port or 443
        if port not in self._ports:
            raise OutgoingRefused(reason=f"port {port}")
        address = await self._checked(url.host, port)
        request.headers["Accept-Encoding"] = "identity"
        sent = httpx.Request(
            request.method,
            url.copy_with(host=str(address)),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": url.host},
        )
        try:
            answer = await self._inner.handle_async_request(sent)
        except httpx.HTTPError as error:
            raise OutgoingFailed(reason=type(error).__name__) from error
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            raise OutgoingFailed(reason="compressed reply")
        stream = answer.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise TypeError("an asynchronous transport answers with an asynchronous stream")
        return httpx.Response(
            answer.status_code,
            headers=answer.headers,
            stream=_Bounded(stream, self._reply_bytes_max),
            extensions=answer.extensions,
        )

    async def _checked(self, host: str, port: int) -> Address:
        try:
            found = await self._resolve(host, port)
            addresses = [ipaddress.ip_address(one) for one in found]
        except (OSError, UnicodeError) as error:
            raise OutgoingFailed(reason="no such name") from error
        except ValueError as error:  # an address with a zone, which only our own links have
            raise OutgoingRefused(reason="address") from error
        if not addresses:
            raise OutgoingFailed(reason="no such name")
        for one in addresses:
            if not (is_public(one) or any(one in network for network in self._trusted)):
                raise OutgoingRefused(reason="address")
        return addresses[0]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _Bounded(httpx.AsyncByteStream):
    """A reply that is cut off where it grows too long."""

    def __init__(self, stream: httpx.AsyncByteStream, bytes_max: int) -> None:
        self._stream = stream
        self._left = bytes_max

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the reply's parts."""
        async for part in self._stream:
            self._left -= len(part)
            if self._left < 0:
                raise OutgoingFailed(reason="long reply")
            yield part

    async def aclose(self) -> None:
        """Close the reply."""
        await self._stream.aclose()


def guarded_client(
    *,
    ports: frozenset[int] = frozenset({443}),
    trusted: tuple[Network, ...] = (),
    resolve: Resolve = resolve,
    reply_bytes_max: int = REPLY_BYTES_MAX,
    timeout_s: float = TIMEOUT_S,
    trust: ssl.SSLContext | None = None,
) -> httpx.AsyncClient:
    """Return a client for addresses that somebody configured; `trust` is another set of authorities than the usual."""
    context = trust or httpx.create_ssl_context(trust_env=False)
    inner = httpx.AsyncHTTPTransport(verify=context, trust_env=False, retries=0)
    return httpx.AsyncClient(
        transport=GuardedTransport(
            inner, ports=ports, trusted=trusted, resolve=resolve, reply_bytes_max=reply_bytes_max
        ),
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
    )
