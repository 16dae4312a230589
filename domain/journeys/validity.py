"""The moment a certificate ends or comes back, everything that depends on it knows: one way for every cause.

Its pack's assignment, and with it the capacity fee; the sealed history; the lists that verifiers read, which are made
of the certificate's status; and whoever waits for the outbox. Passport, contract and verification pages ask for the
present standing each time and keep nothing of their own.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from domain.certification.errors import CertificateMoved, CertificateUnknown
from domain.certification.model import Certificate, CertificateStatus, Disposition, IssuedDocument, Reception
from domain.certification.reinspection import ends_by_rule
from domain.certification.usecases import validity
from domain.journeys.contract_started import facts_of
from domain.journeys.ports import JourneyWork
from domain.passport import usecases as passport
from domain.passport.model import BatteryStatus, Entry, EntryKind, Fact, Pack, PackState, PassportState
from domain.shared.actor import BODY_STAFF, Actor, on_behalf_of, system_actor
from domain.shared.canonical import Canonical
from domain.shared.identifiers import CertificateId, Ids, PackId, PersonId
from domain.shared.time import Clock, day_start, seoul_day
from domain.shared.unit import Unit
from domain.subscription import usecases as subscription
from domain.subscription.model import Assignment

CERTIFICATE_ENDED = "certificate.ended"
CERTIFICATE_REINSTATED = "certificate.reinstated"
EXPIRED_REASON = "유효기간 만료 · the last day is over"


JUDGED: Mapping[Disposition, tuple[str, str]] = MappingProxyType(
    {
        Disposition.QUARANTINE: ("격리", "quarantine"),
        Disposition.RECYCLE: ("재활용", "recycle"),
        Disposition.HOLD_REVIEW: ("보류", "held"),
    }
)
"""What a later judgement that ends a certificate is called in its reason."""


class How(StrEnum):
    """How a certificate stops being one to rely on."""

    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


async def tell_end(
    certificate: Certificate,
    how: How,
    *,
    reason: str,
    at: datetime,
    actor: Actor,
    work: JourneyWork,
    ids: Ids,
    clock: Clock,
    successor: Certificate | None = None,
) -> tuple[Assignment, ...]:
    """Tell everything that depends on a certificate that it has ended; the status itself is changed already.

    Where a new certificate takes its place at the same instant, service goes on under that one and no fee stops;
    else what the pack serves is suspended from `at` on. Returns the assignments that changed.
    """
    pack = await work.packs.one(certificate.pack_id)
    changed: tuple[Assignment, ...] = ()
    if pack.contract_id is not None and successor is None:
        changed = await subscription.suspend_assignments_of(
            subscription.SuspendAssignments(actor=actor, tenant_id=pack.holder, pack_id=pack.pack_id, at=at), work=work
        )
    particulars: dict[str, Canonical] = {"certificate": certificate.number, "how": how.value, "reason": reason}
    if successor is not None:
        particulars["successor"] = successor.number
    entry = await _record(
        pack,
        EntryKind.CERTIFICATE_ENDED,
        particulars,
        actor=actor,
        at=min(at, clock.now()),
        work=work,
        ids=ids,
        clock=clock,
    )
    await _put(CERTIFICATE_ENDED, certificate, pack, entry, {"how": how.value}, work=work, ids=ids, now=clock.now())
    return changed


async def suspend_by_rule(
    reception: Reception, disposition: Disposition, *, work: JourneyWork, ids: Ids, clock: Clock
) -> Certificate | None:
    """Suspend the certificate of a unit that was inspected again and not found fit for reuse; None where none stands.

    The rule does it, not who judged: the suspension is the system's, and whoever may lift one may lift it. A
    certificate of another body is suspended as well, for at most one stands and it says that the unit is safe.
    """
    standing = await work.certificates.standing(reception.pack_id)
    if standing is None or not ends_by_rule(standing, disposition):
        return None
    now = clock.now()
    ko, en = JUDGED[disposition]
    reason = f"재검사 {reception.number} 판정: {ko} · re-inspection {reception.number}: {en}"
    await work.certificates.change(standing, to=CertificateStatus.SUSPENDED, reason=reason, at=now)
    suspended = replace(standing, status=CertificateStatus.SUSPENDED, status_reason=reason)
    await tell_end(
        suspended,
        How.SUSPENDED,
        reason=reason,
        at=now,
        actor=system_actor(reception.tenant_id),
        work=work,
        ids=ids,
        clock=clock,
    )
    return suspended


async def tell_in_force(
    certificate: Certificate, *, actor: Actor, work: JourneyWork, ids: Ids, clock: Clock
) -> tuple[PackState, tuple[Assignment, ...]]:
    """Let a pack go on under a certificate that holds from now on; return what it goes on as, and its assignments.

    Needs a transaction that reaches the tenant's contract.
    """
    pack = await work.packs.one(certificate.pack_id)
    gone_on: tuple[Assignment, ...] = ()
    facts = facts_of(certificate)
    tripped = await work.alarms.blocks(pack.pack_id)  # what an alarm stopped, no certificate starts again
    if pack.contract_id is not None and facts is not None and not tripped:
        gone_on = await subscription.go_on_under(
            subscription.GoOn(
                actor=actor, tenant_id=pack.holder, pack_id=pack.pack_id, at=clock.now(), certificate=facts
            ),
            work=work,
            ids=ids,
        )
    if gone_on:
        return PackState.IN_SERVICE, gone_on
    in_force = [one for one in await work.passports.of_pack(pack.pack_id) if one.state is PassportState.ACTIVE]
    second = any(one.battery_status is BatteryStatus.REPURPOSED for one in in_force)
    return (PackState.SECOND_LIFE if second else PackState.CERTIFIED), gone_on


async def _record(
    pack: Pack,
    kind: EntryKind,
    particulars: Mapping[str, Canonical],
    *,
    actor: Actor,
    at: datetime,
    work: JourneyWork,
    ids: Ids,
    clock: Clock,
) -> Entry:
    return await passport.record(
        pack.pack_id,
        Fact(kind=kind, occurred_at=at, particulars=particulars),
        actor=actor,
        holder=pack.holder,
        work=work,
        ids=ids,
        clock=clock,
    )


async def _put(
    topic: str,
    certificate: Certificate,
    pack: Pack,
    entry: Entry,
    more: Mapping[str, Canonical],
    *,
    work: JourneyWork,
    ids: Ids,
    now: datetime,
) -> None:
    await work.outbox.put(
        message_id=ids.new(),
        topic=topic,
        key=f"{certificate.certificate_id}:{entry.sequence}",
        payload={
            "certificate": certificate.number,
            "pack_id": str(pack.pack_id),
            "tenant_id": pack.holder,
            "contract_id": None if pack.contract_id is None else str(pack.contract_id),
            **more,
        },
        now=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCertificate:
    """A certificate that may no longer be relied on: for now (`suspended`) or for ever (`revoked`)."""

    actor: Actor
    certificate_id: CertificateId
    how: Literal["suspended", "revoked"]
    reason: str


async def end_certificate(wish: EndCertificate, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> Certificate:
    """Suspend or revoke a certificate; the pack's service is suspended at the same instant, and its fee stops.

    A suspended one may be revoked, also while its pack is being inspected again.

    Raises:
        CertificateUnknown: there is none, or it is another body's.
        CertificateMoved: its status does not allow it.
    """
    change = validity.suspend if wish.how == "suspended" else validity.revoke
    # Ending a certificate stops a tenant's service, which lies beyond the inspection body's own reach.
    async with unit(on_behalf_of(wish.actor)) as work:
        certificate = await change(
            validity.ChangeCertificate(actor=wish.actor, certificate_id=wish.certificate_id, reason=wish.reason),
            work=work,
            clock=clock,
        )
        await tell_end(
            certificate,
            How(wish.how),
            reason=certificate.status_reason,
            at=clock.now(),
            actor=wish.actor,
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinstateCertificate:
    """A suspended certificate that may be relied on again, and why."""

    actor: Actor
    certificate_id: CertificateId
    reason: str


async def reinstate_certificate(
    wish: ReinstateCertificate, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock
) -> Certificate:
    """Lift a suspension, as another person than the one who imposed it; what the pack served goes on from now.

    Raises:
        RoleNotEnough: the actor is neither reviewer nor approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        CertificateUnknown: there is none, or it is another body's.
        CertificateMoved: it is not suspended.
        CertificateRunOut: its last day is over.
        OwnSuspension: the actor suspended it.
    """
    async with unit(on_behalf_of(wish.actor)) as work:
        certificate = await work.certificates.one(wish.certificate_id)
        certificate = await validity.reinstate(
            validity.ChangeCertificate(actor=wish.actor, certificate_id=wish.certificate_id, reason=wish.reason),
            suspended_by=_ended_by(await work.histories.entries(certificate.pack_id), certificate),
            work=work,
            clock=clock,
        )
        state, gone_on = await tell_in_force(certificate, actor=wish.actor, work=work, ids=ids, clock=clock)
        pack = await work.packs.one(certificate.pack_id)
        entry = await _record(
            pack,
            EntryKind.CERTIFICATE_REINSTATED,
            {"certificate": certificate.number, "reason": certificate.status_reason, "goes_on_as": state.value},
            actor=wish.actor,
            at=clock.now(),
            work=work,
            ids=ids,
            clock=clock,
        )
        more: dict[str, Canonical] = {"goes_on": len(gone_on)}
        await _put(CERTIFICATE_REINSTATED, certificate, pack, entry, more, work=work, ids=ids, now=clock.now())
        await work.commit()
    return certificate


def _ended_by(entries: Iterable[Entry], certificate: Certificate) -> PersonId | None:
    """Return who ended a certificate last, by the pack's history; None where no entry says it."""
    for entry in sorted(entries, key=lambda one: one.sequence, reverse=True):
        if entry.kind is EntryKind.CERTIFICATE_ENDED and _told(entry).get("certificate") == certificate.number:
            return entry.actor_id
    return None


