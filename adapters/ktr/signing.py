"""The signing key as a file that only its owner reads, and the public halves of those that went before it."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from domain.shared.errors import Unavailable

KEY_FILE = "certificate-key.pem"
PAST_KEYS = "past-keys"


class SigningKeyUnusable(Unavailable):
    """The key file cannot be read or written, or is no Ed25519 key."""

    code = "certification.signing-key-unusable"
    title_ko = "인증서 서명 키를 사용할 수 없습니다: {path}."
    title_en = "The certificate signing key cannot be used: {path}."


class FileSigner:
    """The port `Signer` with a key file in a folder, made there on first use.

    The file is looked at before each signature, so that a program that runs sees a rotation at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: tuple[tuple[int, int, int], Ed25519PrivateKey] | None = None

    async def public_keys(self) -> Sequence[bytes]:
        """Return the present key first, then those of the past, newest first.

        Raises:
            SigningKeyUnusable: a key file cannot be read or made.
        """
        return await asyncio.to_thread(self._public_keys)

    async def sign(self, message: bytes, *, public_key: bytes) -> bytes:
        """Return a signature with the present key.

        Raises:
            SigningKeyUnusable: the key file cannot be read, or holds another key by now.
        """
        key = await asyncio.to_thread(self._present)
        if _raw(key.public_key()) != public_key:
            raise SigningKeyUnusable(path=str(self._folder / KEY_FILE))
        return key.sign(message)

    async def rotate(self) -> bytes:
        """Put a new key in the present one's place; of the old one only the public half is kept.

        Raises:
            SigningKeyUnusable: a key file cannot be read or written.
        """
        return await asyncio.to_thread(self._rotate)

    def _public_keys(self) -> list[bytes]:
        present = _raw(self._present().public_key())
        folder = self._folder / PAST_KEYS
        try:
            files = sorted(folder.glob("*.pem"), reverse=True) if folder.is_dir() else []
            past = [_public(path) for path in files]
        except OSError as error:
            raise SigningKeyUnusable(path=str(folder)) from error
        return list(dict.fromkeys([present, *past]))

    def _present(self) -> Ed25519PrivateKey:
        path = self._folder / KEY_FILE
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                _write_whole(path, _private_pem(Ed25519PrivateKey.generate()))
            found = path.stat()
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._read is not None and self._read[0] == stamp:
                return self._read[1]
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise SigningKeyUnusable(path=str(path)) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise SigningKeyUnusable(path=str(path))
        self._read = (stamp, key)
        return key

    def _rotate(self) -> bytes:
        old = self._present().public_key()
        folder = self._folder / PAST_KEYS
        fresh = Ed25519PrivateKey.generate()
        pem = old.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            number = len(list(folder.glob("*.pem"))) + 1
            # The public half is safe before the private one is gone: what was signed can always be checked.
            _write_whole(folder / f"{number:04d}.pem", pem, replace=False)
            _write_whole(self._folder / KEY_FILE, _private_pem(fresh), replace=True)
        except OSError as error:
            raise SigningKeyUnusable(path=str(folder)) from error
        return _raw(fresh.public_key())


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _public(path: Path) -> bytes:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (ValueError, TypeError) as error:
        raise SigningKeyUnusable(path=str(path)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise SigningKeyUnusable(path=str(path))
    return _raw(key)


def _private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_whole(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file whole or not at all; of two programs that make one at once, the first one's stands."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
