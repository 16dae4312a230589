"""Signing in by the pages: name and password, second factor, passkey, an outside provider; and signing out."""

from typing import Annotated
from urllib.parse import quote

from litestar import get, post
from litestar.datastructures import Cookie
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from app.http.identity import GivenPorts, lasts_s, note_actor, session_cookie, token_of, visit_of
from app.http.problems import note_account
from app.http.schemas import TEXT_PATTERN
from app.http.sessions import PasskeyIn, SignIn
from app.pages.frame import GivenPage, Page, PageRequest, read_as, read_form, safe_path
from app.ports import Ports
from domain.identity import provider as outside
from domain.identity import usecases as identity
from domain.identity.errors import ProviderOff, TicketOver
from domain.shared.errors import DomainError

_STATE_COOKIE = "sunhwan_provider"
_STATE_LASTS_S = 300

State = Annotated[str, QueryParameter(name="state", max_length=200, pattern=TEXT_PATTERN)]
Code = Annotated[str, QueryParameter(max_length=2000, pattern=TEXT_PATTERN)]


def _offered(ports: Ports) -> dict[str, object]:
    return {"passkeys_on": ports.passkeys is not None, "provider_on": ports.provider is not None}


@get("/sign-in")
async def sign_in_form(
    ports: GivenPorts, page: GivenPage, next_path: Annotated[str, QueryParameter(name="next")] = "/"
) -> Template:
    """Ask for name and password."""
    return page.show("sign_in.html", next_path=safe_path(next_path), **_offered(ports))


@post("/sign-in", status_code=303)
async def sign_in(request: PageRequest, ports: GivenPorts, page: GivenPage) -> Template | Redirect:
    """Open a session and go where one wanted to go, or ask for the second factor."""
    form = await read_form(request)
    target = safe_path(form.pop("next", "/"))
    try:
        wish = read_as(form, SignIn, page.language)
        begun = await identity.begin_sign_in(wish.sign_in_name, wish.password, desk=ports.desk, visit=visit_of(request))
    except DomainError as error:
        note_account(request.scope, error)
        kept = {"sign_in_name": form.get("sign_in_name", "")}
        return page.again("sign_in.html", error, kept, next_path=target, **_offered(ports))
    return _opened_or_asked(request, page, begun, target)


def _opened_or_asked(
    request: PageRequest, page: Page, begun: identity.OpenedSession | identity.SecondFactorAsked, target: str
) -> Template | Redirect:
    if isinstance(begun, identity.SecondFactorAsked):
        return page.answer("second_factor.html", 200, {"asked": begun, "next_path": target})
    return _opened(request, begun, target)


def _opened(request: PageRequest, opened: identity.OpenedSession, target: str) -> Redirect:
    note_actor(request, opened.person.actor)
    max_age_s = lasts_s(opened.session, opened.session.opened_at)
    secure = bool(request.app.state["secure"])
    return Redirect(target, status_code=303, cookies=[session_cookie(opened.token, max_age_s=max_age_s, secure=secure)])


@post("/sign-in/second", status_code=303)
async def second_factor(request: PageRequest, ports: GivenPorts, page: GivenPage) -> Template | Redirect:
    """Take the code of the authenticator app, or a recovery code."""
    form = await read_form(request)
    target = safe_path(form.pop("next", "/"))
    ticket = form.get("ticket", "")
    try:
        opened = await identity.finish_sign_in(ticket, form.get("code", ""), desk=ports.desk, visit=visit_of(request))
    except TicketOver as error:
        return page.again("sign_in.html", error, {}, next_path=target, **_offered(ports))
    except DomainError as error:
        # The passkey's challenge stays with the first asking: going back to it is starting again.
        asked = identity.SecondFactorAsked(ticket=ticket, passkey_options=None, totp=True)
        return page.again("second_factor.html", error, {}, asked=asked, next_path=target)
    return _opened(request, opened, target)


@post("/sign-in/passkey", status_code=303)
async def sign_in_by_passkey(request: PageRequest, ports: GivenPorts, page: GivenPage) -> Template | Redirect:
    """Take a passkey's answer, as the second factor or as the only one."""
    form = await read_form(request)
    target = safe_path(form.pop("next", "/"))
    try:
        wish = read_as(form, PasskeyIn, page.language)
        opened = await identity.finish_sign_in_by_passkey(
            wish.ticket, wish.answer, desk=ports.desk, visit=visit_of(request)
        )
    except DomainError as error:
        return page.again("sign_in.html", error, {}, next_path=target, **_offered(ports))
    return _opened(request, opened, target)


@get("/sign-in/provider")
async def send_to_provider(
    request: PageRequest,
    ports: GivenPorts,
    next_path: Annotated[str, QueryParameter(name="next")] = "/",
) -> Redirect:
    """Send the browser to the outside provider; what it must bring back stays in a cookie of its own."""
    if ports.provider is None:
        raise ProviderOff
    sent = await outside.send_out(provider=ports.provider, desk=ports.desk)
    kept = f"{sent.state} {quote(safe_path(next_path), safe='/')}"
    return Redirect(sent.url, status_code=303, cookies=[_state_cookie(request, kept, max_age_s=_STATE_LASTS_S)])


@get("/sign-in/provider/back")
async def back_from_provider(
    request: PageRequest,
    ports: GivenPorts,
    page: GivenPage,
    came_state: State = "",
    code: Code = "",
) -> Template | Redirect:
    """Take what the provider sent the browser back with."""
    if ports.provider is None:
        raise ProviderOff
    kept_state, _, kept_path = request.cookies.get(_state_cookie_name(request), "").strip('"').partition(" ")
    target = safe_path(kept_path or "/")
    try:
        begun = await outside.take_back(
            state=came_state,
            kept_state=kept_state or None,
            code=code,
            provider=ports.provider,
            desk=ports.desk,
            visit=visit_of(request),
        )
    except DomainError as error:
        shown: Template | Redirect = page.again("sign_in.html", error, {}, next_path=target, **_offered(ports))
    else:
        shown = _opened_or_asked(request, page, begun, target)
    shown.set_cookie(_state_cookie(request, "", max_age_s=0))
    return shown


def _state_cookie_name(request: PageRequest) -> str:
    return f"__Host-{_STATE_COOKIE}" if request.app.state["secure"] else _STATE_COOKIE


def _state_cookie(request: PageRequest, value: str, *, max_age_s: int) -> Cookie:
    return Cookie(
        key=_state_cookie_name(request),
        value=value,
        path="/",
        max_age=max_age_s,
        httponly=True,
        samesite="lax",
        secure=bool(request.app.state["secure"]),
    )


FORGET = {"Clear-Site-Data": '"cache", "storage"'}
"""What a browser is told at the end of a session: nothing that was shown stays with it (ASVS 5.0, 14.3.1)."""


@post("/sign-out", status_code=303)
async def sign_out(request: PageRequest, ports: GivenPorts) -> Redirect:
    """End the session and forget its cookie."""
    token = token_of(request)
    if token is not None:
        await identity.sign_out(token, unit=ports.unit)
    forgotten = session_cookie("", max_age_s=0, secure=bool(request.app.state["secure"]))
    return Redirect("/", status_code=303, cookies=[forgotten], headers=FORGET)


SIGNING_IN = (
    sign_in_form,
    sign_in,
    second_factor,
    sign_in_by_passkey,
    send_to_provider,
    back_from_provider,
    sign_out,
)