def _told(entry: Entry) -> Mapping[str, Canonical]:
    try:
        told = json.loads(entry.payload)
    except ValueError:
        return {}  # an altered entry may hold anything; its seal is told as broken elsewhere
    return told if isinstance(told, Mapping) else {}


async def expire(certificate: Certificate, *, unit: Unit[JourneyWork], ids: Ids, clock: Clock) -> bool:
    """End a certificate whose last day is over; say False when another did it meanwhile.

    What its pack serves is suspended from the first instant after that day, however late this runs.
    """
    now = clock.now()
    if seoul_day(now) <= certificate.valid_until:
        return False
    actor = system_actor(certificate.tenant_id)
    ended_at = day_start(certificate.valid_until + timedelta(days=1))
    async with unit(actor) as work:
        try:
            await work.certificates.change(
                certificate, to=CertificateStatus.EXPIRED, reason=EXPIRED_REASON, at=ended_at
            )
        except CertificateMoved:
            return False  # suspended, revoked or expired by somebody else since it was read: nothing is left to do
        await tell_end(
            certificate,
            How.EXPIRED,
            reason=EXPIRED_REASON,
            at=ended_at,
            actor=actor,
            work=work,
            ids=ids,
            clock=clock,
        )
        await work.commit()
    return True


async def run_out_page(
    *, today: date, after: CertificateId | None, limit: int, actor: Actor, unit: Unit[JourneyWork]
) -> tuple[Certificate, ...]:
    """Return standing certificates whose last day is over, a page at a time."""
    async with unit(actor) as work:
        return await work.certificates.run_out(before=today, after=after, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFile:
    """A certificate with its whole story, as its body's staff see it.

    `story` are the history entries that name it, oldest first; `documents` the report behind it and its own PDF.
    `may_reinstate` is False for the one who suspended it.
    """

    certificate: Certificate
    changed_at: datetime
    reception: Reception
    pack: Pack
    state: PackState
    story: tuple[Entry, ...]
    report: IssuedDocument
    successor: Certificate | None
    former: tuple[Certificate, ...]
    may_reinstate: bool


async def open_certificate(actor: Actor, certificate_id: CertificateId, *, unit: Unit[JourneyWork]) -> CertificateFile:
    """Show a certificate to the staff of its body.

    Raises:
        CertificateUnknown: there is none, or it is another body's.
    """
    actor.require(*BODY_STAFF)
    async with unit(actor) as work:
        certificate = await work.certificates.one(certificate_id)
        if certificate.tenant_id != actor.tenant_id:
            raise CertificateUnknown
        entries = await work.histories.entries(certificate.pack_id)
        names = (certificate.number, str(certificate.certificate_id))
        story = tuple(one for one in entries if any(value in names for value in _told(one).values()))
        family = await work.certificates.of_pack(certificate.pack_id)
        return CertificateFile(
            certificate=certificate,
            changed_at=await work.certificates.changed_at(certificate),
            reception=await work.receptions.one(certificate.reception_id),
            pack=await work.packs.one(certificate.pack_id),
            state=(await work.histories.states([certificate.pack_id]))[certificate.pack_id],
            story=story,
            report=await work.issued_documents.numbered(certificate.report_number),
            successor=successor_of(certificate, family),
            former=tuple(one for one in family if one.issued_at < certificate.issued_at),
            may_reinstate=_ended_by(entries, certificate) != actor.person_id,
        )


def successor_of(certificate: Certificate, family: Iterable[Certificate]) -> Certificate | None:
    """Return the certificate that was issued next for the same pack; None where none was."""
    later = sorted(
        (one for one in family if one.issued_at > certificate.issued_at),
        key=lambda one: (one.issued_at, one.certificate_id),
    )
    return later[0] if later else None


async def certificate_of_pack(pack_id: PackId, *, work: JourneyWork) -> Certificate | None:
    """Return the certificate that speaks for a pack at present: the standing one, else the last one issued."""
    standing = await work.certificates.standing(pack_id)
    if standing is not None:
        return standing
    family = await work.certificates.of_pack(pack_id)
    return family[-1] if family else None
