"""How figures are written for people: integers in, text out, no float on the way."""

from datetime import UTC, date, datetime
from decimal import Decimal

from domain.shared.time import SEOUL, Month


def day(value: date | str) -> str:
    """Write a day as Korea does: `2026. 11. 21.`."""
    shown = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{shown.year}. {shown.month}. {shown.day}."


def instant(at: datetime) -> str:
    """Write an instant as the clock in Seoul shows it: `2026. 11. 21. 22:19`."""
    seoul = at.astimezone(SEOUL)
    return f"{day(seoul.date())} {seoul:%H:%M}"


def machine_instant(at: datetime) -> str:
    """Write an instant for a `datetime` attribute."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def month_name(month: Month, language: str) -> str:
    """Write a month: `2026년 11월`, `November 2026`."""
    return f"{month.year}년 {month.number}월" if language == "ko" else f"{month.first_on:%B %Y}"


def number(value: int) -> str:
    """Write an integer with thousands separated."""
    return f"{value:,}"


def krw(value: int, language: str) -> str:
    """Write won: `1,234원`, `KRW 1,234`."""
    return f"{value:,}원" if language == "ko" else f"KRW {value:,}"


def scaled(value: int, *, shift: int, places: int) -> str:
    """Write `value / 10**shift` with `places` decimals, half away from zero; `places` is at most `shift`."""
    unit = 10 ** (shift - places)
    whole = (abs(value) + unit // 2) // unit
    sign = "-" if value < 0 and whole else ""
    units, decimals = divmod(whole, 10**places)
    return f"{sign}{units:,}.{decimals:0{places}d}" if places else f"{sign}{units:,}"


def kwh(energy_wh: int) -> str:
    """Write watt-hours as kWh with two decimals, half away from zero."""
    return f"{scaled(energy_wh, shift=3, places=2)} kWh"


def energy(energy_wh: int) -> str:
    """Write a battery's energy: below 10 kWh in Wh, above in kWh."""
    return f"{energy_wh:,} Wh" if abs(energy_wh) < 10_000 else kwh(energy_wh)


def percent(share_ppm: int | None, places: int = 1) -> str:
    """Write ppm as percent, cut so that a share is never overstated; a dash where there is none."""
    if share_ppm is None:
        return "–"
    unit = 10 ** (4 - places)
    units, decimals = divmod(abs(share_ppm) // unit, 10**places)
    return f"{'-' if share_ppm < 0 else ''}{units:,}.{decimals:0{places}d} %"


def uncertainty(u_ppm: int) -> str:
    """Write an expanded uncertainty in ppm as percent, rounded up to two decimals: it is never understated."""
    return percent(-(-u_ppm // 100) * 100, 2)


def plain_rate(rate_micro: int) -> str:
    """Write micro-won per Wh as won per kWh without needless zeros: 90,800 is `90.8`."""
    units, decimals = divmod(rate_micro, 1000)
    text = f"{decimals:03d}".rstrip("0")
    return f"{units:,}.{text}" if text else f"{units:,}"


def signed(text: str, value: int) -> str:
    """Put a plus before what grew."""
    return f"+{text}" if value > 0 else text


def short_hash(value: bytes | str) -> str:
    """Write the first twelve digits of a hash."""
    return (value.hex() if isinstance(value, bytes) else value)[:12]


def kw(power_w: int) -> str:
    """Write watts as kW with one decimal, half away from zero."""
    return f"{scaled(power_w, shift=3, places=1)} kW"


def tonnes(grams: int) -> str:
    """Write grams of CO2 as tonnes with three decimals and their sign, half away from zero."""
    return f"{signed(scaled(grams, shift=6, places=3), grams)} t"


def thousandths(value_milli: int) -> str:
    """Write thousandths as a number with one decimal, half away from zero."""
    return scaled(value_milli, shift=3, places=1)


def decimals(value: Decimal, places: int) -> str:
    """Write a decimal with a fixed number of places, rounded half to even."""
    return f"{value:,.{places}f}"


def seoul_local(at: datetime) -> str:
    """Write an instant as a browser's local-time field takes it, in Seoul."""
    return at.astimezone(SEOUL).strftime("%Y-%m-%dT%H:%M")
