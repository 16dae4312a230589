"""A reception sent back, closed without a report, or its report withdrawn or amended; each says why."""

from dataclasses import replace

from domain.certification.errors import CertificateStands, OwnWork, ReceptionMoved
from domain.certification.model import Reception, ReceptionState, WithdrawnDocument
from domain.certification.ports import CertificationWork
from domain.certification.usecases.moving import MEASURABLE, because, held, moved
from domain.certification.usecases.signing import SignWithReason, whose_work
from domain.shared.actor import Actor, Role
from domain.shared.time import Clock


async def send_back(wish: SignWithReason, *, work: CertificationWork, clock: Clock) -> Reception:
    """Return a judged reception to the tester, and say why (반려): the reviewer its judgement, the approver its review.

    Raises:
        RoleNotEnough: the actor is neither reviewer nor approver.
        ReasonMissing: nothing says why.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it does not wait for this person's signature.
    """
    wish.actor.require(Role.REVIEWER, Role.APPROVER)
    reason = because(wish.reason)
    waits = ReceptionState.TESTED if wish.actor.role is Role.REVIEWER else ReceptionState.REVIEWED
    reception = await held(wish.actor, wish.reception_id, work, waits)
    await moved(wish.actor, reception, ReceptionState.UNDER_TEST, work=work, now=clock.now(), reason=reason)
    return replace(reception, state=ReceptionState.UNDER_TEST)


async def refuse(wish: SignWithReason, *, work: CertificationWork, clock: Clock) -> Reception:
    """Close a reception before anything was tested, and say why the unit is not accepted (접수 거부).

    Raises:
        RoleNotEnough: the actor is no tester.
        ReasonMissing: nothing says why.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: testing has begun, or it is closed.
    """
    return await _closed(wish, (ReceptionState.RECEIVED,), ReceptionState.REFUSED, work=work, clock=clock)


async def release(wish: SignWithReason, *, work: CertificationWork, clock: Clock) -> Reception:
    """Close a reception without a report, since the applicant takes the unit back, and say why (반환).

    Raises:
        RoleNotEnough: the actor is no tester.
        ReasonMissing: nothing says why.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is approved already, or closed.
    """
    return await _closed(wish, MEASURABLE, ReceptionState.RELEASED, work=work, clock=clock)


async def _closed(
    wish: SignWithReason,
    allowed: tuple[ReceptionState, ...],
    to: ReceptionState,
    *,
    work: CertificationWork,
    clock: Clock,
) -> Reception:
    wish.actor.require(Role.TESTER)
    reason = because(wish.reason)
    reception = await held(wish.actor, wish.reception_id, work, *allowed)
    await moved(wish.actor, reception, to, work=work, now=clock.now(), reason=reason)
    return replace(reception, state=to)


async def withdraw(wish: SignWithReason, *, work: CertificationWork, clock: Clock) -> Reception:
    """Withdraw an issued report, and say why (성적서 철회); no certificate may stand on it any more.

    Raises:
        RoleNotEnough: the actor is no approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        ReasonMissing: nothing says why.
        OwnWork: the actor received the pack, entered a result or judged it.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: nothing is issued, or it is withdrawn already.
        CertificateStands: the certificate on it still stands.
    """
    wish.actor.require(Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    reason = because(wish.reason)
    reception = await held(wish.actor, wish.reception_id, work, ReceptionState.ISSUED, ReceptionState.AMENDED)
    runs = await work.test_runs.of_reception(reception)
    if wish.actor.person_id in whose_work(reception, runs, await work.assessments.latest(reception)):
        raise OwnWork
    standing = await work.certificates.standing(reception.pack_id)
    if standing is not None and standing.reception_id == reception.reception_id:
        raise CertificateStands(number=standing.number)
    now = clock.now()
    report = await work.reports.of_reception(reception)
    amended = [one.report for one in await work.amendments.of_reception(reception)]
    for one in (*(() if report is None else (report,)), *amended):
        await work.issued_documents.withdraw(
            WithdrawnDocument(
                pack_id=one.pack_id,
                tenant_id=one.tenant_id,
                subject_id=one.report_id,
                number=one.number,
                reason=reason,
                withdrawn_at=now,
            )
        )
    await moved(wish.actor, reception, ReceptionState.WITHDRAWN, work=work, now=now, reason=reason)
    return replace(reception, state=ReceptionState.WITHDRAWN)


async def mark_amended(
    actor: Actor, reception: Reception, *, reason: str, work: CertificationWork, clock: Clock
) -> None:
    """Note that a reception's report was replaced by an amended one.

    Raises:
        ReceptionMoved: nothing is issued, or it was withdrawn.
    """
    if reception.state not in (ReceptionState.ISSUED, ReceptionState.AMENDED):
        raise ReceptionMoved(state=reception.state.value)
    await moved(actor, reception, ReceptionState.AMENDED, work=work, now=clock.now(), reason=reason)
