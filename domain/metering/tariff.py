"""Time-of-use bands and rates of electricity tariffs, from rows that name their source and their first day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from domain.metering.errors import CalendarUnknown, TariffNotInForce, TariffUnknown
from domain.shared.money import Krw, truncated_krw
from domain.shared.time import SLOTS_A_DAY

_SLOTS_AN_HOUR = 4
_PPM = 1_000_000


class Band(StrEnum):
    """A band of the day (계시별 요금)."""

    OFF = "off"
    MID = "mid"
    PEAK = "peak"


class Season(StrEnum):
    """A season of the tariff; spring and autumn are one."""

    SUMMER = "summer"
    SPRING_AUTUMN = "spring_autumn"
    WINTER = "winter"


class DayType(StrEnum):
    """A kind of day; a public holiday counts as a Sunday."""

    WEEKDAY = "weekday"
    SATURDAY = "saturday"
    HOLIDAY = "holiday"


HoursOfDay = tuple[Band, ...]
"""The band of each hour of a Seoul day, 24 of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandRow:
    """The bands of one season and kind of day; `confirmed` says that a primary source was read."""

    season: Season
    day_type: DayType
    hours: HoursOfDay
    confirmed: bool
    source: str

    def __post_init__(self) -> None:
        if len(self.hours) != 24:
            raise ValueError("a day has 24 hours")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """The energy rates of one season, micro-KRW per Wh (90.8 KRW/kWh is 90,800)."""

    season: Season
    rates: Mapping[Band, int]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """A part of the energy rate that is not charged, at some hours and until a day of its own."""

    name: str
    seasons: frozenset[Season]
    day_types: frozenset[DayType]
    hours: frozenset[int]
    share_ppm: int
    from_on: date
    until_on: date
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffVersion:
    """A tariff from one day until the next version.

    A customer who applied keeps the version before, whole, up to and including `deferrable_until_on`.
    `rates` are empty where no table was read: energy is then split into bands and not priced.
    """

    tariff: str
    version: str
    from_on: date
    deferrable_until_on: date | None
    bands: tuple[BandRow, ...]
    rates: tuple[RateRow, ...]
    demand_krw_per_kw: int | None
    discounts: tuple[Discount, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffAssignment:
    """Which tariff a service point has from a day on; `deferred` keeps the version before while it may."""

    from_on: date
    tariff: str
    deferred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffName:
    """A tariff as people call it."""

    tariff: str
    name_ko: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Public holidays of whole years, each listed year complete."""

    years: frozenset[int]
    holidays: Mapping[date, str]

    def day_type(self, day: date) -> DayType:
        """Return what kind of day it is.

        Raises:
            CalendarUnknown: the year's holidays are not listed: a holiday must not pass for a working day.
        """
        if day.year not in self.years:
            raise CalendarUnknown(year=day.year)
        if day in self.holidays or day.weekday() == 6:
            return DayType.HOLIDAY
        return DayType.SATURDAY if day.weekday() == 5 else DayType.WEEKDAY


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffBook:
    """Every tariff that is known, with the calendar and the seasons that they share."""

    names: tuple[TariffName, ...]
    versions: tuple[TariffVersion, ...]
    seasons: Mapping[int, Season]
    calendar: Calendar

    def named(self, tariff: str) -> TariffName:
        """Return a tariff's names.

        Raises:
            TariffUnknown: no such tariff is listed.
        """
        for one in self.names:
            if one.tariff == tariff:
                return one
        raise TariffUnknown(tariff=tariff)

    def version(self, tariff: str, version: str) -> TariffVersion:
        """Return one version, whether or not it is in force.

        Raises:
            TariffUnknown: no such version is listed.
        """
        for one in self.versions:
            if (one.tariff, one.version) == (tariff, version):
                return one
        raise TariffUnknown(tariff=f"{tariff}@{version}")

    def in_force(self, tariff: str, day: date, *, deferred: bool) -> TariffVersion:
        """Return the version that prices a day.

        Raises:
            TariffUnknown: no such tariff is listed.
            TariffNotInForce: its first version begins later, or what a deferral would keep is not listed.
        """
        self.named(tariff)
        begun = sorted(
            (one for one in self.versions if one.tariff == tariff and one.from_on <= day),
            key=lambda one: one.from_on,
            reverse=True,
        )
        for one in begun:
            if deferred and one.deferrable_until_on is not None and day <= one.deferrable_until_on:
                continue
            return one
        raise TariffNotInForce(tariff=tariff, day=day.isoformat())

    def at(self, assignments: Iterable[TariffAssignment], day: date) -> TariffVersion:
        """Return the version that prices a service point's day.

        Raises:
            TariffNotInForce: nothing is assigned for the day, or nothing of it is in force.
        """
        begun = [one for one in assignments if one.from_on <= day]
        if not begun:
            raise TariffNotInForce(tariff="-", day=day.isoformat())
        chosen = max(begun, key=lambda one: one.from_on)
        return self.in_force(chosen.tariff, day, deferred=chosen.deferred)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTariff:
    """What one day's slots are in: band and rate of each, micro-KRW per Wh; rates None where none are listed."""

    bands: tuple[Band, ...]
    rates: tuple[int, ...] | None
    confirmed: bool


def day_tariff(book: TariffBook, version: TariffVersion, day: date) -> DayTariff:
    """Lay a version's bands, rates and discounts out over the 96 slots of a day.

    Raises:
        CalendarUnknown: the year's holidays are not listed.
        TariffNotInForce: the version has no bands for such a day.
    """
    season, day_type = book.seasons[day.month], book.calendar.day_type(day)
    row = next((one for one in version.bands if (one.season, one.day_type) == (season, day_type)), None)
    if row is None:
        raise TariffNotInForce(tariff=version.tariff, day=day.isoformat())
    rates = next((one.rates for one in version.rates if one.season is season), None)
    shares = [0] * 24
    for discount in version.discounts:
        if (
            discount.from_on <= day <= discount.until_on
            and season in discount.seasons
            and day_type in discount.day_types
        ):
            for hour in discount.hours:
                shares[hour] += discount.share_ppm
    return _laid_out(
        row.hours,
        None if rates is None else tuple(rates[band] for band in Band),
        tuple(shares),
        row.confirmed,
    )


@lru_cache(maxsize=256)
def _laid_out(hours: HoursOfDay, rates: tuple[int, ...] | None, shares: tuple[int, ...], confirmed: bool) -> DayTariff:
    bands = tuple([band for band in hours for _ in range(_SLOTS_AN_HOUR)])
    if rates is None:
        return DayTariff(bands=bands, rates=None, confirmed=confirmed)
    by_band = dict(zip(Band, rates, strict=True))
    priced = [by_band[band] * (_PPM - share) // _PPM for band, share in zip(hours, shares, strict=True)]
    return DayTariff(
        bands=bands, rates=tuple([rate for rate in priced for _ in range(_SLOTS_AN_HOUR)]), confirmed=confirmed
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BandSum:
    """The energy of one band, Wh, and what it costs at the energy rate, micro-KRW; None where no rate is listed."""

    band: Band
    wh: int
    micro_krw: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BandTotals:
    """A stretch of one channel by band; `missing` counts slots without a value. Energy rates only: no VAT, no fund."""

    bands: tuple[BandSum, ...]
    missing: int

    @property
    def wh(self) -> int:
        """All bands together."""
        return sum(one.wh for one in self.bands)

    @property
    def amount_krw(self) -> Krw | None:
        """The energy charge, cut to the won once; None where a rate is not listed."""
        micro = 0
        for one in self.bands:
            if one.micro_krw is None:
                return None
            micro += one.micro_krw
        return truncated_krw(micro)


def by_band(values: Sequence[int | None], days: Sequence[DayTariff]) -> BandTotals:
    """Sum a channel's slots by band and price each slot by its own day's rate.

    Raises:
        ValueError: there are not 96 values a day.
    """
    if len(values) != len(days) * SLOTS_A_DAY:
        raise ValueError("a day has 96 slots")
    wh = dict.fromkeys(Band, 0)
    cost = dict.fromkeys(Band, 0)
    missing = 0
    priced = all(day.rates is not None for day in days)
    for number, day in enumerate(days):
        start = number * SLOTS_A_DAY
        for offset in range(0, SLOTS_A_DAY, _SLOTS_AN_HOUR):  # band and rate are the hour's
            hour = values[start + offset : start + offset + _SLOTS_AN_HOUR]
            energy = 0
            for value in hour:
                if value is None:
                    missing += 1
                else:
                    energy += value
            if energy:
                band = day.bands[offset]
                wh[band] += energy
                if day.rates is not None:
                    cost[band] += energy * day.rates[offset]
    return BandTotals(
        bands=tuple(BandSum(band=band, wh=wh[band], micro_krw=cost[band] if priced else None) for band in Band),
        missing=missing,
    )
