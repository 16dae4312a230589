"""What a report must say before it is issued: ISO/IEC 17025:2017, 7.8.2.1 a to p; 6.4, 7.1, 7.8.3.1 a and 7.8.6."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.certification.errors import ReportIncomplete
from domain.shared.canonical import Canonical

NOT_RECORDED = "기록 없음 · not recorded"
"""What stands where nobody said anything; it counts as nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing a report must say, by its letter in the standard, and where it stands in what is printed.

    A step of a path ending in `[]` goes into each of a list that may not be empty, one ending in `[*]` into each
    of a list that may.
    """

    letter: str
    name_ko: str
    name_en: str
    paths: tuple[str, ...]


ITEMS = (
    Item(letter="a", name_ko="제목", name_en="title", paths=("title_ko", "title_en")),
    Item(
        letter="b",
        name_ko="시험기관의 이름과 주소",
        name_en="name and address of the laboratory",
        paths=("laboratory.name_ko", "laboratory.name_en", "laboratory.address_ko", "laboratory.address_en"),
    ),
    Item(letter="c", name_ko="시험 장소", name_en="place of the activity", paths=("place_ko", "place_en")),
    Item(letter="d", name_ko="성적서 번호", name_en="number of the report", paths=("number",)),
    Item(
        letter="e",
        name_ko="의뢰자와 연락처",
        name_en="customer and contact",
        paths=("applicant.name", "applicant.contact"),
    ),
    Item(letter="f", name_ko="시험 방법", name_en="method", paths=("protocol.id", "protocol.version")),
    Item(
        letter="g",
        name_ko="시료의 식별과 상태",
        name_en="item, its identity and condition",
        paths=("pack.product_uri", "pack.model", "reception.condition"),
    ),
    Item(
        letter="h",
        name_ko="접수일",
        name_en="date of receipt",
        paths=("reception.number", "reception.received_at"),
    ),
    Item(letter="i", name_ko="시험 기간", name_en="dates of the activity", paths=("started_on", "finished_on")),
    Item(letter="j", name_ko="발급일", name_en="date of issue", paths=("issued_on",)),
    Item(
        letter="k",
        name_ko="시료 채취 계획과 방법",
        name_en="sampling plan and method",
        paths=("sampling_plan", "sampling_ko", "sampling_en"),
    ),
    Item(
        letter="l",
        name_ko="시료에 한한다는 문구",
        name_en="statement that results relate to the items tested",
        paths=("relates_ko", "relates_en"),
    ),
    Item(
        letter="m",
        name_ko="시험 결과",
        name_en="results",
        paths=("tests[].test_id", "tests[].quantities[*].value"),
    ),
    Item(
        letter="n",
        name_ko="방법에서 벗어난 사항",
        name_en="deviations from the method",
        paths=("deviations_ko", "deviations_en"),
    ),
    Item(
        letter="o",
        name_ko="승인자",
        name_en="who authorises the report",
        paths=("approved_by.name", "approved_by.at"),
    ),
    Item(
        letter="p",
        name_ko="외부 제공 결과의 표시",
        name_en="results of external providers marked",
        paths=("external_ko", "external_en"),
    ),
    Item(
        letter="7.1",
        name_ko="시험 범위와 신청",
        name_en="what was asked for and what this covers",
        paths=("scope_ko", "scope_en"),
    ),
    Item(
        letter="7.8.3.1 a",
        name_ko="환경 조건",
        name_en="ambient conditions",
        paths=("ambient_ko", "ambient_en"),
    ),
    Item(
        letter="7.8.6",
        name_ko="판정 규칙",
        name_en="decision rule",
        paths=("decision_rule_ko", "decision_rule_en"),
    ),
    Item(letter="6.4", name_ko="시험 장비", name_en="equipment of each test run", paths=("equipment[].device",)),
)

KNOWN_WHEN_JUDGED = ("e", "h", "7.8.3.1 a", "6.4")
"""Items that the bench itself supplies: asked for before a judgement, while the bench can still supply them."""


def missing_items(printed: Mapping[str, Canonical], *, among: Sequence[str] | None = None) -> tuple[Item, ...]:
    """Return the items that a report leaves empty; `among` some letters, or all.

    A blank, a word without a letter or digit, `NOT_RECORDED`, an empty list and what is not there at all are empty;
    so are results without any value.
    """
    asked = [item for item in ITEMS if among is None or item.letter in among]
    return tuple(item for item in asked if any(_is_empty(printed, path) for path in item.paths))


def require_complete(printed: Mapping[str, Canonical], *, replaced: Mapping[str, Canonical] | None = None) -> None:
    """Check that a report says everything; what the older one that it replaces left empty may stay so.

    Raises:
        ReportIncomplete: naming every item that it leaves empty.
    """
    before = set() if replaced is None else {item.letter for item in missing_items(replaced)}
    refuse([item for item in missing_items(printed) if item.letter not in before])


def refuse(missing: Sequence[Item]) -> None:
    """Refuse a report that lacks some items.

    Raises:
        ReportIncomplete: there are any.
    """
    if missing:
        raise ReportIncomplete(
            items_ko=", ".join(f"{item.name_ko} ({item.letter})" for item in missing),
            items_en=", ".join(f"{item.name_en} ({item.letter})" for item in missing),
        )


def _is_empty(printed: Mapping[str, Canonical], path: str) -> bool:
    found = list(_leaves(printed, path.split(".")))
    return not found or any(_is_blank(one) for one in found)


def _leaves(value: Canonical, steps: Sequence[str]) -> Iterator[Canonical]:
    if not steps:
        yield value
        return
    name, bracket, many = steps[0].partition("[")
    inner = value.get(name) if isinstance(value, Mapping) else None
    if not bracket:
        yield from _leaves(inner, steps[1:])
    elif isinstance(inner, Sequence) and not isinstance(inner, str) and (inner or many == "*]"):
        for one in inner:
            yield from _leaves(one, steps[1:])
    else:
        yield None


def _is_blank(value: Canonical) -> bool:
    if isinstance(value, str):
        return value == NOT_RECORDED or not any(character.isalnum() for character in value)
    return value is None or (isinstance(value, Sequence | Mapping) and not value)
