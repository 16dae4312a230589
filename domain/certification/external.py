"""Certificates and reports that others issued: what a row must say, how it is spelled, what an import made of it.

One table of fields is the columns of CSV and XLSX, the members of JSON, and the JSON Schema (docs/records.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from uuid import UUID

from domain.certification.errors import RecordRowWrong
from domain.certification.model import Certificate, CertificateStatus
from domain.shared.canonical import Canonical, canonical_text, sha256
from domain.shared.identifiers import PackId, PersonId, ReceptionId, TenantId
from domain.shared.time import seoul_day

RECORD_FORMAT = "sunhwan-records/1"
"""What the `format` member of a JSON document says."""

ROWS_MAX = 5_000
_PPM_A_PERCENT = 10_000
_SOH_PERCENT_MAX = 200
"""State of health may exceed 100 %; beyond this it is a slip of the pen."""


class RecordKind(StrEnum):
    """Which kinds of records are exchanged."""

    CERTIFICATE = "certificate"
    REPORT = "report"


class RecordStatus(StrEnum):
    """How a record stood when its issuer, or whoever copied it, wrote the file."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


class RecordForm(StrEnum):
    """The forms of file that are read."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    CREDENTIALS = "credentials"


class Proof(StrEnum):
    """What stands behind a record: nothing but the file, a signature that was checked, or one that could not be."""

    NONE = "none"
    VERIFIED = "verified"
    UNVERIFIED = "unverified"


class Outcome(StrEnum):
    """What an import made of a row."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordField:
    """One field of a record: its key in files, its column's other name, and what it takes."""

    key: str
    name_ko: str
    required: bool
    length_max: int
    about_ko: str
    about_en: str
    words: tuple[str, ...] = ()
    pattern: str = ""


_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

FIELDS: tuple[RecordField, ...] = (
    RecordField(
        key="issuer",
        name_ko="발급기관",
        required=True,
        length_max=200,
        about_ko="발급한 기관의 이름 또는 DID",
        about_en="Who issued it: a name or a DID",
    ),
    RecordField(
        key="number",
        name_ko="번호",
        required=True,
        length_max=100,
        about_ko="발급기관이 매긴 번호; 발급기관과 함께 기록을 가리킴",
        about_en="The issuer's own number; with the issuer it names the record",
    ),
    RecordField(
        key="kind",
        name_ko="종류",
        required=True,
        length_max=20,
        about_ko="certificate(인증서) 또는 report(성적서)",
        about_en="A certificate or a test report",
        words=tuple(RecordKind),
    ),
    RecordField(
        key="product_uri",
        name_ko="제품URI",
        required=False,
        length_max=500,
        about_ko="여권의 제품 식별 URI; 식별자 셋 중 하나는 있어야 함",
        about_en="The passport's product identifier; one of the three identifiers is needed",
    ),
    RecordField(
        key="kr_battery_no",
        name_ko="배터리식별번호",
        required=False,
        length_max=24,
        about_ko="배터리 식별번호, 24자까지",
        about_en="The Korean battery identification number, at most 24 characters",
    ),
    RecordField(
        key="maker_serial",
        name_ko="제조일련번호",
        required=False,
        length_max=100,
        about_ko="제조사 일련번호",
        about_en="The maker's serial",
    ),
    RecordField(
        key="standard",
        name_ko="기준",
        required=True,
        length_max=200,
        about_ko="적용한 기준과 판",
        about_en="The standard or protocol with its edition",
    ),
    RecordField(
        key="grade",
        name_ko="등급",
        required=False,
        length_max=40,
        about_ko="등급; 등급과 판정 중 하나는 있어야 함",
        about_en="The grade; a grade or a verdict is needed",
    ),
    RecordField(
        key="verdict",
        name_ko="판정",
        required=False,
        length_max=200,
        about_ko="판정",
        about_en="The verdict",
    ),
    RecordField(
        key="soh_percent",
        name_ko="건강도(%)",
        required=False,
        length_max=20,
        about_ko="건강도, %; 소수 넷째 자리까지(그 아래는 반올림), 0 초과 200 이하",
        about_en="State of health in percent, kept to four decimals (half even), above 0 and at most 200",
        pattern=r"^[0-9]{1,3}(\.[0-9]{1,16})?$",
    ),
    RecordField(
        key="issued_on",
        name_ko="발급일",
        required=True,
        length_max=10,
        about_ko="발급일 YYYY-MM-DD",
        about_en="Day of issue, YYYY-MM-DD",
        pattern=_DAY,
    ),
    RecordField(
        key="valid_until",
        name_ko="유효기한",
        required=False,
        length_max=10,
        about_ko="유효기한(그날까지) YYYY-MM-DD",
        about_en="Last day of validity, YYYY-MM-DD",
        pattern=_DAY,
    ),
    RecordField(
        key="status",
        name_ko="상태",
        required=True,
        length_max=20,
        about_ko="valid, suspended, revoked, superseded, withdrawn, unknown 중 하나",
        about_en="How it stood when the file was written",
        words=tuple(RecordStatus),
    ),
)
KEYS = tuple(field.key for field in FIELDS)
IDENTIFIERS = ("product_uri", "kr_battery_no", "maker_serial")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordContent:
    """What a record says; `soh_ppm` may exceed 1,000,000."""

    issuer: str
    number: str
    kind: RecordKind
    product_uri: str | None
    kr_battery_no: str | None
    maker_serial: str | None
    standard: str
    grade: str | None
    verdict: str | None
    soh_ppm: int | None
    issued_on: date
    valid_until: date | None
    status: RecordStatus

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The names of the pack that the record is about."""
        return tuple(one for one in (self.product_uri, self.kr_battery_no, self.maker_serial) if one is not None)

    @property
    def sha256(self) -> str:
        """SHA-256 over the canonical spelling of everything the record says; 64 hex digits."""
        said: dict[str, Canonical] = dict(fields_of(self))
        return sha256(canonical_text(said)).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalRecord:
    """A copy of a record that another issued, as this body holds it. Never changed, and never our certificate.

    `source_sha256` is of the file it came in, kept under that hash; `pack_id` is the pack that its identifiers led to.
    """

    record_id: UUID
    tenant_id: TenantId
    import_id: UUID
    content: RecordContent
    proof: Proof
    source_sha256: str
    pack_id: PackId | None
    imported_by_name: str
    imported_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Somebody's word that a report cites a record of others, or, later, that it does not. Only added to."""

    pack_id: PackId
    reception_id: ReceptionId
    tenant_id: TenantId
    sequence: int
    record_id: UUID
    cited: bool
    said_by: PersonId
    said_by_name: str
    said_at: datetime


