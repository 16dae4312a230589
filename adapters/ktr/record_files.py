"""Reads files of records that others issued (CSV, XLSX, JSON, signed records), each in a child process of its own."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

from adapters.ktr.credentials import PublishedKeys, published_keys
from adapters.ktr.readers.archives import ZIP, member_names
from adapters.ktr.readers.spreadsheets import Row, shared_strings, sheet_names, sheet_rows
from adapters.sandbox.runner import MEBIBYTE, Limits, run_in_child
from domain.certification.errors import (
    CyclerArchiveUnsafe,
    CyclerFileDamaged,
    CyclerFileTooLong,
    CyclerSheetActive,
    IssuerKeysWrong,
    RecordFileWrong,
    SignatureBroken,
)
from domain.certification.external import (
    FIELDS,
    RECORD_FORMAT,
    ROWS_MAX,
    GivenFile,
    GivenRow,
    Proof,
    RecordForm,
    RecordKind,
    RecordStatus,
    TrustedIssuer,
)
from domain.shared.time import seoul_day
from domain.shared.untrusted import FileBroke

LIMITS = Limits(input_bytes=16 * MEBIBYTE, output_bytes=32 * MEBIBYTE, timeout_s=30, cpu_s=30)
_KEYS_BYTES_MAX = 100_000
_CELL_MAX = 4_000
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_TABLES = ("receptions", "results")
"""What our own export adds to its records and nobody takes in: they are the exporting body's work."""
_EXCEL_DAY_ZERO = date(1899, 12, 30)
_EXCEL_DAYS = range(32_874, 73_051)  # 1990 to 2100
_DAYS = tuple(field.key for field in FIELDS if field.key.endswith(("_on", "_until")))
_HEADS = {field.key: field.key for field in FIELDS} | {field.name_ko: field.key for field in FIELDS}
_OUR_TYPE = "ReuseBatteryCertificate"


class KtrRecordFiles:
    """The port `RecordFiles` over a sandboxed reader."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits

    async def read(self, content: bytes, *, issuers: Sequence[TrustedIssuer]) -> GivenFile:
        """Take a file apart.

        Raises:
            FileRefused: the file is foreign, active, damaged or too long.
            FileTooLarge: more than 16 MiB.
            FileTookTooLong: not read in time.
            FileBroke: the reader crashed or met a limit.
        """
        known = json.dumps([{"did": one.did, "name": one.name, "document": one.document} for one in issuers])
        said = await run_in_child(
            "adapters.ktr.record_files:read_in_child",
            known.encode() + b"\n" + content,
            limits=self._limits,
            arguments={},
        )
        try:
            told = json.loads(said)
            return GivenFile(form=RecordForm(told["form"]), rows=tuple(_row_of(one) for one in told["rows"]))
        except (ValueError, KeyError, TypeError) as error:
            raise FileBroke from error

    def did_of(self, document: str) -> str:
        """Return the DID whose keys a document holds.

        Raises:
            IssuerKeysWrong: it is no DID document, or names no key that is understood.
        """
        if len(document) > _KEYS_BYTES_MAX:
            raise IssuerKeysWrong(reason=f"> {_KEYS_BYTES_MAX} bytes")
        try:
            told = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise IssuerKeysWrong(reason="JSON") from error
        did = told.get("id") if isinstance(told, dict) else None
        if not isinstance(did, str) or not did.startswith("did:") or len(did) > 200 or not did.isprintable():
            raise IssuerKeysWrong(reason="id")
        try:
            methods = published_keys(told)
        except SignatureBroken as error:
            raise IssuerKeysWrong(reason=str(error.facts.get("reason", "verificationMethod"))) from error
        if any(method.partition("#")[0] != did for method in methods):
            raise IssuerKeysWrong(reason="verificationMethod")
        return did


def _row_of(told: Mapping[str, object]) -> GivenRow:
    fields = told["fields"]
    if not isinstance(fields, Mapping):
        raise TypeError("fields")
    return GivenRow(
        place=str(told["place"]),
        fields={str(key): str(text) for key, text in fields.items()},
        proof=Proof(str(told["proof"])),
        code=str(told["code"]),
        reason_ko=str(told["ko"]),
        reason_en=str(told["en"]),
    )


# ── in the child ──────────────────────────────────────────────────────────────────────────────────

Told = dict[str, object]


def read_in_child(path: Path, arguments: Mapping[str, str]) -> bytes:
    """Read a file behind the line of issuers' keys and return its rows as JSON; raises as `rows_of` does."""
    known, _, content = path.read_bytes().partition(b"\n")
    form, rows = rows_of(content, json.loads(known))
    return json.dumps({"form": form, "rows": rows}).encode()


def rows_of(content: bytes, issuers: Sequence[Mapping[str, str]]) -> tuple[str, list[Told]]:
    """Return the form of a file, by its content, and its rows.

    Raises:
        RecordFileWrong: the file is foreign, active, damaged or too long.
    """
    if not content.strip():
        _refuse("빈 파일입니다", "it is empty")
    if content.startswith(ZIP):
        return RecordForm.XLSX, _table(_sheet(content), counted_days=True)
    text = _decoded(content)
    if text.lstrip()[:1] in ("{", "["):
        return _json(text, issuers)
    return RecordForm.CSV, _table(_csv(text), counted_days=False)


