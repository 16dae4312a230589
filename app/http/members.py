"""Organisations, their people, and those who are invited."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody, QueryParameter

from app.http.identity import GivenActor, GivenPorts
from app.http.preconditions import IfMatch, MayMatch, expected_in, quoted, wanted
from app.http.problems import ACCOUNT, PROBLEMS
from app.http.schemas import INT4_MAX, TEXT_PATTERN, In, Instant, Name, Out, TenantNo, TenantQuery, VersionText
from app.ports import Ports
from domain.identity import members, resets
from domain.identity.membership import Invitation, Member, MemberChange, member_version
from domain.identity.model import PartyKind, Tenant
from domain.shared.actor import FOUNDING_COMPLEX, SIGNED_IN, Actor, Role
from domain.shared.identifiers import PersonId, TenantId
from domain.shared.versions import ANY

PAGE_LENGTH = 50

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
RoleText = Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(SIGNED_IN)})$", description="A role of a person.")]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=TEXT_PATTERN)]
OptionalText = Annotated[str, msgspec.Meta(max_length=200, pattern=TEXT_PATTERN)]
SignInName = Annotated[
    str, msgspec.Meta(min_length=2, max_length=100, pattern=r"^[A-Za-z0-9가-힣][A-Za-z0-9가-힣._@-]*$")
]


class OrganisationIn(In):
    """An organisation as it is printed on documents; its number is never changed."""

    number: TenantNo
    kind: Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(PartyKind)})$")]
    name_ko: Name
    name_en: Name
    business_no: Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=r"^[0-9-]+$")]
    address_ko: Name
    address_en: Name
    bank_account: OptionalText = ""
    accreditation: OptionalText = ""
    insurance: OptionalText = ""


class OrganisationOut(Out):
    """An organisation."""

    tenant_id: TenantNo
    kind: str
    name_ko: str
    name_en: str
    business_no: str


class MemberOut(Out):
    """A member of an organisation."""

    person_id: UUID
    tenant_id: TenantNo
    sign_in_name: str
    printed_name: str
    role: str
    active: bool


class MemberChangeOut(Out):
    """What was changed about a member; the list is never rewritten."""

    kind: str
    role_before: str | None
    role_after: str
    reason: str
    changed_by: UUID
    changed_by_name: str
    changed_at: Instant


class MemberFileOut(Out):
    """A member with everything that was changed about them, oldest first."""

    member: MemberOut
    changes: list[MemberChangeOut]
    version: VersionText


class InvitationIn(In):
    """A place for somebody; without `tenant_id` in one's own organisation."""

    role: RoleText
    for_whom: Name
    tenant_id: TenantNo | None = None


class InvitationOut(Out):
    """An invitation."""

    invitation_id: UUID
    tenant_id: TenantNo
    role: str
    for_whom: str
    state: Annotated[str, msgspec.Meta(description="open, taken, withdrawn or expired")]
    invited_at: Instant
    expires_at: Instant
    version: VersionText


class InvitedOut(Out):
    """An invitation with its link; the link is shown this once."""

    invitation: InvitationOut
    link: str
    token: str


class JoinIn(In):
    """What an invited person says of themselves."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    sign_in_name: SignInName
    printed_name: Name
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class RoleIn(In):
    """Another role, and why."""

    role: RoleText
    reason: Reason


class ReasonIn(In):
    """Why."""

    reason: Reason


class ResetIn(In):
    """Why somebody is let in again, and whether their second factor is lost too."""

    reason: Reason
    second_factor_too: bool = False


class ResetOut(Out):
    """The link by which they choose a new password within a day; shown this once."""

    link: str
    token: str


class NewPasswordIn(In):
    """A link's token and the new password."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


def reset_link(token: str, ports: Ports) -> str:
    """Return the address to send: the token stands in the query, which no log of ours keeps."""
    return f"{ports.public_url}/reset?token={token}"


def _organisation_out(one: Tenant) -> OrganisationOut:
    return OrganisationOut(
        tenant_id=one.tenant_id,
        kind=one.kind.value,
        name_ko=one.name_ko,
        name_en=one.name_en,
        business_no=one.business_no,
    )


def member_out(one: Member) -> MemberOut:
    """Say a member in the API's words."""
    return MemberOut(
        person_id=one.person_id,
        tenant_id=one.tenant_id,
        sign_in_name=one.sign_in_name,
        printed_name=one.printed_name,
        role=one.role.value,
        active=one.active,
    )


def _change_out(one: MemberChange) -> MemberChangeOut:
    return MemberChangeOut(
        kind=one.kind.value,
        role_before=None if one.role_before is None else one.role_before.value,
        role_after=one.role_after.value,
        reason=one.reason,
        changed_by=one.changed_by,
        changed_by_name=one.changed_by_name,
        changed_at=one.changed_at,
    )


