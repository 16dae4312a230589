"""An authenticator in software: makes passkeys and answers with them as a browser would (WebAuthn level 3)."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(told: str) -> bytes:
    return urlsafe_b64decode(told + "=" * (-len(told) % 4))


@dataclass
class Authenticator:
    """One device with one key. `counts` says that it counts its uses."""

    origin: str
    counts: bool = True
    verifies: bool = True
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    sign_count: int = 0
    user_handle: str = ""

    def make(self, options: str) -> str:
        """Answer `navigator.credentials.create`."""
        wanted = json.loads(options)
        self.user_handle = wanted["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(public)
        shown = self._shown(wanted["rp"]["id"], _ATTESTED) + attested
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": shown})
        return self._answer(
            {
                "clientDataJSON": text(self._said("webauthn.create", wanted["challenge"])),
                "attestationObject": text(made),
            }
        )

    def use(self, options: str) -> str:
        """Answer `navigator.credentials.get`."""
        wanted = json.loads(options)
        self.sign_count += self.counts
        shown = self._shown(wanted["rpId"], 0)
        said = self._said("webauthn.get", wanted["challenge"])
        signature = self.key.sign(shown + sha256(said).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": text(said),
                "authenticatorData": text(shown),
                "signature": text(signature),
                "userHandle": self.user_handle,
            }
        )

    def _shown(self, host: str, flags: int) -> bytes:
        verified = _VERIFIED if self.verifies else 0
        return (
            sha256(host.encode()).digest() + bytes([_PRESENT | verified | flags]) + self.sign_count.to_bytes(4, "big")
        )

    def _said(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        name = text(self.credential_id)
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
        )
