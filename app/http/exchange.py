"""How records are written for other systems: the same tables and documents at every door."""

import json
from typing import Literal

from app.http.sheets import Cell, Sheet, spelled, to_csv, to_xlsx
from domain.certification.external import KEYS, RECORD_FORMAT, ImportedRow, RecordImport, fields_of
from domain.certification.judging import spelled as spelled_value
from domain.journeys.record_exchange import Exported, counted

ExportTable = Literal["records", "receptions", "results"]
ExportForm = Literal["csv", "xlsx", "json", "ndjson"]

TABLES: tuple[ExportTable, ...] = ("records", "receptions", "results")
RECEPTION_HEAD = (
    "number", "received_on", "due_on", "state", "applicant", "applicant_contact", "condition", "chemistry",
    "rated_capacity_mah", "rated_energy_wh", "received_by",
)  # fmt: skip
RESULT_HEAD = (
    "reception", "run", "test_id", "quantity", "value", "unit", "source", "protocol", "equipment", "raw_file_sha256",
    "recorded_by", "recorded_at",
)  # fmt: skip
FORMS: tuple[ExportForm, ...] = ("csv", "xlsx", "json", "ndjson")


def written(exported: Exported, *, table: ExportTable, form: ExportForm) -> bytes:
    """Write an export: one table as CSV or XLSX, everything as one JSON document, or the signed records a line each."""
    match form:
        case "csv":
            return to_csv(_sheet(exported, table))
        case "xlsx":
            return to_xlsx(_sheet(exported, table))
        case "ndjson":
            return "".join(f"{one}\n" for one in exported.credentials).encode()
        case "json":
            return json.dumps(_document(exported), ensure_ascii=False, indent=1).encode()


def file_name(exported: Exported, *, table: ExportTable, form: ExportForm) -> str:
    """Return what the file is called, in ASCII."""
    what = {"json": "exchange", "ndjson": "credentials"}.get(form, table)
    return f"sunhwan-{what}-{exported.from_on.isoformat()}-{exported.until_on.isoformat()}.{form}"


def _sheet(exported: Exported, table: ExportTable) -> Sheet:
    match table:
        case "records":
            rows = [tuple(fields_of(one).values()) for one in exported.records]
            return Sheet(name="records", head=KEYS, rows=[tuple(text or None for text in row) for row in rows])
        case "receptions":
            return Sheet(name="receptions", head=RECEPTION_HEAD, rows=_receptions(exported))
        case "results":
            return Sheet(name="results", head=RESULT_HEAD, rows=_results(exported))


def _receptions(exported: Exported) -> list[tuple[Cell, ...]]:
    return [
        (
            one.number,
            spelled(one.received_at),
            one.due_on.isoformat(),
            one.state.value,
            one.applicant.name,
            one.applicant.contact,
            one.condition,
            one.facts.chemistry.value,
            one.facts.rated_capacity_mah,
            one.facts.rated_energy_wh,
            one.received_by_name,
        )
        for one in exported.receptions
    ]


def _results(exported: Exported) -> list[tuple[Cell, ...]]:
    return [
        (
            reception.number,
            run.sequence,
            measured.test_id,
            measured.quantity,
            spelled_value(measured.value),
            measured.unit or None,
            measured.source.value,
            f"{run.protocol_id} {run.protocol_version}",
            run.equipment or None,
            None if run.raw_file is None else run.raw_file.sha256,
            run.recorded_by_name,
            spelled(run.recorded_at),
        )
        for reception, run in exported.runs
        for measured in run.measurements
    ]


def _document(exported: Exported) -> dict[str, object]:
    return {
        "format": RECORD_FORMAT,
        "records": [{key: text or None for key, text in fields_of(one).items()} for one in exported.records],
        "receptions": [dict(zip(RECEPTION_HEAD, row, strict=True)) for row in _receptions(exported)],
        "results": [dict(zip(RESULT_HEAD, row, strict=True)) for row in _results(exported)],
    }


def import_document(made: RecordImport, *, dry_run: bool) -> dict[str, object]:
    """Return an import as one JSON object: the counts, then every row."""
    return {
        "import_id": None if dry_run else str(made.import_id),
        "dry_run": dry_run,
        "file_name": made.file_name,
        "form": made.form.value,
        "source_sha256": made.source_sha256,
        "imported_by": made.imported_by_name,
        "imported_at": spelled(made.imported_at),
        "counts": {outcome.value: count for outcome, count in counted(made)},
        "rows": [_row_document(row) for row in made.rows],
    }


def _row_document(row: ImportedRow) -> dict[str, object]:
    return {
        "position": row.position,
        "place": row.place,
        "outcome": row.outcome.value,
        "issuer": row.issuer,
        "number": row.number,
        "proof": row.proof.value,
        "code": row.code or None,
        "reason_ko": row.reason_ko or None,
        "reason_en": row.reason_en or None,
        "record_id": None if row.record_id is None else str(row.record_id),
        "pack_id": None if row.pack_id is None else str(row.pack_id),
    }
