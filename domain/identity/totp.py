"""Codes of authenticator apps. Source: RFC 6238 and RFC 4226, with SHA-1, 30 seconds and six digits."""

import hmac
from base64 import b32encode
from datetime import datetime
from hashlib import sha1
from urllib.parse import quote, urlencode

SECRET_BYTES = 20
"""As long as the hash. Source: RFC 4226, clause 4, R6."""

STEP_S = 30
DIGITS = 6
_ACCOUNT_LENGTH_MAX = 24
"""Longer names are cut: the address must fit a QR code, and the app only shows it."""

_DRIFT_STEPS = 1
"""A phone's clock may be one step off either way. Source: RFC 6238, clause 5.2."""


def code_at(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """Return the code of a step, with leading zeros."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def step_at(now: datetime) -> int:
    """Return the number of the step that an instant lies in."""
    return int(now.timestamp()) // STEP_S


def step_of(code: str, secret: bytes, *, now: datetime, after: int | None) -> int | None:
    """Return the step whose code this is: the present one or a neighbour, later than `after`; None where it is none.

    Every candidate is compared, and each in constant time.
    """
    present = step_at(now)
    fitting = None
    for step in range(present - _DRIFT_STEPS, present + _DRIFT_STEPS + 1):
        same = hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        if same and (after is None or step > after):
            fitting = step
    return fitting


def secret_text(secret: bytes) -> str:
    """Return the secret as apps take it by hand: base32, without padding."""
    return b32encode(secret).decode().rstrip("=")


def enrolment_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """Return the `otpauth://` address that a QR code carries to the app; ASCII."""
    label = quote(f"{issuer}:{account[:_ACCOUNT_LENGTH_MAX]}", safe="")
    asked = urlencode({"secret": secret_text(secret), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{label}?{asked}"
