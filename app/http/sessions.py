"""Signing in and out over the API, one's own sessions, and proving again who one is."""

from types import MappingProxyType
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

from app.http.identity import ENROLLING, GivenActor, GivenHolder, GivenPorts, carry, note_actor, token_of, visit_of
from app.http.problems import PROBLEMS
from app.http.schemas import In, Instant, Out, TenantNo
from app.ports import Ports
from domain.identity import account
from domain.identity import usecases as identity
from domain.identity.model import Holder, Session
from domain.shared.actor import CONFIRMATION_LASTS, Actor

Asking = Request[Actor | None, Ports, State]

PasswordText = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
CodeText = Annotated[
    str, msgspec.Meta(min_length=1, max_length=40, description="Of the authenticator app, or a recovery code.")
]
TicketText = Annotated[str, msgspec.Meta(min_length=1, max_length=100, description="Names the step; good once.")]
AnswerText = Annotated[
    str, msgspec.Meta(min_length=2, max_length=16_384, description="The browser's `PublicKeyCredential` as JSON text.")
]


class SignIn(In):
    """A name and a password, and the code where a second factor is enrolled."""

    sign_in_name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    password: PasswordText
    code: CodeText | None = None


class PasskeyIn(In):
    """A passkey's answer to a step that was begun."""

    ticket: TicketText
    answer: AnswerText


class ConfirmationIn(In):
    """One proof of who one is: the password, a code of the authenticator app, or a passkey with its ticket."""

    password: PasswordText | None = None
    code: CodeText | None = None
    ticket: TicketText | None = None
    answer: AnswerText | None = None


class SessionOut(Out):
    """The token, shown this once."""

    token: str
    expires_at: Instant
    name: str
    role: str
    tenant_id: TenantNo


class ConfirmedOut(Out):
    """The session's new token, shown this once: the one that asked opens nothing any more."""

    token: str
    confirmed_until: Instant


class PasskeyStepOut(Out):
    """A step for a browser: `options` is the JSON text for `navigator.credentials`."""

    ticket: str
    options: str


class MeOut(Out):
    """The one who asks."""

    name: str
    role: str
    tenant_id: TenantNo
    confirmed_until: Instant | None


class OpenSessionOut(Out):
    """One of one's own sessions."""

    session_id: UUID
    opened_at: Instant
    last_seen_at: Instant
    expires_at: Instant
    second_factor: bool
    source: str
    agent: str
    this_one: bool


class EndedOut(Out):
    """How many sessions ended."""

    ended: int


def _session_out(opened: identity.OpenedSession) -> SessionOut:
    return SessionOut(
        token=opened.token,
        expires_at=opened.session.expires_at,
        name=opened.person.printed_name,
        role=opened.person.role.value,
        tenant_id=opened.person.tenant_id,
    )


def _open_session_out(session: Session, holder: Holder) -> OpenSessionOut:
    return OpenSessionOut(
        session_id=session.session_id,
        opened_at=session.opened_at,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
        second_factor=session.second_factor,
        source=session.source,
        agent=session.agent,
        this_one=session.session_id == holder.session.session_id,
    )


