"""The table of the verification standard is whole, and every test that it names exists."""

import ast
import csv
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "security" / "asvs.csv"

SECTIONS = """
V1.1 0 2  V1.2 5 9  V1.3 2 11  V1.4 0 3  V1.5 1 2
V2.1 1 3  V2.2 2 3  V2.3 1 4  V2.4 0 1
V3.2 2 2  V3.3 1 4  V3.4 2 6  V3.5 3 5  V3.7 0 2
V4.1 1 3  V4.2 0 1  V4.3 0 2  V4.4 1 4
V5.1 0 1  V5.2 2 3  V5.3 2 2  V5.4 0 3
V6.1 1 3  V6.2 8 12  V6.3 2 4  V6.4 2 4  V6.5 0 5  V6.6 0 3  V6.8 0 4
V7.1 0 3  V7.2 4 4  V7.3 0 2  V7.4 2 5  V7.5 0 2  V7.6 0 2
V8.1 1 2  V8.2 2 3  V8.3 1 1  V8.4 0 1
V9.1 3 3  V9.2 1 4
V11.1 0 2  V11.2 0 3  V11.3 2 3  V11.4 1 4  V11.5 0 1  V11.6 0 1
V12.1 1 3  V12.2 2 2  V12.3 0 4
V13.1 0 1  V13.2 0 5  V13.3 0 2  V13.4 1 5
V14.1 0 2  V14.2 1 4  V14.3 1 3
V15.1 1 3  V15.2 1 3  V15.3 1 7
V16.1 0 1  V16.2 0 5  V16.3 0 4  V16.4 0 3  V16.5 0 3
"""
"""ASVS 5.0.0, levels 1 and 2 without V10 and V17: a section, how many of its first are of level 1, how many of both."""


def expected() -> list[tuple[str, str]]:
    """Return every requirement of the chapters kept with its level."""
    words = SECTIONS.split()
    return [
        (f"{section}.{number}", "1" if number <= int(first) else "2")
        for section, first, both in zip(words[::3], words[1::3], words[2::3], strict=True)
        for number in range(1, int(both) + 1)
    ]


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def missing(proof: str) -> bool:
    """Return whether a proof names a test or a file that is not there."""
    path, _, name = proof.partition("::")
    if not (ROOT / path).is_file():
        return True
    return bool(name) and (not name.startswith("test_") or name not in functions_of(path))


def test_the_table_has_every_requirement_once_and_in_order() -> None:
    assert [(row["requirement"], row["level"]) for row in rows()] == expected()
    assert len(expected()) == 217
    assert Counter(level for _, level in expected()) == {"1": 65, "2": 152}


def test_every_row_says_what_it_is_and_why() -> None:
    for row in rows():
        assert row["status"] in ("met", "open", "not applicable"), row
        assert row["paraphrase"].strip(), row
        assert len(row["proof_or_reason"]) > 8, row


def test_everything_met_names_a_test_or_a_document_that_exists() -> None:
    assert [row["requirement"] for row in rows() if row["status"] == "met" and missing(row["proof_or_reason"])] == []


@pytest.mark.parametrize(
    "proof",
    [
        "docs/security/nothing.md",
        "tests/http/test_api.py::test_nothing_of_the_kind",
        "tests/http/test_api.py::register",
        "tests/nowhere.py::test_x",
    ],
)
def test_a_proof_that_is_not_there_is_found(proof: str) -> None:
    assert missing(proof)
