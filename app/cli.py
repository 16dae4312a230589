"""`sunhwan …`: the verbs of those who run it. Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 not reachable."""

import contextlib
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from app import inspecting, logs, wiring
from app.answers import FAILED, REFUSED, USAGE, Json, Lang, Language
from app.answers import fail as _fail
from app.answers import print_whole as _print_whole
from app.answers import run as _run
from app.attesting import cert, keys
from app.exchanging import protocol, records
from app.given_files import read_file
from app.ports import Ports
from app.recorded import as_operator, note
from app.recorded import opened as _ports
from app.registrar import audit_log, industrial_complex, key, person, tenant
from app.registrar import configured as _settings
from app.safeguarding import alarms, telemetry
from app.settings import Settings
from app.terminal import (
    err,
    out,
    show_findings,
    show_forecast,
    show_import,
    show_readings,
    show_scanned,
    show_stored_findings,
    show_story,
    show_trace,
)
from app.workbench import cycler, forecasts, screen
from domain.certification.forecasting import Forecast
from domain.identity import members, provider
from domain.identity import usecases as identity
from domain.identity.errors import ProviderOff, TenantUnknown
from domain.identity.model import PartyKind
from domain.journeys import pack_health, pack_life, readings, trace
from domain.journeys import vetting as vetting_journey
from domain.metering import registering, vetting
from domain.metering.errors import SiteUnknown
from domain.metering.meters import Meter
from domain.metering.model import ImportReport, MeterId
from domain.metering.usecases import ReadingsReport
from domain.metering.validation import DEFAULTS, Scanned
from domain.shared.actor import FOUNDING_COMPLEX, SIGNED_IN, SYSTEM, Actor, Role, system_actor
from domain.shared.errors import DomainError
from domain.shared.identifiers import ChannelId, SiteId, TenantId
from domain.shared.time import Month
from domain.shared.untrusted import FileBroke

if TYPE_CHECKING:
    from app import demo
    from app.given_readings import Form

# What starts servers or tells the story is imported by the verb that does: reading one file must not wait for it.

