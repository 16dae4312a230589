"""Calls to configured addresses reach the public internet and nothing of ours, however the address is spelled."""

import asyncio
import gzip
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.outgoing.guard import GuardedTransport, OutgoingFailed, OutgoingRefused, guarded_client, is_public

INSIDE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "100.64.0.1", "100.127.255.255", "169.254.169.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001::1",
    "fe80::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "100::1",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "8.8.8.8", "211.231.99.17", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_of_ours_or_of_nobody_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


class Outside(httpx.AsyncBaseTransport):
    """The internet: keeps what it was sent."""

    def __init__(self, *replies: httpx.Response) -> None:
        self.sent: list[httpx.Request] = []
        self._replies = list(replies)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self._replies.pop(0) if self._replies else httpx.Response(200, text="ok")


def through(outside: Outside, *addresses: str, **limits: object) -> httpx.AsyncClient:
    """Return a client for which every name has these addresses, one after the other when asked again."""
    asked = iter(addresses)

    async def resolve(host: str, port: int) -> tuple[str, ...]:
        return tuple(next(asked).split())

    return httpx.AsyncClient(
        transport=GuardedTransport(outside, resolve=resolve, **limits),  # type: ignore[arg-type]
        trust_env=False,
    )


@pytest.mark.parametrize("address", INSIDE)
async def test_a_name_that_leads_inside_is_not_called(address: str) -> None:
    outside = Outside()

    async with through(outside, address) as client:
        with pytest.raises(OutgoingRefused):
            await client.get("https://hook.example/")

    assert outside.sent == []


async def test_one_bad_address_among_good_ones_is_enough() -> None:
    outside = Outside()

    async with through(outside, "1.1.1.1 10.0.0.1") as client:
        with pytest.raises(OutgoingRefused):
            await client.get("https://hook.example/")

    assert outside.sent == []


async def test_the_checked_address_is_the_one_called_with_the_name_beside_it() -> None:
    outside = Outside()

    async with through(outside, "1.1.1.1", "127.0.0.1") as client:  # a name that changes between asking and calling
        await client.post("https://hook.example/path?q=1", content=b"x")

    (sent,) = outside.sent
    assert str(sent.url) == "https://1.1.1.1/path?q=1"
    assert sent.headers["Host"] == "hook.example"
    assert sent.extensions["sni_hostname"] == "hook.example"


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example/",
        "https://hook.example:22/",
        "https://hook.example:8443/",
        "https://user:word@hook.example/",
        "ftp://hook.example/",
    ],
)
async def test_other_schemes_ports_and_passwords_are_refused(url: str) -> None:
    async with through(Outside(), "1.1.1.1") as client:
        with pytest.raises((OutgoingRefused, httpx.UnsupportedProtocol)):
            await client.get(url)


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://0x7f.1/"])
async def test_an_address_in_place_of_a_name_is_checked_too(url: str) -> None:
    async with guarded_client() as client:
        with pytest.raises((OutgoingRefused, OutgoingFailed)):
            await client.get(url)


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    outside = Outside(httpx.Response(302, headers={"Location": "https://169.254.169.254/"}))

    async with through(outside, "1.1.1.1") as client:
        answer = await client.get("https://hook.example/")

    assert (answer.status_code, len(outside.sent)) == (302, 1)


async def test_a_long_or_compressed_reply_is_cut_off() -> None:
    long = httpx.Response(200, stream=httpx.ByteStream(b"x" * 1001))
    bomb = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(gzip.compress(b"x")))

    async with through(Outside(long, bomb), "1.1.1.1", "1.1.1.1", reply_bytes_max=1000) as client:
        with pytest.raises(OutgoingFailed):
            await client.get("https://hook.example/")
        with pytest.raises(OutgoingFailed):
            await client.get("https://hook.example/")


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    async with guarded_client() as client:
        assert not [transport for transport in client._mounts.values() if transport is not None]


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's side and a client's side of a certificate for one name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "both.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return server, client


async def test_over_the_wire_the_name_is_in_the_certificate_and_the_address_in_the_socket(tmp_path: Path) -> None:
    server_side, client_side = certificate(tmp_path, "idp.example")
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    async def resolve(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    serving = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_side)
    port = serving.sockets[0].getsockname()[1]
    async with (
        serving,
        guarded_client(
            ports=frozenset({port}),
            trusted=(ipaddress.ip_network("127.0.0.0/8"),),
            resolve=resolve,
            trust=client_side,
        ) as client,
    ):
        reached = await client.get(f"https://idp.example:{port}/")
        with pytest.raises(OutgoingFailed):  # the same machine under a name that its certificate does not hold
            await client.get(f"https://other.example:{port}/")

    assert reached.text == "ok"
    assert f"host: idp.example:{port}".encode() in heard[0].lower()
