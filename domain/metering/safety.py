"""Safety signals from telemetry: an alarm opens after a dwell, holds over a band, and clears after one. Pure rules.

Limits are whole numbers of the signal's unit. What is missing is never normal: it is a signal of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from domain.metering.errors import TripLasts, TripNotCleared


class Chemistry(StrEnum):
    """A cell chemistry with limits of its own."""

    NMC = "nmc"
    LFP = "lfp"


class Signal(StrEnum):
    """What is watched; the unit ends the word: mV, m°C, mK, Ω/V, s."""

    CELL_HIGH = "cell_high_mv"
    CELL_LOW = "cell_low_mv"
    SPREAD_AT_REST = "spread_at_rest_mv"
    SPREAD_UNDER_LOAD = "spread_under_load_mv"
    TEMPERATURE = "temperature_mc"
    TEMPERATURE_SPREAD = "temperature_spread_mk"
    TEMPERATURE_RISE = "temperature_rise_mk"
    """How fast the warmest sensor rises under a steady current; mK a minute."""
    CHARGING_COLD = "charging_cold_mc"
    INSULATION = "insulation_ohm_per_v"
    PROTECTION = "protection"
    """What the management system itself judges: 1 warning, 2 alarm, 3 cut off."""
    GAP = "gap_s"
    REPORTED = "reported"
    """A trip that a person saw and typed; it has no value and no limit."""


class Level(IntEnum):
    """How bad it is; a trip blocks the pack's use."""

    NORMAL = 0
    WARN = 1
    ALARM = 2
    TRIP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """One signal's limits, from warn to trip, each reached at the value itself.

    `falling` says that low values are the bad ones. A level is left only when the value is `band` better than its
    limit. `source` tells whose figures they are.
    """

    warn: int
    alarm: int
    trip: int
    band: int
    source: str
    falling: bool = False

    def __post_init__(self) -> None:
        worse = (self.warn, self.alarm, self.trip)
        ordered = tuple(sorted(worse, reverse=self.falling))
        if worse != ordered or len(set(worse)) != len(worse) or self.band < 0:
            raise ValueError("limits go from warn over alarm to trip, and a band is at least zero")

    def level(self, value: int, *, held: Level) -> Level:
        """Return the level of a value: by the limits themselves upward, less the band for the level that is held."""
        found = Level.NORMAL
        for level, limit in ((Level.WARN, self.warn), (Level.ALARM, self.alarm), (Level.TRIP, self.trip)):
            eased = limit + (self.band if self.falling else -self.band) if level <= held else limit
            reached = value <= eased if self.falling else value >= eased
            if reached:
                found = level
        return found


_HOUSE = "default of the house"
_BENCH = "test-bench protection values"

_SHARED: Mapping[Signal, Limits] = {
    Signal.SPREAD_AT_REST: Limits(warn=30, alarm=50, trip=300, band=5, source=_HOUSE),
    Signal.SPREAD_UNDER_LOAD: Limits(warn=100, alarm=200, trip=400, band=10, source=_HOUSE),
    Signal.TEMPERATURE: Limits(warn=45_000, alarm=50_000, trip=60_000, band=2_000, source=_HOUSE),
    Signal.TEMPERATURE_SPREAD: Limits(warn=8_000, alarm=12_000, trip=15_000, band=1_000, source=_HOUSE),
    Signal.TEMPERATURE_RISE: Limits(warn=500, alarm=1_000, trip=3_000, band=200, source=_HOUSE),
    Signal.CHARGING_COLD: Limits(warn=5_000, alarm=0, trip=-5_000, band=1_000, source=_HOUSE, falling=True),
    Signal.INSULATION: Limits(
        warn=500, alarm=200, trip=100, band=20, source="not read in a primary source", falling=True
    ),
    Signal.PROTECTION: Limits(warn=1, alarm=2, trip=3, band=0, source="the management system's own judgement"),
    Signal.GAP: Limits(warn=120, alarm=600, trip=3_600, band=0, source=_HOUSE),
}