cli = typer.Typer(
    name="sunhwan",
    help="순환 Sunhwan: 재사용 배터리의 접수부터 청구까지 · reuse batteries from reception to the monthly bill.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
history = typer.Typer(help="팩의 봉인된 이력 · a pack's sealed history.", no_args_is_help=True)
meter = typer.Typer(help="계량 파일 · meters' files.", no_args_is_help=True)
cli.add_typer(history, name="history")
cli.add_typer(cycler, name="cycler")
cli.add_typer(screen, name="screen")
cli.add_typer(forecasts, name="forecast")
cli.add_typer(cert, name="cert")
cli.add_typer(keys, name="keys")
cli.add_typer(records, name="records")
cli.add_typer(protocol, name="protocol")
cli.add_typer(industrial_complex, name="complex")
cli.add_typer(tenant, name="tenant")
cli.add_typer(person, name="person")
cli.add_typer(key, name="key")
cli.add_typer(audit_log, name="audit")
cli.add_typer(meter, name="meter")
cli.add_typer(alarms, name="alarms")
cli.add_typer(telemetry, name="telemetry")

PackArgument = Annotated[str, typer.Argument(metavar="PACK", help="제품 URI, 배터리 식별번호, 일련번호 또는 팩 번호.")]


def main() -> None:
    """Run the command line; any error of the field is one sentence and an exit code, never a traceback."""
    logs.configure()  # standard output is kept for results
    try:
        cli(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)


@cli.command()
def doctor(
    backup_marker: Annotated[
        Path | None,
        typer.Option(help="백업 뒤에 갱신되는 파일 · a file touched after each backup. [SUNHWAN_HOME/backup/last]"),
    ] = None,
    language: Lang = "ko",
    as_json: Json = False,
) -> None:
    """배포 상태 점검: TLS, 키, 역할, 시각, 백업 · examine a deployment; exits 1 when something must be mended."""
    from app import doctor as doctoring

    settings = _settings(language)
    findings = _run(lambda: doctoring.examine(settings, backup_marker=backup_marker), language, as_json=as_json)
    if as_json:
        _print_whole(json.dumps([asdict(one) for one in findings], ensure_ascii=False, indent=2))
    else:
        show_findings(findings, language)
    if any(one.verdict is doctoring.Verdict.FAIL for one in findings):
        raise typer.Exit(FAILED)


# ── starting ──────────────────────────────────────────────────────────────────────────────────────


@cli.command()
def up(
    with_demo: Annotated[bool, typer.Option("--demo/--no-demo", help="빈 데이터베이스면 시연 단지를 넣는다.")] = True,
    language: Lang = "ko",
) -> None:
    """데이터베이스, 콘솔, API, 작업자를 함께 시작한다 · start everything; Ctrl-C stops it."""
    logs.configure(logging.INFO)
    settings = _settings(language)
    _run(lambda: _up(settings, language, with_demo=with_demo), language)


async def _up(settings: Settings, language: Language, *, with_demo: bool) -> None:
    from app.jobs.schedule import running_schedule
    from app.listening import running_listener
    from app.main import create_app
    from app.serving import collect_seldom, listen, serving, stop_asked

    stopping = stop_asked()
    listening = listen(settings.host, settings.port)
    with contextlib.closing(listening):
        async with wiring.open_database(settings, own=True) as address:
            opened = replace(settings, database_url=address)
            password = None
            if with_demo:
                password = await _load_demo(opened, language)
            async with (
                wiring.open_ports(opened) as ports,
                running_schedule(ports),
                running_listener(ports, wiring.telemetry_stream(opened)),
                serving(create_app(opened, ports=lambda _: _lend(ports)), listening),
            ):
                collect_seldom()
                _greet(opened, password, language)
                await stopping.wait()
                err.print("멈추는 중 …" if language == "ko" else "Stopping …")


@contextlib.asynccontextmanager
async def _lend(ports: Ports) -> AsyncIterator[Ports]:
    yield ports


async def _load_demo(settings: Settings, language: Language) -> str | None:
    """Make the demonstration complex in an empty database and tell its story once; return the password."""
    from app import demo, demo_complex

    async with wiring.open_ports(settings) as ports:
        if await demo_complex.is_empty(ports):
            await demo_complex.make_complex(ports, password=demo_complex.sign_in_password(settings.home))
        await demo_complex.add_newcomers(ports, home=settings.home)
        if not await demo_complex.has_people(ports):
            return None
        untold = await demo_complex.is_untold(ports)
    password = demo_complex.sign_in_password(settings.home)
    if untold:
        err.print("시연 단지를 준비하는 중 …" if language == "ko" else "Preparing the demonstration complex …")
        await _tell(demo.DemoWish(), settings, password=password, said=lambda _: None)
    return password


def _greet(settings: Settings, password: str | None, language: Language) -> None:
    ko = language == "ko"
    base = settings.public_url
    table = Table.grid(padding=(0, 2))
    table.add_row("콘솔" if ko else "Console", f"[bold]{base}/[/]")
    table.add_row("API 문서" if ko else "API docs", f"{base}/docs")
    table.add_row("데이터" if ko else "Data", str(settings.home) if settings.database_url else "-")
    if password is not None:
        table.add_row("", "")
        names = {
            "operator": ("운영자", "operator: pack timeline, trace, contracts"),
            "tester": ("KTR 시험원", "KTR tester: reception, tests"),
            "reviewer": ("KTR 검토자", "KTR reviewer: review of judgements"),
            "approver": ("KTR 승인자", "KTR approver: approval, certificates"),
            "quality": ("KTR 품질책임자", "KTR quality manager: protocols, equipment"),
            "tenant": ("입주기업", "tenant: energy, invoices, members, API keys"),
            "neighbour": ("다른 입주기업", "another tenant"),
            "admin": ("시스템 관리자", "administrator: organisations, members"),
            "auditor": ("감사자", "auditor: audit log"),
        }
        table.add_row("시연 로그인" if ko else "Sign-ins", f"{'비밀번호' if ko else 'password'} [bold]{password}[/]")
        for sign_in, (in_ko, in_en) in names.items():
            table.add_row("", f"[bold]{sign_in}[/]  {in_ko if ko else in_en}")
    err.print(
        Panel(
            table,
            title="순환 Sunhwan",
            subtitle="Ctrl-C 로 종료" if ko else "Ctrl-C stops",
            border_style="green",
            expand=False,
        )
    )


@cli.command()
def serve(language: Lang = "ko") -> None:
    """웹 콘솔과 API만 시작한다 (서버 배포) · serve console and API only, on DATABASE_URL."""
    from app.main import create_app
    from app.serving import collect_seldom, listen, serving, stop_asked

    logs.configure(logging.INFO)
    settings = _settings(language)

    async def run() -> None:
        stopping = stop_asked()
        with contextlib.closing(listen(settings.host, settings.port)) as listening:
            async with wiring.open_database(settings) as address:
                opened = replace(settings, database_url=address)
                async with serving(create_app(opened), listening):
                    collect_seldom()
                    err.print(f"{opened.public_url}/")
                    await stopping.wait()

    _run(run, language)


@cli.command("work")
def work_command(language: Lang = "ko") -> None:
    """작업자만 시작한다: 일정과 발신함 · run the worker: schedule and outbox."""
    from app.worker import work

    logs.configure(logging.INFO)
    settings = _settings(language)

    async def run() -> None:
        async with wiring.open_database(settings) as address:
            await work(replace(settings, database_url=address))

    _run(run, language)


@cli.command("migrate")
def migrate_command(language: Lang = "ko") -> None:
    """데이터베이스 구조를 최신으로 만든다 · bring the database to the newest schema."""
    settings = _settings(language)

    async def run() -> None:
        async with wiring.open_database(settings):
            pass

    _run(run, language)
    out.print("최신 구조입니다." if language == "ko" else "The schema is up to date.")


# ── the main job ──────────────────────────────────────────────────────────────────────────────────


async def _tell(
    wish: "demo.DemoWish", settings: Settings, *, password: str, said: Callable[[str], None]
) -> "demo.Story":
    """Tell the story on a clock of its own, serving the web program on a free loopback port meanwhile."""
    from app import demo
    from app.main import create_app
    from app.serving import listen, serving

    async with wiring.open_ports(settings) as plain:
        begins = (await plain.reading_files.parse(read_file(wish.site or demo.SAMPLE_SITE))).first_at
    clock = wiring.story_clock(begins - timedelta(days=150))
    async with wiring.open_ports(settings, clock=clock) as ports:

        @contextlib.asynccontextmanager
        async def serve_story() -> AsyncIterator[str]:
            listening = listen("127.0.0.1", 0)
            with contextlib.closing(listening):
                async with serving(create_app(settings, ports=lambda _: _lend(ports)), listening):
                    yield f"http://127.0.0.1:{listening.getsockname()[1]}"

        return await demo.tell(wish, ports=ports, clock=clock, serve=serve_story, password=password, said=said)


@cli.command("demo")
def demo_command(
    cycler_file: Annotated[Path | None, typer.Option("--cycler", help="시험 장비 파일.")] = None,
    site_file: Annotated[Path | None, typer.Option("--site", help="15분 계량 CSV (.csv, .csv.gz).")] = None,
    month: Annotated[str | None, typer.Option("--month", help="마감할 달 YYYY-MM.")] = None,
    protocol_file: Annotated[Path | None, typer.Option("--protocol", help="시험 프로토콜 YAML.")] = None,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """팩 하나의 전 주기를 실제 경로로 시연한다 · walk one pack through its whole life."""
    from app import demo, demo_complex

    settings = _settings(language)
    settings = replace(settings, protocol_file=protocol_file or settings.protocol_file)
    wanted = None if month is None else _month(month, language)
    wish = demo.DemoWish(cycler=cycler_file, site=site_file, month=wanted)

    async def run() -> demo.Story:
        for path in (wish.cycler, wish.site, protocol_file):
            if path is not None:
                read_file(path)
        async with wiring.open_database(settings) as address:
            opened = replace(settings, database_url=address)
            password = demo_complex.sign_in_password(settings.home)
            async with wiring.open_ports(opened) as ports:
                if await demo_complex.is_empty(ports):
                    await demo_complex.make_complex(ports, password=password)
                await demo_complex.add_newcomers(ports, home=settings.home)
            with _progress(language, quiet=as_json) as said:
                return await _tell(wish, opened, password=password, said=said)

    story = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(json.dumps(story.told, ensure_ascii=False, indent=2))
    else:
        show_story(story, language)


@contextlib.contextmanager
def _progress(language: Language, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    from app import demo

    names = {key: (ko if language == "ko" else en) for key, ko, en in demo.STEPS}
    if quiet:
        yield lambda _: None
        return
    with Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        TimeElapsedColumn(),
        console=err,
    ) as progress:
        running: list[TaskID] = []

        def said(key: str) -> None:
            if running:
                progress.update(running[-1], total=1, completed=1)
            running.append(progress.add_task(names[key], total=None))

        yield said
        if running:
            progress.update(running[-1], total=1, completed=1)


# ── tracing ───────────────────────────────────────────────────────────────────────────────────────


async def _operator(ports: Ports) -> Actor:
    """Return the one in whose name the command line looks: whoever can open this database may see all of it."""
    async with ports.unit(SYSTEM) as opened:
        operators = await opened.parties.of_kind(PartyKind.OPERATOR)
    tenant_id = operators[0].tenant_id if operators else TenantId(1)
    return system_actor(tenant_id)


@cli.command("trace")
def trace_command(pack: PackArgument, as_json: Json = False, language: Lang = "ko") -> None:
    """팩의 전 주기를 한 줄로 보여 준다 · show a pack's whole life."""
    from app.http.packs import trace_out

    settings = _settings(language)

    async def run() -> trace.PackTrace:
        async with _ports(settings) as ports:
            actor = await _operator(ports)
            pack_id = await trace.find_pack(pack, actor=actor, unit=ports.unit, clock=ports.clock)
            return await trace.trace_pack(pack_id, actor=actor, unit=ports.unit, clock=ports.clock)

    found = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(inspecting.as_json(trace_out(found)))
    else:
        show_trace(found, language, at=wiring.system_clock().now())


@history.command("verify")
def history_verify(pack: PackArgument, as_json: Json = False, language: Lang = "ko") -> None:
    """이력의 봉인을 모두 확인한다 · verify every seal; names the first broken entry."""
    settings = _settings(language)

    async def run() -> int:
        async with _ports(settings) as ports:
            actor = await _operator(ports)
            pack_id = await trace.find_pack(pack, actor=actor, unit=ports.unit, clock=ports.clock)
            return await pack_life.verify_history(pack_id, actor=actor, unit=ports.unit, clock=ports.clock)

    entries = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(json.dumps({"entries": entries, "holds": True}))
    else:
        said = f"이력 {entries}건의 봉인이 모두 맞습니다." if language == "ko" else f"All {entries} seals hold."
        out.print(f"[green]✓[/] {said}", highlight=False)


@forecasts.command("pack")
def forecast_pack(
    pack: PackArgument,
    years: Annotated[int, typer.Option("--years", min=1, max=20, help="몇 해 · years ahead.")] = pack_health.YEARS,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """인증 기록으로 팩의 건강도를 예측한다 · forecast a pack's health from its own certificates."""
    settings = _settings(language)

    async def run() -> Forecast:
        async with _ports(settings) as ports:
            actor = await _operator(ports)
            pack_id = await trace.find_pack(pack, actor=actor, unit=ports.unit, clock=ports.clock)
            found = await trace.trace_pack(pack_id, actor=actor, unit=ports.unit, clock=ports.clock)
            checks = pack_health.own_checks(found.certificates, found.entries)
            return pack_health.outlook(found.pack.chemistry, checks, years=years)

    shown = inspecting.forecast_out(_run(run, language, as_json=as_json), language)
    if as_json:
        _print_whole(inspecting.as_json(shown))
    else:
        show_forecast(shown, language)


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


@meter.command("import")
def meter_import(
    file: Annotated[
        Path,
        typer.Argument(
            help="사업장 CSV; channel,at,wh CSV; NDJSON; JSON 시계열; 지침. 내용으로 구별, .gz 가능 · told by content."
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="저장하지 않고 검사만 한다 · examine only.")] = False,
    site: Annotated[UUID | None, typer.Option("--site", help="사업장 번호 · the site's id.")] = None,
    owner: Annotated[
        int | None, typer.Option("--tenant", help="채널 번호로 된 파일의 기관 · whose the numbered channels are.")
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", help="기대하는 달 YYYY-MM; 다른 달이 있으면 받지 않는다 · no other month.")
    ] = None,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """계량 파일을 넣거나 검사한다 (docs/metering.md) · take a file of readings; exit code 3 when a value is refused."""
    from app import given_readings

    expected = None if month is None else _month(month, language)

    async def read() -> tuple[bytes, given_readings.Form]:
        content = read_file(file)
        try:
            text = given_readings.unpacked(content)
            if given_readings.tells_wh(text) and not dry_run:  # to be examined it needs no channel of ours
                return content, given_readings.Form.CSV
            return content, given_readings.form_of(text)
        except FileBroke:  # the site file's own reader says in its own words what is wrong
            return content, given_readings.Form.SITE

    content, form = _run(read, language, as_json=as_json)
    if dry_run:
        _examine(content, form, expected, language, name=file.name, as_json=as_json)
        return
    if site is None and (owner is None or form is given_readings.Form.SITE):
        ko = "--site 를 지정해 주세요 (채널 번호로 된 파일은 --tenant 도 됩니다)."
        en = "Name the --site (a file of numbered channels also takes --tenant), or use --dry-run."
        err.print(ko if language == "ko" else en)
        raise typer.Exit(USAGE)
    if form is given_readings.Form.SITE:
        _import_site(content, SiteId(site), expected, language, name=file.name, as_json=as_json)  # type: ignore[arg-type]
    else:
        _import_readings(content, form, site, owner, expected, language, name=file.name, as_json=as_json)


def _import_site(
    content: bytes, site_id: SiteId, month: Month | None, language: Language, *, name: str, as_json: bool
) -> None:
    """Take a site's file in one transaction."""
    from app.http.sites import import_out

    settings = _settings(language)

    async def run() -> ImportReport:
        async with _ports(settings) as ports:
            actor = await _operator(ports)
            owner = await _owner(ports, site_id)
            told(1, 3)
            imported = await readings.import_file(
                readings.ImportFile(actor=actor, tenant_id=owner, site_id=site_id, content=content, month=month),
                unit=ports.unit,
                reading_files=ports.reading_files,
                ids=ports.ids,
                clock=ports.clock,
            )
            told(2, 3)
            await note(ports, "meter import", object_ids=f"site_id={site_id}", for_tenant=owner)
            told(3, 3)
            return imported

    with _moving(name, quiet=as_json) as told:
        report = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(inspecting.as_json(import_out(report)))
    else:
        show_import(report, language)


def _import_readings(
    content: bytes,
    form: "Form",
    site: UUID | None,
    owner: int | None,
    month: Month | None,
    language: Language,
    *,
    name: str,
    as_json: bool,
) -> None:
    """Take numbered channels' readings as the door does, part by part."""
    from app import given_readings
    from app.http.readings import report_out

    settings = _settings(language)

    async def run() -> ReadingsReport:
        text = given_readings.unpacked(content)
        async with _ports(settings) as ports:
            actor = await _operator(ports)
            tenant_id = await _sender(ports, site, owner)
            arrived = given_readings.sort(text, form, now=ports.clock.now())
            given_readings.require_only(month, arrived)
            if given_readings.tells_wh(text):
                async with ports.unit(actor) as work:
                    numbers = [read.channel_id for read in arrived.registers]
                    await registering.require_counts_of_wh(tenant_id, numbers, work=work)
            values = given_readings.values_of(arrived)
            told(0, values)
            report = await given_readings.send(
                text,
                arrived,
                actor=actor,
                tenant_id=tenant_id,
                intake=ports.intake,
                told=lambda sent: told(sent, values),
            )
            objects = "" if site is None else f"site_id={site}"
            await note(ports, "meter import", object_ids=objects, for_tenant=tenant_id)
            return report

    with _moving(name, quiet=as_json) as told:
        report = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(inspecting.as_json(report_out(report)))
    else:
        show_readings(report, language)
    if report.rejected:
        raise typer.Exit(REFUSED)


@meter.command("exchange")
def meter_exchange(
    meter_id: Annotated[UUID, typer.Argument(metavar="METER", help="계량 지점 번호 · the metering point's id.")],
    site: Annotated[UUID, typer.Option("--site", help="사업장 번호 · the site's id.")],
    at: Annotated[str, typer.Option("--at", help="교체 시각, RFC 3339 · when, with its offset.")],
    serial: Annotated[str, typer.Option("--serial", help="새 계기번호 · the new device's serial.")],
    ends: Annotated[
        list[str] | None,
        typer.Option(
            "--end", help="채널:옛 지침:새 지침, 전력량 채널마다 · CHANNEL:LAST:FIRST, for each that counts energy."
        ),
    ] = None,
    digits: Annotated[int, typer.Option("--digits", min=1, max=12, help="지침 자릿수 · figures.")] = 9,
    count_wh: Annotated[int, typer.Option("--count-wh", min=1, max=1_000_000, help="끝자리 하나의 Wh.")] = 1,
    verified_until: Annotated[
        str | None, typer.Option("--verified-until", help="검정 유효기간 YYYY-MM-DD · verified until.")
    ] = None,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """계기 교체를 기록한다 · record that a meter's device was exchanged, with both registers' readings."""
    settings = _settings(language)
    told: dict[ChannelId, registering.Ends] = {}
    try:
        instant = datetime.fromisoformat(at)
        until = None if verified_until is None else date.fromisoformat(verified_until)
        for one in ends or ():
            number, last, first = (int(part) for part in one.split(":"))
            if number < 1 or min(last, first) < 0 or ChannelId(number) in told:
                raise ValueError(one)
            told[ChannelId(number)] = registering.Ends(last=last, first=first)
        if instant.tzinfo is None or not serial.strip():
            raise ValueError(at)
    except ValueError:
        ko = "--at 2026-07-01T10:05:00+09:00, --end 채널:옛 지침:새 지침, --verified-until YYYY-MM-DD 형식입니다."
        en = "Written --at 2026-07-01T10:05:00+09:00, --end CHANNEL:LAST:FIRST, --verified-until YYYY-MM-DD."
        err.print(ko if language == "ko" else en)
        raise typer.Exit(USAGE) from None

    async def run() -> Meter:
        async with _ports(settings) as ports:
            actor = await _operator(ports)
            owner = await _owner(ports, SiteId(site))
            actor = await as_operator(actor, ports, of=owner)
            async with ports.unit(actor) as work:
                exchanged = await registering.exchange_meter(
                    registering.ExchangeMeter(
                        actor=actor,
                        tenant_id=owner,
                        site_id=SiteId(site),
                        meter_id=MeterId(meter_id),
                        at=instant,
                        serial=serial.strip(),
                        digits=digits,
                        count_wh=count_wh,
                        verified_until=until,
                        ends=told,
                    ),
                    work=work,
                    ids=ports.ids,
                    clock=ports.clock,
                )
                await work.commit()
            await note(ports, "meter exchange", object_ids=f"site_id={site} meter_id={meter_id}", for_tenant=owner)
            return exchanged

    exchanged = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(json.dumps({"meter_id": str(meter_id), "epoch": exchanged.device.epoch, "serial": serial}))
    else:
        said = f"{exchanged.device.epoch}번째 교체" if language == "ko" else f"exchange {exchanged.device.epoch}"
        out.print(f"[green]✓[/] {serial} · {said}", highlight=False)


@meter.command("findings")
def meter_findings(
    site: Annotated[UUID, typer.Option("--site", help="사업장 번호 · the site's id.")],
    month: Annotated[str, typer.Option("--month", help="달 YYYY-MM.")],
    judge: Annotated[bool, typer.Option("--judge", help="먼저 다시 검증한다 · judge the month first.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="처리된 것도 · settled ones as well.")] = False,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """저장된 값에서 의심되는 구간을 본다 · list what looks wrong in stored days (docs/metering.md)."""
    from app.http.findings import finding_out

    settings = _settings(language)
    asked = _month(month, language)

    async def run() -> tuple[vetting.ShownFinding, ...]:
        async with _ports(settings) as ports:
            actor = await _operator(ports)
            owner = await _owner(ports, SiteId(site))
            if judge:
                await vetting_journey.vet_month(
                    vetting_journey.VetSiteMonth(actor=actor, tenant_id=owner, site_id=SiteId(site), month=asked),
                    unit=ports.unit,
                    ids=ports.ids,
                    clock=ports.clock,
                )
                await note(ports, "meter findings", object_ids=f"site_id={site} month={asked}", for_tenant=owner)
            async with ports.unit(actor) as work:
                return await vetting.list_findings(
                    vetting.ListFindings(
                        actor=actor,
                        tenant_id=owner,
                        site_id=SiteId(site),
                        first_on=asked.first_on,
                        until_on=asked.next().first_on,
                        only_open=not everything,
                    ),
                    work=work,
                )

    found = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(inspecting.as_json([finding_out(one) for one in found]))
    else:
        show_stored_findings(found, language)


def _month(text: str, language: Language) -> Month:
    """Read a month that was named; another text is a wrong use."""
    try:
        return Month.parse(text)
    except ValueError:
        err.print("--month 은 YYYY-MM 형식입니다." if language == "ko" else "--month is written YYYY-MM.")
        raise typer.Exit(USAGE) from None


async def _sender(ports: Ports, site: UUID | None, owner: int | None) -> TenantId:
    """Return whose numbered channels a file tells of: a site's tenant, or the one that was named.

    Raises:
        SiteUnknown: there is no such site, or it is another tenant's than was named.
        TenantUnknown: there is no such tenant.
    """
    if site is not None:
        found = await _owner(ports, SiteId(site))
        if owner not in (None, found):
            raise SiteUnknown
        return found
    async with ports.unit(SYSTEM) as opened:
        tenants = {one.tenant_id for one in await opened.parties.of_kind(PartyKind.TENANT)}
    if owner not in tenants:
        raise TenantUnknown
    return TenantId(owner)


async def _owner(ports: Ports, site_id: SiteId) -> TenantId:
    async with ports.unit(SYSTEM) as opened:
        for tenant in await opened.parties.of_kind(PartyKind.TENANT):
            with contextlib.suppress(SiteUnknown):
                return (await opened.sites.one(tenant.tenant_id, site_id)).tenant_id
    raise SiteUnknown


@contextlib.contextmanager
def _moving(name: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a bar; yields what tells it how much of how much is done."""
    if quiet:
        yield lambda _done, _total: None
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    ) as bar:
        task = bar.add_task(name, total=None)  # until somebody knows how much there is
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _examine(
    content: bytes, form: "Form", month: Month | None, language: Language, *, name: str, as_json: bool
) -> None:
    from app import given_readings

    async def run() -> Scanned:
        now = wiring.system_clock().now()
        told(0, len(content))
        if form is given_readings.Form.SITE:
            scanned = await wiring.reading_files().scan(content, now=now, month=month, thresholds=DEFAULTS)
        else:
            arrived = given_readings.sort(given_readings.unpacked(content), form, now=now)
            scanned = given_readings.examined(arrived, month=month)
        told(len(content), len(content))
        return scanned

    with _moving(name, quiet=as_json) as told:
        scanned = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(inspecting.as_json(inspecting.scanned_out(scanned)))
    else:
        show_scanned(scanned, language)


# ── a new installation ────────────────────────────────────────────────────────────────────────────


@tenant.command("add")
def tenant_add(
    number: Annotated[int, typer.Argument(min=1, max=2_147_483_647, help="기관 번호.")],
    kind: Annotated[PartyKind, typer.Argument(help="operator | inspection_body | tenant")],
    name_ko: Annotated[str, typer.Option("--name-ko", help="한글 이름.")],
    name_en: Annotated[str, typer.Option("--name-en", help="영문 이름.")],
    business_no: Annotated[str, typer.Option("--business-no", help="사업자등록번호.")],
    address_ko: Annotated[str, typer.Option("--address-ko", help="주소.")],
    address_en: Annotated[str, typer.Option("--address-en", help="영문 주소.")] = "",
    bank_account: Annotated[str, typer.Option("--bank-account", help="입금 계좌 (운영자).")] = "",
    accreditation: Annotated[str, typer.Option("--accreditation", help="지정·인정 (시험기관).")] = "",
    insurance: Annotated[str, typer.Option("--insurance", help="배상책임보험 (시험기관).")] = "",
    complex_number: Annotated[
        int, typer.Option("--complex", min=1, max=2_147_483_647, help="산업단지 번호 · the complex's number.")
    ] = FOUNDING_COMPLEX,
    complex_ko: Annotated[str, typer.Option("--complex-ko", help="첫 산업단지 이름 (처음 한 번).")] = "산업단지",
    complex_en: Annotated[str, typer.Option("--complex-en", help="Name of the complex.")] = "Industrial Complex",
    language: Lang = "ko",
) -> None:
    """기관을 등록한다 · register a party."""
    settings = _settings(language)
    wish = identity.AddTenant(
        complex_id=complex_number,
        number=number,
        kind=kind,
        name_ko=name_ko,
        name_en=name_en,
        business_no=business_no,
        address_ko=address_ko,
        address_en=address_en or address_ko,
        bank_account=bank_account,
        accreditation=accreditation,
        insurance=insurance,
        complex_ko=complex_ko,
        complex_en=complex_en,
    )

    async def run() -> None:
        async with _ports(settings) as ports:
            added = await identity.add_tenant(wish, unit=ports.unit, ids=ports.ids)
            await note(ports, "tenant add", for_tenant=added.tenant_id)

    _run(run, language)
    out.print(f"[green]✓[/] {number} {name_ko}", highlight=False)


@person.command("bind")
def person_bind(
    sign_in_name: Annotated[str, typer.Argument(help="로그인 이름.")],
    subject: Annotated[str, typer.Argument(help="외부 로그인 서버의 사용자 식별자 (sub).")],
    language: Lang = "ko",
) -> None:
    """외부 로그인 계정을 구성원과 연결한다 · bind an outside provider's account to a member."""
    settings = _settings(language)

    async def run() -> None:
        if settings.provider is None:
            raise ProviderOff
        async with _ports(settings) as ports:
            bound = await provider.bind_account(
                sign_in_name, issuer=settings.provider.issuer, subject=subject, desk=ports.desk
            )
            await note(ports, "person bind", object_ids=f"person_id={bound.person_id}", for_tenant=bound.tenant_id)

    _run(run, language)
    out.print(f"[green]✓[/] {sign_in_name} ← {subject}", highlight=False)


@person.command("add")
def person_add(
    sign_in_name: Annotated[str, typer.Argument(help="로그인 이름.")],
    printed_name: Annotated[str, typer.Argument(help="문서에 찍히는 이름.")],
    role: Annotated[Role, typer.Argument(help=" | ".join(SIGNED_IN))],
    tenant_number: Annotated[int, typer.Argument(metavar="TENANT", help="기관 번호.")],
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="비밀번호 파일; 없으면 묻는다 · asked for when absent.")
    ] = None,
    language: Lang = "ko",
) -> None:
    """로그인할 사람을 등록한다 · let somebody sign in."""
    settings = _settings(language)
    question = "비밀번호" if language == "ko" else "Password"

    async def run() -> None:
        async with _ports(settings) as ports:
            added = await members.add_member(
                members.AddMember(
                    tenant_id=TenantId(tenant_number),
                    sign_in_name=sign_in_name,
                    printed_name=printed_name,
                    role=role,
                    password=password,
                ),
                unit=ports.unit,
                passwords=ports.passwords,
                ids=ports.ids,
                clock=ports.clock,
                breached=ports.breached,
            )
            await note(ports, "person add", object_ids=f"person_id={added.person_id}", for_tenant=added.tenant_id)

    try:
        password = (
            read_file(password_file).decode().strip()
            if password_file is not None
            else str(typer.prompt(question, hide_input=True, confirmation_prompt=True))
        )
    except DomainError as error:
        _fail(error, language)
    _run(run, language)
    out.print(f"[green]✓[/] {sign_in_name} ({role.value})", highlight=False)
