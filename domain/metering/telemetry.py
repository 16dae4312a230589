"""What a battery management system says each minute: kept by pack and hour, known by content, never billed on.

Every value is a whole number of its signal's unit. A minute that was not received is a gap; it is never filled in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import IntFlag, StrEnum
from types import MappingProxyType

from domain.metering.safety import Sample, connection_rate_ppm
from domain.shared.identifiers import PackId
from domain.shared.time import Interval, Month, day_start, seoul_day

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MINUTES_AN_HOUR = 60
CLOCKS_DIFFER_BY_MAX = timedelta(minutes=5)
"""A minute may begin this much after now: senders' clocks run ahead."""


class TelemetrySignal(StrEnum):
    """What a minute may say; the unit ends the word."""

    VOLTAGE = "voltage_mv"
    CURRENT = "current_ma"
    SOC = "soc_bp"
    CELL_MIN = "cell_min_mv"
    CELL_MAX = "cell_max_mv"
    TEMPERATURE_MIN = "temperature_min_mc"
    TEMPERATURE_MAX = "temperature_max_mc"
    INSULATION = "insulation_ohm"
    POWER_READY = "power_ready_w"
    FLAGS = "flags"


SIGNALS = tuple(TelemetrySignal)


class Flag(IntFlag):
    """What the bits of `flags` mean; the first three are the management system's own judgement."""

    WARNING = 1
    ALARM = 2
    PROTECTION = 4
    """It cut the pack off."""
    CHARGE_INHIBITED = 8
    DISCHARGE_INHIBITED = 16


BOUNDS: Mapping[TelemetrySignal, tuple[int, int]] = MappingProxyType(
    {
        TelemetrySignal.VOLTAGE: (0, 2_000_000),
        TelemetrySignal.CURRENT: (-10_000_000, 10_000_000),
        TelemetrySignal.SOC: (0, 10_000),
        TelemetrySignal.CELL_MIN: (0, 10_000),
        TelemetrySignal.CELL_MAX: (0, 10_000),
        TelemetrySignal.TEMPERATURE_MIN: (-100_000, 300_000),
        TelemetrySignal.TEMPERATURE_MAX: (-100_000, 300_000),
        TelemetrySignal.INSULATION: (0, 2_000_000_000),
        TelemetrySignal.POWER_READY: (0, 100_000_000),
        TelemetrySignal.FLAGS: (0, 31),
    }
)
"""What a signal can be at all, both ends included; beyond lies a sensor's or a sender's mistake, not a battery."""

_LEAST_AND_MOST = (
    (TelemetrySignal.CELL_MIN, TelemetrySignal.CELL_MAX),
    (TelemetrySignal.TEMPERATURE_MIN, TelemetrySignal.TEMPERATURE_MAX),
)

Values = Mapping[TelemetrySignal, int]
"""What a minute says; a signal of which it says nothing is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryMinute:
    """One pack's minute, by the instant at which it begins."""

    pack_id: PackId
    at: datetime
    values: Values


class TelemetryRejection(StrEnum):
    """Why a minute is not taken; the list is closed."""

    MALFORMED = "malformed"
    TIME_MALFORMED = "time_malformed"
    OFF_THE_MINUTE = "off_the_minute"
    IN_THE_FUTURE = "in_the_future"
    EMPTY = "empty"
    OUT_OF_RANGE = "out_of_range"
    LEAST_ABOVE_MOST = "least_above_most"
    NOT_ASSIGNED = "not_assigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedMinute:
    """A minute that was not taken, and where it stood."""

    place: str
    reason: TelemetryRejection


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedMinute:
    """A minute as it was sent, with its place in what was sent."""

    place: str
    minute: TelemetryMinute