def invitation_state(one: Invitation, ports: Ports) -> str:
    """Say how an invitation stands, in one word."""
    if one.taken_at is not None:
        return "taken"
    if one.withdrawn_at is not None:
        return "withdrawn"
    return "open" if one.stands(ports.clock.now()) else "expired"


def _invitation_out(one: Invitation, ports: Ports) -> InvitationOut:
    return InvitationOut(
        invitation_id=one.invitation_id,
        tenant_id=one.tenant_id,
        role=one.role.value,
        for_whom=one.for_whom,
        state=invitation_state(one, ports),
        invited_at=one.invited_at,
        expires_at=one.expires_at,
        version=one.version,
    )


def invitation_link(token: str, ports: Ports) -> str:
    """Return the address to send: the token stands in the query, which no log of ours keeps."""
    return f"{ports.public_url}/join?token={token}"


def organisation_of(wish: OrganisationIn, ports: Ports) -> Tenant:
    """Return the organisation that was described; whoever registers it brings it into the own complex."""
    return Tenant(
        tenant_id=TenantId(wish.number),
        ref=ports.ids.new(),
        complex_id=FOUNDING_COMPLEX,
        kind=PartyKind(wish.kind),
        name_ko=wish.name_ko,
        name_en=wish.name_en,
        business_no=wish.business_no,
        address_ko=wish.address_ko,
        address_en=wish.address_en,
        bank_account=wish.bank_account,
        accreditation=wish.accreditation,
        insurance=wish.insurance,
    )


class OrganisationsController(Controller):
    """Organisations."""

    path = "/api/v1/organisations"
    tags = ("people",)

    @get("/", operation_id="ListOrganisations", summary="List organisations", responses=PROBLEMS)
    async def list_organisations(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        after: Annotated[int | None, QueryParameter(ge=1, le=INT4_MAX)] = None,
        limit: Limit = PAGE_LENGTH,
    ) -> list[OrganisationOut]:
        """List organisations by number; a tenant's administrator sees the own one."""
        found = await members.list_organisations(
            actor, after=None if after is None else TenantId(after), limit=limit, unit=ports.unit
        )
        return [_organisation_out(one) for one in found]

    @post("/", operation_id="AddOrganisation", summary="Register an organisation", responses=PROBLEMS)
    async def add(self, data: JSONBody[OrganisationIn], ports: GivenPorts, actor: GivenActor) -> OrganisationOut:
        """Register an organisation of the complex."""
        wish = members.AddOrganisation(actor=actor, organisation=organisation_of(data, ports))
        return _organisation_out(await members.add_organisation(wish, unit=ports.unit))


def _change(actor: Actor, person_id: UUID, reason: str, if_match: str | None) -> members.ChangeMember:
    return members.ChangeMember(actor=actor, person_id=PersonId(person_id), reason=reason, expected=wanted(if_match))


