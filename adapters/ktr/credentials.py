"""Signs records as W3C Verifiable Credentials 2.0 with a Data Integrity proof, cryptosuite eddsa-jcs-2022."""

import asyncio
import contextlib
import hashlib
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import base58
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from domain.certification.errors import SignatureBroken
from domain.shared.canonical import Canonical
from domain.shared.errors import Unavailable

CRYPTOSUITE = "eddsa-jcs-2022"
KEY_FILE = "certificate-key.pem"
_ED25519_PUBLIC = b"\xed\x01"
"""The multicodec prefix of an Ed25519 public key."""

_DEPTH_MAX = 32
_SIGNATURE_BYTES = 64


class SigningKeyUnusable(Unavailable):
    """The key file cannot be read or written, or is no Ed25519 key."""

    code = "certification.signing-key-unusable"
    title_ko = "인증서 서명 키를 사용할 수 없습니다: {path}."
    title_en = "The certificate signing key cannot be used: {path}."


def hash_data(document: Mapping[str, Canonical], proof: Mapping[str, Canonical]) -> bytes:
    """Return the 64 bytes that are signed: SHA-256 of the proof's options, then of the document.

    Source: W3C Data Integrity EdDSA Cryptosuites v1.0, section 3.3.4
    """
    options = {key: value for key, value in proof.items() if key != "proofValue"}
    unsecured = {key: value for key, value in document.items() if key != "proof"}
    return _digest(options) + _digest(unsecured)


def _digest(value: Mapping[str, Canonical]) -> bytes:
    try:
        return hashlib.sha256(rfc8785.dumps(_plain(value, 0))).digest()
    except rfc8785.CanonicalizationError as error:
        raise SignatureBroken(reason="not canonical JSON") from error


_Plain = bool | int | str | None | list["_Plain"] | dict[str, "_Plain"]


def _plain(value: Canonical, depth: int) -> _Plain:
    """Return a value in the types that the canonicaliser takes; refuse floats and bottomless nesting."""
    if depth > _DEPTH_MAX:
        raise SignatureBroken(reason="nested too deep")
    match value:
        case None | bool() | int() | str():
            return value
        case Mapping():
            return {str(key): _plain(inner, depth + 1) for key, inner in value.items()}
        case [*parts]:
            return [_plain(inner, depth + 1) for inner in parts]
        case _:
            raise SignatureBroken(reason="a number that is not whole")


def signed(
    document: Mapping[str, Canonical], options: Mapping[str, Canonical], key: Ed25519PrivateKey
) -> dict[str, Canonical]:
    """Return a document with its proof. Ed25519 is deterministic: equal input gives an equal proof.

    Args:
        document: without a proof.
        options: the proof without `proofValue`.
        key: the private key of the options' `verificationMethod`.
    """
    value = "z" + base58.b58encode(key.sign(hash_data(document, options))).decode()
    return {**document, "proof": {**options, "proofValue": value}}


def check(document: Mapping[str, Canonical], key: Ed25519PublicKey, *, method: str) -> None:
    """Check a document's proof against one key, pinned by the caller.

    Raises:
        SignatureBroken: the proof is absent, of another kind or key, or does not fit the document.
    """
    proof = document.get("proof")
    if not isinstance(proof, Mapping):
        raise SignatureBroken(reason="no proof")
    wanted = {
        "type": "DataIntegrityProof",
        "cryptosuite": CRYPTOSUITE,
        "proofPurpose": "assertionMethod",
        "verificationMethod": method,
    }
    for name, value in wanted.items():
        if proof.get(name) != value:
            raise SignatureBroken(reason=f"proof.{name}")
    if "@context" in proof and proof["@context"] != document.get("@context"):
        raise SignatureBroken(reason="proof.@context")
    signature = _multibase(proof.get("proofValue"))
    try:
        key.verify(signature, hash_data(document, proof))
    except InvalidSignature as error:
        raise SignatureBroken(reason="proof.proofValue") from error


def _multibase(value: Canonical) -> bytes:
    if not isinstance(value, str) or not value.startswith("z") or len(value) > 100:
        raise SignatureBroken(reason="proof.proofValue")
    try:
        decoded = base58.b58decode(value[1:])
    except ValueError as error:
        raise SignatureBroken(reason="proof.proofValue") from error
    # One signature has one spelling: base58 ignores what this comparison does not.
    if len(decoded) != _SIGNATURE_BYTES or base58.b58encode(decoded).decode() != value[1:]:
        raise SignatureBroken(reason="proof.proofValue")
    return decoded


def public_multibase(key: Ed25519PublicKey) -> str:
    """Return a public key as a Multikey writes it."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return "z" + base58.b58encode(_ED25519_PUBLIC + raw).decode()


def did_of(base_url: str) -> str:
    """Return the did:web of the host that a base URL names."""
    return "did:web:" + quote(urlsplit(base_url).netloc, safe=".-")


class KtrCredentials:
    """The port `Credentials` with a key file in a folder, made there on first use and readable by its owner only."""

    def __init__(self, folder: Path, *, base_url: str) -> None:
        self._folder = folder
        self._issuer = did_of(base_url)
        self._key: Ed25519PrivateKey | None = None

    @property
    def issuer(self) -> str:
        """The DID under which the public key is published."""
        return self._issuer

    async def sign(self, document: Mapping[str, Canonical], *, at: datetime) -> Mapping[str, Canonical]:
        """Return the document with a proof.

        Raises:
            SigningKeyUnusable: the key file cannot be read or made.
        """
        key = await self._private_key()
        options: dict[str, Canonical] = {
            "type": "DataIntegrityProof",
            "cryptosuite": CRYPTOSUITE,
            "created": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "verificationMethod": self._method(key.public_key()),
            "proofPurpose": "assertionMethod",
        }
        if "@context" in document:
            options["@context"] = document["@context"]
        return signed(document, options, key)

    async def verify(self, document: Mapping[str, Canonical]) -> None:
        """Check that a document was signed with this key and has not changed since.

        Raises:
            SignatureBroken: it was not, or it has.
            SigningKeyUnusable: the key file cannot be read or made.
        """
        key = (await self._private_key()).public_key()
        check(document, key, method=self._method(key))

    async def did_document(self) -> Mapping[str, Canonical]:
        """Return what is published at /.well-known/did.json, so that anyone can check a certificate.

        Raises:
            SigningKeyUnusable: the key file cannot be read or made.
        """
        key = (await self._private_key()).public_key()
        method = self._method(key)
        return {
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
            "id": self._issuer,
            "verificationMethod": [
                {
                    "id": method,
                    "type": "Multikey",
                    "controller": self._issuer,
                    "publicKeyMultibase": public_multibase(key),
                }
            ],
            "assertionMethod": [method],
        }

    def _method(self, key: Ed25519PublicKey) -> str:
        return f"{self._issuer}#{public_multibase(key)}"

    async def _private_key(self) -> Ed25519PrivateKey:
        if self._key is None:
            self._key = await asyncio.to_thread(_read_or_make, self._folder / KEY_FILE)
        return self._key


def _read_or_make(path: Path) -> Ed25519PrivateKey:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SigningKeyUnusable(path=str(path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyUnusable(path=str(path))
    return key


def _make(path: Path) -> None:
    """Write a fresh key whole or not at all; of two processes that try at once, the first one's stands."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
