"""Reads a tariff file (TOML) whole or not at all; a fraction is text in it and exact here."""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from domain.metering.carbon import EmissionFactor
from domain.metering.errors import TariffFileMalformed
from domain.metering.tariff import (
    Band,
    BandRow,
    Calendar,
    DayType,
    Discount,
    RateRow,
    Season,
    TariffBook,
    TariffName,
    TariffVersion,
)

SHIPPED = Path(__file__).parent / "kepco.toml"
"""The file that the project itself ships; an operator may point at another."""

_BYTES_MAX = 1_000_000
_LETTERS = {"o": Band.OFF, "m": Band.MID, "p": Band.PEAK}


class _In(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: a word that nobody knows is refused."""


class _Seasons(_In):
    summer: list[int]
    spring_autumn: list[int]
    winter: list[int]
    source: str


class _Name(_In):
    code: str
    name_ko: str
    name_en: str


class _Bands(_In):
    map: str
    seasons: list[Season]
    day_types: list[DayType]
    hours: str
    confirmed: bool
    source: str


class _Discount(_In):
    name: str
    seasons: list[Season]
    day_types: list[DayType]
    hours: list[int]
    share: str
    from_on: date
    until_on: date
    source: str


class _Version(_In):
    tariff: str
    version: str
    from_on: date
    map: str
    source: str
    deferrable_until_on: date | None = None
    demand_krw_per_kw: int | None = None
    rates: dict[Season, dict[Band, str]] = {}
    discount: list[_Discount] = []


class _Holidays(_In):
    year: int
    source: str
    days: list[date]


class _Factor(_In):
    code: str
    data_year: int
    t_per_mwh: str
    published_on: date
    source: str


class _File(_In):
    seasons: _Seasons
    tariff: list[_Name]
    bands: list[_Bands]
    version: list[_Version]
    holidays: list[_Holidays]
    emission_factor: list[_Factor]


def load_tariffs(path: Path = SHIPPED) -> tuple[TariffBook, tuple[EmissionFactor, ...]]:
    """Load tariffs, holidays and emission factors.

    Raises:
        TariffFileMalformed: the file is absent, too large, no TOML, or says something that has no meaning.
    """
    try:
        content = path.read_bytes()
        if len(content) > _BYTES_MAX:
            raise TariffFileMalformed(why="too large")
        found = msgspec.convert(tomllib.loads(content.decode()), _File)
        return _book(found), tuple(
            EmissionFactor(
                code=one.code,
                data_year=one.data_year,
                ug_per_wh=_exact(one.t_per_mwh, 1_000_000),
                published_on=one.published_on,
                source=one.source,
            )
            for one in found.emission_factor
        )
    except (OSError, ValueError, ArithmeticError) as error:
        raise TariffFileMalformed(why=str(error)) from error


def _book(found: _File) -> TariffBook:
    months: dict[int, Season] = {}
    for season in Season:
        listed: dict[Season, list[int]] = {
            Season.SUMMER: found.seasons.summer,
            Season.SPRING_AUTUMN: found.seasons.spring_autumn,
            Season.WINTER: found.seasons.winter,
        }
        for month in listed[season]:
            if month in months:
                raise ValueError(f"month {month} has two seasons")
            months[month] = season
    if sorted(months) != list(range(1, 13)):
        raise ValueError("each month has one season")
    names = {one.code for one in found.tariff}
    maps = {one.map: _rows(found.bands, one.map) for one in found.bands}
    versions: list[TariffVersion] = []
    for one in found.version:
        if one.tariff not in names or one.map not in maps:
            raise ValueError(f"{one.tariff} {one.version} names a tariff or a map that is not there")
        versions.append(_version(one, maps[one.map]))
    if len({(one.tariff, one.version) for one in versions}) != len(versions):
        raise ValueError("a version is listed twice")
    holidays: dict[date, str] = {}
    for year in found.holidays:
        for day in year.days:
            if day.year != year.year or day in holidays:
                raise ValueError(f"holiday {day} is of another year or listed twice")
            holidays[day] = year.source
    return TariffBook(
        names=tuple(TariffName(tariff=one.code, name_ko=one.name_ko, name_en=one.name_en) for one in found.tariff),
        versions=tuple(versions),
        seasons=months,
        calendar=Calendar(years=frozenset(one.year for one in found.holidays), holidays=holidays),
    )


def _rows(listed: list[_Bands], name: str) -> tuple[BandRow, ...]:
    rows: dict[tuple[Season, DayType], BandRow] = {}
    for one in listed:
        if one.map != name:
            continue
        letters = one.hours.replace(" ", "")
        if len(letters) != 24 or set(letters) - set(_LETTERS):
            raise ValueError(f"bands {name}: 24 letters of o, m, p, not {one.hours!r}")
        hours = tuple(_LETTERS[letter] for letter in letters)
        for season in one.seasons:
            for day_type in one.day_types:
                if (season, day_type) in rows:
                    raise ValueError(f"bands {name}: {season} {day_type} is listed twice")
                rows[season, day_type] = BandRow(
                    season=season, day_type=day_type, hours=hours, confirmed=one.confirmed, source=one.source
                )
    if len(rows) != len(Season) * len(DayType):
        raise ValueError(f"bands {name}: each season and kind of day has its hours")
    return tuple(rows.values())


def _version(found: _Version, rows: tuple[BandRow, ...]) -> TariffVersion:
    if found.rates and (set(found.rates) != set(Season) or any(set(one) != set(Band) for one in found.rates.values())):
        raise ValueError(f"{found.tariff} {found.version}: rates for each season and band, or none")
    return TariffVersion(
        tariff=found.tariff,
        version=found.version,
        from_on=found.from_on,
        deferrable_until_on=found.deferrable_until_on,
        bands=rows,
        rates=tuple(
            RateRow(season=season, rates=_rates(listed), source=found.source) for season, listed in found.rates.items()
        ),
        demand_krw_per_kw=found.demand_krw_per_kw,
        discounts=tuple(
            Discount(
                name=one.name,
                seasons=frozenset(one.seasons),
                day_types=frozenset(one.day_types),
                hours=frozenset(one.hours),
                share_ppm=_exact(one.share, 1_000_000),
                from_on=one.from_on,
                until_on=one.until_on,
                source=one.source,
            )
            for one in found.discount
        ),
        source=found.source,
    )


def _rates(listed: Mapping[Band, str]) -> dict[Band, int]:
    return {band: _exact(text, 1_000) for band, text in listed.items()}


def _exact(text: str, times: Literal[1_000, 1_000_000]) -> int:
    """Return a decimal text in whole smaller units; nothing may be left over."""
    number = Decimal(text) * times
    if number != number.to_integral_value() or number < 0:
        raise ValueError(f"{text} has too many decimals or is negative")
    return int(number)
