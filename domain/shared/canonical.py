"""One spelling for what is hashed: JSON with sorted keys, no spaces, integers and strings only."""

import hashlib
import json
from collections.abc import Mapping, Sequence

Canonical = str | int | bool | None | Sequence["Canonical"] | Mapping[str, "Canonical"]
"""What may be hashed. No float: two machines spell one differently (RFC 8785 keeps to ECMAScript's way)."""


def canonical_text(value: Canonical) -> str:
    """Spell a value in the one way that is hashed.

    For integers, strings, booleans, lists and objects with ASCII keys this equals RFC 8785.

    Raises:
        ValueError: the value holds a float or a key that is not ASCII.
    """
    _check(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _check(value: Canonical) -> None:
    if value is None or isinstance(value, str | bool | int):
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise ValueError("a hashed object has ASCII keys")
            _check(inner)
        return
    if isinstance(value, Sequence):
        for inner in value:
            _check(inner)
        return
    raise ValueError(f"{type(value).__name__} has no one spelling and is never hashed")


def sha256(text: str) -> bytes:
    """Return the 32 bytes of SHA-256 over UTF-8 text."""
    return hashlib.sha256(text.encode()).digest()


def sha256_of(content: bytes) -> bytes:
    """Return the 32 bytes of SHA-256 over bytes."""
    return hashlib.sha256(content).digest()
