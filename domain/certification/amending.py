"""Amended reports: a new document that says what it replaces and why; results are never amended, only tested again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from domain.certification.completeness import require_complete
from domain.certification.errors import NothingAmended
from domain.certification.model import Report
from domain.certification.printing import brought_up
from domain.shared.canonical import Canonical
from domain.shared.identifiers import PersonId

TEXT_LENGTH_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """What an amendment sets right: what surrounds the results, never a result. None leaves a text as it was."""

    applicant: str | None = None
    contact: str | None = None
    condition: str | None = None
    ambient: str | None = None
    deviations: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """An amended report. `report` is the new document, whole; `amends` the number of the one that it replaces."""

    report: Report
    amends: str
    reason: str
    results_affected: bool
    amended_by: PersonId
    amended_by_name: str


_PLACES: Mapping[str, tuple[Sequence[Sequence[str]], str]] = {
    "applicant": ([("applicant", "name")], "의뢰자"),
    "contact": ([("applicant", "contact")], "연락처"),
    "condition": ([("reception", "condition")], "접수 시 상태"),
    "ambient": ([("ambient_ko",), ("ambient_en",)], "환경 조건"),
    "deviations": ([("deviations_ko",), ("deviations_en",)], "방법에서 벗어난 사항"),
}
"""Where each correction stands in what a report prints, and how it is called there.

What a person corrects stands under both languages as they wrote it.
"""


def amended_content(
    printed: Mapping[str, Canonical],
    corrections: Corrections,
    *,
    number: str,
    issued_on: date,
    reason: str,
    results_affected: bool,
) -> dict[str, Canonical]:
    """Return what the amended report prints: the old one with its corrections, each told with what stood there.

    Args:
        printed: what the report prints that is replaced.
        corrections: what is set right.
        number: the new report's.
        issued_on: the Seoul day of the new report.
        reason: why.
        results_affected: whether the results may no longer be relied on, so that the certificate on them has ended.

    Raises:
        NothingAmended: nothing differs from before, and the results are not in doubt either.
        ReportIncomplete: a correction empties what the replaced report said.

    Source: ISO/IEC 17025:2017, 7.8.8
    """
    before = brought_up(printed)
    content: dict[str, Canonical] = {**before, "number": number, "issued_on": issued_on.isoformat()}
    changes: list[str] = []
    for name, (paths, called) in _PLACES.items():
        wanted = getattr(corrections, name)
        stood = _at(content, paths[0])
        if wanted is None or wanted == stood:
            continue
        for path in paths:
            content = _with(content, path, wanted)
        changes.append(f"{called}: {stood} → {wanted}")
    if results_affected:
        changes.append("시험 결과에 영향이 있어 이 성적서에 근거한 인증서의 효력을 끝냄 (재시험 필요)")
    if not changes:
        raise NothingAmended
    require_complete(content, replaced=before)
    return {
        **content,
        "amends": str(printed["number"]),
        "amends_reason": reason,
        "amends_changes": "; ".join(changes),
    }


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
