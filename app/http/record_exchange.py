"""The inspection body's doors for records in and out: import, what is held, issuers' keys, export."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app.http.bodies import UploadedBody
from app.http.exchange import ExportForm, ExportTable, file_name, import_document, written
from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import TEXT_PATTERN, Day, In, Name, Out, json_object
from domain.certification.external import ExternalRecord, RecordImport, TrustedIssuer, fields_of, json_schema
from domain.journeys import record_exchange

RECORDS_BYTES_MAX = 16 * 1024 * 1024
_PAGE = 50
_FILE = "application/octet-stream"
"""A file to keep, whatever its form; its name says which."""


class IssuerIn(In):
    """An issuer's published keys: its DID document as text, and the name it goes by here."""

    name: Name
    document: Annotated[str, msgspec.Meta(min_length=2, max_length=100_000, description="A DID document, as text.")]


class IssuerOut(Out):
    """An issuer whose keys are kept."""

    did: str
    name: str
    registered_by: str
    registered_at: str


class HeldRecordOut(Out):
    """A copy of a record that another issued; `proof` says what stands behind it. Never a certificate of ours."""

    record_id: UUID
    issuer: str
    number: str
    kind: str
    product_uri: str
    kr_battery_no: str
    maker_serial: str
    standard: str
    grade: str
    verdict: str
    soh_percent: str
    issued_on: Day
    valid_until: date | None
    status: str
    proof: str
    content_sha256: str
    source_sha256: str
    pack_id: UUID | None
    import_id: UUID
    imported_by: str


class ImportRowOut(Out):
    """What became of one row."""

    position: int
    place: str
    outcome: str
    issuer: str
    number: str
    proof: str
    code: str | None
    reason_ko: str | None
    reason_en: str | None
    record_id: UUID | None
    pack_id: UUID | None


class ImportOut(Out):
    """An import, row by row; a dry run has no number, for nothing of it is kept."""

    import_id: UUID | None
    dry_run: bool
    file_name: str
    form: str
    source_sha256: str
    imported_by: str
    imported_at: str
    counts: dict[str, int]
    rows: list[ImportRowOut]


def _import_out(made: RecordImport, *, dry_run: bool = False) -> ImportOut:
    return msgspec.convert(import_document(made, dry_run=dry_run), ImportOut)


def held_out(record: ExternalRecord) -> HeldRecordOut:
    """Say a held record."""
    said = fields_of(record.content)
    return HeldRecordOut(
        record_id=record.record_id,
        issuer=said["issuer"],
        number=said["number"],
        kind=said["kind"],
        product_uri=said["product_uri"],
        kr_battery_no=said["kr_battery_no"],
        maker_serial=said["maker_serial"],
        standard=said["standard"],
        grade=said["grade"],
        verdict=said["verdict"],
        soh_percent=said["soh_percent"],
        issued_on=record.content.issued_on,
        valid_until=record.content.valid_until,
        status=said["status"],
        proof=record.proof.value,
        content_sha256=record.content.sha256,
        source_sha256=record.source_sha256,
        pack_id=record.pack_id,
        import_id=record.import_id,
        imported_by=record.imported_by_name,
    )


def _issuer_out(one: TrustedIssuer) -> IssuerOut:
    return IssuerOut(
        did=one.did,
        name=one.name,
        registered_by=one.registered_by_name,
        registered_at=one.registered_at.isoformat(),
    )


