"""Every problem code that a door can answer, with its two sentences: the registry behind `/problems/{code}`."""

from dataclasses import dataclass
from functools import cache
from string import Formatter

from app.http.problems import status_of
from domain.shared.errors import Conflict, DomainError, NotAllowed, NotFound, RuleBroken, Unavailable, Unverified


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """A kind of problem; what it is about stands in `{braces}` filled with an ellipsis."""

    code: str
    status: int
    said_ko: str
    said_en: str
    kind: str


class ProblemCodeUnknown(NotFound):
    """No problem has this code."""

    code = "pages.problem-code-unknown"
    title_ko = "알 수 없는 문제 코드입니다: {wanted}."
    title_en = "There is no problem code {wanted}."


_KINDS: tuple[type[DomainError], ...] = (NotFound, NotAllowed, Conflict, RuleBroken, Unverified, Unavailable)


@cache
def problem_kinds() -> dict[str, ProblemKind]:
    """Return every kind of problem by its code, sorted."""
    found: dict[str, ProblemKind] = {}
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        one = waiting.pop()
        waiting.extend(one.__subclasses__())
        if "code" in vars(one) and one.code != DomainError.code:
            kind = next((kind.__name__ for kind in _KINDS if issubclass(one, kind)), "DomainError")
            found[one.code] = ProblemKind(
                code=one.code,
                status=status_of(one.__new__(one)),
                said_ko=_without_facts(one.title_ko),
                said_en=_without_facts(one.title_en),
                kind=kind,
            )
    return dict(sorted(found.items()))


def explain(code: str) -> ProblemKind:
    """Return what a code means.

    Raises:
        ProblemCodeUnknown: no problem has this code.
    """
    kinds = problem_kinds()
    if code not in kinds:
        raise ProblemCodeUnknown(wanted=code[:100])
    return kinds[code]


def _without_facts(title: str) -> str:
    return "".join(text + ("…" if name is not None else "") for text, name, _, _ in Formatter().parse(title))
