"""Keys for machines over the API."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from app.http.identity import GivenActor, GivenPorts
from app.http.preconditions import IfMatch, wanted
from app.http.problems import PROBLEMS
from app.http.schemas import INT4_MAX, In, Instant, Name, Out, TenantNo, TenantQuery, VersionText
from app.ports import Ports
from domain.identity import keys
from domain.identity.keyring import DAYS_DEFAULT, DAYS_MAX, OVERLAP_HOURS_MAX, ROLES, ApiKey
from domain.journeys import machine_keys
from domain.shared.actor import Role
from domain.shared.identifiers import TenantId

PAGE_LENGTH = 50
SCOPE_MAX = 500

Days = Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX, description="How many days it lasts.")]
OverlapHours = Annotated[
    int, msgspec.Meta(ge=0, le=OVERLAP_HOURS_MAX, description="For how long the old key still opens.")
]


class KeyIn(In):
    """A key for a program; without `sites` and `channels` it reaches all of the organisation's."""

    name: Name
    role: Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(ROLES)})$", description="A role of a program.")]
    tenant_id: TenantNo | None = None
    sites: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=SCOPE_MAX)] | None = None
    channels: (
        Annotated[
            list[Annotated[int, msgspec.Meta(ge=1, le=INT4_MAX)]], msgspec.Meta(min_length=1, max_length=SCOPE_MAX)
        ]
        | None
    ) = None
    days: Days = DAYS_DEFAULT


class RotationIn(In):
    """How a key is replaced."""

    overlap_hours: OverlapHours = 24
    days: Days = DAYS_DEFAULT


class KeyOut(Out):
    """A key; never its text."""

    key_id: UUID
    tenant_id: TenantNo
    name: str
    role: str
    state: Annotated[str, msgspec.Meta(description="open, retiring, retired, revoked or expired")]
    sites: list[UUID] | None
    channels: list[int] | None
    made_at: Instant
    expires_at: Instant
    retires_at: Instant | None
    revoked_at: Instant | None
    rotated_from: UUID | None
    last_used_at: Annotated[Instant | None, msgspec.Meta(description="To the minute.")]
    version: VersionText


class MadeKeyOut(Out):
    """A key with its text, shown this once."""

    key: KeyOut
    text: str


def _key_out(one: ApiKey, ports: Ports) -> KeyOut:
    return KeyOut(
        key_id=one.key_id,
        tenant_id=one.tenant_id,
        name=one.name,
        role=one.role.value,
        state=one.standing(ports.clock.now()).value,
        sites=None if one.sites is None else list(one.sites),
        channels=None if one.channels is None else list(one.channels),
        made_at=one.made_at,
        expires_at=one.expires_at,
        retires_at=one.retires_at,
        revoked_at=one.revoked_at,
        rotated_from=one.rotated_from,
        last_used_at=one.last_used_at,
        version=one.version,
    )


class KeysController(Controller):
    """Keys for machines."""

    path = "/api/v1/keys"
    tags = ("keys",)

    @get("/", operation_id="ListKeys", summary="List keys", responses=PROBLEMS)
    async def list_keys(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
        after: Annotated[UUID | None, QueryParameter()] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = PAGE_LENGTH,
    ) -> list[KeyOut]:
        """List keys, newest first."""
        found = await keys.list_keys(
            actor,
            tenant_id=None if tenant_id is None else TenantId(tenant_id),
            after=after,
            limit=limit,
            unit=ports.unit,
        )
        return [_key_out(one, ports) for one in found]

    @get("/{key_id:uuid}", operation_id="ShowKey", summary="Show a key", responses=PROBLEMS)
    async def show(self, key_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> Response[KeyOut]:
        """Show a key; its text is not kept."""
        found = await keys.show_key(actor, key_id, unit=ports.unit)
        return Response(_key_out(found, ports))

    @post("/", operation_id="MakeKey", summary="Make a key", responses=PROBLEMS)
    async def make(self, data: JSONBody[KeyIn], ports: GivenPorts, actor: GivenActor) -> MadeKeyOut:
        """Make a key; send its text as `Authorization: Bearer`. The text is shown this once."""
        made = await machine_keys.make_key(
            keys.MakeKey(
                actor=actor,
                tenant_id=TenantId(data.tenant_id or actor.tenant_id),
                name=data.name,
                role=Role(data.role),
                sites=None if data.sites is None else tuple(data.sites),
                channels=None if data.channels is None else tuple(data.channels),
                days=data.days,
            ),
            unit=ports.unit,
            tokens=ports.tokens,
            ids=ports.ids,
            clock=ports.clock,
        )
        return MadeKeyOut(key=_key_out(made.key, ports), text=made.text)

    @post("/{key_id:uuid}/rotation", operation_id="RotateKey", summary="Replace a key", responses=PROBLEMS)
    async def rotate(
        self,
        key_id: FromPath[UUID],
        data: JSONBody[RotationIn],
        ports: GivenPorts,
        actor: GivenActor,
        if_match: IfMatch = None,
    ) -> MadeKeyOut:
        """Make a key's successor; the old one opens for some hours more."""
        made = await keys.rotate_key(
            keys.RotateKey(
                actor=actor,
                key_id=key_id,
                overlap_hours=data.overlap_hours,
                days=data.days,
                expected=wanted(if_match),
            ),
            unit=ports.unit,
            tokens=ports.tokens,
            ids=ports.ids,
            clock=ports.clock,
        )
        return MadeKeyOut(key=_key_out(made.key, ports), text=made.text)

    @post("/{key_id:uuid}/revocation", operation_id="RevokeKey", summary="Revoke a key", responses=PROBLEMS)
    async def revoke(
        self, key_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, if_match: IfMatch = None
    ) -> KeyOut:
        """End a key at once."""
        expected = wanted(if_match)
        revoked = await keys.revoke_key(actor, key_id, unit=ports.unit, clock=ports.clock, expected=expected)
        return _key_out(revoked, ports)
