"""How much of the time a storage could do what was promised (가용률), by 15-minute slots of its packs' telemetry.

What is not known does not count as available: a slot of which too few minutes came, or in which no pack says what it
could deliver, is unknown, and unknown is not available.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.metering.efficiency import SlotState, availability_ppm, slot_state
from domain.metering.telemetry import MINUTES_AN_HOUR, Flag, TelemetryHour, TelemetrySignal
from domain.shared.identifiers import PackId
from domain.shared.time import SLOT, Interval

READY_SHARE_PPM_MIN = 900_000
"""A slot is available from this share of the promised power on. A default of the house."""

MINUTES_HEARD_MIN = 14
"""Of a slot's fifteen minutes so many must say what the pack could deliver. A default of the house."""

_MINUTES_A_SLOT = 15
_CANNOT_DELIVER = Flag.PROTECTION | Flag.DISCHARGE_INHIBITED

READINESS_SIGNALS = (TelemetrySignal.POWER_READY, TelemetrySignal.FLAGS)
"""What must be read of the telemetry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Power promised over a stretch, and which packs keep it when: `[start, end)` of each, without suspensions."""

    power_w: int
    span: Interval
    packs: Mapping[PackId, tuple[Interval, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Slots by what they were; `ppm` is available / (all - excused), None of no slot."""

    available: int
    unavailable: int
    unknown: int
    ppm: int | None

    @property
    def slots(self) -> int:
        """All of them."""
        return self.available + self.unavailable + self.unknown


def slot_readiness(hours: Sequence[TelemetryHour]) -> dict[datetime, int]:
    """Return what a pack could deliver in each slot that was heard of enough: the least of its minutes; W."""
    found: dict[datetime, int] = {}
    for hour in hours:
        ready, flags = (hour.values[signal] for signal in READINESS_SIGNALS)
        for first in range(0, MINUTES_AN_HOUR, _MINUTES_A_SLOT):
            said = [
                0 if (flags[minute] or 0) & _CANNOT_DELIVER else power_w
                for minute in range(first, first + _MINUTES_A_SLOT)
                if (power_w := ready[minute]) is not None
            ]
            if len(said) >= MINUTES_HEARD_MIN:
                found[hour.hour_at + first * timedelta(minutes=1)] = min(said)
    return found


def availability(
    promises: Sequence[Promise],
    hours: Mapping[PackId, Sequence[TelemetryHour]],
    *,
    span: Interval,
    share_ppm_min: int = READY_SHARE_PPM_MIN,
) -> Availability:
    """Judge every slot of every promise within a span that has an end.

    A slot's packs deliver together. One of which nothing is known makes the slot unknown unless the others reach
    the share alone; without any pack in service a slot is unavailable, for nobody could deliver.
    """
    readiness = {pack_id: slot_readiness(kept) for pack_id, kept in hours.items()}
    states: list[SlotState] = []
    for promise in promises:
        at = max(span.start_at, promise.span.start_at)
        end_at = min(end for end in (span.end_at, promise.span.end_at) if end is not None)
        while at + SLOT <= end_at:
            states.append(_state(promise, readiness, at, share_ppm_min))
            at += SLOT
    return Availability(
        available=states.count(SlotState.AVAILABLE),
        unavailable=states.count(SlotState.UNAVAILABLE),
        unknown=states.count(SlotState.UNKNOWN),
        ppm=availability_ppm(states),
    )


def _state(
    promise: Promise, readiness: Mapping[PackId, Mapping[datetime, int]], at: datetime, share_ppm_min: int
) -> SlotState:
    serving = [pack_id for pack_id, spans in promise.packs.items() if _holds_all(spans, at)]
    known = [readiness.get(pack_id, {}).get(at) for pack_id in serving]
    ready_w = sum(one for one in known if one is not None)
    judged = slot_state(
        power_ready_w=ready_w, power_promised_w=promise.power_w, share_ppm_min=share_ppm_min, excused=False
    )
    if judged is SlotState.UNAVAILABLE and None in known:
        return SlotState.UNKNOWN
    return judged


def _holds_all(spans: Sequence[Interval], at: datetime) -> bool:
    """Say whether a pack serves a whole slot, across services that follow each other."""
    return any(one.holds(at) for one in spans) and any(
        one.holds(at + SLOT - timedelta(microseconds=1)) for one in spans
    )
