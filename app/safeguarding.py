"""`sunhwan alarms …` and `sunhwan telemetry …`: what packs in service say and tripped of, at the command line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
import typer
from rich.table import Table

from app.answers import REFUSED, USAGE, Json, Lang
from app.answers import print_whole as _print_whole
from app.answers import run as _run
from app.given_files import read_file
from app.ports import Ports
from app.recorded import as_operator, note, opened
from app.registrar import configured
from app.terminal import err, out
from domain.identity.errors import MemberUnknown, TenantUnknown
from domain.identity.model import PartyKind
from domain.journeys import safety
from domain.metering.alarms import Alarm, AlarmId
from domain.metering.errors import AlarmUnknown
from domain.metering.watching import ClearTrip, TelemetryReport
from domain.shared.actor import SYSTEM, Role
from domain.shared.identifiers import TenantId
from domain.shared.time import SEOUL

alarms = typer.Typer(help="팩의 안전 경보 · safety alarms of packs.", no_args_is_help=True)
telemetry = typer.Typer(help="팩의 원격 측정 · minutes of packs.", no_args_is_help=True)

_LEVELS_KO = {"normal": "정상", "warn": "주의", "alarm": "경보", "trip": "차단"}


@alarms.command("list")
def list_alarms(
    owner: Annotated[int | None, typer.Option("--tenant", help="이 입주기업만 · of this tenant alone.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="해제된 것도 · cleared ones as well.")] = False,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """경보를 심한 것부터 본다 · list alarms, the worst that stand first."""
    from app.http.alarms import alarm_out

    settings = configured(language)

    async def run() -> tuple[Alarm, ...]:
        async with opened(settings) as ports:
            return await safety.list_alarms(
                SYSTEM,
                tenant_id=None if owner is None else TenantId(owner),
                only_open=not everything,
                unit=ports.unit,
            )

    found = _run(run, language, as_json=as_json)
    if as_json:
        listed = msgspec.json.encode([alarm_out(one) for one in found])
        _print_whole(msgspec.json.format(listed, indent=2).decode())
        return
    ko = language == "ko"
    table = Table(title=f"경보 {len(found)}건" if ko else f"{len(found)} alarms", title_justify="left")
    heads = ("번호", "기관", "팩", "신호", "단계", "값", "한도", "바뀐 때")
    for heading in heads if ko else ("id", "tenant", "pack", "signal", "level", "value", "limit", "changed"):
        table.add_column(heading)
    for one in found:
        level = one.level.name.lower()
        table.add_row(
            str(one.alarm_id),
            str(one.tenant_id),
            str(one.pack_id),
            one.signal.value,
            _LEVELS_KO[level] if ko else level,
            "-" if one.value is None else str(one.value),
            "-" if one.limit is None else str(one.limit),
            one.changed_at.astimezone(SEOUL).isoformat(timespec="minutes"),
        )
    out.print(table)


@alarms.command("clear")
def clear_alarm(
    alarm: Annotated[UUID, typer.Argument(help="경보 번호 · the alarm's id.")],
    by: Annotated[str, typer.Option("--by", help="해제하는 운영자의 로그인 이름 · the operator's sign-in name.")],
    reason: Annotated[str, typer.Option("--reason", help="사유 · why.")],
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """차단 경보를 해제한다; 이름 있는 운영자와 사유가 필요하다 · clear a trip, in a named operator's name."""
    if not reason.strip():
        err.print("--reason 에 사유를 적어 주세요." if language == "ko" else "Say why with --reason.")
        raise typer.Exit(USAGE)
    settings = configured(language)

    async def run() -> safety.Cleared:
        async with opened(settings) as ports:
            async with ports.unit(SYSTEM) as work:
                person = await work.people.named(by)
            if person is None or not person.active:
                raise MemberUnknown
            person.actor.require(Role.OPERATOR)
            found = await safety.list_alarms(SYSTEM, tenant_id=None, only_open=True, unit=ports.unit)
            mine = next((one for one in found if one.alarm_id == alarm), None)
            if mine is None:
                raise AlarmUnknown
            # Whoever opens the database here could write anything: the name is whom they answer for, and is audited.
            operator = await as_operator(person.actor, ports, of=person.tenant_id)
            actor = replace(operator, confirmed_at=ports.clock.now())
            cleared = await safety.clear_trip(
                ClearTrip(actor=actor, tenant_id=mine.tenant_id, alarm_id=AlarmId(alarm), reason=reason.strip()),
                unit=ports.unit,
                ids=ports.ids,
                clock=ports.clock,
            )
            told = f"alarm_id={alarm} by={person.person_id}"
            await note(ports, "alarms clear", object_ids=told, for_tenant=mine.tenant_id)
            return cleared

    cleared = _run(run, language, as_json=as_json)
    if as_json:
        told = {"still_blocked": cleared.still_blocked, "resumed": cleared.resumed is not None}
        _print_whole(json.dumps(told))
        return
    if language == "ko":
        said = "서비스를 다시 시작합니다." if cleared.resumed else "아직 서비스하지 않습니다."
    else:
        said = "the pack serves again." if cleared.resumed else "the pack does not serve yet."
    out.print(f"[green]✓[/] {cleared.alarm.signal.value}: {said}", highlight=False)


