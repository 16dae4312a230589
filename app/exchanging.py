"""`sunhwan records …` and `sunhwan protocol …`: records in and out, and the versions of a body's protocol."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer
from rich.table import Table

from app import wiring
from app.answers import USAGE, Json, Lang, Language
from app.answers import print_whole as _print_whole
from app.answers import run as _run
from app.given_files import read_file
from app.ports import Ports
from app.recorded import note as note_audit
from app.recorded import opened
from app.registrar import configured
from app.terminal import err, out
from domain.certification.errors import IssuerKeysWrong
from domain.certification.external import Outcome, RecordImport, json_schema
from domain.certification.protocol import Protocol
from domain.certification.protocol_versions import ProtocolVersion
from domain.identity.errors import TenantUnknown
from domain.identity.model import PartyKind
from domain.journeys import protocols, record_exchange
from domain.shared.actor import SYSTEM, Actor, system_actor
from domain.shared.identifiers import TenantId

records = typer.Typer(
    help="외부 기록 가져오기와 우리 기록 내보내기 · others' records in, a body's own out.", no_args_is_help=True
)
protocol = typer.Typer(help="시험 프로토콜의 판 · versions of the test protocol.", no_args_is_help=True)
_TONES = {
    Outcome.ACCEPTED: "green",
    Outcome.DUPLICATE: "dim",
    Outcome.CONFLICT: "yellow",
    Outcome.REJECTED: "red",
}
_OUTCOMES_KO = {
    Outcome.ACCEPTED: "반영",
    Outcome.DUPLICATE: "중복",
    Outcome.CONFLICT: "충돌",
    Outcome.REJECTED: "거절",
}
Body = Annotated[
    int | None, typer.Option("--body", help="시험기관 번호; 하나뿐이면 생략 · needed where there are several.")
]


async def _body(ports: Ports, number: int | None) -> Actor:
    async with ports.unit(SYSTEM) as work:
        bodies = await work.parties.of_kind(PartyKind.INSPECTION_BODY)
    chosen = [one for one in bodies if number in (None, one.tenant_id)]
    if len(chosen) != 1:
        raise TenantUnknown
    return system_actor(TenantId(chosen[0].tenant_id))


@records.command("schema")
def schema(language: Lang = "ko") -> None:
    """기록 교환 문서의 JSON Schema를 출력한다 · print the JSON Schema."""
    settings = configured(language)
    told = json_schema(address=f"{settings.public_url}/api/v1/records/schema")
    _print_whole(json.dumps(told, ensure_ascii=False, indent=2))


@records.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, JSON, 서명 기록 · signed records.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="저장하지 않고 검사만 한다 · examine only.")] = False,
    keys: Annotated[
        list[Path] | None,
        typer.Option("--keys", help="발급기관의 did.json (이번 한 번) · an issuer's keys, this once."),
    ] = None,
    keep_unverified: Annotated[
        bool, typer.Option("--keep-unverified", help="확인할 수 없는 서명 기록도 미확인으로 보관.")
    ] = False,
    body: Body = None,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """다른 기관의 인증서·성적서를 들여온다 · take in what others issued; exit code 3 when a row is refused."""
    settings = configured(language)

    async def run() -> RecordImport:
        content = read_file(file)
        documents = [read_file(path) for path in keys or ()]
        async with opened(settings) as ports:
            actor = await _body(ports, body)
            issuers = [
                record_exchange.as_trusted(
                    record_exchange.TrustIssuer(actor=actor, name="", document=_text(document)),
                    files=ports.record_files,
                    clock=ports.clock,
                )
                for document in documents
            ]
            made = await record_exchange.import_records(
                record_exchange.ImportRecords(
                    actor=actor,
                    file_name=file.name,
                    content=content,
                    keep_unverified=keep_unverified,
                    dry_run=dry_run,
                    more_issuers=tuple(issuers),
                ),
                unit=ports.unit,
                files=ports.record_files,
                own_did=ports.credentials.issuer,
                ids=ports.ids,
                clock=ports.clock,
            )
            if not dry_run:
                await note_audit(
                    ports, "records import", object_ids=f"import_id={made.import_id}", for_tenant=made.tenant_id
                )
            return made

    made = _run(run, language, as_json=as_json)
    if as_json:
        from app.http.exchange import import_document

        _print_whole(json.dumps(import_document(made, dry_run=dry_run), ensure_ascii=False, indent=2))
    else:
        _show(made, language, dry_run=dry_run)
    if made.count(Outcome.CONFLICT) or made.count(Outcome.REJECTED):
        raise typer.Exit(3)


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise IssuerKeysWrong(reason="UTF-8") from error


def _show(made: RecordImport, language: Language, *, dry_run: bool) -> None:
    ko = language == "ko"
    table = Table("위치" if ko else "place", "번호" if ko else "number", "발급기관" if ko else "issuer", "", "")
    for row in made.rows:
        word = _OUTCOMES_KO[row.outcome] if ko else row.outcome.value
        table.add_row(
            row.place,
            row.number or "-",
            row.issuer or "-",
            f"[{_TONES[row.outcome]}]{word}[/]",
            row.reason_ko if ko else row.reason_en,
        )
    out.print(table)
    told = " · ".join(
        f"{_OUTCOMES_KO[one] if ko else one.value} {count}" for one, count in record_exchange.counted(made)
    )
    note = ("저장하지 않음 · " if ko else "nothing kept · ") if dry_run else ""
    out.print(f"{note}{told}", highlight=False)


@records.command("export")
def export(
    from_on: Annotated[str, typer.Option("--from", help="시작일 YYYY-MM-DD.")],
    until_on: Annotated[str, typer.Option("--until", help="종료일(포함) YYYY-MM-DD.")],
    form: Annotated[str, typer.Option("--format", help="csv | xlsx | json | ndjson")] = "json",
    table: Annotated[str, typer.Option("--table", help="records | receptions | results (csv, xlsx)")] = "records",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="파일; 없으면 표준 출력 · a file.")] = None,
    body: Body = None,
    language: Lang = "ko",
) -> None:
    """기간의 접수·결과·인증서를 내보낸다 · export a period."""
    from app.http.exchange import FORMS, TABLES, written

    if form not in FORMS or table not in TABLES:
        _usage("--format csv|xlsx|json|ndjson, --table records|receptions|results")
    try:
        start, end = date.fromisoformat(from_on), date.fromisoformat(until_on)
    except ValueError:
        _usage("--from, --until: YYYY-MM-DD")
    settings = configured(language)

    async def run() -> bytes:
        async with opened(settings) as ports:
            wish = record_exchange.ExportPeriod(actor=await _body(ports, body), from_on=start, until_on=end)
            exported = await record_exchange.export_period(wish, unit=ports.unit)
            await note_audit(ports, "records export", for_tenant=wish.actor.tenant_id)
            return written(exported, table=table, form=form)

    content = _run(run, language)
    if output is not None:
        output.write_bytes(content)
        out.print(f"[green]✓[/] {output} ({len(content):,} bytes)", highlight=False)
        return
    typer.get_binary_stream("stdout").write(content)


def _usage(told: str) -> NoReturn:
    err.print(told)
    raise typer.Exit(USAGE)


# ── protocols ─────────────────────────────────────────────────────────────────────────────────────


@protocol.command("list")
def list_protocols(body: Body = None, as_json: Json = False, language: Lang = "ko") -> None:
    """프로토콜의 판을 보인다 · list the versions, newest first."""
    from app.http.protocols import version_out

    settings = configured(language)

    async def run() -> tuple[protocols.Listed, ...]:
        async with opened(settings) as ports:
            return await protocols.list_versions(await _body(ports, body), unit=ports.unit, clock=ports.clock)

    listed = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(msgspec.json.encode([version_out(one) for one in listed]).decode())
        return
    for one in listed:
        version = one.version
        out.print(
            f"{version.sequence}  {version.protocol_id} {version.version}  {one.state.value}  "
            f"{version.in_force_on or '-'}  {version.drafted_by_name} → {version.approved_by_name or '-'}",
            highlight=False,
        )


@protocol.command("show")
def show_protocol(
    sequence: Annotated[int, typer.Argument(min=1, help="판 번호 · its number in the list.")],
    body: Body = None,
    language: Lang = "ko",
) -> None:
    """판의 YAML을 출력한다 · print a version's YAML."""
    settings = configured(language)

    async def run() -> protocols.Opened:
        async with opened(settings) as ports:
            actor = await _body(ports, body)
            return await protocols.open_version(actor, sequence, unit=ports.unit, clock=ports.clock)

    _print_whole(_run(run, language).listed.version.text)


