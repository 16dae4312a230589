"""Signs records as W3C Verifiable Credentials 2.0 with a Data Integrity proof, cryptosuite eddsa-jcs-2022."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import base58
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.certification.errors import SignatureBroken
from domain.certification.ports import Signer
from domain.shared.canonical import Canonical

CRYPTOSUITE = "eddsa-jcs-2022"
_ED25519_PUBLIC = b"\xed\x01"
"""The multicodec prefix of an Ed25519 public key."""

_DEPTH_MAX = 32
_SIGNATURE_BYTES = 64


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
    return raw_multibase(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def raw_multibase(raw: bytes) -> str:
    """Return the 32 bytes of a public key as a Multikey writes them."""
    return "z" + base58.b58encode(_ED25519_PUBLIC + raw).decode()


def did_of(base_url: str) -> str:
    """Return the did:web of the host that a base URL names."""
    return "did:web:" + quote(urlsplit(base_url).netloc, safe=".-")


class KtrCredentials:
    """The port `Credentials` with the key that a signer holds."""

    def __init__(self, signer: Signer, *, base_url: str) -> None:
        self._signer = signer
        self._issuer = did_of(base_url)

    @property
    def issuer(self) -> str:
        """The DID under which the public key is published."""
        return self._issuer

    async def sign(self, document: Mapping[str, Canonical], *, at: datetime) -> Mapping[str, Canonical]:
        """Return the document with a proof.

        Raises:
            Unavailable: the key cannot be reached.
        """
        present = (await self._signer.public_keys())[0]
        options: dict[str, Canonical] = {
            "type": "DataIntegrityProof",
            "cryptosuite": CRYPTOSUITE,
            "created": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "verificationMethod": self._method(present),
            "proofPurpose": "assertionMethod",
        }
        if "@context" in document:
            options["@context"] = document["@context"]
        signature = await self._signer.sign(hash_data(document, options), public_key=present)
        return {**document, "proof": {**options, "proofValue": "z" + base58.b58encode(signature).decode()}}

    async def verify(self, document: Mapping[str, Canonical]) -> None:
        """Check that a document was signed with a key of this house, present or past.

        Raises:
            SignatureBroken: it was not, or it has changed since.
            Unavailable: the key cannot be reached.
        """
        check_any(document, {self._method(raw): raw for raw in await self._signer.public_keys()})

    async def did_document(self) -> Mapping[str, Canonical]:
        """Return what is published at /.well-known/did.json, the keys of the past included.

        Raises:
            Unavailable: the key cannot be reached.
        """
        methods: list[Canonical] = []
        published: list[Canonical] = []
        for raw in await self._signer.public_keys():
            methods.append(self._method(raw))
            published.append(
                {
                    "id": self._method(raw),
                    "type": "Multikey",
                    "controller": self._issuer,
                    "publicKeyMultibase": raw_multibase(raw),
                }
            )
        return {
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
            "id": self._issuer,
            "verificationMethod": published,
            "assertionMethod": methods,
        }

    def _method(self, raw: bytes) -> str:
        return f"{self._issuer}#{raw_multibase(raw)}"


class PublishedKeys:
    """The port `Verifier` with the keys of a published DID document, without a network or a database."""

    def __init__(self, did_document: Mapping[str, Canonical]) -> None:
        """Read the keys.

        Raises:
            SignatureBroken: the document names no usable key for assertions.
        """
        self._keys = published_keys(did_document)

    async def verify(self, document: Mapping[str, Canonical]) -> None:
        """Check that a document was signed with one of the keys and has not changed since.

        Raises:
            SignatureBroken: it was not, or it has.
        """
        self.check(document)

    def check(self, document: Mapping[str, Canonical]) -> None:
        """Check as `verify` does, without a loop to wait in."""
        check_any(document, self._keys)


def check_any(document: Mapping[str, Canonical], keys: Mapping[str, bytes]) -> None:
    """Check a document's proof against the one of these keys that it names.

    Args:
        document: with its proof.
        keys: the 32 bytes of each public key by its verification method.

    Raises:
        SignatureBroken: it names none of them, another host issued it, or the proof does not fit.
    """
    proof = document.get("proof")
    method = proof.get("verificationMethod") if isinstance(proof, Mapping) else None
    if not isinstance(method, str) or method not in keys:
        raise SignatureBroken(reason="proof.verificationMethod" if isinstance(proof, Mapping) else "no proof")
    issuer = document.get("issuer")
    named = issuer.get("id") if isinstance(issuer, Mapping) else issuer
    if named is not None and named != method.partition("#")[0]:
        raise SignatureBroken(reason="issuer")
    check(document, Ed25519PublicKey.from_public_bytes(keys[method]), method=method)


def published_keys(did_document: Mapping[str, Canonical]) -> dict[str, bytes]:
    """Return the keys for assertions of a DID document, each by its verification method.

    Raises:
        SignatureBroken: the document names no usable key.
    """
    listed, allowed = did_document.get("verificationMethod"), did_document.get("assertionMethod")
    if not isinstance(listed, list) or not isinstance(allowed, list):
        raise SignatureBroken(reason="verificationMethod")
    keys: dict[str, bytes] = {}
    for one in listed:
        if not isinstance(one, Mapping) or one.get("type") != "Multikey" or one.get("id") not in allowed:
            continue
        text, name = one.get("publicKeyMultibase"), one.get("id")
        if not isinstance(text, str) or not isinstance(name, str) or one.get("controller") != did_document.get("id"):
            raise SignatureBroken(reason="verificationMethod")
        try:
            raw = base58.b58decode(text[1:100])
        except ValueError as error:
            raise SignatureBroken(reason="publicKeyMultibase") from error
        if text[:1] != "z" or raw[:2] != _ED25519_PUBLIC or len(raw) != 34:
            raise SignatureBroken(reason="publicKeyMultibase")
        keys[name] = raw[2:]
    if not keys:
        raise SignatureBroken(reason="verificationMethod")
    return keys
