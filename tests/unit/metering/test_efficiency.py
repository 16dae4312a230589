"""Ratios of a storage and a site."""

from domain.metering import efficiency
from domain.metering.efficiency import Peak


def test_round_trip_is_discharge_over_charge_rounded_down():
    assert efficiency.round_trip_ppm(charge_wh=3, discharge_wh=2) == 666_666


def test_without_a_charge_there_is_no_round_trip():
    assert efficiency.round_trip_ppm(charge_wh=0, discharge_wh=5) is None
    assert efficiency.round_trip_corrected_ppm(charge_wh=5, discharge_wh=5, stored_change_wh=5) is None


def test_an_emptier_storage_does_not_flatter_the_corrected_round_trip():
    change = efficiency.stored_change_wh(soc_start_bp=4_665, soc_end_bp=981, usable_wh=200_000)

    assert change == -73_680
    assert (
        efficiency.round_trip_corrected_ppm(charge_wh=23_040_028, discharge_wh=20_021_997, stored_change_wh=change)
        == 866_239
    )


def test_full_cycles_are_counted_by_discharge_and_by_state_of_charge():
    assert efficiency.full_cycles_by_discharge_milli(discharge_wh=20_021_997, usable_wh=200_000) == 100_109
    assert efficiency.full_cycles_by_soc_milli([0, 10_000, 0, 5_000]) == 1_250


def test_self_consumption_and_self_sufficiency_never_fall_below_zero():
    assert efficiency.self_consumption_ppm(pv_wh=100, export_wh=13) == 870_000
    assert efficiency.self_consumption_ppm(pv_wh=100, export_wh=101) == 0
    assert efficiency.self_consumption_ppm(pv_wh=0, export_wh=0) is None
    assert efficiency.self_sufficiency_ppm(load_wh=300, import_wh=200) == 333_333
    assert efficiency.self_sufficiency_ppm(load_wh=300, import_wh=400) == 0
    assert efficiency.self_sufficiency_ppm(load_wh=0, import_wh=1) is None


def test_the_peak_is_four_times_the_energy_of_the_first_highest_slot():
    assert efficiency.peak([None, 10, 67_580, 67_580]) == Peak(power_w=270_320, index=2)
    assert efficiency.peak([None]) is None
