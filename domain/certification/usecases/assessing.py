"""A reception's results judged by its protocol (판정)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.certification.completeness import KNOWN_WHEN_JUDGED, missing_items, refuse
from domain.certification.errors import AssessmentUnknown, RunEquipmentMissing
from domain.certification.judging import Context, judge
from domain.certification.model import Assessment, DecisionRule, Reception, ReceptionState, TestRun
from domain.certification.ports import CertificationWork
from domain.certification.printing import bench_content
from domain.certification.protocol import Protocol
from domain.certification.usecases.devices import devices_of
from domain.certification.usecases.moving import held, moved
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import Ids, ReceptionId
from domain.shared.time import Clock, seoul_day


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeReception:
    """A wish to judge what was measured. `rule`, `lots` and `site_ip_code` as in `judging.Context`."""

    actor: Actor
    reception_id: ReceptionId
    rule: DecisionRule = DecisionRule.SIMPLE
    lots: Mapping[str, tuple[Decimal, ...]] | None = None
    site_ip_code: str | None = None


async def judge_reception(
    wish: JudgeReception, *, work: CertificationWork, protocol: Protocol, ids: Ids, clock: Clock
) -> Assessment:
    """Judge a reception's results by a protocol; the assessment stands beside earlier ones.

    Raises:
        RoleNotEnough: the actor is no tester.
        ReceptionUnknown: there is no such reception, or it is another body's.
        ReceptionMoved: nothing was measured since the last judgement, or it is approved already.
        RunEquipmentMissing: a run names no equipment; it is said beside the run.
        ReportIncomplete: the bench has not said yet what the report must say.
    """
    wish.actor.require(Role.TESTER)
    reception = await held(wish.actor, wish.reception_id, work, ReceptionState.UNDER_TEST)
    runs = await work.test_runs.of_reception(reception)
    unsaid = [str(run.sequence) for run in runs if run.lacks_equipment]
    if unsaid:
        raise RunEquipmentMissing(runs=", ".join(unsaid))
    # What only the bench can supply is asked for while it still can: after the approval nothing is added any more.
    printed = bench_content(reception, runs, await devices_of(reception, runs, work))
    refuse(missing_items(printed, among=KNOWN_WHEN_JUDGED))
    now = clock.now()
    context = Context(
        facts=reception.facts,
        today=seoul_day(now),
        rule=wish.rule,
        lots=wish.lots or {},
        site_ip_code=wish.site_ip_code,
    )
    assessment = Assessment(
        assessment_id=ids.new(),
        reception_id=reception.reception_id,
        pack_id=reception.pack_id,
        tenant_id=reception.tenant_id,
        sequence=await _next_sequence(reception, runs, work),
        run_ids=tuple(run.test_run_id for run in runs),
        judgement=judge(protocol, [one for run in runs for one in run.measurements], context),
        judged_by=wish.actor.person_id,
        judged_by_name=wish.actor.name,
        judged_at=now,
    )
    await work.assessments.add(assessment)
    await moved(wish.actor, reception, ReceptionState.TESTED, work=work, now=now)
    return assessment


async def _next_sequence(reception: Reception, runs: Sequence[TestRun], work: CertificationWork) -> int:
    """Count an assessment by the runs it rests on; beyond the last one where it was returned with nothing added."""
    try:
        last = await work.assessments.latest(reception)
    except AssessmentUnknown:
        return runs[-1].sequence
    return max(runs[-1].sequence, last.sequence + 1)