@protocol.command("check")
def check_protocol(
    file: Annotated[Path, typer.Argument(help="YAML.")], as_json: Json = False, language: Lang = "ko"
) -> None:
    """YAML을 검사하고 어디가 왜 틀렸는지 알린다 · read a file; what is wrong is told with place and line."""
    from app.http.protocols import read_out

    async def run() -> Protocol:
        return wiring.read_protocol(read_file(file))

    read = read_out(_run(run, language, as_json=as_json))
    if as_json:
        _print_whole(msgspec.json.encode(read).decode())
    else:
        out.print(f"[green]✓[/] {read.protocol_id} {read.version} · {read.tests} · {read.rules}", highlight=False)


@protocol.command("submit")
def submit_protocol(
    file: Annotated[Path, typer.Argument(help="YAML.")],
    note: Annotated[str, typer.Option("--note", help="바꾸는 이유 · why it changes.")],
    body: Body = None,
    language: Lang = "ko",
) -> None:
    """YAML을 초안으로 낸다 · keep a file as a draft; people approve it in the console."""
    settings = configured(language)

    async def run() -> ProtocolVersion:
        content = read_file(file)
        wiring.read_protocol(content)  # refused before a database is asked for
        async with opened(settings) as ports:
            actor = await _body(ports, body)
            drafted = await protocols.submit(
                protocols.SubmitProtocol(actor=actor, text=content.decode(), note=note),
                unit=ports.unit,
                ids=ports.ids,
                clock=ports.clock,
            )
            await note_audit(ports, "protocol submit", for_tenant=actor.tenant_id)
            return drafted

    drafted = _run(run, language)
    out.print(f"[green]✓[/] {drafted.sequence} · {drafted.protocol_id} {drafted.version}", highlight=False)
