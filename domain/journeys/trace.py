"""A pack's whole life on one line: passports, history, certificates, labels, contract, energy and invoices."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.billing.model import InvoiceStanding
from domain.certification.model import Certificate, Reception
from domain.journeys.ports import JourneyWork
from domain.journeys.public_passport import present_attributes
from domain.journeys.sight import sight_of
from domain.metering.model import UsageSnapshot
from domain.passport import sealing
from domain.passport.attributes import BY_KEY, Tier, visible
from domain.passport.errors import PackUnknown, SealBroken
from domain.passport.model import Edge, Entry, Head, Identifier, Label, Pack, PackState, Passport, PassportState
from domain.shared.actor import BODY_STAFF, COMPLEX_STAFF, GRANTED, TENANT_STAFF, Actor, on_behalf_of
from domain.shared.canonical import Canonical, canonical_text
from domain.shared.identifiers import PackId, TenantId
from domain.shared.time import Clock
from domain.shared.unit import Unit
from domain.subscription.model import Assignment, Contract

MONTHS_SHOWN_MAX = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One assignment of the pack with its contract, and the months frozen and billed under it."""

    contract: Contract
    assignment: Assignment
    snapshots: tuple[UsageSnapshot, ...]
    invoices: tuple[InvoiceStanding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackTrace:
    """Everything one reader may know of a pack. `broken` is the first entry whose seal fails, None when all hold.

    `attributes` are those of the passport in force that a grant shows beside the pack's life; nobody else's.
    """

    pack: Pack
    head: Head
    identifiers: tuple[Identifier, ...]
    passports: tuple[Passport, ...]
    edges: tuple[Edge, ...]
    entries: tuple[Entry, ...]
    hidden_entries: int
    broken: SealBroken | None
    receptions: tuple[Reception, ...]
    certificates: tuple[Certificate, ...]
    labels: tuple[Label, ...]
    services: tuple[Service, ...]
    attributes: Mapping[str, Canonical]


async def find_pack(identifier: str, *, actor: Actor, unit: Unit[JourneyWork], clock: Clock) -> PackId:
    """Return the pack that an identifier of any kind leads to: URI, battery number, serial or our own id.

    Raises:
        PackUnknown: it leads nowhere.
    """
    wanted = identifier.strip()
    try:
        known = PackId(UUID(wanted))
        await sight_of(known, actor=actor, unit=unit, clock=clock)
        return known
    except (ValueError, PackUnknown):
        async with unit(actor) as work:
            return await work.packs.find(wanted)


async def trace_pack(pack_id: PackId, *, actor: Actor, unit: Unit[JourneyWork], clock: Clock) -> PackTrace:
    """Gather a pack's life for one reader, as far as the reader's sight goes.

    Raises:
        PackUnknown: there is no such pack, or nothing of it is this actor's to see.
    """
    sight = await sight_of(pack_id, actor=actor, unit=unit, clock=clock)
    # Asked within the reader's own reach, the database leaves out what it does not show to this organisation.
    async with unit(actor) as work:
        shown = {one.event_id for one in await work.histories.entries(pack_id)}
    # The seals cover every entry, also those this reader may not read: the system checks them and tells the result.
    async with unit(on_behalf_of(actor)) as work:
        pack = await work.packs.one(pack_id)
        head = await work.histories.head(pack_id)
        entries = await work.histories.entries(pack_id)
        in_sight = [one for one in entries if one.event_id in shown and sight.shows(one)]
        passports = tuple(
            [
                replace(one, attributes=(await present_attributes(one, work=work))[0])
                for one in await work.passports.of_pack(pack_id)
            ]
        )
        edges = {edge for passport in passports for edge in await work.passports.edges(passport.passport_id)}
        found = PackTrace(
            pack=pack,
            head=head,
            identifiers=await work.packs.identifiers(pack_id),
            passports=passports,
            edges=tuple(sorted(edges, key=lambda edge: (edge.from_passport, edge.to_passport))),
            entries=tuple(sorted(in_sight, key=_as_it_happened)),
            hidden_entries=len(entries) - len(in_sight),
            broken=_first_broken(entries, head),
            receptions=await work.receptions.of_pack(pack_id),
            certificates=await work.certificates.of_pack(pack_id),
            labels=await work.printed_labels.of_pack(pack_id),
            services=(),
            attributes={},
        )
    if sight.tier is not None:
        return _by_grant(found, sight.tier)
    async with unit(actor) as work:
        holders = dict.fromkeys([*(one.holder for one in entries), pack.holder])
        return replace(found, services=await _services(pack, tuple(holders), actor=actor, work=work))


def _by_grant(found: PackTrace, tier: Tier) -> PackTrace:
    """Leave what a grant shows: no reception with its applicant, and no attribute above the reader's tier."""
    in_force = [passport for passport in found.passports if passport.state is PassportState.ACTIVE]
    return replace(
        found,
        entries=tuple(replace(one, payload=_payload_for(one.payload, tier)) for one in found.entries),
        passports=tuple(replace(one, attributes=visible(one.attributes, tier)) for one in found.passports),
        receptions=(),
        attributes=visible(in_force[-1].attributes, tier) if in_force else {},
    )


def _payload_for(payload: str, tier: Tier) -> str:
    """Leave out what the attributes' table keeps from a tier; an entry that was altered may hold anything."""
    try:
        told = json.loads(payload)
    except ValueError:
        return "{}"
    if not isinstance(told, dict):
        return "{}"
    return canonical_text(
        {name: value for name, value in told.items() if name not in BY_KEY or BY_KEY[name].tier <= tier}
    )


def _as_it_happened(entry: Entry) -> tuple[datetime, int]:
    """A life is told in the order in which it happened; the sequence is the order in which it was recorded."""
    return entry.occurred_at, entry.sequence


def _first_broken(entries: Sequence[Entry], head: Head) -> SealBroken | None:
    try:
        sealing.verify(entries, head)
    except SealBroken as broken:
        return broken
    return None


async def _services(pack: Pack, holders: Sequence[TenantId], *, actor: Actor, work: JourneyWork) -> tuple[Service, ...]:
    """Return what the pack served: to the reader, or to everybody who ever held it for the complex's staff."""
    if not (actor.is_complex or actor.is_tenant):
        return ()
    services = []
    whose = (actor.tenant_id,) if actor.is_tenant else holders
    served = [one for holder in whose for one in await work.assignments.of_pack(holder, pack.pack_id)]
    for assignment in served:
        tenant = assignment.tenant_id
        snapshots = await work.usage_snapshots.of_contract(tenant, assignment.contract_id, limit=MONTHS_SHOWN_MAX)
        invoices = [
            invoice
            for snapshot in snapshots
            if (invoice := await work.invoices.of_month(tenant, assignment.contract_id, snapshot.usage.month))
        ]
        services.append(
            Service(
                contract=await work.contracts.one(tenant, assignment.contract_id),
                assignment=assignment,
                snapshots=snapshots,
                invoices=tuple([await work.invoices.one(tenant, invoice.invoice_id) for invoice in invoices]),
            )
        )
    return tuple(services)


async def list_packs(
    actor: Actor, *, after: PackId | None, limit: int, unit: Unit[JourneyWork], clock: Clock
) -> tuple[Pack, ...]:
    """Return packs, newest first: a tenant's own, those granted, or all for the complex's and a body's staff."""
    actor.require(*COMPLEX_STAFF, *BODY_STAFF, *TENANT_STAFF, *GRANTED)
    if actor.role in GRANTED:
        async with unit(actor) as work:
            open_to = await work.grants.packs_open_to(actor.tenant_id, now=clock.now(), after=after, limit=limit)
        async with unit(on_behalf_of(actor)) as work:  # the packs themselves are not in a grant's reach
            return tuple([await work.packs.one(pack_id) for pack_id in open_to])
    async with unit(actor) as work:
        return await work.packs.page(holder=actor.tenant_id if actor.is_tenant else None, after=after, limit=limit)


async def states_of(packs: Sequence[Pack], *, actor: Actor, unit: Unit[JourneyWork]) -> Mapping[PackId, PackState]:
    """Return where packs stand that the actor was shown."""
    async with unit(on_behalf_of(actor)) as work:
        return await work.histories.states([pack.pack_id for pack in packs])
