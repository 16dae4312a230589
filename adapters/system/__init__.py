"""What the operating system gives: the time, randomness, slow hashes; beside it what keeps and checks secrets."""

from adapters.system.clock import StoryClock, SystemClock, UuidV7
from adapters.system.secrets import Argon2Passwords, RandomTokens

__all__ = ["Argon2Passwords", "RandomTokens", "StoryClock", "SystemClock", "UuidV7"]
