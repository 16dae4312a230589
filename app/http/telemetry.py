"""The telemetry door: what battery management systems say each minute, in and back out."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.datastructures import State
from litestar.exceptions import ValidationException
from litestar.params import FromPath

from app.http.alarms import AlarmOut, alarm_out
from app.http.identity import REMEMBERED, GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.quotas import charge_values
from app.http.readings import MediaTypeUnknown, TooManyValues
from app.http.schemas import Day, Instant, Out, TenantQuery
from app.ports import Ports
from domain.journeys import safety
from domain.metering.errors import TelemetryMalformed
from domain.metering.telemetry import (
    SIGNALS,
    Flag,
    OfferedMinute,
    Rate,
    RejectedMinute,
    TelemetryMinute,
    TelemetryRejection,
    TelemetrySignal,
    offered,
)
from domain.shared.actor import Actor
from domain.shared.identifiers import PackId, TenantId
from domain.shared.time import Interval, day_start

BODY_BYTES_MAX = 8 * 1024 * 1024
MINUTES_MAX = 20_000


class _Minute(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    pack: UUID
    at: str
    voltage_mv: int | None = None
    current_ma: int | None = None
    soc_bp: int | None = None
    cell_min_mv: int | None = None
    cell_max_mv: int | None = None
    temperature_min_mc: int | None = None
    temperature_max_mc: int | None = None
    insulation_ohm: int | None = None
    power_ready_w: int | None = None
    flags: int | None = None


class _Minutes(msgspec.Struct, forbid_unknown_fields=True):
    minutes: list[_Minute]


_ONE = msgspec.json.Decoder(_Minute, strict=True)
_MANY = msgspec.json.Decoder(_Minutes, strict=True)


class TelemetryTaken(msgspec.Struct, frozen=True):
    """Minutes that a body holds, and places in it that hold none."""

    minutes: list[OfferedMinute]
    rejected: list[RejectedMinute]

    def take(self, place: str, minute: _Minute, now: datetime) -> None:
        """Sort one minute in."""
        found = offered(
            place,
            PackId(minute.pack),
            minute.at,
            {signal: getattr(minute, signal.value) for signal in SIGNALS},
            now=now,
        )
        if isinstance(found, OfferedMinute):
            self.minutes.append(found)
        else:
            self.rejected.append(found)


def read_json(body: bytes, now: datetime) -> TelemetryTaken:
    """Read `{"minutes": […]}`, or one minute that is the whole body.

    Raises:
        ValidationException: the body is neither; it says where.
        TooManyValues: it holds more minutes than are taken at once.
    """
    taken = TelemetryTaken([], [])
    try:
        minutes = _MANY.decode(body).minutes if b'"minutes"' in body else [_ONE.decode(body)]
    except (msgspec.DecodeError, RecursionError) as error:
        said, _, place = str(error).partition(" - at ")
        raise ValidationException(extra=[{"key": place.strip("`") or "body", "message": said}]) from error
    if not minutes:
        raise ValidationException(extra=[{"key": "minutes", "message": "Expected at least one minute"}])
    _room(len(minutes))
    for number, minute in enumerate(minutes):
        taken.take(f"minutes[{number}]", minute, now)
    return taken


def read_ndjson(body: bytes, now: datetime) -> TelemetryTaken:
    """Read one minute a line; a line that is none is rejected by its number.

    Raises:
        TooManyValues: it holds more minutes than are taken at once.
    """
    taken = TelemetryTaken([], [])
    lines = body.split(b"\n")
    _room(sum(1 for line in lines if line.strip()))
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            minute = _ONE.decode(line)
        except (msgspec.DecodeError, RecursionError):
            taken.rejected.append(RejectedMinute(place=f"line {number}", reason=TelemetryRejection.MALFORMED))
            continue
        taken.take(f"line {number}", minute, now)
    return taken


def read_file(text: bytes, now: datetime) -> list[TelemetryTaken]:
    """Read a file of minutes as a body: one JSON document, or a minute a line, in parts that are taken one by one.

    Raises:
        TelemetryMalformed: it is one document that is none of minutes, or of too many.
    """
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        lines = text.split(b"\n")
        # Lines before a part are kept, empty, so that each is named by its place in the file.
        starts = range(0, len(lines), MINUTES_MAX // 2)
        return [read_ndjson(b"\n" * at + b"\n".join(lines[at : at + MINUTES_MAX // 2]), now) for at in starts]
    try:
        return [read_json(text, now)]
    except ValidationException as error:
        wrong = error.extra[0] if isinstance(error.extra, list) else {}
        raise TelemetryMalformed(place=wrong.get("key"), detail=wrong.get("message")) from error
    except TooManyValues as error:
        raise TelemetryMalformed(place="minutes", detail=f"{MINUTES_MAX:,}+") from error


def _room(minutes: int) -> None:
    if minutes > MINUTES_MAX:
        raise TooManyValues


_READS: Mapping[str, Callable[[bytes, datetime], TelemetryTaken]] = {
    "application/json": read_json,
    "application/x-ndjson": read_ndjson,
}


class RejectedMinuteOut(Out):
    """A minute that was not taken: where it stands in the body, and why."""

    place: str
    reason: Annotated[str, msgspec.Meta(description=f"One of: {', '.join(TelemetryRejection)}.")]


class AlarmChangedOut(Out):
    """What the minutes changed of a pack's alarms."""

    alarm_id: UUID
    pack: UUID
    signal: str
    change: str
    level: str
    value: int | None
    limit: int | None
    at: Instant


