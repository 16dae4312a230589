"""Bands and rates; KEPCO's change of 2026-04-16 with each customer's deferral is the golden case."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from adapters.tariffs.reader import SHIPPED, load_tariffs
from domain.metering.errors import CalendarUnknown, TariffFileMalformed, TariffNotInForce, TariffUnknown
from domain.metering.tariff import (
    Band,
    DayType,
    RateRow,
    Season,
    TariffAssignment,
    by_band,
    day_tariff,
)
from domain.shared.time import SLOT, day_start

BOOK, FACTORS = load_tariffs()
B, A2 = "kepco.industrial-b.hv-a.2", "kepco.industrial-a2.hv-a.2"
SUMMER, AUTUMN = date(2026, 7, 1), date(2026, 9, 16)
OLD, NEW = BOOK.version(B, "2023-11-09"), BOOK.version(B, "2026-04-16")
FLAT = [25_000] * 96
"""100 kW all day."""

PUBLISHED_STEPS = {
    Season.SUMMER: {Band.OFF: 5_100, Band.MID: 0, Band.PEAK: -16_900},
    Season.SPRING_AUTUMN: {Band.OFF: 5_100, Band.MID: 0, Band.PEAK: -13_200},
}


def hours(version, day):
    return "".join(band.value[0] for band in day_tariff(BOOK, version, day).bands[::4])


def priced(version, steps=None):
    """Give a version of 을 the rates of 갑Ⅱ, which are published, and the published steps on top."""
    rates = BOOK.version(A2, "2024-10-24").rates
    rows = tuple(
        RateRow(
            season=row.season,
            rates={band: rate + (steps or {}).get(row.season, {}).get(band, 0) for band, rate in row.rates.items()},
            source=row.source,
        )
        for row in rates
    )
    return replace(version, rates=rows)


def cost(version, day, values=FLAT):
    return by_band(values, [day_tariff(BOOK, version, day)]).amount_krw


def test_the_bands_of_a_weekday_before_and_after_the_change():
    assert hours(OLD, SUMMER) == "oooooooommmpmpppppmmmmoo"
    assert hours(NEW, SUMMER) == "oooooooommmmmmmppppppmoo"
    assert hours(OLD, AUTUMN) == hours(OLD, SUMMER)
    assert hours(NEW, AUTUMN) == hours(NEW, SUMMER)


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_flat_day_keeps_six_hours_of_peak_and_eight_of_mid(version):
    found = {one.band: one.wh for one in by_band(FLAT, [day_tariff(BOOK, version, SUMMER)]).bands}

    assert found == {Band.OFF: 1_000_000, Band.MID: 800_000, Band.PEAK: 600_000}


def test_a_flat_summer_day_costs_the_same_under_both_band_maps():
    assert cost(priced(OLD), SUMMER) == 274_140
    assert cost(priced(NEW), SUMMER) == 274_140


@pytest.mark.parametrize(("day", "change"), [(SUMMER, -5_040), (AUTUMN, -2_820)])
def test_a_flat_day_changes_only_by_the_published_steps(day, change):
    assert cost(priced(NEW, PUBLISHED_STEPS), day) - cost(priced(OLD), day) == change


def test_an_hours_discharge_is_worth_less_at_one_and_more_at_six():
    def hour(number):
        return [25_000 if index // 4 == number else 0 for index in range(96)]

    assert (cost(priced(OLD), SUMMER, hour(13)), cost(priced(NEW), SUMMER, hour(13))) == (15_010, 11_660)
    assert (cost(priced(OLD), SUMMER, hour(18)), cost(priced(NEW), SUMMER, hour(18))) == (11_660, 15_010)


def test_two_sites_of_which_one_opted_out_are_each_priced_by_their_own_version():
    now = (TariffAssignment(from_on=date(2025, 1, 1), tariff=B, deferred=False),)
    kept = (TariffAssignment(from_on=date(2025, 1, 1), tariff=B, deferred=True),)

    def at(assignments, slot):
        day = datetime.fromtimestamp(slot * 900, UTC) + timedelta(hours=9)
        return BOOK.at(assignments, day.date()).version

    assert (at(now, 1_973_627), at(kept, 1_973_627)) == ("2023-11-09", "2023-11-09")
    assert (at(now, 1_973_628), at(kept, 1_973_628)) == ("2026-04-16", "2023-11-09")
    assert (at(now, 1_989_755), at(kept, 1_989_755)) == ("2026-04-16", "2023-11-09")
    assert (at(now, 1_989_756), at(kept, 1_989_756)) == ("2026-04-16", "2026-04-16")
    assert day_start(date(2026, 4, 16)) == datetime.fromtimestamp(1_973_628 * 900, UTC)
    assert day_start(date(2026, 10, 1)) + SLOT == datetime.fromtimestamp(1_989_757 * 900, UTC)


def test_an_assignment_holds_from_its_day():
    one = TariffAssignment(from_on=date(2025, 1, 1), tariff=B, deferred=False)
    two = TariffAssignment(from_on=date(2026, 7, 1), tariff=A2, deferred=False)

    assert BOOK.at((two, one), date(2026, 6, 30)).tariff == B
    assert BOOK.at((two, one), date(2026, 7, 1)).tariff == A2
    with pytest.raises(TariffNotInForce):
        BOOK.at((two, one), date(2024, 12, 31))


def test_weekend_noons_are_half_price_in_spring_and_autumn_until_the_discounts_own_end():
    version = priced(NEW)
    saturday, sunday = date(2026, 10, 10), date(2026, 9, 20)

    for day in (saturday, sunday):
        found = day_tariff(BOOK, version, day)
        full, half = found.rates[10 * 4], found.rates[11 * 4]
        assert (half, found.rates[13 * 4], found.rates[14 * 4]) == (full // 2, full // 2, full)
    assert day_tariff(BOOK, version, date(2026, 7, 4)).rates[11 * 4] == 116_600  # a summer Saturday
    calendar = replace(BOOK.calendar, years=BOOK.calendar.years | {2030, 2031})
    later = replace(BOOK, calendar=calendar)
    ends = next(iter(version.discounts)).until_on
    assert ends == date(2030, 12, 31)
    assert day_tariff(later, version, date(2030, 10, 12)).rates[11 * 4] == 47_800
    assert day_tariff(later, version, date(2031, 10, 11)).rates[11 * 4] == 95_600


def test_a_public_holiday_is_a_sunday_and_an_unlisted_year_is_refused():
    assert BOOK.calendar.day_type(date(2026, 8, 17)) is DayType.HOLIDAY
    assert BOOK.calendar.day_type(date(2026, 8, 16)) is DayType.HOLIDAY
    assert BOOK.calendar.day_type(date(2026, 8, 22)) is DayType.SATURDAY
    assert BOOK.calendar.day_type(date(2026, 8, 18)) is DayType.WEEKDAY
    with pytest.raises(CalendarUnknown):
        day_tariff(BOOK, NEW, date(2035, 1, 2))


def test_what_no_primary_source_was_read_for_is_marked():
    assert day_tariff(BOOK, NEW, SUMMER).confirmed
    assert not day_tariff(BOOK, NEW, date(2026, 12, 1)).confirmed
    assert not day_tariff(BOOK, NEW, date(2026, 7, 4)).confirmed


def test_without_rates_energy_is_split_and_not_priced():
    found = by_band(FLAT, [day_tariff(BOOK, NEW, SUMMER)])

    assert found.wh == 2_400_000
    assert found.amount_krw is None
    assert {one.micro_krw for one in found.bands} == {None}


def test_a_slot_without_a_value_is_counted_and_costs_nothing():
    found = by_band([None, *FLAT[1:]], [day_tariff(BOOK, priced(OLD), SUMMER)])

    assert (found.missing, found.wh, found.amount_krw) == (1, 2_375_000, 274_140 - 2_270)


def test_days_and_slots_must_agree():
    with pytest.raises(ValueError, match="96"):
        by_band(FLAT, [])


def test_what_is_not_listed_is_refused():
    with pytest.raises(TariffUnknown):
        BOOK.in_force("kepco.none", SUMMER, deferred=False)
    with pytest.raises(TariffUnknown):
        BOOK.version(A2, "1999-01-01")
    with pytest.raises(TariffNotInForce):
        BOOK.in_force(A2, date(2018, 5, 1), deferred=False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('hours = "oooooo oommmp mppppp mmmmoo"', 'hours = "oooooo"'),
        ('peak = "155.0"', 'peak = "155.0001"'),
        ('off = "95.7", mid', "mid"),
        ("winter = [11, 12, 1, 2]", "winter = [11, 12, 1]"),
        ('map = "from-2026"\ndemand', 'map = "from-2027"\ndemand'),
        ('share = "0.5"', 'share = "half"'),
        ("[seasons]", "[seasons]\nautumn = [9]"),
        ("year = 2018", "year = 2019"),
        ('version = "2026-06-01"', 'version = "2024-10-24"'),
    ],
)
def test_a_file_that_says_something_without_meaning_is_refused_whole(tmp_path, old, new):
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "tariffs.toml"
    broken.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(TariffFileMalformed):
        load_tariffs(broken)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(TariffFileMalformed):
        load_tariffs(tmp_path / "none.toml")
