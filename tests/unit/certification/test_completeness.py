"""No report is issued while one of the things that it must say is empty: each letter blanked, one after the other."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from domain.certification.completeness import ITEMS, NOT_RECORDED, Item, missing_items, require_complete
from domain.certification.errors import ReportIncomplete
from domain.shared.documents import DocumentKind
from tests.fakes.document_contents import content_of

BLANKS = ("", "   ", "-", None, [], NOT_RECORDED)


def report() -> dict[str, Any]:
    return content_of(DocumentKind.TEST_REPORT, qr_svg="")


def put(content: Any, path: str, value: object) -> None:
    """Write a value at a path, in the last of each list on the way."""
    *way, last = path.replace("[*]", "").replace("[]", "").split(".")
    for step in way:
        content = content[step]
        content = content[-1] if isinstance(content, list) else content
    content[last] = value


CASES = [
    pytest.param(item, path, blank, id=f"{item.letter}-{path}-{blank!r}")
    for item in ITEMS
    for path in item.paths
    for blank in BLANKS
]


def test_the_sixteen_letters_and_four_clauses_are_asked_for():
    assert [item.letter for item in ITEMS] == [*"abcdefghijklmnop", "7.1", "7.8.3.1 a", "7.8.6", "6.4"]


def test_a_whole_report_lacks_nothing():
    require_complete(report())

    assert missing_items(report()) == ()


@pytest.mark.parametrize(("item", "path", "blank"), CASES)
def test_each_thing_that_is_blank_is_named_and_nothing_else(item: Item, path: str, blank: object):
    content = report()
    put(content, path, blank)

    with pytest.raises(ReportIncomplete) as caught:
        require_complete(content)

    assert missing_items(content) == (item,)
    assert caught.value.facts == {
        "items_ko": f"{item.name_ko} ({item.letter})",
        "items_en": f"{item.name_en} ({item.letter})",
    }


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.letter)
def test_each_thing_that_is_not_there_at_all_is_named(item: Item):
    content = report()
    first = item.paths[0].split(".")[0].partition("[")[0]
    del content[first]

    assert item in missing_items(content)


@pytest.mark.parametrize(("emptied", "letter"), [("tests", "m"), ("equipment", "6.4")])
def test_a_report_without_any_result_or_any_device_is_refused(emptied: str, letter: str):
    assert [item.letter for item in missing_items({**report(), emptied: []})] == [letter]


def test_results_without_a_single_value_are_none():
    content = report()
    for test in content["tests"]:
        test["quantities"] = []

    assert [item.letter for item in missing_items(content)] == ["m"]


def test_one_of_several_devices_that_nobody_named_counts():
    content = report()
    content["equipment"][1]["device"] = " "

    assert [item.letter for item in missing_items(content)] == ["6.4"]


def test_a_test_of_which_nothing_was_measured_may_stand_beside_one_that_was():
    content = report()
    content["tests"][0]["quantities"] = []

    assert missing_items(content) == ()


def test_everything_that_is_missing_is_named_at_once():
    content = report()
    put(content, "number", "")
    put(content, "ambient_ko", NOT_RECORDED)

    with pytest.raises(ReportIncomplete) as caught:
        require_complete(content)

    assert caught.value.sentence("ko") == (
        "성적서에 꼭 있어야 할 내용이 비어 있습니다: 성적서 번호 (d), 환경 조건 (7.8.3.1 a)."
    )


def test_what_a_replaced_report_left_empty_may_stay_so_and_nothing_more():
    before: Mapping[str, Any] = {**report(), "place_en": ""}
    after = copy.deepcopy(dict(before))

    require_complete(after, replaced=before)
    with pytest.raises(ReportIncomplete) as caught:
        require_complete({**after, "sampling_ko": ""}, replaced=before)

    assert "sampling plan and method (k)" in str(caught.value)
    assert "(c)" not in str(caught.value)
