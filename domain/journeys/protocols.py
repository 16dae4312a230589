"""A body's protocol: drafted by its quality manager, approved by another person, in force from a day.

A unit is judged by the version that its reception names, else by the one in force when it was received, whatever came
later.
"""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from domain.certification.errors import ProtocolScopeDiffers, ProtocolVersionUnknown
from domain.certification.model import ProtocolName, Reception, Scope
from domain.certification.protocol import Protocol
from domain.certification.protocol_versions import (
    FIRST_DAY,
    SHIPPED_NOTE,
    ProtocolVersion,
    VersionState,
    difference,
    each_in_force,
    in_force,
    named,
    require_approvable,
    require_in_force,
    require_new,
    require_retirable,
    retired_from,
    state_of,
)
from domain.journeys.ports import JourneyWork
from domain.shared.actor import BODY_STAFF, Actor, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import Ids, PersonId, TenantId
from domain.shared.time import Clock, day_start, seoul_day
from domain.shared.unit import Unit

READERS = (*BODY_STAFF, Role.SYSTEM)
DRAFTERS = (Role.QUALITY, Role.SYSTEM)
APPROVERS = (Role.QUALITY, Role.APPROVER)
_NOBODY = PersonId(UUID(int=0))


async def protocol_of(reception: Reception, *, work: JourneyWork, shipped: Protocol) -> Protocol:
    """Return the protocol that a reception is measured and judged by.

    It is the one that the reception names, whatever became of it since; else the one in force when it was received.

    Raises:
        ProtocolVersionUnknown: the body keeps none of the name that the reception has.
    """
    versions = await work.protocol_versions.of_body(reception.tenant_id)
    if reception.protocol is None:
        found = in_force(versions, seoul_day(reception.received_at))
    else:
        found = named(versions, reception.protocol)
        if found is None and reception.protocol != name_of(shipped):
            raise ProtocolVersionUnknown
    return shipped if found is None else work.protocol_versions.read(found.text)


def name_of(protocol: Protocol) -> ProtocolName:
    """Return what reports call a protocol."""
    return ProtocolName(protocol_id=protocol.protocol_id, version=protocol.version)


async def nameable(tenant_id: TenantId, *, on: date, work: JourneyWork) -> tuple[ProtocolVersion, ...]:
    """Return the versions that a reception of a body may name on a day; the one that holds unnamed comes first."""
    versions = await _versions(tenant_id, work=work)
    held = in_force(versions, on)
    return tuple(sorted(each_in_force(versions, on), key=lambda one: (one != held, one.protocol_id)))


async def list_nameable(actor: Actor, *, unit: Unit[JourneyWork], clock: Clock) -> tuple[ProtocolVersion, ...]:
    """Return the versions that a reception may name today; the one that holds unnamed comes first."""
    actor.require(*READERS)
    async with unit(actor) as work:
        return await nameable(actor.tenant_id, on=seoul_day(clock.now()), work=work)


