from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.identifiers import PackId
from domain.shared.time import Month, day_start
from domain.subscription import terms
from domain.subscription.errors import (
    CertificateMissing,
    CertificateNotValid,
    ContractMalformed,
    ContractStateForbids,
    PlanMalformed,
)
from domain.subscription.model import (
    AssignmentReason,
    CapacityFee,
    Component,
    ContractState,
    EnergyFee,
    RenewableBand,
    RenewableDiscount,
)
from tests.unit.subscription.samples import COMPONENTS, assignment, certificate, contract

MAY = Month(2026, 5)


def test_a_new_certificate_within_the_month_splits_the_billable_days() -> None:
    first = assignment(ends_at=day_start(date(2026, 5, 12)))
    second = assignment(
        number=51,
        starts_at=day_start(date(2026, 5, 12)),
        facts=certificate(number="KTR-2", certified_wh=188_400, from_on=date(2026, 5, 12)),
    )

    parts = terms.capacity_parts(contract(), [first, second], MAY)

    assert [(part.first_on, part.days, part.billable_wh, part.certificate_number) for part in parts] == [
        (date(2026, 5, 1), 11, 200_000, "KTR-1"),
        (date(2026, 5, 12), 20, 188_400, "KTR-2"),
    ]


def test_capacity_beyond_the_promise_is_not_charged() -> None:
    parts = terms.capacity_parts(contract(promised_wh=150_000), [assignment()], MAY)

    assert [(part.days, part.billable_wh, part.promised_wh, part.certified_wh) for part in parts] == [
        (31, 150_000, 150_000, 200_000)
    ]


def test_two_packs_fill_one_promise_in_the_order_they_came() -> None:
    late = assignment(
        number=51,
        pack_id=PackId(UUID(int=99)),
        starts_at=datetime(2026, 5, 30, 1, tzinfo=UTC),
        facts=certificate(number="KTR-2", certified_wh=90_000),
    )

    parts = terms.capacity_parts(contract(promised_wh=250_000), [late, assignment()], MAY)

    assert [(part.first_on, part.days, part.billable_wh, part.certificate_number) for part in parts] == [
        (date(2026, 5, 1), 31, 200_000, "KTR-1"),
        (date(2026, 5, 30), 2, 50_000, "KTR-2"),
    ]


def test_the_later_pack_fills_more_once_the_first_has_left() -> None:
    first = assignment(ends_at=day_start(date(2026, 5, 11)))
    second = assignment(number=51, pack_id=PackId(UUID(int=99)), starts_at=datetime(2026, 4, 1, tzinfo=UTC))

    parts = terms.capacity_parts(contract(promised_wh=250_000), [first, second], MAY)

    assert [(part.first_on, part.days, part.billable_wh) for part in parts] == [
        (date(2026, 5, 1), 10, 200_000),
        (date(2026, 5, 1), 10, 50_000),
        (date(2026, 5, 11), 21, 200_000),
    ]


def test_a_loaner_is_not_charged() -> None:
    assert terms.capacity_parts(contract(), [assignment(reason=AssignmentReason.LOANER)], MAY) == ()


def test_a_swap_at_noon_is_charged_once_that_day() -> None:
    noon = datetime(2026, 5, 10, 3, tzinfo=UTC)

    assert len(terms.days_in_service(assignment(ends_at=noon), MAY)) == 9
    assert terms.days_in_service(assignment(starts_at=noon), MAY)[0] == date(2026, 5, 10)
    assert len(terms.days_in_service(assignment(starts_at=noon), MAY)) == 22


@pytest.mark.parametrize("minute", [-15, -1, 0, 1, 15])
def test_the_day_turns_at_midnight_in_seoul(minute: int) -> None:
    starts_at = datetime(2026, 4, 30, 15, tzinfo=UTC) + timedelta(minutes=minute)

    april = terms.days_in_service(assignment(starts_at=starts_at), Month(2026, 4))

    assert len(april) == (1 if minute < 0 else 0)


def test_the_fee_stops_at_suspension_and_when_the_certificate_runs_out() -> None:
    suspended = assignment(suspended_at=datetime(2026, 5, 4, 3, tzinfo=UTC))
    expired = assignment(facts=certificate(until_on=date(2026, 5, 21)))

    assert terms.days_in_service(suspended, MAY)[-1] == date(2026, 5, 3)
    assert terms.days_in_service(expired, MAY)[-1] == date(2026, 5, 20)


def test_days_outside_the_term_do_not_count() -> None:
    assert terms.capacity_parts(contract(), [assignment()], Month(2029, 1)) == ()
    assert terms.capacity_parts(contract(), [assignment()], Month(2028, 12))[0].days == 31


