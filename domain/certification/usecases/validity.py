"""A certificate's suspension, its lifting, and its end."""

from dataclasses import dataclass, replace

from domain.certification.errors import CertificateMoved, CertificateRunOut, CertificateUnknown, OwnSuspension
from domain.certification.model import Certificate, CertificateStatus
from domain.certification.ports import CertificationWork
from domain.certification.usecases.moving import REASON_LENGTH_MAX
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import CertificateId, PersonId
from domain.shared.time import Clock, seoul_day


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCertificate:
    """A wish to suspend or revoke a certificate, and why."""

    actor: Actor
    certificate_id: CertificateId
    reason: str


async def suspend(wish: ChangeCertificate, *, work: CertificationWork, clock: Clock) -> Certificate:
    """Suspend a valid certificate; deployment stops at once.

    Raises:
        RoleNotEnough: the actor is no approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        CertificateUnknown: there is none, or it is another body's.
        CertificateMoved: it is not valid.
    """
    return await _changed(wish, (CertificateStatus.VALID,), CertificateStatus.SUSPENDED, work, clock)


async def revoke(wish: ChangeCertificate, *, work: CertificationWork, clock: Clock) -> Certificate:
    """Revoke a valid or suspended certificate for ever.

    Raises:
        RoleNotEnough: the actor is no approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        CertificateUnknown: there is none, or it is another body's.
        CertificateMoved: it is revoked or superseded already.
    """
    standing = (CertificateStatus.VALID, CertificateStatus.SUSPENDED)
    return await _changed(wish, standing, CertificateStatus.REVOKED, work, clock)


async def reinstate(
    wish: ChangeCertificate, *, suspended_by: PersonId | None, work: CertificationWork, clock: Clock
) -> Certificate:
    """Lift a certificate's suspension, as another person than the one who imposed it.

    Raises:
        RoleNotEnough: the actor is neither reviewer nor approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        CertificateUnknown: there is none, or it is another body's.
        CertificateMoved: it is not suspended.
        CertificateRunOut: its last day is over.
        OwnSuspension: the actor suspended it.
    """
    wish.actor.require(Role.REVIEWER, Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    certificate = await _own(wish, (CertificateStatus.SUSPENDED,), work)
    if seoul_day(clock.now()) > certificate.valid_until:
        raise CertificateRunOut(valid_until=certificate.valid_until.isoformat())
    if suspended_by == wish.actor.person_id:
        raise OwnSuspension
    return await _to(certificate, CertificateStatus.VALID, wish, work, clock)


async def _changed(
    wish: ChangeCertificate,
    allowed: tuple[CertificateStatus, ...],
    to: CertificateStatus,
    work: CertificationWork,
    clock: Clock,
) -> Certificate:
    wish.actor.require(Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    return await _to(await _own(wish, allowed, work), to, wish, work, clock)


async def _own(wish: ChangeCertificate, allowed: tuple[CertificateStatus, ...], work: CertificationWork) -> Certificate:
    certificate = await work.certificates.one(wish.certificate_id)
    if certificate.tenant_id != wish.actor.tenant_id:
        raise CertificateUnknown
    if certificate.status not in allowed:
        raise CertificateMoved(status=certificate.status.value)
    return certificate


async def _to(
    certificate: Certificate, to: CertificateStatus, wish: ChangeCertificate, work: CertificationWork, clock: Clock
) -> Certificate:
    reason = wish.reason[:REASON_LENGTH_MAX]
    await work.certificates.change(certificate, to=to, reason=reason, at=clock.now())
    return replace(certificate, status=to, status_reason=reason)
