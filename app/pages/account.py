"""My account: password, second factors, passkeys, recovery codes, sessions; and proving again who one is."""

from base64 import b64encode
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from app.http.account import ISSUER, NewPasskeyIn, PasswordIn, passkey_name, passkey_of
from app.http.identity import ENROLLING, GivenHolder, GivenPorts, carry, session_cookie, visit_of
from app.http.sessions import PasskeyIn
from app.pages.frame import FormMalformed, GivenPage, Page, PageRequest, field_name, read_as, read_form, safe_path
from app.ports import Ports
from domain.identity import account
from domain.identity.model import Holder
from domain.identity.usecases import SECOND_FACTOR_ROLES
from domain.shared.actor import ConfirmationNeeded
from domain.shared.errors import DomainError

_CONFIRM_HERE = "/confirm?next=/account"
_OWN = {ENROLLING: True}


@get("/account", opt=_OWN)
async def show_account(ports: GivenPorts, holder: GivenHolder, page: GivenPage) -> Template:
    """Show what one signs in with, and from where one is signed in."""
    return await _account(page, ports, holder)


async def _account(
    page: Page, ports: Ports, holder: Holder, *, error: DomainError | None = None, done: str | None = None
) -> Template:
    found = await account.show_account(holder, desk=ports.desk)
    mine = replace(page, actor=holder.actor)
    must = ports.second_factor_required and holder.actor.role in SECOND_FACTOR_ROLES
    context: dict[str, object] = {
        "found": found,
        "here_now": holder.session.session_id,
        "passkeys": [(one, passkey_name(one.credential_id)) for one in found.passkeys],
        "passkeys_on": ports.passkeys is not None,
        "must_enrol": must and not holder.session.second_factor,
        "confirmed": holder.actor.is_confirmed(ports.clock.now()),
        "done": done,
    }
    return mine.show("account.html", **context) if error is None else mine.again("account.html", error, {}, **context)


@post("/account/password", status_code=303, opt=_OWN)
async def change_password(
    request: PageRequest, ports: GivenPorts, holder: GivenHolder, page: GivenPage
) -> Template | Redirect:
    """Replace the password; every other session ends."""
    form = await read_form(request)
    try:
        wish = read_as(form, PasswordIn, page.language)
        if form.get("again") != wish.new:
            raise FormMalformed(field=field_name("again", page.language))
        renewed = await account.change_password(
            holder, old=wish.old, new=wish.new, desk=ports.desk, visit=visit_of(request)
        )
    except DomainError as error:
        return await _account(page, ports, holder, error=error)
    carry(request, renewed)
    return await _account(page, ports, renewed.holder, done="account.password-changed")


@post("/account/totp", status_code=200, opt=_OWN)
async def begin_totp(ports: GivenPorts, holder: GivenHolder, page: GivenPage) -> Template:
    """Show the QR code for an authenticator app, and ask for its first code."""
    uri, secret = await account.begin_totp(holder, issuer=ISSUER, desk=ports.desk)
    return replace(page, actor=holder.actor).show("account_totp.html", qr=_picture(ports, uri), secret=secret)


def _picture(ports: Ports, uri: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(ports.labels.svg(uri).encode()).decode()}"


@post("/account/totp/first-code", status_code=303, opt=_OWN)
async def finish_totp(
    request: PageRequest, ports: GivenPorts, holder: GivenHolder, page: GivenPage
) -> Template | Redirect:
    """Enrol the app by its first code, and show the recovery codes this once."""
    form = await read_form(request)
    try:
        renewed, codes = await account.finish_totp(holder, form.get("code", ""), desk=ports.desk)
    except ConfirmationNeeded:
        return Redirect(_CONFIRM_HERE, status_code=303)
    except DomainError as error:
        return await _account(page, ports, holder, error=error)
    carry(request, renewed)
    return replace(page, actor=renewed.holder.actor).answer("account_codes.html", 200, {"codes": codes})


@post("/account/totp/remove", status_code=303, opt=_OWN)
async def drop_totp(ports: GivenPorts, holder: GivenHolder, page: GivenPage) -> Template | Redirect:
    """Forget the authenticator app."""
    try:
        await account.drop_totp(holder, desk=ports.desk)
    except ConfirmationNeeded:
        return Redirect(_CONFIRM_HERE, status_code=303)
    except DomainError as error:
        return await _account(page, ports, holder, error=error)
    return Redirect("/account", status_code=303)


@post("/account/passkeys", status_code=303, opt=_OWN)
async def finish_passkey(
    request: PageRequest, ports: GivenPorts, holder: GivenHolder, page: GivenPage
) -> Template | Redirect:
    """Enrol the passkey that the browser made."""
    form = await read_form(request)
    try:
        wish = read_as(form, NewPasskeyIn, page.language)
        renewed, codes = await account.finish_passkey(
            holder, wish.ticket, wish.answer, label=wish.label, desk=ports.desk
        )
    except ConfirmationNeeded:
        return Redirect(_CONFIRM_HERE, status_code=303)
    except DomainError as error:
        return await _account(page, ports, holder, error=error)
    carry(request, renewed)
    if not codes:
        return Redirect("/account", status_code=303)
    return replace(page, actor=renewed.holder.actor).answer("account_codes.html", 200, {"codes": codes})