def offered(
    place: str, pack_id: PackId, at: str, values: Mapping[TelemetrySignal, int | None], *, now: datetime
) -> OfferedMinute | RejectedMinute:
    """Read one minute, or say why it is none."""
    reason: TelemetryRejection | None = None
    said = {signal: value for signal, value in values.items() if value is not None}
    begins_at = _instant(at)
    if begins_at is None:
        reason = TelemetryRejection.TIME_MALFORMED
    elif begins_at.second or begins_at.microsecond:
        reason = TelemetryRejection.OFF_THE_MINUTE
    elif begins_at > now + CLOCKS_DIFFER_BY_MAX:
        reason = TelemetryRejection.IN_THE_FUTURE
    elif not said:
        reason = TelemetryRejection.EMPTY
    elif any(not BOUNDS[signal][0] <= value <= BOUNDS[signal][1] for signal, value in said.items()):
        reason = TelemetryRejection.OUT_OF_RANGE
    elif any(said[least] > said[most] for least, most in _LEAST_AND_MOST if least in said and most in said):
        reason = TelemetryRejection.LEAST_ABOVE_MOST
    if reason is not None or begins_at is None:
        return RejectedMinute(place=place, reason=reason or TelemetryRejection.TIME_MALFORMED)
    return OfferedMinute(place=place, minute=TelemetryMinute(pack_id=pack_id, at=begins_at, values=said))


def _instant(text: str) -> datetime | None:
    """Read an RFC 3339 instant with its offset; None if it is anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return None if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:  # the first or last day that a calendar can say
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryHour:
    """A pack's 60 minutes from `hour_at` on.

    Bit n of `received` says that minute n came; `values` holds 60 places a signal, None where a minute says nothing
    of it. A signal that was not read from the store is left out.
    """

    pack_id: PackId
    hour_at: datetime
    received: int
    values: Mapping[TelemetrySignal, tuple[int | None, ...]]

    def has(self, minute: int) -> bool:
        """Say whether a minute came."""
        return bool(self.received >> minute & 1)

    def said(self, minute: int) -> dict[TelemetrySignal, int]:
        """Return what a minute says."""
        found: dict[TelemetrySignal, int] = {}
        for signal, places in self.values.items():
            value = places[minute]
            if value is not None:
                found[signal] = value
        return found

    def minutes(self) -> Iterator[TelemetryMinute]:
        """Return the minutes that came, in order."""
        for minute in range(MINUTES_AN_HOUR):
            if self.has(minute):
                yield TelemetryMinute(pack_id=self.pack_id, at=self.hour_at + minute * MINUTE, values=self.said(minute))


HourKey = tuple[PackId, datetime]
Hours = Mapping[HourKey, TelemetryHour]


def hour_of(at: datetime) -> datetime:
    """Return when the hour of an instant begins; hours of Seoul and of UTC begin together."""
    return at.replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedTelemetry:
    """What became of minutes: hours to write, what is new (oldest first), what was known, what disagrees."""

    hours: tuple[TelemetryHour, ...]
    accepted: tuple[TelemetryMinute, ...]
    duplicate: int
    conflicting: tuple[OfferedMinute, ...]


def merge(kept: Hours, minutes: Iterable[OfferedMinute]) -> MergedTelemetry:
    """Fill in what is not known; the same again is counted, something else for a known minute changes nothing."""
    received: dict[HourKey, int] = {}
    places: dict[HourKey, dict[TelemetrySignal, list[int | None]]] = {}
    touched: set[HourKey] = set()
    accepted: list[TelemetryMinute] = []
    conflicting: list[OfferedMinute] = []
    duplicate = 0
    for one in minutes:
        minute = one.minute
        key, index = (minute.pack_id, hour_of(minute.at)), minute.at.minute
        if key not in places:
            hour = kept.get(key)
            received[key] = 0 if hour is None else hour.received
            places[key] = {
                signal: [None] * MINUTES_AN_HOUR if hour is None else list(hour.values[signal]) for signal in SIGNALS
            }
        if received[key] >> index & 1:
            known = {signal: value for signal in SIGNALS if (value := places[key][signal][index]) is not None}
            if known == minute.values:
                duplicate += 1
            else:
                conflicting.append(one)
            continue
        received[key] |= 1 << index
        for signal, value in minute.values.items():
            places[key][signal][index] = value
        touched.add(key)
        accepted.append(minute)
    return MergedTelemetry(
        hours=tuple(
            TelemetryHour(
                pack_id=pack_id,
                hour_at=hour_at,
                received=received[pack_id, hour_at],
                values={signal: tuple(values) for signal, values in places[pack_id, hour_at].items()},
            )
            for pack_id, hour_at in sorted(touched)
        ),
        accepted=tuple(sorted(accepted, key=lambda minute: (minute.pack_id, minute.at))),
        duplicate=duplicate,
        conflicting=tuple(conflicting),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPack:
    """What the watch must know of a pack, and when it serves the tenant.

    `nominal_voltage_mv` stands in where a minute tells an insulation and no voltage.
    """

    pack_id: PackId
    model: str
    chemistry: str
    nominal_voltage_mv: int
    rated_capacity_mah: int
    service: tuple[Interval, ...]
    in_use: bool

    def serves_at(self, at: datetime) -> bool:
        """Say whether an instant lies in the pack's service."""
        return any(one.holds(at) for one in self.service)