@given(
    spans=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40), st.integers(0, 300_000)), min_size=1, max_size=5),
    promised_wh=st.integers(1, 500_000),
)
def test_a_slot_is_never_charged_beyond_its_promise_nor_beyond_its_certificates(
    spans: list[tuple[int, int, int]], promised_wh: int
) -> None:
    packs = [
        assignment(
            number=100 + index,
            pack_id=PackId(UUID(int=200 + index)),
            starts_at=datetime(2026, 4, 25, 5, tzinfo=UTC) + timedelta(days=start),
            ends_at=datetime(2026, 4, 25, 5, tzinfo=UTC) + timedelta(days=start + length),
            facts=certificate(number=f"KTR-{index}", certified_wh=certified_wh),
        )
        for index, (start, length, certified_wh) in enumerate(spans)
    ]

    parts = terms.capacity_parts(contract(promised_wh=promised_wh), packs, MAY)

    charged = dict.fromkeys(MAY.dates(), 0)
    for part in parts:
        assert part.billable_wh <= min(part.certified_wh, part.promised_wh)
        for offset in range(part.days):
            charged[part.first_on + timedelta(days=offset)] += part.billable_wh
    for day in MAY.dates():
        held = sum(one.certificate.certified_wh for one in packs if day in terms.days_in_service(one, MAY))
        assert charged[day] == min(promised_wh, held)


def test_a_shortfall_is_what_certificates_leave_of_the_promise() -> None:
    assert terms.shortfall_wh(promised_wh=200_000, certified_wh=[188_400]) == 11_600
    assert terms.shortfall_wh(promised_wh=200_000, certified_wh=[150_000, 60_000]) == 0


def test_a_pack_without_a_certificate_is_refused() -> None:
    with pytest.raises(CertificateMissing) as caught:
        terms.certificate_in_force(None, at=datetime(2026, 5, 1, tzinfo=UTC))

    assert caught.value.code == "subscription.certificate-missing"


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (day_start(date(2026, 1, 1)), True),
        (day_start(date(2026, 1, 1)) - timedelta(microseconds=1), False),
        (day_start(date(2031, 1, 1)) - timedelta(microseconds=1), True),
        (day_start(date(2031, 1, 1)), False),
    ],
)
def test_a_certificate_holds_from_its_first_instant_to_before_its_last(at: datetime, holds: bool) -> None:
    if holds:
        assert terms.certificate_in_force(certificate(), at=at) == certificate()
    else:
        with pytest.raises(CertificateNotValid):
            terms.certificate_in_force(certificate(), at=at)


@pytest.mark.parametrize(
    "components",
    [
        pytest.param((), id="nothing"),
        pytest.param((CapacityFee(rate_micro_krw_per_wh_month=1),) * 2, id="twice"),
        pytest.param((EnergyFee(rate_micro_krw_per_wh=-1),), id="negative rate"),
        pytest.param((EnergyFee(rate_micro_krw_per_wh=10**13),), id="mistyped rate"),
        pytest.param((COMPONENTS[2],), id="discount on nothing"),
        pytest.param((COMPONENTS[1], RenewableDiscount(bands=())), id="no bands"),
        pytest.param(
            (COMPONENTS[1], RenewableDiscount(bands=(RenewableBand(share_ppm_min=0, discount_ppm=1_000_001),))),
            id="more than all",
        ),
        pytest.param(
            (
                COMPONENTS[1],
                RenewableDiscount(
                    bands=(
                        RenewableBand(share_ppm_min=600_000, discount_ppm=1),
                        RenewableBand(share_ppm_min=300_000, discount_ppm=2),
                    )
                ),
            ),
            id="falling bands",
        ),
    ],
)
def test_components_that_make_no_plan_are_refused(components: tuple[Component, ...]) -> None:
    with pytest.raises(PlanMalformed):
        terms.checked_components(components)


@pytest.mark.parametrize(
    "changed",
    [
        {"contracted_wh": 0},
        {"contracted_w": -1},
        {"contracted_wh": 10**13},
        {"payment_terms_days": -1},
        {"payment_terms_days": 366},
    ],
)
def test_terms_that_make_no_contract_are_refused(changed: dict[str, int]) -> None:
    numbers = {"contracted_wh": 1, "contracted_w": 1, "payment_terms_days": 14} | changed

    with pytest.raises(ContractMalformed):
        terms.check_terms(**numbers, starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 1))


def test_a_term_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ContractMalformed):
        terms.check_terms(
            contracted_wh=1,
            contracted_w=1,
            payment_terms_days=14,
            starts_on=date(2026, 1, 2),
            ends_on=date(2026, 1, 1),
        )


@pytest.mark.parametrize(
    ("present", "wanted"),
    [
        (ContractState.DRAFT, ContractState.ACTIVE),
        (ContractState.ACTIVE, ContractState.SIGNED),
        (ContractState.ENDED, ContractState.ACTIVE),
        (ContractState.ENDED, ContractState.ENDED),
    ],
)
def test_a_contract_never_goes_back_or_skips(present: ContractState, wanted: ContractState) -> None:
    with pytest.raises(ContractStateForbids) as caught:
        terms.check_step(present, wanted)

    assert caught.value.facts == {"state": present, "wanted": wanted}
