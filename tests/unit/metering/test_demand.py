"""Demand with and without the storage, and the demand that prices a month."""

import pytest

from domain.metering.demand import BillingDemand, Peaks, billing_demand, peaks, ratchet_months, without_storage
from domain.metering.efficiency import Peak
from domain.metering.inventory import Columns
from domain.shared.time import Month

PEAKS_KW = (400, 395, 360, 350, 370, 440, 480, 470, 430, 380, 385, 390)


def columns(*, bought, sold, charge, discharge):
    nothing = [0] * len(bought)
    return Columns(load=nothing, pv=nothing, charge=charge, discharge=discharge, bought=bought, sold=sold)


def test_without_the_storage_its_discharge_is_bought_and_its_charge_is_sold():
    found = without_storage(
        columns(bought=[10, 0, None, 5], sold=[0, 3, 0, 0], charge=[0, 20, 0, 9], discharge=[7, 0, 0, 0])
    )

    assert found.bought == (17, 0, None, 0)
    assert found.sold == (0, 23, None, 4)


def test_peaks_are_compared_over_the_same_slots():
    table = columns(bought=[50, 10, 99], sold=[0, 0, 0], charge=[0, 0, None], discharge=[0, 60, 0])

    found = peaks(table, without_storage(table))

    assert found == Peaks(with_storage=Peak(power_w=200, index=0), without_storage=Peak(power_w=280, index=1))
    assert found.shaved_w == 80


def test_a_stretch_without_any_full_slot_has_no_peak():
    table = columns(bought=[None], sold=[0], charge=[0], discharge=[0])

    assert peaks(table, without_storage(table)).shaved_w is None


def test_the_ratchet_looks_back_twelve_months():
    assert ratchet_months(Month(2026, 6)) == (
        Month(2025, 7),
        Month(2025, 8),
        Month(2025, 9),
        Month(2025, 12),
        Month(2026, 1),
        Month(2026, 2),
        Month(2026, 6),
    )


def test_the_ratchet_looks_back_no_further_than_months_go():
    assert ratchet_months(Month(2000, 1)) == (Month(2000, 1),)
    assert ratchet_months(Month(2000, 4)) == (Month(2000, 1), Month(2000, 2), Month(2000, 4))


@pytest.mark.parametrize(
    ("month", "with_kw", "set_by", "saving_krw"),
    [
        (Month(2026, 4), 480, Month(2025, 7), 0),
        (Month(2026, 5), 480, Month(2025, 7), 0),
        (Month(2026, 6), 480, Month(2025, 7), 0),
        (Month(2026, 7), 470, Month(2025, 8), 83_200),
        (Month(2026, 8), 430, Month(2025, 9), 416_000),
        (Month(2026, 9), 410, Month(2026, 7), 582_400),
        (Month(2026, 12), 410, Month(2026, 7), 582_400),
        (Month(2027, 2), 410, Month(2026, 7), 582_400),
    ],
)
def test_a_peak_already_incurred_cannot_be_lowered(month, with_kw, set_by, saving_krw):
    months = [Month(year, number) for year in (2024, 2025, 2026, 2027) for number in range(1, 13)]
    without = {one: PEAKS_KW[one.number - 1] * 1000 for one in months}
    cut = {one: w - 70_000 if one >= Month(2026, 5) else w for one, w in without.items()}

    then = billing_demand(month, without, contract_power_w=600_000)
    now = billing_demand(month, cut, contract_power_w=600_000)

    assert then.power_w == 480_000
    assert now == BillingDemand(power_w=with_kw * 1000, set_by=set_by)
    assert (then.power_w - now.power_w) // 1000 * 8_320 == saving_krw


def test_the_contract_is_the_floor():
    found = billing_demand(Month(2026, 3), {Month(2026, 3): 100_000}, contract_power_w=600_000)

    assert found == BillingDemand(power_w=180_000, set_by=None)