class TelemetryOut(Out):
    """What became of each minute, known to be stored; the first hundred that were not taken are named.

    A minute that is known with other values is conflicting, and changes nothing.
    """

    accepted: int
    duplicate: int
    conflicting: int
    rejected: int
    conflicts: list[str]
    rejections: list[RejectedMinuteOut]
    alarms: list[AlarmChangedOut]
    blocked: Annotated[list[UUID], msgspec.Meta(description="Packs that tripped by these minutes: do not use them.")]


class MinuteOut(Out):
    """One minute; null where it says nothing."""

    at: Instant
    voltage_mv: int | None
    current_ma: int | None
    soc_bp: int | None
    cell_min_mv: int | None
    cell_max_mv: int | None
    temperature_min_mc: int | None
    temperature_max_mc: int | None
    insulation_ohm: int | None
    power_ready_w: int | None
    flags: int | None


class SenderOut(Out):
    """A pack that sends minutes now, with its last one."""

    pack: UUID
    model: str
    chemistry: str
    latest: MinuteOut | None


class RateOut(Out):
    """Minutes received of those in service; `ppm` is null of no minute."""

    received: int
    minutes: int
    ppm: int | None


class ConnectionOut(Out):
    """The connection rate (접속률); 900,000 ppm in a month lets the next inspection be asked for online.

    `falls_below_on` is the day on which the month's allowance is used up if the last seven days go on like that.
    """

    today: RateOut
    month: RateOut
    trailing_30_days: RateOut
    month_minutes: int
    allowance: int
    allowance_left: int
    falls_below_on: Day | None


class GapOut(Out):
    """Minutes in service that did not come, the end excluded."""

    from_at: Instant
    until_at: Instant
    minutes: int


class PackWatchOut(Out):
    """Where a pack stands. Without a latest minute it is not watched, which is not the same as well."""

    pack: UUID
    level: Annotated[str, msgspec.Meta(description="not_watched, normal, warn, alarm or trip.")]
    blocked: bool
    stale: bool
    latest: MinuteOut | None
    connection: ConnectionOut | None
    gaps: Annotated[list[GapOut], msgspec.Meta(description="Of the last thirty days, latest first, at most 200.")]
    alarms: list[AlarmOut]


class DaySeriesOut(Out):
    """A pack's minutes of one day of Seoul: 1,440 values a signal, null where nothing came."""

    pack: UUID
    day: Day
    from_at: Instant
    received: int
    signals: Annotated[dict[str, list[int | None]], msgspec.Meta(description=f"{', '.join(SIGNALS)}.")]


def minute_out(minute: TelemetryMinute) -> MinuteOut:
    """Say a minute in the API's words."""
    return MinuteOut(at=minute.at, **{signal.value: minute.values.get(signal) for signal in SIGNALS})


def _rate_out(rate: Rate) -> RateOut:
    return RateOut(received=rate.received, minutes=rate.minutes, ppm=rate.ppm)


def level_word(watch: safety.PackWatch) -> str:
    """Return one word for where a pack stands."""
    if watch.latest is None and not watch.standing.blocked:
        return "not_watched"
    return watch.standing.level.name.lower()


def _watch_out(watch: safety.PackWatch) -> PackWatchOut:
    rates = watch.connection
    return PackWatchOut(
        pack=watch.pack.pack_id,
        level=level_word(watch),
        blocked=watch.standing.blocked,
        stale=watch.is_stale,
        latest=None if watch.latest is None else minute_out(watch.latest),
        connection=None
        if rates is None
        else ConnectionOut(
            today=_rate_out(rates.today),
            month=_rate_out(rates.month),
            trailing_30_days=_rate_out(rates.trailing),
            month_minutes=rates.month_minutes,
            allowance=rates.allowance,
            allowance_left=rates.allowance_left,
            falls_below_on=rates.falls_below_on,
        ),
        gaps=[GapOut(from_at=gap.from_at, until_at=gap.until_at, minutes=gap.minutes) for gap in watch.gaps],
        alarms=[alarm_out(alarm) for alarm in watch.alarms],
    )


_DESCRIPTION = (
    'One or many minutes of packs in service, as `{"minutes": […]}`, as one minute that is the whole body, or as '
    "NDJSON with a minute a line. `at` is the minute's beginning with an offset, without seconds; at least one signal "
    "is told, each a whole number of its unit; `current_ma` is positive while the pack is charged; `flags` adds "
    f"{', '.join(f'{flag.value} {(flag.name or str()).lower()}' for flag in Flag)}. "
    "Which packs one may send for: `GET /api/v1/telemetry/packs`. Send again whatever was not answered: a minute is "
    "kept once, and never changed. The answer comes after everything is durable, and names what the minutes changed. "
    "At most 8 MiB and 20,000 minutes a request."
)