_RESTS_BELOW_C_OVER = 50


_STEADY_WITHIN_C_OVER = 20
"""Currents within C/20 of each other are one load; a default of the house."""


def sample_of(minute: TelemetryMinute, pack: WatchedPack) -> Sample:
    """Say a minute in the words of the safety rules; a rest is a current below C/50 (metering reference §13)."""
    said = minute.values
    current_ma = said.get(TelemetrySignal.CURRENT)
    resting = current_ma is not None and abs(current_ma) * _RESTS_BELOW_C_OVER < pack.rated_capacity_mah
    insulation_ohm = said.get(TelemetrySignal.INSULATION)
    voltage_mv = said.get(TelemetrySignal.VOLTAGE) or pack.nominal_voltage_mv
    flags = said.get(TelemetrySignal.FLAGS)
    return Sample(
        at=minute.at,
        cell_min_mv=said.get(TelemetrySignal.CELL_MIN),
        cell_max_mv=said.get(TelemetrySignal.CELL_MAX),
        temperature_min_mc=said.get(TelemetrySignal.TEMPERATURE_MIN),
        temperature_max_mc=said.get(TelemetrySignal.TEMPERATURE_MAX),
        insulation_ohm_per_v=None if insulation_ohm is None else insulation_ohm * 1_000 // voltage_mv,
        protection=None if flags is None else _protection(flags),
        resting=resting,
        charging=current_ma is not None and current_ma > 0 and not resting,
        current_ma=current_ma,
        steady_ma=pack.rated_capacity_mah // _STEADY_WITHIN_C_OVER,
    )


def _protection(flags: int) -> int:
    """Return how bad the management system itself finds it: 0 well, 1 warning, 2 alarm, 3 cut off."""
    return 3 if flags & Flag.PROTECTION else 2 if flags & Flag.ALARM else 1 if flags & Flag.WARNING else 0


# ── connection rate (접속률): KESCO's figure ──

ONLINE_PPM_MIN = 900_000
"""A month with at least this rate lets the next inspection be asked for online.

Source: KESCO, online inspection without outage; metering reference §12
"""

TRAILING_DAYS = 30
PACE_DAYS = 7
"""The forecast goes on as the last days did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Minutes received of the minutes of a span; `ppm` is rounded down, None of no minute."""

    received: int
    minutes: int

    @property
    def ppm(self) -> int | None:
        """The share."""
        return connection_rate_ppm(minutes_received=self.received, minutes=self.minutes)

    @property
    def missing(self) -> int:
        """What did not come."""
        return self.minutes - self.received


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A pack's connection rate, of the minutes in which it served.

    `month_minutes` are those of the whole month in which it serves as things stand, `allowance` how many of them
    may be missing for 90 %. `falls_below_on` is the day on which they are used up if the last seven days go on like
    that; None if the month ends before.
    """

    today: Rate
    month: Rate
    trailing: Rate
    month_minutes: int
    allowance: int
    falls_below_on: date | None

    @property
    def allowance_left(self) -> int:
        """How many minutes may still be missed; below zero once it is lost."""
        return self.allowance - self.month.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Minutes in service that did not come, `[from_at, until_at)`."""

    from_at: datetime
    until_at: datetime

    @property
    def minutes(self) -> int:
        """How many."""
        return (self.until_at - self.from_at) // MINUTE


