"""What an amended report says, and what it may not."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from domain.certification.amending import (
    Corrections,
    Proposal,
    amended_content,
    corrections_of,
    corrections_text,
    require_second_person,
)
from domain.certification.errors import NothingAmended, OwnAmendment, ReportIncomplete
from domain.shared.documents import DocumentKind
from domain.shared.identifiers import PackId, PersonId, ReceptionId, TenantId
from tests.fakes.document_contents import content_of

PRINTED = {
    **content_of(DocumentKind.TEST_REPORT, qr_svg=""),
    "number": "TR-2026-000001",
    "applicant": {"name": "갑", "contact": "054-1"},
    "reception": {"number": "R-2026-000001", "received_at": "2026-11-09T23:41:00Z", "condition": "양호"},
    "ambient_ko": "25 ℃",
}


def proposal(corrections, *, results_affected=False):
    return Proposal(
        draft_id=UUID(int=1),
        pack_id=PackId(UUID(int=2)),
        reception_id=ReceptionId(UUID(int=3)),
        tenant_id=TenantId(2),
        amends="TR-2026-000001",
        reason="상호 오기",
        corrections=corrections,
        results_affected=results_affected,
        proposed_by=PersonId(UUID(int=4)),
        proposed_by_name="김시험",
        proposed_at=datetime(2026, 11, 22, 1, tzinfo=UTC),
    )


def amended(corrections, *, results_affected=False, printed=PRINTED):
    return amended_content(
        printed,
        proposal(corrections, results_affected=results_affected),
        number="TR-2026-000002",
        issued_on=date(2026, 11, 22),
        approved_by_name="최승인",
        approved_at=datetime(2026, 11, 22, 2, tzinfo=UTC),
    )


def test_it_names_what_it_replaces_what_differs_and_why():
    content = amended(Corrections(applicant="을", condition="외함 찍힘"))

    assert (content["number"], content["issued_on"]) == ("TR-2026-000002", "2026-11-22")
    assert (content["amends"], content["amends_reason"]) == ("TR-2026-000001", "상호 오기")
    assert content["amends_changes"] == "의뢰자: 갑 → 을; 접수 시 상태: 양호 → 외함 찍힘"
    assert content["applicant"] == {"name": "을", "contact": "054-1"}
    assert content["reception"] == {**PRINTED["reception"], "condition": "외함 찍힘"}


def test_it_prints_old_and_new_values_and_both_persons():
    content = amended(Corrections(place="2시험실", sampling="셀 3개 중 1개"))

    assert content["changes"] == [
        {"name_ko": "시험 장소", "name_en": "place of test", "before": PRINTED["place_ko"], "after": "2시험실"},
        {"name_ko": "시료 채취", "name_en": "sampling", "before": PRINTED["sampling_ko"], "after": "셀 3개 중 1개"},
    ]
    assert [one["name"] for one in (*content["amended_by"], *content["amendment_approved_by"])] == ["김시험", "최승인"]
    assert (content["place_ko"], content["place_en"]) == ("2시험실", "2시험실")


def test_an_amendment_of_an_amendment_names_its_own_persons_and_changes_alone():
    once = amended(Corrections(applicant="을"))

    again = amended(Corrections(contact="054-2"), printed=once)

    assert (again["amends"], [one["after"] for one in again["changes"]]) == ("TR-2026-000002", ["054-2"])
    assert again["applicant"] == {"name": "을", "contact": "054-2"}
    assert len(again["amended_by"]) == len(again["amendment_approved_by"]) == 1


def test_nobody_approves_what_they_proposed():
    made = proposal(Corrections(applicant="을"))

    with pytest.raises(OwnAmendment):
        require_second_person(made, made.proposed_by)
    require_second_person(made, PersonId(UUID(int=5)))


@pytest.mark.parametrize("corrections", [Corrections(), Corrections(applicant="을", external="없음")])
def test_corrections_come_back_as_they_were_spelled(corrections):
    assert corrections_of(corrections_text(corrections)) == corrections


def test_what_is_not_corrected_stays_and_the_old_content_is_untouched():
    content = amended(Corrections(ambient="24 ℃"))

    told = {"number", "issued_on", "ambient_ko", "ambient_en", "amends", "amends_reason", "amends_changes"}
    told |= {"changes", "amended_by", "amendment_approved_by"}
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

    older = {key: value for key, value in older.items() if key not in ("ambient_ko", "ambient_en")}
    content = amended(Corrections(applicant="을"), printed=older)

    assert (content["place_en"], content["equipment"], content["ambient_ko"]) == ("", [], "25 ℃")
    assert "ambient" not in content


def test_a_correction_empties_nothing():
    with pytest.raises(ReportIncomplete, match="ambient"):
        amended(Corrections(ambient="-"))
