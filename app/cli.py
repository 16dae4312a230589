"""`sunhwan …`: the verbs of those who run it. Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 not reachable."""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar
from uuid import UUID

import structlog
import typer
import uvloop
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from app import demo, demo_complex, inspecting, wiring
from app.http.keys import key_state
from app.http.packs import trace_out
from app.http.sites import import_out
from app.jobs.schedule import running_schedule
from app.main import create_app
from app.pages.messages import say
from app.ports import Ports
from app.serving import listen, serving, stop_asked
from app.settings import Settings, read_settings
from app.terminal import err, out, show_import, show_scanned, show_story, show_trace
from app.worker import work
from domain.identity import keys, members
from domain.identity import usecases as identity
from domain.identity.errors import MemberUnknown
from domain.identity.keyring import DAYS_DEFAULT, DAYS_MAX, OVERLAP_HOURS_MAX, ROLES, ApiKey
from domain.identity.membership import Member
from domain.identity.model import PartyKind, Tenant
from domain.journeys import audit, machine_keys, pack_life, readings, trace
from domain.metering.errors import SiteUnknown
from domain.metering.model import ImportReport
from domain.metering.validation import DEFAULTS, Scanned
from domain.shared.actor import SIGNED_IN, SYSTEM, Actor, Role, system_actor
from domain.shared.audit import AuditEntry, Decision
from domain.shared.errors import DomainError, NotFound, Unavailable
from domain.shared.identifiers import SiteId, TenantId
from domain.shared.time import Month

PEOPLE_LISTED_MAX = 1000
DONE, FAILED, USAGE, REFUSED, NOT_REACHABLE = 0, 1, 2, 3, 4

