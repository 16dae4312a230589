"""Recovery codes: ten, each good once, for the day the phone is gone."""

from base64 import b32encode

CODES = 10
_CODE_BYTES = 10
"""80 random bits, so that a plain SHA-256 of a code cannot be searched through."""


def code_of(random_hex: str) -> str:
    """Return a code as it is shown, `ABCD-EFGH-IJKL-MNOP`, from at least 80 random bits in hex.

    Raises:
        ValueError: there are fewer.
    """
    random = bytes.fromhex(random_hex)
    if len(random) < _CODE_BYTES:
        raise ValueError("a recovery code takes 80 random bits")
    text = b32encode(random[-_CODE_BYTES:]).decode()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def plain(code: str) -> str:
    """Return a code as it is hashed, however it was typed."""
    return "".join(one for one in code.upper() if one.isalnum())