class TelemetryController(Controller):
    """Minutes of packs in service."""

    path = "/api/v1/telemetry"
    tags = ("telemetry",)

    @post(
        "/",
        operation_id="SendTelemetry",
        summary="Send minutes of packs",
        description=_DESCRIPTION,
        responses=PROBLEMS,
        request_max_body_size=BODY_BYTES_MAX,
        status_code=200,
        opt={REMEMBERED: True},
    )
    async def send(
        self,
        request: Request[Actor | None, Ports, State],
        ports: GivenPorts,
        actor: GivenActor,
        tenant_id: TenantQuery = None,
    ) -> TelemetryOut:
        """Take minutes and watch them; the answer comes after both are durable."""
        body = await request.body()
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        read = _READS.get(kind)
        if read is None:
            raise MediaTypeUnknown
        taken = read(body, ports.clock.now())
        report = await safety.take_telemetry(
            safety.TakeTelemetry(
                actor=actor,
                tenant_id=TenantId(tenant_id or actor.tenant_id),
                minutes=taken.minutes,
                rejected=taken.rejected,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        charge_values(request, actor, (len(taken.minutes) + len(taken.rejected)) * len(SIGNALS))
        return TelemetryOut(
            accepted=report.accepted,
            duplicate=report.duplicate,
            conflicting=report.conflicting,
            rejected=report.rejected,
            conflicts=list(report.conflicts),
            rejections=[RejectedMinuteOut(place=one.place, reason=one.reason.value) for one in report.rejections],
            alarms=[
                AlarmChangedOut(
                    alarm_id=one.alarm_id,
                    pack=one.pack_id,
                    signal=one.signal.value,
                    change=one.change.value,
                    level=one.level.name.lower(),
                    value=one.value,
                    limit=one.limit,
                    at=one.at,
                )
                for one in report.changes
            ],
            blocked=sorted({one.pack_id for one in report.trips}),
        )

    @get("/packs", operation_id="ListTelemetryPacks", summary="List packs that send minutes", responses=PROBLEMS)
    async def packs(self, ports: GivenPorts, actor: GivenActor, tenant_id: TenantQuery = None) -> list[SenderOut]:
        """List the packs that serve now and so send minutes, each with its last one; a narrowed key's own alone."""
        found = await safety.list_senders(
            actor, tenant_id=TenantId(tenant_id or actor.tenant_id), unit=ports.unit, clock=ports.clock
        )
        return [
            SenderOut(
                pack=pack.pack_id,
                model=pack.model,
                chemistry=pack.chemistry,
                latest=None if latest is None else minute_out(latest),
            )
            for pack, latest in found
        ]

    @get(
        "/packs/{pack_id:uuid}",
        operation_id="ShowPackWatch",
        summary="Show where a pack stands",
        responses=PROBLEMS,
    )
    async def watch(self, pack_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> PackWatchOut:
        """Show a pack's last minute, level, connection rate, gaps and alarms."""
        return _watch_out(await safety.pack_watch(actor, PackId(pack_id), unit=ports.unit, clock=ports.clock))

    @get(
        "/packs/{pack_id:uuid}/days/{day:date}",
        operation_id="ReadTelemetryDay",
        summary="Read a pack's day",
        responses=PROBLEMS,
    )
    async def day(
        self, pack_id: FromPath[UUID], day: FromPath[date], ports: GivenPorts, actor: GivenActor
    ) -> DaySeriesOut:
        """Return a day's 1,440 minutes, signal by signal."""
        return await day_series(PackId(pack_id), day, ports=ports, actor=actor)


async def day_series(pack_id: PackId, day: date, *, ports: Ports, actor: Actor) -> DaySeriesOut:
    """Lay a pack's day out.

    Raises:
        ValidationException: the calendar ends within the day.
    """
    try:
        from_at = day_start(day)
        span = Interval(start_at=from_at, end_at=from_at + timedelta(days=1))
    except (OverflowError, ValueError) as error:
        raise ValidationException(extra=[{"key": "day", "message": "Expected a day of a calendar"}]) from error
    hours = await safety.read_telemetry(
        safety.TelemetryStretch(actor=actor, pack_id=pack_id, span=span), unit=ports.unit
    )
    series: dict[TelemetrySignal, list[int | None]] = {signal: [None] * 1_440 for signal in SIGNALS}
    for hour in hours:
        offset = (hour.hour_at - from_at) // timedelta(minutes=1)
        for signal in SIGNALS:
            series[signal][offset : offset + 60] = hour.values[signal]
    return DaySeriesOut(
        pack=pack_id,
        day=day,
        from_at=from_at.astimezone(UTC),
        received=sum(hour.received.bit_count() for hour in hours),
        signals={signal.value: values for signal, values in series.items()},
    )