class Received:
    """Which minutes of a stretch came and which ought to have come, as two rows of bits."""

    def __init__(self, masks: Iterable[tuple[datetime, int]], *, service: Sequence[Interval], span: Interval) -> None:
        """Lay hours' bits out over a span that begins and ends on a minute."""
        if span.end_at is None:
            raise ValueError("a span of minutes has an end")
        self._start_at, self._end_at = span.start_at, span.end_at
        whole = (1 << self._index(span.end_at)) - 1
        came = 0
        for hour_at, mask in masks:
            offset = (hour_at - self._start_at) // MINUTE
            came |= mask << offset if offset >= 0 else mask >> -offset
        self._came = came & whole
        due = 0
        for one in service:
            first, last = self._index(_next_minute(one.start_at)), self._index(_next_minute(one.end_at or self._end_at))
            due |= ((1 << last) - 1) & ~((1 << first) - 1)
        self._due = due & whole

    def _index(self, at: datetime) -> int:
        return max(0, (min(at, self._end_at) - self._start_at) // MINUTE)

    def rate(self, from_at: datetime, until_at: datetime) -> Rate:
        """Return the rate of a part of the span."""
        part = ((1 << self._index(until_at)) - 1) & ~((1 << self._index(from_at)) - 1) & self._due
        return Rate(received=(self._came & part).bit_count(), minutes=part.bit_count())

    def gaps(self, from_at: datetime, until_at: datetime) -> tuple[Gap, ...]:
        """Return the gaps of a part of the span, oldest first."""
        first, last = self._index(from_at), self._index(until_at)
        missing = (self._due & ~self._came & ((1 << last) - 1)) >> first
        found: list[Gap] = []
        position = first
        while missing:
            skipped = (missing & -missing).bit_length() - 1
            missing >>= skipped
            length = (~missing & (missing + 1)).bit_length() - 1
            missing >>= length
            begins_at = self._start_at + (position + skipped) * MINUTE
            found.append(Gap(from_at=begins_at, until_at=begins_at + length * MINUTE))
            position += skipped + length
        return tuple(found)


def _next_minute(at: datetime) -> datetime:
    """Return an instant that begins a minute, or the next that does."""
    begun = at.replace(second=0, microsecond=0)
    return begun if begun == at else begun + MINUTE


def connection_span(now: datetime) -> Interval:
    """Return what must be read for the figures of now: from thirty days, or this month's first day, to this minute."""
    this_minute = now.replace(second=0, microsecond=0)
    month_at = day_start(seoul_day(this_minute).replace(day=1))
    return Interval(start_at=min(this_minute - timedelta(days=TRAILING_DAYS), month_at), end_at=this_minute)


def connection(received: Received, *, service: Sequence[Interval], now: datetime) -> Connection:
    """Return a pack's rates up to the present minute, which is not over and does not count yet."""
    until_at = connection_span(now).end_at or now
    today = seoul_day(until_at)
    month = Month.of(today).interval
    month_end_at = month.end_at or until_at
    so_far = received.rate(month.start_at, until_at)
    coming = sum(
        max(timedelta(0), min(one.end_at or month_end_at, month_end_at) - max(one.start_at, until_at)) // MINUTE
        for one in service
    )
    month_minutes = so_far.minutes + coming
    allowance = month_minutes - -(-month_minutes * ONLINE_PPM_MIN // 1_000_000)
    pace = received.rate(until_at - timedelta(days=PACE_DAYS), until_at)
    return Connection(
        today=received.rate(day_start(today), until_at),
        month=so_far,
        trailing=received.rate(until_at - timedelta(days=TRAILING_DAYS), until_at),
        month_minutes=month_minutes,
        allowance=allowance,
        falls_below_on=_falls_below_on(allowance - so_far.missing, pace, until_at, month_end_at),
    )


def _falls_below_on(left: int, pace: Rate, until_at: datetime, month_end_at: datetime) -> date | None:
    if left < 0:
        return seoul_day(until_at)
    if not pace.missing:
        return None
    # The minute after the last allowed one, at `missing` of so many `minutes`.
    lasts = (left + 1) * pace.minutes // pace.missing * MINUTE
    return None if until_at + lasts >= month_end_at else seoul_day(until_at + lasts)