LIMITS: Mapping[Chemistry, Mapping[Signal, Limits]] = {
    Chemistry.NMC: {
        **_SHARED,
        Signal.CELL_HIGH: Limits(warn=4_180, alarm=4_250, trip=4_300, band=20, source=_BENCH),
        Signal.CELL_LOW: Limits(warn=3_000, alarm=2_700, trip=2_650, band=50, source=_BENCH, falling=True),
    },
    Chemistry.LFP: {
        **_SHARED,
        Signal.CELL_HIGH: Limits(warn=3_600, alarm=3_650, trip=3_700, band=20, source=_BENCH),
        Signal.CELL_LOW: Limits(warn=2_800, alarm=2_500, trip=2_450, band=50, source=_BENCH, falling=True),
    },
}


def limits_of(chemistry: str) -> Mapping[Signal, Limits]:
    """Return a chemistry's limits; of one without figures of its own, those that every chemistry shares."""
    try:
        return LIMITS[Chemistry(chemistry.lower())]
    except ValueError:
        return _SHARED


@dataclass(frozen=True, slots=True, kw_only=True)
class Dwell:
    """How long a worse value must last before its level counts, and a better one before it is left.

    A trip counts at once: what protects a cell does not wait.
    """

    up: timedelta = timedelta(seconds=60)
    down: timedelta = timedelta(seconds=300)
    trip: timedelta = timedelta(0)


DWELL = Dwell()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a battery management system says at an instant; None where it says nothing.

    `resting` is a current below C/50; `charging` a current into the pack. `steady_ma` is by how much a current may
    differ from the one before and still be the same load.
    """

    at: datetime
    cell_min_mv: int | None = None
    cell_max_mv: int | None = None
    temperature_min_mc: int | None = None
    temperature_max_mc: int | None = None
    insulation_ohm_per_v: int | None = None
    protection: int | None = None
    resting: bool = False
    charging: bool = False
    current_ma: int | None = None
    steady_ma: int = 0


class Change(StrEnum):
    """What happened to an alarm."""

    OPENED = "opened"
    WORSENED = "worsened"
    EASED = "eased"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmEvent:
    """An alarm's change; `value` is the one that brought it about, `since` when it began to last."""

    signal: Signal
    change: Change
    level: Level
    value: int
    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One signal's standing: its level, and a level that lasts but does not count yet.

    A trip is latched: it is left only when a named person clears it. `last` is the value that was seen last.
    """

    level: Level = Level.NORMAL
    pending: Level | None = None
    pending_since: datetime | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A pack's watches by signal and the instant of its last sample; blocked while any is tripped.

    `temperature_mc` and `current_ma` are what that sample said: by them the next one tells how fast the pack warms.
    """

    watches: Mapping[Signal, Watch]
    seen_at: datetime | None = None
    temperature_mc: int | None = None
    current_ma: int | None = None

    @property
    def blocked(self) -> bool:
        """Whether a trip keeps the pack from being used."""
        return any(watch.level is Level.TRIP for watch in self.watches.values())

    @property
    def level(self) -> Level:
        """The worst level of all signals."""
        return max((watch.level for watch in self.watches.values()), default=Level.NORMAL)


CALM = Standing(watches={})
"""A pack of which nothing has been seen yet."""


def signals(sample: Sample) -> Mapping[Signal, int]:
    """Return what a sample says of each signal; a signal of which it says nothing is left out."""
    found: dict[Signal, int] = {}
    if sample.cell_max_mv is not None:
        found[Signal.CELL_HIGH] = sample.cell_max_mv
    if sample.cell_min_mv is not None:
        found[Signal.CELL_LOW] = sample.cell_min_mv
    if sample.cell_max_mv is not None and sample.cell_min_mv is not None:
        spread = Signal.SPREAD_AT_REST if sample.resting else Signal.SPREAD_UNDER_LOAD
        found[spread] = sample.cell_max_mv - sample.cell_min_mv
    if sample.temperature_max_mc is not None:
        found[Signal.TEMPERATURE] = sample.temperature_max_mc
    if sample.temperature_max_mc is not None and sample.temperature_min_mc is not None:
        found[Signal.TEMPERATURE_SPREAD] = sample.temperature_max_mc - sample.temperature_min_mc
    if sample.charging and sample.temperature_min_mc is not None:
        found[Signal.CHARGING_COLD] = sample.temperature_min_mc
    if sample.insulation_ohm_per_v is not None:
        found[Signal.INSULATION] = sample.insulation_ohm_per_v
    if sample.protection is not None:
        found[Signal.PROTECTION] = sample.protection
    return found


