"""Passkeys by WebAuthn level 3, checked by `webauthn`. No attestation is asked for: it would name people's devices."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from domain.identity.errors import PasskeyRefused
from domain.identity.model import Passkey, Person

_ANSWER_LENGTH_MAX = 16_384
_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError)
"""What the library says of an answer that does not hold, or is none."""


class WebAuthnPasskeys:
    """Speaks for the site under one origin. The user is always verified, so that a passkey is two factors in one."""

    def __init__(self, *, origin: str) -> None:
        self._origin = origin
        self._host = urlsplit(origin).hostname or ""

    def enrolment_options(self, person: Person, *, challenge: bytes, known: tuple[Passkey, ...]) -> str:
        """Return what a browser needs to make a passkey that is found without a name."""
        return options_to_json(
            generate_registration_options(
                rp_id=self._host,
                rp_name="순환 Sunhwan",
                user_id=person.person_id.bytes,
                user_name=person.sign_in_name,
                user_display_name=person.printed_name,
                challenge=challenge,
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=_descriptors(known),
            )
        )

    def enrolled(self, answer: str, *, challenge: bytes) -> tuple[bytes, bytes, int]:
        """Check a browser's new passkey; return its credential id, public key and sign counter."""
        _bounded(answer)
        try:
            made = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except _BROKEN as error:
            raise PasskeyRefused from error
        return made.credential_id, made.credential_public_key, made.sign_count

    def assertion_options(self, *, challenge: bytes, known: tuple[Passkey, ...]) -> str:
        """Return what a browser needs to use a passkey."""
        return options_to_json(
            generate_authentication_options(
                rp_id=self._host,
                challenge=challenge,
                allow_credentials=_descriptors(known),
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    def credential_id_of(self, answer: str) -> bytes:
        """Return which passkey a browser's answer claims to come from."""
        _bounded(answer)
        try:
            return parse_authentication_credential_json(answer).raw_id
        except _BROKEN as error:
            raise PasskeyRefused from error

    def asserted(self, answer: str, *, challenge: bytes, passkey: Passkey) -> int:
        """Check a passkey's answer; return the counter it shows."""
        _bounded(answer)
        try:
            shown = verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except _BROKEN as error:
            raise PasskeyRefused from error
        return shown.new_sign_count


def passkeys_for(origin: str) -> WebAuthnPasskeys | None:
    """Return passkeys for a site, or None where browsers would refuse them: they need a host name and TLS.

    Source: WebAuthn level 3, clause 5.1.3 (a relying party is a domain); `localhost` needs no TLS.
    """
    parts = urlsplit(origin)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return WebAuthnPasskeys(origin=origin) if parts.scheme == "https" or host == "localhost" else None
    return None


def _descriptors(known: tuple[Passkey, ...]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known]


def _bounded(answer: str) -> None:
    if len(answer) > _ANSWER_LENGTH_MAX:
        raise PasskeyRefused
