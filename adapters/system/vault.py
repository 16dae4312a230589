"""Small secrets at rest: AES-256-GCM under a key of the installation's own."""

import os
import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.shared.errors import RuleBroken, Unverified

_KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_FILE = "vault.key"


class SealBroken(Unverified):
    """A sealed secret was altered, moved, or sealed with another key."""

    code = "vault.seal-broken"
    title_ko = "보관된 비밀을 열 수 없습니다. 설치의 보관 키를 확인해 주세요."
    title_en = "A stored secret cannot be opened; check the installation's vault key."


class VaultKeyUnusable(RuleBroken):
    """The vault's key cannot be read, made, or is no key."""

    code = "vault.key-unusable"
    title_ko = "보관 키를 사용할 수 없습니다: {reason}."
    title_en = "The vault's key is not usable: {reason}."


class AesVault:
    """Seals with the given key, or with the one in a folder, made there when it is first needed."""

    def __init__(self, folder: Path, *, key_text: str | None = None) -> None:
        self._folder = folder
        self._given = None if key_text is None else _key_of(key_text)
        self._cipher: AESGCM | None = None

    def seal(self, secret: bytes, *, bound_to: bytes) -> bytes:
        """Return nonce and ciphertext."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._opened().encrypt(nonce, secret, bound_to)

    def open(self, sealed: bytes, *, bound_to: bytes) -> bytes:
        """Return the secret.

        Raises:
            SealBroken: it was altered, bound to something else, or sealed with another key.
        """
        try:
            return self._opened().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError) as error:
            raise SealBroken from error

    def _opened(self) -> AESGCM:
        if self._cipher is None:
            self._cipher = AESGCM(self._given or self._own_key())
        return self._cipher

    def _own_key(self) -> bytes:
        path = self._folder / _KEY_FILE
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(secrets.token_bytes(_KEY_BYTES))
            except FileExistsError:
                pass  # made before, by us or by another process of this installation
            key = path.read_bytes()
        except OSError as error:
            raise VaultKeyUnusable(reason=error.strerror or "file") from error
        if len(key) != _KEY_BYTES:
            raise VaultKeyUnusable(reason=f"{path.name}: 32 bytes")
        return key


def _key_of(text: str) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except NotBase64 as error:
        raise VaultKeyUnusable(reason="base64") from error
    if len(key) != _KEY_BYTES:
        raise VaultKeyUnusable(reason="32 bytes in base64")
    return key
