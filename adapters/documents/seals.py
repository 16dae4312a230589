"""Signs PDFs (PAdES B-B) with a key of its own, and has PDFs of unknown origin read in a child process."""

import asyncio
import base64
import contextlib
import io
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.sandbox.runner import MEBIBYTE, Limits, run_in_child
from domain.shared.canonical import Canonical
from domain.shared.documents import ReadDocument, SealState
from domain.shared.errors import Unavailable
from domain.shared.untrusted import FileBroke

if TYPE_CHECKING:
    from pyhanko.sign.signers import SimpleSigner

KEY_FILE = "seal-key.pem"
CERTIFICATE_FILE = "seal-certificate.pem"
KNOWN = "seal-certificates"
_FIELD = "Seal"
_AT_ONCE = 2
"""How many files of strangers are read at a time: each costs a process and a second."""

_RESERVED = 8_192
"""Hex digits kept free for the signature: enough for RSA 4096; without a figure the library signs twice to find one."""

_LASTS = timedelta(days=3653)
_LIMITS = Limits(
    input_bytes=16 * MEBIBYTE, output_bytes=32 * MEBIBYTE, memory_bytes=1_024 * MEBIBYTE, cpu_s=20, timeout_s=30
)


class SealKeyUnusable(Unavailable):
    """The key or certificate for signing documents cannot be read or made, or they do not belong together."""

    code = "documents.seal-key-unusable"
    title_ko = "문서 서명 키 또는 인증서를 사용할 수 없습니다: {path}."
    title_en = "The key or certificate that signs documents cannot be used: {path}."


class PadesSeals:
    """The port `Seals` with key and certificate from files; without them it makes its own on first use.

    Every certificate that ever signed stays in the folder `seal-certificates`, so that what it signed can be checked.
    """

    def __init__(self, folder: Path, *, name: str, key: Path | None = None, certificate: Path | None = None) -> None:
        """Take the folder of keys, the name that a self-made certificate carries, and the files that replace it."""
        self._folder = folder
        self._name = name
        self._key = key or folder / KEY_FILE
        self._certificate = certificate or folder / CERTIFICATE_FILE
        self._own = key is None and certificate is None
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def seal(self, pdf: bytes, *, reason: str) -> bytes:
        """Return the PDF with a signature over the whole of it.

        Raises:
            SealKeyUnusable: key or certificate cannot be read or made.
        """
        return await asyncio.to_thread(self._sealed, pdf, reason)

    async def read(self, pdf: bytes) -> ReadDocument:
        """Say whether a PDF carries a signature of ours over the whole of it; it is read in a child process.

        Raises:
            FileRefused: it is no PDF that can be read.
            FileTooLarge: it has more than 16 MiB.
            FileTookTooLong: it could not be read in time.
            FileBroke: it made the reader crash.
            SealKeyUnusable: our own certificates cannot be read.
        """
        trusted = await asyncio.to_thread(self.certificates)
        async with self._places:
            return await read_sealed(pdf, trusted="".join(trusted))

    async def public_keys(self) -> Sequence[Mapping[str, Canonical]]:
        """Return every key that ever signed here as JSON Web Keys with their certificates.

        Raises:
            SealKeyUnusable: they cannot be read, or made.
        """
        return [_jwk(text) for text in await asyncio.to_thread(self.certificates)]

    def certificates(self) -> list[str]:
        """Return every certificate that ever signed here, as PEM.

        Raises:
            SealKeyUnusable: they cannot be read, or made.
        """
        try:
            if self._own:
                self._make_once()
            self._keep_known()
            return [path.read_text(encoding="ascii") for path in sorted((self._folder / KNOWN).glob("*.pem"))]
        except (OSError, ValueError) as error:
            raise SealKeyUnusable(path=str(self._certificate)) from error

    def _sealed(self, pdf: bytes, reason: str) -> bytes:
        # Loading this library takes a second or two, so only who signs does.
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter
        from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

        made = io.BytesIO()
        signer = PdfSigner(
            PdfSignatureMetadata(
                field_name=_FIELD,
                md_algorithm="sha256",
                subfilter=SigSeedSubFilter.PADES,
                name=self._name,
                reason=reason,
            ),
            self._loaded,
            new_field_spec=SigFieldSpec(
                _FIELD,
                # Outside the page and printable: what PDF/A-3 and PDF/UA-1 ask of a field that shows nothing.
                invis_sig_settings=InvisSigSettings(set_print_flag=True, set_hidden_flag=False, box_out_of_bounds=True),
            ),
        )
        signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), bytes_reserved=_RESERVED, output=made)
        return made.getvalue()

    @cached_property
    def _loaded(self) -> "SimpleSigner":
        from pyhanko.sign.signers import SimpleSigner

        self.certificates()
        loaded: SimpleSigner | None = SimpleSigner.load(str(self._key), str(self._certificate))  # type: ignore[no-untyped-call]
        if loaded is None:
            raise SealKeyUnusable(path=str(self._key))
        return loaded

    def _make_once(self) -> None:
        if self._key.exists() and self._certificate.exists():
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + _LASTS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=True,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=False,
                    crl_sign=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .sign(key, hashes.SHA256())
        )
        _write(self._certificate, certificate.public_bytes(Encoding.PEM))
        _write(self._key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def _keep_known(self) -> None:
        """Copy the present certificate to those that are known, under the SHA-256 of its content."""
        certificate = x509.load_pem_x509_certificate(self._certificate.read_bytes())
        known = self._folder / KNOWN
        known.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = known / f"{certificate.fingerprint(hashes.SHA256()).hex()}.pem"
        if not path.exists():
            _write(path, certificate.public_bytes(Encoding.PEM))


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


def _write(path: Path, content: bytes) -> None:
    """Write a file whole, readable by its owner only; the last of two programs that make one at once stands."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
