"""Amended reports: a new document that says what it replaces and why; results are never amended, only tested again.

One person proposes what is set right, and a second one, who did none of the work, approves and issues it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from domain.certification.completeness import require_complete
from domain.certification.errors import NothingAmended, OwnAmendment
from domain.certification.model import Report
from domain.certification.printing import brought_up
from domain.shared.canonical import Canonical, canonical_text
from domain.shared.identifiers import PackId, PersonId, ReceptionId, TenantId
from domain.shared.time import utc_text

TEXT_LENGTH_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """What an amendment sets right: what surrounds the results, never a result. None leaves a text as it was."""

    applicant: str | None = None
    contact: str | None = None
    condition: str | None = None
    place: str | None = None
    ambient: str | None = None
    sampling: str | None = None
    deviations: str | None = None
    external: str | None = None


def corrections_text(corrections: Corrections) -> str:
    """Spell corrections: only what they set right."""
    return canonical_text({name: value for name, value in asdict(corrections).items() if value is not None})


def corrections_of(text: str) -> Corrections:
    """Read corrections."""
    return Corrections(**json.loads(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What somebody wants set right in a report (수정안), kept for ever; the newest one may be approved."""

    draft_id: UUID
    pack_id: PackId
    reception_id: ReceptionId
    tenant_id: TenantId
    amends: str
    reason: str
    corrections: Corrections
    results_affected: bool
    proposed_by: PersonId
    proposed_by_name: str
    proposed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """An amended report. `report` is the new document, whole; `amends` the number of the one that it replaces.

    `amended_by` proposed it and `approved_by` approved it, None where it was amended before that took two.
    """

    report: Report
    amends: str
    reason: str
    results_affected: bool
    amended_by: PersonId
    amended_by_name: str
    draft_id: UUID | None = None
    approved_by: PersonId | None = None
    approved_by_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one correction changes, as the amended report prints it."""

    name_ko: str
    name_en: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a correction stands in what a report prints, in every language, and how it is called there."""

    paths: tuple[tuple[str, ...], ...]
    name_ko: str
    name_en: str


_PLACES: Mapping[str, _Place] = {
    "applicant": _Place(paths=(("applicant", "name"),), name_ko="의뢰자", name_en="applicant"),
    "contact": _Place(paths=(("applicant", "contact"),), name_ko="연락처", name_en="contact"),
    "condition": _Place(paths=(("reception", "condition"),), name_ko="접수 시 상태", name_en="condition on receipt"),
    "place": _Place(paths=(("place_ko",), ("place_en",)), name_ko="시험 장소", name_en="place of test"),
    "ambient": _Place(paths=(("ambient_ko",), ("ambient_en",)), name_ko="환경 조건", name_en="ambient"),
    "sampling": _Place(paths=(("sampling_ko",), ("sampling_en",)), name_ko="시료 채취", name_en="sampling"),
    "deviations": _Place(
        paths=(("deviations_ko",), ("deviations_en",)), name_ko="방법에서 벗어난 사항", name_en="deviations"
    ),
    "external": _Place(
        paths=(("external_ko",), ("external_en",)),
        name_ko="외부 제공 결과",
        name_en="results from external providers",
    ),
}
"""What a person corrects stands under both languages as they wrote it."""

_AFFECTED = (
    "시험 결과에 영향이 있어 이 성적서에 근거한 인증서의 효력을 끝냄 (재시험 필요)",
    "results are affected: the certificate on this report ends, and the unit is to be tested again",
)


def corrected(
    printed: Mapping[str, Canonical], corrections: Corrections, *, results_affected: bool
) -> tuple[dict[str, Canonical], tuple[Change, ...]]:
    """Return what a report prints once it is set right, and what differs.

    Raises:
        NothingAmended: nothing differs from before, and the results are not in doubt either.
        ReportIncomplete: a correction empties what the replaced report said.
    """
    before = brought_up(printed)
    content: dict[str, Canonical] = before
    changes: list[Change] = []
    for name, place in _PLACES.items():
        wanted = getattr(corrections, name)
        stood = _at(content, place.paths[0])
        if wanted is None or wanted == stood:
            continue
        for path in place.paths:
            content = _with(content, path, wanted)
        changes.append(Change(name_ko=place.name_ko, name_en=place.name_en, before=stood, after=wanted))
    if not changes and not results_affected:
        raise NothingAmended
    require_complete(content, replaced=before)
    return content, tuple(changes)


def amended_content(
    printed: Mapping[str, Canonical],
    proposal: Proposal,
    *,
    number: str,
    issued_on: date,
    approved_by_name: str,
    approved_at: datetime,
) -> dict[str, Canonical]:
    """Return what the amended report prints: the old one set right, what stood there before, why, and both persons.

    Args:
        printed: what the report prints that is replaced.
        proposal: what is set right, why, and by whom.
        number: the new report's.
        issued_on: the Seoul day of the new report.
        approved_by_name: who approved it.
        approved_at: when.

    Raises:
        NothingAmended: nothing differs from before, and the results are not in doubt either.
        ReportIncomplete: a correction empties what the replaced report said.

    Source: ISO/IEC 17025:2017, 7.8.8 and 7.5.2
    """
    content, changes = corrected(printed, proposal.corrections, results_affected=proposal.results_affected)
    said = [f"{one.name_ko}: {one.before} → {one.after}" for one in changes]
    affected = [_AFFECTED[0]] if proposal.results_affected else []
    return {
        **content,
        "number": number,
        "issued_on": issued_on.isoformat(),
        "amends": str(printed["number"]),
        "amends_reason": proposal.reason,
        "amends_changes": "; ".join([*said, *affected]),
        "changes": [
            *(
                {"name_ko": one.name_ko, "name_en": one.name_en, "before": one.before, "after": one.after}
                for one in changes
            ),
            *(
                {"name_ko": "결과 영향", "name_en": "results affected", "before": None, "after": " / ".join(_AFFECTED)}
                for _ in affected
            ),
        ],
        "amended_by": [
            {
                "name": proposal.proposed_by_name,
                "at": utc_text(proposal.proposed_at),
                "meaning_ko": "수정",
                "meaning_en": "amended",
            }
        ],
        "amendment_approved_by": [
            {
                "name": approved_by_name,
                "at": utc_text(approved_at),
                "meaning_ko": "수정 승인",
                "meaning_en": "amendment approved",
            }
        ],
    }


def require_second_person(proposal: Proposal, approver: PersonId) -> None:
    """Check that a proposal is approved by another than who made it.

    Raises:
        OwnAmendment: they are the same.
    """
    if proposal.proposed_by == approver:
        raise OwnAmendment


def pending(proposals: Sequence[Proposal], *, standing: str) -> Proposal | None:
    """Return the proposal that may be approved: the newest for the report that stands, by its number."""
    return next((one for one in reversed(proposals) if one.amends == standing), None)


def _at(content: Mapping[str, Canonical], path: Sequence[str]) -> str:
    value: Canonical = content
    for key in path:
        value = value[key] if isinstance(value, Mapping) else None
    return str(value)


def _with(content: Mapping[str, Canonical], path: Sequence[str], value: str) -> dict[str, Canonical]:
    first, *rest = path
    inner = content[first]
    if not rest or not isinstance(inner, Mapping):
        return {**content, first: value}
    return {**content, first: _with(inner, rest, value)}


def last_issued(report: Report, amendments: Sequence[Amendment]) -> Report:
    """Return the report that stands: the last amendment, else the first one."""
    return amendments[-1].report if amendments else report
