"""Where a request comes from: who opened the connection, or whom a proxy of ours says that it speaks for.

Anybody may write `X-Forwarded-For`. It is read only of connections from `SUNHWAN_TRUSTED_PROXIES`, from its end: each
trusted proxy wrote down who came to it, and the first one that is no proxy of ours is the caller. What stands before
that one the caller may have made up. `Forwarded` and the other headers of the kind are not looked at.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, TypeAlias

from litestar.connection import ASGIConnection

TRUSTED_PROXIES = "sunhwan.trusted-proxies"
HEADER = "X-Forwarded-For"
HOPS_MAX = 16

Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]


def caller_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the address that a request comes from; nothing where the connection has none."""
    client = connection.scope.get("client")
    trusted: Networks = connection.app.state.get(TRUSTED_PROXIES, ())
    peer = "" if client is None else str(client[0])
    return behind(peer, connection.headers.getall(HEADER, []), trusted=trusted) if trusted else _plain(peer) or peer


def behind(peer: str, said: Iterable[str], *, trusted: Networks) -> str:
    """Return the caller behind a connection from `peer`, by the header's lines in the order they came."""
    caller = _plain(peer)
    if caller is None:
        return peer
    hops = [hop for line in said for hop in line.split(",")]
    for hop in reversed(hops[-HOPS_MAX:]):
        if not _is_trusted(caller, trusted):
            break
        told = _plain(hop)
        if told is None:  # a proxy of ours says something that is no address: it is as far as we know
            break
        caller = told
    return caller


def _plain(text: str) -> str | None:
    """Return an address in its one spelling, without a port; none where it is no address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _is_trusted(caller: str, trusted: Networks) -> bool:
    address = ip_address(caller)
    return any(address.version == network.version and address in network for network in trusted)