class SessionsController(Controller):
    """Sessions."""

    path = "/api/v1/sessions"
    tags = ("sessions",)
    opt = MappingProxyType({ENROLLING: True})

    @post("/", operation_id="SignIn", summary="Sign in", responses=PROBLEMS, security=[{}])
    async def sign_in(self, request: Asking, data: JSONBody[SignIn], ports: GivenPorts) -> SessionOut:
        """Open a session; send its token as `Authorization: Bearer`."""
        opened = await identity.sign_in(
            data.sign_in_name, data.password, desk=ports.desk, code=data.code, visit=visit_of(request)
        )
        note_actor(request, opened.person.actor)
        return _session_out(opened)

    @post(
        "/passkey-challenge",
        operation_id="BeginPasskeySignIn",
        summary="Begin to sign in by a passkey",
        responses=PROBLEMS,
        security=[{}],
    )
    async def begin_passkey(self, ports: GivenPorts) -> PasskeyStepOut:
        """Return what a browser needs to use any passkey it has for this site."""
        asked = await identity.begin_passkey_sign_in(desk=ports.desk)
        return PasskeyStepOut(ticket=asked.ticket, options=asked.passkey_options or "")

    @post(
        "/passkey",
        operation_id="SignInByPasskey",
        summary="Sign in by a passkey",
        responses=PROBLEMS,
        security=[{}],
    )
    async def sign_in_by_passkey(self, request: Asking, data: JSONBody[PasskeyIn], ports: GivenPorts) -> SessionOut:
        """Open a session by a passkey's answer; a challenge is answered once."""
        opened = await identity.finish_sign_in_by_passkey(
            data.ticket, data.answer, desk=ports.desk, visit=visit_of(request)
        )
        note_actor(request, opened.person.actor)
        return _session_out(opened)

    @get("/me", operation_id="WhoAmI", summary="Show who is signed in", responses=PROBLEMS)
    async def who_am_i(self, actor: GivenActor) -> MeOut:
        """Show the one who asks."""
        return MeOut(
            name=actor.name,
            role=actor.role.value,
            tenant_id=actor.tenant_id,
            confirmed_until=None if actor.confirmed_at is None else actor.confirmed_at + CONFIRMATION_LASTS,
        )

    @delete("/me", operation_id="SignOut", summary="Sign out", responses=PROBLEMS)
    async def sign_out(self, request: Asking, ports: GivenPorts) -> None:
        """End the session whose token was sent."""
        token = token_of(request)
        if token is not None:
            await identity.sign_out(token, unit=ports.unit)

    @post(
        "/me/confirmation",
        operation_id="ConfirmSession",
        summary="Prove again who you are",
        responses=PROBLEMS,
        status_code=200,
    )
    async def confirm(
        self, request: Asking, data: JSONBody[ConfirmationIn], ports: GivenPorts, holder: GivenHolder
    ) -> ConfirmedOut:
        """Prove it by password, code or passkey; for five minutes this session may sign and move money."""
        if data.ticket is not None and data.answer is not None:
            renewed = await account.confirm_by_passkey(holder, data.ticket, data.answer, desk=ports.desk)
        else:
            renewed = await account.confirm(
                holder, desk=ports.desk, password=data.password, code=data.code, visit=visit_of(request)
            )
        carry(request, renewed)
        return ConfirmedOut(token=renewed.token, confirmed_until=ports.clock.now() + CONFIRMATION_LASTS)

    @post(
        "/me/confirmation/passkey-challenge",
        operation_id="BeginPasskeyConfirmation",
        summary="Begin to prove it by a passkey",
        responses=PROBLEMS,
    )
    async def begin_passkey_confirmation(self, ports: GivenPorts, holder: GivenHolder) -> PasskeyStepOut:
        """Return what a browser needs to use one of the person's passkeys."""
        ticket, options = await account.begin_passkey_confirmation(holder, desk=ports.desk)
        return PasskeyStepOut(ticket=ticket, options=options)

    @get("/", operation_id="ListSessions", summary="List your open sessions", responses=PROBLEMS)
    async def list_sessions(self, ports: GivenPorts, holder: GivenHolder) -> list[OpenSessionOut]:
        """List the sessions of the one who asks, the newest first."""
        found = await account.show_account(holder, desk=ports.desk)
        return [_open_session_out(session, holder) for session in found.sessions]

    @delete("/", operation_id="EndAllSessions", summary="Sign out everywhere", responses=PROBLEMS, status_code=200)
    async def end_all(self, ports: GivenPorts, holder: GivenHolder) -> EndedOut:
        """End every session of the one who asks, this one too."""
        return EndedOut(ended=await account.end_sessions(holder, this_too=True, desk=ports.desk))

    @delete(
        "/others", operation_id="EndOtherSessions", summary="Sign out elsewhere", responses=PROBLEMS, status_code=200
    )
    async def end_others(self, ports: GivenPorts, holder: GivenHolder) -> EndedOut:
        """End every other session of the one who asks."""
        return EndedOut(ended=await account.end_sessions(holder, this_too=False, desk=ports.desk))

    @delete("/{session_id:uuid}", operation_id="EndSession", summary="End one session", responses=PROBLEMS)
    async def end_one(self, session_id: FromPath[UUID], ports: GivenPorts, holder: GivenHolder) -> None:
        """End one session of the one who asks."""
        await account.end_session(holder, session_id, desk=ports.desk)
