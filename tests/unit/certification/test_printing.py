"""What a document says that it covers: one unit, of which kind, and which of its request's."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from domain.certification.errors import ConditionMissing
from domain.certification.model import Applicant, Chemistry, ItemFacts, Reception, ReceptionState, Sampled, Scope
from domain.certification.printing import covered, printed_name
from domain.certification.requests import InspectionRequest, RequestedUnit, RequestState
from domain.certification.usecases.intake import condition_told
from domain.shared.identifiers import PackId, PersonId, ReceptionId, TenantId

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
FACTS = ItemFacts(
    chemistry=Chemistry.NMC,
    rated_capacity_mah=5_000,
    rated_energy_wh=18,
    cell_capacity_mah=5_000,
    cell_count=1,
    cells_in_series=1,
    modules_in_series=1,
    nominal_voltage_mv=3_630,
    manufactured_on=date(2020, 5, 4),
)


def received(scope: Scope, line: int | None) -> Reception:
    return Reception(
        reception_id=ReceptionId(UUID(int=1)),
        number="R-2026-000001",
        pack_id=PackId(UUID(int=2)),
        tenant_id=TenantId(2),
        applicant=Applicant(name="순환", contact="-"),
        condition="양호",
        facts=replace(FACTS, scope=scope),
        received_by=PersonId(UUID(int=3)),
        received_by_name="이시험",
        received_at=NOW,
        due_on=date(2026, 12, 1),
        state=ReceptionState.RECEIVED,
        request_id=None if line is None else UUID(int=4),
        request_line=line,
    )


def asked(*scopes: Scope) -> InspectionRequest:
    return InspectionRequest(
        request_id=UUID(int=4),
        number="Q-2026-000007",
        tenant_id=TenantId(11),
        body_id=TenantId(2),
        applicant=Applicant(name="순환", contact="-"),
        purpose="재사용 판정",
        protocol=None,
        units=tuple(
            RequestedUnit(line=line, scope=scope, identifier=f"U-{line}") for line, scope in enumerate(scopes, start=1)
        ),
        filed_by=PersonId(UUID(int=5)),
        filed_by_name="김신청",
        filed_at=NOW,
        state=RequestState.ACCEPTED,
    )


@pytest.mark.parametrize(
    ("reception", "request_", "ko", "en"),
    [
        pytest.param(
            received(Scope.PACK, None),
            None,
            "배터리 팩 1점 (신청서 없이 창구에서 접수)",
            "one battery pack, received at the counter without a request",
            id="at the counter",
        ),
        pytest.param(
            received(Scope.CELL, 1),
            asked(Scope.CELL),
            "배터리 셀 1점: 신청 Q-2026-000007의 전부",
            "one battery cell: all of request Q-2026-000007",
            id="all of it",
        ),
        pytest.param(
            received(Scope.MODULE, 3),
            asked(Scope.PACK, Scope.MODULE, Scope.MODULE, Scope.CELL),
            "배터리 모듈 1점: 신청 Q-2026-000007의 4점(팩 1점, 모듈 2점, 셀 1점) 중 3번",
            "one battery module: unit 3 of the 4 (1 pack, 2 modules, 1 cell) of request Q-2026-000007",
            id="one of several",
        ),
    ],
)
def test_a_document_says_which_unit_of_which_request_it_covers(reception, request_, ko, en):
    assert covered(reception, request_) == (ko, en)


def test_a_rating_of_the_sampled_cell_is_not_taken_for_the_packs():
    assert printed_name("rated_energy", Sampled.CELL) == (
        "정격 에너지 (시료 셀 1개)",
        "rated energy (of the cell sampled)",
    )
    assert printed_name("rated_energy", Sampled.PACK) == ("정격 에너지", "rated energy")
    assert printed_name("nominal_voltage", Sampled.CELL) == ("공칭 전압", "nominal voltage")


@pytest.mark.parametrize("blank", ["", "   ", "\t\n", "-", "· –"])
def test_a_condition_that_says_nothing_is_none(blank):
    with pytest.raises(ConditionMissing) as caught:
        condition_told(blank)

    assert caught.value.code == "certification.condition-missing"


def test_a_condition_is_kept_without_the_spaces_around_it():
    assert condition_told(" 외관 양호 ") == "외관 양호"
