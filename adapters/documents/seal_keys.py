"""The key that signs PDFs as a file that only its owner reads, and the certificates of those that went before it."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from domain.shared.errors import RuleBroken, Unavailable

KEY_FILE = "seal-key.pem"
CERTIFICATE_FILE = "seal-certificate.pem"
KNOWN = "seal-certificates"
_LASTS = timedelta(days=3653)


class SealKeyUnusable(Unavailable):
    """The key or certificate for signing documents cannot be read or made, or they do not belong together."""

    code = "documents.seal-key-unusable"
    title_ko = "문서 서명 키 또는 인증서를 사용할 수 없습니다: {path}."
    title_en = "The key or certificate that signs documents cannot be used: {path}."


class SealKeyGiven(RuleBroken):
    """The key was given from outside, so it is replaced there."""

    code = "documents.seal-key-given"
    title_ko = "문서 서명 키가 설정으로 주어져 있어 여기서 바꿀 수 없습니다: {path}."
    title_en = "The key that signs documents is given by the settings and is replaced there: {path}."


_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class FileSealKey:
    """The port `SealKey` with key and certificate from files; without them it makes its own on first use.

    Every certificate that ever signed stays in the folder `seal-certificates`, so that what it signed can be checked.
    The files are looked at before each signature, so that a program that runs sees a rotation at once.
    """

    def __init__(self, folder: Path, *, name: str, key: Path | None = None, certificate: Path | None = None) -> None:
        """Take the folder of keys, the name that a self-made certificate carries, and the files that replace it."""
        self._folder = folder
        self._name = name
        self._key = key or folder / KEY_FILE
        self._certificate = certificate or folder / CERTIFICATE_FILE
        self._own = key is None and certificate is None
        self._read: tuple[tuple[int, int, int], _Key] | None = None

    async def certificates(self) -> Sequence[str]:
        """Return the present certificate first, then every one that ever signed here.

        Raises:
            SealKeyUnusable: they cannot be read, or made.
        """
        return await asyncio.to_thread(self._certificates)

    async def sign(self, message: bytes, *, certificate: str) -> bytes:
        """Return a signature with the present key.

        Raises:
            SealKeyUnusable: the key cannot be read, or is not this certificate's.
        """
        return await asyncio.to_thread(self._signed, message, certificate)

    async def rotate(self) -> str:
        """Put a new key in the present one's place; of the old one only the certificate is kept.

        Raises:
            SealKeyGiven: key and certificate are files that the settings name.
            SealKeyUnusable: a file cannot be read or written.
        """
        if not self._own:
            raise SealKeyGiven(path=str(self._key))
        return await asyncio.to_thread(self._rotated)

    def _certificates(self) -> list[str]:
        try:
            if self._own and not (self._key.exists() and self._certificate.exists()):
                self._make()
            present = self._keep_known()
            known = sorted((self._folder / KNOWN).glob("*.pem"))
            return list(dict.fromkeys([present, *(path.read_text(encoding="ascii") for path in known)]))
        except (OSError, ValueError) as error:
            raise SealKeyUnusable(path=str(self._certificate)) from error

    def _signed(self, message: bytes, certificate: str) -> bytes:
        key = self._present()
        wanted = x509.load_pem_x509_certificate(certificate.encode()).public_key()
        if _public(key.public_key()) != _public(wanted):
            raise SealKeyUnusable(path=str(self._key))
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return key.sign(message, ec.ECDSA(hashes.SHA256()))

    def _present(self) -> _Key:
        try:
            found = self._key.stat()
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._read is not None and self._read[0] == stamp:
                return self._read[1]
            key = load_pem_private_key(self._key.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise SealKeyUnusable(path=str(self._key)) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise SealKeyUnusable(path=str(self._key))
        self._read = (stamp, key)
        return key

    def _rotated(self) -> str:
        self._certificates()  # the old certificate is among the known before its key is gone
        try:
            self._make()
            return self._keep_known()
        except (OSError, ValueError) as error:
            raise SealKeyUnusable(path=str(self._key)) from error

    def _make(self) -> None:
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

    def _keep_known(self) -> str:
        """Copy the present certificate to those that are known, under the SHA-256 of its content; return it."""
        certificate = x509.load_pem_x509_certificate(self._certificate.read_bytes())
        known = self._folder / KNOWN
        known.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = known / f"{certificate.fingerprint(hashes.SHA256()).hex()}.pem"
        text = certificate.public_bytes(Encoding.PEM)
        if not path.exists():
            _write(path, text)
        return text.decode()


def _public(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise SealKeyUnusable(path="EC P-256 | RSA")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


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