def _refuse(ko: str, en: str) -> NoReturn:
    raise RecordFileWrong(reason_ko=ko, reason_en=en)


def _decoded(content: bytes) -> str:
    """Decode UTF-8, and what Korean spreadsheets save as CSV otherwise (CP949)."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    _refuse("CSV, XLSX, JSON, 서명 기록 중 어느 것도 아닙니다", "it is neither CSV, XLSX, JSON nor a signed record")


def _csv(text: str) -> list[Row]:
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    rows: list[Row] = []
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if number > ROWS_MAX + 1:
                _refuse(f"행은 {ROWS_MAX}개까지입니다", f"it may have at most {ROWS_MAX} rows")
            for column, cell in enumerate(row, 1):
                if cell.startswith(_RISKY) and cell.strip() != "-":
                    _refuse(f"{number}행 {column}열에 수식이 있습니다", f"row {number}, column {column} is a formula")
            # An export guards a text that looks like a formula by an apostrophe; here it is taken off again.
            rows.append([cell[1:] if cell.startswith("'") and cell[1:].startswith(_RISKY) else cell for cell in row])
    except csv.Error:
        _refuse("CSV 형식이 깨졌습니다", "its CSV is broken")
    return rows


def _sheet(content: bytes) -> list[Row]:
    try:
        members = member_names(content)
        if any(name.lower().endswith(".bin") or "externallinks" in name.lower() for name in members):
            _refuse("매크로나 외부 연결이 있습니다", "it holds macros or links to other files")
        sheets = sheet_names(members)
        if len(sheets) != 1:
            _refuse("시트가 하나인 XLSX여야 합니다", "it must be a workbook of one sheet")
        rows = sheet_rows(content, sheets[0], shared_strings(content, members))
    except CyclerSheetActive as error:
        place = str(error.facts.get("place", "-"))
        _refuse(f"수식이 있습니다({place})", f"it holds a formula ({place})")
    except (CyclerArchiveUnsafe, CyclerFileDamaged):
        _refuse("XLSX가 손상되었거나 위험합니다", "the workbook is damaged or unsafe")
    except CyclerFileTooLong:
        _refuse("XLSX의 내용이 너무 큽니다", "the workbook holds too much")
    if len(rows) > ROWS_MAX + 1:
        _refuse(f"행은 {ROWS_MAX}개까지입니다", f"it may have at most {ROWS_MAX} rows")
    return rows


def _table(rows: Sequence[Row], *, counted_days: bool) -> list[Told]:
    if not rows:
        _refuse("머리글 행이 없습니다", "it has no head")
    keys = []
    for cell in rows[0]:
        name = cell.strip()
        if name not in _HEADS:
            _refuse(f"알 수 없는 열입니다: '{name[:60]}'", f"the column '{name[:60]}' is unknown")
        keys.append(_HEADS[name])
    if len(set(keys)) != len(keys):
        _refuse("같은 열이 두 번 있습니다", "a column stands twice")
    missing = [field.key for field in FIELDS if field.required and field.key not in keys]
    if missing:
        names = ", ".join(missing)
        _refuse(f"필요한 열이 없습니다: {names}", f"columns are missing: {names}")
    told: list[Told] = []
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        place = f"row {number}"
        if any(cell.strip() for cell in row[len(keys) :]):
            told.append(_problem(place, {}, "머리글보다 칸이 많습니다", "has more cells than the head"))
            continue
        said = {key: cell[:_CELL_MAX] for key, cell in zip(keys, row, strict=False)}
        if counted_days:
            said |= {key: _day(text) for key, text in said.items() if key in _DAYS}
        told.append(_row(place, said))
    return told


def _day(text: str) -> str:
    """Return a day that a spreadsheet keeps as a count since 1900 as YYYY-MM-DD; other texts as they are."""
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or int(text) not in _EXCEL_DAYS:
        return text
    return (_EXCEL_DAY_ZERO + timedelta(days=int(text))).isoformat()


def _row(place: str, fields: Mapping[str, str], proof: Proof = Proof.NONE) -> Told:
    return {"place": place, "fields": dict(fields), "proof": proof.value, "code": "", "ko": "", "en": ""}


def _problem(
    place: str, fields: Mapping[str, str], ko: str, en: str, code: str = "certification.record-row-wrong"
) -> Told:
    return {**_row(place, fields), "code": code, "ko": f"{ko}.", "en": f"{en}."}


def _json(text: str, issuers: Sequence[Mapping[str, str]]) -> tuple[str, list[Told]]:
    document = _parsed(text)
    if isinstance(document, dict) and document.get("format") == RECORD_FORMAT:
        return RecordForm.JSON, _json_records(document)
    signed = document if isinstance(document, list) else [document]
    if len(signed) > ROWS_MAX:
        _refuse(f"기록은 {ROWS_MAX}개까지입니다", f"it may hold at most {ROWS_MAX} records")
    if not signed or not all(isinstance(one, dict) and "credentialSubject" in one for one in signed):
        _refuse(
            f"format이 {RECORD_FORMAT}인 문서도, 서명된 인증 기록도 아닙니다",
            f"it is neither a document with format {RECORD_FORMAT} nor a signed credential",
        )
    keys = {one["did"]: (one["name"], PublishedKeys(json.loads(one["document"]))) for one in issuers}
    return RecordForm.CREDENTIALS, [_credential(f"record {number}", one, keys) for number, one in enumerate(signed, 1)]


def _parsed(text: str) -> object:
    """Parse one JSON document, or one a line, with decimals as they are written."""
    try:
        return _loads(text)
    except (ValueError, RecursionError):
        pass  # several documents, one a line, are looked for next
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        if len(lines) > 1:
            return [_loads(line) for line in lines]
    except (ValueError, RecursionError):
        pass  # told below
    _refuse("JSON 형식이 깨졌습니다", "its JSON is broken")


def _loads(text: str) -> object:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len({key for key, _ in pairs}) != len(pairs):
            raise ValueError("a member stands twice")
        return dict(pairs)

    def never(_: str) -> NoReturn:
        raise ValueError("no number")

    return json.loads(text, parse_float=Decimal, parse_constant=never, object_pairs_hook=once)


def _json_records(document: Mapping[str, object]) -> list[Told]:
    strange = sorted(set(document) - {"format", "records", *_TABLES})
    records = document.get("records")
    if strange or not isinstance(records, list):
        _refuse(f"정의되지 않은 항목입니다: {', '.join(strange) or 'records'}"[:200], "a member is unknown or missing")
    if len(records) > ROWS_MAX:
        _refuse(f"기록은 {ROWS_MAX}개까지입니다", f"it may hold at most {ROWS_MAX} records")
    told: list[Told] = []
    for number, record in enumerate(records, 1):
        place = f"records[{number - 1}]"
        if not isinstance(record, dict):
            told.append(_problem(place, {}, "객체여야 합니다", "must be an object"))
            continue
        wrong = next((key for key, value in record.items() if not _is_said(key, value)), None)
        fields = {str(key): str(value) for key, value in record.items() if _is_said(key, value) and value is not None}
        if wrong is None:
            told.append(_row(place, fields))
        else:
            told.append(
                _problem(
                    place, fields, f"{wrong[:60]}: 글자여야 합니다", f"{wrong[:60]} must be a text of a known field"
                )
            )
    return told


def _is_said(key: str, value: object) -> bool:
    if value is None or (isinstance(value, str) and len(value) <= _CELL_MAX):
        return True
    return key == "soh_percent" and isinstance(value, int | Decimal) and not isinstance(value, bool)


def _credential(place: str, signed: object, keys: Mapping[str, tuple[str, PublishedKeys]]) -> Told:
    """Bring a signed record into fields; its proof is checked by the keys of its issuer, and of nobody else."""
    if not isinstance(signed, dict):
        return _problem(place, {}, "서명 기록이 아닙니다", "is no signed record")
    issuer = signed.get("issuer")
    did = issuer.get("id") if isinstance(issuer, dict) else issuer
    kinds = signed.get("type")
    subject = signed.get("credentialSubject")
    if not isinstance(did, str) or not isinstance(subject, dict):
        return _problem(place, {}, "발급자나 대상이 없습니다", "has no issuer or no one subject")
    if not isinstance(kinds, list) or _OUR_TYPE not in kinds:
        return _problem(
            place, {"issuer": did[:200]}, f"{_OUR_TYPE} 형식의 기록만 받습니다", f"is no record of type {_OUR_TYPE}"
        )
    name, verifier = keys.get(did, (did, None))
    soh = subject.get("sohPpm")
    fields = {
        "issuer": name,
        "number": _text(subject.get("certificateNumber")),
        "kind": RecordKind.CERTIFICATE.value,
        "product_uri": _text(subject.get("id")),
        "standard": _text(subject.get("protocol")),
        "grade": _text(subject.get("grade")),
        "verdict": "",
        "soh_percent": format(Decimal(soh) / 10_000, "f") if isinstance(soh, int) and not isinstance(soh, bool) else "",
        "issued_on": _seoul_day(signed.get("validFrom")),
        "valid_until": _seoul_day(signed.get("validUntil")),
        "status": RecordStatus.UNKNOWN.value,  # its status list is its issuer's to answer, and is not asked here
    }
    if verifier is None:
        return _row(place, fields, Proof.UNVERIFIED)
    try:
        verifier.check(signed)
    except SignatureBroken as error:
        return {**_row(place, fields), "code": error.code, "ko": error.sentence("ko"), "en": error.sentence("en")}
    return _row(place, fields, Proof.VERIFIED)


def _text(value: object) -> str:
    return value[:_CELL_MAX] if isinstance(value, str) else ""


def _seoul_day(value: object) -> str:
    """Return the day in Seoul of an instant written in RFC 3339; other texts as they are, to be refused by name."""
    text = _text(value)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return seoul_day(at).isoformat() if at.tzinfo is not None else text
