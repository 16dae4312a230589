"""When a device may measure, and what a calibration and a booking must be."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from domain.certification.equipment import (
    Calibration,
    Device,
    DeviceKind,
    DeviceRange,
    readings_of,
    require_bookable,
    require_fit,
    require_kind,
    require_sound,
    weeks_of,
)
from domain.certification.errors import (
    BookingWrong,
    CalibrationWrong,
    DeviceNotCalibrated,
    DeviceOfOtherKind,
    DeviceOutOfRange,
    DeviceUnitUncalibrated,
)
from domain.certification.model import CyclerFormat, Measurement, MeasurementSource
from domain.shared.identifiers import PersonId, TenantId
from tests.fakes.certification import cycler_record

DAY = date(2026, 11, 21)
VOLTS = DeviceRange(unit="V", lowest=Decimal("0.1"), highest=Decimal(5), uncertainty=Decimal("0.001"))


def calibration(**changed) -> Calibration:
    told = {
        "calibration_id": UUID(int=1),
        "certificate_no": "C-1",
        "calibrated_on": date(2026, 1, 5),
        "due_on": date(2026, 11, 21),
        "ranges": (VOLTS,),
        "entered_by": PersonId(UUID(int=9)),
        "entered_by_name": "이시험",
        "entered_at": datetime(2026, 1, 6, tzinfo=UTC),
    }
    return Calibration(**{**told, **changed})


def device(*calibrations: Calibration) -> Device:
    return Device(
        device_id=UUID(int=2),
        tenant_id=TenantId(1),
        kind=DeviceKind.CYCLER,
        name="충방전기",
        serial="CH-03",
        location="2시험실",
        registered_by=PersonId(UUID(int=9)),
        registered_by_name="이시험",
        registered_at=datetime(2026, 1, 6, tzinfo=UTC),
        calibrations=calibrations,
    )


def volts(value: str) -> tuple[str, str, Decimal]:
    return ("v_cell", "V", Decimal(value))


@pytest.mark.parametrize("day", [date(2026, 1, 5), date(2026, 11, 21)])
def test_a_calibration_holds_from_its_day_to_its_last_both_included(day):
    require_fit(device(calibration()), on=day, readings=[volts("0.1"), volts("5")])


@pytest.mark.parametrize("day", [date(2026, 1, 4), date(2026, 11, 22)])
def test_outside_its_days_a_device_is_refused_with_the_due_date(day):
    with pytest.raises(DeviceNotCalibrated) as caught:
        require_fit(device(calibration()), on=day, readings=[])

    assert caught.value.facts == {"serial": "CH-03", "day": day.isoformat(), "due_on": "2026-11-21"}


def test_a_device_that_was_never_calibrated_is_refused():
    with pytest.raises(DeviceNotCalibrated):
        require_fit(device(), on=DAY, readings=[])


@pytest.mark.parametrize("value", ["0.0999", "5.0001", "-1"])
def test_a_value_outside_the_range_is_refused_with_the_range(value):
    with pytest.raises(DeviceOutOfRange) as caught:
        require_fit(device(calibration()), on=DAY, readings=[volts(value)])

    assert caught.value.facts["value"] == value
    assert (caught.value.facts["lowest"], caught.value.facts["highest"]) == ("0.1", "5")


def test_a_unit_that_the_device_is_not_calibrated_for_is_not_its_own():
    require_fit(device(calibration()), on=DAY, readings=[("mass", "kg", Decimal(900))])


def test_the_newest_calibration_made_by_the_day_counts():
    renewed = calibration(calibrated_on=date(2026, 11, 1), due_on=date(2027, 11, 1), certificate_no="C-2")
    both = device(calibration(), renewed)

    assert both.calibration_on(date(2026, 10, 31)) == calibration()
    assert both.calibration_on(date(2026, 12, 1)) == renewed
    assert both.calibration_on(date(2027, 11, 2)) is None
    assert both.label_on(date(2026, 12, 1)) == "충방전기 (S/N CH-03, C-2, ~2027-11-01)"


def test_of_a_file_the_devices_own_columns_count_and_of_a_sheet_the_typed_numbers():
    record = cycler_record()
    typed = [
        Measurement(test_id="T03", quantity="r", value=Decimal(850), unit="MOhm", source=MeasurementSource.MANUAL),
        Measurement(
            test_id="T04",
            quantity="v",
            value=(Decimal("3.6"), Decimal("3.7")),
            unit="V",
            source=MeasurementSource.MANUAL,
        ),
        Measurement(test_id="T02", quantity="leak", value=False, unit="", source=MeasurementSource.MANUAL),
    ]

    assert {unit for _, unit, _ in readings_of(typed, record)} == {"V", "A"}
    assert readings_of(typed, None) == (
        ("r", "MOhm", Decimal(850)),
        ("v", "V", Decimal("3.6")),
        ("v", "V", Decimal("3.7")),
    )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"due_on": date(2026, 1, 5)}, "due_on"),
        ({"calibrated_on": date(2026, 11, 20), "due_on": date(2027, 1, 1)}, None),
        ({"calibrated_on": date(2026, 11, 22), "due_on": date(2027, 1, 1)}, "calibrated_on"),
        ({"ranges": ()}, "ranges"),
        ({"ranges": (VOLTS, VOLTS)}, "ranges"),
        (
            {"ranges": (DeviceRange(unit="V", lowest=Decimal(5), highest=Decimal(5), uncertainty=Decimal(0)),)},
            "ranges",
        ),
        (
            {"ranges": (DeviceRange(unit="V", lowest=Decimal(0), highest=Decimal(5), uncertainty=Decimal(-1)),)},
            "ranges",
        ),
    ],
)
def test_a_calibration_that_contradicts_itself_is_refused(changed, field):
    if field is None:
        require_sound(calibration(**changed), today=DAY)
        return
    with pytest.raises(CalibrationWrong) as caught:
        require_sound(calibration(**changed), today=DAY)
    assert caught.value.facts == {"field": field}


def test_a_booking_begins_today_at_the_earliest_and_takes_ninety_two_days_at_most():
    require_bookable(DAY, DAY, today=DAY)
    require_bookable(DAY, date(2027, 2, 20), today=DAY)

    for from_on, until_on in (
        (date(2026, 11, 20), DAY),
        (DAY, date(2026, 11, 20)),
        (DAY, date(2027, 2, 21)),
    ):
        with pytest.raises(BookingWrong):
            require_bookable(from_on, until_on, today=DAY)


def typed(test_id: str) -> Measurement:
    return Measurement(
        quantity="insulation_mohm", value=Decimal(5), unit="MOhm", test_id=test_id, source=MeasurementSource.MANUAL
    )


def test_a_failed_calibration_holds_on_no_day_and_puts_what_came_before_in_doubt():
    failed = calibration(calibrated_on=date(2026, 6, 1), due_on=date(2027, 6, 1), passed=False)
    doubted = device(calibration(), failed)

    assert doubted.doubtful() == (date(2026, 1, 5), date(2026, 6, 1))
    assert device(failed).doubtful() == (date(1970, 1, 1), date(2026, 6, 1))
    assert device(failed, calibration(calibrated_on=date(2026, 7, 1))).doubtful() is None
    require_fit(doubted, on=date(2026, 5, 31), readings=[])
    with pytest.raises(DeviceNotCalibrated):
        require_fit(doubted, on=date(2026, 6, 1), readings=[])


def test_what_a_device_recorded_in_a_unit_it_was_never_calibrated_for_is_refused():
    amps = ("current", "A", Decimal(2))
    require_fit(device(calibration()), on=DAY, readings=[amps])

    with pytest.raises(DeviceUnitUncalibrated) as caught:
        require_fit(device(calibration()), on=DAY, readings=[amps], recorded=True)

    assert caught.value.facts == {"serial": "CH-03", "quantity": "current", "unit": "A"}
    assert caught.value.finding("ko") == "장비 CH-03은(는) A 단위로 교정되지 않았습니다: current."
    assert caught.value.finding("en") == "device CH-03 is not calibrated in A, in which it recorded the current"


@pytest.mark.parametrize(
    ("kind", "test_id", "fits"),
    [
        (DeviceKind.INSULATION_TESTER, "T03", True),
        (DeviceKind.CYCLER, "T03", False),
        (DeviceKind.BMS_READER, "T05", True),
        (DeviceKind.SCALE, "T05", False),
        (DeviceKind.SCALE, "T01", True),
        (DeviceKind.OTHER, "T03", True),
    ],
)
def test_a_test_with_a_device_of_its_own_is_measured_by_no_other_kind(kind, test_id, fits):
    if fits:
        require_kind(replace(device(), kind=kind), [typed(test_id)], None)
        return
    with pytest.raises(DeviceOfOtherKind):
        require_kind(replace(device(), kind=kind), [typed(test_id)], None)


def test_a_cyclers_file_comes_from_no_chamber_and_a_spectrum_from_no_cycler():
    spectrum = replace(cycler_record(), format=CyclerFormat.EIS_GAMRY)
    require_kind(device(), [], cycler_record())
    require_kind(replace(device(), kind=DeviceKind.IMPEDANCE_ANALYSER), [], spectrum)

    for wrong, record in ((DeviceKind.CHAMBER, cycler_record()), (DeviceKind.CYCLER, spectrum)):
        with pytest.raises(DeviceOfOtherKind):
            require_kind(replace(device(), kind=wrong), [], record)


def test_a_calendar_has_whole_weeks_from_monday():
    weeks = weeks_of(date(2026, 11, 29), 14)

    assert [week[0] for week in weeks] == [date(2026, 11, 23), date(2026, 11, 30), date(2026, 12, 7)]
    assert {len(week) for week in weeks} == {7}