class RecordExchangeController(Controller):
    """Records that others issued, and what this body did, for other systems."""

    path = "/api/v1/records"
    tags = ("records",)

    @get(
        "/schema",
        operation_id="ShowRecordSchema",
        summary="Fetch the JSON Schema of exchanged records",
        security=[{}],
        responses={200: json_object("application/schema+json", "JSON Schema 2020-12."), **PROBLEMS},
    )
    async def schema(self, ports: GivenPorts) -> Response[bytes]:
        """Return what a document of records must look like; CSV and XLSX have the same fields as columns."""
        told = json_schema(address=f"{ports.public_url}/api/v1/records/schema")
        return Response(
            msgspec.json.encode(told),
            media_type="application/schema+json",
            headers={"Cache-Control": "public, max-age=3600"},
        )

    @get("/", operation_id="ListHeldRecords", summary="List copies of others' records", responses=PROBLEMS)
    async def list_held(
        self, ports: GivenPorts, actor: GivenActor, after: FromQuery[UUID | None] = None
    ) -> list[HeldRecordOut]:
        """List what the body holds, newest first, fifty at a time; `after` is the last `record_id`."""
        held = await record_exchange.list_records(actor, after=after, limit=_PAGE, unit=ports.unit)
        return [held_out(one) for one in held]

    @post(
        "/imports",
        operation_id="ImportRecords",
        summary="Import others' records (가져오기)",
        description="The file is the body: CSV, XLSX, JSON or signed records, told apart by content and read in a "
        "child process. Each row is accepted, a duplicate, a conflict or rejected, and says why.",
        responses=PROBLEMS,
        request_max_body_size=RECORDS_BYTES_MAX,
    )
    async def take(
        self,
        upload: UploadedBody,
        ports: GivenPorts,
        actor: GivenActor,
        name: Annotated[str, QueryParameter(min_length=1, max_length=200, pattern=TEXT_PATTERN)],
        dry_run: FromQuery[bool] = False,
        keep_unverified: FromQuery[bool] = False,
    ) -> ImportOut:
        """Take a file of records in; `dry_run` only says what would become of each row."""
        made = await record_exchange.import_records(
            record_exchange.ImportRecords(
                actor=actor, file_name=name, content=upload, keep_unverified=keep_unverified, dry_run=dry_run
            ),
            unit=ports.unit,
            files=ports.record_files,
            own_did=ports.credentials.issuer,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _import_out(made, dry_run=dry_run)

    @get("/imports", operation_id="ListRecordImports", summary="List imports", responses=PROBLEMS)
    async def list_imports(self, ports: GivenPorts, actor: GivenActor) -> list[ImportOut]:
        """List the body's latest imports with their rows."""
        room = await record_exchange.open_room(actor, unit=ports.unit)
        return [_import_out(one) for one in room.imports]

    @get(
        "/imports/{import_id:uuid}",
        operation_id="ShowRecordImport",
        summary="Show an import's rows",
        responses=PROBLEMS,
    )
    async def show_import(self, import_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> ImportOut:
        """Show what became of every row."""
        return _import_out(await record_exchange.open_import(actor, import_id, unit=ports.unit))

    @get("/issuers", operation_id="ListTrustedIssuers", summary="List issuers whose keys are kept", responses=PROBLEMS)
    async def list_issuers(self, ports: GivenPorts, actor: GivenActor) -> list[IssuerOut]:
        """List the issuers by whose keys signed records are checked."""
        room = await record_exchange.open_room(actor, unit=ports.unit)
        return [_issuer_out(one) for one in room.issuers]

    @post("/issuers", operation_id="TrustIssuer", summary="Register an issuer's keys", responses=PROBLEMS)
    async def trust(self, data: JSONBody[IssuerIn], ports: GivenPorts, actor: GivenActor) -> IssuerOut:
        """Keep an issuer's keys; takes a fresh proof of who you are."""
        trusted = await record_exchange.trust_issuer(
            record_exchange.TrustIssuer(actor=actor, name=data.name, document=data.document),
            unit=ports.unit,
            files=ports.record_files,
            clock=ports.clock,
        )
        return _issuer_out(trusted)

    @get(
        "/export",
        operation_id="ExportRecords",
        summary="Export a period (내보내기)",
        description="`csv` and `xlsx` hold one table (`records` in the words of an import, `receptions`, `results`), "
        "`json` all three, `ndjson` the signed certificates, one a line. No cell is taken for a formula.",
        responses={
            200: ResponseSpec(data_container=bytes, media_type=_FILE, description="The file, in the form asked for."),
            **PROBLEMS,
        },
    )
    async def export(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        from_on: Annotated[date, QueryParameter(name="from")],
        until_on: Annotated[date, QueryParameter(name="until")],
        form: FromQuery[ExportForm] = "csv",
        table: FromQuery[ExportTable] = "records",
    ) -> Response[bytes]:
        """Export what the body received, measured and issued from one day until another, both included."""
        exported = await record_exchange.export_period(
            record_exchange.ExportPeriod(actor=actor, from_on=from_on, until_on=until_on), unit=ports.unit
        )
        name = file_name(exported, table=table, form=form)
        return Response(
            written(exported, table=table, form=form),
            media_type=_FILE,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