async def require_fitting(
    tenant_id: TenantId, name: ProtocolName | None, scope: Scope, *, on: date, work: JourneyWork
) -> None:
    """Refuse to take a unit in by a protocol that is not in force, or is none for units of its scope.

    Raises:
        ProtocolNotInForce: the version that is named is not in force on that day.
        ProtocolScopeDiffers: the protocol is not one for such a unit.
    """
    versions = await _versions(tenant_id, work=work)
    found = in_force(versions, on) if name is None else require_in_force(versions, name, on)
    if found is None:
        return
    protocol = work.protocol_versions.read(found.text)
    if protocol.scopes and scope not in protocol.scopes:
        raise ProtocolScopeDiffers(protocol=str(found.name), scope=scope.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A version, and where it stands today."""

    version: ProtocolVersion
    state: VersionState


def _shipped(tenant_id: TenantId, *, work: JourneyWork, version_id: UUID) -> ProtocolVersion:
    text = work.protocol_versions.shipped
    protocol = work.protocol_versions.read(text)
    return ProtocolVersion(
        version_id=version_id,
        tenant_id=tenant_id,
        sequence=1,
        protocol_id=protocol.protocol_id,
        version=protocol.version,
        text=text,
        sha256=sha256(text).hex(),
        note=SHIPPED_NOTE,
        drafted_by=_NOBODY,
        drafted_by_name="순환 Sunhwan",
        drafted_at=day_start(FIRST_DAY),
    )


async def _versions(tenant_id: TenantId, *, work: JourneyWork) -> tuple[ProtocolVersion, ...]:
    """Return a body's versions; the shipped one alone while nothing was drafted."""
    kept = await work.protocol_versions.of_body(tenant_id)
    return kept or (_shipped(tenant_id, work=work, version_id=UUID(int=1)),)


async def list_versions(actor: Actor, *, unit: Unit[JourneyWork], clock: Clock) -> tuple[Listed, ...]:
    """Show a body the versions of its protocol, newest first."""
    actor.require(*READERS)
    today = seoul_day(clock.now())
    async with unit(actor) as work:
        versions = await _versions(actor.tenant_id, work=work)
    return tuple(Listed(version=one, state=state_of(one, versions, today)) for one in reversed(versions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A version with what it says, and what it changes against another."""

    listed: Listed
    protocol: Protocol
    against: ProtocolVersion | None
    changes: tuple[str, ...]


async def open_version(
    actor: Actor, sequence: int, *, against: int | None = None, unit: Unit[JourneyWork], clock: Clock
) -> Opened:
    """Show a version, and what it changes against another, or against the one before it.

    Raises:
        ProtocolVersionUnknown: the body keeps none of this number.
    """
    actor.require(*READERS)
    async with unit(actor) as work:
        versions = await _versions(actor.tenant_id, work=work)
        found = _numbered(versions, sequence)
        other = _numbered(versions, against) if against is not None else None
        if other is None and sequence > 1:
            other = _numbered(versions, sequence - 1)
        return Opened(
            listed=Listed(version=found, state=state_of(found, versions, seoul_day(clock.now()))),
            protocol=work.protocol_versions.read(found.text),
            against=other,
            changes=() if other is None else difference(other, found),
        )


def _numbered(versions: tuple[ProtocolVersion, ...], sequence: int) -> ProtocolVersion:
    for one in versions:
        if one.sequence == sequence:
            return one
    raise ProtocolVersionUnknown


async def check(actor: Actor, text: str, *, unit: Unit[JourneyWork]) -> Protocol:
    """Return what a text says, and keep nothing.

    Raises:
        ProtocolMalformed: says the place, the line and what is expected.
        RuleUntranslated: a rule is not understood.
    """
    actor.require(*READERS)
    async with unit(actor) as work:
        return work.protocol_versions.read(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitProtocol:
    """A text to become the next version, and why."""

    actor: Actor
    text: str
    note: str


async def submit(wish: SubmitProtocol, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> ProtocolVersion:
    """Keep a text as a draft. With the first one the shipped text is kept too, so that it can be compared for ever.

    Raises:
        RoleNotEnough: the actor is no quality manager.
        ProtocolMalformed: says the place, the line and what is expected.
        RuleUntranslated: a rule is not understood.
        ProtocolVersionTaken: the body keeps one of this protocol and version.
    """
    wish.actor.require(*DRAFTERS)
    async with unit(wish.actor) as work:
        protocol = work.protocol_versions.read(wish.text)
        versions = await work.protocol_versions.of_body(wish.actor.tenant_id)
        if not versions:
            first = _shipped(wish.actor.tenant_id, work=work, version_id=ids.new())
            await work.protocol_versions.draft(first)
            versions = (first,)
        require_new(protocol.protocol_id, protocol.version, versions)
        drafted = ProtocolVersion(
            version_id=ids.new(),
            tenant_id=wish.actor.tenant_id,
            sequence=versions[-1].sequence + 1,
            protocol_id=protocol.protocol_id,
            version=protocol.version,
            text=wish.text,
            sha256=sha256(wish.text).hex(),
            note=wish.note,
            drafted_by=wish.actor.person_id,
            drafted_by_name=wish.actor.name,
            drafted_at=clock.now(),
        )
        await work.protocol_versions.draft(drafted)
        await work.commit()
    return drafted


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveProtocol:
    """A version to come into force on a day."""

    actor: Actor
    sequence: int
    in_force_on: date


async def approve(wish: ApproveProtocol, *, unit: Unit[JourneyWork], clock: Clock) -> ProtocolVersion:
    """Let a draft come into force from a day on, as another person than the one who drafted it.

    Raises:
        RoleNotEnough: the actor is neither quality manager nor approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        ProtocolVersionUnknown: the body keeps none of this number.
        ProtocolOwnDraft: the actor drafted it.
        ProtocolDayPast: the day lies before today.
        ProtocolStepOutOfOrder: it is approved or retired already.
    """
    wish.actor.require(*APPROVERS)
    now = clock.now()
    wish.actor.require_confirmed(now)
    async with unit(wish.actor) as work:
        found = _numbered(await _versions(wish.actor.tenant_id, work=work), wish.sequence)
        require_approvable(found, by=wish.actor.person_id, in_force_on=wish.in_force_on, today=seoul_day(now))
        approved = replace(
            found,
            approved_by=wish.actor.person_id,
            approved_by_name=wish.actor.name,
            approved_at=now,
            in_force_on=wish.in_force_on,
        )
        await work.protocol_versions.approve(approved)
        await work.commit()
    return approved


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireProtocol:
    """A version under which nothing more is received, and why."""

    actor: Actor
    sequence: int
    reason: str


async def retire(wish: RetireProtocol, *, unit: Unit[JourneyWork], clock: Clock) -> ProtocolVersion:
    """Let nothing be received under a version from tomorrow on; the one before it comes into its place.

    Raises:
        RoleNotEnough: the actor is neither quality manager nor approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        ProtocolVersionUnknown: the body keeps none of this number.
        ProtocolStepOutOfOrder: it is retired already, or the shipped one.
    """
    wish.actor.require(*APPROVERS)
    now = clock.now()
    wish.actor.require_confirmed(now)
    async with unit(wish.actor) as work:
        found = _numbered(await _versions(wish.actor.tenant_id, work=work), wish.sequence)
        require_retirable(found)
        retired = replace(
            found,
            retired_by=wish.actor.person_id,
            retired_by_name=wish.actor.name,
            retired_at=now,
            retired_on=retired_from(seoul_day(now)),
            retired_reason=wish.reason,
        )
        await work.protocol_versions.retire(retired)
        await work.commit()
    return retired
