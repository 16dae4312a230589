from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.billing import pricing
from domain.billing.errors import RatingInputsMalformed
from domain.billing.model import CapacityPart, LineKind, RatingInputs, RenewableBand
from domain.shared.money import vat_krw
from domain.shared.time import Month
from tests.unit.billing.samples import CAPACITY_ONLY, INPUTS, TERMS, USAGE


def test_a_degraded_pack_costs_less_from_its_new_certificate_on() -> None:
    (line,) = pricing.rate(CAPACITY_ONLY)

    assert line.amount_krw == 1_732_645
    assert vat_krw(line.amount_krw) == 173_264
    assert line.amount_krw + vat_krw(line.amount_krw) == 1_905_909
    assert (line.quantity, line.unit, line.rate) == (5_968_000, "Wh·d", "9,000 KRW/kWh·month")


def test_discharged_energy_is_cut_to_the_won() -> None:
    energy = pricing.rate(INPUTS)[1]

    assert (energy.kind, energy.quantity, energy.unit, energy.rate) == (
        LineKind.ENERGY_FEE,
        12_345,
        "Wh",
        "90.8 KRW/kWh",
    )
    assert energy.amount_krw == 1_120


def test_the_discount_of_the_highest_band_reached_is_taken_off_the_energy_fee() -> None:
    discount = pricing.rate(INPUTS)[2]

    assert (discount.kind, discount.amount_krw) == (LineKind.RENEWABLE_DISCOUNT, -112)
    assert (discount.quantity, discount.unit, discount.rate) == (1_120, "KRW", "-10 %")


def test_the_capacity_line_explains_itself_in_both_languages() -> None:
    line = pricing.rate(INPUTS)[0]

    assert line.explanation_ko == (
        "(200,000 Wh × 11일 [인증서 KTR-1] + 188,400 Wh × 20일 [인증서 KTR-2]) × 9,000원/kWh·월 ÷ 1,000 ÷ 31일"
        " = 1,732,645원 (원 미만 절사). 용량은 약정 용량과 인증 용량 중 작은 값이며,"
        " 팩이 인증서와 함께 운용된 날만 셉니다."
        " 계약 C-2026-000001, 요금제 reuse-standard 버전 1."
    )
    assert line.explanation_en == (
        "(200,000 Wh × 11 d [certificate KTR-1] + 188,400 Wh × 20 d [certificate KTR-2]) × 9,000 KRW/kWh·month"
        " ÷ 1,000 ÷ 31 d = 1,732,645 KRW (fractions cut). Capacity is the smaller of contracted and certified,"
        " on days a certified pack was in service. Contract C-2026-000001, plan reuse-standard version 1."
    )


def test_the_energy_line_names_its_snapshot() -> None:
    line = pricing.rate(INPUTS)[1]

    assert line.explanation_ko == (
        "방전 12,345 Wh ÷ 1,000 × 90.8원/kWh = 1,120원 (원 미만 절사). 사용량 확정본 abababababab, 완전성 99.95 %."
        " 계약 C-2026-000001, 요금제 reuse-standard 버전 1."
    )
    assert line.explanation_en == (
        "12,345 Wh discharged ÷ 1,000 × 90.8 KRW/kWh = 1,120 KRW (fractions cut)."
        " Usage snapshot abababababab, 99.95 % complete. Contract C-2026-000001, plan reuse-standard version 1."
    )


def test_the_discount_line_says_which_band_was_reached() -> None:
    line = pricing.rate(INPUTS)[2]

    assert line.explanation_ko.startswith(
        "방전 12,345 Wh 중 재생에너지 7,829 Wh, 비율 63.4183 % (60 % 이상 구간):"
        " 사용량 요금 1,120원 × 10 % = 112원 할인 (원 미만 절사)."
    )
    assert line.explanation_en.startswith(
        "7,829 of 12,345 Wh discharged were renewable, 63.4183 % (band from 60 %):"
        " energy fee 1,120 KRW × 10 % = 112 KRW let off (fractions cut)."
    )


def test_a_share_below_every_band_is_said_and_costs_the_full_fee() -> None:
    little = replace(INPUTS, usage=replace(USAGE, renewable_wh=3_703, renewable_share_ppm=299_999))

    line = pricing.rate(little)[2]

    assert (line.amount_krw, line.rate) == (0, "0 %")
    assert "할인 기준 30 %에 미치지 못해" in line.explanation_ko
    assert "below the 30 % from which a discount is given" in line.explanation_en


@pytest.mark.parametrize(
    ("share_ppm", "amount_krw"), [(299_999, 0), (300_000, -56), (599_999, -56), (600_000, -112), (1_000_000, -112)]
)
def test_a_band_begins_at_its_lower_bound(share_ppm: int, amount_krw: int) -> None:
    inputs = replace(INPUTS, usage=replace(USAGE, renewable_share_ppm=share_ppm))

    assert pricing.rate(inputs)[2].amount_krw == amount_krw


def test_a_month_without_a_certified_pack_costs_no_capacity_and_says_so() -> None:
    line = pricing.rate(replace(INPUTS, capacity=()))[0]

    assert (line.amount_krw, line.quantity) == (0, 0)
    assert line.explanation_en.startswith("No certified pack was in service in 2026-05")