class MembersController(Controller):
    """People of an organisation."""

    path = "/api/v1/members"
    tags = ("people",)

    @get("/", operation_id="ListMembers", summary="List members", responses=PROBLEMS)
    async def list_members(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
        after: Annotated[UUID | None, QueryParameter()] = None,
        limit: Limit = PAGE_LENGTH,
    ) -> list[MemberOut]:
        """List members, newest first."""
        found = await members.list_members(
            actor,
            tenant_id=None if tenant_id is None else TenantId(tenant_id),
            after=None if after is None else PersonId(after),
            limit=limit,
            unit=ports.unit,
        )
        return [member_out(one) for one in found]

    @get("/{person_id:uuid}", operation_id="ShowMember", summary="Show a member", responses=PROBLEMS)
    async def show(self, person_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> Response[MemberFileOut]:
        """Show a member with everything that was changed about them."""
        member, changes = await members.show_member(actor, PersonId(person_id), unit=ports.unit)
        version = member_version(member, len(changes))
        shown = MemberFileOut(member=member_out(member), changes=[_change_out(one) for one in changes], version=version)
        return Response(shown, headers={"ETag": quoted(version)})

    @post("/{person_id:uuid}/role", operation_id="ChangeRole", summary="Give another role", responses=PROBLEMS)
    async def change_role(
        self,
        person_id: FromPath[UUID],
        data: JSONBody[RoleIn],
        ports: GivenPorts,
        actor: GivenActor,
        if_match: IfMatch = None,
    ) -> MemberOut:
        """Give a member another role; their sessions end."""
        wish = _change(actor, person_id, data.reason, if_match)
        changed = await members.change_role(wish, Role(data.role), unit=ports.unit, ids=ports.ids, clock=ports.clock)
        return member_out(changed)

    @post("/{person_id:uuid}/deactivation", operation_id="DeactivateMember", summary="Shut out", responses=PROBLEMS)
    async def deactivate(
        self,
        person_id: FromPath[UUID],
        data: JSONBody[ReasonIn],
        ports: GivenPorts,
        actor: GivenActor,
        if_match: IfMatch = None,
    ) -> MemberOut:
        """Let a member sign in no more; their sessions end at once."""
        wish = _change(actor, person_id, data.reason, if_match)
        return member_out(await members.deactivate(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock))

    @post("/{person_id:uuid}/reactivation", operation_id="ReactivateMember", summary="Let in again", responses=PROBLEMS)
    async def reactivate(
        self,
        person_id: FromPath[UUID],
        data: JSONBody[ReasonIn],
        ports: GivenPorts,
        actor: GivenActor,
        if_match: IfMatch = None,
    ) -> MemberOut:
        """Let a member sign in again."""
        wish = _change(actor, person_id, data.reason, if_match)
        return member_out(await members.reactivate(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock))

    @post("/{person_id:uuid}/reset", operation_id="ResetMember", summary="Let in again by a link", responses=PROBLEMS)
    async def reset(
        self,
        person_id: FromPath[UUID],
        data: JSONBody[ResetIn],
        ports: GivenPorts,
        actor: GivenActor,
        if_match: IfMatch = None,
    ) -> ResetOut:
        """End a member's sessions and make the link by which they choose a new password; it is shown this once."""
        wish = _change(actor, person_id, data.reason, if_match)
        made = await resets.begin_reset(
            wish, second_factor_too=data.second_factor_too, unit=ports.unit, desk=ports.desk
        )
        return ResetOut(link=reset_link(made.token, ports), token=made.token)


class ResetsController(Controller):
    """Links to a new password."""

    path = "/api/v1/resets"
    tags = ("people",)

    @post(
        "/acceptance",
        operation_id="FinishReset",
        summary="Choose a new password by a link",
        responses=PROBLEMS,
        security=[{}],
        status_code=204,
    )
    async def finish(
        self, request: Request[Actor | None, Ports, State], data: JSONBody[NewPasswordIn], ports: GivenPorts
    ) -> None:
        """Choose a new password by the link that an administrator made; it is good once."""
        request.scope["state"][ACCOUNT] = await resets.finish_reset(data.token, data.password, desk=ports.desk)


class InvitationsController(Controller):
    """Invitations."""

    path = "/api/v1/invitations"
    tags = ("people",)

    @get("/", operation_id="ListInvitations", summary="List invitations", responses=PROBLEMS)
    async def list_invitations(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
        after: Annotated[UUID | None, QueryParameter()] = None,
        limit: Limit = PAGE_LENGTH,
    ) -> list[InvitationOut]:
        """List invitations, newest first."""
        found = await members.list_invitations(
            actor,
            tenant_id=None if tenant_id is None else TenantId(tenant_id),
            after=after,
            limit=limit,
            unit=ports.unit,
        )
        return [_invitation_out(one, ports) for one in found]

    @post("/", operation_id="InviteMember", summary="Invite somebody", responses=PROBLEMS)
    async def invite(self, data: JSONBody[InvitationIn], ports: GivenPorts, actor: GivenActor) -> InvitedOut:
        """Keep a place for somebody for a week; the link is shown this once."""
        invited = await members.invite(
            members.Invite(
                actor=actor,
                tenant_id=TenantId(data.tenant_id or actor.tenant_id),
                role=Role(data.role),
                for_whom=data.for_whom,
            ),
            unit=ports.unit,
            tokens=ports.tokens,
            ids=ports.ids,
            clock=ports.clock,
        )
        return InvitedOut(
            invitation=_invitation_out(invited.invitation, ports),
            link=invitation_link(invited.token, ports),
            token=invited.token,
        )

    @post(
        "/{invitation_id:uuid}/withdrawal",
        operation_id="WithdrawInvitation",
        summary="Withdraw an invitation",
        responses=PROBLEMS,
        status_code=204,
    )
    async def withdraw(
        self, invitation_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, if_match: MayMatch = None
    ) -> None:
        """Take an invitation back."""
        expected = ANY if if_match is None else expected_in(if_match)
        await members.withdraw_invitation(actor, invitation_id, unit=ports.unit, clock=ports.clock, expected=expected)

    @post(
        "/acceptance",
        operation_id="AcceptInvitation",
        summary="Join by invitation",
        responses=PROBLEMS,
        security=[{}],
    )
    async def accept(self, data: JSONBody[JoinIn], ports: GivenPorts) -> MemberOut:
        """Join the organisation that one was invited to, with a name and a password of one's own."""
        member = await members.accept_invitation(
            members.AcceptInvitation(
                token=data.token,
                sign_in_name=data.sign_in_name,
                printed_name=data.printed_name,
                password=data.password,
            ),
            unit=ports.unit,
            passwords=ports.passwords,
            ids=ports.ids,
            clock=ports.clock,
            breached=ports.breached,
        )
        return member_out(member)


MEMBERS = (OrganisationsController, MembersController, InvitationsController, ResetsController)