@post("/account/passkeys/remove", status_code=303, opt=_OWN)
async def drop_passkey(
    request: PageRequest, ports: GivenPorts, holder: GivenHolder, page: GivenPage
) -> Template | Redirect:
    """Forget a passkey."""
    form = await read_form(request)
    try:
        await account.drop_passkey(holder, passkey_of(form.get("passkey_id", "")), desk=ports.desk)
    except ConfirmationNeeded:
        return Redirect(_CONFIRM_HERE, status_code=303)
    except DomainError as error:
        return await _account(page, ports, holder, error=error)
    return Redirect("/account", status_code=303)


@post("/account/recovery-codes", status_code=200, opt=_OWN)
async def renew_recovery_codes(ports: GivenPorts, holder: GivenHolder, page: GivenPage) -> Template | Redirect:
    """Make new recovery codes, and show them this once."""
    try:
        codes = await account.renew_recovery_codes(holder, desk=ports.desk)
    except ConfirmationNeeded:
        return Redirect(_CONFIRM_HERE, status_code=303)
    except DomainError as error:
        return await _account(page, ports, holder, error=error)
    return replace(page, actor=holder.actor).show("account_codes.html", codes=codes)


@post("/account/sessions/end", status_code=303, opt=_OWN)
async def end_session(
    request: PageRequest, ports: GivenPorts, holder: GivenHolder, page: GivenPage
) -> Template | Redirect:
    """End one of one's own sessions."""
    form = await read_form(request)
    try:
        session_id = UUID(form.get("session_id", ""))
    except ValueError as error:
        raise FormMalformed(field="session_id") from error
    try:
        await account.end_session(holder, session_id, desk=ports.desk)
    except DomainError as error:
        return await _account(page, ports, holder, error=error)
    return Redirect("/account", status_code=303)


@post("/account/sessions/end-others", status_code=303, opt=_OWN)
async def end_other_sessions(ports: GivenPorts, holder: GivenHolder) -> Redirect:
    """End every other session."""
    await account.end_sessions(holder, this_too=False, desk=ports.desk)
    return Redirect("/account", status_code=303)


@post("/account/sessions/end-all", status_code=303, opt=_OWN)
async def end_all_sessions(request: PageRequest, ports: GivenPorts, holder: GivenHolder) -> Redirect:
    """End every session, this one too."""
    await account.end_sessions(holder, this_too=True, desk=ports.desk)
    forgotten = session_cookie("", max_age_s=0, secure=bool(request.app.state["secure"]))
    return Redirect("/", status_code=303, cookies=[forgotten])


@get("/confirm", opt=_OWN)
async def confirm_form(
    ports: GivenPorts,
    holder: GivenHolder,
    page: GivenPage,
    next_path: Annotated[str, QueryParameter(name="next")] = "/",
) -> Template:
    """Ask again who acts."""
    return await _confirm(page, ports, holder, safe_path(next_path))


async def _confirm(
    page: Page, ports: Ports, holder: Holder, target: str, *, error: DomainError | None = None
) -> Template:
    found = await account.show_account(holder, desk=ports.desk)
    mine = replace(page, actor=holder.actor)
    context: dict[str, object] = {
        "next_path": target,
        "has_totp": found.enrolled.totp,
        "has_passkey": ports.passkeys is not None and found.enrolled.passkeys > 0,
    }
    return mine.show("confirm.html", **context) if error is None else mine.again("confirm.html", error, {}, **context)


@post("/confirm", status_code=303, opt=_OWN)
async def confirm(request: PageRequest, ports: GivenPorts, holder: GivenHolder, page: GivenPage) -> Template | Redirect:
    """Take the proof by password or code, and go back."""
    form = await read_form(request)
    target = safe_path(form.pop("next", "/"))
    try:
        renewed = await account.confirm(
            holder,
            desk=ports.desk,
            password=form.get("password"),
            code=form.get("code"),
            visit=visit_of(request),
        )
    except DomainError as error:
        return await _confirm(page, ports, holder, target, error=error)
    carry(request, renewed)
    return Redirect(target, status_code=303)


@post("/confirm/passkey", status_code=303, opt=_OWN)
async def confirm_by_passkey(
    request: PageRequest, ports: GivenPorts, holder: GivenHolder, page: GivenPage
) -> Template | Redirect:
    """Take the proof by passkey, and go back."""
    form = await read_form(request)
    target = safe_path(form.pop("next", "/"))
    try:
        wish = read_as(form, PasskeyIn, page.language)
        renewed = await account.confirm_by_passkey(holder, wish.ticket, wish.answer, desk=ports.desk)
    except DomainError as error:
        return await _confirm(page, ports, holder, target, error=error)
    carry(request, renewed)
    return Redirect(target, status_code=303)


ACCOUNT = (
    show_account,
    change_password,
    begin_totp,
    finish_totp,
    drop_totp,
    finish_passkey,
    drop_passkey,
    renew_recovery_codes,
    end_session,
    end_other_sessions,
    end_all_sessions,
    confirm_form,
    confirm,
    confirm_by_passkey,
)