cli = typer.Typer(
    name="sunhwan",
    help="순환 Sunhwan: 재사용 배터리의 접수부터 청구까지 · reuse batteries from reception to the monthly bill.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
history = typer.Typer(help="팩의 봉인된 이력 · a pack's sealed history.", no_args_is_help=True)
cycler = typer.Typer(help="시험 장비 파일 · cycler files.", no_args_is_help=True)
cert = typer.Typer(help="인증 기록 · certificates.", no_args_is_help=True)
meter = typer.Typer(help="계량 파일 · meters' files.", no_args_is_help=True)
cli.add_typer(history, name="history")
cli.add_typer(cycler, name="cycler")
cli.add_typer(cert, name="cert")
tenant = typer.Typer(help="기관: 운영자, 시험기관, 입주기업 · parties of the complex.", no_args_is_help=True)
person = typer.Typer(help="로그인하는 사람 · people who sign in.", no_args_is_help=True)
key = typer.Typer(help="프로그램과 계량 장치의 API 키 · keys for machines.", no_args_is_help=True)
cli.add_typer(key, name="key")
audit_log = typer.Typer(help="감사 기록 · the audit log.", no_args_is_help=True)
cli.add_typer(audit_log, name="audit")
cli.add_typer(tenant, name="tenant")
cli.add_typer(person, name="person")
cli.add_typer(meter, name="meter")

Language = Literal["ko", "en"]
Result = TypeVar("Result")
Lang = Annotated[Language, typer.Option("--lang", envvar="SUNHWAN_LANG", help="ko | en")]
Json = Annotated[bool, typer.Option("--json", help="JSON 문서 하나로 출력 · print one JSON document.")]
PackArgument = Annotated[str, typer.Argument(metavar="PACK", help="제품 URI, 배터리 식별번호, 일련번호 또는 팩 번호.")]


def main() -> None:
    """Run the command line; any error of the field is one sentence and an exit code, never a traceback."""
    _log_to_stderr()
    try:
        cli(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)


def _log_to_stderr(level: int = logging.WARNING) -> None:
    """Keep standard output for results; logs are events with facts. Programs that stay say more than commands."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def _print_whole(text: str) -> None:
    """Print a long text to its end: an unbuffered stream writes to a pipe only as much as it takes at once."""
    sys.stdout.flush()
    rest = memoryview(f"{text}\n".encode())
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]


def _fail(error: DomainError, language: Language, *, as_json: bool = False) -> NoReturn:
    if as_json:
        _print_whole(
            json.dumps(
                {"error": {"code": error.code, "message": error.sentence(language), "facts": error.facts}},
                ensure_ascii=False,
            )
        )
    else:
        err.print(f"[bold red]✗[/] {error.sentence(language)} [dim]({error.code})[/]", highlight=False)
    code = NOT_REACHABLE if isinstance(error, Unavailable) else REFUSED
    raise typer.Exit(FAILED if isinstance(error, NotFound) else code)


def _run(doing: Callable[[], Awaitable[Result]], language: Language, *, as_json: bool = False) -> Result:
    """Run a coroutine; tell an error of the field in one sentence."""

    async def run() -> Result:
        return await doing()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run())
    except DomainError as error:
        _fail(error, language, as_json=as_json)


@contextlib.asynccontextmanager
async def _ports(settings: Settings) -> AsyncIterator[Ports]:
    async with (
        wiring.open_database(settings) as address,
        wiring.open_ports(replace(settings, database_url=address)) as ports,
    ):
        yield ports


def _settings(language: Language) -> Settings:
    try:
        return read_settings()
    except DomainError as error:
        _fail(error, language)


# ── starting ──────────────────────────────────────────────────────────────────────────────────────


@cli.command()
def up(
    with_demo: Annotated[bool, typer.Option("--demo/--no-demo", help="빈 데이터베이스면 시연 단지를 넣는다.")] = True,
    language: Lang = "ko",
) -> None:
    """데이터베이스, 콘솔, API, 작업자를 함께 시작한다 · start everything; Ctrl-C stops it."""
    _log_to_stderr(logging.INFO)
    settings = _settings(language)
    _run(lambda: _up(settings, language, with_demo=with_demo), language)


async def _up(settings: Settings, language: Language, *, with_demo: bool) -> None:
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
                serving(create_app(opened, ports=lambda _: _lend(ports)), listening),
            ):
                _greet(opened, password, language)
                await stopping.wait()
                err.print("멈추는 중 …" if language == "ko" else "Stopping …")


@contextlib.asynccontextmanager
async def _lend(ports: Ports) -> AsyncIterator[Ports]:
    yield ports


async def _load_demo(settings: Settings, language: Language) -> str | None:
    """Make the demonstration complex in an empty database and tell its story once; return the password."""
    async with wiring.open_ports(settings) as ports:
        if await demo_complex.is_empty(ports):
            await demo_complex.make_complex(ports, password=demo_complex.sign_in_password(settings.home))
        elif not await demo_complex.has_people(ports):
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
            "approver": ("KTR 승인자", "KTR approver: approval, certificates"),
            "tenant": ("입주기업", "tenant: energy, invoices"),
            "neighbour": ("다른 입주기업", "another tenant"),
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
    _log_to_stderr(logging.INFO)
    settings = _settings(language)

    async def run() -> None:
        stopping = stop_asked()
        with contextlib.closing(listen(settings.host, settings.port)) as listening:
            async with wiring.open_database(settings) as address:
                opened = replace(settings, database_url=address)
                async with serving(create_app(opened), listening):
                    err.print(f"{opened.public_url}/")
                    await stopping.wait()

    _run(run, language)


@cli.command("work")
def work_command(language: Lang = "ko") -> None:
    """작업자만 시작한다: 일정과 발신함 · run the worker: schedule and outbox."""
    _log_to_stderr(logging.INFO)
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


async def _tell(wish: demo.DemoWish, settings: Settings, *, password: str, said: Callable[[str], None]) -> demo.Story:
    """Tell the story on a clock of its own, serving the web program on a free loopback port meanwhile."""
    async with wiring.open_ports(settings) as plain:
        begins = (await plain.reading_files.parse(demo.read_file(wish.site or demo.SAMPLE_SITE))).first_at
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
    settings = _settings(language)
    settings = replace(settings, protocol_file=protocol_file or settings.protocol_file)
    try:
        wanted = None if month is None else Month.parse(month)
    except ValueError:
        err.print("--month 은 YYYY-MM 형식입니다." if language == "ko" else "--month is written YYYY-MM.")
        raise typer.Exit(USAGE) from None
    wish = demo.DemoWish(cycler=cycler_file, site=site_file, month=wanted)

    async def run() -> demo.Story:
        for path in (wish.cycler, wish.site, protocol_file):
            if path is not None:
                demo.read_file(path)
        async with wiring.open_database(settings) as address:
            opened = replace(settings, database_url=address)
            password = demo_complex.sign_in_password(settings.home)
            async with wiring.open_ports(opened) as ports:
                if await demo_complex.is_empty(ports):
                    await demo_complex.make_complex(ports, password=password)
            with _progress(language, quiet=as_json) as said:
                return await _tell(wish, opened, password=password, said=said)

    story = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(json.dumps(story.told, ensure_ascii=False, indent=2))
    else:
        show_story(story, language)


@contextlib.contextmanager
def _progress(language: Language, *, quiet: bool) -> Iterator[Callable[[str], None]]:
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
    return replace(system_actor(tenant_id), role=Role.OPERATOR)


@cli.command("trace")
def trace_command(pack: PackArgument, as_json: Json = False, language: Lang = "ko") -> None:
    """팩의 전 주기를 한 줄로 보여 준다 · show a pack's whole life."""
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


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


@cycler.command("inspect")
def cycler_inspect(
    file: Annotated[Path, typer.Argument(help="시험 장비 파일.")],
    rated_ah: Annotated[float | None, typer.Option("--rated-ah", help="정격 용량 Ah.")] = None,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """시험 장비 파일을 읽어 요약한다 · summarise a cycler file."""

    async def run() -> inspecting.InspectedOut:
        record = await wiring.cycler_files().read(demo.read_file(file))
        return inspecting.inspected(record, None if rated_ah is None else Decimal(str(rated_ah)))

    found = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(inspecting.as_json(found))
        return
    table = Table(title=f"{found.format} · {found.rows:,} 행 · {found.hours} h", title_justify="left")
    for heading in ("step", "kind", "rows", "h", "A", "V", "Ah", "Wh", "counter Ah"):
        table.add_column(heading, justify="right")
    for step in found.steps:
        table.add_row(
            str(step.step),
            step.kind,
            f"{step.rows:,}",
            f"{step.hours:.4f}",
            f"{step.median_current_a:.4f}",
            f"{step.first_v:.4f} → {step.last_v:.4f}",
            f"{step.charge_ah:.4f}",
            f"{step.energy_wh:.4f}",
            "-" if step.counter_ah is None else f"{step.counter_ah:.5f}",
        )
    out.print(table)
    for finding in found.findings:
        out.print(f"• {finding}")


@meter.command("import")
def meter_import(
    file: Annotated[Path, typer.Argument(help="계량 파일: CSV, .gz.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="저장하지 않고 검사만 한다 · examine only.")] = False,
    site: Annotated[UUID | None, typer.Option("--site", help="사업장 번호 · the site's id.")] = None,
    month: Annotated[str | None, typer.Option("--month", help="기대하는 달 YYYY-MM (--dry-run).")] = None,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """계량 파일을 넣거나 검사한다 · take a meter's file, or name everything in it that looks wrong."""
    if dry_run:
        try:
            expected = None if month is None else Month.parse(month)
        except ValueError:
            err.print("--month 은 YYYY-MM 형식입니다." if language == "ko" else "--month is written YYYY-MM.")
            raise typer.Exit(USAGE) from None
        _examine(file, expected, language, as_json=as_json)
        return
    if site is None:
        err.print("--site 를 지정해 주세요." if language == "ko" else "Name the --site, or use --dry-run.")
        raise typer.Exit(USAGE)
    settings = _settings(language)

    async def run() -> ImportReport:
        content = demo.read_file(file)
        async with _ports(settings) as ports:
            actor = await _operator(ports)
            return await readings.import_file(
                readings.ImportFile(
                    actor=actor,
                    tenant_id=await _owner(ports, SiteId(site)),
                    site_id=SiteId(site),
                    content=content,
                ),
                unit=ports.unit,
                reading_files=ports.reading_files,
                ids=ports.ids,
                clock=ports.clock,
            )

    with _waiting(file.name, quiet=as_json):
        report = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(inspecting.as_json(import_out(report)))
    else:
        show_import(report, language)


async def _owner(ports: Ports, site_id: SiteId) -> TenantId:
    async with ports.unit(SYSTEM) as opened:
        for tenant in await opened.parties.of_kind(PartyKind.TENANT):
            with contextlib.suppress(SiteUnknown):
                return (await opened.sites.one(tenant.tenant_id, site_id)).tenant_id
    raise SiteUnknown


@contextlib.contextmanager
def _waiting(name: str, *, quiet: bool) -> Iterator[None]:
    """Show a bar that moves while a file is read and stored."""
    if quiet:
        yield
        return
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=err, transient=True
    ) as bar:
        bar.add_task(name, total=None)
        yield


def _examine(file: Path, month: Month | None, language: Language, *, as_json: bool) -> None:
    async def run() -> Scanned:
        content = demo.read_file(file)
        now = wiring.system_clock().now()
        return await wiring.reading_files().scan(content, now=now, month=month, thresholds=DEFAULTS)

    with _waiting(file.name, quiet=as_json):
        scanned = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(inspecting.as_json(inspecting.scanned_out(scanned)))
    else:
        show_scanned(scanned, language)


@cert.command("verify")
def cert_verify(
    file: Annotated[Path, typer.Argument(help="서명된 인증 기록 (JSON).")],
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """서명된 인증 기록을 확인한다 · verify a signed certificate record."""
    settings = _settings(language)

    async def run() -> str:
        return await inspecting.verify_record(demo.read_file(file), credentials=wiring.credentials(settings))

    number = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(json.dumps({"number": number, "signature": "valid"}))
    else:
        out.print(f"[green]✓[/] {number}: {'서명이 유효합니다.' if language == 'ko' else 'the signature is valid.'}")


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
    complex_ko: Annotated[str, typer.Option("--complex-ko", help="산업단지 이름 (처음 한 번).")] = "산업단지",
    complex_en: Annotated[str, typer.Option("--complex-en", help="Name of the complex.")] = "Industrial Complex",
    language: Lang = "ko",
) -> None:
    """기관을 등록한다 · register a party."""
    settings = _settings(language)
    wish = identity.AddTenant(
        number=number,
        kind=kind,
        name_ko=name_ko,
        name_en=name_en,
        business_no=business_no,
        address_ko=address_ko,
        address_en=address_en or address_ko,
        bank_account=bank_account,
        accreditation=accreditation,
        complex_ko=complex_ko,
        complex_en=complex_en,
    )

    async def run() -> None:
        async with _ports(settings) as ports:
            await identity.add_tenant(wish, unit=ports.unit, ids=ports.ids)

    _run(run, language)
    out.print(f"[green]✓[/] {number} {name_ko}", highlight=False)


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
            await identity.add_person(
                tenant_id=TenantId(tenant_number),
                sign_in_name=sign_in_name,
                printed_name=printed_name,
                role=role,
                password=password,
                unit=ports.unit,
                passwords=ports.passwords,
                ids=ports.ids,
            )

    try:
        password = (
            demo.read_file(password_file).decode().strip()
            if password_file is not None
            else str(typer.prompt(question, hide_input=True, confirmation_prompt=True))
        )
    except DomainError as error:
        _fail(error, language)
    _run(run, language)
    out.print(f"[green]✓[/] {sign_in_name} ({role.value})", highlight=False)


async def _member(ports: Ports, sign_in_name: str) -> Member:
    async with ports.unit(SYSTEM) as work:
        found = await work.people.named(sign_in_name)
        if found is None:
            raise MemberUnknown
        return await work.members.one(found.person_id)


def _change_member(
    command: str,
    what: Callable[[Ports, members.ChangeMember], Awaitable[Member]],
    sign_in_name: str,
    reason: str,
    language: Language,
) -> None:
    settings = _settings(language)

    async def run() -> Member:
        async with _ports(settings) as ports:
            member = await _member(ports, sign_in_name)
            changed = await what(ports, members.ChangeMember(actor=SYSTEM, person_id=member.person_id, reason=reason))
            await _told(ports, command, object_ids=f"person_id={changed.person_id}", for_tenant=changed.tenant_id)
            return changed

    changed = _run(run, language)
    standing = {True: ("활성", "active"), False: ("해제됨", "shut out")}[changed.active][language == "en"]
    out.print(f"[green]✓[/] {changed.sign_in_name} · {changed.role.value} · {standing}", highlight=False)


SignInNameArgument = Annotated[str, typer.Argument(help="로그인 이름 · sign-in name.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="이력에 남는 사유 · kept in the history.")]


@person.command("list")
def person_list(
    tenant_number: Annotated[int | None, typer.Option("--tenant", min=1, help="기관 번호.")] = None,
    language: Lang = "ko",
) -> None:
    """구성원을 보여 준다 · list people."""
    settings = _settings(language)

    async def run() -> list[Member]:
        async with _ports(settings) as ports:
            whose = None if tenant_number is None else TenantId(tenant_number)
            return list(
                await members.list_members(
                    SYSTEM, tenant_id=whose, after=None, limit=PEOPLE_LISTED_MAX, unit=ports.unit
                )
            )

    table = (
        Table("아이디", "이름", "역할", "기관", "상태")
        if language == "ko"
        else Table("sign-in name", "name", "role", "organisation", "standing")
    )
    for one in _run(run, language):
        standing = (
            ("활성" if one.active else "해제됨") if language == "ko" else ("active" if one.active else "shut out")
        )
        table.add_row(one.sign_in_name, one.printed_name, one.role.value, str(one.tenant_id), standing)
    out.print(table)


@person.command("role")
def person_role(
    sign_in_name: SignInNameArgument,
    role: Annotated[Role, typer.Argument(help=" | ".join(SIGNED_IN))],
    reason: ReasonOption,
    language: Lang = "ko",
) -> None:
    """역할을 바꾼다; 로그인이 모두 끝난다 · give another role; all sessions end."""
    _change_member(
        "person role",
        lambda ports, wish: members.change_role(wish, role, unit=ports.unit, ids=ports.ids, clock=ports.clock),
        sign_in_name,
        reason,
        language,
    )


@person.command("deactivate")
def person_deactivate(sign_in_name: SignInNameArgument, reason: ReasonOption, language: Lang = "ko") -> None:
    """로그인을 막고 세션을 모두 끝낸다 · shut out, and end all sessions."""
    _change_member(
        "person deactivate",
        lambda ports, wish: members.deactivate(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock),
        sign_in_name,
        reason,
        language,
    )


@person.command("reactivate")
def person_reactivate(sign_in_name: SignInNameArgument, reason: ReasonOption, language: Lang = "ko") -> None:
    """다시 로그인할 수 있게 한다 · let in again."""
    _change_member(
        "person reactivate",
        lambda ports, wish: members.reactivate(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock),
        sign_in_name,
        reason,
        language,
    )


@person.command("invite")
def person_invite(
    for_whom: Annotated[str, typer.Argument(help="초대받는 사람 (메모) · a note for whom.")],
    role: Annotated[Role, typer.Argument(help=" | ".join(SIGNED_IN))],
    tenant_number: Annotated[int, typer.Argument(metavar="TENANT", help="기관 번호.")],
    language: Lang = "ko",
) -> None:
    """초대 링크를 만든다; 한 번만 보인다 · make an invitation's link, shown this once."""
    settings = _settings(language)

    async def run() -> str:
        async with _ports(settings) as ports:
            invited = await members.invite(
                members.Invite(actor=SYSTEM, tenant_id=TenantId(tenant_number), role=role, for_whom=for_whom),
                unit=ports.unit,
                tokens=ports.tokens,
                ids=ports.ids,
                clock=ports.clock,
            )
            named = f"invitation_id={invited.invitation.invitation_id}"
            await _told(ports, "person invite", object_ids=named, for_tenant=tenant_number)
            return f"{ports.public_url}/join?token={invited.token}"

    _print_whole(_run(run, language))


@tenant.command("list")
def tenant_list(language: Lang = "ko") -> None:
    """기관을 보여 준다 · list organisations."""
    settings = _settings(language)

    async def run() -> list[Tenant]:
        async with _ports(settings) as ports:
            return list(await members.list_organisations(SYSTEM, after=None, limit=PEOPLE_LISTED_MAX, unit=ports.unit))

    table = Table("번호", "종류", "이름") if language == "ko" else Table("number", "kind", "name")
    for one in _run(run, language):
        table.add_row(str(one.tenant_id), one.kind.value, one.name_ko if language == "ko" else one.name_en)
    out.print(table)


# ── keys for machines ──


@key.command("make")
def key_make(
    name: Annotated[str, typer.Argument(help="키 이름 · what it is for.")],
    role: Annotated[Role, typer.Argument(help=" | ".join(ROLES))],
    tenant_number: Annotated[int, typer.Argument(metavar="TENANT", help="기관 번호.")],
    site: Annotated[list[UUID] | None, typer.Option("--site", help="이 사업장만 · this site only.")] = None,
    channel: Annotated[
        list[int] | None, typer.Option("--channel", min=1, help="이 채널만 · this channel only.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=DAYS_MAX, help="유효 기간(일).")] = DAYS_DEFAULT,
    language: Lang = "ko",
) -> None:
    """API 키를 만든다; 한 번만 보인다 · make a key, shown this once."""
    settings = _settings(language)

    async def run() -> str:
        async with _ports(settings) as ports:
            made = await machine_keys.make_key(
                keys.MakeKey(
                    actor=SYSTEM,
                    tenant_id=TenantId(tenant_number),
                    name=name,
                    role=role,
                    sites=tuple(site) if site else None,
                    channels=tuple(channel) if channel else None,
                    days=days,
                ),
                unit=ports.unit,
                tokens=ports.tokens,
                ids=ports.ids,
                clock=ports.clock,
            )
            await _told(ports, "key make", object_ids=f"key_id={made.key.key_id}", for_tenant=tenant_number)
            return made.text

    _print_whole(_run(run, language))


@key.command("list")
def key_list(
    tenant_number: Annotated[int | None, typer.Option("--tenant", min=1, help="기관 번호.")] = None,
    language: Lang = "ko",
) -> None:
    """API 키를 보여 준다 · list keys."""
    settings = _settings(language)

    async def run() -> list[tuple[ApiKey, str]]:
        async with _ports(settings) as ports:
            whose = None if tenant_number is None else TenantId(tenant_number)
            found = await keys.list_keys(SYSTEM, tenant_id=whose, after=None, limit=PEOPLE_LISTED_MAX, unit=ports.unit)
            return [(one, key_state(one, ports)) for one in found]

    korean = language == "ko"
    table = (
        Table("키", "이름", "역할", "기관", "상태") if korean else Table("key", "name", "role", "organisation", "state")
    )
    for one, state in _run(run, language):
        table.add_row(str(one.key_id), one.name, one.role.value, str(one.tenant_id), say(f"key.{state}", language))
    out.print(table)


@key.command("rotate")
def key_rotate(
    key_id: Annotated[UUID, typer.Argument(help="키 번호 · the key's id.")],
    overlap_hours: Annotated[
        int, typer.Option("--overlap-hours", min=0, max=OVERLAP_HOURS_MAX, help="이전 키를 더 쓰는 시간.")
    ] = 24,
    days: Annotated[int, typer.Option("--days", min=1, max=DAYS_MAX, help="유효 기간(일).")] = DAYS_DEFAULT,
    language: Lang = "ko",
) -> None:
    """API 키를 교체한다; 이전 키는 잠시 더 쓰인다 · replace a key; the old one opens for a while."""
    settings = _settings(language)

    async def run() -> str:
        async with _ports(settings) as ports:
            made = await keys.rotate_key(
                keys.RotateKey(actor=SYSTEM, key_id=key_id, overlap_hours=overlap_hours, days=days),
                unit=ports.unit,
                tokens=ports.tokens,
                ids=ports.ids,
                clock=ports.clock,
            )
            named = f"key_id={key_id} key_id={made.key.key_id}"
            await _told(ports, "key rotate", object_ids=named, for_tenant=made.key.tenant_id)
            return made.text

    _print_whole(_run(run, language))


@key.command("revoke")
def key_revoke(key_id: Annotated[UUID, typer.Argument(help="키 번호 · the key's id.")], language: Lang = "ko") -> None:
    """API 키를 즉시 폐기한다 · end a key at once."""
    settings = _settings(language)

    async def run() -> ApiKey:
        async with _ports(settings) as ports:
            revoked = await keys.revoke_key(SYSTEM, key_id, unit=ports.unit, clock=ports.clock)
            await _told(ports, "key revoke", object_ids=f"key_id={key_id}", for_tenant=revoked.tenant_id)
            return revoked

    out.print(f"[green]✓[/] {_run(run, language).name}", highlight=False)


# ── the audit log ──


async def _told(ports: Ports, command: str, *, object_ids: str = "", for_tenant: int | None = None) -> None:
    """Write down what the command line did in the system's name."""
    await audit.record(
        AuditEntry(
            entry_id=ports.ids.new(),
            tenant_id=SYSTEM.tenant_id,
            at=ports.clock.now(),
            actor_id=None,
            actor_role=SYSTEM.role.value,
            key_id=None,
            source="cli",
            method="CLI",
            route=f"sunhwan {command}",
            action=command.replace(" ", "_"),
            object_ids=object_ids,
            for_tenant=for_tenant,
            decision=Decision.ALLOWED,
            status=0,
            code=None,
            request_id=ports.ids.new(),
        ),
        unit=ports.unit,
    )


@audit_log.command("verify")
def audit_verify(as_json: Json = False, language: Lang = "ko") -> None:
    """감사 기록의 사슬을 모두 확인한다 · verify every chain; names the first broken entry."""
    settings = _settings(language)

    async def run() -> int:
        async with _ports(settings) as ports:
            return await audit.verify_log(SYSTEM, unit=ports.unit)

    entries = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(json.dumps({"entries": entries, "holds": True}))
    else:
        said = f"감사 기록 {entries}건이 모두 맞습니다." if language == "ko" else f"All {entries} entries hold."
        out.print(f"[green]✓[/] {said}", highlight=False)
