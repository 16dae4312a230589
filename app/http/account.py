"""One's own account over the API: password, authenticator app, passkeys, recovery codes."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from types import MappingProxyType
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from app.http.identity import ENROLLING, GivenHolder, GivenPorts, carry, visit_of
from app.http.problems import PROBLEMS
from app.http.schemas import TEXT_PATTERN, In, Instant, Out
from app.http.sessions import AnswerText, Asking, PasskeyStepOut, PasswordText, TicketText
from domain.identity import account
from domain.identity.errors import PasskeyRefused

ISSUER = "Sunhwan"
"""How authenticator apps name us."""

Label = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=TEXT_PATTERN)]


class PasswordIn(In):
    """The old and the new password."""

    old: PasswordText
    new: PasswordText


class FirstCodeIn(In):
    """The first code of an authenticator app."""

    code: Annotated[str, msgspec.Meta(min_length=6, max_length=10)]


class NewPasskeyIn(In):
    """A browser's new passkey and what to call it."""

    ticket: TicketText
    answer: AnswerText
    label: Label


class PasskeyOut(Out):
    """A passkey; `passkey_id` names it and opens nothing."""

    passkey_id: str
    label: str
    enrolled_at: Instant
    last_used_at: Instant | None


class AccountOut(Out):
    """One's own account."""

    sign_in_name: str
    name: str
    role: str
    totp: bool
    recovery_codes: Annotated[int, msgspec.Meta(description="How many are left.")]
    passkeys: list[PasskeyOut]


class RenewedOut(Out):
    """The session's new token, shown this once: the one that asked opens nothing any more."""

    token: str


class StrongerOut(Out):
    """The session's new token, and the recovery codes that came with the first second factor; shown this once."""

    token: str
    recovery_codes: list[str]


class TotpOut(Out):
    """What an authenticator app needs: an address for a QR code, or the secret to type."""

    uri: str
    secret: str


class RecoveryCodesOut(Out):
    """Recovery codes, shown this once."""

    recovery_codes: list[str]


def passkey_name(credential_id: bytes) -> str:
    """Return a passkey's id as text."""
    return urlsafe_b64encode(credential_id).rstrip(b"=").decode()


def passkey_of(text: str) -> bytes:
    """Return the id that a text names.

    Raises:
        PasskeyRefused: it is none.
    """
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (NotBase64, ValueError) as error:
        raise PasskeyRefused from error


class AccountController(Controller):
    """One's own account."""

    path = "/api/v1/account"
    tags = ("account",)
    opt = MappingProxyType({ENROLLING: True})

    @get("/", operation_id="ShowAccount", summary="Show your account", responses=PROBLEMS)
    async def show(self, ports: GivenPorts, holder: GivenHolder) -> AccountOut:
        """Show what the one who asks signs in with."""
        found = await account.show_account(holder, desk=ports.desk)
        return AccountOut(
            sign_in_name=found.person.sign_in_name,
            name=found.person.printed_name,
            role=found.person.role.value,
            totp=found.enrolled.totp,
            recovery_codes=found.enrolled.recovery_codes,
            passkeys=[
                PasskeyOut(
                    passkey_id=passkey_name(one.credential_id),
                    label=one.label,
                    enrolled_at=one.enrolled_at,
                    last_used_at=one.last_used_at,
                )
                for one in found.passkeys
            ],
        )

    @post(
        "/password",
        operation_id="ChangePassword",
        summary="Change your password",
        responses=PROBLEMS,
        status_code=200,
    )
    async def change_password(
        self, request: Asking, data: JSONBody[PasswordIn], ports: GivenPorts, holder: GivenHolder
    ) -> RenewedOut:
        """Replace the password; every other session ends."""
        renewed = await account.change_password(
            holder, old=data.old, new=data.new, desk=ports.desk, visit=visit_of(request)
        )
        carry(request, renewed)
        return RenewedOut(token=renewed.token)

    @post("/totp", operation_id="BeginTotp", summary="Begin to enrol an authenticator app", responses=PROBLEMS)
    async def begin_totp(self, ports: GivenPorts, holder: GivenHolder) -> TotpOut:
        """Return the secret for an authenticator app; a confirmation of the last five minutes is needed."""
        uri, secret = await account.begin_totp(holder, issuer=ISSUER, desk=ports.desk)
        return TotpOut(uri=uri, secret=secret)

    @post(
        "/totp/first-code",
        operation_id="FinishTotp",
        summary="Enrol the authenticator app",
        responses=PROBLEMS,
        status_code=200,
    )
    async def finish_totp(
        self, request: Asking, data: JSONBody[FirstCodeIn], ports: GivenPorts, holder: GivenHolder
    ) -> StrongerOut:
        """Enrol the app by its first code; every other session ends."""
        renewed, codes = await account.finish_totp(holder, data.code, desk=ports.desk)
        carry(request, renewed)
        return StrongerOut(token=renewed.token, recovery_codes=list(codes))

    @delete("/totp", operation_id="DropTotp", summary="Remove the authenticator app", responses=PROBLEMS)
    async def drop_totp(self, ports: GivenPorts, holder: GivenHolder) -> None:
        """Forget the authenticator app."""
        await account.drop_totp(holder, desk=ports.desk)

    @post(
        "/passkeys/challenge",
        operation_id="BeginPasskey",
        summary="Begin to enrol a passkey",
        responses=PROBLEMS,
    )
    async def begin_passkey(self, ports: GivenPorts, holder: GivenHolder) -> PasskeyStepOut:
        """Return what a browser needs to make a passkey; a confirmation of the last five minutes is needed."""
        ticket, options = await account.begin_passkey(holder, desk=ports.desk)
        return PasskeyStepOut(ticket=ticket, options=options)

    @post("/passkeys", operation_id="FinishPasskey", summary="Enrol a passkey", responses=PROBLEMS)
    async def finish_passkey(
        self, request: Asking, data: JSONBody[NewPasskeyIn], ports: GivenPorts, holder: GivenHolder
    ) -> StrongerOut:
        """Enrol the passkey that a browser made; every other session ends."""
        renewed, codes = await account.finish_passkey(
            holder, data.ticket, data.answer, label=data.label, desk=ports.desk
        )
        carry(request, renewed)
        return StrongerOut(token=renewed.token, recovery_codes=list(codes))

    @delete("/passkeys/{passkey_id:str}", operation_id="DropPasskey", summary="Remove a passkey", responses=PROBLEMS)
    async def drop_passkey(
        self,
        passkey_id: Annotated[FromPath[str], msgspec.Meta(max_length=1400)],
        ports: GivenPorts,
        holder: GivenHolder,
    ) -> None:
        """Forget a passkey."""
        await account.drop_passkey(holder, passkey_of(passkey_id), desk=ports.desk)

    @post(
        "/recovery-codes",
        operation_id="RenewRecoveryCodes",
        summary="Make new recovery codes",
        responses=PROBLEMS,
    )
    async def renew_recovery_codes(self, ports: GivenPorts, holder: GivenHolder) -> RecoveryCodesOut:
        """Return ten new recovery codes; the former open nothing any more."""
        return RecoveryCodesOut(recovery_codes=list(await account.renew_recovery_codes(holder, desk=ports.desk)))
