"""KTR's room for records in and out: a file is tried, then taken; every row says what became of it."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.http.exchange import ExportForm, ExportTable
from app.http.identity import GivenActor, GivenPorts
from app.http.record_exchange import RECORDS_BYTES_MAX
from app.pages.frame import GivenPage, Page, PageRequest, read_form, read_upload
from app.ports import Ports
from domain.certification.errors import IssuerKeysWrong
from domain.certification.external import FIELDS, RecordImport
from domain.journeys import record_exchange
from domain.shared.actor import Actor
from domain.shared.errors import DomainError
from domain.shared.time import seoul_day

EXPORTS: tuple[tuple[ExportTable, ExportForm], ...] = (
    ("records", "csv"),
    ("records", "xlsx"),
    ("receptions", "csv"),
    ("receptions", "xlsx"),
    ("results", "csv"),
    ("results", "xlsx"),
    ("records", "json"),
    ("records", "ndjson"),
)


@get("/ktr/records")
async def records(ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show imports, what is held, whose keys are kept, and the way out."""
    return await _room(page, ports, actor)


async def _room(
    page: Page,
    ports: Ports,
    actor: Actor,
    *,
    error: DomainError | None = None,
    form: dict[str, str] | None = None,
    tried: RecordImport | None = None,
) -> Template:
    today = seoul_day(ports.clock.now())
    context: dict[str, object] = {
        "room": await record_exchange.open_room(actor, unit=ports.unit),
        "may_import": actor.role in record_exchange.IMPORTERS,
        "tried": tried,
        "counted": record_exchange.counted,
        "fields": FIELDS,
        "exports": EXPORTS,
        "export_from": today.replace(day=1),
        "export_until": today,
    }
    if error is None:
        return page.show("ktr_records.html", **context)
    return page.again("ktr_records.html", error, form or {}, **context)


@post("/ktr/records/imports", request_max_body_size=RECORDS_BYTES_MAX, status_code=303)
async def take_records(
    request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Try a file, or take it in."""
    form = await read_form(request)
    dry_run = form.get("how") == "try"
    try:
        name, content = await read_upload(request)
        made = await record_exchange.import_records(
            record_exchange.ImportRecords(
                actor=actor,
                file_name=name,
                content=content,
                keep_unverified=form.get("keep_unverified") == "yes",
                dry_run=dry_run,
            ),
            unit=ports.unit,
            files=ports.record_files,
            own_did=ports.credentials.issuer,
            ids=ports.ids,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _room(page, ports, actor, error=error, form=form)
    if dry_run:
        shown = await _room(page, ports, actor, tried=made)
        shown.status_code = 200
        return shown
    return Redirect(f"/ktr/records/imports/{made.import_id}", status_code=303)


@get("/ktr/records/imports/{import_id:uuid}")
async def show_import(import_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor, page: GivenPage) -> Template:
    """Show an import, row by row."""
    made = await record_exchange.open_import(actor, import_id, unit=ports.unit)
    return page.show("ktr_record_import.html", made=made, counted=record_exchange.counted)


@post("/ktr/records/issuers", status_code=303)
async def trust_issuer(
    request: PageRequest, ports: GivenPorts, actor: GivenActor, page: GivenPage
) -> Template | Redirect:
    """Keep an issuer's keys."""
    form = await read_form(request)
    actor.require_confirmed(ports.clock.now())
    try:
        _, content = await read_upload(request)
        try:
            document = content.decode()
        except UnicodeDecodeError as error:
            raise IssuerKeysWrong(reason="UTF-8") from error
        await record_exchange.trust_issuer(
            record_exchange.TrustIssuer(actor=actor, name=form.get("issuer", "-")[:200], document=document),
            unit=ports.unit,
            files=ports.record_files,
            clock=ports.clock,
        )
    except DomainError as error:
        return await _room(page, ports, actor, error=error, form=form)
    return Redirect("/ktr/records", status_code=303)


RECORD_EXCHANGE = (records, take_records, show_import, trust_issuer)
