"""What an amended report says, and what it may not."""

from datetime import date

import pytest

from domain.certification.amending import Corrections, amended_content
from domain.certification.errors import NothingAmended, ReportIncomplete
from domain.shared.documents import DocumentKind
from tests.fakes.document_contents import content_of

PRINTED = {
    **content_of(DocumentKind.TEST_REPORT, qr_svg=""),
    "number": "TR-2026-000001",
    "applicant": {"name": "갑", "contact": "054-1"},
    "reception": {"number": "R-2026-000001", "received_at": "2026-11-09T23:41:00Z", "condition": "양호"},
    "ambient_ko": "25 ℃",
}


def amended(corrections, *, results_affected=False):
    return amended_content(
        PRINTED,
        corrections,
        number="TR-2026-000002",
        issued_on=date(2026, 11, 22),
        reason="상호 오기",
        results_affected=results_affected,
    )


def test_it_names_what_it_replaces_what_differs_and_why():
    content = amended(Corrections(applicant="을", condition="외함 찍힘"))

    assert (content["number"], content["issued_on"]) == ("TR-2026-000002", "2026-11-22")
    assert (content["amends"], content["amends_reason"]) == ("TR-2026-000001", "상호 오기")
    assert content["amends_changes"] == "의뢰자: 갑 → 을; 접수 시 상태: 양호 → 외함 찍힘"
    assert content["applicant"] == {"name": "을", "contact": "054-1"}
    assert content["reception"] == {**PRINTED["reception"], "condition": "외함 찍힘"}


def test_what_is_not_corrected_stays_and_the_old_content_is_untouched():
    content = amended(Corrections(ambient="24 ℃"))

    told = {"number", "issued_on", "ambient_ko", "ambient_en", "amends", "amends_reason", "amends_changes"}
    assert {key: content[key] for key in PRINTED if key not in told} == {
        key: value for key, value in PRINTED.items() if key not in told
    }
    assert (content["ambient_ko"], content["ambient_en"]) == ("24 ℃", "24 ℃")
    assert PRINTED["ambient_ko"] == "25 ℃"


@pytest.mark.parametrize("corrections", [Corrections(), Corrections(applicant="갑"), Corrections(ambient="25 ℃")])
def test_an_amendment_that_changes_nothing_is_none(corrections):
    with pytest.raises(NothingAmended):
        amended(corrections)


def test_results_are_called_in_question_and_never_rewritten():
    content = amended(Corrections(), results_affected=True)

    assert content["soh_ppm"] == 943_500
    assert "재시험 필요" in str(content["amends_changes"])


def test_an_older_report_is_amended_and_what_it_left_empty_may_stay_so():
    later = {
        "title_ko",
        "title_en",
        "relates_ko",
        "relates_en",
        "place_en",
        "equipment",
        "sampling_plan",
        "sampling_en",
    }
    older = {key: value for key, value in PRINTED.items() if key not in later} | {"ambient": "25 ℃"}

    content = amended_content(
        {key: value for key, value in older.items() if key not in ("ambient_ko", "ambient_en")},
        Corrections(applicant="을"),
        number="TR-2026-000002",
        issued_on=date(2026, 11, 22),
        reason="상호 오기",
        results_affected=False,
    )

    assert (content["place_en"], content["equipment"], content["ambient_ko"]) == ("", [], "25 ℃")
    assert "ambient" not in content


def test_a_correction_empties_nothing():
    with pytest.raises(ReportIncomplete, match="ambient"):
        amended(Corrections(ambient="-"))