@telemetry.command("send")
def send_telemetry(
    file: Annotated[Path, typer.Argument(help="JSON 또는 NDJSON, .gz 가능 · told by content (docs/telemetry.md).")],
    owner: Annotated[int, typer.Option("--tenant", help="팩을 쓰는 입주기업 · whose packs they are.")],
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """팩의 분 단위 측정을 넣는다 · take minutes of packs; exit code 3 when one is rejected."""
    from app.http.telemetry import read_file as read_minutes

    settings = configured(language)

    async def run() -> tuple[TelemetryReport, ...]:
        from app.given_readings import unpacked  # what it needs of the web program is loaded where it is used

        text = unpacked(read_file(file))
        async with opened(settings) as ports:
            tenant_id = await _tenant(ports, owner)
            taken = [
                await safety.take_telemetry(
                    safety.TakeTelemetry(
                        actor=SYSTEM, tenant_id=tenant_id, minutes=part.minutes, rejected=part.rejected
                    ),
                    unit=ports.unit,
                    ids=ports.ids,
                    clock=ports.clock,
                )
                for part in read_minutes(text, ports.clock.now())
            ]
            await note(ports, "telemetry send", for_tenant=tenant_id)
            return tuple(taken)

    reports = _run(run, language, as_json=as_json)
    counts = {name: sum(getattr(one, name) for one in reports) for name in _COUNTED}
    places = [(one.place, one.reason.value) for report in reports for one in report.rejections]
    blocked = sorted({str(one.pack_id) for report in reports for one in report.trips})
    if as_json:
        rejections = [{"place": place, "reason": reason} for place, reason in places]
        _print_whole(json.dumps({**counts, "rejections": rejections, "blocked": blocked}, ensure_ascii=False))
    else:
        words = ("접수", "중복", "충돌", "거절") if language == "ko" else _COUNTED
        out.print(" · ".join(f"{word} {counts[name]:,}" for word, name in zip(words, _COUNTED, strict=True)))
        for place, reason in places[:_NAMED]:
            out.print(f"  {place}: {reason}", highlight=False)
        if blocked:
            out.print(f"[bold red]{'차단' if language == 'ko' else 'blocked'}[/] {', '.join(blocked)}", highlight=False)
    if counts["rejected"]:
        raise typer.Exit(REFUSED)


_COUNTED = ("accepted", "duplicate", "conflicting", "rejected")
_NAMED = 20


async def _tenant(ports: Ports, number: int) -> TenantId:
    async with ports.unit(SYSTEM) as work:
        tenants = {one.tenant_id for one in await work.parties.of_kind(PartyKind.TENANT)}
    if number not in tenants:
        raise TenantUnknown
    return TenantId(number)
