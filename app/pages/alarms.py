"""Alarms of packs in use: which stand, what happened to each, the form that lets a trip go, and a pack's own card."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.http.alarms import ClearanceIn
from app.http.identity import GivenActor, GivenPorts
from app.http.telemetry import level_word
from app.pages.confirming import prove_by_form
from app.pages.frame import GivenPage, Page, PageRequest, read_as, read_form
from app.pages.messages import say
from app.ports import Ports
from domain.identity.model import PartyKind
from domain.journeys import safety
from domain.metering.alarms import AlarmId
from domain.metering.safety import Signal
from domain.metering.telemetry import ONLINE_PPM_MIN, Flag, TelemetryMinute, TelemetrySignal
from domain.metering.watching import ClearTrip
from domain.passport.errors import PackUnknown
from domain.shared.actor import COMPLEX_STAFF, TENANT_STAFF, Actor, Role
from domain.shared.errors import DomainError
from domain.shared.identifiers import PackId, TenantId

SHOWN_MAX = 100
GAPS_SHOWN = 8
ALARMS_ON_A_PACK = 6

SHAPES: dict[str, tuple[int, int, str]] = {
    "mv": (1_000, 3, "V"),
    "ma": (1_000, 1, "A"),
    "mc": (1_000, 1, "°C"),
    "mk": (1_000, 1, "K"),
    "bp": (100, 1, "%"),
    "w": (1_000, 1, "kW"),
    "ohm": (1_000, 0, "kΩ"),
}
"""How a small unit is shown: so many make one, with so many decimals, of this."""


def shown(word: str, value: int | None, language: str) -> str:
    """Write a signal's value in the unit that people read."""
    if value is None:
        return "–"
    if word == Signal.GAP.value:
        return say("alarms.minutes", language, count=value // 60)
    if word == Signal.PROTECTION.value:
        return say(f"protection.{value}", language)
    if word == Signal.INSULATION.value:
        return f"{value:,} Ω/V"
    if word == TelemetrySignal.FLAGS.value:
        names = [say(f"flag.{(flag.name or '').lower()}", language) for flag in Flag if value & flag]
        return ", ".join(names) or say("flag.none", language)
    factor, places, unit = SHAPES[word.rsplit("_", 1)[-1]]
    # Whole units and thousandths of them, without a float between.
    sign, whole, rest = "-" if value < 0 else "", abs(value) // factor, abs(value) % factor
    decimals = f".{rest * 1_000 // factor:03d}"[: places + 1] if places else ""
    return f"{sign}{whole:,}{decimals} {unit}"


@get("/alarms")
async def list_alarms(ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show alarms, those that stand first, the worst of them first."""
    alarms = await safety.list_alarms(actor, tenant_id=None, limit=SHOWN_MAX, unit=ports.unit)
    async with ports.unit(actor) as work:
        packs = {one.pack_id: one for one in await work.packs.several(sorted({alarm.pack_id for alarm in alarms}))}
        tenants = {}
        if actor.is_complex:
            tenants = {one.tenant_id: one for one in await work.parties.of_kind(PartyKind.TENANT)}
    return page.show(
        "alarms.html",
        standing=[alarm for alarm in alarms if alarm.open],
        cleared=[alarm for alarm in alarms if not alarm.open],
        packs=packs,
        tenants=tenants,
        shown=lambda word, value: shown(word, value, page.language),
    )


@get("/alarms/{tenant_id:int}/{alarm_id:uuid}")
async def show_alarm(
    tenant_id: FromPath[int], alarm_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template:
    """Show an alarm, everything that happened to it, and to an operator the form that lets a trip go."""
    return await _alarm(page, ports, actor, TenantId(tenant_id), AlarmId(alarm_id))


async def _alarm(
    page: Page,
    ports: Ports,
    actor: Actor,
    tenant_id: TenantId,
    alarm_id: AlarmId,
    *,
    error: DomainError | None = None,
    form: dict[str, str] | None = None,
) -> Template:
    alarm, changes = await safety.open_alarm(actor, alarm_id, tenant_id=tenant_id, unit=ports.unit)
    async with ports.unit(actor) as work:
        packs = await work.packs.several([alarm.pack_id])
    context: dict[str, object] = {
        "alarm": alarm,
        "changes": changes,
        "pack": packs[0] if packs else None,
        "may_clear": actor.role is Role.OPERATOR and alarm.trips,
        "ask_password": not actor.is_confirmed(ports.clock.now()),
        "shown": lambda word, value: shown(word, value, page.language),
    }
    if error is None:
        return page.show("alarm.html", **context)
    return page.again("alarm.html", error, form or {}, **context)


@post("/alarms/{tenant_id:int}/{alarm_id:uuid}/clearance", status_code=303)
async def clear_trip(
    request: PageRequest,
    tenant_id: FromPath[int],
    alarm_id: FromPath[UUID],
    ports: GivenPorts,
    actor: GivenActor,
    page: GivenPage,
) -> Template | Redirect:
    """Let a trip go; the pack serves again if nothing else forbids it."""
    form = await read_form(request)
    try:
        actor = await prove_by_form(request, ports, actor, form, signing=False, language=page.language)
        wish = read_as({**form, "tenant_id": str(tenant_id)}, ClearanceIn, page.language)
        await safety.clear_trip(
            ClearTrip(actor=actor, tenant_id=TenantId(tenant_id), alarm_id=AlarmId(alarm_id), reason=wish.reason),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _alarm(page, ports, actor, TenantId(tenant_id), AlarmId(alarm_id), error=error, form=form)
    return Redirect(f"/alarms/{tenant_id}/{alarm_id}", status_code=303)


async def pack_card(actor: Actor, pack_id: PackId, *, ports: Ports, language: str) -> dict[str, object]:
    """Gather what a pack's page shows of its use now; nothing to those who do not look at packs in use."""
    watch: safety.PackWatch | None = None
    if actor.role in (*TENANT_STAFF, *COMPLEX_STAFF):
        try:
            watch = await safety.pack_watch(actor, pack_id, unit=ports.unit, clock=ports.clock)
        except PackUnknown:  # it was given back: its life until then shows, and nothing of its use now
            watch = None
    return {
        "watch": watch,
        "watch_level": None if watch is None else level_word(watch),
        "watch_values": () if watch is None or watch.latest is None else _values(watch.latest, language),
        "online_ppm_min": ONLINE_PPM_MIN,
        "gaps_shown": GAPS_SHOWN,
        "alarms_shown": ALARMS_ON_A_PACK,
        "shown": lambda word, value: shown(word, value, language),
    }


def _values(minute: TelemetryMinute, language: str) -> list[tuple[str, str]]:
    return [
        (say(f"signal.{signal.value}", language), shown(signal.value, minute.values[signal], language))
        for signal in TelemetrySignal
        if signal in minute.values
    ]


ALARMS = (list_alarms, show_alarm, clear_trip)
