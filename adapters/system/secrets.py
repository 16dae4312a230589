"""Passwords and tokens."""

import asyncio
import secrets
from base64 import b64encode

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION


class Argon2Passwords:
    """argon2id with the library's parameters (RFC 9106, second recommended option), off the event loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = nobodys_hash(self._hasher)

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


def nobodys_hash(hasher: PasswordHasher) -> str:
    """Return what reads as a hash with the hasher's own parameters and is no password's.

    Checking a password against it costs what checking one against anybody's costs, from the first time on; making it
    costs nothing, so that a command that asks for no password does not wait for argon2id.
    """
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = (
        b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2{hasher.type.name.lower()}$v={ARGON2_VERSION}${cost}${salt}${digest}"


class RandomTokens:
    """Secrets from the system's random source."""

    def new(self) -> str:
        """Return 256 random bits as URL-safe text of 43 characters."""
        return secrets.token_urlsafe(32)

    def new_hex(self) -> str:
        """Return 128 random bits as 32 hexadecimal digits."""
        return secrets.token_hex(16)
