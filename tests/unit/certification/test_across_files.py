"""What several files of one unit say together, and what they do not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.certification.across_files import FileRun, across, weakest
from domain.certification.model import LongRest, StepKind
from tests.fakes.certification import cycler_record, cycler_step

NOON = datetime(2026, 11, 2, 3, tzinfo=UTC)
RATED = Decimal(5)


def capacity(sequence: int, part: str, ah: str, *, amps: str = "-2.5", at: datetime | None = None) -> FileRun:
    record = cycler_record(
        cycler_step(1, StepKind.CCCV_CHARGE, first="2.6", last="4.2", amps="2.5", ah="4.8", wh="18"),
        cycler_step(2, StepKind.CC_DISCHARGE, first="4.14", last="2.5", amps=amps, ah=f"-{ah}", wh="-17"),
    )
    return FileRun(
        sequence=sequence,
        record=replace(record, part=part),
        began_at=at,
        ended_at=None if at is None else at + timedelta(hours=4),
    )


def reading(sequence: int, at: datetime | None, volts: str, *, part: str = "") -> FileRun:
    rest = cycler_record(cycler_step(1, StepKind.REST, first=volts, last=volts, amps="0", ah="0", wh="0"))
    return FileRun(
        sequence=sequence,
        record=replace(rest, part=part),
        began_at=None if at is None else at - timedelta(hours=1),
        ended_at=at,
    )


def told(*files: FileRun) -> dict[str, object]:
    return {one.quantity: one.value for one in across(files, rated_capacity_ah=RATED)}


def test_the_capacities_of_named_parts_give_the_dispersion_with_their_files():
    files = (capacity(1, "1", "4.8"), capacity(2, "2", "4.6"), capacity(4, "3", "4.7"))

    found = {one.quantity: one for one in across(files, rated_capacity_ah=RATED)}

    assert found["capacities"].value == (Decimal("4.8"), Decimal("4.6"), Decimal("4.7"))
    assert found["weakest_cell_soh"].value == Decimal(92)
    assert found["capacity_cv"].value == Decimal("2.127660")  # 0.1 over a mean of 4.7
    assert {one.runs for one in found.values()} == {(1, 2, 4)}
    least = weakest(files, rated_capacity_ah=RATED)
    assert least is not None
    assert least.record.part == "2"


def test_a_retest_of_a_part_takes_the_place_of_its_file():
    found = told(capacity(1, "1", "4.8"), capacity(2, "2", "4.0"), capacity(3, "2", "4.7"))

    assert found["capacities"] == (Decimal("4.8"), Decimal("4.7"))


@pytest.mark.parametrize(
    "files",
    [
        pytest.param((capacity(1, "1", "4.8"),), id="one part"),
        pytest.param((capacity(1, "", "4.8"), capacity(2, "", "4.6")), id="no names"),
        pytest.param((capacity(1, "1", "4.8"), capacity(2, "1", "4.6")), id="one part twice"),
        pytest.param((capacity(1, "1", "4.8"), capacity(2, "2", "4.6", amps="-1.6667")), id="two rates"),
        pytest.param((capacity(1, "1", "4.8"), reading(2, NOON, "3.7", part="2")), id="no discharge"),
    ],
)
def test_what_cannot_be_compared_gives_no_dispersion(files):
    assert told(*files) == {}
    assert weakest(files, rated_capacity_ah=RATED) is None


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=1), timedelta(hours=-1)])
def test_two_readings_six_days_apart_give_both_voltages(late):
    files = (reading(1, NOON, "3.700"), reading(3, NOON + timedelta(hours=144) + late, "3.694"))

    found = across(files, rated_capacity_ah=RATED)

    assert [(one.test_id, one.quantity, one.value, one.runs) for one in found] == [
        ("T08", "ocv_24h", Decimal("3.700"), (1, 3)),
        ("T08", "ocv_168h", Decimal("3.694"), (1, 3)),
    ]


WEEK = NOON + timedelta(hours=144)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param((reading(1, NOON, "3.7"), reading(2, WEEK + timedelta(minutes=61), "3.69")), id="too late"),
        pytest.param((reading(1, NOON, "3.7"), reading(2, None, "3.69")), id="time untold"),
        pytest.param((reading(1, NOON, "3.7", part="1"), reading(2, WEEK, "3.69", part="2")), id="two parts"),
        pytest.param(
            (reading(1, NOON, "3.7"), capacity(2, "", "4.7", at=NOON + timedelta(days=2)), reading(3, WEEK, "3.69")),
            id="charge moved between",
        ),
        pytest.param(
            (reading(1, NOON, "3.7"), capacity(2, "", "4.7"), reading(3, WEEK, "3.69")), id="moved, nobody said when"
        ),
        pytest.param((reading(1, NOON, "3.7"),), id="one reading"),
    ],
)
def test_readings_that_are_no_pair_give_nothing(files):
    assert told(*files) == {}


def test_what_moved_charge_before_the_first_reading_breaks_no_pair():
    files = (capacity(1, "", "4.7", at=NOON - timedelta(days=3)), reading(2, NOON, "3.7"), reading(3, WEEK, "3.69"))

    assert told(*files) == {"ocv_24h": Decimal("3.7"), "ocv_168h": Decimal("3.69")}


def test_one_rest_of_a_week_says_both_by_itself():
    week = LongRest(step=1, hours=Decimal(170), ocv_24h_v=Decimal("3.71"), ocv_168h_v=Decimal("3.70"))
    alone = reading(5, None, "3.70")

    found = across([replace(alone, record=replace(alone.record, rests=(week,)))], rated_capacity_ah=RATED)

    assert [(one.quantity, one.value, one.runs) for one in found] == [
        ("ocv_24h", Decimal("3.71"), (5,)),
        ("ocv_168h", Decimal("3.70"), (5,)),
    ]
