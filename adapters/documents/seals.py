"""Signs PDFs (PAdES B-B) with a key that somebody holds, and has PDFs of unknown origin read in a child process."""

import asyncio
import base64
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.documents.seal_keys import SealKeyUnusable
from adapters.sandbox.runner import MEBIBYTE, Limits, run_in_child
from domain.shared.canonical import Canonical
from domain.shared.documents import ReadDocument, SealKey, SealState
from domain.shared.untrusted import FileBroke

_AT_ONCE = 2
"""How many files of strangers are read at a time: each costs a process and a second."""

_LIMITS = Limits(
    input_bytes=16 * MEBIBYTE, output_bytes=32 * MEBIBYTE, memory_bytes=1_024 * MEBIBYTE, cpu_s=20, timeout_s=30
)


class PadesSeals:
    """The port `Seals` over a key that somebody holds (`SealKey`): PAdES B-B; PDFs are read in a child process."""

    def __init__(self, key: SealKey, *, name: str) -> None:
        """Take the holder of the key, and the name that signatures give as their signer's."""
        self._key = key
        self._name = name
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def seal(self, pdf: bytes, *, reason: str) -> bytes:
        """Return the PDF with a signature over the whole of it.

        Raises:
            Unavailable: key or certificate cannot be read or made.
        """
        certificate = (await self._key.certificates())[0]
        home = asyncio.get_running_loop()

        def signed(message: bytes) -> Future[bytes]:
            # A device's connection belongs to the loop that opened it, not to the thread that builds the signature.
            return asyncio.run_coroutine_threadsafe(self._key.sign(message, certificate=certificate), home)

        return await asyncio.to_thread(self._sealed, pdf, reason, certificate, signed)

    async def read(self, pdf: bytes) -> ReadDocument:
        """Say whether a PDF carries a signature of ours over the whole of it; it is read in a child process.

        Raises:
            FileRefused: it is no PDF that can be read.
            FileTooLarge: it has more than 16 MiB.
            FileTookTooLong: it could not be read in time.
            FileBroke: it made the reader crash.
            Unavailable: our own certificates cannot be read.
        """
        trusted = await self._key.certificates()
        async with self._places:
            return await read_sealed(pdf, trusted="".join(trusted))

    async def public_keys(self) -> Sequence[Mapping[str, Canonical]]:
        """Return every key that ever signed here as JSON Web Keys with their certificates.

        Raises:
            Unavailable: they cannot be read, or made.
        """
        return [_jwk(text) for text in await self._key.certificates()]

    def _sealed(self, pdf: bytes, reason: str, certificate: str, signed: Callable[[bytes], Future[bytes]]) -> bytes:
        # Loading this library takes a second or two, so only who signs does.
        from adapters.documents.sealed_signing import seal

        return seal(pdf, name=self._name, reason=reason, certificate=certificate, signed=signed)


class PublishedSeals:
    """The port `SealReader` with the certificates of a published DID document."""

    def __init__(self, did_document: Mapping[str, Canonical]) -> None:
        self._trusted = "".join(_published(did_document))

    async def read(self, pdf: bytes) -> ReadDocument:
        """Say whether a PDF carries a signature by one of the certificates over the whole of it.

        Raises:
            FileRefused: it is no PDF that can be read.
            FileTooLarge: it has more than 16 MiB.
            FileTookTooLong: it could not be read in time.
            FileBroke: it made the reader crash.
        """
        return await read_sealed(pdf, trusted=self._trusted)


def _jwk(certificate_pem: str) -> dict[str, Canonical]:
    """Return a certificate's key. Source: RFC 7517, RFC 7518 sections 6.2 and 6.3."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    chain: list[Canonical] = [base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()]
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        numbers = key.public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _uint(numbers.x, 32), "y": _uint(numbers.y, 32), "x5c": chain}
    if isinstance(key, rsa.RSAPublicKey):
        public = key.public_numbers()
        return {"kty": "RSA", "n": _uint(public.n, key.key_size // 8), "e": _uint(public.e, 3), "x5c": chain}
    raise SealKeyUnusable(path="EC P-256 | RSA")


def _uint(value: int, size: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(size, "big")).rstrip(b"=").decode()


def _published(did_document: Mapping[str, Canonical]) -> Iterator[str]:
    """Yield the certificates, as PEM, of a DID document's keys that have one."""
    listed = did_document.get("verificationMethod")
    for one in listed if isinstance(listed, list) else ():
        key = one.get("publicKeyJwk") if isinstance(one, Mapping) else None
        chain = key.get("x5c") if isinstance(key, Mapping) else None
        if isinstance(chain, list) and chain and isinstance(chain[0], str):
            with contextlib.suppress(ValueError):  # a certificate that cannot be read vouches for nothing
                loaded = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
                yield loaded.public_bytes(Encoding.PEM).decode()


async def read_sealed(pdf: bytes, *, trusted: str) -> ReadDocument:
    """Read a PDF in a child process; `trusted` are the certificates, as PEM one after the other, that count as ours.

    Raises:
        FileRefused: it is no PDF that can be read.
        FileTooLarge: it has more than 16 MiB.
        FileTookTooLong: it could not be read in time.
        FileBroke: it made the reader crash.
    """
    output = await run_in_child(
        "adapters.documents.sealed_reading:read", pdf, limits=_LIMITS, arguments={"trusted": trusted}
    )
    try:
        said = json.loads(output)
        return ReadDocument(
            sha256=said["sha256"],
            seal=SealState(said["seal"]),
            number=said["number"],
            record=said["record"],
            content_sha256=said["content_sha256"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise FileBroke from error
