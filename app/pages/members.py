"""People of an organisation: the list, invitations, one member with their history; organisations; joining."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from app.http.identity import GivenActor, GivenPorts
from app.http.members import (
    InvitationIn,
    JoinIn,
    NewPasswordIn,
    OrganisationIn,
    ReasonIn,
    RoleIn,
    invitation_link,
    invitation_state,
    organisation_of,
    reset_link,
)
from app.http.problems import ACCOUNT
from app.http.schemas import INT4_MAX
from app.pages.frame import GivenPage, Page, PageRequest, expected_by, read_as, read_form
from app.ports import Ports
from domain.identity import members, resets
from domain.identity.membership import MANAGERS, ROLES_OF, manages, member_version
from domain.identity.model import PartyKind, Tenant
from domain.shared.actor import Actor, Role
from domain.shared.errors import DomainError
from domain.shared.identifiers import PersonId, TenantId

PAGE_LENGTH = 50
INVITATIONS_SHOWN = 20
ORGANISATIONS_SHOWN = 200

OrganisationQuery = Annotated[int | None, QueryParameter(name="tenant", ge=1, le=INT4_MAX)]


async def _organisations(actor: Actor, ports: Ports) -> dict[int, Tenant]:
    found = await members.list_organisations(actor, after=None, limit=ORGANISATIONS_SHOWN, unit=ports.unit)
    return {one.tenant_id: one for one in found}


async def _members(ports: Ports, actor: Actor, tenant: int | None, after: UUID | None = None) -> dict[str, object]:
    parties = await _organisations(actor, ports)
    chosen = parties.get(tenant or actor.tenant_id) if actor.is_tenant or tenant else None
    whose = None if chosen is None else chosen.tenant_id
    found = await members.list_members(
        actor,
        tenant_id=whose,
        after=None if after is None else PersonId(after),
        limit=PAGE_LENGTH + 1,
        unit=ports.unit,
    )
    invitations = await members.list_invitations(
        actor, tenant_id=whose, after=None, limit=INVITATIONS_SHOWN, unit=ports.unit
    )
    return {
        "parties": parties,
        "chosen": chosen,
        "members": found[:PAGE_LENGTH],
        "more": found[PAGE_LENGTH - 1].person_id if len(found) > PAGE_LENGTH else None,
        "invitations": [(one, invitation_state(one, ports)) for one in invitations],
        "may_manage": actor.role in MANAGERS and actor.key_id is None,
        "roles": () if chosen is None else ROLES_OF[chosen.kind],
        "link": None,
    }


@get("/members")
async def list_members(
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
    tenant: OrganisationQuery = None,
    after: Annotated[UUID | None, QueryParameter()] = None,
) -> Template:
    """List an organisation's people and invitations, and offer to invite."""
    return page.show("members.html", **await _members(ports, actor, tenant, after))