RISE_OVER_MAX = timedelta(minutes=5)
"""Two samples further apart say nothing of how fast a pack warms."""


def temperature_rise_mk(standing: Standing, sample: Sample) -> int | None:
    """Return how fast the warmest sensor rose since the sample before, mK a minute, cut towards less.

    None where that is not said: a temperature or a current is unknown, the current is another one (a pack warms when
    its load begins, which is no fault), or the samples lie more than five minutes apart.
    """
    if standing.seen_at is None or not timedelta(0) < sample.at - standing.seen_at <= RISE_OVER_MAX:
        return None
    if standing.temperature_mc is None or sample.temperature_max_mc is None:
        return None
    if standing.current_ma is None or sample.current_ma is None:
        return None
    if abs(sample.current_ma - standing.current_ma) > sample.steady_ma:
        return None
    seconds = (sample.at - standing.seen_at) // timedelta(seconds=1)
    return (sample.temperature_max_mc - standing.temperature_mc) * 60 // seconds


def observe(
    standing: Standing, sample: Sample, *, limits: Mapping[Signal, Limits], dwell: Dwell = DWELL
) -> tuple[Standing, tuple[AlarmEvent, ...]]:
    """Take one sample and return the new standing with what changed.

    A signal of which the sample says nothing keeps its level: silence never clears; one without a limit is not
    watched. A sample at the last one's instant changes nothing, so that a stream may be sent again; an earlier one,
    which a buffer held back, opens what trips at once and changes nothing else.
    """
    if standing.seen_at is not None and sample.at <= standing.seen_at:
        return (standing, ()) if sample.at == standing.seen_at else _observe_late(standing, sample, limits=limits)
    waited, events = tick(standing, sample.at, limits=limits, dwell=dwell)
    watches = dict(waited.watches)
    found = list(events)
    values = {**signals(sample), Signal.GAP: 0}  # a sample ends a gap
    rise_mk = temperature_rise_mk(standing, sample)
    if rise_mk is not None:
        values[Signal.TEMPERATURE_RISE] = rise_mk
    for signal, value in values.items():
        if signal not in limits:
            continue
        watch, event = _step(signal, watches.get(signal, Watch()), value, sample.at, limits=limits[signal], dwell=dwell)
        watches[signal] = replace(watch, last=value)
        if event is not None:
            found.append(event)
    return (
        Standing(
            watches=watches,
            seen_at=sample.at,
            temperature_mc=sample.temperature_max_mc,
            current_ma=sample.current_ma,
        ),
        tuple(found),
    )


def _observe_late(
    standing: Standing, sample: Sample, *, limits: Mapping[Signal, Limits]
) -> tuple[Standing, tuple[AlarmEvent, ...]]:
    watches = dict(standing.watches)
    found: list[AlarmEvent] = []
    for signal, value in signals(sample).items():
        watch = watches.get(signal, Watch())
        if signal not in limits or watch.level is Level.TRIP:
            continue
        if limits[signal].level(value, held=Level.NORMAL) is Level.TRIP:
            tripped, event = _settle(signal, watch, Level.TRIP, value, sample.at, sample.at)
            watches[signal] = replace(tripped, last=watch.last)
            found.append(event)
    return replace(standing, watches=watches), tuple(found)


def report_trip(standing: Standing, *, at: datetime) -> tuple[Standing, AlarmEvent]:
    """Let a person say that a pack tripped; it is latched like any other, and may be said again."""
    before = standing.watches.get(Signal.REPORTED, Watch())
    watch, event = _settle(Signal.REPORTED, before, Level.TRIP, 0, at, at)
    if before.level is Level.TRIP:
        event = replace(event, change=Change.WORSENED)
    return replace(standing, watches={**standing.watches, Signal.REPORTED: watch}), event


def tick(
    standing: Standing, at: datetime, *, limits: Mapping[Signal, Limits], dwell: Dwell = DWELL
) -> tuple[Standing, tuple[AlarmEvent, ...]]:
    """Let time pass without a sample: what is not heard of for long enough is an alarm of its own."""
    if standing.seen_at is None or at <= standing.seen_at:
        return standing, ()
    silent_s = (at - standing.seen_at) // timedelta(seconds=1)
    before = standing.watches.get(Signal.GAP, Watch())
    level = limits[Signal.GAP].level(silent_s, held=Level.NORMAL)
    if level <= before.level:
        return standing, ()
    watch, event = _settle(Signal.GAP, before, level, silent_s, standing.seen_at, at)
    return replace(standing, watches={**standing.watches, Signal.GAP: watch}), (event,)


