"""Signatures on an assessment: review (검토), the release of a hold (보류 해제) and approval (승인)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.certification.errors import AssessmentBroken, HoldStays, NotHeld, OwnWork, ProtocolChanged
from domain.certification.judging import Context, judge, said_by
from domain.certification.model import (
    Assessment,
    DecisionRule,
    Disposition,
    HoldRelease,
    Judgement,
    Meaning,
    Reception,
    ReceptionState,
    Report,
    Signature,
    Signed,
    TestRun,
    Verdict,
)
from domain.certification.ports import CertificationWork
from domain.certification.protocol import Protocol
from domain.certification.spelling import assessment_text, hold_release_text
from domain.certification.usecases.moving import because, held, moved
from domain.shared.actor import Actor, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import Ids, PackId, PersonId, ReceptionId
from domain.shared.time import Clock, seoul_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is signed: its kind, identifier and hash, and what the signature says."""

    kind: Signed
    subject_id: UUID
    sha256: str
    meaning: Meaning


def of_assessment(assessment: Assessment, meaning: Meaning) -> Subject:
    """Return what a signature on a judgement binds."""
    text_sha256 = sha256(assessment_text(assessment)).hex()
    return Subject(kind=Signed.ASSESSMENT, subject_id=assessment.assessment_id, sha256=text_sha256, meaning=meaning)


def of_release(assessment: Assessment, release: HoldRelease) -> Subject:
    """Return what a signature on a hold's release binds."""
    return Subject(
        kind=Signed.HOLD_RELEASE,
        subject_id=assessment.assessment_id,
        sha256=sha256(hold_release_text(assessment, release)).hex(),
        meaning=Meaning.HOLD_RELEASE,
    )


def of_report(report: Report) -> Subject:
    """Return what a signature on a report binds: its content as it is printed."""
    return Subject(
        kind=Signed.REPORT, subject_id=report.report_id, sha256=sha256(report.content).hex(), meaning=Meaning.ISSUE
    )