@post("/members/invitations", status_code=200)
async def invite_member(request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Keep a place for somebody and show its link, this once."""
    form = await read_form(request)
    wish: InvitationIn | None = None
    try:
        wish = read_as(form, InvitationIn, page.language)
        invited = await members.invite(
            members.Invite(
                actor=actor,
                tenant_id=TenantId(wish.tenant_id or actor.tenant_id),
                role=Role(wish.role),
                for_whom=wish.for_whom,
            ),
            unit=ports.unit,
            tokens=ports.tokens,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        tenant = None if wish is None else wish.tenant_id
        return page.again("members.html", error, form, **await _members(ports, actor, tenant))
    shown = await _members(ports, actor, invited.invitation.tenant_id)
    return page.show("members.html", **{**shown, "link": invitation_link(invited.token, ports)})


@post("/members/invitations/{invitation_id:uuid}/withdrawal", status_code=303)
async def withdraw_invitation(invitation_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> Redirect:
    """Take an invitation back."""
    await members.withdraw_invitation(actor, invitation_id, unit=ports.unit, clock=ports.clock)
    return Redirect("/members", status_code=303)


async def _member(
    page: Page,
    ports: Ports,
    actor: Actor,
    person_id: UUID,
    *,
    error: DomainError | None = None,
    form: dict[str, str] | None = None,
    link: str | None = None,
) -> Template:
    member, changes = await members.show_member(actor, PersonId(person_id), unit=ports.unit)
    async with ports.unit(actor) as work:
        party = await work.parties.one(member.tenant_id)
    context: dict[str, object] = {
        "member": member,
        "party": party,
        "changes": tuple(reversed(changes)),
        "link": link,
        "version": member_version(member, len(changes)),
        "roles": tuple(role for role in ROLES_OF[party.kind] if role is not member.role),
        "may_manage": actor.role in MANAGERS
        and actor.key_id is None
        and manages(actor, member.tenant_id)
        and actor.person_id != member.person_id,
    }
    if error is None:
        return page.show("member.html", **context)
    return page.again("member.html", error, form or {}, **context)


@get("/members/{person_id:uuid}")
async def show_member(person_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show a member and everything that was changed about them."""
    return await _member(page, ports, actor, person_id)


@post("/members/{person_id:uuid}/role", status_code=303)
async def change_role(
    request: PageRequest, person_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Give a member another role."""
    form = await read_form(request)
    try:
        wish = read_as(form, RoleIn, page.language)
        await members.change_role(
            members.ChangeMember(
                actor=actor, person_id=PersonId(person_id), reason=wish.reason, expected=expected_by(form)
            ),
            Role(wish.role),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _member(page, ports, actor, person_id, error=error, form=form)
    return Redirect(f"/members/{person_id}", status_code=303)


@post("/members/{person_id:uuid}/standing", status_code=303)
async def change_standing(
    request: PageRequest, person_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Shut a member out, or let them in again."""
    form = await read_form(request)
    what = members.reactivate if form.get("standing") == "active" else members.deactivate
    try:
        wish = read_as(form, ReasonIn, page.language)
        await what(
            members.ChangeMember(
                actor=actor, person_id=PersonId(person_id), reason=wish.reason, expected=expected_by(form)
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _member(page, ports, actor, person_id, error=error, form=form)
    return Redirect(f"/members/{person_id}", status_code=303)


@post("/members/{person_id:uuid}/reset", status_code=200)
async def reset_member(
    request: PageRequest, person_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template:
    """Make the link by which a member is let in again, and show it, this once."""
    form = await read_form(request)
    try:
        wish = read_as(form, ReasonIn, page.language)
        made = await resets.begin_reset(
            members.ChangeMember(
                actor=actor, person_id=PersonId(person_id), reason=wish.reason, expected=expected_by(form)
            ),
            second_factor_too="second_factor_too" in form,
            unit=ports.unit,
            desk=ports.desk,
        )
    except DomainError as error:
        return await _member(page, ports, actor, person_id, error=error, form=form)
    return await _member(page, ports, actor, person_id, link=reset_link(made.token, ports))


async def _parties(ports: Ports, actor: Actor) -> dict[str, object]:
    return {
        "parties": tuple((await _organisations(actor, ports)).values()),
        "kinds": tuple(PartyKind),
        "may_add": actor.role is Role.ADMIN and actor.key_id is None,
    }


@get("/organisations")
async def list_organisations(ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """List organisations, and offer to register one."""
    return page.show("organisations.html", **await _parties(ports, actor))


@post("/organisations", status_code=303)
async def add_organisation(
    request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Register an organisation."""
    form = await read_form(request)
    try:
        wish = read_as(form, OrganisationIn, page.language)
        await members.add_organisation(
            members.AddOrganisation(actor=actor, organisation=organisation_of(wish, ports)), unit=ports.unit
        )
    except DomainError as error:
        return page.again("organisations.html", error, form, **await _parties(ports, actor))
    return Redirect("/organisations", status_code=303)


InvitationToken = Annotated[str, QueryParameter(max_length=100)]


async def _join(ports: Ports, token: str) -> dict[str, object]:
    invitation, party = await members.read_invitation(token, unit=ports.unit, clock=ports.clock)
    return {"invitation": invitation, "party": party, "token": token}


@get("/join")
async def join_form(ports: GivenPorts, page: GivenPage, token: InvitationToken = "") -> Template:
    """Tell an invited person to what they are invited, and ask for a name and a password."""
    return page.show("join.html", **await _join(ports, token))


@post("/join", status_code=303)
async def join(request: PageRequest, ports: GivenPorts, page: GivenPage) -> Template | Redirect:
    """Join, and go and sign in."""
    form = await read_form(request)
    shown = await _join(ports, form.get("token", ""))
    try:
        wish = read_as(form, JoinIn, page.language)
        await members.accept_invitation(
            members.AcceptInvitation(
                token=wish.token,
                sign_in_name=wish.sign_in_name,
                printed_name=wish.printed_name,
                password=wish.password,
            ),
            unit=ports.unit,
            passwords=ports.passwords,
            ids=ports.ids,
            clock=ports.clock,
            breached=ports.breached,
        )
    except DomainError as error:
        kept = {key: value for key, value in form.items() if key != "password"}
        return page.again("join.html", error, kept, **shown)
    return Redirect("/sign-in", status_code=303)


@get("/reset")
async def reset_form(ports: GivenPorts, page: GivenPage, token: InvitationToken = "") -> Template:
    """Ask somebody who was let in again for a new password."""
    return page.show("reset.html", token=token, name=await resets.read_reset(token, desk=ports.desk))


@post("/reset", status_code=303)
async def reset(request: PageRequest, ports: GivenPorts, page: GivenPage) -> Template | Redirect:
    """Take the new password, and go and sign in."""
    form = await read_form(request)
    token = form.get("token", "")
    name = await resets.read_reset(token, desk=ports.desk)
    try:
        wish = read_as(form, NewPasswordIn, page.language)
        request.scope["state"][ACCOUNT] = await resets.finish_reset(wish.token, wish.password, desk=ports.desk)
    except DomainError as error:
        return page.again("reset.html", error, {}, token=token, name=name)
    return Redirect("/sign-in", status_code=303)


MEMBERS = (
    reset_member,
    reset_form,
    reset,
    list_members,
    invite_member,
    withdraw_invitation,
    show_member,
    change_role,
    change_standing,
    list_organisations,
    add_organisation,
    join_form,
    join,
)