def clear_trip(
    standing: Standing,
    signal: Signal,
    *,
    by: str,
    at: datetime,
    limits: Mapping[Signal, Limits] | None = None,
    heard_of: bool = True,
) -> tuple[Standing, AlarmEvent]:
    """Let a named person clear a trip; whatever is still wrong opens again with the next sample.

    Args:
        standing: of the pack.
        signal: which of its trips.
        by: the person's name.
        at: now.
        limits: of the pack's chemistry; with them, a trip whose cause lasts is not cleared.
        heard_of: whether the pack ought to send; where it need not, its silence keeps nobody from clearing.

    Raises:
        TripNotCleared: the signal is not tripped, or nobody is named.
        TripLasts: what was seen last would trip again.
    """
    watch = standing.watches.get(signal, Watch())
    if watch.level is not Level.TRIP or not by.strip():
        raise TripNotCleared(signal=signal.value)
    limit = None if limits is None else limits.get(signal)
    if limit is not None:
        seen = watch.last
        if signal is Signal.GAP:
            silent = heard_of and standing.seen_at is not None
            seen = (at - standing.seen_at) // timedelta(seconds=1) if silent and standing.seen_at else None
        if seen is not None and limit.level(seen, held=Level.TRIP) is Level.TRIP:
            raise TripLasts(signal=signal.value, value=seen)
    event = AlarmEvent(signal=signal, change=Change.CLEARED, level=Level.NORMAL, value=0, since=at, at=at)
    return replace(standing, watches={**standing.watches, signal: Watch(last=watch.last)}), event


def watch_all(
    samples: Iterable[Sample], *, limits: Mapping[Signal, Limits], dwell: Dwell = DWELL
) -> tuple[Standing, tuple[AlarmEvent, ...]]:
    """Take samples one after another, oldest first."""
    standing = CALM
    found: list[AlarmEvent] = []
    for sample in samples:
        standing, events = observe(standing, sample, limits=limits, dwell=dwell)
        found.extend(events)
    return standing, tuple(found)


def _step(
    signal: Signal, watch: Watch, value: int, at: datetime, *, limits: Limits, dwell: Dwell
) -> tuple[Watch, AlarmEvent | None]:
    level = limits.level(value, held=watch.level)
    if watch.level is Level.TRIP and level is not Level.TRIP:
        return watch, None  # latched: only a named person clears it
    if level is watch.level:
        return Watch(level=level), None
    rising = level > watch.level
    # A worse value that eases on its way keeps its clock only while it lasts on the same side.
    same_side = watch.pending is not None and (watch.pending > watch.level) is rising
    since = watch.pending_since if same_side and watch.pending_since is not None else at
    lowest = level if watch.pending is None or not same_side else min(level, watch.pending) if rising else level
    needed = dwell.trip if level is Level.TRIP else dwell.up if rising else dwell.down
    if at - since >= needed:
        counted = level if level is Level.TRIP or not rising else lowest
        settled, event = _settle(signal, watch, counted, value, since, at)
        if counted is not level:
            settled = Watch(level=counted, pending=level, pending_since=at)
        return settled, event
    return Watch(level=watch.level, pending=lowest if rising else level, pending_since=since), None


def _settle(
    signal: Signal, before: Watch, level: Level, value: int, since: datetime, at: datetime
) -> tuple[Watch, AlarmEvent]:
    if level > before.level:
        change = Change.OPENED if before.level is Level.NORMAL else Change.WORSENED
    else:
        change = Change.CLEARED if level is Level.NORMAL else Change.EASED
    event = AlarmEvent(signal=signal, change=change, level=level, value=value, since=since, at=at)
    return Watch(level=level), event


def connection_rate_ppm(*, minutes_received: int, minutes: int) -> int | None:
    """Return the share of minutes that were received (접속률), ppm rounded down; None of no minute.

    Source: KESCO, online inspection from 900,000 on
    """
    if not 0 <= minutes_received <= minutes:
        raise ValueError("of so many minutes at most all are received")
    return minutes_received * 1_000_000 // minutes if minutes else None
