"""What a sign-in provider says counts as its own word alone: its key, its name, for us, now, and to our question."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from adapters.oidc.provider import OidcProvider, ProviderSettings
from domain.identity.errors import ProviderRefused
from tests.fakes.system import FixedClock

ISSUER, US = "https://id.example", "sunhwan"
KEY, OTHER = ECKey.generate_key("P-256", auto_kid=True), ECKey.generate_key("P-256", auto_kid=True)
NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
GOOD = {"iss": ISSUER, "sub": "kim", "aud": US, "exp": AT + 300, "iat": AT, "nonce": "asked"}


def signed(claims: dict[str, Any], key: Any = KEY, *, alg: str = "ES256") -> str:
    return jwt.encode({"alg": alg, "kid": KEY.kid}, claims, key, algorithms=[alg])


def unsigned() -> str:
    head, body, _ = signed(GOOD).split(".")
    none = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    assert head != none
    return f"{none}.{body}."


def altered() -> str:
    head, _, tail = signed(GOOD).split(".")
    other = signed({**GOOD, "sub": "lee"}).split(".")[1]
    return f"{head}.{other}.{tail}"


FORGED: dict[str, Callable[[], str]] = {
    "another's key": lambda: signed(GOOD, OTHER),
    "no signature": unsigned,
    "other claims under a good signature": altered,
    "a shared secret made of the public key": lambda: signed(
        GOOD, OctKey.import_key(json.dumps(KEY.as_dict(private=False))), alg="HS256"
    ),
    "another issuer": lambda: signed({**GOOD, "iss": "https://elsewhere.example"}),
    "for another program": lambda: signed({**GOOD, "aud": "elsewhere"}),
    "for others as well, and not asked by us": lambda: signed({**GOOD, "aud": [US, "other"], "azp": "other"}),
    "over": lambda: signed({**GOOD, "exp": AT - 3600}),
    "of yesterday": lambda: signed({**GOOD, "iat": AT - 86_400}),
    "an answer to another question": lambda: signed({**GOOD, "nonce": "other"}),
    "about nobody": lambda: signed({**GOOD, "sub": ""}),
}


def provider(token: str, monkeypatch: pytest.MonkeyPatch) -> OidcProvider:
    made = OidcProvider(
        ProviderSettings(issuer=ISSUER, client_id=US, client_secret="-", redirect_uri="https://we.example/back"),
        clock=FixedClock(NOW),
    )

    async def answered(_method: str, url: str, **_: object) -> bytes:
        if url.endswith("openid-configuration"):
            ends = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            return json.dumps({"issuer": ISSUER, **{end: f"{ISSUER}/{end}" for end in ends}}).encode()
        if url.endswith("jwks_uri"):
            return json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()
        return json.dumps({"id_token": token}).encode()

    monkeypatch.setattr(made, "_ask", answered)
    return made


async def test_a_token_of_the_providers_own_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = provider(signed(GOOD), monkeypatch)

    claims = await asked.redeem("code", nonce="asked", code_verifier="v" * 43)

    assert (claims.issuer, claims.subject) == (ISSUER, "kim")


@pytest.mark.parametrize("what", FORGED)
async def test_a_token_that_is_not_the_providers_word_to_us_is_refused(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = provider(FORGED[what](), monkeypatch)

    with pytest.raises(ProviderRefused):
        await asked.redeem("code", nonce="asked", code_verifier="v" * 43)
