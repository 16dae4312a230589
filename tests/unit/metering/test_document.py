"""The document names every finding and every rejection, with a meaning and a remedy, and none that there is not."""

import re
from pathlib import Path

import pytest

from domain.metering.arrivals import RESOLUTIONS, Rejection
from domain.metering.model import Quality, RevisionReason
from domain.metering.validation import FindingKind

TEXT = (Path(__file__).parents[3] / "docs" / "metering.md").read_text()


def rows_of(section: str) -> dict[str, list[str]]:
    text = TEXT.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \|(.*)\|$", text, re.MULTILINE)
    assert len(rows) == len(dict(rows)), "named twice"
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in rows}


@pytest.mark.parametrize(("section", "kinds"), [("Findings", FindingKind), ("Rejections", Rejection)])
def test_each_kind_is_told_with_its_meaning_and_remedy(section, kinds):
    told = rows_of(section)

    assert list(told) == [kind.value for kind in kinds]
    assert all(all(cells) and len(cells) >= 2 for cells in told.values())


def test_the_other_closed_lists_are_told_whole():
    for name in (*RESOLUTIONS, *RevisionReason, *Quality):
        assert f"`{name}`" in TEXT


@pytest.mark.parametrize("kinds", [FindingKind, Rejection, RevisionReason])
def test_each_kind_has_a_test_that_names_it(kinds):
    tests = Path(__file__).parents[2]
    listed = {Path(__file__)}
    texts = [path.read_text("utf-8") for path in tests.rglob("test_*.py") if path not in listed]

    untold = [
        kind.value
        for kind in kinds
        if not any(f'"{kind.value}"' in text or f"{kinds.__name__}.{kind.name}" in text for text in texts)
    ]

    assert untold == []