def cited_among(records: Iterable[ExternalRecord], said: Iterable[Citation]) -> tuple[ExternalRecord, ...]:
    """Return the records that are cited: of each, the last word counts."""
    last = {one.record_id: one.cited for one in said}
    return tuple(one for one in records if last.get(one.record_id, False))


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRow:
    """A row as the reader of files found it: where, what it says, and what it could not make of it."""

    place: str
    fields: Mapping[str, str]
    proof: Proof = Proof.NONE
    code: str = ""
    reason_ko: str = ""
    reason_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file of records, taken apart and not yet judged."""

    form: RecordForm
    rows: tuple[GivenRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRow:
    """What became of one row, and why; `record_id` and `pack_id` where a record is held."""

    position: int
    place: str
    outcome: Outcome
    issuer: str
    number: str
    proof: Proof
    code: str
    reason_ko: str
    reason_en: str
    record_id: UUID | None
    pack_id: PackId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordImport:
    """One import of one file: who, when, and every row's outcome. Never changed."""

    import_id: UUID
    tenant_id: TenantId
    file_name: str
    form: RecordForm
    source_sha256: str
    imported_by: PersonId
    imported_by_name: str
    imported_at: datetime
    rows: tuple[ImportedRow, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many rows came to an outcome."""
        return sum(1 for row in self.rows if row.outcome is outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """An issuer whose keys a body keeps: the name it goes by here, and its published DID document as text."""

    tenant_id: TenantId
    did: str
    name: str
    document: str
    registered_by: PersonId
    registered_by_name: str
    registered_at: datetime


def content_of(given: Mapping[str, str], *, today: date) -> RecordContent:
    """Bring a row's texts into a record.

    Args:
        given: texts by field; a field that is absent or empty says nothing.
        today: nothing is issued after it.

    Raises:
        RecordRowWrong: names the first field that is missing, unknown or not what it takes.
    """
    said = {key: text.strip() for key, text in given.items() if text.strip()}
    for key in said:
        if key not in KEYS:
            raise _wrong(field=key[:60], needed_ko="정의되지 않은 필드입니다", needed_en="is no field of a record")
    for field in FIELDS:
        _require_shape(field, said.get(field.key))
    if not any(key in said for key in IDENTIFIERS):
        raise _wrong(
            field=", ".join(IDENTIFIERS),
            needed_ko="식별자가 하나는 있어야 합니다",
            needed_en="one of these identifiers is needed",
        )
    if "grade" not in said and "verdict" not in said:
        raise _wrong(
            field="grade, verdict",
            needed_ko="등급과 판정 중 하나는 있어야 합니다",
            needed_en="a grade or a verdict is needed",
        )
    issued_on = _day("issued_on", said["issued_on"])
    if issued_on > today:
        raise _wrong(field="issued_on", needed_ko="오늘보다 뒤일 수 없습니다", needed_en="may not lie in the future")
    valid_until = _day("valid_until", said["valid_until"]) if "valid_until" in said else None
    if valid_until is not None and valid_until < issued_on:
        raise _wrong(
            field="valid_until",
            needed_ko="발급일보다 앞설 수 없습니다",
            needed_en="may not come before the day of issue",
        )
    return RecordContent(
        issuer=said["issuer"],
        number=said["number"],
        kind=RecordKind(said["kind"]),
        product_uri=said.get("product_uri"),
        kr_battery_no=said.get("kr_battery_no"),
        maker_serial=said.get("maker_serial"),
        standard=said["standard"],
        grade=said.get("grade"),
        verdict=said.get("verdict"),
        soh_ppm=_soh_ppm(said["soh_percent"]) if "soh_percent" in said else None,
        issued_on=issued_on,
        valid_until=valid_until,
        status=RecordStatus(said["status"]),
    )


def named(keys: str) -> str:
    """Return what fields are called in Korean, each with its key, for a column bears either; other keys stay alone."""
    names = {one.key: f"{one.name_ko}({one.key})" for one in FIELDS}
    return ", ".join(names.get(key, key) for key in keys.split(", "))


def _wrong(*, field: str, needed_ko: str, needed_en: str) -> RecordRowWrong:
    return RecordRowWrong(field=field, field_ko=named(field), needed_ko=needed_ko, needed_en=needed_en)


def _require_shape(field: RecordField, text: str | None) -> None:
    if text is None:
        if field.required:
            raise _wrong(field=field.key, needed_ko="값이 없습니다", needed_en="is missing")
        return
    if len(text) > field.length_max:
        raise _wrong(
            field=field.key,
            needed_ko=f"{field.length_max}자까지입니다",
            needed_en=f"may have at most {field.length_max} characters",
        )
    if not text.isprintable():
        raise _wrong(
            field=field.key, needed_ko="인쇄할 수 없는 문자가 있습니다", needed_en="holds what cannot be printed"
        )
    if field.words and text not in field.words:
        words = ", ".join(field.words)
        raise _wrong(
            field=field.key, needed_ko=f"다음 중 하나여야 합니다: {words}", needed_en=f"must be one of {words}"
        )


def _day(key: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
        if day.isoformat() == text and day.year >= 1990:
            return day
    except ValueError:
        pass  # told below, as for every other text that is no day
    raise _wrong(field=key, needed_ko="YYYY-MM-DD 형식의 날짜여야 합니다", needed_en="must be a day written YYYY-MM-DD")


def _soh_ppm(text: str) -> int:
    try:
        percent = Decimal(text)
        if percent.is_finite() and 0 < percent <= _SOH_PERCENT_MAX:
            return int((percent * _PPM_A_PERCENT).to_integral_value())
    except InvalidOperation:
        pass  # told below, as for every other text that is no share
    raise _wrong(
        field="soh_percent",
        needed_ko=f"0 초과 {_SOH_PERCENT_MAX} 이하의 수여야 합니다",
        needed_en=f"must be a number above 0 and at most {_SOH_PERCENT_MAX}",
    )


def fields_of(content: RecordContent) -> dict[str, str]:
    """Return a record as texts by field, every field named and empty where it says nothing; the inverse of reading."""
    soh = None if content.soh_ppm is None else format(Decimal(content.soh_ppm) / _PPM_A_PERCENT, "f")
    said: dict[str, str | None] = {
        "issuer": content.issuer,
        "number": content.number,
        "kind": content.kind.value,
        "product_uri": content.product_uri,
        "kr_battery_no": content.kr_battery_no,
        "maker_serial": content.maker_serial,
        "standard": content.standard,
        "grade": content.grade,
        "verdict": content.verdict,
        "soh_percent": soh,
        "issued_on": content.issued_on.isoformat(),
        "valid_until": None if content.valid_until is None else content.valid_until.isoformat(),
        "status": content.status.value,
    }
    return {key: said[key] or "" for key in KEYS}


def differing(held: RecordContent, given: RecordContent) -> tuple[str, ...]:
    """Return the fields in which two records differ."""
    before, after = fields_of(held), fields_of(given)
    return tuple(key for key in KEYS if before[key] != after[key])


_STANDING: Mapping[CertificateStatus, RecordStatus] = {
    CertificateStatus.VALID: RecordStatus.VALID,
    CertificateStatus.SUSPENDED: RecordStatus.SUSPENDED,
    CertificateStatus.REVOKED: RecordStatus.REVOKED,
    CertificateStatus.SUPERSEDED: RecordStatus.SUPERSEDED,
}


def own_records(
    certificate: Certificate,
    *,
    issuer: str,
    standard: str,
    identifiers: Mapping[str, str],
    report_amended: bool,
) -> tuple[RecordContent, RecordContent]:
    """Return a certificate of ours and its report as records that others may take in.

    Args:
        certificate: as issued, with its present status.
        issuer: the name it goes by elsewhere.
        standard: the protocol with its version.
        identifiers: the pack's names by field.
        report_amended: whether another report took the place of the certificate's.
    """

    def one(number: str, kind: RecordKind, status: RecordStatus, until: date | None) -> RecordContent:
        return RecordContent(
            issuer=issuer,
            number=number,
            kind=kind,
            product_uri=identifiers.get("product_uri"),
            kr_battery_no=identifiers.get("kr_battery_no"),
            maker_serial=identifiers.get("maker_serial"),
            standard=standard,
            grade=certificate.grade,
            verdict="reuse",
            soh_ppm=certificate.soh_ppm,
            issued_on=seoul_day(certificate.issued_at),
            valid_until=until,
            status=status,
        )

    return (
        one(certificate.number, RecordKind.CERTIFICATE, _STANDING[certificate.status], certificate.valid_until),
        one(
            certificate.report_number,
            RecordKind.REPORT,
            RecordStatus.SUPERSEDED if report_amended else RecordStatus.VALID,
            None,
        ),
    )


def json_schema(*, address: str) -> dict[str, Canonical]:
    """Return the JSON Schema (2020-12) of a document of records, made from the same table that reads them."""
    properties: dict[str, Canonical] = {}
    for field in FIELDS:
        shape: dict[str, Canonical] = {
            "type": ["string", "null"] if not field.required else "string",
            "title": field.name_ko,
            "description": f"{field.about_ko} · {field.about_en}",
        }
        if field.words:
            shape["enum"] = list(field.words)
        else:
            shape["maxLength"] = field.length_max
        if field.pattern:
            shape["pattern"] = field.pattern
        if field.key == "soh_percent":
            shape |= {"type": ["string", "number", "null"]}
        properties[field.key] = shape
    record: dict[str, Canonical] = {
        "type": "object",
        "properties": properties,
        "required": [field.key for field in FIELDS if field.required],
        "additionalProperties": False,
        "allOf": [
            {"anyOf": [{"required": [key], "properties": {key: _filled()}} for key in IDENTIFIERS]},
            {"anyOf": [{"required": [key], "properties": {key: _filled()}} for key in ("grade", "verdict")]},
        ],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address,
        "title": "순환 기록 교환 · Sunhwan exchange of records",
        "type": "object",
        "properties": {
            "format": {"const": RECORD_FORMAT},
            "records": {"type": "array", "maxItems": ROWS_MAX, "items": record},
            "receptions": {"type": "array", "items": {"type": "object"}, "description": "내보내기 전용 · export only"},
            "results": {"type": "array", "items": {"type": "object"}, "description": "내보내기 전용 · export only"},
        },
        "required": ["format", "records"],
        "additionalProperties": False,
    }


def _filled() -> dict[str, Canonical]:
    return {"type": "string", "minLength": 1}
