"""What the operating system gives: the time, randomness, slow hashes; and what keeps and checks secrets."""

from adapters.system.breached import BreachedFile, NoBreachedPasswords
from adapters.system.clock import StoryClock, SystemClock, UuidV7
from adapters.system.passkeys import passkeys_for
from adapters.system.secrets import Argon2Passwords, RandomTokens
from adapters.system.vault import AesVault

__all__ = [
    "AesVault",
    "Argon2Passwords",
    "BreachedFile",
    "NoBreachedPasswords",
    "RandomTokens",
    "StoryClock",
    "SystemClock",
    "UuidV7",
    "passkeys_for",
]