def whose_work(reception: Reception, runs: Sequence[TestRun], assessment: Assessment | None) -> tuple[PersonId, ...]:
    """Return who received, measured and judged, each once, in order."""
    judged = () if assessment is None else (assessment.judged_by,)
    told = (run.told.said_by for run in runs if run.told is not None)
    return tuple(dict.fromkeys([reception.received_by, *(run.recorded_by for run in runs), *told, *judged]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A wish to sign a reception's last assessment."""

    actor: Actor
    reception_id: ReceptionId


async def review(wish: Sign, *, work: CertificationWork, ids: Ids, clock: Clock) -> Signature:
    """Sign a reception's last assessment as reviewed (검토), whatever it says, as a person who did none of its work.

    Raises:
        RoleNotEnough: the actor is no reviewer.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        OwnWork: the actor received the pack, entered a result or judged it.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is not judged, or reviewed already.
    """
    wish.actor.require(Role.REVIEWER)
    wish.actor.require_confirmed(clock.now())
    reception = await held(wish.actor, wish.reception_id, work, ReceptionState.TESTED)
    assessment = await work.assessments.latest(reception)
    runs = await work.test_runs.of_reception(reception)
    signature = await sign(
        wish.actor,
        reception,
        of_assessment(assessment, Meaning.REVIEW),
        entered_by=whose_work(reception, runs, assessment),
        work=work,
        ids=ids,
        now=clock.now(),
    )
    await moved(wish.actor, reception, ReceptionState.REVIEWED, work=work, now=signature.signed_at)
    return signature


@dataclass(frozen=True, slots=True, kw_only=True)
class SignWithReason:
    """A wish to take a reception a step that must say why."""

    actor: Actor
    reception_id: ReceptionId
    reason: str


async def release_hold(
    wish: SignWithReason, *, work: CertificationWork, protocol: Protocol, ids: Ids, clock: Clock
) -> Signature:
    """Sign that a held unit may go on to reuse after all, and why (보류 해제); this is its review.

    What the rules asked to be looked at counts as looked at. What failed or is missing holds as before.

    Raises:
        RoleNotEnough: the actor is no reviewer.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        ReasonMissing: nothing says why.
        OwnWork: the actor received the pack, entered a result or judged it.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is not judged, or reviewed already.
        NotHeld: the judgement says something else than hold.
        ProtocolChanged: it was judged by a protocol that is no longer in force.
        HoldStays: something was not assessed, or no grade is reached.
    """
    wish.actor.require(Role.REVIEWER)
    wish.actor.require_confirmed(clock.now())
    reason = because(wish.reason)
    reception = await held(wish.actor, wish.reception_id, work, ReceptionState.TESTED)
    assessment = await work.assessments.latest(reception)
    runs = await work.test_runs.of_reception(reception)
    now = clock.now()
    release = HoldRelease(
        pack_id=reception.pack_id,
        assessment_id=assessment.assessment_id,
        reception_id=reception.reception_id,
        tenant_id=reception.tenant_id,
        reason=reason,
        judgement=_released(reception, runs, assessment, protocol),
        released_by=wish.actor.person_id,
        released_by_name=wish.actor.name,
        released_at=now,
    )
    signature = await sign(
        wish.actor,
        reception,
        of_release(assessment, release),
        entered_by=whose_work(reception, runs, assessment),
        work=work,
        ids=ids,
        now=now,
    )
    await work.signatures.release(release)
    await moved(wish.actor, reception, ReceptionState.REVIEWED, work=work, now=now, reason=reason)
    return signature


def _released(reception: Reception, runs: Sequence[TestRun], assessment: Assessment, protocol: Protocol) -> Judgement:
    """Judge the same runs on the same day with what asked for a look counted as looked at."""
    held = assessment.judgement
    if held.disposition is not Disposition.HOLD_REVIEW:
        raise NotHeld(disposition=held.disposition.value)
    if held.protocol_sha256 != protocol.sha256:
        raise ProtocolChanged(judged=f"{held.protocol_id} {held.protocol_version}")
    rested_on = [one for run in runs if run.test_run_id in assessment.run_ids for one in run.measurements]
    context = Context(
        facts=reception.facts,
        today=seoul_day(assessment.judged_at),
        rule=held.decision_rule or DecisionRule.SIMPLE,
    )
    judgement = judge(protocol, rested_on, context, released=True)
    if judgement.disposition is not Disposition.REUSE:
        missing = [test.test_id for test in judgement.tests if Verdict.NOT_ASSESSED in said_by(test)]
        raise HoldStays(tests=", ".join(missing) or "-")
    return judgement


async def approve(wish: Sign, *, work: CertificationWork, ids: Ids, clock: Clock) -> Signature:
    """Sign a reception's reviewed assessment as approved (승인), as a third person.

    Raises:
        RoleNotEnough: the actor is no approver.
        ConfirmationNeeded: they did not prove within five minutes who they are.
        OwnWork: the actor received the pack, entered a result, judged or reviewed it.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: it is not reviewed, or approved already.
        AssessmentBroken: the stored assessment is not the one that was reviewed.
    """
    wish.actor.require(Role.APPROVER)
    wish.actor.require_confirmed(clock.now())
    reception = await held(wish.actor, wish.reception_id, work, ReceptionState.REVIEWED)
    assessment = await work.assessments.latest(reception)
    reviewed = await review_of(assessment, work)
    if reviewed is None:
        raise AssessmentBroken
    runs = await work.test_runs.of_reception(reception)
    signature = await sign(
        wish.actor,
        reception,
        of_assessment(assessment, Meaning.APPROVAL),
        entered_by=(*whose_work(reception, runs, assessment), reviewed.signed_by),
        work=work,
        ids=ids,
        now=clock.now(),
    )
    await moved(wish.actor, reception, ReceptionState.APPROVED, work=work, now=signature.signed_at)
    return signature


async def review_of(assessment: Assessment, work: CertificationWork) -> Signature | None:
    """Return the review of exactly this assessment, which for a released hold is the release's signature."""
    release = await work.signatures.released(assessment)
    subject = of_assessment(assessment, Meaning.REVIEW) if release is None else of_release(assessment, release)
    return await signature_on(subject, assessment.pack_id, work)


async def signature_on(subject: Subject, pack_id: PackId, work: CertificationWork) -> Signature | None:
    """Return the signature of a meaning that is bound to exactly this text."""
    for signature in await work.signatures.of_subject(pack_id, subject.subject_id):
        if (signature.meaning, signature.subject_sha256) == (subject.meaning, subject.sha256):
            return signature
    return None


async def sign(
    actor: Actor,
    reception: Reception,
    subject: Subject,
    *,
    entered_by: tuple[PersonId, ...],
    work: CertificationWork,
    ids: Ids,
    now: datetime,
) -> Signature:
    """Bind a person's signature to a text, and store it.

    Raises:
        OwnWork: the text holds work of theirs.
    """
    if actor.person_id in entered_by:
        raise OwnWork
    signature = Signature(
        signature_id=ids.new(),
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        reception_id=reception.reception_id,
        subject_type=subject.kind,
        subject_id=subject.subject_id,
        subject_sha256=subject.sha256,
        meaning=subject.meaning,
        signed_by=actor.person_id,
        printed_name=actor.name,
        entered_by=entered_by,
        signed_at=now,
    )
    await work.signatures.add(signature)
    return signature
