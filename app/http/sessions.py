"""Signing in and out over the API."""

from typing import Annotated

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from app.http.identity import GivenActor, GivenPorts, note_actor, token_of
from app.http.problems import PROBLEMS
from app.http.schemas import In, Instant, Out, TenantNo
from app.ports import Ports
from domain.identity import usecases as identity
from domain.shared.actor import Actor


class SignIn(In):
    """A name and a password."""

    sign_in_name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class SessionOut(Out):
    """The token, shown this once."""

    token: str
    expires_at: Instant
    name: str
    role: str
    tenant_id: TenantNo


class MeOut(Out):
    """The one who asks."""

    name: str
    role: str
    tenant_id: TenantNo


class SessionsController(Controller):
    """Sessions."""

    path = "/api/v1/sessions"
    tags = ("sessions",)

    @post("/", operation_id="SignIn", summary="Sign in", responses=PROBLEMS, security=[{}])
    async def sign_in(
        self, request: Request[Actor | None, Ports, State], data: JSONBody[SignIn], ports: GivenPorts
    ) -> SessionOut:
        """Open a session; send its token as `Authorization: Bearer`."""
        opened = await identity.sign_in(
            data.sign_in_name,
            data.password,
            unit=ports.unit,
            passwords=ports.passwords,
            tokens=ports.tokens,
            ids=ports.ids,
            clock=ports.clock,
        )
        note_actor(request, opened.person.actor)
        return SessionOut(
            token=opened.token,
            expires_at=opened.session.expires_at,
            name=opened.person.printed_name,
            role=opened.person.role.value,
            tenant_id=opened.person.tenant_id,
        )

    @get("/me", operation_id="WhoAmI", summary="Show who is signed in", responses=PROBLEMS)
    async def who_am_i(self, actor: GivenActor) -> MeOut:
        """Show the one who asks."""
        return MeOut(name=actor.name, role=actor.role.value, tenant_id=actor.tenant_id)

    @delete("/me", operation_id="SignOut", summary="Sign out", responses=PROBLEMS)
    async def sign_out(self, request: Request[Actor | None, Ports, State], ports: GivenPorts) -> None:
        """End the session whose token was sent."""
        token = token_of(request)
        if token is not None:
            await identity.sign_out(token, unit=ports.unit)