def test_a_contract_pays_only_for_the_components_it_has() -> None:
    assert [line.kind for line in pricing.rate(CAPACITY_ONLY)] == [LineKind.CAPACITY_FEE]
    none = replace(
        INPUTS,
        terms=replace(TERMS, capacity_rate_micro_krw_per_wh_month=None, energy_rate_micro_krw_per_wh=None),
    )
    assert pricing.rate(none) == ()


def test_equal_inputs_give_equal_lines_and_any_change_another_hash() -> None:
    lines = pricing.rate(INPUTS)

    assert pricing.rate(INPUTS) == lines
    assert {line.inputs_sha256 for line in lines} == {lines[0].inputs_sha256}
    changed = [
        replace(INPUTS, month=Month(2026, 7)),
        replace(INPUTS, capacity=INPUTS.capacity[:1]),
        replace(INPUTS, usage=replace(USAGE, snapshot_sha256=bytes(32))),
        replace(INPUTS, usage=replace(USAGE, charge_wh=14_201)),
        replace(INPUTS, terms=replace(TERMS, plan_version=2)),
    ]
    assert lines[0].inputs_sha256 not in {pricing.rate(one)[0].inputs_sha256 for one in changed}


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param(replace(INPUTS, usage=replace(USAGE, discharge_wh=-1)), id="negative energy"),
        pytest.param(replace(INPUTS, usage=replace(USAGE, renewable_wh=12_346)), id="part above whole"),
        pytest.param(replace(INPUTS, usage=replace(USAGE, renewable_share_ppm=1_000_001)), id="share above one"),
        pytest.param(replace(INPUTS, usage=replace(USAGE, completeness_ppm=-1)), id="completeness below zero"),
        pytest.param(replace(INPUTS, usage=replace(USAGE, snapshot_sha256=b"short")), id="no hash"),
        pytest.param(replace(INPUTS, terms=replace(TERMS, energy_rate_micro_krw_per_wh=-1)), id="negative rate"),
        pytest.param(
            replace(INPUTS, capacity=(CapacityPart(days=32, billable_wh=1, certificate_number="KTR-1"),)),
            id="more days than the month",
        ),
        pytest.param(
            replace(INPUTS, capacity=(CapacityPart(days=1, billable_wh=-1, certificate_number="KTR-1"),)),
            id="negative capacity",
        ),
        pytest.param(
            replace(
                INPUTS,
                terms=replace(TERMS, renewable_bands=(RenewableBand(share_ppm_min=0, discount_ppm=1_000_001),)),
            ),
            id="discount above the whole",
        ),
    ],
)
def test_inputs_that_contradict_themselves_are_not_rated(inputs: RatingInputs) -> None:
    with pytest.raises(RatingInputsMalformed):
        pricing.rate(inputs)


@given(
    month=st.builds(Month, st.integers(2024, 2030), st.integers(1, 12)),
    parts=st.lists(st.tuples(st.integers(1, 28), st.integers(0, 10**9)), max_size=4),
    capacity_rate=st.integers(0, 10**8),
    energy_rate=st.integers(0, 10**7),
    discharge_wh=st.integers(0, 10**12),
    share_ppm=st.integers(0, 1_000_000),
    discounts=st.tuples(st.integers(0, 1_000_000), st.integers(0, 1_000_000)),
)
def test_every_line_is_the_exact_fraction_cut_once(
    month: Month,
    parts: list[tuple[int, int]],
    capacity_rate: int,
    energy_rate: int,
    discharge_wh: int,
    share_ppm: int,
    discounts: tuple[int, int],
) -> None:
    inputs = RatingInputs(
        terms=replace(
            TERMS,
            capacity_rate_micro_krw_per_wh_month=capacity_rate,
            energy_rate_micro_krw_per_wh=energy_rate,
            renewable_bands=(
                RenewableBand(share_ppm_min=250_000, discount_ppm=discounts[0]),
                RenewableBand(share_ppm_min=750_000, discount_ppm=discounts[1]),
            ),
        ),
        month=month,
        capacity=tuple(CapacityPart(days=days, billable_wh=wh, certificate_number="KTR-1") for days, wh in parts),
        usage=replace(USAGE, discharge_wh=discharge_wh, renewable_wh=0, renewable_share_ppm=share_ppm),
    )

    capacity, energy, discount = pricing.rate(inputs)

    krw_per_kwh_month = Fraction(capacity_rate, 1000)
    exact = sum(
        (Fraction(wh, 1000) * krw_per_kwh_month * Fraction(days, month.days) for days, wh in parts), Fraction(0)
    )
    assert 0 <= exact - capacity.amount_krw < 1
    assert 0 <= Fraction(discharge_wh, 1000) * Fraction(energy_rate, 1000) - energy.amount_krw < 1
    let_off = 0 if share_ppm < 250_000 else discounts[0] if share_ppm < 750_000 else discounts[1]
    assert 0 <= Fraction(energy.amount_krw * let_off, 1_000_000) + discount.amount_krw < 1
    assert energy.amount_krw + discount.amount_krw >= 0
