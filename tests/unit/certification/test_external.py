"""What a row of a file of records must say, and how it is spelled again."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.certification.errors import RecordRowWrong
from domain.certification.external import (
    FIELDS,
    KEYS,
    RecordContent,
    RecordKind,
    RecordStatus,
    content_of,
    differing,
    fields_of,
    json_schema,
)
from domain.passport.errors import StepOutOfOrder
from domain.passport.life import state_after
from domain.passport.model import EntryKind, Fact, PackState
from tests.fakes.records import row
from tests.fakes.system import FixedClock

TODAY = date(2026, 2, 1)


def test_a_row_says_what_its_columns_say() -> None:
    said = content_of(row(), today=TODAY)

    assert said == RecordContent(
        issuer="대한시험원",
        number="DH-2025-0042",
        kind=RecordKind.CERTIFICATE,
        product_uri=None,
        kr_battery_no="SHD-202001-1",
        maker_serial=None,
        standard="KC 10031:2023",
        grade="B",
        verdict="적합",
        soh_ppm=842_500,
        issued_on=date(2025, 11, 3),
        valid_until=date(2027, 11, 2),
        status=RecordStatus.VALID,
    )
    assert said.identifiers == ("SHD-202001-1",)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        *(pytest.param({one.key: " "}, one.key, id=f"no {one.key}") for one in FIELDS if one.required),
        pytest.param({"kr_battery_no": ""}, "product_uri, kr_battery_no, maker_serial", id="no identifier"),
        pytest.param({"grade": "", "verdict": ""}, "grade, verdict", id="neither grade nor verdict"),
        pytest.param({"kind": "licence"}, "kind", id="another kind"),
        pytest.param({"status": "gut"}, "status", id="another status"),
        pytest.param({"kr_battery_no": "K" * 25}, "kr_battery_no", id="a number too long"),
        pytest.param({"number": "A\x00B"}, "number", id="a control character"),
        pytest.param({"soh_percent": "0"}, "soh_percent", id="no health at all"),
        pytest.param({"soh_percent": "200.1"}, "soh_percent", id="too healthy"),
        pytest.param({"soh_percent": "NaN"}, "soh_percent", id="not a number"),
        pytest.param({"soh_percent": "팔십"}, "soh_percent", id="a word for a number"),
        pytest.param({"issued_on": "2025/11/03"}, "issued_on", id="a day in another spelling"),
        pytest.param({"issued_on": "20251103"}, "issued_on", id="a day without hyphens"),
        pytest.param({"issued_on": "2026-02-02"}, "issued_on", id="issued tomorrow"),
        pytest.param({"valid_until": "2025-11-02"}, "valid_until", id="over before it was issued"),
        pytest.param({"colour": "red"}, "colour", id="an unknown field"),
    ],
)
def test_a_row_that_lacks_or_garbles_something_is_refused_by_the_fields_name(changed, field) -> None:
    with pytest.raises(RecordRowWrong) as caught:
        content_of(row(**changed), today=TODAY)

    assert caught.value.facts["field"] == field
    assert caught.value.sentence("ko") != caught.value.sentence("en")


@pytest.mark.parametrize(
    ("given_percent", "ppm"), [("100.9", 1_009_000), ("84.250000000000014", 842_500), ("84.25005", 842_500)]
)
def test_health_may_exceed_a_hundred_and_is_kept_to_four_decimals(given_percent, ppm) -> None:
    assert content_of(row(soh_percent=given_percent), today=TODAY).soh_ppm == ppm


@given(
    ppm=st.one_of(st.none(), st.integers(1, 2_000_000)),
    status=st.sampled_from(RecordStatus),
    until=st.one_of(st.none(), st.dates(date(2025, 11, 3), date(2090, 1, 1))),
    serial=st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=100),
)
def test_what_is_spelled_is_read_again_as_it_was(ppm, status, until, serial) -> None:
    said = content_of(row(maker_serial=serial), today=TODAY)
    one = RecordContent(
        **{
            **{key: getattr(said, key) for key in said.__slots__},
            "soh_ppm": ppm,
            "status": status,
            "valid_until": until,
        }
    )

    again = content_of(fields_of(one), today=TODAY)

    assert (again, again.sha256) == (one, one.sha256)


def test_two_records_differ_in_the_fields_that_say_something_else() -> None:
    before, after = content_of(row(), today=TODAY), content_of(row(grade="C", soh_percent=""), today=TODAY)

    assert differing(before, after) == ("grade", "soh_percent")
    assert before.sha256 != after.sha256


def test_the_published_schema_has_the_fields_that_are_read() -> None:
    schema = json_schema(address="https://example/schema")
    record = schema["properties"]["records"]["items"]  # type: ignore[index]

    assert tuple(record["properties"]) == KEYS
    assert record["required"] == [field.key for field in FIELDS if field.required]
    assert record["properties"]["kind"]["enum"] == ["certificate", "report"]


def test_anothers_word_moves_a_pack_nowhere_and_enters_every_life_that_began() -> None:
    fact = Fact(kind=EntryKind.EXTERNAL_RECORD_KNOWN, occurred_at=FixedClock().now(), particulars={})

    assert all(state_after(state, fact) is state for state in PackState if state is not PackState.UNBORN)
    with pytest.raises(StepOutOfOrder):
        state_after(PackState.UNBORN, fact)
