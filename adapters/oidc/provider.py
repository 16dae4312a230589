"""One OpenID Connect provider: discovery, code flow with PKCE, ID tokens checked against the provider's keys.

Source: OpenID Connect Core 1.0, clauses 3.1.2 and 3.1.3.7; Discovery 1.0, clause 4; RFC 7636 (S256).
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain.identity.errors import ProviderAway, ProviderRefused
from domain.identity.model import ProviderClaims
from domain.shared.time import Clock

TIMEOUT_S = 5.0
ANSWER_BYTES_MAX = 256 * 1024
DRIFT_S = 60
_AGE_S_MAX = 600
_ALGORITHMS = [
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
]
"""Signatures by a key pair only: `none` and shared secrets are never taken."""


class _Discovered(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""


class _TokenAnswer(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


class _UserInfo(msgspec.Struct, frozen=True):
    sub: str
    email: str = ""
    email_verified: bool = False


class _KeysAnswer(msgspec.Struct, frozen=True):
    keys: list[dict[str, str | list[str]]]


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: int
    iat: int
    nonce: str = ""
    azp: str = ""
    email: str = ""
    email_verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """How we are known to the provider. `redirect_uri` is where browsers come back."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


class OidcProvider:
    """Asks the provider, never longer than five seconds a time; what was discovered is remembered."""

    def __init__(self, settings: ProviderSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._discovered: _Discovered | None = None
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def authorization_url(self, *, state: str, nonce: str, code_verifier: str) -> str:
        """Return where to send the browser."""
        found = await self._discover()
        challenge = urlsafe_b64encode(sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        asked = urlencode(
            {
                "response_type": "code",
                "client_id": self._settings.client_id,
                "redirect_uri": self._settings.redirect_uri,
                "scope": "openid email",
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
        )
        joint = "&" if urlsplit(found.authorization_endpoint).query else "?"
        return f"{found.authorization_endpoint}{joint}{asked}"

    async def redeem(self, code: str, *, nonce: str, code_verifier: str) -> ProviderClaims:
        """Exchange a code for the signed claims, and check them."""
        found = await self._discover()
        answer = await self._ask(
            "POST",
            found.token_endpoint,
            form={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._settings.redirect_uri,
                "code_verifier": code_verifier,
            },
        )
        tokens = _read(answer, _TokenAnswer)
        keys = _read(await self._ask("GET", found.jwks_uri), _KeysAnswer)
        try:
            # The claims are the signed part of the token, read into our own shape and checked by us below.
            opened = jwt.decode(tokens.id_token, KeySet.import_key_set({"keys": keys.keys}), algorithms=_ALGORITHMS)
            claims = msgspec.convert(opened.claims, _Claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderRefused from error
        self._check(claims, nonce=nonce)
        email, verified = claims.email, claims.email_verified
        if not email and found.userinfo_endpoint and tokens.access_token:
            told = _read(await self._ask("GET", found.userinfo_endpoint, bearer=tokens.access_token), _UserInfo)
            if told.sub != claims.sub:
                raise ProviderRefused
            email, verified = told.email, told.email_verified
        return ProviderClaims(issuer=claims.iss, subject=claims.sub, email=email, email_verified=verified)

    def _check(self, claims: _Claims, *, nonce: str) -> None:
        now = int(self._clock.now().timestamp())
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        ours = self._settings.client_id
        holds = (
            claims.iss == self._settings.issuer
            and ours in audience
            and (len(audience) == 1 or claims.azp == ours)
            and claims.azp in ("", ours)
            and claims.nonce == nonce
            and claims.exp > now - DRIFT_S
            and now - _AGE_S_MAX < claims.iat <= now + DRIFT_S
            and claims.sub
        )
        if not holds:
            raise ProviderRefused

    async def _discover(self) -> _Discovered:
        if self._discovered is None:
            issuer = self._settings.issuer
            answer = await self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            found = _read(answer, _Discovered)
            scheme = urlsplit(issuer).scheme
            ends = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint)
            # A document that names another issuer, or leaves TLS, is not this provider's.
            if found.issuer != issuer or any(end and urlsplit(end).scheme != scheme for end in ends):
                raise ProviderRefused
            self._discovered = found
        return self._discovered

    async def _ask(
        self, method: str, url: str, *, form: dict[str, str] | None = None, bearer: str | None = None
    ) -> bytes:
        """Return an answer's body, 256 KiB at most; only the token endpoint is told our secret."""
        secret = None if form is None else httpx.BasicAuth(self._settings.client_id, self._settings.client_secret)
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        try:
            async with self._client.stream(method, url, data=form, auth=secret, headers=headers) as answer:
                body = bytearray()
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > ANSWER_BYTES_MAX:
                        raise ProviderRefused
        except httpx.HTTPError as error:
            raise ProviderAway from error
        if answer.status_code >= 500:
            raise ProviderAway
        if answer.status_code != 200:
            raise ProviderRefused
        return bytes(body)


Shape = TypeVar("Shape", _Discovered, _TokenAnswer, _KeysAnswer, _UserInfo)


def _read(body: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as error:
        raise ProviderRefused from error
