"""Passwords and tokens."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Passwords:
    """argon2id with the library's parameters (RFC 9106, second recommended option), off the event loop."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str) -> str:
        """Return argon2id's own text, parameters and salt included."""
        return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Say whether a password fits; for nobody's hash it takes as long and never does."""
        return await asyncio.to_thread(self._fits, password, password_hash)

    def _fits(self, password: str, password_hash: str | None) -> bool:
        try:
            self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None


class RandomTokens:
    """Secrets from the system's random source."""

    def new(self) -> str:
        """Return 256 random bits as URL-safe text of 43 characters."""
        return secrets.token_urlsafe(32)

    def new_hex(self) -> str:
        """Return 128 random bits as 32 hexadecimal digits."""
        return secrets.token_hex(16)
